// SPDX-License-Identifier: Apache-2.0
// Signatures by the profile: each clause broken in turn, each bit flipped, and other people's tools.
#include "tests/unit/der_edit.h"
#include "tests/unit/pki.h"

#include "certs/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text)                                                                                                    \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define OFFICER "amana://ke/dci/transnational/officer/kdci-0417"

static struct pki pki;
static X509 *officer, *other;
static EVP_PKEY *officer_key, *other_key;
static struct certificate officer_certificate, other_certificate;
static const struct am_bytes HEADER = BYTES("a header\nwith a newline \x00 and a NUL");

static struct am_bytes signed_header(void)
{
    struct am_bytes der;
    struct am_detail detail = {0};
    enum am_err err = cms_sign(HEADER, officer, officer_key, &detail, &der);
    if (err != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return der;
}

static enum am_err bare(struct am_bytes der, struct am_bytes content, const struct certificate *signer)
{
    struct cms_signature signature;
    TRY(cms_profile_signature(der, CMS_DETACHED_FORM, NULL, &signature));
    return cms_verify_bare(&signature, content, signer, NULL);
}

static enum am_err full(struct am_bytes der, struct am_bytes content)
{
    return cms_verify_full(der, CMS_DETACHED_FORM, content, &officer, 1, NULL);
}

static void what_was_signed_verifies_both_ways(void **state)
{
    struct am_bytes der = signed_header();
    struct cms_signature signature;
    assert_int_equal(cms_profile_signature(der, CMS_DETACHED_FORM, NULL, &signature), AM_OK);
    assert_int_equal(signature.count, 1);
    assert_null(signature.content.data);
    assert_int_equal(bare(der, HEADER, &officer_certificate), AM_OK);
    assert_int_equal(full(der, HEADER), AM_OK);
    assert_in_range(der.len, 600, 1100);
    free((void *)der.data);
}

static void another_content_or_another_signer_is_refused(void **state)
{
    struct am_bytes der = signed_header(), shorter = {HEADER.data, HEADER.len - 1};
    assert_int_equal(bare(der, shorter, &officer_certificate), AM_SIGNATURE);
    assert_int_equal(full(der, shorter), AM_SIGNATURE);
    assert_int_equal(bare(der, HEADER, &other_certificate), AM_NOT_FOUND);
    assert_int_equal(cms_verify_full(der, CMS_DETACHED_FORM, HEADER, &other, 1, NULL), AM_SIGNATURE);
    X509 *both[] = {officer, other};
    assert_int_equal(cms_verify_full(der, CMS_DETACHED_FORM, HEADER, both, 2, NULL), AM_SIGNATURE);
    free((void *)der.data);
}

static void a_key_of_another_certificate_does_not_sign(void **state)
{
    struct am_bytes der;
    struct am_detail detail;
    assert_int_equal(cms_sign(HEADER, officer, other_key, &detail, &der), AM_CRYPTO);
}

static void a_flip_of_any_bit_is_refused(void **state)
{
    struct am_bytes der = signed_header();
    uint8_t *changed = malloc(der.len);
    unsigned full_refused = 0;
    assert_non_null(changed);
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        memcpy(changed, der.data, der.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct am_bytes bytes = {changed, der.len};
        bool by_bare = bare(bytes, HEADER, &officer_certificate) == AM_OK;
        bool by_full = full(bytes, HEADER) == AM_OK;
        if (by_bare)
            fail_msg("the bare check took a flip of bit %zu (full: %d)", bit, by_full);
        full_refused += !by_full;
    }
    assert_int_equal(full_refused, der.len * 8);
    free(changed);
    free((void *)der.data);
}

static void a_truncated_or_longer_signature_is_refused(void **state)
{
    struct am_bytes der = signed_header();
    struct cms_signature signature;
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *copy = malloc(len + 1); // its own memory, so that a sanitizer sees a read past the end
        assert_non_null(copy);
        memcpy(copy, der.data, len);
        uint8_t *exact = realloc(copy, len > 0 ? len : 1);
        assert_non_null(exact);
        assert_int_equal(cms_profile_signature((struct am_bytes){exact, len}, CMS_DETACHED_FORM, NULL, &signature),
                         AM_SIGNATURE);
        free(exact);
    }
    uint8_t *longer = calloc(1, LIMIT_SIGNATURE + 1);
    assert_non_null(longer);
    memcpy(longer, der.data, der.len);
    assert_int_equal(bare((struct am_bytes){longer, der.len + 1}, HEADER, &officer_certificate), AM_SIGNATURE);
    assert_int_equal(bare((struct am_bytes){longer, LIMIT_SIGNATURE}, HEADER, &officer_certificate), AM_SIGNATURE);
    assert_int_equal(bare((struct am_bytes){longer, LIMIT_SIGNATURE + 1}, HEADER, &officer_certificate), AM_TOO_LARGE);
    free(longer);
    free((void *)der.data);
}

