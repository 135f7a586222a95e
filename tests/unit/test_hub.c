// SPDX-License-Identifier: Apache-2.0
// Who may send what to whom: what an accepted message writes, duplicates, the sender, grants, purpose, rule 3.
#include "tests/unit/hub_expect.h"

// --- Accepting
static void no_receipt_before_the_entry_has_come_back(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_arrive(world, alert);
    assert_int_equal(world->n_checks, 1);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    assert_int_equal(alert->replies, 0);
    world_commit_one(world, 0);
    assert_int_equal(alert->replies, 1);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
}

static void an_accepted_alert_is_one_entry_with_all_that_belongs_to_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct model_entry *entry = last_entry(world);
    const Amana__V1__SubmittedEntry *content = entry->content->submitted;
    assert_int_equal(world->model.n, 1);
    assert_int_equal(entry->kind, AMANA__V1__ENTRY_KIND__CODE__SUBMITTED);
    assert_int_equal(entry->class, JOURNAL_CLASS_MESSAGE);
    assert_int_equal(entry->of, alert->seq);
    assert_int_equal(entry->time_ns, world->now);
    assert_string_equal(content->id, alert->header.id);
    assert_string_equal(content->device, URI(POLICE, "d1"));
    assert_memory_equal(content->header_digest.data, alert->submission.header_digest, 32);
    assert_memory_equal(content->flags_digest.data, alert->header.flags_digest.data, 32);
    assert_memory_equal(content->body_digest.data, alert->header.body_digest.data, 32);
    assert_memory_equal(content->signature_digest.data, alert->submission.signature_digest, 32);
    assert_int_equal(content->header_size, alert->submission.header_bytes.len);
    assert_int_equal(content->body_size, alert->submission.body.len);
    assert_int_equal(content->signature_size, alert->submission.signature.len);
    assert_int_equal(content->n_delivered_to, 2);
    assert_string_equal(content->delivered_to[1], SHELTER);
    assert_false(content->crossed);
    assert_int_equal(content->n_moves, 0);
}

static void each_device_of_each_recipient_gets_mail_and_the_senders_others_a_copy(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    static const char *const RECEIVERS[] = {URI(POST, "d1"), URI(POST, "d2"), URI(SHELTER, "d1")};
    for (size_t i = 0; i < AM_LEN(RECEIVERS); i++) {
        const struct model_mailbox *box = model_mailbox(&world->model, RECEIVERS[i]);
        assert_int_equal(box->n, 1);
        assert_int_equal(box->rows[0].kind, JOURNAL_MAIL_MESSAGE);
        assert_int_equal(box->rows[0].seq, alert->seq);
        assert_int_equal(box->rows[0].urgency, 1);
    }
    const struct model_mailbox *other = model_mailbox(&world->model, URI(POLICE, "d2"));
    assert_int_equal(other->n, 1);
    assert_int_equal(other->rows[0].kind, JOURNAL_MAIL_COPY);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d1"))->n, 0);
    assert_int_equal(world->n_woken, 4);
}

// By these a unit finds it in the log, and an auditor sees what is of its countries.
static void each_of_many_devices_gets_mail_and_is_woken(void **state)
{
    struct world *world = *state;
    static const char *const UNITS[] = {POST, SHELTER, LONELY};
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    for (size_t i = 0; i < AM_LEN(UNITS); i++) {
        world_roster(world, UNITS[i], 2, 8, 7);
        letter_to(world, alert, UNITS[i], ACTION);
        alert->recipients[i]->roster = 2;
    }
    accepted(world, alert);
    for (size_t i = 0; i < 24; i++) {
        const char *device = arena_printf(&world->arena, "amana://%s/device/d%zu", UNITS[i / 8], i % 8 + 1);
        size_t woken = 0;
        for (size_t j = 0; j < world->n_woken; j++)
            woken += strcmp(world->woken[j], device) == 0;
        assert_int_equal(mail_of(world, device), 1);
        assert_int_equal(woken, 1);
    }
}

static void an_alert_is_an_entry_of_all_who_send_and_get_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, SHELTER, COPY);
    letter_arrive(world, alert);
    world_check_one(world, 0);
    const struct journal_entry *entry = &world->appends[0]->entries[0];
    assert_int_equal(entry->n_parties, 3);
    assert_string_equal(entry->parties[0], POLICE);
    assert_string_equal(entry->parties[1], POST);
    assert_string_equal(entry->parties[2], SHELTER);
    assert_string_equal(entry->case_ref, alert->header.case_ref);
    world_pump(world);
}

