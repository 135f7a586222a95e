// SPDX-License-Identifier: Apache-2.0
// A CORRECTION, and what each holder says of what it was to mend or erase: the entry of the hub's own conduct, which
// stays when the messages are gone.
#include "server/hub/internal.h"

bool hub_asks_holders(const struct hub_submission *submission, const struct hub_decision *decision)
{
    unsigned kind = (unsigned)submission->header->kind;
    return kind == KIND(CORRECTION) || (kind == KIND(CONFIRM) && decision->n_moves > 0);
}

static enum am_err corrected_pack(struct hub_pending *pending, size_t entry, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    bool confirms = header->kind == KIND(CONFIRM);
    Amana__V1__CorrectedEntry corrected = AMANA__V1__CORRECTED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer self = hub_pointer(header, submission->header_digest);
    corrected.message = confirms ? submission->reply_to.header->in_reply_to : header->in_reply_to;
    corrected.by = confirms ? header->in_reply_to : &self;
    corrected.confirmed_by = confirms ? &self : NULL;
    corrected.outcome = header->outcome;
    corrected.officer = header->officer;
    corrected.unit = header->sender->unit;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_CORRECTED;
    content.corrected = &corrected;
    return hub_entry_pack(pending, entry, &content, JOURNAL_CLASS_HUB);
}

static enum am_err erased_pack(struct hub_pending *pending, size_t entry, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    Amana__V1__ErasedEntry erased = AMANA__V1__ERASED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer self = hub_pointer(header, submission->header_digest);
    erased.by = header->in_reply_to;
    erased.confirmed_by = &self;
    erased.outcome = header->outcome;
    erased.officer = header->officer;
    erased.unit = header->sender->unit;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ERASED;
    content.erased = &erased;
    return hub_entry_pack(pending, entry, &content, JOURNAL_CLASS_HUB);
}

enum am_err hub_holders_fill(struct hub_pending *pending, size_t entry, const struct hub_submission *submission)
{
    bool corrects = submission->header->kind == KIND(CORRECTION) || submission->reply_to.kind == KIND(CORRECTION);
    TRY(corrects ? corrected_pack(pending, entry, submission) : erased_pack(pending, entry, submission));
    pending->append.entries[entry].case_ref = submission->header->case_ref;
    return hub_entry_of(pending, entry, JOURNAL_SELF, submission->reply_to.seq);
}
