// SPDX-License-Identifier: Apache-2.0
// amanad.conf and the members file from any bytes: no crash, no leak, and every refusal says something.
#include "certs/members.h"
#include "server/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct am_bytes text = {data, size};
    struct am_detail detail = {0};
    struct members members;
    struct config config;

    if (size > LIMIT_CONFIG)
        return 0;
    if (config_parse(text, "amanad.conf", &detail, &config) == AM_CONFIG && detail.text[0] == '\0')
        abort();
    detail = (struct am_detail){0};
    if (members_parse(text, "members.conf", NULL, &detail, &members) == AM_CONFIG && detail.text[0] == '\0')
        abort();
    members_clear(&members);
    return 0;
}
