// SPDX-License-Identifier: Apache-2.0
// What policy sets beyond the grants: ceilings, retention, quotas, whom purpose PROTECTION may go to, and its entry.
#include "tests/unit/hub_expect.h"

#include <bsd/string.h>

static struct policy *policy_new(void)
{
    struct policy *policy = calloc(1, sizeof *policy);
    policy->ceilings = calloc(2, sizeof *policy->ceilings);
    policy->quotas = calloc(2, sizeof *policy->quotas);
    policy->protects = calloc(2, sizeof *policy->protects);
    return policy;
}

static struct policy *ceiling_of(const char *party, Amana__V1__Classification__Code code)
{
    struct policy *policy = policy_new();
    policy->n_ceilings = 1;
    (void)strlcpy(policy->ceilings[0].party, party, sizeof policy->ceilings[0].party);
    policy->ceilings[0].classification = code;
    return policy;
}

static void nothing_above_its_ceiling_goes_from_a_unit(void **state)
{
    struct world *world = *state;
    hub_set_policy(world->hub, ceiling_of("ke/dci/*", AMANA__V1__CLASSIFICATION__CODE__BASIC));
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    refused(world, alert, REASON_CLASSIFICATION_ABOVE_CEILING, "classification");
    alert = alert_to(world, POLICE, POST);
    alert->header.classification = AMANA__V1__CLASSIFICATION__CODE__BASIC;
    accepted(world, alert);
}

static void nothing_above_its_ceiling_goes_to_a_unit(void **state)
{
    struct world *world = *state;
    hub_set_policy(world->hub, ceiling_of(POST, AMANA__V1__CLASSIFICATION__CODE__BASIC));
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    refused(world, alert, REASON_CLASSIFICATION_ABOVE_CEILING, "classification");
}

static void a_ceiling_betrays_no_unit_that_one_may_not_write_to(void **state)
{
    struct world *world = *state;
    hub_set_policy(world->hub, ceiling_of(STRANGER, AMANA__V1__CLASSIFICATION__CODE__BASIC));
    struct letter *alert = alert_to(world, POLICE, STRANGER);
    alert->header.classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    refused(world, alert, REASON_NOT_PERMITTED, "recipients[0].unit");
}

static void an_answer_too_stays_below_the_ceiling(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct letter *ack = world_answer(world, POST, KIND(ACK), alert, alert);
    hub_set_policy(world->hub, ceiling_of(POLICE, AMANA__V1__CLASSIFICATION__CODE__BASIC));
    ack->header.classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    refused(world, ack, REASON_CLASSIFICATION_ABOVE_CEILING, "classification");
}

static void policy_says_how_long_a_kind_is_kept(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    policy->retention_days[KIND(ALERT)] = 10;
    hub_set_policy(world->hub, policy);
    struct letter *edge = alert_to(world, POLICE, POST), *past = alert_to(world, POLICE, POST);
    edge->valid_until.seconds = edge->written_at.seconds + 86400;
    edge->retain_until.seconds = edge->written_at.seconds + 10 * 86400;
    accepted(world, edge);
    past->valid_until = edge->valid_until;
    past->retain_until.seconds = past->written_at.seconds + 10 * 86400 + 1;
    refused(world, past, REASON_RETENTION_TOO_LONG, "retain_until");
}

static void policy_may_keep_a_kind_longer_than_its_own_ceiling(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->retain_until.seconds = alert->written_at.seconds + 1200ll * 86400;
    refused(world, alert, REASON_RETENTION_TOO_LONG, "retain_until");
    policy->retention_days[KIND(ALERT)] = 1200;
    hub_set_policy(world->hub, policy);
    alert = alert_to(world, POLICE, POST);
    alert->retain_until.seconds = alert->written_at.seconds + 1200ll * 86400;
    accepted(world, alert);
}

static void a_quota_of_policy_counts_for_its_units_alone(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    policy->n_quotas = 1;
    (void)strlcpy(policy->quotas[0].party, POLICE, sizeof policy->quotas[0].party);
    policy->quotas[0].in_flight = 1;
    hub_set_policy(world->hub, policy);
    struct letter *first = alert_to(world, POLICE, POST), *second = alert_to(world, POLICE, POST);
    letter_arrive(world, first);
    assert_int_equal(letter_send(world, second), REASON_BUSY);
    assert_int_equal(first->replies, 1);
    struct letter *others = alert_to(world, COLLEAGUES, POST), *more = alert_to(world, COLLEAGUES, POST);
    letter_arrive(world, others);
    assert_int_not_equal(letter_send(world, more), REASON_BUSY);
}

