// SPDX-License-Identifier: Apache-2.0
// Lives that go on apart (rule 4): what a unit answers, and what it is told by the clock, where what replaced or ended
// its life is withheld from it. None of that is in a row, and from whom a case is kept is in no entry; that a message
// isn't retrieved, and from where its unit goes on, is.
#include "server/fsck_internal.h"

#include "proto/model/header.h"
#include "proto/model/life_known.h"

#include <string.h>

// A version of the root, or what ends it; of one without versions what its originator moves it by.
static bool goes_on(const struct fsck_message *message, uint64_t root, bool versions)
{
    return versions ? message->seq == root || kind_get(message->kind)->chain != CHAIN_NONE
                    : (kind_get(message->kind)->who & WHO_ORIGINATOR) != 0;
}

// How a life goes on for its unit: by the newest version that it has, and from the first past that which moved it and
// that it hasn't got.
struct going_on {
    uint64_t version;             // of a life without versions its root
    const struct fsck_row *first; // its delivery; NULL: there is none, or the unit has nothing of it
};

// It has `had` too, retrieved or not; and perhaps, in hand, what set its clock going.
static struct going_on goes_on_for(struct fsck_judge *judge, uint64_t root, const char *unit, bool versions,
                                   uint64_t had, bool going)
{
    const struct fsck_row *life = fsck_row_find(judge, "life", root, unit);
    struct going_on on = {.version = versions ? JOURNAL_NONE : root};

    for (const struct fsck_message *message = fsck_message_find(judge, root); message != NULL;
         message = message->next) {
        if (!goes_on(message, root, versions) || (!versions && life != NULL && message->seq < life->answered))
            continue; // what its unit answered after it said how it was kept
        const struct fsck_row *row = fsck_row_find(judge, "delivery", message->seq, unit);
        bool retrieved = row != NULL && row->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED;
        bool in_hand = message->seq == had || (going && message->kind == KIND(CLARIFICATION));
        if ((retrieved || in_hand) && kind_get(message->kind)->chain != CHAIN_ENDS)
            on = (struct going_on){.version = message->seq};
        else if (row != NULL && !retrieved && row->moved && on.first == NULL)
            on.first = row;
    }
    if (on.version == JOURNAL_NONE)
        on.first = NULL;
    return on;
}

// What it answered since it knows too, also what it had in hand and had not signed for.
static uint8_t known_after(const struct fsck_row *row, const struct going_on *on)
{
    if (row->over != 0 && row->over == on->version)
        return LIFE(EXPIRED);
    return row->knew > on->first->made ? row->knows : on->first->from;
}

void fsck_apart_knows(struct fsck_row *row, uint64_t entry, unsigned state)
{
    row->knew = entry;
    row->knows = (uint8_t)state;
}

// A recipient's answer to what was replaced or ended, which crosses it and moves nothing but where that was withheld
// from it: what it is said to move then is what it knows, and no row of the others'. What it answers it has, signed for
// or not.
bool fsck_apart_moved(struct fsck_judge *judge, const struct store_judged *entry, const Amana__V1__Header *header,
                      const Amana__V1__Move *move, struct fsck_row *row, uint64_t root)
{
    struct store_judged_message to;
    bool versions = fsck_chain_find(judge, root) != NULL;
    const struct fsck_row *newest = row != NULL ? fsck_row_find(judge, "delivery", row->clock, move->recipient) : NULL;

    if (newest != NULL && versions && newest->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED)
        return false; // as nearly always
    if (row == NULL || header->sender == NULL || strcmp(move->recipient, header->sender->unit) != 0 ||
        (!versions && !life_ended_for_it(row->state)))
        return false;
    if (!store_judged_message(entry, header->in_reply_to, &to))
        return false;
    bool apart = false;
    for (unsigned going = 0; going <= !versions && !apart; going++) {
        struct going_on on = goes_on_for(judge, root, move->recipient, versions, to.seq, going != 0);
        apart = on.first != NULL && move->from == known_after(row, &on) && to.seq < on.first->made;
    }
    if (apart)
        fsck_apart_knows(row, entry->seq, move->to);
    return apart;
}

// The life of that message's root, where it has gone on to what another message began, or was ended.
static struct fsck_row *gone_on(struct fsck_judge *judge, const struct store_judged_message *message, const char *unit)
{
    struct fsck_row *row = fsck_row_find(judge, "life", message->root, unit);

    if (row == NULL)
        return NULL;
    if (fsck_chain_find(judge, message->root) != NULL)
        return row->clock != message->seq && kind_get(message->kind)->chain != CHAIN_ENDS ? row : NULL;
    return message->root == message->seq && row->state == LIFE(WITHDRAWN) ? row : NULL;
}

