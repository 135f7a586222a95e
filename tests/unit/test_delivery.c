// SPDX-License-Identifier: Apache-2.0
// To whom answers go, and what needs a second person or consent: the tables against domain.md.
#include "proto/model/delivery.h"
#include "proto/model/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

#define POLICE       "ke/dci/transnational"
#define POST         "et/ics/moyale"
#define SHELTER      "et/mowsa/protection"
#define OTHERS       "ug/police/kampala"
#define HEADQUARTERS "ke/dci/headquarters"

// What is answered: of POLICE, to POST (ACTION) and SHELTER (COPY).
static const struct journal_recipient HOLDERS[] = {{POST, ACTION}, {SHELTER, COPY}};
static const struct delivery_to MESSAGE = {POLICE, HOLDERS, AM_LEN(HOLDERS)};

struct draft {
    Amana__V1__Header header;
    Amana__V1__UnitRoster sender;
    Amana__V1__Recipient made[4], *list[4];
};

// "unit=ACTION unit=COPY"
static Amana__V1__Header *draft_of(struct draft *draft, unsigned kind, const char *from, const char *to)
{
    static char words[256];
    *draft = (struct draft){AMANA__V1__HEADER__INIT, AMANA__V1__UNIT_ROSTER__INIT, {{{0}}}, {0}};
    snprintf(words, sizeof words, "%s", to);
    draft->header.kind = (Amana__V1__Kind__Code)kind;
    draft->header.sender = &draft->sender;
    draft->header.recipients = draft->list;
    draft->header.release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
    draft->sender.unit = (char *)from;
    for (char *save = NULL, *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        Amana__V1__Recipient *recipient = &draft->made[draft->header.n_recipients];
        amana__v1__recipient__init(recipient);
        char *part = strchr(word, '=');
        recipient->part = strcmp(part + 1, "ACTION") == 0 ? ACTION : COPY;
        *part = '\0';
        recipient->unit = word;
        draft->list[draft->header.n_recipients++] = recipient;
    }
    return &draft->header;
}

static bool goes(unsigned kind, const char *from, const char *to)
{
    struct draft draft;
    struct am_detail detail = {0};
    enum reason reason = delivery_check(draft_of(&draft, kind, from, to), &MESSAGE, &detail);
    assert_true(reason == REASON_NONE || (reason == REASON_FIELD_INVALID && strcmp(detail.field, "recipients") == 0));
    return reason == REASON_NONE;
}

static void what_a_recipient_answers_goes_back_and_may_go_further(void **state)
{
    static const unsigned BACK[] = {KIND(ACK),      KIND(CANNOT_EXECUTE), KIND(RESPONSE), KIND(REFUSAL),
                                    KIND(PROGRESS), KIND(DECISION),       KIND(CONFIRM),  KIND(BODY_REJECTED)};
    for (size_t i = 0; i < AM_LEN(BACK); i++) {
        assert_true(goes(BACK[i], POST, POLICE "=ACTION"));
        assert_true(goes(BACK[i], POST, OTHERS "=COPY " POLICE "=COPY"));
        assert_false(goes(BACK[i], POST, SHELTER "=ACTION"));
    }
}

static void what_ends_a_life_goes_to_its_senders_own_unit_where_nobody_else_is_left(void **state)
{
    static const unsigned ENDS[] = {KIND(CANCEL), KIND(WITHDRAW)};
    static const struct delivery_to nobody = {POLICE, NULL, 0}, copies = {POLICE, &HOLDERS[1], 1};
    struct draft draft;
    struct am_detail detail = {0};
    for (size_t i = 0; i < AM_LEN(ENDS); i++) {
        assert_int_equal(delivery_check(draft_of(&draft, ENDS[i], POLICE, POLICE "=ACTION"), &nobody, &detail),
                         REASON_NONE);
        assert_int_equal(delivery_check(draft_of(&draft, ENDS[i], POLICE, POLICE "=COPY"), &nobody, &detail),
                         REASON_FIELD_INVALID);
        assert_int_equal(
            delivery_check(draft_of(&draft, ENDS[i], POLICE, POLICE "=ACTION " OTHERS "=COPY"), &nobody, &detail),
            REASON_FIELD_INVALID);
        assert_false(goes(ENDS[i], POLICE, POLICE "=ACTION"));
    }
    // Who had a copy hears of an alert's end, and of a WITHDRAW only where it has something to erase.
    assert_int_equal(delivery_check(draft_of(&draft, KIND(CANCEL), POLICE, POLICE "=ACTION"), &copies, &detail),
                     REASON_FIELD_INVALID);
    Amana__V1__Header *withdraw = draft_of(&draft, KIND(WITHDRAW), POLICE, POLICE "=ACTION");
    assert_int_equal(delivery_check(withdraw, &copies, &detail), REASON_NONE);
    withdraw->outcome = AMANA__V1__OUTCOME__CODE__CONSENT_WITHDRAWN;
    assert_int_equal(delivery_check(withdraw, &copies, &detail), REASON_FIELD_INVALID);
    assert_int_equal(delivery_check(draft_of(&draft, KIND(CLARIFICATION), POLICE, POLICE "=ACTION"), &nobody, &detail),
                     REASON_FIELD_INVALID);
}

