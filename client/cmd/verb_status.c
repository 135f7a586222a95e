// SPDX-License-Identifier: Apache-2.0
// status: of a message, its state at each recipient; alone, that of the desk (status_desk.c).
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/reach.h"
#include "client/cmd/status_desk.h"
#include "client/cmd/status_kept.h"
#include "client/cmd/unprotected.h"
#include "client/session/outbox.h"
#include "client/session/oversight.h"
#include "client/session/receive.h"
#include "client/session/revoked.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/codec/json.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/life.h"

#include <stdlib.h>
#include <string.h>

struct status_input {
    struct command command;
    const char *id;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct status_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID at most");
    default: return ARGP_ERR_UNKNOWN;
    }
}

static uint64_t ns_of(const Google__Protobuf__Timestamp *time)
{
    uint64_t ns;
    return time != NULL && timestamp_to_ns(time, &ns) == AM_OK ? ns : 0;
}

// "to be acknowledged by …", as long as that is waited for.
static void print_clock(const char *what, const Google__Protobuf__Timestamp *time, uint64_t now)
{
    uint64_t due = ns_of(time);
    if (due != 0)
        printf(" · %s%s by %s (%s)%s", due < now ? print_on(PRINT_RED) : "", what, print_ns(due), print_until(due, now),
               due < now ? print_off() : "");
}

// Whether the store proves what the hub says of a recipient.
static bool delivery_proved(const struct evidence *evidence, const Amana__V1__RecipientStatus *row)
{
    switch (row->delivery) {
    case AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED: return evidence_retrieved(evidence, row->unit);
    case AMANA__V1__DELIVERY_STATE__CODE__DELIVERED: return evidence_delivered(evidence, row->unit);
    default: return true; // nothing that anybody would have signed
    }
}

// Its place among the recipients of what is kept here; n_recipients where the hub names another.
static size_t place_of(const Amana__V1__Header *header, const char *unit)
{
    size_t i = 0;
    while (i < header->n_recipients && strcmp(header->recipients[i]->unit, unit) != 0)
        i++;
    return i;
}

// Whether its sender made the last move, and not the recipient, whose officer is the one who acknowledged before.
static bool moved_by_sender(const Amana__V1__RecipientStatus *row, const struct status_known *known)
{
    size_t place = place_of(known->header, row->unit);
    uint64_t at = ns_of(row->life_at);
    return row->life == AMANA__V1__LIFE_STATE__CODE__WITHDRAWN ||
           (place < known->header->n_recipients && place < LIMIT_RECIPIENTS && at != 0 &&
            known->answers->lives[place].by_sender == at);
}

// Who moved the life last, and when. What the sender or the clock moved names an officer of before, or none.
static bool life_proved(const struct status_known *known, const Amana__V1__RecipientStatus *row)
{
    const struct evidence *evidence = known->evidence;
    if (moved_by_sender(row, known))
        return row->officer[0] == '\0' || evidence_answered(evidence, row->unit, row->officer, 0, false);
    switch (row->life) {
    case AMANA__V1__LIFE_STATE__CODE__NEW:
    case AMANA__V1__LIFE_STATE__CODE__STOPPING:
    case AMANA__V1__LIFE_STATE__CODE__EXPIRED:
    case AMANA__V1__LIFE_STATE__CODE__OPEN:
    case AMANA__V1__LIFE_STATE__CODE__OFFERED:
        return row->officer[0] == '\0' || evidence_answered(evidence, row->unit, row->officer, 0, false);
    default:
        return evidence_answered(evidence, row->unit, row->officer, ns_of(row->life_at),
                                 row->life == AMANA__V1__LIFE_STATE__CODE__STOPPED);
    }
}

static const char *unless_proved(bool proved)
{
    return proved ? "" : " (says the hub, not proved)";
}

