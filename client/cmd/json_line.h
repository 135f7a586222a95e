// SPDX-License-Identifier: Apache-2.0
// JSON as it is printed; no control or format character of others gets out of it. One line for programs: {header, body,
// state, entry} (wire.md). One thread.
#pragma once

#include "client/session/session.h"

#include <jansson.h>
#include <stdio.h>

// Of a real number as many digits as any that was written in decimals keeps: 37.9903, and not 37.990299999999998.
#define JSON_LINE_DIGITS JSON_REAL_PRECISION(15)

// A message of the store; state is a word or, from json_line_status, an object. Returns 0 or an exit code.
int json_line_kept(struct session *session, const Amana__V1__Kept *kept, const char *state, FILE *out);
int json_line_state(struct session *session, const Amana__V1__Kept *kept, json_t *state, FILE *out);

// Any object as one line; takes the reference. 0 or an exit code.
int json_line_print(json_t *object, FILE *out);
// The same over many lines, for people: a draft, an export.
int json_text_print(json_t *object, FILE *out);

// {index, time, kind, content} of an entry and its checkpoint's size; NULL where it can't be read.
json_t *json_line_entry(const Amana__V1__ProvedEntry *entry);
