// SPDX-License-Identifier: Apache-2.0
// Slots and records.
#include "server/store/redo_file.h"

#include "proto/log/leaf.h"
#include "server/store/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_DIGEST (REDO_BLOCK - LOG_HASH_SIZE)
#define RING_AT     (2ull * REDO_BLOCK)
#define ZEROS       (256u * 1024)
#define LANES       4 // of a digest, beside each other: each multiplication waits for the one before it

static const uint8_t MAGIC[8] = {'A', 'M', 'R', 'E', 'D', 'O', '0', '1'};

static enum am_err write_all(int fd, const uint8_t *bytes, uint64_t len, uint64_t at)
{
    ssize_t written = pwrite(fd, bytes, len, (off_t)at);
    if (written < 0)
        return table_error(errno);
    return (uint64_t)written == len ? AM_OK : AM_FULL; // a full disk cuts short
}

static enum am_err sync_file(int fd)
{
    return fdatasync(fd) == 0 ? AM_OK : AM_IO;
}

// --- Points
static enum am_err slot_pack(const struct redo_point *point, uint64_t counter, uint8_t slot[REDO_BLOCK])
{
    memset(slot, 0, REDO_BLOCK);
    uint8_t *at = row_put_bytes(slot, (struct am_bytes){MAGIC, sizeof MAGIC});
    at = row_put(at, counter, 8);
    at = row_put(at, point->number, 8);
    at = row_put(at, point->place, 8);
    at = row_put(at, point->page_size, 4);
    at = row_put(at, point->left, 1);
    row_put_bytes(at, (struct am_bytes){point->meta, REDO_META});
    return log_sha256((struct am_bytes){slot, SLOT_DIGEST}, slot + SLOT_DIGEST);
}

static bool slot_parse(const uint8_t slot[REDO_BLOCK], struct redo_point *ret_point, uint64_t *ret_counter)
{
    struct row_reader row = {slot, SLOT_DIGEST, false};
    if (memcmp(row_take(&row, sizeof MAGIC).data, MAGIC, sizeof MAGIC) != 0 ||
        !log_sha256_is((struct am_bytes){slot, SLOT_DIGEST}, (struct am_bytes){slot + SLOT_DIGEST, LOG_HASH_SIZE}))
        return false;
    *ret_counter = row_number(&row, 8);
    ret_point->number = row_number(&row, 8);
    ret_point->place = row_number(&row, 8);
    ret_point->page_size = (uint32_t)row_number(&row, 4);
    ret_point->left = row_number(&row, 1) != 0;
    memcpy(ret_point->meta, row_take(&row, REDO_META).data, REDO_META);
    return true;
}

enum am_err redo_file_put_point(struct redo_file *file, const struct redo_point *point)
{
    uint8_t slot[REDO_BLOCK];
    uint64_t counter = file->counter + 1;
    TRY(slot_pack(point, counter, slot));
    TRY(write_all(file->points, slot, sizeof slot, counter % 2 * REDO_BLOCK));
    TRY(sync_file(file->points));
    file->counter = counter;
    return AM_OK;
}

static bool point_find(struct redo_file *file, struct redo_point *ret_point)
{
    bool found = false;
    for (uint64_t number = 0; number < 2; number++) {
        uint8_t slot[REDO_BLOCK];
        struct redo_point point;
        uint64_t counter;
        if (pread(file->points, slot, sizeof slot, (off_t)(number * REDO_BLOCK)) != (ssize_t)sizeof slot ||
            !slot_parse(slot, &point, &counter) || counter % 2 != number || (found && counter < file->counter))
            continue;
        file->counter = counter;
        *ret_point = point;
        found = true;
    }
    return found;
}

// --- The file
static enum am_err zeros_write(int fd, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[ZEROS];
    for (; from < to; from += ZEROS)
        TRY(write_all(fd, zeros, to - from < ZEROS ? to - from : ZEROS, from));
    return AM_OK;
}

