// SPDX-License-Identifier: Apache-2.0
// What the verbs of amana share: options, exit codes, how a failure is told, opening and connecting. One thread.
#pragma once

#include "client/session/outbox.h"
#include "client/session/session.h"

#include <argp.h>
#include <stdio.h>
#include <sysexits.h>

#define EX_VERIFY 1 // a verification failed

// One run of the program.
struct command {
    struct settings_flags flags;
    bool json, utc, again;
    int passphrase_fd; // -1: asked on the terminal where a key needs it
    char passphrase[KEYFILE_PASSPHRASE_MAX];
    int passphrase_len; // 0: not read yet
    struct keyfile_passphrase reader;
    struct settings settings;
    struct session *session;
    const char *own; // id whose acceptance is told by the verb itself
    bool own_again;  // so is that it is refused for one of its recipients
    bool refused;    // something in the outbox was refused in this run
    bool not_now;    // the hub was there and took the verb's own message not yet: it said why
    bool stale_due;  // which of its revocation lists are stale is still to be told
    bool full;       // the disk takes nothing more: what is here can be read, and no link is kept up for it
    int fault;       // exit code of what failed beside the verb's own work: something that did not hold; 0: nothing
};

// -c, -d, --json, --utc, --passphrase-fd, and one flag per setting: a child parser of every verb; its input is the
// struct command.
extern const struct argp command_argp;
extern const struct argp_child command_children[];
// The one of them that a word as "--directory=x" or "-d" names, by its whole name or a beginning; NULL: none.
const struct argp_option *command_option(const char *word);

// Before the arguments are parsed into it: nothing is said yet, but where the environment has the passphrase.
void command_init(struct command *command);
void command_clear(struct command *command); // cleanses, closes the session

// While it is set, command_parse prints the verb's options there, a line each: name, tab, "=" where it takes a value,
// tab, what it is; and ends the program. For `completion`, which runs each verb in a process of its own.
extern FILE *command_options_out;

// Parses a verb's arguments; exits with 64 on a mistake. input is passed to the parser, whose ARGP_KEY_INIT gives the
// struct command to child_inputs[0].
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

// Takes a verb's one argument into *ret_argument; a second one ends the program with `complaint` (ARGP_KEY_ARG).
error_t command_one_argument(struct argp_state *state, char *arg, const char **ret_argument, const char *complaint);

// Set by SIGINT and SIGTERM once command_signals was called.
extern volatile bool command_interrupted;
void command_signals(void);

// Reads the settings and opens the session. 0, or the exit code after the failure was told.
AM_MUST_USE int command_open(struct command *command, unsigned needed);
// Connects and delivers what waits in the outbox. 0; 69 where there is no link (told); 1 after an alarm. Where the disk
// takes nothing that is to be kept that is told, `full` is set, and it is as without a link.
AM_MUST_USE int command_connect(struct command *command);
// The same, but no link is no failure: *ret_online says. For verbs that work without.
AM_MUST_USE int command_try_connect(struct command *command, bool *ret_online);

// A receive_teller's fault, user is the struct command: told on stderr, and noted in `alarmed`.
void command_tell_fault(void *user, enum am_err err, const struct am_detail *detail);
// The exit code of a verb that came to its end: that of `fault`, where there was one.
int command_end(const struct command *command, int code);

// A verb from its arguments to its exit code: `run` is given the input, which holds the command, once the session is
// open; a link is its own to ask for.
AM_MUST_USE int command_run(struct command *command, const struct argp *argp, int argc, char **argv, void *input,
                            int (*run)(void *input));

// Of what lies in the outbox, that the hub refused it; `why` begins with the field, where there is one.
void command_tell_refused(const char *id, const char *why);
// Whether it was refused for one of its recipients: the hub lets nothing of it go to that unit.
bool command_untaken(const Amana__V1__Kept *kept, size_t *ret_recipient);

// Tells what failed, where, what is allowed, on stderr; returns the exit code of ux.md.
int command_fail(enum am_err err, const struct am_detail *detail);
int command_exit_code(enum am_err err);
// Whether the disk is what failed.
bool command_disk(enum am_err err);

// A line on stderr for people: "amana: …".
__attribute__((format(printf, 1, 2))) void command_say(const char *format, ...);

// Asks for a yes on the terminal, or on standard input: "Erase it?". 0; else, after `left` was said ("nothing was
// erased"), the exit code: 75 of a no, 64 where nobody is there to answer.
AM_MUST_USE int command_ask(const char *question, const char *left);

// The id of a message from its beginning, looked for in these boxes (1 << box). 0, or the exit code after it was told.
AM_MUST_USE int command_find(struct command *command, unsigned boxes, const char *beginning, enum store_box *ret_box,
                             char ret_id[STORE_ID]);
#define BOX(name)  (1u << STORE_##name)
#define BOXES_ALL  (BOX(OUTBOX) | BOX(SENT) | BOX(INBOX))
#define ARENA_VERB (64u * 1024 * 1024)

// A verb: how it is called, what it does, an example, and its code. argv[0] is "amana VERB".
struct verb {
    const char *group; // of the first of those that stand together in the help: whom or what they are for; else NULL
    const char *name, *summary, *example;
    int (*run)(int argc, char **argv);
};
const struct verb *verbs_all(size_t *ret_count);

// The words that may stand behind those of `before` in a verb's name ("": the first), each once, separated by
// `between`.
#define VERB_NEXT 512
void verbs_next(const char *before, const char *between, char ret_words[VERB_NEXT]);

// The verbs: argv[0] is the verb's whole name, as `amana admin member add`. Each prints what it did and returns the
// exit code.
int verb_init(int argc, char **argv);
int verb_new(int argc, char **argv);
int verb_send(int argc, char **argv);
int verb_inbox(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_answer(int argc, char **argv); // each verb of answer_verbs.h
int verb_access_new(int argc, char **argv);
int verb_access_sheet(int argc, char **argv);
int verb_access_log(int argc, char **argv);
int verb_sent(int argc, char **argv);
int verb_completion(int argc, char **argv);
int verb_mend(int argc, char **argv);
int verb_drop(int argc, char **argv);
int verb_pending(int argc, char **argv);
int verb_release(int argc, char **argv);
int verb_send_back(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_receipt(int argc, char **argv);
int verb_search(int argc, char **argv);
int verb_assign(int argc, char **argv);
int verb_keep(int argc, char **argv);
int verb_hand_over(int argc, char **argv);
int verb_case(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_export_cap(int argc, char **argv);
int verb_export_statistics(int argc, char **argv);
int verb_export_htcds(int argc, char **argv);
int verb_audit_replay(int argc, char **argv);
int verb_audit_verify(int argc, char **argv);
int verb_audit_prove(int argc, char **argv);
int verb_admin_member_list(int argc, char **argv);
int verb_admin_member_add(int argc, char **argv);
int verb_admin_member_remove(int argc, char **argv);
int verb_admin_member_renew(int argc, char **argv);
int verb_admin_grant_list(int argc, char **argv);
int verb_admin_grant_add(int argc, char **argv);
int verb_admin_grant_remove(int argc, char **argv);
int verb_units(int argc, char **argv);
int verb_admin_roster_add(int argc, char **argv);
int verb_admin_roster_remove(int argc, char **argv);
int verb_admin_roster_renew(int argc, char **argv);
int verb_admin_roster_list(int argc, char **argv);
int verb_admin_policy_try(int argc, char **argv);
