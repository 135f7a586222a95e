// SPDX-License-Identifier: Apache-2.0
// The walk over a body that asks each rule of each message that it is about.
#include "proto/body/check.h"

#include "proto/body/rule.h"
#include "proto/body/shape.h"
#include "proto/model/header.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

// What holds for every field of its type, whatever it is called. Not in the tables: it needs no row to be true.
static const struct body_rule CODE_KNOWN = {.name = "any.code-known", .allowed = "holds a code of no list"};
static const struct body_rule CODE_SAYS = {.name = "any.code-says", .allowed = "an element of a list must be a code"};
static const struct body_rule CODE_ONCE = {.name = "any.code-once", .allowed = "names the same code twice"};
static const struct body_rule TEXT_SAYS = {.name = "any.text-says",
                                           .allowed = "an element of a list must not be empty"};
static const struct body_rule TEXT_FITS = {.name = "any.text-fits", .allowed = "at most 32768 bytes"};
static const struct body_rule OF_KIND = {.name = "body.of-kind"};

struct walk {
    struct body_at at;
    struct am_detail *detail;
    char path[sizeof((struct am_detail *)0)->field];
};

static const struct body_rule *broken(struct walk *walk, const struct body_rule *rule, const char *field, size_t index)
{
    char path[sizeof walk->path];
    strlcpy(path, walk->path, sizeof path);
    if (rule->header != NULL)
        strlcpy(path, rule->header, sizeof path);
    else if (field != NULL)
        snprintf(path + strlen(path), sizeof path - strlen(path), "%s%s", path[0] != '\0' ? "." : "", field);
    if (index != SIZE_MAX)
        snprintf(path + strlen(path), sizeof path - strlen(path), "[%zu]", index);
    (void)am_fail(AM_INVALID, walk->detail, path, "%s%s", rule->must == rule_filled ? "is needed: " : "",
                  rule->allowed);
    return rule;
}

static const struct body_rule *check_code(const ProtobufCFieldDescriptor *field, const int *codes, size_t i)
{
    if (protobuf_c_enum_descriptor_get_value(field->descriptor, codes[i]) == NULL)
        return &CODE_KNOWN;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return NULL;
    if (codes[i] == 0)
        return &CODE_SAYS;
    for (size_t j = 0; j < i; j++)
        if (codes[j] == codes[i])
            return &CODE_ONCE;
    return NULL;
}

static const struct body_rule *check_text(const ProtobufCFieldDescriptor *field, const char *text)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED && !rule_says(text))
        return &TEXT_SAYS;
    return strlen(text) > BODY_TEXT ? &TEXT_FITS : NULL;
}

static const struct body_rule *check_values(struct walk *walk, const ProtobufCMessage *message)
{
    for (unsigned f = 0; f < message->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[f];
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = list ? rule_list_count(message, field) : 1;
        const void *at = rule_field_at(message, field), *values = list ? *(const void *const *)at : at;
        for (size_t i = 0; i < count; i++) {
            const struct body_rule *rule = NULL;
            if (field->type == PROTOBUF_C_TYPE_ENUM)
                rule = check_code(field, values, i);
            else if (field->type == PROTOBUF_C_TYPE_STRING)
                rule = check_text(field, ((const char *const *)values)[i]);
            if (rule != NULL)
                return broken(walk, rule, field->name, list ? i : SIZE_MAX);
        }
    }
    return NULL;
}

static const struct body_rule *check_texts(struct walk *walk, const struct body_rule *rule)
{
    const ProtobufCFieldDescriptor *field = walk->at.field;
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    size_t count = list ? rule_list_count(walk->at.message, field) : 1;
    const void *at = rule_field_at(walk->at.message, field);
    const char *const *texts = list ? *(const char *const *const *)at : at;
    for (size_t i = 0; i < count; i++)
        if (texts[i][0] != '\0' && !rule->text(texts[i]))
            return broken(walk, rule, field->name, list ? i : SIZE_MAX);
    return NULL;
}

// Whether the rule is about this message; at->field is its field then.
static bool is_asked(struct body_at *at, const struct body_rule *rule)
{
    if (rule->type != NULL ? rule->type != at->message->descriptor : at->message != at->of_kind)
        return false;
    if (rule->kinds != 0 && (rule->kinds & KIND_BIT((unsigned)at->header->kind)) == 0)
        return false;
    at->field = rule->field != NULL
                    ? protobuf_c_message_descriptor_get_field_by_name(at->message->descriptor, rule->field)
                    : NULL;
    return (rule->field == NULL || at->field != NULL) && (rule->when == NULL || rule->when(at));
}

static const struct body_rule *check_rule(struct walk *walk, const struct body_rule *rule)
{
    struct body_at *at = &walk->at;
    if (!is_asked(at, rule))
        return NULL;
    if (rule->text != NULL)
        return check_texts(walk, rule);
    return rule->must(at) ? NULL : broken(walk, rule, rule->field, SIZE_MAX);
}

static const struct body_rule *check_message(struct walk *walk, const ProtobufCMessage *message);

