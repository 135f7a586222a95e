// SPDX-License-Identifier: Apache-2.0
// One entry against its own leaf, and a SUBMITTED against the message that it speaks of.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
#include "server/store/bytes.h"
#include "server/store/fsck.h"

// Looks up; what isn't there is a fault. Another error than that ends the check.
static enum am_err expect(struct fsck *fsck, uint64_t seq, enum am_err err, const char *what)
{
    if (err == AM_NOT_FOUND || err == AM_CORRUPT || err == AM_INVALID) {
        fsck_fault(fsck, seq, "%s", what);
        return AM_OK;
    }
    return err;
}

static enum am_err expect_digest(struct fsck *fsck, uint64_t seq, struct am_bytes bytes, ProtobufCBinaryData digest,
                                 const char *what)
{
    uint8_t hash[LOG_HASH_SIZE];
    if (bytes.len == 0 && digest.len == 0)
        return AM_OK;
    TRY(log_sha256(bytes, hash));
    if (digest.len != sizeof hash || memcmp(digest.data, hash, sizeof hash) != 0)
        fsck_fault(fsck, seq, "the %s is not what its entry says", what);
    return AM_OK;
}

// The row of this key in `table` must hold the seq.
static enum am_err expect_seq(struct fsck *fsck, uint64_t seq, enum table table, const void *key, size_t len,
                              const char *what)
{
    struct am_bytes row;
    enum am_err err = table_get(fsck->txn, table, key, len, &row);
    if (err == AM_OK && (row.len != 8 || get_be64(row.data) != seq))
        err = AM_CORRUPT;
    return expect(fsck, seq, err, what);
}

static enum am_err index_check(struct fsck *fsck, uint64_t seq, const uint8_t name[NAME_SIZE], const char *what)
{
    uint8_t key[KEY_INDEX], value[8];
    key_index(seq, name, key);
    put_be64(value, seq);
    return expect(fsck, seq, table_has(fsck->txn, TABLE_INDEX, key, sizeof key, value, sizeof value), what);
}

static enum am_err party_check(struct fsck *fsck, uint64_t seq, const uint8_t name[NAME_SIZE])
{
    const char *text;
    TRY(index_check(fsck, seq, name, "it is missing in the index of a party"));
    return expect(fsck, seq, name_text(fsck->txn, name, &text), "a unit of its message has no name");
}

static enum am_err id_check(struct fsck *fsck, uint64_t seq, enum table table, const char *id_text, const char *uri)
{
    uint8_t device[NAME_SIZE], id[16], key[KEY_ID];
    if (message_id_check(id_text, id, NULL) != AM_OK) {
        fsck_fault(fsck, seq, "its message id is none");
        return AM_OK;
    }
    enum am_err err = name_find(fsck->txn, uri, strlen(uri), device);
    if (err != AM_OK)
        return expect(fsck, seq, err, "its message is not found by its id");
    key_id(id, device, key);
    return expect_seq(fsck, seq, table, key, sizeof key, "its message is not found by its id");
}

static enum am_err keys_check(struct fsck *fsck, uint64_t seq, const Amana__V1__SubmittedEntry *entry,
                              const struct row_message *message)
{
    TRY(id_check(fsck, seq, TABLE_ID, entry->id, entry->device));
    TRY(party_check(fsck, seq, message->originator));
    for (size_t i = 0; i < message->n_recipients; i++)
        TRY(party_check(fsck, seq, message->recipients[i].name));
    return AM_OK;
}

// Of a message whose body is gone an ERASED entry says so.
static enum am_err erased_said(struct fsck *fsck, uint64_t seq)
{
    uint8_t key[8];
    put_be64(key, seq);
    for (uint64_t at = seq + 1;; at++) {
        struct am_bytes bytes;
        struct row_entry entry;
        uint8_t entry_key[8];
        enum am_err err = table_next_value(fsck->txn, TABLE_OF, key, sizeof key, &at);
        if (err == AM_OK) {
            put_be64(entry_key, at);
            err = table_get(fsck->txn, TABLE_ENTRY, entry_key, sizeof entry_key, &bytes);
        }
        bool erases = false;
        if (err == AM_OK)
            err = row_entry_parse(bytes, &entry);
        if (err != AM_OK)
            return expect(fsck, seq, err, "its body is gone, and no ERASED entry says so");
        err = entry_erases(entry.kind, entry.content, seq, &erases);
        if (err == AM_NOMEM || erases)
            return err;
    }
}