static void a_hit_asks_the_originator_alone_to_act(void **state)
{
    static const unsigned KINDS[] = {KIND(HIT), KIND(USE_PERMISSION)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_true(goes(KINDS[i], POST, POLICE "=ACTION " SHELTER "=COPY"));
        assert_false(goes(KINDS[i], POST, POLICE "=COPY"));
        assert_false(goes(KINDS[i], POST, POLICE "=ACTION " SHELTER "=ACTION"));
        assert_false(goes(KINDS[i], POST, SHELTER "=COPY"));
    }
}

static void a_contest_asks_the_originator_to_act_and_is_seen_by_all_who_have_it(void **state)
{
    assert_true(goes(KIND(CONTEST), POST, POLICE "=ACTION " SHELTER "=COPY"));
    assert_true(goes(KIND(CONTEST), POST, POLICE "=ACTION " SHELTER "=COPY " OTHERS "=COPY"));
    assert_false(goes(KIND(CONTEST), POST, POLICE "=ACTION"));
    assert_false(goes(KIND(CONTEST), POST, POLICE "=COPY " SHELTER "=COPY"));
    assert_false(goes(KIND(CONTEST), POST, POLICE "=ACTION " SHELTER "=ACTION"));
}

static bool decides(unsigned outcome, const char *to)
{
    struct draft draft;
    struct am_detail detail = {0};
    Amana__V1__Header *decision = draft_of(&draft, KIND(DECISION), OTHERS, to);
    decision->outcome = (Amana__V1__Outcome__Code)outcome;
    return delivery_check(decision, &MESSAGE, &detail) == REASON_NONE;
}

static void a_decision_on_a_contest_reaches_all_who_have_seen_it_and_any_other_its_asker(void **state)
{
    static const unsigned ON_CONTEST[] = {OUTCOME(UPHELD), OUTCOME(REJECTED)};
    static const unsigned OTHER[] = {OUTCOME(ACCEPTED), OUTCOME(DECLINED), OUTCOME(GRANTED), OUTCOME(DENIED)};
    for (size_t i = 0; i < AM_LEN(ON_CONTEST); i++) {
        assert_true(decides(ON_CONTEST[i], POLICE "=ACTION " POST "=COPY " SHELTER "=COPY"));
        assert_false(decides(ON_CONTEST[i], POLICE "=ACTION " POST "=COPY"));
        assert_false(decides(ON_CONTEST[i], POLICE "=ACTION " POST "=COPY " SHELTER "=ACTION"));
        assert_false(decides(ON_CONTEST[i], POLICE "=ACTION"));
    }
    for (size_t i = 0; i < AM_LEN(OTHER); i++)
        assert_true(decides(OTHER[i], POLICE "=ACTION"));
}

static void what_the_originator_withdraws_or_makes_clear_goes_to_who_was_asked(void **state)
{
    static const unsigned KINDS[] = {KIND(WITHDRAW), KIND(CLARIFICATION)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_true(goes(KINDS[i], POLICE, POST "=ACTION"));
        assert_false(goes(KINDS[i], POLICE, POST "=COPY"));
        assert_false(goes(KINDS[i], POLICE, SHELTER "=ACTION"));
        assert_false(goes(KINDS[i], POLICE, OTHERS "=ACTION"));
    }
}

