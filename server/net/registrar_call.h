// SPDX-License-Identifier: Apache-2.0
// What a registrar signed and gives the hub: verified on a worker, decided on the loop, by one and the same trust list.
#pragma once

#include "server/net/internal.h"
#include "server/net/registry.h"

struct registrar_call {
    struct call call;
    struct job job;
    struct registry *registry; // whose trust list `check` goes by
    uint64_t now_ns;           // and whose time
    enum am_err err;           // what it found
    struct am_detail detail;
    // On a worker: reads the request and sets `err`; again, where the trust list was replaced before the decision.
    void (*check)(struct registrar_call *registrar);
    // On the loop: the answer, or the event of the hub that gives it.
    void (*decide)(struct registrar_call *registrar);
};

// Has `check` run on a worker, then `decide`. Of a struct whose first member is a registrar_call, on the loop.
void registrar_call_begin(struct call *call, void (*check)(struct registrar_call *registrar),
                          void (*decide)(struct registrar_call *registrar));
void registrar_call_clear(struct call *call);

// Answers a call whose `check` failed. False: it didn't, nothing is answered.
bool registrar_call_refuse(struct registrar_call *registrar);
