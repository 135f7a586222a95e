// SPDX-License-Identifier: Apache-2.0
// Whether what a registrar signed has begun by the clock of this hub: else it would be in force before it is.
#pragma once

#include "proto/model/error.h"

#include <stdint.h>

// AM_INVALID, with `field` and both times, where it begins later than now_ns and what clocks may differ by
// (LIMIT_CLOCK_AHEAD_NS). UTC ns. Any thread.
AM_MUST_USE enum am_err begun_check(const char *field, uint64_t begins_ns, uint64_t now_ns, struct am_detail *detail);
