// SPDX-License-Identifier: Apache-2.0
// Every verb that answers a message (answer_verbs.h): finds what it answers, carries on what must be carried on, and
// sends it to whom its kind goes.
#include "client/cmd/answer_verbs.h"
#include "client/cmd/answers.h"
#include "client/cmd/draft_file.h"
#include "client/cmd/roles.h"
#include "client/cmd/submit.h"
#include "client/cmd/template.h"
#include "client/session/envelope.h"
#include "client/session/erase.h"
#include "client/session/mended.h"
#include "client/session/seal.h"
#include "client/session/shield.h"
#include "proto/codec/codec.h"
#include "proto/codec/field.h"
#include "proto/codec/json.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/address.h"
#include "proto/model/header.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define PART(name) AMANA__V1__PART__CODE__##name

enum {
    OPTION_FIELD = 0x100,
    OPTION_TO = 0x200,
    OPTION_COPY,
    OPTION_PROTECTION,
    OPTION_NEVER_TELL,
    OPTION_YES,
    OPTION_DRY_RUN
};

struct answer_input {
    struct command command;
    const struct answer_verb *verb;
    const struct kind *kind;
    const char *id, *file;
    json_t *said;         // what the options say, as a draft in JSON
    struct shield shield; // of the case
    struct {
        const char *unit;
        Amana__V1__Part__Code part;
    } to[LIMIT_RECIPIENTS];
    size_t n_to;
    bool yes, dry_run;
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

static void check_said(struct argp_state *state)
{
    struct answer_input *input = state->input;
    const struct answer_verb *verb = input->verb;
    char option[48];
    if (input->id == NULL)
        argp_error(state, "needs the ID of a message");
    if (verb->kind == KIND(UPDATE) && input->file == NULL)
        argp_error(state, "needs ID and FILE");
    if (input->file != NULL)
        return;
    if (verb->must != NULL && !is_said(input, verb->must)) {
        option_name(verb->must, option);
        argp_error(state, "needs --%s%s", option, verb->file ? ", or a FILE that says it" : "");
    }
    if (input->kind->outcomes != 0 && verb->outcome == 0 && !is_said(input, "outcome"))
        argp_error(state, "needs --outcome; `%s --help` lists them", state->name);
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
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            input->id = arg;
        else if (state->arg_num == 1 && input->verb->file)
            input->file = arg;
        else
            argp_error(state, "too many arguments");
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

static struct argp_option option_of(const struct answer_input *input, size_t i)
{
    static char names[ANSWER_FIELDS][48];
    bool of_body;
    const ProtobufCFieldDescriptor *field = field_of(input, input->verb->fields[i], &of_body);
    const ProtobufCMessageDescriptor *type =
        of_body ? kind_body_type(input->verb->kind) : &amana__v1__draft__descriptor;
    option_name(input->verb->fields[i], names[i]);
    return (struct argp_option){
        .name = names[i], .key = OPTION_FIELD + (int)i, .arg = option_arg(field), .doc = template_words(type, field)};
}

static const char *outcomes_of(const struct answer_input *input)
{
    static char text[KIND_OUTCOMES_TEXT];
    kind_outcome_list(input->verb->kind, 0, text, sizeof text);
    return text;
}

static const struct argp *argp_of(const struct answer_input *input)
{
    static const struct argp_option TO = {"to", OPTION_TO, "UNIT", 0, "one more recipient, who must act", 0};
    static const struct argp_option COPIED = {"copy", OPTION_COPY, "UNIT", 0, "one more, who only reads", 0};
    static const struct argp_option YES = {"yes", OPTION_YES, NULL, 0, "don't ask", 0};
    static const struct argp_option DRY_RUN = {"dry-run", OPTION_DRY_RUN, NULL, 0, "say what would be done", 0};
    static const struct argp_option PROTECTION = {
        "protection",
        OPTION_PROTECTION,
        "CODE",
        0,
        "has somebody in the case asked, or may they need to ask, for protection: NO, YES, UNKNOWN",
        0};
    static const struct argp_option NEVER_TELL = {
        "never-tell", OPTION_NEVER_TELL, "STATE", 0, "from this state, which must not learn of it (er)", 0};
    static struct argp_option options[ANSWER_FIELDS + 8];
    static struct argp argp = {.options = options, .parser = parse, .children = command_children};
    size_t n = 0;
    for (size_t i = 0; i < ANSWER_FIELDS && input->verb->fields[i] != NULL; i++)
        options[n++] = option_of(input, i);
    if (input->kind->outcomes != 0 && !input->verb->fixed)
        options[n++] = (struct argp_option){"outcome", 'o', "CODE", 0, outcomes_of(input), 0};
    if (input->kind->to != TO_SAME && input->kind->to != TO_FORMER) {
        options[n++] = TO;
        options[n++] = COPIED;
    }
    options[n++] = PROTECTION;
    options[n++] = NEVER_TELL;
    if (input->verb->kind == KIND(ERASURE)) {
        options[n++] = YES;
        options[n++] = DRY_RUN;
    }
    argp.args_doc = input->verb->kind == KIND(UPDATE) ? "ID FILE" : input->verb->file ? "ID [FILE]" : "ID";
    argp.doc = input->verb->does;
    return &argp;
}

// --- What is answered: a message of the store with its header, opened
struct target {
    char id[STORE_ID];
    enum store_box box;
    Amana__V1__Kept *kept;
    struct opened opened;
    Amana__V1__Pointer pointer;
    uint8_t digest[LOG_HASH_SIZE];
};

static enum am_err pointer_fill(struct target *target)
{
    TRY(log_sha256(codec_bytes(target->kept->message->header), target->digest));
    amana__v1__pointer__init(&target->pointer);
    target->pointer.id = target->opened.header->id; // target->id is the key of its row
    target->pointer.header_digest = (ProtobufCBinaryData){sizeof target->digest, target->digest};
    return AM_OK;
}

// The envelope alone: an order about content needs no more, and finds it where the body is gone already.
static enum am_err load_header(struct session *session, enum store_box box, const char *id, struct arena *arena,
                               struct am_detail *detail, struct target *target)
{
    strlcpy(target->id, id, sizeof target->id);
    target->box = box;
    target->opened = (struct opened){0};
    TRY(store_get(session->store, box, id, arena, &target->kept));
    TRY(seal_header(target->kept->message, arena, detail, &target->opened.header));
    return pointer_fill(target);
}

// Of one that never came here: a dpo's, from the log.
static enum am_err fetch_header(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                                struct target *target)
{
    const json_t *body = json_object_get(input->said, input->kind->json);
    const char *reason = json_string_value(json_object_get(body, input->verb->kind == KIND(HOLD) ? "scope" : "reason"));
    target->box = STORE_INBOX;
    target->opened = (struct opened){0};
    strlcpy(target->id, input->id, sizeof target->id);
    TRY(envelope_fetch(input->command.session, input->id, reason != NULL ? reason : input->kind->words, arena, detail,
                       &target->kept));
    TRY(seal_header(target->kept->message, arena, detail, &target->opened.header));
    return pointer_fill(target);
}

static enum am_err load(struct session *session, enum store_box box, const char *id, struct arena *arena,
                        struct am_detail *detail, struct target *target)
{
    TRY(load_header(session, box, id, arena, detail, target));
    return seal_open(session, target->kept->message, arena, detail, &target->opened);
}

// The root of a chain that a message of ours belongs to: itself, or what it answers.
static int load_root(struct answer_input *input, struct arena *arena, const struct target *target, struct target *root)
{
    struct am_detail detail = {0};
    const Amana__V1__Header *header = target->opened.header;
    unsigned wanted = kind_root(input->verb->kind);
    const char *id = (unsigned)header->kind == wanted ? target->id
                     : header->in_reply_to != NULL    ? header->in_reply_to->id
                                                      : "";
    enum am_err err = load(input->command.session, STORE_SENT, id, arena, &detail, root);
    if (err == AM_NOT_FOUND)
        (void)am_fail(err, &detail, id, "this alert was not sent from here");
    if (err == AM_OK && (unsigned)root->opened.header->kind != wanted)
        err = am_fail(AM_INVALID, &detail, target->id, "only an alert of this unit can be updated or ended");
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int load_newest(struct answer_input *input, struct arena *arena, const struct target *root,
                       struct target *newest)
{
    struct am_detail detail = {0};
    struct answers answers;
    enum am_err err = answers_find(input->command.session, root->id, &answers);
    if (err == AM_OK)
        err = load(input->command.session, STORE_SENT, answers.newest, arena, &detail, newest);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

// --- The draft
static enum am_err draft_said(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                              Amana__V1__Draft **ret_draft)
{
    char *text = json_dumps(input->said, JSON_COMPACT);
    if (text == NULL)
        return AM_NOMEM;
    enum am_err err = json_to_message(&amana__v1__draft__descriptor, (struct am_bytes){(uint8_t *)text, strlen(text)},
                                      arena, detail, (ProtobufCMessage **)ret_draft);
    detail->line = 0; // of a text that nobody wrote
    free(text);
    return err;
}

// What options say goes before what the file says: each field that is there.
static void put_over(ProtobufCMessage *message, const ProtobufCMessage *over)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        void *to = (uint8_t *)message + field->offset;
        const void *from = (const uint8_t *)over + field->offset;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 || !message_has(over, field))
            continue;
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        memcpy(to, from, list ? sizeof(void *) : field_size(field->type));
        if (list)
            memcpy((uint8_t *)message + field->quantifier_offset, (const uint8_t *)over + field->quantifier_offset,
                   sizeof(size_t));
    }
}

static enum am_err draft_of(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                            struct am_bytes *ret_text, Amana__V1__Draft **ret_draft)
{
    Amana__V1__Draft *said, *draft;
    TRY(draft_said(input, arena, detail, &said));
    if (input->file == NULL) {
        *ret_draft = said;
        return AM_OK;
    }
    TRY(draft_read(input->file, arena, detail, ret_text, &draft));
    put_over(&draft->base, &said->base);
    ProtobufCMessage *body = kind_body_get(&draft->base), *over = kind_body_get(&said->base);
    if (body == NULL)
        (void)kind_body_set(input->verb->kind, &draft->base, over);
    else if (over != NULL && over->descriptor == body->descriptor)
        put_over(body, over);
    *ret_draft = draft;
    return AM_OK;
}

// A body that says nothing is one all the same; an alert's form may be written as "alert" in an UPDATE.
static enum am_err body_fill(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft)
{
    const ProtobufCMessageDescriptor *type = kind_body_type(input->verb->kind);
    ProtobufCMessage *body = kind_body_get(&draft->base);
    if (body == NULL) {
        body = arena_alloc(arena, type->sizeof_message);
        if (body == NULL)
            return arena_error(arena);
        protobuf_c_message_init(type, body);
    }
    if (body->descriptor == type) // else the check names it
        (void)kind_body_set(input->verb->kind, &draft->base, body);
    return AM_OK;
}

// --- Flags: an answer says what its case has said; to a state that is not to learn of it, what was said to that one
#define PROTECTION(name) AMANA__V1__PROTECTION__CODE__##name

static bool says_shield(Amana__V1__Protection__Code code)
{
    return code == PROTECTION(YES) || code == PROTECTION(UNKNOWN);
}

static enum am_err flags_of_case(const struct answer_input *input, struct arena *arena, Amana__V1__DraftFlags *flags)
{
    char own[ADDRESS_COUNTRY_MAX + 1];
    address_country(input->command.session->settings.value[SETTING_UNIT], own);
    flags->never_tell = arena_array(arena, SHIELD_STATES, sizeof *flags->never_tell);
    if (flags->never_tell == NULL)
        return arena_error(arena);
    if (says_shield(flags->protection))
        flags->protection = PROTECTION(NO);
    for (size_t i = 0; i < input->shield.n; i++) {
        const struct shield_state *state = &input->shield.states[i];
        if (strcmp(state->country, own) == 0)
            continue;
        flags->never_tell[flags->n_never_tell++] = (char *)state->country;
        if (flags->protection != PROTECTION(YES))
            flags->protection = state->protection;
    }
    return AM_OK;
}

// What is taken back is named: the messages that said so.
static enum am_err flags_back(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft)
{
    size_t n = draft->n_references;
    Amana__V1__Pointer **list = arena_array(arena, n + input->shield.n, sizeof *list);
    Amana__V1__Pointer *rows = arena_array(arena, input->shield.n, sizeof *rows);
    if (list == NULL || rows == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < n; i++)
        list[i] = draft->references[i];
    for (size_t i = 0; i < input->shield.n && n < LIMIT_REFERENCES; i++) {
        const struct shield_state *state = &input->shield.states[i];
        bool there = false;
        for (size_t j = 0; j < n && !there; j++)
            there = memcmp(list[j]->header_digest.data, state->digest, LOG_HASH_SIZE) == 0;
        if (there)
            continue;
        amana__v1__pointer__init(&rows[i]);
        rows[i].id = (char *)state->id;
        rows[i].header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, (uint8_t *)state->digest};
        list[n++] = &rows[i];
    }
    draft->references = list;
    draft->n_references = n;
    return AM_OK;
}

