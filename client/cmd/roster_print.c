// SPDX-License-Identifier: Apache-2.0
// Rosters on standard output.
#include "client/cmd/roster_print.h"

#include "client/cmd/json_line.h"
#include "client/cmd/print.h"

#include <stdio.h>

static json_t *names_json(const struct roster *roster)
{
    json_t *officers = json_array(), *devices = json_array();
    for (size_t i = 0; i < roster->officers_count; i++)
        json_array_append_new(officers, json_pack("{s:s, s:b}", "officer", roster->officers[i].identity.uri,
                                                  "supervisor", roster->officers[i].supervisor));
    for (size_t i = 0; i < roster->devices_count; i++)
        json_array_append_new(devices, json_string(roster->devices[i].identity.uri));
    return json_pack("{s:s, s:I, s:b, s:s, s:o, s:o, s:s}", "unit", roster->unit, "number", (json_int_t)roster->number,
                     "in_force", roster_in_force(roster), "signer", roster->registrar.identity.uri, "devices", devices,
                     "officers", officers, "not_after", print_ns(roster->not_after));
}

int roster_print(const struct roster *roster, bool json)
{
    if (json)
        return json_line_print(names_json(roster), stdout);
    printf("%s  %llu, signed by %s, ", roster->unit, (unsigned long long)roster->number,
           roster->registrar.identity.uri + 8);
    if (!roster_in_force(roster)) {
        printf("out of force: nobody is on it\n");
        return 0;
    }
    printf("until %s\n", print_ns(roster->not_after));
    for (size_t i = 0; i < roster->devices_count; i++)
        printf("  device   %s\n", print_officer(roster->devices[i].identity.uri));
    for (size_t i = 0; i < roster->officers_count; i++)
        printf("  officer  %s%s\n", print_officer(roster->officers[i].identity.uri),
               roster->officers[i].supervisor ? ", supervisor" : "");
    return 0;
}
