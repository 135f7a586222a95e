// SPDX-License-Identifier: Apache-2.0
// How few rights the program keeps once it runs (security.md, The process).
#pragma once

#include "proto/model/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SANDBOX_ROOT "root" // the one word that lets a program started as root go on as root

struct sandbox_user {
    uid_t uid;
    gid_t gid;
};
struct sandbox_users {
    struct sandbox_user hub, signer;
};

// Who hub and signer are to be: started as root the users of these names or numbers, "" for none, else who we are.
// AM_CONFIG with what to do: also where we are root and nobody said that this is meant.
AM_MUST_USE enum am_err sandbox_users(const char *user, const char *signer_user, struct am_detail *detail,
                                      struct sandbox_users *ret_users);

// Whether there are such users here, whoever we are now. AM_CONFIG with what to do.
AM_MUST_USE enum am_err sandbox_users_known(const char *user, const char *signer_user, struct am_detail *detail);

// Gives up every capability: those that root has, those that a service manager lent for the port. AM_DENIED.
AM_MUST_USE enum am_err sandbox_no_capabilities(struct am_detail *detail);

// Private keys that are read from here on stay in memory that is neither swapped nor dumped (OpenSSL's secure heap).
// False where it can't be locked: ulimit -l. Before other users are become.
bool sandbox_lock_keys(void);

// Nothing that is executed from here on gains rights. AM_DENIED.
AM_MUST_USE enum am_err sandbox_no_new_privs(struct am_detail *detail);

// Landlock: of all files only these and those beneath these folders, and no new TCP connection or listener where the
// kernel can say so. Folders that aren't there are left out. Writes the level in words ("landlock 6", or why not),
// never fails: a kernel without it is told, not hidden.
void sandbox_landlock(const char *const *writable, size_t n_writable, const char *const *readable, size_t n_readable,
                      char *ret_words, size_t size);

// seccomp: from here on no thread makes a call that serving doesn't need; one that does ends the program (SIGSYS). No
// new thread, process, socket or program either. Adds the level to `words`. AM_DENIED where the kernel can't.
AM_MUST_USE enum am_err sandbox_calls(char *words, size_t size, struct am_detail *detail);
