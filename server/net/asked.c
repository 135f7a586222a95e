// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of what it began: by the answers that it has, by its own messages, and by what it
// was told of clocks.
#include "server/net/asked.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/deadline.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/apart.h"
#include "server/net/internal.h"
#include "server/net/withheld.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_SCRATCH (256u * 1024) // one entry and two headers, decoded

struct asking {
    const struct asked_look *look;
    struct asked_place *place;
    struct arena scratch;
    struct identity device;
    struct store_pointer root;
    bool again; // what was looked through is another by now
};

static void asking_clear(struct asking *asking)
{
    arena_clear(&asking->scratch);
}

void asked_clear(struct asked_place *place)
{
    free(place->lives);
    free(place->in_hand.seqs);
    *place = (struct asked_place){.root = 0};
}

void asked_in_hand(struct net *net, struct asked_place *place)
{
    if (place->originator[0] == '\0')
        return;
    if (place->in_hand.seqs == NULL)
        place->in_hand.seqs = calloc(IN_HAND_MOST, sizeof *place->in_hand.seqs);
    if (place->in_hand.seqs == NULL)
        place->err = AM_NOMEM;
    else
        place->in_hand.n = peers_out(net, place->originator, place->in_hand.seqs, IN_HAND_MOST);
}

void asked_in_hand_as(const struct asked_place *other, struct asked_place *place)
{
    if (other->in_hand.seqs != NULL)
        place->in_hand.seqs = calloc(IN_HAND_MOST, sizeof *place->in_hand.seqs);
    if (place->in_hand.seqs == NULL)
        return;
    memcpy(place->in_hand.seqs, other->in_hand.seqs, other->in_hand.n * sizeof *other->in_hand.seqs);
    place->in_hand.n = other->in_hand.n;
    (void)strlcpy(place->originator, other->originator, sizeof place->originator);
}

// --- Its lives
static struct asked_life *life_find(const struct asked_place *place, const char *recipient)
{
    for (size_t i = 0; i < place->n; i++)
        if (strcmp(place->lives[i].recipient, recipient) == 0)
            return &place->lives[i];
    return NULL;
}

static enum am_err life_get(struct asked_place *place, const char *recipient, uint8_t state,
                            struct life_asked **ret_known)
{
    struct asked_life *life = life_find(place, recipient);

    if (life == NULL && place->n == place->room) {
        size_t room = place->room * 2 + 4;
        struct asked_life *lives = reallocarray(place->lives, room, sizeof *lives);
        if (lives == NULL)
            return AM_NOMEM;
        place->lives = lives;
        place->room = room;
    }
    if (life == NULL) {
        life = &place->lives[place->n++];
        (void)strlcpy(life->recipient, recipient, sizeof life->recipient);
        life_asked_begin(&life->known, state, place->began);
    }
    *ret_known = &life->known;
    return AM_OK;
}

// --- An entry of its case; content NULL: it is erased
static enum am_err entry_read(struct asking *asking, const struct store_entry *entry,
                              Amana__V1__EntryContent **ret_content)
{
    arena_reset(&asking->scratch);
    *ret_content = NULL;
    if (entry->content.len == 0)
        return AM_OK;
    return codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry->content, &asking->scratch, NULL,
                        (ProtobufCMessage **)ret_content);
}

static enum am_err about_root(const struct asking *asking, const Amana__V1__Pointer *pointer, bool *ret_about)
{
    struct store_pointer about;
    enum am_err err = store_find_pointer(asking->look->view, pointer, &about);

    *ret_about = err == AM_OK && (about.root == asking->root.seq || about.seq == asking->root.seq);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// What it is told that nobody has done in time.
static enum am_err passed_take(struct asking *asking, uint64_t seq, const Amana__V1__DeadlineEntry *deadline)
{
    bool about, told;
    struct life_asked *known;

