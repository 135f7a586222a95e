// SPDX-License-Identifier: Apache-2.0
// The table of deadlines: set, replaced and cleared in the batch of an append, read in order of time; and what a
// million of them cost at a start.
#include "server/hub/hub.h"
#include "server/store/internal.h"
#include "store_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR (3600 * NS_PER_S)
#define NOW  (1800000000ull * NS_PER_S)

static enum journal_result write_rows(struct kit *kit, unsigned number, size_t n_entries, struct journal_deadline *rows,
                                      size_t n)
{
    struct kit_alarm alarm;
    kit_alarm(&alarm, number, n_entries, 10);
    alarm.append.n_entries = n_entries;
    alarm.append.deadlines = rows;
    alarm.append.n_deadlines = n;
    enum journal_result result = kit_append(kit, &alarm.append).result;
    kit_alarm_clear(&alarm);
    kit_forget(kit);
    return result;
}

static size_t all_rows(struct kit *kit, struct journal_deadline *rows, size_t room)
{
    struct store_view *view;
    struct journal_deadline at = {0};
    size_t n = 0;
    enum am_err err = AM_OK;
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    while (n < room && (err = store_deadline_next(view, &at)) == AM_OK)
        rows[n++] = at;
    assert_true(n == room || err == AM_NOT_FOUND);
    store_view_end(view);
    return n;
}

static void deadlines_are_read_in_order_of_time(void **state)
{
    struct kit *kit = *state;
    struct journal_deadline rows[] = {{.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 3},
                                      {.kind = 2, .subject = JOURNAL_SELF, .at = NOW + 1},
                                      {.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 1}},
                            read[8];
    assert_int_equal(write_rows(kit, 1, 2, rows, 3), JOURNAL_DONE);
    assert_int_equal(write_rows(kit, 2, 1, rows, 1), JOURNAL_DONE);
    assert_int_equal(all_rows(kit, read, 8), 4);
    assert_int_equal(read[0].at, NOW + 1);
    assert_int_equal(read[0].kind, 1);
    assert_int_equal(read[0].subject, 0);
    assert_int_equal(read[1].kind, 2);
    assert_int_equal(read[2].at, NOW + 3);
    assert_int_equal(read[2].subject, 0);
    assert_int_equal(read[3].subject, 2); // the first entry of the second append
    assert_int_equal(read[3].was, 0);
}

static void a_deadline_is_replaced_and_cleared_with_an_append(void **state)
{
    struct kit *kit = *state;
    struct journal_deadline row = {.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 3}, read[8];
    assert_int_equal(write_rows(kit, 1, 1, &row, 1), JOURNAL_DONE);
    row = (struct journal_deadline){.kind = 1, .subject = 0, .at = NOW + 7, .was = NOW + 3};
    assert_int_equal(write_rows(kit, 2, 0, &row, 1), JOURNAL_DONE); // nothing was to be told
    assert_int_equal(all_rows(kit, read, 8), 1);
    assert_int_equal(read[0].at, NOW + 7);
    row = (struct journal_deadline){.kind = 1, .subject = 0, .was = NOW + 7};
    assert_int_equal(write_rows(kit, 3, 1, &row, 1), JOURNAL_DONE);
    assert_int_equal(all_rows(kit, read, 8), 0);
}

static void a_deadline_that_has_gone_refuses_who_counts_on_it(void **state)
{
    struct kit *kit = *state;
    struct journal_deadline row = {.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 3}, read[8];
    assert_int_equal(write_rows(kit, 1, 1, &row, 1), JOURNAL_DONE);
    row = (struct journal_deadline){.kind = 1, .subject = 0, .at = NOW + 9, .was = NOW + 4};
    assert_int_equal(write_rows(kit, 2, 1, &row, 1), JOURNAL_CONFLICT);
    assert_int_equal(store_size(kit->store), 1);
    assert_int_equal(all_rows(kit, read, 8), 1);
    assert_int_equal(read[0].at, NOW + 3);
}

// Whoever looks at that row finds out.
static void a_damaged_row_keeps_none_behind_it_from_being_read(void **state)
{
    struct kit *kit = *state;
    struct journal_deadline rows[] = {{.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 1},
                                      {.kind = 1, .subject = JOURNAL_SELF, .at = NOW + 2}},
                            read[8];
    struct tables tables = {0};
    struct table_txn txn;
    struct am_detail detail;
    struct store_view *view;
    uint8_t key[KEY_DEADLINE];
    bool has;
    assert_int_equal(write_rows(kit, 1, 1, rows, 2), JOURNAL_DONE);
    kit_close(kit);
    assert_int_equal(env_open(kit->folder, 64ull << 20, 0, &detail, &tables.env), AM_OK);
    assert_int_equal(tables_open(&tables, false, false), AM_OK);
    assert_int_equal(table_begin(&tables, true, &txn), AM_OK);
    key_deadline(NOW + 1, 1, 0, key);
    assert_int_equal(table_put(txn, TABLE_DEADLINE, 0, key, sizeof key, "damaged", 7), AM_OK);
    assert_int_equal(mdb_txn_commit(txn.txn), 0);
    mdb_env_close(tables.env);
    kit_open(kit);
    assert_int_equal(all_rows(kit, read, 8), 2);
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    assert_int_equal(store_deadline_has(view, &read[0], &has), AM_CORRUPT);
    assert_int_equal(store_deadline_has(view, &read[1], &has), AM_OK);
    assert_true(has);
    store_view_end(view);
}

