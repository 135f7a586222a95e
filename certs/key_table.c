// SPDX-License-Identifier: Apache-2.0
// ECDSA's equation (FIPS 186-5, 6.4.2) over OpenSSL's arithmetic. All of it is public: nothing here has to take the same
// time for different values.
#define OPENSSL_SUPPRESS_DEPRECATED // EC_GROUP_precompute_mult has no successor

#include "certs/key_table.h"

#include "proto/model/limits.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define POINT         65u // bytes of an uncompressed one
#define SIGNATURE_MAX 72u // bytes of the DER

struct key_table {
    EC_GROUP *curve;  // P-256
    EC_GROUP *of_key; // the same with the key for its generator, so that OpenSSL makes its table for that
};

static atomic_uint tables;

static bool fill(struct key_table *table, const EVP_PKEY *key, EC_POINT *at)
{
    uint8_t bytes[POINT];
    size_t len;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &len) == 1 &&
           EC_POINT_oct2point(table->curve, at, bytes, len, NULL) == 1 &&
           EC_GROUP_set_generator(table->of_key, at, EC_GROUP_get0_order(table->curve), BN_value_one()) == 1 &&
           EC_GROUP_precompute_mult(table->of_key, NULL) == 1 && EC_GROUP_have_precompute_mult(table->of_key) == 1;
}

static enum am_err make(struct key_table *table, const EVP_PKEY *key)
{
    table->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    table->of_key = table->curve == NULL ? NULL : EC_GROUP_dup(table->curve);
    EC_POINT *at = table->of_key == NULL ? NULL : EC_POINT_new(table->curve);
    if (at == NULL)
        return AM_NOMEM;
    bool filled = fill(table, key, at);
    EC_POINT_free(at);
    ERR_clear_error();
    return filled ? AM_OK : AM_CRYPTO;
}

enum am_err key_table_new(const EVP_PKEY *key, struct key_table **ret_table)
{
    struct key_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return AM_NOMEM;
    enum am_err err = atomic_fetch_add(&tables, 1) < LIMIT_KEY_TABLES ? make(table, key) : AM_FULL;
    if (err != AM_OK) {
        key_table_free(table);
        return err;
    }
    *ret_table = table;
    return AM_OK;
}

void key_table_free(struct key_table *table)
{
    if (table == NULL)
        return;
    atomic_fetch_sub(&tables, 1);
    EC_GROUP_free(table->curve);
    EC_GROUP_free(table->of_key);
    free(table);
}

// NULL where these bytes aren't the one DER of a signature.
static ECDSA_SIG *parse(struct am_bytes der)
{
    uint8_t again[SIGNATURE_MAX], *to = again;
    const uint8_t *at = der.data;
    ECDSA_SIG *signature = der.len > sizeof again ? NULL : d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    if (signature == NULL)
        return NULL;
    // What is read can be longer when it is written, if its DER wasn't the shortest.
    if (i2d_ECDSA_SIG(signature, NULL) == (int)der.len && i2d_ECDSA_SIG(signature, &to) == (int)der.len &&
        memcmp(again, der.data, der.len) == 0)
        return signature;
    ECDSA_SIG_free(signature);
    return NULL;
}

static bool in_range(const BIGNUM *number, const BIGNUM *order)
{
    return !BN_is_zero(number) && !BN_is_negative(number) && BN_ucmp(number, order) < 0;
}

// What one check works with; `numbers` owns the big numbers.
struct work {
    BN_CTX *numbers;
    EC_POINT *sum, *part;
};

// (e/s) G + (r/s) Q has r for its x?
static bool equation_holds(const struct key_table *table, const ECDSA_SIG *signature, const uint8_t digest[32],
                           const struct work *work)
{
    const BIGNUM *order = EC_GROUP_get0_order(table->curve);
    const BIGNUM *r = ECDSA_SIG_get0_r(signature), *s = ECDSA_SIG_get0_s(signature);
    BIGNUM *inverse = BN_CTX_get(work->numbers), *of_base = BN_CTX_get(work->numbers);
    BIGNUM *of_key = BN_CTX_get(work->numbers), *x = BN_CTX_get(work->numbers);
    return x != NULL && in_range(r, order) && in_range(s, order) &&
           BN_mod_inverse(inverse, s, order, work->numbers) != NULL && BN_bin2bn(digest, 32, x) != NULL &&
           BN_mod_mul(of_base, x, inverse, order, work->numbers) == 1 &&
           BN_mod_mul(of_key, r, inverse, order, work->numbers) == 1 &&
           EC_POINT_mul(table->curve, work->sum, of_base, NULL, NULL, work->numbers) == 1 &&
           EC_POINT_mul(table->of_key, work->part, of_key, NULL, NULL, work->numbers) == 1 &&
           EC_POINT_add(table->curve, work->sum, work->sum, work->part, work->numbers) == 1 &&
           EC_POINT_is_at_infinity(table->curve, work->sum) == 0 &&
           EC_POINT_get_affine_coordinates(table->curve, work->sum, x, NULL, work->numbers) == 1 &&
           BN_nnmod(x, x, order, work->numbers) == 1 && BN_cmp(x, r) == 0;
}

bool key_table_accepts(const struct key_table *table, struct am_bytes signature, const uint8_t digest[32])
{
    ECDSA_SIG *parsed = parse(signature);
    struct work work = {BN_CTX_new(), EC_POINT_new(table->curve), EC_POINT_new(table->of_key)};
    bool held = false;
    if (parsed != NULL && work.numbers != NULL && work.sum != NULL && work.part != NULL) {
        BN_CTX_start(work.numbers);
        held = equation_holds(table, parsed, digest, &work);
        BN_CTX_end(work.numbers);
    }
    EC_POINT_free(work.part);
    EC_POINT_free(work.sum);
    BN_CTX_free(work.numbers);
    ECDSA_SIG_free(parsed);
    if (!held)
        ERR_clear_error();
    return held;
}
