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
        snprintf(table.cells[i].name, sizeof table.cells[i].name, "%zu", i);
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
        (void)statistics_hide(&table, NULL, 0, K);
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
    (void)statistics_hide(&table, NULL, 0, K);
    assert_false(table.total_hidden);
    for (size_t i = 0; i < 4; i++)
        assert_false(table.cells[i].hidden);
}

static void of_the_others_the_smallest_goes_with_a_small_cell(void **state)
{
    const unsigned counts[] = {12, 2, 5, 30};
    fill(counts, 4);
    (void)statistics_hide(&table, NULL, 0, K);
    assert_true(table.cells[1].hidden && table.cells[2].hidden);
    assert_false(table.cells[0].hidden || table.cells[3].hidden || table.total_hidden);
}

static void where_several_are_possible_nearly_all_is_as_telling_as_few(void **state)
{
    const unsigned counts[] = {18, 10, 2};
    fill(counts, 3);
    table.several = true;
    table.total = 20;
    (void)statistics_hide(&table, NULL, 0, K);
    assert_true(table.cells[0].hidden && table.cells[2].hidden);
    assert_false(table.cells[1].hidden || table.total_hidden);
}

static void where_several_are_possible_the_rest_to_the_total_gives_nobody_away(void **state)
{
    const unsigned counts[] = {12, 5, 3};
    fill(counts, 3); // everybody has one: 20 less 17 are 3
    table.several = true;
    (void)statistics_hide(&table, NULL, 0, K);
    assert_true(table.cells[1].hidden && table.cells[2].hidden && !table.cells[0].hidden);
    const unsigned more[] = {10, 9, 3};
    fill(more, 3); // 13 persons, of whom many have two: 19 are shown, and nothing follows
    table.several = true;
    table.total = 13;
    table.cells[0].count = 9;
    (void)statistics_hide(&table, NULL, 0, K);
    assert_true(table.cells[2].hidden && !table.cells[1].hidden && !table.cells[0].hidden);
}

// --- Beside what was shown before
static struct statistics_table earlier, later, read_back;

static void shown_by(unsigned k, const struct statistics_table *from, struct statistics_table *ret_shown)
{
    json_t *row = statistics_row(from, k, "2026-11-01");
    assert_non_null(row);
    assert_true(statistics_row_read(row, from, ret_shown));
    json_decref(row);
}

static void shown_as(const struct statistics_table *from, struct statistics_table *ret_shown)
{
    shown_by(K, from, ret_shown);
}

static bool moved(unsigned one, unsigned other, unsigned k)
{
    unsigned by = one > other ? one - other : other - one;
    return by > 0 && by < k;
}

// What can be worked out of two: each that both show, and the total less what both show of the same cells.
static void compare(const struct statistics_table *one, const struct statistics_table *two)
{
    unsigned rest_one = one->total, rest_two = two->total, k = one->k < two->k ? one->k : two->k;
    bool all = true;
    if (!one->total_hidden && !two->total_hidden)
        assert_false(moved(one->total, two->total, k));
    for (size_t i = 0; i < two->n; i++) {
        const struct statistics_cell *now = &two->cells[i], *then = NULL;
        for (size_t j = 0; j < one->n; j++)
            then = strcmp(one->cells[j].name, now->name) == 0 ? &one->cells[j] : then;
        if (then == NULL) {
            all &= !one->suppressed;
            rest_two -= now->count;
            continue;
        }
        assert_false(moved(then->count, now->count, k));
        rest_one -= then->count;
        rest_two -= now->count;
    }
    if (all && !one->total_hidden && !two->total_hidden)
        assert_false(moved(rest_one, rest_two, k));
}

static void two_exports_side_by_side_tell_of_no_fewer_than_k(void **state)
{
    unsigned renewed = 0;
    for (unsigned c = 0; c < 9 * 9 * 9 * 13 * 13 * 13; c++) {
        unsigned before[3] = {c % 9, c / 9 % 9, c / 81 % 9}, now[3] = {c / 729 % 13, c / 9477 % 13, c / 123201 % 13};
        fill(before, 3);
        table.population = "victims", table.variable = "sex";
        (void)statistics_hide(&table, NULL, 0, K);
        shown_as(&table, &earlier);
        fill(now, 3);
        table.population = "victims", table.variable = "sex";
        if (!statistics_hide(&table, &earlier, 1, K))
            continue; // the earlier one is shown again
        renewed++;
        shown_as(&table, &later);
        compare(&earlier, &later);
        c += 6; // a seventh of them are as telling as all
    }
    assert_true(renewed > 1000);
}

