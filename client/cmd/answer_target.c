// SPDX-License-Identifier: Apache-2.0
// Loads and opens what is answered, and the alert that it belongs to.
#include "client/cmd/answer_target.h"

#include "client/cmd/answers.h"
#include "client/session/envelope.h"
#include "proto/codec/codec.h"

#include <bsd/string.h>
#include <string.h>

enum am_err target_point(struct target *target)
{
    return seal_point(target->kept->message, target->opened.header, target->digest, &target->pointer);
}

// The envelope alone: an order about content needs no more, and finds it where the body is gone already.
enum am_err target_load_header(struct session *session, enum store_box box, const char *id, struct arena *arena,
                               struct am_detail *detail, struct target *target)
{
    strlcpy(target->id, id, sizeof target->id);
    target->box = box;
    target->opened = (struct opened){0};
    TRY(store_get(session->store, box, id, arena, &target->kept));
    TRY(seal_header(target->kept->message, arena, detail, &target->opened.header));
    return target_point(target);
}

// Of one that never came here, from the log: a dpo's, or who protects.
enum am_err target_fetch(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                         struct target *target)
{
    const json_t *body = json_object_get(input->said, input->kind->json);
    const char *reason = json_string_value(json_object_get(body, input->verb->kind == KIND(HOLD) ? "scope" : "reason"));
    target->box = STORE_INBOX;
    target->opened = (struct opened){0};
    strlcpy(target->id, input->id, sizeof target->id);
    TRY(envelope_fetch(input->command.session, input->id, reason != NULL ? reason : input->kind->words, arena, detail,
                       &target->kept));
    TRY(seal_header(target->kept->message, arena, detail, &target->opened.header));
    return target_point(target);
}

enum am_err target_load(struct session *session, enum store_box box, const char *id, struct arena *arena,
                        struct am_detail *detail, struct target *target)
{
    TRY(target_load_header(session, box, id, arena, detail, target));
    return seal_open_kept(session, target->kept, arena, detail, &target->opened);
}

// The root of a chain that a message of ours belongs to: itself, or what it answers.
int target_load_root(struct answer_input *input, struct arena *arena, const struct target *target, struct target *root)
{
    struct am_detail detail = {0};
    const Amana__V1__Header *header = target->opened.header;
    unsigned wanted = kind_root(input->verb->kind);
    const char *id = (unsigned)header->kind == wanted ? target->id
                     : header->in_reply_to != NULL    ? header->in_reply_to->id
                                                      : "";
    enum am_err err = target_load(input->command.session, STORE_SENT, id, arena, &detail, root);
    if (err == AM_NOT_FOUND)
        (void)am_fail(err, &detail, id, "this alert was not sent from here");
    if (err == AM_OK && (unsigned)root->opened.header->kind != wanted)
        err = am_fail(AM_INVALID, &detail, target->id, "only an alert of this unit can be updated or ended");
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

int target_load_newest(struct answer_input *input, struct arena *arena, const struct target *root,
                       struct target *newest)
{
    struct am_detail detail = {0};
    struct answers answers;
    enum am_err err = answers_find(input->command.session, root->id, &answers);
    if (err == AM_OK)
        err = target_load(input->command.session, STORE_SENT, answers.newest, arena, &detail, newest);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}
