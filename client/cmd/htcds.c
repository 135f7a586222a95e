// SPDX-License-Identifier: Apache-2.0
// One function a section of the standard; codes by their names.
#include "client/cmd/htcds.h"

#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"
#include "proto/model/kind.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <ctype.h>
#include <string.h>

// Where CamelCase of our name isn't the standard's.
static const struct {
    const ProtobufCEnumDescriptor *type;
    int code;
    const char *value; // NULL: the standard has none
} EXCEPTIONS[] = {
    {&amana__v1__sex__code__descriptor, AMANA__V1__SEX__CODE__MALE, "Masculine"},
    {&amana__v1__sex__code__descriptor, AMANA__V1__SEX__CODE__FEMALE, "Feminine"},
    {&amana__v1__sex__code__descriptor, AMANA__V1__SEX__CODE__NOT_KNOWN, "NonSpecifiedUnknown"},
    {&amana__v1__sex__code__descriptor, AMANA__V1__SEX__CODE__NOT_APPLICABLE, "NonSpecifiedUnknown"},
    {&amana__v1__victim_context__trafficking_status__descriptor,
     AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__POSSIBLE, "PossibleVictimOfTrafficking"},
    {&amana__v1__victim_context__trafficking_status__descriptor, AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__ACTUAL,
     "ActualVictimOfTrafficking"},
    {&amana__v1__victim_context__trafficking_status__descriptor,
     AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__NOT_A_VICTIM, "NotAVictimOfTrafficking"},
    {&amana__v1__victim_context__decider__descriptor, AMANA__V1__VICTIM_CONTEXT__DECIDER__NGO, "NGO"},
    {&amana__v1__victim_context__decider__descriptor, AMANA__V1__VICTIM_CONTEXT__DECIDER__NON_POLICE_GOVERNMENT,
     "NonPoliceGovernmentalOrganization"},
    {&amana__v1__exploitation__form__descriptor, AMANA__V1__EXPLOITATION__FORM__FORCED_MILITARY,
     "ForcedMilitaryByNonStateActors"},
    {&amana__v1__exploitation__form__descriptor, AMANA__V1__EXPLOITATION__FORM__SLAVERY, "Other"},
    {&amana__v1__exploitation__form__descriptor, AMANA__V1__EXPLOITATION__FORM__CRIMINAL_ACTIVITY, "Other"},
    {&amana__v1__exploitation__form__descriptor, AMANA__V1__EXPLOITATION__FORM__NOT_KNOWN, NULL},
    {&amana__v1__relation__code__descriptor, AMANA__V1__RELATION__CODE__UNACQUAINTED, "Unaquainted"},
    {&amana__v1__platform__code__descriptor, AMANA__V1__PLATFORM__CODE__FOUR_SALE, "4Sale"},
    {&amana__v1__platform__code__descriptor, AMANA__V1__PLATFORM__CODE__QQ, "QQ"},
    {&amana__v1__platform__code__descriptor, AMANA__V1__PLATFORM__CODE__QZONE, "QZone"},
    {&amana__v1__service__code__descriptor, AMANA__V1__SERVICE__CODE__SHELTER, "SocialCare"},
    {&amana__v1__service__code__descriptor, AMANA__V1__SERVICE__CODE__INTERPRETATION, "SocialCare"},
    {&amana__v1__service__code__descriptor, AMANA__V1__SERVICE__CODE__FAMILY_TRACING, "SocialCare"},
    {&amana__v1__service__code__descriptor, AMANA__V1__SERVICE__CODE__SAFE_TRANSPORT, "SocialCare"},
};

const char *htcds_value(const ProtobufCEnumDescriptor *type, int code, char room[HTCDS_VALUE])
{
    for (size_t i = 0; i < AM_LEN(EXCEPTIONS); i++)
        if (EXCEPTIONS[i].type == type && EXCEPTIONS[i].code == code)
            return EXCEPTIONS[i].value;
    const char *name = codec_enum_name(type, code);
    size_t len = 0;
    if (name == NULL || code == 0)
        return NULL;
    for (bool first = true; *name != '\0' && len + 1 < HTCDS_VALUE; name++) {
        if (*name == '_') {
            first = true;
            continue;
        }
        room[len++] = first ? *name : (char)tolower((unsigned char)*name);
        first = false;
    }
    room[len] = '\0';
    return room;
}

