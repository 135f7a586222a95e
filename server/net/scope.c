// SPDX-License-Identifier: Apache-2.0
// What lies within an auditor's scope: the countries that an entry is about.
#include "server/net/replay.h"

#include <string.h>

static bool country_in(const struct replay *replay, const char *country)
{
    for (size_t i = 0; i < replay->n_countries; i++)
        if (strcmp(replay->countries[i], country) == 0)
            return true;
    return false;
}

static bool unit_in(const struct replay *replay, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];

    if (address_check(unit, NULL) != AM_OK)
        return false;
    address_country(unit, country);
    return country_in(replay, country);
}

static bool identity_in(const struct replay *replay, const char *uri)
{
    struct identity identity;

    return identity_parse(uri, strlen(uri), NULL, &identity) == AM_OK && country_in(replay, identity.country);
}

// A message is of every country that it went from or to.
static enum am_err message_in(const struct replay *replay, struct store_view *view, uint64_t seq, bool *ret_in)
{
    struct store_pointer pointer;
    bool in;

    TRY(store_pointer_of(view, seq, &pointer));
    in = unit_in(replay, pointer.originator);
    for (size_t i = 0; i < pointer.n_recipients && !in; i++)
        in = unit_in(replay, pointer.recipients[i].unit);
    *ret_in = in;
    return AM_OK;
}

// Those that name messages are for whom one of these is.
static enum am_err bodies_in(const struct replay *replay, struct store_view *view, const Amana__V1__ErasedEntry *entry,
                             bool *ret_in)
{
    for (size_t i = 0; i < entry->n_bodies && !*ret_in; i++)
        TRY(message_in(replay, view, entry->bodies[i]->seq, ret_in));
    return AM_OK;
}

static enum am_err pointers_in(const struct replay *replay, struct store_view *view, Amana__V1__Pointer **list,
                               size_t n, bool *ret_in)
{
    for (size_t i = 0; i < n && !*ret_in; i++) {
        struct store_pointer pointer;
        if (list[i]->header_digest.len == 32 &&
            store_find_digest(view, list[i]->header_digest.data, &pointer) == AM_OK)
            TRY(message_in(replay, view, pointer.seq, ret_in));
    }
    return AM_OK;
}

static enum am_err retrieved_in(const struct replay *replay, struct store_view *view, struct arena *arena,
                                const Amana__V1__RetrievedEntry *entry, bool *ret_in)
{
    Amana__V1__Retrieved *statement;

    *ret_in = identity_in(replay, entry->device);
    if (*ret_in)
        return AM_OK;
    TRY(codec_decode(&amana__v1__retrieved__descriptor, CODEC_LENIENT, codec_bytes(entry->statement), arena, NULL,
                     (ProtobufCMessage **)&statement));
    return statement->n_messages > 0 ? message_in(replay, view, statement->messages[0]->seq, ret_in) : AM_OK;
}

static enum am_err pointer_in(const struct replay *replay, struct store_view *view, Amana__V1__Pointer *message,
                              bool *ret_in)
{
    return message != NULL ? pointers_in(replay, view, &message, 1, ret_in) : AM_OK;
}

// One that waits for its second person is of who releases it.
static enum am_err deadline_in(const struct replay *replay, struct store_view *view,
                               const Amana__V1__DeadlineEntry *entry, bool *ret_in)
{
    *ret_in = unit_in(replay, entry->recipient);
    return pointer_in(replay, view, entry->message, ret_in);
}

enum am_err scope_opens(const struct replay *replay, struct store_view *view, struct arena *arena,
                        const struct store_entry *entry, bool *ret_opens)
{
    Amana__V1__EntryContent *content;

    *ret_opens = false;
    if (entry->content.len == 0)
        return AM_OK;
    // The kind of the index tells which entries have to be read; fsck compares it with the content.
    if (entry->kind == AMANA__V1__ENTRY_KIND__CODE__SUBMITTED || entry->kind == AMANA__V1__ENTRY_KIND__CODE__PARKED)
        return message_in(replay, view, entry->seq, ret_opens);
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_LENIENT, entry->content, arena, NULL,
                     (ProtobufCMessage **)&content));
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED:
        return retrieved_in(replay, view, arena, content->retrieved, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED: return message_in(replay, view, content->released->parked, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETURNED: return message_in(replay, view, content->returned->parked, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_ERASED: return bodies_in(replay, view, content->erased, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_HELD:
        return pointers_in(replay, view, content->held->messages, content->held->n_messages, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return pointer_in(replay, view, content->late->message, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED:
        return pointer_in(replay, view, content->non_delivered->message, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED:
        return pointer_in(replay, view, content->non_retrieved->message, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return deadline_in(replay, view, content->deadline, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return pointer_in(replay, view, content->state->message, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_REJECTED: *ret_opens = identity_in(replay, content->rejected->identity); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ACCESS: *ret_opens = identity_in(replay, content->access->identity); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_MEMBER: *ret_opens = unit_in(replay, content->member->unit); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_GRANT: *ret_opens = unit_in(replay, content->grant->unit); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ROSTER: *ret_opens = unit_in(replay, content->roster->unit); break;
    default: *ret_opens = true; break;
    }
    return AM_OK;
}
