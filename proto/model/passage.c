// SPDX-License-Identifier: Apache-2.0
// The rows of the two tables.
#include "proto/model/passage.h"

#include "proto/model/error.h"
#include "proto/model/limits.h"

#define R(name) RELEASE_STATE(name)
#define D(name) DELIVERY_STATE(name)

static const struct passage_row RELEASE[] = {
    {R(PENDING_RELEASE), PASSAGE_RELEASE, R(RELEASED), false},
    {R(PENDING_RELEASE), PASSAGE_SEND_BACK, R(RETURNED), false},
    {R(PENDING_RELEASE), PASSAGE_LAPSE, R(LAPSED), false},
    // It has gone, and nobody stands for it: late is better than never.
    {R(LAPSED), PASSAGE_RELEASE, R(RELEASED), true},
    {R(LAPSED), PASSAGE_SEND_BACK, R(RETURNED), true},
};

static const struct passage_row DELIVERY[] = {
    {D(QUEUED), PASSAGE_RELAY, D(RELAYED), false},
    {D(QUEUED), PASSAGE_DELIVER, D(DELIVERED), false},
    {D(QUEUED), PASSAGE_REFUSE, D(PEER_REFUSED), false},
    {D(QUEUED), PASSAGE_EXPIRE, D(EXPIRED), false},
    {D(RELAYED), PASSAGE_DELIVER, D(DELIVERED), false},
    {D(RELAYED), PASSAGE_REFUSE, D(PEER_REFUSED), false},
    {D(RELAYED), PASSAGE_EXPIRE, D(EXPIRED), false},
    {D(DELIVERED), PASSAGE_RETRIEVE, D(RETRIEVED), false},
    {D(DELIVERED), PASSAGE_EXPIRE, D(EXPIRED), false},
    {D(EXPIRED), PASSAGE_RETRIEVE, D(RETRIEVED), false}, // it had it, and its word comes late
};

static const char *const WORDS[] = {
    [PASSAGE_RELEASE] = "a supervisor signs",
    [PASSAGE_SEND_BACK] = "a supervisor sends it back",
    [PASSAGE_LAPSE] = "24 h or retain_until pass (DEFERRED: 30 min)",
    [PASSAGE_RELAY] = "the next hub's receipt",
    [PASSAGE_DELIVER] = "in the mailbox of the recipient's hub",
    [PASSAGE_REFUSE] = "a hub on the way refuses it",
    [PASSAGE_RETRIEVE] = "a device of the recipient signs for it",
    [PASSAGE_EXPIRE] = "retain_until passes",
};

const struct passage_row *release_rows(size_t *ret_n)
{
    *ret_n = AM_LEN(RELEASE);
    return RELEASE;
}

const struct passage_row *delivery_rows(size_t *ret_n)
{
    *ret_n = AM_LEN(DELIVERY);
    return DELIVERY;
}

uint8_t release_next(uint8_t state, enum passage_move move, bool deferred)
{
    for (size_t i = 0; i < AM_LEN(RELEASE); i++)
        if (RELEASE[i].state == state && RELEASE[i].move == move && (deferred || !RELEASE[i].deferred))
            return RELEASE[i].next;
    return R(UNSPECIFIED);
}

uint8_t delivery_next(uint8_t state, enum passage_move move)
{
    for (size_t i = 0; i < AM_LEN(DELIVERY); i++)
        if (DELIVERY[i].state == state && DELIVERY[i].move == move)
            return DELIVERY[i].next;
    return D(UNSPECIFIED);
}

uint64_t release_due(uint64_t taken, bool deferred, uint64_t retain_until)
{
    uint64_t day = taken + LIMIT_RELEASE_NS;
    if (deferred) // it has gone
        return taken + LIMIT_DEFERRED_NS;
    return retain_until < day ? retain_until : day;
}

bool release_open(uint8_t state, bool deferred)
{
    return release_next(state, PASSAGE_RELEASE, deferred) != R(UNSPECIFIED);
}

const char *passage_words(enum passage_move move)
{
    return WORDS[move];
}
