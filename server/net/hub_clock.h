// SPDX-License-Identifier: Apache-2.0
// Whether the machine's clock is to be believed: one that jumps ahead of the time since boot by more than an hour isn't
// until somebody confirms it, or the log's time would be stuck in the future (architecture.md, Time). Pure: the clocks'
// readings come in. And the file that tells it over restarts, DATA/hub/clock: "BOOT-ID OFFSET\n".
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <stdint.h>

#define HUB_CLOCK_BOOT 37u // bytes of a boot's id, with NUL
#define HUB_CLOCK_FILE "clock"

// UTC ns minus ns since boot, as believed in one boot of the machine.
struct hub_clock_mark {
    char boot[HUB_CLOCK_BOOT]; // "" for unknown
    int64_t offset;
};

struct hub_clock {
    struct hub_clock_mark believed, saved; // saved: what the file holds; its boot is "" where there is none
    bool doubted;
};

// What has become of it.
enum hub_clock_news {
    HUB_CLOCK_SAME,
    HUB_CLOCK_STEPPED,  // it went by *ret_step, and is believed
    HUB_CLOCK_DOUBTED,  // it is ahead by *ret_step, and isn't: from now on time goes on from what was believed
    HUB_CLOCK_RETURNED, // it is back within the hour, *ret_step from what was believed; 0 for next to nothing
};

// `saved` is what the file says (boot "": nothing). Of the same boot it is what is believed; after another boot there
// is nothing to compare with.
void hub_clock_init(struct hub_clock *clock, const struct hub_clock_mark *saved, const char *boot, uint64_t utc,
                    uint64_t since_boot);

// Now and then.
enum hub_clock_news hub_clock_look(struct hub_clock *clock, uint64_t utc, uint64_t since_boot, int64_t *ret_step);

// The same question before each thing that is written with a time, of a jump alone: true where it is doubted from now
// on.
bool hub_clock_jumped(struct hub_clock *clock, uint64_t utc, uint64_t since_boot, int64_t *ret_ahead);

// While it is doubted: the file says this now. True where that is the machine's clock within an hour: it is believed
// again, *ret_step from what was believed before.
bool hub_clock_confirmed(struct hub_clock *clock, const struct hub_clock_mark *saved, uint64_t utc, uint64_t since_boot,
                         int64_t *ret_step);

// UTC ns as believed.
uint64_t hub_clock_now(const struct hub_clock *clock, uint64_t utc, uint64_t since_boot);

// Whether the file should be written anew: what is believed has left it by a minute, or there is none of this boot.
bool hub_clock_unsaved(const struct hub_clock *clock);

// This boot's id. "" where the system tells none. Before the fence.
void hub_clock_boot(char ret_boot[HUB_CLOCK_BOOT]);

// A file that isn't there, or can't be understood, is none. AM_IO.
AM_MUST_USE enum am_err hub_clock_read(const char *path, struct am_detail *detail, struct hub_clock_mark *ret_mark);
AM_MUST_USE enum am_err hub_clock_write(const char *path, const struct hub_clock_mark *mark, struct am_detail *detail);
