// SPDX-License-Identifier: Apache-2.0
// A registrar changes members: who may, of whom, from which row, and from when it counts.
#include "tests/unit/hub_expect.h"

#include "proto/model/header.h"

#define REGISTRY "ke/registry/desk"
#define NOBODY   "ke/kra/malaba"

static enum am_err sha(struct am_bytes bytes, uint8_t ret_digest[32])
{
    memset(ret_digest, 0, 32);
    ret_digest[0] = (uint8_t)bytes.len;
    return AM_OK;
}

struct change {
    Amana__V1__MemberRecord record;
    Amana__V1__Member said;
    struct hub_member_change hub;
};

static void change_of(struct change *change, const char *by, const char *unit, const char *role, uint64_t revision)
{
    amana__v1__member_record__init(&change->record);
    amana__v1__member__init(&change->said);
    change->record.said = &change->said;
    change->record.unit = (char *)unit;
    change->said.role = (char *)role;
    change->record.revision = revision;
    change->hub =
        (struct hub_member_change){.work = {.kind = HUB_WORK_MEMBER, .identity = URI(REGISTRY, "d1"), .unit = by},
                                   .record = &change->record,
                                   .sha256 = sha};
}

static void begin(struct world *world, struct change *change)
{
    world_step(world, (struct hub_event){.kind = HUB_EVENT_MEMBER, .member = &change->hub});
}

static enum reason changed(struct world *world, const char *by, const char *unit, const char *role, uint64_t revision)
{
    struct change change;
    change_of(&change, by, unit, role, revision);
    begin(world, &change);
    world_pump(world);
    return change.hub.work.reason;
}

static void a_members_row_is_in_force_once_its_entry_is_durable(void **state)
{
    struct world *world = *state;
    struct change change;
    change_of(&change, REGISTRY, COLLEAGUES, "", 1);
    begin(world, &change);
    assert_string_equal(hub_role(world->hub, COLLEAGUES), "unit");
    assert_int_equal(world->n_appends, 1);
    world_pump(world);
    assert_null(hub_role(world->hub, COLLEAGUES));
    assert_string_equal(world->roster_changed, COLLEAGUES); // its sessions are judged again
    const struct model_entry *entries = world->model.entries + world->model.n - 2;
    assert_int_equal(entries[0].kind, ENTRY(MEMBER));
    assert_int_equal(entries[1].kind, ENTRY(GRANT)); // which it had
    assert_int_equal(entries[0].class, JOURNAL_CLASS_HUB);
    assert_int_equal(entries[1].class, JOURNAL_CLASS_HUB);
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "unit", 2), REASON_NONE);
    assert_string_equal(hub_role(world->hub, COLLEAGUES), "unit");
    refused(world, alert_to(world, COLLEAGUES, POST), REASON_NOT_PERMITTED, NULL); // as new: without a grant
}

static void of_two_changes_of_one_row_under_way_the_second_waits(void **state)
{
    struct world *world = *state;
    struct change first, second;
    change_of(&first, REGISTRY, COLLEAGUES, "", 1);
    change_of(&second, REGISTRY, COLLEAGUES, "protection", 1);
    begin(world, &first);
    begin(world, &second);
    assert_int_equal(second.hub.work.reason, REASON_BUSY);
    assert_true(second.hub.work.retry_ns > 0);
    world_pump(world);
    assert_int_equal(first.hub.work.reason, REASON_NONE);
    assert_null(hub_role(world->hub, COLLEAGUES));
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "protection", 1),
                     REASON_STATE_FORBIDS); // from a row that is no more
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "protection", 2), REASON_NONE);
}

static void a_registrar_changes_members_of_its_country_and_not_itself(void **state)
{
    struct world *world = *state;
    assert_int_equal(changed(world, POLICE, NOBODY, "unit", 1), REASON_NOT_PERMITTED);
    assert_int_equal(changed(world, AUDITOR, NOBODY, "unit", 1), REASON_NOT_PERMITTED);
    assert_int_equal(changed(world, REGISTRY, POST, "", 1), REASON_NOT_PERMITTED);
    assert_int_equal(changed(world, REGISTRY, REGISTRY, "", 1), REASON_NOT_PERMITTED);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    assert_null(hub_role(world->hub, NOBODY));
    assert_int_equal(changed(world, REGISTRY, NOBODY, "unit", 1), REASON_NONE);
    assert_string_equal(hub_role(world->hub, NOBODY), "unit");
}