static void a_deadline_of_nothing_can_t_be(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct journal_deadline rows[] = {{.kind = 0, .subject = 0, .at = 1},
                                      {.kind = 1, .subject = 0},
                                      {.kind = 1, .subject = JOURNAL_SELF, .at = 2, .was = 1}};
    kit_alarm(&alarm, 1, 1, 10);
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        alarm.append.deadlines = &rows[i];
        alarm.append.n_deadlines = 1;
        assert_int_equal(store_submit(kit->store, &alarm.append), AM_INVALID);
    }
    kit_alarm_clear(&alarm);
}

static void a_row_that_was_only_seen_refuses_when_it_has_changed(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm;
    struct journal_life life = {.root = 0, .recipient = "ke/cpc/nairobi", .version = 1};
    struct journal_delivery delivery = {.seq = 0, .recipient = "ke/cpc/nairobi", .version = 1};
    kit_message(&m, 1, 2, 10);
    assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
    kit_alarm(&alarm, 1, 1, 10);
    alarm.append.seen_lives = &life;
    alarm.append.n_seen_lives = 1;
    alarm.append.seen_deliveries = &delivery;
    alarm.append.n_seen_deliveries = 1;
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_DONE);
    life.version = 2;
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_CONFLICT);
    life.version = 1;
    delivery.version = 2;
    assert_int_equal(kit_append(kit, &alarm.append).result, JOURNAL_CONFLICT);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
}

// --- A million
static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static long anonymous_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "RssAnon: %ld", &kib) != 1)
        continue;
    if (file != NULL)
        fclose(file);
    return kib;
}

static void step(struct hub *hub, struct hub_event event, struct hub_actions *actions)
{
    event.now_ns = NOW;
    event.monotonic_ns = NS_PER_S;
    assert_int_equal(hub_step(hub, &event, actions), AM_OK);
}

// One in 1000 is of the next hour.
static void a_million_deadlines_cost_a_start_nothing(void **state)
{
    struct kit *kit = *state;
    static struct journal_deadline rows[20000], read[HUB_DEADLINES_READ];
    struct store_view *view;
    const struct hub_config config = {.origin = KIT_ORIGIN, .hub = "amana://ke/hub", .version = "test"};
    struct hub *hub;
    struct hub_actions actions = {0};
    struct journal_deadline at = {0};
    size_t n = 0;
    for (unsigned batch = 0; batch < 50; batch++) {
        for (uint64_t i = 0; i < AM_LEN(rows); i++)
            rows[i] = (struct journal_deadline){.kind = DEADLINE_CLOCKS,
                                                .subject = 0,
                                                .at = NOW + 1 + i % 1000 * HOUR +
                                                      (batch * 20 + i / 1000 + 1) * (HOUR / 1001)};
        assert_int_equal(write_rows(kit, batch, 1, rows, AM_LEN(rows)), JOURNAL_DONE);
    }
    kit_close(kit);
    long before = anonymous_kib();
    double begun = now_ms();
    kit_open(kit);
    double opened = now_ms();
    assert_int_equal(hub_new(&config, &hub), AM_OK);
    step(hub, (struct hub_event){.kind = HUB_EVENT_TICK}, &actions);
    assert_int_equal(actions.n, 1);
    assert_int_equal(actions.list[0].kind, HUB_ACTION_DEADLINES);
    uint64_t until = actions.list[0].until;
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    while (n < AM_LEN(read) && store_deadline_next(view, &at) == AM_OK && at.at < until)
        read[n++] = at;
    store_view_end(view);
    assert_int_equal(n, 1000); // and of the other 999 000 nothing
    actions.n = 0;
    step(hub, (struct hub_event){.kind = HUB_EVENT_DEADLINES, .deadlines = {read, n, AM_OK}}, &actions);
    assert_int_equal(actions.n, 0);
    print_message("1,000,000 deadlines: open %.1f ms, the next hour's 1,000 read %.1f ms, %ld KiB of memory more\n",
                  opened - begun, now_ms() - opened, anonymous_kib() - before);
    hub_actions_clear(&actions);
    hub_free(hub);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(deadlines_are_read_in_order_of_time),
        TEST(a_deadline_is_replaced_and_cleared_with_an_append),
        TEST(a_deadline_that_has_gone_refuses_who_counts_on_it),
        TEST(a_deadline_of_nothing_can_t_be),
        TEST(a_damaged_row_keeps_none_behind_it_from_being_read),
        TEST(a_row_that_was_only_seen_refuses_when_it_has_changed),
        TEST(a_million_deadlines_cost_a_start_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
