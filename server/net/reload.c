// SPDX-License-Identifier: Apache-2.0
// HUP: trust, server certificate and rosters read anew, while everything goes on.
#include "server/net/internal.h"

#include "proto/failpoint.h"
#include "server/net/begun.h"
#include "server/net/certificates.h"
#include "server/net/policy_units.h"
#include "server/net/roster_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct change {
    struct hub_roster_change hub; // first: the hub gives its work back
    struct net *net;
    struct roster *roster;
    struct roster **rest; // higher numbers of the same unit, each once the one before is durable
    size_t n_rest;
    struct trust *trust; // by which the rest was found good
    struct call *call;   // of the registrar who gave it; NULL: a file did
    struct roster_rows rows;
    struct change *next;
};

static void change_free(struct change *change)
{
    if (change->call != NULL)
        call_release(change->call);
    roster_rows_clear(&change->rows);
    for (size_t i = 0; i < change->n_rest; i++)
        roster_unref(change->rest[i]);
    free(change->rest);
    trust_unref(change->trust);
    roster_unref(change->roster);
    free(change);
}

static void call_tell(struct change *change, const struct journal_outcome *outcome)
{
    if (change->hub.work.reason != REASON_NONE)
        call_refuse_work(change->call, &change->hub.work);
    else if (outcome != NULL)
        call_answer(change->call, outcome->receipt);
    else
        call_refuse(change->call, REASON_STATE_FORBIDS, &(struct am_detail){.text = "this roster is in force already"});
}

void reload_reply(struct hub_roster_change *hub, const struct journal_outcome *outcome)
{
    struct change *change = (struct change *)hub;
    struct net *net = change->net;
    struct registry *registry;

    if (change->call != NULL)
        call_tell(change, outcome);
    if (hub->work.reason != REASON_NONE) {
        report(change->call != NULL ? REPORT_INFO : REPORT_ERROR, "roster", "unit=%s number=%llu reason=%s text=\"%s\"",
               change->roster->unit, (unsigned long long)change->roster->number, reason_name(hub->work.reason),
               hub->work.detail.text);
    } else if (registry_with(net->registry, NULL, change->roster, &registry) != AM_OK) {
        report(REPORT_ERROR, "roster", "unit=%s reason=\"out of memory: start again\"", change->roster->unit);
    } else {
        registry_unref(net->registry);
        net->registry = registry;
        report(REPORT_NOTICE, "roster", "unit=%s number=%llu", change->roster->unit,
               (unsigned long long)change->roster->number);
        connections_judge(net, change->roster->unit);
        if (change->n_rest > 0) { // in a turn of its own: this is in the middle of a step
            LL_APPEND(net->changed, change);
            net_turn_soon(net);
            return;
        }
    }
    change_free(change);
}

static enum am_err rest_keep(struct change *change, const struct net_rosters *rest)
{
    if (rest == NULL || rest->n == 0)
        return AM_OK;
    change->rest = calloc(rest->n, sizeof *change->rest);
    if (change->rest == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < rest->n; i++)
        change->rest[change->n_rest++] = roster_ref(rest->list[i]);
    change->trust = trust_ref(rest->trust);
    return AM_OK;
}

// call: NULL where the hub's operator gave the file; rest: NULL where none follows.
static enum am_err roster_change(struct net *net, struct call *call, struct roster *roster,
                                 const struct net_rosters *rest)
{
    struct change *change = calloc(1, sizeof *change);
    enum am_err err;

    if (change == NULL)
        return AM_NOMEM;
    change->net = net;
    change->roster = roster_ref(roster);
    err = rest_keep(change, rest);
    if (err == AM_OK)
        err = roster_rows_init(roster, &change->rows);
    change->hub =
        (struct hub_roster_change){.work = {.kind = HUB_WORK_ROSTER,
                                            .user = change,
                                            .identity = call != NULL ? call->peer->uri : net->options.hub_uri,
                                            .unit = call != NULL ? call->peer->identity.unit : net->options.hub_name},
                                   .roster = &change->rows.hub,
                                   .record = &change->rows.record};
    struct hub_event event = {.kind = HUB_EVENT_ROSTER, .roster = &change->hub};
    if (err == AM_OK && call != NULL) {
        call_hold(call);
        change->call = call;
    }
    if (err == AM_OK)
        err = net_step(net, &event);
    if (err != AM_OK)
        change_free(change);
    return err;
}

void reload_roster_add(struct call *call, struct roster *roster)
{
    if (roster_change(call->net, call, roster, NULL) != AM_OK)
        call_refuse(call, REASON_BUSY, NULL);
}

// What a worker has verified is not verified again on the loop, unless the list was replaced meanwhile.
static enum am_err file_check(struct net *net, const struct roster *roster, const struct trust *verified_by,
                              struct am_detail *detail)
{
    const struct trust *trust = registry_trust(net->registry);

    if (memcmp(trust_state(trust), trust_state(verified_by), 32) != 0)
        TRY(roster_check(roster, trust, net_utc(net), detail));
    return begun_check("not_before", roster->not_before, net_utc(net), detail);
}

