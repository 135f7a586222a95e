// SPDX-License-Identifier: Apache-2.0
// The check by a table of the key's multiples against OpenSSL's own: it accepts what that accepts, and nothing else.
#include "certs/key_table.h"

#include "proto/model/limits.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define KEYS  3
#define SIGNS 200 // with each

struct signature {
    uint8_t bytes[160];
    size_t len;
};

static EVP_PKEY *key;
static struct key_table *table;
static EC_GROUP *curve;
static BIGNUM *order, *private;
static BN_CTX *numbers;

static bool by_openssl(EVP_PKEY *with, const struct signature *signature, const uint8_t digest[32])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(with, NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    bool good = EVP_PKEY_verify(context, signature->bytes, signature->len, digest, 32) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

static bool by_table(const struct signature *signature, const uint8_t digest[32])
{
    return key_table_accepts(table, (struct am_bytes){signature->bytes, signature->len}, digest);
}

static void sign(EVP_PKEY *with, const uint8_t digest[32], struct signature *ret_signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(with, NULL);
    ret_signature->len = sizeof ret_signature->bytes;
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_sign(context, ret_signature->bytes, &ret_signature->len, digest, 32), 1);
    EVP_PKEY_CTX_free(context);
}

// Copies both.
static struct signature of(const BIGNUM *r, const BIGNUM *s)
{
    struct signature made;
    uint8_t *at = made.bytes;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(signature, BN_dup(r), BN_dup(s)), 1);
    made.len = (size_t)i2d_ECDSA_SIG(signature, &at);
    ECDSA_SIG_free(signature);
    return made;
}

static void parts(const struct signature *signature, BIGNUM *ret_r, BIGNUM *ret_s)
{
    const uint8_t *at = signature->bytes;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)signature->len);
    assert_non_null(parsed);
    BN_copy(ret_r, ECDSA_SIG_get0_r(parsed));
    BN_copy(ret_s, ECDSA_SIG_get0_s(parsed));
    ECDSA_SIG_free(parsed);
}

static void assert_judged_alike(const struct signature *signature, const uint8_t digest[32])
{
    assert_int_equal(by_table(signature, digest), by_openssl(key, signature, digest));
}

static void what_keys_sign_is_accepted_and_by_another_key_refused(void **state)
{
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY *own = EVP_EC_gen("P-256");
        struct key_table *of_own;
        assert_int_equal(key_table_new(own, &of_own), AM_OK);
        for (int j = 0; j < SIGNS; j++) {
            uint8_t digest[32];
            struct signature signature;
            RAND_bytes(digest, sizeof digest);
            sign(own, digest, &signature);
            struct am_bytes bytes = {signature.bytes, signature.len};
            assert_true(key_table_accepts(of_own, bytes, digest));
            assert_false(key_table_accepts(table, bytes, digest));
        }
        key_table_free(of_own);
        EVP_PKEY_free(own);
    }
}

