// SPDX-License-Identifier: Apache-2.0
// inbox: fetches what has come, verified before it is shown, and lists it; --follow goes on live.
#include "certs/clock.h"
#include "client/cmd/command.h"
#include "client/cmd/ending.h"
#include "client/cmd/inbox_line.h"
#include "client/cmd/rejections.h"
#include "client/cmd/traffic.h"
#include "client/session/news.h"
#include "client/session/notice.h"
#include "client/session/policy.h"
#include "client/session/receive.h"
#include "client/session/store_notice.h"
#include "client/session/turn.h"
#include "proto/codec/codec.h"

#include <bsd/string.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_NS (60ull * NS_PER_S) // looks again, should an event have been missed

#define STUCK 256u

struct inbox_input {
    struct command command;
    struct traffic traffic;
    bool follow, all;
    enum am_err failed; // to show what came
    size_t n_stuck;
    uint64_t stuck[STUCK]; // news that was shown and can't be marked so: once is enough
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct inbox_input *input = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->command;
        state->child_inputs[1] = &input->traffic;
        return 0;
    case 'f': input->follow = true; return 0;
    case 'A': input->all = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument; `amana show ID` shows one message"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- What came and was not shown yet, whichever command took it
// *ret_shown: it belongs into this inbox. One that doesn't hold belongs into every one.
static enum am_err show_notice(struct inbox_input *input, uint64_t seq, bool *ret_shown)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct store *store = input->command.session->store;
    Amana__V1__KeptNotice *notice;
    Amana__V1__EntryContent *content;
    arena_init(&arena, ARENA_VERB);
    TRY(store_notice_next(store, &seq, &arena, &notice));
    TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(notice->entry->content), &arena,
                     NULL, (ProtobufCMessage **)&content));
    TRY(traffic_wants_notice(&input->traffic, store, content, ret_shown));
    bool false_one = notice->fault[0] != '\0';
    *ret_shown = *ret_shown || false_one;
    if (false_one)
        input->command.fault = EX_VERIFY;
    if (*ret_shown)
        inbox_line_notice(&input->command, notice, content, &input->traffic, &arena);
    return AM_OK;
}

static enum am_err show_message(struct inbox_input *input, const struct news *news, bool listed, bool *ret_shown)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(input->command.session->store, news->box, news->id, &arena, &kept));
    *ret_shown = traffic_wants_message(&input->traffic, kept->message);
    if (*ret_shown && (!listed || news->box != STORE_INBOX))
        inbox_line_message(&input->command, news->id, kept);
    return AM_OK;
}

static bool is_stuck(const struct inbox_input *input, uint64_t seq)
{
    for (size_t i = 0; i < input->n_stuck; i++)
        if (input->stuck[i] == seq)
            return true;
    return false;
}

// A disk that takes nothing more keeps nobody from what is there.
static enum am_err mark_shown(struct inbox_input *input, uint64_t seq)
{
    struct am_detail detail = {0};
    enum am_err err = news_remove(input->command.session->store, seq);
    if (!command_disk(err) || input->n_stuck == STUCK)
        return err;
    if (input->n_stuck == 0)
        command_tell_fault(&input->command,
                           am_fail(err, &detail, "",
                                   "%s: what is shown can't be marked so and is shown once more; look at the disk, "
                                   "whether it is full",
                                   am_err_text(err)),
                           &detail);
    input->stuck[input->n_stuck++] = seq;
    return AM_OK;
}

