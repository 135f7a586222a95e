// SPDX-License-Identifier: Apache-2.0
// show: what a file holds, in words.
#include "certs/ca/verb.h"
#include "certs/extension.h"
#include "certs/member_statement.h"
#include "certs/roster.h"
#include "proto/codec/plain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct show_input {
    bool digest;
    char **files;
    int count;
};

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
    struct show_input *input = state->input;
    switch (key) {
    case 'D': input->digest = true; return 0;
    case ARGP_KEY_ARGS:
        input->files = state->argv + state->next;
        input->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "needs a file"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_time(const char *what, const ASN1_TIME *time)
{
    struct tm tm;
    char text[32] = "?";
    if (ASN1_TIME_to_tm(time, &tm) == 1)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    printf("  %-13s%s", what, text);
}

static void print_until(const char *what, const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    print_time(what, time);
    if (ASN1_TIME_diff(&days, &seconds, NULL, time) != 1) {
        printf("\n");
        return;
    }
    long left = days * 24l + seconds / 3600;
    if (days < 0 || seconds < 0)
        printf("  (over)\n");
    else if (left < 72)
        printf("  (%ld h left)\n", left);
    else
        printf("  (%d days left)\n", days);
}

// What somebody else put into a file.
static void print_text(const char *text, size_t len)
{
    char *copy = strndup(text, len);
    plain_print(stdout, copy != NULL ? copy : "?");
    free(copy);
}

static void print_name(const char *what, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(bio, &text);
        printf("  %-13s", what);
        print_text(text, (size_t)len);
        printf("\n");
    }
    BIO_free(bio);
}

static void print_serial(const ASN1_INTEGER *serial)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *hex = number == NULL ? NULL : BN_bn2hex(number);
    printf("  %-13s%s\n", "serial", hex == NULL ? "?" : hex);
    OPENSSL_free(hex);
    BN_free(number);
}

static void print_dns(const X509 *x509)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    if (names != NULL && sk_GENERAL_NAME_num(names) == 1 && sk_GENERAL_NAME_value(names, 0)->type == GEN_DNS) {
        const ASN1_STRING *dns = sk_GENERAL_NAME_value(names, 0)->d.dNSName;
        print_text((const char *)ASN1_STRING_get0_data(dns), (size_t)ASN1_STRING_length(dns));
        printf("\n");
    } else {
        printf("?\n");
    }
    GENERAL_NAMES_free(names);
}

static void print_constraints(const X509 *x509)
{
    static const char *const kinds[] = {[GEN_URI] = "URIs of", [GEN_DNS] = "DNS names under", [GEN_EMAIL] = "mail of"};
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(x509, NID_name_constraints, NULL, NULL);
    for (int i = 0; constraints != NULL && i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
        if (base->type >= (int)AM_LEN(kinds) || kinds[base->type] == NULL)
            continue;
        printf("  %-13s%s ", "only for", kinds[base->type]);
        print_text((const char *)ASN1_STRING_get0_data(base->d.ia5), (size_t)ASN1_STRING_length(base->d.ia5));
        printf("\n");
    }
    NAME_CONSTRAINTS_free(constraints);
}

static void show_certificate(X509 *x509)
{
    struct identity identity;
    struct am_detail detail = {0};
    enum cert_use use;
    uint8_t digest[32];
    char hex[65] = "?";
    if (X509_check_ca(x509) == 1) {
        printf("certificate of an authority\n");
        print_constraints(x509);
    } else if (certificate_use(x509, &detail, &use, &identity) == AM_OK) {
        printf("certificate \"%s\" of ", cert_use_text(use));
        if (use == CERT_USE_HUB_SERVER)
            print_dns(x509);
        else
            printf("%s\n", identity.uri);
    } else {
        printf("certificate that Amana does not take: ");
        plain_print(stdout, detail.text);
        printf("\n");
    }
    print_name("subject", X509_get_subject_name(x509));
    print_name("issuer", X509_get_issuer_name(x509));
    print_serial(X509_get0_serialNumber(x509));
    print_time("good from", X509_get0_notBefore(x509));
    printf("\n");
    print_until("until", X509_get0_notAfter(x509));
    if (certs_digest(x509, digest))
        certs_digest_hex(digest, hex);
    printf("  %-13s%s\n", "sha256", hex);
}

