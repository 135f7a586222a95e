// SPDX-License-Identifier: Apache-2.0
// Walks the store for what points at a message.
#include "client/cmd/answers.h"

#include "client/cmd/due_here.h"
#include "client/cmd/print.h"
#include "client/session/outbox.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "client/session/taken.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/header_parts.h"
#include "proto/model/life.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ANSWERS (16u * 1024 * 1024)

// What is asked about, by the digests of headers: an id alone is its sender's word.
struct asked {
    uint8_t digest[LOG_HASH_SIZE];
    uint8_t root[LOG_HASH_SIZE];   // of a newer version what it answers: what ends that ends it too
    unsigned root_kind;            // of its life; 0: none
    uint8_t state;                 // in which that life is when it comes
    uint8_t cancel[LOG_HASH_SIZE]; // what has ended it, as soon as that has come
    char sender[LIMIT_ADDRESS + 1];
    bool asks;    // this unit is to act on it
    bool confirm; // this unit is to CONFIRM it
    bool erased;
    uint64_t begun;                  // of a newer version: where its alert stands in the log, if that is here; else 0
    uint64_t next;                   // what stands behind it in the log begins there; UINT64_MAX: it isn't there yet
    char case_ref[STORE_CASE + 1];   // an answer is of the same (rule_answer_carries)
    bool own;                        // this unit sent it
    uint64_t review_at;              // of what this unit sent; 0: none
    uint64_t ack_due;                // from acceptance; 0: none, or it isn't in the log
    const Amana__V1__Header *header; // in the walk's arena
};

// "Keep", to a day of review: what assign and hand-over are too, a NOTE to the own unit, with its next day of review.
static bool keeps(const Amana__V1__Header *header)
{
    return header->kind == KIND(NOTE) && header_recipient(header, header->sender->unit) != NULL &&
           header->n_references == 1 && header->review_at != NULL;
}

enum am_err answers_kept(struct session *session, const char *id, struct arena *arena, char ret_kept[STORE_ID])
{
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    TRY(store_get_any(session->store, id, arena, &box, &kept));
    TRY(seal_header(kept->message, arena, NULL, &header));
    if (!keeps(header))
        return AM_NOT_FOUND;
    strlcpy(ret_kept, header->references[0]->id, STORE_ID);
    return AM_OK;
}

static enum kind_chain chain_of(const Amana__V1__Header *header)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    return kind != NULL ? (enum kind_chain)kind->chain : CHAIN_NONE;
}

