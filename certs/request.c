// SPDX-License-Identifier: Apache-2.0
// Certificate requests: the name, key usage and extended key usage that one use asks for.
#include "certs/extension.h"
#include "certs/keyfile.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

// keyUsage and extendedKeyUsage as OpenSSL's configuration writes them; the table of certificate.h.
static const struct {
    const char *key_usage, *eku;
    unsigned kinds; // bit per enum identity_kind; 0: a DNS name
} REQUESTS[CERT_USES] = {
    [CERT_USE_AUTH] = {"critical,digitalSignature", "clientAuth", 1u << IDENTITY_DEVICE | 1u << IDENTITY_HUB},
    [CERT_USE_SEAL] = {"critical,keyAgreement", NULL, 1u << IDENTITY_DEVICE},
    [CERT_USE_SIGN_DEVICE] = {"critical,digitalSignature", NULL, 1u << IDENTITY_DEVICE},
    [CERT_USE_SIGN_OFFICER] = {"critical,digitalSignature,nonRepudiation", NULL, 1u << IDENTITY_OFFICER},
    [CERT_USE_HUB_SERVER] = {"critical,digitalSignature", "serverAuth", 0},
};

bool certs_dns_valid(const char *name)
{
    size_t len = strlen(name), label = 0, dots = 0;
    if (len == 0 || len > 253)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.') {
            if (label == 0 || name[i - 1] == '-')
                return false;
            label = 0;
            dots++;
            continue;
        }
        bool letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');
        if ((!letter && (name[i] != '-' || label == 0)) || ++label > 63)
            return false;
    }
    return label > 0 && dots > 0 && name[len - 1] != '-';
}

enum am_err certs_name_check(enum cert_use use, const char *name, struct am_detail *detail)
{
    struct identity identity;
    if (REQUESTS[use].kinds == 0) {
        if (!certs_dns_valid(name))
            return am_fail(AM_INVALID, detail, "name", "\"%s\" is not a DNS name in lower case with a dot", name);
        return AM_OK;
    }
    TRY(identity_parse(name, strlen(name), detail, &identity));
    if ((REQUESTS[use].kinds & 1u << identity.kind) == 0)
        return am_fail(AM_INVALID, detail, "name", "%s names %s %s, which has no \"%s\" certificate", name,
                       identity.kind == IDENTITY_OFFICER ? "an" : "a", identity_kind_text(identity.kind),
                       cert_use_text(use));
    return AM_OK;
}

bool certs_add_extension(STACK_OF(X509_EXTENSION) **stack, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    bool added = extension != NULL && X509v3_add_ext(stack, extension, -1) != NULL;
    X509_EXTENSION_free(extension);
    return added;
}

bool certs_use_extensions(STACK_OF(X509_EXTENSION) **stack, X509V3_CTX *context, enum cert_use use, const char *name)
{
    char san[300];
    snprintf(san, sizeof san, "%s:%s", REQUESTS[use].kinds == 0 ? "DNS" : "URI", name);
    return certs_add_extension(stack, context, NID_key_usage, REQUESTS[use].key_usage) &&
           (REQUESTS[use].eku == NULL || certs_add_extension(stack, context, NID_ext_key_usage, REQUESTS[use].eku)) &&
           certs_add_extension(stack, context, NID_subject_alt_name, san);
}

X509_NAME *certs_subject(enum cert_use use, const char *name)
{
    struct identity identity;
    char organisation[LIMIT_ADDRESS + 1] = "Amana hub";
    if (REQUESTS[use].kinds != 0 && identity_parse(name, strlen(name), NULL, &identity) == AM_OK) {
        memcpy(organisation, identity.unit, sizeof organisation);
        for (char *c = organisation; *c != '\0'; c++)
            *c = *c == '/' ? ' ' : *c;
    }
    organisation[64] = '\0'; // ub-organization-name of X.520
    X509_NAME *subject = X509_NAME_new();
    if (subject != NULL && X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8,
                                                      (const unsigned char *)organisation, -1, -1, 0) != 1) {
        X509_NAME_free(subject);
        return NULL;
    }
    return subject;
}

static bool fill_request(X509_REQ *request, EVP_PKEY *key, enum cert_use use, const char *name)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
    X509_NAME *subject = certs_subject(use, name);
    bool filled = subject != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                  X509_REQ_set_subject_name(request, subject) == 1 && X509_REQ_set_pubkey(request, key) == 1 &&
                  certs_use_extensions(&extensions, &context, use, name) &&
                  X509_REQ_add_extensions(request, extensions) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
    X509_NAME_free(subject);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return filled;
}

enum am_err keyfile_request(EVP_PKEY *key, enum cert_use use, const char *name, struct am_detail *detail,
                            X509_REQ **ret_request)
{
    TRY(certs_name_check(use, name, detail));
    X509_REQ *request = X509_REQ_new();
    if (request == NULL)
        return AM_NOMEM;
    if (!fill_request(request, key, use, name)) {
        X509_REQ_free(request);
        return am_fail(AM_CRYPTO, detail, "request", "OpenSSL could not make the certificate request");
    }
    *ret_request = request;
    return AM_OK;
}
