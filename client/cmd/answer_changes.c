// SPDX-License-Identifier: Apache-2.0
// Labels looked up among the persons, paths walked through the body.
#include "client/cmd/answer_changes.h"

#include "client/cmd/draft_file.h"
#include "proto/body/check.h"
#include "proto/codec/nearest.h"
#include "proto/model/kind_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct changes {
    const struct target *root, *newest;
    const char *name; // of the answer's body: correction
    struct am_bytes text;
    struct am_detail *detail;
};

static enum am_err wrong(const struct changes *changes, const char *list, size_t i, const char *field,
                         const char *words)
{
    char path[64];
    snprintf(path, sizeof path, "%s.%s[%zu].%s", changes->name, list, i, field);
    (void)am_fail(AM_INVALID, changes->detail, path, "%s", words);
    changes->detail->line = draft_line(changes->text, path);
    return AM_INVALID;
}

// --- Labels
static bool speaks_of(const struct changes *changes, const char *label, struct nearest *nearest)
{
    size_t n;
    Amana__V1__Person *const *persons = body_persons(changes->newest->opened.body, &n);
    bool there = n == 0; // perhaps in its words
    for (size_t i = 0; i < n; i++) {
        there |= persons[i]->label[0] == '\0' || strcmp(persons[i]->label, label) == 0;
        nearest_offer(nearest, persons[i]->label);
    }
    return there;
}

static enum am_err check_label(const struct changes *changes, const char *list, size_t i, const char *label)
{
    struct nearest nearest = {.word = label, .len = strlen(label)};
    char near[NEAREST_CLAUSE], words[256];
    if (label[0] == '\0' || speaks_of(changes, label, &nearest))
        return AM_OK;
    snprintf(words, sizeof words, "\"%.40s\" is the label of no person in %.13s%s", label, changes->newest->id,
             nearest_clause(&nearest, near));
    return wrong(changes, list, i, "person", words);
}

// --- Paths
// A message of the body; NULL where it says nothing there, and the type tells what could stand there.
struct place {
    const ProtobufCMessageDescriptor *type;
    const ProtobufCMessage *message;
};

static void count_of(const struct place *at, const ProtobufCFieldDescriptor *field, size_t *ret_n)
{
    *ret_n = 0;
    if (at->message != NULL && field->label == PROTOBUF_C_LABEL_REPEATED)
        memcpy(ret_n, (const uint8_t *)at->message + field->quantifier_offset, sizeof *ret_n);
}

// Whether a person, a place or the like stands in the field, so that the path may go on into it.
static void enter(struct place *at, const ProtobufCFieldDescriptor *field, size_t index)
{
    const ProtobufCMessage *inner = NULL, **list = NULL;
    size_t n;
    count_of(at, field, &n);
    if (index < n) {
        memcpy(&list, (const uint8_t *)at->message + field->offset, sizeof list);
        inner = list[index];
    } else if (at->message != NULL && field->label != PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&inner, (const uint8_t *)at->message + field->offset, sizeof inner);
    }
    *at = (struct place){field->descriptor, inner};
}

