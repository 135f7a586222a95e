// SPDX-License-Identifier: Apache-2.0
// A person's draft from any bytes: what is taken prints to JSON that is taken again and means the same.
#include "amana/v1/draft.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const ProtobufCMessageDescriptor *type, const ProtobufCMessage *message, struct arena *arena)
{
    char *text = json_print(message, 0);
    if (text == NULL)
        abort();
    struct am_bytes printed = {(const uint8_t *)text, strlen(text)}, before, after;
    ProtobufCMessage *back;
    enum am_err err = json_to_message(type, printed, arena, NULL, &back);
    if (err == AM_OK && codec_encode(message, arena, &before) == AM_OK && codec_encode(back, arena, &after) == AM_OK &&
        (before.len != after.len || memcmp(before.data, after.data, before.len) != 0))
        abort();
    if (err != AM_OK && err != AM_TOO_LARGE)
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 4 * 1024 * 1024);
    struct am_detail detail = {0};
    ProtobufCMessage *message;
    enum am_err err =
        json_to_message(&amana__v1__draft__descriptor, (struct am_bytes){data, size}, &arena, &detail, &message);
    if (err == AM_OK)
        check_again(&amana__v1__draft__descriptor, message, &arena);
    else if (detail.line == 0 && err == AM_INVALID)
        abort();
    arena_clear(&arena);
    return 0;
}