// What an ERASED entry says is gone is gone.
static enum am_err gone_check(struct fsck *fsck, uint64_t seq, const Amana__V1__ErasedEntry *entry)
{
    for (size_t i = 0; i < entry->n_bodies; i++) {
        struct am_bytes bytes;
        struct row_message message;
        uint8_t key[8];
        put_be64(key, entry->bodies[i]->seq);
        enum am_err err = table_get(fsck->txn, TABLE_MESSAGE, key, sizeof key, &bytes);
        if (err == AM_OK)
            err = row_message_parse(bytes, entry->bodies[i]->seq, &message);
        TRY(expect(fsck, seq, err, "the message that it says was erased is missing or damaged"));
        if (err == AM_OK && message.form != FORM_ERASED)
            fsck_fault(fsck, seq, "it says that the body of %llu is gone, and it is there",
                       (unsigned long long)entry->bodies[i]->seq);
    }
    return AM_OK;
}

// The message of an entry; judged->header stays empty where there is none.
static enum am_err message_read(struct fsck *fsck, uint64_t seq, ProtobufCBinaryData digest,
                                struct row_message *ret_message, struct store_judged *judged)
{
    struct am_bytes bytes;
    uint8_t key[8];
    put_be64(key, seq);
    enum am_err err = table_get(fsck->txn, TABLE_MESSAGE, key, sizeof key, &bytes);
    if (err == AM_OK)
        err = row_message_parse(bytes, seq, ret_message);
    if (err != AM_OK)
        return expect(fsck, seq, err, "its message is missing or damaged");
    judged->header = ret_message->header;
    judged->body_kept = ret_message->body.len > 0;
    judged->root = ret_message->root;
    if (digest.len != LOG_HASH_SIZE || memcmp(digest.data, ret_message->digest, LOG_HASH_SIZE) != 0)
        fsck_fault(fsck, seq, "its message is kept under another digest");
    return expect_digest(fsck, seq, ret_message->header, digest, "header");
}

// Under which entry a message came first: of what was parked and then sent that is the PARKED one.
static uint64_t first_of(const struct fsck *fsck, uint64_t seq, const char *id_text, const char *uri)
{
    uint8_t id[16], device[NAME_SIZE], key[KEY_ID];
    struct am_bytes row;
    if (message_id_check(id_text, id, NULL) != AM_OK || name_find(fsck->txn, uri, strlen(uri), device) != AM_OK)
        return seq; // told above
    key_id(id, device, key);
    return table_get(fsck->txn, TABLE_PARK_ID, key, sizeof key, &row) == AM_OK && row.len == 8 ? get_be64(row.data)
                                                                                               : seq;
}

// The point by which its body is sealed to an oversight, as its header says, leads to it.
static enum am_err point_check(struct fsck *fsck, uint64_t seq, uint64_t first, struct am_bytes bytes)
{
    Amana__V1__Header *header;
    enum am_err err = codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, bytes, &fsck->arena, NULL,
                                   (ProtobufCMessage **)&header);
    if (err != AM_OK || header->oversight_point.len <= JOURNAL_POINT)
        return err == AM_NOMEM ? err : AM_OK; // what can't be read is told by who judges headers
    fsck->points += first == seq;
    return expect_seq(fsck, first, TABLE_POINT, header->oversight_point.data + 1, JOURNAL_POINT,
                      "the point of its oversight is not kept, or is another's");
}

// One that waits no more has neither flags nor body.
static enum am_err parked_check(struct fsck *fsck, uint64_t seq, const Amana__V1__ParkedEntry *entry,
                                struct store_judged *judged)
{
    struct journal_release release = {.seq = seq};
    struct row_message message;
    struct am_bytes row;
    uint8_t key[8];
    TRY(message_read(fsck, seq, entry->header_digest, &message, judged));
    if (judged->header.data == NULL)
        return AM_OK;
    fsck->parked++;
    put_be64(key, seq);
    enum am_err err = table_get(fsck->txn, TABLE_RELEASE, key, sizeof key, &row);
    if (err == AM_OK)
        err = row_release_parse(row, &release);
    if (err != AM_OK)
        return expect(fsck, seq, err, "how it stands with its second person is missing or damaged");
    if (release.waits) {
        TRY(expect_digest(fsck, seq, message.flags, entry->flags_digest, "flags"));
        TRY(expect_digest(fsck, seq, message.body, entry->body_digest, "sealed body"));
    } else if (message.flags.len + message.body.len != 0) {
        fsck_fault(fsck, seq, "it waits no more, and its flags or body are still kept");
    }
    TRY(expect_digest(fsck, seq, message.signature, entry->signature_digest, "signature"));
    TRY(party_check(fsck, seq, message.originator));
    TRY(point_check(fsck, seq, seq, message.header));
    return id_check(fsck, seq, TABLE_PARK_ID, entry->id, entry->device);
}

