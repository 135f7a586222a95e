// SPDX-License-Identifier: Apache-2.0
// Arenas: memory that is used again, and limits that hold, alone and of a budget together.
#include "proto/codec/codec.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/memory_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM (1024u * 1024)

static void an_arena_reuses_its_memory_after_a_reset(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    void *first = arena_alloc(&arena, 100);
    assert_non_null(first);
    memset(first, 0xff, 100);
    arena_reset(&arena);
    fail_malloc_at = 1;
    uint8_t *again = arena_alloc(&arena, 100);
    fail_malloc_at = 0;
    assert_ptr_equal(first, again);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(0, again[i]);
    arena_clear(&arena);
}

static void an_arena_keeps_little_and_its_limit_holds(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    assert_non_null(arena_alloc(&arena, 900 * 1024));
    assert_null(arena_alloc(&arena, 200 * 1024));
    assert_int_equal(AM_TOO_LARGE, arena_error(&arena));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_copy(&arena, NULL, SIZE_MAX));
    arena_reset(&arena);
    fail_malloc_at = 1;
    assert_null(arena_alloc(&arena, 900 * 1024));
    assert_int_equal(AM_NOMEM, arena_error(&arena));
    fail_malloc_at = 0;
    assert_non_null(arena_alloc(&arena, 0));
    assert_string_equal("ke/7", arena_printf(&arena, "%s/%d", "ke", 7));
    assert_string_equal("abc", arena_copy(&arena, "abcdef", 3));
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(0, (uintptr_t)arena_alloc(&arena, i) % 16);
    arena_wipe(&arena);
}

// More than it keeps: it is given back, before anybody could say that it is to be overwritten.
static void what_a_reset_gives_back_is_overwritten(void **state)
{
    static const uint8_t MASKED[] = "what was read into the second piece";
    struct arena arena;
    arena_init(&arena, ROOM);
    uint8_t *kept = arena_alloc(&arena, 40000), *at = arena_alloc(&arena, 40000), *behind = malloc(64);
    assert_non_null(kept);
    assert_non_null(at);
    assert_non_null(behind);
    for (size_t i = 0; i < sizeof MASKED; i++)
        at[39900 + i] = MASKED[i] ^ MEMORY_MASK;
    arena_reset(&arena);
    assert_in_range(arena.held, 1, ARENA_KEEP);
    assert_int_equal(memory_places(MASKED, sizeof MASKED), 0);
    free(behind);
    arena_wipe(&arena);
}

static void what_an_arena_held_is_overwritten_also_where_it_was_reset_before(void **state)
{
    static const uint8_t MASKED[] = "what only the recipients may read";
    struct arena arena;
    arena_init(&arena, ROOM);
    uint8_t *at = arena_alloc(&arena, 60000), *behind = malloc(64); // so that what is given back stays
    assert_non_null(at);
    assert_non_null(behind);
    for (size_t i = 0; i < sizeof MASKED; i++)
        at[59900 + i] = MASKED[i] ^ MEMORY_MASK;
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 16));
    arena_wipe(&arena);
    assert_int_equal(memory_places(MASKED, sizeof MASKED), 0);
    free(behind);
}

static void arenas_of_a_budget_have_no_more_than_it_together_and_give_all_of_it_back(void **state)
{
    struct arena_budget all = {.limit = 64 * 1024}, own = {.limit = 24 * 1024, .above = &all};
    struct arena first, second, other;
    arena_init_in(&first, ROOM, &own);
    arena_init_in(&second, ROOM, &own);
    arena_init_in(&other, ROOM, &all);
    assert_non_null(arena_alloc(&first, 16 * 1024));
    assert_null(arena_alloc(&second, 16 * 1024)); // past its own
    assert_int_equal(arena_error(&second), AM_NOMEM);
    assert_int_equal(own.used, first.held);
    assert_int_equal(all.used, first.held);
    assert_non_null(arena_alloc(&other, 44 * 1024));
    assert_null(arena_alloc(&second, 8 * 1000)); // past that of all, and nothing of it stays counted
    assert_int_equal(own.used, first.held);
    assert_int_equal(all.used, first.held + other.held);
    arena_budget_add(&own, 100 * 1024); // what is there is counted even so
    assert_int_equal(all.used, first.held + other.held + 100 * 1024);
    arena_budget_return(&own, 100 * 1024);
    arena_move(&first, &all);
    assert_int_equal(own.used, 0);
    assert_int_equal(all.used, first.held + other.held);
    arena_clear(&other);
    assert_non_null(arena_alloc(&first, 30 * 1024));
    arena_reset(&first);
    assert_int_equal(all.used, first.held);
    arena_wipe(&first);
    arena_clear(&second);
    assert_int_equal(all.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_reuses_its_memory_after_a_reset),
        cmocka_unit_test(an_arena_keeps_little_and_its_limit_holds),
        cmocka_unit_test(what_a_reset_gives_back_is_overwritten),
        cmocka_unit_test(what_an_arena_held_is_overwritten_also_where_it_was_reset_before),
        cmocka_unit_test(arenas_of_a_budget_have_no_more_than_it_together_and_give_all_of_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
