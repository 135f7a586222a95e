// SPDX-License-Identifier: Apache-2.0
// Everything checked offline, by the tables alone; a fault is named and the check goes on.
#include "server/store/fsck.h"

#include "server/store/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FSCK_MEMORY (64u << 20)

void fsck_fault(struct fsck *fsck, uint64_t seq, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fsck->faulty = true;
    fsck->found(fsck->user, seq, text);
}

// --- Entries and tree
struct fsck_tree {
    struct fsck *fsck;
    struct merkle_range range;
    uint64_t record_size;
    const uint8_t *record_root;
};

// A tile's root must stand in the tile above.
static enum am_err node_check(void *user, unsigned level, uint64_t index, const uint8_t hash[LOG_HASH_SIZE])
{
    struct fsck_tree *tree = user;
    uint8_t kept[LOG_HASH_SIZE];
    if (level % 8 != 0)
        return AM_OK;
    enum am_err err = tree_read(&tree->fsck->txn, level, index, kept);
    if (err == AM_CORRUPT || (err == AM_OK && memcmp(kept, hash, sizeof kept) != 0)) {
        fsck_fault(tree->fsck, index << level, "the tree is damaged above it: level %u, node %llu", level,
                   (unsigned long long)index);
        return AM_OK;
    }
    return err;
}

static enum am_err root_check(struct fsck_tree *tree, uint64_t size, const uint8_t *root, const char *whose)
{
    uint8_t made[LOG_HASH_SIZE];
    if (tree->range.size != size)
        return AM_OK;
    TRY(merkle_range_root(&tree->range, made));
    if (memcmp(made, root, sizeof made) != 0)
        fsck_fault(tree->fsck, size, "the root of the first %llu entries is not the one that %s",
                   (unsigned long long)size, whose);
    return AM_OK;
}

// The tree grows by the hashes it keeps, so that one false leaf is one fault; the roots judge the tree.
static enum am_err leaf_check(struct fsck_tree *tree, uint64_t seq, bool has_leaf, uint8_t hash[LOG_HASH_SIZE])
{
    const uint8_t(*kept)[LOG_HASH_SIZE];
    size_t n;
    enum am_err err = tree_leaf_run(tree->fsck->txn, seq, &kept, &n);
    if (err == AM_CORRUPT) {
        fsck_fault(tree->fsck, seq, "the tree has no leaf of it");
    } else {
        TRY(err);
        if (has_leaf && memcmp(kept[0], hash, LOG_HASH_SIZE) != 0)
            fsck_fault(tree->fsck, seq, "its leaf is not the one in the tree");
        memcpy(hash, kept[0], LOG_HASH_SIZE);
    }
    TRY(merkle_range_append(&tree->range, hash, node_check, tree));
    return tree->record_size != 0 ? root_check(tree, tree->record_size, tree->record_root, "the signer has on record")
                                  : AM_OK;
}

static enum am_err entries_check(struct fsck_tree *tree)
{
    struct fsck *fsck = tree->fsck;
    for (uint64_t seq = 0; seq < fsck->size; seq++) {
        uint8_t key[8], hash[LOG_HASH_SIZE] = {0};
        struct am_bytes row;
        bool has_leaf = false;
        put_be64(key, seq);
        enum am_err err = table_get(fsck->txn, TABLE_ENTRY, key, sizeof key, &row);
        if (err == AM_NOT_FOUND) {
            fsck_fault(fsck, seq, "it is missing");
        } else {
            TRY(err);
            TRY(fsck_entry(fsck, seq, row, &has_leaf, hash));
        }
        TRY(leaf_check(tree, seq, has_leaf, hash));
    }
    return AM_OK;
}

static enum am_err tree_check(struct fsck *fsck, const struct row_state *state, uint64_t record_size,
                              const uint8_t *record_root)
{
    struct fsck_tree tree = {.fsck = fsck, .record_size = record_size, .record_root = record_root};
    merkle_range_init(&tree.range);
    TRY(entries_check(&tree));
    TRY(root_check(&tree, state->size, state->root, "the journal keeps"));
    if (record_size > state->size)
        fsck_fault(fsck, state->size, "the signer has signed %llu entries and there are %llu",
                   (unsigned long long)record_size, (unsigned long long)state->size);
    if (state->last_time < fsck->last_time)
        fsck_fault(fsck, state->size, "the last time on record is before that of the last entry");
    return AM_OK;
}

