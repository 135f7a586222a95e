// SPDX-License-Identifier: Apache-2.0
// Rows of one device, and of all devices of the states that a case is kept from.
#include "server/net/withheld.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/harm.h"

#include <string.h>

#define HIDDEN_MOST    512u          // rows that go with one append
#define HIDDEN_SCRATCH (256u * 1024) // one entry and one header, decoded

// --- One row
// A message that isn't retrieved, and from whom its case is kept. What another device of the unit has, this one gets
// too.
struct held {
    Amana__V1__Header *header; // NULL: it isn't held back
    bool withheld;
};

static enum am_err message_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                    uint64_t seq, struct held *ret_held)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_delivery delivery;
    struct journal_shield shield;
    struct store_message kept;
    enum am_err err = store_delivery(view, seq, device->unit, &delivery);

    if (err != AM_NOT_FOUND)
        TRY(err);
    if (err == AM_OK && delivery.retrieved_at != 0)
        return AM_OK;
    TRY(store_message(view, seq, &kept));
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, arena, NULL,
                     (ProtobufCMessage **)&ret_held->header));
    TRY(store_shield(view, ret_held->header->case_ref, states, &shield));
    ret_held->withheld = harm_withholds(&shield, device->country, ret_held->header);
    return AM_OK;
}

// Nor is it told about what it hasn't got.
static enum am_err notice_withheld(struct store_view *view, struct arena *arena, const struct identity *device,
                                   uint64_t seq, struct held *ret_held)
{
    const Amana__V1__Pointer *about = NULL;
    Amana__V1__EntryContent *content;
    struct store_pointer pointer;
    struct store_entry entry;
    enum am_err err;

    TRY(store_entry(view, seq, &entry));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry.content, arena, NULL,
                     (ProtobufCMessage **)&content));
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE)
        about = content->deadline->message;
    else if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE)
        about = content->state->message;
    err = store_find_pointer(view, about, &pointer);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    return message_withheld(view, arena, device, pointer.seq, ret_held);
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

// --- What is left of a case
static struct am_bytes case_key(const char *case_ref)
{
    return (struct am_bytes){(const uint8_t *)case_ref, strlen(case_ref)};
}

// The first message of the case at or above *seq.
static enum am_err case_next(struct store_view *view, const char *case_ref, uint64_t *seq,
                             struct store_message *ret_message)
{
    for (;; ++*seq) {
        TRY(store_index_next(view, STORE_INDEX_CASE, case_key(case_ref), seq));
        enum am_err err = store_message(view, *seq, ret_message);
        if (err != AM_NOT_FOUND) // else an entry about one
            return err;
    }
}

static enum am_err release_waits(struct store_view *view, uint64_t seq, bool *ret_waits)
{
    struct journal_release release;
    enum am_err err = store_release(view, seq, &release);

    *ret_waits = err == AM_OK && release.waits && !release.deferred;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err case_left(struct store_view *view, const char *case_ref, struct hub_due_case *of_case)
{
    struct store_message message;
    uint64_t seq = 0;
    enum am_err err = AM_OK;

    for (; !of_case->left && (err = case_next(view, case_ref, &seq, &message)) == AM_OK; seq++)
        of_case->left = message.body.len > 0;
    if (of_case->left) // seq is past it
        return release_waits(view, seq - 1, &of_case->waits);
    if (err != AM_NOT_FOUND)
        return err;
    for (seq = of_case->first; (err = store_index_next(view, STORE_INDEX_CASE, case_key(case_ref), &seq)) == AM_OK;
         seq++)
        of_case->seen = seq;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err withheld_case_kept(struct store_view *view, const char *case_ref, struct hub_due_case *ret_case)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    struct store_message message;

    *ret_case = (struct hub_due_case){.kept = false};
    TRY(store_any_shield(view, &ret_case->kept));
    if (!ret_case->kept) // of any: most hubs have none
        return AM_OK;
    TRY(store_shield(view, case_ref, states, &shield));
    ret_case->kept = shield.version > 0;
    ret_case->version = shield.version;
    return ret_case->kept ? case_next(view, case_ref, &ret_case->first, &message) : AM_OK;
}

// --- What was withheld for its sake
struct hiding {
    struct store_view *view;
    const char *case_ref;
    struct arena *arena, scratch;
    struct journal_mail *rows;
    struct hub_due_case *of_case;
};

static enum am_err hide(struct hiding *hiding, const char *device, uint8_t urgency, uint64_t seq, uint8_t kind)
{
    struct hub_due_case *of_case = hiding->of_case;
    const char *uri = arena_copy(hiding->arena, device, strlen(device));

    if (uri == NULL)
        return arena_error(hiding->arena);
    of_case->more = of_case->n_hidden == HIDDEN_MOST;
    if (!of_case->more)
        hiding->rows[of_case->n_hidden++] = (struct journal_mail){uri, urgency, seq, kind};
    return AM_OK;
}

static enum am_err mailbox_hide(struct hiding *hiding, const char *uri, const struct identity *device)
{
    uint8_t urgency = 0, kind;
    uint64_t seq = 0;
    enum am_err err = AM_OK;

    while (!hiding->of_case->more && (err = store_mail_next(hiding->view, uri, &urgency, &seq, &kind)) == AM_OK) {
        struct held held;
        arena_reset(&hiding->scratch);
        TRY(row_held(hiding->view, &hiding->scratch, device, seq, kind, &held));
        if (held.withheld && strcmp(held.header->case_ref, hiding->case_ref) == 0)
            TRY(hide(hiding, uri, urgency, seq, kind));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// Of every device that has mail, also one that is on no roster any more: it may come back.
static enum am_err case_hide(struct hiding *hiding)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    const char *uri;
    uint32_t at = 0;
    enum am_err err;

    TRY(store_shield(hiding->view, hiding->case_ref, states, &shield));
    while (!hiding->of_case->more && (err = store_mail_device_next(hiding->view, &at, &uri)) == AM_OK) {
        struct identity device;
        bool listed = false;
        if (identity_parse(uri, strlen(uri), NULL, &device) != AM_OK)
            continue;
        for (size_t i = 0; i < shield.n; i++)
            listed |= strcmp(states[i].country, device.country) == 0;
        if (listed)
            TRY(mailbox_hide(hiding, uri, &device));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err withheld_case(struct store_view *view, struct arena *arena, const char *case_ref,
                          struct hub_due_case *ret_case)
{
    struct hiding hiding = {.view = view, .case_ref = case_ref, .arena = arena, .of_case = ret_case};

    TRY(withheld_case_kept(view, case_ref, ret_case));
    if (ret_case->kept)
        TRY(case_left(view, case_ref, ret_case));
    if (!ret_case->kept || ret_case->left)
        return AM_OK;
    hiding.rows = arena_array(arena, HIDDEN_MOST, sizeof *hiding.rows);
    if (hiding.rows == NULL)
        return arena_error(arena);
    ret_case->hidden = hiding.rows;
    arena_init(&hiding.scratch, HIDDEN_SCRATCH);
    enum am_err err = case_hide(&hiding);
    arena_clear(&hiding.scratch);
    return err;
}
