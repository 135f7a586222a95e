// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of a life: up to the first message that is withheld from it, and by its own
// answers since. What it sends moves nothing for the others; its receipt is as if there were no such message.
#include "server/net/apart.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/failpoint.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/found.h"
#include "server/net/withheld.h"

#include <string.h>

#define APART_SCRATCH (256u * 1024) // one entry and one header, decoded

struct apart {
    struct check *check;
    struct apart_place *place;
    struct arena scratch;
    struct identity device;
    struct store_pointer root;
};

static void apart_clear(struct apart *apart)
{
    arena_clear(&apart->scratch);
}

// AM_NOT_FOUND: it is an entry about one.
static enum am_err message_at(const struct apart *apart, uint64_t seq, struct store_pointer *ret_message)
{
    return FAILPOINT_ERROR("case-read") ? AM_CORRUPT : store_pointer_of(apart->check->view, seq, ret_message);
}

// --- One entry
static bool move_is_own(const struct apart *apart, const Amana__V1__Move *move)
{
    return strcmp(move->recipient, apart->check->unit) == 0 && move->root != NULL &&
           header_points_at(move->root, apart->root.digest);
}

// What it moved the unit's life of, or to.
static enum am_err entry_moved(struct apart *apart, uint64_t seq, bool to)
{
    Amana__V1__EntryContent *content;
    struct store_entry entry;

    arena_reset(&apart->scratch);
    TRY(store_entry(apart->check->view, seq, &entry));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, &apart->scratch, NULL,
                     (ProtobufCMessage **)&content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        return AM_OK;
    for (size_t i = 0; i < content->submitted->n_moves; i++) {
        const Amana__V1__Move *move = content->submitted->moves[i];
        if (!move_is_own(apart, move))
            continue;
        apart->place->state = (uint8_t)(to ? move->to : move->from);
        apart->place->known = true;
    }
    return AM_OK;
}

// Does it begin the root's life, begin it anew, or end it?
static bool is_version(const struct apart *apart, const struct store_pointer *message)
{
    if (!apart->check->s->has_chain)
        return false;
    return message->seq == apart->root.seq || (message->kind == KIND(UPDATE) && message->root == apart->root.seq);
}

static bool is_end(const struct apart *apart, const struct store_pointer *message)
{
    const struct journal_chain *chain = &apart->check->s->chain;

    if (apart->check->s->has_chain)
        return chain->cancelled && message->seq == chain->clock;
    return message->kind == KIND(WITHDRAW) && message->root == apart->root.seq;
}

// The first that is withheld moved the life from what the unit knows; what it has begins anew.
static enum am_err message_take(struct apart *apart, const struct store_pointer *message)
{
    struct apart_place *place = apart->place;
    bool version = is_version(apart, message), withheld;

    if (!version && !is_end(apart, message))
        return AM_OK;
    arena_reset(&apart->scratch);
    TRY(withheld_row(apart->check->view, &apart->scratch, &apart->device, message->seq, JOURNAL_MAIL_MESSAGE,
                     &withheld));
    if (withheld)
        return place->known ? AM_OK : entry_moved(apart, message->seq, false);
    if (version) {
        place->version = message->seq;
        place->known = false;
    }
    return AM_OK;
}

static enum am_err entry_take(struct apart *apart, uint64_t seq)
{
    struct store_pointer message;
    enum am_err err = message_at(apart, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (strcmp(message.originator, apart->check->unit) == 0)
        return apart->place->known ? entry_moved(apart, seq, true) : AM_OK;
    return message_take(apart, &message);
}

// --- The case from the root on, a part at a time
// Where the last check of this message came to, unless the case is kept from others by now.
static void place_begin(struct apart *apart)
{
    struct apart_place *place = apart->place;
    uint32_t shield = apart->check->s->shield.version;

    if (place->root != apart->root.seq || place->shield != shield || place->next == 0)
        *place = (struct apart_place){
            .root = apart->root.seq, .shield = shield, .next = apart->root.seq, .version = JOURNAL_NONE};
}

static enum am_err entries_take(struct apart *apart, bool *ret_more)
{
    const char *case_ref = apart->check->header->case_ref;
    const struct am_bytes key = {(const uint8_t *)case_ref, strlen(case_ref)};

