// SPDX-License-Identifier: Apache-2.0
// A proved entry as a C2SP tlog-proof text, and such a text checked.
#include "proto/codec/base64.h"
#include "proto/log/proved.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"
#define HASH_TEXT  BASE64_ENCODED(LOG_HASH_SIZE)

enum am_err log_proof_text(const Amana__V1__ProvedEntry *entry, char **ret_text)
{
    uint8_t leaf[LOG_LEAF_SIZE];
    struct log_checkpoint checkpoint;
    char note[LOG_NOTE_MAX], extra[BASE64_ENCODED(LOG_LEAF_SIZE)], hash[HASH_TEXT];
    if (entry->checkpoint == NULL || entry->n_path > MERKLE_PATH)
        return AM_PROTO;
    TRY(log_proved_leaf(entry, leaf));
    TRY(log_checkpoint_read(entry->checkpoint, entry->checkpoint->origin, &checkpoint));
    base64_encode(leaf, sizeof leaf, extra);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return AM_NOMEM;
    fprintf(out, FIRST_LINE "extra %s\nindex %" PRIu64 "\n", extra, entry->index);
    bool good = true;
    for (size_t i = 0; i < entry->n_path && good; i++) {
        good = entry->path[i].len == LOG_HASH_SIZE;
        if (good) {
            base64_encode(entry->path[i].data, LOG_HASH_SIZE, hash);
            fprintf(out, "%s\n", hash);
        }
    }
    log_note_print(entry->checkpoint->origin, &checkpoint, note);
    fprintf(out, "\n%s", note);
    bool written = !ferror(out);
    if (fclose(out) != 0 || !written || !good) {
        free(text);
        return good ? AM_NOMEM : AM_PROTO;
    }
    *ret_text = text;
    return AM_OK;
}

struct reader {
    const char *at, *end;
};

static bool take(struct reader *reader, const char **ret_line, size_t *ret_len)
{
    const char *newline =
        reader->at == reader->end ? NULL : memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (newline == NULL)
        return false;
    *ret_line = reader->at;
    *ret_len = (size_t)(newline - reader->at);
    reader->at = newline + 1;
    return true;
}

static bool take_prefixed(struct reader *reader, const char *prefix, const char **ret_value, size_t *ret_len)
{
    size_t len = strlen(prefix);
    if (!take(reader, ret_value, ret_len) || *ret_len < len || memcmp(*ret_value, prefix, len) != 0)
        return false;
    *ret_value += len;
    *ret_len -= len;
    return true;
}

// Base64 of exactly `size` bytes (at most LOG_LEAF_SIZE).
static bool decode_exactly(const char *text, size_t len, uint8_t *ret_bytes, size_t size)
{
    uint8_t bytes[BASE64_DECODED(BASE64_ENCODED(LOG_LEAF_SIZE))];
    size_t got;
    if (len > BASE64_ENCODED(LOG_LEAF_SIZE) || base64_decode(text, len, bytes, &got) != AM_OK || got != size)
        return false;
    memcpy(ret_bytes, bytes, size);
    return true;
}

static bool parse_index(const char *text, size_t len, uint64_t *ret_index)
{
    uint64_t index = 0;
    if (len == 0 || len > 20 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9 || index > (UINT64_MAX - digit) / 10)
            return false;
        index = index * 10 + digit;
    }
    *ret_index = index;
    return true;
}

static bool parse_proof(struct reader *reader, uint64_t *index, uint8_t *leaf, struct merkle_path *path)
{
    const char *line;
    size_t len;
    if (!take(reader, &line, &len) || len + 1 != strlen(FIRST_LINE) || memcmp(line, FIRST_LINE, len) != 0 ||
        !take_prefixed(reader, "extra ", &line, &len) || !decode_exactly(line, len, leaf, LOG_LEAF_SIZE) ||
        !take_prefixed(reader, "index ", &line, &len) || !parse_index(line, len, index))
        return false;
    path->len = 0;
    while (take(reader, &line, &len)) {
        if (len == 0)
            return true;
        if (path->len == MERKLE_PATH || !decode_exactly(line, len, path->hashes[path->len], LOG_HASH_SIZE))
            return false;
        path->len++;
    }
    return false;
}

enum am_err log_proof_check(const char *text, size_t len, const struct log_verifier *verifier, uint64_t *ret_index,
                            uint8_t ret_leaf[LOG_LEAF_SIZE], struct log_checkpoint *ret_checkpoint)
{
    struct reader reader = {text, text + len};
    uint64_t index;
    uint8_t leaf[LOG_LEAF_SIZE], hash[LOG_HASH_SIZE];
    struct merkle_path path;
    struct log_checkpoint checkpoint;
    if (!parse_proof(&reader, &index, leaf, &path))
        return AM_PROTO;
    TRY(log_note_parse(reader.at, (size_t)(reader.end - reader.at), verifier->origin, &checkpoint));
    TRY(log_leaf_hash(leaf, hash));
    TRY(merkle_verify_inclusion(index, checkpoint.size, hash, (const uint8_t(*)[LOG_HASH_SIZE])path.hashes, path.len,
                                checkpoint.root));
    TRY(log_checkpoint_verify(verifier, &checkpoint));
    *ret_index = index;
    memcpy(ret_leaf, leaf, LOG_LEAF_SIZE);
    *ret_checkpoint = checkpoint;
    return AM_OK;
}
