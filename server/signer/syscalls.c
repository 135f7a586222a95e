// SPDX-License-Identifier: Apache-2.0
// A process lets go of the system calls that it doesn't need.
#include "server/signer/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

// A word of one argument, of which these bits must have this value.
struct narrowed {
    int call;
    unsigned argument;
    scmp_datum_t mask, value;
};

static const struct narrowed NARROWED[] = {
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(ioctl), 1, ~(scmp_datum_t)0, TCGETS}, // whether a file is a terminal: what a lexer asks
};

enum am_err syscalls_restrict(const int *allowed, size_t n_allowed, struct am_detail *detail)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter == NULL ? ENOMEM : -seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < n_allowed && failed == 0; i++)
        failed = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < AM_LEN(NARROWED) && failed == 0; i++)
        failed =
            -seccomp_rule_add(filter, SCMP_ACT_ALLOW, NARROWED[i].call, 1,
                              SCMP_CMP(NARROWED[i].argument, SCMP_CMP_MASKED_EQ, NARROWED[i].mask, NARROWED[i].value));
    if (failed == 0)
        failed = -seccomp_load(filter);
    seccomp_release(filter);
    return failed == 0 ? AM_OK : am_fail(AM_DENIED, detail, "seccomp", "can't be set: %s", strerror(failed));
}
