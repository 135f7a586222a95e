// SPDX-License-Identifier: Apache-2.0
// From a sent message back to a draft, and who could not open it.
#include "client/cmd/anew.h"

#include "client/session/directory.h"
#include "client/session/seal.h"
#include "client/session/store_index.h"
#include "proto/model/header.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <bsd/string.h>
#include <string.h>

bool anew_asked(const Amana__V1__Header *header, char ret_id[STORE_ID])
{
    if (header->kind != KIND(BODY_REJECTED) || header->outcome != (Amana__V1__Outcome__Code)OUTCOME(CANNOT_OPEN) ||
        header->in_reply_to == NULL)
        return false;
    (void)strlcpy(ret_id, header->in_reply_to->id, STORE_ID);
    return true;
}

// Who said of it that it can't be opened: the last of them. AM_NOT_FOUND.
static enum am_err rejecter(struct session *session, const Amana__V1__Header *sent, const uint8_t digest[32],
                            char ret_unit[LIMIT_ADDRESS + 1])
{
    enum am_err err, found = AM_NOT_FOUND;
    enum store_box box;
    char id[STORE_ID], of[STORE_ID];
    for (uint64_t seq = 0; (err = store_next_of_case(session->store, sent->case_ref, &seq, &box, id)) == AM_OK; seq++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Header *header;
        Amana__V1__Kept *kept;
        arena_init(&arena, 16u * 1024 * 1024);
        if (box != STORE_INBOX || store_get(session->store, box, id, &arena, &kept) != AM_OK ||
            seal_header(kept->message, &arena, NULL, &header) != AM_OK || !anew_asked(header, of) ||
            !header_points_at(header->in_reply_to, digest))
            continue;
        (void)strlcpy(ret_unit, header->sender->unit, LIMIT_ADDRESS + 1);
        found = AM_OK;
    }
    return err == AM_NOT_FOUND ? found : err;
}

// Where that unit is closed: who takes its place, as its registrar signed it.
static enum am_err successor(struct session *session, const Amana__V1__Pointer *about, char unit[LIMIT_ADDRESS + 1],
                             struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct roster *roster;
    Amana__V1__Member *said;
    arena_init(&arena, 16u * 1024 * 1024);
    TRY(directory_newest(session, unit, about, detail, &roster));
    roster_unref(roster);
    TRY(directory_member(session, unit, &arena, &said));
    if (said->successor[0] != '\0')
        (void)strlcpy(unit, said->successor, LIMIT_ADDRESS + 1);
    return AM_OK;
}

// What both have by name.
static void fields_copy(const Amana__V1__Header *header, Amana__V1__Draft *draft)
{
    const ProtobufCMessageDescriptor *from = &amana__v1__header__descriptor, *to = &amana__v1__draft__descriptor;
    for (unsigned i = 0; i < to->n_fields; i++) {
        const ProtobufCFieldDescriptor *out = &to->fields[i];
        const ProtobufCFieldDescriptor *in = protobuf_c_message_descriptor_get_field_by_name(from, out->name);
        if (in == NULL || out->descriptor != in->descriptor || out->type != in->type || out->label != in->label)
            continue;
        bool pointer = in->label == PROTOBUF_C_LABEL_REPEATED || in->type == PROTOBUF_C_TYPE_MESSAGE ||
                       in->type == PROTOBUF_C_TYPE_STRING;
        memcpy((uint8_t *)draft + out->offset, (const uint8_t *)header + in->offset, pointer ? sizeof(void *) : 4);
        if (in->label == PROTOBUF_C_LABEL_REPEATED)
            memcpy((uint8_t *)draft + out->quantifier_offset, (const uint8_t *)header + in->quantifier_offset,
                   sizeof(size_t));
    }
    draft->release = 0; // by whom it goes this time is asked anew
}

static enum am_err recipients_put(struct session *session, const char *to, bool child, struct arena *arena,
                                  Amana__V1__Draft *draft)
{
    const char *protection =
        directory_protection_there(session, trust_protection_of(session->trust, session->settings.value[SETTING_UNIT]));
    bool copy = child && protection != NULL && strcmp(protection, to) != 0;
    Amana__V1__DraftRecipient *rows = arena_array(arena, 2, sizeof *rows);
    draft->recipients = arena_array(arena, 2, sizeof *draft->recipients);
    if (rows == NULL || draft->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < (copy ? 2u : 1u); i++) {
        amana__v1__draft_recipient__init(&rows[i]);
        rows[i].unit = (char *)(i == 0 ? to : protection);
        rows[i].part = i == 0 ? AMANA__V1__PART__CODE__ACTION : AMANA__V1__PART__CODE__COPY;
        draft->recipients[draft->n_recipients++] = &rows[i];
    }
    return AM_OK;
}

enum am_err anew_copy(const struct opened *opened, struct arena *arena, Amana__V1__Draft *draft)
{
    amana__v1__draft__init(draft);
    fields_copy(opened->header, draft);
    draft->flags = arena_alloc(arena, sizeof *draft->flags);
    if (draft->flags == NULL)
        return arena_error(arena);
    amana__v1__draft_flags__init(draft->flags);
    draft->flags->child = opened->flags->child;
    draft->flags->protection = opened->flags->protection;
    draft->flags->never_tell = opened->flags->never_tell;
    draft->flags->n_never_tell = opened->flags->n_never_tell;
    (void)kind_body_set((unsigned)opened->header->kind, &draft->base, kind_body_get(&opened->body->base));
    return AM_OK;
}

static enum am_err draft_of(struct session *session, const struct opened *opened, struct arena *arena,
                            struct anew *anew)
{
    Amana__V1__Draft *draft = &anew->draft;
    TRY(anew_copy(opened, arena, draft));
    anew->references[0] = &anew->pointer;
    draft->references = anew->references;
    draft->n_references = 1;
    return recipients_put(session, anew->to, rule_concerns_child(opened->header, opened->flags), arena, draft);
}

enum am_err anew_draft(struct command *command, const char *id, const char *to, bool online, struct arena *arena,
                       struct am_detail *detail, struct anew *ret_anew)
{
    struct session *session = command->session;
    Amana__V1__Kept *kept;
    struct opened opened;
    *ret_anew = (struct anew){0};
    TRY(store_get(session->store, STORE_SENT, id, arena, &kept));
    TRY(seal_open_kept(session, kept, arena, detail, &opened));
    TRY(seal_point(kept->message, opened.header, ret_anew->digest, &ret_anew->pointer));
    if (kind_is_answer(opened.header))
        return am_fail(AM_INVALID, detail, id, "it answers another message: answer that one once more");
    if (to != NULL) {
        (void)strlcpy(ret_anew->to, to, sizeof ret_anew->to);
    } else {
        enum am_err err = rejecter(session, opened.header, ret_anew->digest, ret_anew->to);
        if (err == AM_NOT_FOUND)
            return am_fail(err, detail, id, "nobody has said that it can't be opened; --to names whom it is to go to");
        TRY(err);
        if (online)
            TRY(successor(session, &ret_anew->pointer, ret_anew->to, detail));
    }
    return draft_of(session, &opened, arena, ret_anew);
}
