// SPDX-License-Identifier: Apache-2.0
// Relay.ListPending: what waits for a supervisor of the caller's unit, oldest first, a run at a time as the peer reads.
#include "server/net/answer.h"
#include "server/net/internal.h"

#include "amana/v1/relay.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define LISTING_ROWS  16u                // read in one run
#define LISTING_RUN   (4u * 1024 * 1024) // bytes of memory that one run may take
#define LISTING_BYTES (512u * 1024)      // of answers after which a run ends

struct listing {
    struct call call;
    struct job job;
    bool reading;
    uint64_t at; // where the next run begins

    // The worker's, while it reads.
    struct arena run;
    struct am_bytes rows[LISTING_ROWS];
    size_t n_rows, bytes;
    enum am_err err;
};

static enum am_err row_pack(struct listing *listing, struct store_view *view, uint64_t seq, struct am_bytes *ret_bytes)
{
    Amana__V1__Pending pending = AMANA__V1__PENDING__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry *entry;
    struct store_message kept;

    TRY(proved_read(view, &listing->run, seq, &entry));
    TRY(store_message(view, seq, &kept));
    message.header = codec_binary(kept.header);
    message.sealed_body = codec_binary(kept.body);
    message.signature = codec_binary(kept.signature);
    pending.message = &message;
    pending.entry = entry;
    return codec_encode(&pending.base, &listing->run, ret_bytes);
}

static void listing_run(struct job *job, struct worker *worker)
{
    struct listing *listing = (struct listing *)((char *)job - offsetof(struct listing, job));

    listing->n_rows = listing->bytes = 0;
    while (listing->n_rows < LISTING_ROWS && listing->bytes < LISTING_BYTES) {
        listing->err = store_waiting_next(worker->view, listing->call.peer->identity.unit, &listing->at);
        if (listing->err == AM_OK)
            listing->err = row_pack(listing, worker->view, listing->at, &listing->rows[listing->n_rows]);
        if (listing->err != AM_OK)
            return;
        listing->bytes += listing->rows[listing->n_rows++].len;
        listing->at++;
    }
}

static void listing_next(struct listing *listing);

static void listing_read(struct job *job)
{
    struct listing *listing = (struct listing *)((char *)job - offsetof(struct listing, job));

    listing->reading = false;
    for (size_t i = 0; i < listing->n_rows; i++)
        call_send(&listing->call, listing->rows[i]);
    arena_clear(&listing->run);
    if (listing->err == AM_NOT_FOUND)
        call_finish(&listing->call);
    else if (listing->err != AM_OK)
        call_refuse(&listing->call, reason_of(listing->err) == REASON_BUSY ? REASON_BUSY : REASON_INTERNAL, NULL);
    else
        listing_next(listing);
    call_release(&listing->call);
}

static void listing_next(struct listing *listing)
{
    if (listing->reading || !call_open(&listing->call) || !rpc_call_writable(listing->call.rpc))
        return;
    listing->reading = true;
    listing->job = (struct job){.run = listing_run, .done = listing_read};
    arena_init_in(&listing->run, LISTING_RUN, &listing->call.peer->memory);
    call_hold(&listing->call);
    workers_push(listing->call.net->workers, &listing->job);
}

static void listing_begin(struct call *call)
{
    rpc_call_start(call->rpc);
    listing_next((struct listing *)call);
}

static void listing_writable(struct call *call)
{
    listing_next((struct listing *)call);
}

static void listing_clear(struct call *call)
{
    arena_clear(&((struct listing *)call)->run);
}

const struct method METHOD_LIST_PENDING = {
    .path = "/amana.v1.Relay/ListPending",
    .request = &amana__v1__list_pending_request__descriptor,
    .max_request = 1024,
    .arena = 16u * 1024,
    .size = sizeof(struct listing),
    .begin = listing_begin,
    .writable = listing_writable,
    .clear = listing_clear,
};
