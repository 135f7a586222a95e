// SPDX-License-Identifier: Apache-2.0
// The second person as the hub decides: what waits, who may release it, and what is written when it goes.
#include "tests/unit/hub_expect.h"

#include "proto/codec/timestamp.h"
#include "proto/model/policy.h"

static void what_is_parked_rings_at_its_unit_and_nobody_else_learns_of_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    letter_arrive(world, alert);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    const struct journal_append *append = world->appends[0];
    assert_true(append->message->parked);
    assert_int_equal(append->n_lives + append->n_deliveries, 0);
    assert_null(append->chain);
    assert_true(append->release->waits);
    assert_int_equal(append->release->state, STATE(PENDING_RELEASE));
    assert_int_equal(append->release->due, world->now + LIMIT_RELEASE_NS);
    assert_int_equal(append->n_deadlines, 2); // it rings again, and lapses
    world_commit_one(world, 0);
    assert_int_equal(alert->submission.work.reason, REASON_NONE);
    assert_int_equal(last_entry(world)->kind, ENTRY(PARKED));
    const Amana__V1__ParkedEntry *parked = last_entry(world)->content->parked;
    assert_string_equal(parked->id, alert->header.id);
    assert_string_equal(parked->device, URI(POLICE, "d1"));
    assert_memory_equal(parked->header_digest.data, alert->submission.header_digest, 32);
    assert_memory_equal(parked->flags_digest.data, alert->header.flags_digest.data, 32);
    assert_memory_equal(parked->body_digest.data, alert->header.body_digest.data, 32);
    assert_memory_equal(parked->signature_digest.data, alert->submission.signature_digest, 32);
    assert_int_equal(parked->header_size, alert->submission.header_bytes.len);
    assert_int_equal(parked->body_size, alert->submission.body.len);
    assert_int_equal(parked->signature_size, alert->submission.signature.len);
    assert_string_equal(parked->releasing, POLICE);
    assert_int_equal(parked->kind, KIND(ALERT));
    assert_int_equal(parked->urgency, AMANA__V1__URGENCY__CODE__U1);
    assert_string_equal(parked->officer, alert->header.officer);
    assert_int_equal(parked->status, alert->header.status);
    assert_int_equal(mail_of(world, URI(POST, "d1")), 0);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d2"))->rows[0].kind, JOURNAL_MAIL_NOTICE);
}

static void what_needs_one_is_neither_sent_nor_parked_by_the_wrong_call(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    alert->submission.mode = HUB_SUBMIT_SEND;
    refused(world, alert, REASON_RELEASE_REQUIRED, "release");
    alert = alert_to(world, POLICE, POST);
    alert->header.subject_kind = AMANA__V1__SUBJECT_KIND__CODE__GROUP;
    refused(world, alert, REASON_RELEASE_REQUIRED, "release");
    alert = alert_to(world, POLICE, POST);
    alert->submission.mode = HUB_SUBMIT_PARK;
    refused(world, alert, REASON_FIELD_INVALID, "release");
}

static void a_unit_releases_for_another_only_where_policy_names_it(void **state)
{
    struct world *world = *state;
    refused(world, person(world, CHILD_DESK), REASON_NOT_PERMITTED, "releasing.unit");
    refused(world, person(world, COLLEAGUES), REASON_NOT_PERMITTED, "releasing.unit");
    colleagues_supervise(world);
    letter_arrive(world, person(world, COLLEAGUES));
    world_check_one(world, 0);
    assert_int_equal(world->appends[0]->entries[0].n_parties, 2); // both find it in the log
    assert_string_equal(world->appends[0]->entries[0].parties[1], COLLEAGUES);
    world_commit_one(world, 0);
    assert_int_equal(mail_of(world, URI(COLLEAGUES, "d1")), 1);
    refused(world, person(world, CHILD_DESK), REASON_NOT_PERMITTED, "releasing.unit");
}

