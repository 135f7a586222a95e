// SPDX-License-Identifier: Apache-2.0
// Seals by the profile: each clause broken in turn, each bit flipped, whom a seal is for, and the stock command.
#include "tests/unit/der_edit.h"
#include "tests/unit/pki.h"

#include "certs/cms.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVICES 3
#define BYTES(text)                                                                                                    \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define PATH(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__, -1                                                                                                \
    }

static struct pki pki;
static X509 *devices[DEVICES];
static EVP_PKEY *keys[DEVICES];
static struct certificate certificates[DEVICES];
static const struct am_bytes BODY = BYTES("what only the recipients may read\n\x00\x01");
static struct cms_seal seal;

static struct am_bytes sealed_to(size_t count)
{
    struct am_bytes der;
    struct am_detail detail = {0};
    if (cms_seal(BODY, devices, count, &detail, &der) != AM_OK)
        fail_msg("%s", detail.text);
    return der;
}

static void each_recipient_opens_it_and_nobody_else(void **state)
{
    struct am_bytes der = sealed_to(2), plain = {0};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(cms_open(der, &certificates[i], keys[i], NULL, &plain), AM_OK);
        assert_int_equal(plain.len, BODY.len);
        assert_memory_equal(plain.data, BODY.data, BODY.len);
        cms_plain_free(&plain);
        assert_null(plain.data);
    }
    assert_int_equal(cms_open(der, &certificates[2], keys[2], NULL, &plain), AM_NOT_FOUND);
    assert_int_equal(cms_open(der, &certificates[0], keys[1], NULL, &plain), AM_SEAL);
    free((void *)der.data);
}

static enum cms_match match(struct am_bytes der, const struct certificate *const *wanted, size_t count, size_t *missing)
{
    assert_int_equal(cms_profile_seal(der, NULL, &seal), AM_OK);
    return cms_seal_matches(&seal, wanted, count, missing);
}

static void a_seal_is_for_exactly_the_wanted_devices(void **state)
{
    const struct certificate *all[] = {&certificates[2], &certificates[0], &certificates[1]};
    struct am_bytes three = sealed_to(3), two = sealed_to(2);
    size_t missing = 99;
    assert_int_equal(match(three, all, 3, &missing), CMS_MATCH_EXACT);
    assert_int_equal(missing, 99);
    assert_int_equal(match(two, all, 3, &missing), CMS_MATCH_LEFT_OUT);
    assert_int_equal(missing, 0);
    assert_int_equal(match(three, all + 1, 2, &missing), CMS_MATCH_OTHERS);
    assert_int_equal(match(two, all, 2, &missing), CMS_MATCH_OTHERS);
    assert_int_equal(match(two, all, 0, NULL), CMS_MATCH_OTHERS);
    free((void *)three.data);
    free((void *)two.data);
}

static void a_recipient_that_stands_twice_is_one_too_many(void **state)
{
    X509 *twice[] = {devices[0], devices[0]};
    const struct certificate *wanted[] = {&certificates[0]};
    struct am_bytes der;
    assert_int_equal(cms_seal(BODY, twice, 2, NULL, &der), AM_OK);
    assert_int_equal(match(der, wanted, 1, NULL), CMS_MATCH_OTHERS);
    free((void *)der.data);
}

