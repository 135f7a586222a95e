// SPDX-License-Identifier: Apache-2.0
// The hub under a seed: senders who retry, answer late and answer twice, second persons who release, send back or let
// lapse, workers and a keeper in any order, crashes between commit and answer, a full disk, a clock that steps back.
// After each commit the invariants are looked at.
//   sim [SEED [STEPS]]     one seed; without any, eight fixed ones and two new ones
#include "tests/sim/sim.h"

#include <bsd/stdlib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

uint32_t sim_random(struct sim *sim, uint32_t below)
{
    // xorshift64*: the same on every machine
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return (uint32_t)((sim->random * 2685821657736338717u) >> 33) % below;
}

static bool chance(struct sim *sim, uint32_t percent)
{
    return sim_random(sim, 100) < percent;
}

// --- Messages and their senders
static struct sim_message *message_new(struct sim *sim, struct letter *letter)
{
    SIM_CHECK(sim, sim->n_messages < SIM_MESSAGES, "room for messages");
    struct sim_message *message = &sim->messages[sim->n_messages++];
    *message = (struct sim_message){.letter = letter,
                                    .parks = letter->submission.mode == HUB_SUBMIT_PARK,
                                    .defers = letter->header.release == AMANA__V1__RELEASE__CODE__DEFERRED};
    letter->user = message;
    return message;
}

// The same call once more.
static struct letter *write_again(struct sim *sim, const struct letter *letter)
{
    struct letter *again = letter_again(&sim->world, letter);
    again->submission.mode = letter->submission.mode;
    return again;
}

static void send_letter(struct sim *sim, struct letter *letter)
{
    struct sim_message *message = letter->user;
    if (message->under_way++ == 0)
        message->lapses = sim_lapses(sim, letter->sender.unit, true);
    letter_arrive(&sim->world, letter);
}

void sim_send(struct sim *sim, struct letter *letter, struct sim_message *root)
{
    message_new(sim, letter)->root = root;
    send_letter(sim, letter);
}

// On a person, as rule 5 wants it: it waits for a second person of its unit, or goes before.
static void ask_second(struct sim *sim, struct letter *letter)
{
    Amana__V1__UnitRoster *releasing = arena_alloc(&sim->world.arena, sizeof *releasing);
    bool defers = chance(sim, 50);
    amana__v1__unit_roster__init(releasing);
    releasing->unit = letter->sender.unit;
    releasing->roster = hub_roster_number(sim->world.hub, letter->sender.unit);
    letter->header.subject_kind = AMANA__V1__SUBJECT_KIND__CODE__PERSON;
    letter->header.release = defers ? AMANA__V1__RELEASE__CODE__DEFERRED : AMANA__V1__RELEASE__CODE__REQUIRED;
    letter->header.releasing = releasing;
    letter->submission.mode = defers ? HUB_SUBMIT_SEND : HUB_SUBMIT_PARK;
}

static void act_alert(struct sim *sim)
{
    // Whom they may write to, and now and then whom they may not.
    static const struct {
        const char *from, *to[3];
    } WAYS[] = {
        {POLICE, {POST, SHELTER, LONELY}}, {POLICE, {SHELTER, POST, CHILD_DESK}}, {CHILD_DESK, {POST, SHELTER, POLICE}},
        {POST, {POLICE, SHELTER, LONELY}}, {LONELY, {POLICE, CHILD_DESK, POST}},  {STRANGER, {POST, POLICE, LONELY}},
    };
    struct world *world = &sim->world;
    size_t way = sim_random(sim, chance(sim, 5) ? AM_LEN(WAYS) : AM_LEN(WAYS) - 1);
    struct letter *letter = letter_new(world, WAYS[way].from, KIND(ALERT));
    char agency[LIMIT_ADDRESS + 1];
    address_agency(WAYS[way].from, agency);
    letter->header.case_ref = arena_printf(&world->arena, "%s/2026/%u", agency, sim_random(sim, 20));
    letter->flags.child = chance(sim, 15);
    letter_to(world, letter, WAYS[way].to[0], chance(sim, 90) ? ACTION : COPY);
    for (size_t i = 1; i < 3; i++)
        if (chance(sim, i == 1 ? 40 : 10))
            letter_to(world, letter, WAYS[way].to[i], chance(sim, 50) ? ACTION : COPY);
    letter->valid_until.seconds = letter->written_at.seconds + 3600 + (int64_t)sim_random(sim, 2 * 86400);
    if (chance(sim, 40))
        ask_second(sim, letter);
    sim_send(sim, letter, NULL);
}