static void a_call_or_an_end_goes_to_the_other_side(void **state)
{
    static const unsigned KINDS[] = {KIND(CONTACT), KIND(CLOSE)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_true(goes(KINDS[i], POST, POLICE "=COPY"));
        assert_false(goes(KINDS[i], POST, SHELTER "=COPY"));
        assert_true(goes(KINDS[i], POLICE, SHELTER "=COPY"));
        assert_false(goes(KINDS[i], POLICE, OTHERS "=ACTION"));
    }
}

static void what_every_holder_must_do_goes_to_every_holder_to_act(void **state)
{
    static const unsigned KINDS[] = {KIND(CORRECTION), KIND(ERASURE), KIND(HOLD)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_true(goes(KINDS[i], POLICE, POST "=ACTION " SHELTER "=ACTION"));
        assert_false(goes(KINDS[i], POLICE, POST "=ACTION " SHELTER "=COPY"));
        assert_false(goes(KINDS[i], POLICE, POST "=ACTION"));
        assert_false(goes(KINDS[i], OTHERS, POST "=ACTION " SHELTER "=ACTION")); // a dpo: not without the originator
        assert_true(goes(KINDS[i], OTHERS, POLICE "=ACTION " POST "=ACTION " SHELTER "=ACTION"));
        assert_false(goes(KINDS[i], POLICE, POST "=ACTION " SHELTER "=ACTION " POLICE "=ACTION"));
        assert_false(goes(KINDS[i], POLICE, POLICE "=ACTION"));
    }
}

static void what_every_holder_must_do_goes_to_who_released_it_too(void **state)
{
    static const unsigned KINDS[] = {KIND(CORRECTION), KIND(ERASURE), KIND(HOLD)};
    const struct delivery_to released = {POLICE, HOLDERS, AM_LEN(HOLDERS), .releasing = HEADQUARTERS};
    struct am_detail detail = {0};
    struct draft draft;
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        Amana__V1__Header *order = draft_of(&draft, KINDS[i], POLICE, POST "=ACTION " SHELTER "=ACTION");
        assert_int_equal(delivery_check(order, &released, &detail), REASON_FIELD_INVALID);
        assert_non_null(strstr(detail.text, HEADQUARTERS));
        order = draft_of(&draft, KINDS[i], POLICE, POST "=ACTION " SHELTER "=ACTION " HEADQUARTERS "=ACTION");
        assert_int_equal(delivery_check(order, &released, &detail), REASON_NONE);
        order = draft_of(&draft, KINDS[i], HEADQUARTERS, POST "=ACTION " SHELTER "=ACTION " POLICE "=ACTION");
        assert_int_equal(delivery_check(order, &released, &detail), REASON_NONE);
    }
}

static void what_is_to_be_erased_is_told_to_who_released_it_too(void **state)
{
    static const struct {
        unsigned kind, outcome;
    } ENDS[] = {{KIND(CANCEL), OUTCOME(SENT_IN_ERROR)}, {KIND(WITHDRAW), OUTCOME(CONSENT_WITHDRAWN)}};
    const struct delivery_to released = {POLICE, HOLDERS, AM_LEN(HOLDERS), .releasing = HEADQUARTERS};
    struct am_detail detail = {0};
    struct draft draft;
    for (size_t i = 0; i < AM_LEN(ENDS); i++) {
        Amana__V1__Header *end = draft_of(&draft, ENDS[i].kind, POLICE, POST "=ACTION " SHELTER "=COPY");
        assert_int_equal(delivery_check(end, &released, &detail), REASON_NONE); // nothing is to be erased
        end->outcome = (Amana__V1__Outcome__Code)ENDS[i].outcome;
        assert_int_equal(delivery_check(end, &released, &detail), REASON_FIELD_INVALID);
        assert_non_null(strstr(detail.text, HEADQUARTERS));
        end = draft_of(&draft, ENDS[i].kind, POLICE, POST "=ACTION " SHELTER "=COPY " HEADQUARTERS "=COPY");
        end->outcome = (Amana__V1__Outcome__Code)ENDS[i].outcome;
        assert_int_equal(delivery_check(end, &released, &detail), REASON_NONE);
    }
}