static enum am_err flags_fill(const struct answer_input *input, const struct target *newest, struct arena *arena,
                              Amana__V1__Draft *draft)
{
    const Amana__V1__Flags *flags = newest->opened.flags; // NULL: an order says nothing of any person
    bool child = flags != NULL && flags->child;
    if (draft->flags != NULL) {
        draft->flags->child |= child;
        return draft->flags->protection == PROTECTION(NO) ? flags_back(input, arena, draft) : AM_OK;
    }
    draft->flags = arena_alloc(arena, sizeof *draft->flags);
    if (draft->flags == NULL)
        return arena_error(arena);
    amana__v1__draft_flags__init(draft->flags);
    draft->flags->child = child;
    draft->flags->protection = flags != NULL ? flags->protection : PROTECTION(NOT_CONCERNED);
    return flags_of_case(input, arena, draft->flags);
}

// What of the envelope decides whom it may reach.
static Amana__V1__Header envelope_of(const Amana__V1__Draft *draft, const struct target *newest)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    header.kind = draft->kind;
    header.outcome = draft->outcome;
    header.urgency = draft->urgency;
    header.urgency_reason = draft->urgency_reason;
    header.in_reply_to = (Amana__V1__Pointer *)&newest->pointer;
    return header;
}

static bool kept_from(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft,
                      const char *unit)
{
    Amana__V1__Header header = envelope_of(draft, newest);
    return shield_keeps(&input->shield, &header, unit, newest->opened.header->sender->unit);
}

