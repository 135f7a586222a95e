// SPDX-License-Identifier: Apache-2.0
// A deadline has come: by its kind, what is written, who is told, what moves (domain.md, Lives, rule 9).
#include "server/hub/internal.h"

#include "proto/model/life.h"

#include <string.h>

#define DELIVERY(name) AMANA__V1__DELIVERY_STATE__CODE__##name
#define FIRST_LIFE     CLOCK_FIRST_OF_LIFE

struct deciding {
    struct hub_step *step;
    struct hub_due *due;
    struct clock_message *clocks;
    struct hub_pending *pending;
    struct journal_append *append;
    struct arena *arena;
    uint64_t now; // that the entries will have
    bool confirm; // the entry is about a life that ends with a CONFIRM: set for each of a life, which come last
    size_t n_entries;
};

static bool passed(const struct deciding *deciding, uint64_t at)
{
    return at != 0 && at <= deciding->now;
}

// --- One entry, told to whom its row says
static enum am_err entry_add(struct deciding *deciding, const Amana__V1__EntryContent *content, const char *recipient,
                             const struct journal_recipient *others, size_t n_others)
{
    const struct hub_found *about = &deciding->due->about;
    size_t index = deciding->n_entries++, n = 0;
    const char **parties = arena_array(deciding->arena, 2 + n_others, sizeof *parties);
    if (parties == NULL)
        return arena_error(deciding->arena);
    TRY(hub_entry_pack(deciding->pending, index, content, JOURNAL_CLASS_MESSAGE));
    struct journal_entry *entry = &deciding->append->entries[index];
    parties[n++] = about->originator;
    if (recipient != NULL && strcmp(recipient, about->originator) != 0)
        parties[n++] = recipient;
    for (size_t i = 0; i < n_others; i++)
        if (others[i].unit != NULL && strcmp(others[i].unit, about->originator) != 0)
            parties[n++] = others[i].unit;
    entry->parties = parties;
    entry->n_parties = n;
    TRY(hub_entry_of(deciding->pending, index, about->seq, about->root));
    entry->case_ref = about->header->case_ref;
    entry->erase_after = hub_erase_after(deciding->clocks->retain_until, deciding->now);
    const struct hub_told told = {.urgency = about->urgency,
                                  .originator = about->originator,
                                  .recipient = recipient,
                                  .recipients = others,
                                  .n_recipients = n_others,
                                  .confirm = deciding->confirm};
    return hub_tell(deciding->step, deciding->pending, index, &told);
}

// --- By country: what became of another's units, and when, is not theirs to see, nor their auditors' (rule 4)
static bool same_country(const struct deciding *deciding, size_t party, size_t other)
{
    return address_same_country(deciding->clocks->parties[party].unit, deciding->clocks->parties[other].unit);
}

// How many countries the parties are of that are `among`.
static size_t countries_of(const struct deciding *deciding, const bool among[LIMIT_RECIPIENTS])
{
    size_t n = 0;
    for (size_t i = 0; i < deciding->clocks->n; i++) {
        bool counted = !among[i];
        for (size_t j = 0; j < i && !counted; j++)
            counted = among[j] && same_country(deciding, i, j);
        n += !counted;
    }
    return n;
}

// --- Deliveries: one entry for all of a country to whom the same has happened. Of one delivery, one thing at a time:
// its row changes once with each entry.
static enum clock_kind delivery_passed(const struct deciding *deciding, size_t party)
{
    enum clock_kind first = CLOCK_COUNT;
    uint64_t at, earliest = UINT64_MAX;
    for (unsigned clock = 0; clock < FIRST_LIFE; clock++) {
        at = clock_at(deciding->clocks, party, 0, (enum clock_kind)clock);
        if (passed(deciding, at) && at < earliest) {
            first = (enum clock_kind)clock;
            earliest = at;
        }
    }
    return first;
}

static const Amana__V1__EntryContent__KindCase DELIVERY_ENTRY[] = {
    [CLOCK_LATE] = AMANA__V1__ENTRY_CONTENT__KIND_LATE,
    [CLOCK_NON_DELIVERED] = AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED,
    [CLOCK_NON_RETRIEVED] = AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED,
};

