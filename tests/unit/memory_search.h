// SPDX-License-Identifier: Apache-2.0
// Where a secret stands in this process's memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MEMORY_MASK 0x5a // what is looked for is kept masked, or it would find itself

// Places in writable memory outside OpenSSL's secure heap where these masked bytes stand plainly, either way round.
unsigned memory_places(const uint8_t *masked, size_t len);
