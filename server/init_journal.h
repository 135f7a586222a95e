// SPDX-License-Identifier: Apache-2.0
// The disk side of `amanad init`: the log's key, the empty journal, its first entries. One thread.
#pragma once

#include "proto/model/journal.h"
#include "server/config.h"
#include "server/sandbox.h"

// Makes the log's key and the signer's first record in `folder`. *ret_key: the C2SP verifier key.
AM_MUST_USE enum am_err init_journal_key(const struct config *config, const char *folder, struct am_detail *detail,
                                         char *ret_key, size_t size);

// Makes the journal in `folder` and commits these appends one after the other, signed.
AM_MUST_USE enum am_err init_journal_write(const struct config *config, const char *folder,
                                           struct journal_append *const *appends, size_t n, struct am_detail *detail);

// As root: gives what was made to the users that will run it.
AM_MUST_USE enum am_err init_journal_own(const struct sandbox_users *users, const char *folder,
                                         struct am_detail *detail);
