// SPDX-License-Identifier: Apache-2.0
// What a deadline finds of a life that goes on without its unit, looked for over a real store: by the version that the
// unit has, however many others there are, and never more of the case at once than the limit.
#include "server/net/due_apart.h"

#include "proto/codec/codec.h"
#include "tests/unit/apart_kit.h"

#include <stdlib.h>
#include <string.h>

static const struct in_hand NOTHING = {.n = 0};

static void told_late(struct kit_cases *fixture, unsigned version, const char *unit)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__DeadlineEntry deadline = AMANA__V1__DEADLINE_ENTRY__INIT;
    Amana__V1__DeadlineClock clock = AMANA__V1__DEADLINE_CLOCK__INIT, *clocks[] = {&clock};
    Amana__V1__Pointer message = pointer_of(fixture, version);
    clock.what = AMANA__V1__DEADLINE_OF__CODE__ACK;
    clock.from = AMANA__V1__CLOCK_FROM__CODE__ACCEPTANCE;
    deadline.message = &message;
    deadline.recipient = (char *)unit;
    deadline.clocks = clocks;
    deadline.n_clocks = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    content.deadline = &deadline;
    by_the_clock(fixture, &content, AMANA__V1__ENTRY_KIND__CODE__DEADLINE);
}

static void told_that_it_is_over(struct kit_cases *fixture, unsigned version)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__StateEntry state = AMANA__V1__STATE_ENTRY__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    Amana__V1__Pointer root = pointer_of(fixture, 0), message = pointer_of(fixture, version);
    move.root = &root;
    state.message = &message;
    move.recipient = (char *)KIT_POST;
    move.from = LIFE(NEW);
    move.to = LIFE(EXPIRED);
    state.moves = moves;
    state.n_moves = 1;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STATE;
    content.state = &state;
    by_the_clock(fixture, &content, AMANA__V1__ENTRY_KIND__CODE__STATE);
}

// The life of the first message, as a deadline of this version finds it; in which the kept one is of a later one's
// clock.
static struct clock_life due_of(struct kit_cases *fixture, uint64_t version, const struct in_hand *in_hand,
                                unsigned *ret_looks, uint64_t *ret_next)
{
    struct clock_party party = {.unit = KIT_POST, .has_delivery = true};
    struct hub_due hub = {.about = {.found = true, .kind = KIND(ALERT), .seq = version, .originator = "ke/dci/duty"},
                          .root = {.found = true, .kind = KIND(ALERT)}};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    struct due_place *places = NULL;
    struct store_view *view;
    bool more = true;
    header.case_ref = (char *)KIT_CASE;
    hub.about.header = &header;
    hub.clocks.n = 1;
    hub.clocks.parties = &party;
    kit_wait(&fixture->kit, fixture->n);
    for (*ret_looks = 0; more; *ret_looks += !in_hand_asked(places, in_hand)) {
        uint64_t from = places != NULL ? places[0].at.seen.next : 0;
        party.lives[0] = (struct clock_life){
            .root_kind = KIND(ALERT),
            .life = {.recipient = KIT_POST, .clock_seq = version + 1, .state = LIFE(NEW), .officer = ""}};
        assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
        assert_int_equal(due_apart_lives(view, &hub, &places, &more), AM_OK);
        store_view_end(view);
        assert_true(places == NULL || places[0].at.seen.next - from <= LIMIT_CASE_READS);
        assert_true(!more || !party.lives[0].there);
    }
    if (party.lives[0].apart)
        assert_int_equal(hub.case_seen, fixture->n - 1);
    *ret_next = places != NULL ? places[0].at.seen.next : 0;
    due_places_free(places);
    return party.lives[0];
}

static struct clock_life due(struct kit_cases *fixture, unsigned *ret_looks)
{
    uint64_t next;
    return due_of(fixture, 0, &NOTHING, ret_looks, &next);
}

