// SPDX-License-Identifier: Apache-2.0
// Rule 11, before a message is sealed.
#include "client/session/onward.h"

#include "client/session/policy.h"
#include "client/session/seal.h"
#include "proto/model/address.h"
#include "proto/model/rules.h"

#include <stdio.h>
#include <string.h>

static bool has_part(struct session *session, const Amana__V1__Header *about, const char *unit)
{
    if (about->releasing != NULL && strcmp(about->releasing->unit, unit) == 0)
        return true;
    for (size_t i = 0; i <= about->n_recipients; i++) {
        const char *party = i < about->n_recipients ? about->recipients[i]->unit : about->sender->unit;
        const char *protection = trust_protection_of(session->trust, party);
        if (strcmp(party, unit) == 0 || (protection != NULL && strcmp(protection, unit) == 0))
            return true;
    }
    return false;
}

static Amana__V1__Header *header_kept(struct session *session, const char *id, struct arena *arena)
{
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    if (store_get_any(session->store, id, arena, &box, &kept) != AM_OK ||
        seal_header(kept->message, arena, NULL, &header) != AM_OK)
        return NULL;
    return header;
}

static bool names_unit(struct session *session, const Amana__V1__Header *header, const char *unit, struct arena *arena)
{
    for (size_t i = 0; i < header->n_references; i++) {
        const Amana__V1__Header *decision = header_kept(session, header->references[i]->id, arena);
        for (size_t j = 0; decision != NULL && decision->kind == KIND(DECISION) && j < decision->n_granted_to; j++)
            if (strcmp(decision->granted_to[j], unit) == 0)
                return true;
    }
    return false;
}

static bool within_agency(struct session *session, const char *own, const char *unit)
{
    return address_same_agency(unit, own) &&
           (!policy_known(session) || policy_onward(policy_kept(session), unit) != NULL);
}

static enum reason check_h2(struct session *session, const Amana__V1__Header *header, const char *id,
                            struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const char *own = header->sender->unit;
    arena_init(&arena, 16u * 1024 * 1024);
    const Amana__V1__Header *about = header_kept(session, id, &arena);
    if (about == NULL || !rule_h2(about) || strcmp(about->sender->unit, own) == 0)
        return REASON_NONE;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        char field[48];
        if (has_part(session, about, unit) || within_agency(session, own, unit) ||
            names_unit(session, header, unit, &arena))
            continue;
        snprintf(field, sizeof field, "recipients[%zu].unit", i);
        (void)am_fail(AM_DENIED, detail, field,
                      "%.13s is marked H2, not to be passed on without permission (within an agency: to those that "
                      "policy names): leave %s out, or ask %s first (`amana permit ask %.13s --uses PASS_ON`)",
                      id, unit, about->sender->unit, id);
        return REASON_HANDLING_FORBIDS;
    }
    return REASON_NONE;
}

enum reason onward_check(struct session *session, const Amana__V1__Header *header, struct am_detail *detail)
{
    enum reason reason =
        header->in_reply_to != NULL ? check_h2(session, header, header->in_reply_to->id, detail) : REASON_NONE;
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++)
        reason = check_h2(session, header, header->references[i]->id, detail);
    return reason;
}
