// SPDX-License-Identifier: Apache-2.0
// What an option and a row of policy.conf may say: a validator tells the mistake with its line, so that what copies the
// rows afterwards meets none. Pure; any thread.
#pragma once

#include "certs/conf_text.h"

// For conf_read. Static.
const struct conf_validator *policy_checks(size_t *ret_n);
