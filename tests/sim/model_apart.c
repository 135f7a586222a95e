// SPDX-License-Identifier: Apache-2.0
// What a worker finds of lives that go on apart (rule 4), in the journal in memory.
#include "tests/sim/model_rows.h"

#include "proto/model/harm.h"
#include "proto/model/header.h"

#include <string.h>

bool model_withheld(struct model *model, const struct journal_shield *shield, const char *unit,
                    struct model_message *message)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    const struct journal_delivery *delivery = model_delivery_at(message, unit);
    (void)model;
    address_country(unit, country);
    return (delivery == NULL || delivery->retrieved_at == 0) && harm_withholds(shield, country, message->decoded);
}

uint64_t model_retrieved_at(struct model *model, uint64_t seq, const char *unit)
{
    const struct journal_delivery *delivery = model_delivery_at(model_message_at(model, seq), unit);
    return delivery != NULL ? delivery->retrieved_at : 0;
}

bool model_retrieved(struct model *model, uint64_t seq, const char *unit)
{
    return model_retrieved_at(model, seq, unit) != 0;
}

static const Amana__V1__Move *own_move(const struct model_message *root, const char *unit,
                                       Amana__V1__Move *const *moves, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(moves[i]->recipient, unit) == 0 && header_points_at(moves[i]->root, root->digest))
            return moves[i];
    return NULL;
}

static void message_take(struct model *model, const struct model_entry *entry, const struct model_message *root,
                         const char *unit, struct life_known *known)
{
    const Amana__V1__SubmittedEntry *said = entry->content->submitted;
    const struct journal_shield shield = model_shield_of(model, root->case_ref);
    struct model_message *message = entry->message;
    bool own = strcmp(message->originator, unit) == 0;
    bool version =
        message->root == root->seq && (message->seq == root->seq || kind_get(message->kind)->chain != CHAIN_NONE);
    bool withheld = !own && model_withheld(model, &shield, unit, message);
    const Amana__V1__Move *move = own_move(root, unit, said->moves, said->n_moves);
    if (!own && model_delivery_at(message, unit) == NULL)
        return; // it was left out
    if (version && !withheld)
        life_known_version(known, message->seq);
    else if (move != NULL && withheld)
        life_known_withheld(known, message->seq, (uint8_t)move->from, (uint8_t)move->to, entry->time_ns);
    else if (move != NULL && own)
        life_known_answered(known, message->kind, (uint8_t)move->to, entry->time_ns);
    else if (move != NULL)
        life_known_moved(known, (uint8_t)move->to, entry->time_ns);
}

static void state_take(struct model *model, const struct model_entry *entry, const struct model_message *root,
                       const char *unit, struct life_known *known)
{
    const Amana__V1__StateEntry *state = entry->content->state;
    const Amana__V1__Move *move = own_move(root, unit, state->moves, state->n_moves);
    struct model_message *about = model_message_at(model, entry->of);
    const struct journal_shield shield = model_shield_of(model, root->case_ref);
    uint8_t going;
    if (move == NULL || about == NULL)
        return;
    uint8_t from = (uint8_t)move->from, to = (uint8_t)move->to;
    bool withheld = model_withheld(model, &shield, unit, about);
    if (!life_sets_going(root->kind, about->kind, &going)) {
        if (about->seq == known->version)
            life_known_moved(known, to, entry->time_ns);
    } else if (life_clock_stands(to)) {
        life_known_halted(known, about->seq, to, withheld);
    } else {
        life_known_set_going(known, about->seq, from, to, entry->time_ns, withheld);
    }
}

static void told_take(struct model *model, const struct model_entry *entry, const struct model_message *root,
                      const char *unit, struct life_known *known)
{
    const Amana__V1__DeadlineEntry *deadline = entry->content->deadline;
    const struct model_message *version = model_message_at(model, known->version);
    if (version == NULL)
        return;
    if (entry->content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE && deadline->met_by == NULL &&
        strcmp(deadline->recipient, unit) == 0 && header_points_at(deadline->message, version->digest))
        life_known_passed(known, life_passed_said(deadline));
    if (entry->content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_STATE)
        state_take(model, entry, root, unit, known);
}

