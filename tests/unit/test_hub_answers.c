// SPDX-License-Identifier: Apache-2.0
// The birth of an alert's lives and what answers it: who may acknowledge, to whom, and what an answer carries.
#include "tests/unit/hub_expect.h"

static struct letter *ack(struct world *world, const struct letter *answered, const struct letter *root)
{
    return world_answer(world, POST, KIND(ACK), answered, root);
}

static void lives_as(struct world *world, const struct letter *root, const char *unit, uint8_t life)
{
    const struct journal_life *row = model_life(&world->model, root->seq, unit);
    assert_non_null(row);
    assert_string_equal(life_state_name(row->state), life_state_name(life));
}

// --- Birth
static void an_alert_begins_one_life_for_each_recipient_who_shall_act(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    assert_int_equal(life->state, LIFE(NEW));
    assert_int_equal(life->state_at, world->now);
    assert_int_equal(life->clock_seq, alert->seq);
    assert_int_equal(life->ack_due, world->now + 15 * MINUTE_NS);
    assert_int_equal(life->answer_due, 0);
    assert_string_equal(life->officer, "");
    assert_null(model_life(&world->model, alert->seq, SHELTER)); // a COPY
}

static void its_clock_is_that_of_its_urgency(void **state)
{
    struct world *world = *state;
    static const uint64_t DUE[] = {0, 15 * MINUTE_NS, HOUR_NS, 4 * HOUR_NS, 24 * HOUR_NS};
    for (int urgency = 1; urgency <= 4; urgency++) {
        struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
        letter_to(world, alert, POST, ACTION);
        alert->header.urgency = (Amana__V1__Urgency__Code)urgency;
        if (urgency > 2)
            alert->header.urgency_reason = 0;
        accepted(world, alert);
        assert_int_equal(model_life(&world->model, alert->seq, POST)->ack_due, world->now + DUE[urgency]);
    }
}

static void its_chain_begins_with_itself(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    const struct model_message *root = model_message_at(&world->model, alert->seq);
    assert_true(root->has_chain);
    assert_int_equal(root->chain.newest, alert->seq);
    assert_int_equal(root->chain.clock, alert->seq);
    assert_int_equal(root->chain.valid_until, world->now + 2 * DAY_NS);
    assert_int_equal(root->chain.urgency, 1);
    assert_false(root->chain.cancelled);
}

// --- ACK
static void an_ack_moves_the_life_and_names_the_officer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer;
    world->now += 3 * MINUTE_NS;
    answer = ack(world, alert, alert);
    accepted(world, answer);
    const struct journal_life *life = model_life(&world->model, alert->seq, POST);
    assert_int_equal(life->state, LIFE(ACKNOWLEDGED));
    assert_int_equal(life->state_at, world->now);
    assert_string_equal(life->officer, "amana://" POST "/officer/o1");
    assert_int_equal(life->ack_due, WORLD_START + 15 * MINUTE_NS);
}

static void the_entry_of_an_answer_names_the_move(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    accepted(world, answer);
    const Amana__V1__SubmittedEntry *entry = world->model.entries[answer->seq].content->submitted;
    assert_int_equal(entry->n_moves, 1);
    assert_string_equal(entry->moves[0]->root->id, alert->header.id);
    assert_memory_equal(entry->moves[0]->root->header_digest.data, alert->submission.header_digest, 32);
    assert_string_equal(entry->moves[0]->recipient, POST);
    assert_int_equal(entry->moves[0]->from, LIFE(NEW));
    assert_int_equal(entry->moves[0]->to, LIFE(ACKNOWLEDGED));
    assert_int_equal(model_message_at(&world->model, answer->seq)->root, alert->seq);
}

static void a_later_ack_names_a_new_officer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *second = ack(world, alert, alert);
    accepted(world, ack(world, alert, alert));
    second->header.officer = (char *)"amana://" POST "/officer/o2";
    accepted(world, second);
    lives_as(world, alert, POST, LIFE(ACKNOWLEDGED));
    assert_string_equal(model_life(&world->model, alert->seq, POST)->officer, "amana://" POST "/officer/o2");
}

static void an_answer_needs_no_grant_towards_those_it_answers(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    letter_to(world, answer, SHELTER, COPY); // POST has a grant towards POLICE alone
    accepted(world, answer);
}

static void a_hit_on_a_child_needs_none_towards_who_protects_where_it_was_found(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST), *hit;
    accepted(world, alert);
    hit = world_answer(world, POST, KIND(HIT), alert, alert);
    letter_to(world, hit, CHILD_DESK, COPY); // POST has a grant towards POLICE alone
    refused(world, hit, REASON_NOT_PERMITTED, "recipients[1].unit");
    hit = world_answer(world, POST, KIND(HIT), alert, alert);
    letter_to(world, hit, SHELTER, COPY);
    letter_to(world, hit, CHILD_DESK, COPY);
    hit->flags.child = true;
    accepted(world, hit);
}

