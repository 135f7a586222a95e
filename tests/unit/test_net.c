// SPDX-License-Identifier: Apache-2.0
// The small parts of net: who may begin a handshake, jobs that go to threads and come back, whom a snapshot knows.
#include "certs/clock.h"
#include "proto/model/limits.h"
#include "server/net/limiter.h"
#include "server/net/mailslot.h"
#include "server/net/registry.h"
#include "server/net/workers.h"
#include "tests/unit/pki.h"

#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static void address(uint8_t ret_address[16], uint32_t n)
{
    memset(ret_address, 0, 16);
    memcpy(ret_address, &n, 4);
}

// --- limiter
static void an_address_begins_as_many_handshakes_a_second_as_allowed_and_not_one_more(void **state)
{
    struct limiter *limiter = limiter_new(3, 8);
    uint8_t a[16], b[16];
    bool first;

    address(a, 1);
    address(b, 2);
    for (int i = 0; i < 3; i++)
        assert_true(limiter_take(limiter, a, 5 * SECOND + (uint64_t)i, &first));
    assert_false(limiter_take(limiter, a, 5 * SECOND + 4, &first));
    assert_true(first);
    assert_false(limiter_take(limiter, a, 5 * SECOND + 5, &first));
    assert_false(first); // a flood makes one line
    assert_true(limiter_take(limiter, b, 5 * SECOND + 6, &first));
    assert_true(limiter_take(limiter, a, 6 * SECOND, &first));
    limiter_free(limiter);
}

static void more_addresses_in_a_second_than_there_are_rows_are_refused(void **state)
{
    struct limiter *limiter = limiter_new(3, 4);
    uint8_t a[16];
    bool first;

    for (uint32_t i = 0; i < 4; i++) {
        address(a, i);
        assert_true(limiter_take(limiter, a, SECOND, &first));
    }
    address(a, 4);
    assert_false(limiter_take(limiter, a, SECOND, &first));
    address(a, 0);
    assert_true(limiter_take(limiter, a, SECOND, &first)); // who has a row keeps it
    address(a, 4);
    assert_true(limiter_take(limiter, a, 2 * SECOND, &first));
    limiter_free(limiter);
}

// --- mailslot
struct letter {
    struct letter *next;
    int number;
};
static struct {
    struct event_base *base;
    int taken, wanted;
    int numbers[4096];
} post;

static void *letter_link(void *item, void *next)
{
    struct letter *letter = item;
    void *before = letter->next;

    letter->next = next;
    return before;
}

static void letter_take(void *user, void *item)
{
    struct letter *letter = item;

    post.numbers[post.taken++] = letter->number;
    free(letter);
    if (post.taken == post.wanted)
        event_base_loopbreak(post.base);
}

static void letter_put(struct mailslot *slot, int number, bool quiet)
{
    struct letter *letter = calloc(1, sizeof *letter);

    assert_non_null(letter);
    letter->number = number;
    (quiet ? mailslot_put_quiet : mailslot_put)(slot, letter);
}

static void what_is_put_is_taken_once_and_in_order(void **state)
{
    struct mailslot *slot;

    post.base = event_base_new();
    post.taken = 0;
    post.wanted = 100;
    assert_int_equal(mailslot_new(post.base, letter_link, letter_take, NULL, &slot), AM_OK);
    for (int i = 0; i < 100; i++)
        letter_put(slot, i, i % 3 != 0);
    mailslot_wake(slot);
    event_base_dispatch(post.base);
    assert_int_equal(post.taken, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(post.numbers[i], i);
    letter_put(slot, 100, true);
    mailslot_free(slot); // hands over what is left
    assert_int_equal(post.taken, 101);
    event_base_free(post.base);
}

static void *letters_from_a_thread(void *user)
{
    for (int i = 0; i < 1000; i++)
        letter_put(user, i, false);
    return NULL;
}

static void threads_wake_the_loop_and_nothing_is_lost(void **state)
{
    struct mailslot *slot;
    pthread_t threads[4];

    post.base = event_base_new();
    post.taken = 0;
    post.wanted = 4000;
    assert_int_equal(mailslot_new(post.base, letter_link, letter_take, NULL, &slot), AM_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, letters_from_a_thread, slot), 0);
    event_base_dispatch(post.base);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(post.taken, 4000);
    mailslot_free(slot);
    event_base_free(post.base);
}

// --- workers
struct task {
    struct job job;
    int run, done, again;
    int place; // of all that ended
    pthread_t by;
};
static struct {
    struct workers *workers;
    struct event_base *base;
    int open, ended;
} pool;

static void task_run(struct job *job, struct worker *worker)
{
    struct task *task = (struct task *)job;

    assert_non_null(worker->seal);
    task->run++;
    task->by = pthread_self();
}

