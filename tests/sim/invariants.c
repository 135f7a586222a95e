// SPDX-License-Identifier: Apache-2.0
// What must hold whatever happens.
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fail(const struct sim *sim, const char *what, const char *file, int line)
{
    fprintf(stderr, "\nseed %" PRIu64 ", step %" PRIu64 ": does not hold: %s (%s:%d)\n", sim->seed, sim->step, what,
            file, line);
    abort();
}

// --- Lives: only by the table, from the state that was there
static bool table_has(uint8_t state, uint8_t kind, uint8_t next)
{
    size_t n;
    const struct life_row *rows = life_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].root == KIND(ALERT) && rows[i].state == state && rows[i].kind == kind && rows[i].next == next)
            return true;
    return false;
}

// By the clock: it is told that something has passed, or the alert has expired.
static void check_life_of_clock(struct sim *sim, const struct journal_append *append, const struct journal_life *life)
{
    const struct journal_life *before = model_life(&sim->world.model, life->root, life->recipient);
    const struct model_message *root = model_message_at(&sim->world.model, life->root);
    SIM_CHECK(sim, before != NULL, "the clock begins no life");
    if (life->state == before->state) {
        SIM_CHECK(sim, life->flags != before->flags && (life->flags & before->flags) == before->flags,
                  "what has passed is told once, and stays so");
        return;
    }
    SIM_CHECK(sim, life->state == LIFE(EXPIRED) && life->flags == before->flags, "the clock moves to EXPIRED alone");
    SIM_CHECK(sim, life_state_at(KIND(ALERT), before->state, root->chain.valid_until, append->time_ns) == LIFE(EXPIRED),
              "no alert expires before its time");
}

static void check_life(struct sim *sim, const struct journal_append *append, const struct journal_life *life)
{
    struct model *model = &sim->world.model;
    const struct journal_message *message = append->message;
    const struct journal_life *before =
        life->root == JOURNAL_SELF ? NULL : model_life(model, life->root, life->recipient);
    if (message == NULL) {
        check_life_of_clock(sim, append, life);
        return;
    }
    if (before == NULL) {
        SIM_CHECK(sim, life->state == LIFE(NEW), "a life begins as NEW");
        SIM_CHECK(sim, message->kind == KIND(ALERT) || message->kind == KIND(UPDATE), "begun by ALERT or UPDATE");
        return;
    }
    const struct model_message *root = model_message_at(model, life->root);
    sim->moved++;
    SIM_CHECK(sim, table_has(before->state, message->kind, life->state), "a life moves by the table");
    // The sim's CANCELs ask for no CONFIRM.
    SIM_CHECK(sim, life_state_at(KIND(ALERT), before->state, root->chain.valid_until, append->time_ns) != LIFE(EXPIRED),
              "an expired life stays where it is");
    if (message->kind != KIND(ACK)) {
        SIM_CHECK(sim, strcmp(message->originator, root->originator) == 0, "UPDATE and CANCEL are the originator's");
        return;
    }
    SIM_CHECK(sim, strcmp(message->originator, life->recipient) == 0, "an ACK moves its sender's life alone");
    const struct letter *letter = NULL;
    for (size_t i = 0; i < sim->n_messages && letter == NULL; i++)
        if (strcmp(sim->messages[i].letter->header.id, message->id) == 0)
            letter = sim->messages[i].letter;
    const struct model_message *answered = model_find(model, NULL, letter->in_reply_to.id);
    SIM_CHECK(sim, answered->seq == before->clock_seq, "an ACK moves a life only if it saw the newest version");
}

// --- Mail: to whom it is addressed, to all of them
static bool device_is_of(const char *device, const char *unit)
{
    size_t len = strlen(unit);
    return strncmp(device, "amana://", 8) == 0 && strncmp(device + 8, unit, len) == 0 && device[8 + len] == '/';
}

// The message that the entry of a notice is about.
static uint64_t notice_of(const struct journal_append *append, uint64_t seq)
{
    uint64_t nth = seq == JOURNAL_SELF ? 0 : JOURNAL_NTH(0) - seq;
    return append->entries[nth].of;
}

