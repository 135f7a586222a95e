// SPDX-License-Identifier: Apache-2.0
// A walk over the receipt, the notices and the inbox.
#include "client/session/evidence.h"

#include "client/session/retrieved.h"
#include "client/session/seal.h"
#include "client/session/store_index.h"
#include "client/session/store_notice.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>

#define ARENA_EVIDENCE (16u * 1024 * 1024)

enum evidence_kind { DELIVERED, RETRIEVED, ANSWERED, CANCEL_ANSWERED };

struct evidence_row {
    struct evidence_row *next;
    enum evidence_kind kind;
    const char *unit, *officer; // officer of the answers
    uint64_t time;
};

struct search {
    struct session *session;
    struct arena *arena; // of the rows
    struct evidence *evidence;
    uint64_t seq;
    uint8_t digest[LOG_HASH_SIZE], root[LOG_HASH_SIZE]; // the message, and the alert that it belongs to
};

static enum am_err add(struct search *search, enum evidence_kind kind, const char *unit, const char *officer,
                       uint64_t time)
{
    struct evidence_row *row = arena_alloc(search->arena, sizeof *row);
    if (row == NULL)
        return arena_error(search->arena);
    *row = (struct evidence_row){search->evidence->rows, kind, arena_copy(search->arena, unit, strlen(unit)),
                                 arena_copy(search->arena, officer, strlen(officer)), time};
    if (row->unit == NULL || row->officer == NULL)
        return arena_error(search->arena);
    search->evidence->rows = row;
    return AM_OK;
}

static enum am_err take_receipt(struct search *search, const Amana__V1__ProvedEntry *entry)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__EntryContent *content;
    arena_init(&arena, ARENA_EVIDENCE);
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(entry->content), &arena, NULL,
                     (ProtobufCMessage **)&content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED)
        return AM_OK;
    for (size_t i = 0; i < content->submitted->n_delivered_to; i++)
        TRY(add(search, DELIVERED, content->submitted->delivered_to[i], "", entry->time));
    return AM_OK;
}

// --- Retrieval
static enum am_err visit_notice(const Amana__V1__KeptNotice *notice, struct arena *arena, evidence_retrieval *visit,
                                void *user)
{
    Amana__V1__EntryContent *content;
    struct identity identity;
    if (notice->fault[0] != '\0' || notice->unchecked[0] != '\0')
        return AM_OK;
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(notice->entry->content), arena,
                     NULL, (ProtobufCMessage **)&content));
    const Amana__V1__Retrieved *statement = retrieved_read(content, arena);
    if (statement == NULL)
        return AM_OK;
    TRY(identity_parse(content->retrieved->device, strlen(content->retrieved->device), NULL, &identity));
    return visit(user, identity.unit, notice->entry->time, statement);
}

enum am_err evidence_each_retrieval(struct session *session, uint64_t seq, evidence_retrieval *visit, void *user)
{
    for (uint64_t at = 0;; at++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__KeptNotice *notice;
        arena_init(&arena, ARENA_EVIDENCE);
        enum am_err err = store_retrieval_next(session->store, seq, &at, &arena, &notice);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(visit_notice(notice, &arena, visit, user));
    }
}

static enum am_err take_retrieval(void *user, const char *unit, uint64_t time_ns, const Amana__V1__Retrieved *statement)
{
    struct search *search = user;
    for (size_t i = 0; i < statement->n_messages; i++)
        if (statement->messages[i]->seq == search->seq)
            return add(search, RETRIEVED, unit, "", time_ns);
    return AM_OK;
}

// --- Answers
static bool is_digest(const ProtobufCBinaryData *bytes, const uint8_t digest[LOG_HASH_SIZE])
{
    return bytes->len == LOG_HASH_SIZE && memcmp(bytes->data, digest, LOG_HASH_SIZE) == 0;
}

// Whether what is answered is of the same alert. *ret_cancel: it is what ends it.
static bool is_of_alert(struct search *search, const Amana__V1__Pointer *pointer, struct arena *arena, bool *ret_cancel)
{
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    if (store_get(search->session->store, STORE_SENT, pointer->id, arena, &kept) != AM_OK ||
        !log_sha256_is(codec_bytes(kept->message->header), codec_bytes(pointer->header_digest)) ||
        seal_header(kept->message, arena, NULL, &header) != AM_OK)
        return false;
    *ret_cancel = header->kind == KIND(CANCEL) || header->kind == KIND(WITHDRAW);
    return is_digest(&pointer->header_digest, search->digest) || is_digest(&pointer->header_digest, search->root) ||
           (header->in_reply_to != NULL && is_digest(&header->in_reply_to->header_digest, search->root));
}

