// SPDX-License-Identifier: Apache-2.0
// What each kind of entry says, in a line.
#include "client/cmd/timeline.h"

#include "certs/member_statement.h"
#include "client/cmd/json_line.h"
#include "client/cmd/notice_line.h"
#include "client/cmd/print.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"
#include "proto/model/life.h"

#include <stdlib.h>
#include <string.h>

// Its signature holds for the certificate inside; whether that was a registrar's the trust list of then says.
static void print_signer(ProtobufCBinaryData bytes, FILE *out)
{
    struct member_statement *statement;
    if (member_statement_parse(codec_bytes(bytes), NULL, &statement) != AM_OK) {
        fputs("  SIGNED BY NOBODY", out);
        return;
    }
    fprintf(out, ", signed by %s", print_identity(statement->by.registrar.identity.uri));
    member_statement_free(statement);
}

static void print_member(const Amana__V1__MemberEntry *entry, FILE *out)
{
    static const Amana__V1__Member NOTHING = AMANA__V1__MEMBER__INIT;
    const Amana__V1__Member *said = entry->said != NULL ? entry->said : &NOTHING;
    fprintf(out, "%s is %s", entry->unit, said->role[0] != '\0' ? said->role : "removed");
    if (said->successor[0] != '\0')
        fprintf(out, ", closed; its successor is %s", said->successor);
    print_signer(entry->statement, out);
}

static void print_submitted(const Amana__V1__SubmittedEntry *entry, const Amana__V1__Header *header, FILE *out)
{
    if (header == NULL) {
        fprintf(out, "%.13s by %s", entry->id, print_identity(entry->device));
        return;
    }
    const struct urgency *urgency = urgency_get(header->urgency);
    fprintf(out, "%s %s %.13s  %s (officer %s) →", kind_name((unsigned)header->kind),
            urgency != NULL ? urgency->name : "", entry->id, header->sender->unit, print_officer(header->officer));
    for (size_t i = 0; i < header->n_recipients; i++)
        fprintf(out, "%s %s%s", i > 0 ? "," : "", header->recipients[i]->unit,
                header->recipients[i]->part == AMANA__V1__PART__CODE__COPY ? " (copy)" : "");
    fprintf(out, "  case %s", header->case_ref);
    if (header->in_reply_to != NULL)
        fprintf(out, "  answers %.13s", header->in_reply_to->id);
    if (entry->crossed)
        fputs("  CROSSED", out);
    for (size_t i = 0; i < entry->n_moves; i++)
        fprintf(out, "  [%s: %s → %s]", entry->moves[i]->recipient, life_state_name((uint8_t)entry->moves[i]->from),
                life_state_name((uint8_t)entry->moves[i]->to));
}

static void print_parked(const Amana__V1__ParkedEntry *entry, FILE *out)
{
    const struct urgency *urgency = urgency_get(entry->urgency);
    fprintf(out, "%s %s %.13s  of %s waits for a second person of %s", kind_name((unsigned)entry->kind),
            urgency != NULL ? urgency->name : "", entry->id, print_officer(entry->officer), entry->releasing);
}

// A holder's word on what it was to mend or erase.
static void print_confirmed(Amana__V1__Outcome__Code outcome, const Amana__V1__Pointer *by,
                            const Amana__V1__Pointer *confirmed_by, FILE *out)
{
    fprintf(out, "%s to %.13s by %.13s", codec_enum_name(&amana__v1__outcome__code__descriptor, (int)outcome),
            by != NULL ? by->id : "?", confirmed_by->id);
}

