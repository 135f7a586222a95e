// SPDX-License-Identifier: Apache-2.0
// A row is believed by its registrar's signature alone, here as at every desk.
#include "client/cmd/member_row.h"

#include "certs/member_statement.h"
#include "client/session/history.h"
#include "proto/model/address.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

enum am_err member_rows_ask(struct session *session, const char *unit, bool open, struct arena *arena,
                            struct am_detail *detail, Amana__V1__MembersResponse **ret_response)
{
    Amana__V1__MembersRequest request = AMANA__V1__MEMBERS_REQUEST__INIT;
    request.unit = (char *)unit;
    request.open = open;
    return session_call(session, "/amana.v1.Admin/Members", &request.base, &amana__v1__members_response__descriptor,
                        arena, detail, (ProtobufCMessage **)ret_response);
}

// --- Verifying
enum am_err member_row_verify(const struct session *session, const Amana__V1__MemberRecord *member,
                              struct am_detail *detail, struct standing *ret_standing)
{
    struct member_statement *statement;
    TRY(member_statement_parse(codec_bytes(member->statement), detail, &statement));
    enum am_err err = member_statement_fits(statement, member, detail);
    if (err == AM_OK)
        standing_of(session, &statement->by.registrar, member->unit, "statement", ret_standing);
    member_statement_free(statement);
    return err;
}

unsigned member_rows_ending(const struct session *session, const Amana__V1__MembersResponse *response)
{
    const char *own = session->settings.value[SETTING_UNIT];
    unsigned n = 0;
    for (size_t i = 0; i < response->n_members; i++) {
        const Amana__V1__MemberRecord *member = response->members[i];
        struct standing standing;
        if (address_same_country(member->unit, own) && strcmp(member->unit, own) != 0 &&
            member_row_verify(session, member, NULL, &standing) == AM_OK && member->said->role[0] != '\0')
            n += standing_falls(&standing);
    }
    return n;
}

// --- Signing
static enum am_err entry_check(struct session *session, const Amana__V1__MemberRecord *member, struct am_bytes cms,
                               const Amana__V1__ProvedEntry *entry, struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    TRY(history_entry(session, entry, arena, detail, &content));
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_MEMBER &&
        strcmp(content->member->unit, member->unit) == 0 && content->member->revision == member->revision &&
        content->member->statement.len == cms.len && memcmp(content->member->statement.data, cms.data, cms.len) == 0)
        return AM_OK;
    return am_fail(AM_PROOF, detail, member->unit, "the entry that the hub shows is not that of this change");
}

enum am_err member_row_give(struct session *session, const Amana__V1__MemberRecord *member, struct arena *arena,
                            struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    Amana__V1__SetMemberRequest request = AMANA__V1__SET_MEMBER_REQUEST__INIT;
    const struct certificate *certificate;
    struct am_bytes cms;
    EVP_PKEY *key;
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    TRY(member_statement_sign(member, session_now(session), certificate->x509, key, detail, &cms));
    request.statement = codec_binary(cms);
    request.grants = member->grants;
    request.n_grants = member->n_grants;
    enum am_err err = session_call(session, "/amana.v1.Admin/SetMember", &request.base,
                                   &amana__v1__proved_entry__descriptor, arena, detail, (ProtobufCMessage **)ret_entry);
    if (err == AM_OK)
        err = entry_check(session, member, cms, *ret_entry, arena, detail);
    free((void *)cms.data);
    return err;
}
