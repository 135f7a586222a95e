// SPDX-License-Identifier: Apache-2.0
// The rows of the verbs that answer.
#include "client/cmd/answer_verbs.h"

#include <bsd/string.h>
#include <string.h>

static const struct answer_verb ROWS[] = {
    {"ack", KIND(ACK), .fields = {"remark", "tasking", "means", "told_at"},
     .does = "Takes a message on, as the officer of this configuration: signed and logged, so that the sender sees who "
             "has it and since when. Who was told of it by telephone or a visit says so with --means; told_at is now "
             "where it isn't said."},
    {"update", KIND(UPDATE), .file = true,
     .does = "Sends the whole alert anew: FILE as for `amana send`; recipients may be left out (those of the newest "
             "version). Who had acknowledged is asked again."},
    {"cancel", KIND(CANCEL), .must = "reason", .fields = {"reason", "instructions"},
     .does = "Ends an alert of this unit, at all who had its newest version."},
    {"hit", KIND(HIT), .file = true, .must = "summary",
     .fields = {"summary", "certainty", "done", "place", "found_at", "whereabouts_now"},
     .does = "Says that what an alert looks for was found: to its sender, who takes it on with an ACK. More than these "
             "options say stands in FILE, as {\"hit\": {…}}."},
    {"cannot", KIND(CANNOT_EXECUTE), .file = true, .must = "explanation",
     .fields = {"explanation", "provision", "actions", "instead", "retry_at"},
     .does = "Says that what an alert asks for can't be done here, and why."},
    {"progress", KIND(PROGRESS), OUTCOME(IN_HAND), .file = true, .fields = {"text", "authority", "questions", "due_at"},
     .does =
         "Says where a request or a referral stands. Until an authorisation or a clarification has come the time to "
         "answer stands still."},
    {"answer", KIND(RESPONSE), .file = true, .must = "summary",
     .fields = {"summary", "ground", "explanation", "more_follows", "more_by"},
     .does = "Answers a request. What is too much for an option stands in FILE, as {\"response\": {…}}."},
    {"access answer", KIND(RESPONSE), .file = true, .must = "summary",
     .fields = {"summary", "ground", "explanation", "more_follows", "more_by"},
     .does = "Answers an office that asks what is held about a person. With NO_DATA nothing of what is said here "
             "reaches the person: none is held, or none may be given, is one answer to them."},
    {"refuse", KIND(REFUSAL), .file = true, .must = "explanation",
     .fields = {"explanation", "provision", "undisclosed", "authority", "instead"},
     .does = "Refuses a request, with the ground."},
    {"clarify", KIND(CLARIFICATION), .file = true,
     .shape = "{\"clarification\": {\"answers\": [{\"question\": \"Which year?\", \"text\": \"2026.\"}]}}, which "
              "`amana new clarification` writes",
     .does = "Answers what the other side asked about a request of this unit: FILE has {\"clarification\": {…}}."},
    {"withdraw", KIND(WITHDRAW), OUTCOME(NO_LONGER_NEEDED), .file = true,
     .fields = {"reason", "instructions", "withdrawn_at"},
     .does =
         "Takes a request, a referral or a question for permission back: from all who were asked, or from those "
         "named with --to. With the outcome CONSENT_WITHDRAWN it goes to all who have it, who erase it and confirm."},
    {"accept", KIND(DECISION), OUTCOME(ACCEPTED), .fixed = true, .file = true, .must = "contact",
     .fields = {"contact", "reason", "conditions", "services"}, .does = "Accepts a referral."},
    {"decline", KIND(DECISION), OUTCOME(DECLINED), .fixed = true, .file = true, .must = "reason", .fields = {"reason"},
     .does = "Declines a referral."},
    {"close", KIND(CLOSE), OUTCOME(DONE), .file = true, .fields = {"summary", "services_given", "follow_up"},
     .does = "Ends a referral that was accepted; either side may."},
    {"permit ask", KIND(USE_PERMISSION), .file = true, .must = "uses",
     .fields = {"uses", "reason", "court", "parties", "purpose", "answer_by"},
     .does = "Asks the sender of a message whether it may be used or passed on beyond its marking."},
    {"permit grant", KIND(DECISION), OUTCOME(GRANTED), .fixed = true, .file = true,
     .fields = {"reason", "conditions", "granted_to"}, .does = "Grants what was asked for with `permit ask`."},
    {"permit deny", KIND(DECISION), OUTCOME(DENIED), .fixed = true, .file = true, .must = "reason",
     .fields = {"reason"}, .does = "Denies what was asked for with `permit ask`."},
    {"contest", KIND(CONTEST), .file = true, .must = "reason",
     .shape = "{\"contest\": {\"roles\": [{\"person\": \"p1\", \"was\": [\"SUSPECT\"], \"now\": "
              "[\"PRESUMED_VICTIM\"]}]}}, which `amana new contest` writes",
     .fields = {"reason", "evidence"},
     .does =
         "Says that a role or a fact of a message is wrong: to its sender, who decides, and to all who have it, who "
         "see it as CONTESTED until then. Which roles and facts stands in FILE, as {\"contest\": {…}}."},
    {"uphold", KIND(DECISION), OUTCOME(UPHELD), .fixed = true, .file = true, .fields = {"reason"},
     .does = "Says that a contest is right: once the correction was sent with `amana correct`, which it names."},
    {"reject", KIND(DECISION), OUTCOME(REJECTED), .fixed = true, .file = true, .must = "reason", .fields = {"reason"},
     .does = "Says that a contest is wrong."},
    {"correct", KIND(CORRECTION), .file = true, .must = "reason", .instead = "stolen_identity",
     .shape = "{\"correction\": {\"changes\": [{\"path\": \"alert.vehicles[0].registration\", \"was\": \"KDA 417Q\", "
              "\"now\": \"KDA 471Q\"}]}}, which `amana new correction` writes",
     .fields = {"reason", "stolen_identity"},
     .does = "Says that something in a message of this unit was wrong, to all who have it; each confirms when it is "
             "mended. What is right stands in FILE, as {\"correction\": {…}}."},
    {"confirm", KIND(CONFIRM), .file = true, .fields = {"remark", "provision", "kept_until", "own_messages_mended"},
     .does = "Says that a correction is done here, or that what was cancelled or withdrawn is erased, or why not. With "
             "DONE this store erases the bodies first."},
    {"erase", KIND(ERASURE), .file = true, .must = "ground", .fields = {"ground", "reason", "provision"},
     .does =
         "Has the content of a message of this unit erased, an alert's in each of its versions: by the hub and this "
         "store at once, by all who have it with their CONFIRM. Envelope, signature and log stay."},
    {"hold", KIND(HOLD), .file = true, .must = "court", .fields = {"court", "order", "date", "scope", "valid_until"},
     .does = "Says that a court needs a message of this unit kept, an alert in each of its versions: nothing of it is "
             "destroyed, here, at the hub or by who has it, until --valid-until."},
    {"called", KIND(CONTACT), OUTCOME(TOLD), .file = true, .must = "means",
     .fields = {"means", "told_at", "summary", "spoken_to", "telephone"},
     .does = "Writes a call or a visit about a message down; told_at is now where it isn't said."},
    {"ask", KIND(REQUEST), .file = true, .must = "title", .must_too = "information",
     .fields = {"title", "information", "reason", "available_because", "answer_by", "urgency"},
     .does =
         "Asks about a message: a request to its other side, or to those named with --to and --copy. Who may answer a "
         "message may ask about it, without a grant. More than these options say stands in FILE, as `amana new "
         "request --answer` writes it."},
    {"refer", KIND(REFERRAL), .file = true,
     .shape = "{\"consent\": \"GUARDIAN\", \"referral\": {…}}, which `amana new referral --answer` writes",
     .fields = {"summary", "services", "urgency"},
     .does =
         "Hands a victim of whom a message speaks over to protection and services: to those named with --to. FILE is "
         "as `amana new referral --answer` writes it. One to another country waits for a second person."},
    {"note", KIND(NOTE), .file = true, .must = "title", .must_too = "text", .fields = {"title", "text", "open"},
     .does = "Sends a note on a message: to its other side, or to those named with --to and --copy."},
};

