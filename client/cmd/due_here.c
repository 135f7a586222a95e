// SPDX-License-Identifier: Apache-2.0
// A CORRECTION, a HIT or a CANCEL goes by the clock of what it is about, whatever its own file says.
#include "client/cmd/due_here.h"

#include "client/cmd/command.h"
#include "client/session/seal.h"
#include "proto/model/header.h"

#include <string.h>

// Two messages may bear one id: it is the digest that counts.
static unsigned urgency_of(struct session *session, const Amana__V1__Pointer *pointer)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    uint8_t digest[LOG_HASH_SIZE];
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    arena_init(&arena, ARENA_VERB);
    if (store_get_any(session->store, pointer->id, &arena, &box, &kept) != AM_OK ||
        log_sha256(codec_bytes(kept->message->header), digest) != AM_OK ||
        pointer->header_digest.len != LOG_HASH_SIZE ||
        memcmp(pointer->header_digest.data, digest, LOG_HASH_SIZE) != 0 ||
        seal_header(kept->message, &arena, NULL, &header) != AM_OK)
        return 0;
    return (unsigned)header->urgency;
}

struct kind_due due_here(struct session *session, const Amana__V1__Header *header, uint64_t accepted_ns)
{
    unsigned target = header->in_reply_to != NULL ? urgency_of(session, header->in_reply_to) : 0;
    if (target == 0)
        target = (unsigned)header->urgency;
    return kind_due((unsigned)header->kind, (unsigned)header->urgency, target, header_time_or_0(header->answer_by),
                    accepted_ns);
}
