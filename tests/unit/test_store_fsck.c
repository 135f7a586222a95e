// SPDX-License-Identifier: Apache-2.0
// The offline check names what was changed behind the journal's back, and finds nothing where nothing was.
#include "server/store/bytes.h"
#include "server/store/internal.h"
#include "store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MESSAGES 300

struct faults {
    size_t n;
    uint64_t seqs[64];
    char text[4096];
};

static void fault_found(void *user, uint64_t seq, const char *what)
{
    struct faults *faults = user;
    if (faults->n < AM_LEN(faults->seqs))
        faults->seqs[faults->n] = seq;
    faults->n++;
    size_t len = strlen(faults->text);
    snprintf(faults->text + len, sizeof faults->text - len, "%llu: %s\n", (unsigned long long)seq, what);
}

static bool faults_name(const struct faults *faults, uint64_t seq, const char *what)
{
    char line[300];
    snprintf(line, sizeof line, "%llu: %s", (unsigned long long)seq, what);
    return strstr(faults->text, line) != NULL;
}

// A journal of 300 messages, closed; made once, copied by each test's change being undone.
static struct kit world;

static enum am_err check(uint64_t record_size, const uint8_t *record_root, struct faults *faults)
{
    uint64_t size = 0;
    struct am_detail detail;
    memset(faults, 0, sizeof *faults);
    enum am_err err = store_fsck(world.folder, record_size, record_root, fault_found, faults, NULL, &size, &detail);
    if (err == AM_OK)
        assert_int_equal(size, MESSAGES);
    return err;
}

// Changes one byte of a row, or the whole row's key, and puts it back.
struct tampering {
    struct tables tables;
    struct table_txn txn;
};

static void tamper_begin(struct tampering *tampering)
{
    struct am_detail detail;
    *tampering = (struct tampering){0};
    assert_int_equal(env_open(world.folder, 64ull << 20, 0, &detail, &tampering->tables.env), AM_OK);
    assert_int_equal(tables_open(&tampering->tables, false, false), AM_OK);
    assert_int_equal(table_begin(&tampering->tables, true, &tampering->txn), AM_OK);
}

static void tamper_end(struct tampering *tampering)
{
    assert_int_equal(mdb_txn_commit(tampering->txn.txn), 0);
    mdb_env_close(tampering->tables.env);
}

static void flip(enum table table, const void *key, size_t key_len, size_t at)
{
    struct tampering tampering;
    struct am_bytes row;
    tamper_begin(&tampering);
    assert_int_equal(table_get(tampering.txn, table, key, key_len, &row), AM_OK);
    assert_true(at < row.len);
    uint8_t *copy = malloc(row.len);
    memcpy(copy, row.data, row.len);
    copy[at] ^= 1;
    assert_int_equal(table_put(tampering.txn, table, 0, key, key_len, copy, row.len), AM_OK);
    free(copy);
    tamper_end(&tampering);
}

static void expect_flip_found(enum table table, const void *key, size_t key_len, size_t at, uint64_t seq,
                              const char *what)
{
    struct faults faults;
    flip(table, key, key_len, at);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    if (!faults_name(&faults, seq, what))
        print_error("not found: %llu: %s in\n%s", (unsigned long long)seq, what, faults.text);
    assert_true(faults_name(&faults, seq, what));
    flip(table, key, key_len, at);
    assert_int_equal(check(0, NULL, &faults), AM_OK);
}

static void a_sound_journal_has_no_fault(void **state)
{
    struct faults faults;
    enum am_err err = check(0, NULL, &faults);
    if (err != AM_OK)
        print_error("%s", faults.text);
    assert_int_equal(err, AM_OK);
    assert_int_equal(faults.n, 0);
}

static void an_entry_that_was_changed_is_named(void **state)
{
    uint8_t key[8];
    const struct {
        uint64_t seq;
        size_t at;
        const char *what;
    } changes[] = {
        {7, ROW_ENTRY_HEAD + 20, "its content or salt is not what its leaf commits to"},
        {255, ROW_ENTRY_HEAD - 1, "its content or salt is not what its leaf commits to"}, // salt
        {256, 5, "its leaf is not the one in the tree"},                                  // time
        {299, 20, "its leaf is not the one in the tree"},                                 // commitment
        {100, 0, "its leaf is none of a known version"},
        {101, LOG_LEAF_SIZE, "its row is damaged"},
        {102, LOG_LEAF_SIZE + 1, "its content is of kind 2 and it is kept as kind 3"},
    };
    for (size_t i = 0; i < AM_LEN(changes); i++) {
        put_be64(key, changes[i].seq);
        expect_flip_found(TABLE_ENTRY, key, sizeof key, changes[i].at, changes[i].seq, changes[i].what);
    }
}