const struct answer_verb *answer_verbs(size_t *ret_count)
{
    *ret_count = AM_LEN(ROWS);
    return ROWS;
}

const struct answer_verb *answer_verb_find(const char *name)
{
    if (strncmp(name, "amana ", 6) == 0)
        name += 6;
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (strcmp(ROWS[i].name, name) == 0)
            return &ROWS[i];
    return NULL;
}

const struct answer_verb *answer_verb_of(unsigned kind, unsigned outcome)
{
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (ROWS[i].kind == kind && (!ROWS[i].fixed || ROWS[i].outcome == outcome))
            return &ROWS[i];
    return NULL;
}

bool answer_verb_side(const struct answer_verb *verb, bool sent)
{
    switch ((enum kind_to)kind_get(verb->kind)->to) {
    case TO_BACK:
    case TO_ORIGINATOR:
    case TO_PARTIES: return !sent;
    case TO_ASKED:
    case TO_FORMER:
    case TO_SAME: return sent;
    case TO_CHOSEN:
    case TO_OTHER_SIDE:
    case TO_HOLDERS: break;
    }
    return true;
}

uint32_t answer_verb_on(const struct answer_verb *verb)
{
    uint32_t on = kind_get(verb->kind)->on;
    for (unsigned kind = 1; verb->fixed && verb->outcome != 0 && kind < KIND_COUNT; kind++)
        if (!kind_outcome_fits(verb->kind, kind, verb->outcome))
            on &= ~KIND_BIT(kind);
    return on;
}

