// SPDX-License-Identifier: Apache-2.0
// Quotas: how much an identity may ask for, and what becomes of refusals past it.
#include "tests/unit/hub_expect.h"

// --- Quotas
static void past_its_requests_a_second_an_identity_waits(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_NONE);
    struct letter *over = alert_to(world, POLICE, POST);
    assert_int_equal(letter_send(world, over), REASON_QUOTA);
    assert_in_range(over->submission.work.retry_ns, 1, NS_PER_S / 10 + 1);
    assert_int_equal(letter_send(world, alert_to(world, LONELY, POLICE)), REASON_NOT_PERMITTED); // another's own
    world->monotonic += over->submission.work.retry_ns;
    assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_NONE);
}

static void an_hour_of_silence_saves_an_identity_no_requests(void **state)
{
    struct world *world = *state;
    assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_NONE);
    world->monotonic += 3600 * NS_PER_S;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_NONE);
    assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_QUOTA);
}

static void a_quota_makes_no_entry(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 10; i++)
        (void)letter_send(world, alert_to(world, POLICE, POST));
    size_t before = world->model.n;
    (void)letter_send(world, alert_to(world, POLICE, POST));
    assert_int_equal(world->model.n, before);
}

static void too_many_in_flight_are_told_busy(void **state)
{
    struct world *world = *state;
    struct letter *letters[4];
    for (unsigned i = 0; i < 4; i++)
        letter_arrive(world, letters[i] = alert_to(world, POLICE, POST));
    assert_int_equal(letters[3]->replies, 1);
    assert_int_equal(letters[3]->submission.work.reason, REASON_BUSY);
    world_pump(world);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(letters[i]->submission.work.reason, REASON_NONE);
    assert_int_equal(letter_send(world, letter_again(world, letters[3])), REASON_NONE);
}

// --- Refusals past a quota
static void refusals_past_the_quota_are_counted_together_once_a_minute(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(letter_send(world, alert_to(world, STRANGER, POST)), REASON_NOT_PERMITTED);
    assert_int_equal(world->model.n, 2);
    tick(world, 59 * NS_PER_S);
    assert_int_equal(world->model.n, 2);
    tick(world, NS_PER_S);
    assert_int_equal(world->model.n, 3);
    const Amana__V1__RejectedEntry *entry = last_entry(world)->content->rejected;
    assert_int_equal(entry->count, 3);
    assert_string_equal(entry->reason, "NOT_PERMITTED");
    assert_string_equal(entry->identity, URI(STRANGER, "d1"));
    assert_string_equal(entry->id, "");
    assert_int_equal(entry->digest.len, 0);
}

static void the_next_minute_has_a_quota_of_its_own(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 3; i++)
        (void)letter_send(world, alert_to(world, STRANGER, POST));
    tick(world, MINUTE_NS);
    size_t before = world->model.n;
    (void)letter_send(world, alert_to(world, STRANGER, POST));
    assert_int_equal(world->model.n, before + 1);
    assert_int_equal(last_entry(world)->content->rejected->count, 0);
}

static void refused_one(struct world *world)
{
    struct letter *letter = alert_to(world, POLICE, POST);
    letter->header.id = (char *)"none";
    assert_int_equal(letter_send(world, letter), REASON_FIELD_INVALID);
}

// Neither with what the identity did before nor with the last of them: else it would have entries without end.
static void a_minute_of_refusals_begins_with_its_first(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    tick(world, 40 * NS_PER_S);
    refused_one(world);
    tick(world, 30 * NS_PER_S);
    size_t before = world->model.n;
    refused_one(world); // has an entry, too
    refused_one(world); // is counted
    assert_int_equal(world->model.n, before + 1);
    tick(world, 29 * NS_PER_S);
    assert_int_equal(world->model.n, before + 1);
    tick(world, NS_PER_S);
    assert_int_equal(world->model.n, before + 2);
    assert_int_equal(last_entry(world)->content->rejected->count, 1);
}

static void one_identitys_quota_of_refusals_is_not_anothers(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 5; i++)
        (void)letter_send(world, alert_to(world, STRANGER, POST));
    (void)letter_send(world, alert_to(world, LONELY, SHELTER));
    assert_int_equal(last_entry(world)->content->rejected->count, 0);
    assert_string_equal(last_entry(world)->content->rejected->identity, URI(LONELY, "d1"));
}

static void a_refusal_that_finds_no_room_is_counted_and_comes_later(void **state)
{
    struct world *world = *state;
    world->model.full = true;
    assert_int_equal(letter_send(world, alert_to(world, STRANGER, POST)), REASON_NOT_PERMITTED);
    tick(world, MINUTE_NS); // still no room
    assert_int_equal(world->model.n, 0);
    world->model.full = false;
    tick(world, MINUTE_NS);
    assert_int_equal(world->model.n, 1);
    assert_int_equal(last_entry(world)->content->rejected->count, 1);
}

static void an_id_that_is_none_is_not_repeated_in_the_log(void **state)
{
    struct world *world = *state;
    struct letter *letter = alert_to(world, POLICE, POST);
    letter->header.id = (char *)"<script>";
    assert_int_equal(letter_send(world, letter), REASON_FIELD_INVALID);
    assert_string_equal(last_entry(world)->content->rejected->id, "");
    assert_memory_equal(last_entry(world)->content->rejected->digest.data, letter->submission.header_digest, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST_TIGHT(past_its_requests_a_second_an_identity_waits),
        HUB_TEST_TIGHT(an_hour_of_silence_saves_an_identity_no_requests),
        HUB_TEST_TIGHT(a_quota_makes_no_entry),
        HUB_TEST_TIGHT(too_many_in_flight_are_told_busy),
        HUB_TEST_TIGHT(refusals_past_the_quota_are_counted_together_once_a_minute),
        HUB_TEST_TIGHT(the_next_minute_has_a_quota_of_its_own),
        HUB_TEST_TIGHT(a_minute_of_refusals_begins_with_its_first),
        HUB_TEST_TIGHT(one_identitys_quota_of_refusals_is_not_anothers),
        HUB_TEST(a_refusal_that_finds_no_room_is_counted_and_comes_later),
        HUB_TEST(an_id_that_is_none_is_not_repeated_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
