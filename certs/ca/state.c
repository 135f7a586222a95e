// SPDX-License-Identifier: Apache-2.0
// Keeps an authority's files.
#include "certs/ca/state.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define ROWS_MAX  100000u

enum am_err ca_path(const struct ca *ca, const char *name, const char *suffix, struct am_detail *detail,
                    char ret_path[PATH_SIZE])
{
    if (snprintf(ret_path, PATH_SIZE, "%s/%s%s", ca->folder, name, suffix) >= PATH_SIZE)
        return am_fail(AM_TOO_LARGE, detail, ca->folder, "this path is too long");
    return AM_OK;
}

enum am_err ca_open(const char *folder, bool create, struct am_detail *detail, struct ca *ret_ca)
{
    char path[PATH_SIZE];
    struct ca ca = {.folder = folder};
    if (create && mkdir(folder, 0700) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, folder, "can't be made: %s", strerror(errno));
    TRY(ca_path(&ca, ".lock", "", detail, path));
    ca.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ca.lock < 0)
        return am_fail(errno == ENOENT ? AM_NOT_FOUND : AM_IO, detail, folder,
                       "can't be opened: %s; `amana-ca root` and `amana-ca national` make such folders",
                       strerror(errno));
    if (flock(ca.lock, LOCK_EX | LOCK_NB) != 0) {
        close(ca.lock);
        return am_fail(AM_BUSY, detail, folder, "another amana-ca is at work in it; try again when it has ended");
    }
    *ret_ca = ca;
    return AM_OK;
}

void ca_close(struct ca *ca)
{
    close(ca->lock);
}

bool ca_has(const struct ca *ca, const char *name)
{
    char path[PATH_SIZE];
    return ca_path(ca, name, ".pem", NULL, path) == AM_OK && access(path, R_OK) == 0;
}

void ca_free_issuer(struct issuer *issuer)
{
    X509_free(issuer->certificate);
    EVP_PKEY_free(issuer->key);
    *issuer = (struct issuer){0};
}

enum am_err ca_load(const struct ca *ca, const char *name, const struct keyfile_passphrase *passphrase,
                    struct am_detail *detail, struct issuer *ret_issuer)
{
    char path[PATH_SIZE];
    STACK_OF(X509) *stack;
    struct issuer issuer = {0};
    TRY(ca_path(ca, name, ".pem", detail, path));
    TRY(certs_read_pem(path, detail, &stack));
    issuer.certificate = sk_X509_shift(stack);
    certs_free_pem(stack);
    enum am_err err = ca_path(ca, name, ".key", detail, path);
    if (err == AM_OK)
        err = keyfile_read(path, passphrase, detail, &issuer.key);
    if (err == AM_OK && X509_check_private_key(issuer.certificate, issuer.key) != 1)
        err = am_fail(AM_CRYPTO, detail, path, "this key is not the one of %s.pem", name);
    if (err == AM_OK)
        *ret_issuer = issuer;
    else
        ca_free_issuer(&issuer);
    return err;
}

// The key first: a certificate without its key would be one too many.
enum am_err ca_store(const struct ca *ca, const char *name, const struct issuer *issuer,
                     const struct keyfile_passphrase *passphrase, struct am_detail *detail)
{
    char path[PATH_SIZE];
    TRY(ca_path(ca, name, ".key", detail, path));
    TRY(keyfile_write(path, issuer->key, passphrase, detail));
    TRY(ca_path(ca, name, ".pem", detail, path));
    STACK_OF(X509) *one = sk_X509_new_null();
    enum am_err err = one == NULL || sk_X509_push(one, issuer->certificate) <= 0 ? AM_NOMEM : AM_OK;
    if (err == AM_OK)
        err = certs_write_pem(path, one, detail);
    sk_X509_free(one);
    return err;
}

static char *serial_hex(const X509 *x509)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    char *hex = number == NULL ? NULL : BN_bn2hex(number);
    BN_free(number);
    return hex;
}