static void who_is_to_release_it_is_a_member_that_may_read_it_and_can(void **state)
{
    struct world *world = *state;
    struct policy *policy;
    colleagues_supervise(world);
    policy = (struct policy *)hub_policy(world->hub);
    policy->ceilings = calloc(1, sizeof *policy->ceilings);
    policy->ceilings[0] =
        (struct policy_ceiling){.party = COLLEAGUES, .classification = AMANA__V1__CLASSIFICATION__CODE__BASIC};
    policy->n_ceilings = 1;
    refused(world, person(world, COLLEAGUES), REASON_CLASSIFICATION_ABOVE_CEILING, "classification");
    policy->n_ceilings = 0;
    accepted(world, person(world, COLLEAGUES));
    world_roster(world, COLLEAGUES, 2, 1, 9); // other seal certificates: nobody there could open it
    refused(world, person(world, COLLEAGUES), REASON_ROSTER_STALE, "releasing.roster");
    world_grant(world, COLLEAGUES, "", NULL, 0); // removed
    refused(world, person(world, COLLEAGUES), REASON_NOT_PERMITTED, "releasing.unit");
}

// The letter once more, as a device of `unit` releases it. As the worker would have found it: parked at seq 0.
static struct letter *released(struct world *world, const struct letter *parked, const char *unit, uint8_t state_now)
{
    struct letter *letter = letter_again(world, parked);
    char *device = arena_printf(&world->arena, "amana://%s/device/d2", unit);
    letter->submission.mode = HUB_SUBMIT_RELEASE;
    letter->submission.work =
        (struct hub_work){.kind = HUB_WORK_SUBMISSION, .user = letter, .identity = device, .unit = unit};
    letter->submission.supervisor = SUPERVISOR;
    letter->submission.release = (struct journal_release){.state = state_now,
                                                          .version = 1,
                                                          .urgency = 1,
                                                          .waits = state_now == STATE(PENDING_RELEASE),
                                                          .due = world->now + LIMIT_RELEASE_NS,
                                                          .ended_by = JOURNAL_NONE,
                                                          .releasing = POLICE,
                                                          .officer = ""};
    return letter;
}

static void what_is_released_is_two_entries_and_goes_to_all_and_back_to_its_author(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    struct letter *go = released(world, alert, POLICE, STATE(PENDING_RELEASE));
    letter_arrive(world, go);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    const struct journal_append *append = world->appends[0];
    assert_int_equal(append->n_entries, 2);
    assert_int_equal(append->entries[0].kind, ENTRY(SUBMITTED));
    assert_int_equal(append->entries[1].kind, ENTRY(RELEASED));
    assert_int_equal(append->entries[1].of, JOURNAL_SELF);
    assert_false(append->message->parked);
    assert_string_equal(append->message->originator, POLICE);
    assert_int_equal(append->n_lives, 1);
    assert_false(append->release->waits);
    assert_int_equal(append->release->state, STATE(RELEASED));
    assert_int_equal(append->release->version, 1);
    assert_string_equal(append->release->officer, SUPERVISOR);
    world_commit_one(world, 0);
    assert_int_equal(go->submission.work.reason, REASON_NONE);
    const Amana__V1__ReleasedEntry *entry = last_entry(world)->content->released;
    assert_string_equal(entry->message->id, alert->header.id);
    assert_memory_equal(entry->message->header_digest.data, go->submission.header_digest, 32);
    assert_string_equal(entry->officer, SUPERVISOR);
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d1"))->rows[0].kind, JOURNAL_MAIL_MESSAGE);
    // The device that parked it gets it too, as it was released.
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d1"))->rows[0].kind, JOURNAL_MAIL_COPY);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d2"))->rows[0].kind, JOURNAL_MAIL_COPY);
}

static void what_waits_no_more_is_not_released(void **state)
{
    struct world *world = *state;
    static const uint8_t ENDS[] = {STATE(RELEASED), STATE(RETURNED), STATE(LAPSED)};
    struct letter *alert = person(world, POLICE);
    for (size_t i = 0; i < AM_LEN(ENDS); i++) {
        struct letter *late = released(world, alert, POLICE, ENDS[i]);
        refused(world, late, REASON_STATE_FORBIDS, "message");
        assert_string_equal(late->submission.work.moves, "none");
    }
}

