// SPDX-License-Identifier: Apache-2.0
// What is refused gets an entry before it gets its answer; past a quota, it is counted together once a minute.
#include "server/hub/internal.h"

#include <string.h>

static enum am_err rejected_pack(struct hub_pending *pending, size_t index, Amana__V1__RejectedEntry *rejected)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_REJECTED;
    content.rejected = rejected;
    return hub_entry_pack(pending, index, &content, JOURNAL_CLASS_HUB);
}

static enum am_err rejected_fill(struct hub_pending *pending, const struct hub_work *work, enum reason reason,
                                 const char *id, const uint8_t digest[32])
{
    Amana__V1__RejectedEntry rejected = AMANA__V1__REJECTED_ENTRY__INIT;
    rejected.reason = (char *)reason_name(reason);
    rejected.identity = (char *)work->identity;
    if (id != NULL && message_id_check(id, NULL, NULL) == AM_OK)
        rejected.id = (char *)id;
    if (digest != NULL)
        rejected.digest = codec_binary((struct am_bytes){digest, 32});
    return rejected_pack(pending, 0, &rejected);
}

static enum am_err refuse_by_entry(struct hub_step *step, struct hub_work *work, enum reason reason, const char *id,
                                   const uint8_t digest[32])
{
    struct hub_pending *pending;
    TRY(hub_pending_new(step, PURPOSE_REFUSE, work, 1, &pending));
    pending->reason = reason;
    enum am_err err = rejected_fill(pending, work, reason, id, digest);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return err;
    }
    hub_pending_send(step, pending);
    return AM_OK;
}

enum am_err hub_refuse(struct hub_step *step, struct hub_work *work, enum reason reason, const char *id,
                       const uint8_t digest[32])
{
    struct hub_identity *identity;
    if (reason_retry(reason)) { // nothing was refused: it is to come again
        hub_reply_retry(step, work, reason);
        return AM_OK;
    }
    TRY(hub_identity_get(step->hub, work->identity, step->event->monotonic_ns, &identity));
    if (hub_identity_may_log(step->hub, identity, step->event->monotonic_ns))
        return refuse_by_entry(step, work, reason, id, digest);
    hub_identity_count(step->hub, work->identity, reason, 1);
    hub_reply(step, work, reason, NULL);
    return AM_OK;
}

static enum am_err counted_fill(struct hub_pending *pending, const struct hub_identity *identity)
{
    char *uri = arena_copy(&pending->arena, identity->uri, strlen(identity->uri));
    uint64_t *counts = arena_copy(&pending->arena, identity->counted, sizeof identity->counted);
    size_t index = 0;
    if (uri == NULL || counts == NULL)
        return arena_error(&pending->arena);
    pending->identity = uri;
    pending->counts = counts;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        Amana__V1__RejectedEntry rejected = AMANA__V1__REJECTED_ENTRY__INIT;
        if (counts[reason] == 0)
            continue;
        rejected.reason = (char *)reason_name((enum reason)reason);
        rejected.identity = uri;
        rejected.count = counts[reason];
        TRY(rejected_pack(pending, index++, &rejected));
    }
    return AM_OK;
}

enum am_err hub_counted_flush(struct hub_step *step, struct hub_identity *identity)
{
    struct hub_pending *pending;
    size_t n = 0;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        n += identity->counted[reason] != 0;
    TRY(hub_actions_room(step->actions, 1));
    TRY(hub_pending_new(step, PURPOSE_COUNTED, NULL, n, &pending));
    enum am_err err = counted_fill(pending, identity);
    if (err != AM_OK) {
        hub_pending_free(pending);
        return err;
    }
    memset(identity->counted, 0, sizeof identity->counted);
    identity->has_counted = false;
    hub_pending_send(step, pending);
    return AM_OK;
}
