// SPDX-License-Identifier: Apache-2.0
// Which of a desk's commands has the device's stream: the hub gives it to the newest that asks, so of two that follow
// one has it, and the other shows what that one takes. And how long is waited before the next attempt. One thread.
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <stdint.h>

struct turn {
    int lock, watch; // watch -1: changes of the store are seen at the next attempt
};

// In the store's folder, which is there. AM_IO.
AM_MUST_USE enum am_err turn_open(const char *folder, struct am_detail *detail, struct turn *ret_turn);
void turn_close(struct turn *turn);
// Takes it where no other process has it; it is given back by turn_give, turn_close or the end of the process, however
// that ends.
// The first is for who follows, the second for who takes what is there and ends.
bool turn_take(struct turn *turn);
bool turn_take_once(struct turn *turn);
// Whether another process follows: has it by turn_take.
bool turn_followed(const struct turn *turn);
// Gives it back; it can be taken again.
void turn_give(struct turn *turn);
// Until so much time has passed (ns), the store was written to, another process gave its turn back, or the signal came.
void turn_wait(struct turn *turn, uint64_t ns, const bool *interrupted);

// --- Pauses between attempts
struct backoff {
    unsigned attempt; // how many pauses since a stream lasted
};

// The next pause, ns, after a stream that lasted so long (0: there was none); `random` spreads the desks, so that a hub
// that comes back isn't met by all at once. From half a second to a minute, longer each time, until a stream has lasted
// four times the longest pause so far: two that take the stream from each other never come to that.
uint64_t backoff_next(struct backoff *backoff, uint64_t lasted, uint64_t random);
