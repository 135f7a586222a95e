// SPDX-License-Identifier: Apache-2.0
// The world of the hub's tests.
#include "tests/sim/world.h"

#include <assert.h>
#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K(name) AMANA__V1__KIND__CODE__##name

static uint8_t ROOT32[32] = {1}, DIGEST32[32] = {2}, LOG68[68] = {3}, SALT16[16] = {4};

// --- Members
void world_grant(struct world *world, const char *unit, const char *role, char **parties, size_t n)
{
    static Amana__V1__Kind__Code kinds[] = {K(ALERT), K(UPDATE), K(CANCEL), K(ACK), K(REQUEST), K(REFERRAL), K(NOTE)};
    static char *scope[] = {(char *)"ke", (char *)"et"};
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    Amana__V1__GrantRecord grant = AMANA__V1__GRANT_RECORD__INIT, *grants[] = {&grant};
    record.unit = (char *)unit;
    record.said = &said;
    said.role = (char *)role;
    grant.kinds = kinds;
    grant.n_kinds = AM_LEN(kinds);
    grant.parties = parties;
    grant.n_parties = n;
    record.grants = grants;
    record.n_grants = n > 0;
    if (strcmp(role, "auditor") == 0) {
        said.scope = scope;
        said.n_scope = AM_LEN(scope);
    }
    enum am_err err = hub_set_member(world->hub, &record);
    assert(err == AM_OK);
}

enum am_err world_countries(struct hub *hub, const uint8_t *oversight)
{
    const struct hub_country_row rows[] = {{"ke", CHILD_DESK, oversight}, {"et", SHELTER}, {"so"}, {"ug"}};
    return hub_set_countries(hub, rows, AM_LEN(rows));
}

static void members(struct world *world)
{
    char *kenya[] = {(char *)"et/*/*", (char *)"so/police/desk"}, *ethiopia[] = {(char *)"ke/dci/transnational"};
    char *somalia[] = {(char *)"ke/*/*"};
    world_grant(world, POLICE, "unit", kenya, 2);
    world_grant(world, COLLEAGUES, "unit", kenya, 2);
    world_grant(world, CHILD_DESK, "protection", kenya, 1);
    world_grant(world, POST, "unit", ethiopia, 1);
    world_grant(world, SHELTER, "protection", ethiopia, 1);
    world_grant(world, LONELY, "unit", somalia, 1);
    world_grant(world, STRANGER, "unit", NULL, 0);
    world_grant(world, AUDITOR, "auditor", NULL, 0);
    world_grant(world, "ke/registry/desk", "registrar", NULL, 0);
    assert(world_countries(world->hub, NULL) == AM_OK);
}

