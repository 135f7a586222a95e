// SPDX-License-Identifier: Apache-2.0
// audit replay: the log from the hub, verified as it arrives, as a timeline or JSON Lines, and kept with -o.
#include "client/cmd/arguments.h"
#include "client/cmd/print.h"
#include "client/cmd/progress.h"
#include "client/cmd/replay_file.h"

#include "client/session/history.h"
#include "proto/codec/codec.h"
#include "proto/codec/nearest.h"
#include "proto/codec/timestamp.h"
#include "proto/model/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_ITEM (4u * 1024 * 1024)

struct replay_input {
    struct command command;
    const char *reason, *file, *case_ref, *party, *kind, *message;
    uint64_t from, to, time_from, time_to;
    bool follow;
};

// A seq, or a time of RFC 3339.
static void parse_bound(const char *arg, struct argp_state *state, uint64_t *ret_seq, uint64_t *ret_time)
{
    Google__Protobuf__Timestamp time;
    char *end;
    errno = 0;
    unsigned long long seq = strtoull(arg, &end, 10);
    if (errno == 0 && *end == '\0' && arg[0] != '-' && arg[0] != '\0') {
        *ret_seq = seq;
        return;
    }
    if (timestamp_parse(arg, strlen(arg), NULL, &time) != AM_OK || timestamp_to_ns(&time, ret_time) != AM_OK)
        argp_error(state, "\"%.40s\" is neither the number of an entry nor a time as 2026-11-24T06:00:00Z", arg);
}

