// SPDX-License-Identifier: Apache-2.0
// What a worker reads of the journal in memory.
#include "tests/sim/model_rows.h"

#include "proto/model/harm.h"
#include "proto/model/header.h"
#include "proto/model/rules.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

// --- Of a message that is checked
static struct model_message *by_pointer(struct model *model, const Amana__V1__Pointer *pointer)
{
    return pointer != NULL ? model_find(model, NULL, pointer->id) : NULL;
}

static struct hub_found found(struct model_message *message, const Amana__V1__Pointer *pointer)
{
    if (message == NULL)
        return (struct hub_found){0};
    return (struct hub_found){.found = true,
                              .digest_matches =
                                  pointer == NULL || (pointer->header_digest.len == 32 &&
                                                      memcmp(pointer->header_digest.data, message->digest, 32) == 0),
                              .seq = message->seq,
                              .root = message->root,
                              .kind = message->kind,
                              .urgency = message->urgency,
                              .originator = message->originator,
                              .recipients = message->recipients,
                              .n_recipients = message->n_recipients,
                              .header = message->decoded,
                              .flags = message->flags};
}

// With what a permission was asked about, where it is a DECISION on one.
static struct hub_found found_decision(struct model *model, struct model_message *message,
                                       const Amana__V1__Pointer *pointer)
{
    struct hub_found decision = found(message, pointer);
    if (message != NULL && message->kind == KIND(DECISION)) {
        const struct model_message *asking = by_pointer(model, message->decoded->in_reply_to);
        decision.asked = asking != NULL ? asking->decoded->in_reply_to : NULL;
    }
    return decision;
}

static bool is_party(const struct model_message *message, const char *unit)
{
    bool party = message != NULL && strcmp(message->originator, unit) == 0;
    for (size_t i = 0; message != NULL && i < message->n_recipients; i++)
        party |= strcmp(message->recipients[i].unit, unit) == 0;
    return party;
}

static void check_case(struct model *model, struct hub_submission *submission)
{
    for (size_t i = 0; i < model->n; i++) {
        const struct model_message *message = model->entries[i].message;
        if (message == NULL || message->parked || strcmp(message->case_ref, submission->header->case_ref) != 0)
            continue;
        submission->case_exists = true;
        submission->case_party |= is_party(message, submission->work.unit);
    }
}

// As net does it: a recipient whom a newer version was kept from lives by the one that it has.
static void check_versions(struct model *model, struct hub_submission *submission, struct model_message *root)
{
    const struct journal_life *own = model_life_at(root, submission->sender);
    for (size_t i = 0; root->has_chain && i < submission->header->n_recipients; i++) {
        const struct journal_life *life = model_life_at(root, submission->header->recipients[i]->unit);
        submission->former_life[i] = life != NULL ? life->version : 0;
    }
    if (!root->has_chain || own == NULL ||
        is_party(model_message_at(model, submission->newest.seq), submission->sender))
        return;
    submission->newest = found(model_message_at(model, own->clock_seq), NULL);
    if (!is_party(model_message_at(model, own->clock_seq), submission->sender))
        submission->newest = is_party(root, submission->sender) ? submission->root : submission->reply_to;
}

// What is another to its unit is judged by what that knows: by the version that it has.
static bool check_own(struct model *model, struct hub_submission *submission, struct model_message *root,
                      struct journal_life *ret_life)
{
    const struct journal_life *own = model_life_at(root, submission->sender);
    struct life_known known;
    if (own == NULL)
        return false;
    *ret_life = *own;
    if (!model_life_apart(model, root, submission->sender, &known, ret_life))
        return false;
    submission->apart = !life_known_stands(&known, own->state);
    if (root->has_chain)
        submission->newest = found(model_message_at(model, known.version), NULL);
    submission->case_seen = model->n - 1;
    return true;
}

static void life_keep(struct model *model, struct hub_submission *submission, size_t i, const struct journal_life *life)
{
    submission->has_life[i] = life != NULL;
    if (life == NULL)
        return;
    submission->lives[i] = *life;
    submission->in_force[i] = kind_in_force(model_message_at(model, life->clock_seq)->decoded);
}

