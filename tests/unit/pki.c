// SPDX-License-Identifier: Apache-2.0
// Makes the certificates of three countries for tests.
#include "tests/unit/pki.h"
#include "must.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct validity LONG = {PKI_NOW - PKI_DAY, PKI_NOW + 3650ll * PKI_DAY};
static const struct validity SHORT = {PKI_NOW - PKI_DAY, PKI_NOW + 90 * PKI_DAY};
static const struct validity CRL = {PKI_NOW - 3600, PKI_NOW + 2 * PKI_DAY};

static void init_country(struct pki *pki, struct pki_country *country, const char *code, const char *dns)
{
    char uri[LIMIT_URI + 1];
    *country = (struct pki_country){.code = code, .dns = dns};
    MUST((country->units.key = keyfile_generate()) != NULL && (country->hubs.key = keyfile_generate()) != NULL);
    country->units.certificate = issue_authority(&pki->root, AUTHORITY_UNITS, code, dns, country->units.key, LONG);
    country->hubs.certificate = issue_authority(&pki->root, AUTHORITY_HUBS, code, dns, country->hubs.key, LONG);
    MUST(country->units.certificate != NULL && country->hubs.certificate != NULL);
    snprintf(uri, sizeof uri, "amana://%s/registry/desk/officer/r-1", code);
    country->registrar = pki_issue(pki, code, CERT_USE_SIGN_OFFICER, uri, &country->registrar_key);
}

void pki_init(struct pki *pki)
{
    *pki = (struct pki){.folder = "/tmp/amana-test.XXXXXX"};
    MUST(mkdtemp(pki->folder) != NULL);
    MUST((pki->root.key = keyfile_generate()) != NULL);
    MUST((pki->root.certificate = issue_root(pki->root.key, "Amana root", LONG)) != NULL);
    static const char *const codes[PKI_COUNTRIES][2] = {
        {"igad", "igad.amana.example"}, {"ke", "ke.amana.example"}, {"et", "et.amana.example"}};
    for (unsigned i = 0; i < PKI_COUNTRIES; i++) {
        pki->countries[i].code = codes[i][0];
        init_country(pki, &pki->countries[i], codes[i][0], codes[i][1]);
    }
}

static void clear_issuer(struct issuer *issuer)
{
    X509_free(issuer->certificate);
    EVP_PKEY_free(issuer->key);
}

void pki_clear(struct pki *pki)
{
    char command[128];
    for (unsigned i = 0; i < PKI_COUNTRIES; i++) {
        clear_issuer(&pki->countries[i].units);
        clear_issuer(&pki->countries[i].hubs);
        X509_free(pki->countries[i].registrar);
        EVP_PKEY_free(pki->countries[i].registrar_key);
    }
    clear_issuer(&pki->root);
    snprintf(command, sizeof command, "rm -rf '%s'", pki->folder);
    MUST(system(command) == 0);
}

struct pki_country *pki_country(struct pki *pki, const char *code)
{
    for (unsigned i = 0; i < PKI_COUNTRIES; i++) {
        if (strcmp(pki->countries[i].code, code) == 0)
            return &pki->countries[i];
    }
    abort();
}

X509 *pki_issue_by(const struct issuer *issuer, enum cert_use use, const char *name, struct validity validity,
                   EVP_PKEY **ret_key)
{
    EVP_PKEY *key = keyfile_generate();
    MUST(key != NULL);
    X509 *x509 = issue_end(issuer, use, name, key, validity);
    MUST(x509 != NULL);
    // What tests compare is what comes from bytes: read it again.
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    const uint8_t *at = der;
    X509_free(x509);
    MUST(len > 0 && (x509 = d2i_X509(NULL, &at, len)) != NULL);
    OPENSSL_free(der);
    if (ret_key != NULL)
        *ret_key = key;
    else
        EVP_PKEY_free(key);
    return x509;
}

X509 *pki_issue(struct pki *pki, const char *code, enum cert_use use, const char *name, EVP_PKEY **ret_key)
{
    struct pki_country *country = pki_country(pki, code);
    return pki_issue_by(use == CERT_USE_HUB_SERVER ? &country->hubs : &country->units, use, name, SHORT, ret_key);
}

const char *pki_path(const struct pki *pki, const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", pki->folder, name);
    return path;
}

