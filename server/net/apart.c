// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of a life: up to the first message that is withheld from it, and by its own
// answers, and what it was told of its clocks, since. What it sends moves nothing for the others.
#include "server/net/apart.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/failpoint.h"
#include "proto/log/leaf.h"
#include "proto/model/address.h"
#include "proto/model/deadline.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/withheld.h"

#include <bsd/string.h>
#include <string.h>

#define APART_SCRATCH (256u * 1024) // one entry and one header, decoded

struct apart {
    const struct apart_look *look;
    const struct apart_place *place;
    struct life_known *known;
    struct arena scratch;
    struct identity device;
    struct store_pointer root;
    bool again; // what was looked through is another by now
};

static void apart_clear(struct apart *apart)
{
    arena_clear(&apart->scratch);
}

enum am_err apart_message(struct store_view *view, uint64_t seq, struct store_pointer *ret_message)
{
    return FAILPOINT_ERROR("case-read") ? AM_CORRUPT : store_pointer_of(view, seq, ret_message);
}

// --- What an entry says of the unit's life
static bool move_is_own(const struct apart *apart, const Amana__V1__Move *move)
{
    return strcmp(move->recipient, apart->look->unit) == 0 && move->root != NULL &&
           header_points_at(move->root, apart->root.digest);
}

static const Amana__V1__Move *own_move(const struct apart *apart, Amana__V1__Move *const *moves, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (move_is_own(apart, moves[i]))
            return moves[i];
    return NULL;
}

// Its content; NULL where it is erased.
static enum am_err entry_read(struct apart *apart, const struct store_entry *entry,
                              Amana__V1__EntryContent **ret_content)
{
    arena_reset(&apart->scratch);
    if (entry->content.len == 0)
        return AM_OK;
    return codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry->content, &apart->scratch, NULL,
                        (ProtobufCMessage **)ret_content);
}

// --- An entry about a message: what the unit was told of its clocks
static enum am_err passed_take(struct apart *apart, const Amana__V1__DeadlineEntry *deadline)
{
    struct store_pointer about;
    enum am_err err;

    if (deadline->met_by != NULL || strcmp(deadline->recipient, apart->look->unit) != 0)
        return AM_OK;
    err = store_find_pointer(apart->look->view, deadline->message, &about);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (about.seq == apart->known->version)
        life_known_passed(apart->known, life_passed_said(deadline));
    return AM_OK;
}

static enum am_err is_withheld(struct apart *apart, uint64_t seq, bool *ret_withheld)
{
    *ret_withheld = false;
    if (in_hand_has(&apart->look->in_hand, seq))
        return AM_OK;
    arena_reset(&apart->scratch);
    return withheld_row(apart->look->view, &apart->scratch, &apart->device, seq, JOURNAL_MAIL_MESSAGE, ret_withheld);
}

// Its clock stands still again, since what had set it going never came to the unit, or goes on since it has.
static enum am_err halt_take(struct apart *apart, const struct store_pointer *about, uint8_t from, uint8_t to,
                             uint64_t now)
{
    bool withheld;

    TRY(is_withheld(apart, about->seq, &withheld));
    if (life_clock_stands(to))
        life_known_halted(apart->known, about->seq, to, withheld);
    else
        life_known_set_going(apart->known, about->seq, from, to, now, withheld);
    return AM_OK;
}

// It is over: by the version that it is about, which the unit has or not.
static enum am_err state_take(struct apart *apart, const Amana__V1__StateEntry *state, uint64_t now)
{
    const Amana__V1__Move *move = own_move(apart, state->moves, state->n_moves);
    struct store_pointer about;
    enum am_err err;

    if (move == NULL)
        return AM_OK;
    uint8_t from = (uint8_t)move->from, to = (uint8_t)move->to;
    err = store_find_pointer(apart->look->view, state->message, &about);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (life_sets_going(apart->root.kind, about.kind, &(uint8_t){0}))
        return halt_take(apart, &about, from, to, now);
    if (about.seq == apart->known->version)
        life_known_moved(apart->known, to, now);
    return AM_OK;
}

// What it signed for after the look began was perhaps passed as withheld.
static void signed_take(struct apart *apart, const Amana__V1__RetrievedEntry *retrieved)
{
    struct identity device;

    apart->again |= identity_parse(retrieved->device, strlen(retrieved->device), NULL, &device) == AM_OK &&
                    strcmp(device.unit, apart->look->unit) == 0;
}

static enum am_err told_take(struct apart *apart, uint64_t seq)
{
    Amana__V1__EntryContent *content = NULL;
    struct store_entry entry;

    TRY(store_entry(apart->look->view, seq, &entry));
    bool signed_since = entry.kind == AMANA__V1__ENTRY_KIND__CODE__RETRIEVED && seq >= apart->place->size;
    if (entry.kind != AMANA__V1__ENTRY_KIND__CODE__DEADLINE && entry.kind != AMANA__V1__ENTRY_KIND__CODE__STATE &&
        !signed_since)
        return AM_OK;
    TRY(entry_read(apart, &entry, &content));
    if (content != NULL && content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED)
        signed_take(apart, content->retrieved);
    if (content != NULL && content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE)
        return passed_take(apart, content->deadline);
    if (content != NULL && content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE)
        return state_take(apart, content->state, log_leaf_time(entry.leaf));
    return AM_OK;
}