enum am_err redo_file_create(const char *path, uint64_t ring)
{
    struct redo_file file = {.records = -1, .points = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    const struct redo_point point = {.number = 1};
    if (file.points < 0)
        return errno == EEXIST ? AM_EXISTS : table_error(errno);
    enum am_err err = zeros_write(file.points, 0, RING_AT + ring);
    if (err == AM_OK)
        err = redo_file_put_point(&file, &point);
    redo_file_close(&file);
    return err;
}

static enum am_err ring_measure(struct redo_file *file)
{
    struct stat stat;
    if (file->records < 0 || file->points < 0 || fstat(file->records, &stat) != 0)
        return AM_IO;
    if (stat.st_size <= (off_t)RING_AT || stat.st_size % REDO_BLOCK != 0)
        return AM_CORRUPT;
    file->ring = (uint64_t)stat.st_size - RING_AT;
    return AM_OK;
}

enum am_err redo_file_open(const char *path, struct redo_file *ret_file, struct redo_point *ret_point)
{
    struct redo_file file = {.records = open(path, O_RDWR | O_CLOEXEC)};
    if (file.records < 0)
        return errno == ENOENT ? AM_NOT_FOUND : AM_IO;
    file.points = open(path, O_RDWR | O_CLOEXEC);
    enum am_err err = ring_measure(&file);
    if (err == AM_OK && (!point_find(&file, ret_point) || ret_point->place >= file.ring))
        err = AM_CORRUPT;
    if (err == AM_OK)
        *ret_file = file;
    else
        redo_file_close(&file);
    return err;
}

void redo_file_close(struct redo_file *file)
{
    if (file->records >= 0)
        close(file->records);
    if (file->points >= 0)
        close(file->points);
    file->records = file->points = -1;
}

enum am_err redo_file_fill(struct redo_file *file)
{
    off_t end = (off_t)(RING_AT + file->ring);
    off_t hole = lseek(file->records, 0, SEEK_HOLE);
    return hole >= 0 && hole < end ? zeros_write(file->records, RING_AT, (uint64_t)end) : AM_OK;
}

// --- Records

static inline void lanes_mix(uint64_t lanes[LANES], const uint64_t words[LANES])
{
    for (size_t i = 0; i < LANES; i++) {
        lanes[i] = (lanes[i] ^ words[i]) * 0xff51afd7ed558ccdu;
        lanes[i] ^= lanes[i] >> 32;
    }
}

// Tells a record that is whole from one that a crash cut. Not against forgers, who may as well change the database.
static uint64_t digest_of(uint64_t number, const uint8_t *bytes, uint64_t len)
{
    uint64_t lanes[LANES] = {number, len}, words[LANES] = {0}, digest = 0, at = 0;
    for (; len - at >= sizeof words; at += sizeof words) {
        memcpy(words, bytes + at, sizeof words);
        lanes_mix(lanes, words);
    }
    memset(words, 0, sizeof words);
    memcpy(words, bytes + at, (size_t)(len - at));
    lanes_mix(lanes, words);
    for (size_t i = 0; i < LANES; i++)
        digest = (digest ^ lanes[i]) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

uint64_t redo_file_size(uint64_t len)
{
    return (len + REDO_BLOCK - 1) / REDO_BLOCK * REDO_BLOCK;
}

uint64_t redo_file_place(const struct redo_file *file, uint64_t place, uint64_t size)
{
    return place + size <= file->ring ? place : 0;
}

enum am_err redo_file_put(struct redo_file *file, uint64_t number, uint64_t place, struct redo_ops *ops)
{
    size_t changes = ops->len - REDO_HEAD;
    TRY(redo_ops_pad(ops, redo_file_size(ops->len)));
    uint8_t *at = row_put(ops->bytes, number, 8);
    at = row_put(at, changes, 8);
    at = row_put(at, digest_of(number, ops->bytes + REDO_HEAD, changes), 8);
    row_put(at, 0, 8);
    TRY(write_all(file->records, ops->bytes, ops->len, RING_AT + place));
    // A hint: an error stays with the file, for the sync to tell.
    (void)sync_file_range(file->records, (off_t)(RING_AT + place), (off_t)ops->len, SYNC_FILE_RANGE_WRITE);
    return AM_OK;
}

enum am_err redo_file_sync(struct redo_file *file)
{
    return sync_file(file->records);
}

enum am_err redo_file_void(struct redo_file *file, uint64_t place)
{
    static const uint8_t zeros[REDO_BLOCK];
    TRY(write_all(file->records, zeros, sizeof zeros, RING_AT + place));
    return sync_file(file->records);
}

static enum am_err get_at(const struct redo_file *file, uint64_t number, uint64_t place, uint8_t **ret_bytes,
                          size_t *ret_len)
{
    uint8_t head[REDO_HEAD];
    if (place + sizeof head > file->ring ||
        pread(file->records, head, sizeof head, (off_t)(RING_AT + place)) != REDO_HEAD)
        return AM_NOT_FOUND;
    uint64_t len = get_be64(head + 8);
    if (get_be64(head) != number || len > file->ring - place - REDO_HEAD)
        return AM_NOT_FOUND;
    uint8_t *bytes = malloc(len + 1);
    if (bytes == NULL)
        return AM_NOMEM;
    if (pread(file->records, bytes, len, (off_t)(RING_AT + place + REDO_HEAD)) != (ssize_t)len ||
        digest_of(number, bytes, len) != get_be64(head + 16)) {
        free(bytes);
        return AM_NOT_FOUND;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return AM_OK;
}

enum am_err redo_file_get(const struct redo_file *file, uint64_t number, uint64_t *place, uint8_t **ret_bytes,
                          size_t *ret_len)
{
    uint64_t at = *place;
    enum am_err err = get_at(file, number, at, ret_bytes, ret_len);
    if (err == AM_NOT_FOUND && at != 0)
        err = get_at(file, number, at = 0, ret_bytes, ret_len);
    TRY(err);
    *place = (at + redo_file_size(REDO_HEAD + *ret_len)) % file->ring;
    return AM_OK;
}
