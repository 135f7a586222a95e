// SPDX-License-Identifier: Apache-2.0
// The mailbox: each message verified, opened, kept, and only then shown and acknowledged under the device's own
// signature (security.md; domain.md, Delivery). One thread.
#pragma once

#include "client/session/session.h"

typedef void (*receive_tell)(void *user);

// Takes what the mailbox has; with follow, goes on until interrupted or the link breaks (AM_UNAVAILABLE). tell is
// called for each message and each notice once it is durable in the store, where it stands as news (news.h); it may be
// NULL. What fails proof is not acknowledged: AM_PROOF, AM_SIGNATURE, AM_FORK… after an alarm, and the link is closed.
AM_MUST_USE enum am_err receive_mail(struct session *session, bool follow, struct am_detail *detail, receive_tell tell,
                                     void *user);
