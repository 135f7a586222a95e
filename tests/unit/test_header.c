// SPDX-License-Identifier: Apache-2.0
// The envelope's checks, field by field: a good one, broken in one place at a time.
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "proto/model/rules.h"
#include "tests/sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

// --- The envelope: a good one, broken in one place at a time
struct desk {
    struct world world;
    struct letter *alert, *update, *cancel, *ack;
};

static int desk_begin(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    world_init(&desk->world, NULL);
    desk->alert = world_alert(&desk->world);
    desk->update = world_answer(&desk->world, POLICE, KIND(UPDATE), desk->alert, desk->alert);
    letter_supersedes(desk->update, desk->alert);
    desk->cancel = world_answer(&desk->world, POLICE, KIND(CANCEL), desk->alert, desk->alert);
    desk->ack = world_answer(&desk->world, POST, KIND(ACK), desk->alert, desk->alert);
    *state = desk;
    return 0;
}

static int desk_end(void **state)
{
    struct desk *desk = *state;
    world_clear(&desk->world);
    free(desk);
    return 0;
}

static enum reason check(const struct letter *letter, struct am_detail *detail)
{
    static const struct header_context CONTEXT = {0};
    *detail = (struct am_detail){0};
    return header_check(&letter->header, &CONTEXT, detail);
}

static void good(const struct letter *letter)
{
    struct am_detail detail;
    enum reason reason = check(letter, &detail);
    if (reason != REASON_NONE)
        fail_msg("%s: %s %s", reason_name(reason), detail.field, detail.text);
}

static void bad_as(const struct letter *letter, enum reason want, const char *field)
{
    struct am_detail detail;
    assert_string_equal(reason_name(check(letter, &detail)), reason_name(want));
    assert_string_equal(detail.field, field);
    assert_int_not_equal(detail.text[0], '\0');
}

#define bad(letter, field) bad_as(letter, REASON_FIELD_INVALID, field)
// Sets a field, wants it refused, and puts it back.
#define broken(letter, lvalue, value, field)                                                                           \
    do {                                                                                                               \
        __typeof__(lvalue) before_ = (lvalue);                                                                         \
        (lvalue) = (value);                                                                                            \
        bad(letter, field);                                                                                            \
        (lvalue) = before_;                                                                                            \
        good(letter);                                                                                                  \
    } while (0)

static void what_is_served_passes(void **state)
{
    const struct desk *desk = *state;
    good(desk->alert);
    good(desk->update);
    good(desk->cancel);
    good(desk->ack);
}

// Every field that a kind needs, left out; every field that it doesn't have, put in.
static void left_out(struct letter *letter, const ProtobufCFieldDescriptor *field)
{
    uint8_t *at = (uint8_t *)&letter->header + field->offset;
    uint8_t kept[sizeof(ProtobufCBinaryData)];
    size_t size = field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(void *);
    if (field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_UINT32)
        size = sizeof(uint32_t);
    memcpy(kept, at, size);
    memset(at, 0, size);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        *(const char **)(void *)at = "";
    bad(letter, field->name);
    memcpy(at, kept, size);
    good(letter);
}

static void a_field_that_the_kind_needs_is_missed(void **state)
{
    const struct desk *desk = *state;
    struct letter *const LETTERS[] = {desk->alert, desk->update, desk->cancel, desk->ack};
    for (size_t i = 0; i < AM_LEN(LETTERS); i++) {
        uint64_t required = HEADER_ALWAYS | kind_get(LETTERS[i]->header.kind)->required;
        for (unsigned number = 1; number <= 43; number++) {
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(&amana__v1__header__descriptor, number);
            if ((required & HEADER_BIT(number)) != 0 && field->label != PROTOBUF_C_LABEL_REPEATED)
                left_out(LETTERS[i], field);
        }
    }
    broken(desk->alert, desk->alert->header.n_recipients, 0, "recipients");
}

