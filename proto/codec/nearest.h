// SPDX-License-Identifier: Apache-2.0
// What a person probably meant: the nearest of the words that exist. Pure; any thread.
#pragma once

#include <stddef.h>

// Edits (insert, delete, replace, swap two neighbours; letters without regard to case) from one word to the other.
// Words longer than 63 bytes count as far away: (unsigned)-1.
unsigned nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

// Collects the nearest word while the candidates are offered one by one; best is NULL until one is near enough
// (at most a third of its letters, at least 2, differ).
struct nearest {
    const char *word;
    size_t len;
    const char *best;
    unsigned distance;
};
void nearest_offer(struct nearest *nearest, const char *candidate);

// The clause that ends a complaint: "; did you mean \"ALERT\"?", "" where nothing is near.
#define NEAREST_CLAUSE 88u
const char *nearest_clause(const struct nearest *nearest, char room[NEAREST_CLAUSE]);
