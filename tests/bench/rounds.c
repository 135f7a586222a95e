// SPDX-License-Identifier: Apache-2.0
// Medians of what the rounds gave, and how far these lie apart.
#include "rounds.h"

#include "figures.h"

#include <stdio.h>
#include <stdlib.h>

double median(double *values, size_t count)
{
    figures_sort(values, count);
    return values[count / 2];
}

enum am_err series_add(struct series *series, double value)
{
    double *grown = realloc(series->values, (series->count + 1) * sizeof *grown);
    if (grown == NULL)
        return AM_NOMEM;
    series->values = grown;
    grown[series->count++] = value;
    return AM_OK;
}

double series_last(const struct series *series)
{
    return series->values[series->count - 1];
}

void series_clear(struct series *series)
{
    free(series->values);
    *series = (struct series){0};
}

void figures_clear(struct figures *figures)
{
    series_clear(&figures->rate);
    series_clear(&figures->p50);
    series_clear(&figures->p99);
    series_clear(&figures->cpu);
    series_clear(&figures->cores);
    series_clear(&figures->ratio);
}

void print_figures(const struct step *step, struct figures *figures)
{
    double ratio = median(figures->ratio.values, figures->ratio.count);
    printf("%9zu %9.0f %8.0f %8.0f %21.1f %10.2f   %s %.2f (%.2f to %.2f)\n", step->in_flight,
           median(figures->rate.values, figures->rate.count), median(figures->p50.values, figures->p50.count),
           median(figures->p99.values, figures->p99.count), median(figures->cpu.values, figures->cpu.count),
           median(figures->cores.values, figures->cores.count),
           step->in_flight == 1 ? "p50 / LMDB commit into written blocks"
                                : "rate / P-256 verify rate of the cores used",
           ratio, figures->ratio.values[0], figures->ratio.values[figures->ratio.count - 1]);
}

// Round by round, so that what disturbs the machine disturbs both.
static void print_grown(const char *what, const struct series *empty, const struct series *full)
{
    double ratios[64];
    size_t n = empty->count < AM_LEN(ratios) ? empty->count : AM_LEN(ratios);
    for (size_t i = 0; i < n; i++)
        ratios[i] = full->values[i] / empty->values[i];
    double middle = median(ratios, n);
    printf("   %s x %.2f (%.2f to %.2f)", what, middle, ratios[0], ratios[n - 1]);
}

void print_growth(const char *what, const struct step *step, struct figures *before, struct figures *after)
{
    printf("%s at %3zu:", what, step->in_flight);
    print_grown("p50", &before->p50, &after->p50);
    print_grown("hub CPU", &before->cpu, &after->cpu);
    putchar('\n');
}
