// SPDX-License-Identifier: Apache-2.0
// Rule 12 as the hub decides: whether a message goes by the trust list in force, and that a point serves once.
#include "tests/unit/hub_expect.h"

static const uint8_t NAMED[32] = {7, 7}, ANOTHER[32] = {8, 8};
static uint8_t point[65], other[65];

// Kenya's, as the trust list and the workers have it; NULL: none.
static void name_oversight(struct world *world, const uint8_t *hub, const uint8_t *workers)
{
    assert_int_equal(world_countries(world->hub, hub), AM_OK);
    world->model.overseen = workers != NULL ? "ke" : NULL;
    if (workers != NULL)
        memcpy(world->model.oversight, workers, sizeof world->model.oversight);
}

static int begin(void **state)
{
    if (hub_begin(state) != 0)
        return -1;
    name_oversight(*state, NAMED, NAMED);
    memset(point, 1, sizeof point);
    memset(other, 2, sizeof other);
    point[0] = other[0] = 4;
    return 0;
}

static struct letter *by_point(struct world *world, uint8_t *by)
{
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.oversight_point = (ProtobufCBinaryData){sizeof point, by};
    return alert;
}

static void what_leaves_the_named_oversight_out_or_has_one_where_none_is_named_is_stale(void **state)
{
    static const struct hub_country_row REVOKED[] = {{"ke", CHILD_DESK, .oversight_revoked = true}, {"et", SHELTER}};
    struct world *world = *state;
    struct letter *without = alert_to(world, POLICE, POST);
    refused(world, without, REASON_ROSTER_STALE, "oversight_point");
    assert_string_equal(without->submission.work.stale_unit, POLICE);
    assert_non_null(strstr(without->submission.work.detail.text, "seal to its certificate too"));
    accepted(world, by_point(world, point));
    // Another country's units go on without.
    accepted(world, alert_to(world, POST, POLICE));
    struct letter *foreign = alert_to(world, POST, POLICE);
    foreign->header.oversight_point = (ProtobufCBinaryData){sizeof other, other};
    refused(world, foreign, REASON_ROSTER_STALE, "oversight_point");
    assert_non_null(strstr(foreign->submission.work.detail.text, "names no oversight"));
    name_oversight(world, NULL, NULL);
    refused(world, by_point(world, other), REASON_ROSTER_STALE, "oversight_point");
    assert_int_equal(hub_set_countries(world->hub, REVOKED, AM_LEN(REVOKED)), AM_OK);
    struct letter *revoked = by_point(world, other);
    refused(world, revoked, REASON_ROSTER_STALE, "oversight_point");
    assert_non_null(strstr(revoked->submission.work.detail.text, "revoked is the oversight of the country of " POLICE));
    accepted(world, alert_to(world, POLICE, POST));
    name_oversight(world, NULL, NULL); // another list: it is named no more
    struct letter *later = by_point(world, other);
    refused(world, later, REASON_ROSTER_STALE, "oversight_point");
    assert_non_null(strstr(later->submission.work.detail.text, "names no oversight"));
    accepted(world, alert_to(world, POLICE, POST));
}

static void a_point_is_taken_once_and_its_own_message_gets_its_receipt_again(void **state)
{
    struct world *world = *state;
    struct letter *first = by_point(world, point), *again;
    accepted(world, first);
    refused(world, by_point(world, point), REASON_FIELD_INVALID, "oversight_point");
    uint8_t mirrored[sizeof point]; // the secret is an x: it is the same by the other y
    memcpy(mirrored, point, sizeof mirrored);
    memset(mirrored + 33, 9, 32);
    refused(world, by_point(world, mirrored), REASON_FIELD_INVALID, "oversight_point");
    again = letter_again(world, first);
    assert_int_equal(letter_send(world, again), REASON_NONE);
    assert_int_equal(again->receipt.len, first->receipt.len);
    assert_memory_equal(again->receipt.data, first->receipt.data, first->receipt.len);
    accepted(world, by_point(world, other));
}

static void of_two_under_way_with_one_point_one_is_taken(void **state)
{
    struct world *world = *state;
    struct letter *first = by_point(world, point), *second = by_point(world, point);
    letter_arrive(world, first);
    letter_arrive(world, second);
    world_check_one(world, 0);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 2); // neither was there when the other was looked at
    world_pump(world);
    const struct letter *taken = first->submission.work.reason == REASON_NONE ? first : second,
                        *told = taken == first ? second : first;
    assert_int_equal(taken->submission.work.reason, REASON_NONE);
    assert_int_equal(told->submission.work.reason, REASON_FIELD_INVALID);
    assert_string_equal(told->submission.work.detail.field, "oversight_point");
}

static void a_trust_list_that_changes_during_the_check_is_judged_anew(void **state)
{
    struct world *world = *state;
    struct letter *lost = by_point(world, point), *renewed = by_point(world, other);
    letter_arrive(world, lost);
    name_oversight(world, NULL, NULL);
    world_pump(world);
    assert_int_equal(lost->submission.work.reason, REASON_ROSTER_STALE);
    name_oversight(world, NAMED, NAMED);
    letter_arrive(world, renewed);
    name_oversight(world, ANOTHER, NAMED);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 0); // the worker looked at the seal by the one that was
    assert_int_equal(world->n_checks, 1);
    name_oversight(world, ANOTHER, ANOTHER);
    world_pump(world);
    assert_int_equal(renewed->submission.work.reason, REASON_NONE);
}

static void a_list_that_a_message_brings_recalls_the_oversight_for_that_message(void **state)
{
    static const uint8_t list[] = "a list";
    struct world *world = *state;
    struct letter *good = alert_to(world, POLICE, POST), *none = alert_to(world, POLICE, POST),
                  *bad = alert_to(world, POLICE, POST), *sealed = by_point(world, point);
    good->submission.crl = bad->submission.crl = sealed->submission.crl = (struct am_bytes){list, sizeof list};
    refused(world, bad, REASON_ROSTER_STALE, "oversight_point"); // no worker bears it out
    world->model.recalls = true;
    accepted(world, good);
    refused(world, none, REASON_ROSTER_STALE, "oversight_point"); // the next brings none
    accepted(world, sealed);                                      // to who is named, for all it brings
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, hub_end)
    const struct CMUnitTest tests[] = {
        TEST(what_leaves_the_named_oversight_out_or_has_one_where_none_is_named_is_stale),
        TEST(a_point_is_taken_once_and_its_own_message_gets_its_receipt_again),
        TEST(of_two_under_way_with_one_point_one_is_taken),
        TEST(a_trust_list_that_changes_during_the_check_is_judged_anew),
        TEST(a_list_that_a_message_brings_recalls_the_oversight_for_that_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
