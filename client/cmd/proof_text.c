// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-proof: header line, extra, index, hashes, blank line, checkpoint.
#include "client/cmd/proof_text.h"

#include "client/session/history.h"
#include "client/session/log_key.h"
#include "proto/codec/base64.h"
#include "proto/codec/codec.h"

enum am_err proof_text_print(const struct proof_parts *parts, FILE *out)
{
    char extra[BASE64_ENCODED(LOG_LEAF_SIZE)], hash[BASE64_ENCODED(LOG_HASH_SIZE)], note[LOG_KEY_NOTE];
    struct log_checkpoint checkpoint;
    if (parts->leaf.len != LOG_LEAF_SIZE || parts->checkpoint == NULL)
        return AM_PROTO;
    TRY(history_from_message(parts->checkpoint, &checkpoint));
    base64_encode(parts->leaf.data, parts->leaf.len, extra);
    fprintf(out, "c2sp.org/tlog-proof@v1\nextra %s\nindex %llu\n", extra, (unsigned long long)parts->index);
    for (size_t i = 0; i < parts->n_path; i++) {
        if (parts->path[i].len != LOG_HASH_SIZE)
            return AM_PROTO;
        base64_encode(parts->path[i].data, LOG_HASH_SIZE, hash);
        fprintf(out, "%s\n", hash);
    }
    log_key_note(parts->checkpoint->origin, &checkpoint, note);
    fprintf(out, "\n%s", note);
    return ferror(out) ? AM_IO : AM_OK;
}

enum am_err proof_text_entry(const Amana__V1__ProvedEntry *entry, FILE *out)
{
    uint8_t packed[LOG_LEAF_SIZE];
    struct log_leaf leaf = {.version = (uint8_t)entry->version,
                            .class = (uint8_t)entry->class_,
                            .time_ns = entry->time,
                            .erase_after = entry->erase_after};
    if (entry->salt.len != LOG_SALT_SIZE)
        return AM_PROTO;
    TRY(log_commit(entry->salt.data, codec_bytes(entry->content), leaf.commitment));
    log_leaf_pack(&leaf, packed);
    struct proof_parts parts = {{packed, sizeof packed}, entry->index, entry->path, entry->n_path, entry->checkpoint};
    return proof_text_print(&parts, out);
}
