// SPDX-License-Identifier: Apache-2.0
// root and national: the authorities themselves.
#include "certs/ca/state.h"
#include "certs/ca/verb.h"
#include "certs/extension.h"

#include <stdio.h>
#include <string.h>

#define ROOT_DAYS          7300
#define NATIONAL_DAYS      3650
#define ROOT_CRL_DAYS      366
#define NATIONAL_CRL_HOURS 48

static void print_made(const struct ca *ca, const char *name, X509 *certificate)
{
    uint8_t digest[CERTIFICATE_DIGEST];
    char hex[65] = "?";
    if (certs_digest(certificate, digest))
        certs_digest_hex(digest, hex);
    printf("%s/%s.pem  sha256 %s\n", ca->folder, name, hex);
}

struct root_input {
    struct common common;
    const char *name;
    long days;
};

static error_t parse_root(int key, char *arg, struct argp_state *state)
{
    struct root_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'n': input->name = arg; return 0;
    case 'y': input->days = verb_number(arg, 1, 10950, "--days", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err make_root(const struct ca *ca, struct root_input *input, struct am_detail *detail)
{
    struct keyfile_passphrase buffer;
    time_t now = time(NULL);
    struct issuer root = {.key = keyfile_generate()};
    if (root.key != NULL)
        root.certificate =
            issue_root(root.key, input->name, (struct validity){now - VALIDITY_SKEW, now + input->days * VALIDITY_DAY});
    enum am_err err =
        root.certificate == NULL
            ? am_fail(AM_CRYPTO, detail, input->name, "OpenSSL could not make the root; a name has 1 to 64 characters")
            : AM_OK;
    if (err == AM_OK)
        err = ca_store(ca, "root", &root, common_passphrase(&input->common, &buffer), detail);
    if (err == AM_OK)
        err = ca_write_crl(ca, "root", &root, ROOT_CRL_DAYS * VALIDITY_DAY, detail);
    if (err == AM_OK)
        print_made(ca, "root", root.certificate);
    ca_free_issuer(&root);
    return err;
}

int verb_root(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"name", 'n', "NAME", 0, "who it is, for people (default: Amana root)", 0},
        {"days", 'y', "N", 0, "how long it is good (default 7300)", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_root,
                                     "",
                                     "Makes the root and its first revocation list in FOLDER: root.pem, root.key, "
                                     "root.crl. Keep this folder off every network.",
                                     children,
                                     NULL,
                                     NULL};
    struct root_input input = {.name = "Amana root", .days = ROOT_DAYS};
    struct am_detail detail = {0};
    struct ca ca;
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = ca_open(input.common.folder, true, &detail, &ca);
    if (err == AM_OK) {
        err = make_root(&ca, &input, &detail);
        ca_close(&ca);
    }
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}

struct national_input {
    struct common common;
    const char *root, *country, *dns;
    long days;
};

static error_t parse_national(int key, char *arg, struct argp_state *state)
{
    struct national_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'r': input->root = arg; return 0;
    case 'y': input->days = verb_number(arg, 1, NATIONAL_DAYS, "--days", state); return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "too many arguments: COUNTRY DNS-TREE");
        *(state->arg_num == 0 ? &input->country : &input->dns) = arg;
        return 0;
    case ARGP_KEY_END:
        if (input->dns == NULL || input->root == NULL)
            argp_error(state, "needs --root FOLDER, COUNTRY and DNS-TREE, as in "
                              "`amana-ca national -d ke --root root ke ke.amana.example`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err make_one(const struct ca *ca, const struct ca *root_ca, const struct issuer *root,
                            enum authority kind, struct national_input *input, struct am_detail *detail)
{
    const char *name = kind == AUTHORITY_UNITS ? "units" : "hubs";
    struct keyfile_passphrase buffer;
    time_t now = time(NULL);
    struct validity validity = {now - VALIDITY_SKEW, now + input->days * VALIDITY_DAY};
    struct issuer made = {.key = keyfile_generate()};
    if (made.key != NULL)
        made.certificate = issue_authority(root, kind, input->country, input->dns, made.key, validity);
    enum am_err err = made.certificate == NULL
                          ? am_fail(AM_CRYPTO, detail, name, "OpenSSL could not make this authority")
                          : ca_record(root_ca, "root", made.certificate, detail);
    if (err == AM_OK)
        err = ca_store(ca, name, &made, common_passphrase(&input->common, &buffer), detail);
    if (err == AM_OK)
        err = ca_write_crl(ca, name, &made, (time_t)NATIONAL_CRL_HOURS * 3600, detail);
    if (err == AM_OK)
        print_made(ca, name, made.certificate);
    ca_free_issuer(&made);
    return err;
}

static enum am_err make_both(const struct ca *ca, const struct ca *root_ca, struct national_input *input,
                             struct am_detail *detail)
{
    struct keyfile_passphrase buffer;
    struct issuer root;
    if (ca_has(ca, "units") || ca_has(ca, "hubs"))
        return am_fail(AM_EXISTS, detail, ca->folder, "it holds authorities already; give each country its own folder");
    TRY(ca_load(root_ca, "root", common_passphrase(&input->common, &buffer), detail, &root));
    enum am_err err = make_one(ca, root_ca, &root, AUTHORITY_UNITS, input, detail);
    if (err == AM_OK)
        err = make_one(ca, root_ca, &root, AUTHORITY_HUBS, input, detail);
    ca_free_issuer(&root);
    return err;
}

static enum am_err national(struct national_input *input, struct am_detail *detail)
{
    struct ca ca, root_ca;
    if (!address_part_valid(input->country, strlen(input->country)))
        return am_fail(AM_INVALID, detail, input->country,
                       "no country; write its code in lower case, as in ke or igad");
    if (!certs_dns_valid(input->dns))
        return am_fail(AM_INVALID, detail, input->dns, "no DNS name in lower case, as in ke.amana.example");
    TRY(ca_open(input->root, false, detail, &root_ca));
    enum am_err err = ca_open(input->common.folder, true, detail, &ca);
    if (err == AM_OK) {
        err = make_both(&ca, &root_ca, input, detail);
        ca_close(&ca);
    }
    ca_close(&root_ca);
    return err;
}

int verb_national(int argc, char **argv)
{
    static const struct argp_option options[] = {{"root", 'r', "FOLDER", 0, "the root's folder", 0},
                                                 {"days", 'y', "N", 0, "how long they are good (default 3650)", 0},
                                                 {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse_national,
        "COUNTRY DNS-TREE",
        "Makes the two issuing authorities of a country or body in its own FOLDER: units.pem (devices, officers) and "
        "hubs.pem (hubs' server certificates, only under DNS-TREE), with their keys and revocation lists.",
        children,
        NULL,
        NULL};
    struct national_input input = {.days = NATIONAL_DAYS};
    struct am_detail detail = {0};
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = national(&input, &detail);
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
