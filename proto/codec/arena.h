// SPDX-License-Identifier: Apache-2.0
// Memory for what one message from outside may cost: bounded, given back all at once. One thread at a time.
#pragma once

#include "proto/model/error.h"

#include <protobuf-c/protobuf-c.h>

#include <stdatomic.h>
#include <stdbool.h>

struct arena_chunk;

// What many arenas, and what else is counted with them, may take together. Any thread.
struct arena_budget {
    atomic_size_t used; // bytes
    size_t limit;
    struct arena_budget *above; // all of it counts there too; NULL: none
};
// False: it would be more than a limit; nothing is taken.
AM_MUST_USE bool arena_budget_take(struct arena_budget *budget, size_t size);
// What is there already: past the limits if need be.
void arena_budget_add(struct arena_budget *budget, size_t size);
void arena_budget_return(struct arena_budget *budget, size_t size);

// `limit` bounds the sum of all sizes asked for (each rounded up to 16) since arena_init or arena_reset.
// Must not be moved while in use: `allocator` points back at it.
struct arena {
    ProtobufCAllocator allocator; // for protobuf-c; its free does nothing
    struct arena_chunk *first, *current;
    size_t limit, used;
    size_t held;                 // bytes of memory, handed out or not
    struct arena_budget *budget; // NULL: none
    enum am_err error;           // of the last allocation that was refused
};

// Takes no memory yet.
void arena_init(struct arena *arena, size_t limit);
// The same, with its memory out of a budget (which outlives it): where that is used up, AM_NOMEM.
void arena_init_in(struct arena *arena, size_t limit, struct arena_budget *budget);
// What it holds counts in another budget from now on, past its limits if need be.
void arena_move(struct arena *arena, struct arena_budget *budget);

// A limit for decoding a message of `len` bytes. One that means something needs less (a usual header three times its
// bytes, large texts and bytes once); 2-byte elements that say nothing would need up to 140 times and are refused.
#define ARENA_FOR(len) ((size_t)(len)*8 + 64u * 1024)

// Forgets everything handed out and keeps up to ARENA_KEEP bytes of memory for the next round; what it gives back is
// overwritten.
// Every pointer from the arena is invalid afterwards (under AddressSanitizer, using one is reported).
#define ARENA_KEEP (64u * 1024)
void arena_reset(struct arena *arena);

// Gives all memory back; the arena may be used again afterwards. arena_wipe overwrites the memory first: for opened
// bodies and other plain text of sealed content.
void arena_clear(struct arena *arena);
void arena_wipe(struct arena *arena);

// `size` zeroed bytes, aligned to 16; never NULL for size 0. NULL when the limit is reached or memory is out:
// arena_error tells which. (What protobuf-c gets through `allocator` is not zeroed: it initialises what it makes.)
void *arena_alloc(struct arena *arena, size_t size);

// arena_alloc of count * size, NULL also where that overflows.
void *arena_array(struct arena *arena, size_t count, size_t size);

// A copy of `len` bytes with a NUL behind it. `data` may be NULL where len is 0.
void *arena_copy(struct arena *arena, const void *data, size_t len);

// A formatted string; NULL as above.
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);

// Why the last NULL came: AM_TOO_LARGE or AM_NOMEM; AM_OK where none came.
enum am_err arena_error(const struct arena *arena);
