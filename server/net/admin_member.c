// SPDX-License-Identifier: Apache-2.0
// Admin.SetMember: a member's row as a registrar of its country signed it; the statement is verified on a worker.
#include "amana/v1/admin.pb-c.h"
#include "certs/member_statement.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "server/net/begun.h"
#include "server/net/registrar_call.h"

#include <string.h>

struct set_member {
    struct registrar_call by;
    struct member_statement *statement;
    Amana__V1__MemberRecord record; // of the statement and the request
    struct hub_member_change change;
};

// What the row says is what was signed; the request gives the grants alone, whose digest the statement has.
static void record_make(struct set_member *set)
{
    const Amana__V1__SetMemberRequest *request = (const Amana__V1__SetMemberRequest *)set->by.call.request;
    const Amana__V1__MemberStatement *message = set->statement->message;

    set->record.unit = message->unit;
    set->record.revision = message->revision;
    set->record.said = message->said;
    set->record.grants = request->grants;
    set->record.n_grants = request->n_grants;
    set->record.statement = request->statement;
}

static void statement_check(struct registrar_call *by)
{
    struct set_member *set = (struct set_member *)by;
    const Amana__V1__SetMemberRequest *request = (const Amana__V1__SetMemberRequest *)by->call.request;
    uint64_t signed_ns;

    if (set->statement == NULL)
        by->err = member_statement_parse(codec_bytes(request->statement), &by->detail, &set->statement);
    if (by->err != AM_OK)
        return;
    record_make(set);
    by->err = member_statement_check(set->statement, registry_trust(by->registry), by->now_ns, &by->detail);
    if (by->err == AM_OK)
        by->err = member_statement_fits_grants(set->statement, &set->record, &by->detail);
    if (by->err == AM_OK)
        by->err = timestamp_to_ns(set->statement->message->time, &signed_ns);
    if (by->err == AM_OK)
        by->err = begun_check("statement.time", signed_ns, by->now_ns, &by->detail);
}

static void change_begin(struct set_member *set)
{
    struct call *call = &set->by.call;
    struct hub_event event = {.kind = HUB_EVENT_MEMBER, .member = &set->change};

    set->change = (struct hub_member_change){
        .work = {.kind = HUB_WORK_MEMBER, .user = set, .identity = call->peer->uri, .unit = call->peer->identity.unit},
        .record = &set->record,
        .sha256 = log_sha256};
    call_hold(call); // the hub's work; until admin_reply
    if (net_step(call->net, &event) != AM_OK) {
        call_refuse(call, REASON_BUSY, NULL);
        call_release(call);
    }
}

// About another country's unit: the hub refuses it whoever signed, and the log says so.
static bool is_abroad(const struct set_member *set)
{
    return set->statement != NULL && !address_same_country(set->by.call.peer->identity.unit, set->record.unit);
}

static void statement_decide(struct registrar_call *by)
{
    struct set_member *set = (struct set_member *)by;

    if (is_abroad(set) || !registrar_call_refuse(by))
        change_begin(set);
}

static void set_member_begin(struct call *call)
{
    struct set_member *set = (struct set_member *)call;

    amana__v1__member_record__init(&set->record);
    if (hub_is_registrar(call->net->hub, call->peer->identity.unit))
        registrar_call_begin(call, statement_check, statement_decide);
    else
        change_begin(set); // the hub refuses it, and the log says so
}

static void set_member_clear(struct call *call)
{
    registrar_call_clear(call);
    member_statement_free(((struct set_member *)call)->statement);
}

void admin_reply(struct hub_member_change *change, const struct journal_outcome *outcome)
{
    struct set_member *set = change->work.user;

    if (change->work.reason != REASON_NONE)
        call_refuse_work(&set->by.call, &change->work);
    else
        call_answer(&set->by.call, outcome->receipt);
    call_release(&set->by.call);
}

const struct method METHOD_SET_MEMBER = {
    .path = "/amana.v1.Admin/SetMember",
    .request = &amana__v1__set_member_request__descriptor,
    .max_request = 512u * 1024,
    .arena = 1024u * 1024,
    .size = sizeof(struct set_member),
    .begin = set_member_begin,
    .clear = set_member_clear,
};
