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

static const uint8_t MAGIC[8] = {'A', 'M', 'R', 'E', 'D', 'O', '0', '3'};

static enum am_err written_all(ssize_t written, uint64_t len)
{
    if (written < 0)
        return table_error(errno);
    return (uint64_t)written == len ? AM_OK : AM_FULL; // a full disk cuts short
}

static enum am_err write_all(int fd, const uint8_t *bytes, uint64_t len, uint64_t at)
{
    return written_all(pwrite(fd, bytes, len, (off_t)at), len);
}

static enum am_err sync_file(int fd)
{
    return fdatasync(fd) == 0 ? AM_OK : AM_IO;
}

// --- Points
static enum am_err slot_pack(const struct redo_file *file, const struct redo_point *point, uint64_t counter,
                             uint8_t slot[REDO_BLOCK])
{
    memset(slot, 0, REDO_BLOCK);
    uint8_t *at = row_put_bytes(slot, (struct am_bytes){MAGIC, sizeof MAGIC});
    at = row_put(at, file->ring, 8);
    at = row_put(at, counter, 8);
    at = row_put(at, point->number, 8);
    at = row_put(at, point->place, 8);
    at = row_put(at, point->page_size, 4);
    at = row_put(at, point->left, 1);
    at = row_put_bytes(at, (struct am_bytes){point->meta, REDO_META});
    row_put_bytes(at, (struct am_bytes){point->key, REDO_KEY});
    return log_sha256((struct am_bytes){slot, SLOT_DIGEST}, slot + SLOT_DIGEST);
}

static bool slot_parse(const uint8_t slot[REDO_BLOCK], struct redo_point *ret_point, uint64_t *ret_ring,
                       uint64_t *ret_counter)
{
    struct row_reader row = {slot, SLOT_DIGEST, false};
    if (memcmp(row_take(&row, sizeof MAGIC).data, MAGIC, sizeof MAGIC) != 0 ||
        !log_sha256_is((struct am_bytes){slot, SLOT_DIGEST}, (struct am_bytes){slot + SLOT_DIGEST, LOG_HASH_SIZE}))
        return false;
    *ret_ring = row_number(&row, 8);
    *ret_counter = row_number(&row, 8);
    ret_point->number = row_number(&row, 8);
    ret_point->place = row_number(&row, 8);
    ret_point->page_size = (uint32_t)row_number(&row, 4);
    ret_point->left = row_number(&row, 1) != 0;
    memcpy(ret_point->meta, row_take(&row, REDO_META).data, REDO_META);
    memcpy(ret_point->key, row_take(&row, REDO_KEY).data, REDO_KEY);
    return true;
}

static enum am_err slot_put(const struct redo_file *file, const struct redo_point *point, uint64_t counter)
{
    uint8_t slot[REDO_BLOCK];
    TRY(slot_pack(file, point, counter, slot));
    TRY(write_all(file->points, slot, sizeof slot, counter % 2 * REDO_BLOCK));
    return sync_file(file->points);
}

enum am_err redo_file_put_point(struct redo_file *file, const struct redo_point *point)
{
    TRY(slot_put(file, point, file->counter + 1));
    file->counter++;
    return AM_OK;
}

enum am_err redo_file_keep_point(struct redo_file *file, const struct redo_point *point)
{
    return slot_put(file, point, file->counter);
}

static bool point_find(struct redo_file *file, struct redo_point *ret_point)
{
    bool found = false;
    for (uint64_t number = 0; number < 2; number++) {
        uint8_t slot[REDO_BLOCK];
        struct redo_point point;
        uint64_t ring, counter;
        if (pread(file->points, slot, sizeof slot, (off_t)(number * REDO_BLOCK)) != (ssize_t)sizeof slot ||
            !slot_parse(slot, &point, &ring, &counter) || counter % 2 != number || (found && counter < file->counter))
            continue;
        file->counter = counter;
        file->ring = ring;
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
    struct redo_file file = {
        .records = -1, .points = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), .ring = ring};
    const struct redo_point point = {.number = 1};
    if (file.points < 0)
        return errno == EEXIST ? AM_EXISTS : table_error(errno);
    enum am_err err = zeros_write(file.points, 0, RING_AT + ring);
    if (err == AM_OK)
        err = redo_file_put_point(&file, &point);
    redo_file_close(&file);
    return err;
}

// Records beyond the end of a file that was cut would pass for such as were never written.
static enum am_err size_check(const struct redo_file *file, const char *path, struct am_detail *detail)
{
    struct stat stat;
    uint64_t size = RING_AT + file->ring;
    if (fstat(file->records, &stat) != 0)
        return am_fail(AM_IO, detail, path, "%s", strerror(errno));
    return (uint64_t)stat.st_size == size
               ? AM_OK
               : am_fail(AM_CORRUPT, detail, path,
                         "it has %llu bytes and was made with %llu: put the whole file back, "
                         "what was written last may be in it alone",
                         (unsigned long long)stat.st_size, (unsigned long long)size);
}

static enum am_err file_load(struct redo_file *file, const char *path, struct am_detail *detail,
                             struct redo_point *ret_point)
{
    if (!point_find(file, ret_point))
        return am_fail(AM_CORRUPT, detail, path, "it is damaged, neither of its points can be read: put it back");
    TRY(size_check(file, path, detail));
    return ret_point->place < file->ring ? AM_OK
                                         : am_fail(AM_CORRUPT, detail, path, "its point leads out of it: put it back");
}

