// SPDX-License-Identifier: Apache-2.0
// Options that verbs share, the way from settings to a link, and how failures are told.
#include "client/cmd/command.h"

#include "certs/clock.h"
#include "client/cmd/arguments.h"
#include "client/cmd/print.h"
#include "client/cmd/progress.h"
#include "client/session/erase.h"
#include "client/session/history.h"
#include "proto/model/reason.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int EXIT_CODES[AM_ERR_COUNT] = {
    [AM_NOMEM] = EX_OSERR,       [AM_PROTO] = EX_PROTOCOL,     [AM_DENIED] = EX_NOPERM,
    [AM_FULL] = EX_CANTCREAT,    [AM_INVALID] = EX_DATAERR,    [AM_TOO_LARGE] = EX_DATAERR,
    [AM_NOT_FOUND] = EX_NOINPUT, [AM_EXISTS] = EX_CANTCREAT,   [AM_IO] = EX_IOERR,
    [AM_CRYPTO] = EX_CONFIG,     [AM_SIGNATURE] = EX_VERIFY,   [AM_CERTIFICATE] = EX_CONFIG,
    [AM_REVOKED] = EX_CONFIG,    [AM_EXPIRED] = EX_CONFIG,     [AM_SEAL] = EX_VERIFY,
    [AM_PROOF] = EX_VERIFY,      [AM_FORK] = EX_VERIFY,        [AM_ROLLBACK] = EX_VERIFY,
    [AM_CONFLICT] = EX_DATAERR,  [AM_CORRUPT] = EX_VERIFY,     [AM_VERSION] = EX_CONFIG,
    [AM_BUSY] = EX_TEMPFAIL,     [AM_READ_ONLY] = EX_TEMPFAIL, [AM_UNAVAILABLE] = EX_UNAVAILABLE,
    [AM_CONFIG] = EX_CONFIG,     [AM_USAGE] = EX_USAGE,        [AM_ERASED] = EX_NOINPUT,
};

volatile bool command_interrupted;

static void on_signal(int number)
{
    (void)number;
    command_interrupted = true;
}

void command_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int command_exit_code(enum am_err err)
{
    return err == AM_OK ? 0 : EXIT_CODES[err] != 0 ? EXIT_CODES[err] : EX_SOFTWARE;
}

bool command_disk(enum am_err err)
{
    return err == AM_IO || err == AM_FULL;
}

int command_fail(enum am_err err, const struct am_detail *detail)
{
    const char *text = detail->text[0] != '\0' ? detail->text : am_err_text(err);
    fflush(stdout);
    if (err == AM_IO && detail->text[0] == '\0' && ferror(stdout)) // of what was printed: output.h says it, or its
        return command_exit_code(err);                             // reader has left
    fputs("amana: ", stderr);
    // Both may quote a file, a message or a hub.
    print_text(stderr, detail->field, 0);
    fputs(detail->field[0] != '\0' ? ": " : "", stderr);
    if (detail->line > 0)
        fprintf(stderr, "line %u: ", detail->line);
    print_text(stderr, text, 0);
    fputs(detail->text[0] == '\0' && command_disk(err) ? "; look at the disk, whether it is full\n" : "\n", stderr);
    return command_exit_code(err);
}

void command_say(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fflush(stdout);
    fputs("amana: ", stderr);
    print_text(stderr, text, 0);
    fputc('\n', stderr);
}

int command_ask(const char *question, const char *left)
{
    char answer[8];
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        fputc('\n', stderr);
        command_say("%s: nobody is there to answer; --yes says so", left);
        return EX_USAGE;
    }
    if (answer[0] == 'y' || answer[0] == 'Y')
        return 0;
    command_say("%s", left);
    return EX_TEMPFAIL; // nothing was wrong: it may be asked again
}