// Those of units that an older version went to, and the newest didn't.
static void older_lives(struct model *model, struct hub_submission *submission, const struct model_message *root)
{
    const struct model_message *newest = model_message_at(model, submission->newest.seq);
    if (kind_get((unsigned)submission->header->kind)->chain != CHAIN_ENDS)
        return;
    for (size_t i = 0; i < root->n_lives && submission->n_lives < LIMIT_RECIPIENTS; i++)
        if (!is_party(newest, root->lives[i].recipient))
            life_keep(model, submission, submission->n_lives++, &root->lives[i]);
}

static void check_life(struct model *model, struct hub_submission *submission)
{
    bool own = life_is_own(submission->reply_to.kind, (unsigned)submission->header->kind);
    struct model_message *root = model_message_at(model, own ? submission->reply_to.seq : submission->reply_to.root);
    submission->root = found(root, NULL);
    submission->has_chain = root->has_chain;
    submission->chain = root->chain;
    submission->newest = found(root->has_chain ? model_message_at(model, root->chain.newest) : root, NULL);
    check_versions(model, submission, root);
    struct journal_life own_life;
    submission->apart = false;
    bool known = check_own(model, submission, root, &own_life);
    submission->n_lives = submission->newest.n_recipients;
    for (size_t i = 0; i < submission->newest.n_recipients; i++) {
        const struct journal_life *life = model_life_at(root, submission->newest.recipients[i].unit);
        if (known && strcmp(submission->newest.recipients[i].unit, submission->sender) == 0)
            life = &own_life;
        life_keep(model, submission, i, life);
        if (life == NULL || strcmp(life->recipient, submission->work.unit) != 0)
            continue;
        const struct journal_delivery *delivery =
            model_delivery_at(model_message_at(model, life->clock_seq), life->recipient);
        submission->clock = *delivery;
    }
    older_lives(model, submission, root);
    model_check_asked(model, submission, root);
}

static struct hub_content content_of(struct model *model, const struct hub_found *found)
{
    const struct model_message *message = found->found ? model_message_at(model, found->seq) : NULL;
    return message != NULL ? (struct hub_content){message->erased, message->ordered, message->held_until}
                           : (struct hub_content){0};
}

static void check_content(struct model *model, struct hub_submission *submission)
{
    const struct hub_found *named;
    submission->root_content = content_of(model, &submission->root);
    for (size_t i = 0; (named = hub_named(submission, i)) != NULL; i++)
        submission->named[i] = content_of(model, named);
}

static void check_reset(struct hub_submission *s)
{
    s->known = s->known_same = s->case_exists = s->case_party = s->reply_party = s->has_chain = false;
    s->original_receipt = (struct am_bytes){0};
    s->as_known = NULL;
    s->reply_to = s->supersedes = s->root = s->newest = (struct hub_found){0};
    memset(s->reference_party, 0, sizeof s->reference_party);
    memset(s->has_life, 0, sizeof s->has_life);
    s->clock = (struct journal_delivery){0};
    memset(s->former_life, 0, sizeof s->former_life);
}

static void known(struct model *model, struct hub_submission *submission, uint64_t seq, bool same)
{
    submission->known = true;
    submission->known_seq = seq;
    submission->known_same = same;
    if (same)
        submission->original_receipt = model_receipt_of(model, seq);
}

// One that was parked was parked first: that is its original.
static void check_known(struct model *model, struct hub_submission *submission)
{
    const char *device = submission->work.identity, *id = submission->header->id;
    const struct model_message *there = model_find_parked(model, device, id);
    if (there == NULL)
        there = model_find(model, device, id);
    if (there != NULL)
        known(model, submission, there->seq, memcmp(there->digest, submission->header_digest, 32) == 0);
}

static bool ended_by(const struct journal_release *release, uint8_t state, const char *supervisor)
{
    return release->state == state && strcmp(release->officer, supervisor) == 0;
}

