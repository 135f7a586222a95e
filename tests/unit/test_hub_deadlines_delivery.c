// SPDX-License-Identifier: Apache-2.0
// What is not fetched, or not taken by another hub, in time: the clocks of deliveries and who is told.
#include "tests/unit/hub_clocks.h"

#include "proto/model/life.h"

static void mail_that_nobody_comes_for_is_told_to_its_sender(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 15 * MINUTE_NS);
    const struct model_entry *entry = entry_of(world, ENTRY(NON_RETRIEVED), 0);
    assert_non_null(entry);
    assert_int_equal(entry->content->non_retrieved->n_recipients, 1);
    assert_string_equal(entry->content->non_retrieved->recipients[0], POST);
    assert_int_equal(entry->content->non_retrieved->due, WORLD_START + 15 * MINUTE_NS);
    assert_true(told(world, URI(POLICE, "d1"), entry));
    assert_false(told(world, URI(POST, "d1"), entry));
    world_pass(world, HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(NON_RETRIEVED)), 1);
    retrieves(world, POST, URI(POST, "d1"), alert->seq); // it may still be fetched
}

// The device that wrote it has it; a unit of one desk would be told for ever that nobody has come for it.
static void a_note_to_the_own_unit_waits_for_nobody_to_come(void **state)
{
    struct world *world = *state;
    struct letter *note = letter_new(world, POLICE, KIND(NOTE)), *other = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, note, POLICE, ACTION);
    letter_to(world, other, POST, ACTION);
    accepted(world, note);
    accepted(world, other);
    world_pass(world, 8 * 24 * HOUR_NS);
    assert_int_equal(entries_of(world, ENTRY(NON_RETRIEVED)), 1);
    assert_string_equal(entry_of(world, ENTRY(NON_RETRIEVED), 0)->content->non_retrieved->recipients[0], POST);
}

static void what_two_units_of_a_country_did_not_come_for_is_one_entry(void **state)
{
    struct world *world = *state;
    world_alert(world);
    world->now += 15 * MINUTE_NS - 1;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_pump(world);
    world->now += 1;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_check_one(world, 0);
    const struct journal_append *append = world->appends[0];
    assert_int_equal(append->n_entries, 2); // and POST's life
    for (size_t i = 0; i < append->n_entries; i++)
        assert_true(append->entries[i].content.len > 0);
    world_pump(world);
    assert_int_equal(entry_of(world, ENTRY(NON_RETRIEVED), 0)->content->non_retrieved->n_recipients, 2);
}

// What another hub is to take, as far as this one knows.
static void a_message_on_its_way_is_late_and_then_not_delivered_and_still_may_arrive(void **state)
{
    static const struct {
        Amana__V1__Urgency__Code urgency;
        uint64_t late, non_delivered;
    } TIMES[] = {
        {1, 15 * MINUTE_NS, HOUR_NS}, {2, HOUR_NS, 8 * HOUR_NS}, {3, 12 * HOUR_NS, DAY_NS}, {4, 12 * HOUR_NS, DAY_NS}};
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(TIMES); i++) {
        struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
        alert->header.urgency = TIMES[i].urgency;
        if (TIMES[i].urgency > 2)
            alert->header.urgency_reason = 0;
        letter_to(world, alert, POST, ACTION);
        accepted(world, alert);
        struct journal_delivery *delivery = &model_message_at(&world->model, alert->seq)->deliveries[0];
        delivery->state = AMANA__V1__DELIVERY_STATE__CODE__RELAYED;
        for (size_t j = 0; j < world->model.n_deadlines; j++) // where its row stands, had it begun so
            if (world->model.deadlines[j].subject == alert->seq)
                world->model.deadlines[j].at = world->now + TIMES[i].late;
        uint64_t begun = world->now;
        size_t late = entries_of(world, ENTRY(LATE)), missing = entries_of(world, ENTRY(NON_DELIVERED));
        world_pass(world, TIMES[i].late - 1);
        assert_int_equal(entries_of(world, ENTRY(LATE)), late);
        world_pass(world, 1);
        assert_int_equal(entries_of(world, ENTRY(LATE)), late + 1);
        assert_int_equal(entry_of(world, ENTRY(LATE), 0)->content->late->due, begun + TIMES[i].late);
        world_pass(world, TIMES[i].non_delivered - TIMES[i].late - 1);
        assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), missing);
        world_pass(world, 1);
        const struct model_entry *entry = entry_of(world, ENTRY(NON_DELIVERED), 0);
        assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), missing + 1);
        assert_string_equal(entry->content->non_delivered->recipients[0], POST);
        assert_true(told(world, URI(POLICE, "d1"), entry));
        assert_int_equal(delivery->state, AMANA__V1__DELIVERY_STATE__CODE__RELAYED);
        delivery->state = AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
    }
}

// The letter's deliveries, on their way to another hub since now.
static struct journal_delivery *on_their_way(struct world *world, const struct letter *letter)
{
    struct model_message *kept = model_message_at(&world->model, letter->seq);
    for (size_t i = 0; i < letter->header.n_recipients; i++)
        kept->deliveries[i].state = AMANA__V1__DELIVERY_STATE__CODE__RELAYED;
    return kept->deliveries;
}

