// SPDX-License-Identifier: Apache-2.0
// The signer's folder: key, verifier key, record. One thread.
#pragma once

#include "server/signer/signer.h"

#define SIGNER_PATH_MAX 4096

// FOLDER/name. AM_TOO_LARGE.
AM_MUST_USE enum am_err signer_path(const char *folder, const char *name, char ret_path[SIGNER_PATH_MAX]);

// Reads log.key; refuses one that others may read. AM_CONFIG with the reason.
AM_MUST_USE enum am_err signer_key_load(const char *folder, struct am_detail *detail, EVP_PKEY **ret_key);
