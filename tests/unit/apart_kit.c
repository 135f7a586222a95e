// SPDX-License-Identifier: Apache-2.0
// Messages and entries of a case that is kept from the post's state.
#include "tests/unit/apart_kit.h"

#include "proto/codec/codec.h"

#include <stdlib.h>

// --- A case
// seq is its number in the fixture. To the post, or to others alone.
struct kit_message *message_of(struct kit_cases *fixture, const char *from, unsigned kind, bool to_post)
{
    struct kit_message *message = kit_cases_message(fixture, KIT_CASE, from, to_post ? KIT_TO_POST : KIT_TO_BUSIA, 0);
    message->message.kind = (uint8_t)kind;
    message->message.root = fixture->n == 1 ? JOURNAL_SELF : 0;
    message->lives[0].state = LIFE(NEW);
    message->append.n_lives = fixture->n == 1;
    return message;
}

// Says in its entry that it moved the post's life of the first message.
void moves(struct kit_cases *fixture, struct kit_message *message, uint8_t from, uint8_t to)
{
    moves_of(fixture, message, KIT_POST, from, to);
}

void moves_of(struct kit_cases *fixture, struct kit_message *message, const char *recipient, uint8_t from, uint8_t to)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__SubmittedEntry entry = AMANA__V1__SUBMITTED_ENTRY__INIT;
    Amana__V1__Pointer root = AMANA__V1__POINTER__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *list[] = {&move};
    size_t len;
    root.id = fixture->messages[0].id;
    root.header_digest = (ProtobufCBinaryData){32, fixture->messages[0].message.header_digest};
    move.recipient = (char *)recipient;
    move.root = &root;
    move.from = (Amana__V1__LifeState__Code)from;
    move.to = (Amana__V1__LifeState__Code)to;
    entry.id = message->id;
    entry.moves = list;
    entry.n_moves = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    content.submitted = &entry;
    free(message->content);
    assert_int_equal(codec_encode_alloc(&content.base, &message->content, &len), AM_OK);
    message->entry.content = (struct am_bytes){message->content, len};
}

void written(struct kit_cases *fixture, struct kit_message *message)
{
    kit_submit(&fixture->kit, &message->append);
}

void others_write(struct kit_cases *fixture, size_t n)
{
    for (size_t i = 0; i < n; i++)
        written(fixture, message_of(fixture, "ke/dci/duty", KIND(NOTE), false));
}

// What the post hasn't retrieved is withheld.
void shield(struct kit_cases *fixture)
{
    kit_cases_shield(fixture, message_of(fixture, "ke/dci/duty", KIND(NOTE), false));
}

void retrieved(struct kit_message *message)
{
    message->deliveries[0].retrieved_at = 7;
}

// An alert that the post has, and one of its versions that it hasn't.
void alert_and_update(struct kit_cases *fixture)
{
    struct kit_message *alert = message_of(fixture, "ke/dci/duty", KIND(ALERT), true), *update;
    retrieved(alert);
    written(fixture, alert);
    update = message_of(fixture, "ke/dci/duty", KIND(UPDATE), true);
    moves(fixture, update, LIFE(ACKNOWLEDGED), LIFE(NEW));
    written(fixture, update);
    shield(fixture);
}

void answer(struct kit_cases *fixture, uint8_t from, uint8_t to)
{
    struct kit_message *ack = message_of(fixture, KIT_POST, KIND(ACK), false);
    moves(fixture, ack, from, to);
    written(fixture, ack);
}

struct kit_message *version_of(struct kit_cases *fixture, const char *from, bool to_post)
{
    struct kit_message *update = message_of(fixture, from, KIND(UPDATE), to_post);
    moves(fixture, update, LIFE(NEW), LIFE(NEW));
    return update;
}

bool in_hand_asked(struct due_place *places, const struct in_hand *in_hand)
{
    if (places == NULL || !places[0].asked || places[0].in_hand.seqs != NULL)
        return false;
    places[0].in_hand = (struct in_hand){.seqs = calloc(IN_HAND_MOST, sizeof(uint64_t)), .n = in_hand->n};
    assert_non_null(places[0].in_hand.seqs);
    for (size_t i = 0; i < in_hand->n; i++)
        places[0].in_hand.seqs[i] = in_hand->seqs[i];
    return true;
}

// An entry about the first message, by the clock: of the post's life.
void by_the_clock(struct kit_cases *fixture, Amana__V1__EntryContent *content, uint8_t kind)
{
    told_by_the_clock(fixture, content, kind, NULL);
}

void told_by_the_clock(struct kit_cases *fixture, Amana__V1__EntryContent *content, uint8_t kind, const char *unit)
{
    struct kit_alarm entry;
    size_t len;
    kit_alarm(&entry, fixture->n++, 1, 1);
    free(entry.contents[0]);
    assert_int_equal(codec_encode_alloc(&content->base, &entry.contents[0], &len), AM_OK);
    entry.entries[0].content = (struct am_bytes){entry.contents[0], len};
    entry.entries[0].kind = kind;
    entry.entries[0].class = JOURNAL_CLASS_MESSAGE;
    entry.entries[0].case_ref = KIT_CASE;
    entry.entries[0].parties = &unit;
    entry.entries[0].n_parties = unit != NULL;
    assert_int_equal(kit_append(&fixture->kit, &entry.append).result, JOURNAL_DONE);
    kit_alarm_clear(&entry);
}

Amana__V1__Pointer pointer_of(struct kit_cases *fixture, unsigned message)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    pointer.id = fixture->messages[message].id;
    pointer.header_digest = (ProtobufCBinaryData){32, fixture->messages[message].message.header_digest};
    return pointer;
}
