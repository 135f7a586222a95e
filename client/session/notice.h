// SPDX-License-Identifier: Apache-2.0
// Notices of the clock: what they are about, and what can be said against them. Their proof is judged before. One
// thread.
#pragma once

#include "client/session/session.h"
#include "proto/log/leaf.h"

// The message that an entry of the clock is about; NULL for every other entry.
const Amana__V1__Pointer *notice_message(const Amana__V1__EntryContent *content);

// Whether an entry is about the message whose header has this digest and whose own entry is seq: of the clock, of its
// second person, or a device's word that it has it.
bool notice_names(const Amana__V1__EntryContent *content, uint64_t seq, const uint8_t digest[LOG_HASH_SIZE]);

// Is what it says in itself and with what is kept here: the message is that one, and nothing has passed before its time
// or was late before it. AM_PROOF with why it doesn't hold.
AM_MUST_USE enum am_err notice_check(struct session *session, const Amana__V1__ProvedEntry *entry,
                                     const Amana__V1__EntryContent *content, struct am_detail *detail);
