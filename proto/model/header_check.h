// SPDX-License-Identifier: Apache-2.0
// All that can be judged on an envelope alone. The hub calls it on arrival, the client before it seals, so that the
// sentence a person reads is the same. Pure; any thread.
#pragma once

#include "proto/model/header.h"
#include "proto/model/reason.h"

struct header_context {
    bool unsealed;  // before sealing: the fields that sealing makes (digests, body_size, log_seen…) are not there yet
    bool oversight; // the trust list names an oversight certificate for the sender's country
    bool any_oversight;             // whether it does, or did, is judged elsewhere
    bool any_retention;             // how long it may be kept was judged elsewhere: by the hub that took it
    const uint16_t *retention_days; // by kind (KIND_COUNT), where policy says so; 0 or NULL: the kind's own ceiling
};

// REASON_NONE, FIELD_INVALID, KIND_UNSUPPORTED (what is not served yet) or RETENTION_TOO_LONG, with the
// field's JSON path and what is allowed in *detail (not NULL). Times are judged against one another, not against a
// clock. What it lets through has no NULL where a message is required, and times that header_time takes.
enum reason header_check(const Amana__V1__Header *header, const struct header_context *context,
                         struct am_detail *detail);

// The same for the flags: PROTECTION_UNANSWERED for no answer. What follows from them: proto/model/harm.h.
// Paths begin with "flags.".
enum reason flags_check(const Amana__V1__Flags *flags, struct am_detail *detail);
