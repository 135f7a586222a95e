// SPDX-License-Identifier: Apache-2.0
// The rows of the table of kinds (domain.md, Kinds of message) and of the urgencies.
#include "proto/model/kind.h"

#include "proto/model/header.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define MINUTE NS_PER_MINUTE
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

// Sets of kinds and outcomes.
#define K(name) KIND_BIT(KIND(name))
#define O(name) OUTCOME_BIT(OUTCOME(name))

// Header fields that only some kinds have.
#define F_IN_REPLY_TO  HEADER_BIT(6)
#define F_SUPERSEDES   HEADER_BIT(8)
#define F_TOLD         (HEADER_BIT(15) | HEADER_BIT(16)) // told_at, means
#define F_SUBJECT_KIND HEADER_BIT(17)
#define F_OUTCOME      HEADER_BIT(18)
#define F_DUE_AT       HEADER_BIT(19)
#define F_GRANTED_TO   HEADER_BIT(20)
#define F_ANSWER_BY    HEADER_BIT(23)
#define F_VALID_UNTIL  HEADER_BIT(24)
#define F_EVALUATION   (HEADER_BIT(26) | HEADER_BIT(27)) // source_eval, info_eval
#define F_CONSENT      HEADER_BIT(32)

// One year and three, with the longest count of days that they can have.
#define YEAR_DAYS        366
#define THREE_YEARS_DAYS 1096
#define CONFIRM_DAYS     7 // to mend or to erase

#define UNITS (WHO_UNIT | WHO_PROTECTION)
#define REPLY .must_answer = true

