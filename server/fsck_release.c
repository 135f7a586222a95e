// SPDX-License-Identifier: Apache-2.0
// What waits for its second person, and whom it has lapsed for.
#include "server/fsck_internal.h"

#include <bsd/string.h>
#include <inttypes.h>
#include <string.h>

// --- Second persons
enum am_err fsck_release_born(struct fsck_judge *judge, const struct store_judged *entry, const char *sender)
{
    struct fsck_row *row = fsck_row_get(judge, "release", entry->seq, "", entry->seq);

    if (row == NULL)
        return AM_NOMEM;
    row->state = AMANA__V1__RELEASE_STATE__CODE__PENDING_RELEASE;
    strlcpy(row->words, sender, sizeof row->words);
    row->state_at = fsck_when_of(entry);
    row->version = 1;
    return AM_OK;
}

enum am_err fsck_release_moved(struct fsck_judge *judge, const struct store_judged *entry, uint64_t parked,
                               uint8_t state, const char *officer)
{
    struct fsck_row *row = fsck_row_find(judge, "release", parked, "");

    if (row == NULL) {
        fsck_judge_fault(judge, entry->seq, "it is about entry %" PRIu64 ", which waits for no second person", parked);
        return AM_OK;
    }
    row->seq = entry->seq;
    row->state = state;
    row->state_at = fsck_when_of(entry);
    row->version++;
    strlcpy(row->officer, officer, sizeof row->officer);
    return AM_OK;
}

// Its sender left it unsigned: the row's words name it.
static enum am_err lapse_said(struct fsck_judge *judge, const struct store_judged *entry, uint64_t sent)
{
    struct fsck_row *release = fsck_row_find(judge, "release", sent, ""), *row;

    if (release == NULL)
        return AM_OK; // told by release_moved
    row = fsck_row_get(judge, "lapses", 0, release->words, entry->seq);
    if (row == NULL)
        return AM_NOMEM;
    row->lapses[0] = row->lapses[1];
    row->lapses[1] = sent;
    return AM_OK;
}

enum am_err fsck_returned_said(struct fsck_judge *judge, const struct store_judged *entry)
{
    const Amana__V1__ReturnedEntry *said = entry->content->returned;
    Amana__V1__Returned *statement;

    if (said->lapsed) {
        if (said->counted)
            TRY(lapse_said(judge, entry, said->parked));
        return fsck_release_moved(judge, entry, said->parked, AMANA__V1__RELEASE_STATE__CODE__LAPSED, "");
    }
    enum am_err err = codec_decode(&amana__v1__returned__descriptor, CODEC_LENIENT, codec_bytes(said->statement),
                                   &judge->arena, NULL, (ProtobufCMessage **)&statement);
    if (err == AM_NOMEM)
        return err;
    if (err != AM_OK) {
        fsck_judge_fault(judge, entry->seq, "its statement can't be read");
        return AM_OK;
    }
    return fsck_release_moved(judge, entry, said->parked, AMANA__V1__RELEASE_STATE__CODE__RETURNED, statement->officer);
}

enum am_err fsck_release_judge(void *user, const struct journal_release *release)
{
    struct fsck_judge *judge = user;
    struct fsck_row *row = fsck_row_find(judge, "release", release->seq, "");

    if (row == NULL) {
        fsck_judge_fault(judge, release->seq, "no entry says that it waits for a second person");
        return AM_OK;
    }
    row->seen = true;
    if (row->state != release->state || row->version != release->version ||
        !fsck_when_is(row->state_at, release->state_at) || strcmp(row->officer, release->officer) != 0)
        fsck_judge_fault(judge, row->seq, "how it stands with its second person is not kept as the log says");
    return AM_OK;
}
