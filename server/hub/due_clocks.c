// SPDX-License-Identifier: Apache-2.0
// Clocks of lives and deliveries that have run out: what is written, who is told, what moves (domain.md, Lives, rule
// 9).
#include "server/hub/due.h"

#include "proto/model/life.h"

#include <string.h>

#define PART (256u * 1024) // of an append's memory, after which no further entry is begun; there is room for any one

#define FIRST_LIFE CLOCK_FIRST_OF_LIFE

static bool passed(const struct deciding *deciding, uint64_t at)
{
    return at != 0 && at <= deciding->now;
}

// However many have passed: who is told of them may be some hundred devices for each.
static bool is_full(struct deciding *deciding)
{
    deciding->part |= deciding->n_entries > 0 && deciding->arena->used > PART;
    return deciding->part;
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
    return hub_due_entry(deciding, &content, NULL, NULL, 0);
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
            if (first[i] == clock && !is_full(deciding))
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

// What a unit knows of a life that is kept otherwise is no row: what it is told of stands in the log alone.
static void life_keep(struct deciding *deciding, const struct clock_party *party, const struct clock_life *at)
{
    if (at->apart || at->asked)
        return;
    struct journal_life *row = &deciding->append->lives[deciding->append->n_lives++];
    *row = at->life;
    row->recipient = party->unit;
}

static enum am_err life_decide(struct deciding *deciding, size_t index, size_t which)
{
    struct clock_party *party = &deciding->clocks->parties[index];
    struct clock_life *at = &party->lives[which];
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    Amana__V1__DeadlineClock clocks[CLOCK_COUNT], *list[CLOCK_COUNT];
    uint8_t flags = 0;
    for (unsigned clock = FIRST_LIFE; clock < CLOCK_EXPIRED; clock++) {
        uint64_t due = clock_at(deciding->clocks, index, which, (enum clock_kind)clock);
        if (!passed(deciding, due))
            continue;
        Amana__V1__DeadlineClock *row = &clocks[deadline.n_clocks];
        amana__v1__deadline_clock__init(row);
        row->what = LIFE_CLOCKS[clock].what;
        row->from = LIFE_CLOCKS[clock].from;
        row->again = LIFE_CLOCKS[clock].again;
        row->due = due;
        list[deadline.n_clocks++] = row;
        flags |= LIFE_PASSED(clock);
    }
    at->life.flags |= flags;
    deciding->apart = at->apart || at->untold;
    life_keep(deciding, party, at);
    deadline.message = &message;
    deadline.recipient = (char *)party->unit;
    deadline.clocks = list;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    uint32_t open = life_open(at->root_kind, at->life.state);
    deciding->confirm = (flags & LIFE_OF_ANSWER) != 0 && (open & KIND_BIT(KIND(CONFIRM))) != 0;
    return hub_due_entry(deciding, &content, at->asked ? NULL : party->unit, NULL, 0);
}

// --- What has set a clock going never came to its unit, from which it is withheld: the life is as the unit knows it.
// Or it has come after all. The originator alone is told: to the unit it was never otherwise
static size_t changes_count(const struct deciding *deciding)
{
    size_t n = 0;
    for (size_t i = 0; i < deciding->clocks->n; i++)
        n += deciding->clocks->parties[i].lives[0].changes;
    return n;
}

// The time that it has stood still is given back.
static enum am_err life_goes_on(struct deciding *deciding, struct journal_life *life)
{
    const struct journal_delivery none = {0};
    uint64_t until = deciding->clocks->retain_until;
    life->answer_due += life->answer_due != 0 ? deciding->now - life->state_at : 0;
    life->state_at = deciding->now;
    struct life_due due = life_due(deciding->due->root.kind, life, &none, true);
    return due.answer != 0 && due.answer < until
               ? hub_deadline_put(deciding->pending, DEADLINE_CLOCKS, life->clock_seq, due.answer, 0)
               : AM_OK;
}

static enum am_err change_decide(struct deciding *deciding, struct clock_party *party)
{
    struct clock_life *at = &party->lives[0];
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer message = hub_pointer(deciding->due->about.header, deciding->due->digest);
    Amana__V1__Pointer root = hub_pointer(deciding->due->root.header, deciding->due->root_digest);
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    move.root = &root;
    move.recipient = (char *)party->unit;
    move.from = at->from;
    move.to = at->life.state;
    if (!life_clock_stands(at->life.state))
        TRY(life_goes_on(deciding, &at->life));
    life_keep(deciding, party, at);
    deciding->apart = deciding->due->untold;
    deciding->confirm = false;
    state.message = &message;
    state.moves = moves;
    state.n_moves = AM_LEN(moves);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    return hub_due_entry(deciding, &content, NULL, NULL, 0);
}

static enum am_err changes_decide(struct deciding *deciding)
{
    for (size_t i = 0; i < deciding->clocks->n; i++)
        if (deciding->clocks->parties[i].lives[0].changes && !is_full(deciding))
            TRY(change_decide(deciding, &deciding->clocks->parties[i]));
    return AM_OK;
}

// --- The end of an alert that nobody has ended: an entry for the units of each country
static bool expires(const struct deciding *deciding, size_t i, bool apart)
{
    const struct clock_life *at = &deciding->clocks->parties[i / CLOCK_LIVES].lives[i % CLOCK_LIVES];
    return at->apart == apart && !at->asked &&
           passed(deciding, clock_at(deciding->clocks, i / CLOCK_LIVES, i % CLOCK_LIVES, CLOCK_EXPIRED));
}

static struct expiring {
    size_t lives, entries;
} expired_count(const struct deciding *deciding, bool apart)
{
    struct expiring n = {0};
    bool among[LIMIT_RECIPIENTS] = {false};
    for (size_t i = 0; i < deciding->clocks->n * CLOCK_LIVES; i++) {
        n.lives += expires(deciding, i, apart);
        among[i / CLOCK_LIVES] |= expires(deciding, i, apart);
    }
    n.entries = countries_of(deciding, among);
    return n;
}

// From where its originator knows it to be, to whom the entry is told.
static uint8_t expires_from(const struct clock_party *party, size_t which)
{
    const struct clock_life *at = &party->lives[which], *known = &party->lives[CLOCK_KEPT + which];
    return at->untold && known->asked ? known->life.state : at->life.state;
}

// From the first on, those of its country.
static enum am_err expired_decide(struct deciding *deciding, size_t first)
{
    struct clock_message *clocks = deciding->clocks;
    size_t n = clocks->n * CLOCK_LIVES;
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer version = hub_pointer(deciding->due->about.header, deciding->due->digest);
    Amana__V1__Pointer root = hub_pointer(deciding->due->root.header, deciding->due->root_digest);
    Amana__V1__Move *moves = arena_array(deciding->arena, n, sizeof *moves);
    state.moves = arena_array(deciding->arena, n, sizeof *state.moves);
    struct journal_recipient *units = arena_array(deciding->arena, n, sizeof *units);
    if (moves == NULL || state.moves == NULL || units == NULL)
        return arena_error(deciding->arena);
    for (size_t i = first; i < n; i++) {
        struct clock_party *party = &clocks->parties[i / CLOCK_LIVES];
        struct clock_life *at = &party->lives[i % CLOCK_LIVES];
        if (!expires(deciding, i, deciding->apart) || !same_country(deciding, i / CLOCK_LIVES, first / CLOCK_LIVES))
            continue;
        Amana__V1__Move *move = &moves[state.n_moves];
        amana__v1__move__init(move);
        move->root = &root;
        move->recipient = (char *)party->unit;
        move->from = expires_from(party, i % CLOCK_LIVES);
        move->to = LIFE(EXPIRED);
        units[state.n_moves].unit = party->unit;
        state.moves[state.n_moves++] = move;
        at->life.state = LIFE(EXPIRED);
        at->life.state_at = deciding->now;
        life_keep(deciding, party, at);
    }
    state.message = &version; // who hasn't that one is not to hear of it (rule 4)
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    return hub_due_entry(deciding, &content, NULL, units, state.n_moves);
}

// What an entry says of others of its country they need not say again.
static enum am_err all_expired_decide(struct deciding *deciding, bool apart)
{
    deciding->apart = apart;
    for (size_t i = 0; i < deciding->clocks->n * CLOCK_LIVES; i++)
        if (expires(deciding, i, apart) && !is_full(deciding))
            TRY(expired_decide(deciding, i));
    return AM_OK;
}

// --- All clocks of a message
// Decided on what was found of the case: whatever has come since may have moved what a unit knows.
static void case_seen(struct deciding *deciding)
{
    const struct clock_message *clocks = deciding->clocks;
    for (size_t i = 0; i < clocks->n * CLOCK_LIVES; i++) {
        const struct clock_life *at = &clocks->parties[i / CLOCK_LIVES].lives[i % CLOCK_LIVES];
        if (!at->apart && !at->changes && !at->asked)
            continue;
        deciding->append->case_seen.case_ref = deciding->due->about.header->case_ref;
        deciding->append->case_seen.last = deciding->due->case_seen;
    }
}

static enum am_err next_put(struct deciding *deciding, uint64_t next)
{
    const struct journal_deadline *row = &deciding->due->deadline;
    uint64_t until = deciding->clocks->retain_until;
    TRY(hub_deadline_put(deciding->pending, DEADLINE_CLOCKS, row->subject, next, row->at));
    return next == 0 && until != 0 ? hub_deadline_put(deciding->pending, DEADLINE_RETAIN_UNTIL, row->subject, until, 0)
                                   : AM_OK;
}

// One that stands still and goes on meanwhile has a row then: by a machine whose clock was set back, perhaps this one.
static enum am_err lives_seen(struct deciding *deciding)
{
    const struct clock_message *clocks = deciding->clocks;
    struct journal_append *append = deciding->append;
    struct journal_life *seen = arena_array(deciding->arena, clocks->n * CLOCK_LIVES, sizeof *seen);
    if (seen == NULL)
        return arena_error(deciding->arena);
    for (size_t i = 0; i < clocks->n * CLOCK_LIVES; i++) {
        const struct clock_life *at = &clocks->parties[i / CLOCK_LIVES].lives[i % CLOCK_LIVES];
        if (!at->there || at->apart || at->changes || !life_clock_stands(at->life.state))
            continue;
        seen[append->n_seen_lives] = at->life;
        seen[append->n_seen_lives++].recipient = clocks->parties[i / CLOCK_LIVES].unit;
    }
    append->seen_lives = seen;
    return AM_OK;
}

static enum am_err clocks_fill(struct deciding *deciding, enum clock_kind *first, size_t n_lives, size_t n_expired)
{
    struct clock_message *clocks = deciding->clocks;
    size_t room = n_lives + n_expired + changes_count(deciding);
    deciding->append->lives = arena_array(deciding->arena, room, sizeof *deciding->append->lives);
    if (deciding->append->lives == NULL)
        return arena_error(deciding->arena);
    TRY(deliveries_seen(deciding, first));
    TRY(lives_seen(deciding));
    TRY(deliveries_decide(deciding, first));
    for (size_t i = 0; i < clocks->n * CLOCK_LIVES; i++)
        if (life_passed(deciding, i / CLOCK_LIVES, i % CLOCK_LIVES) > 0 && !is_full(deciding))
            TRY(life_decide(deciding, i / CLOCK_LIVES, i % CLOCK_LIVES));
    TRY(changes_decide(deciding));
    if (n_expired > 0) {
        TRY(all_expired_decide(deciding, false));
        TRY(all_expired_decide(deciding, true));
    }
    case_seen(deciding);
    deciding->append->n_entries = deciding->n_entries;
    // What else has passed follows at once: its row is in the past.
    uint64_t next = clock_next(clocks);
    return next_put(deciding, deciding->part && (next == 0 || next > deciding->now) ? deciding->now : next);
}

// A life is put right by a row of what set its clock going unseen. This one comes again behind that.
static enum am_err stands_first(struct deciding *deciding)
{
    uint64_t again = deciding->now + NS_PER_S, until = deciding->clocks->retain_until;
    TRY(hub_due_begin(deciding, 0));
    TRY(hub_deadline_put(deciding->pending, DEADLINE_CLOCKS, deciding->due->going, deciding->now, 0));
    return next_put(deciding, until != 0 && again >= until ? 0 : again);
}

enum am_err hub_due_clocks(struct deciding *deciding)
{
    struct clock_message *clocks = deciding->clocks;
    enum clock_kind first[LIMIT_RECIPIENTS];
    size_t n_lives = 0;
    if (deciding->due->stands)
        return stands_first(deciding);
    for (size_t i = 0; i < clocks->n; i++) {
        first[i] = delivery_passed(deciding, i);
        for (size_t life = 0; life < CLOCK_LIVES; life++)
            n_lives += life_passed(deciding, i, life) > 0;
    }
    // An alert expires once the clocks that ran out before have been told: a life moves once with each entry.
    struct expiring none = {0}, kept = n_lives == 0 ? expired_count(deciding, false) : none;
    struct expiring apart = n_lives == 0 ? expired_count(deciding, true) : none;
    size_t n_entries = delivery_entries(deciding, first) + n_lives + changes_count(deciding);
    TRY(hub_due_begin(deciding, n_entries + kept.entries + apart.entries));
    return clocks_fill(deciding, first, n_lives, kept.lives + apart.lives);
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
        party->delivery.state = delivery_next(party->delivery.state, PASSAGE_EXPIRE);
        deciding->append->deliveries[deciding->append->n_deliveries++] = party->delivery;
        units[state.n_undelivered].unit = party->unit;
        state.undelivered[state.n_undelivered++] = (char *)party->unit;
    }
    state.message = &message;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    return hub_due_entry(deciding, &content, NULL, units, state.n_undelivered);
}

enum am_err hub_due_undelivered(struct deciding *deciding)
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

size_t hub_due_undelivered_entries(const struct deciding *deciding)
{
    bool open[LIMIT_RECIPIENTS];
    for (size_t i = 0; i < deciding->clocks->n; i++)
        open[i] = clock_delivery_open(&deciding->clocks->parties[i]);
    return countries_of(deciding, open);
}
