// SPDX-License-Identifier: Apache-2.0
// What the entries have said of each row.
#include "server/fsck_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX (LIMIT_ADDRESS + 64u)

void fsck_judge_fault(struct fsck_judge *judge, uint64_t seq, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    judge->found(judge->user, seq, text);
}

static void key_make(char key[KEY_MAX], const char *table, uint64_t number, const char *name)
{
    snprintf(key, KEY_MAX, "%s %" PRIu64 " of %s", table, number, name);
}

struct fsck_row *fsck_row_find(struct fsck_judge *judge, const char *table, uint64_t number, const char *name)
{
    char key[KEY_MAX];
    struct fsck_row *row;

    key_make(key, table, number, name);
    HASH_FIND_STR(judge->rows, key, row);
    return row;
}

struct fsck_row *fsck_row_get(struct fsck_judge *judge, const char *table, uint64_t number, const char *name,
                              uint64_t seq)
{
    char key[KEY_MAX];
    struct fsck_row *row = fsck_row_find(judge, table, number, name);

    if (row == NULL) {
        key_make(key, table, number, name);
        row = calloc(1, sizeof *row + strlen(key) + 1);
        if (row == NULL)
            return NULL;
        strcpy(row->key, key);
        HASH_ADD_STR(judge->rows, key, row);
        if (row->hh.tbl == NULL) {
            free(row);
            return NULL;
        }
    }
    row->seq = seq;
    return row;
}

bool fsck_when_is(struct fsck_when said, uint64_t ns)
{
    return ns == said.ns || (said.or_before && ns < said.ns);
}

struct fsck_when fsck_when_of(const struct store_judged *entry)
{
    return (struct fsck_when){entry->time_ns, entry->time_kept};
}

enum am_err fsck_digest_said(struct fsck_judge *judge, const struct store_judged *entry, const char *table,
                             uint64_t number, const char *name, ProtobufCBinaryData digest)
{
    struct fsck_row *row = fsck_row_get(judge, table, number, name, entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->digest_len = digest.len <= sizeof row->digest ? digest.len : 0;
    if (row->digest_len > 0)
        memcpy(row->digest, digest.data, row->digest_len);
    return AM_OK;
}

bool fsck_digest_is(const struct fsck_row *row, const uint8_t *digest, size_t len)
{
    return row->digest_len == len && (len == 0 || memcmp(row->digest, digest, len) == 0);
}

struct fsck_message *fsck_message_find(struct fsck_judge *judge, uint64_t seq)
{
    struct fsck_message *message;

    HASH_FIND(hh, judge->messages, &seq, sizeof seq, message);
    return message;
}

struct fsck_chain *fsck_chain_find(struct fsck_judge *judge, uint64_t root)
{
    struct fsck_chain *chain;

    HASH_FIND(hh, judge->chains, &root, sizeof root, chain);
    return chain;
}