// --- A message
static enum am_err message_move(struct apart *apart, const struct store_pointer *message, bool withheld, bool own)
{
    Amana__V1__EntryContent *content = NULL;
    const Amana__V1__Move *move;
    struct store_entry entry;

    TRY(store_entry(apart->look->view, message->seq, &entry));
    TRY(entry_read(apart, &entry, &content));
    if (content == NULL || content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        return AM_OK;
    move = own_move(apart, content->submitted->moves, content->submitted->n_moves);
    if (move == NULL)
        return AM_OK;
    uint8_t from = (uint8_t)move->from, to = (uint8_t)move->to;
    uint64_t now = log_leaf_time(entry.leaf);
    if (withheld)
        life_known_withheld(apart->known, message->seq, from, to, now);
    else if (own)
        life_known_answered(apart->known, message->kind, to, now);
    else
        life_known_moved(apart->known, to, now);
    return AM_OK;
}

// Does it begin the root's life, or begin its clock anew?
static bool begins(const struct apart *apart, const struct store_pointer *message)
{
    return message->seq == apart->root.seq ||
           (message->root == apart->root.seq && kind_get(message->kind)->chain != CHAIN_NONE);
}

// To the unit: it was not left out, and it waits for no second person.
static enum am_err was_sent(const struct apart *apart, uint64_t seq, bool *ret_sent)
{
    struct journal_delivery delivery;
    enum am_err err = store_delivery(apart->look->view, seq, apart->look->unit, &delivery);

    *ret_sent = err == AM_OK;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err message_take(struct apart *apart, const struct store_pointer *message)
{
    bool own = strcmp(message->originator, apart->look->unit) == 0, withheld = false;

    if (kind_get(message->kind) == NULL || (!own && message->root != apart->root.seq))
        return AM_OK; // a HIT is a root of its own, and moves the alert's life all the same
    bool version = begins(apart, message), sent = own;
    if (!version && !life_is_own(apart->root.kind, message->kind))
        return AM_OK;
    if (!own)
        TRY(was_sent(apart, message->seq, &sent));
    if (!sent)
        return AM_OK;
    if (!own)
        TRY(is_withheld(apart, message->seq, &withheld));
    if (version && !withheld) {
        life_known_version(apart->known, message->seq);
        return AM_OK;
    }
    return message_move(apart, message, withheld, own);
}

static enum am_err entry_take(struct apart *apart, uint64_t seq)
{
    struct store_pointer message;
    enum am_err err = apart_message(apart->look->view, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? told_take(apart, seq) : err;
    return message_take(apart, &message);
}

// --- The case from the root on, or from the version that is asked about, a part at a time
// From where the last look came to, unless the case is kept from others by now; nor from a version that the unit hadn't
// got, and may have signed for since.
static void place_begin(const struct apart_look *look, struct apart_place *place)
{
    bool missing = look->version != NULL && place->known.version == JOURNAL_NONE;

    if (place->root == look->root && place->shield == look->shield && place->next != 0 && !missing)
        return;
    *place = (struct apart_place){.root = look->root,
                                  .shield = look->shield,
                                  .next = look->version != NULL ? *look->version : look->root,
                                  .size = store_view_size(look->view)};
    life_known_version(&place->known, JOURNAL_NONE);
}

// The unit hasn't got the version that is asked about, or has a newer one.
static bool is_another(const struct apart_look *look, const struct apart_place *place)
{
    return look->version != NULL && place->next > *look->version && place->known.version != *look->version;
}

static enum am_err entries_take(struct apart *apart, struct apart_look *look, struct apart_place *place, bool *ret_more)
{
    const struct am_bytes key = {(const uint8_t *)look->case_ref, strlen(look->case_ref)};

    for (*ret_more = true; look->reads > 0; look->reads--) {
        uint64_t seq = place->next;
        enum am_err err =
            is_another(look, place) ? AM_NOT_FOUND : store_index_next(look->view, STORE_INDEX_CASE, key, &seq);
        if (err == AM_NOT_FOUND)
            *ret_more = false;
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(entry_take(apart, seq));
        place->next = seq + 1;
        if (apart->again) {
            place->next = 0;
            place_begin(look, place);
            apart->again = false;
        }
    }
    return AM_OK;
}

enum am_err apart_look(struct apart_look *look, struct apart_place *place, bool *ret_more)
{
    struct apart AM_CLEANUP(apart_clear)
        apart = {.look = look, .place = place, .known = &place->known, .device = {.kind = IDENTITY_DEVICE}};

    arena_init(&apart.scratch, APART_SCRATCH);
    (void)strlcpy(apart.device.unit, look->unit, sizeof apart.device.unit);
    address_country(look->unit, apart.device.country);
    TRY(store_pointer_of(look->view, look->root, &apart.root));
    place_begin(look, place);
    return entries_take(&apart, look, place, ret_more);
}

// --- The life
enum am_err apart_life(struct store_view *view, const struct apart_place *place, bool versions,
                       struct journal_life *life)
{
    struct journal_delivery delivery;
    struct store_pointer version;
    struct kind_due due;

    if (!versions) {
        life_known_fill(&place->known, NULL, life);
        return AM_OK;
    }
    TRY(store_pointer_of(view, place->known.version, &version));
    TRY(store_delivery(view, version.seq, life->recipient, &delivery));
    due = kind_due(version.kind, version.urgency, 0, 0, delivery.delivered_at);
    life_known_fill(&place->known, &due, life);
    return AM_OK;
}
