// SPDX-License-Identifier: Apache-2.0
// Replay, item by item: leaf, commitment, what SUBMITTED says of its header, the officer's signature, the tree.
#include "client/session/replay.h"

#include "certs/cms.h"
#include "client/session/history.h"
#include "client/session/retrieved.h"
#include "client/session/signers.h"
#include "proto/codec/codec.h"

#include <stdio.h>
#include <string.h>

void replay_check_init(struct replay_check *check, struct session *session, bool filtered,
                       const struct log_checkpoint *last)
{
    *check = (struct replay_check){.session = session, .filtered = filtered};
    merkle_range_init(&check->range);
    if (last != NULL) {
        check->has_last = true;
        check->last = *last;
    }
}

static enum am_err take_checkpoint(struct replay_check *check, const Amana__V1__Checkpoint *message,
                                   struct am_detail *detail)
{
    struct log_checkpoint checkpoint;
    struct session *session = check->session;
    if (log_checkpoint_read(message, session->hub->origin, &checkpoint) != AM_OK)
        return am_fail(AM_PROTO, detail, "checkpoint", "it is none of %s", session->hub->origin);
    if (log_checkpoint_verify(&session->log, &checkpoint) != AM_OK)
        return am_fail(AM_SIGNATURE, detail, "checkpoint", "of size %llu isn't signed by the log's key in trust.conf",
                       (unsigned long long)checkpoint.size);
    if (link_alive(session->link))
        TRY(history_tie(session, message, detail));
    check->checkpoint = checkpoint;
    check->has_checkpoint = true;
    return AM_OK;
}

static bool root_holds(const struct replay_check *check)
{
    uint8_t root[LOG_HASH_SIZE];
    return check->has_checkpoint && check->range.size == check->checkpoint.size &&
           merkle_range_root(&check->range, root) == AM_OK && memcmp(root, check->checkpoint.root, sizeof root) == 0;
}

// A replay that follows has no end at which to compare: it does so wherever its items reach a checkpoint.
static enum am_err reach(struct replay_check *check, struct am_detail *detail)
{
    if (!check->follow || !check->has_checkpoint || check->range.size != check->checkpoint.size)
        return AM_OK;
    if (!root_holds(check)) {
        history_alarm(check->session, "the entries that were shown have not the root that the log signed", NULL,
                      &check->checkpoint);
        return am_fail(AM_PROOF, detail, "log", "its first %llu entries, as shown, have not the root that it signed",
                       (unsigned long long)check->range.size);
    }
    check->proved = check->checkpoint;
    check->has_proved = true;
    return AM_OK;
}

static enum am_err grow(struct replay_check *check, const uint8_t hash[LOG_HASH_SIZE], struct am_detail *detail)
{
    uint8_t root[LOG_HASH_SIZE];
    TRY(merkle_range_append(&check->range, hash, NULL, NULL));
    TRY(reach(check, detail));
    if (!check->has_last || check->range.size != check->last.size)
        return AM_OK;
    TRY(merkle_range_root(&check->range, root));
    if (memcmp(root, check->last.root, sizeof root) == 0) {
        check->last_met = true;
        return AM_OK;
    }
    history_alarm(check->session, "the log is not the one that was replayed before: a fork", &check->last,
                  check->has_checkpoint ? &check->checkpoint : NULL);
    return am_fail(AM_PROOF, detail, "log", "its first %llu entries are not those of the last replay: a fork",
                   (unsigned long long)check->last.size);
}

static enum am_err check_path(struct replay_check *check, const Amana__V1__ReplayItem *item,
                              const uint8_t hash[LOG_HASH_SIZE])
{
    uint8_t path[MERKLE_PATH][LOG_HASH_SIZE];
    if (item->n_path > MERKLE_PATH || !check->has_checkpoint)
        return AM_PROOF;
    for (size_t i = 0; i < item->n_path; i++) {
        if (item->path[i].len != LOG_HASH_SIZE)
            return AM_PROOF;
        memcpy(path[i], item->path[i].data, LOG_HASH_SIZE);
    }
    return merkle_verify_inclusion(item->seq, check->checkpoint.size, hash, (const uint8_t(*)[LOG_HASH_SIZE])path,
                                   item->n_path, check->checkpoint.root);
}

