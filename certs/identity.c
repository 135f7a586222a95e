// SPDX-License-Identifier: Apache-2.0
// Reads identities: the grammar of the SAN URI, and the one name of a certificate.
#include "certs/identity.h"

#include <openssl/x509v3.h>
#include <string.h>

#define SCHEME "amana://"
#define ALLOWED                                                                                                        \
    "write amana://country/agency/unit/device/NAME, …/officer/NAME, amana://country/hub or amana://country/oversight"
#define PARTS_DEVICE  5u
#define PARTS_COUNTRY 2u

static const char *const KIND_TEXTS[] = {[IDENTITY_DEVICE] = "device",
                                         [IDENTITY_OFFICER] = "officer",
                                         [IDENTITY_HUB] = "hub",
                                         [IDENTITY_OVERSIGHT] = "oversight"};

const char *identity_kind_text(enum identity_kind kind)
{
    return (unsigned)kind < AM_LEN(KIND_TEXTS) ? KIND_TEXTS[kind] : "unknown";
}

// Splits s[0..len) at '/', each part by the grammar; 0 if one isn't, or there are more than PARTS_DEVICE.
static size_t split_parts(const char *s, size_t len, struct am_bytes parts[PARTS_DEVICE])
{
    size_t count = 0;
    for (const char *end = s + len;; s++, count++) {
        const char *slash = memchr(s, '/', (size_t)(end - s));
        const char *stop = slash == NULL ? end : slash;
        if (count == PARTS_DEVICE || !address_part_valid(s, (size_t)(stop - s)))
            return 0;
        parts[count] = (struct am_bytes){(const uint8_t *)s, (size_t)(stop - s)};
        if (slash == NULL)
            return count + 1;
        s = slash;
    }
}

static bool part_is(struct am_bytes part, const char *word)
{
    return part.len == strlen(word) && memcmp(part.data, word, part.len) == 0;
}

static bool kind_of(const struct am_bytes *parts, size_t count, enum identity_kind *ret_kind)
{
    if (count == PARTS_COUNTRY && part_is(parts[1], "hub"))
        *ret_kind = IDENTITY_HUB;
    else if (count == PARTS_COUNTRY && part_is(parts[1], "oversight"))
        *ret_kind = IDENTITY_OVERSIGHT;
    else if (count == PARTS_DEVICE && part_is(parts[3], "device"))
        *ret_kind = IDENTITY_DEVICE;
    else if (count == PARTS_DEVICE && part_is(parts[3], "officer"))
        *ret_kind = IDENTITY_OFFICER;
    else
        return false;
    return true;
}

enum am_err identity_parse(const char *uri, size_t len, struct am_detail *detail, struct identity *ret_identity)
{
    const size_t scheme = sizeof SCHEME - 1;
    struct am_bytes parts[PARTS_DEVICE];
    enum identity_kind kind;
    if (len <= scheme || len > LIMIT_URI || memcmp(uri, SCHEME, scheme) != 0)
        return am_fail(AM_INVALID, detail, "uri", "not an identity of at most %u bytes: " ALLOWED, LIMIT_URI);
    size_t count = split_parts(uri + scheme, len - scheme, parts);
    if (count == 0 || !kind_of(parts, count, &kind))
        return am_fail(AM_INVALID, detail, "uri", "a part is not allowed: " ALLOWED ", parts of a-z, 0-9 and -");

    struct identity identity = {.kind = kind};
    struct am_bytes last_of_unit = parts[count == PARTS_COUNTRY ? 1 : 2];
    struct am_bytes name = parts[count - 1];
    memcpy(identity.uri, uri, len);
    memcpy(identity.unit, parts[0].data, (size_t)(last_of_unit.data + last_of_unit.len - parts[0].data));
    memcpy(identity.country, parts[0].data, parts[0].len);
    memcpy(identity.name, name.data, name.len);
    *ret_identity = identity;
    return AM_OK;
}

static unsigned count_extensions(const X509 *x509, int nid)
{
    unsigned count = 0;
    for (int at = -1; (at = X509_get_ext_by_NID(x509, nid, at)) >= 0;)
        count++;
    return count;
}

enum am_err identity_from_certificate(const X509 *x509, struct am_detail *detail, struct identity *ret_identity)
{
    if (count_extensions(x509, NID_subject_alt_name) != 1)
        return am_fail(AM_CERTIFICATE, detail, "subjectAltName", "a certificate needs exactly one such extension");
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    enum am_err err;
    if (names == NULL || sk_GENERAL_NAME_num(names) != 1) {
        err = am_fail(AM_CERTIFICATE, detail, "subjectAltName", "it must hold exactly one name, this one holds %d",
                      names == NULL ? 0 : sk_GENERAL_NAME_num(names));
    } else if (sk_GENERAL_NAME_value(names, 0)->type != GEN_URI) {
        err = am_fail(AM_CERTIFICATE, detail, "subjectAltName", "its name must be a URI: " ALLOWED);
    } else {
        const ASN1_IA5STRING *uri = sk_GENERAL_NAME_value(names, 0)->d.uniformResourceIdentifier;
        err = identity_parse((const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri), detail,
                             ret_identity);
        err = err == AM_INVALID ? AM_CERTIFICATE : err;
    }
    GENERAL_NAMES_free(names);
    return err;
}
