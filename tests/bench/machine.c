// SPDX-License-Identifier: Apache-2.0
// The bare limits: one sync, one commit, one verification.
#include "machine.h"

#include "certs/clock.h"
#include "client/session/link.h"

#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAP       (256ull << 20)
#define ZEROS     (1u << 20)
#define APPEND    4096
#define ENTRY     400
#define VALUE_MAX (64 * 1024)
#define FILE_NAME "bench-append"

enum table { TABLE_ENTRY, TABLE_MESSAGE, TABLE_ID, TABLE_PARTY, TABLES };

// One environment of LMDB.
struct yard {
    MDB_env *env;
    MDB_dbi tables[TABLES];
    uint64_t seq;
};

static const char *const FOLDERS[BLOCKS] = {[BLOCKS_UNWRITTEN] = "bench-lmdb", [BLOCKS_WRITTEN] = "bench-lmdb-written"};

struct machine {
    char folder[PATH_MAX - 64];
    int fd;
    struct yard yards[BLOCKS];
    EVP_PKEY *key;
    uint8_t digest[32], signature[80];
    size_t signature_len;
};

static double since_us(uint64_t began)
{
    return (double)(clock_monotonic() - began) / 1e3;
}

static void path_of(const struct machine *machine, const char *name, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%s/%s", machine->folder, name);
}

// What no page uses yet, written with zeros.
static bool write_blocks(MDB_env *env, int fd)
{
    static const uint8_t zeros[ZEROS];
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0)
        return false;
    for (off_t at = (off_t)((info.me_last_pgno + 1) * stat.ms_psize); at < (off_t)MAP; at += ZEROS) {
        size_t len = (off_t)MAP - at < (off_t)ZEROS ? (size_t)((off_t)MAP - at) : ZEROS;
        if (pwrite(fd, zeros, len, at) != (ssize_t)len)
            return false;
    }
    return fdatasync(fd) == 0;
}

static bool open_lmdb(struct machine *machine, enum machine_blocks blocks)
{
    static const char *const NAMES[TABLES] = {"entry", "message", "id", "party"};
    struct yard *yard = &machine->yards[blocks];
    char path[PATH_MAX];
    MDB_txn *txn;
    mdb_filehandle_t fd;
    path_of(machine, FOLDERS[blocks], path);
    (void)mkdir(path, 0700);
    if (mdb_env_create(&yard->env) != 0 || mdb_env_set_maxdbs(yard->env, TABLES) != 0 ||
        mdb_env_set_mapsize(yard->env, MAP) != 0 || mdb_env_open(yard->env, path, 0, 0600) != 0 ||
        mdb_env_get_fd(yard->env, &fd) != 0 || posix_fallocate(fd, 0, (off_t)MAP) != 0 ||
        mdb_txn_begin(yard->env, NULL, 0, &txn) != 0)
        return false;
    for (unsigned i = 0; i < TABLES; i++)
        if (mdb_dbi_open(txn, NAMES[i], MDB_CREATE, &yard->tables[i]) != 0) {
            mdb_txn_abort(txn);
            return false;
        }
    return mdb_txn_commit(txn) == 0 && (blocks != BLOCKS_WRITTEN || write_blocks(yard->env, fd));
}

static bool make_signature(struct machine *machine)
{
    machine->key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *ctx = machine->key == NULL ? NULL : EVP_PKEY_CTX_new(machine->key, NULL);
    machine->signature_len = sizeof machine->signature;
    memset(machine->digest, 0x5a, sizeof machine->digest);
    bool made =
        ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
        EVP_PKEY_sign(ctx, machine->signature, &machine->signature_len, machine->digest, sizeof machine->digest) == 1;
    EVP_PKEY_CTX_free(ctx);
    return made;
}

