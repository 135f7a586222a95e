// SPDX-License-Identifier: Apache-2.0
// The run of mailbox rows that a worker reads for a Receive stream.
#include "proto/failpoint.h"
#include "server/net/answer.h"
#include "server/net/receive.h"
#include "server/net/withheld.h"

#include <bsd/string.h>
#include <string.h>

#define BEFORE_FIRST (UINT64_MAX - 2) // no seq is as high: "after" this in the urgency before is the first row
#define ROW_SCRATCH  (256u * 1024)    // one entry and one header, decoded

static enum receive_lane lane_of(uint8_t kind)
{
    return kind == JOURNAL_MAIL_MESSAGE ? LANE_MESSAGES : LANE_NOTICES;
}

static bool urgency_wanted(const struct receive *receive, uint8_t urgency)
{
    const Amana__V1__ReceiveRequest *request = receive->request;

    for (size_t i = 0; i < request->n_urgencies; i++)
        if ((int)request->urgencies[i] == urgency)
            return true;
    return request->n_urgencies == 0;
}

// A filter on kinds is about messages; notices are told whatever it says.
static enum am_err row_wanted(struct receive *receive, struct store_view *view, uint64_t seq, uint8_t kind,
                              bool *ret_wanted)
{
    const Amana__V1__ReceiveRequest *request = receive->request;
    struct store_pointer pointer;

    *ret_wanted = true;
    if (request->n_kinds == 0 || kind == JOURNAL_MAIL_NOTICE)
        return AM_OK;
    TRY(store_pointer_of(view, seq, &pointer));
    *ret_wanted = false;
    for (size_t i = 0; i < request->n_kinds; i++)
        *ret_wanted |= (int)request->kinds[i] == pointer.kind;
    return AM_OK;
}

static enum am_err row_pack(struct receive *receive, struct store_view *view, uint64_t seq, uint8_t kind,
                            struct am_bytes *ret_bytes)
{
    Amana__V1__Delivery delivery = AMANA__V1__DELIVERY__INIT;
    Amana__V1__Incoming incoming = AMANA__V1__INCOMING__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry *entry;
    struct store_message kept;

    TRY(proved_read(view, &receive->run, seq, &entry));
    if (kind == JOURNAL_MAIL_NOTICE) {
        delivery.what_case = AMANA__V1__DELIVERY__WHAT_NOTICE;
        delivery.notice = entry;
        return codec_encode(&delivery.base, &receive->run, ret_bytes);
    }
    TRY(store_message(view, seq, &kept));
    message.header = codec_binary(kept.header);
    message.sealed_body = codec_binary(kept.body);
    message.signature = codec_binary(kept.signature);
    if (kept.erased) {
        uint64_t erased_by;
        TRY(store_erased_by(view, seq, &erased_by));
        TRY(proved_read(view, &receive->run, erased_by, &incoming.erased));
    }
    incoming.message = &message;
    incoming.entry = entry;
    incoming.seq = seq;
    incoming.copy = kind == JOURNAL_MAIL_COPY;
    delivery.what_case = AMANA__V1__DELIVERY__WHAT_INCOMING;
    delivery.incoming = &incoming;
    return codec_encode(&delivery.base, &receive->run, ret_bytes);
}

static bool run_full(const struct receive *receive)
{
    size_t bytes = 0;

    for (size_t i = 0; i < receive->n_rows; i++)
        bytes += receive->rows[i].delivery.len;
    return receive->n_rows == RECEIVE_ROWS || bytes >= RECEIVE_RUN_BYTES;
}

static struct peer_out *body_find(struct receive *receive, uint64_t seq)
{
    for (size_t i = 0; i < receive->n_bodies; i++)
        if (receive->bodies[i].seq == seq)
            return &receive->bodies[i];
    return NULL;
}

