// SPDX-License-Identifier: Apache-2.0
// The signer's system calls: read and write what is open, sync, take memory, end.
#include "server/signer/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 // its runtime needs calls of its own at exit
#else
#define SANITIZED 0
#endif

static const int ALLOWED[] = {
    SCMP_SYS(read),          SCMP_SYS(write),           SCMP_SYS(sendto),  SCMP_SYS(pwrite64),
    SCMP_SYS(fdatasync),     SCMP_SYS(close),           SCMP_SYS(brk),     SCMP_SYS(mmap),
    SCMP_SYS(munmap),        SCMP_SYS(mremap),          SCMP_SYS(madvise), SCMP_SYS(mprotect),
    SCMP_SYS(futex),         SCMP_SYS(getrandom),       SCMP_SYS(exit),    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall), SCMP_SYS(getpid),  SCMP_SYS(kill),
    SCMP_SYS(clock_gettime), SCMP_SYS(newfstatat),      SCMP_SYS(fstat),   SCMP_SYS(rt_sigprocmask),
};

static enum am_err restrict_calls(struct am_detail *detail)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter == NULL ? ENOMEM : 0;
    for (size_t i = 0; i < AM_LEN(ALLOWED) && failed == 0; i++)
        failed = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, ALLOWED[i], 0);
    if (failed == 0)
        failed = -seccomp_load(filter);
    seccomp_release(filter);
    return failed == 0 ? AM_OK : am_fail(AM_IO, detail, "seccomp", "can't be set: %s", strerror(failed));
}

enum am_err signer_sandbox(uid_t uid, gid_t gid, struct am_detail *detail)
{
    if (uid != (uid_t)-1 && (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0))
        return am_fail(AM_IO, detail, "signer-user", "can't change to uid %u: %s", (unsigned)uid, strerror(errno));
    return SANITIZED ? AM_OK : restrict_calls(detail);
}
