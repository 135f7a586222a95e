// SPDX-License-Identifier: Apache-2.0
// The show screen and the lines of lists.
#include "client/cmd/screen.h"

#include "client/cmd/corrections.h"
#include "client/cmd/due_here.h"
#include "client/cmd/print.h"
#include "client/cmd/screen_rows.h"
#include "client/session/contested.h"
#include "client/session/oversight.h"
#include "client/session/second.h"
#include "client/session/shield.h"
#include "client/session/signer.h"
#include "client/session/taken.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"
#include "proto/model/header_parts.h"
#include "proto/model/kind_body.h"

#include <string.h>

#define ARENA_SCREEN      (32u * 1024 * 1024)
#define CODE(type, value) codec_enum_name(&amana__v1__##type##__descriptor, (int)(value))

static uint64_t kept_ns(const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    return kept->entry != NULL ? kept->entry->time : header_time_or_0(header->written_at);
}

// Only a title is held to name no victim; other kinds are shown by the first of their texts, which may.
#define NAMES_VICTIM "(names a victim: `amana show` has the words)"

// What it is about: the title, and before it what was decided, which tells more than the words about it; and the
// message that it answers.
static void line_title(struct session *session, const struct opened *opened, enum am_err err, const char *why,
                       FILE *out)
{
    const Amana__V1__Header *header = opened->header;
    const char *title = err == AM_OK ? kind_body_title(kind_body_get(&opened->body->base)) : "";
    bool drill = header->status != AMANA__V1__STATUS__CODE__ACTUAL;
    if (err == AM_OK && body_names_victim(opened->body, title))
        title = NAMES_VICTIM;
    if (drill || header->outcome != 0 || err != AM_OK || title[0] != '\0')
        fputs("  ", out);
    if (drill)
        fprintf(out, "[%s] ", CODE(status__code, header->status));
    if (header->outcome != 0) {
        print_code(out, CODE(outcome__code, header->outcome), false);
        fputs(err != AM_OK || title[0] != '\0' ? ": " : "", out);
    }
    if (err == AM_ERASED)
        fputs("(erased)", out);
    else if (err != AM_OK)
        fprintf(out, "(can't be shown: %s)", opened->fault != NULL ? opened->fault : why);
    else
        print_brief(out, title);
    if (header->in_reply_to == NULL)
        return;
    char about[STORE_ID];
    fputs("  · about ", out);
    store_short(session->store, header->in_reply_to->id, about);
    print_text(out, about, 0);
}

// How the hub took it, and how it stands with who signed it.
static void line_marks(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header, FILE *out)
{
    struct signer signer;
    struct taken taken;
    taken_look(kept, &taken);
    if (taken.crossed)
        fprintf(out, "  · %scrossed%s", print_on(PRINT_YELLOW), print_off());
    if (taken.crl_stale)
        fprintf(out, "  · %staken by a stale revocation list%s", print_on(PRINT_YELLOW), print_off());
    signer_look(session, kept, header, &signer);
    if (signer.state >= SIGNER_REVOKED_SINCE)
        fprintf(out, "  · %sofficer revoked%s%s", print_on(signer.state == SIGNER_REVOKED ? PRINT_RED : PRINT_YELLOW),
                signer.state == SIGNER_REVOKED ? "" : " since", print_off());
    else if (signer.state == SIGNER_REMOVED)
        fprintf(out, "  · officer since removed");
}

void screen_line(struct session *session, const char *id, const Amana__V1__Kept *kept, const char *state, FILE *out)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    char shown[STORE_ID];
    arena_init(&arena, ARENA_SCREEN);
    enum am_err err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (opened.header == NULL) {
        fprintf(out, "(a message that can't be read: %s)\n", detail.text);
        return;
    }
    const Amana__V1__Header *header = opened.header;
    bool ours = strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) == 0;
    const struct urgency *urgency = urgency_get(header->urgency);
    bool pressing = header->urgency <= AMANA__V1__URGENCY__CODE__U2;
    store_short(session->store, id, shown);
    fprintf(out, "%s  %s%-2s%s  %-14s  %s  %s %s%s", shown, print_on(pressing ? PRINT_BOLD : PRINT_PLAIN),
            urgency != NULL ? urgency->name : "?", pressing ? print_off() : "", kind_name((unsigned)header->kind),
            print_ns(kept_ns(kept, header)), ours ? "to" : "from",
            ours && header->n_recipients > 0 ? header->recipients[0]->unit : header->sender->unit,
            ours && header->n_recipients > 1 ? " and others" : "");
    line_title(session, &opened, err, detail.text, out);
    if (state[0] != '\0')
        fprintf(out, "  · %s", state);
    line_marks(session, kept, header, out);
    fputc('\n', out);
}