// Is there room for the row? A message that the device has already, from a stream before, may always come again.
static bool row_fits(struct receive *receive, enum receive_lane lane, const struct peer_out *body)
{
    if (receive->room[lane] == 0) {
        receive->held_back = true;
        return false;
    }
    if (lane == LANE_MESSAGES && body == NULL && receive->n_bodies == AM_LEN(receive->bodies)) {
        receive->held_back = receive->device_full = true;
        return false;
    }
    if (run_full(receive)) {
        receive->run_full = true;
        return false;
    }
    return true;
}

static bool unit_has(const struct receive *receive, const char *unit, uint64_t seq)
{
    for (size_t i = 0; i < receive->n_in_hand; i++)
        if (receive->in_hand[i].seq == seq && strcmp(receive->in_hand[i].unit, unit) == 0)
            return true;
    return false;
}

// What a unit has in hand that this one supervises is found out for the next run.
static void whose_add(struct receive *receive, const char *unit)
{
    bool there = strcmp(unit, receive->call.peer->identity.unit) == 0;

    for (size_t i = 0; i < receive->n_whose; i++)
        there |= strcmp(receive->whose[i], unit) == 0;
    if (there || receive->n_whose == RECEIVE_WHOSE)
        return;
    (void)strlcpy(receive->whose[receive->n_whose++], unit, sizeof receive->whose[0]);
    receive->whose_new = true;
}

static enum am_err notice_unseen(struct receive *receive, struct store_view *view, struct arena *arena, uint64_t seq,
                                 bool *ret_unseen)
{
    const struct identity *device = &receive->call.peer->identity;
    char unit[LIMIT_ADDRESS + 1];
    uint64_t message;

    TRY(withheld_mail(view, arena, device, seq, JOURNAL_MAIL_NOTICE, ret_unseen));
    if (!*ret_unseen)
        return AM_OK;
    arena_reset(arena);
    enum am_err err = withheld_about(view, arena, device, seq, &message, unit);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    *ret_unseen = !unit_has(receive, unit, message);
    if (*ret_unseen)
        whose_add(receive, unit);
    return AM_OK;
}

static bool is_told(const struct receive *receive, uint64_t seq)
{
    for (size_t i = 0; i < receive->n_told; i++)
        if (receive->told[i] == seq)
            return true;
    return false;
}

// A row that the device isn't to learn of. However many there are, the run's memory is for those that it gets. What
// another device of its unit has in hand, signed for or not, comes to it, and it and who supervises it are told of it,
// as ever.
static enum am_err row_unseen(struct receive *receive, struct store_view *view, uint64_t seq, uint8_t kind,
                              bool *ret_unseen)
{
    struct arena AM_CLEANUP(arena_clear) scratch;
    const struct identity *device = &receive->call.peer->identity;

    arena_init_in(&scratch, ROW_SCRATCH, receive->run.budget);
    if (kind == JOURNAL_MAIL_NOTICE)
        TRY(notice_unseen(receive, view, &scratch, seq, ret_unseen));
    else if (unit_has(receive, device->unit, seq))
        TRY(withheld_erased(view, &scratch, device, seq, ret_unseen));
    else
        TRY(withheld_mail(view, &scratch, device, seq, kind, ret_unseen));
    receive->withheld[lane_of(kind)] |= *ret_unseen;
    return AM_OK;
}

// The same; or that the run has looked at enough, and the next goes on from this row.
static enum am_err row_look(struct receive *receive, struct store_view *view, uint64_t seq, uint8_t kind,
                            bool *ret_unseen, bool *ret_stop)
{
    if (receive->looks++ < RECEIVE_LOOKS)
        return row_unseen(receive, view, seq, kind, ret_unseen);
    receive->run_full = *ret_stop = true;
    return AM_OK;
}