static struct sim_message *pick(struct sim *sim)
{
    return sim->n_messages == 0 ? NULL : &sim->messages[sim_random(sim, (uint32_t)sim->n_messages)];
}

// The newest message that the chain of a root ends in, or any older one.
static const struct letter *version_of(struct sim *sim, const struct sim_message *root)
{
    const struct letter *found = root->letter;
    for (size_t i = 0; i < sim->n_messages; i++) {
        const struct sim_message *message = &sim->messages[i];
        if (message->root == root && message->sent && message->letter->header.kind != KIND(ACK) && chance(sim, 70))
            found = message->letter;
    }
    return found;
}

static void recipients_of(struct sim *sim, struct letter *letter, const struct sim_message *root)
{
    const struct model_message *stored = model_message_at(&sim->world.model, root->seq);
    const struct model_message *newest = model_message_at(&sim->world.model, stored->chain.newest);
    letter->header.n_recipients = 0;
    for (size_t i = 0; i < newest->n_recipients; i++)
        letter_to(&sim->world, letter, newest->recipients[i].unit, newest->recipients[i].part);
}

static void act_answer(struct sim *sim)
{
    static const Amana__V1__Kind__Code KINDS[] = {KIND(ACK), KIND(ACK), KIND(ACK), KIND(UPDATE), KIND(CANCEL)};
    struct sim_message *root = pick(sim);
    if (root == NULL || !root->sent || root->root != NULL || root->letter->header.kind != KIND(ALERT))
        return;
    Amana__V1__Kind__Code kind = KINDS[sim_random(sim, AM_LEN(KINDS))];
    const struct letter *to = kind == KIND(ACK) ? version_of(sim, root) : root->letter;
    const char *from = root->letter->sender.unit;
    if (kind == KIND(ACK) || chance(sim, 5))
        from = to->recipients[sim_random(sim, (uint32_t)to->header.n_recipients)]->unit;
    struct letter *letter = world_answer(&sim->world, from, kind, to, root->letter);
    if (strcmp(from, root->letter->sender.unit) == 0)
        recipients_of(sim, letter, root);
    if (kind == KIND(UPDATE)) {
        const struct letter *before = version_of(sim, root);
        letter_supersedes(letter, before);
        letter->valid_until.seconds = letter->written_at.seconds + 3600 + (int64_t)sim_random(sim, 86400);
        if (chance(sim, 20))
            letter_to(&sim->world, letter, LONELY, ACTION); // there already: a field that is refused
        if (chance(sim, root->parks || root->defers ? 80 : 10))
            ask_second(sim, letter);
    }
    sim_send(sim, letter, root);
}

// One that a unit of the post's state has, and that was replaced or ended before the unit came for that.
static bool replaced_unseen(struct sim *sim, const struct sim_message *root)
{
    if (!root->sent || root->root != NULL || root->letter->header.kind != KIND(ALERT) ||
        strcmp(root->letter->sender.unit, POLICE) != 0)
        return false;
    const struct model_message *stored = model_message_at(&sim->world.model, root->seq);
    for (size_t i = 0; i < stored->n_lives; i++) {
        const struct journal_life *life = &stored->lives[i];
        if (address_in_country(life->recipient, "et") && life->clock_seq != root->seq &&
            model_retrieved(&sim->world.model, root->seq, life->recipient) &&
            !model_retrieved(&sim->world.model, life->clock_seq, life->recipient))
            return true;
    }
    return false;
}

// Police say of such a case that somebody in it may have fled that state: what its units have not retrieved is withheld
// from then on.
static void list_one(struct sim *sim, bool (*is)(struct sim *sim, const struct sim_message *root))
{
    static char *states[] = {(char *)"et"};
    const struct sim_message *root = NULL;
    for (size_t i = 0; i < sim->n_messages; i++)
        if (is(sim, &sim->messages[i]) && (root == NULL || chance(sim, 30)))
            root = &sim->messages[i];
    if (root == NULL)
        return;
    struct letter *letter = letter_new(&sim->world, POLICE, KIND(NOTE));
    letter->header.case_ref = root->letter->header.case_ref;
    letter_to(&sim->world, letter, CHILD_DESK, ACTION);
    letter->flags.child = true;
    letter->flags.protection =
        chance(sim, 70) ? AMANA__V1__PROTECTION__CODE__YES : AMANA__V1__PROTECTION__CODE__UNKNOWN;
    letter->flags.never_tell = states;
    letter->flags.n_never_tell = AM_LEN(states);
    sim_send(sim, letter, NULL);
}

