// SPDX-License-Identifier: Apache-2.0
// The members file of `amanad init`.
#include "certs/members.h"

#include "certs/conf_checks.h"
#include "certs/keyfile.h"
#include "certs/member_statement.h"
#include "proto/codec/codec.h"
#include "proto/codec/nearest.h"
#include "proto/model/address.h"
#include "proto/model/member.h"

#include <bsd/string.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_ARENA (16u * 1024 * 1024)

struct members_copy {
    struct members *members;
    const struct trust *trust;
    const char *path, *folder;
};

// --- Validators
static int check_role(cfg_t *cfg, cfg_opt_t *opt)
{
    struct nearest nearest = {.word = conf_last(opt), .len = strlen(conf_last(opt))};
    char clause[NEAREST_CLAUSE];

    if (member_role_valid(conf_last(opt)))
        return 0;
    for (size_t i = 0; member_role_name(i) != NULL; i++)
        nearest_offer(&nearest, member_role_name(i));
    cfg_error(cfg, "role: \"%s\" is none of " MEMBER_ROLES "%s", conf_last(opt), nearest_clause(&nearest, clause));
    return -1;
}

// `country` begins an address or a pattern, or is one by itself.
static int check_known(cfg_t *cfg, const char *option, const char *country)
{
    const struct members_copy *copy = conf_user();
    const struct trust_country *countries;
    size_t n = copy->trust != NULL ? trust_countries(copy->trust, &countries) : 0;
    char code[ADDRESS_COUNTRY_MAX + 1], known[160] = "";

    (void)strlcpy(code, country, strcspn(country, "/") + 1 < sizeof code ? strcspn(country, "/") + 1 : sizeof code);
    if (copy->trust == NULL || strcmp(code, "*") == 0 || trust_country(copy->trust, code) != NULL)
        return 0;
    for (size_t i = 0; i < n; i++) {
        (void)strlcat(known, i > 0 ? ", " : "", sizeof known);
        (void)strlcat(known, countries[i].code, sizeof known);
    }
    cfg_error(cfg, "%s: \"%s\" is no country of trust.conf, which has %s; mend it, or write the country there first",
              option, code, known);
    return -1;
}

static int check_kind(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_code(cfg, "kinds", &amana__v1__kind__code__descriptor, "kind of message", conf_last(opt));
}

static int check_party(cfg_t *cfg, cfg_opt_t *opt)
{
    return conf_check_party(cfg, "parties", conf_last(opt)) == 0 ? check_known(cfg, "parties", conf_last(opt)) : -1;
}

static int check_country(cfg_t *cfg, cfg_opt_t *opt)
{
    if (address_part_valid(conf_last(opt), strlen(conf_last(opt))))
        return check_known(cfg, "scope", conf_last(opt));
    cfg_error(cfg, "scope: \"%s\" is no country; write its code in lower case, as in {\"ke\", \"et\"}", conf_last(opt));
    return -1;
}

static int check_language(cfg_t *cfg, cfg_opt_t *opt)
{
    if (member_language_valid(conf_last(opt)))
        return 0;
    cfg_error(cfg, "languages: \"%s\" is no ISO 639 code; write two or three small letters, as in {\"en\", \"am\"}",
              conf_last(opt));
    return -1;
}

static int check_hours(cfg_t *cfg, cfg_opt_t *opt)
{
    if (member_hours_valid(conf_last(opt)))
        return 0;
    cfg_error(cfg, "hours: 1 to %u printable characters, as in \"mon-fri 07:30-17:00 +03:00\"", MEMBER_HOURS);
    return -1;
}

static int check_telephone(cfg_t *cfg, cfg_opt_t *opt)
{
    if (member_telephone_valid(conf_last(opt)))
        return 0;
    cfg_error(cfg, "telephone: a number with its country's code and nothing else, as in \"+254201234567\"");
    return -1;
}

static int check_deputy(cfg_t *cfg, cfg_opt_t *opt)
{
    struct am_detail detail = {0};

    if (address_check(conf_last(opt), &detail) == AM_OK)
        return check_known(cfg, "deputy", conf_last(opt));
    cfg_error(cfg, "deputy: \"%s\": %s", conf_last(opt), detail.text);
    return -1;
}

static int check_unit(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
    const char *unit = cfg_title(section), *role = cfg_getstr(section, "role");
    struct am_detail detail = {0};

    if (address_check(unit, &detail) != AM_OK) {
        cfg_error(section, "unit \"%s\": %s", unit, detail.text);
        return -1;
    }
    if (role == NULL) {
        cfg_error(section, "unit \"%s\" has no role; add one, as in role = \"unit\"", unit);
        return -1;
    }
    if (cfg_size(section, "scope") > 0 && strcmp(role, "auditor") != 0) {
        cfg_error(section, "unit \"%s\": scope is for an auditor, not for role \"%s\"", unit, role);
        return -1;
    }
    if (cfg_size(section, "grant") > 0 && !member_role_carries(role)) {
        cfg_error(section, "unit \"%s\": a grant is for role \"unit\" or \"protection\", not for \"%s\"", unit, role);
        return -1;
    }
    return check_known(section, "unit", unit);
}

