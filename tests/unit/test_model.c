// SPDX-License-Identifier: Apache-2.0
// The table of kinds against that of domain.md, flags and rules.
#include "proto/model/country.h"
#include "proto/model/harm.h"
#include "proto/model/kind_body.h"
#include "proto/model/life.h"
#include "proto/model/rules.h"
#include "tests/sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

// --- The table of kinds, pasted from domain.md: kind | on | who | outcome
static const char *const KINDS_TABLE[][4] = {
    {"ALERT", "-", "unit, protection", "-"},
    {"UPDATE", "ALERT", "originator", "-"},
    {"CANCEL", "ALERT", "originator", "`RESOLVED` `NO_LONGER_NEEDED` `SENT_IN_ERROR` `COURT_ORDER`"},
    {"HIT", "ALERT", "recipient", "-"},
    {"CANNOT_EXECUTE", "ALERT", "recipient", "`LAW` `SAFETY` `RESOURCES` `OTHER`"},
    {"REQUEST", "any or none", "unit, protection", "-"},
    {"CLARIFICATION", "REQUEST", "originator", "-"},
    {"RESPONSE", "REQUEST SUBJECT_ACCESS", "recipient", "`FULL` `PARTIAL` `NO_DATA`"},
    {"REFUSAL", "REQUEST", "recipient",
     "`NO_LEGAL_BASIS` `AUTHORISATION_REFUSED` `DISPROPORTIONATE` `PURPOSE_CHANGED` `UNLAWFUL_DATA` `NOT_DISCLOSED`"},
    {"ACK", "ALERT UPDATE CANCEL HIT REQUEST REFERRAL CORRECTION CONTEST SUBJECT_ACCESS USE_PERMISSION", "recipient",
     "-"},
    {"PROGRESS", "REQUEST REFERRAL", "recipient", "`IN_HAND` `AWAITING_AUTHORISATION` `CLARIFICATION_ASKED`"},
    {"WITHDRAW", "REQUEST REFERRAL USE_PERMISSION SUBJECT_ACCESS", "originator",
     "`NO_LONGER_NEEDED` `CONSENT_WITHDRAWN`"},
    {"REFERRAL", "any or none", "protection, unit", "-"},
    {"USE_PERMISSION", "any", "recipient", "-"},
    {"DECISION", "REFERRAL USE_PERMISSION CONTEST", "recipient",
     "`ACCEPTED` `DECLINED` `GRANTED` `DENIED` `UPHELD` `REJECTED`"},
    {"CLOSE", "REFERRAL", "either", "`DONE` `NO_CONTACT` `PERSON_DECLINED`"},
    {"CORRECTION", "any", "originator, dpo", "-"},
    {"ERASURE", "any", "originator, dpo", "-"},
    {"CONFIRM", "CORRECTION ERASURE CANCEL WITHDRAW", "recipient", "`DONE` `NOT_HELD` `RETAINED_BY_LAW`"},
    {"CONTEST", "any", "recipient; any protection unit", "-"},
    {"HOLD", "any", "originator, dpo", "-"},
    {"SUBJECT_ACCESS", "-", "dpo", "-"},
    {"CONTACT", "any", "sender, recipient", "`TOLD` `NO_ANSWER`"},
    {"BODY_REJECTED", "any", "recipient", "`CANNOT_OPEN` `BINDING` `COMMITMENT` `SCHEMA` `ROLE_RULE`"},
    {"NOTE", "any or none", "unit, protection", "-"},
};

static_assert(AM_LEN(KINDS_TABLE) == KIND_COUNT - 1, "each kind has its row");

static uint32_t on_of(const char *text)
{
    uint32_t set = 0;
    if (strncmp(text, "any", 3) == 0)
        return KINDS_ALL;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        const char *name = kind_name(kind), *at = text;
        for (; (at = strstr(at, name)) != NULL; at += strlen(name))
            if ((at == text || at[-1] == ' ') && (at[strlen(name)] == ' ' || at[strlen(name)] == '\0'))
                set |= KIND_BIT(kind);
    }
    return set;
}

static uint64_t outcomes_of(const char *text)
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__outcome__code__descriptor;
    uint64_t set = 0;
    for (unsigned i = 0; i < codes->n_values; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", codes->values[i].name);
        if (strstr(text, quoted) != NULL)
            set |= 1ull << codes->values[i].value;
    }
    return set;
}