static void who_is_no_member_is_not_removed(void **state)
{
    struct world *world = *state;
    assert_int_equal(changed(world, REGISTRY, NOBODY, "", 1), REASON_NOT_PERMITTED);
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "", 1), REASON_NONE);
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "", 2), REASON_NOT_PERMITTED);
}

static void who_carries_messages_gets_no_office_and_no_office_carries_any(void **state)
{
    struct world *world = *state;
    static const char *const OFFICES[] = {"auditor", "content-auditor", "registrar", "dpo", "operator"};
    for (size_t i = 0; i < AM_LEN(OFFICES); i++)
        assert_int_equal(changed(world, REGISTRY, COLLEAGUES, OFFICES[i], 1), REASON_FIELD_INVALID);
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "protection", 1), REASON_NONE);
    assert_int_equal(changed(world, REGISTRY, NOBODY, "operator", 1), REASON_NONE);
    assert_int_equal(changed(world, REGISTRY, NOBODY, "unit", 2), REASON_FIELD_INVALID);
    assert_int_equal(changed(world, REGISTRY, NOBODY, "dpo", 2), REASON_NONE);
}

// A registrar who mistypes a country would else believe that its unit may write there.
static void a_row_names_no_country_that_the_trust_list_has_not_but_those_that_it_named_before(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *field, *deputy, *successor, *scope, *party;
    } ROWS[] = {{"member.deputy", "xx/police/desk", "", NULL, NULL},
                {"member.successor", "", "xx/police/desk", NULL, NULL},
                {"member.scope", "", "", "xx", NULL},
                {"member.grants[0].parties", "", "", NULL, "xx/*/*"}};
    Amana__V1__Kind__Code kind = KIND(ALERT);
    Amana__V1__GrantRecord grant = AMANA__V1__GRANT_RECORD__INIT, *grants[] = {&grant};
    char *party, *scope;
    grant.kinds = &kind;
    grant.n_kinds = grant.n_parties = 1;
    grant.parties = &party;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        struct change change;
        change_of(&change, REGISTRY, NOBODY, ROWS[i].scope != NULL ? "auditor" : "unit", 1);
        change.said.deputy = (char *)ROWS[i].deputy;
        change.said.successor = (char *)ROWS[i].successor;
        scope = (char *)ROWS[i].scope;
        change.said.scope = &scope;
        change.said.n_scope = scope != NULL;
        party = (char *)ROWS[i].party;
        change.record.grants = grants;
        change.record.n_grants = party != NULL;
        begin(world, &change);
        world_pump(world);
        assert_int_equal(change.hub.work.reason, REASON_FIELD_INVALID);
        assert_string_equal(change.hub.work.detail.field, ROWS[i].field);
        assert_non_null(strstr(change.hub.work.detail.text, "that has ke, et"));
    }
    struct change change;
    party = (char *)"et/police/*";
    for (uint64_t revision = 1; revision <= 2; revision++) {
        change_of(&change, REGISTRY, NOBODY, "unit", revision);
        change.record.grants = grants;
        change.record.n_grants = 1;
        begin(world, &change);
        world_pump(world);
        assert_int_equal(change.hub.work.reason, REASON_NONE);
        if (revision == 1) {
            assert_int_equal(hub_set_countries(world->hub, &(struct hub_country_row){"ke"}, 1), AM_OK);
        }
    }
}

static void a_row_that_finds_no_room_is_not_in_force_and_may_come_again(void **state)
{
    struct world *world = *state;
    world->model.no_room = true;
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "", 1), REASON_STORAGE_FULL);
    assert_string_equal(hub_role(world->hub, COLLEAGUES), "unit");
    world->model.no_room = false;
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "", 1), REASON_NONE);
    assert_null(hub_role(world->hub, COLLEAGUES));
}

static void a_hub_that_stops_changes_nobody(void **state)
{
    struct world *world = *state;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP});
    assert_int_equal(changed(world, REGISTRY, COLLEAGUES, "", 1), REASON_DRAINING);
    assert_string_equal(hub_role(world->hub, COLLEAGUES), "unit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_members_row_is_in_force_once_its_entry_is_durable),
        HUB_TEST(of_two_changes_of_one_row_under_way_the_second_waits),
        HUB_TEST(a_registrar_changes_members_of_its_country_and_not_itself),
        HUB_TEST(who_is_no_member_is_not_removed),
        HUB_TEST(who_carries_messages_gets_no_office_and_no_office_carries_any),
        HUB_TEST(a_row_names_no_country_that_the_trust_list_has_not_but_those_that_it_named_before),
        HUB_TEST(a_row_that_finds_no_room_is_not_in_force_and_may_come_again),
        HUB_TEST(a_hub_that_stops_changes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
