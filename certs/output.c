// SPDX-License-Identifier: Apache-2.0
// The three files that every program has, or should have.
#include "certs/output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

// Whoever closes a pipe has read enough.
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

// On whatever way it ends: a library that prints a help ends the program itself.
static void end(int status, void *program)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return;
    if (!reader_left())
        fprintf(stderr, "%s: what was to be printed can't be written: look whether a disk is full\n",
                (const char *)program);
    if (status == EX_OK)
        _exit(EX_IOERR);
}

void output_begin(const char *program)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int flags = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR; // what can't be read by anybody was not printed
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
            _exit(EX_OSERR);
    }
    signal(SIGPIPE, SIG_IGN);
    if (on_exit(end, (void *)program) != 0)
        _exit(EX_OSERR);
}
