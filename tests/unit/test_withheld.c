// SPDX-License-Identifier: Apache-2.0
// What is left of a case that is kept from a state, looked at over a real store: a part at a time, however long it is.
#include "amana/v1/message.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "proto/model/limits.h"
#include "server/net/withheld.h"
#include "tests/unit/store_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE   "ke/dci/2026/004211"
#define OTHER  "ke/dci/2026/004212"
#define POST   "et/ics/moyale"
#define DESK   "amana://et/ics/moyale/device/d1"
#define BUSIA  "ug/upf/busia"
#define ABROAD "amana://ug/upf/busia/device/d1"

struct fixture {
    struct kit kit;
    struct arena arena;
    struct kit_message *messages;
    unsigned n;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    kit_make(&fixture->kit, 256ull << 20, 1 << 20);
    arena_init(&fixture->arena, 1024u * 1024);
    fixture->messages = calloc(3 * LIMIT_CASE_READS, sizeof *fixture->messages);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < fixture->n; i++)
        kit_message_clear(&fixture->messages[i]);
    free(fixture->messages);
    arena_clear(&fixture->arena);
    kit_clear(&fixture->kit);
    free(fixture);
    return 0;
}

// --- A case
static void header_fill(struct kit_message *message, const char *case_ref)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    uint8_t *bytes;
    size_t len;
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    sender.unit = (char *)"ke/dci/duty";
    header.sender = &sender;
    header.id = message->id;
    header.case_ref = (char *)case_ref;
    assert_int_equal(codec_encode_alloc(&header.base, &bytes, &len), AM_OK);
    assert_true(len <= sizeof message->header);
    memcpy(message->header, bytes, len);
    message->message.header.len = len;
    free(bytes);
}

// To a post of the state that the case is kept from, and to one of another.
static struct kit_message *message_of(struct fixture *fixture, const char *case_ref, size_t body_size)
{
    struct kit_message *message = &fixture->messages[fixture->n++];
    kit_message(message, fixture->n, 2, body_size);
    header_fill(message, case_ref);
    message->message.case_ref = message->entry.case_ref = case_ref;
    message->recipients[0].unit = message->parties[1] = POST;
    message->recipients[1].unit = message->parties[2] = BUSIA;
    message->lives[0].recipient = message->deliveries[0].recipient = POST;
    message->lives[1].recipient = message->deliveries[1].recipient = BUSIA;
    message->mail[0].device = DESK;
    message->mail[1].device = ABROAD;
    return message;
}

// Nothing is left of these.
static void erased(struct fixture *fixture, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kit_submit(&fixture->kit, &message_of(fixture, CASE, 0)->append);
}

// A message of the case that keeps it from the state.
static void shield(struct fixture *fixture, const char *case_ref)
{
    struct kit_message *said = message_of(fixture, case_ref, 0);
    struct journal_shield_state states[] = {{.country = "et", .seq = JOURNAL_SELF}};
    struct journal_shield shield = {.case_ref = case_ref, .n = 1, .states = states};
    states[0].protection = AMANA__V1__PROTECTION__CODE__YES;
    said->append.shield = &shield;
    assert_int_equal(kit_append(&fixture->kit, &said->append).result, JOURNAL_DONE);
}

static void begin(struct fixture *fixture)
{
    shield(fixture, CASE);
}

static void all_written(struct fixture *fixture)
{
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(fixture->kit.n_done, fixture->n);
    for (size_t i = 0; i < fixture->n; i++)
        assert_int_equal(fixture->kit.done[i].outcome.result, JOURNAL_DONE);
}

static struct hub_due_case look(struct fixture *fixture, uint8_t kind, uint64_t place)
{
    const struct journal_deadline row = {.kind = kind, .place = place};
    struct hub_due_case of_case;
    struct store_view *view;
    arena_reset(&fixture->arena);
    assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
    assert_int_equal(withheld_case(view, &fixture->arena, CASE, &row, &of_case), AM_OK);
    store_view_end(view);
    assert_true(of_case.kept);
    return of_case;
}

