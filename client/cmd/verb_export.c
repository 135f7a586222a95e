// SPDX-License-Identifier: Apache-2.0
// export cap: an alert as CAP 1.2. export htcds: a case in HTCDS 2.0 fields. Both from this client's store, off line.
#include "client/cmd/answers.h"
#include "client/cmd/cap.h"
#include "client/cmd/htcds.h"
#include "client/cmd/htcds_csv.h"
#include "client/cmd/json_line.h"
#include "client/cmd/marking.h"
#include "client/cmd/traffic.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/shield.h"
#include "client/session/store_index.h"
#include "proto/model/address.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

struct export_input {
    struct command command;
    struct traffic traffic;
    const char *argument;
    bool csv;
    struct markings markings; // htcds: of the case
    unsigned kept_back;       // messages, by a marking
    json_t *wrong;            // htcds: ids of what was contested or corrected
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct export_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case 'C': input->csv = true; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->argument, "one argument only");
    case ARGP_KEY_END:
        if (input->argument == NULL)
            argp_error(state, "needs what is to be exported");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// Rule 4: who is given a file doesn't see what `amana show` says.
static enum am_err warn_of(struct session *session, const char *case_ref)
{
    struct shield shield;
    TRY(shield_of_case(session, case_ref, &shield));
    for (size_t i = 0; i < shield.n && !shield.own; i++)
        command_say("somebody in case %s may have fled %s: tell %s nothing by any other channel either, and give this "
                    "to nobody who would",
                    case_ref, shield.states[i].country, shield.states[i].country);
    return AM_OK;
}

// Nor what came after it: a file is read as if it were the last word.
static enum am_err warn_since(struct session *session, const char *id, bool ends)
{
    struct answers answers;
    char text[ANSWERS_STATE];
    TRY(answers_find(session, id, &answers));
    answers_since(&answers, ends, text);
    if (text[0] != '\0')
        command_say("%.13s %s: what is exported of it is as it was sent", id, text);
    return AM_OK;
}

// --- cap
// The header of a message that this client has; AM_NOT_FOUND.
static enum am_err header_of(struct session *session, const Amana__V1__Pointer *pointer, struct arena *arena,
                             struct am_detail *detail, const Amana__V1__Header **ret_header)
{
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    enum store_box box;
    TRY(store_get_any(session->store, pointer->id, arena, &box, &kept));
    TRY(seal_header(kept->message, arena, detail, &header));
    *ret_header = header;
    return AM_OK;
}

// What another unit says in an alert is passed on by it.
static enum am_err may_pass_on(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header,
                               struct am_detail *detail)
{
    struct markings AM_CLEANUP(markings_clear) markings = {0};
    TRY(markings_read(session, header->case_ref, &markings));
    return marking_keeps(session, &markings, kept, header, MARKING_H2, detail) == 0 ? AM_OK : AM_DENIED;
}

static enum am_err print_cap(struct session *session, const Amana__V1__Kept *kept, struct arena *arena,
                             struct am_detail *detail)
{
    struct opened opened;
    const Amana__V1__Header *before[CAP_BEFORE] = {NULL};
    unsigned count = 0;
    TRY(seal_open_kept(session, kept, arena, detail, &opened));
    if (kept->entry == NULL || !second_sent(kept, opened.header))
        return am_fail(AM_DENIED, detail, opened.header->id, "was not sent: what nobody has is told nobody else");
    TRY(may_pass_on(session, kept, opened.header, detail));
    TRY(warn_of(session, opened.header->case_ref));
    TRY(warn_since(session, opened.header->id, true));
    const Amana__V1__Pointer *named[] = {opened.header->in_reply_to, opened.header->supersedes};
    for (size_t i = 0; i < AM_LEN(named); i++) {
        if (named[i] == NULL || (count > 0 && strcmp(named[i]->id, before[0]->id) == 0))
            continue;
        enum am_err err = header_of(session, named[i], arena, detail, &before[count]);
        if (err == AM_NOT_FOUND)
            return am_fail(err, detail, named[i]->id, "is the alert that this is about, and isn't kept here");
        TRY(err);
        count++;
    }
    return cap_print(opened.header, opened.body, before, detail, stdout);
}

static int export_cap(struct export_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID];
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->command, BOXES_ALL, input->argument, &box, id);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    enum am_err err = store_get(input->command.session->store, box, id, &arena, &kept);
    if (err == AM_OK)
        err = print_cap(input->command.session, kept, &arena, &detail);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

