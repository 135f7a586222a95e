// SPDX-License-Identifier: Apache-2.0
// Directory.Lookup: a unit's roster with its certificates and the proof of its entry, for those who may know of it.
#include "amana/v1/directory.pb-c.h"
#include "amana/v1/record.pb-c.h"
#include "proto/model/policy.h"
#include "server/net/question.h"
#include "server/net/scope_countries.h"
#include "server/net/waiting.h"

#include <string.h>

struct lookup {
    struct question question;
    struct scope_countries protects; // where the caller does; none where that isn't its role
};

// What stands in memory: one's own unit, whom one may write to or whose supervisors release for it, protection units,
// an auditor's scope, and who keeps the registry.
static bool lookup_allowed(const struct call *call, const char *other)
{
    const struct hub *hub = call->net->hub;
    const char *unit = call->peer->identity.unit, *role = hub_role(hub, unit);
    char country[ADDRESS_COUNTRY_MAX + 1];

    if (address_check(other, NULL) != AM_OK)
        return false;
    address_country(other, country);
    if (strcmp(unit, other) == 0 || hub_may_write(hub, unit, other))
        return true;
    if (policy_supervises(hub_policy(hub), unit, other)) // what it sends is sealed to that
        return true;
    if (hub_sees_registry(hub, unit))
        return true;
    if (role != NULL && strcmp(role, "dpo") == 0)
        return true; // it seals to whoever holds what its country's units sent
    if (role != NULL && strcmp(role, "auditor") == 0)
        return hub_in_scope(hub, unit, country);
    // Named by a list that all have: also of one that is closed or gone everybody may know.
    return trust_is_protection(registry_trust(call->net->registry), other);
}

static enum am_err record_read(struct store_view *view, uint8_t kind, const char *key, uint64_t number,
                               const ProtobufCMessageDescriptor *type, struct arena *arena, uint64_t *ret_seq,
                               ProtobufCMessage **ret_message)
{
    struct journal_record record;

    TRY(store_record(view, kind, key, number, &record));
    TRY(codec_decode(type, CODEC_LENIENT, record.value, arena, NULL, ret_message));
    *ret_seq = record.seq;
    return AM_OK;
}

static enum am_err lookup_fill(struct question *question, struct store_view *view, const char *unit, uint64_t number,
                               Amana__V1__LookupResponse *response)
{
    struct arena *arena = &question->reply;
    Amana__V1__RosterRecord *roster;
    struct journal_record member;
    uint64_t seq;

    TRY(store_record(view, JOURNAL_RECORD_MEMBER, unit, 0, &member));
    TRY(record_read(view, JOURNAL_RECORD_ROSTER, unit, number, &amana__v1__roster_record__descriptor, arena, &seq,
                    (ProtobufCMessage **)&roster));
    TRY(proved_read(view, arena, seq, &response->entry));
    TRY(proved_read(view, arena, member.seq, &response->member));
    response->roster = roster->roster;
    response->n_certificates = roster->n_certificates;
    response->certificates = roster->certificates;
    return AM_OK;
}

// Who protects contests what units of the countries where it does sent or hold, at all who have it.
static bool contests(const struct lookup *lookup, const struct store_pointer *message)
{
    bool any = scope_countries_has_unit(&lookup->protects, message->originator);

    for (size_t i = 0; i < message->n_recipients && !any; i++)
        any = scope_countries_has_unit(&lookup->protects, message->recipients[i].unit);
    return any;
}

// A message that a lookup is about.
struct about {
    struct store_pointer message;
    const char *releasing; // unit; NULL where no second person was asked for
    bool sent;             // to its recipients; else it waits for its second person
};

static bool has(const struct about *about, const char *unit)
{
    return strcmp(about->message.originator, unit) == 0 ||
           (about->releasing != NULL && strcmp(about->releasing, unit) == 0) ||
           (about->sent && store_pointer_to(&about->message, unit));
}

static enum am_err about_find(struct store_view *view, struct arena *arena, const Amana__V1__Pointer *pointer,
                              struct about *ret_about)
{
    struct about about = {.sent = true};
    struct store_message kept;
    Amana__V1__Header *header;
    uint64_t seq;
    enum am_err err = store_find_pointer(view, pointer, &about.message);

    if (err == AM_NOT_FOUND && pointer != NULL) {
        about.sent = false;
        TRY(waiting_seq(view, pointer, &seq));
        err = store_pointer_of(view, seq, &about.message);
    }
    TRY(err);
    TRY(store_message(view, about.message.seq, &kept));
    TRY(codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, kept.header, arena, NULL,
                     (ProtobufCMessage **)&header));
    about.releasing = header->releasing != NULL ? header->releasing->unit : NULL;
    *ret_about = about;
    return AM_OK;
}

// A message that both have, whoever sent it, and that the caller can name; or may contest. That one was sent to a unit
// doesn't say that it has it: it may be withheld from it (rule 4), and its digest nobody guesses.
static enum am_err lookup_shared(struct lookup *lookup, struct store_view *view,
                                 const Amana__V1__LookupRequest *request, bool *ret_shared)
{
    struct about about;
    enum am_err err = about_find(view, &lookup->question.reply, request->about, &about);

    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    if (!has(&about, request->unit))
        return AM_OK;
    *ret_shared =
        has(&about, lookup->question.call.peer->identity.unit) || (about.sent && contests(lookup, &about.message));
    return AM_OK;
}

static void lookup_ask(struct question *question, struct worker *worker)
{
    const Amana__V1__LookupRequest *request = (const Amana__V1__LookupRequest *)question->call.request;
    Amana__V1__LookupResponse response = AMANA__V1__LOOKUP_RESPONSE__INIT;
    struct roster *newest = registry_roster(question->registry, request->unit);
    uint64_t number = request->number;
    enum am_err err = AM_OK;

    if (!question->allowed)
        err = lookup_shared((struct lookup *)question, worker->view, request, &question->allowed);
    if (err == AM_OK && newest == NULL && trust_is_protection(registry_trust(question->registry), request->unit)) {
        question_refuse(question, REASON_NOT_FOUND, "unit", "never had a roster at this hub");
        return;
    }
    if (err == AM_OK && (!question->allowed || newest == NULL)) {
        // The same for a unit that isn't there as for one that is none of the caller's business.
        question_refuse(question, REASON_NOT_PERMITTED, "unit", "");
        return;
    }
    if (number == 0 && newest != NULL)
        number = newest->number;
    if (err == AM_OK)
        err = lookup_fill(question, worker->view, request->unit, number, &response);
    if (err == AM_NOT_FOUND)
        question_refuse(question, REASON_NOT_FOUND, "number", "is no roster of this unit");
    else if (err != AM_OK)
        question_fail(question, err);
    else
        question_answer(question, &response.base);
}

static void lookup_begin(struct call *call)
{
    struct lookup *lookup = (struct lookup *)call;
    const char *unit = call->peer->identity.unit, *role = hub_role(call->net->hub, unit);

    lookup->question.allowed = lookup_allowed(call, ((const Amana__V1__LookupRequest *)call->request)->unit);
    if (role != NULL && strcmp(role, "protection") == 0)
        scope_countries_init(call->net, unit, &lookup->protects);
    question_begin(call, lookup_ask);
}

const struct method METHOD_LOOKUP = {
    .path = "/amana.v1.Directory/Lookup",
    .request = &amana__v1__lookup_request__descriptor,
    .max_request = 4096,
    .arena = 64u * 1024,
    .size = sizeof(struct lookup),
    .begin = lookup_begin,
    .clear = question_clear,
};