static void a_field_that_the_kind_does_not_have_is_refused(void **state)
{
    const struct desk *desk = *state;
    struct letter *ack = desk->ack, *alert = desk->alert;
    broken(ack, ack->header.valid_until, &alert->valid_until, "valid_until");
    broken(ack, ack->header.subject_kind, AMANA__V1__SUBJECT_KIND__CODE__ROUTE, "subject_kind");
    broken(ack, ack->header.outcome, OUTCOME(RESOLVED), "outcome");
    broken(ack, ack->header.supersedes, &desk->update->supersedes, "supersedes");
    broken(ack, ack->header.source_eval, AMANA__V1__SOURCE_EVAL__CODE__A, "source_eval");
    broken(alert, alert->header.in_reply_to, &ack->in_reply_to, "in_reply_to");
    broken(alert, alert->header.due_at, &alert->valid_until, "due_at");
    char *countries[] = {(char *)"ke"};
    alert->header.granted_to = countries;
    broken(alert, alert->header.n_granted_to, 1, "granted_to");
    broken(alert, alert->header.releasing, &alert->sender, "releasing");
}

static void a_code_outside_its_list_is_refused(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    broken(alert, alert->header.status, 4, "status");
    broken(alert, alert->header.urgency, 5, "urgency");
    broken(alert, alert->header.subject_kind, 8, "subject_kind");
    broken(alert, alert->header.purpose, 7, "purpose");
    broken(alert, alert->header.consent, 6, "consent");
    broken(alert, alert->header.kind, KIND_COUNT, "kind");
    broken(alert, alert->header.kind, 0, "kind");
    broken(alert, alert->header.schema_version, 2, "schema_version");
    Amana__V1__Handling__Code handling[] = {AMANA__V1__HANDLING__CODE__H0, 5};
    alert->header.handling = handling;
    broken(alert, alert->header.n_handling, 2, "handling[1]");
    handling[1] = AMANA__V1__HANDLING__CODE__H0;
    broken(alert, alert->header.n_handling, 2, "handling[1]");
    handling[1] = AMANA__V1__HANDLING__CODE__H1;
    alert->header.n_handling = 2;
    good(alert);
}

static void the_detail_says_what_is_allowed(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    struct am_detail detail;
    alert->header.status = 0;
    (void)check(alert, &detail);
    assert_string_equal(detail.text, "must be one of ACTUAL, EXERCISE, TEST");
}

static void an_outcome_is_one_of_the_kinds_own(void **state)
{
    struct letter *cancel = ((struct desk *)*state)->cancel;
    broken(cancel, cancel->header.outcome, OUTCOME(FULL), "outcome");
    cancel->header.outcome = OUTCOME(NO_LONGER_NEEDED);
    good(cancel);
}

static void what_is_not_served_yet_is_unsupported(void **state)
{
    const struct desk *desk = *state;
    struct letter *alert = desk->alert, *cancel = desk->cancel;
    alert->header.n_attachments = 1;
    bad_as(alert, REASON_KIND_UNSUPPORTED, "attachments");
    alert->header.n_attachments = 0;
    good(alert);
    cancel->header.outcome = OUTCOME(SENT_IN_ERROR);
    good(cancel);
    cancel->header.outcome = OUTCOME(COURT_ORDER);
    good(cancel);
}

static void a_release_names_the_unit_that_gives_it_and_deferred_is_for_what_can_t_wait(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    Amana__V1__UnitRoster releasing = AMANA__V1__UNIT_ROSTER__INIT;
    Amana__V1__Header before = alert->header;
    releasing.unit = (char *)POLICE;
    releasing.roster = 1;
    alert->header.releasing = &releasing;
    bad(alert, "releasing");
    alert->header.releasing = NULL;
    alert->header.release = AMANA__V1__RELEASE__CODE__REQUIRED;
    bad(alert, "releasing");
    alert->header.releasing = &releasing;
    good(alert);
    broken(alert, releasing.roster, 0, "releasing.roster");
    broken(alert, releasing.unit, (char *)"KE/dci", "releasing.unit");
    alert->header.release = AMANA__V1__RELEASE__CODE__DEFERRED;
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U1;
    alert->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__EVIDENCE_AT_RISK;
    good(alert);
    broken(alert, alert->header.urgency, AMANA__V1__URGENCY__CODE__U2, "release");
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    alert->header.urgency_reason = AMANA__V1__URGENCY_REASON__CODE__TRANSIT_IMMINENT;
    good(alert);
    broken(alert, alert->header.urgency_reason, AMANA__V1__URGENCY_REASON__CODE__FLIGHT_IMMINENT, "release");
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U3;
    alert->header.urgency_reason = 0;
    bad(alert, "release");
    alert->header = before;
    good(alert);
}

