// SPDX-License-Identifier: Apache-2.0
// assign, hand-over and keep: within a unit, as a NOTE to the unit itself that answers what it is about (the first) and
// references all of it; signed, in the log and on each of its desks. An answer waits for nobody: at night there is
// one officer.
#include "client/cmd/answers.h"
#include "client/cmd/arguments.h"
#include "client/cmd/command.h"
#include "client/cmd/submit.h"
#include "client/cmd/submit_draft.h"
#include "client/session/directory.h"
#include "client/session/seal.h"
#include "proto/codec/timestamp.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define REVIEW_NS (180 * NS_PER_DAY) // until what is kept is asked about again, where nobody says

enum shift { SHIFT_ASSIGN, SHIFT_HAND_OVER, SHIFT_KEEP };

static const struct {
    size_t ids;          // at most
    const char *nothing; // no message named
    const char *no_text; // no text given; NULL: none is needed
} SHIFTS[] = {
    [SHIFT_ASSIGN] = {1, "needs the ID of a message and an OFFICER of this unit", NULL},
    [SHIFT_HAND_OVER] = {LIMIT_REFERENCES, "needs the IDs of what is open", "needs --text: how things stand"},
    [SHIFT_KEEP] = {1, "needs the ID of a message of this unit", "needs --reason: why it is still needed"},
};