void world_roster(struct world *world, const char *unit, uint64_t number, unsigned devices, uint8_t seal)
{
    struct hub_roster_device device[LIMIT_DEVICES] = {0};
    struct hub_roster_officer officer[2] = {0};
    struct hub_roster roster = {.unit = unit,
                                .number = number,
                                .signer = "amana://ke/registry/desk/officer/r1",
                                .devices = device,
                                .n_devices = devices,
                                .officers = officer,
                                .n_officers = 2};
    for (unsigned i = 0; i < devices; i++) {
        device[i].uri = arena_printf(&world->arena, "amana://%s/device/d%u", unit, i + 1);
        memset(device[i].auth, (int)i + 1, 32);
        memset(device[i].seal, seal, 32);
        device[i].seal[0] = (uint8_t)(i + 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        officer[i].uri = arena_printf(&world->arena, "amana://%s/officer/o%u", unit, i + 1);
        officer[i].supervisor = i == 1;
    }
    roster.digest[0] = (uint8_t)number;
    roster.previous[0] = (uint8_t)(number - 1);
    assert(hub_set_roster(world->hub, &roster) == AM_OK);
}

static void rosters(struct world *world)
{
    world_roster(world, POLICE, 1, 2, 7);
    world_roster(world, COLLEAGUES, 1, 1, 7);
    world_roster(world, CHILD_DESK, 1, 1, 7);
    world_roster(world, POST, 1, 2, 7);
    world_roster(world, SHELTER, 1, 1, 7);
    world_roster(world, LONELY, 1, 1, 7);
    world_roster(world, STRANGER, 1, 1, 7);
    world_roster(world, AUDITOR, 1, 1, 7);
}

static void hub_start(struct world *world, const struct hub_config *config)
{
    static const struct hub_config DEFAULT = {.origin = "igad.amana.example/log",
                                              .hub = "amana://igad/hub",
                                              .version = "test",
                                              .requests_per_s = 1000000,
                                              .in_flight = 1000};
    enum am_err err = hub_new(config != NULL ? config : &DEFAULT, &world->hub);
    assert(err == AM_OK);
    members(world);
    rosters(world);
}

void world_init(struct world *world, const struct hub_config *config)
{
    memset(world, 0, sizeof *world);
    model_init(&world->model);
    arena_init(&world->arena, 2ull << 30);
    world->now = WORLD_START;
    world->monotonic = 1000 * NS_PER_S;
    hub_start(world, config);
}

static void forget(struct world *world)
{
    for (size_t i = 0; i < world->n_appends; i++)
        hub_append_free(world->appends[i]);
    world->n_appends = world->n_checks = 0;
    world->reading = false;
    memset(world->due_taken, 0, sizeof world->due_taken);
    hub_free(world->hub);
    hub_actions_clear(&world->actions);
}

void world_clear(struct world *world)
{
    forget(world);
    model_clear(&world->model);
    arena_clear(&world->arena);
}

void world_restart(struct world *world)
{
    forget(world);
    hub_start(world, NULL);
    hub_set_shields(world->hub, world->model.n_shields > 0);
    if (world->model.n > 0)
        hub_set_clock_floor(world->hub, world->model.entries[world->model.n - 1].time_ns);
    for (size_t i = 0; i < world->model.n_records; i++) {
        const struct journal_record *record = &world->model.records[i];
        enum am_err err = AM_OK;
        if (record->kind == JOURNAL_RECORD_LAPSES)
            err = hub_set_lapses(world->hub, record->key, record->value);
        assert(err == AM_OK);
    }
}

// --- What actions ask for
static void reply(struct world *world, struct hub_work *work, const struct journal_outcome *outcome)
{
    if (work->kind == HUB_WORK_SUBMISSION) {
        struct letter *letter = (struct letter *)work;
        letter->replies++;
        if (work->reason == REASON_NONE) {
            letter->receipt = outcome != NULL ? outcome->receipt : letter->submission.original_receipt;
            letter->seq = outcome != NULL ? outcome->seq : letter->submission.known_seq;
        }
    }
    if (work->kind == HUB_WORK_DUE) {
        world->due_taken[(struct hub_due *)work - world->dues] = false;
        return;
    }
    if (world->on_reply != NULL)
        world->on_reply(world, work, outcome);
}

static void check_later(struct world *world, struct hub_work *work)
{
    assert(world->n_checks < WORLD_QUEUE);
    world->checks[world->n_checks++] = work;
}

static void due_begin(struct world *world, const struct journal_deadline *deadline)
{
    size_t i = 0;
    while (world->due_taken[i])
        assert(++i < HUB_DUES);
    world->due_taken[i] = true;
    world->dues[i] = (struct hub_due){.work = {.kind = HUB_WORK_DUE}, .deadline = *deadline};
    check_later(world, &world->dues[i].work);
}

static void perform(struct world *world, const struct hub_action *action)
{
    switch (action->kind) {
    case HUB_ACTION_CHECK:
    case HUB_ACTION_RECHECK: check_later(world, action->work); break;
    case HUB_ACTION_DUE: due_begin(world, &action->deadline); break;
    case HUB_ACTION_DEADLINES:
        assert(!world->reading);
        world->reading = true;
        world->read_after = action->deadline;
        world->read_until = action->until;
        break;
    case HUB_ACTION_APPEND:
        assert(world->n_appends < WORLD_QUEUE);
        world->appends[world->n_appends++] = action->append;
        break;
    case HUB_ACTION_REPLY: reply(world, action->work, action->outcome); break;
    case HUB_ACTION_REPLAY: world->replaying = action->work; break;
    case HUB_ACTION_WAKE:
        if (world->n_woken < AM_LEN(world->woken))
            world->woken[world->n_woken++] = action->name;
        break;
    case HUB_ACTION_ROSTER: world->roster_changed = action->name; break;
    case HUB_ACTION_UNLOGGED: world->unlogged[world->n_unlogged++ % AM_LEN(world->unlogged)] = *action; break;
    case HUB_ACTION_STOPPED: world->stopped = true; break;
    }
}

static void step_failed(struct world *world, const struct hub_event *event, enum am_err err)
{
    struct hub_work *work = NULL;
    assert(world->arm != NULL && err == AM_NOMEM && world->actions.n == 0);
    if (event->kind == HUB_EVENT_ARRIVED || event->kind == HUB_EVENT_CHECKED)
        work = &event->submission->work;
    else if (event->kind == HUB_EVENT_RETRIEVED)
        work = &event->retrieval->work;
    else if (event->kind == HUB_EVENT_SETTLED)
        work = &event->settlement->work;
    else if (event->kind == HUB_EVENT_REPLAY)
        work = &event->replay->work;
    else if (event->kind == HUB_EVENT_ROSTER)
        work = &event->roster->work;
    else if (event->kind == HUB_EVENT_DUE)
        work = &event->due->work;
    world->lost |= event->kind == HUB_EVENT_COMMITTED;
    if (work == NULL)
        return;
    work->reason = REASON_BUSY;
    reply(world, work, NULL);
}

void world_step(struct world *world, struct hub_event event)
{
    event.now_ns = world->now;
    event.monotonic_ns = world->monotonic;
    if (world->arm != NULL)
        world->arm(true);
    enum am_err err = hub_step(world->hub, &event, &world->actions);
    if (world->arm != NULL)
        world->arm(false);
    if (err != AM_OK) {
        step_failed(world, &event, err);
        return;
    }
    for (size_t i = 0; i < world->actions.n; i++)
        perform(world, &world->actions.list[i]);
    world->actions.n = 0;
}

void world_check_one(struct world *world, size_t index)
{
    struct hub_work *work = world->checks[index];
    world->checks[index] = world->checks[--world->n_checks];
    if (work->kind == HUB_WORK_RETRIEVAL) { // its rows are read anew by whoever waits for it
        struct hub_retrieval *retrieval = (struct hub_retrieval *)work;
        uint64_t seqs[LIMIT_UNACKNOWLEDGED], notices[LIMIT_UNACKNOWLEDGED];
        size_t n = retrieval->n_messages, n_notices = retrieval->n_notices;
        for (size_t i = 0; i < n; i++)
            seqs[i] = retrieval->messages[i].seq;
        for (size_t i = 0; i < n_notices; i++)
            notices[i] = retrieval->notices[i].seq;
        model_read_retrieval(&world->model, retrieval, seqs, n, notices, n_notices);
        retrieval->roster = hub_roster_number(world->hub, retrieval->work.unit);
        world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = retrieval});
        return;
    }
    if (work->kind == HUB_WORK_DUE) {
        struct hub_due *due = (struct hub_due *)work;
        model_read_due(&world->model, due);
        world_step(world, (struct hub_event){.kind = HUB_EVENT_DUE, .due = due});
        return;
    }
    if (work->kind == HUB_WORK_SETTLEMENT) {
        struct hub_settlement *settlement = (struct hub_settlement *)work;
        model_read_settlement(&world->model, settlement, settlement->release.seq);
        world_step(world, (struct hub_event){.kind = HUB_EVENT_SETTLED, .settlement = settlement});
        return;
    }
    struct letter *letter = (struct letter *)work;
    model_check(&world->model, &letter->submission, world->checked);
    if (letter->submission.checked == REASON_NONE)
        letter->submission.flags = &letter->flags;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_CHECKED, .submission = &letter->submission});
}

