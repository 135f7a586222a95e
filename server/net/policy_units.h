// SPDX-License-Identifier: Apache-2.0
// Units that a policy names. On the loop.
#pragma once

#include "server/hub/hub.h"

// Says in the log which of them are no members: a row about a unit that is written wrongly would count for nobody, and
// silently. It is no mistake of the file: they may join later. NULL is fine.
void policy_units_report(const struct hub *hub, const struct policy *policy);