bool answer_verb_orders(const struct answer_verb *verb)
{
    const struct kind *sends = kind_get(verb->kind);
    return sends->to == TO_HOLDERS && (sends->who & WHO_HOLDER) == 0;
}

const char *answer_verb_field(const struct answer_verb *verb, const char *path)
{
    const char *json = kind_get(verb->kind)->json;
    size_t len = strlen(json);
    if (strncmp(path, json, len) == 0 && path[len] == '.')
        path += len + 1;
    len = strcspn(path, "[.");
    for (size_t i = 0; i < ANSWER_FIELDS && verb->fields[i] != NULL; i++)
        if (strlen(verb->fields[i]) == len && strncmp(verb->fields[i], path, len) == 0)
            return verb->fields[i];
    return NULL;
}

bool answer_verb_fits(const struct answer_verb *verb, unsigned kind, bool sent)
{
    const struct kind *sends = kind_get(verb->kind);
    bool on = (answer_verb_on(verb) & KIND_BIT(kind)) != 0 || (sends->chain != CHAIN_NONE && kind == KIND(UPDATE));
    return on && answer_verb_side(verb, sent) && (sent || !answer_verb_orders(verb));
}

void answer_verbs_list(unsigned kind, bool sent, char ret_text[ANSWER_VERBS_TEXT])
{
    ret_text[0] = '\0';
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        bool access = strncmp(ROWS[i].name, "access ", 7) == 0; // the same as `answer`, of its own kind
        bool twin = ROWS[i].kind == KIND(RESPONSE) && access != (kind == KIND(SUBJECT_ACCESS));
        if (twin || !answer_verb_fits(&ROWS[i], kind, sent))
            continue;
        strlcat(ret_text, ret_text[0] != '\0' ? ", `amana " : "`amana ", ANSWER_VERBS_TEXT);
        strlcat(ret_text, ROWS[i].name, ANSWER_VERBS_TEXT);
        strlcat(ret_text, "`", ANSWER_VERBS_TEXT);
    }
    if (ret_text[0] == '\0')
        strlcpy(ret_text, "nothing", ANSWER_VERBS_TEXT);
}
