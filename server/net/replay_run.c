// SPDX-License-Identifier: Apache-2.0
// The run of entries that a worker reads for a Replay stream: all of a range, or what filters select.
#include "proto/failpoint.h"
#include "server/net/answer.h"
#include "server/net/replay.h"

#include <endian.h>
#include <string.h>

#define FILTERS 3u // case, party, kind; a message beside them

struct filters {
    size_t n;
    struct {
        enum store_index index;
        struct am_bytes key;
    } each[FILTERS];
    uint8_t kind;
    bool of_message;
    uint8_t message[16]; // ids are their senders' own choice: several messages may bear one, and all are meant
    bool nothing;        // a message that isn't there
};

static void filter_add(struct filters *filters, enum store_index index, const void *key, size_t len)
{
    filters->each[filters->n].index = index;
    filters->each[filters->n++].key = (struct am_bytes){key, len};
}

static enum am_err filters_make(const struct replay *replay, struct store_view *view, struct filters *filters)
{
    const Amana__V1__ReplayRequest *request = replay->request;
    uint64_t seq;
    enum am_err err;

    if (request->case_ref[0] != '\0')
        filter_add(filters, STORE_INDEX_CASE, request->case_ref, strlen(request->case_ref));
    if (request->party[0] != '\0')
        filter_add(filters, STORE_INDEX_PARTY, request->party, strlen(request->party));
    if (request->kind != AMANA__V1__ENTRY_KIND__CODE__UNSPECIFIED) {
        filters->kind = (uint8_t)request->kind;
        filter_add(filters, STORE_INDEX_KIND, &filters->kind, 1);
    }
    if (request->message[0] == '\0')
        return AM_OK;
    err = message_id_check(request->message, filters->message, NULL);
    if (err == AM_OK)
        err = store_find_uuid(view, filters->message, 0, &seq);
    filters->nothing = err == AM_INVALID || err == AM_NOT_FOUND;
    filters->of_message = err == AM_OK;
    return filters->nothing ? AM_OK : err;
}

// The next seq ≥ *seq about any of the messages of that id.
static enum am_err message_next(const struct filters *filters, struct store_view *view, uint64_t *seq)
{
    uint64_t next = UINT64_MAX, message;
    enum am_err err;

    for (unsigned n = 0; (err = store_find_uuid(view, filters->message, n, &message)) == AM_OK; n++) {
        uint64_t key = htobe64(message), at = *seq;
        err = store_index_next(view, STORE_INDEX_MESSAGE, (struct am_bytes){(const uint8_t *)&key, sizeof key}, &at);
        if (err == AM_OK && at < next)
            next = at;
        if (err != AM_OK && err != AM_NOT_FOUND)
            return err;
    }
    if (err != AM_NOT_FOUND)
        return err;
    if (next == UINT64_MAX)
        return AM_NOT_FOUND;
    *seq = next;
    return AM_OK;
}

static enum am_err filter_next(const struct filters *filters, size_t i, struct store_view *view, uint64_t *seq)
{
    if (i == filters->n)
        return message_next(filters, view, seq);
    return store_index_next(view, filters->each[i].index, filters->each[i].key, seq);
}

// The next seq ≥ *seq that every filter selects: each index in turn says how far to go. AM_NOT_FOUND at the end;
// AM_BUSY: none of the entries below *seq is one, and enough was looked at in this run.
static enum am_err filters_next(const struct filters *filters, struct store_view *view, uint64_t end, uint64_t *seq,
                                size_t *looked)
{
    size_t agreed = 0, all = filters->n + filters->of_message;

    if (filters->nothing)
        return AM_NOT_FOUND;
    for (size_t i = 0; agreed < all; i = (i + 1) % all) {
        uint64_t at = *seq;
        if (*looked >= REPLAY_ITEMS)
            return AM_BUSY;
        TRY(filter_next(filters, i, view, seq));
        *looked += *seq != at; // two indexes may pass each other by for as long as the log is
        agreed = *seq == at ? agreed + 1 : 1;
        if (*seq >= end)
            return AM_NOT_FOUND;
    }
    return *seq < end ? AM_OK : AM_NOT_FOUND;
}

// Where the range ends, in the present snapshot.
static enum am_err range_bound(struct replay *replay, struct store_view *view)
{
    const Amana__V1__ReplayRequest *request = replay->request;
    uint64_t at;

