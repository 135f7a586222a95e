// SPDX-License-Identifier: Apache-2.0
// What the tests of the hub's deadlines do and look for.
#include "tests/unit/hub_clocks.h"

struct letter *request_to(struct world *world, const char *to)
{
    struct letter *letter = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, letter, to, ACTION);
    accepted(world, letter);
    return letter;
}

void retrieves(struct world *world, const char *unit, const char *device, uint64_t seq)
{
    struct hub_retrieval retrieval = {.work = {.kind = HUB_WORK_RETRIEVAL, .identity = device, .unit = unit},
                                      .statement = {(const uint8_t *)"statement", 9},
                                      .signature = {(const uint8_t *)"signed", 6}};
    model_read_retrieval(&world->model, &retrieval, &seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    world_pump(world);
    assert_int_equal(retrieval.work.reason, REASON_NONE);
}

const struct model_entry *entry_of(const struct world *world, uint8_t kind, size_t n)
{
    for (size_t i = world->model.n; i > 0; i--)
        if (world->model.entries[i - 1].kind == kind && n-- == 0)
            return &world->model.entries[i - 1];
    return NULL;
}

size_t entries_of(const struct world *world, uint8_t kind)
{
    size_t n = 0;
    while (entry_of(world, kind, n) != NULL)
        n++;
    return n;
}

bool told(struct world *world, const char *device, const struct model_entry *entry)
{
    const struct model_mailbox *box = model_mailbox(&world->model, device);
    for (size_t i = 0; i < box->n; i++)
        if (box->rows[i].seq == (uint64_t)(entry - world->model.entries) && box->rows[i].kind == JOURNAL_MAIL_NOTICE)
            return true;
    return false;
}

void clock_is(const Amana__V1__DeadlineEntry *entry, size_t n, Amana__V1__DeadlineOf__Code what,
              Amana__V1__ClockFrom__Code from, uint64_t due, bool late)
{
    assert_true(n < entry->n_clocks);
    assert_int_equal(entry->clocks[n]->what, what);
    assert_int_equal(entry->clocks[n]->from, from);
    assert_int_equal(entry->clocks[n]->due, due);
    assert_int_equal(entry->clocks[n]->late, late);
}