// One step of a path: "vehicles[0]", of `len` bytes. False with *ret_words where it leads nowhere. What was left out
// (`adds`) may stand behind the last.
static bool step(struct place *at, const char *word, size_t len, bool last, bool adds, char ret_words[256])
{
    char name[64], near[NEAREST_CLAUSE];
    size_t name_len = strcspn(word, "["), n, index = 0;
    name_len = name_len < len ? name_len : len;
    snprintf(name, sizeof name, "%.*s", (int)name_len, word);
    bool indexed = name_len + 2 < len && word[len - 1] == ']';
    const ProtobufCFieldDescriptor *field =
        at->type != NULL ? protobuf_c_message_descriptor_get_field_by_name(at->type, name) : NULL;
    if (field == NULL || indexed != (name_len < len)) {
        struct nearest nearest = {.word = name, .len = strlen(name)};
        for (unsigned i = 0; at->type != NULL && i < at->type->n_fields; i++)
            nearest_offer(&nearest, at->type->fields[i].name);
        snprintf(ret_words, 256, "there is no \"%.*s\" in it%s", (int)(len < 64 ? len : 64), word,
                 nearest_clause(&nearest, near));
        return false;
    }
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    count_of(at, field, &n);
    if (indexed)
        index = strtoul(word + name_len + 1, NULL, 10);
    if (list && (indexed || !last) && (!indexed || index >= n + adds)) {
        if (n == 0)
            snprintf(ret_words, 256, "it says nothing in \"%s\"", name);
        else
            snprintf(ret_words, 256, "it has %zu of \"%s\": say which, the first is %s[0]", n, name, name);
        return false;
    }
    if (indexed && !list) {
        snprintf(ret_words, 256, "\"%s\" is no list", name);
        return false;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        enter(at, field, index);
    else
        *at = (struct place){NULL, NULL};
    return true;
}

static bool leads(const struct changes *changes, const char *path, bool adds, char ret_words[256])
{
    const ProtobufCMessage *body = kind_body_get(&changes->newest->opened.body->base);
    const char *own = kind_get((unsigned)changes->newest->opened.header->kind)->json,
               *first = kind_get((unsigned)changes->root->opened.header->kind)->json;
    size_t len = strcspn(path, ".");
    struct place at = {body->descriptor, body};
    bool begins = (strlen(own) == len && strncmp(path, own, len) == 0) ||
                  (strlen(first) == len && strncmp(path, first, len) == 0);
    if (!begins) {
        snprintf(ret_words, 256, "begins with \"%s\": what %.13s says stands there", own, changes->newest->id);
        return false;
    }
    for (path += len; *path == '.'; path += len) {
        path++;
        len = strcspn(path, ".");
        if (!step(&at, path, len, path[len] == '\0', adds, ret_words))
            return false;
    }
    return true;
}

static enum am_err check_path(const struct changes *changes, const char *list, size_t i, const Amana__V1__Change *fact)
{
    char words[256];
    if (fact->path[0] == '\0' || kind_body_get(&changes->newest->opened.body->base) == NULL ||
        leads(changes, fact->path, fact->was[0] == '\0', words))
        return AM_OK; // of what is empty the rules speak
    return wrong(changes, list, i, "path", words);
}

static enum am_err check_all(const struct changes *changes, Amana__V1__RoleChange *const *roles, size_t n_roles,
                             const char *facts_name, Amana__V1__Change *const *facts, size_t n_facts)
{
    for (size_t i = 0; i < n_roles; i++)
        TRY(check_label(changes, "roles", i, roles[i]->person));
    for (size_t i = 0; i < n_facts; i++) {
        TRY(check_path(changes, facts_name, i, facts[i]));
        TRY(check_label(changes, facts_name, i, facts[i]->person));
    }
    return AM_OK;
}

enum am_err answer_changes_check(const struct target *root, const struct target *newest, const Amana__V1__Draft *draft,
                                 struct am_bytes text, struct am_detail *detail)
{
    struct changes changes = {root, newest, NULL, text, detail};
    if (newest->opened.body == NULL)
        return AM_OK;
    if (draft->body_case == AMANA__V1__DRAFT__BODY_CORRECTION) {
        const Amana__V1__Correction *correction = draft->correction;
        changes.name = "correction";
        return check_all(&changes, correction->roles, correction->n_roles, "changes", correction->changes,
                         correction->n_changes);
    }
    if (draft->body_case == AMANA__V1__DRAFT__BODY_CONTEST) {
        const Amana__V1__Contest *contest = draft->contest;
        changes.name = "contest";
        return check_all(&changes, contest->roles, contest->n_roles, "facts", contest->facts, contest->n_facts);
    }
    return AM_OK;
}
