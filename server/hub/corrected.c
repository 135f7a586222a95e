// SPDX-License-Identifier: Apache-2.0
// A CORRECTION, and what each holder says of it: the entry of the hub's own conduct, which stays when both messages are
// gone.
#include "server/hub/internal.h"

bool hub_corrects(const struct hub_submission *submission, const struct hub_decision *decision)
{
    unsigned kind = (unsigned)submission->header->kind;
    bool confirms = kind == KIND(CONFIRM) && submission->reply_to.kind == KIND(CORRECTION) && decision->n_moves > 0;
    return kind == KIND(CORRECTION) || confirms;
}

// About the message itself, and about what it answers.
static enum am_err index_fill(struct hub_pending *pending, struct journal_entry *row,
                              const struct hub_submission *submission)
{
    uint64_t *also = arena_copy(&pending->arena, &submission->reply_to.seq, sizeof submission->reply_to.seq);
    if (also == NULL)
        return arena_error(&pending->arena);
    row->of = JOURNAL_SELF;
    row->also_of = also;
    row->n_also_of = 1;
    row->case_ref = submission->header->case_ref;
    return AM_OK;
}

enum am_err hub_corrected_fill(struct hub_pending *pending, size_t entry, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    bool confirms = header->kind == KIND(CONFIRM);
    Amana__V1__CorrectedEntry corrected = AMANA__V1__CORRECTED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__Pointer self = AMANA__V1__POINTER__INIT;
    self.id = header->id;
    self.header_digest = codec_binary((struct am_bytes){submission->header_digest, 32});
    corrected.message = confirms ? submission->reply_to.header->in_reply_to : header->in_reply_to;
    corrected.by = confirms ? header->in_reply_to : &self;
    corrected.confirmed_by = confirms ? &self : NULL;
    corrected.outcome = header->outcome;
    corrected.officer = header->officer;
    corrected.unit = header->sender->unit;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_CORRECTED;
    content.corrected = &corrected;
    TRY(hub_entry_pack(pending, entry, &content, JOURNAL_CLASS_HUB));
    return index_fill(pending, &pending->append.entries[entry], submission);
}
