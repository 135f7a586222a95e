// SPDX-License-Identifier: Apache-2.0
// ERASURE and HOLD at the hub: who may, which bodies go, what the log says of it, and what a HOLD keeps.
#include "tests/unit/hub_expect.h"

#include "proto/codec/timestamp.h"

static struct letter *order(struct world *world, const char *unit, unsigned kind, const struct letter *message)
{
    struct letter *letter = letter_new(world, unit, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, message, message);
    for (size_t i = 0; i < message->header.n_recipients; i++)
        if (strcmp(message->recipients[i]->unit, unit) != 0)
            letter_to(world, letter, message->recipients[i]->unit, ACTION);
    if (strcmp(message->sender.unit, unit) != 0)
        letter_to(world, letter, message->sender.unit, ACTION);
    return letter;
}

static struct letter *hold(struct world *world, const char *unit, const struct letter *message, uint64_t until)
{
    struct letter *letter = order(world, unit, KIND(HOLD), message);
    timestamp_from_ns(until, &letter->valid_until);
    letter->header.valid_until = &letter->valid_until;
    return letter;
}

static bool erased(struct world *world, const struct letter *letter)
{
    return model_message_at(&world->model, letter->seq)->erased;
}

// Found by the message, by the order and by the case; and what is gone is named by its digest.
static void is_about(const struct model_entry *entry, const struct letter *message)
{
    const Amana__V1__ErasedBody *body = entry->content->erased->bodies[0];
    bool about = entry->of == message->seq;
    for (size_t i = 0; i < entry->n_also; i++)
        about |= entry->also[i] == message->seq;
    assert_true(about);
    assert_int_equal(entry->n_cases, 1);
    assert_string_equal(entry->cases[0], message->header.case_ref);
    assert_int_equal(body->body_digest.len, message->header.body_digest.len);
    assert_memory_equal(body->body_digest.data, message->header.body_digest.data, body->body_digest.len);
}

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

// --- HOLD
static void what_a_court_needs_is_not_destroyed_until_the_hold_ends(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *kept = hold(world, POLICE, alert, world->now + DAY_NS);
    accepted(world, kept);
    const Amana__V1__HeldEntry *held = last_entry(world)->content->held;
    assert_int_equal(last_entry(world)->kind, ENTRY(HELD));
    assert_string_equal(held->messages[0]->id, alert->header.id);
    assert_string_equal(held->by->id, kept->header.id);
    assert_string_equal(held->officer, kept->header.officer);
    assert_string_equal(held->unit, POLICE);
    assert_int_equal(held->until, world->now + DAY_NS);
    accepted(world, order(world, POLICE, KIND(ERASURE), alert)); // it goes its way to the holders
    assert_int_equal(last_entry(world)->kind, ENTRY(SUBMITTED));
    assert_false(erased(world, alert));
    world->now += DAY_NS;
    accepted(world, order(world, POLICE, KIND(ERASURE), alert));
    assert_true(erased(world, alert));
}

static void a_hold_begins_no_life_and_is_answered_by_nobody(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *kept = hold(world, POLICE, alert, world->now + DAY_NS);
    accepted(world, kept);
    assert_null(model_life(&world->model, kept->seq, POST));
    refused(world, world_answer(world, POST, KIND(CONFIRM), kept, kept), REASON_FIELD_INVALID, NULL);
}

static void nobody_but_the_originator_orders_to_keep(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    refused(world, hold(world, POST, alert, world->now + DAY_NS), REASON_NOT_PERMITTED, "in_reply_to");
    struct letter *endless = order(world, POLICE, KIND(HOLD), alert);
    endless->header.valid_until = NULL;
    refused(world, endless, REASON_FIELD_INVALID, "valid_until");
}

// --- Retention
static struct letter *brief(struct world *world, uint64_t until)
{
    char *abroad[] = {(char *)"et/*/*"};
    world_grant(world, POLICE, "unit", abroad, 1);
    struct letter *note = letter_new(world, POLICE, KIND(NOTE));
    timestamp_from_ns(until, &note->retain_until);
    letter_to(world, note, POST, ACTION);
    accepted(world, note);
    return note;
}

static const struct model_entry *erased_entry(struct world *world)
{
    for (size_t i = world->model.n; i > 0; i--)
        if (world->model.entries[i - 1].kind == ENTRY(ERASED))
            return &world->model.entries[i - 1];
    return NULL;
}

static void a_body_is_destroyed_at_its_retain_until_and_not_before(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 20 * DAY_NS);
    world_pass(world, 20 * DAY_NS - NS_PER_S);
    assert_false(erased(world, note));
    assert_null(erased_entry(world));
    world_pass(world, NS_PER_S);
    assert_true(erased(world, note));
    const Amana__V1__ErasedEntry *entry = erased_entry(world)->content->erased;
    assert_null(entry->by);
    assert_string_equal(entry->bodies[0]->message->id, note->header.id);
    assert_int_equal(erased_entry(world)->of, note->seq);
    is_about(erased_entry(world), note);
}

