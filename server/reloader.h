// SPDX-License-Identifier: Apache-2.0
// HUP, the side of the files: trust, server certificate, policy and rosters are read on a worker, taken on the loop.
#pragma once

#include "server/config.h"
#include "server/net/net.h"

struct reloader {
    const char *crls;    // the file of CRL numbers seen
    const char *log_key; // of the log that is here
    const struct config *config;
    struct net *net;
    struct trust *trust; // in force; a reference of its own
    bool running, again;
};

// Reads the rosters alone, at a start: those that came while nobody served. Loop's thread.
void reloader_rosters(struct reloader *reloader);

// Reads everything anew; a second call meanwhile is remembered. What isn't good is told in the log and what runs kept.
// Loop's thread.
void reloader_start(struct reloader *reloader);
