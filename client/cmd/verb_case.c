// SPDX-License-Identifier: Apache-2.0
// case: what is kept here of a case as one timeline, each message with its clocks: what was due when, what came, and
// whether in time. From this client's store, off line.
#include "client/cmd/clock_line.h"
#include "client/cmd/command.h"
#include "client/cmd/due_here.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/screen.h"
#include "client/cmd/told.h"
#include "client/cmd/traffic.h"
#include "client/session/evidence.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "client/session/taken.h"
#include "proto/log/leaf.h"
#include "proto/model/address.h"
#include "proto/model/header.h"
#include "proto/model/header_parts.h"
#include "proto/model/life.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define CASE_MESSAGES 4096u // of one case

// What the timeline needs of a message; its body is opened where it is shown.
struct item {
    char id[STORE_ID];
    enum store_box box;
    uint64_t seq, time;
    unsigned due_by; // urgency that its clocks go by
    const Amana__V1__Header *header;
    const Amana__V1__Kept *kept;
    uint8_t digest[LOG_HASH_SIZE];
    uint64_t *retrieved; // by recipient: the first device's word that it has it, UTC ns or 0. NULL: of none
};

struct case_input {
    struct command command;
    struct traffic traffic;
    const char *ref;
    struct arena arena;
    struct item *items;
    size_t n, room;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct case_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->ref, "one CASE only");
    case ARGP_KEY_END:
        if (input->ref == NULL)
            argp_error(state, "needs a CASE, as in ke/dci/2026/004211");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// Room for one more: few cases have more than some.
static enum am_err items_grow(struct case_input *input)
{
    if (input->n < input->room)
        return AM_OK;
    size_t room = input->room * 2 + 16;
    struct item *items = arena_array(&input->arena, room, sizeof *items);
    if (items == NULL)
        return arena_error(&input->arena);
    if (input->n > 0)
        memcpy(items, input->items, input->n * sizeof *items);
    input->items = items;
    input->room = room;
    return AM_OK;
}

