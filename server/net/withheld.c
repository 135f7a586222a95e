// SPDX-License-Identifier: Apache-2.0
// Rows of one device: what is withheld from its unit, and what it is told of that.
#include "server/net/withheld.h"

#include "amana/v1/audit.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/deadline.h"
#include "proto/model/harm.h"
#include "proto/model/life.h"
#include "proto/model/life_known.h"

#include <bsd/string.h>
#include <endian.h>
#include <string.h>

#define WITHHELD_SCRATCH (256u * 1024) // one entry and one header, decoded

bool in_hand_has(const struct in_hand *in_hand, uint64_t seq)
{
    for (size_t i = 0; i < in_hand->n; i++)
        if (in_hand->seqs[i] == seq)
            return true;
    return false;
}

// --- One row
// A message that isn't retrieved, and from whom its case is kept. What another device of the unit has, this one gets
// too.
struct held {
    Amana__V1__Header *header; // NULL: it isn't held back
    bool withheld;
    bool never; // nor can it come any more: nothing is left of it
    bool read;  // the message was, into `kept`
    struct store_message kept;
};

static enum am_err message_read(struct store_view *view, uint64_t seq, struct held *held)
{
    if (held->read)
        return AM_OK;
    TRY(store_message(view, seq, &held->kept));
    held->read = true;
    return AM_OK;
}

// By its header, whether its case is kept from the device's state.
static enum am_err case_held(struct store_view *view, struct arena *arena, const struct identity *device,
                             struct held *ret_held)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;

    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, ret_held->kept.header, arena, NULL,
                     (ProtobufCMessage **)&ret_held->header));
    TRY(store_shield(view, ret_held->header->case_ref, states, &shield));
    ret_held->withheld = harm_withholds(&shield, device->country, ret_held->header);
    return AM_OK;
}

static enum am_err message_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                    uint64_t seq, struct held *ret_held)
{
    struct journal_delivery delivery;
    bool any;
    enum am_err err = store_delivery(view, seq, device->unit, &delivery);

    if (err != AM_NOT_FOUND)
        TRY(err);
    if (err == AM_OK && delivery.retrieved_at != 0)
        return AM_OK;
    TRY(message_read(view, seq, ret_held));
    ret_held->never = ret_held->kept.body.len == 0;
    TRY(store_any_shield(view, &any));
    if (!any || ret_held->kept.header.len == 0) // most hubs have none; an empty header has no sender to ask of
        return AM_OK;
    return case_held(view, arena, device, ret_held);
}

// The message that it is about, and whose unit's it is to know: what a unit is told its supervisors are told too, who
// haven't the message themselves.
static const Amana__V1__Pointer *notice_about(const Amana__V1__EntryContent *content, struct identity *whose)
{
    switch ((int)content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE:
        if (address_same_country(content->deadline->recipient, whose->unit))
            (void)strlcpy(whose->unit, content->deadline->recipient, sizeof whose->unit);
        return content->deadline->message;
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return content->state->message;
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED: return content->released->message;
    case AMANA__V1__ENTRY_CONTENT__KIND_RETURNED: return content->returned->message;
    default: return NULL; // its own unit's
    }
}

// Nor of what met a deadline: whose unit asked is told of that, and its supervisors.
static enum am_err met_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                const struct store_pointer *about, const Amana__V1__Pointer *met_by,
                                struct held *ret_held)
{
    struct identity whose = *device;
    struct store_pointer by;
    enum am_err err = store_find_pointer(view, met_by, &by);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (address_same_country(about->originator, device->unit))
        (void)strlcpy(whose.unit, about->originator, sizeof whose.unit);
    *ret_held = (struct held){.withheld = false};
    return message_withheld(view, arena, &whose, by.seq, ret_held);
}

// What an entry says never came to this unit, so that the clock of its life stands still; else AM_NOT_FOUND.
static enum am_err halted_by(struct store_view *view, struct arena *arena, uint64_t seq, const char *unit,
                             uint64_t *ret_seq)
{
    Amana__V1__EntryContent *content;
    struct store_pointer by;
    struct store_entry entry;

    TRY(store_entry(view, seq, &entry));
    if (entry.kind != AMANA__V1__ENTRY_KIND__CODE__STATE)
        return AM_NOT_FOUND;
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, arena, NULL,
                     (ProtobufCMessage **)&content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_STATE || content->state->n_moves != 1)
        return AM_NOT_FOUND; // of one life each
    const Amana__V1__Move *move = content->state->moves[0];
    if (strcmp(move->recipient, unit) != 0 || !life_clock_stands((uint8_t)move->to))
        return AM_NOT_FOUND;
    TRY(store_find_pointer(view, content->state->message, &by));
    *ret_seq = by.seq;
    return AM_OK;
}

