// SPDX-License-Identifier: Apache-2.0
// How many handshakes an address may begin in a second: a table that is emptied as each second begins.
#include "server/net/limiter.h"

#include "proto/model/limits.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct row {
    uint8_t address[16];
    uint32_t taken;
    bool refused;
    UT_hash_handle hh;
};

struct limiter {
    uint32_t per_second;
    size_t rows, used;
    uint64_t second;
    struct row *table;
    struct row room[]; // no allocation on the way of a flood, but for the hash's own
};

struct limiter *limiter_new(uint32_t per_second, size_t rows)
{
    struct limiter *limiter = calloc(1, sizeof *limiter + rows * sizeof(struct row));

    if (limiter != NULL) {
        limiter->per_second = per_second;
        limiter->rows = rows;
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter == NULL)
        return;
    HASH_CLEAR(hh, limiter->table);
    free(limiter);
}

bool limiter_take(struct limiter *limiter, const uint8_t address[16], uint64_t now_ns, bool *ret_first)
{
    struct row *row;

    *ret_first = false;
    if (limiter->second != now_ns / NS_PER_S) {
        limiter->second = now_ns / NS_PER_S;
        HASH_CLEAR(hh, limiter->table);
        limiter->used = 0;
    }
    HASH_FIND(hh, limiter->table, address, 16, row);
    if (row == NULL) {
        if (limiter->used == limiter->rows)
            return false; // more addresses than that in one second is a flood as well
        row = &limiter->room[limiter->used++];
        memset(row, 0, sizeof *row);
        memcpy(row->address, address, 16);
        HASH_ADD(hh, limiter->table, address, 16, row);
    }
    if (row->taken < limiter->per_second) {
        row->taken++;
        return true;
    }
    *ret_first = !row->refused;
    row->refused = true;
    return false;
}
