// SPDX-License-Identifier: Apache-2.0
// A trust folder on disk and what is loaded of it, for the tests of trust.
#include "tests/unit/trust_kit.h"

#include "tests/unit/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct pki pki;

struct trust *load(const struct trust *previous)
{
    struct trust *trust = NULL;
    struct am_detail detail = {0};
    if (trust_load(pki_path(&pki, "trust"), previous, &detail, &trust) != AM_OK)
        fail_msg("%s:%u: %s", detail.field, detail.line, detail.text);
    return trust;
}

enum am_err load_err(const struct trust *previous, struct am_detail *detail)
{
    struct trust *trust = NULL;
    enum am_err err = trust_load(pki_path(&pki, "trust"), previous, detail, &trust);
    trust_unref(trust);
    return err;
}

int set_up(void **state)
{
    pki_init(&pki);
    return 0;
}

int tear_down(void **state)
{
    pki_clear(&pki);
    return 0;
}
