// SPDX-License-Identifier: Apache-2.0
// The machine's clocks, in nanoseconds. Any thread.
#pragma once

#include <stdint.h>

uint64_t clock_utc(void);       // since 1970; may step
uint64_t clock_monotonic(void); // for intervals alone; never 0
uint64_t clock_boot(void);      // the same, and goes on while the machine sleeps
// clock_utc and clock_boot of one moment, to a millisecond: also where the machine sleeps between the two.
void clock_both(uint64_t *ret_utc, uint64_t *ret_boot);
