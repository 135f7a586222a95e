// SPDX-License-Identifier: Apache-2.0
// What a registrar says of a unit, verified by the statement in its MEMBER entry and against what was shown before.
#include "certs/clock.h"
#include "certs/member_statement.h"
#include "client/session/directory_internal.h"
#include "client/session/history.h"
#include "client/session/store_roster.h"
#include "proto/model/member.h"

#include <string.h>

enum am_err directory_row(struct session *session, const char *unit, uint64_t number, struct arena *arena,
                          Amana__V1__LookupResponse **ret_response)
{
    struct am_bytes bytes;
    TRY(store_roster_get(session->store, unit, number, arena, &bytes));
    return codec_decode(&amana__v1__lookup_response__descriptor, CODEC_LENIENT, bytes, arena, NULL,
                        (ProtobufCMessage **)ret_response);
}

enum am_err directory_member_of(const Amana__V1__LookupResponse *response, struct arena *arena,
                                Amana__V1__MemberEntry **ret_member)
{
    Amana__V1__EntryContent *content;
    if (response->member == NULL)
        return AM_NOT_FOUND;
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(response->member->content), arena,
                     NULL, (ProtobufCMessage **)&content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_MEMBER || content->member->said == NULL)
        return AM_PROTO;
    *ret_member = content->member;
    return AM_OK;
}

// Never before that which was shown here, nor another with the same number: a registrar's own rollback is as much an
// alarm as the hub's.
static enum am_err check_revision(struct session *session, const Amana__V1__LookupResponse *response,
                                  const Amana__V1__MemberEntry *member, struct arena *arena, struct am_detail *detail)
{
    Amana__V1__LookupResponse *kept;
    Amana__V1__MemberEntry *before;
    enum am_err err = directory_row(session, member->unit, 0, arena, &kept);
    if (err == AM_OK)
        err = directory_member_of(kept, arena, &before);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    bool same = before->statement.len == member->statement.len &&
                memcmp(before->statement.data, member->statement.data, member->statement.len) == 0;
    if (member->revision < before->revision || response->member->index < kept->member->index)
        err = am_fail(AM_ROLLBACK, detail, member->unit,
                      "statement %llu about it (MEMBER entry %llu) is older than %llu, which was shown before",
                      (unsigned long long)member->revision, (unsigned long long)response->member->index,
                      (unsigned long long)before->revision);
    else if (member->revision == before->revision && !same)
        err = am_fail(AM_CONFLICT, detail, member->unit, "statement %llu about it says something else than before",
                      (unsigned long long)member->revision);
    if (err != AM_OK)
        history_alarm(session, detail->text, NULL, NULL);
    return err;
}

// What its registrar says of the unit, whatever the hub does.
static enum am_err check_statement(struct session *session, const Amana__V1__MemberEntry *member,
                                   struct am_detail *detail)
{
    struct member_statement *statement;
    struct am_detail why = {0};
    enum am_err err =
        member_statement_from_wire(codec_bytes(member->statement), session->trust, clock_utc(), &why, &statement);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK)
        return am_fail(err, detail, member->unit, "what the hub says of it can't be believed: %.180s", why.text);
    if (strcmp(statement->message->unit, member->unit) != 0 || statement->message->revision != member->revision ||
        !member_said_same(statement->message->said, member->said))
        err = am_fail(AM_PROOF, detail, member->unit,
                      "what the hub says of it can't be believed: a registrar signed something else");
    if (err == AM_PROOF) // the log itself shows it
        history_alarm(session, detail->text, NULL, NULL);
    member_statement_free(statement);
    return err;
}

// It comes with its newest MEMBER entry, in which the statement is.
static enum am_err check_member(struct session *session, const Amana__V1__LookupResponse *response, const char *unit,
                                struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    if (response->member == NULL)
        return am_fail(AM_PROOF, detail, unit, "its roster comes without proof of its MEMBER entry in the log");
    TRY(history_entry(session, response->member, arena, detail, &content));
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_MEMBER || strcmp(content->member->unit, unit) != 0)
        return am_fail(AM_PROOF, detail, unit, "the entry in the log is not that of this member");
    TRY(check_statement(session, content->member, detail));
    return check_revision(session, response, content->member, arena, detail);
}

enum am_err directory_member(struct session *session, const char *unit, struct arena *arena,
                             Amana__V1__Member **ret_said)
{
    Amana__V1__LookupResponse *kept;
    Amana__V1__MemberEntry *member;
    TRY(directory_row(session, unit, 0, arena, &kept));
    TRY(directory_member_of(kept, arena, &member));
    *ret_said = member->said;
    return AM_OK;
}

// A roster by its number judges what was signed long ago: that holds though nothing can be believed of the unit by now.
// What was verified of it stays, should that roster be the newest here from now on.
static enum am_err member_keep(struct session *session, const char *unit, struct arena *arena,
                               Amana__V1__LookupResponse *response)
{
    Amana__V1__LookupResponse *kept;
    enum am_err err = directory_row(session, unit, 0, arena, &kept);
    response->member = err == AM_OK ? kept->member : NULL;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err directory_take_member(struct session *session, const char *unit, uint64_t number, struct arena *arena,
                                  Amana__V1__LookupResponse *response, struct am_detail *detail)
{
    enum am_err err = check_member(session, response, unit, arena, detail);
    bool by_signer = err == AM_DENIED || err == AM_CERTIFICATE || err == AM_REVOKED || err == AM_EXPIRED;
    return number != 0 && by_signer ? member_keep(session, unit, arena, response) : err;
}

bool directory_role_is(struct session *session, const char *unit, const char *role)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Member *said;
    arena_init(&arena, LOOKUP_BYTES);
    return directory_member(session, unit, &arena, &said) == AM_OK && strcmp(said->role, role) == 0;
}

bool directory_statement_kept(struct session *session, const char *unit, struct am_bytes statement)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *kept;
    Amana__V1__MemberEntry *member;
    arena_init(&arena, LOOKUP_BYTES);
    return directory_row(session, unit, 0, &arena, &kept) == AM_OK &&
           directory_member_of(kept, &arena, &member) == AM_OK && member->statement.len == statement.len &&
           memcmp(member->statement.data, statement.data, statement.len) == 0;
}
