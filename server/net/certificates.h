// SPDX-License-Identifier: Apache-2.0
// The certificates on which more than one person's work rests: the hub's own, the authorities' and each country's
// oversight. That one ends is told in the hub's log and in a file that monitoring reads; that an oversight is revoked
// is an entry. On the loop, but for what writes the file.
#pragma once

#include "proto/model/error.h"

#include <stdint.h>

struct net;

// At the start and when another trust is in force: one ALARM that names all countries whose oversight is revoked, none
// where there are none; and the next certificates_watch tells at once. AM_NOMEM, AM_FULL: it isn't in the log yet,
// and each tick tries again.
AM_MUST_USE enum am_err certificates_changed(struct net *net);

// A message of this unit brought a revocation list that is newer than the hub's and recalls its country's oversight: an
// ALARM and a line at the next tick, once until another trust is in force.
void certificates_recalled(struct net *net, const char *unit);

// At each tick; tells once a day, and at once after certificates_changed.
void certificates_watch(struct net *net);
