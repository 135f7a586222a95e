// SPDX-License-Identifier: Apache-2.0
// policy.conf: its rows, once each has passed policy_check.c, copied into the policy.
#include "server/policy_file.h"

#include "certs/certificate.h"
#include "certs/conf_checks.h"
#include "certs/keyfile.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
#include "server/policy_check.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

static enum am_err rows_room(cfg_t *cfg, const char *name, size_t size, size_t *ret_n, void *ret_rows)
{
    size_t n = cfg_size(cfg, name);
    void *rows;

    if (n > POLICY_ROWS) {
        cfg_error(cfg, "%s: %zu rows; at most %u", name, n, POLICY_ROWS);
        return AM_CONFIG;
    }
    rows = calloc(n + 1, size);
    if (rows == NULL)
        return AM_NOMEM;
    memcpy(ret_rows, &rows, sizeof rows);
    *ret_n = n;
    return AM_OK;
}

// The first that fits counts: one behind another that fits all that it fits never would.
static enum am_err shadowed(cfg_t *cfg, const char *table, unsigned row, const char *what, unsigned before)
{
    cfg_error(cfg_getnsec(cfg, table, row),
              "%s%s%s%s never counts: the first that fits does, and line %u fits all that this "
              "fits; write it before that one, or leave it out",
              table, what[0] != '\0' ? " \"" : "", what, what[0] != '\0' ? "\"" : "", before);
    return AM_CONFIG;
}

// A title is checked where its section is: it fits.
static unsigned row_begin(cfg_t *section, char party[LIMIT_ADDRESS + 1])
{
    (void)strlcpy(party, cfg_title(section), LIMIT_ADDRESS + 1);
    return (unsigned)section->line;
}

static enum am_err copy_ceilings(cfg_t *cfg, struct policy *policy)
{
    TRY(rows_room(cfg, "ceiling", sizeof *policy->ceilings, &policy->n_ceilings, &policy->ceilings));
    for (unsigned i = 0; i < policy->n_ceilings; i++) {
        cfg_t *section = cfg_getnsec(cfg, "ceiling", i);
        int value = 0;
        policy->ceilings[i].line = row_begin(section, policy->ceilings[i].party);
        TRY(codec_enum_value(&amana__v1__classification__code__descriptor, cfg_getstr(section, "classification"),
                             &value));
        policy->ceilings[i].classification = (Amana__V1__Classification__Code)value;
        for (unsigned j = 0; j < i; j++)
            if (address_matches(policy->ceilings[j].party, policy->ceilings[i].party))
                return shadowed(cfg, "ceiling", i, policy->ceilings[i].party, policy->ceilings[j].line);
    }
    return AM_OK;
}

static uint32_t count_or_0(cfg_t *section, const char *name)
{
    return cfg_size(section, name) > 0 ? (uint32_t)cfg_getint(section, name) : 0;
}

static enum am_err copy_quotas(cfg_t *cfg, struct policy *policy)
{
    TRY(rows_room(cfg, "quota", sizeof *policy->quotas, &policy->n_quotas, &policy->quotas));
    for (unsigned i = 0; i < policy->n_quotas; i++) {
        cfg_t *section = cfg_getnsec(cfg, "quota", i);
        policy->quotas[i].line = row_begin(section, policy->quotas[i].party);
        policy->quotas[i].requests_per_s = count_or_0(section, "requests-per-second");
        policy->quotas[i].in_flight = count_or_0(section, "in-flight");
        for (unsigned j = 0; j < i; j++)
            if (address_matches(policy->quotas[j].party, policy->quotas[i].party))
                return shadowed(cfg, "quota", i, policy->quotas[i].party, policy->quotas[j].line);
    }
    return AM_OK;
}

static enum am_err copy_parties(cfg_t *cfg, const char *name, struct policy_protects **ret_rows, size_t *ret_n)
{
    cfg_opt_t *option = cfg_getopt(cfg, name);
    TRY(rows_room(cfg, name, sizeof **ret_rows, ret_n, ret_rows));
    for (unsigned i = 0; i < *ret_n; i++)
        (void)strlcpy((*ret_rows)[i].party, cfg_opt_getnstr(option, i), sizeof(*ret_rows)[i].party);
    return AM_OK;
}

