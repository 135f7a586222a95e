// SPDX-License-Identifier: Apache-2.0
// Parts of answers that several methods make from what the journal gives.
#include "server/net/answer.h"

#include <stdlib.h>

void checkpoint_fill(const struct log_checkpoint *checkpoint, const char *origin, Amana__V1__Checkpoint *ret_message)
{
    amana__v1__checkpoint__init(ret_message);
    ret_message->origin = (char *)origin;
    ret_message->size = checkpoint->size;
    ret_message->root = (ProtobufCBinaryData){sizeof checkpoint->root, (uint8_t *)checkpoint->root};
    ret_message->signature = (ProtobufCBinaryData){sizeof checkpoint->signature, (uint8_t *)checkpoint->signature};
}

enum am_err path_fill(const struct merkle_path *path, struct arena *arena, size_t *ret_n,
                      ProtobufCBinaryData **ret_nodes)
{
    ProtobufCBinaryData *nodes = arena_array(arena, path->len, sizeof *nodes);

    if (nodes == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < path->len; i++) {
        uint8_t *node = arena_copy(arena, path->hashes[i], 32);
        if (node == NULL)
            return arena_error(arena);
        nodes[i] = (ProtobufCBinaryData){32, node};
    }
    *ret_n = path->len;
    *ret_nodes = nodes;
    return AM_OK;
}

enum am_err proved_read(struct store_view *view, struct arena *arena, uint64_t seq, Amana__V1__ProvedEntry **ret_entry)
{
    uint8_t *bytes;
    size_t len;
    enum am_err err;

    TRY(store_proved_now(view, seq, &bytes, &len));
    err = codec_decode(&amana__v1__proved_entry__descriptor, CODEC_LENIENT, (struct am_bytes){bytes, len}, arena, NULL,
                       (ProtobufCMessage **)ret_entry);
    free(bytes);
    return err;
}
