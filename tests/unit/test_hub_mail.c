// SPDX-License-Identifier: Apache-2.0
// Retrievals, notices and copies; and a journal that is full or may not append.
#include "tests/unit/hub_expect.h"

// --- Retrievals
static struct hub_retrieval retrieval_of(struct world *world, const char *unit, const char *device,
                                         const uint64_t *seqs, size_t n, const uint64_t *notices, size_t n_notices)
{
    struct hub_retrieval retrieval = {.work = {.kind = HUB_WORK_RETRIEVAL, .identity = device, .unit = unit},
                                      .statement = {(const uint8_t *)"statement", 9},
                                      .signature = {(const uint8_t *)"signed", 6}};
    model_read_retrieval(&world->model, &retrieval, seqs, n, notices, n_notices);
    retrieval.roster = hub_roster_number(world->hub, unit);
    return retrieval;
}

static enum reason retrieve(struct world *world, struct hub_retrieval *retrieval)
{
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = retrieval});
    world_pump(world);
    return retrieval->work.reason;
}

static void a_signed_retrieval_is_an_entry_and_the_row_goes(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    world->now += MINUTE_NS;
    assert_int_equal(retrieve(world, &retrieval), REASON_NONE);
    const struct model_entry *entry = last_entry(world);
    assert_int_equal(entry->kind, ENTRY(RETRIEVED));
    assert_int_equal(entry->class, JOURNAL_CLASS_MESSAGE);
    assert_int_equal(entry->of, alert->seq);
    assert_int_equal(entry->erase_after, WORLD_START / DAY_NS + 367);
    assert_true(entry->content->retrieved->first);
    assert_memory_equal(entry->content->retrieved->statement.data, "statement", 9);
    assert_memory_equal(entry->content->retrieved->signature.data, "signed", 6);
    assert_string_equal(entry->content->retrieved->device, URI(POST, "d1"));
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d1"))->n, 0);
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d2"))->n, 1); // it has its own
    const struct journal_delivery *row = &model_message_at(&world->model, alert->seq)->deliveries[0];
    assert_int_equal(row->state, AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED);
    assert_int_equal(row->retrieved_at, world->now);
    assert_int_equal(row->delivered_at, WORLD_START);
}

static void the_first_device_of_a_unit_is_told_to_each_device_of_the_originator(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval first = retrieval_of(world, POST, URI(POST, "d2"), &alert->seq, 1, NULL, 0);
    world->n_woken = 0;
    (void)retrieve(world, &first);
    uint64_t at = world->now;
    world->now += MINUTE_NS;
    const struct model_mailbox *one = model_mailbox(&world->model, URI(POLICE, "d1"));
    assert_int_equal(one->n, 1);
    assert_int_equal(one->rows[0].kind, JOURNAL_MAIL_NOTICE);
    assert_int_equal(one->rows[0].urgency, 1);
    assert_int_equal(one->rows[0].seq, world->model.n - 1);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d2"))->n, 2); // its copy, and the notice
    assert_int_equal(world->n_woken, 2);
    struct hub_retrieval second = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    (void)retrieve(world, &second);
    assert_int_equal(last_entry(world)->kind, ENTRY(RETRIEVED)); // an entry all the same
    assert_false(last_entry(world)->content->retrieved->first);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d1"))->n, 1);
    assert_int_equal(model_message_at(&world->model, alert->seq)->deliveries[0].retrieved_at, at); // by the first
}

static void another_unit_has_a_first_device_of_its_own(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval post = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    (void)retrieve(world, &post);
    struct hub_retrieval shelter = retrieval_of(world, SHELTER, URI(SHELTER, "d1"), &alert->seq, 1, NULL, 0);
    (void)retrieve(world, &shelter);
    assert_true(last_entry(world)->content->retrieved->first);
}

static void what_was_retrieved_already_makes_no_entry_and_is_ok(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval once = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    (void)retrieve(world, &once);
    size_t before = world->model.n;
    struct hub_retrieval again = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    assert_int_equal(retrieve(world, &again), REASON_NONE);
    assert_int_equal(world->model.n, before);
}

static void one_statement_about_several_cases_is_found_under_each(void **state)
{
    struct world *world = *state;
    struct letter *one = world_alert(world), *two = alert_to(world, POLICE, POST);
    two->header.case_ref = (char *)"ke/dci/2026/77";
    two->header.urgency = AMANA__V1__URGENCY__CODE__U2;
    (void)letter_send(world, two);
    uint64_t seqs[] = {two->seq, one->seq};
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), seqs, 2, NULL, 0);
    (void)retrieve(world, &retrieval);
    assert_int_equal(last_entry(world)->n_cases, 2);
    assert_string_equal(last_entry(world)->cases[0], "ke/dci/2026/77");
    assert_string_equal(last_entry(world)->cases[1], "ke/dci/2026/004211");
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d1"))->n, 0);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d1"))->rows[0].urgency, 1); // of the most urgent
}