static void act_list(struct sim *sim)
{
    list_one(sim, replaced_unseen);
}

static void act_list_request(struct sim *sim)
{
    list_one(sim, sim_explained_unseen);
}

static void act_answer_request(struct sim *sim)
{
    if (sim->n_messages > 0)
        sim_answer_request(sim);
}

static void act_retry(struct sim *sim)
{
    struct sim_message *message = pick(sim);
    if (message != NULL && chance(sim, 60)) // one that is perhaps still under way
        message = &sim->messages[sim->n_messages - 1 - sim_random(sim, sim->n_messages < 8 ? 1 : 8)];
    if (message != NULL)
        send_letter(sim, write_again(sim, message->letter));
}

static void act_reuse_id(struct sim *sim)
{
    struct sim_message *message = pick(sim);
    if (message == NULL || !message->accepted)
        return;
    struct letter *other = write_again(sim, message->letter);
    other->header.language = (char *)"so";
    other->user = NULL;
    letter_arrive(&sim->world, other);
}

// --- Second persons
static const struct sim_second *pick_second(struct sim *sim)
{
    const struct sim_second *second = NULL;
    for (unsigned tries = 0; sim->n_seconds > 0 && tries < 4; tries++) { // one that waits, as a rule
        second = &sim->seconds[sim_random(sim, (uint32_t)sim->n_seconds)];
        if (second->state == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE)
            break;
    }
    return second;
}

static void release(struct sim *sim, const struct sim_second *second, char *unit, const char *device,
                    const char *supervisor)
{
    struct letter *letter = letter_again(&sim->world, second->message->letter);
    letter->submission.mode = HUB_SUBMIT_RELEASE;
    letter->submission.supervisor = supervisor;
    letter->submission.work =
        (struct hub_work){.kind = HUB_WORK_SUBMISSION, .user = letter, .identity = device, .unit = unit};
    second->message->under_way++;
    letter_arrive(&sim->world, letter);
}

static void act_second(struct sim *sim)
{
    const struct sim_second *second = pick_second(sim);
    struct arena *arena = &sim->world.arena;
    if (second == NULL)
        return;
    char *unit = arena_printf(arena, "%s", second->message->letter->sender.unit);
    const char *device = arena_printf(arena, "amana://%s/device/d1", unit);
    const char *supervisor = arena_printf(arena, "amana://%s/officer/o2", unit);
    bool returns = chance(sim, 25);
    if (!second->deferred && !returns) {
        release(sim, second, unit, device, supervisor);
        return;
    }
    struct hub_settlement *settlement = arena_alloc(arena, sizeof *settlement);
    *settlement = (struct hub_settlement){
        .work = {.kind = HUB_WORK_SETTLEMENT, .user = second->message, .identity = device, .unit = unit},
        .returns = returns,
        .statement = {(const uint8_t *)"statement", returns ? 9 : 0},
        .signature = {(const uint8_t *)"signature", 9},
        .supervisor = supervisor,
    };
    model_read_settlement(&sim->world.model, settlement, second->seq);
    second->message->under_way++;
    world_step(&sim->world, (struct hub_event){.kind = HUB_EVENT_SETTLED, .settlement = settlement});
}

