// SPDX-License-Identifier: Apache-2.0
// The rows of deadlines: what is read ahead, what goes, what comes again after a stop; and random sequences against a
// model that looks at every clock at every step.
#include "tests/unit/hub_clocks.h"

#include <inttypes.h>
#include <stdio.h>

static void a_message_costs_one_row_and_an_answer_in_time_none(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    assert_int_equal(world->model.n_deadlines, 1);
    accepted(world, world_answer(world, POST, KIND(ACK), alert, alert));
    assert_int_equal(world->model.n_deadlines, 2); // its own
}

// A hub that could not do without what such a row is about would look at it again each minute, for ever.
static void a_row_that_leads_to_nothing_goes_and_tells_nobody(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    retrieves(world, POST, URI(POST, "d1"), alert->seq);
    struct journal_deadline rows[] = {
        {.kind = DEADLINE_CLOCKS, .subject = world->model.n - 1}, // RETRIEVED: no message
        {.kind = DEADLINE_REVIEW, .subject = 1000},
        {.kind = DEADLINE_RELEASE, .subject = alert->seq}, // waits for nobody
        {.kind = DEADLINE_RING, .subject = alert->seq},
        {.kind = DEADLINE_KINDS, .subject = alert->seq},
        {.kind = 0, .subject = alert->seq},
    };
    const struct journal_append append = {.deadlines = rows, .n_deadlines = AM_LEN(rows), .time_ns = world->now};
    size_t entries = world->model.n, kept = world->model.n_deadlines;
    for (size_t i = 0; i < AM_LEN(rows); i++)
        rows[i].at = world->now + MINUTE_NS + i;
    assert_int_equal(model_commit(&world->model, &append).result, JOURNAL_DONE);
    assert_int_equal(world->model.n_deadlines, kept + AM_LEN(rows));
    world_restart(world);
    world_pass(world, 2 * MINUTE_NS);
    assert_int_equal(world->model.n_deadlines, kept);
    assert_int_equal(world->model.n, entries);
}

