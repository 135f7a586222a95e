// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: what a listed state's post has sent, where an answer to it is withheld from the post. To the post
// it moves, is late, is answered and ends as if that had never been; the others have it as it is.
#include "tests/unit/hub_shield.h"
#include "tests/unit/hub_story.h"

#include <bsd/string.h>
#include <stdio.h>

#define OUTCOME_OF(name) AMANA__V1__OUTCOME__CODE__##name

static const struct journal_life *life_of(const struct story *story)
{
    return model_life(&story->world->model, story->root->seq, POLICE);
}

static const Amana__V1__Move *move_of(struct story *story, unsigned kind)
{
    struct letter *letter = world_answer(story->world, POST, (Amana__V1__Kind__Code)kind, story->root, story->root);
    if (kind == KIND(UPDATE))
        letter_supersedes(letter, story->root);
    if (kind == KIND(WITHDRAW) || kind == KIND(CANCEL))
        letter->header.outcome = kind == KIND(CANCEL) ? OUTCOME_OF(RESOLVED) : OUTCOME_OF(NO_LONGER_NEEDED);
    accepted(story->world, letter);
    const Amana__V1__SubmittedEntry *said = submitted_of(story->world, letter);
    assert_false(said->crossed);
    return said->n_moves == 1 ? said->moves[0] : NULL;
}

static void police_acknowledges(struct story *story, const struct letter *letter)
{
    struct letter *ack = letter_new(story->world, POLICE, KIND(ACK));
    letter_answers(ack, letter, story->root);
    letter_to(story->world, ack, POST, ACTION);
    accepted(story->world, ack);
}

