// SPDX-License-Identifier: Apache-2.0
// Puts the draft of an answer together.
#include "client/cmd/answer_draft.h"

#include "client/cmd/draft_file.h"
#include "client/cmd/print.h"
#include "client/cmd/wipe.h"
#include "client/session/erase.h"
#include "client/session/fled.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/codec/field.h"
#include "proto/codec/json.h"
#include "proto/codec/timestamp.h"
#include "proto/model/address.h"
#include "proto/model/country.h"
#include "proto/model/harm.h"
#include "proto/model/header.h"
#include "proto/model/kind_body.h"
#include "proto/model/rules.h"

#include <stdlib.h>
#include <string.h>

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
    wipe_free(text);
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

// A file of another kind was meant for another verb; an alert's form is an update's too.
static enum am_err check_kind(const struct answer_input *input, const Amana__V1__Draft *draft, struct am_bytes text,
                              struct am_detail *detail)
{
    unsigned said = (unsigned)draft->kind, sent = input->verb->kind;
    if (said == 0 || said == sent || kind_body_type(said) == kind_body_type(sent))
        return AM_OK;
    enum am_err err =
        am_fail(AM_INVALID, detail, "kind", "is %s, but `amana %s` sends %s: leave it out, or take the file for that",
                kind_name(said), input->verb->name, kind_name(sent));
    detail->line = draft_line(text, "kind");
    return err;
}

enum am_err answer_draft(struct answer_input *input, struct arena *arena, struct am_detail *detail,
                         struct am_bytes *ret_text, Amana__V1__Draft **ret_draft)
{
    Amana__V1__Draft *said, *draft;
    TRY(draft_said(input, arena, detail, &said));
    if (input->file == NULL) {
        *ret_draft = said;
        return AM_OK;
    }
    TRY(draft_read(input->file, arena, detail, ret_text, &draft));
    TRY(check_kind(input, draft, *ret_text, detail));
    put_over(&draft->base, &said->base);
    ProtobufCMessage *body = kind_body_get(&draft->base), *over = kind_body_get(&said->base);
    if (body == NULL)
        (void)kind_body_set(input->verb->kind, &draft->base, over);
    else if (over != NULL && over->descriptor == body->descriptor)
        put_over(body, over);
    *ret_draft = draft;
    return AM_OK;
}

// Who is at the barrier says so at once, and types no time.
static enum am_err found_now(const struct answer_input *input, struct arena *arena, Amana__V1__Hit *hit)
{
    if (hit->found_at != NULL)
        return AM_OK;
    hit->found_at = arena_alloc(arena, sizeof *hit->found_at);
    if (hit->found_at == NULL)
        return arena_error(arena);
    google__protobuf__timestamp__init(hit->found_at);
    timestamp_from_ns(session_now(input->command.session), hit->found_at);
    command_say("found now, %s; --found-at says another time", print_time(hit->found_at));
    return AM_OK;
}

// Where nothing else is said it was found at home: who protects there is told of a child (rule 3).
static enum am_err found_here(const struct answer_input *input, struct arena *arena, Amana__V1__Hit *hit)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    char country[ADDRESS_COUNTRY_MAX + 1], there[3];
    const Amana__V1__Place *place = hit->place;
    address_country(own, country);
    if (place == NULL || place->country[0] != '\0' || country_index(country) == COUNTRIES)
        return AM_OK; // the check names what is missing
    body_place_country(place, there);
    if (there[0] != '\0')
        return AM_OK;
    hit->place->country = arena_printf(arena, "%s", country);
    if (hit->place->country == NULL)
        return arena_error(arena);
    command_say("found in %s; place.country in FILE says another country", country);
    return AM_OK;
}

