// SPDX-License-Identifier: Apache-2.0
// Reads the CORRECTIONs of one message, one after the other.
#include "client/cmd/corrections.h"

#include "client/cmd/print.h"
#include "client/session/seal.h"

#include <string.h>

// --- Reading
static enum am_err load(struct session *session, const char *id, struct arena *arena,
                        const Amana__V1__Correction **ret_correction)
{
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    enum store_box box;
    TRY(store_get_any(session->store, id, arena, &box, &kept));
    enum am_err err = seal_open_kept(session, kept, arena, &detail, &opened);
    if (err == AM_OK && opened.body->kind_case == AMANA__V1__BODY__KIND_CORRECTION)
        *ret_correction = opened.body->correction;
    return err == AM_NOMEM ? err : AM_OK;
}

static enum am_err came_after(struct session *session, const char *id, struct arena *arena, const char **ret_since)
{
    struct answers answers;
    char since[ANSWERS_STATE];
    TRY(answers_find(session, id, &answers));
    answers_since(&answers, false, since);
    *ret_since = arena_copy(arena, since, strlen(since));
    return *ret_since != NULL ? AM_OK : arena_error(arena);
}

enum am_err corrections_read(struct session *session, const struct answers *answers, struct arena *arena,
                             struct corrections *ret_corrections)
{
    *ret_corrections = (struct corrections){.answers = answers};
    while (answers != NULL && ret_corrections->n < answers->n_corrections && ret_corrections->n < ANSWERS_CORRECTIONS) {
        size_t i = ret_corrections->n++;
        TRY(load(session, answers->corrections[i], arena, &ret_corrections->list[i]));
        TRY(came_after(session, answers->corrections[i], arena, &ret_corrections->since[i]));
    }
    return AM_OK;
}

const Amana__V1__RoleChange *corrections_of(const struct corrections *corrections, const char *label)
{
    const Amana__V1__RoleChange *last = NULL;
    for (size_t i = 0; i < corrections->n && label[0] != '\0'; i++)
        for (size_t j = 0; corrections->list[i] != NULL && j < corrections->list[i]->n_roles; j++)
            if (strcmp(corrections->list[i]->roles[j]->person, label) == 0)
                last = corrections->list[i]->roles[j];
    return last;
}

bool corrections_free(const Amana__V1__RoleChange *change)
{
    for (size_t i = 0; change != NULL && i < change->n_now; i++)
        if (change->now[i] == AMANA__V1__PERSON_ROLE__CODE__SUSPECT)
            return false;
    return change != NULL;
}

bool corrections_whole(const struct corrections *corrections)
{
    for (size_t i = 0; i < corrections->n; i++)
        if (corrections->list[i] == NULL)
            return false;
    return corrections->n == 0 || corrections->answers->n_corrections == corrections->n;
}

// --- Printing
static void print_roles(const Amana__V1__PersonRole__Code *roles, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_code(out, codec_enum_name(&amana__v1__person_role__code__descriptor, (int)roles[i]), false);
    }
}

static void print_role(const Amana__V1__RoleChange *change, FILE *out)
{
    fputs("  ", out);
    print_text(out, change->person, 2);
    fputs(" is ", out);
    print_roles(change->now, change->n_now, out);
    fputs(change->n_was > 0 ? ", not " : "", out);
    print_roles(change->was, change->n_was, out);
    fputs(corrections_free(change) ? ": not to be detained for it\n" : "\n", out);
}

// What somebody is called stands on no first screen.
static bool is_private(const Amana__V1__Change *fact)
{
    const char *last = strrchr(fact->path, '.');
    return strstr(fact->path, "person") != NULL &&
           (last == NULL || (strcmp(last, ".roles") != 0 && strcmp(last, ".actions") != 0));
}

static void print_fact(const Amana__V1__Change *fact, FILE *out)
{
    fputs("  ", out);
    print_text(out, fact->path, 2);
    fputs(fact->now[0] != '\0' ? " is " : " should not be there", out);
    print_text(out, fact->now, 2);
    fputs(fact->was[0] != '\0' ? ", not " : "", out);
    print_text(out, fact->was, 2);
    fputc('\n', out);
}

static void print_one(const Amana__V1__Correction *correction, FILE *out)
{
    for (size_t i = 0; i < correction->n_roles; i++)
        print_role(correction->roles[i], out);
    for (size_t i = 0; i < correction->n_changes; i++)
        if (!is_private(correction->changes[i]))
            print_fact(correction->changes[i], out);
    if (correction->stolen_identity)
        fputs("  who is named here isn't the one who did it\n", out);
}

void corrections_print(const struct corrections *corrections, FILE *out)
{
    for (size_t i = 0; i < corrections->n; i++) {
        const char *id = corrections->answers->corrections[i], *since = corrections->since[i];
        fprintf(out, "%sCORRECTED: not all that it says is right; `amana show %.13s` says what is%s%s%s%s\n",
                print_on(PRINT_YELLOW), id, since[0] != '\0' ? " (which itself " : "", since,
                since[0] != '\0' ? ")" : "", print_off());
        if (corrections->list[i] != NULL)
            print_one(corrections->list[i], out);
    }
    if (corrections->n > 0 && corrections->answers->n_corrections > corrections->n)
        fprintf(out, "  and %zu CORRECTIONs before these: `amana case` has them\n",
                corrections->answers->n_corrections - corrections->n);
}
