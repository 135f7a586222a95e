// SPDX-License-Identifier: Apache-2.0
// amanad.conf and the members file: what they take, and that each mistake names its line and what is allowed.
#include "certs/members.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GOOD                                                                                                           \
    "hub = \"igad/hub\"\n"                                                                                             \
    "origin = \"igad.amana.example/log\"\n"                                                                            \
    "certificate = \"hub.pem\"\n"                                                                                      \
    "key = \"hub.key\"\n"

static enum am_err parse(const char *text, struct am_detail *detail, struct config *config)
{
    *detail = (struct am_detail){0};
    return config_parse((struct am_bytes){(const uint8_t *)text, strlen(text)}, "etc/amanad.conf", detail, config);
}

static void the_smallest_file_has_defaults_for_the_rest(void **state)
{
    struct am_detail detail;
    struct config config;

    assert_int_equal(parse(GOOD, &detail, &config), AM_OK);
    assert_string_equal(config.hub, "igad/hub");
    assert_string_equal(config.hub_uri, "amana://igad/hub");
    assert_string_equal(config.folder, "etc");
    assert_string_equal(config.data, "data");
    assert_string_equal(config.address, "");
    assert_int_equal(config.port, 4433);
    assert_int_equal(config.log, REPORT_INFO);
    assert_int_equal(config.map_size, 0);
    assert_int_equal(config.limits.in_flight, 0);
}

static void comments_move_no_line_and_hide_no_value(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } ROWS[] = {
        {"# one\nwrong = 1\n", 2},
        {"# one\n# two\n\nwrong = 1\n", 4},
        {"// one\nwrong = 1\n", 2},
        {"/* one */ /* two\n three */\nwrong = 1\n", 3},
        {"data = \"a # b\" # one\nwrong = 1\n", 2},
        {"data = 'it\\'s # b' // one\nwrong = 1\n", 2},
        {"limits {\n# one\nconnections = 0 }\n", 3},
    };
    struct am_detail detail;
    struct config config;

    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        assert_int_equal(parse(ROWS[i].text, &detail, &config), AM_CONFIG);
        assert_int_equal(detail.line, ROWS[i].line);
    }
    assert_int_equal(parse(GOOD "data = \"a#b//c/*d\" # e\ntrust = t//u\nrosters = /v/w\n", &detail, &config), AM_OK);
    assert_string_equal(config.data, "a#b//c/*d");
    assert_string_equal(config.trust, "t//u");
    assert_string_equal(config.rosters, "/v/w");
}

static void every_setting_is_taken(void **state)
{
    struct am_detail detail;
    struct config config;

    assert_int_equal(parse(GOOD "data = \"/var/lib/amana\"\ntrust = \"t\"\nrosters = \"r\"\nlisten = \"[::1]:0\"\n"
                                "port-file = \"p\"\nuser = \"amana\"\nsigner-user = \"998\"\nmap-size = \"4G\"\n"
                                "workers = 3\nlog = \"debug\"\nlimits { handshakes-per-second = 1000 "
                                "handshakes-open = 300 connections = 9 requests-per-second = 5000 in-flight = 256 "
                                "memory = \"64M\" handshakes-per-address = 5 handshake-seconds = 600 "
                                "connections-per-identity = 4 first-request-seconds = 20 keepalive-seconds = 30 "
                                "streams = 7 resets = 8 header-list = \"4K\" connection-memory = \"1G\" }\n",
                           &detail, &config),
                     AM_OK);
    assert_string_equal(config.data, "/var/lib/amana");
    assert_string_equal(config.address, "::1");
    assert_int_equal(config.port, 0);
    assert_string_equal(config.port_file, "p");
    assert_string_equal(config.signer_user, "998");
    assert_int_equal(config.map_size, 4ull << 30);
    assert_int_equal(config.workers, 3);
    assert_int_equal(config.log, REPORT_DEBUG);
    assert_int_equal(config.limits.handshakes_per_s, 1000);
    assert_int_equal(config.limits.connections, 9);
    assert_int_equal(config.limits.in_flight, 256);
    assert_int_equal(config.limits.memory, 64u << 20);
    assert_int_equal(config.limits.handshakes_address, 5);
    assert_int_equal(config.limits.handshake_s, 600);
    assert_int_equal(config.limits.connections_identity, 4);
    assert_int_equal(config.limits.first_request_s, 20);
    assert_int_equal(config.limits.keepalive_s, 30);
    assert_int_equal(config.limits.streams, 7);
    assert_int_equal(config.limits.resets, 8);
    assert_int_equal(config.limits.header_list, 4096);
    assert_int_equal(config.limits.connection_memory, 1u << 30);
}

