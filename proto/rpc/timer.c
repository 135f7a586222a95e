// SPDX-License-Identifier: Apache-2.0
// Time: deadlines of calls, keepalive, the first request, the two steps of a drain, memory of an idle connection.
#include <string.h>
#include <utlist.h>

#include "proto/rpc/internal.h"

static const uint8_t PING_KEEPALIVE[8] = "amana-ka";
static const uint8_t PING_DRAIN[8] = "amana-dr";

void timer_expire_calls(struct rpc_session *session)
{
    struct rpc_call *call;
    if (session->deadline_count == 0)
        return;
    DL_FOREACH (session->calls, call)
        if (call->deadline_ns != 0 && call->deadline_ns <= session->now_ns)
            call_expire(call);
}

static void give_up(struct rpc_session *session, const char *reason)
{
    session_set_reason(session, reason, NULL, 0);
    session->lost = true;
}

static void finish_drain(struct rpc_session *session)
{
    if (session->drain != DRAIN_NOTICE)
        return;
    session->drain = DRAIN_FINAL;
    if (nghttp2_submit_goaway(session->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->ng),
                              NGHTTP2_NO_ERROR, NULL, 0) != 0)
        session->fatal = AM_NOMEM;
}

void timer_ping_answered(struct rpc_session *session, const uint8_t opaque[8])
{
    if (memcmp(opaque, PING_DRAIN, sizeof PING_DRAIN) == 0)
        finish_drain(session);
}

void rpc_session_drain(struct rpc_session *session, uint64_t now_ns)
{
    if (session->drain != DRAIN_NONE || session->lost || session->fatal != AM_OK || session->ended_ns != 0)
        return;
    session->drain = DRAIN_NOTICE;
    session->drained_ns = now_ns;
    if (!session->server) {
        finish_drain(session);
        return;
    }
    // Calls that were on their way when the notice left arrive before the answer to this ping does.
    if (nghttp2_submit_shutdown_notice(session->ng) != 0 ||
        nghttp2_submit_ping(session->ng, NGHTTP2_FLAG_NONE, PING_DRAIN) != 0)
        session->fatal = AM_NOMEM;
}

// ---- The timers, each with the moment at which it is due (UINT64_MAX: it isn't running) and what it does then

static uint64_t after(uint64_t start, uint64_t wait)
{
    return start == 0 || wait == 0 ? UINT64_MAX : start + wait;
}

static uint64_t due_deadline(const struct rpc_session *session)
{
    uint64_t due = UINT64_MAX;
    const struct rpc_call *call;
    if (session->deadline_count == 0)
        return due;
    DL_FOREACH (session->calls, call)
        if (call->deadline_ns != 0 && call->deadline_ns < due)
            due = call->deadline_ns;
    return due;
}

static uint64_t due_keepalive(const struct rpc_session *session)
{
    return session->pinged_ns != 0 ? UINT64_MAX : after(session->received_ns, session->limits.keepalive_ns);
}

static void do_keepalive(struct rpc_session *session)
{
    session->pinged_ns = session->now_ns;
    if (nghttp2_submit_ping(session->ng, NGHTTP2_FLAG_NONE, PING_KEEPALIVE) != 0)
        session->fatal = AM_NOMEM;
}

static uint64_t due_keepalive_answer(const struct rpc_session *session)
{
    return after(session->pinged_ns, session->limits.keepalive_wait_ns);
}

static void do_keepalive_answer(struct rpc_session *session)
{
    give_up(session, "no answer to the keepalive ping");
}

static uint64_t due_first_request(const struct rpc_session *session)
{
    return !session->server || session->any_call ? UINT64_MAX
                                                 : after(session->started_ns, session->limits.first_request_ns);
}

static void do_first_request(struct rpc_session *session)
{
    session->any_call = true; // not again
    session_end(session, NGHTTP2_NO_ERROR, "no request came");
}

static uint64_t due_drain(const struct rpc_session *session)
{
    return session->drain == DRAIN_NOTICE ? after(session->drained_ns, session->limits.drain_ns) : UINT64_MAX;
}

static uint64_t due_linger(const struct rpc_session *session)
{
    return after(session->ended_ns, session->limits.linger_ns);
}

static void do_linger(struct rpc_session *session)
{
    give_up(session, "the peer didn't read the last frames");
}

static uint64_t due_trim(const struct rpc_session *session)
{
    return session->trim_ns == 0 ? UINT64_MAX : session->trim_ns;
}

static const struct timer {
    uint64_t (*due)(const struct rpc_session *session);
    void (*act)(struct rpc_session *session);
} TIMERS[] = {
    {due_deadline, timer_expire_calls}, {due_keepalive_answer, do_keepalive_answer},
    {due_keepalive, do_keepalive},      {due_first_request, do_first_request},
    {due_drain, finish_drain},          {due_linger, do_linger},
    {due_trim, session_trim},
};

uint64_t rpc_session_next_deadline(const struct rpc_session *session)
{
    uint64_t next = UINT64_MAX;
    if (session->lost || session->fatal != AM_OK)
        return next;
    for (size_t i = 0; i < AM_LEN(TIMERS); i++) {
        uint64_t due = TIMERS[i].due(session);
        if (due < next)
            next = due;
    }
    return next;
}

void rpc_session_tick(struct rpc_session *session, uint64_t now_ns)
{
    session->now_ns = now_ns;
    session->busy = true;
    for (size_t i = 0; i < AM_LEN(TIMERS) && !session->lost && session->fatal == AM_OK; i++)
        if (TIMERS[i].due(session) <= now_ns)
            TIMERS[i].act(session);
    session_reap(session);
    session->busy = false;
}