// listed: what is in the inbox is, anyway; what this unit sent from another desk, or a second person released, is not.
// It stays news until it stands on the screen.
static enum am_err show_news(struct inbox_input *input, bool listed)
{
    struct store *store = input->command.session->store;
    struct news news;
    enum am_err err;
    for (uint64_t at = 0; (err = news_next(store, at, &news)) == AM_OK; at = news.seq + 1) {
        bool shown;
        if (is_stuck(input, news.seq))
            continue;
        TRY(news.notice ? show_notice(input, news.seq, &shown) : show_message(input, &news, listed, &shown));
        if (!shown)
            continue;
        if (fflush(stdout) != 0)
            return AM_IO;
        TRY(mark_shown(input, news.seq));
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static void tell_came(void *user)
{
    struct inbox_input *input = user;
    if (input->failed == AM_OK)
        input->failed = show_news(input, false);
}

static void tell_fault(void *user, enum am_err err, const struct am_detail *detail)
{
    struct inbox_input *input = user;
    command_tell_fault(&input->command, err, detail);
}

// Newest first would push an unanswered U1 out of sight: by urgency of what is still to be done is for the desk; here
// the oldest stands first and the newest last, next to the prompt.
static int list(struct inbox_input *input)
{
    char at[STORE_ID] = "", id[STORE_ID];
    struct am_detail detail = {0};
    unsigned count = 0;
    enum am_err err;
    while ((err = store_next(input->command.session->store, STORE_INBOX, at, id)) == AM_OK) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_VERB);
        strlcpy(at, id, sizeof at);
        err = store_get(input->command.session->store, STORE_INBOX, id, &arena, &kept);
        if (err != AM_OK)
            return command_fail(err, &detail);
        if (!traffic_wants_message(&input->traffic, kept->message))
            continue;
        inbox_line_message(&input->command, id, kept);
        count++;
    }
    if (count == 0 && !input->command.json)
        command_say("the inbox is empty");
    return err == AM_NOT_FOUND ? 0 : command_fail(err, &detail);
}

// What policy says comes first: a unit that is closed hands back what it had not fetched.
static enum am_err fetch(struct inbox_input *input, bool follow, struct am_detail *detail)
{
    const struct receive_teller teller = {follow ? tell_came : NULL, tell_fault, input};
    enum am_err err = policy_fetch(input->command.session, detail);
    return err == AM_OK ? receive_mail(input->command.session, follow, detail, &teller) : err;
}

// Shows what any command of this desk takes meanwhile.
static enum am_err wait_showing(struct inbox_input *input, struct turn *turn, uint64_t ns)
{
    uint64_t until = clock_monotonic() + ns, now;
    while (!command_interrupted && (now = clock_monotonic()) < until) {
        turn_wait(turn, until - now, (const bool *)&command_interrupted);
        TRY(store_settle(input->command.session->store));
        TRY(show_news(input, false));
    }
    return AM_OK;
}

// Until whichever command has the stream now gives it back.
static enum am_err wait_turn(struct inbox_input *input, struct turn *turn)
{
    if (turn_take(turn))
        return AM_OK;
    if (turn_followed(turn)) // else it has it for a moment
        command_say("another `amana inbox --follow` of this desk has the stream; what it takes is shown here too, and "
                    "this one goes on when that one ends");
    while (!command_interrupted && !turn_take(turn)) {
        turn_wait(turn, WAIT_NS, (const bool *)&command_interrupted);
        TRY(store_settle(input->command.session->store));
        TRY(show_news(input, false));
    }
    return AM_OK;
}

// One attempt: connects and takes what comes until the stream ends, which *ret_why says, after *ret_lasted ns. Not 0:
// the command's end.
static int follow_once(struct inbox_input *input, struct am_detail *ret_why, uint64_t *ret_lasted)
{
    bool online;
    *ret_lasted = 0;
    *ret_why = (struct am_detail){0};
    int code = command_try_connect(&input->command, &online);
    if (code != 0)
        return code;
    if (!online) {
        *ret_why = input->command.session->offline;
        return 0;
    }
    uint64_t begun = clock_monotonic();
    enum am_err err = fetch(input, true, ret_why);
    *ret_lasted = clock_monotonic() - begun;
    err = input->failed != AM_OK ? input->failed : err;
    return err == AM_OK || err == AM_UNAVAILABLE || err == AM_BUSY ? 0 : command_fail(err, ret_why);
}

// Between two attempts it has no stream: whoever else of this desk can get one takes what there is.
static int follow_on(struct inbox_input *input, struct turn *turn)
{
    struct backoff backoff = {0};
    struct am_detail why = {0};
    enum am_err err = AM_OK;
    srandom((unsigned)clock_monotonic());
    while (err == AM_OK && (err = wait_turn(input, turn)) == AM_OK && !command_interrupted) {
        uint64_t lasted;
        int code = follow_once(input, &why, &lasted);
        turn_give(turn);
        if (code != 0 || input->command.full || command_interrupted)
            return code; // a fault of the disk is told, and is the command's end
        uint64_t pause = backoff_next(&backoff, lasted, (uint64_t)random());
        if (backoff.attempt == 1)
            command_say("no link (%s); trying again", why.text[0] != '\0' ? why.text : "the stream ended");
        err = wait_showing(input, turn, pause);
    }
    return err == AM_OK ? 0 : command_fail(err, &(struct am_detail){0});
}

