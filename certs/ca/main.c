// SPDX-License-Identifier: Apache-2.0
// amana-ca: makes identities. Finds the verb, tells failures, keeps the options that verbs share.
#include "certs/ca/verb.h"
#include "certs/output.h"
#include "proto/codec/plain.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct verb VERBS[] = {
    {"root", "make the root", verb_root},
    {"national", "make the two issuing authorities of a country", verb_national},
    {"request", "make a key and a request for a certificate", verb_request},
    {"issue", "issue what requests ask for", verb_issue},
    {"revoke", "take certificates back, and make the revocation list anew", verb_revoke},
    {"crl", "make the revocation lists anew before they go stale", verb_crl},
    {"member", "sign what is said of the units of a members file", verb_member},
    {"roster", "sign the list of a unit's devices and officers", verb_roster},
    {"show", "say in words what a file holds", verb_show},
};

static const int EXIT_CODES[AM_ERR_COUNT] = {
    [AM_NOMEM] = EX_OSERR,      [AM_PROTO] = EX_PROTOCOL,    [AM_DENIED] = EX_NOPERM,     [AM_FULL] = EX_CANTCREAT,
    [AM_INVALID] = EX_DATAERR,  [AM_TOO_LARGE] = EX_DATAERR, [AM_NOT_FOUND] = EX_NOINPUT, [AM_EXISTS] = EX_CANTCREAT,
    [AM_IO] = EX_IOERR,         [AM_CRYPTO] = EX_DATAERR,    [AM_SIGNATURE] = EX_DATAERR, [AM_CERTIFICATE] = EX_DATAERR,
    [AM_CONFLICT] = EX_DATAERR, [AM_ROLLBACK] = EX_DATAERR,  [AM_CORRUPT] = EX_DATAERR,   [AM_BUSY] = EX_TEMPFAIL,
    [AM_CONFIG] = EX_CONFIG,    [AM_USAGE] = EX_USAGE,       [AM_REVOKED] = EX_DATAERR,   [AM_EXPIRED] = EX_DATAERR,
};

int verb_fail(enum am_err err, const struct am_detail *detail)
{
    plain_fault(stderr, "amana-ca", "", err, detail);
    return EXIT_CODES[err] != 0 ? EXIT_CODES[err] : EX_SOFTWARE;
}

void common_init(struct common *common)
{
    *common = (struct common){.folder = ".", .fd = -1};
}

void common_clear(struct common *common)
{
    OPENSSL_cleanse(common->passphrase, sizeof common->passphrase);
}

static int give_passphrase(void *user, char *buffer, size_t size)
{
    struct common *common = user;
    if (!common->read) {
        common->len = keyfile_passphrase_from_fd(&common->fd, common->passphrase, sizeof common->passphrase);
        common->read = true;
    }
    if (common->len <= 0 || (size_t)common->len > size)
        return -1;
    memcpy(buffer, common->passphrase, (size_t)common->len);
    return common->len;
}

const struct keyfile_passphrase *common_passphrase(struct common *common, struct keyfile_passphrase *buffer)
{
    if (common->fd < 0 && !common->read)
        return NULL;
    *buffer = (struct keyfile_passphrase){give_passphrase, common};
    return buffer;
}

long verb_number(const char *text, long low, long high, const char *what, struct argp_state *state)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < low || number > high)
        argp_error(state, "%s must be a number from %ld to %ld, not \"%s\"", what, low, high, text);
    return number;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct common *common = state->input;
    switch (key) {
    case 'd': common->folder = arg; return 0;
    case 'p': common->fd = (int)verb_number(arg, 0, 1 << 20, "--passphrase-fd", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option COMMON_OPTIONS[] = {
    {"directory", 'd', "FOLDER", 0, "the authority's folder (default: this one)", 0},
    {"passphrase-fd", 'p', "N", 0, "read the keys' passphrase, one line, from file descriptor N", 0},
    {0}};
const struct argp common_argp = {.options = COMMON_OPTIONS, .parser = parse_common};

void verb_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = EX_USAGE;
    argp_parse(argp, argc, argv, 0, NULL, input);
}

static void print_verbs(FILE *out)
{
    fprintf(out, "Usage: amana-ca VERB [OPTION...] [ARGUMENT...]\nMakes identities: authorities, certificates, "
                 "revocation lists, statements, rosters.\n\n");
    for (unsigned i = 0; i < AM_LEN(VERBS); i++)
        fprintf(out, "  %-9s %s\n", VERBS[i].name, VERBS[i].summary);
    fprintf(out, "\n`amana-ca VERB --help` tells more of each; `man amana-ca` shows a whole set-up.\n");
}

static int amana_ca(int argc, char **argv)
{
    if (argc < 2) {
        print_verbs(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_verbs(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("amana-ca %s\n", AMANA_VERSION);
        return 0;
    }
    for (unsigned i = 0; i < AM_LEN(VERBS); i++) {
        if (strcmp(argv[1], VERBS[i].name) != 0)
            continue;
        static char name[64];
        snprintf(name, sizeof name, "amana-ca %s", VERBS[i].name);
        argv[1] = name;
        return VERBS[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "amana-ca: \"%s\" is no verb; `amana-ca --help` lists them\n", argv[1]);
    return EX_USAGE;
}

int main(int argc, char **argv)
{
    output_begin("amana-ca");
    return amana_ca(argc, argv);
}
