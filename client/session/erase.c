// SPDX-License-Identifier: Apache-2.0
// Walks the boxes for what is named, and writes each row anew without its body.
#include "client/session/erase.h"

#include "certs/clock.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ERASE (16u * 1024 * 1024)
#define TOGETHER    256u // rows for one disk sync: a desk that was off for months has many

bool erase_asked(const Amana__V1__Header *header)
{
    return header->in_reply_to != NULL &&
           (header->kind == KIND(ERASURE) || kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome));
}

static bool same_pointer(const Amana__V1__Pointer *one, const Amana__V1__Pointer *other)
{
    return other->header_digest.len == LOG_HASH_SIZE && header_points_at(one, other->header_digest.data);
}

// The message itself, or a version of an alert that is named by its first.
static bool is_named(const Amana__V1__Header *by, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    uint8_t digest[LOG_HASH_SIZE];
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (log_sha256(codec_bytes(kept->message->header), digest) != AM_OK)
        return false;
    bool named = header_points_at(by->in_reply_to, digest);
    for (size_t i = 0; i < by->n_references && by->kind == KIND(ERASURE); i++)
        named |= header_points_at(by->references[i], digest);
    if (named || by->kind == KIND(ERASURE)) // which names each version itself
        return named;
    return kind != NULL && kind->chain == CHAIN_RENEWS && header->in_reply_to != NULL &&
           same_pointer(by->in_reply_to, header->in_reply_to);
}

// --- Orders to keep
struct hold {
    uint8_t digest[LOG_HASH_SIZE];
    uint64_t since, until;
    char by[STORE_ID];
};
struct holds {
    size_t n, room;
    struct hold *list;
};

static void holds_clear(struct holds *holds)
{
    free(holds->list);
}

static enum am_err hold_put(struct holds *holds, const struct hold *hold)
{
    if (holds->n == holds->room) {
        size_t room = holds->room * 2 + 16;
        struct hold *list = reallocarray(holds->list, room, sizeof *list);
        if (list == NULL)
            return AM_NOMEM;
        holds->list = list;
        holds->room = room;
    }
    holds->list[holds->n++] = *hold;
    return AM_OK;
}

static enum am_err hold_add(struct holds *holds, const Amana__V1__Pointer *pointer, const Amana__V1__Header *header)
{
    struct hold hold = {.since = header_time_or_0(header->written_at), .until = header_time_or_0(header->valid_until)};
    if (pointer == NULL || pointer->header_digest.len != LOG_HASH_SIZE)
        return AM_OK;
    memcpy(hold.digest, pointer->header_digest.data, LOG_HASH_SIZE);
    strlcpy(hold.by, header->id, sizeof hold.by);
    return hold_put(holds, &hold);
}

// Whether one of them was in force when this was said, and for as long as it says.
static bool held_for(const struct holds *holds, const uint8_t digest[LOG_HASH_SIZE], const struct hold *said)
{
    bool held = false;
    for (size_t i = 0; i < holds->n; i++)
        held |= memcmp(holds->list[i].digest, digest, LOG_HASH_SIZE) == 0 && holds->list[i].since <= said->since &&
                said->since < holds->list[i].until && said->until <= holds->list[i].until;
    return held;
}

// Each that a message names.
static enum am_err named_add(struct holds *list, const Amana__V1__Header *header)
{
    TRY(hold_add(list, header->in_reply_to, header));
    for (size_t i = 0; i < header->n_references; i++)
        TRY(hold_add(list, header->references[i], header));
    return AM_OK;
}

struct orders {
    struct session *session;
    struct holds *holds, *ordered; // `ordered` NULL: not asked for
    struct holds retained;         // ERASUREs that this unit kept something of by law: said when, until when
};

// A word that can't be read lets nothing go.
static enum am_err retained_add(struct orders *orders, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened = {.header = NULL};
    size_t n = orders->retained.n;
    arena_init(&arena, ARENA_ERASE);
    enum am_err err = seal_open_kept(orders->session, kept, &arena, &detail, &opened);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_OK;
    if (opened.body->kind_case != AMANA__V1__BODY__KIND_CONFIRM)
        return AM_OK;
    TRY(hold_add(&orders->retained, header->in_reply_to, header));
    if (n < orders->retained.n)
        orders->retained.list[n].until = header_time_or_0(opened.body->confirm->kept_until);
    return AM_OK;
}

