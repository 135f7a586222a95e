// SPDX-License-Identifier: Apache-2.0
// Finds in the store what an answer has to name.
#include "client/cmd/answer_references.h"

#include "client/cmd/answers.h"
#include "client/session/mended.h"
#include "client/session/second.h"
#include "proto/codec/codec.h"
#include "proto/model/rules.h"

#include <bsd/string.h>
#include <string.h>

// One more, unless the draft names it already.
static enum am_err pointer_add(struct arena *arena, Amana__V1__Draft *draft, Amana__V1__Pointer *pointer)
{
    Amana__V1__Pointer **list = arena_array(arena, draft->n_references + 1, sizeof *list);
    if (list == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < draft->n_references; i++) {
        list[i] = draft->references[i];
        if (header_points_at(list[i], pointer->header_digest.data))
            return AM_OK;
    }
    list[draft->n_references++] = pointer;
    draft->references = list;
    return AM_OK;
}

// --- What was permitted: a DECISION on what is answered is named, so that the hub sees whom it opens it to
static enum am_err permission_add(const struct answer_input *input, struct arena *arena, const struct target *newest,
                                  const char *id, Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *decision = arena_alloc(arena, sizeof *decision), *asking = arena_alloc(arena, sizeof *asking);
    if (decision == NULL || asking == NULL)
        return arena_error(arena);
    enum am_err err = target_load_header(input->command.session, STORE_INBOX, id, arena, &detail, decision);
    const Amana__V1__Header *header = decision->opened.header;
    if (err != AM_OK || header->kind != KIND(DECISION) || (unsigned)header->outcome != OUTCOME(GRANTED))
        return err == AM_NOMEM ? err : AM_OK;
    err = target_load_header(input->command.session, STORE_SENT, header->in_reply_to->id, arena, &detail, asking);
    if (err != AM_OK || asking->opened.header->in_reply_to == NULL ||
        !log_sha256_is(codec_bytes(newest->kept->message->header),
                       codec_bytes(asking->opened.header->in_reply_to->header_digest)))
        return err == AM_NOMEM ? err : AM_OK;
    decision->pointer.header_digest.data = decision->digest;
    return pointer_add(arena, draft, &decision->pointer);
}

enum am_err answer_permissions(const struct answer_input *input, struct arena *arena, const struct target *newest,
                               Amana__V1__Draft *draft)
{
    char at[STORE_ID], next[STORE_ID];
    enum am_err err;
    if (!rule_h2(newest->opened.header) || newest->box != STORE_INBOX)
        return AM_OK;
    strlcpy(at, newest->id, sizeof at); // it came later
    while ((err = store_next(input->command.session->store, STORE_INBOX, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        if (draft->n_references < LIMIT_REFERENCES)
            TRY(permission_add(input, arena, newest, at, draft));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- Versions of an alert: what is ordered of one is ordered of all
#define VERSIONS (LIMIT_REFERENCES + 1)

bool answer_is_order(const struct answer_input *input)
{
    return kind_orders(input->verb->kind);
}

void answer_releasing(struct answer_input *input, const Amana__V1__Header *header)
{
    if (header->releasing != NULL && input->n_releasing < AM_LEN(input->releasing))
        input->releasing[input->n_releasing++] = header->releasing->unit;
}

// One more version: the newest is what is answered, the others are its references.
static enum am_err version_take(struct answer_input *input, struct arena *arena, const struct target *root,
                                enum store_box box, const char *id, struct target *newest, Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *version = arena_alloc(arena, sizeof *version);
    if (version == NULL)
        return arena_error(arena);
    TRY(target_load_header(input->command.session, box, id, arena, &detail, version));
    const Amana__V1__Header *header = version->opened.header;
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (kind == NULL || kind->chain != CHAIN_RENEWS || header->in_reply_to == NULL ||
        !log_sha256_is(codec_bytes(root->kept->message->header), codec_bytes(header->in_reply_to->header_digest)) ||
        !second_sent(version->kept, header))
        return AM_OK;
    if (rule_released(header) && draft->release == AMANA__V1__RELEASE__CODE__UNSPECIFIED)
        draft->release = AMANA__V1__RELEASE__CODE__REQUIRED; // one of those between may be the only one that was
    struct target *former = arena_copy(arena, newest, sizeof *newest);
    if (former == NULL)
        return arena_error(arena);
    former->pointer.header_digest.data = former->digest;
    if (draft->n_references == LIMIT_REFERENCES)
        return am_fail(AM_TOO_LARGE, &detail, id, "more versions than one order may name");
    draft->references[draft->n_references++] = &former->pointer;
    answer_releasing(input, header);
    *newest = *version;
    newest->pointer.header_digest.data = newest->digest;
    return AM_OK;
}

enum am_err answer_versions(struct answer_input *input, struct arena *arena, const struct target *root,
                            struct target *newest, Amana__V1__Draft *draft)
{
    char at[STORE_ID], next[STORE_ID];
    enum am_err err;
    draft->references = arena_array(arena, VERSIONS, sizeof *draft->references);
    if (draft->references == NULL)
        return arena_error(arena);
    draft->n_references = 0;
    strlcpy(at, root->id, sizeof at);
    while ((err = store_next(input->command.session->store, root->box, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        TRY(version_take(input, arena, root, root->box, at, newest, draft));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- A contest and the correction that mends it name each other
static enum am_err reference_add(struct answer_input *input, struct arena *arena, enum store_box box, const char *id,
                                 Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *named = arena_alloc(arena, sizeof *named);
    if (named == NULL)
        return arena_error(arena);
    TRY(target_load_header(input->command.session, box, id, arena, &detail, named));
    return pointer_add(arena, draft, &named->pointer);
}

enum am_err answer_references(struct answer_input *input, struct arena *arena, const struct target *target,
                              Amana__V1__Draft *draft, struct am_detail *detail)
{
    struct session *session = input->command.session;
    struct answers answers;
    char id[STORE_ID], waits[STORE_ID];
    if (input->verb->kind == KIND(CORRECTION) && target->kept->entry != NULL) {
        TRY(answers_find(session, target->id, &answers));
        if (answers.contest[0] != '\0')
            TRY(reference_add(input, arena, STORE_INBOX, answers.contest, draft));
    }
    if (input->verb->kind != KIND(DECISION) || draft->outcome != OUTCOME(UPHELD))
        return AM_OK;
    enum am_err err = mended_by(session, target->digest, id, waits);
    if (err == AM_NOT_FOUND && waits[0] != '\0')
        return am_fail(AM_CONFLICT, detail, target->id,
                       "is upheld with the correction: %.13s waits for its second person; once it is released `amana "
                       "inbox` says so",
                       waits);
    if (err == AM_NOT_FOUND)
        return am_fail(AM_CONFLICT, detail, target->id,
                       "is upheld with the correction: `amana correct %.13s FILE` first",
                       target->opened.header->in_reply_to->id);
    TRY(err);
    err = reference_add(input, arena, STORE_SENT, id, draft);
    return err == AM_NOT_FOUND ? reference_add(input, arena, STORE_OUTBOX, id, draft) : err;
}
