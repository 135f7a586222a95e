// SPDX-License-Identifier: Apache-2.0
// A message's two steps: as it arrives, judged by what stands in memory; and once a worker has looked at the rest.
#include "server/hub/internal.h"

enum am_err hub_step_arrived(struct hub_step *step)
{
    struct hub_submission *submission = step->event->submission;
    struct hub_work *work = &submission->work;
    struct hub_identity *identity;
    TRY(hub_actions_room(step->actions, 1));
    if (hub_turned_away(step, work))
        return AM_OK;
    TRY(hub_identity_get(step->hub, work->identity, step->event->monotonic_ns, &identity));
    enum reason reason = hub_identity_take(step->hub, identity, work, step->event->monotonic_ns);
    if (reason != REASON_NONE) {
        hub_reply(step, work, reason, NULL);
        return AM_OK;
    }
    bool first;
    TRY(hub_work_begin(step, work));
    if (submission->header == NULL)
        return hub_refuse(step, work, submission->unread, NULL, submission->header_digest);
    TRY(hub_flight_enter(step->hub, submission, &first));
    submission->sender = submission->mode == HUB_SUBMIT_RELEASE ? submission->header->sender->unit : work->unit;
    submission->verdict = hub_verdict(step->hub, submission, step->event->now_ns);
    work->epoch = step->hub->epoch;
    if (first)
        hub_act(step, (struct hub_action){.kind = HUB_ACTION_CHECK, .work = work});
    return AM_OK;
}

static enum am_err refuse(struct hub_step *step, struct hub_submission *submission, enum reason reason)
{
    return hub_refuse(step, &submission->work, reason, submission->header->id, submission->header_digest);
}

// A national outage must not stop a rescue: what is urgent goes on by a stale CRL, so much of it (security.md,
// Revocation).
static enum reason judge_stale(struct hub_step *step, struct hub_submission *submission)
{
    struct hub_unit *unit = hub_unit_find(step->hub, submission->sender);
    const Amana__V1__Header *header = submission->header;
    struct hub_work *work = &submission->work;
    uint64_t now = step->event->monotonic_ns, passed;
    if (!submission->crl_stale || unit == NULL)
        return REASON_NONE;
    if (header->urgency > AMANA__V1__URGENCY__CODE__U2 || header->release == AMANA__V1__RELEASE__CODE__DEFERRED) {
        (void)am_fail(AM_EXPIRED, &work->detail, header->urgency > AMANA__V1__URGENCY__CODE__U2 ? "urgency" : "release",
                      "%s", reason_text(REASON_CRL_STALE));
        work->retry_ns = HUB_RETRY_FULL_NS;
        return REASON_CRL_STALE;
    }
    passed = now - unit->stale_hour_at;
    if (unit->stale_sends == 0 || passed >= NS_PER_HOUR) {
        unit->stale_hour_at = now;
        unit->stale_sends = passed = 0;
    }
    if (submission->stale_counted)
        return REASON_NONE;
    if (unit->stale_sends == LIMIT_CRL_STALE_SENDS) {
        (void)am_fail(AM_BUSY, &work->detail, "urgency", "%u an hour of a unit go by a stale revocation list",
                      LIMIT_CRL_STALE_SENDS);
        work->retry_ns = NS_PER_HOUR - passed;
        return REASON_QUOTA;
    }
    unit->stale_sends++;
    submission->stale_counted = true;
    return REASON_NONE;
}

// Its id is in the journal: the original receipt, or that the id is another message's.
static enum am_err answer_known(struct hub_step *step, struct hub_submission *submission)
{
    struct hub_work *work = &submission->work;
    if (submission->known_same) {
        hub_reply(step, work, REASON_NONE, NULL);
        return AM_OK;
    }
    (void)am_fail(AM_EXISTS, &work->detail, "id", "%s", reason_text(REASON_ID_REUSED));
    return refuse(step, submission, REASON_ID_REUSED);
}

// By what the worker has found: the first reason that there is.
static enum reason judge_found(struct hub_step *step, struct hub_submission *submission,
                               struct hub_decision *ret_decision)
{
    enum reason reason = hub_judge_oversight(step->hub, submission, true);
    if (reason != REASON_NONE)
        return reason;
    if (submission->checked != REASON_NONE) {
        submission->work.detail = submission->checked_detail;
        return submission->checked;
    }
    reason = hub_judge_point(submission);
    if (reason != REASON_NONE)
        return reason;
    // By the time that its entry will have, which a clock that stepped back doesn't make smaller.
    return hub_judge(step->hub, submission, hub_entry_time(step->hub, step->event->now_ns), ret_decision);
}

enum am_err hub_step_checked(struct hub_step *step)
{
    struct hub_submission *submission = step->event->submission;
    struct hub_work *work = &submission->work;
    struct hub_decision decision;
    TRY(hub_actions_room(step->actions, 1));
    if (submission->more) { // no decision, so that it doesn't count as one
        hub_act(step, (struct hub_action){.kind = HUB_ACTION_RECHECK, .work = work});
        return AM_OK;
    }
    work->attempts++;
    bool looked_at = submission->verdict == REASON_NONE; // the worker looks at nothing more of what is refused anyway
    if (work->epoch != step->hub->epoch) {               // rosters, grants or trust changed while the worker looked
        submission->verdict = hub_verdict(step->hub, submission, step->event->now_ns);
        work->epoch = step->hub->epoch;
    }
    if (submission->verdict == REASON_SENDER_MISMATCH)
        return refuse(step, submission, REASON_SENDER_MISMATCH);
    if (submission->known)
        return answer_known(step, submission);
    if (submission->verdict != REASON_NONE)
        return refuse(step, submission, submission->verdict);
    if (!looked_at || !hub_oversight_seen(step->hub, submission)) {
        hub_recheck(step, work);
        return AM_OK;
    }
    enum reason reason = judge_found(step, submission, &decision);
    if (reason != REASON_NONE)
        return refuse(step, submission, reason);
    reason = judge_stale(step, submission);
    if (reason != REASON_NONE) { // to come again, when is said
        hub_reply(step, work, reason, NULL);
        return AM_OK;
    }
    return submission->mode == HUB_SUBMIT_PARK ? hub_park(step, submission) : hub_accept(step, submission, &decision);
}
