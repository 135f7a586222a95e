// SPDX-License-Identifier: Apache-2.0
// What the simulation knows besides the world: what senders were told, and what is committed but not answered.
#pragma once

#include "tests/sim/world.h"

#include "proto/model/address.h"

#define SIM_MESSAGES   3000
#define SIM_ANSWERS    4096
#define SIM_RETRIEVALS 300 // under way
#define SIM_LAPSES     1000

struct sim_message {
    struct letter *letter;    // as it was written; retries are copies
    struct sim_message *root; // NULL: it is an ALERT or a REQUEST
    unsigned under_way;       // calls that wait for an answer
    bool accepted;
    struct am_bytes receipt;  // the first
    uint64_t seq;             // of what was sent
    bool parks, defers;       // it asks for a second person
    bool sent;                // recipients have it
    unsigned lapses;          // of its unit that the hub knew of when it came
    struct am_bytes released; // the receipt of who released what was parked
};

// How it stands with the second person of one message, by what was committed.
struct sim_second {
    uint64_t seq; // of its PARKED entry, or of its SUBMITTED one
    struct sim_message *message;
    Amana__V1__ReleaseState__Code state;
    bool deferred;
    uint64_t due;
};

struct sim_lapse {
    const char *unit;
    uint64_t seq;
    bool told; // the hub has heard that it is written
};

struct sim_answer {
    struct journal_append *append;
    struct journal_outcome outcome;
};

struct sim {
    struct world world;
    uint64_t seed, random, step;
    struct sim_message messages[SIM_MESSAGES];
    size_t n_messages;
    struct sim_answer answers[SIM_ANSWERS];
    size_t n_answers, n_retrievals;
    struct sim_second seconds[SIM_MESSAGES];
    struct sim_lapse lapses[SIM_LAPSES];
    size_t n_seconds, n_lapses;
    uint64_t post_roster;
    unsigned accepted, moved, crossed, refused, conflicts, crashes, released, returned, late, apart, halted;
};

// Prints the seed and the step, and ends the program.
_Noreturn void sim_fail(const struct sim *sim, const char *what, const char *file, int line);
#define SIM_CHECK(sim, holds, what)                                                                                    \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            sim_fail(sim, what, __FILE__, __LINE__);                                                                   \
    } while (0)

uint32_t sim_random(struct sim *sim, uint32_t below);

// Lapses of a unit; those that the hub has heard of alone.
unsigned sim_lapses(const struct sim *sim, const char *unit, bool told);

// Sends it; `root` is what it answers.
void sim_send(struct sim *sim, struct letter *letter, struct sim_message *root);

// Whether a message of `kind` moves a life of such a root so.
bool sim_table_has(uint8_t root, uint8_t state, uint8_t kind, uint8_t next);

// --- requests.c: the police ask the post, and one of the two answers. Whether the post has a request, and not what set
// its clock going again. What must hold of a life that is written, and of all.
void sim_request(struct sim *sim);
void sim_answer_request(struct sim *sim);
bool sim_explained_unseen(struct sim *sim, const struct sim_message *root);
void sim_check_request(struct sim *sim, const struct journal_append *append, const struct journal_life *life);
void sim_check_requests(struct sim *sim);
// Seq of the message from which on whatever the post hasn't retrieved is withheld from it: UNKNOWN lets through what is
// urgent. JOURNAL_NONE: none.
uint64_t sim_withheld_from(const struct model *model, const struct model_message *root);

// Commits, with the invariants that a single append can break.
struct journal_outcome sim_commit(struct sim *sim, const struct journal_append *append);
// What a sender is told, compared with what it was told before and with what is durable.
void sim_on_reply(struct world *world, struct hub_work *work, const struct journal_outcome *outcome);
// Over the whole journal.
void sim_check_all(struct sim *sim);
