// SPDX-License-Identifier: Apache-2.0
// Changes one row of a journal that nobody has open: damage_row DATA TABLE OFFSET[:MASK] (a bit of the table's last
// row), damage_row DATA TABLE +OFFSET (of the last that is so long), damage_row DATA TABLE FROM TO (the first row with
// these bytes; as many), damage_row DATA TABLE (the last row goes), damage_row DATA TABLE first, damage_row DATA TABLE
// @OFFSET:BYTE NUMBER (the first row whose key has this byte there gets the number, in 8 bytes, for its value).
#include "server/store/bytes.h"
#include "server/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum table table;
} TABLES[] = {{"life", TABLE_LIFE},     {"chain", TABLE_CHAIN},           {"delivery", TABLE_DELIVERY},
              {"record", TABLE_RECORD}, {"checkpoint", TABLE_CHECKPOINT}, {"deadline", TABLE_DEADLINE},
              {"order", TABLE_ORDER},   {"entry", TABLE_ENTRY},           {"point", TABLE_POINT}};

struct found {
    uint8_t key[TABLE_KEY], value[1 << 16];
    size_t key_len, len;
    bool any;
};

static void found_keep(struct found *found, const struct table_walk *walk)
{
    if (walk->value.len > sizeof found->value)
        return;
    memcpy(found->key, walk->key.data, found->key_len = walk->key.len);
    memcpy(found->value, walk->value.data, found->len = walk->value.len);
    found->any = true;
}

static int change(struct table_txn txn, enum table table, int argc, char **argv)
{
    static struct found found;
    struct table_walk walk;
    char *byte = argc == 5 && argv[3][0] == '@' ? strchr(argv[3], ':') : NULL;
    const char *from = argc > 4 && byte == NULL ? argv[3] : NULL;
    bool first = argc == 4 && strcmp(argv[3], "first") == 0;
    size_t least = argc == 4 && argv[3][0] == '+' ? strtoul(argv[3], NULL, 10) : 0;
    enum am_err err = table_walk_from(txn, table, NULL, 0, &walk);
    for (; err == AM_OK && !((from != NULL || byte != NULL || first) && found.any); err = table_walk_next(&walk))
        if (byte != NULL) {
            if (walk.key.data[strtoul(argv[3] + 1, NULL, 10) % walk.key.len] == strtoul(byte + 1, NULL, 10))
                found_keep(&found, &walk);
        } else if (from == NULL ? least == 0 || walk.value.len > least
                                : memmem(walk.value.data, walk.value.len, from, strlen(from)) != NULL)
            found_keep(&found, &walk);
    table_walk_end(&walk);
    if (!found.any)
        return 1;
    if (argc == 3 || first)
        return table_delete(txn, table, found.key, found.key_len) != AM_OK;
    if (byte != NULL) {
        put_be64(found.value, strtoull(argv[4], NULL, 10));
        found.len = 8;
    } else if (from != NULL) {
        memcpy(memmem(found.value, found.len, from, strlen(from)), argv[4], strlen(from));
    } else {
        char *end;
        size_t at = strtoul(argv[3], &end, 10) % found.len;
        found.value[at] ^= (uint8_t)(*end == ':' ? strtoul(end + 1, NULL, 10) : 1);
    }
    return table_put(txn, table, 0, found.key, found.key_len, found.value, found.len) != AM_OK;
}

int main(int argc, char **argv)
{
    struct tables tables = {0};
    struct table_txn txn;
    struct am_detail detail;
    if (argc < 3 || argc > 5 || (argc == 5 && argv[3][0] != '@' && strlen(argv[3]) != strlen(argv[4])))
        return 64;
    if (env_open(argv[1], 0, 0, &detail, &tables.env) != AM_OK || tables_open(&tables, false, false) != AM_OK ||
        table_begin(&tables, true, &txn) != AM_OK)
        return 74;
    int failed = 1;
    for (size_t i = 0; i < AM_LEN(TABLES); i++)
        if (strcmp(argv[2], TABLES[i].name) == 0)
            failed = change(txn, TABLES[i].table, argc, argv);
    failed = mdb_txn_commit(txn.txn) != 0 || failed;
    mdb_env_close(tables.env);
    return failed;
}
