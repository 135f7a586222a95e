// SPDX-License-Identifier: Apache-2.0
// A desk's store on a disk that fails: each write and sync of a change, one after the other, through LMDB itself.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "bad_disk.h"
#include "client/session/news.h"
#include "desk_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "0199b2d4-7c3e-7abc-8def-0123456789ab"

static int end_disk(void **state)
{
    bad_disk_disarm();
    return end(state);
}

enum change { COMES, MOVES, CHANGES };

// A message that came, with its news; its move from one box to another.
static enum am_err change(enum change what)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    message.header = (ProtobufCBinaryData){3, (uint8_t *)"abc"};
    kept.message = &message;
    return what == COMES ? store_put_new(store, STORE_OUTBOX, ID, 7, &kept)
                         : store_move(store, STORE_OUTBOX, STORE_SENT, ID, &kept);
}

static bool is_in(enum store_box box)
{
    Amana__V1__Kept *kept;
    enum am_err err = store_get(store, box, ID, &arena, &kept);
    assert_true(err == AM_OK || err == AM_NOT_FOUND);
    return err == AM_OK;
}

// Whole, as it was or as it was to be.
static bool is_done(enum change what)
{
    struct news news;
    bool outbox = is_in(STORE_OUTBOX), sent = is_in(STORE_SENT);
    bool told = news_next(store, 0, &news) == AM_OK;
    if (what == COMES) {
        assert_false(sent);
        assert_int_equal(outbox, told);
        return outbox;
    }
    assert_true(told);
    assert_int_equal(outbox, !sent);
    return sent;
}

static void reopen(void)
{
    store_close(store);
    assert_int_equal(store_open(folder, NULL, &store), AM_OK);
}

// A change whose outcome was unknown may stand after a restart; the next one makes it so in any case.
static void whichever_fails(enum bad_call call, int error, enum am_err expected)
{
    for (enum change what = COMES; what < CHANGES; what++) {
        for (unsigned n = 1;; n++) {
            bad_disk_arm(call, n, 0, error);
            enum am_err err = change(what);
            unsigned failures = bad_disk_disarm();
            assert_int_equal(err, failures > 0 ? expected : AM_OK);
            reopen();
            if (failures == 0) {
                assert_true(is_done(what));
                assert_true(n > 1);
                break;
            }
            if (is_done(what)) // then the same once more changes nothing
                break;
        }
        assert_int_equal(change(what), AM_OK);
        assert_true(is_done(what));
    }
}

static void whichever_write_or_sync_fails_is_told_and_nothing_is_half_there(void **state)
{
    whichever_fails(BAD_ANY, EIO, AM_IO);
}

static void whichever_page_has_no_room_is_told_and_nothing_is_half_there(void **state)
{
    whichever_fails(BAD_WRITE, ENOSPC, AM_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whichever_write_or_sync_fails_is_told_and_nothing_is_half_there, begin,
                                        end_disk),
        cmocka_unit_test_setup_teardown(whichever_page_has_no_room_is_told_and_nothing_is_half_there, begin, end_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
