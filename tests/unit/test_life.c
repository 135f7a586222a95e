// SPDX-License-Identifier: Apache-2.0
// The tables of lives against those of domain.md, pasted as they stand there: the full product of states and events.
#include "proto/model/life.h"
#include "proto/model/life_known.h"
#include "proto/model/passage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATES   21
#define OUTCOMES 40
#define O(name)  OUTCOME_BIT(OUTCOME(name))

// What a state and an event lead to, by the design.
enum { EXPECT_FORBIDDEN = 0, EXPECT_CROSSED = 255 };
static uint8_t expected[KIND_COUNT][STATES][KIND_COUNT][OUTCOMES];
static bool moves[KIND_COUNT][KIND_COUNT];

static void expect(unsigned root, unsigned state, unsigned kind, uint64_t outcomes, uint8_t what)
{
    for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
        if (outcomes == 0 || (outcomes & OUTCOME_BIT(outcome)) != 0)
            expected[root][state][kind][outcome] = what;
    moves[root][kind] = true;
}

// domain.md, ALERT
static const char *const ALERT_TABLE[] = {
    "| `NEW` | `ACKNOWLEDGED` | `NEW`, fresh clock | `STOPPING`, clock at the alert's urgency | `ACKNOWLEDGED` |",
    "| `ACKNOWLEDGED` | same, new officer | `NEW`, fresh clock | `STOPPING` | same |",
    "| `STOPPING` | `STOPPED` | - | - | crossed |",
};
// domain.md, REQUEST
static const char *const REQUEST_TABLE[] = {
    "| `OPEN` | `ACKNOWLEDGED` | `IN_PROGRESS` | `SUSPENDED` | - | `ANSWERED` | `REFUSED` | `WITHDRAWN` |",
    "| `ACKNOWLEDGED` | same | `IN_PROGRESS` | `SUSPENDED` | - | `ANSWERED` | `REFUSED` | `WITHDRAWN` |",
    "| `IN_PROGRESS` | same | same | `SUSPENDED` | - | `ANSWERED` | `REFUSED` | `WITHDRAWN` |",
    "| `SUSPENDED` (answer clock stands still) | same | `IN_PROGRESS` | same | `IN_PROGRESS` | `ANSWERED` | `REFUSED` "
    "| "
    "`WITHDRAWN` |",
    "| `ANSWERED` | - | - | - | - | same | - | - |",
    "| `REFUSED` | - | - | - | - | `ANSWERED` | - | - |",
};

static unsigned state_named(const char *name, size_t len)
{
    for (unsigned state = 0; state < STATES; state++)
        if (strlen(life_state_name((uint8_t)state)) == len && memcmp(life_state_name((uint8_t)state), name, len) == 0)
            return state;
    fail_msg("no state %.*s", (int)len, name);
    return 0;
}

// A cell of the pasted table: "`STATE`…", "same…", "crossed", "-".
static uint8_t cell_means(const char *cell, unsigned state)
{
    cell += strspn(cell, " ");
    if (cell[0] == '`')
        return (uint8_t)state_named(cell + 1, strcspn(cell + 1, "`"));
    if (strncmp(cell, "same", 4) == 0)
        return (uint8_t)state;
    return strncmp(cell, "crossed", 7) == 0 ? EXPECT_CROSSED : EXPECT_FORBIDDEN;
}

struct column {
    unsigned kinds[2];
    uint64_t outcomes;
};

static void paste(unsigned root, const char *const *table, size_t rows, const struct column *columns, size_t n)
{
    for (size_t row = 0; row < rows; row++) {
        const char *cell = table[row] + 2;
        unsigned state = cell_means(cell, 0);
        for (size_t column = 0; column < n; column++) {
            cell = strchr(cell, '|') + 1;
            for (unsigned k = 0; k < 2; k++)
                if (columns[column].kinds[k] != 0)
                    expect(root, state, columns[column].kinds[k], columns[column].outcomes, cell_means(cell, state));
        }
    }
}

