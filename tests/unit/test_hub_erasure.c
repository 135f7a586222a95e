// SPDX-License-Identifier: Apache-2.0
// Erasure on a person's word: who may order it, who confirms it, and what a data protection office does.
#include "proto/codec/timestamp.h"
#include "tests/unit/hub_expect.h"
#include "tests/unit/hub_orders.h"

static void an_erasure_destroys_the_body_and_its_entry_says_on_whose_word(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *erasure = order(world, POLICE, KIND(ERASURE), alert);
    accepted(world, erasure);
    assert_true(erased(world, alert));
    assert_false(erased(world, erasure));
    const struct model_entry *entry = last_entry(world);
    assert_int_equal(entry->kind, ENTRY(ERASED));
    assert_int_equal(entry->class, JOURNAL_CLASS_HUB);
    assert_int_equal(entry->content->erased->n_bodies, 1);
    assert_int_equal(entry->content->erased->bodies[0]->seq, alert->seq);
    assert_string_equal(entry->content->erased->bodies[0]->message->id, alert->header.id);
    assert_string_equal(entry->content->erased->by->id, erasure->header.id);
    assert_string_equal(entry->content->erased->officer, erasure->header.officer);
    assert_int_equal(entry->of, erasure->seq);
    is_about(entry, alert);
    const struct journal_life *life = model_life(&world->model, erasure->seq, SHELTER);
    assert_int_equal(life->state, LIFE(OPEN)); // who had a copy is asked too
    assert_int_equal(life->answer_due, world->now + 7 * DAY_NS);
}

static void an_erasure_of_what_is_erased_destroys_nothing_and_says_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    accepted(world, order(world, POLICE, KIND(ERASURE), alert));
    accepted(world, order(world, POLICE, KIND(ERASURE), alert));
    assert_int_equal(last_entry(world)->kind, ENTRY(SUBMITTED));
}

static void what_is_erased_already_is_in_no_second_entry(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(next, alert);
    accepted(world, next);
    accepted(world, order(world, POLICE, KIND(ERASURE), alert));
    struct letter *both = order(world, POLICE, KIND(ERASURE), next);
    letter_refers(both, alert);
    accepted(world, both);
    assert_int_equal(last_entry(world)->content->erased->n_bodies, 1);
    assert_int_equal(last_entry(world)->content->erased->bodies[0]->seq, next->seq);
    assert_true(erased(world, next));
}

static void an_erasure_goes_to_all_who_have_it_and_they_all_must_act(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *fewer = order(world, POLICE, KIND(ERASURE), alert);
    fewer->header.n_recipients = 1;
    refused(world, fewer, REASON_FIELD_INVALID, "recipients");
    struct letter *copied = order(world, POLICE, KIND(ERASURE), alert);
    copied->recipients[1]->part = COPY;
    refused(world, copied, REASON_FIELD_INVALID, "recipients");
    assert_false(erased(world, alert));
}

static void a_holder_that_is_a_member_no_more_keeps_it_at_nobody_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *erasure;
    remove_member(world, POST);
    refused(world, order(world, POLICE, KIND(ERASURE), alert), REASON_NOT_PERMITTED, "recipients[0].unit");
    erasure = letter_new(world, POLICE, KIND(ERASURE));
    letter_answers(erasure, alert, alert);
    letter_to(world, erasure, SHELTER, ACTION);
    accepted(world, erasure);
    assert_true(erased(world, alert));
}

static void only_the_sender(struct letter *letter)
{
    letter->header.n_recipients = 1;
    letter->recipients[0]->unit = letter->sender.unit;
    letter->recipients[0]->roster = letter->sender.roster;
}