static enum am_err delivery_entry(struct deciding *deciding, enum clock_kind clock, char **units, size_t n,
                                  uint64_t due)
{
    Amana__V1__DeliveryEvidence evidence = AMANA__V1__DELIVERY_EVIDENCE__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    evidence.message = &message;
    evidence.recipients = units;
    evidence.n_recipients = n;
    evidence.due = due;
    content.kind_case = DELIVERY_ENTRY[clock];
    content.late = &evidence; // the same member for all three
    return entry_add(deciding, &content, NULL, NULL, 0);
}

// A retrieval meanwhile begins a clock that the next row must not pass over.
static enum am_err deliveries_seen(struct deciding *deciding, const enum clock_kind *first)
{
    const struct clock_message *clocks = deciding->clocks;
    struct journal_append *append = deciding->append;
    struct journal_delivery *seen = arena_array(deciding->arena, clocks->n, sizeof *seen);
    if (seen == NULL)
        return arena_error(deciding->arena);
    for (size_t i = 0; i < clocks->n; i++)
        if (first[i] == CLOCK_COUNT && clocks->parties[i].has_delivery)
            seen[append->n_seen_deliveries++] = clocks->parties[i].delivery;
    append->seen_deliveries = seen;
    return AM_OK;
}

// From the first on, those of its country.
static enum am_err delivery_decide(struct deciding *deciding, enum clock_kind *first, size_t index)
{
    struct clock_message *clocks = deciding->clocks;
    enum clock_kind clock = first[index];
    char **units = arena_array(deciding->arena, clocks->n, sizeof *units);
    uint64_t due = UINT64_MAX;
    size_t n = 0;
    if (units == NULL)
        return arena_error(deciding->arena);
    for (size_t i = index; i < clocks->n; i++) {
        if (first[i] != clock || !same_country(deciding, i, index))
            continue;
        uint64_t at = clock_at(clocks, i, 0, clock);
        due = at < due ? at : due;
        units[n++] = (char *)clocks->parties[i].unit;
        clocks->parties[i].delivery.flags |= DELIVERY_PASSED(clock);
        deciding->append->deliveries[deciding->append->n_deliveries++] = clocks->parties[i].delivery;
        first[i] = CLOCK_COUNT;
    }
    return delivery_entry(deciding, clock, units, n, due);
}

static enum am_err deliveries_decide(struct deciding *deciding, enum clock_kind *first)
{
    size_t n = deciding->clocks->n;
    deciding->append->deliveries = arena_array(deciding->arena, n, sizeof *deciding->append->deliveries);
    if (deciding->append->deliveries == NULL)
        return arena_error(deciding->arena);
    for (unsigned clock = 0; clock < FIRST_LIFE; clock++)
        for (size_t i = 0; i < n; i++)
            if (first[i] == clock)
                TRY(delivery_decide(deciding, first, i));
    return AM_OK;
}

static size_t delivery_entries(const struct deciding *deciding, const enum clock_kind *first)
{
    size_t n = 0;
    for (unsigned clock = 0; clock < FIRST_LIFE; clock++) {
        bool among[LIMIT_RECIPIENTS];
        for (size_t i = 0; i < deciding->clocks->n; i++)
            among[i] = first[i] == clock;
        n += countries_of(deciding, among);
    }
    return n;
}

// --- Lives: an entry for each, with every clock of it that has passed
static const struct {
    Amana__V1__DeadlineOf__Code what;
    Amana__V1__ClockFrom__Code from;
    bool again;
} LIFE_CLOCKS[CLOCK_COUNT] = {
    [CLOCK_ACK] = {AMANA__V1__DEADLINE_OF__CODE__ACK, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, false},
    [CLOCK_ACK_RETRIEVED] = {AMANA__V1__DEADLINE_OF__CODE__ACK, AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL, false},
    [CLOCK_ACK_AGAIN] = {AMANA__V1__DEADLINE_OF__CODE__ACK, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, true},
    [CLOCK_ANSWER] = {AMANA__V1__DEADLINE_OF__CODE__ANSWER, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, false},
    [CLOCK_ANSWER_RETRIEVED] = {AMANA__V1__DEADLINE_OF__CODE__ANSWER, AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL, false},
    [CLOCK_ANSWER_AGAIN] = {AMANA__V1__DEADLINE_OF__CODE__ANSWER, AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE, true},
};

