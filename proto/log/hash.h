// SPDX-License-Identifier: Apache-2.0
// SHA-256 without OpenSSL's look-up of the algorithm at each call, which costs more than the hashing (848 against 340
// ns for an inner node). For this folder alone; any thread.
#pragma once

#include "proto/log/leaf.h"

// SHA-256 of the parts one after the other. AM_CRYPTO.
AM_MUST_USE enum am_err log_hash(const struct am_bytes *parts, size_t n, uint8_t ret_hash[LOG_HASH_SIZE]);