static const struct body_rule *check_parts(struct walk *walk, const ProtobufCMessage *message)
{
    size_t len = strlen(walk->path);
    for (unsigned f = 0; f < message->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[f];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->descriptor == &google__protobuf__timestamp__descriptor)
            continue;
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = list ? rule_list_count(message, field) : 1;
        const void *at = rule_field_at(message, field);
        const ProtobufCMessage *const *parts = list ? *(const ProtobufCMessage *const *const *)at : at;
        for (size_t i = 0; i < count; i++) {
            if (parts[i] == NULL)
                continue;
            snprintf(walk->path + len, sizeof walk->path - len, list ? "%s%s[%zu]" : "%s%s", len > 0 ? "." : "",
                     field->name, i);
            const struct body_rule *rule = check_message(walk, parts[i]);
            if (rule != NULL)
                return rule;
            walk->path[len] = '\0';
        }
    }
    return NULL;
}

// Parts first: what is said about a whole may take for granted that its parts are good.
static const struct body_rule *check_message(struct walk *walk, const ProtobufCMessage *message)
{
    const struct body_rule *rule = check_values(walk, message);
    if (rule == NULL)
        rule = check_parts(walk, message);
    walk->at.message = rule == NULL ? message : walk->at.message; // where it is broken
    for (size_t i = 0; rule == NULL && body_rule_at(i) != NULL; i++) {
        rule = check_rule(walk, body_rule_at(i));
    }
    return rule;
}

// What else of the same message is needed and isn't there, so that nobody is told of one blank after the other.
static void tell_others(struct walk *walk, const struct body_rule *first)
{
    char others[sizeof walk->detail->text] = "";
    const struct body_rule *rule;
    for (size_t i = 0; first->must == rule_filled && first->field != NULL && (rule = body_rule_at(i)) != NULL; i++) {
        size_t len = strlen(others);
        if (rule->must != rule_filled || rule->header != NULL || rule->field == NULL ||
            strcmp(rule->field, first->field) == 0 || !is_asked(&walk->at, rule) || rule_filled(&walk->at))
            continue;
        snprintf(others + len, sizeof others - len, "%s%s", len == 0 ? "" : ", ", rule->field);
    }
    if (others[0] != '\0')
        snprintf(walk->detail->text, sizeof walk->detail->text, "is needed (and %.100s): %s", others, first->allowed);
}

const struct body_rule *body_check(const Amana__V1__Header *header, const Amana__V1__Flags *flags,
                                   const Amana__V1__Body *body, struct am_detail *detail)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    if (kind == NULL || of_kind == NULL || kind_body_which(&body->base) != (unsigned)header->kind) {
        (void)am_fail(AM_INVALID, detail, kind != NULL ? kind->json : "kind",
                      "a message of kind %s needs this body and no other", kind_name((unsigned)header->kind));
        return &OF_KIND;
    }
    struct walk walk = {.at = {header, flags, body, of_kind, NULL, NULL, header_time_or_0(header->written_at)},
                        .detail = detail};
    strlcpy(walk.path, kind->json, sizeof walk.path);
    const struct body_rule *rule = check_message(&walk, of_kind);
    for (size_t i = 0; rule == NULL && i < body->n_attachments; i++) {
        snprintf(walk.path, sizeof walk.path, "attachments[%zu]", i);
        rule = check_message(&walk, &body->attachments[i]->base);
    }
    if (rule != NULL)
        tell_others(&walk, rule);
    return rule;
}

enum reason body_rule_reason(const struct body_rule *rule)
{
    return rule->reason != REASON_NONE ? rule->reason : REASON_FIELD_INVALID;
}

const char *body_rule_outcome(const struct body_rule *rule)
{
    return rule->role ? "ROLE_RULE" : "SCHEMA";
}

const char *body_rule_name(const struct body_rule *rule)
{
    return rule->name;
}

const struct body_rule *body_rule_at(size_t index)
{
    const struct {
        const struct body_rule *rules;
        size_t count;
    } tables[] = {
        {BODY_RULES_PERSON, BODY_RULES_PERSON_COUNT},     {BODY_RULES_PAPER, BODY_RULES_PAPER_COUNT},
        {BODY_RULES_VICTIM, BODY_RULES_VICTIM_COUNT},     {BODY_RULES_PART, BODY_RULES_PART_COUNT},
        {BODY_RULES_ENVELOPE, BODY_RULES_ENVELOPE_COUNT}, {BODY_RULES_KIND, BODY_RULES_KIND_COUNT},
    };
    for (size_t i = 0; i < AM_LEN(tables); index -= tables[i++].count)
        if (index < tables[i].count)
            return &tables[i].rules[index];
    return NULL;
}

const Amana__V1__Alert *body_alert(const Amana__V1__Body *body)
{
    ProtobufCMessage *of_kind = kind_body_get(&body->base);
    return of_kind != NULL && of_kind->descriptor == &amana__v1__alert__descriptor ? (Amana__V1__Alert *)of_kind : NULL;
}

void body_place_country(const Amana__V1__Place *place, char ret_country[3])
{
    ret_country[0] = '\0';
    if (shape_country(place->country)) {
        strlcpy(ret_country, place->country, 3);
    } else if (shape_locode(place->locode)) {
        char country[3] = {(char)tolower(place->locode[0]), (char)tolower(place->locode[1]), '\0'};
        strlcpy(ret_country, shape_country(country) ? country : "", 3);
    }
}

bool body_names_victim(const Amana__V1__Body *body, const char *text)
{
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    return of_kind != NULL && rule_names_victim(of_kind, text);
}

Amana__V1__Person *const *body_persons(const Amana__V1__Body *body, size_t *ret_n)
{
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    struct rule_persons persons = of_kind != NULL ? rule_persons(of_kind) : (struct rule_persons){NULL, 0};
    *ret_n = persons.count;
    return persons.list;
}