// How it stands with what is released. A test may say so itself, of one that isn't there.
static void check_waiting(struct model *model, struct hub_submission *submission)
{
    const struct model_message *waits = model_find_parked(model, submission->header->device, submission->header->id);
    if (waits == NULL)
        return;
    submission->parked = waits->seq;
    submission->release = waits->release;
    if (ended_by(&waits->release, AMANA__V1__RELEASE_STATE__CODE__RELEASED, submission->supervisor))
        known(model, submission, waits->release.ended_by, true);
}

void model_read_settlement(struct model *model, struct hub_settlement *settlement, uint64_t seq)
{
    const struct model_message *message = model_message_at(model, seq);
    uint8_t state =
        settlement->returns ? AMANA__V1__RELEASE_STATE__CODE__RETURNED : AMANA__V1__RELEASE_STATE__CODE__RELEASED;
    settlement->checked = REASON_NONE;
    settlement->header = message->decoded;
    settlement->release = message->release;
    memcpy(settlement->header_digest, message->digest, 32);
    if (ended_by(&message->release, state, settlement->supervisor))
        settlement->original_receipt = model_receipt_of(model, message->release.ended_by);
}

void model_check(struct model *model, struct hub_submission *submission, enum reason checked)
{
    const Amana__V1__Header *header = submission->header;
    check_reset(submission);
    memset(submission->oversight, 0, sizeof submission->oversight);
    if (model->overseen != NULL && address_in_country(submission->sender, model->overseen))
        memcpy(submission->oversight, model->oversight, sizeof submission->oversight);
    submission->oversight_recalled = model->recalls && submission->crl.len != 0 && header->oversight_point.len == 0;
    model_digest(submission->header_bytes, submission->header_digest);
    model_digest(submission->signature, submission->signature_digest);
    if (submission->mode == HUB_SUBMIT_RELEASE)
        check_waiting(model, submission);
    else
        check_known(model, submission);
    if (submission->known || submission->verdict != REASON_NONE)
        return;
    submission->checked = checked;
    // What is released was sealed by its own point.
    submission->point_used =
        header->oversight_point.len > JOURNAL_POINT &&
        model_by_point(model, header->oversight_point.data + 1,
                       submission->mode == HUB_SUBMIT_RELEASE ? submission->parked : JOURNAL_SELF) != NULL;
    submission->shield = model_shield_of(model, header->case_ref);
    check_case(model, submission);
    struct model_message *to = by_pointer(model, header->in_reply_to);
    submission->reply_to = found_decision(model, to, header->in_reply_to);
    submission->reply_party = is_party(to, submission->work.unit);
    submission->supersedes = found(by_pointer(model, header->supersedes), header->supersedes);
    for (size_t i = 0; i < header->n_references; i++) {
        struct model_message *message = by_pointer(model, header->references[i]);
        submission->references[i] = found_decision(model, message, header->references[i]);
        submission->reference_party[i] = is_party(message, submission->work.unit);
        if (message != NULL && strcmp(message->case_ref, header->case_ref) != 0)
            submission->references[i].shield = model_shield_of(model, message->case_ref);
    }
    if (to != NULL)
        check_life(model, submission);
    const Amana__V1__Header *root = submission->root.header;
    if (kind_orders((unsigned)header->kind) || (root != NULL && rule_kept_longer(header, root)))
        check_content(model, submission);
}

static void party_read(struct model *model, const struct model_message *message, const char *unit,
                       struct clock_party *ret_party)
{
    struct model_message *root = model_message_at(model, message->root);
    const struct journal_life *lives[CLOCK_KEPT] = {
        model_life_at(root, unit), root != message ? model_life_at(model_message_at(model, message->seq), unit) : NULL};
    *ret_party = (struct clock_party){.unit = unit,
                                      .has_delivery = true,
                                      .delivery = *model_delivery_at(model_message_at(model, message->seq), unit)};
    for (size_t i = 0; i < CLOCK_KEPT; i++)
        if (lives[i] != NULL)
            ret_party->lives[i] = (struct clock_life){.there = lives[i]->clock_seq == message->seq,
                                                      .root_kind = i == 0 ? root->kind : message->kind,
                                                      .life = *lives[i]};
}