static void a_deadline_finds_what_the_unit_knows_however_long_the_case_is(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    alert_and_update(fixture);
    struct clock_life life = due(fixture, &looks);
    assert_true(life.there && life.apart);
    assert_int_equal(life.life.state, LIFE(ACKNOWLEDGED));
    assert_int_equal(life.life.clock_seq, 0);
    assert_int_equal(looks, 1);
    others_write(fixture, 2 * LIMIT_CASE_READS);
    answer(fixture, LIFE(ACKNOWLEDGED), LIFE(STOPPING)); // any other
    life = due(fixture, &looks);
    assert_int_equal(life.life.state, LIFE(STOPPING));
    assert_int_equal(looks, 3);
}

static void what_the_unit_was_told_by_the_clock_is_found_in_the_case(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    alert_and_update(fixture);
    assert_int_equal(due(fixture, &looks).life.flags, 0);
    told_late(fixture, 0, KIT_BUSIA); // another's
    told_late(fixture, 1, KIT_POST);  // of what it hasn't got
    assert_int_equal(due(fixture, &looks).life.flags, 0);
    told_late(fixture, 0, KIT_POST);
    assert_int_equal(due(fixture, &looks).life.flags, LIFE_PASSED(CLOCK_ACK));
    told_that_it_is_over(fixture, 1);
    assert_int_equal(due(fixture, &looks).life.state, LIFE(ACKNOWLEDGED));
    told_that_it_is_over(fixture, 0);
    assert_int_equal(due(fixture, &looks).life.state, LIFE(EXPIRED));
}

// Before it has signed for it; what comes after that is withheld.
static void a_version_that_a_device_has_in_hand_has_its_clock(void **state)
{
    struct kit_cases *fixture = *state;
    uint64_t second = 1, next;
    struct in_hand in_hand = {&second, 1};
    unsigned looks;
    alert_and_update(fixture);
    written(fixture, version_of(fixture, "ke/dci/duty", true));
    assert_true(due_of(fixture, 0, &NOTHING, &looks, &next).apart);
    assert_false(due_of(fixture, 0, &in_hand, &looks, &next).there);
    assert_false(due_of(fixture, 1, &NOTHING, &looks, &next).there);
    assert_true(due_of(fixture, 1, &in_hand, &looks, &next).apart);
}

