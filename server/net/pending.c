// SPDX-License-Identifier: Apache-2.0
// ACCESS entries while the log may not append. The file: for each entry its length (4 bytes, big-endian) and content.
#include "server/net/pending.h"

#include "amana/v1/audit.pb-c.h"
#include "certs/keyfile.h"
#include "server/net/internal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PENDING_FILE (64u * 1024 * 1024) // bytes at most, so that a hub left read-only doesn't fill the disk

static pthread_mutex_t file_lock = PTHREAD_MUTEX_INITIALIZER;

static enum am_err pending_append(const char *path, struct am_bytes content)
{
    uint32_t len = htobe32((uint32_t)content.len);
    struct iovec parts[] = {{&len, sizeof len}, {(void *)content.data, content.len}};
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    enum am_err err = AM_IO;

    if (end >= 0 && (size_t)end + content.len < PENDING_FILE) {
        if (writev(fd, parts, 2) == (ssize_t)(sizeof len + content.len) && fsync(fd) == 0)
            err = AM_OK;
        else if (ftruncate(fd, end) != 0)
            err = AM_IO; // half an entry at the end is left out when the file is read
    }
    if (fd >= 0)
        close(fd);
    return err;
}

static void pending_run(struct job *job, struct worker *worker)
{
    struct pending_job *pending = (struct pending_job *)((char *)job - offsetof(struct pending_job, job));

    pthread_mutex_lock(&file_lock);
    pending->err = pending_append(pending->path, pending->content);
    pthread_mutex_unlock(&file_lock);
}

static void pending_done(struct job *job)
{
    struct pending_job *pending = (struct pending_job *)((char *)job - offsetof(struct pending_job, job));

    pending->written(pending, pending->err);
}

void pending_push(struct workers *workers, struct pending_job *job)
{
    job->job = (struct job){.run = pending_run, .done = pending_done};
    workers_push(workers, &job->job);
}

// --- And into the log again
static void pending_took(struct net *net, enum journal_result result)
{
    net->pending_failed |= result != JOURNAL_DONE;
    if (--net->pending_open > 0)
        return;
    if (net->pending_failed)
        report(REPORT_ERROR, "pending", "file=%s do=\"kept: it is tried again at the next start\"",
               net->options.pending);
    else if (unlink(net->options.pending) != 0)
        report(REPORT_ERROR, "pending", "file=%s reason=\"%s\"", net->options.pending, strerror(errno));
    else
        report(REPORT_NOTICE, "pending", "the accesses of the time without appending are in the log");
}

static enum am_err pending_submit(struct net *net, struct am_bytes content)
{
    net->pending_open++;
    enum am_err err = engine_append_own(net, AMANA__V1__ENTRY_KIND__CODE__ACCESS, content, pending_took);
    if (err != AM_OK) {
        net->pending_open--;
        net->pending_failed = true;
    }
    return err;
}

enum am_err net_pending_take(struct net *net, struct am_detail *detail)
{
    size_t at = 0;

    if (access(net->options.pending, F_OK) != 0 && errno == ENOENT)
        return AM_OK;
    TRY(certs_read_file(net->options.pending, PENDING_FILE, detail, &net->pending));
    while (net->pending.len - at > 4) {
        uint32_t len;
        memcpy(&len, net->pending.data + at, 4);
        len = be32toh(len);
        if (len > net->pending.len - at - 4)
            break;
        TRY(pending_submit(net, (struct am_bytes){net->pending.data + at + 4, len}));
        at += 4 + (size_t)len;
    }
    return AM_OK;
}
