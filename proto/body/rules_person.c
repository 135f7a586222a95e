// SPDX-License-Identifier: Apache-2.0
// The rules about persons: what they are to the case, what may be asked about them, where they come from, who they are.
// Their papers: rules_paper.c. What was done to them: rules_victim.c.
#include "proto/body/person.h"
#include "proto/body/rule.h"
#include "proto/body/shape.h"
#include "proto/model/address.h"
#include "proto/model/country.h"

#include <string.h>

#define MANY     10000u
#define COMPARED (64u * 1024) // names and numbers of suspects, times those of victims

static const Amana__V1__Person *person(const struct body_at *at)
{
    return (const Amana__V1__Person *)(const void *)at->message;
}

static bool asked(const struct body_at *at, unsigned action)
{
    return rule_asks(person(at)->actions, person(at)->n_actions, action);
}

// --- Roles
IS(is_suspect)
{
    return rule_has_role(person(at), ROLE(SUSPECT));
}
IS(not_shielded)
{
    return !rule_has_role(person(at), SHIELDED);
}
IS(not_missing)
{
    return !rule_has_role(person(at), ROLE(MISSING));
}

static bool is_cared_for(const Amana__V1__Person *other)
{
    return rule_has_role(other, SHIELDED | ROLE(MISSING));
}

// What a peer writes may be a whole book of names, and each is held against each.
IS(can_be_compared)
{
    struct rule_persons all = rule_persons(at->of_kind);
    size_t suspects = 0, others = 0;
    for (size_t i = 0; i < all.count; i++) {
        size_t marks = all.list[i]->n_names + all.list[i]->n_documents;
        suspects += rule_has_role(all.list[i], ROLE(SUSPECT)) ? marks : 0;
        others += is_cared_for(all.list[i]) ? marks : 0;
    }
    return suspects * others <= COMPARED;
}

IS(is_none_of_the_others)
{
    struct rule_persons all = rule_persons(at->of_kind);
    for (size_t i = 0; i < all.count; i++)
        if (all.list[i] != person(at) && is_cared_for(all.list[i]) && person_same(all.list[i], person(at)))
            return false;
    return true;
}

IS(is_detained)
{
    return asked(at, ACTION(DETAIN));
}
IS(is_protected)
{
    return asked(at, ACTION(TAKE_INTO_PROTECTION));
}
IS(is_left_alone)
{
    return asked(at, ACTION(DO_NOT_APPROACH));
}
IS(has_warrant)
{
    return person(at)->warrant != NULL;
}
IS(has_victim_context)
{
    return person(at)->victim != NULL;
}
IS(is_deceased)
{
    return person(at)->deceased;
}
IS(no_actions)
{
    return person(at)->n_actions == 0;
}
IS(is_many)
{
    return person(at)->count > 1;
}
IS(is_identified)
{
    return rule_is_identified(person(at));
}
IS(not_identified)
{
    return !rule_is_identified(person(at));
}
IS(is_labelled)
{
    return person(at)->label[0] != '\0';
}

IS(basis_detains)
{
    unsigned basis = (unsigned)at->header->legal_basis;
    return basis != AMANA__V1__LEGAL_BASIS__CODE__PALERMO_PROTOCOL && basis != AMANA__V1__LEGAL_BASIS__CODE__CONSENT &&
           basis != AMANA__V1__LEGAL_BASIS__CODE__VITAL_INTEREST;
}

IS(may_be_protected)
{
    return rule_has_role(person(at), ~ROLE(SUSPECT)) || rule_is_child(person(at), at->written_ns);
}

IS(not_hunted)
{
    return !asked(at, ACTION(STOP_AND_SEARCH)) && !asked(at, ACTION(DETAIN));
}
IS(is_found_or_hurt)
{
    return rule_has_role(person(at), SHIELDED | ROLE(MISSING));
}
IS(has_age)
{
    return person(at)->age != NULL || person(at)->birth != NULL;
}

IS(actual_is_victim)
{
    return person(at)->victim->status != AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__ACTUAL ||
           rule_has_role(person(at), ROLE(VICTIM));
}

IS(victim_is_no_other)
{
    return person(at)->victim->status != AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__NOT_A_VICTIM ||
           !rule_has_role(person(at), VICTIMS);
}

IS(is_named_and_detained)
{
    return rule_is_identified(person(at)) && asked(at, ACTION(DETAIN));
}

IS(subject_is_person)
{
    return at->header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__PERSON ||
           at->header->subject_kind == AMANA__V1__SUBJECT_KIND__CODE__GROUP;
}

