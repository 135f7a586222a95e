// SPDX-License-Identifier: Apache-2.0
// What the hub does besides judging messages: quotas, refusals counted together, replays, rosters, its own entries,
// stopping, and the first entries of a log.
#include "tests/unit/hub_expect.h"

static void tick(struct world *world, uint64_t ns)
{
    world->now += ns;
    world->monotonic += ns;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_pump(world);
}

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

// --- Replays
static Amana__V1__ReplayRequest request_with(const char *reason)
{
    Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
    request.reason = (char *)reason;
    return request;
}

static struct hub_replay replay_by(const char *unit, const char *identity, const Amana__V1__ReplayRequest *request)
{
    return (struct hub_replay){
        .work = {.kind = HUB_WORK_REPLAY, .identity = identity, .unit = unit}, .request = request, .tree_size = 7};
}

static void ask(struct world *world, struct hub_replay *replay)
{
    world->replaying = NULL;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_REPLAY, .replay = replay});
}

static void what_cant_be_put_on_record_is_not_read(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("complaint 12/2026");
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    world->model.no_room = true;
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_STORAGE_FULL);
    world->model.no_room = false, world->model.read_only = true;
    replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_READ_ONLY);
}

static void a_replay_is_an_entry_before_it_streams(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("complaint 12/2026");
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    world->model.full = true; // ACCESS finds room
    ask(world, &replay);
    assert_null(world->replaying);
    world_pump(world);
    assert_ptr_equal(world->replaying, &replay.work);
    assert_int_equal(last_entry(world)->kind, ENTRY(ACCESS));
    assert_string_equal(last_entry(world)->content->access->reason, "complaint 12/2026");
    assert_string_equal(last_entry(world)->content->access->query, "full from 0");
    assert_string_equal(last_entry(world)->content->access->identity, URI(AUDITOR, "d1"));
    assert_int_equal(last_entry(world)->content->access->tree_size, 7);
    assert_false(last_entry(world)->content->access->end);
}

static void a_filtered_replay_says_what_was_asked(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    request.case_ref = (char *)"ke/dci/2026/004211";
    request.party = (char *)POST;
    request.kind = ENTRY(SUBMITTED);
    request.from = 3;
    request.to = 9;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_string_equal(last_entry(world)->content->access->query,
                        "case ke/dci/2026/004211, party " POST ", kind SUBMITTED from 3 to 9");
}

static void a_replay_s_entry_says_whose_entries_it_could_touch(void **state)
{
    struct world *world = *state;
    char *scope[] = {(char *)"ke", (char *)"et"};
    Amana__V1__ReplayRequest request = request_with("why");
    request.party = (char *)POST;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    replay.scope = scope;
    replay.n_scope = AM_LEN(scope);
    ask(world, &replay);
    world_pump(world);
    const Amana__V1__AccessEntry *access = last_entry(world)->content->access;
    assert_int_equal(access->n_scope, 2);
    assert_string_equal(access->scope[1], "et");
    assert_string_equal(access->asked->party, POST);
    assert_string_equal(access->asked->reason, "");
    assert_string_equal(access->reason, "why");
}

static void the_end_of_a_replay_that_followed_is_a_second_entry(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    request.follow = true;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    replay.ended = true;
    replay.last_seq = 41;
    ask(world, &replay);
    world_pump(world);
    assert_true(last_entry(world)->content->access->end);
    assert_int_equal(last_entry(world)->content->access->last_seq, 41);
    assert_int_equal(replay.work.reason, REASON_NONE);
}

static void a_replay_without_a_good_reason_is_refused(void **state)
{
    struct world *world = *state;
    char longest[502];
    memset(longest, 'x', sizeof longest);
    longest[501] = '\0';
    const char *const BAD[] = {"", longest, "two\nlines", "bad \xff utf8"};
    for (size_t i = 0; i < AM_LEN(BAD); i++) {
        Amana__V1__ReplayRequest request = request_with(BAD[i]);
        struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
        ask(world, &replay);
        world_pump(world);
        assert_null(world->replaying);
        assert_int_equal(replay.work.reason, REASON_FIELD_INVALID);
        assert_string_equal(replay.work.detail.field, "reason");
        assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    }
    longest[500] = '\0';
    Amana__V1__ReplayRequest request = request_with(longest);
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_non_null(world->replaying);
}

static void only_an_auditor_replays(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    struct hub_replay replay = replay_by(POLICE, URI(POLICE, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_NOT_PERMITTED);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
}

// --- Rosters
static struct hub_roster_device ONE_DEVICE[] = {{.uri = URI(POST, "d9"), .auth = {9}, .seal = {9}, .sign = {9}}};
static struct hub_roster_officer ONE_OFFICER[] = {{.uri = "amana://" POST "/officer/o1", .sign = {9}}};

static struct hub_roster roster_of(const char *unit, uint64_t number, uint8_t digest, uint8_t previous)
{
    return (struct hub_roster){.unit = unit,
                               .number = number,
                               .digest = {digest},
                               .previous = {previous},
                               .signer = "amana://et/registry/desk/officer/r1",
                               .devices = ONE_DEVICE,
                               .n_devices = 1,
                               .officers = ONE_OFFICER,
                               .n_officers = 1};
}

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
        HUB_TEST(what_cant_be_put_on_record_is_not_read),
        HUB_TEST(a_replay_is_an_entry_before_it_streams),
        HUB_TEST(a_filtered_replay_says_what_was_asked),
        HUB_TEST(a_replay_s_entry_says_whose_entries_it_could_touch),
        HUB_TEST(the_end_of_a_replay_that_followed_is_a_second_entry),
        HUB_TEST(a_replay_without_a_good_reason_is_refused),
        HUB_TEST(only_an_auditor_replays),
        HUB_TEST(a_new_roster_is_in_force_once_its_entry_is_durable),
        HUB_TEST(a_roster_that_does_not_follow_is_refused),
        HUB_TEST(of_two_rosters_under_way_the_second_waits),
        HUB_TEST(the_same_roster_again_changes_nothing),
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
        HUB_TEST(a_queue_that_is_full_is_no_disk_that_is),
        HUB_TEST(genesis_is_entry_0_then_members_grants_rosters_and_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
