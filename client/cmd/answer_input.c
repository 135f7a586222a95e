// SPDX-License-Identifier: Apache-2.0
// From a verb's row to its options, and from what they say to a draft in JSON.
#include "client/cmd/answer_input.h"

#include "client/cmd/arguments.h"
#include "client/cmd/template_words.h"
#include "proto/codec/field.h"
#include "proto/codec/timestamp.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <string.h>

#define PART(name) AMANA__V1__PART__CODE__##name

enum {
    OPTION_FIELD = 0x100,
    OPTION_TO = 0x200,
    OPTION_COPY,
    OPTION_PROTECTION,
    OPTION_NEVER_TELL,
    OPTION_YES,
    OPTION_DRY_RUN,
    OPTION_AGAIN
};

// --- Options: fields of the body or of the draft, by their names
static const ProtobufCFieldDescriptor *field_of(const struct answer_input *input, const char *name, bool *ret_body)
{
    const ProtobufCMessageDescriptor *body = kind_body_type(input->verb->kind);
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(body, name);
    *ret_body = field != NULL;
    return field != NULL ? field : protobuf_c_message_descriptor_get_field_by_name(&amana__v1__draft__descriptor, name);
}

static json_t *body_said(struct answer_input *input)
{
    json_t *body = json_object_get(input->said, input->kind->json);
    if (body == NULL) {
        body = json_object();
        json_object_set_new(input->said, input->kind->json, body);
    }
    return body;
}

// The member of a part of the body that words alone fill: a place's text, a contact's office.
static const char *text_member(const ProtobufCMessageDescriptor *type)
{
    if (protobuf_c_message_descriptor_get_field_by_name(type, "text") != NULL)
        return "text";
    return type->fields[0].name;
}

static void say(struct answer_input *input, const char *name, const char *value)
{
    bool of_body;
    const ProtobufCFieldDescriptor *field = field_of(input, name, &of_body);
    json_t *in = of_body ? body_said(input) : input->said;
    json_t *text = field->type == PROTOBUF_C_TYPE_BOOL ? json_boolean(strcmp(value, "yes") == 0) : json_string(value);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->descriptor != &google__protobuf__timestamp__descriptor)
        text = json_pack("{s:o}", text_member(field->descriptor), text);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        json_object_set_new(in, name, text);
        return;
    }
    json_t *list = json_object_get(in, name);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(in, name, list);
    }
    json_array_append_new(list, text);
}

