// SPDX-License-Identifier: Apache-2.0
// Certificate requests: the name, key usage and extended key usage that one use asks for.
#include "certs/extension.h"
#include "certs/keyfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
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
    [CERT_USE_OVERSIGHT] = {"critical,keyAgreement", NULL, 1u << IDENTITY_OVERSIGHT},
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
                       identity.kind == IDENTITY_OFFICER || identity.kind == IDENTITY_OVERSIGHT ? "an" : "a",
                       identity_kind_text(identity.kind), cert_use_text(use));
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

// A certificate of the request's extensions alone, signed with a key that is thrown away: OpenSSL reads extensions
// only of a whole one.
static X509 *shell_of(X509_REQ *request)
{
    X509 *shell = X509_new();
    EVP_PKEY *key = keyfile_generate();
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    bool filled = shell != NULL && key != NULL && X509_set_version(shell, X509_VERSION_3) == 1 &&
                  ASN1_INTEGER_set(X509_get_serialNumber(shell), 1) == 1 &&
                  X509_gmtime_adj(X509_getm_notBefore(shell), 0) != NULL &&
                  X509_gmtime_adj(X509_getm_notAfter(shell), 60) != NULL && X509_set_pubkey(shell, key) == 1;
    for (int i = 0; filled && i < sk_X509_EXTENSION_num(extensions); i++)
        filled = X509_add_ext(shell, sk_X509_EXTENSION_value(extensions, i), -1) == 1;
    filled = filled && X509_sign(shell, key, EVP_sha256()) > 0;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    EVP_PKEY_free(key);
    if (filled)
        return shell;
    X509_free(shell);
    return NULL;
}

static enum am_err dns_of(const X509 *x509, char ret_name[CERTS_NAME])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    enum am_err err = AM_INVALID;
    if (names != NULL && sk_GENERAL_NAME_num(names) == 1 && sk_GENERAL_NAME_value(names, 0)->type == GEN_DNS) {
        const ASN1_IA5STRING *dns = sk_GENERAL_NAME_value(names, 0)->d.dNSName;
        size_t len = (size_t)ASN1_STRING_length(dns);
        if (len > 0 && len < CERTS_NAME && memchr(ASN1_STRING_get0_data(dns), '\0', len) == NULL) {
            memcpy(ret_name, ASN1_STRING_get0_data(dns), len);
            ret_name[len] = '\0';
            err = AM_OK;
        }
    }
    GENERAL_NAMES_free(names);
    return err;
}

enum am_err certs_request_use(X509_REQ *request, struct am_detail *detail, enum cert_use *ret_use,
                              char ret_name[CERTS_NAME])
{
    X509 *shell = shell_of(request);
    struct identity identity;
    if (shell == NULL)
        return am_fail(AM_INVALID, detail, "extensions", "the request's extensions can't be read");
    enum am_err err = certificate_use(shell, detail, ret_use, &identity);
    if (err == AM_OK && *ret_use == CERT_USE_HUB_SERVER)
        err = dns_of(shell, ret_name);
    else if (err == AM_OK)
        memcpy(ret_name, identity.uri, sizeof identity.uri);
    X509_free(shell);
    ERR_clear_error();
    return err == AM_OK ? certs_name_check(*ret_use, ret_name, detail) : err;
}