// One row of the lane: into the run, or left for later. *ret_stop: no further row of this lane now.
static enum am_err row_take(struct receive *receive, struct store_view *view, enum receive_lane lane, uint64_t seq,
                            uint8_t kind, bool *ret_stop)
{
    struct receive_row *row = &receive->rows[receive->n_rows];
    struct peer_out *body = body_find(receive, seq);
    bool wanted, unseen = false;

    *ret_stop = false;
    TRY(row_wanted(receive, view, seq, kind, &wanted));
    if (!wanted || (body != NULL && body->here) || (lane == LANE_NOTICES && is_told(receive, seq)))
        return AM_OK;
    if (receive->shields && body == NULL) // what the device has already it may get again
        TRY(row_look(receive, view, seq, kind, &unseen, ret_stop));
    if (unseen || *ret_stop)
        return AM_OK;
    *ret_stop = !row_fits(receive, lane, body);
    if (*ret_stop)
        return AM_OK;
    TRY(row_pack(receive, view, seq, kind, &row->delivery));
    if (lane == LANE_MESSAGES) {
        struct store_pointer message;
        TRY(store_pointer_of(view, seq, &message));
        memcpy(row->digest, message.digest, sizeof row->digest);
    }
    row->seq = seq;
    row->lane = lane;
    receive->room[lane]--;
    receive->n_rows++;
    if (lane == LANE_MESSAGES) {
        body = body != NULL ? body : &receive->bodies[receive->n_bodies++];
        *body = (struct peer_out){.seq = seq, .here = true};
    }
    return AM_OK;
}

// Walks the rows of one lane and urgency from where the stream has got to. Rows of the other lane that lie on the way
// are passed once and not looked at again.
static enum am_err lane_walk(struct receive *receive, struct store_view *view, enum receive_lane lane, uint8_t urgency,
                             bool *ret_stop)
{
    uint8_t at = receive->cursor.begun[lane][urgency] ? urgency : (uint8_t)(urgency - 1), kind;
    uint64_t seq = receive->cursor.begun[lane][urgency] ? receive->cursor.after[lane][urgency] : BEFORE_FIRST;

    *ret_stop = false;
    for (;;) {
        enum am_err err = store_mail_next(view, receive->call.peer->uri, &at, &seq, &kind);
        if (err == AM_NOT_FOUND || (err == AM_OK && at != urgency))
            return AM_OK;
        TRY(err);
        if (lane_of(kind) == lane)
            TRY(row_take(receive, view, lane, seq, kind, ret_stop));
        if (*ret_stop)
            return AM_OK;
        receive->cursor.begun[lane][urgency] = true;
        receive->cursor.after[lane][urgency] = seq;
    }
}

static enum am_err mailbox_walk(struct receive *receive, struct store_view *view)
{
    bool stopped[LANES] = {false};

    for (uint8_t urgency = 1; urgency < RECEIVE_URGENCIES; urgency++) {
        if (!urgency_wanted(receive, urgency))
            continue;
        for (int lane = 0; lane < LANES; lane++) {
            bool stop = false;
            if (!stopped[lane])
                TRY(lane_walk(receive, view, (enum receive_lane)lane, urgency, &stop));
            stopped[lane] |= stop;
        }
    }
    return AM_OK;
}

// A full device gets again what it has not signed for, from wherever in its mailbox: it may have lost it.
static enum am_err bodies_again(struct receive *receive, struct store_view *view)
{
    size_t n = receive->n_bodies;
    bool stop = false;

    for (size_t i = 0; i < n && !stop; i++) {
        uint64_t seq = receive->bodies[i].seq;
        uint8_t urgency, kind;
        enum am_err err = store_mail_find(view, receive->call.peer->uri, seq, &urgency, &kind);
        if (err == AM_NOT_FOUND || (err == AM_OK && !urgency_wanted(receive, urgency)))
            continue;
        TRY(err);
        TRY(row_take(receive, view, LANE_MESSAGES, seq, kind, &stop));
    }
    return AM_OK;
}

void receive_run(struct job *job, struct worker *worker)
{
    struct receive *receive = (struct receive *)((char *)job - offsetof(struct receive, job));

    receive->n_rows = 0;
    receive->held_back = receive->run_full = receive->device_full = false;
    FAILPOINT_HOLD("receive-run");
    receive->looks = 0;
    receive->err = store_any_shield(worker->view, &receive->shields);
    if (receive->err == AM_OK)
        receive->err = mailbox_walk(receive, worker->view);
    if (receive->err == AM_OK && receive->device_full)
        receive->err = bodies_again(receive, worker->view);
}
