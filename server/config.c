// SPDX-License-Identifier: Apache-2.0
// amanad.conf: what an operator sets, checked whole before anything is done with it.
#include "server/config.h"

#include "certs/conf_text.h"
#include "certs/keyfile.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum am_err config_size(const char *text, uint64_t *ret_bytes)
{
    static const char SUFFIXES[] = "KMG";
    uint64_t bytes = 0;
    size_t i = 0;

    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        if (bytes > (UINT64_MAX >> 34) / 10)
            return AM_INVALID;
        bytes = bytes * 10 + (uint64_t)(text[i] - '0');
    }
    if (i == 0)
        return AM_INVALID;
    if (text[i] != '\0') {
        const char *suffix = strchr(SUFFIXES, text[i]);
        if (suffix == NULL || text[i + 1] != '\0')
            return AM_INVALID;
        bytes <<= 10 * (suffix - SUFFIXES + 1);
    }
    *ret_bytes = bytes;
    return AM_OK;
}

enum am_err config_listen(const char *text, char *ret_address, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':'), *fault = NULL;
    struct in6_addr any;
    char address[64];
    long long port;
    size_t len;

    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return AM_INVALID;
    port = strtonum(colon + 1, 0, 65535, &fault);
    len = (size_t)(colon - text);
    if (fault != NULL || len >= sizeof address)
        return AM_INVALID;
    memcpy(address, text, len);
    address[len] = '\0';
    if (strcmp(address, "*") == 0) {
        address[0] = '\0';
    } else if (address[0] == '[' && len > 2 && address[len - 1] == ']') {
        memmove(address, address + 1, len - 2);
        address[len - 2] = '\0';
        if (inet_pton(AF_INET6, address, &any) != 1)
            return AM_INVALID;
    } else if (inet_pton(AF_INET, address, &any) != 1) {
        return AM_INVALID;
    }
    strlcpy(ret_address, address, sizeof address);
    *ret_port = (uint16_t)port;
    return AM_OK;
}

#define CRL_GRACE_HOURS 24 // where nothing is said

// --- Validators: one value each, with what is allowed
static bool hub_name_identity(const char *name, struct identity *ret_identity)
{
    char uri[LIMIT_URI + 1];
    int len = snprintf(uri, sizeof uri, "amana://%s", name);

    return len > 0 && len < (int)sizeof uri && identity_parse(uri, (size_t)len, NULL, ret_identity) == AM_OK &&
           ret_identity->kind == IDENTITY_HUB;
}

static int check_hub(cfg_t *cfg, cfg_opt_t *opt)
{
    struct identity identity;

    if (hub_name_identity(conf_last(opt), &identity))
        return 0;
    cfg_error(cfg, "hub: \"%s\" is no hub's name; write COUNTRY/hub, as in \"igad/hub\"", conf_last(opt));
    return -1;
}

static int check_origin(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *origin = conf_last(opt);
    size_t len = strlen(origin);
    bool good = len > 0 && len <= TRUST_ORIGIN;

    for (size_t i = 0; i < len; i++)
        good &= origin[i] > ' ' && origin[i] < 0x7f && origin[i] != '+';
    if (good)
        return 0;
    cfg_error(cfg, "origin: 1 to %u printable characters without a space or '+', as in \"igad.amana.example/log\"",
              TRUST_ORIGIN);
    return -1;
}

static int check_path(cfg_t *cfg, cfg_opt_t *opt)
{
    size_t len = strlen(conf_last(opt));

    if (len > 0 && len <= CONFIG_PATH)
        return 0;
    cfg_error(cfg, "%s: a path of 1 to %u bytes; a relative one starts from this file's folder", cfg_opt_name(opt),
              CONFIG_PATH);
    return -1;
}

static int check_listen(cfg_t *cfg, cfg_opt_t *opt)
{
    char address[64];
    uint16_t port;

    if (config_listen(conf_last(opt), address, &port) == AM_OK)
        return 0;
    cfg_error(cfg,
              "listen: \"%s\" is not ADDRESS:PORT; write \"127.0.0.1:4433\", \"[::1]:4433\" or \"*:4433\" (port 0: "
              "any that is free)",
              conf_last(opt));
    return -1;
}