// --- Rows that name an entry
enum at { AT_KEY, AT_VALUE };
static const struct {
    enum table table;
    enum at in;
    size_t at;       // where the seq stands
    size_t key_size; // 0: any
    bool message;    // of a message
    const char *what;
} ROWS[] = {
    {TABLE_MESSAGE, AT_KEY, 0, 8, false, "a message is kept of no entry"},
    {TABLE_ID, AT_VALUE, 0, KEY_ID, true, "an id leads to no message"},
    {TABLE_MAILBOX, AT_KEY, NAME_SIZE + 1, KEY_MAILBOX, false, "a mailbox names no entry"},
    {TABLE_CASE, AT_VALUE, 0, NAME_SIZE, false, "the index of cases names no entry"},
    {TABLE_INDEX, AT_VALUE, 0, KEY_INDEX, false, "the index of kinds and parties names no entry"},
    {TABLE_OF, AT_VALUE, 0, 8, false, "the index of messages names no entry"},
    {TABLE_OF, AT_KEY, 0, 8, true, "the index of messages is about no message"},
    {TABLE_LIFE, AT_KEY, 0, KEY_OF_NAME, true, "a life is of no message"},
    {TABLE_CHAIN, AT_KEY, 0, 8, true, "a chain is of no message"},
    {TABLE_DELIVERY, AT_KEY, 0, KEY_OF_NAME, true, "a delivery is of no message"},
    {TABLE_RELEASE, AT_KEY, 0, 8, true, "a release is of no message"},
    {TABLE_PARK_ID, AT_VALUE, 0, KEY_ID, true, "the id of a parked message leads to none"},
    {TABLE_WAITING, AT_KEY, NAME_SIZE, KEY_WAITING, true, "what waits for a second person is no message"},
    {TABLE_POINT, AT_VALUE, 0, JOURNAL_POINT, true, "a point of oversight leads to no message"},
    {TABLE_ORDER, AT_KEY, 0, KEY_ORDER, true, "an order is about no message"},
    {TABLE_ORDER, AT_KEY, 8, KEY_ORDER, true, "an order is by no message"},
    {TABLE_DEADLINE, AT_KEY, 8 + 1, KEY_DEADLINE, false, "a deadline is of no entry"},
};

static enum am_err row_check(struct fsck *fsck, size_t which, const struct table_walk *walk)
{
    struct am_bytes bytes = ROWS[which].in == AT_KEY ? walk->key : walk->value, row;
    if (bytes.len < ROWS[which].at + 8 || (ROWS[which].key_size != 0 && walk->key.len != ROWS[which].key_size)) {
        fsck_fault(fsck, JOURNAL_NONE, "a row is damaged: %s", ROWS[which].what);
        return AM_OK;
    }
    const uint8_t *seq = bytes.data + ROWS[which].at;
    if (get_be64(seq) >= fsck->size) {
        fsck_fault(fsck, get_be64(seq), "%s", ROWS[which].what);
        return AM_OK;
    }
    if (!ROWS[which].message)
        return AM_OK;
    enum am_err err = table_get(fsck->txn, TABLE_MESSAGE, seq, 8, &row);
    if (err == AM_NOT_FOUND) {
        fsck_fault(fsck, get_be64(seq), "%s", ROWS[which].what);
        return AM_OK;
    }
    return err;
}

// From whom a case is kept: states and the messages that said so.
static enum am_err shields_check(struct fsck *fsck)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct table_walk walk;
    enum am_err err = table_walk_from(fsck->txn, TABLE_SHIELD, NULL, 0, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        struct journal_shield shield = {0};
        if (walk.key.len != NAME_SIZE || row_shield_parse(walk.value, states, &shield) != AM_OK)
            fsck_fault(fsck, JOURNAL_NONE, "a row is damaged: from whom a case is kept");
        for (size_t i = 0; i < shield.n; i++)
            if (states[i].seq >= fsck->size)
                fsck_fault(fsck, states[i].seq, "a case is kept from a state by no entry");
    }
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err rows_check(struct fsck *fsck, size_t which)
{
    struct table_walk walk;
    enum am_err err = table_walk_from(fsck->txn, ROWS[which].table, NULL, 0, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk)) {
        err = row_check(fsck, which, &walk);
        if (err != AM_OK)
            break;
    }
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// Each row stands in its entry's own era; and each entry has one kind: with the look-ups above, equal counts leave no
// extra row.
static enum am_err index_check(struct fsck *fsck)
{
    struct table_walk walk;
    uint64_t kinds = 0;
    enum am_err err = table_walk_from(fsck->txn, TABLE_INDEX, NULL, 0, &walk);
    if (err == AM_OK) {
        for (; err == AM_OK; err = table_walk_next(&walk)) {
            uint8_t key[KEY_INDEX];
            if (walk.key.len != KEY_INDEX || walk.value.len != 8)
                continue; // told above
            const uint8_t *name = walk.key.data + KEY_INDEX - NAME_SIZE;
            uint64_t seq = get_be64(walk.value.data);
            key_index(seq, name, key);
            if (memcmp(key, walk.key.data, sizeof key) != 0)
                fsck_fault(fsck, seq, "the index of kinds and parties has it in another era");
            kinds += name_is_kind(name);
        }
        table_walk_end(&walk);
    }
    if (err != AM_NOT_FOUND)
        return err;
    if (kinds != fsck->size)
        fsck_fault(fsck, JOURNAL_NONE, "the index of kinds has more or fewer rows than there are entries: %llu, %llu",
                   (unsigned long long)kinds, (unsigned long long)fsck->size);
    return AM_OK;
}

