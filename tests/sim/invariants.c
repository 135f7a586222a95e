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
bool sim_table_has(uint8_t root, uint8_t state, uint8_t kind, uint8_t next)
{
    size_t n;
    const struct life_row *rows = life_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].root == root && rows[i].state == state && rows[i].kind == kind && rows[i].next == next)
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
    SIM_CHECK(sim, sim_table_has(KIND(ALERT), before->state, message->kind, life->state), "a life moves by the table");
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

static bool is_party(const struct model_message *message, const char *device)
{
    bool party = device_is_of(device, message->originator);
    for (size_t j = 0; j < message->n_recipients && !message->parked; j++)
        party |= device_is_of(device, message->recipients[j].unit);
    return party || (message->has_release && device_is_of(device, message->release.releasing));
}

// Nobody but its own unit learns of what waits.
static void check_parked_mail(struct sim *sim, const struct journal_append *append)
{
    SIM_CHECK(sim, append->n_deliveries == 0 && append->n_lives == 0, "what waits is delivered to nobody");
    for (size_t i = 0; i < append->n_mail; i++)
        SIM_CHECK(sim,
                  append->mail[i].kind == JOURNAL_MAIL_NOTICE &&
                      device_is_of(append->mail[i].device, append->message->releasing),
                  "what waits rings at who releases it alone");
}

