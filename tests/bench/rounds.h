// SPDX-License-Identifier: Apache-2.0
// What the rounds of a bench gave: a number of each round, and a line of each step.
#pragma once

#include "proto/model/error.h"

#include <stddef.h>

struct step {
    size_t in_flight, count; // sends of a round
};

// What the rounds gave of one number: their median is shown, and how far they lie apart.
struct series {
    double *values;
    size_t count;
};
double median(double *values, size_t count); // puts them in order
AM_MUST_USE enum am_err series_add(struct series *series, double value);
double series_last(const struct series *series);
void series_clear(struct series *series);

struct figures {
    struct series rate, p50, p99, cpu, cores, ratio;
};
void figures_clear(struct figures *figures);
void print_figures(const struct step *step, struct figures *figures);
// How many times what was before it is afterwards, round by round.
void print_growth(const char *what, const struct step *step, struct figures *before, struct figures *after);
