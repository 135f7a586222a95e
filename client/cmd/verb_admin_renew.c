// SPDX-License-Identifier: Apache-2.0
// admin member renew, admin roster renew: what is said of a country's units, and their rosters, rest on its registrars'
// certificates. Before one of them ends or is named no more, what it signed is signed by another, one by one, as it is.
#include "certs/registrar.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/member_print.h"
#include "client/cmd/member_row.h"
#include "client/cmd/progress.h"
#include "client/cmd/roster_print.h"
#include "client/cmd/roster_row.h"
#include "client/session/directory.h"

#include <string.h>

// Something that a registrar signed of a unit, and on whose certificate it rests.
struct signed_row {
    Amana__V1__MemberRecord *member;
    struct roster *roster; // of rosters; a reference
    struct standing standing;
};

struct renew_input;
struct renew_kind {
    const char *what, *several; // "statement"
    const char *said;           // what it is, of the unit
    const char *question;
    const char *by_hand; // what makes one without the hub's word
    enum am_err (*read)(struct renew_input *input, struct signed_row *row, struct am_detail *detail);
    bool (*kept)(const struct renew_input *input, const struct signed_row *row); // it was verified at this desk
    int (*show)(const struct renew_input *input, const struct signed_row *row);
    enum am_err (*sign)(struct renew_input *input, struct signed_row *row, struct arena *arena,
                        struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry);
};