static enum am_err find_asked(struct session *session, const char *id, struct arena *arena, struct asked *ret)
{
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    enum store_box box;
    TRY(store_get_any(session->store, id, arena, &box, &kept));
    TRY(seal_header(kept->message, arena, NULL, &header));
    ret->header = header;
    TRY(log_sha256(codec_bytes(kept->message->header), ret->digest));
    memcpy(ret->root, ret->digest, LOG_HASH_SIZE);
    ret->root_kind = kind_root((unsigned)header->kind);
    ret->state = chain_of(header) == CHAIN_ENDS ? LIFE(STOPPING) : life_first(ret->root_kind);
    strlcpy(ret->sender, header->sender->unit, sizeof ret->sender);
    ret->confirm = box == STORE_INBOX && kind_asks_confirm((unsigned)header->kind, header->outcome);
    ret->erased = kept->erased_at != NULL;
    ret->own = box == STORE_SENT && !keeps(header);
    ret->review_at = ret->own ? header_time_or_0(header->review_at) : 0;
    ret->next = kept->entry != NULL ? kept->entry->index + 1 : UINT64_MAX;
    if (kept->entry != NULL)
        ret->ack_due = due_here(session, header, kept->entry->time).ack;
    strlcpy(ret->case_ref, header->case_ref, sizeof ret->case_ref);
    const char *own = session->settings.value[SETTING_UNIT];
    // What is asked of its own sender it could tell nobody else.
    ret->asks = header_asks(header, own) && strcmp(own, header->sender->unit) != 0;
    if (chain_of(header) != CHAIN_RENEWS || header->in_reply_to == NULL ||
        header->in_reply_to->header_digest.len != LOG_HASH_SIZE)
        return AM_OK;
    memcpy(ret->root, header->in_reply_to->header_digest.data, LOG_HASH_SIZE);
    enum am_err err = store_get_any(session->store, header->in_reply_to->id, arena, &box, &kept);
    if (err == AM_OK && kept->entry != NULL)
        ret->begun = kept->entry->index;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// What moved a life, in the order of the log.
#define MOVES 256u
struct moves {
    size_t n;
    struct move {
        uint64_t index;
        unsigned kind, outcome;
    } list[MOVES];
};

static int by_index(const void *a, const void *b)
{
    uint64_t x = ((const struct move *)a)->index, y = ((const struct move *)b)->index;
    return (x > y) - (x < y);
}

static void moves_add(struct moves *moves, const Amana__V1__Header *header, const Amana__V1__Kept *kept)
{
    if (kept->entry == NULL)
        return; // it waits in the outbox
    size_t at = moves->n < MOVES ? moves->n++ : MOVES - 1;
    moves->list[at] = (struct move){kept->entry->index, (unsigned)header->kind, (unsigned)header->outcome};
}

static uint8_t life_after(struct moves *moves, unsigned root)
{
    uint8_t state = life_first(root), next;
    qsort(moves->list, moves->n, sizeof moves->list[0], by_index);
    for (size_t i = 0; i < moves->n; i++)
        if (life_move(root, state, moves->list[i].kind, moves->list[i].outcome, true, &next) == LIFE_MOVED)
            state = next;
    return state;
}

static bool acknowledges(const struct asked *asked, const Amana__V1__Header *header)
{
    uint8_t next;
    return asked->root_kind != 0 && life_move(asked->root_kind, asked->state, (unsigned)header->kind,
                                              (unsigned)header->outcome, true, &next) == LIFE_MOVED;
}

// Contests of a message, and what was decided about any.
#define CONTESTS 16u
struct contests {
    size_t n, n_decided;
    struct {
        char key[STORE_ID];
        uint8_t digest[LOG_HASH_SIZE];
    } list[CONTESTS];
    uint8_t decided[MOVES][LOG_HASH_SIZE];
};

static void contests_take(struct contests *contests, bool replies, const char *key, const Amana__V1__Header *header,
                          const Amana__V1__Kept *kept)
{
    if (replies && header->kind == KIND(CONTEST) && contests->n < CONTESTS &&
        log_sha256(codec_bytes(kept->message->header), contests->list[contests->n].digest) == AM_OK)
        strlcpy(contests->list[contests->n++].key, key, STORE_ID);
    if (header->kind == KIND(DECISION) && header->in_reply_to != NULL && contests->n_decided < MOVES &&
        header->in_reply_to->header_digest.len == LOG_HASH_SIZE)
        memcpy(contests->decided[contests->n_decided++], header->in_reply_to->header_digest.data, LOG_HASH_SIZE);
}

static void contests_open(const struct contests *contests, char ret_key[STORE_ID])
{
    for (size_t i = 0; i < contests->n; i++) {
        bool decided = false;
        for (size_t j = 0; j < contests->n_decided; j++)
            decided |= memcmp(contests->decided[j], contests->list[i].digest, LOG_HASH_SIZE) == 0;
        if (!decided)
            strlcpy(ret_key, contests->list[i].key, STORE_ID);
    }
}

struct walk {
    struct session *session;
    struct arena arena;
    struct asked asked;
    struct answers answers;
    struct moves moves;
    struct contests contests;
};

// What comes is walked in the order of the log, and what isn't there yet after it.
static bool names(const Amana__V1__Header *header, const struct asked *asked)
{
    bool named = header_points_at(header->in_reply_to, asked->digest);
    for (size_t i = 0; i < header->n_references; i++)
        named |= header_points_at(header->references[i], asked->digest);
    return named;
}

static void take_hold(const Amana__V1__Header *header, const struct asked *asked, uint64_t now, struct answers *answers)
{
    uint64_t until = header_time_or_0(header->valid_until);
    if (header->kind != KIND(HOLD) || !names(header, asked) || until <= now || until <= answers->held_until)
        return;
    answers->held_until = until;
    strlcpy(answers->held_by, header->id, STORE_ID);
}

// Within this unit: assigned to an officer, or handed over.
static void take_shift(const char *key, const Amana__V1__Header *header, const char *own, const struct asked *asked,
                       struct answers *answers)
{
    if (header->kind == KIND(NOTE) && strcmp(header->sender->unit, own) == 0 && header->review_at == NULL &&
        header_recipient(header, own) != NULL && names(header, asked))
        strlcpy(answers->shift, key, STORE_ID);
}

static void take_review(const Amana__V1__Header *header, struct asked *asked, struct answers *answers)
{
    if (!asked->own || strcmp(header->sender->unit, asked->sender) != 0 || !keeps(header) ||
        !header_points_at(header->references[0], asked->digest))
        return;
    asked->review_at = header_time_or_0(header->review_at);
    strlcpy(answers->kept_by, header->officer, sizeof answers->kept_by);
}

// Its originator; or, where it was not released, a supervisor of the same agency (rule 5).
static bool may_end(const Amana__V1__Header *header, const struct asked *asked)
{
    return strcmp(header->sender->unit, asked->sender) == 0 ||
           ((unsigned)header->outcome == OUTCOME(SENT_IN_ERROR) &&
            address_same_agency(header->sender->unit, asked->sender));
}

// What each recipient has done, as far as its messages came here.
static void take_done(const struct asked *asked, const Amana__V1__Header *header, const Amana__V1__Kept *kept,
                      struct answers *answers)
{
    bool answer = header->kind != KIND(ACK) && header->kind != KIND(PROGRESS);
    told_take(&answers->told, asked->header, header);
    for (size_t i = 0; i < asked->header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        if (kept->entry == NULL || strcmp(asked->header->recipients[i]->unit, header->sender->unit) != 0 ||
            !acknowledges(asked, header) || !taken_moved(kept, header->sender->unit))
            continue;
        if (answers->acked[i] == 0)
            answers->acked[i] = kept->entry->time;
        if (answer && answers->answered[i] == 0)
            answers->answered[i] = kept->entry->time;
    }
}

// A CONFIRM of what is ended moves the life that the CANCEL or WITHDRAW began itself.
static void take_lives(const struct asked *asked, const Amana__V1__Header *header, const Amana__V1__Kept *kept,
                       struct answers *answers)
{
    unsigned kind = (unsigned)asked->header->kind;
    bool sender = strcmp(header->sender->unit, asked->sender) == 0;
    bool own = life_first(kind) == LIFE(UNSPECIFIED) && life_is_own(kind, (unsigned)header->kind);
    for (size_t i = 0; i < asked->header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        struct answers_life *life = own ? &answers->confirms[i] : &answers->lives[i];
        const char *unit = asked->header->recipients[i]->unit;
        if (life->state == 0 || !taken_to(kept, unit, &life->state))
            continue;
        life->at = kept->entry->time;
        life->by_sender = sender ? kept->entry->time : life->by_sender;
        life->stood |= life_clock_stands(life->state);
        strlcpy(life->officer, strcmp(header->sender->unit, unit) == 0 ? header->officer : "", sizeof life->officer);
    }
}

static void lives_begin(const struct asked *asked, struct answers *answers)
{
    const Amana__V1__Header *header = asked->header;
    bool confirm = kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome);
    for (size_t i = 0; i < header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        if (header->recipients[i]->part == AMANA__V1__PART__CODE__ACTION)
            answers->lives[i].state = asked->state;
        if (confirm)
            answers->confirms[i].state = LIFE_CONFIRM_FIRST;
    }
}

