// SPDX-License-Identifier: Apache-2.0
// Revocation lists that travel from a hub to a desk: which one gives, which one takes, and what is kept of it.
#include "certs/trust.h"
#include "tests/unit/trust_kit.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// Each test has a folder of its own, with number 1 of each.
static int begin(void **state)
{
    set_up(state);
    pki_write_trust(&pki, NULL);
    return 0;
}

static const struct issuer *of(const char *code)
{
    return &pki_country(&pki, code)->units;
}

// --- Lists in DER
static struct am_bytes packed(X509_CRL *crl)
{
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    assert_true(len > 0);
    X509_CRL_free(crl);
    return (struct am_bytes){der, (size_t)len};
}

static X509_CRL *issue(const struct issuer *issuer, uint64_t number, time_t begins)
{
    X509_CRL *crl = issue_crl(issuer, number, NULL, 0, (struct validity){begins, begins + PKI_DAY});
    assert_non_null(crl);
    return crl;
}

static struct am_bytes list(const struct issuer *issuer, uint64_t number)
{
    return packed(issue(issuer, number, PKI_NOW - 60));
}

static enum am_err read_free(const struct trust *trust, struct am_bytes der, struct trust_list_came *ret_came)
{
    struct am_detail detail = {0};
    enum am_err err = trust_list_read(trust, der, PKI_NOW_NS, &detail, ret_came);
    if (err != AM_OK)
        assert_string_equal(detail.field, "revocation list");
    OPENSSL_free((void *)der.data);
    return err;
}

static struct trust_list_came came(const struct trust *trust, const struct issuer *issuer, uint64_t number)
{
    struct trust_list_came came;
    assert_int_equal(read_free(trust, list(issuer, number), &came), AM_OK);
    assert_int_equal(came.of.number, number);
    return came;
}

static uint64_t number_of(const struct trust *trust, const struct issuer *issuer)
{
    struct trust_list_number numbers[TRUST_LISTS];
    uint8_t digest[CERTIFICATE_DIGEST];
    assert_true(certs_digest(issuer->certificate, digest));
    for (size_t i = 0, n = trust_list_numbers(trust, numbers); i < n; i++)
        if (memcmp(numbers[i].issuer, digest, sizeof digest) == 0)
            return numbers[i].number;
    fail_msg("the issuer is not named");
    return 0;
}

// --- What is given
static void of_each_root_and_authority_the_number_is_told_and_a_higher_one_is_given(void **state)
{
    struct trust *trust = load(NULL);
    struct trust_list_number numbers[TRUST_LISTS], than = {.number = 0};
    struct am_bytes der = {0};
    assert_int_equal(trust_list_numbers(trust, numbers), 1 + 2 * PKI_COUNTRIES);
    assert_int_equal(number_of(trust, of("ke")), 1);
    assert_int_equal(number_of(trust, &pki.root), 1);
    assert_true(certs_digest(of("ke")->certificate, than.issuer));
    assert_int_equal(trust_list_newer(trust, &than, &der), AM_OK);
    struct trust_list_came same;
    assert_int_equal(read_free(trust, der, &same), AM_ROLLBACK); // it is the one in force
    than.number = 1;
    assert_int_equal(trust_list_newer(trust, &than, &der), AM_NOT_FOUND);
    than = (struct trust_list_number){{0}, 0};
    assert_int_equal(trust_list_newer(trust, &than, &der), AM_NOT_FOUND);
    trust_unref(trust);
}

static void of_an_authority_without_a_list_there_is_none_and_any_is_newer(void **state)
{
    assert_int_equal(remove(pki_path(&pki, "trust/crls/et-units.crl")), 0);
    struct trust *trust = load(NULL);
    struct trust_list_number than = {.number = 0};
    struct am_bytes der;
    assert_int_equal(number_of(trust, of("et")), 0);
    assert_true(certs_digest(of("et")->certificate, than.issuer));
    assert_int_equal(trust_list_newer(trust, &than, &der), AM_NOT_FOUND);
    struct trust_list_came first = came(trust, of("et"), 1);
    trust_list_clear(&first);
    trust_unref(trust);
}

// --- What is taken
static void a_part_of_a_list_is_not_taken_for_the_whole(void **state)
{
    struct trust *trust = load(NULL);
    struct trust_list_came came;
    ASN1_INTEGER *base = ASN1_INTEGER_new();
    X509_CRL *crl = issue(of("ke"), 9, PKI_NOW - 60);
    assert_int_equal(ASN1_INTEGER_set(base, 1), 1);
    assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1);
    assert_true(X509_CRL_sign(crl, of("ke")->key, EVP_sha256()) > 0);
    ASN1_INTEGER_free(base);
    assert_int_equal(read_free(trust, packed(crl), &came), AM_INVALID);
    trust_unref(trust);
}

