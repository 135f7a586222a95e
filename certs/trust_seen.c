// SPDX-License-Identifier: Apache-2.0
// No CRL goes back, not even over a restart: an old list would let a revoked certificate in again.
#include "certs/trust_seen.h"

#include "certs/trust_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_ROWS (4u * TRUST_CRLS) // issuers that are trusted no more stay
#define SEEN_LINE 88u               // 64 hex digits, a space, 20 digits, a newline, NUL

struct seen_row {
    uint8_t issuer[CERTIFICATE_DIGEST];
    uint64_t number;
};
struct seen {
    struct seen_row rows[SEEN_ROWS];
    size_t count;
};

// A line of `len` bytes without its newline.
static bool line_read(const char *line, size_t len, struct seen_row *ret_row)
{
    char text[SEEN_LINE];
    size_t digits;

    if (len < 66 || len >= sizeof text || line[64] != ' ')
        return false;
    memcpy(text, line, len);
    text[64] = text[len] = '\0';
    digits = strspn(text + 65, "0123456789");
    if (digits != len - 65)
        return false;
    errno = 0;
    ret_row->number = strtoull(text + 65, NULL, 10);
    return errno == 0 && certs_digest_parse(text, ret_row->issuer) == AM_OK;
}

static struct seen_row *row_find(struct seen *seen, const uint8_t issuer[CERTIFICATE_DIGEST])
{
    for (size_t i = 0; i < seen->count; i++)
        if (memcmp(seen->rows[i].issuer, issuer, CERTIFICATE_DIGEST) == 0)
            return &seen->rows[i];
    return NULL;
}

static bool seen_read(struct am_bytes text, struct seen *seen)
{
    const char *at = (const char *)text.data, *end = at + text.len;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct seen_row *row = &seen->rows[seen->count];
        if (newline == NULL || seen->count == SEEN_ROWS || !line_read(at, (size_t)(newline - at), row) ||
            row_find(seen, row->issuer) != NULL)
            return false;
        seen->count++;
        at = newline + 1;
    }
    return true;
}

static enum am_err seen_compare(const struct trust *trust, const struct seen *seen, const char *name,
                                struct am_detail *detail)
{
    for (size_t i = 0; i < seen->count; i++) {
        const X509 *ca = trust_ca(trust, seen->rows[i].issuer);
        if (ca != NULL)
            TRY(trust_crl_compare(trust, ca, seen->rows[i].number, name, detail));
    }
    return AM_OK;
}

static enum am_err seen_add(const struct trust *trust, struct seen *seen)
{
    for (size_t i = 0; i < trust->crls_count; i++) {
        uint8_t issuer[CERTIFICATE_DIGEST];
        if (!certs_digest(trust->crls[i].issuer, issuer))
            return AM_NOMEM;
        struct seen_row *row = row_find(seen, issuer);
        if (row == NULL && seen->count == SEEN_ROWS)
            return AM_TOO_LARGE;
        if (row == NULL) {
            row = &seen->rows[seen->count++];
            memcpy(row->issuer, issuer, sizeof issuer);
        }
        row->number = trust->crls[i].number;
    }
    return AM_OK;
}

static enum am_err seen_write(const struct seen *seen, struct am_bytes *ret_text)
{
    char *text = malloc(seen->count * SEEN_LINE + 1), hex[65];
    size_t len = 0;

    if (text == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < seen->count; i++) {
        certs_digest_hex(seen->rows[i].issuer, hex);
        len += (size_t)snprintf(text + len, SEEN_LINE, "%s %llu\n", hex, (unsigned long long)seen->rows[i].number);
    }
    *ret_text = (struct am_bytes){(const uint8_t *)text, len};
    return AM_OK;
}

enum am_err trust_seen_take(const struct trust *trust, struct am_bytes text, const char *name, struct am_detail *detail,
                            struct am_bytes *ret_seen)
{
    struct seen *seen = calloc(1, sizeof *seen);
    enum am_err err;

    if (seen == NULL)
        return AM_NOMEM;
    err = text.len <= TRUST_SEEN_MAX && seen_read(text, seen)
              ? seen_compare(trust, seen, name, detail)
              : am_fail(AM_CORRUPT, detail, name,
                        "the CRL numbers that were seen before can't be read: make sure that trust/crls holds the "
                        "newest lists, then remove it");
    if (err == AM_OK)
        err = seen_add(trust, seen);
    if (err == AM_OK)
        err = seen_write(seen, ret_seen);
    free(seen);
    return err;
}