void world_commit_one(struct world *world, size_t index)
{
    struct journal_append *append = world->appends[index];
    memmove(&world->appends[index], &world->appends[index + 1],
            (world->n_appends - index - 1) * sizeof(struct journal_append *));
    world->n_appends--;
    struct journal_outcome outcome = model_commit(&world->model, append);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_COMMITTED, .committed = {append, &outcome}});
    hub_append_free(append);
}

void world_read(struct world *world)
{
    static struct journal_deadline rows[HUB_DEADLINES_READ];
    size_t n = model_deadlines(&world->model, &world->read_after, world->read_until, rows, AM_LEN(rows));
    world->reading = false;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_DEADLINES, .deadlines = {rows, n, AM_OK}});
}

void world_pass(struct world *world, uint64_t ns)
{
    world->now += ns;
    world->monotonic += ns;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_pump(world);
}

bool world_pump_one(struct world *world)
{
    if (world->reading)
        world_read(world);
    else if (world->n_checks > 0)
        world_check_one(world, 0);
    else if (world->n_appends > 0)
        world_commit_one(world, 0);
    else
        return false;
    return true;
}

void world_pump(struct world *world)
{
    while (world_pump_one(world)) {
    }
}

// --- Letters
static ProtobufCBinaryData binary(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

static void time_set(Google__Protobuf__Timestamp *time, uint64_t ns)
{
    *time = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time->seconds = (int64_t)(ns / NS_PER_S);
    time->nanos = (int32_t)(ns % NS_PER_S);
}

static void sealed_fill(struct letter *letter)
{
    Amana__V1__Header *header = &letter->header;
    header->flags_digest = header->body_digest = header->body_commitment = binary(DIGEST32, 32);
    header->body_size = 4096;
    letter->log_seen = (Amana__V1__LogSeen)AMANA__V1__LOG_SEEN__INIT;
    letter->log_seen.origin = (char *)"igad.amana.example/log";
    letter->log_seen.size = 1;
    letter->log_seen.root = binary(ROOT32, 32);
    letter->log_seen.signature = binary(LOG68, 68);
    header->log_seen = &letter->log_seen;
}

static void kind_fill(struct world *world, struct letter *letter)
{
    Amana__V1__Header *header = &letter->header;
    if (header->kind == K(CANCEL))
        header->outcome = AMANA__V1__OUTCOME__CODE__RESOLVED;
    if (header->kind != K(ALERT) && header->kind != K(UPDATE))
        return;
    header->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__VEHICLE;
    header->source_eval = AMANA__V1__SOURCE_EVAL__CODE__B;
    header->info_eval = AMANA__V1__INFO_EVAL__CODE__I2;
    time_set(&letter->valid_until, world->now + 2 * DAY_NS);
    header->valid_until = &letter->valid_until;
}

struct letter *letter_new(struct world *world, const char *unit, Amana__V1__Kind__Code kind)
{
    struct letter *letter = arena_alloc(&world->arena, sizeof *letter);
    assert(letter != NULL);
    Amana__V1__Header *header = &letter->header;
    amana__v1__header__init(header);
    letter->sender = (Amana__V1__UnitRoster)AMANA__V1__UNIT_ROSTER__INIT;
    letter->sender.unit = (char *)unit;
    letter->sender.roster = hub_roster_number(world->hub, unit);
    header->id = arena_printf(&world->arena, "01936f3a-7c4e-7d2b-8a51-%012" PRIx64, ++world->ids);
    header->kind = kind;
    header->schema_version = 1;
    header->status = AMANA__V1__STATUS__CODE__ACTUAL;
    header->case_ref = (char *)"ke/dci/2026/004211";
    header->sender = &letter->sender;
    header->device = arena_printf(&world->arena, "amana://%s/device/d1", unit);
    header->officer = arena_printf(&world->arena, "amana://%s/officer/o1", unit);
    time_set(&letter->written_at, world->now);
    header->written_at = &letter->written_at;
    header->urgency = AMANA__V1__URGENCY__CODE__U1;
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    header->classification = AMANA__V1__CLASSIFICATION__CODE__RESTRICTED;
    header->purpose = AMANA__V1__PURPOSE__CODE__INVESTIGATION;
    header->legal_basis = AMANA__V1__LEGAL_BASIS__CODE__NATIONAL_LAW;
    time_set(&letter->retain_until, world->now + 90 * DAY_NS);
    header->retain_until = &letter->retain_until;
    header->language = (char *)"en";
    header->release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    header->recipients = letter->recipients;
    amana__v1__flags__init(&letter->flags);
    letter->flags.salt = binary(SALT16, 16);
    letter->flags.protection = AMANA__V1__PROTECTION__CODE__NOT_CONCERNED;
    sealed_fill(letter);
    kind_fill(world, letter);
    return letter;
}

void letter_to(struct world *world, struct letter *letter, const char *unit, Amana__V1__Part__Code part)
{
    Amana__V1__Recipient *recipient = arena_alloc(&world->arena, sizeof *recipient);
    assert(recipient != NULL && letter->header.n_recipients < LIMIT_RECIPIENTS);
    amana__v1__recipient__init(recipient);
    recipient->unit = (char *)unit;
    recipient->roster = hub_roster_number(world->hub, unit);
    if (recipient->roster == 0)
        recipient->roster = 1; // a unit that nobody knows
    recipient->part = part;
    letter->recipients[letter->header.n_recipients++] = recipient;
}

static void point(Amana__V1__Pointer *pointer, const struct letter *to)
{
    amana__v1__pointer__init(pointer);
    pointer->id = to->header.id;
    pointer->header_digest = binary((uint8_t *)to->submission.header_digest, 32);
}

void letter_answers(struct letter *letter, const struct letter *answered, const struct letter *root)
{
    point(&letter->in_reply_to, answered);
    letter->header.in_reply_to = &letter->in_reply_to;
    letter->header.status = root->header.status;
    letter->header.case_ref = root->header.case_ref;
    letter->header.purpose = root->header.purpose;
    letter->header.legal_basis = root->header.legal_basis;
    letter->header.agreement_ref = root->header.agreement_ref;
    letter->header.classification = root->header.classification;
    letter->retain_until = root->retain_until;
}

void letter_refers(struct letter *letter, const struct letter *other)
{
    size_t n = letter->header.n_references++;
    point(&letter->refers[n], other);
    letter->refers_list[n] = &letter->refers[n];
    letter->header.references = letter->refers_list;
}

void letter_supersedes(struct letter *letter, const struct letter *before)
{
    point(&letter->supersedes, before);
    letter->header.supersedes = &letter->supersedes;
}

void letter_arrive(struct world *world, struct letter *letter)
{
    struct hub_submission *submission = &letter->submission;
    const char *device = letter->header.device;
    char *unit = arena_printf(&world->arena, "%s", letter->sender.unit);
    submission->header = &letter->header;
    submission->signature = (struct am_bytes){(const uint8_t *)"signature", 9};
    submission->body = (struct am_bytes){(const uint8_t *)"body", 4};
    enum am_err err = codec_encode(&letter->flags.base, &world->arena, &submission->flags_bytes);
    if (err == AM_OK)
        err = codec_encode(&letter->header.base, &world->arena, &submission->header_bytes);
    assert(err == AM_OK);
    if (submission->work.identity == NULL) // a test may have set another one
        submission->work =
            (struct hub_work){.kind = HUB_WORK_SUBMISSION, .user = letter, .identity = device, .unit = unit};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ARRIVED, .submission = submission});
}

