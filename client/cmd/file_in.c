// SPDX-License-Identifier: Apache-2.0
// Reading what a person gives, from a file or from a pipe.
#include "client/cmd/file_in.h"

#include "client/cmd/wipe.h"
#include "proto/codec/codec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum am_err read_all(int fd, const char *path, size_t limit, struct am_detail *detail, struct am_bytes *ret_text)
{
    size_t capacity = 64u * 1024, len = 0;
    uint8_t *data = malloc(capacity);
    while (data != NULL) {
        ssize_t n = read(fd, data + len, capacity - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0) {
                *ret_text = (struct am_bytes){data, len};
                return AM_OK;
            }
            wipe_free(data);
            return am_fail(AM_NOT_FOUND, detail, path, "can't be read: %s", strerror(errno));
        }
        len += (size_t)n;
        if (len > limit) {
            wipe_free(data);
            return am_fail(AM_TOO_LARGE, detail, path, "at most %zu bytes", limit);
        }
        if (len < capacity)
            continue;
        uint8_t *grown = malloc(capacity *= 2);
        if (grown != NULL)
            memcpy(grown, data, len);
        wipe_free(data);
        data = grown;
    }
    return AM_NOMEM;
}

enum am_err file_in_text(struct am_bytes text, struct am_detail *detail)
{
    unsigned line = 1;
    if (codec_text_valid(text.data, text.len))
        return AM_OK;
    for (size_t at = 0, len; at < text.len; at += len, line++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        len = end != NULL ? (size_t)(end - (text.data + at)) + 1 : text.len - at;
        if (!codec_text_valid(text.data + at, len))
            break;
    }
    enum am_err err = am_fail(AM_INVALID, detail, "", "a byte that is not UTF-8, or a NUL: save the file as UTF-8");
    if (detail != NULL)
        detail->line = line;
    return err;
}

enum am_err file_in_read(const char *path, size_t limit, struct am_detail *detail, struct am_bytes *ret_text)
{
    bool standard = strcmp(path, "-") == 0;
    if (path[0] == '\0')
        return am_fail(AM_USAGE, detail, "", "FILE has no name: write one, or - for standard input");
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return am_fail(AM_NOT_FOUND, detail, path, "can't be opened: %s", strerror(errno));
    enum am_err err = read_all(fd, path, limit, detail, ret_text);
    if (!standard)
        close(fd);
    return err;
}

bool file_in_blank(struct am_bytes text)
{
    size_t i = 0;
    while (i < text.len && isspace(text.data[i]))
        i++;
    return i == text.len;
}
