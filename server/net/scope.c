// SPDX-License-Identifier: Apache-2.0
// What lies within an auditor's scope: the countries that an entry is about, or that a reading could touch.
#include "proto/model/life.h"
#include "server/net/replay.h"
#include "server/net/withheld.h"

#include <string.h>

static bool unit_in(const struct replay *replay, const char *unit)
{
    return scope_countries_has_unit(&replay->countries, unit);
}

static bool identity_in(const struct replay *replay, const char *uri)
{
    struct identity identity;

    return identity_parse(uri, strlen(uri), NULL, &identity) == AM_OK &&
           scope_countries_has(&replay->countries, identity.country);
}

// A unit of these countries has it, or is to have it. What is withheld from one (rule 4) is not of its country: what
// the unit never gets its auditor must not miss there.
static enum am_err party_in(const struct replay *replay, struct store_view *view, const char *unit, uint64_t seq,
                            bool *ret_in)
{
    bool withheld;

    if (!unit_in(replay, unit))
        return AM_OK;
    TRY(withheld_message(view, unit, seq, &withheld));
    *ret_in |= !withheld;
    return AM_OK;
}

// A message is of every country that it went from or to.
static enum am_err message_in(const struct replay *replay, struct store_view *view, uint64_t seq, bool *ret_in)
{
    struct store_pointer pointer;
    bool in;

    TRY(store_pointer_of(view, seq, &pointer));
    in = unit_in(replay, pointer.originator);
    for (size_t i = 0; i < pointer.n_recipients && !in; i++)
        TRY(party_in(replay, view, pointer.recipients[i].unit, seq, &in));
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
        if (store_find_pointer(view, list[i], &pointer) == AM_OK)
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

// Its originator is of these countries, and is told: what a unit is told of a life that goes on apart is for it alone.
static enum am_err originator_in(const struct replay *replay, struct store_view *view, uint64_t entry,
                                 const struct store_pointer *message, bool *ret_in)
{
    *ret_in = unit_in(replay, message->originator);
    return *ret_in ? withheld_told(view, entry, message->originator, ret_in) : AM_OK;
}

// What one recipient does in time or not, and whether it is reached, is its own and the originator's to see: not that
// of the others, from whom what it answers may be kept (rule 4). One that waits for its second person is of who
// releases it.
static enum am_err of_parties(const struct replay *replay, struct store_view *view, uint64_t entry,
                              const Amana__V1__Pointer *message, char *const *units, size_t n, bool *ret_in)
{
    struct store_pointer pointer;
    enum am_err err = message != NULL ? store_find_pointer(view, message, &pointer) : AM_NOT_FOUND;

    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    bool found = err == AM_OK;
    if (found)
        TRY(originator_in(replay, view, entry, &pointer, ret_in));
    for (size_t i = 0; i < n && !*ret_in; i++) {
        if (found)
            TRY(party_in(replay, view, units[i], pointer.seq, ret_in));
        else
            *ret_in = unit_in(replay, units[i]);
    }
    return AM_OK;
}

// What its recipient is told of; what only who asked is told of is of what that knows, and of nobody else.
static enum am_err is_of_recipient(struct store_view *view, uint64_t seq, const Amana__V1__DeadlineEntry *entry,
                                   bool *ret_is)
{
    *ret_is = false;
    return entry->recipient[0] != '\0' ? withheld_told(view, seq, entry->recipient, ret_is) : AM_OK;
}

// Of a clock that stood still to it the recipient is not told.
static enum am_err late_in(const struct replay *replay, struct store_view *view, uint64_t seq,
                           const Amana__V1__DeadlineEntry *entry, bool *ret_in)
{
    struct store_pointer about;
    bool stood = false, told;
    enum am_err err =
        unit_in(replay, entry->recipient) ? store_find_pointer(view, entry->message, &about) : AM_NOT_FOUND;

    if (err == AM_OK)
        err = withheld_clock(view, entry->recipient, about.seq, seq, &stood);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    TRY(is_of_recipient(view, seq, entry, &told));
    return of_parties(replay, view, seq, entry->message, &entry->recipient, told && !stood ? 1 : 0, ret_in);
}

// One that was met is caused by what met it, which is perhaps kept from who asked.
static enum am_err deadline_in(const struct replay *replay, struct store_view *view, uint64_t seq,
                               const Amana__V1__DeadlineEntry *entry, bool *ret_in)
{
    struct store_pointer by;
    bool known = true, told;

    if (entry->met_by == NULL)
        return late_in(replay, view, seq, entry, ret_in);
    enum am_err err = store_find_pointer(view, entry->met_by, &by);

    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    if (err == AM_OK)
        TRY(message_in(replay, view, by.seq, &known));
    TRY(is_of_recipient(view, seq, entry, &told));
    return known ? of_parties(replay, view, seq, entry->message, &entry->recipient, told ? 1 : 0, ret_in) : AM_OK;
}

static enum am_err evidence_in(const struct replay *replay, struct store_view *view, uint64_t seq,
                               const Amana__V1__DeliveryEvidence *entry, bool *ret_in)
{
    return of_parties(replay, view, seq, entry->message, entry->recipients, entry->n_recipients, ret_in);
}

// --- Entries that a later message has caused, which is perhaps kept from a country that the older one went to (rule 4)
static enum am_err erased_in(const struct replay *replay, struct store_view *view, const Amana__V1__ErasedEntry *entry,
                             bool *ret_in)
{
    bool in = entry->by == NULL; // retain_until has passed

    TRY(pointer_in(replay, view, entry->by, &in));
    if (in && entry->confirmed_by != NULL)
        return pointer_in(replay, view, entry->confirmed_by, ret_in);
    return in ? bodies_in(replay, view, entry, ret_in) : AM_OK;
}

static enum am_err held_in(const struct replay *replay, struct store_view *view, const Amana__V1__HeldEntry *entry,
                           bool *ret_in)
{
    bool in = false;

    TRY(pointer_in(replay, view, entry->by, &in));
    return in ? pointers_in(replay, view, entry->messages, entry->n_messages, ret_in) : AM_OK;
}

// A holder's word on a correction is caused by two messages.
static enum am_err corrected_in(const struct replay *replay, struct store_view *view,
                                const Amana__V1__CorrectedEntry *entry, bool *ret_in)
{
    bool by = false, confirmed = entry->confirmed_by == NULL;

    TRY(pointer_in(replay, view, entry->by, &by));
    TRY(pointer_in(replay, view, entry->confirmed_by, &confirmed));
    return by && confirmed ? pointer_in(replay, view, entry->message, ret_in) : AM_OK;
}

static enum am_err told_among(const struct replay *replay, struct store_view *view, uint64_t entry,
                              const struct store_pointer *message, bool *ret_in)
{
    for (size_t i = 0; i < message->n_recipients && !*ret_in; i++) {
        const char *unit = message->recipients[i].unit;
        if (unit_in(replay, unit))
            TRY(withheld_told(view, entry, unit, ret_in));
    }
    return AM_OK;
}

// The version before it; itself where there is none.
static enum am_err version_before(struct store_view *view, struct arena *arena, struct store_pointer *version)
{
    struct store_message kept;
    Amana__V1__Header *header;
    enum am_err err;

