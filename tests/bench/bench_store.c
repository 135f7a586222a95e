// SPDX-License-Identifier: Apache-2.0
// What the journal costs beside the disk: batches of messages against one bare LMDB commit of the same bytes, taken in
// turns in one run; then what a message takes on disk, and what a proof costs. Prints; passes or fails on nothing.
#include "../unit/store_kit.h"
#include "figures.h"

#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP     (1ull << 30)
#define BODY    2300
#define MOST    256
#define ROUNDS  200
#define WARM_UP 20
#define PROOFS  20000

#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static double now_us(void)
{
    return figures_now_ms() * 1e3;
}

static double part(double *values, size_t n, double share)
{
    figures_sort(values, n);
    return values[(size_t)((double)(n - 1) * share)];
}

// --- The bare commit: entry, message and two small indexes
struct bare {
    char folder[64];
    MDB_env *env;
    MDB_dbi entry, message, id, party;
    uint64_t seq;
};

static void bare_open(struct bare *bare)
{
    MDB_txn *txn;
    mdb_filehandle_t fd;
    snprintf(bare->folder, sizeof bare->folder, "%s", "/tmp/amana-bare-XXXXXX");
    HOLDS(mkdtemp(bare->folder) != NULL);
    HOLDS(mdb_env_create(&bare->env) == 0 && mdb_env_set_maxdbs(bare->env, 4) == 0);
    HOLDS(mdb_env_set_mapsize(bare->env, MAP) == 0 && mdb_env_open(bare->env, bare->folder, 0, 0600) == 0);
    HOLDS(mdb_env_get_fd(bare->env, &fd) == 0 && posix_fallocate(fd, 0, (off_t)MAP) == 0);
    HOLDS(mdb_txn_begin(bare->env, NULL, 0, &txn) == 0);
    HOLDS(mdb_dbi_open(txn, "entry", MDB_CREATE, &bare->entry) == 0);
    HOLDS(mdb_dbi_open(txn, "message", MDB_CREATE, &bare->message) == 0);
    HOLDS(mdb_dbi_open(txn, "id", MDB_CREATE, &bare->id) == 0);
    HOLDS(mdb_dbi_open(txn, "party", MDB_CREATE, &bare->party) == 0);
    HOLDS(mdb_txn_commit(txn) == 0);
}

static void bare_put(struct bare *bare, const struct kit_message *message, MDB_txn *txn)
{
    uint8_t seq[8], room[8192];
    size_t len = 0;
    for (int i = 0; i < 8; i++)
        seq[i] = (uint8_t)(bare->seq >> (56 - 8 * i));
    bare->seq++;
    const struct am_bytes parts[] = {message->message.header, message->message.signature, message->message.flags,
                                     message->message.body};
    for (size_t i = 0; i < AM_LEN(parts); i++) {
        memcpy(room + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    MDB_val key = {8, seq}, entry = {message->entry.content.len, (void *)message->entry.content.data};
    MDB_val kept = {len, room}, id = {32, (void *)message->message.header_digest};
    HOLDS(mdb_put(txn, bare->entry, &key, &entry, MDB_APPEND) == 0);
    HOLDS(mdb_put(txn, bare->message, &key, &kept, MDB_APPEND) == 0);
    HOLDS(mdb_put(txn, bare->id, &id, &key, 0) == 0);
    HOLDS(mdb_put(txn, bare->party, &key, &id, MDB_APPEND) == 0);
}

// Bytes that this process has written, to the page cache at least.
static double written(void)
{
    char line[128];
    unsigned long long bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "wchar: %llu", &bytes) != 1)
        continue;
    if (file != NULL)
        fclose(file);
    return (double)bytes;
}

