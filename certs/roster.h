// SPDX-License-Identifier: Apache-2.0
// The signed list of a unit's devices and officers (security.md, Roster): who is on it, and who isn't is refused.
#pragma once

#include "certs/check.h"

#include <limits.h>
#include <stdatomic.h>

struct roster_device {
    struct identity identity;
    struct certificate auth, seal, sign;
};

struct roster_officer {
    struct identity identity;
    struct certificate sign;
    bool supervisor;
};

// Immutable once loaded, read by any number of threads; counted references.
struct roster {
    atomic_size_t references;
    char unit[LIMIT_ADDRESS + 1];
    char country[ADDRESS_COUNTRY_MAX + 1];
    uint64_t number;                // 1, 2, …
    uint64_t not_before, not_after; // UTC ns; recorded and shown, enforced with the identity issue
    uint8_t digest[32];             // SHA-256 of the Roster bytes that are signed
    uint8_t previous[32];           // digest of the roster before; zeroes for number 1
    struct certificate registrar;   // who signed it
    size_t devices_count;           // 0 to LIMIT_DEVICES
    struct roster_device *devices;
    size_t officers_count; // 0 to LIMIT_OFFICERS
    struct roster_officer *officers;
    struct am_bytes file; // the CMS bytes, owned
};

// Reads a roster as it comes over the wire or from disk: cms (CMS SignedData with one Roster inside, at most
// LIMIT_ROSTER bytes) and the DER of every certificate that it names (more, or in another order, is AM_INVALID /
// fine). Checks the CMS profile and its signature by the certificate inside, the grammar of names, that every row is of
// this unit, that each certificate is of the row's name and use, no name and no certificate twice, the number and the
// digest before it. Does not ask whether the registrar may: roster_check does.
// AM_SIGNATURE, AM_INVALID, AM_CERTIFICATE, AM_TOO_LARGE, AM_NOT_FOUND (a named certificate is missing).
AM_MUST_USE enum am_err roster_parse(struct am_bytes cms, const struct am_bytes *certificates, size_t count,
                                     struct am_detail *detail, struct roster **ret_roster);

// What it says of one officer, without the certificates that come along, each of which is dear to parse: whether the
// officer is on it, and the digest of the certificate that the officer signs with. Checks the CMS profile and its
// signature as roster_parse does, and the unit. AM_SIGNATURE, AM_INVALID, AM_CERTIFICATE, AM_TOO_LARGE.
AM_MUST_USE enum am_err roster_officer_row(struct am_bytes cms, const char *unit, const char *officer,
                                           struct am_detail *detail, bool *ret_there,
                                           uint8_t ret_digest[CERTIFICATE_DIGEST]);

// Whether its signer is a registrar of the unit's country in trust.conf, with a good certificate at now_ns.
// AM_DENIED, AM_CERTIFICATE, AM_REVOKED, AM_EXPIRED.
AM_MUST_USE enum am_err roster_check(const struct roster *roster, const struct trust *trust, uint64_t now_ns,
                                     struct am_detail *detail);

// Both of the above: what a program does with a roster that it hasn't seen yet.
AM_MUST_USE enum am_err roster_from_wire(struct am_bytes cms, const struct am_bytes *certificates, size_t count,
                                         const struct trust *trust, uint64_t now_ns, struct am_detail *detail,
                                         struct roster **ret_roster);

// The same from files: path ends in ".roster", its certificates are in the PEM file beside it ("x.roster", "x.pem").
AM_MUST_USE enum am_err roster_load(const char *path, const struct trust *trust, uint64_t now_ns,
                                    struct am_detail *detail, struct roster **ret_roster);

// roster_parse from the same two files: for a roster that is known already, and for tools. One that names no
// certificate needs none beside it.
AM_MUST_USE enum am_err roster_read(const char *path, struct am_detail *detail, struct roster **ret_roster);

// Whether next may follow current (NULL: none yet): same unit, a higher number, and for current's number + 1 its
// digest in `previous`. AM_ROLLBACK for a lower number, AM_CONFLICT for the same number with other bytes or a wrong
// digest before it, AM_EXISTS for the very same roster.
AM_MUST_USE enum am_err roster_follows(const struct roster *current, const struct roster *next,
                                       struct am_detail *detail);

// Whether anybody can open what is sealed to it. One without a device takes the unit's roster out of force: whoever was
// on the one before is refused, and its number is spent like any other's.
bool roster_in_force(const struct roster *roster);

// Where a unit's roster and its certificates stand in a folder: "FOLDER/ke.dci.transnational.roster", and .pem, for
// ke/dci/transnational. AM_TOO_LARGE.
AM_MUST_USE enum am_err roster_paths(const char *folder, const char *unit, struct am_detail *detail,
                                     char ret_roster[PATH_MAX], char ret_pem[PATH_MAX]);

// One more reference to it, and one less; with the last it is freed. Any thread; NULL is fine for the second.
struct roster *roster_ref(struct roster *roster);
void roster_unref(struct roster *roster);

// Rows by the digest of a certificate or by URI; NULL where there is none.
const struct roster_device *roster_device_by_auth(const struct roster *roster, const uint8_t digest[32]);
const struct roster_device *roster_device_by_uri(const struct roster *roster, const char *uri);
const struct roster_officer *roster_officer_by_uri(const struct roster *roster, const char *uri);

// The certificates of the roster's rows (and no others) as DER, in the order of the rows: auth, seal, sign of each
// device, then the officers'. ret_list has room for 3 * LIMIT_DEVICES + LIMIT_OFFICERS; each is to be OPENSSL_free'd
// through roster_certificates_free. Returns how many; 0 with rows present: out of memory.
size_t roster_certificates(const struct roster *roster, struct am_bytes *ret_list);
void roster_certificates_free(struct am_bytes *list, size_t count);
