// SPDX-License-Identifier: Apache-2.0
// What the files of this folder share: the net, a connection, a call, and the row of an identity.
#pragma once

#include "certs/tls.h"
#include "proto/codec/codec.h"
#include "proto/rpc/rpc.h"
#include "server/net/hub_clock.h"
#include "server/net/mailslot.h"
#include "server/net/net.h"
#include "server/net/report.h"
#include "server/net/workers.h"

#include <event2/event_struct.h>
#include <event2/listener.h>
#include <uthash.h>
#include <utlist.h>

struct call;
struct connection;
struct roster;
struct receive;
struct replay;
struct limiter;
struct dues;
struct presence;

// A message that a device has, and has not signed for.
struct peer_out {
    uint64_t seq;
    bool here; // on its present stream; else on one before
};

// So many events a second, after a burst of so many.
struct bucket {
    double tokens;
    uint64_t refilled_ns;
};

// An identity that is connected, has work under way, or has messages without having signed for them (so that neither
// another filter nor another connection gives it more). Counted by its connections and calls.
struct peer {
    char uri[LIMIT_URI + 1];
    struct identity identity;
    unsigned references;
    unsigned connections;
    struct arena_budget memory; // of its connections and calls
    struct bucket calls;        // that the hub doesn't count
    struct bucket refused;      // calls, whatever the reason: past these its connections end
    unsigned replays;           // under way
    unsigned urgent;            // submissions under way that go first
    struct receive *receiver;   // the stream that its mailbox goes to, or NULL
    struct peer_out out[LIMIT_UNACKNOWLEDGED];
    size_t n_out;
    UT_hash_handle hh;
};

// What one can be refused before there is a call, or before there is a session.
enum net_refusal {
    REFUSAL_STILL,
    REFUSAL_ADDRESS,
    REFUSAL_CONNECTIONS,
    REFUSAL_MEMORY,
    REFUSAL_IDENTITY,
    NET_REFUSALS
};

// Refusals in the log, by what was answered: gRPC's status, or an HTTP status of our own.
struct refusals {
    struct report_kind reasons[REASON_COUNT], statuses[RPC_STATUS_COUNT], not_found, not_grpc, early[NET_REFUSALS];
    struct report_kind handshakes[AM_ERR_COUNT]; // by why
};

// What the log has of a file, or will have once there is room.
struct net_file {
    bool known; // else there is none
    uint8_t digest[32];
};

struct net {
    struct net_options options;
    struct event_base *base;
    struct hub *hub;
    struct store *store;
    struct registry *registry;
    struct tls_context *tls;
    struct workers *workers;
    struct dues *dues; // due.c
    struct presence *presence;

    // engine.c
    struct mailslot *commits;
    struct change *changed; // rosters in force whose unit has a higher number yet
    struct commit *waiting; // outcomes made on the loop itself, stepped once the present actions are through
    struct hub_actions actions;
    bool acting, returning;
    uint64_t step_ns;        // the present step's time, UTC
    struct pending *pending; // the file of ACCESS entries that is being put into the log, or NULL
    bool stopping, hub_stopped, told_stopped;
    struct event *tick;
    struct hub_clock clock;
    bool clock_job, pending_due; // the clock's file is being read or written; accesses of a time of doubt wait
    uint64_t clock_said_ns;
    size_t pending_jobs;            // entries on their way into the file
    size_t checks;                  // of submissions, with the workers
    struct send *held, **held_last; // these are checked, and decided when the keeper has room (relay_send.c)
    bool letting;                   // these go
    uint64_t ahead;                 // bytes of what isn't urgent, decided and not yet written
    struct {                        // of the keeper, as it was seen at each tick
        uint64_t batch;             // it is at
        uint64_t since_ns, seen_ns; // the tick before it was first seen; the last tick
        unsigned ticks;
        bool stalled;
    } keeper;
    struct handed *handed;                   // handed.c
    struct net_file trust_file, policy_file; // in the log (reload.c)
    int crls_state;                          // of engine.c
    uint64_t crls_said_ns;                   // when the log was last told of CRLs that go stale
    uint64_t certificates_said_ns;           // when what ends was last told; 0: not yet (certificates.c)
    struct {                                 // countries of the trust list whose oversight a message recalled
        bool any, came[TRUST_COUNTRIES], told[TRUST_COUNTRIES];
    } recall;
    bool revoked_untold;   // the ALARM of which oversight is revoked
    bool certificates_job; // the gauges are being written
    uint64_t judged_ns;    // UTC: when all live sessions were judged last

    // listener.c
    struct evconnlistener *listener;
    struct limiter *limiter;
    unsigned handshakes;            // under way
    struct connection *handshaking; // these, by age
    bool listening, started, accept_failed;

    // connection.c
    struct connection *connections;
    size_t connection_count;
    struct connection *dirty;
    struct event *turn;
    unsigned handshake_steps; // left in this turn
    struct connection *handshake_waiting;
    struct event *handshake_resume;
    bool paused; // sockets are left unread
    struct event *stop_timer;
    uint8_t *buffer; // NET_BUFFER bytes read at once

