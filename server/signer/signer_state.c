// SPDX-License-Identifier: Apache-2.0
// The record on disk and the start table.
#include "server/signer/signer_state.h"

#include "proto/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

// A slot: magic[8] · counter u64 BE · length u16 BE · packed range · zeros · SHA-256 of all before, at the end.
static const uint8_t MAGIC[8] = {'A', 'M', 'S', 'I', 'G', 'N', '0', '1'};
#define SLOT_RANGE  18u
#define SLOT_DIGEST (SIGNER_SLOT_SIZE - LOG_HASH_SIZE)

static enum am_err put_slot(uint8_t slot[SIGNER_SLOT_SIZE], uint64_t counter, const struct merkle_range *range)
{
    memset(slot, 0, SIGNER_SLOT_SIZE);
    memcpy(slot, MAGIC, sizeof MAGIC);
    for (int i = 0; i < 8; i++)
        slot[8 + i] = (uint8_t)(counter >> (56 - 8 * i));
    size_t len = merkle_range_pack(range, slot + SLOT_RANGE);
    slot[16] = (uint8_t)(len >> 8);
    slot[17] = (uint8_t)len;
    return log_sha256((struct am_bytes){slot, SLOT_DIGEST}, slot + SLOT_DIGEST);
}

// `number`: where it stands, which its counter must fit: the next write may not go over the only good one.
static bool get_slot(const uint8_t slot[SIGNER_SLOT_SIZE], unsigned number, uint64_t *ret_counter,
                     struct merkle_range *ret_range)
{
    uint8_t digest[LOG_HASH_SIZE];
    uint64_t counter = 0;
    size_t len = (size_t)slot[16] << 8 | slot[17];
    for (int i = 0; i < 8; i++)
        counter = counter << 8 | slot[8 + i];
    if (memcmp(slot, MAGIC, sizeof MAGIC) != 0 || counter % 2 != number || len > MERKLE_RANGE_MAX ||
        log_sha256((struct am_bytes){slot, SLOT_DIGEST}, digest) != AM_OK ||
        memcmp(digest, slot + SLOT_DIGEST, sizeof digest) != 0 ||
        merkle_range_parse((struct am_bytes){slot + SLOT_RANGE, len}, ret_range) != AM_OK)
        return false;
    *ret_counter = counter;
    return true;
}

enum am_err signer_state_create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? AM_EXISTS : AM_IO;
    struct signer_state state = {.fd = fd};
    merkle_range_init(&state.range);
    // Room for both slots now: later writes need none.
    enum am_err err = posix_fallocate(fd, 0, 2 * (off_t)SIGNER_SLOT_SIZE) == 0 ? AM_OK : AM_FULL;
    if (err == AM_OK)
        err = signer_state_write(&state, &state.range);
    if (err == AM_OK)
        err = signer_state_sync(&state);
    close(fd);
    if (err != AM_OK)
        unlink(path);
    return err;
}

static void wake(int number)
{
}

// Waits for another signer's end, which the kernel tells by giving the lock; a timer ends the wait.
static bool lock_waiting(int fd)
{
    const struct itimerval every_second = {{1, 0}, {1, 0}}, none = {{0, 0}, {0, 0}};
    struct sigaction interrupt = {.sa_handler = wake}, before; // no SA_RESTART
    bool locked = false;
    sigaction(SIGALRM, &interrupt, &before);
    setitimer(ITIMER_REAL, &every_second, NULL);
    for (int i = 0; i < SIGNER_LOCK_WAIT && !locked; i++)
        locked = flock(fd, LOCK_EX) == 0;
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &before, NULL);
    return locked;
}

static bool find_best(struct signer_state *state)
{
    bool found = false;
    for (unsigned number = 0; number < 2; number++) {
        uint8_t slot[SIGNER_SLOT_SIZE];
        struct merkle_range range;
        uint64_t counter;
        if (pread(state->fd, slot, sizeof slot, (off_t)number * SIGNER_SLOT_SIZE) != (ssize_t)sizeof slot ||
            !get_slot(slot, number, &counter, &range) || (found && counter <= state->counter))
            continue;
        state->counter = counter;
        state->range = range;
        found = true;
    }
    return found;
}

