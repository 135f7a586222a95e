// SPDX-License-Identifier: Apache-2.0
// Requests of the police to the post, which asks back and is answered, perhaps unseen; and what must hold of them.
#include "tests/sim/sim.h"

#include <string.h>

#define ACTION        AMANA__V1__PART__CODE__ACTION
#define OUTCOME_OF(o) AMANA__V1__OUTCOME__CODE__##o

// --- What is done
void sim_request(struct sim *sim)
{
    struct letter *letter = letter_new(&sim->world, POLICE, KIND(REQUEST));
    letter->header.case_ref =
        arena_printf(&sim->world.arena, "ke/dci/2026/%u", 20 + sim_random(sim, 40)); // not alerts'
    letter_to(&sim->world, letter, POST, ACTION);
    if (sim_random(sim, 3) == 0)
        letter_to(&sim->world, letter, LONELY, ACTION);
    sim_send(sim, letter, NULL);
}

static bool is_request(const struct sim_message *message)
{
    return message->sent && message->root == NULL && message->letter->header.kind == KIND(REQUEST);
}

static struct letter *answer(struct sim *sim, const struct sim_message *root, const char *from, unsigned kind,
                             unsigned outcome)
{
    struct letter *letter = world_answer(&sim->world, from, (Amana__V1__Kind__Code)kind, root->letter, root->letter);
    letter->header.outcome = (Amana__V1__Outcome__Code)outcome;
    if (strcmp(from, POLICE) != 0)
        return letter;
    letter->header.n_recipients = 0; // LONELY may stand elsewhere
    letter_to(&sim->world, letter, POST, ACTION);
    return letter;
}

// As it stands with the post, mostly; and now and then whatever that forbids.
void sim_answer_request(struct sim *sim)
{
    static const struct {
        const char *from;
        unsigned kind, outcome;
    } ANSWERS[] = {
        {POLICE, KIND(CLARIFICATION), 0},
        {POST, KIND(PROGRESS), OUTCOME_OF(IN_HAND)},
        {POST, KIND(ACK), 0},
        {POST, KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED)},
        {POST, KIND(PROGRESS), OUTCOME_OF(CLARIFICATION_ASKED)},
        {POST, KIND(RESPONSE), OUTCOME_OF(NO_DATA)},
        {POLICE, KIND(WITHDRAW), OUTCOME_OF(NO_LONGER_NEEDED)},
    };
    struct sim_message *root = NULL;
    for (size_t n = 0; n < sim->n_messages && (root == NULL || sim_random(sim, 4) > 0); n++) // one of the newest
        if (is_request(&sim->messages[sim->n_messages - 1 - n]))
            root = &sim->messages[sim->n_messages - 1 - n];
    if (root == NULL)
        return;
    const struct journal_life *life = model_life(&sim->world.model, root->seq, POST);
    bool stands = life_clock_stands(life->state), few = sim_random(sim, 10) == 0;
    size_t i = stands && sim_random(sim, 10) < 9 ? 0 : 1 + sim_random(sim, few ? 6 : 4);
    sim_send(sim, answer(sim, root, ANSWERS[i].from, ANSWERS[i].kind, ANSWERS[i].outcome), root);
}

// The post has it, and not the answer that has set it going again.
bool sim_explained_unseen(struct sim *sim, const struct sim_message *root)
{
    struct model *model = &sim->world.model;
    if (!is_request(root) || !model_retrieved(model, root->seq, POST) ||
        model_life(model, root->seq, POST)->state != LIFE(IN_PROGRESS))
        return false;
    for (size_t i = 0; i < sim->n_messages; i++)
        if (sim->messages[i].root == root && sim->messages[i].sent &&
            sim->messages[i].letter->header.kind == KIND(CLARIFICATION) &&
            !model_retrieved(model, sim->messages[i].seq, POST))
            return true;
    return false;
}

// What set it going unseen has come to the post after all, since it stood still again.
static bool explained_after_all(struct sim *sim, const struct journal_life *life)
{
    for (size_t i = 0; i < sim->n_messages; i++) {
        const struct sim_message *message = &sim->messages[i];
        if (message->sent && message->root != NULL && message->root->seq == life->root &&
            message->letter->header.kind == KIND(CLARIFICATION) &&
            model_retrieved_at(&sim->world.model, message->seq, POST) >= life->state_at)
            return true;
    }
    return false;
}