struct renew_input {
    struct command command;
    const struct renew_kind *kind;
    const char *output; // of rosters: folder
    bool all, yes, dry_run;
    struct arena arena;
    struct signed_row *rows;
    size_t n;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct renew_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'a': input->all = true; return 0;
    case 'y': input->yes = true; return 0;
    case 'n': input->dry_run = true; return 0;
    case 'o': input->output = arg; return 0;
    case ARGP_KEY_ARG: argp_error(state, "\"%.40s\" is one argument too many", arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- Of members
static enum am_err member_read(struct renew_input *input, struct signed_row *row, struct am_detail *detail)
{
    return member_row_verify(input->command.session, row->member, detail, &row->standing);
}

static bool member_kept(const struct renew_input *input, const struct signed_row *row)
{
    return directory_statement_kept(input->command.session, row->member->unit, codec_bytes(row->member->statement));
}

static int member_show(const struct renew_input *input, const struct signed_row *row)
{
    if (input->command.json)
        return input->dry_run ? member_print_json(row->member) : 0;
    member_print(stdout, row->member);
    member_print_grants(stdout, row->member);
    return 0;
}

static enum am_err member_sign(struct renew_input *input, struct signed_row *row, struct arena *arena,
                               struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    row->member->revision++;
    return member_row_give(input->command.session, row->member, arena, detail, ret_entry);
}

static const struct renew_kind MEMBERS = {"statement",
                                          "statements",
                                          "what is said of it",
                                          "Is what is said of them true?",
                                          .by_hand = "`amana admin member add` and `amana admin grant add`",
                                          .read = member_read,
                                          .kept = member_kept,
                                          .show = member_show,
                                          .sign = member_sign};

// --- Of rosters
static enum am_err roster_read_in(struct renew_input *input, struct signed_row *row, struct am_detail *detail)
{
    TRY(directory_shown(input->command.session, row->member->unit, detail, &row->roster));
    standing_of(input->command.session, &row->roster->registrar, row->member->unit, "roster", &row->standing);
    return AM_OK;
}

static bool roster_kept(const struct renew_input *input, const struct signed_row *row)
{
    struct am_detail detail = {0};
    struct roster *kept;
    if (directory_kept(input->command.session, row->roster->unit, &detail, &kept) != AM_OK)
        return false;
    bool same = memcmp(kept->digest, row->roster->digest, sizeof kept->digest) == 0;
    roster_unref(kept);
    return same;
}

static int roster_show(const struct renew_input *input, const struct signed_row *row)
{
    return input->command.json && !input->dry_run ? 0 : roster_print(row->roster, input->command.json);
}

static enum am_err roster_sign(struct renew_input *input, struct signed_row *row, struct arena *arena,
                               struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    struct session *session = input->command.session;
    struct roster *next;
    TRY(roster_row_next(session, row->roster, !roster_in_force(row->roster), detail, &next));
    enum am_err err = roster_row_give(session, next, arena, detail, ret_entry);
    if (err == AM_OK && input->output != NULL)
        err = roster_row_write(input->output, next, detail);
    roster_unref(next);
    return err;
}

static const struct renew_kind ROSTERS = {"roster",
                                          "rosters",
                                          "its roster",
                                          "Are these who is to be on them?",
                                          .by_hand = "`amana-ca roster` and `amana admin roster add`",
                                          .read = roster_read_in,
                                          .kept = roster_kept,
                                          .show = roster_show,
                                          .sign = roster_sign};

// --- Which of them
// What this registrar's certificate has signed already is not signed again: a second run goes on where one ended.
static bool is_due(const struct renew_input *input, const struct certificate *own, const struct standing *standing)
{
    if (memcmp(standing->certificate, own->digest, sizeof own->digest) == 0)
        return false;
    return input->all || standing_falls(standing);
}

// What no registrar of trust.conf signed may be the hub's own making: a registrar signs it only as this desk has seen
// it while it was good.
static enum am_err check_vouched(const struct renew_input *input, const struct signed_row *row,
                                 struct am_detail *detail)
{
    if (row->standing.vouched || input->kind->kept(input, row))
        return AM_OK;
    return am_fail(AM_CERTIFICATE, detail, row->member->unit,
                   "%.160s, and this desk never verified it: it may be another's. Make it from what you know, by %s",
                   row->standing.why, input->kind->by_hand);
}

static void say_row(const struct renew_input *input, const struct signed_row *row)
{
    const char *unit = row->member->unit;
    if (row->standing.why[0] != '\0')
        command_say("%s: %s", unit, row->standing.why);
    else if (row->standing.ends)
        command_say("%s: the certificate of who signed %s ends within 14 days", unit, input->kind->said);
    else
        command_say("%s: %s was signed by another certificate than this one", unit, input->kind->said);
}

// Of this unit's row: is it to be signed, and by this registrar? Told is each, and what can't be.
static bool row_choose(struct renew_input *input, const struct certificate *own, struct signed_row *row)
{
    struct session *session = input->command.session;
    const char *unit = session->settings.value[SETTING_UNIT];
    struct am_detail detail = {0};
    if (!address_same_country(row->member->unit, unit) || row->member->said == NULL ||
        row->member->said->role[0] == '\0')
        return false;
    enum am_err err = input->kind->read(input, row, &detail);
    if (err == AM_DENIED && input->kind == &ROSTERS) // the hub has none of it yet
        return false;
    bool due = err == AM_OK && is_due(input, own, &row->standing), own_row = strcmp(row->member->unit, unit) == 0;
    if (due && !own_row)
        err = check_vouched(input, row, &detail);
    if (err != AM_OK)
        command_tell_fault(&input->command, err, &detail);
    if (err != AM_OK || !due)
        return false;
    say_row(input, row);
    if (own_row)
        command_say("%s: that is this registrar itself: another of its country must sign it", unit);
    return !own_row;
}

static enum am_err rows_choose(struct renew_input *input, const struct certificate *own,
                               const Amana__V1__MembersResponse *response)
{
    input->rows = arena_array(&input->arena, response->n_members + 1, sizeof *input->rows);
    if (input->rows == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < response->n_members; i++) {
        struct signed_row *row = &input->rows[input->n];
        *row = (struct signed_row){.member = response->members[i]};
        if (row_choose(input, own, row))
            input->n++;
        else
            roster_unref(row->roster);
    }
    return AM_OK;
}

// --- Signing them
static int row_sign(struct renew_input *input, struct signed_row *row)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__ProvedEntry *entry;
    struct am_detail detail = {0};
    arena_init(&arena, ARENA_VERB);
    enum am_err err = input->kind->sign(input, row, &arena, &detail, &entry);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->command.json)
        return json_line_print(json_line_entry(entry), stdout);
    printf("%s  in force, entry %llu of %s\n", row->member->unit, (unsigned long long)entry->index,
           input->command.session->hub->origin);
    return 0;
}

