// SPDX-License-Identifier: Apache-2.0
// What a listed state's unit knows of a life that goes on without it, looked for over a real store: the same however
// much others have written in the case, and never more of it at once than the limit.
#include "proto/model/life.h"
#include "proto/model/limits.h"
#include "server/net/send_apart.h"
#include "tests/unit/apart_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

// --- Looking
struct seen {
    bool apart, known;
    struct journal_life life;
    unsigned looks;
};

static const struct in_hand NOTHING = {.n = 0};

// As often as it is said that there is more; none goes further than the limit.
static struct seen look_with(struct kit_cases *fixture, uint64_t newest, const struct in_hand *in_hand)
{
    static struct hub_submission submission;
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct apart_place place = {0};
    struct seen seen = {.life = {.root = JOURNAL_NONE}};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct check check = {.s = &submission, .header = &header, .arena = &fixture->arena, .unit = KIT_POST};
    header.device = (char *)KIT_DESK;
    header.case_ref = (char *)KIT_CASE;
    kit_wait(&fixture->kit, fixture->n);
    do {
        uint64_t from = place.seen.next;
        submission =
            (struct hub_submission){.has_chain = newest != JOURNAL_NONE, .chain = {.newest = newest, .clock = newest}};
        arena_reset(&fixture->arena);
        assert_int_equal(store_view_begin(fixture->kit.store, &check.view), AM_OK);
        assert_int_equal(store_shield(check.view, KIT_CASE, states, &submission.shield), AM_OK);
        assert_int_equal(apart_find(&check, in_hand, &place, 0, &seen.life, &seen.known), AM_OK);
        store_view_end(check.view);
        assert_true(place.seen.next - from <= LIMIT_CASE_READS);
        seen.looks++;
    } while (submission.more);
    seen.apart = submission.apart;
    assert_true(!seen.apart || submission.case_seen == fixture->n - 1);
    return seen;
}

static struct seen look(struct kit_cases *fixture, uint64_t newest)
{
    return look_with(fixture, newest, &NOTHING);
}

static void what_the_unit_answered_last_is_known_however_long_the_case_is(void **state)
{
    struct kit_cases *fixture = *state;
    struct seen seen;
    alert_and_update(fixture);
    seen = look(fixture, 1);
    assert_true(seen.apart);
    assert_int_equal(seen.life.state, LIFE(ACKNOWLEDGED)); // as it was before what it hasn't got
    assert_int_equal(seen.life.clock_seq, 0);
    others_write(fixture, LIMIT_CASE_READS - 5);
    answer(fixture, LIFE(ACKNOWLEDGED), LIFE(STOPPING)); // any other
    seen = look(fixture, 1);
    assert_int_equal(seen.life.state, LIFE(STOPPING));
    assert_int_equal(seen.looks, 1);
    answer(fixture, LIFE(STOPPING), LIFE(STOPPED)); // the limit's last row
    seen = look(fixture, 1);
    assert_int_equal(seen.life.state, LIFE(STOPPED));
    assert_int_equal(seen.looks, 2);                    // to know that there is no more
    answer(fixture, LIFE(STOPPED), LIFE(ACKNOWLEDGED)); // one past it
    others_write(fixture, 2 * LIMIT_CASE_READS);
    seen = look(fixture, 1);
    assert_true(seen.apart);
    assert_int_equal(seen.life.state, LIFE(ACKNOWLEDGED));
    assert_int_equal(seen.looks, 4);
}

// Its device's mailbox may be as long as the case, and what was withheld may have left it.
static void ended_unseen(struct kit_cases *fixture, unsigned root_kind, unsigned kind, uint8_t from, uint8_t to)
{
    struct kit_message *root = message_of(fixture, "ke/dci/duty", root_kind, true), *end;
    struct seen seen;
    retrieved(root);
    root->lives[0].state = to;
    written(fixture, root);
    others_write(fixture, LIMIT_CASE_READS + 3);
    end = message_of(fixture, "ke/dci/duty", kind, true);
    end->append.n_mail = 0;
    moves(fixture, end, from, to);
    written(fixture, end);
    shield(fixture);
    seen = look(fixture, JOURNAL_NONE);
    assert_true(seen.apart);
    assert_int_equal(seen.life.state, from);
    assert_int_equal(seen.looks, 2);
}

static void an_end_that_is_withheld_is_found_however_late_it_came(void **state)
{
    ended_unseen(*state, KIND(REQUEST), KIND(WITHDRAW), LIFE(OPEN), LIFE(WITHDRAWN));
}

// What it does for somebody goes on, as far as it knows.
static void a_referral_that_its_originator_closed_unseen_goes_on_for_its_unit(void **state)
{
    ended_unseen(*state, KIND(REFERRAL), KIND(CLOSE), LIFE(ACCEPTED), LIFE(CLOSED));
}