static void each_mistake_names_its_line_and_what_is_allowed(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } CASES[] = {
        {"hub = \"Igad/hub\"\n", 1, "hub: \"Igad/hub\" is no hub's name"},
        {"\nhub = \"igad/police/desk\"\n", 2, "COUNTRY/hub"},
        {"origin = \"a b\"\n", 1, "origin: 1 to"},
        {"origin = \"a+b\"\n", 1, "origin: 1 to"},
        {"\n\nlisten = \"4433\"\n", 3, "ADDRESS:PORT"},
        {"listen = \"localhost:1\"\n", 1, "ADDRESS:PORT"},
        {"listen = \"127.0.0.1:65536\"\n", 1, "ADDRESS:PORT"},
        {"listen = \"127.0.0.1:-1\"\n", 1, "ADDRESS:PORT"},
        {"map-size = \"4T\"\n", 1, "a number with K, M or G"},
        {"map-size = \"1023K\"\n", 1, "at least 1M"},
        {"map-size = \"99999999999999999999\"\n", 1, "no size"},
        {"workers = 0\n", 1, "workers: a whole number from 1 to 256"},
        {"limits {\n in-flight = -1\n}\n", 2, "in-flight: a whole number"},
        {"limits {\n\n handshake-seconds = 601\n}\n", 3, "handshake-seconds: a whole number from 1 to 600"},
        {"limits {\n streams = 0\n}\n", 2, "streams: a whole number from 1 to 100000"},
        {"limits {\n header-list = \"4095\"\n}\n", 2, "header-list: \"4095\" is no size from 4K to 1M"},
        {"limits {\n header-list = \"1025K\"\n}\n", 2, "no size from 4K to 1M"},
        {"limits {\n connection-memory = \"2047K\"\n}\n", 2, "no size from 2048K to 1G"},
        {"limits {\n memory = \"15M\"\n}\n", 2, "memory: \"15M\" is no size from 16384K up"},
        {"log = \"loud\"\n", 1, "\"loud\" is none of"},
        {"user = \"a b\"\n", 1, "a user's name or number"},
        {"data = \"\"\n", 1, "a path of 1 to"},
        {"dada = \"x\"\n", 1, "no such option 'dada'"},
        {"limits {\n in-flight = 1\n", 3, "a closing }"},
        {"log = \"${HOME}\"\n", 1, "environment variables"},
        {"origin = \"x\"\ncertificate = \"a\"\nkey = \"b\"\n", 0, "hub is missing; add a line like hub = \"igad/hub\""},
        {"hub = \"igad/hub\"\n", 0, "origin is missing"},
    };

    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        struct am_detail detail;
        struct config config;
        assert_int_equal(parse(CASES[i].text, &detail, &config), AM_CONFIG);
        if (strstr(detail.text, CASES[i].says) == NULL)
            fail_msg("case %zu says: %s", i, detail.text);
        assert_string_equal(detail.field, "etc/amanad.conf");
        if (CASES[i].line != 0)
            assert_int_equal(detail.line, CASES[i].line);
    }
}

static void a_file_with_a_nul_byte_is_refused(void **state)
{
    static const char TEXT[] = GOOD "\0";
    struct am_detail detail = {0};
    struct config config;

    assert_int_equal(config_parse((struct am_bytes){(const uint8_t *)TEXT, sizeof TEXT}, "c", &detail, &config),
                     AM_CONFIG);
    assert_non_null(strstr(detail.text, "NUL"));
    assert_int_equal(detail.line, 5);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct am_detail detail = {0};
    struct config config;

    assert_int_equal(config_load("/nonexistent/amanad.conf", &detail, &config), AM_NOT_FOUND);
    assert_non_null(strstr(detail.field, "/nonexistent/amanad.conf"));
}

static enum am_err parse_members(const char *text, struct am_detail *detail, struct members *members)
{
    *detail = (struct am_detail){0};
    return members_parse((struct am_bytes){(const uint8_t *)text, strlen(text)}, "etc/members.conf", NULL, detail,
                         members);
}