const char *htcds_industry(const char *section)
{
    static const char *const SECTIONS[] = {"A_AgricultureForestryAndFishing",
                                           "B_MiningAndQuarrying",
                                           "C_Manufacturing",
                                           "D_ElectricityGasSteamAndAirConditioningSupply",
                                           "E_WaterSupplySewerageWasteManagement",
                                           "F_Construction",
                                           "G_WholesaleAndRetailTradeRepairOfMotorVehicles",
                                           "H_TransportationAndStorage",
                                           "I_AccommodationAndFoodServiceActivities",
                                           "J_InformationAndCommunication",
                                           "K_FinancialAndInsuranceActivities",
                                           "L_RealEstateActivities",
                                           "M_ProfessionalScientificAndTechnicalActivities",
                                           "N_AdministrativeAndSupportServiceActivities",
                                           "O_PublicAdministrationAndDefence",
                                           "P_Education",
                                           "Q_HumanHealthAndSocialWorkActivities",
                                           "R_ArtsEntertainmentAndRecreation",
                                           "S_OtherServiceActivities",
                                           "T_ActivitiesOfHouseholdsAsEmployers",
                                           "U_ActivitiesOfExtraterritorialOrganizations"};
    bool one = section[0] >= 'A' && section[0] <= 'U' && section[1] == '\0';
    return one ? SECTIONS[section[0] - 'A'] : NULL;
}

// --- Values of a record
static int set(json_t *record, const char *name, const char *value)
{
    return value == NULL || value[0] == '\0' ? 0 : json_object_set_new(record, name, json_string(value));
}

// Salesforce's way, which the standard follows: several values of one field are joined by ';'.
static int add(json_t *record, const char *name, const char *between, const char *value)
{
    const char *before = json_string_value(json_object_get(record, name));
    if (value == NULL || value[0] == '\0')
        return 0;
    if (before == NULL)
        return set(record, name, value);
    return json_object_set_new(record, name, json_sprintf("%s%s%s", before, between, value));
}

static int set_code(json_t *record, const char *name, const ProtobufCEnumDescriptor *type, int code)
{
    char room[HTCDS_VALUE];
    return code == 0 ? 0 : set(record, name, htcds_value(type, code, room));
}