static size_t life_passed(const struct deciding *deciding, size_t party, size_t life)
{
    size_t n = 0;
    for (unsigned clock = FIRST_LIFE; clock < CLOCK_EXPIRED; clock++)
        n += passed(deciding, clock_at(deciding->clocks, party, life, (enum clock_kind)clock));
    return n;
}

static void life_keep(struct deciding *deciding, const struct clock_party *party, const struct journal_life *life)
{
    struct journal_life *row = &deciding->append->lives[deciding->append->n_lives++];
    *row = *life;
    row->recipient = party->unit;
}

static enum am_err life_decide(struct deciding *deciding, size_t index, size_t which)
{
    struct clock_party *party = &deciding->clocks->parties[index];
    struct journal_life *life = &party->lives[which].life;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    Amana__V1__DeadlineClock clocks[CLOCK_COUNT], *list[CLOCK_COUNT];
    uint8_t flags = 0;
    for (unsigned clock = FIRST_LIFE; clock < CLOCK_EXPIRED; clock++) {
        uint64_t at = clock_at(deciding->clocks, index, which, (enum clock_kind)clock);
        if (!passed(deciding, at))
            continue;
        Amana__V1__DeadlineClock *row = &clocks[deadline.n_clocks];
        amana__v1__deadline_clock__init(row);
        row->what = LIFE_CLOCKS[clock].what;
        row->from = LIFE_CLOCKS[clock].from;
        row->again = LIFE_CLOCKS[clock].again;
        row->due = at;
        list[deadline.n_clocks++] = row;
        flags |= LIFE_PASSED(clock);
    }
    life->flags |= flags;
    life_keep(deciding, party, life);
    deadline.message = &message;
    deadline.recipient = (char *)party->unit;
    deadline.clocks = list;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    uint32_t open = life_open(party->lives[which].root_kind, life->state);
    deciding->confirm = (flags & LIFE_OF_ANSWER) != 0 && (open & KIND_BIT(KIND(CONFIRM))) != 0;
    return entry_add(deciding, &content, party->unit, NULL, 0);
}

// --- The end of an alert that nobody has ended: an entry for the units of each country
static bool expires(const struct deciding *deciding, size_t i)
{
    return passed(deciding, clock_at(deciding->clocks, i / CLOCK_LIVES, i % CLOCK_LIVES, CLOCK_EXPIRED));
}

static struct expiring {
    size_t lives, entries;
} expired_count(const struct deciding *deciding)
{
    struct expiring n = {0};
    bool among[LIMIT_RECIPIENTS] = {false};
    for (size_t i = 0; i < deciding->clocks->n * CLOCK_LIVES; i++) {
        n.lives += expires(deciding, i);
        among[i / CLOCK_LIVES] |= expires(deciding, i);
    }
    n.entries = countries_of(deciding, among);
    return n;
}

// From the first on, those of its country.
static enum am_err expired_decide(struct deciding *deciding, size_t first, size_t n)
{
    struct clock_message *clocks = deciding->clocks;
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer root = hub_pointer(deciding->due->root.header, deciding->due->root_digest);
    Amana__V1__Move *moves = arena_array(deciding->arena, n, sizeof *moves);
    state.moves = arena_array(deciding->arena, n, sizeof *state.moves);
    struct journal_recipient *units = arena_array(deciding->arena, n, sizeof *units);
    if (moves == NULL || state.moves == NULL || units == NULL)
        return arena_error(deciding->arena);
    for (size_t i = first; i < clocks->n * CLOCK_LIVES; i++) {
        struct clock_party *party = &clocks->parties[i / CLOCK_LIVES];
        struct journal_life *life = &party->lives[i % CLOCK_LIVES].life;
        if (!expires(deciding, i) || !same_country(deciding, i / CLOCK_LIVES, first / CLOCK_LIVES))
            continue;
        Amana__V1__Move *move = &moves[state.n_moves];
        amana__v1__move__init(move);
        move->root = &root;
        move->recipient = (char *)party->unit;
        move->from = life->state;
        move->to = LIFE(EXPIRED);
        units[state.n_moves].unit = party->unit;
        state.moves[state.n_moves++] = move;
        life->state = LIFE(EXPIRED);
        life->state_at = deciding->now;
        life_keep(deciding, party, life);
    }
    state.message = &root;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    return entry_add(deciding, &content, NULL, units, state.n_moves);
}

