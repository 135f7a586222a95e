// SPDX-License-Identifier: Apache-2.0
// A process lets go of the system calls that it doesn't need: one that isn't on its list ends it (seccomp).
#pragma once

#include "proto/model/error.h"

#include <stddef.h>

// Only these calls from here on, in every thread; besides them mmap and mprotect that make nothing executable. The
// process has no_new_privs. AM_DENIED: the kernel can't do it.
AM_MUST_USE enum am_err syscalls_restrict(const int *allowed, size_t n_allowed, struct am_detail *detail);