static int set_codes(json_t *record, const char *name, const ProtobufCEnumDescriptor *type, const void *codes,
                     size_t count)
{
    char room[HTCDS_VALUE];
    const int *list = codes;
    for (size_t i = 0; i < count; i++) {
        const char *value = htcds_value(type, list[i], room),
                   *before = json_string_value(json_object_get(record, name));
        size_t len = value != NULL ? strlen(value) : 0;
        for (const char *at = before; at != NULL && value != NULL;
             at = strchr(at, ';'), at = at != NULL ? at + 1 : NULL)
            if (strncmp(at, value, len) == 0 && (at[len] == ';' || at[len] == '\0'))
                value = NULL; // two of our codes may be one of theirs
        if (add(record, name, ";", value) != 0)
            return -1;
    }
    return 0;
}
#define CODES(record, name, type, message, field)                                                                      \
    set_codes(record, name, &amana__v1__##type##__descriptor, (message)->field, (message)->n_##field)

static int set_country(json_t *record, const char *name, const char *country)
{
    char upper[16];
    size_t i = 0;
    for (; country[i] != '\0' && i + 1 < sizeof upper; i++)
        upper[i] = (char)toupper((unsigned char)country[i]);
    upper[i] = '\0';
    return strlen(country) == 2 ? add(record, name, ";", upper) : 0;
}

static int set_day(json_t *record, const char *name, const Google__Protobuf__Timestamp *time)
{
    char text[TIMESTAMP_TEXT];
    if (time == NULL || timestamp_print(time, text) != AM_OK)
        return 0;
    text[10] = '\0';
    return set(record, name, text);
}

static json_t *record_new(json_t *records, const char *name, const char *id)
{
    json_t *record = json_object();
    if (record == NULL || json_array_append_new(records, record) != 0)
        return NULL;
    return set(record, "record", name) == 0 && set(record, "message", id) == 0 ? record : NULL;
}

// --- Person, with victim and perpetrator context
static int add_place(json_t *record, const char *name, const Amana__V1__Place *place)
{
    if (place == NULL)
        return 0;
    return add(record, name, ", ", place->text) + add(record, name, ", ", place->city) +
           add(record, name, ", ", place->country);
}

static int add_victim(json_t *record, const Amana__V1__VictimContext *victim)
{
    int failed = set_code(record, "vic_TraffickingStatus", &amana__v1__victim_context__trafficking_status__descriptor,
                          (int)victim->status);
    failed |= set_code(record, "vic_TraffickingStatusDecisionMakingOrg",
                       &amana__v1__victim_context__decider__descriptor, (int)victim->decided_by);
    failed |=
        set_code(record, "vic_RelationshipToTrafficker", &amana__v1__relation__code__descriptor, (int)victim->relation);
    if (victim->age_when_trafficked != 0)
        failed |= json_object_set_new(record, "vic_AgeWhenTrafficked", json_integer(victim->age_when_trafficked));
    failed |= CODES(record, "vic_RecruitmentWebsitesAndApps", platform__code, victim, recruitment_platforms);
    failed |= CODES(record, "vic_MethodOfRecruitment", recruitment__method, victim, recruitment_methods);
    failed |= add_place(record, "vic_LocationOfRecruitment", victim->recruited_at);
    failed |= CODES(record, "vic_MethodsOfControl", control__method, victim, control_methods);
    failed |= CODES(record, "vic_TypeOfExploitation", exploitation__form, victim, exploitation);
    failed |= set(record, "vic_ForcedLabourIndustry", htcds_industry(victim->industry));
    failed |= CODES(record, "vic_TypeOfSexExploitation", sexual_exploitation__form, victim, sexual);
    failed |= add_place(record, "vic_LocationOfExploitation", victim->exploited_at);
    failed |= CODES(record, "vic_ExploitationWebsitesAndApps", platform__code, victim, exploitation_platforms);
    return failed | (victim->consent != NULL ? set(record, "con_Consent", "TRUE") : 0);
}

static int add_name(json_t *record, const Amana__V1__NamePart *part)
{
    static const char *const FIELDS[] = {NULL, "prs_FirstName", "prs_MiddleName", "prs_SecondName", "prs_SecondName"};
    const char *field = (unsigned)part->type < AM_LEN(FIELDS) ? FIELDS[part->type] : NULL;
    return field == NULL ? 0 : add(record, field, " ", part->text[0] != '\0' ? part->text : part->transliteration);
}

static int add_communication(json_t *record, const Amana__V1__CommunicationId *way)
{
    if (way->type == AMANA__V1__COMMUNICATION_ID__TYPE__EMAIL)
        return set(record, "prs_Email", way->value);
    if (way->type != AMANA__V1__COMMUNICATION_ID__TYPE__TELEPHONE)
        return 0;
    bool second = json_object_get(record, "prs_MobilePhone") != NULL;
    return set(record, second ? "prs_HomePhone" : "prs_MobilePhone", way->value);
}

static int fill_person(json_t *record, const Amana__V1__Person *person)
{
    int failed = set_code(record, "prs_Gender", &amana__v1__sex__code__descriptor, (int)person->sex);
    for (size_t i = 0; i < person->n_names; i++)
        failed |= add_name(record, person->names[i]);
    failed |= set(record, "prs_Birthdate", person->birth != NULL ? person->birth->date : "");
    for (size_t i = 0; i < person->n_citizenships; i++)
        failed |= set_country(record, "prs_Citizenship", person->citizenships[i]);
    failed |= set(record, "prs_PrimaryLanguage", person->n_languages > 0 ? person->languages[0] : "");
    failed |= set(record, "prs_SecondaryLanguage", person->n_languages > 1 ? person->languages[1] : "");
    failed |= set(record, "prs_IdentityNumber", person->n_documents > 0 ? person->documents[0]->number : "");
    failed |= person->deceased ? set(record, "prs_Deceased", "TRUE") : 0;
    for (size_t i = 0; i < person->n_communications; i++)
        failed |= add_communication(record, person->communications[i]);
    if (person->whereabouts != NULL) {
        failed |= set(record, "prs_MailingCity", person->whereabouts->city);
        failed |= set_country(record, "prs_MailingCountry", person->whereabouts->country);
    }
    if (person->victim != NULL)
        failed |= add_victim(record, person->victim);
    if (person->perpetrator != NULL) {
        failed |= CODES(record, "per_RoleInProcess", process_role__code, person->perpetrator, process_roles);
        failed |= set(record, "per_RoleDetails", person->perpetrator->details);
    }
    return failed;
}

// The record that has this label already; NULL where none has.
static json_t *labelled(json_t *records, const char *label)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *has = json_string_value(json_object_get(record, "label"));
        if (label[0] != '\0' && has != NULL && strcmp(has, label) == 0)
            return record;
    }
    return NULL;
}

