// SPDX-License-Identifier: Apache-2.0
// How few rights the program keeps once it runs.
#include "server/sandbox.h"

#include "server/signer/process.h"
#include "server/signer/syscalls.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECURE_HEAP (64 * 1024) // bytes: the TLS keys, those that HUP brings too

static enum am_err user_find(const char *field, const char *user, struct am_detail *detail,
                             struct sandbox_user *ret_user)
{
    const char *fault = NULL;
    struct passwd *entry;
    long long number = strtonum(user, 1, UINT32_MAX - 1, &fault);

    if (fault == NULL) {
        entry = getpwuid((uid_t)number);
        *ret_user = (struct sandbox_user){(uid_t)number, entry != NULL ? entry->pw_gid : (gid_t)number};
        return AM_OK;
    }
    entry = getpwnam(user);
    if (entry == NULL)
        return am_fail(AM_CONFIG, detail, field,
                       "no user \"%s\" on this machine: make it (adduser --system %s), or name "
                       "another",
                       user, user);
    if (entry->pw_uid == 0 && strcmp(user, SANDBOX_ROOT) != 0)
        return am_fail(AM_CONFIG, detail, field, "\"%s\" is root: name a user without rights", user);
    *ret_user = (struct sandbox_user){entry->pw_uid, entry->pw_gid};
    return AM_OK;
}

enum am_err sandbox_users_known(const char *user, const char *signer_user, struct am_detail *detail)
{
    struct sandbox_user found;

    if (user[0] != '\0')
        TRY(user_find("user", user, detail, &found));
    return signer_user[0] != '\0' ? user_find("signer-user", signer_user, detail, &found) : AM_OK;
}

enum am_err sandbox_users(const char *user, const char *signer_user, struct am_detail *detail,
                          struct sandbox_users *ret_users)
{
    struct sandbox_users users = {{geteuid(), getegid()}, {geteuid(), getegid()}};

    if (geteuid() != 0) {
        *ret_users = users;
        return AM_OK;
    }
    if (user[0] == '\0')
        return am_fail(AM_CONFIG, detail, "user",
                       "started as root, and the configuration doesn't say who to become: add user = \"amana\" (a user "
                       "without rights who owns key and data), or user = \"" SANDBOX_ROOT
                       "\" to serve as root on purpose");
    TRY(user_find("user", user, detail, &users.hub));
    if (signer_user[0] == '\0' && users.hub.uid != 0)
        return am_fail(AM_CONFIG, detail, "signer-user",
                       "started as root, and the configuration doesn't say who the signer becomes: add signer-user = "
                       "\"amana-signer\", another user than \"%s\"",
                       user);
    if (signer_user[0] != '\0')
        TRY(user_find("signer-user", signer_user, detail, &users.signer));
    *ret_users = users;
    return AM_OK;
}

enum am_err sandbox_no_capabilities(struct am_detail *detail)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capset, &header, none) != 0) // ambient ones go with the permitted
        return am_fail(AM_DENIED, detail, "", "capabilities can't be given up: %s", strerror(errno));
    return AM_OK;
}

bool sandbox_lock_keys(void)
{
    // Read now: it may lie where files can't be read later.
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    return CRYPTO_secure_malloc_init(SECURE_HEAP, 16) == 1; // 2: it is there, not locked
}

enum am_err sandbox_no_new_privs(struct am_detail *detail)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return am_fail(AM_DENIED, detail, "", "no_new_privs: %s", strerror(errno));
    return AM_OK;
}

// --- Landlock, by its system calls: glibc 2.36 has no wrappers. Bits that the headers of 2022 don't name yet.
#define FS_REFER     (1ull << 13) // ABI 2
#define FS_TRUNCATE  (1ull << 14) // ABI 3
#define FS_IOCTL_DEV (1ull << 15) // ABI 5
#define NET_BIND     (1ull << 0)  // ABI 4
#define NET_CONNECT  (1ull << 1)
#define FS_FIRST     ((1ull << 13) - 1) // ABI 1: all thirteen
#define FS_OF_FILE   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_READ      (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

struct ruleset_attr {
    uint64_t fs, net;
};

static uint64_t rights_of(long abi)
{
    return FS_FIRST | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static bool path_allow(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    struct stat info;
    bool good;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == EACCES;
    if (fstat(rule.parent_fd, &info) == 0 && !S_ISDIR(info.st_mode))
        rule.allowed_access &= FS_OF_FILE;
    good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return good;
}

void sandbox_landlock(const char *const *writable, size_t n_writable, const char *const *readable, size_t n_readable,
                      char *ret_words, size_t size)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr attr = {.fs = rights_of(abi), .net = abi >= 4 ? NET_BIND | NET_CONNECT : 0};
    bool good = true;
    int ruleset;

    if (abi < 1) {
        snprintf(ret_words, size, "no landlock (%s)", strerror(errno));
        return;
    }
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, abi >= 4 ? sizeof attr : sizeof attr.fs, 0);
    for (size_t i = 0; i < n_writable && ruleset >= 0; i++)
        good &= path_allow(ruleset, writable[i], attr.fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
    for (size_t i = 0; i < n_readable && ruleset >= 0; i++)
        good &= path_allow(ruleset, readable[i], FS_READ);
    if (PROCESS_SANITIZED && ruleset >= 0) // it looks at our own threads and maps
        good &= path_allow(ruleset, "/proc", FS_READ);
    if (ruleset < 0 || !good || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        snprintf(ret_words, size, "no landlock (%s)", strerror(errno));
    else
        snprintf(ret_words, size, "landlock %ld", abi);
    if (ruleset >= 0)
        close(ruleset);
}

// --- seccomp
// What serving, HUP and the end need; threads, listener and signer are there already.
static const int CALLS[] = {
    // connections
    SCMP_SYS(accept4),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    // files: Landlock says which
    SCMP_SYS(close),
    SCMP_SYS(fchmod),
    SCMP_SYS(fcntl),
    SCMP_SYS(fdatasync),
    SCMP_SYS(sync_file_range),
    SCMP_SYS(flock),
    SCMP_SYS(fstat),
    SCMP_SYS(fsync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(getdents64),
    SCMP_SYS(lseek),
    SCMP_SYS(msync),
    SCMP_SYS(newfstatat),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(rename),
    SCMP_SYS(stat),
    SCMP_SYS(unlink),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    // memory, threads, time, signals, and the end
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getuid),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(mremap),
    SCMP_SYS(munlock),
    SCMP_SYS(munmap),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill), // abort() shall look like one
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
#ifdef AMANA_FAILPOINTS
    SCMP_SYS(kill),
#endif
#if PROCESS_SANITIZED
    // LeakSanitizer stops all threads at the end and looks at them from a process of its own.
    SCMP_SYS(arch_prctl),
    SCMP_SYS(clone),
    SCMP_SYS(getdents),
    SCMP_SYS(getppid),
    SCMP_SYS(getrusage),
    SCMP_SYS(kill),
    SCMP_SYS(pipe),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(ptrace),
    SCMP_SYS(readlink),
    SCMP_SYS(sigaltstack),
#endif
};

enum am_err sandbox_calls(char *words, size_t size, struct am_detail *detail)
{
    size_t len = strlen(words);

    TRY(syscalls_restrict(CALLS, AM_LEN(CALLS), detail));
    snprintf(words + len, size - len, ", seccomp %zu calls%s", AM_LEN(CALLS), PROCESS_SANITIZED ? " (sanitized)" : "");
    return AM_OK;
}