static enum am_err slot_write(const struct signer_state *state, uint64_t counter, const struct merkle_range *range)
{
    uint8_t slot[SIGNER_SLOT_SIZE];
    TRY(put_slot(slot, counter, range));
    errno = 0;
    if (pwrite(state->fd, slot, sizeof slot, (off_t)(counter % 2) * SIGNER_SLOT_SIZE) != (ssize_t)sizeof slot)
        return errno == ENOSPC || errno == EDQUOT ? AM_FULL : AM_IO;
    return AM_OK;
}

// What a crash of processes left, or a sync that failed, may be in the system's memory alone; after the latter it
// counts as clean there. So it is written once more, where it stands.
static enum am_err keep(struct signer_state *state)
{
    TRY(slot_write(state, state->counter, &state->range));
    return signer_state_sync(state);
}

enum am_err signer_state_open(const char *path, enum signer_access access, struct signer_state *ret_state)
{
    struct signer_state state = {.fd = open(path, (access == SIGNER_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC)};
    enum am_err err = AM_OK;
    if (state.fd < 0)
        return errno == ENOENT ? AM_NOT_FOUND : AM_IO;
    if (access == SIGNER_WRITE && flock(state.fd, LOCK_EX | LOCK_NB) != 0 && !lock_waiting(state.fd))
        err = AM_BUSY;
    if (err == AM_OK && !find_best(&state))
        err = AM_NOT_FOUND;
    if (err == AM_OK && access == SIGNER_WRITE)
        err = keep(&state);
    if (err == AM_OK)
        *ret_state = state;
    else
        close(state.fd);
    return err;
}

void signer_state_close(struct signer_state *state)
{
    if (state->fd >= 0)
        close(state->fd);
    state->fd = -1;
}

enum am_err signer_state_write(struct signer_state *state, const struct merkle_range *range)
{
    if (FAILPOINT_ERROR("signer-record-full"))
        return AM_FULL;
    TRY(slot_write(state, state->counter + 1, range));
    state->counter++;
    state->range = *range;
    return AM_OK;
}

enum am_err signer_state_sync(struct signer_state *state)
{
    return !FAILPOINT_ERROR("signer-record-sync") && fdatasync(state->fd) == 0 ? AM_OK : AM_IO;
}

enum signer_judgement signer_judge(const struct signer_state *record, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                                   const struct merkle_range *extended)
{
    uint8_t own[LOG_HASH_SIZE];
    if (record == NULL)
        return SIGNER_NO_RECORD;
    if (size < record->range.size)
        return SIGNER_ROLLED_BACK;
    const struct merkle_range *range = size == record->range.size ? &record->range : extended;
    if (range->size != size || merkle_range_root(range, own) != AM_OK || memcmp(own, root, sizeof own) != 0)
        return SIGNER_EDITED;
    return size == record->range.size ? SIGNER_SAME : SIGNER_EXTENDED;
}

const char *signer_judgement_text(enum signer_judgement judgement)
{
    static const char *const TEXTS[SIGNER_JUDGEMENTS] = {
        [SIGNER_SAME] = "the log is the one that was signed",
        [SIGNER_EXTENDED] = "the log has entries that were not signed yet: signed now",
        [SIGNER_ROLLED_BACK] =
            "the log is older than what the signer has signed: it was rolled back or restored. Put the "
            "newer data folder back; to go on from a backup, begin a new origin",
        [SIGNER_EDITED] =
            "the log is not the one that the signer has signed: it was edited. Run `amanad fsck`, keep the "
            "folder as evidence, put an unchanged copy back",
        [SIGNER_NO_RECORD] =
            "there is no record of what was signed, but the log is not empty: only `amanad init` makes "
            "the first record. Put the signer's folder back",
    };
    return (unsigned)judgement < SIGNER_JUDGEMENTS ? TEXTS[judgement] : "unknown";
}
