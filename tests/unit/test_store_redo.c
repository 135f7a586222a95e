// SPDX-License-Identifier: Apache-2.0
// The power fails: of each file every page is as it was when last synced, or as it is now, by chance. What had a
// receipt is there, and the journal is sound.
#include "proto/failpoint.h"
#include "server/store/internal.h"
#include "store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAP   (32ull << 20)
#define PAGE  4096u
#define FILES 2

static const char *const NAMES[FILES] = {"data.mdb", "redo"};

// What a disk is sure to have of a file: its bytes when the last sync began.
static struct {
    ino_t inode;
    uint8_t *bytes, *before; // `before`: at the sync before that one
    uint64_t begun;          // which sync that was
    size_t len;
    unsigned times;
} synced[FILES];
static uint64_t syncs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned syncs_left; // until one fails; 0: none does
static unsigned hold_left;  // until one waits for hold_end; 0: none does
static bool holding;
static pthread_cond_t held = PTHREAD_COND_INITIALIZER;
static pthread_t synced_by[1024]; // of a descriptor of the redo file: who synced it while a kit was watched
static bool shared;               // two of them by one descriptor

static void read_file(int fd, uint8_t *bytes, size_t len)
{
    memset(bytes, 0, len);
    for (off_t at = 0, hole; (at = lseek(fd, at, SEEK_DATA)) >= 0 && at < (off_t)len; at = hole) {
        hole = lseek(fd, at, SEEK_HOLE);
        if (pread(fd, bytes + at, (size_t)(hole - at), at) != (ssize_t)(hole - at))
            abort();
    }
}

int fdatasync(int fd)
{
    struct stat stat;
    uint8_t *now = NULL;
    size_t file = FILES;
    pthread_mutex_lock(&lock);
    uint64_t begun = ++syncs;
    bool fails = syncs_left > 0 && --syncs_left == 0;
    for (size_t i = 0; fstat(fd, &stat) == 0 && i < FILES; i++)
        if (synced[i].inode == stat.st_ino)
            file = i;
    if (file < FILES) {
        synced[file].times++;
        now = malloc(synced[file].len);
        read_file(fd, now, synced[file].len);
    }
    if (file == 1 && fd < (int)AM_LEN(synced_by)) {
        shared |= synced_by[fd] != 0 && !pthread_equal(synced_by[fd], pthread_self());
        synced_by[fd] = pthread_self();
    }
    if (hold_left > 0 && --hold_left == 0) {
        holding = true;
        pthread_cond_broadcast(&held);
        while (holding)
            pthread_cond_wait(&held, &lock);
    }
    pthread_mutex_unlock(&lock);
    if (fails) {
        free(now);
        errno = EIO;
        return -1;
    }
    int rc = (int)syscall(SYS_fdatasync, fd);
    if (file < FILES) {
        pthread_mutex_lock(&lock);
        // One that began later may have ended before: the disk has what that one found.
        if (begun > synced[file].begun) {
            free(synced[file].before);
            synced[file].before = synced[file].bytes;
            synced[file].bytes = now;
            synced[file].begun = begun;
            now = NULL;
        }
        pthread_mutex_unlock(&lock);
        free(now);
    }
    return rc;
}

static void hold_wait(void)
{
    pthread_mutex_lock(&lock);
    while (!holding)
        pthread_cond_wait(&held, &lock);
    pthread_mutex_unlock(&lock);
}

// Of those behind it the count-th fails.
static void hold_end(unsigned count)
{
    pthread_mutex_lock(&lock);
    syncs_left = count;
    holding = false;
    pthread_cond_broadcast(&held);
    pthread_mutex_unlock(&lock);
}

static void path_to(const char *folder, const char *name, char path[256])
{
    snprintf(path, 256, "%s/journal/%s", folder, name);
}

