// SPDX-License-Identifier: Apache-2.0
// As long as the block is, whatever of it was used.
#include "client/cmd/wipe.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

void wipe_free(void *memory)
{
    if (memory != NULL)
        OPENSSL_cleanse(memory, malloc_usable_size(memory));
    free(memory);
}

void wipe_json(void)
{
    json_set_alloc_funcs(malloc, wipe_free);
}
