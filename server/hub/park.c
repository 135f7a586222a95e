// SPDX-License-Identifier: Apache-2.0
// What a message writes that waits for its second person: its entry, its record, and a notice that rings.
#include "server/hub/internal.h"

#include <string.h>

static enum am_err entry_fill(struct hub_pending *pending, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    Amana__V1__ParkedEntry entry = AMANA__V1__PARKED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.id = header->id;
    entry.device = header->device;
    entry.header_digest = codec_binary((struct am_bytes){submission->header_digest, 32});
    entry.flags_digest = header->flags_digest;
    entry.body_digest = header->body_digest;
    entry.signature_digest = codec_binary((struct am_bytes){submission->signature_digest, 32});
    entry.header_size = (uint32_t)submission->header_bytes.len;
    entry.body_size = (uint32_t)submission->body.len;
    entry.signature_size = (uint32_t)submission->signature.len;
    entry.releasing = header->releasing->unit;
    entry.kind = header->kind;
    entry.urgency = header->urgency;
    entry.officer = header->officer;
    entry.status = header->status;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_PARKED;
    content.parked = &entry;
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    return hub_release_index(pending, 0, header, JOURNAL_SELF);
}

static enum am_err park_fill(struct hub_step *step, struct hub_pending *pending,
                             const struct hub_submission *submission)
{
    const struct hub_told told = {.urgency = (uint8_t)submission->header->urgency,
                                  .releasing = submission->header->releasing->unit};
    TRY(entry_fill(pending, submission));
    TRY(hub_message_fill(pending, submission, JOURNAL_SELF));
    TRY(hub_release_begin(pending, submission->header));
    return hub_tell(step, pending, 0, &told);
}

enum am_err hub_park(struct hub_step *step, struct hub_submission *submission)
{
    struct hub_pending *pending;
    TRY(hub_pending_new(step, PURPOSE_ACCEPT, &submission->work, 1, &pending));
    enum am_err err = park_fill(step, pending, submission);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return err == AM_TOO_LARGE ? AM_NOMEM : err;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}