// The hub's clock has come there; the entry that says so waits for its turn.
// What is found due by one clock is written by another.
static void nothing_lapses_before_its_time_where_the_clock_is_set_back_meanwhile(void **state)
{
    struct world *world = *state;
    struct letter *waits = person(world, POLICE);
    accepted(world, waits);
    world_pass(world, LIMIT_RELEASE_NS - MINUTE_NS); // it has rung
    world->now += MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_int_equal(world->n_checks, 1);
    world->now -= MINUTE_NS / 2;
    world_pump(world);
    assert_int_equal(model_message_at(&world->model, waits->seq)->release.state, STATE(PENDING_RELEASE));
    world_pass(world, MINUTE_NS / 2);
    assert_int_equal(model_message_at(&world->model, waits->seq)->release.state, STATE(LAPSED));
}

static void what_waits_lapses_when_nothing_of_it_may_be_kept(void **state)
{
    struct world *world = *state;
    struct letter *waits = person(world, POLICE);
    timestamp_from_ns(world->now + HOUR_NS, &waits->retain_until);
    waits->valid_until = waits->retain_until;
    accepted(world, waits);
    world_pass(world, HOUR_NS - NS_PER_S);
    assert_int_equal(model_message_at(&world->model, waits->seq)->release.state, STATE(PENDING_RELEASE));
    world_pass(world, NS_PER_S);
    assert_int_equal(model_message_at(&world->model, waits->seq)->release.state, STATE(LAPSED));
}

static void what_is_due_is_not_released_before_its_lapse_is_written_either(void **state)
{
    struct world *world = *state;
    struct letter *good = released(world, person(world, POLICE), POLICE, STATE(PENDING_RELEASE));
    struct letter *late = released(world, person(world, POLICE), POLICE, STATE(PENDING_RELEASE));
    world->now += LIMIT_RELEASE_NS - 1;
    assert_string_equal(reason_name(letter_send(world, good)), "NONE");
    world->now += 1;
    refused(world, late, REASON_STATE_FORBIDS, "message");
    assert_string_equal(late->submission.work.state, "LAPSED");
}

static void another_unit_releases_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    refused(world, released(world, alert, COLLEAGUES, STATE(PENDING_RELEASE)), REASON_NOT_PERMITTED, "message");
    refused(world, released(world, alert, POST, STATE(PENDING_RELEASE)), REASON_NOT_PERMITTED, "message");
}

// It is the author's message, and judged as such: who releases it may perhaps write to nobody there.
static void what_another_unit_releases_is_its_authors(void **state)
{
    struct world *world = *state;
    colleagues_supervise(world);
    struct letter *go = released(world, person(world, COLLEAGUES), COLLEAGUES, STATE(PENDING_RELEASE));
    world_grant(world, COLLEAGUES, "unit", NULL, 0);
    assert_string_equal(reason_name(letter_send(world, go)), "NONE");
    assert_string_equal(model_message_at(&world->model, go->seq)->originator, POLICE);
    assert_string_equal(go->submission.sender, POLICE);
}

static void a_release_is_judged_by_the_newest_of_everything(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    world_roster(world, POST, 2, 2, 9); // other seal certificates: nobody there could open it
    refused(world, released(world, alert, POLICE, STATE(PENDING_RELEASE)), REASON_ROSTER_STALE, "recipients[0].roster");
}

static void a_unit_that_left_two_unsigned_defers_no_more_until_thirty_days_are_over(void **state)
{
    struct world *world = *state;
    uint8_t lapses[JOURNAL_LAPSES] = {0};
    uint64_t at = world->now - DAY_NS;
    for (unsigned i = 0; i < 8; i++)
        lapses[8 + i] = lapses[24 + i] = (uint8_t)(at >> (56 - 8 * i));
    assert_int_equal(hub_set_lapses(world->hub, POLICE, (struct am_bytes){lapses, 8}), AM_CORRUPT);
    assert_int_equal(hub_set_lapses(world->hub, POLICE, (struct am_bytes){lapses, sizeof lapses}), AM_OK);
    struct letter *alert = person(world, POLICE);
    alert->submission.mode = HUB_SUBMIT_SEND;
    alert->header.release = RELEASE(DEFERRED);
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U1;
    alert->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    refused(world, alert, REASON_RELEASE_REQUIRED, "release");
    accepted(world, alert_to(world, POLICE, POST)); // what needs no second person goes as before
    lapses[24 + 7] = lapses[8 + 7] = 0;
    at -= 30 * DAY_NS;
    for (unsigned i = 0; i < 8; i++)
        lapses[8 + i] = (uint8_t)(at >> (56 - 8 * i));
    assert_int_equal(hub_set_lapses(world->hub, POLICE, (struct am_bytes){lapses, sizeof lapses}), AM_OK);
    accepted(world, letter_again(world, alert));
}

