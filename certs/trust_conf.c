// SPDX-License-Identifier: Apache-2.0
// Reads trust.conf with libconfuse: each wrong value is an error with its line and what is allowed.
#include "certs/conf_text.h"
#include "certs/extension.h"
#include "certs/trust_internal.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_digest(cfg_t *cfg, cfg_opt_t *opt)
{
    uint8_t digest[32];
    if (certs_digest_parse(conf_last(opt), digest) == AM_OK)
        return 0;
    cfg_error(cfg, "%s in %s \"%s\" must be the SHA-256 of a certificate: 64 digits of 0-9, a-f", cfg_opt_name(opt),
              cfg_name(cfg), cfg_title(cfg));
    return -1;
}

// Where it stands is told of a certificate that isn't what its country needs, which is known only later.
static int check_oversight(cfg_t *cfg, cfg_opt_t *opt)
{
    struct trust *trust = conf_user();
    if (check_digest(cfg, opt) != 0)
        return -1;
    if (trust->oversight_named < TRUST_COUNTRIES) // more countries are refused
        trust->oversight_lines[trust->oversight_named++] = (unsigned)cfg->line;
    return 0;
}

static int check_unit(cfg_t *cfg, cfg_opt_t *opt)
{
    struct am_detail detail = {0};
    if (address_check(conf_last(opt), &detail) != AM_OK) {
        cfg_error(cfg, "%s in %s \"%s\": %s", cfg_opt_name(opt), cfg_name(cfg), cfg_title(cfg), detail.text);
        return -1;
    }
    return 0; // of any country: it may be an international body's
}

static int check_country(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *code = conf_last(opt);
    if (address_part_valid(code, strlen(code)))
        return 0;
    cfg_error(cfg, "%s in %s \"%s\": \"%s\" is no country; write its code in lower case, as in {\"ke\", \"et\"}",
              cfg_opt_name(opt), cfg_name(cfg), cfg_title(cfg), code);
    return -1;
}

static int check_dns(cfg_t *cfg, cfg_opt_t *opt)
{
    if (certs_dns_valid(conf_last(opt)))
        return 0;
    cfg_error(cfg, "dns in hub \"%s\" must be a DNS name in lower case, as in \"hub.ke.amana.example\"",
              cfg_title(cfg));
    return -1;
}

// Printable ASCII without spaces: the origin of a log, and a verifier key (C2SP signed-note).
static int check_word(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *word = conf_last(opt);
    size_t len = strlen(word), limit = strcmp(cfg_opt_name(opt), "origin") == 0 ? TRUST_ORIGIN : TRUST_LOG_KEY;
    bool good = len > 0 && len <= limit;
    for (size_t i = 0; i < len; i++)
        good &= word[i] > ' ' && word[i] < 0x7f;
    if (good)
        return 0;
    cfg_error(cfg, "%s in hub \"%s\" must be 1 to %zu printable characters without a space", cfg_opt_name(opt),
              cfg_title(cfg), limit);
    return -1;
}

static cfg_t *last_section(cfg_opt_t *opt)
{
    return cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
}

static bool require(cfg_t *section, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cfg_size(section, names[i]) > 0)
            continue;
        cfg_error(section, "%s \"%s\" needs %s", cfg_name(section), cfg_title(section), names[i]);
        return false;
    }
    return true;
}

static int check_country_section(cfg_t *cfg, cfg_opt_t *opt)
{
    static const char *const required[] = {"units-ca", "hubs-ca"};
    cfg_t *section = last_section(opt);
    const char *title = cfg_title(section);
    if (!address_part_valid(title, strlen(title))) {
        cfg_error(section, "\"%s\" is no country; write its code in lower case, as in country \"ke\"", title);
        return -1;
    }
    if (cfg_opt_size(opt) > TRUST_COUNTRIES || cfg_size(section, "registrars") > TRUST_REGISTRARS) {
        cfg_error(section, "at most %u countries, each with at most %u registrars", TRUST_COUNTRIES, TRUST_REGISTRARS);
        return -1;
    }
    return require(section, required, AM_LEN(required)) ? 0 : -1;
}

static bool hub_name_valid(const char *title)
{
    struct identity identity;
    char uri[LIMIT_URI + 1];
    int len = snprintf(uri, sizeof uri, "amana://%s", title);
    return len > 0 && len < (int)sizeof uri && identity_parse(uri, (size_t)len, NULL, &identity) == AM_OK &&
           identity.kind == IDENTITY_HUB;
}

static int check_hub_section(cfg_t *cfg, cfg_opt_t *opt)
{
    static const char *const required[] = {"dns", "certificate", "origin", "countries"};
    cfg_t *section = last_section(opt);
    if (!hub_name_valid(cfg_title(section))) {
        cfg_error(section, "\"%s\" is no hub; write hub \"COUNTRY/hub\", as in hub \"ke/hub\"", cfg_title(section));
        return -1;
    }
    if (cfg_opt_size(opt) > TRUST_HUBS || cfg_size(section, "countries") > TRUST_COUNTRIES) {
        cfg_error(section, "at most %u hubs, each for at most %u countries", TRUST_HUBS, TRUST_COUNTRIES);
        return -1;
    }
    return require(section, required, AM_LEN(required)) ? 0 : -1;
}