static void a_tile_an_edge_and_a_root_that_were_changed_are_named(void **state)
{
    const uint8_t tile[8] = {0}, edge = 0, above = 1;
    expect_flip_found(TABLE_TILE, tile, sizeof tile, 32 * 77 + 5, 77, "its leaf is not the one in the tree");
    expect_flip_found(TABLE_TILE, tile, sizeof tile, 32 * 77 + 5, 0, "the tree is damaged above it: level 8, node 0");
    expect_flip_found(TABLE_EDGE, &edge, 1, 32 * 3, 259, "its leaf is not the one in the tree");
    expect_flip_found(TABLE_EDGE, &above, 1, 4, 0, "the tree is damaged above it: level 8, node 0");
    expect_flip_found(TABLE_META, "state", 5, 9, 300,
                      "the root of the first 300 entries is not the one that the journal");
}

static void a_message_or_an_index_row_that_was_changed_is_named(void **state)
{
    struct faults faults;
    struct tampering tampering;
    uint8_t key[8], value[8];
    put_be64(key, 42);
    const size_t header = ROW_MESSAGE_HEAD(1) - 8, signature = header + 512, flags = signature + 1024,
                 body = flags + 64;
    expect_flip_found(TABLE_MESSAGE, key, sizeof key, 1, 42, "its message is kept under another digest");
    expect_flip_found(TABLE_MESSAGE, key, sizeof key, header, 42, "the header is not what its entry says");
    expect_flip_found(TABLE_MESSAGE, key, sizeof key, signature, 42, "the signature is not what");
    expect_flip_found(TABLE_MESSAGE, key, sizeof key, flags, 42, "the flags is not what");
    expect_flip_found(TABLE_MESSAGE, key, sizeof key, body + 50, 42, "the sealed body is not what");
    // A row of the kind's index for another entry: one missing, and a mailbox's for none at all.
    uint8_t of_kind[KEY_INDEX + 8], name[NAME_SIZE];
    const uint8_t kind = 2, mailbox[KEY_MAILBOX] = {0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 9};
    tamper_begin(&tampering);
    put_be64(value, 13);
    name_of_kind(kind, name);
    key_index(13, name, of_kind);
    memcpy(of_kind + KEY_INDEX, value, sizeof value);
    assert_int_equal(table_delete(tampering.txn, TABLE_INDEX, of_kind, sizeof of_kind), AM_OK);
    assert_int_equal(table_put(tampering.txn, TABLE_MAILBOX, 0, mailbox, sizeof mailbox, &kind, 1), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, 13, "it is missing in the index of its kind"));
    assert_true(faults_name(&faults, 0x909, "a mailbox names no entry"));
    tamper_begin(&tampering);
    assert_int_equal(table_add(tampering.txn, TABLE_INDEX, of_kind, KEY_INDEX, value, sizeof value), AM_OK);
    assert_int_equal(table_delete(tampering.txn, TABLE_MAILBOX, mailbox, sizeof mailbox), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_OK);
}

static void a_row_of_the_index_in_another_era_and_one_too_many_are_named(void **state)
{
    struct tampering tampering;
    struct faults faults;
    uint8_t key[KEY_INDEX], value[8], name[NAME_SIZE];
    name_of_kind(7, name);
    put_be64(value, 13);
    for (unsigned era = 0; era < 2; era++) {
        key_index(13 + era * ERA, name, key);
        tamper_begin(&tampering);
        assert_int_equal(table_add(tampering.txn, TABLE_INDEX, key, sizeof key, value, sizeof value), AM_OK);
        tamper_end(&tampering);
        assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
        assert_int_equal(faults_name(&faults, 13, "the index of kinds and parties has it in another era"), era > 0);
        assert_true(faults_name(&faults, JOURNAL_NONE, "the index of kinds has more or fewer rows"));
        tamper_begin(&tampering);
        uint8_t row[sizeof key + sizeof value];
        memcpy(row, key, sizeof key);
        memcpy(row + sizeof key, value, sizeof value);
        assert_int_equal(table_delete(tampering.txn, TABLE_INDEX, row, sizeof row), AM_OK);
        tamper_end(&tampering);
    }
    assert_int_equal(check(0, NULL, &faults), AM_OK);
}

