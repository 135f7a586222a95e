// SPDX-License-Identifier: Apache-2.0
// Entries about a member and its grants, with the row that is kept: the same at `amanad init` and later.
#include "server/hub/internal.h"

#include "proto/model/member.h"

#include <stdlib.h>
#include <string.h>

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
    entry.revision = after->revision;
    entry.said = after->said;
    entry.statement = after->statement;
    entry.by = (char *)by;
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
    const char *old = before != NULL ? before->grants_text : "";
    char *new = member_grants_text(after);
    enum am_err err = new == NULL ? AM_NOMEM : AM_OK;
    pending->append.n_entries = err == AM_OK && strcmp(old, new) == 0 ? 1 : 2;
    if (err == AM_OK && pending->append.n_entries == 2)
        err = grant_entry(pending, after->unit, old, new, by, sha256);
    if (err == AM_OK)
        err = member_row(pending, after, by);
    free(new);
    return err;
}