static bool role_holds(const char *who, const char *word, uint8_t flags, uint8_t bit)
{
    return (strstr(who, word) != NULL) == ((flags & bit) != 0);
}

static void every_kind_is_as_the_design_has_it(void **state)
{
    for (unsigned code = 1; code < KIND_COUNT; code++) {
        const struct kind *kind = kind_get(code);
        const char *const *row = KINDS_TABLE[code - 1];
        uint32_t on = on_of(row[1]);
        if (on == KIND_BIT(KIND(ALERT)) && (code == KIND(HIT) || code == KIND(CANNOT_EXECUTE)))
            on |= KIND_BIT(KIND(UPDATE)); // its newest version
        assert_string_equal(kind->name, row[0]);
        assert_int_equal(kind->on, on);
        assert_int_equal(kind->must_answer, row[1][0] != '-' && strstr(row[1], "none") == NULL);
        assert_true(kind->outcomes == outcomes_of(row[3]));
        bool either = strcmp(row[2], "either") == 0 || strstr(row[2], "sender") != NULL;
        assert_true(either || role_holds(row[2], "originator", kind->who, WHO_ORIGINATOR));
        assert_true(role_holds(row[2], "unit, protection", kind->who, WHO_UNIT) ||
                    role_holds(row[2], "protection, unit", kind->who, WHO_UNIT));
        assert_true(role_holds(row[2], "dpo", kind->who, WHO_DPO));
        bool recipient = (kind->who & (WHO_RECIPIENT | WHO_HOLDER)) != 0;
        assert_int_equal(recipient, either || strstr(row[2], "recipient") != NULL);
        // A COPY may send what is on any for recipients.
        assert_int_equal((kind->who & WHO_HOLDER) != 0, recipient && kind->on == KINDS_ALL);
    }
    assert_null(kind_get(0));
    assert_null(kind_get(KIND_COUNT));
}

static void roots_and_what_rule_3_speaks_of_are_those_of_the_design(void **state)
{
    uint32_t roots = 0, child = 0;
    for (unsigned code = 1; code < KIND_COUNT; code++) {
        roots |= kind_get(code)->root ? KIND_BIT(code) : 0;
        child |= kind_get(code)->child_rule ? KIND_BIT(code) : 0;
    }
    assert_int_equal(roots,
                     on_of("ALERT REQUEST REFERRAL USE_PERMISSION CORRECTION ERASURE CONTEST SUBJECT_ACCESS HIT"));
    assert_int_equal(child, on_of("ALERT UPDATE REQUEST REFERRAL HIT RESPONSE NOTE"));
}

static void a_kind_s_json_name_is_its_name_in_lower_case_and_each_has_a_body(void **state)
{
    for (unsigned code = 1; code < KIND_COUNT; code++) {
        const struct kind *kind = kind_get(code);
        assert_int_equal(strcasecmp(kind->json, kind->name), 0);
        assert_int_equal(strcspn(kind->json, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), strlen(kind->json));
        bool in_draft =
            protobuf_c_message_descriptor_get_field_by_name(&amana__v1__draft__descriptor, kind->json) != NULL;
        assert_int_equal(kind_body_type(code) != NULL, in_draft);
        assert_true(in_draft);
    }
    assert_null(kind_body_type(0));
    assert_null(kind_body_type(KIND_COUNT));
}

static void a_body_is_that_of_the_kind_it_was_set_for(void **state)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        Amana__V1__Body body = AMANA__V1__BODY__INIT;
        ProtobufCMessage of_kind = {0};
        assert_int_equal(kind_body_which(&body.base), 0);
        assert_null(kind_body_get(&body.base));
        assert_int_equal(kind_body_set(kind, &body.base, &of_kind), kind_body_type(kind) != NULL);
        if (kind_body_type(kind) == NULL)
            continue;
        assert_int_equal(kind_body_which(&body.base), kind);
        assert_ptr_equal(kind_body_get(&body.base), &of_kind);
        assert_true(kind_body_set(kind, &body.base, NULL));
        assert_null(kind_body_get(&body.base));
    }
    Amana__V1__Body none = AMANA__V1__BODY__INIT;
    assert_false(kind_body_set(0, &none.base, NULL));
}

