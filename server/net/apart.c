// SPDX-License-Identifier: Apache-2.0
// What a unit of a listed state knows of a life: up to the first message that is withheld from it, and by its own
// answers since. What it sends moves nothing for the others; its receipt is as if there were no such message.
#include "server/net/apart.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "server/net/found.h"
#include "server/net/withheld.h"

#include <string.h>

#define ANSWERS_LOOKED 1024u         // entries of the case; of more the last state is not known any more
#define APART_SCRATCH  (256u * 1024) // one entry and one header, decoded

struct apart {
    struct check *check;
    struct arena scratch;
    struct identity device;
    struct store_pointer root;
    uint64_t after; // the first message that is withheld
    bool known;     // its state before that
    uint8_t state;
};

static void apart_clear(struct apart *apart)
{
    arena_clear(&apart->scratch);
}

static bool move_is_own(const struct apart *apart, const Amana__V1__Move *move)
{
    return strcmp(move->recipient, apart->check->unit) == 0 && move->root != NULL &&
           header_points_at(move->root, apart->root.digest);
}

// What an entry moved the unit's life of: from, or to.
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
        apart->state = (uint8_t)(to ? move->to : move->from);
        apart->known = true;
        apart->after = to ? apart->after : seq;
    }
    return AM_OK;
}

// From the newest on to older ones: one that is withheld and moved the life.
static enum am_err message_look(struct apart *apart, uint64_t seq, bool *ret_withheld)
{
    arena_reset(&apart->scratch);
    TRY(withheld_row(apart->check->view, &apart->scratch, &apart->device, seq, JOURNAL_MAIL_MESSAGE, ret_withheld));
    return *ret_withheld ? entry_moved(apart, seq, false) : AM_OK;
}

// *version: its seq; JOURNAL_NONE where there is none before it.
static enum am_err version_before(struct apart *apart, uint64_t *version)
{
    struct store_message kept;
    struct store_pointer before;
    Amana__V1__Header *header;
    enum am_err err;

    TRY(store_message(apart->check->view, *version, &kept));
    *version = JOURNAL_NONE;
    if (kept.header.len == 0)
        return AM_OK;
    arena_reset(&apart->scratch);
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, &apart->scratch, NULL,
                     (ProtobufCMessage **)&header));
    err = store_find_pointer(apart->check->view, header->supersedes, &before);
    if (err == AM_OK)
        *version = before.seq;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// The newest version that it has, where a newer one or the end is withheld.
static enum am_err chain_look(struct apart *apart, uint64_t *ret_version)
{
    const struct journal_chain *chain = &apart->check->s->chain;
    bool withheld = false;

    if (chain->cancelled)
        TRY(message_look(apart, chain->clock, &withheld));
    *ret_version = chain->newest;
    for (withheld = true; *ret_version != JOURNAL_NONE && withheld;) {
        TRY(message_look(apart, *ret_version, &withheld));
        if (withheld)
            TRY(version_before(apart, ret_version));
    }
    return AM_OK;
}

// A WITHDRAW stands in no chain: it waits in the device's mailbox.
static enum am_err withdraw_look(struct apart *apart)
{
    uint8_t urgency = 0, kind;
    uint64_t seq = 0;
    enum am_err err;

    while ((err = store_mail_next(apart->check->view, apart->check->header->device, &urgency, &seq, &kind)) == AM_OK) {
        struct store_pointer message;
        bool withheld;
        if (kind != JOURNAL_MAIL_MESSAGE)
            continue;
        err = store_pointer_of(apart->check->view, seq, &message);
        if (err != AM_OK && err != AM_NOT_FOUND)
            return err;
        if (err == AM_NOT_FOUND || message.kind != KIND(WITHDRAW) || message.root != apart->root.seq)
            continue;
        TRY(message_look(apart, seq, &withheld));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// What it has answered since.
static enum am_err answers_look(struct apart *apart)
{
    const char *case_ref = apart->check->header->case_ref;
    const struct am_bytes key = {(const uint8_t *)case_ref, strlen(case_ref)};
    uint64_t seq = apart->after + 1;

    for (unsigned looked = 0; looked < ANSWERS_LOOKED; looked++, seq++) {
        struct store_pointer message;
        enum am_err err = store_index_next(apart->check->view, STORE_INDEX_CASE, key, &seq);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        err = store_pointer_of(apart->check->view, seq, &message);
        if (err == AM_OK && strcmp(message.originator, apart->check->unit) == 0)
            TRY(entry_moved(apart, seq, true));
        else if (err != AM_OK && err != AM_NOT_FOUND) // an entry about one
            return err;
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

enum am_err apart_find(struct check *check, uint64_t root, struct journal_life *ret_life)
{
    struct apart AM_CLEANUP(apart_clear) apart = {.check = check};
    struct journal_life life;
    const char *device = check->header->device;
    uint64_t version = JOURNAL_NONE;

    arena_init(&apart.scratch, APART_SCRATCH);
    if (!listed(check) || identity_parse(device, strlen(device), NULL, &apart.device) != AM_OK)
        return AM_OK;
    enum am_err err = store_life(check->view, root, check->unit, &life);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    TRY(store_pointer_of(check->view, root, &apart.root));
    if (check->s->has_chain)
        TRY(chain_look(&apart, &version));
    else if (life.state == LIFE(WITHDRAWN))
        TRY(withdraw_look(&apart));
    if (!apart.known || (check->s->has_chain && version == JOURNAL_NONE))
        return AM_OK;
    TRY(answers_look(&apart));
    life.state = apart.state;
    if (check->s->has_chain)
        TRY(clock_by(check, version, &life));
    check->s->apart = true;
    *ret_life = life;
    return AM_OK;
}
