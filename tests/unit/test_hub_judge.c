// SPDX-License-Identifier: Apache-2.0
// When and about what one may send: times, rosters, cases, pointers, flags, and what a worker found.
#include "tests/unit/hub_expect.h"

// --- Times
static void a_clock_five_minutes_ahead_is_taken_and_a_second_more_is_not(void **state)
{
    struct world *world = *state;
    struct letter *edge = alert_to(world, POLICE, POST), *past = alert_to(world, POLICE, POST);
    edge->written_at.seconds += 300;
    past->written_at.seconds += 301;
    accepted(world, edge);
    refused(world, past, REASON_CLOCK_AHEAD, "written_at");
    assert_int_equal(past->submission.work.hub_time_ns, world->now);
}

static void thirty_days_are_taken_and_a_second_more_is_too_old(void **state)
{
    struct world *world = *state;
    struct letter *edge = alert_to(world, POLICE, POST), *past = alert_to(world, POLICE, POST);
    edge->written_at.seconds -= 30 * 86400;
    past->written_at.seconds -= 30 * 86400 + 1;
    accepted(world, edge);
    refused(world, past, REASON_TOO_OLD, "written_at");
    assert_int_equal(past->submission.work.hub_time_ns, world->now);
}

static void what_may_not_be_kept_any_more_is_not_taken(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->written_at.seconds -= 10 * 86400;
    alert->valid_until = alert->retain_until =
        (Google__Protobuf__Timestamp){.base = alert->retain_until.base, .seconds = (int64_t)(world->now / NS_PER_S)};
    refused(world, alert, REASON_FIELD_INVALID, "retain_until");
}

// --- A check that isn't through
static void nothing_is_decided_on_a_check_that_is_not_through_however_many_it_takes(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_arrive(world, alert);
    alert->submission.more = true;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(world->n_checks, 1);
        world->n_checks = 0;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_CHECKED, .submission = &alert->submission});
        assert_int_equal(alert->replies + world->n_appends, 0);
    }
    alert->submission.more = false;
    world_pump(world);
    assert_int_equal(alert->replies, 1);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
}

// --- A revocation list that is stale past its grace
static struct letter *by_a_stale_list(struct world *world, Amana__V1__Urgency__Code urgency)
{
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.urgency = urgency;
    if (urgency > AMANA__V1__URGENCY__CODE__U2)
        alert->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__UNSPECIFIED;
    alert->submission.crl_stale = true;
    return alert;
}

static void by_a_stale_list_only_what_is_urgent_goes_and_its_entry_says_so(void **state)
{
    struct world *world = *state;
    accepted(world, by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U2));
    assert_true(last_entry(world)->content->submitted->crl_stale);
    struct letter *later = by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U3), *first = deferred(world, POLICE);
    assert_int_equal(letter_send(world, later), REASON_CRL_STALE);
    assert_true(later->submission.work.retry_ns > 0);
    assert_string_equal(later->submission.work.detail.field, "urgency");
    first->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    first->submission.crl_stale = true;
    assert_int_equal(letter_send(world, first), REASON_CRL_STALE);
    assert_string_equal(first->submission.work.detail.field, "release");
    assert_int_equal(letter_send(world, by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U4)), REASON_CRL_STALE);
    accepted(world, alert_to(world, POLICE, POST));
    assert_false(last_entry(world)->content->submitted->crl_stale);
}

static void by_a_stale_list_ten_an_hour_of_a_unit_go_and_no_more(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < LIMIT_CRL_STALE_SENDS; i++)
        accepted(world, by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U1));
    struct letter *eleventh = by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U1);
    world->monotonic += HOUR_NS - 1;
    assert_int_equal(letter_send(world, eleventh), REASON_QUOTA);
    assert_int_equal(eleventh->submission.work.retry_ns, 1);
    struct letter *other = alert_to(world, COLLEAGUES, POST);
    other->header.case_ref = (char *)"ke/dci/2026/004999";
    other->submission.crl_stale = true;
    accepted(world, other); // each unit has its own
    world->monotonic += 1;
    accepted(world, by_a_stale_list(world, AMANA__V1__URGENCY__CODE__U1));
}