// --- The screen, part by part
static void row(FILE *out, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(out, "  %-16s", name);
    print_text(out, text, 18);
    fputc('\n', out);
}

static void print_first(const Amana__V1__Header *header, const Amana__V1__Alert *alert, FILE *out)
{
    fputs(print_on(PRINT_RED), out);
    for (size_t i = 0; i < alert->n_actions; i++) {
        fputs(i > 0 ? " · " : "", out);
        print_code(out, CODE(action__code, alert->actions[i]), true);
    }
    fputs(print_off(), out);
    fputc('\n', out);
    if (alert->instructions[0] != '\0') {
        fputs("  ", out);
        print_text(out, alert->instructions, 2);
        fputc('\n', out);
    }
    for (size_t i = 0; i < alert->n_risks; i++) {
        fputs("  ! ", out);
        print_code(out, CODE(risk_flag__code, alert->risks[i]->code), false);
        fputs(alert->risks[i]->note[0] != '\0' ? ": " : "", out);
        print_text(out, alert->risks[i]->note, 4);
        fputc('\n', out);
    }
    (void)header;
}

static void print_wait(const char *word, const char *unit, uint64_t due, uint64_t done, uint64_t now, FILE *out)
{
    if (due == 0)
        return;
    fprintf(out, "  %-16s%s", word, unit);
    if (done != 0)
        fprintf(out, "  %s%s\n", print_ns(done), done <= due ? "" : ", LATE");
    else
        fprintf(out, "  by %s (%s)\n", print_ns(due), print_until(due, now));
}

// Who must do what by when, and who has. What was ended or replaced is asked of nobody any more.
static void print_due(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header,
                      const struct answers *answers, FILE *out)
{
    uint64_t now = session_now(session), accepted = kept_ns(kept, header);
    struct kind_due due = due_here(session, header, accepted);
    bool expired = answers != NULL && answers->expired != 0;
    bool sent = second_sent(kept, header); // clocks run from acceptance
    bool over = expired || !sent || (answers != NULL && (answers->cancel[0] != '\0' || answers->replaced));
    for (size_t i = 0; i < header->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        bool copy = recipient->part == AMANA__V1__PART__CODE__COPY;
        uint64_t acked = answers != NULL ? answers->acked[i] : 0, answered = answers != NULL ? answers->answered[i] : 0;
        char told[TOLD_TEXT] = "";
        bool itself = strcmp(recipient->unit, header->sender->unit) == 0; // nobody else could be told
        if (copy || itself || (due.ack == 0 && due.answer == 0) || (over && acked == 0))
            fprintf(out, "  %-16s%s\n", copy ? "copy" : "to", recipient->unit);
        else
            print_wait(acked != 0 ? "acknowledged" : "must ack", recipient->unit, due.ack, acked, now, out);
        if (!copy && !itself && (answered != 0 || !over))
            print_wait(answered != 0 ? "answered" : answers_word((unsigned)header->kind), recipient->unit, due.answer,
                       answered, now, out);
        if (answers != NULL)
            row(out, "", told_words(&answers->told, header, i, told));
    }
    if (header->valid_until != NULL)
        fprintf(out, "  %-16s%s%s\n", "in force until", print_time(header->valid_until),
                expired ? ": it is over, nothing of it is to be done any more" : "");
}

static void print_place(FILE *out, const Amana__V1__Place *place)
{
    if (place == NULL)
        return;
    const char *const parts[] = {place->city, place->locode, place->country, place->text};
    bool any = false;
    for (size_t i = 0; i < AM_LEN(parts); i++) {
        if (parts[i][0] == '\0')
            continue;
        fputs(any ? ", " : "", out);
        print_text(out, parts[i], 18);
        any = true;
    }
    if (place->coordinates != NULL)
        fprintf(out, "%s%.4f, %.4f", any ? " · " : "", place->coordinates->latitude, place->coordinates->longitude);
}

