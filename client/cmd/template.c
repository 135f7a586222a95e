// SPDX-License-Identifier: Apache-2.0
// The walk over the descriptors that prints a template, with the words and defaults of template_words.c.
#include "client/cmd/template.h"

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/answer_verbs.h"
#include "client/cmd/template_words.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <string.h>

struct writer {
    const struct template_defaults *defaults;
    unsigned kind;
    FILE *out;
};

// The hint for a field that stands in the template of the kind: of a draft, its own body and the header fields that it
// has. NULL for what is left out.
// What policy fills in, with the words that say so; NULL: the table's.
static const struct template_hint *hint_by_policy(const struct writer *w, const char *field)
{
    static char words[2][96];
    static struct template_hint made[] = {
        {"", "as policy says for these countries; another by hand", "$basis"},
        {"", "the agreement that policy names", "$agreement"},
        {"", "as policy says for these countries, any of H0, H1, H2, H3", "$handling"},
        {"", words[0], NULL},
        {"", "left out: as policy says for the recipients' countries", NULL},
    };
    const struct policy_filling *filling = w->defaults->filling;
    bool open = filling != NULL && w->defaults->n_to == 0;
    if (filling == NULL)
        return NULL;
    if (strcmp(field, "legal_basis") == 0)
        return filling->legal_basis != 0 ? &made[0] : open ? &made[4] : NULL;
    if (strcmp(field, "agreement_ref") == 0)
        return filling->agreement[0] != '\0' ? &made[1] : NULL;
    if (strcmp(field, "handling") == 0)
        return filling->handling != 0 ? &made[2] : open ? &made[4] : NULL;
    if (strcmp(field, "retain_until") != 0)
        return NULL;
    snprintf(words[0], sizeof words[0], "kept until; left out: %u days from now, as policy says", filling->days);
    return open ? NULL : &made[3];
}

// Of the envelope of an answer only what isn't carried on; the rest of it as a comment.
static const struct template_hint *hint_of_answer(const struct writer *w, const ProtobufCFieldDescriptor *field,
                                                  const struct template_hint *hint)
{
    static const struct {
        const char *field, *words; // NULL: the table's
        uint64_t bit;              // there where the kind needs it
    } FIELDS[] = {
        {"recipients", NULL, 0},
        {"consent", NULL, HEADER_BIT(32)},
        {"urgency", "left out: as what it answers; U1 acknowledged in 15 min, U2 in 1 h, U3 in 4 h, U4 in 24 h", 0},
        {"urgency_reason", NULL, 0},
        {"answer_by", NULL, 0},
        {"review_at", NULL, 0},
        {"flags", "left out: as in its case", 0},
    };
    static struct template_hint made;
    const bool chosen = strcmp(field->name, "recipients") == 0;
    for (size_t i = 0; i < AM_LEN(FIELDS) && hint != NULL && hint->value != TEMPLATE_SKIP; i++) {
        bool there = chosen || (kind_get(w->kind)->required & FIELDS[i].bit) != 0;
        if (strcmp(FIELDS[i].field, field->name) != 0 || (chosen && w->defaults->n_to == 0))
            continue;
        made = (struct template_hint){"", FIELDS[i].words != NULL ? FIELDS[i].words : hint->words,
                                      there ? hint->value : NULL};
        return &made;
    }
    return NULL;
}

