// SPDX-License-Identifier: Apache-2.0
// Admin.SetMember: a member's row as a registrar of its country signed it; the statement is verified on a worker.
#include "amana/v1/admin.pb-c.h"
#include "certs/member_statement.h"
#include "proto/log/leaf.h"
#include "server/net/internal.h"
#include "server/net/registry.h"

#include <string.h>

struct set_member {
    struct call call;
    struct job job;
    struct registry *registry;
    uint64_t now_ns;
    struct member_statement *statement;
    enum am_err err;
    struct am_detail detail;
    Amana__V1__MemberRecord record; // of the statement and the request
    struct hub_member_change change;
};

static struct set_member *of_job(struct job *job)
{
    return (struct set_member *)((char *)job - offsetof(struct set_member, job));
}

// What the row says is what was signed; the request gives the grants alone, whose digest the statement has.
static void record_make(struct set_member *set)
{
    const Amana__V1__SetMemberRequest *request = (const Amana__V1__SetMemberRequest *)set->call.request;
    const Amana__V1__MemberStatement *message = set->statement->message;

    set->record.unit = message->unit;
    set->record.revision = message->revision;
    set->record.said = message->said;
    set->record.grants = request->grants;
    set->record.n_grants = request->n_grants;
    set->record.statement = request->statement;
}

static void statement_read_in(struct job *job, struct worker *worker)
{
    struct set_member *set = of_job(job);
    const Amana__V1__SetMemberRequest *request = (const Amana__V1__SetMemberRequest *)set->call.request;

    set->err = member_statement_parse(codec_bytes(request->statement), &set->detail, &set->statement);
    if (set->err != AM_OK)
        return;
    record_make(set);
    set->err = member_statement_check(set->statement, registry_trust(set->registry), set->now_ns, &set->detail);
    if (set->err == AM_OK)
        set->err = member_statement_fits_grants(set->statement, &set->record, &set->detail);
}

static void change_begin(struct set_member *set)
{
    struct call *call = &set->call;
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
    return set->statement != NULL && !address_same_country(set->call.peer->identity.unit, set->record.unit);
}

static void statement_read_done(struct job *job)
{
    struct set_member *set = of_job(job);

    if (is_abroad(set))
        change_begin(set);
    else if (set->err == AM_NOMEM)
        call_refuse(&set->call, REASON_BUSY, NULL);
    else if (set->err != AM_OK)
        call_refuse(&set->call, REASON_FIELD_INVALID, &set->detail);
    else
        change_begin(set);
    call_release(&set->call);
}

static void set_member_begin(struct call *call)
{
    struct set_member *set = (struct set_member *)call;
    const char *role = hub_role(call->net->hub, call->peer->identity.unit);

    amana__v1__member_record__init(&set->record);
    if (role == NULL || strcmp(role, "registrar") != 0) {
        change_begin(set); // no registrar: the hub refuses it, and the log says so
        return;
    }
    set->now_ns = net_utc(call->net);
    set->registry = registry_ref(call->net->registry);
    set->job = (struct job){.run = statement_read_in, .done = statement_read_done};
    call_hold(call);
    workers_push(call->net->workers, &set->job);
}

static void set_member_clear(struct call *call)
{
    struct set_member *set = (struct set_member *)call;

    registry_unref(set->registry);
    member_statement_free(set->statement);
}

void admin_reply(struct hub_member_change *change, const struct journal_outcome *outcome)
{
    struct set_member *set = change->work.user;

    if (change->work.reason != REASON_NONE)
        call_refuse_work(&set->call, &change->work);
    else
        call_answer(&set->call, outcome->receipt);
    call_release(&set->call);
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