static enum am_err submitted_check(struct fsck *fsck, uint64_t seq, const Amana__V1__SubmittedEntry *entry,
                                   struct store_judged *judged)
{
    struct row_message message;
    TRY(message_read(fsck, seq, entry->header_digest, &message, judged));
    if (judged->header.data == NULL)
        return AM_OK;
    fsck->messages++;
    if (message.form == FORM_ERASED) {
        TRY(erased_said(fsck, seq));
    } else {
        TRY(expect_digest(fsck, seq, message.flags, entry->flags_digest, "flags"));
        TRY(expect_digest(fsck, seq, message.body, entry->body_digest, "sealed body"));
    }
    TRY(expect_digest(fsck, seq, message.signature, entry->signature_digest, "signature"));
    TRY(point_check(fsck, seq, first_of(fsck, seq, entry->id, entry->device), message.header));
    return keys_check(fsck, seq, entry, &message);
}

// The oneof's field number is the kind: the first tag of the content.
static uint32_t content_kind(struct am_bytes content)
{
    uint32_t tag = 0;
    for (size_t i = 0; i < content.len && i < 2; i++) {
        tag |= (uint32_t)(content.data[i] & 0x7f) << (7 * i);
        if ((content.data[i] & 0x80) == 0)
            return tag >> 3;
    }
    return 0;
}

static enum am_err content_check(struct fsck *fsck, uint64_t seq, const struct row_entry *entry,
                                 struct store_judged *judged)
{
    Amana__V1__EntryContent *content;
    uint8_t name[NAME_SIZE];
    if (content_kind(entry->content) != entry->kind)
        fsck_fault(fsck, seq, "its content is of kind %u and it is kept as kind %u", content_kind(entry->content),
                   entry->kind);
    name_of_kind(entry->kind, name);
    TRY(index_check(fsck, seq, name, "it is missing in the index of its kind"));
    arena_reset(&fsck->arena);
    enum am_err err = codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry->content, &fsck->arena,
                                   NULL, (ProtobufCMessage **)&content);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK) {
        fsck_fault(fsck, seq, "its content is no entry of a log");
        return AM_OK;
    }
    judged->content = content;
    bool submitted = content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    if (submitted || content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_PARKED) {
        TRY(submitted ? submitted_check(fsck, seq, content->submitted, judged)
                      : parked_check(fsck, seq, content->parked, judged));
        if (judged->header.data == NULL)
            return AM_OK; // told: its message is missing
    }
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_ERASED)
        TRY(gone_check(fsck, seq, content->erased));
    return fsck->judge != NULL ? fsck->judge->entry(fsck->judge->user, judged) : AM_OK;
}

enum am_err fsck_entry(struct fsck *fsck, uint64_t seq, struct am_bytes row, bool *ret_leaf,
                       uint8_t ret_hash[LOG_HASH_SIZE])
{
    struct row_entry entry;
    struct log_leaf leaf;
    uint8_t commitment[LOG_HASH_SIZE];
    *ret_leaf = false;
    if (row_entry_parse(row, &entry) != AM_OK) {
        fsck_fault(fsck, seq, "its row is damaged");
        return AM_OK;
    }
    TRY(log_leaf_hash(entry.leaf, ret_hash));
    *ret_leaf = true;
    if (log_leaf_parse((struct am_bytes){entry.leaf, LOG_LEAF_SIZE}, &leaf) != AM_OK) {
        fsck_fault(fsck, seq, "its leaf is none of a known version");
        return AM_OK;
    }
    if (leaf.time_ns < fsck->last_time)
        fsck_fault(fsck, seq, "its time is before that of the entry before it");
    struct store_judged judged = {
        .seq = seq, .time_ns = leaf.time_ns, .time_kept = leaf.time_ns <= fsck->last_time, .fsck = fsck};
    fsck->last_time = leaf.time_ns > fsck->last_time ? leaf.time_ns : fsck->last_time;
    if (entry.form == FORM_ERASED)
        return AM_OK;
    TRY(log_commit(entry.salt.data, entry.content, commitment));
    if (memcmp(commitment, leaf.commitment, sizeof commitment) != 0)
        fsck_fault(fsck, seq, "its content or salt is not what its leaf commits to");
    return content_check(fsck, seq, &entry, &judged);
}
