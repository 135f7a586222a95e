// SPDX-License-Identifier: Apache-2.0
// Other people's text on a terminal: it may not move the cursor, hide itself or turn the text around. Any thread.
#pragma once

#include "proto/model/error.h"

#include <stdio.h>

// One character of text (UTF-8) as it is shown; gives how many bytes of it that takes. *ret_shown: a replacement of
// *ret_len bytes, or the text itself; *ret_width: its columns. A line's end and a tab are a space.
size_t plain_take(const char *text, const char **ret_shown, size_t *ret_len, unsigned *ret_width);

// The whole text, on the line where it begins.
void plain_print(FILE *out, const char *text);

// "amanad: FIELD:LINE: TEXT", of an error whose detail may be empty: `field` stands in for a field that isn't told.
void plain_fault(FILE *out, const char *program, const char *field, enum am_err err, const struct am_detail *detail);

// JSON (whose characters outside ASCII stand in strings alone): what a terminal would obey is written as \uXXXX.
void plain_json(FILE *out, const char *json);
