// SPDX-License-Identifier: Apache-2.0
// One message submitted: nothing leaves, and nothing is kept, before all that can be checked here was checked.
#include "client/cmd/submit.h"

#include "client/cmd/answers.h"
#include "client/cmd/draft_file.h"
#include "client/cmd/due_here.h"
#include "client/cmd/json_line.h"
#include "client/cmd/print.h"
#include "client/cmd/reach.h"
#include "client/cmd/rejections.h"
#include "client/cmd/ungranted.h"
#include "client/cmd/unprotected.h"
#include "client/session/directory.h"
#include "client/session/oversight.h"
#include "client/session/policy.h"
#include "client/session/revoked.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/taken.h"
#include "proto/codec/codec.h"
#include "proto/codec/nearest.h"
#include "proto/model/header_parts.h"
#include "proto/model/passage.h"

#include <bsd/string.h>
#include <string.h>

void submit_name_option(const struct answer_verb *verb, struct am_detail *detail)
{
    const char *field = answer_verb_field(verb, detail->field);
    if (field == NULL)
        return;
    size_t len = strlen(detail->text);
    snprintf(detail->text + len, sizeof detail->text - len, " (--%s)", field);
    for (char *c = detail->text + len; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;
}

int submit_refuse(const struct submission *submission, enum reason reason, struct am_detail *detail)
{
    if (submission->text.len > 0 && detail->line == 0)
        detail->line = draft_line(submission->text, detail->field);
    if (submission->file != NULL)
        fprintf(stderr, "amana: %s: nothing was sent (%s)\n", submission->file, reason_name(reason));
    if (submission->verb != NULL && detail->line == 0)
        submit_name_option(submission->verb, detail);
    command_fail(AM_INVALID, detail);
    switch (reason) {
    case REASON_KIND_UNSUPPORTED:
    case REASON_CHILD_NEEDS_PROTECTION_UNIT:
    case REASON_RELEASE_REQUIRED:
    case REASON_PURPOSE_MISMATCH:
    case REASON_CONSENT_REQUIRED:
    case REASON_RETENTION_TOO_LONG:
    case REASON_PROTECTION_UNANSWERED:
    case REASON_NOT_PERMITTED:
    case REASON_HANDLING_FORBIDS:
    case REASON_FIELD_INVALID: return EX_DATAERR;
    case REASON_CLASSIFICATION_ABOVE_CEILING: return EX_NOPERM;
    default: return EX_SOFTWARE;
    }
}

// Who has to acknowledge by when, as far as is known here: the clock runs from acceptance.
static void print_next(struct session *session, const Amana__V1__Header *header, uint64_t accepted_ns)
{
    struct kind_due due = due_here(session, header, accepted_ns);
    for (size_t i = 0; i < header->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        bool itself = strcmp(recipient->unit, header->sender->unit) == 0;
        if (itself && kind_get((unsigned)header->kind)->alone) {
            printf(
                "  told      nobody: none of those who have it can be sent anything. It is done here and at the hub\n");
            continue;
        }
        if (recipient->part != AMANA__V1__PART__CODE__ACTION)
            printf("  copy      %s\n", recipient->unit);
        else if (due.ack != 0)
            printf("  must ack  %s by %s\n", recipient->unit, print_ns(due.ack));
        else if (due.answer == 0)
            printf("  told      %s\n", recipient->unit);
        if (recipient->part == AMANA__V1__PART__CODE__ACTION && due.answer != 0)
            printf("  %s  %s by %s\n", answers_word((unsigned)header->kind), recipient->unit, print_ns(due.answer));
        if (kind_asks_confirm((unsigned)header->kind, (unsigned)header->outcome))
            printf("  must erase, and confirm it  %s by %s\n", recipient->unit,
                   print_ns(kind_confirm_due(accepted_ns)));
    }
}

void submit_told_next(struct command *command, const Amana__V1__Header *header, uint64_t accepted_ns)
{
    print_next(command->session, header, accepted_ns);
    reach_tell(command, header);
}

// Else it waits, and lapses, for nobody.
static void tell_who_releases(struct command *command, const Amana__V1__Header *header)
{
    bool possible;
    if (header->releasing != NULL && second_possible(command->session, header, &possible) == AM_OK && !possible)
        command_say(
            "the roster of %s marks no supervisor but its author: as it is nobody can release this, and another "
            "unit that policy names may (`releasing`), or a registrar adds one",
            header->releasing->unit);
}

static void print_oversight(const struct session *session, const Amana__V1__Message *message,
                            const Amana__V1__Header *header)
{
    char words[OVERSIGHT_TEXT];
    oversight_words_of(session, message, header, words);
    if (words[0] == '\0' && oversight_revoked(session, header->sender->unit))
        oversight_words(session, header->sender->unit, words);
    if (words[0] != '\0')
        printf("  oversight %s\n", words);
}

static void print_revoked(const char *words)
{
    printf("  %srevoked%s   %s\n", print_on(PRINT_RED), print_off(), words);
}

static int print_accepted(struct command *command, const char *id, struct arena *arena)
{
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    struct am_detail detail = {0};
    struct taken taken;
    enum am_err err = store_get(command->session->store, STORE_SENT, id, arena, &kept);
    if (err == AM_OK)
        err = seal_header(kept->message, arena, &detail, &header);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (command->json)
        return json_line_kept(command->session, kept,
                              second_waits(command->session->store, STORE_SENT, id) ? "PENDING_RELEASE" : "accepted",
                              stdout);
    if (second_waits(command->session->store, STORE_SENT, id)) {
        printf("%swaits%s     %s %s\n  entry     %llu of %s, %s\n  next      a supervisor of %s releases it by %s: "
               "`amana pending`\n",
               print_on(PRINT_YELLOW), print_off(), kind_name((unsigned)header->kind), id,
               (unsigned long long)kept->entry->index, command->session->hub->origin, print_ns(kept->entry->time),
               header->releasing->unit,
               print_ns(release_due(kept->entry->time, false, header_time_or_0(header->retain_until))));
        print_oversight(command->session, kept->message, header);
        revoked_each(command->session, header, print_revoked);
        tell_who_releases(command, header);
        return 0;
    }
    printf("%saccepted%s  %s %s\n  entry     %llu of %s, %s\n", print_on(PRINT_GREEN), print_off(),
           kind_name((unsigned)header->kind), id, (unsigned long long)kept->entry->index, command->session->hub->origin,
           print_ns(kept->entry->time));
    taken_look(kept, &taken);
    if (taken.crossed)
        printf("  %scrossed%s   what it answers was over or replaced before it came: it changes nothing there\n",
               print_on(PRINT_YELLOW), print_off());
    struct unprotected unprotected;
    unprotected_look(command->session, kept, &unprotected);
    unprotected_print(&unprotected, stdout);
    submit_told_next(command, header, kept->entry->time);
    print_oversight(command->session, kept->message, header);
    revoked_each(command->session, header, print_revoked);
    if (header->release == AMANA__V1__RELEASE__CODE__DEFERRED)
        printf("  to sign   a supervisor of %s by %s: `amana pending`\n", header->releasing->unit,
               print_ns(release_due(kept->entry->time, true, 0)));
    tell_who_releases(command, header);
    printf("  next      `amana status %.13s` shows who has it\n", id);
    return 0;
}

// Who can't read that it went would send it once more.
static int told_accepted(struct command *command, const char *id, struct arena *arena)
{
    int code = print_accepted(command, id, arena);
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        command_say("%.13s went all the same: don't send it again; `amana status %.13s` shows who has it", id, id);
    return code;
}

// Where it can't be sent, the telephone is what is left.
static void tell_reach(struct command *command, const Amana__V1__Kept *kept)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__Header *header;
    arena_init(&arena, ARENA_VERB);
    if (seal_header(kept->message, &arena, &detail, &header) == AM_OK)
        reach_tell_kept(command, header);
}