// --- It is late
static void refused_and_forgotten(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    world_pass(story->world, 5 * MINUTE_NS);
    withheld_answer(story, KIND(REFUSAL), OUTCOME_OF(NO_LEGAL_BASIS));
    world_pass(story->world, MINUTE_NS);
    flags(story);
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void a_question_that_was_refused_unseen_is_late_by_every_clock(void **state)
{
    same(*state, refused_and_forgotten, ANSWERED, 4);
}

static void late_over_a_restart(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    time_goes(story, 16 * MINUTE_NS, MINUTE_NS);
    withheld_answer(story, KIND(RESPONSE), OUTCOME_OF(FULL));
    flags(story);
    time_goes(story, 20 * MINUTE_NS, MINUTE_NS);
    world_restart(story->world);
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void what_the_post_was_told_before_it_is_not_told_again_also_over_a_restart(void **state)
{
    same(*state, late_over_a_restart, ANSWERED, 4);
}

static void found_and_over(struct story *story)
{
    (void)post_asks(story, KIND(ALERT));
    withheld_answer(story, KIND(HIT), 0);
    flags(story);
    time_goes(story, HOUR_NS, MINUTE_NS);
    time_goes(story, 4 * DAY_NS, HOUR_NS);
}

static void an_alert_that_was_found_unseen_is_late_and_over_as_if_nobody_had(void **state)
{
    same(*state, found_and_over, ANSWERED, 3);
}

// Who has answered is told nothing of what the post is told, and is late with nothing.
static void nobody_but_the_post_is_told_and_the_life_stays_what_it_is(void **state)
{
    struct story story = {.world = *state, .end = ANSWERED};
    refused_and_forgotten(&story);
    size_t told_post = 0;
    for (size_t n = 0; n < entries_of(story.world, ENTRY(DEADLINE)); n++) {
        const struct model_entry *entry = entry_of(story.world, ENTRY(DEADLINE), n);
        bool met = entry->content->deadline->met_by != NULL;
        assert_int_equal(told(story.world, URI(POLICE, "d1"), entry), met);
        told_post += told(story.world, URI(POST, "d1"), entry) && !met;
    }
    assert_int_equal(told_post, 4);
    assert_int_equal(life_of(&story)->state, LIFE(REFUSED));
    assert_int_equal(life_of(&story)->flags, 0);
}

// What is to be erased, and was, unseen: who asked for that is told in its time that nobody has confirmed it.
static void erased_unseen(struct story *story)
{
    (void)post_asks(story, KIND(ALERT));
    struct letter *cancel = world_answer(story->world, POST, KIND(CANCEL), story->root, story->root);
    cancel->header.outcome = OUTCOME_OF(SENT_IN_ERROR);
    accepted(story->world, cancel);
    retrieves(story->world, POLICE, URI(POLICE, "d1"), cancel->seq);
    police_acknowledges(story, cancel);
    if (story->end != NOTHING) {
        struct letter *confirm = about(story->world, POLICE, KIND(CONFIRM), OUTCOME_OF(DONE), cancel, POST);
        accepted(story->world, confirm);
    }
    flags(story);
    time_goes(story, 20 * DAY_NS, HOUR_NS);
}

static void what_was_confirmed_unseen_is_late_to_be(void **state)
{
    same(*state, erased_unseen, ANSWERED, 3); // acknowledged; late; escalated
}

// --- It is answered after all
static void none_held_after_all(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    world_pass(story->world, MINUTE_NS);
    withheld_answer(story, KIND(RESPONSE), OUTCOME_OF(FULL));
    flags(story);
    time_goes(story, 20 * MINUTE_NS, MINUTE_NS);
    police_answer(story, KIND(RESPONSE), OUTCOME_OF(NO_DATA));
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void an_answer_that_comes_after_one_that_does_not_meets_what_the_post_waits_for(void **state)
{
    same(*state, none_held_after_all, ANSWERED, 2); // late, then answered
}

// --- It was asked back
static void asked_back_and_taken_on(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    world_pass(story->world, 5 * MINUTE_NS);
    withheld_answer(story, KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED));
    flags(story);
    time_goes(story, 2 * MINUTE_NS, MINUTE_NS);
    police_answer(story, KIND(ACK), 0);
    time_goes(story, 10 * MINUTE_NS, MINUTE_NS);
    police_answer(story, KIND(PROGRESS), OUTCOME_OF(IN_HAND));
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void a_pause_that_the_post_never_heard_of_puts_off_nothing_that_it_is_told(void **state)
{
    same(*state, asked_back_and_taken_on, ANSWERED, 3); // acknowledged; late; escalated
}

static void who_asked_back_has_the_time_that_it_stood_still_as_ever(void **state)
{
    struct story story = {.world = *state, .end = ANSWERED};
    asked_back_and_taken_on(&story);
    const struct model_message *root = model_message_at(&story.world->model, story.root->seq);
    uint64_t asked = kind_due(root->kind, root->urgency, 0, 0, root->deliveries[0].delivered_at).answer;
    assert_int_equal(life_of(&story)->answer_due, asked + 12 * MINUTE_NS);
    bool late = false;
    for (size_t n = 0; n < entries_of(story.world, ENTRY(DEADLINE)); n++) {
        const struct model_entry *entry = entry_of(story.world, ENTRY(DEADLINE), n);
        const Amana__V1__DeadlineEntry *said = entry->content->deadline;
        if (said->met_by != NULL || !told(story.world, URI(POLICE, "d1"), entry))
            continue;
        assert_false(told(story.world, URI(POST, "d1"), entry));
        late |= said->clocks[0]->due == asked + 12 * MINUTE_NS;
    }
    assert_true(late);
}

// The post knows of the question; that it was answered all the same it doesn't.
static void explains_what_was_answered(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    world_pass(story->world, 5 * MINUTE_NS);
    police_answer(story, KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED));
    retrieves(story->world, POST, URI(POST, "d1"),
              last_entry(story->world)->message != NULL ? story->world->model.n - 1 : story->world->model.n - 2);
    time_goes(story, 10 * MINUTE_NS, MINUTE_NS);
    withheld_answer(story, KIND(RESPONSE), OUTCOME_OF(FULL));
    flags(story);
    time_goes(story, 30 * MINUTE_NS, MINUTE_NS);
    post_answers(story, KIND(CLARIFICATION), 0);
    time_goes(story, 4 * HOUR_NS, MINUTE_NS);
}

static void a_pause_that_the_post_ends_itself_is_given_back_to_what_it_waits_for(void **state)
{
    same(*state, explains_what_was_answered, ANSWERED, 3); // acknowledged; late; escalated
}

// --- What it sends
static void what_the_post_sends_is_receipted_from_where_it_knows_it_to_be(void **state)
{
    static const struct {
        unsigned root, answer, outcome, sends;
        uint8_t from, to, kept;
    } CASES[] = {
        {KIND(ALERT), KIND(HIT), 0, KIND(UPDATE), LIFE(NEW), LIFE(NEW), LIFE(NEW)},
        {KIND(ALERT), KIND(HIT), 0, KIND(CANCEL), LIFE(NEW), LIFE(STOPPING), LIFE(STOPPING)},
        {KIND(ALERT), KIND(CANNOT_EXECUTE), OUTCOME_OF(LAW), KIND(CANCEL), LIFE(NEW), LIFE(STOPPING), LIFE(STOPPING)},
        {KIND(REQUEST), KIND(REFUSAL), OUTCOME_OF(NO_LEGAL_BASIS), KIND(WITHDRAW), LIFE(OPEN), LIFE(WITHDRAWN),
         LIFE(REFUSED)},
        {KIND(REQUEST), KIND(RESPONSE), OUTCOME_OF(PARTIAL), KIND(WITHDRAW), LIFE(OPEN), LIFE(WITHDRAWN),
         LIFE(ANSWERED)},
        {KIND(REQUEST), KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED), KIND(WITHDRAW), LIFE(OPEN), LIFE(WITHDRAWN),
         LIFE(WITHDRAWN)},
    };
    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        struct story story = {.end = ANSWERED};
        void *world = NULL;
        assert_int_equal(hub_begin(&world), 0);
        story.world = world;
        (void)post_asks(&story, CASES[i].root);
        withheld_answer(&story, CASES[i].answer, CASES[i].outcome);
        flags(&story);
        const Amana__V1__Move *move = move_of(&story, CASES[i].sends);
        assert_non_null(move);
        assert_int_equal(move->from, CASES[i].from);
        assert_int_equal(move->to, CASES[i].to);
        assert_int_equal(life_of(&story)->state, CASES[i].kept);
        assert_int_equal(hub_end(&world), 0);
    }
    (void)state;
}

