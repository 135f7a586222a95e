// SPDX-License-Identifier: Apache-2.0
// Errors as exit statuses: the disk is told apart from a fault of our own, so that an operator knows where to look.
#include "server/exit_status.h"

#include <stdlib.h>
#include <sysexits.h>

int exit_status(enum am_err err)
{
    switch (err) {
    case AM_OK: return EX_OK;
    case AM_USAGE: return EX_USAGE;
    case AM_NOT_FOUND: return EX_NOINPUT;
    case AM_IO:
    case AM_FULL: return EX_IOERR;
    case AM_NOMEM: return EX_OSERR;
    case AM_BUSY: return EX_TEMPFAIL;
    case AM_DENIED: return EX_NOPERM;
    case AM_EXISTS: return EX_CANTCREAT;
    case AM_CORRUPT:
    case AM_ROLLBACK: return EXIT_FAILURE;
    case AM_PROTO:
    case AM_CRYPTO:
    case AM_CONFLICT:
    case AM_READ_ONLY:
    case AM_UNAVAILABLE: return EX_SOFTWARE;
    default: return EX_CONFIG;
    }
}

int exit_died(enum am_err err)
{
    return err == AM_IO || err == AM_CORRUPT ? exit_status(err) : EX_SOFTWARE;
}

const char *exit_died_do(enum am_err err)
{
    return err == AM_IO        ? "look at the disk, then start again"
           : err == AM_CORRUPT ? "run amanad fsck"
                               : "start again: that finds out what is durable";
}
