// SPDX-License-Identifier: Apache-2.0
// What an accepted message writes: its entry, its record, mail for each device, deliveries, lives and the chain. Its
// clocks: accept_clocks.c.
#include "server/hub/accept.h"

#include "proto/model/header.h"
#include "proto/model/life.h"

#include <string.h>

#define ACCEPT_ENTRIES 7 // SUBMITTED, ALARM, RELEASED, two DEADLINE, STATE, CORRECTED or ERASED

// --- The entry
const Amana__V1__Pointer *accept_root_pointer(const struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    if (submission->reply_to.seq == submission->root.seq || submission->reply_to.header == NULL ||
        submission->reply_to.header->in_reply_to == NULL)
        return accept->header->in_reply_to;
    return submission->reply_to.header->in_reply_to;
}

static enum am_err moves_fill(struct accept *accept, Amana__V1__SubmittedEntry *entry)
{
    const struct hub_decision *decision = accept->decision;
    size_t n = decision->n_moves;
    Amana__V1__Move *moves = arena_array(accept->arena, n, sizeof *moves);
    Amana__V1__Move **list = arena_array(accept->arena, n, sizeof *list);
    if (moves == NULL || list == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < n; i++) {
        moves[i] = (Amana__V1__Move)AMANA__V1__MOVE__INIT;
        moves[i].root = (Amana__V1__Pointer *)accept_root_pointer(accept);
        moves[i].recipient = (char *)accept->submission->lives[decision->moves[i].index].recipient;
        moves[i].from = decision->moves[i].from;
        moves[i].to = decision->moves[i].to;
        list[i] = &moves[i];
    }
    entry->n_moves = n;
    entry->moves = list;
    return AM_OK;
}

static enum am_err delivered_fill(struct accept *accept, Amana__V1__SubmittedEntry *entry)
{
    const Amana__V1__Header *header = accept->header;
    char **units = arena_array(accept->arena, header->n_recipients, sizeof *units);
    if (units == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < header->n_recipients; i++)
        units[i] = header->recipients[i]->unit;
    entry->n_delivered_to = header->n_recipients;
    entry->delivered_to = units;
    return AM_OK;
}

static enum am_err parties_fill(struct accept *accept, struct journal_entry *entry)
{
    const Amana__V1__Header *header = accept->header;
    const char **parties = arena_array(accept->arena, header->n_recipients + 1, sizeof *parties);
    if (parties == NULL)
        return arena_error(accept->arena);
    parties[entry->n_parties++] = accept->submission->sender;
    for (size_t i = 0; i < header->n_recipients; i++)
        if (strcmp(header->recipients[i]->unit, accept->submission->sender) != 0)
            parties[entry->n_parties++] = header->recipients[i]->unit;
    entry->parties = parties;
    return AM_OK;
}

static enum am_err entry_fill(struct accept *accept)
{
    struct hub_submission *submission = accept->submission;
    const Amana__V1__Header *header = accept->header;
    Amana__V1__SubmittedEntry entry = AMANA__V1__SUBMITTED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    entry.id = header->id;
    entry.device = header->device;
    entry.header_digest = codec_binary((struct am_bytes){submission->header_digest, 32});
    entry.flags_digest = header->flags_digest;
    entry.body_digest = header->body_digest;
    entry.signature_digest = codec_binary((struct am_bytes){submission->signature_digest, 32});
    entry.header_size = (uint32_t)submission->header_bytes.len;
    entry.body_size = (uint32_t)submission->body.len;
    entry.signature_size = (uint32_t)submission->signature.len;
    entry.crossed = accept->decision->crossed;
    entry.crl_stale = submission->crl_stale;
    TRY(delivered_fill(accept, &entry));
    TRY(moves_fill(accept, &entry));
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    content.submitted = &entry;
    TRY(hub_entry_pack(accept->pending, 0, &content, JOURNAL_CLASS_MESSAGE));
    struct journal_entry *row = &accept->append->entries[0];
    row->erase_after = hub_erase_after(header_time_or_0(header->retain_until), accept->append->time_ns);
    row->of = JOURNAL_SELF;
    row->case_ref = header->case_ref;
    TRY(parties_fill(accept, row));
    accept->n_entries = 1;
    if (!accept->decision->alarm)
        return AM_OK;
    accept->n_entries = 2;
    char *text = arena_printf(accept->arena,
                              "%s: a child is concerned and no protection unit of the sender's country can be reached",
                              header->id);
    const Amana__V1__Pointer itself = hub_pointer(header, submission->header_digest);
    return text == NULL ? arena_error(accept->arena)
                        : hub_alarm_pack(accept->pending, 1, "NO_PROTECTION_UNIT", text, &itself);
}

