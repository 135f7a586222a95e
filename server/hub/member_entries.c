// SPDX-License-Identifier: Apache-2.0
// Entries about a member and its grants, with the row that is kept: the same at `amanad init` and later.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

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

// "" for no member and for none of either. Allocated.
static char *grants_text(const struct hub_member *member)
{
    char kinds[KIND_LIST_TEXT];
    if (member == NULL)
        return strdup("");
    size_t size = 16 + list_size(member->scope, member->n_scope);
    for (size_t i = 0; i < member->n_grants; i++)
        size += sizeof kinds + 8 + list_size(member->grants[i].parties, member->grants[i].n_parties);
    char *text = calloc(1, size);
    for (size_t i = 0; text != NULL && i < member->n_grants; i++) {
        kind_list(member->grants[i].kinds, kinds, sizeof kinds);
        strlcat(text, kinds, size);
        strlcat(text, " -> ", size);
        list_put(text, size, member->grants[i].parties, member->grants[i].n_parties);
    }
    if (text != NULL && member->n_scope > 0) {
        strlcat(text, "scope ", size);
        list_put(text, size, member->scope, member->n_scope);
    }
    return text;
}

char *hub_grants_text(const Amana__V1__MemberRecord *member)
{
    struct hub_member *copy = hub_member_copy(member);
    char *text = copy != NULL ? grants_text(copy) : NULL;
    hub_member_free(copy);
    return text;
}

static void party_set(struct journal_entry *entries, size_t n, const char **parties)
{
    for (size_t i = 0; i < n; i++) {
        entries[i].parties = parties;
        entries[i].n_parties = 1;
    }
}

static enum am_err grant_entry(struct hub_pending *pending, const char *unit, const char *before, char *after,
                               const char *by, hub_sha256 *sha256)
{
    Amana__V1__GrantEntry entry = AMANA__V1__GRANT_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    uint8_t digests[2][32];
    if (before[0] != '\0') {
        TRY(sha256((struct am_bytes){(const uint8_t *)before, strlen(before)}, digests[0]));
        entry.before = codec_binary((struct am_bytes){digests[0], 32});
    }
    if (after[0] != '\0') {
        TRY(sha256((struct am_bytes){(const uint8_t *)after, strlen(after)}, digests[1]));
        entry.after = codec_binary((struct am_bytes){digests[1], 32});
    }
    entry.unit = (char *)unit;
    entry.text = after;
    entry.by = (char *)by;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_GRANT;
    content.grant = &entry;
    return hub_entry_pack(pending, 1, &content, JOURNAL_CLASS_HUB);
}

static enum am_err member_row(struct hub_pending *pending, const Amana__V1__MemberRecord *after, const char *by)
{
    Amana__V1__MemberEntry entry = AMANA__V1__MEMBER_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct journal_record *row = arena_alloc(&pending->arena, sizeof *row);
    const char **parties = arena_array(&pending->arena, 1, sizeof *parties);
    char *unit = arena_copy(&pending->arena, after->unit, strlen(after->unit));
    if (row == NULL || parties == NULL || unit == NULL)
        return arena_error(&pending->arena);
    entry.unit = unit;
    entry.role = after->role;
    entry.n_languages = after->n_languages;
    entry.languages = after->languages;
    entry.by = (char *)by;
    entry.revision = after->revision;
    entry.hours = after->hours;
    entry.telephone = after->telephone;
    entry.deputy = after->deputy;
    entry.successor = after->successor;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_MEMBER;
    content.member = &entry;
    *row = (struct journal_record){.kind = JOURNAL_RECORD_MEMBER, .key = unit};
    TRY(codec_encode(&after->base, &pending->arena, &row->value));
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_HUB));
    pending->append.records = row;
    pending->append.n_records = 1;
    parties[0] = unit;
    party_set(pending->append.entries, pending->append.n_entries, parties);
    return AM_OK;
}

enum am_err hub_member_entry(struct hub_pending *pending, const struct hub_member *before,
                             const Amana__V1__MemberRecord *after, const char *by, hub_sha256 *sha256)
{
    struct hub_member *copy = hub_member_copy(after);
    char *old = grants_text(before), *new = copy != NULL ? grants_text(copy) : NULL;
    enum am_err err = old == NULL || new == NULL ? AM_NOMEM : AM_OK;
    pending->append.n_entries = err == AM_OK && strcmp(old, new) == 0 ? 1 : 2;
    if (err == AM_OK && pending->append.n_entries == 2)
        err = grant_entry(pending, after->unit, old, new, by, sha256);
    if (err == AM_OK)
        err = member_row(pending, after, by);
    hub_member_free(copy);
    free(old);
    free(new);
    return err;
}
