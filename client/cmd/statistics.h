// SPDX-License-Identifier: Apache-2.0
// Anonymised statistics by the categories of IC-TIP: counts of persons, of which no cell, shown or worked out from what
// is shown, is of fewer than k. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"

#include <jansson.h>
#include <stdbool.h>

#define STATISTICS_K     11u // by default
#define STATISTICS_CELLS 320u

struct statistics_cell {
    char name[48];
    unsigned count;
    bool hidden;
};
struct statistics_table {
    const char *population, *variable;
    bool several; // a person may stand in more than one cell, or in none: the cells don't add up to the total
    unsigned total;
    bool total_hidden;
    size_t n;
    struct statistics_cell cells[STATISTICS_CELLS];
};

struct statistics;

struct statistics *statistics_new(void); // NULL: no memory
void statistics_free(struct statistics *statistics);

// Takes the persons of one opened body of a case. A person counts once in a case: by the label, else by what is said of
// sex, age and citizenships. -1: no memory.
int statistics_add(struct statistics *statistics, const char *case_ref, const Amana__V1__Body *body);

// Hides what must be, table by table, and calls `each`.
void statistics_each(struct statistics *statistics, unsigned k,
                     void (*each)(void *user, const struct statistics_table *), void *user);

// Hides cells: each of 1 to k - 1, and then, where a total would give them away, the smallest others, until the hidden
// ones are at least two and together at least k; all with the total where that can't be. With `several`, also each
// whose remainder to the total is 1 to k - 1.
void statistics_hide(struct statistics_table *table, unsigned k);
