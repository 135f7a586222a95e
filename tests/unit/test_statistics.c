// SPDX-License-Identifier: Apache-2.0
// What is shown of a table gives away no count of 1 to k - 1: every table of small numbers, tried.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/statistics.h"

#include <stdio.h>
#include <string.h>

#define K 4u

static struct statistics_table table;

static void fill(const unsigned *counts, size_t n)
{
    table = (struct statistics_table){.n = n};
    for (size_t i = 0; i < n; i++) {
        table.cells[i].count = counts[i];
        table.total += counts[i];
    }
}

static void no_total_gives_a_small_cell_away(void **state)
{
    unsigned counts[4];
    for (unsigned c = 0; c < 9 * 9 * 9 * 9; c++) {
        unsigned hidden = 0, sum = 0, rest = c;
        for (size_t i = 0; i < 4; i++, rest /= 9)
            counts[i] = rest % 9;
        fill(counts, 4);
        statistics_hide(&table, K);
        for (size_t i = 0; i < 4; i++) {
            if (!table.cells[i].hidden)
                assert_true(counts[i] == 0 || counts[i] >= K);
            hidden += table.cells[i].hidden;
            sum += table.cells[i].hidden ? counts[i] : 0;
        }
        if (!table.total_hidden) {
            assert_true(table.total == 0 || table.total >= K);
            assert_true(hidden == 0 || (hidden >= 2 && sum >= K)); // the total less what is shown
        }
    }
}

static void what_needs_no_hiding_is_shown(void **state)
{
    const unsigned counts[] = {12, 0, 5, 4};
    fill(counts, 4);
    statistics_hide(&table, K);
    assert_false(table.total_hidden);
    for (size_t i = 0; i < 4; i++)
        assert_false(table.cells[i].hidden);
}

static void of_the_others_the_smallest_goes_with_a_small_cell(void **state)
{
    const unsigned counts[] = {12, 2, 5, 30};
    fill(counts, 4);
    statistics_hide(&table, K);
    assert_true(table.cells[1].hidden && table.cells[2].hidden);
    assert_false(table.cells[0].hidden || table.cells[3].hidden || table.total_hidden);
}

static void where_several_are_possible_nearly_all_is_as_telling_as_few(void **state)
{
    const unsigned counts[] = {18, 10, 2};
    fill(counts, 3);
    table.several = true;
    table.total = 20;
    statistics_hide(&table, K);
    assert_true(table.cells[0].hidden && table.cells[2].hidden);
    assert_false(table.cells[1].hidden || table.total_hidden);
}

static void keep_total(void *user, const struct statistics_table *shown)
{
    ((unsigned *)user)[strcmp(shown->population, "victims") != 0] = shown->total;
}

static void a_person_counts_once_in_a_case_and_a_group_as_many(void **state)
{
    Amana__V1__Body body = AMANA__V1__BODY__INIT;
    Amana__V1__Note note = AMANA__V1__NOTE__INIT;
    Amana__V1__Person person = AMANA__V1__PERSON__INIT, *list[] = {&person};
    Amana__V1__PersonRole__Code role = AMANA__V1__PERSON_ROLE__CODE__PRESUMED_VICTIM;
    struct statistics *statistics = statistics_new();
    unsigned totals[2] = {0};
    assert_non_null(statistics);
    person.roles = &role;
    person.n_roles = 1;
    person.label = (char *)"p1";
    person.count = 14;
    note.persons = list;
    note.n_persons = 1;
    body.kind_case = AMANA__V1__BODY__KIND_NOTE;
    body.note = &note;
    assert_int_equal(statistics_add(statistics, "ke/dci/2026/1", &body), 0);
    assert_int_equal(statistics_add(statistics, "ke/dci/2026/1", &body), 0);
    assert_int_equal(statistics_add(statistics, "ke/dci/2026/2", &body), 0);
    statistics_each(statistics, K, keep_total, totals);
    assert_int_equal(totals[0], 28);
    assert_int_equal(totals[1], 0);
    statistics_free(statistics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_total_gives_a_small_cell_away),
        cmocka_unit_test(what_needs_no_hiding_is_shown),
        cmocka_unit_test(of_the_others_the_smallest_goes_with_a_small_cell),
        cmocka_unit_test(where_several_are_possible_nearly_all_is_as_telling_as_few),
        cmocka_unit_test(a_person_counts_once_in_a_case_and_a_group_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