// --- Is anything left of it?
static void a_look_reads_no_more_of_a_case_than_the_limit_and_the_next_goes_on_from_there(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    erased(fixture, 2 * LIMIT_CASE_READS);
    all_written(fixture);
    struct hub_due_case at = look(fixture, DEADLINE_CASE, 0);
    assert_int_equal(at.first, 0);
    assert_true(at.more && !at.left);
    assert_int_equal(at.place, LIMIT_CASE_READS);
    at = look(fixture, DEADLINE_CASE, at.place);
    assert_true(at.more);
    assert_int_equal(at.place, 2 * LIMIT_CASE_READS);
    at = look(fixture, DEADLINE_CASE, at.place);
    assert_true(!at.more && !at.left);
    assert_int_equal(at.place, fixture->n);
}

static void what_is_left_past_the_first_look_is_found_by_the_next(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    erased(fixture, LIMIT_CASE_READS + 7);
    kit_submit(&fixture->kit, &message_of(fixture, CASE, 100)->append);
    all_written(fixture);
    struct hub_due_case at = look(fixture, DEADLINE_CASE, 0);
    assert_true(at.more && !at.left);
    at = look(fixture, DEADLINE_CASE, at.place);
    assert_true(at.left && !at.waits);
    assert_int_equal(at.place, fixture->n - 1); // the next look begins with it
}

// --- What was withheld for its sake
static void rows_that_are_withheld_go_in_parts_and_none_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    size_t n = LIMIT_CASE_READS + 9, hidden = 0, looks = 0;
    begin(fixture);
    erased(fixture, n - 1);
    kit_submit(&fixture->kit, &message_of(fixture, OTHER, 100)->append);
    all_written(fixture);
    for (struct hub_due_case at = {.more = true}; at.more; looks++) {
        uint64_t from = at.place;
        at = look(fixture, DEADLINE_SHIELD, from);
        assert_true(!at.left);
        assert_true(2 * (at.place - from) <= LIMIT_CASE_READS); // an entry, and of each the desk's row
        for (size_t i = 0; i < at.n_hidden; i++) {
            assert_string_equal(at.hidden[i].device, DESK);
            assert_int_equal(at.hidden[i].seq, hidden++);
        }
    }
    assert_int_equal(hidden, n);
    assert_int_equal(looks, 3);
}

// It is in the index of both, as a statement about messages of two cases is.
static void a_row_of_another_case_that_is_kept_from_the_state_too_stays(void **state)
{
    struct fixture *fixture = *state;
    struct kit_message *both;
    begin(fixture);
    shield(fixture, OTHER);
    both = message_of(fixture, OTHER, 0);
    both->entry.also_cases = (const char *const[]){CASE};
    both->entry.n_also_cases = 1;
    kit_submit(&fixture->kit, &both->append);
    all_written(fixture);
    struct hub_due_case at = look(fixture, DEADLINE_SHIELD, 0);
    assert_true(!at.more && !at.left);
    assert_int_equal(at.n_hidden, 1);
    assert_int_equal(at.hidden[0].seq, 0);
}

static void a_message_that_comes_meanwhile_stops_it(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    erased(fixture, LIMIT_CASE_READS);
    all_written(fixture);
    struct hub_due_case at = look(fixture, DEADLINE_SHIELD, 0);
    kit_submit(&fixture->kit, &message_of(fixture, CASE, 100)->append);
    all_written(fixture);
    while (at.more && !at.left)
        at = look(fixture, DEADLINE_SHIELD, at.place);
    assert_true(at.left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_look_reads_no_more_of_a_case_than_the_limit_and_the_next_goes_on_from_there,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_past_the_first_look_is_found_by_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_that_are_withheld_go_in_parts_and_none_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_of_another_case_that_is_kept_from_the_state_too_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_that_comes_meanwhile_stops_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
