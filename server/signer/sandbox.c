// SPDX-License-Identifier: Apache-2.0
// The signer's system calls: read and write what is open, sync, take memory, end.
#include "server/signer/sandbox.h"

#include "server/syscalls.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true // its runtime needs calls of its own at the end
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static const int ALLOWED[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(sendto),
    SCMP_SYS(pwrite64),
    SCMP_SYS(fdatasync),
    SCMP_SYS(close),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(munlock),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
#ifdef AMANA_FAILPOINTS
    SCMP_SYS(getpid),
    SCMP_SYS(kill),
#endif
};

void signer_undumpable(void)
{
    if (!SANITIZED)
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static enum am_err change_user(uid_t uid, gid_t gid, struct am_detail *detail)
{
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return am_fail(AM_DENIED, detail, "signer-user", "can't become user %u: %s", (unsigned)uid, strerror(errno));
    if (setuid(0) == 0)
        return am_fail(AM_DENIED, detail, "signer-user", "there is a way back to root from user %u", (unsigned)uid);
    return AM_OK;
}

enum am_err signer_sandbox(uid_t uid, gid_t gid, struct am_detail *detail)
{
    if (uid != (uid_t)-1)
        TRY(change_user(uid, gid, detail));
    return SANITIZED ? AM_OK : syscalls_restrict(ALLOWED, AM_LEN(ALLOWED), detail);
}
