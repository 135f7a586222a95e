// SPDX-License-Identifier: Apache-2.0
// What a member of a hub may be: its role and what goes with it (domain.md, Addresses, identities, roles). Pure; any
// thread.
#pragma once

#include "amana/v1/record.pb-c.h"
#include "proto/model/error.h"

#include <stdbool.h>

#define MEMBER_GRANTS  64u // of one member
#define MEMBER_PARTIES 64u // of one grant
#define MEMBER_CODES   32u // languages, countries of a scope
#define MEMBER_HOURS   64u // bytes of words about working hours
#define MEMBER_ROLES   "unit, protection, auditor, content-auditor, registrar, dpo, operator"

// The names of the roles, in the order of MEMBER_ROLES; NULL past the last.
const char *member_role_name(size_t i);
bool member_role_valid(const char *role);
// unit and protection carry messages; the others never do (one identity has one of the two, or one of the others).
bool member_role_carries(const char *role);
bool member_language_valid(const char *code);       // ISO 639 by shape: two or three small letters
bool member_hours_valid(const char *hours);         // 1 to MEMBER_HOURS printable characters of ASCII
bool member_telephone_valid(const char *telephone); // E.164: '+' and 7 to 15 digits

// A whole row. AM_INVALID with the field's path and what is allowed. An empty role removes: nothing else may be set.
AM_MUST_USE enum am_err member_check(const Amana__V1__MemberRecord *member, struct am_detail *detail);

// Its grants and scope as its GRANT entry words them, one grant a line; "" for none. To be freed; NULL: out of memory.
char *member_grants_text(const Amana__V1__MemberRecord *member);

// Whether the two say the same of a unit; false where one is NULL.
bool member_said_same(const Amana__V1__Member *a, const Amana__V1__Member *b);
