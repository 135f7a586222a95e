// SPDX-License-Identifier: Apache-2.0
// What a desk that was off for months has to erase at its first command.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "bad_disk.h"
#include "client/session/erase.h"
#include "client_env.h"
#include "must.h"
#include "proto/codec/codec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define DUE  600u // some disk syncs' worth
#define STAY 3u

static void id_of(unsigned number, char ret_id[STORE_ID])
{
    snprintf(ret_id, STORE_ID, "0199b2d4-7c3e-7abc-8def-%012x", number);
}

static void put(struct store *store, unsigned number, int64_t retain_until)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Google__Protobuf__Timestamp retain = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char id[STORE_ID];
    uint8_t *packed;
    size_t len;
    id_of(number, id);
    retain.seconds = retain_until;
    header.id = id;
    header.retain_until = &retain;
    MUST(codec_encode_alloc(&header.base, &packed, &len) == AM_OK);
    message.header = (ProtobufCBinaryData){len, packed};
    message.sealed_body = (ProtobufCBinaryData){6, (uint8_t *)"sealed"};
    entry.index = number;
    kept.message = &message;
    kept.entry = &entry;
    MUST(store_put(store, STORE_INBOX, id, &kept) == AM_OK);
    free(packed);
}

static bool has_body(struct store *store, unsigned number)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    char id[STORE_ID];
    arena_init(&arena, 64u * 1024);
    id_of(number, id);
    assert_int_equal(store_get(store, STORE_INBOX, id, &arena, &kept), AM_OK);
    return kept->message->sealed_body.len > 0;
}

static void count(void *user, unsigned n)
{
    unsigned *told = user;
    assert_int_equal(n, ++*told);
}

static void fill(struct session *session)
{
    MUST(store_together(session->store) == AM_OK);
    for (unsigned i = 0; i < DUE + STAY; i++)
        put(session->store, i, i < DUE ? 1000000000 : 4000000000);
    MUST(store_apart(session->store) == AM_OK);
}

static unsigned gone(struct session *session)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DUE + STAY; i++)
        n += !has_body(session->store, i);
    return n;
}

static void all_that_is_due_goes_and_each_of_it_is_told(void **state)
{
    struct session *session = client_env_open(*state, ENV_POST, 0);
    unsigned told = 0, n;
    fill(session);
    assert_int_equal(erase_due(session, count, &told, &n), AM_OK);
    assert_int_equal(n, DUE);
    assert_int_equal(told, DUE);
    for (unsigned i = 0; i < DUE + STAY; i++)
        assert_int_equal(has_body(session->store, i), i >= DUE);
    assert_int_equal(erase_due(session, NULL, NULL, &n), AM_OK);
    assert_int_equal(n, 0);
    session_close(session);
}

static void reopen(struct session *session)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/store", session->settings.value[SETTING_DATA]);
    store_close(session->store);
    MUST(store_open(path, NULL, &session->store) == AM_OK);
}

// Whichever of its syncs fails: some batches are on the disk by then, and the others come at the next command.
static void what_is_said_to_be_erased_is_gone_whichever_sync_fails(void **state)
{
    unsigned between = 0;
    enum am_err err = AM_IO;
    for (unsigned sync = 1; err != AM_OK; sync++) {
        struct session *session = client_env_open(*state, ENV_POST, 0);
        unsigned n, rest;
        fill(session);
        bad_disk_arm(BAD_SYNC, sync, 0, EIO);
        err = erase_due(session, NULL, NULL, &n);
        assert_int_equal(bad_disk_disarm(), err != AM_OK);
        reopen(session); // LMDB takes nothing more after such a failure
        assert_int_equal(gone(session), n);
        between += n > 0 && n < DUE;
        assert_int_equal(erase_due(session, NULL, NULL, &rest), AM_OK);
        assert_int_equal(n + rest, DUE);
        session_close(session);
    }
    assert_true(between >= 2); // after the first batch, and after the second
}

static int setup(void **state)
{
    struct client_env *env = calloc(1, sizeof *env);
    client_env_init(env);
    *state = env;
    return 0;
}

static int teardown(void **state)
{
    client_env_clear(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_that_is_due_goes_and_each_of_it_is_told),
                                       cmocka_unit_test(what_is_said_to_be_erased_is_gone_whichever_sync_fails)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
