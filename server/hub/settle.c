// SPDX-License-Identifier: Apache-2.0
// What waited for its second person and isn't sent by its word: it goes back to its author, or went before (DEFERRED).
#include "server/hub/internal.h"

#include <string.h>

static enum am_err returned_entry(struct hub_pending *pending, const struct hub_settlement *settlement)
{
    Amana__V1__Pointer pointer = hub_pointer(settlement->header, settlement->header_digest);
    Amana__V1__ReturnedEntry entry = AMANA__V1__RETURNED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.message = &pointer;
    entry.parked = settlement->release.seq;
    entry.deferred = settlement->release.deferred;
    entry.statement = codec_binary(settlement->statement);
    entry.signature = codec_binary(settlement->signature);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETURNED;
    content.returned = &entry;
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    return hub_release_index(pending, 0, settlement->header, settlement->release.seq);
}

static enum am_err released_entry(struct hub_pending *pending, const struct hub_settlement *settlement)
{
    const struct hub_released released = {.header = settlement->header,
                                          .header_digest = settlement->header_digest,
                                          .supervisor = settlement->supervisor,
                                          .signature = settlement->signature,
                                          .release = &settlement->release};
    TRY(hub_released_entry(pending, 0, &released));
    pending->append.entries[0].n_also_of = 0; // it is about one message
    return AM_OK;
}

// To its author and to who releases; one that was sent before, to everybody who has it.
static enum am_err notices_fill(struct hub_step *step, struct hub_pending *pending,
                                const struct hub_settlement *settlement)
{
    const Amana__V1__Header *header = settlement->header;
    struct journal_recipient recipients[LIMIT_RECIPIENTS];
    struct hub_told told = {.urgency = settlement->release.urgency,
                            .originator = header->sender->unit,
                            .releasing = header->releasing->unit,
                            .recipients = recipients};
    for (size_t i = 0; settlement->release.deferred && i < header->n_recipients; i++)
        recipients[told.n_recipients++].unit = header->recipients[i]->unit;
    return hub_tell(step, pending, 0, &told);
}

static enum am_err lapse_count(struct hub_step *step, struct hub_pending *pending, const struct hub_lapsed *lapsed)
{
    const char *sender = lapsed->header->sender->unit;
    char *unit = arena_copy(&pending->arena, sender, strlen(sender));
    return unit == NULL ? arena_error(&pending->arena) : hub_lapse_record(step, pending, unit, lapsed->release->seq);
}

enum am_err hub_lapsed_fill(struct hub_step *step, struct hub_pending *pending, const struct hub_lapsed *lapsed)
{
    Amana__V1__Pointer pointer = hub_pointer(lapsed->header, lapsed->header_digest);
    Amana__V1__ReturnedEntry entry = AMANA__V1__RETURNED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct hub_settlement settlement = {.header = lapsed->header, .release = *lapsed->release};
    entry.message = &pointer;
    entry.parked = lapsed->release->seq;
    entry.deferred = lapsed->release->deferred;
    entry.lapsed = true;
    entry.counted = hub_lapse_counts(lapsed->header, lapsed->release);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETURNED;
    content.returned = &entry;
    TRY(hub_entry_pack(pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    TRY(hub_release_index(pending, 0, lapsed->header, lapsed->release->seq));
    TRY(notices_fill(step, pending, &settlement));
    TRY(hub_release_move(pending, lapsed->release, PASSAGE_LAPSE, ""));
    if (!lapsed->release->deferred)
        return AM_OK;
    if (entry.counted)
        TRY(lapse_count(step, pending, lapsed));
    char *text = arena_printf(&pending->arena, "%s: nobody of %s has signed what %s sent with its release DEFERRED",
                              lapsed->header->id, lapsed->release->releasing, lapsed->header->sender->unit);
    return text == NULL ? arena_error(&pending->arena) : hub_alarm_pack(pending, 1, "UNRELEASED", text, &pointer);
}

static enum am_err settle_fill(struct hub_step *step, struct hub_pending *pending,
                               const struct hub_settlement *settlement)
{
    TRY(settlement->returns ? returned_entry(pending, settlement) : released_entry(pending, settlement));
    TRY(notices_fill(step, pending, settlement));
    return hub_release_move(pending, &settlement->release, settlement->returns ? PASSAGE_SEND_BACK : PASSAGE_RELEASE,
                            settlement->supervisor);
}

static enum am_err late_alarm(struct hub_pending *pending, const struct hub_settlement *settlement)
{
    char *text =
        arena_printf(&pending->arena, "%s: %s has signed it late", settlement->header->id, settlement->supervisor);
    const Amana__V1__Pointer about = hub_pointer(settlement->header, settlement->header_digest);
    return text == NULL ? arena_error(&pending->arena) : hub_alarm_pack(pending, 1, "RELEASED_LATE", text, &about);
}

static enum am_err settle(struct hub_step *step, struct hub_settlement *settlement)
{
    struct hub_pending *pending;
    bool late = !settlement->returns && settlement->release.state == RELEASE_STATE(LAPSED);
    TRY(hub_pending_new(step, PURPOSE_SETTLE, &settlement->work, late ? 2 : 1, &pending));
    enum am_err err = settle_fill(step, pending, settlement);
    if (err == AM_OK && late)
        err = late_alarm(pending, settlement);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return err == AM_TOO_LARGE ? AM_NOMEM : err;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_step_settled(struct hub_step *step)
{
    struct hub_settlement *settlement = step->event->settlement;
    struct hub_work *work = &settlement->work;
    const char *id = settlement->header != NULL ? settlement->header->id : NULL;
    TRY(hub_actions_room(step->actions, 1));
    if (work->attempts++ == 0) {
        if (hub_turned_away(step, work))
            return AM_OK;
        TRY(hub_work_begin(step, work));
    }
    if (settlement->checked != REASON_NONE) {
        work->detail = settlement->checked_detail;
        return hub_refuse(step, work, settlement->checked, id, settlement->header_digest);
    }
    if (settlement->original_receipt.len > 0) {
        hub_reply(step, work, REASON_NONE, NULL);
        return AM_OK;
    }
    enum reason reason = hub_judge_waiting(work, &settlement->release, hub_entry_time(step->hub, step->event->now_ns));
    // Policy may have named it then, and not now.
    if (reason == REASON_NONE &&
        !hub_may_release(step->hub, settlement->header->sender->unit, settlement->header->releasing->unit))
        reason = hub_not_permitted(work, "message");
    if (reason != REASON_NONE)
        return hub_refuse(step, work, reason, id, settlement->header_digest);
    return settle(step, settlement);
}
