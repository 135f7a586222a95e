// SPDX-License-Identifier: Apache-2.0
// The second person's signature: another officer, another key, a supervisor of the unit; and nothing else releases.
#include "tests/unit/pki.h"

#include "certs/release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNIT          "ke/dci/transnational"
#define OFFICER(name) "amana://" UNIT "/officer/" name

// Who there is, and how the roster has them.
enum { AUTHOR, SUPERVISOR, CLERK, TWIN, PEOPLE }; // TWIN: a supervisor's name with the author's key
static const struct {
    const char *uri;
    bool supervisor;
} ROWS[PEOPLE] = {
    [AUTHOR] = {OFFICER("author"), true},
    [SUPERVISOR] = {OFFICER("supervisor"), true},
    [CLERK] = {OFFICER("clerk"), false},
    [TWIN] = {OFFICER("twin"), true},
};

static struct pki pki;
static struct roster_officer officers[PEOPLE];
static X509 *certificates[PEOPLE];
static EVP_PKEY *keys[PEOPLE];
static struct roster roster = {.unit = UNIT, .number = 7, .officers_count = PEOPLE, .officers = officers};
static const struct am_bytes HEADER = {(const uint8_t *)"a header", 8};

static struct am_bytes signed_by(struct am_bytes content, unsigned who)
{
    struct am_bytes der;
    assert_int_equal(cms_sign(content, certificates[who], keys[who], NULL, &der), AM_OK);
    return der;
}

static struct am_bytes signed_too(struct am_bytes first, unsigned who)
{
    struct am_bytes der;
    struct am_detail detail = {0};
    enum am_err err = cms_sign_also(first, certificates[who], keys[who], &detail, &der);
    if (err != AM_OK)
        fail_msg("%s", detail.text);
    free((void *)first.data);
    return der;
}

// Takes the signature over.
static enum am_err judged(struct am_bytes der, bool deferred, const struct roster_officer **ret_supervisor)
{
    struct cms_signature signature;
    struct am_detail detail = {0};
    assert_int_equal(cms_profile_signature(der, CMS_DETACHED_FORM, &detail, &signature), AM_OK);
    enum am_err err = release_check(&signature, HEADER, &officers[AUTHOR], &roster, deferred, &detail, ret_supervisor);
    assert_int_equal(err == AM_OK, detail.text[0] == '\0');
    free((void *)der.data);
    return err;
}

static void a_second_signer_leaves_the_first_as_it_is(void **state)
{
    struct am_bytes one = signed_by(HEADER, AUTHOR), copy = {malloc(one.len), one.len}, two;
    struct cms_signature before, after;
    memcpy((void *)copy.data, one.data, one.len);
    assert_int_equal(cms_profile_signature(copy, CMS_DETACHED_FORM, NULL, &before), AM_OK);
    two = signed_too(one, SUPERVISOR);
    assert_int_equal(cms_profile_signature(two, CMS_DETACHED_FORM, NULL, &after), AM_OK);
    assert_int_equal(after.count, 2);
    const struct cms_signer *first = cms_signer_find(&after, &officers[AUTHOR].sign);
    assert_non_null(first);
    assert_int_equal(first->signature.len, before.signers[0].signature.len);
    assert_memory_equal(first->signature.data, before.signers[0].signature.data, first->signature.len);
    assert_int_equal(
        cms_verify_full(two, CMS_DETACHED_FORM, HEADER, (X509 *[]){certificates[0], certificates[1]}, 2, NULL), AM_OK);
    assert_int_equal(cms_sign_also(two, certificates[CLERK], keys[CLERK], NULL, &one), AM_SIGNATURE); // a third
    free((void *)copy.data);
    free((void *)two.data);
}

static void a_supervisor_beside_the_author_releases(void **state)
{
    const struct roster_officer *supervisor = NULL;
    assert_int_equal(judged(signed_too(signed_by(HEADER, AUTHOR), SUPERVISOR), false, &supervisor), AM_OK);
    assert_ptr_equal(supervisor, &officers[SUPERVISOR]);
    supervisor = NULL;
    assert_int_equal(judged(signed_by(HEADER, SUPERVISOR), true, &supervisor), AM_OK);
    assert_ptr_equal(supervisor, &officers[SUPERVISOR]);
}

