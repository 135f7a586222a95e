// SPDX-License-Identifier: Apache-2.0
// The members file of `amanad init`: who belongs to this hub, in what role, and what each may send to whom; and the
// statements of the countries' registrars about its rows. One thread.
#pragma once

#include "amana/v1/record.pb-c.h"
#include "certs/trust.h"
#include "proto/codec/arena.h"

#define MEMBERS_MAX 4096u

//   unit "ke/dci/transnational" {
//     role = "unit"                       # one of MEMBER_ROLES
//     languages = {"en", "sw"}            # ISO 639
//     roster = "ke-dci-transnational.roster"   # its certificates beside it: ke-dci-transnational.pem
//     grant { kinds = {"ALERT", "UPDATE", "CANCEL"}  parties = {"et/ics/*", "et/mowsa/protection"} }
//     scope = {"ke", "et"}                # of an auditor: countries
//   }
struct members {
    struct arena arena;
    size_t count;
    Amana__V1__MemberRecord **records;
    const char **rosters;    // paths, "" for a member without one; relative ones joined to the file's folder
    const char **statements; // paths: "statements/ke.dci.transnational.member" beside the file
    unsigned *lines;         // where each row ends in the file
    const char *path;
    const char *folder; // "statements" beside the file
};

// trust: each country that is named must be there; NULL: any will do. AM_CONFIG with file, line and sentence; AM_NOMEM.
// members_clear afterwards in any case.
AM_MUST_USE enum am_err members_parse(struct am_bytes text, const char *path, const struct trust *trust,
                                      struct am_detail *detail, struct members *ret_members);
AM_MUST_USE enum am_err members_load(const char *path, const struct trust *trust, struct am_detail *detail,
                                     struct members *ret_members);

// Reads the statement about each row, verifies it at now_ns and puts it into the row. A row without one, or of which it
// says something else, is AM_CONFIG with the file's line and what to do; errors of member_statement_from_wire.
AM_MUST_USE enum am_err members_read_statements(struct members *members, const struct trust *trust, uint64_t now_ns,
                                                struct am_detail *detail);
void members_clear(struct members *members);
