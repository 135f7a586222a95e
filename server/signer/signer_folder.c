// SPDX-License-Identifier: Apache-2.0
// Making and reading the signer's folder.
#include "server/signer/signer_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum am_err signer_path(const char *folder, const char *name, char ret_path[SIGNER_PATH_MAX])
{
    int len = snprintf(ret_path, SIGNER_PATH_MAX, "%s/%s", folder, name);
    return len > 0 && len < SIGNER_PATH_MAX ? AM_OK : AM_TOO_LARGE;
}

// A new file of that mode, synced; `put` writes into it.
static enum am_err make_file(const char *path, mode_t mode, int (*put)(FILE *out, const void *what), const void *what)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return errno == EEXIST ? AM_EXISTS : AM_IO;
    FILE *out = fdopen(fd, "w");
    if (out == NULL) {
        close(fd);
        return AM_IO;
    }
    int good = put(out, what) && fflush(out) == 0 && fsync(fd) == 0;
    if (fclose(out) != 0 || !good) {
        unlink(path);
        return AM_IO;
    }
    return AM_OK;
}

static int put_key(FILE *out, const void *key)
{
    return PEM_write_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
}

static int put_line(FILE *out, const void *text)
{
    return fprintf(out, "%s\n", (const char *)text) > 0;
}

static enum am_err make_key(const char *folder, EVP_PKEY *key, const char *vkey, struct am_detail *detail)
{
    char path[SIGNER_PATH_MAX];
    TRY(signer_path(folder, "log.key", path));
    enum am_err err = make_file(path, 0600, put_key, key);
    if (err != AM_OK)
        return am_fail(err, detail, "log.key", "%.200s can't be made: %s", path, strerror(errno));
    TRY(signer_path(folder, "log.pub", path));
    TRY(make_file(path, 0644, put_line, vkey));
    TRY(signer_path(folder, "record", path));
    return signer_state_create(path);
}

enum am_err signer_init(const char *folder, const char *origin, char ret_vkey[LOG_VKEY_MAX], struct am_detail *detail)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, "signer", "%.200s can't be made: %s", folder, strerror(errno));
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    char vkey[LOG_VKEY_MAX];
    enum am_err err = key == NULL ? AM_CRYPTO : log_vkey_text(origin, key, vkey);
    if (err == AM_OK)
        err = make_key(folder, key, vkey, detail);
    EVP_PKEY_free(key);
    if (err == AM_OK)
        strcpy(ret_vkey, vkey);
    return err;
}

enum am_err signer_record(const char *folder, uint64_t *ret_size, uint8_t ret_root[LOG_HASH_SIZE])
{
    char path[SIGNER_PATH_MAX];
    struct signer_state state;
    TRY(signer_path(folder, "record", path));
    TRY(signer_state_open(path, 0, &state));
    enum am_err err = merkle_range_root(&state.range, ret_root);
    *ret_size = state.range.size;
    signer_state_close(&state);
    return err;
}

enum am_err signer_key_load(const char *folder, struct am_detail *detail, EVP_PKEY **ret_key)
{
    char path[SIGNER_PATH_MAX];
    struct stat info;
    TRY(signer_path(folder, "log.key", path));
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return am_fail(AM_CONFIG, detail, "log.key", "%.200s can't be read: %s; `amanad init` makes it", path,
                       strerror(errno));
    EVP_PKEY *key = NULL;
    if (fstat(fileno(in), &info) == 0 && (info.st_mode & 077) == 0)
        key = PEM_read_PrivateKey(in, NULL, NULL, (void *)"");
    fclose(in);
    if (key == NULL || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return am_fail(AM_CONFIG, detail, "log.key",
                       "%.200s must be an Ed25519 key in PEM that only its owner may read", path);
    }
    *ret_key = key;
    return AM_OK;
}