// An answer that comes after crosses what the post has sent, as it would have.
static void withdrawn_and_answered(struct story *story)
{
    (void)post_asks(story, KIND(REQUEST));
    withheld_answer(story, KIND(RESPONSE), OUTCOME_OF(PARTIAL));
    flags(story);
    post_answers(story, KIND(WITHDRAW), OUTCOME_OF(NO_LONGER_NEEDED));
    police_answer(story, KIND(RESPONSE), OUTCOME_OF(NO_DATA));
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void what_comes_after_the_post_has_withdrawn_it_crosses_that(void **state)
{
    same(*state, withdrawn_and_answered, ANSWERED, 0);
}

// It would say that something had come before it.
static void what_follows_on_an_answer_that_is_withheld_is_not_sent_to_the_post(void **state)
{
    struct story story = {.world = *state, .end = ANSWERED};
    (void)post_asks(&story, KIND(REFERRAL));
    withheld_answer(&story, KIND(DECISION), OUTCOME_OF(ACCEPTED));
    flags(&story);
    refused(story.world, about(story.world, POLICE, KIND(PROGRESS), OUTCOME_OF(IN_HAND), story.root, POST),
            REASON_NOT_PERMITTED, "in_reply_to");
}

static void once_it_has_the_answer_the_post_knows_how_it_is_kept(void **state)
{
    struct story story = {.world = *state, .end = ANSWERED};
    (void)post_asks(&story, KIND(REQUEST));
    withheld_answer(&story, KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED));
    uint64_t answer = story.world->model.n - 1;
    while (model_message_at(&story.world->model, answer) == NULL)
        answer--;
    flags(&story);
    retrieves(story.world, POST, URI(POST, "d1"), answer);
    const Amana__V1__Move *move = move_of(&story, KIND(CLARIFICATION));
    assert_non_null(move);
    assert_int_equal(move->from, LIFE(SUSPENDED));
}

