// SPDX-License-Identifier: Apache-2.0
// The hub's log for people: one event, one line, on stderr, as journald likes it. Never a secret, never content.
#pragma once

enum report_level { REPORT_ERROR, REPORT_WARNING, REPORT_NOTICE, REPORT_INFO, REPORT_DEBUG };

// Lines below this level are left out; with `journal` each line begins with "<N>", which journald reads as its
// priority.
void report_start(enum report_level level, int journal);

// The level of a word of amanad.conf ("error", "warning", "notice", "info", "debug"); -1 for any other.
int report_level_parse(const char *word);

// Writes "EVENT key=value …" as one line with one write. What came from a peer may be passed: control characters,
// newlines and bytes that are not ASCII are shown as '?'. Any thread.
__attribute__((format(printf, 3, 4))) void report(enum report_level level, const char *event, const char *format, ...);
