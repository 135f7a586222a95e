// SPDX-License-Identifier: Apache-2.0
// Whole reads and writes over the socket pair.
#include "server/signer/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum am_err signer_read(int fd, void *data, size_t len)
{
    uint8_t *at = data;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return AM_UNAVAILABLE;
        at += n;
        len -= (size_t)n;
    }
    return AM_OK;
}

enum am_err signer_write(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return AM_UNAVAILABLE;
        at += n;
        len -= (size_t)n;
    }
    return AM_OK;
}