static enum am_err damage(struct replay_check *check, uint64_t seq, struct am_detail *detail, const char *text)
{
    if (check->damaged++ == 0)
        check->first_damaged = seq;
    char field[40];
    snprintf(field, sizeof field, "entry %llu", (unsigned long long)seq);
    return am_fail(AM_CORRUPT, detail, field, "%s", text);
}

// The officer's signature by the roster that the header names, and the supervisor's. False where a roster can't be had.
static enum am_err check_signature(struct replay_check *check, uint64_t seq, const Amana__V1__Opened *opened,
                                   const Amana__V1__Header *header, enum signers signers, bool *ret_known)
{
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    struct am_detail why = {0};
    message.header = opened->header;
    message.signature = opened->signature;
    enum am_err err = signers_check(check->session, &message, header, seq, signers, &why);
    *ret_known = err == AM_OK || err == AM_SIGNATURE || err == AM_TOO_LARGE || err == AM_NOMEM;
    return *ret_known ? err : AM_OK;
}

static enum am_err check_message(struct replay_check *check, const Amana__V1__ReplayItem *item,
                                 ProtobufCBinaryData header_digest, ProtobufCBinaryData signature_digest,
                                 enum signers signers, struct arena *arena, struct am_detail *detail,
                                 Amana__V1__Header **ret_header)
{
    const Amana__V1__Opened *opened = item->opened;
    Amana__V1__Header *header;
    bool known;
    if (opened->header.len == 0) {
        check->signed_unknown++;
        return AM_OK;
    }
    if (!log_sha256_is(codec_bytes(opened->header), codec_bytes(header_digest)) ||
        !log_sha256_is(codec_bytes(opened->signature), codec_bytes(signature_digest)))
        return damage(check, item->seq, detail, "the header or signature shown is not the one that was logged");
    if (codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, codec_bytes(opened->header), arena, NULL,
                     (ProtobufCMessage **)&header) != AM_OK)
        return damage(check, item->seq, detail, "its header can't be read");
    *ret_header = header;
    enum am_err err = check_signature(check, item->seq, opened, header, signers, &known);
    if (err != AM_OK)
        return err == AM_NOMEM ? err
                               : damage(check, item->seq, detail,
                                        signers == SIGNERS_SENT && header->releasing != NULL
                                            ? "a signature doesn't hold"
                                            : "the officer's signature doesn't hold");
    check->signed_good += known;
    check->signed_unknown += !known;
    return AM_OK;
}

static enum am_err check_retrieved(struct replay_check *check, uint64_t seq, const Amana__V1__RetrievedEntry *entry,
                                   struct arena *arena, struct am_detail *detail)
{
    struct am_detail why = {0};
    struct retrieved retrieved = {0};
    char words[sizeof why.text + 64];
    enum am_err err = retrieved_check(check->session, seq, entry, arena, &why, &retrieved);
    switch (err) {
    case AM_OK:
        check->retrieved_good += retrieved.checked;
        check->signed_unknown += !retrieved.checked;
        return AM_OK;
    case AM_PROOF:
    case AM_SIGNATURE:
    case AM_INVALID:
    case AM_PROTO:
    case AM_TOO_LARGE:
        snprintf(words, sizeof words, "its statement of retrieval doesn't hold: %s", why.text);
        return damage(check, seq, detail, words);
    default:
        if (detail != NULL)
            *detail = why;
        return err == AM_CORRUPT ? AM_IO : err; // of the store, not of the entry
    }
}

static enum am_err check_opened(struct replay_check *check, const Amana__V1__ReplayItem *item,
                                const struct log_leaf *leaf, struct arena *arena, struct am_detail *detail,
                                Amana__V1__EntryContent **ret_content, Amana__V1__Header **ret_header)
{
    uint8_t commitment[LOG_HASH_SIZE];
    const Amana__V1__Opened *opened = item->opened;
    if (opened->salt.len != LOG_SALT_SIZE)
        return damage(check, item->seq, detail, "it comes without its salt");
    TRY(log_commit(opened->salt.data, codec_bytes(opened->content), commitment));
    if (memcmp(commitment, leaf->commitment, sizeof commitment) != 0)
        return damage(check, item->seq, detail, "DAMAGED: its content is not what its leaf in the log commits to");
    if (codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(opened->content), arena, NULL,
                     (ProtobufCMessage **)ret_content) != AM_OK)
        return damage(check, item->seq, detail, "its content can't be read");
    check->opened++;
    switch ((*ret_content)->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED:
        return check_message(check, item, (*ret_content)->submitted->header_digest,
                             (*ret_content)->submitted->signature_digest, SIGNERS_SENT, arena, detail, ret_header);
    case AMANA__V1__ENTRY_CONTENT__KIND_PARKED:
        return check_message(check, item, (*ret_content)->parked->header_digest,
                             (*ret_content)->parked->signature_digest, SIGNERS_AUTHOR, arena, detail, ret_header);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED:
        return check_retrieved(check, item->seq, (*ret_content)->retrieved, arena, detail);
    default: return AM_OK;
    }
}

