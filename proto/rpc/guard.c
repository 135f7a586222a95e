// SPDX-License-Identifier: Apache-2.0
// Floods: frames that cost the sender nothing and us something. Each kind has a rate past which the connection ends.
#include "proto/rpc/internal.h"

#include "proto/model/limits.h"

// Strikes as gRPC counts them (proposal A8): stock clients measure bandwidth with pings while data flows, so what we
// send wipes the slate clean.
#define PING_STRIKES 2u
// Stock clients give one or two for each DATA frame they get; on 128 streams a few may come after the last.
#define WINDOW_UPDATES 1000u

struct flood {
    unsigned limit; // in LIMIT_RESETS_NS; of resets the session's own
    const char *reason;
};

static const struct flood FLOOD_TABLE[FLOODS] = {
    [FLOOD_RESETS] = {0, "too many streams were reset"},
    [FLOOD_EMPTY_DATA] = {100, "too many empty DATA frames"},
    [FLOOD_SETTINGS] = {100, "too many SETTINGS frames"},
    [FLOOD_IDLE_FRAMES] = {500, "too many frames that do nothing"},
};

// Counts one event; true: more than `limit` came within LIMIT_RESETS_NS. What the period before this one had counts by
// the share of it that a window ending now would still cover.
static bool rate_exceeds(struct rpc_rate *rate, uint64_t now_ns, unsigned limit)
{
    uint64_t period = now_ns / LIMIT_RESETS_NS;
    if (period != rate->period) {
        rate->before = period == rate->period + 1 ? rate->now : 0;
        rate->now = 0;
        rate->period = period;
    }
    if (rate->now <= limit)
        rate->now++;
    uint64_t covered = LIMIT_RESETS_NS - now_ns % LIMIT_RESETS_NS;
    return rate->now + rate->before * covered / LIMIT_RESETS_NS > limit;
}

void guard_count(struct rpc_session *session, enum rpc_flood flood)
{
    unsigned limit = flood == FLOOD_RESETS ? session->limits.resets : FLOOD_TABLE[flood].limit;
    if (session->server && rate_exceeds(&session->guard.rates[flood], session->now_ns, limit))
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, FLOOD_TABLE[flood].reason);
}

void guard_ping(struct rpc_session *session)
{
    struct rpc_guard *guard = &session->guard;
    bool early = guard->last_ping_ns != 0 && session->now_ns - guard->last_ping_ns < LIMIT_PING_INTERVAL_NS;
    guard->last_ping_ns = session->now_ns;
    if (session->server && early && ++guard->ping_strikes > PING_STRIKES)
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, "too many pings");
}

void guard_window_update(struct rpc_session *session)
{
    if (session->server && ++session->guard.window_updates > WINDOW_UPDATES)
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, "too many WINDOW_UPDATE frames");
}

void guard_sent(struct rpc_session *session, uint8_t frame_type)
{
    if (frame_type == NGHTTP2_HEADERS || frame_type == NGHTTP2_DATA) {
        session->guard.last_ping_ns = 0;
        session->guard.ping_strikes = 0;
    }
    if (frame_type == NGHTTP2_DATA)
        session->guard.window_updates = 0;
}
