// SPDX-License-Identifier: Apache-2.0
// pending, release, send-back: the second person's work.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/screen.h"
#include "client/cmd/submit.h"
#include "client/cmd/take_back.h"
#include "client/cmd/traffic.h"
#include "client/session/compose_check.h"
#include "client/session/oversight.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "proto/codec/codec.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"
#include "proto/model/passage.h"

#include <string.h>

// What was sent already is to be signed within half an hour; the rest by urgency.
#define RANKS 5u
struct waiting_lines {
    FILE *out;
    char *text;
    size_t len;
};

struct second_input {
    struct command command;
    struct traffic traffic; // pending
    const char *id;
    Amana__V1__ReturnReason__Code reason;
    bool yes, needs_reason;
    unsigned count;
    struct waiting_lines lines[RANKS]; // pending
};

static const ProtobufCEnumDescriptor *const REASONS = &amana__v1__return_reason__code__descriptor;

static void take_reason(struct argp_state *state, struct second_input *input, const char *arg)
{
    char codes[256];
    int value;
    if (codec_enum_value(REASONS, arg, &value) != AM_OK || value == 0) {
        codec_enum_list(REASONS, codes, sizeof codes);
        argp_error(state, "--reason must be one of %s", codes);
        return;
    }
    input->reason = (Amana__V1__ReturnReason__Code)value;
}

static error_t parse_none(int key, char *arg, struct argp_state *state)
{
    struct second_input *input = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument; `amana release ID` shows and releases one"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
    struct second_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'r': take_reason(state, input, arg); return 0;
    case 'y': input->yes = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of what waits; its beginning is enough");
        if (input->needs_reason && input->reason == 0)
            argp_error(state, "needs --reason CODE, which its author sees");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static Amana__V1__Kept kept_of(const struct second_waiting *waiting)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    kept.message = waiting->message;
    kept.entry = waiting->entry;
    return kept;
}

static enum am_err opens(struct second_input *input, const struct second_waiting *waiting, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct opened opened;
    arena_init(&arena, ARENA_VERB);
    TRY(seal_open(input->command.session, waiting->message, &arena, detail, &opened));
    return oversight_check(input->command.session, waiting->message, opened.header, detail);
}

// --- pending
// What this officer can do about it: nothing is released that can't be read, nor by its author.
static void say_what_next(struct second_input *input, const struct second_waiting *waiting, char *state, size_t size)
{
    struct am_detail unread = {0};
    size_t len = strlen(state);
    if (strcmp(waiting->header->officer, input->command.session->officer) == 0)
        snprintf(state + len, size - len, " for another officer: it is your own");
    else if (opens(input, waiting, &unread) == AM_OK)
        snprintf(state + len, size - len, ": `amana release %.13s`", waiting->header->id);
    else
        snprintf(state + len, size - len, ": `amana send-back %.13s --reason CODE`, and its author sends it anew",
                 waiting->header->id);
}

static struct waiting_lines *lines_of(struct second_input *input, const struct second_waiting *waiting)
{
    unsigned urgency = (unsigned)waiting->header->urgency, rank = waiting->deferred ? 0 : urgency;
    return &input->lines[rank < RANKS ? rank : RANKS - 1];
}

static enum am_err lines_begin(struct second_input *input)
{
    for (size_t i = 0; i < RANKS; i++) {
        struct waiting_lines *lines = &input->lines[i];
        lines->out = open_memstream(&lines->text, &lines->len);
        if (lines->out == NULL)
            return AM_NOMEM;
    }
    return AM_OK;
}

// Also after an error: what was read until then.
static enum am_err lines_end(struct second_input *input)
{
    bool whole = true;
    for (size_t i = 0; i < RANKS; i++) {
        struct waiting_lines *lines = &input->lines[i];
        if (lines->out == NULL)
            continue;
        whole &= fclose(lines->out) == 0 && fwrite(lines->text, 1, lines->len, stdout) == lines->len;
        free(lines->text);
    }
    return whole && fflush(stdout) == 0 ? AM_OK : AM_IO;
}

