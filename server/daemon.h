// SPDX-License-Identifier: Apache-2.0
// amanad as a process: its folder, its rights, its start and its end. One thread.
#pragma once

#include "server/config.h"

// Beside the journal in DATA: the folder of the hub's own files, and among them the CRL numbers that it has seen.
#define DAEMON_OWN     "hub"
#define DAEMON_CRLS    "crls"
#define DAEMON_METRICS "metrics.prom"

// Goes to the configuration's folder, so that relative paths hold for good; turns core dumps off. Before anything else.
AM_MUST_USE enum am_err daemon_enter(const struct config *config, struct am_detail *detail);

// Serves until TERM. AM_OK after an orderly end.
AM_MUST_USE enum am_err daemon_serve(const struct config *config, struct am_detail *detail);

// `amanad --check-policy`: the policy file alone; prints what it sets.
AM_MUST_USE enum am_err daemon_check_policy(const char *path, struct am_detail *detail);

// `amanad --check`: configuration, trust, rosters, certificate and key, and where `members` is not NULL that file, of
// `init`; prints what it found. Changes nothing.
AM_MUST_USE enum am_err daemon_check(const struct config *config, const char *members, struct am_detail *detail);