// What a court keeps, what was wrong and what must go is so at the hub whoever has gone; and the order to itself asks
// its sender for nothing, now or in seven days.
static void where_no_holder_can_be_told_an_order_goes_to_its_senders_own_unit(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *erasure = order(world, POLICE, KIND(ERASURE), alert), *correction;
    only_the_sender(erasure);
    refused(world, erasure, REASON_FIELD_INVALID, "recipients"); // there are some who can
    remove_member(world, POST);
    remove_member(world, SHELTER);
    struct letter *kept = hold(world, POLICE, alert, world->now + DAY_NS);
    only_the_sender(kept);
    accepted(world, kept);
    correction = order(world, POLICE, KIND(CORRECTION), alert);
    only_the_sender(correction);
    accepted(world, correction);
    assert_null(model_life(&world->model, correction->seq, POLICE));
    world->now += DAY_NS;
    erasure = order(world, POLICE, KIND(ERASURE), alert);
    only_the_sender(erasure);
    accepted(world, erasure);
    assert_true(erased(world, alert));
    assert_null(model_life(&world->model, erasure->seq, POLICE));
    struct letter *done = world_answer(world, POLICE, KIND(CONFIRM), erasure, erasure);
    done->header.outcome = AMANA__V1__OUTCOME__CODE__DONE;
    done->header.n_recipients = 0;
    letter_to(world, done, COLLEAGUES, ACTION);
    refused(world, done, REASON_NOT_PERMITTED, "in_reply_to");
    size_t entries = world->model.n;
    world_pass(world, 8 * DAY_NS);
    for (size_t i = entries; i < world->model.n; i++) {
        if (world->model.entries[i].kind != ENTRY(DEADLINE))
            continue;
        const char *late = world->model.entries[i].content->deadline->message->id;
        assert_string_not_equal(late, erasure->header.id);
        assert_string_not_equal(late, correction->header.id);
    }
}

static void nobody_but_the_originator_has_it_erased(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, order(world, POST, KIND(ERASURE), alert), REASON_NOT_PERMITTED, "in_reply_to");
    refused(world, order(world, COLLEAGUES, KIND(ERASURE), alert), REASON_NOT_PERMITTED, "in_reply_to");
    assert_false(erased(world, alert));
}

static void a_recipient_confirms_an_erasure_once(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *erasure = order(world, POLICE, KIND(ERASURE), alert), *done;
    accepted(world, erasure);
    for (unsigned i = 0; i < 2; i++) {
        done = world_answer(world, SHELTER, KIND(CONFIRM), erasure, erasure);
        done->header.outcome = AMANA__V1__OUTCOME__CODE__DONE;
        if (i == 0)
            accepted(world, done);
        else
            refused(world, done, REASON_STATE_FORBIDS, "in_reply_to");
    }
    assert_int_equal(model_life(&world->model, erasure->seq, SHELTER)->state, LIFE(CONFIRMED));
    assert_int_equal(model_life(&world->model, erasure->seq, POST)->state, LIFE(OPEN));
    refused(world, world_answer(world, POST, KIND(ACK), erasure, erasure), REASON_FIELD_INVALID, "in_reply_to");
}

static void one_erasure_names_the_versions_of_an_alert_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = world_alert(world);
    struct letter *next = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(next, alert);
    accepted(world, next);
    struct letter *wrong = order(world, POLICE, KIND(ERASURE), next);
    letter_refers(wrong, other);
    refused(world, wrong, REASON_FIELD_INVALID, "references[0]");
    struct letter *right = order(world, POLICE, KIND(ERASURE), next);
    letter_refers(right, alert);
    accepted(world, right);
    assert_true(erased(world, alert));
    assert_true(erased(world, next));
    assert_false(erased(world, other));
    assert_int_equal(last_entry(world)->content->erased->n_bodies, 2);
}

static void an_order_names_each_message_once(void **state)
{
    static const unsigned KINDS[] = {KIND(ERASURE), KIND(HOLD)};
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = world_answer(world, POLICE, KIND(UPDATE), alert, alert);
    letter_supersedes(next, alert);
    accepted(world, next);
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        struct letter *itself = order(world, POLICE, KINDS[i], next), *twice = order(world, POLICE, KINDS[i], next);
        timestamp_from_ns(world->now + DAY_NS, &itself->valid_until);
        if (KINDS[i] == KIND(HOLD))
            itself->header.valid_until = twice->header.valid_until = &itself->valid_until;
        letter_refers(itself, next);
        refused(world, itself, REASON_FIELD_INVALID, "references[0]");
        letter_refers(twice, alert);
        letter_refers(twice, alert);
        refused(world, twice, REASON_FIELD_INVALID, "references[1]");
    }
}

static void the_dpo_of_its_country_orders_what_it_never_received(void **state)
{
    struct world *world = *state;
    offices(world);
    struct letter *alert = world_alert(world);
    accepted(world, order(world, OFFICE, KIND(CORRECTION), alert));
    accepted(world, hold(world, OFFICE, alert, world->now + DAY_NS));
    world->now += DAY_NS;
    struct letter *erasure = order(world, OFFICE, KIND(ERASURE), alert);
    accepted(world, erasure);
    assert_true(erased(world, alert));
    assert_string_equal(last_entry(world)->content->erased->unit, OFFICE);
    assert_int_equal(model_life(&world->model, erasure->seq, POLICE)->state, LIFE(OPEN)); // the sender is asked too
}