static int told_waiting(struct command *command, const char *id, const Amana__V1__Kept *kept)
{
    if (command->json)
        (void)json_line_kept(command->session, kept, kept->wait[0] != '\0' ? kept->wait : "waiting", stdout);
    if (strcmp(kept->wait, "SIGN_AGAIN") == 0)
        return EX_TEMPFAIL;
    if (command->full)
        command_say("%s is kept in the outbox. It goes first on the next command that connects.", id);
    if (command->fault != 0)
        return command->fault;
    if (kept->wait[0] != '\0')
        return reason_by_name(kept->wait) == REASON_FIELD_INVALID ? EX_DATAERR : EX_NOPERM;
    if (command->not_now) {
        command_say("%s is kept in the outbox: the hub does not take it now. It goes first on the next command that "
                    "connects.",
                    id);
        return EX_UNAVAILABLE;
    }
    command_say("%s is kept in the outbox: no link (%s%s%s). It goes first on the next command that connects.", id,
                command->session->offline.field, command->session->offline.field[0] != '\0' ? ": " : "",
                command->session->offline.text);
    if (!command->json)
        tell_reach(command, kept);
    return EX_UNAVAILABLE;
}

int submit_stays(struct command *command, const char *id, struct arena *arena, bool *ret_stays)
{
    Amana__V1__Kept *kept;
    struct am_detail detail = {0};
    enum am_err err = store_get(command->session->store, STORE_OUTBOX, id, arena, &kept);
    *ret_stays = err != AM_NOT_FOUND;
    if (err == AM_NOT_FOUND)
        return 0;
    return err == AM_OK ? told_waiting(command, id, kept) : command_fail(err, &detail);
}