static enum am_err take_answer(struct search *search, const char *id)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    bool cancel;
    arena_init(&arena, ARENA_EVIDENCE);
    TRY(store_get(search->session->store, STORE_INBOX, id, &arena, &kept));
    if (kept->fault[0] != '\0' || kept->entry == NULL || seal_header(kept->message, &arena, NULL, &header) != AM_OK ||
        header->in_reply_to == NULL || !is_of_alert(search, header->in_reply_to, &arena, &cancel))
        return AM_OK;
    return add(search, cancel ? CANCEL_ANSWERED : ANSWERED, header->sender->unit, header->officer, kept->entry->time);
}

// Where in the log the first version of the message stands: of it, answers count as well.
static uint64_t first_seq(struct search *search, const Amana__V1__Kept *kept, const Amana__V1__Pointer *root)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *first;
    arena_init(&arena, ARENA_EVIDENCE);
    if (root == NULL)
        return kept->entry->index;
    if (store_get(search->session->store, STORE_SENT, root->id, &arena, &first) == AM_OK && first->entry != NULL)
        return first->entry->index;
    return 0;
}

// An answer is of the same case (rule_answer_carries).
static enum am_err take_answers(struct search *search, const char *case_ref, uint64_t seq)
{
    char id[STORE_ID];
    enum store_box box;
    enum am_err err;
    for (; (err = store_next_of_case(search->session->store, case_ref, &seq, &box, id)) == AM_OK; seq++)
        if (box == STORE_INBOX)
            TRY(take_answer(search, id));
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err evidence_find(struct session *session, const Amana__V1__Kept *kept, struct arena *arena,
                          struct evidence *ret_evidence)
{
    struct evidence evidence = {0};
    struct search search = {.session = session, .arena = arena, .evidence = &evidence};
    Amana__V1__Header *header;
    TRY(seal_header(kept->message, arena, NULL, &header));
    TRY(log_sha256(codec_bytes(kept->message->header), search.digest));
    memcpy(search.root, search.digest, LOG_HASH_SIZE);
    if (header->in_reply_to != NULL && header->in_reply_to->header_digest.len == LOG_HASH_SIZE)
        memcpy(search.root, header->in_reply_to->header_digest.data, LOG_HASH_SIZE);
    TRY(take_receipt(&search, kept->entry));
    search.seq = kept->entry->index;
    TRY(evidence_each_retrieval(session, search.seq, take_retrieval, &search));
    TRY(take_answers(&search, header->case_ref, first_seq(&search, kept, header->in_reply_to)));
    *ret_evidence = evidence;
    return AM_OK;
}

static const struct evidence_row *find(const struct evidence_row *row, enum evidence_kind kind, const char *unit)
{
    while (row != NULL && (row->kind != kind || strcmp(row->unit, unit) != 0))
        row = row->next;
    return row;
}

bool evidence_delivered(const struct evidence *evidence, const char *unit)
{
    return find(evidence->rows, DELIVERED, unit) != NULL;
}

bool evidence_retrieved(const struct evidence *evidence, const char *unit)
{
    return find(evidence->rows, RETRIEVED, unit) != NULL;
}

uint64_t evidence_retrieved_at(const struct evidence *evidence, const char *unit)
{
    const struct evidence_row *row = find(evidence->rows, RETRIEVED, unit);
    uint64_t first = row != NULL ? row->time : 0;
    while (row != NULL && (row = find(row->next, RETRIEVED, unit)) != NULL)
        first = row->time < first ? row->time : first;
    return first;
}

bool evidence_answered(const struct evidence *evidence, const char *unit, const char *officer, uint64_t time_ns,
                       bool to_cancel)
{
    enum evidence_kind kind = to_cancel ? CANCEL_ANSWERED : ANSWERED;
    const struct evidence_row *row = find(evidence->rows, kind, unit);
    while (row != NULL && (strcmp(row->officer, officer) != 0 || (time_ns != 0 && row->time != time_ns)))
        row = find(row->next, kind, unit);
    return row != NULL;
}
