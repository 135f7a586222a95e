// SPDX-License-Identifier: Apache-2.0
// Audit.Checkpoint, InclusionProof, ConsistencyProof for every member, and Receipt for the sender's unit.
#include "server/net/question.h"

#include <string.h>

static void checkpoint_ask(struct question *question, struct worker *worker)
{
    struct log_checkpoint newest;
    Amana__V1__Checkpoint message;

    store_view_checkpoint(worker->view, &newest);
    checkpoint_fill(&newest, question->call.net->options.origin, &message);
    question_answer(question, &message.base);
}

static void inclusion_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__InclusionProofRequest *request = (const Amana__V1__InclusionProofRequest *)question->call.request;
    Amana__V1__InclusionProofResponse response = AMANA__V1__INCLUSION_PROOF_RESPONSE__INIT;
    Amana__V1__Checkpoint checkpoint;
    struct log_checkpoint newest;
    struct merkle_path path;
    struct store_entry entry;
    uint64_t bound = store_view_size(worker->view), size = request->size != 0 ? request->size : bound;
    enum am_err err;

    if (size > bound || request->index >= size) {
        question_refuse(question, REASON_NOT_FOUND, request->index >= size ? "index" : "size",
                        "is beyond the log's size");
        return;
    }
    err = store_entry(worker->view, request->index, &entry);
    if (err == AM_OK)
        err = store_inclusion(worker->view, request->index, size, &path);
    if (err == AM_OK)
        err = path_fill(&path, &question->reply, &response.n_path, &response.path);
    if (err != AM_OK) {
        question_fail(question, err);
        return;
    }
    response.leaf = (ProtobufCBinaryData){sizeof entry.leaf, entry.leaf};
    if (request->size == 0) {
        store_view_checkpoint(worker->view, &newest);
        checkpoint_fill(&newest, question->call.net->options.origin, &checkpoint);
        response.checkpoint = &checkpoint;
    }
    question_answer(question, &response.base);
}

static void consistency_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__ConsistencyProofRequest *request =
        (const Amana__V1__ConsistencyProofRequest *)question->call.request;
    Amana__V1__ConsistencyProofResponse response = AMANA__V1__CONSISTENCY_PROOF_RESPONSE__INIT;
    Amana__V1__Checkpoint checkpoint;
    struct log_checkpoint newest;
    struct merkle_path path;
    uint64_t bound = store_view_size(worker->view), size = request->new_size != 0 ? request->new_size : bound;
    enum am_err err;

    if (size > bound || request->old_size > size || request->old_size == 0) {
        question_refuse(question, request->old_size == 0 ? REASON_FIELD_INVALID : REASON_NOT_FOUND,
                        size > bound ? "new_size" : "old_size", "must be from 1 to the log's size");
        return;
    }
    err = store_consistency(worker->view, request->old_size, size, &path);
    if (err == AM_OK)
        err = path_fill(&path, &question->reply, &response.n_path, &response.path);
    if (err != AM_OK) {
        question_fail(question, err);
        return;
    }
    if (request->new_size == 0) {
        store_view_checkpoint(worker->view, &newest);
        checkpoint_fill(&newest, question->call.net->options.origin, &checkpoint);
        response.checkpoint = &checkpoint;
    }
    question_answer(question, &response.base);
}

// Only the unit that sent it learns that it exists.
static void receipt_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__Pointer *pointer = ((const Amana__V1__ReceiptRequest *)question->call.request)->message;
    struct store_pointer found;
    uint8_t *bytes;
    size_t len;
    enum am_err err = store_find_pointer(worker->view, pointer, &found);

    if (err == AM_OK && strcmp(found.originator, question->call.peer->identity.unit) != 0)
        err = AM_NOT_FOUND;
    if (err == AM_OK)
        err = store_receipt(worker->view, found.seq, &bytes, &len);
    if (err != AM_OK)
        question_fail(question, err);
    else
        question_answer_bytes(question, bytes, len);
}

static void checkpoint_begin(struct call *call)
{
    question_begin(call, checkpoint_ask);
}

static void inclusion_begin(struct call *call)
{
    question_begin(call, inclusion_ask);
}

static void consistency_begin(struct call *call)
{
    question_begin(call, consistency_ask);
}

static void receipt_begin(struct call *call)
{
    question_begin(call, receipt_ask);
}

#define PROOF(name_, path_, request_, begin_)                                                                          \
    const struct method name_ = {                                                                                      \
        .path = "/amana.v1.Audit/" path_,                                                                              \
        .request = &amana__v1__##request_##__descriptor,                                                               \
        .max_request = 4096,                                                                                           \
        .arena = 64u * 1024,                                                                                           \
        .size = sizeof(struct question),                                                                               \
        .begin = begin_,                                                                                               \
        .clear = question_clear,                                                                                       \
    }
PROOF(METHOD_CHECKPOINT, "Checkpoint", checkpoint_request, checkpoint_begin);
PROOF(METHOD_INCLUSION, "InclusionProof", inclusion_proof_request, inclusion_begin);
PROOF(METHOD_CONSISTENCY, "ConsistencyProof", consistency_proof_request, consistency_begin);
PROOF(METHOD_RECEIPT, "Receipt", receipt_request, receipt_begin);