static const struct template_hint *hint_for(const struct writer *w, const ProtobufCMessageDescriptor *type,
                                            const ProtobufCFieldDescriptor *field)
{
    static const struct template_hint BODY = {"", "the sealed part: only recipients read it", "*"};
    static struct template_hint of_kind;
    const struct kind *kind = kind_get(w->kind);
    const struct template_hint *hint = template_hint_of(type, field);
    const char *words = template_kind_words(w->kind, type, field);
    if (hint != NULL && words != NULL) {
        of_kind = (struct template_hint){"", words, hint->value};
        hint = &of_kind;
    }
    if (type == &amana__v1__draft__descriptor && hint_by_policy(w, field->name) != NULL)
        hint = hint_by_policy(w, field->name);
    if (type == &amana__v1__draft__descriptor && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return strcmp(field->name, kind->json) == 0 ? &BODY : NULL;
    if (type == &amana__v1__draft__descriptor && w->defaults->answers)
        hint = hint_of_answer(w, field, hint);
    const ProtobufCFieldDescriptor *of_header =
        protobuf_c_message_descriptor_get_field_by_name(&amana__v1__header__descriptor, field->name);
    uint64_t has = HEADER_ALWAYS | HEADER_OFTEN | kind->required | kind->optional;
    bool left_out =
        type == &amana__v1__draft__descriptor && of_header != NULL && (has & HEADER_BIT(of_header->id)) == 0;
    return left_out || hint == NULL || hint->value == TEMPLATE_SKIP ? NULL : hint;
}

// Start of a line: comments begin where the outermost field that is commented out stands.
static void margin(const struct writer *w, unsigned indent, unsigned commented)
{
    if (commented > 0)
        fprintf(w->out, "%*s// %*s", (int)commented, "", (int)(indent - commented), "");
    else
        fprintf(w->out, "%*s", (int)indent, "");
}

static void print_words(const struct writer *w, const ProtobufCFieldDescriptor *field, const char *words,
                        unsigned indent, unsigned commented)
{
    bool kind = field->descriptor == &amana__v1__kind__code__descriptor; // its template is for no other
    bool codes = field->type == PROTOBUF_C_TYPE_ENUM && !kind;
    if (words[0] == '\0' && !codes)
        return;
    margin(w, indent, commented);
    fprintf(w->out, "// %s", words); // a comment still once the outer one is taken away
    if (codes) {
        const ProtobufCEnumDescriptor *list = field->descriptor;
        fprintf(w->out, "%s%s", words[0] != '\0' ? " · " : "",
                field->label == PROTOBUF_C_LABEL_REPEATED ? "any of" : "one of");
        for (unsigned i = 0; i < list->n_values; i++)
            if (list->values[i].value != 0)
                fprintf(w->out, " %s", list->values[i].name);
    }
    fputc('\n', w->out);
}

static void print_recipients(const struct writer *w, unsigned indent)
{
    const char *protection = w->defaults->protection_unit;
    bool named = false;
    fputc('[', w->out);
    for (size_t i = 0; i < w->defaults->n_to || i == 0; i++) {
        const char *unit = i < w->defaults->n_to ? w->defaults->to[i] : "";
        named |= strcmp(unit, protection) == 0;
        fprintf(w->out, "%s\n%*s{\"unit\": \"%s\", \"part\": \"ACTION\"}", i > 0 ? "," : "", (int)indent + 2, "", unit);
    }
    if (protection[0] != '\0' && strcmp(protection, w->defaults->unit) != 0 && !named)
        fprintf(w->out, ",\n%*s{\"unit\": \"%s\", \"part\": \"COPY\"}", (int)indent + 2, "", protection);
    fprintf(w->out, "\n%*s]", (int)indent, "");
}

static const char *code_name(const ProtobufCEnumDescriptor *codes, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(codes, value);
    return found != NULL ? found->name : "";
}

static void print_handling(const struct writer *w)
{
    bool first = true;
    for (unsigned code = 1; code < 8; code++) {
        if ((w->defaults->filling->handling & 1u << code) == 0)
            continue;
        fprintf(w->out, "%s\"%s\"", first ? "[" : ", ", code_name(&amana__v1__handling__code__descriptor, (int)code));
        first = false;
    }
    fputc(']', w->out);
}

static void print_message(const struct writer *w, const ProtobufCMessageDescriptor *type, unsigned indent,
                          unsigned commented);

// What a commented-out field of this type looks like.
static const char *placeholder(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES: return "\"\"";
    case PROTOBUF_C_TYPE_BOOL: return "false";
    case PROTOBUF_C_TYPE_ENUM: return ((const ProtobufCEnumDescriptor *)field->descriptor)->values[1].name;
    default: return "0";
    }
}