// --- Whatever is done
#define OPS  9u
#define DAYS 400u

enum who { POST_SENDS, POLICE_ANSWER, TIME };
struct op {
    enum who who;
    unsigned kind, outcome;
    uint64_t time;
};
struct day {
    unsigned root;
    struct op unseen[2], ops[OPS];
    bool taken[OPS]; // of the police, who are judged by how it is
};

static uint32_t any(uint64_t *random, uint32_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*random >> 33) % below;
}

static struct op one_of(uint64_t *random, enum who who, const unsigned (*rows)[2], size_t n)
{
    size_t i = any(random, (uint32_t)n);
    return (struct op){.who = who, .kind = rows[i][0], .outcome = rows[i][1]};
}

static struct day day_of(uint64_t seed)
{
    static const unsigned TO_ALERT[][2] = {{KIND(HIT), 0}, {KIND(CANNOT_EXECUTE), OUTCOME_OF(LAW)}};
    static const unsigned TO_REQUEST[][2] = {{KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED)},
                                             {KIND(RESPONSE), OUTCOME_OF(FULL)},
                                             {KIND(RESPONSE), OUTCOME_OF(PARTIAL)},
                                             {KIND(REFUSAL), OUTCOME_OF(NO_LEGAL_BASIS)}};
    static const unsigned THAT_COME[][2] = {
        {KIND(ACK), 0}, {KIND(PROGRESS), OUTCOME_OF(IN_HAND)}, {KIND(RESPONSE), OUTCOME_OF(NO_DATA)}};
    static const unsigned OF_ALERT[][2] = {{KIND(UPDATE), 0}, {KIND(CANCEL), OUTCOME_OF(RESOLVED)}};
    static const unsigned OF_REQUEST[][2] = {{KIND(CLARIFICATION), 0}, {KIND(WITHDRAW), OUTCOME_OF(NO_LONGER_NEEDED)}};
    uint64_t random = seed * 2 + 1;
    bool alert = any(&random, 3) == 0;
    struct day day = {.root = alert ? KIND(ALERT) : KIND(REQUEST)};
    for (size_t i = 0; i < AM_LEN(day.unseen); i++) {
        day.unseen[i] = alert ? one_of(&random, POLICE_ANSWER, TO_ALERT, AM_LEN(TO_ALERT))
                              : one_of(&random, POLICE_ANSWER, TO_REQUEST, AM_LEN(TO_REQUEST));
        day.unseen[i].time = any(&random, 8) * MINUTE_NS; // nothing has passed by the flag
    }
    for (size_t i = 0; i < OPS; i++) {
        switch (any(&random, 3)) {
        case POLICE_ANSWER:
            day.ops[i] = one_of(&random, POLICE_ANSWER, THAT_COME, alert ? 1 : AM_LEN(THAT_COME));
            break;
        case POST_SENDS:
            day.ops[i] = alert ? one_of(&random, POST_SENDS, OF_ALERT, AM_LEN(OF_ALERT))
                               : one_of(&random, POST_SENDS, OF_REQUEST, AM_LEN(OF_REQUEST));
            break;
        default: day.ops[i] = (struct op){.who = TIME, .time = (1 + any(&random, 100)) * MINUTE_NS}; break;
        }
    }
    return day;
}