static void the_most_recipients_and_one_more(void **state)
{
    static X509 *many[LIMIT_SEALED_KEYS + 1];
    static const struct certificate *wanted[LIMIT_SEALED_KEYS + 1];
    static struct certificate made[LIMIT_SEALED_KEYS];
    struct am_bytes der;
    struct validity validity = {PKI_NOW - 1, PKI_NOW + PKI_DAY};
    for (unsigned i = 0; i < LIMIT_SEALED_KEYS; i++) {
        bool last = i + 1 == LIMIT_SEALED_KEYS; // 66 units of 8 devices, and the oversight
        many[i] =
            issue_end(&pki_country(&pki, "ke")->units, last ? CERT_USE_OVERSIGHT : CERT_USE_SEAL,
                      last ? "amana://ke/oversight" : "amana://ke/dci/transnational/device/d1", keys[0], validity);
        assert_int_equal(certificate_init(&made[i], many[i], NULL), AM_OK);
        wanted[i] = &made[i];
    }
    many[LIMIT_SEALED_KEYS] = many[0];
    wanted[LIMIT_SEALED_KEYS] = wanted[0];
    assert_int_equal(cms_seal(BODY, many, LIMIT_SEALED_KEYS, NULL, &der), AM_OK);
    assert_int_equal(match(der, wanted, LIMIT_SEALED_KEYS, NULL), CMS_MATCH_EXACT);
    assert_non_null(cms_seal_point(&seal, wanted[LIMIT_SEALED_KEYS - 1]));
    assert_int_equal(match(der, wanted, LIMIT_SEALED_KEYS - 1, NULL), CMS_MATCH_OTHERS);
    assert_int_equal(match(der, wanted, LIMIT_SEALED_KEYS + 1, NULL), CMS_MATCH_LEFT_OUT);
    const int first[] = {1, 0, 1, 0, -1};
    struct am_bytes more = der_edit(der, first, DER_TWICE, (struct am_bytes){0});
    assert_int_equal(cms_profile_seal(more, NULL, &seal), AM_SEAL);
    free((void *)more.data);
    free((void *)der.data);
    assert_int_equal(cms_seal(BODY, many, LIMIT_SEALED_KEYS + 1, NULL, &der), AM_TOO_LARGE);
    for (unsigned i = 0; i < LIMIT_SEALED_KEYS; i++) {
        certificate_clear(&made[i]);
        X509_free(many[i]);
    }
}

static void the_largest_body_and_one_byte_more(void **state)
{
    uint8_t *large = calloc(1, LIMIT_BODY_PLAIN + 1);
    struct am_bytes der, plain;
    assert_int_equal(cms_seal((struct am_bytes){large, LIMIT_BODY_PLAIN}, devices, 1, NULL, &der), AM_OK);
    assert_int_equal(cms_open(der, &certificates[0], keys[0], NULL, &plain), AM_OK);
    assert_int_equal(plain.len, LIMIT_BODY_PLAIN);
    cms_plain_free(&plain);
    free((void *)der.data);
    assert_int_equal(cms_seal((struct am_bytes){large, LIMIT_BODY_PLAIN + 1}, devices, 1, NULL, &der), AM_TOO_LARGE);
    assert_int_equal(cms_seal((struct am_bytes){large, 0}, devices, 1, NULL, &der), AM_TOO_LARGE);
    free(large);
}

// Where things stand in our own seals.
#define DATA      1, 0
#define RECIPIENT DATA, 1, 0
#define CONTENT   DATA, 2

