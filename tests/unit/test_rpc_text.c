// SPDX-License-Identifier: Apache-2.0
// proto/rpc/grpc_text: timeouts, percent-encoding, base64.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/error.h"
#include "proto/rpc/grpc_text.h"

static void a_timeout_is_read_in_each_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns; // 0: malformed
    } ROWS[] = {
        {"1n", 1},
        {"0n", 1}, // passed already; 0 would mean that there is none
        {"99999999n", 99999999},
        {"5u", 5000},
        {"5m", 5000000},
        {"5S", 5000000000},
        {"5M", 300000000000},
        {"2H", 7200000000000},
        {"99999999M", 5999999940000000000},
        {"99999999H", UINT64_MAX / 2},
        {"", 0},
        {"S", 0},
        {"1", 0},
        {"1s", 0},
        {"1h", 0},
        {" 1S", 0},
        {"1 S", 0},
        {"+1S", 0},
        {"1.5S", 0},
        {"123456789S", 0},
        {"1SS", 0},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        uint64_t ns = 0;
        bool fits = grpc_timeout_parse((const uint8_t *)ROWS[i].text, strlen(ROWS[i].text), &ns);
        assert_int_equal(fits, ROWS[i].ns != 0);
        assert_true(ns == ROWS[i].ns);
    }
}

static void a_timeout_is_written_in_the_finest_unit_that_holds_it(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } ROWS[] = {
        {1, "1n"},
        {99999999, "99999999n"},
        {100000000, "100000u"},
        {100000001, "100001u"}, // never shorter than asked for
        {3600ull * 1000000000, "3600000m"},
        {99999999ull * 1000000 + 1, "100000S"},
        {UINT64_MAX, "5124096H"},
    };
    char text[GRPC_TIMEOUT_TEXT];
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        grpc_timeout_format(ROWS[i].ns, text);
        assert_string_equal(text, ROWS[i].text);
    }
}

static void a_message_is_percent_encoded_and_back(void **state)
{
    static const char *const ROWS[][2] = {
        {"plain ~ text", "plain ~ text"},
        {"100 %", "100 %25"},
        {"a\r\nb\x7f", "a%0D%0Ab%7F"},
        {"\xc3\xa9", "%C3%A9"},
        {"", ""},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        char *encoded = grpc_message_encode(ROWS[i][0]);
        assert_string_equal(encoded, ROWS[i][1]);
        grpc_message_decode(encoded);
        assert_string_equal(encoded, ROWS[i][0]);
        free(encoded);
    }
}

static void a_message_that_is_not_well_encoded_is_kept_as_it_is(void **state)
{
    char text[] = "50%, %4, %zz, %c3%A9, %";
    grpc_message_decode(text);
    assert_string_equal(text, "50%, %4, %zz, \xc3\xa9, %");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    char text[GRPC_MESSAGE_TEXT + 10];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    memcpy(text + GRPC_MESSAGE_TEXT - 1, "\xc3\xa9", 2); // its second byte is one too many
    char *encoded = grpc_message_encode(text);
    assert_int_equal(strlen(encoded), GRPC_MESSAGE_TEXT - 1);
    free(encoded);
    memcpy(text + GRPC_MESSAGE_TEXT - 2, "\xc3\xa9y", 3);
    encoded = grpc_message_encode(text);
    assert_int_equal(strlen(encoded), GRPC_MESSAGE_TEXT - 2 + 6);
    free(encoded);
}

static void base64_goes_there_and_back_at_each_length(void **state)
{
    uint8_t bytes[70];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(251 * i + 7);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        char *text = grpc_base64_encode(bytes, len);
        assert_null(strchr(text, '='));
        uint8_t *back;
        size_t back_len;
        assert_true(grpc_base64_decode(text, strlen(text), &back, &back_len));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
        free(back);
        free(text);
    }
}

static void base64_may_be_padded_but_not_be_anything_else(void **state)
{
    static const struct {
        const char *text;
        int len; // -1: refused
    } ROWS[] = {
        {"YQ==", 1},  {"YQ", 1},   {"YWI=", 2},  {"YWI", 2},   {"YWJj", 3},  {"", 0},           {"A", -1},
        {"YQ=x", -1}, {" YQ", -1}, {"Y Q=", -1}, {"YQ\n", -1}, {"Y-_Q", -1}, {"YWJj,YWJj", -1}, {"====", 0},
    };
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        bool fits = grpc_base64_decode(ROWS[i].text, strlen(ROWS[i].text), &bytes, &len);
        assert_int_equal(fits ? (int)len : -1, ROWS[i].len);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_is_read_in_each_unit),
        cmocka_unit_test(a_timeout_is_written_in_the_finest_unit_that_holds_it),
        cmocka_unit_test(a_message_is_percent_encoded_and_back),
        cmocka_unit_test(a_message_that_is_not_well_encoded_is_kept_as_it_is),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(base64_goes_there_and_back_at_each_length),
        cmocka_unit_test(base64_may_be_padded_but_not_be_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