// limits { … }: each with where it goes and what it may be.
static const struct limit {
    const char *option; // as libconfuse finds it
    size_t member;      // of struct net_limits
    bool bytes;         // a size_t written with K, M or G; else a uint32_t
    uint64_t least, most;
} LIMITS[] = {
#define COUNT(option, member, most)                                                                                    \
    {                                                                                                                  \
        "limits|" option, offsetof(struct net_limits, member), false, 1, most                                          \
    }
#define BYTES(option, member, least, most)                                                                             \
    {                                                                                                                  \
        "limits|" option, offsetof(struct net_limits, member), true, least, most                                       \
    }
    COUNT("handshakes-per-second", handshakes_per_s, 1000000),
    COUNT("handshakes-per-address", handshakes_address, 1000000),
    COUNT("handshakes-open", handshakes_open, 1000000),
    COUNT("handshake-seconds", handshake_s, 600),
    COUNT("connections", connections, 1000000),
    COUNT("connections-per-identity", connections_identity, 1000000),
    COUNT("first-request-seconds", first_request_s, 3600),
    COUNT("keepalive-seconds", keepalive_s, 86400),
    COUNT("requests-per-second", requests_per_s, 1000000),
    COUNT("in-flight", in_flight, 1000000),
    COUNT("replays", replays, 1000000),
    COUNT("streams", streams, 100000),
    COUNT("resets", resets, 1000000),
    BYTES("header-list", header_list, 4096, 1024 * 1024),
    BYTES("connection-memory", connection_memory, 2 * 1024 * 1024, 1024 * 1024 * 1024),
    BYTES("identity-memory", identity_memory, 4 * 1024 * 1024, UINT64_MAX),
    BYTES("memory", memory, 16 * 1024 * 1024, UINT64_MAX),
    COUNT("memory-seconds", short_s, 3600),
#undef COUNT
#undef BYTES
};
#define LIMIT_NAME(limit) ((limit)->option + strlen("limits|"))

static const struct limit *limit_find(cfg_opt_t *opt)
{
    const struct limit *limit = LIMITS;

    while (strcmp(LIMIT_NAME(limit), cfg_opt_name(opt)) != 0)
        limit++;
    return limit;
}

static int check_limit_count(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct limit *limit = limit_find(opt);
    long value = cfg_opt_getnint(opt, 0);

    if (value >= (long)limit->least && value <= (long)limit->most)
        return 0;
    cfg_error(cfg, "%s: a whole number from %llu to %llu", cfg_opt_name(opt), (unsigned long long)limit->least,
              (unsigned long long)limit->most);
    return -1;
}

static int check_limit_bytes(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct limit *limit = limit_find(opt);
    uint64_t bytes;

    if (config_size(conf_last(opt), &bytes) == AM_OK && bytes >= limit->least && bytes <= limit->most)
        return 0;
    cfg_error(cfg, "%s: \"%s\" is no size from %lluK%s; write bytes, or a number with K, M or G, as in \"64M\"",
              cfg_opt_name(opt), conf_last(opt), (unsigned long long)limit->least / 1024,
              limit->most == UINT64_MAX   ? " up"
              : limit->most > 1024 * 1024 ? " to 1G"
                                          : " to 1M");
    return -1;
}

static int check_size(cfg_t *cfg, cfg_opt_t *opt)
{
    uint64_t bytes;

    if (config_size(conf_last(opt), &bytes) == AM_OK && bytes >= 1024 * 1024)
        return 0;
    cfg_error(cfg, "%s: \"%s\" is no size of at least 1M; write bytes, or a number with K, M or G, as in \"4G\"",
              cfg_opt_name(opt), conf_last(opt));
    return -1;
}