static int check_grant(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

    if (cfg_size(section, "kinds") > 0 && cfg_size(section, "parties") > 0)
        return 0;
    cfg_error(section, "a grant needs kinds and parties, as in grant { kinds = {\"ALERT\"} parties = {\"et/ics/*\"} }");
    return -1;
}

// --- Copying
static char *copy_string(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static enum am_err copy_list(struct arena *arena, cfg_t *section, const char *name, size_t *ret_n, char ***ret_list)
{
    size_t n = cfg_size(section, name);
    char **list = arena_array(arena, n, sizeof *list);

    if (list == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < n; i++) {
        list[i] = copy_string(arena, cfg_getnstr(section, name, (unsigned)i));
        if (list[i] == NULL)
            return arena_error(arena);
    }
    *ret_n = n;
    *ret_list = list;
    return AM_OK;
}

static enum am_err copy_grant(struct arena *arena, cfg_t *section, Amana__V1__GrantRecord **ret_grant)
{
    Amana__V1__GrantRecord *grant = arena_alloc(arena, sizeof *grant);
    size_t n = cfg_size(section, "kinds");

    if (grant == NULL)
        return arena_error(arena);
    amana__v1__grant_record__init(grant);
    grant->kinds = arena_array(arena, n, sizeof *grant->kinds);
    if (grant->kinds == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < n; i++) {
        int value = 0;
        TRY(codec_enum_value(&amana__v1__kind__code__descriptor, cfg_getnstr(section, "kinds", (unsigned)i), &value));
        grant->kinds[grant->n_kinds++] = (Amana__V1__Kind__Code)value;
    }
    TRY(copy_list(arena, section, "parties", &grant->n_parties, &grant->parties));
    *ret_grant = grant;
    return AM_OK;
}

static char *copy_or_empty(struct arena *arena, cfg_t *section, const char *name)
{
    const char *value = cfg_getstr(section, name);

    return copy_string(arena, value != NULL ? value : "");
}

static enum am_err copy_member(struct arena *arena, cfg_t *section, Amana__V1__MemberRecord *record)
{
    size_t n = cfg_size(section, "grant");
    Amana__V1__Member *said = arena_alloc(arena, sizeof *said);

    if (said == NULL)
        return arena_error(arena);
    amana__v1__member__init(said);
    amana__v1__member_record__init(record);
    record->unit = copy_string(arena, cfg_title(section));
    record->revision = 1;
    record->said = said;
    said->role = copy_string(arena, cfg_getstr(section, "role"));
    said->hours = copy_or_empty(arena, section, "hours");
    said->telephone = copy_or_empty(arena, section, "telephone");
    said->deputy = copy_or_empty(arena, section, "deputy");
    record->grants = arena_array(arena, n, sizeof *record->grants);
    if (record->unit == NULL || said->role == NULL || said->hours == NULL || said->telephone == NULL ||
        said->deputy == NULL || record->grants == NULL)
        return arena_error(arena);
    TRY(copy_list(arena, section, "languages", &said->n_languages, &said->languages));
    TRY(copy_list(arena, section, "scope", &said->n_scope, &said->scope));
    for (; record->n_grants < n; record->n_grants++)
        TRY(copy_grant(arena, cfg_getnsec(section, "grant", (unsigned)record->n_grants),
                       &record->grants[record->n_grants]));
    return AM_OK;
}

static const char *statement_path(struct members_copy *copy, const char *unit)
{
    struct am_detail detail;
    char path[PATH_MAX];

    if (registrar_path(copy->members->folder, unit, MEMBER_STATEMENT_SUFFIX, &detail, path) != AM_OK)
        return NULL;
    return copy_string(&copy->members->arena, path);
}

static const char *roster_path(struct members_copy *copy, const char *roster)
{
    if (roster == NULL || roster[0] == '/')
        return copy_string(&copy->members->arena, roster != NULL ? roster : "");
    return arena_printf(&copy->members->arena, "%s/%s", copy->folder, roster);
}

static enum am_err copy_members(cfg_t *cfg, void *user)
{
    struct members_copy *copy = user;
    struct members *members = copy->members;
    size_t n = cfg_size(cfg, "unit");

    if (n == 0 || n > MEMBERS_MAX) {
        cfg_error(cfg, "from 1 to %u members, each as unit \"COUNTRY/AGENCY/UNIT\" { role = ... }", MEMBERS_MAX);
        return AM_CONFIG;
    }
    members->records = arena_array(&members->arena, n, sizeof *members->records);
    members->rosters = arena_array(&members->arena, n, sizeof *members->rosters);
    members->statements = arena_array(&members->arena, n, sizeof *members->statements);
    members->lines = arena_array(&members->arena, n, sizeof *members->lines);
    members->path = copy_string(&members->arena, copy->path);
    members->folder = arena_printf(&members->arena, "%s/statements", copy->folder);
    if (members->records == NULL || members->rosters == NULL || members->statements == NULL || members->lines == NULL ||
        members->path == NULL || members->folder == NULL)
        return arena_error(&members->arena);
    for (size_t i = 0; i < n; i++) {
        cfg_t *section = cfg_getnsec(cfg, "unit", (unsigned)i);
        members->records[i] = arena_alloc(&members->arena, sizeof **members->records);
        members->rosters[i] = roster_path(copy, cfg_getstr(section, "roster"));
        members->statements[i] = statement_path(copy, cfg_title(section));
        members->lines[i] = (unsigned)section->line;
        if (members->records[i] == NULL || members->rosters[i] == NULL || members->statements[i] == NULL)
            return arena_error(&members->arena);
        TRY(copy_member(&members->arena, section, members->records[i]));
    }
    members->count = n;
    return AM_OK;
}

enum am_err members_parse(struct am_bytes text, const char *path, const struct trust *trust, struct am_detail *detail,
                          struct members *ret_members)
{
    cfg_opt_t grant[] = {CFG_STR_LIST("kinds", NULL, CFGF_NODEFAULT), CFG_STR_LIST("parties", NULL, CFGF_NODEFAULT),
                         CFG_END()};
    cfg_opt_t unit[] = {CFG_STR("role", NULL, CFGF_NODEFAULT),
                        CFG_STR_LIST("languages", NULL, CFGF_NODEFAULT),
                        CFG_STR("roster", NULL, CFGF_NODEFAULT),
                        CFG_STR_LIST("scope", NULL, CFGF_NODEFAULT),
                        CFG_STR("hours", NULL, CFGF_NODEFAULT),
                        CFG_STR("telephone", NULL, CFGF_NODEFAULT),
                        CFG_STR("deputy", NULL, CFGF_NODEFAULT),
                        CFG_SEC("grant", grant, CFGF_MULTI),
                        CFG_END()};
    cfg_opt_t options[] = {CFG_SEC("unit", unit, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CONF_END()};
    static const struct conf_validator VALIDATORS[] = {
        {"unit|role", check_role},           {"unit|languages", check_language},
        {"unit|scope", check_country},       {"unit|hours", check_hours},
        {"unit|telephone", check_telephone}, {"unit|deputy", check_deputy},
        {"unit|grant|kinds", check_kind},    {"unit|grant|parties", check_party},
        {"unit|grant", check_grant},         {"unit", check_unit},
    };
    char folder[4096];
    struct members_copy copy = {.members = ret_members, .trust = trust, .path = path, .folder = folder};

    arena_init(&ret_members->arena, MEMBERS_ARENA);
    ret_members->count = 0;
    if (strlen(path) >= sizeof folder)
        return am_fail(AM_CONFIG, detail, path, "the path is too long");
    strcpy(folder, path);
    copy.folder = dirname(folder);
    return conf_read(text, path, options, VALIDATORS, AM_LEN(VALIDATORS), copy_members, &copy, detail);
}

enum am_err members_load(const char *path, const struct trust *trust, struct am_detail *detail,
                         struct members *ret_members)
{
    struct am_bytes text;
    enum am_err err;

    arena_init(&ret_members->arena, MEMBERS_ARENA);
    ret_members->count = 0;
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &text));
    err = members_parse(text, path, trust, detail, ret_members);
    free((void *)text.data);
    return err;
}

