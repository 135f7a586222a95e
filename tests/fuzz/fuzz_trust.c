// SPDX-License-Identifier: Apache-2.0
// trust.conf of any bytes: refused with a reason, or read into values that keep to their grammar.
#include "certs/trust_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct trust *trust)
{
    for (size_t i = 0; i < trust->countries_count; i++) {
        const struct trust_country *country = &trust->countries[i];
        if (!address_part_valid(country->code, strlen(country->code)) ||
            trust_country(trust, country->code) != country || country->registrars_count > TRUST_REGISTRARS ||
            (country->protection_unit[0] != '\0' && address_check(country->protection_unit, NULL) != AM_OK))
            abort();
    }
    for (size_t i = 0; i < trust->hubs_count; i++) {
        if (trust_hub(trust, trust->hubs[i].name) != &trust->hubs[i] || trust->hubs[i].dns[0] == '\0' ||
            trust->hubs[i].countries_count == 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trust trust = {0};
    struct am_detail detail = {0};
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    trust.file = (struct am_bytes){(const uint8_t *)text, size};
    if (trust_conf_read(&trust, "trust.conf", &detail) == AM_OK)
        check(&trust);
    else if (detail.text[0] == '\0')
        abort();
    free(trust.countries);
    free(trust.hubs);
    free(text);
    return 0;
}
