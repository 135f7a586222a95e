// SPDX-License-Identifier: Apache-2.0
// policy.conf: the policy as people write it.
#pragma once

#include "proto/model/error.h"
#include "server/hub/policy.h"

//   # Of each table the first row that fits counts. A party is a unit, or has * for a part.
//   ceiling "ke/*/*"            { classification = "RESTRICTED" }  # nothing above it goes to or from such a unit
//   ceiling "*/*/*"             { classification = "BASIC" }
//   retention "NOTE"            { days = 180 }                     # until retain_until, at most; else domain.md's
//   quota "ke/dci/*"            { requests-per-second = 50  in-flight = 16 }  # of each identity
//   protection-also-to = {"ke/doj/victims"}                        # purpose PROTECTION beyond protection units
//
// AM_CONFIG with file, line and sentence; AM_NOMEM. *ret_policy is the caller's: policy_free.
AM_MUST_USE enum am_err policy_parse(struct am_bytes text, const char *path, struct am_detail *detail,
                                     struct policy **ret_policy);

// The same from the file; AM_NOT_FOUND, AM_IO. A path "" gives AM_OK and NULL: there is no policy.
AM_MUST_USE enum am_err policy_load(const char *path, struct am_detail *detail, struct policy **ret_policy);