// Nothing can be hidden as erased: bodies and flags go, and an ERASED entry names them; an entry's own content no hub
// of this version takes away.
static enum am_err check_erased(struct replay_check *check, const Amana__V1__ReplayItem *item, struct am_detail *detail)
{
    check->erased++;
    return damage(check, item->seq, detail, "it is said to be erased, and no entry of the log can have said so");
}

enum am_err replay_take(struct replay_check *check, const Amana__V1__ReplayItem *item, struct arena *arena,
                        struct am_detail *detail, Amana__V1__EntryContent **ret_content, Amana__V1__Header **ret_header)
{
    struct log_leaf leaf;
    uint8_t hash[LOG_HASH_SIZE];
    *ret_content = NULL;
    *ret_header = NULL;
    if (item->checkpoint != NULL)
        TRY(take_checkpoint(check, item->checkpoint, detail));
    if (!check->filtered && item->seq != check->next)
        return am_fail(AM_PROOF, detail, "log", "entry %llu came where %llu was due", (unsigned long long)item->seq,
                       (unsigned long long)check->next);
    check->next = item->seq + 1;
    check->entries++;
    if (log_leaf_parse(codec_bytes(item->leaf), &leaf) != AM_OK)
        return am_fail(AM_PROOF, detail, "log", "the leaf of entry %llu is none", (unsigned long long)item->seq);
    TRY(log_leaf_hash(item->leaf.data, hash));
    if (!check->filtered)
        TRY(grow(check, hash, detail));
    else if (check_path(check, item, hash) != AM_OK)
        return damage(check, item->seq, detail, "DAMAGED: its proof doesn't lead to the root that the log signed");
    switch (item->shown_case) {
    case AMANA__V1__REPLAY_ITEM__SHOWN_OPENED:
        return check_opened(check, item, &leaf, arena, detail, ret_content, ret_header);
    case AMANA__V1__REPLAY_ITEM__SHOWN_WITHHELD: check->withheld++; return AM_OK;
    case AMANA__V1__REPLAY_ITEM__SHOWN_ERASED_BY: return check_erased(check, item, detail);
    default: return damage(check, item->seq, detail, "it comes neither opened, withheld nor erased");
    }
}

const struct log_checkpoint *replay_proved(const struct replay_check *check)
{
    return check->follow && !check->filtered ? &check->proved : &check->checkpoint;
}

enum replay_verdict replay_end(struct replay_check *check, struct am_detail *detail)
{
    if (!check->filtered && check->follow && !check->has_proved) {
        (void)am_fail(AM_PROOF, detail, "log", "the replay was stopped at entry %llu, before anything was proved",
                      (unsigned long long)check->next);
        return REPLAY_BROKEN;
    }
    if (!check->filtered && !check->follow && !root_holds(check)) {
        (void)am_fail(AM_PROOF, detail, "log",
                      "%llu entries came, and their root is not the one that the log signed at size %llu",
                      (unsigned long long)check->range.size, (unsigned long long)check->checkpoint.size);
        return REPLAY_BROKEN;
    }
    bool stopped = check->follow && check->range.size < check->last.size;
    if (!check->filtered && check->has_last && !check->last_met && check->last.size != 0 && !stopped) {
        (void)am_fail(AM_ROLLBACK, detail, "log", "it is shorter than at the last replay (%llu entries): a rollback",
                      (unsigned long long)check->last.size);
        return REPLAY_BROKEN;
    }
    if (check->damaged > 0) {
        (void)am_fail(AM_CORRUPT, detail, "log", "%llu of %llu entries damaged, the first is entry %llu",
                      (unsigned long long)check->damaged, (unsigned long long)check->entries,
                      (unsigned long long)check->first_damaged);
        return REPLAY_DAMAGED;
    }
    return REPLAY_GOOD;
}
