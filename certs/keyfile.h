// SPDX-License-Identifier: Apache-2.0
// Private keys in files (P-256, PKCS#8 PEM) and the requests that are made with them. Any thread.
#pragma once

#include "certs/certificate.h"

// Where a passphrase comes from. get writes at most size bytes without NUL to buffer and returns how many, or -1.
// The reader cleanses the buffer. user is passed on.
struct keyfile_passphrase {
    int (*get)(void *user, char *buffer, size_t size);
    void *user;
};

#define KEYFILE_PASSPHRASE_MAX 1024u

// A passphrase from a file descriptor: its first line. *fd is read to the end once and closed. For keyfile_passphrase.
int keyfile_passphrase_from_fd(void *fd, char *buffer, size_t size);

// A fresh P-256 key, NULL where OpenSSL fails. Freed with EVP_PKEY_free.
EVP_PKEY *keyfile_generate(void);

// Writes the key as PKCS#8 PEM, mode 0600, through a temporary file, fsync and rename; never over an existing file
// (AM_EXISTS). passphrase (may be NULL): encrypted with scrypt (N 2^14, r 8, p 1: what stock openssl opens) and
// AES-256-CBC.
AM_MUST_USE enum am_err keyfile_write(const char *path, EVP_PKEY *key, const struct keyfile_passphrase *passphrase,
                                      struct am_detail *detail);

// Reads it; P-256 or Ed25519 only. Refuses a file that others than its owner may read (AM_DENIED); AM_NOT_FOUND.
// passphrase is asked only if the file is encrypted; NULL then: AM_DENIED. A wrong one: AM_CRYPTO.
AM_MUST_USE enum am_err keyfile_read(const char *path, const struct keyfile_passphrase *passphrase,
                                     struct am_detail *detail, EVP_PKEY **ret_key);

// A certificate request of key for a use: subject with O only, the SAN (URI, or DNS for CERT_USE_HUB_SERVER), key usage
// and extended key usage as the table in certificate.h. AM_INVALID for a name that doesn't fit the use.
AM_MUST_USE enum am_err keyfile_request(EVP_PKEY *key, enum cert_use use, const char *name, struct am_detail *detail,
                                        X509_REQ **ret_request);

// Writes a request or any other bytes to a file: temporary file, fsync, rename, fsync of the folder. mode e.g. 0644.
AM_MUST_USE enum am_err certs_write_file(const char *path, struct am_bytes bytes, unsigned mode,
                                         struct am_detail *detail);
// The same in parts, for what is larger than is held in memory: what was put takes the place of the file at the end,
// unless `err` says that it is not whole; that is then what _end gives, and nothing has changed.
struct certs_replacing {
    const char *path; // borrowed
    int fd;
    char temporary[4096];
};
AM_MUST_USE enum am_err certs_replace_begin(const char *path, unsigned mode, struct am_detail *detail,
                                            struct certs_replacing *ret_replacing);
AM_MUST_USE enum am_err certs_replace_put(const struct certs_replacing *replacing, struct am_bytes bytes,
                                          struct am_detail *detail);
AM_MUST_USE enum am_err certs_replace_end(const struct certs_replacing *replacing, enum am_err err,
                                          struct am_detail *detail);
AM_MUST_USE enum am_err keyfile_write_request(const char *path, X509_REQ *request, struct am_detail *detail);
AM_MUST_USE enum am_err certs_write_pem(const char *path, STACK_OF(X509) *certificates, struct am_detail *detail);

// Reads a whole file of at most limit bytes. *ret_bytes is malloc'ed for the caller (free), and has
// a NUL after its end. AM_NOT_FOUND, AM_IO, AM_TOO_LARGE.
AM_MUST_USE enum am_err certs_read_file(const char *path, size_t limit, struct am_detail *detail,
                                        struct am_bytes *ret_bytes);

// The same into OpenSSL's secure heap, which is locked where the program has set it up: OPENSSL_secure_clear_free.
AM_MUST_USE enum am_err certs_read_secret(const char *path, size_t limit, struct am_detail *detail,
                                          struct am_bytes *ret_bytes);
