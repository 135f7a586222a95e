// SPDX-License-Identifier: Apache-2.0
// What a registrar says of a unit of its country: made, read, and compared with a row.
#include "certs/member_statement.h"

#include "certs/cms.h"
#include "proto/model/member.h"

#include <stdlib.h>
#include <string.h>

// --- Reading
// The bytes must be those that packing gives: no unknown or repeated fields, no NUL inside a text, one order.
static bool is_canonical(const Amana__V1__MemberStatement *message, struct am_bytes content)
{
    size_t len = amana__v1__member_statement__get_packed_size(message);
    bool known = message->base.n_unknown_fields == 0 &&
                 (message->said == NULL || message->said->base.n_unknown_fields == 0) &&
                 (message->time == NULL || message->time->base.n_unknown_fields == 0);
    uint8_t *packed = len == content.len && known ? malloc(len + 1) : NULL;
    bool same = packed != NULL && amana__v1__member_statement__pack(message, packed) == len &&
                memcmp(packed, content.data, len) == 0;
    free(packed);
    return same;
}

static enum am_err content_check(const Amana__V1__MemberStatement *message, struct am_bytes content,
                                 struct am_detail *detail)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    if (!is_canonical(message, content))
        return am_fail(AM_INVALID, detail, "statement", "what is signed has unknown or repeated fields");
    if (strcmp(message->context, MEMBER_STATEMENT_CONTEXT) != 0)
        return am_fail(AM_INVALID, detail, "statement", "what is signed is no statement about a member");
    if (message->revision == 0)
        return am_fail(AM_INVALID, detail, "statement.revision", "begins with 1");
    if (message->time == NULL || message->time->seconds <= 0 || message->time->nanos < 0)
        return am_fail(AM_INVALID, detail, "statement.time", "needs a time since 1970");
    if (message->grants.len != 0 && message->grants.len != 32)
        return am_fail(AM_INVALID, detail, "statement.grants", "has 32 bytes, or none");
    record.unit = message->unit;
    record.said = message->said;
    return member_check(&record, detail);
}

enum am_err member_statement_parse(struct am_bytes cms, struct am_detail *detail,
                                   struct member_statement **ret_statement)
{
    struct member_statement *statement = calloc(1, sizeof *statement);
    struct am_detail spare;
    if (statement == NULL)
        return AM_NOMEM;
    detail = detail != NULL ? detail : &spare;
    enum am_err err = registrar_open(cms, LIMIT_MEMBER_STATEMENT, "statement", detail, &statement->by);
    if (err == AM_OK) {
        struct am_bytes content = statement->by.content;
        statement->message = amana__v1__member_statement__unpack(NULL, content.len, content.data);
        err = statement->message != NULL
                  ? content_check(statement->message, content, detail)
                  : am_fail(AM_INVALID, detail, "statement", "what is signed is no statement about a member");
    }
    if (err == AM_OK)
        *ret_statement = statement;
    else
        member_statement_free(statement);
    return err;
}

void member_statement_free(struct member_statement *statement)
{
    if (statement == NULL)
        return;
    if (statement->message != NULL)
        amana__v1__member_statement__free_unpacked(statement->message, NULL);
    registrar_clear(&statement->by);
    free(statement);
}

enum am_err member_statement_check(const struct member_statement *statement, const struct trust *trust, uint64_t now_ns,
                                   struct am_detail *detail)
{
    return registrar_check(&statement->by.registrar, statement->message->unit, "statement", trust, now_ns, detail);
}

enum am_err member_statement_from_wire(struct am_bytes cms, const struct trust *trust, uint64_t now_ns,
                                       struct am_detail *detail, struct member_statement **ret_statement)
{
    struct member_statement *statement;
    TRY(member_statement_parse(cms, detail, &statement));
    enum am_err err = member_statement_check(statement, trust, now_ns, detail);
    if (err == AM_OK)
        *ret_statement = statement;
    else
        member_statement_free(statement);
    return err;
}

// --- Grants
// ret_len is 0 where there is nothing to digest.
static enum am_err grants_digest(const Amana__V1__MemberRecord *record, uint8_t ret_digest[32], size_t *ret_len)
{
    char *text = member_grants_text(record);
    if (text == NULL)
        return AM_NOMEM;
    size_t len = strlen(text);
    bool good = certs_sha256((const uint8_t *)text, len, ret_digest);
    free(text);
    *ret_len = len > 0 ? 32 : 0;
    return good ? AM_OK : AM_NOMEM;
}

enum am_err member_statement_fits_grants(const struct member_statement *statement,
                                         const Amana__V1__MemberRecord *record, struct am_detail *detail)
{
    const ProtobufCBinaryData *signed_one = &statement->message->grants;
    uint8_t digest[32];
    size_t len;
    TRY(grants_digest(record, digest, &len));
    if (len == signed_one->len && (len == 0 || memcmp(digest, signed_one->data, len) == 0))
        return AM_OK;
    return am_fail(AM_CONFLICT, detail, "grants", "are not those of %.100s that its registrar signed", record->unit);
}

// --- Comparing
enum am_err member_statement_fits(const struct member_statement *statement, const Amana__V1__MemberRecord *record,
                                  struct am_detail *detail)
{
    const Amana__V1__MemberStatement *message = statement->message;
    if (strcmp(message->unit, record->unit) != 0)
        return am_fail(AM_CONFLICT, detail, record->unit, "the statement is about %.100s", message->unit);
    if (message->revision != record->revision || !member_said_same(message->said, record->said))
        return am_fail(AM_CONFLICT, detail, record->unit, "its registrar signed something else");
    return member_statement_fits_grants(statement, record, detail);
}

// --- Signing
enum am_err member_statement_sign(const Amana__V1__MemberRecord *record, uint64_t now_ns, X509 *certificate,
                                  EVP_PKEY *key, struct am_detail *detail, struct am_bytes *ret_cms)
{
    Amana__V1__MemberStatement message = AMANA__V1__MEMBER_STATEMENT__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    uint8_t digest[32];
    TRY(member_check(record, detail));
    message.context = (char *)MEMBER_STATEMENT_CONTEXT;
    message.unit = record->unit;
    message.revision = record->revision;
    message.time = &time;
    message.said = record->said;
    time.seconds = (int64_t)(now_ns / NS_PER_S);
    TRY(grants_digest(record, digest, &message.grants.len));
    message.grants.data = digest;
    size_t len = amana__v1__member_statement__get_packed_size(&message);
    uint8_t *content = malloc(len + 1);
    if (content == NULL)
        return AM_NOMEM;
    amana__v1__member_statement__pack(&message, content);
    enum am_err err = cms_sign_embedded((struct am_bytes){content, len}, certificate, key, detail, ret_cms);
    free(content);
    return err;
}
