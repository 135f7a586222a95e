// SPDX-License-Identifier: Apache-2.0
// The profile of signatures, checked on the bytes before OpenSSL sees them (security.md, What is signed and sealed).
#include "certs/cms.h"
#include "certs/der.h"

#define ATTRIBUTES_MAX 1024u // bytes of one signer's signed attributes
#define EMBEDDED_MAX   (LIMIT_ROSTER)

// Each is the whole element: tag, length, content.
static const uint8_t OID_SIGNED_DATA[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t OID_DATA[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t OID_CONTENT_TYPE[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
static const uint8_t OID_MESSAGE_DIGEST[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04};
static const uint8_t OID_SIGNING_TIME[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05};
static const uint8_t OID_SIGNING_CERTIFICATE[] = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                  0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f};
static const uint8_t VERSION_1[] = {DER_INTEGER, 1, 1};
// AlgorithmIdentifiers. RFC 5754 §2 has both forms of SHA-256 accepted; we write the first.
static const uint8_t SHA256_PLAIN[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t SHA256_NULL[] = {0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00};
static const uint8_t ECDSA_SHA256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

// A clause that is broken: false, with its words for the caller.
#define CLAUSE(condition, words)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            *why = (words);                                                                                            \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

static bool expect_sha256(struct der *der)
{
    return DER_EXPECT(der, SHA256_PLAIN) || DER_EXPECT(der, SHA256_NULL);
}

// The one value of an attribute of this type is in *value, between SET and its end.
static bool read_content_type(struct der *value, struct cms_signer *signer, const char **why)
{
    CLAUSE(DER_EXPECT(value, OID_DATA), "contentType must be id-data");
    return true;
}

static bool read_message_digest(struct der *value, struct cms_signer *signer, const char **why)
{
    CLAUSE(der_get(value, DER_OCTET_STRING, &signer->digest) && signer->digest.len == 32,
           "messageDigest must have 32 bytes");
    return true;
}

static bool read_signing_time(struct der *value, struct cms_signer *signer, const char **why)
{
    struct am_bytes time;
    CLAUSE((der_get(value, DER_UTC_TIME, &time) && time.len == 13) ||
               (der_get(value, DER_GENERAL_TIME, &time) && time.len == 15),
           "signingTime must be a time in UTC");
    return true;
}

// IssuerSerial of an ESSCertIDv2 (RFC 5035 §4): the same issuer and serial as the sid.
static bool read_issuer_serial(struct der *id, const struct cms_signer *signer, const char **why)
{
    struct der both, names, name;
    struct am_bytes issuer, content, serial;
    CLAUSE(der_enter(id, DER_SEQUENCE, &both) && der_enter(&both, DER_SEQUENCE, &names) &&
               der_enter(&names, DER_CONTEXT(4), &name) && der_at_end(&names) &&
               der_get_whole(&name, DER_SEQUENCE, &content, &issuer) && der_at_end(&name) &&
               der_get_serial(&both, CERTIFICATE_SERIAL_MAX, &serial) && der_at_end(&both),
           "signingCertificateV2 holds an issuerSerial that can't be read");
    CLAUSE(der_equal(issuer, signer->issuer) && der_equal(serial, signer->serial),
           "signingCertificateV2 names another issuer or serial number than the signer's");
    return true;
}

// SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2 }: one, with SHA-256 (the default, not written).
static bool read_signing_certificate(struct der *value, struct cms_signer *signer, const char **why)
{
    struct der all, list, id;
    CLAUSE(der_enter(value, DER_SEQUENCE, &all) && der_enter(&all, DER_SEQUENCE, &list) && der_at_end(&all) &&
               der_enter(&list, DER_SEQUENCE, &id) && der_at_end(&list),
           "signingCertificateV2 must name one certificate and no policies");
    CLAUSE(der_get(&id, DER_OCTET_STRING, &signer->certificate) && signer->certificate.len == 32,
           "signingCertificateV2 must hold a SHA-256 of 32 bytes");
    if (!der_at_end(&id) && !read_issuer_serial(&id, signer, why))
        return false;
    CLAUSE(der_at_end(&id), "signingCertificateV2 holds more than hash and issuerSerial");
    return true;
}

static const struct attribute {
    const uint8_t *oid;
    size_t oid_len;
    bool required;
    bool (*read)(struct der *value, struct cms_signer *signer, const char **why);
} ATTRIBUTES[] = {
    {OID_CONTENT_TYPE, sizeof OID_CONTENT_TYPE, true, read_content_type},
    {OID_MESSAGE_DIGEST, sizeof OID_MESSAGE_DIGEST, true, read_message_digest},
    {OID_SIGNING_TIME, sizeof OID_SIGNING_TIME, false, read_signing_time},
    {OID_SIGNING_CERTIFICATE, sizeof OID_SIGNING_CERTIFICATE, true, read_signing_certificate},
};

static bool read_attribute(struct der attribute, struct cms_signer *signer, unsigned *seen, const char **why)
{
    for (unsigned i = 0; i < AM_LEN(ATTRIBUTES); i++) {
        struct der value;
        if (!der_expect(&attribute, ATTRIBUTES[i].oid, ATTRIBUTES[i].oid_len))
            continue;
        CLAUSE((*seen & 1u << i) == 0, "a signed attribute stands twice");
        *seen |= 1u << i;
        CLAUSE(der_enter(&attribute, DER_SET, &value) && der_at_end(&attribute),
               "a signed attribute must hold one set of values");
        if (!ATTRIBUTES[i].read(&value, signer, why))
            return false;
        CLAUSE(der_at_end(&value), "a signed attribute must hold exactly one value");
        return true;
    }
    CLAUSE(false, "a signed attribute other than contentType, messageDigest, signingCertificateV2 and signingTime");
}

static bool read_attributes(struct der *info, struct cms_signer *signer, const char **why)
{
    struct am_bytes content, previous = {0};
    CLAUSE(der_get_whole(info, DER_CONTEXT(0), &content, &signer->attributes), "the signed attributes are missing");
    CLAUSE(signer->attributes.len <= ATTRIBUTES_MAX, "the signed attributes are longer than 1024 bytes");
    struct der attributes = der_of(content);
    unsigned seen = 0;
    while (!der_at_end(&attributes)) {
        struct am_bytes attribute, whole;
        CLAUSE(der_get_whole(&attributes, DER_SEQUENCE, &attribute, &whole), "a signed attribute can't be read");
        CLAUSE(previous.data == NULL || der_sorted(previous, whole), "the signed attributes are not in DER's order");
        if (!read_attribute(der_of(attribute), signer, &seen, why))
            return false;
        previous = whole;
    }
    for (unsigned i = 0; i < AM_LEN(ATTRIBUTES); i++)
        CLAUSE(!ATTRIBUTES[i].required || (seen & 1u << i) != 0,
               "contentType, messageDigest and signingCertificateV2 are required");
    return true;
}

// Ecdsa-Sig-Value (RFC 3279 §2.2.3): two positive numbers of P-256's size.
static bool read_ecdsa(struct am_bytes signature, const char **why)
{
    struct der outer = der_of(signature), both;
    struct am_bytes r, s;
    CLAUSE(der_enter(&outer, DER_SEQUENCE, &both) && der_at_end(&outer) && der_get_serial(&both, 2 + 33, &r) &&
               der_get_serial(&both, 2 + 33, &s) && der_at_end(&both),
           "the signature value must be two numbers of P-256 in DER");
    return true;
}

static bool read_signer(struct der info, struct cms_signer *signer, const char **why)
{
    struct der sid;
    struct am_bytes content;
    CLAUSE(DER_EXPECT(&info, VERSION_1), "a SignerInfo's version must be 1");
    CLAUSE(der_enter(&info, DER_SEQUENCE, &sid) && der_get_whole(&sid, DER_SEQUENCE, &content, &signer->issuer) &&
               der_get_serial(&sid, CERTIFICATE_SERIAL_MAX, &signer->serial) && der_at_end(&sid),
           "a signer must be named by issuer and serial number");
    CLAUSE(expect_sha256(&info), "a signer's digest algorithm must be SHA-256");
    if (!read_attributes(&info, signer, why))
        return false;
    CLAUSE(DER_EXPECT(&info, ECDSA_SHA256), "the signature algorithm must be ecdsa-with-SHA256");
    CLAUSE(der_get(&info, DER_OCTET_STRING, &signer->signature), "the signature value is missing");
    CLAUSE(der_at_end(&info), "unsigned attributes are not allowed");
    return read_ecdsa(signer->signature, why);
}

static bool read_signers(struct der *data, struct cms_signature *signature, const char **why)
{
    struct der infos;
    struct am_bytes previous = {0};
    CLAUSE(der_enter(data, DER_SET, &infos), "the SignerInfos are missing");
    while (!der_at_end(&infos)) {
        struct am_bytes info, whole;
        CLAUSE(signature->count < CMS_SIGNERS, "more than two signers");
        CLAUSE(der_get_whole(&infos, DER_SEQUENCE, &info, &whole), "a SignerInfo can't be read");
        CLAUSE(previous.data == NULL || der_sorted(previous, whole), "the SignerInfos are not in DER's order");
        if (!read_signer(der_of(info), &signature->signers[signature->count], why))
            return false;
        signature->count++;
        previous = whole;
    }
    CLAUSE(signature->count > 0, "there is no signer");
    return true;
}

// Puts the certificates in the order of the signers: each one's own by the digest that it signed, no other.
static bool match_certificates(const struct am_bytes *found, size_t count, struct cms_signature *signature,
                               const char **why)
{
    CLAUSE(count == signature->count, "the certificates must be exactly the signers' own");
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[32];
        size_t at = 0;
        CLAUSE(certs_sha256(found[i].data, found[i].len, digest), "out of memory");
        while (at < count && (signature->certificates[at].data != NULL ||
                              memcmp(signature->signers[at].certificate.data, digest, sizeof digest) != 0))
            at++;
        CLAUSE(at < count, "the certificates must be exactly the signers' own");
        signature->certificates[at] = found[i];
    }
    return true;
}

static bool read_certificates(struct der *data, struct am_bytes found[CMS_SIGNERS], size_t *ret_count, const char **why)
{
    struct der set;
    CLAUSE(der_enter(data, DER_CONTEXT(0), &set), "the signers' certificates are missing");
    *ret_count = 0;
    while (!der_at_end(&set)) {
        struct am_bytes content;
        CLAUSE(*ret_count < CMS_SIGNERS, "the certificates must be exactly the signers' own");
        struct am_bytes *whole = &found[*ret_count];
        CLAUSE(der_get_whole(&set, DER_SEQUENCE, &content, whole) && whole->len <= LIMIT_CERTIFICATE,
               "a certificate can't be read or is too long");
        CLAUSE(*ret_count == 0 || der_sorted(found[*ret_count - 1], *whole), "the certificates are not in DER's order");
        (*ret_count)++;
    }
    return true;
}

static bool read_content(struct der *data, enum cms_form form, struct cms_signature *signature, const char **why)
{
    struct der encap, explicit;
    CLAUSE(der_enter(data, DER_SEQUENCE, &encap) && DER_EXPECT(&encap, OID_DATA), "eContentType must be id-data");
    if (form == CMS_EMBEDDED_FORM) {
        CLAUSE(der_enter(&encap, DER_CONTEXT(0), &explicit) &&
                   der_get(&explicit, DER_OCTET_STRING, &signature->content) && der_at_end(&explicit),
               "the content must be inside");
    }
    CLAUSE(der_at_end(&encap), "the signature must be detached from its content");
    return true;
}

static bool read_signed_data(struct der data, enum cms_form form, struct cms_signature *signature, const char **why)
{
    struct der digests;
    struct am_bytes found[CMS_SIGNERS];
    size_t count;
    CLAUSE(DER_EXPECT(&data, VERSION_1), "the version of SignedData must be 1");
    CLAUSE(der_enter(&data, DER_SET, &digests) && expect_sha256(&digests) && der_at_end(&digests),
           "digestAlgorithms must be SHA-256 alone");
    if (!read_content(&data, form, signature, why) || !read_certificates(&data, found, &count, why))
        return false;
    CLAUSE(!der_next_is(&data, DER_CONTEXT(1)), "CRLs are not allowed inside");
    if (!read_signers(&data, signature, why))
        return false;
    CLAUSE(der_at_end(&data), "there are bytes after the SignerInfos");
    return match_certificates(found, count, signature, why);
}

static bool read_whole(struct am_bytes der, enum cms_form form, struct cms_signature *signature, const char **why)
{
    struct der all = der_of(der), info, explicit, data;
    CLAUSE(der_enter(&all, DER_SEQUENCE, &info) && der_at_end(&all) && DER_EXPECT(&info, OID_SIGNED_DATA),
           "not a SignedData in DER, or bytes after it");
    CLAUSE(der_enter(&info, DER_CONTEXT(0), &explicit) && der_at_end(&info) &&
               der_enter(&explicit, DER_SEQUENCE, &data) && der_at_end(&explicit),
           "the SignedData can't be read");
    return read_signed_data(data, form, signature, why);
}

enum am_err cms_profile_signature(struct am_bytes der, enum cms_form form, struct am_detail *detail,
                                  struct cms_signature *ret_signature)
{
    size_t limit = form == CMS_EMBEDDED_FORM ? EMBEDDED_MAX : LIMIT_SIGNATURE;
    struct cms_signature signature = {.der = der};
    const char *why = "";
    if (der.len > limit)
        return am_fail(AM_TOO_LARGE, detail, "signature", "it has %zu bytes, allowed are %zu", der.len, limit);
    if (der.len == 0 || !read_whole(der, form, &signature, &why))
        return am_fail(AM_SIGNATURE, detail, "signature", "%s", der.len == 0 ? "there is none" : why);
    *ret_signature = signature;
    return AM_OK;
}
