// SPDX-License-Identifier: Apache-2.0
// What a hub writes of itself: its genesis, questions and its own entries.
#include "tests/unit/hub_expect.h"

// --- Questions
static void a_unit_may_look_up_whom_it_may_write_to(void **state)
{
    struct world *world = *state;
    assert_true(hub_may_write(world->hub, POLICE, POST));
    assert_true(hub_may_write(world->hub, POLICE, SHELTER));
    assert_true(hub_may_write(world->hub, POLICE, CHILD_DESK)); // rule 3 may ask for it
    assert_false(hub_may_write(world->hub, POLICE, STRANGER));
    assert_false(hub_may_write(world->hub, POLICE, "et/no/such"));
    assert_false(hub_may_write(world->hub, AUDITOR, POST));
    assert_true(hub_in_scope(world->hub, AUDITOR, "ke"));
    assert_false(hub_in_scope(world->hub, AUDITOR, "so"));
    assert_false(hub_in_scope(world->hub, POLICE, "ke"));
    assert_string_equal(hub_role(world->hub, AUDITOR), "auditor");
    assert_null(hub_role(world->hub, "et/no/such"));
    assert_string_equal(hub_protection_unit(world->hub, "et"), SHELTER);
    assert_null(hub_protection_unit(world->hub, "so"));
}

// --- The hub's own entries
static void start_clock_alarm_and_trust_are_entries_of_the_hub(void **state)
{
    struct world *world = *state;
    static const uint8_t TRUST[32] = {5};
    world->model.full = true; // they find room
    world_step(world, (struct hub_event){.kind = HUB_EVENT_START, .clean = true});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_CLOCK_STEP, .step_ns = -5});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ALARM, .alarm = {"WHAT", "said"}});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {NULL, TRUST}});
    world_pump(world);
    static const uint8_t KINDS[] = {ENTRY(START), ENTRY(CLOCK), ENTRY(ALARM), ENTRY(TRUST)};
    assert_int_equal(world->model.n, AM_LEN(KINDS));
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_int_equal(world->model.entries[i].kind, KINDS[i]);
        assert_int_equal(world->model.entries[i].class, JOURNAL_CLASS_HUB);
        assert_int_equal(world->model.entries[i].erase_after, 0);
    }
    assert_true(world->model.entries[0].content->start->clean);
    assert_int_equal(world->model.entries[1].content->clock->step, -5);
    assert_string_equal(world->model.entries[2].content->alarm->detail, "said");
    assert_int_equal(world->model.entries[3].content->trust->before.len, 0);
    assert_memory_equal(world->model.records[0].value.data, TRUST, 32);
}

static void stop_takes_nothing_new_finishes_what_runs_and_is_the_last_entry(void **state)
{
    struct world *world = *state;
    struct letter *running = alert_to(world, POLICE, POST), *late = alert_to(world, POLICE, POST);
    letter_arrive(world, running);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "TERM"}});
    letter_arrive(world, late);
    assert_int_equal(late->submission.work.reason, REASON_DRAINING);
    assert_false(world->stopped);
    assert_int_equal(world->n_appends, 0);
    world_pump(world);
    assert_int_equal(running->submission.work.reason, REASON_NONE);
    assert_true(world->stopped);
    assert_int_equal(last_entry(world)->kind, ENTRY(STOP));
    assert_string_equal(last_entry(world)->content->stop->reason, "TERM");
}

static void stop_writes_what_was_only_counted(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 5; i++)
        (void)letter_send(world, alert_to(world, STRANGER, POST));
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "TERM"}});
    world_pump(world);
    assert_int_equal(world->model.n, 4);
    assert_int_equal(world->model.entries[2].content->rejected->count, 3);
    assert_int_equal(last_entry(world)->kind, ENTRY(STOP));
}

static void a_hub_that_is_told_twice_to_stop_gives_the_first_reason(void **state)
{
    struct world *world = *state;
    letter_arrive(world, alert_to(world, POLICE, POST)); // it finishes what is under way
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "TERM"}});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "INT"}});
    world_pump(world);
    assert_string_equal(last_entry(world)->content->stop->reason, "TERM");
}

static void an_idle_hub_stops_at_once_even_without_room(void **state)
{
    struct world *world = *state;
    world->model.read_only = true;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "TERM"}});
    world_pump(world);
    assert_true(world->stopped);
}

