// SPDX-License-Identifier: Apache-2.0
// A row of the registry as it is shown: role, languages, how it is reached, its grants. One thread.
#pragma once

#include "amana/v1/admin.pb-c.h"

#include <stdio.h>

// All of it but the grants, a line each, whatever the hub wrote made harmless.
void member_print(FILE *out, const Amana__V1__MemberRecord *member);
// Each grant with its number, which `admin grant remove` takes.
void member_print_grants(FILE *out, const Amana__V1__MemberRecord *member);
// One line of JSON on standard output; returns the exit code.
int member_print_json(const Amana__V1__MemberRecord *member);
