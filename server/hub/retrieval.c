// SPDX-License-Identifier: Apache-2.0
// A device has signed for messages, or takes notices: its rows go, the first device of its unit is told of.
#include "server/hub/internal.h"

#include <string.h>

struct retrieve {
    struct hub_step *step;
    struct hub_retrieval *retrieval;
    struct hub_pending *pending;
    struct journal_append *append;
    struct arena *arena;
    size_t n_pending; // messages that the device still had
    const char *originator;
    bool first;      // for one of them it is the first device of its unit
    uint8_t urgency; // of the most urgent of those
};

static bool is_first(const struct hub_retrieved_message *message)
{
    return message->pending && delivery_next(message->delivery.state, PASSAGE_RETRIEVE) != DELIVERY_STATE(UNSPECIFIED);
}

static void survey(struct retrieve *retrieve)
{
    const struct hub_retrieval *retrieval = retrieve->retrieval;
    for (size_t i = 0; i < retrieval->n_messages; i++) {
        const struct hub_retrieved_message *message = &retrieval->messages[i];
        retrieve->n_pending += message->pending;
        if (!is_first(message))
            continue;
        if (!retrieve->first || message->urgency < retrieve->urgency)
            retrieve->urgency = message->urgency;
        retrieve->first = true;
    }
}

// A statement is about messages of one originating unit: a notice of it would tell one about the other.
static bool one_originator(struct retrieve *retrieve)
{
    const struct hub_retrieval *retrieval = retrieve->retrieval;
    for (size_t i = 0; i < retrieval->n_messages; i++) {
        if (retrieve->originator != NULL && strcmp(retrieve->originator, retrieval->messages[i].originator) != 0)
            return false;
        retrieve->originator = retrieval->messages[i].originator;
    }
    return true;
}

// --- The entry and its index rows
static bool has_case(const struct journal_entry *row, const char *const *cases, size_t n, const char *case_ref)
{
    bool there = row->case_ref != NULL && strcmp(row->case_ref, case_ref) == 0;
    for (size_t i = 0; i < n && !there; i++)
        there = strcmp(cases[i], case_ref) == 0;
    return there;
}

static enum am_err index_fill(struct retrieve *retrieve, struct journal_entry *row)
{
    const struct hub_retrieval *retrieval = retrieve->retrieval;
    uint64_t *seqs = arena_array(retrieve->arena, retrieve->n_pending, sizeof *seqs);
    const char **cases = arena_array(retrieve->arena, retrieve->n_pending, sizeof *cases);
    const char **parties = arena_array(retrieve->arena, 2, sizeof *parties);
    uint64_t retain_until = 0;
    if (seqs == NULL || cases == NULL || parties == NULL)
        return arena_error(retrieve->arena);
    for (size_t i = 0; i < retrieval->n_messages; i++) {
        const struct hub_retrieved_message *message = &retrieval->messages[i];
        if (!message->pending)
            continue;
        if (row->of == JOURNAL_NONE)
            row->of = message->seq;
        else
            seqs[row->n_also_of++] = message->seq;
        if (row->case_ref == NULL)
            row->case_ref = message->case_ref;
        else if (!has_case(row, cases, row->n_also_cases, message->case_ref))
            cases[row->n_also_cases++] = message->case_ref;
        if (message->retain_until_ns > retain_until)
            retain_until = message->retain_until_ns;
    }
    parties[0] = retrieval->work.unit;
    parties[1] = retrieve->originator;
    row->also_of = seqs;
    row->also_cases = cases;
    row->parties = parties;
    row->n_parties = strcmp(parties[0], parties[1]) == 0 ? 1 : 2;
    row->erase_after = hub_erase_after(retain_until, retrieve->append->time_ns);
    return AM_OK;
}