static void one_statement_about_several_messages_is_an_entry_of_each_kept_as_long_as_the_longest(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *case_ref;
        unsigned urgency, days;
    } ROWS[] = {{"ke/dci/2026/78", 3, 30},
                {"ke/dci/2026/77", 2, 900},
                {"ke/dci/2026/79", 1, 500},
                {"ke/dci/2026/77", 3, 30},
                {"ke/dci/2026/78", 4, 30}};
    struct letter *letters[AM_LEN(ROWS)];
    uint64_t seqs[AM_LEN(ROWS)];
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        letters[i] = alert_to(world, POLICE, POST);
        letters[i]->header.case_ref = (char *)ROWS[i].case_ref;
        letters[i]->header.urgency = (Amana__V1__Urgency__Code)ROWS[i].urgency;
        if (ROWS[i].urgency > 2)
            letters[i]->header.urgency_reason = 0;
        letters[i]->retain_until.seconds = (int64_t)(world->now / NS_PER_S) + ROWS[i].days * 86400;
        accepted(world, letters[i]);
        seqs[i] = letters[i]->seq;
    }
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), seqs, AM_LEN(seqs), NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    assert_int_equal(world->n_appends, 1);
    const struct journal_entry *entry = &world->appends[0]->entries[0];
    assert_int_equal(entry->of, seqs[0]);
    assert_int_equal(entry->n_also_of, AM_LEN(seqs) - 1);
    assert_memory_equal(entry->also_of, &seqs[1], sizeof seqs - sizeof seqs[0]);
    assert_string_equal(entry->case_ref, ROWS[0].case_ref);
    assert_int_equal(entry->n_also_cases, 2);
    assert_string_equal(entry->also_cases[0], ROWS[1].case_ref);
    assert_string_equal(entry->also_cases[1], ROWS[2].case_ref);
    assert_int_equal(entry->n_parties, 2);
    assert_string_equal(entry->parties[0], POST);
    assert_string_equal(entry->parties[1], POLICE);
    assert_int_equal(entry->erase_after, (world->now + 930 * DAY_NS) / DAY_NS + 1);
    world_pump(world);
    for (const char *const *device = (const char *const[]){URI(POLICE, "d1"), URI(POLICE, "d2"), NULL}; *device != NULL;
         device++) {
        const struct model_mailbox *box = model_mailbox(&world->model, *device);
        assert_int_equal(box->rows[box->n - 1].seq, world->model.n - 1);
        assert_int_equal(box->rows[box->n - 1].urgency, 1); // of the most urgent
    }
}

static void a_note_to_the_own_unit_once_retrieved_is_an_entry_of_that_unit(void **state)
{
    struct world *world = *state;
    struct letter *note = letter_new(world, POLICE, KIND(NOTE));
    letter_to(world, note, POLICE, ACTION);
    accepted(world, note);
    struct hub_retrieval retrieval = retrieval_of(world, POLICE, URI(POLICE, "d2"), &note->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &retrieval});
    assert_int_equal(world->n_appends, 1);
    assert_int_equal(world->appends[0]->entries[0].n_parties, 1);
    assert_string_equal(world->appends[0]->entries[0].parties[0], POLICE);
    world_pump(world);
}

static void a_statement_about_two_originators_is_refused(void **state)
{
    struct world *world = *state;
    struct letter *one = world_alert(world), *two = alert_to(world, CHILD_DESK, POST);
    two->header.case_ref = (char *)"ke/dcs/2026/1";
    (void)letter_send(world, two);
    uint64_t seqs[] = {one->seq, two->seq};
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), seqs, 2, NULL, 0);
    assert_int_equal(retrieve(world, &retrieval), REASON_FIELD_INVALID);
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d1"))->n, 2);
}

static void notices_and_copies_go_without_an_entry(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    size_t before = world->model.n;
    struct hub_retrieval retrieval = retrieval_of(world, POLICE, URI(POLICE, "d2"), NULL, 0, &alert->seq, 1);
    retrieval.statement = retrieval.signature = (struct am_bytes){0};
    assert_int_equal(retrieve(world, &retrieval), REASON_NONE);
    assert_int_equal(world->model.n, before);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d2"))->n, 0);
}