static void a_life_a_chain_and_a_delivery_of_no_message_are_named(void **state)
{
    static const struct {
        enum table table;
        size_t key_len;
        const char *what;
    } rows[] = {{TABLE_LIFE, KEY_OF_NAME, "a life is of no message"},
                {TABLE_CHAIN, 8, "a chain is of no message"},
                {TABLE_DELIVERY, KEY_OF_NAME, "a delivery is of no message"}};
    const uint8_t key[KEY_OF_NAME] = {0, 0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 1};
    struct tampering tampering;
    struct faults faults;
    tamper_begin(&tampering);
    for (size_t i = 0; i < AM_LEN(rows); i++)
        assert_int_equal(table_put(tampering.txn, rows[i].table, 0, key, rows[i].key_len, "x", 1), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    for (size_t i = 0; i < AM_LEN(rows); i++)
        assert_true(faults_name(&faults, 0x909, rows[i].what));
    tamper_begin(&tampering);
    for (size_t i = 0; i < AM_LEN(rows); i++)
        assert_int_equal(table_delete(tampering.txn, rows[i].table, key, rows[i].key_len), AM_OK);
    tamper_end(&tampering);
}

static void what_keeps_a_case_from_states_is_checked(void **state)
{
    const uint8_t name[NAME_SIZE] = {0, 0, 0, 1};
    const uint8_t row[15 + JOURNAL_SHIELD_BY] = {0, 0, 0, 1, 'e', 'r', 3, 0, 0, 0, 0, 0, 0, 9, 9};
    struct tampering tampering;
    struct faults faults;
    tamper_begin(&tampering);
    assert_int_equal(table_put(tampering.txn, TABLE_SHIELD, 0, name, sizeof name, row, sizeof row), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, 0x909, "a case is kept from a state by no entry"));
    tamper_begin(&tampering);
    assert_int_equal(table_put(tampering.txn, TABLE_SHIELD, 0, name, sizeof name, row, sizeof row - 1), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, JOURNAL_NONE, "a row is damaged: from whom a case is kept"));
    tamper_begin(&tampering);
    assert_int_equal(table_delete(tampering.txn, TABLE_SHIELD, name, sizeof name), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_OK);
}

static void an_entry_that_is_missing_is_named(void **state)
{
    struct tampering tampering;
    struct am_bytes row;
    struct faults faults;
    uint8_t key[8], copy[2048];
    put_be64(key, 200);
    tamper_begin(&tampering);
    assert_int_equal(table_get(tampering.txn, TABLE_ENTRY, key, sizeof key, &row), AM_OK);
    size_t len = row.len;
    memcpy(copy, row.data, len);
    assert_int_equal(table_delete(tampering.txn, TABLE_ENTRY, key, sizeof key), AM_OK);
    tamper_end(&tampering);
    assert_int_equal(check(0, NULL, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, 200, "it is missing"));
    assert_false(faults_name(&faults, 201, ""));
    tamper_begin(&tampering);
    assert_int_equal(table_put(tampering.txn, TABLE_ENTRY, 0, key, sizeof key, copy, len), AM_OK);
    tamper_end(&tampering);
}

static void the_signers_record_is_compared_at_its_own_size(void **state)
{
    struct faults faults;
    uint8_t root[32];
    assert_int_equal(merkle_range_root(&world.signed_range, root), AM_OK);
    assert_int_equal(check(MESSAGES, root, &faults), AM_OK);
    root[3] ^= 1;
    assert_int_equal(check(MESSAGES, root, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, MESSAGES, "the root of the first 300 entries is not the one that the signer"));
    assert_int_equal(check(MESSAGES + 1, root, &faults), AM_CORRUPT);
    assert_true(faults_name(&faults, MESSAGES, "the signer has signed 301 entries and there are 300"));
}

static void an_open_journal_refuses_a_damaged_edge_and_another_format(void **state)
{
    struct store *store;
    struct am_detail detail;
    uint8_t key[8];
    const uint8_t edge = 0;
    char both[64];
    put_be64(key, 299);
    flip(TABLE_ENTRY, key, sizeof key, 20);
    assert_int_equal(store_open(&world.options, &detail, &store), AM_CORRUPT);
    flip(TABLE_ENTRY, key, sizeof key, 20);
    flip(TABLE_EDGE, &edge, 1, 40);
    assert_int_equal(store_open(&world.options, &detail, &store), AM_CORRUPT);
    flip(TABLE_EDGE, &edge, 1, 40);
    flip(TABLE_META, "format", 6, 1);
    assert_int_equal(store_open(&world.options, &detail, &store), AM_VERSION);
    snprintf(both, sizeof both, "format %u, this program knows %u", STORE_FORMAT | 1u << 16, STORE_FORMAT);
    assert_non_null(strstr(detail.text, both));
    flip(TABLE_META, "format", 6, 1);
    assert_int_equal(store_open(&world.options, &detail, &store), AM_OK);
    store_close(store);
}