// Somebody else moved the alert meanwhile: it is the same message.
static void by_a_stale_list_one_that_is_judged_twice_counts_once(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *ack = world_answer(world, POST, KIND(ACK), alert, alert);
    ack->submission.crl_stale = true;
    letter_arrive(world, ack);
    world_check_one(world, 0);
    model_message_at(&world->model, alert->seq)->lives[0].version++;
    world_pump(world);
    assert_int_equal(ack->submission.work.reason, REASON_NONE);
    assert_int_equal(ack->submission.work.attempts, 2);
    for (unsigned i = 0; i < LIMIT_CRL_STALE_SENDS; i++) {
        struct letter *other = alert_to(world, POST, POLICE);
        other->submission.crl_stale = true;
        assert_int_equal(letter_send(world, other), i < LIMIT_CRL_STALE_SENDS - 1 ? REASON_NONE : REASON_QUOTA);
    }
}

// --- Stale (security.md)
static void a_roster_number_alone_is_not_stale(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    world_roster(world, POST, 2, 2, 7);
    world_roster(world, POLICE, 2, 2, 7);
    accepted(world, alert);
}

static void other_seal_certificates_of_a_recipient_are_stale(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    world_roster(world, POST, 2, 2, 8);
    refused(world, alert, REASON_ROSTER_STALE, "recipients[0].roster");
    assert_string_equal(alert->submission.work.stale_unit, POST);
}

static void a_device_more_is_stale(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *own = alert_to(world, POLICE, POST);
    world_roster(world, POST, 2, 3, 7);
    refused(world, alert, REASON_ROSTER_STALE, "recipients[0].roster");
    world_roster(world, POLICE, 2, 3, 7);
    refused(world, own, REASON_ROSTER_STALE, "sender.roster");
    assert_string_equal(own->submission.work.stale_unit, POLICE);
}

// Who signs by a roster of before is whom the newest one has: the same key, with the same right to release.
static void an_officer_who_has_changed_or_come_since_is_stale(void **state)
{
    static const struct {
        const char *officer;
        uint8_t key;
        bool supervisor, stale;
    } ROWS[] = {
        {"amana://" POLICE "/officer/o1", 0, false, false},
        {"amana://" POLICE "/officer/o1", 9, false, true},
        {"amana://" POLICE "/officer/o1", 0, true, true},
        {"amana://" POLICE "/officer/o3", 0, false, true},
    };
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct hub_roster_device devices[2] = {{.uri = URI(POLICE, "d1")}, {.uri = URI(POLICE, "d2")}};
        struct hub_roster_officer officer = {.uri = ROWS[i].officer, .supervisor = ROWS[i].supervisor};
        struct letter *alert = alert_to(world, POLICE, POST);
        alert->sender.roster = 1;
        alert->header.officer = (char *)ROWS[i].officer;
        officer.sign[5] = ROWS[i].key;
        for (size_t j = 0; j < AM_LEN(devices); j++) {
            memset(devices[j].seal, 7, sizeof devices[j].seal);
            devices[j].seal[0] = (uint8_t)(j + 1);
        }
        const struct hub_roster roster = {.unit = POLICE,
                                          .number = 2 + i,
                                          .signer = "amana://ke/registry/desk/officer/r1",
                                          .devices = devices,
                                          .n_devices = AM_LEN(devices),
                                          .officers = &officer,
                                          .n_officers = 1};
        assert_int_equal(hub_set_roster(world->hub, &roster), AM_OK);
        if (ROWS[i].stale)
            refused(world, alert, REASON_ROSTER_STALE, "sender.roster");
        else
            accepted(world, alert);
    }
}

static void a_roster_that_the_hub_does_not_have_is_stale(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->recipients[0]->roster = 9;
    refused(world, alert, REASON_ROSTER_STALE, "recipients[0].roster");
}

