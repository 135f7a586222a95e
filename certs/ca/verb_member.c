// SPDX-License-Identifier: Apache-2.0
// member: signs what a members file says of the units of a registrar's country, for `amanad init`.
#include "certs/ca/verb.h"
#include "certs/clock.h"
#include "certs/member_statement.h"
#include "certs/members.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct member_input {
    struct common common;
    const char *registrar, *key, *file;
};

static error_t parse_member(int key, char *arg, struct argp_state *state)
{
    struct member_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'r': input->registrar = arg; return 0;
    case 'k': input->key = arg; return 0;
    case ARGP_KEY_ARG:
        if (input->file != NULL)
            argp_error(state, "one members file at a time");
        input->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (input->registrar == NULL || input->key == NULL || input->file == NULL)
            argp_error(state, "needs --registrar, --key and the members file, as in `amana-ca member --registrar "
                              "r-1.pem --key r-1.key members.conf`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err sign_row(const struct members *members, size_t i, const struct certificate *registrar, EVP_PKEY *key,
                            struct am_detail *detail)
{
    const Amana__V1__MemberRecord *record = members->records[i];
    struct am_bytes cms;
    TRY(member_statement_sign(record, clock_utc(), registrar->x509, key, detail, &cms));
    enum am_err err = certs_write_file(members->statements[i], cms, 0644, detail);
    free((void *)cms.data);
    if (err == AM_OK)
        printf("%s  %s is %s, %zu grant%s\n", members->statements[i], record->unit, record->said->role,
               record->n_grants, record->n_grants == 1 ? "" : "s");
    return err;
}

static enum am_err sign_rows(const struct members *members, const struct member_input *input,
                             const struct certificate *registrar, EVP_PKEY *key, struct am_detail *detail)
{
    size_t n = 0;
    if (mkdir(members->folder, 0755) != 0 && errno != EEXIST)
        return am_fail(AM_IO, detail, members->folder, "%s", strerror(errno));
    for (size_t i = 0; i < members->count; i++) {
        if (!address_same_country(members->records[i]->unit, registrar->identity.unit))
            continue;
        TRY(sign_row(members, i, registrar, key, detail));
        n++;
    }
    if (n == 0)
        return am_fail(AM_NOT_FOUND, detail, input->file, "has no unit of \"%s\", for which %s speaks",
                       registrar->identity.country, registrar->identity.uri);
    return AM_OK;
}

static enum am_err read_registrar(const char *path, struct am_detail *detail, struct certificate *registrar)
{
    STACK_OF(X509) *stack;
    TRY(certs_read_pem(path, detail, &stack));
    enum am_err err = certificate_init(registrar, sk_X509_value(stack, 0), detail);
    certs_free_pem(stack);
    if (err == AM_OK && registrar->use != CERT_USE_SIGN_OFFICER) {
        certificate_clear(registrar);
        err = am_fail(AM_CERTIFICATE, detail, path, "an officer's certificate is needed to sign");
    }
    return err;
}

static enum am_err sign_file(struct member_input *input, struct am_detail *detail)
{
    struct keyfile_passphrase buffer;
    struct certificate registrar;
    struct members members;
    EVP_PKEY *key;
    TRY(read_registrar(input->registrar, detail, &registrar));
    enum am_err err = members_load(input->file, NULL, detail, &members);
    if (err == AM_OK)
        err = keyfile_read(input->key, common_passphrase(&input->common, &buffer), detail, &key);
    if (err == AM_OK) {
        err = sign_rows(&members, input, &registrar, key, detail);
        EVP_PKEY_free(key);
    }
    members_clear(&members);
    certificate_clear(&registrar);
    return err;
}

int verb_member(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"registrar", 'r', "CERTIFICATE.pem", 0, "the registrar's certificate", 0},
        {"key", 'k', "FILE.key", 0, "the registrar's key", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_member,
                                     "MEMBERS.conf",
                                     "Signs each row of the registrar's country in the members file of a new hub, into "
                                     "the folder \"statements\" beside it. `amanad init` takes no row without. Later "
                                     "changes are signed by `amana admin member` and `amana admin grant`.",
                                     children,
                                     NULL,
                                     NULL};
    struct member_input input = {0};
    struct am_detail detail = {0};
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = sign_file(&input, &detail);
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