// Each message has one id: the same.
static enum am_err counts_check(struct fsck *fsck)
{
    const struct {
        enum table table;
        uint64_t rows;
        const char *what;
    } counts[] = {
        {TABLE_ENTRY, fsck->size, "there are more or fewer entries than the journal's size says"},
        {TABLE_MESSAGE, fsck->messages + fsck->parked, "there are messages without a SUBMITTED or PARKED entry"},
        {TABLE_ID, fsck->messages, "there are more or fewer ids than messages"},
        {TABLE_PARK_ID, fsck->parked, "there are more or fewer ids than parked messages"},
        {TABLE_POINT, fsck->points, "there are more or fewer points of oversight than messages sealed by one"},
        {TABLE_WAITING, fsck->waiting, "more or fewer are listed as waiting for a second person"}};
    for (size_t i = 0; i < AM_LEN(counts); i++) {
        uint64_t rows;
        TRY(table_count(fsck->txn, counts[i].table, &rows));
        if (rows != counts[i].rows)
            fsck_fault(fsck, JOURNAL_NONE, "%s: %llu, %llu", counts[i].what, (unsigned long long)rows,
                       (unsigned long long)counts[i].rows);
    }
    return AM_OK;
}

static enum am_err checkpoints_check(struct fsck *fsck)
{
    struct table_walk walk;
    enum am_err err = table_walk_from(fsck->txn, TABLE_CHECKPOINT, NULL, 0, &walk);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    for (; err == AM_OK; err = table_walk_next(&walk))
        if (walk.key.len != 8 || walk.value.len != 68 || get_be64(walk.key.data) > fsck->size)
            fsck_fault(fsck, JOURNAL_NONE, "the row of a checkpoint is damaged");
    table_walk_end(&walk);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err journal_check(struct fsck *fsck, uint64_t record_size, const uint8_t *record_root)
{
    struct row_state state;
    enum am_err err = row_state_read(fsck->txn, &state);
    if (err == AM_CORRUPT) {
        fsck_fault(fsck, 0, "the journal's size and root are missing");
        return AM_OK;
    }
    TRY(err);
    fsck->size = state.size;
    TRY(tree_check(fsck, &state, record_size, record_root));
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        TRY(rows_check(fsck, i));
    TRY(shields_check(fsck));
    TRY(checkpoints_check(fsck));
    TRY(index_check(fsck));
    TRY(fsck_judge_rows(fsck));
    return counts_check(fsck);
}

static enum am_err fsck_open(struct fsck *fsck, struct tables *tables, struct am_detail *detail)
{
    char *origin;
    enum am_err err = tables_open(tables, false, true);
    if (err != AM_OK)
        return am_fail(err, detail, "", "a table of the journal is missing");
    TRY(table_begin(tables, false, &fsck->txn));
    err = env_check(fsck->txn, detail, &origin);
    if (err != AM_OK)
        return err;
    free(origin);
    return AM_OK;
}

enum am_err store_fsck(const char *folder, uint64_t record_size, const uint8_t record_root[32],
                       void (*found)(void *user, uint64_t seq, const char *what), void *user,
                       const struct store_judge *judge, uint64_t *ret_size, struct am_detail *detail)
{
    struct tables tables = {.env = NULL};
    struct fsck fsck = {.found = found, .user = user, .judge = judge};
    bool whole;
    int lock;
    TRY(store_recover(folder, &whole, detail));
    TRY(env_lock(folder, true, detail, &lock));
    enum am_err err = env_open(folder, 0, MDB_RDONLY | MDB_NOLOCK, detail, &tables.env);
    if (err != AM_OK) {
        close(lock);
        return err;
    }
    arena_init(&fsck.arena, FSCK_MEMORY);
    err = fsck_open(&fsck, &tables, detail);
    if (err == AM_OK && !whole)
        fsck_fault(&fsck, JOURNAL_NONE, "the file journal/redo is missing or damaged");
    if (err == AM_OK)
        err = journal_check(&fsck, record_size, record_root);
    if (fsck.txn.txn != NULL)
        mdb_txn_abort(fsck.txn.txn);
    arena_clear(&fsck.arena);
    mdb_env_close(tables.env);
    close(lock);
    TRY(err);
    *ret_size = fsck.size;
    if (fsck.faulty)
        return am_fail(AM_CORRUPT, detail, folder, "the journal has faults");
    return AM_OK;
}
