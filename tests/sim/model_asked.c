// SPDX-License-Identifier: Apache-2.0
// What a worker finds of lives that are others to their originator (rule 4), in the journal in memory.
#include "tests/sim/model_rows.h"

#include "proto/model/harm.h"
#include "proto/model/header.h"
#include "proto/model/life_asked.h"

#include <string.h>

static const Amana__V1__Move *move_of(const struct model_message *root, const char *recipient,
                                      Amana__V1__Move *const *moves, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(moves[i]->recipient, recipient) == 0 && header_points_at(moves[i]->root, root->digest))
            return moves[i];
    return NULL;
}

static void message_take(struct model *model, const struct model_entry *entry, const struct model_message *root,
                         const char *recipient, struct life_asked *known)
{
    const Amana__V1__SubmittedEntry *said = entry->content->submitted;
    const struct journal_shield shield = model_shield_of(model, root->case_ref);
    struct model_message *message = entry->message;
    const Amana__V1__Move *move = move_of(root, recipient, said->moves, said->n_moves);
    if (move == NULL)
        return;
    const struct life_asked_move moved = {.root_kind = root->kind,
                                          .kind = message->kind,
                                          .outcome = (unsigned)message->decoded->outcome,
                                          .seq = message->seq,
                                          .at = entry->time_ns,
                                          .from = (uint8_t)move->from,
                                          .to = (uint8_t)move->to,
                                          .told = !model_withheld(model, &shield, root->originator, message),
                                          .answers = strcmp(message->originator, recipient) == 0,
                                          .anew = kind_get(message->kind)->chain != CHAIN_NONE};
    life_asked_moved(known, &moved);
}

static void told_take(const struct model_entry *entry, const struct model_message *root, const char *recipient,
                      struct life_asked *known)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    const Amana__V1__StateEntry *state = entry->content->state;
    bool told = model_told(entry, root->originator);
    if (entry->content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE && told && deadline->met_by == NULL &&
        strcmp(deadline->recipient, recipient) == 0)
        known->passed |= life_passed_said(deadline);
    if (entry->content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_STATE)
        return;
    const Amana__V1__Move *move = move_of(root, recipient, state->moves, state->n_moves);
    if (move != NULL)
        life_asked_ended(known, (uint8_t)move->to, entry->time_ns, told);
}

static struct life_asked known_of(struct model *model, const struct model_message *root, const char *recipient)
{
    struct life_asked known;
    life_asked_begin(&known, life_begun(root->kind), model->entries[root->seq].time_ns);
    for (uint64_t seq = root->seq; seq < model->n; seq++) {
        const struct model_entry *entry = &model->entries[seq];
        const struct model_message *about = entry->message == NULL ? model_message_at(model, entry->of) : NULL;
        if (!model_entry_in_case(entry, root->case_ref))
            continue;
        if (entry->message != NULL && !entry->message->parked)
            message_take(model, entry, root, recipient, &known);
        else if (about != NULL && (about->root == root->seq || about->seq == root->seq))
            told_take(entry, root, recipient, &known);
    }
    return known;
}

bool model_life_asked(struct model *model, const struct model_message *root, struct journal_life *life)
{
    const struct journal_shield shield = model_shield_of(model, root->case_ref);
    if (harm_state(&shield, root->originator) == NULL)
        return false;
    struct life_asked known = known_of(model, root, life->recipient);
    struct journal_life kept = *life;
    uint64_t until = root->kind == KIND(REQUEST)
                         ? kind_due(root->kind, root->urgency, 0, header_time_or_0(root->decoded->answer_by),
                                    model->entries[root->seq].time_ns)
                               .answer
                         : 0;
    if (!known.apart)
        return false;
    life_asked_fill(&known, until, life);
    if (life_asked_differs(life, &kept))
        return true;
    *life = kept;
    return false;
}

void model_check_asked(struct model *model, struct hub_submission *submission, const struct model_message *root)
{
    struct journal_life *lives = model_take(model, LIMIT_RECIPIENTS, sizeof *lives);
    bool any = false;
    submission->as_known = NULL;
    for (size_t i = 0; i < submission->n_lives; i++) {
        struct journal_life life = submission->lives[i];
        bool apart = submission->apart && submission->has_life[i] && strcmp(life.recipient, submission->sender) == 0;
        lives[i].recipient = NULL;
        if (!submission->has_life[i] || apart || !model_life_asked(model, root, &life))
            continue;
        lives[i] = life;
        any = true;
    }
    if (!any)
        return;
    submission->as_known = lives;
    submission->case_seen = model->n - 1;
}

void model_read_asked(struct model *model, struct hub_due *due)
{
    for (size_t i = 0; i < due->clocks.n * CLOCK_KEPT; i++) {
        struct clock_party *party = &due->clocks.parties[i / CLOCK_KEPT];
        struct clock_life *at = &party->lives[i % CLOCK_KEPT], known = *at;
        const struct model_message *root =
            model_message_at(model, i % CLOCK_KEPT == 0 ? due->about.root : due->about.seq);
        if (!at->there || at->apart || !model_life_asked(model, root, &known.life))
            continue;
        known.asked = true;
        known.changes = false;
        at->untold = true;
        party->lives[CLOCK_KEPT + i % CLOCK_KEPT] = known;
    }
}