static enum am_err copy_retention(cfg_t *cfg, struct policy *policy)
{
    for (unsigned i = 0; i < cfg_size(cfg, "retention"); i++) {
        cfg_t *section = cfg_getnsec(cfg, "retention", i);
        int kind = 0;
        TRY(codec_enum_value(&amana__v1__kind__code__descriptor, cfg_title(section), &kind));
        policy->retention_lines[kind] = (unsigned)section->line;
        policy->retention_days[kind] = (uint16_t)cfg_getint(section, "days");
    }
    return AM_OK;
}

static void copy_string(cfg_t *section, const char *name, char *ret_text, size_t size)
{
    const char *value = cfg_getstr(section, name);

    (void)strlcpy(ret_text, value != NULL ? value : "", size);
}

// The codes that a list names, as bits; a validator has seen each.
static uint32_t codes_of(cfg_t *section, const char *name, const ProtobufCEnumDescriptor *codes)
{
    uint32_t set = 0;

    for (unsigned i = 0; i < cfg_size(section, name); i++) {
        int value = 0;
        if (codec_enum_value(codes, cfg_getnstr(section, name, i), &value) == AM_OK)
            set |= 1u << value;
    }
    return set;
}

static int code_or_0(cfg_t *section, const char *name, const ProtobufCEnumDescriptor *codes)
{
    int value = 0;

    return cfg_getstr(section, name) != NULL && codec_enum_value(codes, cfg_getstr(section, name), &value) == AM_OK
               ? value
               : 0;
}

static bool country_fits(const char *wide, const char *narrow)
{
    return strcmp(wide, "*") == 0 || strcmp(wide, narrow) == 0;
}

static bool default_fits(const struct policy_default *wide, const struct policy_default *narrow)
{
    return country_fits(wide->from, narrow->from) && country_fits(wide->to, narrow->to) &&
           (wide->purpose == 0 || wide->purpose == narrow->purpose);
}

static enum am_err copy_defaults(cfg_t *cfg, struct policy *policy)
{
    TRY(rows_room(cfg, "default", sizeof *policy->defaults, &policy->n_defaults, &policy->defaults));
    for (unsigned i = 0; i < policy->n_defaults; i++) {
        cfg_t *section = cfg_getnsec(cfg, "default", i);
        struct policy_default *row = &policy->defaults[i];
        row->line = (unsigned)section->line;
        copy_string(section, "from", row->from, sizeof row->from);
        copy_string(section, "to", row->to, sizeof row->to);
        row->purpose = (Amana__V1__Purpose__Code)code_or_0(section, "purpose", &amana__v1__purpose__code__descriptor);
        row->legal_basis =
            (Amana__V1__LegalBasis__Code)code_or_0(section, "legal-basis", &amana__v1__legal_basis__code__descriptor);
        copy_string(section, "agreement", row->agreement, sizeof row->agreement);
        row->retention_days = (uint16_t)count_or_0(section, "retention-days");
        row->handling = (uint8_t)codes_of(section, "handling", &amana__v1__handling__code__descriptor);
        for (unsigned j = 0; j < i; j++)
            if (default_fits(&policy->defaults[j], row))
                return shadowed(cfg, "default", i, "", policy->defaults[j].line);
    }
    return AM_OK;
}

static enum am_err copy_releases(cfg_t *cfg, struct policy *policy)
{
    TRY(rows_room(cfg, "release", sizeof *policy->releases, &policy->n_releases, &policy->releases));
    for (unsigned i = 0; i < policy->n_releases; i++) {
        cfg_t *section = cfg_getnsec(cfg, "release", i);
        struct policy_release *row = &policy->releases[i];
        row->line = (unsigned)section->line;
        copy_string(section, "from", row->from, sizeof row->from);
        copy_string(section, "to", row->to, sizeof row->to);
        row->kinds = codes_of(section, "kinds", &amana__v1__kind__code__descriptor);
    }
    return AM_OK;
}

// A row for each unit that a section names.
static enum am_err copy_supervisors(cfg_t *cfg, struct policy *policy)
{
    size_t n = 0;