// However many versions a case has, each has its deadline.
static void a_deadline_reads_no_further_than_to_the_version_that_the_unit_has_since(void **state)
{
    struct kit_cases *fixture = *state;
    const unsigned had = 300, withheld = 300;
    uint64_t next, reads = 0;
    unsigned looks;
    retrieved(message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    written(fixture, &fixture->messages[0]);
    for (unsigned i = 1; i < had + withheld; i++) {
        struct kit_message *version = version_of(fixture, "ke/dci/duty", true);
        if (i < had)
            retrieved(version);
        written(fixture, version);
    }
    shield(fixture);
    for (uint64_t i = 0; i < had + withheld; i++) {
        struct clock_life life = due_of(fixture, i, &NOTHING, &looks, &next);
        assert_int_equal(life.apart, i == had - 1);
        reads += next - i;
    }
    assert_in_range(reads, 1, 2 * had + withheld + withheld); // the newest that it has is looked past to the end
}

// Its deadline is that of the version that the unit has.
static void of_an_older_version_than_the_unit_has_no_clock_runs_on(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    retrieved(message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    written(fixture, &fixture->messages[0]);
    retrieved(version_of(fixture, "ke/dci/duty", true));
    written(fixture, &fixture->messages[1]);
    written(fixture, version_of(fixture, "ke/dci/duty", true));
    shield(fixture);
    assert_false(due(fixture, &looks).there);
}

static void what_was_not_sent_to_the_unit_is_no_version_that_it_has_or_misses(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    alert_and_update(fixture);
    written(fixture, version_of(fixture, "et/ics/duty", false)); // of its own state: nobody withholds that
    struct clock_life life = due(fixture, &looks);
    assert_true(life.apart);
    assert_int_equal(life.life.clock_seq, 0);
}

static void of_what_nothing_has_replaced_for_the_unit_no_clock_runs_on_apart(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    retrieved(message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    written(fixture, &fixture->messages[0]);
    others_write(fixture, 2);
    shield(fixture);
    assert_false(due(fixture, &looks).there);
}

// From whom else it is kept may be another by then.
static void a_look_begins_anew_where_the_case_is_kept_otherwise_than_before(void **state)
{
    struct kit_cases *fixture = *state;
    struct apart_look look = {.unit = KIT_POST, .case_ref = KIT_CASE, .shield = 1, .reads = 2};
    struct apart_place place = {0};
    bool more;
    alert_and_update(fixture);
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(store_view_begin(fixture->kit.store, &look.view), AM_OK);
    assert_int_equal(apart_look(&look, &place, &more), AM_OK);
    assert_true(more && place.known.apart);
    assert_int_equal(place.seen.next, 2);
    look.shield = 2;
    look.reads = 1;
    assert_int_equal(apart_look(&look, &place, &more), AM_OK);
    assert_true(more && !place.known.apart);
    assert_int_equal(place.seen.next, 1);
    store_view_end(look.view);
}

// An entry that the post's device has signed for that version.
static void signs(struct kit_cases *fixture, unsigned version, const char *device)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__RetrievedEntry entry = AMANA__V1__RETRIEVED_ENTRY__INIT;
    struct journal_delivery delivery = fixture->messages[version].deliveries[0];
    struct kit_alarm retrieval;
    size_t len;
    entry.device = (char *)device;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &entry;
    delivery.seq = version;
    delivery.version = 1;
    delivery.retrieved_at = 7;
    kit_alarm(&retrieval, fixture->n++, 1, 1);
    free(retrieval.contents[0]);
    assert_int_equal(codec_encode_alloc(&content.base, &retrieval.contents[0], &len), AM_OK);
    retrieval.entries[0].content = (struct am_bytes){retrieval.contents[0], len};
    retrieval.entries[0].kind = AMANA__V1__ENTRY_KIND__CODE__RETRIEVED;
    retrieval.entries[0].class = JOURNAL_CLASS_MESSAGE;
    retrieval.entries[0].case_ref = KIT_CASE;
    retrieval.append.deliveries = &delivery;
    retrieval.append.n_deliveries = strcmp(device, KIT_DESK) == 0;
    assert_int_equal(kit_append(&fixture->kit, &retrieval.append).result, JOURNAL_DONE);
    kit_alarm_clear(&retrieval);
}

static struct life_known goes_on_with(struct kit_cases *fixture, const uint64_t *version, struct apart_place *place)
{
    struct apart_look look = {
        .unit = KIT_POST, .case_ref = KIT_CASE, .shield = 1, .reads = LIMIT_CASE_READS, .version = version};
    bool more;
    kit_wait(&fixture->kit, fixture->n);
    assert_int_equal(store_view_begin(fixture->kit.store, &look.view), AM_OK);
    assert_int_equal(apart_look(&look, place, &more), AM_OK);
    assert_false(more);
    store_view_end(look.view);
    return place->known;
}

static struct life_known goes_on(struct kit_cases *fixture, struct apart_place *place)
{
    return goes_on_with(fixture, NULL, place);
}

static void a_look_begins_anew_where_the_unit_has_signed_since_for_what_it_had_in_hand(void **state)
{
    struct kit_cases *fixture = *state;
    struct apart_place place = {0};
    alert_and_update(fixture);
    assert_true(goes_on(fixture, &place).apart);
    signs(fixture, 1, KIT_ABROAD);
    assert_true(goes_on(fixture, &place).apart); // that is another's
    signs(fixture, 1, KIT_DESK);
    assert_false(goes_on(fixture, &place).apart);
    assert_int_equal(place.known.version, 1);
    answer(fixture, LIFE(NEW), LIFE(ACKNOWLEDGED)); // once is enough
    assert_int_equal(goes_on(fixture, &place).state, LIFE(ACKNOWLEDGED));
    assert_int_equal(place.known.version, 1);
}

static void that_a_version_was_missing_holds_until_the_unit_has_signed_for_it(void **state)
{
    struct kit_cases *fixture = *state;
    struct apart_place place = {0};
    uint64_t version = 1;
    alert_and_update(fixture);
    assert_int_equal(goes_on_with(fixture, &version, &place).version, JOURNAL_NONE);
    signs(fixture, 1, KIT_DESK);
    assert_int_equal(goes_on_with(fixture, &version, &place).version, 1);
}

static void a_case_that_is_kept_from_nobody_is_not_looked_through(void **state)
{
    struct kit_cases *fixture = *state;
    unsigned looks;
    retrieved(message_of(fixture, "ke/dci/duty", KIND(ALERT), true));
    written(fixture, &fixture->messages[0]);
    others_write(fixture, LIMIT_CASE_READS + 1);
    assert_false(due(fixture, &looks).there);
    assert_int_equal(looks, 1);
}

// By the life's row: that of the first message is of the second's clock.
static void which_messages_have_a_clock_that_runs_on_is_looked_for_in_parts(void **state)
{
    struct kit_cases *fixture = *state;
    struct kit_message *alert = message_of(fixture, "ke/dci/duty", KIND(ALERT), true), *update;
    struct journal_deadline row = {.kind = DEADLINE_APART};
    struct hub_due_case of_case;
    struct store_view *view;
    uint64_t found = JOURNAL_NONE;
    unsigned looks = 0, n = 0;
    written(fixture, alert);
    update = message_of(fixture, "ke/dci/duty", KIND(UPDATE), true);
    update->append.n_lives = 1;
    update->lives[0].root = 0;
    update->lives[0].version = 1;
    written(fixture, update);
    others_write(fixture, LIMIT_CASE_READS);
    shield(fixture);
    do {
        arena_reset(&fixture->arena);
        assert_int_equal(store_view_begin(fixture->kit.store, &view), AM_OK);
        assert_int_equal(due_apart_messages(view, &fixture->arena, KIT_CASE, &row, &of_case), AM_OK);
        store_view_end(view);
        assert_true(of_case.kept);
        assert_true(of_case.place - row.place <= LIMIT_CASE_READS);
        for (size_t i = 0; i < of_case.n_apart; i++, n++)
            found = of_case.apart[i];
        row.place = of_case.place;
        looks++;
    } while (of_case.more);
    assert_int_equal(n, 1);
    assert_int_equal(found, 0);
    assert_int_equal(row.place, fixture->n);
    assert_int_equal(looks, 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, kit_cases_setup, kit_cases_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_deadline_finds_what_the_unit_knows_however_long_the_case_is),
        TEST(what_the_unit_was_told_by_the_clock_is_found_in_the_case),
        TEST(a_version_that_a_device_has_in_hand_has_its_clock),
        TEST(a_deadline_reads_no_further_than_to_the_version_that_the_unit_has_since),
        TEST(of_an_older_version_than_the_unit_has_no_clock_runs_on),
        TEST(what_was_not_sent_to_the_unit_is_no_version_that_it_has_or_misses),
        TEST(of_what_nothing_has_replaced_for_the_unit_no_clock_runs_on_apart),
        TEST(a_look_begins_anew_where_the_case_is_kept_otherwise_than_before),
        TEST(a_look_begins_anew_where_the_unit_has_signed_since_for_what_it_had_in_hand),
        TEST(that_a_version_was_missing_holds_until_the_unit_has_signed_for_it),
        TEST(a_case_that_is_kept_from_nobody_is_not_looked_through),
        TEST(which_messages_have_a_clock_that_runs_on_is_looked_for_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
