// SPDX-License-Identifier: Apache-2.0
// search: words in what this unit has sent and received. Bodies are kept sealed: each is opened in memory, looked
// through and forgotten, so that nothing readable comes to lie on the disk.
#include "client/cmd/answers.h"
#include "client/cmd/command.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/progress.h"
#include "client/cmd/screen.h"
#include "client/cmd/traffic.h"
#include "client/cmd/wipe.h"
#include "client/session/seal.h"
#include "proto/codec/json.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#define SEARCH_WORDS 16u
#define SEARCH_STATE (ANSWERS_STATE + 128u)

struct search_input {
    struct command command;
    struct traffic traffic;
    char *words[SEARCH_WORDS];    // folded
    bool is_number[SEARCH_WORDS]; // has a digit: squeezed too
    size_t n;
    unsigned looked, found, closed, erased;
    uint64_t first_erased, last_erased; // UTC ns
    uint64_t all;
    struct progress progress;
};

// Without regard to case and accents: "Moyalé" is found by "moyale". NULL: no memory, or no UTF-8.
static char *fold(const char *text)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
    return len >= 0 ? (char *)folded : NULL;
}

// A plate, a passport or a telephone is written with blanks here and without there: "KDA 417Q" is found by "kda417q".
// Values stay apart.
static void squeeze(char *text)
{
    char *to = text;
    for (; *text != '\0'; text++)
        if (strchr(" -./()", *text) == NULL)
            *to++ = *text;
    *to = '\0';
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct search_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case ARGP_KEY_ARG:
        if (input->n == SEARCH_WORDS)
            argp_error(state, "at most %u words", SEARCH_WORDS);
        input->words[input->n] = fold(arg);
        if (input->words[input->n] == NULL || input->words[input->n][0] == '\0')
            argp_error(state, "\"%.40s\" is no word to look for", arg);
        input->is_number[input->n] = strpbrk(input->words[input->n], "0123456789") != NULL;
        if (input->is_number[input->n])
            squeeze(input->words[input->n]);
        input->n++;
        return 0;
    case ARGP_KEY_END:
        if (input->n == 0)
            argp_error(state, "needs WORDS; a message that has all of them is listed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// All words, anywhere in what the message says or in its envelope.
static bool has_all(const struct search_input *input, char *text)
{
    for (size_t i = 0; i < input->n; i++)
        if (!input->is_number[i] && strstr(text, input->words[i]) == NULL)
            return false;
    squeeze(text);
    for (size_t i = 0; i < input->n; i++)
        if (input->is_number[i] && strstr(text, input->words[i]) == NULL)
            return false;
    return true;
}

// Every text and code of it, but no field's name, digest or key.
static void collect(const json_t *value, FILE *out)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        fprintf(out, "%s\n", json_string_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member) collect(member, out);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, member) collect(member, out);
    }
}

// Of what was erased the envelope alone is there.
static bool matches(const struct search_input *input, const struct opened *opened)
{
    const Amana__V1__Header *header = opened->header;
    const ProtobufCMessage *of_kind = opened->body != NULL ? kind_body_get(&opened->body->base) : NULL;
    json_t *said = of_kind != NULL ? json_from_message(of_kind, 0) : NULL;
    char *text = NULL, *folded = NULL;
    size_t len;
    FILE *memory = open_memstream(&text, &len);
    if (memory != NULL) {
        fprintf(memory, "%s\n%s\n%s\n%s\n", kind_name((unsigned)header->kind), header->case_ref, header->sender->unit,
                header->officer);
        for (size_t i = 0; i < header->n_recipients; i++)
            fprintf(memory, "%s\n", header->recipients[i]->unit);
        collect(said, memory);
        if (fclose(memory) == 0)
            folded = fold(text);
    }
    bool found = folded != NULL && has_all(input, folded);
    json_decref(said);
    wipe_free(text);
    wipe_free(folded);
    return found;
}

static void note_erased(struct search_input *input, const Amana__V1__Kept *kept)
{
    uint64_t at = header_time_or_0(kept->erased_at);
    input->first_erased = input->erased == 0 || at < input->first_erased ? at : input->first_erased;
    input->last_erased = at > input->last_erased ? at : input->last_erased;
    input->erased++;
}