static void u1_and_u2_need_a_reason_and_the_others_have_none(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    broken(alert, alert->header.urgency_reason, 0, "urgency_reason");
    broken(alert, alert->header.urgency, AMANA__V1__URGENCY__CODE__U3, "urgency_reason");
    alert->header.urgency = AMANA__V1__URGENCY__CODE__U4;
    alert->header.urgency_reason = 0;
    good(alert);
}

static void an_agreement_is_named_where_it_is_the_basis_and_only_there(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    broken(alert, alert->header.legal_basis, AMANA__V1__LEGAL_BASIS__CODE__BILATERAL_AGREEMENT, "agreement_ref");
    broken(alert, alert->header.agreement_ref, (char *)"ke-et-2019", "agreement_ref");
    alert->header.legal_basis = AMANA__V1__LEGAL_BASIS__CODE__MULTILATERAL_AGREEMENT;
    alert->header.agreement_ref = (char *)"ke-et-2019";
    good(alert);
    broken(alert, alert->header.agreement_ref, (char *)"KE ET", "agreement_ref");
}

static void told_at_and_means_go_together(void **state)
{
    struct letter *ack = ((struct desk *)*state)->ack;
    broken(ack, ack->header.means, AMANA__V1__MEANS__CODE__PHONE, "told_at");
    broken(ack, ack->header.told_at, &ack->written_at, "means");
    ack->header.told_at = &ack->written_at;
    ack->header.means = AMANA__V1__MEANS__CODE__PHONE;
    good(ack);
}

static void nobody_was_told_at_a_time_to_come(void **state)
{
    struct letter *ack = ((struct desk *)*state)->ack;
    Google__Protobuf__Timestamp soon = ack->written_at, later = ack->written_at;
    soon.seconds += 5 * 60;
    later.seconds += 5 * 60 + 1;
    ack->header.means = AMANA__V1__MEANS__CODE__PHONE;
    ack->header.told_at = &soon;
    good(ack);
    broken(ack, ack->header.told_at, &later, "told_at");
}

static void names_have_their_grammar_and_are_the_senders(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    broken(alert, alert->header.id, (char *)"x", "id");
    broken(alert, alert->header.case_ref, (char *)"ke/dci/1", "case_ref");
    broken(alert, alert->sender.unit, (char *)"ke/dci", "sender.unit");
    broken(alert, alert->sender.roster, 0, "sender.roster");
    static const char *const DEVICES[] = {"amana://" POST "/device/d1",   "amana://" POLICE "/officer/d1",
                                          "amana://" POLICE "/device/",   "amana://" POLICE "/device/d1/x",
                                          "amana://" POLICE "/device/D1", "amana://" POLICE "x/device/d1",
                                          "http://" POLICE "/device/d1",  "amana://" POLICE "/device/d1?x"};
    for (size_t i = 0; i < AM_LEN(DEVICES); i++)
        broken(alert, alert->header.device, (char *)DEVICES[i], "device");
    broken(alert, alert->header.officer, (char *)"amana://" POLICE "/device/d1", "officer");
    broken(alert, alert->header.officer, (char *)"amana://" POST "/officer/o1", "officer");
    static const char *const LANGUAGES[] = {"e", "EN", "engl", "e1", "en "};
    for (size_t i = 0; i < AM_LEN(LANGUAGES); i++)
        broken(alert, alert->header.language, (char *)LANGUAGES[i], "language");
    alert->header.language = (char *)"swa";
    good(alert);
}

static void recipients_are_others_each_once_with_a_part(void **state)
{
    struct desk *desk = *state;
    struct letter *alert = desk->alert;
    broken(alert, alert->recipients[1]->unit, (char *)POST, "recipients[1].unit");
    broken(alert, alert->recipients[1]->unit, (char *)POLICE, "recipients[1].unit");
    broken(alert, alert->recipients[1]->unit, (char *)"ke/*/*", "recipients[1].unit");
    broken(alert, alert->recipients[1]->roster, 0, "recipients[1].roster");
    broken(alert, alert->recipients[1]->part, 0, "recipients[1].part");
    broken(alert, alert->recipients[1]->part, 3, "recipients[1].part");
    broken(alert, alert->recipients[0]->part, COPY, "recipients"); // nobody is asked to act
}