// --- It rings
static void what_waits_rings_again_at_a_quarter_of_its_time_as_urgent_as_it_is(void **state)
{
    static const struct {
        unsigned urgency;
        uint64_t ack;
    } ROWS[] = {{1, 15 * MINUTE_NS}, {2, HOUR_NS}, {3, 4 * HOUR_NS}, {4, 24 * HOUR_NS}};
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct letter *alert = person(world, POLICE);
        alert->header.urgency = (Amana__V1__Urgency__Code)ROWS[i].urgency;
        if (ROWS[i].urgency > 2)
            alert->header.urgency_reason = 0;
        uint64_t parked_at = world->now;
        accepted(world, alert);
        size_t before = mail_of(world, URI(POLICE, "d2"));
        world_pass(world, ROWS[i].ack / 4 - 1);
        assert_int_equal(mail_of(world, URI(POLICE, "d2")), before);
        world_pass(world, 1);
        const struct model_mailbox *box = model_mailbox(&world->model, URI(POLICE, "d2"));
        const Amana__V1__DeadlineEntry *ring = last_entry(world)->content->deadline;
        assert_int_equal(last_entry(world)->kind, ENTRY(DEADLINE));
        assert_string_equal(ring->message->id, alert->header.id);
        assert_int_equal(last_entry(world)->of, alert->seq);
        assert_string_equal(last_entry(world)->cases[0], alert->header.case_ref);
        assert_int_equal(ring->clocks[0]->what, AMANA__V1__DEADLINE_OF__CODE__RELEASE);
        assert_int_equal(ring->clocks[0]->due, parked_at + 24 * HOUR_NS);
        assert_int_equal(box->n, before + 1);
        assert_int_equal(box->rows[before].urgency, ROWS[i].urgency);
    }
}

// --- Lapses
// Each waits for the one before it to be written, and none for the clock: that would hold up every other deadline.
static void what_a_unit_left_unsigned_lapses_at_once_and_is_counted_each(void **state)
{
    struct world *world = *state;
    struct letter *alerts[40];
    for (size_t i = 0; i < AM_LEN(alerts); i++)
        accepted(world, alerts[i] = deferred(world, POLICE));
    world_pass(world, LIMIT_DEFERRED_NS);
    for (size_t i = 0; i < AM_LEN(alerts); i++)
        assert_int_equal(model_message_at(&world->model, alerts[i]->seq)->release.state, STATE(LAPSED));
    refused(world, deferred(world, POLICE), REASON_RELEASE_REQUIRED, "release");
}

static void two_that_lapse_at_one_moment_are_counted_each(void **state)
{
    struct world *world = *state;
    accepted(world, deferred(world, POLICE));
    accepted(world, deferred(world, POLICE));
    world_pass(world, LIMIT_DEFERRED_NS);
    refused(world, deferred(world, POLICE), REASON_RELEASE_REQUIRED, "release");
}

static void what_nobody_releases_in_a_day_is_not_sent_and_counts_for_nobody(void **state)
{
    struct world *world = *state;
    struct letter *alerts[] = {person(world, POLICE), person(world, POLICE)};
    for (size_t i = 0; i < AM_LEN(alerts); i++)
        accepted(world, alerts[i]);
    world_pass(world, LIMIT_RELEASE_NS);
    for (size_t i = 0; i < AM_LEN(alerts); i++)
        assert_int_equal(model_message_at(&world->model, alerts[i]->seq)->release.state, STATE(LAPSED));
    accepted(world, deferred(world, POLICE));
}

static void the_hub_does_not_stop_over_lapses_that_wait_for_one_another(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 3; i++)
        accepted(world, deferred(world, POLICE));
    world->now += LIMIT_DEFERRED_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    while (world->n_checks > 0)
        world_check_one(world, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    world_pump(world);
    assert_true(world->stopped);
}