// From now on it is known what is durable. The kit is closed: all of it is.
static void watch(const char *folder)
{
    for (size_t i = 0; i < FILES; i++) {
        char path[256];
        struct stat stat;
        path_to(folder, NAMES[i], path);
        int fd = open(path, O_RDONLY);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &stat), 0);
        synced[i].len = (size_t)stat.st_size;
        synced[i].bytes = malloc(synced[i].len);
        read_file(fd, synced[i].bytes, synced[i].len);
        synced[i].inode = stat.st_ino;
        close(fd);
    }
}

static void watch_end(void)
{
    for (size_t i = 0; i < FILES; i++) {
        free(synced[i].bytes);
        free(synced[i].before);
    }
    memset(synced, 0, sizeof synced);
    syncs_left = 0;
}

static uint64_t chance; // xorshift
static bool toss(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 32 & 1) != 0;
}

// A page of a database is as old as the last sync; one of the redo file, with `torn`, as the one before.
static void cut_file(size_t file, bool torn, const char *from, const char *to)
{
    char path[256];
    uint8_t *now = malloc(synced[file].len);
    const uint8_t *old = torn && synced[file].before != NULL ? synced[file].before : synced[file].bytes;
    path_to(from, NAMES[file], path);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && now != NULL);
    read_file(fd, now, synced[file].len);
    close(fd);
    path_to(to, NAMES[file], path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)synced[file].len), 0);
    for (size_t at = 0; at < synced[file].len; at += PAGE) {
        static const uint8_t zeros[PAGE];
        const uint8_t *page = (toss() ? now : old) + at;
        if (memcmp(page, zeros, PAGE) != 0)
            assert_int_equal(pwrite(fd, page, PAGE, (off_t)at), PAGE);
    }
    close(fd);
    free(now);
}

// What another machine finds of the kit's journal if the power fails now.
static void cut_power(struct kit *kit, bool torn, const char *to)
{
    char path[256];
    snprintf(path, sizeof path, "%s/journal", to);
    (void)mkdir(to, 0700);
    (void)mkdir(path, 0700);
    path_to(to, "lock.mdb", path);
    (void)remove(path);
    pthread_mutex_lock(&lock); // no sync ends meanwhile
    cut_file(0, false, kit->folder, to);
    cut_file(1, torn, kit->folder, to);
    pthread_mutex_unlock(&lock);
}

static void fault_found(void *user, uint64_t seq, const char *what)
{
    print_error("%llu: %s\n", (unsigned long long)seq, what);
}

// Its size, after the start that it had; and it is sound.
static uint64_t found(const char *folder, uint8_t ret_root[32])
{
    struct store_options options = {.folder = folder, .map_size = 1, .origin = KIT_ORIGIN}; // as large as the file
    struct am_detail detail = {.text = ""};
    struct store *store;
    uint64_t size;
    enum am_err err = store_open(&options, &detail, &store);
    if (err != AM_OK)
        print_error("%s\n", detail.text);
    assert_int_equal(err, AM_OK);
    store_root(store, ret_root);
    store_close(store);
    assert_int_equal(store_fsck(folder, 0, NULL, fault_found, NULL, NULL, &size, &detail), AM_OK);
    return size;
}

static void append_some(struct kit *kit, unsigned first, unsigned n, size_t body)
{
    for (unsigned i = first; i < first + n; i++) {
        struct kit_message m;
        kit_message(&m, i, 2, body);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
}

struct power {
    struct kit kit;
    char cut[80];
};

static int setup(void **state)
{
    struct power *power = calloc(1, sizeof *power);
    kit_make(&power->kit, MAP, 1 << 20);
    kit_close(&power->kit);
    watch(power->kit.folder);
    kit_open(&power->kit);
    snprintf(power->cut, sizeof power->cut, "%s/cut", power->kit.folder);
    chance = 88172645463325252u;
    *state = power;
    return 0;
}

static int teardown(void **state)
{
    struct power *power = *state;
    kit_clear(&power->kit);
    watch_end();
    free(power);
    return 0;
}

static void assert_whole(struct power *power)
{
    uint8_t root[32], kept[32];
    store_root(power->kit.store, kept);
    assert_int_equal(found(power->cut, root), store_size(power->kit.store));
    assert_memory_equal(root, kept, sizeof root);
}

static void whatever_of_the_database_was_not_synced_is_done_again(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 20; n++) {
        append_some(&power->kit, n, 1, 300);
        for (unsigned i = 0; i < 3; i++) {
            cut_power(&power->kit, false, power->cut);
            assert_whole(power);
        }
    }
}