// Where things stand in our own signatures.
#define DATA   1, 0
#define SIGNER 1, 0, 4, 0
#define ATTRS  SIGNER, 3
#define PATH(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__, -1                                                                                                \
    }
#define OCTET(n) "\x04" n

static const struct clause {
    const char *what;
    int path[16];
    enum der_edit edit;
    struct am_bytes with;
    const char *why; // words of the clause that must refuse it
} CLAUSES[] = {
    {"the type of an EnvelopedData", PATH(0), DER_REPLACE, BYTES("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
     "not a SignedData"},
    {"something after the content", PATH(1), DER_TWICE, {0}, "can't be read"},
    {"version 3", PATH(DATA, 0), DER_REPLACE, BYTES("\x02\x01\x03"), "version of SignedData"},
    {"two digest algorithms", PATH(DATA, 1, 0), DER_TWICE, {0}, "SHA-256 alone"},
    {"no digest algorithm", PATH(DATA, 1, 0), DER_DELETE, {0}, "SHA-256 alone"},
    {"SHA-1 as digest algorithm", PATH(DATA, 1, 0), DER_REPLACE, BYTES("\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a"),
     "SHA-256 alone"},
    {"another content type", PATH(DATA, 2, 0), DER_REPLACE, BYTES("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
     "eContentType"},
    {"a content inside", PATH(DATA, 2), DER_APPEND_INSIDE, BYTES("\xa0\x03\x04\x01x"), "detached"},
    {"no certificates", PATH(DATA, 3), DER_DELETE, {0}, "certificates are missing"},
    {"an empty set of certificates", PATH(DATA, 3, 0), DER_DELETE, {0}, "exactly the signers"},
    {"the certificate twice", PATH(DATA, 3, 0), DER_TWICE, {0}, "exactly the signers"},
    {"an attribute certificate", PATH(DATA, 3), DER_APPEND_INSIDE, BYTES("\xa2\x00"), "can't be read"},
    {"a CRL", PATH(DATA, 4), DER_INSERT_BEFORE, BYTES("\xa1\x02\x30\x00"), "CRLs"},
    {"no signer", PATH(SIGNER), DER_DELETE, {0}, "no signer"},
    {"the signer twice", PATH(SIGNER), DER_TWICE, {0}, "exactly the signers"},
    {"three signers", PATH(SIGNER), DER_INSERT_BEFORE, {0}, "more than two"},
    {"something after the signers", PATH(DATA), DER_APPEND_INSIDE, BYTES("\x05\x00"), "after the SignerInfos"},
    {"no SignerInfos", PATH(DATA, 4), DER_DELETE, {0}, "SignerInfos are missing"},
    {"a NULL among the attributes", PATH(ATTRS), DER_APPEND_INSIDE, BYTES("\x05\x00"), "attribute can't be read"},
    {"a SignerInfo of version 3", PATH(SIGNER, 0), DER_REPLACE, BYTES("\x02\x01\x03"), "SignerInfo's version"},
    {"a subjectKeyIdentifier", PATH(SIGNER, 1), DER_REPLACE, BYTES("\x80\x02xx"), "issuer and serial"},
    {"a negative serial number", PATH(SIGNER, 1, 1), DER_REPLACE, BYTES("\x02\x01\x80"), "issuer and serial"},
    {"a padded serial number", PATH(SIGNER, 1, 1), DER_REPLACE, BYTES("\x02\x02\x00\x01"), "issuer and serial"},
    {"a long serial number", PATH(SIGNER, 1, 1), DER_REPLACE, BYTES("\x02\x16\x01xxxxxxxxxxxxxxxxxxxxx"),
     "issuer and serial"},
    {"SHA-384 of the signer", PATH(SIGNER, 2), DER_REPLACE,
     BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"), "must be SHA-256"},
    {"no signed attributes", PATH(SIGNER, 3), DER_DELETE, {0}, "attributes are missing"},
    {"an empty set of signed attributes", PATH(SIGNER, 3), DER_REPLACE, BYTES("\xa0\x00"), "are required"},
    {"no contentType", PATH(ATTRS, 0), DER_DELETE, {0}, "are required"},
    {"no messageDigest", PATH(ATTRS, 1), DER_DELETE, {0}, "are required"},
    {"no signingCertificateV2", PATH(ATTRS, 2), DER_DELETE, {0}, "are required"},
    {"contentType twice", PATH(ATTRS, 0), DER_TWICE, {0}, "stands twice"},
    {"messageDigest twice", PATH(ATTRS, 1), DER_TWICE, {0}, "stands twice"},
    {"another attribute", PATH(ATTRS, 0), DER_INSERT_BEFORE, BYTES("\x30\x08\x06\x02\x2a\x03\x31\x02\x05\x00"),
     "other than"},
    {"attributes out of order", PATH(ATTRS, 0), DER_INSERT_BEFORE,
     BYTES("\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x0f\x17\x0d"
           "260921141320Z"),
     "order"},
    {"a signingTime without seconds", PATH(ATTRS, 1), DER_INSERT_BEFORE,
     BYTES("\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x0d\x17\x0b"
           "2609211413Z"),
     "time in UTC"},
    {"a contentType of another kind", PATH(ATTRS, 0, 1, 0), DER_REPLACE,
     BYTES("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), "must be id-data"},
    {"two values of contentType", PATH(ATTRS, 0, 1, 0), DER_TWICE, {0}, "exactly one value"},
    {"no value of contentType", PATH(ATTRS, 0, 1, 0), DER_DELETE, {0}, "must be id-data"},
    {"two sets of values", PATH(ATTRS, 0, 1), DER_TWICE, {0}, "one set"},
    {"a messageDigest of 20 bytes", PATH(ATTRS, 1, 1, 0), DER_REPLACE, BYTES("\x04\x14xxxxxxxxxxxxxxxxxxxx"),
     "32 bytes"},
    {"two certificates in signingCertificateV2", PATH(ATTRS, 2, 1, 0, 0, 0), DER_TWICE, {0}, "one certificate"},
    {"policies in signingCertificateV2", PATH(ATTRS, 2, 1, 0), DER_APPEND_INSIDE, BYTES("\x30\x00"), "policies"},
    {"a hash algorithm in signingCertificateV2", PATH(ATTRS, 2, 1, 0, 0, 0, 0), DER_INSERT_BEFORE,
     BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03"), "SHA-256 of 32"},
    {"a certHash of 20 bytes", PATH(ATTRS, 2, 1, 0, 0, 0, 0), DER_REPLACE, BYTES("\x04\x14xxxxxxxxxxxxxxxxxxxx"),
     "SHA-256 of 32"},
    {"another certHash", PATH(ATTRS, 2, 1, 0, 0, 0, 0), DER_REPLACE, BYTES("\x04\x20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
     "exactly the signers"},
    {"another serial in issuerSerial", PATH(ATTRS, 2, 1, 0, 0, 0, 1, 1), DER_REPLACE, BYTES("\x02\x01\x05"),
     "another issuer or serial"},
    {"another issuer in issuerSerial", PATH(ATTRS, 2, 1, 0, 0, 0, 1, 0, 0, 0), DER_REPLACE, BYTES("\x30\x00"),
     "another issuer or serial"},
    {"a DNS name as issuer in issuerSerial", PATH(ATTRS, 2, 1, 0, 0, 0, 1, 0, 0), DER_REPLACE, BYTES("\x82\x01x"),
     "issuerSerial that can't be read"},
    {"something after issuerSerial", PATH(ATTRS, 2, 1, 0, 0, 0), DER_APPEND_INSIDE, BYTES("\x05\x00"),
     "more than hash"},
    {"ecdsa-with-SHA384", PATH(SIGNER, 4), DER_REPLACE, BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
     "ecdsa-with-SHA256"},
    {"ecdsa-with-SHA256 with parameters", PATH(SIGNER, 4), DER_APPEND_INSIDE, BYTES("\x05\x00"), "ecdsa-with-SHA256"},
    {"no signature value", PATH(SIGNER, 5), DER_DELETE, {0}, "value is missing"},
    {"a signature value that is no pair", PATH(SIGNER, 5), DER_REPLACE, BYTES("\x04\x03xyz"), "two numbers"},
    {"a signature value with a byte after it", PATH(SIGNER, 5), DER_APPEND_INSIDE, BYTES("x"), "two numbers"},
    {"unsigned attributes", PATH(SIGNER), DER_APPEND_INSIDE, BYTES("\xa1\x00"), "unsigned attributes"},
};

static void each_clause_of_the_signature_profile_is_checked(void **state)
{
    struct am_bytes der = signed_header();
    struct cms_signature signature;
    for (unsigned i = 0; i < AM_LEN(CLAUSES); i++) {
        struct am_detail detail = {0};
        struct am_bytes with = CLAUSES[i].with, twice = {0};
        if (CLAUSES[i].edit == DER_INSERT_BEFORE && with.data == NULL) { // three of it
            struct am_bytes one = der_find(der, CLAUSES[i].path);
            uint8_t *copy = malloc(2 * one.len);
            assert_non_null(copy);
            memcpy(copy, one.data, one.len);
            memcpy(copy + one.len, one.data, one.len);
            with = twice = (struct am_bytes){copy, 2 * one.len};
        }
        struct am_bytes edited = der_edit(der, CLAUSES[i].path, CLAUSES[i].edit, with);
        if (edited.data == NULL)
            fail_msg("%s: no such place", CLAUSES[i].what);
        if (cms_profile_signature(edited, CMS_DETACHED_FORM, &detail, &signature) != AM_SIGNATURE)
            fail_msg("%s: was taken", CLAUSES[i].what);
        if (strstr(detail.text, CLAUSES[i].why) == NULL)
            fail_msg("%s: refused for another reason: %s", CLAUSES[i].what, detail.text);
        free((void *)edited.data);
        free((void *)twice.data);
    }
    free((void *)der.data);
}

// The bare check copies the attributes to the stack: their limit is more than a formality.
static void attributes_of_1024_bytes_and_more_are_told_apart(void **state)
{
    const int sid[] = {SIGNER, 1, 0, -1}, issuer[] = {ATTRS, 2, 1, 0, 0, 0, 1, 0, 0, 0, -1}, attributes[] = {ATTRS, -1};
    struct am_bytes der = signed_header();
    uint8_t name[1024] = {0x30, 0x82};
    struct cms_signature signature;
    for (size_t len = 640; len < sizeof name; len++) {
        struct am_detail detail = {0};
        struct am_bytes with = {name, len};
        name[2] = (uint8_t)((len - 4) >> 8);
        name[3] = (uint8_t)(len - 4);
        struct am_bytes once = der_edit(der, sid, DER_REPLACE, with), both = der_edit(once, issuer, DER_REPLACE, with);
        bool fits = der_find(both, attributes).len <= 1024;
        assert_int_equal(cms_profile_signature(both, CMS_DETACHED_FORM, &detail, &signature),
                         fits ? AM_OK : AM_SIGNATURE);
        if (fits)
            assert_int_equal(cms_verify_bare(&signature, HEADER, &officer_certificate, NULL), AM_NOT_FOUND);
        else
            assert_non_null(strstr(detail.text, "longer than 1024"));
        free((void *)once.data);
        free((void *)both.data);
    }
    free((void *)der.data);
}

// Signs as other programs do, with any flags.
static struct am_bytes sign_otherwise(unsigned flags, const EVP_MD *md, X509 *x509, EVP_PKEY *key, X509 *extra)
{
    BIO *in = BIO_new_mem_buf(HEADER.data, (int)HEADER.len);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY | (flags & CMS_DETACHED));
    assert_non_null(CMS_add1_signer(cms, x509, key, md, CMS_BINARY | flags));
    if (extra != NULL)
        assert_int_equal(CMS_add1_cert(cms, extra), 1);
    assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY | flags), 1);
    uint8_t *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    assert_true(len > 0);
    uint8_t *copy = malloc((size_t)len);
    assert_non_null(copy);
    memcpy(copy, der, (size_t)len);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    return (struct am_bytes){copy, (size_t)len};
}

static void what_stock_tools_make_otherwise_is_refused(void **state)
{
    const unsigned good = CMS_DETACHED | CMS_CADES | CMS_NOSMIMECAP;
    EVP_PKEY *key384 = EVP_EC_gen("P-384");
    struct validity validity = {PKI_NOW - 1, PKI_NOW + PKI_DAY};
    X509 *x384 = issue_end(&pki_country(&pki, "ke")->units, CERT_USE_SIGN_OFFICER, OFFICER, key384, validity);
    const struct {
        const char *what;
        struct am_bytes der;
        bool taken;
    } rows[] = {
        {"with signingTime", sign_otherwise(good, EVP_sha256(), officer, officer_key, NULL), true},
        {"with S/MIME capabilities", sign_otherwise(CMS_DETACHED | CMS_CADES, EVP_sha256(), officer, officer_key, NULL),
         false},
        {"without signingCertificate",
         sign_otherwise(CMS_DETACHED | CMS_NOSMIMECAP, EVP_sha256(), officer, officer_key, NULL), false},
        {"with no attributes", sign_otherwise(CMS_DETACHED | CMS_NOATTR, EVP_sha256(), officer, officer_key, NULL),
         false},
        {"by key identifier", sign_otherwise(good | CMS_USE_KEYID, EVP_sha256(), officer, officer_key, NULL), false},
        {"without certificates", sign_otherwise(good | CMS_NOCERTS, EVP_sha256(), officer, officer_key, NULL), false},
        {"with a certificate more", sign_otherwise(good, EVP_sha256(), officer, officer_key, other), false},
        {"with the content inside",
         sign_otherwise(good & ~(unsigned)CMS_DETACHED, EVP_sha256(), officer, officer_key, NULL), false},
        {"with SHA-512", sign_otherwise(good, EVP_sha512(), officer, officer_key, NULL), false},
        {"with P-384", sign_otherwise(good, EVP_sha256(), x384, key384, NULL), false},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        if ((bare(rows[i].der, HEADER, &officer_certificate) == AM_OK) != rows[i].taken)
            fail_msg("a signature %s was %s", rows[i].what, rows[i].taken ? "refused" : "taken");
        free((void *)rows[i].der.data);
    }
    X509_free(x384);
    EVP_PKEY_free(key384);
}

// A second signer beside ours, as a release adds it.
static struct am_bytes signed_by_two(bool same)
{
    struct am_bytes first = signed_header();
    const uint8_t *at = first.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)first.len);
    CMS_SignerInfo *info =
        CMS_add1_signer(cms, same ? officer : other, same ? officer_key : other_key, EVP_sha256(),
                        CMS_REUSE_DIGEST | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES | (same ? CMS_NOCERTS : 0));
    assert_non_null(info);
    uint8_t *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    uint8_t *copy = malloc((size_t)len);
    assert_non_null(copy);
    memcpy(copy, der, (size_t)len);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    free((void *)first.data);
    return (struct am_bytes){copy, (size_t)len};
}

static void two_signers_are_told_by_their_certificates(void **state)
{
    struct am_bytes der = signed_by_two(false);
    struct cms_signature signature;
    X509 *both[] = {other, officer};
    assert_int_equal(cms_profile_signature(der, CMS_DETACHED_FORM, NULL, &signature), AM_OK);
    assert_int_equal(signature.count, 2);
    assert_int_equal(cms_verify_bare(&signature, HEADER, &officer_certificate, NULL), AM_OK);
    assert_int_equal(cms_verify_bare(&signature, HEADER, &other_certificate, NULL), AM_OK);
    assert_int_equal(cms_verify_full(der, CMS_DETACHED_FORM, HEADER, both, 2, NULL), AM_OK);
    assert_int_equal(cms_verify_full(der, CMS_DETACHED_FORM, HEADER, both, 1, NULL), AM_SIGNATURE);
    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[32];
        assert_true(certs_sha256(signature.certificates[i].data, signature.certificates[i].len, digest));
        assert_memory_equal(digest, signature.signers[i].certificate.data, 32);
    }
    free((void *)der.data);
}

// The same two elements, exchanged: every part verifies, only the order is not DER's.
static struct am_bytes exchanged(struct am_bytes der, const int *first, const int *set)
{
    struct am_bytes element = der_find(der, first), without = der_edit(der, first, DER_DELETE, (struct am_bytes){0});
    struct am_bytes swapped = der_edit(without, set, DER_APPEND_INSIDE, element);
    assert_int_equal(swapped.len, der.len);
    free((void *)without.data);
    return swapped;
}

static void two_signers_or_certificates_out_of_order_are_refused(void **state)
{
    const int signer[] = {SIGNER, -1}, signers[] = {DATA, 4, -1}, certificate[] = {DATA, 3, 0, -1},
              certificates[] = {DATA, 3, -1};
    struct am_bytes der = signed_by_two(false);
    struct am_bytes by_signer = exchanged(der, signer, signers),
                    by_certificate = exchanged(der, certificate, certificates);
    struct cms_signature signature;
    struct am_detail detail;
    assert_int_equal(cms_profile_signature(by_signer, CMS_DETACHED_FORM, &detail, &signature), AM_SIGNATURE);
    assert_non_null(strstr(detail.text, "SignerInfos are not in DER's order"));
    assert_int_equal(cms_profile_signature(by_certificate, CMS_DETACHED_FORM, &detail, &signature), AM_SIGNATURE);
    assert_non_null(strstr(detail.text, "certificates are not in DER's order"));
    free((void *)by_signer.data);
    free((void *)by_certificate.data);
    free((void *)der.data);
}

static void one_signer_twice_is_refused(void **state)
{
    struct am_bytes der = signed_by_two(true);
    struct cms_signature signature;
    assert_int_equal(cms_profile_signature(der, CMS_DETACHED_FORM, NULL, &signature), AM_SIGNATURE);
    free((void *)der.data);
}

static void an_embedded_content_comes_out_as_it_went_in(void **state)
{
    struct am_bytes der;
    struct cms_signature signature;
    assert_int_equal(cms_sign_embedded(HEADER, officer, officer_key, NULL, &der), AM_OK);
    assert_int_equal(cms_profile_signature(der, CMS_DETACHED_FORM, NULL, &signature), AM_SIGNATURE);
    assert_int_equal(cms_profile_signature(der, CMS_EMBEDDED_FORM, NULL, &signature), AM_OK);
    assert_int_equal(signature.content.len, HEADER.len);
    assert_memory_equal(signature.content.data, HEADER.data, HEADER.len);
    assert_int_equal(cms_verify_bare(&signature, signature.content, &officer_certificate, NULL), AM_OK);
    assert_int_equal(cms_verify_full(der, CMS_EMBEDDED_FORM, HEADER, &officer, 1, NULL), AM_OK);
    assert_int_equal(cms_verify_full(der, CMS_EMBEDDED_FORM, (struct am_bytes){HEADER.data, 3}, &officer, 1, NULL),
                     AM_SIGNATURE);
    struct am_bytes detached = signed_header();
    assert_int_equal(cms_profile_signature(detached, CMS_EMBEDDED_FORM, NULL, &signature), AM_SIGNATURE);
    free((void *)detached.data);
    free((void *)der.data);
}

static void the_stock_command_accepts_our_signature_with_chain_and_crls(void **state)
{
    struct am_bytes der = signed_header();
    char command[900];
    pki_write_trust(&pki, NULL);
    pki_write(&pki, "header.bin", HEADER);
    pki_write(&pki, "signature.p7s", der);
    snprintf(command, sizeof command,
             "cd %s && cat trust/roots.pem trust/cas.pem trust/crls/*.crl > anchors.pem && "
             "openssl cms -verify -binary -cades -content header.bin -inform DER -in signature.p7s -CAfile anchors.pem "
             "-attime %lld -crl_check_all -out /dev/null 2> openssl.txt || { cat openssl.txt; false; }",
             pki.folder, (long long)PKI_NOW);
    assert_int_equal(system(command), 0);
    free((void *)der.data);
}

struct hammer {
    struct am_bytes der;
    unsigned failures;
};

static void *verify_often(void *user)
{
    struct hammer *hammer = user;
    for (unsigned i = 0; i < 200; i++)
        hammer->failures += bare(hammer->der, HEADER, &officer_certificate) != AM_OK;
    return NULL;
}

static void one_certificate_verifies_in_many_threads(void **state)
{
    struct am_bytes der = signed_header();
    struct hammer hammers[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        hammers[i] = (struct hammer){der, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &hammers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(hammers[i].failures, 0);
    }
    free((void *)der.data);
}

static int set_up(void **state)
{
    pki_init(&pki);
    officer = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, OFFICER, &officer_key);
    other = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, "amana://ke/dci/transnational/officer/o2", &other_key);
    return certificate_init(&officer_certificate, officer, NULL) != AM_OK ||
           certificate_init(&other_certificate, other, NULL) != AM_OK;
}

