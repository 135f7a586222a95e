// SPDX-License-Identifier: Apache-2.0
// Live messages on the one hand, exercises and tests on the other: never in one list (domain.md, Kinds). One thread.
#pragma once

#include "client/cmd/command.h"

#include <argp.h>

// What a list is asked for. Neither: what is live.
struct traffic {
    bool exercise, test;
};

// The children of a verb that lists: command_argp (input the struct command), then --exercise and --test (input the
// struct traffic).
extern const struct argp_child traffic_children[];

// Whether a message of this status belongs into the list.
bool traffic_wants(const struct traffic *traffic, Amana__V1__Status__Code status);
// The same of a message. One that can't be read counts as live: it is shown rather than hidden.
bool traffic_wants_message(const struct traffic *traffic, const Amana__V1__Message *message);
// Of a notice: where any message of this client that it names belongs into the list; one that names none is live.
AM_MUST_USE enum am_err traffic_wants_notice(const struct traffic *traffic, struct store *store,
                                             const Amana__V1__EntryContent *content, bool *ret_wants);
// How many messages of a box are live, and how many are exercises or tests.
AM_MUST_USE enum am_err traffic_count(struct store *store, enum store_box box, unsigned *ret_live, unsigned *ret_other);
