// SPDX-License-Identifier: Apache-2.0
// What was found about a message, in the words of a line.
#include "client/cmd/answers.h"

#include "client/cmd/print.h"
#include "client/session/outbox.h"
#include "client/session/second.h"
#include "proto/model/life.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

// "in progress by eics-1207: to be answered"
static void life_words(const struct answers *answers, char ret_state[ANSWERS_STATE])
{
    bool open = life_waits(answers->root, answers->life) == LIFE_WAIT_ANSWER;
    bool confirm = (life_open(answers->root, answers->life) & KIND_BIT(KIND(CONFIRM))) != 0;
    char words[32];
    strlcpy(words, life_state_name(answers->life), sizeof words);
    for (char *c = words; *c != '\0'; c++)
        *c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
    snprintf(ret_state, ANSWERS_STATE, "%s%s%.31s%s", words, answers->acknowledged ? " by " : "",
             answers->acknowledged ? print_officer(answers->officer) : "", open && !confirm ? ": to be answered" : "");
    size_t len = strlen(ret_state);
    if (open && confirm)
        snprintf(ret_state + len, ANSWERS_STATE - len,
                 ": to be confirmed: `amana confirm %s --outcome DONE --remark TEXT`", answers->shown);
}

static void ack_words(const struct answers *answers, char ret_state[ANSWERS_STATE])
{
    snprintf(ret_state, ANSWERS_STATE, "to be acknowledged: `amana ack %s`", answers->shown);
    size_t len = strlen(ret_state);
    if (answers->ack_due != 0)
        snprintf(ret_state + len, ANSWERS_STATE - len, ", by %s (%s)", print_ns(answers->ack_due),
                 print_until(answers->ack_due, answers->now));
}

static void plain_state(const struct answers *answers, const char *id, bool to_us, char ret_state[ANSWERS_STATE])
{
    ret_state[0] = '\0';
    if (answers->cancel[0] != '\0')
        snprintf(ret_state, ANSWERS_STATE, "ended by %.13s", answers->cancel);
    else if (!to_us && answers->withdrawn[0] != '\0')
        snprintf(ret_state, ANSWERS_STATE, "withdrawn by %.13s", answers->withdrawn);
    else if (strcmp(answers->newest, id) != 0)
        snprintf(ret_state, ANSWERS_STATE, "replaced by %.13s", answers->newest);
    else if (answers->expired != 0 && answers->acknowledged)
        snprintf(ret_state, ANSWERS_STATE, "expired; acknowledged by %.31s", print_officer(answers->officer));
    else if (answers->expired != 0) // what comes after moves nothing
        strlcpy(ret_state, "expired", ANSWERS_STATE);
    else if (answers->root != 0 && life_waits(answers->root, answers->life) != LIFE_WAIT_ACK)
        life_words(answers, ret_state);
    else if (answers->acknowledged)
        snprintf(ret_state, ANSWERS_STATE, "acknowledged by %.31s", print_officer(answers->officer));
    else if (to_us)
        ack_words(answers, ret_state);
}

// What a CANCEL or WITHDRAW asks for besides.
static void confirm_words(const struct answers *answers, char state[ANSWERS_STATE])
{
    size_t len = strlen(state);
    const char *comma = len > 0 ? "; " : "";
    if (answers->confirm && answers->confirmed == NULL)
        snprintf(state + len, ANSWERS_STATE - len, "%sto be erased: `amana confirm %s --outcome DONE --remark TEXT`",
                 comma, answers->shown);
    else if (answers->confirm)
        snprintf(state + len, ANSWERS_STATE - len, "%sconfirmed %s", comma, answers->confirmed);
}

