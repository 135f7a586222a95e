// SPDX-License-Identifier: Apache-2.0
// What a draft leaves to the program.
#include "client/cmd/submit_draft.h"

#include "client/cmd/command.h"
#include "client/session/seal.h"

#include <bsd/string.h>
#include <string.h>

void submit_carry(const Amana__V1__Header *header, Amana__V1__Draft *draft)
{
#define CARRY(field) draft->field = draft->field == 0 ? header->field : draft->field
    CARRY(status);
    CARRY(classification);
    CARRY(purpose);
    CARRY(legal_basis);
    if (draft->urgency == 0) {
        draft->urgency = header->urgency;
        draft->urgency_reason = header->urgency_reason;
    }
#undef CARRY
    if (draft->n_handling == 0) {
        draft->handling = header->handling;
        draft->n_handling = header->n_handling;
    }
    draft->case_ref = draft->case_ref[0] == '\0' ? header->case_ref : draft->case_ref;
    draft->agreement_ref = draft->agreement_ref[0] == '\0' ? header->agreement_ref : draft->agreement_ref;
    draft->language = draft->language[0] == '\0' ? header->language : draft->language;
    draft->retain_until = header->retain_until; // an answer keeps its root's
}

// --- Groups
static bool stands_there(const Amana__V1__Draft *draft, size_t n, const char *unit)
{
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, unit) == 0)
            return true;
    for (size_t i = draft->n_recipients; i < n; i++) // those put in before
        if (strcmp(draft->recipients[i]->unit, unit) == 0)
            return true;
    return false;
}

static enum am_err group_put(const struct settings *settings, const Amana__V1__DraftRecipient *named,
                             struct arena *arena, Amana__V1__Draft *draft, size_t *n, struct am_detail *detail)
{
    struct settings_group group;
    TRY(settings_group(settings, named->unit + 1, detail, &group));
    for (size_t i = 0; i < group.n; i++) {
        if (stands_there(draft, *n, group.units[i]) || strcmp(group.units[i], settings->value[SETTING_UNIT]) == 0)
            continue;
        if (*n - draft->n_recipients == LIMIT_RECIPIENTS)
            return am_fail(AM_TOO_LARGE, detail, "recipients", "more than %u units with those of %.40s",
                           LIMIT_RECIPIENTS, named->unit);
        Amana__V1__DraftRecipient *recipient = arena_alloc(arena, sizeof *recipient);
        if (recipient == NULL)
            return arena_error(arena);
        amana__v1__draft_recipient__init(recipient);
        recipient->part = named->part;
        recipient->unit = arena_copy(arena, group.units[i], strlen(group.units[i]));
        if (recipient->unit == NULL)
            return arena_error(arena);
        draft->recipients[(*n)++] = recipient;
    }
    return AM_OK;
}

enum am_err submit_groups(const struct settings *settings, struct arena *arena, Amana__V1__Draft *draft,
                          struct am_detail *detail)
{
    size_t named = draft->n_recipients, n = named, kept = 0;
    Amana__V1__DraftRecipient **list = arena_array(arena, named + LIMIT_RECIPIENTS, sizeof *list);
    if (list == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < named; i++)
        list[i] = draft->recipients[i];
    draft->recipients = list;
    for (size_t i = 0; i < named; i++) {
        if (list[i]->unit[0] != '@')
            continue;
        enum am_err err = group_put(settings, list[i], arena, draft, &n, detail);
        if (err == AM_NOT_FOUND) {
            char text[sizeof detail->text];
            snprintf(text, sizeof text, "%.120s %.160s", detail->field, detail->text);
            snprintf(detail->field, sizeof detail->field, "recipients[%zu].unit", i);
            strlcpy(detail->text, text, sizeof detail->text);
        }
        TRY(err);
    }
    for (size_t i = 0; i < n; i++)
        if (list[i]->unit[0] != '@')
            list[kept++] = list[i];
    draft->n_recipients = kept;
    return AM_OK;
}

// --- References
// By the box where it was found: what is in the outbox is in no log, and nothing may point at it.
static enum am_err reference_fill(struct session *session, Amana__V1__Pointer *pointer, struct arena *arena,
                                  struct am_detail *detail)
{
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    enum store_box box;
    char id[STORE_ID];
    uint8_t *digest = arena_alloc(arena, LOG_HASH_SIZE);
    if (digest == NULL)
        return arena_error(arena);
    TRY(store_find(session->store, BOX(SENT) | BOX(INBOX), pointer->id, detail, &box, id));
    TRY(store_get(session->store, box, id, arena, &kept));
    TRY(seal_header(kept->message, arena, detail, &header));
    return seal_point(kept->message, header, digest, pointer);
}

enum am_err submit_references(struct session *session, struct arena *arena, Amana__V1__Draft *draft,
                              struct am_detail *detail)
{
    for (size_t i = 0; i < draft->n_references; i++) {
        Amana__V1__Pointer *pointer = draft->references[i];
        struct am_detail why = {0};
        char field[48];
        snprintf(field, sizeof field, "references[%zu].id", i);
        if (pointer->header_digest.len == LOG_HASH_SIZE)
            continue; // of one that isn't here, perhaps: the hub compares it
        if (pointer->header_digest.len != 0)
            return am_fail(AM_INVALID, detail, field, "header_digest must be left out, or be a SHA-256");
        enum am_err err = reference_fill(session, pointer, arena, &why);
        if (err != AM_OK)
            return am_fail(err, detail, field, "\"%.40s\": %.250s", pointer->id,
                           why.text[0] != '\0' ? why.text : am_err_text(err));
    }
    return AM_OK;
}
