// SPDX-License-Identifier: Apache-2.0
// Grammar and consistency of a header's fields: names, recipients, pointers, digests, times.
#include "proto/model/header_parts.h"

#include "proto/model/address.h"
#include "proto/model/header.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCHEME        "amana://"
#define LIMIT_SEALED  (LIMIT_BODY_PLAIN + 128u * 1024) // plaintext and what sealing it to everybody adds
#define LIMIT_ORIGIN  255u
#define DIGEST        32u
#define LOG_SIGNATURE 68u // key hash and Ed25519 signature of a C2SP signed note
#define OVERSIGHT     65u // an uncompressed point of P-256

enum reason header_refuse(const struct header_checking *check, const char *field, const char *format, ...)
{
    char text[sizeof check->detail->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)am_fail(AM_INVALID, check->detail, field, "%s", text);
    return REASON_FIELD_INVALID;
}

enum reason header_refuse_at(const struct header_checking *check, const char *list, size_t index, const char *member,
                             const char *text)
{
    char path[sizeof check->detail->field];
    snprintf(path, sizeof path, "%s[%zu]%s%s", list, index, member[0] != '\0' ? "." : "", member);
    return header_refuse(check, path, "%s", text);
}

enum reason header_unserved(const struct header_checking *check, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, check->detail, field, "%s", text);
    return REASON_KIND_UNSUPPORTED;
}

// --- Names
// "amana://" unit "/" role "/" part
static bool uri_is_of(const char *uri, const char *unit, const char *role)
{
    size_t scheme = strlen(SCHEME), unit_len = strlen(unit), role_len = strlen(role);
    if (strncmp(uri, SCHEME, scheme) != 0 || strncmp(uri + scheme, unit, unit_len) != 0)
        return false;
    const char *rest = uri + scheme + unit_len;
    if (rest[0] != '/' || strncmp(rest + 1, role, role_len) != 0 || rest[1 + role_len] != '/')
        return false;
    const char *part = rest + role_len + 2;
    return address_part_valid(part, strlen(part));
}

static bool language_valid(const char *language)
{
    size_t len = strspn(language, "abcdefghijklmnopqrstuvwxyz");
    return language[len] == '\0' && (len == 2 || len == 3);
}

// Units, each once: whoever may have it by this DECISION is named, not hinted at.
static enum reason check_granted(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    struct am_detail why = {0};
    if (header->n_granted_to > LIMIT_RECIPIENTS)
        return header_refuse(check, "granted_to", "at most %u", LIMIT_RECIPIENTS);
    for (size_t i = 0; i < header->n_granted_to; i++) {
        if (address_check(header->granted_to[i], &why) != AM_OK)
            return header_refuse_at(check, "granted_to", i, "", why.text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(header->granted_to[i], header->granted_to[j]) == 0)
                return header_refuse_at(check, "granted_to", i, "", "stands there twice");
    }
    return REASON_NONE;
}

enum reason header_check_names(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    struct am_detail why = {0};
    if (message_id_check(header->id, NULL, &why) != AM_OK)
        return header_refuse(check, "id", "%s", why.text);
    if (case_ref_check(header->case_ref, &why) != AM_OK)
        return header_refuse(check, "case_ref", "%s", why.text);
    if (address_check(header->sender->unit, &why) != AM_OK)
        return header_refuse(check, "sender.unit", "%s", why.text);
    if (header->sender->roster == 0)
        return header_refuse(check, "sender.roster", "names the number of the roster used, 1 or more");
    if (!uri_is_of(header->device, header->sender->unit, "device"))
        return header_refuse(check, "device", "must be a device of the sender: " SCHEME "%s/device/NAME",
                             header->sender->unit);
    if (!uri_is_of(header->officer, header->sender->unit, "officer"))
        return header_refuse(check, "officer", "must be an officer of the sender: " SCHEME "%s/officer/NAME",
                             header->sender->unit);
    if (header->releasing != NULL && address_check(header->releasing->unit, &why) != AM_OK)
        return header_refuse(check, "releasing.unit", "%s", why.text);
    if (header->releasing != NULL && header->releasing->roster == 0)
        return header_refuse(check, "releasing.roster", "names the number of the roster used, 1 or more");
    if (header->agreement_ref[0] != '\0' && !address_part_valid(header->agreement_ref, strlen(header->agreement_ref)))
        return header_refuse(check, "agreement_ref", "a-z, 0-9 and '-' (not first), 1 to 31 characters");
    if (!language_valid(header->language))
        return header_refuse(check, "language", "a code of ISO 639 in lower case, two or three letters: en, am, swa");
    return check_granted(check);
}

