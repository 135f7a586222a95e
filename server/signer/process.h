// SPDX-License-Identifier: Apache-2.0
// What hub and signer do alike: no memory of theirs on disk or in other hands, and another user. Any thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <sys/types.h>

// A sanitizer's runtime looks at our own threads and memory at the end.
#if defined(__SANITIZE_ADDRESS__)
#define PROCESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PROCESS_SANITIZED 1
#endif
#endif
#ifndef PROCESS_SANITIZED
#define PROCESS_SANITIZED 0
#endif

// No core dump, and no reading of our memory by another process of this user: it holds keys and other people's words.
void process_no_core(void);

// Becomes this user for good, with no other group; checks that there is no way back. Only as root. AM_DENIED with
// `field`, the setting that names it.
AM_MUST_USE enum am_err process_become(const char *field, uid_t uid, gid_t gid, struct am_detail *detail);
