// SPDX-License-Identifier: Apache-2.0
// What each field of a draft is in words, and what stands in its place in a template: tables.
#include "client/cmd/template_words.h"

#include "proto/model/kind.h"

#include <stdio.h>
#include <string.h>

// What each field of a body is, as its comment in the .proto says it.
static const struct {
    const char *field, *words;
} FIELD_WORDS[] = {
#include "field_words.inc"
};

static const struct template_hint HINTS[] = {
    {"Draft.kind", "what kind of message this is: another has another template", "$kind"},
    {"Draft.status", "ACTUAL, or an exercise or test that never shows as real", "\"ACTUAL\""},
    {"Draft.case_ref", "the case, opened by your agency: country/agency/year/number", "$case"},
    {"Draft.recipients", "who gets it: ACTION must act and is on the clock, COPY only reads", "$recipients"},
    {"Draft.subject_kind", "what is looked for; PERSON and GROUP wait for a second person's release", "\"VEHICLE\""},
    {"Draft.outcome", "what is answered", TEMPLATE_SKIP},
    {"Draft.urgency", "U1 life at risk: acknowledged in 15 min; U2 in 1 h; U3 in 4 h; U4 in 24 h", "\"U3\""},
    {"Draft.urgency_reason", "needed for U1 and U2, left out for U3 and U4", NULL},
    {"Draft.answer_by", "to be answered by, at most until retain_until; left out: by the urgency", NULL},
    {"Draft.due_at", "when it is expected, with its offset", TEMPLATE_SKIP},
    {"Draft.granted_to", "a unit that it is granted to", TEMPLATE_SKIP},
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
    {"Draft.told_at", "when it was said, with its offset", TEMPLATE_SKIP},
    {"Draft.means", "by which way", TEMPLATE_SKIP},
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
    {"Pointer.id", "a message's id, or a beginning of it that no other has", "\"\""},
    {"Pointer.header_digest", "", TEMPLATE_SKIP},

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

    {"Clarification.answers", "one for each question", "*"},
    {"Clarification.persons", "said more exactly", NULL},
    {"Clarification.documents", "said more exactly", NULL},
    {"Answer.question", "as it was asked", "\"\""},
    {"Answer.text", "the answer", "\"\""},
    {"Correction.reason", "how it is known", "\"\""},
    {"Correction.changes", "facts; where only a role was wrong take them out", "*"},
    {"Correction.roles", "roles; towards SUSPECT a second person releases it", NULL},
    {"Correction.stolen_identity", "the person named isn't the one who did it", "false"},
    {"Correction.persons", "as they are right", NULL},
    {"Correction.contact", "who answers questions: a desk, never a person's name", "*"},
    {"Contest.reason", "how it is known", "\"\""},
    {"Contest.roles", "a victim entered as a suspect; where only a fact is wrong take them out", "*"},
    {"Contest.facts", "what else is wrong", NULL},
    {"Contest.evidence", "what it rests on", "\"\""},
    {"Contest.contact", "who answers questions: a desk, never a person's name", "*"},
    {"Change.path", "which field of the body, as alert.vehicles[0].registration", "\"\""},
    {"Change.was", "what it said", "\"\""},
    {"Change.now", "what is right; empty: it should not be there", "\"\""},
    {"Change.person", "label of the person it is about", NULL},
    {"RoleChange.person", "label of the person, as `amana show` has it", "\"\""},
    {"RoleChange.was", "as entered", "[\"SUSPECT\"]"},
    {"RoleChange.now", "as it is right", "[\"PRESUMED_VICTIM\"]"},

    {"Alert.title", "one line; never a victim's name", "\"\""},
    {"Alert.summary", "what is known, and how", "\"\""},
    {"Alert.actions", "what is asked of the recipient", "[\"STOP_AND_SEARCH\"]"},
    {"Alert.instructions", "what to do, and what not to", "\"\""},
    {"Alert.persons", "who is looked for, or with it; who has a name, a document number or a photograph is identified",
     NULL},
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
    {"Person.label", "a short name within the case, as driver: later messages speak of this person by it", NULL},
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

const struct template_hint *template_hint_of(const ProtobufCMessageDescriptor *type,
                                             const ProtobufCFieldDescriptor *field)
{
    char name[96];
    field_name(type, field, name);
    for (size_t i = 0; i < AM_LEN(HINTS); i++)
        if (strcmp(HINTS[i].field, name) == 0)
            return &HINTS[i];
    return NULL;
}

const char *template_kind_words(unsigned kind, const ProtobufCMessageDescriptor *type,
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
    const struct template_hint *hint = template_hint_of(type, field);
    const char *words = template_kind_words(kind, type, field);
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
