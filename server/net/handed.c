// SPDX-License-Identifier: Apache-2.0
// Which messages a device was given and has not signed for. The file: a line for each, "SEQ DIGEST URI"; one that has
// been signed for has no mailbox row any more, and goes when the file is written anew.
#include "server/net/handed.h"

#include "certs/keyfile.h"
#include "proto/failpoint.h"
#include "server/net/internal.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDED_SPARE (1u << 20)   // bytes of what has been signed for, before it is written anew
#define HANDED_PART  (64u * 1024) // … that are written at once, however large it is
#define HANDED_LINE  (20 + 1 + 2 * HANDED_DIGEST + 1 + LIMIT_URI + 1 + 1)

struct text {
    char *bytes;
    size_t len, room;
};

struct handed {
    struct net *net;
    struct text noted; // since the job under way was begun
    bool busy, failed;
    // The job's own.
    struct job job;
    struct text lines;
    size_t size, live; // of the file; and when it was last written anew
    bool torn;         // it may end within a line
    enum am_err err;
};

static enum am_err text_put(struct text *text, const char *line)
{
    size_t len = strlen(line);

    if (text->len + len > text->room) {
        size_t room = text->room * 2 + len + 4096;
        char *bytes = realloc(text->bytes, room);
        if (bytes == NULL)
            return AM_NOMEM;
        text->bytes = bytes;
        text->room = room;
    }
    memcpy(text->bytes + text->len, line, len);
    text->len += len;
    return AM_OK;
}

static void line_of(const char *uri, const struct handed_row *row, char ret_line[HANDED_LINE])
{
    int at = snprintf(ret_line, HANDED_LINE, "%" PRIu64 " ", row->seq);

    for (size_t i = 0; i < HANDED_DIGEST; i++)
        at += snprintf(ret_line + at, HANDED_LINE - (size_t)at, "%02x", row->digest[i]);
    snprintf(ret_line + at, HANDED_LINE - (size_t)at, " %s\n", uri);
}

// --- Reading
struct handed_line {
    struct handed_row row;
    char uri[LIMIT_URI + 1];
};

static bool line_parse(const char *line, size_t len, struct handed_line *ret_line)
{
    char again[HANDED_LINE], hex[2 * HANDED_DIGEST + 1];

    *ret_line = (struct handed_line){0};
    if (sscanf(line, "%" SCNu64 " %16[0-9a-f] %160s", &ret_line->row.seq, hex, ret_line->uri) != 3)
        return false;
    for (size_t i = 0; i < HANDED_DIGEST; i++)
        if (sscanf(hex + 2 * i, "%2hhx", &ret_line->row.digest[i]) != 1)
            return false;
    line_of(ret_line->uri, &ret_line->row, again); // nothing else, and whole
    return strncmp(again, line, len) == 0 && again[len] == '\n';
}

// Its row is still in the mailbox, and it is that very message.
static enum am_err line_stands(struct store_view *view, const struct handed_line *line, bool *ret_stands)
{
    struct store_pointer message;
    uint8_t urgency, kind;

    *ret_stands = false;
    enum am_err err = store_mail_find(view, line->uri, line->row.seq, &urgency, &kind);
    if (err == AM_OK)
        err = store_pointer_of(view, line->row.seq, &message);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    *ret_stands = memcmp(message.digest, line->row.digest, HANDED_DIGEST) == 0;
    return AM_OK;
}

typedef enum am_err line_visit(void *user, const struct handed_line *line);

// The next line without its end; one that is longer than any is cut. False where the file ends before the line does:
// it was cut short when the hub was.
static bool line_read(FILE *file, char ret_text[HANDED_LINE], size_t *ret_len)
{
    size_t len = 0;

    for (int c = getc_unlocked(file); c != '\n'; c = getc_unlocked(file)) {
        if (c == EOF)
            return false;
        if (len < HANDED_LINE - 1)
            ret_text[len++] = (char)c;
    }
    ret_text[len] = '\0';
    *ret_len = len;
    return true;
}

// Calls `visit` with each line that still stands; and of the hub that serves, with what is newer than the view.
static enum am_err lines_walk(FILE *file, struct store_view *view, bool serves, line_visit *visit, void *user)
{
    char text[HANDED_LINE];
    size_t len;

    while (line_read(file, text, &len)) {
        struct handed_line line;
        bool stands;
        if (!line_parse(text, len, &line))
            continue;
        TRY(line_stands(view, &line, &stands));
        if (stands || (serves && line.row.seq >= store_view_size(view)))
            TRY(visit(user, &line));
    }
    return ferror(file) != 0 ? AM_IO : AM_OK;
}

static enum am_err file_walk(const char *path, struct store_view *view, bool serves, line_visit *visit, void *user)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return errno == ENOENT ? AM_OK : AM_IO;
    enum am_err err = lines_walk(file, view, serves, visit, user);
    fclose(file);
    return err;
}

// --- Writing
struct anew {
    struct certs_replacing file;
    struct text part;
    size_t size;
};

static enum am_err part_write(struct anew *anew)
{
    size_t len = anew->part.len;

    anew->size += len;
    anew->part.len = 0;
    return certs_replace_put(&anew->file, (struct am_bytes){(const uint8_t *)anew->part.bytes, len}, NULL);
}

