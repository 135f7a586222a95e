// SPDX-License-Identifier: Apache-2.0
// What a registrar signs for its country: the signature by the profile, and whether it was its to give.
#include "certs/registrar.h"

#include "certs/cms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum am_err signature_check(struct registrar_signed *opened, const char *what, struct am_detail *detail)
{
    struct cms_signature signature;
    TRY(cms_profile_signature(opened->file, CMS_EMBEDDED_FORM, detail, &signature));
    if (signature.count != 1)
        return am_fail(AM_SIGNATURE, detail, what, "it must be signed by one registrar");
    TRY(certificate_init_der(&opened->registrar, signature.certificates[0], detail));
    if (opened->registrar.use != CERT_USE_SIGN_OFFICER)
        return am_fail(AM_CERTIFICATE, detail, what, "it must be signed by an officer, a registrar");
    TRY(cms_verify_bare(&signature, signature.content, &opened->registrar, detail));
    if (!certs_sha256(signature.content.data, signature.content.len, opened->digest))
        return AM_NOMEM;
    opened->content = signature.content;
    return AM_OK;
}

enum am_err registrar_open(struct am_bytes cms, size_t limit, const char *what, struct am_detail *detail,
                           struct registrar_signed *ret_signed)
{
    struct registrar_signed opened = {0};
    if (cms.len > limit)
        return am_fail(AM_TOO_LARGE, detail, what, "it has %zu bytes, allowed are %zu", cms.len, limit);
    uint8_t *copy = malloc(cms.len + 1); // all that is read points into it
    if (copy == NULL)
        return AM_NOMEM;
    if (cms.len > 0)
        memcpy(copy, cms.data, cms.len);
    opened.file = (struct am_bytes){copy, cms.len};
    enum am_err err = signature_check(&opened, what, detail);
    if (err == AM_OK)
        *ret_signed = opened;
    else
        registrar_clear(&opened);
    return err;
}

void registrar_clear(struct registrar_signed *opened)
{
    certificate_clear(&opened->registrar);
    free((void *)opened->file.data);
    *opened = (struct registrar_signed){0};
}

enum am_err registrar_check(const struct certificate *registrar, const char *unit, const char *what,
                            const struct trust *trust, uint64_t now_ns, struct am_detail *detail)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    if (strcmp(registrar->identity.country, country) != 0 || !trust_is_registrar(trust, country, registrar->digest))
        return am_fail(AM_DENIED, detail, unit, "%s, who signed its %s, is no registrar of \"%s\" in trust.conf",
                       registrar->identity.uri, what, country);
    return certs_check(trust, registrar->x509, CERT_USE_SIGN_OFFICER, now_ns, detail, NULL);
}

enum am_err registrar_path(const char *folder, const char *unit, const char *suffix, struct am_detail *detail,
                           char ret_path[PATH_MAX])
{
    size_t at = strlen(folder) + 1;
    int len = snprintf(ret_path, PATH_MAX, "%s/%s%s", folder, unit, suffix);
    if (len < 0 || len >= PATH_MAX)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    for (char *c = ret_path + at; c < ret_path + at + strlen(unit); c++)
        *c = *c == '/' ? '.' : *c;
    return AM_OK;
}