// domain.md, the lives that stand there in words.
static void in_words(void)
{
    static const struct {
        unsigned root;
        uint8_t from;
        unsigned kind;
        uint64_t outcomes;
        uint8_t to;
    } SAID[] = {
        {KIND(ALERT), LIFE(EXPIRED), KIND(CANCEL), O(SENT_IN_ERROR) | O(COURT_ORDER), LIFE(STOPPING)},
        {KIND(ALERT), LIFE(STOPPED), KIND(ACK), 0, LIFE(STOPPED)}, // "a later one names a new officer"
        {KIND(HIT), LIFE(OPEN), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(HIT), LIFE(ACKNOWLEDGED), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(USE_PERMISSION), LIFE(OPEN), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(USE_PERMISSION), LIFE(OPEN), KIND(DECISION), O(GRANTED), LIFE(GRANTED)},
        {KIND(USE_PERMISSION), LIFE(OPEN), KIND(DECISION), O(DENIED), LIFE(DENIED)},
        {KIND(USE_PERMISSION), LIFE(OPEN), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(USE_PERMISSION), LIFE(ACKNOWLEDGED), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(USE_PERMISSION), LIFE(ACKNOWLEDGED), KIND(DECISION), O(GRANTED), LIFE(GRANTED)},
        {KIND(USE_PERMISSION), LIFE(ACKNOWLEDGED), KIND(DECISION), O(DENIED), LIFE(DENIED)},
        {KIND(USE_PERMISSION), LIFE(ACKNOWLEDGED), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(SUBJECT_ACCESS), LIFE(OPEN), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(SUBJECT_ACCESS), LIFE(OPEN), KIND(RESPONSE), 0, LIFE(ANSWERED)},
        {KIND(SUBJECT_ACCESS), LIFE(OPEN), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(SUBJECT_ACCESS), LIFE(ACKNOWLEDGED), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(SUBJECT_ACCESS), LIFE(ACKNOWLEDGED), KIND(RESPONSE), 0, LIFE(ANSWERED)},
        {KIND(SUBJECT_ACCESS), LIFE(ACKNOWLEDGED), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(SUBJECT_ACCESS), LIFE(ANSWERED), KIND(RESPONSE), 0, LIFE(ANSWERED)}, // PARTIAL: "more may follow"
        {KIND(REFERRAL), LIFE(OFFERED), KIND(ACK), 0, LIFE(OFFERED)},
        {KIND(REFERRAL), LIFE(OFFERED), KIND(DECISION), O(ACCEPTED), LIFE(ACCEPTED)},
        {KIND(REFERRAL), LIFE(OFFERED), KIND(DECISION), O(DECLINED), LIFE(DECLINED)},
        {KIND(REFERRAL), LIFE(OFFERED), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(REFERRAL), LIFE(ACCEPTED), KIND(PROGRESS), 0, LIFE(ACCEPTED)},
        {KIND(REFERRAL), LIFE(ACCEPTED), KIND(CLOSE), 0, LIFE(CLOSED)},
        {KIND(REFERRAL), LIFE(ACCEPTED), KIND(WITHDRAW), 0, LIFE(WITHDRAWN)},
        {KIND(CORRECTION), LIFE(OPEN), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(CORRECTION), LIFE(OPEN), KIND(CONFIRM), 0, LIFE(CONFIRMED)},
        {KIND(CORRECTION), LIFE(ACKNOWLEDGED), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(CORRECTION), LIFE(ACKNOWLEDGED), KIND(CONFIRM), 0, LIFE(CONFIRMED)},
        {KIND(ERASURE), LIFE(OPEN), KIND(CONFIRM), 0, LIFE(CONFIRMED)},
        {KIND(CANCEL), LIFE(OPEN), KIND(CONFIRM), 0, LIFE(CONFIRMED)},
        {KIND(WITHDRAW), LIFE(OPEN), KIND(CONFIRM), 0, LIFE(CONFIRMED)},
        {KIND(CONTEST), LIFE(OPEN), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(CONTEST), LIFE(OPEN), KIND(DECISION), O(UPHELD), LIFE(UPHELD)},
        {KIND(CONTEST), LIFE(OPEN), KIND(DECISION), O(REJECTED), LIFE(REJECTED)},
        {KIND(CONTEST), LIFE(ACKNOWLEDGED), KIND(ACK), 0, LIFE(ACKNOWLEDGED)},
        {KIND(CONTEST), LIFE(ACKNOWLEDGED), KIND(DECISION), O(UPHELD), LIFE(UPHELD)},
        {KIND(CONTEST), LIFE(ACKNOWLEDGED), KIND(DECISION), O(REJECTED), LIFE(REJECTED)},
    };
    for (size_t i = 0; i < AM_LEN(SAID); i++)
        expect(SAID[i].root, SAID[i].from, SAID[i].kind, SAID[i].outcomes, SAID[i].to);
}

