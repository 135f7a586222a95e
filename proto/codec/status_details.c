// SPDX-License-Identifier: Apache-2.0
// google.rpc.Status with the details that stock clients know.
#include "proto/codec/status_details.h"

#include "google/rpc/status.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/model/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define URL "type.googleapis.com/"

// Copies as much as fits and cuts no character in two.
static void put(char *to, size_t size, const char *from)
{
    size_t len = from == NULL ? 0 : strlen(from);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(to, from, len);
    to[len] = '\0';
}

void rpc_error_set(struct rpc_error *error, enum rpc_status status, const char *reason, const char *text)
{
    error->status = status;
    put(error->reason, sizeof error->reason, reason);
    put(error->text, sizeof error->text, text);
    error->violation_count = error->metadata_count = 0;
    error->retry_delay_ns = 0;
    error->quota = (struct rpc_quota){0};
}

void rpc_error_add_violation(struct rpc_error *error, const char *field, const char *text)
{
    if (error->violation_count == RPC_ERROR_VIOLATIONS)
        return;
    struct rpc_violation *violation = &error->violations[error->violation_count++];
    put(violation->field, sizeof violation->field, field);
    put(violation->text, sizeof violation->text, text);
}

void rpc_error_set_quota(struct rpc_error *error, const char *subject, const char *text)
{
    put(error->quota.subject, sizeof error->quota.subject, subject);
    put(error->quota.text, sizeof error->quota.text, text);
}

static void add_pair(struct rpc_error *error, const char *key, const char *value)
{
    if (error->metadata_count == RPC_ERROR_METADATA)
        return;
    struct rpc_metadata *pair = &error->metadata[error->metadata_count++];
    put(pair->key, sizeof pair->key, key);
    put(pair->value, sizeof pair->value, value);
}

void rpc_error_add_metadata(struct rpc_error *error, const char *key, const char *format, ...)
{
    char value[sizeof error->metadata[0].value * 2];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    add_pair(error, key, value);
}

const char *rpc_error_metadata(const struct rpc_error *error, const char *key)
{
    for (unsigned i = 0; i < error->metadata_count; i++)
        if (strcmp(error->metadata[i].key, key) == 0)
            return error->metadata[i].value;
    return NULL;
}

// Wraps a detail; the URL's last part is the type's name.
static enum am_err wrap(const ProtobufCMessage *detail, struct arena *arena, Google__Protobuf__Any *any)
{
    struct am_bytes value;
    TRY(codec_encode(detail, arena, &value));
    google__protobuf__any__init(any);
    any->type_url = arena_printf(arena, URL "%s", detail->descriptor->name);
    any->value = codec_binary(value);
    return any->type_url == NULL ? arena_error(arena) : AM_OK;
}

static enum am_err pack_info(const struct rpc_error *error, struct arena *arena, Google__Protobuf__Any *any)
{
    Google__Rpc__ErrorInfo__MetadataEntry entries[RPC_ERROR_METADATA], *pointers[RPC_ERROR_METADATA];
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = (char *)error->reason;
    info.domain = (char *)RPC_ERROR_DOMAIN;
    info.n_metadata = error->metadata_count;
    info.metadata = pointers;
    for (unsigned i = 0; i < error->metadata_count; i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        entries[i].key = (char *)error->metadata[i].key;
        entries[i].value = (char *)error->metadata[i].value;
        pointers[i] = &entries[i];
    }
    return wrap(&info.base, arena, any);
}

static enum am_err pack_violations(const struct rpc_error *error, struct arena *arena, Google__Protobuf__Any *any)
{
    Google__Rpc__BadRequest__FieldViolation fields[RPC_ERROR_VIOLATIONS], *pointers[RPC_ERROR_VIOLATIONS];
    Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
    bad.n_field_violations = error->violation_count;
    bad.field_violations = pointers;
    for (unsigned i = 0; i < error->violation_count; i++) {
        google__rpc__bad_request__field_violation__init(&fields[i]);
        fields[i].field = (char *)error->violations[i].field;
        fields[i].description = (char *)error->violations[i].text;
        pointers[i] = &fields[i];
    }
    return wrap(&bad.base, arena, any);
}

static enum am_err pack_quota(const struct rpc_error *error, struct arena *arena, Google__Protobuf__Any *any)
{
    Google__Rpc__QuotaFailure__Violation violation = GOOGLE__RPC__QUOTA_FAILURE__VIOLATION__INIT, *one = &violation;
    Google__Rpc__QuotaFailure failure = GOOGLE__RPC__QUOTA_FAILURE__INIT;
    violation.subject = (char *)error->quota.subject;
    violation.description = (char *)error->quota.text;
    failure.n_violations = 1;
    failure.violations = &one;
    return wrap(&failure.base, arena, any);
}