// --- The message's record
enum am_err hub_message_fill(struct hub_pending *pending, const struct hub_submission *submission, uint64_t root)
{
    const Amana__V1__Header *header = submission->header;
    struct journal_message *message = arena_alloc(&pending->arena, sizeof *message);
    struct journal_recipient *recipients = arena_array(&pending->arena, header->n_recipients, sizeof *recipients);
    if (message == NULL || recipients == NULL)
        return arena_error(&pending->arena);
    for (size_t i = 0; i < header->n_recipients; i++)
        recipients[i] = (struct journal_recipient){header->recipients[i]->unit, (uint8_t)header->recipients[i]->part};
    *message = (struct journal_message){.id = header->id,
                                        .device = header->device,
                                        .originator = submission->sender,
                                        .header = submission->header_bytes,
                                        .signature = submission->signature,
                                        .flags = submission->flags_bytes,
                                        .body = submission->body,
                                        .root = root,
                                        .kind = (uint8_t)header->kind,
                                        .urgency = (uint8_t)header->urgency,
                                        .case_ref = header->case_ref,
                                        .recipients = recipients,
                                        .n_recipients = header->n_recipients,
                                        .releasing = header->releasing != NULL ? header->releasing->unit : NULL,
                                        .parked = submission->mode == HUB_SUBMIT_PARK};
    if (header->oversight_point.len > JOURNAL_POINT)
        message->point = header->oversight_point.data + 1;
    memcpy(message->header_digest, submission->header_digest, sizeof message->header_digest);
    pending->append.message = message;
    return AM_OK;
}

// --- Mail: each device of each recipient, and a copy for the other devices of the sender and of who releases it
static enum am_err mail_add(struct accept *accept, const char *unit, enum journal_mail_kind kind)
{
    // The device that sent it has it; but not as it was released.
    const char *has = accept->submission->mode != HUB_SUBMIT_RELEASE ? accept->header->device : NULL;
    return hub_mail_unit(accept->step, accept->pending, unit, has, (uint8_t)accept->header->urgency, JOURNAL_SELF,
                         kind);
}

static enum am_err mail_fill(struct accept *accept)
{
    const Amana__V1__Header *header = accept->header;
    const char *sender = accept->submission->sender;
    bool to_itself = false;
    const char *releasing = header->releasing != NULL ? header->releasing->unit : sender;
    bool others = strcmp(releasing, sender) != 0;
    for (size_t i = 0; i < header->n_recipients; i++) {
        others &= strcmp(header->recipients[i]->unit, releasing) != 0;
        if (strcmp(header->recipients[i]->unit, sender) == 0) {
            to_itself = accept->kind->to_itself;
            if (!to_itself)
                continue; // what nobody else can be told of: its own devices have the copy of whatever it sends
        }
        TRY(mail_add(accept, header->recipients[i]->unit, JOURNAL_MAIL_MESSAGE));
    }
    if (!to_itself)
        TRY(mail_add(accept, sender, JOURNAL_MAIL_COPY));
    return others ? mail_add(accept, releasing, JOURNAL_MAIL_COPY) : AM_OK;
}

static enum am_err deliveries_fill(struct accept *accept)
{
    const Amana__V1__Header *header = accept->header;
    struct journal_delivery *rows = arena_array(accept->arena, header->n_recipients, sizeof *rows);
    if (rows == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < header->n_recipients; i++) // every member's hub is this one
        rows[i] = (struct journal_delivery){.seq = JOURNAL_SELF,
                                            .recipient = header->recipients[i]->unit,
                                            .state = AMANA__V1__DELIVERY_STATE__CODE__DELIVERED,
                                            .delivered_at = accept->append->time_ns};
    accept->append->deliveries = rows;
    accept->append->n_deliveries = header->n_recipients;
    return AM_OK;
}

// --- Lives
static struct kind_due due_of(const struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    bool newest = submission->has_chain && kind_ends_newest((unsigned)accept->header->kind);
    unsigned target = newest ? submission->chain.urgency : submission->reply_to.urgency;
    return kind_due((unsigned)accept->header->kind, (unsigned)accept->header->urgency, target,
                    header_time_or_0(accept->header->answer_by), accept->append->time_ns);
}