// --- All clocks of a message
static enum am_err clocks_fill(struct deciding *deciding, enum clock_kind *first, size_t n_lives,
                               struct expiring expired)
{
    struct clock_message *clocks = deciding->clocks;
    struct hub_due *due = deciding->due;
    deciding->append->lives = arena_array(deciding->arena, n_lives + expired.lives, sizeof *deciding->append->lives);
    if (deciding->append->lives == NULL)
        return arena_error(deciding->arena);
    TRY(deliveries_seen(deciding, first));
    TRY(deliveries_decide(deciding, first));
    for (size_t i = 0; i < clocks->n * CLOCK_LIVES; i++)
        if (life_passed(deciding, i / CLOCK_LIVES, i % CLOCK_LIVES) > 0)
            TRY(life_decide(deciding, i / CLOCK_LIVES, i % CLOCK_LIVES));
    for (size_t i = 0; i < clocks->n * CLOCK_LIVES && expired.lives > 0; i++)
        if (expires(deciding, i)) // what it says of others of the country they need not say again
            TRY(expired_decide(deciding, i, expired.lives));
    // What else has passed follows at once: its row is in the past.
    uint64_t next = clock_next(clocks);
    TRY(hub_deadline_put(deciding->pending, DEADLINE_CLOCKS, due->deadline.subject, next, due->deadline.at));
    return next == 0 && clocks->retain_until != 0 ? hub_deadline_put(deciding->pending, DEADLINE_RETAIN_UNTIL,
                                                                     due->deadline.subject, clocks->retain_until, 0)
                                                  : AM_OK;
}

static enum am_err begin(struct deciding *deciding, size_t n_entries)
{
    TRY(hub_pending_new(deciding->step, PURPOSE_DUE, &deciding->due->work, n_entries, &deciding->pending));
    deciding->append = &deciding->pending->append;
    deciding->append->essential = true;
    deciding->arena = &deciding->pending->arena;
    return AM_OK;
}

static enum am_err clocks_decide(struct deciding *deciding)
{
    struct clock_message *clocks = deciding->clocks;
    enum clock_kind first[LIMIT_RECIPIENTS];
    size_t n_lives = 0;
    for (size_t i = 0; i < clocks->n; i++) {
        first[i] = delivery_passed(deciding, i);
        for (size_t life = 0; life < CLOCK_LIVES; life++)
            n_lives += life_passed(deciding, i, life) > 0;
    }
    // An alert expires once the clocks that ran out before have been told: a life moves once with each entry.
    struct expiring expired = n_lives == 0 ? expired_count(deciding) : (struct expiring){0};
    TRY(begin(deciding, delivery_entries(deciding, first) + n_lives + expired.entries));
    return clocks_fill(deciding, first, n_lives, expired);
}

// --- A day to look at it again: keep or erase
static enum am_err review_decide(struct deciding *deciding)
{
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__DeadlineClock clock = AMANA__V1__DEADLINE_CLOCK__INIT, *list[] = {&clock};
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    clock.what = AMANA__V1__DEADLINE_OF__CODE__REVIEW;
    clock.due = deciding->due->deadline.at;
    deadline.message = &message;
    deadline.clocks = list;
    deadline.n_clocks = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    TRY(begin(deciding, 1));
    TRY(entry_add(deciding, &content, NULL, NULL, 0));
    return hub_deadline_put(deciding->pending, DEADLINE_REVIEW, deciding->due->deadline.subject, 0,
                            deciding->due->deadline.at);
}

// --- What nobody came for until it had to go: its deliveries end, by an entry for the units of each country
// From the first on, those of its country.
static enum am_err undelivered_entry(struct deciding *deciding, size_t first)
{
    struct clock_message *clocks = deciding->clocks;
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    struct journal_recipient *units = arena_array(deciding->arena, clocks->n, sizeof *units);
    state.undelivered = arena_array(deciding->arena, clocks->n, sizeof *state.undelivered);
    if (units == NULL || state.undelivered == NULL)
        return arena_error(deciding->arena);
    for (size_t i = first; i < clocks->n; i++) {
        struct clock_party *party = &clocks->parties[i];
        if (!clock_delivery_open(party) || !same_country(deciding, i, first))
            continue;
        party->delivery.state = DELIVERY(EXPIRED);
        deciding->append->deliveries[deciding->append->n_deliveries++] = party->delivery;
        units[state.n_undelivered].unit = party->unit;
        state.undelivered[state.n_undelivered++] = (char *)party->unit;
    }
    state.message = &message;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    return entry_add(deciding, &content, NULL, units, state.n_undelivered);
}

