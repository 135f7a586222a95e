// SPDX-License-Identifier: Apache-2.0
// Entries come first and say what each row must be; then the rows come and are compared.
#include "server/fsck_internal.h"

#include "proto/model/kind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define JUDGE_MEMORY (16u << 20) // one header, record or roster, decoded

// --- Checkpoints
static enum am_err genesis_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    struct am_detail detail;

    if (entry->seq != 0 || judge->has_verifier)
        return AM_OK;
    judge->has_verifier = log_verifier_parse(entry->content->genesis->log_key, &detail, &judge->verifier) == AM_OK;
    return AM_OK;
}

static enum am_err checkpoint_judge(void *user, const struct log_checkpoint *checkpoint)
{
    struct fsck_judge *judge = user;
    enum am_err err = judge->has_verifier ? log_checkpoint_verify(&judge->verifier, checkpoint) : AM_SIGNATURE;

    if (err != AM_OK && err != AM_SIGNATURE)
        return err;
    if (err == AM_SIGNATURE)
        fsck_judge_fault(judge, JOURNAL_NONE,
                         "the signature of the checkpoint of %" PRIu64 " entries is not the log key's",
                         checkpoint->size);
    return AM_OK;
}

// --- Entries
static enum am_err submitted_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    Amana__V1__Header *header;
    enum am_err err = codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, entry->header, &judge->arena, NULL,
                                   (ProtobufCMessage **)&header);

    if (err == AM_NOMEM)
        return err;
    TRY(fsck_deliveries_said(judge, entry));
    if (err != AM_OK || kind_get((unsigned)header->kind) == NULL) {
        fsck_judge_fault(judge, entry->seq, "the header of its message can't be read");
        return AM_OK;
    }
    TRY(fsck_case_said(judge, entry, header));
    if (header->release == AMANA__V1__RELEASE__CODE__DEFERRED)
        TRY(fsck_release_born(judge, entry, header->sender != NULL ? header->sender->unit : ""));
    TRY(fsck_orders_said(judge, entry, header));
    TRY(fsck_holders_said(judge, entry, header));
    TRY(fsck_lives_said(judge, entry, header));
    return fsck_message_said(judge, entry, header);
}

static enum am_err parked_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    Amana__V1__Header *header;
    enum am_err err = codec_decode(&amana__v1__header__descriptor, CODEC_LENIENT, entry->header, &judge->arena, NULL,
                                   (ProtobufCMessage **)&header);

    if (err == AM_OK)
        err = fsck_case_said(judge, entry, header);
    else if (err != AM_NOMEM)
        fsck_judge_fault(judge, entry->seq, "the header of its message can't be read");
    return err == AM_NOMEM ? err : fsck_release_born(judge, entry, "");
}

static enum am_err entry_judge(void *user, const struct store_judged *entry)
{
    struct fsck_judge *judge = user;
    const Amana__V1__EntryContent *content = entry->content;

    arena_reset(&judge->arena);
    judge->last_time = entry->time_ns;
    judge->last_seq = entry->seq;
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_GENESIS: return genesis_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED: return submitted_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_PARKED: return parked_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_RELEASED:
        return fsck_release_moved(judge, entry, content->released->parked, AMANA__V1__RELEASE_STATE__CODE__RELEASED,
                                  content->released->officer);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETURNED: return fsck_returned_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED: return fsck_retrieved_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return fsck_evidence_said(judge, entry, content->late, CLOCK_LATE);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED:
        return fsck_evidence_said(judge, entry, content->non_delivered, CLOCK_NON_DELIVERED);
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_RETRIEVED:
        return fsck_evidence_said(judge, entry, content->non_retrieved, CLOCK_NON_RETRIEVED);
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return fsck_deadline_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return fsck_state_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_CORRECTED: fsck_corrected_said(judge, entry); return AM_OK;
    case AMANA__V1__ENTRY_CONTENT__KIND_ERASED: fsck_erased_said(judge, entry); return AM_OK;
    case AMANA__V1__ENTRY_CONTENT__KIND_MEMBER: return fsck_member_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_GRANT:
        return fsck_digest_said(judge, entry, "grants", 0, content->grant->unit, content->grant->after);
    case AMANA__V1__ENTRY_CONTENT__KIND_ROSTER: return fsck_roster_said(judge, entry);
    case AMANA__V1__ENTRY_CONTENT__KIND_TRUST:
        return fsck_digest_said(judge, entry, "trust", 0, "the hub", content->trust->after);
    case AMANA__V1__ENTRY_CONTENT__KIND_POLICY:
        return fsck_digest_said(judge, entry, "policy", 0, "the hub", content->policy->after);
    default: return AM_OK;
    }
}

// ---
enum am_err fsck_judge_new(void (*found)(void *user, uint64_t seq, const char *what), void *user,
                           struct fsck_judge **ret_judge)
{
    struct fsck_judge *judge = calloc(1, sizeof *judge);

    if (judge == NULL)
        return AM_NOMEM;
    judge->found = found;
    judge->user = user;
    arena_init(&judge->arena, JUDGE_MEMORY);
    *ret_judge = judge;
    return AM_OK;
}

void fsck_judge_free(struct fsck_judge *judge)
{
    struct fsck_row *row, *next;
    struct fsck_message *message, *after;
    struct fsck_chain *chain, *last;

    if (judge == NULL)
        return;
    HASH_ITER (hh, judge->rows, row, next) {
        HASH_DEL(judge->rows, row);
        fsck_asked_free(row);
        free(row);
    }
    HASH_ITER (hh, judge->messages, message, after) {
        HASH_DEL(judge->messages, message);
        free(message);
    }
    HASH_ITER (hh, judge->chains, chain, last) {
        HASH_DEL(judge->chains, chain);
        free(chain);
    }
    fsck_cases_free(judge);
    log_verifier_clear(&judge->verifier);
    arena_clear(&judge->arena);
    free(judge);
}

struct store_judge fsck_judge_calls(struct fsck_judge *judge)
{
    return (struct store_judge){.entry = entry_judge,
                                .life = fsck_life_judge,
                                .chain = fsck_chain_judge,
                                .delivery = fsck_delivery_judge,
                                .deadline = fsck_deadline_judge,
                                .record = fsck_record_judge,
                                .release = fsck_release_judge,
                                .order = fsck_order_judge,
                                .checkpoint = checkpoint_judge,
                                .user = judge};
}

void fsck_judge_end(struct fsck_judge *judge)
{
    struct fsck_row *row, *next;
    struct fsck_message *message, *after;

    HASH_ITER (hh, judge->rows, row, next) {
        if (!row->seen && fsck_of_holders(row))
            fsck_judge_fault(judge, row->seq,
                             "no CORRECTED or ERASED entry says what it corrects, or that it was mended or erased");
        else if (!row->seen)
            fsck_judge_fault(judge, row->seq, "the row that it speaks of is missing: %.150s", row->key);
        if (strncmp(row->key, "release ", 8) == 0 && row->state == AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE &&
            !row->expected)
            fsck_judge_fault(judge, row->seq, "it waits for its second person, and no deadline ends that");
    }
    HASH_ITER (hh, judge->messages, message, after)
        fsck_clocks_judge(judge, message);
    for (const struct fsck_chain *chain = judge->chains; chain != NULL; chain = chain->hh.next)
        if (!chain->seen)
            fsck_judge_fault(judge, chain->seq, "the row of its versions is missing");
}
