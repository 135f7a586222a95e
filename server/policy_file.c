// SPDX-License-Identifier: Apache-2.0
// policy.conf: the policy as people write it.
#include "server/policy_file.h"

#include "certs/certificate.h"
#include "certs/keyfile.h"
#include "proto/codec/codec.h"
#include "server/conf_checks.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

// --- Validators
static int check_classification(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "classification", &amana__v1__classification__code__descriptor, "classification",
                           conf_last(opt));
}

static int check_also_to(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_party(cfg, "protection-also-to", conf_last(opt));
}

static int check_days(cfg_t *cfg, cfg_opt_t *opt)
{
    long days = cfg_opt_getnint(opt, 0);

    if (days >= 1 && days <= 3660)
        return 0;
    cfg_error(cfg, "days: a whole number from 1 to 3660");
    return -1;
}

static int check_count(cfg_t *cfg, cfg_opt_t *opt)
{
    long count = cfg_opt_getnint(opt, 0);

    if (count >= 1 && count <= 1000000)
        return 0;
    cfg_error(cfg, "%s: a whole number from 1 to 1000000", cfg_opt_name(opt));
    return -1;
}

// --- Rows, as their sections end
static cfg_t *section_last(cfg_opt_t *opt)
{
    return cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
}

static int check_ceiling(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);

    if (conf_check_party(section, "ceiling", cfg_title(section)) != 0)
        return -1;
    if (cfg_getstr(section, "classification") != NULL)
        return 0;
    cfg_error(section, "ceiling \"%s\" needs a classification: BASIC, RESTRICTED or CONFIDENTIAL", cfg_title(section));
    return -1;
}

static int check_retention(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);

    if (conf_check_code(section, "retention", &amana__v1__kind__code__descriptor, "kind of message",
                        cfg_title(section)) != 0)
        return -1;
    if (cfg_size(section, "days") > 0)
        return 0;
    cfg_error(section, "retention \"%s\" needs days, as in days = 365", cfg_title(section));
    return -1;
}

static int check_quota(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);

    if (conf_check_party(section, "quota", cfg_title(section)) != 0)
        return -1;
    if (cfg_size(section, "requests-per-second") > 0 || cfg_size(section, "in-flight") > 0)
        return 0;
    cfg_error(section, "quota \"%s\" needs requests-per-second, in-flight or both", cfg_title(section));
    return -1;
}

// --- Copying what has passed
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
    }
    return AM_OK;
}

static enum am_err copy_protects(cfg_t *cfg, struct policy *policy)
{
    cfg_opt_t *option = cfg_getopt(cfg, "protection-also-to");

    TRY(rows_room(cfg, "protection-also-to", sizeof *policy->protects, &policy->n_protects, &policy->protects));
    for (unsigned i = 0; i < policy->n_protects; i++) {
        (void)strlcpy(policy->protects[i].party, cfg_opt_getnstr(option, i), sizeof policy->protects[i].party);
    }
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

static enum am_err copy_policy(cfg_t *cfg, void *user)
{
    struct policy *policy = user;

    TRY(copy_ceilings(cfg, policy));
    TRY(copy_quotas(cfg, policy));
    TRY(copy_protects(cfg, policy));
    return copy_retention(cfg, policy);
}

enum am_err policy_parse(struct am_bytes text, const char *path, struct am_detail *detail, struct policy **ret_policy)
{
    cfg_opt_t ceiling[] = {CFG_STR("classification", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t retention[] = {CFG_INT("days", 0, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t quota[] = {CFG_INT("requests-per-second", 0, CFGF_NODEFAULT), CFG_INT("in-flight", 0, CFGF_NODEFAULT),
                         CFG_END()};
    cfg_opt_t options[] = {CFG_SEC("ceiling", ceiling, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("retention", retention, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("quota", quota, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_STR_LIST("protection-also-to", NULL, CFGF_NODEFAULT), CONF_END()};
    static const struct conf_validator VALIDATORS[] = {
        {"ceiling|classification", check_classification},
        {"ceiling", check_ceiling},
        {"retention|days", check_days},
        {"retention", check_retention},
        {"quota|requests-per-second", check_count},
        {"quota|in-flight", check_count},
        {"quota", check_quota},
        {"protection-also-to", check_also_to},
    };
    struct policy *policy = calloc(1, sizeof *policy);
    enum am_err err;

    if (policy == NULL)
        return AM_NOMEM;
    err = conf_read(text, path, options, VALIDATORS, AM_LEN(VALIDATORS), copy_policy, policy, detail);
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