static void members_have_role_languages_grants_scope_and_roster(void **state)
{
    struct am_detail detail;
    struct members members;

    assert_int_equal(parse_members("unit \"ke/dci/transnational\" {\n role = \"unit\"\n languages = {\"en\", \"sw\"}\n"
                                   " roster = \"ke.roster\"\n"
                                   " grant { kinds = {\"ALERT\", \"CANCEL\"} parties = {\"et/ics/*\"} }\n"
                                   " grant { kinds = {\"ACK\"} parties = {\"*/*/*\"} }\n}\n"
                                   "unit \"igad/audit/desk\" { role = \"auditor\" scope = {\"ke\", \"et\"} "
                                   "roster = \"/r/a.roster\" }\n",
                                   &detail, &members),
                     AM_OK);
    assert_int_equal(members.count, 2);
    const Amana__V1__MemberRecord *unit = members.records[0], *auditor = members.records[1];
    assert_string_equal(unit->unit, "ke/dci/transnational");
    assert_string_equal(unit->said->role, "unit");
    assert_int_equal(unit->said->n_languages, 2);
    assert_string_equal(unit->said->languages[1], "sw");
    assert_int_equal(unit->n_grants, 2);
    assert_int_equal(unit->grants[0]->n_kinds, 2);
    assert_int_equal(unit->grants[0]->kinds[1], AMANA__V1__KIND__CODE__CANCEL);
    assert_string_equal(unit->grants[0]->parties[0], "et/ics/*");
    assert_string_equal(members.rosters[0], "etc/ke.roster");
    assert_int_equal(auditor->said->n_scope, 2);
    assert_string_equal(members.rosters[1], "/r/a.roster");
    assert_string_equal(members.statements[0], "etc/statements/ke.dci.transnational.member");
    assert_int_equal(unit->revision, 1);
    members_clear(&members);
}

static void each_mistake_about_a_member_names_its_line(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } CASES[] = {
        {"", 0, "from 1 to"},
        {"unit \"ke/dci\" { role = \"unit\" }\n", 1, "unit \"ke/dci\""},
        {"unit \"ke/a/b\" {\n}\n", 0, "has no role"},
        {"unit \"ke/a/b\" {\n role = \"auditer\"\n}\n", 2, "did you mean \"auditor\"?"},
        {"unit \"ke/a/b\" {\n role = \"unit\"\n scope = {\"ke\"}\n}\n", 0, "scope is for an auditor"},
        {"unit \"ke/a/b\" {\n role = \"auditor\"\n grant { kinds = {\"ALERT\"} parties = {\"et/a/b\"} }\n}\n", 0,
         "a grant is for role"},
        {"unit \"ke/a/b\" { role = \"unit\"\n grant {\n kinds = {\"ALERTS\"} parties = {\"et/a/b\"} }\n}\n", 3,
         "did you mean \"ALERT\"?"},
        {"unit \"ke/a/b\" { role = \"unit\"\n grant {\n kinds = {\"ALERT\"} parties = {\"et/*\"} }\n}\n", 3,
         "where a part may be *"},
        {"unit \"ke/a/b\" { role = \"unit\"\n grant { kinds = {\"ALERT\"} }\n}\n", 0,
         "a grant needs kinds and parties"},
        {"unit \"ke/a/b\" { role = \"unit\"\n languages = {\"English\"}\n}\n", 2, "no ISO 639 code"},
        {"unit \"ke/a/b\" { role = \"auditor\"\n scope = {\"KE\"}\n}\n", 2, "no country"},
        {"unit \"ke/a/b\" { role = \"unit\" }\nunit \"ke/a/b\" { role = \"unit\" }\n", 2, "ke/a/b"},
    };

    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        struct am_detail detail;
        struct members members;
        assert_int_equal(parse_members(CASES[i].text, &detail, &members), AM_CONFIG);
        members_clear(&members);
        if (strstr(detail.text, CASES[i].says) == NULL)
            fail_msg("case %zu says: %s", i, detail.text);
        assert_string_equal(detail.field, "etc/members.conf");
        if (CASES[i].line != 0)
            assert_int_equal(detail.line, CASES[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_file_has_defaults_for_the_rest),
        cmocka_unit_test(comments_move_no_line_and_hide_no_value),
        cmocka_unit_test(every_setting_is_taken),
        cmocka_unit_test(each_mistake_names_its_line_and_what_is_allowed),
        cmocka_unit_test(a_file_with_a_nul_byte_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(members_have_role_languages_grants_scope_and_roster),
        cmocka_unit_test(each_mistake_about_a_member_names_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
