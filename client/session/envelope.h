// SPDX-License-Identifier: Apache-2.0
// The envelope of a message that never came here, from the log: for a data protection office, which orders about what
// its country's units sent, and a protection unit, which contests what they sent or hold. One thread.
#pragma once

#include "client/session/session.h"

// Asks the hub, with this reason in its log, and proves what comes; the session is connected. *ret_kept has header and
// signature and no body. AM_NOT_FOUND where there is no such message, or none that may be shown; AM_DENIED; as
// replay.h.
AM_MUST_USE enum am_err envelope_fetch(struct session *session, const char *id, const char *reason, struct arena *arena,
                                       struct am_detail *detail, Amana__V1__Kept **ret_kept);
