// SPDX-License-Identifier: Apache-2.0
// roster: signs the list of a unit's devices and officers with a registrar's key.
#include "certs/ca/issue.h"
#include "certs/ca/verb.h"
#include "certs/cms.h"
#include "certs/roster.h"

#include "amana/v1/message.pb-c.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAYS_MAX         30
#define CERTIFICATES_MAX (3 * LIMIT_DEVICES + LIMIT_OFFICERS)

struct roster_input {
    struct common common;
    const char *registrar, *key, *previous, *output;
    long days;
    const char *supervisors[LIMIT_OFFICERS];
    size_t supervisors_count;
    char **files;
    int count;
};

static error_t parse_roster(int key, char *arg, struct argp_state *state)
{
    struct roster_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->common; return 0;
    case 'r': input->registrar = arg; return 0;
    case 'k': input->key = arg; return 0;
    case 'P': input->previous = arg; return 0;
    case 'o': input->output = arg; return 0;
    case 'y': input->days = verb_number(arg, 1, DAYS_MAX, "--days", state); return 0;
    case 's':
        if (input->supervisors_count == LIMIT_OFFICERS)
            argp_error(state, "too many supervisors");
        input->supervisors[input->supervisors_count++] = arg;
        return 0;
    case ARGP_KEY_ARGS:
        input->files = state->argv + state->next;
        input->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (input->registrar == NULL || input->key == NULL || input->count == 0)
            argp_error(state,
                       "needs --registrar, --key and the unit's certificates, as in `amana-ca roster --registrar "
                       "r-1.pem --key r-1.key -o rosters d1-auth.pem d1-seal.pem d1-sign.pem o-1.pem`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// The rows as they grow: each certificate finds its device or officer by name and its place by use.
struct rows {
    struct certificate *certificates[CERTIFICATES_MAX];
    size_t count;
    Amana__V1__Roster roster;
    Google__Protobuf__Timestamp from, until;
    Amana__V1__RosterDevice devices[LIMIT_DEVICES], *device_list[LIMIT_DEVICES];
    Amana__V1__RosterOfficer officers[LIMIT_OFFICERS], *officer_list[LIMIT_OFFICERS];
    uint8_t previous[32];
};

static enum am_err add_officer(struct rows *rows, struct certificate *certificate, const char *file,
                               struct am_detail *detail)
{
    if (rows->roster.n_officers == LIMIT_OFFICERS)
        return am_fail(AM_TOO_LARGE, detail, file, "a unit has %u officers at most", LIMIT_OFFICERS);
    for (size_t i = 0; i < rows->roster.n_officers; i++) {
        if (strcmp(rows->officers[i].uri, certificate->identity.uri) == 0)
            return am_fail(AM_EXISTS, detail, file, "%s is given twice", certificate->identity.uri);
    }
    Amana__V1__RosterOfficer *row = &rows->officers[rows->roster.n_officers];
    amana__v1__roster_officer__init(row);
    row->uri = certificate->identity.uri;
    row->sign = (ProtobufCBinaryData){CERTIFICATE_DIGEST, certificate->digest};
    rows->officer_list[rows->roster.n_officers++] = row;
    return AM_OK;
}

static Amana__V1__RosterDevice *device_row(struct rows *rows, struct certificate *certificate)
{
    for (size_t i = 0; i < rows->roster.n_devices; i++) {
        if (strcmp(rows->devices[i].uri, certificate->identity.uri) == 0)
            return &rows->devices[i];
    }
    if (rows->roster.n_devices == LIMIT_DEVICES)
        return NULL;
    Amana__V1__RosterDevice *row = &rows->devices[rows->roster.n_devices];
    amana__v1__roster_device__init(row);
    row->uri = certificate->identity.uri;
    rows->device_list[rows->roster.n_devices++] = row;
    return row;
}

static enum am_err add_device(struct rows *rows, struct certificate *certificate, const char *file,
                              struct am_detail *detail)
{
    Amana__V1__RosterDevice *row = device_row(rows, certificate);
    if (row == NULL)
        return am_fail(AM_TOO_LARGE, detail, file, "a unit has %u devices at most", LIMIT_DEVICES);
    ProtobufCBinaryData *place = certificate->use == CERT_USE_AUTH   ? &row->auth
                                 : certificate->use == CERT_USE_SEAL ? &row->seal
                                                                     : &row->sign;
    if (place->len != 0)
        return am_fail(AM_EXISTS, detail, file, "a second \"%s\" certificate of %s", cert_use_text(certificate->use),
                       row->uri);
    *place = (ProtobufCBinaryData){CERTIFICATE_DIGEST, certificate->digest};
    return AM_OK;
}

static enum am_err add_certificate(struct rows *rows, struct certificate *certificate, const char *file,
                                   struct am_detail *detail)
{
    if (certificate->use == CERT_USE_HUB_SERVER || certificate->identity.kind == IDENTITY_HUB ||
        certificate->identity.kind == IDENTITY_OVERSIGHT)
        return am_fail(AM_INVALID, detail, file, "a hub's certificate stands on no roster");
    if (rows->roster.unit[0] == '\0')
        rows->roster.unit = certificate->identity.unit;
    if (strcmp(rows->roster.unit, certificate->identity.unit) != 0)
        return am_fail(AM_INVALID, detail, file, "it is of %s, those before are of %s; a roster is of one unit",
                       certificate->identity.unit, rows->roster.unit);
    return certificate->use == CERT_USE_SIGN_OFFICER ? add_officer(rows, certificate, file, detail)
                                                     : add_device(rows, certificate, file, detail);
}

static enum am_err read_certificate(const char *path, struct am_detail *detail, struct certificate **ret_certificate)
{
    STACK_OF(X509) *stack;
    struct certificate *certificate = calloc(1, sizeof *certificate);
    if (certificate == NULL)
        return AM_NOMEM;
    enum am_err err = certs_read_pem(path, detail, &stack);
    if (err == AM_OK) {
        err = certificate_init(certificate, sk_X509_value(stack, 0), detail);
        certs_free_pem(stack);
    }
    if (err == AM_OK)
        *ret_certificate = certificate;
    else
        free(certificate);
    return err;
}

static enum am_err read_all(struct rows *rows, const struct roster_input *input, struct am_detail *detail)
{
    if (input->count > (int)CERTIFICATES_MAX)
        return am_fail(AM_TOO_LARGE, detail, "", "%u certificates at most", CERTIFICATES_MAX);
    for (int i = 0; i < input->count; i++) {
        TRY(read_certificate(input->files[i], detail, &rows->certificates[rows->count]));
        TRY(add_certificate(rows, rows->certificates[rows->count++], input->files[i], detail));
    }
    for (size_t i = 0; i < rows->roster.n_devices; i++) {
        const Amana__V1__RosterDevice *row = &rows->devices[i];
        if (row->auth.len == 0 || row->seal.len == 0 || row->sign.len == 0)
            return am_fail(AM_INVALID, detail, row->uri,
                           "its \"%s\" certificate is missing: a device has auth, seal and "
                           "sign",
                           row->auth.len == 0   ? "auth"
                           : row->seal.len == 0 ? "seal"
                                                : "sign");
    }
    return AM_OK;
}

static enum am_err mark_supervisors(struct rows *rows, const struct roster_input *input, struct am_detail *detail)
{
    for (size_t i = 0; i < input->supervisors_count; i++) {
        bool found = false;
        for (size_t j = 0; j < rows->roster.n_officers; j++) {
            if (strcmp(rows->officers[j].uri, input->supervisors[i]) != 0)
                continue;
            rows->officers[j].supervisor = true;
            found = true;
        }
        if (!found)
            return am_fail(AM_NOT_FOUND, detail, input->supervisors[i],
                           "--supervisor: no certificate of this officer "
                           "is given");
    }
    return AM_OK;
}

// Number and digest of what goes before: the file that is asked for, or the one that is about to be replaced.
static enum am_err follow(struct rows *rows, const struct roster_input *input, const char *target,
                          struct am_detail *detail)
{
    struct roster *before;
    rows->roster.number = 1;
    const char *path = input->previous != NULL ? input->previous : target;
    if (input->previous == NULL && access(path, F_OK) != 0)
        return AM_OK;
    TRY(roster_read(path, detail, &before));
    enum am_err err = AM_OK;
    if (strcmp(before->unit, rows->roster.unit) != 0)
        err = am_fail(AM_INVALID, detail, path, "it is the roster of %s, not of %s", before->unit, rows->roster.unit);
    rows->roster.number = before->number + 1;
    memcpy(rows->previous, before->digest, sizeof rows->previous);
    rows->roster.previous = (ProtobufCBinaryData){sizeof rows->previous, rows->previous};
    roster_unref(before);
    return err;
}

static enum am_err sign_rows(struct rows *rows, struct roster_input *input, struct am_detail *detail,
                             struct am_bytes *ret_cms)
{
    struct keyfile_passphrase buffer;
    struct certificate *registrar;
    EVP_PKEY *key = NULL;
    TRY(read_certificate(input->registrar, detail, &registrar));
    enum am_err err = AM_OK;
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(rows->roster.unit, country);
    if (registrar->use != CERT_USE_SIGN_OFFICER || strcmp(registrar->identity.country, country) != 0)
        err = am_fail(AM_DENIED, detail, input->registrar,
                      "an officer's certificate of \"%s\" is needed to sign for %s", country, rows->roster.unit);
    if (err == AM_OK)
        err = keyfile_read(input->key, common_passphrase(&input->common, &buffer), detail, &key);
    size_t len = amana__v1__roster__get_packed_size(&rows->roster);
    uint8_t *content = malloc(len + 1);
    if (err == AM_OK && content == NULL)
        err = AM_NOMEM;
    if (err == AM_OK) {
        amana__v1__roster__pack(&rows->roster, content);
        err = cms_sign_embedded((struct am_bytes){content, len}, registrar->x509, key, detail, ret_cms);
    }
    free(content);
    EVP_PKEY_free(key);
    certificate_clear(registrar);
    free(registrar);
    return err;
}

// The certificates first: a reader that finds the new roster finds them too.
static enum am_err write_both(struct rows *rows, const char *target, const char *pem, struct am_bytes cms,
                              struct am_detail *detail)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    enum am_err err = stack == NULL ? AM_NOMEM : AM_OK;
    for (size_t i = 0; err == AM_OK && i < rows->count; i++)
        err = sk_X509_push(stack, rows->certificates[i]->x509) > 0 ? AM_OK : AM_NOMEM;
    if (err == AM_OK)
        err = certs_write_pem(pem, stack, detail);
    if (err == AM_OK)
        err = certs_write_file(target, cms, 0644, detail);
    sk_X509_free(stack);
    return err;
}

// What was made is read as a hub reads it before it replaces anything.
static enum am_err check_made(const struct rows *rows, struct am_bytes cms, struct am_detail *detail)
{
    struct am_bytes list[CERTIFICATES_MAX];
    struct roster *roster = NULL;
    size_t count = 0;
    enum am_err err = AM_OK;
    for (; err == AM_OK && count < rows->count; count++) {
        uint8_t *der = NULL;
        int len = i2d_X509(rows->certificates[count]->x509, &der);
        err = len > 0 ? AM_OK : AM_NOMEM;
        list[count] = (struct am_bytes){der, len > 0 ? (size_t)len : 0};
    }
    if (err == AM_OK)
        err = roster_parse(cms, list, count, detail, &roster);
    roster_certificates_free(list, count);
    roster_unref(roster);
    return err;
}

static void print_made(const struct rows *rows, const char *target)
{
    printf("%s  roster %llu of %s: %zu device%s, %zu officer%s\n", target, (unsigned long long)rows->roster.number,
           rows->roster.unit, rows->roster.n_devices, rows->roster.n_devices == 1 ? "" : "s", rows->roster.n_officers,
           rows->roster.n_officers == 1 ? "" : "s");
}

static enum am_err make_roster(struct rows *rows, struct roster_input *input, struct am_detail *detail)
{
    char target[PATH_MAX], pem[PATH_MAX];
    struct am_bytes cms = {0};
    time_t now = time(NULL);
    TRY(read_all(rows, input, detail));
    TRY(mark_supervisors(rows, input, detail));
    TRY(roster_paths(input->output, rows->roster.unit, detail, target, pem));
    TRY(follow(rows, input, target, detail));
    rows->from.seconds = now - VALIDITY_SKEW;
    rows->until.seconds = now + input->days * VALIDITY_DAY;
    TRY(sign_rows(rows, input, detail, &cms));
    enum am_err err = check_made(rows, cms, detail);
    if (err == AM_OK)
        err = write_both(rows, target, pem, cms, detail);
    if (err == AM_OK)
        print_made(rows, target);
    free((void *)cms.data);
    return err;
}

static void rows_init(struct rows *rows)
{
    amana__v1__roster__init(&rows->roster);
    google__protobuf__timestamp__init(&rows->from);
    google__protobuf__timestamp__init(&rows->until);
    rows->roster.not_before = &rows->from;
    rows->roster.not_after = &rows->until;
    rows->roster.devices = rows->device_list;
    rows->roster.officers = rows->officer_list;
}

static void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        certificate_clear(rows->certificates[i]);
        free(rows->certificates[i]);
    }
}