static void print_vehicles(const Amana__V1__Alert *alert, FILE *out)
{
    for (size_t i = 0; i < alert->n_vehicles; i++) {
        const Amana__V1__Vehicle *v = alert->vehicles[i];
        const char *const parts[] = {v->colour,       v->make,    v->model,
                                     v->registration, v->country, v->trailer_registration};
        fprintf(out, "  %-16s", "vehicle");
        print_code(out, CODE(vehicle__type, v->type), false);
        for (size_t j = 0; j < AM_LEN(parts); j++) {
            fputs(parts[j][0] != '\0' ? " · " : "", out);
            print_text(out, parts[j], 18);
        }
        fputc('\n', out);
        row(out, "", v->description);
    }
    screen_list(out, "vessel", (ProtobufCMessage *const *)alert->vessels, alert->n_vessels, 2, NULL);
}

static void print_journey(const Amana__V1__Alert *alert, FILE *out)
{
    for (size_t i = 0; i < alert->n_journey; i++) {
        const Amana__V1__Event *event = alert->journey[i];
        fprintf(out, "  %-16s", event->expected ? "expected" : "seen");
        print_place(out, event->place);
        if (event->time != NULL)
            fprintf(out, " · %s", print_time(event->time));
        fputs(event->description[0] != '\0' ? " · " : "", out);
        print_text(out, event->description, 18);
        fputc('\n', out);
    }
    for (size_t i = 0; i < alert->n_places; i++) {
        fprintf(out, "  %-16s", "place");
        print_place(out, alert->places[i]);
        fputc('\n', out);
    }
}

static void print_codes(FILE *out, const char *name, const int *codes, size_t count,
                        const ProtobufCEnumDescriptor *type)
{
    if (count == 0)
        return;
    fprintf(out, "  %-16s", name);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_code(out, codec_enum_name(type, codes[i]), false);
    }
    fputc('\n', out);
}

static void print_roles(const Amana__V1__PersonRole__Code *roles, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_code(out, CODE(person_role__code, roles[i]), false);
    }
}

static void print_person(const Amana__V1__Person *person, bool contested, const struct corrections *corrections,
                         FILE *out)
{
    static const char *const above[] = {"count", "roles", "age", NULL};
    const Amana__V1__RoleChange *change = corrections_of(corrections, person->label);
    bool freed = corrections_free(change);
    fprintf(out, "  %-16s", person->count > 1 ? "persons" : "person");
    if (person->count > 1)
        fprintf(out, "about %u · ", person->count);
    if (change != NULL)
        print_roles(change->now, change->n_now, out);
    fputs(change != NULL ? " (corrected; entered as " : "", out);
    print_roles(person->roles, person->n_roles, out);
    fputs(change != NULL ? ")" : "", out);
    if (person->age != NULL && person->age->unknown)
        fputs(" · age unknown", out);
    else if (person->age != NULL)
        fprintf(out, " · age %u to %u", person->age->from, person->age->to);
    fputc('\n', out);
    const char *against = freed                             ? "no more: corrected"
                          : contested                       ? "suspended while contested"
                          : !corrections_whole(corrections) ? "perhaps no more: not each CORRECTION was read here"
                                                            : NULL;
    screen_rows(out, &person->base, 4, &(struct screen_how){above, against});
}

// `marks`: one for each, where not all are `contested`.
static void print_persons(const Amana__V1__Body *body, bool contested, const bool *marks,
                          const struct corrections *corrections, FILE *out)
{
    size_t n;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    for (size_t i = 0; i < n; i++)
        print_person(persons[i], contested || marks[i], corrections, out);
}

static void print_alert(const Amana__V1__Alert *alert, FILE *out)
{
    row(out, "what is known", alert->summary);
    print_vehicles(alert, out);
    screen_list(out, "document", (ProtobufCMessage *const *)alert->documents, alert->n_documents, 2, NULL);
    print_journey(alert, out);
    screen_list(out, "communication", (ProtobufCMessage *const *)alert->communications, alert->n_communications, 2,
                NULL);
    if (alert->child_safeguard != NULL)
        screen_list(out, "children", (ProtobufCMessage *const *)&alert->child_safeguard, 1, 2, NULL);
    if (alert->palermo != NULL) {
        print_codes(out, "act", (const int *)alert->palermo->acts, alert->palermo->n_acts,
                    &amana__v1__palermo__act__descriptor);
        print_codes(out, "means", (const int *)alert->palermo->means, alert->palermo->n_means,
                    &amana__v1__palermo__mean__descriptor);
        print_codes(out, "purpose", (const int *)alert->palermo->purposes, alert->palermo->n_purposes,
                    &amana__v1__exploitation__form__descriptor);
    }
    row(out, "limit of use", alert->handling_note);
    if (alert->contact != NULL) {
        row(out, "questions to", alert->contact->office);
        row(out, "", alert->contact->telephone);
        row(out, "", alert->contact->email);
    }
}

