// SPDX-License-Identifier: Apache-2.0
// Entries about rosters and trust, with the records that go with them: the same at `amanad init` and later.
#include "server/hub/internal.h"

#include <string.h>

enum am_err hub_roster_entry(struct hub_pending *pending, const struct hub_roster *roster,
                             const Amana__V1__RosterRecord *record)
{
    static const uint8_t NONE[32];
    Amana__V1__RosterEntry entry = AMANA__V1__ROSTER_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct journal_record *row = arena_alloc(&pending->arena, sizeof *row);
    const char **parties = arena_array(&pending->arena, 1, sizeof *parties);
    char *unit = arena_copy(&pending->arena, roster->unit, strlen(roster->unit));
    if (row == NULL || parties == NULL || unit == NULL)
        return arena_error(&pending->arena);
    entry.unit = unit;
    entry.number = roster->number;
    entry.digest = codec_binary((struct am_bytes){roster->digest, 32});
    if (memcmp(roster->previous, NONE, sizeof NONE) != 0)
        entry.previous = codec_binary((struct am_bytes){roster->previous, 32});
    entry.signer = (char *)roster->signer;
    entry.removed = roster->n_devices == 0;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ROSTER;
    content.roster = &entry;
    *row = (struct journal_record){.kind = JOURNAL_RECORD_ROSTER, .key = unit, .number = roster->number};
    TRY(codec_encode(&record->base, &pending->arena, &row->value));
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_HUB));
    parties[0] = unit;
    pending->append.entries[0].parties = parties;
    pending->append.entries[0].n_parties = 1;
    pending->append.records = row;
    pending->append.n_records = 1;
    return AM_OK;
}

// The file's digest before and after, and the row that keeps it.
static enum am_err digests_entry(struct hub_pending *pending, Amana__V1__EntryContent *content, uint8_t record,
                                 const uint8_t *after)
{
    struct journal_record *row = arena_alloc(&pending->arena, sizeof *row);
    uint8_t *value = arena_copy(&pending->arena, after != NULL ? after : (const uint8_t *)"", after != NULL ? 32 : 0);
    if (row == NULL || value == NULL)
        return arena_error(&pending->arena);
    *row = (struct journal_record){.kind = record, .key = "", .value = {value, after != NULL ? 32 : 0}};
    pending->append.records = row;
    pending->append.n_records = 1;
    return hub_entry_pack(pending, 0, content, JOURNAL_CLASS_HUB);
}

static ProtobufCBinaryData digest_or_none(const uint8_t *digest)
{
    return codec_binary((struct am_bytes){digest, digest != NULL ? 32 : 0});
}

enum am_err hub_trust_entry(struct hub_pending *pending, const uint8_t *before, const uint8_t *after)
{
    Amana__V1__TrustEntry entry = AMANA__V1__TRUST_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.before = digest_or_none(before);
    entry.after = digest_or_none(after);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_TRUST;
    content.trust = &entry;
    return digests_entry(pending, &content, JOURNAL_RECORD_TRUST, after);
}

enum am_err hub_policy_entry(struct hub_pending *pending, const uint8_t *before, const uint8_t *after)
{
    Amana__V1__PolicyEntry entry = AMANA__V1__POLICY_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.before = digest_or_none(before);
    entry.after = digest_or_none(after);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_POLICY;
    content.policy = &entry;
    return digests_entry(pending, &content, JOURNAL_RECORD_POLICY, after);
}