// --- Passphrase
static int give_passphrase(void *user, char *buffer, size_t size)
{
    struct command *command = user;
    if (command->passphrase_len == 0) {
        if (command->passphrase_fd >= 0)
            command->passphrase_len =
                keyfile_passphrase_from_fd(&command->passphrase_fd, command->passphrase, sizeof command->passphrase);
        else if (readpassphrase("Passphrase of the officer's key: ", command->passphrase, sizeof command->passphrase,
                                RPP_REQUIRE_TTY) != NULL)
            command->passphrase_len = (int)strlen(command->passphrase);
    }
    if (command->passphrase_len <= 0 || (size_t)command->passphrase_len > size)
        return -1;
    memcpy(buffer, command->passphrase, (size_t)command->passphrase_len);
    return command->passphrase_len;
}

void command_init(struct command *command)
{
    *command = (struct command){.passphrase_fd = -1};
    const char *fd = getenv("AMANA_PASSPHRASE_FD");
    if (fd != NULL && fd[0] >= '0' && fd[0] <= '9')
        command->passphrase_fd = atoi(fd);
    command->reader = (struct keyfile_passphrase){give_passphrase, command};
}

// Said by every command, as long as it lasts: once the hub has given what is newer, or at the end.
static void tell_stale(struct command *command)
{
    const struct session *session = command->session;
    struct trust_list lists[TRUST_LISTS];
    uint64_t now = clock_utc();
    bool due = command->stale_due;
    command->stale_due = false;
    for (size_t i = 0, n = due ? trust_lists(session->trust, lists) : 0; i < n; i++)
        if (now > lists[i].until)
            command_say(
                "a revocation list in trust/crls is stale since %s, that of \"%s\": who was revoked since isn't "
                "seen; ask for the newest",
                print_ns(lists[i].until), lists[i].issuer);
}

void command_clear(struct command *command)
{
    tell_stale(command);
    session_close(command->session);
    command->session = NULL;
    OPENSSL_cleanse(command->passphrase, sizeof command->passphrase);
}

