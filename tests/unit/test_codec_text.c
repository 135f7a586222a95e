// SPDX-License-Identifier: Apache-2.0
// What a person writes and reads of it: times, base64, names of codes, the nearest word.
#include "amana/v1/message.pb-c.h"
#include "proto/codec/base64.h"
#include "proto/codec/codec.h"
#include "proto/codec/nearest.h"
#include "proto/codec/timestamp.h"
#include "tests/unit/random_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void codes_have_their_bare_names(void **state)
{
    int value = -1;
    assert_string_equal("ALERT", codec_enum_name(&amana__v1__kind__code__descriptor, 1));
    assert_null(codec_enum_name(&amana__v1__kind__code__descriptor, 99));
    assert_int_equal(AM_OK, codec_enum_value(&amana__v1__kind__code__descriptor, "NOTE", &value));
    assert_int_equal(25, value);
    assert_int_equal(AM_NOT_FOUND, codec_enum_value(&amana__v1__kind__code__descriptor, "note", &value));
}

static void times_are_parsed_strictly(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
        const char *printed;
    } GOOD[] = {
        {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"},
        {"2026-11-24T14:07:25+03:00", 1795518445, 0, "2026-11-24T11:07:25Z"},
        {"2026-11-24T11:07:25.5Z", 1795518445, 500000000, "2026-11-24T11:07:25.500Z"},
        {"2026-11-24T11:07:25.123456Z", 1795518445, 123456000, "2026-11-24T11:07:25.123456Z"},
        {"2026-11-24T11:07:25.000000001-00:00", 1795518445, 1, "2026-11-24T11:07:25.000000001Z"},
        {"2024-02-29T23:59:59-23:59", 1709337539, 0, "2024-03-01T23:58:59Z"},
        {"0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999999Z", 253402300799, 999999999, "9999-12-31T23:59:59.999999999Z"},
    };
    static const char *const BAD[] = {
        "",
        "2026-11-24",
        "2026-11-24T11:07:25",
        "2026-11-24 11:07:25Z",
        "2026-11-24t11:07:25Z",
        "2026-11-24T11:07:25z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+03:60",
        "2026-01-01T00:00:00+0300",
        "2026-01-01T00:00:00ZZ",
        " 2026-01-01T00:00:00Z",
        "+026-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-1-01T00:00:00Z",
    };
    Google__Protobuf__Timestamp time;
    char text[TIMESTAMP_TEXT];
    for (size_t i = 0; i < AM_LEN(GOOD); i++) {
        assert_int_equal(AM_OK, timestamp_parse(GOOD[i].text, strlen(GOOD[i].text), NULL, &time));
        assert_true(time.seconds == GOOD[i].seconds && time.nanos == GOOD[i].nanos);
        assert_int_equal(AM_OK, timestamp_print(&time, text));
        assert_string_equal(GOOD[i].printed, text);
    }
    for (size_t i = 0; i < AM_LEN(BAD); i++)
        if (timestamp_parse(BAD[i], strlen(BAD[i]), NULL, &time) != AM_INVALID)
            fail_msg("taken: %s", BAD[i]);
}

static void times_are_nanoseconds_within_their_range(void **state)
{
    Google__Protobuf__Timestamp time;
    uint64_t ns = 0;
    char text[TIMESTAMP_TEXT];
    timestamp_from_ns(UINT64_MAX, &time);
    assert_int_equal(AM_OK, timestamp_to_ns(&time, &ns));
    assert_true(ns == UINT64_MAX);
    timestamp_print_ns(UINT64_MAX, text);
    assert_string_equal("2554-07-21T23:34:33.709551615Z", text);
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } BAD[] = {{-1, 0},          {0, -1},        {0, 1000000000}, {18446744073, 709551616},
               {18446744074, 0}, {INT64_MAX, 0}, {INT64_MIN, 0}};
    for (size_t i = 0; i < AM_LEN(BAD); i++) {
        time.seconds = BAD[i].seconds;
        time.nanos = BAD[i].nanos;
        assert_int_equal(AM_INVALID, timestamp_to_ns(&time, &ns));
    }
    assert_int_equal(AM_INVALID, timestamp_to_ns(NULL, &ns));
    assert_int_equal(AM_INVALID, timestamp_print(&time, text));
}

static void base64_is_strict(void **state)
{
    static const struct {
        const char *text;
        int len; // -1: refused
    } CASES[] = {{"", 0},      {"QQ==", 1},  {"QQ", 1},    {"QUI=", 2},     {"QUI", 2},     {"QUJD", 3},
                 {"-_-_", 3},  {"+/+/", 3},  {"-/+_", -1}, {"Q", -1},       {"QQ=", -1},    {"QR==", -1},
                 {"QUJ=", -1}, {"Q===", -1}, {"====", -1}, {"QU JD", -1},   {"QUJD\n", -1}, {"QUJD=", -1},
                 {"=QUJ", -1}, {"=", -1},    {"==", -1},   {"QUJDQQ==", 4}, {"QUJDQ", -1},  {"Q\xc3\xa9==", -1}};
    uint8_t data[BASE64_DECODED(BASE64_ENCODED(64))];
    char text[BASE64_ENCODED(64)];
    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        size_t len = 99;
        enum am_err err = base64_decode(CASES[i].text, strlen(CASES[i].text), data, &len);
        if (err != (CASES[i].len < 0 ? AM_INVALID : AM_OK) || (err == AM_OK && len != (size_t)CASES[i].len))
            fail_msg("%s: %d, %zu", CASES[i].text, err, len);
    }
    struct random_source source = random_seeded(__func__);
    for (unsigned round = 0; round < 500; round++) {
        uint8_t from[64];
        size_t len = round % 65, back = 0;
        for (size_t i = 0; i < len; i++)
            from[i] = (uint8_t)random_next(&source);
        base64_encode(from, len, text);
        assert_int_equal(BASE64_ENCODED(len) - 1, strlen(text));
        assert_int_equal(AM_OK, base64_decode(text, strlen(text), data, &back));
        assert_int_equal(len, back);
        assert_memory_equal(from, data, len);
    }
}

static void the_nearest_word_is_found_or_none(void **state)
{
    static const char *const WORDS[] = {"urgency", "urgency_reason", "unit", "part"};
    static const struct {
        const char *word, *best;
    } CASES[] = {{"urgencey", "urgency"},
                 {"Urgency", "urgency"},
                 {"ugrency", "urgency"},
                 {"untt", "unit"},
                 {"urgncy_raeson", "urgency_reason"},
                 {"zzzzzz", NULL},
                 {"x", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < AM_LEN(CASES); i++) {
        struct nearest nearest = {.word = CASES[i].word, .len = strlen(CASES[i].word)};
        for (size_t k = 0; k < AM_LEN(WORDS); k++)
            nearest_offer(&nearest, WORDS[k]);
        if (CASES[i].best == NULL)
            assert_null(nearest.best);
        else
            assert_string_equal(CASES[i].best, nearest.best);
    }
    assert_int_equal(1, nearest_distance("unit", 4, "nuit", 4));
    assert_int_equal(3, nearest_distance("", 0, "abc", 3));
    char huge[200];
    memset(huge, 'a', sizeof huge);
    struct nearest nearest = {.word = huge, .len = sizeof huge};
    nearest_offer(&nearest, "unit");
    assert_null(nearest.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_bare_names),
        cmocka_unit_test(times_are_parsed_strictly),
        cmocka_unit_test(times_are_nanoseconds_within_their_range),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(the_nearest_word_is_found_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