static void print_life(const Amana__V1__RecipientStatus *row, unsigned root, const struct status_known *known)
{
    uint64_t now = known->now;
    const char *life = codec_enum_name(&amana__v1__life_state__code__descriptor, (int)row->life);
    enum life_wait wait = life_waits(root, (uint8_t)row->life);
    printf("  %-28s        %s", "", print_on(wait == LIFE_WAIT_ACK ? PRINT_BOLD : PRINT_GREEN));
    print_code(stdout, life, false);
    fputs(print_off(), stdout);
    bool theirs = row->officer[0] != '\0' && !moved_by_sender(row, known);
    if (theirs) {
        fputs(" by ", stdout);
        print_text(stdout, print_officer(row->officer), 0);
    }
    if (row->officer[0] != '\0')
        printf(", %s", print_time(row->life_at));
    fputs(unless_proved(life_proved(known, row)), stdout);
    if (wait == LIFE_WAIT_ACK && row->officer[0] == '\0') {
        print_clock("to be acknowledged", row->ack_due, now);
        print_clock("from retrieval", row->ack_due_retrieved, now);
    }
    if (wait != LIFE_WAIT_NONE && !life_clock_stands((uint8_t)row->life)) {
        print_clock("to be answered", row->answer_due, now);
        print_clock("from retrieval", row->answer_due_retrieved, now);
    }
    if (row->overdue)
        printf(" · %s%s%s", print_on(PRINT_RED), row->escalated ? "OVERDUE, ESCALATED" : "OVERDUE", print_off());
    putchar('\n');
}

// The life that a CANCEL or WITHDRAW began itself: what it ends is to be erased.
static void print_confirm(const Amana__V1__RecipientStatus *row, const struct evidence *evidence, uint64_t now)
{
    bool open = row->confirm == AMANA__V1__LIFE_STATE__CODE__OPEN;
    printf("  %-28s        %s", "", print_on(open ? PRINT_BOLD : PRINT_GREEN));
    fputs(open ? "to be erased" : "erasure ", stdout);
    if (!open)
        print_code(stdout, codec_enum_name(&amana__v1__life_state__code__descriptor, (int)row->confirm), false);
    fputs(print_off(), stdout);
    if (open) {
        print_clock("to be confirmed", row->confirm_due, now);
    } else {
        fputs(" by ", stdout);
        print_text(stdout, print_officer(row->confirm_officer), 0);
        bool proved = evidence_answered(evidence, row->unit, row->confirm_officer, ns_of(row->confirm_at), true);
        printf(", %s%s", print_time(row->confirm_at), unless_proved(proved));
    }
    putchar('\n');
}

static void print_told(const Amana__V1__RecipientStatus *row, const Amana__V1__Header *header, const struct told *told)
{
    size_t i = place_of(header, row->unit);
    char text[TOLD_TEXT];
    if (i < header->n_recipients && told_by(told, i) != NULL)
        printf("  %-28s        %s\n", "", told_words(told, header, i, text));
}

static void print_recipient(struct session *session, const Amana__V1__RecipientStatus *row, unsigned root,
                            const struct status_known *known)
{
    const char *delivery = codec_enum_name(&amana__v1__delivery_state__code__descriptor, (int)row->delivery);
    // Names are the hub's words, and no log's.
    fputs("  ", stdout);
    print_text(stdout, row->unit, 0);
    printf("%*s %-6s ", strlen(row->unit) < 28 ? 28 - (int)strlen(row->unit) : 0, "",
           row->part == AMANA__V1__PART__CODE__COPY ? "copy" : "action");
    print_code(stdout, delivery, false);
    if (row->retrieved_at != NULL)
        printf(" %s", print_time(row->retrieved_at));
    else if (row->delivered_at != NULL)
        printf(" %s", print_time(row->delivered_at));
    printf("%s\n", unless_proved(delivery_proved(known->evidence, row)));
    if (row->delivery != AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED) {
        printf("  %-28s        ", "");
        reach_print(session, known->header, known->shield, row);
        putchar('\n');
    }
    if (row->life != 0)
        print_life(row, root, known);
    if (row->confirm != 0)
        print_confirm(row, known->evidence, known->now);
}

// The hub's answer must be about the bytes that are kept here, and the entry that proves them.
static Amana__V1__MessageStatus *find_row(const Amana__V1__StatusResponse *response, const Amana__V1__Kept *kept)
{
    for (size_t i = 0; i < response->n_messages; i++)
        if (response->messages[i]->seq == kept->entry->index &&
            log_sha256_is(codec_bytes(kept->message->header), codec_bytes(response->messages[i]->header_digest)))
            return response->messages[i];
    return NULL;
}

