// SPDX-License-Identifier: Apache-2.0
// Any type from any bytes: the first byte chooses type and mode. What decodes must encode, print and decode again.
#include "amana/v1/audit.pb-c.h"
#include "amana/v1/body.pb-c.h"
#include "amana/v1/directory.pb-c.h"
#include "amana/v1/draft.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/codec/status_details.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const TYPES[] = {
    &amana__v1__header__descriptor,
    &amana__v1__flags__descriptor,
    &amana__v1__body__descriptor,
    &amana__v1__roster__descriptor,
    &amana__v1__retrieved__descriptor,
    &amana__v1__entry_content__descriptor,
    &amana__v1__proved_entry__descriptor,
    &amana__v1__replay_item__descriptor,
    &amana__v1__message__descriptor,
    &amana__v1__receive_request__descriptor,
    &amana__v1__acknowledge_request__descriptor,
    &amana__v1__delivery__descriptor,
    &amana__v1__status_response__descriptor,
    &amana__v1__lookup_response__descriptor,
    &amana__v1__draft__descriptor,
    &google__rpc__status__descriptor,
};

// protobuf-c's packed forms leave out what is default: the second encoding is a fixed point.
static void check_again(const ProtobufCMessageDescriptor *type, const ProtobufCMessage *message, struct arena *arena)
{
    struct am_bytes once, twice;
    ProtobufCMessage *back;
    if (codec_encode(message, arena, &once) != AM_OK)
        return;
    enum am_err err = codec_decode(type, CODEC_LENIENT, once, arena, NULL, &back);
    if (err == AM_TOO_LARGE || (err == AM_OK && codec_encode(back, arena, &twice) != AM_OK))
        return;
    if (err != AM_OK || once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
        abort();
    free(json_print(back, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const ProtobufCMessageDescriptor *type = TYPES[data[0] % AM_LEN(TYPES)];
    enum codec_mode mode = (data[0] & 0x80) != 0 ? CODEC_LENIENT : CODEC_STRICT;
    struct am_bytes bytes = {data + 1, size - 1};
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct am_detail detail;
    ProtobufCMessage *message;
    if (codec_decode(type, mode, bytes, &arena, &detail, &message) == AM_OK)
        check_again(type, message, &arena);
    arena_reset(&arena);
    struct rpc_error error;
    if (status_details_parse(bytes, &arena, &error) == AM_OK && error.violation_count > RPC_ERROR_VIOLATIONS)
        abort();
    arena_clear(&arena);
    return 0;
}