// "due_at": "due-at"
static void option_name(const char *field, char ret_name[48])
{
    strlcpy(ret_name, field, 48);
    for (char *c = ret_name; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;
}

static bool is_said(const struct answer_input *input, const char *name)
{
    const json_t *body = json_object_get(input->said, input->kind->json);
    return json_object_get(input->said, name) != NULL || json_object_get(body, name) != NULL;
}

static error_t add_recipient(struct argp_state *state, const char *unit, Amana__V1__Part__Code part)
{
    struct answer_input *input = state->input;
    if (input->n_to == LIMIT_RECIPIENTS)
        argp_error(state, "at most %u recipients", LIMIT_RECIPIENTS);
    input->to[input->n_to].unit = unit;
    input->to[input->n_to++].part = part;
    return 0;
}

static json_t *flags_said(struct answer_input *input)
{
    json_t *flags = json_object_get(input->said, "flags");
    if (flags == NULL) {
        flags = json_object();
        json_object_set_new(input->said, "flags", flags);
    }
    return flags;
}

static json_t *never_tell_said(struct answer_input *input)
{
    json_t *list = json_object_get(flags_said(input), "never_tell");
    if (list == NULL) {
        list = json_array();
        json_object_set_new(flags_said(input), "never_tell", list);
    }
    return list;
}

// "needs a FILE that says what is right, as {…}; or --stolen-identity"
static void check_shape(struct argp_state *state)
{
    const struct answer_input *input = state->input;
    const struct answer_verb *verb = input->verb;
    char option[48];
    if (verb->shape == NULL || (verb->instead != NULL && is_said(input, verb->instead)))
        return;
    if (verb->instead != NULL)
        option_name(verb->instead, option);
    argp_error(state, "needs a FILE that says what no option does, as %s%s%s", verb->shape,
               verb->instead != NULL ? "; or --" : "", verb->instead != NULL ? option : "");
}

static void check_said(struct argp_state *state)
{
    struct answer_input *input = state->input;
    const struct answer_verb *verb = input->verb;
    char option[48], too[48];
    if (input->id == NULL)
        argp_error(state, "needs the ID of a message");
    if (verb->kind == KIND(UPDATE) && input->file == NULL)
        argp_error(state, "needs ID and FILE");
    if (input->file != NULL)
        return;
    check_shape(state);
    bool both = verb->must_too != NULL;
    if (verb->must != NULL && (!is_said(input, verb->must) || (both && !is_said(input, verb->must_too)))) {
        option_name(verb->must, option);
        if (both)
            option_name(verb->must_too, too);
        argp_error(state, "needs --%s%s%s%s", option, both ? " and --" : "", both ? too : "",
                   !verb->file ? ""
                   : both      ? ", or a FILE that says both"
                               : ", or a FILE that says it");
    }
    if (input->kind->outcomes != 0 && verb->outcome == 0 && !is_said(input, "outcome"))
        argp_error(state, "needs --outcome; `%s --help` lists them", state->name);
}

static const char *args_of(const struct answer_input *input)
{
    return input->verb->kind == KIND(UPDATE) ? "ID FILE" : input->verb->file ? "ID [FILE]" : "ID";
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct answer_input *input = state->input;
    if (key >= OPTION_FIELD && key < OPTION_FIELD + ANSWER_FIELDS) {
        say(input, input->verb->fields[key - OPTION_FIELD], arg != NULL ? arg : "yes");
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'o': say(input, "outcome", arg); return 0;
    case OPTION_TO: return add_recipient(state, arg, PART(ACTION));
    case OPTION_COPY: return add_recipient(state, arg, PART(COPY));
    case OPTION_PROTECTION: json_object_set_new(flags_said(input), "protection", json_string(arg)); return 0;
    case OPTION_NEVER_TELL: json_array_append_new(never_tell_said(input), json_string(arg)); return 0;
    case OPTION_YES: input->yes = true; return 0;
    case OPTION_DRY_RUN: input->dry_run = true; return 0;
    case OPTION_AGAIN: input->again = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            input->id = arg;
        else if (state->arg_num == 1 && input->verb->file)
            input->file = arg;
        else
            argp_error(state, "\"%.40s\" is one argument too many: it takes %s", arg, args_of(input));
        return 0;
    case ARGP_KEY_END: check_said(state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- The options of a verb, made from its row: they live as long as the program
static const char *option_arg(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL: return NULL;
    case PROTOBUF_C_TYPE_ENUM: return "CODE";
    case PROTOBUF_C_TYPE_MESSAGE:
        return field->descriptor == &google__protobuf__timestamp__descriptor ? "TIME" : "TEXT";
    default: return "TEXT";
    }
}

// "how sure it is the one of the alert: CERTAIN, PROBABLE, POSSIBLE"
#define OPTION_WORDS 1024
static void option_words(unsigned kind, const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                         char ret_words[OPTION_WORDS])
{
    const ProtobufCEnumDescriptor *codes = field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL;
    const char *words = template_words(kind, type, field), *between = words != NULL && words[0] != '\0' ? ": " : "";
    strlcpy(ret_words, words != NULL ? words : "", OPTION_WORDS);
    for (unsigned i = 0; codes != NULL && i < codes->n_values; i++) {
        if (codes->values[i].value == 0)
            continue; // UNSPECIFIED
        strlcat(ret_words, between, OPTION_WORDS);
        strlcat(ret_words, codes->values[i].name, OPTION_WORDS);
        between = ", ";
    }
}

static struct argp_option option_of(const struct answer_input *input, size_t i)
{
    static char names[ANSWER_FIELDS][48], words[ANSWER_FIELDS][OPTION_WORDS];
    bool of_body;
    const ProtobufCFieldDescriptor *field = field_of(input, input->verb->fields[i], &of_body);
    const ProtobufCMessageDescriptor *type =
        of_body ? kind_body_type(input->verb->kind) : &amana__v1__draft__descriptor;
    option_name(input->verb->fields[i], names[i]);
    option_words(input->verb->kind, type, field, words[i]);
    return (struct argp_option){.name = names[i],
                                .key = OPTION_FIELD + (int)i,
                                .arg = option_arg(field),
                                .flags = field->label == PROTOBUF_C_LABEL_REPEATED ? OPTION_REPEATS : 0,
                                .doc = words[i]};
}

const char *answer_outcomes(const struct answer_input *input)
{
    static char text[KIND_OUTCOMES_TEXT];
    kind_outcome_list(input->verb->kind, 0, text, sizeof text);
    return text;
}

// What --to does besides naming a unit (answer_to.c).
static const char *to_words(const struct kind *kind)
{
    if (kind->to == TO_CHOSEN)
        return "to this unit; left out: to the other side";
    if (kind->to == TO_ASKED)
        return "to this unit alone of those who were asked; left out: to all of them";
    if (kind->to == TO_OTHER_SIDE)
        return "to this unit alone of those who have it; of what came to this one: one more recipient";
    return kind->root ? "one more recipient, who must act" : "one more recipient";
}

const struct argp *answer_argp(const struct answer_input *input)
{
    static const struct argp_option COPIED = {"copy", OPTION_COPY, "UNIT", OPTION_REPEATS, "one more, who only reads",
                                              0};
    static const struct argp_option YES = {"yes", OPTION_YES, NULL, 0, "don't ask before content is erased", 0};
    static const struct argp_option DRY_RUN = {"dry-run", OPTION_DRY_RUN, NULL, 0, "say what would be done", 0};
    static const struct argp_option AGAIN = {
        "again", OPTION_AGAIN, NULL, 0, "even if this officer has acknowledged it already", 0};
    static const struct argp_option PROTECTION = {
        "protection",
        OPTION_PROTECTION,
        "CODE",
        0,
        "has somebody in the case asked, or may they need to ask, for protection: NO, YES, UNKNOWN",
        0};
    static const struct argp_option NEVER_TELL = {"never-tell",
                                                  OPTION_NEVER_TELL,
                                                  "STATE",
                                                  OPTION_REPEATS,
                                                  "from this state, which must not learn of it (er)",
                                                  0};
    static struct argp_option options[ANSWER_FIELDS + 8];
    static struct argp argp = {.options = options, .parser = parse, .children = command_children};
    size_t n = 0;
    for (size_t i = 0; i < ANSWER_FIELDS && input->verb->fields[i] != NULL; i++)
        options[n++] = option_of(input, i);
    if (input->kind->outcomes != 0 && !input->verb->fixed)
        options[n++] = (struct argp_option){"outcome", 'o', "CODE", 0, answer_outcomes(input), 0};
    if (input->kind->to != TO_SAME && input->kind->to != TO_FORMER) {
        options[n++] = (struct argp_option){"to", OPTION_TO, "UNIT", OPTION_REPEATS, to_words(input->kind), 0};
        options[n++] = COPIED;
    }
    options[n++] = PROTECTION;
    options[n++] = NEVER_TELL;
    if (input->verb->kind == KIND(ACK))
        options[n++] = AGAIN;
    if (input->verb->kind == KIND(ERASURE) || input->verb->kind == KIND(CONFIRM) || input->kind->confirm != 0)
        options[n++] = YES;
    if (input->verb->kind == KIND(ERASURE))
        options[n++] = DRY_RUN;
    argp.args_doc = args_of(input);
    argp.doc = input->verb->does;
    return &argp;
}
