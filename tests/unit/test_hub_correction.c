// SPDX-License-Identifier: Apache-2.0
// What was wrong: what the log says of a correction, and whom it is told to.
#include "tests/unit/hub_expect.h"
#include "tests/unit/hub_orders.h"

// --- What the office of the sender's country is told, and contests
static unsigned told(struct world *world, const char *device)
{
    const struct model_mailbox *box = model_mailbox(&world->model, device);
    unsigned n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += box->rows[i].kind == JOURNAL_MAIL_NOTICE && world->model.entries[box->rows[i].seq].kind == ENTRY(DEADLINE);
    return n;
}

static void who_has_not_erased_or_mended_in_seven_days_is_told_to_the_office(void **state)
{
    struct world *world = *state;
    world_grant(world, "ke/odpc/desk", "dpo", NULL, 0);
    world_roster(world, "ke/odpc/desk", 1, 1, 7);
    world_grant(world, "et/edpa/desk", "dpo", NULL, 0);
    world_roster(world, "et/edpa/desk", 1, 1, 8);
    struct letter *alert = world_alert(world), *erasure = order(world, POLICE, KIND(ERASURE), alert);
    accepted(world, erasure);
    struct letter *done = world_answer(world, SHELTER, KIND(CONFIRM), erasure, erasure);
    done->header.outcome = AMANA__V1__OUTCOME__CODE__DONE;
    accepted(world, done);
    world_pass(world, 7 * DAY_NS - NS_PER_S);
    assert_int_equal(told(world, URI("ke/odpc/desk", "d1")), 0);
    world_pass(world, NS_PER_S);
    assert_int_equal(told(world, URI("ke/odpc/desk", "d1")), 1); // POST, and not SHELTER, who has confirmed
    assert_int_equal(told(world, URI("et/edpa/desk", "d1")), 0);
    const struct model_mailbox *box = model_mailbox(&world->model, URI("ke/odpc/desk", "d1"));
    assert_string_equal(world->model.entries[box->rows[box->n - 1].seq].content->deadline->recipient, POST);
}

// Whatever the alert's is that this answers.
static void a_correction_has_the_ack_clock_of_what_it_mends(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *note = world_answer(world, POST, KIND(NOTE), alert, alert);
    note->header.urgency = AMANA__V1__URGENCY__CODE__U3;
    note->header.urgency_reason = 0;
    accepted(world, note);
    struct letter *mended = order(world, POST, KIND(CORRECTION), note);
    accepted(world, mended);
    assert_int_equal(model_life(&world->model, mended->seq, POLICE)->ack_due, world->now + 4 * HOUR_NS);
}

static void a_contest_is_upheld_with_the_correction_that_names_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *contest = world_answer(world, POST, KIND(CONTEST), alert, alert);
    letter_to(world, contest, SHELTER, COPY);
    accepted(world, contest);
    for (unsigned i = 0; i < 3; i++) {
        struct letter *correction = order(world, POLICE, KIND(CORRECTION), alert);
        struct letter *upheld = world_answer(world, POLICE, KIND(DECISION), contest, contest);
        upheld->header.outcome = AMANA__V1__OUTCOME__CODE__UPHELD;
        letter_to(world, upheld, SHELTER, COPY);
        if (i == 2)
            letter_refers(correction, contest);
        if (i > 0) {
            accepted(world, correction);
            letter_refers(upheld, correction);
        }
        if (i < 2)
            refused(world, upheld, REASON_FIELD_INVALID, "references");
        else
            accepted(world, upheld);
    }
    assert_int_equal(model_life(&world->model, contest->seq, POLICE)->state, LIFE(UPHELD));
}

static struct letter *rejected(struct world *world, const struct letter *contest, const char *to, unsigned part)
{
    struct letter *letter = letter_new(world, POLICE, KIND(DECISION));
    letter_answers(letter, contest, contest);
    letter->header.outcome = AMANA__V1__OUTCOME__CODE__REJECTED;
    letter_to(world, letter, to, (Amana__V1__Part__Code)part);
    return letter;
}

// Else the others would see it contested for ever.
static void a_contest_of_a_unit_that_is_gone_is_decided_for_those_who_are_left(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *contests[2];
    for (size_t i = 0; i < AM_LEN(contests); i++) {
        contests[i] = world_answer(world, POST, KIND(CONTEST), alert, alert);
        letter_to(world, contests[i], SHELTER, COPY);
        accepted(world, contests[i]);
    }
    refused(world, rejected(world, contests[0], SHELTER, ACTION), REASON_FIELD_INVALID, "recipients");
    remove_member(world, POST);
    struct letter *back = rejected(world, contests[0], POST, ACTION);
    letter_to(world, back, SHELTER, COPY);
    refused(world, back, REASON_NOT_PERMITTED, "recipients[0].unit");
    refused(world, rejected(world, contests[0], POLICE, ACTION), REASON_FIELD_INVALID, "recipients");
    accepted(world, rejected(world, contests[0], SHELTER, ACTION));
    assert_int_equal(model_life(&world->model, contests[0]->seq, POLICE)->state, LIFE(REJECTED));
    remove_member(world, SHELTER);
    accepted(world, rejected(world, contests[1], POLICE, ACTION)); // nobody else is left
    assert_int_equal(model_life(&world->model, contests[1]->seq, POLICE)->state, LIFE(REJECTED));
}

