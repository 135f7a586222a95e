// SPDX-License-Identifier: Apache-2.0
// The first judgement of a message: by its envelope, the clock and what stands in memory (architecture.md, One
// message's way through).
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

enum reason hub_not_permitted(struct hub_work *work, const char *field)
{
    (void)am_fail(AM_DENIED, &work->detail, field, "%s", reason_text(REASON_NOT_PERMITTED));
    return REASON_NOT_PERMITTED;
}

static enum reason judge_sender(struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    struct hub_work *work = &submission->work;
    if (submission->mode == HUB_SUBMIT_RELEASE) // of another unit perhaps: the caller's is that which releases
        return header->releasing != NULL && strcmp(header->releasing->unit, work->unit) == 0
                   ? REASON_NONE
                   : hub_not_permitted(work, "message");
    bool unit = header->sender == NULL || strcmp(header->sender->unit, work->unit) == 0;
    bool device = header->device[0] == '\0' || strcmp(header->device, work->identity) == 0;
    if (unit && device)
        return REASON_NONE; // what is missing is found by header_check
    (void)am_fail(AM_DENIED, &work->detail, unit ? "device" : "sender.unit",
                  "must be that of the connection's certificate, %s", work->identity);
    return REASON_SENDER_MISMATCH;
}

static enum reason judge_times(struct hub_submission *submission, uint64_t now_ns)
{
    const Amana__V1__Header *header = submission->header;
    struct hub_work *work = &submission->work;
    uint64_t written = header_time_or_0(header->written_at);
    work->hub_time_ns = now_ns;
    if (written > now_ns && written - now_ns > LIMIT_CLOCK_AHEAD_NS) {
        (void)am_fail(AM_INVALID, &work->detail, "written_at",
                      "lies more than 5 minutes ahead of the hub's clock: set this machine's clock, then sign anew");
        return REASON_CLOCK_AHEAD;
    }
    if (written < now_ns && now_ns - written > LIMIT_TOO_OLD_NS) {
        (void)am_fail(AM_INVALID, &work->detail, "written_at",
                      "lies more than 30 days back: write it anew, so that it is signed by today's date");
        return REASON_TOO_OLD;
    }
    work->hub_time_ns = 0;
    if (header_time_or_0(header->retain_until) <= now_ns) {
        (void)am_fail(AM_INVALID, &work->detail, "retain_until", "has passed: nothing of it may be kept");
        return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

uint8_t hub_role_who(enum hub_role role)
{
    switch (role) {
    case ROLE_UNIT: return WHO_UNIT;
    case ROLE_PROTECTION: return WHO_PROTECTION;
    case ROLE_DPO: return WHO_DPO;
    default: return 0;
    }
}

// What a dpo may send: what its office is for, and what that needs; nothing else, whatever it answers.
#define DPO_KINDS                                                                                                      \
    (KIND_BIT(KIND(ERASURE)) | KIND_BIT(KIND(CORRECTION)) | KIND_BIT(KIND(HOLD)) | KIND_BIT(KIND(SUBJECT_ACCESS)) |    \
     KIND_BIT(KIND(WITHDRAW)) | KIND_BIT(KIND(ACK)) | KIND_BIT(KIND(RESPONSE)) | KIND_BIT(KIND(CONFIRM)) |             \
     KIND_BIT(KIND(BODY_REJECTED)) | KIND_BIT(KIND(DECISION)))

// Auditors, registrars and operators send nothing; a kind that stands alone asks for a role.
static enum reason judge_role(const struct hub *hub, struct hub_submission *submission)
{
    const struct hub_member *member = hub_member_find(hub, submission->sender);
    const struct kind *kind = kind_get((unsigned)submission->header->kind);
    uint8_t role = member != NULL ? hub_role_who(member->role) : 0;
    bool by_role = !kind_is_answer(submission->header);
    bool office = role != WHO_DPO || (DPO_KINDS & KIND_BIT((unsigned)submission->header->kind)) != 0;
    if (role == 0 || !office || (by_role && (kind->who & role) == 0))
        return hub_not_permitted(&submission->work, "kind");
    return REASON_NONE;
}

// --- Ceilings: whoever is named by now may know of the unit
enum reason hub_judge_ceiling(const struct hub *hub, struct hub_submission *submission, const char *unit)
{
    return rule_ceiling(submission->header, hub->policy, unit, &submission->work.detail);
}

// --- Recipients
static bool released_by(const struct hub_found *found, const char *unit)
{
    const char *releasing = hub_releasing_of(found);
    return releasing != NULL && strcmp(releasing, unit) == 0;
}

// What every holder must mend, keep or erase reaches who released it.
static bool reaches_releasing(const struct hub_submission *submission, const char *unit)
{
    unsigned kind = (unsigned)submission->header->kind;
    const struct hub_found *named;
    bool any = released_by(&submission->reply_to, unit) || released_by(&submission->newest, unit);
    for (size_t i = 1; kind_orders(kind) && (named = hub_named(submission, i)) != NULL; i++)
        any |= released_by(named, unit);
    return any && (kind_get(kind)->to == TO_HOLDERS || kind_asks_confirm(kind, (unsigned)submission->header->outcome));
}

// Named by what is answered: neither grant nor purpose stands in its way. To the originator, the newest version counts.
static bool answered_party(const struct hub_submission *submission, const char *unit)
{
    bool originator = submission->newest.found && strcmp(submission->newest.originator, submission->sender) == 0;
    return hub_found_party(&submission->reply_to, unit) ||
           ((originator || submission->takes_back) && hub_found_party(&submission->newest, unit)) ||
           reaches_releasing(submission, unit);
}

// What answers its messages still goes back to it.
static enum reason closed(struct hub_work *work, const char *field, const char *unit, const char *successor)
{
    (void)strlcpy(work->successor, successor, sizeof work->successor);
    (void)am_fail(AM_DENIED, &work->detail, field, "%s is closed: write to %s", unit, successor);
    return REASON_RECIPIENT_CLOSED;
}

// A person's question goes to the units of the office's own country, and abroad from office to office: neither needs a
// grant, and nobody else is asked.
static bool access_goes(const struct hub_submission *submission, const struct hub_member *member, const char *unit)
{
    return member->role == ROLE_DPO || address_same_country(submission->sender, unit);
}

// Only a refusal names it.
static const char *unit_field(size_t i, char field[48])
{
    snprintf(field, 48, "recipients[%zu].unit", i);
    return field;
}

// Without a grant, and whatever the purpose.
static bool is_open(const struct hub *hub, const struct hub_submission *submission, const char *unit, bool child)
{
    const Amana__V1__Header *header = submission->header;
    return (kind_is_answer(header) && answered_party(submission, unit)) || strcmp(unit, submission->sender) == 0 ||
           (child && hub_protects(hub, submission->sender, unit)) ||
           // A HIT also goes to who protects where the child is (rule 3): which country that is stands in its body.
           (child && header->kind == KIND(HIT) && hub_protects_any(hub, unit)) || hub_stands_in(hub, submission, unit);
}

static bool about_child(const struct hub_submission *submission)
{
    return rule_concerns_child(submission->header, submission->flags);
}

bool hub_goes_beyond(const struct hub *hub, const struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    for (size_t i = 0; i < header->n_recipients; i++) {
        const char *unit = header->recipients[i]->unit;
        if (!is_open(hub, submission, unit, about_child(submission)) && !hub_protects(hub, submission->sender, unit))
            return true;
    }
    return false;
}

static enum reason judge_recipient(const struct hub *hub, struct hub_submission *submission, size_t i,
                                   const Amana__V1__Flags *flags)
{
    const Amana__V1__Header *header = submission->header;
    const char *unit = header->recipients[i]->unit;
    const struct hub_member *member = hub_member_find(hub, unit);
    const struct kind *kind = kind_get((unsigned)header->kind);
    bool answer = kind_is_answer(header);
    char field[48];

    if (!hub_reachable(hub, unit))
        return hub_not_permitted(&submission->work, unit_field(i, field));
    if (answer && flags == NULL)
        return REASON_NONE;                              // what it answers isn't known yet
    bool itself = strcmp(unit, submission->sender) == 0; // a shift handed over, an order: nobody new learns of it
    if (flags != NULL && hub_harms(submission, unit) && !(itself && kind->alone))
        return hub_not_permitted(&submission->work, unit_field(i, field));
    bool open = is_open(hub, submission, unit, flags == NULL || about_child(submission));
    if (header->kind == KIND(SUBJECT_ACCESS)) {
        open = access_goes(submission, member, unit);
        if (!open)
            return hub_not_permitted(&submission->work, unit_field(i, field));
    }
    if (!open && !hub_granted(hub_member_find(hub, submission->sender), (unsigned)header->kind, unit))
        return hub_not_permitted(&submission->work, unit_field(i, field));
    if (member->successor[0] != '\0' && !(answer && (itself || answered_party(submission, unit))))
        return closed(&submission->work, unit_field(i, field), unit, member->successor);
    enum reason reason = hub_judge_ceiling(hub, submission, unit);
    bool protects = member->role == ROLE_PROTECTION || policy_protects(hub->policy, unit) != NULL;
    return open || reason != REASON_NONE ? reason : rule_purpose(header, i, protects, &submission->work.detail);
}

enum reason hub_judge_recipients(const struct hub *hub, struct hub_submission *submission,
                                 const Amana__V1__Flags *flags)
{
    for (size_t i = 0; i < submission->header->n_recipients; i++) {
        enum reason reason = judge_recipient(hub, submission, i, flags);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

// --- Rosters (security.md, Stale)
static bool seals_within(const struct hub_kept_roster *a, const struct hub_kept_roster *b)
{
    for (size_t i = 0; i < a->n_devices; i++) {
        bool there = false;
        for (size_t j = 0; j < b->n_devices && !there; j++)
            there = memcmp(a->devices[i].seal, b->devices[j].seal, sizeof a->devices[i].seal) == 0;
        if (!there)
            return false;
    }
    return true;
}

static bool seals_same(const struct hub_kept_roster *a, const struct hub_kept_roster *b)
{
    return a == b || (seals_within(a, b) && seals_within(b, a));
}

static enum reason stale(struct hub_work *work, const char *unit, const char *field)
{
    strlcpy(work->stale_unit, unit, sizeof work->stale_unit);
    (void)am_fail(AM_INVALID, &work->detail, field, "the roster of %s has changed: fetch it, seal and sign anew", unit);
    return REASON_ROSTER_STALE;
}

#define NOT_ON_ROSTER                                                                                                  \
    "%.100s is not on the newest roster of %.100s: send as one who is, or have the registrar put it there"

static enum reason judge_sender_roster(const struct hub *hub, struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    struct hub_work *work = &submission->work;
    const struct hub_kept_roster *newest = hub_roster_newest(hub, submission->sender);
    const struct hub_kept_roster *named = hub_roster_of(hub, submission->sender, header->sender->roster);
    const struct hub_roster_officer *officer = NULL, *before;

    if (newest != NULL)
        officer = hub_roster_officer_find(newest, header->officer);
    if (officer == NULL || hub_roster_device_find(newest, header->device) == NULL) {
        (void)am_fail(AM_DENIED, &work->detail, officer == NULL ? "officer" : "device", NOT_ON_ROSTER,
                      officer == NULL ? header->officer : header->device, submission->sender);
        return REASON_NOT_ON_ROSTER;
    }
    if (named == newest)
        return REASON_NONE;
    before = named != NULL ? hub_roster_officer_find(named, header->officer) : NULL;
    if (before == NULL || memcmp(before->sign, officer->sign, sizeof before->sign) != 0 ||
        before->supervisor != officer->supervisor || !seals_same(named, newest))
        return stale(work, submission->sender, "sender.roster");
    return REASON_NONE;
}

static bool roster_fits(const struct hub *hub, const char *unit, uint64_t number)
{
    const struct hub_kept_roster *named = hub_roster_of(hub, unit, number);
    return named != NULL && seals_same(named, hub_roster_newest(hub, unit));
}

enum reason hub_judge_roster(const struct hub *hub, struct hub_work *work, const char *unit, uint64_t number,
                             const char *field)
{
    return roster_fits(hub, unit, number) ? REASON_NONE : stale(work, unit, field);
}

static enum reason judge_rosters(const struct hub *hub, struct hub_submission *submission)
{
    const Amana__V1__Header *header = submission->header;
    enum reason reason = judge_sender_roster(hub, submission);
    for (size_t i = 0; i < header->n_recipients && reason == REASON_NONE; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        char field[48];
        if (roster_fits(hub, recipient->unit, recipient->roster))
            continue;
        snprintf(field, sizeof field, "recipients[%zu].roster", i);
        reason = stale(&submission->work, recipient->unit, field);
    }
    return reason;
}

enum reason hub_verdict(const struct hub *hub, struct hub_submission *submission, uint64_t now_ns)
{
    const struct header_context context = {.any_oversight = true, // judged below
                                           .retention_days = hub->policy != NULL ? hub->policy->retention_days : NULL};
    struct hub_work *work = &submission->work;
    work->detail = (struct am_detail){0};
    work->stale_unit[0] = work->successor[0] = '\0';
    work->hub_time_ns = 0;
    enum reason reason = judge_sender(submission);
    if (reason == REASON_NONE)
        reason = header_check(submission->header, &context, &work->detail);
    if (reason == REASON_NONE)
        reason = judge_times(submission, now_ns);
    if (reason == REASON_NONE)
        reason = judge_role(hub, submission);
    if (reason == REASON_NONE)
        reason = hub_judge_ceiling(hub, submission, submission->sender);
    if (reason == REASON_NONE)
        reason = hub_judge_recipients(hub, submission, NULL);
    if (reason == REASON_NONE)
        reason = judge_rosters(hub, submission);
    if (reason == REASON_NONE)
        reason = hub_judge_oversight(hub, submission, false);
    if (reason == REASON_NONE)
        reason = hub_judge_releasing(hub, submission, now_ns);
    return reason;
}
