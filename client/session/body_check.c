// SPDX-License-Identifier: Apache-2.0
// Rules over the body: who may be detained, who counts as a child, who is identified.
#include "client/session/body_check.h"

#include "proto/model/kind_body.h"

#include <stdio.h>
#include <string.h>

#define ROLE(name)   AMANA__V1__PERSON_ROLE__CODE__##name
#define ACTION(name) AMANA__V1__ACTION__CODE__##name
#define ADULT        18u

const Amana__V1__Alert *body_alert(const Amana__V1__Body *body)
{
    ProtobufCMessage *of_kind = kind_body_get(&body->base);
    return of_kind != NULL && of_kind->descriptor == &amana__v1__alert__descriptor ? (Amana__V1__Alert *)of_kind : NULL;
}

static bool has_role(const Amana__V1__Person *person, unsigned roles)
{
    for (size_t i = 0; i < person->n_roles; i++)
        if ((roles & 1u << (unsigned)person->roles[i]) != 0)
            return true;
    return false;
}

// Only an age said to be unknown, or one that reaches below 18, makes a child: a suspect without any age doesn't.
static bool is_child(const Amana__V1__Person *person)
{
    const Amana__V1__AgeRange *age = person->age;
    return age != NULL && (age->unknown || age->from < ADULT);
}

bool body_has_child(const Amana__V1__Alert *alert)
{
    for (size_t i = 0; alert != NULL && i < alert->n_persons; i++)
        if (is_child(alert->persons[i]))
            return true;
    return false;
}

static bool is_identified(const Amana__V1__Person *person)
{
    if (person->n_names > 0 || person->photograph != NULL)
        return true;
    for (size_t i = 0; i < person->n_documents; i++)
        if (person->documents[i]->number[0] != '\0')
            return true;
    return false;
}

static enum reason refuse(struct am_detail *detail, const char *kind, size_t i, const char *field, enum reason reason,
                          const char *text)
{
    char path[96];
    snprintf(path, sizeof path, "%s.persons[%zu]%s%s", kind, i, field[0] != '\0' ? "." : "", field);
    (void)am_fail(AM_INVALID, detail, path, "%s", text);
    return reason;
}

static bool asks(const Amana__V1__Action__Code *actions, size_t count, unsigned action)
{
    for (size_t i = 0; i < count; i++)
        if ((unsigned)actions[i] == action)
            return true;
    return false;
}

static enum reason check_person(const char *kind, size_t i, const Amana__V1__Person *person, struct am_detail *detail)
{
    const unsigned shielded = 1u << ROLE(VICTIM) | 1u << ROLE(PRESUMED_VICTIM) | 1u << ROLE(SMUGGLED_MIGRANT);
    if (person->n_roles == 0)
        return refuse(detail, kind, i, "roles", REASON_FIELD_INVALID, "says what the person is to the case");
    if (has_role(person, shielded) && has_role(person, 1u << ROLE(SUSPECT)))
        return refuse(detail, kind, i, "roles", REASON_FIELD_INVALID,
                      "a victim or smuggled migrant is never entered as a SUSPECT by the same message");
    if (asks(person->actions, person->n_actions, ACTION(DETAIN)) && !has_role(person, 1u << ROLE(SUSPECT)))
        return refuse(detail, kind, i, "actions", REASON_FIELD_INVALID, "DETAIN is for a SUSPECT only");
    if (person->age != NULL && !person->age->unknown && person->age->to != 0 && person->age->to < person->age->from)
        return refuse(detail, kind, i, "age.to", REASON_FIELD_INVALID, "must not be below age.from");
    if (is_identified(person))
        return refuse(detail, kind, i, "", REASON_RELEASE_REQUIRED,
                      "an identified person (name, document number, photograph) needs subject_kind PERSON or GROUP and "
                      "a second person's release, which is not served yet: describe without identifying");
    return REASON_NONE;
}

static enum reason check_alert(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const char *kind,
                               const Amana__V1__Alert *alert, struct am_detail *detail)
{
    char path[64];
    if (alert->title[0] == '\0') {
        snprintf(path, sizeof path, "%s.title", kind);
        (void)am_fail(AM_INVALID, detail, path, "one line that says what it is about, without a victim's name");
        return REASON_FIELD_INVALID;
    }
    if (alert->n_actions == 0 || asks(alert->actions, alert->n_actions, ACTION(DETAIN))) {
        snprintf(path, sizeof path, "%s.actions", kind);
        (void)am_fail(AM_INVALID, detail, path, "%s",
                      alert->n_actions == 0 ? "what the recipient is asked to do; at least one"
                                            : "DETAIN stands with the SUSPECT it is about: persons[].actions");
        return REASON_FIELD_INVALID;
    }
    for (size_t i = 0; i < alert->n_persons; i++) {
        enum reason reason = check_person(kind, i, alert->persons[i], detail);
        if (reason != REASON_NONE)
            return reason;
    }
    if (body_has_child(alert) && !flags->child) {
        (void)am_fail(AM_INVALID, detail, "flags.child", "must be true: a person is, or may be, under 18");
        return REASON_FIELD_INVALID;
    }
    for (size_t i = 0; i < header->n_handling; i++) {
        if (header->handling[i] != AMANA__V1__HANDLING__CODE__H3 || alert->handling_note[0] != '\0')
            continue;
        snprintf(path, sizeof path, "%s.handling_note", kind);
        (void)am_fail(AM_INVALID, detail, path, "handling H3 needs its text here");
        return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

enum reason body_check(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const Amana__V1__Body *body,
                       struct am_detail *detail)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    const Amana__V1__Alert *alert = body_alert(body);
    if (kind == NULL || kind_body_type((unsigned)header->kind) == NULL) {
        (void)am_fail(AM_INVALID, detail, "kind", "kind %s is not served yet", kind_name((unsigned)header->kind));
        return REASON_KIND_UNSUPPORTED;
    }
    if (kind_body_which(&body->base) != (unsigned)header->kind) {
        (void)am_fail(AM_INVALID, detail, kind->json, "a message of kind %s needs this body and no other", kind->name);
        return REASON_FIELD_INVALID;
    }
    return alert == NULL ? REASON_NONE : check_alert(header, flags, kind->json, alert, detail);
}
