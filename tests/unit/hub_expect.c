// SPDX-License-Identifier: Apache-2.0
// What the hub's tests expect of a letter.
#include "tests/unit/hub_expect.h"

#include "proto/model/policy.h"

const struct hub_config HUB_TIGHT = {.origin = "igad.amana.example/log",
                                     .hub = "amana://igad/hub",
                                     .version = "test",
                                     .requests_per_s = 10,
                                     .in_flight = 3,
                                     .rejected_per_minute = 2};

static int begin(void **state, const struct hub_config *config)
{
    struct world *world = calloc(1, sizeof *world);
    world_init(world, config);
    *state = world;
    return 0;
}

int hub_begin(void **state)
{
    return begin(state, NULL);
}

int hub_begin_tight(void **state)
{
    return begin(state, &HUB_TIGHT);
}

// Whatever it was asked, it has lost count of nothing: it comes to its end.
int hub_end(void **state)
{
    struct world *world = *state;
    world_pump(world);
    if (!world->stopped)
        world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    world_pump(world);
    assert_true(world->stopped);
    world_clear(world);
    free(*state);
    return 0;
}

const struct model_entry *last_entry(const struct world *world)
{
    return &world->model.entries[world->model.n - 1];
}

struct letter *alert_to(struct world *world, const char *from, const char *to)
{
    struct letter *letter = letter_new(world, from, KIND(ALERT));
    letter_to(world, letter, to, ACTION);
    return letter;
}

size_t mail_of(struct world *world, const char *device)
{
    return model_mailbox(&world->model, device)->n;
}

// --- Second persons
Amana__V1__UnitRoster *releasing(struct world *world, const char *unit)
{
    Amana__V1__UnitRoster *roster = arena_alloc(&world->arena, sizeof *roster);
    amana__v1__unit_roster__init(roster);
    roster->unit = (char *)unit;
    roster->roster = 1;
    return roster;
}

struct letter *person(struct world *world, const char *unit)
{
    struct letter *letter = alert_to(world, POLICE, POST);
    letter->header.subject_kind = AMANA__V1__SUBJECT_KIND__CODE__PERSON;
    letter->header.release = RELEASE(REQUIRED);
    letter->header.releasing = releasing(world, unit);
    letter->submission.mode = HUB_SUBMIT_PARK;
    return letter;
}

struct letter *deferred(struct world *world, const char *unit)
{
    struct letter *alert = person(world, unit);
    alert->submission.mode = HUB_SUBMIT_SEND;
    alert->header.release = RELEASE(DEFERRED);
    return alert;
}

void colleagues_supervise(struct world *world)
{
    struct policy *policy = calloc(1, sizeof *policy);
    policy->supervisors = calloc(1, sizeof *policy->supervisors);
    policy->n_supervisors = 1;
    policy->supervisors[0] = (struct policy_supervisors){.party = POLICE, .unit = COLLEAGUES};
    hub_set_policy(world->hub, policy);
}

// --- Sending
void accepted(struct world *world, struct letter *letter)
{
    assert_string_equal(reason_name(letter_send(world, letter)), "NONE");
    assert_true(letter->receipt.len > 0);
}

void refused(struct world *world, struct letter *letter, enum reason reason, const char *field)
{
    size_t before = world->model.n;
    assert_string_equal(reason_name(letter_send(world, letter)), reason_name(reason));
    if (field != NULL)
        assert_string_equal(letter->submission.work.detail.field, field);
    assert_int_equal(world->model.n, before + 1);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    assert_int_equal(last_entry(world)->class, JOURNAL_CLASS_HUB);
    assert_string_equal(last_entry(world)->content->rejected->reason, reason_name(reason));
    assert_string_equal(last_entry(world)->content->rejected->identity, letter->submission.work.identity);
    assert_null(last_entry(world)->message);
}

void remove_member(struct world *world, const char *unit)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    record.unit = (char *)unit;
    record.said = &said;
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
}

struct letter *about(struct world *world, const char *from, unsigned kind, unsigned outcome, const struct letter *root,
                     const char *to)
{
    struct letter *letter = letter_new(world, from, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, root, root);
    letter->header.outcome = (Amana__V1__Outcome__Code)outcome;
    letter_to(world, letter, to, ACTION);
    return letter;
}

void tick(struct world *world, uint64_t ns)
{
    world->now += ns;
    world->monotonic += ns;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_pump(world);
}

static struct hub_roster_device ONE_DEVICE[] = {{.uri = URI(POST, "d9"), .auth = {9}, .seal = {9}, .sign = {9}}};
static struct hub_roster_officer ONE_OFFICER[] = {{.uri = "amana://" POST "/officer/o1", .sign = {9}}};

struct hub_roster roster_of(const char *unit, uint64_t number, uint8_t digest, uint8_t previous)
{
    return (struct hub_roster){.unit = unit,
                               .number = number,
                               .digest = {digest},
                               .previous = {previous},
                               .signer = "amana://et/registry/desk/officer/r1",
                               .devices = ONE_DEVICE,
                               .n_devices = 1,
                               .officers = ONE_OFFICER,
                               .n_officers = 1};
}
