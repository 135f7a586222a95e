// SPDX-License-Identifier: Apache-2.0
// What an answer names besides what it answers: permissions, an alert's versions, the correction that mends. One
// thread.
#pragma once

#include "client/cmd/answer_target.h"

// A DECISION on what is answered is named, so that the hub sees whom it opens it to.
AM_MUST_USE enum am_err answer_permissions(const struct answer_input *input, struct arena *arena,
                                           const struct target *newest, Amana__V1__Draft *draft);
// Whether the verb orders something about content: then all versions of an alert are meant.
bool answer_is_order(const struct answer_input *input);
// Who released this message, among those who have what is named.
void answer_releasing(struct answer_input *input, const Amana__V1__Header *header);
// The newest version becomes what is answered, the others the draft's references.
AM_MUST_USE enum am_err answer_versions(struct answer_input *input, struct arena *arena, const struct target *root,
                                        struct target *newest, Amana__V1__Draft *draft);
// A contest and the correction that mends it name each other. AM_CONFLICT: there is no correction yet.
AM_MUST_USE enum am_err answer_references(struct answer_input *input, struct arena *arena, const struct target *target,
                                          Amana__V1__Draft *draft, struct am_detail *detail);
