// SPDX-License-Identifier: Apache-2.0
// Both CMS profiles on any bytes; what passes a profile must be what OpenSSL reads to its end, with the same counts.
#include "certs/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// OpenSSL's view of the same bytes.
static CMS_ContentInfo *parse(struct am_bytes der)
{
    const uint8_t *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    if (cms != NULL && at != der.data + der.len)
        abort();
    ERR_clear_error();
    return cms;
}

static void inside(struct am_bytes outer, struct am_bytes inner)
{
    if (inner.data < outer.data || inner.data + inner.len > outer.data + outer.len)
        abort();
}

static void try_signature(struct am_bytes der, enum cms_form form)
{
    struct cms_signature signature;
    struct am_detail detail;
    if (cms_profile_signature(der, form, &detail, &signature) != AM_OK)
        return;
    for (size_t i = 0; i < signature.count; i++) {
        inside(der, signature.signers[i].attributes);
        inside(der, signature.signers[i].signature);
        inside(der, signature.certificates[i]);
    }
    CMS_ContentInfo *cms = parse(der);
    if (cms != NULL && (size_t)sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) != signature.count)
        abort();
    CMS_ContentInfo_free(cms);
}

static void try_seal(struct am_bytes der)
{
    static struct cms_seal seal;
    struct am_detail detail;
    if (cms_profile_seal(der, &detail, &seal) != AM_OK)
        return;
    for (size_t i = 0; i < seal.count; i++)
        inside(der, seal.recipients[i].issuer);
    CMS_ContentInfo *cms = parse(der);
    if (cms != NULL && (size_t)sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(cms)) != seal.count)
        abort();
    CMS_ContentInfo_free(cms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct am_bytes der = {data, size};
    try_signature(der, CMS_DETACHED_FORM);
    try_signature(der, CMS_EMBEDDED_FORM);
    try_seal(der);
    return 0;
}