    if (!replay->pinned || request->follow) {
        // Something new to prove against; what doesn't follow keeps to the checkpoint that it began with.
        if (!replay->pinned || store_view_size(view) != replay->checkpoint.size) {
            store_view_checkpoint(view, &replay->checkpoint);
            replay->checkpoint_due = true;
        }
        replay->pinned = true;
    }
    replay->end = replay->checkpoint.size;
    if (request->to != 0 && request->to < replay->end)
        replay->end = request->to;
    if (request->time_from != 0) {
        TRY(store_seq_at(view, request->time_from, &at));
        if (at > replay->next)
            replay->next = at;
    }
    if (request->time_to != 0) {
        TRY(store_seq_at(view, request->time_to, &at));
        if (at < replay->end)
            replay->end = at;
    }
    return AM_OK;
}

static enum am_err item_open(struct store_view *view, const struct store_entry *entry, Amana__V1__Opened *opened)
{
    struct store_message message;

    opened->salt = codec_binary(entry->salt);
    opened->content = codec_binary(entry->content);
    if (entry->kind != AMANA__V1__ENTRY_KIND__CODE__SUBMITTED && entry->kind != AMANA__V1__ENTRY_KIND__CODE__PARKED)
        return AM_OK;
    TRY(store_message(view, entry->seq, &message));
    opened->header = codec_binary(message.header);
    opened->signature = codec_binary(message.signature);
    return AM_OK;
}

static enum am_err item_pack(struct replay *replay, struct store_view *view, const struct store_entry *entry,
                             bool opens)
{
    Amana__V1__ReplayItem item = AMANA__V1__REPLAY_ITEM__INIT;
    Amana__V1__Opened opened = AMANA__V1__OPENED__INIT;
    Amana__V1__Checkpoint checkpoint;
    struct merkle_path path;

    item.seq = entry->seq;
    item.leaf = (ProtobufCBinaryData){sizeof entry->leaf, (uint8_t *)entry->leaf};
    if (opens) {
        TRY(item_open(view, entry, &opened));
        item.shown_case = AMANA__V1__REPLAY_ITEM__SHOWN_OPENED;
        item.opened = &opened;
    } else if (entry->content.len > 0) {
        item.shown_case = AMANA__V1__REPLAY_ITEM__SHOWN_WITHHELD;
        item.withheld = true;
    }
    if (replay->filtered) {
        TRY(store_inclusion(view, entry->seq, replay->checkpoint.size, &path));
        TRY(path_fill(&path, &replay->run, &item.n_path, &item.path));
    }
    if (replay->checkpoint_due) {
        checkpoint_fill(&replay->checkpoint, replay->call.net->options.origin, &checkpoint);
        item.checkpoint = &checkpoint;
    }
    TRY(codec_encode(&item.base, &replay->run, &replay->items[replay->n_items]));
    replay->checkpoint_due = false;
    replay->seqs[replay->n_items++] = entry->seq;
    return AM_OK;
}

static enum am_err item_add(struct replay *replay, struct store_view *view, uint64_t seq)
{
    struct store_entry entry;
    bool opens;

    TRY(store_entry(view, seq, &entry));
    TRY(scope_opens(replay, view, &replay->run, &entry, &opens));
    // A filter that selects says something by itself: what is out of scope isn't counted either.
    if (replay->filtered && !opens && entry.content.len > 0)
        return AM_OK;
    return item_pack(replay, view, &entry, opens);
}

static enum am_err run_read(struct replay *replay, struct store_view *view)
{
    struct filters filters = {0};
    size_t bytes = 0;

    TRY(range_bound(replay, view));
    TRY(filters_make(replay, view, &filters));
    // Entries that a filter passed over count as well: a run ends, and its snapshot with it.
    for (size_t looked = 0; looked < REPLAY_ITEMS && bytes < REPLAY_RUN_BYTES; looked++) {
        enum am_err err = replay->next < replay->end ? AM_OK : AM_NOT_FOUND;
        size_t before = replay->n_items;
        if (err == AM_OK && (filters.n > 0 || filters.of_message || filters.nothing))
            err = filters_next(&filters, view, replay->end, &replay->next, &looked);
        if (err == AM_BUSY)
            return AM_OK; // the next run goes on there
        if (err == AM_NOT_FOUND) {
            replay->at_end = true;
            if (replay->next < replay->end)
                replay->next = replay->end;
            return AM_OK;
        }
        TRY(err);
        TRY(item_add(replay, view, replay->next));
        if (replay->n_items > before)
            bytes += replay->items[before].len;
        replay->next++;
    }
    return AM_OK;
}

void replay_run(struct job *job, struct worker *worker)
{
    struct replay *replay = (struct replay *)((char *)job - offsetof(struct replay, job));

    replay->n_items = 0;
    replay->err = run_read(replay, worker->view);
    FAILPOINT_HOLD("replay-run");
}