static void what_was_signed_before_its_lapse_found_room_is_not_counted(void **state)
{
    struct world *world = *state;
    struct letter *signed_late = deferred(world, POLICE), *lapses = deferred(world, POLICE);
    accepted(world, signed_late);
    world->model.no_room = true;
    world_pass(world, LIMIT_DEFERRED_NS);
    struct journal_release *row = &model_message_at(&world->model, signed_late->seq)->release;
    assert_int_equal(row->state, STATE(PENDING_RELEASE));
    row->state = STATE(RELEASED);
    row->waits = false;
    row->version++;
    world->model.no_room = false;
    world_pass(world, 2 * MINUTE_NS);
    accepted(world, lapses);
    world_pass(world, LIMIT_DEFERRED_NS);
    assert_int_equal(model_message_at(&world->model, lapses->seq)->release.state, STATE(LAPSED));
    accepted(world, deferred(world, POLICE)); // one has lapsed, not two
}

// What was played takes nothing away from who is on duty.
static void an_exercise_that_was_left_unsigned_is_not_counted(void **state)
{
    static const Amana__V1__Status__Code PLAYED[] = {AMANA__V1__STATUS__CODE__EXERCISE, AMANA__V1__STATUS__CODE__TEST};
    struct world *world = *state;
    struct letter *alerts[2 * AM_LEN(PLAYED)];
    for (size_t i = 0; i < AM_LEN(alerts); i++) {
        alerts[i] = deferred(world, POLICE);
        alerts[i]->header.status = PLAYED[i % AM_LEN(PLAYED)];
        accepted(world, alerts[i]);
    }
    world_pass(world, LIMIT_DEFERRED_NS);
    for (size_t i = 0; i < AM_LEN(alerts); i++)
        assert_int_equal(model_message_at(&world->model, alerts[i]->seq)->release.state, STATE(LAPSED));
    accepted(world, deferred(world, POLICE));
}

// --- What ends or mends what needed one
static struct letter *regarding(struct world *world, unsigned kind, const struct letter *answered)
{
    struct letter *letter = letter_new(world, POLICE, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, answered, answered);
    letter_to(world, letter, POST, ACTION);
    if (kind == KIND(HOLD)) {
        letter->valid_until = answered->valid_until;
        letter->header.valid_until = &letter->valid_until;
    }
    return letter;
}

// Without a second person.
static struct letter *alone(struct world *world, const struct letter *letter)
{
    struct letter *alone = letter_again(world, letter);
    alone->header.release = RELEASE(NOT_NEEDED);
    alone->header.releasing = NULL;
    return alone;
}

// Versions of an alert: on a person as `persons` says of each. What replaces one on a person needs a second person too.
static void versions(struct world *world, const bool persons[3], struct letter *ret[3])
{
    for (size_t i = 0; i < 3; i++) {
        ret[i] = person(world, POLICE);
        if (i > 0) {
            ret[i] = regarding(world, KIND(UPDATE), ret[0]);
            ret[i]->header.subject_kind = AMANA__V1__SUBJECT_KIND__CODE__PERSON;
            ret[i]->header.release = RELEASE(REQUIRED);
            ret[i]->header.releasing = releasing(world, POLICE);
            letter_supersedes(ret[i], ret[i - 1]);
        }
        ret[i]->submission.mode = HUB_SUBMIT_SEND;
        ret[i]->header.release = RELEASE(DEFERRED);
        if (!persons[i]) {
            ret[i]->header.subject_kind = AMANA__V1__SUBJECT_KIND__CODE__VEHICLE;
            if (i > 0 && (persons[0] || persons[i - 1]))
                refused(world, alone(world, ret[i]), REASON_RELEASE_REQUIRED, "release");
            else
                ret[i] = alone(world, ret[i]);
        }
        accepted(world, ret[i]);
    }
}

static void what_ends_an_alert_needs_one_where_its_first_or_its_newest_version_did(void **state)
{
    struct world *world = *state;
    struct letter *first[3], *last[3], *none[3];
    versions(world, (bool[]){true, false, false}, first);
    refused(world, regarding(world, KIND(CANCEL), first[0]), REASON_RELEASE_REQUIRED, "release");
    versions(world, (bool[]){false, false, true}, last);
    refused(world, regarding(world, KIND(CANCEL), last[0]), REASON_RELEASE_REQUIRED, "release");
    versions(world, (bool[]){false, false, false}, none);
    accepted(world, regarding(world, KIND(CANCEL), none[0]));
}