static void tell_unread(const struct search_input *input)
{
    bool one = input->erased == 1;
    if (input->erased > 0)
        command_say("%u message%s erased here %s%s%s: only the envelope was looked through", input->erased,
                    one ? " was" : "s were", print_ns(input->first_erased), one ? "" : " to ",
                    one ? "" : print_ns(input->last_erased));
    if (input->closed > 0)
        command_say("%u message%s could not be looked through: can't be opened here", input->closed,
                    input->closed == 1 ? "" : "s");
}

// Who finds an alert acts on it: what came after it stands beside it. That is looked for in its case, of which there
// may be thousands: not of each of their answers, which nobody acts on by itself.
static enum am_err state_of(struct session *session, const char *id, const Amana__V1__Kept *kept, bool erased,
                            const Amana__V1__Header *header, char ret_state[SEARCH_STATE])
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    char since[ANSWERS_STATE] = "";
    struct answers answers;
    if (kind != NULL && (kind->root || kind->chain == CHAIN_RENEWS || header->kind == KIND(NOTE))) {
        TRY(answers_find(session, id, &answers));
        answers_since(&answers, true, since);
    }
    snprintf(ret_state, SEARCH_STATE, "%s%s%s%s%s", header->case_ref, erased ? ", erased here " : "",
             erased ? print_ns(header_time_or_0(kept->erased_at)) : "", since[0] != '\0' ? ", " : "", since);
    return AM_OK;
}

static enum am_err look_at(struct search_input *input, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct session *session = input->command.session;
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    char state[SEARCH_STATE];
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(session->store, box, id, &arena, &kept));
    if (!traffic_wants_message(&input->traffic, kept->message))
        return AM_OK;
    input->looked++;
    progress_at(&input->progress, input->looked, input->looked, input->all);
    enum am_err err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (err == AM_ERASED) {
        note_erased(input, kept);
    } else if (err != AM_OK) {
        input->closed++;
        return AM_OK;
    }
    if (!matches(input, &opened))
        return AM_OK;
    input->found++;
    progress_end(&input->progress);
    if (input->command.json)
        return json_line_kept(session, kept, box == STORE_INBOX ? "inbox" : "sent", stdout) == 0 ? AM_OK : AM_IO;
    TRY(state_of(session, id, kept, err == AM_ERASED, opened.header, state));
    screen_line(session, id, kept, state, stdout);
    return AM_OK;
}

static int search(struct search_input *input)
{
    static const enum store_box BOXES[] = {STORE_SENT, STORE_INBOX, STORE_OUTBOX};
    struct am_detail detail = {0};
    enum am_err err;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    err = store_count(input->command.session->store, &input->all);
    if (err != AM_OK)
        return command_fail(err, &detail);
    err = AM_NOT_FOUND;
    progress_begin(&input->progress, "messages looked through", false);
    for (size_t i = 0; i < AM_LEN(BOXES) && err == AM_NOT_FOUND; i++) {
        char at[STORE_ID] = "", id[STORE_ID];
        while ((err = store_next(input->command.session->store, BOXES[i], at, id)) == AM_OK) {
            (void)strlcpy(at, id, sizeof at);
            err = look_at(input, BOXES[i], id);
            if (err != AM_OK)
                break;
        }
    }
    progress_end(&input->progress);
    if (err != AM_NOT_FOUND)
        return command_fail(err, &detail);
    tell_unread(input);
    if (input->found == 0) {
        command_say("nothing of what is kept here has all of these words");
        return EX_NOINPUT;
    }
    return 0;
}

int verb_search(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "WORD...",
        "Lists what this unit has sent and received that has all of these words, in the text, "
        "the persons, the vehicles or the envelope; without regard to case and accents, and to how "
        "a number or a plate is spaced. What is "
        "kept stays sealed on the disk.",
        traffic_children,
        NULL,
        NULL};
    struct search_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = search(&input);
    for (size_t i = 0; i < input.n; i++)
        free(input.words[i]);
    command_clear(&input.command);
    return code;
}