// A body without a form of its own: what its first line says stands above already, its persons stand last.
static void print_body(const ProtobufCMessage *body, bool said, bool contested, FILE *out)
{
    const ProtobufCFieldDescriptor *title = said ? kind_body_title_field(body) : NULL;
    const char *const apart[] = {"persons", "person", title != NULL ? title->name : NULL, NULL};
    screen_rows(out, body, 2, &(struct screen_how){apart, contested ? "suspended while contested" : NULL});
}

// Europol's codes, with what they ask of the reader.
static void print_marks(const Amana__V1__Header *header, FILE *out)
{
    static const char *const words[] = {"", "to prevent and fight crime", "not in court without permission",
                                        "not passed on without permission", "a limit of its own"};
    for (size_t i = 0; i < header->n_handling; i++)
        fprintf(out, "  %-16s%s · %s\n", i == 0 ? "handling" : "", CODE(handling__code, header->handling[i]),
                (size_t)header->handling[i] < AM_LEN(words) ? words[header->handling[i]] : "?");
    if (header->source_eval != 0)
        fprintf(out, "  %-16ssource %s · information %s\n", "evaluated", CODE(source_eval__code, header->source_eval),
                CODE(info_eval__code, header->info_eval));
    row(out, "agreement", header->agreement_ref);
}

// What every reader must know, in words: the flag alone keeps nobody from telephoning.
void screen_shield(const struct shield *shield, const char *who, FILE *out)
{
    if (shield->n == 0 || shield->own)
        return;
    fprintf(out, "  %-16s%s%s may have fled ", "DO NO HARM", print_on(PRINT_RED), who);
    for (size_t i = 0; i < shield->n; i++)
        fprintf(out, "%s%s", i == 0 ? "" : i + 1 < shield->n ? ", " : " or ", shield->states[i].country);
    fprintf(out, "; tell %s nothing by any other channel either%s\n",
            shield->n == 1 ? shield->states[0].country : "them", print_off());
}

static void print_shield(struct session *session, const Amana__V1__Header *header, FILE *out)
{
    struct shield shield;
    if (shield_of_case(session, header->case_ref, &shield) != AM_OK || shield.own)
        return;
    screen_shield(&shield, "this person", out);
    if (shield_lists(&shield, header->sender->unit) != NULL)
        fprintf(out, "  %-16s%sit comes from a state that this person may have fled%s\n", "", print_on(PRINT_RED),
                print_off());
}

// How and when somebody was told, or wasn't reached.
static void print_means(const Amana__V1__Header *header, FILE *out)
{
    if (header->means == 0)
        return;
    fprintf(out, "  %-16s", "means");
    print_code(out, CODE(means__code, header->means), false);
    fprintf(out, " · %s\n", print_time(header->told_at));
}

static void print_envelope(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header,
                           const Amana__V1__Flags *flags, FILE *out)
{
    char oversight[OVERSIGHT_TEXT];
    struct signer signer;
    struct taken taken;
    const struct urgency *urgency = urgency_get(header->urgency);
    fprintf(out, "  %-16s%s · %s · case %s\n", "from", header->sender->unit, print_officer(header->officer),
            header->case_ref);
    fprintf(out, "  %-16s%s · %s", "urgency", urgency != NULL ? urgency->name : "?",
            urgency != NULL ? urgency->words : "");
    if (header->urgency_reason != 0) {
        fputs(" · ", out);
        print_code(out, CODE(urgency_reason__code, header->urgency_reason), false);
    }
    fputc('\n', out);
    fprintf(out, "  %-16s%s · %s · %s · kept until %s\n", "markings",
            CODE(classification__code, header->classification), CODE(purpose__code, header->purpose),
            CODE(legal_basis__code, header->legal_basis), print_time(header->retain_until));
    print_marks(header, out);
    oversight_words_of(session, kept->message, header, oversight);
    row(out, "oversight", oversight);
    if (flags != NULL && flags->child)
        fprintf(out, "  %-16s%s\n", "child", "a child is concerned: the protection unit is addressed too");
    print_shield(session, header, out);
    fprintf(out, "  %-16s%s", "written", print_time(header->written_at));
    if (kept->entry != NULL)
        fprintf(out, " · in the log at %llu (%s), %s", (unsigned long long)kept->entry->index, session->hub->origin,
                print_ns(kept->entry->time));
    fputc('\n', out);
    print_means(header, out);
    signer_look(session, kept, header, &signer);
    if (signer.state != SIGNER_GOOD)
        fprintf(out, "  %-16s%s%s%s\n", "signature",
                print_on(signer.state == SIGNER_REVOKED ? PRINT_RED : PRINT_YELLOW), signer.words, print_off());
    taken_look(kept, &taken);
    if (taken.crossed)
        fprintf(out, "  %-16s%swhat it answers was over or replaced before it came: it changes nothing there%s\n",
                "crossed", print_on(PRINT_YELLOW), print_off());
    if (taken.crl_stale)
        fprintf(out, "  %-16s%sthe sender's revocation list was stale: who signed may have been revoked; telephone%s\n",
                "revocation", print_on(PRINT_YELLOW), print_off());
    fprintf(out, "  %-16s%s\n", "id", header->id);
    if (header->in_reply_to != NULL)
        fprintf(out, "  %-16s%s\n", "answers", header->in_reply_to->id);
    if (header->supersedes != NULL)
        fprintf(out, "  %-16s%s\n", "replaces", header->supersedes->id);
}