static int rows_sign(struct renew_input *input)
{
    struct progress progress;
    int code = 0;
    size_t done = 0;
    progress_begin(&progress, input->kind->several, true);
    for (; done < input->n && code == 0; done++) {
        progress_at(&progress, done, done, input->n);
        code = row_sign(input, &input->rows[done]);
    }
    progress_end(&progress);
    if (code != 0)
        command_say("%zu of %zu were signed anew: the same command goes on with the others", done - 1, input->n);
    else if (input->kind == &ROSTERS && input->output == NULL)
        command_say("the next rosters follow these: -o FOLDER writes them to where `amana-ca roster` makes them");
    return code;
}

static int rows_take(struct renew_input *input)
{
    int code = 0;
    for (size_t i = 0; i < input->n && code == 0; i++)
        code = input->kind->show(input, &input->rows[i]);
    if (input->n == 0)
        command_say("nothing is to be signed again");
    if (code != 0 || input->n == 0 || input->dry_run)
        return code;
    if (!input->yes && (code = command_ask(input->kind->question, "nothing was changed")) != 0)
        return code;
    return rows_sign(input);
}

static int renew_connected(struct renew_input *input)
{
    struct session *session = input->command.session;
    const struct certificate *own;
    Amana__V1__MembersResponse *response;
    struct am_detail detail = {0};
    enum am_err err = session_key(session, CERT_USE_SIGN_OFFICER, &detail, &own, NULL);
    if (err == AM_OK) // before anybody is asked anything
        err = registrar_check(own, session->settings.value[SETTING_UNIT], input->kind->several, session->trust,
                              session_now(session), &detail);
    if (err == AM_OK)
        err = member_rows_ask(session, "", false, &input->arena, &detail, &response);
    if (err == AM_OK)
        err = rows_choose(input, own, response);
    int code = err == AM_OK ? rows_take(input) : command_fail(err, &detail);
    for (size_t i = 0; i < input->n; i++)
        roster_unref(input->rows[i].roster);
    return code;
}

static int renew(void *user)
{
    struct renew_input *input = user;
    arena_init(&input->arena, ARENA_VERB);
    int code = command_connect(&input->command);
    if (code == 0)
        code = renew_connected(input);
    arena_clear(&input->arena);
    return code;
}

#define OPTIONS                                                                                                        \
    {"all", 'a', NULL, 0, "whatever another certificate than this registrar's signed", 0},                             \
        {"yes", 'y', NULL, 0, "don't ask", 0},                                                                         \
    {                                                                                                                  \
        "dry-run", 'n', NULL, 0, "show what would be signed, change nothing", 0                                        \
    }

int verb_admin_member_renew(int argc, char **argv)
{
    static const struct argp_option options[] = {OPTIONS, {0}};
    static const struct argp argp = {
        options,
        parse,
        "",
        "Signs anew, as it is, what is said of the units of this registrar's country where "
        "the certificate that signed it is good no more or ends within 14 days. Said "
        "again it goes on where it ended.",
        command_children,
        NULL,
        NULL};
    struct renew_input input = {.kind = &MEMBERS};
    return command_run(&input.command, &argp, argc, argv, &input, renew);
}

int verb_admin_roster_renew(int argc, char **argv)
{
    static const struct argp_option options[] = {
        OPTIONS, {"output", 'o', "FOLDER", 0, "writes them there, for the next of each to follow it", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "",
        "Signs anew, with who is on them and the next number, the rosters of the units of this registrar's country "
        "where the certificate that signed them is good no more or ends within 14 days. Said again it goes on where it "
        "ended.",
        command_children,
        NULL,
        NULL};
    struct renew_input input = {.kind = &ROSTERS};
    return command_run(&input.command, &argp, argc, argv, &input, renew);
}
