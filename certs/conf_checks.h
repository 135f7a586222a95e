// SPDX-License-Identifier: Apache-2.0
// What validators of more than one file of an operator ask about a value. 0, or -1 with the mistake told. Any thread.
#pragma once

#include "certs/conf_text.h"

#include <protobuf-c/protobuf-c.h>

// A unit, or a pattern of units.
int conf_check_party(cfg_t *cfg, const char *option, const char *party);

// A name of a code list but its UNSPECIFIED; `what` the list is of: "kind of message".
int conf_check_code(cfg_t *cfg, const char *option, const ProtobufCEnumDescriptor *codes, const char *what,
                    const char *name);