    if (deadline->met_by != NULL || deadline->recipient[0] == '\0')
        return AM_OK;
    TRY(about_root(asking, deadline->message, &about));
    if (!about)
        return AM_OK;
    TRY(withheld_told(asking->look->view, seq, asking->device.unit, &told));
    if (!told)
        return AM_OK;
    TRY(life_get(asking->place, deadline->recipient, life_begun(asking->root.kind), &known));
    known->passed |= life_passed_said(deadline);
    return AM_OK;
}

static bool move_is_of(const struct asking *asking, const Amana__V1__Move *move)
{
    return move->root != NULL && header_points_at(move->root, asking->root.digest);
}

static enum am_err state_take(struct asking *asking, const struct store_entry *entry,
                              const Amana__V1__StateEntry *state)
{
    bool told;

    TRY(withheld_told(asking->look->view, entry->seq, asking->device.unit, &told));
    for (size_t i = 0; i < state->n_moves; i++) {
        struct life_asked *known;
        if (!move_is_of(asking, state->moves[i]))
            continue;
        TRY(life_get(asking->place, state->moves[i]->recipient, (uint8_t)state->moves[i]->from, &known));
        life_asked_ended(known, (uint8_t)state->moves[i]->to, log_leaf_time(entry->leaf), told);
    }
    return AM_OK;
}

// What it signed for after the look began was perhaps passed as withheld.
static void signed_take(struct asking *asking, const Amana__V1__RetrievedEntry *retrieved)
{
    struct identity device;

    asking->again |= identity_parse(retrieved->device, strlen(retrieved->device), NULL, &device) == AM_OK &&
                     strcmp(device.unit, asking->device.unit) == 0;
}

static enum am_err told_take(struct asking *asking, uint64_t seq)
{
    Amana__V1__EntryContent *content;
    struct store_entry entry;

    TRY(store_entry(asking->look->view, seq, &entry));
    bool signed_since = entry.kind == AMANA__V1__ENTRY_KIND__CODE__RETRIEVED && seq >= asking->place->size;
    if (entry.kind != AMANA__V1__ENTRY_KIND__CODE__DEADLINE && entry.kind != AMANA__V1__ENTRY_KIND__CODE__STATE &&
        !signed_since)
        return AM_OK;
    TRY(entry_read(asking, &entry, &content));
    if (content == NULL)
        return AM_OK;
    switch ((int)content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED: signed_take(asking, content->retrieved); return AM_OK;
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return passed_take(asking, seq, content->deadline);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return state_take(asking, &entry, content->state);
    default: return AM_OK;
    }
}

// --- A message
static enum am_err outcome_read(struct asking *asking, uint64_t seq, unsigned *ret_outcome)
{
    struct store_message kept;
    Amana__V1__Header *header;

    *ret_outcome = 0;
    TRY(store_message(asking->look->view, seq, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &asking->scratch, NULL,
                     (ProtobufCMessage **)&header));
    *ret_outcome = (unsigned)header->outcome;
    return AM_OK;
}

static enum am_err moves_take(struct asking *asking, const struct store_pointer *message, uint64_t at,
                              const Amana__V1__SubmittedEntry *submitted)
{
    const struct kind *kind = kind_get(message->kind);
    struct life_asked_move said = {.root_kind = asking->root.kind,
                                   .kind = message->kind,
                                   .seq = message->seq,
                                   .at = at,
                                   .anew = kind != NULL && kind->chain != CHAIN_NONE};
    bool withheld = false, looked = false;

    for (size_t i = 0; i < submitted->n_moves; i++) {
        const Amana__V1__Move *move = submitted->moves[i];
        struct life_asked *known;
        if (!move_is_of(asking, move))
            continue;
        if (!looked) {
            TRY(outcome_read(asking, message->seq, &said.outcome));
            if (!in_hand_has(&asking->place->in_hand, message->seq))
                TRY(withheld_row(asking->look->view, &asking->scratch, &asking->device, message->seq,
                                 JOURNAL_MAIL_MESSAGE, &withheld));
            looked = true;
        }
        TRY(life_get(asking->place, move->recipient, (uint8_t)move->from, &known));
        said.from = (uint8_t)move->from;
        said.to = (uint8_t)move->to;
        said.answers = strcmp(message->originator, move->recipient) == 0;
        said.told = !withheld;
        life_asked_moved(known, &said);
    }
    return AM_OK;
}

static enum am_err message_take(struct asking *asking, const struct store_pointer *message)
{
    Amana__V1__EntryContent *content;
    struct store_entry entry;

