// SPDX-License-Identifier: Apache-2.0
// Where nghttp2's memory comes from.
#include "proto/rpc/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// nghttp2 1.52 asks for 16,384 + 9 + 1 bytes (NGHTTP2_FRAMEBUF_CHUNKLEN) and for nothing else as large as that, but for
// a peer's header fields above 16 KiB and our header blocks above one frame: those find the pages taken and get
// malloc's.
#define FRAME_BUFFER_MIN 16384u
#define PAGES_SIZE       20480u

// Counts what malloc gave, in place of what was there before.
static void *count(struct rpc_memory *memory, void *given, size_t before)
{
    if (given != NULL)
        memory->held += malloc_usable_size(given) - before;
    return given;
}

static void *memory_malloc(size_t size, void *user)
{
    struct rpc_memory *memory = user;
    if (memory->pages != NULL && !memory->pages_in_use && size >= FRAME_BUFFER_MIN && size <= PAGES_SIZE) {
        memory->pages_in_use = memory->pages_there = true;
        return memory->pages;
    }
    return count(memory, malloc(size), 0);
}

static void memory_free(void *pointer, void *user)
{
    struct rpc_memory *memory = user;
    if (pointer != NULL && pointer == memory->pages) {
        memory->pages_in_use = false;
        return;
    }
    memory->held -= malloc_usable_size(pointer);
    free(pointer);
}

static void *memory_calloc(size_t number, size_t size, void *user)
{
    return count(user, calloc(number, size), 0);
}

static void *memory_realloc(void *pointer, size_t size, void *user)
{
    struct rpc_memory *memory = user;
    if (pointer == NULL)
        return memory_malloc(size, user);
    if (pointer != memory->pages) {
        size_t before = malloc_usable_size(pointer);
        return count(memory, realloc(pointer, size), before);
    }
    if (size <= PAGES_SIZE)
        return pointer;
    void *moved = count(memory, malloc(size), 0);
    if (moved != NULL) {
        memcpy(moved, pointer, PAGES_SIZE);
        memory->pages_in_use = false;
    }
    return moved;
}

size_t rpc_memory_held(const struct rpc_memory *memory)
{
    return memory->held + (memory->pages_there ? PAGES_SIZE : 0);
}

void rpc_memory_init(struct rpc_memory *memory)
{
    void *pages = mmap(NULL, PAGES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *memory = (struct rpc_memory){
        .mem = {.mem_user_data = memory,
                .malloc = memory_malloc,
                .free = memory_free,
                .calloc = memory_calloc,
                .realloc = memory_realloc},
        .pages = pages == MAP_FAILED ? NULL : pages,
    };
}

void rpc_memory_clear(struct rpc_memory *memory)
{
    if (memory->pages != NULL)
        munmap(memory->pages, PAGES_SIZE);
    memory->pages = NULL;
}

void rpc_memory_trim(struct rpc_memory *memory)
{
    memory->pages_there = false;
    if (memory->pages != NULL)
        (void)madvise(memory->pages, PAGES_SIZE, MADV_DONTNEED);
}
