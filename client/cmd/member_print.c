// SPDX-License-Identifier: Apache-2.0
// A member's row as lines for people, and as JSON.
#include "client/cmd/member_print.h"

#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "proto/model/kind.h"

static void print_grant(FILE *out, const Amana__V1__GrantRecord *grant)
{
    for (size_t k = 0; k < grant->n_kinds; k++)
        fprintf(out, "%s%s", k == 0 ? "" : ", ", kind_name((unsigned)grant->kinds[k]));
    fputs(" to ", out);
    for (size_t p = 0; p < grant->n_parties; p++) {
        fputs(p == 0 ? "" : ", ", out);
        print_text(out, grant->parties[p], 0);
    }
    fputc('\n', out);
}

void member_print_grants(FILE *out, const Amana__V1__MemberRecord *member)
{
    for (size_t i = 0; i < member->n_grants; i++) {
        fprintf(out, "  %zu  ", i + 1);
        print_grant(out, member->grants[i]);
    }
}

static void print_reach(FILE *out, const char *what, const char *value)
{
    if (value[0] == '\0')
        return;
    fprintf(out, "  %s ", what);
    print_text(out, value, 0);
    fputc('\n', out);
}

void member_print(FILE *out, const Amana__V1__MemberRecord *member)
{
    print_text(out, member->unit, 0);
    fputs("  ", out);
    print_text(out, member->said->role[0] != '\0' ? member->said->role : "removed", 0);
    for (size_t i = 0; i < member->said->n_languages; i++) {
        fputs(i == 0 ? "  " : ",", out);
        print_text(out, member->said->languages[i], 0);
    }
    for (size_t i = 0; i < member->said->n_scope; i++) {
        fputs(i == 0 ? "  for " : ",", out);
        print_text(out, member->said->scope[i], 0);
    }
    fprintf(out, "  %zu grant%s\n", member->n_grants, member->n_grants == 1 ? "" : "s");
    print_reach(out, "hours", member->said->hours);
    print_reach(out, "telephone", member->said->telephone);
    print_reach(out, "deputy", member->said->deputy);
    print_reach(out, "closed, successor", member->said->successor);
}

static json_t *strings_json(char *const *list, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

int member_print_json(const Amana__V1__MemberRecord *member)
{
    json_t *grants = json_array();
    for (size_t i = 0; i < member->n_grants; i++) {
        const Amana__V1__GrantRecord *grant = member->grants[i];
        json_t *kinds = json_array();
        for (size_t k = 0; k < grant->n_kinds; k++)
            json_array_append_new(kinds, json_string(kind_name((unsigned)grant->kinds[k])));
        json_array_append_new(
            grants, json_pack("{s:o, s:o}", "kinds", kinds, "parties", strings_json(grant->parties, grant->n_parties)));
    }
    return json_line_print(
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:s, s:s, s:s, s:s}", "unit", member->unit, "role",
                  member->said->role, "languages", strings_json(member->said->languages, member->said->n_languages),
                  "scope", strings_json(member->said->scope, member->said->n_scope), "grants", grants, "revision",
                  (json_int_t)member->revision, "hours", member->said->hours, "telephone", member->said->telephone,
                  "deputy", member->said->deputy, "successor", member->said->successor),
        stdout);
}