// --- Of a case that is kept from states
static bool withheld(struct model *model, const struct journal_shield *shield, const char *device,
                     const struct journal_mail *row)
{
    const struct model_entry *entry = &model->entries[row->seq];
    struct model_message *message = entry->message;
    char unit[LIMIT_ADDRESS + 1];
    snprintf(unit, sizeof unit, "%.*s", (int)(strstr(device, "/device/") - device - 8), device + 8);
    if (row->kind == JOURNAL_MAIL_NOTICE && entry->content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE &&
        address_same_country(entry->content->deadline->recipient, unit)) // as it is told, so are its supervisors
        strlcpy(unit, entry->content->deadline->recipient, sizeof unit);
    if (row->kind == JOURNAL_MAIL_NOTICE &&
        (entry->kind == AMANA__V1__ENTRY_KIND__CODE__DEADLINE || entry->kind == AMANA__V1__ENTRY_KIND__CODE__STATE ||
         entry->kind == AMANA__V1__ENTRY_KIND__CODE__RELEASED || entry->kind == AMANA__V1__ENTRY_KIND__CODE__RETURNED))
        message = model_message_at(model, entry->of);
    if (row->kind == JOURNAL_MAIL_COPY || message == NULL || strcmp(message->case_ref, shield->case_ref) != 0)
        return false;
    return model_withheld(model, shield, unit, message);
}

bool model_mail_withheld(struct model *model, const char *device, const struct journal_mail *row)
{
    const struct model_entry *entry = &model->entries[row->seq];
    struct journal_shield shield = {.n = 0};
    for (size_t i = 0; i < entry->n_cases && shield.n == 0; i++)
        shield = model_shield_of(model, entry->cases[i]);
    return shield.n > 0 && withheld(model, &shield, device, row);
}

// The rows of one entry that are withheld.
static void hidden_read(struct model *model, const struct journal_shield *shield, uint64_t seq,
                        struct hub_due_case *of_case)
{
    struct journal_mail *rows = model_take(model, of_case->n_hidden + model->n_mailboxes + 1, sizeof *rows);
    if (of_case->n_hidden > 0)
        memcpy(rows, of_case->hidden, of_case->n_hidden * sizeof *rows);
    for (size_t i = 0; i < model->n_mailboxes; i++)
        for (size_t j = 0; j < model->mailboxes[i].n; j++)
            if (model->mailboxes[i].rows[j].seq == seq &&
                withheld(model, shield, model->mailboxes[i].device, &model->mailboxes[i].rows[j]))
                rows[of_case->n_hidden++] = model->mailboxes[i].rows[j];
    of_case->hidden = rows;
}

static bool entry_left(const struct model_message *message, bool *ret_waits)
{
    *ret_waits = message != NULL && message->has_release && message->release.waits && !message->release.deferred;
    return message != NULL && (message->parked ? *ret_waits : !message->erased);
}

// As much of it, from the row's place on, as a worker reads at once.
static void case_read(struct model *model, const char *case_ref, const struct journal_deadline *row,
                      struct hub_due_case *of_case)
{
    const struct journal_shield shield = model_shield_of(model, case_ref);
    size_t reads = 0;
    *of_case = (struct hub_due_case){.kept = shield.version > 0, .version = shield.version, .place = row->place};
    while (of_case->kept && (model->entries[of_case->first].message == NULL ||
                             !model_entry_in_case(&model->entries[of_case->first], case_ref)))
        of_case->first++;
    for (uint64_t seq = row->place; seq < model->n && of_case->kept; seq++) {
        if (!model_entry_in_case(&model->entries[seq], case_ref))
            continue;
        of_case->more = reads++ == LIMIT_CASE_READS;
        of_case->left = !of_case->more && entry_left(model->entries[seq].message, &of_case->waits);
        if (of_case->more || of_case->left)
            return;
        of_case->place = seq + 1;
        if (row->kind == DEADLINE_SHIELD)
            hidden_read(model, &shield, seq, of_case);
    }
}

