// SPDX-License-Identifier: Apache-2.0
// Revocation lists that a hub gives to a desk at work: which are gone by, and which only after the next look.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/lists.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct client_env env;
static struct session *police;

static int begin(void **state)
{
    client_env_init(&env);
    police = client_env_open(&env, ENV_POLICE, 5);
    return 0;
}

static int end(void **state)
{
    session_close(police);
    client_env_clear(&env);
    return 0;
}

static const struct issuer *of(const char *code)
{
    return &pki_country(&env.pki, code)->units;
}

// The hub has this list of an issuer.
static void give(const struct issuer *issuer, uint64_t number)
{
    Amana__V1__StatusResponse response = AMANA__V1__STATUS_RESPONSE__INIT;
    ProtobufCBinaryData list = {0};
    X509_CRL *crl = issue_crl(issuer, number, NULL, 0, (struct validity){PKI_DAY, PKI_NOW + PKI_DAY});
    int len = i2d_X509_CRL(crl, &list.data);
    assert_true(len > 0);
    list.len = (size_t)len;
    response.n_newer_lists = 1;
    response.newer_lists = &list;
    assert_int_equal(lists_take(police, &response), AM_OK);
    OPENSSL_free(list.data);
    X509_CRL_free(crl);
}

// By what the desk goes.
static uint64_t number_of(const struct issuer *issuer)
{
    struct trust_list_number numbers[TRUST_LISTS];
    uint8_t digest[CERTIFICATE_DIGEST];
    assert_true(certs_digest(issuer->certificate, digest));
    for (size_t i = 0, n = trust_list_numbers(police->trust, numbers); i < n; i++)
        if (memcmp(numbers[i].issuer, digest, sizeof digest) == 0)
            return numbers[i].number;
    fail_msg("the issuer is not named");
    return 0;
}

static void remember(const char *text)
{
    assert_int_equal(store_value_put(police->store, "crls", (struct am_bytes){(const uint8_t *)text, strlen(text)}),
                     AM_OK);
}

static void a_newer_list_is_gone_by_and_remembered(void **state)
{
    char hex[2 * CERTIFICATE_DIGEST + 1], line[128];
    uint8_t digest[CERTIFICATE_DIGEST];
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes seen;
    give(of("et"), 2);
    assert_int_equal(police->lists_err, AM_OK);
    assert_int_equal(number_of(of("et")), 2);
    arena_init(&arena, 1u << 20);
    assert_true(certs_digest(of("et")->certificate, digest));
    certs_digest_hex(digest, hex);
    int len = snprintf(line, sizeof line, "%s 2\n", hex);
    assert_int_equal(store_value_get(police->store, "crls", &arena, &seen), AM_OK);
    assert_non_null(memmem(seen.data, seen.len, line, (size_t)len));
}

static void what_is_not_found_good_beside_what_was_seen_before_is_not_gone_by_and_so_it_is_said(void **state)
{
    char hex[2 * CERTIFICATE_DIGEST + 1], line[128];
    uint8_t digest[CERTIFICATE_DIGEST];
    const struct trust *before = police->trust;
    assert_true(certs_digest(of("ke")->certificate, digest));
    certs_digest_hex(digest, hex);
    snprintf(line, sizeof line, "%s 9\n", hex); // another command took it, and then somebody put an older one there
    const char *seen[] = {line, "no line of it\n"};
    const enum am_err errs[] = {AM_ROLLBACK, AM_CORRUPT};
    for (size_t i = 0; i < AM_LEN(seen); i++) {
        remember(seen[i]);
        give(of("et"), 3 + i);
        assert_int_equal(police->lists_err, errs[i]);
        assert_non_null(strstr(police->lists_detail.text, "a newer one that the hub gave is not in force here: "));
        assert_ptr_equal(police->trust, before);
        assert_int_equal(number_of(of("et")), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_list_is_gone_by_and_remembered),
        cmocka_unit_test(what_is_not_found_good_beside_what_was_seen_before_is_not_gone_by_and_so_it_is_said),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