static void print_value(const struct writer *w, const ProtobufCFieldDescriptor *field, const char *value,
                        unsigned indent, unsigned commented)
{
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED, quoted = field->type == PROTOBUF_C_TYPE_ENUM;
    char agency[LIMIT_ADDRESS + 1];
    if (value != NULL && strcmp(value, "$case") == 0) {
        address_agency(w->defaults->unit, agency);
        fprintf(w->out, "\"%s/%u/\"", agency, w->defaults->year);
    } else if (value != NULL && strcmp(value, "$kind") == 0) {
        fprintf(w->out, "\"%s\"", kind_name(w->kind));
    } else if (value != NULL && strcmp(value, "$recipients") == 0) {
        print_recipients(w, indent);
    } else if (value != NULL && strcmp(value, "$basis") == 0) {
        fprintf(w->out, "\"%s\"",
                code_name(&amana__v1__legal_basis__code__descriptor, (int)w->defaults->filling->legal_basis));
    } else if (value != NULL && strcmp(value, "$agreement") == 0) {
        fprintf(w->out, "\"%s\"", w->defaults->filling->agreement);
    } else if (value != NULL && strcmp(value, "$handling") == 0) {
        print_handling(w);
    } else if (value != NULL && strcmp(value, "*") != 0) {
        fputs(value, w->out);
    } else if (field->descriptor == &google__protobuf__timestamp__descriptor) {
        fputs("\"2026-01-31T12:00:00+03:00\"", w->out);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        fputs(list ? "[" : "", w->out);
        print_message(w, field->descriptor, indent, commented);
        fputs(list ? "]" : "", w->out);
    } else {
        fprintf(w->out, "%s%s%s%s%s", list ? "[" : "", quoted ? "\"" : "", placeholder(field), quoted ? "\"" : "",
                list ? "]" : "");
    }
}

static void print_field(const struct writer *w, const ProtobufCFieldDescriptor *field, const struct template_hint *hint,
                        unsigned indent, unsigned commented, bool last)
{
    print_words(w, field, hint->words, indent, commented);
    unsigned out = commented == 0 && hint->value == NULL ? indent : commented;
    margin(w, indent, out);
    fprintf(w->out, "\"%s\": ", field->name);
    print_value(w, field, hint->value, indent, out);
    fprintf(w->out, "%s\n", last ? "" : ",");
}

// The last field that is really there comes last, so that any commented one may be taken in with its comma.
static void print_message(const struct writer *w, const ProtobufCMessageDescriptor *type, unsigned indent,
                          unsigned commented)
{
    unsigned last = type->n_fields;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct template_hint *hint = hint_for(w, type, &type->fields[i]);
        if (hint != NULL && hint->value != NULL)
            last = i;
    }
    fputs("{\n", w->out);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct template_hint *hint = hint_for(w, type, &type->fields[i]);
        // Within a comment only what a filled-in one would have: the rest would bury it.
        bool nested = commented > 0 && hint != NULL && hint->value == NULL &&
                      type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
                      type->fields[i].descriptor != &google__protobuf__timestamp__descriptor &&
                      type != &amana__v1__person__descriptor;
        if (i != last && hint != NULL && !nested)
            print_field(w, &type->fields[i], hint, indent + 2, commented, false);
    }
    if (last < type->n_fields)
        print_field(w, &type->fields[last], hint_for(w, type, &type->fields[last]), indent + 2, commented, true);
    margin(w, indent, commented);
    fputc('}', w->out);
}

bool template_has(unsigned kind)
{
    const struct kind *row = kind_get(kind);
    const struct answer_verb *verb = answer_verb_of(kind, 0);
    return row != NULL && (!row->must_answer || (verb != NULL && verb->shape != NULL));
}

bool template_answers(unsigned kind)
{
    return template_has(kind) && kind_get(kind)->on != 0;
}

enum am_err template_print(unsigned kind, const struct template_defaults *defaults, FILE *out)
{
    struct writer w = {defaults, kind, out};
    const struct answer_verb *verb = defaults->answers ? answer_verb_of(kind, 0) : NULL;
    fprintf(out, "// %s: %s. Fill in, take out the // before what is known, then: amana %s%s FILE\n", kind_name(kind),
            kind_get(kind)->words, verb != NULL ? verb->name : "send", verb != NULL ? " ID" : "");
    fprintf(out, "// What is not asked here (%s) is filled in by the program.\n",
            verb != NULL ? "what it answers says it" : "id, sender, times, digests, signature");
    print_message(&w, &amana__v1__draft__descriptor, 0, 0);
    fputc('\n', out);
    return ferror(out) ? AM_IO : AM_OK;
}
