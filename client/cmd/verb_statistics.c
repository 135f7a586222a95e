// SPDX-License-Identifier: Apache-2.0
// export statistics: what is kept here, of all cases, as anonymised counts by the categories of IC-TIP.
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/progress.h"
#include "client/cmd/statistics.h"
#include "client/cmd/traffic.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "proto/codec/timestamp.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

struct statistics_input {
    struct command command;
    unsigned k, left_out;
    struct statistics *statistics;
    char today[TIMESTAMP_TEXT];
    json_t *shown, *rows; // tables as they were shown before, the newest last; and as they are now
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

// What is live, and can be opened; at its place in the log, `seq`: what a second person released has a row of the time
// before as well.
static enum am_err take(struct statistics_input *input, uint64_t seq, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    const struct traffic live = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(input->command.session->store, box, id, &arena, &kept));
    if (kept->entry == NULL || kept->entry->index != seq || !traffic_wants_message(&live, kept->message))
        return AM_OK;
    if (seal_open_kept(input->command.session, kept, &arena, &detail, &opened) != AM_OK) {
        input->left_out++;
        return AM_OK;
    }
    if (!second_sent(kept, opened.header))
        return AM_OK;
    return statistics_add(input->statistics, opened.header, opened.body) == 0 ? AM_OK : AM_NOMEM;
}

static void print_row(struct statistics_input *input, json_t *row)
{
    const json_t *total = json_object_get(row, "total"), *cell;
    size_t i;
    if (input->command.json) {
        int code = json_line_print(json_incref(row), stdout);
        input->code = input->code != 0 ? input->code : code;
        return;
    }
    char text[24] = "suppressed";
    if (json_is_integer(total))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(total));
    const char *as_of = json_string_value(json_object_get(row, "as_of"));
    printf("%s%s by %s%s  (in all: %s%s%s%s)\n", print_on(PRINT_BOLD),
           json_string_value(json_object_get(row, "population")), json_string_value(json_object_get(row, "variable")),
           print_off(), text, json_is_true(json_object_get(row, "several")) ? "; several are possible" : "",
           strcmp(as_of, input->today) != 0 ? "; as of " : "", strcmp(as_of, input->today) != 0 ? as_of : "");
    json_array_foreach(json_object_get(row, "cells"), i, cell)
    {
        fputs("  ", stdout);
        print_text(stdout, json_string_value(json_object_get(cell, "value")), 0);
        printf("  %lld\n", (long long)json_integer_value(json_object_get(cell, "count")));
    }
    if (json_is_true(json_object_get(row, "suppressed")))
        fputs("  others: suppressed\n", stdout);
    else if (json_array_size(json_object_get(row, "cells")) == 0)
        fputs("  not said of anybody\n", stdout);
}

// What was shown of a table before.
struct earlier {
    struct statistics_table *tables;
    size_t n, own_at;    // own_at: the place of own in input->shown
    json_t *own, *other; // the newest by this k, and by a greater one, which hides no less; NULL: there is none
};

static void earlier_clear(struct earlier *earlier)
{
    free(earlier->tables);
}

static enum am_err earlier_read(struct statistics_input *input, const struct statistics_table *table,
                                struct earlier *ret_earlier)
{
    json_t *row;
    size_t i;
    ret_earlier->tables = calloc(json_array_size(input->shown) + 1, sizeof *ret_earlier->tables);
    if (ret_earlier->tables == NULL)
        return AM_NOMEM;
    json_array_foreach(input->shown, i, row)
    {
        struct statistics_table *then = &ret_earlier->tables[ret_earlier->n];
        if (!statistics_row_read(row, table, then))
            continue;
        ret_earlier->n++;
        if (then->k == input->k) {
            ret_earlier->own = row;
            ret_earlier->own_at = i;
        } else if (then->k > input->k && !then->total_hidden) {
            ret_earlier->other = row;
        }
    }
    return AM_OK;
}

static bool rows_alike(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "total"), json_object_get(b, "total")) &&
           json_equal(json_object_get(a, "cells"), json_object_get(b, "cells")) &&
           json_equal(json_object_get(a, "suppressed"), json_object_get(b, "suppressed"));
}

// As it is now; or, where that would tell of a few beside what was shown before, as it was then.
static json_t *row_of(struct statistics_input *input, struct statistics_table *table)
{
    struct earlier AM_CLEANUP(earlier_clear) earlier = {0};
    if (earlier_read(input, table, &earlier) != AM_OK)
        return NULL;
    if (!statistics_hide(table, earlier.tables, earlier.n, input->k)) {
        if (earlier.own != NULL)
            return json_incref(earlier.own);
        return earlier.other != NULL ? json_incref(earlier.other) : statistics_row_empty(table, input->k, input->today);
    }
    json_t *row = statistics_row(table, input->k, input->today);
    if (row != NULL && earlier.own != NULL && rows_alike(row, earlier.own))
        (void)json_array_remove(input->shown, earlier.own_at); // it says no more than that, and is newer
    return row;
}

