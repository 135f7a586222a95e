// SPDX-License-Identifier: Apache-2.0
// policy.conf: the policy as people write it.
#pragma once

#include "proto/model/error.h"
#include "proto/model/policy.h"

//   # Of each table the first row that fits counts. A party is a unit, or has * for a part.
//   ceiling "ke/*/*"            { classification = "RESTRICTED" }  # nothing above it goes to or from such a unit
//   ceiling "*/*/*"             { classification = "BASIC" }
//   retention "NOTE"            { days = 180 }                     # until retain_until, at most; else domain.md's
//   quota "ke/dci/*"            { requests-per-second = 50  in-flight = 16 }  # of each identity
//   protection-also-to = {"ke/doj/victims"}                        # purpose PROTECTION beyond protection units
//   default {                                                      # what an officer need not type
//     from = "ke" to = "et" purpose = "INVESTIGATION"              # countries or "*"; purpose may be left out: any
//     legal-basis = "BILATERAL_AGREEMENT" agreement = "ke-et-2024" retention-days = 180 handling = {"H0"}
//   }
//   release { kinds = {"REQUEST"} from = "ke/dci/*" to = "et/*/*" }  # needs a second person, beyond rule 5
//   supervisors "ke/dci/*" { units = {"ke/dci/headquarters"} }     # whose supervisors may release for these, too
//   purpose-change "INVESTIGATION" { to = {"PROSECUTION"} }        # of a new root that references one of the other
//
// AM_CONFIG with file, line and sentence; AM_NOMEM. *ret_policy is the caller's: policy_free.
AM_MUST_USE enum am_err policy_parse(struct am_bytes text, const char *path, struct am_detail *detail,
                                     struct policy **ret_policy);

// The same from the file; AM_NOT_FOUND, AM_IO. A path "" gives AM_OK and NULL: there is no policy.
AM_MUST_USE enum am_err policy_load(const char *path, struct am_detail *detail, struct policy **ret_policy);