// Who of this unit has it in hand, in the words of the NOTE that says so.
static void print_shift(struct session *session, const struct answers *answers, struct arena *arena, FILE *out)
{
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    enum store_box box;
    if (answers == NULL || answers->shift[0] == '\0' ||
        store_get_any(session->store, answers->shift, arena, &box, &kept) != AM_OK ||
        seal_open_kept(session, kept, arena, &detail, &opened) != AM_OK)
        return;
    fprintf(out, "  %-16s", "shift");
    print_text(out, kind_body_title(kind_body_get(&opened.body->base)), 18);
    fprintf(out, ", %s: %.13s\n", print_ns(kept_ns(kept, opened.header)), answers->shift);
}

enum am_err screen_show(struct session *session, const Amana__V1__Kept *kept, const char *state,
                        const struct answers *answers, FILE *out)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    struct corrections corrections;
    arena_init(&arena, ARENA_SCREEN);
    enum am_err err = seal_open_kept(session, kept, &arena, &detail, &opened);
    if (opened.header == NULL)
        return am_fail(err, &detail, "", "%s", detail.text);
    const Amana__V1__Alert *alert = err == AM_OK ? body_alert(opened.body) : NULL;
    if (opened.header->status != AMANA__V1__STATUS__CODE__ACTUAL)
        fprintf(out, "%s%s: not real%s\n", print_on(PRINT_YELLOW), CODE(status__code, opened.header->status),
                print_off());
    const bool contested = answers != NULL && answers->contest[0] != '\0';
    bool *marks = NULL, any = false;
    if (err == AM_OK)
        TRY(contested_persons(session, opened.header, opened.body, &arena, &marks, &any));
    if (contested || any)
        fprintf(out, "%sCONTESTED: detain nobody for it until it is decided%s\n", print_on(PRINT_YELLOW), print_off());
    TRY(corrections_read(session, answers, &arena, &corrections));
    corrections_print(&corrections, out);
    if (alert != NULL)
        print_first(opened.header, alert, out);
    const char *title = err == AM_OK ? kind_body_title(kind_body_get(&opened.body->base)) : "";
    bool named = err == AM_OK && body_names_victim(opened.body, title);
    fprintf(out, "%s%s%s  ", print_on(PRINT_BOLD), kind_name((unsigned)opened.header->kind), print_off());
    if (err == AM_OK)
        print_text(out, named ? "" : title, 2); // a victim's name stands below
    else if (err == AM_ERASED)
        fprintf(out, "erased here %s%s%s", print_time(kept->erased_at),
                kept->erased_by[0] != '\0' ? " on the word of " : "", kept->erased_by);
    else
        fprintf(out, "the body is not shown: %s (%s)", opened.fault != NULL ? opened.fault : "", detail.text);
    fputc('\n', out);
    if (opened.header->outcome != 0)
        row(out, "outcome", CODE(outcome__code, opened.header->outcome));
    print_due(session, kept, opened.header, answers, out);
    row(out, "state", state);
    print_shift(session, answers, &arena, out);
    fputc('\n', out);
    print_envelope(session, kept, opened.header, err == AM_OK ? opened.flags : NULL, out);
    if (err == AM_OK && alert == NULL)
        print_body(kind_body_get(&opened.body->base), !named, contested, out);
    if (alert != NULL)
        print_alert(alert, out);
    if (err == AM_OK)
        print_persons(opened.body, contested, marks, &corrections, out);
    return err == AM_ERASED ? AM_OK : err;
}