    for (unsigned i = 0; i < cfg_size(cfg, "supervisors"); i++)
        n += cfg_size(cfg_getnsec(cfg, "supervisors", i), "units");
    if (n > POLICY_ROWS) {
        cfg_error(cfg, "supervisors: %zu units; at most %u", n, POLICY_ROWS);
        return AM_CONFIG;
    }
    policy->supervisors = calloc(n + 1, sizeof *policy->supervisors);
    if (policy->supervisors == NULL)
        return AM_NOMEM;
    for (unsigned i = 0; i < cfg_size(cfg, "supervisors"); i++) {
        cfg_t *section = cfg_getnsec(cfg, "supervisors", i);
        for (unsigned j = 0; j < cfg_size(section, "units"); j++) {
            struct policy_supervisors *row = &policy->supervisors[policy->n_supervisors++];
            row->line = row_begin(section, row->party);
            (void)strlcpy(row->unit, cfg_getnstr(section, "units", j), sizeof row->unit);
        }
    }
    return AM_OK;
}

static enum am_err copy_purposes(cfg_t *cfg, struct policy *policy)
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__purpose__code__descriptor;

    for (unsigned i = 0; i < cfg_size(cfg, "purpose-change"); i++) {
        cfg_t *section = cfg_getnsec(cfg, "purpose-change", i);
        int from = 0;
        TRY(codec_enum_value(codes, cfg_title(section), &from));
        policy->purpose_lines[from] = (unsigned)section->line;
        policy->purpose_changes[from] = (uint8_t)codes_of(section, "to", codes);
    }
    return AM_OK;
}

static enum am_err copy_policy(cfg_t *cfg, void *user)
{
    struct policy *policy = user;

    TRY(copy_ceilings(cfg, policy));
    TRY(copy_quotas(cfg, policy));
    TRY(copy_parties(cfg, "protection-also-to", &policy->protects, &policy->n_protects));
    TRY(copy_parties(cfg, "h2-also-to", &policy->onward, &policy->n_onward));
    TRY(copy_defaults(cfg, policy));
    TRY(copy_releases(cfg, policy));
    TRY(copy_supervisors(cfg, policy));
    TRY(copy_purposes(cfg, policy));
    return copy_retention(cfg, policy);
}

enum am_err policy_parse(struct am_bytes text, const char *path, struct am_detail *detail, struct policy **ret_policy)
{
    cfg_opt_t ceiling[] = {CFG_STR("classification", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t retention[] = {CFG_INT("days", 0, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t quota[] = {CFG_INT("requests-per-second", 0, CFGF_NODEFAULT), CFG_INT("in-flight", 0, CFGF_NODEFAULT),
                         CFG_END()};
    cfg_opt_t defaults[] = {
        CFG_STR("from", NULL, CFGF_NODEFAULT),          CFG_STR("to", NULL, CFGF_NODEFAULT),
        CFG_STR("purpose", NULL, CFGF_NODEFAULT),       CFG_STR("legal-basis", NULL, CFGF_NODEFAULT),
        CFG_STR("agreement", NULL, CFGF_NODEFAULT),     CFG_INT("retention-days", 0, CFGF_NODEFAULT),
        CFG_STR_LIST("handling", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t release[] = {CFG_STR_LIST("kinds", NULL, CFGF_NODEFAULT), CFG_STR("from", NULL, CFGF_NODEFAULT),
                           CFG_STR("to", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t supervisors[] = {CFG_STR_LIST("units", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t change[] = {CFG_STR_LIST("to", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t options[] = {CFG_SEC("ceiling", ceiling, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("retention", retention, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("quota", quota, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("default", defaults, CFGF_MULTI),
                           CFG_SEC("release", release, CFGF_MULTI),
                           CFG_SEC("supervisors", supervisors, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("purpose-change", change, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_STR_LIST("protection-also-to", NULL, CFGF_NODEFAULT),
                           CFG_STR_LIST("h2-also-to", NULL, CFGF_NODEFAULT),
                           CONF_END()};
    size_t n_checks;
    const struct conf_validator *checks = policy_checks(&n_checks);
    struct policy *policy = calloc(1, sizeof *policy);
    enum am_err err;

    if (policy == NULL)
        return AM_NOMEM;
    err = conf_read(text, path, options, checks, n_checks, copy_policy, policy, detail);
    if (err == AM_OK && !certs_sha256(text.data, text.len, policy->digest))
        err = AM_NOMEM;
    if (err == AM_OK)
        *ret_policy = policy;
    else
        policy_free(policy);
    return err;
}

enum am_err policy_load(const char *path, struct am_detail *detail, struct policy **ret_policy)
{
    struct am_bytes text;
    enum am_err err;

    *ret_policy = NULL;
    if (path[0] == '\0')
        return AM_OK;
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &text));
    err = policy_parse(text, path, detail, ret_policy);
    free((void *)text.data);
    return err;
}
