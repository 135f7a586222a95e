// SPDX-License-Identifier: Apache-2.0
// What is left of a case that is kept from states, and the rows of all their devices that are withheld for its sake.
#include "server/net/withheld_case.h"

#include "proto/model/limits.h"
#include "server/net/withheld.h"

#include <stdlib.h>
#include <string.h>

#define HIDDEN_MOST    512u          // rows that go with one append
#define HIDDEN_SCRATCH (256u * 1024) // one entry and one header, decoded

// --- From whom a case is kept
static struct am_bytes case_key(const char *case_ref)
{
    return (struct am_bytes){(const uint8_t *)case_ref, strlen(case_ref)};
}

// Its first message, which its first entry is of.
static enum am_err case_first(struct store_view *view, const char *case_ref, uint64_t *ret_seq)
{
    struct store_message message;
    uint64_t seq = 0;

    for (;; seq++) {
        TRY(store_index_next(view, STORE_INDEX_CASE, case_key(case_ref), &seq));
        enum am_err err = store_message(view, seq, &message);
        if (err == AM_OK)
            *ret_seq = seq;
        if (err != AM_NOT_FOUND)
            return err;
    }
}

enum am_err withheld_case_kept(struct store_view *view, const char *case_ref, struct hub_due_case *ret_case)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;

    *ret_case = (struct hub_due_case){.kept = false};
    TRY(store_any_shield(view, &ret_case->kept));
    if (!ret_case->kept) // of any: most hubs have none
        return AM_OK;
    TRY(store_shield(view, case_ref, states, &shield));
    ret_case->kept = shield.version > 0;
    ret_case->version = shield.version;
    return ret_case->kept ? case_first(view, case_ref, &ret_case->first) : AM_OK;
}

// --- Its entries, a part at a time: is a body left of any, and if it comes to that, which rows were withheld for it
struct looking {
    struct store_view *view;
    const char *case_ref;
    struct arena scratch;
    struct hub_due_case *of_case;
    // SHIELD: the devices of the states that it is kept from, and room for the rows.
    const char **devices;
    size_t n_devices, room;
    struct journal_mail *rows;
};

// Of every device that has mail, also one that is on no roster any more: it may come back.
static enum am_err devices_read(struct looking *looking)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES];
    struct journal_shield shield;
    const char *uri;
    uint32_t at = 0;
    enum am_err err;

    TRY(store_shield(looking->view, looking->case_ref, states, &shield));
    while ((err = store_mail_device_next(looking->view, &at, &uri)) == AM_OK) {
        struct identity device;
        bool listed = false;
        if (identity_parse(uri, strlen(uri), NULL, &device) != AM_OK)
            continue;
        for (size_t i = 0; i < shield.n; i++)
            listed |= strcmp(states[i].country, device.country) == 0;
        if (!listed)
            continue;
        if (looking->n_devices == looking->room) {
            size_t room = looking->room * 2 + 16;
            const char **devices = reallocarray(looking->devices, room, sizeof *devices);
            if (devices == NULL)
                return AM_NOMEM;
            looking->devices = devices;
            looking->room = room;
        }
        looking->devices[looking->n_devices++] = uri;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err row_hide(struct looking *looking, const char *uri, uint64_t seq, bool *ret_full)
{
    struct hub_due_case *of_case = looking->of_case;
    struct identity device;
    const char *case_ref;
    uint8_t urgency, kind;

    TRY(store_mail_find(looking->view, uri, seq, &urgency, &kind));
    TRY(identity_parse(uri, strlen(uri), NULL, &device));
    arena_reset(&looking->scratch);
    TRY(withheld_for(looking->view, &looking->scratch, &device, seq, kind, &case_ref));
    if (case_ref == NULL || strcmp(case_ref, looking->case_ref) != 0)
        return AM_OK;
    *ret_full = of_case->n_hidden == HIDDEN_MOST;
    if (!*ret_full)
        looking->rows[of_case->n_hidden++] = (struct journal_mail){uri, urgency, seq, kind};
    return AM_OK;
}

// The rows of this entry, unless there is no room for all: those that have found room go, and it is looked at again.
static enum am_err entry_hide(struct looking *looking, uint64_t seq, bool *ret_full)
{
    *ret_full = false;
    for (size_t i = 0; i < looking->n_devices && !*ret_full; i++) {
        enum am_err err = row_hide(looking, looking->devices[i], seq, ret_full);
        if (err != AM_NOT_FOUND)
            TRY(err);
    }
    return AM_OK;
}

static enum am_err entry_left(struct looking *looking, uint64_t seq)
{
    struct hub_due_case *of_case = looking->of_case;
    struct journal_release release;
    struct store_message message;
    enum am_err err = store_message(looking->view, seq, &message);

    if (err == AM_NOT_FOUND)
        return AM_OK; // an entry about one
    TRY(err);
    of_case->left = message.body.len > 0;
    if (!of_case->left)
        return AM_OK;
    err = store_release(looking->view, seq, &release);
    of_case->waits = err == AM_OK && release.waits && !release.deferred;
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// The last entry is read to its end, however many devices there are: each look comes further.
static enum am_err entries_look(struct looking *looking)
{
    struct hub_due_case *of_case = looking->of_case;
    uint64_t seq = of_case->place;
    enum am_err err = AM_OK;

    of_case->more = true;
    for (size_t reads = 0; reads < LIMIT_CASE_READS; reads += 1 + looking->n_devices) {
        bool full = false;
        err = store_index_next(looking->view, STORE_INDEX_CASE, case_key(looking->case_ref), &seq);
        if (err != AM_OK)
            break;
        TRY(entry_left(looking, seq));
        if (!of_case->left)
            TRY(entry_hide(looking, seq, &full));
        if (of_case->left || full)
            return AM_OK;
        of_case->place = ++seq;
    }
    if (err != AM_NOT_FOUND)
        return err;
    of_case->more = false;
    return AM_OK;
}

static enum am_err look(struct looking *looking, struct arena *arena, bool hides)
{
    if (hides) {
        TRY(devices_read(looking));
        looking->rows = arena_array(arena, HIDDEN_MOST, sizeof *looking->rows);
        if (looking->rows == NULL)
            return arena_error(arena);
        looking->of_case->hidden = looking->rows;
    }
    TRY(entries_look(looking));
    for (size_t i = 0; i < looking->of_case->n_hidden; i++) { // from the view's bytes
        looking->rows[i].device = arena_copy(arena, looking->rows[i].device, strlen(looking->rows[i].device));
        if (looking->rows[i].device == NULL)
            return arena_error(arena);
    }
    return AM_OK;
}

enum am_err withheld_case(struct store_view *view, struct arena *arena, const char *case_ref,
                          const struct journal_deadline *deadline, struct hub_due_case *ret_case)
{
    struct looking looking = {.view = view, .case_ref = case_ref, .of_case = ret_case};

    TRY(withheld_case_kept(view, case_ref, ret_case));
    if (!ret_case->kept)
        return AM_OK;
    ret_case->place = deadline->place;
    arena_init(&looking.scratch, HIDDEN_SCRATCH);
    enum am_err err = look(&looking, arena, deadline->kind == DEADLINE_SHIELD);
    arena_clear(&looking.scratch);
    free(looking.devices);
    return err;
}