static void requests_past_those_a_second_of_policy_come_again_when_it_is_their_turn(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    policy->n_quotas = 1;
    (void)strlcpy(policy->quotas[0].party, POLICE, sizeof policy->quotas[0].party);
    policy->quotas[0].requests_per_s = 2;
    hub_set_policy(world->hub, policy);
    world->monotonic += NS_PER_S; // what it had before is no more than its share
    for (unsigned round = 0; round < 2; round++) {
        struct letter *third = alert_to(world, POLICE, POST);
        accepted(world, alert_to(world, POLICE, POST));
        accepted(world, alert_to(world, POLICE, POST));
        world->monotonic += NS_PER_S / 8;
        assert_int_equal(letter_send(world, third), REASON_QUOTA);
        assert_non_null(strstr(third->submission.work.detail.text, "2 messages a second"));
        uint64_t wait = third->submission.work.retry_ns;
        assert_in_range(wait, NS_PER_S * 3 / 8, NS_PER_S * 3 / 8 + 2);
        world->monotonic += wait - 2;
        assert_int_equal(letter_send(world, letter_again(world, third)), REASON_QUOTA);
        world->monotonic += 2;
        accepted(world, letter_again(world, third));
        world->monotonic += 10 * NS_PER_S;
    }
    for (unsigned i = 0; i < 3; i++) // others have theirs
        accepted(world, alert_to(world, POST, POLICE));
}

static void purpose_protection_goes_also_to_whom_policy_names(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.purpose = AMANA__V1__PURPOSE__CODE__PROTECTION;
    refused(world, alert, REASON_PURPOSE_MISMATCH, "recipients[0].unit");
    policy->n_protects = 1;
    (void)strlcpy(policy->protects[0].party, "et/ics/*", sizeof policy->protects[0].party);
    hub_set_policy(world->hub, policy);
    alert = alert_to(world, POLICE, POST);
    alert->header.purpose = AMANA__V1__PURPOSE__CODE__PROTECTION;
    accepted(world, alert);
}

static void close_unit(struct world *world, const char *unit, const char *successor)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    record.unit = (char *)unit;
    record.said = &said;
    said.role = (char *)"unit";
    said.successor = (char *)successor;
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
}

static void new_mail_to_a_closed_unit_is_refused_with_its_successor_and_answers_still_go_to_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    close_unit(world, POST, "et/ics/galafi");
    struct letter *more = alert_to(world, POLICE, POST);
    refused(world, more, REASON_RECIPIENT_CLOSED, "recipients[0].unit");
    assert_string_equal(more->submission.work.successor, "et/ics/galafi");
    close_unit(world, POST, "");
    accepted(world, alert_to(world, POLICE, POST));
    close_unit(world, POLICE, COLLEAGUES);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
}

static void only_whom_a_grant_allows_learns_that_a_unit_is_closed(void **state)
{
    struct world *world = *state;
    close_unit(world, STRANGER, POST);
    refused(world, alert_to(world, POLICE, STRANGER), REASON_NOT_PERMITTED, "recipients[0].unit");
}

static struct letter *reference_to(struct world *world, const struct letter *before, Amana__V1__Purpose__Code purpose)
{
    struct letter *alert = alert_to(world, POLICE, SHELTER);
    Amana__V1__Pointer **list = arena_array(&world->arena, 1, sizeof *list), *pointer;
    pointer = list[0] = arena_alloc(&world->arena, sizeof *pointer);
    amana__v1__pointer__init(pointer);
    pointer->id = before->header.id;
    pointer->header_digest = (ProtobufCBinaryData){32, (uint8_t *)before->submission.header_digest};
    alert->header.references = list;
    alert->header.n_references = 1;
    alert->header.purpose = purpose;
    return alert;
}

