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

static void word(const char *what, const char *value)
{
    if (value[0] == '\0')
        return;
    printf(" · %s", what);
    print_text(stdout, value, 0);
}

bool reach_proved(struct session *session, const Amana__V1__RecipientStatus *row)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__MemberEntry *member;
    arena_init(&arena, ARENA_VERB);
    return directory_member(session, row->unit, &arena, &member) == AM_OK &&
           strcmp(member->telephone, row->telephone) == 0 && strcmp(member->hours, row->hours) == 0 &&
           strcmp(member->deputy, row->deputy) == 0;
}

static bool says_how(const Amana__V1__RecipientStatus *row)
{
    return row->telephone[0] != '\0' || row->hours[0] != '\0' || row->deputy[0] != '\0';
}

void reach_print(struct session *session, const Amana__V1__RecipientStatus *row)
{
    if (row->connected)
        printf("%sconnected%s", print_on(PRINT_GREEN), print_off());
    else if (row->last_seen != NULL)
        printf("%snot connected%s, last seen %s", print_on(PRINT_YELLOW), print_off(), print_time(row->last_seen));
    else
        printf("%snot connected%s, not seen since the hub was started", print_on(PRINT_YELLOW), print_off());
    word("telephone ", row->telephone);
    word("hours ", row->hours);
    word("deputy ", row->deputy);
    if (says_how(row) && !reach_proved(session, row))
        fputs(" (says the hub, not proved)", stdout);
}

// Who says that it was taken on, where it stands, that it is done or that somebody was told rings nobody up for that.
#define QUIET (KIND_BIT(KIND(ACK)) | KIND_BIT(KIND(PROGRESS)) | KIND_BIT(KIND(CONFIRM)) | KIND_BIT(KIND(CONTACT)))

void reach_tell(struct command *command, const Amana__V1__Header *header)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    Amana__V1__StatusResponse *response;
    const struct urgency *urgency = urgency_get(header->urgency);
    arena_init(&arena, ARENA_VERB);
    // What can't be asked now is asked with `amana status`: the message is accepted, whatever the hub says to this.
    if (urgency == NULL || !urgency->reason || (QUIET & KIND_BIT((unsigned)header->kind)) != 0 ||
        !link_alive(command->session->link) ||
        reach_ask(command->session, header->id, &arena, &detail, &response) != AM_OK || response->n_messages == 0)
        return;
    const Amana__V1__MessageStatus *message = response->messages[0];
    unsigned others = 0;
    for (size_t i = 0; i < message->n_recipients; i++) {
        if (message->recipients[i]->part != AMANA__V1__PART__CODE__ACTION ||
            strcmp(message->recipients[i]->unit, header->sender->unit) == 0) // a NOTE to the unit itself
            continue;
        others++;
        fputs("  reach     ", stdout);
        print_text(stdout, message->recipients[i]->unit, 0);
        fputs("  ", stdout);
        reach_print(command->session, message->recipients[i]);
        putchar('\n');
    }
    if (others > 0)
        printf("  aloud     \"%s %.13s waits for you, %s\": no name of a person, no place; then `amana called %.13s`\n",
               kind_name((unsigned)header->kind), header->id, urgency->name, header->id);
}