// The few answers that a listed state gets say what it knows.
static void flags_for_listed(const struct answer_input *input, Amana__V1__Draft *draft)
{
    bool listed = false;
    for (size_t i = 0; i < draft->n_recipients && !input->shield.own; i++)
        listed |= shield_lists(&input->shield, draft->recipients[i]->unit) != NULL;
    if (!listed || draft->flags->protection != PROTECTION(YES))
        return;
    draft->flags->protection = PROTECTION(NO);
    draft->flags->n_never_tell = 0;
}

static enum am_err defaults_fill(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                 Amana__V1__Draft *draft)
{
    draft->kind = (Amana__V1__Kind__Code)input->verb->kind;
    if (draft->outcome == 0)
        draft->outcome = (Amana__V1__Outcome__Code)input->verb->outcome;
    TRY(flags_fill(input, newest, arena, draft));
    if (draft->outcome == (Amana__V1__Outcome__Code)OUTCOME(GRANTED) && draft->n_granted_to == 0) {
        draft->granted_to = arena_array(arena, 1, sizeof *draft->granted_to); // to who asked
        if (draft->granted_to == NULL)
            return arena_error(arena);
        draft->granted_to[0] = newest->opened.header->sender->unit;
        draft->n_granted_to = 1;
    }
    if ((input->kind->required & HEADER_BIT(15)) != 0 && draft->told_at == NULL) {
        draft->told_at = arena_alloc(arena, sizeof *draft->told_at);
        if (draft->told_at == NULL)
            return arena_error(arena);
        timestamp_from_ns(session_now(input->command.session) / NS_PER_S * NS_PER_S, draft->told_at);
    }
    return AM_OK;
}

