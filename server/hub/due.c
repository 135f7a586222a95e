// SPDX-License-Identifier: Apache-2.0
// A deadline has come: by its kind, what is written, who is told, what moves (domain.md, Lives, rule 9).
#include "server/hub/due.h"

#include <string.h>

// --- One entry, told to whom its row says
enum am_err hub_due_entry(struct deciding *deciding, const Amana__V1__EntryContent *content, const char *recipient,
                          const struct journal_recipient *others, size_t n_others)
{
    const struct hub_found *about = &deciding->due->about;
    const char *originator = deciding->apart ? NULL : about->originator;
    size_t index = deciding->n_entries++, n = 0;
    const char **parties = arena_array(deciding->arena, 2 + n_others, sizeof *parties);
    if (parties == NULL)
        return arena_error(deciding->arena);
    TRY(hub_entry_pack(deciding->pending, index, content, JOURNAL_CLASS_MESSAGE));
    struct journal_entry *entry = &deciding->append->entries[index];
    if (originator != NULL)
        parties[n++] = originator;
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
                                  .originator = originator,
                                  .recipient = recipient,
                                  .recipients = others,
                                  .n_recipients = n_others,
                                  .dpos_of = deciding->confirm ? originator : NULL};
    return hub_tell(deciding->step, deciding->pending, index, &told);
}

enum am_err hub_due_begin(struct deciding *deciding, size_t n_entries)
{
    TRY(hub_pending_new(deciding->step, PURPOSE_DUE, &deciding->due->work, n_entries, &deciding->pending));
    deciding->append = &deciding->pending->append;
    deciding->append->essential = true;
    deciding->arena = &deciding->pending->arena;
    return AM_OK;
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
    bool gone = deciding->due->content.erased; // there is nothing to decide
    TRY(hub_due_begin(deciding, gone ? 0 : 1));
    if (!gone)
        TRY(hub_due_entry(deciding, &content, NULL, NULL, 0));
    return hub_deadline_put(deciding->pending, DEADLINE_REVIEW, deciding->due->deadline.subject, 0,
                            deciding->due->deadline.at);
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
    return (deciding->now / NS_PER_DAY + 1) * NS_PER_DAY;
}

static enum am_err retain_decide(struct deciding *deciding)
{
    const struct hub_content *content = &deciding->due->content;
    bool over = deciding->clocks->retain_until <= deciding->now;
    bool goes = !content->erased && (over || content->ordered), held = content->held_until > deciding->now;
    size_t ends = over ? hub_due_undelivered_entries(deciding) : 0;
    TRY(hub_due_begin(deciding, ends + (goes && !held ? 1 : 0)));
    if (deciding->due->of_case.kept) // it may have been the last of its case
        TRY(hub_deadline_put(deciding->pending, DEADLINE_CASE, deciding->due->of_case.first, next_day(deciding), 0));
    if (over)
        TRY(hub_due_undelivered(deciding));
    if (goes && !held)
        TRY(destroyed_entry(deciding));
    return hub_deadline_put(deciding->pending, DEADLINE_RETAIN_UNTIL, deciding->due->deadline.subject,
                            goes && held ? content->held_until : 0, deciding->due->deadline.at);
}

// --- Is anything left of a case that is kept from a state?
// First it is looked for in parts, with the place in the row, then in parts again for what was withheld.
static enum am_err case_again(struct deciding *deciding, uint64_t at)
{
    struct journal_deadline row = deciding->due->deadline;
    row.was = row.at;
    row.at = at;
    row.place = deciding->due->of_case.place;
    return hub_deadline_put_row(deciding->pending, &row);
}

static enum am_err case_decide(struct deciding *deciding)
{
    const struct hub_due_case *of_case = &deciding->due->of_case;
    bool goes_on = of_case->kept && !of_case->left;
    TRY(hub_due_begin(deciding, 0));
    if (goes_on && !of_case->more)
        TRY(hub_deadline_put(deciding->pending, DEADLINE_SHIELD, deciding->due->deadline.subject, deciding->now, 0));
    uint64_t waits = of_case->kept && of_case->waits ? next_day(deciding) : 0;
    return case_again(deciding, goes_on && of_case->more ? deciding->now : waits);
}

static enum am_err shield_decide(struct deciding *deciding)
{
    const struct hub_due_case *of_case = &deciding->due->of_case;
    bool ends = of_case->kept && !of_case->left; // else something has come meanwhile
    TRY(hub_due_begin(deciding, 0));
    if (ends)
        TRY(hub_shield_end(deciding->pending, deciding->due));
    if (of_case->kept && of_case->waits)
        TRY(hub_deadline_put(deciding->pending, DEADLINE_CASE, deciding->due->deadline.subject, next_day(deciding), 0));
    return case_again(deciding, ends && of_case->more ? deciding->now : 0);
}