static const struct kind KINDS[KIND_COUNT] = {
    [KIND(ALERT)] = {"ALERT", "alert", "case alert", .root = true, .child_rule = true, .who = UNITS,
                     .chain = CHAIN_BEGINS, .release = RELEASE_OF_PERSONS, .ack = CLOCK_OWN,
                     .required = F_SUBJECT_KIND | F_VALID_UNTIL | F_EVALUATION},
    [KIND(UPDATE)] = {"UPDATE", "update", "update of an alert", K(ALERT), REPLY, .child_rule = true, .to = TO_FORMER,
                      .who = WHO_ORIGINATOR, .chain = CHAIN_RENEWS, .release = RELEASE_OF_PERSONS, .ack = CLOCK_OWN,
                      .required = F_IN_REPLY_TO | F_SUPERSEDES | F_SUBJECT_KIND | F_VALID_UNTIL | F_EVALUATION},
    [KIND(CANCEL)] = {"CANCEL", "cancel", "end of an alert", K(ALERT), REPLY, .to = TO_SAME, .alone = true,
                      .who = WHO_ORIGINATOR, .chain = CHAIN_ENDS, .release = RELEASE_AS_TARGET, .ack = CLOCK_OF_TARGET,
                      .outcomes = O(RESOLVED) | O(NO_LONGER_NEEDED) | O(SENT_IN_ERROR) | O(COURT_ORDER),
                      .confirm = O(SENT_IN_ERROR) | O(COURT_ORDER), .required = F_IN_REPLY_TO | F_OUTCOME},
    // An UPDATE is the alert anew: what answers the newest version answers it.
    [KIND(HIT)] = {"HIT", "hit", "hit", K(ALERT) | K(UPDATE), REPLY, .root = true, .child_rule = true,
                   .to = TO_ORIGINATOR, .who = WHO_RECIPIENT, .ack = CLOCK_OF_TARGET, .required = F_IN_REPLY_TO,
                   .optional = F_EVALUATION},
    [KIND(CANNOT_EXECUTE)] = {"CANNOT_EXECUTE", "cannot_execute", "it can't be done here", K(ALERT) | K(UPDATE), REPLY,
                              .to = TO_BACK, .who = WHO_RECIPIENT,
                              .outcomes = O(LAW) | O(SAFETY) | O(RESOURCES) | O(OTHER),
                              .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(REQUEST)] = {"REQUEST", "request", "request", KINDS_ALL, .root = true, .child_rule = true, .who = UNITS,
                       .ack = CLOCK_OWN, .answer = CLOCK_OWN, .optional = F_IN_REPLY_TO | F_ANSWER_BY | F_EVALUATION},
    [KIND(CLARIFICATION)] = {"CLARIFICATION", "clarification", "clarification", K(REQUEST), REPLY, .to = TO_ASKED,
                             .who = WHO_ORIGINATOR, .required = F_IN_REPLY_TO, .optional = F_EVALUATION},
    [KIND(RESPONSE)] = {"RESPONSE", "response", "response", K(REQUEST) | K(SUBJECT_ACCESS), REPLY, .child_rule = true,
                        .to = TO_BACK, .who = WHO_RECIPIENT, .outcomes = O(FULL) | O(PARTIAL) | O(NO_DATA),
                        .required = F_IN_REPLY_TO | F_OUTCOME, .optional = F_EVALUATION},
    [KIND(REFUSAL)] = {"REFUSAL", "refusal", "refusal", K(REQUEST), REPLY, .to = TO_BACK, .who = WHO_RECIPIENT,
                       .outcomes = O(NO_LEGAL_BASIS) | O(AUTHORISATION_REFUSED) | O(DISPROPORTIONATE) |
                                   O(PURPOSE_CHANGED) | O(UNLAWFUL_DATA) | O(NOT_DISCLOSED),
                       .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(ACK)] = {"ACK", "ack", "acknowledgement",
                   K(ALERT) | K(UPDATE) | K(CANCEL) | K(HIT) | K(REQUEST) | K(REFERRAL) | K(CORRECTION) | K(CONTEST) |
                       K(SUBJECT_ACCESS) | K(USE_PERMISSION),
                   REPLY, .to = TO_BACK, .who = WHO_RECIPIENT, .required = F_IN_REPLY_TO, .optional = F_TOLD},
    [KIND(PROGRESS)] = {"PROGRESS", "progress", "progress", K(REQUEST) | K(REFERRAL), REPLY, .to = TO_BACK,
                        .who = WHO_RECIPIENT,
                        .outcomes = O(IN_HAND) | O(AWAITING_AUTHORISATION) | O(CLARIFICATION_ASKED),
                        .required = F_IN_REPLY_TO | F_OUTCOME, .optional = F_DUE_AT},
    [KIND(WITHDRAW)] = {"WITHDRAW", "withdraw", "withdrawal",
                        K(REQUEST) | K(REFERRAL) | K(USE_PERMISSION) | K(SUBJECT_ACCESS), REPLY, .to = TO_ASKED,
                        .alone = true, .who = WHO_ORIGINATOR, .outcomes = O(NO_LONGER_NEEDED) | O(CONSENT_WITHDRAWN),
                        .confirm = O(CONSENT_WITHDRAWN), .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(REFERRAL)] = {"REFERRAL", "referral", "referral of a victim", KINDS_ALL, .root = true, .child_rule = true,
                        .who = UNITS, .release = RELEASE_ABROAD, .ack = CLOCK_OWN, .answer = CLOCK_OWN,
                        .required = F_CONSENT, .optional = F_IN_REPLY_TO | F_ANSWER_BY},
    [KIND(USE_PERMISSION)] = {"USE_PERMISSION", "use_permission", "request for permission to use", KINDS_ALL, REPLY,
                              .root = true, .to = TO_ORIGINATOR, .who = WHO_HOLDER, .ack = CLOCK_OWN,
                              .answer = CLOCK_OWN, .required = F_IN_REPLY_TO, .optional = F_ANSWER_BY},
    [KIND(DECISION)] = {"DECISION", "decision", "decision", K(REFERRAL) | K(USE_PERMISSION) | K(CONTEST), REPLY,
                        .to = TO_BACK, .alone = true, .who = WHO_RECIPIENT,
                        .outcomes = O(ACCEPTED) | O(DECLINED) | O(GRANTED) | O(DENIED) | O(UPHELD) | O(REJECTED),
                        .parties = O(UPHELD) | O(REJECTED), // who saw it contested sees it decided
                        .required = F_IN_REPLY_TO | F_OUTCOME, .optional = F_GRANTED_TO},
    [KIND(CLOSE)] = {"CLOSE", "close", "end of a referral", K(REFERRAL), REPLY, .to = TO_OTHER_SIDE,
                     .who = WHO_ORIGINATOR | WHO_RECIPIENT, .outcomes = O(DONE) | O(NO_CONTACT) | O(PERSON_DECLINED),
                     .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(CORRECTION)] = {"CORRECTION", "correction", "correction", KINDS_ALL, REPLY, .root = true, .to = TO_HOLDERS,
                          .alone = true, .who = WHO_ORIGINATOR | WHO_DPO, .release = RELEASE_AS_TARGET,
                          .ack = CLOCK_OF_TARGET, .answer_days = CONFIRM_DAYS, .required = F_IN_REPLY_TO,
                          .optional = F_EVALUATION},
    [KIND(ERASURE)] = {"ERASURE", "erasure", "erasure", KINDS_ALL, REPLY, .root = true, .to = TO_HOLDERS, .alone = true,
                       .who = WHO_ORIGINATOR | WHO_DPO, .release = RELEASE_AS_TARGET, .answer_days = CONFIRM_DAYS,
                       .required = F_IN_REPLY_TO},
    [KIND(CONFIRM)] = {"CONFIRM", "confirm", "confirmation", K(CORRECTION) | K(ERASURE) | K(CANCEL) | K(WITHDRAW),
                       REPLY, .to = TO_BACK, .who = WHO_RECIPIENT,
                       .outcomes = O(DONE) | O(NOT_HELD) | O(RETAINED_BY_LAW), .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(CONTEST)] = {"CONTEST", "contest", "contest of a role or fact", KINDS_ALL, REPLY, .root = true,
                       .to = TO_PARTIES, .who = WHO_HOLDER | WHO_COUNTRY_PROTECTION, .ack = CLOCK_AS_U2,
                       .answer = CLOCK_AS_U2, .required = F_IN_REPLY_TO},
    [KIND(HOLD)] = {"HOLD", "hold", "order to keep", KINDS_ALL, REPLY, .to = TO_HOLDERS, .alone = true,
                    .who = WHO_ORIGINATOR | WHO_DPO, .release = RELEASE_AS_TARGET,
                    .required = F_IN_REPLY_TO | F_VALID_UNTIL},
    [KIND(SUBJECT_ACCESS)] = {"SUBJECT_ACCESS", "subject_access", "a person's request for access", .root = true,
                              .who = WHO_DPO, .ack = CLOCK_OWN, .answer_days = 30},
    [KIND(CONTACT)] = {"CONTACT", "contact", "call or visit", KINDS_ALL, REPLY, .to = TO_OTHER_SIDE,
                       .who = WHO_ORIGINATOR | WHO_HOLDER, .outcomes = O(TOLD) | O(NO_ANSWER),
                       .required = F_IN_REPLY_TO | F_OUTCOME | F_TOLD},
    [KIND(BODY_REJECTED)] = {"BODY_REJECTED", "body_rejected", "rejection of a body", KINDS_ALL, REPLY, .to = TO_BACK,
                             .who = WHO_HOLDER,
                             .outcomes = O(CANNOT_OPEN) | O(BINDING) | O(COMMITMENT) | O(SCHEMA) | O(ROLE_RULE),
                             .required = F_IN_REPLY_TO | F_OUTCOME},
    [KIND(NOTE)] = {"NOTE", "note", "note", KINDS_ALL, .child_rule = true, .who = UNITS, .to_itself = true,
                    .retention_days = YEAR_DAYS, .optional = F_IN_REPLY_TO},
};

