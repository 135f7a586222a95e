// SPDX-License-Identifier: Apache-2.0
// What is left of a case that is kept from a state, looked at over a real store: a part at a time, however long it is.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "proto/model/limits.h"
#include "server/net/receive.h"
#include "server/net/withheld.h"
#include "server/net/withheld_case.h"
#include "tests/unit/store_kit.h"

#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OTHER "ke/dci/2026/004212"

// --- A case
// To a post of the state that the case is kept from, and to one of another.
static struct kit_message *message_of(struct kit_cases *fixture, const char *case_ref, size_t body_size)
{
    return kit_cases_message(fixture, case_ref, "ke/dci/duty", KIT_TO_POST | KIT_TO_BUSIA, body_size);
}

// Nothing is left of these.
static void erased(struct kit_cases *fixture, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kit_submit(&fixture->kit, &message_of(fixture, KIT_CASE, 0)->append);
}

static void shield(struct kit_cases *fixture, const char *case_ref)
{
    kit_cases_shield(fixture, message_of(fixture, case_ref, 0));
}

static void begin(struct kit_cases *fixture)
{
    shield(fixture, KIT_CASE);
}

static void all_written(struct kit_cases *fixture)
{
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(fixture->kit.n_done, fixture->n);
    for (size_t i = 0; i < fixture->n; i++)
        assert_int_equal(fixture->kit.done[i].outcome.result, JOURNAL_DONE);
}

static struct hub_due_case look(struct kit_cases *fixture, uint8_t kind, uint64_t place)
{
    const struct journal_deadline row = {.kind = kind, .place = place};
    struct hub_due_case of_case;
    struct store_view *view;
    arena_reset(&fixture->arena);
    assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
    assert_int_equal(withheld_case(view, &fixture->arena, KIT_CASE, &row, &of_case), AM_OK);
    store_view_end(view);
    assert_true(of_case.kept);
    return of_case;
}

// --- A device's mailbox
struct stream {
    struct receive receive;
    struct peer peer;
    Amana__V1__ReceiveRequest request;
};

static struct stream *stream_new(void)
{
    struct stream *stream = calloc(1, sizeof *stream);
    assert_non_null(stream);
    amana__v1__receive_request__init(&stream->request);
    assert_int_equal(identity_parse(KIT_DESK, strlen(KIT_DESK), NULL, &stream->peer.identity), AM_OK);
    (void)strlcpy(stream->peer.uri, KIT_DESK, sizeof stream->peer.uri);
    stream->receive.call.peer = &stream->peer;
    stream->receive.request = &stream->request;
    stream->receive.room[LANE_MESSAGES] = stream->receive.room[LANE_NOTICES] = LIMIT_UNACKNOWLEDGED;
    return stream;
}

static void run(struct kit_cases *fixture, struct stream *stream)
{
    struct worker worker = {.workers = NULL};
    arena_init(&stream->receive.run, 64u * 1024);
    assert_int_equal(store_view_begin(fixture->kit.store, &worker.view), AM_OK);
    receive_run(&stream->receive.job, &worker);
    store_view_end(worker.view);
    assert_int_equal(stream->receive.err, AM_OK);
    arena_clear(&stream->receive.run);
}

// So many that are withheld, and one that isn't: of another case.
static void mailbox(struct kit_cases *fixture, unsigned withheld)
{
    begin(fixture);
    for (unsigned i = 0; i < withheld; i++)
        kit_submit(&fixture->kit, &message_of(fixture, KIT_CASE, 64)->append);
    kit_submit(&fixture->kit, &message_of(fixture, OTHER, 64)->append);
    all_written(fixture);
}

static void a_mailbox_is_read_however_much_of_it_is_withheld(void **state)
{
    struct kit_cases *fixture = *state;
    struct stream *stream = stream_new();
    mailbox(fixture, 200);
    run(fixture, stream);
    assert_true(stream->receive.withheld);
    assert_int_equal(stream->receive.n_rows, 1);
    free(stream);
}

// Others wait for the worker: it comes back to a long mailbox.
static void one_run_looks_at_no_more_than_its_limit_and_the_next_goes_on_from_there(void **state)
{
    struct kit_cases *fixture = *state;
    struct stream *stream = stream_new();
    mailbox(fixture, 2 * RECEIVE_LOOKS);
    for (unsigned i = 0; i < 2; i++) {
        run(fixture, stream);
        assert_true(stream->receive.run_full);
        assert_int_equal(stream->receive.n_rows, 0);
    }
    run(fixture, stream);
    assert_false(stream->receive.run_full);
    assert_int_equal(stream->receive.n_rows, 1);
    free(stream);
}

// Each message that comes would else have all of them looked at.
static void what_was_withheld_is_not_looked_at_again_for_what_is_new(void **state)
{
    struct kit_cases *fixture = *state;
    struct stream *stream = stream_new();
    mailbox(fixture, 3);
    run(fixture, stream);
    kit_submit(&fixture->kit, &message_of(fixture, OTHER, 64)->append);
    all_written(fixture);
    run(fixture, stream);
    assert_int_equal(stream->receive.looks, 1);
    assert_int_equal(stream->receive.n_rows, 1);
    assert_true(stream->receive.withheld); // to be looked at once it may be free
    free(stream);
}

// --- Is anything left of it?
static void a_look_reads_no_more_of_a_case_than_the_limit_and_the_next_goes_on_from_there(void **state)
{
    struct kit_cases *fixture = *state;
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
    struct kit_cases *fixture = *state;
    begin(fixture);
    erased(fixture, LIMIT_CASE_READS + 7);
    kit_submit(&fixture->kit, &message_of(fixture, KIT_CASE, 100)->append);
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
    struct kit_cases *fixture = *state;
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
            assert_string_equal(at.hidden[i].device, KIT_DESK);
            assert_int_equal(at.hidden[i].seq, hidden++);
        }
    }
    assert_int_equal(hidden, n);
    assert_int_equal(looks, 3);
}

