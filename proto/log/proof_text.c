// SPDX-License-Identifier: Apache-2.0
// A proved entry as a C2SP tlog-proof text, and such a text checked.
#include "proto/codec/base64.h"
#include "proto/log/proved.h"
#include "proto/log/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define HASH_TEXT  BASE64_ENCODED(LOG_HASH_SIZE)

enum am_err log_proof_text(const Amana__V1__ProvedEntry *entry, char **ret_text)
{
    uint8_t leaf[LOG_LEAF_SIZE];
    struct log_checkpoint checkpoint;
    char note[LOG_NOTE_MAX], extra[BASE64_ENCODED(LOG_LEAF_SIZE)], hash[HASH_TEXT];
    if (entry->checkpoint == NULL || entry->n_path > MERKLE_INCLUSION || !log_origin_valid(entry->checkpoint->origin))
        return AM_PROTO;
    TRY(log_proved_leaf(entry, leaf));
    TRY(log_checkpoint_read(entry->checkpoint, entry->checkpoint->origin, &checkpoint));
    base64_encode(leaf, sizeof leaf, extra);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return AM_NOMEM;
    fprintf(out, FIRST_LINE "\nextra %s\nindex %" PRIu64 "\n", extra, entry->index);
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

static bool parse_proof(struct am_bytes *text, uint64_t *index, uint8_t *leaf, struct merkle_path *path)
{
    struct am_bytes first, extra, number, hash;
    struct log_leaf parts;
    if (!text_line(text, &first) || !text_is(first, FIRST_LINE) || !text_line(text, &extra) ||
        !text_skip(&extra, "extra ") || !text_base64(extra, leaf, LOG_LEAF_SIZE) ||
        log_leaf_parse((struct am_bytes){leaf, LOG_LEAF_SIZE}, &parts) != AM_OK || !text_line(text, &number) ||
        !text_skip(&number, "index ") || !text_number(number, index))
        return false;
    path->len = 0;
    while (text_line(text, &hash)) {
        if (hash.len == 0)
            return true;
        if (path->len == MERKLE_INCLUSION || !text_base64(hash, path->hashes[path->len], LOG_HASH_SIZE))
            return false;
        path->len++;
    }
    return false;
}

enum am_err log_proof_check(const char *text, size_t len, const struct log_verifier *verifier, uint64_t *ret_index,
                            uint8_t ret_leaf[LOG_LEAF_SIZE], struct log_checkpoint *ret_checkpoint)
{
    struct am_bytes rest = {(const uint8_t *)text, len};
    uint64_t index;
    uint8_t leaf[LOG_LEAF_SIZE], hash[LOG_HASH_SIZE];
    struct merkle_path path;
    struct log_checkpoint checkpoint;
    if (!parse_proof(&rest, &index, leaf, &path))
        return AM_PROTO;
    TRY(log_note_open(rest, verifier, &checkpoint));
    TRY(log_leaf_hash(leaf, hash));
    TRY(merkle_verify_inclusion(index, checkpoint.size, hash, (const uint8_t(*)[LOG_HASH_SIZE])path.hashes, path.len,
                                checkpoint.root));
    *ret_index = index;
    memcpy(ret_leaf, leaf, LOG_LEAF_SIZE);
    *ret_checkpoint = checkpoint;
    return AM_OK;
}