static void show_crl(X509_CRL *crl)
{
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    STACK_OF(X509_REVOKED) *rows = X509_CRL_get_REVOKED(crl);
    uint64_t value = 0;
    if (number != NULL)
        ASN1_INTEGER_get_uint64(&value, number);
    printf("revocation list number %llu\n", (unsigned long long)value);
    print_name("issuer", X509_CRL_get_issuer(crl));
    print_time("made", X509_CRL_get0_lastUpdate(crl));
    printf("\n");
    print_until("good until", X509_CRL_get0_nextUpdate(crl));
    printf("  %-13s%d\n", "revoked", rows == NULL ? 0 : sk_X509_REVOKED_num(rows));
    for (int i = 0; rows != NULL && i < sk_X509_REVOKED_num(rows); i++) {
        print_serial(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(rows, i)));
        print_time("  since", X509_REVOKED_get0_revocationDate(sk_X509_REVOKED_value(rows, i)));
        printf("\n");
    }
    ASN1_INTEGER_free(number);
}

static void show_request(X509_REQ *request)
{
    char name[CERTS_NAME];
    struct am_detail detail = {0};
    enum cert_use use;
    if (certs_request_use(request, &detail, &use, name) == AM_OK) {
        printf("request for a certificate \"%s\" of %s\n", cert_use_text(use), name);
    } else {
        printf("request that can't be granted: ");
        plain_print(stdout, detail.text);
        printf("\n");
    }
    printf("  %-13s%s\n", "signature",
           X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1 ? "good" : "NOT GOOD");
}

static void print_ns(const char *what, uint64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    printf("  %-13s%s\n", what, text);
}

static enum am_err show_roster(const char *path, struct am_detail *detail)
{
    struct roster *roster;
    char hex[65];
    TRY(roster_read(path, detail, &roster));
    certs_digest_hex(roster->digest, hex);
    printf("roster %llu of %s\n", (unsigned long long)roster->number, roster->unit);
    printf("  %-13s%s\n", "signed by", roster->registrar.identity.uri);
    print_ns("good from", roster->not_before);
    print_ns("until", roster->not_after);
    for (size_t i = 0; i < roster->devices_count; i++)
        printf("  %-13s%s\n", "device", roster->devices[i].identity.uri);
    for (size_t i = 0; i < roster->officers_count; i++)
        printf("  %-13s%s%s\n", "officer", roster->officers[i].identity.uri,
               roster->officers[i].supervisor ? " (supervisor)" : "");
    printf("  %-13s%s\n", "digest", hex);
    roster_unref(roster);
    return AM_OK;
}

static void print_list(const char *what, char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf(i == 0 ? "  %-13s%s" : "%s%s", i == 0 ? what : ", ", list[i]);
    if (n > 0)
        putchar('\n');
}

static void print_word(const char *what, const char *word)
{
    if (word[0] != '\0')
        printf("  %-13s%s\n", what, word);
}

static enum am_err show_statement(const char *path, struct am_detail *detail)
{
    struct am_bytes file;
    struct member_statement *statement;
    TRY(certs_read_file(path, LIMIT_MEMBER_STATEMENT, detail, &file));
    enum am_err err = member_statement_parse(file, detail, &statement);
    free((void *)file.data);
    TRY(err);
    const Amana__V1__MemberStatement *message = statement->message;
    printf("statement %llu about %s\n", (unsigned long long)message->revision, message->unit);
    printf("  %-13s%s\n", "signed by", statement->by.registrar.identity.uri);
    print_ns("at", (uint64_t)message->time->seconds * NS_PER_S);
    print_word("role", message->said->role[0] != '\0' ? message->said->role : "a member no more");
    print_list("languages", message->said->languages, message->said->n_languages);
    print_list("scope", message->said->scope, message->said->n_scope);
    print_word("hours", message->said->hours);
    print_word("telephone", message->said->telephone);
    print_word("deputy", message->said->deputy);
    print_word("successor", message->said->successor);
    if (message->grants.len > 0) {
        char hex[65];
        certs_digest_hex(message->grants.data, hex);
        printf("  %-13s%s\n", "grants", hex);
    }
    member_statement_free(statement);
    return AM_OK;
}

