// SPDX-License-Identifier: Apache-2.0
// Rule 11: what others marked H2 goes on to those who have it and who protect in their countries; within one's own
// agency to those whom policy names; and to whom a DECISION names that is among the references. One thread.
#pragma once

#include "client/session/session.h"
#include "proto/model/reason.h"

// By what is kept here of the messages that the header answers and references. REASON_NONE, or REASON_HANDLING_FORBIDS
// with the recipient's path and what can be done in *detail.
enum reason onward_check(struct session *session, const Amana__V1__Header *header, struct am_detail *detail);