#define INDEX_TIME 20

// The time as the index has it: YYMMDDHHMMSSZ, from 2050 on with four digits (RFC 5280 §4.1.2.5).
static void index_time(time_t time, char text[INDEX_TIME])
{
    struct tm tm;
    char digits[16];
    gmtime_r(&time, &tm);
    strftime(digits, sizeof digits, "%Y%m%d%H%M%S", &tm);
    snprintf(text, INDEX_TIME, "%sZ", digits + (tm.tm_year < 150 ? 2 : 0));
}

static bool parse_index_time(const char *text, time_t *ret_time)
{
    struct tm tm = {0};
    const char *end = strptime(text, strlen(text) == 13 ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
    *ret_time = timegm(&tm);
    return end != NULL && *end == '\0';
}

static enum am_err read_index(const struct ca *ca, const char *name, struct am_detail *detail, char path[PATH_SIZE],
                              struct am_bytes *ret_text)
{
    TRY(ca_path(ca, name, ".index", detail, path));
    enum am_err err = certs_read_file(path, 64u * LIMIT_CONFIG, detail, ret_text);
    if (err != AM_NOT_FOUND)
        return err;
    char *empty = calloc(1, 1);
    *ret_text = (struct am_bytes){(const uint8_t *)empty, 0};
    return empty == NULL ? AM_NOMEM : AM_OK;
}

static enum am_err append_row(const struct ca *ca, const char *name, const X509 *issued, const char *serial,
                              struct am_detail *detail)
{
    char path[PATH_SIZE], until[INDEX_TIME], subject[128] = "", *text = NULL;
    struct am_bytes before;
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(issued), &tm) != 1)
        return AM_NOMEM;
    index_time(timegm(&tm), until);
    X509_NAME_oneline(X509_get_subject_name(issued), subject, sizeof subject);
    TRY(read_index(ca, name, detail, path, &before));
    int len = asprintf(&text, "%.*sV\t%s\t\t%s\tissued/%s.pem\t%s\n", (int)before.len, (const char *)before.data, until,
                       serial, serial, subject);
    free((void *)before.data);
    if (len < 0)
        return AM_NOMEM;
    enum am_err err = certs_write_file(path, (struct am_bytes){(const uint8_t *)text, (size_t)len}, 0600, detail);
    free(text);
    return err;
}

static enum am_err write_issued(const struct ca *ca, X509 *issued, const char *serial, struct am_detail *detail)
{
    char folder[PATH_SIZE], path[PATH_SIZE], name[64];
    snprintf(name, sizeof name, "issued/%s", serial);
    TRY(ca_path(ca, "issued", "", detail, folder));
    TRY(ca_path(ca, name, ".pem", detail, path));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, folder, "can't be made: %s", strerror(errno));
    STACK_OF(X509) *one = sk_X509_new_null();
    enum am_err err = one == NULL || sk_X509_push(one, issued) <= 0 ? AM_NOMEM : AM_OK;
    if (err == AM_OK)
        err = certs_write_pem(path, one, detail);
    sk_X509_free(one);
    return err;
}

// Stock `openssl ca` refuses an index in which a subject stands twice unless this file beside it says otherwise.
static enum am_err write_attributes(const struct ca *ca, const char *name, struct am_detail *detail)
{
    static const char text[] = "unique_subject = no\n";
    char path[PATH_SIZE];
    TRY(ca_path(ca, name, ".index.attr", detail, path));
    if (access(path, F_OK) == 0)
        return AM_OK;
    return certs_write_file(path, (struct am_bytes){(const uint8_t *)text, sizeof text - 1}, 0600, detail);
}

enum am_err ca_record(const struct ca *ca, const char *name, X509 *issued, struct am_detail *detail)
{
    char *serial = serial_hex(issued);
    if (serial == NULL)
        return AM_NOMEM;
    enum am_err err = write_attributes(ca, name, detail);
    if (err == AM_OK)
        err = append_row(ca, name, issued, serial, detail);
    if (err == AM_OK)
        err = write_issued(ca, issued, serial, detail);
    OPENSSL_free(serial);
    return err;
}

