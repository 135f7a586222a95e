// SPDX-License-Identifier: Apache-2.0
// The rules about the other parts: places, events, vehicles, vessels, telephones, risks, safeguards, attachments.
#include "proto/body/rule.h"
#include "proto/body/shape.h"

#include <ctype.h>
#include <string.h>

#define RADIUS 1000000u // metres

IS(message_says)
{
    return rule_any_filled(at->message);
}

// --- Where and when
static const Amana__V1__Place *place(const struct body_at *at)
{
    return (const Amana__V1__Place *)(const void *)at->message;
}

IS(has_locode)
{
    return place(at)->locode[0] != '\0' && place(at)->country[0] != '\0';
}

IS(locode_in_country)
{
    return tolower((unsigned char)place(at)->locode[0]) == place(at)->country[0] &&
           tolower((unsigned char)place(at)->locode[1]) == place(at)->country[1];
}

static const Amana__V1__Coordinates *point(const struct body_at *at)
{
    return (const Amana__V1__Coordinates *)(const void *)at->message;
}

IS(latitude_on_earth)
{
    return point(at)->latitude >= -90 && point(at)->latitude <= 90;
}
IS(longitude_on_earth)
{
    return point(at)->longitude >= -180 && point(at)->longitude <= 180;
}
IS(radius_is_a_place)
{
    return point(at)->radius <= RADIUS;
}

static const Amana__V1__Event *event(const struct body_at *at)
{
    return (const Amana__V1__Event *)(const void *)at->message;
}

IS(event_says)
{
    return event(at)->place != NULL || event(at)->time != NULL || event(at)->description[0] != '\0';
}
IS(is_expected)
{
    return event(at)->expected;
}

static const Amana__V1__Period *period(const struct body_at *at)
{
    return (const Amana__V1__Period *)(const void *)at->message;
}

IS(period_in_order)
{
    return period(at)->from == NULL || period(at)->to == NULL || period(at)->from->seconds <= period(at)->to->seconds;
}

// --- Things
static const Amana__V1__Vehicle *vehicle(const struct body_at *at)
{
    return (const Amana__V1__Vehicle *)(const void *)at->message;
}

static bool plate(const char *text)
{
    return strlen(text) <= 20 && strpbrk(text, "\n\t") == NULL;
}

IS(vehicle_is_known)
{
    return vehicle(at)->registration[0] != '\0' || vehicle(at)->trailer_registration[0] != '\0' ||
           vehicle(at)->description[0] != '\0';
}

IS(vehicle_is_other)
{
    return vehicle(at)->type == AMANA__V1__VEHICLE__TYPE__OTHER;
}

static const Amana__V1__CommunicationId *communication(const struct body_at *at)
{
    return (const Amana__V1__CommunicationId *)(const void *)at->message;
}

#define COMMUNICATION(name) AMANA__V1__COMMUNICATION_ID__TYPE__##name

IS(value_has_its_shape)
{
    const char *value = communication(at)->value;
    switch (communication(at)->type) {
    case COMMUNICATION(TELEPHONE): return shape_telephone(value);
    case COMMUNICATION(EMAIL): return shape_email(value);
    case COMMUNICATION(IMEI): return shape_imei(value);
    case COMMUNICATION(IMSI): return shape_imsi(value);
    case COMMUNICATION(WEB): return shape_web(value);
    default: return true;
    }
}

IS(is_account)
{
    return communication(at)->type == COMMUNICATION(ACCOUNT);
}

IS(risk_is_other)
{
    return ((const Amana__V1__RiskFlag *)(const void *)at->message)->code == AMANA__V1__RISK_FLAG__CODE__OTHER;
}

// --- The Palermo Protocol
static const Amana__V1__Palermo *palermo(const struct body_at *at)
{
    return (const Amana__V1__Palermo *)(const void *)at->message;
}

IS(no_child)
{
    return !rule_child_here(at);
}

IS(purpose_is_known_or_alone)
{
    for (size_t i = 0; i < palermo(at)->n_purposes; i++)
        if (palermo(at)->purposes[i] == AMANA__V1__EXPLOITATION__FORM__NOT_KNOWN)
            return palermo(at)->n_purposes == 1;
    return true;
}

