// SPDX-License-Identifier: Apache-2.0
// A record lock on a file beside the store, and inotify on both: whoever waits is woken by what happens.
#include "client/session/turn.h"

#include "certs/clock.h"
#include "client/session/link.h"
#include "proto/failpoint.h"
#include "proto/model/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define BACKOFF_FIRST_NS (500ull * 1000000)
#define BACKOFF_LAST_NS  (60ull * NS_PER_S)
#define DOUBLINGS        7u

// The lock is let go before its file is closed (fcntl's is, flock's isn't), so who is woken by that can have it.
static int watch_open(const char *lock, const char *folder)
{
    char data[PATH_MAX];
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return -1;
    snprintf(data, sizeof data, "%.4000s/data.mdb", folder);
    if (inotify_add_watch(fd, lock, IN_CLOSE_WRITE) >= 0 && inotify_add_watch(fd, data, IN_MODIFY) >= 0)
        return fd;
    close(fd);
    return -1;
}

enum am_err turn_open(const char *folder, struct am_detail *detail, struct turn *ret_turn)
{
    char path[PATH_MAX];
    struct turn turn;
    snprintf(path, sizeof path, "%.4000s/turn", folder);
    turn.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (turn.lock < 0)
        return am_fail(AM_IO, detail, path, "can't be opened: %s", strerror(errno));
    turn.watch = watch_open(path, folder);
    *ret_turn = turn;
    return AM_OK;
}

void turn_close(struct turn *turn)
{
    if (turn->watch >= 0)
        close(turn->watch);
    close(turn->lock);
}

// Who follows has the whole of the file, who takes it once the first byte: the second byte says which.
bool turn_take(struct turn *turn)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(turn->lock, F_SETLK, &whole) == 0;
}

bool turn_take_once(struct turn *turn)
{
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    return fcntl(turn->lock, F_SETLK, &first) == 0;
}

bool turn_followed(const struct turn *turn)
{
    struct flock second = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
    return fcntl(turn->lock, F_GETLK, &second) == 0 && second.l_type != F_UNLCK;
}

// To close any opening of the file lets go of the process's lock (POSIX), and wakes whoever watches it.
void turn_give(struct turn *turn)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    char path[64];
    (void)fcntl(turn->lock, F_SETLK, &whole);
    snprintf(path, sizeof path, "/proc/self/fd/%d", turn->lock);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

void turn_wait(struct turn *turn, uint64_t ns, const bool *interrupted)
{
    char events[4096];
    FAILPOINT_HOLD("turn-wait");
    link_pause(turn->watch, ns, interrupted);
    while (turn->watch >= 0 && read(turn->watch, events, sizeof events) > 0)
        continue;
}

static uint64_t longest(unsigned attempt)
{
    uint64_t most = BACKOFF_FIRST_NS << (attempt < DOUBLINGS ? attempt : DOUBLINGS);
    return most < BACKOFF_LAST_NS ? most : BACKOFF_LAST_NS;
}

uint64_t backoff_next(struct backoff *backoff, uint64_t lasted, uint64_t random)
{
    if (backoff->attempt > 0 && lasted >= 4 * longest(backoff->attempt - 1))
        backoff->attempt = 0;
    uint64_t most = longest(backoff->attempt);
    backoff->attempt += backoff->attempt < DOUBLINGS;
    return most / 2 + random % (most / 2 + 1);
}
