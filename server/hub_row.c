// SPDX-License-Identifier: Apache-2.0
// A hub that served with a row of trust.conf that isn't its own would be refused by every desk with the same file.
#include "server/hub_row.h"

#include "proto/log/checkpoint.h"

#include <string.h>

static enum am_err key_check(const struct config *config, const struct trust_hub *hub, const char *log_key,
                             struct am_detail *detail)
{
    struct log_verifier verifier = {0};
    struct am_detail parse = {0};
    enum am_err err = log_verifier_parse(hub->log_key, &parse, &verifier);
    size_t len = strlen(hub->origin);

    log_verifier_clear(&verifier);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK || strncmp(hub->log_key, hub->origin, len) != 0 || hub->log_key[len] != '+')
        return am_fail(AM_CONFIG, detail, config->trust,
                       "trust.conf gives hub \"%s\" the log-key %s, which is no verifier key of %s: copy it whole, as "
                       "`amanad init` printed it",
                       hub->name, hub->log_key, hub->origin);
    if (log_key != NULL && log_key[0] != '\0' && strcmp(hub->log_key, log_key) != 0)
        return am_fail(AM_CONFIG, detail, config->trust,
                       "trust.conf gives hub \"%s\" the log-key of another log; that of the log here is %s", hub->name,
                       log_key);
    return AM_OK;
}

enum am_err hub_row_check(const struct config *config, const struct trust *trust, const char *log_key,
                          struct am_detail *detail)
{
    const struct trust_hub *hub = trust_hub(trust, config->hub);

    if (hub == NULL)
        return am_fail(AM_CONFIG, detail, config->trust, "trust.conf has no hub \"%s\"", config->hub);
    if (strcmp(hub->origin, config->origin) != 0)
        return am_fail(AM_CONFIG, detail, config->trust,
                       "trust.conf gives hub \"%s\" the origin %s, the configuration %s", hub->name, hub->origin,
                       config->origin);
    return hub->log_key[0] != '\0' ? key_check(config, hub, log_key, detail) : AM_OK;
}