static void a_version_goes_to_the_former_recipients_and_the_end_to_no_others(void **state)
{
    assert_true(goes(KIND(UPDATE), POLICE, POST "=ACTION " SHELTER "=COPY " OTHERS "=ACTION"));
    assert_false(goes(KIND(UPDATE), POLICE, POST "=ACTION"));
    assert_false(goes(KIND(UPDATE), POLICE, POST "=COPY " SHELTER "=COPY"));
    assert_true(goes(KIND(CANCEL), POLICE, POST "=ACTION " SHELTER "=COPY"));
    assert_false(goes(KIND(CANCEL), POLICE, POST "=ACTION " SHELTER "=COPY " OTHERS "=COPY"));
    assert_false(goes(KIND(CANCEL), POLICE, SHELTER "=COPY"));
}

static void the_end_by_another_units_supervisor_is_for_its_author_to_know_too(void **state)
{
    assert_true(goes(KIND(CANCEL), OTHERS, POST "=ACTION " SHELTER "=COPY " POLICE "=COPY"));
    assert_false(goes(KIND(CANCEL), OTHERS, POST "=ACTION " SHELTER "=COPY"));
    assert_false(goes(KIND(CANCEL), OTHERS, POST "=ACTION " SHELTER "=COPY " POLICE "=ACTION"));
    assert_false(goes(KIND(CANCEL), OTHERS, POST "=ACTION " SHELTER "=COPY " POLICE "=COPY " OTHERS "=COPY"));
}

// A member no more: whoever else may end or mend what it sent does so without it.
static void an_author_who_is_gone_is_asked_for_by_no_end_and_no_order(void **state)
{
    static const unsigned KINDS[] = {KIND(CORRECTION), KIND(ERASURE), KIND(HOLD), KIND(CANCEL)};
    static const char *const WITHOUT[] = {POST "=ACTION " SHELTER "=ACTION", POST "=ACTION " SHELTER "=COPY"};
    const struct delivery_to gone = {POLICE, HOLDERS, AM_LEN(HOLDERS), .originator_gone = true};
    struct draft draft;
    struct am_detail detail = {0};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        const char *to = WITHOUT[KINDS[i] == KIND(CANCEL)];
        assert_false(goes(KINDS[i], OTHERS, to));
        assert_int_equal(delivery_check(draft_of(&draft, KINDS[i], OTHERS, to), &gone, &detail), REASON_NONE);
    }
    assert_int_equal(
        delivery_check(draft_of(&draft, KIND(CANCEL), OTHERS, POST "=ACTION " SHELTER "=COPY " POLICE "=COPY"), &gone,
                       &detail),
        REASON_FIELD_INVALID);
}

static bool decides_of(const struct delivery_to *contest, unsigned kind, const char *to)
{
    struct draft draft;
    struct am_detail detail = {0};
    Amana__V1__Header *decision = draft_of(&draft, kind, POST, to);
    decision->outcome = kind == KIND(DECISION) ? AMANA__V1__OUTCOME__CODE__REJECTED : 0;
    return delivery_check(decision, contest, &detail) == REASON_NONE;
}

// POLICE has contested what POST sent.
static void a_contest_of_a_unit_that_is_gone_is_decided_for_all_others(void **state)
{
    static const struct delivery_to gone = {POLICE, HOLDERS, AM_LEN(HOLDERS), .originator_gone = true},
                                    alone = {POLICE, HOLDERS, 1, .originator_gone = true};
    assert_true(decides_of(&gone, KIND(DECISION), SHELTER "=ACTION"));
    assert_true(decides_of(&gone, KIND(DECISION), SHELTER "=COPY"));
    assert_false(decides_of(&gone, KIND(DECISION), OTHERS "=ACTION"));
    assert_false(decides_of(&gone, KIND(DECISION), POST "=ACTION")); // itself, though there is another
    assert_true(decides_of(&alone, KIND(DECISION), POST "=ACTION"));
    assert_false(decides_of(&alone, KIND(DECISION), POST "=COPY"));
    assert_false(decides_of(&alone, KIND(DECISION), OTHERS "=ACTION"));
    assert_false(decides_of(&gone, KIND(CONTEST), SHELTER "=ACTION")); // nobody would be there to decide it
}