static void task_done(struct job *job)
{
    struct task *task = (struct task *)job;

    task->done++;
    task->place = pool.ended++;
    if (task->again-- > 0)
        workers_push(pool.workers, job);
    else if (--pool.open == 0)
        event_base_loopbreak(pool.base);
}

static void pool_start(unsigned threads, size_t room)
{
    pool.base = event_base_new();
    pool.ended = 0;
    assert_int_equal(workers_new(pool.base, NULL, threads, room, &pool.workers), AM_OK);
}

static void each_job_runs_on_a_thread_and_ends_on_the_loop(void **state)
{
    static struct task tasks[500];

    memset(tasks, 0, sizeof tasks);
    pool_start(3, 1000);
    pool.open = 500;
    for (int i = 0; i < 500; i++) {
        tasks[i].job = (struct job){.run = task_run, .done = task_done};
        tasks[i].again = i % 3;
        workers_push(pool.workers, &tasks[i].job);
    }
    assert_int_equal(workers_under_way(pool.workers), 500);
    event_base_dispatch(pool.base);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(tasks[i].run, 1 + i % 3);
        assert_int_equal(tasks[i].done, 1 + i % 3);
        assert_false(pthread_equal(tasks[i].by, pthread_self()));
    }
    assert_int_equal(workers_under_way(pool.workers), 0);
    workers_free(pool.workers);
    event_base_free(pool.base);
}

static void a_brief_job_that_comes_alone_is_run_by_the_loop(void **state)
{
    struct task tasks[3] = {0};
    const struct job brief = {.run = task_run, .done = task_done, .brief = true},
                     other = {.run = task_run, .done = task_done};

    pool_start(1, 10);
    tasks[0].job = brief;
    pool.open = 1;
    workers_push(pool.workers, &tasks[0].job);
    event_base_dispatch(pool.base);
    assert_true(pthread_equal(tasks[0].by, pthread_self()));
    tasks[0].job = brief;
    tasks[1].job = brief;
    pool.open = 2;
    workers_push(pool.workers, &tasks[0].job);
    workers_push(pool.workers, &tasks[1].job);
    event_base_dispatch(pool.base);
    assert_false(pthread_equal(tasks[0].by, pthread_self()));
    assert_false(pthread_equal(tasks[1].by, pthread_self()));
    tasks[2].job = other;
    pool.open = 1;
    workers_push(pool.workers, &tasks[2].job);
    event_base_dispatch(pool.base);
    assert_false(pthread_equal(tasks[2].by, pthread_self()));
    workers_free(pool.workers);
    event_base_free(pool.base);
}

static void task_run_long(struct job *job, struct worker *worker)
{
    uint64_t began = clock_monotonic();

    while (clock_monotonic() - began < 2 * NS_PER_S / 1000)
        continue;
    task_run(job, worker);
}

static void after_a_brief_job_that_took_long_the_loop_runs_none(void **state)
{
    struct task slow = {.job = {.run = task_run_long, .done = task_done, .brief = true}},
                next = {.job = {.run = task_run, .done = task_done, .brief = true}};

    pool_start(1, 10);
    pool.open = 1;
    workers_push(pool.workers, &slow.job);
    event_base_dispatch(pool.base);
    assert_true(pthread_equal(slow.by, pthread_self()));
    pool.open = 1;
    workers_push(pool.workers, &next.job);
    event_base_dispatch(pool.base);
    assert_false(pthread_equal(next.by, pthread_self()));
    workers_free(pool.workers);
    event_base_free(pool.base);
}

static void past_their_room_workers_are_full_and_take_no_less(void **state)
{
    struct task tasks[4] = {0};

    pool_start(1, 2);
    pool.open = 4;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(workers_full(pool.workers), i > 2);
        tasks[i].job = (struct job){.run = task_run, .done = task_done};
        workers_push(pool.workers, &tasks[i].job);
    }
    event_base_dispatch(pool.base);
    assert_int_equal(tasks[3].done, 1);
    assert_false(workers_full(pool.workers));
    workers_free(pool.workers);
    event_base_free(pool.base);
}

static void what_is_under_way_when_the_pool_ends_still_ends(void **state)
{
    struct task tasks[20] = {0};

    pool_start(2, 100);
    pool.open = 1000; // nobody breaks a loop that doesn't run
    for (int i = 0; i < 20; i++) {
        tasks[i].job = (struct job){.run = task_run, .done = task_done};
        tasks[i].again = 2;
        workers_push(pool.workers, &tasks[i].job);
    }
    workers_free(pool.workers);
    for (int i = 0; i < 20; i++)
        assert_int_equal(tasks[i].done, 3);
    event_base_free(pool.base);
}

