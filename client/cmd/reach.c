// SPDX-License-Identifier: Apache-2.0
// Whom to telephone.
#include "client/cmd/reach.h"

#include "client/cmd/print.h"
#include "client/session/directory.h"
#include "proto/model/kind.h"

#include <string.h>

enum am_err reach_ask(struct session *session, char *id, struct arena *arena, struct am_detail *detail,
                      Amana__V1__StatusResponse **ret_response)
{
    Amana__V1__StatusRequest request = AMANA__V1__STATUS_REQUEST__INIT;
    request.ids = &id;
    request.n_ids = 1;
    return session_call(session, "/amana.v1.Relay/Status", &request.base, &amana__v1__status_response__descriptor,
                        arena, detail, (ProtobufCMessage **)ret_response);
}

// Its registrar may have changed it since it was looked up here: a supervisor's desk asks for no roster otherwise.
static void look_anew(struct session *session, const char *unit)
{
    struct am_detail detail = {0};
    struct roster *roster;
    if (directory_newest(session, unit, NULL, &detail, &roster) == AM_OK)
        roster_unref(roster);
}

// How its MEMBER entry that was verified here says that it is reached; NULL where there is none. Who releases has
// perhaps never written to that unit: it is looked up first.
static const Amana__V1__Member *proved(struct session *session, const char *unit, struct arena *arena)
{
    Amana__V1__Member *member;
    directory_look(session, unit);
    return directory_member(session, unit, arena, &member) == AM_OK ? member : NULL;
}

json_t *reach_json(struct session *session, const char *unit)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ARENA_VERB);
    const Amana__V1__Member *member = proved(session, unit, &arena);
    return member != NULL ? json_pack("{s:s, s:s, s:s}", "telephone", member->telephone, "hours", member->hours,
                                      "deputy", member->deputy)
                          : NULL;
}

// What is proved stands there whatever the hub leaves out; what the hub says besides is said to be no more than that.
static void word(const char *what, const char *proved, const char *says)
{
    bool same = proved != NULL && strcmp(proved, says) == 0;
    if (proved != NULL && proved[0] != '\0') {
        printf(" · %s", what);
        print_text(stdout, proved, 0);
    }
    if (same)
        return;
    if (says[0] != '\0') {
        printf(" · %s", what);
        print_text(stdout, says, 0);
        fputs(" (says the hub, not proved)", stdout);
    } else if (proved != NULL) {
        fputs(" (the hub says none)", stdout);
    }
}

// Whom to ring up next, where that is proved.
static void print_deputy(struct session *session, const Amana__V1__Member *member, struct arena *arena)
{
    const Amana__V1__Member *deputy = member->deputy[0] != '\0' ? proved(session, member->deputy, arena) : NULL;
    if (deputy == NULL || deputy->telephone[0] == '\0')
        return;
    fputs(", telephone ", stdout);
    print_text(stdout, deputy->telephone, 0);
}

// By what was verified here; nothing is asked.
static void print_kept(struct session *session, const char *unit)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ARENA_VERB);
    const Amana__V1__Member *member = proved(session, unit, &arena);
    if (member == NULL) {
        fputs("how it is reached isn't known here", stdout);
        return;
    }
    fputs(member->telephone[0] != '\0' ? "telephone " : "no telephone is listed", stdout);
    print_text(stdout, member->telephone, 0);
    word("hours ", member->hours, member->hours);
    word("deputy ", member->deputy, member->deputy);
    print_deputy(session, member, &arena);
}

// Rule 4: nobody is told whom to ring up there.
static bool print_shielded(const Amana__V1__Header *header, const struct shield *shield, const char *unit)
{
    if (!shield_keeps(shield, header, unit, NULL))
        return false;
    printf("%ssomebody in this case may have fled %s: tell it nothing by any other channel either%s",
           print_on(PRINT_RED), shield_lists(shield, unit)->country, print_off());
    return true;
}