// --- htcds
static enum am_err add_message(struct export_input *input, enum store_box box, const char *id, uint64_t seq,
                               json_t *records)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Header *header;
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(input->command.session->store, box, id, &arena, &kept));
    if (seal_header(kept->message, &arena, NULL, &header) != AM_OK || strcmp(header->case_ref, input->argument) != 0 ||
        !traffic_wants(&input->traffic, header->status) || !second_sent(kept, header) || kept->entry == NULL ||
        kept->entry->index != seq) // the row of the time when it waited for its second person
        return AM_OK;
    bool against = header->kind == KIND(CORRECTION) || header->kind == KIND(CONTEST);
    if (against && header->in_reply_to != NULL &&
        json_object_set_new(input->wrong, header->in_reply_to->id, json_true()) != 0)
        return AM_NOMEM;
    if (marking_keeps(input->command.session, &input->markings, kept, header, MARKING_H1 | MARKING_H2, &detail) != 0) {
        input->kept_back++;
        command_say("%.13s is left out: %s", id, detail.text);
        return AM_OK;
    }
    if (seal_open_kept(input->command.session, kept, &arena, &detail, &opened) != AM_OK) {
        command_say("%s is left out: %s", id, detail.text);
        return AM_OK;
    }
    return htcds_add(records, opened.header, opened.body) == 0 ? AM_OK : AM_NOMEM;
}

// In the order of the log, by the index of cases: what is said later mends what was said.
static enum am_err add_all(struct export_input *input, json_t *records)
{
    char id[STORE_ID];
    enum store_box box;
    enum am_err err = AM_OK;
    for (uint64_t seq = 0; err == AM_OK; seq++) {
        err = store_next_of_case(input->command.session->store, input->argument, &seq, &box, id);
        if (err == AM_OK && box != STORE_OUTBOX)
            err = add_message(input, box, id, seq, records);
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// Of what is here: not all that was said of it needs to be.
static enum am_err warn_of_wrong(struct export_input *input)
{
    const char *id;
    json_t *there;
    enum am_err err = AM_OK;
    json_object_foreach(input->wrong, id, there)
    {
        err = err == AM_OK || err == AM_NOT_FOUND ? warn_since(input->command.session, id, false) : err;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static int export_htcds(struct export_input *input)
{
    struct am_detail detail = {0};
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    json_t *records = json_array();
    input->wrong = json_object();
    enum am_err err = records == NULL || input->wrong == NULL ? AM_NOMEM : case_ref_check(input->argument, &detail);
    if (err == AM_OK)
        err = markings_read(input->command.session, input->argument, &input->markings);
    if (err == AM_OK)
        err = add_all(input, records);
    markings_clear(&input->markings);
    if (err == AM_OK && json_array_size(records) == 0 && input->kept_back > 0)
        err = am_fail(AM_DENIED, &detail, input->argument, "all that is kept here of this case is left out");
    if (err == AM_OK && json_array_size(records) == 0)
        err = am_fail(AM_NOT_FOUND, &detail, input->argument, "no message of this case is kept here");
    if (err == AM_OK)
        err = warn_of(input->command.session, input->argument);
    if (err == AM_OK)
        err = warn_of_wrong(input);
    if (err == AM_OK && input->csv)
        err = htcds_csv_print(records, stdout);
    else if (err == AM_OK) {
        json_t *all =
            json_pack("{s:s, s:s, s:O}", "standard", "HTCDS 2.0", "case", input->argument, "records", records);
        if (json_text_print(all, stdout) != 0)
            err = AM_IO;
    }
    json_decref(records);
    json_decref(input->wrong);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int run(const struct argp *argp, int argc, char **argv, int (*export)(struct export_input *))
{
    struct export_input input = {0};
    command_init(&input.command);
    command_parse(argp, argc, argv, &input);
    int code = export(&input);
    command_clear(&input.command);
    return code;
}

int verb_export_cap(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse,
                                     "ID",
                                     "An alert, its update or its end as OASIS CAP 1.2 XML: public fields alone. No "
                                     "person, summary, place, vehicle or telephone.",
                                     traffic_children,
                                     NULL,
                                     NULL};
    return run(&argp, argc, argv, export_cap);
}

int verb_export_htcds(int argc, char **argv)
{
    static const struct argp_option options[] = {{"csv", 'C', NULL, 0, "comma-separated values instead of JSON", 0},
                                                 {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "CASE",
                                     "What is kept here of a case, in the fields of the Human Trafficking Case Data "
                                     "Standard 2.0 (IOM).",
                                     traffic_children,
                                     NULL,
                                     NULL};
    return run(&argp, argc, argv, export_htcds);
}