static void what_the_hub_says_of_itself_waits_for_room_in_order(void **state)
{
    struct world *world = *state;
    static const uint8_t TRUST[2][32] = {{5}, {6}};
    world->model.no_room = true;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_START});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {NULL, TRUST[0]}});
    world_pump(world);
    tick(world, NS_PER_S);
    assert_int_equal(world->n_unlogged, 1); // told once, though tried twice
    assert_string_equal(world->unlogged[0].name, "START");
    assert_int_equal(world->unlogged[0].reason, REASON_STORAGE_FULL);
    assert_true(world->unlogged[0].again);
    world->model.no_room = false;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {TRUST[0], TRUST[1]}});
    world_pump(world);
    assert_int_equal(world->model.n, 3);
    assert_int_equal(world->model.entries[0].kind, ENTRY(START));
    assert_memory_equal(world->model.records[1].value.data, TRUST[1], 32);
    tick(world, NS_PER_S);
    assert_int_equal(world->model.n, 3);
}

static void what_finds_no_room_when_the_hub_stops_is_told(void **state)
{
    struct world *world = *state;
    world->model.no_room = true;
    for (unsigned i = 0; i < 3; i++)
        (void)letter_send(world, alert_to(world, STRANGER, POST));
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ALARM, .alarm = {"WHAT", "said"}});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "TERM"}});
    world_pump(world);
    assert_true(world->stopped);
    static const char *const TOLD[] = {"ALARM", "REJECTED", "STOP"};
    assert_int_equal(world->n_unlogged, AM_LEN(TOLD));
    for (size_t i = 0; i < AM_LEN(TOLD); i++) {
        assert_string_equal(world->unlogged[i].name, TOLD[i]);
        assert_false(world->unlogged[i].again);
    }
}

static void more_than_may_wait_for_room_is_told_at_once(void **state)
{
    struct world *world = *state;
    world->model.no_room = true;
    for (unsigned i = 0; i < 65; i++)
        world_step(world, (struct hub_event){.kind = HUB_EVENT_CLOCK_STEP, .step_ns = 1});
    assert_int_equal(world->n_unlogged, 1);
    assert_string_equal(world->unlogged[0].name, "CLOCK");
    assert_false(world->unlogged[0].again);
    world->model.no_room = false;
    world_pump(world);
    assert_int_equal(world->model.n, 64);
}

// The log is to know it in the end: who tells of a file tells of it again.
static void which_file_is_in_force_is_not_lost_where_too_much_waits_for_room(void **state)
{
    struct world *world = *state;
    static const uint8_t AFTER[32] = {7};
    static const enum hub_event_kind KINDS[] = {HUB_EVENT_TRUST, HUB_EVENT_POLICY};
    world->model.no_room = true;
    for (unsigned i = 0; i < 64; i++)
        world_step(world, (struct hub_event){.kind = HUB_EVENT_CLOCK_STEP, .step_ns = 1});
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        struct hub_event event = {
            .kind = KINDS[i], .now_ns = world->now, .monotonic_ns = world->monotonic, .digests = {NULL, AFTER}};
        assert_int_equal(hub_step(world->hub, &event, &world->actions), AM_FULL);
        assert_int_equal(world->actions.n, 0);
    }
    assert_int_equal(world->n_unlogged, 0);
    world->model.no_room = false;
    world_pump(world);
    assert_int_equal(world->model.n, 64);
    for (size_t i = 0; i < AM_LEN(KINDS); i++)
        world_step(world, (struct hub_event){.kind = KINDS[i], .digests = {NULL, AFTER}});
    world_pump(world);
    assert_int_equal(world->model.n, 66);
}

static void an_alarm_is_not_lost_where_too_much_waits_for_room(void **state)
{
    struct world *world = *state;
    struct hub_event event = {.kind = HUB_EVENT_ALARM,
                              .now_ns = world->now,
                              .monotonic_ns = world->monotonic,
                              .alarm = {.what = "OVERSIGHT_REVOKED", .text = "ke"}};
    world->model.no_room = true;
    for (unsigned i = 0; i < 64; i++)
        world_step(world, (struct hub_event){.kind = HUB_EVENT_CLOCK_STEP, .step_ns = 1});
    assert_int_equal(hub_step(world->hub, &event, &world->actions), AM_FULL);
    assert_int_equal(world->actions.n, 0);
    assert_int_equal(world->n_unlogged, 0);
    world->model.no_room = false;
    world_pump(world);
    world_step(world, event);
    world_pump(world);
    assert_int_equal(world->model.n, 65);
}

static void a_queue_that_is_full_is_no_disk_that_is(void **state)
{
    struct world *world = *state;
    world->model.busy = true;
    struct letter *alert = alert_to(world, POLICE, POST);
    assert_int_equal(letter_send(world, alert), REASON_BUSY);
    assert_int_equal(alert->submission.work.retry_ns, NS_PER_S);
    world->model.busy = false;
    world->model.no_room = true;
    assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_STORAGE_FULL);
}

// --- Genesis
static enum am_err sha(struct am_bytes bytes, uint8_t ret_digest[32])
{
    model_digest(bytes, ret_digest);
    return AM_OK;
}

