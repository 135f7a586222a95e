// SPDX-License-Identifier: Apache-2.0
// The second person's signature (domain.md, rule 5), for hub and clients alike. Any thread.
#pragma once

#include "certs/cms.h"
#include "certs/roster.h"

#define RETURNED_CONTEXT "amana-returned-v1"

// Whether a signature over these header bytes releases them: the author's SignerInfo and that of a supervisor who
// stands on the releasing unit's roster, with another URI and another key than the author's; `deferred`: the
// supervisor's alone. AM_SIGNATURE; AM_NOT_FOUND: nobody of that roster has signed; AM_DENIED: one who may not release
// it, with the reason. The certificates themselves are judged by the caller.
AM_MUST_USE enum am_err release_check(const struct cms_signature *signature, struct am_bytes header,
                                      const struct roster_officer *author, const struct roster *releasing,
                                      bool deferred, struct am_detail *detail,
                                      const struct roster_officer **ret_supervisor);

// Whether a statement (Returned) is signed by this supervisor of the roster, alone. The same errors.
AM_MUST_USE enum am_err release_check_returned(struct am_bytes statement, struct am_bytes signature,
                                               const struct roster *releasing, const char *officer,
                                               struct am_detail *detail, const struct roster_officer **ret_supervisor);

// The officer of the roster, but the author, who is one of the signers; NULL where there is none. Verifies nothing.
const struct roster_officer *release_signer(const struct cms_signature *signature, const char *author,
                                            const struct roster *releasing);