// "a HIT, CANNOT_EXECUTE, ACK, RESPONSE, REFUSAL or CONFIRM that crosses an UPDATE, CANCEL, expiry or WITHDRAW is
// always taken, marked CROSSED, and moves nothing"
static bool always_taken(unsigned kind)
{
    return kind == KIND(HIT) || kind == KIND(CANNOT_EXECUTE) || kind == KIND(ACK) || kind == KIND(RESPONSE) ||
           kind == KIND(REFUSAL) || kind == KIND(CONFIRM);
}

static bool crosses(unsigned root, unsigned state, unsigned kind)
{
    bool found = kind == KIND(HIT) || kind == KIND(CANNOT_EXECUTE);
    if (root == KIND(ALERT) && state == LIFE(EXPIRED))
        return always_taken(kind);
    if (root == KIND(ALERT) && (state == LIFE(STOPPING) || state == LIFE(STOPPED)))
        return found;
    return moves[root][KIND(WITHDRAW)] && state == LIFE(WITHDRAWN) && always_taken(kind);
}

static int design(void **state)
{
    static const struct column ALERTS[] = {
        {{KIND(ACK)}, 0}, {{KIND(UPDATE)}, 0}, {{KIND(CANCEL)}, 0}, {{KIND(HIT), KIND(CANNOT_EXECUTE)}, 0}};
    static const struct column REQUESTS[] = {{{KIND(ACK)}, 0},
                                             {{KIND(PROGRESS)}, O(IN_HAND)},
                                             {{KIND(PROGRESS)}, O(AWAITING_AUTHORISATION) | O(CLARIFICATION_ASKED)},
                                             {{KIND(CLARIFICATION)}, 0},
                                             {{KIND(RESPONSE)}, 0},
                                             {{KIND(REFUSAL)}, 0},
                                             {{KIND(WITHDRAW)}, 0}};
    paste(KIND(ALERT), ALERT_TABLE, AM_LEN(ALERT_TABLE), ALERTS, AM_LEN(ALERTS));
    paste(KIND(REQUEST), REQUEST_TABLE, AM_LEN(REQUEST_TABLE), REQUESTS, AM_LEN(REQUESTS));
    in_words();
    return 0;
}

static void check_move(unsigned root, uint8_t state, unsigned kind, unsigned outcome)
{
    uint8_t next = 200, want = expected[root][state][kind][outcome];
    enum life_result result = life_move(root, state, kind, outcome, true, &next);
    if (!moves[root][kind])
        assert_int_equal(result, LIFE_UNMOVED);
    else if (want == EXPECT_CROSSED || (want == EXPECT_FORBIDDEN && crosses(root, state, kind)))
        assert_int_equal(result, LIFE_CROSSED);
    else if (want == EXPECT_FORBIDDEN)
        assert_int_equal(result, LIFE_FORBIDDEN);
    else
        assert_int_equal(result, LIFE_MOVED);
    assert_int_equal(next, result == LIFE_MOVED ? want : 200);
}

static void every_state_and_event_leads_where_the_design_says(void **state)
{
    for (unsigned root = 0; root < KIND_COUNT; root++)
        for (unsigned at = 0; at < STATES; at++)
            for (unsigned kind = 1; kind < KIND_COUNT; kind++)
                for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
                    check_move(root, (uint8_t)at, kind, outcome);
}

static void what_is_open_is_what_moves(void **state)
{
    for (unsigned root = 1; root < KIND_COUNT; root++)
        for (unsigned at = 0; at < STATES; at++)
            for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
                bool some = false;
                uint8_t next;
                for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
                    some |= life_move(root, (uint8_t)at, kind, outcome, true, &next) == LIFE_MOVED;
                assert_int_equal((life_open(root, (uint8_t)at) & KIND_BIT(kind)) != 0, some);
            }
}

