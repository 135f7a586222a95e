// SPDX-License-Identifier: Apache-2.0
// Is it the same person? By the number of a document, or by name and date of birth, whatever the script and spelling of
// the parts. Pure; any thread.
#pragma once

#include "amana/v1/body.pb-c.h"

#include <stdbool.h>

// Whether anything of this person could tell that: a document's number, or a name with a date of birth.
bool person_is_known(const Amana__V1__Person *person);

// What of a person is compared, one after the other, made alike: persons who are the same have one in common at least.
// A document's number (of 0), or a part of the name in one of its forms with the year of birth: part `part` of `of`.
// `of` PERSON_PARTS: of so many or more.
#define PERSON_PARTS 32u
#define PERSON_MARK  264u
struct person_mark {
    char text[PERSON_MARK];
    unsigned part, of;
};
// The mark number `at`; false behind the last. An empty text is no mark.
bool person_mark(const Amana__V1__Person *person, size_t at, struct person_mark *ret_mark);

// Whether they are to be taken for one: a document's number is the same, or the names are and no birth speaks against
// it.
bool person_same(const Amana__V1__Person *a, const Amana__V1__Person *b);
