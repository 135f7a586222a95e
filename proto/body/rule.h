// SPDX-License-Identifier: Apache-2.0
// A rule as a row, and what rows are made of. Of proto/body alone. Pure; any thread.
#pragma once

#include "proto/body/check.h"
#include "proto/model/kind.h"

// Where a rule is asked.
struct body_at {
    const Amana__V1__Header *header;
    const Amana__V1__Flags *flags;
    const Amana__V1__Body *body;
    const ProtobufCMessage *of_kind;       // the kind's own message
    const ProtobufCMessage *message;       // the one judged: of_kind or a part of it
    const ProtobufCFieldDescriptor *field; // the rule's field in it
    uint64_t written_ns;
};

struct body_rule {
    const char *name;
    const ProtobufCMessageDescriptor
        *type;          // asked of every such message; NULL: of the kind's own, where it has `field`
    uint32_t kinds;     // KIND_BIT; 0: any
    const char *field;  // of the type: what the path ends in
    const char *header; // a field of header or flags that is at fault instead of `field`
    bool (*when)(const struct body_at *at); // asked only then; NULL: always
    bool (*must)(const struct body_at *at); // has to hold, or
    bool (*text)(const char *text);         // has to hold for each text of `field` that is not empty
    const char *allowed;                    // what a person reads
    enum reason reason;                     // 0: FIELD_INVALID
    bool role;                              // it protects a person
};

#define TYPE(name)   &amana__v1__##name##__descriptor
#define ROLE(name)   (1u << AMANA__V1__PERSON_ROLE__CODE__##name)
#define ACTION(name) AMANA__V1__ACTION__CODE__##name
#define VICTIMS      (ROLE(VICTIM) | ROLE(PRESUMED_VICTIM))
#define SHIELDED     (VICTIMS | ROLE(SMUGGLED_MIGRANT))
#define RULE_AGE_MAX 120u   // years
#define BODY_TITLE   160u   // bytes
#define BODY_TEXT    32768u // bytes of one text

// Each row: name, what it is about, when it is asked, what must hold, what is allowed.
extern const struct body_rule BODY_RULES_PERSON[], BODY_RULES_PAPER[], BODY_RULES_VICTIM[], BODY_RULES_PART[],
    BODY_RULES_ENVELOPE[], BODY_RULES_KIND[];
extern const size_t BODY_RULES_PERSON_COUNT, BODY_RULES_PAPER_COUNT, BODY_RULES_VICTIM_COUNT, BODY_RULES_PART_COUNT,
    BODY_RULES_ENVELOPE_COUNT, BODY_RULES_KIND_COUNT;

// What a row asks, by its name.
#define IS(name) static bool name(const struct body_at *at)

// Where a field of a message stands; of a list, how many elements it has.
static inline const void *rule_field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const uint8_t *)message + field->offset;
}

static inline size_t rule_list_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)(const void *)((const uint8_t *)message + field->quantifier_offset);
}

// Whether a text has more than spaces.
bool rule_says(const char *text);

// Whether the rule's field says anything: a text beyond spaces, a number not 0, a list not empty, a message there.
bool rule_filled(const struct body_at *at);
bool rule_empty(const struct body_at *at);
bool rule_any_filled(const ProtobufCMessage *message); // any field of it
bool rule_never(const struct body_at *at);

// Whether a person has any of these roles (ROLE(…) bits); whether an action is among those asked for; whether they are
// or may be under 18 on the day of `written_ns` (UTC ns; no age said: they may be); whether a name, a document's number
// or a photograph says who it is.
bool rule_has_role(const Amana__V1__Person *person, unsigned roles);
bool rule_asks(const Amana__V1__Action__Code *actions, size_t count, unsigned action);
bool rule_is_child(const Amana__V1__Person *person, uint64_t written_ns);
bool rule_is_identified(const Amana__V1__Person *person);
bool rule_child_here(const struct body_at *at); // in the kind's message

// The persons of the kind's own message (list and count); {NULL, 0} where the kind has none.
struct rule_persons {
    Amana__V1__Person *const *list;
    size_t count;
};
struct rule_persons rule_persons(const ProtobufCMessage *of_kind);
bool rule_names_victim(const ProtobufCMessage *of_kind, const char *text); // of those that it is about

// A list of messages by its name: how many elements; 0 where there is no such list.
size_t rule_count(const ProtobufCMessage *message, const char *list);

// A time no later than the message itself, give or take a day: posts' clocks are not good, and a hit must go out.
bool rule_not_later(const Google__Protobuf__Timestamp *time, const struct body_at *at);