static void nobody_else_does(void **state)
{
    static const struct am_bytes OTHER = {(const uint8_t *)"another!", 8};
    const struct roster_officer *supervisor;
    assert_int_equal(judged(signed_by(HEADER, AUTHOR), false, &supervisor), AM_DENIED); // alone, and one's own
    assert_int_equal(judged(signed_by(HEADER, AUTHOR), true, &supervisor), AM_DENIED);
    assert_int_equal(judged(signed_too(signed_by(HEADER, AUTHOR), CLERK), false, &supervisor), AM_DENIED);
    assert_int_equal(judged(signed_too(signed_by(HEADER, AUTHOR), TWIN), false, &supervisor), AM_DENIED);
    assert_int_equal(judged(signed_by(HEADER, SUPERVISOR), false, &supervisor), AM_SIGNATURE); // without the author
    assert_int_equal(judged(signed_too(signed_by(HEADER, AUTHOR), SUPERVISOR), true, &supervisor), AM_SIGNATURE);
    assert_int_equal(judged(signed_too(signed_by(HEADER, CLERK), SUPERVISOR), false, &supervisor), AM_NOT_FOUND);
    assert_int_equal(judged(signed_by(OTHER, SUPERVISOR), true, &supervisor), AM_SIGNATURE);
    roster.officers_count = 1; // the supervisor is on it no more
    assert_int_equal(judged(signed_too(signed_by(HEADER, AUTHOR), SUPERVISOR), false, &supervisor), AM_NOT_FOUND);
    roster.officers_count = PEOPLE;
}

static void a_supervisor_alone_signs_what_goes_back(void **state)
{
    const struct roster_officer *supervisor = NULL;
    struct am_detail detail;
    struct am_bytes good = signed_by(HEADER, SUPERVISOR), clerks = signed_by(HEADER, CLERK);
    assert_int_equal(release_check_returned(HEADER, good, &roster, ROWS[SUPERVISOR].uri, &detail, &supervisor), AM_OK);
    assert_ptr_equal(supervisor, &officers[SUPERVISOR]);
    assert_int_equal(release_check_returned(HEADER, clerks, &roster, ROWS[CLERK].uri, &detail, &supervisor), AM_DENIED);
    assert_int_equal(release_check_returned(HEADER, clerks, &roster, ROWS[SUPERVISOR].uri, &detail, &supervisor),
                     AM_SIGNATURE);
    assert_int_equal(release_check_returned(HEADER, good, &roster, OFFICER("nobody"), &detail, &supervisor),
                     AM_NOT_FOUND);
    free((void *)good.data);
    free((void *)clerks.data);
}

static int begin(void **state)
{
    pki_init(&pki);
    for (unsigned i = 0; i < PEOPLE; i++) {
        certificates[i] = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, ROWS[i].uri, &keys[i]);
        if (i == TWIN) {
            X509_free(certificates[i]);
            EVP_PKEY_free(keys[i]);
            EVP_PKEY_up_ref(keys[AUTHOR]);
            keys[i] = keys[AUTHOR];
            certificates[i] = issue_end(&pki_country(&pki, "ke")->units, CERT_USE_SIGN_OFFICER, ROWS[i].uri, keys[i],
                                        (struct validity){PKI_NOW - PKI_DAY, PKI_NOW + PKI_DAY});
        }
        if (certificate_init(&officers[i].sign, certificates[i], NULL) != AM_OK ||
            identity_parse(ROWS[i].uri, strlen(ROWS[i].uri), NULL, &officers[i].identity) != AM_OK)
            return 1;
        officers[i].supervisor = ROWS[i].supervisor;
    }
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        certificate_clear(&officers[i].sign);
        X509_free(certificates[i]);
        EVP_PKEY_free(keys[i]);
    }
    pki_clear(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_signer_leaves_the_first_as_it_is),
        cmocka_unit_test(a_supervisor_beside_the_author_releases),
        cmocka_unit_test(nobody_else_does),
        cmocka_unit_test(a_supervisor_alone_signs_what_goes_back),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
