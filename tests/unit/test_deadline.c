// SPDX-License-Identifier: Apache-2.0
// When the clocks of one recipient run out, and who is told of what (domain.md, urgency, Lives; rule 9).
#include "proto/model/deadline.h"
#include "proto/model/life.h"
#include "proto/model/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DELIVERY(name) AMANA__V1__DELIVERY_STATE__CODE__##name
#define ENTRY(name)    AMANA__V1__ENTRY_KIND__CODE__##name

// A REQUEST that was taken at 1000, to be acknowledged at 1900 and answered at 4600, and fetched at 1500.
enum { ACCEPTED = 1000, RETRIEVED = 1500, ACK_DUE = 1900, ANSWER_DUE = 4600 };

struct fixture {
    struct clock_party party;
    struct clock_message message;
};

static struct fixture *request(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .party =
            {.unit = "et/ics/moyale",
             .has_delivery = true,
             .delivery = {.state = DELIVERY(RETRIEVED), .delivered_at = ACCEPTED, .retrieved_at = RETRIEVED},
             .lives = {{.there = true,
                        .root_kind = KIND(REQUEST),
                        .life = {.state = LIFE(OPEN), .ack_due = ACK_DUE, .answer_due = ANSWER_DUE, .officer = ""}}}},
        .message = {.seq = 7, .urgency = 3, .n = 1},
    };
    fixture->message.parties = &fixture->party;
    return fixture;
}

static uint64_t at(const struct fixture *fixture, enum clock_kind clock)
{
    return clock_at(&fixture->message, 0, 0, clock);
}

static void both_clocks_run_each_from_its_own_beginning(void **state)
{
    struct fixture fixture;
    request(&fixture);
    assert_int_equal(at(&fixture, CLOCK_ACK), ACK_DUE);
    assert_int_equal(at(&fixture, CLOCK_ACK_RETRIEVED), RETRIEVED + (ACK_DUE - ACCEPTED));
    assert_int_equal(at(&fixture, CLOCK_ANSWER), ANSWER_DUE);
    assert_int_equal(at(&fixture, CLOCK_ANSWER_RETRIEVED), RETRIEVED + (ANSWER_DUE - ACCEPTED));
    fixture.party.delivery.retrieved_at = 0;
    assert_int_equal(at(&fixture, CLOCK_ACK_RETRIEVED), 0);
    assert_int_equal(at(&fixture, CLOCK_ANSWER_RETRIEVED), 0);
}

static void an_answer_that_has_a_date_of_its_own_has_no_clock_from_retrieval(void **state)
{
    struct fixture fixture;
    request(&fixture)->message.answer_by = ANSWER_DUE;
    assert_int_equal(at(&fixture, CLOCK_ANSWER), ANSWER_DUE);
    assert_int_equal(at(&fixture, CLOCK_ANSWER_RETRIEVED), 0);
    assert_int_equal(at(&fixture, CLOCK_ACK_RETRIEVED), RETRIEVED + (ACK_DUE - ACCEPTED));
}

static void it_is_escalated_by_as_long_again_and_only_once_it_has_passed(void **state)
{
    struct fixture fixture;
    struct journal_life *life = &request(&fixture)->party.lives[0].life;
    assert_int_equal(at(&fixture, CLOCK_ACK_AGAIN), 0);
    assert_int_equal(at(&fixture, CLOCK_ANSWER_AGAIN), 0);
    life->flags = LIFE_PASSED(CLOCK_ACK);
    assert_int_equal(at(&fixture, CLOCK_ACK), 0);
    assert_int_equal(at(&fixture, CLOCK_ACK_AGAIN), ACK_DUE + (ACK_DUE - ACCEPTED));
    assert_int_equal(at(&fixture, CLOCK_ANSWER_AGAIN), 0);
    life->flags |= LIFE_PASSED(CLOCK_ANSWER) | LIFE_PASSED(CLOCK_ACK_AGAIN);
    assert_int_equal(at(&fixture, CLOCK_ACK_AGAIN), 0);
    assert_int_equal(at(&fixture, CLOCK_ANSWER_AGAIN), ANSWER_DUE + (ANSWER_DUE - ACCEPTED));
}

// The clock of its answer has stood still for 500, which was given back.
static void what_it_stood_still_for_is_not_counted_again_when_it_is_escalated(void **state)
{
    const uint64_t asked = urgency_get(3)->answer_ns, by = ACCEPTED + 2 * asked;
    struct fixture fixture;
    struct journal_life *life = &request(&fixture)->party.lives[0].life;
    life->flags = LIFE_PASSED(CLOCK_ANSWER);
    life->answer_due = ACCEPTED + asked + 500;
    assert_int_equal(at(&fixture, CLOCK_ANSWER_AGAIN), life->answer_due + asked);
    life->answer_due = by + 500;
    fixture.message.answer_by = by;
    assert_int_equal(at(&fixture, CLOCK_ANSWER_AGAIN), life->answer_due + 2 * asked);
}