// --- Recipients
static enum reason check_recipient(const struct header_checking *check, size_t i)
{
    const Amana__V1__Header *header = check->header;
    const Amana__V1__Recipient *recipient = header->recipients[i];
    struct am_detail why = {0};
    if (address_check(recipient->unit, &why) != AM_OK)
        return header_refuse_at(check, "recipients", i, "unit", why.text);
    if (recipient->roster == 0)
        return header_refuse_at(check, "recipients", i, "roster", "names the number of the roster used, 1 or more");
    if (recipient->part != AMANA__V1__PART__CODE__ACTION && recipient->part != AMANA__V1__PART__CODE__COPY)
        return header_refuse_at(check, "recipients", i, "part", "must be one of ACTION, COPY");
    if (strcmp(recipient->unit, header->sender->unit) == 0 && !check->kind->to_itself && !check->kind->alone)
        return header_refuse_at(
            check, "recipients", i, "unit",
            "is the sender: only a NOTE may go to its own unit, and a CANCEL, WITHDRAW, CORRECTION, "
            "ERASURE or HOLD that nobody else can be told of");
    for (size_t j = 0; j < i; j++)
        if (strcmp(recipient->unit, header->recipients[j]->unit) == 0)
            return header_refuse_at(check, "recipients", i, "unit", "stands there twice");
    return REASON_NONE;
}

enum reason header_check_recipients(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    bool action = false;
    if (header->n_recipients > LIMIT_RECIPIENTS)
        return header_refuse(check, "recipients", "at most %u", LIMIT_RECIPIENTS);
    for (size_t i = 0; i < header->n_recipients; i++) {
        enum reason reason = check_recipient(check, i);
        if (reason != REASON_NONE)
            return reason;
        action |= header->recipients[i]->part == AMANA__V1__PART__CODE__ACTION;
    }
    if (!action && (check->kind->root || check->kind->chain == CHAIN_RENEWS))
        return header_refuse(check, "recipients", "at least one must have the part ACTION");
    return REASON_NONE;
}

// --- Pointers
static enum reason check_pointer(const struct header_checking *check, const char *path,
                                 const Amana__V1__Pointer *pointer)
{
    struct am_detail why = {0};
    char field[64];
    if (message_id_check(pointer->id, NULL, &why) != AM_OK) {
        snprintf(field, sizeof field, "%s.id", path);
        return header_refuse(check, field, "%s", why.text);
    }
    if (pointer->header_digest.len != DIGEST) {
        snprintf(field, sizeof field, "%s.header_digest", path);
        return header_refuse(check, field, "must be the 32 bytes of a SHA-256");
    }
    return REASON_NONE;
}

enum reason header_check_pointers(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    enum reason reason = REASON_NONE;
    if (header->n_references > LIMIT_REFERENCES)
        return header_refuse(check, "references", "at most %u", LIMIT_REFERENCES);
    if (header->in_reply_to != NULL)
        reason = check_pointer(check, "in_reply_to", header->in_reply_to);
    if (reason == REASON_NONE && header->supersedes != NULL)
        reason = check_pointer(check, "supersedes", header->supersedes);
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++) {
        char path[48];
        snprintf(path, sizeof path, "references[%zu]", i);
        reason = check_pointer(check, path, header->references[i]);
        for (size_t j = 0; j < i && reason == REASON_NONE; j++)
            if (header_points_at(header->references[j], header->references[i]->header_digest.data))
                reason = header_refuse_at(check, "references", i, "", "stands there twice");
    }
    return reason;
}

// --- Digests
enum reason header_check_digests(const struct header_checking *check)
{
    const Amana__V1__Header *header = check->header;
    const struct header_context *context = check->context;
    size_t point = context->any_oversight ? (header->oversight_point.len != 0 ? OVERSIGHT : 0)
                                          : (context->oversight ? OVERSIGHT : 0);
    const struct {
        const char *field;
        size_t len, want;
    } rows[] = {
        {"flags_digest", header->flags_digest.len, DIGEST},
        {"body_digest", header->body_digest.len, DIGEST},
        {"body_commitment", header->body_commitment.len, DIGEST},
        {"oversight_point", header->oversight_point.len, point},
    };
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        bool later = rows[i].len == 0 && context->unsealed;
        if (rows[i].len != rows[i].want && !later)
            return header_refuse(check, rows[i].field,
                                 rows[i].want == 0 ? "must be left out: no oversight is named" : "must be %zu bytes",
                                 rows[i].want);
    }
    if (header->body_size > LIMIT_SEALED)
        return header_refuse(check, "body_size", "at most %u bytes", LIMIT_SEALED);
    return REASON_NONE;
}

