// SPDX-License-Identifier: Apache-2.0
// What every bench needs to come to its figures: a steady clock, an order, an end where something fails. Any thread.
#pragma once

#include "proto/model/error.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

// Ends the bench where a call fails, and says why; `detail` is the caller's struct am_detail.
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        enum am_err must_err_ = (call);                                                                                \
        if (must_err_ != AM_OK) {                                                                                      \
            fprintf(stderr, "%s:%d: %s: %s %s\n", __FILE__, __LINE__, am_err_text(must_err_), detail.field,            \
                    detail.text);                                                                                      \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

double figures_now_ms(void);
// The smallest first.
void figures_sort(double *values, size_t count);