// A body that says nothing is one all the same; an alert's form may be written as "alert" in an UPDATE.
enum am_err answer_body_fill(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft)
{
    const ProtobufCMessageDescriptor *type = kind_body_type(input->verb->kind);
    ProtobufCMessage *body = kind_body_get(&draft->base);
    if (body == NULL) {
        body = arena_alloc(arena, type->sizeof_message);
        if (body == NULL)
            return arena_error(arena);
        protobuf_c_message_init(type, body);
    }
    if (body->descriptor != type)
        return AM_OK; // the check names it
    (void)kind_body_set(input->verb->kind, &draft->base, body);
    if (input->verb->kind != KIND(HIT))
        return AM_OK;
    TRY(found_now(input, arena, draft->hit));
    return found_here(input, arena, draft->hit);
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

// The other side's word for its own state is nobody's here.
static enum am_err flags_inherit(const struct answer_input *input, const struct target *newest,
                                 const Amana__V1__Draft *draft, Amana__V1__DraftFlags *flags)
{
    const Amana__V1__Header header = envelope_of(draft, newest), *before = newest->opened.header;
    bool unasked = false;
    if (harm_tells(&header))
        TRY(fled_unasked(input->command.session, before->case_ref, before->sender->unit, &unasked));
    const Amana__V1__Flags *said = unasked ? NULL : newest->opened.flags;
    flags->protection = said != NULL ? said->protection : PROTECTION(NOT_CONCERNED);
    return AM_OK;
}

static enum am_err flags_fill(const struct answer_input *input, const struct target *newest, struct arena *arena,
                              Amana__V1__Draft *draft)
{
    const Amana__V1__Flags *flags = newest->opened.flags; // NULL: an order says nothing of any person
    bool child =
        (flags != NULL && flags->child) || draft->urgency_reason == AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK;
    if (draft->flags != NULL) {
        draft->flags->child |= child;
        return draft->flags->protection == PROTECTION(NO) ? flags_back(input, arena, draft) : AM_OK;
    }
    draft->flags = arena_alloc(arena, sizeof *draft->flags);
    if (draft->flags == NULL)
        return arena_error(arena);
    amana__v1__draft_flags__init(draft->flags);
    draft->flags->child = child;
    TRY(flags_inherit(input, newest, draft, draft->flags));
    return flags_of_case(input, arena, draft->flags);
}

bool answer_keeps_from(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft,
                       const char *unit)
{
    Amana__V1__Header header = envelope_of(draft, newest);
    return shield_keeps(&input->shield, &header, unit, newest->opened.header->sender->unit);
}

static bool goes_to(const Amana__V1__Draft *draft, const char *country)
{
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (address_in_country(draft->recipients[i]->unit, country))
            return true;
    return false;
}

// The few answers that a listed state gets say what it knows: what it has said itself. Who protects would else take
// that back, without a word of it.
enum am_err answer_flags_for_listed(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                    Amana__V1__Draft *draft)
{
    const Amana__V1__Flags *said = newest->opened.flags;
    char own[ADDRESS_COUNTRY_MAX + 1];
    bool listed = false;
    for (size_t i = 0; i < draft->n_recipients && !input->shield.own; i++)
        listed |= shield_lists(&input->shield, draft->recipients[i]->unit) != NULL;
    if (listed && draft->kind != AMANA__V1__KIND__CODE__ACK)
        command_say("it goes to a state that somebody in the case may have fled, which reads its words: say there only "
                    "what would be said if nothing were held here");
    if (!listed || !says_shield(draft->flags->protection))
        return AM_OK;
    address_country(input->command.session->settings.value[SETTING_UNIT], own);
    draft->flags->protection = said != NULL ? said->protection : PROTECTION(NOT_CONCERNED); // as ever
    if (says_shield(draft->flags->protection))
        draft->flags->protection = PROTECTION(NO);
    draft->flags->n_never_tell = 0;
    draft->flags->never_tell = arena_array(arena, said != NULL ? said->n_never_tell : 0, sizeof *said->never_tell);
    if (draft->flags->never_tell == NULL)
        return arena_error(arena);
    for (size_t i = 0; said != NULL && i < said->n_never_tell; i++) {
        if (strcmp(said->never_tell[i], own) == 0 || goes_to(draft, said->never_tell[i]))
            continue;
        draft->flags->never_tell[draft->flags->n_never_tell++] = said->never_tell[i];
        draft->flags->protection = said->protection;
    }
    return AM_OK;
}

enum am_err answer_defaults_fill(const struct answer_input *input, const struct target *newest, struct arena *arena,
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
    bool told = (input->kind->required & HEADER_BIT(15)) != 0 || draft->means != 0;
    if (told && draft->told_at == NULL) {
        draft->told_at = arena_alloc(arena, sizeof *draft->told_at);
        if (draft->told_at == NULL)
            return arena_error(arena);
        timestamp_from_ns(session_now(input->command.session) / NS_PER_S * NS_PER_S, draft->told_at);
    }
    return AM_OK;
}

enum am_err answer_retention(struct session *session, const struct target *root, const struct target *newest,
                             struct arena *arena, Amana__V1__Draft *draft)
{
    const Amana__V1__Header header = envelope_of(draft, newest), *answered = newest->opened.header;
    const Amana__V1__Pointer *const of[] = {&newest->pointer, &root->pointer, answered->in_reply_to};
    uint64_t now = session_now(session), until = header_time_or_0(answered->retain_until);
    draft->retain_until = root->opened.header->retain_until;
    if (header_time_or_0(draft->retain_until) > now || !rule_of_held((unsigned)draft->kind))
        return AM_OK;
    if (draft->kind == (Amana__V1__Kind__Code)KIND(HOLD) && header_time_or_0(draft->valid_until) > until)
        until = header_time_or_0(draft->valid_until);
    for (size_t i = 0; i < AM_LEN(of); i++) {
        uint64_t held;
        char by[STORE_ID];
        if (of[i] == NULL || of[i]->header_digest.len != LOG_HASH_SIZE)
            continue;
        TRY(erase_held(session, of[i]->header_digest.data, &held, by));
        until = held > until ? held : until;
    }
    if (until <= now)
        return AM_OK; // refused, by its time
    uint64_t most = now / NS_PER_S * NS_PER_S + kind_retention_days(&header) * NS_PER_DAY;
    draft->retain_until = arena_alloc(arena, sizeof *draft->retain_until);
    if (draft->retain_until == NULL)
        return arena_error(arena);
    timestamp_from_ns(until < most ? until : most, draft->retain_until);
    return AM_OK;
}
