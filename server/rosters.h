// SPDX-License-Identifier: Apache-2.0
// The rosters that an operator was given: every *.roster of a folder, with its certificates beside it. One thread at a
// time.
#pragma once

#include "certs/roster.h"

struct rosters {
    struct roster **list;
    size_t count, faults;
};

// Reads and checks each file; one that isn't good is told to `fault` and left out. AM_IO where the folder can't be
// read, AM_NOMEM. rosters_clear afterwards.
AM_MUST_USE enum am_err rosters_load(const char *folder, const struct trust *trust, uint64_t now_ns,
                                     void (*fault)(const char *path, enum am_err err, const struct am_detail *detail),
                                     struct am_detail *detail, struct rosters *ret_rosters);
void rosters_clear(struct rosters *rosters);
