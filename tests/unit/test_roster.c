// SPDX-License-Identifier: Apache-2.0
// Rosters: what is signed is what is taken, and nothing else.
#include "tests/unit/pki.h"

#include "amana/v1/message.pb-c.h"
#include "certs/cms.h"
#include "certs/roster.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNIT    "ke/dci/transnational"
#define DEVICE  "amana://" UNIT "/device/d1"
#define OFFICER "amana://" UNIT "/officer/kdci-0417"
#define MEMBERS 4

static struct pki pki;
static struct trust *trust;
static X509 *members[MEMBERS]; // auth, seal, sign, officer
static struct am_bytes member_ders[MEMBERS];
static uint8_t digests[MEMBERS][32];

// A good roster as a protobuf, to be changed by a test before it is signed.
struct draft {
    Amana__V1__Roster roster;
    Amana__V1__RosterDevice devices[2], *device_list[9];
    Amana__V1__RosterOfficer officers[2], *officer_list[2];
    Google__Protobuf__Timestamp from, until;
};

static ProtobufCBinaryData digest_of(unsigned member)
{
    return (ProtobufCBinaryData){32, digests[member]};
}

static void draft_init(struct draft *draft)
{
    memset(draft, 0, sizeof *draft);
    amana__v1__roster__init(&draft->roster);
    google__protobuf__timestamp__init(&draft->from);
    google__protobuf__timestamp__init(&draft->until);
    draft->from.seconds = PKI_NOW - 60;
    draft->until.seconds = PKI_NOW + 30 * PKI_DAY;
    for (unsigned i = 0; i < 2; i++) {
        amana__v1__roster_device__init(&draft->devices[i]);
        amana__v1__roster_officer__init(&draft->officers[i]);
        draft->officer_list[i] = &draft->officers[i];
    }
    for (unsigned i = 0; i < 9; i++)
        draft->device_list[i] = &draft->devices[i > 0];
    draft->devices[0].uri = (char *)DEVICE;
    draft->devices[0].auth = digest_of(0);
    draft->devices[0].seal = digest_of(1);
    draft->devices[0].sign = digest_of(2);
    draft->officers[0].uri = (char *)OFFICER;
    draft->officers[0].sign = digest_of(3);
    draft->officers[0].supervisor = true;
    draft->roster.unit = (char *)UNIT;
    draft->roster.number = 1;
    draft->roster.not_before = &draft->from;
    draft->roster.not_after = &draft->until;
    draft->roster.n_devices = draft->roster.n_officers = 1;
    draft->roster.devices = draft->device_list;
    draft->roster.officers = draft->officer_list;
}

static struct am_bytes packed(const struct draft *draft)
{
    size_t len = amana__v1__roster__get_packed_size(&draft->roster);
    uint8_t *bytes = malloc(len + 16); // room for a field more
    assert_non_null(bytes);
    amana__v1__roster__pack(&draft->roster, bytes);
    return (struct am_bytes){bytes, len};
}

static struct am_bytes signed_by(const char *code, struct am_bytes content)
{
    struct pki_country *country = pki_country(&pki, code);
    struct am_bytes cms;
    assert_int_equal(cms_sign_embedded(content, country->registrar, country->registrar_key, NULL, &cms), AM_OK);
    free((void *)content.data);
    return cms;
}

static enum am_err take(struct am_bytes cms, struct am_detail *detail, struct roster **ret_roster)
{
    struct roster *roster = NULL;
    enum am_err err = roster_from_wire(cms, member_ders, MEMBERS, trust, PKI_NOW_NS, detail, &roster);
    free((void *)cms.data);
    if (ret_roster != NULL)
        *ret_roster = roster;
    else
        roster_unref(roster);
    return err;
}

