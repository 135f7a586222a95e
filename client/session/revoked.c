// SPDX-License-Identifier: Apache-2.0
// A hub ends the sessions of a device that is revoked, and gives it nothing; its key opens what it gets hold of all the
// same.
#include "client/session/revoked.h"

#include "client/session/directory.h"
#include "proto/model/header.h"

#include <stdio.h>
#include <string.h>

static bool is_revoked(const struct session *session, const struct roster_device *device)
{
    struct trust_revocation revocation;
    return trust_revocation(session->trust, device->auth.x509, &revocation) ||
           trust_revocation(session->trust, device->seal.x509, &revocation);
}

static const char *last_part(const char *uri)
{
    const char *slash = strrchr(uri, '/');
    return slash != NULL ? slash + 1 : uri;
}

void revoked_words(struct session *session, const char *unit, char ret_text[REVOKED_TEXT])
{
    struct am_detail detail = {0};
    struct roster *roster;
    size_t n = 0, first = 0;
    ret_text[0] = '\0';
    if (directory_kept(session, unit, &detail, &roster) != AM_OK)
        return;
    for (size_t i = roster->devices_count; i-- > 0;) {
        if (!is_revoked(session, &roster->devices[i]))
            continue;
        first = i;
        n++;
    }
    if (n > 0 && n == roster->devices_count)
        snprintf(
            ret_text, REVOKED_TEXT,
            "every device of %s is revoked: nobody there can fetch what is sent; telephone, and have its registrar "
            "sign a roster of good ones",
            unit);
    else if (n > 0)
        snprintf(
            ret_text, REVOKED_TEXT,
            "device %s of %s%s revoked, and on its roster still: who has the key could open what is sent; have its "
            "registrar sign a roster without it",
            last_part(roster->devices[first].identity.uri), unit, n > 1 ? " and others are" : " is");
    roster_unref(roster);
}

static void tell_of(struct session *session, const char *unit, void (*tell)(const char *words))
{
    char words[REVOKED_TEXT];
    revoked_words(session, unit, words);
    if (words[0] != '\0')
        tell(words);
}

void revoked_each(struct session *session, const Amana__V1__Header *header, void (*tell)(const char *words))
{
    const char *sender = header->sender->unit,
               *releasing = header->releasing != NULL ? header->releasing->unit : sender;
    tell_of(session, sender, tell);
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(header->recipients[i]->unit, sender) != 0)
            tell_of(session, header->recipients[i]->unit, tell);
    if (strcmp(releasing, sender) != 0 && header_recipient(header, releasing) == NULL)
        tell_of(session, releasing, tell);
}