static void the_dpo_of_a_holder_s_country_destroys_nothing(void **state)
{
    struct world *world = *state;
    offices(world);
    struct letter *alert = world_alert(world);
    refused(world, order(world, FOREIGN_OFFICE, KIND(ERASURE), alert), REASON_NOT_PERMITTED, "in_reply_to");
    assert_false(erased(world, alert));
}

static void a_message_of_another_country_is_to_a_dpo_as_if_it_were_not_there(void **state)
{
    struct world *world = *state;
    offices(world);
    char *kenya[] = {(char *)"ke/*/*"};
    world_grant(world, LONELY, "unit", kenya, 1);
    struct letter *note = letter_new(world, LONELY, KIND(NOTE));
    note->header.case_ref = (char *)"so/police/2026/000001";
    letter_to(world, note, POLICE, ACTION);
    accepted(world, note);
    struct letter *foreign = order(world, FOREIGN_OFFICE, KIND(ERASURE), note);
    refused(world, foreign, REASON_NOT_PERMITTED, "in_reply_to");
    struct letter *own = order(world, OFFICE, KIND(ERASURE), note); // held at home, sent from abroad
    refused(world, own, REASON_NOT_PERMITTED, "in_reply_to");
}

static void a_dpo_sends_what_its_office_is_for_and_nothing_else(void **state)
{
    struct world *world = *state;
    offices(world);
    struct letter *alert = letter_new(world, POLICE, KIND(NOTE));
    char *kenya[] = {(char *)"ke/*/*"};
    world_grant(world, POLICE, "unit", kenya, 1);
    letter_to(world, alert, OFFICE, ACTION);
    accepted(world, alert);
    static const unsigned KINDS[] = {KIND(NOTE), KIND(CONTEST), KIND(USE_PERMISSION), KIND(REQUEST)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++)
        refused(world, world_answer(world, OFFICE, (Amana__V1__Kind__Code)KINDS[i], alert, alert), REASON_NOT_PERMITTED,
                "kind");
}

static void a_protection_unit_of_a_holder_s_country_contests_what_it_never_received(void **state)
{
    struct world *world = *state;
    char *abroad[] = {(char *)"et/*/*"};
    world_grant(world, POLICE, "unit", abroad, 1);
    struct letter *note = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, note, POST, ACTION);
    accepted(world, note);
    struct letter *contest = world_answer(world, SHELTER, KIND(CONTEST), note, note);
    letter_to(world, contest, POST, COPY);
    accepted(world, contest);
    struct letter *unit = world_answer(world, COLLEAGUES, KIND(CONTEST), note, note);
    letter_to(world, unit, POST, COPY);
    refused(world, unit, REASON_NOT_PERMITTED, "in_reply_to"); // as if it were not there
    assert_string_equal(unit->submission.work.detail.text, reason_text(REASON_NOT_PERMITTED));
    world_grant(world, LONELY, "protection", NULL, 0);
    struct letter *stranger = world_answer(world, LONELY, KIND(CONTEST), note, note);
    letter_to(world, stranger, POST, COPY);
    refused(world, stranger, REASON_NOT_PERMITTED, "in_reply_to");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_erasure_destroys_the_body_and_its_entry_says_on_whose_word),
        HUB_TEST(an_erasure_of_what_is_erased_destroys_nothing_and_says_nothing),
        HUB_TEST(what_is_erased_already_is_in_no_second_entry),
        HUB_TEST(an_erasure_goes_to_all_who_have_it_and_they_all_must_act),
        HUB_TEST(a_holder_that_is_a_member_no_more_keeps_it_at_nobody_else),
        HUB_TEST(where_no_holder_can_be_told_an_order_goes_to_its_senders_own_unit),
        HUB_TEST(nobody_but_the_originator_has_it_erased),
        HUB_TEST(a_recipient_confirms_an_erasure_once),
        HUB_TEST(one_erasure_names_the_versions_of_an_alert_and_nothing_else),
        HUB_TEST(an_order_names_each_message_once),
        HUB_TEST(the_dpo_of_its_country_orders_what_it_never_received),
        HUB_TEST(the_dpo_of_a_holder_s_country_destroys_nothing),
        HUB_TEST(a_message_of_another_country_is_to_a_dpo_as_if_it_were_not_there),
        HUB_TEST(a_dpo_sends_what_its_office_is_for_and_nothing_else),
        HUB_TEST(a_protection_unit_of_a_holder_s_country_contests_what_it_never_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
