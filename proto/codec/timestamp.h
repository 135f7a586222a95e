// SPDX-License-Identifier: Apache-2.0
// google.protobuf.Timestamp, UTC nanoseconds and RFC 3339 text. Pure; any thread.
#pragma once

#include "google/protobuf/timestamp.pb-c.h"
#include "proto/model/error.h"

// Nanoseconds since 1970-01-01T00:00:00Z. AM_INVALID where it lies before that, beyond uint64 (year 2554), or nanos
// are out of 0 … 999,999,999. A NULL time is AM_INVALID.
AM_MUST_USE enum am_err timestamp_to_ns(const Google__Protobuf__Timestamp *time, uint64_t *ret_ns);

// Initialises *ret_time. Never fails: uint64 nanoseconds always fit.
void timestamp_from_ns(uint64_t ns, Google__Protobuf__Timestamp *ret_time);

// RFC 3339 §5.6 with 'T' and an offset ('Z' or ±hh:mm), 0 to 9 digits of fraction, year 0001 … 9999, a date that
// exists. No leap second (protobuf has none). AM_INVALID with what is allowed in *detail. Initialises *ret_time.
AM_MUST_USE enum am_err timestamp_parse(const char *text, size_t len, struct am_detail *detail,
                                        Google__Protobuf__Timestamp *ret_time);

// "2026-11-24T11:07:25.123Z": in UTC, with 0, 3, 6 or 9 digits of fraction. AM_INVALID out of years 0001 … 9999.
#define TIMESTAMP_TEXT 31 // bytes with the NUL
AM_MUST_USE enum am_err timestamp_print(const Google__Protobuf__Timestamp *time, char ret_text[TIMESTAMP_TEXT]);

// The same for nanoseconds; never fails.
void timestamp_print_ns(uint64_t ns, char ret_text[TIMESTAMP_TEXT]);
