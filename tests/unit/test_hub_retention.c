// SPDX-License-Identifier: Apache-2.0
// Bodies that go when their time has come, and holds that keep them.
#include "proto/codec/timestamp.h"
#include "tests/unit/hub_expect.h"
#include "tests/unit/hub_orders.h"

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

// --- Review
static void nobody_is_asked_to_keep_what_is_erased(void **state)
{
    struct world *world = *state;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    struct letter *alert = alert_to(world, POLICE, POST);
    timestamp_from_ns(world->now + 30 * DAY_NS, &at);
    alert->header.review_at = &at;
    accepted(world, alert);
    accepted(world, order(world, POLICE, KIND(ERASURE), alert));
    world_pass(world, 29 * DAY_NS);
    size_t before = world->model.n;
    world_pass(world, DAY_NS);
    assert_int_equal(world->model.n, before);
    for (size_t i = 0; i < world->model.n_deadlines; i++)
        assert_true(world->model.deadlines[i].kind != DEADLINE_REVIEW);
}

// --- Past the retain_until of what a HOLD keeps
static struct letter *until(struct letter *letter, uint64_t retain_until)
{
    timestamp_from_ns(retain_until, &letter->retain_until);
    return letter;
}

static void what_a_hold_keeps_past_its_time_is_held_longer_mended_erased_and_confirmed(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 10 * DAY_NS);
    accepted(world, hold(world, POLICE, note, world->now + 20 * DAY_NS));
    world_pass(world, 15 * DAY_NS);
    uint64_t end = world->now + 30 * DAY_NS;
    struct letter *longer = until(hold(world, POLICE, note, end), end);
    accepted(world, longer);
    accepted(world, until(order(world, POLICE, KIND(CORRECTION), note), end));
    struct letter *erasure = until(order(world, POLICE, KIND(ERASURE), note), end);
    accepted(world, erasure);
    struct letter *confirm = world_answer(world, POST, KIND(CONFIRM), erasure, erasure);
    confirm->header.outcome = OUTCOME(RETAINED_BY_LAW);
    accepted(world, confirm);
    world_pass(world, 30 * DAY_NS - NS_PER_S);
    assert_false(erased(world, note) || erased(world, longer) || erased(world, erasure));
    world_pass(world, NS_PER_S);
    assert_true(erased(world, note) && erased(world, longer) && erased(world, erasure));
}

static void nothing_is_kept_longer_than_the_hold_that_it_is_about(void **state)
{
    struct world *world = *state;
    struct letter *note = brief(world, world->now + 10 * DAY_NS);
    uint64_t end = world->now + 20 * DAY_NS, later = end + DAY_NS;
    accepted(world, hold(world, POLICE, note, end));
    refused(world, until(order(world, POLICE, KIND(ERASURE), note), end), REASON_FIELD_INVALID, "retain_until");
    world_pass(world, 15 * DAY_NS);
    refused(world, order(world, POLICE, KIND(ERASURE), note), REASON_FIELD_INVALID, "retain_until");
    refused(world, until(order(world, POLICE, KIND(ERASURE), note), later), REASON_FIELD_INVALID, "retain_until");
    refused(world, until(hold(world, POLICE, note, later), later + DAY_NS), REASON_FIELD_INVALID, "retain_until");
    refused(world, until(order(world, POLICE, KIND(NOTE), note), end), REASON_FIELD_INVALID, "retain_until");
    world_pass(world, 5 * DAY_NS);
    assert_true(erased(world, note));
    refused(world, until(hold(world, POLICE, note, later), later), REASON_FIELD_INVALID, "retain_until");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(what_a_court_needs_is_not_destroyed_until_the_hold_ends),
        HUB_TEST(a_hold_begins_no_life_and_is_answered_by_nobody),
        HUB_TEST(nobody_but_the_originator_orders_to_keep),
        HUB_TEST(a_body_is_destroyed_at_its_retain_until_and_not_before),
        HUB_TEST(what_was_erased_before_makes_no_second_entry_at_its_retain_until),
        HUB_TEST(a_hold_keeps_a_body_past_its_retain_until_and_then_it_goes),
        HUB_TEST(a_hold_asks_for_no_look_at_what_it_keeps),
        HUB_TEST(an_erasure_that_waits_for_a_hold_is_carried_out_when_that_ends),
        HUB_TEST(nobody_is_asked_to_keep_what_is_erased),
        HUB_TEST(what_a_hold_keeps_past_its_time_is_held_longer_mended_erased_and_confirmed),
        HUB_TEST(nothing_is_kept_longer_than_the_hold_that_it_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
