// SPDX-License-Identifier: Apache-2.0
// amana.conf by libconfuse, over it the environment, over that the flags.
#include "client/session/settings.h"

#include "certs/conf_text.h"
#include "certs/identity.h"
#include "certs/keyfile.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTING_KEY(name, key, environment, words)         key,
#define SETTING_ENVIRONMENT(name, key, environment, words) environment,
#define SETTING_WORDS(name, key, environment, words)       words,
static const char *const KEYS[] = {SETTINGS_LIST(SETTING_KEY)};
static const char *const ENVIRONMENT[] = {SETTINGS_LIST(SETTING_ENVIRONMENT)};
static const char *const WORDS[] = {SETTINGS_LIST(SETTING_WORDS)};

const char *setting_key(enum setting setting)
{
    return KEYS[setting];
}

const char *setting_words(enum setting setting)
{
    return WORDS[setting];
}

static bool host_port_valid(const char *value)
{
    const char *colon = strrchr(value, ':');
    if (colon == NULL || colon == value || colon[1] == '\0' || strlen(colon + 1) > 5)
        return false;
    if (strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    long port = strtol(colon + 1, NULL, 10);
    return port > 0 && port < 65536;
}

static bool hub_valid(const char *value)
{
    const char *slash = strchr(value, '/');
    return slash != NULL && address_part_valid(value, (size_t)(slash - value)) && strcmp(slash, "/hub") == 0;
}

enum am_err settings_check(enum setting setting, const char *value, struct am_detail *detail)
{
    bool good = true;
    switch (setting) {
    case SETTING_UNIT: good = address_check(value, NULL) == AM_OK; break;
    case SETTING_DEVICE:
    case SETTING_OFFICER: good = address_part_valid(value, strlen(value)); break;
    case SETTING_HUB: good = hub_valid(value); break;
    case SETTING_ADDRESS: good = host_port_valid(value); break;
    default: good = value[0] != '\0' && strlen(value) < SETTING_MAX; break;
    }
    if (good)
        return AM_OK;
    return am_fail(AM_CONFIG, detail, KEYS[setting], "\"%.80s\" is not allowed: %s", value, WORDS[setting]);
}

static enum am_err set(struct settings *settings, enum setting setting, const char *value, const char *source,
                       struct am_detail *detail)
{
    TRY(settings_check(setting, value, detail));
    strlcpy(settings->value[setting], value, SETTING_MAX);
    strlcpy(settings->source[setting], source, sizeof settings->source[setting]);
    return AM_OK;
}

static enum am_err default_file(char ret_path[PATH_MAX])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int len = xdg != NULL && xdg[0] == '/'
                  ? snprintf(ret_path, PATH_MAX, "%s/amana/amana.conf", xdg)
                  : snprintf(ret_path, PATH_MAX, "%s/.config/amana/amana.conf", home != NULL ? home : ".");
    return len < PATH_MAX ? AM_OK : AM_TOO_LARGE;
}

static enum am_err find_file(const struct settings_flags *flags, struct settings *settings, bool *ret_asked)
{
    const char *named = flags->file != NULL ? flags->file : getenv("AMANA_CONFIG");
    if (flags->file == NULL && flags->folder != NULL) {
        *ret_asked = false;
        int len = snprintf(settings->file, PATH_MAX, "%s/amana.conf", flags->folder);
        return len < PATH_MAX ? AM_OK : AM_TOO_LARGE;
    }
    *ret_asked = named != NULL;
    if (named == NULL)
        return default_file(settings->file);
    return strlcpy(settings->file, named, PATH_MAX) < PATH_MAX ? AM_OK : AM_TOO_LARGE;
}

// libconfuse reports through a callback without user data: one parse at a time.

static int validate(cfg_t *cfg, cfg_opt_t *opt)
{
    struct am_detail why = {0};
    for (unsigned i = 0; i < SETTINGS; i++) {
        if (strcmp(cfg_opt_name(opt), KEYS[i]) != 0)
            continue;
        const char *value = cfg_opt_getstr(opt);
        if (value != NULL && settings_check((enum setting)i, value, &why) != AM_OK) {
            cfg_error(cfg, "%s: %s", KEYS[i], why.text);
            return -1;
        }
    }
    return 0;
}