    TRY(store_message(view, version->seq, &kept));
    if (kept.header.len == 0)
        return AM_OK;
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_STRICT, kept.header, arena, NULL,
                     (ProtobufCMessage **)&header));
    err = header->supersedes != NULL ? store_find_pointer(view, header->supersedes, version) : AM_NOT_FOUND;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// Those of every version: an UPDATE adds some, and leaves out those from whom it is kept.
static enum am_err told_in(const struct replay *replay, struct store_view *view, struct arena *arena, uint64_t entry,
                           const struct store_pointer *root, bool *ret_in)
{
    struct store_pointer version;
    struct journal_chain chain;
    uint64_t seq = root->seq;
    enum am_err err = store_chain(view, root->seq, &chain);

    TRY(told_among(replay, view, entry, root, ret_in));
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    TRY(store_pointer_of(view, chain.newest, &version));
    while (version.seq != root->seq && version.seq != seq && !*ret_in) {
        seq = version.seq;
        TRY(told_among(replay, view, entry, &version, ret_in));
        TRY(version_before(view, arena, &version));
    }
    return AM_OK;
}

// What becomes of a message without a word of its units is of its originator, and of whose life or delivery it moves:
// but that a clock stands still, or goes on, since what had set it going never came, or has, its unit is not told.
static enum am_err state_in(const struct replay *replay, struct store_view *view, struct arena *arena, uint64_t seq,
                            const Amana__V1__StateEntry *entry, bool *ret_in)
{
    struct store_pointer pointer;

    if (entry->message == NULL || store_find_pointer(view, entry->message, &pointer) != AM_OK)
        return AM_OK;
    if (entry->n_moves > 0)
        TRY(originator_in(replay, view, seq, &pointer, ret_in));
    else
        *ret_in = unit_in(replay, pointer.originator);
    for (size_t i = 0; i < entry->n_moves && !*ret_in; i++)
        if (entry->moves[i]->to == LIFE(EXPIRED))
            TRY(party_in(replay, view, entry->moves[i]->recipient, pointer.seq, ret_in));
    for (size_t i = 0; i < entry->n_undelivered && !*ret_in; i++)
        TRY(party_in(replay, view, entry->undelivered[i], pointer.seq, ret_in));
    return entry->found_elsewhere ? told_in(replay, view, arena, seq, &pointer, ret_in) : AM_OK;
}

