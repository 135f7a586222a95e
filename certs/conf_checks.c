// SPDX-License-Identifier: Apache-2.0
// What validators of more than one file of an operator ask about a value.
#include "certs/conf_checks.h"

#include "proto/codec/codec.h"
#include "proto/codec/nearest.h"
#include "proto/model/address.h"

#include <string.h>

int conf_check_party(cfg_t *cfg, const char *option, const char *party)
{
    if (address_pattern_valid(party))
        return 0;
    cfg_error(cfg, "%s: \"%s\" is no unit; write COUNTRY/AGENCY/UNIT, where a part may be *, as in \"et/ics/*\"",
              option, party);
    return -1;
}

int conf_check_code(cfg_t *cfg, const char *option, const ProtobufCEnumDescriptor *codes, const char *what,
                    const char *name)
{
    struct nearest nearest = {.word = name, .len = strlen(name)};
    char clause[NEAREST_CLAUSE], allowed[180];
    int value;

    if (codec_enum_value(codes, name, &value) == AM_OK && value != 0)
        return 0;
    for (unsigned i = 0; i < codes->n_values; i++)
        if (codes->values[i].value != 0)
            nearest_offer(&nearest, codec_enum_name(codes, codes->values[i].value));
    codec_enum_list(codes, allowed, sizeof allowed);
    cfg_error(cfg, "%s: \"%.40s\" is no %s%s%s allowed: %s", option, name, what, nearest_clause(&nearest, clause),
              nearest.best == NULL ? ";" : "", allowed);
    return -1;
}