static enum am_err take_file(cfg_t *cfg, void *user)
{
    struct settings *settings = user;
    for (unsigned i = 0; i < SETTINGS; i++) {
        const char *value = cfg_getstr(cfg, KEYS[i]);
        struct am_detail why = {0};
        char path[PATH_MAX * 2];
        if (value == NULL)
            continue;
        if (i == SETTING_DATA && value[0] != '/') { // relative to the file that says it
            const char *slash = strrchr(settings->file, '/');
            int folder = slash != NULL ? (int)(slash - settings->file) : 1;
            bool here = strcmp(value, ".") == 0;
            snprintf(path, sizeof path, "%.*s%s%s", folder, slash != NULL ? settings->file : ".", here ? "" : "/",
                     here ? "" : value);
            value = path;
        }
        if (set(settings, (enum setting)i, value, "amana.conf", &why) != AM_OK) {
            cfg_error(cfg, "%s: %s", KEYS[i], why.text);
            return AM_CONFIG;
        }
    }
    return AM_OK;
}

// --- Groups
static int check_group(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
    const char *name = cfg_title(section);
    unsigned n = cfg_size(section, "units");
    if (!address_part_valid(name, strlen(name))) {
        cfg_error(section, "group \"%s\": a name has a-z, 0-9 and '-' (not first), 1 to 31 characters", name);
        return -1;
    }
    if (n > 0 && n <= SETTING_GROUP)
        return 0;
    cfg_error(section, "group \"%s\" needs 1 to %u units, as in units = {\"et/ics/moyale\"}", name, SETTING_GROUP);
    return -1;
}

static int check_member(cfg_t *cfg, cfg_opt_t *opt)
{
    struct am_detail why = {0};
    if (address_check(conf_last(opt), &why) == AM_OK)
        return 0;
    cfg_error(cfg, "units: \"%s\": %s", conf_last(opt), why.text);
    return -1;
}