static const struct {
    const char *text;
    int code;
} REASONS[] = {
    {"unspecified", CRL_REASON_UNSPECIFIED},    {"keyCompromise", CRL_REASON_KEY_COMPROMISE},
    {"CACompromise", CRL_REASON_CA_COMPROMISE}, {"affiliationChanged", CRL_REASON_AFFILIATION_CHANGED},
    {"superseded", CRL_REASON_SUPERSEDED},      {"cessationOfOperation", CRL_REASON_CESSATION_OF_OPERATION},
};

bool ca_reason(const char *text, int *ret_code)
{
    for (unsigned i = 0; i < AM_LEN(REASONS); i++) {
        if (strcmp(text, REASONS[i].text) == 0) {
            *ret_code = REASONS[i].code;
            return true;
        }
    }
    return false;
}

// The row of a serial number: where its line begins and ends, NULL if it has none.
static const char *find_row(const char *text, const char *serial, const char **ret_end)
{
    for (const char *line = text; *line != '\0';) {
        const char *end = strchrnul(line, '\n'), *field = line;
        for (unsigned tabs = 0; tabs < 3 && field != NULL; tabs++) {
            field = memchr(field, '\t', (size_t)(end - field));
            field = field == NULL ? NULL : field + 1;
        }
        size_t len = strlen(serial);
        if (field != NULL && (size_t)(end - field) > len && memcmp(field, serial, len) == 0 && field[len] == '\t') {
            *ret_end = end;
            return line;
        }
        line = *end == '\0' ? end : end + 1;
    }
    return NULL;
}

// V, expiry, empty → R, expiry, time and reason; the rest of the line stays.
static enum am_err mark_revoked(const char *path, struct am_bytes index, const char *serial, const char *reason,
                                struct am_detail *detail)
{
    const char *text = (const char *)index.data, *end, *row = find_row(text, serial, &end);
    char now[INDEX_TIME], *changed = NULL;
    if (row == NULL)
        return am_fail(AM_NOT_FOUND, detail, path, "serial number %s was not issued by this authority", serial);
    if (row[0] == 'R')
        return am_fail(AM_EXISTS, detail, path, "serial number %s is revoked already", serial);
    const char *expiry_end = strchr(row + 2, '\t');
    index_time(time(NULL), now);
    int len = asprintf(&changed, "%.*sR\t%.*s\t%s,%s%s", (int)(row - text), text, (int)(expiry_end - row - 2), row + 2,
                       now, reason, expiry_end + 1);
    if (len < 0)
        return AM_NOMEM;
    enum am_err err = certs_write_file(path, (struct am_bytes){(const uint8_t *)changed, (size_t)len}, 0600, detail);
    free(changed);
    return err;
}

enum am_err ca_revoke(const struct ca *ca, const char *name, X509 *issued, const char *reason, struct am_detail *detail)
{
    char path[PATH_SIZE];
    struct am_bytes index;
    char *serial = serial_hex(issued);
    if (serial == NULL)
        return AM_NOMEM;
    enum am_err err = read_index(ca, name, detail, path, &index);
    if (err == AM_OK) {
        err = mark_revoked(path, index, serial, reason, detail);
        free((void *)index.data);
    }
    OPENSSL_free(serial);
    return err;
}

struct revocations {
    struct revocation *rows;
    ASN1_INTEGER **serials;
    size_t count;
};

static void free_revocations(struct revocations *list)
{
    for (size_t i = 0; i < list->count; i++)
        ASN1_INTEGER_free(list->serials[i]);
    free(list->serials);
    free(list->rows);
}

