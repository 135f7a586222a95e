// SPDX-License-Identifier: Apache-2.0
// export statistics: what is kept here, of all cases, as anonymised counts by the categories of IC-TIP.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/statistics.h"
#include "client/cmd/traffic.h"
#include "client/session/seal.h"

#include <bsd/string.h>
#include <stdlib.h>

struct statistics_input {
    struct command command;
    unsigned k, left_out;
    struct statistics *statistics;
    int code;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct statistics_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'k': {
        char *end;
        unsigned long k = strtoul(arg, &end, 10);
        if (*end != '\0' || k < 3 || k > 1000)
            argp_error(state, "-k: a whole number from 3 to 1000");
        input->k = (unsigned)k;
        return 0;
    }
    case ARGP_KEY_ARG: argp_error(state, "takes no argument"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// What is live, and can be opened.
static enum am_err take(struct statistics_input *input, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    const struct traffic live = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(input->command.session->store, box, id, &arena, &kept));
    if (!traffic_wants_message(&live, kept->message))
        return AM_OK;
    if (seal_open_kept(input->command.session, kept, &arena, &detail, &opened) != AM_OK) {
        input->left_out++;
        return AM_OK;
    }
    return statistics_add(input->statistics, opened.header->case_ref, opened.body) == 0 ? AM_OK : AM_NOMEM;
}

static void show(void *user, const struct statistics_table *table)
{
    struct statistics_input *input = user;
    json_t *cells = json_array();
    for (size_t i = 0; i < table->n; i++) {
        const struct statistics_cell *cell = &table->cells[i];
        json_array_append_new(cells, json_pack("{s:s, s:o}", "value", cell->name, "count",
                                               cell->hidden ? json_null() : json_integer(cell->count)));
    }
    if (input->command.json) {
        int code = json_line_print(
            json_pack("{s:s, s:s, s:s, s:I, s:b, s:o, s:O}", "standard", "IC-TIP", "population", table->population,
                      "variable", table->variable, "k", (json_int_t)input->k, "several", table->several, "total",
                      table->total_hidden ? json_null() : json_integer(table->total), "cells", cells),
            stdout);
        input->code = input->code != 0 ? input->code : code;
    } else {
        char total[16] = "suppressed";
        if (!table->total_hidden)
            snprintf(total, sizeof total, "%u", table->total);
        printf("%s%s by %s%s  (in all: %s%s)\n", print_on(PRINT_BOLD), table->population, table->variable, print_off(),
               total, table->several ? "; several are possible" : "");
        for (size_t i = 0; i < table->n; i++) {
            const struct statistics_cell *cell = &table->cells[i];
            fputs("  ", stdout);
            print_text(stdout, cell->name, 0);
            if (cell->hidden)
                fputs("  suppressed\n", stdout);
            else
                printf("  %u\n", cell->count);
        }
    }
    json_decref(cells);
}

static int export(struct statistics_input *input)
{
    struct am_detail detail = {0};
    char id[STORE_ID];
    enum store_box box;
    enum am_err err = AM_OK;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    input->statistics = statistics_new();
    if (input->statistics == NULL)
        return command_fail(AM_NOMEM, &detail);
    for (uint64_t seq = 0; (err = store_next_entry(input->command.session->store, &seq, &box, id)) == AM_OK; seq++) {
        err = take(input, box, id);
        if (err != AM_OK && err != AM_NOT_FOUND) // a row may be gone
            break;
    }
    if (err != AM_OK && err != AM_NOT_FOUND)
        return command_fail(err, &detail);
    if (input->left_out > 0)
        command_say("%u messages are left out: they can't be opened", input->left_out);
    if (!input->command.json)
        printf("No cell of fewer than %u is shown, nor one that the others would give away.\n", input->k);
    statistics_each(input->statistics, input->k, show, input);
    return input->code == 0 && fflush(stdout) != 0 ? EX_IOERR : input->code;
}

int verb_export_statistics(int argc, char **argv)
{
    static const struct argp_option options[] = {{"k", 'k', "N", 0, "the smallest count that is shown (11)", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Counts of the persons in what is kept here, of all cases, by the categories of the "
        "International Classification for statistics on Trafficking in Persons. Each table "
        "stands alone: small cells are suppressed, and those that would give them away.",
        command_children,
        NULL,
        NULL};
    struct statistics_input input = {.k = STATISTICS_K};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = export(&input);
    statistics_free(input.statistics);
    command_clear(&input.command);
    return code;
}