// What went to its own unit alone could be sent to none of the others any more.
static void take_withdraw(const struct asked *asked, const char *key, const Amana__V1__Header *header,
                          struct answers *answers)
{
    bool all = true, alone = header_recipient(header, header->sender->unit) != NULL;
    if (header->kind != KIND(WITHDRAW) || strcmp(header->sender->unit, asked->sender) != 0)
        return;
    for (size_t i = 0; i < asked->header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        const Amana__V1__Recipient *recipient = asked->header->recipients[i];
        answers->withdrawn_from[i] |= alone || header_recipient(header, recipient->unit) != NULL;
        all &=
            answers->withdrawn_from[i] || recipient->part != AMANA__V1__PART__CODE__ACTION ||
            life_waits(asked->root_kind, answers->lives[i].state) == LIFE_WAIT_NONE; // it went to none who has answered
    }
    if (all)
        strlcpy(answers->withdrawn, key, STORE_ID);
}

// The last ones, where there is room for no more.
static void corrected_by(struct answers *answers, const char *key)
{
    size_t at = answers->n_corrections++;
    if (at >= ANSWERS_CORRECTIONS) {
        at = ANSWERS_CORRECTIONS - 1;
        memmove(answers->corrections[0], answers->corrections[1], at * sizeof answers->corrections[0]);
    }
    strlcpy(answers->corrections[at], key, STORE_ID);
}