// One line of the index; only R lines give a row. The line is cut up.
static bool add_line(struct revocations *list, char *line)
{
    char *fields[6];
    for (unsigned i = 0; i < 6; i++)
        fields[i] = strsep(&line, "\t");
    if (fields[5] == NULL)
        return false;
    if (fields[0][0] != 'R')
        return true;
    char *reason = strchr(fields[2], ',');
    struct revocation row = {.reason = -1};
    BIGNUM *number = NULL;
    if (reason != NULL)
        *reason++ = '\0';
    if (!parse_index_time(fields[2], &row.time) || (reason != NULL && !ca_reason(reason, &row.reason)) ||
        BN_hex2bn(&number, fields[3]) == 0)
        return false;
    list->serials[list->count] = BN_to_ASN1_INTEGER(number, NULL);
    BN_free(number);
    row.serial = list->serials[list->count];
    list->rows[list->count] = row;
    return row.serial != NULL && ++list->count < ROWS_MAX;
}

static enum am_err read_revocations(const struct ca *ca, const char *name, struct am_detail *detail,
                                    struct revocations *list)
{
    char path[PATH_SIZE];
    struct am_bytes index;
    TRY(read_index(ca, name, detail, path, &index));
    size_t lines = 1;
    for (size_t i = 0; i < index.len; i++)
        lines += index.data[i] == '\n';
    list->rows = calloc(lines, sizeof *list->rows);
    list->serials = calloc(lines, sizeof *list->serials);
    enum am_err err = list->rows == NULL || list->serials == NULL ? AM_NOMEM : AM_OK;
    char *text = (char *)index.data;
    for (unsigned number = 1; err == AM_OK && text != NULL && *text != '\0'; number++) {
        if (!add_line(list, strsep(&text, "\n"))) {
            err = am_fail(AM_CORRUPT, detail, path, "this line is not one of `openssl ca`'s index");
            if (detail != NULL)
                detail->line = number;
        }
    }
    free((void *)index.data);
    return err;
}

// The number after the CRL that is there; 1 where there is none.
static enum am_err next_crl_number(const char *path, struct am_detail *detail, uint64_t *ret_number)
{
    struct am_bytes file;
    enum am_err err = certs_read_file(path, LIMIT_CONFIG * 16, detail, &file);
    *ret_number = 1;
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    X509_CRL *crl = bio == NULL ? NULL : PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    ASN1_INTEGER *number = crl == NULL ? NULL : X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    if (number == NULL || ASN1_INTEGER_get_uint64(ret_number, number) != 1)
        err = am_fail(AM_CORRUPT, detail, path, "can't be read, so its number isn't known; put back a good copy");
    else
        (*ret_number)++;
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    BIO_free(bio);
    free((void *)file.data);
    return err;
}

static enum am_err write_crl(const char *path, X509_CRL *crl, struct am_detail *detail)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    enum am_err err = bio == NULL || PEM_write_bio_X509_CRL(bio, crl) != 1 ? AM_NOMEM : AM_OK;
    if (err == AM_OK) {
        long len = BIO_get_mem_data(bio, &pem);
        err = certs_write_file(path, (struct am_bytes){(const uint8_t *)pem, (size_t)len}, 0644, detail);
    }
    BIO_free(bio);
    return err;
}

enum am_err ca_write_crl(const struct ca *ca, const char *name, const struct issuer *issuer, time_t seconds,
                         struct am_detail *detail)
{
    char path[PATH_SIZE];
    uint64_t number;
    struct revocations list = {0};
    time_t now = time(NULL);
    struct validity validity = {now - VALIDITY_SKEW, now + seconds};
    TRY(ca_path(ca, name, ".crl", detail, path));
    TRY(next_crl_number(path, detail, &number));
    enum am_err err = read_revocations(ca, name, detail, &list);
    if (err == AM_OK) {
        X509_CRL *crl = issue_crl(issuer, number, list.rows, list.count, validity);
        err = crl == NULL ? am_fail(AM_CRYPTO, detail, path, "OpenSSL could not make the CRL")
                          : write_crl(path, crl, detail);
        X509_CRL_free(crl);
    }
    free_revocations(&list);
    return err;
}