void model_read_due(struct model *model, struct hub_due *due)
{
    const struct journal_deadline *row = &due->deadline;
    struct model_message *message = model_message_at(model, row->subject);
    due->err = model->unread ? AM_IO : row->subject < model->damaged ? AM_CORRUPT : AM_OK;
    size_t index = model_deadline_index(model, row->kind, row->subject, row->at);
    due->there = index < model->n_deadlines;
    due->about = due->root = (struct hub_found){0};
    if (!due->there || message == NULL)
        return;
    const struct model_message *root = model_message_at(model, message->root);
    due->about = found(message, NULL);
    due->root = found(model_message_at(model, message->root), NULL);
    due->deadline.place = model->deadlines[index].place;
    if (row->kind == DEADLINE_APART)
        model_read_apart_messages(model, message->case_ref, due->deadline.place, &due->of_case);
    else
        case_read(model, message->case_ref, row, &due->of_case);
    memcpy(due->digest, message->digest, 32);
    due->content = (struct hub_content){message->erased, message->ordered, message->held_until};
    memcpy(due->root_digest, root->digest, 32);
    due->has_release = message->has_release;
    due->release = message->release;
    due->clocks =
        (struct clock_message){.seq = message->seq,
                               .urgency = message->urgency,
                               .answer_by = header_time_or_0(message->decoded->answer_by),
                               .valid_until = kind_in_force(message->decoded),
                               .retain_until = (uint64_t)message->decoded->retain_until->seconds * NS_PER_S,
                               .n = message->n_recipients,
                               .parties = model_take(model, message->n_recipients, sizeof *due->clocks.parties)};
    for (size_t i = 0; i < message->n_recipients; i++) {
        party_read(model, message, message->recipients[i].unit, &due->clocks.parties[i]);
        due->clocks.parties[i].own = strcmp(message->recipients[i].unit, message->originator) == 0;
    }
    model_read_apart(model, due);
    model_read_asked(model, due);
}

void model_read_retrieval(struct model *model, struct hub_retrieval *retrieval, const uint64_t *seqs, size_t n,
                          const uint64_t *notices, size_t n_notices)
{
    const struct model_mailbox *box = model_mailbox(model, retrieval->work.identity);
    struct hub_retrieved_message *messages = model_take(model, n, sizeof *messages);
    struct journal_mail *rows = model_take(model, n_notices, sizeof *rows);
    retrieval->messages = messages;
    retrieval->n_messages = n;
    for (size_t i = 0; i < n; i++) {
        struct model_message *message = model_message_at(model, seqs[i]);
        messages[i] = (struct hub_retrieved_message){
            .seq = seqs[i],
            .urgency = message->urgency,
            .originator = message->originator,
            .case_ref = message->case_ref,
            .retain_until_ns = (uint64_t)message->decoded->retain_until->seconds * NS_PER_S,
            .pending = model_mail_index(box, seqs[i], message->urgency) < box->n,
            .delivery = *model_delivery_at(message, retrieval->work.unit),
            .answer_by = header_time_or_0(message->decoded->answer_by)};
        struct clock_party party;
        party_read(model, message, retrieval->work.unit, &party);
        memcpy(messages[i].lives, party.lives, sizeof messages[i].lives);
        if (party.lives[0].life.recipient == NULL)
            continue;
        messages[i].gone_on = life_gone_on(party.lives[0].root_kind, message->kind, seqs[i], &party.lives[0].life);
        messages[i].stands = life_stands_for(party.lives[0].root_kind, message->kind, &party.lives[0].life);
    }
    retrieval->notices = rows;
    retrieval->n_notices = 0;
    for (size_t i = 0; i < n_notices; i++)
        for (size_t j = 0; j < box->n; j++)
            if (box->rows[j].seq == notices[i] && box->rows[j].kind != JOURNAL_MAIL_MESSAGE)
                rows[retrieval->n_notices++] = box->rows[j];
}
