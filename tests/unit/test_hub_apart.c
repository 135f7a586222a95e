// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: the deadlines of a life that was replaced or ended by what is withheld from its unit. To that
// unit they pass, are met, and end as if nothing had been sent; nobody else is told.
#include "tests/unit/hub_story.h"

// --- An alert
static void nobody_acknowledges(struct story *story)
{
    (void)root_of(story, KIND(ALERT));
    world_pass(story->world, 5 * MINUTE_NS);
    post_has_it(story);
    world_pass(story->world, MINUTE_NS);
    ends_and_flags(story);
    time_goes(story, HOUR_NS, MINUTE_NS);
    time_goes(story, 3 * DAY_NS, HOUR_NS);
}

static void an_alert_that_was_replaced_unseen_is_late_escalates_and_expires_as_it_would_have(void **state)
{
    same(*state, nobody_acknowledges, UPDATED, 4); // by both clocks, once more, over
}

static void an_alert_that_was_ended_unseen_is_late_escalates_and_expires_as_it_would_have(void **state)
{
    same(*state, nobody_acknowledges, CANCELLED, 4);
}

static void late_before_that(struct story *story)
{
    (void)root_of(story, KIND(ALERT));
    post_has_it(story);
    world_pass(story->world, 16 * MINUTE_NS);
    ends_and_flags(story);
    time_goes(story, HOUR_NS, MINUTE_NS);
    world_restart(story->world);
    time_goes(story, 3 * DAY_NS, HOUR_NS);
}

static void what_it_was_told_before_it_is_not_told_again_also_over_a_restart(void **state)
{
    same(*state, late_before_that, UPDATED, 3);
}

static void acknowledged_meanwhile(struct story *story)
{
    (void)root_of(story, KIND(ALERT));
    post_has_it(story);
    world_pass(story->world, MINUTE_NS);
    ends_and_flags(story);
    world_pass(story->world, 20 * MINUTE_NS);
    post_answers(story, KIND(HIT), 0);
    time_goes(story, HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(ACK), 0);
    time_goes(story, 3 * DAY_NS, HOUR_NS);
}

static void what_it_finds_late_is_late_once_and_is_over_in_its_time(void **state)
{
    same(*state, acknowledged_meanwhile, CANCELLED, 5); // and what others owe it for its find
}

