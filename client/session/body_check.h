// SPDX-License-Identifier: Apache-2.0
// What only a reader of the body can judge: the cross-field rules of domain.md (3, 6, 13) for sender and recipient.
// Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "proto/model/error.h"
#include "proto/model/reason.h"

#include <stdbool.h>

// REASON_NONE; FIELD_INVALID, RELEASE_REQUIRED (an identified person) or KIND_UNSUPPORTED with path
// ("alert.persons[0]…") and what is allowed in *detail (not NULL). The body's kind must be the header's.
enum reason body_check(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const Amana__V1__Body *body,
                       struct am_detail *detail);

// The alert of an ALERT or UPDATE, NULL for other kinds.
const Amana__V1__Alert *body_alert(const Amana__V1__Body *body);

// Whether somebody in it is, or may be, under 18.
bool body_has_child(const Amana__V1__Alert *alert);