// --- What the log says of a correction
static void says_corrected(const struct model_entry *entry, const struct letter *message, const struct letter *by,
                           const struct letter *signed_by)
{
    const Amana__V1__CorrectedEntry *said = entry->content->corrected;
    assert_int_equal(entry->kind, ENTRY(CORRECTED));
    assert_int_equal(entry->class, JOURNAL_CLASS_HUB);
    assert_int_equal(entry->of, signed_by->seq);
    assert_string_equal(entry->cases[0], message->header.case_ref);
    assert_string_equal(said->message->id, message->header.id);
    assert_memory_equal(said->message->header_digest.data, by->header.in_reply_to->header_digest.data, 32);
    assert_string_equal(said->by->id, by->header.id);
    assert_string_equal(said->officer, signed_by->header.officer);
    assert_string_equal(said->unit, signed_by->header.sender->unit);
}

static void a_correction_is_an_entry_and_so_is_what_each_holder_says_of_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *correction = order(world, POLICE, KIND(CORRECTION), alert);
    accepted(world, correction);
    says_corrected(last_entry(world), alert, correction, correction);
    assert_int_equal(last_entry(world)->also[0], alert->seq);
    assert_null(last_entry(world)->content->corrected->confirmed_by);
    assert_false(erased(world, alert)); // it stays as it was sent
    struct letter *done = world_answer(world, SHELTER, KIND(CONFIRM), correction, correction);
    done->header.outcome = OUTCOME(NOT_HELD);
    accepted(world, done);
    says_corrected(last_entry(world), alert, correction, done);
    assert_int_equal(last_entry(world)->also[0], correction->seq);
    assert_string_equal(last_entry(world)->content->corrected->confirmed_by->id, done->header.id);
    assert_int_equal(last_entry(world)->content->corrected->outcome, OUTCOME(NOT_HELD));
}

static void says_confirmed(const struct model_entry *entry, const struct letter *done, const struct letter *asked)
{
    const Amana__V1__ErasedEntry *said = entry->content->erased;
    assert_int_equal(entry->kind, ENTRY(ERASED));
    assert_int_equal(entry->class, JOURNAL_CLASS_HUB);
    assert_int_equal(entry->of, done->seq);
    assert_int_equal(entry->also[0], asked->seq);
    assert_int_equal(said->n_bodies, 0); // the hub has destroyed nothing by it
    assert_string_equal(said->by->id, asked->header.id);
    assert_string_equal(said->confirmed_by->id, done->header.id);
    assert_int_equal(said->outcome, done->header.outcome);
    assert_string_equal(said->officer, done->header.officer);
    assert_string_equal(said->unit, done->header.sender->unit);
}

static void what_a_holder_says_of_what_it_was_to_erase_is_an_entry(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = world_alert(world);
    struct letter *erasure = order(world, POLICE, KIND(ERASURE), alert);
    struct letter *error = world_answer(world, POLICE, KIND(CANCEL), other, other);
    error->header.outcome = OUTCOME(SENT_IN_ERROR);
    struct letter *const asked[] = {erasure, error};
    for (size_t i = 0; i < AM_LEN(asked); i++) {
        accepted(world, asked[i]);
        struct letter *done = world_answer(world, SHELTER, KIND(CONFIRM), asked[i], i == 0 ? erasure : other);
        done->header.outcome = OUTCOME(RETAINED_BY_LAW);
        accepted(world, done);
        says_confirmed(last_entry(world), done, asked[i]);
    }
}

static void an_acknowledgement_of_a_correction_mends_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *correction = order(world, POLICE, KIND(CORRECTION), alert);
    unsigned n = 0;
    accepted(world, correction);
    accepted(world, world_answer(world, POST, KIND(ACK), correction, correction));
    for (size_t i = 0; i < world->model.n; i++)
        n += world->model.entries[i].kind == ENTRY(CORRECTED);
    assert_int_equal(n, 1);
}

// One that mends something else, one that isn't a correction, and another's correction are none.
static void a_contest_is_upheld_with_no_other_message(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *other = world_alert(world);
    struct letter *contest = world_answer(world, POST, KIND(CONTEST), alert, alert);
    letter_to(world, contest, SHELTER, COPY);
    accepted(world, contest);
    struct letter *elsewhere = order(world, POLICE, KIND(CORRECTION), alert);
    letter_refers(elsewhere, other);
    char *abroad[] = {(char *)"et/*/*"};
    world_grant(world, POLICE, "unit", abroad, 1);
    struct letter *note = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, note, POST, ACTION);
    letter_refers(note, contest);
    offices(world);
    struct letter *theirs = order(world, OFFICE, KIND(CORRECTION), alert);
    letter_refers(theirs, contest);
    struct letter *const none[] = {elsewhere, note, theirs};
    for (size_t i = 0; i < AM_LEN(none); i++) {
        accepted(world, none[i]);
        struct letter *upheld = world_answer(world, POLICE, KIND(DECISION), contest, contest);
        upheld->header.outcome = AMANA__V1__OUTCOME__CODE__UPHELD;
        letter_to(world, upheld, SHELTER, COPY);
        letter_refers(upheld, none[i]);
        refused(world, upheld, REASON_FIELD_INVALID, "references");
    }
    assert_int_equal(model_life(&world->model, contest->seq, POLICE)->state, LIFE(OPEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(who_has_not_erased_or_mended_in_seven_days_is_told_to_the_office),
        HUB_TEST(a_correction_is_an_entry_and_so_is_what_each_holder_says_of_it),
        HUB_TEST(what_a_holder_says_of_what_it_was_to_erase_is_an_entry),
        HUB_TEST(an_acknowledgement_of_a_correction_mends_nothing),
        HUB_TEST(a_correction_has_the_ack_clock_of_what_it_mends),
        HUB_TEST(a_contest_is_upheld_with_the_correction_that_names_it),
        HUB_TEST(a_contest_of_a_unit_that_is_gone_is_decided_for_those_who_are_left),
        HUB_TEST(a_contest_is_upheld_with_no_other_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
