// SPDX-License-Identifier: Apache-2.0
// Rosters that a hub is given: which number follows, and what is refused.
#include "tests/unit/hub_expect.h"

static enum reason change(struct world *world, const struct hub_roster *roster, struct hub_roster_change *change)
{
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    *change = (struct hub_roster_change){
        .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
        .roster = roster,
        .record = &record};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = change});
    world_pump(world);
    return change->work.reason;
}

static void a_new_roster_is_in_force_once_its_entry_is_durable(void **state)
{
    struct world *world = *state;
    static const uint8_t AUTH[32] = {9}, OLD[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct hub_roster next = roster_of(POST, 2, 2, 1);
    struct hub_roster_change work;
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    work = (struct hub_roster_change){
        .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
        .roster = &next,
        .record = &record};
    assert_int_equal(hub_admits(world->hub, POST, URI(POST, "d1"), OLD), REASON_NONE);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = &work});
    assert_int_equal(hub_roster_number(world->hub, POST), 1);
    world_pump(world);
    assert_int_equal(hub_roster_number(world->hub, POST), 2);
    assert_string_equal(world->roster_changed, POST);
    assert_int_equal(hub_admits(world->hub, POST, URI(POST, "d9"), AUTH), REASON_NONE);
    assert_int_equal(hub_admits(world->hub, POST, URI(POST, "d9"), OLD), REASON_NOT_ON_ROSTER);
    assert_int_equal(hub_admits(world->hub, POST, URI(POST, "d1"), OLD), REASON_NOT_ON_ROSTER);
    assert_int_equal(last_entry(world)->kind, ENTRY(ROSTER));
    assert_int_equal(last_entry(world)->content->roster->number, 2);
    assert_string_equal(last_entry(world)->content->roster->unit, POST);
    assert_int_equal(world->model.records[0].kind, JOURNAL_RECORD_ROSTER);
    assert_int_equal(world->model.records[0].number, 2);
}

static void a_roster_that_does_not_follow_is_refused(void **state)
{
    struct world *world = *state;
    struct hub_roster_change work;
    struct hub_roster lower = roster_of(POST, 1, 5, 0), fork = roster_of(POST, 2, 2, 9);
    struct hub_roster stranger = roster_of("et/no/such", 1, 1, 0), jump = roster_of(POST, 5, 5, 9);
    assert_int_equal(change(world, &lower, &work), REASON_FIELD_INVALID);
    assert_string_equal(work.work.detail.field, "number");
    assert_int_equal(change(world, &fork, &work), REASON_FIELD_INVALID);
    assert_string_equal(work.work.detail.field, "previous");
    assert_int_equal(change(world, &stranger, &work), REASON_NOT_PERMITTED);
    assert_int_equal(hub_roster_number(world->hub, POST), 1);
    assert_int_equal(change(world, &jump, &work), REASON_NONE); // others in between never reached this hub
    assert_int_equal(hub_roster_number(world->hub, POST), 5);
    struct hub_roster removed = roster_of(POST, 6, 6, 5);
    world_grant(world, POST, "", NULL, 0); // a member no more
    assert_int_equal(change(world, &removed, &work), REASON_NOT_PERMITTED);
}

static void of_two_rosters_under_way_the_second_waits(void **state)
{
    struct world *world = *state;
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    struct hub_roster rosters[2] = {roster_of(POST, 2, 2, 1), roster_of(POST, 2, 3, 1)};
    struct hub_roster_change changes[2];
    for (size_t i = 0; i < 2; i++) {
        changes[i] = (struct hub_roster_change){
            .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
            .roster = &rosters[i],
            .record = &record};
        world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = &changes[i]});
    }
    assert_int_equal(world->n_appends, 1);
    assert_int_equal(changes[1].work.reason, REASON_BUSY);
    world_pump(world);
    assert_int_equal(changes[0].work.reason, REASON_NONE);
    assert_int_equal(change(world, &rosters[1], &changes[1]),
                     REASON_FIELD_INVALID); // another number 2 than the one in force
}

static void the_same_roster_again_changes_nothing(void **state)
{
    struct world *world = *state;
    struct hub_roster_change work;
    struct hub_roster next = roster_of(POST, 2, 2, 1);
    (void)change(world, &next, &work);
    size_t before = world->model.n;
    assert_int_equal(change(world, &next, &work), REASON_NONE);
    assert_int_equal(world->model.n, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_new_roster_is_in_force_once_its_entry_is_durable),
        HUB_TEST(a_roster_that_does_not_follow_is_refused),
        HUB_TEST(of_two_rosters_under_way_the_second_waits),
        HUB_TEST(the_same_roster_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