// The ring comes round several times, and points are made beside commits.
static void so_it_is_after_many_points_at_any_moment(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 24; n++) {
        append_some(&power->kit, n * 40, 40, n % 3 == 0 ? 4000 : 300);
        cut_power(&power->kit, false, power->cut);
        assert_whole(power);
    }
}

static void a_record_that_was_cut_is_left_out_and_the_next_takes_its_place(void **state)
{
    struct power *power = *state;
    unsigned whole = 0;
    for (unsigned n = 0; n < 40; n++) {
        uint8_t root[32];
        append_some(&power->kit, n, 1, 4000);
        cut_power(&power->kit, true, power->cut);
        uint64_t size = found(power->cut, root);
        assert_in_range(size, n, n + 1);
        whole += size == n + 1;
        // It goes on from there.
        struct kit other = power->kit;
        memcpy(other.folder, power->cut, sizeof other.folder);
        other.options.folder = power->cut;
        other.done = NULL;
        other.n_done = other.room = 0;
        kit_open(&other);
        append_some(&other, 1000, 2, 300);
        kit_close(&other);
        kit_forget(&other);
        free(other.done);
        assert_int_equal(found(power->cut, root), size + 2);
    }
    assert_in_range(whole, 1, 39); // both were met
}

// Its record had been begun before the commit that found no room.
static void what_was_refused_for_want_of_room_is_not_there_after_a_crash_either(void **state)
{
    struct power *power = *state;
    for (unsigned n = 0; n < 8; n++) {
        struct kit_message m;
        append_some(&power->kit, 2 * n, 1, 300);
        kit_message(&m, 2 * n + 1, 2, 300);
        failpoint_again();
        setenv("AMANA_FAILPOINT", "store-commit-full", 1);
        assert_int_equal(kit_append(&power->kit, &m.append).result, JOURNAL_FULL);
        unsetenv("AMANA_FAILPOINT");
        cut_power(&power->kit, false, power->cut);
        assert_whole(power);
        kit_message_clear(&m);
    }
}

static void a_crash_while_it_is_done_again_costs_nothing(void **state)
{
    struct power *power = *state;
    append_some(&power->kit, 0, 50, 300);
    // The first sync is of the point that was found, the second of what was taken back, the third of what was done
    // again, the fourth of the point then.
    for (unsigned fails = 1; fails <= 4; fails++) {
        struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
        struct am_detail detail;
        struct store *store;
        cut_power(&power->kit, false, power->cut);
        syncs_left = fails;
        assert_int_equal(store_open(&options, &detail, &store), AM_IO);
        assert_int_equal(syncs_left, 0);
        assert_whole(power);
    }
}

static void fault_kept(void *user, uint64_t seq, const char *what)
{
    snprintf(user, 128, "%s", what);
}

static void assert_fault(struct power *power, const char *what)
{
    struct am_detail detail;
    char said[128] = "";
    uint64_t size;
    assert_int_equal(store_fsck(power->kit.folder, 0, NULL, fault_kept, said, NULL, &size, &detail), AM_CORRUPT);
    assert_string_equal(said, what);
}

// The keeper's end in the middle of a commit: the next start finds the journal left.
static void keeper_lost(struct kit *kit)
{
    struct kit_message m;
    kit_message(&m, 999, 1, 10);
    failpoint_again();
    setenv("AMANA_FAILPOINT", "store-commit-error", 1);
    kit_submit(kit, &m.append);
    kit_wait(kit, SIZE_MAX);
    unsetenv("AMANA_FAILPOINT");
    assert_true(kit->died);
    kit_close(kit);
    kit->died = false;
    kit_message_clear(&m);
}

