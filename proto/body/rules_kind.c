// SPDX-License-Identifier: Apache-2.0
// The rules about the kinds' own messages.
#include "proto/body/rule.h"
#include "proto/body/shape.h"

#include <ctype.h>
#include <string.h>

#define OF(type, small) ((const Amana__V1__##type *)(const void *)at->message)

// --- Outcomes, and what several kinds have
static bool outcome_is(const struct body_at *at, unsigned outcome)
{
    return (unsigned)at->header->outcome == outcome;
}

#define OUTCOME_IS(name, code)                                                                                         \
    static bool name(const struct body_at *at)                                                                         \
    {                                                                                                                  \
        return outcome_is(at, OUTCOME(code));                                                                          \
    }
OUTCOME_IS(is_law, LAW)
OUTCOME_IS(is_partial, PARTIAL)
OUTCOME_IS(is_no_data, NO_DATA)
OUTCOME_IS(is_undisclosed, NOT_DISCLOSED)
OUTCOME_IS(is_unauthorised, AUTHORISATION_REFUSED)
OUTCOME_IS(awaits_authorisation, AWAITING_AUTHORISATION)
OUTCOME_IS(asks_clarification, CLARIFICATION_ASKED)
OUTCOME_IS(is_withdrawn_consent, CONSENT_WITHDRAWN)
OUTCOME_IS(is_accepted, ACCEPTED)
OUTCOME_IS(is_done, DONE)
OUTCOME_IS(is_retained, RETAINED_BY_LAW)
OUTCOME_IS(is_told, TOLD)

IS(is_full_or_partial)
{
    return outcome_is(at, OUTCOME(FULL)) || is_partial(at);
}
IS(is_not_partial)
{
    return !is_partial(at);
}
IS(is_not_undisclosed)
{
    return !is_undisclosed(at);
}
IS(asks_nothing)
{
    return !asks_clarification(at);
}
IS(is_unlawful)
{
    return outcome_is(at, OUTCOME(NO_LEGAL_BASIS)) || outcome_is(at, OUTCOME(UNLAWFUL_DATA));
}

IS(is_no)
{
    return outcome_is(at, OUTCOME(DECLINED)) || outcome_is(at, OUTCOME(DENIED)) || outcome_is(at, OUTCOME(REJECTED));
}

IS(is_by_rule)
{
    return outcome_is(at, OUTCOME(SCHEMA)) || outcome_is(at, OUTCOME(ROLE_RULE));
}
IS(is_court_error)
{
    return outcome_is(at, OUTCOME(SENT_IN_ERROR)) || outcome_is(at, OUTCOME(COURT_ORDER));
}
IS(by_telephone)
{
    return at->header->means == AMANA__V1__MEANS__CODE__PHONE;
}

IS(child_is_taken_in)
{
    struct rule_persons all = rule_persons(at->of_kind);
    for (size_t i = 0; i < all.count; i++)
        if (rule_is_child(all.list[i], at->written_ns) &&
            rule_asks(all.list[i]->actions, all.list[i]->n_actions, ACTION(TAKE_INTO_PROTECTION)))
            return true;
    return false;
}

// --- ALERT, UPDATE
static const Amana__V1__Alert *alert(const struct body_at *at)
{
    return OF(Alert, alert);
}

static bool alert_asks(const struct body_at *at, unsigned action)
{
    return rule_asks(alert(at)->actions, alert(at)->n_actions, action);
}

static bool subject_is(const struct body_at *at, unsigned kind)
{
    return (unsigned)at->header->subject_kind == kind;
}

