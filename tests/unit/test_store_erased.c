// SPDX-License-Identifier: Apache-2.0
// What is erased from the journal and what stays, holds, and the orders that say so.
#include "amana/v1/audit.pb-c.h"
#include "server/store/internal.h"
#include "tests/unit/store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <lmdb.h>

static unsigned steps; // of all cursors

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
    static int (*get)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    if (get == NULL)
        *(void **)&get = dlsym(RTLD_NEXT, "mdb_cursor_get");
    steps++;
    return get(cursor, key, value, op);
}

// The alarm's first entry, as an ERASED entry that names the body of `named` and is about `of`.
static void as_erased(struct kit_alarm *alarm, uint64_t of, uint64_t named)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ErasedEntry erased = AMANA__V1__ERASED_ENTRY__INIT;
    Amana__V1__ErasedBody body = AMANA__V1__ERASED_BODY__INIT, *bodies[] = {&body};
    body.seq = named;
    erased.bodies = bodies;
    erased.n_bodies = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
    content.erased = &erased;
    free(alarm->contents[0]);
    alarm->contents[0] = malloc(amana__v1__entry_content__get_packed_size(&content));
    assert_non_null(alarm->contents[0]);
    size_t len = amana__v1__entry_content__pack(&content, alarm->contents[0]);
    alarm->append.entries[0].content = (struct am_bytes){alarm->contents[0], len};
    alarm->append.entries[0].kind = AMANA__V1__ENTRY_KIND__CODE__ERASED;
    alarm->append.entries[0].of = of;
}

static struct journal_outcome erase(struct kit *kit, struct kit_alarm *alarm, uint64_t *message, uint64_t time)
{
    kit_alarm(alarm, 1, 1, 10);
    alarm->append.time_ns = time;
    alarm->append.erased = message;
    alarm->append.n_erased = 1;
    as_erased(alarm, *message, *message);
    return kit_append(kit, &alarm->append);
}

static void a_body_that_is_erased_goes_with_its_flags_and_the_envelope_stays(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm;
    struct store_view *view;
    struct store_message kept;
    struct store_pointer pointer;
    uint64_t message = 0, by;
    kit_message(&m, 1, 2, 3000);
    kit_append(kit, &m.append);
    kit_view(kit, &view);
    assert_int_equal(store_erased_by(view, 0, &by), AM_NOT_FOUND);
    store_view_end(view);
    assert_int_equal(erase(kit, &alarm, &message, 10 * NS_PER_S).result, JOURNAL_DONE);
    kit_close(kit);
    kit_open(kit);
    kit_view(kit, &view);
    assert_int_equal(store_message(view, 0, &kept), AM_OK);
    assert_true(kept.erased);
    assert_int_equal(kept.body.len + kept.flags.len, 0);
    ASSERT_BYTES(kept.header, m.header, sizeof m.header);
    ASSERT_BYTES(kept.signature, m.signature, sizeof m.signature);
    assert_int_equal(store_pointer_of(view, 0, &pointer), AM_OK);
    assert_string_equal(pointer.recipients[1].unit, "et/ics/moyale");
    assert_int_equal(store_erased_by(view, 0, &by), AM_OK);
    assert_int_equal(by, 1);
    store_view_end(view);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
}

// An order whose own body goes later has two: the first says what it had destroyed.
static void the_entry_that_a_body_is_gone_by_is_the_one_that_names_it(void **state)
{
    struct kit *kit = *state;
    struct kit_message order;
    struct kit_alarm destroyed, gone;
    struct store_view *view;
    uint64_t message = 0, by;
    kit_message(&order, 1, 2, 3000);
    kit_append(kit, &order.append);
    kit_alarm(&destroyed, 1, 1, 10);
    destroyed.append.time_ns = 9 * NS_PER_S;
    as_erased(&destroyed, message, 7);
    assert_int_equal(kit_append(kit, &destroyed.append).result, JOURNAL_DONE);
    kit_view(kit, &view);
    assert_int_equal(store_erased_by(view, message, &by), AM_NOT_FOUND);
    store_view_end(view);
    assert_int_equal(erase(kit, &gone, &message, 10 * NS_PER_S).result, JOURNAL_DONE);
    kit_view(kit, &view);
    assert_int_equal(store_erased_by(view, message, &by), AM_OK);
    assert_int_equal(by, 2);
    store_view_end(view);
    kit_message_clear(&order);
    kit_alarm_clear(&destroyed);
    kit_alarm_clear(&gone);
}

static void what_a_hold_in_force_keeps_is_erased_by_nobody_until_it_ends(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm, hold;
    struct store_view *view;
    struct store_orders orders;
    uint64_t message = 0;
    kit_message(&m, 1, 2, 1000);
    kit_append(kit, &m.append);
    struct journal_order order = {.message = 0, .by = JOURNAL_SELF, .until = 100 * NS_PER_S};
    kit_alarm(&hold, 2, 1, 10);
    hold.append.orders = &order;
    hold.append.n_orders = 1;
    assert_int_equal(kit_append(kit, &hold.append).result, JOURNAL_DONE);
    kit_view(kit, &view);
    assert_int_equal(store_orders(view, 0, &orders), AM_OK);
    assert_int_equal(orders.held_until, 100 * NS_PER_S);
    assert_int_equal(orders.erasure, JOURNAL_NONE);
    store_view_end(view);
    assert_int_equal(erase(kit, &alarm, &message, 100 * NS_PER_S - 1).result, JOURNAL_CONFLICT);
    kit_alarm_clear(&alarm);
    assert_int_equal(erase(kit, &alarm, &message, 100 * NS_PER_S).result, JOURNAL_DONE);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
    kit_alarm_clear(&hold);
}

static void orders_are_looked_for_among_the_rows_of_the_message_alone(void **state)
{
    struct kit *kit = *state;
    struct store_view *view;
    struct store_orders orders;
    for (unsigned i = 0; i < 40; i++) {
        struct kit_message m;
        kit_message(&m, i, 2, 100);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
    kit_view(kit, &view);
    steps = 0;
    assert_int_equal(store_orders(view, 0, &orders), AM_OK);
    assert_in_range(steps, 1, 8);
    assert_int_equal(orders.erasure, JOURNAL_NONE);
    store_view_end(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_body_that_is_erased_goes_with_its_flags_and_the_envelope_stays, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(the_entry_that_a_body_is_gone_by_is_the_one_that_names_it, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(what_a_hold_in_force_keeps_is_erased_by_nobody_until_it_ends, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(orders_are_looked_for_among_the_rows_of_the_message_alone, kit_setup,
                                        kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