static int told_kept(struct command *command, const char *id, struct arena *arena)
{
    bool stays;
    int code = submit_stays(command, id, arena, &stays);
    return stays ? code : told_accepted(command, id, arena);
}

// "; did you mean …?" of a unit whose roster the hub doesn't give: among those that this one may write to.
static void name_nearest(struct session *session, const char *unit, char ret_clause[NEAREST_CLAUSE])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct nearest nearest = {.word = unit, .len = strlen(unit)};
    struct am_detail detail = {0};
    Amana__V1__UnitsResponse *response;
    ret_clause[0] = '\0';
    arena_init(&arena, ARENA_VERB);
    if (!link_alive(session->link) || directory_units(session, &arena, &detail, &response) != AM_OK)
        return;
    for (size_t i = 0; i < response->n_units; i++)
        if (strcmp(response->units[i]->unit, unit) != 0)
            nearest_offer(&nearest, response->units[i]->unit);
    (void)nearest_clause(&nearest, ret_clause);
}

// What failed before it was kept. A unit whose roster can't be had is named by its place in the draft.
static int not_kept(struct command *command, const struct submission *submission, enum am_err err,
                    struct am_detail *detail)
{
    const Amana__V1__Draft *draft = submission->compose.draft;
    for (size_t i = 0; i < draft->n_recipients; i++) {
        if (strcmp(draft->recipients[i]->unit, detail->field) != 0)
            continue;
        char text[sizeof detail->text], near[NEAREST_CLAUSE] = "";
        if (err == AM_DENIED)
            name_nearest(command->session, detail->field, near);
        snprintf(text, sizeof text, "%.90s: %.130s%.87s", detail->field, detail->text, near);
        snprintf(detail->field, sizeof detail->field, "recipients[%zu].unit", i);
        strlcpy(detail->text, text, sizeof detail->text);
        if (submission->text.len > 0)
            detail->line = draft_line(submission->text, detail->field);
        break;
    }
    if (submission->file != NULL)
        command_say("%s: nothing was sent", submission->file);
    int code = command_fail(err, detail);
    if (err == AM_DENIED)
        ungranted_say(command, submission);
    return code;
}

