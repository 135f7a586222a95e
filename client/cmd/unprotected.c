// SPDX-License-Identifier: Apache-2.0
// Whom to tell of a child that no protection unit was told of.
#include "client/cmd/unprotected.h"

#include "client/cmd/command.h"
#include "client/cmd/print.h"
#include "client/session/directory.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"
#include "proto/model/rules.h"

#include <string.h>

// By what the trust list and the directory say now: it may have joined since.
static void words(struct session *session, const Amana__V1__Header *header, const char *now, char *text, size_t size)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const char *own = header->sender->unit, *named = trust_protection_of(session->trust, own);
    char country[ADDRESS_COUNTRY_MAX + 1];
    Amana__V1__Member *member;
    arena_init(&arena, ARENA_VERB);
    address_country(own, country);
    int len = snprintf(text, size,
                       "a child is concerned, and no protection unit of %s was told: none could be reached. It went "
                       "because it is urgent, and the hub has entered an ALARM. ",
                       country);
    text += len;
    size -= (size_t)len;
    if (now != NULL)
        snprintf(text, size, "%s can be reached by now: `amana note %.13s --title … --text …` goes to it too", now,
                 header->id);
    else if (named != NULL && directory_member(session, named, &arena, &member) == AM_OK &&
             member->telephone[0] != '\0')
        snprintf(text, size, "Telephone %s, %s, and write down who was told and when", named, member->telephone);
    else
        snprintf(text, size,
                 "Telephone %s%.95s (the directory has no number of it), and write down who was told and when",
                 named != NULL ? "" : "the child protection office of your country", named != NULL ? named : "");
}

void unprotected_look(struct session *session, const Amana__V1__Kept *kept, struct unprotected *ret_unprotected)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Header *header;
    struct opened opened;
    *ret_unprotected = (struct unprotected){0};
    arena_init(&arena, ARENA_VERB);
    if (kept->entry == NULL || seal_header(kept->message, &arena, &detail, &header) != AM_OK ||
        strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) != 0 || !second_sent(kept, header))
        return;
    const struct urgency *urgency = urgency_get((unsigned)header->urgency);
    const char *named = trust_protection_of(session->trust, header->sender->unit);
    const char *now = directory_protection_of(session, header->sender->unit);
    if (urgency == NULL || !urgency->reason || rule_protected(header, named) || rule_protected(header, now) ||
        seal_open_kept(session, kept, &arena, &detail, &opened) != AM_OK || !rule_concerns_child(header, opened.flags))
        return;
    ret_unprotected->is = true;
    words(session, header, now, ret_unprotected->text, sizeof ret_unprotected->text);
}

void unprotected_print(const struct unprotected *unprotected, FILE *out)
{
    if (unprotected->is)
        fprintf(out, "  %sALARM%s     %s\n", print_on(PRINT_RED), print_off(), unprotected->text);
}