// What is urgent goes first, in the order in which it came; the others have a turn after each row of it.
static void urgent_jobs_go_first_and_the_others_wait_for_no_more_than_a_row_of_them(void **state)
{
    enum { USUAL = 5, URGENT = 3 * LIMIT_URGENT_ROW + 1 };
    struct task tasks[USUAL + URGENT] = {0};

    pool_start(1, 100);
    pool.open = USUAL + URGENT;
    for (int i = 0; i < USUAL + URGENT; i++) {
        tasks[i].job = (struct job){
            .run = task_run, .done = task_done, .class = i < USUAL ? JOB_USUAL : JOB_URGENT, .bytes = LIMIT_RUN_BYTES};
        workers_push(pool.workers, &tasks[i].job);
    }
    event_base_dispatch(pool.base);
    for (int i = 0; i < USUAL + URGENT; i++) {
        int nth = i < USUAL ? i : i - USUAL, row = LIMIT_URGENT_ROW;
        int usual = nth < URGENT / row ? (nth + 1) * (row + 1) - 1 : URGENT + nth;
        assert_int_equal(tasks[i].place, i < USUAL ? usual : nth + nth / row);
    }
    workers_free(pool.workers);
    event_base_free(pool.base);
}

// --- registry
static struct roster *roster_make(const char *unit, uint64_t number)
{
    struct roster *roster = calloc(1, sizeof *roster);

    assert_non_null(roster);
    atomic_init(&roster->references, 1);
    strcpy(roster->unit, unit);
    roster->number = number;
    return roster;
}

static void a_snapshot_has_the_newest_roster_of_each_unit(void **state)
{
    struct roster *rosters[] = {roster_make("ke/b/c", 2), roster_make("et/a/b", 1), roster_make("ke/b/c", 7),
                                roster_make("ke/b/c", 3), roster_make("ug/x/y", 1)};
    struct registry *registry, *next;
    struct roster *newer = roster_make("et/a/b", 2), *added = roster_make("dj/n/m", 1);
    struct trust *trust, *other;
    struct pki pki;

    pki_init(&pki);
    pki_write_trust(&pki, "");
    assert_int_equal(trust_load(pki_path(&pki, "trust"), NULL, NULL, &trust), AM_OK);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), NULL, NULL, &other), AM_OK);
    assert_int_equal(registry_new(trust, rosters, AM_LEN(rosters), NULL, &registry), AM_OK);
    assert_int_equal(registry_count(registry), 3);
    assert_ptr_equal(registry_roster(registry, "ke/b/c"), rosters[2]);
    assert_ptr_equal(registry_roster(registry, "et/a/b"), rosters[1]);
    assert_null(registry_roster(registry, "ke/b"));
    assert_null(registry_roster(registry, "zz/z/z"));

    assert_int_equal(registry_with(registry, NULL, newer, &next), AM_OK);
    assert_ptr_equal(registry_roster(next, "et/a/b"), newer);
    assert_ptr_equal(registry_roster(registry, "et/a/b"), rosters[1]); // who has the old one keeps what it says
    registry_unref(registry);
    assert_int_equal(registry_with(next, other, added, &registry), AM_OK);
    assert_ptr_equal(registry_trust(next), trust);
    assert_ptr_equal(registry_trust(registry), other);
    registry_unref(next);
    assert_int_equal(registry_count(registry), 4);
    assert_ptr_equal(registry_at(registry, 0), added);
    assert_ptr_equal(registry_roster(registry, "ke/b/c"), rosters[2]);
    registry_unref(registry);
    for (size_t i = 0; i < AM_LEN(rosters); i++)
        roster_unref(rosters[i]);
    roster_unref(newer);
    roster_unref(added);
    trust_unref(trust);
    trust_unref(other);
    pki_clear(&pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_begins_as_many_handshakes_a_second_as_allowed_and_not_one_more),
        cmocka_unit_test(more_addresses_in_a_second_than_there_are_rows_are_refused),
        cmocka_unit_test(what_is_put_is_taken_once_and_in_order),
        cmocka_unit_test(threads_wake_the_loop_and_nothing_is_lost),
        cmocka_unit_test(each_job_runs_on_a_thread_and_ends_on_the_loop),
        cmocka_unit_test(a_brief_job_that_comes_alone_is_run_by_the_loop),
        cmocka_unit_test(after_a_brief_job_that_took_long_the_loop_runs_none),
        cmocka_unit_test(past_their_room_workers_are_full_and_take_no_less),
        cmocka_unit_test(what_is_under_way_when_the_pool_ends_still_ends),
        cmocka_unit_test(urgent_jobs_go_first_and_the_others_wait_for_no_more_than_a_row_of_them),
        cmocka_unit_test(a_snapshot_has_the_newest_roster_of_each_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