static void print_erased(const Amana__V1__ErasedEntry *entry, FILE *out)
{
    if (entry->confirmed_by != NULL) {
        print_confirmed(entry->outcome, entry->by, entry->confirmed_by, out);
        fprintf(out, " (%s, officer %s)", entry->unit, print_officer(entry->officer));
        return;
    }
    fputs("bodies of", out);
    for (size_t i = 0; i < entry->n_bodies; i++)
        fprintf(out, "%s %llu", i > 0 ? "," : "", (unsigned long long)entry->bodies[i]->seq);
    if (entry->by != NULL)
        fprintf(out, " destroyed on the word of %.13s (%s, officer %s)", entry->by->id, entry->unit,
                print_officer(entry->officer));
    else
        fputs(" destroyed: retain_until has passed", out);
}

static void print_corrected(const Amana__V1__CorrectedEntry *entry, FILE *out)
{
    const char *message = entry->message != NULL ? entry->message->id : "?";
    if (entry->confirmed_by == NULL)
        fprintf(out, "%.13s was wrong, and every holder is to mend it, on the word of %.13s", message,
                entry->by != NULL ? entry->by->id : "?");
    else
        print_confirmed(entry->outcome, entry->by, entry->confirmed_by, out);
    fprintf(out, " (%s, officer %s)", entry->unit, print_officer(entry->officer));
}

