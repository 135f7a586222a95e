// SPDX-License-Identifier: Apache-2.0
// Which messages a device was given and has not signed for, kept over a restart: so that it gets no more unsigned by
// one, and a state that a case is kept from sees no difference in what its devices have (rule 4). A file beside the
// journal, written after the fact and not synced: a hub that is killed keeps it, and a machine that loses power may
// lose what was given in its last seconds.
#pragma once

#include "proto/model/error.h"

#include <stddef.h>
#include <stdint.h>

#define HANDED_DIGEST 8u // bytes of the header's digest, that tell another message of the same seq apart

struct net;
struct peer;
struct handed;
struct handed_row {
    uint64_t seq;
    uint8_t digest[HANDED_DIGEST];
};

// Reads the file into the peers, and writes it anew with what is still unsigned. At the start, once the store is open.
// What can't be read is told and left out. AM_NOMEM.
AM_MUST_USE enum am_err handed_start(struct net *net);

// Given to this device just now, which did not have them. Where they can't be written that is told, and all goes on.
void handed_note(struct net *net, const struct peer *peer, const struct handed_row *rows, size_t n);

void handed_free(struct net *net); // after the workers, who have written what was noted
