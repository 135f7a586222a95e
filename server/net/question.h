// SPDX-License-Identifier: Apache-2.0
// Calls that ask the journal something and get one answer: a worker reads, the loop replies.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "server/net/answer.h"
#include "server/net/internal.h"

struct question {
    struct call call;
    struct job job;
    struct registry *registry;
    struct arena reply; // what the answer is made in
    uint64_t now_ns;
    bool allowed; // what the loop knew when it was asked; the asker's own
    // Set by `ask`: a refusal, or the packed answer.
    enum reason reason;
    struct am_detail detail;
    struct am_bytes answer;
    bool more; // … or: it isn't through, and is asked anew behind whatever else waits for a worker
    void (*ask)(struct question *question, struct worker *worker);
    void (*between)(struct question *question); // on the loop, before it is asked anew; or NULL
};

// Has `ask` run on a worker, then answers. Of a struct whose first member is a question.
void question_begin(struct call *call, void (*ask)(struct question *question, struct worker *worker));
void question_clear(struct call *call);

// For `ask`: packs the answer; the refusal that an error means.
void question_answer(struct question *question, const ProtobufCMessage *message);
void question_answer_bytes(struct question *question, uint8_t *bytes, size_t len); // malloc'ed, frees them
void question_refuse(struct question *question, enum reason reason, const char *field, const char *text);
void question_fail(struct question *question, enum am_err err);