static void what_mends_erases_or_keeps_a_version_needs_one_where_that_version_did(void **state)
{
    struct world *world = *state;
    static const unsigned KINDS[] = {KIND(CORRECTION), KIND(ERASURE), KIND(HOLD)};
    struct letter *alert[3], *order;
    versions(world, (bool[]){false, true, false}, alert);
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        refused(world, regarding(world, KINDS[i], alert[1]), REASON_RELEASE_REQUIRED, "release");
        refused(world, regarding(world, KINDS[i], alert[2]), REASON_RELEASE_REQUIRED, "release");
        order = regarding(world, KINDS[i], alert[0]);
        letter_refers(order, alert[1]);
        if (KINDS[i] == KIND(CORRECTION)) // mends the one that it answers
            accepted(world, order);
        else
            refused(world, order, REASON_RELEASE_REQUIRED, "release");
        accepted(world, regarding(world, KINDS[i], alert[0]));
    }
}

// At once nobody destroys alone what two had to sign.
static void an_erasure_is_never_deferred(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE), *order;
    accepted(world, alert);
    order = regarding(world, KIND(ERASURE), alert);
    order->header.release = RELEASE(DEFERRED);
    order->header.releasing = releasing(world, POLICE);
    refused(world, order, REASON_FIELD_INVALID, "release");
    assert_false(model_message_at(&world->model, alert->seq)->erased);
}

// It has it too, and no grant goes towards it.
static void what_every_holder_must_do_reaches_who_released_it(void **state)
{
    struct world *world = *state;
    static const unsigned KINDS[] = {KIND(CORRECTION), KIND(HOLD), KIND(CANCEL)};
    colleagues_supervise(world);
    struct letter *alert = deferred(world, COLLEAGUES);
    accepted(world, alert);
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        struct letter *order = regarding(world, KINDS[i], alert);
        order->header.release = RELEASE(DEFERRED);
        order->header.releasing = releasing(world, POLICE);
        if (KINDS[i] == KIND(CANCEL))
            order->header.outcome = (Amana__V1__Outcome__Code)OUTCOME(SENT_IN_ERROR);
        refused(world, order, REASON_FIELD_INVALID, "recipients");
        order = letter_again(world, order);
        letter_to(world, order, COLLEAGUES, KINDS[i] == KIND(CANCEL) ? COPY : ACTION);
        accepted(world, order);
        if (KINDS[i] != KIND(HOLD))
            assert_int_equal(model_life(&world->model, order->seq, COLLEAGUES)->state, LIFE(OPEN));
    }
    struct letter *told = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, told, COLLEAGUES, ACTION);
    refused(world, told, REASON_NOT_PERMITTED, "recipients[0].unit");
}

// --- What was sent with its release DEFERRED, and sent back
static struct letter *sent_deferred(struct world *world, const char *unit)
{
    struct letter *alert = deferred(world, unit);
    accepted(world, alert);
    return alert;
}

// As a worker would have found it: `returned` says how what it ends stands.
static struct letter *taken_back(struct world *world, const struct letter *alert, const char *by, const char *officer,
                                 bool returned)
{
    struct letter *cancel = letter_new(world, by, KIND(CANCEL));
    letter_answers(cancel, alert, alert);
    letter_to(world, cancel, POST, ACTION);
    cancel->header.officer = arena_printf(&world->arena, "amana://%s/officer/%s", by, officer);
    cancel->header.outcome = (Amana__V1__Outcome__Code)OUTCOME(SENT_IN_ERROR);
    cancel->submission.newest_returned = returned;
    return cancel;
}

static void what_was_sent_back_is_taken_back_by_a_supervisor_alone_and_by_nobody_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = sent_deferred(world, POLICE), *other;
    refused(world, taken_back(world, alert, POLICE, "o2", false), REASON_RELEASE_REQUIRED, "release");
    refused(world, taken_back(world, alert, POLICE, "o1", true), REASON_RELEASE_REQUIRED, "release"); // its author
    other = taken_back(world, alert, POLICE, "o2", true);
    other->header.outcome = (Amana__V1__Outcome__Code)OUTCOME(RESOLVED);
    refused(world, other, REASON_RELEASE_REQUIRED, "release");
    refused(world, taken_back(world, alert, COLLEAGUES, "o2", true), REASON_NOT_PERMITTED, NULL);
    accepted(world, taken_back(world, alert, POLICE, "o2", true));
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, AMANA__V1__LIFE_STATE__CODE__STOPPING);
}