static enum am_err line_keep(void *user, const struct handed_line *line)
{
    struct anew *anew = user;
    char text[HANDED_LINE];

    line_of(line->uri, &line->row, text);
    TRY(text_put(&anew->part, text));
    return anew->part.len < HANDED_PART ? AM_OK : part_write(anew);
}

static enum am_err write_anew(struct handed *handed, struct store_view *view, bool serves)
{
    const char *path = handed->net->options.handed;
    struct anew anew = {.size = 0};

    TRY(certs_replace_begin(path, 0600, NULL, &anew.file));
    enum am_err err = file_walk(path, view, serves, line_keep, &anew);
    if (err == AM_OK)
        err = part_write(&anew);
    err = certs_replace_end(&anew.file, err, NULL);
    if (err == AM_OK)
        handed->size = handed->live = anew.size;
    free(anew.part.bytes);
    return err;
}

static enum am_err lines_append(struct handed *handed)
{
    int fd = open(handed->net->options.handed, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ended = fd >= 0 && (!handed->torn || write(fd, "\n", 1) == 1);
    size_t len = FAILPOINT_ERROR("handed-torn") ? handed->lines.len / 2 : handed->lines.len;
    bool whole = ended && write(fd, handed->lines.bytes, len) == (ssize_t)handed->lines.len;

    if (fd >= 0)
        close(fd);
    handed->torn = !whole;
    handed->size += handed->lines.len;
    return whole ? AM_OK : AM_IO;
}

static void handed_run(struct job *job, struct worker *worker)
{
    struct handed *handed = (struct handed *)((char *)job - offsetof(struct handed, job));

    handed->err = lines_append(handed);
    FAILPOINT("handed-noted");
    bool much = handed->size > 2 * handed->live + HANDED_SPARE || FAILPOINT_ERROR("handed-anew");
    if (handed->err == AM_OK && much)
        handed->err = write_anew(handed, worker->view, true);
}

static void handed_go(struct handed *handed);

static void handed_done(struct job *job)
{
    struct handed *handed = (struct handed *)((char *)job - offsetof(struct handed, job));

    if (handed->err != AM_OK && !handed->failed)
        report(
            REPORT_ERROR, "handed",
            "file=%s reason=\"%s: what devices have unsigned would be forgotten at a restart\" do=\"make room there\"",
            handed->net->options.handed, am_err_text(handed->err));
    handed->failed = handed->err != AM_OK;
    handed->busy = false;
    handed_go(handed);
}

static void handed_go(struct handed *handed)
{
    struct text written = handed->lines;

    if (handed->busy || handed->noted.len == 0)
        return;
    handed->lines = handed->noted;
    handed->noted = (struct text){.bytes = written.bytes, .room = written.room};
    handed->busy = true;
    handed->job = (struct job){.run = handed_run, .done = handed_done};
    workers_push(handed->net->workers, &handed->job);
}

void handed_note(struct net *net, const struct peer *peer, const struct handed_row *rows, size_t n)
{
    struct handed *handed = net->handed;
    char line[HANDED_LINE];

    for (size_t i = 0; i < n; i++) {
        line_of(peer->uri, &rows[i], line);
        if (text_put(&handed->noted, line) != AM_OK)
            report(REPORT_ERROR, "handed", "reason=\"out of memory: what a device has unsigned is not noted\"");
    }
    handed_go(handed);
}

// --- The start
static enum am_err line_take(void *user, const struct handed_line *line)
{
    struct handed *handed = user;
    struct identity identity;

    if (identity_parse(line->uri, strlen(line->uri), NULL, &identity) != AM_OK)
        return AM_OK;
    struct peer *peer = peer_get(handed->net, &identity);
    if (peer == NULL)
        return AM_NOMEM;
    peer_has(peer, line->row.seq);
    peer_release(peer);
    return AM_OK;
}

// *ret_known: it was read, and could not be written anew.
static enum am_err handed_read(struct handed *handed, bool *ret_known)
{
    struct store_view *view;

    TRY(store_view_begin(handed->net->store, &view));
    enum am_err err = file_walk(handed->net->options.handed, view, false, line_take, handed);
    *ret_known = err == AM_OK;
    if (err == AM_OK)
        err = write_anew(handed, view, false);
    handed->torn = err != AM_OK;
    store_view_end(view);
    return err;
}

enum am_err handed_start(struct net *net)
{
    net->handed = calloc(1, sizeof *net->handed);
    if (net->handed == NULL)
        return AM_NOMEM;
    net->handed->net = net;
    bool known = false;
    enum am_err err = handed_read(net->handed, &known);
    if (err != AM_OK && err != AM_NOMEM)
        report(REPORT_ERROR, "handed", "file=%s reason=\"%s: %s\"", net->options.handed, am_err_text(err),
               known ? "it can't be written anew, and grows" : "what devices have unsigned is not known");
    return err == AM_NOMEM ? err : AM_OK;
}

void handed_free(struct net *net)
{
    if (net->handed == NULL)
        return;
    free(net->handed->noted.bytes);
    free(net->handed->lines.bytes);
    free(net->handed);
}
