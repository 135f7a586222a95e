// SPDX-License-Identifier: Apache-2.0
// Verifies signatures that keep to the profile: bare on the hot path, and by OpenSSL's CMS_verify for comparison.
#include "certs/cms.h"
#include "certs/der.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <string.h>

#define ATTRIBUTES_MAX 1024u

static struct am_bytes digest_of(const struct certificate *certificate)
{
    return (struct am_bytes){certificate->digest, CERTIFICATE_DIGEST};
}

const struct cms_signer *cms_signer_find(const struct cms_signature *signature, const struct certificate *certificate)
{
    struct am_bytes serial = {certificate->serial, certificate->serial_len};
    for (size_t i = 0; i < signature->count; i++) {
        const struct cms_signer *signer = &signature->signers[i];
        if (der_equal(signer->certificate, digest_of(certificate)) && der_equal(signer->issuer, certificate->issuer) &&
            der_equal(signer->serial, serial))
            return signer;
    }
    return NULL;
}

// A context ready to verify with the certificate's key: the kept one if no other thread has it, else a new one.
static EVP_PKEY_CTX *take_verifier(const struct certificate *certificate)
{
    struct certificate *slot = (struct certificate *)certificate; // the slot is the one part that changes
    EVP_PKEY_CTX *context = atomic_exchange(&slot->verifier, NULL);
    if (context != NULL)
        return context;
    context = EVP_PKEY_CTX_new_from_pkey(NULL, certificate->key, NULL);
    if (context != NULL && EVP_PKEY_verify_init(context) != 1) {
        EVP_PKEY_CTX_free(context);
        context = NULL;
    }
    return context;
}

static void put_verifier(const struct certificate *certificate, EVP_PKEY_CTX *context)
{
    struct certificate *slot = (struct certificate *)certificate;
    EVP_PKEY_CTX_free(atomic_exchange(&slot->verifier, context));
}

// ECDSA over the attributes re-tagged from [0] to SET OF (RFC 5652 §5.4).
static enum am_err verify_attributes(const struct cms_signer *signer, const struct certificate *certificate)
{
    uint8_t attributes[ATTRIBUTES_MAX], digest[32];
    memcpy(attributes, signer->attributes.data, signer->attributes.len);
    attributes[0] = DER_SET;
    if (!certs_sha256(attributes, signer->attributes.len, digest))
        return AM_NOMEM;
    EVP_PKEY_CTX *context = take_verifier(certificate);
    if (context == NULL)
        return AM_NOMEM;
    int good = EVP_PKEY_verify(context, signer->signature.data, signer->signature.len, digest, sizeof digest);
    put_verifier(certificate, context);
    if (good != 1)
        ERR_clear_error();
    return good == 1 ? AM_OK : AM_SIGNATURE;
}

enum am_err cms_verify_digest(const struct cms_signature *signature, const uint8_t digest[32],
                              const struct certificate *signer, struct am_detail *detail)
{
    const struct cms_signer *found = cms_signer_find(signature, signer);
    if (found == NULL)
        return am_fail(AM_NOT_FOUND, detail, "signature", "it is not by the certificate of %s", signer->identity.uri);
    if (memcmp(found->digest.data, digest, 32) != 0)
        return am_fail(AM_SIGNATURE, detail, "signature", "what was signed is not this content");
    enum am_err err = verify_attributes(found, signer);
    return err == AM_SIGNATURE ? am_fail(err, detail, "signature", "the value doesn't verify with the signer's key")
                               : err;
}

enum am_err cms_verify_bare(const struct cms_signature *signature, struct am_bytes content,
                            const struct certificate *signer, struct am_detail *detail)
{
    uint8_t digest[32];
    return certs_sha256(content.data, content.len, digest) ? cms_verify_digest(signature, digest, signer, detail)
                                                           : AM_NOMEM;
}

static bool same_certificates(STACK_OF(X509) *found, X509 *const *signers, size_t count)
{
    if (found == NULL || (size_t)sk_X509_num(found) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        bool among = false;
        for (int j = 0; j < sk_X509_num(found); j++)
            among |= X509_cmp(signers[i], sk_X509_value(found, j)) == 0;
        if (!among)
            return false;
    }
    return true;
}

// Trusts exactly the signers: CMS_CADES has OpenSSL build a chain, whose verdict is certs_check's business.
static X509_STORE *store_of(X509 *const *signers, size_t count)
{
    X509_STORE *store = X509_STORE_new();
    for (size_t i = 0; store != NULL && i < count; i++)
        X509_STORE_add_cert(store, signers[i]);
    if (store != NULL)
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    return store;
}

// Reads with OpenSSL and lets it verify; detached content comes from a BIO.
static enum am_err verify_openssl(struct am_bytes der, enum cms_form form, struct am_bytes content,
                                  X509 *const *signers, size_t count)
{
    const uint8_t *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    BIO *in = form == CMS_DETACHED_FORM ? BIO_new_mem_buf(content.data, (int)content.len) : NULL;
    BIO *out = BIO_new(BIO_s_null());
    X509_STORE *store = store_of(signers, count);
    bool good = cms != NULL && at == der.data + der.len && out != NULL && store != NULL &&
                CMS_verify(cms, NULL, store, in, out, CMS_BINARY | CMS_CADES) == 1;
    if (good) {
        STACK_OF(X509) *found = CMS_get0_signers(cms);
        good = same_certificates(found, signers, count);
        sk_X509_free(found);
    }
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    X509_STORE_free(store);
    ERR_clear_error();
    return good ? AM_OK : AM_SIGNATURE;
}

enum am_err cms_verify_full(struct am_bytes der, enum cms_form form, struct am_bytes content, X509 *const *signers,
                            size_t count, struct am_detail *detail)
{
    struct cms_signature signature;
    TRY(cms_profile_signature(der, form, detail, &signature));
    if (form == CMS_EMBEDDED_FORM && !der_equal(signature.content, content))
        return am_fail(AM_SIGNATURE, detail, "signature", "the content inside is another one");
    if (verify_openssl(der, form, content, signers, count) != AM_OK)
        return am_fail(AM_SIGNATURE, detail, "signature", "it doesn't verify");
    return AM_OK;
}