static void act_retrieve(struct sim *sim)
{
    struct world *world = &sim->world;
    if (world->model.n_mailboxes == 0 || sim->n_retrievals == SIM_RETRIEVALS)
        return;
    const struct model_mailbox *box = &world->model.mailboxes[sim_random(sim, (uint32_t)world->model.n_mailboxes)];
    struct hub_retrieval *retrieval = arena_alloc(&world->arena, sizeof *retrieval);
    uint64_t seqs[8], notices[8];
    size_t n = 0, n_notices = 0;
    const char *originator = NULL;
    for (size_t i = 0; i < box->n && n < 8 && n_notices < 8; i++) {
        const struct model_message *message = model_message_at(&world->model, box->rows[i].seq);
        if (model_mail_withheld(&world->model, box->device, &box->rows[i]))
            continue;
        if (box->rows[i].kind != JOURNAL_MAIL_MESSAGE) {
            notices[n_notices++] = box->rows[i].seq;
        } else if (chance(sim, 50) && (originator == NULL || strcmp(originator, message->originator) == 0)) {
            originator = message->originator;
            seqs[n++] = message->seq;
        }
    }
    char *unit = arena_printf(&world->arena, "%s", box->device + strlen("amana://"));
    *strstr(unit, "/device/") = '\0';
    *retrieval = (struct hub_retrieval){.work = {.kind = HUB_WORK_RETRIEVAL, .identity = box->device, .unit = unit},
                                        .statement = {(const uint8_t *)"statement", 9},
                                        .signature = {(const uint8_t *)"signature", 9}};
    model_read_retrieval(&world->model, retrieval, seqs, n, notices, n_notices);
    retrieval->roster = hub_roster_number(world->hub, unit);
    sim->n_retrievals++;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = retrieval});
}

// --- Workers, keeper, time, misfortune
static void act_check(struct sim *sim)
{
    if (sim->world.n_checks > 0)
        world_check_one(&sim->world, sim_random(sim, (uint32_t)sim->world.n_checks));
}

// The keeper takes what has queued up, in order; the answers wait.
static void act_commit(struct sim *sim)
{
    struct world *world = &sim->world;
    size_t batch = world->n_appends == 0 ? 0 : 1 + sim_random(sim, (uint32_t)world->n_appends);
    for (size_t i = 0; i < batch && sim->n_answers < SIM_ANSWERS; i++) {
        struct journal_append *append = world->appends[0];
        memmove(&world->appends[0], &world->appends[1], (world->n_appends - 1) * sizeof(struct journal_append *));
        world->n_appends--;
        sim->answers[sim->n_answers].append = append;
        sim->answers[sim->n_answers++].outcome = sim_commit(sim, append);
    }
}

static void act_answer_commit(struct sim *sim)
{
    if (sim->n_answers == 0)
        return;
    struct sim_answer answer = sim->answers[0];
    memmove(&sim->answers[0], &sim->answers[1], (--sim->n_answers) * sizeof answer);
    world_step(&sim->world,
               (struct hub_event){.kind = HUB_EVENT_COMMITTED, .committed = {answer.append, &answer.outcome}});
    const struct journal_release *row = answer.append->release;
    bool lapsed =
        row != NULL && row->state == AMANA__V1__RELEASE_STATE__CODE__LAPSED && answer.outcome.result == JOURNAL_DONE;
    for (size_t i = 0; lapsed && i < sim->n_lapses; i++)
        sim->lapses[i].told |= sim->lapses[i].seq == row->seq;
    hub_append_free(answer.append);
}

static void act_time(struct sim *sim)
{
    uint64_t ns = sim_random(sim, chance(sim, 4) ? 30000 : 1000) * NS_PER_S;
    sim->world.monotonic += ns;
    if (chance(sim, 90))
        sim->world.now += ns;
    else
        sim->world.now -= sim_random(sim, 200) * NS_PER_S;
    world_step(&sim->world, (struct hub_event){.kind = HUB_EVENT_TICK});
}

static void act_read(struct sim *sim)
{
    if (sim->world.reading)
        world_read(&sim->world);
}

static void rosters_again(struct sim *sim)
{
    for (uint64_t number = 2; number <= sim->post_roster; number++)
        world_roster(&sim->world, POST, number, 2, (uint8_t)(7 + number / 3));
}

static void act_roster(struct sim *sim)
{
    if (sim->post_roster >= 60)
        return;
    sim->post_roster++;
    world_roster(&sim->world, POST, sim->post_roster, 2, (uint8_t)(7 + sim->post_roster / 3));
}

// Everything in memory is lost; what was committed is not, though nobody was told.
static void act_crash(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_answers; i++)
        hub_append_free(sim->answers[i].append);
    sim->n_answers = 0;
    world_restart(&sim->world);
    rosters_again(sim);
    for (size_t i = 0; i < sim->n_lapses; i++)
        sim->lapses[i].told = true;
    for (size_t i = 0; i < sim->n_messages; i++)
        sim->messages[i].under_way = 0;
    sim->n_retrievals = 0;
    sim->crashes++;
}