// A filter that says nothing would be none: what was not asked for would be opened, and logged as asked for.
static void check_filters(struct argp_state *state, const struct replay_input *input)
{
    struct am_detail detail = {0};
    if (input->case_ref != NULL && case_ref_check(input->case_ref, &detail) != AM_OK)
        argp_error(state, "--case: %s", detail.text);
    if (input->party != NULL && address_check(input->party, &detail) != AM_OK)
        argp_error(state, "--party: %s", detail.text);
    if (input->message != NULL && message_id_check(input->message, NULL, &detail) != AM_OK)
        argp_error(state, "--message: %s", detail.text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct replay_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'r': input->reason = arg; return 0;
    case 'o': input->file = arg; return 0;
    case 'F': parse_bound(arg, state, &input->from, &input->time_from); return 0;
    case 'T': parse_bound(arg, state, &input->to, &input->time_to); return 0;
    case 'C': input->case_ref = arg; return 0;
    case 'P': input->party = arg; return 0;
    case 'k': input->kind = arg; return 0;
    case 'm': input->message = arg; return 0;
    case 'f': input->follow = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument"); return 0;
    case ARGP_KEY_END:
        if (arguments_blank(input->reason) || strlen(input->reason) > 500)
            argp_error(state, "needs --reason: why, in words, at most 500 bytes; it stands in the log");
        check_filters(state, input);
        if (input->follow && input->file != NULL)
            argp_error(state, "--follow has no end, and -o keeps what has one: leave out one of them");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool is_filtered(const struct replay_input *input)
{
    return input->time_from != 0 || input->time_to != 0 || input->case_ref != NULL || input->party != NULL ||
           input->kind != NULL || input->message != NULL;
}

static int fill(const struct replay_input *input, Amana__V1__ReplayRequest *request)
{
    int kind = 0;
    amana__v1__replay_request__init(request);
    if (input->kind != NULL &&
        codec_enum_value(&amana__v1__entry_kind__code__descriptor, input->kind, &kind) != AM_OK) {
        struct nearest nearest = {.word = input->kind, .len = strlen(input->kind)};
        char clause[NEAREST_CLAUSE];
        for (unsigned i = 0; i < amana__v1__entry_kind__code__descriptor.n_values; i++)
            nearest_offer(&nearest, amana__v1__entry_kind__code__descriptor.values[i].name);
        command_say("--kind: there is no entry of kind \"%.40s\"%s", input->kind, nearest_clause(&nearest, clause));
        return EX_USAGE;
    }
    request->reason = (char *)input->reason;
    request->time_from = input->time_from;
    request->time_to = input->time_to;
    request->case_ref = (char *)(input->case_ref != NULL ? input->case_ref : "");
    request->party = (char *)(input->party != NULL ? input->party : "");
    request->kind = (Amana__V1__EntryKind__Code)kind;
    request->follow = input->follow;
    request->message = (char *)(input->message != NULL ? input->message : "");
    if (is_filtered(input)) { // a full replay takes all: only so the root can be rebuilt; the range is for showing
        request->from = input->from;
        request->to = input->to;
    }
    return 0;
}

static enum am_err stream(struct replay_run *run, struct link_call *call, FILE *keep, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    bool whole = !run->check.filtered && !run->check.follow;
    uint64_t all = whole ? run->command->session->seen.size : 0;
    Amana__V1__ReplayItem *item;
    struct progress progress;
    uint64_t kept = 0;
    enum am_err err;
    arena_init(&arena, ARENA_ITEM);
    progress_begin(&progress, "entries", true);
    while ((err = link_call_next(call, &amana__v1__replay_item__descriptor, &arena, detail,
                                 (ProtobufCMessage **)&item)) == AM_OK) {
        if (keep != NULL)
            TRY(replay_file_add(keep, item));
        kept++;
        progress_at(&progress, kept, kept, all);
        if ((err = replay_run_item(run, item, &arena, detail)) != AM_OK)
            break;
        if (run->check.follow && !link_call_ready(call) && fflush(stdout) != 0)
            return AM_IO;
        arena_reset(&arena);
    }
    progress_end(&progress);
    if (err == AM_BUSY && run->check.follow)
        return AM_OK; // asked to stop
    if (err != AM_NOT_FOUND)
        return err;
    const struct rpc_error *error = link_call_error(call);
    if (error->status != RPC_OK)
        return session_refused(error, detail);
    return keep != NULL ? replay_file_end(keep, kept) : AM_OK;
}

// What the next replay is compared with: only what this one verified whole.
static enum am_err remember(struct replay_run *run)
{
    Amana__V1__Checkpoint message;
    if (run->check.filtered || run->damaged)
        return AM_OK;
    history_to_message(replay_proved(&run->check), run->command->session->hub->origin, &message);
    return store_checkpoint_put(run->command->session->store, "replay", &message);
}

static enum am_err last_replay(struct session *session, struct log_checkpoint *ret, bool *ret_has)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Checkpoint *message;
    arena_init(&arena, 64u * 1024);
    enum am_err err = store_checkpoint_get(session->store, "replay", &arena, &message);
    *ret_has = err == AM_OK;
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    return log_checkpoint_read(message, session->hub->origin, ret) == AM_OK ? AM_OK : AM_CORRUPT;
}

static enum am_err call(struct replay_run *run, const Amana__V1__ReplayRequest *request, FILE *keep,
                        struct am_detail *detail)
{
    struct link_call *call;
    enum am_err err = link_call_begin(run->command->session->link, "/amana.v1.Audit/Replay", &request->base, 0, &call);
    if (err == AM_OK) {
        err = stream(run, call, keep, detail);
        link_call_end(call);
    }
    return err;
}

// Which entries are false, where all together don't give the root: asked for once more, each with a proof of its own.
static void name_false(const struct replay_run *broken, const Amana__V1__ReplayRequest *request)
{
    struct am_detail detail = {0};
    struct replay_run run = {.command = broken->command, .from = UINT64_MAX}; // nothing is shown but what is damaged
    Amana__V1__ReplayRequest each = *request;
    each.time_from = 1; // filtered, by a time that is before all
    replay_check_init(&run.check, broken->command->session, true, NULL);
    enum am_err err = call(&run, &each, NULL, &detail);
    if (err != AM_OK)
        (void)command_fail(err, &detail);
    else if (run.check.damaged == 0)
        command_say("each entry that may be shown leads to the root by itself: false is their number or order, or what "
                    "is withheld");
}

static int run_stream(struct replay_input *input, struct replay_run *run, const Amana__V1__ReplayRequest *request,
                      FILE *keep)
{
    struct am_detail detail = {0};
    enum am_err err = call(run, request, keep, &detail);
    if (err != AM_OK) {
        (void)command_fail(err, &detail);
        if (err == AM_PROOF || err == AM_SIGNATURE || err == AM_FORK) {
            printf("FALSE  the replay ended at entry %llu: ", (unsigned long long)run->check.next);
            print_text(stdout, detail.text, 0);
            putchar('\n');
        }
        return command_exit_code(err);
    }
    int code = replay_run_end(run);
    if (run->verdict == REPLAY_BROKEN && !run->check.filtered && link_alive(input->command.session->link))
        name_false(run, request);
    if (code == 0 && (err = remember(run)) != AM_OK)
        return command_fail(err, &detail);
    return code;
}

static int replay(struct replay_input *input)
{
    struct am_detail detail = {0};
    struct log_checkpoint last;
    Amana__V1__ReplayRequest request;
    bool has_last;
    FILE *keep = NULL;
    struct replay_run run = {.command = &input->command, .from = input->from, .to = input->to};
    int code = fill(input, &request);
    if (code == 0)
        code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_connect(&input->command);
    if (code != 0)
        return code;
    struct session *session = input->command.session;
    enum am_err err = last_replay(session, &last, &has_last);
    if (err == AM_OK && input->file != NULL)
        err = replay_file_create(input->file, &detail, &keep);
    if (err == AM_OK && keep != NULL)
        err = replay_file_begin(keep, session->hub->origin, is_filtered(input));
    if (err != AM_OK)
        return command_fail(err, &detail);
    replay_check_init(&run.check, session, is_filtered(input), has_last ? &last : NULL);
    run.check.follow = input->follow;
    if (input->follow)
        command_signals();
    code = run_stream(input, &run, &request, keep);
    if (keep != NULL && (fflush(keep) != 0 || fsync(fileno(keep)) != 0 || fclose(keep) != 0)) {
        command_say("%s: could not be written whole: %s", input->file, strerror(errno));
        return EX_IOERR;
    }
    return code;
}

int verb_audit_replay(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", 'r', "TEXT", 0, "why; it stands in the log before the first entry is shown", 0},
        {"from", 'F', "SEQ|TIME", 0, "show from this entry on; a time filters", 0},
        {"to", 'T', "SEQ|TIME", 0, "show entries before this one; a time filters", 0},
        {"case", 'C', "REF", 0, "only entries of this case", 0},
        {"party", 'P', "UNIT", 0, "only entries that name this unit", 0},
        {"kind", 'k', "KIND", 0, "only entries of this kind: SUBMITTED, RETRIEVED, ACCESS…", 0},
        {"message", 'm', "ID", 0, "only entries of this message", 0},
        {"follow", 'f', NULL, 0, "go on: print entries as they are made, until interrupted", 0},
        {"output", 'o', "FILE", 0, "keep the replay; `amana audit verify FILE` needs no hub", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Replays the hub's log: each entry is verified as it comes, the whole against the "
                                     "root that the log signed and against the last replay. Exit code 1 where anything "
                                     "doesn't hold. A filtered replay proves each entry, not completeness.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct replay_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_end(&input.command, replay(&input));
    command_clear(&input.command);
    return code;
}
