// SPDX-License-Identifier: Apache-2.0
// Checking one entry with its proof.
#include "proto/log/proved.h"

#include <string.h>

enum am_err log_checkpoint_read(const Amana__V1__Checkpoint *wire, const char *origin,
                                struct log_checkpoint *ret_checkpoint)
{
    if (wire == NULL || strcmp(wire->origin, origin) != 0 || wire->root.len != LOG_HASH_SIZE ||
        wire->signature.len != LOG_SIGNATURE_SIZE)
        return AM_PROTO;
    ret_checkpoint->size = wire->size;
    memcpy(ret_checkpoint->root, wire->root.data, LOG_HASH_SIZE);
    memcpy(ret_checkpoint->signature, wire->signature.data, LOG_SIGNATURE_SIZE);
    return AM_OK;
}

enum am_err log_proved_leaf(const Amana__V1__ProvedEntry *entry, uint8_t ret_leaf[LOG_LEAF_SIZE])
{
    if (entry->salt.len != LOG_SALT_SIZE || entry->version != LOG_LEAF_VERSION || entry->class_ > 1 ||
        (entry->class_ == 0 && entry->erase_after != 0))
        return AM_PROTO;
    struct log_leaf leaf = {.version = LOG_LEAF_VERSION,
                            .class = (uint8_t)entry->class_,
                            .time_ns = entry->time,
                            .erase_after = entry->erase_after};
    TRY(log_commit(entry->salt.data, (struct am_bytes){entry->content.data, entry->content.len}, leaf.commitment));
    log_leaf_pack(&leaf, ret_leaf);
    return AM_OK;
}

static enum am_err copy_path(const Amana__V1__ProvedEntry *entry, struct merkle_path *ret_path)
{
    if (entry->n_path > MERKLE_INCLUSION)
        return AM_PROTO;
    for (size_t i = 0; i < entry->n_path; i++) {
        if (entry->path[i].len != LOG_HASH_SIZE)
            return AM_PROTO;
        memcpy(ret_path->hashes[i], entry->path[i].data, LOG_HASH_SIZE);
    }
    ret_path->len = (unsigned)entry->n_path;
    return AM_OK;
}

enum am_err log_proved_check(const Amana__V1__ProvedEntry *entry, const struct log_verifier *verifier,
                             struct log_checkpoint *ret_checkpoint, uint8_t ret_leaf[LOG_LEAF_SIZE],
                             struct am_detail *detail)
{
    struct log_checkpoint checkpoint;
    struct merkle_path path;
    uint8_t leaf[LOG_LEAF_SIZE], hash[LOG_HASH_SIZE];
    unsigned long long seq = entry->index;
    if (log_proved_leaf(entry, leaf) != AM_OK || copy_path(entry, &path) != AM_OK)
        return am_fail(AM_PROTO, detail, "entry", "entry %llu has a field of a wrong size", seq);
    if (log_checkpoint_read(entry->checkpoint, verifier->origin, &checkpoint) != AM_OK)
        return am_fail(AM_PROTO, detail, "entry", "entry %llu comes without a checkpoint of %.80s", seq,
                       verifier->origin);
    TRY(log_leaf_hash(leaf, hash));
    enum am_err err = log_checkpoint_verify(verifier, &checkpoint);
    if (err == AM_SIGNATURE)
        return am_fail(err, detail, "entry", "the checkpoint of entry %llu is not signed by the log", seq);
    TRY(err);
    err = merkle_verify_inclusion(entry->index, checkpoint.size, hash, (const uint8_t(*)[LOG_HASH_SIZE])path.hashes,
                                  path.len, checkpoint.root);
    if (err == AM_PROOF)
        return am_fail(err, detail, "entry", "entry %llu is not the one that the log's tree has there", seq);
    TRY(err);
    if (ret_checkpoint != NULL)
        *ret_checkpoint = checkpoint;
    if (ret_leaf != NULL)
        memcpy(ret_leaf, leaf, LOG_LEAF_SIZE);
    return AM_OK;
}