static int tear_down(void **state)
{
    certificate_clear(&officer_certificate);
    certificate_clear(&other_certificate);
    X509_free(officer);
    X509_free(other);
    EVP_PKEY_free(officer_key);
    EVP_PKEY_free(other_key);
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_verifies_both_ways),
        cmocka_unit_test(another_content_or_another_signer_is_refused),
        cmocka_unit_test(a_key_of_another_certificate_does_not_sign),
        cmocka_unit_test(a_flip_of_any_bit_is_refused),
        cmocka_unit_test(a_truncated_or_longer_signature_is_refused),
        cmocka_unit_test(each_clause_of_the_signature_profile_is_checked),
        cmocka_unit_test(attributes_of_1024_bytes_and_more_are_told_apart),
        cmocka_unit_test(what_stock_tools_make_otherwise_is_refused),
        cmocka_unit_test(two_signers_are_told_by_their_certificates),
        cmocka_unit_test(two_signers_or_certificates_out_of_order_are_refused),
        cmocka_unit_test(one_signer_twice_is_refused),
        cmocka_unit_test(an_embedded_content_comes_out_as_it_went_in),
        cmocka_unit_test(the_stock_command_accepts_our_signature_with_chain_and_crls),
        cmocka_unit_test(one_certificate_verifies_in_many_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