    // calls
    struct peer *peers;
    struct arena_budget memory; // of requests, answers and connections
    uint64_t short_ns;          // since when so much of it is used that nothing new is begun; 0: it isn't
    struct replay *followers;
    struct call *watchers; // of health
    struct call *spare;    // of the method that keeps some
    unsigned spares;
    uint64_t grown, grown_told; // appends that became durable; those that followers were told of
    struct refusals refusals;
};

#define NET_BUFFER (32u * 1024)
#define CRL_DO     "do=\"put the newest lists into trust/crls and send HUP\""

// --- net.c
AM_MUST_USE enum am_err net_tls_make(struct net *net, struct trust *trust, struct am_detail *detail,
                                     struct tls_context **ret_context);

// --- clock.c: the hub's time
AM_MUST_USE enum am_err clock_start(struct net *net, struct am_detail *detail);
bool clock_doubted(struct net *net); // then nothing is appended
void clock_tick(struct net *net);    // once a second

// --- engine.c: the hub's step and its actions
// Fills in the times, steps and performs. The event is the caller's. Not inside an action.
AM_MUST_USE enum am_err net_step(struct net *net, struct hub_event *event);
void net_turn_soon(struct net *net); // the end-of-turn work runs once this turn's callbacks are through
bool net_busy(const struct net *net);
// Whether more than so many per cent of the memory are used, once what is kept for speed alone is given up.
bool net_short(struct net *net, unsigned percent);
// An entry of class 0 that the hub needn't know of; `written` on the loop's thread. The content is borrowed till then.
AM_MUST_USE enum am_err engine_append_own(struct net *net, uint8_t kind, struct am_bytes content,
                                          void (*written)(struct net *net, enum journal_result result));
AM_MUST_USE enum am_err engine_new(struct net *net);
void engine_free(struct net *net);

// --- connection.c
enum connection_state { CONNECTION_HANDSHAKE, CONNECTION_OPEN, CONNECTION_CLOSING, CONNECTION_DEAD };
struct connection {
    struct net *net;
    struct connection *prev, *next;
    struct connection *dirty_prev, *dirty_next;
    struct connection *wait_prev, *wait_next;
    struct connection *handshake_prev, *handshake_next;
    bool dirty, waiting;
    enum connection_state state;
    int fd;
    struct tls_io tls;
    struct rpc_session *rpc;
    struct event reading, writing, timer;
    uint64_t timer_at; // monotonic ns, UINT64_MAX: not set
    uint64_t deadline; // of the handshake, or of closing
    uint64_t heard_ns; // handshake: when the peer last moved it on
    struct peer *peer;
    uint8_t address_key[16];
    char address[64];
    struct arena_budget *budget; // of its identity, or of all; what it holds there
    size_t counted;
    struct judgement *judgement; // judge.c: under way, or NULL
    bool judge_again;
};
void connection_new(struct net *net, int fd, const uint8_t key[16], const char *address); // takes the descriptor
void connection_kick(struct connection *connection);                                      // it has something to write
void connection_refuse(struct connection *connection, const char *reason); // ends a live session; static string
void connection_strike(struct connection *connection);                     // a call on it was refused
void connections_turn(struct net *net);
void connections_relieve(struct net *net); // once a second
void connections_drain(struct net *net);
void connections_end(struct net *net); // every session, with its calls
void connections_free(struct net *net);
AM_MUST_USE enum am_err connections_init(struct net *net);

// --- judge.c: live sessions after a change of rosters, trust or CRLs
void connections_judge(struct net *net, const char *unit); // NULL: all
void judge_tick(struct net *net);                          // once a second
void connection_judge(struct connection *connection);      // this one, which is open

// --- peer.c
struct peer *peer_get(struct net *net, const struct identity *identity); // NULL: out of memory
struct peer *peer_find(struct net *net, const char *uri);
void peer_release(struct peer *peer);
void peers_judge(struct net *net); // forgets those that are away and on no roster any more
void peers_free(struct net *net);
// The message goes out to it, now or once more. There is room: it was asked with what was out before.
bool peer_hand_over(struct peer *peer, uint64_t seq);  // whether it did not have it
void peer_has(struct peer *peer, uint64_t seq);        // from a time before, while there is room
void peer_signed_for(struct peer *peer, uint64_t seq); // nothing where it isn't out
// Those that devices of the unit have and haven't signed for, as many as there is room for; their number.
size_t peers_out(struct net *net, const char *unit, uint64_t *ret_seqs, size_t room);
// All of them, as it is now. AM_NOMEM; seqs is taken where it is NULL, and the caller's to free.
struct in_hand;
AM_MUST_USE enum am_err peers_in_hand(struct net *net, const char *unit, struct in_hand *in_hand);
bool peer_take_token(struct net *net, struct peer *peer, uint64_t now_ns);
// A call of it was refused. False: so many were that it means no good.
AM_MUST_USE bool peer_take_refusal(struct net *net, struct peer *peer, uint64_t now_ns);
void peers_sweep(struct net *net, uint64_t now_ns); // forgets those that are away and owe nothing; once a second

