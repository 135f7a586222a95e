// SPDX-License-Identifier: Apache-2.0
// What the hub knows, read from its journal at start.
#include "server/state.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "server/net/net.h"
#include "server/net/roster_rows.h"

#include <stdlib.h>
#include <string.h>

#define MEMBER_ARENA (1024u * 1024)

struct walk {
    struct hub *hub;
    struct roster **rosters;
    size_t count;
    struct roster_rows rows; // scratch
    struct am_detail *detail;
    struct state *state;
};

static enum am_err member_take(void *user, const struct journal_record *record)
{
    struct arena AM_CLEANUP(arena_clear) arena;
    struct walk *walk = user;
    Amana__V1__MemberRecord *member;

    arena_init(&arena, MEMBER_ARENA);
    if (codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, record->value, &arena, NULL,
                     (ProtobufCMessage **)&member) != AM_OK)
        return am_fail(AM_CORRUPT, walk->detail, record->key, "the member's row can't be read");
    return hub_set_member(walk->hub, member);
}

static enum am_err lapses_take(void *user, const struct journal_record *record)
{
    struct walk *walk = user;

    enum am_err err = hub_set_lapses(walk->hub, record->key, record->value);
    return err == AM_CORRUPT ? am_fail(err, walk->detail, record->key, "what it left unsigned can't be read") : err;
}

// Every number is the hub's to know; certificates are kept of the newest alone (registry_new).
static enum am_err roster_keep(struct walk *walk, struct roster *roster)
{
    struct roster **list = reallocarray(walk->rosters, walk->count + 1, sizeof *list);

    if (list == NULL)
        return AM_NOMEM;
    walk->rosters = list;
    if (walk->count > 0 && strcmp(list[walk->count - 1]->unit, roster->unit) == 0)
        roster_unref(list[--walk->count]); // rows come by unit and number
    list[walk->count++] = roster_ref(roster);
    return AM_OK;
}

static enum am_err roster_take(void *user, const struct journal_record *record)
{
    struct walk *walk = user;
    struct roster *roster;
    struct am_detail detail = {0};
    enum am_err err = roster_from_record(record->value, &detail, &roster);

    if (err != AM_OK)
        return am_fail(AM_CORRUPT, walk->detail, record->key, "its roster %llu can't be read: %s",
                       (unsigned long long)record->number, detail.text);
    err = roster_rows_init(roster, &walk->rows);
    if (err == AM_OK)
        err = hub_set_roster(walk->hub, &walk->rows.hub);
    roster_rows_clear(&walk->rows);
    if (err == AM_OK)
        err = roster_keep(walk, roster);
    roster_unref(roster);
    return err;
}

static enum am_err digest_take(void *user, const struct journal_record *record)
{
    struct state_file *file = user;

    file->known = record->value.len == sizeof file->digest;
    if (file->known)
        memcpy(file->digest, record->value.data, sizeof file->digest);
    return AM_OK;
}

static enum am_err last_entry(struct store_view *view, struct state *state)
{
    const uint8_t start = AMANA__V1__ENTRY_KIND__CODE__START;
    struct store_entry entry;
    uint64_t size = store_view_size(view), first = 0;
    enum am_err err;

    state->empty = size == 0;
    if (size == 0)
        return AM_OK;
    TRY(store_entry(view, size - 1, &entry));
    state->last_time_ns = log_leaf_time(entry.leaf);
    err = store_index_next(view, STORE_INDEX_KIND, (struct am_bytes){&start, 1}, &first);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    state->clean = err == AM_NOT_FOUND || entry.kind == AMANA__V1__ENTRY_KIND__CODE__STOP;
    return AM_OK;
}

static enum am_err state_walk(struct store_view *view, struct walk *walk)
{
    TRY(last_entry(view, walk->state));
    TRY(store_records(view, JOURNAL_RECORD_MEMBER, member_take, walk));
    TRY(store_records(view, JOURNAL_RECORD_ROSTER, roster_take, walk));
    TRY(store_records(view, JOURNAL_RECORD_LAPSES, lapses_take, walk));
    TRY(store_records(view, JOURNAL_RECORD_TRUST, digest_take, &walk->state->trust));
    return store_records(view, JOURNAL_RECORD_POLICY, digest_take, &walk->state->policy);
}

enum am_err state_load(struct store *store, struct hub *hub, struct trust *trust, struct cert_cache *cache,
                       struct am_detail *detail, struct state *ret_state, struct registry **ret_registry)
{
    struct walk *walk = calloc(1, sizeof *walk);
    struct store_view *view;
    bool shields;
    enum am_err err;

    if (walk == NULL)
        return AM_NOMEM;
    *ret_state = (struct state){0};
    walk->hub = hub;
    walk->detail = detail;
    walk->state = ret_state;
    err = store_view_begin(store, &view);
    if (err == AM_OK) {
        err = state_walk(view, walk);
        if (err == AM_OK)
            err = store_any_shield(view, &shields);
        store_view_end(view);
    }
    if (err == AM_OK)
        err = net_countries_set(hub, trust);
    if (err == AM_OK) {
        hub_set_clock_floor(hub, ret_state->last_time_ns);
        hub_set_shields(hub, shields);
        err = registry_new(trust, walk->rosters, walk->count, cache, ret_registry);
    }
    for (size_t i = 0; i < walk->count; i++)
        roster_unref(walk->rosters[i]);
    free(walk->rosters);
    free(walk);
    return err;
}