static enum am_err list_one(void *user, const struct second_waiting *waiting)
{
    struct second_input *input = user;
    FILE *out = lines_of(input, waiting)->out;
    Amana__V1__Kept kept = kept_of(waiting);
    char state[SECOND_STATE];
    if (!traffic_wants(&input->traffic, waiting->header->status))
        return AM_OK;
    input->count++;
    // One that was DEFERRED has to be signed within its time, the others lapse unsent.
    snprintf(state, sizeof state, "by %s · %s %s", print_officer(waiting->header->officer),
             waiting->deferred ? "sent already, to be signed by" : "waits until",
             print_ns(release_due(waiting->entry->time, waiting->deferred,
                                  header_time_or_0(waiting->header->retain_until))));
    say_what_next(input, waiting, state, sizeof state);
    if (input->command.json)
        (void)!json_line_kept(input->command.session, &kept, "PENDING_RELEASE", out);
    else
        screen_line(input->command.session, waiting->header->id, &kept, state, out);
    return AM_OK;
}

int verb_pending(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse_none,
                                     NULL,
                                     "Lists what waits for a supervisor of this unit, what can wait least first.",
                                     traffic_children,
                                     NULL,
                                     NULL};
    struct second_input input = {0};
    struct am_detail detail = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = command_connect(&input.command);
    if (code == 0) {
        enum am_err err = lines_begin(&input), shown;
        if (err == AM_OK)
            err = second_each(input.command.session, &detail, list_one, &input);
        shown = lines_end(&input);
        err = err == AM_OK ? shown : err;
        code = err == AM_OK ? 0 : command_fail(err, &detail);
    }
    if (code == 0 && input.count == 0 && !input.command.json)
        command_say("nothing waits for a supervisor of %s", input.command.session->settings.value[SETTING_UNIT]);
    code = command_end(&input.command, code);
    command_clear(&input.command);
    return code;
}

