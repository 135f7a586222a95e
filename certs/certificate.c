// SPDX-License-Identifier: Apache-2.0
// Takes certificates in: P-256 by its bytes, and one use told by key usage, extended key usage and name.
#include "certs/certificate.h"

#include "certs/keyfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// The SubjectPublicKeyInfo of an uncompressed P-256 point on the named curve, up to the point (RFC 5480 §2).
static const uint8_t P256_SPKI[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
#define P256_SPKI_LEN (sizeof P256_SPKI + 64)

enum name_kind { NAME_DEVICE = 1, NAME_OFFICER = 2, NAME_HUB = 4, NAME_DNS = 8, NAME_OVERSIGHT = 16 };

// The table of certificate.h. eku NID_undef: there is no such extension.
static const struct use_row {
    const char *text;
    uint32_t key_usage;
    int eku;
    unsigned names;
} USES[CERT_USES] = {
    [CERT_USE_AUTH] = {"auth", KU_DIGITAL_SIGNATURE, NID_client_auth, NAME_DEVICE | NAME_HUB},
    [CERT_USE_SEAL] = {"seal", KU_KEY_AGREEMENT, NID_undef, NAME_DEVICE},
    [CERT_USE_SIGN_DEVICE] = {"sign", KU_DIGITAL_SIGNATURE, NID_undef, NAME_DEVICE},
    [CERT_USE_SIGN_OFFICER] = {"officer", KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, NID_undef, NAME_OFFICER},
    [CERT_USE_HUB_SERVER] = {"hub", KU_DIGITAL_SIGNATURE, NID_server_auth, NAME_DNS},
    [CERT_USE_OVERSIGHT] = {"oversight", KU_KEY_AGREEMENT, NID_undef, NAME_OVERSIGHT},
};

const char *cert_use_text(enum cert_use use)
{
    return (unsigned)use < CERT_USES ? USES[use].text : "unknown";
}

enum am_err cert_use_parse(const char *text, enum cert_use *ret_use)
{
    for (unsigned i = 0; i < CERT_USES; i++) {
        if (strcmp(text, USES[i].text) == 0) {
            *ret_use = (enum cert_use)i;
            return AM_OK;
        }
    }
    return AM_INVALID;
}

static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

// Fetched once: a look-up for each digest costs as much as the digest.
static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

bool certs_sha256(const void *data, size_t len, uint8_t ret_digest[32])
{
    pthread_once(&sha256_once, fetch_sha256);
    return sha256 != NULL && EVP_Digest(data, len, ret_digest, NULL, sha256, NULL) == 1;
}

bool certs_digest(const X509 *x509, uint8_t ret_digest[CERTIFICATE_DIGEST])
{
    return X509_digest(x509, EVP_sha256(), ret_digest, NULL) == 1;
}

void certs_digest_hex(const uint8_t digest[32], char ret_hex[65])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 32; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[64] = '\0';
}

enum am_err certs_digest_parse(const char *hex, uint8_t ret_digest[32])
{
    uint8_t digest[32];
    size_t len = 0;
    if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64 ||
        OPENSSL_hexstr2buf_ex(digest, sizeof digest, &len, hex, '\0') != 1)
        return AM_INVALID;
    memcpy(ret_digest, digest, sizeof digest);
    return AM_OK;
}

// The one extended key usage, NID_undef without the extension, -1 for several or one that OpenSSL doesn't know.
static int extended_key_usage(const X509 *x509)
{
    if (X509_get_ext_by_NID(x509, NID_ext_key_usage, -1) < 0)
        return NID_undef;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    int nid = usages != NULL && sk_ASN1_OBJECT_num(usages) == 1 ? OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, 0)) : -1;
    EXTENDED_KEY_USAGE_free(usages);
    return nid == NID_undef ? -1 : nid;
}

static bool has_one_dns_name(const X509 *x509)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    bool one = names != NULL && sk_GENERAL_NAME_num(names) == 1 && sk_GENERAL_NAME_value(names, 0)->type == GEN_DNS;
    GENERAL_NAMES_free(names);
    return one;
}

static enum am_err name_of(const X509 *x509, struct am_detail *detail, unsigned *ret_kind, struct identity *identity)
{
    static const unsigned kinds[] = {[IDENTITY_DEVICE] = NAME_DEVICE,
                                     [IDENTITY_OFFICER] = NAME_OFFICER,
                                     [IDENTITY_HUB] = NAME_HUB,
                                     [IDENTITY_OVERSIGHT] = NAME_OVERSIGHT};
    *identity = (struct identity){0};
    if (has_one_dns_name(x509)) {
        *ret_kind = NAME_DNS;
        return AM_OK;
    }
    TRY(identity_from_certificate(x509, detail, identity));
    *ret_kind = kinds[identity->kind];
    return AM_OK;
}

