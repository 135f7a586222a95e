// SPDX-License-Identifier: Apache-2.0
// Making and reading the signer's folder.
#include "server/signer/signer_folder.h"

#include "proto/codec/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdbool.h>
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

// What was made in a folder is found again after a power cut.
static enum am_err sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good ? AM_OK : AM_IO;
}

static enum am_err make_files(const char *folder, EVP_PKEY *key, const char *vkey, struct am_detail *detail)
{
    char path[SIGNER_PATH_MAX];
    TRY(signer_path(folder, "log.key", path));
    enum am_err err = make_file(path, 0600, put_key, key);
    if (err == AM_OK)
        err = signer_path(folder, "log.pub", path);
    if (err == AM_OK)
        err = make_file(path, 0644, put_line, vkey);
    if (err == AM_OK)
        err = signer_path(folder, "record", path);
    if (err == AM_OK)
        err = signer_state_create(path);
    if (err == AM_OK)
        err = sync_folder(folder);
    return err == AM_OK ? AM_OK : am_fail(err, detail, "signer", "%.200s can't be made: %s", path, strerror(errno));
}

enum am_err signer_init(const char *folder, const char *origin, char ret_vkey[LOG_VKEY_MAX], struct am_detail *detail)
{
    char vkey[LOG_VKEY_MAX];
    if (!log_origin_valid(origin))
        return am_fail(AM_INVALID, detail, "origin",
                       "\"%.80s\" can't be one: 1 to 255 printable characters without space "
                       "or '+'",
                       origin);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, "signer", "%.200s can't be made: %s", folder, strerror(errno));
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    enum am_err err = key == NULL ? AM_CRYPTO : log_vkey_text(origin, key, vkey);
    if (err == AM_OK)
        err = make_files(folder, key, vkey, detail);
    EVP_PKEY_free(key);
    if (err == AM_OK)
        memcpy(ret_vkey, vkey, sizeof vkey);
    return err;
}

enum am_err signer_record(const char *folder, uint64_t *ret_size, uint8_t ret_root[LOG_HASH_SIZE])
{
    char path[SIGNER_PATH_MAX];
    struct signer_state state;
    TRY(signer_path(folder, "record", path));
    TRY(signer_state_open(path, SIGNER_READ, &state));
    enum am_err err = merkle_range_root(&state.range, ret_root);
    *ret_size = state.range.size;
    signer_state_close(&state);
    return err;
}

// RFC 8410: what PKCS#8 of an Ed25519 key is before its 32 bytes.
static const uint8_t PKCS8_HEAD[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                     0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
#define KEY_BEGIN "-----BEGIN PRIVATE KEY-----"
#define KEY_END   "-----END PRIVATE KEY-----"
#define FILE_MAX  1024

struct key_room {
    char text[FILE_MAX], letters[FILE_MAX];
    uint8_t der[BASE64_DECODED(FILE_MAX)];
};

// OpenSSL's decoders leave text and DER of a key in memory that they give back unwiped: by hand, as it is one shape.
// NULL where it is another.
static EVP_PKEY *key_parse(struct key_room *room)
{
    const char *from = strstr(room->text, KEY_BEGIN), *until = strstr(room->text, KEY_END);
    size_t n = 0, len;
    if (from == NULL || until == NULL || until < from)
        return NULL;
    for (const char *at = from + strlen(KEY_BEGIN); at < until; at++)
        if (*at != '\n' && *at != '\r')
            room->letters[n++] = *at;
    if (base64_decode(room->letters, n, room->der, &len) != AM_OK || len != sizeof PKCS8_HEAD + 32 ||
        memcmp(room->der, PKCS8_HEAD, sizeof PKCS8_HEAD) != 0)
        return NULL;
    // OpenSSL 3.0 puts a key that is given so into plain memory, its copy into the secure heap, and wipes the first.
    EVP_PKEY *plain = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, room->der + sizeof PKCS8_HEAD, 32);
    EVP_PKEY *key = plain != NULL ? EVP_PKEY_dup(plain) : NULL;
    EVP_PKEY_free(plain);
    return key;
}

enum am_err signer_key_load(const char *folder, struct am_detail *detail, EVP_PKEY **ret_key)
{
    char path[SIGNER_PATH_MAX];
    struct stat info;
    TRY(signer_path(folder, "log.key", path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return am_fail(AM_CONFIG, detail, "log.key", "%.200s can't be read: %s; `amanad init` makes it", path,
                       strerror(errno));
    bool is_closed = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0;
    struct key_room *room = OPENSSL_secure_zalloc(sizeof *room); // locked where OpenSSL's secure heap is set up
    ssize_t len = is_closed && room != NULL ? read(fd, room->text, sizeof room->text) : 0;
    close(fd);
    EVP_PKEY *key = len > 0 && len < FILE_MAX ? key_parse(room) : NULL;
    bool no_room = room == NULL;
    OPENSSL_secure_clear_free(room, sizeof *room);
    if (no_room)
        return AM_NOMEM;
    if (!is_closed)
        return am_fail(AM_CONFIG, detail, "log.key", "%.200s may be read by others than its owner: chmod 600 it", path);
    if (key == NULL)
        return am_fail(AM_CONFIG, detail, "log.key", "%.200s must be an Ed25519 key in PKCS#8 PEM", path);
    *ret_key = key;
    return AM_OK;
}