static int add_person(json_t *records, const Amana__V1__Person *person, const char *id)
{
    json_t *fresh = json_object(), *record = labelled(records, person->label);
    if (record == NULL)
        record = record_new(records, "Person", id);
    int failed = fresh == NULL || record == NULL || fill_person(fresh, person) != 0 ||
                 set(record, "label", person->label) != 0 || json_object_update(record, fresh) != 0;
    json_decref(fresh);
    return failed ? -1 : 0;
}

// --- Events, referrals, comments, the case
static int add_event(json_t *records, const Amana__V1__Event *event, const char *id)
{
    json_t *record = event->expected ? NULL : record_new(records, "Event", id);
    if (record == NULL)
        return event->expected ? 0 : -1; // historic events alone
    int failed = set_code(record, "hte_Type", &amana__v1__event__type__descriptor, (int)event->type);
    failed |= set_day(record, "hte_Date", event->time) | set(record, "hte_Description", event->description);
    if (event->place != NULL) {
        failed |= set(record, "hte_City", event->place->city) | set(record, "hte_Street", event->place->text);
        failed |= set_country(record, "hte_Country", event->place->country);
        if (event->place->coordinates != NULL) {
            failed |= json_object_set_new(record, "hte_Latitude", json_real(event->place->coordinates->latitude));
            failed |= json_object_set_new(record, "hte_Longitude", json_real(event->place->coordinates->longitude));
        }
    }
    return failed;
}

static int set_desk(json_t *record, const char *name, const Amana__V1__Contact *contact)
{
    return contact == NULL ? 0 : set(record, name, contact->office);
}

static int add_referral(json_t *records, const Amana__V1__Header *header, const Amana__V1__Referral *referral)
{
    json_t *record = record_new(records, "Referral", header->id);
    if (record == NULL)
        return -1;
    int failed = set(record, "cas_ReferringOrganisation", referral->referred_by);
    failed |= set_desk(record, "cas_ReferringPrimaryCaseWorker", referral->contact);
    failed |= set_code(record, "cas_ReasonForOutgoingReferral", &amana__v1__referral__reason__descriptor,
                       (int)referral->reason);
    failed |= set_day(record, "cas_OutgoingReferralDate", header->written_at);
    failed |= set(record, "cas_OutgoingReferralDetails", referral->summary);
    failed |= CODES(record, "spl_Type", service__code, referral, services);
    failed |= set(record, "spl_ActionPlan", referral->plan);
    return failed | (referral->consent != NULL ? set(record, "con_Consent", "TRUE") : 0);
}

// On a referral; other decisions have no place in the standard.
static int add_decision(json_t *records, const Amana__V1__Header *header, const Amana__V1__Decision *decision)
{
    bool accepted = header->outcome == OUTCOME(ACCEPTED);
    if (!accepted && header->outcome != OUTCOME(DECLINED))
        return 0;
    json_t *record = record_new(records, "Referral", header->id);
    if (record == NULL)
        return -1;
    int failed = accepted ? set_day(record, "cas_IncomingReferralDate", header->written_at) : 0;
    failed |= set(record, "cas_IncomingReferralDetails", decision->reason);
    failed |= set_desk(record, "cas_ReferredOrganisation", decision->contact);
    return failed | CODES(record, "spl_Type", service__code, decision, services);
}

