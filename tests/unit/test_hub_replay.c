// SPDX-License-Identifier: Apache-2.0
// Replays: who may read the log, within which scope, and the entry that says so.
#include "tests/unit/hub_expect.h"

static Amana__V1__ReplayRequest request_with(const char *reason)
{
    Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
    request.reason = (char *)reason;
    return request;
}

static struct hub_replay replay_by(const char *unit, const char *identity, const Amana__V1__ReplayRequest *request)
{
    return (struct hub_replay){
        .work = {.kind = HUB_WORK_REPLAY, .identity = identity, .unit = unit}, .request = request, .tree_size = 7};
}

static void ask(struct world *world, struct hub_replay *replay)
{
    world->replaying = NULL;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_REPLAY, .replay = replay});
}

static void what_cant_be_put_on_record_is_not_read(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("complaint 12/2026");
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    world->model.no_room = true;
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_STORAGE_FULL);
    world->model.no_room = false, world->model.read_only = true;
    replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_READ_ONLY);
}

static void a_replay_is_an_entry_before_it_streams(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("complaint 12/2026");
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    world->model.full = true; // ACCESS finds room
    ask(world, &replay);
    assert_null(world->replaying);
    world_pump(world);
    assert_ptr_equal(world->replaying, &replay.work);
    assert_int_equal(last_entry(world)->kind, ENTRY(ACCESS));
    assert_string_equal(last_entry(world)->content->access->reason, "complaint 12/2026");
    assert_string_equal(last_entry(world)->content->access->query, "full from 0");
    assert_string_equal(last_entry(world)->content->access->identity, URI(AUDITOR, "d1"));
    assert_int_equal(last_entry(world)->content->access->tree_size, 7);
    assert_false(last_entry(world)->content->access->end);
}

static void a_filtered_replay_says_what_was_asked(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    request.case_ref = (char *)"ke/dci/2026/004211";
    request.party = (char *)POST;
    request.kind = ENTRY(SUBMITTED);
    request.from = 3;
    request.to = 9;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_string_equal(last_entry(world)->content->access->query,
                        "case ke/dci/2026/004211, party " POST ", kind SUBMITTED from 3 to 9");
}

static void a_replay_s_entry_says_whose_entries_it_could_touch(void **state)
{
    struct world *world = *state;
    char *scope[] = {(char *)"ke", (char *)"et"};
    Amana__V1__ReplayRequest request = request_with("why");
    request.party = (char *)POST;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    replay.scope = scope;
    replay.n_scope = AM_LEN(scope);
    ask(world, &replay);
    world_pump(world);
    const Amana__V1__AccessEntry *access = last_entry(world)->content->access;
    assert_int_equal(access->n_scope, 2);
    assert_string_equal(access->scope[1], "et");
    assert_string_equal(access->asked->party, POST);
    assert_string_equal(access->asked->reason, "");
    assert_string_equal(access->reason, "why");
}

static void the_end_of_a_replay_that_followed_is_a_second_entry(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    request.follow = true;
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    replay.ended = true;
    replay.last_seq = 41;
    ask(world, &replay);
    world_pump(world);
    assert_true(last_entry(world)->content->access->end);
    assert_int_equal(last_entry(world)->content->access->last_seq, 41);
    assert_int_equal(replay.work.reason, REASON_NONE);
}

static void a_replay_without_a_good_reason_is_refused(void **state)
{
    struct world *world = *state;
    char longest[502];
    memset(longest, 'x', sizeof longest);
    longest[501] = '\0';
    const char *const BAD[] = {"", longest, "two\nlines", "bad \xff utf8"};
    for (size_t i = 0; i < AM_LEN(BAD); i++) {
        Amana__V1__ReplayRequest request = request_with(BAD[i]);
        struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
        ask(world, &replay);
        world_pump(world);
        assert_null(world->replaying);
        assert_int_equal(replay.work.reason, REASON_FIELD_INVALID);
        assert_string_equal(replay.work.detail.field, "reason");
        assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    }
    longest[500] = '\0';
    Amana__V1__ReplayRequest request = request_with(longest);
    struct hub_replay replay = replay_by(AUDITOR, URI(AUDITOR, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_non_null(world->replaying);
}

static void only_an_auditor_replays(void **state)
{
    struct world *world = *state;
    Amana__V1__ReplayRequest request = request_with("why");
    struct hub_replay replay = replay_by(POLICE, URI(POLICE, "d1"), &request);
    ask(world, &replay);
    world_pump(world);
    assert_null(world->replaying);
    assert_int_equal(replay.work.reason, REASON_NOT_PERMITTED);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(what_cant_be_put_on_record_is_not_read),
        HUB_TEST(a_replay_is_an_entry_before_it_streams),
        HUB_TEST(a_filtered_replay_says_what_was_asked),
        HUB_TEST(a_replay_s_entry_says_whose_entries_it_could_touch),
        HUB_TEST(the_end_of_a_replay_that_followed_is_a_second_entry),
        HUB_TEST(a_replay_without_a_good_reason_is_refused),
        HUB_TEST(only_an_auditor_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
