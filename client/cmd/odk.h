// SPDX-License-Identifier: Apache-2.0
// A submission of ODK or Kobo made with the HTCDS survey form, as it comes from their servers (OpenRosa XML). Pure; any
// thread.
#pragma once

#include "client/cmd/htcds_draft.h"

#define ODK_VERSION "vSmt4GQA3C9uBMLPEVfgND" // of the form that this program knows

// Reads its answers into the arena, without space around them. No document type, entity or other file is looked at.
// AM_INVALID with line; AM_TOO_LARGE (LIMIT_ODK_…); AM_NOMEM.
AM_MUST_USE enum am_err odk_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                                 struct htcds_values *ret_values);