static enum am_err entry_fill(struct retrieve *retrieve)
{
    Amana__V1__RetrievedEntry retrieved = AMANA__V1__RETRIEVED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    retrieved.device = (char *)retrieve->retrieval->work.identity;
    retrieved.statement = codec_binary(retrieve->retrieval->statement);
    retrieved.signature = codec_binary(retrieve->retrieval->signature);
    retrieved.first = retrieve->first;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &retrieved;
    TRY(hub_entry_pack(retrieve->pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    return index_fill(retrieve, &retrieve->append->entries[0]);
}

// --- Rows that go, and the delivery that moves
static void retrieved_set(const struct retrieve *retrieve, const struct hub_retrieved_message *message,
                          struct journal_delivery *delivery)
{
    uint64_t now = retrieve->append->time_ns;
    delivery->state = delivery_next(delivery->state, PASSAGE_RETRIEVE);
    delivery->retrieved_at = now;
    for (size_t i = 0; i < CLOCK_KEPT && message->answer_by == 0; i++)
        if (message->lives[i].there)
            delivery->stood_ns += life_stood(message->lives[i].root_kind, &message->lives[i].life, message->urgency, 0,
                                             delivery->delivered_at, now);
}

static enum am_err taken_fill(struct retrieve *retrieve)
{
    const struct hub_retrieval *retrieval = retrieve->retrieval;
    struct journal_append *append = retrieve->append;
    append->taken = arena_array(retrieve->arena, retrieve->n_pending + retrieval->n_notices, sizeof *append->taken);
    append->deliveries = arena_array(retrieve->arena, retrieve->n_pending, sizeof *append->deliveries);
    if (append->taken == NULL || append->deliveries == NULL)
        return arena_error(retrieve->arena);
    for (size_t i = 0; i < retrieval->n_messages; i++) {
        const struct hub_retrieved_message *message = &retrieval->messages[i];
        if (!message->pending)
            continue;
        append->taken[append->n_taken++] =
            (struct journal_mail){retrieval->work.identity, message->urgency, message->seq, JOURNAL_MAIL_MESSAGE};
        if (!is_first(message))
            continue;
        struct journal_delivery *row = &append->deliveries[append->n_deliveries++];
        *row = message->delivery;
        row->seq = message->seq;
        row->recipient = retrieval->work.unit;
        retrieved_set(retrieve, message, row);
    }
    for (size_t i = 0; i < retrieval->n_notices; i++)
        append->taken[append->n_taken++] = retrieval->notices[i];
    return AM_OK;
}

// The clocks from retrieval begin: where those from acceptance are through, their row has gone on to later things.
static enum am_err clocks_fill(struct retrieve *retrieve)
{
    const struct hub_retrieval *retrieval = retrieve->retrieval;
    struct journal_append *append = retrieve->append;
    struct journal_life *seen = arena_array(retrieve->arena, CLOCK_KEPT * retrieve->n_pending, sizeof *seen);
    if (seen == NULL)
        return arena_error(retrieve->arena);
    append->seen_lives = seen;
    for (size_t i = 0; i < retrieval->n_messages; i++) {
        const struct hub_retrieved_message *message = &retrieval->messages[i];
        struct clock_party party = {.has_delivery = true, .delivery = message->delivery};
        struct clock_message clocks = {.urgency = message->urgency,
                                       .answer_by = message->answer_by,
                                       .retain_until = message->retain_until_ns,
                                       .n = 1,
                                       .parties = &party};
        if (!is_first(message))
            continue;
        memcpy(party.lives, message->lives, sizeof message->lives);
        for (size_t life = 0; life < CLOCK_KEPT; life++)
            if (message->lives[life].there)
                seen[append->n_seen_lives++] = message->lives[life].life;
        uint64_t before = clock_next(&clocks);
        retrieved_set(retrieve, message, &party.delivery);
        uint64_t after = clock_next(&clocks);
        if (after != 0 && (before == 0 || after < before || before <= retrieve->append->time_ns))
            TRY(hub_deadline_put(retrieve->pending, DEADLINE_CLOCKS, message->seq, after, 0));
        // The unit knows it from now on, and perhaps not what came after (rule 4): its row finds out. Where no case is
        // kept from anybody nothing is withheld; the first that is is looked through by itself, and behind this append.
        if ((message->gone_on && retrieve->step->hub->shields) || message->stands)
            TRY(hub_deadline_put(retrieve->pending, DEADLINE_CLOCKS, message->seq, retrieve->append->time_ns, 0));
    }
    return AM_OK;
}

// --- The notice to each device of the originator
static enum am_err notice_fill(struct retrieve *retrieve)
{
    const struct hub_told told = {.urgency = retrieve->urgency, .originator = retrieve->originator};
    return retrieve->first ? hub_tell(retrieve->step, retrieve->pending, 0, &told) : AM_OK;
}

static enum am_err retrieve_fill(struct retrieve *retrieve)
{
    retrieve->append->essential = true;
    if (retrieve->retrieval->statement.len > 0) { // recipients judge it by the roster that is in force where it stands
        retrieve->append->roster.unit = retrieve->retrieval->work.unit;
        retrieve->append->roster.number = retrieve->retrieval->roster;
    }
    TRY(taken_fill(retrieve));
    if (retrieve->n_pending == 0)
        return AM_OK;
    TRY(entry_fill(retrieve));
    TRY(clocks_fill(retrieve));
    return notice_fill(retrieve);
}

static enum am_err retrieve_append(struct retrieve *retrieve)
{
    struct hub_work *work = &retrieve->retrieval->work;
    TRY(hub_pending_new(retrieve->step, PURPOSE_RETRIEVAL, work, retrieve->n_pending > 0 ? 1 : 0, &retrieve->pending));
    retrieve->append = &retrieve->pending->append;
    retrieve->arena = &retrieve->pending->arena;
    enum am_err err = retrieve_fill(retrieve);
    if (err != AM_OK) {
        hub_pending_free(retrieve->pending);
        return AM_NOMEM;
    }
    hub_pending_send(retrieve->step, retrieve->pending);
    return AM_OK;
}

enum am_err hub_step_retrieved(struct hub_step *step)
{
    struct hub_retrieval *retrieval = step->event->retrieval;
    struct hub_work *work = &retrieval->work;
    struct retrieve retrieve = {.step = step, .retrieval = retrieval};
    TRY(hub_actions_room(step->actions, 1));
    if (work->attempts++ == 0) {
        if (hub_turned_away(step, work))
            return AM_OK;
        TRY(hub_work_begin(step, work));
    }
    if (retrieval->checked != REASON_NONE) {
        work->detail = retrieval->checked_detail;
        return hub_refuse(step, work, retrieval->checked, NULL, NULL);
    }
    if (!one_originator(&retrieve)) {
        (void)am_fail(AM_INVALID, &work->detail, "statement.messages", "must be of one originating unit");
        return hub_refuse(step, work, REASON_FIELD_INVALID, NULL, NULL);
    }
    survey(&retrieve);
    if (retrieve.n_pending == 0 && retrieval->n_notices == 0) {
        hub_reply(step, work, REASON_NONE, NULL);
        return AM_OK;
    }
    return retrieve_append(&retrieve);
}
