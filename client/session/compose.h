// SPDX-License-Identifier: Apache-2.0
// From what a person wrote to a message: checked, sealed, signed, in the order of domain.md (The envelope). One thread.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "client/session/session.h"
#include "proto/model/reason.h"

// What a message is made of. Pointers (may be NULL) name what it answers and supersedes; root and newest (may be NULL)
// are the headers of the life's root, which it must carry on, and of what it answers: of a chain, its newest version.
struct compose {
    const Amana__V1__Draft *draft;
    const Amana__V1__Pointer *in_reply_to, *supersedes;
    const Amana__V1__Header *root, *newest;
    bool takes_back; // what was sent with its release DEFERRED and sent back: the supervisor needs no second person
    const char *const *untaken; // units to which the hub lets nothing of it go: they need not be named
    size_t n_untaken;
};

// All that can be judged before it is sealed: envelope, flags, rules, body. REASON_NONE, or the reason with path and
// what is allowed in *detail (not NULL). valid_until and retain_until may be left out of the draft: 72 hours, and what
// policy says, else one year; so may what policy knows for its countries and purpose (policy.h).
enum reason compose_check(struct session *session, const struct compose *compose, struct am_detail *detail);

// Makes the message: rosters, flags, body, seal, log_seen, header, signature. In the arena, its flags with it.
// AM_INVALID where compose_check doesn't hold (*ret_reason says which, else REASON_NONE); errors of directory_newest,
// session_key; AM_NOT_FOUND also where no checkpoint was ever verified.
AM_MUST_USE enum am_err compose_message(struct session *session, const struct compose *compose, struct arena *arena,
                                        struct am_detail *detail, enum reason *ret_reason,
                                        Amana__V1__Message **ret_message);

// The same message sealed and signed anew after a roster changed: same id, written_at and content. Opens its own sealed
// copy. AM_SEAL and as above.
AM_MUST_USE enum am_err compose_again(struct session *session, const Amana__V1__Message *message, struct arena *arena,
                                      struct am_detail *detail, Amana__V1__Message **ret_message);

// The size that a plaintext of `len` bytes is padded to: Padmé, at least 2 KiB. Nikitin et al., PETS 2019, algorithm 1.
size_t compose_padded(size_t len);

// A new id: UUIDv7 of the time (RFC 9562 §5.7). AM_CRYPTO.
AM_MUST_USE enum am_err compose_id(uint64_t now_ns, char ret_id[37]);
