// SPDX-License-Identifier: Apache-2.0
// A ProvedEntry in bytes: what a receipt, a notice and a line of a filtered replay are.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "server/store/internal.h"

enum am_err proved_pack(const char *origin, const struct proved *proved, uint8_t **ret_bytes, size_t *ret_len)
{
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Checkpoint checkpoint = AMANA__V1__CHECKPOINT__INIT;
    ProtobufCBinaryData path[MERKLE_PATH];
    struct log_leaf leaf;
    TRY(log_leaf_parse((struct am_bytes){proved->leaf, LOG_LEAF_SIZE}, &leaf));
    entry.content = codec_binary(proved->content);
    entry.salt = codec_binary(proved->salt);
    entry.version = leaf.version;
    entry.class_ = leaf.class;
    entry.time = leaf.time_ns;
    entry.erase_after = leaf.erase_after;
    entry.index = proved->seq;
    for (unsigned i = 0; i < proved->path->len; i++)
        path[i] = codec_binary((struct am_bytes){proved->path->hashes[i], LOG_HASH_SIZE});
    entry.n_path = proved->path->len;
    entry.path = path;
    checkpoint.origin = (char *)origin;
    checkpoint.size = proved->checkpoint->size;
    checkpoint.root = codec_binary((struct am_bytes){proved->checkpoint->root, LOG_HASH_SIZE});
    checkpoint.signature =
        codec_binary((struct am_bytes){proved->checkpoint->signature, sizeof proved->checkpoint->signature});
    entry.checkpoint = &checkpoint;
    return codec_encode_alloc(&entry.base, ret_bytes, ret_len);
}