static void what_was_erased_before_makes_no_second_entry_at_its_retain_until(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 20 * DAY_NS);
    accepted(world, order(world, POLICE, KIND(ERASURE), note));
    world_pass(world, 19 * DAY_NS);
    size_t before = world->model.n;
    world_pass(world, DAY_NS);
    assert_int_equal(world->model.n, before + 3); // nobody came for either of them, and the body of the ERASURE goes
    for (size_t i = before; i < world->model.n; i++)
        assert_true(world->model.entries[i].kind != ENTRY(ERASED) || world->model.entries[i].of != note->seq);
}

static void a_hold_keeps_a_body_past_its_retain_until_and_then_it_goes(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 10 * DAY_NS);
    accepted(world, hold(world, POLICE, note, world->now + 20 * DAY_NS));
    world_pass(world, 20 * DAY_NS - NS_PER_S);
    assert_false(erased(world, note));
    world_pass(world, NS_PER_S);
    assert_true(erased(world, note));
}

// It keeps; what it keeps is looked at by its own date, and by that of an ERASURE that waits.
static void a_hold_asks_for_no_look_at_what_it_keeps(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 300 * DAY_NS);
    accepted(world, hold(world, POLICE, note, world->now + 10 * DAY_NS));
    accepted(world, hold(world, POLICE, note, world->now + 20 * DAY_NS));
    for (size_t i = 0; i < world->model.n_deadlines; i++)
        assert_true(world->model.deadlines[i].subject != note->seq ||
                    world->model.deadlines[i].kind != DEADLINE_RETAIN_UNTIL);
}

static void an_erasure_that_waits_for_a_hold_is_carried_out_when_that_ends(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 300 * DAY_NS);
    accepted(world, hold(world, POLICE, note, world->now + 10 * DAY_NS));
    accepted(world, order(world, POLICE, KIND(ERASURE), note));
    world_pass(world, 9 * DAY_NS);
    accepted(world, hold(world, POLICE, note, world->now + 5 * DAY_NS)); // a longer one
    world_pass(world, 5 * DAY_NS - NS_PER_S);
    assert_false(erased(world, note));
    world_pass(world, NS_PER_S);
    assert_true(erased(world, note));
    world_pass(world, 300 * DAY_NS);
    unsigned times = 0; // once and for all
    for (size_t i = 0; i < world->model.n; i++)
        times += world->model.entries[i].kind == ENTRY(ERASED) &&
                 world->model.entries[i].content->erased->bodies[0]->seq == note->seq;
    assert_int_equal(times, 1);
}

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

#define OFFICE         "ke/odpc/desk"
#define FOREIGN_OFFICE "et/edpa/desk"

static void offices(struct world *world)
{
    world_grant(world, OFFICE, "dpo", NULL, 0);
    world_roster(world, OFFICE, 1, 1, 7);
    world_grant(world, FOREIGN_OFFICE, "dpo", NULL, 0);
    world_roster(world, FOREIGN_OFFICE, 1, 1, 8);
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

// --- The data protection office
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
        HUB_TEST(what_a_court_needs_is_not_destroyed_until_the_hold_ends),
        HUB_TEST(a_hold_begins_no_life_and_is_answered_by_nobody),
        HUB_TEST(nobody_but_the_originator_orders_to_keep),
        HUB_TEST(a_body_is_destroyed_at_its_retain_until_and_not_before),
        HUB_TEST(what_was_erased_before_makes_no_second_entry_at_its_retain_until),
        HUB_TEST(a_hold_keeps_a_body_past_its_retain_until_and_then_it_goes),
        HUB_TEST(a_hold_asks_for_no_look_at_what_it_keeps),
        HUB_TEST(an_erasure_that_waits_for_a_hold_is_carried_out_when_that_ends),
        HUB_TEST(who_has_not_erased_or_mended_in_seven_days_is_told_to_the_office),
        HUB_TEST(a_correction_is_an_entry_and_so_is_what_each_holder_says_of_it),
        HUB_TEST(what_a_holder_says_of_what_it_was_to_erase_is_an_entry),
        HUB_TEST(an_acknowledgement_of_a_correction_mends_nothing),
        HUB_TEST(a_contest_is_upheld_with_the_correction_that_names_it),
        HUB_TEST(a_contest_of_a_unit_that_is_gone_is_decided_for_those_who_are_left),
        HUB_TEST(a_contest_is_upheld_with_no_other_message),
        HUB_TEST(the_dpo_of_its_country_orders_what_it_never_received),
        HUB_TEST(the_dpo_of_a_holder_s_country_destroys_nothing),
        HUB_TEST(a_message_of_another_country_is_to_a_dpo_as_if_it_were_not_there),
        HUB_TEST(a_dpo_sends_what_its_office_is_for_and_nothing_else),
        HUB_TEST(a_protection_unit_of_a_holder_s_country_contests_what_it_never_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
