// SPDX-License-Identifier: Apache-2.0
// proto/rpc without memory: one story of calls, told again and again, each time with another allocation failing.
// malloc, calloc and realloc are wrapped by the linker (tests/unit/meson.build), also for what nghttp2 asks of us.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/model/limits.h"
#include "tests/unit/rpc_pair.h"

#define STORY_CALLS 5

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

static bool armed;
static bool for_good;    // all after the first fail too
static unsigned counter; // allocations since armed
static unsigned fail_at; // 0: none

static bool fails(void)
{
    if (!armed)
        return false;
    counter++;
    return fail_at != 0 && (for_good ? counter >= fail_at : counter == fail_at);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    return fails() ? NULL : __real_realloc(pointer, size);
}

static struct pair pair;
static struct record records[STORY_CALLS];
static unsigned begun;
static uint8_t big[100 * 1000];

static void begin(const char *path, const void *data, size_t len, uint64_t timeout_ns)
{
    struct record *record = &records[begun];
    if (pair.client == NULL || rpc_client_call(pair.client, pair.now, path, timeout_ns, record, &record->call) != AM_OK)
        return;
    begun++;
    if (rpc_call_send(record->call, &(struct am_bytes){data, len}, 1) != AM_OK)
        rpc_call_cancel(record->call);
    else
        rpc_call_half_close(record->call);
}

static void open_sessions(void)
{
    struct rpc_limits limits;
    rpc_limits_server(&limits);
    struct rpc_config config = {.limits = &limits, .handlers = &PAIR_SERVER, .user = &pair};
    if (rpc_session_new_server(&config, pair.now, &pair.server) != AM_OK)
        return;
    rpc_limits_client(&limits);
    config.handlers = &PAIR_CLIENT;
    config.authority = "hub.example";
    config.user_agent = "test/1";
    if (rpc_session_new_client(&config, pair.now, &pair.client) != AM_OK)
        pair.client = NULL;
}

static void tell_story(void)
{
    open_sessions();
    begin("/test.Echo/Unary", "hello", 5, 0);
    begin("/test.Echo/Unary", big, sizeof big, 5 * NS_PER_S);
    begin("/test.Echo/Fail", "", 0, 0);
    begin("/test.Echo/Count", &(uint32_t){500}, 4, 0);
    begin("/test.Echo/Wait", "x", 1, NS_PER_S);
    if (pair.server == NULL || pair.client == NULL)
        return;
    pair_run(&pair);
    pair.now += NS_PER_S;
    rpc_session_tick(pair.server, pair.now);
    rpc_session_tick(pair.client, pair.now);
    rpc_session_drain(pair.server, pair.now);
    pair_run(&pair);
}

// Tells the story with this allocation failing; false: it has fewer.
static bool tell_with_failure(unsigned at)
{
    memset(&pair, 0, sizeof pair);
    memset(records, 0, sizeof records);
    begun = counter = 0;
    fail_at = at;
    pair.now = 1000 * NS_PER_S;
    pair.random = at;
    armed = true;
    tell_story();
    rpc_session_free(pair.client);
    rpc_session_free(pair.server);
    armed = false;
    // Whatever failed: each call has had its last callback, once, on both sides.
    assert_int_equal(pair.server_open, 0);
    for (unsigned i = 0; i < begun; i++)
        assert_true(records[i].finished);
    return at != 0 && counter >= at;
}

static void the_story_ends_well_with_memory(void **state)
{
    (void)tell_with_failure(0);
    assert_int_equal(begun, STORY_CALLS);
    assert_int_equal(records[0].status, RPC_OK);
    assert_int_equal(records[1].status, RPC_OK);
    assert_int_equal(records[2].status, RPC_FAILED_PRECONDITION);
    assert_int_equal(records[3].status, RPC_OK);
    assert_int_equal(records[3].messages, 500);
    assert_int_equal(records[4].status, RPC_DEADLINE_EXCEEDED);
}

static void each_allocation_may_fail(void **state)
{
    unsigned at = 1;
    for_good = false;
    while (tell_with_failure(at))
        at++;
    assert_true(at > 100);
    printf("%u allocations\n", at - 1);
}

static void memory_may_be_gone_for_good(void **state)
{
    unsigned at = 1;
    for_good = true;
    while (tell_with_failure(at))
        at++;
    for_good = false;
    assert_true(at > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_story_ends_well_with_memory),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(memory_may_be_gone_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