    for (unsigned reads = 0; reads < LIMIT_CASE_READS; reads++) {
        uint64_t seq = apart->place->next;
        enum am_err err = store_index_next(apart->check->view, STORE_INDEX_CASE, key, &seq);
        *ret_more = err == AM_OK;
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(entry_take(apart, seq));
        apart->place->next = seq + 1;
    }
    return AM_OK;
}

// By the clock of the version that it has.
static enum am_err clock_by(struct check *check, uint64_t version, struct journal_life *life)
{
    struct journal_delivery delivery;
    struct kind_due due;

    TRY(found_at(check->view, check->arena, version, &check->s->newest));
    TRY(store_delivery(check->view, version, check->unit, &delivery));
    due = kind_due(check->s->newest.kind, check->s->newest.urgency, 0, 0, delivery.delivered_at);
    life->clock_seq = version;
    life->ack_due = due.ack;
    life->answer_due = due.answer;
    check->s->chain.urgency = check->s->newest.urgency;
    return AM_OK;
}

static bool listed(const struct check *check)
{
    for (size_t i = 0; i < check->s->shield.n; i++)
        if (address_in_country(check->unit, check->s->shield.states[i].country))
            return true;
    return false;
}

enum am_err apart_find(struct check *check, struct apart_place *place, uint64_t root, struct journal_life *ret_life)
{
    struct apart AM_CLEANUP(apart_clear) apart = {.check = check, .place = place};
    struct journal_life life;
    const char *device = check->header->device;

    arena_init(&apart.scratch, APART_SCRATCH);
    if (!listed(check) || identity_parse(device, strlen(device), NULL, &apart.device) != AM_OK)
        return AM_OK;
    enum am_err err = store_life(check->view, root, check->unit, &life);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (!check->s->has_chain && life.state != LIFE(WITHDRAWN))
        return AM_OK;
    TRY(store_pointer_of(check->view, root, &apart.root));
    place_begin(&apart);
    TRY(entries_take(&apart, &check->s->more));
    if (check->s->more || !place->known || (check->s->has_chain && place->version == JOURNAL_NONE))
        return AM_OK;
    life.state = place->state;
    if (check->s->has_chain)
        TRY(clock_by(check, place->version, &life));
    check->s->apart = true;
    *ret_life = life;
    return AM_OK;
}

// --- Has it any message of the case?
static enum am_err message_had(struct apart *apart, const struct apart_case *of_case, uint64_t seq, bool *ret_had)
{
    struct journal_delivery delivery;
    struct store_pointer message;
    bool to_unit = false, withheld = true;
    enum am_err err = message_at(apart, seq, &message);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    *ret_had = strcmp(message.originator, apart->check->unit) == 0;
    for (size_t i = 0; i < of_case->n_out; i++)
        *ret_had |= of_case->out[i] == seq;
    for (size_t i = 0; i < message.n_recipients; i++)
        to_unit |= strcmp(message.recipients[i].unit, apart->check->unit) == 0;
    if (*ret_had || !to_unit)
        return AM_OK;
    err = store_delivery(apart->check->view, seq, apart->check->unit, &delivery);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // it waits, or waited, for its second person
    arena_reset(&apart->scratch);
    TRY(withheld_row(apart->check->view, &apart->scratch, &apart->device, seq, JOURNAL_MAIL_MESSAGE, &withheld));
    *ret_had = !withheld;
    return AM_OK;
}

enum am_err apart_party(struct check *check, struct apart_case *of_case, bool *ret_party)
{
    struct apart AM_CLEANUP(apart_clear) apart = {.check = check};
    const char *case_ref = check->header->case_ref, *device = check->header->device;
    const struct am_bytes key = {(const uint8_t *)case_ref, strlen(case_ref)};

    arena_init(&apart.scratch, APART_SCRATCH);
    if (!*ret_party || of_case->party || !listed(check) ||
        identity_parse(device, strlen(device), NULL, &apart.device) != AM_OK)
        return AM_OK;
    check->s->more = true;
    if (!of_case->asked) {
        of_case->asked = true;
        return AM_OK;
    }
    for (unsigned reads = 0; reads < LIMIT_CASE_READS && !of_case->party; reads++) {
        enum am_err err = store_index_next(check->view, STORE_INDEX_CASE, key, &of_case->next);
        if (err == AM_NOT_FOUND) {
            *ret_party = check->s->more = false;
            return AM_OK;
        }
        TRY(err);
        TRY(message_had(&apart, of_case, of_case->next++, &of_case->party));
    }
    check->s->more = !of_case->party;
    return AM_OK;
}