// --- What was wrong
static const Amana__V1__Change *change(const struct body_at *at)
{
    return (const Amana__V1__Change *)(const void *)at->message;
}

static const Amana__V1__RoleChange *roles(const struct body_at *at)
{
    return (const Amana__V1__RoleChange *)(const void *)at->message;
}

IS(change_changes)
{
    return strcmp(change(at)->was, change(at)->now) != 0;
}

// Whether the path leads through a field of this name that holds codes: a perpetrator's roles are words.
static bool leads_through(const char *path, const char *name)
{
    size_t len;
    bool words = false;
    for (; *path != '\0'; path += len + strspn(path + len, ".")) {
        len = strcspn(path, ".");
        size_t field = strcspn(path, "[.");
        if (!words && field == strlen(name) && strncmp(path, name, field) == 0)
            return true;
        words = field == strlen("perpetrator") && strncmp(path, "perpetrator", field) == 0;
    }
    return false;
}

static int code_named(const ProtobufCEnumDescriptor *codes, const char *name, size_t len)
{
    for (unsigned i = 0; i < codes->n_values; i++)
        if (strlen(codes->values[i].name) == len && strncmp(codes->values[i].name, name, len) == 0)
            return codes->values[i].value;
    return 0;
}

// The codes that stand in a text, as bits; false where another word does.
static bool codes_in(const ProtobufCEnumDescriptor *codes, const char *text, unsigned *ret_set)
{
    static const char BETWEEN[] = ", ";
    *ret_set = 0;
    for (text += strspn(text, BETWEEN); *text != '\0'; text += strspn(text, BETWEEN)) {
        size_t len = strcspn(text, BETWEEN);
        int code = code_named(codes, text, len);
        if (code <= 0 || code >= 32)
            return false;
        *ret_set |= 1u << code;
        text += len;
    }
    return true;
}

static bool role_codes(const struct body_at *at, unsigned *ret_set)
{
    return codes_in(&amana__v1__person_role__code__descriptor, change(at)->now, ret_set);
}

IS(is_of_roles)
{
    return leads_through(change(at)->path, "roles");
}
IS(roles_are_codes)
{
    unsigned set;
    return role_codes(at, &set);
}
IS(fact_makes_suspect)
{
    unsigned set;
    return is_of_roles(at) && role_codes(at, &set) && (set & ROLE(SUSPECT)) != 0;
}
IS(fact_makes_no_victim)
{
    unsigned set;
    return role_codes(at, &set) && (set & (SHIELDED | ROLE(MISSING))) == 0;
}

IS(is_of_actions)
{
    return leads_through(change(at)->path, "actions");
}
IS(actions_detain_nobody)
{
    unsigned set;
    return codes_in(&amana__v1__action__code__descriptor, change(at)->now, &set) && (set & 1u << ACTION(DETAIN)) == 0;
}

static bool holds(const Amana__V1__PersonRole__Code *list, size_t count, unsigned wanted)
{
    for (size_t i = 0; i < count; i++)
        if ((unsigned)list[i] < 32 && (wanted & 1u << (unsigned)list[i]) != 0)
            return true;
    return false;
}

IS(becomes_suspect)
{
    return holds(roles(at)->now, roles(at)->n_now, ROLE(SUSPECT));
}
IS(becomes_no_victim)
{
    return !holds(roles(at)->now, roles(at)->n_now, SHIELDED | ROLE(MISSING));
}

IS(turns_suspect)
{
    return becomes_suspect(at) && !holds(roles(at)->was, roles(at)->n_was, ROLE(SUSPECT));
}

// What went first and is sent back stays with all who have it.
IS(is_released_before)
{
    return at->header->release == AMANA__V1__RELEASE__CODE__REQUIRED;
}

IS(roles_change)
{
    unsigned was = 0, now = 0;
    for (size_t i = 0; i < roles(at)->n_was; i++)
        was |= 1u << ((unsigned)roles(at)->was[i] & 31);
    for (size_t i = 0; i < roles(at)->n_now; i++)
        now |= 1u << ((unsigned)roles(at)->now[i] & 31);
    return was != now;
}