IS(is_released)
{
    return at->header->release != AMANA__V1__RELEASE__CODE__NOT_NEEDED;
}

// --- Where they come from
// Papers that a state gives to its own.
static bool is_of_its_issuer(const Amana__V1__Document *document)
{
    return document->type == AMANA__V1__DOCUMENT__TYPE__PASSPORT ||
           document->type == AMANA__V1__DOCUMENT__TYPE__NATIONAL_ID ||
           document->type == AMANA__V1__DOCUMENT__TYPE__BIRTH_CERTIFICATE;
}

// A body, as an international organisation's unit is of, is no state.
static bool goes_to_another_state(const Amana__V1__Header *header)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    for (size_t i = 0; i < header->n_recipients; i++) {
        address_country(header->recipients[i]->unit, country);
        if (country_index(country) < COUNTRIES && !address_in_country(header->sender->unit, country))
            return true;
    }
    return false;
}

static bool is_of_state(const Amana__V1__Person *person, const char *country)
{
    for (size_t i = 0; i < person->n_citizenships; i++)
        if (strcmp(person->citizenships[i], country) == 0)
            return true;
    for (size_t i = 0; i < person->n_documents; i++) {
        char state[3];
        shape_issuer_state(person->documents[i]->issuer, state);
        if (is_of_its_issuer(person->documents[i]) && strcmp(state, country) == 0)
            return true;
    }
    return false;
}

bool body_may_have_fled(const Amana__V1__Person *person, const char *country)
{
    return !rule_has_role(person, ROLE(SUSPECT)) && is_of_state(person, country);
}

// Where nobody says of which state somebody is, stateless or not, it may be one of those.
bool body_comes_from_recipient(const Amana__V1__Person *person, const Amana__V1__Header *header)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    for (size_t i = 0; i < header->n_recipients; i++) {
        address_country(header->recipients[i]->unit, country);
        if (is_of_state(person, country))
            return true;
    }
    for (size_t i = 0; i < person->n_citizenships; i++)
        if (shape_country(person->citizenships[i]))
            return false;
    return goes_to_another_state(header);
}

IS(comes_from_a_recipient)
{
    return !is_suspect(at) && body_comes_from_recipient(person(at), at->header);
}

IS(protection_is_answered)
{
    return at->flags->protection != AMANA__V1__PROTECTION__CODE__NOT_CONCERNED;
}

// --- Who they are
IS(is_described)
{
    return not_shielded(at) ? rule_filled(at) || rule_is_identified(person(at)) || person(at)->n_communications > 0
                            : rule_filled(at) || rule_is_identified(person(at)) || person(at)->victim != NULL;
}

IS(is_not_too_many)
{
    return person(at)->count <= MANY;
}

IS(label_is_alone)
{
    struct rule_persons all = rule_persons(at->of_kind);
    unsigned same = 0;
    for (size_t i = 0; i < all.count; i++)
        same += strcmp(all.list[i]->label, person(at)->label) == 0;
    return same <= 1;
}

IS(citizenship_is_clear)
{
    for (size_t i = 0; i < person(at)->n_citizenships; i++)
        if (person(at)->n_citizenships > 1 && (strcmp(person(at)->citizenships[i], "stateless") == 0 ||
                                               strcmp(person(at)->citizenships[i], "unknown") == 0))
            return false;
    return true;
}

IS(birth_is_past)
{
    int64_t first, last;
    return person(at)->birth == NULL || !shape_date_days(person(at)->birth->date, &first, &last) ||
           first <= (int64_t)(at->written_ns / NS_PER_DAY);
}

// A year's difference either way: people count birthdays differently.
IS(ages_agree)
{
    int64_t first, last, today = (int64_t)(at->written_ns / NS_PER_DAY);
    const Amana__V1__AgeRange *age = person(at)->age;
    if (age == NULL || age->unknown || person(at)->birth == NULL ||
        !shape_date_days(person(at)->birth->date, &first, &last))
        return true;
    int64_t oldest = (today - first) / 365 + 1, youngest = (today - last) / 366 - 1;
    return (int64_t)age->from <= oldest && (age->to == 0 || (int64_t)age->to >= youngest);
}

static const Amana__V1__AgeRange *age(const struct body_at *at)
{
    return (const Amana__V1__AgeRange *)(const void *)at->message;
}

IS(age_in_order)
{
    return age(at)->to == 0 || age(at)->to >= age(at)->from;
}
IS(age_from_human)
{
    return age(at)->from <= RULE_AGE_MAX;
}
IS(age_to_human)
{
    return age(at)->to <= RULE_AGE_MAX;
}
IS(age_is_one)
{
    return !age(at)->unknown || (age(at)->from == 0 && age(at)->to == 0);
}