// --- release, send-back
// What can't be opened, or isn't what the header says, is nobody's to release; sending it back may be the answer.
static int look(struct second_input *input, struct arena *arena, struct second_waiting *ret_waiting)
{
    struct command *command = &input->command;
    struct am_detail detail = {0};
    int code = command_open(command, SETTINGS_ALL);
    if (code == 0)
        code = command_connect(command);
    if (code != 0)
        return code;
    enum am_err err = second_find(command->session, input->id, arena, &detail, ret_waiting);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int show(struct second_input *input, const struct second_waiting *waiting)
{
    Amana__V1__Kept kept = kept_of(waiting);
    const char *state = waiting->deferred ? "sent already, UNRELEASED: to be signed" : "waits for your signature";
    FILE *out = input->command.json ? stderr : stdout; // programs are not asked, who is asked sees it
    if (input->command.json && input->yes)
        return 0;
    return screen_show(input->command.session, &kept, state, NULL, out) == AM_OK ? 0 : EX_VERIFY;
}

static int told(struct second_input *input, const struct second_waiting *waiting, const char *word,
                const Amana__V1__ProvedEntry *entry)
{
    if (input->command.json) {
        json_t *line = json_object();
        json_object_set_new(line, "id", json_string(waiting->header->id));
        json_object_set_new(line, "state", json_string(word));
        json_object_set_new(line, "entry", json_line_entry(entry));
        return json_line_print(line, stdout);
    }
    printf("%s%s%s  %s %s\n  entry     %llu of %s, %s\n", print_on(PRINT_GREEN), word, print_off(),
           kind_name((unsigned)waiting->header->kind), waiting->header->id, (unsigned long long)entry->index,
           input->command.session->hub->origin, print_ns(entry->time));
    return 0;
}

// To one that was revoked since it was parked nothing is sent, also where the hub has an older list: its author seals
// it anew. What was sent before its release is signed all the same.
static bool to_revoked(const struct session *session, const struct second_waiting *waiting)
{
    return !waiting->deferred && oversight_of(session, waiting->message, waiting->header) == OVERSIGHT_REVOKED;
}

// What has come since it was parked says who may have fled a state that it goes to: the hub sees no person.
static enum am_err may_leave(struct second_input *input, const struct second_waiting *waiting, struct am_detail *detail)
{
    struct session *session = input->command.session;
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct opened opened;
    arena_init(&arena, ARENA_VERB);
    if (waiting->deferred)
        return AM_OK; // it has left
    TRY(seal_open(session, waiting->message, &arena, detail, &opened));
    const struct compose_parts parts = {opened.header, opened.flags, opened.body};
    return compose_may_leave(session, &parts, detail) == REASON_NONE ? AM_OK : AM_DENIED;
}

static int release(struct second_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct second_waiting waiting;
    Amana__V1__ProvedEntry *entry;
    arena_init(&arena, ARENA_VERB);
    int code = look(input, &arena, &waiting);
    if (code != 0)
        return code;
    enum am_err err = second_may(input->command.session, waiting.header, &detail);
    if (err != AM_OK)
        return command_fail(err, &detail);
    code = show(input, &waiting);
    err = opens(input, &waiting, &detail);
    if (err != AM_OK || code != 0) {
        command_say("%.13s was not released: what its body says is not what was signed, or can't be read here. Send it "
                    "back, and its author sends it anew: `amana send-back %.13s --reason CODE`",
                    waiting.header->id, waiting.header->id);
        return err != AM_OK ? command_fail(err, &detail) : code;
    }
    if (to_revoked(input->command.session, &waiting)) {
        command_say(
            "%.13s was not released: the oversight that it is sealed to is revoked since. Send it back, and its "
            "author sends it anew: `amana send-back %.13s --reason CODE`",
            waiting.header->id, waiting.header->id);
        return EX_NOPERM;
    }
    err = may_leave(input, &waiting, &detail);
    if (err != AM_OK) {
        command_say("%.13s was not released. Send it back, and its author mends it: `amana send-back %.13s --reason "
                    "RISK_TO_PERSON`",
                    waiting.header->id, waiting.header->id);
        return command_fail(err, &detail);
    }
    code = input->yes ? 0 : command_ask("Release it, under your signature?", "nothing was released");
    if (code != 0)
        return code;
    err = second_release(input->command.session, &waiting, &arena, &detail, &entry);
    if (err != AM_OK) {
        code = command_fail(err, &detail);
        if (err == AM_DENIED)
            command_say(
                "what can't be released goes back to its author, who mends it: `amana send-back %.13s --reason CODE`",
                waiting.header->id);
        return code;
    }
    code = told(input, &waiting, "released", entry);
    if (code != 0 || input->command.json || waiting.deferred)
        return code;
    submit_told_next(&input->command, waiting.header, entry->time); // it is sent only now
    if (strcmp(waiting.header->sender->unit, input->command.session->settings.value[SETTING_UNIT]) == 0)
        printf("  next      `amana inbox` brings its copy here; then `amana status %.13s` shows who has it\n",
               waiting.header->id);
    return 0;
}

static int send_back(struct second_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct second_waiting waiting;
    Amana__V1__ProvedEntry *entry;
    arena_init(&arena, ARENA_VERB);
    int code = look(input, &arena, &waiting);
    if (code != 0)
        return code;
    enum am_err err = second_send_back(input->command.session, &waiting, input->reason, &arena, &detail, &entry);
    if (err != AM_OK)
        return command_fail(err, &detail);
    code = told(input, &waiting, "sent back", entry);
    return code == 0 ? take_back(&input->command, &waiting, &arena) : code;
}

int verb_release(int argc, char **argv)
{
    static const struct argp_option options[] = {{"yes", 'y', NULL, 0, "don't ask: release what was shown", 0}, {0}};
    static const struct argp argp = {options,
                                     parse_one,
                                     "ID",
                                     "Shows what would be sent, and releases it with the signature of the officer of "
                                     "this configuration, who must be a supervisor of the unit and not its author.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct second_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_end(&input.command, release(&input));
    command_clear(&input.command);
    return code;
}

int verb_send_back(int argc, char **argv)
{
    static const struct argp_option options[] = {{"reason", 'r', "CODE", 0,
                                                  "why: FACT_WRONG, INCOMPLETE, WRONG_RECIPIENT, NO_LEGAL_BASIS, "
                                                  "DISPROPORTIONATE, RISK_TO_PERSON, SENT_IN_ERROR",
                                                  0},
                                                 {0}};
    static const struct argp argp = {
        options,          parse_one, "ID", "Sends what waits back to its author, who sees the reason. It is not sent.",
        command_children, NULL,      NULL};
    struct second_input input = {.needs_reason = true};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_end(&input.command, send_back(&input));
    command_clear(&input.command);
    return code;
}