// --- Options
#define OPTION_SETTING                                0x1000
#define SETTING_OPTION(name, key, environment, words) {key, OPTION_SETTING + SETTING_##name, "VALUE", 0, words, 2},
static const struct argp_option OPTIONS[] = {
    {"config", 'c', "FILE", 0, "read this amana.conf", 1},
    {"directory", 'd', "FOLDER", 0, "read FOLDER/amana.conf; data is in FOLDER where it doesn't say else", 1},
    {"json", 'j', NULL, 0, "print JSON Lines for programs", 1},
    {"utc", 'u', NULL, 0, "print times in UTC instead of local time", 1},
    {"passphrase-fd", 'p', "N", 0, "read the officer's passphrase, one line, from file descriptor N", 1},
    SETTINGS_LIST(SETTING_OPTION){0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct command *command = state->input;
    if (key >= OPTION_SETTING && key < OPTION_SETTING + (int)SETTINGS) {
        command->flags.value[key - OPTION_SETTING] = arg;
        return 0;
    }
    switch (key) {
    case 'c': command->flags.file = arg; return 0;
    case 'd': command->flags.folder = arg; return 0;
    case 'j': command->json = true; return 0;
    case 'u': command->utc = true; return 0;
    case 'p': {
        char *end;
        errno = 0;
        long fd = strtol(arg, &end, 10);
        if (errno != 0 || *end != '\0' || fd < 0 || fd > 1 << 20)
            argp_error(state, "--passphrase-fd must be the number of an open file descriptor");
        command->passphrase_fd = (int)fd;
        return 0;
    }
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp command_argp = {.options = OPTIONS, .parser = parse_option};
const struct argp_child command_children[] = {{&command_argp, 0, "Options of every verb:", 1}, {0}};

const struct argp_option *command_option(const char *word)
{
    bool is_long = word[1] == '-';
    size_t len = is_long ? strcspn(word + 2, "=") : 1;
    for (const struct argp_option *option = OPTIONS; option->name != NULL; option++)
        if (is_long ? len > 0 && strncmp(option->name, word + 2, len) == 0 : option->key == word[1])
            return option;
    return NULL;
}

error_t command_one_argument(struct argp_state *state, char *arg, const char **ret_argument, const char *complaint)
{
    if (*ret_argument != NULL)
        argp_error(state, "%s", complaint);
    *ret_argument = arg;
    return 0;
}

FILE *command_options_out;

static void options_print(const struct argp *argp, FILE *out)
{
    for (const struct argp_option *option = argp->options; option != NULL && option->name != NULL; option++)
        fprintf(out, "%s\t%s\t%s\n", option->name, option->arg != NULL ? "=" : "",
                option->doc != NULL ? option->doc : "");
    for (const struct argp_child *child = argp->children; child != NULL && child->argp != NULL; child++)
        options_print(child->argp, out);
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    if (command_options_out != NULL) {
        options_print(argp, command_options_out);
        fflush(command_options_out);
        _exit(0);
    }
    char complaint[ARGUMENTS_COMPLAINT];
    if (arguments_wrong(argp, argc, argv, complaint)) {
        fprintf(stderr, "%s: ", argv[0]);
        print_text(stderr, complaint, 0);
        fprintf(stderr, "\nTry `%s --help' for more information.\n", argv[0]);
        exit(EX_USAGE);
    }
    argp_err_exit_status = EX_USAGE;
    argp_parse(argp, argc, argv, 0, NULL, input);
}

void command_tell_fault(void *user, enum am_err err, const struct am_detail *detail)
{
    struct command *command = user;
    if (err == AM_PROOF || err == AM_SIGNATURE)
        command_say("ALARM: what follows did not hold and is kept in store/alarms; tell the auditor, by another "
                    "channel");
    int code = command_fail(err, detail);
    if (command->fault == 0)
        command->fault = code;
}

int command_end(const struct command *command, int code)
{
    return command->fault != 0 ? command->fault : code;
}

// --- Opening and connecting
// What may not be kept any longer goes before anything of it is shown.
static void overdue_told(void *user, unsigned n)
{
    progress_at(user, n, 0, 0);
}

static enum am_err overdue(struct command *command)
{
    struct progress progress;
    unsigned n = 0;
    progress_begin(&progress, "messages erased", false);
    enum am_err err = erase_due(command->session, overdue_told, &progress, &n);
    progress_end(&progress);
    if (n > 0)
        command_say("%u message%s of this store %s erased: kept as long as they may be", n, n == 1 ? "" : "s",
                    n == 1 ? "was" : "were");
    return err;
}

int command_open(struct command *command, unsigned needed)
{
    struct am_detail detail = {0};
    print_setup(command->utc);
    enum am_err err = settings_load(&command->flags, &detail, &command->settings);
    if (err == AM_OK)
        err = session_open(&command->settings, needed, &command->reader, (const bool *)&command_interrupted, &detail,
                           &command->session);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? (command_fail(err, &detail), EX_CONFIG) : command_fail(err, &detail);
    if ((err = overdue(command)) != AM_OK)
        return command_fail(err, &detail);
    command->stale_due = true;
    char newest[PATH_MAX];
    unsigned alarms = history_alarms(command->session, newest);
    if (alarms > 0)
        command_say("ALARM: %u kept, the newest in %s; the hub's log, or what it handed over, did not verify", alarms,
                    newest);
    return 0;
}

void command_tell_refused(const char *id, const char *why)
{
    command_say("%.13s was refused and stays in the outbox: %s; `amana mend` writes it as a draft to send anew, "
                "`amana drop` takes it out",
                id, why);
}

bool command_untaken(const Amana__V1__Kept *kept, size_t *ret_recipient)
{
    return reason_by_name(kept->wait) == REASON_NOT_PERMITTED &&
           sscanf(kept->wait_text, "recipients[%zu].unit", ret_recipient) == 1;
}

static void tell_delivery(void *user, const struct outbox_report *report)
{
    struct command *command = user;
    size_t recipient;
    switch (report->result) {
    case OUTBOX_ACCEPTED:
        if (command->own != NULL && strcmp(command->own, report->id) == 0)
            break;
        command_say("%.13s: accepted, entry %llu of the log", report->id,
                    (unsigned long long)report->kept->entry->index);
        break;
    case OUTBOX_WAITS:
        if (command->own != NULL && strcmp(command->own, report->id) == 0)
            command->not_now = link_alive(command->session->link);
        command_say("%.13s waits in the outbox: %s", report->id, report->detail->text);
        break;
    case OUTBOX_AGAIN:
        if (command->fault == 0)
            command->fault = EX_TEMPFAIL;
        command_say("%.13s must be signed again (SIGN_AGAIN), a roster has changed: %s%s%s", report->id,
                    report->detail->field, report->detail->field[0] != '\0' ? ": " : "", report->detail->text);
        break;
    case OUTBOX_FAILED:
        command_say("%.13s stays in the outbox; those behind it go on", report->id);
        command_tell_fault(command, report->err, report->detail);
        break;
    case OUTBOX_REFUSED:
        if (command->own_again && strcmp(command->own, report->id) == 0 && command_untaken(report->kept, &recipient))
            break;
        command->refused = true;
        command_tell_refused(report->id, report->kept->wait_text);
        break;
    }
}

// What the hub gave as newer revocation lists and could not be taken. That it can't be kept stops nothing else.
static void tell_lists(struct command *command)
{
    struct session *session = command->session;
    if (session->lists_err == AM_SIGNATURE)
        command_tell_fault(command, session->lists_err, &session->lists_detail);
    else if (session->lists_err != AM_OK)
        command_say("%s: %s", session->lists_detail.field, session->lists_detail.text);
    session->lists_err = AM_OK;
}

int command_try_connect(struct command *command, bool *ret_online)
{
    struct am_detail detail = {0};
    *ret_online = false;
    enum am_err err = session_connect(command->session, &detail);
    tell_stale(command);
    if (err == AM_UNAVAILABLE || err == AM_BUSY)
        return 0;
    if (err == AM_OK)
        tell_lists(command);
    if (err == AM_OK)
        err = outbox_deliver(command->session, command->again, &detail, tell_delivery, command);
    if (err == AM_UNAVAILABLE) {
        command->session->offline = detail;
        session_disconnect(command->session);
        return 0;
    }
    if (command_disk(err)) {
        command_tell_fault(command, err, &detail);
        (void)am_fail(err, &command->session->offline, "", "nothing more can be kept here");
        session_disconnect(command->session);
        command->full = true;
        return 0;
    }
    if (err != AM_OK)
        return command_fail(err, &detail);
    *ret_online = true;
    return 0;
}

int command_connect(struct command *command)
{
    bool online;
    int code = command_try_connect(command, &online);
    if (code != 0 || online)
        return code;
    struct am_detail detail = command->session->offline, *offline = &command->session->offline;
    snprintf(detail.text, sizeof detail.text, "no link to the hub: %.200s", offline->text);
    return command_fail(AM_UNAVAILABLE, &detail);
}

int command_run(struct command *command, const struct argp *argp, int argc, char **argv, void *input,
                int (*run)(void *input))
{
    command_init(command);
    command_parse(argp, argc, argv, input);
    int code = command_open(command, SETTINGS_ALL);
    if (code == 0)
        code = command_end(command, run(input));
    command_clear(command);
    return code;
}

int command_find(struct command *command, unsigned boxes, const char *beginning, enum store_box *ret_box,
                 char ret_id[STORE_ID])
{
    struct am_detail detail = {0};
    enum am_err err = store_find(command->session->store, boxes, beginning, &detail, ret_box, ret_id);
    if (err == AM_OK)
        return 0;
    return command_fail(err, &detail);
}