static void a_good_roster_is_taken_and_looked_up(void **state)
{
    struct draft draft;
    struct am_detail detail = {0};
    struct roster *roster;
    uint8_t digest[32];
    draft_init(&draft);
    struct am_bytes content = packed(&draft);
    assert_true(certs_sha256(content.data, content.len, digest));
    if (take(signed_by("ke", content), &detail, &roster) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    assert_string_equal(roster->unit, UNIT);
    assert_string_equal(roster->country, "ke");
    assert_int_equal(roster->number, 1);
    assert_memory_equal(roster->digest, digest, 32);
    assert_int_equal(roster->not_after, PKI_NOW_NS + 30ull * PKI_DAY * NS_PER_S);
    assert_int_equal(roster->devices_count, 1);
    assert_ptr_equal(roster_device_by_auth(roster, digests[0]), &roster->devices[0]);
    assert_null(roster_device_by_auth(roster, digests[1]));
    assert_ptr_equal(roster_device_by_uri(roster, DEVICE), &roster->devices[0]);
    assert_null(roster_device_by_uri(roster, OFFICER));
    assert_ptr_equal(roster_officer_by_uri(roster, OFFICER), &roster->officers[0]);
    assert_true(roster->officers[0].supervisor);
    assert_string_equal(roster->registrar.identity.uri, "amana://ke/registry/desk/officer/r-1");
    struct am_bytes list[3 * LIMIT_DEVICES + LIMIT_OFFICERS];
    assert_int_equal(roster_certificates(roster, list), MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        assert_int_equal(list[i].len, member_ders[i].len);
        assert_memory_equal(list[i].data, member_ders[i].data, list[i].len);
    }
    roster_certificates_free(list, MEMBERS);
    roster_unref(roster);
}

typedef void change_fn(struct draft *draft);

static void what_it_says_of_an_officer_is_read_without_its_certificates(void **state)
{
    static const char stranger[] = "amana://" UNIT "/officer/kdci-0999";
    struct draft draft;
    struct am_detail detail = {0};
    uint8_t digest[32];
    bool there = false;
    draft_init(&draft);
    struct am_bytes cms = signed_by("ke", packed(&draft));
    assert_int_equal(roster_officer_row(cms, UNIT, OFFICER, &detail, &there, digest), AM_OK);
    assert_true(there);
    assert_memory_equal(digest, digests[3], sizeof digest);
    assert_int_equal(roster_officer_row(cms, UNIT, stranger, &detail, &there, digest), AM_OK);
    assert_false(there);
    assert_int_equal(roster_officer_row(cms, "ke/dci/nairobi", OFFICER, &detail, &there, digest), AM_INVALID);
    uint8_t *changed = malloc(cms.len);
    assert_non_null(changed);
    for (size_t bit = 0; bit < cms.len * 8; bit += 5) {
        memcpy(changed, cms.data, cms.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (roster_officer_row((struct am_bytes){changed, cms.len}, UNIT, OFFICER, &detail, &there, digest) == AM_OK)
            fail_msg("a flip of bit %zu was taken", bit);
    }
    free(changed);
    free((void *)cms.data);
    draft.officers[0].sign.len = 31;
    cms = signed_by("ke", packed(&draft));
    assert_int_equal(roster_officer_row(cms, UNIT, OFFICER, &detail, &there, digest), AM_INVALID);
    free((void *)cms.data);
}

static void change_unit(struct draft *d)
{
    d->roster.unit = (char *)"ke/dci/other";
}
static void change_grammar(struct draft *d)
{
    d->roster.unit = (char *)"ke/dci";
}
static void change_zero(struct draft *d)
{
    d->roster.number = 0;
}
static void change_number(struct draft *d)
{
    d->roster.number = 2;
}
static void change_previous(struct draft *d)
{
    d->roster.previous = digest_of(0);
}
static void change_times(struct draft *d)
{
    d->until.seconds = d->from.seconds;
}
static void change_no_time(struct draft *d)
{
    d->roster.not_before = NULL;
}
static void change_negative(struct draft *d)
{
    d->from.seconds = -1;
}
static void change_nanos(struct draft *d)
{
    d->from.nanos = 1000000000;
}
static void change_far(struct draft *d)
{
    d->until.seconds = INT64_MAX;
}
static void change_swap(struct draft *d)
{
    d->devices[0].auth = digest_of(1), d->devices[0].seal = digest_of(0);
}
static void change_same(struct draft *d)
{
    d->devices[0].sign = digest_of(0);
}
static void change_short(struct draft *d)
{
    d->devices[0].sign.len = 31;
}
static void change_none(struct draft *d)
{
    d->devices[0].sign.len = 0;
}
static void change_missing(struct draft *d)
{
    static uint8_t other[32];
    d->devices[0].sign.data = other;
}
static void change_uri(struct draft *d)
{
    d->devices[0].uri = (char *)"amana://" UNIT "/device/d2";
}
static void change_kind(struct draft *d)
{
    d->devices[0].uri = (char *)OFFICER;
}
static void change_officer(struct draft *d)
{
    d->officers[0].sign = digest_of(2);
}
static void change_fewer(struct draft *d)
{
    d->roster.n_officers = 0;
}
static void change_twice(struct draft *d)
{
    d->device_list[1] = &d->devices[0], d->roster.n_devices = 2;
}
static void change_many(struct draft *d)
{
    d->roster.n_devices = 9;
}
static void change_officer_twice(struct draft *d)
{
    d->officer_list[1] = &d->officers[0], d->roster.n_officers = 2;
}

static void each_thing_that_a_roster_may_not_say_is_refused(void **state)
{
    static const struct {
        const char *what;
        change_fn *change;
        enum am_err err;
    } rows[] = {
        {"another unit than its rows'", change_unit, AM_INVALID},
        {"a unit outside the grammar", change_grammar, AM_INVALID},
        {"number 0", change_zero, AM_INVALID},
        {"number 2 with nothing before", change_number, AM_INVALID},
        {"number 1 with one before", change_previous, AM_INVALID},
        {"an end that is the beginning", change_times, AM_INVALID},
        {"no beginning", change_no_time, AM_INVALID},
        {"a time before 1970", change_negative, AM_INVALID},
        {"a second of a thousand million and one ns", change_nanos, AM_INVALID},
        {"an end that no clock reaches", change_far, AM_INVALID},
        {"auth and seal exchanged", change_swap, AM_CERTIFICATE},
        {"one certificate twice", change_same, AM_INVALID},
        {"a digest of 31 bytes", change_short, AM_INVALID},
        {"no digest", change_none, AM_INVALID},
        {"a certificate that didn't come along", change_missing, AM_NOT_FOUND},
        {"another device's certificates", change_uri, AM_CERTIFICATE},
        {"an officer as device", change_kind, AM_INVALID},
        {"a device's certificate for an officer", change_officer, AM_INVALID},
        {"fewer than the certificates that came along", change_fewer, AM_INVALID},
        {"a device twice", change_twice, AM_INVALID},
        {"nine devices", change_many, AM_TOO_LARGE},
        {"an officer twice", change_officer_twice, AM_INVALID},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        struct draft draft;
        struct am_detail detail = {0};
        draft_init(&draft);
        rows[i].change(&draft);
        enum am_err err = take(signed_by("ke", packed(&draft)), &detail, NULL);
        if (err != rows[i].err)
            fail_msg("%s: %d %s: %s", rows[i].what, err, detail.field, detail.text);
        assert_string_not_equal(detail.text, "");
    }
}

static void bytes_that_packing_would_not_give_are_refused(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } rows[] = {
        {"an unknown field", "\xf8\x01\x01", 3}, {"the number again", "\x10\x01", 2},
        {"the unit again", "\x0a\x02xx", 4},     {"a NUL in the unit", "\x0a\x03x\0y", 5},
        {"a truncated field", "\x0a\x7f", 2},
    };
    for (unsigned i = 0; i < AM_LEN(rows); i++) {
        struct draft draft;
        draft_init(&draft);
        struct am_bytes content = packed(&draft);
        memcpy((uint8_t *)content.data + content.len, rows[i].bytes, rows[i].len);
        content.len += rows[i].len;
        if (take(signed_by("ke", content), NULL, NULL) != AM_INVALID)
            fail_msg("%s: was taken", rows[i].what);
    }
}

static void only_a_registrar_of_the_units_country_may_sign(void **state)
{
    struct draft draft;
    struct am_detail detail;
    draft_init(&draft);
    assert_int_equal(take(signed_by("et", packed(&draft)), &detail, NULL), AM_DENIED);
    struct pki_country *ke = pki_country(&pki, "ke");
    X509 *registrar = ke->registrar;
    EVP_PKEY *key = ke->registrar_key;
    ke->registrar =
        pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, "amana://ke/registry/desk/officer/r-2", &ke->registrar_key);
    assert_int_equal(take(signed_by("ke", packed(&draft)), &detail, NULL), AM_DENIED);
    X509_free(ke->registrar);
    EVP_PKEY_free(ke->registrar_key);
    ke->registrar = registrar;
    ke->registrar_key = key;
}

