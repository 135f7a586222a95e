// SPDX-License-Identifier: Apache-2.0
// Reads the SUBMITTED entry that is kept with a message.
#include "client/session/taken.h"

#include "proto/codec/codec.h"

#include <string.h>

#define ARENA_ENTRY (1024u * 1024)

// NULL: not in the log, or what stands there is no SUBMITTED.
static const Amana__V1__SubmittedEntry *submitted(const Amana__V1__Kept *kept, struct arena *arena)
{
    Amana__V1__EntryContent *content;
    arena_init(arena, ARENA_ENTRY);
    if (kept->entry == NULL ||
        codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(kept->entry->content), arena,
                     NULL, (ProtobufCMessage **)&content) != AM_OK)
        return NULL;
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED ? content->submitted : NULL;
}

void taken_look(const Amana__V1__Kept *kept, struct taken *ret_taken)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const Amana__V1__SubmittedEntry *entry = submitted(kept, &arena);
    *ret_taken = (struct taken){.entry = entry != NULL,
                                .crossed = entry != NULL && entry->crossed,
                                .crl_stale = entry != NULL && entry->crl_stale};
}

bool taken_moved(const Amana__V1__Kept *kept, const char *recipient)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const Amana__V1__SubmittedEntry *entry = submitted(kept, &arena);
    bool moved = kept->entry == NULL;
    for (size_t i = 0; entry != NULL && i < entry->n_moves; i++)
        moved |= strcmp(entry->moves[i]->recipient, recipient) == 0;
    return moved;
}

bool taken_to(const Amana__V1__Kept *kept, const char *recipient, uint8_t *ret_state)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const Amana__V1__SubmittedEntry *entry = submitted(kept, &arena);
    for (size_t i = 0; entry != NULL && i < entry->n_moves; i++) {
        if (strcmp(entry->moves[i]->recipient, recipient) != 0)
            continue;
        *ret_state = (uint8_t)entry->moves[i]->to;
        return true;
    }
    return false;
}