static const struct clause {
    const char *what;
    int path[16];
    enum der_edit edit;
    struct am_bytes with;
    const char *why;
} CLAUSES[] = {
    {"the type of an EnvelopedData", PATH(0), DER_REPLACE, BYTES("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
     "not an AuthEnvelopedData"},
    {"something after the content", PATH(1), DER_TWICE, {0}, "can't be read"},
    {"version 2", PATH(DATA, 0), DER_REPLACE, BYTES("\x02\x01\x02"), "version 0"},
    {"originatorInfo", PATH(DATA, 1), DER_INSERT_BEFORE, BYTES("\xa0\x00"), "originatorInfo"},
    {"no set of recipients", PATH(DATA, 1), DER_DELETE, {0}, "recipients are missing"},
    {"no recipient", PATH(RECIPIENT), DER_DELETE, {0}, "no recipient"},
    {"a recipient of key transport", PATH(RECIPIENT), DER_REPLACE, BYTES("\x30\x00"), "key agreement"},
    {"a recipient of a password", PATH(RECIPIENT), DER_REPLACE, BYTES("\xa3\x00"), "key agreement"},
    {"a long recipient", PATH(RECIPIENT, 3, 0, 0, 0), DER_APPEND_INSIDE,
     BYTES(
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "x"),
     "more than 512"},
    {"a recipient of version 2", PATH(RECIPIENT, 0), DER_REPLACE, BYTES("\x02\x01\x02"), "recipient's version"},
    {"a static originator", PATH(RECIPIENT, 1, 0), DER_REPLACE, BYTES("\x30\x00"), "ephemeral key"},
    {"an ephemeral key of RSA", PATH(RECIPIENT, 1, 0, 0), DER_REPLACE,
     BYTES("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "must be on P-256"},
    {"a compressed point", PATH(RECIPIENT, 1, 0, 1), DER_REPLACE,
     BYTES("\x03\x22\x00\x02xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "uncompressed point"},
    {"ukm", PATH(RECIPIENT, 2), DER_INSERT_BEFORE, BYTES("\xa1\x03\x04\x01x"), "ukm"},
    {"dhSinglePass-stdDH-sha1kdf", PATH(RECIPIENT, 2, 0), DER_REPLACE,
     BYTES("\x06\x09\x2b\x81\x05\x10\x86\x48\x3f\x00\x02"), "sha256kdf"},
    {"aes128-wrap", PATH(RECIPIENT, 2, 1, 0), DER_REPLACE, BYTES("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x05"),
     "aes256-wrap"},
    {"two keys in a recipient", PATH(RECIPIENT, 3, 0), DER_TWICE, {0}, "exactly one encrypted key"},
    {"no key in a recipient", PATH(RECIPIENT, 3, 0), DER_DELETE, {0}, "exactly one encrypted key"},
    {"a recipient by key identifier", PATH(RECIPIENT, 3, 0, 0), DER_REPLACE, BYTES("\xa0\x04\x04\x02xx"),
     "issuer and serial"},
    {"a key of 24 bytes", PATH(RECIPIENT, 3, 0, 1), DER_REPLACE, BYTES("\x04\x18xxxxxxxxxxxxxxxxxxxxxxxx"), "40 bytes"},
    {"something after a wrapped key", PATH(RECIPIENT, 3, 0), DER_APPEND_INSIDE, BYTES("\x05\x00"), "40 bytes"},
    {"something after the keys", PATH(RECIPIENT), DER_APPEND_INSIDE, BYTES("\x05\x00"), "exactly one encrypted key"},
    {"another content type", PATH(CONTENT, 0), DER_REPLACE, BYTES("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
     "id-data"},
    {"aes-128-gcm", PATH(CONTENT, 1, 0), DER_REPLACE, BYTES("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06"), "aes-256"},
    {"a nonce of 13 bytes", PATH(CONTENT, 1, 1, 0), DER_APPEND_INSIDE, BYTES("x"), "aes-256"},
    {"a nonce of 64 bytes", PATH(CONTENT, 1, 1, 0), DER_REPLACE,
     BYTES("\x04\x40xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "aes-256"},
    {"an ICV length of 12", PATH(CONTENT, 1, 1, 1), DER_REPLACE, BYTES("\x02\x01\x0c"), "aes-256"},
    {"no ICV length", PATH(CONTENT, 1, 1, 1), DER_DELETE, {0}, "aes-256"},
    {"no ciphertext", PATH(CONTENT, 2), DER_DELETE, {0}, "ciphertext is missing"},
    {"a ciphertext in pieces", PATH(CONTENT, 2), DER_REPLACE, BYTES("\xa0\x03\x04\x01x"), "in pieces"},
    {"an empty ciphertext", PATH(CONTENT, 2), DER_REPLACE, BYTES("\x80\x00"), "empty"},
    {"authenticated attributes", PATH(DATA, 3), DER_INSERT_BEFORE, BYTES("\xa1\x00"), "authenticated attributes"},
    {"unauthenticated attributes", PATH(DATA), DER_APPEND_INSIDE, BYTES("\xa2\x00"), "unauthenticated"},
    {"an ICV of 12 bytes", PATH(DATA, 3), DER_REPLACE, BYTES("\x04\x0cxxxxxxxxxxxx"), "16 bytes"},
    {"an ICV of 32 bytes", PATH(DATA, 3), DER_REPLACE, BYTES("\x04\x20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "16 bytes"},
    {"no ICV", PATH(DATA, 3), DER_DELETE, {0}, "16 bytes"},
};

static void each_clause_of_the_seal_profile_is_checked(void **state)
{
    struct am_bytes der = sealed_to(1);
    for (unsigned i = 0; i < AM_LEN(CLAUSES); i++) {
        struct am_detail detail = {0};
        struct am_bytes edited = der_edit(der, CLAUSES[i].path, CLAUSES[i].edit, CLAUSES[i].with), plain;
        if (edited.data == NULL)
            fail_msg("%s: no such place", CLAUSES[i].what);
        if (cms_profile_seal(edited, &detail, &seal) != AM_SEAL)
            fail_msg("%s: was taken", CLAUSES[i].what);
        if (strstr(detail.text, CLAUSES[i].why) == NULL)
            fail_msg("%s: refused for another reason: %s", CLAUSES[i].what, detail.text);
        assert_int_equal(cms_open(edited, &certificates[0], keys[0], NULL, &plain), AM_SEAL);
        assert_int_equal(seal.count, 0);
        free((void *)edited.data);
    }
    free((void *)der.data);
}

static void recipients_out_of_order_are_refused(void **state)
{
    const int first[] = {RECIPIENT, -1}, all[] = {DATA, 1, -1};
    struct am_bytes der = sealed_to(2), element = der_find(der, first);
    struct am_bytes without = der_edit(der, first, DER_DELETE, (struct am_bytes){0});
    struct am_bytes swapped = der_edit(without, all, DER_APPEND_INSIDE, element);
    struct am_detail detail;
    assert_int_equal(swapped.len, der.len);
    assert_int_equal(cms_profile_seal(swapped, &detail, &seal), AM_SEAL);
    assert_non_null(strstr(detail.text, "not in DER's order"));
    free((void *)swapped.data);
    free((void *)without.data);
    free((void *)der.data);
}

static void a_flip_of_any_bit_does_not_open(void **state)
{
    struct am_bytes der = sealed_to(1), plain;
    uint8_t *changed = malloc(der.len);
    assert_non_null(changed);
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        memcpy(changed, der.data, der.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (cms_open((struct am_bytes){changed, der.len}, &certificates[0], keys[0], NULL, &plain) == AM_OK)
            fail_msg("a flip of bit %zu opened", bit);
    }
    free(changed);
    free((void *)der.data);
}

static void a_truncated_or_longer_seal_is_refused(void **state)
{
    struct am_bytes der = sealed_to(2);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);
        assert_non_null(exact);
        memcpy(exact, der.data, len);
        assert_int_equal(cms_profile_seal((struct am_bytes){exact, len}, NULL, &seal), AM_SEAL);
        free(exact);
    }
    const int outermost[] = {-1};
    struct am_bytes longer = der_edit(der, outermost, DER_TWICE, (struct am_bytes){0});
    assert_int_equal(cms_profile_seal(longer, NULL, &seal), AM_SEAL);
    free((void *)longer.data);
    free((void *)der.data);
}

static void the_stock_command_opens_ours_and_we_open_its(void **state)
{
    struct am_bytes der = sealed_to(3), file, plain;
    char command[700];
    pki_write(&pki, "body.bin", BODY);
    pki_write(&pki, "sealed.der", der);
    pki_write_certificate(&pki, "d2.pem", devices[1]);
    assert_int_equal(keyfile_write(pki_path(&pki, "d2.key"), keys[1], NULL, NULL), AM_OK);
    snprintf(
        command, sizeof command,
        "cd %s && openssl cms -decrypt -binary -inform DER -in sealed.der -recip d2.pem -inkey d2.key -out out.bin "
        "&& cmp out.bin body.bin && openssl cms -encrypt -aes-256-gcm -binary -in body.bin -outform DER -recip "
        "d2.pem -keyopt ecdh_kdf_md:sha256 -out theirs.der",
        pki.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(certs_read_file(pki_path(&pki, "theirs.der"), LIMIT_MESSAGE, NULL, &file), AM_OK);
    assert_int_equal(cms_open(file, &certificates[1], keys[1], NULL, &plain), AM_OK);
    assert_memory_equal(plain.data, BODY.data, BODY.len);
    cms_plain_free(&plain);
    free((void *)file.data);
    free((void *)der.data);
}

// What OpenSSL's own opens, by another way to the same bytes.
static void a_body_of_any_length_opens_as_openssl_opens_it(void **state)
{
    static uint8_t body[70000];
    static const size_t LENGTHS[] = {1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 2048, 4099, 65536, sizeof body};
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t i = 0; i < AM_LEN(LENGTHS); i++) {
        struct am_bytes der, plain;
        char *theirs;
        BIO *out = BIO_new(BIO_s_mem());
        assert_int_equal(cms_seal((struct am_bytes){body, LENGTHS[i]}, devices, 2, NULL, &der), AM_OK);
        const uint8_t *at = der.data;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
        assert_int_equal(CMS_decrypt(cms, keys[1], devices[1], NULL, out, CMS_BINARY), 1);
        assert_int_equal(cms_open(der, &certificates[1], keys[1], NULL, &plain), AM_OK);
        assert_int_equal(plain.len, LENGTHS[i]);
        assert_int_equal(BIO_get_mem_data(out, &theirs), plain.len);
        assert_memory_equal(plain.data, theirs, plain.len);
        assert_memory_equal(plain.data, body, plain.len);
        cms_plain_free(&plain);
        CMS_ContentInfo_free(cms);
        BIO_free(out);
        free((void *)der.data);
    }
}

static void the_point_of_each_recipient_is_its_own_and_on_the_curve(void **state)
{
    struct am_bytes der = sealed_to(2);
    assert_int_equal(cms_profile_seal(der, NULL, &seal), AM_OK);
    const uint8_t *first = cms_seal_point(&seal, &certificates[0]), *second = cms_seal_point(&seal, &certificates[1]);
    assert_non_null(first);
    assert_non_null(second);
    assert_memory_not_equal(first, second, CMS_POINT);
    assert_null(cms_seal_point(&seal, &certificates[2]));
    // The same as stock OpenSSL has it.
    const uint8_t *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    STACK_OF(CMS_RecipientInfo) *infos = CMS_get0_RecipientInfos(cms);
    unsigned found = 0;
    for (int i = 0; i < sk_CMS_RecipientInfo_num(infos); i++) {
        ASN1_BIT_STRING *key = NULL;
        X509_ALGOR *algorithm = NULL;
        assert_int_equal(CMS_RecipientInfo_kari_get0_orig_id(sk_CMS_RecipientInfo_value(infos, i), &algorithm, &key,
                                                             NULL, NULL, NULL),
                         1);
        assert_int_equal(ASN1_STRING_length(key), CMS_POINT);
        found += memcmp(ASN1_STRING_get0_data(key), first, CMS_POINT) == 0;
        found += memcmp(ASN1_STRING_get0_data(key), second, CMS_POINT) == 0;
    }
    assert_int_equal(found, 2);
    CMS_ContentInfo_free(cms);
    uint8_t point[CMS_POINT];
    memcpy(point, first, sizeof point);
    assert_true(cms_point_valid(point));
    point[CMS_POINT - 1] ^= 1;
    assert_false(cms_point_valid(point));
    memset(point + 1, 0, sizeof point - 1);
    assert_false(cms_point_valid(point));
    memcpy(point, first, sizeof point);
    point[0] = 6; // the hybrid form, which says the same
    assert_false(cms_point_valid(point));
    free((void *)der.data);
}

static int set_up(void **state)
{
    static const char *const names[DEVICES] = {"amana://ke/dci/transnational/device/d1",
                                               "amana://ke/dci/transnational/device/d2",
                                               "amana://et/ics/moyale/device/d1"};
    pki_init(&pki);
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i] = pki_issue(&pki, i < 2 ? "ke" : "et", CERT_USE_SEAL, names[i], &keys[i]);
        if (certificate_init(&certificates[i], devices[i], NULL) != AM_OK)
            return 1;
    }
    return 0;
}

static int tear_down(void **state)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        certificate_clear(&certificates[i]);
        X509_free(devices[i]);
        EVP_PKEY_free(keys[i]);
    }
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_opens_it_and_nobody_else),
        cmocka_unit_test(a_seal_is_for_exactly_the_wanted_devices),
        cmocka_unit_test(a_recipient_that_stands_twice_is_one_too_many),
        cmocka_unit_test(the_point_of_each_recipient_is_its_own_and_on_the_curve),
        cmocka_unit_test(the_most_recipients_and_one_more),
        cmocka_unit_test(the_largest_body_and_one_byte_more),
        cmocka_unit_test(each_clause_of_the_seal_profile_is_checked),
        cmocka_unit_test(recipients_out_of_order_are_refused),
        cmocka_unit_test(a_flip_of_any_bit_does_not_open),
        cmocka_unit_test(a_truncated_or_longer_seal_is_refused),
        cmocka_unit_test(the_stock_command_opens_ours_and_we_open_its),
        cmocka_unit_test(a_body_of_any_length_opens_as_openssl_opens_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