static void a_flip_of_any_bit_of_signature_or_digest_is_judged_as_openssl_does(void **state)
{
    uint8_t digest[32] = {0x5a};
    struct signature signature;
    sign(key, digest, &signature);
    for (size_t i = 0; i < signature.len * 8; i++) {
        signature.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_judged_alike(&signature, digest);
        signature.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t i = 0; i < sizeof digest * 8; i++) {
        digest[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(by_table(&signature, digest));
        digest[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    assert_true(by_table(&signature, digest));
}

static void other_der_than_the_shortest_is_refused(void **state)
{
    uint8_t digest[32] = {7};
    struct signature signature, longer;
    sign(key, digest, &signature);
    for (size_t len = 0; len < signature.len; len++) {
        longer = signature;
        longer.len = len;
        assert_false(by_table(&longer, digest));
    }
    longer = signature;
    longer.bytes[longer.len++] = 0;
    assert_false(by_table(&longer, digest));
    // The length of the SEQUENCE in two bytes.
    longer.bytes[0] = signature.bytes[0];
    longer.bytes[1] = 0x81;
    memcpy(longer.bytes + 2, signature.bytes + 1, signature.len - 1);
    longer.len = signature.len + 1;
    assert_false(by_table(&longer, digest));
    assert_false(by_openssl(key, &longer, digest));
    // A zero before r that it doesn't need, or one more than it does.
    memcpy(longer.bytes, signature.bytes, 4);
    longer.bytes[1]++;
    longer.bytes[3]++;
    longer.bytes[4] = 0;
    memcpy(longer.bytes + 5, signature.bytes + 4, signature.len - 4);
    assert_false(by_table(&longer, digest));
    assert_false(by_openssl(key, &longer, digest));
}

static void numbers_out_of_range_are_refused_and_the_other_s_is_not(void **state)
{
    uint8_t digest[32] = {9};
    struct signature signature, made;
    BIGNUM *r = BN_new(), *s = BN_new(), *zero = BN_new(), *other = BN_new();
    sign(key, digest, &signature);
    parts(&signature, r, s);
    const BIGNUM *bad[] = {zero, order, other};
    BN_zero(zero);
    BN_add(other, r, order);
    for (size_t i = 0; i < AM_LEN(bad); i++) {
        made = of(bad[i], s);
        assert_false(by_table(&made, digest));
        assert_judged_alike(&made, digest);
    }
    BN_add(other, s, order);
    for (size_t i = 0; i < AM_LEN(bad); i++) {
        made = of(r, bad[i]);
        assert_false(by_table(&made, digest));
        assert_judged_alike(&made, digest);
    }
    BN_copy(other, s);
    BN_set_negative(other, 1);
    made = of(r, other);
    assert_false(by_table(&made, digest));
    BN_sub(other, order, s);
    made = of(r, other);
    assert_true(by_table(&made, digest)); // the equation holds for -s as for s, and so OpenSSL has it
    assert_judged_alike(&made, digest);
    BN_free(r);
    BN_free(s);
    BN_free(zero);
    BN_free(other);
}

// r of a number drawn here, and the two parts of the sum: r d / s of the key's, e / s of the generator's.
static void draw_r(BIGNUM *ret_k, BIGNUM *ret_r)
{
    EC_POINT *at = EC_POINT_new(curve);
    assert_int_equal(BN_priv_rand_range(ret_k, order), 1);
    assert_int_equal(EC_POINT_mul(curve, at, ret_k, NULL, NULL, numbers), 1);
    assert_int_equal(EC_POINT_get_affine_coordinates(curve, at, ret_r, NULL, numbers), 1);
    assert_int_equal(BN_nnmod(ret_r, ret_r, order, numbers), 1);
    EC_POINT_free(at);
}

static void a_sum_of_equal_parts_of_none_and_of_opposite_ones_is_judged_as_openssl_does(void **state)
{
    BIGNUM *k = BN_new(), *r = BN_new(), *e = BN_new(), *s = BN_new();
    uint8_t digest[32];
    struct signature signature;
    for (int i = 0; i < 50; i++) {
        draw_r(k, r);
        // Equal parts: e = r d, and s = 2 r d / k.
        BN_mod_mul(e, r, private, order, numbers);
        BN_bn2binpad(e, digest, sizeof digest);
        BN_mod_inverse(s, k, order, numbers);
        BN_mod_mul(s, s, e, order, numbers);
        BN_mod_lshift1(s, s, order, numbers);
        signature = of(r, s);
        assert_true(by_openssl(key, &signature, digest));
        assert_true(by_table(&signature, digest));
        // Opposite parts: e = -r d, any s. Their sum has no x.
        BN_sub(e, order, e);
        BN_bn2binpad(e, digest, sizeof digest);
        signature = of(r, s);
        assert_false(by_openssl(key, &signature, digest));
        assert_false(by_table(&signature, digest));
        // Nothing of the generator's: e = 0, and s = r d / k.
        memset(digest, 0, sizeof digest);
        BN_mod_inverse(s, k, order, numbers);
        BN_mod_mul(s, s, r, order, numbers);
        BN_mod_mul(s, s, private, order, numbers);
        signature = of(r, s);
        assert_true(by_openssl(key, &signature, digest));
        assert_true(by_table(&signature, digest));
    }
    // A digest of the order and above it.
    memset(digest, 0xff, sizeof digest);
    sign(key, digest, &signature);
    assert_true(by_table(&signature, digest));
    BN_bn2binpad(order, digest, sizeof digest);
    sign(key, digest, &signature);
    assert_true(by_table(&signature, digest));
    BN_free(k);
    BN_free(r);
    BN_free(e);
    BN_free(s);
}

static void a_key_on_another_curve_gets_no_table(void **state)
{
    EVP_PKEY *wide = EVP_EC_gen("P-384"), *other = EVP_EC_gen("secp256k1"),
             *none = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct key_table *made;
    assert_int_equal(key_table_new(wide, &made), AM_CRYPTO);
    assert_int_equal(key_table_new(other, &made), AM_CRYPTO);
    assert_int_equal(key_table_new(none, &made), AM_CRYPTO);
    EVP_PKEY_free(wide);
    EVP_PKEY_free(other);
    EVP_PKEY_free(none);
}

static void there_are_so_many_tables_and_one_that_goes_makes_room(void **state)
{
    struct key_table *all[LIMIT_KEY_TABLES], *one;
    for (size_t i = 0; i + 1 < LIMIT_KEY_TABLES; i++) // one is there
        assert_int_equal(key_table_new(key, &all[i]), AM_OK);
    assert_int_equal(key_table_new(key, &one), AM_FULL);
    assert_int_equal(key_table_new(key, &one), AM_FULL);
    key_table_free(all[0]);
    assert_int_equal(key_table_new(key, &all[0]), AM_OK);
    for (size_t i = 0; i + 1 < LIMIT_KEY_TABLES; i++)
        key_table_free(all[i]);
}

static int set_up(void **state)
{
    key = EVP_EC_gen("P-256");
    curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    numbers = BN_CTX_new();
    order = BN_dup(EC_GROUP_get0_order(curve));
    return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &private) != 1 || key_table_new(key, &table) != AM_OK;
}

static int tear_down(void **state)
{
    key_table_free(table);
    BN_free(private);
    BN_free(order);
    BN_CTX_free(numbers);
    EC_GROUP_free(curve);
    EVP_PKEY_free(key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_keys_sign_is_accepted_and_by_another_key_refused),
        cmocka_unit_test(a_flip_of_any_bit_of_signature_or_digest_is_judged_as_openssl_does),
        cmocka_unit_test(other_der_than_the_shortest_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused_and_the_other_s_is_not),
        cmocka_unit_test(a_sum_of_equal_parts_of_none_and_of_opposite_ones_is_judged_as_openssl_does),
        cmocka_unit_test(a_key_on_another_curve_gets_no_table),
        cmocka_unit_test(there_are_so_many_tables_and_one_that_goes_makes_room),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