static void an_answer_to_an_older_version_of_an_alert_crosses_and_moves_nothing(void **state)
{
    static const uint8_t STATES_OF_ALERT[] = {LIFE(NEW), LIFE(ACKNOWLEDGED), LIFE(STOPPING), LIFE(STOPPED),
                                              LIFE(EXPIRED)};
    static const unsigned ANSWERS[] = {KIND(ACK), KIND(HIT), KIND(CANNOT_EXECUTE)};
    for (size_t i = 0; i < AM_LEN(STATES_OF_ALERT); i++)
        for (size_t j = 0; j < AM_LEN(ANSWERS); j++) {
            uint8_t next = 200;
            assert_int_equal(life_move(KIND(ALERT), STATES_OF_ALERT[i], ANSWERS[j], 0, false, &next), LIFE_CROSSED);
            assert_int_equal(next, 200);
        }
}

static void only_an_alert_has_versions_that_an_answer_could_miss(void **state)
{
    uint8_t next;
    assert_int_equal(life_move(KIND(REQUEST), LIFE(OPEN), KIND(ACK), 0, false, &next), LIFE_MOVED);
    assert_int_equal(life_move(KIND(ALERT), LIFE(NEW), KIND(UPDATE), 0, false, &next), LIFE_MOVED);
}

static void an_open_alert_expires_at_valid_until_and_not_before(void **state)
{
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(NEW), 1000, 999), LIFE(NEW));
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(NEW), 1000, 1000), LIFE(EXPIRED));
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(ACKNOWLEDGED), 1000, 1000), LIFE(EXPIRED));
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(STOPPING), 1000, 1001), LIFE(STOPPING));
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(STOPPED), 1000, 1001), LIFE(STOPPED));
    assert_int_equal(life_state_at(KIND(HIT), LIFE(OPEN), 1000, 1001), LIFE(OPEN));
    assert_int_equal(life_state_at(KIND(ALERT), LIFE(NEW), 0, 1001), LIFE(NEW));
}

static void every_root_begins_in_a_state_that_something_moves(void **state)
{
    for (unsigned kind = 1; kind < KIND_COUNT; kind++) {
        assert_int_equal(life_first(kind) != LIFE(UNSPECIFIED), kind_get(kind)->root);
        if (kind_get(kind)->root)
            assert_int_not_equal(life_open(kind, life_first(kind)), 0);
    }
    assert_int_equal(life_first(KIND_COUNT), LIFE(UNSPECIFIED));
}

static void states_that_nothing_leaves_are_ends(void **state)
{
    static const uint8_t ENDS[] = {LIFE(WITHDRAWN), LIFE(DECLINED),  LIFE(CLOSED),
                                   LIFE(GRANTED),   LIFE(CONFIRMED), LIFE(UPHELD)};
    for (size_t i = 0; i < AM_LEN(ENDS); i++)
        for (unsigned root = 1; root < KIND_COUNT; root++)
            assert_int_equal(life_open(root, ENDS[i]), 0);
}

static void an_originator_waits_for_what_the_recipient_owes(void **state)
{
    static const struct {
        unsigned root;
        uint8_t state;
        enum life_wait wait;
    } WAITS[] = {
        {KIND(ALERT), LIFE(NEW), LIFE_WAIT_ACK},
        {KIND(ALERT), LIFE(ACKNOWLEDGED), LIFE_WAIT_NONE},
        {KIND(ALERT), LIFE(STOPPING), LIFE_WAIT_ACK},
        {KIND(ALERT), LIFE(STOPPED), LIFE_WAIT_NONE},
        {KIND(ALERT), LIFE(EXPIRED), LIFE_WAIT_NONE},
        {KIND(HIT), LIFE(OPEN), LIFE_WAIT_ACK},
        {KIND(HIT), LIFE(ACKNOWLEDGED), LIFE_WAIT_NONE},
        {KIND(REQUEST), LIFE(OPEN), LIFE_WAIT_ACK},
        {KIND(REQUEST), LIFE(ACKNOWLEDGED), LIFE_WAIT_ANSWER},
        {KIND(REQUEST), LIFE(IN_PROGRESS), LIFE_WAIT_ANSWER},
        {KIND(REQUEST), LIFE(SUSPENDED), LIFE_WAIT_ANSWER},
        {KIND(REQUEST), LIFE(ANSWERED), LIFE_WAIT_NONE},
        {KIND(REQUEST), LIFE(REFUSED), LIFE_WAIT_NONE},
        {KIND(REQUEST), LIFE(WITHDRAWN), LIFE_WAIT_NONE},
        {KIND(REFERRAL), LIFE(OFFERED), LIFE_WAIT_ACK},
        {KIND(REFERRAL), LIFE(ACCEPTED), LIFE_WAIT_NONE},
        {KIND(REFERRAL), LIFE(CLOSED), LIFE_WAIT_NONE},
        {KIND(ERASURE), LIFE(OPEN), LIFE_WAIT_ANSWER},
        {KIND(ERASURE), LIFE(CONFIRMED), LIFE_WAIT_NONE},
        {KIND(CONTEST), LIFE(ACKNOWLEDGED), LIFE_WAIT_ANSWER},
    };
    for (size_t i = 0; i < AM_LEN(WAITS); i++)
        assert_int_equal(life_waits(WAITS[i].root, WAITS[i].state), WAITS[i].wait);
}

