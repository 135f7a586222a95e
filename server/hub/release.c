// SPDX-License-Identifier: Apache-2.0
// The second person (domain.md, rule 5): who may release what, and the row of a message that waits for one.
#include "server/hub/internal.h"

#include <assert.h>
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define RELEASE(name) AMANA__V1__RELEASE__CODE__##name

// --- Judging
static enum reason judge_call(struct hub_submission *submission)
{
    struct hub_work *work = &submission->work;
    bool required = submission->header->release == RELEASE(REQUIRED);
    if (submission->mode == HUB_SUBMIT_SEND && required) {
        (void)am_fail(AM_DENIED, &work->detail, "release", "is REQUIRED: Park it, and a supervisor releases it");
        return REASON_RELEASE_REQUIRED;
    }
    if (submission->mode == HUB_SUBMIT_PARK && !required) {
        (void)am_fail(AM_INVALID, &work->detail, "release", "must be REQUIRED of what is parked: Send it");
        return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

// A supervisor is an officer of the sender's unit, or of one of its agency that policy names for it.
bool hub_may_release(const struct hub *hub, const char *sender, const char *releasing)
{
    return policy_supervises(hub->policy, sender, releasing) && hub_reachable(hub, releasing);
}

// A unit that left two unsigned waits with the next for its second person.
static enum reason judge_deferred(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns)
{
    const struct hub_unit *unit = hub_unit_find(hub, submission->sender);
    if (submission->mode != HUB_SUBMIT_SEND || submission->header->release != RELEASE(DEFERRED) || unit == NULL ||
        now_ns >= unit->lapses[0].at + LIMIT_LAPSES_NS)
        return REASON_NONE;
    (void)am_fail(AM_DENIED, &submission->work.detail, "release",
                  "two that this unit deferred were not signed in time within 30 days: REQUIRED");
    return REASON_RELEASE_REQUIRED;
}

enum reason hub_judge_releasing(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns)
{
    const Amana__V1__UnitRoster *releasing = submission->header->releasing;
    enum reason reason = judge_call(submission);
    if (reason == REASON_NONE)
        reason = judge_deferred(hub, submission, now_ns);
    if (reason != REASON_NONE || releasing == NULL)
        return reason;
    if (!hub_may_release(hub, submission->sender, releasing->unit))
        return hub_not_permitted(&submission->work, "releasing.unit");
    reason = hub_judge_ceiling(hub, submission, releasing->unit);
    if (reason == REASON_NONE)
        reason = hub_judge_roster(hub, &submission->work, releasing->unit, releasing->roster, "releasing.roster");
    return reason;
}

// By a unit that was never a party of it, where policy names that unit: nothing else it says of the message is taken.
bool hub_takes_back(const struct hub *hub, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header, *taken = submission->newest.header;
    const struct hub_kept_roster *roster = hub_roster_newest(hub, submission->sender);
    const struct hub_roster_officer *officer = roster != NULL ? hub_roster_officer_find(roster, header->officer) : NULL;
    return header->kind == KIND(CANCEL) && header->outcome == OUTCOME(SENT_IN_ERROR) && submission->newest_returned &&
           taken != NULL && taken->releasing != NULL && strcmp(taken->releasing->unit, submission->sender) == 0 &&
           strcmp(taken->officer, header->officer) != 0 && officer != NULL && officer->supervisor;
}

enum reason hub_judge_waiting(struct hub_work *work, const struct journal_release *release, uint64_t now_ns)
{
    uint8_t now = release->waits && now_ns >= release->due ? release_next(release->state, PASSAGE_LAPSE, false) : 0;
    now = now != RELEASE_STATE(UNSPECIFIED) ? now : release->state;
    const ProtobufCEnumValue *state =
        protobuf_c_enum_descriptor_get_value(&amana__v1__release_state__code__descriptor, now);
    if (release_open(now, release->deferred))
        return REASON_NONE;
    strlcpy(work->state, state != NULL ? state->name : "", sizeof work->state);
    strlcpy(work->moves, "none", sizeof work->moves);
    (void)am_fail(AM_DENIED, &work->detail, "message", "waits no more: it is %s", work->state);
    return REASON_STATE_FORBIDS;
}

// --- The row
enum am_err hub_release_begin(struct hub_pending *pending, const Amana__V1__Header *header)
{
    struct journal_release *row = arena_alloc(&pending->arena, sizeof *row);
    bool deferred = header->release == RELEASE(DEFERRED);
    if (row == NULL)
        return arena_error(&pending->arena);
    *row = (struct journal_release){
        .seq = JOURNAL_SELF,
        .state = RELEASE_STATE(PENDING_RELEASE),
        .urgency = (uint8_t)header->urgency,
        .deferred = deferred,
        .waits = true,
        .state_at = pending->append.time_ns,
        .due = release_due(pending->append.time_ns, deferred, header_time_or_0(header->retain_until)),
        .ended_by = JOURNAL_NONE,
        .releasing = header->releasing->unit,
        .officer = ""};
    pending->append.release = row;
    // It rings again at a quarter of the time in which what it says is to be taken on (domain.md, Release).
    const struct urgency *urgency = urgency_get((unsigned)header->urgency);
    uint64_t again = urgency != NULL ? pending->append.time_ns + urgency->ack_ns / 4 : row->due;
    if (again < row->due)
        TRY(hub_deadline_put(pending, DEADLINE_RING, JOURNAL_SELF, again, 0));
    return hub_deadline_put(pending, DEADLINE_RELEASE, JOURNAL_SELF, row->due, 0);
}

enum am_err hub_release_move(struct hub_pending *pending, const struct journal_release *release, enum passage_move move,
                             const char *supervisor)
{
    struct journal_release *row = arena_alloc(&pending->arena, sizeof *row);
    if (row == NULL)
        return arena_error(&pending->arena);
    *row = *release;
    row->state = release_next(release->state, move, release->deferred);
    row->waits = release_open(row->state, release->deferred);
    row->state_at = pending->append.time_ns;
    row->ended_by = JOURNAL_SELF;
    row->officer = supervisor;
    pending->append.release = row;
    return AM_OK;
}

// --- What a unit left unsigned
static uint64_t number_at(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

enum am_err hub_set_lapses(struct hub *hub, const char *name, struct am_bytes lapses)
{
    struct hub_unit *unit;
    if (lapses.len != JOURNAL_LAPSES)
        return AM_CORRUPT;
    TRY(hub_unit_room(hub, name, &unit));
    for (size_t i = 0; i < AM_LEN(unit->lapses); i++)
        unit->lapses[i] = (struct hub_lapse){number_at(lapses.data + 16 * i), number_at(lapses.data + 16 * i + 8)};
    return AM_OK;
}

bool hub_lapse_counts(const Amana__V1__Header *header, const struct journal_release *release)
{
    return release->deferred && header->status == AMANA__V1__STATUS__CODE__ACTUAL;
}

enum am_err hub_lapse_record(struct hub_step *step, struct hub_pending *pending, const char *name, uint64_t seq)
{
    struct hub_unit *unit;
    struct journal_record *record = arena_alloc(&pending->arena, sizeof *record);
    uint8_t *value = arena_alloc(&pending->arena, JOURNAL_LAPSES);
    if (record == NULL || value == NULL)
        return arena_error(&pending->arena);
    TRY(hub_unit_room(step->hub, name, &unit));
    assert(!unit->lapse_pending);
    pending->unit = unit;
    pending->lapses[0] = unit->lapses[1];
    pending->lapses[1] = (struct hub_lapse){seq, pending->append.time_ns};
    for (size_t i = 0; i < JOURNAL_LAPSES; i++) {
        const struct hub_lapse *lapse = &pending->lapses[i / 16];
        value[i] = (uint8_t)((i % 16 < 8 ? lapse->seq : lapse->at) >> (56 - 8 * (i % 8)));
    }
    *record = (struct journal_record){.kind = JOURNAL_RECORD_LAPSES, .key = name, .value = {value, JOURNAL_LAPSES}};
    pending->append.records = record;
    pending->append.n_records = 1;
    return AM_OK;
}

// --- Entries
enum am_err hub_release_index(struct hub_pending *pending, size_t index, const Amana__V1__Header *header, uint64_t of)
{
    struct journal_entry *entry = &pending->append.entries[index];
    const char **parties = arena_array(&pending->arena, 2, sizeof *parties);
    if (parties == NULL)
        return arena_error(&pending->arena);
    parties[0] = header->sender->unit;
    parties[1] = header->releasing->unit;
    entry->parties = parties;
    entry->n_parties = strcmp(parties[0], parties[1]) == 0 ? 1 : 2;
    entry->case_ref = header->case_ref;
    entry->of = of;
    entry->erase_after = hub_erase_after(header_time_or_0(header->retain_until), pending->append.time_ns);
    return AM_OK;
}

enum am_err hub_released_entry(struct hub_pending *pending, size_t index, const struct hub_released *released)
{
    Amana__V1__Pointer pointer = hub_pointer(released->header, released->header_digest);
    Amana__V1__ReleasedEntry entry = AMANA__V1__RELEASED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.message = &pointer;
    entry.officer = (char *)released->supervisor;
    entry.parked = released->release->seq;
    entry.deferred = released->release->deferred;
    entry.signature = codec_binary(released->signature);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RELEASED;
    content.released = &entry;
    TRY(hub_entry_pack(pending, index, &content, JOURNAL_CLASS_MESSAGE));
    TRY(hub_release_index(pending, index, released->header, released->release->seq));
    uint64_t *also = arena_copy(&pending->arena, &released->release->seq, sizeof released->release->seq);
    if (also == NULL)
        return arena_error(&pending->arena);
    pending->append.entries[index].also_of = also;
    pending->append.entries[index].n_also_of = 1;
    return AM_OK;
}
