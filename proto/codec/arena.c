// SPDX-License-Identifier: Apache-2.0
// A bump allocator over chunks that double, with a bound on what is handed out.
#include "proto/codec/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" // poisoning memory is no use of it
#endif
#define HIDE(at, len) __asan_poison_memory_region((at), (len))
#define SHOW(at, len) __asan_unpoison_memory_region((at), (len))
#else
#define HIDE(at, len) ((void)(at), (void)(len))
#define SHOW(at, len) ((void)(at), (void)(len))
#endif

#define ALIGN       16u
#define CHUNK_FIRST (4u * 1024)
#define CHUNK_MAX   (256u * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, at; // of `data`
    size_t most;     // of it that was ever handed out: what lies behind was never touched
    _Alignas(ALIGN) uint8_t data[];
};

static void *take_raw(struct arena *arena, size_t size);

static void *allocator_alloc(void *arena, size_t size)
{
    return take_raw(arena, size);
}

static void allocator_free(void *arena, void *pointer)
{
}

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.allocator = {allocator_alloc, allocator_free, arena}, .limit = limit};
}

void arena_init_in(struct arena *arena, size_t limit, struct arena_budget *budget)
{
    arena_init(arena, limit);
    arena->budget = budget;
}

void arena_move(struct arena *arena, struct arena_budget *budget)
{
    arena_budget_add(budget, arena->held);
    arena_budget_return(arena->budget, arena->held);
    arena->budget = budget;
}

bool arena_budget_take(struct arena_budget *budget, size_t size)
{
    if (budget == NULL)
        return true;
    size_t used = atomic_fetch_add(&budget->used, size);
    if (size <= budget->limit && used <= budget->limit - size && arena_budget_take(budget->above, size))
        return true;
    atomic_fetch_sub(&budget->used, size);
    return false;
}

void arena_budget_add(struct arena_budget *budget, size_t size)
{
    for (; budget != NULL; budget = budget->above)
        atomic_fetch_add(&budget->used, size);
}

void arena_budget_return(struct arena_budget *budget, size_t size)
{
    for (; budget != NULL; budget = budget->above)
        atomic_fetch_sub(&budget->used, size);
}

static void free_chunks(struct arena *arena, struct arena_chunk *chunk, bool wipe)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        SHOW(chunk->data, chunk->size);
        if (wipe)
            explicit_bzero(chunk->data, chunk->most);
        arena->held -= sizeof *chunk + chunk->size;
        arena_budget_return(arena->budget, sizeof *chunk + chunk->size);
        free(chunk);
        chunk = next;
    }
}

void arena_reset(struct arena *arena)
{
    size_t kept = 0;
    struct arena_chunk **link = &arena->first;
    for (; *link != NULL && kept + (*link)->size <= ARENA_KEEP; link = &(*link)->next) {
        kept += (*link)->size;
        (*link)->at = 0;
        HIDE((*link)->data, (*link)->size);
    }
    free_chunks(arena, *link, true); // an arena_wipe that follows finds it no more
    *link = NULL;
    arena->current = arena->first;
    arena->used = 0;
    arena->error = AM_OK;
}

static void release(struct arena *arena, bool wipe)
{
    free_chunks(arena, arena->first, wipe);
    arena->first = arena->current = NULL;
    arena->used = 0;
    arena->error = AM_OK;
}

void arena_clear(struct arena *arena)
{
    release(arena, false);
}

void arena_wipe(struct arena *arena)
{
    release(arena, true);
}

static struct arena_chunk *grow(struct arena *arena, size_t size)
{
    size_t next = arena->current == NULL ? CHUNK_FIRST : arena->current->size * 2;
    if (next > CHUNK_MAX)
        next = CHUNK_MAX;
    if (next < size)
        next = size;
    if (!arena_budget_take(arena->budget, sizeof *arena->first + next))
        return NULL;
    struct arena_chunk *chunk = malloc(sizeof *chunk + next);
    if (chunk == NULL) {
        arena_budget_return(arena->budget, sizeof *chunk + next);
        return NULL;
    }
    arena->held += sizeof *chunk + next;
    *chunk = (struct arena_chunk){.size = next};
    HIDE(chunk->data, next);
    if (arena->current == NULL) {
        arena->first = chunk;
    } else {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    }
    arena->current = chunk;
    return chunk;
}

static void *refuse(struct arena *arena, enum am_err error)
{
    arena->error = error;
    return NULL;
}

static void *take_raw(struct arena *arena, size_t size)
{
    if (size > arena->limit || arena->limit - size < arena->used || size > SIZE_MAX - ALIGN)
        return refuse(arena, AM_TOO_LARGE);
    size_t rounded = size == 0 ? ALIGN : (size + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_chunk *chunk = arena->current;
    // After a reset the chunks behind `current` are empty ones kept from before.
    while (chunk != NULL && chunk->size - chunk->at < rounded)
        chunk = chunk->next;
    if (chunk == NULL && (chunk = grow(arena, rounded)) == NULL)
        return refuse(arena, AM_NOMEM);
    arena->current = chunk;
    uint8_t *at = chunk->data + chunk->at;
    SHOW(at, size);
    chunk->at += rounded;
    if (chunk->most < chunk->at)
        chunk->most = chunk->at;
    arena->used += rounded;
    return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *data = take_raw(arena, size);
    return data == NULL ? NULL : memset(data, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return refuse(arena, AM_TOO_LARGE);
    return arena_alloc(arena, total);
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
    char *copy = len == SIZE_MAX ? refuse(arena, AM_TOO_LARGE) : take_raw(arena, len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : take_raw(arena, (size_t)len + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

enum am_err arena_error(const struct arena *arena)
{
    return arena->error;
}
