// SPDX-License-Identifier: Apache-2.0
// The hub without memory: one story, told again and again, each time with another allocation failing. Whatever fails,
// the work is answered BUSY, a retry succeeds, and the hub still stops: it has lost count of nothing.
#include "tests/sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTION AMANA__V1__PART__CODE__ACTION
#define COPY   AMANA__V1__PART__CODE__COPY

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *pointer, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);
char *__wrap_strdup(const char *text);

static bool armed, failed;
static unsigned counter, fail_at;

static bool fails(void)
{
    bool now = armed && ++counter == fail_at;
    failed |= now;
    return now;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(pointer, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

static void arm(bool on)
{
    armed = on;
}

// --- The story
// As net does where the outcome of a commit could not be taken in: the program ends and starts again.
static void settle(struct world *world)
{
    while (world_pump_one(world)) {
        if (world->lost)
            world_restart(world);
        world->lost = false;
    }
}

static enum reason sent(struct world *world, struct letter *letter)
{
    letter_arrive(world, letter);
    settle(world);
    if (letter->replies == 1 && letter->submission.work.reason != REASON_BUSY)
        return letter->submission.work.reason;
    struct letter *again = letter_again(world, letter); // refused for want of memory, or lost with the program
    letter_arrive(world, again);
    settle(world);
    assert_int_equal(again->replies, 1);
    letter->seq = again->seq;
    memcpy(letter->submission.header_digest, again->submission.header_digest, 32);
    return again->submission.work.reason;
}

static void retrieved(struct world *world, const char *unit, const char *device)
{
    const struct model_mailbox *box = model_mailbox(&world->model, device);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        struct hub_retrieval *retrieval = arena_alloc(&world->arena, sizeof *retrieval);
        uint64_t seqs[8];
        for (size_t i = 0; i < box->n; i++)
            seqs[i] = box->rows[i].seq;
        *retrieval = (struct hub_retrieval){.work = {.kind = HUB_WORK_RETRIEVAL, .identity = device, .unit = unit},
                                            .statement = {(const uint8_t *)"statement", 9},
                                            .signature = {(const uint8_t *)"signed", 6}};
        model_read_retrieval(&world->model, retrieval, seqs, box->n, NULL, 0);
        world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = retrieval});
        settle(world);
    }
    assert_int_equal(box->n, 0);
}

static void replayed(struct world *world)
{
    Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
    request.reason = (char *)"why";
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        struct hub_replay replay = {.work = {.kind = HUB_WORK_REPLAY, .identity = URI(AUDITOR, "d1"), .unit = AUDITOR},
                                    .request = &request};
        world_step(world, (struct hub_event){.kind = HUB_EVENT_REPLAY, .replay = &replay});
        settle(world);
        replay.ended = true;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_REPLAY, .replay = &replay});
        settle(world);
    }
}

static void roster_changed(struct world *world)
{
    static struct hub_roster_device device = {.uri = URI(SHELTER, "d1"), .auth = {1}, .seal = {1, 7, 7}};
    static struct hub_roster_officer officer = {.uri = "amana://" SHELTER "/officer/o1"};
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    struct hub_roster roster = {.unit = SHELTER,
                                .number = 2,
                                .digest = {2},
                                .previous = {1},
                                .signer = "r",
                                .devices = &device,
                                .n_devices = 1,
                                .officers = &officer,
                                .n_officers = 1};
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        struct hub_roster_change change = {
            .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
            .roster = &roster,
            .record = &record};
        world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = &change});
        settle(world);
    }
}

// Clocks run out; what found no memory is told an hour later.
static void time_passed(struct world *world)
{
    for (unsigned hour = 0; hour < 4; hour++) {
        world->now += HOUR_NS;
        world->monotonic += HOUR_NS;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
        settle(world);
    }
    for (size_t i = 0; i < world->model.n_deadlines; i++)
        assert_true(world->model.deadlines[i].at > world->now);
}