// --- It is kept from a state: what has gone on there runs on as it was
// A clock that has passed meanwhile is told now, one that is to come in its time: each message's row finds out.
static enum am_err apart_decide(struct deciding *deciding)
{
    const struct hub_due_case *of_case = &deciding->due->of_case;
    TRY(hub_due_begin(deciding, 0));
    for (size_t i = 0; of_case->kept && i < of_case->n_apart; i++)
        TRY(hub_deadline_put(deciding->pending, DEADLINE_CLOCKS, of_case->apart[i], deciding->now, 0));
    return case_again(deciding, of_case->kept && of_case->more ? deciding->now : 0);
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
    struct hub_unit *unit = hub_unit_find(step->hub, due->about.header->sender->unit); // as hub_lapsed_fill has it
    if (due->deadline.kind != DEADLINE_RELEASE || !release_waits(due) ||
        !hub_lapse_counts(due->about.header, &due->release) || unit == NULL || !unit->lapse_pending)
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
    TRY(hub_due_begin(deciding, due->release.deferred ? 2 : 1));
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
    TRY(hub_due_begin(deciding, 1));
    TRY(hub_entry_pack(deciding->pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    TRY(hub_release_index(deciding->pending, 0, deciding->due->about.header, release->seq));
    TRY(hub_tell(deciding->step, deciding->pending, 0, &told));
    return hub_deadline_put(deciding->pending, DEADLINE_RING, deciding->due->deadline.subject, 0,
                            deciding->due->deadline.at);
}

// --- By kind
static enum am_err (*const DECIDE[DEADLINE_KINDS])(struct deciding *deciding) = {
    [DEADLINE_CLOCKS] = hub_due_clocks, [DEADLINE_REVIEW] = review_decide, [DEADLINE_RETAIN_UNTIL] = retain_decide,
    [DEADLINE_RELEASE] = lapsed_decide, [DEADLINE_RING] = ring_decide,     [DEADLINE_CASE] = case_decide,
    [DEADLINE_SHIELD] = shield_decide,  [DEADLINE_APART] = apart_decide,
};

// What it was about isn't kept any more: nothing is told, and the row goes.
static enum am_err forget(struct deciding *deciding)
{
    TRY(hub_due_begin(deciding, 0));
    return hub_deadline_put(deciding->pending, (enum deadline_kind)deciding->due->deadline.kind,
                            deciding->due->deadline.subject, 0, deciding->due->deadline.at);
}

// What fails for the disk or the memory as a whole fails for the next one too; else it is this one's own.
void hub_due_failed(struct hub_step *step, struct hub_due *due, enum am_err err)
{
    due->err = err;
    if (err == AM_NOMEM || err == AM_IO || err == AM_FULL || err == AM_BUSY)
        hub_due_pause(step, due, HUB_RETRY_BUSY_NS);
    else
        hub_due_put_off(step, due, NS_PER_HOUR);
}

static void decide(struct deciding *deciding)
{
    struct hub_due *due = deciding->due;
    uint8_t kind = due->deadline.kind;
    bool known = due->about.found && due->about.header != NULL && kind < DEADLINE_KINDS && DECIDE[kind] != NULL;
    if (known && lapse_queued(deciding->step, due))
        return;
    enum am_err err = known ? DECIDE[kind](deciding) : forget(deciding);
    if (err == AM_OK) {
        hub_pending_send(deciding->step, deciding->pending);
        return;
    }
    hub_pending_free(deciding->pending);
    hub_due_failed(deciding->step, due, err);
}

enum am_err hub_step_due(struct hub_step *step)
{
    struct hub_due *due = step->event->due;
    struct deciding deciding = {
        .step = step, .due = due, .clocks = &due->clocks, .now = hub_entry_time(step->hub, step->event->now_ns)};
    TRY(hub_actions_room(step->actions, 1));
    due->work.attempts++;
    bool early = due->deadline.at > deciding.now; // the clock was set back while it was read
    if (step->hub->draining || early)
        hub_due_pause(step, due, early ? 0 : HUB_RETRY_BUSY_NS);
    else if (due->err != AM_OK)
        hub_due_failed(step, due, due->err);
    else if (!due->there)
        hub_due_done(step, due);
    else
        decide(&deciding);
    return AM_OK;
}
