// SPDX-License-Identifier: Apache-2.0
// The first entries of a log: GENESIS, members with their grants, rosters, trust.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

struct genesis {
    const struct hub_config *config;
    const struct hub_genesis *from;
    struct hub_step step;
    struct journal_append **appends;
    size_t n;
};

static enum am_err genesis_new(struct genesis *genesis, size_t n_entries, struct hub_pending **ret_pending)
{
    TRY(hub_pending_new(&genesis->step, PURPOSE_OWN, NULL, n_entries, ret_pending));
    (*ret_pending)->append.essential = true;
    genesis->appends[genesis->n++] = &(*ret_pending)->append; // from here it is freed with the others
    return AM_OK;
}

static enum am_err digests(struct hub_pending *pending, const uint8_t (*list)[32], size_t n,
                           ProtobufCBinaryData **ret_list)
{
    ProtobufCBinaryData *copy = arena_array(&pending->arena, n, sizeof *copy);
    if (copy == NULL)
        return arena_error(&pending->arena);
    for (size_t i = 0; i < n; i++)
        copy[i] = codec_binary((struct am_bytes){list[i], 32});
    *ret_list = copy;
    return AM_OK;
}

static enum am_err genesis_entry(struct genesis *genesis)
{
    Amana__V1__GenesisEntry entry = AMANA__V1__GENESIS_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct hub_pending *pending;
    TRY(genesis_new(genesis, 1, &pending));
    entry.format = 1;
    entry.origin = (char *)genesis->config->origin;
    entry.hub = (char *)genesis->config->hub;
    entry.log_key = (char *)genesis->from->log_key;
    entry.n_roots = genesis->from->n_roots;
    TRY(digests(pending, genesis->from->roots, genesis->from->n_roots, &entry.roots));
    entry.n_registrars = genesis->from->n_registrars;
    TRY(digests(pending, genesis->from->registrars, genesis->from->n_registrars, &entry.registrars));
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_GENESIS;
    content.genesis = &entry;
    return hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_HUB);
}

static enum am_err member_entry(struct genesis *genesis, const Amana__V1__MemberRecord *member)
{
    struct hub_pending *pending;
    TRY(genesis_new(genesis, 2, &pending));
    return hub_member_entry(pending, NULL, member, "init", genesis->from->sha256);
}

static enum am_err genesis_fill(struct genesis *genesis)
{
    const struct hub_genesis *from = genesis->from;
    struct hub_pending *pending;
    TRY(genesis_entry(genesis));
    for (size_t i = 0; i < from->n_members; i++)
        TRY(member_entry(genesis, from->members[i]));
    for (size_t i = 0; i < from->n_rosters; i++) {
        TRY(genesis_new(genesis, 1, &pending));
        TRY(hub_roster_entry(pending, &from->rosters[i], from->roster_records[i]));
    }
    TRY(genesis_new(genesis, 1, &pending));
    return hub_trust_entry(pending, NULL, from->trust_digest);
}

enum am_err hub_genesis(const struct hub_config *config, const struct hub_genesis *from, uint64_t now_ns,
                        struct journal_append ***ret_appends, size_t *ret_n)
{
    struct hub hub = {0};
    struct hub_event event = {.now_ns = now_ns};
    struct genesis genesis = {.config = config, .from = from, .step = {.hub = &hub, .event = &event}};
    genesis.appends = calloc(2 + from->n_members + from->n_rosters, sizeof(struct journal_append *));
    if (genesis.appends == NULL)
        return AM_NOMEM;
    enum am_err err = genesis_fill(&genesis);
    if (err != AM_OK) {
        for (size_t i = 0; i < genesis.n; i++)
            hub_append_free(genesis.appends[i]);
        free(genesis.appends);
        return err;
    }
    *ret_appends = genesis.appends;
    *ret_n = genesis.n;
    return AM_OK;
}
