// SPDX-License-Identifier: Apache-2.0
// The hub's policy as it was shown, from the wire's form into the rows that every rule asks.
#include "client/session/policy.h"

#include "amana/v1/directory.pb-c.h"
#include "client/session/directory.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_BYTES (4u * 1024 * 1024)
#define RETAIN_DAYS  365u

// --- From the wire
static void *rows_new(size_t n, size_t size)
{
    return calloc(n + 1, size);
}

static enum am_err take_parties(const Amana__V1__PolicyResponse *from, struct policy *policy)
{
    policy->ceilings = rows_new(from->n_ceilings, sizeof *policy->ceilings);
    policy->protects = rows_new(from->n_protection_also_to, sizeof *policy->protects);
    policy->supervisors = rows_new(from->n_supervisors, sizeof *policy->supervisors);
    policy->onward = rows_new(from->n_h2_also_to, sizeof *policy->onward);
    if (policy->ceilings == NULL || policy->protects == NULL || policy->supervisors == NULL || policy->onward == NULL)
        return AM_NOMEM;
    for (; policy->n_ceilings < from->n_ceilings; policy->n_ceilings++) {
        struct policy_ceiling *row = &policy->ceilings[policy->n_ceilings];
        (void)strlcpy(row->party, from->ceilings[policy->n_ceilings]->party, sizeof row->party);
        row->classification = from->ceilings[policy->n_ceilings]->classification;
    }
    for (; policy->n_protects < from->n_protection_also_to; policy->n_protects++)
        (void)strlcpy(policy->protects[policy->n_protects].party, from->protection_also_to[policy->n_protects],
                      sizeof policy->protects->party);
    for (; policy->n_onward < from->n_h2_also_to; policy->n_onward++)
        (void)strlcpy(policy->onward[policy->n_onward].party, from->h2_also_to[policy->n_onward],
                      sizeof policy->onward->party);
    for (; policy->n_supervisors < from->n_supervisors; policy->n_supervisors++) {
        struct policy_supervisors *row = &policy->supervisors[policy->n_supervisors];
        (void)strlcpy(row->party, from->supervisors[policy->n_supervisors]->party, sizeof row->party);
        (void)strlcpy(row->unit, from->supervisors[policy->n_supervisors]->unit, sizeof row->unit);
    }
    return AM_OK;
}

static enum am_err take_defaults(const Amana__V1__PolicyResponse *from, struct policy *policy)
{
    policy->defaults = rows_new(from->n_defaults, sizeof *policy->defaults);
    if (policy->defaults == NULL)
        return AM_NOMEM;
    for (; policy->n_defaults < from->n_defaults; policy->n_defaults++) {
        const Amana__V1__PolicyDefault *said = from->defaults[policy->n_defaults];
        struct policy_default *row = &policy->defaults[policy->n_defaults];
        (void)strlcpy(row->from, said->from, sizeof row->from);
        (void)strlcpy(row->to, said->to, sizeof row->to);
        row->purpose = said->purpose;
        row->legal_basis = said->legal_basis;
        (void)strlcpy(row->agreement, said->agreement_ref, sizeof row->agreement);
        row->retention_days = (uint16_t)(said->retention_days < UINT16_MAX ? said->retention_days : UINT16_MAX);
        for (size_t i = 0; i < said->n_handling; i++)
            row->handling |= (unsigned)said->handling[i] < 8 ? (uint8_t)(1u << said->handling[i]) : 0;
    }
    return AM_OK;
}

static enum am_err take_releases(const Amana__V1__PolicyResponse *from, struct policy *policy)
{
    policy->releases = rows_new(from->n_releases, sizeof *policy->releases);
    if (policy->releases == NULL)
        return AM_NOMEM;
    for (; policy->n_releases < from->n_releases; policy->n_releases++) {
        const Amana__V1__PolicyRelease *said = from->releases[policy->n_releases];
        struct policy_release *row = &policy->releases[policy->n_releases];
        (void)strlcpy(row->from, said->from, sizeof row->from);
        (void)strlcpy(row->to, said->to, sizeof row->to);
        for (size_t i = 0; i < said->n_kinds; i++)
            row->kinds |= kind_get((unsigned)said->kinds[i]) != NULL ? KIND_BIT(said->kinds[i]) : 0;
    }
    return AM_OK;
}

static void take_codes(const Amana__V1__PolicyResponse *from, struct policy *policy)
{
    for (size_t i = 0; i < from->n_retentions; i++)
        if (kind_get((unsigned)from->retentions[i]->kind) != NULL)
            policy->retention_days[from->retentions[i]->kind] =
                (uint16_t)(from->retentions[i]->days < UINT16_MAX ? from->retentions[i]->days : UINT16_MAX);
    for (size_t i = 0; i < from->n_purposes; i++) {
        const Amana__V1__PolicyPurpose *said = from->purposes[i];
        for (size_t j = 0; (unsigned)said->from < POLICY_PURPOSES && j < said->n_to; j++)
            if ((unsigned)said->to[j] < POLICY_PURPOSES)
                policy->purpose_changes[said->from] |= (uint8_t)(1u << said->to[j]);
    }
}