static void ended_by(struct asked *asked, struct answers *answers, const char *key, const Amana__V1__Kept *kept)
{
    strlcpy(answers->cancel, key, STORE_ID);
    (void)!log_sha256(codec_bytes(kept->message->header), asked->cancel);
}

static void take(struct walk *walk, const char *key, const Amana__V1__Header *header, const Amana__V1__Kept *kept)
{
    struct asked *asked = &walk->asked;
    struct answers *answers = &walk->answers;
    bool replies = header_points_at(header->in_reply_to, asked->digest);
    const char *own = walk->session->settings.value[SETTING_UNIT];
    bool ours = strcmp(header->sender->unit, own) == 0;
    contests_take(&walk->contests, replies || header_points_at(header->in_reply_to, asked->root), key, header, kept);
    take_hold(header, asked, session_now(walk->session), answers);
    if (replies && header->kind == KIND(CORRECTION) && kept->entry != NULL)
        corrected_by(answers, key);
    if (replies) {
        take_done(asked, header, kept, answers);
        take_withdraw(asked, key, header, answers);
    }
    // What ends it has its own CONFIRM.
    bool ended = answers->cancel[0] != '\0' && header_points_at(header->in_reply_to, asked->cancel);
    if (replies || (ended && header->kind != KIND(CONFIRM)))
        take_lives(asked, header, kept, answers);
    take_review(header, asked, answers);
    take_shift(key, header, own, asked, answers);
    if (replies && (ours || strcmp(header->sender->unit, asked->sender) == 0) && taken_moved(kept, own))
        moves_add(&walk->moves, header, kept);
    if (replies && ours && acknowledges(asked, header) && taken_moved(kept, own)) {
        answers->acknowledged = true;
        strlcpy(answers->officer, header->officer, sizeof answers->officer);
        answers->ack_ns = kept->entry != NULL ? kept->entry->time : header_time_or_0(header->written_at);
    }
    if (replies && ours && header->kind == KIND(CONFIRM))
        answers->confirmed = codec_enum_name(&amana__v1__outcome__code__descriptor, (int)header->outcome);
    bool renews = chain_of(header) == CHAIN_RENEWS && strcmp(header->sender->unit, asked->sender) == 0;
    if (replies && renews)
        strlcpy(answers->newest, key, STORE_ID);
    if (chain_of(header) == CHAIN_ENDS && header_points_at(header->in_reply_to, asked->root) && may_end(header, asked))
        ended_by(asked, answers, key, kept);
    // An UPDATE that is itself asked about: a newer one supersedes it.
    if (renews && header_points_at(header->supersedes, asked->digest))
        strlcpy(answers->newest, key, STORE_ID);
}

// `seq`: the row's place in the log; 0: it has none yet. What waited for its second person has another since it was
// sent.
static enum am_err take_kept(struct walk *walk, enum store_box box, const char *id, uint64_t seq)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_ANSWERS);
    TRY(store_get(walk->session->store, box, id, &arena, &kept));
    if (seq != 0 && (kept->entry == NULL || kept->entry->index != seq))
        return AM_OK;
    if (!outbox_was_refused(kept) && seal_header(kept->message, &arena, NULL, &header) == AM_OK &&
        second_sent(kept, header))
        take(walk, id, header, kept);
    return AM_OK;
}

