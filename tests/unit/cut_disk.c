// SPDX-License-Identifier: Apache-2.0
// The disk of cut_disk.h: it stands in front of the C library's fdatasync, for LMDB too.
#include "tests/unit/cut_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

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
unsigned syncs_left, hold_left;
static bool holding;
static pthread_cond_t held = PTHREAD_COND_INITIALIZER;
static pthread_t synced_by[1024]; // of a descriptor of the redo file: who synced it
bool shared;

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

void shared_watch(void)
{
    memset(synced_by, 0, sizeof synced_by);
    shared = false;
}

unsigned sync_times(size_t file)
{
    return synced[file].times;
}

void hold_wait(void)
{
    pthread_mutex_lock(&lock);
    while (!holding)
        pthread_cond_wait(&held, &lock);
    pthread_mutex_unlock(&lock);
}

// Of those behind it the count-th fails.
void hold_end(unsigned count)
{
    pthread_mutex_lock(&lock);
    syncs_left = count;
    holding = false;
    pthread_cond_broadcast(&held);
    pthread_mutex_unlock(&lock);
}

void path_to(const char *folder, const char *name, char path[256])
{
    snprintf(path, 256, "%s/journal/%s", folder, name);
}

// From now on it is known what is durable. The kit is closed: all of it is.
void watch(const char *folder)
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

void watch_end(void)
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
void cut_file(size_t file, bool torn, const char *from, const char *to)
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
void cut_power(struct kit *kit, bool torn, const char *to)
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
uint64_t found(const char *folder, uint8_t ret_root[32])
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

void append_some(struct kit *kit, unsigned first, unsigned n, size_t body)
{
    for (unsigned i = first; i < first + n; i++) {
        struct kit_message m;
        kit_message(&m, i, 2, body);
        assert_int_equal(kit_append(kit, &m.append).result, JOURNAL_DONE);
        kit_message_clear(&m);
    }
}

int setup(void **state)
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

int teardown(void **state)
{
    struct power *power = *state;
    kit_clear(&power->kit);
    watch_end();
    free(power);
    return 0;
}

void assert_whole(struct power *power)
{
    uint8_t root[32], kept[32];
    store_root(power->kit.store, kept);
    assert_int_equal(found(power->cut, root), store_size(power->kit.store));
    assert_memory_equal(root, kept, sizeof root);
}

static void fault_kept(void *user, uint64_t seq, const char *what)
{
    snprintf(user, 128, "%s", what);
}

void assert_fault(struct power *power, const char *what)
{
    struct am_detail detail;
    char said[128] = "";
    uint64_t size;
    assert_int_equal(store_fsck(power->kit.folder, 0, NULL, fault_kept, said, NULL, &size, &detail), AM_CORRUPT);
    assert_string_equal(said, what);
}