void reach_print(struct session *session, const Amana__V1__Header *header, const struct shield *shield,
                 const Amana__V1__RecipientStatus *row)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ARENA_VERB);
    if (print_shielded(header, shield, row->unit))
        return;
    if (!link_alive(session->link)) {
        print_kept(session, row->unit);
        return;
    }
    if (row->connected)
        printf("%sconnected%s", print_on(PRINT_GREEN), print_off());
    else if (row->last_seen != NULL)
        printf("%snot connected%s, last seen %s", print_on(PRINT_YELLOW), print_off(), print_time(row->last_seen));
    else
        printf("%snot connected%s, not seen since the hub was started", print_on(PRINT_YELLOW), print_off());
    const Amana__V1__Member *member = proved(session, row->unit, &arena);
    if (row->telephone[0] == '\0' && (member == NULL || member->telephone[0] == '\0'))
        fputs(" · no telephone is listed", stdout);
    word("telephone ", member != NULL ? member->telephone : NULL, row->telephone);
    word("hours ", member != NULL ? member->hours : NULL, row->hours);
    word("deputy ", member != NULL ? member->deputy : NULL, row->deputy);
    if (member != NULL)
        print_deputy(session, member, &arena);
}

// Who says that it was taken on, where it stands, that it is done or that somebody was told rings nobody up for that.
#define QUIET (KIND_BIT(KIND(ACK)) | KIND_BIT(KIND(PROGRESS)) | KIND_BIT(KIND(CONFIRM)) | KIND_BIT(KIND(CONTACT)))

static bool rings(const Amana__V1__Header *header)
{
    const struct urgency *urgency = urgency_get(header->urgency);
    return urgency != NULL && urgency->reason && (QUIET & KIND_BIT((unsigned)header->kind)) == 0;
}

// Who is rung up must not take it for real.
static const char *played(const Amana__V1__Header *header)
{
    switch (header->status) {
    case AMANA__V1__STATUS__CODE__EXERCISE: return "exercise, exercise: ";
    case AMANA__V1__STATUS__CODE__TEST: return "test, test: ";
    default: return "";
    }
}

// What can't be read keeps nothing: the message itself has gone by it.
static void shield_find(struct session *session, const Amana__V1__Header *header, struct shield *ret_shield)
{
    if (shield_of_case(session, header->case_ref, ret_shield) != AM_OK)
        *ret_shield = (struct shield){0};
}

void reach_tell_kept(struct command *command, const Amana__V1__Header *header)
{
    struct shield shield;
    unsigned others = 0;
    if (!rings(header) || header->release == AMANA__V1__RELEASE__CODE__REQUIRED)
        return;
    shield_find(command->session, header, &shield);
    for (size_t i = 0; i < header->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        if (recipient->part != AMANA__V1__PART__CODE__ACTION || strcmp(recipient->unit, header->sender->unit) == 0)
            continue;
        printf("  reach     %s  ", recipient->unit);
        if (!print_shielded(header, &shield, recipient->unit)) {
            print_kept(command->session, recipient->unit);
            others++;
        }
        putchar('\n');
    }
    if (others > 0)
        printf("  aloud     \"%s%s %.13s of ours is on its way to you, %s\": no name of a person, no place\n",
               played(header), kind_name((unsigned)header->kind), header->id, urgency_get(header->urgency)->name);
}

void reach_tell(struct command *command, const Amana__V1__Header *header)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct shield shield;
    Amana__V1__StatusResponse *response;
    const struct urgency *urgency = urgency_get(header->urgency);
    arena_init(&arena, ARENA_VERB);
    // What can't be asked now is asked with `amana status`: the message is accepted, whatever the hub says to this.
    if (!rings(header) || !link_alive(command->session->link) ||
        reach_ask(command->session, header->id, &arena, &detail, &response) != AM_OK || response->n_messages == 0)
        return;
    const Amana__V1__MessageStatus *message = response->messages[0];
    unsigned others = 0;
    shield_find(command->session, header, &shield);
    for (size_t i = 0; i < message->n_recipients; i++) {
        if (message->recipients[i]->part != AMANA__V1__PART__CODE__ACTION ||
            strcmp(message->recipients[i]->unit, header->sender->unit) == 0) // a NOTE to the unit itself
            continue;
        others += !shield_keeps(&shield, header, message->recipients[i]->unit, NULL);
        fputs("  reach     ", stdout);
        print_text(stdout, message->recipients[i]->unit, 0);
        fputs("  ", stdout);
        look_anew(command->session, message->recipients[i]->unit);
        reach_print(command->session, header, &shield, message->recipients[i]);
        putchar('\n');
    }
    if (others > 0)
        printf("  aloud     \"%s%s %.13s waits for you, %s\": no name of a person, no place; then `amana called "
               "%.13s%s --means "
               "PHONE --spoken-to DESK --telephone NUMBER --summary TEXT`\n",
               played(header), kind_name((unsigned)header->kind), header->id, urgency->name, header->id,
               others > 1 ? " --to UNIT" : "");
}
