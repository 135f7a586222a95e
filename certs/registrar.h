// SPDX-License-Identifier: Apache-2.0
// What a registrar signs for its country: CMS SignedData with its content inside (rosters, statements about members).
// Any thread.
#pragma once

#include "certs/check.h"

#include <limits.h>

// Lives until registrar_clear.
struct registrar_signed {
    struct am_bytes file;         // the CMS bytes, a copy of its own
    struct am_bytes content;      // what is signed, within file
    uint8_t digest[32];           // SHA-256 of content
    struct certificate registrar; // who signed
};

// Checks the CMS profile and the one signature by the certificate inside, an officer's. `what` it should be is told in
// *detail: "roster". Whose country the registrar speaks for registrar_check asks. AM_SIGNATURE, AM_CERTIFICATE,
// AM_TOO_LARGE (more than `limit` bytes), AM_NOMEM.
AM_MUST_USE enum am_err registrar_open(struct am_bytes cms, size_t limit, const char *what, struct am_detail *detail,
                                       struct registrar_signed *ret_signed);
void registrar_clear(struct registrar_signed *opened);

// Whether this certificate is that of a registrar of the unit's own country in trust.conf, and good at now_ns.
// AM_DENIED, AM_CERTIFICATE, AM_REVOKED, AM_EXPIRED.
AM_MUST_USE enum am_err registrar_check(const struct certificate *registrar, const char *unit, const char *what,
                                        const struct trust *trust, uint64_t now_ns, struct am_detail *detail);

// Where such a file of a unit stands in a folder: "FOLDER/ke.dci.transnational" + suffix for ke/dci/transnational.
// AM_TOO_LARGE.
AM_MUST_USE enum am_err registrar_path(const char *folder, const char *unit, const char *suffix,
                                       struct am_detail *detail, char ret_path[PATH_MAX]);