// Day after day, by either of two k: what was hidden in between is compared with what was shown before that.
static void none_of_many_exports_by_any_k_tells_beside_any_other_of_fewer_than_k(void **state)
{
    static struct statistics_table days[6];
    uint32_t random = 1, renewed = 0, refused = 0;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned counts[3] = {0};
        size_t n = 0;
        for (unsigned day = 0; day < sizeof days / sizeof days[0]; day++) {
            for (size_t i = 0; i < 3; i++) {
                random = random * 1664525u + 1013904223u;
                counts[i] += (random >> 24) % 8;
                if ((random >> 16) % 8 == 0) // erased, or corrected
                    counts[i] -= counts[i] > 5 ? 5 : counts[i];
            }
            unsigned k = (random >> 12) % 3 == 0 ? K + 2 : K;
            fill(counts, 3);
            table.population = "victims", table.variable = "sex";
            if (!statistics_hide(&table, days, n, k)) {
                refused++;
                continue;
            }
            renewed++;
            shown_by(k, &table, &days[n]);
            for (size_t i = 0; i < n; i++)
                compare(&days[i], &days[n]);
            n++;
        }
    }
    assert_true(renewed > 1000 && refused > 1000);
}

static void one_more_person_leaves_a_table_as_it_was_and_k_more_renew_it(void **state)
{
    const unsigned before[] = {12, 15}, one[] = {13, 15}, corrected[] = {11, 16}, many[] = {12, 19}, mixed[] = {16, 16};
    fill(before, 2);
    table.population = "victims", table.variable = "sex";
    (void)statistics_hide(&table, NULL, 0, K);
    shown_as(&table, &earlier);
    fill(one, 2);
    assert_false(statistics_hide(&table, &earlier, 1, K));
    fill(corrected, 2);
    assert_false(statistics_hide(&table, &earlier, 1, K));
    fill(many, 2);
    assert_true(statistics_hide(&table, &earlier, 1, K));
    assert_false(table.cells[0].hidden || table.cells[1].hidden);
    fill(mixed, 2);
    assert_true(statistics_hide(&table, &earlier, 1, K));
    assert_true(table.cells[1].hidden);
    fill(before, 2);
    assert_true(statistics_hide(&table, &earlier, 1, K));
}

static void what_was_hidden_then_is_compared_with_nothing(void **state)
{
    const unsigned before[] = {20, 2, 5}, now[] = {20, 6, 9, 2};
    fill(before, 3);
    table.population = "victims", table.variable = "sex";
    (void)statistics_hide(&table, NULL, 0, K);
    shown_as(&table, &earlier);
    assert_int_equal(earlier.n, 1);
    fill(now, 4);
    assert_true(statistics_hide(&table, &earlier, 1, K));
    assert_true(table.cells[1].hidden && table.cells[3].hidden && !table.cells[0].hidden && !table.cells[2].hidden);
}

static void what_is_hidden_has_no_name_in_what_is_shown(void **state)
{
    const unsigned counts[] = {30, 1, 12};
    fill(counts, 3);
    table.population = "victims", table.variable = "citizenship";
    (void)statistics_hide(&table, NULL, 0, K);
    shown_as(&table, &read_back);
    assert_int_equal(read_back.n, 1);
    assert_string_equal(read_back.cells[0].name, "0");
    assert_true(read_back.suppressed);
    assert_int_equal(read_back.total, 43);
}

static void that_nobody_of_a_few_has_a_value_is_not_told(void **state)
{
    fill(NULL, 0);
    table.population = "alleged perpetrators", table.variable = "citizenship";
    table.several = true;
    table.total = 2;
    assert_true(statistics_hide(&table, NULL, 0, K));
    shown_as(&table, &read_back);
    assert_true(read_back.suppressed && read_back.total_hidden);
}

static void keep_total(void *user, struct statistics_table *shown)
{
    ((unsigned *)user)[strcmp(shown->population, "victims") != 0] = shown->total;
}

static void a_person_counts_once_in_a_case_and_a_group_as_many(void **state)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
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
    header.case_ref = (char *)"ke/dci/2026/1";
    assert_int_equal(statistics_add(statistics, &header, &body), 0);
    assert_int_equal(statistics_add(statistics, &header, &body), 0);
    header.case_ref = (char *)"ke/dci/2026/2";
    assert_int_equal(statistics_add(statistics, &header, &body), 0);
    statistics_each(statistics, keep_total, totals);
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
        cmocka_unit_test(where_several_are_possible_the_rest_to_the_total_gives_nobody_away),
        cmocka_unit_test(two_exports_side_by_side_tell_of_no_fewer_than_k),
        cmocka_unit_test(none_of_many_exports_by_any_k_tells_beside_any_other_of_fewer_than_k),
        cmocka_unit_test(one_more_person_leaves_a_table_as_it_was_and_k_more_renew_it),
        cmocka_unit_test(what_was_hidden_then_is_compared_with_nothing),
        cmocka_unit_test(what_is_hidden_has_no_name_in_what_is_shown),
        cmocka_unit_test(that_nobody_of_a_few_has_a_value_is_not_told),
        cmocka_unit_test(a_person_counts_once_in_a_case_and_a_group_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
