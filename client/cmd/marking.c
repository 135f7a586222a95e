// SPDX-License-Identifier: Apache-2.0
// Questions and grants of a case, and what they open.
#include "client/cmd/marking.h"

#include "client/session/case_walk.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <stdlib.h>
#include <string.h>

#define USE(name) AMANA__V1__USE_PERMISSION__USE__##name

// A question of this unit: about which message, for what, and who has granted it.
struct marking_grant {
    uint8_t about[LOG_HASH_SIZE], question[LOG_HASH_SIZE];
    unsigned markings;          // that it asks to lift
    char by[LIMIT_ADDRESS + 1]; // "": nobody
};

static const struct {
    unsigned marking;
    Amana__V1__UsePermission__Use use;
    const char *name, *uses, *words;
} MARKINGS[] = {
    {MARKING_H1, USE(IN_COURT), "H1", "IN_COURT", "not to be used in court"},
    {MARKING_H2, USE(PASS_ON), "H2", "PASS_ON", "not to be passed on"},
};

void markings_clear(struct markings *markings)
{
    free(markings->list);
    *markings = (struct markings){0};
}

struct reading {
    const char *own;
    struct markings *markings;
};

static enum am_err question_add(struct markings *markings, const Amana__V1__Kept *kept, const struct opened *opened)
{
    const Amana__V1__Pointer *about = opened->header->in_reply_to;
    const Amana__V1__UsePermission *asks = opened->body->use_permission;
    struct marking_grant *list = reallocarray(markings->list, markings->n + 1, sizeof *list);
    if (list == NULL)
        return AM_NOMEM;
    markings->list = list;
    struct marking_grant *grant = &list[markings->n];
    *grant = (struct marking_grant){0};
    if (about == NULL || about->header_digest.len != LOG_HASH_SIZE)
        return AM_OK;
    memcpy(grant->about, about->header_digest.data, LOG_HASH_SIZE);
    TRY(log_sha256(codec_bytes(kept->message->header), grant->question));
    for (size_t i = 0; i < asks->n_uses; i++)
        for (size_t j = 0; j < AM_LEN(MARKINGS); j++)
            grant->markings |= asks->uses[i] == MARKINGS[j].use ? MARKINGS[j].marking : 0;
    markings->n++;
    return AM_OK;
}

// A decision stands behind its question in the log.
static enum am_err read_one(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    const struct reading *reading = user;
    const Amana__V1__Header *header = opened->header;
    if (kept->entry == NULL || kept->fault[0] != '\0')
        return AM_OK;
    if (opened->body->kind_case == AMANA__V1__BODY__KIND_USE_PERMISSION &&
        strcmp(header->sender->unit, reading->own) == 0)
        return question_add(reading->markings, kept, opened);
    for (size_t i = 0;
         header->kind == KIND(DECISION) && header->outcome == OUTCOME(GRANTED) && i < reading->markings->n; i++) {
        struct marking_grant *grant = &reading->markings->list[i];
        if (header_points_at(header->in_reply_to, grant->question))
            memcpy(grant->by, header->sender->unit, strlen(header->sender->unit) + 1);
    }
    return AM_OK;
}

enum am_err markings_read(struct session *session, const char *case_ref, struct markings *ret_markings)
{
    struct markings markings = {0};
    struct reading reading = {session->settings.value[SETTING_UNIT], &markings};
    enum am_err err = case_walk(session, case_ref, read_one, &reading);
    if (err == AM_OK)
        *ret_markings = markings;
    else
        markings_clear(&markings);
    return err;
}

static bool is_granted(const struct markings *markings, const uint8_t digest[LOG_HASH_SIZE], const char *sender,
                       unsigned marking)
{
    for (size_t i = 0; i < markings->n; i++)
        if (memcmp(markings->list[i].about, digest, LOG_HASH_SIZE) == 0 &&
            (markings->list[i].markings & marking) != 0 && strcmp(markings->list[i].by, sender) == 0)
            return true;
    return false;
}

static bool is_marked(const Amana__V1__Header *header, unsigned marking)
{
    for (size_t i = 0; i < header->n_handling; i++)
        if ((unsigned)header->handling[i] < 32 && (marking & 1u << (unsigned)header->handling[i]) != 0)
            return true;
    return false;
}

unsigned marking_keeps(struct session *session, const struct markings *markings, const Amana__V1__Kept *kept,
                       const Amana__V1__Header *header, unsigned asked, struct am_detail *detail)
{
    const char *sender = header->sender->unit;
    uint8_t digest[LOG_HASH_SIZE] = {0};
    if (strcmp(sender, session->settings.value[SETTING_UNIT]) == 0)
        return 0;
    bool known = log_sha256(codec_bytes(kept->message->header), digest) == AM_OK;
    for (size_t i = 0; i < AM_LEN(MARKINGS); i++) {
        if ((asked & MARKINGS[i].marking) == 0 || !is_marked(header, MARKINGS[i].marking) ||
            (known && is_granted(markings, digest, sender, MARKINGS[i].marking)))
            continue;
        (void)am_fail(AM_DENIED, detail, header->id,
                      "it is marked %s by %s, %s without permission (`amana permit ask %.13s --uses %s`)",
                      MARKINGS[i].name, sender, MARKINGS[i].words, header->id, MARKINGS[i].uses);
        return MARKINGS[i].marking;
    }
    return 0;
}