// --- Statements
static enum am_err at_row(const struct members *members, size_t i, enum am_err err, struct am_detail *detail)
{
    (void)am_fail(AM_CONFIG, detail, members->path,
                  "unit \"%.100s\" %s (%.100s); a registrar of its country signs its rows: amana-ca member --registrar "
                  "CERTIFICATE.pem --key FILE.key %.80s",
                  members->records[i]->unit,
                  err == AM_NOT_FOUND ? "has no statement by a registrar" : "is not what its registrar signed",
                  members->statements[i], members->path);
    detail->line = members->lines[i];
    return AM_CONFIG;
}

static enum am_err read_statement(struct members *members, size_t i, const struct trust *trust, uint64_t now_ns,
                                  struct am_detail *detail)
{
    Amana__V1__MemberRecord *record = members->records[i];
    struct member_statement *statement;
    struct am_bytes file;
    enum am_err err = certs_read_file(members->statements[i], LIMIT_MEMBER_STATEMENT, detail, &file);

    if (err == AM_NOT_FOUND)
        return at_row(members, i, err, detail);
    TRY(err);
    err = member_statement_from_wire(file, trust, now_ns, detail, &statement);
    if (err == AM_OK) {
        err = member_statement_fits(statement, record, detail);
        record->statement.len = file.len;
        record->statement.data = arena_copy(&members->arena, file.data, file.len);
        member_statement_free(statement);
        if (err == AM_CONFLICT)
            err = at_row(members, i, err, detail);
        else if (err == AM_OK && record->statement.data == NULL)
            err = arena_error(&members->arena);
    }
    free((void *)file.data);
    return err;
}

enum am_err members_read_statements(struct members *members, const struct trust *trust, uint64_t now_ns,
                                    struct am_detail *detail)
{
    for (size_t i = 0; i < members->count; i++)
        TRY(read_statement(members, i, trust, now_ns, detail));
    return AM_OK;
}

void members_clear(struct members *members)
{
    arena_clear(&members->arena);
    members->count = 0;
}
