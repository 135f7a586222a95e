// SPDX-License-Identifier: Apache-2.0
// The rules between a body and its envelope, whatever its kind.
#include "proto/body/rule.h"
#include "proto/body/shape.h"
#include "proto/model/harm.h"
#include "proto/model/rules.h"

// A safeguard is written for a child, whether or not the child is among the persons.
IS(child_is_flagged)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(at->of_kind->descriptor, "child_safeguard");
    bool safeguarded = field != NULL && *(const void *const *)rule_field_at(at->of_kind, field) != NULL;
    return at->flags->child || !(safeguarded || rule_child_here(at));
}

// Whoever opens it in a listed state says so too: what its hub let through is shown to nobody.
IS(tells_no_listed_state)
{
    return harm_first(at->header, at->flags) == SIZE_MAX;
}

// What a hub let go without: of the row of its kind alone, as policy is the hub's.
IS(is_released_where_needed)
{
    return rule_released(at->header) || !rule_release_needed(at->header, false, NULL);
}

IS(is_h3)
{
    for (size_t i = 0; i < at->header->n_handling; i++)
        if (at->header->handling[i] == AMANA__V1__HANDLING__CODE__H3)
            return true;
    return false;
}

IS(is_h3_without_a_place)
{
    return is_h3(at) &&
           protobuf_c_message_descriptor_get_field_by_name(at->of_kind->descriptor, "handling_note") == NULL;
}

IS(names_no_victim)
{
    const void *field = (const uint8_t *)at->message + at->field->offset;
    return !rule_names_victim(at->of_kind, *(const char *const *)field);
}

const struct body_rule BODY_RULES_ENVELOPE[] = {
    {"body.child-flagged", .header = "flags.child", .must = child_is_flagged, .role = true,
     .allowed =
         "must be true: a person is under 18, or may be, as everybody whose age isn't said, or child_safeguard is "
         "for one: give age or birth, or say true and add your protection unit"},
    {"body.never-tell", .header = "recipients", .must = tells_no_listed_state, .role = true,
     .reason = REASON_NOT_PERMITTED,
     .allowed = "one is a unit of a state in flags.never_tell: this person may have fled it; leave it out, and tell it "
                "nothing by any other channel either"},
    {"body.released", .header = "release", .must = is_released_where_needed, .role = true,
     .reason = REASON_RELEASE_REQUIRED,
     .allowed = "this needs a second person: say REQUIRED, or DEFERRED where it can't wait (U1; U2 at risk)"},
    {"body.handling-note", .field = "handling_note", .when = is_h3, .must = rule_filled,
     .allowed = "handling H3 needs its text here"},
    {"body.handling-h3", .header = "handling", .when = is_h3_without_a_place, .must = rule_never,
     .allowed = "H3 needs a text, and this kind has no place for it"},
    {"body.title-line", .field = "title", .text = shape_line, .allowed = "one line of at most 160 letters"},
    {"body.title-victim", .field = "title", .must = names_no_victim, .role = true,
     .allowed = "lists and notifications show it: a victim's name has no place here"},
};
const size_t BODY_RULES_ENVELOPE_COUNT = AM_LEN(BODY_RULES_ENVELOPE);
