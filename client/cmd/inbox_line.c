// SPDX-License-Identifier: Apache-2.0
// The line of what has come: a message, a retrieval, a second person's word, a clock.
#include "client/cmd/inbox_line.h"

#include "client/cmd/anew.h"
#include "client/cmd/answers.h"
#include "client/cmd/json_line.h"
#include "client/cmd/notice_line.h"
#include "client/cmd/offers.h"
#include "client/cmd/print.h"
#include "client/cmd/screen.h"
#include "client/session/notice.h"
#include "client/session/retrieved.h"
#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "proto/codec/codec.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

// Whether the officer is asked for something: what is taken on with an ACK, with our unit to act.
static bool asks_us(struct session *session, const Amana__V1__Header *header)
{
    return kind_acknowledged((unsigned)header->kind) && header_asks(header, session->settings.value[SETTING_UNIT]);
}

// What this unit wrote, which waited for a second person and has now gone.
static bool was_released(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    return header->release == AMANA__V1__RELEASE__CODE__REQUIRED && second_sent(kept, header) &&
           strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) == 0;
}

void inbox_line_message(struct command *command, const char *id, const Amana__V1__Kept *kept)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct answers answers = {0};
    Amana__V1__Header *header = NULL;
    char state[ANSWERS_STATE] = "", of[STORE_ID];
    arena_init(&arena, ARENA_VERB);
    if (kept->fault[0] != '\0')
        snprintf(state, sizeof state, "kept, not shown: %.80s", kept->fault_text);
    else if (seal_header(kept->message, &arena, NULL, &header) == AM_OK && anew_asked(header, of))
        snprintf(state, sizeof state, "seal it anew: `amana send --anew %.13s`", of);
    else if (seal_header(kept->message, &arena, NULL, &header) == AM_OK &&
             answers_find(command->session, id, &answers) == AM_OK)
        answers_state_of(kept, &answers, id, asks_us(command->session, header), state);
    if (state[0] == '\0' && header != NULL && was_released(command->session, kept, header))
        strlcpy(state, "released by a second person, and sent", sizeof state);
    if (command->json)
        (void)!json_line_kept(command->session, kept, state, stdout);
    else
        screen_line(command->session, id, kept, state, stdout);
    if (!command->json && header != NULL && kept->entry != NULL)
        offers_print(command->session, header, kept->entry->index, stdout);
}

static json_t *notice_json(const Amana__V1__KeptNotice *notice, const char *kind)
{
    json_t *line = json_object();
    json_object_set_new(line, "notice", json_string(kind));
    json_object_set_new(line, "entry", json_line_entry(notice->entry));
    if (notice->fault[0] != '\0')
        json_object_set_new(line, "fault", json_string(notice->fault));
    if (notice->unchecked[0] != '\0')
        json_object_set_new(line, "unchecked", json_string(notice->unchecked));
    return line;
}

// The messages of this unit that a statement of retrieval names, as many as this list is about: an array of their ids.
static json_t *retrieved_ids(struct session *session, const struct traffic *traffic,
                             const Amana__V1__EntryContent *content, struct arena *arena)
{
    const Amana__V1__Retrieved *statement = retrieved_read(content, arena);
    json_t *ids = json_array();
    for (size_t i = 0; statement != NULL && i < statement->n_messages; i++) {
        Amana__V1__Kept *kept;
        enum store_box box;
        char id[STORE_ID];
        if (store_at_entry(session->store, statement->messages[i]->seq, &box, id) == AM_OK &&
            store_get(session->store, box, id, arena, &kept) == AM_OK && traffic_wants_message(traffic, kept->message))
            json_array_append_new(ids, json_string(id));
    }
    return ids;
}

#define IDS_SHOWN 8u // the rest of a statement is counted

static void print_retrieved(struct command *command, const struct traffic *traffic, const Amana__V1__KeptNotice *notice,
                            const Amana__V1__EntryContent *content, struct arena *arena)
{
    const Amana__V1__ProvedEntry *entry = notice->entry;
    bool false_one = notice->fault[0] != '\0';
    const char *why = false_one ? notice->fault : notice->unchecked;
    json_t *ids = retrieved_ids(command->session, traffic, content, arena);
    size_t n = json_array_size(ids);
    if (command->json) {
        json_t *line = notice_json(notice, "RETRIEVED");
        json_object_set_new(line, "messages", ids);
        (void)!json_line_print(line, stdout);
        return;
    }
    printf("%s%s", print_on(false_one ? PRINT_RED : PRINT_DIM), false_one ? "ALARM       " : "retrieved   ");
    print_text(stdout, print_identity(content->retrieved->device), 0);
    printf(" %s it", false_one ? "is said to have" : "has");
    for (size_t i = 0; i < n && i < IDS_SHOWN; i++)
        printf("%s%.13s", i == 0 ? ": " : ", ", json_string_value(json_array_get(ids, i)));
    if (n > IDS_SHOWN)
        printf(" and %zu more", n - IDS_SHOWN);
    json_decref(ids);
    printf(", entry %llu, %s", (unsigned long long)entry->index, print_ns(entry->time));
    if (why[0] != '\0') {
        fputs(false_one ? "; it does not hold: " : "; its signature is not checked: ", stdout);
        print_text(stdout, why, 0);
    }
    printf("%s\n", print_off());
}