static enum am_err undelivered_decide(struct deciding *deciding)
{
    size_t n = deciding->clocks->n;
    deciding->append->deliveries = arena_array(deciding->arena, n, sizeof *deciding->append->deliveries);
    if (deciding->append->deliveries == NULL)
        return arena_error(deciding->arena);
    for (size_t i = 0; i < n; i++)
        if (clock_delivery_open(&deciding->clocks->parties[i])) // else its country's entry has it
            TRY(undelivered_entry(deciding, i));
    return AM_OK;
}

// Its body goes: the time has passed, or an ERASURE had to wait for the end of a HOLD.
static enum am_err destroyed_entry(struct deciding *deciding)
{
    const struct hub_found *about = &deciding->due->about;
    Amana__V1__ErasedEntry erased = AMANA__V1__ERASED_ENTRY__INIT;
    Amana__V1__ErasedBody body = AMANA__V1__ERASED_BODY__INIT, *bodies[] = {&body};
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(about->header, deciding->due->digest);
    size_t index = deciding->n_entries++;
    uint64_t *seq = arena_copy(deciding->arena, &about->seq, sizeof about->seq);
    if (seq == NULL)
        return arena_error(deciding->arena);
    body.seq = about->seq;
    body.message = &message;
    body.body_digest = about->header->body_digest;
    erased.bodies = bodies;
    erased.n_bodies = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
    content.erased = &erased;
    TRY(hub_entry_pack(deciding->pending, index, &content, JOURNAL_CLASS_HUB));
    deciding->append->entries[index].of = about->seq;
    deciding->append->entries[index].case_ref = about->header->case_ref;
    deciding->append->erased = seq;
    deciding->append->n_erased = 1;
    return AM_OK;
}

// One look a day at a case is enough, however many of its messages go.
static uint64_t next_day(const struct deciding *deciding)
{
    return (deciding->now / HUB_DAY_NS + 1) * HUB_DAY_NS;
}

static enum am_err retain_decide(struct deciding *deciding)
{
    const struct hub_content *content = &deciding->due->content;
    bool over = deciding->clocks->retain_until <= deciding->now;
    bool goes = !content->erased && (over || content->ordered), held = content->held_until > deciding->now;
    bool open[LIMIT_RECIPIENTS];
    for (size_t i = 0; i < deciding->clocks->n; i++)
        open[i] = over && clock_delivery_open(&deciding->clocks->parties[i]);
    TRY(begin(deciding, countries_of(deciding, open) + (goes && !held ? 1 : 0)));
    if (deciding->due->of_case.kept) // it may have been the last of its case
        TRY(hub_deadline_put(deciding->pending, DEADLINE_CASE, deciding->due->of_case.first, next_day(deciding), 0));
    if (over)
        TRY(undelivered_decide(deciding));
    if (goes && !held)
        TRY(destroyed_entry(deciding));
    return hub_deadline_put(deciding->pending, DEADLINE_RETAIN_UNTIL, deciding->due->deadline.subject,
                            goes && held ? content->held_until : 0, deciding->due->deadline.at);
}

// --- Is anything left of a case that is kept from a state?
static enum am_err case_decide(struct deciding *deciding)
{
    const struct hub_due_case *of_case = &deciding->due->of_case;
    bool ends = of_case->kept && !of_case->left;
    uint64_t again = of_case->kept && of_case->waits ? next_day(deciding) : ends && of_case->more ? deciding->now : 0;
    TRY(begin(deciding, 0));
    if (ends)
        TRY(hub_shield_end(deciding->pending, deciding->due));
    return hub_deadline_put(deciding->pending, DEADLINE_CASE, deciding->due->deadline.subject, again,
                            deciding->due->deadline.at);
}

// --- Nobody has released it in time; nobody has yet
static bool release_waits(const struct hub_due *due)
{
    return due->has_release && due->release.state == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE;
}

static enum am_err forget(struct deciding *deciding);

