// SPDX-License-Identifier: Apache-2.0
// What the signer's process may still do once it has key, record and socket.
#pragma once

#include "proto/model/error.h"

#include <sys/types.h>

// Changes to uid and gid ((uid_t)-1: stays who it is), then leaves only the system calls of its loop.
AM_MUST_USE enum am_err signer_sandbox(uid_t uid, gid_t gid, struct am_detail *detail);
