// SPDX-License-Identifier: Apache-2.0
// The moves of one life, in the order of the log, without those that its originator hasn't got.
#include "server/net/status_known.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/withheld.h"

#include <bsd/string.h>
#include <string.h>

#define KNOWN_SCRATCH (256u * 1024) // one entry and one header, decoded

struct knowing {
    struct known_look *look;
    struct arena scratch;
    struct identity device;
    struct store_pointer root;
    const char *recipient;
    // What it knows by now.
    uint8_t state;
    uint64_t at;
    char officer[LIMIT_URI + 1];
    bool apart; // an answer is withheld from it
};

static void knowing_clear(struct knowing *knowing)
{
    arena_clear(&knowing->scratch);
}

static const Amana__V1__Move *move_of(const struct knowing *knowing, const Amana__V1__SubmittedEntry *submitted)
{
    for (size_t i = 0; i < submitted->n_moves; i++)
        if (strcmp(submitted->moves[i]->recipient, knowing->recipient) == 0 && submitted->moves[i]->root != NULL &&
            header_points_at(submitted->moves[i]->root, knowing->root.digest))
            return submitted->moves[i];
    return NULL;
}

// Who is named by its answer; a new version asks anew.
static enum am_err officer_take(struct knowing *knowing, uint64_t seq, bool answers)
{
    struct store_message kept;
    Amana__V1__Header *header;

    knowing->officer[0] = '\0';
    if (!answers)
        return AM_OK;
    TRY(store_message(knowing->look->view, seq, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &knowing->scratch, NULL,
                     (ProtobufCMessage **)&header));
    (void)strlcpy(knowing->officer, header->officer, sizeof knowing->officer);
    return AM_OK;
}

// Its own word moves what it knows, also where nothing was left to be moved.
static enum am_err own_take(struct knowing *knowing, const struct store_pointer *message, uint64_t at)
{
    struct store_message kept;
    Amana__V1__Header *header;
    uint8_t next;

    if (!knowing->apart || message->root != knowing->root.seq || message->seq == knowing->root.seq ||
        strcmp(message->originator, knowing->look->unit) != 0)
        return AM_OK;
    TRY(store_message(knowing->look->view, message->seq, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &knowing->scratch, NULL,
                     (ProtobufCMessage **)&header));
    if (header_recipient(header, knowing->recipient) != NULL &&
        life_move(knowing->root.kind, knowing->state, message->kind, (unsigned)header->outcome, true, &next) ==
            LIFE_MOVED) {
        knowing->state = next;
        knowing->at = at;
    }
    return AM_OK;
}

static enum am_err move_take(struct knowing *knowing, const struct store_pointer *message, uint64_t at,
                             const Amana__V1__Move *move)
{
    bool answers = strcmp(message->originator, knowing->recipient) == 0, withheld = false;

    if (answers)
        TRY(withheld_row(knowing->look->view, &knowing->scratch, &knowing->device, message->seq, JOURNAL_MAIL_MESSAGE,
                         &withheld));
    if (withheld) {
        if (!knowing->apart)
            knowing->state = (uint8_t)move->from;
        knowing->apart = true;
        return AM_OK;
    }
    if (knowing->apart && !answers) // where it moved from is not what it knows
        return own_take(knowing, message, at);
    knowing->state = (uint8_t)move->to;
    knowing->at = at;
    return officer_take(knowing, message->seq, answers);
}

static enum am_err entry_take(struct knowing *knowing, uint64_t seq)
{
    Amana__V1__EntryContent *content;
    const Amana__V1__Move *move;
    struct store_pointer message;
    struct store_entry entry;
    enum am_err err = store_pointer_of(knowing->look->view, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // an entry about one
    TRY(store_entry(knowing->look->view, seq, &entry));
    if (seq == knowing->root.seq)
        knowing->at = log_leaf_time(entry.leaf);
    if (entry.content.len == 0 || entry.kind != AMANA__V1__ENTRY_KIND__CODE__SUBMITTED)
        return AM_OK;
    arena_reset(&knowing->scratch);
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, &knowing->scratch, NULL,
                     (ProtobufCMessage **)&content));
    move = move_of(knowing, content->submitted);
    uint64_t at = log_leaf_time(entry.leaf);
    return move != NULL ? move_take(knowing, &message, at, move) : own_take(knowing, &message, at);
}

static enum am_err case_walk(struct knowing *knowing)
{
    struct known_look *look = knowing->look;
    const struct am_bytes key = {(const uint8_t *)look->case_ref, strlen(look->case_ref)};

    for (uint64_t seq = knowing->root.seq;; seq++) {
        enum am_err err = store_index_next(look->view, STORE_INDEX_CASE, key, &seq);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        if (look->reads == 0)
            return AM_BUSY;
        look->reads--;
        TRY(entry_take(knowing, seq));
    }
}

enum am_err status_known(struct known_look *look, uint64_t root, const char *recipient, struct journal_life *life)
{
    struct knowing AM_CLEANUP(knowing_clear)
        knowing = {.look = look, .recipient = recipient, .device = {.kind = IDENTITY_DEVICE}};

    arena_init(&knowing.scratch, KNOWN_SCRATCH);
    (void)strlcpy(knowing.device.unit, look->unit, sizeof knowing.device.unit);
    address_country(look->unit, knowing.device.country);
    TRY(store_pointer_of(look->view, root, &knowing.root));
    if (strcmp(knowing.root.originator, look->unit) != 0)
        return AM_OK;
    TRY(case_walk(&knowing));
    if (!knowing.apart)
        return AM_OK;
    life->state = knowing.state;
    life->state_at = knowing.at;
    life->officer = arena_copy(look->arena, knowing.officer, strlen(knowing.officer));
    return life->officer != NULL ? AM_OK : arena_error(look->arena);
}
