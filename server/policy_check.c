// SPDX-License-Identifier: Apache-2.0
// Validators of the options of policy.conf, and of each row as its section ends.
#include "server/policy_check.h"

#include "certs/conf_checks.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>

// --- Options
static int check_classification(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "classification", &amana__v1__classification__code__descriptor, "classification",
                           conf_last(opt));
}

static int check_days(cfg_t *cfg, cfg_opt_t *opt)
{
    long days = cfg_opt_getnint(opt, 0);

    if (days >= 1 && days <= 3660)
        return 0;
    cfg_error(cfg, "%s: a whole number from 1 to 3660", cfg_opt_name(opt));
    return -1;
}

static int check_country(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *country = conf_last(opt);

    if (strcmp(country, "*") == 0 || address_part_valid(country, strlen(country)))
        return 0;
    cfg_error(cfg, "%s: \"%s\" is no country; write its code in lower case, as in \"ke\", or \"*\"", cfg_opt_name(opt),
              country);
    return -1;
}

static int check_parties(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_party(cfg, cfg_opt_name(opt), conf_last(opt));
}

static int check_purpose(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, cfg_opt_name(opt), &amana__v1__purpose__code__descriptor, "purpose", conf_last(opt));
}

static int check_basis(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "legal-basis", &amana__v1__legal_basis__code__descriptor, "legal basis",
                           conf_last(opt));
}

static int check_agreement(cfg_t *cfg, cfg_opt_t *opt)
{
    if (address_part_valid(conf_last(opt), strlen(conf_last(opt))))
        return 0;
    cfg_error(cfg, "agreement: a-z, 0-9 and '-' (not first), 1 to 31 characters");
    return -1;
}

static int check_handling(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "handling", &amana__v1__handling__code__descriptor, "handling", conf_last(opt));
}

static int check_kinds(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "kinds", &amana__v1__kind__code__descriptor, "kind of message", conf_last(opt));
}

static int check_unit(cfg_t *cfg, cfg_opt_t *opt)
{
    struct am_detail detail = {0};

    if (address_check(conf_last(opt), &detail) == AM_OK)
        return 0;
    cfg_error(cfg, "units: \"%s\": %s", conf_last(opt), detail.text);
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
    int kind = 0;
    if (codec_enum_value(&amana__v1__kind__code__descriptor, cfg_title(section), &kind) == AM_OK &&
        kind_get((unsigned)kind)->must_answer) {
        cfg_error(section, "retention \"%s\": always answers, and is kept as long as what it answers; leave it out",
                  cfg_title(section));
        return -1;
    }
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

static int check_default(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);
    const char *basis = cfg_getstr(section, "legal-basis"), *agreement = cfg_getstr(section, "agreement");
    bool agreed = basis != NULL && strstr(basis, "LATERAL_AGREEMENT") != NULL;

    if (cfg_getstr(section, "from") == NULL || cfg_getstr(section, "to") == NULL) {
        cfg_error(section, "a default needs from and to, as in default { from = \"ke\" to = \"et\" … }");
        return -1;
    }
    if (agreed == (agreement != NULL))
        return 0;
    cfg_error(section, "agreement goes with legal-basis BILATERAL_AGREEMENT or MULTILATERAL_AGREEMENT, and only there");
    return -1;
}

static int check_release(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);

    if (cfg_size(section, "kinds") > 0 && cfg_getstr(section, "from") != NULL && cfg_getstr(section, "to") != NULL)
        return 0;
    cfg_error(section, "a release needs kinds, from and to, as in "
                       "release { kinds = {\"REQUEST\"} from = \"ke/dci/*\" to = \"*/*/*\" }");
    return -1;
}

// Whether the pattern fits a unit of the same agency.
static bool of_agency(const char *party, const char *unit)
{
    char any[LIMIT_ADDRESS + 1];

    (void)strlcpy(any, party, sizeof any);
    char *last = strrchr(any, '/');
    if (last == NULL)
        return false;
    (void)strlcpy(last, "/*", sizeof any - (size_t)(last - any));
    return address_matches(any, unit);
}

static int check_supervisors(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);
    const char *party = cfg_title(section);

    if (conf_check_party(section, "supervisors", party) != 0)
        return -1;
    for (unsigned i = 0; i < cfg_size(section, "units"); i++)
        if (!of_agency(party, cfg_getnstr(section, "units", i))) {
            cfg_error(section, "supervisors \"%s\": %s is of another agency, and releases nothing of theirs", party,
                      cfg_getnstr(section, "units", i));
            return -1;
        }
    if (cfg_size(section, "units") > 0)
        return 0;
    cfg_error(section, "supervisors \"%s\" needs units, as in units = {\"ke/dci/headquarters\"}", party);
    return -1;
}

static int check_purpose_change(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = section_last(opt);

    if (conf_check_code(section, "purpose-change", &amana__v1__purpose__code__descriptor, "purpose",
                        cfg_title(section)) != 0)
        return -1;
    if (cfg_size(section, "to") > 0)
        return 0;
    cfg_error(section, "purpose-change \"%s\" needs to, as in to = {\"PROSECUTION\"}", cfg_title(section));
    return -1;
}

const struct conf_validator *policy_checks(size_t *ret_n)
{
    static const struct conf_validator ROWS[] = {
        {"ceiling|classification", check_classification},
        {"ceiling", check_ceiling},
        {"retention|days", check_days},
        {"retention", check_retention},
        {"quota|requests-per-second", check_count},
        {"quota|in-flight", check_count},
        {"quota", check_quota},
        {"protection-also-to", check_parties},
        {"h2-also-to", check_parties},
        {"default|from", check_country},
        {"default|to", check_country},
        {"default|purpose", check_purpose},
        {"default|legal-basis", check_basis},
        {"default|agreement", check_agreement},
        {"default|retention-days", check_days},
        {"default|handling", check_handling},
        {"default", check_default},
        {"release|kinds", check_kinds},
        {"release|from", check_parties},
        {"release|to", check_parties},
        {"release", check_release},
        {"supervisors|units", check_unit},
        {"supervisors", check_supervisors},
        {"purpose-change|to", check_purpose},
        {"purpose-change", check_purpose_change},
    };
    *ret_n = AM_LEN(ROWS);
    return ROWS;
}