enum am_err fsck_apart_passed(struct fsck_judge *judge, const struct store_judged *entry,
                              const struct store_judged_message *message, bool *ret_apart)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    struct fsck_row *row = gone_on(judge, message, deadline->recipient);
    uint8_t passed = life_passed_said(deadline);

    *ret_apart = row != NULL;
    if (row == NULL)
        return AM_OK;
    bool versions = fsck_chain_find(judge, message->root) != NULL;
    bool waits = false;
    for (unsigned going = 0; going <= !versions && !waits; going++) {
        struct going_on on = goes_on_for(judge, message->root, deadline->recipient, versions, message->seq, going != 0);
        waits = on.first != NULL && life_waits(message->root_kind, known_after(row, &on)) != LIFE_WAIT_NONE;
    }
    struct fsck_row *told = fsck_row_get(judge, "told", message->seq, deadline->recipient, entry->seq);
    if (told == NULL)
        return AM_NOMEM;
    told->seen = true; // it is no row of the journal
    if (!waits)
        fsck_judge_fault(judge, entry->seq, "nobody waits any more for what it says %.100s is late with",
                         deadline->recipient);
    else if ((told->flags & passed) != 0)
        fsck_judge_fault(judge, entry->seq, "it tells %.100s again what has passed", deadline->recipient);
    told->flags |= passed;
    return AM_OK;
}

bool fsck_apart_over(struct fsck_judge *judge, const struct store_judged_message *message, const Amana__V1__Move *move)
{
    struct fsck_row *row = gone_on(judge, message, move->recipient);
    struct going_on on = {.first = NULL};

    if (row != NULL)
        on = goes_on_for(judge, message->root, move->recipient, true, message->seq, false);
    if (on.first == NULL || move->from != known_after(row, &on))
        return false;
    row->over = message->seq;
    return true;
}

// --- One whose clock was set going unseen
// As it was before that.
static void life_halted(struct fsck_row *row, struct fsck_row *delivery)
{
    row->state = delivery->from;
    row->state_at = delivery->before.at;
    row->answer_said = delivery->before.answer;
    row->flags = delivery->before.flags;
    delivery->moved = false;
}

static bool may_halt(const struct fsck_row *row, const struct fsck_row *delivery, uint8_t to)
{
    return delivery->moved && delivery->state != AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED &&
           delivery->made > row->answered && to == delivery->from;
}

void fsck_halt_answered(struct fsck_judge *judge, struct fsck_row *row, uint64_t root, const Amana__V1__Header *header,
                        const Amana__V1__Move *move)
{
    const struct fsck_message *begun = fsck_message_find(judge, root);
    struct fsck_row *last = NULL;
    uint8_t going;

    if (begun == NULL || row->state == move->from || header->sender == NULL ||
        strcmp(move->recipient, header->sender->unit) != 0)
        return;
    for (const struct fsck_message *message = begun; message != NULL; message = message->next) {
        if (!life_sets_going(begun->kind, message->kind, &going) || row->state != going)
            continue;
        struct fsck_row *delivery = fsck_row_find(judge, "delivery", message->seq, move->recipient);
        if (delivery != NULL && may_halt(row, delivery, (uint8_t)move->from))
            last = delivery;
    }
    if (last != NULL)
        life_halted(row, last);
}

static bool may_go_on(const struct fsck_row *row, const struct fsck_row *delivery, uint64_t message)
{
    return delivery->state == AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED && row->halted == message;
}

bool fsck_halt_said(struct fsck_judge *judge, const struct store_judged *entry,
                    const struct store_judged_message *message, const Amana__V1__Move *move)
{
    struct fsck_row *row = fsck_row_find(judge, "life", message->root, move->recipient);
    struct fsck_row *delivery = fsck_row_find(judge, "delivery", message->seq, move->recipient);
    uint8_t going, from = (uint8_t)move->from, to = (uint8_t)move->to;

    if (!life_sets_going(message->root_kind, message->kind, &going))
        return false;
    bool halts = from == going, known = row != NULL && delivery != NULL && row->state == from;
    if (!known || !(halts ? may_halt(row, delivery, to) : to == going && may_go_on(row, delivery, message->seq))) {
        fsck_judge_fault(judge, entry->seq, "it says of the life of %.100s what neither came to it nor was withheld",
                         move->recipient);
        return true;
    }
    if (halts) {
        life_halted(row, delivery);
        row->halted = message->seq;
    } else {
        fsck_life_moved_by(row, delivery);
        fsck_life_resumed(row, entry);
        row->state = to;
        row->state_at = fsck_when_of(entry);
        row->halted = 0;
    }
    row->seq = entry->seq;
    row->version++;
    return true;
}