// The hub was killed between writing a point and syncing it, or that sync failed: a start finds it all the same, and
// what it does again goes over pages of the point before.
static void a_point_that_only_the_system_remembers_is_made_durable_first(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    append_some(&power->kit, 0, 20, 300);
    kit_alarm(&alarm, 7, 4, 150 * 1024); // a quarter of the ring: a point is due
    hold_left = 2;                       // behind the record's: of the database, by the thread
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    hold_wait();
    append_some(&power->kit, 20, 5, 300);
    uint64_t size = store_size(power->kit.store);
    hold_end(1); // of the point
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    kit_close(&power->kit);
    for (unsigned fails = 1; fails <= 4; fails++) {
        struct am_detail detail;
        struct store *store;
        uint8_t root[32];
        syncs_left = fails;
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_IO);
        for (unsigned i = 0; i < 4; i++) {
            cut_power(&power->kit, false, power->cut);
            assert_int_equal(found(power->cut, root), size);
        }
    }
    kit_alarm_clear(&alarm);
}

// One bit of a record that others follow.
static void flip_in_ring(struct power *power, off_t at)
{
    char path[256];
    uint8_t byte;
    path_to(power->kit.folder, "redo", path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, 2 * PAGE + at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 2 * PAGE + at), 1);
    close(fd);
}

static void a_record_that_is_damaged_before_others_stops_the_start_and_nothing_is_given_up(void **state)
{
    struct power *power = *state;
    struct am_detail detail;
    struct store *store;
    append_some(&power->kit, 0, 6, 300);
    keeper_lost(&power->kit);
    flip_in_ring(power, 100);
    for (unsigned i = 0; i < 2; i++) { // the first attempt made no point
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
        assert_non_null(strstr(detail.text, "done again"));
        assert_fault(power, "the file journal/redo is missing or damaged");
    }
    flip_in_ring(power, 100);
    kit_open(&power->kit);
    assert_in_range(store_size(power->kit.store), 6, 7);
}

// What there was room for once has room when it is done again: bodies lie in pages that have to be side by side.
static void a_journal_without_any_room_left_is_done_again_too(void **state)
{
    struct power *power = *state;
    unsigned full = 0;
    kit_clear(&power->kit);
    watch_end();
    kit_make(&power->kit, 6ull << 20, 256 << 10);
    kit_close(&power->kit);
    watch(power->kit.folder);
    kit_open(&power->kit);
    snprintf(power->cut, sizeof power->cut, "%s/cut", power->kit.folder);
    for (unsigned n = 0; full < 8; n++) {
        struct kit_message m;
        kit_message(&m, n, 1 + n % 3, n % 4 == 0 ? 4000 : 300);
        m.append.essential = full > 0;
        full += kit_append(&power->kit, &m.append).result == JOURNAL_FULL;
        kit_message_clear(&m);
        if (full > 0 || n % 16 == 0) {
            cut_power(&power->kit, false, power->cut);
            assert_whole(power);
        }
    }
}

// A copy lost the database's empty tail, so that it is smaller than what has to be done again.
static void where_the_map_has_no_room_to_do_it_again_the_start_says_so_and_a_larger_one_goes_on(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = 1, .origin = KIT_ORIGIN}; // as large as the file
    struct am_detail detail;
    struct store *store;
    MDB_envinfo info;
    char path[256];
    assert_int_equal(mdb_env_info(power->kit.store->tables.env, &info), 0);
    append_some(&power->kit, 0, 30, 4000);
    cut_power(&power->kit, false, power->cut);
    path_to(power->cut, "data.mdb", path);
    assert_int_equal(truncate(path, (off_t)(info.me_last_pgno + 1) * PAGE), 0);
    for (unsigned i = 0; i < 2; i++) { // the first attempt gave up nothing
        assert_int_equal(store_open(&options, &detail, &store), AM_FULL);
        assert_non_null(strstr(detail.text, "done again: no space left: make map-size larger"));
    }
    options.map_size = MAP;
    assert_int_equal(store_open(&options, &detail, &store), AM_OK);
    store_close(store);
    assert_whole(power);
}