enum reason letter_send(struct world *world, struct letter *letter)
{
    letter_arrive(world, letter);
    world_pump(world);
    assert(letter->replies == 1);
    return letter->submission.work.reason;
}

struct letter *letter_again(struct world *world, const struct letter *letter)
{
    struct letter *again = arena_alloc(&world->arena, sizeof *again);
    assert(again != NULL);
    *again = *letter;
    memset(&again->submission, 0, sizeof again->submission);
    again->replies = 0;
    again->receipt = (struct am_bytes){0};
    // The header points into its own letter.
    again->header.sender = &again->sender;
    again->header.log_seen = &again->log_seen;
    again->header.written_at = &again->written_at;
    again->header.retain_until = &again->retain_until;
    again->header.recipients = again->recipients;
    if (letter->header.valid_until != NULL)
        again->header.valid_until = &again->valid_until;
    if (letter->header.in_reply_to != NULL)
        again->header.in_reply_to = &again->in_reply_to;
    if (letter->header.supersedes != NULL)
        again->header.supersedes = &again->supersedes;
    return again;
}

struct letter *world_alert(struct world *world)
{
    struct letter *alert = letter_new(world, POLICE, K(ALERT));
    letter_to(world, alert, POST, AMANA__V1__PART__CODE__ACTION);
    letter_to(world, alert, SHELTER, AMANA__V1__PART__CODE__COPY);
    enum reason reason = letter_send(world, alert);
    assert(reason == REASON_NONE);
    return alert;
}

struct letter *world_answer(struct world *world, const char *unit, Amana__V1__Kind__Code kind,
                            const struct letter *answered, const struct letter *root)
{
    struct letter *letter = letter_new(world, unit, kind);
    letter_answers(letter, answered, root);
    if (strcmp(unit, root->sender.unit) != 0) {
        letter_to(world, letter, root->sender.unit, AMANA__V1__PART__CODE__ACTION);
        return letter;
    }
    for (size_t i = 0; i < root->header.n_recipients; i++)
        letter_to(world, letter, root->recipients[i]->unit, root->recipients[i]->part);
    return letter;
}