static void deadlines_go_on_after_a_restart(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world_pass(world, 5 * MINUTE_NS);
    world_restart(world);
    world_pass(world, 10 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    world_restart(world);
    world_pass(world, DAY_NS); // the hub was away for a day
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    assert_true(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline->clocks[0]->again);
}

static void what_finds_no_room_comes_again(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.no_room = true;
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world->model.no_room = false;
    world_pass(world, NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0); // a minute
    world->n_woken = 0;
    world_pass(world, MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    assert_true(world->n_woken > 0); // both sides hear of it at once
}

static void what_the_keeper_has_no_time_for_or_the_log_may_not_take_comes_again(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.busy = true;
    world_pass(world, 15 * MINUTE_NS);
    world->model.busy = false, world->model.read_only = true;
    world_pass(world, 2 * NS_PER_S);
    world->model.read_only = false;
    world_pass(world, 2 * NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0); // a minute
    world_pass(world, MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

// More than are looked at at once.
static void a_deadline_that_can_t_be_read_waits_and_the_others_go_on(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i <= HUB_DUES; i++)
        accepted(world, alert_to(world, POLICE, POST));
    struct letter *other = alert_to(world, POLICE, POST);
    accepted(world, other);
    world->model.damaged = other->seq;
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
    assert_int_equal(entry_of(world, ENTRY(DEADLINE), 0)->of, other->seq);
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2); // it has escalated
    world->model.damaged = 0;
    world_pass(world, 30 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2 + 2 * (1 + HUB_DUES));
}

static void what_can_t_be_read_is_looked_at_the_later_again_the_later_it_is(void **state)
{
    struct world *world = *state;
    unsigned looks = 0;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.damaged = UINT64_MAX;
    world_pass(world, 15 * MINUTE_NS);
    for (unsigned minute = 0; minute < 6 * 60; minute++) {
        world->now += MINUTE_NS;
        world->monotonic += MINUTE_NS;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
        looks += (unsigned)world->n_checks;
        world_pump(world);
    }
    assert_in_range(looks, 6, 15);
    world->model.damaged = 0;
    world_pass(world, HOUR_NS); // and after an hour at most
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
}

static void while_the_disk_gives_nothing_all_deadlines_wait_and_then_come(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    accepted(world, alert_to(world, POLICE, POST));
    world->model.unread = true;
    world_pass(world, 15 * MINUTE_NS);
    world->model.unread = false;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_int_equal(world->n_checks, 0);
    world_pass(world, NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
}

static void a_full_disk_keeps_no_deadline_from_being_told(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->model.full = true;
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

// The hub was away, and is looking at what ran out twice over: its row goes, and must not take the new clock's with it.
static void a_retrieval_that_comes_while_a_deadline_is_looked_at_begins_its_clock(void **state)
{
    struct world *world = *state;
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    world->now += 31 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    world_check_one(world, 0);
    world_commit_one(world, 0); // overdue; what has escalated by now follows at once
    assert_int_equal(world->n_checks, 1);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 1);
    struct hub_retrieval retrieval = {
        .work = {.kind = HUB_WORK_RETRIEVAL, .identity = URI(POST, "d1"), .unit = POST},
        .statement = {(const uint8_t *)"statement", 9},
        .signature = {(const uint8_t *)"signed", 6},
    };
    model_read_retrieval(&world->model, &retrieval, &alert->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    assert_int_equal(world->n_appends, 2);
    world_commit_one(world, 1); // is faster
    world_pump(world);
    assert_int_equal(retrieval.work.reason, REASON_NONE);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 2);
    world_pass(world, 15 * MINUTE_NS);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 3);
    clock_is(entry_of(world, ENTRY(DEADLINE), 0)->content->deadline, 0, DEADLINE(ACK), FROM(RETRIEVAL),
             WORLD_START + 46 * MINUTE_NS, false);
}

// Else nothing would destroy it.
static void what_is_to_go_before_its_first_clock_runs_out_goes(void **state)
{
    struct world *world = *state;
    struct letter *letter = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, letter, POST, ACTION);
    letter->retain_until.seconds = (int64_t)((world->now + 10 * MINUTE_NS) / NS_PER_S);
    accepted(world, letter);
    world_pass(world, 10 * MINUTE_NS);
    assert_true(model_message_at(&world->model, letter->seq)->erased);
    assert_int_equal(entries_of(world, ENTRY(ERASED)), 1);
}

static void the_hub_does_not_stop_over_a_deadline_that_is_looked_at(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    assert_int_equal(world->n_checks, 1);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    assert_int_equal(world->n_appends, 0);
    world_pump(world);
    assert_true(world->stopped);
    assert_int_equal(last_entry(world)->kind, ENTRY(STOP));
}

static void a_deadline_that_is_looked_at_while_the_hub_stops_is_told_at_its_next_start(void **state)
{
    struct world *world = *state;
    accepted(world, alert_to(world, POLICE, POST));
    world->now += 15 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world);
    assert_int_equal(world->n_checks, 1);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    world_pump(world);
    assert_true(world->stopped);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 0);
    world_restart(world);
    world_pass(world, NS_PER_S);
    assert_int_equal(entries_of(world, ENTRY(DEADLINE)), 1);
}

static void only_the_next_hour_is_read(void **state)
{
    struct world *world = *state;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_true(world->reading);
    assert_int_equal(world->read_until, world->now + HOUR_NS);
    world_read(world);
    for (unsigned minute = 0; minute < 29; minute++) {
        world->now += MINUTE_NS;
        world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
        assert_false(world->reading);
    }
    world->now += 2 * MINUTE_NS;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    assert_true(world->reading);
    assert_int_equal(world->read_after.at, WORLD_START + HOUR_NS);
    assert_int_equal(world->read_until, world->now + HOUR_NS);
}

static void more_than_one_reading_holds_are_read_one_after_the_other(void **state)
{
    struct world *world = *state;
    struct journal_deadline *rows = calloc(HUB_DEADLINES_READ, sizeof *rows);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    for (size_t i = 0; i < HUB_DEADLINES_READ; i++)
        rows[i] = (struct journal_deadline){
            .kind = DEADLINE_CLOCKS, .subject = 1000000 + i, .at = world->now + MINUTE_NS + i / 2};
    world->reading = false;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_DEADLINES, .deadlines = {rows, HUB_DEADLINES_READ, AM_OK}});
    assert_true(world->reading);
    assert_int_equal(world->read_after.subject, rows[HUB_DEADLINES_READ - 1].subject);
    assert_int_equal(world->read_after.at, rows[HUB_DEADLINES_READ - 1].at);
    free(rows);
}

