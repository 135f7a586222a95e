// SPDX-License-Identifier: Apache-2.0
// Edits one element of a DER tree and mends the lengths around it, so that a test can break one clause at a time.
#pragma once

#include "proto/model/error.h"

enum der_edit { DER_REPLACE, DER_INSERT_BEFORE, DER_APPEND_INSIDE, DER_DELETE, DER_TWICE };

// path: child indexes from the outermost element, ended by -1 ({-1} is the outermost itself). Every step but the last
// must be a constructed element. Returns malloc'ed bytes (data NULL: there is no such place).
struct am_bytes der_edit(struct am_bytes der, const int *path, enum der_edit edit, struct am_bytes with);

// The element at path, inside der; data NULL if there is none.
struct am_bytes der_find(struct am_bytes der, const int *path);