static void check_mail(struct sim *sim, const struct journal_append *append)
{
    const struct journal_message *message = append->message;
    if (message != NULL && message->parked) {
        check_parked_mail(sim, append);
        return;
    }
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
            SIM_CHECK(sim, is_party(about, row->device), "notices are for those who have the message");
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

// --- The second person (domain.md, Release and rule 5), by hand
#define STATE(name) AMANA__V1__RELEASE_STATE__CODE__##name
#define ENTRY(name) AMANA__V1__ENTRY_KIND__CODE__##name
#define WAITS_NS    DAY_NS
#define DEFERRED_NS (30 * MINUTE_NS)
#define LAPSES_MOST 2u // then nothing is DEFERRED for 30 days, and the sim doesn't live that long

static const struct {
    Amana__V1__ReleaseState__Code from, to;
    bool deferred_only;
    bool alarm; // where it was DEFERRED
} SECONDS[] = {
    {STATE(PENDING_RELEASE), STATE(RELEASED), false, false}, {STATE(PENDING_RELEASE), STATE(RETURNED), false, false},
    {STATE(PENDING_RELEASE), STATE(LAPSED), false, true},    {STATE(LAPSED), STATE(RELEASED), true, true},
    {STATE(LAPSED), STATE(RETURNED), true, false},
};

unsigned sim_lapses(const struct sim *sim, const char *unit, bool told)
{
    unsigned n = 0;
    for (size_t i = 0; i < sim->n_lapses; i++)
        n += strcmp(sim->lapses[i].unit, unit) == 0 && (sim->lapses[i].told || !told);
    return n;
}

static bool has_entry(const struct journal_append *append, uint8_t kind)
{
    bool has = false;
    for (size_t i = 0; i < append->n_entries; i++)
        has |= append->entries[i].kind == kind;
    return has;
}

static void second_begins(struct sim *sim, const struct journal_append *append, uint64_t seq)
{
    const struct journal_release *row = append->release;
    bool deferred = !append->message->parked;
    struct sim_second *second = &sim->seconds[sim->n_seconds++];
    *second = (struct sim_second){.seq = seq,
                                  .state = STATE(PENDING_RELEASE),
                                  .deferred = deferred,
                                  .due = append->time_ns + (deferred ? DEFERRED_NS : WAITS_NS)};
    for (size_t i = 0; i < sim->n_messages; i++)
        if (strcmp(sim->messages[i].letter->header.id, append->message->id) == 0)
            second->message = &sim->messages[i];
    SIM_CHECK(sim, second->message != NULL && (deferred ? second->message->defers : second->message->parks),
              "it waits as its sender asked");
    SIM_CHECK(sim, !deferred || second->message->lapses < LAPSES_MOST, "a unit with two lapsed ones defers no more");
    SIM_CHECK(
        sim, row->state == STATE(PENDING_RELEASE) && row->waits && row->deferred == deferred && row->due == second->due,
        "it is PENDING_RELEASE for 24 hours, DEFERRED for 30 minutes");
}

// The record names the two newest, and none twice.
static void lapse_counted(struct sim *sim, const struct journal_append *append, const struct sim_second *second)
{
    const char *unit = second->message->letter->sender.unit;
    uint64_t newest[2] = {0};
    SIM_CHECK(sim, sim->n_lapses < SIM_LAPSES, "room for lapses");
    for (size_t i = 0; i < sim->n_lapses; i++) {
        SIM_CHECK(sim, sim->lapses[i].seq != second->seq, "one lapses once");
        newest[1] = strcmp(sim->lapses[i].unit, unit) == 0 ? sim->lapses[i].seq : newest[1];
    }
    newest[0] = newest[1];
    newest[1] = second->seq;
    sim->lapses[sim->n_lapses++] = (struct sim_lapse){.unit = unit, .seq = second->seq};
    SIM_CHECK(sim,
              append->n_records == 1 && append->records[0].kind == JOURNAL_RECORD_LAPSES &&
                  strcmp(append->records[0].key, unit) == 0,
              "a lapse is counted, for its sender's unit");
    for (size_t i = 0; i < AM_LEN(newest); i++) {
        uint64_t seq = 0;
        for (size_t at = 0; at < 8; at++)
            seq = seq << 8 | append->records[0].value.data[16 * i + at];
        SIM_CHECK(sim, seq == newest[i], "the two that lapsed last are counted, each once");
    }
}

static void second_ends(struct sim *sim, const struct journal_append *append)
{
    const struct journal_release *row = append->release;
    struct sim_second *second = NULL;
    size_t move = 0;
    for (size_t i = 0; i < sim->n_seconds; i++)
        if (sim->seconds[i].seq == row->seq)
            second = &sim->seconds[i];
    SIM_CHECK(sim, second != NULL, "nobody releases what asks for no second person");
    while (move < AM_LEN(SECONDS) && (SECONDS[move].from != second->state || SECONDS[move].to != row->state ||
                                      (SECONDS[move].deferred_only && !second->deferred)))
        move++;
    SIM_CHECK(sim, move < AM_LEN(SECONDS), "it moves by the table");
    SIM_CHECK(sim,
              append->message != NULL || has_entry(append, ENTRY(ALARM)) == (second->deferred && SECONDS[move].alarm),
              "what was DEFERRED is an ALARM where nobody signs in time");
    SIM_CHECK(sim, has_entry(append, row->state == STATE(RELEASED) ? ENTRY(RELEASED) : ENTRY(RETURNED)),
              "its end is an entry");
    SIM_CHECK(sim, (append->message != NULL) == (row->state == STATE(RELEASED) && !second->deferred),
              "what waited is sent in the batch that releases it, and not otherwise");
    SIM_CHECK(sim, row->state != STATE(LAPSED) || append->time_ns >= second->due, "nothing lapses before its time");
    SIM_CHECK(sim, row->state == STATE(LAPSED) || strcmp(row->officer, second->message->letter->header.officer) != 0,
              "its author releases nothing");
    sim->released += row->state == STATE(RELEASED);
    sim->returned += row->state == STATE(RETURNED);
    sim->late += second->state == STATE(LAPSED) && row->state == STATE(RELEASED);
    if (row->state == STATE(LAPSED) && second->deferred)
        lapse_counted(sim, append, second);
    second->state = (Amana__V1__ReleaseState__Code)row->state;
}

static void check_second(struct sim *sim, const struct journal_append *append, uint64_t seq)
{
    const struct journal_message *message = append->message;
    if (message != NULL) {
        const Amana__V1__Header *header = model_message_at(&sim->world.model, seq)->decoded;
        SIM_CHECK(sim, header->release == AMANA__V1__RELEASE__CODE__NOT_NEEDED || append->release != NULL,
                  "nothing that asks for a second person goes without");
        SIM_CHECK(sim, header->subject_kind != AMANA__V1__SUBJECT_KIND__CODE__PERSON || append->release != NULL,
                  "an alert on a person has a second one");
    }
    if (append->release == NULL)
        return;
    if (append->release->seq == JOURNAL_SELF)
        second_begins(sim, append, seq);
    else
        second_ends(sim, append);
}

static void check_settled(struct sim *sim, const struct hub_settlement *settlement)
{
    struct sim_message *message = settlement->work.user;
    Amana__V1__ReleaseState__Code state = settlement->returns ? STATE(RETURNED) : STATE(RELEASED);
    message->under_way--;
    for (size_t i = 0; i < sim->n_seconds && settlement->work.reason == REASON_NONE; i++)
        SIM_CHECK(sim, sim->seconds[i].seq != settlement->release.seq || sim->seconds[i].state == state,
                  "who is told that it is done finds it done");
}

static void check_released(struct sim *sim, struct sim_message *message, const struct letter *letter)
{
    const struct model_message *sent = model_find(&sim->world.model, letter->header.device, letter->header.id);
    message->under_way--;
    if (letter->submission.work.reason != REASON_NONE)
        return;
    SIM_CHECK(sim, sent != NULL, "what is released was sent");
    SIM_CHECK(sim,
              message->released.len == 0 ||
                  (letter->receipt.len == message->released.len &&
                   memcmp(letter->receipt.data, message->released.data, letter->receipt.len) == 0),
              "who releases it again gets the original receipt");
    message->released = letter->receipt;
    message->seq = sent->seq;
    message->sent = true;
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

static bool of_request(const struct journal_append *append, const struct model_message *root)
{
    return root != NULL ? root->kind == KIND(REQUEST)
                        : append->message != NULL && append->message->kind == KIND(REQUEST);
}

struct journal_outcome sim_commit(struct sim *sim, const struct journal_append *append)
{
    struct model *model = &sim->world.model;
    bool current = lives_are_current(sim, append);
    struct model_message *root = append->n_lives > 0 ? model_message_at(model, append->lives[0].root) : NULL;
    struct journal_chain chain = root != NULL ? root->chain : (struct journal_chain){0};
    unsigned moved = sim->moved;
    for (size_t i = 0; i < append->n_lives && current; i++)
        if (of_request(append, root))
            sim_check_request(sim, append, &append->lives[i]);
        else
            check_life(sim, append, &append->lives[i]);
    struct journal_outcome outcome = model_commit(model, append);
    if (outcome.result != JOURNAL_DONE) {
        sim->moved = moved;
        sim->conflicts += outcome.result == JOURNAL_CONFLICT;
        return outcome;
    }
    SIM_CHECK(sim, current, "two answers in flight never both move one life");
    SIM_CHECK(sim,
              root == NULL || append->message == NULL || append->message->kind == KIND(ACK) || !root->has_chain ||
                  root->chain.version == chain.version + 1,
              "versions follow one another");
    check_second(sim, append, outcome.seq);
    check_mail(sim, append);
    if (append->message != NULL && !append->message->parked)
        sim->crossed += model->entries[outcome.seq].content->submitted->crossed;
    return outcome;
}

// --- What senders are told
static void check_accepted(struct sim *sim, struct sim_message *message, const struct letter *letter)
{
    struct model *model = &sim->world.model;
    const char *device = letter->header.device, *id = letter->header.id;
    const struct model_message *stored =
        message->parks ? model_find_parked(model, device, id) : model_find(model, device, id);
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
    if (!message->parks) {
        message->seq = stored->seq;
        message->sent = true;
    }
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
    if (work->kind == HUB_WORK_SETTLEMENT) {
        check_settled(sim, (const struct hub_settlement *)work);
        return;
    }
    struct letter *letter = (struct letter *)work;
    struct sim_message *message = letter->user;
    SIM_CHECK(sim, letter->replies == 1, "one answer a call");
    if (letter->submission.mode == HUB_SUBMIT_RELEASE) {
        check_released(sim, message, letter);
        return;
    }
    if (message == NULL) {
        SIM_CHECK(sim, work->reason != REASON_NONE, "another's id is not taken again");
        return;
    }
    message->under_way--;
    if (work->reason == REASON_NONE)
        check_accepted(sim, message, letter);
    else
        sim->refused++;
    SIM_CHECK(sim,
              work->reason != REASON_RELEASE_REQUIRED || !message->defers ||
                  sim_lapses(sim, letter->sender.unit, false) >= LAPSES_MOST,
              "a unit without two lapsed ones may defer");
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
        if (model->deadlines[i].subject != seq || model->deadlines[i].at >= first ||
            model->deadlines[i].kind == DEADLINE_RELEASE || model->deadlines[i].kind == DEADLINE_RING)
            continue;
        first = model->deadlines[i].at;
        due.deadline = model->deadlines[i];
    }
    SIM_CHECK(sim, first != UINT64_MAX, "every message has a deadline until it goes");
    model_read_due(model, &due);
    uint64_t next = clock_next(&due.clocks);
    SIM_CHECK(sim, first <= (next != 0 ? next : due.clocks.retain_until), "no deadline is left out");
    SIM_CHECK(sim, next == 0 || next > sim->world.now, "what has passed is told");
}

// What passes is told once, also to a unit from which what replaced its life is withheld: of that the log is the
// record.
static void check_told(struct sim *sim, uint64_t seq)
{
    struct model *model = &sim->world.model;
    const struct model_entry *entry = &model->entries[seq];
    const Amana__V1__DeadlineEntry *said = entry->content->deadline;
    if (entry->kind != AMANA__V1__ENTRY_KIND__CODE__DEADLINE || said->met_by != NULL)
        return;
    const struct model_message *message = model_message_at(model, entry->of);
    const struct model_message *root = message != NULL ? model_message_at(model, message->root) : NULL;
    uint64_t listed = root != NULL && root->kind == KIND(REQUEST) ? sim_withheld_from(model, root) : JOURNAL_NONE;
    for (uint64_t later = seq + 1; later < model->n; later++) {
        const struct model_entry *other = &model->entries[later];
        bool anew = seq < listed && later > listed && listed != JOURNAL_NONE; // it stood still again meanwhile
        if (other->kind != entry->kind || other->of != entry->of || other->content->deadline->met_by != NULL ||
            strcmp(other->content->deadline->recipient, said->recipient) != 0)
            continue;
        SIM_CHECK(sim, anew || (life_passed_said(said) & life_passed_said(other->content->deadline)) == 0,
                  "what has passed is told once");
    }
    struct life_known known;
    struct journal_life life = {0};
    sim->apart += root != NULL && root->has_chain && said->recipient[0] != '\0' &&
                  model_life_apart(model, root, said->recipient, &known, &life) && known.version == entry->of;
}

static void check_seconds(struct sim *sim)
{
    const struct model *model = &sim->world.model;
    for (size_t i = 0; i < sim->n_seconds; i++) {
        const struct sim_second *second = &sim->seconds[i];
        bool row = false;
        if (second->state != STATE(PENDING_RELEASE))
            continue;
        SIM_CHECK(sim, second->due > sim->world.now, "what nobody released in time has lapsed");
        for (size_t j = 0; j < model->n_deadlines; j++)
            row |= model->deadlines[j].kind == DEADLINE_RELEASE && model->deadlines[j].subject == second->seq &&
                   model->deadlines[j].at == second->due;
        SIM_CHECK(sim, row, "what waits will lapse");
    }
}

void sim_check_all(struct sim *sim)
{
    struct model *model = &sim->world.model;
    check_seconds(sim);
    sim_check_requests(sim);
    for (uint64_t seq = 0; seq < model->n; seq++) {
        check_entry(sim, seq);
        check_told(sim, seq);
        if (model->entries[seq].message != NULL && !model->entries[seq].message->parked)
            check_deadline(sim, seq);
        if (model->entries[seq].message != NULL && model->entries[seq].message->has_chain)
            check_root(sim, model->entries[seq].message);
    }
    for (size_t i = 0; i < sim->n_messages; i++) {
        const struct sim_message *message = &sim->messages[i];
        unsigned sent = 0, parked = 0;
        for (uint64_t seq = 0; seq < model->n; seq++) {
            const struct model_message *stored = model->entries[seq].message;
            if (stored == NULL || strcmp(stored->id, message->letter->header.id) != 0)
                continue;
            parked += stored->parked;
            sent += !stored->parked;
        }
        SIM_CHECK(sim, (message->parks ? parked : sent) == (message->accepted ? 1 : 0),
                  "each accepted message is there exactly once, no other is");
        SIM_CHECK(sim, !message->parks || sent <= parked, "what waited is sent once, if at all");
    }
    SIM_CHECK(sim, model->entries[model->n - 1].kind == AMANA__V1__ENTRY_KIND__CODE__STOP, "STOP is the last entry");
}
