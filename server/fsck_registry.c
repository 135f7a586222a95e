// SPDX-License-Identifier: Apache-2.0
// Members, grants, rosters, trust and policy.
#include "server/fsck_internal.h"

#include "certs/member_statement.h"
#include "proto/model/member.h"
#include "server/net/roster_rows.h"

#include <bsd/string.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum am_err fsck_member_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__MemberEntry *member = entry->content->member;
    uint8_t digest[32];

    TRY(log_sha256(codec_bytes(member->statement), digest));
    return fsck_digest_said(judge, entry, "member", 0, member->unit, (ProtobufCBinaryData){sizeof digest, digest});
}

static enum am_err grants_judge(struct fsck_judge *judge, const struct fsck_row *member, const char *unit,
                                const Amana__V1__MemberRecord *record)
{
    uint8_t digest[32];
    struct fsck_row *row = fsck_row_find(judge, "grants", 0, unit);
    char *text = member_grants_text(record);

    if (text == NULL)
        return AM_NOMEM;
    size_t len = strlen(text);
    enum am_err err = log_sha256((struct am_bytes){(const uint8_t *)text, len}, digest);
    free(text);
    TRY(err);
    if (row != NULL)
        row->seen = true;
    if (row == NULL ? len > 0 : !fsck_digest_is(row, digest, len > 0 ? sizeof digest : 0))
        fsck_judge_fault(judge, row != NULL ? row->seq : member->seq,
                         "the grants of %.100s are not kept as the log says", unit);
    return AM_OK;
}

// The row, its statement and its entry say one thing. Whether its registrar was one then is known to the trust list of
// then alone: the hub asked it before the entry was made.
static enum am_err statement_judge(struct fsck_judge *judge, const struct fsck_row *row,
                                   const Amana__V1__MemberRecord *record)
{
    struct member_statement *statement;
    struct am_detail detail = {0};
    uint8_t digest[32];

    TRY(log_sha256(codec_bytes(record->statement), digest));
    if (!fsck_digest_is(row, digest, sizeof digest)) {
        fsck_judge_fault(judge, row->seq, "the statement about the member %.100s is not that of the log", record->unit);
        return AM_OK;
    }
    enum am_err err = member_statement_parse(codec_bytes(record->statement), &detail, &statement);
    if (err == AM_OK) {
        err = member_statement_fits(statement, record, &detail);
        member_statement_free(statement);
    }
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK)
        fsck_judge_fault(judge, row->seq, "the member %.80s is not kept as its registrar signed it: %.80s",
                         record->unit, detail.text);
    return AM_OK;
}

static enum am_err member_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    Amana__V1__MemberRecord *member;
    struct fsck_row *row = fsck_row_find(judge, "member", 0, record->key);
    enum am_err err = codec_decode(&amana__v1__member_record__descriptor, CODEC_LENIENT, record->value, &judge->arena,
                                   NULL, (ProtobufCMessage **)&member);

    if (err == AM_NOMEM)
        return err;
    if (row == NULL || err != AM_OK || member->said == NULL) {
        fsck_judge_fault(judge, row != NULL ? row->seq : JOURNAL_NONE, "the row of the member %.100s %s", record->key,
                         row != NULL ? "can't be read" : "is of no entry");
        return AM_OK;
    }
    row->seen = true;
    if (strcmp(member->unit, record->key) != 0 || record->seq != row->seq)
        fsck_judge_fault(judge, row->seq, "the member %.100s is not kept as the log says", record->key);
    TRY(statement_judge(judge, row, member));
    return grants_judge(judge, row, record->key, member);
}

enum am_err fsck_roster_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__RosterEntry *roster = entry->content->roster;

    TRY(fsck_digest_said(judge, entry, "roster", roster->number, roster->unit, roster->digest));
    fsck_row_find(judge, "roster", roster->number, roster->unit)->removed = roster->removed;
    return AM_OK;
}

static enum am_err roster_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    struct fsck_row *row = fsck_row_find(judge, "roster", record->number, record->key);
    struct roster *roster;
    struct am_detail detail = {0};
    enum am_err err = roster_from_record(record->value, &detail, &roster);

    if (err == AM_NOMEM)
        return err;
    if (row != NULL)
        row->seen = true;
    if (err != AM_OK)
        fsck_judge_fault(judge, row != NULL ? row->seq : JOURNAL_NONE,
                         "the roster %" PRIu64 " of %.80s can't be read: %.80s", record->number, record->key,
                         detail.text);
    else if (row == NULL || strcmp(roster->unit, record->key) != 0 || roster->number != record->number ||
             record->seq != row->seq || !fsck_digest_is(row, roster->digest, sizeof roster->digest) ||
             row->removed == roster_in_force(roster))
        fsck_judge_fault(judge, row != NULL ? row->seq : JOURNAL_NONE,
                         "the roster %" PRIu64 " of %.80s is not that of the log", record->number, record->key);
    if (err == AM_OK)
        roster_unref(roster);
    return AM_OK;
}

static enum am_err digest_judge(struct fsck_judge *judge, const struct journal_record *record, const char *table)
{
    struct fsck_row *row = fsck_row_find(judge, table, 0, "the hub");

    if (row != NULL)
        row->seen = true;
    if (row == NULL || record->seq != row->seq || !fsck_digest_is(row, record->value.data, record->value.len))
        fsck_judge_fault(judge, row != NULL ? row->seq : JOURNAL_NONE,
                         "the digest of the hub's %s is not that of the log", table);
    return AM_OK;
}

static enum am_err lapses_judge(struct fsck_judge *judge, const struct journal_record *record)
{
    struct fsck_row *row = fsck_row_find(judge, "lapses", 0, record->key);

    if (row != NULL)
        row->seen = true;
    for (size_t i = 0; row != NULL && record->value.len == JOURNAL_LAPSES && i < AM_LEN(row->lapses); i++) {
        uint64_t seq;
        memcpy(&seq, record->value.data + 16 * i, sizeof seq);
        if (be64toh(seq) != row->lapses[i])
            row = NULL;
        if (row == NULL)
            break;
    }
    if (row == NULL || record->value.len != JOURNAL_LAPSES)
        fsck_judge_fault(judge, JOURNAL_NONE, "what %.100s left unsigned is not kept as the log says", record->key);
    return AM_OK;
}

enum am_err fsck_record_judge(void *user, const struct journal_record *record)
{
    struct fsck_judge *judge = user;

    arena_reset(&judge->arena);
    switch (record->kind) {
    case JOURNAL_RECORD_MEMBER: return member_judge(judge, record);
    case JOURNAL_RECORD_ROSTER: return roster_judge(judge, record);
    case JOURNAL_RECORD_TRUST: return digest_judge(judge, record, "trust");
    case JOURNAL_RECORD_POLICY: return digest_judge(judge, record, "policy");
    case JOURNAL_RECORD_LAPSES: return lapses_judge(judge, record);
    default:
        fsck_judge_fault(judge, JOURNAL_NONE, "there is a record of no known kind: %u", record->kind);
        return AM_OK;
    }
}