// A unit's record names the last two: one is written after the other, the next as soon as the one before is.
static bool lapse_queued(struct hub_step *step, struct hub_due *due)
{
    struct hub_unit *unit = hub_unit_find(step->hub, due->about.originator);
    if (due->deadline.kind != DEADLINE_RELEASE || !release_waits(due) || !due->release.deferred || unit == NULL ||
        !unit->lapse_pending)
        return false;
    due->work.next = unit->lapsing;
    unit->lapsing = &due->work;
    return true;
}

// One that was DEFERRED has gone: whoever has it sees that nobody stands for it, and it may still be signed, late.
static enum am_err lapsed_decide(struct deciding *deciding)
{
    const struct hub_due *due = deciding->due;
    if (!release_waits(due))
        return forget(deciding);
    TRY(begin(deciding, due->release.deferred ? 2 : 1));
    const struct hub_lapsed lapsed = {due->about.header, due->digest, &due->release};
    TRY(hub_lapsed_fill(deciding->step, deciding->pending, &lapsed));
    TRY(hub_deadline_put(deciding->pending, DEADLINE_RELEASE, due->deadline.subject, 0, due->deadline.at));
    if (deciding->pending->unit != NULL)
        deciding->pending->unit->lapse_pending = true;
    return AM_OK;
}

static enum am_err ring_decide(struct deciding *deciding)
{
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__DeadlineClock clock = AMANA__V1__DEADLINE_CLOCK__INIT, *list[] = {&clock};
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    const struct journal_release *release = &deciding->due->release;
    const struct hub_told told = {.urgency = release->urgency, .releasing = release->releasing};
    if (!release_waits(deciding->due))
        return forget(deciding);
    clock.what = AMANA__V1__DEADLINE_OF__CODE__RELEASE;
    clock.due = release->due;
    deadline.message = &message;
    deadline.recipient = (char *)release->releasing;
    deadline.clocks = list;
    deadline.n_clocks = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    TRY(begin(deciding, 1));
    TRY(hub_entry_pack(deciding->pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    TRY(hub_release_index(deciding->pending, 0, deciding->due->about.header, release->seq));
    TRY(hub_tell(deciding->step, deciding->pending, 0, &told));
    return hub_deadline_put(deciding->pending, DEADLINE_RING, deciding->due->deadline.subject, 0,
                            deciding->due->deadline.at);
}

// --- By kind
static enum am_err (*const DECIDE[DEADLINE_KINDS])(struct deciding *deciding) = {
    [DEADLINE_CLOCKS] = clocks_decide,  [DEADLINE_REVIEW] = review_decide, [DEADLINE_RETAIN_UNTIL] = retain_decide,
    [DEADLINE_RELEASE] = lapsed_decide, [DEADLINE_RING] = ring_decide,     [DEADLINE_CASE] = case_decide,
};

// What it was about isn't kept any more: nothing is told, and the row goes.
static enum am_err forget(struct deciding *deciding)
{
    TRY(begin(deciding, 0));
    return hub_deadline_put(deciding->pending, (enum deadline_kind)deciding->due->deadline.kind,
                            deciding->due->deadline.subject, 0, deciding->due->deadline.at);
}

enum am_err hub_step_due(struct hub_step *step)
{
    struct hub_due *due = step->event->due;
    struct deciding deciding = {
        .step = step, .due = due, .clocks = &due->clocks, .now = hub_entry_time(step->hub, step->event->now_ns)};
    uint8_t kind = due->deadline.kind;
    TRY(hub_actions_room(step->actions, 1));
    due->work.attempts++;
    if (due->err != AM_OK || step->hub->draining || !due->there) {
        hub_due_end(step, due, due->err == AM_OK && !due->there, HUB_RETRY_BUSY_NS);
        return AM_OK;
    }
    bool known = due->about.found && due->about.header != NULL && kind < DEADLINE_KINDS && DECIDE[kind] != NULL;
    if (known && lapse_queued(step, due))
        return AM_OK;
    enum am_err err = known ? DECIDE[kind](&deciding) : forget(&deciding);
    if (err == AM_OK) {
        hub_pending_send(step, deciding.pending);
        return AM_OK;
    }
    hub_pending_free(deciding.pending);
    hub_due_end(step, due, false, HUB_RETRY_BUSY_NS);
    return AM_OK;
}
