// SPDX-License-Identifier: Apache-2.0
// What the signer's process may still do once it has key, record and socket.
#pragma once

#include "proto/model/error.h"

#include <sys/types.h>

// Changes to uid and gid for good ((uid_t)-1: stays who it is), then leaves only the system calls of the loop: no file
// can be opened and no code made. Needs no_new_privs. AM_DENIED with the reason. Under a sanitizer the calls are all
// left.
AM_MUST_USE enum am_err signer_sandbox(uid_t uid, gid_t gid, struct am_detail *detail);
