// SPDX-License-Identifier: Apache-2.0
// A CORRECTION or a HIT goes by the clock of what it answers, a CANCEL by that of the newest version of what it ends,
// whatever its own file says.
#include "client/cmd/due_here.h"

#include "client/cmd/command.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
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

// That row of the case, where it is a newer version of the alert; else 0.
static unsigned version_urgency(struct session *session, enum store_box box, const char *id, uint64_t seq,
                                const uint8_t alert[LOG_HASH_SIZE])
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    if (store_get(session->store, box, id, &arena, &kept) != AM_OK || kept->entry == NULL ||
        kept->entry->index != seq || // the row of the time when it waited for its second person
        seal_header(kept->message, &arena, NULL, &header) != AM_OK || header->kind != KIND(UPDATE) ||
        !header_points_at(header->in_reply_to, alert) || !second_sent(kept, header))
        return 0;
    return (unsigned)header->urgency;
}

// The last in the log: nothing is a version of an alert that has ended. Who was added to it has a version alone.
static unsigned newest_urgency(struct session *session, const Amana__V1__Header *end)
{
    const ProtobufCBinaryData *alert = &end->in_reply_to->header_digest;
    unsigned newest = 0;
    char id[STORE_ID];
    enum store_box box;
    if (alert->len != LOG_HASH_SIZE)
        return 0;
    for (uint64_t seq = 0; store_next_of_case(session->store, end->case_ref, &seq, &box, id) == AM_OK; seq++) {
        unsigned urgency = version_urgency(session, box, id, seq, alert->data);
        newest = urgency != 0 ? urgency : newest;
    }
    return newest;
}

unsigned due_here_by(struct session *session, const Amana__V1__Header *header)
{
    unsigned target = 0;
    if (header->in_reply_to != NULL && kind_ends_newest((unsigned)header->kind))
        target = newest_urgency(session, header);
    if (header->in_reply_to != NULL && target == 0)
        target = urgency_of(session, header->in_reply_to);
    return target != 0 ? target : (unsigned)header->urgency;
}

struct kind_due due_here(struct session *session, const Amana__V1__Header *header, uint64_t accepted_ns)
{
    return kind_due((unsigned)header->kind, (unsigned)header->urgency, due_here_by(session, header),
                    header_time_or_0(header->answer_by), accepted_ns);
}