static void an_answer_needs_a_grant_towards_others(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    letter_to(world, answer, LONELY, COPY);
    refused(world, answer, REASON_NOT_PERMITTED, "recipients[1].unit");
}

static void no_purpose_stands_in_the_way_of_an_answer(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, alert, SHELTER, ACTION);
    alert->header.purpose = AMANA__V1__PURPOSE__CODE__PROTECTION;
    accepted(world, alert);
    accepted(world, world_answer(world, SHELTER, KIND(ACK), alert, alert)); // back to police
}

static void an_answer_goes_back_to_the_one_it_answers(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = letter_new(world, POST, KIND(ACK));
    letter_answers(answer, alert, alert);
    letter_to(world, answer, SHELTER, COPY);
    refused(world, answer, REASON_FIELD_INVALID, "recipients");
}

static void who_has_a_copy_does_not_acknowledge(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, world_answer(world, SHELTER, KIND(ACK), alert, alert), REASON_NOT_PERMITTED, "in_reply_to");
}

static void who_has_no_part_in_it_answers_as_if_it_were_not_there(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = world_answer(world, CHILD_DESK, KIND(ACK), alert, alert);
    refused(world, other, REASON_NOT_PERMITTED, "in_reply_to");
    struct letter *none = world_answer(world, CHILD_DESK, KIND(ACK), alert, alert);
    none->in_reply_to.id = (char *)"01936f3a-7c4e-7d2b-8a51-0000000eeeee";
    refused(world, none, REASON_NOT_PERMITTED, "in_reply_to");
    assert_string_equal(other->submission.work.detail.text, none->submission.work.detail.text);
}

static void the_originator_does_not_acknowledge_its_own_alert(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, world_answer(world, POLICE, KIND(ACK), alert, alert), REASON_NOT_PERMITTED, "in_reply_to");
}

static void an_ack_of_an_ack_is_no_answer(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer = ack(world, alert, alert);
    accepted(world, answer);
    struct letter *again = world_answer(world, POLICE, KIND(ACK), answer, alert);
    refused(world, again, REASON_FIELD_INVALID, "in_reply_to");
}

static void an_answer_carries_what_its_root_says(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *answer;
    answer = ack(world, alert, alert);
    answer->header.status = AMANA__V1__STATUS__CODE__EXERCISE;
    refused(world, answer, REASON_FIELD_INVALID, "status");
    answer = ack(world, alert, alert);
    answer->header.case_ref = (char *)"ke/dci/2026/9";
    refused(world, answer, REASON_FIELD_INVALID, "case_ref");
    answer = ack(world, alert, alert);
    answer->header.purpose = AMANA__V1__PURPOSE__CODE__PROSECUTION;
    refused(world, answer, REASON_PURPOSE_MISMATCH, "purpose");
    answer = ack(world, alert, alert);
    answer->header.legal_basis = AMANA__V1__LEGAL_BASIS__CODE__PALERMO_PROTOCOL;
    refused(world, answer, REASON_FIELD_INVALID, "legal_basis");
    answer = ack(world, alert, alert);
    answer->retain_until.seconds++;
    refused(world, answer, REASON_FIELD_INVALID, "retain_until");
    assert_string_equal(answer->submission.work.detail.text,
                        "must be 2027-04-15T08:00:00Z, which the message answered has: an answer carries it on");
    answer = ack(world, alert, alert);
    answer->header.classification = AMANA__V1__CLASSIFICATION__CODE__BASIC;
    refused(world, answer, REASON_FIELD_INVALID, "classification");
    lives_as(world, alert, POST, LIFE(NEW));
}

// --- About a return
static struct letter *asked_about_return(struct world *world)
{
    struct letter *asked = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, asked, POST, ACTION);
    asked->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    asked->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
    accepted(world, asked);
    return asked;
}

// Says whether the person has asked for protection, and whether it agrees.
static struct letter *on_return(struct world *world, unsigned kind, const struct letter *asked, unsigned protection,
                                unsigned consent)
{
    struct letter *letter = letter_new(world, POST, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, asked, asked);
    letter->flags.protection = (Amana__V1__Protection__Code)protection;
    letter->header.consent = (Amana__V1__Consent__Code)consent;
    if (protection != AMANA__V1__PROTECTION__CODE__NO) {
        static char *ERITREA[] = {(char *)"er"};
        letter->flags.never_tell = ERITREA;
        letter->flags.n_never_tell = 1;
    }
    return letter;
}

