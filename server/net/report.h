// SPDX-License-Identifier: Apache-2.0
// The hub's log for people: one event, one line, on stderr, as journald likes it. Never a secret, never content.
#pragma once

#include <stdint.h>

enum report_level { REPORT_ERROR, REPORT_WARNING, REPORT_NOTICE, REPORT_INFO, REPORT_DEBUG };

// Lines below this level are left out; with `journal` each line begins with "<N>", which journald reads as its
// priority.
void report_start(enum report_level level, int journal);

// The level of a word of amanad.conf ("error", "warning", "notice", "info", "debug"); -1 for any other.
int report_level_parse(const char *word);

// Writes "EVENT key=value …" as one line with one write. What came from a peer may be passed for a %s, the whole of a
// value or a part of one in quotes: it can begin no field and no line. In quotes a quote and a backslash are escaped
// with one, a newline is shown as \n, other control characters and what isn't ASCII as \xNN; a value that holds such,
// a space or '=', and an empty one, is put in quotes if it has none. A line over 1,024 bytes is cut
// and ends with "...", its quote closed. %s, %d, %u, %lld, %llu and
// %zu alone, without a width. Any thread.
__attribute__((format(printf, 3, 4))) void report(enum report_level level, const char *event, const char *format, ...);

// Lines of one kind that somebody outside can cause as often as he likes: one a second at most. One thread.
struct report_kind {
    uint64_t told_ns;
    unsigned untold; // since then
};

// report, or one more untold; a line that was preceded by such begins with "untold=N". now_ns: monotonic.
__attribute__((format(printf, 5, 6))) void report_some(struct report_kind *kind, uint64_t now_ns,
                                                       enum report_level level, const char *event, const char *format,
                                                       ...);

// How many are untold and due to be told now, without another of their kind; they count as told then.
unsigned report_untold(struct report_kind *kind, uint64_t now_ns);