static enum am_err order_row(struct orders *orders, enum store_box box, const Amana__V1__Kept *kept,
                             const Amana__V1__Header *header)
{
    const char *unit = orders->session->settings.value[SETTING_UNIT];
    if (header->kind == KIND(HOLD))
        return named_add(orders->holds, header);
    if (orders->ordered == NULL)
        return AM_OK;
    if (header->kind == KIND(ERASURE) && box == STORE_SENT)
        return named_add(orders->ordered, header);
    bool retains = header->kind == KIND(CONFIRM) && header->outcome == OUTCOME(RETAINED_BY_LAW);
    return retains && strcmp(header->sender->unit, unit) == 0 ? retained_add(orders, kept, header) : AM_OK;
}

// Of another's ERASURE what this unit kept for a HOLD, and no longer: it goes when that ends. What another law keeps
// stays.
static enum am_err retained_row(struct orders *orders, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    uint8_t digest[LOG_HASH_SIZE];
    struct holds named AM_CLEANUP(holds_clear) = {0};
    if (header->kind != KIND(ERASURE))
        return AM_OK;
    TRY(log_sha256(codec_bytes(kept->message->header), digest));
    TRY(named_add(&named, header));
    for (size_t i = 0; i < named.n; i++)
        for (size_t j = 0; j < orders->retained.n; j++)
            if (memcmp(orders->retained.list[j].digest, digest, LOG_HASH_SIZE) == 0 &&
                held_for(orders->holds, named.list[i].digest, &orders->retained.list[j]))
                TRY(hold_put(orders->ordered, &named.list[i]));
    return AM_OK;
}