// --- To whom
static enum am_err recipient_add(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft,
                                 const char *unit, Amana__V1__Part__Code part)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, unit) == 0)
            return AM_OK;
    if (draft->n_recipients == LIMIT_RECIPIENTS + 2 || (strcmp(unit, own) == 0 && !input->kind->to_itself))
        return AM_OK;
    Amana__V1__DraftRecipient *recipient = arena_alloc(arena, sizeof *recipient);
    if (recipient == NULL)
        return arena_error(arena);
    amana__v1__draft_recipient__init(recipient);
    recipient->unit = (char *)unit;
    recipient->part = part;
    draft->recipients[draft->n_recipients++] = recipient;
    return AM_OK;
}

// What is to be erased is to be erased by all who have it.
static bool to_all(const Amana__V1__Draft *draft)
{
    return kind_asks_confirm((unsigned)draft->kind, (unsigned)draft->outcome);
}

// One of those who have what is answered, unless it is not to learn of it.
static enum am_err recipient_usual(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                   Amana__V1__Draft *draft, const char *unit, Amana__V1__Part__Code part)
{
    if (!kept_from(input, newest, draft, unit))
        return recipient_add(input, arena, draft, unit, part);
    const char *state = shield_lists(&input->shield, unit)->country;
    command_say("left out: %s. Somebody in this case may have fled %s; tell %s nothing by any other channel either",
                unit, state, state);
    return AM_OK;
}

// Those of what is answered: whom a kind goes to by itself.
static enum am_err recipients_usual(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                    Amana__V1__Draft *draft)
{
    const Amana__V1__Header *header = newest->opened.header;
    enum kind_to to = (enum kind_to)input->kind->to;
    bool back = to == TO_BACK || to == TO_ORIGINATOR || to == TO_PARTIES ||
                ((to == TO_OTHER_SIDE || to == TO_CHOSEN) && newest->box == STORE_INBOX);
    if (back)
        TRY(recipient_add(input, arena, draft, header->sender->unit, PART(ACTION)));
    if (back && to != TO_PARTIES)
        return AM_OK;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        if (to == TO_ASKED && recipient->part != PART(ACTION) && !to_all(draft))
            continue;
        TRY(recipient_usual(input, newest, arena, draft, recipient->unit,
                            to == TO_HOLDERS   ? PART(ACTION)
                            : to == TO_PARTIES ? PART(COPY)
                                               : recipient->part));
    }
    return to == TO_HOLDERS ? recipient_usual(input, newest, arena, draft, header->sender->unit, PART(ACTION)) : AM_OK;
}

static enum am_err recipients_fill(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                   Amana__V1__Draft *draft)
{
    struct session *session = input->command.session;
    bool chosen = input->n_to > 0 && (input->kind->to == TO_CHOSEN || (input->kind->to == TO_ASKED && !to_all(draft)));
    if (draft->n_recipients > 0)
        return AM_OK; // the file says who
    draft->recipients = arena_array(arena, LIMIT_RECIPIENTS + 2, sizeof *draft->recipients);
    if (draft->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < input->n_to; i++)
        TRY(recipient_add(input, arena, draft, input->to[i].unit, input->to[i].part));
    if (!chosen)
        TRY(recipients_usual(input, newest, arena, draft));
    if (!draft->flags->child || !input->kind->child_rule || input->kind->to == TO_FORMER)
        return AM_OK;
    const char *protection = trust_protection_of(session->trust, session->settings.value[SETTING_UNIT]); // rule 3
    if (protection != NULL)
        TRY(recipient_add(input, arena, draft, protection, PART(COPY)));
    const Amana__V1__Hit *hit = input->verb->kind == KIND(HIT) ? draft->hit : NULL;
    const Amana__V1__Place *place = hit != NULL ? hit->place : NULL;
    protection = place != NULL ? trust_protection_unit(session->trust, place->country) : NULL;
    if (protection == NULL || kept_from(input, newest, draft, protection))
        return AM_OK;
    return recipient_add(input, arena, draft, protection, PART(COPY));
}