// The system tells a write that failed once to each descriptor, so to one of those who share it.
static void no_two_threads_hear_of_a_failed_write_by_one_descriptor(void **state)
{
    struct power *power = *state;
    memset(synced_by, 0, sizeof synced_by);
    shared = false;
    append_some(&power->kit, 0, 300, 300);
    assert_false(shared);
}

// A record has one block or two, and a point is due at a quarter of the ring.
static void each_commit_costs_one_sync_and_the_database_one_in_many(void **state)
{
    struct power *power = *state;
    unsigned records = synced[1].times, points = synced[0].times;
    append_some(&power->kit, 0, 500, 100);
    points = synced[0].times - points;
    records = synced[1].times - records - points;
    assert_in_range(points, 2, 10);
    assert_in_range(records, 499, 500); // the last point may not have got to its own yet
}

static void a_batch_that_is_too_large_for_the_ring_is_durable_too(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    append_some(&power->kit, 0, 5, 300);
    kit_alarm(&alarm, 7, 4, 900 * 1024);
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    kit_alarm_clear(&alarm);
    cut_power(&power->kit, false, power->cut);
    assert_whole(power);
    append_some(&power->kit, 10, 5, 300);
    cut_power(&power->kit, false, power->cut);
    assert_whole(power);
}

static void a_point_that_cannot_be_made_ends_a_keeper_that_has_nothing_to_do(void **state)
{
    struct power *power = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 7, 4, 150 * 1024); // a quarter of the ring: a point is due
    syncs_left = 2;                      // the record's holds
    assert_int_equal(kit_append(&power->kit, &alarm.append).result, JOURNAL_DONE);
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    kit_alarm_clear(&alarm);
}

// It is in the database alone, and so has to wait for a point of its own.
static void a_large_batch_behind_a_point_that_failed_is_not_answered(void **state)
{
    struct power *power = *state;
    struct kit_alarm due, large;
    kit_alarm(&due, 7, 4, 150 * 1024);
    kit_alarm(&large, 8, 4, 900 * 1024);
    hold_left = 2; // behind the record's: of the database, by the thread
    assert_int_equal(kit_append(&power->kit, &due.append).result, JOURNAL_DONE);
    hold_wait();
    size_t before = power->kit.n_done;
    kit_submit(&power->kit, &large.append);
    hold_end(1); // of the point
    kit_wait(&power->kit, SIZE_MAX);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    assert_int_equal(power->kit.n_done, before);
    kit_alarm_clear(&due);
    kit_alarm_clear(&large);
}

// Without it what is committed then would be behind a point that says that nothing is.
static void a_first_point_that_is_not_durable_is_no_start(void **state)
{
    struct power *power = *state;
    kit_close(&power->kit);
    for (unsigned fails = 1; fails <= 2; fails++) { // of the database, of the point
        struct am_detail detail;
        struct store *store;
        assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_OK);
        syncs_left = fails;
        assert_int_equal(redo_start(store->redo, &store->tables, NULL, NULL), AM_IO);
        assert_int_equal(redo_stop(store->redo, false), AM_OK);
        store_close(store);
    }
    kit_open(&power->kit);
}

static void an_end_that_is_not_durable_is_told(void **state)
{
    struct power *power = *state;
    append_some(&power->kit, 0, 3, 300);
    cut_power(&power->kit, false, power->cut);
    syncs_left = 1;
    kit_close(&power->kit);
    assert_true(power->kit.died);
    assert_int_equal(power->kit.died_of, AM_IO);
    kit_open(&power->kit); // and is found at the next start
    assert_int_equal(store_size(power->kit.store), 3);
}

