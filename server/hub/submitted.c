// SPDX-License-Identifier: Apache-2.0
// What an accepted message writes: its entry, its record, mail for each device, deliveries, lives and the chain.
#include "server/hub/internal.h"

#include <string.h>

struct accept {
    struct hub_step *step;
    struct hub_submission *submission;
    const struct hub_decision *decision;
    struct hub_pending *pending;
    struct journal_append *append;
    struct arena *arena;
    const Amana__V1__Header *header;
    const struct kind *kind;
    uint64_t root; // seq, or JOURNAL_SELF
};

// --- The entry
// The root's pointer: what is answered is the root itself, or a version of it that names the root in turn.
static const Amana__V1__Pointer *root_pointer(const struct accept *accept)
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
        moves[i].root = (Amana__V1__Pointer *)root_pointer(accept);
        moves[i].recipient = (char *)accept->submission->newest.recipients[decision->moves[i].index].unit;
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
    if (!accept->decision->alarm)
        return AM_OK;
    char *text = arena_printf(accept->arena, "%s: a child is concerned and the sender's country has none", header->id);
    return text == NULL ? arena_error(accept->arena) : hub_alarm_pack(accept->pending, 1, "NO_PROTECTION_UNIT", text);
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
    memcpy(message->header_digest, submission->header_digest, sizeof message->header_digest);
    pending->append.message = message;
    return AM_OK;
}

// --- Mail: each device of each recipient, and a copy for the other devices of the sender and of who releases it
static void mail_add(struct accept *accept, const char *unit, enum journal_mail_kind kind)
{
    const struct hub_kept_roster *roster = hub_roster_newest(accept->step->hub, unit);
    struct journal_append *append = accept->append;
    for (size_t i = 0; roster != NULL && i < roster->n_devices; i++) {
        const char *device = roster->devices[i].uri;
        if (strcmp(device, accept->header->device) == 0 && accept->submission->mode != HUB_SUBMIT_RELEASE)
            continue; // it has it; but not as it was released
        accept->pending->wake[accept->pending->n_wake++] = device;
        append->mail[append->n_mail++] =
            (struct journal_mail){device, (uint8_t)accept->header->urgency, JOURNAL_SELF, (uint8_t)kind};
    }
}

static size_t device_count(const struct accept *accept, const char *unit)
{
    const struct hub_kept_roster *roster = hub_roster_newest(accept->step->hub, unit);
    return roster != NULL ? roster->n_devices : 0;
}

static enum am_err mail_fill(struct accept *accept)
{
    const Amana__V1__Header *header = accept->header;
    const char *sender = accept->submission->sender;
    bool to_itself = false;
    const char *releasing = header->releasing != NULL ? header->releasing->unit : sender;
    bool others = strcmp(releasing, sender) != 0;
    size_t room = device_count(accept, sender) + device_count(accept, releasing);
    for (size_t i = 0; i < header->n_recipients; i++)
        room += device_count(accept, header->recipients[i]->unit);
    accept->append->mail = arena_array(accept->arena, room, sizeof *accept->append->mail);
    accept->pending->wake = arena_array(accept->arena, room, sizeof *accept->pending->wake);
    if (accept->append->mail == NULL || accept->pending->wake == NULL)
        return arena_error(accept->arena);
    for (size_t i = 0; i < header->n_recipients; i++) {
        to_itself |= strcmp(header->recipients[i]->unit, sender) == 0;
        others &= strcmp(header->recipients[i]->unit, releasing) != 0;
        mail_add(accept, header->recipients[i]->unit, JOURNAL_MAIL_MESSAGE);
    }
    if (!to_itself)
        mail_add(accept, sender, JOURNAL_MAIL_COPY);
    if (others)
        mail_add(accept, releasing, JOURNAL_MAIL_COPY);
    return AM_OK;
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
    unsigned target = submission->has_chain ? submission->chain.urgency : submission->reply_to.urgency;
    return kind_due((unsigned)accept->header->kind, (unsigned)accept->header->urgency, target,
                    header_time_or_0(accept->header->answer_by), accept->append->time_ns);
}

static void life_born(struct accept *accept, uint64_t root, const char *recipient, uint8_t state, struct kind_due due)
{
    accept->append->lives[accept->append->n_lives++] = (struct journal_life){.root = root,
                                                                             .recipient = recipient,
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
    life.root = accept->submission->root.seq;
    life.recipient = accept->submission->newest.recipients[index].unit;
    if (life_clock_stands(life.state) && life.answer_due != 0)
        life.answer_due += accept->append->time_ns - life.state_at;
    life.state = to;
    life.state_at = accept->append->time_ns;
    if (accept->kind->chain != CHAIN_NONE) { // a clock begins anew, and nobody has answered it
        struct kind_due due = due_of(accept);
        life.clock_seq = JOURNAL_SELF;
        life.ack_due = due.ack;
        life.answer_due = due.answer;
        life.officer = "";
    } else if (strcmp(life.recipient, accept->submission->sender) == 0) {
        life.officer = accept->header->officer;
    }
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
        life_moved(accept, accept->decision->moves[i].index, accept->decision->moves[i].to);
    for (size_t i = 0; i < header->n_recipients && first != LIFE(UNSPECIFIED); i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        bool new = !renews || !hub_recipient_index(&submission->newest, recipient->unit, &index);
        if (recipient->part == AMANA__V1__PART__CODE__ACTION && new)
            life_born(accept, accept->root, recipient->unit, first, due_of(accept));
    }
    for (size_t i = 0; i < header->n_recipients && confirm; i++)
        life_born(accept, JOURNAL_SELF, header->recipients[i]->unit, LIFE_CONFIRM_FIRST,
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
    TRY(hub_released_entry(accept->pending, accept->append->n_entries - 1, &released));
    accept->append->entries[accept->append->n_entries - 1].of = JOURNAL_SELF;
    return hub_release_end(accept->pending, &submission->release, AMANA__V1__RELEASE_STATE__CODE__RELEASED,
                           submission->supervisor);
}

static enum am_err accept_fill(struct accept *accept)
{
    TRY(entry_fill(accept));
    TRY(hub_message_fill(accept->pending, accept->submission, accept->root));
    TRY(mail_fill(accept));
    TRY(deliveries_fill(accept));
    TRY(lives_fill(accept));
    TRY(release_fill(accept));
    return chain_fill(accept);
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
    size_t n_entries = 1 + (decision->alarm ? 1 : 0) + (submission->mode == HUB_SUBMIT_RELEASE ? 1 : 0);
    struct hub_order order = hub_order_of(submission, hub_entry_time(step->hub, step->event->now_ns)); // comes last
    TRY(hub_pending_new(step, PURPOSE_ACCEPT, &submission->work, n_entries + order.n_entries, &accept.pending));
    accept.append = &accept.pending->append;
    accept.arena = &accept.pending->arena;
    enum am_err err = accept_fill(&accept);
    if (err == AM_OK)
        err = hub_order_fill(accept.pending, n_entries, submission);
    if (err != AM_OK) {
        hub_pending_free(accept.pending);
        return err == AM_TOO_LARGE ? AM_NOMEM : err;
    }
    hub_pending_send(step, accept.pending);
    return AM_OK;
}