// Rosters of one unit, by number. Every number above the one in force becomes an entry (audit.md: what changed, by
// whom); files of lower ones may stay where they are. One that doesn't follow ends it: the next would hang in the air.
static void rosters_offer(struct net *net, const struct net_rosters *of_unit)
{
    struct net_rosters rest = *of_unit;
    struct am_detail detail = {0};
    struct roster *current = rest.n > 0 ? registry_roster(net->registry, rest.list[0]->unit) : NULL;
    enum am_err err = AM_EXISTS;

    while (rest.n > 1 && current != NULL && rest.list[0]->number < current->number)
        rest.list++, rest.n--;
    while (rest.n > 0 && err == AM_EXISTS) {
        struct roster *next = *rest.list++;
        rest.n--;
        err = roster_follows(current, next, &detail);
        if (err == AM_OK)
            err = file_check(net, next, rest.trust, &detail);
        if (err == AM_OK)
            err = roster_change(net, NULL, next, &rest);
        if (err != AM_OK && err != AM_EXISTS)
            report(REPORT_ERROR, "roster", "unit=%s number=%llu reason=\"%s\" do=\"the running one is kept\"",
                   next->unit, (unsigned long long)next->number, detail.text[0] ? detail.text : am_err_text(err));
    }
}

void net_rosters_take(struct net *net, const struct net_rosters *rosters)
{
    struct roster *const *list = rosters->list;

    for (size_t i = 0, n; i < rosters->n; i += n) {
        for (n = 1; i + n < rosters->n && strcmp(list[i]->unit, list[i + n]->unit) == 0; n++)
            continue;
        rosters_offer(net, &(struct net_rosters){list + i, n, rosters->trust});
    }
}

void reload_turn(struct net *net)
{
    while (net->changed != NULL) {
        struct change *change = net->changed;
        LL_DELETE(net->changed, change);
        if (!net->stopping)
            rosters_offer(net, &(struct net_rosters){change->rest, change->n_rest, change->trust});
        change_free(change);
    }
}

enum am_err net_countries_set(struct hub *hub, const struct trust *trust)
{
    struct hub_country_row rows[TRUST_COUNTRIES];
    const struct trust_country *countries;
    size_t n = trust_countries(trust, &countries);

    assert(n <= AM_LEN(rows));
    for (size_t i = 0; i < n; i++) {
        const struct certificate *oversight = trust_oversight(trust, countries[i].code);
        rows[i] = (struct hub_country_row){.code = countries[i].code,
                                           .protection_unit = trust_protection_unit(trust, countries[i].code),
                                           .oversight = oversight != NULL ? oversight->digest : NULL,
                                           .oversight_revoked = countries[i].oversight_revoked};
    }
    return hub_set_countries(hub, rows, n);
}

// The list and what the hub has of it come together, or both stay as they are. ret_before: the snapshot before it, the
// caller's.
static enum am_err trust_swap(struct net *net, struct trust *trust, struct registry **ret_before)
{
    struct registry *registry;
    enum am_err err;

    TRY(registry_with(net->registry, trust, NULL, &registry));
    err = net_countries_set(net->hub, trust);
    if (err != AM_OK) {
        registry_unref(registry);
        return err;
    }
    *ret_before = net->registry;
    net->registry = registry;
    return AM_OK;
}

// --- Which files are in force, for the log
static void file_set(struct net_file *file, const uint8_t *digest)
{
    file->known = digest != NULL;
    if (file->known)
        memcpy(file->digest, digest, sizeof file->digest);
}

void files_known(struct net *net, const struct net_before *before)
{
    file_set(&net->trust_file, before->trust);
    file_set(&net->policy_file, before->policy);
}

static enum am_err file_tell(struct net *net, enum hub_event_kind kind, struct net_file *file, const uint8_t *digest)
{
    const uint8_t *before = file->known ? file->digest : NULL;
    struct hub_event event = {.kind = kind, .digests = {.before = before, .after = digest}};

    if (before == NULL || digest == NULL ? before == digest : memcmp(before, digest, sizeof file->digest) == 0)
        return AM_OK;
    if (FAILPOINT_ERROR("file-entry"))
        return AM_NOMEM;
    TRY(net_step(net, &event));
    file_set(file, digest);
    return AM_OK;
}

enum am_err files_tell(struct net *net)
{
    const struct policy *policy = hub_policy(net->hub);
    enum am_err err = file_tell(net, HUB_EVENT_TRUST, &net->trust_file, trust_digest(registry_trust(net->registry)));
    enum am_err second = file_tell(net, HUB_EVENT_POLICY, &net->policy_file, policy != NULL ? policy->digest : NULL);

    return err != AM_OK ? err : second;
}

// What was read is in force whatever becomes of what is said of it.
static void changes_tell(struct net *net, const char *file)
{
    enum am_err err = files_tell(net);

    if (err != AM_OK)
        report(REPORT_ERROR, file,
               "reason=\"%s: the new file is in force, its entry is not written yet\" "
               "do=\"nothing: it is tried again once a second\"",
               am_err_text(err));
}

void net_policy_set(struct net *net, struct policy *policy)
{
    hub_set_policy(net->hub, policy);
    policy_units_report(net->hub, policy);
    changes_tell(net, "policy");
}

enum am_err net_reload(struct net *net, struct trust *trust, struct am_detail *detail)
{
    struct registry *before = NULL;
    struct tls_context *tls;
    enum am_err err = AM_OK;

    TRY(net_tls_make(net, trust != NULL ? trust : registry_trust(net->registry), detail, &tls));
    if (trust != NULL)
        err = trust_swap(net, trust, &before);
    if (err != AM_OK) {
        tls_context_unref(tls);
        return err;
    }
    tls_context_unref(net->tls); // from here on nothing fails: the list is in force as a whole
    net->tls = tls;
    if (before != NULL) {
        net->crls_said_ns = 0; // what has been mended is told no more, what hasn't at once
        changes_tell(net, "trust");
        err = certificates_changed(net);
        if (err != AM_OK)
            report(REPORT_ERROR, "oversight",
                   "reason=\"%s: the entry of what is revoked is not written yet\" "
                   "do=\"nothing: it is tried again once a second\"",
                   am_err_text(err));
    }
    registry_unref(before);
    connections_judge(net, NULL);
    return AM_OK;
}