static const struct urgency URGENCIES[] = {
    [1] = {"U1", "life at risk", 15 * MINUTE, HOUR, 15 * MINUTE, HOUR, 15 * MINUTE, true},
    [2] = {"U2", "urgent, direct access", HOUR, 8 * HOUR, HOUR, 8 * HOUR, HOUR, true},
    [3] = {"U3", "urgent, indirect access", 4 * HOUR, 3 * DAY, 12 * HOUR, DAY, DAY, false},
    [4] = {"U4", "routine", DAY, 7 * DAY, 12 * HOUR, DAY, 7 * DAY, false},
};

const struct kind *kind_get(unsigned kind)
{
    return kind < KIND_COUNT && KINDS[kind].name != NULL ? &KINDS[kind] : NULL;
}

const char *kind_name(unsigned kind)
{
    const struct kind *row = kind_get(kind);
    return row != NULL ? row->name : "UNSPECIFIED";
}

void kind_list(uint32_t set, char *ret_text, size_t size)
{
    strlcpy(ret_text, (set & KINDS_ALL) != 0 ? "" : "none", size);
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        if ((set & KIND_BIT(kind)) == 0)
            continue;
        if (ret_text[0] != '\0')
            strlcat(ret_text, ", ", size);
        strlcat(ret_text, KINDS[kind].name, size);
    }
}

uint32_t kind_moves_of(uint32_t set, enum kind_who who)
{
    uint8_t holders = who == WHO_RECIPIENT ? WHO_RECIPIENT | WHO_HOLDER : (uint8_t)who;
    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        if ((KINDS[kind].who & holders) == 0)
            set &= ~KIND_BIT(kind);
    return set;
}

unsigned kind_retention_days(const Amana__V1__Header *header)
{
    const struct kind *row = kind_get((unsigned)header->kind);
    // What answers a message keeps as long as its root does.
    bool own = row != NULL && row->retention_days != 0 && header->in_reply_to == NULL;
    return own ? row->retention_days : THREE_YEARS_DAYS;
}

uint64_t kind_in_force(const Amana__V1__Header *header)
{
    const struct kind *row = kind_get((unsigned)header->kind);
    bool version = row != NULL && (row->chain == CHAIN_BEGINS || row->chain == CHAIN_RENEWS);
    return version ? header_time_or_0(header->valid_until) : 0;
}

