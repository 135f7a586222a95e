// SPDX-License-Identifier: Apache-2.0
// A header from outside through the envelope's checks and the whole hub: each gets exactly one answer, and one that is
// refused says which field.
#include "proto/model/header_check.h"
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUNDS 500 // before the world begins anew

static struct world *world;
static unsigned rounds;

static void must(int holds)
{
    if (!holds)
        abort();
}

static void world_fresh(void)
{
    if (world != NULL && ++rounds < ROUNDS)
        return;
    if (world != NULL)
        world_clear(world);
    else
        world = calloc(1, sizeof *world);
    must(world != NULL);
    world_init(world, NULL);
    (void)world_alert(world);
    rounds = 0;
}

static void check_alone(const Amana__V1__Header *header)
{
    static const struct header_context CONTEXTS[] = {{0}, {.unsealed = true}, {.oversight = true}};
    for (size_t i = 0; i < AM_LEN(CONTEXTS); i++) {
        struct am_detail detail = {0};
        enum reason reason = header_check(header, &CONTEXTS[i], &detail);
        uint64_t ns;
        if (reason != REASON_NONE)
            must(detail.field[0] != '\0' && detail.text[0] != '\0');
        else
            must(header->sender != NULL && header_time(header->written_at, &ns) &&
                 header_time(header->retain_until, &ns));
    }
}

// Sent by whom it says it is from, if that is somebody.
static void send_it(const Amana__V1__Header *header, struct am_bytes bytes)
{
    struct letter *letter = arena_alloc(&world->arena, sizeof *letter);
    must(letter != NULL);
    struct hub_submission *submission = &letter->submission;
    amana__v1__flags__init(&letter->flags);
    letter->flags.protection = AMANA__V1__PROTECTION__CODE__NO;
    letter->flags.salt = (ProtobufCBinaryData){16, (uint8_t *)"0123456789abcdef"};
    submission->header = header;
    submission->header_bytes = bytes;
    submission->work = (struct hub_work){.kind = HUB_WORK_SUBMISSION,
                                         .identity = strlen(header->device) <= LIMIT_URI ? header->device : "",
                                         .unit = header->sender != NULL ? header->sender->unit : POLICE};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ARRIVED, .submission = submission});
    world_pump(world);
    must(letter->replies == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtobufCMessage *decoded;
    if (size > LIMIT_HEADER)
        return 0;
    world_fresh();
    uint8_t *copy = arena_copy(&world->arena, data, size);
    must(copy != NULL);
    struct am_bytes bytes = {copy, size};
    if (codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, bytes, &world->arena, NULL, &decoded) != AM_OK)
        return 0;
    check_alone((const Amana__V1__Header *)decoded);
    send_it((const Amana__V1__Header *)decoded, bytes);
    return 0;
}