static void the_first_text_of_a_body_is_its_line_in_a_list(void **state)
{
    Amana__V1__Cancel cancel = AMANA__V1__CANCEL__INIT;
    Amana__V1__Person person = AMANA__V1__PERSON__INIT; // begins with a list
    Amana__V1__Palermo palermo = AMANA__V1__PALERMO__INIT;
    cancel.reason = (char *)"found";
    person.description = (char *)"tall";
    assert_string_equal(kind_body_title(&cancel.base), "found");
    cancel.reason = (char *)"";
    cancel.instructions = (char *)"let it go";
    assert_string_equal(kind_body_title(&cancel.base), "let it go");
    assert_string_equal(kind_body_title(&person.base), "tall");
    assert_string_equal(kind_body_title(&palermo.base), "");
    assert_string_equal(kind_body_title(NULL), "");
}

static void lists_of_kinds_are_words(void **state)
{
    char text[KIND_LIST_TEXT];
    kind_list(on_of("ACK ALERT"), text, sizeof text);
    assert_string_equal(text, "ALERT, ACK");
    kind_list(0, text, sizeof text);
    assert_string_equal(text, "none");
    kind_list(KINDS_ALL, text, sizeof text);
    assert_non_null(strstr(text, "BODY_REJECTED, NOTE")); // all of them fit
}

static void clocks_are_those_of_the_design(void **state)
{
    static const uint64_t ACK[] = {0, 15, 60, 240, 1440}, ANSWER[] = {0, 60, 480, 3 * 1440, 7 * 1440};
    // "late (U1 15 min, U2 1 h, others 12 h), NON_DELIVERED (1 h, 8 h, 24 h), NON_RETRIEVED (15 min, 1 h, 24 h, 7 d)"
    static const uint64_t LATE[] = {0, 15, 60, 720, 720}, NON_DELIVERED[] = {0, 60, 480, 1440, 1440},
                          NON_RETRIEVED[] = {0, 15, 60, 1440, 7 * 1440};
    for (unsigned urgency = 1; urgency <= 4; urgency++) {
        struct kind_due request = kind_due(KIND(REQUEST), urgency, 0, 0, 1000);
        assert_int_equal(request.ack, 1000 + ACK[urgency] * MINUTE_NS);
        assert_int_equal(request.answer, 1000 + ANSWER[urgency] * MINUTE_NS);
        assert_int_equal(kind_due(KIND(HIT), 4, urgency, 0, 1000).ack, 1000 + ACK[urgency] * MINUTE_NS);
        assert_int_equal(kind_due(KIND(CORRECTION), 4, urgency, 0, 1000).ack, 1000 + ACK[urgency] * MINUTE_NS);
        assert_int_equal(kind_due(KIND(CORRECTION), 4, urgency, 0, 1000).answer, 1000 + 7 * DAY_NS);
        assert_int_equal(kind_due(KIND(CONTEST), urgency, 0, 0, 1000).ack, 1000 + ACK[2] * MINUTE_NS);
        assert_int_equal(kind_due(KIND(CONTEST), urgency, 0, 0, 1000).answer, 1000 + ANSWER[2] * MINUTE_NS);
        assert_int_equal(urgency_get(urgency)->late_ns, LATE[urgency] * MINUTE_NS);
        assert_int_equal(urgency_get(urgency)->non_delivered_ns, NON_DELIVERED[urgency] * MINUTE_NS);
        assert_int_equal(urgency_get(urgency)->non_retrieved_ns, NON_RETRIEVED[urgency] * MINUTE_NS);
        assert_int_equal(urgency_get(urgency)->reason, urgency <= 2);
    }
    assert_int_equal(kind_due(KIND(REQUEST), 1, 0, 5000, 1000).answer, 5000); // its own date
    assert_int_equal(kind_due(KIND(SUBJECT_ACCESS), 4, 0, 0, 1000).answer, 1000 + 30 * DAY_NS);
    assert_int_equal(kind_due(KIND(ERASURE), 4, 1, 0, 1000).answer, 1000 + 7 * DAY_NS);
    assert_int_equal(kind_due(KIND(ALERT), 1, 0, 0, 1000).answer, 0);
    assert_int_equal(kind_due(KIND(ACK), 1, 1, 0, 1000).ack, 0);
    for (unsigned kind = 0; kind <= KIND_COUNT; kind++) // the others are about the one that they answer
        assert_int_equal(kind_ends_newest(kind), kind == KIND(CANCEL));
    assert_null(urgency_get(0));
    assert_null(urgency_get(5));
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_init(world, NULL);
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_clear(*state);
    free(*state);
    return 0;
}