struct shift_input {
    struct command command;
    enum shift shift;
    const char *ids[LIMIT_REFERENCES], *officer, *text;
    size_t n;
    Google__Protobuf__Timestamp review; // keep: when it is asked about again
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct shift_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 't': input->text = arg; return 0;
    case 'o': input->officer = arg; return 0;
    case 'w':
        if (timestamp_parse(arg, strlen(arg), NULL, &input->review) != AM_OK)
            argp_error(state, "--review: \"%.40s\" is no time as 2027-05-01T00:00:00Z", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (input->shift == SHIFT_ASSIGN && input->n == 1 && input->officer == NULL)
            input->officer = arg;
        else if (input->n == SHIFTS[input->shift].ids)
            argp_error(state, "\"%.40s\" is one argument too many", arg);
        else
            input->ids[input->n++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (input->n == 0 || (input->shift == SHIFT_ASSIGN && input->officer == NULL))
            argp_error(state, "%s", SHIFTS[input->shift].nothing);
        if (SHIFTS[input->shift].no_text != NULL && arguments_blank(input->text))
            argp_error(state, "%s", SHIFTS[input->shift].no_text);
        if (input->text != NULL && arguments_blank(input->text))
            argp_error(state, "--text says nothing: leave it out, or write how things stand");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// "kdci-0417, kdci-0418": the staff ids, as many as there is room for.
static void officers_list(const struct roster *roster, char *ret_text, size_t size)
{
    ret_text[0] = '\0';
    for (size_t i = 0; i < roster->officers_count; i++) {
        const char *uri = roster->officers[i].identity.uri, *id = strrchr(uri, '/');
        if (strlen(ret_text) + strlen(id) + sizeof ", …" > size) {
            strlcat(ret_text, ", …", size);
            return;
        }
        strlcat(ret_text, i > 0 ? ", " : "", size);
        strlcat(ret_text, id + 1, size);
    }
}

// On the unit's roster, or nobody would know who is meant.
static enum am_err check_officer(const struct shift_input *input, struct am_detail *detail)
{
    struct session *session = input->command.session;
    char uri[LIMIT_URI + 1], there[160];
    struct roster *roster;
    if (input->officer == NULL)
        return AM_OK;
    snprintf(uri, sizeof uri, "amana://%.95s/officer/%.40s", session->settings.value[SETTING_UNIT], input->officer);
    enum am_err err = directory_newest(session, session->settings.value[SETTING_UNIT], NULL, detail, &roster);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_UNAVAILABLE : err; // none kept, and no link
    if (roster_officer_by_uri(roster, uri) == NULL) {
        officers_list(roster, there, sizeof there);
        err = am_fail(AM_INVALID, detail, input->officer[0] != '\0' ? input->officer : "\"\"",
                      "is no officer on roster %llu of this unit; there is: %s", (unsigned long long)roster->number,
                      there);
    }
    roster_unref(roster);
    return err;
}

struct shift_note {
    Amana__V1__Draft draft;
    Amana__V1__DraftFlags flags;
    Amana__V1__DraftRecipient to, *list;
    Amana__V1__Note note;
    Amana__V1__Pointer pointers[LIMIT_REFERENCES], *references[LIMIT_REFERENCES];
    uint8_t digests[LIMIT_REFERENCES][LOG_HASH_SIZE];
    char *open[LIMIT_REFERENCES], title[120];
    Google__Protobuf__Timestamp review;
    const Amana__V1__Header *first;
};

// One more that the note is about, by its title: the note is as confidential as any, and about a child where one is.
// The first says the case, the purpose and what else is carried on.
static enum am_err reference(struct shift_input *input, enum store_box box, const char *id, struct arena *arena,
                             struct am_detail *detail, struct shift_note *shift)
{
    Amana__V1__Draft *draft = &shift->draft;
    size_t i = draft->n_references;
    struct opened opened;
    Amana__V1__Kept *kept;
    TRY(store_get(input->command.session->store, box, id, arena, &kept));
    TRY(seal_open_kept(input->command.session, kept, arena, detail, &opened));
    if (i > 0 && strcmp(opened.header->case_ref, draft->case_ref) != 0)
        return am_fail(AM_INVALID, detail, id, "is of case %s, the first is of %s: hand each case over by itself",
                       opened.header->case_ref, draft->case_ref);
    TRY(seal_point(kept->message, opened.header, shift->digests[i], &shift->pointers[i]));
    for (size_t j = 0; j < i; j++)
        if (memcmp(shift->digests[j], shift->digests[i], LOG_HASH_SIZE) == 0)
            return AM_OK; // named twice, by two beginnings of its ID perhaps
    shift->references[i] = &shift->pointers[i];
    shift->open[i] = arena_printf(arena, "%s %s: %s", kind_name((unsigned)opened.header->kind), opened.header->id,
                                  kind_body_title(kind_body_get(&opened.body->base)));
    if (shift->open[i] == NULL)
        return arena_error(arena);
    draft->n_references++;
    shift->flags.child |=
        opened.flags->child || opened.header->urgency_reason == AMANA__V1__URGENCY_REASON__CODE__CHILD_AT_RISK;
    if (opened.header->classification > draft->classification)
        draft->classification = opened.header->classification;
    if (i > 0)
        return AM_OK;
    shift->first = opened.header;
    submit_carry(opened.header, draft);
    shift->note.handling_note = (char *)kind_body_text(kind_body_get(&opened.body->base), "handling_note"); // H3's
    shift->flags.protection = opened.flags->protection;
    shift->flags.never_tell = opened.flags->never_tell;
    shift->flags.n_never_tell = opened.flags->n_never_tell;
    return AM_OK;
}

static void begin(struct shift_input *input, struct shift_note *shift)
{
    amana__v1__draft__init(&shift->draft);
    amana__v1__draft_flags__init(&shift->flags);
    amana__v1__draft_recipient__init(&shift->to);
    amana__v1__note__init(&shift->note);
    shift->draft.kind = (Amana__V1__Kind__Code)KIND(NOTE);
    shift->draft.flags = &shift->flags;
    shift->to.unit = input->command.session->settings.value[SETTING_UNIT];
    shift->to.part = AMANA__V1__PART__CODE__ACTION;
    shift->list = &shift->to;
    shift->draft.recipients = &shift->list;
    shift->draft.n_recipients = 1;
    shift->draft.references = shift->references;
    shift->draft.body_case = AMANA__V1__DRAFT__BODY_NOTE;
    shift->draft.note = &shift->note;
    if (input->shift == SHIFT_KEEP)
        snprintf(shift->title, sizeof shift->title, "Still needed: kept");
    else if (input->officer != NULL)
        snprintf(shift->title, sizeof shift->title, "%s to %.40s",
                 input->shift == SHIFT_ASSIGN ? "Assigned" : "Handed over", input->officer);
    else
        snprintf(shift->title, sizeof shift->title, "Handed over");
    shift->note.title = shift->title;
    shift->note.text = (char *)(input->text != NULL ? input->text : shift->title);
}

// Where a child is concerned a NOTE goes to the own country's protection unit too (rule 3).
static enum am_err protect(struct shift_input *input, struct arena *arena, struct shift_note *shift)
{
    struct session *session = input->command.session;
    const char *protection = directory_protection_there(session, trust_protection_of(session->trust, shift->to.unit));
    if (!shift->flags.child || protection == NULL || strcmp(protection, shift->to.unit) == 0)
        return AM_OK;
    Amana__V1__DraftRecipient *copy = arena_alloc(arena, sizeof *copy);
    shift->draft.recipients = arena_array(arena, 2, sizeof *shift->draft.recipients);
    if (copy == NULL || shift->draft.recipients == NULL)
        return arena_error(arena);
    amana__v1__draft_recipient__init(copy);
    copy->unit = (char *)protection;
    copy->part = AMANA__V1__PART__CODE__COPY;
    shift->draft.recipients[0] = &shift->to;
    shift->draft.recipients[1] = copy;
    shift->draft.n_recipients = 2;
    return AM_OK;
}

// --- Keep
// What was sent here; of a note that says so already, what that keeps.
static int find_kept(struct shift_input *input, enum store_box *ret_box, char ret_id[STORE_ID])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    char kept[STORE_ID];
    arena_init(&arena, ARENA_VERB);
    int code = command_find(&input->command, BOX(SENT), input->ids[0], ret_box, ret_id);
    if (code != 0)
        return code;
    enum am_err err = answers_kept(input->command.session, ret_id, &arena, kept);
    if (err == AM_NOT_FOUND)
        return 0;
    return err == AM_OK ? command_find(&input->command, BOX(SENT), kept, ret_box, ret_id)
                        : command_fail(err, &(struct am_detail){0});
}

// The day to ask again: never past that on which it goes by itself.
static enum am_err review(const struct shift_input *input, struct shift_note *shift, struct am_detail *detail)
{
    uint64_t now = session_now(input->command.session), at = now + REVIEW_NS;
    uint64_t kept_until = header_time_or_0(shift->first->retain_until);
    if (input->review.seconds != 0)
        at = header_time_or_0(&input->review);
    else if (at > kept_until)
        at = kept_until;
    if (at <= now || at > kept_until) {
        char until[TIMESTAMP_TEXT];
        timestamp_print_ns(kept_until, until);
        return am_fail(AM_INVALID, detail, "--review",
                       "must lie ahead, and not past %s: it is kept no longer than that", until);
    }
    timestamp_from_ns(at, &shift->review);
    shift->draft.review_at = &shift->review;
    return AM_OK;
}

static int find(struct shift_input *input, size_t i, enum store_box *ret_box, char ret_id[STORE_ID])
{
    if (input->shift == SHIFT_KEEP)
        return find_kept(input, ret_box, ret_id);
    return command_find(&input->command, BOX(SENT) | BOX(INBOX), input->ids[i], ret_box, ret_id);
}

static int run(struct shift_input *input)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    static struct shift_note shift;
    struct am_detail detail = {0};
    enum am_err err = AM_OK;
    bool online = false;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_try_connect(&input->command, &online);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    begin(input, &shift);
    err = check_officer(input, &detail);
    for (size_t i = 0; i < input->n && err == AM_OK; i++) {
        enum store_box box;
        char id[STORE_ID];
        code = find(input, i, &box, id);
        if (code != 0)
            return code;
        err = reference(input, box, id, &arena, &detail, &shift);
    }
    if (err == AM_OK && input->shift == SHIFT_KEEP)
        err = review(input, &shift, &detail);
    if (err == AM_OK)
        err = protect(input, &arena, &shift);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (input->shift != SHIFT_ASSIGN) {
        shift.note.open = shift.open;
        shift.note.n_open = shift.draft.n_references;
    }
    struct submission submission = {.compose = {&shift.draft, &shift.pointers[0], NULL, shift.first, shift.first},
                                    .connected = true,
                                    .online = online};
    return submit(&input->command, &submission);
}

static int verb(const struct argp *argp, enum shift shift, int argc, char **argv)
{
    struct shift_input input = {.shift = shift};
    command_init(&input.command);
    command_parse(argp, argc, argv, &input);
    int code = run(&input);
    command_clear(&input.command);
    return code;
}

int verb_assign(int argc, char **argv)
{
    static const struct argp_option options[] = {{"text", 't', "TEXT", 0, "what for", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID OFFICER",
        "Says to the own unit which of its officers has a message in hand: a NOTE to the unit "
        "itself. The officer takes it on with `amana ack`.",
        command_children,
        NULL,
        NULL};
    return verb(&argp, SHIFT_ASSIGN, argc, argv);
}

int verb_hand_over(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"text", 't', "TEXT", 0, "how things stand", 0}, {"to", 'o', "OFFICER", 0, "whose shift it is now", 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID...",
        "Hands over at a shift's end: a NOTE to the unit itself that names the messages of a "
        "case that are open, and how things stand.",
        command_children,
        NULL,
        NULL};
    return verb(&argp, SHIFT_HAND_OVER, argc, argv);
}

int verb_keep(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", 't', "TEXT", 0, "why it is still needed", 0},
        {"review", 'w', "TIME", 0, "when to ask again; left out: in 180 days, or when it goes by itself", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID",
        "Answers the day of review of a message of this unit: it is still needed, and why. A NOTE to the unit itself "
        "says so, signed and in the log; until its own day of review nobody is asked again.",
        command_children,
        NULL,
        NULL};
    return verb(&argp, SHIFT_KEEP, argc, argv);
}
