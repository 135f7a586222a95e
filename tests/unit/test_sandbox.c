// SPDX-License-Identifier: Apache-2.0
// The list of system calls that a serving hub is held to: what isn't on it ends the process.
#include "server/sandbox.h"

#include "server/signer/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 4096

// How a process ends that does this once it is held.
static int end_of(void (*act)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct am_detail detail = {0};
        char words[96] = "landlock 1";
        process_no_core();
        if (sandbox_no_new_privs(&detail) != AM_OK || sandbox_calls(words, sizeof words, &detail) != AM_OK ||
            strstr(words, "landlock 1, seccomp ") == NULL)
            _exit(99);
        act();
        _exit(7);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void execute(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
}

static void connect_out(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void open_unix_socket(void)
{
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void open_raw_socket(void)
{
    (void)socket(AF_PACKET, SOCK_RAW, 0);
}

static void split(void)
{
    (void)vfork();
}

static void become_root(void)
{
    if (setuid(0) == 0)
        _exit(97);
}

static void map_code(void)
{
    (void)mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void protect_code(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

#ifndef __SANITIZE_ADDRESS__
static void trace(void)
{
    (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
#endif

static void serve(void)
{
    char byte;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    free(malloc(1 << 20));
    if (fd < 0 || read(fd, &byte, 1) != 0 || close(fd) != 0)
        _exit(98);
}

static void a_call_that_serving_does_not_need_ends_the_process(void **state)
{
    assert_int_equal(-SIGSYS, end_of(execute));
    assert_int_equal(-SIGSYS, end_of(connect_out));
    assert_int_equal(-SIGSYS, end_of(open_unix_socket));
    assert_int_equal(-SIGSYS, end_of(open_raw_socket));
    assert_int_equal(-SIGSYS, end_of(become_root));
    assert_int_equal(-SIGSYS, end_of(split));
#ifndef __SANITIZE_ADDRESS__ // whose runtime traces us at the end
    assert_int_equal(-SIGSYS, end_of(trace));
#endif
}

static void memory_can_not_be_made_executable(void **state)
{
    assert_int_equal(-SIGSYS, end_of(map_code));
    assert_int_equal(-SIGSYS, end_of(protect_code));
}

static void reading_files_and_taking_memory_go_on(void **state)
{
    assert_int_equal(7, end_of(serve));
}

// --- Threads that were there before
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_and_execute(void *argument)
{
    pthread_mutex_lock(&gate);
    execute();
    return NULL;
}

static void a_thread_that_was_there_before_is_held_too(void **state)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct am_detail detail = {0};
        char words[96] = "";
        pthread_t thread;
        pthread_mutex_lock(&gate);
        if (sandbox_no_new_privs(&detail) != AM_OK || pthread_create(&thread, NULL, wait_and_execute, NULL) != 0 ||
            sandbox_calls(words, sizeof words, &detail) != AM_OK)
            _exit(99);
        pthread_mutex_unlock(&gate);
        pthread_join(thread, NULL);
        _exit(7);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_serving_does_not_need_ends_the_process),
        cmocka_unit_test(memory_can_not_be_made_executable),
        cmocka_unit_test(reading_files_and_taking_memory_go_on),
        cmocka_unit_test(a_thread_that_was_there_before_is_held_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