static void life_born(struct accept *accept, uint64_t root, size_t index, uint8_t state, struct kind_due due)
{
    const char *recipient = accept->header->recipients[index]->unit;
    uint32_t former = root != JOURNAL_SELF ? accept->submission->former_life[index] : 0;
    accept->append->lives[accept->append->n_lives++] = (struct journal_life){.root = root,
                                                                             .recipient = recipient,
                                                                             .version = former,
                                                                             .state = state,
                                                                             .state_at = accept->append->time_ns,
                                                                             .clock_seq = JOURNAL_SELF,
                                                                             .ack_due = due.ack,
                                                                             .answer_due = due.answer,
                                                                             .officer = ""};
}

static void life_moved(struct accept *accept, size_t index, uint8_t to)
{
    struct journal_life life = accept->submission->lives[index];
    bool apart = accept->submission->apart && strcmp(life.recipient, accept->submission->sender) == 0;
    life.root = accept->submission->root.seq;
    if (life_clock_stands(life.state) && life.answer_due != 0) {
        life.answer_due += accept->append->time_ns - life.state_at;
        accept->resumes |= !life_clock_stands(to);
    }
    life.state = to;
    life.state_at = accept->append->time_ns;
    if (accept->kind->chain != CHAIN_NONE) { // a clock begins anew, and nobody has answered it
        bool told = header_recipient(accept->header, life.recipient) != NULL; // who can't be is waited for no more
        struct kind_due due = told ? due_of(accept) : (struct kind_due){0};
        life.clock_seq = JOURNAL_SELF;
        life.ack_due = due.ack;
        life.answer_due = due.answer;
        life.flags = 0;
        life.officer = "";
    } else if (strcmp(life.recipient, accept->submission->sender) == 0) {
        life.officer = accept->header->officer;
    }
    if (apart) // to the others it stays what it is
        accept->apart = life;
    else
        accept->append->lives[accept->append->n_lives++] = life;
}

static enum am_err lives_fill(struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    const Amana__V1__Header *header = accept->header;
    bool renews = accept->kind->chain == CHAIN_RENEWS; // the root anew, for its new recipients too
    bool confirm = kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome);
    uint8_t first = life_first(renews ? submission->root.kind : (unsigned)header->kind);
    size_t index;
    accept->append->lives =
        arena_array(accept->arena, header->n_recipients + accept->decision->n_moves, sizeof *accept->append->lives);
    if (accept->append->lives == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < accept->decision->n_moves; i++)
        if (accept->decision->moves[i].kept != LIFE(UNSPECIFIED))
            life_moved(accept, accept->decision->moves[i].index, accept->decision->moves[i].kept);
    for (size_t i = 0; i < header->n_recipients && first != LIFE(UNSPECIFIED); i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        bool new = !renews || !hub_recipient_index(&submission->newest, recipient->unit, &index) ||
                   submission->newest.recipients[index].part != AMANA__V1__PART__CODE__ACTION;
        bool itself = strcmp(recipient->unit, submission->sender) == 0; // what it orders it does by that
        if (recipient->part == AMANA__V1__PART__CODE__ACTION && new && !itself)
            life_born(accept, accept->root, i, first, due_of(accept));
    }
    for (size_t i = 0; i < header->n_recipients && confirm; i++)
        if (strcmp(header->recipients[i]->unit, submission->sender) != 0)
            life_born(accept, JOURNAL_SELF, i, LIFE_CONFIRM_FIRST,
                      (struct kind_due){.answer = kind_confirm_due(accept->append->time_ns)});
    return AM_OK;
}

static enum am_err chain_fill(struct accept *accept)
{
    const Amana__V1__Header *header = accept->header;
    enum kind_chain does = (enum kind_chain)accept->kind->chain;
    if (does == CHAIN_NONE)
        return AM_OK;
    struct journal_chain *chain = arena_alloc(accept->arena, sizeof *chain);
    if (chain == NULL)
        return arena_error(accept->arena);
    if (does != CHAIN_BEGINS)
        *chain = accept->submission->chain;
    chain->root = accept->root;
    chain->clock = JOURNAL_SELF;
    chain->cancelled |= does == CHAIN_ENDS;
    if (does != CHAIN_ENDS) {
        chain->newest = JOURNAL_SELF;
        chain->valid_until = header_time_or_0(header->valid_until);
        chain->urgency = (uint8_t)header->urgency;
    }
    accept->append->chain = chain;
    return AM_OK;
}

