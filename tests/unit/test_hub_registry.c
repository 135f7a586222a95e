// SPDX-License-Identifier: Apache-2.0
// What the hub knows of members: which grant lets a kind go where, who may replay what, and who protects in a country.
#include "tests/unit/hub_expect.h"

#define DPO "ke/odpc/desk"

static void grants_of(struct world *world, const char *unit, Amana__V1__GrantRecord **grants, size_t n)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    record.unit = (char *)unit;
    record.said = &said;
    said.role = (char *)"unit";
    record.grants = grants;
    record.n_grants = n;
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
}

// --- Grants
static void a_kind_goes_only_where_a_grant_that_names_it_does(void **state)
{
    struct world *world = *state;
    Amana__V1__Kind__Code alerts[] = {KIND(ALERT)}, others[] = {(Amana__V1__Kind__Code)99, KIND(REQUEST)};
    char *ethiopia[] = {(char *)"et/*/*"}, *somalia[] = {(char *)"so/police/desk"};
    Amana__V1__GrantRecord first = AMANA__V1__GRANT_RECORD__INIT, second = first, *grants[] = {&first, &second};
    struct hub_explanation said;
    struct hub_trial trial = {.as = POLICE, .to = POST, .kind = KIND(ALERT)};
    first.kinds = alerts, first.n_kinds = 1, first.parties = ethiopia, first.n_parties = 1;
    second.kinds = others, second.n_kinds = 2, second.parties = somalia, second.n_parties = 1;
    grants_of(world, POLICE, grants, 2);
    accepted(world, alert_to(world, POLICE, POST));
    refused(world, alert_to(world, POLICE, LONELY), REASON_NOT_PERMITTED, NULL);
    struct letter *request = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, request, LONELY, ACTION);
    accepted(world, request);
    request = letter_new(world, POLICE, KIND(REQUEST));
    letter_to(world, request, POST, ACTION);
    refused(world, request, REASON_NOT_PERMITTED, NULL);
    assert_int_equal(hub_explain(world->hub, &trial, &said), REASON_NONE);
    assert_string_equal(said.rows[2].rule, "grant 1 of " POLICE ", by \"et/*/*\"");
    trial = (struct hub_trial){.as = POLICE, .to = LONELY, .kind = KIND(REQUEST)};
    assert_int_equal(hub_explain(world->hub, &trial, &said), REASON_NONE);
    assert_string_equal(said.rows[2].rule, "grant 2 of " POLICE ", by \"so/police/desk\"");
    trial.kind = KIND(ALERT);
    assert_int_equal(hub_explain(world->hub, &trial, &said), REASON_NOT_PERMITTED);
}

static void units_know_of_one_another_where_one_has_any_grant_or_is_to_be_protected_by_the_other(void **state)
{
    struct world *world = *state;
    assert_true(hub_may_write(world->hub, POLICE, POST));
    assert_true(hub_may_write(world->hub, POLICE, CHILD_DESK));
    assert_false(hub_may_write(world->hub, POLICE, STRANGER));
    assert_false(hub_may_write(world->hub, POLICE, AUDITOR));
    assert_false(hub_may_write(world->hub, AUDITOR, POLICE));
    assert_false(hub_may_write(world->hub, "ke/no/such", POST));
    assert_false(hub_may_write(world->hub, POST, LONELY));
}

static void a_registrar_and_an_operator_see_the_registry_and_nobody_else(void **state)
{
    static const struct {
        const char *role;
        bool sees, registrar;
    } ROWS[] = {{"registrar", true, true}, {"operator", true, false}, {"auditor", false, false},
                {"dpo", false, false},     {"unit", false, false},    {"hub", false, false}};
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        world_grant(world, DPO, ROWS[i].role, NULL, 0);
        assert_int_equal(hub_sees_registry(world->hub, DPO), ROWS[i].sees);
        assert_int_equal(hub_is_registrar(world->hub, DPO), ROWS[i].registrar);
    }
    assert_false(hub_sees_registry(world->hub, "ke/no/such") || hub_is_registrar(world->hub, "ke/no/such"));
}