static int add_close(json_t *records, const Amana__V1__Header *header, const Amana__V1__Close *close)
{
    json_t *record = record_new(records, "Case", header->id);
    if (record == NULL)
        return -1;
    int failed = set(record, "cas_ReasonForCaseClosure", close->summary);
    failed |= CODES(record, "spl_Type", service__code, close, services_given);
    return failed | set(record, "spl_ActualEndDate", close->ended != NULL ? close->ended->date : "");
}

// A record of one field; none where nothing is said.
static int add_text(json_t *records, const char *of, const char *id, const char *name, const char *text)
{
    if (text[0] == '\0')
        return 0;
    json_t *record = record_new(records, of, id);
    return record == NULL ? -1 : set(record, name, text);
}

static int add_comment(json_t *records, const char *id, const char *text)
{
    return add_text(records, "Comment", id, "cco_CaseComment", text);
}

static int add_alert(json_t *records, const char *id, const Amana__V1__Alert *alert)
{
    const char *owner = alert->contact != NULL ? alert->contact->office : "";
    return add_text(records, "Case", id, "cas_CaseOwner", owner) | add_comment(records, id, alert->summary);
}

static int add_of_kind(json_t *records, const Amana__V1__Header *header, const Amana__V1__Body *body)
{
    const char *id = header->id;
    switch (body->kind_case) {
    case AMANA__V1__BODY__KIND_ALERT: return add_alert(records, id, body->alert);
    case AMANA__V1__BODY__KIND_UPDATE: return add_alert(records, id, body->update);
    case AMANA__V1__BODY__KIND_CANCEL:
        return add_text(records, "Case", id, "cas_ReasonForCaseClosure", body->cancel->reason);
    case AMANA__V1__BODY__KIND_HIT: return add_comment(records, id, body->hit->summary);
    case AMANA__V1__BODY__KIND_RESPONSE: return add_comment(records, id, body->response->summary);
    case AMANA__V1__BODY__KIND_NOTE: return add_comment(records, id, body->note->text);
    case AMANA__V1__BODY__KIND_REFERRAL: return add_referral(records, header, body->referral);
    case AMANA__V1__BODY__KIND_DECISION: return add_decision(records, header, body->decision);
    case AMANA__V1__BODY__KIND_CLOSE: return add_close(records, header, body->close);
    default: return 0;
    }
}

// A desk that several messages name is one record.
static int add_desk(json_t *records, const Amana__V1__Contact *contact, const char *id)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *name = json_string_value(json_object_get(record, "org_Name"));
        if (name != NULL && strcmp(name, contact->office) == 0)
            return set(record, "org_Phone", contact->telephone);
    }
    record = record_new(records, "Organisation", id);
    return record == NULL ? -1
                          : set(record, "org_Name", contact->office) | set(record, "org_Phone", contact->telephone);
}

static int add_part(json_t *records, const ProtobufCFieldDescriptor *field, const void *part, const char *id)
{
    if (part == NULL)
        return 0;
    if (field->descriptor == &amana__v1__person__descriptor)
        return add_person(records, part, id);
    if (field->descriptor == &amana__v1__event__descriptor)
        return add_event(records, part, id);
    return field->descriptor == &amana__v1__contact__descriptor ? add_desk(records, part, id) : 0;
}

int htcds_add(json_t *records, const Amana__V1__Header *header, const Amana__V1__Body *body)
{
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    for (unsigned f = 0; of_kind != NULL && f < of_kind->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &of_kind->descriptor->fields[f];
        const uint8_t *at = (const uint8_t *)of_kind + field->offset;
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        size_t count = list ? *(const size_t *)(const void *)((const uint8_t *)of_kind + field->quantifier_offset) : 1;
        const void *const *parts =
            list ? *(const void *const *const *)(const void *)at : (const void *const *)(const void *)at;
        for (size_t i = 0; i < count; i++)
            if (add_part(records, field, parts[i], header->id) != 0)
                return -1;
    }
    return add_of_kind(records, header, body) == 0 ? 0 : -1;
}