static void a_revoked_or_expired_registrar_signs_no_new_roster(void **state)
{
    struct draft draft;
    struct am_detail detail;
    struct roster *roster = NULL;
    struct pki_country *ke = pki_country(&pki, "ke");
    struct validity crl = {PKI_NOW - 60, PKI_NOW + PKI_DAY};
    draft_init(&draft);
    struct am_bytes cms = signed_by("ke", packed(&draft));
    assert_int_equal(
        roster_from_wire(cms, member_ders, MEMBERS, trust, PKI_NOW_NS + 91ull * PKI_DAY * NS_PER_S, &detail, &roster),
        AM_EXPIRED);
    struct trust *before = trust;
    pki_write_crl(&pki, "trust/crls/ke-units.crl", &ke->units, 2, ke->registrar, crl);
    assert_int_equal(trust_load(pki_path(&pki, "trust"), NULL, &detail, &trust), AM_OK);
    assert_int_equal(roster_from_wire(cms, member_ders, MEMBERS, trust, PKI_NOW_NS, &detail, &roster), AM_REVOKED);
    // What is known already can be read all the same.
    assert_int_equal(roster_parse(cms, member_ders, MEMBERS, &detail, &roster), AM_OK);
    assert_int_equal(roster_check(roster, trust, PKI_NOW_NS, &detail), AM_REVOKED);
    assert_int_equal(roster_check(roster, before, PKI_NOW_NS, &detail), AM_OK);
    roster_unref(roster);
    trust_unref(trust);
    trust = before;
    free((void *)cms.data);
}

