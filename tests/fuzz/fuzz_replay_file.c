// SPDX-License-Identifier: Apache-2.0
// A kept replay from any bytes: read to its end or to a line that is named; no more items than lines.
#include "client/cmd/replay_file.h"

#include <stdlib.h>
#include <string.h>

#define ORIGIN "igad.amana.example/log"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_items(FILE *file, size_t size)
{
    struct arena arena;
    struct am_detail detail = {0};
    Amana__V1__ReplayItem *item;
    unsigned line = 1;
    enum am_err err;
    arena_init(&arena, 4 * 1024 * 1024);
    while ((err = replay_file_next(file, "kept", &line, &arena, &detail, &item)) == AM_OK) {
        if (item == NULL || line > size)
            abort();
        arena_reset(&arena);
    }
    if (err != AM_NOT_FOUND && (detail.line != line || detail.text[0] == '\0'))
        abort();
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct am_detail detail = {0};
    bool filtered;
    FILE *file = size > 0 ? fmemopen((void *)data, size, "r") : NULL;
    if (file == NULL)
        return 0;
    enum am_err err = replay_file_open(file, "kept", ORIGIN, &detail, &filtered);
    if (err == AM_OK)
        read_items(file, size);
    else if (detail.text[0] == '\0')
        abort();
    fclose(file);
    return 0;
}
