// SPDX-License-Identifier: Apache-2.0
// The three files that every program has, or should have.
#include "certs/output.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

void output_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int flags = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR; // what can't be read by anybody was not printed
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
            _exit(EX_OSERR);
    }
}

// Whoever closes a pipe has read enough.
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int output_end(const char *program, int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    if (!reader_left())
        fprintf(stderr, "%s: what was to be printed can't be written: look whether a disk is full\n", program);
    return status == EX_OK ? EX_IOERR : status;
}