// --- What was permitted: a DECISION on what is answered is named, so that the hub sees whom it opens it to
static enum am_err permission_add(const struct answer_input *input, struct arena *arena, const struct target *newest,
                                  const char *id, Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *decision = arena_alloc(arena, sizeof *decision), *asking = arena_alloc(arena, sizeof *asking);
    Amana__V1__Pointer **list = arena_array(arena, draft->n_references + 1, sizeof *list);
    if (decision == NULL || asking == NULL || list == NULL)
        return arena_error(arena);
    enum am_err err = load_header(input->command.session, STORE_INBOX, id, arena, &detail, decision);
    const Amana__V1__Header *header = decision->opened.header;
    if (err != AM_OK || header->kind != KIND(DECISION) || (unsigned)header->outcome != OUTCOME(GRANTED))
        return err == AM_NOMEM ? err : AM_OK;
    err = load_header(input->command.session, STORE_SENT, header->in_reply_to->id, arena, &detail, asking);
    if (err != AM_OK || asking->opened.header->in_reply_to == NULL ||
        !log_sha256_is(codec_bytes(newest->kept->message->header),
                       codec_bytes(asking->opened.header->in_reply_to->header_digest)))
        return err == AM_NOMEM ? err : AM_OK;
    for (size_t i = 0; i < draft->n_references; i++)
        list[i] = draft->references[i];
    decision->pointer.header_digest.data = decision->digest;
    list[draft->n_references++] = &decision->pointer;
    draft->references = list;
    return AM_OK;
}

