// SPDX-License-Identifier: Apache-2.0
// Deadlines: rows and what they are about, read by workers.
#include "server/net/due.h"

#include "proto/model/header.h"
#include "server/net/due_apart.h"
#include "server/net/due_asked.h"
#include "server/net/found.h"
#include "server/net/withheld_case.h"

#include <stdlib.h>
#include <string.h>

#define DUE_ARENA (512u * 1024) // a message's recipients, its lives, two headers

struct due {
    struct hub_due hub; // first
    struct dues *dues;
    struct job job;
    struct arena arena;
    struct due_place *places; // how far its case was looked through for lives that go on apart; NULL: not at all
    struct asked_place known[DUE_ASKED]; // and for what its originator knows
    enum am_err asked;                   // whether there was memory for what was asked for
    bool more;                           // it isn't through
    bool taken;
};

struct dues {
    struct net *net;
    struct due all[HUB_DUES];
    // Rows that are read ahead.
    struct job job;
    struct journal_deadline after, *rows;
    uint64_t until;
    size_t n;
    enum am_err err;
};

// --- Ahead
static void rows_run(struct job *job, struct worker *worker)
{
    struct dues *dues = (struct dues *)((char *)job - offsetof(struct dues, job));
    struct journal_deadline at = dues->after;
    enum am_err err = AM_OK;

    dues->n = 0;
    dues->rows = calloc(HUB_DEADLINES_READ, sizeof *dues->rows);
    if (dues->rows == NULL)
        err = AM_NOMEM;
    while (err == AM_OK && dues->n < HUB_DEADLINES_READ) {
        err = store_deadline_next(worker->view, &at);
        if (err != AM_OK || at.at >= dues->until)
            break;
        dues->rows[dues->n++] = at;
    }
    dues->err = err == AM_NOT_FOUND ? AM_OK : err;
}

static void rows_done(struct job *job)
{
    struct dues *dues = (struct dues *)((char *)job - offsetof(struct dues, job));
    struct hub_event event = {.kind = HUB_EVENT_DEADLINES,
                              .deadlines = {.rows = dues->rows, .n = dues->n, .err = dues->err}};
    struct journal_deadline *rows = dues->rows;

    if (dues->err != AM_OK)
        report(REPORT_ERROR, "deadlines", "reason=\"%s\"", am_err_text(dues->err));
    (void)!net_step(dues->net, &event);
    free(rows); // the step may have asked for more, into rows of their own
}

void dues_read(struct dues *dues, const struct journal_deadline *after, uint64_t until)
{
    dues->after = *after;
    dues->until = until;
    dues->job = (struct job){.run = rows_run, .done = rows_done};
    workers_push(dues->net->workers, &dues->job);
}

// --- One that has come
static enum am_err parties_read(struct due *due, struct store_view *view)
{
    struct hub_due *hub = &due->hub;
    const struct hub_found *about = &hub->about;
    const Amana__V1__Header *header = about->header;

    hub->clocks = (struct clock_message){.seq = about->seq,
                                         .urgency = about->urgency,
                                         .answer_by = header != NULL ? header_time_or_0(header->answer_by) : 0,
                                         .valid_until = header != NULL ? kind_in_force(header) : 0,
                                         .retain_until = header != NULL ? header_time_or_0(header->retain_until) : 0,
                                         .n = about->n_recipients};
    hub->clocks.parties = arena_array(&due->arena, about->n_recipients, sizeof *hub->clocks.parties);
    if (hub->clocks.parties == NULL)
        return arena_error(&due->arena);
    for (size_t i = 0; i < about->n_recipients; i++) {
        struct clock_party *party = &hub->clocks.parties[i];
        TRY(found_party(view, &due->arena, about, hub->root.kind, about->recipients[i].unit, party));
        party->own = strcmp(party->unit, about->originator) == 0;
    }
    return AM_OK;
}

static enum am_err digest_read(struct store_view *view, uint64_t seq, uint8_t ret_digest[32])
{
    struct store_message message;

    TRY(store_message(view, seq, &message));
    return certs_sha256(message.header.data, message.header.len, ret_digest) ? AM_OK : AM_CRYPTO;
}

static enum am_err release_read(struct due *due, struct store_view *view)
{
    struct journal_release *release = &due->hub.release;
    enum am_err err = store_release(view, due->hub.about.seq, release);

    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    release->releasing = arena_copy(&due->arena, release->releasing, strlen(release->releasing));
    release->officer = arena_copy(&due->arena, release->officer, strlen(release->officer));
    due->hub.has_release = release->releasing != NULL && release->officer != NULL;
    return due->hub.has_release ? AM_OK : arena_error(&due->arena);
}

static enum am_err due_read(struct due *due, struct store_view *view)
{
    struct hub_due *hub = &due->hub;

