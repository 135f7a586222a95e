// SPDX-License-Identifier: Apache-2.0
// The wire form of a message held against its descriptor before anything is built. Of the codec alone. Any thread.
#pragma once

#include "proto/codec/codec.h"

// Checks what codec_decode promises. *ret_unknown tells whether there were unknown fields (LENIENT). Errors of
// codec_decode. *ret_most (may be NULL where nothing is repeated) is the repeated field of the message itself that has
// the most elements.
AM_MUST_USE enum am_err scan_message(const ProtobufCMessageDescriptor *type, enum codec_mode mode,
                                     struct am_bytes bytes, struct am_detail *detail, bool *ret_unknown,
                                     const ProtobufCFieldDescriptor **ret_most);
