// SPDX-License-Identifier: Apache-2.0
// A malloc of our own code that can be made to fail; for tests linked with -Wl,--wrap=malloc.
#pragma once

#include <stddef.h>

extern unsigned fail_malloc_at; // the n-th from now on fails (1 is the next); 0: none
void *__wrap_malloc(size_t size);
