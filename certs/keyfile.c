// SPDX-License-Identifier: Apache-2.0
// Private keys in files and certificate requests: P-256, PKCS#8 PEM, scrypt where there is a passphrase.
#include "certs/keyfile.h"

#include "certs/keyfile_plain.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRYPT_N    16384u // above it OpenSSL's own limit of 32 MiB refuses to read the file again
#define SCRYPT_R    8u
#define SCRYPT_P    1u
#define SCRYPT_SALT 16u
#define KEYFILE_MAX (16u * 1024)

int keyfile_passphrase_from_fd(void *fd, char *buffer, size_t size)
{
    int *descriptor = fd;
    size_t len = 0;
    if (*descriptor < 0)
        return -1;
    for (ssize_t got = 1; got != 0 && len < size;) {
        got = read(*descriptor, buffer + len, size - len);
        if (got < 0 && errno != EINTR)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    close(*descriptor);
    *descriptor = -1;
    const char *newline = memchr(buffer, '\n', len);
    return newline == NULL ? (int)len : (int)(newline - buffer);
}

EVP_PKEY *keyfile_generate(void)
{
    return EVP_EC_gen("P-256");
}

static int ask(const struct keyfile_passphrase *passphrase, char buffer[KEYFILE_PASSPHRASE_MAX])
{
    int len = passphrase->get(passphrase->user, buffer, KEYFILE_PASSPHRASE_MAX);
    return len > 0 && len <= (int)KEYFILE_PASSPHRASE_MAX ? len : -1;
}

// Encrypts with scrypt and AES-256-CBC (RFC 7914 §7), as `openssl pkcs8 -topk8 -scrypt` does.
static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *info, const char *passphrase, int len)
{
    uint8_t salt[SCRYPT_SALT];
    if (RAND_bytes(salt, sizeof salt) != 1)
        return false;
    X509_ALGOR *algorithm =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof salt, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
    if (algorithm == NULL)
        return false;
    X509_SIG *sealed = PKCS8_set0_pbe(passphrase, len, info, algorithm);
    if (sealed == NULL) {
        X509_ALGOR_free(algorithm);
        return false;
    }
    bool written = PEM_write_bio_PKCS8(bio, sealed) == 1;
    X509_SIG_free(sealed);
    return written;
}

static enum am_err encode_key(BIO *bio, EVP_PKEY *key, const struct keyfile_passphrase *passphrase,
                              struct am_detail *detail)
{
    char buffer[KEYFILE_PASSPHRASE_MAX];
    int len = passphrase == NULL ? 0 : ask(passphrase, buffer);
    if (len < 0)
        return am_fail(AM_DENIED, detail, "passphrase", "none was given");
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    bool written = info != NULL && (passphrase == NULL ? PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1
                                                       : write_encrypted(bio, info, buffer, len));
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_cleanse(buffer, sizeof buffer);
    return written ? AM_OK : am_fail(AM_CRYPTO, detail, "key", "OpenSSL could not encode the private key");
}

enum am_err keyfile_write(const char *path, EVP_PKEY *key, const struct keyfile_passphrase *passphrase,
                          struct am_detail *detail)
{
    if (access(path, F_OK) == 0)
        return am_fail(AM_EXISTS, detail, path, "a key is there already; move it away first, it is never replaced");
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL)
        return AM_NOMEM;
    enum am_err err = encode_key(bio, key, passphrase, detail);
    if (err == AM_OK) {
        char *pem = NULL;
        long len = BIO_get_mem_data(bio, &pem);
        err = certs_write_file(path, (struct am_bytes){(const uint8_t *)pem, (size_t)len}, 0600, detail);
    }
    BIO_free(bio);
    return err;
}

struct asked {
    const struct keyfile_passphrase *passphrase;
    bool asked;
};

static int pem_passphrase(char *buffer, int size, int writing, void *user)
{
    struct asked *asked = user;
    asked->asked = true;
    return asked->passphrase == NULL ? -1 : asked->passphrase->get(asked->passphrase->user, buffer, (size_t)size);
}

static bool key_is_allowed(EVP_PKEY *key)
{
    char group[32] = "";
    size_t len;
    if (EVP_PKEY_is_a(key, "ED25519"))
        return true;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, SN_X9_62_prime256v1) == 0;
}

static enum am_err check_private(const char *path, struct am_detail *detail)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return am_fail(errno == ENOENT ? AM_NOT_FOUND : AM_IO, detail, path, "can't be read: %s", strerror(errno));
    if ((status.st_mode & 077) != 0)
        return am_fail(AM_DENIED, detail, path, "others than its owner may read this private key: chmod 600 it");
    return AM_OK;
}

// Made by another program.
static EVP_PKEY *decode(struct am_bytes file, struct asked *asked)
{
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, pem_passphrase, asked);
    BIO_free(bio);
    return key;
}

static EVP_PKEY *decrypt(const X509_SIG *sealed, struct asked *asked)
{
    char *buffer = OPENSSL_secure_zalloc(KEYFILE_PASSPHRASE_MAX);
    int len = buffer != NULL ? pem_passphrase(buffer, KEYFILE_PASSPHRASE_MAX, 0, asked) : -1;
    EVP_PKEY *key = len >= 0 ? keyfile_decrypt(sealed, buffer, len) : NULL;
    OPENSSL_secure_clear_free(buffer, KEYFILE_PASSPHRASE_MAX);
    return key;
}

enum am_err keyfile_read(const char *path, const struct keyfile_passphrase *passphrase, struct am_detail *detail,
                         EVP_PKEY **ret_key)
{
    struct am_bytes file;
    struct asked asked = {.passphrase = passphrase};
    TRY(check_private(path, detail));
    TRY(certs_read_secret(path, KEYFILE_MAX, detail, &file));
    EVP_PKEY *key = keyfile_plain(file);
    X509_SIG *sealed = key == NULL ? keyfile_encrypted(file) : NULL;
    if (sealed != NULL)
        key = decrypt(sealed, &asked);
    else if (key == NULL)
        key = decode(file, &asked);
    X509_SIG_free(sealed);
    OPENSSL_secure_clear_free((void *)file.data, file.len + 1);
    ERR_clear_error();
    if (key == NULL && asked.asked && passphrase == NULL)
        return am_fail(AM_DENIED, detail, path, "the key is encrypted and no passphrase was given");
    if (key == NULL)
        return am_fail(asked.asked ? AM_CRYPTO : AM_INVALID, detail, path, "%s",
                       asked.asked ? "the passphrase doesn't open this key" : "not a private key in PEM (PKCS#8)");
    if (!key_is_allowed(key)) {
        EVP_PKEY_free(key);
        return am_fail(AM_INVALID, detail, path, "the key must be on P-256");
    }
    *ret_key = key;
    return AM_OK;
}
