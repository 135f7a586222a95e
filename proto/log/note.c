// SPDX-License-Identifier: Apache-2.0
// Signed notes as text: printing ours, reading anybody's and finding the signature that counts.
#include "proto/codec/base64.h"
#include "proto/log/checkpoint.h"
#include "proto/log/text.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define DASH "\xe2\x80\x94 " // an em dash and a space begin a signature line

size_t log_note_print(const char *origin, const struct log_checkpoint *checkpoint, char ret_note[LOG_NOTE_MAX])
{
    char signature[BASE64_ENCODED(LOG_SIGNATURE_SIZE)];
    base64_encode(checkpoint->signature, LOG_SIGNATURE_SIZE, signature);
    size_t len = log_checkpoint_text(origin, checkpoint, ret_note);
    return len + (size_t)snprintf(ret_note + len, LOG_NOTE_MAX - len, "\n" DASH "%.255s %s\n", origin, signature);
}

// UTF-8 without control characters other than newline.
static bool is_clean(struct am_bytes bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        int32_t point;
        utf8proc_ssize_t step = utf8proc_iterate(bytes.data + at, (utf8proc_ssize_t)(bytes.len - at), &point);
        if (step <= 0 || (point < 0x20 && point != '\n'))
            return false;
        at += (size_t)step;
    }
    return true;
}

// The four lines before the signatures.
static enum am_err take_text(struct am_bytes *note, const struct log_verifier *verifier,
                             struct log_checkpoint *checkpoint)
{
    struct am_bytes origin, size, root, empty;
    if (!text_line(note, &origin) || !text_line(note, &size) || !text_line(note, &root) || !text_line(note, &empty) ||
        origin.len == 0 || !text_number(size, &checkpoint->size) ||
        !text_base64(root, checkpoint->root, LOG_HASH_SIZE) || empty.len != 0)
        return AM_PROTO;
    return text_is(origin, verifier->origin) ? AM_OK : AM_SIGNATURE;
}

struct signature_line {
    struct am_bytes name, base64;
    uint8_t hash[4];
};

// Of a line that may be anybody's, in any algorithm, only name and key hash are read.
static bool parse_line(struct am_bytes line, struct signature_line *ret_line)
{
    uint8_t head[BASE64_DECODED(8)];
    size_t len;
    const uint8_t *space;
    if (!text_skip(&line, DASH) || (space = memchr(line.data, ' ', line.len)) == NULL || space == line.data)
        return false;
    struct signature_line found = {.name = {line.data, (size_t)(space - line.data)}};
    found.base64 = (struct am_bytes){space + 1, line.len - found.name.len - 1};
    if (memchr(found.name.data, '+', found.name.len) != NULL || found.base64.len < 8 || found.base64.len % 4 != 0 ||
        base64_decode((const char *)found.base64.data, 8, head, &len) != AM_OK || len <= sizeof found.hash)
        return false;
    memcpy(found.hash, head, sizeof found.hash);
    *ret_line = found;
    return true;
}

// AM_NOT_FOUND: somebody else's line.
static enum am_err check_line(struct am_bytes line, const struct log_verifier *verifier,
                              struct log_checkpoint *checkpoint)
{
    struct signature_line found;
    if (!parse_line(line, &found))
        return AM_PROTO;
    if (!text_is(found.name, verifier->origin) || memcmp(found.hash, verifier->hash, sizeof found.hash) != 0)
        return AM_NOT_FOUND;
    if (!text_base64(found.base64, checkpoint->signature, LOG_SIGNATURE_SIZE))
        return AM_SIGNATURE;
    return log_checkpoint_verify(verifier, checkpoint);
}

enum am_err log_note_open(struct am_bytes note, const struct log_verifier *verifier,
                          struct log_checkpoint *ret_checkpoint)
{
    struct log_checkpoint checkpoint;
    struct am_bytes line;
    bool found = false;
    if (note.len > LOG_NOTE_LIMIT)
        return AM_TOO_LARGE;
    if (!is_clean(note))
        return AM_PROTO;
    TRY(take_text(&note, verifier, &checkpoint));
    for (unsigned lines = 0; note.len > 0; lines++) {
        if (lines == LOG_NOTE_LINES)
            return AM_TOO_LARGE;
        if (!text_line(&note, &line))
            return AM_PROTO;
        enum am_err err = check_line(line, verifier, &checkpoint);
        if (err != AM_OK && err != AM_NOT_FOUND)
            return err;
        found |= err == AM_OK;
    }
    if (!found)
        return AM_SIGNATURE;
    *ret_checkpoint = checkpoint;
    return AM_OK;
}
