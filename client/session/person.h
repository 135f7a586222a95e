// SPDX-License-Identifier: Apache-2.0
// Is it the same person? By the number of a document, or by name and date of birth, whatever the script and spelling of
// the parts. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"

#include <stdbool.h>

// Whether anything of this person could tell that: a document's number, or a name with a date of birth.
bool person_is_known(const Amana__V1__Person *person);
bool person_same(const Amana__V1__Person *a, const Amana__V1__Person *b);