// What a second person is asked for, or has said.
static void print_second(struct command *command, const Amana__V1__KeptNotice *notice,
                         const Amana__V1__EntryContent *content)
{
    const char *kind = codec_enum_name(&amana__v1__entry_kind__code__descriptor, (int)content->kind_case);
    bool false_one = notice->fault[0] != '\0';
    if (command->json) {
        (void)!json_line_print(notice_json(notice, kind), stdout);
        return;
    }
    if (false_one)
        printf("%sALARM       what is said of a release does not hold: ", print_on(PRINT_RED));
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_PARKED: {
        const Amana__V1__ParkedEntry *parked = content->parked;
        const struct urgency *urgency = urgency_get(parked->urgency);
        bool own = strcmp(parked->officer, command->session->officer) == 0;
        if (own)
            printf("%swaits       %.13s, %s %s, for a supervisor to release it, entry %llu",
                   print_on(false_one ? PRINT_RED : PRINT_PLAIN), parked->id, urgency != NULL ? urgency->name : "?",
                   kind_name((unsigned)parked->kind), (unsigned long long)notice->entry->index);
        else
            printf("%sto release  %s %s of %s, entry %llu: `amana release %.13s`",
                   print_on(false_one ? PRINT_RED : PRINT_BOLD), urgency != NULL ? urgency->name : "?",
                   kind_name((unsigned)parked->kind), print_officer(parked->officer),
                   (unsigned long long)notice->entry->index, parked->id);
        break;
    }
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE:
        printf("%sto release  %.13s still waits, until %s: `amana release %.13s`", print_on(PRINT_BOLD),
               content->deadline->message->id, print_ns(content->deadline->clocks[0]->due),
               content->deadline->message->id);
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED:
        printf("released    %.13s by %s, entry %llu", content->released->message->id,
               print_officer(content->released->officer), (unsigned long long)notice->entry->index);
        break;
    default:
        printf("%-12s%.13s, entry %llu: `amana show %.13s` says why",
               content->returned->lapsed ? "lapsed" : "sent back", content->returned->message->id,
               (unsigned long long)notice->entry->index, content->returned->message->id);
        break;
    }
    if (false_one) {
        fputs(" · ", stdout);
        print_text(stdout, notice->fault, 0);
    }
    printf("%s\n", print_off());
}

// What ran out, was met or moved by the clock.
static void print_clock(struct command *command, const Amana__V1__KeptNotice *notice,
                        const Amana__V1__EntryContent *content, struct arena *arena)
{
    enum print_style style = PRINT_PLAIN;
    const char *label = notice_label(content, &style);
    bool false_one = notice->fault[0] != '\0';
    char *words = NULL;
    size_t len;
    if (command->json) {
        const char *kind = codec_enum_name(&amana__v1__entry_kind__code__descriptor, (int)content->kind_case);
        (void)!json_line_print(notice_json(notice, kind), stdout);
        return;
    }
    FILE *memory = open_memstream(&words, &len);
    if (memory == NULL)
        return;
    char about[STORE_ID];
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE && content->deadline->message != NULL &&
        answers_kept(command->session, content->deadline->message->id, arena, about) == AM_OK)
        content->deadline->message->id = about; // the note that keeps a message asks for that
    notice_words(content, notice->entry->time, memory);
    if (fclose(memory) == 0) {
        printf("%s%-11s%s ", print_on(false_one ? PRINT_RED : style), false_one || label == NULL ? "ALARM" : label,
               print_off());
        print_text(stdout, words, 0);
        printf(", entry %llu", (unsigned long long)notice->entry->index);
        if (false_one) {
            fputs("; it does not hold: ", stdout);
            print_text(stdout, notice->fault, 0);
        }
        putchar('\n');
    }
    free(words);
}

static bool is_second(const Amana__V1__EntryContent *content)
{
    const Amana__V1__DeadlineEntry *deadline =
        content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE ? content->deadline : NULL;
    return (deadline != NULL && deadline->message != NULL && deadline->n_clocks == 1 &&
            deadline->clocks[0]->what == AMANA__V1__DEADLINE_OF__CODE__RELEASE) ||
           content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_PARKED ||
           (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RELEASED && content->released->message != NULL) ||
           (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETURNED && content->returned->message != NULL);
}

void inbox_line_notice(struct command *command, const Amana__V1__KeptNotice *notice,
                       const Amana__V1__EntryContent *content, const struct traffic *traffic, struct arena *arena)
{
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED)
        print_retrieved(command, traffic, notice, content, arena);
    else if (is_second(content))
        print_second(command, notice, content);
    else if (notice_message(content) != NULL)
        print_clock(command, notice, content, arena);
}
