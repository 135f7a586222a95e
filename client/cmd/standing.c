// SPDX-License-Identifier: Apache-2.0
// Whether what a registrar signed is believed, and how much longer.
#include "client/cmd/standing.h"

#include "certs/registrar.h"

#include <bsd/string.h>
#include <stdio.h>

void standing_of(const struct session *session, const struct certificate *registrar, const char *unit, const char *what,
                 struct standing *ret_standing)
{
    struct am_detail why = {0};
    uint64_t now_ns = session_now(session);
    enum am_err err = registrar_check(registrar, unit, what, session->trust, now_ns, &why);
    bool good = err == AM_OK;
    *ret_standing = (struct standing){.ends = good && certs_ends_soon(registrar->x509, now_ns),
                                      .vouched = good || err == AM_EXPIRED};
    memcpy(ret_standing->certificate, registrar->digest, sizeof ret_standing->certificate);
    if (!good)
        (void)strlcpy(ret_standing->why, why.text[0] != '\0' ? why.text : "its certificate is good no more",
                      sizeof ret_standing->why);
}

bool standing_falls(const struct standing *standing)
{
    return standing->ends || standing->why[0] != '\0';
}

void standing_words(unsigned n, const char *what, const char *verb, char ret_text[STANDING_TEXT])
{
    ret_text[0] = '\0';
    if (n > 0)
        snprintf(ret_text, STANDING_TEXT,
                 "%u %s%s of this country's units rest%s on a certificate that ends within 14 days or is good no more: "
                 "`amana %s` with one that lasts",
                 n, what, n == 1 ? "" : "s", n == 1 ? "s" : "", verb);
}