// Nor, of a clock that it was late by before the case was kept from it, what it was that had set that going and never
// came: the clock was put back since. `entry`: tells of it; `about`: the message that it is of.
static enum am_err clock_withheld(struct store_view *view, struct arena *arena, const struct identity *whose,
                                  const struct store_pointer *about, uint64_t entry, struct held *ret_held)
{
    struct arena AM_CLEANUP(arena_clear) scratch = {0};
    const uint64_t key = htobe64(about->seq);

    if (!life_sets_going(about->kind, KIND(CLARIFICATION), &(uint8_t){0}))
        return AM_OK;
    arena_init(&scratch, WITHHELD_SCRATCH);
    for (uint64_t at = entry + 1, by; !ret_held->withheld && !ret_held->never; at++) {
        enum am_err err =
            store_index_next(view, STORE_INDEX_MESSAGE, (struct am_bytes){(const uint8_t *)&key, sizeof key}, &at);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        arena_reset(&scratch);
        err = halted_by(view, &scratch, at, whose->unit, &by);
        if (err != AM_NOT_FOUND)
            TRY(err);
        if (err == AM_NOT_FOUND || by > entry)
            continue;
        *ret_held = (struct held){.withheld = false};
        TRY(message_withheld(view, arena, whose, by, ret_held));
    }
    return AM_OK;
}

static enum am_err late_withheld(struct store_view *view, struct arena *arena, const Amana__V1__DeadlineEntry *deadline,
                                 const struct identity *whose, const struct store_pointer *about, uint64_t entry,
                                 struct held *ret_held)
{
    *ret_held = (struct held){.withheld = false};
    return strcmp(whose->unit, deadline->recipient) == 0 ? clock_withheld(view, arena, whose, about, entry, ret_held)
                                                         : AM_OK;
}

// Nor is it told about what it hasn't got.
static enum am_err notice_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                   uint64_t seq, struct held *ret_held)
{
    struct identity whose = *device;
    Amana__V1__EntryContent *content;
    struct store_pointer pointer;
    struct store_entry entry;
    enum am_err err;

    TRY(store_entry(view, seq, &entry));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, arena, NULL,
                     (ProtobufCMessage **)&content));
    err = store_find_pointer(view, notice_about(content, &whose), &pointer);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    TRY(message_withheld(view, arena, &whose, pointer.seq, ret_held));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE || ret_held->withheld)
        return AM_OK;
    if (content->deadline->met_by != NULL)
        return met_withheld(view, arena, device, &pointer, content->deadline->met_by, ret_held);
    return late_withheld(view, arena, content->deadline, &whose, &pointer, seq, ret_held);
}

enum am_err withheld_about(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                           uint64_t *ret_message, char ret_unit[LIMIT_ADDRESS + 1])
{
    struct identity whose = *device;
    struct held held = {.withheld = false};
    Amana__V1__EntryContent *content;
    struct store_pointer message;
    struct store_entry entry;

    TRY(store_entry(view, seq, &entry));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, arena, NULL,
                     (ProtobufCMessage **)&content));
    TRY(store_find_pointer(view, notice_about(content, &whose), &message));
    bool deadline = content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    bool met = deadline && content->deadline->met_by != NULL;
    if (met && address_same_country(message.originator, device->unit)) {
        (void)strlcpy(whose.unit, message.originator, sizeof whose.unit);
        TRY(store_find_pointer(view, content->deadline->met_by, &message));
    }
    if (deadline && !met)
        TRY(late_withheld(view, arena, content->deadline, &whose, &message, seq, &held));
    if (held.withheld)
        return AM_NOT_FOUND; // by what it has not got, whatever it has of this
    *ret_message = message.seq;
    (void)strlcpy(ret_unit, whose.unit, LIMIT_ADDRESS + 1);
    return AM_OK;
}

// It is in the index of each party.
enum am_err withheld_told(struct store_view *view, uint64_t entry, const char *unit, bool *ret_told)
{
    uint64_t seq = entry;
    enum am_err err =
        store_index_next(view, STORE_INDEX_PARTY, (struct am_bytes){(const uint8_t *)unit, strlen(unit)}, &seq);

    *ret_told = err == AM_OK && seq == entry;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err row_held(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                            uint8_t kind, struct held *ret_held)
{
    *ret_held = (struct held){.withheld = false};
    switch (kind) {
    case JOURNAL_MAIL_MESSAGE: return message_withheld(view, arena, device, seq, ret_held);
    case JOURNAL_MAIL_NOTICE: return notice_withheld(view, arena, device, seq, ret_held);
    default: return AM_OK; // a copy of its own
    }
}

enum am_err withheld_row(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                         uint8_t kind, bool *ret_withheld)
{
    struct held held;