static void a_flip_of_any_bit_is_refused(void **state)
{
    struct draft draft;
    draft_init(&draft);
    struct am_bytes cms = signed_by("ke", packed(&draft));
    uint8_t *changed = malloc(cms.len);
    assert_non_null(changed);
    for (size_t bit = 0; bit < cms.len * 8; bit++) {
        struct roster *roster;
        memcpy(changed, cms.data, cms.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (roster_parse((struct am_bytes){changed, cms.len}, member_ders, MEMBERS, NULL, &roster) == AM_OK)
            fail_msg("a flip of bit %zu was taken", bit);
    }
    free(changed);
    free((void *)cms.data);
}

// The same name with a second set of certificates: each is its own, the name is not.
static void a_name_with_two_sets_of_certificates_is_refused(void **state)
{
    static const enum cert_use uses[MEMBERS] = {CERT_USE_AUTH, CERT_USE_SEAL, CERT_USE_SIGN_DEVICE,
                                                CERT_USE_SIGN_OFFICER};
    struct am_bytes ders[2 * MEMBERS];
    uint8_t more[MEMBERS][32];
    for (unsigned i = 0; i < MEMBERS; i++) {
        X509 *x509 = pki_issue(&pki, "ke", uses[i], i < 3 ? DEVICE : OFFICER, NULL);
        uint8_t *der = NULL;
        int len = i2d_X509(x509, &der);
        ders[i] = member_ders[i];
        ders[MEMBERS + i] = (struct am_bytes){der, (size_t)len};
        assert_true(certs_digest(x509, more[i]));
        X509_free(x509);
    }
    for (unsigned officer = 0; officer < 2; officer++) {
        struct draft draft;
        struct am_detail detail = {0};
        struct roster *roster = NULL;
        draft_init(&draft);
        if (officer) {
            draft.officers[1].uri = (char *)OFFICER;
            draft.officers[1].sign = (ProtobufCBinaryData){32, more[3]};
            draft.roster.n_officers = 2;
        } else {
            draft.devices[1].uri = (char *)DEVICE;
            draft.devices[1].auth = (ProtobufCBinaryData){32, more[0]};
            draft.devices[1].seal = (ProtobufCBinaryData){32, more[1]};
            draft.devices[1].sign = (ProtobufCBinaryData){32, more[2]};
            draft.roster.n_devices = 2;
        }
        struct am_bytes cms = signed_by("ke", packed(&draft));
        size_t first = officer ? MEMBERS + 3 : MEMBERS, count = officer ? 1 : 3;
        memmove(&ders[MEMBERS], &ders[first], count * sizeof ders[0]);
        assert_int_equal(roster_parse(cms, ders, MEMBERS + count, &detail, &roster), AM_INVALID);
        assert_non_null(strstr(detail.text, "stands in the roster twice"));
        free((void *)cms.data);
        for (size_t i = 0; i < count; i++)
            OPENSSL_free((void *)ders[MEMBERS + i].data);
    }
}

static void only_an_officer_alone_signs_a_roster(void **state)
{
    struct draft draft;
    struct am_detail detail = {0};
    struct roster *roster = NULL;
    EVP_PKEY *key;
    X509 *device = pki_issue(&pki, "ke", CERT_USE_SIGN_DEVICE, "amana://ke/registry/desk/device/d1", &key);
    draft_init(&draft);
    struct am_bytes content = packed(&draft), cms;
    assert_int_equal(cms_sign_embedded(content, device, key, NULL, &cms), AM_OK);
    assert_int_equal(roster_parse(cms, member_ders, MEMBERS, &detail, &roster), AM_CERTIFICATE);
    assert_non_null(strstr(detail.text, "an officer, a registrar"));
    free((void *)cms.data);
    // Two registrars: the second signature comes with the identity issue, until then it is one too many.
    cms = signed_by("ke", content);
    const uint8_t *at = cms.data;
    CMS_ContentInfo *both = d2i_CMS_ContentInfo(NULL, &at, (long)cms.len);
    assert_non_null(
        CMS_add1_signer(both, device, key, EVP_sha256(), CMS_REUSE_DIGEST | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES));
    uint8_t *der = NULL;
    int len = i2d_CMS_ContentInfo(both, &der);
    assert_int_equal(roster_parse((struct am_bytes){der, (size_t)len}, member_ders, MEMBERS, &detail, &roster),
                     AM_SIGNATURE);
    assert_non_null(strstr(detail.text, "by one registrar"));
    OPENSSL_free(der);
    CMS_ContentInfo_free(both);
    free((void *)cms.data);
    X509_free(device);
    EVP_PKEY_free(key);
}

static void more_than_a_roster_can_name_is_refused_unread(void **state)
{
    enum { MOST = 3 * LIMIT_DEVICES + LIMIT_OFFICERS };
    struct am_bytes many[MOST + 1];
    struct draft draft;
    struct am_detail detail;
    struct roster *roster = NULL;
    draft_init(&draft);
    for (unsigned i = 0; i <= MOST; i++)
        many[i] = member_ders[i % MEMBERS];
    struct am_bytes cms = signed_by("ke", packed(&draft));
    assert_int_equal(roster_parse(cms, many, MOST, &detail, &roster), AM_INVALID);
    assert_int_equal(roster_parse(cms, many, MOST + 1, &detail, &roster), AM_TOO_LARGE);
    free((void *)cms.data);
    uint8_t *large = calloc(1, LIMIT_ROSTER + 1);
    assert_int_equal(roster_parse((struct am_bytes){large, LIMIT_ROSTER + 1}, many, 0, &detail, &roster), AM_TOO_LARGE);
    assert_int_equal(roster_parse((struct am_bytes){large, LIMIT_ROSTER}, many, 0, &detail, &roster), AM_SIGNATURE);
    free(large);
}

static void numbers_go_up_and_follow_by_digest(void **state)
{
    struct draft draft;
    struct roster *one, *other, *two, *bad, *nine;
    draft_init(&draft);
    assert_int_equal(take(signed_by("ke", packed(&draft)), NULL, &one), AM_OK);
    draft.officers[0].supervisor = false;
    assert_int_equal(take(signed_by("ke", packed(&draft)), NULL, &other), AM_OK);
    draft.roster.number = 2;
    draft.roster.previous = (ProtobufCBinaryData){32, one->digest};
    assert_int_equal(take(signed_by("ke", packed(&draft)), NULL, &two), AM_OK);
    draft.roster.previous = (ProtobufCBinaryData){32, other->digest};
    assert_int_equal(take(signed_by("ke", packed(&draft)), NULL, &bad), AM_OK);
    draft.roster.number = 9;
    assert_int_equal(take(signed_by("ke", packed(&draft)), NULL, &nine), AM_OK);
    assert_int_equal(roster_follows(NULL, two, NULL), AM_OK);
    assert_int_equal(roster_follows(one, one, NULL), AM_EXISTS);
    assert_int_equal(roster_follows(one, other, NULL), AM_CONFLICT);
    assert_int_equal(roster_follows(one, two, NULL), AM_OK);
    assert_int_equal(roster_follows(one, bad, NULL), AM_CONFLICT);
    assert_int_equal(roster_follows(two, one, NULL), AM_ROLLBACK);
    assert_int_equal(roster_follows(two, nine, NULL), AM_OK);
    struct roster elsewhere = {.unit = "ke/dci/other", .number = 20};
    assert_int_equal(roster_follows(nine, &elsewhere, NULL), AM_CONFLICT);
    struct roster *all[] = {one, other, two, bad, nine};
    for (unsigned i = 0; i < AM_LEN(all); i++)
        roster_unref(all[i]);
}

static void a_roster_is_read_from_its_two_files(void **state)
{
    struct draft draft;
    struct am_detail detail = {0};
    struct roster *roster = NULL;
    draft_init(&draft);
    struct am_bytes cms = signed_by("ke", packed(&draft));
    STACK_OF(X509) *stack = sk_X509_new_null();
    for (unsigned i = 0; i < MEMBERS; i++)
        sk_X509_push(stack, members[MEMBERS - 1 - i]);
    pki_write(&pki, "ke.roster", cms);
    assert_int_equal(certs_write_pem(pki_path(&pki, "ke.pem"), stack, NULL), AM_OK);
    if (roster_load(pki_path(&pki, "ke.roster"), trust, PKI_NOW_NS, &detail, &roster) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    assert_int_equal(roster->officers_count, 1);
    roster_unref(roster);
    assert_int_equal(roster_load(pki_path(&pki, "ke.pem"), trust, PKI_NOW_NS, &detail, &roster), AM_INVALID);
    assert_int_equal(roster_load(pki_path(&pki, "et.roster"), trust, PKI_NOW_NS, &detail, &roster), AM_NOT_FOUND);
    while (sk_X509_num(stack) <= 3 * (int)LIMIT_DEVICES + (int)LIMIT_OFFICERS)
        sk_X509_push(stack, members[0]);
    assert_int_equal(certs_write_pem(pki_path(&pki, "ke.pem"), stack, NULL), AM_OK);
    assert_int_equal(roster_load(pki_path(&pki, "ke.roster"), trust, PKI_NOW_NS, &detail, &roster), AM_TOO_LARGE);
    sk_X509_free(stack);
    free((void *)cms.data);
}

static int set_up(void **state)
{
    static const struct {
        enum cert_use use;
        const char *name;
    } rows[MEMBERS] = {{CERT_USE_AUTH, DEVICE},
                       {CERT_USE_SEAL, DEVICE},
                       {CERT_USE_SIGN_DEVICE, DEVICE},
                       {CERT_USE_SIGN_OFFICER, OFFICER}};
    pki_init(&pki);
    pki_write_trust(&pki, NULL);
    for (unsigned i = 0; i < MEMBERS; i++) {
        uint8_t *der = NULL;
        members[i] = pki_issue(&pki, "ke", rows[i].use, rows[i].name, NULL);
        int len = i2d_X509(members[i], &der);
        member_ders[i] = (struct am_bytes){der, (size_t)len};
        if (!certs_digest(members[i], digests[i]))
            return 1;
    }
    return trust_load(pki_path(&pki, "trust"), NULL, NULL, &trust) != AM_OK;
}

static int tear_down(void **state)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        X509_free(members[i]);
        OPENSSL_free((void *)member_ders[i].data);
    }
    trust_unref(trust);
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_roster_is_taken_and_looked_up),
        cmocka_unit_test(each_thing_that_a_roster_may_not_say_is_refused),
        cmocka_unit_test(bytes_that_packing_would_not_give_are_refused),
        cmocka_unit_test(only_a_registrar_of_the_units_country_may_sign),
        cmocka_unit_test(a_revoked_or_expired_registrar_signs_no_new_roster),
        cmocka_unit_test(what_it_says_of_an_officer_is_read_without_its_certificates),
        cmocka_unit_test(a_flip_of_any_bit_is_refused),
        cmocka_unit_test(a_name_with_two_sets_of_certificates_is_refused),
        cmocka_unit_test(only_an_officer_alone_signs_a_roster),
        cmocka_unit_test(more_than_a_roster_can_name_is_refused_unread),
        cmocka_unit_test(numbers_go_up_and_follow_by_digest),
        cmocka_unit_test(a_roster_is_read_from_its_two_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
