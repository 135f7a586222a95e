// SPDX-License-Identifier: Apache-2.0
// A draft filled up before it is submitted: with what it carries on, the units of its groups, and what its references
// name. One thread.
#pragma once

#include "client/session/compose.h"

// What an answer carries on from what it answers (domain.md: *Answer*), as far as the draft doesn't say else. Borrowed.
void submit_carry(const Amana__V1__Header *header, Amana__V1__Draft *draft);

// Puts the units of a group in the place of each recipient that names one ("@ke-et-border", of amana.conf), with its
// part; a unit that stands there by itself keeps its own, and the own unit is left out. AM_NOT_FOUND names the
// recipient; AM_TOO_LARGE past LIMIT_RECIPIENTS.
AM_MUST_USE enum am_err submit_groups(const struct settings *settings, struct arena *arena, Amana__V1__Draft *draft,
                                      struct am_detail *detail);

// Fills the references that a person wrote as the beginning of an id: the id of the one message here that begins so,
// and the digest of its header. AM_NOT_FOUND, AM_CONFLICT, AM_INVALID with the path of the field.
AM_MUST_USE enum am_err submit_references(struct session *session, struct arena *arena, Amana__V1__Draft *draft,
                                          struct am_detail *detail);