// Rule 11: whom a DECISION grants it to are units that a person can read, and no pattern that opens it to all.
static void whom_it_is_granted_to_are_units_each_once(void **state)
{
    struct desk *desk = *state;
    struct letter *grant = world_answer(&desk->world, POST, KIND(DECISION), desk->alert, desk->alert);
    char *units[LIMIT_RECIPIENTS + 1] = {(char *)POST, (char *)SHELTER}, names[LIMIT_RECIPIENTS + 1][32];
    grant->header.outcome = OUTCOME(GRANTED);
    grant->header.granted_to = units;
    grant->header.n_granted_to = 2;
    good(grant);
    broken(grant, units[1], (char *)POST, "granted_to[1]");
    broken(grant, units[1], (char *)"et/*/*", "granted_to[1]");
    broken(grant, units[0], (char *)"the prosecutor", "granted_to[0]");
    broken(grant, units[0], (char *)"", "granted_to[0]");
    for (size_t i = 0; i <= LIMIT_RECIPIENTS; i++) {
        snprintf(names[i], sizeof names[i], "et/ics/u%zu", i);
        units[i] = names[i];
    }
    grant->header.n_granted_to = LIMIT_RECIPIENTS;
    good(grant);
    grant->header.n_granted_to = LIMIT_RECIPIENTS + 1;
    bad(grant, "granted_to");
}

static void sixty_four_recipients_pass_and_one_more_does_not(void **state)
{
    struct desk *desk = *state;
    struct letter *alert = letter_new(&desk->world, POLICE, KIND(ALERT));
    Amana__V1__Recipient *many[65], rows[65];
    char names[65][32];
    for (size_t i = 0; i < 65; i++) {
        rows[i] = (Amana__V1__Recipient)AMANA__V1__RECIPIENT__INIT;
        snprintf(names[i], sizeof names[i], "et/ics/u%zu", i);
        rows[i].unit = names[i], rows[i].roster = 1, rows[i].part = ACTION;
        many[i] = &rows[i];
    }
    alert->header.recipients = many;
    alert->header.n_recipients = 64;
    good(alert);
    alert->header.n_recipients = 65;
    bad(alert, "recipients");
}

static void thirty_two_references_pass_and_one_more_does_not(void **state)
{
    struct desk *desk = *state;
    struct letter *alert = desk->alert;
    Amana__V1__Pointer rows[33], *many[33];
    uint8_t digests[33][32];
    for (size_t i = 0; i < 33; i++) {
        memset(digests[i], (int)i, sizeof digests[i]);
        rows[i] = desk->ack->in_reply_to;
        rows[i].header_digest.data = digests[i];
        many[i] = &rows[i];
    }
    alert->header.references = many;
    alert->header.n_references = 32;
    good(alert);
    broken(alert, alert->header.n_references, 33, "references");
    broken(alert, many[31]->id, (char *)"x", "references[31].id");
    memset(digests[7], 4, sizeof digests[7]);
    bad(alert, "references[7]");
}

static void a_pointer_is_an_id_and_32_bytes(void **state)
{
    struct desk *desk = *state;
    broken(desk->ack, desk->ack->in_reply_to.id, (char *)"", "in_reply_to.id");
    broken(desk->ack, desk->ack->in_reply_to.header_digest.len, 31, "in_reply_to.header_digest");
    broken(desk->update, desk->update->supersedes.header_digest.len, 33, "supersedes.header_digest");
}