static void a_stale_roster_betrays_no_unit_that_one_may_not_write_to(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, STRANGER);
    alert->recipients[0]->roster = 9;
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void a_roster_that_changes_during_the_check_is_judged_anew(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_arrive(world, alert);
    world_roster(world, POST, 2, 2, 8);
    world_pump(world);
    assert_int_equal(alert->submission.work.reason, REASON_ROSTER_STALE);
}

// --- Cases
static void a_new_case_is_opened_by_a_unit_of_its_agency(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.case_ref = (char *)"ke/dcs/2026/1";
    refused(world, alert, REASON_NOT_PERMITTED, "case_ref");
}

static void a_case_of_others_is_as_if_it_were_not_there(void **state)
{
    struct world *world = *state;
    struct letter *other = alert_to(world, CHILD_DESK, POST);
    (void)world_alert(world); // ke/dci/2026/004211, in which the child desk has no part
    refused(world, other, REASON_NOT_PERMITTED, "case_ref");
    struct letter *none = alert_to(world, CHILD_DESK, POST);
    none->header.case_ref = (char *)"et/ics/2026/1";
    refused(world, none, REASON_NOT_PERMITTED, "case_ref");
    assert_string_equal(other->submission.work.detail.text, none->submission.work.detail.text);
}

static void a_case_of_the_own_agency_is_not_ones_own(void **state)
{
    struct world *world = *state;
    (void)world_alert(world);
    refused(world, alert_to(world, COLLEAGUES, POST), REASON_NOT_PERMITTED, "case_ref");
    struct letter *another = alert_to(world, COLLEAGUES, POST);
    another->header.case_ref = (char *)"ke/dci/2026/4212";
    accepted(world, another);
}

static void who_received_a_message_of_a_case_may_use_it(void **state)
{
    struct world *world = *state;
    (void)world_alert(world);
    accepted(world, alert_to(world, POST, POLICE));
}

// --- What the worker says
static void what_a_worker_finds_is_the_answer(void **state)
{
    struct world *world = *state;
    static const enum reason FOUND[] = {REASON_SIGNATURE_INVALID, REASON_SEALED_TO_OTHERS, REASON_NOT_SEALED_TO_ALL,
                                        REASON_REVOKED};
    for (size_t i = 0; i < AM_LEN(FOUND); i++) {
        struct letter *alert = alert_to(world, POLICE, POST);
        world->checked = FOUND[i];
        (void)am_fail(AM_INVALID, &alert->submission.checked_detail, "signature", "what the worker says");
        refused(world, alert, FOUND[i], "signature");
        assert_string_equal(alert->submission.work.detail.text, "what the worker says");
    }
}

static void the_verdict_from_memory_comes_before_what_a_worker_finds(void **state)
{
    struct world *world = *state;
    world->checked = REASON_SIGNATURE_INVALID;
    refused(world, alert_to(world, STRANGER, POST), REASON_NOT_PERMITTED, NULL);
}

// Of what is refused from memory a worker looks at neither seal nor signature.
static void what_a_grant_in_mid_check_allows_is_looked_at_by_a_worker_first(void **state)
{
    struct world *world = *state;
    char *parties[] = {(char *)"et/*/*"};
    struct letter *alert = alert_to(world, STRANGER, POST);
    letter_arrive(world, alert);
    assert_int_equal(alert->submission.verdict, REASON_NOT_PERMITTED);
    world_grant(world, STRANGER, "unit", parties, 1);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 0);
    assert_int_equal(world->n_checks, 1);
    world->checked = REASON_SIGNATURE_INVALID;
    world_pump(world);
    assert_int_equal(alert->replies, 1);
    assert_int_equal(alert->submission.work.reason, REASON_SIGNATURE_INVALID);
}

static void a_worker_that_failed_makes_no_refusal(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    world->checked = REASON_INTERNAL;
    assert_int_equal(letter_send(world, alert), REASON_INTERNAL);
    assert_int_equal(world->model.n, 0);
}

// --- Flags
static void flags_that_do_not_answer_are_said_so(void **state)
{
    struct world *world = *state;
    struct letter *unanswered = alert_to(world, POLICE, POST);
    unanswered->flags.protection = 0;
    refused(world, unanswered, REASON_PROTECTION_UNANSWERED, "flags.protection");
}