// What came is in the log by its digest alone.
static void a_header_that_is_none_is_refused_and_on_record(void **state)
{
    struct world *world = *state;
    struct letter *letter = alert_to(world, POLICE, POST);
    struct hub_submission *submission = &letter->submission;
    submission->work =
        (struct hub_work){.kind = HUB_WORK_SUBMISSION, .user = letter, .identity = URI(POLICE, "d1"), .unit = POLICE};
    submission->unread = REASON_FIELD_INVALID;
    memset(submission->header_digest, 7, sizeof submission->header_digest);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ARRIVED, .submission = submission});
    world_pump(world);
    assert_int_equal(letter->replies, 1);
    assert_int_equal(submission->work.reason, REASON_FIELD_INVALID);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    assert_memory_equal(last_entry(world)->content->rejected->digest.data, submission->header_digest, 32);
}

static void delivered_is_what_the_entry_says_at_once(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct model_message *message = model_message_at(&world->model, alert->seq);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(message->deliveries[i].state, AMANA__V1__DELIVERY_STATE__CODE__DELIVERED);
        assert_int_equal(message->deliveries[i].delivered_at, world->now);
    }
}

static void it_may_be_erased_a_year_after_the_entry_or_thirty_days_after_retention(void **state)
{
    struct world *world = *state;
    uint64_t day = world->now / DAY_NS;
    struct letter *brief = alert_to(world, POLICE, POST), *kept = alert_to(world, POLICE, POST);
    accepted(world, brief); // 90 days
    assert_int_equal(last_entry(world)->erase_after, day + 366 + 1);
    kept->retain_until.seconds = (int64_t)((world->now + 700 * DAY_NS) / NS_PER_S);
    accepted(world, kept);
    assert_int_equal(last_entry(world)->erase_after, day + 730 + 1);
}

static void times_of_entries_never_decrease(void **state)
{
    struct world *world = *state;
    struct letter *first = alert_to(world, POLICE, POST), *second = alert_to(world, POLICE, POST);
    uint64_t then = world->now;
    accepted(world, first);
    world->now -= MINUTE_NS;
    accepted(world, second);
    assert_int_equal(last_entry(world)->time_ns, then);
}

// --- Rule 1
static void a_duplicate_gets_the_original_receipt(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *again = letter_again(world, alert);
    accepted(world, again);
    assert_int_equal(again->receipt.len, alert->receipt.len);
    assert_memory_equal(again->receipt.data, alert->receipt.data, alert->receipt.len);
    assert_int_equal(world->model.n, 1);
}

static void a_duplicate_gets_it_whatever_the_verdict_would_be_now(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *again = letter_again(world, alert);
    world->now += 40 * DAY_NS;                 // too old
    world_roster(world, POST, 2, 2, 9);        // stale
    world->checked = REASON_SIGNATURE_INVALID; // and revoked meanwhile
    accepted(world, again);
    assert_memory_equal(again->receipt.data, alert->receipt.data, alert->receipt.len);
}

static void two_copies_in_flight_become_one_entry_with_one_receipt(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *again = letter_again(world, alert);
    struct letter *third = letter_again(world, alert);
    letter_arrive(world, alert);
    letter_arrive(world, again);
    letter_arrive(world, third);
    assert_int_equal(world->n_checks, 1); // the others wait for the first
    world_pump(world);
    assert_int_equal(world->model.n, 1);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
    assert_int_equal(again->submission.work.reason, REASON_NONE);
    assert_int_equal(third->submission.work.reason, REASON_NONE);
    assert_memory_equal(again->receipt.data, alert->receipt.data, alert->receipt.len);
    assert_memory_equal(third->receipt.data, alert->receipt.data, alert->receipt.len);
}

static void a_copy_in_flight_is_not_refused_for_what_changed_meanwhile(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *again = letter_again(world, alert);
    letter_arrive(world, alert);
    world_check_one(world, 0); // on its way to the log
    world_roster(world, POST, 2, 2, 9);
    letter_arrive(world, again);
    world_pump(world);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
    assert_int_equal(again->submission.work.reason, REASON_NONE);
    assert_memory_equal(again->receipt.data, alert->receipt.data, alert->receipt.len);
}