static void an_author_who_is_a_supervisor_takes_nothing_back_alone(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    alert->submission.mode = HUB_SUBMIT_SEND;
    alert->header.release = RELEASE(DEFERRED);
    alert->header.officer = (char *)SUPERVISOR;
    accepted(world, alert);
    refused(world, taken_back(world, alert, POLICE, "o2", true), REASON_RELEASE_REQUIRED, "release");
}

static void the_supervisor_of_another_unit_takes_back_what_that_unit_was_to_release_and_its_author_is_told(void **state)
{
    struct world *world = *state;
    struct letter *alert, *cancel;
    colleagues_supervise(world);
    alert = sent_deferred(world, COLLEAGUES);
    cancel = taken_back(world, alert, COLLEAGUES, "o2", true);
    refused(world, cancel, REASON_FIELD_INVALID, "recipients"); // not without its author
    cancel = taken_back(world, alert, COLLEAGUES, "o2", false);
    letter_to(world, cancel, POLICE, COPY);
    refused(world, cancel, REASON_NOT_PERMITTED, NULL);
    cancel = taken_back(world, alert, COLLEAGUES, "o1", true);
    letter_to(world, cancel, POLICE, COPY);
    refused(world, cancel, REASON_NOT_PERMITTED, NULL);
    cancel = taken_back(world, alert, COLLEAGUES, "o2", true);
    letter_to(world, cancel, POLICE, COPY);
    accepted(world, cancel);
    assert_int_equal(model_life(&world->model, alert->seq, POST)->state, AMANA__V1__LIFE_STATE__CODE__STOPPING);
    assert_int_equal(mail_of(world, URI(POLICE, "d1")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(what_is_parked_rings_at_its_unit_and_nobody_else_learns_of_it),
        HUB_TEST(what_needs_one_is_neither_sent_nor_parked_by_the_wrong_call),
        HUB_TEST(a_unit_releases_for_another_only_where_policy_names_it),
        HUB_TEST(who_is_to_release_it_is_a_member_that_may_read_it_and_can),
        HUB_TEST(what_is_released_is_two_entries_and_goes_to_all_and_back_to_its_author),
        HUB_TEST(what_waits_no_more_is_not_released),
        HUB_TEST(nothing_lapses_before_its_time_where_the_clock_is_set_back_meanwhile),
        HUB_TEST(what_waits_lapses_when_nothing_of_it_may_be_kept),
        HUB_TEST(what_is_due_is_not_released_before_its_lapse_is_written_either),
        HUB_TEST(another_unit_releases_nothing),
        HUB_TEST(what_another_unit_releases_is_its_authors),
        HUB_TEST(a_release_is_judged_by_the_newest_of_everything),
        HUB_TEST(a_unit_that_left_two_unsigned_defers_no_more_until_thirty_days_are_over),
        HUB_TEST(what_waits_rings_again_at_a_quarter_of_its_time_as_urgent_as_it_is),
        HUB_TEST(what_a_unit_left_unsigned_lapses_at_once_and_is_counted_each),
        HUB_TEST(two_that_lapse_at_one_moment_are_counted_each),
        HUB_TEST(what_nobody_releases_in_a_day_is_not_sent_and_counts_for_nobody),
        HUB_TEST(the_hub_does_not_stop_over_lapses_that_wait_for_one_another),
        HUB_TEST(what_was_signed_before_its_lapse_found_room_is_not_counted),
        HUB_TEST(an_exercise_that_was_left_unsigned_is_not_counted),
        HUB_TEST(what_ends_an_alert_needs_one_where_its_first_or_its_newest_version_did),
        HUB_TEST(what_mends_erases_or_keeps_a_version_needs_one_where_that_version_did),
        HUB_TEST(an_erasure_is_never_deferred),
        HUB_TEST(what_every_holder_must_do_reaches_who_released_it),
        HUB_TEST(what_was_sent_back_is_taken_back_by_a_supervisor_alone_and_by_nobody_else),
        HUB_TEST(an_author_who_is_a_supervisor_takes_nothing_back_alone),
        HUB_TEST(the_supervisor_of_another_unit_takes_back_what_that_unit_was_to_release_and_its_author_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
