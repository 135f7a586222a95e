// SPDX-License-Identifier: Apache-2.0
// On the first acceptance of a referral: what else of its case is still offered for the same person, with the command
// that withdraws it.
// One thread.
#pragma once

#include "client/session/session.h"

// Prints a line for each offer that is open, or nothing where `answer` is no first acceptance.
void offers_print(struct session *session, const Amana__V1__Header *answer, uint64_t index, FILE *out);
