// SPDX-License-Identifier: Apache-2.0
// The load generator: connections of one device, each with a number of calls in flight, in a closed loop. One thread.
#pragma once

#include "pool.h"

#include <stdio.h>

struct load; // connections to one hub

// Connects count times to 127.0.0.1:port with the session's auth key. *ret_load is freed by load_close.
AM_MUST_USE enum am_err load_open(struct session *session, size_t count, struct am_detail *detail,
                                  struct load **ret_load);
// The same, and each makes one Status call as soon as it is open: the hub ends those that stay silent.
AM_MUST_USE enum am_err load_open_spoken(struct session *session, size_t count, struct am_detail *detail,
                                         struct load **ret_load, size_t *ret_answered);
void load_close(struct load *load); // NULL is fine

struct load_result {
    size_t accepted, refused, lost; // lost: the connection ended first
    double seconds;
    double p50_us, p99_us; // of what was accepted
    char first_refusal[600];
};

// Sends all `count` messages, in_flight at a time over the connections, and waits for the answers or the end of the
// last connection. receipts (may be NULL) gets a line for each answer: id and SHA-256 of the receipt's bytes.
AM_MUST_USE enum am_err load_send(struct load *load, const struct pool_message *messages, size_t count,
                                  size_t in_flight, FILE *receipts, struct load_result *ret_result);

// Lets the loop run so long with nothing to do.
void load_idle(struct load *load, double seconds);
