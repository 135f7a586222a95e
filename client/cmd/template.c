// SPDX-License-Identifier: Apache-2.0
// Words and defaults per field, and the walk over the descriptors that prints them.
#include "client/cmd/template.h"

#include "amana/v1/draft.pb-c.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <string.h>

// value: JSON that stands in the template, "*" for a nested message or list printed in full, NULL for a field that is
// printed as a comment, to be taken in where it is known; SKIP for other kinds' fields, which stand in no template.
#define SKIP ((const char *)-1)
struct hint {
    const char *field, *words, *value;
};

// What each field of a body is, as its comment in the .proto says it.
static const struct {
    const char *field, *words;
} FIELD_WORDS[] = {
#include "field_words.inc"
};

static const struct hint HINTS[] = {
    {"Draft.kind", "what kind of message this is", "$kind"},
    {"Draft.status", "ACTUAL, or an exercise or test that never shows as real", "\"ACTUAL\""},
    {"Draft.case_ref", "the case, opened by your agency: country/agency/year/number", "$case"},
    {"Draft.recipients", "who gets it: ACTION must act and is on the clock, COPY only reads", "$recipients"},
    {"Draft.subject_kind", "what is looked for; PERSON and GROUP wait for a second person's release", "\"VEHICLE\""},
    {"Draft.outcome", "what is answered", SKIP},
    {"Draft.urgency", "U1 life at risk: acknowledged in 15 min; U2 in 1 h; U3 in 4 h; U4 in 24 h", "\"U3\""},
    {"Draft.urgency_reason", "needed for U1 and U2, left out for U3 and U4", NULL},
    {"Draft.answer_by", "to be answered by; left out: by the urgency", NULL},
    {"Draft.due_at", "when it is expected, with its offset", SKIP},
    {"Draft.granted_to", "a unit that it is granted to", SKIP},
    {"Draft.valid_until", "in force until, at most until retain_until; left out: 72 hours from now", NULL},
    {"Draft.handling",
     "H0 fight crime, H1 not in court without permission, H2 not passed on without permission, H3 other limit "
     "(alert.handling_note)",
     "[\"H0\"]"},
    {"Draft.source_eval", "how reliable the source is: A always, B mostly, C not, X unknown", "\"B\""},
    {"Draft.info_eval", "how sure the information is: I1 certain, I2 known to the source, I3 hearsay, I4 unknown",
     "\"I2\""},
    {"Draft.classification", "CONFIDENTIAL needs a second person", "\"RESTRICTED\""},
    {"Draft.purpose", "what it may be used for; PROTECTION goes only to protection units", "\"INVESTIGATION\""},
    {"Draft.legal_basis", "the two _AGREEMENT ones with agreement_ref", "\"PALERMO_PROTOCOL\""},
    {"Draft.agreement_ref", "the agreement's short name, with the two _AGREEMENT bases only", NULL},
    {"Draft.consent", "has the person agreed? VITAL_INTEREST at U1 or U2 alone, with review_at within 72 hours",
     "\"NOT_ASKED\""},
    {"Draft.retain_until", "kept until; left out: one year from now; at most three", NULL},
    {"Draft.review_at", "when to ask again whether it must be kept", NULL},
    {"Draft.language", "of the text, ISO 639: en, fr, ar, am, so, sw", "\"en\""},
    {"Draft.release",
     "by a second person: left out, REQUIRED where it is needed; DEFERRED goes first, for what can't "
     "wait",
     NULL},
    {"Draft.releasing", "unit of your agency whose supervisors may release it; left out: your own", NULL},
    {"Draft.told_at", "when it was said, with its offset", SKIP},
    {"Draft.means", "by which way", SKIP},
    {"Draft.flags", "what hubs must know to protect people", "*"},
    {"Draft.references", "other messages that this one builds on", NULL},
    {"DraftRecipient.unit", "country/agency/unit", "\"\""},
    {"DraftRecipient.part", "ACTION or COPY", "\"ACTION\""},
    {"DraftFlags.child",
     "true where a person is, or may be, under 18, and where no age is said: then your country's protection unit must "
     "be among the recipients",
     "false"},
    {"DraftFlags.protection",
     "has a person asked, or may need to ask, for protection from a state among the "
     "recipients? NO; YES; UNKNOWN. With YES or UNKNOWN name the states in never_tell: nothing of it goes there",
     "\"NOT_CONCERNED\""},
    {"DraftFlags.never_tell", "states that must not learn of it, by their ISO 3166-1 codes: [\"er\"]", NULL},
    {"Pointer.id", "a message's id", "\"\""},
    {"Pointer.header_digest", "SHA-256 of its header, base64", "\"\""},

    {"Request.title", "one line; never a victim's name", "\"\""},
    {"Request.information", "what is asked for, one thing each", "[\"\"]"},
    {"Request.reason", "what for: the purpose in this case", "\"\""},
    {"Request.available_because", "why the other side is thought to have it", "\"\""},
    {"Request.connection", "how the persons are connected to the purpose", NULL},
    {"Request.actions", "asked besides", NULL},
    {"Request.persons", "about whom", NULL},
    {"Request.vehicles", "about which", NULL},
    {"Request.vessels", "about which", NULL},
    {"Request.documents", "about which", NULL},
    {"Request.communications", "about which", NULL},
    {"Request.places", "about which", NULL},
    {"Request.period", "about which time", NULL},
    {"Request.risks", "what endangers those who act", NULL},
    {"Request.child_safeguard", "where a child is concerned", NULL},
    {"Request.handling_note", "the text of handling H3", NULL},
    {"Request.contact", "who answers questions: a desk, never a person's name", "*"},
    {"Period.from", "the first moment", NULL},
    {"Period.to", "the last", NULL},

    {"Referral.summary", "who needs what, and why", "\"\""},
    {"Referral.persons", "who is referred", "*"},
    {"Referral.services", "asked for", "[\"SHELTER\"]"},
    {"Referral.plan", "what is to be reached, and how", NULL},
    {"Referral.reason", "", "\"ADDITIONAL_SERVICES_REQUIRED\""},
    {"Referral.referred_by", "an office", "\"\""},
    {"Referral.consent", "to what, when, in which language", "*"},
    {"Referral.handover", "where and when the person is handed over", NULL},
    {"Referral.interpreter", "the language that one is needed for, ISO 639", NULL},
    {"Referral.risks", "to the person, or from pursuers", NULL},
    {"Referral.child_safeguard", "where a child is referred", NULL},
    {"Referral.handling_note", "the text of handling H3", NULL},
    {"Referral.contact", "who answers questions: a desk, never a person's name", "*"},
    {"ConsentRecord.to", "referral, sharing with whom, treatment: in words", "[\"\"]"},
    {"ConsentRecord.given_at", "when it was given", "\"\""},
    {"ConsentRecord.language", "in which it was explained, ISO 639", "\"\""},
    {"ConsentRecord.interpreter", "somebody interpreted", "false"},
    {"ConsentRecord.given_by", "who, where not the person: a guardian, by function", NULL},
    {"Appointment.place", "", "*"},
    {"Appointment.time", "with its offset", NULL},
    {"Appointment.note", "who comes, how they know each other", NULL},

    {"SubjectAccess.person", "who asks; the name is needed: what is held is looked for by it",
     "{\"names\": [{\"type\": \"GIVEN\", \"text\": \"\"}]}"},
    {"SubjectAccess.received_at", "when they asked; needed", NULL},
    {"SubjectAccess.verified_by", "how their identity was made sure", "\"\""},
    {"SubjectAccess.representative", "lawyer or guardian, by function", NULL},
    {"SubjectAccess.scope", "what they ask about; left out: all", NULL},
    {"SubjectAccess.answer_language", "of the sheet, ISO 639", NULL},
    {"Note.title", "one line; never a victim's name", "\"\""},
    {"Note.text", "", "\"\""},
    {"Note.open", "what is still to be done, at a shift's end", NULL},
    {"Note.persons", "described, not identified", NULL},
    {"Note.handling_note", "the text of handling H3", NULL},

    {"Alert.title", "one line; never a victim's name", "\"\""},
    {"Alert.summary", "what is known, and how", "\"\""},
    {"Alert.actions", "what is asked of the recipient", "[\"STOP_AND_SEARCH\"]"},
    {"Alert.instructions", "what to do, and what not to", "\"\""},
    {"Alert.persons", "described, not identified: no name, document number or photograph yet", NULL},
    {"Alert.vehicles", "", "*"},
    {"Alert.vessels", "", NULL},
    {"Alert.documents", "a document searched for by itself", NULL},
    {"Alert.journey", "where it was seen, and where it is expected", NULL},
    {"Alert.places", "other places that matter", NULL},
    {"Alert.communications", "telephones, accounts", NULL},
    {"Alert.palermo", "the elements of trafficking (Palermo Protocol art. 3); under 18 no means is needed", NULL},
    {"Alert.risks", "what endangers those who act, or those found", NULL},
    {"Alert.child_safeguard", "for a child", NULL},
    {"Alert.handling_note", "the text of handling H3", NULL},
    {"Alert.contact", "who answers questions: a desk, never a person's name", "*"},
    {"Person.names", "identifies: an alert then waits for a second person's release", NULL},
    {"Person.sex", "", NULL},
    {"Person.birth", "", NULL},
    {"Person.age", "a range in years, or unknown", NULL},
    {"Person.citizenships", "ISO 3166-1 in lower case, or stateless, unknown", NULL},
    {"Person.languages", "ISO 639", NULL},
    {"Person.documents", "a number identifies: as names do", NULL},
    {"Person.description", "what they look like", "\"\""},
    {"Person.roles", "what they are to the case; a victim or smuggled migrant is never a SUSPECT too",
     "[\"PRESUMED_VICTIM\"]"},
    {"Person.actions", "asked about this person; DETAIN for a SUSPECT only", NULL},
    {"Person.victim", "of a victim", NULL},
    {"Person.perpetrator", "of a suspect", NULL},
    {"Person.photograph", "identifies: as names do", NULL},
    {"Person.count", "how many alike this stands for", NULL},
    {"Person.communications", "", NULL},
    {"NamePart.type", "", "\"GIVEN\""},
    {"NamePart.text", "in its own script", "\"\""},
    {"NamePart.transliteration", "in Latin letters", "\"\""},
    {"PartialDate.date", "YYYY, YYYY-MM or YYYY-MM-DD", "\"\""},
    {"AgeRange.from", "years", "0"},
    {"AgeRange.to", "years", "0"},
    {"AgeRange.unknown", "", NULL},
    {"Document.type", "", "\"PASSPORT\""},
    {"Document.number", "", "\"\""},
    {"Document.issuer", "country, ISO 3166-1", "\"\""},
    {"Document.expiry", "", NULL},
    {"Document.check_digit", "of the number (ICAO 9303-3)", NULL},
    {"Document.remark", "", "\"\""},
    {"Photograph.media_type", "image/jpeg", "\"image/jpeg\""},
    {"Photograph.data", "base64", "\"\""},
    {"VictimContext.status", "", "\"POSSIBLE\""},
    {"VictimContext.decided_by", "", "\"POLICE\""},
    {"VictimContext.recruitment", "how they were recruited", NULL},
    {"VictimContext.control", "how they are controlled", NULL},
    {"VictimContext.exploitation", "", NULL},
    {"VictimContext.industry", "ISIC rev. 4, a letter A to U", NULL},
    {"VictimContext.relation_to_trafficker", "", NULL},
    {"VictimContext.age_when_trafficked", "years", NULL},
    {"VictimContext.needs", "what they will need first", "[]"},
    {"PerpetratorContext.roles", "in the process: recruiter, transporter…", "[]"},
    {"PerpetratorContext.details", "", "\"\""},
    {"PerpetratorContext.organisation", "", NULL},
    {"Palermo.acts", "", "[]"},
    {"Palermo.means", "", "[]"},
    {"Palermo.purposes", "", "[]"},
    {"Event.type", "", "\"TRANSIT\""},
    {"Event.place", "", "*"},
    {"Event.time", "with its offset, as 2026-11-24T12:40:00+03:00", NULL},
    {"Event.description", "", "\"\""},
    {"Event.expected", "true: not seen, but thought to come", "false"},
    {"Place.locode", "UN/LOCODE", NULL},
    {"Place.country", "ISO 3166-1 in lower case", "\"\""},
    {"Place.city", "", "\"\""},
    {"Place.text", "in words", "\"\""},
    {"Place.coordinates", "", NULL},
    {"Coordinates.latitude", "degrees, WGS 84", "0"},
    {"Coordinates.longitude", "degrees", "0"},
    {"Coordinates.radius", "metres", "0"},
    {"Vehicle.type", "", "\"LORRY\""},
    {"Vehicle.registration", "", "\"\""},
    {"Vehicle.country", "of registration", "\"\""},
    {"Vehicle.make", "", "\"\""},
    {"Vehicle.model", "", "\"\""},
    {"Vehicle.colour", "", "\"\""},
    {"Vehicle.trailer_registration", "", NULL},
    {"Vehicle.description", "what tells it from others", "\"\""},
    {"Vessel.name", "", "\"\""},
    {"Vessel.imo", "IMO number", NULL},
    {"Vessel.mmsi", "", NULL},
    {"Vessel.call_sign", "", NULL},
    {"Vessel.flag", "ISO 3166-1", NULL},
    {"Vessel.description", "", "\"\""},
    {"CommunicationId.type", "", "\"TELEPHONE\""},
    {"CommunicationId.value", "", "\"\""},
    {"CommunicationId.service", "of an account", NULL},
    {"RiskFlag.code", "", "\"DANGEROUS_TRANSPORT\""},
    {"RiskFlag.note", "", "\"\""},
    {"ChildSafeguard.guardian", "who has care of the child", "\"\""},
    {"ChildSafeguard.officer", "who looks after the child's interest: an office", "\"\""},
    {"ChildSafeguard.best_interest", "what is best for the child, and why", "\"\""},
    {"Contact.office", "", "\"\""},
    {"Contact.telephone", "with country code: +254…", "\"\""},
    {"Contact.email", "", NULL},
};

