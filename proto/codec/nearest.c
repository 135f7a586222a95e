// SPDX-License-Identifier: Apache-2.0
// Distance of Damerau and Levenshtein (optimal string alignment) over three rows.
#include "proto/codec/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 63u

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return (unsigned)-1;
    unsigned rows[3][WORD_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b_len; j++)
        above[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned replaced = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = smaller(replaced, 1 + smaller(above[j], row[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        unsigned *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_len];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    unsigned allowed = (unsigned)nearest->len / 3;
    if (allowed < 2)
        allowed = 2;
    unsigned distance = nearest_distance(nearest->word, nearest->len, candidate, strlen(candidate));
    if (distance > allowed || distance >= nearest->len || (nearest->best != NULL && distance >= nearest->distance))
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}

const char *nearest_clause(const struct nearest *nearest, char room[NEAREST_CLAUSE])
{
    room[0] = '\0';
    if (nearest->best != NULL)
        snprintf(room, NEAREST_CLAUSE, "; did you mean \"%.64s\"?", nearest->best);
    return room;
}