static void copy_country(struct trust *trust, cfg_t *section, struct trust_country *country)
{
    const char *unit = cfg_getstr(section, "protection-unit"), *oversight = cfg_getstr(section, "oversight");
    strlcpy(country->code, cfg_title(section), sizeof country->code);
    strlcpy(country->protection_unit, unit == NULL ? "" : unit, sizeof country->protection_unit);
    // The validators have seen each of these.
    (void)!certs_digest_parse(cfg_getstr(section, "units-ca"), country->units_ca);
    (void)!certs_digest_parse(cfg_getstr(section, "hubs-ca"), country->hubs_ca);
    if (oversight != NULL) {
        (void)!certs_digest_parse(oversight, country->oversight);
        country->has_oversight = true;
        country->oversight_line = trust->oversight_lines[trust->oversight_named++];
    }
    country->registrars_count = cfg_size(section, "registrars");
    for (unsigned i = 0; i < country->registrars_count; i++)
        (void)!certs_digest_parse(cfg_getnstr(section, "registrars", i), country->registrars[i]);
}

static enum am_err copy_hub(const struct trust *trust, cfg_t *section, struct trust_hub *hub)
{
    const char *key = cfg_getstr(section, "log-key");
    char country[ADDRESS_COUNTRY_MAX + 1];
    strlcpy(hub->name, cfg_title(section), sizeof hub->name);
    strlcpy(hub->dns, cfg_getstr(section, "dns"), sizeof hub->dns);
    strlcpy(hub->origin, cfg_getstr(section, "origin"), sizeof hub->origin);
    strlcpy(hub->log_key, key == NULL ? "" : key, sizeof hub->log_key);
    (void)!certs_digest_parse(cfg_getstr(section, "certificate"), hub->certificate);
    hub->countries_count = cfg_size(section, "countries");
    for (unsigned i = 0; i < hub->countries_count; i++) {
        const char *code = cfg_getnstr(section, "countries", i);
        if (trust_country(trust, code) == NULL) {
            cfg_error(section, "hub \"%s\" serves \"%s\", which this file doesn't have as a country", hub->name, code);
            return AM_CONFIG;
        }
        strlcpy(hub->countries[i], code, sizeof hub->countries[i]);
    }
    address_country(hub->name, country);
    if (trust_country(trust, country) == NULL) {
        cfg_error(section, "hub \"%s\": this file doesn't have \"%s\" as a country", hub->name, country);
        return AM_CONFIG;
    }
    return AM_OK;
}

static enum am_err copy_all(cfg_t *cfg, void *user)
{
    struct trust *trust = user;
    size_t countries = cfg_size(cfg, "country"), hubs = cfg_size(cfg, "hub");
    if (countries == 0) {
        cfg_error(cfg, "no country stands in it; at least one is needed: country \"ke\" {…}");
        return AM_CONFIG;
    }
    trust->countries = calloc(countries + 1, sizeof *trust->countries);
    trust->hubs = calloc(hubs + 1, sizeof *trust->hubs);
    if (trust->countries == NULL || trust->hubs == NULL)
        return AM_NOMEM;
    trust->oversight_named = 0;
    for (; trust->countries_count < countries; trust->countries_count++)
        copy_country(trust, cfg_getnsec(cfg, "country", (unsigned)trust->countries_count),
                     &trust->countries[trust->countries_count]);
    for (; trust->hubs_count < hubs; trust->hubs_count++)
        TRY(copy_hub(trust, cfg_getnsec(cfg, "hub", (unsigned)trust->hubs_count), &trust->hubs[trust->hubs_count]));
    return AM_OK;
}

enum am_err trust_conf_read(struct trust *trust, const char *path, struct am_detail *detail)
{
    cfg_opt_t country[] = {
        CFG_STR("units-ca", NULL, CFGF_NODEFAULT),        CFG_STR("hubs-ca", NULL, CFGF_NODEFAULT),
        CFG_STR_LIST("registrars", NULL, CFGF_NODEFAULT), CFG_STR("protection-unit", NULL, CFGF_NODEFAULT),
        CFG_STR("oversight", NULL, CFGF_NODEFAULT),       CFG_END()};
    cfg_opt_t hub[] = {CFG_STR("dns", NULL, CFGF_NODEFAULT),
                       CFG_STR("certificate", NULL, CFGF_NODEFAULT),
                       CFG_STR("origin", NULL, CFGF_NODEFAULT),
                       CFG_STR("log-key", NULL, CFGF_NODEFAULT),
                       CFG_STR_LIST("countries", NULL, CFGF_NODEFAULT),
                       CFG_END()};
    cfg_opt_t options[] = {CFG_SEC("country", country, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("hub", hub, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CONF_END()};
    static const struct conf_validator VALIDATORS[] = {
        {"country|units-ca", check_digest},
        {"country|hubs-ca", check_digest},
        {"country|registrars", check_digest},
        {"country|protection-unit", check_unit},
        {"country|oversight", check_oversight},
        {"hub|dns", check_dns},
        {"hub|certificate", check_digest},
        {"hub|origin", check_word},
        {"hub|log-key", check_word},
        {"hub|countries", check_country},
        {"country", check_country_section},
        {"hub", check_hub_section},
    };

    return conf_read((struct am_bytes){trust->file.data, trust->file.len}, path, options, VALIDATORS,
                     AM_LEN(VALIDATORS), copy_all, trust, detail);
}
