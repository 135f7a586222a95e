// SPDX-License-Identifier: Apache-2.0
// A roster as the hub and the journal take it: rows by name and digest, and the record that is kept.
#pragma once

#include "certs/roster.h"
#include "server/hub/hub.h"

// Borrows from the roster that it was made of.
struct roster_rows {
    struct hub_roster hub;
    Amana__V1__RosterRecord record;
    struct hub_roster_device devices[LIMIT_DEVICES];
    struct hub_roster_officer officers[LIMIT_OFFICERS];
    struct am_bytes certificates[3 * LIMIT_DEVICES + LIMIT_OFFICERS];
    ProtobufCBinaryData record_certificates[3 * LIMIT_DEVICES + LIMIT_OFFICERS];
    size_t n_certificates;
};

// About 30 KB: not on a small stack. AM_NOMEM.
AM_MUST_USE enum am_err roster_rows_init(const struct roster *roster, struct roster_rows *ret_rows);
void roster_rows_clear(struct roster_rows *rows);

// A roster out of the record that the journal keeps; who signed it was judged when it was taken in.
AM_MUST_USE enum am_err roster_from_record(struct am_bytes record, struct am_detail *detail,
                                           struct roster **ret_roster);
