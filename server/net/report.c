// SPDX-License-Identifier: Apache-2.0
// The hub's log for people: one event, one line, on stderr.
#include "server/net/report.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE 1024

static atomic_int level_shown = REPORT_INFO;
static atomic_int for_journal;

static const struct {
    const char *word;
    int priority; // of syslog
} LEVELS[] = {
    [REPORT_ERROR] = {"error", 3}, [REPORT_WARNING] = {"warning", 4}, [REPORT_NOTICE] = {"notice", 5},
    [REPORT_INFO] = {"info", 6},   [REPORT_DEBUG] = {"debug", 7},
};

void report_start(enum report_level level, int journal)
{
    atomic_store(&level_shown, (int)level);
    atomic_store(&for_journal, journal);
}

int report_level_parse(const char *word)
{
    for (int i = 0; i < (int)(sizeof(LEVELS) / sizeof(LEVELS[0])); i++)
        if (strcmp(LEVELS[i].word, word) == 0)
            return i;
    return -1;
}

static size_t fit(int printed, size_t room)
{
    if (printed < 0)
        return 0;
    return (size_t)printed < room ? (size_t)printed : room - 1;
}

__attribute__((format(printf, 4, 0))) static void line_write(enum report_level level, const char *event,
                                                             unsigned untold, const char *format, va_list args)
{
    char line[LINE];
    size_t len = 0;

    if ((int)level > atomic_load(&level_shown))
        return;
    if (atomic_load(&for_journal))
        len += fit(snprintf(line, 8, "<%d>", LEVELS[level].priority), 8);
    len += fit(snprintf(line + len, sizeof line - 1 - len, "%s ", event), sizeof line - 1 - len);
    if (untold > 0)
        len += fit(snprintf(line + len, sizeof line - 1 - len, "untold=%u ", untold), sizeof line - 1 - len);
    len += fit(vsnprintf(line + len, sizeof line - 1 - len, format, args), sizeof line - 1 - len);
    for (size_t i = 0; i < len; i++)
        if (line[i] < ' ' || line[i] > '~')
            line[i] = '?';
    line[len++] = '\n';
    // A log that can't be written is no reason to stop.
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}

void report(enum report_level level, const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_write(level, event, 0, format, args);
    va_end(args);
}

#define KIND_NS 1000000000ull // between two lines of a kind

static bool kind_due(const struct report_kind *kind, uint64_t now_ns)
{
    return kind->told_ns == 0 || now_ns - kind->told_ns >= KIND_NS;
}

void report_some(struct report_kind *kind, uint64_t now_ns, enum report_level level, const char *event,
                 const char *format, ...)
{
    va_list args;

    if (!kind_due(kind, now_ns)) {
        kind->untold++;
        return;
    }
    va_start(args, format);
    line_write(level, event, kind->untold, format, args);
    va_end(args);
    *kind = (struct report_kind){.told_ns = now_ns};
}

unsigned report_untold(struct report_kind *kind, uint64_t now_ns)
{
    unsigned untold = kind->untold;

    if (untold == 0 || !kind_due(kind, now_ns))
        return 0;
    *kind = (struct report_kind){.told_ns = now_ns};
    return untold;
}
