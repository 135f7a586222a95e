// SPDX-License-Identifier: Apache-2.0
// `amanad confirm-clock`: the machine's clock is right as it is, though it jumped. One thread.
#pragma once

#include "server/config.h"

// Says so to the hub, whether it serves or will be started; prints what is confirmed. AM_NOT_FOUND without a log.
AM_MUST_USE enum am_err confirm_clock(const struct config *config, struct am_detail *detail);