static void story(struct world *world)
{
    static const uint8_t TRUST[32] = {5};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_START});
    struct letter *alert = letter_new(world, POLICE, KIND(ALERT));
    letter_to(world, alert, POST, ACTION);
    letter_to(world, alert, LONELY, COPY);
    letter_to(world, alert, CHILD_DESK, COPY);
    alert->flags.child = true;
    assert_int_equal(sent(world, alert), REASON_NONE);
    assert_int_equal(sent(world, world_answer(world, POST, KIND(ACK), alert, alert)), REASON_NONE);
    struct letter *update = world_answer(world, POLICE, KIND(UPDATE), alert, alert), *copy;
    update->flags.child = true;
    letter_supersedes(update, alert);
    copy = letter_again(world, update);
    letter_arrive(world, copy); // two under way
    assert_int_equal(sent(world, update), REASON_NONE);
    struct letter *cancel = world_answer(world, POLICE, KIND(CANCEL), alert, alert);
    assert_int_equal(sent(world, cancel), REASON_NONE);
    struct letter *stranger = letter_new(world, STRANGER, KIND(ALERT));
    letter_to(world, stranger, POST, ACTION);
    for (unsigned i = 0; i < 25; i++) // past the quota of refusals
        assert_int_equal(sent(world, letter_again(world, stranger)), REASON_NOT_PERMITTED);
    retrieved(world, CHILD_DESK, URI(CHILD_DESK, "d1"));
    time_passed(world);
    replayed(world);
    roster_changed(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ALARM, .alarm = {"WHAT", "text"}});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_CLOCK_STEP, .step_ns = 1});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TRUST, .digests = {NULL, TRUST}});
    settle(world);
    world->monotonic += MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    settle(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    settle(world);
    for (unsigned second = 0; second < 3 && !world->stopped; second++) {
        world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
        settle(world);
        if (second == 1) // a program that was lost while it stopped: it is asked again
            world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    }
    assert_true(world->stopped);
}

static void each_allocation_of_a_step_may_fail(void **state)
{
    unsigned n = 0;
    failed = true;
    for (fail_at = 1; failed; fail_at++, n++) {
        struct world *world = __real_calloc(1, sizeof *world);
        failed = false;
        counter = 0;
        world_init(world, NULL);
        world->arm = arm;
        story(world);
        world_clear(world);
        free(world);
    }
    assert_true(n > 60); // the story asked for that many
}

// --- What is given at start
static enum am_err given(struct hub **ret_hub)
{
    static const struct hub_config CONFIG = {.origin = "o", .hub = "amana://igad/hub", .version = "v"};
    struct hub_roster_device device = {.uri = URI(POST, "d1")};
    struct hub_roster_officer officer = {.uri = "amana://" POST "/officer/o1"};
    struct hub_roster roster = {.unit = POST,
                                .number = 1,
                                .signer = "r",
                                .devices = &device,
                                .n_devices = 1,
                                .officers = &officer,
                                .n_officers = 1};
    Amana__V1__Kind__Code kinds[] = {KIND(ALERT)};
    char *parties[] = {(char *)"et/*/*", (char *)"ke/*/*"};
    Amana__V1__GrantRecord grant = AMANA__V1__GRANT_RECORD__INIT, *grants[] = {&grant};
    Amana__V1__MemberRecord member = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    grant.kinds = kinds, grant.n_kinds = 1, grant.parties = parties, grant.n_parties = 2;
    member.said = &said, member.unit = (char *)POST, said.role = (char *)"unit", member.grants = grants,
    member.n_grants = 1;
    said.scope = parties, said.n_scope = 2;
    TRY(hub_new(&CONFIG, ret_hub));
    TRY(hub_set_member(*ret_hub, &member));
    TRY(hub_set_member(*ret_hub, &member)); // anew
    for (roster.number = 1; roster.number < 7; roster.number++)
        TRY(hub_set_roster(*ret_hub, &roster));
    return world_countries(*ret_hub, NULL);
}