struct life_known model_known(struct model *model, const struct model_message *root, const char *unit)
{
    struct life_known known;
    life_known_version(&known, JOURNAL_NONE);
    for (uint64_t seq = root->seq; seq < model->n; seq++) {
        const struct model_entry *entry = &model->entries[seq];
        const struct model_message *message = entry->message;
        if (!model_entry_in_case(entry, root->case_ref))
            continue;
        if (message == NULL)
            told_take(model, entry, root, unit, &known);
        else if (!message->parked && (message->root == root->seq || strcmp(message->originator, unit) == 0))
            message_take(model, entry, root, unit, &known);
    }
    return known;
}

static bool is_listed(struct model *model, const char *case_ref, const char *unit)
{
    const struct journal_shield shield = model_shield_of(model, case_ref);
    return harm_state(&shield, unit) != NULL;
}

bool model_life_apart(struct model *model, const struct model_message *root, const char *unit,
                      struct life_known *ret_known, struct journal_life *life)
{
    bool going = life_set_going(root->kind, KIND(CLARIFICATION), life);
    if (!is_listed(model, root->case_ref, unit) || (!root->has_chain && !going && !life_ended_for_it(life->state)))
        return false;
    *ret_known = model_known(model, root, unit);
    struct model_message *version = model_message_at(model, ret_known->version);
    if (!ret_known->apart || version == NULL || (going && !life_known_stands(ret_known, life->state)))
        return false;
    struct kind_due due =
        kind_due(version->kind, version->urgency, 0, 0, model_delivery_at(version, unit)->delivered_at);
    life->recipient = unit;
    life_known_fill(ret_known, root->has_chain ? &due : NULL, life);
    return true;
}

// --- Of a deadline
static void party_read_apart(struct model *model, struct hub_due *due, struct clock_party *party)
{
    const struct model_message *root = model_message_at(model, due->about.root);
    struct clock_life *at = &party->lives[0];
    bool listed = is_listed(model, root->case_ref, party->unit);
    enum life_look look = life_look_for(root->kind, due->about.kind, due->about.seq, listed, party);
    if (look == LIFE_LOOK_NOT)
        return;
    struct life_known known = model_known(model, root, party->unit);
    struct journal_life life = at->life;
    if (look == LIFE_LOOK_APART && known.version == due->about.seq &&
        model_life_apart(model, root, party->unit, &known, &life)) {
        at->life = life;
        at->there = at->apart = true;
    }
    if (look == LIFE_LOOK_STANDS && life_known_stands(&known, at->life.state)) {
        due->stands = true;
        due->going = known.by;
    }
    (void)life_known_change(&known, look, root->kind, due->about.kind, due->about.seq, at);
}

void model_read_apart(struct model *model, struct hub_due *due)
{
    due->stands = false;
    due->untold = is_listed(model, due->about.header->case_ref, due->about.originator);
    for (size_t i = 0; i < due->clocks.n; i++)
        party_read_apart(model, due, &due->clocks.parties[i]);
    due->case_seen = model->n - 1;
}

void model_read_apart_messages(struct model *model, const char *case_ref, uint64_t place, struct hub_due_case *ret_case)
{
    uint64_t *seqs = model_take(model, LIMIT_CASE_READS, sizeof *seqs);
    size_t reads = 0;
    *ret_case = (struct hub_due_case){.kept = model_shield_of(model, case_ref).n > 0, .apart = seqs, .place = place};
    for (; ret_case->place < model->n && ret_case->kept; ret_case->place++) {
        const struct model_entry *entry = &model->entries[ret_case->place];
        if (!model_entry_in_case(entry, case_ref))
            continue;
        ret_case->more = reads++ == LIMIT_CASE_READS;
        if (ret_case->more)
            return;
        if (entry->message != NULL && !entry->message->parked)
            seqs[ret_case->n_apart++] = ret_case->place;
    }
}
