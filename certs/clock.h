// SPDX-License-Identifier: Apache-2.0
// The machine's clocks, in nanoseconds. Any thread.
#pragma once

#include <stdint.h>

uint64_t clock_utc(void);       // since 1970; may step
uint64_t clock_monotonic(void); // for intervals alone; never 0
uint64_t clock_boot(void);      // the same, and goes on while the machine sleeps