#define SUBJECT_IS(name, code)                                                                                         \
    static bool name(const struct body_at *at)                                                                         \
    {                                                                                                                  \
        return subject_is(at, AMANA__V1__SUBJECT_KIND__CODE__##code);                                                  \
    }
SUBJECT_IS(of_vehicle, VEHICLE)
SUBJECT_IS(of_vessel, VESSEL)
SUBJECT_IS(of_document, DOCUMENT)
SUBJECT_IS(of_route, ROUTE)
SUBJECT_IS(of_place, PLACE)
SUBJECT_IS(of_group, GROUP)
SUBJECT_IS(of_person, PERSON)

IS(actions_without_detain)
{
    return !alert_asks(at, ACTION(DETAIN));
}
IS(is_left_alone)
{
    return alert_asks(at, ACTION(DO_NOT_APPROACH));
}
IS(is_not_stopped)
{
    return !alert_asks(at, ACTION(STOP_AND_SEARCH));
}
IS(seizes)
{
    return alert_asks(at, ACTION(SEIZE_DOCUMENT));
}

IS(has_document)
{
    for (size_t i = 0; i < alert(at)->n_persons; i++)
        if (alert(at)->persons[i]->n_documents > 0)
            return true;
    return alert(at)->n_documents > 0;
}

IS(is_several)
{
    size_t several = 0;
    for (size_t i = 0; i < alert(at)->n_persons; i++)
        several += alert(at)->persons[i]->count > 1 ? alert(at)->persons[i]->count : 1;
    return several > 1;
}

IS(is_dangerous)
{
    for (size_t i = 0; i < alert(at)->n_risks; i++)
        if (alert(at)->risks[i]->code == AMANA__V1__RISK_FLAG__CODE__ARMED ||
            alert(at)->risks[i]->code == AMANA__V1__RISK_FLAG__CODE__VIOLENT)
            return true;
    return false;
}

// --- HIT, CANNOT_EXECUTE
static const Amana__V1__Hit *hit(const struct body_at *at)
{
    return OF(Hit, hit);
}
IS(found_is_past)
{
    return rule_not_later(hit(at)->found_at, at);
}

static bool hit_did(const struct body_at *at, unsigned action)
{
    return rule_asks(hit(at)->done, hit(at)->n_done, action);
}

IS(has_detained)
{
    return hit_did(at, ACTION(DETAIN));
}
IS(has_seized)
{
    return hit_did(at, ACTION(SEIZE_DOCUMENT));
}

IS(found_a_suspect)
{
    for (size_t i = 0; i < hit(at)->n_persons; i++)
        if (rule_has_role(hit(at)->persons[i], ROLE(SUSPECT)))
            return true;
    return false;
}

IS(has_seized_document)
{
    for (size_t i = 0; i < hit(at)->n_persons; i++)
        if (hit(at)->persons[i]->n_documents > 0)
            return true;
    return hit(at)->n_documents > 0;
}

IS(detains_instead)
{
    const Amana__V1__CannotExecute *cannot = OF(CannotExecute, cannot_execute);
    return rule_asks(cannot->instead, cannot->n_instead, ACTION(DETAIN));
}

IS(cannot_and_does_not)
{
    const Amana__V1__CannotExecute *cannot = OF(CannotExecute, cannot_execute);
    for (size_t i = 0; i < cannot->n_instead; i++)
        if (rule_asks(cannot->actions, cannot->n_actions, (unsigned)cannot->instead[i]))
            return false;
    return true;
}

// --- REQUEST, RESPONSE, REFUSAL
IS(request_without_detain)
{
    return !rule_asks(OF(Request, request)->actions, OF(Request, request)->n_actions, ACTION(DETAIN));
}
IS(has_persons)
{
    return rule_persons(at->of_kind).count > 0;
}

static const Amana__V1__Response *response(const struct body_at *at)
{
    return OF(Response, response);
}
IS(response_says)
{
    static const char *const LISTS[] = {"answers",   "persons", "vehicles", "vessels",
                                        "documents", "journey", "places",   "communications"};
    for (size_t i = 0; i < AM_LEN(LISTS); i++)
        if (rule_count(at->message, LISTS[i]) > 0)
            return true;
    return response(at)->summary[0] != '\0';
}
IS(response_holds_nothing)
{
    return response(at)->n_answers + response(at)->n_persons + response(at)->n_vehicles + response(at)->n_vessels +
               response(at)->n_documents + response(at)->n_journey + response(at)->n_places +
               response(at)->n_communications ==
           0;
}
IS(more_follows)
{
    return response(at)->more_follows;
}
IS(has_more_by)
{
    return response(at)->more_by != NULL;
}

// --- REFERRAL
static const Amana__V1__Referral *referral(const struct body_at *at)
{
    return OF(Referral, referral);
}

IS(refers_no_suspect)
{
    for (size_t i = 0; i < referral(at)->n_persons; i++)
        if (rule_has_role(referral(at)->persons[i], ROLE(SUSPECT)))
            return false;
    return true;
}

IS(refers_without_force)
{
    for (size_t i = 0; i < referral(at)->n_persons; i++) {
        const Amana__V1__Person *person = referral(at)->persons[i];
        for (size_t j = 0; j < person->n_actions; j++)
            if (person->actions[j] != AMANA__V1__ACTION__CODE__TAKE_INTO_PROTECTION)
                return false;
    }
    return true;
}

IS(consent_is_said)
{
    return at->header->consent == AMANA__V1__CONSENT__CODE__GIVEN ||
           at->header->consent == AMANA__V1__CONSENT__CODE__GUARDIAN;
}
IS(for_a_child)
{
    return at->header->consent == AMANA__V1__CONSENT__CODE__GUARDIAN ||
           at->header->consent == AMANA__V1__CONSENT__CODE__BEST_INTEREST;
}
IS(referral_is_other)
{
    return referral(at)->reason == AMANA__V1__REFERRAL__REASON__OTHER;
}

// --- USE_PERMISSION
static bool uses(const struct body_at *at, unsigned use)
{
    const Amana__V1__UsePermission *ask = OF(UsePermission, use_permission);
    for (size_t i = 0; i < ask->n_uses; i++)
        if ((unsigned)ask->uses[i] == use)
            return true;
    return false;
}
IS(in_court)
{
    return uses(at, AMANA__V1__USE_PERMISSION__USE__IN_COURT);
}
IS(passes_on)
{
    return uses(at, AMANA__V1__USE_PERMISSION__USE__PASS_ON);
}
IS(other_purpose)
{
    return uses(at, AMANA__V1__USE_PERMISSION__USE__OTHER_PURPOSE);
}
IS(purpose_is_other)
{
    return OF(UsePermission, use_permission)->purpose != at->header->purpose;
}

// --- CORRECTION, CONTEST, ERASURE, CONFIRM, HOLD
IS(correction_says)
{
    return OF(Correction, correction)->n_changes + OF(Correction, correction)->n_roles > 0 ||
           OF(Correction, correction)->stolen_identity;
}
IS(contest_says)
{
    return OF(Contest, contest)->n_roles + OF(Contest, contest)->n_facts > 0;
}
IS(is_court_order)
{
    return OF(Erasure, erasure)->ground == AMANA__V1__ERASURE__GROUND__COURT_ORDER;
}
IS(withdrawn_is_past)
{
    return rule_not_later(OF(Withdraw, withdraw)->withdrawn_at, at);
}
IS(received_is_past)
{
    return rule_not_later(OF(SubjectAccess, subject_access)->received_at, at);
}
IS(has_reason_to_keep)
{
    return is_retained(at);
}
IS(subject_is_named)
{
    const Amana__V1__Person *person = OF(SubjectAccess, subject_access)->person;
    return person == NULL || person->n_names > 0;
}
IS(subject_is_not_hunted)
{
    const Amana__V1__Person *person = OF(SubjectAccess, subject_access)->person;
    return person == NULL || person->n_actions == 0;
}
IS(order_is_past)
{
    int64_t first, last;
    const Amana__V1__Hold *hold = OF(Hold, hold);
    return hold->date == NULL || !shape_date_days(hold->date->date, &first, &last) ||
           first <= (int64_t)(at->written_ns / NS_PER_DAY);
}

#define NEEDED(rule, type_name, name, words)                                                                           \
    {                                                                                                                  \
        rule, .type = TYPE(type_name), .field = name, .must = rule_filled, .allowed = words                            \
    }
#define NEEDED_IF(rule, type_name, name, if_, words)                                                                   \
    {                                                                                                                  \
        rule, .type = TYPE(type_name), .field = name, .when = if_, .must = rule_filled, .allowed = words               \
    }
#define ONLY_IF(rule, type_name, name, unless, words)                                                                  \
    {                                                                                                                  \
        rule, .type = TYPE(type_name), .field = name, .when = unless, .must = rule_empty, .allowed = words             \
    }

const struct body_rule BODY_RULES_KIND[] = {
    NEEDED("alert.title", alert, "title", "one line that says what it is about, without a victim's name"),
    NEEDED("alert.actions", alert, "actions", "what the recipient is asked to do; at least one"),
    {"alert.detain", TYPE(alert), .field = "actions", .must = actions_without_detain, .role = true,
     .allowed = "DETAIN stands with the SUSPECT it is about: persons[].actions"},
    {"alert.left-alone", TYPE(alert), .field = "actions", .when = is_left_alone, .must = is_not_stopped,
     .allowed = "DO_NOT_APPROACH stands against STOP_AND_SEARCH: ask for one of them"},
    {"alert.seize", TYPE(alert), .field = "documents", .when = seizes, .must = has_document,
     .allowed = "SEIZE_DOCUMENT needs the document, here or with a person"},
    NEEDED_IF("alert.vehicle", alert, "vehicles", of_vehicle, "subject_kind VEHICLE needs one"),
    NEEDED_IF("alert.vessel", alert, "vessels", of_vessel, "subject_kind VESSEL needs one"),
    NEEDED_IF("alert.document", alert, "documents", of_document, "subject_kind DOCUMENT needs one"),
    NEEDED_IF("alert.route", alert, "journey", of_route, "subject_kind ROUTE needs one"),
    NEEDED_IF("alert.place", alert, "places", of_place, "subject_kind PLACE needs one"),
    NEEDED_IF("alert.person", alert, "persons", of_person, "subject_kind PERSON needs one"),
    {"alert.group", TYPE(alert), .field = "persons", .when = of_group, .must = is_several,
     .allowed = "subject_kind GROUP needs more than one person"},
    NEEDED_IF("alert.danger", alert, "instructions", is_dangerous,
              "risk ARMED or VIOLENT: say how those who act keep safe"),
    NEEDED_IF("alert.child-safeguard", alert, "child_safeguard", child_is_taken_in,
              "a child is to be taken into protection: who looks after it, and what is best for it"),

    NEEDED("cancel.reason", cancel, "reason", "why the alert is over"),
    NEEDED_IF("cancel.instructions", cancel, "instructions", is_court_error,
              "what to do with what was begun, for SENT_IN_ERROR and COURT_ORDER"),

    NEEDED("hit.summary", hit, "summary", "what was found, and what happened"),
    NEEDED("hit.certainty", hit, "certainty", "must be one of CERTAIN, PROBABLE, POSSIBLE"),
    NEEDED("hit.place", hit, "place", "where"),
    NEEDED("hit.found-at", hit, "found_at", "when"),
    {"hit.past", TYPE(hit), .field = "found_at", .must = found_is_past, .allowed = "must not lie in the future"},
    NEEDED("hit.done", hit, "done", "which action was done; at least one"),
    {"hit.detained", TYPE(hit), .field = "done", .when = has_detained, .must = found_a_suspect, .role = true,
     .allowed = "DETAIN needs the SUSPECT who was detained among persons"},
    {"hit.seized", TYPE(hit), .field = "documents", .when = has_seized, .must = has_seized_document,
     .allowed = "SEIZE_DOCUMENT needs the document, here or with a person"},
    NEEDED_IF("hit.child-safeguard", hit, "child_safeguard", rule_child_here, "a child was found: who looks after it"),

    NEEDED("cannot.explanation", cannot_execute, "explanation", "why it can't be done here"),
    NEEDED_IF("cannot.provision", cannot_execute, "provision", is_law, "which law, for outcome LAW"),
    {"cannot.detain", TYPE(cannot_execute), .field = "instead", .when = detains_instead, .must = rule_never,
     .role = true, .allowed = "must not hold DETAIN: who was detained is told with a HIT, which names the SUSPECT"},
    {"cannot.instead", TYPE(cannot_execute), .field = "instead", .must = cannot_and_does_not,
     .allowed = "must not hold an action that can't be done"},

    NEEDED("request.title", request, "title", "one line that says what it is about, without a victim's name"),
    NEEDED("request.information", request, "information", "what is asked for; at least one"),
    NEEDED("request.reason", request, "reason", "what for (Directive (EU) 2023/977 art. 5)"),
    NEEDED("request.available", request, "available_because", "why it is thought to be there"),
    NEEDED_IF("request.connection", request, "connection", has_persons, "how the persons are connected to the purpose"),
    {"request.detain", TYPE(request), .field = "actions", .must = request_without_detain, .role = true,
     .allowed = "DETAIN stands with the SUSPECT it is about: persons[].actions"},

    NEEDED("clarification.answers", clarification, "answers", "one for each question; at least one"),

    {"response.says", TYPE(response), .field = "summary", .when = is_full_or_partial, .must = response_says,
     .allowed = "FULL and PARTIAL say something: summary, answers or what is held"},
    {"response.no-data", TYPE(response), .field = "answers", .when = is_no_data, .must = response_holds_nothing,
     .allowed = "NO_DATA holds no data: choose FULL or PARTIAL, or leave the lists out"},
    ONLY_IF("response.no-safeguard", response, "child_safeguard", is_no_data,
            "NO_DATA speaks of no child: leave it out"),
    NEEDED_IF("response.ground", response, "ground", is_partial, "why not the rest, for PARTIAL"),
    ONLY_IF("response.no-ground", response, "ground", is_not_partial, "is for outcome PARTIAL alone"),
    ONLY_IF("response.no-more", response, "more_follows", is_not_partial, "is for outcome PARTIAL alone"),
    {"response.more-by", TYPE(response), .field = "more_by", .when = has_more_by, .must = more_follows,
     .allowed = "needs more_follows"},

    NEEDED("refusal.explanation", refusal, "explanation", "why, as far as it may be said"),
    NEEDED_IF("refusal.provision", refusal, "provision", is_unlawful, "which law, for NO_LEGAL_BASIS, UNLAWFUL_DATA"),
    NEEDED_IF("refusal.authority", refusal, "authority", is_unauthorised,
              "which court or prosecutor, for AUTHORISATION_REFUSED"),
    NEEDED_IF("refusal.undisclosed", refusal, "undisclosed", is_undisclosed,
              "must be one of NATIONAL_SECURITY, INVESTIGATION, PERSON_AT_RISK, for NOT_DISCLOSED"),
    ONLY_IF("refusal.disclosed", refusal, "undisclosed", is_not_undisclosed, "is for outcome NOT_DISCLOSED alone"),

    NEEDED_IF("progress.authority", progress, "authority", awaits_authorisation,
              "whose authorisation is awaited, for AWAITING_AUTHORISATION"),
    NEEDED_IF("progress.questions", progress, "questions", asks_clarification,
              "what has to be clear first, for CLARIFICATION_ASKED"),
    ONLY_IF("progress.no-questions", progress, "questions", asks_nothing, "is for outcome CLARIFICATION_ASKED alone"),

    NEEDED("withdraw.reason", withdraw, "reason", "why it is no longer wanted"),
    NEEDED_IF("withdraw.withdrawn-at", withdraw, "withdrawn_at", is_withdrawn_consent,
              "when the person withdrew it, for CONSENT_WITHDRAWN"),
    {"withdraw.past", TYPE(withdraw), .field = "withdrawn_at", .must = withdrawn_is_past,
     .allowed = "must not lie in the future"},

    NEEDED("referral.summary", referral, "summary", "why this person is referred"),
    NEEDED("referral.persons", referral, "persons", "who is referred; at least one"),
    {"referral.no-suspect", TYPE(referral), .field = "persons", .must = refers_no_suspect, .role = true,
     .allowed = "a SUSPECT is not referred to protection: contest the role first"},
    {"referral.no-force", TYPE(referral), .field = "persons", .must = refers_without_force, .role = true,
     .allowed = "of actions, a referral takes TAKE_INTO_PROTECTION alone"},
    NEEDED("referral.services", referral, "services", "what is asked for; at least one"),
    NEEDED("referral.reason", referral, "reason",
           "must be one of ADDITIONAL_SERVICES_REQUIRED, MIGRATION_OR_CHANGE_OF_LOCATION, OTHER"),
    NEEDED("referral.referred-by", referral, "referred_by", "which office refers"),
    NEEDED_IF("referral.consent", referral, "consent", consent_is_said,
              "to what, when and in which language, where the header's consent is GIVEN or GUARDIAN"),
    {"referral.for-child", .type = TYPE(referral), .header = "consent", .when = for_a_child, .must = rule_child_here,
     .role = true, .allowed = "GUARDIAN and BEST_INTEREST are for a child"},
    NEEDED_IF("referral.child-safeguard", referral, "child_safeguard", rule_child_here,
              "a child is referred: who looks after it, and what is best for it"),
    NEEDED_IF("referral.other", referral, "plan", referral_is_other, "says what it is for, where the reason is OTHER"),
    {"referral.interpreter", TYPE(referral), .field = "interpreter", .text = shape_language,
     .allowed = "ISO 639: two or three small letters (so, swa)"},

    NEEDED("permission.uses", use_permission, "uses", "what is asked; at least one"),
    NEEDED("permission.reason", use_permission, "reason", "why"),
    NEEDED_IF("permission.court", use_permission, "court", in_court, "which court, for IN_COURT"),
    NEEDED_IF("permission.parties", use_permission, "parties", passes_on, "which units, for PASS_ON"),
    {"permission.party", TYPE(use_permission), .field = "parties", .text = shape_unit,
     .allowed = "units: country/agency/unit"},
    NEEDED_IF("permission.purpose", use_permission, "purpose", other_purpose, "which purpose, for OTHER_PURPOSE"),
    {"permission.other", TYPE(use_permission), .field = "purpose", .when = other_purpose, .must = purpose_is_other,
     .allowed = "is the header's own: no permission is needed for it"},

    NEEDED_IF("decision.reason", decision, "reason", is_no, "why, for DECLINED, DENIED, REJECTED"),
    NEEDED_IF("decision.contact", decision, "contact", is_accepted, "who will look after it, for ACCEPTED"),

    NEEDED("close.summary", close, "summary", "how it ended"),
    NEEDED_IF("close.services", close, "services_given", is_done, "what was given, for DONE; at least one"),

    NEEDED("correction.reason", correction, "reason", "how it is known"),
    {"correction.says", TYPE(correction), .field = "changes", .must = correction_says,
     .allowed = "is needed: what is right, in changes or in roles; or stolen_identity"},

    NEEDED("erasure.ground", erasure, "ground",
           "must be one of UNLAWFUL, NO_LONGER_NEEDED, CONSENT_WITHDRAWN, COURT_ORDER, INACCURATE"),
    NEEDED_IF("erasure.provision", erasure, "provision", is_court_order, "which order, for COURT_ORDER"),

    NEEDED_IF("confirm.remark", confirm, "remark", is_done, "what was done, for DONE"),
    NEEDED_IF("confirm.provision", confirm, "provision", is_retained, "which law keeps it, for RETAINED_BY_LAW"),
    NEEDED_IF("confirm.kept-until", confirm, "kept_until", has_reason_to_keep, "until when, for RETAINED_BY_LAW"),

    NEEDED("contest.reason", contest, "reason", "how it is known"),
    {"contest.says", TYPE(contest), .field = "roles", .must = contest_says,
     .allowed = "is needed: what is wrong, roles or facts, in a FILE"},

    NEEDED("hold.court", hold, "court", "which court"),
    NEEDED("hold.order", hold, "order", "the order's number"),
    NEEDED("hold.date", hold, "date", "the order's day"),
    {"hold.past", TYPE(hold), .field = "date", .must = order_is_past, .allowed = "must not lie in the future"},
    NEEDED("hold.scope", hold, "scope", "what is to be kept"),

    NEEDED("access.person", subject_access, "person", "who asks"),
    {"access.named", TYPE(subject_access), .field = "person", .must = subject_is_named,
     .allowed = "needs the name: what is held is looked for by it"},
    {"access.not-hunted", TYPE(subject_access), .field = "person", .must = subject_is_not_hunted, .role = true,
     .allowed = "who asks for access is not looked for by the same message: leave actions out"},
    NEEDED("access.received-at", subject_access, "received_at", "when they asked"),
    {"access.past", TYPE(subject_access), .field = "received_at", .must = received_is_past,
     .allowed = "must not lie in the future"},
    NEEDED("access.verified-by", subject_access, "verified_by", "how their identity was made sure"),
    {"access.language", TYPE(subject_access), .field = "answer_language", .text = shape_language,
     .allowed = "ISO 639: two or three small letters (so, swa)"},

    NEEDED_IF("contact.summary", contact_record, "summary", is_told, "what was said, for TOLD"),
    NEEDED_IF("contact.spoken-to", contact_record, "spoken_to", is_told, "which desk, for TOLD"),
    NEEDED_IF("contact.number", contact_record, "telephone", by_telephone, "the number called, for PHONE"),
    {"contact.number-shape", TYPE(contact_record), .field = "telephone", .text = shape_telephone,
     .allowed = "with country code: +254200000417"},

    NEEDED("rejected.text", body_rejected, "text", "what is wrong and what is allowed"),
    NEEDED_IF("rejected.path", body_rejected, "path", is_by_rule, "which field, for SCHEMA and ROLE_RULE"),

    NEEDED("note.title", note, "title", "one line that says what it is about, without a victim's name"),
    NEEDED("note.text", note, "text", "the note"),
};
const size_t BODY_RULES_KIND_COUNT = AM_LEN(BODY_RULES_KIND);
