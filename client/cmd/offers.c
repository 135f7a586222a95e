// SPDX-License-Identifier: Apache-2.0
// Walks the store for the referrals of a case and what became of them.
#include "client/cmd/offers.h"

#include "client/session/seal.h"
#include "client/session/second.h"
#include "client/session/store_index.h"
#include "proto/body/check.h"
#include "proto/body/person.h"
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
    const Amana__V1__Body *accepted; // of the referral
    uint64_t index;                  // of the acceptance
    bool before;                     // one of them was accepted before it
    size_t n;
    struct offer list[OFFERS];
};

// --- Of several victims of one case each has offers of their own
// Whom neither a label nor a document or name tells apart may be the same.
static bool may_be_same(const Amana__V1__Person *a, const Amana__V1__Person *b)
{
    if (person_same(a, b))
        return true;
    if (a->label[0] != '\0' && b->label[0] != '\0')
        return strcmp(a->label, b->label) == 0;
    return !(person_is_known(a) && person_is_known(b));
}

static bool for_the_same(const Amana__V1__Body *a, const Amana__V1__Body *b)
{
    size_t n, m;
    Amana__V1__Person *const *ones = body_persons(a, &n), *const *others = body_persons(b, &m);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (may_be_same(ones[i], others[j]))
                return true;
    return false;
}

static void offered(struct session *session, struct offers *offers, const char *id, const Amana__V1__Kept *kept,
                    const Amana__V1__Header *header, struct arena *arena)
{
    struct am_detail detail = {0};
    struct opened opened;
    if (header->kind != KIND(REFERRAL) || strcmp(header->case_ref, offers->case_ref) != 0 ||
        seal_open_kept(session, kept, arena, &detail, &opened) != AM_OK || !for_the_same(offers->accepted, opened.body))
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
        struct arena AM_CLEANUP(arena_wipe) arena = {0};
        Amana__V1__Header *header;
        Amana__V1__Kept *kept;
        arena_init(&arena, ARENA_OFFERS);
        if (store_get(session->store, box, id, &arena, &kept) != AM_OK ||
            seal_header(kept->message, &arena, NULL, &header) != AM_OK || !second_sent(kept, header) ||
            kept->entry == NULL || kept->entry->index != seq) // the row of the time when it waited
            continue;
        if (box == STORE_SENT)
            offered(session, offers, id, kept, header, &arena);
        ended(offers, kept, header);
    }
}

void offers_print(struct session *session, const Amana__V1__Header *answer, uint64_t index, FILE *out)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened accepted;
    Amana__V1__Kept *kept;
    if (answer->kind != KIND(DECISION) || (unsigned)answer->outcome != OUTCOME(ACCEPTED))
        return;
    arena_init(&arena, ARENA_OFFERS);
    if (store_get(session->store, STORE_SENT, answer->in_reply_to->id, &arena, &kept) != AM_OK ||
        seal_open_kept(session, kept, &arena, &detail, &accepted) != AM_OK)
        return; // nobody can say any more whom it was for
    struct offers offers = {.case_ref = answer->case_ref, .accepted = accepted.body, .index = index};
    walk(session, &offers);
    for (size_t i = 0; i < offers.n && !offers.before; i++)
        if (!offers.list[i].ended)
            fprintf(out,
                    "  next      %s still has the offer %.13s: `amana withdraw %.13s --to %s --reason TEXT` takes it "
                    "back\n",
                    offers.list[i].unit, offers.list[i].id, offers.list[i].id, offers.list[i].unit);
}