unsigned kind_root(unsigned kind)
{
    const struct kind *row = kind_get(kind);
    if (row == NULL || row->root)
        return row != NULL ? kind : 0;
    return row->chain != CHAIN_NONE ? (unsigned)__builtin_ctz(row->on) : 0;
}

bool kind_acknowledged(unsigned kind)
{
    return kind_get(kind) != NULL && (KINDS[KIND(ACK)].on & KIND_BIT(kind)) != 0;
}

bool kind_orders(unsigned kind)
{
    return kind == KIND(ERASURE) || kind == KIND(HOLD);
}

bool kind_is_answer(const Amana__V1__Header *header)
{
    return header->in_reply_to != NULL;
}

bool kind_outcome_fits(unsigned kind, unsigned answered, unsigned outcome)
{
    static const struct {
        unsigned kind, answered;
        uint64_t outcomes;
    } FITS[] = {
        {KIND(DECISION), KIND(REFERRAL), O(ACCEPTED) | O(DECLINED)},
        {KIND(DECISION), KIND(USE_PERMISSION), O(GRANTED) | O(DENIED)},
        {KIND(DECISION), KIND(CONTEST), O(UPHELD) | O(REJECTED)},
    };
    for (size_t i = 0; i < AM_LEN(FITS); i++)
        if (FITS[i].kind == kind && FITS[i].answered == answered)
            return (FITS[i].outcomes & OUTCOME_BIT(outcome)) != 0;
    return true;
}

enum kind_to kind_goes_to(unsigned kind, unsigned outcome)
{
    const struct kind *row = kind_get(kind);
    return (row->parties & OUTCOME_BIT(outcome)) != 0 ? TO_PARTIES : (enum kind_to)row->to;
}

void outcome_list(uint64_t outcomes, char *ret_text, size_t size)
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__outcome__code__descriptor;
    strlcpy(ret_text, "", size);
    for (unsigned i = 0; i < codes->n_values; i++) {
        if ((outcomes & OUTCOME_BIT((unsigned)codes->values[i].value)) == 0)
            continue;
        strlcat(ret_text, ret_text[0] != '\0' ? ", " : "", size);
        strlcat(ret_text, codes->values[i].name, size);
    }
}

void kind_outcome_list(unsigned kind, unsigned answered, char *ret_text, size_t size)
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__outcome__code__descriptor;
    const struct kind *row = kind_get(kind);
    uint64_t fit = 0;
    for (unsigned i = 0; row != NULL && i < codes->n_values; i++) {
        unsigned outcome = (unsigned)codes->values[i].value;
        if (answered == 0 || kind_outcome_fits(kind, answered, outcome))
            fit |= row->outcomes & OUTCOME_BIT(outcome);
    }
    outcome_list(fit, ret_text, size);
}

bool kind_asks_confirm(unsigned kind, unsigned outcome)
{
    const struct kind *row = kind_get(kind);
    return row != NULL && (row->confirm & OUTCOME_BIT(outcome)) != 0;
}

uint64_t kind_confirm_due(uint64_t accepted_ns)
{
    return accepted_ns + CONFIRM_DAYS * DAY;
}

const struct urgency *urgency_get(unsigned urgency)
{
    return urgency >= 1 && urgency < AM_LEN(URGENCIES) ? &URGENCIES[urgency] : NULL;
}

static const struct urgency *clock_urgency(unsigned clock, unsigned own, unsigned target)
{
    switch ((enum kind_clock)clock) {
    case CLOCK_OWN: return urgency_get(own);
    case CLOCK_OF_TARGET: return urgency_get(target);
    case CLOCK_AS_U2: return urgency_get(2);
    case CLOCK_NONE: break;
    }
    return NULL;
}

bool kind_ends_newest(unsigned kind)
{
    const struct kind *row = kind_get(kind);
    return row != NULL && row->chain == CHAIN_ENDS;
}

struct kind_due kind_due(unsigned kind, unsigned urgency, unsigned target, uint64_t answer_by, uint64_t accepted_ns)
{
    struct kind_due due = {0};
    const struct kind *row = kind_get(kind);
    if (row == NULL)
        return due;
    const struct urgency *ack = clock_urgency(row->ack, urgency, target);
    const struct urgency *answer = clock_urgency(row->answer, urgency, target);
    if (ack != NULL)
        due.ack = accepted_ns + ack->ack_ns;
    if (answer != NULL)
        due.answer = answer_by != 0 ? answer_by : accepted_ns + answer->answer_ns;
    else if (row->answer_days != 0)
        due.answer = accepted_ns + row->answer_days * DAY;
    return due;
}