static enum am_err walk_log(struct walk *walk)
{
    char id[STORE_ID];
    enum store_box box;
    enum am_err err = AM_NOT_FOUND;
    for (uint64_t seq = walk->asked.next; seq != UINT64_MAX; seq++) {
        err = store_next_of_case(walk->session->store, walk->asked.case_ref, &seq, &box, id);
        if (err != AM_OK)
            break;
        TRY(take_kept(walk, box, id, seq));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// What was contested of an alert before a version of it came is contested of that too.
static enum am_err walk_before(struct walk *walk)
{
    char id[STORE_ID];
    enum store_box box;
    enum am_err err = AM_OK;
    for (uint64_t seq = walk->asked.begun; err == AM_OK && seq + 1 < walk->asked.next; seq++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        Amana__V1__Header *header;
        arena_init(&arena, ARENA_ANSWERS);
        err = store_next_of_case(walk->session->store, walk->asked.case_ref, &seq, &box, id);
        if (err != AM_OK || seq + 1 >= walk->asked.next)
            break;
        TRY(store_get(walk->session->store, box, id, &arena, &kept));
        if (kept->entry != NULL && kept->entry->index == seq &&
            seal_header(kept->message, &arena, NULL, &header) == AM_OK && second_sent(kept, header))
            contests_take(&walk->contests, header_points_at(header->in_reply_to, walk->asked.root), id, header, kept);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err walk_outbox(struct walk *walk)
{
    char at[STORE_ID] = "", id[STORE_ID];
    enum am_err err;
    while ((err = store_next(walk->session->store, STORE_OUTBOX, at, id)) == AM_OK) {
        strlcpy(at, id, sizeof at);
        TRY(take_kept(walk, STORE_OUTBOX, id, 0));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static void free_walk(struct walk **walk)
{
    if (*walk != NULL)
        arena_clear(&(*walk)->arena);
    free(*walk);
}

enum am_err answers_find(struct session *session, const char *id, struct answers *ret_answers)
{
    struct walk *walk AM_CLEANUP(free_walk) = calloc(1, sizeof *walk);
    if (walk == NULL)
        return AM_NOMEM;
    walk->session = session;
    arena_init(&walk->arena, ARENA_ANSWERS);
    TRY(find_asked(session, id, &walk->arena, &walk->asked));
    lives_begin(&walk->asked, &walk->answers);
    strlcpy(walk->answers.newest, id, STORE_ID);
    store_short(session->store, id, walk->answers.shown);
    if (chain_of(walk->asked.header) == CHAIN_RENEWS)
        TRY(walk_before(walk));
    TRY(walk_log(walk));
    TRY(walk_outbox(walk));
    contests_open(&walk->contests, walk->answers.contest);
    walk->answers.replaced = strcmp(walk->answers.newest, id) != 0;
    // Of what was replaced the newer version says until when.
    uint64_t until = walk->answers.replaced ? 0 : kind_in_force(walk->asked.header);
    walk->answers.now = session_now(session);
    walk->answers.ack_due = walk->asked.ack_due;
    walk->answers.expired = until != 0 && until <= session_now(session) ? until : 0;
    walk->answers.confirm = walk->asked.confirm;
    walk->answers.erased = walk->asked.erased;
    walk->answers.review_at = walk->asked.erased ? 0 : walk->asked.review_at;
    walk->answers.review = walk->answers.review_at != 0 && walk->answers.review_at <= session_now(walk->session);
    const struct kind *root = kind_get(walk->asked.root_kind);
    if (root != NULL && root->chain == CHAIN_NONE && walk->asked.asks) {
        walk->answers.root = walk->asked.root_kind;
        walk->answers.life = life_after(&walk->moves, walk->answers.root);
    }
    *ret_answers = walk->answers;
    return AM_OK;
}