// A C2SP origin: no space, no control character, no plus sign.
static bool origin_valid(const char *origin)
{
    size_t len = strlen(origin);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)origin[i] <= ' ' || origin[i] == '+' || origin[i] == 0x7f)
            return false;
    return len > 0 && len <= LIMIT_ORIGIN;
}

enum reason header_check_seen(const struct header_checking *check)
{
    const Amana__V1__LogSeen *seen = check->header->log_seen;
    if (seen == NULL)
        return REASON_NONE; // not sealed yet
    if (!origin_valid(seen->origin))
        return header_refuse(check, "log_seen.origin", "must be a log's name");
    if (seen->size == 0)
        return header_refuse(check, "log_seen.size", "must be the size of a checkpoint, 1 or more");
    if (seen->root.len != DIGEST)
        return header_refuse(check, "log_seen.root", "must be 32 bytes");
    if (seen->signature.len != LOG_SIGNATURE)
        return header_refuse(check, "log_seen.signature", "must be %u bytes", LOG_SIGNATURE);
    return REASON_NONE;
}

// --- Times
static enum reason check_order(const struct header_checking *check, uint64_t written)
{
    const Amana__V1__Header *header = check->header;
    const struct {
        const char *field;
        const Google__Protobuf__Timestamp *time;
    } after[] = {
        {"due_at", header->due_at},           {"answer_by", header->answer_by},
        {"valid_until", header->valid_until}, {"retain_until", header->retain_until},
        {"review_at", header->review_at},
    };
    for (size_t i = 0; i < AM_LEN(after); i++)
        if (after[i].time != NULL && header_time_or_0(after[i].time) <= written)
            return header_refuse(check, after[i].field, "must be later than written_at");
    if (header_time_or_0(header->told_at) > written + LIMIT_CLOCK_AHEAD_NS) // by the watch of who telephoned
        return header_refuse(check, "told_at", "must not be later than written_at: it is when somebody was told");
    if (header->review_at != NULL && header_time_or_0(header->review_at) > header_time_or_0(header->retain_until))
        return header_refuse(check, "review_at", "must not be later than retain_until");
    if (header->answer_by != NULL && header_time_or_0(header->answer_by) > header_time_or_0(header->retain_until))
        return header_refuse(check, "answer_by",
                             "must not be later than retain_until: nothing is there to answer by then");
    if (kind_in_force(header) > header_time_or_0(header->retain_until))
        return header_refuse(check, "valid_until",
                             "must not be later than retain_until: what is in force must be there to be read");
    return REASON_NONE;
}

static enum reason check_retention(const struct header_checking *check, uint64_t written)
{
    unsigned days = kind_retention_days(check->header);
    const uint16_t *policy = check->context->retention_days;
    if (policy != NULL && check->header->in_reply_to == NULL && policy[check->header->kind] != 0)
        days = policy[check->header->kind];
    if (check->context->any_retention || header_time_or_0(check->header->retain_until) - written <= days * NS_PER_DAY)
        return REASON_NONE;
    (void)am_fail(AM_INVALID, check->detail, "retain_until", "at most %u days after written_at for kind %s", days,
                  check->kind->name);
    return REASON_RETENTION_TOO_LONG;
}

enum reason header_check_times(const struct header_checking *check)
{
    const ProtobufCMessageDescriptor *header = &amana__v1__header__descriptor;
    for (unsigned i = 0; i < header->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &header->fields[i];
        uint64_t ns;
        if (field->descriptor != &google__protobuf__timestamp__descriptor || !header_has(check->header, field))
            continue;
        const void *at = (const uint8_t *)check->header + field->offset;
        if (!header_time(*(const Google__Protobuf__Timestamp *const *)at, &ns))
            return header_refuse(check, field->name, "must be a time between 1970 and 2553, nanos 0 to 999999999");
    }
    uint64_t written = header_time_or_0(check->header->written_at);
    enum reason reason = check_order(check, written);
    return reason != REASON_NONE ? reason : check_retention(check, written);
}