void pki_write(const struct pki *pki, const char *name, struct am_bytes bytes)
{
    MUST(certs_write_file(pki_path(pki, name), bytes, 0600, NULL) == AM_OK);
}

void pki_write_certificate(const struct pki *pki, const char *name, X509 *x509)
{
    STACK_OF(X509) *one = sk_X509_new_null();
    MUST(one != NULL && sk_X509_push(one, x509) > 0);
    MUST(certs_write_pem(pki_path(pki, name), one, NULL) == AM_OK);
    sk_X509_free(one);
}

void pki_write_crl(struct pki *pki, const char *file, const struct issuer *issuer, uint64_t number, const X509 *revoked,
                   struct validity validity)
{
    struct revocation revocation = {.time = PKI_NOW - 60, .reason = 1};
    if (revoked != NULL)
        revocation.serial = X509_get0_serialNumber(revoked);
    X509_CRL *crl = issue_crl(issuer, number, &revocation, revoked != NULL, validity);
    FILE *out = fopen(pki_path(pki, file), "w");
    MUST(crl != NULL && out != NULL && PEM_write_X509_CRL(out, crl) == 1 && fclose(out) == 0);
    X509_CRL_free(crl);
}

static void append_country(const struct pki_country *country, char *conf, size_t size)
{
    char units[65], hubs[65], registrar[65];
    uint8_t digest[32];
    MUST(certs_digest(country->units.certificate, digest));
    certs_digest_hex(digest, units);
    MUST(certs_digest(country->hubs.certificate, digest));
    certs_digest_hex(digest, hubs);
    MUST(certs_digest(country->registrar, digest));
    certs_digest_hex(digest, registrar);
    size_t len = strlen(conf);
    snprintf(conf + len, size - len,
             "country \"%s\" {\n  units-ca = \"%s\"\n  hubs-ca = \"%s\"\n  registrars = {\"%s\"}\n"
             "  protection-unit = \"%s/dcs/child-protection\"\n",
             country->code, units, hubs, registrar, country->code);
    if (country->oversight != NULL) {
        MUST(certs_digest(country->oversight, digest));
        certs_digest_hex(digest, units);
        len = strlen(conf);
        snprintf(conf + len, size - len, "  oversight = \"%s\"\n", units);
    }
    len = strlen(conf);
    snprintf(conf + len, size - len, "}\n");
}

void pki_write_trust(struct pki *pki, const char *extra)
{
    static char conf[16384];
    char name[64];
    STACK_OF(X509) *cas = sk_X509_new_null(), *oversight = sk_X509_new_null();
    mkdir(pki_path(pki, "trust"), 0700);
    mkdir(pki_path(pki, "trust/crls"), 0700);
    conf[0] = '\0';
    pki_write_certificate(pki, "trust/roots.pem", pki->root.certificate);
    pki_write_crl(pki, "trust/crls/root.crl", &pki->root, 1, NULL, LONG);
    for (unsigned i = 0; i < PKI_COUNTRIES; i++) {
        struct pki_country *country = &pki->countries[i];
        MUST(sk_X509_push(cas, country->units.certificate) > 0 && sk_X509_push(cas, country->hubs.certificate) > 0);
        snprintf(name, sizeof name, "trust/crls/%s-units.crl", country->code);
        pki_write_crl(pki, name, &country->units, 1, NULL, CRL);
        snprintf(name, sizeof name, "trust/crls/%s-hubs.crl", country->code);
        pki_write_crl(pki, name, &country->hubs, 1, NULL, CRL);
        append_country(country, conf, sizeof conf);
        MUST(country->oversight == NULL || sk_X509_push(oversight, country->oversight) > 0);
    }
    MUST(certs_write_pem(pki_path(pki, "trust/cas.pem"), cas, NULL) == AM_OK);
    sk_X509_free(cas);
    remove(pki_path(pki, "trust/oversight.pem"));
    if (sk_X509_num(oversight) > 0)
        MUST(certs_write_pem(pki_path(pki, "trust/oversight.pem"), oversight, NULL) == AM_OK);
    sk_X509_free(oversight);
    size_t len = strlen(conf);
    snprintf(conf + len, sizeof conf - len, "%s", extra == NULL ? "" : extra);
    pki_write(pki, "trust/trust.conf", (struct am_bytes){(const uint8_t *)conf, strlen(conf)});
}
