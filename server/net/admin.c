// SPDX-License-Identifier: Apache-2.0
// Admin: the members' rows, shown to registrars and operators, changed by registrars.
#include "amana/v1/admin.pb-c.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"
#include "proto/model/life.h"
#include "server/net/question.h"

#include <stdlib.h>
#include <string.h>

// --- Members
struct members_walk {
    struct question *question;
    Amana__V1__MembersResponse *response;
    size_t room;
};

static enum am_err member_take(void *user, const struct journal_record *record)
{
    struct members_walk *walk = user;
    struct arena *arena = &walk->question->reply;
    Amana__V1__MembersResponse *response = walk->response;
    const char *unit = ((const Amana__V1__MembersRequest *)walk->question->call.request)->unit;

    if (unit[0] != '\0' && strcmp(unit, record->key) != 0)
        return AM_OK;
    if (response->n_members == walk->room) {
        size_t room = walk->room == 0 ? 16 : walk->room * 2;
        Amana__V1__MemberRecord **members = arena_array(arena, room, sizeof *members);
        uint64_t *rosters = arena_array(arena, room, sizeof *rosters);
        if (members == NULL || rosters == NULL)
            return arena_error(arena);
        for (size_t i = 0; i < response->n_members; i++) {
            members[i] = response->members[i];
            rosters[i] = response->rosters[i];
        }
        response->members = members;
        response->rosters = rosters;
        walk->room = room;
    }
    TRY(codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, record->value, arena, NULL,
                     (ProtobufCMessage **)&response->members[response->n_members]));
    const struct roster *roster = registry_roster(walk->question->registry, record->key);
    response->rosters[response->n_members++] = roster != NULL ? roster->number : 0;
    response->n_rosters = response->n_members;
    return AM_OK;
}

// Whether something is still to come in the life that this recipient has of a message: what its sender waits for, a
// hit, the end of a referral that was accepted. Without a row it has none.
static enum am_err life_is_open(struct store_view *view, const struct store_pointer *message, const char *recipient,
                                bool *ret_open)
{
    const uint32_t to_come = KIND_BIT(KIND(HIT)) | KIND_BIT(KIND(CLOSE));
    struct journal_life life;
    enum am_err err = store_life(view, message->seq, recipient, &life);

    *ret_open = err == AM_OK && (life_waits(message->kind, life.state) != LIFE_WAIT_NONE ||
                                 (life_open(message->kind, life.state) & to_come) != 0);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err message_count(struct store_view *view, uint64_t seq, const char *unit,
                                 Amana__V1__MembersResponse *response)
{
    struct store_pointer message;
    bool sent = false, received = false;

    TRY(store_pointer_of(view, seq, &message));
    for (size_t i = 0; i < message.n_recipients; i++) {
        const char *recipient = message.recipients[i].unit;
        bool open, own = strcmp(recipient, unit) == 0;
        TRY(life_is_open(view, &message, recipient, &open));
        received |= own && open;
        sent |= open && strcmp(message.originator, unit) == 0;
    }
    response->open_sent += sent;
    response->open_received += received;
    return AM_OK;
}

// No more of a unit's entries are looked at: the count says what is at stake, and a worker has others to serve.
#define OPEN_WALK 100000u

static enum am_err open_count(struct store_view *view, const char *unit, Amana__V1__MembersResponse *response)
{
    struct am_bytes key = {(const uint8_t *)unit, strlen(unit)};
    uint64_t seq = 0;
    enum am_err err = AM_OK;

    for (unsigned i = 0; i < OPEN_WALK && err == AM_OK; i++, seq++) {
        struct store_entry entry;
        err = store_index_next(view, STORE_INDEX_PARTY, key, &seq);
        if (err == AM_OK)
            err = store_entry(view, seq, &entry);
        if (err == AM_OK && entry.kind == AMANA__V1__ENTRY_KIND__CODE__SUBMITTED)
            err = message_count(view, seq, unit, response);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static void members_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__MembersRequest *request = (const Amana__V1__MembersRequest *)question->call.request;
    Amana__V1__MembersResponse response = AMANA__V1__MEMBERS_RESPONSE__INIT;
    struct members_walk walk = {.question = question, .response = &response};
    enum am_err err = store_records(worker->view, JOURNAL_RECORD_MEMBER, member_take, &walk);

    // Counts too are for those alone who may remove it.
    if (err == AM_OK && request->open && address_check(request->unit, NULL) == AM_OK &&
        address_same_country(question->call.peer->identity.unit, request->unit))
        err = open_count(worker->view, request->unit, &response);
    if (err == AM_OK)
        question_answer(question, &response.base);
    else
        question_fail(question, err);
}

static bool may_look(const struct call *call)
{
    return hub_sees_registry(call->net->hub, call->peer->identity.unit);
}

static void members_begin(struct call *call)
{
    if (may_look(call))
        question_begin(call, members_ask);
    else
        call_refuse(call, REASON_NOT_PERMITTED, NULL);
}

const struct method METHOD_MEMBERS = {
    .path = "/amana.v1.Admin/Members",
    .request = &amana__v1__members_request__descriptor,
    .max_request = 4096,
    .arena = 64u * 1024,
    .size = sizeof(struct question),
    .begin = members_begin,
    .clear = question_clear,
};

// --- TryPolicy
static void try_begin(struct call *call)
{
    const Amana__V1__TryPolicyRequest *request = (const Amana__V1__TryPolicyRequest *)call->request;
    const struct hub_trial trial = {request->as, request->to, request->kind, request->classification};
    const struct am_detail wrong = {.field = "as",
                                    .text = "as and to must be units, as in ke/dci/transnational, and kind a kind"};
    Amana__V1__TryPolicyResponse response = AMANA__V1__TRY_POLICY_RESPONSE__INIT;
    struct hub_explanation explanation;
    Amana__V1__TriedRule rules[AM_LEN(explanation.rows)], *list[AM_LEN(explanation.rows)];
    enum reason reason;

    if (!may_look(call)) {
        call_refuse(call, REASON_NOT_PERMITTED, NULL);
        return;
    }
    reason = hub_explain(call->net->hub, &trial, &explanation);
    if (reason == REASON_FIELD_INVALID) {
        call_refuse(call, reason, &wrong);
        return;
    }
    response.reason = (char *)reason_name(reason);
    response.rules = list;
    for (; response.n_rules < explanation.n; response.n_rules++) {
        const struct hub_reason *row = &explanation.rows[response.n_rules];
        Amana__V1__TriedRule *rule = list[response.n_rules] = &rules[response.n_rules];
        amana__v1__tried_rule__init(rule);
        rule->allows = row->allows;
        rule->tells = row->tells;
        rule->question = (char *)row->question;
        rule->rule = (char *)row->rule;
    }
    call_answer_message(call, &response.base);
}

const struct method METHOD_TRY_POLICY = {
    .path = "/amana.v1.Admin/TryPolicy",
    .request = &amana__v1__try_policy_request__descriptor,
    .max_request = 4096,
    .arena = 64u * 1024,
    .size = sizeof(struct call),
    .begin = try_begin,
};