static void a_copy_of_what_was_refused_is_judged_for_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, STRANGER, POST), *again = letter_again(world, alert);
    letter_arrive(world, alert);
    letter_arrive(world, again);
    world_pump(world);
    assert_int_equal(alert->submission.work.reason, REASON_NOT_PERMITTED);
    assert_int_equal(again->submission.work.reason, REASON_NOT_PERMITTED);
}

static void an_id_that_the_keeper_knows_already_is_looked_up_again(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_arrive(world, alert);
    world_check_one(world, 0);
    (void)model_commit(&world->model, world->appends[0]); // it is there before the hub hears of it
    world_pump(world);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
    assert_true(alert->receipt.len > 0);
    assert_int_equal(world->model.n, 1);
}

static void the_same_id_with_other_bytes_is_refused(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = letter_again(world, alert);
    other->header.language = (char *)"sw";
    refused(world, other, REASON_ID_REUSED, "id");
}

static void another_device_may_use_the_same_id(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = letter_again(world, alert);
    other->header.device = (char *)URI(POLICE, "d2");
    accepted(world, other);
    assert_int_equal(world->model.n, 2);
}

// --- The sender
static void a_sender_who_is_not_the_certificate_is_refused_before_anything_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *forged = letter_again(world, alert);
    forged->submission.work =
        (struct hub_work){.identity = URI(STRANGER, "d1"), .unit = STRANGER, .kind = HUB_WORK_SUBMISSION};
    refused(world, forged, REASON_SENDER_MISMATCH, "sender.unit");
}

static void another_device_of_the_unit_is_not_the_certificate(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->submission.work =
        (struct hub_work){.identity = URI(POLICE, "d2"), .unit = POLICE, .kind = HUB_WORK_SUBMISSION};
    refused(world, alert, REASON_SENDER_MISMATCH, "device");
    // Also by an id that the certificate's own device has used.
    struct letter *own = world_alert(world), *other = letter_again(world, own);
    other->header.device = (char *)URI(POLICE, "d2");
    other->submission.work =
        (struct hub_work){.identity = URI(POLICE, "d1"), .unit = POLICE, .kind = HUB_WORK_SUBMISSION};
    refused(world, other, REASON_SENDER_MISMATCH, "device");
}

static void an_auditor_sends_nothing(void **state)
{
    struct world *world = *state;
    refused(world, alert_to(world, AUDITOR, POST), REASON_NOT_PERMITTED, "kind");
}

static void an_officer_who_is_on_no_roster_is_refused(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.officer = (char *)"amana://" POLICE "/officer/nobody";
    refused(world, alert, REASON_NOT_ON_ROSTER, "officer");
}

static void a_device_that_left_the_roster_is_refused(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.device = (char *)URI(POLICE, "d2");
    world_roster(world, POLICE, 2, 1, 7);
    refused(world, alert, REASON_NOT_ON_ROSTER, "device");
}

