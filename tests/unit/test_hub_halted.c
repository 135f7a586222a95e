// SPDX-License-Identifier: Apache-2.0
// Rule 4, do no harm: a request whose clock was set going again by an answer that is withheld from its unit. To that
// unit, which asked, it stands still: so it does for all, until the unit goes on or has got the answer.
#include "tests/unit/hub_shield.h"
#include "tests/unit/hub_story.h"

#define ASKED AMANA__V1__OUTCOME__CODE__CLARIFICATION_ASKED
#define HAND  AMANA__V1__OUTCOME__CODE__IN_HAND

// U1: to be acknowledged in a quarter of an hour, and answered in one.
static void asked_back(struct story *story)
{
    story->root = letter_new(story->world, POLICE, KIND(REQUEST));
    letter_to(story->world, story->root, POST, ACTION);
    accepted(story->world, story->root);
    post_has_it(story);
    world_pass(story->world, 10 * MINUTE_NS);
    post_answers(story, KIND(PROGRESS), ASKED);
    world_pass(story->world, 10 * MINUTE_NS);
}

// --- The same to the post
static void explained_and_flagged(struct story *story)
{
    asked_back(story);
    ends(story);
    world_pass(story->world, MINUTE_NS);
    flags(story);
    time_goes(story, 2 * HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void a_request_that_was_explained_unseen_stands_still_until_the_post_goes_on(void **state)
{
    same(*state, explained_and_flagged, EXPLAINED, 3); // acknowledged in time; late; escalated
}

static void acknowledges_meanwhile(struct story *story)
{
    asked_back(story);
    ends_and_flags(story);
    time_goes(story, HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(ACK), 0);
    world_restart(story->world);
    time_goes(story, 2 * HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), ASKED);
    time_goes(story, HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void what_the_post_says_meanwhile_leaves_it_standing_or_not_as_it_would_have(void **state)
{
    same(*state, acknowledges_meanwhile, EXPLAINED, 3);
}

static void answers_in_the_pause(struct story *story)
{
    asked_back(story);
    ends_and_flags(story);
    time_goes(story, 2 * HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(RESPONSE), AMANA__V1__OUTCOME__CODE__FULL);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void an_answer_in_the_pause_is_in_time_as_it_would_have_been(void **state)
{
    same(*state, answers_in_the_pause, EXPLAINED, 2);
}

// --- Between the flag and the entry that puts it right
// The flag is written, and of what follows nothing is read yet.
static void flag_alone(struct story *story)
{
    struct world *world = story->world;
    struct letter *letter = note(world, POLICE, CHILD_DESK);
    if (story->end == NOTHING)
        return;
    letter->flags.child = true;
    shield(letter, FLAG(YES), ET);
    letter_arrive(world, letter);
    while (letter->replies == 0)
        if (world->n_checks > 0)
            world_check_one(world, 0);
        else
            world_commit_one(world, 0);
}

static void answers_at_once(struct story *story)
{
    asked_back(story);
    ends(story);
    flag_alone(story);
    struct letter *letter = world_answer(story->world, POST, KIND(PROGRESS), story->root, story->root);
    letter->header.outcome = (Amana__V1__Outcome__Code)HAND;
    letter_arrive(story->world, letter);
    while (letter->replies == 0)
        if (story->world->n_checks > 0)
            world_check_one(story->world, story->world->n_checks - 1);
        else
            world_commit_one(story->world, story->world->n_appends - 1);
    world_pump(story->world);
    assert_int_equal(letter->submission.work.reason, REASON_NONE);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void an_answer_that_is_faster_is_receipted_from_where_the_post_knows_it_to_be(void **state)
{
    same(*state, answers_at_once, EXPLAINED, 3);
}

// Its deadline has come long ago, when the hub is there again: it is found as soon as the flag is.
static void away_meanwhile(struct story *story)
{
    asked_back(story);
    ends(story);
    flag_alone(story);
    story->world->now += 3 * HOUR_NS;
    story->world->monotonic += 3 * HOUR_NS;
    world_restart(story->world);
    world_step(story->world, (struct hub_event){.kind = HUB_EVENT_TICK});
    while (story->world->reading || story->world->n_checks > 0 || story->world->n_appends > 0) {
        if (story->world->reading)
            world_read(story->world);
        else if (story->world->n_checks > 0) // the latest first
            world_check_one(story->world, story->world->n_checks - 1);
        else
            world_commit_one(story->world, story->world->n_appends - 1);
    }
    time_goes(story, HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void a_deadline_that_is_faster_tells_nothing_before_it_is_put_right(void **state)
{
    same(*state, away_meanwhile, EXPLAINED, 3);
}

// --- The others
static const struct model_entry *halt_of(struct story *story, size_t n)
{
    const struct model_entry *entry = entry_of(story->world, ENTRY(STATE), n);
    assert_non_null(entry);
    assert_int_equal(entry->of, story->ending->seq);
    assert_string_equal(entry->content->state->message->id, story->ending->header.id);
    assert_string_equal(entry->content->state->moves[0]->root->id, story->root->header.id);
    assert_string_equal(entry->content->state->moves[0]->recipient, POST);
    return entry;
}

static void told_to_police_alone(struct story *story, const struct model_entry *entry)
{
    assert_true(told(story->world, URI(POLICE, "d1"), entry));
    assert_false(told(story->world, URI(POST, "d1"), entry));
    assert_false(told(story->world, URI(POST, "d2"), entry));
    assert_false(told(story->world, URI(CHILD_DESK, "d1"), entry));
}

static const struct journal_life *life_of(struct story *story)
{
    return model_life(&story->world->model, story->root->seq, POST);
}

static void its_originator_alone_is_told_and_the_life_is_as_it_was_before(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    struct journal_life before = *life_of(&story);
    ends(&story);
    assert_int_equal(life_of(&story)->state, LIFE(IN_PROGRESS));
    world_pass(story.world, MINUTE_NS);
    flags(&story);
    const struct model_entry *halt = halt_of(&story, 0);
    assert_int_equal(halt->content->state->moves[0]->from, LIFE(IN_PROGRESS));
    assert_int_equal(halt->content->state->moves[0]->to, LIFE(SUSPENDED));
    told_to_police_alone(&story, halt);
    const struct journal_life *life = life_of(&story);
    assert_int_equal(life->state, LIFE(SUSPENDED));
    assert_int_equal(life->state_at, before.state_at);
    assert_int_equal(life->answer_due, before.answer_due);
    assert_string_equal(life->officer, before.officer);
    flags(&story); // once more
    assert_int_equal(entries_of(story.world, ENTRY(STATE)), 1);
}

static void what_passed_since_it_was_set_going_has_not_passed(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    ends(&story);
    time_goes(&story, HOUR_NS, MINUTE_NS);
    assert_int_not_equal(life_of(&story)->flags & LIFE_PASSED(CLOCK_ANSWER), 0);
    flags(&story);
    assert_int_equal(life_of(&story)->flags, 0);
    post_answers(&story, KIND(PROGRESS), HAND);
    size_t before = entries_of(story.world, ENTRY(DEADLINE));
    time_goes(&story, HOUR_NS, MINUTE_NS);
    assert_int_equal(entries_of(story.world, ENTRY(DEADLINE)), before + 1); // in its time
}

// Its receipt has said where it was.
static void what_the_post_moved_since_stays_where_that_left_it(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    ends(&story);
    post_answers(&story, KIND(ACK), 0);
    flags(&story);
    assert_int_equal(life_of(&story)->state, LIFE(IN_PROGRESS));
    assert_int_equal(entries_of(story.world, ENTRY(STATE)), 0);
    time_goes(&story, 2 * HOUR_NS, MINUTE_NS);
    assert_int_not_equal(life_of(&story)->flags & LIFE_PASSED(CLOCK_ANSWER), 0);
}

// --- It comes after all
static void goes_on(struct story *story)
{
    const struct model_entry *halt = halt_of(story, 0);
    assert_int_equal(halt->content->state->moves[0]->from, LIFE(SUSPENDED));
    assert_int_equal(halt->content->state->moves[0]->to, LIFE(IN_PROGRESS));
    told_to_police_alone(story, halt);
    assert_int_equal(life_of(story)->state, LIFE(IN_PROGRESS));
    assert_int_equal(life_of(story)->state_at, halt->time_ns);
    // 50 minutes were left of the hour; the pause is given back to its end.
    assert_int_equal(life_of(story)->answer_due, halt->time_ns + 50 * MINUTE_NS);
    time_goes(story, 49 * MINUTE_NS, MINUTE_NS);
    size_t before = entries_of(story->world, ENTRY(DEADLINE));
    time_goes(story, 2 * MINUTE_NS, MINUTE_NS);
    assert_int_equal(entries_of(story->world, ENTRY(DEADLINE)), before + 1);
    assert_true(told(story->world, URI(POST, "d1"), entry_of(story->world, ENTRY(DEADLINE), 0)));
}

static void taken_back_it_goes_on_once_the_post_has_fetched_it(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    ends_and_flags(&story);
    time_goes(&story, HOUR_NS, MINUTE_NS);
    accepted(story.world, taken_back(story.world, CHILD_DESK, story.flag));
    time_goes(&story, HOUR_NS, MINUTE_NS);
    assert_int_equal(life_of(&story)->state, LIFE(SUSPENDED));
    post_answers(&story, KIND(ACK), 0); // which no clock minds
    retrieves(story.world, POST, URI(POST, "d1"), story.ending->seq);
    goes_on(&story);
}

// A device had it, and had not signed for it.
static void what_it_signs_for_afterwards_sets_it_going(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    ends_and_flags(&story);
    time_goes(&story, HOUR_NS, MINUTE_NS);
    retrieves(story.world, POST, URI(POST, "d1"), story.ending->seq);
    goes_on(&story);
    retrieves(story.world, POST, URI(POST, "d2"), story.ending->seq);
    assert_int_equal(entries_of(story.world, ENTRY(STATE)), 2);
}

static void flagged_anew_before_it_is_fetched_it_stands_still_again_as_the_post_knows_it(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    uint64_t due = life_of(&story)->answer_due;
    ends_and_flags(&story);
    accepted(story.world, taken_back(story.world, CHILD_DESK, story.flag));
    struct letter *first = story.ending;
    ends(&story); // once more, as it is still open
    assert_int_equal(life_of(&story)->state, LIFE(IN_PROGRESS));
    world_pass(story.world, MINUTE_NS);
    flags(&story);
    (void)halt_of(&story, 0);
    assert_int_equal(life_of(&story)->state, LIFE(SUSPENDED));
    assert_int_equal(life_of(&story)->answer_due, due);
    retrieves(story.world, POST, URI(POST, "d1"), first->seq); // not what had set it going last
    assert_int_equal(life_of(&story)->state, LIFE(SUSPENDED));
    retrieves(story.world, POST, URI(POST, "d1"), story.ending->seq);
    goes_on(&story);
}

// It asked again, of something else.
static void what_the_post_asked_meanwhile_is_not_answered_by_it(void **state)
{
    struct story story = {.world = *state, .end = EXPLAINED};
    asked_back(&story);
    ends_and_flags(&story);
    world_pass(story.world, MINUTE_NS);
    post_answers(&story, KIND(PROGRESS), ASKED);
    retrieves(story.world, POST, URI(POST, "d1"), story.ending->seq);
    assert_int_equal(life_of(&story)->state, LIFE(SUSPENDED));
    assert_int_equal(entries_of(story.world, ENTRY(STATE)), 1);
}

// Withdrawn unseen after that: it goes on apart from where it stands still.
static void pauses_and_is_withdrawn(struct story *story)
{
    asked_back(story);
    if (story->end != NOTHING) {
        story->end = EXPLAINED;
        ends_and_flags(story);
        world_pass(story->world, 2 * MINUTE_NS);
        accepted(story->world, taken_back(story->world, CHILD_DESK, story->flag));
        story->end = WITHDRAWN;
        ends_and_flags(story);
    } else {
        world_pass(story->world, 2 * MINUTE_NS);
    }
    time_goes(story, HOUR_NS, MINUTE_NS);
    post_answers(story, KIND(PROGRESS), HAND);
    time_goes(story, 6 * HOUR_NS, MINUTE_NS);
}

static void withdrawn_unseen_after_that_it_goes_on_apart_from_there(void **state)
{
    same(*state, pauses_and_is_withdrawn, WITHDRAWN, 3);
}

// --- Where its originator is of a state that is listed too
static void an_originator_whose_state_is_listed_as_well_is_told_nothing(void **state)
{
    static char *both[] = {(char *)"et", (char *)"so"};
    char *to[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    struct story story = {.world = *state};
    world_grant(story.world, LONELY, "unit", to, AM_LEN(to));
    (void)alert_to_both(story.world);
    story.root = letter_new(story.world, LONELY, KIND(REQUEST));
    letter_to(story.world, story.root, POST, ACTION);
    letter_to(story.world, story.root, POLICE, COPY);
    accepted(story.world, story.root);
    post_has_it(&story);
    post_answers(&story, KIND(PROGRESS), ASKED);
    struct letter *explains = letter_new(story.world, LONELY, KIND(CLARIFICATION));
    letter_answers(explains, story.root, story.root);
    letter_to(story.world, explains, POST, ACTION);
    accepted(story.world, explains);
    struct letter *flag = note(story.world, POLICE, CHILD_DESK);
    flag->flags.child = true;
    shield(flag, FLAG(YES), both);
    flag->flags.n_never_tell = AM_LEN(both);
    accepted(story.world, flag);
    world_pass(story.world, MINUTE_NS);
    assert_int_equal(life_of(&story)->state, LIFE(SUSPENDED));
    const struct model_entry *halt = entry_of(story.world, ENTRY(STATE), 0);
    assert_int_equal(halt->of, explains->seq);
    assert_false(told(story.world, URI(LONELY, "d1"), halt));
    assert_false(told(story.world, URI(POST, "d1"), halt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_request_that_was_explained_unseen_stands_still_until_the_post_goes_on),
        HUB_TEST(what_the_post_says_meanwhile_leaves_it_standing_or_not_as_it_would_have),
        HUB_TEST(an_answer_in_the_pause_is_in_time_as_it_would_have_been),
        HUB_TEST(an_answer_that_is_faster_is_receipted_from_where_the_post_knows_it_to_be),
        HUB_TEST(a_deadline_that_is_faster_tells_nothing_before_it_is_put_right),
        HUB_TEST(its_originator_alone_is_told_and_the_life_is_as_it_was_before),
        HUB_TEST(what_passed_since_it_was_set_going_has_not_passed),
        HUB_TEST(what_the_post_moved_since_stays_where_that_left_it),
        HUB_TEST(taken_back_it_goes_on_once_the_post_has_fetched_it),
        HUB_TEST(what_it_signs_for_afterwards_sets_it_going),
        HUB_TEST(flagged_anew_before_it_is_fetched_it_stands_still_again_as_the_post_knows_it),
        HUB_TEST(what_the_post_asked_meanwhile_is_not_answered_by_it),
        HUB_TEST(withdrawn_unseen_after_that_it_goes_on_apart_from_there),
        HUB_TEST(an_originator_whose_state_is_listed_as_well_is_told_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
