// SPDX-License-Identifier: Apache-2.0
// An alert as OASIS CAP 1.2 XML, for programs that show warnings: public fields alone. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "proto/model/error.h"

#include <stdio.h>

#define CAP_BEFORE 3u // messages named in <references>

// Writes one <alert>: who sent what kind of alert when, how urgent, what is asked for, until when; and its title, in
// which no victim's name stands (rule body.title-victim), but where the subject is a person or a group: a suspect's
// may. No person, summary, place or telephone. An UPDATE or CANCEL refers to `before` (NULL ends it). AM_INVALID for
// another kind; AM_IO.
AM_MUST_USE enum am_err cap_print(const Amana__V1__Header *header, const Amana__V1__Body *body,
                                  const Amana__V1__Header *const before[CAP_BEFORE], struct am_detail *detail,
                                  FILE *out);
