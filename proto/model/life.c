// SPDX-License-Identifier: Apache-2.0
// The rows of the table of lives, and what follows from them.
#include "proto/model/life.h"

#define O(name) OUTCOME_BIT(OUTCOME(name))
#define ROW(root, s, k, next)                                                                                          \
    {                                                                                                                  \
        KIND(root), LIFE(s), KIND(k), 0, LIFE(next)                                                                    \
    }
#define ROW_ON(root, s, k, outcomes, next)                                                                             \
    {                                                                                                                  \
        KIND(root), LIFE(s), KIND(k), outcomes, LIFE(next)                                                             \
    }
#define CROSS(root, s, k)                                                                                              \
    {                                                                                                                  \
        KIND(root), LIFE(s), KIND(k), 0, LIFE_ROW_CROSSED                                                              \
    }

#define WAITING (O(AWAITING_AUTHORISATION) | O(CLARIFICATION_ASKED))

static const struct life_row ROWS[] = {
    ROW(ALERT, NEW, ACK, ACKNOWLEDGED),
    ROW(ALERT, NEW, UPDATE, NEW),
    ROW(ALERT, NEW, CANCEL, STOPPING),
    ROW(ALERT, NEW, HIT, ACKNOWLEDGED),
    ROW(ALERT, NEW, CANNOT_EXECUTE, ACKNOWLEDGED),
    ROW(ALERT, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW(ALERT, ACKNOWLEDGED, UPDATE, NEW),
    ROW(ALERT, ACKNOWLEDGED, CANCEL, STOPPING),
    ROW(ALERT, ACKNOWLEDGED, HIT, ACKNOWLEDGED),
    ROW(ALERT, ACKNOWLEDGED, CANNOT_EXECUTE, ACKNOWLEDGED),
    ROW(ALERT, STOPPING, ACK, STOPPED),
    CROSS(ALERT, STOPPING, HIT),
    CROSS(ALERT, STOPPING, CANNOT_EXECUTE),
    ROW(ALERT, STOPPED, ACK, STOPPED), // a later one names a new officer
    CROSS(ALERT, STOPPED, HIT),
    CROSS(ALERT, STOPPED, CANNOT_EXECUTE),
    // What should never have been sent lies there after its time too; what had to be looked for is not any more.
    ROW_ON(ALERT, EXPIRED, CANCEL, O(SENT_IN_ERROR) | O(COURT_ORDER), STOPPING),
    CROSS(ALERT, EXPIRED, ACK),
    CROSS(ALERT, EXPIRED, HIT),
    CROSS(ALERT, EXPIRED, CANNOT_EXECUTE),

    ROW(HIT, OPEN, ACK, ACKNOWLEDGED),
    ROW(HIT, ACKNOWLEDGED, ACK, ACKNOWLEDGED),

    ROW(REQUEST, OPEN, ACK, ACKNOWLEDGED),
    ROW_ON(REQUEST, OPEN, PROGRESS, O(IN_HAND), IN_PROGRESS),
    ROW_ON(REQUEST, OPEN, PROGRESS, WAITING, SUSPENDED),
    ROW(REQUEST, OPEN, RESPONSE, ANSWERED),
    ROW(REQUEST, OPEN, REFUSAL, REFUSED),
    ROW(REQUEST, OPEN, WITHDRAW, WITHDRAWN),
    ROW(REQUEST, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW_ON(REQUEST, ACKNOWLEDGED, PROGRESS, O(IN_HAND), IN_PROGRESS),
    ROW_ON(REQUEST, ACKNOWLEDGED, PROGRESS, WAITING, SUSPENDED),
    ROW(REQUEST, ACKNOWLEDGED, RESPONSE, ANSWERED),
    ROW(REQUEST, ACKNOWLEDGED, REFUSAL, REFUSED),
    ROW(REQUEST, ACKNOWLEDGED, WITHDRAW, WITHDRAWN),
    ROW(REQUEST, IN_PROGRESS, ACK, IN_PROGRESS),
    ROW_ON(REQUEST, IN_PROGRESS, PROGRESS, O(IN_HAND), IN_PROGRESS),
    ROW_ON(REQUEST, IN_PROGRESS, PROGRESS, WAITING, SUSPENDED),
    ROW(REQUEST, IN_PROGRESS, RESPONSE, ANSWERED),
    ROW(REQUEST, IN_PROGRESS, REFUSAL, REFUSED),
    ROW(REQUEST, IN_PROGRESS, WITHDRAW, WITHDRAWN),
    ROW(REQUEST, SUSPENDED, ACK, SUSPENDED),
    ROW_ON(REQUEST, SUSPENDED, PROGRESS, O(IN_HAND), IN_PROGRESS),
    ROW_ON(REQUEST, SUSPENDED, PROGRESS, WAITING, SUSPENDED),
    ROW(REQUEST, SUSPENDED, CLARIFICATION, IN_PROGRESS),
    ROW(REQUEST, SUSPENDED, RESPONSE, ANSWERED),
    ROW(REQUEST, SUSPENDED, REFUSAL, REFUSED),
    ROW(REQUEST, SUSPENDED, WITHDRAW, WITHDRAWN),
    ROW(REQUEST, ANSWERED, RESPONSE, ANSWERED),
    ROW(REQUEST, REFUSED, RESPONSE, ANSWERED),
    CROSS(REQUEST, WITHDRAWN, ACK),
    CROSS(REQUEST, WITHDRAWN, RESPONSE),
    CROSS(REQUEST, WITHDRAWN, REFUSAL),

    ROW(USE_PERMISSION, OPEN, ACK, ACKNOWLEDGED),
    ROW_ON(USE_PERMISSION, OPEN, DECISION, O(GRANTED), GRANTED),
    ROW_ON(USE_PERMISSION, OPEN, DECISION, O(DENIED), DENIED),
    ROW(USE_PERMISSION, OPEN, WITHDRAW, WITHDRAWN),
    ROW(USE_PERMISSION, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW_ON(USE_PERMISSION, ACKNOWLEDGED, DECISION, O(GRANTED), GRANTED),
    ROW_ON(USE_PERMISSION, ACKNOWLEDGED, DECISION, O(DENIED), DENIED),
    ROW(USE_PERMISSION, ACKNOWLEDGED, WITHDRAW, WITHDRAWN),
    CROSS(USE_PERMISSION, WITHDRAWN, ACK),

    ROW(SUBJECT_ACCESS, OPEN, ACK, ACKNOWLEDGED),
    ROW(SUBJECT_ACCESS, OPEN, RESPONSE, ANSWERED),
    ROW(SUBJECT_ACCESS, OPEN, WITHDRAW, WITHDRAWN),
    ROW(SUBJECT_ACCESS, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW(SUBJECT_ACCESS, ACKNOWLEDGED, RESPONSE, ANSWERED),
    ROW(SUBJECT_ACCESS, ACKNOWLEDGED, WITHDRAW, WITHDRAWN),
    ROW(SUBJECT_ACCESS, ANSWERED, RESPONSE, ANSWERED), // after PARTIAL more may follow
    CROSS(SUBJECT_ACCESS, WITHDRAWN, ACK),
    CROSS(SUBJECT_ACCESS, WITHDRAWN, RESPONSE),

    ROW(REFERRAL, OFFERED, ACK, OFFERED),
    ROW_ON(REFERRAL, OFFERED, DECISION, O(ACCEPTED), ACCEPTED),
    ROW_ON(REFERRAL, OFFERED, DECISION, O(DECLINED), DECLINED),
    ROW(REFERRAL, OFFERED, WITHDRAW, WITHDRAWN),
    ROW(REFERRAL, ACCEPTED, PROGRESS, ACCEPTED),
    ROW(REFERRAL, ACCEPTED, CLOSE, CLOSED),
    ROW(REFERRAL, ACCEPTED, WITHDRAW, WITHDRAWN),
    CROSS(REFERRAL, WITHDRAWN, ACK),

    ROW(CORRECTION, OPEN, ACK, ACKNOWLEDGED),
    ROW(CORRECTION, OPEN, CONFIRM, CONFIRMED),
    ROW(CORRECTION, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW(CORRECTION, ACKNOWLEDGED, CONFIRM, CONFIRMED),
    ROW(ERASURE, OPEN, CONFIRM, CONFIRMED),
    // Where they ask for it, these begin a life of their own besides the move that they make in another.
    ROW(CANCEL, OPEN, CONFIRM, CONFIRMED),
    ROW(WITHDRAW, OPEN, CONFIRM, CONFIRMED),

    ROW(CONTEST, OPEN, ACK, ACKNOWLEDGED),
    ROW_ON(CONTEST, OPEN, DECISION, O(UPHELD), UPHELD),
    ROW_ON(CONTEST, OPEN, DECISION, O(REJECTED), REJECTED),
    ROW(CONTEST, ACKNOWLEDGED, ACK, ACKNOWLEDGED),
    ROW_ON(CONTEST, ACKNOWLEDGED, DECISION, O(UPHELD), UPHELD),
    ROW_ON(CONTEST, ACKNOWLEDGED, DECISION, O(REJECTED), REJECTED),
};

static const uint8_t FIRST[KIND_COUNT] = {
    [KIND(ALERT)] = LIFE(NEW),           [KIND(HIT)] = LIFE(OPEN),
    [KIND(REQUEST)] = LIFE(OPEN),        [KIND(REFERRAL)] = LIFE(OFFERED),
    [KIND(USE_PERMISSION)] = LIFE(OPEN), [KIND(CORRECTION)] = LIFE(OPEN),
    [KIND(ERASURE)] = LIFE(OPEN),        [KIND(CONTEST)] = LIFE(OPEN),
    [KIND(SUBJECT_ACCESS)] = LIFE(OPEN),
};

// Answers to these may be about an older version, whose clock ended when the next began.
#define VERSIONED (KIND_BIT(KIND(ALERT)))
#define CLOCKED   (KIND_BIT(KIND(ACK)) | KIND_BIT(KIND(HIT)) | KIND_BIT(KIND(CANNOT_EXECUTE)))

const struct life_row *life_rows(size_t *ret_n)
{
    *ret_n = AM_LEN(ROWS);
    return ROWS;
}

uint8_t life_first(unsigned root)
{
    return root < KIND_COUNT ? FIRST[root] : LIFE(UNSPECIFIED);
}

uint8_t life_begun(unsigned root)
{
    return life_first(root) != LIFE(UNSPECIFIED) ? life_first(root) : LIFE_CONFIRM_FIRST;
}

uint8_t life_state_at(unsigned root, uint8_t state, uint64_t valid_until_ns, uint64_t now_ns)
{
    bool open = state == LIFE(NEW) || state == LIFE(ACKNOWLEDGED);
    return root == KIND(ALERT) && open && valid_until_ns != 0 && now_ns >= valid_until_ns ? LIFE(EXPIRED) : state;
}

static bool row_takes(const struct life_row *row, uint8_t state, unsigned outcome)
{
    return row->state == state && (row->outcomes == 0 || (row->outcomes & OUTCOME_BIT(outcome)) != 0);
}

enum life_result life_move(unsigned root, uint8_t state, unsigned kind, unsigned outcome, bool present,
                           uint8_t *ret_state)
{
    bool moves = false;
    const struct life_row *found = NULL;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        if (ROWS[i].root != root || ROWS[i].kind != kind)
            continue;
        moves = true;
        if (row_takes(&ROWS[i], state, outcome))
            found = &ROWS[i];
    }
    if (!moves)
        return LIFE_UNMOVED;
    if (!present && (KIND_BIT(root) & VERSIONED) != 0 && (KIND_BIT(kind) & CLOCKED) != 0)
        return LIFE_CROSSED;
    if (found == NULL)
        return LIFE_FORBIDDEN;
    if (found->next == LIFE_ROW_CROSSED)
        return LIFE_CROSSED;
    *ret_state = found->next;
    return LIFE_MOVED;
}

bool life_is_own(unsigned answered, unsigned kind)
{
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (ROWS[i].root == answered && ROWS[i].kind == kind)
            return true;
    return false;
}

uint32_t life_open(unsigned root, uint8_t state)
{
    uint32_t open = 0;
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (ROWS[i].root == root && ROWS[i].state == state && ROWS[i].next != LIFE_ROW_CROSSED)
            open |= KIND_BIT(ROWS[i].kind);
    return open;
}

uint64_t life_outcomes(unsigned root, uint8_t state, unsigned kind)
{
    uint64_t outcomes = 0;
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (ROWS[i].root == root && ROWS[i].state == state && ROWS[i].kind == kind)
            outcomes |= ROWS[i].outcomes;
    return outcomes;
}

enum life_wait life_waits(unsigned root, uint8_t state)
{
    bool on = false;
    // A RESPONSE may follow, and a CLOSE will: but it has its answer, and no clock runs for these.
    if (state == LIFE(REFUSED) || state == LIFE(ACCEPTED))
        return LIFE_WAIT_NONE;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        const struct life_row *row = &ROWS[i];
        bool by_recipient = (kind_get(row->kind)->who & (WHO_RECIPIENT | WHO_HOLDER)) != 0;
        if (row->root != root || row->state != state || row->next == LIFE_ROW_CROSSED || !by_recipient)
            continue;
        if (row->kind == KIND(ACK) && (row->next != state || state == FIRST[root]))
            return LIFE_WAIT_ACK;
        on |= row->next != state;
    }
    return on ? LIFE_WAIT_ANSWER : LIFE_WAIT_NONE;
}

bool life_clock_stands(uint8_t state)
{
    return state == LIFE(SUSPENDED);
}

void life_summary_add(struct life_summary *summary, unsigned root, uint8_t state)
{
    enum life_wait wait = life_waits(root, state);
    summary->lives++;
    summary->to_acknowledge += wait == LIFE_WAIT_ACK;
    summary->to_answer += wait == LIFE_WAIT_ANSWER;
    summary->done += wait == LIFE_WAIT_NONE;
}

const char *life_state_name(uint8_t state)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&amana__v1__life_state__code__descriptor, state);
    return value != NULL ? value->name : "UNSPECIFIED";
}