// As many as a message may have, each of which holds it and is to act on what is said of it.
static void go_to_all(struct journal_recipient holders[LIMIT_RECIPIENTS], Amana__V1__Recipient rows[LIMIT_RECIPIENTS],
                      Amana__V1__Recipient *list[LIMIT_RECIPIENTS])
{
    static char units[LIMIT_RECIPIENTS][32];
    for (size_t i = 0; i < LIMIT_RECIPIENTS; i++) {
        snprintf(units[i], sizeof units[i], "et/ics/post%zu", i);
        holders[i] = (struct journal_recipient){units[i], ACTION};
        amana__v1__recipient__init(&rows[i]);
        rows[i].unit = units[i];
        rows[i].part = ACTION;
        list[i] = &rows[i];
    }
}

static void where_its_author_is_one_too_many_the_end_goes_without(void **state)
{
    struct journal_recipient holders[LIMIT_RECIPIENTS];
    struct draft draft;
    struct am_detail detail = {0};
    Amana__V1__Recipient rows[LIMIT_RECIPIENTS], *list[LIMIT_RECIPIENTS];
    const struct delivery_to full = {POLICE, holders, LIMIT_RECIPIENTS},
                             one_less = {POLICE, holders, LIMIT_RECIPIENTS - 1};
    Amana__V1__Header *cancel = draft_of(&draft, KIND(CANCEL), OTHERS, POST "=ACTION");
    go_to_all(holders, rows, list);
    cancel->recipients = list;
    cancel->n_recipients = LIMIT_RECIPIENTS;
    assert_int_equal(delivery_check(cancel, &full, &detail), REASON_NONE);
    assert_int_equal(delivery_check(cancel, &one_less, &detail), REASON_FIELD_INVALID);
    rows[LIMIT_RECIPIENTS - 1].unit = (char *)POLICE;
    rows[LIMIT_RECIPIENTS - 1].part = COPY;
    assert_int_equal(delivery_check(cancel, &one_less, &detail), REASON_NONE);
}

static void where_who_released_it_is_one_too_many_it_is_mended_kept_erased_and_ended_without(void **state)
{
    static const struct {
        unsigned kind, outcome;
    } SAID[] = {{KIND(CORRECTION), 0},
                {KIND(ERASURE), 0},
                {KIND(HOLD), 0},
                {KIND(CANCEL), OUTCOME(SENT_IN_ERROR)},
                {KIND(WITHDRAW), OUTCOME(CONSENT_WITHDRAWN)}};
    struct journal_recipient holders[LIMIT_RECIPIENTS];
    struct draft draft;
    struct am_detail detail = {0};
    Amana__V1__Recipient rows[LIMIT_RECIPIENTS], *list[LIMIT_RECIPIENTS];
    const struct delivery_to full = {POLICE, holders, LIMIT_RECIPIENTS, .releasing = HEADQUARTERS},
                             one_less = {POLICE, holders, LIMIT_RECIPIENTS - 1, .releasing = HEADQUARTERS};
    go_to_all(holders, rows, list);
    for (size_t i = 0; i < AM_LEN(SAID); i++) {
        Amana__V1__Header *said = draft_of(&draft, SAID[i].kind, POLICE, POST "=ACTION");
        said->outcome = (Amana__V1__Outcome__Code)SAID[i].outcome;
        said->recipients = list;
        said->n_recipients = LIMIT_RECIPIENTS;
        assert_int_equal(delivery_check(said, &full, &detail), REASON_NONE);
        said->n_recipients--;
        assert_int_equal(delivery_check(said, &one_less, &detail), REASON_FIELD_INVALID);
        assert_non_null(strstr(detail.text, HEADQUARTERS));
    }
}

static void what_begins_something_goes_where_its_sender_wants(void **state)
{
    static const unsigned KINDS[] = {KIND(ALERT), KIND(REQUEST), KIND(REFERRAL), KIND(NOTE), KIND(SUBJECT_ACCESS)};
    for (size_t i = 0; i < AM_LEN(KINDS); i++) {
        assert_int_equal(kind_get(KINDS[i])->to, TO_CHOSEN);
        assert_true(goes(KINDS[i], POST, OTHERS "=ACTION"));
    }
}