static enum am_err pack_retry(const struct rpc_error *error, struct arena *arena, Google__Protobuf__Any *any)
{
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    delay.seconds = (int64_t)(error->retry_delay_ns / NS_PER_S);
    delay.nanos = (int32_t)(error->retry_delay_ns % NS_PER_S);
    Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
    retry.retry_delay = &delay;
    return wrap(&retry.base, arena, any);
}

enum am_err status_details_pack(const struct rpc_error *error, struct arena *arena, struct am_bytes *ret_bytes)
{
    Google__Protobuf__Any details[4], *pointers[4] = {&details[0], &details[1], &details[2], &details[3]};
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = (int32_t)error->status;
    status.message = (char *)error->text;
    status.details = pointers;
    if (error->reason[0] != '\0')
        TRY(pack_info(error, arena, &details[status.n_details++]));
    if (error->violation_count > 0)
        TRY(pack_violations(error, arena, &details[status.n_details++]));
    if (error->quota.subject[0] != '\0')
        TRY(pack_quota(error, arena, &details[status.n_details++]));
    if (error->retry_delay_ns > 0)
        TRY(pack_retry(error, arena, &details[status.n_details++]));
    return codec_encode(&status.base, arena, ret_bytes);
}

static void take_info(const ProtobufCMessage *message, struct rpc_error *error)
{
    const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)message;
    if (strcmp(info->domain, RPC_ERROR_DOMAIN) != 0)
        return;
    put(error->reason, sizeof error->reason, info->reason);
    for (size_t i = 0; i < info->n_metadata; i++)
        add_pair(error, info->metadata[i]->key, info->metadata[i]->value);
}

static void take_violations(const ProtobufCMessage *message, struct rpc_error *error)
{
    const Google__Rpc__BadRequest *bad = (const Google__Rpc__BadRequest *)message;
    for (size_t i = 0; i < bad->n_field_violations; i++)
        rpc_error_add_violation(error, bad->field_violations[i]->field, bad->field_violations[i]->description);
}

static void take_quota(const ProtobufCMessage *message, struct rpc_error *error)
{
    const Google__Rpc__QuotaFailure *failure = (const Google__Rpc__QuotaFailure *)message;
    if (failure->n_violations > 0)
        rpc_error_set_quota(error, failure->violations[0]->subject, failure->violations[0]->description);
}

static void take_retry(const ProtobufCMessage *message, struct rpc_error *error)
{
    const Google__Protobuf__Duration *delay = ((const Google__Rpc__RetryInfo *)message)->retry_delay;
    uint64_t ns;
    if (delay == NULL || delay->seconds < 0 || delay->nanos < 0 || delay->nanos >= (int32_t)NS_PER_S ||
        __builtin_mul_overflow((uint64_t)delay->seconds, (uint64_t)NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (uint64_t)delay->nanos, &ns))
        return;
    error->retry_delay_ns = ns;
}

static const struct {
    const ProtobufCMessageDescriptor *type;
    void (*take)(const ProtobufCMessage *message, struct rpc_error *error);
} DETAILS[] = {
    {&google__rpc__error_info__descriptor, take_info},
    {&google__rpc__bad_request__descriptor, take_violations},
    {&google__rpc__quota_failure__descriptor, take_quota},
    {&google__rpc__retry_info__descriptor, take_retry},
};

static enum am_err take_detail(const Google__Protobuf__Any *any, struct arena *arena, struct rpc_error *error)
{
    const char *slash = strrchr(any->type_url, '/');
    for (size_t i = 0; slash != NULL && i < AM_LEN(DETAILS); i++) {
        if (strcmp(slash + 1, DETAILS[i].type->name) != 0)
            continue;
        ProtobufCMessage *message;
        TRY(codec_decode(DETAILS[i].type, CODEC_LENIENT, codec_bytes(any->value), arena, NULL, &message));
        DETAILS[i].take(message, error);
    }
    return AM_OK;
}

enum am_err status_details_parse(struct am_bytes bytes, struct arena *arena, struct rpc_error *ret_error)
{
    ProtobufCMessage *message;
    TRY(codec_decode(&google__rpc__status__descriptor, CODEC_LENIENT, bytes, arena, NULL, &message));
    const Google__Rpc__Status *status = (const Google__Rpc__Status *)message;
    bool known = status->code >= RPC_OK && status->code <= RPC_UNAUTHENTICATED;
    struct rpc_error error;
    rpc_error_set(&error, known ? (enum rpc_status)status->code : RPC_UNKNOWN, NULL, status->message);
    for (size_t i = 0; i < status->n_details; i++)
        TRY(take_detail(status->details[i], arena, &error));
    *ret_error = error;
    return AM_OK;
}
