// SPDX-License-Identifier: Apache-2.0
// How things look for people: times, colour, words for codes. One thread.
#pragma once

#include "amana/v1/message.pb-c.h"
#include "amana/v1/relay.pb-c.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

// Once, before anything is printed: times in UTC or as the machine has them; colour and width as stdout allows.
void print_setup(bool utc);

// "2026-11-24 14:07:25 +03:00" (or "… Z"); "-" for 0. In one of eight buffers in turn.
const char *print_ns(uint64_t ns);
const char *print_time(const Google__Protobuf__Timestamp *time);
// "in 12 min", "late by 3 h"; "" for 0.
const char *print_until(uint64_t due_ns, uint64_t now_ns);

// Escape sequences, "" where stdout is no terminal or NO_COLOR is set. Never the only sign of anything.
enum print_style { PRINT_PLAIN, PRINT_BOLD, PRINT_RED, PRINT_YELLOW, PRINT_GREEN, PRINT_DIM };
const char *print_on(enum print_style style);
const char *print_off(void);

// Text from a message as one line, or with `indent` before each further line: control and format characters that could
// move a terminal's cursor or turn text around are replaced. On a terminal an indented text is broken between words.
void print_text(FILE *out, const char *text, unsigned indent);

// The same on one line, and no more than its first 160 letters: what a list has of a text.
void print_brief(FILE *out, const char *text);

// The last part of an identity ("kdci-0417") or the whole if it is none.
const char *print_officer(const char *uri);
// An identity without its "amana://", or the whole if it is none.
const char *print_identity(const char *uri);
// Joins enum names: "STOP_AND_SEARCH" → "stop and search" (upper: as "STOP AND SEARCH").
void print_code(FILE *out, const char *name, bool upper);
