// SPDX-License-Identifier: Apache-2.0
// A steady clock, and an order for figures.
#include "figures.h"

#include "certs/clock.h"

double figures_now_ms(void)
{
    return (double)clock_monotonic() / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void figures_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
}