// Nothing of how it is reached where the case is kept from it.
static void reach_put(struct session *session, const struct status_known *known, const char *unit, json_t *row)
{
    static const char *const SAYS[] = {"telephone", "hours", "deputy"}; // the hub
    bool kept_from = shield_keeps(known->shield, known->header, unit, NULL);
    json_t *reach = kept_from ? NULL : reach_json(session, unit);
    for (size_t i = 0; i < AM_LEN(SAYS) && kept_from; i++)
        (void)json_object_del(row, SAYS[i]);
    if (reach != NULL)
        json_object_set_new(row, "reach", reach);
}

static json_t *row_json(struct session *session, const Amana__V1__MessageStatus *row, const struct status_known *known)
{
    const Amana__V1__Header *header = known->header;
    json_t *object = json_from_message(&row->base, 0), *list = json_object_get(object, "recipients");
    for (size_t i = 0; i < row->n_recipients; i++) {
        size_t place = place_of(header, row->recipients[i]->unit);
        const char *by = place < header->n_recipients ? told_by(&known->answers->told, place) : NULL;
        json_object_set_new(json_array_get(list, i), "proved",
                            json_pack("{s:b, s:b}", "delivery", delivery_proved(known->evidence, row->recipients[i]),
                                      "life", life_proved(known, row->recipients[i])));
        if (by != NULL)
            json_object_set_new(json_array_get(list, i), "told", json_string(by));
        reach_put(session, known, row->recipients[i]->unit, json_array_get(list, i));
    }
    return object;
}

// How it stands with its second person; nothing where none was asked for.
static void print_release(const Amana__V1__MessageStatus *row, const struct status_known *known,
                          const Amana__V1__Kept *kept, const char *id)
{
    char mend[80] = "";
    if (second_never(kept, known->header))
        snprintf(mend, sizeof mend, "; `amana mend %.13s` writes it as a draft again", id);
    switch (row->release) {
    case AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE:
        printf("  waits for a second person, until %s\n", print_time(row->release_due));
        break;
    case AMANA__V1__RELEASE_STATE__CODE__RELEASED: printf("  released by %s\n", print_officer(row->releaser)); break;
    case AMANA__V1__RELEASE_STATE__CODE__RETURNED:
        printf("  sent back by %s%s%s%s\n", print_officer(row->releaser), kept->release_text[0] != '\0' ? ": " : "",
               kept->release_text, mend);
        break;
    case AMANA__V1__RELEASE_STATE__CODE__LAPSED: printf("  nobody released it in time%s\n", mend); break;
    default: break;
    }
}

static void print_revoked(const char *words)
{
    printf("  %s%s%s\n", print_on(PRINT_RED), words, print_off());
}

static int print_message(struct command *command, const Amana__V1__Kept *kept, const char *id,
                         const Amana__V1__MessageStatus *row, const struct status_known *known)
{
    const Amana__V1__Header *header = known->header;
    if (command->json)
        return json_line_state(command->session, kept, row_json(command->session, row, known), stdout);
    char oversight[OVERSIGHT_TEXT];
    bool parked = second_waits(command->session->store, STORE_SENT, id);
    printf("%s  %s %s, entry %llu of %s\n", id, parked ? "parked" : "accepted", print_ns(kept->entry->time),
           (unsigned long long)kept->entry->index, command->session->hub->origin);
    print_release(row, known, kept, id);
    oversight_words_of(command->session, kept->message, header, oversight);
    if (oversight[0] != '\0')
        printf("  %s\n", oversight);
    revoked_each(command->session, header, print_revoked);
    if (parked) // nobody has it
        return 0;
    struct unprotected unprotected;
    unprotected_look(command->session, kept, &unprotected);
    unprotected_print(&unprotected, stdout);
    struct life_summary summary = {0};
    unsigned root = kind_root((unsigned)header->kind);
    for (size_t i = 0; i < row->n_recipients; i++) {
        print_recipient(command->session, row->recipients[i], root, known);
        print_told(row->recipients[i], header, &known->answers->told);
        if (row->recipients[i]->life != 0)
            life_summary_add(&summary, root, (uint8_t)row->recipients[i]->life);
    }
    if (summary.lives > 1)
        printf("  of %u: %u to acknowledge, %u to answer, %u done\n", summary.lives, summary.to_acknowledge,
               summary.to_answer, summary.done);
    return 0;
}

