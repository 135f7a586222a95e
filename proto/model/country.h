// SPDX-License-Identifier: Apache-2.0
// States by their codes: one table for what a body names, what flags name, and what a case is kept from. Pure; any
// thread.
#pragma once

#include <stddef.h>

#define COUNTRIES 249u // codes that ISO 3166-1 has assigned

// The place of an alpha-2 code in small letters in the table; COUNTRIES where it is none.
size_t country_index(const char *code);

// The code at a place below COUNTRIES.
void country_at(size_t index, char ret_code[3]);
