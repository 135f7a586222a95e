// SPDX-License-Identifier: Apache-2.0
// The search, by way of /proc/self/mem.
#include "tests/unit/memory_search.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SANE (64u * 1024 * 1024)

static bool masked_equal(const uint8_t *at, const uint8_t *masked, size_t len, bool reversed)
{
    for (size_t i = 0; i < len; i++)
        if ((at[i] ^ MEMORY_MASK) != masked[reversed ? len - 1 - i : i])
            return false;
    return true;
}

unsigned memory_places(const uint8_t *masked, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "r"), *memory = fopen("/proc/self/mem", "r");
    char line[512];
    unsigned found = 0;

    assert_non_null(maps);
    assert_non_null(memory);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char rights[5];
        if (sscanf(line, "%llx-%llx %4s", &from, &to, rights) != 3 || rights[0] != 'r' || rights[1] != 'w' ||
            to - from > SANE)
            continue;
        uint8_t *copy = malloc((size_t)(to - from));
        size_t got = 0;
        if (fseeko(memory, (off_t)from, SEEK_SET) == 0)
            got = fread(copy, 1, (size_t)(to - from), memory);
        for (size_t i = 0; i + len <= got; i++)
            if ((masked_equal(copy + i, masked, len, false) || masked_equal(copy + i, masked, len, true)) &&
                !CRYPTO_secure_allocated((const void *)(uintptr_t)(from + i)))
                found++;
        OPENSSL_cleanse(copy, (size_t)(to - from));
        free(copy);
    }
    fclose(maps);
    fclose(memory);
    return found;
}
