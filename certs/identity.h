// SPDX-License-Identifier: Apache-2.0
// Who a certificate speaks for: the one SAN URI of exact grammar (security.md, Names). No I/O; any thread.
#pragma once

#include "proto/model/address.h"

#include <openssl/x509.h>

enum identity_kind { IDENTITY_DEVICE, IDENTITY_OFFICER, IDENTITY_HUB, IDENTITY_OVERSIGHT };

// Plain memory, copied freely, compared by uri.
struct identity {
    char uri[LIMIT_URI + 1];               // "amana://ke/dci/transnational/device/d2"
    char unit[LIMIT_ADDRESS + 1];          // "ke/dci/transnational"; of a hub "ke/hub", …
    char country[ADDRESS_COUNTRY_MAX + 1]; // "ke"
    char name[ADDRESS_COUNTRY_MAX + 1];    // "d2", "kdci-0417", "hub", "oversight"
    enum identity_kind kind;
};

// Reads uri[0..len) byte for byte: `amana://C/A/U/device/NAME`, `amana://C/A/U/officer/NAME`, `amana://C/hub` or, of
// who opens a country's messages under law, `amana://C/oversight`: no unit has a name of two parts.
// AM_INVALID with what is allowed in *detail (field "uri") for anything else, NUL bytes included.
AM_MUST_USE enum am_err identity_parse(const char *uri, size_t len, struct am_detail *detail,
                                       struct identity *ret_identity);

// The identity of a certificate: it must have one subjectAltName extension with one name in it, of type URI, and
// that one of the grammar. AM_CERTIFICATE otherwise. Says nothing about who issued it: see certs_check.
AM_MUST_USE enum am_err identity_from_certificate(const X509 *x509, struct am_detail *detail,
                                                  struct identity *ret_identity);

// "device", "officer", "hub" or "oversight".
const char *identity_kind_text(enum identity_kind kind);