// --- What must hold
void sim_check_request(struct sim *sim, const struct journal_append *append, const struct journal_life *life)
{
    struct model *model = &sim->world.model;
    const struct journal_life *before =
        life->root == JOURNAL_SELF ? NULL : model_life(model, life->root, life->recipient);
    if (before == NULL) {
        SIM_CHECK(sim, life->state == LIFE(OPEN) && append->message != NULL, "a request begins OPEN");
        return;
    }
    if (append->message != NULL) {
        uint8_t kind = append->message->kind;
        bool own = strcmp(append->message->originator, life->recipient) == 0;
        bool unseen = own && before->state == LIFE(IN_PROGRESS) &&
                      sim_table_has(KIND(REQUEST), LIFE(SUSPENDED), kind, life->state);
        SIM_CHECK(sim, sim_table_has(KIND(REQUEST), before->state, kind, life->state) || unseen,
                  "a request moves by the table");
        return;
    }
    if (life->state == before->state)
        return;
    bool goes_on = before->state == LIFE(SUSPENDED) && life->state == LIFE(IN_PROGRESS);
    SIM_CHECK(sim, (before->state == LIFE(IN_PROGRESS) && life->state == LIFE(SUSPENDED)) || goes_on,
              "what nobody answers stands still again, or stays where it is");
    SIM_CHECK(sim, !goes_on || explained_after_all(sim, before), "it goes on once its answer has come");
    SIM_CHECK(sim, address_in_country(life->recipient, "et"), "of a listed state alone");
    SIM_CHECK(sim, append->n_mail > 0, "somebody is told");
    for (size_t i = 0; i < append->n_mail; i++)
        SIM_CHECK(sim, strstr(append->mail[i].device, POLICE) != NULL, "and its originator alone");
    sim->halted += !goes_on;
}

uint64_t sim_withheld_from(const struct model *model, const struct model_message *root)
{
    for (uint64_t seq = 0; seq < model->n; seq++) {
        const struct model_message *message = model->entries[seq].message;
        if (message != NULL && !message->parked && strcmp(message->case_ref, root->case_ref) == 0 &&
            message->flags != NULL && message->flags->protection == AMANA__V1__PROTECTION__CODE__YES)
            return seq;
    }
    return JOURNAL_NONE;
}

// Something that may have moved it in the post's eyes came to that between two of its answers.
static bool came_between(struct model *model, const struct model_message *root, uint64_t first, uint64_t second)
{
    for (uint64_t seq = root->seq + 1; seq < second; seq++) {
        struct model_message *message = model->entries[seq].message;
        uint64_t retrieved = message != NULL ? model_retrieved_at(model, seq, POST) : 0;
        if (retrieved == 0 || message->root != root->seq || strcmp(message->originator, POLICE) != 0)
            continue;
        if (seq > first || retrieved >= model->entries[first].time_ns)
            return true;
    }
    return false;
}

static bool is_halt(struct model *model, const struct model_entry *entry, const struct model_message *root)
{
    const struct model_message *about =
        entry->kind == AMANA__V1__ENTRY_KIND__CODE__STATE ? model_message_at(model, entry->of) : NULL;
    return about != NULL && about->root == root->seq;
}

// Once it stands still again the post answers from where its last answer left it, and is late with nothing while it
// waits for an answer, whatever was sent before that it never got.
static void check_known(struct sim *sim, struct model_message *root)
{
    struct model *model = &sim->world.model;
    bool halted = false;
    uint8_t at = LIFE(UNSPECIFIED);
    uint64_t last = root->seq;
    for (uint64_t seq = root->seq + 1; seq < model->n; seq++) {
        const struct model_entry *entry = &model->entries[seq];
        const struct model_message *message = entry->message;
        const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
        halted |= is_halt(model, entry, root);
        bool after = halted && !came_between(model, root, last, seq);
        if (entry->kind == AMANA__V1__ENTRY_KIND__CODE__DEADLINE && entry->of == root->seq && after &&
            deadline->met_by == NULL && strcmp(deadline->recipient, POST) == 0)
            SIM_CHECK(sim, at != LIFE(SUSPENDED) || (life_passed_said(deadline) & LIFE_OF_ANSWER) == 0,
                      "nobody is late while it waits for an answer that it never gets");
        if (message == NULL || message->root != root->seq || strcmp(message->originator, POST) != 0 ||
            entry->content->submitted->n_moves == 0)
            continue;
        const Amana__V1__Move *move = entry->content->submitted->moves[0];
        SIM_CHECK(sim, !after || move->from == at, "a listed state's answer is receipted from where it knows it to be");
        at = (uint8_t)move->to;
        last = seq;
    }
}

void sim_check_requests(struct sim *sim)
{
    struct model *model = &sim->world.model;
    for (uint64_t seq = 0; seq < model->n; seq++) {
        struct model_message *root = model->entries[seq].message;
        if (root == NULL || root->kind != KIND(REQUEST))
            continue;
        uint64_t listed = sim_withheld_from(model, root);
        struct life_known known = model_known(model, root, POST);
        const struct journal_life *life = model_life(model, seq, POST);
        if (listed == JOURNAL_NONE || known.version != seq || !model_retrieved(model, seq, POST))
            continue;
        SIM_CHECK(sim, !life_known_stands(&known, life->state), "what stands still to its unit does");
        bool moved = known.state != LIFE(UNSPECIFIED), ended = life_ended_for_it(life->state);
        SIM_CHECK(sim, !moved || ended || known.state == life->state,
                  "a life that has not ended is where its unit knows it to be");
        check_known(sim, root);
    }
}