static enum am_err sha(struct am_bytes bytes, uint8_t ret_digest[32])
{
    memset(ret_digest, 1, 32);
    return AM_OK;
}

static enum am_err genesis(void)
{
    static const struct hub_config CONFIG = {.origin = "o", .hub = "amana://igad/hub", .version = "v"};
    static const uint8_t ROOTS[1][32];
    char *scope[] = {(char *)"ke"};
    Amana__V1__MemberRecord member = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    const Amana__V1__MemberRecord *members[] = {&member};
    member.said = &said, member.unit = (char *)AUDITOR;
    said.role = (char *)"auditor", said.scope = scope, said.n_scope = 1;
    struct hub_genesis from = {.log_key = "k",
                               .roots = ROOTS,
                               .n_roots = 1,
                               .registrars = ROOTS,
                               .n_registrars = 1,
                               .members = members,
                               .n_members = 1,
                               .sha256 = sha};
    struct journal_append **appends;
    size_t n;
    TRY(hub_genesis(&CONFIG, &from, WORLD_START, &appends, &n));
    for (size_t i = 0; i < n; i++)
        hub_append_free(appends[i]);
    free(appends);
    return AM_OK;
}

static void each_allocation_at_start_may_fail(void **state)
{
    failed = true;
    for (fail_at = 1; failed; fail_at++) {
        struct hub *hub = NULL;
        failed = false;
        counter = 0;
        arm(true);
        enum am_err err = given(&hub);
        arm(false);
        assert_int_equal(err, failed ? AM_NOMEM : AM_OK);
        hub_free(hub);
    }
    failed = true;
    for (fail_at = 1; failed; fail_at++) {
        failed = false;
        counter = 0;
        arm(true);
        enum am_err err = genesis();
        arm(false);
        assert_int_equal(err, failed ? AM_NOMEM : AM_OK);
    }
}

// Which of these it knows: of those before alone, of both, of the new ones alone.
static unsigned known(const struct hub *hub)
{
    static const char *const CODES[] = {"et", "so", "ug", "ke", "dj", "er"};
    unsigned bits = 0;
    for (size_t i = 0; i < AM_LEN(CODES); i++)
        bits |= hub_country_known(hub, CODES[i]) ? 1u << i : 0;
    return bits;
}

static void where_new_countries_can_not_be_had_those_before_stay(void **state)
{
    static const struct hub_country_row ROWS[] = {{"dj"}, {"er"}, {"ke"}};
    struct hub *hub = NULL;
    assert_int_equal(given(&hub), AM_OK);
    failed = true;
    for (fail_at = 1; failed; fail_at++) {
        assert_int_equal(known(hub), 017);
        failed = false;
        counter = 0;
        arm(true);
        enum am_err err = hub_set_countries(hub, ROWS, AM_LEN(ROWS));
        arm(false);
        assert_int_equal(err, failed ? AM_NOMEM : AM_OK);
    }
    assert_true(fail_at > AM_LEN(ROWS) + 1); // each row was one
    assert_int_equal(known(hub), 070);
    hub_free(hub);
}

static void of_countries_that_are_not_such_none_is_taken(void **state)
{
    static const struct hub_country_row WRONG[][2] = {
        {{"dj"}, {"dj"}}, {{"dj"}, {"a-code-that-is-longer-than-what-an-address-begins-with"}}};
    struct hub *hub = NULL;
    assert_int_equal(given(&hub), AM_OK);
    for (size_t i = 0; i < AM_LEN(WRONG); i++)
        assert_int_equal(hub_set_countries(hub, WRONG[i], 2), AM_INVALID);
    assert_int_equal(known(hub), 017);
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_a_step_may_fail),
        cmocka_unit_test(each_allocation_at_start_may_fail),
        cmocka_unit_test(where_new_countries_can_not_be_had_those_before_stay),
        cmocka_unit_test(of_countries_that_are_not_such_none_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