static double bare_round(struct bare *bare, const struct kit_message *messages, size_t n)
{
    MDB_txn *txn;
    double begin = now_us();
    HOLDS(mdb_txn_begin(bare->env, NULL, 0, &txn) == 0);
    for (size_t i = 0; i < n; i++)
        bare_put(bare, &messages[i], txn);
    HOLDS(mdb_txn_commit(txn) == 0);
    return now_us() - begin;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    return remove(path);
}

static void bare_close(struct bare *bare)
{
    mdb_env_close(bare->env);
    nftw(bare->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// --- The journal
static double store_round(struct kit *kit, struct kit_message *messages, size_t n)
{
    double begin = now_us();
    for (size_t i = 0; i < n; i++)
        kit_submit(kit, &messages[i].append);
    kit_wait(kit, n);
    double took = now_us() - begin;
    kit_forget(kit);
    return took;
}

// The same messages with a deadline each, as a hub writes them, and without one, in turns.
static void deadlines(struct kit *kit, unsigned *number, size_t n)
{
    static struct kit_message messages[MOST];
    static struct journal_deadline rows[MOST];
    double with[ROUNDS], without[ROUNDS], with_bytes = 0, without_bytes = 0;
    for (size_t round = 0; round < WARM_UP + ROUNDS; round++) {
        size_t at = round < WARM_UP ? 0 : round - WARM_UP;
        for (int has = 0; has < 2; has++) {
            for (size_t i = 0; i < n; i++) {
                kit_message(&messages[i], *number, 1, BODY);
                // Four urgencies, each at the end of its own run of rows.
                rows[i] = (struct journal_deadline){
                    .kind = 1, .subject = JOURNAL_SELF, .at = (uint64_t)(1 + *number % 4) << 50 | *number};
                messages[i].append.deadlines = &rows[i];
                messages[i].append.n_deadlines = has;
                (*number)++;
            }
            double begin = written(), took = store_round(kit, messages, n);
            (has ? with : without)[at] = took;
            *(has ? &with_bytes : &without_bytes) += written() - begin;
            for (size_t i = 0; i < n; i++)
                kit_message_clear(&messages[i]);
        }
    }
    double turns = (double)(WARM_UP + ROUNDS) * 4096;
    double a = part(with, ROUNDS, 0.5), b = part(without, ROUNDS, 0.5);
    printf("%4zu in flight with a deadline each: %6.0f us, %.0f pages | without %6.0f us, %.0f pages | %.3f x\n", n, a,
           with_bytes / turns, b, without_bytes / turns, a / b);
}

static void batches(struct kit *kit, struct bare *bare, unsigned *number, size_t n)
{
    static struct kit_message messages[MOST];
    double ours[ROUNDS], theirs[ROUNDS], our_bytes = 0, their_bytes = 0;
    size_t rounds = n >= 64 ? ROUNDS / 2 : ROUNDS;
    for (size_t round = 0; round < WARM_UP + rounds; round++) {
        for (size_t i = 0; i < n; i++)
            kit_message(&messages[i], (*number)++, 1, BODY);
        size_t at = round < WARM_UP ? 0 : round - WARM_UP;
        double begin = written();
        ours[at] = store_round(kit, messages, n);
        double middle = written();
        theirs[at] = bare_round(bare, messages, n);
        our_bytes += middle - begin;
        their_bytes += written() - middle;
        for (size_t i = 0; i < n; i++)
            kit_message_clear(&messages[i]);
    }
    double our = part(ours, rounds, 0.5), their = part(theirs, rounds, 0.5);
    double turns = (double)(WARM_UP + rounds) * 4096;
    printf("%4zu in flight: %6.0f appends/s, %6.0f us (p10 %.0f, p90 %.0f), %.0f pages written | bare commit %6.0f us "
           "(p10 %.0f, p90 %.0f), %.0f pages | %.2f x\n",
           n, (double)n * 1e6 / our, our, part(ours, rounds, 0.1), part(ours, rounds, 0.9), our_bytes / turns, their,
           part(theirs, rounds, 0.1), part(theirs, rounds, 0.9), their_bytes / turns, our / their);
}

// --- What it takes
static uint64_t tree_bytes(MDB_txn *txn, const char *name)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t bytes = 0;
    HOLDS(mdb_dbi_open(txn, name, 0, &dbi) == 0 && mdb_cursor_open(txn, dbi, &cursor) == 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        bytes += key.mv_size + value.mv_size;
    mdb_cursor_close(cursor);
    return bytes;
}

// Of a closed journal of nothing but messages.
static void space(const struct kit *kit, uint64_t messages)
{
    static struct kit_message message;
    char path[256];
    MDB_env *env;
    MDB_txn *txn;
    MDB_envinfo info;
    snprintf(path, sizeof path, "%s/journal", kit->folder);
    HOLDS(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 16) == 0);
    HOLDS(mdb_env_open(env, path, MDB_RDONLY, 0600) == 0 && mdb_env_info(env, &info) == 0);
    HOLDS(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
    double tree = (double)tree_bytes(txn, "tile") / (double)messages;
    double rows =
        (double)(tree_bytes(txn, "entry") + tree_bytes(txn, "message") + tree_bytes(txn, "row")) / (double)messages;
    mdb_txn_abort(txn);
    mdb_env_close(env);
    kit_message(&message, 0, 1, BODY);
    const struct journal_message *m = &message.message;
    double own = (double)(message.entry.content.len + m->header.len + m->signature.len + m->flags.len + m->body.len);
    double file = (double)(info.me_last_pgno + 1) * 4096 / (double)messages;
    printf("a message to one recipient, %.0f bytes of its own (content, header, signature, flags, body): %.0f beside "
           "them, %.0f of tree;\n  in the file %.0f, %.2f x all of these (pages given back included)\n",
           own, rows - own, tree, file, file / (rows + tree));
    kit_message_clear(&message);
}

static void proofs(const struct kit *kit)
{
    static double took[PROOFS];
    struct store_view *view;
    struct merkle_path path;
    uint64_t seed = 88172645463325252ull, size;
    HOLDS(store_view_begin(kit->store, &view) == AM_OK);
    size = store_view_size(view);
    for (size_t i = 0; i < PROOFS; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        double begin = now_us();
        HOLDS(store_inclusion(view, seed % size, 0, &path) == AM_OK);
        took[i] = now_us() - begin;
    }
    printf("an inclusion proof in %llu entries: %.1f us, p99 %.1f us; ", (unsigned long long)size,
           part(took, PROOFS, 0.5), part(took, PROOFS, 0.99));
    double begin = now_us();
    for (uint64_t i = 0; i < PROOFS; i++)
        HOLDS(store_inclusion(view, i % size, 0, &path) == AM_OK);
    printf("in order %.1f us; ", (now_us() - begin) / PROOFS);
    begin = now_us();
    for (uint64_t i = 0; i < PROOFS; i++)
        HOLDS(store_view_renew(view) == AM_OK);
    printf("a view renewed: %.2f us\n", (now_us() - begin) / PROOFS);
    store_view_end(view);
}

int main(void)
{
    static const size_t flights[] = {1, 16, 64, 256};
    struct kit kit;
    struct bare bare = {.seq = 0};
    unsigned number = 0;
    kit_make(&kit, MAP, 16u << 20);
    bare_open(&bare);
    for (int again = 0; again < 2; again++) { // the second time with something in it
        printf("from %u entries on (signed by a hash: the signer is measured elsewhere)\n", number);
        for (size_t i = 0; i < AM_LEN(flights); i++)
            batches(&kit, &bare, &number, flights[i]);
    }
    proofs(&kit);
    kit_close(&kit);
    space(&kit, number);
    bare_close(&bare);
    kit_open(&kit);
    for (size_t i = 0; i < AM_LEN(flights); i++)
        deadlines(&kit, &number, flights[i] < 256 ? flights[i] : 128);
    kit_clear(&kit);
    return 0;
}
