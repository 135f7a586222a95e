// SPDX-License-Identifier: Apache-2.0
// Fields of a decoded header by their number, and its times. Pure; any thread.
#pragma once

#include "proto/model/kind.h"

// Whether the field says anything: a string or bytes not empty, a number not 0, a message there, a list not empty.
bool header_has(const Amana__V1__Header *header, const ProtobufCFieldDescriptor *field);
// The same of any message.
bool message_has(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

// UTC ns of a google.protobuf.Timestamp. False where it is NULL, lies before 1970 or after 2553, or where its nanos are
// out of range.
bool header_time(const Google__Protobuf__Timestamp *time, uint64_t *ret_ns);

// The same for a time that header_check has found good, or that is left out: 0 then.
uint64_t header_time_or_0(const Google__Protobuf__Timestamp *time);

// Whom among its recipients this unit is; NULL: it doesn't go to it. The header's own.
const Amana__V1__Recipient *header_recipient(const Amana__V1__Header *header, const char *unit);

// Whether this unit is to act on it.
bool header_asks(const Amana__V1__Header *header, const char *unit);

// U1 or U2. NULL is not.
bool header_urgent(const Amana__V1__Header *header);

// Whether it names the message whose header has this SHA-256. NULL names none.
bool header_points_at(const Amana__V1__Pointer *pointer, const uint8_t digest[32]);

// Whether both name one message. NULL, or what has no whole digest, names none.
bool header_points_alike(const Amana__V1__Pointer *one, const Amana__V1__Pointer *other);