// --- How far the database's file reaches, by LMDB's two newest commits (mdb.c, struct MDB_meta)
static uint64_t meta_exchange(uint64_t page, long field, uint64_t value)
{
    char path[128];
    uint64_t before;
    snprintf(path, sizeof path, "%s/journal/data.mdb", world.folder);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)page + field, SEEK_SET), 0);
    assert_int_equal(fread(&before, sizeof before, 1, file), 1);
    assert_int_equal(fseek(file, (long)page + field, SEEK_SET), 0);
    assert_int_equal(fwrite(&value, sizeof value, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    return before;
}

static enum am_err opened(struct am_detail *detail)
{
    MDB_env *env;
    enum am_err err = env_open(world.folder, 0, MDB_RDONLY, detail, &env);
    if (err == AM_OK)
        mdb_env_close(env);
    return err;
}

static void a_file_that_ends_before_its_newest_commit_is_not_opened_whichever_page_that_stands_in(void **state)
{
    enum { LAST = 136, TXN = 144 };
    const uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), pages = (64ull << 20) / size;
    struct am_detail detail;
    for (uint64_t newest = 0; newest <= size; newest += size) {
        uint64_t older = size - newest, txns[] = {meta_exchange(0, TXN, 1), meta_exchange(size, TXN, 1)};
        uint64_t newer_txn = txns[0] > txns[1] ? txns[0] : txns[1];
        uint64_t lasts[] = {meta_exchange(0, LAST, 5), meta_exchange(size, LAST, 5)};
        (void)meta_exchange(newest, TXN, newer_txn);
        (void)meta_exchange(older, TXN, newer_txn - 1);
        (void)meta_exchange(older, LAST, pages); // of no account any more
        (void)meta_exchange(newest, LAST, pages - 1);
        assert_int_equal(opened(&detail), AM_OK);
        (void)meta_exchange(newest, LAST, pages);
        assert_int_equal(opened(&detail), AM_CORRUPT);
        assert_non_null(strstr(detail.text, "its newest commit reaches page"));
        for (unsigned i = 0; i < 2; i++) {
            (void)meta_exchange(i * size, TXN, txns[i]);
            (void)meta_exchange(i * size, LAST, lasts[i]);
        }
    }
    assert_int_equal(opened(&detail), AM_OK);
}

static void a_file_whose_first_pages_are_none_of_lmdb_is_not_opened(void **state)
{
    const uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
    struct am_detail detail;
    for (uint64_t page = 0; page <= size; page += size) {
        uint64_t magic = meta_exchange(page, 16, 0);
        assert_int_equal(opened(&detail), AM_CORRUPT);
        assert_non_null(strstr(detail.text, "its first two pages are none of LMDB"));
        (void)meta_exchange(page, 16, magic);
    }
    assert_int_equal(opened(&detail), AM_OK);
}

static int world_make(void **state)
{
    struct kit_message *messages = calloc(MESSAGES, sizeof *messages);
    kit_make(&world, 64ull << 20, 1 << 20);
    for (unsigned i = 0; i < MESSAGES; i++) {
        kit_message(&messages[i], i, 1 + i % 3, 200);
        if (i == 42) {
            kit_message_clear(&messages[i]);
            kit_message(&messages[i], i, 1, 200);
        }
        kit_submit(&world, &messages[i].append);
    }
    kit_wait(&world, MESSAGES);
    kit_close(&world);
    for (unsigned i = 0; i < MESSAGES; i++)
        kit_message_clear(&messages[i]);
    free(messages);
    return 0;
}

static int world_clear(void **state)
{
    kit_clear(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_journal_has_no_fault),
        cmocka_unit_test(an_entry_that_was_changed_is_named),
        cmocka_unit_test(a_tile_an_edge_and_a_root_that_were_changed_are_named),
        cmocka_unit_test(a_message_or_an_index_row_that_was_changed_is_named),
        cmocka_unit_test(a_row_of_the_index_in_another_era_and_one_too_many_are_named),
        cmocka_unit_test(a_life_a_chain_and_a_delivery_of_no_message_are_named),
        cmocka_unit_test(what_keeps_a_case_from_states_is_checked),
        cmocka_unit_test(an_entry_that_is_missing_is_named),
        cmocka_unit_test(the_signers_record_is_compared_at_its_own_size),
        cmocka_unit_test(a_file_that_ends_before_its_newest_commit_is_not_opened_whichever_page_that_stands_in),
        cmocka_unit_test(a_file_whose_first_pages_are_none_of_lmdb_is_not_opened),
        cmocka_unit_test(an_open_journal_refuses_a_damaged_edge_and_another_format),
    };
    return cmocka_run_group_tests(tests, world_make, world_clear);
}