static void act_full(struct sim *sim)
{
    sim->world.model.full = !sim->world.model.full && chance(sim, 30);
}

static const struct {
    unsigned weight;
    void (*act)(struct sim *sim);
} ACTS[] = {
    {6, act_alert},           {20, act_answer},      {8, act_retry},          {1, act_reuse_id}, {10, act_retrieve},
    {24, act_check},          {12, act_commit},      {24, act_answer_commit}, {2, act_time},     {1, act_full},
    {1, act_roster},          {2, act_read},         {6, act_second},         {1, act_list},     {2, sim_request},
    {10, act_answer_request}, {2, act_list_request},
};

static void act(struct sim *sim)
{
    unsigned all = 0, at;
    for (size_t i = 0; i < AM_LEN(ACTS); i++)
        all += ACTS[i].weight;
    at = sim_random(sim, all);
    for (size_t i = 0; i < AM_LEN(ACTS); i++) {
        if (at < ACTS[i].weight) {
            ACTS[i].act(sim);
            return;
        }
        at -= ACTS[i].weight;
    }
}

// --- The end: everything is delivered, every sender asks once more, the hub stops
static void settle(struct sim *sim)
{
    while (sim->world.n_checks > 0 || sim->world.n_appends > 0 || sim->n_answers > 0 || sim->world.reading) {
        act_read(sim);
        act_check(sim);
        act_commit(sim);
        act_answer_commit(sim);
    }
}

static void finish(struct sim *sim)
{
    sim->world.model.full = false;
    settle(sim);
    for (size_t i = 0; i < sim->n_messages; i++) {
        struct sim_message *message = &sim->messages[i];
        struct letter *again = write_again(sim, message->letter);
        send_letter(sim, again);
        settle(sim);
        SIM_CHECK(sim, again->replies == 1, "every sender gets an answer");
        SIM_CHECK(sim, message->under_way == 0, "no call is left waiting");
        SIM_CHECK(sim, !message->accepted || again->submission.work.reason == REASON_NONE,
                  "what was taken stays taken");
    }
    for (unsigned tick = 0; tick < 500; tick++) {  // what lapses of one unit does so one after the other
        sim->world.monotonic += MINUTE_NS;         // longer than the hub waits before it tries again
        sim->world.now += tick < 3 ? NS_PER_S : 0; // what waits a second behind a life that is put right first
        world_step(&sim->world, (struct hub_event){.kind = HUB_EVENT_TICK});
        settle(sim);
    }
    world_step(&sim->world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    settle(sim);
    SIM_CHECK(sim, sim->world.stopped, "the hub stops");
    sim_check_all(sim);
}

static void run(uint64_t seed, uint64_t steps)
{
    struct sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL)
        abort();
    sim->seed = seed;
    sim->random = seed * 2 + 1;
    sim->post_roster = 1;
    printf("seed %" PRIu64 ": ", seed);
    fflush(stdout);
    world_init(&sim->world, NULL);
    sim->world.on_reply = sim_on_reply;
    sim->world.user = sim;
    for (sim->step = 0; sim->step < steps && sim->n_messages < SIM_MESSAGES - 1; sim->step++) {
        act(sim);
        if (sim_random(sim, 400) == 0)
            act_crash(sim);
    }
    finish(sim);
    printf("%" PRIu64 " steps, %zu messages, %u accepted, %zu entries, %u moves, %u crossed, %u refused, %u conflicts, "
           "%u crashes, %u released (%u late), %u sent back, %zu lapses, %u told apart, %u halted\n",
           sim->step, sim->n_messages, sim->accepted, sim->world.model.n, sim->moved, sim->crossed, sim->refused,
           sim->conflicts, sim->crashes, sim->released, sim->late, sim->returned, sim->n_lapses, sim->apart,
           sim->halted);
    world_clear(&sim->world);
    free(sim);
}

int main(int argc, char **argv)
{
    uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : 8000;
    if (argc > 1) {
        run(strtoull(argv[1], NULL, 10), steps);
        return 0;
    }
    for (uint64_t seed = 1; seed <= 8; seed++)
        run(seed, steps);
    run(arc4random(), steps);
    run(arc4random(), steps);
    return 0;
}