// --- calls
struct method {
    const char *path;
    const ProtobufCMessageDescriptor *request;
    uint32_t max_request;                // bytes
    size_t arena;                        // bytes that the decoded request may take
    size_t size;                         // of the struct that begins with struct call
    bool counted;                        // by the hub: no token is taken here
    void (*begin)(struct call *call);    // the request is whole
    void (*writable)(struct call *call); // or NULL
    void (*closed)(struct call *call);   // or NULL: the client is gone; call->rpc is NULL already
    void (*clear)(struct call *call);    // or NULL: before it is freed
    // Where both are set, some of its structs are kept with their arenas for the next calls: `reset` (instead of
    // `clear`) leaves all zero but these, which count with the net's memory from then on.
    void (*reset)(struct call *call);
    unsigned kept;
};
const struct method *method_find(const char *path);

// One call. Its struct lives as long as somebody counts on it: rpc until on_closed, each job, each work of the hub.
struct call {
    struct net *net;
    const struct method *method;
    struct connection *connection; // NULL once rpc is
    struct rpc_call *rpc;          // NULL once the client is gone or the connection closed
    struct peer *peer;
    unsigned references;
    bool has_request, begun, ended;
    uint64_t deadline_ns; // monotonic, 0: none. rpc ends the call; here it stops work that isn't begun
    struct arena arena;
    ProtobufCMessage *request;
    struct call *prev, *next; // a list of the method's own
};
extern const struct rpc_handlers call_handlers;
void call_spares_free(struct net *net);
void call_hold(struct call *call);
void call_release(struct call *call);
bool call_open(const struct call *call);                      // an answer still has somebody to go to
void call_answer(struct call *call, struct am_bytes message); // one message, then OK
void call_answer_message(struct call *call, const ProtobufCMessage *message);
void call_send(struct call *call, struct am_bytes message);
void call_finish(struct call *call); // OK

// --- errors.c
void refusals_tell(struct net *net, uint64_t now_ns); // those that no line has told yet
void rpc_refuse(struct rpc_call *rpc, enum reason reason, const struct am_detail *detail,
                const char *identity); // before there is a call
void call_refuse(struct call *call, enum reason reason, const struct am_detail *detail);
void call_refuse_work(struct call *call, const struct hub_work *work);
void call_refuse_abort(struct call *call, enum reason reason); // what is queued is dropped
enum reason reason_of(enum am_err err);                        // of something that failed while answering

// --- the methods: what engine.c hands on
void send_check(struct hub_submission *submission);
void send_reply(struct hub_submission *submission, const struct journal_outcome *outcome);
bool send_urgent(const struct hub_submission *submission);
void send_held_go(struct net *net, bool all); // those for which there is room by now
void settle_check(struct hub_settlement *settlement);
void settle_reply(struct hub_settlement *settlement, const struct journal_outcome *outcome);
void acknowledge_check(struct hub_retrieval *retrieval);
void acknowledge_reply(struct hub_retrieval *retrieval, const struct journal_outcome *outcome);
void replay_reply(struct hub_replay *replay);
void replay_stream(struct hub_replay *replay);
void replay_grew(struct net *net);
// It has new mail; `freed`: or what was withheld from it may be free.
void receive_wake(struct net *net, const char *device, bool freed);
// A device of the unit has signed for messages: those that were withheld from the others come to them too, and what
// they were not told of them.
void receive_signed(struct net *net, const char *unit);
void receive_acknowledged(struct peer *peer, const uint64_t *seqs, size_t count);
void receive_stop(struct net *net);
void replay_stop(struct net *net);
void health_changed(struct net *net);
void stalled_tick(struct net *net); // stalled.c, once a second
void admin_reply(struct hub_member_change *change, const struct journal_outcome *outcome);
void reload_reply(struct hub_roster_change *change, const struct journal_outcome *outcome);
// A roster that a registrar gives: the call is answered once it is in force, or refused. Takes a reference.
void reload_roster_add(struct call *call, struct roster *roster);
void reload_turn(struct net *net); // what follows the rosters that came into force
// The log is told which trust.conf and policy.conf are in force: what it has of them (at the start), an entry of each
// that is another by now, and once more at each tick of what could not be written. AM_NOMEM, AM_FULL.
void files_known(struct net *net, const struct net_before *before);
AM_MUST_USE enum am_err files_tell(struct net *net);

// The table's rows, each in the file of its method.
extern const struct method METHOD_SEND, METHOD_PARK, METHOD_LIST_PENDING, METHOD_RELEASE, METHOD_SEND_BACK,
    METHOD_RECEIVE, METHOD_ACKNOWLEDGE, METHOD_STATUS, METHOD_REPLAY, METHOD_RECEIPT, METHOD_CHECKPOINT,
    METHOD_INCLUSION, METHOD_CONSISTENCY, METHOD_LOOKUP, METHOD_MEMBERS, METHOD_SET_MEMBER, METHOD_TRY_POLICY,
    METHOD_UNITS, METHOD_POLICY, METHOD_ADD_ROSTER, METHOD_HEALTH_CHECK, METHOD_HEALTH_WATCH;
