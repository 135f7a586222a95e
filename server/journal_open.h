// SPDX-License-Identifier: Apache-2.0
// Opening the journal: what LMDB holds against what the signer has signed, and what follows from it (audit.md, The
// signer).
#pragma once

#include "proto/log/checkpoint.h"
#include "server/config.h"
#include "server/sandbox.h"
#include "server/signer/signer.h"
#include "server/store/store.h"

struct journal_open {
    struct store *store;
    bool may_append;            // the keeper runs
    const char *why;            // where it doesn't: what was found and what to do
    char log_key[LOG_VKEY_MAX]; // where it runs: the log's verifier key, "" of an empty one
};

// Starts the signer as its own process, before there is a thread or a socket; as root it becomes users->signer.
AM_MUST_USE enum am_err signer_begin(const struct config *config, const char *data, const struct sandbox_users *users,
                                     struct am_detail *detail, struct signer **ret_signer);

// Opens the journal in `data` and has the signer judge it: starts the keeper, or leaves it stopped.
AM_MUST_USE enum am_err journal_open(const struct config *config, const char *data, struct signer *signer,
                                     const struct store_callbacks *callbacks, struct am_detail *detail,
                                     struct journal_open *ret_open);

// The signer's folder within the data folder. AM_CONFIG where the path is too long.
AM_MUST_USE enum am_err signer_folder(const char *data, struct am_detail *detail, char ret_folder[CONFIG_PATH + 1]);
