// SPDX-License-Identifier: Apache-2.0
// What is left of each case, and what is said of that by the deadlines of one that is kept from a state.
#include "server/fsck_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum am_err fsck_case_said(struct fsck_judge *judge, const struct store_judged *entry, const Amana__V1__Header *header)
{
    struct fsck_case *found;

    HASH_FIND_STR(judge->cases, header->case_ref, found);
    if (found == NULL) {
        size_t len = strlen(header->case_ref);
        found = calloc(1, sizeof *found + len + 1);
        if (found == NULL)
            return AM_NOMEM;
        found->first = entry->seq;
        found->left = JOURNAL_NONE;
        memcpy(found->case_ref, header->case_ref, len);
        HASH_ADD(hh, judge->cases, case_ref, len, found);
        HASH_ADD(by_first, judge->cases_by_first, first, sizeof found->first, found);
        if (found->hh.tbl == NULL || found->by_first.tbl == NULL) {
            if (found->hh.tbl != NULL)
                HASH_DEL(judge->cases, found);
            free(found);
            return AM_NOMEM;
        }
    }
    if (entry->body_kept && found->left == JOURNAL_NONE)
        found->left = entry->seq;
    return AM_OK;
}

// Before its place nothing is left of the case: who would go on from there passed over what is.
void fsck_case_judge(struct fsck_judge *judge, const struct journal_deadline *deadline)
{
    struct fsck_case *found;

    HASH_FIND(by_first, judge->cases_by_first, &deadline->subject, sizeof deadline->subject, found);
    if (found == NULL)
        fsck_judge_fault(judge, deadline->subject,
                         "a deadline of a case stands in the table and it is not the first message of one");
    else if (deadline->place > judge->last_seq + 1)
        fsck_judge_fault(judge, deadline->subject, "what is left of its case is looked for past the end of the log");
    else if (deadline->place > found->left)
        fsck_judge_fault(judge, deadline->subject,
                         "what is left of its case is looked for from %" PRIu64 " on, and %" PRIu64 " is left of it",
                         deadline->place, found->left);
}

void fsck_cases_free(struct fsck_judge *judge)
{
    struct fsck_case *found, *next;

    HASH_CLEAR(by_first, judge->cases_by_first);
    HASH_ITER (hh, judge->cases, found, next) {
        HASH_DEL(judge->cases, found);
        free(found);
    }
}
