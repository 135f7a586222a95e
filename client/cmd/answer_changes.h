// SPDX-License-Identifier: Apache-2.0
// What a CORRECTION or CONTEST names against the message that it is about: a person or a field that isn't there would
// be mended by nobody, and everybody would confirm it. One thread.
#pragma once

#include "client/cmd/answer_target.h"

// AM_INVALID with the field and its line in `text`, where a label is none of the message's persons', or a path leads to
// no field of it. Of a message whose body is not here, or whose persons have no labels, nothing is said.
AM_MUST_USE enum am_err answer_changes_check(const struct target *root, const struct target *newest,
                                             const Amana__V1__Draft *draft, struct am_bytes text,
                                             struct am_detail *detail);