static void what_references_a_message_keeps_its_purpose_or_protects_or_policy_lets_it(void **state)
{
    struct world *world = *state;
    struct policy *policy = policy_new();
    struct letter *first = world_alert(world);
    assert_int_equal(first->header.purpose, AMANA__V1__PURPOSE__CODE__INVESTIGATION);
    accepted(world, reference_to(world, first, AMANA__V1__PURPOSE__CODE__INVESTIGATION));
    accepted(world, reference_to(world, first, AMANA__V1__PURPOSE__CODE__PROTECTION));
    refused(world, reference_to(world, first, AMANA__V1__PURPOSE__CODE__PROSECUTION), REASON_PURPOSE_MISMATCH,
            "purpose");
    policy->purpose_changes[AMANA__V1__PURPOSE__CODE__INVESTIGATION] = 1u << AMANA__V1__PURPOSE__CODE__PROSECUTION;
    hub_set_policy(world->hub, policy);
    accepted(world, reference_to(world, first, AMANA__V1__PURPOSE__CODE__PROSECUTION));
    refused(world, reference_to(world, first, AMANA__V1__PURPOSE__CODE__BORDER_CONTROL), REASON_PURPOSE_MISMATCH,
            "purpose");
}

static void a_policy_that_changes_during_the_check_is_judged_anew(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    letter_arrive(world, alert);
    hub_set_policy(world->hub, ceiling_of(POST, AMANA__V1__CLASSIFICATION__CODE__BASIC));
    world_pump(world);
    assert_int_equal(alert->submission.work.reason, REASON_CLASSIFICATION_ABOVE_CEILING);
}

static void a_change_of_policy_is_an_entry_with_both_digests(void **state)
{
    struct world *world = *state;
    static const uint8_t BEFORE[32] = {6}, AFTER[32] = {7};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_POLICY, .digests = {BEFORE, AFTER}});
    world_pump(world);
    assert_int_equal(last_entry(world)->kind, ENTRY(POLICY));
    const Amana__V1__PolicyEntry *entry = last_entry(world)->content->policy;
    assert_int_equal(entry->before.len + entry->after.len, 64);
    assert_memory_equal(entry->before.data, BEFORE, 32);
    assert_memory_equal(entry->after.data, AFTER, 32);
    assert_int_equal(world->model.records[world->model.n_records - 1].value.len, 32);
    assert_int_equal(world->model.records[world->model.n_records - 1].kind, JOURNAL_RECORD_POLICY);
    assert_memory_equal(world->model.records[world->model.n_records - 1].value.data, AFTER, 32);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_POLICY, .digests = {AFTER, NULL}});
    world_pump(world);
    assert_int_equal(world->model.records[world->model.n_records - 1].value.len, 0);
    assert_int_equal(last_entry(world)->content->policy->after.len, 0);
}

static void a_change_of_the_trust_list_is_an_entry_with_both_digests(void **state)
{
    struct world *world = *state;
    static const uint8_t AFTER[32] = {7};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {NULL, AFTER}});
    world_pump(world);
    assert_int_equal(last_entry(world)->kind, ENTRY(TRUST));
    const Amana__V1__TrustEntry *entry = last_entry(world)->content->trust;
    assert_int_equal(entry->before.len, 0);
    assert_int_equal(entry->after.len, 32);
    assert_memory_equal(entry->after.data, AFTER, 32);
    assert_int_equal(world->model.records[world->model.n_records - 1].kind, JOURNAL_RECORD_TRUST);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {AFTER, AFTER}});
    world_pump(world);
    assert_memory_equal(last_entry(world)->content->trust->before.data, AFTER, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(nothing_above_its_ceiling_goes_from_a_unit),
        HUB_TEST(nothing_above_its_ceiling_goes_to_a_unit),
        HUB_TEST(a_ceiling_betrays_no_unit_that_one_may_not_write_to),
        HUB_TEST(an_answer_too_stays_below_the_ceiling),
        HUB_TEST(policy_says_how_long_a_kind_is_kept),
        HUB_TEST(policy_may_keep_a_kind_longer_than_its_own_ceiling),
        HUB_TEST(a_quota_of_policy_counts_for_its_units_alone),
        HUB_TEST(requests_past_those_a_second_of_policy_come_again_when_it_is_their_turn),
        HUB_TEST(purpose_protection_goes_also_to_whom_policy_names),
        HUB_TEST(new_mail_to_a_closed_unit_is_refused_with_its_successor_and_answers_still_go_to_it),
        HUB_TEST(only_whom_a_grant_allows_learns_that_a_unit_is_closed),
        HUB_TEST(what_references_a_message_keeps_its_purpose_or_protects_or_policy_lets_it),
        HUB_TEST(a_policy_that_changes_during_the_check_is_judged_anew),
        HUB_TEST(a_change_of_policy_is_an_entry_with_both_digests),
        HUB_TEST(a_change_of_the_trust_list_is_an_entry_with_both_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
