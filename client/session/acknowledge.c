// SPDX-License-Identifier: Apache-2.0
// Statements of retrieval, signed by the device, and the call that hands them in.
#include "client/session/acknowledge.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/clock.h"
#include "certs/cms.h"
#include "client/session/retrieved.h"
#include "client/session/signer.h"
#include "proto/codec/timestamp.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MESSAGE (24u * 1024 * 1024)

void acknowledge_message(struct acknowledge *taken, uint64_t seq, const uint8_t digest[LOG_HASH_SIZE],
                         const char *originator, const char *key)
{
    struct acknowledge_row *row = &taken->messages[taken->n_messages++];
    row->seq = seq;
    strlcpy(row->originator, originator, sizeof row->originator);
    strlcpy(row->id, key, sizeof row->id);
    memcpy(row->digest, digest, sizeof row->digest);
}

void acknowledge_notice(struct acknowledge *taken, uint64_t seq)
{
    taken->notices[taken->n_notices++] = seq;
}

bool acknowledge_full(const struct acknowledge *taken)
{
    return taken->n_messages == ACKNOWLEDGE_BATCH || taken->n_notices == ACKNOWLEDGE_BATCH;
}

static enum am_err mark_told(struct session *session, const char *id)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_MESSAGE);
    TRY(store_get(session->store, STORE_INBOX, id, &arena, &kept));
    kept->told = true;
    return store_put(session->store, STORE_INBOX, id, kept);
}

static enum am_err sign_statement(struct session *session, const struct acknowledge_row *told, size_t count,
                                  struct arena *arena, struct am_detail *detail, Amana__V1__Retrieval *retrieval)
{
    Amana__V1__Retrieved statement = AMANA__V1__RETRIEVED__INIT;
    Amana__V1__RetrievedMessage *rows = arena_array(arena, count, sizeof *rows);
    Amana__V1__RetrievedMessage **list = arena_array(arena, count, sizeof *list);
    Google__Protobuf__Timestamp now;
    const struct certificate *certificate;
    struct am_bytes bytes, der;
    EVP_PKEY *key;
    if (rows == NULL || list == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < count; i++) {
        amana__v1__retrieved_message__init(&rows[i]);
        rows[i].seq = told[i].seq;
        rows[i].header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, (uint8_t *)told[i].digest};
        list[i] = &rows[i];
    }
    timestamp_from_ns(session_now(session), &now);
    statement.context = (char *)RETRIEVED_CONTEXT;
    statement.origin = (char *)session->hub->origin;
    statement.device = session->device;
    statement.time = &now;
    statement.messages = list;
    statement.n_messages = count;
    TRY(codec_encode(&statement.base, arena, &bytes));
    TRY(session_key(session, CERT_USE_SIGN_DEVICE, detail, &certificate, &key));
    TRY(cms_sign(bytes, certificate->x509, key, detail, &der));
    uint8_t *copy = arena_copy(arena, der.data, der.len);
    free((void *)der.data);
    if (copy == NULL)
        return arena_error(arena);
    amana__v1__retrieval__init(retrieval);
    retrieval->statement = codec_binary(bytes);
    retrieval->signature = (ProtobufCBinaryData){der.len, copy};
    return AM_OK;
}

static int by_originator(const void *a, const void *b)
{
    const struct acknowledge_row *x = a, *y = b;
    int order = strcmp(x->originator, y->originator);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

// One statement per originating unit.
static enum am_err sign_all(struct session *session, struct acknowledge *taken, struct arena *arena,
                            struct am_detail *detail, Amana__V1__AcknowledgeRequest *request)
{
    Amana__V1__Retrieval *retrievals = arena_array(arena, taken->n_messages, sizeof *retrievals);
    request->retrievals = arena_array(arena, taken->n_messages, sizeof *request->retrievals);
    if (retrievals == NULL || request->retrievals == NULL)
        return arena_error(arena);
    qsort(taken->messages, taken->n_messages, sizeof *taken->messages, by_originator);
    for (size_t i = 0, n; i < taken->n_messages; i += n) {
        for (n = 1; i + n < taken->n_messages &&
                    strcmp(taken->messages[i].originator, taken->messages[i + n].originator) == 0;)
            n++;
        Amana__V1__Retrieval *retrieval = &retrievals[request->n_retrievals];
        TRY(sign_statement(session, &taken->messages[i], n, arena, detail, retrieval));
        request->retrievals[request->n_retrievals++] = retrieval;
    }
    return AM_OK;
}

enum am_err acknowledge_send(struct session *session, struct acknowledge *taken, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__AcknowledgeRequest request = AMANA__V1__ACKNOWLEDGE_REQUEST__INIT;
    Amana__V1__AcknowledgeResponse *response;
    if (taken->n_messages == 0 && taken->n_notices == 0)
        return AM_OK;
    arena_init(&arena, 1024u * 1024);
    TRY(sign_all(session, taken, &arena, detail, &request));
    request.notices = taken->notices;
    request.n_notices = taken->n_notices;
    TRY(session_call(session, "/amana.v1.Relay/Acknowledge", &request.base,
                     &amana__v1__acknowledge_response__descriptor, &arena, detail, (ProtobufCMessage **)&response));
    for (size_t i = 0; i < taken->n_messages; i++)
        TRY(mark_told(session, taken->messages[i].id));
    taken->n_messages = taken->n_notices = 0;
    return AM_OK;
}