static enum am_err asked_row(struct session *session, const Amana__V1__Kept *kept, const struct status_known *known,
                             struct arena *arena, struct am_detail *detail, Amana__V1__MessageStatus **ret_row)
{
    Amana__V1__StatusResponse *response;
    TRY(reach_ask(session, known->header->id, arena, detail, &response));
    *ret_row = find_row(response, kept);
    return *ret_row != NULL ? AM_OK
                            : am_fail(AM_PROOF, detail, known->header->id, "the hub's answer is about another message");
}

// What the hub has not taken stands nowhere yet.
static int of_outbox(struct command *command, const char *id, struct arena *arena)
{
    struct am_detail detail = {0};
    Amana__V1__Kept *kept;
    enum am_err err = store_get(command->session->store, STORE_OUTBOX, id, arena, &kept);
    if (err == AM_OK && outbox_was_refused(kept)) {
        command_tell_refused(id, kept->wait_text);
        return EX_NOPERM;
    }
    if (err == AM_OK)
        err = am_fail(AM_UNAVAILABLE, &detail, id, "it still waits in the outbox%s%.200s",
                      link_alive(command->session->link) ? "" : ": no link to the hub: ",
                      link_alive(command->session->link) ? "" : command->session->offline.text);
    return command_fail(err, &detail);
}

static int of_message(struct status_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct command *command = &input->command;
    Amana__V1__MessageStatus *row = NULL;
    struct evidence evidence;
    struct answers answers;
    struct shield shield;
    Amana__V1__Header *header = NULL;
    enum am_err err = AM_OK;
    bool online;
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    int code = command_find(command, BOXES_ALL, input->id, &box, id);
    if (code != 0)
        return code;
    if (box == STORE_INBOX) {
        command_say(
            "%.13s came to this unit; the state at each recipient is its sender's to see. How it stands here: `amana "
            "show %.13s`",
            id, id);
        return EX_DATAERR;
    }
    code = command_try_connect(command, &online);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    // Notices first: signed by others.
    if (online)
        err =
            receive_mail(command->session, false, &detail, &(struct receive_teller){NULL, command_tell_fault, command});
    if (err == AM_OK)
        err = store_get(command->session->store, STORE_SENT, id, &arena, &kept);
    if (err == AM_NOT_FOUND)
        return of_outbox(command, id, &arena);
    if (err == AM_OK)
        err = seal_header(kept->message, &arena, &detail, &header);
    if (err == AM_OK)
        err = evidence_find(command->session, kept, &arena, &evidence);
    if (err == AM_OK)
        err = answers_find(command->session, id, &answers);
    if (err == AM_OK)
        err = shield_of_case(command->session, header->case_ref, &shield);
    const struct status_known known = {header, &evidence, &answers, &shield, session_now(command->session)};
    if (err == AM_OK)
        err = online ? asked_row(command->session, kept, &known, &arena, &detail, &row)
                     : status_kept(command->session, kept, &known, &arena, &row);
    if (err != AM_OK)
        return command_fail(err, &detail);
    code = print_message(command, kept, id, row, &known);
    if (online || code != 0)
        return code;
    command_say("no link (%s): this is what has come here; what has become of it since the hub says",
                command->session->offline.text);
    return EX_UNAVAILABLE;
}

int verb_status(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "[ID]",
        "With ID: how each recipient of a message of this unit stands, who acknowledged and "
        "when. Alone: what is in force and from where, certificates, link and log.",
        command_children,
        NULL,
        NULL};
    struct status_input input = {0};
    struct am_detail detail = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code != 0 && input.id == NULL && settings_load(&input.command.flags, &detail, &input.command.settings) == AM_OK)
        status_desk_settings(&input.command.settings);
    if (code == 0)
        code = command_end(&input.command, input.id != NULL ? of_message(&input) : status_desk(&input.command));
    command_clear(&input.command);
    return code;
}