static void check_mail(struct sim *sim, const struct journal_append *append)
{
    const struct journal_message *message = append->message;
    for (size_t i = 0; i < append->n_mail; i++) {
        const struct journal_mail *row = &append->mail[i];
        bool addressed = false;
        for (size_t j = 0; message != NULL && j < message->n_recipients; j++)
            addressed |= device_is_of(row->device, message->recipients[j].unit);
        if (row->kind == JOURNAL_MAIL_MESSAGE)
            SIM_CHECK(sim, addressed, "nobody gets mail that is not addressed to them");
        if (row->kind == JOURNAL_MAIL_COPY)
            SIM_CHECK(sim, device_is_of(row->device, message->originator), "copies are the sender's");
        if (row->kind == JOURNAL_MAIL_NOTICE) {
            const struct model_message *about = model_message_at(&sim->world.model, notice_of(append, row->seq));
            bool party = device_is_of(row->device, about->originator);
            for (size_t j = 0; j < about->n_recipients; j++)
                party |= device_is_of(row->device, about->recipients[j].unit);
            SIM_CHECK(sim, party, "notices are for those who have the message");
        }
        for (size_t j = 0; j < i; j++)
            SIM_CHECK(sim, append->mail[j].seq != row->seq || strcmp(append->mail[j].device, row->device) != 0,
                      "one row a device and entry");
    }
    for (size_t j = 0; message != NULL && j < message->n_recipients; j++) {
        bool reached = false;
        for (size_t i = 0; i < append->n_mail; i++)
            reached |= device_is_of(append->mail[i].device, message->recipients[j].unit);
        SIM_CHECK(sim, reached, "every recipient gets its mail");
    }
}

// An append that will conflict may say anything: only what will be written is looked at.
static bool lives_are_current(struct sim *sim, const struct journal_append *append)
{
    for (size_t i = 0; i < append->n_lives; i++) {
        const struct journal_life *life = &append->lives[i], *there = NULL;
        if (life->root != JOURNAL_SELF)
            there = model_life(&sim->world.model, life->root, life->recipient);
        if (life->version != (there != NULL ? there->version : 0))
            return false;
    }
    return true;
}

struct journal_outcome sim_commit(struct sim *sim, const struct journal_append *append)
{
    struct model *model = &sim->world.model;
    bool current = lives_are_current(sim, append);
    struct model_message *root = append->n_lives > 0 ? model_message_at(model, append->lives[0].root) : NULL;
    struct journal_chain chain = root != NULL ? root->chain : (struct journal_chain){0};
    unsigned moved = sim->moved;
    for (size_t i = 0; i < append->n_lives && current; i++)
        check_life(sim, append, &append->lives[i]);
    struct journal_outcome outcome = model_commit(model, append);
    if (outcome.result != JOURNAL_DONE) {
        sim->moved = moved;
        sim->conflicts += outcome.result == JOURNAL_CONFLICT;
        return outcome;
    }
    SIM_CHECK(sim, current, "two answers in flight never both move one life");
    SIM_CHECK(sim, root == NULL || append->message == NULL || append->message->kind == KIND(ACK) || root->chain.version == chain.version + 1,
              "versions follow one another");
    check_mail(sim, append);
    if (append->message != NULL)
        sim->crossed += model->entries[outcome.seq].content->submitted->crossed;
    return outcome;
}

// --- What senders are told
static void check_accepted(struct sim *sim, struct sim_message *message, const struct letter *letter)
{
    const struct model_message *stored = model_find(&sim->world.model, letter->header.device, letter->header.id);
    SIM_CHECK(sim, stored != NULL, "no receipt before the entry is durable");
    SIM_CHECK(sim, memcmp(stored->digest, letter->submission.header_digest, 32) == 0, "of these very bytes");
    SIM_CHECK(sim, letter->receipt.len > 0, "a receipt");
    if (message->accepted) {
        SIM_CHECK(sim,
                  letter->receipt.len == message->receipt.len &&
                      memcmp(letter->receipt.data, message->receipt.data, letter->receipt.len) == 0,
                  "a retry gets the original receipt");
        return;
    }
    message->accepted = true;
    message->receipt = letter->receipt;
    message->seq = stored->seq;
    sim->accepted++;
    // What others point to is the bytes that were taken.
    memcpy(message->letter->submission.header_digest, stored->digest, 32);
}