// --- Pointers
static void reference_to(struct letter *letter, const struct letter *to, Amana__V1__Pointer **list)
{
    letter_answers(letter, to, to); // borrowed for its pointer
    letter->header.in_reply_to = NULL;
    list[0] = &letter->in_reply_to;
    letter->header.references = list;
    letter->header.n_references = 1;
}

static void a_reference_of_ones_own_is_taken(void **state)
{
    struct world *world = *state;
    struct letter *first = world_alert(world), *second = alert_to(world, POLICE, POST);
    Amana__V1__Pointer *list[1];
    reference_to(second, first, list);
    accepted(world, second);
}

static void a_reference_of_others_is_as_if_it_were_not_there(void **state)
{
    struct world *world = *state;
    struct letter *theirs = world_alert(world), *mine = alert_to(world, CHILD_DESK, POST);
    Amana__V1__Pointer *list[1];
    reference_to(mine, theirs, list);
    mine->header.case_ref = (char *)"ke/dcs/2026/1";
    refused(world, mine, REASON_NOT_PERMITTED, "references[0]");
    struct letter *none = letter_again(world, mine);
    none->header.id = (char *)"01936f3a-7c4e-7d2b-8a51-00000000ffff";
    list[0]->id = (char *)"01936f3a-7c4e-7d2b-8a51-0000000eeeee";
    refused(world, none, REASON_NOT_PERMITTED, "references[0]");
}

static void a_pointer_whose_digest_differs_is_a_mismatch(void **state)
{
    struct world *world = *state;
    struct letter *first = world_alert(world), *second = alert_to(world, POLICE, POST);
    Amana__V1__Pointer *list[1];
    uint8_t other[32] = {9};
    reference_to(second, first, list);
    list[0]->header_digest = (ProtobufCBinaryData){32, other};
    refused(world, second, REASON_REFERENCE_MISMATCH, "references[0]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(nothing_is_decided_on_a_check_that_is_not_through_however_many_it_takes),
        HUB_TEST(a_clock_five_minutes_ahead_is_taken_and_a_second_more_is_not),
        HUB_TEST(thirty_days_are_taken_and_a_second_more_is_too_old),
        HUB_TEST(what_may_not_be_kept_any_more_is_not_taken),
        HUB_TEST(by_a_stale_list_only_what_is_urgent_goes_and_its_entry_says_so),
        HUB_TEST(by_a_stale_list_ten_an_hour_of_a_unit_go_and_no_more),
        HUB_TEST(by_a_stale_list_one_that_is_judged_twice_counts_once),
        HUB_TEST(a_roster_number_alone_is_not_stale),
        HUB_TEST(other_seal_certificates_of_a_recipient_are_stale),
        HUB_TEST(a_device_more_is_stale),
        HUB_TEST(an_officer_who_has_changed_or_come_since_is_stale),
        HUB_TEST(a_roster_that_the_hub_does_not_have_is_stale),
        HUB_TEST(a_stale_roster_betrays_no_unit_that_one_may_not_write_to),
        HUB_TEST(a_roster_that_changes_during_the_check_is_judged_anew),
        HUB_TEST(a_new_case_is_opened_by_a_unit_of_its_agency),
        HUB_TEST(a_case_of_others_is_as_if_it_were_not_there),
        HUB_TEST(a_case_of_the_own_agency_is_not_ones_own),
        HUB_TEST(who_received_a_message_of_a_case_may_use_it),
        HUB_TEST(what_a_worker_finds_is_the_answer),
        HUB_TEST(the_verdict_from_memory_comes_before_what_a_worker_finds),
        HUB_TEST(what_a_grant_in_mid_check_allows_is_looked_at_by_a_worker_first),
        HUB_TEST(a_worker_that_failed_makes_no_refusal),
        HUB_TEST(flags_that_do_not_answer_are_said_so),
        HUB_TEST(a_reference_of_ones_own_is_taken),
        HUB_TEST(a_reference_of_others_is_as_if_it_were_not_there),
        HUB_TEST(a_pointer_whose_digest_differs_is_a_mismatch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
