// SPDX-License-Identifier: Apache-2.0
// The profile of seals, checked on the bytes, and whom a seal is for: issuer and serial number stand in clear.
#include "certs/cms.h"
#include "certs/der.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_MAX (LIMIT_BODY_PLAIN + LIMIT_SEALED_KEYS * LIMIT_SEALED_KEY_BYTES + 1024u)

static const uint8_t OID_AUTH_ENVELOPED[] = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                             0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
static const uint8_t OID_DATA[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t VERSION_0[] = {DER_INTEGER, 1, 0};
static const uint8_t VERSION_3[] = {DER_INTEGER, 1, 3};
// AlgorithmIdentifier up to the nonce: aes-256-gcm { SEQUENCE { OCTET STRING (12)
static const uint8_t GCM_HEAD[] = {0x30, 0x1e, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                                   0x03, 0x04, 0x01, 0x2e, 0x30, 0x11, 0x04, 0x0c};
static const uint8_t GCM_ICV[] = {DER_INTEGER, 1, CMS_SEAL_ICV};
// dhSinglePass-stdDH-sha256kdf-scheme with aes256-wrap (RFC 5753 §7.1.4).
static const uint8_t KEY_AGREEMENT[] = {0x30, 0x15, 0x06, 0x06, 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01, 0x30, 0x0b,
                                        0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d};
// OriginatorPublicKey's algorithm: id-ecPublicKey with no parameters, NULL, or the curve (RFC 5753 §3.1.1).
static const uint8_t KEY_PLAIN[] = {0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t KEY_NULL[] = {0x30, 0x0b, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x05, 0x00};
static const uint8_t KEY_P256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                   0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t POINT_HEAD[] = {DER_BIT_STRING, 66, 0, 4};
static const uint8_t WRAPPED_KEY_HEAD[] = {DER_OCTET_STRING, CMS_WRAPPED};

#define CLAUSE(condition, words)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            *why = (words);                                                                                            \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

static bool skip(struct der *der, size_t len)
{
    if ((size_t)(der->end - der->at) < len)
        return false;
    der->at += len;
    return true;
}

static bool read_originator(struct der *info, const uint8_t **ret_point, const char **why)
{
    struct der explicit, key;
    CLAUSE(der_enter(info, DER_CONTEXT(0), &explicit) && der_enter(&explicit, DER_CONTEXT(1), &key) &&
               der_at_end(&explicit),
           "a recipient's originator must be an ephemeral key");
    CLAUSE(DER_EXPECT(&key, KEY_PLAIN) || DER_EXPECT(&key, KEY_NULL) || DER_EXPECT(&key, KEY_P256),
           "an ephemeral key must be on P-256");
    CLAUSE(DER_EXPECT(&key, POINT_HEAD) && skip(&key, CMS_POINT - 1) && der_at_end(&key),
           "an ephemeral key must be an uncompressed point of P-256");
    *ret_point = key.end - CMS_POINT;
    return true;
}

static bool read_recipient(struct der info, struct cms_recipient *recipient, const char **why)
{
    struct der keys, key, rid;
    struct am_bytes content;
    CLAUSE(DER_EXPECT(&info, VERSION_3), "a recipient's version must be 3");
    if (!read_originator(&info, &recipient->point, why))
        return false;
    CLAUSE(!der_next_is(&info, DER_CONTEXT(1)), "ukm is not allowed");
    CLAUSE(DER_EXPECT(&info, KEY_AGREEMENT), "key agreement must be dhSinglePass-stdDH-sha256kdf with aes256-wrap");
    CLAUSE(der_enter(&info, DER_SEQUENCE, &keys) && der_at_end(&info) && der_enter(&keys, DER_SEQUENCE, &key) &&
               der_at_end(&keys),
           "a recipient must hold exactly one encrypted key");
    CLAUSE(der_enter(&key, DER_SEQUENCE, &rid) && der_get_whole(&rid, DER_SEQUENCE, &content, &recipient->issuer) &&
               der_get_serial(&rid, CERTIFICATE_SERIAL_MAX, &recipient->serial) && der_at_end(&rid),
           "a recipient must be named by issuer and serial number");
    CLAUSE(DER_EXPECT(&key, WRAPPED_KEY_HEAD) && skip(&key, CMS_WRAPPED) && der_at_end(&key),
           "a wrapped key must have 40 bytes");
    recipient->wrapped = key.end - CMS_WRAPPED;
    return true;
}

static bool read_recipients(struct der *data, struct cms_seal *seal, const char **why)
{
    struct der infos;
    struct am_bytes previous = {0};
    CLAUSE(!der_next_is(data, DER_CONTEXT(0)), "originatorInfo is not allowed");
    CLAUSE(der_enter(data, DER_SET, &infos), "the recipients are missing");
    while (!der_at_end(&infos)) {
        struct am_bytes info, whole;
        CLAUSE(seal->count < LIMIT_SEALED_KEYS, "more recipients than allowed");
        CLAUSE(der_get_whole(&infos, DER_CONTEXT(1), &info, &whole), "a recipient must be one of key agreement");
        CLAUSE(whole.len <= LIMIT_SEALED_KEY_BYTES, "a recipient takes more than 512 bytes");
        CLAUSE(previous.data == NULL || der_sorted(previous, whole), "the recipients are not in DER's order");
        if (!read_recipient(der_of(info), &seal->recipients[seal->count], why))
            return false;
        seal->count++;
        previous = whole;
    }
    CLAUSE(seal->count > 0, "there is no recipient");
    return true;
}

static bool read_encrypted(struct der *data, struct cms_seal *seal, const char **why)
{
    struct der content;
    CLAUSE(der_enter(data, DER_SEQUENCE, &content) && DER_EXPECT(&content, OID_DATA), "the content must be id-data");
    CLAUSE(DER_EXPECT(&content, GCM_HEAD) && skip(&content, CMS_SEAL_NONCE) && DER_EXPECT(&content, GCM_ICV),
           "the cipher must be aes-256-gcm with a nonce of 12 and an ICV of 16 bytes");
    seal->nonce = content.at - sizeof GCM_ICV - CMS_SEAL_NONCE;
    CLAUSE(der_get(&content, DER_PRIMITIVE(0), &seal->ciphertext) && der_at_end(&content),
           "the ciphertext is missing or in pieces");
    CLAUSE(seal->ciphertext.len > 0 && seal->ciphertext.len <= LIMIT_BODY_PLAIN, "the ciphertext is empty or too long");
    return true;
}

static bool read_seal(struct am_bytes der, struct cms_seal *seal, const char **why)
{
    struct der all = der_of(der), info, explicit, data;
    struct am_bytes icv;
    CLAUSE(der_enter(&all, DER_SEQUENCE, &info) && der_at_end(&all) && DER_EXPECT(&info, OID_AUTH_ENVELOPED),
           "not an AuthEnvelopedData in DER, or bytes after it");
    CLAUSE(der_enter(&info, DER_CONTEXT(0), &explicit) && der_at_end(&info) &&
               der_enter(&explicit, DER_SEQUENCE, &data) && der_at_end(&explicit) && DER_EXPECT(&data, VERSION_0),
           "the AuthEnvelopedData can't be read or isn't of version 0");
    if (!read_recipients(&data, seal, why) || !read_encrypted(&data, seal, why))
        return false;
    CLAUSE(!der_next_is(&data, DER_CONTEXT(1)), "authenticated attributes are not allowed");
    CLAUSE(der_get(&data, DER_OCTET_STRING, &icv) && icv.len == CMS_SEAL_ICV, "the ICV must have 16 bytes");
    seal->icv = icv.data;
    CLAUSE(der_at_end(&data), "unauthenticated attributes are not allowed");
    return true;
}

enum am_err cms_profile_seal(struct am_bytes der, struct am_detail *detail, struct cms_seal *ret_seal)
{
    const char *why = "";
    ret_seal->count = 0;
    if (der.len > SEAL_MAX)
        return am_fail(AM_TOO_LARGE, detail, "sealed_body", "it has %zu bytes, allowed are %u", der.len, SEAL_MAX);
    if (der.len > 0 && read_seal(der, ret_seal, &why))
        return AM_OK;
    ret_seal->count = 0;
    return am_fail(AM_SEAL, detail, "sealed_body", "%s", der.len == 0 ? "there is none" : why);
}

// Issuer and serial of either side, sorted so that both lists are walked once; index into the caller's list.
struct name {
    struct am_bytes serial, issuer;
    size_t index;
};

static int compare_bytes(struct am_bytes a, struct am_bytes b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return memcmp(a.data, b.data, a.len);
}

static int compare_names(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = compare_bytes(x->serial, y->serial);
    return order != 0 ? order : compare_bytes(x->issuer, y->issuer);
}

// Both sorted. A name that is only in the seal, or twice there, is somebody else.
static enum cms_match walk(const struct name *sealed, size_t sealed_count, const struct name *wanted, size_t count,
                           size_t *missing)
{
    size_t i = 0, j = 0;
    bool left_out = false;
    while (i < sealed_count || j < count) {
        int order = i == sealed_count ? 1 : j == count ? -1 : compare_names(&sealed[i], &wanted[j]);
        if (order < 0)
            return CMS_MATCH_OTHERS;
        if (order > 0 && !left_out) {
            left_out = true;
            *missing = wanted[j].index;
        }
        i += order == 0;
        j++;
    }
    return left_out ? CMS_MATCH_LEFT_OUT : CMS_MATCH_EXACT;
}

enum cms_match cms_seal_matches(const struct cms_seal *seal, const struct certificate *const *certificates,
                                size_t count, size_t *ret_missing)
{
    struct name sealed[LIMIT_SEALED_KEYS], wanted[LIMIT_SEALED_KEYS];
    size_t missing = 0;
    if (count > LIMIT_SEALED_KEYS) { // no seal can be for so many
        if (ret_missing != NULL)
            *ret_missing = LIMIT_SEALED_KEYS;
        return CMS_MATCH_LEFT_OUT;
    }
    for (size_t i = 0; i < seal->count; i++)
        sealed[i] = (struct name){seal->recipients[i].serial, seal->recipients[i].issuer, i};
    for (size_t i = 0; i < count; i++)
        wanted[i] = (struct name){{certificates[i]->serial, certificates[i]->serial_len}, certificates[i]->issuer, i};
    qsort(sealed, seal->count, sizeof sealed[0], compare_names);
    qsort(wanted, count, sizeof wanted[0], compare_names);
    enum cms_match match = walk(sealed, seal->count, wanted, count, &missing);
    if (match == CMS_MATCH_LEFT_OUT && ret_missing != NULL)
        *ret_missing = missing;
    return match;
}

const struct cms_recipient *cms_seal_recipient(const struct cms_seal *seal, const struct certificate *certificate)
{
    const struct am_bytes serial = {certificate->serial, certificate->serial_len};
    for (size_t i = 0; i < seal->count; i++)
        if (der_equal(seal->recipients[i].serial, serial) && der_equal(seal->recipients[i].issuer, certificate->issuer))
            return &seal->recipients[i];
    return NULL;
}

const uint8_t *cms_seal_point(const struct cms_seal *seal, const struct certificate *certificate)
{
    const struct cms_recipient *recipient = cms_seal_recipient(seal, certificate);
    return recipient != NULL ? recipient->point : NULL;
}

static EC_GROUP *p256;
static pthread_once_t p256_once = PTHREAD_ONCE_INIT;

static void make_p256(void)
{
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

bool cms_point_valid(const uint8_t point[CMS_POINT])
{
    pthread_once(&p256_once, make_p256);
    EC_POINT *made = p256 == NULL ? NULL : EC_POINT_new(p256);
    bool valid = made != NULL && point[0] == POINT_HEAD[3] &&
                 EC_POINT_oct2point(p256, made, point, CMS_POINT, NULL) == 1; // looks whether it is on it
    EC_POINT_free(made);
    ERR_clear_error();
    return valid;
}