// Where the same field says something else in some kinds.
#define K(name) KIND_BIT(KIND(name))
static const struct {
    uint32_t kinds;
    const char *field, *words;
} KIND_WORDS[] = {
    {K(HOLD), "Draft.valid_until", "kept until, as the court says; needed"},
    {K(NOTE), "Draft.recipients", "who gets it: ACTION is written to, COPY reads along"},
    {K(NOTE), "Draft.urgency", "U1 life at risk; U2 and U3 urgent; U4 routine; a note is acknowledged by nobody"},
    {K(NOTE), "Draft.retain_until", "kept until; left out: one year from now, the longest"},
};
#undef K

static void field_name(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field, char ret_name[96])
{
    snprintf(ret_name, 96, "%s.%s", type->short_name, field->name);
}

static const struct hint *hint_of(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    char name[96];
    field_name(type, field, name);
    for (size_t i = 0; i < AM_LEN(HINTS); i++)
        if (strcmp(HINTS[i].field, name) == 0)
            return &HINTS[i];
    return NULL;
}

static const char *words_of_kind(unsigned kind, const ProtobufCMessageDescriptor *type,
                                 const ProtobufCFieldDescriptor *field)
{
    char name[96];
    field_name(type, field, name);
    for (size_t i = 0; i < AM_LEN(KIND_WORDS); i++)
        if ((KIND_WORDS[i].kinds & KIND_BIT(kind)) != 0 && strcmp(KIND_WORDS[i].field, name) == 0)
            return KIND_WORDS[i].words;
    return NULL;
}

