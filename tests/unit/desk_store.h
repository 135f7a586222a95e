// SPDX-License-Identifier: Apache-2.0
// A desk's store in a folder of its own, made anew for each test. After cmocka.h; one program, one of it.
#pragma once

#include "client/session/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/amana-desk.XXXXXX";
static struct store *store;
static struct arena arena;

static int begin(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(store_open(folder, NULL, &store), AM_OK);
    arena_init(&arena, 1024u * 1024);
    return 0;
}

static int end(void **state)
{
    char command[64];
    store_close(store);
    arena_clear(&arena);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}
