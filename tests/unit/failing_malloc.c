// SPDX-License-Identifier: Apache-2.0
// In the place of malloc.
#include "tests/unit/failing_malloc.h"

void *__real_malloc(size_t size);

unsigned fail_malloc_at;

void *__wrap_malloc(size_t size)
{
    if (fail_malloc_at > 0 && --fail_malloc_at == 0)
        return NULL;
    return __real_malloc(size);
}
