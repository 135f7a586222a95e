// SPDX-License-Identifier: Apache-2.0
// A case, gone through entry by entry for what a unit knows of it.
#include "server/net/case_walk.h"

#include "proto/codec/codec.h"
#include "proto/failpoint.h"
#include "proto/model/address.h"

#include <bsd/string.h>
#include <string.h>

#define WALK_SCRATCH (256u * 1024)

enum am_err case_walk_init(struct case_walk *walk, uint64_t root, const char *unit)
{
    arena_init(&walk->scratch, WALK_SCRATCH);
    TRY(store_pointer_of(walk->view, root, &walk->root));
    walk->device = (struct identity){.kind = IDENTITY_DEVICE};
    (void)strlcpy(walk->device.unit, unit != NULL ? unit : walk->root.originator, sizeof walk->device.unit);
    address_country(walk->device.unit, walk->device.country);
    return AM_OK;
}

void case_walk_clear(struct case_walk *walk)
{
    arena_clear(&walk->scratch);
}

enum am_err case_message(struct store_view *view, uint64_t seq, struct store_pointer *ret_message)
{
    return FAILPOINT_ERROR("case-read") ? AM_CORRUPT : store_pointer_of(view, seq, ret_message);
}

// --- What an entry says
// NULL: it is erased.
static enum am_err content_read(struct case_walk *walk, const struct store_entry *entry,
                                Amana__V1__EntryContent **ret_content)
{
    *ret_content = NULL;
    if (entry->content.len == 0)
        return AM_OK;
    return codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry->content, &walk->scratch, NULL,
                        (ProtobufCMessage **)ret_content);
}

enum am_err case_walk_submitted(struct case_walk *walk, uint64_t seq, struct store_entry *ret_entry,
                                const Amana__V1__SubmittedEntry **ret_submitted)
{
    Amana__V1__EntryContent *content;

    *ret_submitted = NULL;
    TRY(store_entry(walk->view, seq, ret_entry));
    if (ret_entry->kind != AMANA__V1__ENTRY_KIND__CODE__SUBMITTED)
        return AM_OK;
    TRY(content_read(walk, ret_entry, &content));
    if (content != NULL && content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        *ret_submitted = content->submitted;
    return AM_OK;
}

enum am_err case_walk_withheld(struct case_walk *walk, const struct in_hand *in_hand, uint64_t seq, bool *ret_withheld)
{
    *ret_withheld = false;
    if (in_hand_has(in_hand, seq))
        return AM_OK;
    return withheld_row(walk->view, &walk->scratch, &walk->device, seq, JOURNAL_MAIL_MESSAGE, ret_withheld);
}

static bool signed_by_unit(const struct case_walk *walk, const Amana__V1__RetrievedEntry *retrieved)
{
    struct identity device;

    return identity_parse(retrieved->device, strlen(retrieved->device), NULL, &device) == AM_OK &&
           strcmp(device.unit, walk->device.unit) == 0;
}

// What it signed for after the walk began was perhaps passed as withheld: *ret_again.
static enum am_err told_take(struct case_walk *walk, uint64_t seq, uint64_t size, bool *ret_again)
{
    Amana__V1__EntryContent *content;
    struct store_entry entry;

    TRY(store_entry(walk->view, seq, &entry));
    bool signed_since = entry.kind == AMANA__V1__ENTRY_KIND__CODE__RETRIEVED && seq >= size;
    if (entry.kind != AMANA__V1__ENTRY_KIND__CODE__DEADLINE && entry.kind != AMANA__V1__ENTRY_KIND__CODE__STATE &&
        !signed_since)
        return AM_OK;
    TRY(content_read(walk, &entry, &content));
    if (content == NULL)
        return AM_OK;
    switch ((int)content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED: *ret_again = signed_by_unit(walk, content->retrieved); return AM_OK;
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return walk->taker->deadline(walk->user, &entry, content->deadline);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return walk->taker->state(walk->user, &entry, content->state);
    default: return AM_OK;
    }
}

static enum am_err entry_take(struct case_walk *walk, uint64_t seq, uint64_t size, bool *ret_again)
{
    struct store_pointer message;
    enum am_err err = case_message(walk->view, seq, &message);

    *ret_again = false;
    arena_reset(&walk->scratch);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? told_take(walk, seq, size, ret_again) : err;
    return walk->taker->message(walk->user, &message);
}

// --- From where it begins on, a part at a time
static void begin(struct case_walk *walk, struct case_seen *seen)
{
    *seen = (struct case_seen){
        .root = walk->root.seq, .shield = walk->shield, .next = walk->from, .size = store_view_size(walk->view)};
    walk->taker->begin(walk->user);
}

static enum am_err entry_next(const struct case_walk *walk, const struct case_seen *seen, uint64_t *ret_seq)
{
    const struct am_bytes key = {(const uint8_t *)walk->case_ref, strlen(walk->case_ref)};

    if (walk->taker->over != NULL && walk->taker->over(walk->user))
        return AM_NOT_FOUND;
    *ret_seq = seen->next;
    return store_index_next(walk->view, STORE_INDEX_CASE, key, ret_seq);
}

enum am_err case_walk_on(struct case_walk *walk, struct case_seen *seen, unsigned *reads, bool *ret_more)
{
    if (seen->root != walk->root.seq || seen->shield != walk->shield || seen->next == 0)
        begin(walk, seen);
    for (*ret_more = true; *reads > 0; (*reads)--) {
        uint64_t seq;
        bool again;
        enum am_err err = entry_next(walk, seen, &seq);
        if (err == AM_NOT_FOUND)
            *ret_more = false;
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(entry_take(walk, seq, seen->size, &again));
        seen->next = seq + 1;
        if (again)
            begin(walk, seen);
    }
    return AM_OK;
}
