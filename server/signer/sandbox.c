// SPDX-License-Identifier: Apache-2.0
// The signer's system calls: read and write what is open, sync, take memory, end.
#include "server/signer/sandbox.h"

#include "server/signer/process.h"
#include "server/signer/syscalls.h"

#include <seccomp.h>

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

enum am_err signer_sandbox(uid_t uid, gid_t gid, struct am_detail *detail)
{
    if (uid != (uid_t)-1)
        TRY(process_become("signer-user", uid, gid, detail));
    return PROCESS_SANITIZED ? AM_OK : syscalls_restrict(ALLOWED, AM_LEN(ALLOWED), detail);
}
