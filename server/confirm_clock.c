// SPDX-License-Identifier: Apache-2.0
// The operator's word on the clock, as a file that a hub in doubt looks at once a second.
#include "server/confirm_clock.h"

#include "certs/clock.h"
#include "proto/codec/timestamp.h"
#include "server/daemon.h"
#include "server/net/hub_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum am_err confirm_clock(const struct config *config, struct am_detail *detail)
{
    char folder[CONFIG_PATH + 16], path[CONFIG_PATH + 32], boot[HUB_CLOCK_BOOT], time[TIMESTAMP_TEXT];
    uint64_t utc, since_boot;
    struct hub_clock_mark mark;
    struct hub_clock clock;
    int64_t ahead;

    snprintf(folder, sizeof folder, "%s/" DAEMON_OWN, config->data);
    snprintf(path, sizeof path, "%s/" HUB_CLOCK_FILE, folder);
    if (access(folder, F_OK) != 0)
        return am_fail(AM_NOT_FOUND, detail, folder, "%s",
                       errno == ENOENT ? "no hub has served from here: there is nothing to confirm" : strerror(errno));
    hub_clock_boot(boot);
    clock_both(&utc, &since_boot);
    TRY(hub_clock_read(path, detail, &mark));
    hub_clock_init(&clock, &mark, boot, utc, since_boot);
    timestamp_print_ns(utc, time);
    if (!hub_clock_jumped(&clock, utc, since_boot, &ahead)) {
        printf("The clock says %s and is believed: nothing to confirm\n", time);
        return AM_OK;
    }
    clock.believed.offset += ahead;
    TRY(hub_clock_write(path, &clock.believed, detail));
    printf(
        "Confirmed: it is %s, %lld minutes ahead of what the hub believed; one that serves goes on within a second\n",
        time, (long long)((ahead + (int64_t)NS_PER_MINUTE / 2) / (int64_t)NS_PER_MINUTE));
    return AM_OK;
}