static void an_answer_about_a_return_that_goes_further_asks_for_it_anew(void **state)
{
    struct world *world = *state;
    static const unsigned KINDS[] = {KIND(REQUEST), KIND(NOTE)};
    const unsigned no = AMANA__V1__PROTECTION__CODE__NO, unknown = AMANA__V1__PROTECTION__CODE__UNKNOWN,
                   given = AMANA__V1__CONSENT__CODE__GIVEN;
    char *parties[] = {(char *)"ke/*/*", (char *)STRANGER};
    world_grant(world, POST, "unit", parties, 2);
    struct letter *asked = asked_about_return(world);
    for (size_t i = 0; i < AM_LEN(KINDS); i++)
        for (unsigned way = 0; way < 4; way++) {
            struct letter *letter = on_return(world, KINDS[i], asked, way == 1 ? unknown : no, way == 2 ? given : 0);
            letter_to(world, letter, POLICE, ACTION);
            if (way < 3)
                letter_to(world, letter, STRANGER, COPY);
            if (way == 0)
                refused(world, letter, REASON_CONSENT_REQUIRED, "consent");
            else if (way == 1)
                refused(world, letter, REASON_PURPOSE_MISMATCH, "purpose");
            else
                accepted(world, letter);
        }
}

static void what_answers_about_a_return_goes_to_who_protects_at_home_and_to_the_own_unit(void **state)
{
    struct world *world = *state;
    static const char *const TO[] = {SHELTER, POST};
    const unsigned yes = AMANA__V1__PROTECTION__CODE__YES;
    char *parties[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    world_grant(world, POST, "unit", parties, 2);
    struct letter *asked = asked_about_return(world);
    for (size_t i = 0; i < AM_LEN(TO); i++) {
        struct letter *note = on_return(world, KIND(NOTE), asked, yes, 0);
        letter_to(world, note, TO[i], ACTION);
        accepted(world, note);
    }
    // who protects abroad has it no more than others do
    struct letter *abroad = on_return(world, KIND(NOTE), asked, yes, 0);
    letter_to(world, abroad, CHILD_DESK, ACTION);
    refused(world, abroad, REASON_PURPOSE_MISMATCH, "purpose");
}

static void nothing_about_a_return_goes_further_in_a_case_that_is_kept_from_a_state(void **state)
{
    struct world *world = *state;
    char *parties[] = {(char *)"ke/*/*", (char *)STRANGER};
    world_grant(world, POST, "unit", parties, 2);
    struct letter *asked = asked_about_return(world);
    struct letter *fears = on_return(world, KIND(NOTE), asked, AMANA__V1__PROTECTION__CODE__YES, 0);
    letter_to(world, fears, POLICE, ACTION);
    accepted(world, fears);
    for (unsigned further = 0; further < 2; further++) {
        struct letter *note =
            on_return(world, KIND(NOTE), asked, AMANA__V1__PROTECTION__CODE__NO, AMANA__V1__CONSENT__CODE__GIVEN);
        letter_to(world, note, POLICE, ACTION);
        if (further == 0)
            accepted(world, note);
        else {
            letter_to(world, note, STRANGER, COPY);
            refused(world, note, REASON_PURPOSE_MISMATCH, "purpose");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_alert_begins_one_life_for_each_recipient_who_shall_act),
        HUB_TEST(its_clock_is_that_of_its_urgency),
        HUB_TEST(its_chain_begins_with_itself),
        HUB_TEST(an_ack_moves_the_life_and_names_the_officer),
        HUB_TEST(the_entry_of_an_answer_names_the_move),
        HUB_TEST(a_later_ack_names_a_new_officer),
        HUB_TEST(an_answer_needs_no_grant_towards_those_it_answers),
        HUB_TEST(a_hit_on_a_child_needs_none_towards_who_protects_where_it_was_found),
        HUB_TEST(an_answer_needs_a_grant_towards_others),
        HUB_TEST(no_purpose_stands_in_the_way_of_an_answer),
        HUB_TEST(an_answer_goes_back_to_the_one_it_answers),
        HUB_TEST(who_has_a_copy_does_not_acknowledge),
        HUB_TEST(who_has_no_part_in_it_answers_as_if_it_were_not_there),
        HUB_TEST(the_originator_does_not_acknowledge_its_own_alert),
        HUB_TEST(an_ack_of_an_ack_is_no_answer),
        HUB_TEST(an_answer_carries_what_its_root_says),
        HUB_TEST(an_answer_about_a_return_that_goes_further_asks_for_it_anew),
        HUB_TEST(what_answers_about_a_return_goes_to_who_protects_at_home_and_to_the_own_unit),
        HUB_TEST(nothing_about_a_return_goes_further_in_a_case_that_is_kept_from_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