// One PEM block by its name. False for one that this program doesn't know.
static bool show_block(const char *name, const uint8_t *der, long len)
{
    const uint8_t *at = der;
    if (strcmp(name, PEM_STRING_X509) == 0) {
        X509 *x509 = d2i_X509(NULL, &at, len);
        if (x509 != NULL)
            show_certificate(x509);
        X509_free(x509);
        return x509 != NULL;
    }
    if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
        X509_CRL *crl = d2i_X509_CRL(NULL, &at, len);
        if (crl != NULL)
            show_crl(crl);
        X509_CRL_free(crl);
        return crl != NULL;
    }
    if (strcmp(name, PEM_STRING_X509_REQ) == 0) {
        X509_REQ *request = d2i_X509_REQ(NULL, &at, len);
        if (request != NULL)
            show_request(request);
        X509_REQ_free(request);
        return request != NULL;
    }
    if (strcmp(name, PEM_STRING_PKCS8) == 0 || strcmp(name, PEM_STRING_PKCS8INF) == 0) {
        printf("private key, %s\n",
               strcmp(name, PEM_STRING_PKCS8) == 0 ? "under a passphrase" : "without a passphrase");
        return true;
    }
    return false;
}

static enum am_err show_pem(const char *path, struct am_detail *detail)
{
    struct am_bytes file;
    TRY(certs_read_file(path, 16u * LIMIT_CONFIG, detail, &file));
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len;
    unsigned shown = 0;
    enum am_err err = bio == NULL ? AM_NOMEM : AM_OK;
    while (err == AM_OK && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
        if (show_block(name, der, len))
            shown++;
        else
            err = am_fail(AM_INVALID, detail, path, "a block \"%.64s\" that this program does not know", name);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len);
    }
    if (err == AM_OK && shown == 0)
        err = am_fail(AM_INVALID, detail, path, "neither a roster (UNIT.roster) nor a file in PEM");
    BIO_free(bio);
    OPENSSL_cleanse((void *)file.data, file.len);
    free((void *)file.data);
    ERR_clear_error();
    return err;
}

static enum am_err show_digest(const char *path, struct am_detail *detail)
{
    STACK_OF(X509) *stack;
    uint8_t digest[32];
    char hex[65];
    TRY(certs_read_pem(path, detail, &stack));
    bool good = certs_digest(sk_X509_value(stack, 0), digest);
    certs_free_pem(stack);
    if (!good)
        return AM_NOMEM;
    certs_digest_hex(digest, hex);
    printf("%s\n", hex);
    return AM_OK;
}

static enum am_err show_file(const char *path, const struct show_input *input, struct am_detail *detail)
{
    size_t len = strlen(path);
    if (input->digest)
        return show_digest(path, detail);
    if (input->count > 1)
        printf("%s: ", path);
    if (len > 7 && strcmp(path + len - 7, ".roster") == 0)
        return show_roster(path, detail);
    if (len > strlen(MEMBER_STATEMENT_SUFFIX) &&
        strcmp(path + len - strlen(MEMBER_STATEMENT_SUFFIX), MEMBER_STATEMENT_SUFFIX) == 0)
        return show_statement(path, detail);
    return show_pem(path, detail);
}

int verb_show(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"digest", 'D', NULL, 0, "only the SHA-256 of a certificate, as trust.conf wants it", 0}, {0}};
    static const struct argp argp = {options,
                                     parse_show,
                                     "FILE...",
                                     "Says in words what certificates, requests, revocation lists, keys, rosters and "
                                     "statements hold.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct show_input input = {0};
    struct am_detail detail = {0};
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = AM_OK;
    for (int i = 0; err == AM_OK && i < input.count; i++)
        err = show_file(input.files[i], &input, &detail);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