static const Amana__V1__NamePart *name_part(const struct body_at *at)
{
    return (const Amana__V1__NamePart *)(const void *)at->message;
}

IS(name_says)
{
    return name_part(at)->text[0] != '\0' || name_part(at)->transliteration[0] != '\0';
}
IS(name_is_short)
{
    return strlen(name_part(at)->text) <= BODY_TITLE;
}

#define ALERTS (KIND_BIT(KIND(ALERT)) | KIND_BIT(KIND(UPDATE)))
#define PERSON .type = TYPE(person)

const struct body_rule BODY_RULES_PERSON[] = {
    {"person.roles", PERSON, .field = "roles", .must = rule_filled, .role = true,
     .allowed = "says what the person is to the case; at least one"},
    {"person.victim-not-suspect", PERSON, .field = "roles", .when = is_suspect, .must = not_shielded, .role = true,
     .allowed = "a victim or smuggled migrant is never entered as a SUSPECT by the same message"},
    {"person.missing-not-suspect", PERSON, .field = "roles", .when = is_suspect, .must = not_missing, .role = true,
     .allowed = "a missing person is never entered as a SUSPECT by the same message"},
    {"person.suspect-compared", PERSON, .field = "roles", .when = is_suspect, .must = can_be_compared, .role = true,
     .allowed =
         "so many names and document numbers of suspects and of victims are not compared: write of the suspects in "
         "a message of their own"},
    {"person.suspect-no-other", PERSON, .field = "roles", .when = is_suspect, .must = is_none_of_the_others,
     .role = true,
     .allowed = "another person of this message, who is a victim, missing person or smuggled migrant, has the same "
                "document, or name and birth: nobody is entered as both; where they are two, leave out the document of "
                "the one whose it isn't, or say more of name and birth"},
    {"person.detain-corrected", PERSON, .kinds = KIND_BIT(KIND(CORRECTION)), .field = "actions", .when = is_detained,
     .must = rule_never, .role = true,
     .allowed = "a CORRECTION detains nobody: DETAIN is asked by an UPDATE, of the SUSPECT it is about"},
    {"person.detain-suspect", PERSON, .field = "actions", .when = is_detained, .must = is_suspect, .role = true,
     .allowed = "DETAIN is for a SUSPECT only"},
    {"person.detain-warrant", PERSON, .field = "warrant", .when = is_detained, .must = rule_filled, .role = true,
     .allowed = "DETAIN needs the warrant: its number, who issued it, when"},
    {"person.detain-basis", PERSON, .field = "actions", .when = is_detained, .must = basis_detains, .role = true,
     .allowed = "DETAIN needs another legal_basis than PALERMO_PROTOCOL, CONSENT or VITAL_INTEREST"},
    {"person.warrant-suspect", PERSON, .field = "warrant", .when = has_warrant, .must = is_suspect, .role = true,
     .allowed = "a warrant is for a SUSPECT only"},
    {"person.protect", PERSON, .field = "actions", .when = is_protected, .must = may_be_protected, .role = true,
     .allowed = "TAKE_INTO_PROTECTION is not for somebody who is a SUSPECT alone, unless a child"},
    {"person.left-alone", PERSON, .field = "actions", .when = is_left_alone, .must = not_hunted,
     .allowed = "DO_NOT_APPROACH stands against STOP_AND_SEARCH and DETAIN: ask for one of them"},
    {"person.deceased", PERSON, .field = "actions", .when = is_deceased, .must = no_actions,
     .allowed = "nothing can be asked about somebody who is dead: leave it out"},
    {"person.age-known", PERSON, .field = "age", .when = is_found_or_hurt, .must = has_age, .role = true,
     .allowed = "a victim, missing person or smuggled migrant needs age or birth; age.unknown where nobody can say"},
    {"person.ages-agree", PERSON, .field = "age", .must = ages_agree, .allowed = "must agree with birth"},
    {"person.birth-past", PERSON, .field = "birth", .must = birth_is_past, .allowed = "must not lie in the future"},
    {"person.victim-role", PERSON, .field = "victim", .when = has_victim_context, .must = is_found_or_hurt,
     .role = true, .allowed = "is for a VICTIM, PRESUMED_VICTIM, MISSING person or SMUGGLED_MIGRANT"},
    {"person.actual-victim", PERSON, .field = "roles", .when = has_victim_context, .must = actual_is_victim,
     .role = true, .allowed = "must hold VICTIM where victim.status is ACTUAL"},
    {"person.no-victim", PERSON, .field = "roles", .when = has_victim_context, .must = victim_is_no_other, .role = true,
     .allowed = "must not hold VICTIM or PRESUMED_VICTIM where victim.status is NOT_A_VICTIM"},
    {"person.perpetrator-role", PERSON, .field = "perpetrator", .when = rule_filled, .must = is_suspect, .role = true,
     .allowed = "is for a SUSPECT"},
    {"person.protection-asked", PERSON, .header = "flags.protection", .when = comes_from_a_recipient,
     .must = protection_is_answered, .role = true, .reason = REASON_PROTECTION_UNANSWERED,
     .allowed = "somebody who is no suspect comes from a state among the recipients, or may, as nobody says of which "
                "they are: say NO, YES or UNKNOWN to whether they have asked, or may need to ask, for protection from "
                "it"},
    {"person.described", PERSON, .field = "description", .must = is_described,
     .allowed = "needs what they look like, or a name, a document number, a photograph"},
    {"person.many-unnamed", PERSON, .field = "count", .when = is_many, .must = not_identified,
     .allowed = "a name, document number or photograph is of one person: leave count out"},
    {"person.count", PERSON, .field = "count", .must = is_not_too_many, .allowed = "at most 10000"},
    {"person.label", PERSON, .field = "label", .text = shape_label,
     .allowed = "small letters, digits and -, at most 31: \"p1\""},
    {"person.label-once", PERSON, .field = "label", .when = is_labelled, .must = label_is_alone,
     .allowed = "names another person of this message already"},
    {"person.citizenship", PERSON, .field = "citizenships", .text = shape_citizenship,
     .allowed = "a country by its ISO 3166-1 code in small letters (ke), \"stateless\" or \"unknown\""},
    {"person.citizenship-clear", PERSON, .field = "citizenships", .must = citizenship_is_clear,
     .allowed = "\"stateless\" and \"unknown\" stand alone"},
    {"person.language", PERSON, .field = "languages", .text = shape_language,
     .allowed = "ISO 639: two or three small letters (so, swa)"},
    {"person.identified-subject", PERSON, .kinds = ALERTS, .when = is_identified, .must = subject_is_person,
     .role = true, .reason = REASON_RELEASE_REQUIRED,
     .allowed = "an identified person (name, document number, photograph) needs subject_kind PERSON or GROUP and a "
                "second person's release: describe without identifying, or ask for it"},
    {"person.identified-released", PERSON, .kinds = ALERTS, .when = is_identified, .must = is_released, .role = true,
     .reason = REASON_RELEASE_REQUIRED,
     .allowed = "an identified person (name, document number, photograph) needs a second person's release: leave "
                "\"release\" out, or say REQUIRED"},
    {"person.detain-released", PERSON, .field = "actions", .when = is_named_and_detained, .must = is_released,
     .role = true, .reason = REASON_RELEASE_REQUIRED,
     .allowed = "DETAIN of an identified person (name, document number, photograph) needs a second person's release, "
                "whatever the kind: say REQUIRED, or ask for it by an ALERT"},
    {"name.type", .type = TYPE(name_part), .field = "type", .must = rule_filled,
     .allowed = "must be one of GIVEN, FATHER, GRANDFATHER, FAMILY, ALIAS"},
    {"name.says", .type = TYPE(name_part), .field = "text", .must = name_says,
     .allowed = "needs the name in its own script, or transliteration"},
    {"name.short", .type = TYPE(name_part), .field = "text", .must = name_is_short, .allowed = "at most 160 bytes"},
    {"name.latin", .type = TYPE(name_part), .field = "transliteration", .text = shape_latin,
     .allowed = "Latin letters only; other scripts stand in text"},
    {"age.order", .type = TYPE(age_range), .field = "to", .must = age_in_order,
     .allowed = "must not be below age.from"},
    {"age.from", .type = TYPE(age_range), .field = "from", .must = age_from_human, .allowed = "0 to 120 years"},
    {"age.to", .type = TYPE(age_range), .field = "to", .must = age_to_human, .allowed = "0 to 120 years"},
    {"age.one", .type = TYPE(age_range), .field = "unknown", .must = age_is_one,
     .allowed = "true only where from and to are left out"},
    {"date.shape", .type = TYPE(partial_date), .field = "date", .text = shape_date,
     .allowed = "YYYY, YYYY-MM or YYYY-MM-DD, a day that there is"},
    {"date.says", .type = TYPE(partial_date), .field = "date", .must = rule_filled,
     .allowed = "YYYY, YYYY-MM or YYYY-MM-DD"},
};
const size_t BODY_RULES_PERSON_COUNT = AM_LEN(BODY_RULES_PERSON);