// Whether it was taken; of the post's also what it was told.
static bool op_done(struct story *story, const struct op *op, struct letter **newest)
{
    bool own = op->who == POST_SENDS;
    struct letter *letter = letter_new(story->world, own ? POST : POLICE, (Amana__V1__Kind__Code)op->kind);
    char line[320];
    letter_answers(letter, op->kind == KIND(ACK) ? *newest : story->root, story->root);
    if (op->kind == KIND(UPDATE))
        letter_supersedes(letter, *newest);
    letter->header.outcome = (Amana__V1__Outcome__Code)op->outcome;
    letter_to(story->world, letter, own ? POLICE : POST, ACTION);
    letter_send(story->world, letter);
    world_pump(story->world);
    const struct hub_work *work = &letter->submission.work;
    if (own) {
        snprintf(line, sizeof line, "[%u: %s %s %s] ", op->kind, reason_name(work->reason), work->state, work->moves);
        strlcat(story->seen, line, SEEN);
    }
    if (work->reason == REASON_NONE && (op->kind == KIND(UPDATE) || op->kind == KIND(CANCEL)))
        *newest = letter;
    return work->reason == REASON_NONE;
}

static void play(struct story *story, struct day *day)
{
    struct letter *newest = post_asks(story, day->root);
    for (size_t i = 0; i < AM_LEN(day->unseen); i++) {
        time_goes(story, day->unseen[i].time, MINUTE_NS);
        if (story->end != NOTHING)
            (void)op_done(story, &day->unseen[i], &newest);
    }
    flags(story);
    for (size_t i = 0; i < OPS; i++) {
        const struct op *op = &day->ops[i];
        if (op->who == TIME)
            time_goes(story, op->time, MINUTE_NS);
        else if (op->who == POST_SENDS)
            (void)op_done(story, op, &newest);
        else if (story->end != NOTHING)
            day->taken[i] = op_done(story, op, &newest);
        else if (day->taken[i])
            assert_true(op_done(story, op, &newest));
    }
    time_goes(story, 9 * HOUR_NS, 5 * MINUTE_NS);
    look(story);
}

static void whatever_is_done_the_post_is_told_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DAYS; seed++) {
        struct story with = {.end = ANSWERED}, without = {.end = NOTHING};
        struct day day = day_of(seed);
        void *world = NULL, *other = NULL;
        assert_int_equal(hub_begin(&world) + hub_begin(&other), 0);
        with.world = world;
        without.world = other;
        play(&with, &day);
        play(&without, &day);
        if (strcmp(with.seen, without.seen) != 0)
            print_error("seed %llu\n", (unsigned long long)seed);
        assert_string_equal(with.seen, without.seen);
        assert_int_equal(hub_end(&world) + hub_end(&other), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_question_that_was_refused_unseen_is_late_by_every_clock),
        HUB_TEST(what_the_post_was_told_before_it_is_not_told_again_also_over_a_restart),
        HUB_TEST(an_alert_that_was_found_unseen_is_late_and_over_as_if_nobody_had),
        HUB_TEST(what_was_confirmed_unseen_is_late_to_be),
        HUB_TEST(nobody_but_the_post_is_told_and_the_life_stays_what_it_is),
        HUB_TEST(an_answer_that_comes_after_one_that_does_not_meets_what_the_post_waits_for),
        HUB_TEST(a_pause_that_the_post_never_heard_of_puts_off_nothing_that_it_is_told),
        HUB_TEST(who_asked_back_has_the_time_that_it_stood_still_as_ever),
        HUB_TEST(a_pause_that_the_post_ends_itself_is_given_back_to_what_it_waits_for),
        cmocka_unit_test(what_the_post_sends_is_receipted_from_where_it_knows_it_to_be),
        HUB_TEST(what_comes_after_the_post_has_withdrawn_it_crosses_that),
        HUB_TEST(what_follows_on_an_answer_that_is_withheld_is_not_sent_to_the_post),
        cmocka_unit_test(whatever_is_done_the_post_is_told_the_same),
        HUB_TEST(once_it_has_the_answer_the_post_knows_how_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
