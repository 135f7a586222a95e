// SPDX-License-Identifier: Apache-2.0
// Who is the same person.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "proto/body/person.h"
#include "proto/model/error.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *what;
    const char *number[2], *issuer[2], *birth[2];
    const char *names[2][3]; // "text|transliteration"
    bool same;
} ROWS[] = {
    {"a number with and without its strokes", {"EP-1234567", "ep 1234567"}, {"et", "et"}, {0}, {{0}}, true},
    {"the number of another country", {"1234567", "1234567"}, {"et", "ke"}, {0}, {{0}}, false},
    {"a number by two lists of codes", {"1234567", "1234567"}, {"et", "ETH"}, {0}, {{0}}, true},
    {"no number", {"", ""}, {"", ""}, {0}, {{0}}, false},
    {"name and day", {0}, {0}, {"2008-05-01", "2008-05-01"}, {{"Hawi|", "Tolosa|"}, {"HAWI|", "Tolosa|"}}, true},
    {"name and year", {0}, {0}, {"2008", "2008-05-01"}, {{"Hawi|", "Tolosa|"}, {"Hawi|", "Tolosa|"}}, true},
    {"another day", {0}, {0}, {"2008-05-02", "2008-05-01"}, {{"Hawi|"}, {"Hawi|"}}, false},
    {"a name alone", {0}, {0}, {"", "2008"}, {{"Hawi|"}, {"Hawi|"}}, false},
    {"another spelling", {0}, {0}, {"1990", "1990"}, {{"Mohammed|", "Alí|"}, {"Mohamed|", "Ali|"}}, true},
    {"another script", {0}, {0}, {"1990", "1990"}, {{"ቶሎሳ|Tolosa"}, {"Tolosa|"}}, true},
    {"another order, and one part more",
     {0},
     {0},
     {"1990", "1990"},
     {{"Ali|", "Omar|"}, {"Omar|", "Ali|", "Hassan|"}},
     true},
    {"no name", {0}, {0}, {"1990", "1990"}, {{0}, {"Ali|"}}, false},
    {"another name", {0}, {0}, {"1990", "1990"}, {{"Ali|", "Omar|"}, {"Ali|", "Osman|"}}, false},
};

struct sample {
    Amana__V1__Person person;
    Amana__V1__Document document, *documents[1];
    Amana__V1__PartialDate birth;
    Amana__V1__NamePart parts[3], *names[3];
    char text[3][64], latin[3][64];
};

static void sample_fill(struct sample *s, size_t row, size_t side)
{
    *s = (struct sample){.person = AMANA__V1__PERSON__INIT,
                         .document = AMANA__V1__DOCUMENT__INIT,
                         .birth = AMANA__V1__PARTIAL_DATE__INIT};
    s->documents[0] = &s->document;
    if (ROWS[row].number[side] != NULL) {
        s->document.number = (char *)ROWS[row].number[side];
        s->document.issuer = (char *)ROWS[row].issuer[side];
        s->person.documents = s->documents;
        s->person.n_documents = 1;
    }
    if (ROWS[row].birth[side] != NULL) {
        s->birth.date = (char *)ROWS[row].birth[side];
        s->person.birth = &s->birth;
    }
    for (size_t i = 0; i < 3 && ROWS[row].names[side][i] != NULL; i++) {
        const char *name = ROWS[row].names[side][i], *bar = strchr(name, '|');
        amana__v1__name_part__init(&s->parts[i]);
        memcpy(s->text[i], name, (size_t)(bar - name));
        snprintf(s->latin[i], sizeof s->latin[i], "%s", bar + 1);
        s->parts[i].text = s->text[i];
        s->parts[i].transliteration = s->latin[i];
        s->names[i] = &s->parts[i];
        s->person.names = s->names;
        s->person.n_names++;
    }
}

static bool share_a_mark(const Amana__V1__Person *one, const Amana__V1__Person *other)
{
    struct person_mark a, b;
    for (size_t i = 0; person_mark(one, i, &a); i++)
        for (size_t j = 0; person_mark(other, j, &b); j++)
            if (a.text[0] != '\0' && strcmp(a.text, b.text) == 0)
                return true;
    return false;
}

static void the_same_person_is_known_again_by_document_or_by_name_and_birth(void **state)
{
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct sample one, other;
        sample_fill(&one, i, 0);
        sample_fill(&other, i, 1);
        if (person_same(&one.person, &other.person) != ROWS[i].same ||
            person_same(&other.person, &one.person) != ROWS[i].same)
            fail_msg("%s", ROWS[i].what);
        if (ROWS[i].same) {
            assert_true(person_is_known(&one.person));
            assert_true(share_a_mark(&one.person, &other.person));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_person_is_known_again_by_document_or_by_name_and_birth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