static void a_summary_counts_each_life_once(void **state)
{
    struct life_summary summary = {0};
    life_summary_add(&summary, KIND(REQUEST), LIFE(OPEN));
    life_summary_add(&summary, KIND(REQUEST), LIFE(SUSPENDED));
    life_summary_add(&summary, KIND(REQUEST), LIFE(IN_PROGRESS));
    life_summary_add(&summary, KIND(REQUEST), LIFE(REFUSED));
    assert_int_equal(summary.lives, 4);
    assert_int_equal(summary.to_acknowledge, 1);
    assert_int_equal(summary.to_answer, 2);
    assert_int_equal(summary.done, 1);
}

static void the_answer_clock_stands_still_where_a_request_is_suspended_alone(void **state)
{
    for (unsigned at = 0; at < STATES; at++)
        assert_int_equal(life_clock_stands((uint8_t)at), at == LIFE(SUSPENDED));
}

// A row's kind may be sent at all about that root: the tables of kinds and of lives agree.
static void what_moves_a_life_may_answer_its_root(void **state)
{
    size_t n;
    const struct life_row *rows = life_rows(&n);
    for (size_t i = 0; i < n; i++) {
        const struct kind *kind = kind_get(rows[i].kind);
        assert_true((kind->on & KIND_BIT(rows[i].root)) != 0);
        assert_true((rows[i].outcomes & ~kind->outcomes) == 0);
    }
}

// --- As its unit knows it
// A referral stays OFFERED: that it was taken on is known by whom.
static void who_took_it_on_is_known_whether_or_not_that_moved_it(void **state)
{
    struct journal_life life = {.recipient = "et/ics/moyale", .officer = "somebody"};
    struct life_known known;
    life_known_version(&known, 7);
    life_known_withheld(&known, 9, LIFE(OFFERED), LIFE(WITHDRAWN), 1000);
    life_known_fill(&known, NULL, &life);
    assert_string_equal(life.officer, "");
    life_known_answered(&known, KIND(ACK), LIFE(OFFERED), 2000);
    life_known_fill(&known, NULL, &life);
    assert_string_not_equal(life.officer, "");
    life_known_version(&known, 8); // a newer one is to be taken on anew
    life_known_fill(&known, NULL, &life);
    assert_string_equal(life.officer, "");
    (void)state;
}

static void a_life_has_gone_on_where_another_began_its_clock_or_it_was_withdrawn(void **state)
{
    const struct journal_life newer = {.clock_seq = 8, .state = LIFE(NEW)},
                              withdrawn = {.clock_seq = 7, .state = LIFE(WITHDRAWN)},
                              open = {.clock_seq = 7, .state = LIFE(OPEN)};
    assert_true(life_gone_on(KIND(ALERT), KIND(ALERT), 7, &newer));
    assert_true(life_gone_on(KIND(ALERT), KIND(UPDATE), 7, &newer));
    assert_false(life_gone_on(KIND(ALERT), KIND(UPDATE), 8, &newer));
    assert_false(life_gone_on(KIND(ALERT), KIND(CANCEL), 7, &newer)); // began none to look for
    assert_false(life_gone_on(KIND(ALERT), KIND(HIT), 7, &newer));
    assert_true(life_gone_on(KIND(REQUEST), KIND(REQUEST), 7, &withdrawn));
    assert_false(life_gone_on(KIND(REQUEST), KIND(PROGRESS), 9, &withdrawn));
    assert_false(life_gone_on(KIND(REQUEST), KIND(REQUEST), 7, &open));
    (void)state;
}