// --- Flags
static void flags_answer_the_question_about_protection(void **state)
{
    uint8_t salt[16] = {0};
    char *states[] = {(char *)"er"};
    struct am_detail detail;
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    flags.salt = (ProtobufCBinaryData){16, salt};
    assert_int_equal(flags_check(&flags, &detail), REASON_PROTECTION_UNANSWERED);
    flags.protection = AMANA__V1__PROTECTION__CODE__NO;
    assert_int_equal(flags_check(&flags, &detail), REASON_NONE);
    flags.protection = AMANA__V1__PROTECTION__CODE__UNKNOWN; // from whom?
    assert_int_equal(flags_check(&flags, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "flags.never_tell");
    flags.never_tell = states, flags.n_never_tell = 1;
    assert_int_equal(flags_check(&flags, &detail), REASON_NONE);
    flags.protection = AMANA__V1__PROTECTION__CODE__NOT_CONCERNED;
    assert_int_equal(flags_check(&flags, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "flags.never_tell");
    flags.n_never_tell = 0;
    flags.salt.len = 15;
    assert_int_equal(flags_check(&flags, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "flags.salt");
    flags.protection = 9;
    assert_int_equal(flags_check(&flags, &detail), REASON_FIELD_INVALID);
}

static void never_tell_names_states_once_by_their_code(void **state)
{
    static const struct {
        const char *states[2];
        const char *field;
    } ROWS[] = {
        {{"er", "et"}, NULL},
        {{"er", "er"}, "flags.never_tell[1]"},
        {{"ER", "et"}, "flags.never_tell[0]"},
        {{"er", "eritrea"}, "flags.never_tell[1]"},
        {{"", "et"}, "flags.never_tell[0]"},
        {{"e1", "et"}, "flags.never_tell[0]"},
        {{"et", "zz"}, "flags.never_tell[1]"}, // assigned to none
    };
    uint8_t salt[16] = {0};
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    flags.salt = (ProtobufCBinaryData){16, salt};
    flags.protection = AMANA__V1__PROTECTION__CODE__YES;
    flags.n_never_tell = 2;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct am_detail detail = {0};
        flags.never_tell = (char **)(void *)ROWS[i].states;
        assert_int_equal(flags_check(&flags, &detail), ROWS[i].field != NULL ? REASON_FIELD_INVALID : REASON_NONE);
        assert_string_equal(detail.field, ROWS[i].field != NULL ? ROWS[i].field : "");
    }
}

static void never_tell_may_name_every_state_there_is(void **state)
{
    uint8_t salt[16] = {0};
    char codes[COUNTRIES + 1][3], *names[COUNTRIES + 1];
    struct am_detail detail = {0};
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    flags.salt = (ProtobufCBinaryData){16, salt};
    flags.protection = AMANA__V1__PROTECTION__CODE__YES;
    flags.never_tell = names;
    for (size_t i = 0; i <= COUNTRIES; i++) {
        country_at(i % COUNTRIES, codes[i]);
        names[i] = codes[i];
    }
    flags.n_never_tell = COUNTRIES;
    assert_int_equal(flags_check(&flags, &detail), REASON_NONE);
    assert_true(amana__v1__flags__get_packed_size(&flags) < LIMIT_FLAGS);
    flags.n_never_tell++;
    assert_int_equal(flags_check(&flags, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "flags.never_tell");
}

// --- Rules
static void unknown_gives_way_where_a_life_or_a_child_is_at_risk_and_yes_never(void **state)
{
    struct world *world = *state;
    Amana__V1__Header *header = &world_alert(world)->header; // U1
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK;
    const unsigned yes = AMANA__V1__PROTECTION__CODE__YES, unknown = AMANA__V1__PROTECTION__CODE__UNKNOWN;
    assert_true(harm_keeps(yes, header));
    assert_false(harm_keeps(unknown, header));
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    assert_false(harm_keeps(unknown, header));
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__TRANSIT_IMMINENT;
    assert_true(harm_keeps(unknown, header));
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    header->urgency = AMANA__V1__URGENCY__CODE__U3;
    assert_true(harm_keeps(unknown, header));
    assert_false(harm_keeps(AMANA__V1__PROTECTION__CODE__NO, header));
    assert_false(harm_keeps(AMANA__V1__PROTECTION__CODE__NOT_CONCERNED, header));
}

static void three_answers_say_nothing_and_no_other_does(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *ack = world_answer(world, POST, KIND(ACK), alert, alert);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        for (unsigned outcome = 0; outcome <= OUTCOME(ROLE_RULE); outcome++) {
            ack->header.kind = (Amana__V1__Kind__Code)kind;
            ack->header.outcome = (Amana__V1__Outcome__Code)outcome;
            bool silent = kind == KIND(ACK) || (kind == KIND(PROGRESS) && outcome == OUTCOME(IN_HAND)) ||
                          (kind == KIND(RESPONSE) && outcome == OUTCOME(NO_DATA));
            assert_int_equal(harm_answer(&ack->header), silent);
        }
    ack->header.kind = KIND(ACK);
    ack->header.in_reply_to = NULL;
    assert_false(harm_answer(&ack->header));
}

static void rule_3_a_child_at_risk_is_a_child_whatever_the_flags_say(void **state)
{
    struct world *world = *state;
    Amana__V1__Header *header = &world_alert(world)->header; // U1
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK;
    struct am_detail detail;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        header->kind = (Amana__V1__Kind__Code)kind;
        assert_int_equal(rule_child(header, &flags, CHILD_DESK, &detail),
                         kind_get(kind)->child_rule ? RULE_CHILD_BROKEN : RULE_CHILD_HOLDS);
    }
    header->kind = (Amana__V1__Kind__Code)KIND(ALERT);
    assert_int_equal(rule_child(header, &flags, NULL, &detail), RULE_CHILD_ALARM);
    header->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    assert_int_equal(rule_child(header, &flags, CHILD_DESK, &detail), RULE_CHILD_HOLDS);
}

static void rule_3_speaks_of_these_kinds_alone(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    struct am_detail detail;
    flags.child = true;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        alert->header.kind = (Amana__V1__Kind__Code)kind;
        enum rule_child want = kind_get(kind)->child_rule ? RULE_CHILD_BROKEN : RULE_CHILD_HOLDS;
        assert_int_equal(rule_child(&alert->header, &flags, CHILD_DESK, &detail), want);
        assert_int_equal(rule_child(&alert->header, &flags, SHELTER, &detail), RULE_CHILD_HOLDS); // addressed
        assert_int_equal(rule_child(&alert->header, &flags, POLICE, &detail), RULE_CHILD_HOLDS);  // the sender
    }
    alert->header.kind = KIND(ALERT);
    assert_int_equal(rule_child(&alert->header, &flags, "", &detail), RULE_CHILD_ALARM);
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U3;
    assert_int_equal(rule_child(&alert->header, &flags, NULL, &detail), RULE_CHILD_BROKEN);
    flags.child = false;
    alert->header.urgency_reason = 0;
    assert_int_equal(rule_child(&alert->header, &flags, NULL, &detail), RULE_CHILD_HOLDS);
}

static void return_is_never_for_who_may_need_protection(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    Amana__V1__Header *header = &alert->header;
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    struct am_detail detail;
    header->purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
    header->consent = AMANA__V1__CONSENT__CODE__GUARDIAN;
    flags.protection = AMANA__V1__PROTECTION__CODE__NO;
    assert_int_equal(rule_return(header, &flags, false, &detail), REASON_NONE);
    flags.protection = AMANA__V1__PROTECTION__CODE__UNKNOWN;
    assert_int_equal(rule_return(header, &flags, false, &detail), REASON_PURPOSE_MISMATCH);
    flags.protection = AMANA__V1__PROTECTION__CODE__YES;
    assert_int_equal(rule_return(header, &flags, false, &detail), REASON_PURPOSE_MISMATCH);
    flags.protection = AMANA__V1__PROTECTION__CODE__NO;
    header->consent = AMANA__V1__CONSENT__CODE__NOT_ASKED;
    assert_int_equal(rule_return(header, &flags, false, &detail), REASON_CONSENT_REQUIRED);
}

// Who was asked may be the first whom the person tells.
static void what_answers_about_a_return_goes_back_and_a_new_version_asks_anew(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    for (unsigned i = 2; i < 2 * KIND_COUNT; i++) {
        unsigned kind = i / 2;
        bool beyond = i % 2 != 0; // then every answer that says something of the person asks for it anew
        if (kind_get(kind) == NULL)
            continue;
        bool judged = kind == KIND(UPDATE) || (beyond && kind != KIND(ERASURE) && kind != KIND(HOLD));
        struct letter *answer = world_answer(world, POST, kind, alert, alert);
        Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
        struct am_detail detail;
        answer->header.purpose = AMANA__V1__PURPOSE__CODE__RETURN_AND_REINTEGRATION;
        flags.protection = AMANA__V1__PROTECTION__CODE__YES;
        enum reason want = judged ? REASON_PURPOSE_MISMATCH : REASON_NONE;
        assert_int_equal(rule_return(&answer->header, &flags, beyond, &detail), want);
        flags.protection = AMANA__V1__PROTECTION__CODE__NO;
        want = judged ? REASON_CONSENT_REQUIRED : REASON_NONE;
        assert_int_equal(rule_return(&answer->header, &flags, beyond, &detail), want);
    }
}

static void a_decisions_outcome_fits_what_it_decides(void **state)
{
    assert_true(kind_outcome_fits(KIND(DECISION), KIND(REFERRAL), OUTCOME(ACCEPTED)));
    assert_false(kind_outcome_fits(KIND(DECISION), KIND(REFERRAL), OUTCOME(GRANTED)));
    assert_true(kind_outcome_fits(KIND(DECISION), KIND(CONTEST), OUTCOME(UPHELD)));
    assert_false(kind_outcome_fits(KIND(DECISION), KIND(USE_PERMISSION), OUTCOME(UPHELD)));
    assert_true(kind_outcome_fits(KIND(CANCEL), KIND(ALERT), OUTCOME(RESOLVED)));
}

static void the_outcomes_that_fit_are_named(void **state)
{
    char text[KIND_OUTCOMES_TEXT];
    kind_outcome_list(KIND(DECISION), KIND(REFERRAL), text, sizeof text);
    assert_string_equal(text, "ACCEPTED, DECLINED");
    kind_outcome_list(KIND(RESPONSE), 0, text, sizeof text);
    assert_string_equal(text, "FULL, PARTIAL, NO_DATA");
    kind_outcome_list(KIND(ALERT), 0, text, sizeof text);
    assert_string_equal(text, "");
}

#define D(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_as_the_design_has_it),
        cmocka_unit_test(roots_and_what_rule_3_speaks_of_are_those_of_the_design),
        cmocka_unit_test(a_kind_s_json_name_is_its_name_in_lower_case_and_each_has_a_body),
        cmocka_unit_test(a_body_is_that_of_the_kind_it_was_set_for),
        cmocka_unit_test(the_first_text_of_a_body_is_its_line_in_a_list),
        cmocka_unit_test(lists_of_kinds_are_words),
        cmocka_unit_test(clocks_are_those_of_the_design),
        cmocka_unit_test(flags_answer_the_question_about_protection),
        cmocka_unit_test(never_tell_names_states_once_by_their_code),
        cmocka_unit_test(never_tell_may_name_every_state_there_is),
        D(unknown_gives_way_where_a_life_or_a_child_is_at_risk_and_yes_never),
        D(three_answers_say_nothing_and_no_other_does),
        D(rule_3_speaks_of_these_kinds_alone),
        D(rule_3_a_child_at_risk_is_a_child_whatever_the_flags_say),
        D(return_is_never_for_who_may_need_protection),
        D(what_answers_about_a_return_goes_back_and_a_new_version_asks_anew),
        cmocka_unit_test(a_decisions_outcome_fits_what_it_decides),
        cmocka_unit_test(the_outcomes_that_fit_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