// What became of a message.
static bool message_words(const Amana__V1__EntryContent *content, const Amana__V1__Header *header, FILE *out)
{
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED: print_submitted(content->submitted, header, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_PARKED: print_parked(content->parked, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED:
        fprintf(out, "%.13s by %s%s", content->released->message != NULL ? content->released->message->id : "",
                print_identity(content->released->officer), content->released->deferred ? ", after it was sent" : "");
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_RETURNED:
        fprintf(out, "%.13s to its author%s", content->returned->message != NULL ? content->returned->message->id : "",
                content->returned->lapsed ? ": nobody released it in time" : "");
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_REJECTED:
        fprintf(out, "%s of %s", content->rejected->reason, print_identity(content->rejected->identity));
        if (content->rejected->count > 1)
            fprintf(out, ", %llu alike", (unsigned long long)content->rejected->count);
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED:
        fprintf(out, "by %s, under its own signature", print_identity(content->retrieved->device));
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ERASED: print_erased(content->erased, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_CORRECTED: print_corrected(content->corrected, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_HELD:
        fprintf(out, "%zu message%s kept until %s on the word of %.13s (%s, officer %s)", content->held->n_messages,
                content->held->n_messages == 1 ? "" : "s", print_ns(content->held->until),
                content->held->by != NULL ? content->held->by->id : "?", content->held->unit,
                print_officer(content->held->officer));
        break;
    default: return false;
    }
    return true;
}

// Who takes part, and by which rules.
static bool registry_words(const Amana__V1__EntryContent *content, FILE *out)
{
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_GENESIS:
        fprintf(out, "log %s of %s, %zu registrars", content->genesis->origin, print_identity(content->genesis->hub),
                content->genesis->n_registrars);
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_MEMBER: print_member(content->member, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_GRANT: fprintf(out, "of %s changed", content->grant->unit); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ROSTER:
        fprintf(out, "%llu of %s, signed by %s%s", (unsigned long long)content->roster->number, content->roster->unit,
                print_identity(content->roster->signer), content->roster->removed ? ": out of force" : "");
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_POLICY: fputs("policy.conf changed", out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_TRUST: fputs("trust.conf changed", out); break;
    default: return false;
    }
    return true;
}

// What the hub itself went through, and who read it.
static bool hub_words(const Amana__V1__EntryContent *content, FILE *out)
{
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_ACCESS:
        fprintf(out, "by %s: %s (\"", print_identity(content->access->identity), content->access->query);
        print_text(out, content->access->reason, 0);
        fputs("\")", out);
        for (size_t i = 0; i < content->access->n_scope; i++)
            fprintf(out, "%s%s", i > 0 ? ", " : "  may read ", content->access->scope[i]);
        if (content->access->read_at != 0)
            fprintf(out, "  read at %s", print_ns(content->access->read_at));
        if (content->access->end)
            fprintf(out, "  ended at entry %llu", (unsigned long long)content->access->last_seq);
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_CLOCK:
        fprintf(out, "stepped by %lld ms", (long long)(content->clock->step / 1000000));
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_START:
        fprintf(out, "amanad %s%s", content->start->version, content->start->clean ? "" : ", after a crash");
        break;
    case AMANA__V1__ENTRY_CONTENT__KIND_STOP: print_text(out, content->stop->reason, 0); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_ALARM:
        print_text(out, content->alarm->what, 0);
        fputs(": ", out);
        print_text(out, content->alarm->detail, 0);
        break;
    default: return false;
    }
    return true;
}

static void print_content(const Amana__V1__EntryContent *content, const Amana__V1__Header *header, uint64_t time_ns,
                          FILE *out)
{
    if (!message_words(content, header, out) && !registry_words(content, out) && !hub_words(content, out))
        notice_words(content, time_ns, out);
}

static uint64_t leaf_time(const Amana__V1__ReplayItem *item)
{
    struct log_leaf leaf;
    return log_leaf_parse(codec_bytes(item->leaf), &leaf) == AM_OK ? leaf.time_ns : 0;
}

static const char *kind_of(const Amana__V1__EntryContent *content)
{
    const char *name = codec_enum_name(&amana__v1__entry_kind__code__descriptor, (int)content->kind_case);
    return name != NULL ? name : "?";
}

// What a hub wrote is made harmless as a whole, whichever field it stands in.
static void print_harmless(const Amana__V1__EntryContent *content, const Amana__V1__Header *header, uint64_t time_ns,
                           FILE *out)
{
    char *words = NULL;
    size_t len;
    FILE *memory = open_memstream(&words, &len);
    if (memory == NULL)
        return;
    print_content(content, header, time_ns, memory);
    if (fclose(memory) == 0)
        print_text(out, words, 0);
    free(words);
}

void timeline_print(const Amana__V1__ReplayItem *item, const Amana__V1__EntryContent *content,
                    const Amana__V1__Header *header, const char *fault, FILE *out)
{
    fprintf(out, "%7llu  %s  ", (unsigned long long)item->seq, print_ns(leaf_time(item)));
    if (content != NULL) {
        fprintf(out, "%-9s ", kind_of(content));
        print_harmless(content, header, leaf_time(item), out);
    } else if (fault == NULL) {
        fprintf(out, "%s(%s)%s", print_on(PRINT_DIM),
                item->shown_case == AMANA__V1__REPLAY_ITEM__SHOWN_WITHHELD ? "withheld: outside this auditor's scope"
                                                                           : "erased",
                print_off());
    }
    if (fault != NULL) {
        fputs(print_on(PRINT_RED), out);
        print_text(out, fault, 0);
        fputs(print_off(), out);
    }
    fputc('\n', out);
}

int timeline_json(const Amana__V1__ReplayItem *item, const Amana__V1__EntryContent *content,
                  const Amana__V1__Header *header, const char *fault, FILE *out)
{
    char time[TIMESTAMP_TEXT];
    json_t *line = json_object();
    timestamp_print_ns(leaf_time(item), time);
    json_object_set_new(line, "seq", json_integer((json_int_t)item->seq));
    json_object_set_new(line, "time", json_string(time));
    json_object_set_new(line, "kind", content != NULL ? json_string(kind_of(content)) : json_null());
    if (content != NULL)
        json_object_set_new(line, "content", json_from_message(&content->base, 0));
    if (header != NULL)
        json_object_set_new(line, "header", json_from_message(&header->base, 0));
    json_object_set_new(line, "withheld", json_boolean(item->shown_case == AMANA__V1__REPLAY_ITEM__SHOWN_WITHHELD));
    json_object_set_new(line, "verified", json_boolean(fault == NULL));
    if (fault != NULL)
        json_object_set_new(line, "fault", json_string(fault));
    return json_line_print(line, out);
}