// domain.md, Release and Delivery: what is not there is possible in no state.
static void a_release_and_a_delivery_go_where_the_design_says(void **state)
{
    static const struct {
        uint8_t state, by_release, by_return, by_time;
        bool deferred;
    } RELEASES[] = {
        {RELEASE_STATE(PENDING_RELEASE), RELEASE_STATE(RELEASED), RELEASE_STATE(RETURNED), RELEASE_STATE(LAPSED),
         false},
        {RELEASE_STATE(PENDING_RELEASE), RELEASE_STATE(RELEASED), RELEASE_STATE(RETURNED), RELEASE_STATE(LAPSED), true},
        {RELEASE_STATE(LAPSED), 0, 0, 0, false},
        {RELEASE_STATE(LAPSED), RELEASE_STATE(RELEASED), RELEASE_STATE(RETURNED), 0, true}, // late
        {RELEASE_STATE(RELEASED), 0, 0, 0, true},
        {RELEASE_STATE(RETURNED), 0, 0, 0, true},
        {RELEASE_STATE(UNSPECIFIED), 0, 0, 0, true},
    };
    for (size_t i = 0; i < AM_LEN(RELEASES); i++) {
        assert_int_equal(release_next(RELEASES[i].state, PASSAGE_RELEASE, RELEASES[i].deferred),
                         RELEASES[i].by_release);
        assert_int_equal(release_next(RELEASES[i].state, PASSAGE_SEND_BACK, RELEASES[i].deferred),
                         RELEASES[i].by_return);
        assert_int_equal(release_next(RELEASES[i].state, PASSAGE_LAPSE, RELEASES[i].deferred), RELEASES[i].by_time);
        assert_int_equal(release_open(RELEASES[i].state, RELEASES[i].deferred), RELEASES[i].by_release != 0);
    }
    static const uint8_t DELIVERIES[][6] = {
        // RELAY, DELIVER, REFUSE, RETRIEVE, EXPIRE
        {DELIVERY_STATE(QUEUED), DELIVERY_STATE(RELAYED), DELIVERY_STATE(DELIVERED), DELIVERY_STATE(PEER_REFUSED), 0,
         DELIVERY_STATE(EXPIRED)},
        {DELIVERY_STATE(RELAYED), 0, DELIVERY_STATE(DELIVERED), DELIVERY_STATE(PEER_REFUSED), 0,
         DELIVERY_STATE(EXPIRED)},
        {DELIVERY_STATE(DELIVERED), 0, 0, 0, DELIVERY_STATE(RETRIEVED), DELIVERY_STATE(EXPIRED)},
        {DELIVERY_STATE(EXPIRED), 0, 0, 0, DELIVERY_STATE(RETRIEVED), 0}, // it had it
        {DELIVERY_STATE(RETRIEVED), 0, 0, 0, 0, 0},
        {DELIVERY_STATE(PEER_REFUSED), 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < AM_LEN(DELIVERIES); i++)
        for (unsigned move = PASSAGE_RELAY; move <= PASSAGE_EXPIRE; move++)
            assert_int_equal(delivery_next(DELIVERIES[i][0], (enum passage_move)move),
                             DELIVERIES[i][1 + move - PASSAGE_RELAY]);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_event_leads_where_the_design_says),
        cmocka_unit_test(what_is_open_is_what_moves),
        cmocka_unit_test(an_answer_to_an_older_version_of_an_alert_crosses_and_moves_nothing),
        cmocka_unit_test(only_an_alert_has_versions_that_an_answer_could_miss),
        cmocka_unit_test(an_open_alert_expires_at_valid_until_and_not_before),
        cmocka_unit_test(every_root_begins_in_a_state_that_something_moves),
        cmocka_unit_test(states_that_nothing_leaves_are_ends),
        cmocka_unit_test(an_originator_waits_for_what_the_recipient_owes),
        cmocka_unit_test(a_summary_counts_each_life_once),
        cmocka_unit_test(the_answer_clock_stands_still_where_a_request_is_suspended_alone),
        cmocka_unit_test(what_moves_a_life_may_answer_its_root),
        cmocka_unit_test(who_took_it_on_is_known_whether_or_not_that_moved_it),
        cmocka_unit_test(a_release_and_a_delivery_go_where_the_design_says),
        cmocka_unit_test(a_life_has_gone_on_where_another_began_its_clock_or_it_was_withdrawn),
    };
    return cmocka_run_group_tests(tests, design, NULL);
}
