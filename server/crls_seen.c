// SPDX-License-Identifier: Apache-2.0
// The CRL numbers that this hub has taken.
#include "server/crls_seen.h"

#include "certs/keyfile.h"
#include "certs/trust_seen.h"

#include <stdlib.h>
#include <string.h>

enum am_err crls_seen_take(const char *path, const struct trust *trust, bool keep, struct am_detail *detail)
{
    struct am_bytes before = {0}, now = {0};
    struct am_detail missing;
    enum am_err err = certs_read_file(path, TRUST_SEEN_MAX, &missing, &before);

    if (err != AM_OK && err != AM_NOT_FOUND) {
        *detail = missing;
        return err;
    }
    err = trust_seen_take(trust, before, path, detail, &now);
    if (err == AM_OK && keep && (now.len != before.len || memcmp(now.data, before.data, now.len) != 0))
        err = certs_write_file(path, now, 0600, detail);
    free((void *)before.data);
    free((void *)now.data);
    return err;
}
