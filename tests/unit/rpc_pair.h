// SPDX-License-Identifier: Apache-2.0
// A client's and a server's session joined through memory, with a small service behind the server.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/rpc/rpc.h"

#define COUNT_MESSAGE 400u // bytes of a message of /test.Echo/Count
#define FAIL_TEXT     "100 % wrong:\nécrit à la main"
static const uint8_t FAIL_DETAILS[5] = {8, 9, 0, 255, 1};

// What a client saw of one call.
struct record {
    struct rpc_call *call;
    const uint8_t *expect; // what comes back, NULL: not compared
    unsigned hold_after;   // hold when so many messages came; 0: never
    unsigned messages;
    size_t bytes;
    bool same;
    bool finished;
    enum rpc_status status;
    char message[256];
    uint8_t details[64];
    size_t details_len;
    struct record *next;
};

struct pair {
    struct rpc_session *server, *client;
    uint64_t now;
    uint64_t random;
    struct record *records;
    // the server's side
    int server_open; // calls begun and not closed
    unsigned closed[RPC_CLOSE_LOST + 1];
    uint64_t last_timeout;
    struct rpc_call *last_server_call;
    unsigned received; // messages
    bool hold;
    uint32_t produced, to_produce;
    size_t most_queued;
    size_t most_output; // bytes that one rpc_session_output gave, either side
};

// The service: Unary and Hold echo each message and finish at the half-close (Hold holds after the first while
// pair->hold), Count answers a number n with n messages, Small takes 2,000 bytes, First aborts at the first message,
// Fail fails with details, Wait never answers.
extern const struct rpc_handlers PAIR_SERVER, PAIR_CLIENT;

int pair_setup(void **state);
int pair_teardown(void **state);
struct record *pair_call(struct pair *pair, const char *path, uint64_t timeout_ns);
void record_send(struct record *record, const void *data, size_t len);
// Carries bytes in both directions, in pieces of random sizes, until both sides are silent.
void pair_run(struct pair *pair);
// Frees the records of calls; none may be open.
void pair_forget(struct pair *pair);
