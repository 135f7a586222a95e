// SPDX-License-Identifier: Apache-2.0
// What one recipient of a message that asks it to act did by when, for people and for programs. One thread.
#pragma once

#include "proto/model/kind.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

// Times are UTC ns; 0: not yet.
struct clock {
    const char *recipient, *officer; // officer: who acknowledged; "" nobody
    bool fixed;                      // answer_by names the day: one clock for the answer
    bool ours;                       // of a message of this unit, which alone hears of the retrieval
    struct kind_due due;             // from acceptance
    struct kind_due due_too;         // from retrieval; 0 where it hasn't begun, or the day is fixed
    uint64_t retrieved, acked, answered;
    uint64_t ended; // something else began or ended the life meanwhile
    uint8_t state;  // of the life
};

// Lines on standard output, indented under their message's.
void clock_line_print(const struct clock *clock, uint64_t now);
// The documented fields; NULL out of memory. The caller decrefs.
json_t *clock_line_json(const struct clock *clock, uint64_t now);
