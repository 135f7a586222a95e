// SPDX-License-Identifier: Apache-2.0
// The second judgement, with what a worker found on disk: flags, case, pointers, who may answer what, and the rules.
#include "server/hub/internal.h"

#include "proto/model/delivery.h"
#include "proto/model/header.h"

#include <stdio.h>
#include <string.h>

bool hub_recipient_index(const struct hub_found *found, const char *unit, size_t *ret_index)
{
    for (size_t i = 0; i < found->n_recipients; i++)
        if (strcmp(found->recipients[i].unit, unit) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

bool hub_found_party(const struct hub_found *found, const char *unit)
{
    size_t index;
    return found->found && (strcmp(found->originator, unit) == 0 || hub_recipient_index(found, unit, &index));
}

const char *hub_releasing_of(const struct hub_found *found)
{
    const Amana__V1__UnitRoster *releasing = found->found && found->header != NULL ? found->header->releasing : NULL;
    return releasing != NULL && strcmp(releasing->unit, found->originator) != 0 ? releasing->unit : NULL;
}

static enum reason invalid(struct hub_work *work, const char *field, const char *text)
{
    (void)am_fail(AM_INVALID, &work->detail, field, "%s", text);
    return REASON_FIELD_INVALID;
}

// --- Whose it is
// Of the sender's country, or of one that it protects in.
static bool is_near(const struct hub *hub, const struct hub_submission *submission, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    return address_in_country(submission->sender, country) || hub_protects_in(hub, submission->sender, country);
}

// Sent or held by such a unit.
static bool of_country(const struct hub *hub, const struct hub_submission *submission, const struct hub_found *found)
{
    bool any = found->found && is_near(hub, submission, found->originator);
    for (size_t i = 0; found->found && i < found->n_recipients && !any; i++)
        any = is_near(hub, submission, found->recipients[i].unit);
    return any;
}

// A message that is neither its own nor came to it may be named by a dpo where its country's units sent or hold it, and
// so by a protection unit that contests it.
static bool may_name(const struct hub *hub, const struct hub_submission *submission, const struct hub_found *found)
{
    const struct hub_member *member = hub_member_find(hub, submission->sender);
    bool contests = submission->header->kind == KIND(CONTEST) && member->role == ROLE_PROTECTION;
    return (contests || member->role == ROLE_DPO) && of_country(hub, submission, found);
}

// --- Pointers: what isn't one's own is as if it weren't there
static enum reason judge_pointer(struct hub_work *work, const char *field, const struct hub_found *found, bool party)
{
    if (!found->found || !party)
        return hub_not_permitted(work, field);
    if (found->digest_matches)
        return REASON_NONE;
    (void)am_fail(
        AM_INVALID, &work->detail, field,
        "header_digest must be the SHA-256 of the header of the message that id names, byte for byte as it came");
    return REASON_REFERENCE_MISMATCH;
}

static enum reason judge_pointers(const struct hub *hub, struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    struct hub_work *work = &submission->work;
    enum reason reason = REASON_NONE;
    if (header->in_reply_to != NULL)
        reason = judge_pointer(work, "in_reply_to", &submission->reply_to,
                               submission->reply_party || submission->takes_back ||
                                   may_name(hub, submission, &submission->reply_to));
    if (reason == REASON_NONE && header->supersedes != NULL) {
        bool own = submission->supersedes.found && strcmp(submission->supersedes.originator, submission->sender) == 0;
        reason = judge_pointer(work, "supersedes", &submission->supersedes, own);
    }
    for (size_t i = 0; i < header->n_references && reason == REASON_NONE; i++) {
        char field[48];
        snprintf(field, sizeof field, "references[%zu]", i);
        reason = judge_pointer(work, field, &submission->references[i],
                               submission->reference_party[i] || may_name(hub, submission, &submission->references[i]));
        if (reason == REASON_NONE && submission->references[i].header != NULL)
            reason = rule_purpose_change(header, submission->references[i].header, hub->policy, &work->detail);
    }
    return reason;
}

// --- Answers
static bool may_answer(const struct hub *hub, const struct hub_submission *submission, const struct kind *kind)
{
    const struct hub_found *to = &submission->reply_to;
    const struct hub_member *member = hub_member_find(hub, submission->sender);
    size_t index;
    bool originator = strcmp(to->originator, submission->sender) == 0;
    bool holder = hub_recipient_index(to, submission->sender, &index);
    // Of what is to be erased a COPY is to be erased too.
    bool erases = life_is_own(to->kind, (unsigned)submission->header->kind) && kind_get(to->kind)->confirm != 0;
    bool asked = holder && !originator && (erases || to->recipients[index].part == AMANA__V1__PART__CODE__ACTION);
    return submission->takes_back || ((kind->who & WHO_ORIGINATOR) != 0 && originator) ||
           ((kind->who & WHO_RECIPIENT) != 0 && asked) || ((kind->who & WHO_HOLDER) != 0 && holder) ||
           ((kind->who & WHO_UNIT) != 0 && member->role == ROLE_UNIT) ||
           ((kind->who & WHO_PROTECTION) != 0 && member->role == ROLE_PROTECTION) ||
           ((kind->who & WHO_COUNTRY_PROTECTION) != 0 && member->role == ROLE_PROTECTION &&
            of_country(hub, submission, to)) ||
           // What is destroyed, kept or corrected is for the dpo of who sent it.
           ((kind->who & WHO_DPO) != 0 && member->role == ROLE_DPO &&
            address_same_country(to->originator, submission->sender));
}

static enum reason judge_on(struct hub_submission *submission, const struct kind *kind)
{
    char kinds[KIND_LIST_TEXT], outcomes[KIND_OUTCOMES_TEXT];
    if ((kind->on & KIND_BIT(submission->reply_to.kind)) == 0) {
        kind_list(kind->on, kinds, sizeof kinds);
        (void)am_fail(AM_INVALID, &submission->work.detail, "in_reply_to", "%s answers only: %s", kind->name, kinds);
        return REASON_FIELD_INVALID;
    }
    unsigned own = (unsigned)submission->header->kind, answered = submission->reply_to.kind;
    if (!kind_outcome_fits(own, answered, (unsigned)submission->header->outcome)) {
        kind_outcome_list(own, answered, outcomes, sizeof outcomes);
        (void)am_fail(AM_INVALID, &submission->work.detail, "outcome", "of what answers %s must be one of %s",
                      kind_name(answered), outcomes);
        return REASON_FIELD_INVALID;
    }
    const struct hub_found *to = &submission->reply_to;
    if (kind->root || kind_get(to->kind)->confirm == 0 || !life_is_own(to->kind, (unsigned)submission->header->kind))
        return REASON_NONE;
    if (to->header == NULL || !kind_asks_confirm(to->kind, (unsigned)to->header->outcome))
        return invalid(&submission->work, "in_reply_to", "asks for no CONFIRM: by its outcome nothing is to be erased");
    return REASON_NONE;
}

bool hub_left_out(const struct hub *hub, const struct hub_submission *submission, const char *unit)
{
    return hub_harms(submission, unit) || !hub_reachable(hub, unit);
}

static struct delivery_to delivery_of(const struct hub *hub, const struct hub_submission *submission,
                                      const struct hub_found *answered, struct journal_recipient told[LIMIT_RECIPIENTS])
{
    const char *protection = hub_protection_of(hub, submission->sender);
    struct delivery_to to = {.originator = answered->originator,
                             .recipients = told,
                             .originator_gone = !hub_reachable(hub, answered->originator)};
    for (size_t i = 0; i < answered->n_recipients && i < LIMIT_RECIPIENTS; i++)
        if (!hub_left_out(hub, submission, answered->recipients[i].unit))
            told[to.n++] = answered->recipients[i];
    if (protection != NULL && strcmp(protection, submission->sender) != 0 && !hub_harms(submission, protection))
        to.protection = protection;
    const char *releasing = hub_releasing_of(answered);
    if (releasing != NULL && !hub_left_out(hub, submission, releasing))
        to.releasing = releasing;
    return to;
}

enum reason hub_judge_delivery(const struct hub *hub, struct hub_submission *submission,
                               const struct hub_found *answered)
{
    struct journal_recipient told[LIMIT_RECIPIENTS];
    struct delivery_to to = delivery_of(hub, submission, answered, told);
    return delivery_check(submission->header, &to, &submission->work.detail);
}

bool hub_stands_in(const struct hub *hub, const struct hub_submission *submission, const char *unit)
{
    struct journal_recipient told[LIMIT_RECIPIENTS];
    if (!submission->newest.found)
        return false;
    struct delivery_to to = delivery_of(hub, submission, &submission->newest, told);
    const char *instead = delivery_stand_in(submission->header, &to);
    return instead != NULL && strcmp(instead, unit) == 0;
}

const struct hub_found *hub_named(const struct hub_submission *submission, size_t n)
{
    if (n == 0)
        return &submission->reply_to;
    return n <= submission->header->n_references ? &submission->references[n - 1] : NULL;
}

// What is said of one version of an alert may be said of others in one: these are its references, and it goes to all
// who have any of them.
static enum reason judge_named(const struct hub *hub, struct hub_submission *submission)
{
    const struct hub_found *named;
    for (size_t i = 1; (named = hub_named(submission, i)) != NULL; i++) {
        char field[48];
        snprintf(field, sizeof field, "references[%zu]", i - 1);
        if (named->root != submission->reply_to.root)
            return invalid(&submission->work, field, "must be another version of what in_reply_to names");
        if (named->seq == submission->reply_to.seq)
            return invalid(&submission->work, field, "is what in_reply_to names: it stands there once");
        enum reason reason = hub_judge_delivery(hub, submission, named);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

// Who upholds a contest names the CORRECTION that mends it: its own, which has the contest among its references.
static bool upholds(const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    for (size_t i = 0; i < header->n_references; i++) {
        const struct hub_found *named = &submission->references[i];
        if (!named->found || named->kind != KIND(CORRECTION) || named->header == NULL ||
            strcmp(named->originator, submission->sender) != 0)
            continue;
        for (size_t j = 0; j < named->header->n_references; j++)
            if (header_points_at(named->header->references[j], header->in_reply_to->header_digest.data))
                return true;
    }
    return false;
}

static const char *who_text(uint8_t who)
{
    switch (who) {
    case WHO_ORIGINATOR: return "who sent the message answered";
    case WHO_RECIPIENT: return "who was asked to act by the message answered (ACTION)";
    case WHO_HOLDER: return "who received the message answered";
    case WHO_ORIGINATOR | WHO_RECIPIENT: return "who sent the message answered, or was asked to act by it (ACTION)";
    case WHO_ORIGINATOR | WHO_HOLDER: return "who sent or received the message answered";
    case WHO_ORIGINATOR | WHO_DPO: return "who sent the message answered, and its country's dpo";
    case WHO_HOLDER | WHO_COUNTRY_PROTECTION:
        return "who received the message answered, and a protection unit of such a country";
    default: return "units and protection units";
    }
}

// What a dpo takes on and answers is another dpo's. But who says that its own message is wrong hears that it has that,
// and how it decides: nobody else may, and all who have it see it contested until then.
static bool is_beyond_office(const struct hub *hub, const struct hub_submission *submission)
{
    const struct hub_found *to = &submission->reply_to;
    const struct hub_member *sender = hub_member_find(hub, submission->sender),
                            *asks = hub_member_find(hub, to->originator);
    unsigned kind = (unsigned)submission->header->kind;
    bool answers = kind == KIND(RESPONSE) || kind == KIND(ACK), decides = kind == KIND(DECISION);
    if (sender->role != ROLE_DPO || to->kind == KIND(CONTEST))
        return false;
    return decides || (answers && (asks == NULL || asks->role != ROLE_DPO));
}

// Its root's time has passed: it is kept by the HOLD in force of what it answers, no longer than that; a HOLD by its
// own end. Of what answers such an answer, by that one's.
static enum reason judge_kept(struct hub_submission *submission, uint64_t now_ns)
{
    const Amana__V1__Header *header = submission->header, *to = submission->reply_to.header;
    unsigned kind = (unsigned)header->kind;
    uint64_t until = submission->root_content.held_until,
             answered = to != NULL ? header_time_or_0(to->retain_until) : 0;
    until = answered > until ? answered : until;
    for (size_t i = 0; hub_named(submission, i) != NULL && (i == 0 || kind_orders(kind)); i++)
        until = submission->named[i].held_until > until ? submission->named[i].held_until : until;
    if (until <= now_ns)
        return invalid(&submission->work, "retain_until",
                       "that of the message answered has passed, and no HOLD keeps it: nothing of it may be kept");
    if (kind == KIND(HOLD) && header_time_or_0(header->valid_until) > until)
        until = header_time_or_0(header->valid_until);
    return header_time_or_0(header->retain_until) <= until
               ? REASON_NONE
               : invalid(&submission->work, "retain_until",
                         "at most until the end of the HOLD that keeps what it answers");
}

static enum reason judge_answer(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns)
{
    const struct kind *kind = kind_get((unsigned)submission->header->kind);
    struct hub_work *work = &submission->work;
    if (is_beyond_office(hub, submission))
        return hub_not_permitted(work, "kind");
    if (!may_answer(hub, submission, kind)) {
        // It has the message, so its kind tells nothing new.
        (void)am_fail(AM_DENIED, &work->detail, "in_reply_to", "%s may be sent by: %s", kind->name,
                      who_text(kind->who));
        return REASON_NOT_PERMITTED;
    }
    enum reason reason = judge_on(submission, kind);
    if (reason == REASON_NONE && kind->chain == CHAIN_NONE) // else by its newest version, once the state is known
        reason = hub_judge_delivery(hub, submission, &submission->reply_to);
    if (reason == REASON_NONE && kind_orders((unsigned)submission->header->kind))
        reason = judge_named(hub, submission);
    if (reason == REASON_NONE && submission->header->outcome == OUTCOME(UPHELD) && !upholds(submission))
        reason =
            invalid(work, "references",
                    "UPHELD names the CORRECTION that mends it: send that first, with the contest as its reference");
    if (reason != REASON_NONE)
        return reason;
    if (!submission->root.found || submission->root.header == NULL)
        return hub_not_permitted(work, "in_reply_to"); // its envelope is gone: the case is closed
    reason = rule_answer_carries(submission->header, submission->root.header, &work->detail);
    bool longer = reason == REASON_NONE && rule_kept_longer(submission->header, submission->root.header);
    return longer ? judge_kept(submission, now_ns) : reason;
}

// --- The case
static enum reason judge_case(const struct hub *hub, struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    if (submission->case_party || submission->takes_back || may_name(hub, submission, &submission->reply_to))
        return REASON_NONE;
    // The first two parts of a case are an agency too.
    if (submission->case_exists || !address_same_agency(submission->sender, header->case_ref))
        return hub_not_permitted(&submission->work, "case_ref");
    return REASON_NONE;
}

// --- The rules that need the flags
// Nobody is sent back in a case that is kept from a state; such a state can't tell.
static enum reason judge_return(const struct hub *hub, struct hub_submission *submission)
{
    bool beyond = hub_goes_beyond(hub, submission);
    enum reason reason = rule_return(submission->header, submission->flags, beyond, &submission->work.detail);
    if (reason != REASON_NONE || !rule_returns(submission->header, beyond) || !hub_shield_binds(submission))
        return reason;
    (void)am_fail(AM_DENIED, &submission->work.detail, "purpose", "%s", reason_text(REASON_PURPOSE_MISMATCH));
    return REASON_PURPOSE_MISMATCH;
}

// Whether what it is about needed a second person itself: the message answered, of an alert that it renews or ends the
// newest version too, and of an order every message that it names.
static bool of_released(const struct hub_submission *submission)
{
    unsigned kind = (unsigned)submission->header->kind;
    const struct hub_found *named;
    bool yes = rule_of_released(kind, submission->reply_to.header);
    if (kind_get(kind)->chain != CHAIN_NONE)
        yes |= rule_of_released(kind, submission->newest.header);
    for (size_t i = 1; kind_orders(kind) && (named = hub_named(submission, i)) != NULL; i++)
        yes |= rule_of_released(kind, named->header);
    return yes;
}

static enum reason judge_rules(const struct hub *hub, struct hub_submission *submission, struct hub_decision *decision)
{
    struct hub_work *work = &submission->work;
    enum reason reason = judge_return(hub, submission);
    if (reason == REASON_NONE)
        reason = rule_consent(submission->header, &work->detail);
    if (reason == REASON_NONE && !submission->takes_back)
        reason = rule_release(submission->header, of_released(submission), hub->policy, &work->detail);
    if (reason != REASON_NONE)
        return reason;
    switch (
        rule_child(submission->header, submission->flags, hub_protection_of(hub, submission->sender), &work->detail)) {
    case RULE_CHILD_HOLDS: return REASON_NONE;
    case RULE_CHILD_ALARM: decision->alarm = true; return REASON_NONE;
    case RULE_CHILD_BROKEN: break;
    }
    return REASON_CHILD_NEEDS_PROTECTION_UNIT;
}

enum reason hub_judge(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns,
                      struct hub_decision *ret_decision)
{
    struct hub_work *work = &submission->work;
    struct hub_decision decision = {0};
    bool answer = kind_is_answer(submission->header);
    enum reason reason = REASON_NONE;
    submission->takes_back = hub_takes_back(hub, submission);
    if (submission->mode == HUB_SUBMIT_RELEASE)
        reason = hub_judge_waiting(work, &submission->release, now_ns);
    if (reason == REASON_NONE && submission->flags == NULL)
        return invalid(work, "flags", "can't be read");
    if (reason == REASON_NONE)
        reason = flags_check(submission->flags, &work->detail);
    if (reason == REASON_NONE)
        reason = judge_pointers(hub, submission);
    if (reason == REASON_NONE && answer)
        reason = judge_answer(hub, submission, now_ns);
    if (reason == REASON_NONE)
        reason = judge_case(hub, submission);
    if (reason == REASON_NONE)
        reason = hub_judge_recipients(hub, submission, submission->flags);
    if (reason == REASON_NONE)
        reason = judge_rules(hub, submission, &decision);
    if (reason == REASON_NONE)
        reason = hub_judge_onward(hub, submission);
    if (reason == REASON_NONE && answer)
        reason = hub_judge_lives(hub, submission, now_ns, &decision);
    if (reason == REASON_NONE)
        *ret_decision = decision;
    return reason;
}
