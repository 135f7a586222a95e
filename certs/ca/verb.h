// SPDX-License-Identifier: Apache-2.0
// What the verbs of amana-ca share: options that several have, exit codes, and how a failure is told. One thread.
#pragma once

#include "certs/keyfile.h"

#include <argp.h>
#include <stdbool.h>

// -d FOLDER and --passphrase-fd N; a child parser of every verb that needs them.
struct common {
    const char *folder; // "." unless given
    int fd;             // -1: no passphrase
    bool read;          // the passphrase is read once and serves every key of this run
    int len;
    char passphrase[KEYFILE_PASSPHRASE_MAX];
};
extern const struct argp common_argp;

void common_init(struct common *common);
void common_clear(struct common *common); // cleanses
// What the key file functions take; NULL where no passphrase was given.
const struct keyfile_passphrase *common_passphrase(struct common *common, struct keyfile_passphrase *buffer);

// Prints what failed, where, and what is allowed to stderr; returns the exit code (sysexits).
int verb_fail(enum am_err err, const struct am_detail *detail);

// Parses arguments; exits with 64 on a mistake. input is passed to the parser.
void verb_parse(const struct argp *argp, int argc, char **argv, void *input);

// A whole number between low and high, or an error by argp that names both.
long verb_number(const char *text, long low, long high, const char *what, struct argp_state *state);

struct verb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

// Each runs one verb with its own arguments, argv[0] being its name, and returns the exit code (sysexits).
int verb_root(int argc, char **argv);
int verb_national(int argc, char **argv);
int verb_request(int argc, char **argv);
int verb_issue(int argc, char **argv);
int verb_revoke(int argc, char **argv);
int verb_crl(int argc, char **argv);
int verb_member(int argc, char **argv);
int verb_roster(int argc, char **argv);
int verb_show(int argc, char **argv);
