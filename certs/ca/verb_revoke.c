// SPDX-License-Identifier: Apache-2.0
// revoke and crl: what is no longer good, and the lists that say so.
#include "certs/ca/state.h"
#include "certs/ca/verb.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define ROOT_HOURS     (366 * 24)
#define NATIONAL_HOURS 48

static const char *const AUTHORITIES[] = {"root", "units", "hubs"};

static long hours_of(const char *name, long asked)
{
    long most = strcmp(name, "root") == 0 ? ROOT_HOURS : NATIONAL_HOURS;
    return asked > 0 && asked < most ? asked : most;
}

static enum am_err write_list(const struct ca *ca, const char *name, const struct issuer *issuer, long hours,
                              struct am_detail *detail)
{
    TRY(ca_write_crl(ca, name, issuer, hours_of(name, hours) * 3600, detail));
    printf("%s/%s.crl\n", ca->folder, name);
    return AM_OK;
}

struct revoke_input {
    struct common common;
    const char *reason;
    char **files;
    int count;
};

static error_t parse_revoke(int key, char *arg, struct argp_state *state)
{
    struct revoke_input *input = state->input;
    int code;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'r':
        if (!ca_reason(arg, &code))
            argp_error(state, "--reason must be one of unspecified, keyCompromise, CACompromise, affiliationChanged, "
                              "superseded, cessationOfOperation");
        input->reason = arg;
        return 0;
    case ARGP_KEY_ARGS:
        input->files = state->argv + state->next;
        input->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "needs a certificate, as in `amana-ca revoke -d ke d1-auth.pem`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool issued_by(X509 *x509, X509 *issuer)
{
    bool good = X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) == 0 &&
                X509_verify(x509, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return good;
}

// Marks every one of the files that this authority issued; *ret_marked says how many.
static enum am_err revoke_of(const struct ca *ca, const char *name, X509 *authority, struct revoke_input *input,
                             bool *done, struct am_detail *detail, int *ret_marked)
{
    for (int i = 0; i < input->count; i++) {
        STACK_OF(X509) *stack;
        TRY(certs_read_pem(input->files[i], detail, &stack));
        enum am_err err = AM_OK;
        if (issued_by(sk_X509_value(stack, 0), authority)) {
            err = ca_revoke(ca, name, sk_X509_value(stack, 0), input->reason, detail);
            done[i] = true;
            (*ret_marked)++;
        }
        certs_free_pem(stack);
        if (err == AM_EXISTS) // marked in a run that ended before its list was written: the list is what counts
            err = AM_OK;
        TRY(err);
    }
    return AM_OK;
}

static enum am_err revoke_all(const struct ca *ca, struct revoke_input *input, bool *done, struct am_detail *detail)
{
    struct keyfile_passphrase buffer;
    for (unsigned i = 0; i < AM_LEN(AUTHORITIES); i++) {
        struct issuer issuer;
        int marked = 0;
        if (!ca_has(ca, AUTHORITIES[i]))
            continue;
        TRY(ca_load(ca, AUTHORITIES[i], common_passphrase(&input->common, &buffer), detail, &issuer));
        enum am_err err = revoke_of(ca, AUTHORITIES[i], issuer.certificate, input, done, detail, &marked);
        if (err == AM_OK && marked > 0)
            err = write_list(ca, AUTHORITIES[i], &issuer, 0, detail);
        ca_free_issuer(&issuer);
        TRY(err);
    }
    for (int i = 0; i < input->count; i++) {
        if (!done[i])
            return am_fail(AM_NOT_FOUND, detail, input->files[i], "was not issued by an authority in %s", ca->folder);
    }
    return AM_OK;
}

int verb_revoke(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", 'r', "REASON", 0, "keyCompromise, superseded, cessationOfOperation… (default: unspecified)", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_revoke,
                                     "CERTIFICATE.pem...",
                                     "Takes certificates back and makes the revocation list of their authority anew. "
                                     "Hand the list to the hubs at once: until they have it nothing has changed.",
                                     children,
                                     NULL,
                                     NULL};
    struct revoke_input input = {.reason = "unspecified"};
    struct am_detail detail = {0};
    struct ca ca;
    bool done[1024] = {0};
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = input.count > (int)AM_LEN(done)
                          ? am_fail(AM_TOO_LARGE, &detail, "", "at most %zu certificates at a time", AM_LEN(done))
                          : ca_open(input.common.folder, false, &detail, &ca);
    if (err == AM_OK) {
        err = revoke_all(&ca, &input, done, &detail);
        ca_close(&ca);
    }
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}

struct crl_input {
    struct common common;
    long hours;
};

static error_t parse_crl(int key, char *arg, struct argp_state *state)
{
    struct crl_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'y': input->hours = verb_number(arg, 1, ROOT_HOURS, "--hours", state); return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument: it makes every list of the folder"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err crl_all(const struct ca *ca, struct crl_input *input, struct am_detail *detail)
{
    struct keyfile_passphrase buffer;
    unsigned made = 0;
    for (unsigned i = 0; i < AM_LEN(AUTHORITIES); i++) {
        struct issuer issuer;
        if (!ca_has(ca, AUTHORITIES[i]))
            continue;
        if (strcmp(AUTHORITIES[i], "root") != 0 && input->hours > NATIONAL_HOURS)
            return am_fail(AM_INVALID, detail, "--hours", "a country's list is good for %d hours at most",
                           NATIONAL_HOURS);
        TRY(ca_load(ca, AUTHORITIES[i], common_passphrase(&input->common, &buffer), detail, &issuer));
        enum am_err err = write_list(ca, AUTHORITIES[i], &issuer, input->hours, detail);
        ca_free_issuer(&issuer);
        TRY(err);
        made++;
    }
    if (made == 0)
        return am_fail(AM_NOT_FOUND, detail, ca->folder, "holds no authority (root.pem, units.pem, hubs.pem)");
    return AM_OK;
}

int verb_crl(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"hours", 'y', "N", 0, "how long they are good (default and most: 48; of the root 8784)", 0}, {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_crl,
                                     "",
                                     "Makes the revocation list of every authority in FOLDER anew, one number higher. "
                                     "A country runs it at least once a day.",
                                     children,
                                     NULL,
                                     NULL};
    struct crl_input input = {0};
    struct am_detail detail = {0};
    struct ca ca;
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = ca_open(input.common.folder, false, &detail, &ca);
    if (err == AM_OK) {
        err = crl_all(&ca, &input, &detail);
        ca_close(&ca);
    }
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
