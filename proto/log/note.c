// SPDX-License-Identifier: Apache-2.0
// Signed notes as text: printing ours, reading anybody's.
#include "proto/codec/base64.h"
#include "proto/log/checkpoint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " // an em dash and a space begin a signature line

size_t log_note_print(const char *origin, const struct log_checkpoint *checkpoint, char ret_note[LOG_NOTE_MAX])
{
    char signature[BASE64_ENCODED(LOG_SIGNATURE_SIZE)];
    base64_encode(checkpoint->signature, LOG_SIGNATURE_SIZE, signature);
    size_t len = log_checkpoint_text(origin, checkpoint, ret_note);
    return len + (size_t)snprintf(ret_note + len, LOG_NOTE_MAX - len, "\n" DASH "%.255s %s\n", origin, signature);
}

// Takes one line off the text, without its newline. A last line without newline is no line.
static bool take_line(struct am_bytes *text, struct am_bytes *ret_line)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->data, '\n', text->len);
    if (end == NULL)
        return false;
    *ret_line = (struct am_bytes){text->data, (size_t)(end - text->data)};
    text->len -= ret_line->len + 1;
    text->data = end + 1;
    return true;
}

static bool line_is(struct am_bytes line, const char *text)
{
    return line.len == strlen(text) && memcmp(line.data, text, line.len) == 0;
}

// ASCII decimal without leading zeros.
static bool parse_size(struct am_bytes line, uint64_t *ret_size)
{
    if (line.len == 0 || line.len > 20 || (line.len > 1 && line.data[0] == '0'))
        return false;
    uint64_t size = 0;
    for (size_t i = 0; i < line.len; i++) {
        unsigned digit = (unsigned)line.data[i] - '0';
        if (digit > 9 || size > (UINT64_MAX - digit) / 10)
            return false;
        size = size * 10 + digit;
    }
    *ret_size = size;
    return true;
}

// Base64 in the form that we print, of exactly `size` bytes.
static bool parse_bytes(struct am_bytes line, uint8_t *ret_bytes, size_t size)
{
    uint8_t bytes[BASE64_DECODED(BASE64_ENCODED(LOG_SIGNATURE_SIZE))];
    char again[BASE64_ENCODED(LOG_SIGNATURE_SIZE)];
    size_t len;
    if (line.len >= sizeof again || base64_decode((const char *)line.data, line.len, bytes, &len) != AM_OK ||
        len != size)
        return false;
    base64_encode(bytes, len, again);
    if (!line_is(line, again))
        return false;
    memcpy(ret_bytes, bytes, size);
    return true;
}

enum signature_line { LINE_BROKEN, LINE_OTHER, LINE_OURS };

static enum signature_line parse_signature(struct am_bytes line, const char *origin, uint8_t *ret_signature)
{
    size_t dash = sizeof DASH - 1, name = strlen(origin);
    if (line.len < dash + 1 || memcmp(line.data, DASH, dash) != 0)
        return LINE_BROKEN;
    line.data += dash;
    line.len -= dash;
    const uint8_t *space = memchr(line.data, ' ', line.len);
    if (space == NULL || space == line.data)
        return LINE_BROKEN;
    if ((size_t)(space - line.data) != name || memcmp(line.data, origin, name) != 0)
        return LINE_OTHER;
    struct am_bytes text = {space + 1, line.len - name - 1};
    return parse_bytes(text, ret_signature, LOG_SIGNATURE_SIZE) ? LINE_OURS : LINE_BROKEN;
}

enum am_err log_note_parse(const char *note, size_t len, const char *origin, struct log_checkpoint *ret_checkpoint)
{
    struct am_bytes text = {(const uint8_t *)note, len}, line;
    struct log_checkpoint checkpoint;
    if (!take_line(&text, &line) || !line_is(line, origin))
        return AM_PROTO;
    if (!take_line(&text, &line) || !parse_size(line, &checkpoint.size))
        return AM_PROTO;
    if (!take_line(&text, &line) || !parse_bytes(line, checkpoint.root, LOG_HASH_SIZE))
        return AM_PROTO;
    if (!take_line(&text, &line) || line.len != 0)
        return AM_PROTO;
    bool found = false;
    while (text.len > 0) {
        if (!take_line(&text, &line))
            return AM_PROTO;
        switch (parse_signature(line, origin, checkpoint.signature)) {
        case LINE_BROKEN: return AM_PROTO;
        case LINE_OTHER: break;
        case LINE_OURS:
            if (found)
                return AM_PROTO;
            found = true;
        }
    }
    if (!found)
        return AM_PROTO;
    *ret_checkpoint = checkpoint;
    return AM_OK;
}