static void two_acknowledgements_in_flight_become_one_entry(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    size_t before = world->model.n;
    struct hub_retrieval one = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0), two = one;
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &one});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &two});
    world_pump(world);
    assert_int_equal(one.work.reason, REASON_NONE);
    assert_int_equal(two.work.reason, REASON_NONE);
    assert_int_equal(world->model.n, before + 1);
}

// Where its clocks from retrieval run out hangs on how its life stands.
static void a_retrieval_that_an_answer_overtakes_is_looked_at_again(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *ack;
    struct hub_retrieval late = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &late});
    ack = world_answer(world, POST, KIND(ACK), alert, alert);
    letter_arrive(world, ack);
    world_check_one(world, 0);
    assert_int_equal(world->n_appends, 2);
    world_commit_one(world, 1);
    assert_int_equal(ack->submission.work.reason, REASON_NONE);
    world_pump(world);
    assert_int_equal(late.work.attempts, 2);
    assert_int_equal(late.work.reason, REASON_NONE);
    assert_int_equal(last_entry(world)->kind, ENTRY(RETRIEVED));
}

static void two_devices_in_flight_are_not_both_the_first(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval one = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    struct hub_retrieval two = retrieval_of(world, POST, URI(POST, "d2"), &alert->seq, 1, NULL, 0);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &one});
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &two});
    world_pump(world);
    assert_int_equal(model_mailbox(&world->model, URI(POLICE, "d1"))->n, 1);
    assert_false(last_entry(world)->content->retrieved->first);
}

static struct hub_roster_device NEXT_DEVICE[] = {{.uri = URI(POST, "d1"), .auth = {1}, .seal = {1}, .sign = {9}}};
static struct hub_roster_officer NEXT_OFFICER[] = {{.uri = "amana://" POST "/officer/o1"}};

// The post's next roster, on its way to the log.
static void roster_goes(struct world *world, struct hub_roster_change *change)
{
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    static const struct hub_roster roster = {.unit = POST,
                                             .number = 2,
                                             .digest = {2},
                                             .previous = {1},
                                             .signer = "amana://et/registry/desk/officer/r1",
                                             .devices = NEXT_DEVICE,
                                             .n_devices = 1,
                                             .officers = NEXT_OFFICER,
                                             .n_officers = 1};
    *change = (struct hub_roster_change){
        .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
        .roster = &roster,
        .record = &record};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = change});
}

static void a_roster_is_an_entry_of_its_unit_that_names_it_and_the_one_before(void **state)
{
    struct world *world = *state;
    static Amana__V1__RosterRecord record = AMANA__V1__ROSTER_RECORD__INIT;
    static const struct hub_roster LAST = {.unit = POST, .number = 3, .digest = {3}, .previous = {2}, .signer = "r"};
    struct hub_roster_change change;
    roster_goes(world, &change);
    assert_int_equal(world->n_appends, 1);
    const struct journal_append *append = world->appends[0];
    assert_int_equal(append->entries[0].n_parties, 1);
    assert_string_equal(append->entries[0].parties[0], POST);
    assert_int_equal(append->n_records, 1);
    assert_int_equal(append->records[0].kind, JOURNAL_RECORD_ROSTER);
    assert_string_equal(append->records[0].key, POST);
    assert_int_equal(append->records[0].number, 2);
    world_pump(world);
    const Amana__V1__RosterEntry *entry = last_entry(world)->content->roster;
    assert_int_equal(last_entry(world)->class, JOURNAL_CLASS_HUB);
    assert_string_equal(entry->unit, POST);
    assert_int_equal(entry->number, 2);
    assert_int_equal(entry->digest.len + entry->previous.len, 64);
    assert_int_equal(entry->digest.data[0], 2);
    assert_int_equal(entry->previous.data[0], 1);
    assert_string_equal(entry->signer, "amana://et/registry/desk/officer/r1");
    assert_false(entry->removed);
    change = (struct hub_roster_change){
        .work = {.kind = HUB_WORK_ROSTER, .identity = "amana://igad/hub", .unit = "igad/hub"},
        .roster = &LAST,
        .record = &record};
    world_step(world, (struct hub_event){.kind = HUB_EVENT_ROSTER, .roster = &change});
    world_pump(world);
    assert_int_equal(change.work.reason, REASON_NONE);
    assert_true(last_entry(world)->content->roster->removed); // nobody is on it
}

static void a_statement_that_a_roster_overtakes_is_checked_by_the_new_one(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_roster_change change;
    struct hub_retrieval late = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    roster_goes(world, &change);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &late});
    world_commit_one(world, 0);
    assert_int_equal(last_entry(world)->kind, ENTRY(ROSTER));
    assert_int_equal(late.roster, 1);
    world_commit_one(world, 0);
    assert_int_equal(last_entry(world)->kind, ENTRY(ROSTER)); // not after it
    world_pump(world);
    assert_int_equal(late.roster, 2);
    assert_int_equal(late.work.reason, REASON_NONE);
    assert_int_equal(last_entry(world)->kind, ENTRY(RETRIEVED));
}