// --- Replays
static void who_protects_replays_one_message_that_it_names_and_no_more(void **state)
{
    static const struct {
        const char *message;
        unsigned kind;
        bool follow, may;
    } ROWS[] = {{"0197", ENTRY(SUBMITTED), false, true},
                {"", ENTRY(SUBMITTED), false, false},
                {"0197", ENTRY(RETRIEVED), false, false},
                {"0197", 0, false, false},
                {"0197", ENTRY(SUBMITTED), true, false}};
    struct world *world = *state;
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
        request.message = (char *)ROWS[i].message;
        request.kind = (Amana__V1__EntryKind__Code)ROWS[i].kind;
        request.follow = ROWS[i].follow;
        assert_int_equal(hub_may_replay(world->hub, CHILD_DESK, &request), ROWS[i].may);
        assert_true(hub_may_replay(world->hub, AUDITOR, &request));
        assert_false(hub_may_replay(world->hub, POLICE, &request));
        assert_false(hub_may_replay(world->hub, "ke/no/such", &request));
    }
}

static void an_auditors_scope_is_its_rows_and_that_of_offices_and_who_protects_their_country(void **state)
{
    static const struct {
        const char *unit, *in, *out;
    } ROWS[] = {{AUDITOR, "ke", "so"}, {AUDITOR, "et", "igad"}, {CHILD_DESK, "ke", "et"}, {DPO, "ke", "et"}};
    struct world *world = *state;
    world_grant(world, DPO, "dpo", NULL, 0);
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        assert_true(hub_in_scope(world->hub, ROWS[i].unit, ROWS[i].in));
        assert_false(hub_in_scope(world->hub, ROWS[i].unit, ROWS[i].out));
        assert_false(hub_in_scope(world->hub, ROWS[i].unit, "k"));
    }
    assert_false(hub_in_scope(world->hub, POLICE, "ke"));
    assert_false(hub_in_scope(world->hub, "ke/no/such", "ke"));
}

// --- Countries
static void names_past_their_limit_are_taken_nowhere(void **state)
{
    struct world *world = *state;
    char country[ADDRESS_COUNTRY_MAX + 2], unit[LIMIT_ADDRESS + 2];
    memset(country, 'k', sizeof country - 1), country[sizeof country - 1] = '\0';
    memset(unit, 'u', sizeof unit - 1), unit[sizeof unit - 1] = '\0';
    const struct hub_country_row long_code = {.code = country}, long_unit = {.code = "ug", .protection_unit = unit};
    const struct hub_country_row both = {.code = country, .protection_unit = unit};
    assert_int_equal(hub_set_countries(world->hub, &long_code, 1), AM_INVALID);
    assert_int_equal(hub_set_countries(world->hub, &long_unit, 1), AM_INVALID);
    assert_true(hub_country_known(world->hub, "ke")); // those of before stay
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    record.unit = unit;
    assert_int_equal(hub_set_member(world->hub, &record), AM_INVALID);
    country[sizeof country - 2] = unit[sizeof unit - 2] = '\0';
    assert_int_equal(hub_set_countries(world->hub, &both, 1), AM_OK);
    assert_true(hub_country_known(world->hub, country));
    assert_int_equal(hub_set_member(world->hub, &record), AM_OK);
}

static void countries_anew_take_the_place_of_those_before(void **state)
{
    struct world *world = *state;
    const struct hub_country_row rows[] = {{.code = "ke", .protection_unit = SHELTER}, {.code = "et"}};
    assert_string_equal(hub_protection_unit(world->hub, "ke"), CHILD_DESK);
    assert_null(hub_protection_unit(world->hub, "xx"));
    assert_int_equal(hub_set_countries(world->hub, rows, 2), AM_OK);
    assert_string_equal(hub_protection_unit(world->hub, "ke"), SHELTER);
    assert_null(hub_protection_unit(world->hub, "et"));
    assert_false(hub_country_known(world->hub, "so"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_kind_goes_only_where_a_grant_that_names_it_does),
        HUB_TEST(units_know_of_one_another_where_one_has_any_grant_or_is_to_be_protected_by_the_other),
        HUB_TEST(a_registrar_and_an_operator_see_the_registry_and_nobody_else),
        HUB_TEST(who_protects_replays_one_message_that_it_names_and_no_more),
        HUB_TEST(an_auditors_scope_is_its_rows_and_that_of_offices_and_who_protects_their_country),
        HUB_TEST(names_past_their_limit_are_taken_nowhere),
        HUB_TEST(countries_anew_take_the_place_of_those_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
