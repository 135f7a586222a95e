// SPDX-License-Identifier: Apache-2.0
// Each CORRECTION, and each CONFIRM that ends a life of one, has its CORRECTED entry, which says what they say.
#include "server/fsck_internal.h"

#include <bsd/string.h>
#include <string.h>

#define SAID_BY "corrected"

enum am_err fsck_correction_said(struct fsck_judge *judge, const struct store_judged *entry,
                                 const Amana__V1__Header *header)
{
    struct store_judged_message to;
    bool corrects = header->kind == KIND(CORRECTION);

    if (header->kind == KIND(CONFIRM) && entry->content->submitted->n_moves > 0)
        corrects = store_judged_message(entry, header->in_reply_to, &to) && to.kind == KIND(CORRECTION);
    if (!corrects || header->in_reply_to == NULL || header->sender == NULL)
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

void fsck_corrected_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__CorrectedEntry *said = entry->content->corrected;
    const struct fsck_row *correction = row_of(judge, entry, said->by);
    struct fsck_row *row = row_of(judge, entry, said->confirmed_by != NULL ? said->confirmed_by : said->by);

    if (row != NULL && correction != NULL && answers(correction, said->message) &&
        (said->confirmed_by == NULL || answers(row, said->by)) && row->state == (uint8_t)said->outcome &&
        strcmp(row->officer, said->officer) == 0 && strcmp(row->words, said->unit) == 0 && !row->seen)
        row->seen = true;
    else
        fsck_judge_fault(judge, entry->seq, "no message before it says what it says was corrected, or mended");
}

bool fsck_is_correction(const struct fsck_row *row)
{
    return strncmp(row->key, SAID_BY " ", sizeof SAID_BY) == 0;
}