static enum am_err permissions_find(const struct answer_input *input, struct arena *arena, const struct target *newest,
                                    Amana__V1__Draft *draft)
{
    char at[STORE_ID], next[STORE_ID];
    enum am_err err;
    if (!rule_h2(newest->opened.header) || newest->box != STORE_INBOX)
        return AM_OK;
    strlcpy(at, newest->id, sizeof at); // it came later
    while ((err = store_next(input->command.session->store, STORE_INBOX, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        if (draft->n_references < LIMIT_REFERENCES)
            TRY(permission_add(input, arena, newest, at, draft));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- Versions of an alert: what is ordered of one is ordered of all
#define VERSIONS (LIMIT_REFERENCES + 1)

static bool is_order(const struct answer_input *input)
{
    return input->verb->kind == KIND(ERASURE) || input->verb->kind == KIND(HOLD);
}

// One more version: the newest is what is answered, the others are its references.
static enum am_err version_take(struct answer_input *input, struct arena *arena, const struct target *root,
                                enum store_box box, const char *id, struct target *newest, Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *version = arena_alloc(arena, sizeof *version);
    if (version == NULL)
        return arena_error(arena);
    TRY(load_header(input->command.session, box, id, arena, &detail, version));
    const Amana__V1__Header *header = version->opened.header;
    const struct kind *kind = kind_get((unsigned)header->kind);
    if (kind == NULL || kind->chain != CHAIN_RENEWS || header->in_reply_to == NULL ||
        !log_sha256_is(codec_bytes(root->kept->message->header), codec_bytes(header->in_reply_to->header_digest)))
        return AM_OK;
    struct target *former = arena_copy(arena, newest, sizeof *newest);
    if (former == NULL)
        return arena_error(arena);
    former->pointer.header_digest.data = former->digest;
    if (draft->n_references == LIMIT_REFERENCES)
        return am_fail(AM_TOO_LARGE, &detail, id, "more versions than one order may name");
    draft->references[draft->n_references++] = &former->pointer;
    *newest = *version;
    newest->pointer.header_digest.data = newest->digest;
    return AM_OK;
}

static enum am_err versions_find(struct answer_input *input, struct arena *arena, const struct target *root,
                                 struct target *newest, Amana__V1__Draft *draft)
{
    char at[STORE_ID], next[STORE_ID];
    enum am_err err;
    draft->references = arena_array(arena, VERSIONS, sizeof *draft->references);
    if (draft->references == NULL)
        return arena_error(arena);
    draft->n_references = 0;
    strlcpy(at, root->id, sizeof at);
    while ((err = store_next(input->command.session->store, root->box, at, next)) == AM_OK) {
        strlcpy(at, next, sizeof at);
        TRY(version_take(input, arena, root, root->box, at, newest, draft));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// --- A contest and the correction that mends it name each other
static enum am_err reference_add(struct answer_input *input, struct arena *arena, enum store_box box, const char *id,
                                 Amana__V1__Draft *draft)
{
    struct am_detail detail = {0};
    struct target *named = arena_alloc(arena, sizeof *named);
    Amana__V1__Pointer **list = arena_array(arena, draft->n_references + 1, sizeof *list);
    if (named == NULL || list == NULL)
        return arena_error(arena);
    TRY(load_header(input->command.session, box, id, arena, &detail, named));
    if (draft->n_references > 0)
        memcpy(list, draft->references, draft->n_references * sizeof *list);
    list[draft->n_references++] = &named->pointer;
    draft->references = list;
    return AM_OK;
}

static enum am_err references_fill(struct answer_input *input, struct arena *arena, const struct target *target,
                                   Amana__V1__Draft *draft, struct am_detail *detail)
{
    struct session *session = input->command.session;
    struct answers answers;
    char id[STORE_ID];
    if (input->verb->kind == KIND(CORRECTION) && target->kept->entry != NULL) {
        TRY(answers_find(session, target->id, &answers));
        if (answers.contest[0] != '\0')
            TRY(reference_add(input, arena, STORE_INBOX, answers.contest, draft));
    }
    if (input->verb->kind != KIND(DECISION) || draft->outcome != OUTCOME(UPHELD))
        return AM_OK;
    enum am_err err = mended_by(session, target->digest, id);
    if (err == AM_NOT_FOUND)
        return am_fail(AM_CONFLICT, detail, target->id,
                       "is upheld with the correction: `amana correct %.13s FILE` first",
                       target->opened.header->in_reply_to->id);
    TRY(err);
    err = reference_add(input, arena, STORE_SENT, id, draft);
    return err == AM_NOT_FOUND ? reference_add(input, arena, STORE_OUTBOX, id, draft) : err;
}

// --- What is done once and for all is told before
static int ask_first(const struct answer_input *input, const Amana__V1__Draft *draft, const struct target *newest,
                     bool *ret_go)
{
    *ret_go = true;
    if (input->verb->kind != KIND(ERASURE) || (input->yes && !input->dry_run))
        return 0;
    printf("%s %.13s and %zu older version%s: destroyed by the hub and in this store, for good\n",
           kind_name((unsigned)newest->opened.header->kind), newest->id, draft->n_references,
           draft->n_references == 1 ? "" : "s");
    for (size_t i = 0; i < draft->n_recipients; i++)
        printf("  must erase and confirm within 7 days  %s\n", draft->recipients[i]->unit);
    *ret_go = !input->dry_run && command_asked("Erase it?");
    if (*ret_go || input->dry_run)
        return 0;
    command_say("nothing was erased");
    return EX_USAGE;
}

// --- What goes before the word is given that it is gone
static int mend_first(struct answer_input *input, const struct submission *submission, const struct target *target)
{
    struct am_detail detail = {0};
    const Amana__V1__Draft *draft = submission->compose.draft;
    if (input->verb->kind != KIND(CONFIRM) || draft->outcome != OUTCOME(DONE) ||
        target->opened.header->kind != KIND(CORRECTION) ||
        (draft->body_case == AMANA__V1__DRAFT__BODY_CONFIRM && draft->confirm->own_messages_mended))
        return 0;
    enum am_err err = mended_check(input->command.session, target->opened.header, &detail);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int erase_first(struct answer_input *input, const struct submission *submission, const struct target *target)
{
    struct am_detail detail = {0};
    unsigned n;
    if (input->verb->kind != KIND(CONFIRM) || submission->compose.draft->outcome != OUTCOME(DONE) ||
        !erase_asked(target->opened.header))
        return 0;
    enum reason reason = compose_check(input->command.session, &submission->compose, &detail);
    if (reason != REASON_NONE)
        return submit_refuse(submission, reason, &detail);
    enum am_err err = erase_check(input->command.session, target->opened.header, &detail);
    if (err == AM_OK)
        err = erase_named(input->command.session, target->opened.header, &n);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (!input->command.json)
        command_say("%u message%s of this store %s erased", n, n == 1 ? "" : "s", n == 1 ? "was" : "were");
    return 0;
}

// --- Roles (rule 6): nobody becomes a suspect by the way; who was one and is a victim is contested with it
static enum am_err roles_of(const struct answer_input *input, const struct target *newest,
                            const Amana__V1__Draft *draft, struct arena *arena, struct roles_moved *ret_moved)
{
    Amana__V1__Body *body = arena_alloc(arena, sizeof *body);
    ProtobufCMessage *of_kind = kind_body_get(&draft->base);
    *ret_moved = (struct roles_moved){0};
    if (body == NULL)
        return arena_error(arena);
    if (of_kind == NULL || of_kind->descriptor != kind_body_type(input->verb->kind))
        return AM_OK; // the check names it
    amana__v1__body__init(body);
    (void)kind_body_set(input->verb->kind, &body->base, of_kind);
    return roles_compare(newest->opened.body, body, arena, ret_moved);
}

static int refuse_suspect(const struct submission *submission, const struct roles_moved *moved)
{
    struct am_detail detail = {0};
    (void)am_fail(AM_INVALID, &detail, "persons",
                  "%.31s was entered as a victim: only a CORRECTION with a supervisor makes a SUSPECT of such a person "
                  "(`amana correct`)",
                  moved->suspect);
    return submit_refuse(submission, REASON_FIELD_INVALID, &detail);
}

static int contest_too(struct answer_input *input, const struct submission *with, const struct target *root,
                       const struct target *newest, const struct roles_moved *moved, struct arena *arena)
{
    struct am_detail detail = {0};
    Amana__V1__Draft draft = AMANA__V1__DRAFT__INIT;
    Amana__V1__Contest contest = AMANA__V1__CONTEST__INIT;
    const struct kind *kind = input->kind;
    draft.kind = AMANA__V1__KIND__CODE__CONTEST;
    draft.flags = with->compose.draft->flags;
    draft.body_case = AMANA__V1__DRAFT__BODY_CONTEST;
    draft.contest = &contest;
    contest.reason = arena_printf(arena, "As the %s says that was sent before this.", kind->words);
    contest.roles = moved->freed;
    contest.n_roles = moved->n_freed;
    submit_carry(newest->opened.header, &draft);
    draft.retain_until = root->opened.header->retain_until;
    draft.recipients = arena_array(arena, LIMIT_RECIPIENTS + 2, sizeof *draft.recipients);
    input->kind = kind_get(KIND(CONTEST));
    enum am_err err = contest.reason != NULL && draft.recipients != NULL
                          ? recipients_usual(input, newest, arena, &draft)
                          : arena_error(arena);
    input->kind = kind;
    struct submission submission = {
        .compose = {&draft, &root->pointer, NULL, root->opened.header, newest->opened.header},
        .connected = with->connected,
        .online = with->online};
    command_say("%.31s was entered as a suspect there and is a victim: that is contested with it",
                moved->freed[0]->person);
    return err == AM_OK ? submit(&input->command, &submission) : command_fail(err, &detail);
}

// --- All of it
static int answer(struct answer_input *input, struct target *root, struct target *newest, struct arena *arena)
{
    struct am_detail detail = {0};
    struct am_bytes text = {0};
    Amana__V1__Draft *draft = NULL;
    enum am_err err = draft_of(input, arena, &detail, &text, &draft);
    if (err == AM_OK)
        err = body_fill(input, arena, draft);
    if (err == AM_OK && is_order(input) && root->kept->entry != NULL)
        err = versions_find(input, arena, root, newest, draft);
    if (err == AM_OK)
        err = shield_of_case(input->command.session, newest->opened.header->case_ref, &input->shield);
    if (err == AM_OK) {
        submit_carry(newest->opened.header, draft);
        draft->retain_until = root->opened.header->retain_until;
        err = defaults_fill(input, newest, arena, draft);
    }
    if (err == AM_OK)
        err = permissions_find(input, arena, newest, draft);
    if (err == AM_OK)
        err = references_fill(input, arena, newest, draft, &detail);
    if (err == AM_OK)
        err = recipients_fill(input, newest, arena, draft);
    if (err == AM_OK && json_object_get(input->said, "flags") == NULL)
        flags_for_listed(input, draft);
    if (err == AM_OK)
        err = submit_groups(&input->command.settings, arena, draft, &detail);
    struct submission submission = {.compose = {draft, is_order(input) ? &newest->pointer : &root->pointer,
                                                input->verb->kind == KIND(UPDATE) ? &newest->pointer : NULL,
                                                root->opened.header, newest->opened.header},
                                    .file = input->file,
                                    .text = text};
    struct roles_moved moved = {0};
    if (err == AM_OK && input->verb->kind != KIND(CORRECTION) && input->verb->kind != KIND(CONTEST))
        err = roles_of(input, newest, draft, arena, &moved);
    bool go = true, theirs = newest->box == STORE_INBOX;
    if (err == AM_OK && moved.suspect != NULL) {
        int refused = refuse_suspect(&submission, &moved);
        free((void *)text.data);
        return refused;
    }
    int code = err == AM_OK ? ask_first(input, draft, newest, &go) : command_fail(err, &detail);
    if (code == 0 && go)
        code = mend_first(input, &submission, newest);
    if (code == 0 && go)
        code = erase_first(input, &submission, newest);
    if (code == 0 && go)
        code = submit(&input->command, &submission);
    if (code == 0 && go && theirs && moved.n_freed > 0)
        code = contest_too(input, &submission, root, newest, &moved, arena);
    free((void *)text.data);
    return code;
}

static unsigned boxes_of(const struct kind *kind)
{
    switch ((enum kind_to)kind->to) {
    case TO_BACK:
    case TO_ORIGINATOR:
    case TO_PARTIES: return BOX(INBOX);
    case TO_ASKED:
    case TO_FORMER:
    case TO_SAME: return BOX(SENT);
    case TO_CHOSEN:
    case TO_OTHER_SIDE:
    case TO_HOLDERS: break;
    }
    return BOX(INBOX) | BOX(SENT);
}

// A verb of one outcome answers only what that fits: `accept` a referral.
static uint32_t answered_by(const struct answer_input *input)
{
    uint32_t on = input->kind->on;
    for (unsigned kind = 1; input->verb->fixed && input->verb->outcome != 0 && kind < KIND_COUNT; kind++)
        if (!kind_outcome_fits(input->verb->kind, kind, input->verb->outcome))
            on &= ~KIND_BIT(kind);
    return on;
}

// One of another kind, or of none, is told with those of this.
static int check_outcome(const struct answer_input *input)
{
    struct am_detail detail = {0};
    const json_t *said = json_object_get(input->said, "outcome");
    const ProtobufCEnumValue *code = said != NULL ? protobuf_c_enum_descriptor_get_value_by_name(
                                                        &amana__v1__outcome__code__descriptor, json_string_value(said))
                                                  : NULL;
    if (said == NULL || (code != NULL && (input->kind->outcomes & OUTCOME_BIT((unsigned)code->value)) != 0))
        return 0;
    return command_fail(am_fail(AM_INVALID, &detail, "outcome", "must be one of %s", outcomes_of(input)), &detail);
}

static int check_answers(const struct answer_input *input, const struct target *target)
{
    char kinds[KIND_LIST_TEXT];
    unsigned kind = (unsigned)target->opened.header->kind;
    if (input->verb->kind == KIND(CONFIRM) && kind_get(kind) != NULL && kind_get(kind)->confirm != 0 &&
        !erase_asked(target->opened.header)) {
        command_say("%.13s asks for no CONFIRM: by its outcome nothing is to be erased", target->id);
        return EX_DATAERR;
    }
    uint32_t on = answered_by(input);
    if (input->kind->chain != CHAIN_NONE || (on & KIND_BIT(kind)) != 0)
        return 0;
    kind_list(on, kinds, sizeof kinds);
    command_say("%.13s is a message of kind %s; `amana %s` answers: %s", target->id, kind_name(kind), input->verb->name,
                kinds);
    return EX_DATAERR;
}

static void tell_newer(struct answer_input *input, const struct target *target)
{
    struct answers answers;
    if (answers_find(input->command.session, target->id, &answers) == AM_OK && strcmp(answers.newest, target->id) != 0)
        command_say("there is a newer version, %.13s: answer that one too", answers.newest);
}

// A whole ID that is of no message here: what a data protection office orders about.
static bool is_of_office(const struct answer_input *input)
{
    struct am_detail detail = {0};
    enum store_box box;
    uint8_t bytes[16];
    char id[STORE_ID];
    bool orders = is_order(input) || input->verb->kind == KIND(CORRECTION);
    return orders && message_id_check(input->id, bytes, NULL) == AM_OK &&
           store_find(input->command.session->store, BOXES_ALL, input->id, &detail, &box, id) == AM_NOT_FOUND;
}

static int of_office(struct answer_input *input, struct target *target, struct target *newest, struct arena *arena)
{
    struct am_detail detail = {0};
    int code = command_connect(&input->command);
    if (code != 0)
        return code;
    enum am_err err = fetch_header(input, arena, &detail, target);
    if (err == AM_OK) {
        *newest = *target; // each version is named by its own ID: what others there are isn't known here
        err = pointer_fill(newest);
    }
    return err == AM_OK ? answer(input, target, newest, arena) : command_fail(err, &detail);
}

// Of an alert its first version is looked for, and from there the others.
static int order(struct answer_input *input, const struct target *target, struct target *root, struct target *newest,
                 struct arena *arena)
{
    struct am_detail detail = {0};
    const Amana__V1__Header *header = target->opened.header;
    const struct kind *kind = kind_get((unsigned)header->kind);
    bool version = kind != NULL && kind->chain == CHAIN_RENEWS && header->in_reply_to != NULL;
    const char *id = version ? header->in_reply_to->id : target->id;
    enum am_err err = load_header(input->command.session, target->box, id, arena, &detail, root);
    if (err == AM_OK)
        err = load_header(input->command.session, target->box, id, arena, &detail, newest);
    return err == AM_OK ? answer(input, root, newest, arena) : command_fail(err, &detail);
}

static int run(struct answer_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    static struct target target, root, newest;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    code = check_outcome(input);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    if (is_of_office(input))
        return of_office(input, &target, &newest, &arena);
    code = command_find(&input->command, boxes_of(input->kind), input->id, &box, id);
    if (code != 0)
        return code;
    enum am_err err = is_order(input) ? load_header(input->command.session, box, id, &arena, &detail, &target)
                                      : load(input->command.session, box, id, &arena, &detail, &target);
    if (err != AM_OK)
        return command_fail(err, &detail);
    code = check_answers(input, &target);
    if (code != 0)
        return code;
    if (is_order(input))
        return order(input, &target, &root, &newest, &arena);
    if (input->kind->chain == CHAIN_NONE) {
        tell_newer(input, &target);
        return answer(input, &target, &target, &arena);
    }
    code = load_root(input, &arena, &target, &root);
    if (code == 0)
        code = load_newest(input, &arena, &root, &newest);
    return code == 0 ? answer(input, &root, &newest, &arena) : code;
}

int verb_answer(int argc, char **argv)
{
    struct answer_input input = {.verb = answer_verb_find(argv[0])};
    input.kind = kind_get(input.verb->kind);
    input.said = json_object();
    command_init(&input.command);
    command_parse(argp_of(&input), argc, argv, &input);
    int code = run(&input);
    json_decref(input.said);
    command_clear(&input.command);
    return code;
}