// The hub's own is everybody's; what it says of a message is for whom that is.
static enum am_err alarm_in(const struct replay *replay, struct store_view *view, const Amana__V1__AlarmEntry *entry,
                            bool *ret_in)
{
    *ret_in = entry->message == NULL;
    return pointer_in(replay, view, entry->message, ret_in);
}

// --- Who reads what of these countries
#define READS_LOOKED 256u // messages of a case or a party that are looked at

struct reads {
    const struct replay *replay;
    struct store_view *view;
    const Amana__V1__AccessEntry *entry;
};

// What came after a reading was not in it, unless it followed.
static bool was_there(const struct reads *reads, uint64_t seq)
{
    return reads->entry->asked->follow || seq < reads->entry->tree_size;
}

static enum am_err reads_message(const struct reads *reads, bool *ret_in)
{
    uint8_t id[16];
    uint64_t seq;
    enum am_err err = message_id_check(reads->entry->asked->message, id, NULL);

    *ret_in = false;
    for (unsigned n = 0; err == AM_OK && !*ret_in; n++) {
        err = store_find_uuid(reads->view, id, n, &seq);
        if (err == AM_OK && was_there(reads, seq))
            TRY(message_in(reads->replay, reads->view, seq, ret_in));
    }
    return err == AM_NOT_FOUND || err == AM_INVALID ? AM_OK : err;
}

// Is any message of a case, or of a party, of these countries? What is too long to be looked through is taken to be: of
// the two mistakes that one hides no reading.
static enum am_err reads_any(const struct reads *reads, enum store_index index, const char *key, bool *ret_in)
{
    uint64_t seq = 0;
    enum am_err err = AM_OK;

    *ret_in = false;
    for (unsigned looked = 0; looked < READS_LOOKED && !*ret_in; seq++) {
        err = store_index_next(reads->view, index, (struct am_bytes){(const uint8_t *)key, strlen(key)}, &seq);
        if (err == AM_NOT_FOUND || (err == AM_OK && !was_there(reads, seq)))
            return AM_OK;
        TRY(err);
        err = message_in(reads->replay, reads->view, seq, ret_in);
        if (err != AM_OK && err != AM_NOT_FOUND) // an entry about one, which is in the index too
            return err;
        looked++;
    }
    *ret_in = true;
    return AM_OK;
}

// A reading is of its reader's country, and of each whose entries it could open and asked for.
static enum am_err access_in(const struct replay *replay, struct store_view *view, const Amana__V1__AccessEntry *entry,
                             bool *ret_in)
{
    const struct reads reads = {replay, view, entry};
    const Amana__V1__ReplayRequest *asked = entry->asked;
    bool in = false;

    *ret_in = identity_in(replay, entry->identity);
    for (size_t i = 0; i < entry->n_scope; i++)
        in |= scope_countries_has(&replay->countries, entry->scope[i]);
    if (*ret_in || !in || asked == NULL)
        return AM_OK;
    if (asked->message[0] != '\0')
        TRY(reads_message(&reads, &in));
    if (in && asked->case_ref[0] != '\0')
        TRY(reads_any(&reads, STORE_INDEX_CASE, asked->case_ref, &in));
    if (in && asked->party[0] != '\0')
        TRY(reads_any(&reads, STORE_INDEX_PARTY, asked->party, &in));
    *ret_in = in;
    return AM_OK;
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
    case AMANA__V1__ENTRY_CONTENT__KIND_ERASED: return erased_in(replay, view, content->erased, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_CORRECTED: return corrected_in(replay, view, content->corrected, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_HELD: return held_in(replay, view, content->held, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return evidence_in(replay, view, entry->seq, content->late, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED:
        return evidence_in(replay, view, entry->seq, content->non_delivered, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED:
        return evidence_in(replay, view, entry->seq, content->non_retrieved, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE:
        return deadline_in(replay, view, entry->seq, content->deadline, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE:
        return state_in(replay, view, arena, entry->seq, content->state, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_REJECTED: *ret_opens = identity_in(replay, content->rejected->identity); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ALARM: return alarm_in(replay, view, content->alarm, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_ACCESS: return access_in(replay, view, content->access, ret_opens);
    case AMANA__V1__ENTRY_CONTENT__KIND_MEMBER: *ret_opens = unit_in(replay, content->member->unit); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_GRANT: *ret_opens = unit_in(replay, content->grant->unit); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ROSTER: *ret_opens = unit_in(replay, content->roster->unit); break;
    default: *ret_opens = true; break;
    }
    return AM_OK;
}
