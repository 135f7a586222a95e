// SPDX-License-Identifier: Apache-2.0
// The rules about what was done to a person, by whom, and to what the person agreed.
#include "proto/body/rule.h"
#include "proto/body/shape.h"

#include <string.h>

static const Amana__V1__VictimContext *victim(const struct body_at *at)
{
    return (const Amana__V1__VictimContext *)(const void *)at->message;
}

IS(status_is_actual)
{
    return victim(at)->status == AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__ACTUAL;
}
IS(status_is_decided)
{
    return victim(at)->status != AMANA__V1__VICTIM_CONTEXT__TRAFFICKING_STATUS__POSSIBLE;
}
IS(age_then_human)
{
    return victim(at)->age_when_trafficked <= RULE_AGE_MAX;
}
IS(has_industry)
{
    return victim(at)->industry[0] != '\0';
}

static bool exploited(const struct body_at *at, unsigned form)
{
    for (size_t i = 0; i < victim(at)->n_exploitation; i++)
        if ((unsigned)victim(at)->exploitation[i] == form)
            return true;
    return false;
}

#define FORM(name) AMANA__V1__EXPLOITATION__FORM__##name

IS(is_work)
{
    return exploited(at, FORM(FORCED_LABOUR)) || exploited(at, FORM(CHILD_LABOUR)) || exploited(at, FORM(SERVITUDE)) ||
           exploited(at, FORM(SLAVERY)) || exploited(at, FORM(FORCED_BEGGING)) ||
           exploited(at, FORM(SEXUAL_EXPLOITATION)) || exploited(at, FORM(CRIMINAL_ACTIVITY)) ||
           exploited(at, FORM(OTHER));
}

IS(has_sexual)
{
    return victim(at)->n_sexual > 0;
}
IS(is_sexual)
{
    return exploited(at, FORM(SEXUAL_EXPLOITATION));
}
IS(form_is_known_or_alone)
{
    return !exploited(at, FORM(NOT_KNOWN)) || victim(at)->n_exploitation == 1;
}
IS(has_recruitment_platforms)
{
    return victim(at)->n_recruitment_platforms > 0;
}

IS(was_recruited_online)
{
    for (size_t i = 0; i < victim(at)->n_recruitment_methods; i++)
        if (victim(at)->recruitment_methods[i] == AMANA__V1__RECRUITMENT__METHOD__THROUGH_ONLINE_SOCIAL_NETWORKS ||
            victim(at)->recruitment_methods[i] == AMANA__V1__RECRUITMENT__METHOD__THROUGH_AN_ONLINE_ADVERTISEMENT)
            return true;
    return false;
}

IS(recruited_otherwise)
{
    for (size_t i = 0; i < victim(at)->n_recruitment_methods; i++)
        if (victim(at)->recruitment_methods[i] == AMANA__V1__RECRUITMENT__METHOD__OTHER)
            return true;
    return false;
}

IS(controlled_otherwise)
{
    for (size_t i = 0; i < victim(at)->n_control_methods; i++)
        if (victim(at)->control_methods[i] == AMANA__V1__CONTROL__METHOD__OTHER)
            return true;
    return false;
}

static const Amana__V1__PerpetratorContext *perpetrator(const struct body_at *at)
{
    return (const Amana__V1__PerpetratorContext *)(const void *)at->message;
}

IS(acts_otherwise)
{
    for (size_t i = 0; i < perpetrator(at)->n_process_roles; i++)
        if (perpetrator(at)->process_roles[i] == AMANA__V1__PROCESS_ROLE__CODE__OTHER)
            return true;
    return false;
}

IS(message_says)
{
    return rule_any_filled(at->message);
}

static const Amana__V1__ConsentRecord *consent(const struct body_at *at)
{
    return (const Amana__V1__ConsentRecord *)(const void *)at->message;
}

IS(consent_is_past)
{
    return rule_not_later(consent(at)->given_at, at);
}
IS(by_guardian)
{
    return at->header->consent == AMANA__V1__CONSENT__CODE__GUARDIAN;
}