// A busy hour: what comes later than what is held is left in the journal, and read when its time has come.
static void more_than_the_hub_holds_is_left_in_the_journal_and_lost_by_nobody(void **state)
{
    struct world *world = *state;
    const struct journal_deadline *row;
    size_t n = 17u * HUB_DEADLINES_READ, taken = 0;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    world_read(world); // nothing: the next hour is known
    struct letter *alert = alert_to(world, POLICE, POST);
    accepted(world, alert); // its row, and as many others as no hour has
    struct model *model = &world->model;
    model->deadlines_room = model->n_deadlines + n;
    model->deadlines = reallocarray(model->deadlines, model->deadlines_room, sizeof *model->deadlines);
    for (size_t i = 0; i < n; i++)
        model->deadlines[model->n_deadlines++] = (struct journal_deadline){
            .kind = DEADLINE_REVIEW, .subject = 1000000 + i, .at = world->now + MINUTE_NS + i};
    world_restart(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_TICK});
    for (; world->reading; taken++)
        world_read(world);
    assert_int_equal(taken, 4); // and no more for now
    row = &world->read_after;
    assert_true(row->at < world->now + MINUTE_NS + n);
    world_pass(world, 2 * MINUTE_NS); // they are about nothing that is there: each goes, none stays
    assert_int_equal(world->model.n_deadlines, 1);
}

// --- Random sequences against a model that has no rows: at each step every clock of every message is looked at.
struct naive {
    struct world *world;
    uint64_t random;
};

static uint32_t chance(struct naive *naive, uint32_t below)
{
    naive->random ^= naive->random >> 12;
    naive->random ^= naive->random << 25;
    naive->random ^= naive->random >> 27;
    return (uint32_t)((naive->random * 2685821657736338717u) >> 33) % below;
}

// Nothing that has run out by now is left untold, in whatever order things came.
static void nothing_is_left(struct naive *naive)
{
    struct world *world = naive->world;
    for (uint64_t seq = 0; seq < world->model.n; seq++) {
        struct journal_deadline row = {.kind = DEADLINE_CLOCKS, .subject = seq, .at = 1};
        struct hub_due due = {.deadline = row};
        bool there = false;
        uint64_t first = UINT64_MAX;
        if (world->model.entries[seq].message == NULL)
            continue;
        for (size_t i = 0; i < world->model.n_deadlines; i++) {
            const struct journal_deadline *at = &world->model.deadlines[i];
            if (at->subject != seq || at->kind == DEADLINE_REVIEW)
                continue;
            due.deadline = *at;
            there = true;
            first = at->at < first ? at->at : first;
        }
        if (!there)
            continue; // beyond its retain_until
        model_read_due(&world->model, &due);
        uint64_t next = clock_next(&due.clocks);
        if (next != 0 && next <= world->now)
            fail_msg("a clock of %" PRIu64 " ran out at %" PRIu64 " and was not told at %" PRIu64, seq,
                     (uint64_t)((next - WORLD_START) / NS_PER_S), (uint64_t)((world->now - WORLD_START) / NS_PER_S));
        if (first > (next != 0 ? next : due.clocks.retain_until))
            fail_msg("the row of %" PRIu64 " is late: %" PRId64 ", and not %" PRId64 " or %" PRId64 "; now %" PRIu64,
                     seq, (int64_t)(first - WORLD_START) / (int64_t)NS_PER_S,
                     (int64_t)(next - WORLD_START) / (int64_t)NS_PER_S,
                     (int64_t)(due.clocks.retain_until - WORLD_START) / (int64_t)NS_PER_S,
                     (uint64_t)((world->now - WORLD_START) / NS_PER_S));
        assert_true(first > world->now);
    }
}

