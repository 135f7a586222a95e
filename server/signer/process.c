// SPDX-License-Identifier: Apache-2.0
// What hub and signer do alike to be a process of few rights.
#include "server/signer/process.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void process_no_core(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    // A limit alone doesn't hold for a core_pattern that is a pipe.
    if (!PROCESS_SANITIZED)
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

enum am_err process_become(const char *field, uid_t uid, gid_t gid, struct am_detail *detail)
{
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return am_fail(AM_DENIED, detail, field, "can't become user %u: %s", (unsigned)uid, strerror(errno));
    if (uid != 0 && setuid(0) == 0)
        return am_fail(AM_DENIED, detail, field, "there is a way back to root from user %u", (unsigned)uid);
    if (PROCESS_SANITIZED) // a change of user has taken this away
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return AM_OK;
}
