// SPDX-License-Identifier: Apache-2.0
// Who may release, told by the signature and the roster.
#include "certs/release.h"

#include <string.h>

const struct roster_officer *release_signer(const struct cms_signature *signature, const char *author,
                                            const struct roster *releasing)
{
    for (size_t i = 0; i < releasing->officers_count; i++)
        if (strcmp(releasing->officers[i].identity.uri, author) != 0 &&
            cms_signer_find(signature, &releasing->officers[i].sign) != NULL)
            return &releasing->officers[i];
    return NULL;
}

static enum am_err check_supervisor(const struct roster_officer *officer, const struct roster *releasing,
                                    struct am_detail *detail)
{
    if (officer->supervisor)
        return AM_OK;
    return am_fail(AM_DENIED, detail, "signature", "%s is not marked as a supervisor on roster %llu of %s",
                   officer->identity.uri, (unsigned long long)releasing->number, releasing->unit);
}

enum am_err release_check(const struct cms_signature *signature, struct am_bytes header,
                          const struct roster_officer *author, const struct roster *releasing, bool deferred,
                          struct am_detail *detail, const struct roster_officer **ret_supervisor)
{
    const struct roster_officer *supervisor = release_signer(signature, author->identity.uri, releasing);
    if (supervisor == NULL && cms_signer_find(signature, &author->sign) != NULL && (deferred || signature->count == 1))
        return am_fail(AM_DENIED, detail, "signature", "is the author's own: a second person must release it");
    if (supervisor == NULL)
        return am_fail(AM_NOT_FOUND, detail, "signature", "no officer on roster %llu of %s has signed it",
                       (unsigned long long)releasing->number, releasing->unit);
    TRY(check_supervisor(supervisor, releasing, detail));
    if (EVP_PKEY_eq(supervisor->sign.key, author->sign.key) == 1)
        return am_fail(AM_DENIED, detail, "signature", "is made with the author's own key");
    if (signature->count != (deferred ? 1 : 2))
        return am_fail(AM_SIGNATURE, detail, "signature",
                       deferred ? "must have one signer, the supervisor"
                                : "must have two signers, the header's officer and the supervisor");
    if (!deferred)
        TRY(cms_verify_bare(signature, header, &author->sign, detail));
    TRY(cms_verify_bare(signature, header, &supervisor->sign, detail));
    *ret_supervisor = supervisor;
    return AM_OK;
}

enum am_err release_check_returned(struct am_bytes statement, struct am_bytes signature, const struct roster *releasing,
                                   const char *officer, struct am_detail *detail,
                                   const struct roster_officer **ret_supervisor)
{
    const struct roster_officer *supervisor = roster_officer_by_uri(releasing, officer);
    struct cms_signature parsed;
    if (supervisor == NULL)
        return am_fail(AM_NOT_FOUND, detail, "statement.officer", "is not on roster %llu of %s",
                       (unsigned long long)releasing->number, releasing->unit);
    TRY(check_supervisor(supervisor, releasing, detail));
    TRY(cms_profile_signature(signature, CMS_DETACHED_FORM, detail, &parsed));
    if (parsed.count != 1)
        return am_fail(AM_SIGNATURE, detail, "signature", "must have one signer, the supervisor");
    enum am_err err = cms_verify_bare(&parsed, statement, &supervisor->sign, detail);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_SIGNATURE : err;
    *ret_supervisor = supervisor;
    return AM_OK;
}