static void of_versions_the_unit_knows_the_newest_that_it_has_and_what_moved_since(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *version;
    struct seen seen;
    version = message_of(fixture, "ke/dci/duty", KIND(ALERT), true);
    retrieved(version);
    written(fixture, version);
    for (unsigned i = 1; i <= LIMIT_CASE_READS + 2; i++) {
        version = message_of(fixture, "ke/dci/duty", KIND(UPDATE), true);
        if (i == 3)
            retrieved(version);
        moves(fixture, version, i == 4 ? LIFE(ACKNOWLEDGED) : LIFE(NEW), LIFE(NEW)); // it was acknowledged in between
        written(fixture, version);
    }
    shield(fixture);
    seen = look(fixture, LIMIT_CASE_READS + 2);
    assert_true(seen.apart);
    assert_int_equal(seen.life.clock_seq, 3);
    assert_int_equal(seen.life.state, LIFE(ACKNOWLEDGED));
}

// Before it has signed for it; what comes after that is withheld.
static void a_version_that_a_device_has_in_hand_is_one_that_the_unit_knows(void **state)
{
    struct kit_cases *fixture = *state;
    uint64_t second = 1;
    struct in_hand in_hand = {&second, 1};
    alert_and_update(fixture);
    uint64_t third = fixture->n;
    written(fixture, version_of(fixture, "ke/dci/duty", true));
    assert_int_equal(look(fixture, third).life.clock_seq, 0);
    struct seen seen = look_with(fixture, third, &in_hand);
    assert_true(seen.apart);
    assert_int_equal(seen.life.clock_seq, 1);
    assert_int_equal(seen.life.state, LIFE(NEW));
}

// --- Has it any message of the case?
// As often as it is said that there is more; what devices hold is there from the second look on.
static bool party(struct kit_cases *fixture, uint64_t *seqs, size_t n, unsigned *ret_looks)
{
    static struct hub_submission submission;
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct apart_case of_case = {.asked = false};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct check check = {.s = &submission, .header = &header, .arena = &fixture->arena, .unit = KIT_POST};
    bool is = true;
    header.device = (char *)KIT_DESK;
    header.case_ref = (char *)KIT_CASE;
    kit_wait(&fixture->kit, fixture->n);
    *ret_looks = 0;
    do {
        uint64_t from = of_case.next;
        submission = (struct hub_submission){.more = false};
        assert_int_equal(store_view_begin(fixture->kit.store, &check.view), AM_OK);
        assert_int_equal(store_shield(check.view, KIT_CASE, states, &submission.shield), AM_OK);
        assert_int_equal(apart_party(&check, &of_case, &is), AM_OK);
        store_view_end(check.view);
        assert_true(of_case.next - from <= LIMIT_CASE_READS);
        of_case.in_hand = (struct in_hand){seqs, n};
        ++*ret_looks;
    } while (submission.more);
    return is;
}

static void a_case_of_which_all_is_withheld_is_none_to_the_unit_however_long_it_is(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    written(fixture, message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    assert_true(party(fixture, NULL, 0, &looks)); // kept from nobody yet
    assert_int_equal(looks, 1);
    shield(fixture);
    assert_false(party(fixture, NULL, 0, &looks));
    others_write(fixture, LIMIT_CASE_READS);
    written(fixture, message_of(fixture, "ke/dci/duty", KIND(NOTE), true));
    assert_false(party(fixture, NULL, 0, &looks));
    assert_int_equal(looks, 3);
}

static void a_case_of_which_it_has_or_sent_one_is_the_units_wherever_that_stands(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *had;
    uint64_t out = 0;
    unsigned looks;
    written(fixture, message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    shield(fixture);
    assert_true(party(fixture, &out, 1, &looks)); // a device has it and hasn't signed for it
    out = 99;
    assert_false(party(fixture, &out, 1, &looks)); // of another case
    others_write(fixture, LIMIT_CASE_READS);
    had = message_of(fixture, "ke/dci/duty", KIND(NOTE), true);
    retrieved(had);
    written(fixture, had);
    assert_true(party(fixture, NULL, 0, &looks));
    assert_int_equal(looks, 3);
}

static void a_case_that_the_unit_wrote_of_is_its_own(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    written(fixture, message_of(fixture, KIT_POST, KIND(ALERT), false));
    shield(fixture);
    assert_true(party(fixture, NULL, 0, &looks));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, kit_cases_setup, kit_cases_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_unit_answered_last_is_known_however_long_the_case_is),
        TEST(an_end_that_is_withheld_is_found_however_late_it_came),
        TEST(a_referral_that_its_originator_closed_unseen_goes_on_for_its_unit),
        TEST(of_versions_the_unit_knows_the_newest_that_it_has_and_what_moved_since),
        TEST(a_version_that_a_device_has_in_hand_is_one_that_the_unit_knows),
        TEST(a_case_of_which_all_is_withheld_is_none_to_the_unit_however_long_it_is),
        TEST(a_case_of_which_it_has_or_sent_one_is_the_units_wherever_that_stands),
        TEST(a_case_that_the_unit_wrote_of_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