static enum am_err open_turn(struct inbox_input *input, struct am_detail *detail, struct turn *ret_turn)
{
    char folder[PATH_MAX];
    TRY(settings_path(&input->command.settings, "store", folder));
    return turn_open(folder, detail, ret_turn);
}

static int follow(struct inbox_input *input)
{
    struct am_detail detail = {0};
    struct turn turn;
    enum am_err err = open_turn(input, &detail, &turn);
    if (err != AM_OK)
        return command_fail(err, &detail);
    int code = follow_on(input, &turn);
    turn_close(&turn);
    return code;
}

static enum am_err tell_followed(struct inbox_input *input)
{
    command_say("`amana inbox --follow` of this desk has the stream: this is what it has taken by now");
    return store_settle(input->command.session->store);
}

// Where a command of this desk follows, it has put into the store what came: to ask for the stream would end one of the
// two. The policy is asked for all the same; who has ended by then follows no more.
static enum am_err fetch_in_turn(struct inbox_input *input, struct turn *turn, struct am_detail *detail)
{
    bool asked = false;
    while (!turn_take_once(turn)) {
        if (command_interrupted)
            return am_fail(AM_UNAVAILABLE, detail, "", "interrupted while another command of this desk fetched");
        if (!turn_followed(turn)) {
            turn_wait(turn, WAIT_NS, (const bool *)&command_interrupted);
            continue;
        }
        if (asked)
            return tell_followed(input);
        TRY(policy_fetch(input->command.session, detail));
        asked = true;
    }
    return fetch(input, false, detail);
}

static enum am_err fetch_once(struct inbox_input *input, struct am_detail *detail)
{
    struct turn turn;
    if (open_turn(input, detail, &turn) != AM_OK)
        return fetch(input, false, detail); // a disk that is full: only who follows meanwhile is in its way
    enum am_err err = fetch_in_turn(input, &turn, detail);
    turn_close(&turn);
    return err;
}

// What came by now, and then what comes.
static int stay(struct inbox_input *input)
{
    struct am_detail detail = {0};
    int code = input->all ? list(input) : 0;
    if (code != 0)
        return code;
    ending_tell(input->command.session);
    enum am_err shown = show_news(input, input->all);
    return shown == AM_OK ? follow(input) : command_fail(shown, &detail);
}

static int inbox(struct inbox_input *input)
{
    struct am_detail detail = {0};
    bool online;
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code != 0)
        return code;
    command_signals();
    if (input->follow)
        return stay(input);
    code = command_try_connect(&input->command, &online);
    if (code != 0)
        return code;
    enum am_err err = AM_OK;
    if (online)
        err = fetch_once(input, &detail);
    if (command_disk(err)) {
        command_tell_fault(&input->command, err, &detail);
        input->command.full = true;
        err = AM_UNAVAILABLE;
    }
    if (online && err == AM_OK && policy_successor(input->command.session)[0] != '\0') {
        rejections_add(&input->command);
        code = command_try_connect(&input->command, &online);
        if (code != 0)
            return code;
    }
    if (err == AM_OK || err == AM_UNAVAILABLE) {
        enum am_err shown = show_news(input, true);
        err = shown != AM_OK ? shown : err;
    }
    if (err != AM_OK && err != AM_UNAVAILABLE)
        return command_fail(err, &detail);
    code = list(input);
    ending_tell(input->command.session);
    if (code == 0 && input->command.full) {
        command_say("nothing more can be kept here: this is what came before");
        return EX_UNAVAILABLE; // below the fault
    }
    if (code == 0 && (!online || err == AM_UNAVAILABLE)) {
        command_say("no link (%s): this is what came before",
                    online ? detail.text : input->command.session->offline.text);
        return EX_UNAVAILABLE;
    }
    return code;
}

int verb_inbox(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"follow", 'f', NULL, 0, "go on: print what comes as it comes, until interrupted", 0},
        {"all", 'A', NULL, 0, "with --follow: list what is here first", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Fetches what has come, verifies it, tells the hub that this device has it, and "
                                     "lists it. Nothing is shown whose proof doesn't hold.",
                                     traffic_children,
                                     NULL,
                                     NULL};
    struct inbox_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_end(&input.command, inbox(&input));
    command_clear(&input.command);
    return code;
}