static enum am_err parse_file(const char *path, enum am_err (*take)(cfg_t *cfg, void *user), void *user,
                              struct am_detail *detail)
{
    cfg_opt_t group[] = {CFG_STR_LIST("units", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t options[] = {CFG_STR("unit", NULL, CFGF_NODEFAULT),
                           CFG_STR("device", NULL, CFGF_NODEFAULT),
                           CFG_STR("officer", NULL, CFGF_NODEFAULT),
                           CFG_STR("hub", NULL, CFGF_NODEFAULT),
                           CFG_STR("address", NULL, CFGF_NODEFAULT),
                           CFG_STR("data", NULL, CFGF_NODEFAULT),
                           CFG_SEC("group", group, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CONF_END()};
    struct conf_validator validators[SETTINGS + 2];
    struct am_bytes text;
    for (unsigned i = 0; i < SETTINGS; i++)
        validators[i] = (struct conf_validator){KEYS[i], validate};
    validators[SETTINGS] = (struct conf_validator){"group|units", check_member};
    validators[SETTINGS + 1] = (struct conf_validator){"group", check_group};
    enum am_err err = certs_read_file(path, LIMIT_CONFIG, detail, &text);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_CONFIG;
    err = conf_read(text, path, options, validators, AM_LEN(validators), take, user, detail);
    free((void *)text.data);
    return err;
}

struct group_search {
    const char *name;
    struct settings_group *group;
    char known[160];
};

static enum am_err take_group(cfg_t *cfg, void *user)
{
    struct group_search *search = user;
    for (unsigned i = 0; i < cfg_size(cfg, "group"); i++) {
        cfg_t *section = cfg_getnsec(cfg, "group", i);
        strlcat(search->known, i == 0 ? "@" : ", @", sizeof search->known);
        strlcat(search->known, cfg_title(section), sizeof search->known);
        if (strcmp(cfg_title(section), search->name) != 0)
            continue;
        for (unsigned j = 0; j < cfg_size(section, "units"); j++)
            strlcpy(search->group->units[search->group->n++], cfg_getnstr(section, "units", j), LIMIT_ADDRESS + 1);
    }
    return AM_OK;
}

enum am_err settings_group(const struct settings *settings, const char *name, struct am_detail *detail,
                           struct settings_group *ret_group)
{
    struct group_search search = {.name = name, .group = ret_group};
    ret_group->n = 0;
    if (access(settings->file, F_OK) == 0)
        TRY(parse_file(settings->file, take_group, &search, detail));
    if (ret_group->n > 0)
        return AM_OK;
    return am_fail(AM_NOT_FOUND, detail, settings->file, "has no group \"%.40s\"; %s%s", name,
                   search.known[0] != '\0' ? "there are: " : "there is none", search.known);
}

static enum am_err default_data(const struct settings_flags *flags, struct settings *settings, struct am_detail *detail)
{
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char path[PATH_MAX];
    if (settings->value[SETTING_DATA][0] != '\0')
        return AM_OK;
    if (flags->folder != NULL)
        return set(settings, SETTING_DATA, flags->folder, "flag -d", detail);
    if (xdg != NULL && xdg[0] == '/')
        snprintf(path, sizeof path, "%s/amana", xdg);
    else
        snprintf(path, sizeof path, "%s/.local/share/amana", home != NULL ? home : ".");
    return set(settings, SETTING_DATA, path, "default", detail);
}

enum am_err settings_load(const struct settings_flags *flags, struct am_detail *detail, struct settings *ret_settings)
{
    struct settings settings = {0};
    bool asked;
    char source[32];
    if (find_file(flags, &settings, &asked) != AM_OK)
        return am_fail(AM_CONFIG, detail, "amana.conf", "the path is too long");
    if (access(settings.file, F_OK) == 0)
        TRY(parse_file(settings.file, take_file, &settings, detail));
    else if (asked)
        return am_fail(AM_NOT_FOUND, detail, settings.file, "there is no such configuration: `amana init` makes one");
    for (unsigned i = 0; i < SETTINGS; i++) {
        const char *value = getenv(ENVIRONMENT[i]);
        if (value != NULL && value[0] != '\0')
            TRY(set(&settings, (enum setting)i, value, ENVIRONMENT[i], detail));
        if (flags->value[i] == NULL)
            continue;
        snprintf(source, sizeof source, "flag --%s", KEYS[i]);
        TRY(set(&settings, (enum setting)i, flags->value[i], source, detail));
    }
    TRY(default_data(flags, &settings, detail));
    *ret_settings = settings;
    return AM_OK;
}

enum am_err settings_require(const struct settings *settings, unsigned needed, struct am_detail *detail)
{
    for (unsigned i = 0; i < SETTINGS; i++) {
        if ((needed & 1u << i) != 0 && settings->value[i][0] == '\0')
            return am_fail(AM_CONFIG, detail, settings->file,
                           "\"%s\" is not set (%s): write it into this file, set %s, or begin with `amana init`",
                           KEYS[i], WORDS[i], ENVIRONMENT[i]);
    }
    return AM_OK;
}

enum am_err settings_path(const struct settings *settings, const char *name, char ret_path[PATH_MAX])
{
    int len = snprintf(ret_path, PATH_MAX, "%s/%s", settings->value[SETTING_DATA], name);
    return len < PATH_MAX ? AM_OK : AM_TOO_LARGE;
}

static void uri(const struct settings *settings, const char *kind, enum setting name, char *ret_uri)
{
    snprintf(ret_uri, LIMIT_URI + 1, "amana://%.95s/%s/%.31s", settings->value[SETTING_UNIT], kind,
             settings->value[name]);
}

void settings_device(const struct settings *settings, char *ret_uri)
{
    uri(settings, "device", SETTING_DEVICE, ret_uri);
}

void settings_officer(const struct settings *settings, char *ret_uri)
{
    uri(settings, "officer", SETTING_OFFICER, ret_uri);
}
