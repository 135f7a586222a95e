// SPDX-License-Identifier: Apache-2.0
// What only a reader of the body can judge (domain.md, rules 3, 6 and 13): the sender's client asks before it seals,
// the recipient's after it has opened. The rules are one table; the first that is broken is named. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "proto/model/error.h"
#include "proto/model/reason.h"

#include <stdbool.h>

struct body_rule;

// NULL where every rule holds. Else the rule broken, with its field's path ("alert.persons[0].roles", or a header's
// field) and what is allowed in *detail (not NULL). The header is one that header_check lets through, before sealing or
// after.
const struct body_rule *body_check(const Amana__V1__Header *header, const Amana__V1__Flags *flags,
                                   const Amana__V1__Body *body, struct am_detail *detail);

// What a sender is told: FIELD_INVALID, or RELEASE_REQUIRED for an identified person that nobody releases.
enum reason body_rule_reason(const struct body_rule *rule);

// What a recipient answers: "ROLE_RULE" where the rule protects a person (rules 5, 6), else "SCHEMA". Static.
const char *body_rule_outcome(const struct body_rule *rule);

// Its name in tests and logs: "person.victim-not-suspect". Static.
const char *body_rule_name(const struct body_rule *rule);

// The rules one after the other, NULL behind the last.
const struct body_rule *body_rule_at(size_t index);

// Whether the text holds a name of a victim, smuggled migrant or missing person that the body is about.
bool body_names_victim(const Amana__V1__Body *body, const char *text);

// The persons that it is about; *ret_n 0 where there are none.
Amana__V1__Person *const *body_persons(const Amana__V1__Body *body, size_t *ret_n);

// Whether the person is a citizen of a state among the recipients, or has a paper that such a state gives to its own;
// or may be, as nobody says of which state they are and one of another than the sender's is there.
bool body_comes_from_recipient(const Amana__V1__Person *person, const Amana__V1__Header *header);

// Whether the person is no suspect, and a citizen of this state or has a paper that it gives to its own.
bool body_may_have_fled(const Amana__V1__Person *person, const char *country);

// The state of a place, by its country or its UN/LOCODE; "" where neither says it.
void body_place_country(const Amana__V1__Place *place, char ret_country[3]);

// The alert of an ALERT or UPDATE, NULL for other kinds.
const Amana__V1__Alert *body_alert(const Amana__V1__Body *body);
