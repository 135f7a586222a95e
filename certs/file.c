// SPDX-License-Identifier: Apache-2.0
// Files read whole with a limit, and files replaced whole or not at all.
#include "certs/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, uint8_t *data, size_t len, size_t *ret_got)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, data + got, len - got);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        got += (size_t)n;
    }
    *ret_got = got;
    return true;
}

// `secret`: into OpenSSL's secure heap.
static enum am_err read_open(int fd, const char *path, size_t limit, bool secret, struct am_detail *detail,
                             struct am_bytes *ret_bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return am_fail(AM_IO, detail, path, "not a regular file");
    if ((uint64_t)status.st_size > limit)
        return am_fail(AM_TOO_LARGE, detail, path, "it has %lld bytes, allowed are %zu", (long long)status.st_size,
                       limit);
    size_t size = (size_t)status.st_size, got;
    uint8_t *data = secret ? OPENSSL_secure_malloc(size + 1) : malloc(size + 1);
    if (data == NULL)
        return AM_NOMEM;
    if (!read_all(fd, data, size, &got)) {
        int saved = errno;
        if (secret)
            OPENSSL_secure_clear_free(data, size + 1);
        else
            free(data);
        return am_fail(AM_IO, detail, path, "can't be read: %s", strerror(saved));
    }
    data[got] = '\0';
    *ret_bytes = (struct am_bytes){data, got};
    return AM_OK;
}

static enum am_err read_path(const char *path, size_t limit, bool secret, struct am_detail *detail,
                             struct am_bytes *ret_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return am_fail(errno == ENOENT ? AM_NOT_FOUND : AM_IO, detail, path, "can't be opened: %s", strerror(errno));
    enum am_err err = read_open(fd, path, limit, secret, detail, ret_bytes);
    close(fd);
    return err;
}

enum am_err certs_read_file(const char *path, size_t limit, struct am_detail *detail, struct am_bytes *ret_bytes)
{
    return read_path(path, limit, false, detail, ret_bytes);
}

enum am_err certs_read_secret(const char *path, size_t limit, struct am_detail *detail, struct am_bytes *ret_bytes)
{
    return read_path(path, limit, true, detail, ret_bytes);
}

static bool write_all(int fd, struct am_bytes bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(fd, bytes.data + done, bytes.len - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

// Without it a rename may be forgotten in a power cut.
static bool sync_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

static enum am_err unwritten(const char *path, int error, struct am_detail *detail)
{
    return am_fail(AM_IO, detail, path, "can't be written: %s", strerror(error));
}

enum am_err certs_replace_begin(const char *path, unsigned mode, struct am_detail *detail,
                                struct certs_replacing *ret_replacing)
{
    struct certs_replacing *replacing = ret_replacing;
    replacing->path = path;
    if (snprintf(replacing->temporary, sizeof replacing->temporary, "%s.XXXXXX", path) >=
        (int)sizeof replacing->temporary)
        return am_fail(AM_TOO_LARGE, detail, path, "this path is too long");
    replacing->fd = mkostemp(replacing->temporary, O_CLOEXEC);
    if (replacing->fd < 0)
        return unwritten(path, errno, detail);
    if (fchmod(replacing->fd, (mode_t)mode) == 0)
        return AM_OK;
    return certs_replace_end(replacing, unwritten(path, errno, detail), NULL);
}

enum am_err certs_replace_put(const struct certs_replacing *replacing, struct am_bytes bytes, struct am_detail *detail)
{
    return write_all(replacing->fd, bytes) ? AM_OK : unwritten(replacing->path, errno, detail);
}

enum am_err certs_replace_end(const struct certs_replacing *replacing, enum am_err err, struct am_detail *detail)
{
    if (err == AM_OK && fsync(replacing->fd) != 0)
        err = unwritten(replacing->path, errno, detail);
    if (close(replacing->fd) != 0 && err == AM_OK)
        err = unwritten(replacing->path, errno, detail);
    if (err == AM_OK && (rename(replacing->temporary, replacing->path) != 0 || !sync_folder(replacing->path)))
        err = unwritten(replacing->path, errno, detail);
    if (err != AM_OK)
        unlink(replacing->temporary);
    return err;
}

enum am_err certs_write_file(const char *path, struct am_bytes bytes, unsigned mode, struct am_detail *detail)
{
    struct certs_replacing replacing;
    TRY(certs_replace_begin(path, mode, detail, &replacing));
    return certs_replace_end(&replacing, certs_replace_put(&replacing, bytes, detail), detail);
}

static enum am_err write_bio(const char *path, BIO *bio, bool filled, struct am_detail *detail)
{
    char *pem = NULL;
    long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &pem);
    enum am_err err = filled
                          ? certs_write_file(path, (struct am_bytes){(const uint8_t *)pem, (size_t)len}, 0644, detail)
                          : am_fail(AM_NOMEM, detail, path, "OpenSSL could not encode it");
    BIO_free(bio);
    return err;
}

enum am_err keyfile_write_request(const char *path, X509_REQ *request, struct am_detail *detail)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool filled = bio != NULL && PEM_write_bio_X509_REQ(bio, request) == 1;
    return write_bio(path, bio, filled, detail);
}

enum am_err certs_write_pem(const char *path, STACK_OF(X509) *certificates, struct am_detail *detail)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool filled = bio != NULL;
    for (int i = 0; filled && i < sk_X509_num(certificates); i++)
        filled = PEM_write_bio_X509(bio, sk_X509_value(certificates, i)) == 1;
    return write_bio(path, bio, filled, detail);
}

// One block of a PEM file; false at the end of the file (ret_err AM_OK) or where a block is bad.
static bool read_block(BIO *bio, STACK_OF(X509) *stack, enum am_err *ret_err)
{
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (x509 == NULL) {
        *ret_err = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? AM_OK : AM_INVALID;
        return false;
    }
    if (sk_X509_push(stack, x509) > 0)
        return true;
    X509_free(x509);
    *ret_err = AM_NOMEM;
    return false;
}

void certs_free_pem(STACK_OF(X509) *stack)
{
    sk_X509_pop_free(stack, X509_free);
}

enum am_err certs_read_pem(const char *path, struct am_detail *detail, STACK_OF(X509) **ret_stack)
{
    struct am_bytes file;
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &file));
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    STACK_OF(X509) *stack = sk_X509_new_null();
    enum am_err err = bio == NULL || stack == NULL ? AM_NOMEM : AM_OK;
    ERR_clear_error();
    while (err == AM_OK && read_block(bio, stack, &err))
        ;
    if (err == AM_OK && sk_X509_num(stack) == 0)
        err = AM_INVALID;
    ERR_clear_error();
    BIO_free(bio);
    free((void *)file.data);
    if (err != AM_OK) {
        certs_free_pem(stack);
        return am_fail(err, detail, path, "this file must hold certificates in PEM (BEGIN CERTIFICATE), whole");
    }
    *ret_stack = stack;
    return AM_OK;
}