static void genesis_is_entry_0_then_members_grants_rosters_and_trust(void **state)
{
    struct world *world = *state;
    static const uint8_t ROOTS[1][32] = {{1}}, REGISTRARS[2][32] = {{2}, {3}};
    Amana__V1__Kind__Code kinds[] = {KIND(UPDATE), KIND(ALERT)};
    char *parties[] = {(char *)"et/*/*", (char *)POLICE}, *scope[] = {(char *)"ke", (char *)"et"};
    Amana__V1__GrantRecord grant = AMANA__V1__GRANT_RECORD__INIT, *grants[] = {&grant};
    Amana__V1__MemberRecord unit = AMANA__V1__MEMBER_RECORD__INIT, auditor = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__MemberRecord registrar = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said[] = {AMANA__V1__MEMBER__INIT, AMANA__V1__MEMBER__INIT, AMANA__V1__MEMBER__INIT};
    const Amana__V1__MemberRecord *members[] = {&unit, &auditor, &registrar};
    Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    const Amana__V1__RosterRecord *records[] = {&record};
    struct hub_roster roster = roster_of(POST, 1, 1, 0);
    grant.kinds = kinds, grant.n_kinds = 2, grant.parties = parties, grant.n_parties = 2;
    unit.said = &said[0], auditor.said = &said[1], registrar.said = &said[2];
    unit.unit = (char *)POLICE, said[0].role = (char *)"unit", unit.grants = grants, unit.n_grants = 1;
    auditor.unit = (char *)AUDITOR, said[1].role = (char *)"auditor", said[1].scope = scope, said[1].n_scope = 2;
    registrar.unit = (char *)"ke/registry/desk", said[2].role = (char *)"registrar";
    struct hub_genesis from = {.log_key = "log+1+key",
                               .roots = ROOTS,
                               .n_roots = 1,
                               .registrars = REGISTRARS,
                               .n_registrars = 2,
                               .members = members,
                               .n_members = 3,
                               .rosters = &roster,
                               .roster_records = records,
                               .n_rosters = 1,
                               .trust_digest = {8},
                               .sha256 = sha};
    struct journal_append **appends;
    size_t n;
    assert_int_equal(hub_genesis(&HUB_TIGHT, &from, WORLD_START, &appends, &n), AM_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(model_commit(&world->model, appends[i]).result, JOURNAL_DONE);
        hub_append_free(appends[i]);
    }
    free(appends);
    static const uint8_t KINDS[] = {ENTRY(GENESIS), ENTRY(MEMBER), ENTRY(GRANT),  ENTRY(MEMBER),
                                    ENTRY(GRANT),   ENTRY(MEMBER), ENTRY(ROSTER), ENTRY(TRUST)};
    assert_int_equal(world->model.n, AM_LEN(KINDS));
    for (size_t i = 0; i < AM_LEN(KINDS); i++)
        assert_int_equal(world->model.entries[i].kind, KINDS[i]);
    const Amana__V1__GenesisEntry *genesis = world->model.entries[0].content->genesis;
    assert_string_equal(genesis->origin, HUB_TIGHT.origin);
    assert_int_equal(genesis->n_registrars, 2);
    assert_string_equal(world->model.entries[2].content->grant->text, "ALERT, UPDATE -> et/*/*, " POLICE "\n");
    assert_int_equal(world->model.entries[2].content->grant->after.len, 32);
    assert_string_equal(world->model.entries[4].content->grant->text, "scope ke, et\n");
    assert_int_equal(world->model.n_records, 5);
    assert_int_equal(world->model.records[3].kind, JOURNAL_RECORD_ROSTER);
    assert_int_equal(world->model.records[4].kind, JOURNAL_RECORD_TRUST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_unit_may_look_up_whom_it_may_write_to),
        HUB_TEST(start_clock_alarm_and_trust_are_entries_of_the_hub),
        HUB_TEST(stop_takes_nothing_new_finishes_what_runs_and_is_the_last_entry),
        HUB_TEST_TIGHT(stop_writes_what_was_only_counted),
        HUB_TEST(a_hub_that_is_told_twice_to_stop_gives_the_first_reason),
        HUB_TEST(an_idle_hub_stops_at_once_even_without_room),
        HUB_TEST(what_the_hub_says_of_itself_waits_for_room_in_order),
        HUB_TEST_TIGHT(what_finds_no_room_when_the_hub_stops_is_told),
        HUB_TEST(more_than_may_wait_for_room_is_told_at_once),
        HUB_TEST(which_file_is_in_force_is_not_lost_where_too_much_waits_for_room),
        HUB_TEST(an_alarm_is_not_lost_where_too_much_waits_for_room),
        HUB_TEST(a_queue_that_is_full_is_no_disk_that_is),
        HUB_TEST(genesis_is_entry_0_then_members_grants_rosters_and_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
