// SPDX-License-Identifier: Apache-2.0
// Header blocks that come in: which fields of them count, and what they make of a call.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/rpc/http_status.h"
#include "proto/rpc/internal.h"

#define FIELD_OVERHEAD 32u // RFC 9113 §6.5.2

// A field's value, not NUL-terminated; nghttp2 has checked that it holds neither NUL nor line breaks.
struct value {
    const uint8_t *at;
    size_t len;
};

static bool value_is(struct value value, const char *text)
{
    return value.len == strlen(text) && strncasecmp((const char *)value.at, text, value.len) == 0;
}

// ---- Request

static void take_method(struct rpc_head *head, struct value value)
{
    head->post = value_is(value, "POST");
}

// "/package.Service/Method"
static bool is_path(struct value value)
{
    if (value.len < 4 || value.len > RPC_PATH_MAX || value.at[0] != '/')
        return false;
    const uint8_t *slash = memchr(value.at + 1, '/', value.len - 1);
    if (slash == NULL || slash == value.at + 1 || slash == value.at + value.len - 1)
        return false;
    for (size_t i = 1; i < value.len; i++) {
        bool fits = (value.at[i] >= 'a' && value.at[i] <= 'z') || (value.at[i] >= 'A' && value.at[i] <= 'Z') ||
                    (value.at[i] >= '0' && value.at[i] <= '9') || value.at[i] == '.' || value.at[i] == '_';
        if (!fits && value.at + i != slash)
            return false;
    }
    return true;
}

static void take_path(struct rpc_head *head, struct value value)
{
    head->path_bad = !is_path(value);
    if (head->path_bad)
        return;
    memcpy(head->path, value.at, value.len);
    head->path[value.len] = '\0';
}

// "application/grpc", "application/grpc+proto", either with parameters.
static void take_content_type(struct rpc_head *head, struct value value)
{
    const uint8_t *end = memchr(value.at, ';', value.len);
    if (end != NULL)
        value.len = (size_t)(end - value.at);
    while (value.len > 0 && value.at[value.len - 1] == ' ')
        value.len--;
    head->grpc = value_is(value, "application/grpc") || value_is(value, "application/grpc+proto");
}

static void take_encoding(struct rpc_head *head, struct value value)
{
    head->encoding_bad = !value_is(value, "identity");
}

static void take_timeout(struct rpc_head *head, struct value value)
{
    head->timeout_bad = !grpc_timeout_parse(value.at, value.len, &head->timeout_ns);
}

// ---- Response

static void take_number(struct value value, unsigned *ret_number)
{
    unsigned number = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.len > 3 || value.at[i] < '0' || value.at[i] > '9')
            return;
        number = number * 10 + (value.at[i] - '0');
    }
    *ret_number = number;
}

static void take_http_status(struct rpc_head *head, struct value value)
{
    take_number(value, &head->http_status);
}

static void take_grpc_status(struct rpc_head *head, struct value value)
{
    head->has_status = true;
    head->grpc_status = RPC_UNKNOWN;
    take_number(value, &head->grpc_status);
    if (head->grpc_status >= RPC_STATUS_COUNT)
        head->grpc_status = RPC_UNKNOWN;
}

// Without memory the text is lost, the status is not.
static void take_text(struct value value, char **text)
{
    free(*text);
    *text = malloc(value.len + 1);
    if (*text == NULL)
        return;
    memcpy(*text, value.at, value.len);
    (*text)[value.len] = '\0';
}

static void take_message(struct rpc_head *head, struct value value)
{
    take_text(value, &head->message);
}

static void take_details(struct rpc_head *head, struct value value)
{
    take_text(value, &head->details);
}

// ---- Both

struct known {
    const char *name;
    void (*take)(struct rpc_head *head, struct value value);
};

static const struct known REQUEST[] = {
    {":method", take_method},         {":path", take_path},           {"content-type", take_content_type},
    {"grpc-encoding", take_encoding}, {"grpc-timeout", take_timeout},
};

static const struct known RESPONSE[] = {
    {":status", take_http_status},     {"content-type", take_content_type}, {"grpc-encoding", take_encoding},
    {"grpc-status", take_grpc_status}, {"grpc-message", take_message},      {"grpc-status-details-bin", take_details},
};

void head_clear(struct rpc_head *head)
{
    free(head->message);
    free(head->details);
    head->message = head->details = NULL;
}