// --- Attachments
static const Amana__V1__Attachment *attachment(const struct body_at *at)
{
    return (const Amana__V1__Attachment *)(const void *)at->message;
}

IS(attachment_in_header)
{
    const ProtobufCBinaryData *digest = &attachment(at)->digest;
    for (size_t i = 0; i < at->header->n_attachments; i++) {
        const ProtobufCBinaryData *named = &at->header->attachments[i]->digest;
        if (digest->len == 32 && named->len == 32 && memcmp(digest->data, named->data, 32) == 0)
            return true;
    }
    return false;
}

IS(key_is_whole)
{
    return attachment(at)->content_key.len == 32;
}

#define PLACE            .type = TYPE(place)
#define COORDINATES      .type = TYPE(coordinates)
#define EVENT            .type = TYPE(event)
#define VEHICLE          .type = TYPE(vehicle)
#define VESSEL           .type = TYPE(vessel)
#define COMMUNICATION_ID .type = TYPE(communication_id)
#define SAFEGUARD        .type = TYPE(child_safeguard)
#define CONTACT_DESK     .type = TYPE(contact)
#define PALERMO          .type = TYPE(palermo)
#define CHANGE           .type = TYPE(change)
#define ROLE_CHANGE      .type = TYPE(role_change)
#define ATTACHMENT       .type = TYPE(attachment)