static enum am_err orders_walk(struct orders *orders, enum store_box box, bool retained)
{
    char at[STORE_ID] = "", next[STORE_ID];
    enum am_err err;
    while ((err = store_next(orders->session->store, box, at, next)) == AM_OK) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        Amana__V1__Header *header;
        arena_init(&arena, ARENA_ERASE);
        strlcpy(at, next, sizeof at);
        TRY(store_get(orders->session->store, box, at, &arena, &kept));
        if (seal_header(kept->message, &arena, NULL, &header) != AM_OK || !second_sent(kept, header))
            continue;
        TRY(retained ? retained_row(orders, kept, header) : order_row(orders, box, kept, header));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// HOLDs in force that came, or that this unit sent; and what its own ERASUREs name, or others' that it kept for a HOLD.
// `ordered` NULL: not asked for.
static enum am_err orders_find(struct session *session, struct holds *holds, struct holds *ordered)
{
    struct orders orders = {.session = session, .holds = holds, .ordered = ordered};
    uint64_t now = session_now(session);
    size_t n = 0;
    enum am_err err = orders_walk(&orders, STORE_INBOX, false);
    if (err == AM_OK)
        err = orders_walk(&orders, STORE_SENT, false);
    if (err == AM_OK && orders.retained.n > 0)
        err = orders_walk(&orders, STORE_INBOX, true);
    holds_clear(&orders.retained);
    for (size_t i = 0; i < holds->n; i++)
        if (holds->list[i].until > now)
            holds->list[n++] = holds->list[i];
    holds->n = n;
    return err;
}

static const struct hold *hold_of(const struct holds *holds, const uint8_t digest[LOG_HASH_SIZE])
{
    const struct hold *longest = NULL;
    for (size_t i = 0; i < holds->n; i++)
        if (memcmp(holds->list[i].digest, digest, LOG_HASH_SIZE) == 0 &&
            (longest == NULL || holds->list[i].until > longest->until))
            longest = &holds->list[i];
    return longest;
}

enum am_err erase_held(struct session *session, const uint8_t digest[32], uint64_t *ret_until, char ret_by[STORE_ID])
{
    struct holds holds AM_CLEANUP(holds_clear) = {0};
    TRY(orders_find(session, &holds, NULL));
    const struct hold *hold = hold_of(&holds, digest);
    *ret_until = hold != NULL ? hold->until : 0;
    if (hold != NULL)
        strlcpy(ret_by, hold->by, STORE_ID);
    return AM_OK;
}

// --- Each body that is named
struct naming {
    struct session *session;
    const Amana__V1__Header *by;
    struct holds holds;
    bool erase;               // else only asked whether it may be
    struct am_detail *detail; // of what a HOLD keeps
    unsigned n;
};

static enum am_err named_row(struct naming *naming, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    Google__Protobuf__Timestamp now;
    uint8_t digest[LOG_HASH_SIZE];
    char until[TIMESTAMP_TEXT];
    arena_init(&arena, ARENA_ERASE);
    TRY(store_get(naming->session->store, box, id, &arena, &kept));
    if (kept->message->sealed_body.len == 0 || seal_header(kept->message, &arena, NULL, &header) != AM_OK ||
        !is_named(naming->by, kept, header))
        return AM_OK;
    TRY(log_sha256(codec_bytes(kept->message->header), digest));
    const struct hold *hold = hold_of(&naming->holds, digest);
    if (hold != NULL && naming->erase)
        return AM_OK;
    if (hold != NULL) {
        timestamp_print_ns(hold->until, until);
        return am_fail(AM_CONFLICT, naming->detail, id,
                       "is kept until %s for a court (HOLD %.13s): confirm RETAINED_BY_LAW until then", until,
                       hold->by);
    }
    naming->n++;
    if (!naming->erase)
        return AM_OK;
    timestamp_from_ns(clock_utc(), &now);
    kept->message->sealed_body = (ProtobufCBinaryData){0, NULL};
    kept->fault = kept->fault_text = (char *)"";
    kept->erased_by = naming->by->id;
    kept->erased_at = &now;
    return store_put(naming->session->store, box, id, kept);
}

static enum am_err named_rows(struct naming *naming)
{
    static const enum store_box BOXES[] = {STORE_INBOX, STORE_SENT};
    TRY(orders_find(naming->session, &naming->holds, NULL));
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        char at[STORE_ID] = "", next[STORE_ID];
        enum am_err err;
        while ((err = store_next(naming->session->store, BOXES[i], at, next)) == AM_OK) {
            strlcpy(at, next, sizeof at);
            TRY(named_row(naming, BOXES[i], at));
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_OK;
}

enum am_err erase_check(struct session *session, const Amana__V1__Header *header, struct am_detail *detail,
                        unsigned *ret_n)
{
    struct naming naming = {.session = session, .by = header, .detail = detail};
    enum am_err err = erase_asked(header) ? named_rows(&naming) : AM_OK;
    holds_clear(&naming.holds);
    if (err == AM_OK)
        *ret_n = naming.n;
    return err;
}

enum am_err erase_named(struct session *session, const Amana__V1__Header *header, unsigned *ret_n)
{
    struct naming naming = {.session = session, .by = header, .erase = true};
    enum am_err err = erase_asked(header) ? named_rows(&naming) : AM_OK;
    holds_clear(&naming.holds);
    if (err == AM_OK && ret_n != NULL)
        *ret_n = naming.n;
    return err;
}

// --- What has stayed longer than it may
struct overdue {
    struct session *session;
    struct holds holds, ordered; // by ERASUREs
    uint64_t now, next;          // what stays has to go then
    void (*told)(void *user, unsigned n);
    void *user;
    unsigned n, durable; // rows written; of these on the disk
};

static enum am_err overdue_row(struct overdue *overdue, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    Google__Protobuf__Timestamp now;
    uint8_t digest[LOG_HASH_SIZE];
    arena_init(&arena, ARENA_ERASE);
    TRY(store_get(overdue->session->store, box, id, &arena, &kept));
    if (kept->message->sealed_body.len == 0 || seal_header(kept->message, &arena, NULL, &header) != AM_OK)
        return AM_OK;
    TRY(log_sha256(codec_bytes(kept->message->header), digest));
    const struct hold *ordered = hold_of(&overdue->ordered, digest);
    uint64_t until = header_time_or_0(header->retain_until);
    bool over = until != 0 && until <= overdue->now;
    const struct hold *hold = hold_of(&overdue->holds, digest);
    if ((!over && ordered == NULL) || hold != NULL) {
        uint64_t at = hold == NULL ? until : hold->until; // an ERASURE may come before that
        overdue->next = at != 0 && at < overdue->next ? at : overdue->next;
        return AM_OK;
    }
    if (box == STORE_OUTBOX) { // it has gone nowhere, and would go without its body
        TRY(store_drop(overdue->session->store, box, id, kept));
        overdue->n++;
        return AM_OK;
    }
    timestamp_from_ns(overdue->now, &now);
    kept->message->sealed_body = (ProtobufCBinaryData){0, NULL};
    kept->fault = kept->fault_text = (char *)"";
    kept->erased_by = ordered != NULL ? (char *)ordered->by : (char *)"";
    kept->erased_at = &now;
    TRY(store_put(overdue->session->store, box, id, kept));
    overdue->n++;
    return AM_OK;
}

// What was written together so far is on the disk, or not there at all.
static enum am_err overdue_sync(struct overdue *overdue)
{
    enum am_err err = store_apart(overdue->session->store);
    overdue->durable = err == AM_OK ? overdue->n : overdue->durable;
    overdue->n = overdue->durable;
    return err;
}

static enum am_err overdue_rows(struct overdue *overdue)
{
    static const enum store_box BOXES[] = {STORE_INBOX, STORE_SENT, STORE_OUTBOX};
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        char at[STORE_ID] = "", next[STORE_ID];
        enum am_err err;
        while ((err = store_next(overdue->session->store, BOXES[i], at, next)) == AM_OK) {
            strlcpy(at, next, sizeof at);
            unsigned before = overdue->n;
            TRY(overdue_row(overdue, BOXES[i], at));
            if (overdue->n == before)
                continue;
            if (overdue->told != NULL)
                overdue->told(overdue->user, overdue->n);
            if (overdue->n % TOGETHER == 0) {
                TRY(overdue_sync(overdue));
                TRY(store_together(overdue->session->store));
            }
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    return AM_OK;
}

enum am_err erase_due(struct session *session, void (*told)(void *user, unsigned n), void *user, unsigned *ret_n)
{
    struct overdue overdue = {
        .session = session, .now = session_now(session), .next = UINT64_MAX, .told = told, .user = user};
    uint64_t due;
    *ret_n = 0;
    TRY(store_due_get(session->store, &due));
    if (due > overdue.now)
        return AM_OK;
    enum am_err err = orders_find(session, &overdue.holds, &overdue.ordered);
    if (err == AM_OK)
        err = store_together(session->store);
    if (err == AM_OK)
        err = overdue_rows(&overdue);
    enum am_err apart = overdue_sync(&overdue); // what went well before a failure goes all the same
    err = err == AM_OK ? apart : err;
    if (err == AM_OK)
        err = store_due_put(session->store, overdue.next);
    holds_clear(&overdue.holds);
    holds_clear(&overdue.ordered);
    *ret_n = overdue.durable;
    return err;
}

enum am_err erase_said(struct session *session, const Amana__V1__Header *header)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *asked;
    if (header->kind == KIND(ERASURE))
        return erase_named(session, header, NULL);
    if (header->kind != KIND(CONFIRM) || header->outcome != OUTCOME(DONE) || header->in_reply_to == NULL)
        return AM_OK;
    arena_init(&arena, ARENA_ERASE);
    enum am_err err = store_get(session->store, STORE_INBOX, header->in_reply_to->id, &arena, &kept);
    if (err == AM_NOT_FOUND)
        return AM_OK; // it will come, and be confirmed from here
    TRY(err);
    if (!log_sha256_is(codec_bytes(kept->message->header), codec_bytes(header->in_reply_to->header_digest)) ||
        seal_header(kept->message, &arena, NULL, &asked) != AM_OK)
        return AM_OK;
    return erase_named(session, asked, NULL);
}
