// SPDX-License-Identifier: Apache-2.0
// Each CORRECTION, and each CONFIRM that moves a life, has its CORRECTED or ERASED entry, which says what they say.
#include "server/fsck_internal.h"

#include <bsd/string.h>
#include <string.h>

#define SAID_BY "holders"

enum am_err fsck_holders_said(struct fsck_judge *judge, const struct store_judged *entry,
                              const Amana__V1__Header *header)
{
    bool confirms = header->kind == KIND(CONFIRM) && entry->content->submitted->n_moves > 0;

    if ((header->kind != KIND(CORRECTION) && !confirms) || header->in_reply_to == NULL || header->sender == NULL)
        return AM_OK;
    struct fsck_row *row = fsck_row_get(judge, SAID_BY, entry->seq, "", entry->seq);
    if (row == NULL)
        return AM_NOMEM;
    row->state = (uint8_t)header->outcome;
    row->digest_len = header->in_reply_to->header_digest.len == sizeof row->digest ? sizeof row->digest : 0;
    memcpy(row->digest, header->in_reply_to->header_digest.data, row->digest_len);
    strlcpy(row->officer, header->officer, sizeof row->officer);
    strlcpy(row->words, header->sender->unit, sizeof row->words);
    return AM_OK;
}

static struct fsck_row *row_of(struct fsck_judge *judge, const struct store_judged *entry,
                               const Amana__V1__Pointer *pointer)
{
    struct store_judged_message message;

    return store_judged_message(entry, pointer, &message) ? fsck_row_find(judge, SAID_BY, message.seq, "") : NULL;
}

static bool answers(const struct fsck_row *row, const Amana__V1__Pointer *pointer)
{
    return pointer != NULL && fsck_digest_is(row, pointer->header_digest.data, pointer->header_digest.len);
}

// `answered` is what the message answers by which this is said.
static void word_said(struct fsck_judge *judge, const struct store_judged *entry, struct fsck_row *row,
                      const Amana__V1__Pointer *answered, Amana__V1__Outcome__Code outcome, const char *officer,
                      const char *unit)
{
    if (row != NULL && !row->seen && answers(row, answered) && row->state == (uint8_t)outcome &&
        strcmp(row->officer, officer) == 0 && strcmp(row->words, unit) == 0)
        row->seen = true;
    else
        fsck_judge_fault(judge, entry->seq, "no message before it says what it says was corrected, mended or erased");
}

void fsck_corrected_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__CorrectedEntry *said = entry->content->corrected;
    struct fsck_row *correction = row_of(judge, entry, said->by);
    bool confirms = said->confirmed_by != NULL;

    if (confirms && (correction == NULL || !answers(correction, said->message)))
        fsck_judge_fault(judge, entry->seq, "what it says was mended is not what was corrected");
    word_said(judge, entry, confirms ? row_of(judge, entry, said->confirmed_by) : correction,
              confirms ? said->by : said->message, said->outcome, said->officer, said->unit);
}

// What the hub destroys the store itself looks at; nobody is asked any more whether to keep it.
void fsck_erased_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__ErasedEntry *said = entry->content->erased;

    for (size_t i = 0; i < said->n_bodies; i++) {
        struct fsck_message *message = fsck_message_find(judge, said->bodies[i]->seq);
        if (message != NULL)
            message->review = true;
    }
    if (said->confirmed_by != NULL)
        word_said(judge, entry, row_of(judge, entry, said->confirmed_by), said->by, said->outcome, said->officer,
                  said->unit);
}

bool fsck_of_holders(const struct fsck_row *row)
{
    return strncmp(row->key, SAID_BY " ", sizeof SAID_BY) == 0;
}