// --- Rule 5
static void alerts_on_persons_referrals_abroad_and_confidential_roots_need_a_second_person(void **state)
{
    struct draft draft;
    Amana__V1__Pointer answered = AMANA__V1__POINTER__INIT;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        Amana__V1__Header *header = draft_of(&draft, kind, POLICE, POST "=ACTION");
        bool alert = kind == KIND(ALERT) || kind == KIND(UPDATE);
        assert_int_equal(rule_release_needed(header, false, NULL), kind == KIND(REFERRAL));
        header->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__VEHICLE;
        assert_int_equal(rule_release_needed(header, false, NULL), kind == KIND(REFERRAL));
        header->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__PERSON;
        assert_int_equal(rule_release_needed(header, false, NULL), alert || kind == KIND(REFERRAL));
        header->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__GROUP;
        assert_int_equal(rule_release_needed(header, false, NULL), alert || kind == KIND(REFERRAL));
        header = draft_of(&draft, kind, POLICE, POST "=ACTION");
        header->classification = AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL;
        assert_true(rule_release_needed(header, false, NULL));
        header->in_reply_to = &answered;
        assert_int_equal(rule_release_needed(header, false, NULL), kind == KIND(REFERRAL));
        header = draft_of(&draft, kind, POLICE, "ke/dcs/child-protection=ACTION");
        assert_false(rule_release_needed(header, false, NULL));
    }
}

static void policy_may_ask_for_more(void **state)
{
    struct draft draft;
    struct policy_release row = {.from = "ke/*/*", .to = POST, .kinds = KIND_BIT(KIND(REQUEST))};
    struct policy policy = {.releases = &row, .n_releases = 1};
    Amana__V1__Header *header = draft_of(&draft, KIND(REQUEST), POLICE, POST "=ACTION");
    assert_true(rule_release_needed(header, false, &policy));
    header = draft_of(&draft, KIND(NOTE), POLICE, POST "=ACTION");
    assert_false(rule_release_needed(header, false, &policy));
    header = draft_of(&draft, KIND(REQUEST), POLICE, SHELTER "=ACTION");
    assert_false(rule_release_needed(header, false, &policy));
}

static void what_ends_or_mends_needs_one_where_what_it_is_about_did(void **state)
{
    struct draft draft, target;
    Amana__V1__Header *about = draft_of(&target, KIND(ALERT), POLICE, POST "=ACTION");
    about->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__VEHICLE;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        Amana__V1__Header *header = draft_of(&draft, kind, POST, SHELTER "=ACTION");
        bool as = kind == KIND(CANCEL) || kind == KIND(CORRECTION) || kind == KIND(ERASURE) || kind == KIND(HOLD);
        about->release = AMANA__V1__RELEASE__CODE__NOT_NEEDED;
        assert_false(rule_release_needed(header, rule_of_released(kind, about), NULL));
        about->release = AMANA__V1__RELEASE__CODE__REQUIRED;
        assert_int_equal(rule_release_needed(header, rule_of_released(kind, about), NULL), as);
        about->release = AMANA__V1__RELEASE__CODE__DEFERRED;
        assert_int_equal(rule_release_needed(header, rule_of_released(kind, about), NULL), as);
    }
}

static void what_replaces_an_alert_on_a_person_needs_one_whatever_it_is_on_itself(void **state)
{
    struct draft draft, target;
    Amana__V1__Header *about = draft_of(&target, KIND(ALERT), POLICE, POST "=ACTION");
    Amana__V1__Header *update = draft_of(&draft, KIND(UPDATE), POLICE, POST "=ACTION");
    update->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__VEHICLE;
    for (unsigned kind = 1; kind <= AMANA__V1__SUBJECT_KIND__CODE__PLACE; kind++) {
        bool persons = kind == AMANA__V1__SUBJECT_KIND__CODE__PERSON || kind == AMANA__V1__SUBJECT_KIND__CODE__GROUP;
        about->subject_kind = (Amana__V1__SubjectKind__Code)kind;
        about->release = AMANA__V1__RELEASE__CODE__REQUIRED;
        assert_int_equal(rule_release_needed(update, rule_of_released(KIND(UPDATE), about), NULL), persons);
    }
}

static void what_needs_a_second_person_must_say_so(void **state)
{
    struct draft draft;
    struct am_detail detail = {0};
    Amana__V1__Header *header = draft_of(&draft, KIND(REFERRAL), POLICE, SHELTER "=ACTION");
    assert_int_equal(rule_release(header, false, NULL, &detail), REASON_RELEASE_REQUIRED);
    assert_string_equal(detail.field, "release");
    header->release = AMANA__V1__RELEASE__CODE__REQUIRED;
    assert_int_equal(rule_release(header, false, NULL, &detail), REASON_NONE);
}

