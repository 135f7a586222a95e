// SPDX-License-Identifier: Apache-2.0
// The folder of an authority: its certificate and key, what it has issued, its CRL. All of it stock openssl reads.
// One thread.
//
// NAME is "root", "units" or "hubs". NAME.pem and NAME.key; NAME.index in the format of `openssl ca` (with .attr);
// NAME.crl; issued/SERIAL.pem. Every file is replaced whole or not at all; the folder is locked while a verb works in
// it.
#pragma once

#include "certs/ca/issue.h"
#include "certs/keyfile.h"

struct ca {
    const char *folder;
    int lock;
};

// Opens and locks the folder (made, mode 0700, where create is true). AM_NOT_FOUND, AM_BUSY, AM_IO.
AM_MUST_USE enum am_err ca_open(const char *folder, bool create, struct am_detail *detail, struct ca *ret_ca);
void ca_close(struct ca *ca);

// True where the folder has this authority.
bool ca_has(const struct ca *ca, const char *name);

// Certificate and key of an authority; ca_free_issuer frees both.
AM_MUST_USE enum am_err ca_load(const struct ca *ca, const char *name, const struct keyfile_passphrase *passphrase,
                                struct am_detail *detail, struct issuer *ret_issuer);
AM_MUST_USE enum am_err ca_store(const struct ca *ca, const char *name, const struct issuer *issuer,
                                 const struct keyfile_passphrase *passphrase, struct am_detail *detail);
void ca_free_issuer(struct issuer *issuer);

// Writes down what an authority has issued: before it is handed out.
AM_MUST_USE enum am_err ca_record(const struct ca *ca, const char *name, X509 *issued, struct am_detail *detail);

// Marks a certificate of this authority as revoked (reason: "keyCompromise", …). AM_NOT_FOUND, AM_EXISTS.
AM_MUST_USE enum am_err ca_revoke(const struct ca *ca, const char *name, X509 *issued, const char *reason,
                                  struct am_detail *detail);

// True for the reasons that RFC 5280 §5.3.1 names and this program takes; ret_code is its number.
bool ca_reason(const char *text, int *ret_code);

// Makes NAME.crl anew, one number higher, good for so many seconds.
AM_MUST_USE enum am_err ca_write_crl(const struct ca *ca, const char *name, const struct issuer *issuer, time_t seconds,
                                     struct am_detail *detail);

// "FOLDER/name" + suffix; AM_TOO_LARGE.
AM_MUST_USE enum am_err ca_path(const struct ca *ca, const char *name, const char *suffix, struct am_detail *detail,
                                char ret_path[4096]);
