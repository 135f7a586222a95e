// SPDX-License-Identifier: Apache-2.0
// Messages made beforehand, each valid, sealed, signed and with an id of its own; in memory and in a file. One thread.
#pragma once

#include "client/session/session.h"

struct pool_message {
    char id[37];
    uint8_t *data; // one Message as the wire has it
    size_t len;
};

struct pool {
    struct pool_message *messages;
    size_t count;
};

// Composes count messages from a draft as the session's unit. Connects for the rosters, unless they are kept; then
// makes them off line.
AM_MUST_USE enum am_err pool_make(struct session *session, const char *draft_file, size_t count, bool kept,
                                  struct am_detail *detail, struct pool *ret_pool);
void pool_clear(struct pool *pool);

// For each message: id (36 bytes), length (u32 BE), bytes. AM_IO, AM_NOMEM, AM_PROTO (not such a file).
AM_MUST_USE enum am_err pool_save(const struct pool *pool, const char *file, struct am_detail *detail);
AM_MUST_USE enum am_err pool_load(const char *file, struct am_detail *detail, struct pool *ret_pool);
