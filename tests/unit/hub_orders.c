// SPDX-License-Identifier: Apache-2.0
// Orders to erase and to keep, and what the log says of them.
#include "tests/unit/hub_orders.h"

#include "proto/codec/timestamp.h"
#include "tests/unit/hub_expect.h"

struct letter *order(struct world *world, const char *unit, unsigned kind, const struct letter *message)
{
    struct letter *letter = letter_new(world, unit, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, message, message);
    for (size_t i = 0; i < message->header.n_recipients; i++)
        if (strcmp(message->recipients[i]->unit, unit) != 0)
            letter_to(world, letter, message->recipients[i]->unit, ACTION);
    if (strcmp(message->sender.unit, unit) != 0)
        letter_to(world, letter, message->sender.unit, ACTION);
    return letter;
}

struct letter *hold(struct world *world, const char *unit, const struct letter *message, uint64_t until)
{
    struct letter *letter = order(world, unit, KIND(HOLD), message);
    timestamp_from_ns(until, &letter->valid_until);
    letter->header.valid_until = &letter->valid_until;
    return letter;
}

bool erased(struct world *world, const struct letter *letter)
{
    return model_message_at(&world->model, letter->seq)->erased;
}

void is_about(const struct model_entry *entry, const struct letter *message)
{
    const Amana__V1__ErasedBody *body = entry->content->erased->bodies[0];
    bool about = entry->of == message->seq;
    for (size_t i = 0; i < entry->n_also; i++)
        about |= entry->also[i] == message->seq;
    assert_true(about);
    assert_int_equal(entry->n_cases, 1);
    assert_string_equal(entry->cases[0], message->header.case_ref);
    assert_int_equal(body->body_digest.len, message->header.body_digest.len);
    assert_memory_equal(body->body_digest.data, message->header.body_digest.data, body->body_digest.len);
}

void offices(struct world *world)
{
    world_grant(world, OFFICE, "dpo", NULL, 0);
    world_roster(world, OFFICE, 1, 1, 7);
    world_grant(world, FOREIGN_OFFICE, "dpo", NULL, 0);
    world_roster(world, FOREIGN_OFFICE, 1, 1, 8);
}
