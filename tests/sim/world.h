// SPDX-License-Identifier: Apache-2.0
// A hub with its modelled journal, some units, and letters that they write: the world that the tests of the hub play
// in.
#pragma once

#include "tests/sim/model.h"

#define WORLD_START (1800000000ull * NS_PER_S) // UTC
#define MINUTE_NS   (60ull * NS_PER_S)
#define HOUR_NS     (60ull * MINUTE_NS)
#define DAY_NS      (24ull * HOUR_NS)

#define POLICE     "ke/dci/transnational"
#define COLLEAGUES "ke/dci/nairobi" // of the same agency
#define CHILD_DESK "ke/dcs/child-protection"
#define POST       "et/ics/moyale"
#define SHELTER    "et/mowsa/protection"
#define LONELY     "so/police/desk" // of a country without a protection unit
#define STRANGER   "ug/police/kampala"
#define AUDITOR    "igad/audit/desk"

#define URI(unit, device) "amana://" unit "/device/" device

#define WORLD_QUEUE 4096

struct letter;

struct world {
    struct hub *hub;
    struct model model;
    struct arena arena; // letters
    uint64_t now, monotonic;
    struct hub_actions actions;
    uint64_t ids;
    // What waits: for a worker, for the keeper.
    struct hub_work *checks[WORLD_QUEUE];
    size_t n_checks;
    struct journal_append *appends[WORLD_QUEUE];
    size_t n_appends;
    // What was seen.
    const char *woken[64];
    size_t n_woken;
    const char *roster_changed;
    bool stopped;
    struct hub_action unlogged[16];
    size_t n_unlogged;
    struct hub_work *replaying;
    // Deadlines that have come, and the rows that are read ahead.
    bool reading; // asked for, and not read yet
    struct journal_deadline read_after;
    uint64_t read_until;
    struct hub_due dues[HUB_DUES];
    bool due_taken[HUB_DUES];
    enum reason checked; // what workers say of signature and seal
    void *user;
    // Where memory may fail: called before and after each step. A step that fails ends its work (BUSY); after COMMITTED
    // alone `lost` is set, as the program would end there.
    void (*arm)(bool on);
    bool lost;
    void (*on_reply)(struct world *world, struct hub_work *work, const struct journal_outcome *outcome);
};

void world_init(struct world *world, const struct hub_config *config); // NULL: defaults
void world_clear(struct world *world);
// A new hub over the same journal, as after a crash: what was under way is lost.
void world_restart(struct world *world);

// Steps an event and queues what it asks for. AM_OK is asserted.
void world_step(struct world *world, struct hub_event event);
// One check, one commit: of the index given; the next of what waits, false where nothing does; all until nothing waits.
void world_check_one(struct world *world, size_t index);
void world_commit_one(struct world *world, size_t index);
bool world_pump_one(struct world *world);
void world_pump(struct world *world);
// The rows of deadlines that the hub asked for.
void world_read(struct world *world);
// Time goes on, a tick comes, and everything that follows until nothing waits.
void world_pass(struct world *world, uint64_t ns);

// Rosters: unit's number n has devices d1 … with seal certificates of generation `seal`, and officers o1, o2.
void world_roster(struct world *world, const char *unit, uint64_t number, unsigned devices, uint8_t seal);

// Gives a unit other grants: the kinds that are served, towards these parties.
void world_grant(struct world *world, const char *unit, const char *role, char **parties, size_t n);

// The countries, with the digest of the certificate of Kenya's oversight; NULL: none.
enum am_err world_countries(struct hub *hub, const uint8_t *oversight);

// A message being written and sent. Fields may be changed until letter_send.
struct letter {
    struct hub_submission submission; // first
    Amana__V1__Header header;
    Amana__V1__Flags flags;
    Amana__V1__UnitRoster sender;
    Amana__V1__LogSeen log_seen;
    Google__Protobuf__Timestamp written_at, valid_until, retain_until;
    Amana__V1__Pointer in_reply_to, supersedes, refers[LIMIT_REFERENCES], *refers_list[LIMIT_REFERENCES];
    Amana__V1__Recipient *recipients[LIMIT_RECIPIENTS];
    unsigned replies;
    struct am_bytes receipt;
    uint64_t seq; // once accepted
    void *user;
};

// From the first device of `unit` by its officer o1; kind's required fields filled in, no recipients.
struct letter *letter_new(struct world *world, const char *unit, Amana__V1__Kind__Code kind);
void letter_to(struct world *world, struct letter *letter, const char *unit, Amana__V1__Part__Code part);
// Answers: takes over from the letter answered what an answer carries.
void letter_answers(struct letter *letter, const struct letter *answered, const struct letter *root);
void letter_supersedes(struct letter *letter, const struct letter *before);
void letter_refers(struct letter *letter, const struct letter *other);
// Packs it and gives it to the hub.
void letter_arrive(struct world *world, struct letter *letter);
// The same, then everything until nothing waits; the reason of the reply.
enum reason letter_send(struct world *world, struct letter *letter);
// The same letter once more, from the beginning.
struct letter *letter_again(struct world *world, const struct letter *letter);

// An alert of POLICE to POST (ACTION) and SHELTER (COPY), accepted.
struct letter *world_alert(struct world *world);
struct letter *world_answer(struct world *world, const char *unit, Amana__V1__Kind__Code kind,
                            const struct letter *answered, const struct letter *root);
