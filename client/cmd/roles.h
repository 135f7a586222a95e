// SPDX-License-Identifier: Apache-2.0
// Rule 6: what an answer makes of the persons that what it answers has entered, by their labels. Pure.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "proto/codec/arena.h"
#include "proto/model/error.h"

struct roles_moved {
    const char *suspect; // the label of one who was entered as a victim and becomes a suspect; NULL: none
    Amana__V1__RoleChange **freed; // those who were suspects and become victims: what a CONTEST says of them
    size_t n_freed;
};
// Either body may be NULL. Borrows from both. AM_NOMEM.
AM_MUST_USE enum am_err roles_compare(const Amana__V1__Body *before, const Amana__V1__Body *after, struct arena *arena,
                                      struct roles_moved *ret_moved);