// It is in the index of both, as a statement about messages of two cases is.
static void a_row_of_another_case_that_is_kept_from_the_state_too_stays(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *both;
    begin(fixture);
    shield(fixture, OTHER);
    both = message_of(fixture, OTHER, 0);
    both->entry.also_cases = (const char *const[]){KIT_CASE};
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
    struct kit_cases *fixture = *state;
    begin(fixture);
    erased(fixture, LIMIT_CASE_READS);
    all_written(fixture);
    struct hub_due_case at = look(fixture, DEADLINE_SHIELD, 0);
    kit_submit(&fixture->kit, &message_of(fixture, KIT_CASE, 100)->append);
    all_written(fixture);
    while (at.more && !at.left)
        at = look(fixture, DEADLINE_SHIELD, at.place);
    assert_true(at.left);
}

// --- Notices
// An entry about a message; its seq.
static uint64_t entry_about(struct kit_cases *fixture, const Amana__V1__EntryContent *content)
{
    struct kit_alarm entry;
    size_t len;
    kit_alarm(&entry, 77, 1, 1);
    free(entry.contents[0]);
    assert_int_equal(codec_encode_alloc(&content->base, &entry.contents[0], &len), AM_OK);
    entry.entries[0].content = (struct am_bytes){entry.contents[0], len};
    struct journal_outcome outcome = kit_append(&fixture->kit, &entry.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    kit_alarm_clear(&entry);
    return outcome.seq;
}

static bool is_withheld(struct kit_cases *fixture, const char *unit, uint64_t seq)
{
    struct identity device = {.kind = IDENTITY_DEVICE};
    struct store_view *view;
    bool withheld;
    strcpy(device.unit, unit);
    memcpy(device.country, unit, 2);
    arena_reset(&fixture->arena);
    assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
    assert_int_equal(withheld_row(view, &fixture->arena, &device, seq, JOURNAL_MAIL_NOTICE, &withheld), AM_OK);
    store_view_end(view);
    return withheld;
}

// Of one that the post has, and of one that it hasn't.
static void what_a_unit_is_told_its_supervisors_are_told_and_nothing_else(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *messages[2];
    for (size_t i = 0; i < 2; i++) {
        messages[i] = message_of(fixture, KIT_CASE, 10);
        messages[i]->deliveries[0].retrieved_at = i == 0 ? 7 : 0;
        kit_submit(&fixture->kit, &messages[i]->append);
    }
    begin(fixture);
    all_written(fixture);
    for (size_t i = 0; i < 2; i++) {
        Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
        Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
        Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
        pointer.id = messages[i]->id;
        pointer.header_digest = (ProtobufCBinaryData){32, messages[i]->message.header_digest};
        deadline.message = &pointer;
        deadline.recipient = (char *)KIT_POST;
        content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
        content.deadline = &deadline;
        uint64_t seq = entry_about(fixture, &content);
        assert_int_equal(is_withheld(fixture, KIT_POST, seq), i == 1);
        assert_int_equal(is_withheld(fixture, "et/ics/headquarters", seq), i == 1);
        assert_false(is_withheld(fixture, "ke/dci/duty", seq));
        deadline.recipient = (char *)KIT_BUSIA; // another's, of whom nobody there has anything
        assert_true(is_withheld(fixture, "et/ics/headquarters", entry_about(fixture, &content)));
    }
}

static void that_it_was_signed_or_sent_back_is_told_to_nobody_who_has_not_got_it(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *message = message_of(fixture, KIT_CASE, 10);
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ReleasedEntry released = AMANA__V1__RELEASED_ENTRY__INIT;
    Amana__V1__ReturnedEntry returned = AMANA__V1__RETURNED_ENTRY__INIT;
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    kit_submit(&fixture->kit, &message->append);
    begin(fixture);
    all_written(fixture);
    pointer.id = message->id;
    pointer.header_digest = (ProtobufCBinaryData){32, message->message.header_digest};
    released.message = returned.message = &pointer;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RELEASED;
    content.released = &released;
    uint64_t seq = entry_about(fixture, &content);
    assert_true(is_withheld(fixture, KIT_POST, seq));
    assert_false(is_withheld(fixture, KIT_BUSIA, seq));
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETURNED;
    content.returned = &returned;
    assert_true(is_withheld(fixture, KIT_POST, entry_about(fixture, &content)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mailbox_is_read_however_much_of_it_is_withheld, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(one_run_looks_at_no_more_than_its_limit_and_the_next_goes_on_from_there,
                                        kit_cases_setup, kit_cases_teardown),
        cmocka_unit_test_setup_teardown(what_was_withheld_is_not_looked_at_again_for_what_is_new, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(a_look_reads_no_more_of_a_case_than_the_limit_and_the_next_goes_on_from_there,
                                        kit_cases_setup, kit_cases_teardown),
        cmocka_unit_test_setup_teardown(what_is_left_past_the_first_look_is_found_by_the_next, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(rows_that_are_withheld_go_in_parts_and_none_is_left_out, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(a_row_of_another_case_that_is_kept_from_the_state_too_stays, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(a_message_that_comes_meanwhile_stops_it, kit_cases_setup, kit_cases_teardown),
        cmocka_unit_test_setup_teardown(what_a_unit_is_told_its_supervisors_are_told_and_nothing_else, kit_cases_setup,
                                        kit_cases_teardown),
        cmocka_unit_test_setup_teardown(that_it_was_signed_or_sent_back_is_told_to_nobody_who_has_not_got_it,
                                        kit_cases_setup, kit_cases_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
