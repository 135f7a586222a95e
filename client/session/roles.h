// SPDX-License-Identifier: Apache-2.0
// Rule 6 over time: what a message makes of persons that others have entered. One thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "client/session/session.h"

// Whether somebody becomes a SUSPECT in it who was entered as a victim, missing person or smuggled migrant, as far as
// this client has seen the case: by a kind other than CORRECTION, or by one that no supervisor releases. Known again is
// who bears the same label, in what its sender has said before or in what the two messages point at; and who is the
// same by document, or by name and birth. A victim of whom another unit holds that it is a suspect is contested, not
// entered. A rejected body says nothing. AM_INVALID with the field and why in *detail where it is so; AM_NOMEM, errors
// of the store.
AM_MUST_USE enum am_err roles_judge(struct session *session, const Amana__V1__Header *header,
                                    const Amana__V1__Body *body, struct am_detail *detail);

// What a message makes of the persons of what it answers or refers to, who are known again by document, or name and
// birth, and within one case by their label: those who were suspects and become victims, as a CONTEST says it.
struct roles_moved {
    Amana__V1__RoleChange **freed;
    size_t n_freed;
    Amana__V1__Change **facts; // of whom there is no label
    size_t n_facts;
};
// Either body may be NULL. Borrows from both. AM_NOMEM.
AM_MUST_USE enum am_err roles_compare(const Amana__V1__Body *before, const Amana__V1__Body *after, bool labelled,
                                      struct arena *arena, struct roles_moved *ret_moved);

// Whether the body says of somebody who was a suspect that they are none.
bool roles_frees(const Amana__V1__Body *body, const Amana__V1__Person *was);
