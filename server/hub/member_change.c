// SPDX-License-Identifier: Apache-2.0
// A member's row anew, by a registrar of its country: entries first, in force once they are durable.
#include "server/hub/internal.h"

#include "proto/model/address.h"
#include "proto/model/member.h"

#include <stdio.h>
#include <string.h>

static enum reason invalid(struct hub_work *work, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, &work->detail, field, "%s", text);
    return REASON_FIELD_INVALID;
}

// A registrar, of the unit's country, about another than itself: a change always takes two who are not one.
static enum reason judge_registrar(const struct hub *hub, struct hub_member_change *change)
{
    struct hub_work *work = &change->work;
    if (!hub_is_registrar(hub, work->unit))
        return hub_not_permitted(work, "");
    if (member_check(change->record, &work->detail) != AM_OK)
        return REASON_FIELD_INVALID;
    if (!address_same_country(work->unit, change->record->unit) || strcmp(work->unit, change->record->unit) == 0)
        return hub_not_permitted(work, "member.unit");
    return REASON_NONE;
}

// --- Countries. What a row has had goes on: it is mended one piece at a time.
static bool had_party(const struct hub_member *before, const char *party)
{
    for (size_t i = 0; before != NULL && i < before->n_grants; i++)
        for (size_t j = 0; j < before->grants[i].n_parties; j++)
            if (strcmp(before->grants[i].parties[j], party) == 0)
                return true;
    return false;
}

static bool had_scope(const struct hub_member *before, const char *country)
{
    for (size_t i = 0; before != NULL && i < before->n_scope; i++)
        if (strcmp(before->scope[i], country) == 0)
            return true;
    return false;
}

// `party` begins with its country, or is one.
static bool country_fits(const struct hub *hub, struct hub_work *work, const char *field, const char *party)
{
    char country[ADDRESS_COUNTRY_MAX + 1], known[160];
    address_country(party, country);
    if (party[0] == '\0' || strcmp(country, "*") == 0 || hub_country_known(hub, country))
        return true;
    hub_countries_text(hub, known, sizeof known);
    (void)am_fail(
        AM_INVALID, &work->detail, field,
        "has \"%s\", which is no country of the hub's trust.conf: that has %s; its operator writes it there first",
        country, known);
    return false;
}

static enum reason judge_countries(const struct hub *hub, struct hub_member_change *change,
                                   const struct hub_member *before)
{
    const Amana__V1__MemberRecord *record = change->record;
    struct hub_work *work = &change->work;
    bool fits = country_fits(hub, work, "member.deputy", record->said->deputy) &&
                country_fits(hub, work, "member.successor", record->said->successor);
    for (size_t i = 0; fits && i < record->said->n_scope; i++)
        fits = had_scope(before, record->said->scope[i]) ||
               country_fits(hub, work, "member.scope", record->said->scope[i]);
    for (size_t i = 0; fits && i < record->n_grants; i++) {
        char field[48];
        snprintf(field, sizeof field, "member.grants[%zu].parties", i);
        for (size_t j = 0; fits && j < record->grants[i]->n_parties; j++) {
            const char *party = record->grants[i]->parties[j];
            fits = had_party(before, party) || country_fits(hub, work, field, party);
        }
    }
    return fits ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason judge(const struct hub *hub, struct hub_member_change *change)
{
    const Amana__V1__MemberRecord *record = change->record;
    const struct hub_unit *unit = hub_unit_find(hub, record->unit);
    const struct hub_member *before = unit != NULL ? unit->member : NULL;
    enum reason reason = judge_registrar(hub, change);
    if (reason != REASON_NONE)
        return reason;
    if (unit != NULL && unit->member_pending)
        return REASON_BUSY;
    if (record->revision != (unit != NULL ? unit->revision : 0) + 1) {
        (void)am_fail(AM_INVALID, &change->work.detail, "member.revision",
                      "the row has been changed meanwhile: look at it again, then change it");
        return REASON_STATE_FORBIDS;
    }
    if (before == NULL && record->said->role[0] == '\0')
        return hub_not_permitted(&change->work, "member.unit");
    if (before != NULL && record->said->role[0] != '\0' &&
        member_role_carries(before->role_name) != member_role_carries(record->said->role))
        return invalid(&change->work, "member.role",
                       "must not go from carrying messages to an office or back: remove the unit first");
    return judge_countries(hub, change, before);
}

static enum am_err change_append(struct hub_step *step, struct hub_member_change *change)
{
    const Amana__V1__MemberRecord *record = change->record;
    struct hub_unit *unit;
    struct hub_pending *pending;
    TRY(hub_unit_room(step->hub, record->unit, &unit));
    TRY(hub_pending_new(step, PURPOSE_MEMBER, &change->work, 2, &pending));
    pending->append.essential = true;
    pending->unit = unit;
    pending->revision = record->revision;
    enum am_err err = hub_member_entry(pending, unit->member, record, change->work.identity, change->sha256);
    if (err == AM_OK && record->said->role[0] != '\0') {
        pending->member = hub_member_copy(record);
        err = pending->member != NULL ? AM_OK : AM_NOMEM;
    }
    if (err != AM_OK) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    unit->member_pending = true;
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_member(struct hub_step *step)
{
    struct hub_member_change *change = step->event->member;
    struct hub_work *work = &change->work;
    TRY(hub_actions_room(step->actions, 1));
    if (hub_turned_away(step, work))
        return AM_OK;
    TRY(hub_work_begin(step, work));
    enum reason reason = judge(step->hub, change);
    if (reason == REASON_BUSY) {
        hub_reply_retry(step, work, reason);
        return AM_OK;
    }
    return reason != REASON_NONE ? hub_refuse(step, work, reason, NULL, NULL) : change_append(step, change);
}