static int compose_and_keep(struct command *command, struct submission *submission, struct arena *arena,
                            char ret_id[STORE_ID])
{
    struct am_detail detail = {0};
    Amana__V1__Message *message;
    Amana__V1__Header *header;
    enum reason reason;
    enum am_err err = compose_message(command->session, &submission->compose, arena, &detail, &reason, &message);
    if (reason != REASON_NONE)
        return submit_refuse(submission, reason, &detail);
    if (err == AM_NOT_FOUND && !submission->online) {
        command_say("it could not be sealed and was not kept: there is no link (%s)", command->session->offline.text);
        return not_kept(command, submission, AM_UNAVAILABLE, &detail);
    }
    if (err == AM_OK)
        err = seal_header(message, arena, &detail, &header);
    if (err == AM_OK)
        err = outbox_add(command->session, header->id, message);
    if (err != AM_OK)
        return not_kept(command, submission, err, &detail);
    strlcpy(ret_id, header->id, STORE_ID);
    return 0;
}

// What the hub may let by now, by its policy or its members, whatever was kept of them: it is asked before anybody is
// told.
static bool by_hub(enum reason reason)
{
    return reason == REASON_CHILD_NEEDS_PROTECTION_UNIT || reason == REASON_RETENTION_TOO_LONG ||
           reason == REASON_CLASSIFICATION_ABOVE_CEILING || reason == REASON_PURPOSE_MISMATCH ||
           reason == REASON_HANDLING_FORBIDS;
}

static int policy_renew(struct command *command)
{
    struct am_detail detail = {0};
    enum am_err err = policy_fetch(command->session, &detail);
    // Another session of this device took over, or the link broke: the hub judges in any case.
    return err == AM_OK || err == AM_UNAVAILABLE || err == AM_BUSY ? 0 : command_fail(err, &detail);
}

bool submit_untaken(const struct command *command, const char *id, const Amana__V1__Draft *draft, struct arena *arena,
                    size_t *ret_recipient)
{
    Amana__V1__Kept *kept;
    return store_get(command->session->store, STORE_OUTBOX, id, arena, &kept) == AM_OK &&
           command_untaken(kept, ret_recipient) && *ret_recipient < draft->n_recipients;
}

static bool not_permitted(const struct command *command, const char *id, struct arena *arena)
{
    Amana__V1__Kept *kept;
    return store_get(command->session->store, STORE_OUTBOX, id, arena, &kept) == AM_OK &&
           reason_by_name(kept->wait) == REASON_NOT_PERMITTED;
}

static int told(struct command *command, struct submission *submission, const char *id, struct arena *arena)
{
    int code = told_kept(command, id, arena);
    submission->goes = code == 0 || code == EX_UNAVAILABLE;
    if (not_permitted(command, id, arena))
        ungranted_say(command, submission);
    return code;
}

int submit(struct command *command, struct submission *submission)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    char id[STORE_ID];
    bool known = policy_known(command->session);
    enum reason reason = compose_check(command->session, &submission->compose, &detail);
    if (reason != REASON_NONE && !by_hub(reason) && (known || strcmp(detail.field, "legal_basis") != 0))
        return submit_refuse(submission, reason, &detail);
    int code = submission->connected ? 0 : command_try_connect(command, &submission->online);
    if (code == 0 && submission->online)
        code = policy_renew(command);
    if (code != 0) {
        if (submission->file != NULL)
            command_say("%s: nothing was sent", submission->file);
        return code;
    }
    detail = (struct am_detail){0};
    arena_init(&arena, ARENA_VERB);
    code = compose_and_keep(command, submission, &arena, id);
    if (code == 0 && submission->online)
        rejections_add(command);
    command->own = id;
    command->own_again = submission->again;
    if (code == 0 && submission->online)
        code = command_try_connect(command, &submission->online);
    command->own = NULL;
    command->own_again = false;
    if (code != 0)
        return code;
    submission->untaken[0] = '\0';
    if (submission->again && submit_untaken(command, id, submission->compose.draft, &arena, &submission->untaken_at)) {
        strlcpy(submission->untaken, id, sizeof submission->untaken);
        return EX_NOPERM;
    }
    return told(command, submission, id, &arena);
}

int submit_told(struct command *command, struct submission *submission, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    if (store_get(command->session->store, STORE_OUTBOX, id, &arena, &kept) == AM_OK)
        command_tell_refused(id, kept->wait_text);
    return told(command, submission, id, &arena);
}