enum am_err redo_file_open(const char *path, bool write, struct am_detail *detail, struct redo_file *ret_file,
                           struct redo_point *ret_point)
{
    int how = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
    struct redo_file file = {.records = open(path, how)};
    if (file.records < 0)
        return am_fail(errno == ENOENT ? AM_NOT_FOUND : AM_IO, detail, path, "%s", strerror(errno));
    file.points = open(path, how);
    enum am_err err = file.points >= 0 ? file_load(&file, path, detail, ret_point)
                                       : am_fail(AM_IO, detail, path, "%s", strerror(errno));
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

struct head {
    uint64_t number, len, held;
};

// Tells a record that is whole from one that a crash cut, and from bytes of a sender's, who doesn't know the key: each
// step is one to one in its lane, so the digest is any of 2^64 to them.
static uint64_t digest_of(const uint8_t key[REDO_KEY], const struct head *head, const uint8_t *bytes)
{
    uint64_t lanes[LANES], words[LANES] = {0}, digest = 0, at = 0, len = head->len;
    for (size_t i = 0; i < LANES; i++)
        lanes[i] = get_be64(key + 8 * i);
    lanes[0] ^= head->number;
    lanes[1] ^= len;
    lanes[2] ^= head->held;
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

enum am_err redo_file_put(struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number, uint64_t place,
                          uint64_t held, struct redo_ops *ops)
{
    const struct head head = {number, ops->len - REDO_HEAD, held};
    TRY(redo_ops_pad(ops, redo_file_size(ops->len)));
    uint8_t *at = row_put(ops->bytes, number, 8);
    at = row_put(at, head.len, 8);
    at = row_put(at, digest_of(key, &head, ops->bytes + REDO_HEAD), 8);
    row_put(at, held, 8);
    ssize_t written = pwrite(file->records, ops->bytes, ops->len, (off_t)(RING_AT + place));
    // Of one that was cut, only zeros may be missing, and it would pass for whole.
    if (written > 0 && (uint64_t)written < ops->len && redo_file_void(file, place) != AM_OK)
        return AM_IO;
    TRY(written_all(written, ops->len));
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

// Some bytes of the ring. AM_NOT_FOUND where they lie beyond it.
static enum am_err ring_read(const struct redo_file *file, uint64_t place, uint8_t *bytes, uint64_t len)
{
    if (place > file->ring || len > file->ring - place)
        return AM_NOT_FOUND;
    return pread(file->records, bytes, len, (off_t)(RING_AT + place)) == (ssize_t)len ? AM_OK : AM_IO;
}

static enum am_err head_at(const struct redo_file *file, uint64_t place, struct head *ret_head, uint64_t *ret_digest)
{
    uint8_t head[REDO_HEAD];
    TRY(ring_read(file, place, head, sizeof head));
    *ret_head = (struct head){get_be64(head), get_be64(head + 8), get_be64(head + 24)};
    *ret_digest = get_be64(head + 16);
    return AM_OK;
}

static enum am_err get_at(const struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number, uint64_t place,
                          uint8_t **ret_bytes, size_t *ret_len)
{
    struct head head;
    uint64_t digest;
    TRY(head_at(file, place, &head, &digest));
    if (head.number != number || head.len > file->ring - place - REDO_HEAD)
        return AM_NOT_FOUND;
    uint8_t *bytes = malloc(head.len + 1);
    if (bytes == NULL)
        return AM_NOMEM;
    enum am_err err = ring_read(file, place + REDO_HEAD, bytes, head.len);
    if (err == AM_OK && digest_of(key, &head, bytes) != digest)
        err = AM_NOT_FOUND;
    // Its changes are to pages that the newer point had let go.
    if (err == AM_OK && head.held > file->counter)
        err = AM_CORRUPT;
    if (err != AM_OK) {
        free(bytes);
        return err;
    }
    *ret_bytes = bytes;
    *ret_len = head.len;
    return AM_OK;
}

// Each is synced before the next begins: what a crash cut is the last one, and none behind it is whole.
static enum am_err none_behind(const struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number)
{
    for (uint64_t place = 0; place < file->ring; place += REDO_BLOCK) {
        struct head head;
        uint64_t digest;
        uint8_t *bytes;
        size_t len;
        TRY(head_at(file, place, &head, &digest));
        if (head.number <= number || head.number - number > file->ring / REDO_BLOCK)
            continue;
        enum am_err err = get_at(file, key, head.number, place, &bytes, &len);
        if (err == AM_NOT_FOUND)
            continue;
        if (err == AM_OK)
            free(bytes);
        return err == AM_OK ? AM_CORRUPT : err;
    }
    return AM_NOT_FOUND;
}

enum am_err redo_file_get(const struct redo_file *file, const uint8_t key[REDO_KEY], uint64_t number, uint64_t *place,
                          uint8_t **ret_bytes, size_t *ret_len)
{
    uint64_t at = *place;
    enum am_err err = get_at(file, key, number, at, ret_bytes, ret_len);
    if (err == AM_NOT_FOUND && at != 0)
        err = get_at(file, key, number, at = 0, ret_bytes, ret_len);
    if (err == AM_NOT_FOUND)
        err = none_behind(file, key, number);
    TRY(err);
    *place = (at + redo_file_size(REDO_HEAD + *ret_len)) % file->ring;
    return AM_OK;
}
