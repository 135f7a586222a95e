// SPDX-License-Identifier: Apache-2.0
// amanad: the command line.
#include "certs/output.h"
#include "proto/codec/plain.h"
#include "server/confirm_clock.h"
#include "server/daemon.h"
#include "server/exit_status.h"
#include "server/fsck.h"
#include "server/init.h"
#include "server/signer/signer.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define CONF_DEFAULT "/etc/amana/amanad.conf"

const char *argp_program_version = "amanad " AMANA_VERSION;

enum { OPTION_CHECK = 256, OPTION_CHECK_POLICY, OPTION_REGISTRAR, OPTION_MEMBERS };

enum command { COMMAND_SERVE, COMMAND_INIT, COMMAND_FSCK, COMMAND_CONFIRM_CLOCK };

struct arguments {
    const char *conf;
    char *folder, *members, *policy;
    bool check;
    enum command command;
    bool has_command;
    char *registrars[INIT_REGISTRARS];
    size_t n_registrars;
};

static const struct argp_option OPTIONS[] = {
    {"conf", 'c', "FILE", 0, "Configuration (" CONF_DEFAULT ")", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check configuration, trust, rosters and certificates, then exit", 0},
    {"check-policy", OPTION_CHECK_POLICY, "FILE", 0, "Check a policy file alone, then exit", 0},
    {NULL, 0, NULL, 0, "init:", 1},
    {"registrar", OPTION_REGISTRAR, "CERT", 0, "A first registrar's certificate (PEM); one for each, up to 64", 1},
    {"members", OPTION_MEMBERS, "FILE", 0, "The first members: roles, rosters, grants; with --check: are they good?",
     1},
    {NULL, 0, NULL, 0, "fsck:", 2},
    {"data", 'd', "DIR", 0, "Check this data folder instead of the configuration's", 2},
    {0},
};

static void command_take(struct arguments *arguments, struct argp_state *state, const char *word)
{
    static const struct {
        const char *word;
        enum command command;
    } COMMANDS[] = {{"init", COMMAND_INIT}, {"fsck", COMMAND_FSCK}, {"confirm-clock", COMMAND_CONFIRM_CLOCK}};

    if (arguments->has_command)
        argp_error(state, "one command at a time: \"%s\" is too many", word);
    for (size_t i = 0; i < AM_LEN(COMMANDS); i++)
        if (strcmp(COMMANDS[i].word, word) == 0) {
            arguments->command = COMMANDS[i].command;
            arguments->has_command = true;
            return;
        }
    argp_error(state, "no command \"%s\": there are init, fsck and confirm-clock; without one amanad serves", word);
}

static void arguments_check(const struct arguments *arguments, struct argp_state *state)
{
    bool init = arguments->command == COMMAND_INIT;

    if (init && (arguments->members == NULL || arguments->n_registrars == 0))
        argp_error(state, "init needs --registrar CERT (for each first registrar) and --members FILE");
    if (!init && arguments->n_registrars > 0)
        argp_error(state, "--registrar belongs to init");
    if (!init && !arguments->check && arguments->members != NULL)
        argp_error(state, "--members belongs to init, and to --check");
    if (arguments->command != COMMAND_FSCK && arguments->folder != NULL)
        argp_error(state, "--data belongs to fsck");
    if (arguments->has_command && (arguments->check || arguments->policy != NULL))
        argp_error(state, "--check and --check-policy change nothing and go with no command");
}

// The program works in the configuration's folder: what is named on the command line is meant from where we are called.
static void path_take(struct argp_state *state, const char *value, char **path)
{
    free(*path); // given twice: the last counts
    *path = realpath(value, NULL);
    if (*path == NULL)
        argp_failure(state, EX_NOINPUT, errno, "%s", value);
}

static error_t option_take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'c': arguments->conf = value; break;
    case 'd': path_take(state, value, &arguments->folder); break;
    case OPTION_CHECK: arguments->check = true; break;
    case OPTION_CHECK_POLICY: path_take(state, value, &arguments->policy); break;
    case OPTION_MEMBERS: path_take(state, value, &arguments->members); break;
    case OPTION_REGISTRAR:
        if (arguments->n_registrars == INIT_REGISTRARS)
            argp_error(state, "at most %u registrars", INIT_REGISTRARS);
        path_take(state, value, &arguments->registrars[arguments->n_registrars++]);
        break;
    case ARGP_KEY_ARG: command_take(arguments, state, value); break;
    case ARGP_KEY_END: arguments_check(arguments, state); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int fail(enum am_err err, const struct am_detail *detail)
{
    plain_fault(stderr, "amanad", "", err, detail);
    return exit_status(err);
}

static int run(const struct arguments *arguments)
{
    struct am_detail detail = {0};
    struct config config;
    enum am_err err;

    if (arguments->command == COMMAND_FSCK && arguments->folder != NULL)
        return fsck_run(arguments->folder);
    if (arguments->policy != NULL) {
        err = daemon_check_policy(arguments->policy, &detail);
        return err == AM_OK ? EXIT_SUCCESS : fail(err, &detail);
    }
    err = config_load(arguments->conf, &detail, &config);
    if (err == AM_NOT_FOUND)
        err = AM_CONFIG;
    if (err != AM_OK)
        return fail(err, &detail);
    err = daemon_enter(&config, &detail);
    if (err != AM_OK)
        return fail(err, &detail);
    switch (arguments->command) {
    case COMMAND_FSCK: return fsck_run(config.data);
    case COMMAND_INIT:
        err = init_run(&config, arguments->registrars, arguments->n_registrars, arguments->members, &detail);
        break;
    case COMMAND_CONFIRM_CLOCK: err = confirm_clock(&config, &detail); break;
    case COMMAND_SERVE:
        err = arguments->check ? daemon_check(&config, arguments->members, &detail) : daemon_serve(&config, &detail);
        break;
    }
    return err == AM_OK ? EXIT_SUCCESS : fail(err, &detail);
}

int main(int argc, char **argv)
{
    static const char DOC[] =
        "The Amana hub: takes signed and sealed messages of units, keeps them in a log that can be proved, and "
        "delivers "
        "them. Without a command it serves in the foreground and writes one line per event on stderr.\v"
        "Commands:\n"
        "  init           make the log and its key, and write the first members\n"
        "  fsck           check every entry of the log; exit 1 where one is damaged\n"
        "  confirm-clock  the machine's clock is right, though it jumped ahead: go on\n"
        "Signals: TERM ends what is under way and stops; HUP reads certificates, CRLs, trust.conf, policy.conf and "
        "rosters "
        "anew.";
    const struct argp argp = {
        .options = OPTIONS, .parser = option_take, .args_doc = "[init|fsck|confirm-clock]", .doc = DOC};
    struct arguments arguments = {.conf = CONF_DEFAULT};

    output_begin("amanad");
    // The process that holds the log's key is this program, executed anew (server/signer/signer.h).
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    argp_err_exit_status = EX_USAGE;
    int status = argp_parse(&argp, argc, argv, 0, NULL, &arguments) == 0 ? run(&arguments) : EX_USAGE;
    free(arguments.folder);
    free(arguments.members);
    free(arguments.policy);
    for (size_t i = 0; i < arguments.n_registrars; i++)
        free(arguments.registrars[i]);
    return status;
}