#define VICTIM .type = TYPE(victim_context)

const struct body_rule BODY_RULES_VICTIM[] = {
    {"victim.status", VICTIM, .field = "status", .must = rule_filled,
     .allowed = "must be one of POSSIBLE, ACTUAL, NOT_A_VICTIM"},
    {"victim.decided", VICTIM, .field = "decided_by", .when = status_is_decided, .must = rule_filled,
     .allowed = "says who decided, where the status is ACTUAL or NOT_A_VICTIM"},
    {"victim.exploitation", VICTIM, .field = "exploitation", .when = status_is_actual, .must = rule_filled,
     .allowed = "an actual victim was, or was to be, exploited: say how; NOT_KNOWN where nobody can"},
    {"victim.form-alone", VICTIM, .field = "exploitation", .must = form_is_known_or_alone,
     .allowed = "NOT_KNOWN stands alone"},
    {"victim.industry", VICTIM, .field = "industry", .text = shape_industry,
     .allowed = "a section of ISIC rev. 4: one letter, A to U"},
    {"victim.industry-work", VICTIM, .field = "industry", .when = has_industry, .must = is_work,
     .allowed = "needs exploitation by work: FORCED_LABOUR, CHILD_LABOUR, SERVITUDE, SLAVERY, FORCED_BEGGING, "
                "SEXUAL_EXPLOITATION, CRIMINAL_ACTIVITY, OTHER"},
    {"victim.sexual", VICTIM, .field = "sexual", .when = has_sexual, .must = is_sexual,
     .allowed = "needs exploitation SEXUAL_EXPLOITATION"},
    {"victim.age-then", VICTIM, .field = "age_when_trafficked", .must = age_then_human, .allowed = "0 to 120 years"},
    {"victim.platforms", VICTIM, .field = "recruitment_platforms", .when = has_recruitment_platforms,
     .must = was_recruited_online,
     .allowed = "needs recruitment_methods THROUGH_ONLINE_SOCIAL_NETWORKS or THROUGH_AN_ONLINE_ADVERTISEMENT"},
    {"victim.recruited-other", VICTIM, .field = "recruitment", .when = recruited_otherwise, .must = rule_filled,
     .allowed = "says how, where recruitment_methods holds OTHER"},
    {"victim.controlled-other", VICTIM, .field = "control", .when = controlled_otherwise, .must = rule_filled,
     .allowed = "says how, where control_methods holds OTHER"},
    {"perpetrator.says", .type = TYPE(perpetrator_context), .field = "process_roles", .must = message_says,
     .allowed = "says what the suspect does: process_roles, roles or details"},
    {"perpetrator.other", .type = TYPE(perpetrator_context), .field = "roles", .when = acts_otherwise,
     .must = rule_filled, .allowed = "says what, where process_roles holds OTHER"},
    {"consent.to", .type = TYPE(consent_record), .field = "to", .must = rule_filled,
     .allowed = "to what the person agreed; at least one"},
    {"consent.given-at", .type = TYPE(consent_record), .field = "given_at", .must = rule_filled,
     .allowed = "when it was given"},
    {"consent.past", .type = TYPE(consent_record), .field = "given_at", .must = consent_is_past,
     .allowed = "must not lie in the future"},
    {"consent.language", .type = TYPE(consent_record), .field = "language", .must = rule_filled,
     .allowed = "in which language it was explained: ISO 639"},
    {"consent.language-shape", .type = TYPE(consent_record), .field = "language", .text = shape_language,
     .allowed = "ISO 639: two or three small letters (so, swa)"},
    {"consent.guardian", .type = TYPE(consent_record), .field = "given_by", .when = by_guardian, .must = rule_filled,
     .allowed = "who gave it, by function, where the consent is the GUARDIAN's"},
};
const size_t BODY_RULES_VICTIM_COUNT = AM_LEN(BODY_RULES_VICTIM);
