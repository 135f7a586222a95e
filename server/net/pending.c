// SPDX-License-Identifier: Apache-2.0
// ACCESS entries while the log may not append. The file: for each entry its length (4 bytes, big-endian) and content.
#include "server/net/pending.h"

#include "amana/v1/audit.pb-c.h"
#include "certs/keyfile.h"
#include "proto/failpoint.h"
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

// The content of an ACCESS entry with the time of the reading: the entry itself will have a later one.
static enum am_err content_date(struct am_bytes content, struct arena *arena, uint64_t read_at,
                                struct am_bytes *ret_dated)
{
    Amana__V1__EntryContent *entry;

    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, content, arena, NULL,
                     (ProtobufCMessage **)&entry));
    entry->access->read_at = read_at;
    return codec_encode(&entry->base, arena, ret_dated);
}

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

    struct arena AM_CLEANUP(arena_clear) arena;
    struct am_bytes dated;

    arena_init(&arena, ARENA_FOR(pending->content.len));
    pending->err = content_date(pending->content, &arena, pending->read_at, &dated);
    if (pending->err != AM_OK)
        return;
    pthread_mutex_lock(&file_lock);
    pending->err = pending_append(pending->path, dated);
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
#define PENDING_OPEN 256u // handed to the keeper at once: what clients ask for finds room beside it

struct pending_entry {
    struct am_bytes content; // in `file`
    bool logged;             // since a start before this one
    UT_hash_handle hh;
};

struct pending {
    struct am_bytes file;
    struct pending_entry *entries, *unlogged; // as they stand in the file; a table of them by content
    size_t count, next, open;
    bool failed;
};

void pending_free(struct pending *pending)
{
    if (pending == NULL)
        return;
    HASH_CLEAR(hh, pending->unlogged);
    free(pending->entries);
    free((void *)pending->file.data);
    free(pending);
}

static void pending_end(struct net *net)
{
    FAILPOINT("pending-before-unlink");
    if (net->pending->failed)
        report(REPORT_ERROR, "pending", "file=%s do=\"kept: it is tried again at the next start\"",
               net->options.pending);
    else if (unlink(net->options.pending) != 0)
        report(REPORT_ERROR, "pending", "file=%s reason=\"%s\"", net->options.pending, strerror(errno));
    else
        report(REPORT_NOTICE, "pending",
               "entries=%zu text=\"the accesses of the time without appending are in the log\"", net->pending->count);
    pending_free(net->pending);
    net->pending = NULL;
}

static void pending_next(struct net *net);

static void pending_took(struct net *net, enum journal_result result)
{
    FAILPOINT("pending-took");
    net->pending->failed |= result != JOURNAL_DONE;
    net->pending->open--;
    pending_next(net);
}

// Hands over as many as may be under way. After a failure nothing more: they stay in their order.
static void pending_next(struct net *net)
{
    struct pending *pending = net->pending;

    while (!pending->failed && pending->next < pending->count && pending->open < PENDING_OPEN) {
        const struct pending_entry *entry = &pending->entries[pending->next++];
        if (entry->logged)
            continue;
        pending->open++;
        if (engine_append_own(net, AMANA__V1__ENTRY_KIND__CODE__ACCESS, entry->content, pending_took) == AM_OK)
            continue;
        pending->open--;
        pending->failed = true;
    }
    if (pending->open == 0)
        pending_end(net);
}

// The content at *at, which moves behind it. False: the file ends, perhaps within one that was being written.
static bool content_next(struct am_bytes file, size_t *at, struct am_bytes *ret_content)
{
    uint32_t len;

    if (file.len - *at <= sizeof len)
        return false;
    memcpy(&len, file.data + *at, sizeof len);
    len = be32toh(len);
    if (len > file.len - *at - sizeof len)
        return false;
    *ret_content = (struct am_bytes){file.data + *at + sizeof len, len};
    *at += sizeof len + len;
    return true;
}

static enum am_err pending_split(struct pending *pending)
{
    struct am_bytes content;
    size_t room = 0;

    for (size_t at = 0; content_next(pending->file, &at, &content);)
        room++;
    pending->entries = calloc(room + 1, sizeof *pending->entries);
    if (pending->entries == NULL)
        return AM_NOMEM;
    for (size_t at = 0; content_next(pending->file, &at, &content);) {
        struct pending_entry *entry = &pending->entries[pending->count], *twin;
        entry->content = content;
        HASH_FIND(hh, pending->unlogged, content.data, content.len, twin);
        if (twin != NULL)
            continue;
        HASH_ADD_KEYPTR(hh, pending->unlogged, entry->content.data, entry->content.len, entry);
        pending->count++;
    }
    return AM_OK;
}

// A start before this one may have ended between the log and the file. Each content has its time, so no two are alike.
static enum am_err pending_compare(struct pending *pending, struct store_view *view)
{
    uint8_t kind = AMANA__V1__ENTRY_KIND__CODE__ACCESS;

    for (uint64_t seq = 0;; seq++) {
        struct pending_entry *entry;
        struct store_entry kept;
        enum am_err err = store_index_next(view, STORE_INDEX_KIND, (struct am_bytes){&kind, 1}, &seq);
        if (err == AM_NOT_FOUND)
            return AM_OK;
        TRY(err);
        TRY(store_entry(view, seq, &kept));
        HASH_FIND(hh, pending->unlogged, kept.content.data, kept.content.len, entry);
        if (entry == NULL)
            continue;
        entry->logged = true;
        HASH_DEL(pending->unlogged, entry);
    }
}

static enum am_err pending_read(struct net *net, struct am_detail *detail)
{
    struct pending *pending = net->pending;
    struct store_view *view;
    enum am_err err;

    TRY(certs_read_file(net->options.pending, PENDING_FILE, detail, &pending->file));
    TRY(pending_split(pending));
    TRY(store_view_begin(net->store, &view));
    err = pending_compare(pending, view);
    store_view_end(view);
    return err;
}

enum am_err net_pending_take(struct net *net, struct am_detail *detail)
{
    enum am_err err;

    net->pending = calloc(1, sizeof *net->pending);
    if (net->pending == NULL)
        return AM_NOMEM;
    err = pending_read(net, detail);
    if (err == AM_OK) {
        pending_next(net);
        return AM_OK;
    }
    pending_free(net->pending);
    net->pending = NULL;
    return err == AM_NOT_FOUND ? AM_OK : err;
}