    TRY(row_held(view, arena, device, seq, kind, &held));
    *ret_withheld = held.withheld;
    return AM_OK;
}

// Whether it was erased on the word of a message that the unit hasn't got.
static enum am_err erased_unseen(struct store_view *view, struct arena *arena, const struct identity *device,
                                 uint64_t seq, bool *ret_unseen)
{
    Amana__V1__EntryContent *content;
    struct store_pointer order;
    struct store_entry entry;
    uint64_t erased_by;

    TRY(store_erased_by(view, seq, &erased_by));
    TRY(store_entry(view, erased_by, &entry));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, arena, NULL,
                     (ProtobufCMessage **)&content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_ERASED)
        return AM_OK;
    enum am_err err = store_find_pointer(view, content->erased->by, &order);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err; // retain_until has passed
    *ret_unseen = !store_pointer_party(&order, device->unit);
    return *ret_unseen ? AM_OK : withheld_row(view, arena, device, order.seq, JOURNAL_MAIL_MESSAGE, ret_unseen);
}

// What another device of the unit has would come without its body, with the entry that says why: that would tell of
// what is withheld.
static enum am_err erased_held(struct store_view *view, struct arena *arena, const struct identity *device,
                               uint64_t seq, struct held *ret_held)
{
    bool unseen = false;

    TRY(message_read(view, seq, ret_held));
    if (ret_held->kept.erased)
        TRY(erased_unseen(view, arena, device, seq, &unseen));
    if (!unseen || ret_held->kept.header.len == 0)
        return AM_OK;
    return case_held(view, arena, device, ret_held);
}

static enum am_err mail_held(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                             uint8_t kind, struct held *ret_held)
{
    TRY(row_held(view, arena, device, seq, kind, ret_held));
    return ret_held->withheld || kind != JOURNAL_MAIL_MESSAGE ? AM_OK : erased_held(view, arena, device, seq, ret_held);
}

enum am_err withheld_for(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                         uint8_t kind, const char **ret_case)
{
    struct held held;

    TRY(mail_held(view, arena, device, seq, kind, &held));
    *ret_case = held.withheld ? held.header->case_ref : NULL;
    return AM_OK;
}

enum am_err withheld_mail(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                          uint8_t kind, bool *ret_withheld)
{
    const char *case_ref;

    TRY(withheld_for(view, arena, device, seq, kind, &case_ref));
    *ret_withheld = case_ref != NULL;
    return AM_OK;
}

enum am_err withheld_erased(struct store_view *view, struct arena *arena, const struct identity *device, uint64_t seq,
                            bool *ret_withheld)
{
    struct held held = {.withheld = false};

    TRY(erased_held(view, arena, device, seq, &held));
    *ret_withheld = held.withheld;
    return AM_OK;
}

// What was parked has its deliveries where it was sent.
static enum am_err sent_as(struct store_view *view, uint64_t *seq)
{
    struct journal_release release;
    enum am_err err = store_release(view, *seq, &release);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (!release.deferred && release.state == AMANA__V1__RELEASE_STATE__CODE__RELEASED)
        *seq = release.ended_by;
    return AM_OK;
}

static enum am_err sent_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                 uint64_t seq, bool *ret_withheld)
{
    struct held held = {.withheld = false};
    uint64_t sent = seq;

    TRY(message_withheld(view, arena, device, seq, &held));
    if (held.never) // as one that was parked is, once it was sent
        TRY(sent_as(view, &sent));
    if (sent != seq) {
        held = (struct held){.withheld = false};
        TRY(message_withheld(view, arena, device, sent, &held));
    }
    *ret_withheld = held.withheld || held.never;
    return AM_OK;
}

// What never came to it and never will stays as it is once the case is kept from nobody any more, and then it can't be
// told from what nobody came for: of neither anything is left to be read.
enum am_err withheld_message(struct store_view *view, const char *unit, uint64_t seq, bool *ret_withheld)
{
    struct identity device = {.kind = IDENTITY_DEVICE};
    struct arena arena;

    (void)strlcpy(device.unit, unit, sizeof device.unit);
    address_country(unit, device.country);
    arena_init(&arena, WITHHELD_SCRATCH);
    enum am_err err = sent_withheld(view, &arena, &device, seq, ret_withheld);
    arena_clear(&arena);
    return err;
}

enum am_err withheld_clock(struct store_view *view, const char *unit, uint64_t message, uint64_t entry,
                           bool *ret_withheld)
{
    struct identity device = {.kind = IDENTITY_DEVICE};
    struct held held = {.withheld = false};
    struct store_pointer about;
    struct arena AM_CLEANUP(arena_clear) arena = {0};

    (void)strlcpy(device.unit, unit, sizeof device.unit);
    address_country(unit, device.country);
    TRY(store_pointer_of(view, message, &about));
    arena_init(&arena, WITHHELD_SCRATCH);
    TRY(clock_withheld(view, &arena, &device, &about, entry, &held));
    *ret_withheld = held.withheld || held.never;
    return AM_OK;
}
