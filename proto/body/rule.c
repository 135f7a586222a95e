// SPDX-License-Identifier: Apache-2.0
// What the rows of rules are made of.
#include "proto/body/rule.h"

#include "proto/body/shape.h"
#include "proto/model/header.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define ADULT 18

// Spaces of any script, and what has no shape of its own.
static bool unseen(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN: return true;
    default: return false;
    }
}

bool rule_says(const char *text)
{
    utf8proc_int32_t c;
    for (utf8proc_ssize_t n; *text != '\0'; text += n) {
        n = utf8proc_iterate((const uint8_t *)text, -1, &c);
        if (n <= 0 || !unseen(c))
            return true;
    }
    return false;
}

static bool filled(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *at = rule_field_at(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return rule_list_count(message, field) > 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return rule_says(*(const char *const *)at);
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len > 0;
    case PROTOBUF_C_TYPE_MESSAGE: return *(const void *const *)at != NULL;
    case PROTOBUF_C_TYPE_DOUBLE: return *(const double *)at < 0 || *(const double *)at > 0;
    default: return *(const uint32_t *)at != 0; // codes, 32 bits, true
    }
}

bool rule_filled(const struct body_at *at)
{
    return filled(at->message, at->field);
}

bool rule_empty(const struct body_at *at)
{
    return !filled(at->message, at->field);
}

bool rule_never(const struct body_at *at)
{
    return false;
}

bool rule_any_filled(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (filled(message, &message->descriptor->fields[i]))
            return true;
    return false;
}

bool rule_has_role(const Amana__V1__Person *person, unsigned roles)
{
    for (size_t i = 0; i < person->n_roles; i++)
        if ((unsigned)person->roles[i] < 32 && (roles & 1u << (unsigned)person->roles[i]) != 0)
            return true;
    return false;
}

bool rule_asks(const Amana__V1__Action__Code *actions, size_t count, unsigned action)
{
    for (size_t i = 0; i < count; i++)
        if ((unsigned)actions[i] == action)
            return true;
    return false;
}

// Rule 3's words: under 18, age unknown, or a range that reaches below 18. Of whom no age is given, it is unknown.
bool rule_is_child(const Amana__V1__Person *person, uint64_t written_ns)
{
    int64_t first, last;
    if (person->age != NULL && (person->age->unknown || person->age->from < ADULT))
        return true;
    if (person->birth == NULL || !shape_date_days(person->birth->date, &first, &last))
        return person->age == NULL;
    // 18 years have at most five 29ths of February: the last of them decides, and a day more protects.
    return (int64_t)(written_ns / NS_PER_DAY) - last < ADULT * 365 + 5;
}

bool rule_is_identified(const Amana__V1__Person *person)
{
    if (person->n_names > 0 || person->photograph != NULL)
        return true;
    for (size_t i = 0; i < person->n_documents; i++)
        if (person->documents[i]->number[0] != '\0')
            return true;
    return false;
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessage *message, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

struct rule_persons rule_persons(const ProtobufCMessage *of_kind)
{
    const ProtobufCFieldDescriptor *field = find(of_kind, "persons");
    if (field != NULL)
        return (struct rule_persons){*(Amana__V1__Person *const *const *)rule_field_at(of_kind, field),
                                     rule_list_count(of_kind, field)};
    field = find(of_kind, "person");
    if (field == NULL || field->descriptor != &amana__v1__person__descriptor)
        return (struct rule_persons){NULL, 0};
    Amana__V1__Person *const *one = rule_field_at(of_kind, field);
    return (struct rule_persons){one, *one != NULL ? 1 : 0};
}

size_t rule_count(const ProtobufCMessage *message, const char *list)
{
    const ProtobufCFieldDescriptor *field = find(message, list);
    return field != NULL && field->label == PROTOBUF_C_LABEL_REPEATED ? rule_list_count(message, field) : 0;
}

bool rule_not_later(const Google__Protobuf__Timestamp *time, const struct body_at *at)
{
    uint64_t ns;
    return time == NULL || (header_time(time, &ns) && ns <= at->written_ns + NS_PER_DAY);
}

bool rule_child_here(const struct body_at *at)
{
    struct rule_persons persons = rule_persons(at->of_kind);
    for (size_t i = 0; i < persons.count; i++)
        if (rule_is_child(persons.list[i], at->written_ns))
            return true;
    return false;
}

// Small letters without marks: "AMÉLIE" and "Amelie". NULL: no memory. The caller frees it.
static char *folded(const char *text)
{
    utf8proc_uint8_t *plain = NULL;
    const utf8proc_option_t options = UTF8PROC_NULLTERM | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK |
                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    return utf8proc_map((const utf8proc_uint8_t *)text, 0, &plain, options) < 0 ? NULL : (char *)plain;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether the name stands there: in Latin letters as a word of its own ("Ali" isn't in "Mali"); other scripts write
// what belongs to a word together with it ("وعلي", and Ali).
static bool stands(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(text, name); at != NULL && len > 2; at = strstr(at + 1, name))
        if ((at == text || !is_letter(at[-1])) && !is_letter(at[len]))
            return true;
    return false;
}

static bool names(const char *text, const char *name)
{
    char *plain = folded(name);
    bool there = plain != NULL ? stands(text, plain) : name[0] != '\0'; // what can't be looked for isn't shown
    free(plain);
    return there;
}

// A name of a victim among the words of the field: lists and notifications show them.
bool rule_names_victim(const ProtobufCMessage *of_kind, const char *text)
{
    struct rule_persons all = rule_persons(of_kind);
    char *plain = folded(text);
    bool there = plain == NULL;
    for (size_t i = 0; !there && i < all.count; i++) {
        if (!rule_has_role(all.list[i], SHIELDED | ROLE(MISSING)))
            continue;
        for (size_t j = 0; !there && j < all.list[i]->n_names; j++)
            there = names(plain, all.list[i]->names[j]->text) || names(plain, all.list[i]->names[j]->transliteration);
    }
    free(plain);
    return there;
}