int verb_roster(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"registrar", 'r', "CERTIFICATE.pem", 0, "the registrar's certificate", 0},
        {"key", 'k', "FILE.key", 0, "the registrar's key", 0},
        {"supervisor", 's', "URI", 0, "this officer may release what needs a second person; repeat for more", 0},
        {"previous", 'P', "FILE.roster", 0, "the roster before (default: the one that is replaced)", 0},
        {"output", 'o', "FOLDER", 0, "writes UNIT.roster and UNIT.pem there, '/' in UNIT as '.' (default: here)", 0},
        {"days", 'y', "N", 0, "how long it is good (default and most: 30)", 0},
        {0}};
    static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse_roster,
                                     "CERTIFICATE.pem...",
                                     "Signs the list of a unit's devices and officers. Give every certificate that is "
                                     "to be on it: who is left out is refused by hubs and clients from then on.",
                                     children,
                                     NULL,
                                     NULL};
    struct roster_input input = {.output = ".", .days = DAYS_MAX};
    struct am_detail detail = {0};
    struct rows *rows = calloc(1, sizeof *rows);
    common_init(&input.common);
    verb_parse(&argp, argc, argv, &input);
    enum am_err err = AM_NOMEM;
    if (rows != NULL) {
        rows_init(rows);
        err = make_roster(rows, &input, &detail);
        rows_clear(rows);
    }
    free(rows);
    common_clear(&input.common);
    return err == AM_OK ? 0 : verb_fail(err, &detail);
}
