// SPDX-License-Identifier: Apache-2.0
// A roster and its certificates of any bytes: the CMS file, then each certificate behind a length of two bytes.
#include "certs/roster.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The next part, shortened to what is there.
static struct am_bytes next(const uint8_t **at, const uint8_t *end)
{
    if (end - *at < 2)
        return (struct am_bytes){0};
    size_t len = (size_t)(*at)[0] << 8 | (*at)[1];
    *at += 2;
    if (len > (size_t)(end - *at))
        len = (size_t)(end - *at);
    struct am_bytes part = {*at, len};
    *at += len;
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct am_bytes certificates[16];
    const uint8_t *at = data, *end = data + size;
    struct am_detail detail;
    struct roster *roster = NULL;
    size_t count = 0;
    struct am_bytes cms = next(&at, end);
    while (count < 16 && end - at >= 2)
        certificates[count++] = next(&at, end);
    if (roster_parse(cms, certificates, count, &detail, &roster) == AM_OK)
        roster_unref(roster);
    ERR_clear_error();
    return 0;
}
