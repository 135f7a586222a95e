// SPDX-License-Identifier: Apache-2.0
// Clients on disk over the test PKI: keys, trust, rosters and a first checkpoint in their stores; no hub.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "client/session/session.h"
#include "tests/unit/pki.h"

#define ENV_UNITS  4u
#define ENV_POLICE "ke/dci/transnational"
#define ENV_CHILD  "ke/dcs/child-protection"
#define ENV_POST   "et/ics/moyale"
#define ENV_MOWSA  "et/mowsa/protection"
#define ENV_ORIGIN "igad.amana.example/log"
#define ENV_CASE   "ke/dci/2026/004211"

struct client_env {
    struct pki pki;
    EVP_PKEY *log_key;
    struct am_bytes lookups[ENV_UNITS]; // packed LookupResponse of each unit's first roster
    unsigned clients;
};

// Aborts the test where something fails.
void client_env_init(struct client_env *env);
void client_env_clear(struct client_env *env);

// A client of one of the units, off line, that knows every unit's roster and has verified a checkpoint of `seen`
// entries (0: none). NULL is never returned.
struct session *client_env_open(struct client_env *env, const char *unit, uint64_t seen);

// From now on that client knows this unit by another role.
void client_env_say(struct client_env *env, struct session *session, const char *unit, const char *role);

// A checkpoint signed by the log's key (or by `other`, if not NULL).
struct log_checkpoint client_env_checkpoint(const struct client_env *env, uint64_t size, const uint8_t root[32],
                                            EVP_PKEY *other);

// The draft of tests/data/alert-moyale.json, in the arena.
Amana__V1__Draft *client_env_draft(struct arena *arena);