// Each row: name, what it is about, when it is asked, what must hold, what is allowed.
const struct body_rule BODY_RULES_PART[] = {
    {"place.says", PLACE, .must = message_says,
     .allowed = "needs one of locode, country, city, text, coordinates; leave it out where nothing is known"},
    {"place.locode", PLACE, .field = "locode", .text = shape_locode,
     .allowed = "UN/LOCODE: five capitals and digits, the country first (KEMYD)"},
    {"place.country", PLACE, .field = "country", .text = shape_country, .allowed = "ISO 3166-1 in small letters: ke"},
    {"place.locode-country", PLACE, .field = "locode", .when = has_locode, .must = locode_in_country,
     .allowed = "begins with the place's country"},
    {"coordinates.latitude", COORDINATES, .field = "latitude", .must = latitude_on_earth,
     .allowed = "-90 to 90 degrees"},
    {"coordinates.longitude", COORDINATES, .field = "longitude", .must = longitude_on_earth,
     .allowed = "-180 to 180 degrees"},
    {"coordinates.radius", COORDINATES, .field = "radius", .must = radius_is_a_place,
     .allowed = "at most 1000000 metres"},
    {"event.type", EVENT, .field = "type", .must = rule_filled,
     .allowed = "must be one of RECRUITMENT, TRANSIT, EXPLOITATION"},
    {"event.says", EVENT, .field = "place", .must = event_says, .allowed = "needs place, time or description"},
    {"event.expected-place", EVENT, .field = "place", .when = is_expected, .must = rule_filled,
     .allowed = "says where it is expected"},
    {"period.says", .type = TYPE(period), .field = "from", .must = message_says, .allowed = "needs from or to"},
    {"period.order", .type = TYPE(period), .field = "to", .must = period_in_order,
     .allowed = "must not lie before from"},
    {"appointment.place", .type = TYPE(appointment), .field = "place", .must = rule_filled, .allowed = "says where"},
    {"appointment.time", .type = TYPE(appointment), .field = "time", .must = rule_filled, .allowed = "says when"},
    {"vehicle.type", VEHICLE, .field = "type", .must = rule_filled,
     .allowed = "must be one of CAR, MINIBUS, BUS, LORRY, MOTORCYCLE, OTHER"},
    {"vehicle.known", VEHICLE, .field = "registration", .must = vehicle_is_known,
     .allowed = "needs the number plate, or a description that tells it from others"},
    {"vehicle.registration", VEHICLE, .field = "registration", .text = plate, .allowed = "at most 20 bytes in a line"},
    {"vehicle.trailer", VEHICLE, .field = "trailer_registration", .text = plate,
     .allowed = "at most 20 bytes in a line"},
    {"vehicle.country", VEHICLE, .field = "country", .text = shape_country,
     .allowed = "ISO 3166-1 in small letters: ke"},
    {"vehicle.other", VEHICLE, .field = "description", .when = vehicle_is_other, .must = rule_filled,
     .allowed = "says which vehicle, where the type is OTHER"},
    {"vessel.known", VESSEL, .field = "name", .must = message_says,
     .allowed = "needs one of name, imo, mmsi, call_sign, description"},
    {"vessel.imo", VESSEL, .field = "imo", .text = shape_imo, .allowed = "seven digits, the last a check digit"},
    {"vessel.mmsi", VESSEL, .field = "mmsi", .text = shape_mmsi, .allowed = "nine digits"},
    {"vessel.flag", VESSEL, .field = "flag", .text = shape_country, .allowed = "ISO 3166-1 in small letters: dj"},
    {"communication.type", COMMUNICATION_ID, .field = "type", .must = rule_filled,
     .allowed = "must be one of TELEPHONE, EMAIL, IMEI, IMSI, ACCOUNT, WEB"},
    {"communication.value", COMMUNICATION_ID, .field = "value", .must = rule_filled,
     .allowed = "the number or address"},
    {"communication.shape", COMMUNICATION_ID, .field = "value", .must = value_has_its_shape,
     .allowed = "TELEPHONE +254…, EMAIL desk@example.org, IMEI 15 digits with its check digit, IMSI 14 or 15 digits, "
                "WEB https://…"},
    {"communication.service", COMMUNICATION_ID, .field = "service", .when = is_account, .must = rule_filled,
     .allowed = "of which service the account is"},
    {"risk.code", .type = TYPE(risk_flag), .field = "code", .must = rule_filled,
     .allowed = "must be one of ARMED, VIOLENT, MEDICAL, SELF_HARM, CONTAGION, DANGEROUS_TRANSPORT, OTHER"},
    {"risk.other", .type = TYPE(risk_flag), .field = "note", .when = risk_is_other, .must = rule_filled,
     .allowed = "says which risk, where the code is OTHER"},
    {"safeguard.guardian", SAFEGUARD, .field = "guardian", .must = rule_filled,
     .allowed = "who has care of the child; \"none present\" is an answer"},
    {"safeguard.officer", SAFEGUARD, .field = "officer", .must = rule_filled,
     .allowed = "which office looks after the child's interest"},
    {"safeguard.best-interest", SAFEGUARD, .field = "best_interest", .must = rule_filled,
     .allowed = "what is best for the child, and why"},
    {"contact.office", CONTACT_DESK, .field = "office", .must = rule_filled, .allowed = "a desk or function"},
    {"contact.telephone", CONTACT_DESK, .field = "telephone", .text = shape_telephone,
     .allowed = "with country code: +254200000417"},
    {"contact.email", CONTACT_DESK, .field = "email", .text = shape_email, .allowed = "an address: desk@example.org"},
    {"palermo.acts", PALERMO, .field = "acts", .must = rule_filled,
     .allowed = "trafficking needs an act: RECRUITMENT, TRANSPORTATION, TRANSFER, HARBOURING, RECEIPT"},
    {"palermo.means", PALERMO, .field = "means", .when = no_child, .must = rule_filled,
     .allowed = "needs a means, unless a child is concerned"},
    {"palermo.purposes", PALERMO, .field = "purposes", .must = rule_filled,
     .allowed = "trafficking needs a purpose; NOT_KNOWN where nobody can say"},
    {"palermo.purpose-alone", PALERMO, .field = "purposes", .must = purpose_is_known_or_alone,
     .allowed = "NOT_KNOWN stands alone"},
    {"answer.question", .type = TYPE(answer), .field = "question", .must = rule_filled,
     .allowed = "the question as it was asked"},
    {"answer.text", .type = TYPE(answer), .field = "text", .must = rule_filled, .allowed = "the answer"},
    {"change.path", CHANGE, .field = "path", .must = rule_filled, .allowed = "which field: alert.vehicles[0].country"},
    {"change.path-shape", CHANGE, .field = "path", .text = shape_path,
     .allowed = "a field as it stands in the message: alert.vehicles[0].country"},
    {"change.changes", CHANGE, .field = "now", .must = change_changes, .allowed = "is what it was"},
    {"change.roles", CHANGE, .field = "now", .when = is_of_roles, .must = roles_are_codes, .role = true,
     .allowed = "of roles it holds their codes, as PRESUMED_VICTIM, WITNESS; empty: none"},
    {"change.victim-not-suspect", CHANGE, .field = "now", .when = fact_makes_suspect, .must = fact_makes_no_victim,
     .role = true,
     .allowed = "a victim, missing person or smuggled migrant is never entered as a SUSPECT by the same message"},
    {"change.contest", CHANGE, .kinds = KIND_BIT(KIND(CONTEST)), .field = "now", .when = fact_makes_suspect,
     .must = rule_never, .role = true, .allowed = "a move towards SUSPECT needs a CORRECTION by the originator"},
    {"change.supervisor", CHANGE, .kinds = KIND_BIT(KIND(CORRECTION)), .field = "now", .when = fact_makes_suspect,
     .must = is_released_before, .role = true, .reason = REASON_RELEASE_REQUIRED,
     .allowed = "a move towards SUSPECT needs a supervisor's release before it goes: say REQUIRED"},
    {"change.actions", CHANGE, .field = "now", .when = is_of_actions, .must = actions_detain_nobody, .role = true,
     .allowed =
         "of actions it holds their codes, but not DETAIN: that is asked by an UPDATE, of the SUSPECT it is about"},
    {"change.person", CHANGE, .field = "person", .text = shape_label, .allowed = "the label of a person: \"p1\""},
    {"role-change.person", ROLE_CHANGE, .field = "person", .must = rule_filled,
     .allowed = "the label of the person: \"p1\""},
    {"role-change.label", ROLE_CHANGE, .field = "person", .text = shape_label,
     .allowed = "the label of a person: \"p1\""},
    {"role-change.now", ROLE_CHANGE, .field = "now", .must = rule_filled, .allowed = "what the person is to the case"},
    {"role-change.changes", ROLE_CHANGE, .field = "now", .must = roles_change, .allowed = "is what it was"},
    {"role-change.victim-not-suspect", ROLE_CHANGE, .field = "now", .when = becomes_suspect, .must = becomes_no_victim,
     .role = true,
     .allowed = "a victim, missing person or smuggled migrant is never entered as a SUSPECT by the same message"},
    {"role-change.contest", ROLE_CHANGE, .kinds = KIND_BIT(KIND(CONTEST)), .field = "now", .when = turns_suspect,
     .must = rule_never, .role = true, .allowed = "a move towards SUSPECT needs a CORRECTION by the originator"},
    {"role-change.supervisor", ROLE_CHANGE, .kinds = KIND_BIT(KIND(CORRECTION)), .field = "now", .when = turns_suspect,
     .must = is_released_before, .role = true, .reason = REASON_RELEASE_REQUIRED,
     .allowed = "a move towards SUSPECT needs a supervisor's release before it goes: say REQUIRED"},
    {"attachment.digest", ATTACHMENT, .field = "digest", .must = attachment_in_header,
     .allowed = "is not one of the header's attachments"},
    {"attachment.key", ATTACHMENT, .field = "content_key", .must = key_is_whole, .allowed = "32 bytes"},
    {"attachment.name", ATTACHMENT, .field = "name", .must = rule_filled, .allowed = "the file's name"},
    {"attachment.file-name", ATTACHMENT, .field = "name", .text = shape_file_name,
     .allowed = "a file's name without a folder, at most 255 bytes"},
    {"attachment.media-type", ATTACHMENT, .field = "media_type", .text = shape_media_type,
     .allowed = "type/subtype: application/pdf"},
};
const size_t BODY_RULES_PART_COUNT = AM_LEN(BODY_RULES_PART);