enum am_err certificate_use(X509 *x509, struct am_detail *detail, enum cert_use *ret_use, struct identity *ret_identity)
{
    // Has OpenSSL read the extensions into its own flags.
    if (X509_check_purpose(x509, -1, 0) != 1 || (X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
        return am_fail(AM_CERTIFICATE, detail, "extensions", "one of them can't be read or stands twice");
    if (X509_get_version(x509) != X509_VERSION_3 || (X509_get_extension_flags(x509) & EXFLAG_CA) != 0)
        return am_fail(AM_CERTIFICATE, detail, "basicConstraints", "not an end entity's certificate of version 3");
    uint32_t key_usage = X509_get_key_usage(x509); // UINT32_MAX where there is none
    int eku = extended_key_usage(x509);
    struct identity identity;
    unsigned kind;
    TRY(name_of(x509, detail, &kind, &identity));
    for (unsigned i = 0; i < CERT_USES; i++) {
        if (USES[i].key_usage != key_usage || USES[i].eku != eku || (USES[i].names & kind) == 0)
            continue;
        *ret_use = (enum cert_use)i;
        if (ret_identity != NULL)
            *ret_identity = identity;
        return AM_OK;
    }
    return am_fail(AM_CERTIFICATE, detail, "keyUsage",
                   "key usage, extended key usage and kind of name together fit no use; allowed are: "
                   "auth, seal and sign of a device, officer, hub, oversight");
}

static enum am_err check_key(const X509 *x509, struct am_detail *detail)
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    bool good = len == (int)P256_SPKI_LEN && memcmp(spki, P256_SPKI, sizeof P256_SPKI) == 0;
    OPENSSL_free(spki);
    if (!good || X509_get0_pubkey(x509) == NULL)
        return am_fail(AM_CERTIFICATE, detail, "subjectPublicKeyInfo", "the key must be on P-256, uncompressed");
    return AM_OK;
}

static enum am_err read_serial(const X509 *x509, struct certificate *certificate, struct am_detail *detail)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    int len = i2d_ASN1_INTEGER(serial, NULL);
    if (len <= 0 || len > (int)CERTIFICATE_SERIAL_MAX || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        return am_fail(AM_CERTIFICATE, detail, "serialNumber", "it must be positive and of at most 20 octets");
    uint8_t *at = certificate->serial;
    certificate->serial_len = (size_t)i2d_ASN1_INTEGER(serial, &at);
    return AM_OK;
}

enum am_err certificate_init(struct certificate *certificate, X509 *x509, struct am_detail *detail)
{
    struct certificate made = {0};
    int len = i2d_X509(x509, NULL);
    if (len <= 0 || len > (int)LIMIT_CERTIFICATE)
        return am_fail(AM_CERTIFICATE, detail, "certificate", "it has %d bytes, allowed are %u", len,
                       LIMIT_CERTIFICATE);
    TRY(check_key(x509, detail));
    TRY(certificate_use(x509, detail, &made.use, &made.identity));
    TRY(read_serial(x509, &made, detail));
    const unsigned char *issuer;
    size_t issuer_len;
    if (X509_NAME_get0_der(X509_get_issuer_name(x509), &issuer, &issuer_len) != 1 || !certs_digest(x509, made.digest))
        return AM_NOMEM;
    made.issuer = (struct am_bytes){issuer, issuer_len};
    made.key = X509_get0_pubkey(x509);
    made.x509 = x509;
    X509_up_ref(x509);
    memcpy(certificate, &made, sizeof made);
    return AM_OK;
}

enum am_err certificate_init_der(struct certificate *certificate, struct am_bytes der, struct am_detail *detail)
{
    if (der.len > LIMIT_CERTIFICATE)
        return am_fail(AM_TOO_LARGE, detail, "certificate", "it has %zu bytes, allowed are %u", der.len,
                       LIMIT_CERTIFICATE);
    const uint8_t *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (x509 == NULL || at != der.data + der.len) {
        X509_free(x509);
        return am_fail(AM_INVALID, detail, "certificate", "these bytes are not one DER certificate");
    }
    enum am_err err = certificate_init(certificate, x509, detail);
    X509_free(x509);
    return err;
}

void certificate_clear(struct certificate *certificate)
{
    EVP_PKEY_CTX_free(atomic_exchange(&certificate->verifier, NULL));
    X509_free(certificate->x509);
    memset(certificate, 0, sizeof *certificate);
}