static void a_statement_checked_before_a_roster_was_in_force_is_checked_by_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_roster_change change;
    struct hub_retrieval late = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    roster_goes(world, &change);
    world_pump(world);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_RETRIEVED, .retrieval = &late});
    world_commit_one(world, 0);
    assert_int_equal(last_entry(world)->kind, ENTRY(ROSTER));
    world_pump(world);
    assert_int_equal(late.roster, 2);
    assert_int_equal(last_entry(world)->kind, ENTRY(RETRIEVED));
}

static void a_statement_whose_signature_fails_takes_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    retrieval.checked = REASON_SIGNATURE_INVALID;
    assert_int_equal(retrieve(world, &retrieval), REASON_SIGNATURE_INVALID);
    assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    assert_int_equal(model_mailbox(&world->model, URI(POST, "d1"))->n, 1);
}

// --- Full, read-only
static void a_full_journal_refuses_messages_and_still_takes_retrievals(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world), *next = alert_to(world, POLICE, POST);
    world->model.full = true;
    assert_int_equal(letter_send(world, next), REASON_STORAGE_FULL);
    assert_true(next->submission.work.retry_ns > 0);
    struct hub_retrieval retrieval = retrieval_of(world, POST, URI(POST, "d1"), &alert->seq, 1, NULL, 0);
    assert_int_equal(retrieve(world, &retrieval), REASON_NONE);
    world->model.full = false;
    assert_int_equal(letter_send(world, letter_again(world, next)), REASON_NONE);
}

static void a_roster_that_finds_no_room_is_not_in_force_and_may_come_again(void **state)
{
    struct world *world = *state;
    struct hub_roster_change change;
    world->model.no_room = true;
    roster_goes(world, &change);
    world_pump(world);
    assert_int_equal(change.work.reason, REASON_STORAGE_FULL);
    assert_int_equal(hub_roster_number(world->hub, POST), 1);
    assert_null(world->roster_changed);
    world->model.no_room = false;
    roster_goes(world, &change);
    world_pump(world);
    assert_int_equal(change.work.reason, REASON_NONE);
    assert_int_equal(hub_roster_number(world->hub, POST), 2);
    assert_string_equal(world->roster_changed, POST); // its sessions are judged again
}

static void a_log_that_may_not_append_says_read_only_and_knows_its_duplicates(void **state)
{
    struct world *world = *state;
    struct letter *alert = world_alert(world);
    world->model.read_only = true;
    assert_int_equal(letter_send(world, alert_to(world, POLICE, POST)), REASON_READ_ONLY);
    assert_int_equal(letter_send(world, letter_again(world, alert)), REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_signed_retrieval_is_an_entry_and_the_row_goes),
        HUB_TEST(the_first_device_of_a_unit_is_told_to_each_device_of_the_originator),
        HUB_TEST(another_unit_has_a_first_device_of_its_own),
        HUB_TEST(what_was_retrieved_already_makes_no_entry_and_is_ok),
        HUB_TEST(one_statement_about_several_cases_is_found_under_each),
        HUB_TEST(one_statement_about_several_messages_is_an_entry_of_each_kept_as_long_as_the_longest),
        HUB_TEST(a_note_to_the_own_unit_once_retrieved_is_an_entry_of_that_unit),
        HUB_TEST(a_statement_about_two_originators_is_refused),
        HUB_TEST(notices_and_copies_go_without_an_entry),
        HUB_TEST(two_acknowledgements_in_flight_become_one_entry),
        HUB_TEST(a_retrieval_that_an_answer_overtakes_is_looked_at_again),
        HUB_TEST(two_devices_in_flight_are_not_both_the_first),
        HUB_TEST(a_roster_is_an_entry_of_its_unit_that_names_it_and_the_one_before),
        HUB_TEST(a_statement_that_a_roster_overtakes_is_checked_by_the_new_one),
        HUB_TEST(a_statement_checked_before_a_roster_was_in_force_is_checked_by_it),
        HUB_TEST(a_statement_whose_signature_fails_takes_nothing),
        HUB_TEST(a_full_journal_refuses_messages_and_still_takes_retrievals),
        HUB_TEST(a_roster_that_finds_no_room_is_not_in_force_and_may_come_again),
        HUB_TEST(a_log_that_may_not_append_says_read_only_and_knows_its_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
