// SPDX-License-Identifier: Apache-2.0
// Directory.Units and Directory.Policy: whom a unit may write to and how they are reached, and what policy says about
// what it sends.
#include "amana/v1/directory.pb-c.h"
#include "amana/v1/record.pb-c.h"
#include "proto/model/member.h"
#include "server/net/question.h"

#include <string.h>

// --- Units
struct units_walk {
    struct question *question;
    const char *own;
    const Amana__V1__MemberRecord *member; // the caller's row
    Amana__V1__UnitsResponse *response;
    size_t room;
};

static bool is_protection_unit(const struct units_walk *walk, const char *unit)
{
    return trust_is_protection(registry_trust(walk->question->registry), unit);
}

// The kinds that the caller's grants name to this unit.
static uint32_t kinds_towards(const Amana__V1__MemberRecord *member, const char *unit)
{
    uint32_t kinds = 0;

    for (size_t i = 0; i < member->n_grants; i++) {
        const Amana__V1__GrantRecord *grant = member->grants[i];
        bool named = false;
        for (size_t p = 0; p < grant->n_parties; p++)
            named |= address_matches(grant->parties[p], unit);
        for (size_t k = 0; named && k < grant->n_kinds; k++)
            kinds |= kind_get((unsigned)grant->kinds[k]) != NULL ? KIND_BIT(grant->kinds[k]) : 0;
    }
    return kinds;
}

static enum am_err unit_fill(struct units_walk *walk, const Amana__V1__MemberRecord *record, uint32_t kinds,
                             Amana__V1__UnitRow *row)
{
    struct roster *roster = registry_roster(walk->question->registry, record->unit);

    amana__v1__unit_row__init(row);
    row->unit = record->unit;
    row->said = record->said;
    row->roster = roster != NULL ? roster->number : 0;
    row->protection_unit = is_protection_unit(walk, record->unit);
    row->kinds = arena_array(&walk->question->reply, KIND_COUNT, sizeof *row->kinds);
    if (row->kinds == NULL)
        return arena_error(&walk->question->reply);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        if ((kinds & KIND_BIT(kind)) != 0)
            row->kinds[row->n_kinds++] = (Amana__V1__Kind__Code)kind;
    return AM_OK;
}

static enum am_err unit_take(void *user, const struct journal_record *found)
{
    struct units_walk *walk = user;
    struct arena *arena = &walk->question->reply;
    Amana__V1__UnitsResponse *response = walk->response;
    Amana__V1__MemberRecord *record;
    bool own = strcmp(found->key, walk->own) == 0;
    uint32_t kinds = kinds_towards(walk->member, found->key);

    if (!own && kinds == 0 && !is_protection_unit(walk, found->key))
        return AM_OK;
    TRY(codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, found->value, arena, NULL,
                     (ProtobufCMessage **)&record));
    if (record->said == NULL)
        return AM_CORRUPT;
    if (!member_role_carries(record->said->role) && strcmp(record->said->role, "dpo") != 0)
        return AM_OK;
    if (response->n_units == walk->room) {
        size_t room = walk->room == 0 ? 16 : walk->room * 2;
        Amana__V1__UnitRow **units = arena_array(arena, room, sizeof *units);
        if (units == NULL)
            return arena_error(arena);
        for (size_t i = 0; i < response->n_units; i++)
            units[i] = response->units[i];
        response->units = units;
        walk->room = room;
    }
    Amana__V1__UnitRow *row = arena_alloc(arena, sizeof *row);
    if (row == NULL)
        return arena_error(arena);
    TRY(unit_fill(walk, record, own ? 0 : kinds, row));
    response->units[response->n_units++] = row;
    return AM_OK;
}

static void units_ask(struct question *question, struct worker *worker)
{
    Amana__V1__UnitsResponse response = AMANA__V1__UNITS_RESPONSE__INIT;
    Amana__V1__MemberRecord *member;
    struct units_walk walk = {.question = question, .own = question->call.peer->identity.unit, .response = &response};
    struct journal_record own;
    enum am_err err = store_record(worker->view, JOURNAL_RECORD_MEMBER, walk.own, 0, &own);

    if (err == AM_OK)
        err = codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, own.value, &question->reply, NULL,
                           (ProtobufCMessage **)&member);
    if (err == AM_OK) {
        walk.member = member;
        err = store_records(worker->view, JOURNAL_RECORD_MEMBER, unit_take, &walk);
    }
    if (err == AM_OK)
        question_answer(question, &response.base);
    else
        question_fail(question, err);
}