void head_begin(struct rpc_head *head)
{
    head_clear(head);
    *head = (struct rpc_head){0};
}

void head_field(struct rpc_session *session, const uint8_t *name, size_t name_len, const uint8_t *value,
                size_t value_len)
{
    struct rpc_head *head = &session->head;
    head->size += name_len + value_len + FIELD_OVERHEAD;
    head->too_large = head->size > session->limits.header_list;
    if (head->too_large)
        return;
    const struct known *rows = session->server ? REQUEST : RESPONSE;
    size_t count = session->server ? AM_LEN(REQUEST) : AM_LEN(RESPONSE);
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) != name_len || memcmp(rows[i].name, name, name_len) != 0)
            continue;
        rows[i].take(head, (struct value){value, value_len});
        return;
    }
}

// What is wrong with a request before its handler is asked; RPC_OK for nothing.
static enum rpc_status judge_request(const struct rpc_call *call, const char **ret_text)
{
    const struct rpc_session *session = call->session;
    const struct rpc_head *head = &session->head;
    const struct {
        bool wrong;
        enum rpc_status status;
        const char *text;
    } rows[] = {
        {head->too_large, RPC_RESOURCE_EXHAUSTED, "the header list is too large"},
        {head->encoding_bad, RPC_UNIMPLEMENTED, "only the identity encoding is taken"},
        {head->path_bad, RPC_UNIMPLEMENTED, "unknown method"},
        {head->timeout_bad, RPC_INTERNAL, "grpc-timeout is malformed"},
    };
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        if (!rows[i].wrong)
            continue;
        *ret_text = rows[i].text;
        return rows[i].status;
    }
    return RPC_OK;
}

static void refuse_http(struct rpc_call *call, unsigned http_status)
{
    call->http_status = http_status;
    call->finishing = true;
    call_mark(call);
    call_tell_refused(call, RPC_UNKNOWN, http_status, "");
}

void head_request_done(struct rpc_call *call)
{
    struct rpc_session *session = call->session;
    struct rpc_head *head = &session->head;
    const char *text = "";
    // A list that was too long may have been cut before its method: that says nothing about its method.
    if (!head->post && !head->too_large) {
        refuse_http(call, 404);
        return;
    }
    if (!head->grpc && !head->too_large) {
        refuse_http(call, 415);
        return;
    }
    enum rpc_status status = judge_request(call, &text);
    if (status != RPC_OK) {
        call_fail(call, status, text);
        return;
    }
    call->told = call->discard = false;
    call_set_deadline(call, session->now_ns, head->timeout_ns);
    session->handlers->on_call(call, head->path, head->timeout_ns);
}

// ---- What a client makes of it

static void refuse_response(struct rpc_call *call)
{
    const struct rpc_head *head = &call->session->head;
    char text[64];
    snprintf(text, sizeof text, "the server answered with HTTP status %u", call->http_status);
    if (head->too_large)
        call_fail(call, RPC_RESOURCE_EXHAUSTED, "the header list is too large");
    else if (call->http_status != 200)
        call_fail(call, rpc_status_from_http(call->http_status), text);
    else if (!head->grpc)
        call_fail(call, RPC_UNKNOWN, "the server's answer is not gRPC");
    else if (head->encoding_bad)
        call_fail(call, RPC_INTERNAL, "the server compressed its answer");
}

static void take_trailer(struct rpc_call *call)
{
    struct rpc_head *head = &call->session->head;
    call->trailer.status = head->has_status ? (enum rpc_status)head->grpc_status : RPC_UNKNOWN;
    call->trailer.message = head->message;
    head->message = NULL;
    if (call->trailer.message != NULL)
        grpc_message_decode(call->trailer.message);
    if (head->details != NULL)
        (void)grpc_base64_decode(head->details, strlen(head->details), &call->trailer.details,
                                 &call->trailer.details_len);
}

void head_response_done(struct rpc_call *call, bool end_stream)
{
    struct rpc_head *head = &call->session->head;
    if (call->told || call->discard || (head->http_status >= 100 && head->http_status < 200))
        return;
    if (head->http_status != 0)
        call->http_status = head->http_status;
    if ((head->http_status != 0 && !head->has_status) || head->too_large)
        refuse_response(call);
    if (!end_stream || call->told)
        return;
    take_trailer(call);
    message_end(call);
}
