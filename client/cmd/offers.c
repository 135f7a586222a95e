// SPDX-License-Identifier: Apache-2.0
// Walks the store for the referrals of a case and what became of them.
#include "client/cmd/offers.h"

#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <string.h>

#define ARENA_OFFERS (16u * 1024 * 1024)
#define OFFERS       64u

struct offer {
    char id[STORE_ID], unit[LIMIT_ADDRESS + 1];
    uint8_t digest[LOG_HASH_SIZE];
    bool ended;
};
struct offers {
    const char *case_ref;
    uint64_t index; // of the acceptance
    bool before;    // one of them was accepted before it
    size_t n;
    struct offer list[OFFERS];
};

static void offered(struct offers *offers, const char *id, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    if (header->kind != KIND(REFERRAL) || strcmp(header->case_ref, offers->case_ref) != 0)
        return;
    for (size_t i = 0; i < header->n_recipients && offers->n < OFFERS; i++) {
        struct offer *offer = &offers->list[offers->n];
        if (header->recipients[i]->part != AMANA__V1__PART__CODE__ACTION ||
            log_sha256(codec_bytes(kept->message->header), offer->digest) != AM_OK)
            continue;
        strlcpy(offer->id, id, sizeof offer->id);
        strlcpy(offer->unit, header->recipients[i]->unit, sizeof offer->unit);
        offer->ended = false;
        offers->n++;
    }
}

static void ended(struct offers *offers, const Amana__V1__Kept *kept, const Amana__V1__Header *header)
{
    bool decision = header->kind == KIND(DECISION), withdrawal = header->kind == KIND(WITHDRAW);
    if (!decision && !withdrawal)
        return;
    for (size_t i = 0; i < offers->n; i++) {
        struct offer *offer = &offers->list[i];
        if (!header_points_at(header->in_reply_to, offer->digest) ||
            (decision ? strcmp(header->sender->unit, offer->unit) != 0 : header_recipient(header, offer->unit) == NULL))
            continue;
        offer->ended = true;
        offers->before |= decision && (unsigned)header->outcome == OUTCOME(ACCEPTED) && kept->entry != NULL &&
                          kept->entry->index < offers->index;
    }
}

// In the order of the log: what ends an offer stands behind it.
static void walk(struct session *session, struct offers *offers)
{
    enum store_box box;
    char id[STORE_ID];
    for (uint64_t seq = 0; store_next_of_case(session->store, offers->case_ref, &seq, &box, id) == AM_OK; seq++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__Header *header;
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_OFFERS);
        if (store_get(session->store, box, id, &arena, &kept) != AM_OK ||
            seal_header(kept->message, &arena, NULL, &header) != AM_OK || !second_sent(kept, header) ||
            kept->entry == NULL || kept->entry->index != seq) // the row of the time when it waited
            continue;
        if (box == STORE_SENT)
            offered(offers, id, kept, header);
        ended(offers, kept, header);
    }
}

void offers_print(struct session *session, const Amana__V1__Header *answer, uint64_t index, FILE *out)
{
    struct offers offers = {.case_ref = answer->case_ref, .index = index};
    if (answer->kind != KIND(DECISION) || (unsigned)answer->outcome != OUTCOME(ACCEPTED))
        return;
    walk(session, &offers);
    for (size_t i = 0; i < offers.n && !offers.before; i++)
        if (!offers.list[i].ended)
            fprintf(out,
                    "  next      %s still has the offer %.13s: `amana withdraw %.13s --to %s --reason TEXT` takes it "
                    "back\n",
                    offers.list[i].unit, offers.list[i].id, offers.list[i].id, offers.list[i].unit);
}
