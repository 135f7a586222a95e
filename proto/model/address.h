// SPDX-License-Identifier: Apache-2.0
// The grammar of addresses: parts, units "country/agency/unit", and case references. Pure; any thread.
#pragma once

#include "proto/model/error.h"
#include "proto/model/limits.h"

#include <stdbool.h>

#define ADDRESS_COUNTRY_MAX 31u // bytes of a part without its NUL

// True where s[0..len) is `[a-z0-9][a-z0-9-]{0,30}` (domain.md, Addresses).
bool address_part_valid(const char *s, size_t len);

// A unit's address: exactly three parts joined by '/'. AM_INVALID with what is allowed in *detail (field "").
AM_MUST_USE enum am_err address_check(const char *unit, struct am_detail *detail);

// A pattern of units, as grants and policy have them: three parts, each a name or '*'. "et/ics/moyale", "ke/*/*".
bool address_pattern_valid(const char *pattern);
bool address_matches(const char *pattern, const char *unit);

// Copies the first part of any address or identity path ("ke/dci/…" → "ke"). The caller checked the address.
void address_country(const char *unit, char ret_country[ADDRESS_COUNTRY_MAX + 1]);
bool address_in_country(const char *unit, const char *country);
bool address_same_country(const char *unit, const char *other);

// Copies the first two parts ("ke/dci/transnational" → "ke/dci"). ret_agency holds LIMIT_ADDRESS + 1 bytes.
void address_agency(const char *unit, char ret_agency[LIMIT_ADDRESS + 1]);
bool address_same_agency(const char *unit, const char *other);

// A case reference `country/agency/YYYY/number`, number 1 to 9 digits: "ke/dci/2026/004211".
AM_MUST_USE enum am_err case_ref_check(const char *case_ref, struct am_detail *detail);

// A message id: UUIDv7 in lower case with hyphens (RFC 9562 §5.7), 36 characters; ret_bytes (may be NULL) its 16 bytes.
AM_MUST_USE enum am_err message_id_check(const char *id, uint8_t ret_bytes[16], struct am_detail *detail);
