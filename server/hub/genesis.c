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

// --- Grants as text: "ALERT, UPDATE -> et/ics/*\n…", "scope igad, ke, et\n"
static size_t list_size(char *const *list, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += strlen(list[i]) + 2;
    return size;
}

static void list_put(char *text, size_t size, char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        strlcat(text, i == 0 ? "" : ", ", size);
        strlcat(text, list[i], size);
    }
    strlcat(text, "\n", size);
}

static uint32_t kinds_of(const Amana__V1__GrantRecord *grant)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < grant->n_kinds; i++)
        if (kind_get((unsigned)grant->kinds[i]) != NULL)
            kinds |= KIND_BIT(grant->kinds[i]);
    return kinds;
}

static char *grants_text(struct arena *arena, const Amana__V1__MemberRecord *member)
{
    char kinds[KIND_LIST_TEXT];
    size_t size = 16 + list_size(member->scope, member->n_scope);
    for (size_t i = 0; i < member->n_grants; i++)
        size += sizeof kinds + 8 + list_size(member->grants[i]->parties, member->grants[i]->n_parties);
    char *text = arena_alloc(arena, size);
    for (size_t i = 0; text != NULL && i < member->n_grants; i++) {
        kind_list(kinds_of(member->grants[i]), kinds, sizeof kinds);
        strlcat(text, kinds, size);
        strlcat(text, " -> ", size);
        list_put(text, size, member->grants[i]->parties, member->grants[i]->n_parties);
    }
    if (text != NULL && member->n_scope > 0) {
        strlcat(text, "scope ", size);
        list_put(text, size, member->scope, member->n_scope);
    }
    return text;
}

static enum am_err grant_entry(struct genesis *genesis, struct hub_pending *pending, const char *unit, char *text)
{
    Amana__V1__GrantEntry entry = AMANA__V1__GRANT_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    uint8_t after[32];
    genesis->from->sha256(text, strlen(text), after);
    entry.unit = (char *)unit;
    entry.after = codec_binary((struct am_bytes){after, sizeof after});
    entry.text = text;
    entry.by = (char *)"init";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_GRANT;
    content.grant = &entry;
    return hub_entry_pack(pending, 1, &content, JOURNAL_CLASS_HUB);
}

static void party_set(struct journal_entry *entries, size_t n, const char **parties)
{
    for (size_t i = 0; i < n; i++) {
        entries[i].parties = parties;
        entries[i].n_parties = 1;
    }
}

static enum am_err member_entry(struct genesis *genesis, const Amana__V1__MemberRecord *member)
{
    Amana__V1__MemberEntry entry = AMANA__V1__MEMBER_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    bool grants = member->n_grants > 0 || member->n_scope > 0;
    struct hub_pending *pending;
    TRY(genesis_new(genesis, grants ? 2 : 1, &pending));
    struct journal_record *row = arena_alloc(&pending->arena, sizeof *row);
    const char **parties = arena_array(&pending->arena, 1, sizeof *parties);
    char *unit = arena_copy(&pending->arena, member->unit, strlen(member->unit));
    char *text = grants_text(&pending->arena, member);
    if (row == NULL || parties == NULL || unit == NULL || text == NULL)
        return arena_error(&pending->arena);
    entry.unit = unit;
    entry.role = member->role;
    entry.n_languages = member->n_languages;
    entry.languages = member->languages;
    entry.by = (char *)"init";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_MEMBER;
    content.member = &entry;
    *row = (struct journal_record){.kind = JOURNAL_RECORD_MEMBER, .key = unit};
    TRY(codec_encode(&member->base, &pending->arena, &row->value));
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_HUB));
    if (grants)
        TRY(grant_entry(genesis, pending, unit, text));
    pending->append.records = row;
    pending->append.n_records = 1;
    parties[0] = unit;
    party_set(pending->append.entries, pending->append.n_entries, parties);
    return AM_OK;
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