enum am_err machine_open(const char *folder, struct machine **ret_machine)
{
    char path[PATH_MAX];
    struct machine *machine = calloc(1, sizeof *machine);
    if (machine == NULL)
        return AM_NOMEM;
    snprintf(machine->folder, sizeof machine->folder, "%s", folder);
    path_of(machine, FILE_NAME, path);
    machine->fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (machine->fd < 0 || !open_lmdb(machine, BLOCKS_UNWRITTEN) || !open_lmdb(machine, BLOCKS_WRITTEN) ||
        !make_signature(machine)) {
        machine_close(machine);
        return AM_IO;
    }
    *ret_machine = machine;
    return AM_OK;
}

void machine_close(struct machine *machine)
{
    static const char *const LEFT[] = {"/data.mdb", "/lock.mdb", ""};
    char path[PATH_MAX], name[64];
    if (machine == NULL)
        return;
    if (machine->fd >= 0)
        close(machine->fd);
    EVP_PKEY_free(machine->key);
    path_of(machine, FILE_NAME, path);
    (void)remove(path);
    for (unsigned blocks = 0; blocks < BLOCKS; blocks++) {
        if (machine->yards[blocks].env != NULL)
            mdb_env_close(machine->yards[blocks].env);
        for (size_t i = 0; i < AM_LEN(LEFT); i++) {
            snprintf(name, sizeof name, "%s%s", FOLDERS[blocks], LEFT[i]);
            path_of(machine, name, path);
            (void)remove(path);
        }
    }
    free(machine);
}

enum am_err machine_sync(struct machine *machine, size_t rounds, double *us)
{
    static const uint8_t page[APPEND];
    for (size_t i = 0; i < rounds; i++) {
        uint64_t began = clock_monotonic();
        if (write(machine->fd, page, sizeof page) != sizeof page || fdatasync(machine->fd) != 0)
            return AM_IO;
        us[i] = since_us(began);
    }
    return AM_OK;
}

static bool put_rows(struct yard *yard, MDB_txn *txn, size_t size)
{
    static uint8_t value[VALUE_MAX];
    uint8_t seq[8], id[32];
    for (int i = 0; i < 8; i++)
        seq[i] = (uint8_t)(yard->seq >> (56 - 8 * i));
    for (size_t i = 0; i < sizeof id; i++) // spread over the table, as digests are
        id[i] = (uint8_t)((yard->seq + 1) * 2654435761u >> (i % 4 * 8));
    yard->seq++;
    MDB_val key = {sizeof seq, seq}, entry = {ENTRY, value}, name = {sizeof id, id};
    MDB_val message = {size < VALUE_MAX ? size : VALUE_MAX, value};
    return mdb_put(txn, yard->tables[TABLE_ENTRY], &key, &entry, MDB_APPEND) == 0 &&
           mdb_put(txn, yard->tables[TABLE_MESSAGE], &key, &message, MDB_APPEND) == 0 &&
           mdb_put(txn, yard->tables[TABLE_ID], &name, &key, 0) == 0 &&
           mdb_put(txn, yard->tables[TABLE_PARTY], &key, &name, MDB_APPEND) == 0;
}

enum am_err machine_commit(struct machine *machine, enum machine_blocks blocks, size_t size, size_t rounds, double *us)
{
    struct yard *yard = &machine->yards[blocks];
    for (size_t i = 0; i < rounds; i++) {
        MDB_txn *txn;
        uint64_t began = clock_monotonic();
        if (mdb_txn_begin(yard->env, NULL, 0, &txn) != 0)
            return AM_IO;
        if (!put_rows(yard, txn, size)) {
            mdb_txn_abort(txn);
            return AM_IO;
        }
        if (mdb_txn_commit(txn) != 0)
            return AM_IO;
        us[i] = since_us(began);
    }
    return AM_OK;
}

static double cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

enum am_err machine_verify(struct machine *machine, size_t rounds, double *us)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(machine->key, NULL);
    bool held = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    for (size_t i = 0; i < rounds && held; i++) {
        double began = cpu_us();
        held = EVP_PKEY_verify(ctx, machine->signature, machine->signature_len, machine->digest,
                               sizeof machine->digest) == 1;
        us[i] = cpu_us() - began;
    }
    EVP_PKEY_CTX_free(ctx);
    return held ? AM_OK : AM_CRYPTO;
}
