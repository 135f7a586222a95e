// SPDX-License-Identifier: Apache-2.0
// Names and numbers made alike before they are compared.
#include "proto/body/person.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define NAME 256u

// Letters and digits alone, in capitals: as a number is copied, spaces, strokes and fillers come and go.
static void number_plain(const char *text, char ret_plain[NAME])
{
    size_t n = 0;
    for (; *text != '\0' && n + 1 < NAME; text++)
        if (isalnum((unsigned char)*text))
            ret_plain[n++] = (char)toupper((unsigned char)*text);
    ret_plain[n] = '\0';
}

// Small letters without marks, doubled ones once: "Mohammed" and "Mohamed", "Ṭolosa" and "Tolosa".
static void name_plain(const char *text, char ret_plain[NAME])
{
    utf8proc_uint8_t *folded = NULL;
    size_t n = 0;
    ret_plain[0] = '\0';
    if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded,
                     UTF8PROC_NULLTERM | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD |
                         UTF8PROC_IGNORE) < 0)
        return;
    for (const utf8proc_uint8_t *c = folded; *c != 0 && n + 1 < NAME; c++) {
        bool letter = *c >= 0x80 || isalnum(*c) != 0;
        if (letter && (*c >= 0x80 || n == 0 || (utf8proc_uint8_t)ret_plain[n - 1] != *c))
            ret_plain[n++] = (char)*c;
    }
    ret_plain[n] = '\0';
    free(folded);
}

static bool numbers_same(const Amana__V1__Document *a, const Amana__V1__Document *b)
{
    char one[NAME], other[NAME];
    number_plain(a->number, one);
    number_plain(b->number, other);
    bool issuers = a->issuer[0] == '\0' || b->issuer[0] == '\0' || strlen(a->issuer) != strlen(b->issuer) ||
                   strcmp(a->issuer, b->issuer) == 0; // of two lists of codes: not compared
    return issuers && one[0] != '\0' && strcmp(one, other) == 0;
}

static bool part_same(const Amana__V1__NamePart *a, const Amana__V1__NamePart *b)
{
    const char *const as[] = {a->text, a->transliteration}, *const bs[] = {b->text, b->transliteration};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            char one[NAME], other[NAME];
            name_plain(as[i], one);
            name_plain(bs[j], other);
            if (one[0] != '\0' && strcmp(one, other) == 0)
                return true;
        }
    return false;
}

// Every part of the one who is named with fewer is a part of the other's name.
static bool names_same(const Amana__V1__Person *a, const Amana__V1__Person *b)
{
    const Amana__V1__Person *fewer = a->n_names <= b->n_names ? a : b, *more = fewer == a ? b : a;
    for (size_t i = 0; i < fewer->n_names; i++) {
        bool there = false;
        for (size_t j = 0; j < more->n_names && !there; j++)
            there = part_same(fewer->names[i], more->names[j]);
        if (!there)
            return false;
    }
    return fewer->n_names > 0;
}

// A year, a month or a day: as far as both say it.
static bool births_agree(const Amana__V1__Person *a, const Amana__V1__Person *b)
{
    const char *one = a->birth != NULL ? a->birth->date : "", *other = b->birth != NULL ? b->birth->date : "";
    size_t len = strlen(one) < strlen(other) ? strlen(one) : strlen(other);
    return len > 0 && strncmp(one, other, len) == 0;
}

bool person_is_known(const Amana__V1__Person *person)
{
    for (size_t i = 0; i < person->n_documents; i++)
        if (person->documents[i]->number[0] != '\0')
            return true;
    return person->n_names > 0 && person->birth != NULL && person->birth->date[0] != '\0';
}

bool person_mark(const Amana__V1__Person *person, size_t at, struct person_mark *ret_mark)
{
    char plain[NAME];
    ret_mark->text[0] = '\0';
    if (at < person->n_documents) {
        number_plain(person->documents[at]->number, plain);
        ret_mark->part = ret_mark->of = 0;
        if (plain[0] != '\0')
            snprintf(ret_mark->text, sizeof ret_mark->text, "n%s", plain);
        return true;
    }
    at -= person->n_documents;
    if (at / 2 >= person->n_names)
        return false;
    const Amana__V1__NamePart *part = person->names[at / 2];
    const char *birth = person->birth != NULL ? person->birth->date : "";
    name_plain(at % 2 == 0 ? part->text : part->transliteration, plain);
    ret_mark->part = at / 2 < PERSON_PARTS ? (unsigned)(at / 2) : PERSON_PARTS - 1;
    ret_mark->of = person->n_names < PERSON_PARTS ? (unsigned)person->n_names : PERSON_PARTS;
    if (plain[0] != '\0' && birth[0] != '\0')
        snprintf(ret_mark->text, sizeof ret_mark->text, "p%.4s%s", birth, plain);
    return true;
}

bool person_same(const Amana__V1__Person *a, const Amana__V1__Person *b)
{
    for (size_t i = 0; i < a->n_documents; i++)
        for (size_t j = 0; j < b->n_documents; j++)
            if (numbers_same(a->documents[i], b->documents[j]))
                return true;
    return births_agree(a, b) && names_same(a, b);
}