static void a_referral_that_an_officer_took_on_waits_for_its_answer_alone(void **state)
{
    struct fixture fixture;
    struct clock_life *offer = &request(&fixture)->party.lives[0];
    offer->root_kind = KIND(REFERRAL);
    offer->life.state = LIFE(OFFERED);
    assert_int_equal(at(&fixture, CLOCK_ACK), ACK_DUE);
    offer->life.officer = "amana://et/mowsa/protection/officer/emow-0101";
    assert_int_equal(at(&fixture, CLOCK_ACK), 0);
    assert_int_equal(at(&fixture, CLOCK_ACK_RETRIEVED), 0);
    assert_int_equal(at(&fixture, CLOCK_ANSWER), ANSWER_DUE);
}

static void a_clock_that_an_alert_s_end_would_meet_or_outrun_never_runs_out(void **state)
{
    static const struct {
        uint64_t until, ack;
    } CASES[] = {{ACK_DUE + 1, ACK_DUE}, {ACK_DUE, 0}, {ACK_DUE - 1, 0}};
    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        struct fixture fixture;
        struct clock_life *alert = &request(&fixture)->party.lives[0];
        alert->root_kind = KIND(ALERT);
        alert->life.state = LIFE(NEW);
        fixture.message.valid_until = CASES[i].until;
        assert_int_equal(at(&fixture, CLOCK_ACK), CASES[i].ack);
        assert_int_equal(at(&fixture, CLOCK_EXPIRED), CASES[i].until);
        alert->life.state = LIFE(STOPPING);
        assert_int_equal(at(&fixture, CLOCK_ACK), ACK_DUE);
        assert_int_equal(at(&fixture, CLOCK_EXPIRED), 0);
    }
}

static void the_next_is_the_earliest_that_comes_before_the_message_goes(void **state)
{
    struct fixture fixture;
    request(&fixture)->message.retain_until = ACK_DUE + 1;
    assert_int_equal(clock_next(&fixture.message), ACK_DUE);
    fixture.message.retain_until = ACK_DUE;
    assert_int_equal(clock_next(&fixture.message), 0);
    fixture.message.retain_until = 0;
    fixture.party.lives[0].life.state = LIFE(ANSWERED);
    assert_int_equal(clock_next(&fixture.message), 0);
}

static void who_is_told_of_what_is_what_the_design_says(void **state)
{
    static const struct {
        unsigned entry, to;
    } SAID[] = {
        {ENTRY(PARKED), TOLD_RELEASING},
        {ENTRY(RELEASED), TOLD_ORIGINATOR | TOLD_RELEASING | TOLD_RECIPIENTS},
        {ENTRY(RETURNED), TOLD_ORIGINATOR | TOLD_RELEASING | TOLD_RECIPIENTS},
        {ENTRY(RETRIEVED), TOLD_ORIGINATOR},
        {ENTRY(LATE), TOLD_ORIGINATOR | TOLD_SUPERVISORS},
        {ENTRY(NON_DELIVERED), TOLD_ORIGINATOR | TOLD_SUPERVISORS},
        {ENTRY(NON_RETRIEVED), TOLD_ORIGINATOR | TOLD_SUPERVISORS},
        {ENTRY(DEADLINE), TOLD_ORIGINATOR | TOLD_RECIPIENT | TOLD_SUPERVISORS | TOLD_DPO | TOLD_RELEASING},
        {ENTRY(STATE), TOLD_ORIGINATOR | TOLD_RECIPIENTS},
    };
    for (size_t i = 0; i < AM_LEN(SAID); i++) {
        assert_non_null(notice_get(SAID[i].entry));
        assert_int_equal(notice_get(SAID[i].entry)->to, SAID[i].to);
    }
    assert_null(notice_get(ENTRY(SUBMITTED)));
    assert_null(notice_get(ENTRY(ACCESS)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_clocks_run_each_from_its_own_beginning),
        cmocka_unit_test(an_answer_that_has_a_date_of_its_own_has_no_clock_from_retrieval),
        cmocka_unit_test(it_is_escalated_by_as_long_again_and_only_once_it_has_passed),
        cmocka_unit_test(what_it_stood_still_for_is_not_counted_again_when_it_is_escalated),
        cmocka_unit_test(a_referral_that_an_officer_took_on_waits_for_its_answer_alone),
        cmocka_unit_test(a_clock_that_an_alert_s_end_would_meet_or_outrun_never_runs_out),
        cmocka_unit_test(the_next_is_the_earliest_that_comes_before_the_message_goes),
        cmocka_unit_test(who_is_told_of_what_is_what_the_design_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
