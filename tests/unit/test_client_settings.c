// SPDX-License-Identifier: Apache-2.0
// Who goes before whom: flags, environment, amana.conf, defaults; and mistakes with their line.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/amana-settings.XXXXXX";
static char file[64];

static int begin(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/amana.conf", folder);
    unsetenv("AMANA_CONFIG");
    unsetenv("AMANA_UNIT");
    unsetenv("XDG_DATA_HOME");
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return 0;
}

static int end(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    unsetenv("AMANA_UNIT");
    unsetenv("AMANA_CONFIG");
    return system(command);
}

static void write_conf(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void flags_go_before_the_environment_and_that_before_the_file(void **state)
{
    struct settings settings;
    struct settings_flags flags = {.file = file};
    struct am_detail detail = {0};
    write_conf("unit = \"ke/dci/a\"\ndevice = \"d1\"\nhub = \"igad/hub\"\n");
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_OK);
    assert_string_equal(settings.value[SETTING_UNIT], "ke/dci/a");
    assert_string_equal(settings.source[SETTING_UNIT], "amana.conf");
    setenv("AMANA_UNIT", "ke/dci/b", 1);
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_OK);
    assert_string_equal(settings.value[SETTING_UNIT], "ke/dci/b");
    assert_string_equal(settings.source[SETTING_UNIT], "AMANA_UNIT");
    flags.value[SETTING_UNIT] = "ke/dci/c";
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_OK);
    assert_string_equal(settings.value[SETTING_UNIT], "ke/dci/c");
    assert_string_equal(settings.value[SETTING_OFFICER], "");
}

static void the_data_folder_is_meant_from_where_the_file_is(void **state)
{
    struct settings settings;
    struct settings_flags flags = {.folder = folder};
    char path[PATH_MAX], wanted[PATH_MAX];
    write_conf("data = \"desk\"\n");
    assert_int_equal(settings_load(&flags, NULL, &settings), AM_OK);
    snprintf(wanted, sizeof wanted, "%s/desk/store", folder);
    assert_int_equal(settings_path(&settings, "store", path), AM_OK);
    assert_string_equal(path, wanted);
    write_conf("");
    assert_int_equal(settings_load(&flags, NULL, &settings), AM_OK);
    assert_string_equal(settings.value[SETTING_DATA], folder);
}

static void a_mistake_in_the_file_has_its_line(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"unit = \"ke/dci/a\"\ndevice = \"D1\"\n", 2},
        {"\n\nunit = \"ke/dci\"\n", 3},
        {"hub = \"igad\"\n", 1},
        {"address = \"127.0.0.1\"\n", 1},
        {"address = \"h:65536\"\n", 1},
        {"colour = \"red\"\n", 1},
        {"officer = \"Jane Doe\"\n", 1},
    };
    struct settings settings;
    struct settings_flags flags = {.file = file};
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        struct am_detail detail = {0};
        write_conf(rows[i].text);
        assert_int_equal(settings_load(&flags, &detail, &settings), AM_CONFIG);
        if (detail.line != rows[i].line)
            fail_msg("row %zu: line %u: %s: %s", i, detail.line, detail.field, detail.text);
        assert_string_not_equal(detail.text, "");
    }
}

static void a_mistake_in_the_environment_names_the_key(void **state)
{
    struct settings settings;
    struct settings_flags flags = {.file = file};
    struct am_detail detail = {0};
    write_conf("");
    setenv("AMANA_UNIT", "Kenya", 1);
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_CONFIG);
    assert_string_equal(detail.field, "unit");
}

static void only_a_file_that_was_asked_for_must_be_there(void **state)
{
    struct settings settings;
    struct settings_flags flags = {.file = file};
    struct am_detail detail = {0};
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_NOT_FOUND);
    flags.file = NULL;
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_OK);
    assert_int_equal(settings_require(&settings, SETTING_BIT(UNIT), &detail), AM_CONFIG);
    setenv("AMANA_CONFIG", file, 1);
    assert_int_equal(settings_load(&flags, &detail, &settings), AM_NOT_FOUND);
}

static void identities_are_made_of_unit_and_name(void **state)
{
    struct settings settings;
    struct settings_flags flags = {.file = file};
    char uri[256];
    write_conf("unit = \"ke/dci/a\"\ndevice = \"d1\"\nofficer = \"kdci-0417\"\n");
    assert_int_equal(settings_load(&flags, NULL, &settings), AM_OK);
    settings_device(&settings, uri);
    assert_string_equal(uri, "amana://ke/dci/a/device/d1");
    settings_officer(&settings, uri);
    assert_string_equal(uri, "amana://ke/dci/a/officer/kdci-0417");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flags_go_before_the_environment_and_that_before_the_file),
        TEST(the_data_folder_is_meant_from_where_the_file_is),
        TEST(a_mistake_in_the_file_has_its_line),
        TEST(a_mistake_in_the_environment_names_the_key),
        TEST(only_a_file_that_was_asked_for_must_be_there),
        TEST(identities_are_made_of_unit_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
