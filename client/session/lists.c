// SPDX-License-Identifier: Apache-2.0
// What a CA says of its certificates is its own word, whoever brings it; that it is the newest nobody can prove: a hub
// may keep one back, and give no older one.
#include "client/session/lists.h"

#include "certs/clock.h"
#include "client/session/history.h"

#include <bsd/string.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum am_err lists_ask(const struct session *session, struct arena *arena, Amana__V1__StatusRequest *request)
{
    struct trust_list_number *numbers = arena_array(arena, TRUST_LISTS, sizeof *numbers);
    Amana__V1__ListNumber *rows = arena_array(arena, TRUST_LISTS, sizeof *rows);
    request->lists = arena_array(arena, TRUST_LISTS, sizeof *request->lists);
    if (numbers == NULL || rows == NULL || request->lists == NULL)
        return arena_error(arena);
    request->n_lists = trust_list_numbers(session->trust, numbers);
    for (size_t i = 0; i < request->n_lists; i++) {
        amana__v1__list_number__init(&rows[i]);
        rows[i].issuer = (ProtobufCBinaryData){CERTIFICATE_DIGEST, numbers[i].issuer};
        rows[i].number = numbers[i].number;
        request->lists[i] = &rows[i];
    }
    return AM_OK;
}

struct taking {
    struct trust_list_came lists[TRUST_LISTS];
    size_t n;
};

static void taking_clear(struct taking *taking)
{
    for (size_t i = 0; i < taking->n; i++)
        trust_list_clear(&taking->lists[i]);
}

static bool came_before(const struct taking *taking, const struct trust_list_came *came)
{
    for (size_t i = 0; i < taking->n; i++)
        if (memcmp(taking->lists[i].of.issuer, came->of.issuer, CERTIFICATE_DIGEST) == 0)
            return true;
    return false;
}

// All of them, or none: a hub that gives one which doesn't hold is believed in nothing.
static enum am_err read_all(const struct session *session, const Amana__V1__StatusResponse *response,
                            struct taking *taking, struct am_detail *detail)
{
    for (size_t i = 0; i < response->n_newer_lists; i++) {
        struct trust_list_came came;
        TRY(trust_list_read(session->trust, codec_bytes(response->newer_lists[i]), clock_utc(), detail, &came));
        bool again = came_before(taking, &came);
        if (again || !came.begun) // of one that begins later, by this clock: the next time
            trust_list_clear(&came);
        if (again)
            return am_fail(AM_INVALID, detail, "revocation list", "that of \"%s\" came twice", came.name);
        if (came.begun)
            taking->lists[taking->n++] = came;
    }
    return AM_OK;
}

static enum am_err keep_all(struct session *session, const struct taking *taking, struct am_detail *detail)
{
    char folder[PATH_MAX];
    struct trust *trust;
    if (taking->n == 0)
        return AM_OK;
    TRY(settings_path(&session->settings, "trust", folder));
    enum am_err err = AM_ROLLBACK;
    for (int tries = 0; tries < 2 && err == AM_ROLLBACK; tries++) { // another command may keep and remember a newer one
        TRY(trust_lists_keep(folder, session->trust, taking->lists, taking->n, detail, &trust));
        err = session_trust(session, trust, detail);
    }
    return err;
}

static bool is_lie(enum am_err err)
{
    return err == AM_INVALID || err == AM_ROLLBACK || err == AM_TOO_LARGE;
}

enum am_err lists_take(struct session *session, const Amana__V1__StatusResponse *response)
{
    struct taking AM_CLEANUP(taking_clear) taking = {.n = 0};
    struct am_detail why = {0};
    enum am_err err = read_all(session, response, &taking, &why);
    bool lie = is_lie(err);
    session->lists_err = AM_OK;
    if (err == AM_OK)
        err = keep_all(session, &taking, &why);
    if (err == AM_OK || err == AM_NOMEM)
        return err;
    session->lists_err = lie ? AM_SIGNATURE : err;
    (void)am_fail(err, &session->lists_detail, why.field,
                  lie ? "the hub gave one that it called newer, and none was taken: %.200s"
                      : "a newer one that the hub gave is not in force here: %.200s",
                  why.text);
    if (lie) {
        history_alarm(session, session->lists_detail.text, NULL, NULL);
        session->alarmed = false; // what comes later is another matter
    }
    return AM_OK;
}
