// SPDX-License-Identifier: Apache-2.0
// What a registrar says of a unit of its country: role, languages, hours, telephone, deputy, successor, scope and the
// digest of its grants (domain.md, Addresses, identities, roles). Any thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "amana/v1/record.pb-c.h"
#include "certs/registrar.h"

#define MEMBER_STATEMENT_CONTEXT "amana-member-v1"
#define MEMBER_STATEMENT_SUFFIX  ".member" // of its file: "ke.dci.transnational.member"

struct member_statement {
    struct registrar_signed by;
    Amana__V1__MemberStatement *message; // as it was signed; `said` is there, its unit an address
};

// Reads one: CMS SignedData with one MemberStatement inside, at most LIMIT_MEMBER_STATEMENT bytes. Checks the signature
// by the certificate inside, the context, that the bytes mean one thing, and the grammar of each field. Whether the
// registrar may speak of this unit member_statement_check asks. AM_SIGNATURE, AM_CERTIFICATE, AM_INVALID, AM_TOO_LARGE.
AM_MUST_USE enum am_err member_statement_parse(struct am_bytes cms, struct am_detail *detail,
                                               struct member_statement **ret_statement);
void member_statement_free(struct member_statement *statement); // NULL is fine

// Whether its signer is a registrar of the unit's country in trust.conf, with a good certificate at now_ns.
// AM_DENIED, AM_CERTIFICATE, AM_REVOKED, AM_EXPIRED.
AM_MUST_USE enum am_err member_statement_check(const struct member_statement *statement, const struct trust *trust,
                                               uint64_t now_ns, struct am_detail *detail);

// Both of the above: what a program does with a statement that it hasn't seen yet.
AM_MUST_USE enum am_err member_statement_from_wire(struct am_bytes cms, const struct trust *trust, uint64_t now_ns,
                                                   struct am_detail *detail, struct member_statement **ret_statement);

// Whether it says what the row does: unit, revision, each field, and the digest of the row's grants. AM_CONFLICT with
// what differs; AM_NOMEM.
AM_MUST_USE enum am_err member_statement_fits(const struct member_statement *statement,
                                              const Amana__V1__MemberRecord *record, struct am_detail *detail);
// The same of its grants alone. AM_CONFLICT, AM_NOMEM.
AM_MUST_USE enum am_err member_statement_fits_grants(const struct member_statement *statement,
                                                     const Amana__V1__MemberRecord *record, struct am_detail *detail);

// Signs a row as it is. *ret_cms is malloc'ed for the caller. AM_INVALID (member_check), AM_CRYPTO, AM_NOMEM.
AM_MUST_USE enum am_err member_statement_sign(const Amana__V1__MemberRecord *record, uint64_t now_ns, X509 *certificate,
                                              EVP_PKEY *key, struct am_detail *detail, struct am_bytes *ret_cms);