static void units_begin(struct call *call)
{
    question_begin(call, units_ask);
}

const struct method METHOD_UNITS = {
    .path = "/amana.v1.Directory/Units",
    .request = &amana__v1__units_request__descriptor,
    .max_request = 64,
    .arena = 4096,
    .size = sizeof(struct question),
    .begin = units_begin,
    .clear = question_clear,
};

// --- Policy: what concerns the caller. A row that names one unit is shown to whom may write to that one.
struct policy_view {
    const struct hub *hub;
    const struct policy *policy;
    const char *own;
    struct arena *arena;
    Amana__V1__PolicyResponse *response;
};

static bool party_shown(const struct policy_view *view, const char *party)
{
    return strchr(party, '*') != NULL || strcmp(party, view->own) == 0 || hub_may_write(view->hub, view->own, party);
}

// Room for n rows of `size` bytes and the pointers to them.
static void *rows_room(struct arena *arena, size_t n, size_t size, void *ret_list)
{
    void *rows = arena_array(arena, n + 1, size), *list = arena_array(arena, n + 1, sizeof(void *));

    memcpy(ret_list, &list, sizeof list);
    return list != NULL ? rows : NULL;
}

static enum am_err show_ceilings(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicyCeiling *row = rows_room(view->arena, policy->n_ceilings, sizeof *row, &response->ceilings);

    if (row == NULL)
        return arena_error(view->arena);
    for (size_t i = 0; i < policy->n_ceilings; i++) {
        if (!party_shown(view, policy->ceilings[i].party))
            continue;
        amana__v1__policy_ceiling__init(row);
        row->party = policy->ceilings[i].party;
        row->classification = policy->ceilings[i].classification;
        response->ceilings[response->n_ceilings++] = row++;
    }
    return AM_OK;
}

static enum am_err show_retention(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicyRetention *row = rows_room(view->arena, KIND_COUNT, sizeof *row, &response->retentions);

    if (row == NULL)
        return arena_error(view->arena);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        if (policy->retention_days[kind] == 0)
            continue;
        amana__v1__policy_retention__init(row);
        row->kind = (Amana__V1__Kind__Code)kind;
        row->days = policy->retention_days[kind];
        response->retentions[response->n_retentions++] = row++;
    }
    return AM_OK;
}

static enum am_err default_fill(struct policy_view *view, const struct policy_default *from,
                                Amana__V1__PolicyDefault *row)
{
    amana__v1__policy_default__init(row);
    row->from = (char *)from->from;
    row->to = (char *)from->to;
    row->purpose = from->purpose;
    row->legal_basis = from->legal_basis;
    row->agreement_ref = (char *)from->agreement;
    row->retention_days = from->retention_days;
    row->handling = arena_array(view->arena, 8, sizeof *row->handling);
    if (row->handling == NULL)
        return arena_error(view->arena);
    for (unsigned code = 1; code < 8; code++)
        if ((from->handling & 1u << code) != 0)
            row->handling[row->n_handling++] = (Amana__V1__Handling__Code)code;
    return AM_OK;
}

static enum am_err show_defaults(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicyDefault *row = rows_room(view->arena, policy->n_defaults, sizeof *row, &response->defaults);
    char country[ADDRESS_COUNTRY_MAX + 1];

    if (row == NULL)
        return arena_error(view->arena);
    address_country(view->own, country);
    for (size_t i = 0; i < policy->n_defaults; i++) {
        if (strcmp(policy->defaults[i].from, "*") != 0 && strcmp(policy->defaults[i].from, country) != 0)
            continue;
        TRY(default_fill(view, &policy->defaults[i], row));
        response->defaults[response->n_defaults++] = row++;
    }
    return AM_OK;
}

static enum am_err show_releases(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicyRelease *row = rows_room(view->arena, policy->n_releases, sizeof *row, &response->releases);

    if (row == NULL)
        return arena_error(view->arena);
    for (size_t i = 0; i < policy->n_releases; i++) {
        const struct policy_release *from = &policy->releases[i];
        if (!address_matches(from->from, view->own) || !party_shown(view, from->to))
            continue;
        amana__v1__policy_release__init(row);
        row->from = (char *)from->from;
        row->to = (char *)from->to;
        row->kinds = arena_array(view->arena, KIND_COUNT, sizeof *row->kinds);
        if (row->kinds == NULL)
            return arena_error(view->arena);
        for (unsigned kind = 1; kind < KIND_COUNT; kind++)
            if ((from->kinds & KIND_BIT(kind)) != 0)
                row->kinds[row->n_kinds++] = (Amana__V1__Kind__Code)kind;
        response->releases[response->n_releases++] = row++;
    }
    return AM_OK;
}

