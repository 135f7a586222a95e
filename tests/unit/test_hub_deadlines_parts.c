// SPDX-License-Identifier: Apache-2.0
// More of a message has passed than one append holds, for all who are told of it: it goes in parts.
#include "tests/unit/hub_clocks.h"

#include "proto/model/policy.h"

#include <stdio.h>
#include <stdlib.h>

#define POSTS       LIMIT_RECIPIENTS
#define SUPERVISORS 40u   // units on either side, each with all the devices that it may have
#define ROWS        8192u // of mail in an append: far fewer than all of them

struct crowd {
    char posts[POSTS][LIMIT_ADDRESS + 1], supervisors[2][SUPERVISORS][LIMIT_ADDRESS + 1];
};

// Of one agency on either side.
static void crowd_names(struct crowd *crowd)
{
    for (unsigned i = 0; i < POSTS; i++)
        snprintf(crowd->posts[i], sizeof crowd->posts[i], "et/ics/post-%u", i);
    for (unsigned i = 0; i < SUPERVISORS; i++) {
        snprintf(crowd->supervisors[0][i], sizeof crowd->supervisors[0][i], "ke/dci/supervisors-%u", i);
        snprintf(crowd->supervisors[1][i], sizeof crowd->supervisors[1][i], "et/ics/supervisors-%u", i);
    }
}

static void crowd_join(struct world *world, const struct crowd *crowd)
{
    static const char *const OF[] = {"ke/dci/*", "et/ics/*"};
    struct policy *policy = calloc(1, sizeof *policy);
    policy->supervisors = calloc(2 * SUPERVISORS, sizeof *policy->supervisors);
    for (unsigned i = 0; i < POSTS; i++) {
        world_grant(world, crowd->posts[i], "unit", NULL, 0);
        world_roster(world, crowd->posts[i], 1, 1, 7);
    }
    for (unsigned side = 0; side < 2; side++)
        for (unsigned i = 0; i < SUPERVISORS; i++) {
            struct policy_supervisors *row = &policy->supervisors[policy->n_supervisors++];
            snprintf(row->party, sizeof row->party, "%s", OF[side]);
            snprintf(row->unit, sizeof row->unit, "%s", crowd->supervisors[side][i]);
            world_grant(world, row->unit, "unit", NULL, 0);
            world_roster(world, row->unit, 1, LIMIT_DEVICES, 7);
        }
    hub_set_policy(world->hub, policy);
}

static size_t told_of(struct world *world, const char *unit, uint8_t kind)
{
    char uri[LIMIT_URI + 1];
    size_t n = 0;
    snprintf(uri, sizeof uri, "amana://%s/device/d1", unit);
    const struct model_mailbox *box = model_mailbox(&world->model, uri);
    for (size_t i = 0; i < box->n; i++)
        n += box->rows[i].kind == JOURNAL_MAIL_NOTICE && world->model.entries[box->rows[i].seq].kind == kind;
    return n;
}

// One append of those that wait; its rows of mail.
static size_t part(struct world *world)
{
    while (world->n_appends == 0) {
        assert_true(world->n_checks > 0);
        world_check_one(world, 0);
    }
    size_t n = world->appends[0]->n_mail;
    world_commit_one(world, 0);
    return n;
}

static void what_has_passed_for_many_goes_in_parts_over_a_restart_each_told_once(void **state)
{
    struct world *world = *state;
    static struct crowd crowd;
    crowd_names(&crowd);
    crowd_join(world, &crowd);
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    for (unsigned i = 0; i < POSTS; i++)
        letter_to(world, alert, crowd.posts[i], ACTION);
    accepted(world, alert);
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    for (unsigned i = 0; i < 2; i++)
        assert_in_range(part(world), 1, ROWS);
    assert_in_range(entries_of(world, ENTRY(DEADLINE)), 1, POSTS - 1);
    world_restart(world);
    crowd_join(world, &crowd);
    world_pass(world, 1);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), POSTS);
    assert_int_equal(entries_of(world, ENTRY(NON_RETRIEVED)), 1);
    for (unsigned i = 0; i < POSTS; i++)
        assert_int_equal(told_of(world, crowd.posts[i], ENTRY(DEADLINE)), 1);
    for (unsigned i = 0; i < SUPERVISORS; i++) {
        assert_int_equal(told_of(world, crowd.supervisors[0][i], ENTRY(DEADLINE)), POSTS);
        assert_int_equal(told_of(world, crowd.supervisors[1][i], ENTRY(DEADLINE)), POSTS);
    }
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2 * POSTS); // they have escalated
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(what_has_passed_for_many_goes_in_parts_over_a_restart_each_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
