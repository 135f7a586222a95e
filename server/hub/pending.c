// SPDX-License-Identifier: Apache-2.0
// An append from its making to its return: one block of memory, and what shall happen then.
#include "server/hub/internal.h"

#include <stdlib.h>
#include <string.h>

enum am_err hub_pending_new(struct hub_step *step, enum hub_purpose purpose, struct hub_work *work, size_t n_entries,
                            struct hub_pending **ret_pending)
{
    struct hub_pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return AM_NOMEM;
    arena_init(&pending->arena, HUB_APPEND_MEMORY);
    pending->purpose = purpose;
    pending->work = work;
    pending->append.time_ns = hub_entry_time(step->hub, step->event->now_ns);
    pending->append.n_entries = n_entries;
    pending->append.entries = arena_array(&pending->arena, n_entries, sizeof *pending->append.entries);
    if (pending->append.entries == NULL) {
        hub_pending_free(pending);
        return AM_NOMEM;
    }
    *ret_pending = pending;
    return AM_OK;
}

void hub_pending_free(struct hub_pending *pending)
{
    if (pending == NULL)
        return;
    free(pending->kept);
    hub_member_free(pending->member);
    arena_clear(&pending->arena);
    free(pending);
}

enum am_err hub_deadline_put(struct hub_pending *pending, enum deadline_kind kind, uint64_t subject, uint64_t at,
                             uint64_t was)
{
    return hub_deadline_put_row(
        pending, &(struct journal_deadline){.kind = (uint8_t)kind, .subject = subject, .at = at, .was = was});
}

enum am_err hub_deadline_put_row(struct hub_pending *pending, const struct journal_deadline *row)
{
    struct journal_append *append = &pending->append;
    if (append->n_deadlines == pending->deadlines_room) {
        size_t room = pending->deadlines_room * 2 + 4;
        struct journal_deadline *rows = arena_array(&pending->arena, room, sizeof *rows);
        if (rows == NULL)
            return arena_error(&pending->arena);
        if (append->n_deadlines > 0)
            memcpy(rows, append->deadlines, append->n_deadlines * sizeof *rows);
        append->deadlines = rows;
        pending->deadlines_room = room;
    }
    append->deadlines[append->n_deadlines++] = *row;
    return AM_OK;
}

void hub_append_free(struct journal_append *append)
{
    struct hub_pending *pending = (struct hub_pending *)append;
    if (!pending->queued)
        hub_pending_free(pending);
}

enum reason hub_failure(enum journal_result result)
{
    switch (result) {
    case JOURNAL_READ_ONLY: return REASON_READ_ONLY;
    case JOURNAL_FULL: return REASON_STORAGE_FULL;
    case JOURNAL_REFUSED: return REASON_INTERNAL;
    default: return REASON_BUSY;
    }
}

void hub_unlogged(struct hub_step *step, const struct hub_pending *pending, enum reason reason, bool again)
{
    const ProtobufCEnumValue *kind =
        protobuf_c_enum_descriptor_get_value(&amana__v1__entry_kind__code__descriptor, pending->append.entries[0].kind);
    hub_act(step,
            (struct hub_action){.kind = HUB_ACTION_UNLOGGED, .name = kind->name, .reason = reason, .again = again});
}

void hub_pending_send(struct hub_step *step, struct hub_pending *pending)
{
    struct hub *hub = step->hub;
    if (pending->append.time_ns > hub->last_time_ns)
        hub->last_time_ns = pending->append.time_ns;
    hub->appends++;
    hub_act(step, (struct hub_action){.kind = HUB_ACTION_APPEND, .work = pending->work, .append = &pending->append});
}

Amana__V1__Pointer hub_pointer(const Amana__V1__Header *header, const uint8_t digest[32])
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    pointer.id = header->id;
    pointer.header_digest = codec_binary((struct am_bytes){digest, 32});
    return pointer;
}

enum am_err hub_entry_pack(struct hub_pending *pending, size_t index, const Amana__V1__EntryContent *content,
                           uint8_t class)
{
    struct journal_entry *entry = &pending->append.entries[index];
    TRY(codec_encode(&content->base, &pending->arena, &entry->content));
    entry->kind = (uint8_t)content->kind_case; // its member's field number is the code (audit.proto)
    entry->class = class;
    entry->of = JOURNAL_NONE;
    return AM_OK;
}

enum am_err hub_entry_of(struct hub_pending *pending, size_t index, uint64_t message, uint64_t root)
{
    struct journal_entry *entry = &pending->append.entries[index];
    entry->of = message;
    if (root == message)
        return AM_OK;
    entry->also_of = arena_copy(&pending->arena, &root, sizeof root);
    entry->n_also_of = 1;
    return entry->also_of != NULL ? AM_OK : arena_error(&pending->arena);
}

enum am_err hub_alarm_pack(struct hub_pending *pending, size_t index, const char *what, const char *text,
                           const Amana__V1__Pointer *about)
{
    Amana__V1__AlarmEntry alarm = AMANA__V1__ALARM_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    alarm.what = (char *)what;
    alarm.detail = (char *)text;
    alarm.message = (Amana__V1__Pointer *)about;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ALARM;
    content.alarm = &alarm;
    return hub_entry_pack(pending, index, &content, JOURNAL_CLASS_HUB);
}

uint64_t hub_entry_time(const struct hub *hub, uint64_t now_ns)
{
    return now_ns > hub->last_time_ns ? now_ns : hub->last_time_ns;
}

uint32_t hub_erase_after(uint64_t retain_until_ns, uint64_t entry_ns)
{
    uint64_t retained = retain_until_ns + 30 * NS_PER_DAY, kept = entry_ns + 366 * NS_PER_DAY;
    uint64_t until = retained > kept ? retained : kept;
    return (uint32_t)(until / NS_PER_DAY + 1);
}