// --- Grants
static void without_a_grant_nothing_goes_through(void **state)
{
    struct world *world = *state;
    refused(world, alert_to(world, STRANGER, POST), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void a_note_to_ones_own_unit_needs_no_grant(void **state)
{
    struct world *world = *state;
    struct letter *note = letter_new(world, STRANGER, KIND(NOTE)), *abroad = letter_new(world, STRANGER, KIND(NOTE));
    note->header.case_ref = abroad->header.case_ref = (char *)"ug/police/2026/000001";
    letter_to(world, note, STRANGER, ACTION);
    accepted(world, note);
    letter_to(world, abroad, POST, ACTION);
    refused(world, abroad, REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void one_answer_for_no_such_unit_and_no_grant(void **state)
{
    struct world *world = *state;
    struct letter *unknown = alert_to(world, POLICE, "et/no/such"), *ungranted = alert_to(world, POLICE, STRANGER);
    struct letter *auditor = alert_to(world, POLICE, AUDITOR);
    refused(world, unknown, REASON_NOT_PERMITTED, "recipients[0].unit");
    refused(world, ungranted, REASON_NOT_PERMITTED, "recipients[0].unit");
    refused(world, auditor, REASON_NOT_PERMITTED, "recipients[0].unit");
    assert_string_equal(unknown->submission.work.detail.text, ungranted->submission.work.detail.text);
    assert_string_equal(unknown->submission.work.detail.text, auditor->submission.work.detail.text);
}

static void a_stranger_among_the_recipients_stops_the_whole(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, STRANGER, COPY);
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void purpose_protection_goes_only_to_protection_units(void **state)
{
    struct world *world = *state;
    struct letter *wrong = alert_to(world, POLICE, POST), *right = alert_to(world, POLICE, SHELTER);
    wrong->header.purpose = right->header.purpose = AMANA__V1__PURPOSE__CODE__PROTECTION;
    refused(world, wrong, REASON_PURPOSE_MISMATCH, "recipients[0].unit");
    accepted(world, right);
}

static void return_needs_consent(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    refused(world, alert, REASON_CONSENT_REQUIRED, "consent");
    struct letter *agreed = alert_to(world, POLICE, POST);
    agreed->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    agreed->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    accepted(world, agreed);
}

// --- Rule 3
static struct letter *child_alert(struct world *world, const char *from, const char *to)
{
    struct letter *alert = alert_to(world, from, to);
    alert->flags.child = true;
    return alert;
}

static void a_referral_needs_consent(void **state)
{
    struct world *world = *state;
    char *kenya[] = {(char *)"ke/*/*"};
    world_grant(world, POLICE, "unit", kenya, 1);
    for (unsigned asked = 0; asked < 2; asked++) {
        struct letter *referral = letter_new(world, POLICE, KIND(REFERRAL));
        letter_to(world, referral, CHILD_DESK, ACTION);
        referral->header.consent = asked ? AMANA__V1__CONSENT__CODE__GUARDIAN : AMANA__V1__CONSENT__CODE__NOT_ASKED;
        if (asked)
            accepted(world, referral);
        else
            refused(world, referral, REASON_CONSENT_REQUIRED, "consent");
    }
}

static void rule_3_a_child_needs_the_protection_unit_of_the_senders_country(void **state)
{
    struct world *world = *state;
    struct letter *without = child_alert(world, POLICE, POST), *with = child_alert(world, POLICE, POST);
    refused(world, without, REASON_CHILD_NEEDS_PROTECTION_UNIT, "recipients");
    letter_to(world, with, CHILD_DESK, COPY); // POLICE has no grant towards it
    accepted(world, with);
}

static void rule_3_another_countrys_protection_unit_is_not_enough(void **state)
{
    struct world *world = *state;
    struct letter *alert = child_alert(world, POLICE, POST);
    letter_to(world, alert, SHELTER, COPY);
    refused(world, alert, REASON_CHILD_NEEDS_PROTECTION_UNIT, "recipients");
}

static void rule_3_the_protection_unit_itself_may_send(void **state)
{
    struct world *world = *state;
    struct letter *alert = child_alert(world, CHILD_DESK, POST);
    alert->header.case_ref = (char *)"ke/dcs/2026/1";
    accepted(world, alert);
}

static void rule_3_opens_no_way_where_no_child_is_concerned(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, CHILD_DESK, COPY);
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void rule_3_a_country_without_one_sends_u1_and_u2_with_an_alarm(void **state)
{
    struct world *world = *state;
    struct letter *urgent = child_alert(world, LONELY, POLICE), *routine = child_alert(world, LONELY, POLICE);
    urgent->header.case_ref = routine->header.case_ref = (char *)"so/police/2026/7";
    accepted(world, urgent);
    assert_int_equal(last_entry(world)->kind, AMANA__V1__ENTRY_KIND__CODE__ALARM);
    assert_int_equal(last_entry(world)->class, JOURNAL_CLASS_HUB);
    assert_int_equal(world->model.n, 2);
    routine->header.urgency = AMANA__V1__URGENCY__CODE__U3;
    routine->header.urgency_reason = 0;
    refused(world, routine, REASON_CHILD_NEEDS_PROTECTION_UNIT, "recipients");
}

// Else nothing about a child could leave that country, whatever the danger.
static void rule_3_a_protection_unit_that_is_no_member_is_as_none(void **state)
{
    struct world *world = *state;
    remove_member(world, CHILD_DESK);
    struct letter *with = child_alert(world, POLICE, POST), *urgent = child_alert(world, POLICE, POST),
                  *routine = child_alert(world, POLICE, POST);
    letter_to(world, with, CHILD_DESK, COPY);
    refused(world, with, REASON_NOT_PERMITTED, "recipients[1].unit");
    accepted(world, urgent);
    assert_int_equal(last_entry(world)->kind, AMANA__V1__ENTRY_KIND__CODE__ALARM);
    routine->header.urgency = AMANA__V1__URGENCY__CODE__U3;
    routine->header.urgency_reason = 0;
    refused(world, routine, REASON_CHILD_NEEDS_PROTECTION_UNIT, "recipients");
}

static void rule_3_a_closed_protection_units_successor_takes_its_place(void **state)
{
    struct world *world = *state;
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    record.unit = (char *)CHILD_DESK;
    record.said = &said;
    said.role = (char *)"protection";
    said.successor = (char *)SHELTER;
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
    struct letter *without = child_alert(world, POLICE, POST), *with = child_alert(world, POLICE, POST);
    refused(world, without, REASON_CHILD_NEEDS_PROTECTION_UNIT, "recipients");
    assert_non_null(strstr(without->submission.work.detail.text, SHELTER));
    letter_to(world, with, SHELTER, COPY);
    accepted(world, with);
    said.successor = (char *)POST; // which protects nobody
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
    accepted(world, child_alert(world, POLICE, POST));
    assert_int_equal(last_entry(world)->kind, AMANA__V1__ENTRY_KIND__CODE__ALARM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(no_receipt_before_the_entry_has_come_back),
        HUB_TEST(an_accepted_alert_is_one_entry_with_all_that_belongs_to_it),
        HUB_TEST(each_device_of_each_recipient_gets_mail_and_the_senders_others_a_copy),
        HUB_TEST(each_of_many_devices_gets_mail_and_is_woken),
        HUB_TEST(an_alert_is_an_entry_of_all_who_send_and_get_it),
        HUB_TEST(a_header_that_is_none_is_refused_and_on_record),
        HUB_TEST(delivered_is_what_the_entry_says_at_once),
        HUB_TEST(it_may_be_erased_a_year_after_the_entry_or_thirty_days_after_retention),
        HUB_TEST(times_of_entries_never_decrease),
        HUB_TEST(a_duplicate_gets_the_original_receipt),
        HUB_TEST(a_duplicate_gets_it_whatever_the_verdict_would_be_now),
        HUB_TEST(two_copies_in_flight_become_one_entry_with_one_receipt),
        HUB_TEST(a_copy_in_flight_is_not_refused_for_what_changed_meanwhile),
        HUB_TEST(a_copy_of_what_was_refused_is_judged_for_itself),
        HUB_TEST(an_id_that_the_keeper_knows_already_is_looked_up_again),
        HUB_TEST(the_same_id_with_other_bytes_is_refused),
        HUB_TEST(another_device_may_use_the_same_id),
        HUB_TEST(a_sender_who_is_not_the_certificate_is_refused_before_anything_else),
        HUB_TEST(another_device_of_the_unit_is_not_the_certificate),
        HUB_TEST(an_auditor_sends_nothing),
        HUB_TEST(an_officer_who_is_on_no_roster_is_refused),
        HUB_TEST(a_device_that_left_the_roster_is_refused),
        HUB_TEST(without_a_grant_nothing_goes_through),
        HUB_TEST(a_note_to_ones_own_unit_needs_no_grant),
        HUB_TEST(one_answer_for_no_such_unit_and_no_grant),
        HUB_TEST(a_stranger_among_the_recipients_stops_the_whole),
        HUB_TEST(purpose_protection_goes_only_to_protection_units),
        HUB_TEST(return_needs_consent),
        HUB_TEST(a_referral_needs_consent),
        HUB_TEST(rule_3_a_child_needs_the_protection_unit_of_the_senders_country),
        HUB_TEST(rule_3_another_countrys_protection_unit_is_not_enough),
        HUB_TEST(rule_3_the_protection_unit_itself_may_send),
        HUB_TEST(rule_3_opens_no_way_where_no_child_is_concerned),
        HUB_TEST(rule_3_a_country_without_one_sends_u1_and_u2_with_an_alarm),
        HUB_TEST(rule_3_a_protection_unit_that_is_no_member_is_as_none),
        HUB_TEST(rule_3_a_closed_protection_units_successor_takes_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