static void late_is_told_before_not_delivered_when_both_have_passed(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    on_their_way(world, alert);
    world_pass(world, HOUR_NS); // at once: the hub was away
    const struct model_entry *late = entry_of(world, ENTRY(LATE), 0), *missing;
    missing = entry_of(world, ENTRY(NON_DELIVERED), 0);
    assert_non_null(late);
    assert_non_null(missing);
    assert_true(late < missing);
    assert_int_equal(entries_of(world, ENTRY(LATE)), 1);
    assert_int_equal(entries_of(world, ENTRY(NON_DELIVERED)), 1);
}

static void an_entry_for_several_recipients_has_the_earliest_of_their_times(void **state)
{
    struct world *world = *state;
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, alert, POST, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    on_their_way(world, alert)[1].delivered_at += MINUTE_NS;
    world_pass(world, 16 * MINUTE_NS);
    const struct model_entry *late = entry_of(world, ENTRY(LATE), 0);
    assert_non_null(late);
    assert_int_equal(late->content->late->n_recipients, 2);
    assert_int_equal(late->content->late->due, WORLD_START + 15 * MINUTE_NS);
}

// An auditor opens what is of its country: the entry must hold no other's (rule 4).
static void what_has_not_reached_units_of_two_countries_is_an_entry_for_each(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    on_their_way(world, alert);
    world_pass(world, 2 * HOUR_NS);
    static const uint8_t KINDS[] = {ENTRY(LATE), ENTRY(NON_DELIVERED)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_int_equal(entries_of(world, KINDS[i]), 2);
        const struct model_entry *ours = entry_of(world, KINDS[i], 1), *theirs = entry_of(world, KINDS[i], 0);
        assert_int_equal(ours->content->late->n_recipients, 2);
        assert_string_equal(ours->content->late->recipients[0], POST);
        assert_string_equal(ours->content->late->recipients[1], SHELTER);
        assert_int_equal(theirs->content->late->n_recipients, 1);
        assert_string_equal(theirs->content->late->recipients[0], LONELY);
        assert_true(told(world, URI(POLICE, "d1"), ours) && told(world, URI(POLICE, "d1"), theirs));
    }
}

static void a_delivery_that_nobody_came_for_ends_with_its_message(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    retrieves(world, SHELTER, URI(SHELTER, "d1"), alert->seq);
    world_pass(world, 90 * DAY_NS);
    const struct model_message *kept = model_message_at(&world->model, alert->seq);
    assert_int_equal(kept->deliveries[0].state, AMANA__V1__DELIVERY_STATE__CODE__EXPIRED);
    assert_int_equal(kept->deliveries[1].state, AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED);
    const Amana__V1__StateEntry *entry = entry_of(world, ENTRY(STATE), 0)->content->state;
    assert_int_equal(entry->n_undelivered, 1);
    assert_string_equal(entry->undelivered[0], POST);
    assert_int_equal(world->model.n_deadlines, 0); // of this message; nothing is left to wait for
}

static void what_nobody_came_for_ends_by_an_entry_for_the_units_of_each_country(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, ACTION);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    world_pass(world, 90 * DAY_NS);
    const struct model_message *kept = model_message_at(&world->model, alert->seq);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(kept->deliveries[i].state, AMANA__V1__DELIVERY_STATE__CODE__EXPIRED);
    const struct model_entry *ours = entry_of(world, ENTRY(STATE), 1), *theirs = entry_of(world, ENTRY(STATE), 0);
    assert_int_equal(ours->content->state->n_undelivered, 2);
    assert_string_equal(ours->content->state->undelivered[0], POST);
    assert_string_equal(ours->content->state->undelivered[1], SHELTER);
    assert_int_equal(theirs->content->state->n_undelivered, 1);
    assert_string_equal(theirs->content->state->undelivered[0], LONELY);
    assert_true(told(world, URI(LONELY, "d1"), theirs) && !told(world, URI(LONELY, "d1"), ours));
    assert_true(told(world, URI(POST, "d1"), ours) && !told(world, URI(POST, "d1"), theirs));
    assert_true(told(world, URI(POLICE, "d1"), ours) && told(world, URI(POLICE, "d1"), theirs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(mail_that_nobody_comes_for_is_told_to_its_sender),
        HUB_TEST(a_note_to_the_own_unit_waits_for_nobody_to_come),
        HUB_TEST(what_two_units_of_a_country_did_not_come_for_is_one_entry),
        HUB_TEST(a_message_on_its_way_is_late_and_then_not_delivered_and_still_may_arrive),
        HUB_TEST(late_is_told_before_not_delivered_when_both_have_passed),
        HUB_TEST(an_entry_for_several_recipients_has_the_earliest_of_their_times),
        HUB_TEST(what_has_not_reached_units_of_two_countries_is_an_entry_for_each),
        HUB_TEST(a_delivery_that_nobody_came_for_ends_with_its_message),
        HUB_TEST(what_nobody_came_for_ends_by_an_entry_for_the_units_of_each_country),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