const char *template_words(unsigned kind, const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    const struct hint *hint = hint_of(type, field);
    const char *words = words_of_kind(kind, type, field);
    char name[96];
    if (words != NULL)
        return words;
    if (hint != NULL && hint->words[0] != '\0')
        return hint->words;
    field_name(type, field, name);
    for (size_t i = 0; i < AM_LEN(FIELD_WORDS); i++)
        if (strcmp(FIELD_WORDS[i].field, name) == 0)
            return FIELD_WORDS[i].words;
    return hint != NULL ? hint->words : NULL;
}

struct writer {
    const struct template_defaults *defaults;
    unsigned kind;
    FILE *out;
};

// The hint for a field that stands in the template of the kind: of a draft, its own body and the header fields that it
// has. NULL for what is left out.
// What policy fills in, with the words that say so; NULL: the table's.
static const struct hint *hint_by_policy(const struct writer *w, const char *field)
{
    static char words[2][96];
    static struct hint made[] = {
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

static const struct hint *hint_for(const struct writer *w, const ProtobufCMessageDescriptor *type,
                                   const ProtobufCFieldDescriptor *field)
{
    static const struct hint BODY = {"", "the sealed part: only recipients read it", "*"};
    static struct hint of_kind;
    const struct kind *kind = kind_get(w->kind);
    const struct hint *hint = hint_of(type, field);
    const char *words = words_of_kind(w->kind, type, field);
    if (hint != NULL && words != NULL) {
        of_kind = (struct hint){"", words, hint->value};
        hint = &of_kind;
    }
    if (type == &amana__v1__draft__descriptor && hint_by_policy(w, field->name) != NULL)
        hint = hint_by_policy(w, field->name);
    if (type == &amana__v1__draft__descriptor && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return strcmp(field->name, kind->json) == 0 ? &BODY : NULL;
    const ProtobufCFieldDescriptor *of_header =
        protobuf_c_message_descriptor_get_field_by_name(&amana__v1__header__descriptor, field->name);
    uint64_t has = HEADER_ALWAYS | HEADER_OFTEN | kind->required | kind->optional;
    bool left_out =
        type == &amana__v1__draft__descriptor && of_header != NULL && (has & HEADER_BIT(of_header->id)) == 0;
    return left_out || hint == NULL || hint->value == SKIP ? NULL : hint;
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
    bool codes = field->type == PROTOBUF_C_TYPE_ENUM;
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

static void print_field(const struct writer *w, const ProtobufCFieldDescriptor *field, const struct hint *hint,
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
        const struct hint *hint = hint_for(w, type, &type->fields[i]);
        if (hint != NULL && hint->value != NULL)
            last = i;
    }
    fputs("{\n", w->out);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct hint *hint = hint_for(w, type, &type->fields[i]);
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
    return row != NULL && !row->must_answer;
}

enum am_err template_print(unsigned kind, const struct template_defaults *defaults, FILE *out)
{
    struct writer w = {defaults, kind, out};
    fprintf(out,
            "// %s: %s. Fill in, take out the // before what is known, then: amana send FILE\n"
            "// What is not asked here (id, sender, times, digests, signature) is filled in by the program.\n",
            kind_name(kind), kind_get(kind)->words);
    print_message(&w, &amana__v1__draft__descriptor, 0, 0);
    fputc('\n', out);
    return ferror(out) ? AM_IO : AM_OK;
}