// --- The second person: it was released, or is to be
static enum am_err release_fill(struct accept *accept)
{
    struct hub_submission *submission = accept->submission;
    if (accept->header->release == AMANA__V1__RELEASE__CODE__DEFERRED)
        return hub_release_begin(accept->pending, accept->header);
    if (submission->mode != HUB_SUBMIT_RELEASE)
        return AM_OK;
    const struct hub_released released = {.header = accept->header,
                                          .header_digest = submission->header_digest,
                                          .supervisor = submission->supervisor,
                                          .release = &submission->release};
    size_t index = accept->n_entries++;
    TRY(hub_released_entry(accept->pending, index, &released));
    accept->append->entries[index].of = JOURNAL_SELF;
    return hub_release_move(accept->pending, &submission->release, PASSAGE_RELEASE, submission->supervisor);
}

// --- What it says to others: that what an alert looks for was found elsewhere
enum am_err accept_tell(struct accept *accept, const Amana__V1__EntryContent *content, uint64_t of,
                        const char **parties, size_t n_parties, const struct hub_told *told)
{
    size_t index = accept->n_entries++;
    struct journal_entry *entry = &accept->append->entries[index];
    TRY(hub_entry_pack(accept->pending, index, content, JOURNAL_CLASS_MESSAGE));
    entry->erase_after = accept->append->entries[0].erase_after;
    TRY(hub_entry_of(accept->pending, index, of, accept->submission->root.seq));
    entry->case_ref = accept->header->case_ref;
    entry->parties = parties;
    entry->n_parties = n_parties;
    return hub_tell(accept->step, accept->pending, index, told);
}

// Those who look for it too and aren't told by the HIT itself; without `kept` those of them who may know of it (rule
// 4).
static size_t elsewhere(const struct accept *accept, bool kept, struct journal_recipient *ret_units)
{
    const struct hub_found *newest = &accept->submission->newest;
    const Amana__V1__Header *header = accept->header;
    size_t n = 0;
    for (size_t i = 0; i < newest->n_recipients; i++) {
        const char *unit = newest->recipients[i].unit;
        if (strcmp(unit, accept->submission->sender) == 0 || (!kept && hub_keeps_from(accept->submission, unit)) ||
            header_recipient(header, unit) != NULL)
            continue;
        if (ret_units != NULL)
            ret_units[n].unit = unit;
        n++;
    }
    return n;
}

// What answers an older version of an alert that goes on was found all the same. A state from which the newer is kept
// answers what it knows.
static bool is_looked_for(const struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    bool goes_on = submission->has_chain && !submission->apart && !submission->chain.cancelled &&
                   accept->append->time_ns < submission->chain.valid_until;
    return !accept->decision->crossed || goes_on;
}

// An entry whoever is told of it, of nobody perhaps: how many there are is for everybody to see.
static enum am_err found_fill(struct accept *accept)
{
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    size_t n = elsewhere(accept, true, NULL);
    struct journal_recipient *units = arena_array(accept->arena, n, sizeof *units);
    const char **parties = arena_array(accept->arena, n, sizeof *parties);
    if (units == NULL || parties == NULL)
        return arena_error(accept->arena);
    n = elsewhere(accept, false, units);
    for (size_t i = 0; i < n; i++)
        parties[i] = units[i].unit;
    state.message = (Amana__V1__Pointer *)accept_root_pointer(accept);
    state.found_elsewhere = true;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    const struct hub_told told = {.urgency = (uint8_t)accept->header->urgency, .recipients = units, .n_recipients = n};
    return accept_tell(accept, &content, accept->submission->newest.seq, parties, n, &told);
}

// --- From whom the case is kept
static bool listed(const struct journal_shield *shield, const char *country)
{
    for (size_t i = 0; i < shield->n; i++)
        if (strcmp(shield->states[i].country, country) == 0)
            return true;
    return false;
}

// The devices of those states that are kept out no more. NULL: how many there are.
static size_t freed_devices(const struct accept *accept, const struct journal_shield *shield, const char **ret_devices)
{
    struct hub_unit *unit, *next;
    size_t n = 0;
    HASH_ITER (hh, accept->step->hub->units, unit, next) {
        const struct hub_kept_roster *roster = hub_roster_newest(accept->step->hub, unit->name);
        if (roster == NULL || harm_state(&accept->submission->shield, unit->name) == NULL ||
            harm_state(shield, unit->name) != NULL)
            continue;
        for (size_t i = 0; i < roster->n_devices; i++, n++)
            if (ret_devices != NULL)
                ret_devices[n] = roster->devices[i].uri;
    }
    return n;
}

