// SPDX-License-Identifier: Apache-2.0
// Anonymised statistics by the categories of IC-TIP: counts of persons, of which no cell, shown or worked out from what
// is shown, is of fewer than k. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"

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
    bool suppressed; // of one that was shown: cells besides these
    unsigned k;      // of one that was shown: by which
    size_t n;
    struct statistics_cell cells[STATISTICS_CELLS];
};

struct statistics;

struct statistics *statistics_new(void);             // NULL: no memory
void statistics_free(struct statistics *statistics); // NULL is fine

// Takes the persons of one opened body of a case; in the order of the log. A person counts once in a case, by the
// label, else by what is said of sex, age and citizenships, and as was said last: who was entered as a suspect and
// became a victim is one of the victims. -1: no memory.
int statistics_add(struct statistics *statistics, const Amana__V1__Header *header, const Amana__V1__Body *body);

// Counts, once, and calls `each` for every table, with nothing hidden yet.
void statistics_each(struct statistics *statistics, void (*each)(void *user, struct statistics_table *), void *user);

// Hides cells: each of 1 to k - 1, and then, where a total would give them away, the smallest others, until the hidden
// ones are together at least k; all with the total where that can't be. With `several`, also each
// whose remainder to the total is 1 to k - 1; the total gives nothing away there once what is shown reaches it.
//
// `before`: the same table as it was shown every time before, by whichever k; n: how many. Beside each of them it must
// tell of fewer than the smaller k of the two as little as alone: a cell that differs from then by less is hidden, and
// where the total does, or the total is the same and a cell isn't, the answer is false: then it isn't to be shown.
bool statistics_hide(struct statistics_table *table, const struct statistics_table *before, size_t n, unsigned k);

// As it is shown: what is hidden has no name either. NULL: no memory.
json_t *statistics_row(const struct statistics_table *table, unsigned k, const char *as_of);
// What is shown where nothing may be: all is suppressed. NULL: no memory.
json_t *statistics_row_empty(const struct statistics_table *table, unsigned k, const char *as_of);
// The row of this table as it was shown then, for `before`; false: it is of another table.
bool statistics_row_read(const json_t *row, const struct statistics_table *table, struct statistics_table *ret_before);