static void add_row(void *user, struct statistics_table *table)
{
    struct statistics_input *input = user;
    json_t *row = row_of(input, table);
    if (row == NULL || json_array_append_new(input->rows, row) != 0)
        input->code = EX_OSERR;
}

#define SHOWN      "statistics" // counts that anybody may see
#define SHOWN_ROWS 4096u        // of all tables, the newest; each differs from those before by k persons and more

static enum am_err shown_read(struct statistics_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes text;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_value_get(input->command.session->store, SHOWN, &arena, &text);
    if (err == AM_NOT_FOUND) {
        input->shown = json_array();
        return input->shown != NULL ? AM_OK : AM_NOMEM;
    }
    TRY(err);
    input->shown = json_loadb((const char *)text.data, text.len, 0, NULL);
    return json_is_array(input->shown) ? AM_OK : AM_CORRUPT;
}

static bool is_kept(const json_t *shown, const json_t *row)
{
    const json_t *one;
    size_t i;
    json_array_foreach(shown, i, one)
    {
        if (json_equal(one, row))
            return true;
    }
    return false;
}

static enum am_err shown_keep(struct statistics_input *input)
{
    json_t *row;
    size_t i;
    json_array_foreach(input->rows, i, row)
    {
        if (!is_kept(input->shown, row) && json_array_append(input->shown, row) != 0)
            return AM_NOMEM;
    }
    while (json_array_size(input->shown) > SHOWN_ROWS)
        (void)json_array_remove(input->shown, 0);
    char *text = json_dumps(input->shown, JSON_COMPACT);
    if (text == NULL)
        return AM_NOMEM;
    enum am_err err =
        store_value_put(input->command.session->store, SHOWN, (struct am_bytes){(const uint8_t *)text, strlen(text)});
    free(text);
    return err;
}

static int print_rows(struct statistics_input *input)
{
    json_t *row;
    size_t i;
    if (!input->command.json)
        printf("No cell of fewer than %u is shown, nor one that the others would give away.\n", input->k);
    json_array_foreach(input->rows, i, row) print_row(input, row);
    return input->code;
}

static int export(struct statistics_input *input)
{
    struct am_detail detail = {0};
    char id[STORE_ID];
    enum store_box box;
    struct progress progress;
    uint64_t looked = 0, all;
    enum am_err err = AM_OK;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    input->statistics = statistics_new();
    input->rows = json_array();
    if (input->statistics == NULL || input->rows == NULL)
        return command_fail(AM_NOMEM, &detail);
    timestamp_print_ns(session_now(input->command.session), input->today);
    input->today[10] = '\0';
    err = shown_read(input);
    if (err != AM_OK)
        return command_fail(err, &detail);
    err = store_count(input->command.session->store, &all);
    if (err != AM_OK)
        return command_fail(err, &detail);
    progress_begin(&progress, "messages", false);
    for (uint64_t seq = 0; (err = store_next_entry(input->command.session->store, &seq, &box, id)) == AM_OK; seq++) {
        err = take(input, seq, box, id);
        if (err != AM_OK && err != AM_NOT_FOUND) // a row may be gone
            break;
        progress_at(&progress, looked, looked, all);
        looked++;
    }
    progress_end(&progress);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return command_fail(err, &detail);
    if (input->left_out > 0)
        command_say("%u message%s left out: can't be opened here", input->left_out,
                    input->left_out == 1 ? " is" : "s are");
    statistics_each(input->statistics, add_row, input);
    if (input->code != 0)
        return command_fail(AM_NOMEM, &detail);
    err = shown_keep(input); // first: what was read by half, or couldn't be kept, would be forgotten
    return err == AM_OK ? print_rows(input) : command_fail(err, &detail);
}

int verb_export_statistics(int argc, char **argv)
{
    static const struct argp_option options[] = {{"k", 'k', "N", 0, "the smallest count that is shown (11)", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Counts of the persons in what is kept here, of all cases, by the categories of the "
        "International Classification for statistics on Trafficking in Persons. Small cells are suppressed, and those "
        "that would give them away; a table that would tell of a few beside what was exported before is given as it "
        "was then.",
        command_children,
        NULL,
        NULL};
    static struct statistics_input input = {.k = STATISTICS_K};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = export(&input);
    statistics_free(input.statistics);
    json_decref(input.shown);
    json_decref(input.rows);
    command_clear(&input.command);
    return code;
}
