// SPDX-License-Identifier: Apache-2.0
// A message that waits for its second person: nobody finds it, it is ended once, and its body goes with that.
#include "proto/model/address.h"
#include "store_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELEASING "ke/dci/chief"
#define PENDING   1 // a ReleaseState.Code: the store doesn't look at it
#define ENDED     2

static struct kit kit;
static struct kit_message parked, sent, pointed;
static struct journal_release waits;
static uint64_t seq; // of the parked one

static int begin(void **state)
{
    kit_make(&kit, 64u << 20, 0);
    kit_message(&parked, 7, 2, 500);
    parked.message.parked = true;
    parked.message.releasing = RELEASING;
    parked.append.n_mail = parked.append.n_lives = parked.append.n_deliveries = 0;
    waits = (struct journal_release){.seq = JOURNAL_SELF,
                                     .state = PENDING,
                                     .urgency = 2,
                                     .waits = true,
                                     .state_at = 1000,
                                     .due = 9000,
                                     .ended_by = JOURNAL_NONE,
                                     .releasing = RELEASING,
                                     .officer = ""};
    parked.append.release = &waits;
    struct journal_outcome outcome = kit_append(&kit, &parked.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    seq = outcome.seq;
    kit_message(&sent, 7, 2, 500); // the same message, as it is sent
    return 0;
}

static int end(void **state)
{
    kit_message_clear(&parked);
    kit_message_clear(&sent);
    kit_clear(&kit);
    return 0;
}

static struct store_view *look(void)
{
    struct store_view *view;
    assert_int_equal(store_view_begin(kit.store, &view), AM_OK);
    return view;
}

static struct journal_release ended(void)
{
    struct journal_release release = waits;
    release.seq = seq;
    release.version = 1;
    release.state = ENDED;
    release.waits = false;
    release.ended_by = JOURNAL_SELF;
    release.officer = "amana://" RELEASING "/officer/o1";
    return release;
}

static void nobody_finds_what_waits_but_by_its_own_ways(void **state)
{
    uint8_t id[16], digest[32];
    uint64_t found, at = 0;
    bool there;
    struct journal_release release;
    struct store_message message;
    assert_int_equal(message_id_check(parked.id, id, NULL), AM_OK);
    struct store_view *view = look();
    assert_int_equal(store_find_id(view, parked.message.device, id, &found, digest), AM_NOT_FOUND);
    assert_int_equal(store_find_uuid(view, id, 0, &found), AM_NOT_FOUND);
    assert_int_equal(kit_find(view, &parked).seq, JOURNAL_NONE);
    assert_int_equal(store_case_exists(view, parked.case_ref, &there), AM_OK);
    assert_false(there);
    assert_int_equal(store_find_parked_id(view, parked.message.device, id, &found, digest), AM_OK);
    assert_int_equal(found, seq);
    assert_memory_equal(digest, parked.message.header_digest, 32);
    assert_int_equal(store_find_parked(view, id, 0, &found, digest), AM_OK);
    assert_int_equal(store_find_parked(view, id, 1, &found, digest), AM_NOT_FOUND);
    assert_int_equal(store_waiting_next(view, RELEASING, &at), AM_OK);
    assert_int_equal(at, seq);
    assert_int_equal(store_waiting_next(view, parked.message.originator, &at), AM_NOT_FOUND);
    assert_int_equal(store_release(view, seq, &release), AM_OK);
    assert_int_equal(release.version, 1);
    assert_true(release.waits);
    assert_string_equal(release.releasing, RELEASING);
    assert_int_equal(store_message(view, seq, &message), AM_OK);
    assert_int_equal(message.body.len, parked.message.body.len);
    store_view_end(view);
}

static void an_id_that_waits_is_taken(void **state)
{
    struct journal_outcome outcome = kit_append(&kit, &parked.append);
    assert_int_equal(outcome.result, JOURNAL_DUPLICATE);
    assert_int_equal(outcome.seq, seq);
    outcome = kit_append(&kit, &sent.append); // sent past its second person
    assert_int_equal(outcome.result, JOURNAL_DUPLICATE);
    assert_int_equal(outcome.seq, seq);
}

static void of_two_who_release_it_one_does(void **state)
{
    struct journal_release first = ended(), second = ended();
    struct kit_message other;
    kit_message(&other, 7, 2, 500);
    sent.append.release = &first;
    other.append.release = &second;
    assert_int_equal(kit_append(&kit, &sent.append).result, JOURNAL_DONE);
    assert_int_not_equal(kit_append(&kit, &other.append).result, JOURNAL_DONE);
    struct kit_alarm alarm; // one who sends it back, decided on the same row
    kit_alarm(&alarm, 1, 1, 8);
    alarm.append.release = &second;
    assert_int_equal(kit_append(&kit, &alarm.append).result, JOURNAL_CONFLICT);
    kit_alarm_clear(&alarm);
    kit_message_clear(&other);
}

static void what_was_released_is_found_and_the_parked_body_is_gone(void **state)
{
    struct journal_release release = ended(), kept;
    struct store_message message;
    uint64_t at = 0;
    sent.append.release = &release;
    struct journal_outcome outcome = kit_append(&kit, &sent.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    kit_forget(&kit);
    kit_close(&kit);
    kit_open(&kit); // and stays so
    struct store_view *view = look();
    assert_int_equal(kit_find(view, &sent).seq, outcome.seq);
    assert_int_equal(store_message(view, outcome.seq, &message), AM_OK);
    assert_int_equal(message.body.len, sent.message.body.len);
    assert_int_equal(store_message(view, seq, &message), AM_OK);
    assert_int_equal(message.body.len + message.flags.len, 0);
    assert_int_equal(message.header.len, sent.message.header.len);
    assert_int_equal(store_waiting_next(view, RELEASING, &at), AM_NOT_FOUND);
    assert_int_equal(store_release(view, seq, &kept), AM_OK);
    assert_int_equal(kept.ended_by, outcome.seq);
    assert_int_equal(kept.version, 2);
    store_view_end(view);
}

// --- The point that a body is sealed to an oversight by
static const uint8_t POINT[JOURNAL_POINT] = {3, 1, 4, 1, 5}, FREE[JOURNAL_POINT] = {2, 7, 1, 8};

static int begin_by_point(void **state)
{
    if (begin(state) != 0)
        return -1;
    kit_message(&pointed, 8, 2, 500);
    pointed.message.parked = true;
    pointed.message.releasing = RELEASING;
    pointed.message.point = POINT;
    pointed.append.n_mail = pointed.append.n_lives = pointed.append.n_deliveries = 0;
    waits.seq = JOURNAL_SELF;
    pointed.append.release = &waits;
    struct journal_outcome outcome = kit_append(&kit, &pointed.append);
    assert_int_equal(outcome.result, JOURNAL_DONE);
    seq = outcome.seq;
    return 0;
}

static int end_by_point(void **state)
{
    kit_message_clear(&pointed);
    return end(state);
}

static uint64_t point_leads_to(const uint8_t *point)
{
    struct store_view *view = look();
    uint64_t found = JOURNAL_NONE;
    enum am_err err = store_find_point(view, point, &found);
    assert_true(err == AM_OK || err == AM_NOT_FOUND);
    store_view_end(view);
    return found;
}

static void a_point_is_one_message_s_and_what_releases_that_is_the_same(void **state)
{
    struct journal_release release = ended();
    struct kit_message decoy, itself;
    kit_message(&decoy, 9, 1, 100);
    kit_message(&itself, 8, 2, 500);
    decoy.message.point = itself.message.point = POINT;
    assert_int_equal(kit_append(&kit, &decoy.append).result, JOURNAL_CONFLICT);
    assert_int_equal(point_leads_to(POINT), seq);
    assert_int_equal(point_leads_to(FREE), JOURNAL_NONE);
    itself.append.release = &release;
    assert_int_equal(kit_append(&kit, &itself.append).result, JOURNAL_DONE);
    kit_forget(&kit);
    kit_close(&kit);
    kit_open(&kit); // and stays so
    assert_int_equal(point_leads_to(POINT), seq);
    assert_int_equal(kit_append(&kit, &decoy.append).result, JOURNAL_CONFLICT);
    decoy.message.point = FREE;
    assert_int_equal(kit_append(&kit, &decoy.append).result, JOURNAL_DONE);
    assert_int_not_equal(point_leads_to(FREE), JOURNAL_NONE);
    kit_message_clear(&decoy);
    kit_message_clear(&itself);
}

static void of_one_that_came_back_the_point_is_taken_for_ever(void **state)
{
    struct journal_release release = ended();
    struct kit_message decoy;
    struct kit_alarm returned;
    kit_alarm(&returned, 1, 1, 8);
    returned.append.release = &release;
    assert_int_equal(kit_append(&kit, &returned.append).result, JOURNAL_DONE);
    kit_message(&decoy, 9, 1, 100);
    decoy.message.point = POINT;
    assert_int_equal(kit_append(&kit, &decoy.append).result, JOURNAL_CONFLICT);
    kit_alarm_clear(&returned);
    kit_message_clear(&decoy);
}

static void of_several_in_one_batch_with_one_point_one_is_taken(void **state)
{
    enum { SEVERAL = 4 };
    static struct kit_message many[SEVERAL];
    size_t taken = 0;
    kit_forget(&kit);
    for (unsigned i = 0; i < SEVERAL; i++) {
        kit_message(&many[i], 20 + i, 1, 100);
        many[i].message.point = FREE;
        kit_submit(&kit, &many[i].append);
    }
    kit_wait(&kit, SEVERAL);
    for (size_t i = 0; i < SEVERAL; i++)
        taken += kit.done[i].outcome.result == JOURNAL_DONE;
    assert_int_equal(taken, 1);
    for (unsigned i = 0; i < SEVERAL; i++)
        kit_message_clear(&many[i]);
}

// It was sent to nobody: its author has what it was made of, and nobody else anything of it.
static void of_what_came_back_neither_flags_nor_body_are_left(void **state)
{
    struct journal_release release = ended();
    struct store_message message;
    struct kit_alarm returned;
    kit_alarm(&returned, 1, 1, 8);
    returned.append.release = &release;
    assert_int_equal(kit_append(&kit, &returned.append).result, JOURNAL_DONE);
    struct store_view *view = look();
    assert_int_equal(store_message(view, seq, &message), AM_OK);
    assert_int_equal(message.body.len + message.flags.len, 0);
    assert_int_equal(message.header.len, parked.message.header.len);
    store_view_end(view);
    kit_alarm_clear(&returned);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(nobody_finds_what_waits_but_by_its_own_ways),
        TEST(an_id_that_waits_is_taken),
        TEST(of_two_who_release_it_one_does),
        TEST(what_was_released_is_found_and_the_parked_body_is_gone),
        TEST(of_what_came_back_neither_flags_nor_body_are_left),
        cmocka_unit_test_setup_teardown(a_point_is_one_message_s_and_what_releases_that_is_the_same, begin_by_point,
                                        end_by_point),
        cmocka_unit_test_setup_teardown(of_one_that_came_back_the_point_is_taken_for_ever, begin_by_point,
                                        end_by_point),
        cmocka_unit_test_setup_teardown(of_several_in_one_batch_with_one_point_one_is_taken, begin_by_point,
                                        end_by_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
