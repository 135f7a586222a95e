// SPDX-License-Identifier: Apache-2.0
// audit verify: a replay that was kept, verified again without a hub.
#include "client/cmd/arguments.h"
#include "client/cmd/progress.h"
#include "client/cmd/replay_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct verify_input {
    struct command command;
    const char *file;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct verify_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->file, "one FILE only");
    case ARGP_KEY_END:
        if (arguments_blank(input->file))
            argp_error(state, "needs the FILE that `amana audit replay -o FILE` wrote");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err read_items(struct replay_run *run, FILE *file, const char *path, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__ReplayItem *item;
    struct progress progress;
    struct stat info;
    unsigned line = 1;
    uint64_t whole = fstat(fileno(file), &info) == 0 ? (uint64_t)info.st_size : 0;
    enum am_err err;
    arena_init(&arena, 32u * 1024 * 1024);
    progress_begin(&progress, "entries", true);
    while ((err = replay_file_next(file, path, &line, &arena, detail, &item)) == AM_OK) {
        off_t at = ftello(file);
        progress_at(&progress, run->check.entries, at > 0 ? (uint64_t)at : 0, whole);
        if ((err = replay_run_item(run, item, &arena, detail)) != AM_OK)
            break;
        arena_reset(&arena);
    }
    progress_end(&progress);
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static int verify(struct verify_input *input)
{
    struct am_detail detail = {0};
    struct replay_run run = {.command = &input->command};
    bool filtered;
    int code = command_open(&input->command, SETTING_BIT(HUB) | SETTING_BIT(DATA));
    if (code != 0)
        return code;
    FILE *file = fopen(input->file, "re");
    if (file == NULL) {
        (void)am_fail(AM_NOT_FOUND, &detail, input->file, "can't be opened: %s", strerror(errno));
        return command_fail(AM_NOT_FOUND, &detail);
    }
    enum am_err err = replay_file_open(file, input->file, input->command.session->hub->origin, &detail, &filtered);
    if (err == AM_OK) {
        replay_check_init(&run.check, input->command.session, filtered, NULL);
        err = read_items(&run, file, input->file, &detail);
    }
    fclose(file);
    return err == AM_OK ? replay_run_end(&run) : command_fail(err, &detail);
}

int verb_audit_verify(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "FILE",
        "Verifies a replay that was kept in FILE: trust.conf says which log and key; no hub "
        "is asked.",
        command_children,
        NULL,
        NULL};
    struct verify_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = verify(&input);
    command_clear(&input.command);
    return code;
}