void sim_on_reply(struct world *world, struct hub_work *work, const struct journal_outcome *outcome)
{
    struct sim *sim = world->user;
    if (work->kind == HUB_WORK_RETRIEVAL) {
        sim->n_retrievals--;
        return;
    }
    struct letter *letter = (struct letter *)work;
    struct sim_message *message = letter->user;
    SIM_CHECK(sim, letter->replies == 1, "one answer a call");
    if (message == NULL) {
        SIM_CHECK(sim, work->reason != REASON_NONE, "another's id is not taken again");
        return;
    }
    message->under_way--;
    if (work->reason == REASON_NONE)
        check_accepted(sim, message, letter);
    else
        sim->refused++;
    SIM_CHECK(sim, work->reason == REASON_NONE || !message->accepted || reason_retry(work->reason),
              "what was accepted is not refused later");
}

// --- The whole journal
static void check_entry(struct sim *sim, uint64_t seq)
{
    const struct model_entry *entry = &sim->world.model.entries[seq];
    SIM_CHECK(sim, seq == 0 || entry->time_ns >= sim->world.model.entries[seq - 1].time_ns, "times never decrease");
    SIM_CHECK(sim, (entry->class == JOURNAL_CLASS_MESSAGE) == (entry->erase_after != 0), "class and erase_after agree");
    SIM_CHECK(sim, entry->kind == (uint8_t)entry->content->kind_case, "the index says what the entry is");
    if (entry->kind != AMANA__V1__ENTRY_KIND__CODE__SUBMITTED)
        return;
    SIM_CHECK(sim, entry->message != NULL, "SUBMITTED has its message");
    SIM_CHECK(sim, !entry->content->submitted->crossed || entry->content->submitted->n_moves == 0,
              "what crossed moved nothing");
}

static void check_root(struct sim *sim, const struct model_message *root)
{
    for (size_t i = 0; i < root->n_lives; i++) {
        const struct journal_life *life = &root->lives[i];
        SIM_CHECK(sim, life->clock_seq == root->chain.clock, "every life has the clock of the newest message");
        SIM_CHECK(sim, root->chain.cancelled == (life->state == LIFE(STOPPING) || life->state == LIFE(STOPPED)),
                  "a cancelled alert is being stopped, no other is");
    }
}

// Of each message a row stands where its next clock runs out, or before.
static void check_deadline(struct sim *sim, uint64_t seq)
{
    struct model *model = &sim->world.model;
    struct hub_due due = {.there = false};
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < model->n_deadlines; i++) {
        if (model->deadlines[i].subject != seq || model->deadlines[i].at >= first)
            continue;
        first = model->deadlines[i].at;
        due.deadline = model->deadlines[i];
    }
    SIM_CHECK(sim, first != UINT64_MAX, "every message has a deadline until it goes");
    model_read_due(model, &due);
    uint64_t next = clock_next(&due.clocks);
    SIM_CHECK(sim, first <= (next != 0 ? next : due.clocks.retain_until), "no deadline is left out");
}

void sim_check_all(struct sim *sim)
{
    struct model *model = &sim->world.model;
    for (uint64_t seq = 0; seq < model->n; seq++) {
        check_entry(sim, seq);
        if (model->entries[seq].message != NULL)
            check_deadline(sim, seq);
        if (model->entries[seq].message != NULL && model->entries[seq].message->has_chain)
            check_root(sim, model->entries[seq].message);
    }
    for (size_t i = 0; i < sim->n_messages; i++) {
        const struct sim_message *message = &sim->messages[i];
        unsigned found = 0;
        for (uint64_t seq = 0; seq < model->n; seq++) {
            const struct model_message *stored = model->entries[seq].message;
            found += stored != NULL && strcmp(stored->id, message->letter->header.id) == 0;
        }
        SIM_CHECK(sim, found == (message->accepted ? 1 : 0),
                  "each accepted message is there exactly once, no other is");
    }
    SIM_CHECK(sim, model->entries[model->n - 1].kind == AMANA__V1__ENTRY_KIND__CODE__STOP, "STOP is the last entry");
}