static void held_words(const struct answers *answers, char state[ANSWERS_STATE])
{
    size_t len = strlen(state);
    if (answers->review)
        snprintf(state + len, ANSWERS_STATE - len, "%s`amana keep %s --reason TEXT`, or `amana erase %s --ground CODE`",
                 len > 0 ? "; " : "", answers->shown, answers->shown);
    else if (answers->review_at != 0 && answers->kept_by[0] != '\0')
        snprintf(state + len, ANSWERS_STATE - len, "%skept by %.31s until its review %.10s", len > 0 ? "; " : "",
                 print_officer(answers->kept_by), print_ns(answers->review_at));
    len = strlen(state);
    if (answers->held_by[0] != '\0')
        snprintf(state + len, ANSWERS_STATE - len, "%skept for a court until %s", len > 0 ? "; " : "",
                 print_ns(answers->held_until));
}

// What no reader may pass over stands first.
static void prefix_words(const struct answers *answers, bool more, char ret_state[ANSWERS_STATE])
{
    size_t n = answers->n_corrections < ANSWERS_CORRECTIONS ? answers->n_corrections : ANSWERS_CORRECTIONS, len = 0;
    ret_state[0] = '\0';
    if (answers->contest[0] != '\0')
        snprintf(ret_state, ANSWERS_STATE, "CONTESTED by %.13s%s", answers->contest, more || n > 0 ? ": " : "");
    len = strlen(ret_state);
    if (n > 0)
        snprintf(ret_state + len, ANSWERS_STATE - len, "CORRECTED by %.13s%s", answers->corrections[n - 1],
                 more ? ": " : "");
}

void answers_state(const struct answers *answers, const char *id, bool to_us, char ret_state[ANSWERS_STATE])
{
    char plain[ANSWERS_STATE];
    plain_state(answers, id, to_us, plain);
    confirm_words(answers, plain);
    held_words(answers, plain);
    prefix_words(answers, plain[0] != '\0', ret_state);
    strlcat(ret_state, plain, ANSWERS_STATE);
}

void answers_state_of(const Amana__V1__Kept *kept, const struct answers *answers, const char *id, bool to_us,
                      char ret_state[ANSWERS_STATE])
{
    char second[SECOND_STATE], plain[ANSWERS_STATE];
    second_state(kept, second);
    answers_state(answers, id, to_us, plain);
    snprintf(ret_state, ANSWERS_STATE, "%s%s", second, second[0] != '\0' && plain[0] != '\0' ? "; " : "");
    strlcat(ret_state, plain, ANSWERS_STATE);
}

void outbox_state(const Amana__V1__Kept *kept, char ret_state[ANSWERS_STATE])
{
    if (outbox_was_refused(kept))
        snprintf(ret_state, ANSWERS_STATE, "refused: %.100s", kept->wait);
    else
        snprintf(ret_state, ANSWERS_STATE, "waiting%s",
                 kept->wait[0] != '\0' ? ", to be signed again (SIGN_AGAIN): `amana send --again`" : "");
}

static void since(const char *words, const char *id, char text[ANSWERS_STATE])
{
    size_t len = strlen(text);
    snprintf(text + len, ANSWERS_STATE - len, "%s%s%.13s", len > 0 ? "; " : "", words, id);
}

void answers_since(const struct answers *answers, bool ends, char ret_text[ANSWERS_STATE])
{
    size_t n = answers->n_corrections < ANSWERS_CORRECTIONS ? answers->n_corrections : ANSWERS_CORRECTIONS;
    ret_text[0] = '\0';
    if (answers->contest[0] != '\0')
        since("is CONTESTED by ", answers->contest, ret_text);
    if (n > 0)
        since("is CORRECTED by ", answers->corrections[n - 1], ret_text);
    if (ends && answers->cancel[0] != '\0')
        since("was ended by ", answers->cancel, ret_text);
    else if (ends && answers->replaced)
        since("was replaced by ", answers->newest, ret_text);
    else if (ends && answers->expired != 0)
        since("is in force no more", "", ret_text);
}

const char *answers_word(unsigned kind)
{
    unsigned root = kind_root(kind);
    return (life_open(root, life_first(root)) & KIND_BIT(KIND(CONFIRM))) != 0 ? "must confirm" : "must answer";
}