static void digests_and_sizes_have_their_length(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    broken(alert, alert->header.flags_digest.len, 31, "flags_digest");
    broken(alert, alert->header.body_digest.len, 20, "body_digest");
    broken(alert, alert->header.body_commitment.len, 33, "body_commitment");
    broken(alert, alert->header.oversight_point, alert->header.body_digest, "oversight_point");
    broken(alert, alert->header.body_size, LIMIT_BODY_PLAIN + 128u * 1024 + 1, "body_size");
    broken(alert, alert->log_seen.size, 0, "log_seen.size");
    broken(alert, alert->log_seen.root.len, 31, "log_seen.root");
    broken(alert, alert->log_seen.signature.len, 64, "log_seen.signature");
    broken(alert, alert->log_seen.origin, (char *)"", "log_seen.origin");
    broken(alert, alert->log_seen.origin, (char *)"a b", "log_seen.origin");
    broken(alert, alert->log_seen.origin, (char *)"a+b", "log_seen.origin");
    alert->header.body_size = LIMIT_BODY_PLAIN + 128u * 1024;
    good(alert);
}

static void an_oversight_point_is_there_where_oversight_is_named(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    static const struct header_context NAMED = {.oversight = true};
    struct am_detail detail;
    uint8_t point[65] = {4};
    assert_int_equal(header_check(&alert->header, &NAMED, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "oversight_point");
    static const struct header_context EITHER = {.any_oversight = true};
    assert_int_equal(header_check(&alert->header, &EITHER, &detail), REASON_NONE);
    alert->header.oversight_point = (ProtobufCBinaryData){65, point};
    assert_int_equal(header_check(&alert->header, &NAMED, &detail), REASON_NONE);
    assert_int_equal(header_check(&alert->header, &EITHER, &detail), REASON_NONE);
    alert->header.oversight_point.len = 64;
    assert_int_equal(header_check(&alert->header, &EITHER, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "oversight_point");
}

static void before_sealing_only_what_sealing_makes_may_be_missing(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    static const struct header_context DRAFT = {.unsealed = true};
    struct am_detail detail;
    alert->header.flags_digest.len = alert->header.body_digest.len = alert->header.body_commitment.len = 0;
    alert->header.body_size = 0;
    alert->header.log_seen = NULL;
    assert_int_equal(header_check(&alert->header, &DRAFT, &detail), REASON_NONE);
    alert->header.language = (char *)"";
    assert_int_equal(header_check(&alert->header, &DRAFT, &detail), REASON_FIELD_INVALID);
    assert_string_equal(detail.field, "language");
}

static void times_are_in_range_and_in_order(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    Google__Protobuf__Timestamp review = alert->written_at;
    broken(alert, alert->written_at.nanos, 1000000000, "written_at");
    broken(alert, alert->written_at.nanos, -1, "written_at");
    broken(alert, alert->written_at.seconds, -1, "written_at");
    broken(alert, alert->retain_until.seconds, INT64_MAX, "retain_until");
    broken(alert, alert->valid_until.seconds, alert->written_at.seconds, "valid_until");
    broken(alert, alert->retain_until.seconds, alert->written_at.seconds, "retain_until");
    broken(alert, alert->valid_until.seconds, alert->retain_until.seconds + 1, "valid_until");
    broken(alert, alert->header.review_at, &review, "review_at");
    review.seconds = alert->retain_until.seconds + 1;
    broken(alert, alert->header.review_at, &review, "review_at");
    review.seconds--;
    alert->header.review_at = &review;
    good(alert);
}

// A clock that ends when nothing is left would tell nobody; and one that ends in 2553 has no room for a pause.
static void an_answer_is_asked_for_while_there_is_something_to_answer(void **state)
{
    struct desk *desk = *state;
    struct letter *request = letter_new(&desk->world, POLICE, KIND(REQUEST));
    Google__Protobuf__Timestamp by = request->retain_until;
    letter_to(&desk->world, request, POST, ACTION);
    assert_int_equal(letter_send(&desk->world, request), REASON_NONE); // its digests are filled in
    request->header.answer_by = &by;
    good(request);
    broken(request, by.seconds, by.seconds + 1, "answer_by");
    broken(request, by.seconds, 18429206399, "answer_by");
}

static void rule_7_retention_has_a_ceiling(void **state)
{
    struct letter *alert = ((struct desk *)*state)->alert;
    alert->retain_until.seconds = alert->written_at.seconds + 1096 * 86400;
    good(alert);
    alert->retain_until.seconds++;
    bad_as(alert, REASON_RETENTION_TOO_LONG, "retain_until");
    Amana__V1__Header note = AMANA__V1__HEADER__INIT;
    note.kind = KIND(NOTE);
    assert_int_equal(kind_retention_days(&note), 366);
    note.in_reply_to = &alert->in_reply_to; // keeps what its root keeps
    assert_int_equal(kind_retention_days(&note), 1096);
}

static void a_pointer_names_the_message_of_its_digest_alone(void **state)
{
    uint8_t digest[32] = {7}, other[32] = {7, 1};
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    assert_false(header_points_at(NULL, digest));
    assert_false(header_points_at(&pointer, digest));
    pointer.header_digest = (ProtobufCBinaryData){31, digest};
    assert_false(header_points_at(&pointer, digest));
    pointer.header_digest.len = 32;
    assert_true(header_points_at(&pointer, digest));
    assert_false(header_points_at(&pointer, other));
}

static void two_pointers_are_alike_where_both_name_one_message(void **state)
{
    uint8_t digest[32] = {7}, other[32] = {7, 1};
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    pointer.header_digest = (ProtobufCBinaryData){32, digest};
    Amana__V1__Pointer same = pointer, none = AMANA__V1__POINTER__INIT;
    same.id = (char *)"another name for it";
    assert_true(header_points_alike(&pointer, &same));
    same.header_digest.data = (uint8_t *)other;
    assert_false(header_points_alike(&pointer, &same));
    assert_false(header_points_alike(NULL, &pointer));
    assert_false(header_points_alike(&pointer, NULL));
    assert_false(header_points_alike(&none, &none)); // nothing names nothing
}

static void a_unit_is_asked_where_it_is_a_recipient_who_is_to_act(void **state)
{
    Amana__V1__Recipient acts = AMANA__V1__RECIPIENT__INIT, knows = AMANA__V1__RECIPIENT__INIT;
    Amana__V1__Recipient *recipients[] = {&acts, &knows};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    acts.unit = (char *)"ke/dci/a";
    acts.part = AMANA__V1__PART__CODE__ACTION;
    knows.unit = (char *)"ke/dci/b";
    knows.part = AMANA__V1__PART__CODE__COPY;
    header.recipients = recipients;
    header.n_recipients = 2;
    assert_true(header_asks(&header, "ke/dci/a"));
    assert_false(header_asks(&header, "ke/dci/b"));
    assert_false(header_asks(&header, "ke/dci/c"));
    assert_ptr_equal(header_recipient(&header, "ke/dci/b"), &knows);
    assert_null(header_recipient(&header, "ke/dci"));
}

#define D(test) cmocka_unit_test_setup_teardown(test, desk_begin, desk_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        D(what_is_served_passes),
        D(a_field_that_the_kind_needs_is_missed),
        D(a_field_that_the_kind_does_not_have_is_refused),
        D(a_code_outside_its_list_is_refused),
        D(the_detail_says_what_is_allowed),
        D(an_outcome_is_one_of_the_kinds_own),
        D(what_is_not_served_yet_is_unsupported),
        D(a_release_names_the_unit_that_gives_it_and_deferred_is_for_what_can_t_wait),
        D(u1_and_u2_need_a_reason_and_the_others_have_none),
        D(an_agreement_is_named_where_it_is_the_basis_and_only_there),
        D(told_at_and_means_go_together),
        D(nobody_was_told_at_a_time_to_come),
        D(names_have_their_grammar_and_are_the_senders),
        D(recipients_are_others_each_once_with_a_part),
        D(whom_it_is_granted_to_are_units_each_once),
        D(sixty_four_recipients_pass_and_one_more_does_not),
        D(thirty_two_references_pass_and_one_more_does_not),
        D(a_pointer_is_an_id_and_32_bytes),
        D(digests_and_sizes_have_their_length),
        D(an_oversight_point_is_there_where_oversight_is_named),
        D(before_sealing_only_what_sealing_makes_may_be_missing),
        D(times_are_in_range_and_in_order),
        D(an_answer_is_asked_for_while_there_is_something_to_answer),
        D(rule_7_retention_has_a_ceiling),
        cmocka_unit_test(a_pointer_names_the_message_of_its_digest_alone),
        cmocka_unit_test(two_pointers_are_alike_where_both_name_one_message),
        cmocka_unit_test(a_unit_is_asked_where_it_is_a_recipient_who_is_to_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