// They may have mail that waited: they look again.
static enum am_err freed_fill(struct accept *accept, const struct journal_shield *shield)
{
    const struct journal_shield *before = &accept->submission->shield;
    bool any = false;
    for (size_t i = 0; i < before->n; i++)
        any |= !listed(shield, before->states[i].country);
    if (!any)
        return AM_OK;
    const char **devices = arena_array(accept->arena, freed_devices(accept, shield, NULL), sizeof *devices);
    if (devices == NULL)
        return arena_error(accept->arena);
    accept->pending->n_freed = freed_devices(accept, shield, devices);
    accept->pending->freed = devices;
    return AM_OK;
}

// What a unit knows of a life that is kept otherwise stands in the log alone, not in a row whose version would tell:
// whatever has come since may have moved it, as another answer does.
static void apart_fill(struct accept *accept)
{
    if (!accept->submission->apart && accept->submission->as_known == NULL)
        return;
    accept->append->case_seen.case_ref = accept->header->case_ref;
    accept->append->case_seen.last = accept->submission->case_seen;
}

static enum am_err shield_fill(struct accept *accept)
{
    const struct hub_submission *submission = accept->submission;
    struct journal_shield_state states[JOURNAL_SHIELD_STATES], *kept = NULL;
    size_t n;
    if (!hub_shield_next(accept->step->hub, submission, states, &n))
        return AM_OK;
    struct journal_shield *shield = arena_alloc(accept->arena, sizeof *shield);
    if (n > 0)
        kept = arena_array(accept->arena, n, sizeof *kept);
    if (shield == NULL || (n > 0 && kept == NULL))
        return arena_error(accept->arena);
    if (n > 0)
        memcpy(kept, states, n * sizeof *kept);
    *shield = (struct journal_shield){accept->header->case_ref, submission->shield.version, n, kept};
    accept->append->shield = shield;
    accept->step->hub->shields = true;
    if (n > 0)
        TRY(hub_deadline_put(accept->pending, DEADLINE_APART, JOURNAL_SELF, accept->append->time_ns, 0));
    return freed_fill(accept, shield);
}

static enum am_err accept_fill(struct accept *accept)
{
    TRY(entry_fill(accept));
    TRY(hub_message_fill(accept->pending, accept->submission, accept->root));
    TRY(mail_fill(accept));
    TRY(deliveries_fill(accept));
    TRY(lives_fill(accept));
    apart_fill(accept);
    TRY(shield_fill(accept));
    TRY(release_fill(accept));
    TRY(chain_fill(accept));
    TRY(accept_met_fill(accept));
    if (accept->found)
        TRY(found_fill(accept));
    if (hub_asks_holders(accept->submission, accept->decision))
        TRY(hub_holders_fill(accept->pending, accept->n_entries++, accept->submission));
    return accept_deadlines_fill(accept);
}

enum am_err hub_accept(struct hub_step *step, struct hub_submission *submission, const struct hub_decision *decision)
{
    struct accept accept = {.step = step,
                            .submission = submission,
                            .decision = decision,
                            .header = submission->header,
                            .kind = kind_get((unsigned)submission->header->kind)};
    bool own_root = accept.kind->root || !kind_is_answer(submission->header);
    accept.root = own_root ? JOURNAL_SELF : submission->root.seq;
    // Room for every entry that there may be; what there is says n_entries. Those of an order come last.
    struct hub_order order = hub_order_of(submission, hub_entry_time(step->hub, step->event->now_ns));
    TRY(hub_pending_new(step, PURPOSE_ACCEPT, &submission->work, ACCEPT_ENTRIES + order.n_entries, &accept.pending));
    accept.append = &accept.pending->append;
    accept.arena = &accept.pending->arena;
    accept.found =
        submission->header->kind == KIND(HIT) && is_looked_for(&accept) && elsewhere(&accept, true, NULL) > 0;
    enum am_err err = accept_fill(&accept);
    if (err == AM_OK)
        err = hub_order_fill(accept.pending, accept.n_entries, submission);
    if (err != AM_OK) {
        hub_pending_free(accept.pending);
        return err == AM_TOO_LARGE ? AM_NOMEM : err;
    }
    accept.append->n_entries = accept.n_entries + order.n_entries;
    hub_pending_send(step, accept.pending);
    return AM_OK;
}
