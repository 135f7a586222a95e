// SPDX-License-Identifier: Apache-2.0
// The one table of HTCDS's fields and where each stands in a draft. Of htcds_draft.c alone. One thread.
#pragma once

#include "client/cmd/htcds_draft.h"

#include <stdio.h>

// Where something stands in a draft.
enum htcds_room {
    ROOM_NONE, // in words, or nowhere
    ROOM_DRAFT,
    ROOM_ALERT,
    ROOM_PERSON,
    ROOM_VICTIM,
    ROOM_PERPETRATOR,
    ROOM_HOME,
    ROOM_EVENT,
    ROOM_SITE,
    ROOM_POINT,
    ROOM_CONTACT,
    ROOMS
};

// Kinds of records, as bits.
#define IN_FORM         1u
#define IN_PERSON       2u
#define IN_EVENT        4u
#define IN_ORGANISATION 8u
#define IN_CASE         16u
#define IN_REFERRAL     32u
#define IN_COMMENT      64u
#define IN_FILE         (IN_PERSON | IN_EVENT | IN_ORGANISATION | IN_CASE | IN_REFERRAL | IN_COMMENT)

struct htcds_drafting {
    const struct htcds_values *values;
    struct arena *arena;
    struct htcds_outcome *outcome;
    const char *separator; // between several values of one field
    uint64_t now_ns;
    json_t *draft, *rooms[ROOMS]; // of the present record; borrowed from the draft
    json_t *desks, *owners, *comments;
    FILE *summary, *look; // what has no field, in words; look: of the present person
    char *summary_text, *look_text;
    size_t summary_len, look_len;
    bool child, failed;
};

// A field. take: whether it understood the value. The other cells are for it.
struct htcds_row {
    const char *name;
    unsigned in;
    bool (*take)(struct htcds_drafting *d, const struct htcds_row *row, const char *value);
    enum htcds_room room;
    const char *key;
    const ProtobufCEnumDescriptor *codes;
    const char *words;   // what goes before it in words; of a name or a communication its type
    const char *allowed; // NULL: the codes
};
extern const struct htcds_row HTCDS_ROWS[];
extern const size_t HTCDS_ROWS_COUNT;

// The object of a room, made where it isn't there yet; NULL out of memory (d->failed).
json_t *htcds_room(struct htcds_drafting *d, enum htcds_room room);
// "alert.persons[1].victim", of the present record. In the arena.
const char *htcds_path(struct htcds_drafting *d, enum htcds_room room);
void htcds_put(struct htcds_drafting *d, json_t *in, const char *key, json_t *value);  // takes the value
void htcds_push(struct htcds_drafting *d, json_t *in, const char *key, json_t *value); // onto a list
// A sentence in words: "Case closed: Found."
void htcds_tell(struct htcds_drafting *d, FILE *words, const char *what, const char *value);
// A line for the person who completes the draft.
__attribute__((format(printf, 2, 3))) void htcds_note(struct htcds_drafting *d, const char *format, ...);