static enum am_err load(struct case_input *input, struct am_detail *detail)
{
    struct store *store = input->command.session->store;
    enum store_box box;
    char id[STORE_ID];
    enum am_err err;
    for (uint64_t seq = 0; (err = store_next_of_case(store, input->ref, &seq, &box, id)) == AM_OK; seq++) {
        Amana__V1__Kept *kept;
        Amana__V1__Header *header;
        if (store_get(store, box, id, &input->arena, &kept) != AM_OK ||
            seal_header(kept->message, &input->arena, NULL, &header) != AM_OK || kept->entry == NULL ||
            kept->entry->index != seq || // the row of the time when it waited for its second person
            !traffic_wants(&input->traffic, header->status))
            continue; // gone, or of the other kind of traffic
        TRY(items_grow(input));
        struct item *item = &input->items[input->n];
        *item = (struct item){.box = box, .seq = seq, .time = kept->entry->time, .header = header, .kept = kept};
        item->due_by = due_here_by(input->command.session, header);
        strlcpy(item->id, id, sizeof item->id);
        TRY(log_sha256(codec_bytes(kept->message->header), item->digest));
        if (++input->n == CASE_MESSAGES)
            return am_fail(AM_TOO_LARGE, detail, input->ref, "has more than %u messages", CASE_MESSAGES);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

struct retrieving {
    struct case_input *input;
    struct item *item;
};

static enum am_err note_retrieval(const struct retrieving *of, const char *unit, uint64_t time_ns)
{
    struct item *item = of->item;
    size_t n = item->header->n_recipients;
    if (item->retrieved == NULL) {
        item->retrieved = arena_array(&of->input->arena, n, sizeof *item->retrieved);
        if (item->retrieved == NULL)
            return arena_error(&of->input->arena);
        memset(item->retrieved, 0, n * sizeof *item->retrieved);
    }
    for (size_t i = 0; i < n; i++)
        if (item->retrieved[i] == 0 && strcmp(item->header->recipients[i]->unit, unit) == 0)
            item->retrieved[i] = time_ns;
    return AM_OK;
}

static enum am_err take_retrieval(void *user, const char *unit, uint64_t time_ns, const Amana__V1__Retrieved *statement)
{
    const struct retrieving *of = user;
    for (size_t i = 0; i < statement->n_messages; i++) {
        const Amana__V1__RetrievedMessage *named = statement->messages[i];
        if (named->seq == of->item->seq && named->header_digest.len == LOG_HASH_SIZE &&
            memcmp(named->header_digest.data, of->item->digest, LOG_HASH_SIZE) == 0)
            return note_retrieval(of, unit, time_ns);
    }
    return AM_OK;
}

static enum am_err retrievals_find(struct case_input *input)
{
    for (size_t i = 0; i < input->n; i++) {
        struct retrieving of = {input, &input->items[i]};
        TRY(evidence_each_retrieval(input->command.session, of.item->seq, take_retrieval, &of));
    }
    return AM_OK;
}

// --- Clocks
static const struct item *item_of(const struct case_input *input, const Amana__V1__Pointer *pointer)
{
    for (size_t i = 0; pointer != NULL && i < input->n; i++)
        if (header_points_at(pointer, input->items[i].digest))
            return &input->items[i];
    return NULL;
}

static enum kind_chain chain_of(const struct item *item)
{
    const struct kind *kind = kind_get((unsigned)item->header->kind);
    return kind != NULL ? (enum kind_chain)kind->chain : CHAIN_NONE;
}

// A later version or the end of the same alert stops this one's clock. A HIT's stands outside: it waits on.
static bool replaces(const struct case_input *input, const struct item *later, const struct item *item)
{
    enum kind_chain chain = chain_of(later), own = chain_of(item);
    const struct item *root = own == CHAIN_BEGINS ? item : item_of(input, item->header->in_reply_to);
    return own != CHAIN_NONE && (chain == CHAIN_RENEWS || chain == CHAIN_ENDS) && root != NULL &&
           header_points_at(later->header->in_reply_to, root->digest);
}

// What the answer's clock waits for: not that it was taken on, nor where it stands.
static bool answers(const struct item *item)
{
    return item->header->kind != KIND(ACK) && item->header->kind != KIND(PROGRESS);
}

// What stood still before the retrieval took nothing from a clock that hadn't begun.
static void clock_goes_on(struct clock *clock, uint64_t stood, uint64_t now)
{
    uint64_t begun = stood > clock->retrieved ? stood : clock->retrieved;
    if (clock->due.answer != 0)
        clock->due.answer += now - stood;
    if (clock->due_too.answer != 0 && now > begun)
        clock->due_too.answer += now - begun;
}

static void clock_run(const struct case_input *input, const struct item *item, struct clock *clock)
{
    unsigned root = kind_root((unsigned)item->header->kind);
    uint64_t until = kind_in_force(item->header);
    const char *sender = item->header->sender->unit;
    uint64_t stood = 0;
    clock->state = chain_of(item) == CHAIN_ENDS ? LIFE(STOPPING) : life_first(root);
    for (size_t i = 0; i < input->n; i++) {
        const struct item *later = &input->items[i];
        const char *by = later->header->sender->unit;
        uint8_t next;
        if (later->seq <= item->seq || !second_sent(later->kept, later->header))
            continue;
        if (replaces(input, later, item) && clock->ended == 0)
            clock->ended = later->time;
        if (!taken_moved(later->kept, clock->recipient) || // it crossed: taken, and moves nothing
            !header_points_at(later->header->in_reply_to, item->digest) ||
            (strcmp(by, clock->recipient) != 0 && strcmp(by, sender) != 0) ||
            life_move(root, clock->state, (unsigned)later->header->kind, (unsigned)later->header->outcome, true,
                      &next) != LIFE_MOVED)
            continue;
        // While it stood still the answer had its time.
        if (life_clock_stands(clock->state) && !life_clock_stands(next))
            clock_goes_on(clock, stood, later->time);
        if (life_clock_stands(next) && !life_clock_stands(clock->state))
            stood = later->time;
        clock->state = next;
        if (strcmp(by, clock->recipient) != 0) {
            clock->ended = life_waits(root, next) == LIFE_WAIT_NONE ? later->time : clock->ended;
            continue;
        }
        if (clock->acked == 0) {
            clock->acked = later->time;
            clock->officer = later->header->officer;
        }
        if (clock->answered == 0 && answers(later))
            clock->answered = later->time;
    }
    if (clock->ended == 0 && until != 0 && until <= session_now(input->command.session))
        clock->ended = until;
}

// Of the item's i-th recipient. false: no clock runs for it.
static bool clock_of(const struct case_input *input, const struct item *item, size_t i, struct clock *ret_clock)
{
    const Amana__V1__Header *header = item->header;
    if (header->recipients[i]->part != AMANA__V1__PART__CODE__ACTION || kind_root((unsigned)header->kind) == 0 ||
        strcmp(header->recipients[i]->unit, header->sender->unit) == 0 || !second_sent(item->kept, header))
        return false;
    *ret_clock =
        (struct clock){.recipient = header->recipients[i]->unit, .officer = "", .ours = item->box == STORE_SENT};
    unsigned kind = (unsigned)header->kind;
    uint64_t fixed = header_time_or_0(header->answer_by);
    ret_clock->due = kind_due(kind, header->urgency, item->due_by, fixed, item->time);
    ret_clock->retrieved = item->retrieved != NULL ? item->retrieved[i] : 0;
    if (ret_clock->retrieved != 0)
        ret_clock->due_too = kind_due(kind, header->urgency, item->due_by, 0, ret_clock->retrieved);
    ret_clock->fixed = fixed != 0;
    if (ret_clock->fixed)
        ret_clock->due_too.answer = 0;
    if (ret_clock->due.ack == 0 && ret_clock->due.answer == 0)
        return false;
    clock_run(input, item, ret_clock);
    return true;
}

static struct told told_of(const struct case_input *input, const struct item *item)
{
    struct told told = {0};
    for (size_t i = 0; i < input->n; i++)
        if (header_points_at(input->items[i].header->in_reply_to, item->digest))
            told_take(&told, item->header, input->items[i].header);
    return told;
}

static void show_told(const struct case_input *input, const struct item *item, json_t *list)
{
    struct told told = told_of(input, item);
    char text[TOLD_TEXT];
    for (size_t i = 0; i < item->header->n_recipients; i++) {
        const char *unit = item->header->recipients[i]->unit, *by = told_by(&told, i);
        if (by == NULL)
            continue;
        if (input->command.json)
            json_array_append_new(list, json_pack("{s:s, s:s}", "recipient", unit, "by", by));
        else
            printf("      %s: %s\n", unit, told_words(&told, item->header, i, text));
    }
}

static int show(struct case_input *input, const struct item *item, uint64_t now)
{
    json_t *clocks = json_array(), *told = json_array();
    char state[ANSWERS_STATE], second[SECOND_STATE];
    second_state(item->kept, second);
    snprintf(state, sizeof state, "entry %llu, by %s%s%s", (unsigned long long)item->seq,
             print_officer(item->header->officer), second[0] != '\0' ? "; " : "", second);
    if (!input->command.json)
        screen_line(input->command.session, item->id, item->kept, state, stdout);
    for (size_t i = 0; i < item->header->n_recipients; i++) {
        struct clock clock;
        if (!clock_of(input, item, i, &clock))
            continue;
        if (input->command.json)
            json_array_append_new(clocks, clock_line_json(&clock, now));
        else
            clock_line_print(&clock, now);
    }
    show_told(input, item, told);
    int code = 0;
    if (input->command.json)
        code = json_line_state(input->command.session, item->kept,
                               json_pack("{s:O, s:O, s:s}", "clocks", clocks, "told", told, "second", second), stdout);
    json_decref(clocks);
    json_decref(told);
    return code;
}

static int timeline(struct case_input *input)
{
    struct am_detail detail = {0};
    struct shield shield;
    uint64_t now = session_now(input->command.session);
    enum am_err err = case_ref_check(input->ref, &detail);
    if (err == AM_OK)
        err = load(input, &detail);
    if (err == AM_OK && input->n == 0)
        err = am_fail(AM_NOT_FOUND, &detail, input->ref, "no message of this case is kept here");
    if (err == AM_OK)
        err = retrievals_find(input);
    if (err == AM_OK)
        err = shield_of_case(input->command.session, input->ref, &shield);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = 0;
    if (!input->command.json) {
        printf("%scase %s%s  %zu message%s, in the order of the log\n", print_on(PRINT_BOLD), input->ref, print_off(),
               input->n, input->n == 1 ? "" : "s");
        screen_shield(&shield, "somebody in it", stdout);
    }
    for (size_t i = 0; i < input->n && code == 0; i++)
        code = show(input, &input->items[i], now);
    return code;
}

int verb_case(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "CASE",
        "What is kept here of a case as one timeline, in the order of the log: each message, "
        "who had to acknowledge and answer it by when, and whether it came in time. Two clocks run: from acceptance "
        "by the hub and, of what this unit sent, from retrieval by the recipient's first device.",
        traffic_children,
        NULL,
        NULL};
    struct case_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    arena_init(&input.arena, 512u * 1024 * 1024);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = timeline(&input);
    arena_clear(&input.arena);
    command_clear(&input.command);
    return code;
}