// --- Consent
static void a_referral_needs_consent_or_a_vital_interest_that_is_looked_at_again_soon(void **state)
{
    struct draft draft;
    struct am_detail detail = {0};
    Google__Protobuf__Timestamp written = GOOGLE__PROTOBUF__TIMESTAMP__INIT, review = written;
    Amana__V1__Header *header = draft_of(&draft, KIND(REFERRAL), POLICE, SHELTER "=ACTION");
    written.seconds = 1000000;
    review.seconds = 1000000 + 72 * 3600;
    header->written_at = &written;
    header->urgency = AMANA__V1__URGENCY__CODE__U2;
    for (int consent = 0; consent <= AMANA__V1__CONSENT__CODE__NOT_ASKED; consent++) {
        bool given = consent >= AMANA__V1__CONSENT__CODE__GIVEN && consent <= AMANA__V1__CONSENT__CODE__BEST_INTEREST;
        bool vital = consent == AMANA__V1__CONSENT__CODE__VITAL_INTEREST;
        header->consent = (Amana__V1__Consent__Code)consent;
        header->review_at = NULL;
        assert_int_equal(rule_consent(header, &detail), given ? REASON_NONE : REASON_CONSENT_REQUIRED);
        header->review_at = &review;
        assert_int_equal(rule_consent(header, &detail), given || vital ? REASON_NONE : REASON_CONSENT_REQUIRED);
    }
    header->consent = AMANA__V1__CONSENT__CODE__VITAL_INTEREST;
    review.seconds++;
    assert_int_equal(rule_consent(header, &detail), REASON_CONSENT_REQUIRED);
    review.seconds--;
    header->urgency = AMANA__V1__URGENCY__CODE__U3;
    assert_int_equal(rule_consent(header, &detail), REASON_CONSENT_REQUIRED);
    header->kind = KIND(REQUEST);
    assert_int_equal(rule_consent(header, &detail), REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_recipient_answers_goes_back_and_may_go_further),
        cmocka_unit_test(what_ends_a_life_goes_to_its_senders_own_unit_where_nobody_else_is_left),
        cmocka_unit_test(a_hit_asks_the_originator_alone_to_act),
        cmocka_unit_test(a_contest_asks_the_originator_to_act_and_is_seen_by_all_who_have_it),
        cmocka_unit_test(a_decision_on_a_contest_reaches_all_who_have_seen_it_and_any_other_its_asker),
        cmocka_unit_test(what_the_originator_withdraws_or_makes_clear_goes_to_who_was_asked),
        cmocka_unit_test(a_call_or_an_end_goes_to_the_other_side),
        cmocka_unit_test(what_every_holder_must_do_goes_to_every_holder_to_act),
        cmocka_unit_test(what_every_holder_must_do_goes_to_who_released_it_too),
        cmocka_unit_test(what_is_to_be_erased_is_told_to_who_released_it_too),
        cmocka_unit_test(a_version_goes_to_the_former_recipients_and_the_end_to_no_others),
        cmocka_unit_test(the_end_by_another_units_supervisor_is_for_its_author_to_know_too),
        cmocka_unit_test(an_author_who_is_gone_is_asked_for_by_no_end_and_no_order),
        cmocka_unit_test(a_contest_of_a_unit_that_is_gone_is_decided_for_all_others),
        cmocka_unit_test(where_its_author_is_one_too_many_the_end_goes_without),
        cmocka_unit_test(where_who_released_it_is_one_too_many_it_is_mended_kept_erased_and_ended_without),
        cmocka_unit_test(what_begins_something_goes_where_its_sender_wants),
        cmocka_unit_test(alerts_on_persons_referrals_abroad_and_confidential_roots_need_a_second_person),
        cmocka_unit_test(policy_may_ask_for_more),
        cmocka_unit_test(what_ends_or_mends_needs_one_where_what_it_is_about_did),
        cmocka_unit_test(what_replaces_an_alert_on_a_person_needs_one_whatever_it_is_on_itself),
        cmocka_unit_test(what_needs_a_second_person_must_say_so),
        cmocka_unit_test(a_referral_needs_consent_or_a_vital_interest_that_is_looked_at_again_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
