// SPDX-License-Identifier: Apache-2.0
// How far, how fast, how long still.
#include "client/cmd/progress.h"

#include "certs/clock.h"
#include "proto/model/limits.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define QUIET_NS (2 * NS_PER_S)
#define STEP_NS  (NS_PER_S / 5)

void progress_begin(struct progress *progress, const char *what, bool prints)
{
    *progress = (struct progress){
        .what = what,
        .begun = clock_monotonic(),
        .on = isatty(STDERR_FILENO) == 1 && !(prints && isatty(STDOUT_FILENO) == 1),
    };
}

bool progress_line(const struct progress *progress, uint64_t now, uint64_t count, uint64_t part, uint64_t whole,
                   char ret_line[PROGRESS_LINE])
{
    uint64_t took = now - progress->begun;
    if (took < QUIET_NS || now - progress->shown < STEP_NS)
        return false;
    double seconds = (double)took / NS_PER_S;
    int len =
        snprintf(ret_line, PROGRESS_LINE, "%" PRIu64 " %s, %.0f/s", count, progress->what, (double)count / seconds);
    if (part > 0 && part <= whole)
        snprintf(ret_line + len, PROGRESS_LINE - (size_t)len, ", %.0f %%, %.0f s left",
                 100.0 * (double)part / (double)whole, seconds * (double)(whole - part) / (double)part);
    return true;
}

void progress_at(struct progress *progress, uint64_t count, uint64_t part, uint64_t whole)
{
    char line[PROGRESS_LINE];
    if (!progress->on)
        return;
    uint64_t now = clock_monotonic();
    if (!progress_line(progress, now, count, part, whole, line))
        return;
    fprintf(stderr, "\r%s\033[K", line);
    progress->shown = now;
}

void progress_end(struct progress *progress)
{
    if (progress->shown != 0)
        fputs("\r\033[K", stderr);
    progress->shown = 0;
}