// --- A request
static void nobody_answers(struct story *story)
{
    (void)root_of(story, KIND(REQUEST));
    world_pass(story->world, 2 * MINUTE_NS);
    post_has_it(story);
    ends_and_flags(story);
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void a_request_that_was_withdrawn_unseen_is_late_by_every_clock(void **state)
{
    same(*state, nobody_answers, WITHDRAWN, 6);
}

static void acknowledged_and_forgotten(struct story *story)
{
    (void)root_of(story, KIND(REQUEST));
    post_has_it(story);
    ends_and_flags(story);
    world_pass(story->world, 10 * MINUTE_NS);
    post_answers(story, KIND(ACK), 0);
    time_goes(story, 3 * HOUR_NS, MINUTE_NS);
}

static void what_it_acknowledged_is_to_be_answered(void **state)
{
    same(*state, acknowledged_and_forgotten, WITHDRAWN, 3); // in time; late; escalated
}

#define ASKED AMANA__V1__OUTCOME__CODE__CLARIFICATION_ASKED
#define HAND  AMANA__V1__OUTCOME__CODE__IN_HAND

static void pauses(struct story *story, bool before)
{
    (void)root_of(story, KIND(REQUEST));
    post_has_it(story);
    world_pass(story->world, 10 * MINUTE_NS);
    if (before)
        post_answers(story, KIND(PROGRESS), ASKED);
    world_pass(story->world, 3 * MINUTE_NS);
    ends_and_flags(story);
    world_pass(story->world, MINUTE_NS);
    if (!before)
        post_answers(story, KIND(PROGRESS), ASKED);
    time_goes(story, 2 * HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void pauses_before(struct story *story)
{
    pauses(story, true);
}

static void pauses_after(struct story *story)
{
    pauses(story, false);
}

static void a_clock_that_stands_still_when_it_is_withdrawn_goes_on_when_the_post_does(void **state)
{
    same(*state, pauses_before, WITHDRAWN, 3);
}

static void a_clock_that_the_post_lets_stand_still_afterwards_goes_on_when_it_does(void **state)
{
    same(*state, pauses_after, WITHDRAWN, 3);
}

// The post goes on waiting for its answer.
static void explained_unseen(struct story *story)
{
    story->root = letter_new(story->world, POLICE, KIND(REQUEST));
    letter_to(story->world, story->root, POST, ACTION);
    accepted(story->world, story->root);
    post_has_it(story);
    world_pass(story->world, 10 * MINUTE_NS);
    post_answers(story, KIND(PROGRESS), ASKED);
    world_pass(story->world, 10 * MINUTE_NS);
    if (story->end != NOTHING)
        accepted(story->world, world_answer(story->world, POLICE, KIND(CLARIFICATION), story->root, story->root));
    world_pass(story->world, MINUTE_NS);
    ends_and_flags(story);
    time_goes(story, 2 * HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void a_clock_that_stands_still_for_an_answer_that_it_has_not_got_goes_on_when_the_post_does(void **state)
{
    same(*state, explained_unseen, WITHDRAWN, 3);
}

// --- What passed before it was flagged
static const Amana__V1__DeadlineEntry *last_of_root(const struct story *story)
{
    for (size_t i = 0;; i++) {
        const struct model_entry *entry = entry_of(story->world, ENTRY(DEADLINE), i);
        if (entry == NULL || entry->of == story->root->seq)
            return entry != NULL ? entry->content->deadline : NULL;
    }
}

static void what_passed_before_it_was_flagged_is_told_then_and_what_follows_in_its_time(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    world_pass(story.world, MINUTE_NS);
    ends(&story);
    time_goes(&story, 20 * MINUTE_NS, MINUTE_NS);
    assert_null(last_of_root(&story)); // nobody waits for that any more
    flags(&story);
    assert_non_null(last_of_root(&story));
    clock_is(last_of_root(&story), 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    time_goes(&story, 11 * MINUTE_NS, MINUTE_NS);
    assert_true(last_of_root(&story)->clocks[0]->again);
    time_goes(&story, 3 * DAY_NS, HOUR_NS);
    look(&story);
    assert_non_null(strstr(story.seen, POST " 1 to 5")); // NEW, EXPIRED
}

// However much the case holds before it.
static void a_long_case_is_looked_through_in_parts(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    for (size_t i = 0; i < LIMIT_CASE_READS; i++) {
        struct letter *note = letter_new(story.world, POLICE, KIND(NOTE));
        letter_to(story.world, note, LONELY, ACTION);
        accepted(story.world, note);
    }
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    ends(&story);
    time_goes(&story, 20 * MINUTE_NS, MINUTE_NS);
    assert_null(last_of_root(&story));
    flags(&story);
    assert_non_null(last_of_root(&story));
}

// How many rows the retrieval of what has gone on puts at once: for nothing, on the many hubs that keep no case from
// anybody.
static size_t put_at_once(struct world *world, const struct letter *root)
{
    struct hub_retrieval retrieval = {.work = {.kind = HUB_WORK_RETRIEVAL, .identity = URI(POST, "d1"), .unit = POST},
                                      .statement = {(const uint8_t *)"statement", 9},
                                      .signature = {(const uint8_t *)"signed", 6}};
    size_t n = 0;
    model_read_retrieval(&world->model, &retrieval, &root->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    assert_int_equal(world->n_appends, 1);
    const struct journal_append *append = world->appends[0];
    for (size_t i = 0; i < append->n_deadlines; i++)
        n += append->deadlines[i].kind == DEADLINE_CLOCKS && append->deadlines[i].at == append->time_ns;
    world_pump(world);
    assert_int_equal(retrieval.work.reason, REASON_NONE);
    return n;
}

static void what_has_gone_on_is_looked_at_as_it_is_retrieved_where_any_case_is_kept_from_a_state(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    const struct letter *roots[3];
    for (size_t i = 0; i < AM_LEN(roots); i++) {
        roots[i] = root_of(&story, KIND(ALERT));
        ends(&story);
    }
    assert_int_equal(put_at_once(story.world, roots[0]), 0);
    flags(&story);
    assert_int_equal(put_at_once(story.world, roots[1]), 1);
    world_restart(story.world);
    assert_int_equal(put_at_once(story.world, roots[2]), 1);
}

// A device had it, and had not signed for it: its unit knows it from the signature on.
static void what_it_signs_for_afterwards_it_is_late_with_by_its_own_clock(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    ends_and_flags(&story);
    time_goes(&story, 20 * MINUTE_NS, MINUTE_NS);
    assert_null(last_of_root(&story)); // it hasn't that either
    post_has_it(&story);
    clock_is(last_of_root(&story), 0, DEADLINE(ACK), FROM(ACCEPTANCE), WORLD_START + 15 * MINUTE_NS, false);
    time_goes(&story, 16 * MINUTE_NS, MINUTE_NS);
    clock_is(last_of_root(&story), 0, DEADLINE(ACK), FROM(RETRIEVAL), WORLD_START + 35 * MINUTE_NS, false);
}

// --- Nobody else
static void nobody_but_its_unit_is_told_and_its_life_stays_what_it_is(void **state)
{
    struct story story = {.world = *state, .end = CANCELLED};
    nobody_acknowledges(&story);
    const struct journal_life *life = model_life(&story.world->model, story.root->seq, POST);
    size_t n = 0;
    assert_int_equal(life->state, LIFE(STOPPING));
    assert_int_equal(life->clock_seq, story.ending->seq);
    for (size_t i = story.flag->seq; i < story.world->model.n; i++) {
        const struct model_entry *entry = &story.world->model.entries[i];
        if (!is_of_clock(entry) || entry->of != story.root->seq)
            continue;
        assert_true(told(story.world, URI(POST, "d2"), entry));
        assert_false(told(story.world, URI(POLICE, "d1"), entry));
        assert_false(told(story.world, URI(LONELY, "d1"), entry));
        n++;
    }
    assert_int_equal(n, 4);
}

// A life that nothing was withheld of is late in the same append: from that state the newer version was kept before.
static void whose_life_is_as_it_is_kept_is_late_as_ever_beside_it(void **state)
{
    static char *so[] = {(char *)"so"};
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    struct letter *note = letter_new(story.world, POLICE, KIND(NOTE));
    letter_to(story.world, note, CHILD_DESK, ACTION);
    note->flags.child = true;
    note->flags.protection = AMANA__V1__PROTECTION__CODE__YES;
    note->flags.never_tell = so;
    note->flags.n_never_tell = 1;
    accepted(story.world, note);
    struct letter *newer = letter_new(story.world, POLICE, KIND(UPDATE));
    letter_answers(newer, story.root, story.root);
    letter_supersedes(newer, story.root);
    letter_to(story.world, newer, POST, ACTION);
    accepted(story.world, newer);
    flags(&story);
    world_pass(story.world, 15 * MINUTE_NS);
    size_t n[2] = {0};
    for (size_t i = story.flag->seq; i < story.world->model.n; i++) {
        const struct model_entry *entry = &story.world->model.entries[i];
        if (entry->kind != ENTRY(DEADLINE) || entry->of != story.root->seq)
            continue;
        bool lonely = strcmp(entry->content->deadline->recipient, LONELY) == 0;
        assert_int_equal(told(story.world, URI(POLICE, "d1"), entry), lonely);
        assert_int_equal(told(story.world, URI(POST, "d1"), entry), !lonely);
        n[lonely]++;
    }
    assert_int_equal(n[0], 1);
    assert_int_equal(n[1], 1);
}

// Its own end is another's: that of what it hasn't got.
static void it_is_not_told_that_what_it_has_not_got_is_over(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    struct letter *newer = world_answer(story.world, POLICE, KIND(UPDATE), story.root, story.root);
    letter_supersedes(newer, story.root);
    newer->valid_until.seconds -= 86400;
    accepted(story.world, newer);
    flags(&story);
    world_pass(story.world, DAY_NS + HOUR_NS);
    const struct model_entry *over = entry_of(story.world, ENTRY(STATE), 0);
    assert_string_equal(over->content->state->message->id, newer->header.id);
    for (size_t i = 0; i < entries_of(story.world, ENTRY(STATE)); i++)
        assert_false(shown(story.world, URI(POST, "d1"), POST, entry_of(story.world, ENTRY(STATE), i)));
    assert_int_equal(model_life(&story.world->model, story.root->seq, POST)->state, LIFE(EXPIRED));
    world_pass(story.world, DAY_NS);
    over = entry_of(story.world, ENTRY(STATE), 0);
    assert_string_equal(over->content->state->message->id, story.root->header.id);
    assert_true(shown(story.world, URI(POST, "d1"), POST, over));
}

static void what_it_has_not_got_either_is_told_to_nobody(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    world_pass(story.world, MINUTE_NS);
    ends_and_flags(&story);
    size_t before = entries_of(story.world, ENTRY(DEADLINE));
    time_goes(&story, HOUR_NS, MINUTE_NS);
    for (size_t i = 0; i < entries_of(story.world, ENTRY(DEADLINE)) - before; i++)
        assert_int_equal(entry_of(story.world, ENTRY(DEADLINE), i)->of, story.ending->seq);
}

// --- Its answers
static void what_is_answered_apart_is_said_to_move_its_life_and_moves_it_for_nobody(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    ends_and_flags(&story);
    post_answers(&story, KIND(ACK), 0);
    const struct model_entry *said = entry_of(story.world, ENTRY(SUBMITTED), 0);
    assert_int_equal(said->content->submitted->n_moves, 1);
    assert_false(said->content->submitted->crossed);
    assert_int_equal(said->content->submitted->moves[0]->to, LIFE(ACKNOWLEDGED));
    assert_non_null(entry_of(story.world, ENTRY(DEADLINE), 0)->content->deadline->met_by); // in time, as it is told
    assert_int_equal(model_life(&story.world->model, story.root->seq, POST)->state, LIFE(NEW));
}

// --- What comes while it is decided
static void an_answer_that_is_faster_than_the_clock_is_in_time(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    struct world *world = story.world;
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    ends_and_flags(&story);
    size_t before = entries_of(world, ENTRY(DEADLINE));
    world->now += 15 * MINUTE_NS;
    world->monotonic += 15 * MINUTE_NS;
    struct letter *ack = world_answer(world, POST, KIND(ACK), story.root, story.root);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    while (world->reading || world->n_checks > 0) { // what has passed is found
        if (world->reading)
            world_read(world);
        else
            world_check_one(world, 0);
    }
    size_t waiting = world->n_appends;
    assert_true(waiting > 0);
    letter_arrive(world, ack);
    world_check_one(world, 0);
    world_commit_one(world, waiting); // is written first
    world_pump(world);
    assert_int_equal(ack->submission.work.reason, REASON_NONE);
    for (size_t i = 0; i < entries_of(world, ENTRY(DEADLINE)) - before; i++) {
        const struct model_entry *entry = entry_of(world, ENTRY(DEADLINE), i);
        assert_true(entry->of != story.root->seq || entry->content->deadline->met_by != NULL ||
                    strcmp(entry->content->deadline->recipient, POST) != 0);
    }
}

// Both are decided before either is written.
static void answers_twice_at_once(struct story *story)
{
    struct world *world = story->world;
    (void)root_of(story, KIND(ALERT));
    post_has_it(story);
    ends_and_flags(story);
    for (size_t i = 0; i < AM_LEN(story->answers); i++) {
        story->answers[i] = world_answer(world, POST, KIND(ACK), story->root, story->root);
        letter_arrive(world, story->answers[i]);
        world_check_one(world, 0);
    }
    world_pump(world);
}

static void of_two_answers_in_flight_the_second_moves_what_the_first_has_moved(void **state)
{
    for (enum end end = NOTHING; end <= CANCELLED; end++) {
        struct story story = {.end = end};
        const Amana__V1__Move *moves[2];
        void *world = NULL;
        assert_int_equal(hub_begin(&world), 0);
        story.world = world;
        answers_twice_at_once(&story);
        for (size_t i = 0; i < AM_LEN(moves); i++) {
            const Amana__V1__SubmittedEntry *said =
                story.world->model.entries[story.answers[i]->seq].content->submitted;
            assert_int_equal(story.answers[i]->submission.work.reason, REASON_NONE);
            assert_int_equal(said->n_moves, 1);
            moves[i] = said->moves[0];
        }
        assert_int_equal(moves[0]->from, LIFE(NEW));
        assert_int_equal(moves[1]->from, LIFE(ACKNOWLEDGED));
        assert_int_equal(hub_end(&world), 0);
    }
    (void)state;
}

// It knows what is new from then on, and answers that.
static void an_answer_that_crosses_the_retrieval_of_what_was_withheld_is_judged_by_that(void **state)
{
    struct story story = {.world = *state, .end = UPDATED};
    struct world *world = story.world;
    struct letter *ack;
    (void)root_of(&story, KIND(ALERT));
    post_has_it(&story);
    ends_and_flags(&story);
    ack = world_answer(world, POST, KIND(ACK), story.root, story.root);
    letter_arrive(world, ack);
    world_check_one(world, 0);
    struct journal_append *decided = world->appends[0];
    assert_int_equal(world->n_appends, 1);
    world->n_appends = 0; // its device had it in hand, and signs for it
    retrieves(world, POST, URI(POST, "d1"), story.ending->seq);
    world->appends[world->n_appends++] = decided;
    world_pump(world);
    assert_int_equal(ack->submission.work.reason, REASON_NONE);
    const struct model_entry *said = entry_of(world, ENTRY(SUBMITTED), 0);
    assert_true(said->content->submitted->crossed); // the version before it, and moves nothing
    assert_int_equal(said->content->submitted->n_moves, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(an_alert_that_was_replaced_unseen_is_late_escalates_and_expires_as_it_would_have),
        HUB_TEST(an_alert_that_was_ended_unseen_is_late_escalates_and_expires_as_it_would_have),
        HUB_TEST(what_it_was_told_before_it_is_not_told_again_also_over_a_restart),
        HUB_TEST(what_it_finds_late_is_late_once_and_is_over_in_its_time),
        HUB_TEST(a_request_that_was_withdrawn_unseen_is_late_by_every_clock),
        HUB_TEST(what_it_acknowledged_is_to_be_answered),
        HUB_TEST(a_clock_that_stands_still_when_it_is_withdrawn_goes_on_when_the_post_does),
        HUB_TEST(a_clock_that_the_post_lets_stand_still_afterwards_goes_on_when_it_does),
        HUB_TEST(a_clock_that_stands_still_for_an_answer_that_it_has_not_got_goes_on_when_the_post_does),
        HUB_TEST(a_long_case_is_looked_through_in_parts),
        HUB_TEST(what_has_gone_on_is_looked_at_as_it_is_retrieved_where_any_case_is_kept_from_a_state),
        HUB_TEST(whose_life_is_as_it_is_kept_is_late_as_ever_beside_it),
        HUB_TEST(what_passed_before_it_was_flagged_is_told_then_and_what_follows_in_its_time),
        HUB_TEST(what_it_signs_for_afterwards_it_is_late_with_by_its_own_clock),
        HUB_TEST(nobody_but_its_unit_is_told_and_its_life_stays_what_it_is),
        HUB_TEST(it_is_not_told_that_what_it_has_not_got_is_over),
        HUB_TEST(what_it_has_not_got_either_is_told_to_nobody),
        HUB_TEST(what_is_answered_apart_is_said_to_move_its_life_and_moves_it_for_nobody),
        HUB_TEST(an_answer_that_is_faster_than_the_clock_is_in_time),
        HUB_TEST(an_answer_that_crosses_the_retrieval_of_what_was_withheld_is_judged_by_that),
        cmocka_unit_test(of_two_answers_in_flight_the_second_moves_what_the_first_has_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
