// SPDX-License-Identifier: Apache-2.0
// The highest CRLNumber of each issuer that a program has taken, from one run to the next: what it keeps of it is text,
// a line for each issuer with the SHA-256 of its certificate in hex, a space and the number. Any thread.
#pragma once

#include "certs/trust.h"

#define TRUST_SEEN_MAX (64u * 1024) // bytes of that text

// Compares the CRLs in force with what was seen (no bytes: nothing was) and gives what has been seen by now: the same
// bytes where nothing is new; malloc'ed. AM_ROLLBACK for an issuer still trusted whose CRL has a lower number or has
// gone, AM_CORRUPT where `seen`, kept at `name`, can't be read, with what to do in *detail.
AM_MUST_USE enum am_err trust_seen_take(const struct trust *trust, struct am_bytes seen, const char *name,
                                        struct am_detail *detail, struct am_bytes *ret_seen);