    TRY(store_deadline_has(view, &hub->deadline, &hub->there));
    if (!hub->there)
        return AM_OK;
    TRY(found_at(view, &due->arena, hub->deadline.subject, &hub->about));
    if (!hub->about.found)
        return AM_OK;
    TRY(digest_read(view, hub->about.seq, hub->digest));
    if (hub->deadline.kind == DEADLINE_RELEASE || hub->deadline.kind == DEADLINE_RING)
        return release_read(due, view);
    if (hub->about.header == NULL)
        return AM_OK;
    if (hub->deadline.kind == DEADLINE_CASE || hub->deadline.kind == DEADLINE_SHIELD)
        return withheld_case(view, &due->arena, hub->about.header->case_ref, &hub->deadline, &hub->of_case);
    if (hub->deadline.kind == DEADLINE_APART)
        return due_apart_messages(view, &due->arena, hub->about.header->case_ref, &hub->deadline, &hub->of_case);
    if (hub->deadline.kind == DEADLINE_RETAIN_UNTIL)
        TRY(withheld_case_kept(view, hub->about.header->case_ref, &hub->of_case));
    TRY(found_at(view, &due->arena, hub->about.root, &hub->root));
    if (hub->root.found)
        TRY(digest_read(view, hub->root.seq, hub->root_digest));
    TRY(found_content(view, hub->about.seq, &hub->content));
    TRY(parties_read(due, view));
    if (hub->deadline.kind != DEADLINE_CLOCKS)
        return AM_OK;
    TRY(due_apart_lives(view, hub, &due->places, &due->more));
    return due->more ? AM_OK : due_asked_lives(view, hub, due->known, &due->more);
}

static void due_run(struct job *job, struct worker *worker)
{
    struct due *due = (struct due *)((char *)job - offsetof(struct due, job));

    due->hub.there = false;
    due->hub.about = due->hub.root = (struct hub_found){0};
    due->hub.has_release = false;
    due->hub.of_case = (struct hub_due_case){.kept = false};
    due->more = false;
    due->hub.clocks.n = 0;
    due->hub.err = due->asked == AM_OK ? due_read(due, worker->view) : due->asked;
}

static void due_done(struct job *job)
{
    struct due *due = (struct due *)((char *)job - offsetof(struct due, job));
    struct hub_event event = {.kind = HUB_EVENT_DUE, .due = &due->hub};

    if (due->more && due->hub.err == AM_OK)
        due_check(&due->hub); // behind whatever else waits for a worker
    else if (net_step(due->dues->net, &event) != AM_OK)
        due_reply(&due->hub);
}

// What the units have in hand whose cases are looked through, as it is now.
static enum am_err in_hand_fill(struct due *due)
{
    const struct clock_message *clocks = &due->hub.clocks;

    for (size_t i = 0; due->places != NULL && i < clocks->n; i++)
        if (due->places[i].asked)
            TRY(peers_in_hand(due->dues->net, clocks->parties[i].unit, &due->places[i].in_hand));
    return AM_OK;
}

void due_check(struct hub_due *hub)
{
    struct due *due = (struct due *)hub;

    due->asked = in_hand_fill(due);
    for (size_t i = 0; i < DUE_ASKED; i++)
        asked_in_hand(due->dues->net, &due->known[i]);
    if (due->arena.limit == 0)
        arena_init(&due->arena, DUE_ARENA);
    arena_reset(&due->arena);
    due->job = (struct job){.run = due_run, .done = due_done};
    workers_push(due->dues->net->workers, &due->job);
}

void dues_begin(struct dues *dues, const struct journal_deadline *deadline)
{
    struct due *due = dues->all;

    while (due->taken)
        due++; // there are as many as the hub begins
    due->taken = true;
    due->hub = (struct hub_due){.work = {.kind = HUB_WORK_DUE}, .deadline = *deadline};
    due_check(&due->hub);
}

static void due_clear(struct due *due)
{
    arena_clear(&due->arena);
    due_places_free(due->places);
    due->places = NULL;
    for (size_t i = 0; i < DUE_ASKED; i++)
        asked_clear(&due->known[i]);
}

void due_reply(struct hub_due *hub)
{
    struct due *due = (struct due *)hub;

    if (hub->err != AM_OK)
        report(REPORT_ERROR, "deadline", "kind=%s entry=%llu reason=\"%s: it is looked at again later\"",
               deadline_name(hub->deadline.kind), (unsigned long long)hub->deadline.subject, am_err_text(hub->err));
    due_clear(due);
    due->taken = false;
}

enum am_err dues_new(struct net *net, struct dues **ret_dues)
{
    struct dues *dues = calloc(1, sizeof *dues);

    if (dues == NULL)
        return AM_NOMEM;
    dues->net = net;
    for (size_t i = 0; i < AM_LEN(dues->all); i++)
        dues->all[i].dues = dues;
    *ret_dues = dues;
    return AM_OK;
}

void dues_free(struct dues *dues)
{
    for (size_t i = 0; dues != NULL && i < AM_LEN(dues->all); i++)
        due_clear(&dues->all[i]);
    free(dues);
}