static void random_sequence(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    struct naive naive = {world, seed * 2 + 1};
    static const unsigned ANSWERS[] = {KIND(ACK), KIND(PROGRESS), KIND(PROGRESS), KIND(CLARIFICATION), KIND(RESPONSE)};
    struct letter *roots[200];
    size_t n = 0;
    world_init(world, NULL);
    for (unsigned step = 0; step < 600; step++) {
        struct letter *letter = NULL;
        switch (chance(&naive, 8)) {
        case 0:
            if (n == AM_LEN(roots))
                break;
            letter = letter_new(world, POLICE, chance(&naive, 2) ? KIND(ALERT) : KIND(REQUEST));
            letter->header.urgency = 1 + chance(&naive, 4);
            if (letter->header.urgency > 2)
                letter->header.urgency_reason = 0;
            letter_to(world, letter, POST, ACTION);
            if (chance(&naive, 2))
                letter_to(world, letter, LONELY, ACTION);
            if (letter->header.kind == KIND(ALERT))
                letter->valid_until.seconds = letter->written_at.seconds + 60 + chance(&naive, 200000);
            letter->retain_until.seconds = letter->written_at.seconds + 200000 + chance(&naive, 900000);
            accepted(world, letter);
            roots[n++] = letter;
            break;
        case 1:
        case 2: {
            if (n == 0)
                break;
            const struct letter *root = roots[chance(&naive, (uint32_t)n)];
            if (root->header.kind == KIND(ALERT)) {
                (void)letter_send(world, world_answer(world, POST, KIND(ACK), root, root));
                break;
            }
            unsigned kind = ANSWERS[chance(&naive, AM_LEN(ANSWERS))];
            unsigned outcome = kind == KIND(PROGRESS) ? OUTCOME(IN_HAND) + chance(&naive, 3) : 0;
            if (kind == KIND(RESPONSE))
                outcome = OUTCOME(FULL);
            bool back = kind != KIND(CLARIFICATION);
            (void)letter_send(world, about(world, back ? POST : POLICE, kind, outcome, root, back ? POLICE : POST));
            break;
        }
        case 3: {
            const struct model_mailbox *box = model_mailbox(&world->model, URI(POST, "d1"));
            for (size_t i = 0; i < box->n; i++)
                if (box->rows[i].kind == JOURNAL_MAIL_MESSAGE && chance(&naive, 2)) {
                    retrieves(world, POST, URI(POST, "d1"), box->rows[i].seq);
                    break;
                }
            break;
        }
        case 4:
            if (chance(&naive, 10) == 0)
                world_restart(world);
            break;
        default: break;
        }
        world_pass(world, chance(&naive, 4) == 0 ? chance(&naive, 20000) * NS_PER_S : chance(&naive, 600) * NS_PER_S);
        nothing_is_left(&naive);
    }
    for (unsigned day = 0; day < 30; day++) {
        world_pass(world, DAY_NS);
        nothing_is_left(&naive);
    }
    assert_int_equal(world->model.n_deadlines, 0);
    world_clear(world);
    free(world);
}

static void random_sequences_leave_nothing_untold(void **state)
{
    const char *said = getenv("AMANA_SEED");
    uint64_t seed = said != NULL ? strtoull(said, NULL, 10) : (uint64_t)arc4random();
    print_message("seed %" PRIu64 " (AMANA_SEED=%" PRIu64 " repeats it)\n", seed, seed);
    for (uint64_t fixed = 1; fixed <= 5; fixed++)
        random_sequence(fixed);
    random_sequence(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_message_costs_one_row_and_an_answer_in_time_none),
        HUB_TEST(a_row_that_leads_to_nothing_goes_and_tells_nobody),
        HUB_TEST(deadlines_go_on_after_a_restart),
        HUB_TEST(what_finds_no_room_comes_again),
        HUB_TEST(what_the_keeper_has_no_time_for_or_the_log_may_not_take_comes_again),
        HUB_TEST(a_deadline_that_can_t_be_read_waits_and_the_others_go_on),
        HUB_TEST(what_can_t_be_read_is_looked_at_the_later_again_the_later_it_is),
        HUB_TEST(while_the_disk_gives_nothing_all_deadlines_wait_and_then_come),
        HUB_TEST(a_full_disk_keeps_no_deadline_from_being_told),
        HUB_TEST(a_retrieval_that_comes_while_a_deadline_is_looked_at_begins_its_clock),
        HUB_TEST(what_is_to_go_before_its_first_clock_runs_out_goes),
        HUB_TEST(the_hub_does_not_stop_over_a_deadline_that_is_looked_at),
        HUB_TEST(a_deadline_that_is_looked_at_while_the_hub_stops_is_told_at_its_next_start),
        HUB_TEST(only_the_next_hour_is_read),
        HUB_TEST(more_than_one_reading_holds_are_read_one_after_the_other),
        HUB_TEST(more_than_the_hub_holds_is_left_in_the_journal_and_lost_by_nobody),
        cmocka_unit_test(random_sequences_leave_nothing_untold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