    TRY(store_entry(asking->look->view, message->seq, &entry));
    if (message->seq == asking->root.seq)
        asking->place->began = log_leaf_time(entry.leaf);
    if (entry.kind != AMANA__V1__ENTRY_KIND__CODE__SUBMITTED) // one that waits for its second person was sent to nobody
        return AM_OK;
    TRY(entry_read(asking, &entry, &content));
    if (content == NULL || content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        return AM_OK;
    uint64_t at = log_leaf_time(entry.leaf);
    if (message->root == asking->root.seq && kind_get(message->kind) != NULL &&
        kind_get(message->kind)->chain != CHAIN_NONE)
        asking->place->began = at;
    return moves_take(asking, message, at, content->submitted);
}

static enum am_err entry_take(struct asking *asking, uint64_t seq)
{
    struct store_pointer message;
    enum am_err err = apart_message(asking->look->view, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? told_take(asking, seq) : err;
    return message_take(asking, &message);
}

// --- The case from the root on, a part at a time
static void place_begin(const struct asked_look *look, struct asked_place *place)
{
    if (place->root == look->root && place->shield == look->shield && place->next != 0)
        return;
    place->root = place->next = look->root;
    place->shield = look->shield;
    place->size = store_view_size(look->view);
    place->began = place->n = 0;
}

static enum am_err entries_take(struct asking *asking, struct asked_look *look, struct asked_place *place,
                                bool *ret_more)
{
    const struct am_bytes key = {(const uint8_t *)look->case_ref, strlen(look->case_ref)};

    for (*ret_more = true; look->reads > 0; look->reads--) {
        uint64_t seq = place->next;
        enum am_err err = store_index_next(look->view, STORE_INDEX_CASE, key, &seq);
        if (err == AM_NOT_FOUND)
            *ret_more = false;
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(entry_take(asking, seq));
        place->next = seq + 1;
        if (asking->again) {
            place->next = 0;
            place_begin(look, place);
            asking->again = false;
        }
    }
    return AM_OK;
}

enum am_err asked_look(struct asked_look *look, struct asked_place *place, bool *ret_more)
{
    struct asking AM_CLEANUP(asking_clear) asking = {.look = look, .place = place};

    asking.device.kind = IDENTITY_DEVICE;
    arena_init(&asking.scratch, ASKED_SCRATCH);
    TRY(place->err);
    TRY(store_pointer_of(look->view, look->root, &asking.root));
    *ret_more = place->in_hand.seqs == NULL;
    if (*ret_more) {
        (void)strlcpy(place->originator, asking.root.originator, sizeof place->originator);
        return AM_OK;
    }
    (void)strlcpy(asking.device.unit, asking.root.originator, sizeof asking.device.unit);
    address_country(asking.device.unit, asking.device.country);
    place_begin(look, place);
    return entries_take(&asking, look, place, ret_more);
}

// --- One of them
const struct life_asked *asked_known(const struct asked_place *place, const char *recipient)
{
    const struct asked_life *life = life_find(place, recipient);

    return life != NULL && life->known.apart ? &life->known : NULL;
}

// Until when it was to be answered when it began, of what may be asked back.
static enum am_err asked_until(struct store_view *view, uint64_t root, const char *recipient, uint64_t *ret_until)
{
    struct arena AM_CLEANUP(arena_clear) scratch = {0};
    struct journal_delivery delivery;
    struct store_pointer pointer;
    struct store_message kept;
    Amana__V1__Header *header;

    *ret_until = 0;
    TRY(store_pointer_of(view, root, &pointer));
    if (pointer.kind != KIND(REQUEST)) // no other clock ever stands still
        return AM_OK;
    enum am_err err = store_delivery(view, root, recipient, &delivery);
    if (err == AM_OK)
        err = store_message(view, root, &kept);
    if (err != AM_OK || kept.header.len == 0)
        return err == AM_NOT_FOUND ? AM_OK : err;
    arena_init(&scratch, ASKED_SCRATCH);
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &scratch, NULL,
                     (ProtobufCMessage **)&header));
    *ret_until =
        kind_due(pointer.kind, pointer.urgency, 0, header_time_or_0(header->answer_by), delivery.delivered_at).answer;
    return AM_OK;
}

enum am_err asked_life(struct store_view *view, const struct asked_place *place, struct journal_life *life,
                       bool *ret_known)
{
    const struct life_asked *known = asked_known(place, life->recipient);
    struct journal_life kept = *life;
    uint64_t until;

    *ret_known = false;
    if (known == NULL)
        return AM_OK;
    TRY(asked_until(view, place->root, life->recipient, &until));
    life_asked_fill(known, until, life);
    *ret_known = life_asked_differs(life, &kept);
    if (!*ret_known)
        *life = kept;
    return AM_OK;
}