static void without_its_redo_file_or_a_good_point_a_journal_is_not_opened(void **state)
{
    struct power *power = *state;
    struct am_detail detail;
    struct store *store;
    char path[256];
    kit_close(&power->kit);
    path_to(power->kit.folder, "redo", path);
    int fd = open(path, O_WRONLY);
    for (off_t slot = 0; slot < 2; slot++)
        assert_int_equal(pwrite(fd, "x", 1, slot * PAGE + 30), 1);
    close(fd);
    assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.field, "journal/redo"));
    assert_fault(power, "the file journal/redo is missing or damaged");
    assert_int_equal(remove(path), 0);
    assert_int_equal(store_open(&power->kit.options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.text, "journal/redo is missing"));
    assert_fault(power, "the file journal/redo is missing or damaged");
}

// Another machine's copy ended early, or somebody cut it: what lies behind would pass for never written, and receipts
// would be given for other entries under the same numbers.
static void a_redo_file_of_another_size_stops_the_start_and_put_back_it_goes_on(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
    char path[256], whole[256], sizes[64];
    struct stat stat_;
    append_some(&power->kit, 0, 6, 300);
    path_to(power->kit.folder, "redo", whole);
    assert_int_equal(stat(whole, &stat_), 0);
    path_to(power->cut, "redo", path);
    const off_t cuts[] = {stat_.st_size - PAGE, 4 * PAGE, 3 * PAGE, 2 * PAGE + 100, 2 * PAGE, stat_.st_size + PAGE};
    for (size_t i = 0; i < AM_LEN(cuts); i++) {
        struct am_detail detail;
        struct store *store;
        cut_power(&power->kit, false, power->cut);
        assert_int_equal(truncate(path, cuts[i]), 0);
        assert_int_equal(store_open(&options, &detail, &store), AM_CORRUPT);
        snprintf(sizes, sizeof sizes, "it has %lld bytes and was made with %lld", (long long)cuts[i],
                 (long long)stat_.st_size);
        assert_string_equal(detail.field, path);
        assert_non_null(strstr(detail.text, sizes));
        assert_non_null(strstr(detail.text, "put the whole file back"));
        cut_file(1, false, power->kit.folder, power->cut);
        assert_whole(power);
    }
}

// The database of a backup under the redo file of today.
static void a_database_that_is_older_than_its_redo_file_is_not_opened(void **state)
{
    struct power *power = *state;
    struct store_options options = {.folder = power->cut, .map_size = MAP, .origin = KIT_ORIGIN};
    struct am_detail detail;
    struct store *store;
    kit_close(&power->kit);
    cut_power(&power->kit, false, power->cut);
    kit_open(&power->kit);
    append_some(&power->kit, 0, 3, 300);
    kit_close(&power->kit);
    kit_open(&power->kit); // the point is of now, and the file is left open
    cut_file(1, false, power->kit.folder, power->cut);
    assert_int_equal(store_open(&options, &detail, &store), AM_CORRUPT);
    assert_non_null(strstr(detail.text, "journal/redo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_of_the_database_was_not_synced_is_done_again, setup, teardown),
        cmocka_unit_test_setup_teardown(so_it_is_after_many_points_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_was_cut_is_left_out_and_the_next_takes_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_refused_for_want_of_room_is_not_there_after_a_crash_either, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_crash_while_it_is_done_again_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_point_that_only_the_system_remembers_is_made_durable_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_is_damaged_before_others_stops_the_start_and_nothing_is_given_up,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_without_any_room_left_is_done_again_too, setup, teardown),
        cmocka_unit_test_setup_teardown(
            where_the_map_has_no_room_to_do_it_again_the_start_says_so_and_a_larger_one_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(no_two_threads_hear_of_a_failed_write_by_one_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(each_commit_costs_one_sync_and_the_database_one_in_many, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_that_is_too_large_for_the_ring_is_durable_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_point_that_cannot_be_made_ends_a_keeper_that_has_nothing_to_do, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_large_batch_behind_a_point_that_failed_is_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_first_point_that_is_not_durable_is_no_start, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_is_not_durable_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_its_redo_file_or_a_good_point_a_journal_is_not_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redo_file_of_another_size_stops_the_start_and_put_back_it_goes_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_database_that_is_older_than_its_redo_file_is_not_opened, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