static enum am_err show_supervisors(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicySupervisors *row =
        rows_room(view->arena, policy->n_supervisors, sizeof *row, &response->supervisors);

    if (row == NULL)
        return arena_error(view->arena);
    for (size_t i = 0; i < policy->n_supervisors; i++) {
        const struct policy_supervisors *from = &policy->supervisors[i];
        if (!address_matches(from->party, view->own) && strcmp(from->unit, view->own) != 0)
            continue;
        amana__v1__policy_supervisors__init(row);
        row->party = (char *)from->party;
        row->unit = (char *)from->unit;
        response->supervisors[response->n_supervisors++] = row++;
    }
    return AM_OK;
}

static enum am_err show_purposes(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;
    Amana__V1__PolicyPurpose *row = rows_room(view->arena, POLICY_PURPOSES, sizeof *row, &response->purposes);

    if (row == NULL)
        return arena_error(view->arena);
    for (unsigned purpose = 1; purpose < POLICY_PURPOSES; purpose++) {
        if (policy->purpose_changes[purpose] == 0)
            continue;
        amana__v1__policy_purpose__init(row);
        row->from = (Amana__V1__Purpose__Code)purpose;
        row->to = arena_array(view->arena, POLICY_PURPOSES, sizeof *row->to);
        if (row->to == NULL)
            return arena_error(view->arena);
        for (unsigned to = 1; to < POLICY_PURPOSES; to++)
            if ((policy->purpose_changes[purpose] & 1u << to) != 0)
                row->to[row->n_to++] = (Amana__V1__Purpose__Code)to;
        response->purposes[response->n_purposes++] = row++;
    }
    return AM_OK;
}

static enum am_err show_protects(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;

    response->protection_also_to =
        arena_array(view->arena, policy->n_protects + 1, sizeof *response->protection_also_to);
    if (response->protection_also_to == NULL)
        return arena_error(view->arena);
    for (size_t i = 0; i < policy->n_protects; i++)
        if (party_shown(view, policy->protects[i].party))
            response->protection_also_to[response->n_protection_also_to++] = policy->protects[i].party;
    return AM_OK;
}

static enum am_err show_onward(struct policy_view *view)
{
    const struct policy *policy = view->policy;
    Amana__V1__PolicyResponse *response = view->response;

    response->h2_also_to = arena_array(view->arena, policy->n_onward + 1, sizeof *response->h2_also_to);
    if (response->h2_also_to == NULL)
        return arena_error(view->arena);
    for (size_t i = 0; i < policy->n_onward; i++)
        if (party_shown(view, policy->onward[i].party))
            response->h2_also_to[response->n_h2_also_to++] = policy->onward[i].party;
    return AM_OK;
}

static enum am_err policy_show(struct policy_view *view)
{
    static enum am_err (*const SHOW[])(struct policy_view * view) = {
        show_ceilings,    show_retention, show_defaults, show_releases,
        show_supervisors, show_purposes,  show_protects, show_onward,
    };

    if (view->policy == NULL)
        return AM_OK;
    view->response->digest = codec_binary((struct am_bytes){view->policy->digest, sizeof view->policy->digest});
    for (size_t i = 0; i < AM_LEN(SHOW); i++)
        TRY(SHOW[i](view));
    return AM_OK;
}

static void policy_begin(struct call *call)
{
    Amana__V1__PolicyResponse response = AMANA__V1__POLICY_RESPONSE__INIT;
    const struct hub *hub = call->net->hub;
    struct policy_view view = {hub, hub_policy(hub), call->peer->identity.unit, &call->arena, &response};
    enum am_err err = policy_show(&view);

    struct am_bytes bytes;

    response.successor = (char *)hub_successor(hub, view.own);
    if (err == AM_OK)
        err = codec_encode(&response.base, &call->arena, &bytes);
    if (err == AM_OK)
        call_answer(call, bytes);
    else
        call_refuse(call, reason_of(err), NULL);
}

const struct method METHOD_POLICY = {
    .path = "/amana.v1.Directory/Policy",
    .request = &amana__v1__policy_request__descriptor,
    .max_request = 64,
    .arena = 2u * 1024 * 1024, // each table at its limit
    .size = sizeof(struct call),
    .begin = policy_begin,
};