static int check_user(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *user = conf_last(opt);
    size_t len = strlen(user);

    if (len > 0 && len <= CONFIG_USER && strspn(user, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len)
        return 0;
    cfg_error(cfg, "%s: a user's name or number, as in \"amana\" or \"998\"", cfg_opt_name(opt));
    return -1;
}

static int check_log(cfg_t *cfg, cfg_opt_t *opt)
{
    if (report_level_parse(conf_last(opt)) >= 0)
        return 0;
    cfg_error(cfg, "log: \"%s\" is none of \"error\", \"warning\", \"notice\", \"info\", \"debug\"", conf_last(opt));
    return -1;
}

static int check_crl_grace(cfg_t *cfg, cfg_opt_t *opt)
{
    long value = cfg_opt_getnint(opt, 0), most = (long)(LIMIT_CRL_STALE_NS / NS_PER_HOUR);

    if (value >= 0 && value <= most)
        return 0;
    cfg_error(cfg, "crl-grace-hours: a whole number from 0 to %ld", most);
    return -1;
}

static int check_workers(cfg_t *cfg, cfg_opt_t *opt)
{
    long value = cfg_opt_getnint(opt, 0);

    if (value >= 1 && value <= 256)
        return 0;
    cfg_error(cfg, "workers: a whole number from 1 to 256");
    return -1;
}

// --- Copying what has passed
static enum am_err copy_text(cfg_t *cfg, const char *name, char *ret_text, size_t size)
{
    const char *value = cfg_getstr(cfg, name);

    (void)strlcpy(ret_text, value != NULL ? value : "", size);
    return AM_OK;
}

static enum am_err copy_required(cfg_t *cfg, const char *name, const char *example, char *ret_text, size_t size)
{
    if (cfg_getstr(cfg, name) == NULL) {
        cfg_error(cfg, "%s is missing; add a line like %s = \"%s\"", name, name, example);
        return AM_CONFIG;
    }
    return copy_text(cfg, name, ret_text, size);
}

static uint32_t copy_count(cfg_t *cfg, const char *name)
{
    return cfg_size(cfg, name) > 0 ? (uint32_t)cfg_getint(cfg, name) : 0;
}

static uint64_t copy_size(cfg_t *cfg, const char *name)
{
    uint64_t bytes = 0;

    if (cfg_getstr(cfg, name) != NULL && config_size(cfg_getstr(cfg, name), &bytes) != AM_OK)
        bytes = 0;
    return bytes;
}

static void copy_limits(cfg_t *cfg, struct net_limits *limits)
{
    cfg_t *section = cfg_getsec(cfg, "limits");

    for (size_t i = 0; section != NULL && i < AM_LEN(LIMITS); i++) {
        void *member = (char *)limits + LIMITS[i].member;
        if (LIMITS[i].bytes)
            *(size_t *)member = copy_size(section, LIMIT_NAME(&LIMITS[i]));
        else
            *(uint32_t *)member = copy_count(section, LIMIT_NAME(&LIMITS[i]));
    }
}

static enum am_err copy_config(cfg_t *cfg, void *user)
{
    struct config *config = user;
    const char *listen = cfg_getstr(cfg, "listen"), *log = cfg_getstr(cfg, "log");

    TRY(copy_required(cfg, "hub", "igad/hub", config->hub, sizeof config->hub));
    TRY(copy_required(cfg, "origin", "igad.amana.example/log", config->origin, sizeof config->origin));
    TRY(copy_required(cfg, "certificate", "hub.pem", config->certificate, sizeof config->certificate));
    TRY(copy_required(cfg, "key", "hub.key", config->key, sizeof config->key));
    TRY(copy_text(cfg, "data", config->data, sizeof config->data));
    TRY(copy_text(cfg, "trust", config->trust, sizeof config->trust));
    TRY(copy_text(cfg, "rosters", config->rosters, sizeof config->rosters));
    TRY(copy_text(cfg, "policy", config->policy, sizeof config->policy));
    TRY(copy_text(cfg, "port-file", config->port_file, sizeof config->port_file));
    TRY(copy_text(cfg, "user", config->user, sizeof config->user));
    TRY(copy_text(cfg, "signer-user", config->signer_user, sizeof config->signer_user));
    if (config_listen(listen, config->address, &config->port) != AM_OK)
        return AM_CONFIG; // the validator has seen it
    (void)snprintf(config->hub_uri, sizeof config->hub_uri, "amana://%s", config->hub);
    config->map_size = copy_size(cfg, "map-size");
    config->workers = copy_count(cfg, "workers");
    config->crl_grace_hours = (unsigned)cfg_getint(cfg, "crl-grace-hours");
    config->log = (enum report_level)report_level_parse(log);
    copy_limits(cfg, &config->limits);
    return AM_OK;
}

static const struct conf_validator SETTINGS[] = {
    {"hub", check_hub},          {"origin", check_origin},
    {"data", check_path},        {"trust", check_path},
    {"rosters", check_path},     {"policy", check_path},
    {"certificate", check_path}, {"key", check_path},
    {"port-file", check_path},   {"listen", check_listen},
    {"user", check_user},        {"signer-user", check_user},
    {"map-size", check_size},    {"workers", check_workers},
    {"log", check_log},          {"crl-grace-hours", check_crl_grace},
};

// The options of limits { … }, and how every setting is checked.
static void tables_fill(cfg_opt_t *limits, struct conf_validator *validators)
{
    memcpy(validators, SETTINGS, sizeof SETTINGS);
    for (size_t i = 0; i < AM_LEN(LIMITS); i++) {
        const struct limit *limit = &LIMITS[i];
        limits[i] = limit->bytes ? (cfg_opt_t)CFG_STR(LIMIT_NAME(limit), NULL, CFGF_NODEFAULT)
                                 : (cfg_opt_t)CFG_INT(LIMIT_NAME(limit), 0, CFGF_NODEFAULT);
        validators[AM_LEN(SETTINGS) + i] =
            (struct conf_validator){limit->option, limit->bytes ? check_limit_bytes : check_limit_count};
    }
}

enum am_err config_parse(struct am_bytes text, const char *path, struct am_detail *detail, struct config *ret_config)
{
    cfg_opt_t limits[AM_LEN(LIMITS) + 1] = {[AM_LEN(LIMITS)] = CFG_END()};
    cfg_opt_t options[] = {CFG_STR("hub", NULL, CFGF_NODEFAULT),
                           CFG_STR("origin", NULL, CFGF_NODEFAULT),
                           CFG_STR("data", "data", CFGF_NONE),
                           CFG_STR("trust", "trust", CFGF_NONE),
                           CFG_STR("rosters", "rosters", CFGF_NONE),
                           CFG_STR("policy", NULL, CFGF_NODEFAULT),
                           CFG_STR("certificate", NULL, CFGF_NODEFAULT),
                           CFG_STR("key", NULL, CFGF_NODEFAULT),
                           CFG_STR("listen", "*:4433", CFGF_NONE),
                           CFG_STR("port-file", NULL, CFGF_NODEFAULT),
                           CFG_STR("user", NULL, CFGF_NODEFAULT),
                           CFG_STR("signer-user", NULL, CFGF_NODEFAULT),
                           CFG_STR("map-size", NULL, CFGF_NODEFAULT),
                           CFG_INT("workers", 0, CFGF_NODEFAULT),
                           CFG_INT("crl-grace-hours", CRL_GRACE_HOURS, CFGF_NONE),
                           CFG_STR("log", "info", CFGF_NONE),
                           CFG_SEC("limits", limits, CFGF_NODEFAULT),
                           CONF_END()};
    struct conf_validator validators[AM_LEN(SETTINGS) + AM_LEN(LIMITS)];
    struct config config = {0};
    char copy[CONFIG_PATH + 1];

    if (strlcpy(copy, path, sizeof copy) >= sizeof copy)
        return am_fail(AM_CONFIG, detail, path, "the path is too long");
    (void)strlcpy(config.folder, dirname(copy), sizeof config.folder);
    tables_fill(limits, validators);
    TRY(conf_read(text, path, options, validators, AM_LEN(validators), copy_config, &config, detail));
    *ret_config = config;
    return AM_OK;
}

enum am_err config_load(const char *path, struct am_detail *detail, struct config *ret_config)
{
    struct am_bytes text;
    enum am_err err;

    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &text));
    err = config_parse(text, path, detail, ret_config);
    free((void *)text.data);
    return err;
}
