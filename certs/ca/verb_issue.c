// SPDX-License-Identifier: Apache-2.0
// request and issue: from a key and its request to a certificate.
#include "certs/ca/state.h"
#include "certs/ca/verb.h"
#include "certs/extension.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_MAX (16u * 1024)

// Days: the default and the most that a use may have (security.md, Keys and certificates).
static const struct {
    long usual, most;
} LIFE[CERT_USES] = {
    [CERT_USE_AUTH] = {365, 730},         [CERT_USE_SEAL] = {90, 90},       [CERT_USE_SIGN_DEVICE] = {365, 730},
    [CERT_USE_SIGN_OFFICER] = {365, 730}, [CERT_USE_HUB_SERVER] = {90, 90}, [CERT_USE_OVERSIGHT] = {730, 730},
};

struct request_input {
    struct common common;
    const char *use, *name, *output;
};

static error_t parse_request(int key, char *arg, struct argp_state *state)
{
    struct request_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'u': input->use = arg; return 0;
    case 'o': input->output = arg; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one NAME only");
        input->name = arg;
        return 0;
    case ARGP_KEY_END:
        if (input->use == NULL || input->name == NULL || input->output == NULL)
            argp_error(state, "needs --use, NAME and -o STEM, as in "
                              "`amana-ca request --use hub hub.ke.amana.example -o hub`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err make_request(struct request_input *input, struct am_detail *detail)
{
    char key_path[PATH_MAX], request_path[PATH_MAX];
    struct keyfile_passphrase buffer;
    enum cert_use use;
    X509_REQ *request = NULL;
    if (cert_use_parse(input->use, &use) != AM_OK)
        return am_fail(AM_INVALID, detail, "--use", "\"%s\" is not one of auth, seal, sign, officer, hub, oversight",
                       input->use);
    if (snprintf(key_path, sizeof key_path, "%s.key", input->output) >= (int)sizeof key_path ||
        snprintf(request_path, sizeof request_path, "%s.csr", input->output) >= (int)sizeof request_path)
        return am_fail(AM_TOO_LARGE, detail, "-o", "this path is too long");
    EVP_PKEY *key = keyfile_generate();
    enum am_err err = key == NULL ? am_fail(AM_CRYPTO, detail, "key", "OpenSSL could not make a key")
                                  : keyfile_request(key, use, input->name, detail, &request);
    if (err == AM_OK)
        err = keyfile_write(key_path, key, common_passphrase(&input->common, &buffer), detail);
    if (err == AM_OK)
        err = keyfile_write_request(request_path, request, detail);
    if (err == AM_OK)
        printf("%s\n%s\n", key_path, request_path);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return err;
}

int verb_request(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"use", 'u', "USE", 0, "auth, seal or sign (of a device), officer, hub (a server), or oversight", 0},
        {"output", 'o', "STEM", 0, "writes STEM.key and STEM.csr", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_request,
                                     "NAME",
                                     "Makes a key and a request for one certificate. NAME is an identity "
                                     "(amana://ke/hub, amana://ke/dci/transnational/officer/kdci-0417, "
                                     "amana://ke/oversight), or a DNS name for a hub's server certificate.",
                                     children,
                                     NULL,
                                     NULL};
    struct request_input input = {0};
    struct am_detail detail = {0};
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = make_request(&input, &detail);
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}

struct issue_input {
    struct common common;
    const char *output;
    long days;
    bool replace;
    char **files;
    int count;
};

static error_t parse_issue(int key, char *arg, struct argp_state *state)
{
    struct issue_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'o': input->output = arg; return 0;
    case 'y': input->days = verb_number(arg, 1, 730, "--days", state); return 0;
    case 'f': input->replace = true; return 0;
    case ARGP_KEY_ARGS:
        input->files = state->argv + state->next;
        input->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "needs a request, as in `amana-ca issue -d ke d1-auth.csr`"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err read_request(const char *path, struct am_detail *detail, X509_REQ **ret_request)
{
    struct am_bytes file;
    TRY(certs_read_file(path, REQUEST_MAX, detail, &file));
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.len);
    X509_REQ *request = bio == NULL ? NULL : PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    bool good = request != NULL && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
    BIO_free(bio);
    free((void *)file.data);
    ERR_clear_error();
    if (!good) {
        X509_REQ_free(request);
        return am_fail(AM_INVALID, detail, path, "not a request for a certificate in PEM, signed with its own key");
    }
    *ret_request = request;
    return AM_OK;
}

static enum am_err read_wish(X509_REQ *request, const char *path, struct am_detail *detail, enum cert_use *ret_use,
                             char name[CERTS_NAME])
{
    struct am_detail why = {0};
    enum am_err err = certs_request_use(request, &why, ret_use, name);
    return err == AM_OK ? err : am_fail(AM_INVALID, detail, path, "this request can't be granted: %s", why.text);
}

// A country's authority issues under its own country and DNS tree alone, as its certificate's constraints say.
static enum am_err check_constraints(const struct issuer *issuer, X509 *made, const char *name, const char *path,
                                     struct am_detail *detail)
{
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(issuer->certificate, NID_name_constraints, NULL, NULL);
    bool good = constraints != NULL && NAME_CONSTRAINTS_check(made, constraints) == X509_V_OK;
    NAME_CONSTRAINTS_free(constraints);
    ERR_clear_error();
    char authority[64] = "?";
    X509_NAME_get_text_by_NID(X509_get_subject_name(issuer->certificate), NID_organizationName, authority,
                              sizeof authority);
    struct identity identity;
    if (good && identity_parse(name, strlen(name), NULL, &identity) == AM_OK) {
        size_t len = strlen(identity.country); // "ke units": OpenSSL's constraint takes ke:x and its like too
        good = strncmp(authority, identity.country, len) == 0 && authority[len] == ' ';
    }
    if (good)
        return AM_OK;
    return am_fail(AM_DENIED, detail, path, "%s is not of the country or DNS tree of the authority \"%s\"", name,
                   authority);
}

static enum am_err output_path(const struct issue_input *input, const char *request, struct am_detail *detail,
                               char path[PATH_MAX])
{
    const char *slash = strrchr(request, '/'), *base = slash == NULL ? request : slash + 1;
    const char *dot = strrchr(base, '.');
    int stem = (int)(dot == NULL ? strlen(base) : (size_t)(dot - base));
    int len = input->output != NULL
                  ? snprintf(path, PATH_MAX, "%s/%.*s.pem", input->output, stem, base)
                  : snprintf(path, PATH_MAX, "%.*s%.*s.pem", (int)(base - request), request, stem, base);
    if (len >= PATH_MAX)
        return am_fail(AM_TOO_LARGE, detail, request, "this path is too long");
    if (!input->replace && access(path, F_OK) == 0)
        return am_fail(AM_EXISTS, detail, path, "is there already; --replace writes over it");
    return AM_OK;
}

static enum am_err lifetime(const struct issue_input *input, enum cert_use use, const struct issuer *issuer,
                            const char *path, struct am_detail *detail, struct validity *ret_validity)
{
    time_t now = time(NULL);
    long days = input->days > 0 ? input->days : LIFE[use].usual;
    if (days > LIFE[use].most)
        return am_fail(AM_INVALID, detail, path, "a certificate for \"%s\" may have %ld days at most",
                       cert_use_text(use), LIFE[use].most);
    *ret_validity = (struct validity){now - VALIDITY_SKEW, now + days * VALIDITY_DAY};
    if (X509_cmp_time(X509_get0_notAfter(issuer->certificate), &ret_validity->not_after) < 0)
        return am_fail(AM_EXPIRED, detail, path, "the authority itself ends before: give fewer --days, or renew it");
    return AM_OK;
}

// Issues, checks what was made as a hub will, writes it down, hands it out.
static enum am_err issue_one(const struct ca *ca, struct issue_input *input, const char *path, X509_REQ *request,
                             struct am_detail *detail)
{
    char name[CERTS_NAME], out[PATH_MAX];
    enum cert_use use;
    struct issuer issuer;
    struct validity validity;
    struct keyfile_passphrase buffer;
    TRY(read_wish(request, path, detail, &use, name));
    TRY(output_path(input, path, detail, out));
    const char *authority = use == CERT_USE_HUB_SERVER ? "hubs" : "units";
    TRY(ca_load(ca, authority, common_passphrase(&input->common, &buffer), detail, &issuer));
    X509 *made = NULL;
    struct certificate checked = {0};
    STACK_OF(X509) *one = sk_X509_new_null();
    enum am_err err = lifetime(input, use, &issuer, path, detail, &validity);
    if (err == AM_OK && (made = issue_end(&issuer, use, name, X509_REQ_get0_pubkey(request), validity)) == NULL)
        err = am_fail(AM_CRYPTO, detail, path, "OpenSSL could not issue it");
    if (err == AM_OK)
        err = certificate_init(&checked, made, detail);
    if (err == AM_OK)
        err = check_constraints(&issuer, made, name, path, detail);
    if (err == AM_OK)
        err = ca_record(ca, authority, made, detail);
    if (err == AM_OK)
        err = one == NULL || sk_X509_push(one, made) <= 0 ? AM_NOMEM : certs_write_pem(out, one, detail);
    if (err == AM_OK) {
        char hex[65];
        certs_digest_hex(checked.digest, hex);
        printf("%s  %s  %s  sha256 %s\n", out, cert_use_text(use), name, hex);
    }
    sk_X509_free(one);
    certificate_clear(&checked);
    X509_free(made);
    ca_free_issuer(&issuer);
    return err;
}

static enum am_err issue_all(struct issue_input *input, struct am_detail *detail)
{
    struct ca ca;
    TRY(ca_open(input->common.folder, false, detail, &ca));
    enum am_err err = AM_OK;
    for (int i = 0; err == AM_OK && i < input->count; i++) {
        X509_REQ *request = NULL;
        err = read_request(input->files[i], detail, &request);
        if (err == AM_OK)
            err = issue_one(&ca, input, input->files[i], request, detail);
        X509_REQ_free(request);
    }
    ca_close(&ca);
    return err;
}

int verb_issue(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"output", 'o', "FOLDER", 0, "write the certificates there (default: beside the requests)", 0},
        {"days", 'y', "N", 0, "how long they are good (default: 365; seal and hub 90, oversight 730)", 0},
        {"replace", 'f', NULL, 0, "write over a certificate that is there: a renewal", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_issue,
                                     "REQUEST.csr...",
                                     "Issues a certificate for each request, as REQUEST.pem. What it is for stands in "
                                     "the request; look at it first with `amana-ca show`.",
                                     children,
                                     NULL,
                                     NULL};
    struct issue_input input = {0};
    struct am_detail detail = {0};
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = issue_all(&input, &detail);
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