static void a_list_is_taken_by_one_s_own_anchors_and_its_number_and_by_nothing_else(void **state)
{
    const struct issuer forged = {of("ke")->certificate, of("et")->key};
    struct trust *trust = load(NULL);
    struct trust_list_came came;
    assert_int_equal(read_free(trust, list(of("ke"), 2), &came), AM_OK);
    assert_true(came.begun);
    trust_list_clear(&came);
    assert_int_equal(read_free(trust, list(of("ke"), 1), &came), AM_ROLLBACK);
    assert_int_equal(read_free(trust, list(&forged, 2), &came), AM_INVALID);
    assert_int_equal(read_free(trust, packed(issue(of("ke"), 2, PKI_NOW)), &came), AM_OK);
    assert_true(came.begun);
    trust_list_clear(&came);
    assert_int_equal(read_free(trust, packed(issue(of("ke"), 2, PKI_NOW + 1)), &came), AM_OK);
    assert_false(came.begun);
    trust_list_clear(&came);
    assert_int_equal(trust_list_read(trust, (struct am_bytes){0}, PKI_NOW_NS, NULL, &came), AM_INVALID);
    trust_unref(trust);
}

// --- What is kept
static struct trust *keep(const struct trust *trust, struct trust_list_came *came, size_t n)
{
    struct am_detail detail = {0};
    struct trust *now;
    if (trust_lists_keep(pki_path(&pki, "trust"), trust, came, n, &detail, &now) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    for (size_t i = 0; i < n; i++)
        trust_list_clear(&came[i]);
    return now;
}

static void of_two_that_keep_a_list_the_newer_stays_whoever_is_last(void **state)
{
    struct trust *trust = load(NULL);
    struct trust_list_came newer = came(trust, of("ke"), 3), older = came(trust, of("ke"), 2);
    struct trust *first = keep(trust, &newer, 1), *second = keep(trust, &older, 1), *after = load(NULL);
    assert_int_equal(number_of(first, of("ke")), 3);
    assert_int_equal(number_of(second, of("ke")), 3);
    assert_int_equal(number_of(after, of("ke")), 3);
    struct trust_list_came both[] = {came(after, of("ke"), 4), came(after, of("et"), 2)};
    struct trust *last = keep(after, both, AM_LEN(both));
    assert_int_equal(number_of(last, of("ke")), 4);
    assert_int_equal(number_of(last, of("et")), 2);
    assert_int_equal(number_of(last, &pki.root), 1);
    trust_unref(trust);
    trust_unref(first);
    trust_unref(second);
    trust_unref(after);
    trust_unref(last);
}

// Each of the numbers by a process of its own, all at once; a reader meanwhile sees no list go back.
static void many_that_keep_at_once_leave_the_newest(void **state)
{
    struct trust *trust = load(NULL);
    pid_t pids[8];
    for (unsigned i = 0; i < AM_LEN(pids); i++) {
        struct trust_list_came one = came(trust, of("ke"), 2 + i);
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct trust *now;
            _exit(trust_lists_keep(pki_path(&pki, "trust"), trust, &one, 1, NULL, &now) != AM_OK ||
                  number_of(now, of("ke")) < 2 + i);
        }
        trust_list_clear(&one);
    }
    struct trust *before = load(NULL);
    for (unsigned i = 0; i < AM_LEN(pids); i++) {
        struct trust *now;
        int status;
        assert_int_equal(trust_load(pki_path(&pki, "trust"), before, NULL, &now), AM_OK);
        trust_unref(before);
        before = now;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct trust *after = load(NULL);
    assert_int_equal(number_of(after, of("ke")), 1 + AM_LEN(pids));
    trust_unref(trust);
    trust_unref(before);
    trust_unref(after);
}

static void what_can_not_be_kept_is_told_with_its_place(void **state)
{
    struct trust *trust = load(NULL), *now = NULL;
    struct trust_list_came one = came(trust, of("ke"), 2);
    struct am_detail detail = {0};
    assert_int_equal(trust_lists_keep("/nowhere", trust, &one, 1, &detail, &now), AM_IO);
    assert_string_equal(detail.field, "/nowhere/crls");
    assert_null(now);
    trust_list_clear(&one);
    trust_unref(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_each_root_and_authority_the_number_is_told_and_a_higher_one_is_given, begin,
                                        tear_down),
        cmocka_unit_test_setup_teardown(of_an_authority_without_a_list_there_is_none_and_any_is_newer, begin,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_a_list_is_not_taken_for_the_whole, begin, tear_down),
        cmocka_unit_test_setup_teardown(a_list_is_taken_by_one_s_own_anchors_and_its_number_and_by_nothing_else, begin,
                                        tear_down),
        cmocka_unit_test_setup_teardown(of_two_that_keep_a_list_the_newer_stays_whoever_is_last, begin, tear_down),
        cmocka_unit_test_setup_teardown(many_that_keep_at_once_leave_the_newest, begin, tear_down),
        cmocka_unit_test_setup_teardown(what_can_not_be_kept_is_told_with_its_place, begin, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
