// SPDX-License-Identifier: Apache-2.0
// A header as a hub takes it: what passes the strict decode means one thing, whoever reads it.
#include "amana/v1/message.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/limits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct am_detail detail = {0};
    Amana__V1__Header *header, *back;
    struct am_bytes bytes = {data, size}, once, twice;
    const ProtobufCMessageDescriptor *type = &amana__v1__header__descriptor;
    enum am_err err = codec_decode(type, CODEC_STRICT, bytes, &arena, &detail, (ProtobufCMessage **)&header);
    if (err == AM_OK) {
        for (size_t i = 0; i < header->n_recipients; i++)
            if (!codec_text_valid(header->recipients[i]->unit, strlen(header->recipients[i]->unit)))
                abort();
        if (codec_encode(&header->base, &arena, &once) != AM_OK ||
            codec_decode(type, CODEC_STRICT, once, &arena, NULL, (ProtobufCMessage **)&back) != AM_OK ||
            codec_encode(&back->base, &arena, &twice) != AM_OK || once.len != twice.len ||
            memcmp(once.data, twice.data, once.len) != 0)
            // Only an input beyond any header's size may run out of the arena.
            if (size <= LIMIT_HEADER && arena_error(&arena) == AM_OK)
                abort();
    } else if (err != AM_TOO_LARGE && !codec_text_valid(detail.text, strlen(detail.text))) {
        abort();
    }
    arena_clear(&arena);
    return 0;
}