static enum am_err take(const Amana__V1__PolicyResponse *from, struct policy **ret_policy)
{
    struct policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL)
        return AM_NOMEM;
    if (from->digest.len == sizeof policy->digest)
        memcpy(policy->digest, from->digest.data, sizeof policy->digest);
    enum am_err err = take_parties(from, policy);
    if (err == AM_OK)
        err = take_defaults(from, policy);
    if (err == AM_OK)
        err = take_releases(from, policy);
    if (err != AM_OK) {
        policy_free(policy);
        return err;
    }
    take_codes(from, policy);
    *ret_policy = policy;
    return AM_OK;
}

// --- Keeping
static enum am_err install(struct session *session, const Amana__V1__PolicyResponse *response)
{
    struct policy *policy = NULL;
    if (response->digest.len > 0)
        TRY(take(response, &policy));
    policy_free(session->policy);
    session->policy = policy;
    session->policy_read = session->policy_known = true;
    (void)strlcpy(session->successor, response->successor, sizeof session->successor);
    return AM_OK;
}

// A closed unit hands back its mail: that is done on its registrar's word, never on the hub's. "" where it isn't given.
static char *successor_signed(struct session *session, struct arena *arena)
{
    const char *own = session->settings.value[SETTING_UNIT];
    struct am_detail detail = {0};
    struct roster *roster;
    Amana__V1__Member *said;
    if (directory_newest(session, own, NULL, &detail, &roster) != AM_OK)
        return (char *)"";
    roster_unref(roster);
    return directory_member(session, own, arena, &said) == AM_OK ? said->successor : (char *)"";
}

enum am_err policy_fetch(struct session *session, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__PolicyRequest request = AMANA__V1__POLICY_REQUEST__INIT;
    Amana__V1__PolicyResponse *response;
    struct am_bytes bytes;
    arena_init(&arena, POLICY_BYTES);
    if (!link_alive(session->link))
        return am_fail(AM_UNAVAILABLE, detail, "", "%s", session->offline.text);
    TRY(session_call(session, "/amana.v1.Directory/Policy", &request.base, &amana__v1__policy_response__descriptor,
                     &arena, detail, (ProtobufCMessage **)&response));
    if (response->successor[0] != '\0')
        response->successor = successor_signed(session, &arena);
    TRY(codec_encode(&response->base, &arena, &bytes));
    TRY(store_value_put(session->store, "policy", bytes));
    return install(session, response);
}

// What can't be read is as if it had not been asked for: the hub judges in any case.
static void read_kept(struct session *session)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__PolicyResponse *response;
    struct am_bytes bytes;
    if (session->policy_read)
        return;
    session->policy_read = true;
    arena_init(&arena, POLICY_BYTES);
    if (store_value_get(session->store, "policy", &arena, &bytes) == AM_OK &&
        codec_decode(&amana__v1__policy_response__descriptor, CODEC_LENIENT, bytes, &arena, NULL,
                     (ProtobufCMessage **)&response) == AM_OK)
        (void)!install(session, response);
}

const struct policy *policy_kept(struct session *session)
{
    read_kept(session);
    return session->policy;
}

bool policy_known(struct session *session)
{
    read_kept(session);
    return session->policy_known;
}

const char *policy_successor(struct session *session)
{
    read_kept(session);
    return session->successor;
}

// --- Filling in
static void fill_row(const struct policy_default *row, bool first, struct policy_filling *filling)
{
    bool same = row->legal_basis == filling->legal_basis && strcmp(row->agreement, filling->agreement) == 0;
    if (first) {
        filling->legal_basis = row->legal_basis;
        (void)strlcpy(filling->agreement, row->agreement, sizeof filling->agreement);
    } else if (!same) {
        filling->legal_basis = 0;
        filling->agreement[0] = '\0';
    }
    filling->handling |= row->handling;
    if (row->retention_days != 0 && (row->retention_days < filling->days || first))
        filling->days = row->retention_days;
}

void policy_fill(struct session *session, const Amana__V1__Header *header, struct policy_filling *ret_filling)
{
    const struct policy *policy = policy_kept(session);
    struct policy_filling filling = {.days = RETAIN_DAYS};
    unsigned ceiling = kind_retention_days(header);
    bool first = true;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const struct policy_default *row =
            policy_default(policy, session->settings.value[SETTING_UNIT], header->recipients[i]->unit, header->purpose);
        if (row == NULL || header->recipients[i]->part == AMANA__V1__PART__CODE__COPY)
            continue;
        fill_row(row, first, &filling);
        first = false;
    }
    if (policy != NULL && policy->retention_days[header->kind] != 0)
        ceiling = policy->retention_days[header->kind];
    if (filling.days > ceiling)
        filling.days = ceiling;
    *ret_filling = filling;
}
