// SPDX-License-Identifier: Apache-2.0
// What a supervisor's word, or its absence, writes of what waited: who finds it in the log, and who is told.
#include "tests/unit/hub_expect.h"

#include "proto/model/policy.h"

// A supervisor's word about what stands at `seq`, from a device of `unit`.
static struct hub_settlement *word(struct world *world, uint64_t seq, const char *unit, bool returns)
{
    struct hub_settlement *word = arena_alloc(&world->arena, sizeof *word);
    *word = (struct hub_settlement){.returns = returns, .supervisor = SUPERVISOR};
    word->work = (struct hub_work){.kind = HUB_WORK_SETTLEMENT,
                                   .user = word,
                                   .identity = arena_printf(&world->arena, "amana://%s/device/d1", unit),
                                   .unit = unit};
    word->signature = (struct am_bytes){(const uint8_t *)"signed", 6};
    if (returns)
        word->statement = (struct am_bytes){(const uint8_t *)"returned", 8};
    model_read_settlement(&world->model, word, seq);
    return word;
}

static void arrive(struct world *world, struct hub_settlement *word)
{
    world_step(world, (struct hub_event){.kind = HUB_EVENT_SETTLED, .settlement = word});
}

static const char *said(struct world *world, struct hub_settlement *word)
{
    arrive(world, word);
    world_pump(world);
    return reason_name(word->work.reason);
}

// The device is told, by that entry, as urgently as what it is about.
static void told(struct world *world, const char *device, uint64_t seq, uint8_t urgency)
{
    const struct model_mailbox *box = model_mailbox(&world->model, device);
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        if (box->rows[i].seq == seq) {
            assert_int_equal(box->rows[i].kind, JOURNAL_MAIL_NOTICE);
            assert_int_equal(box->rows[i].urgency, urgency);
            n++;
        }
    assert_int_equal(n, 1);
}

static void names(const Amana__V1__Pointer *pointer, const struct letter *alert)
{
    assert_string_equal(pointer->id, alert->header.id);
    assert_int_equal(pointer->header_digest.len, 32);
    assert_memory_equal(pointer->header_digest.data, alert->submission.header_digest, 32);
}

static const struct journal_release *waiting_of(struct world *world, const struct letter *alert)
{
    return &model_message_at(&world->model, alert->seq)->release;
}

static const Amana__V1__ReturnedEntry *returned_at(struct world *world, uint64_t seq, const struct letter *alert)
{
    const struct model_entry *entry = &world->model.entries[seq];
    assert_int_equal(entry->kind, ENTRY(RETURNED));
    assert_int_equal(entry->of, alert->seq);
    assert_int_equal(entry->n_also, 0);
    assert_string_equal(entry->cases[0], alert->header.case_ref);
    names(entry->content->returned->message, alert);
    assert_int_equal(entry->content->returned->parked, alert->seq);
    return entry->content->returned;
}

static uint64_t last_of(const struct world *world, uint8_t kind)
{
    uint64_t seq = world->model.n - 1;
    while (world->model.entries[seq].kind != kind)
        seq--;
    return seq;
}

// --- Sent back
static void
what_waited_and_is_sent_back_is_told_to_its_author_and_to_who_was_to_release_it_and_nobody_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, COLLEAGUES);
    colleagues_supervise(world);
    world_alert(world);
    size_t had = mail_of(world, URI(POST, "d1"));
    accepted(world, alert);
    uint64_t seq = world->model.n;
    assert_string_equal(said(world, word(world, alert->seq, COLLEAGUES, true)), "NONE");
    assert_int_equal(world->model.n, seq + 1);
    const Amana__V1__ReturnedEntry *entry = returned_at(world, seq, alert);
    assert_false(entry->deferred || entry->lapsed || entry->counted);
    assert_memory_equal(entry->statement.data, "returned", 8);
    assert_memory_equal(entry->signature.data, "signed", 6);
    told(world, URI(POLICE, "d1"), seq, 1);
    told(world, URI(POLICE, "d2"), seq, 1);
    told(world, URI(COLLEAGUES, "d1"), seq, 1);
    assert_int_equal(mail_of(world, URI(POST, "d1")), had);
    assert_int_equal(waiting_of(world, alert)->state, STATE(RETURNED));
    assert_string_equal(waiting_of(world, alert)->officer, SUPERVISOR);
}

static void what_went_first_and_is_sent_back_is_told_to_all_who_have_it(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE);
    letter_to(world, alert, SHELTER, COPY);
    accepted(world, alert);
    uint64_t seq = world->model.n;
    assert_string_equal(said(world, word(world, alert->seq, POLICE, true)), "NONE");
    const Amana__V1__ReturnedEntry *entry = returned_at(world, seq, alert);
    assert_true(entry->deferred && !entry->lapsed);
    told(world, URI(POLICE, "d1"), seq, alert->header.urgency);
    told(world, URI(POST, "d1"), seq, alert->header.urgency);
    told(world, URI(SHELTER, "d1"), seq, alert->header.urgency);
    assert_int_equal(mail_of(world, URI(STRANGER, "d1")), 0);
}

// --- Signed after it went
static void what_went_first_and_is_signed_is_one_entry_of_it_that_all_who_have_it_are_told_of(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE);
    accepted(world, alert);
    uint64_t seq = world->model.n;
    assert_string_equal(said(world, word(world, alert->seq, POLICE, false)), "NONE");
    assert_int_equal(world->model.n, seq + 1);
    const Amana__V1__ReleasedEntry *entry = last_entry(world)->content->released;
    assert_int_equal(last_entry(world)->kind, ENTRY(RELEASED));
    assert_int_equal(last_entry(world)->of, alert->seq);
    assert_int_equal(last_entry(world)->n_also, 0);
    names(entry->message, alert);
    assert_true(entry->deferred);
    assert_int_equal(entry->parked, alert->seq);
    assert_string_equal(entry->officer, SUPERVISOR);
    assert_memory_equal(entry->signature.data, "signed", 6);
    told(world, URI(POLICE, "d2"), seq, alert->header.urgency);
    told(world, URI(POST, "d2"), seq, alert->header.urgency);
    assert_false(waiting_of(world, alert)->waits);
    world_pass(world, LIMIT_DEFERRED_NS); // nothing lapses
    assert_int_equal(waiting_of(world, alert)->state, STATE(RELEASED));
}

static void what_is_signed_after_its_time_is_released_and_an_alarm(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE);
    accepted(world, alert);
    world_pass(world, LIMIT_DEFERRED_NS);
    assert_true(waiting_of(world, alert)->waits); // whoever signs it still may
    uint64_t seq = world->model.n;
    assert_string_equal(said(world, word(world, alert->seq, POLICE, false)), "NONE");
    assert_int_equal(world->model.n, seq + 2);
    assert_int_equal(world->model.entries[seq].kind, ENTRY(RELEASED));
    assert_int_equal(last_entry(world)->kind, ENTRY(ALARM));
    assert_string_equal(last_entry(world)->content->alarm->what, "RELEASED_LATE");
    assert_non_null(strstr(last_entry(world)->content->alarm->detail, alert->header.id));
    assert_string_equal(last_entry(world)->content->alarm->message->id, alert->header.id);
    assert_non_null(strstr(last_entry(world)->content->alarm->detail, SUPERVISOR));
    told(world, URI(POST, "d1"), seq, alert->header.urgency);
    assert_int_equal(waiting_of(world, alert)->state, STATE(RELEASED));
}

static void what_is_sent_back_after_its_time_is_no_alarm_more(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE);
    accepted(world, alert);
    world_pass(world, LIMIT_DEFERRED_NS);
    uint64_t seq = world->model.n;
    assert_string_equal(said(world, word(world, alert->seq, POLICE, true)), "NONE");
    assert_int_equal(world->model.n, seq + 1);
    assert_false(returned_at(world, seq, alert)->lapsed);
}

// --- Nobody did either
static void what_went_first_and_nobody_signed_is_told_to_all_who_have_it_and_an_alarm(void **state)
{
    struct world *world = *state;
    struct letter *alert = deferred(world, POLICE), *played = deferred(world, POLICE);
    played->header.status = AMANA__V1__STATUS__CODE__EXERCISE;
    accepted(world, alert);
    world_pass(world, LIMIT_DEFERRED_NS);
    uint64_t seq = last_of(world, ENTRY(RETURNED));
    const Amana__V1__ReturnedEntry *entry = returned_at(world, seq, alert);
    assert_true(entry->deferred && entry->lapsed && entry->counted);
    assert_int_equal(entry->statement.len + entry->signature.len, 0);
    const Amana__V1__AlarmEntry *alarm = world->model.entries[seq + 1].content->alarm;
    assert_string_equal(alarm->what, "UNRELEASED");
    assert_non_null(strstr(alarm->detail, alert->header.id));
    told(world, URI(POLICE, "d1"), seq, alert->header.urgency);
    told(world, URI(POST, "d1"), seq, alert->header.urgency);
    accepted(world, played);
    world_pass(world, LIMIT_DEFERRED_NS);
    entry = returned_at(world, last_of(world, ENTRY(RETURNED)), played);
    assert_true(entry->lapsed && !entry->counted);
}

static void what_waited_for_nobody_is_told_to_its_author_and_is_over(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    accepted(world, alert);
    world_pass(world, LIMIT_RELEASE_NS);
    uint64_t seq = world->model.n - 1;
    const Amana__V1__ReturnedEntry *entry = returned_at(world, seq, alert);
    assert_true(entry->lapsed && !entry->deferred && !entry->counted);
    told(world, URI(POLICE, "d1"), seq, alert->header.urgency);
    assert_int_equal(mail_of(world, URI(POST, "d1")), 0);
    assert_false(waiting_of(world, alert)->waits);
    struct hub_settlement *late = word(world, alert->seq, POLICE, true);
    assert_string_equal(said(world, late), "STATE_FORBIDS");
    assert_string_equal(late->work.state, "LAPSED");
}

// --- Two at once
static void of_two_words_at_once_one_counts_and_the_other_hears_how_it_stands(void **state)
{
    struct world *world = *state;
    for (unsigned first = 0; first < 2; first++) {
        struct letter *alert = deferred(world, POLICE);
        accepted(world, alert);
        struct hub_settlement *words[] = {word(world, alert->seq, POLICE, true),
                                          word(world, alert->seq, POLICE, false)};
        uint64_t seq = world->model.n;
        for (unsigned i = 0; i < 2; i++)
            arrive(world, words[(first + i) % 2]);
        assert_int_equal(world->n_appends, 2); // both were decided on what waited
        world_pump(world);
        assert_string_equal(reason_name(words[first]->work.reason), "NONE");
        assert_string_equal(reason_name(words[1 - first]->work.reason), "STATE_FORBIDS");
        assert_string_equal(words[1 - first]->work.state, first == 0 ? "RETURNED" : "RELEASED");
        assert_int_equal(world->model.entries[seq].kind, first == 0 ? ENTRY(RETURNED) : ENTRY(RELEASED));
        assert_int_equal(world->model.n, seq + 2); // and a REJECTED
        assert_int_equal(last_entry(world)->kind, ENTRY(REJECTED));
    }
}

static void what_is_sent_back_while_it_is_released_goes_one_way_alone(void **state)
{
    struct world *world = *state;
    for (unsigned first = 0; first < 2; first++) {
        struct letter *alert = person(world, POLICE);
        accepted(world, alert);
        uint64_t seq = world->model.n;
        struct letter *go = letter_again(world, alert);
        go->submission.mode = HUB_SUBMIT_RELEASE;
        go->submission.supervisor = SUPERVISOR;
        go->submission.work =
            (struct hub_work){.kind = HUB_WORK_SUBMISSION, .user = go, .identity = URI(POLICE, "d2"), .unit = POLICE};
        letter_arrive(world, go);
        world_check_one(world, 0);
        struct hub_settlement *back = word(world, alert->seq, POLICE, true);
        arrive(world, back);
        assert_int_equal(world->n_appends, 2);
        world_commit_one(world, first);
        world_pump(world);
        assert_string_equal(reason_name(go->submission.work.reason), first == 0 ? "NONE" : "STATE_FORBIDS");
        assert_string_equal(reason_name(back->work.reason), first == 0 ? "STATE_FORBIDS" : "NONE");
        assert_int_equal(world->model.entries[seq].kind, first == 0 ? ENTRY(SUBMITTED) : ENTRY(RETURNED));
        assert_int_equal(waiting_of(world, alert)->state, first == 0 ? STATE(RELEASED) : STATE(RETURNED));
    }
    assert_int_equal(mail_of(world, URI(POST, "d1")), 1);
}

static void the_same_word_once_more_writes_nothing_more(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    accepted(world, alert);
    assert_string_equal(said(world, word(world, alert->seq, POLICE, true)), "NONE");
    size_t n = world->model.n;
    struct hub_settlement *again = word(world, alert->seq, POLICE, true);
    assert_string_equal(said(world, again), "NONE");
    assert_true(again->original_receipt.len > 0);
    assert_int_equal(world->model.n, n);
}

// --- Refused
static void a_word_that_a_worker_found_wrong_is_refused_as_it_says_also_where_nothing_was_found(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    accepted(world, alert);
    struct hub_settlement *wrong = word(world, alert->seq, POLICE, true);
    wrong->checked = REASON_SIGNATURE_INVALID;
    (void)am_fail(AM_SIGNATURE, &wrong->checked_detail, "signature", "is another's");
    assert_string_equal(said(world, wrong), "SIGNATURE_INVALID");
    assert_string_equal(wrong->work.detail.field, "signature");
    assert_string_equal(last_entry(world)->content->rejected->id, alert->header.id);
    wrong = word(world, alert->seq, POLICE, true);
    wrong->checked = REASON_NOT_PERMITTED;
    wrong->header = NULL;
    assert_string_equal(said(world, wrong), "NOT_PERMITTED");
    assert_string_equal(last_entry(world)->content->rejected->id, "");
    assert_true(waiting_of(world, alert)->waits);
}

static void a_unit_that_policy_names_no_more_sends_nothing_back(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, COLLEAGUES);
    colleagues_supervise(world);
    accepted(world, alert);
    hub_set_policy(world->hub, NULL);
    struct hub_settlement *late = word(world, alert->seq, COLLEAGUES, true);
    assert_string_equal(said(world, late), "NOT_PERMITTED");
    assert_string_equal(late->work.detail.field, "message");
    assert_true(waiting_of(world, alert)->waits);
}

// --- While the hub stops
static void a_word_under_way_is_written_before_the_hub_stops_and_the_next_is_turned_away(void **state)
{
    struct world *world = *state;
    struct letter *alert = person(world, POLICE);
    accepted(world, alert);
    struct hub_settlement *under_way = word(world, alert->seq, POLICE, true);
    struct hub_settlement *late = word(world, alert->seq, POLICE, true);
    under_way->release.version++; // it will be looked at again
    arrive(world, under_way);
    world_step(world, (struct hub_event){.kind = HUB_EVENT_STOP, .alarm = {NULL, "end"}});
    assert_string_equal(said(world, late), "DRAINING");
    assert_string_equal(reason_name(under_way->work.reason), "NONE");
    assert_int_equal(waiting_of(world, alert)->state, STATE(RETURNED));
    assert_true(world->stopped);
    assert_int_equal(last_entry(world)->kind, ENTRY(STOP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(what_waited_and_is_sent_back_is_told_to_its_author_and_to_who_was_to_release_it_and_nobody_else),
        HUB_TEST(what_went_first_and_is_sent_back_is_told_to_all_who_have_it),
        HUB_TEST(what_went_first_and_is_signed_is_one_entry_of_it_that_all_who_have_it_are_told_of),
        HUB_TEST(what_is_signed_after_its_time_is_released_and_an_alarm),
        HUB_TEST(what_is_sent_back_after_its_time_is_no_alarm_more),
        HUB_TEST(what_went_first_and_nobody_signed_is_told_to_all_who_have_it_and_an_alarm),
        HUB_TEST(what_waited_for_nobody_is_told_to_its_author_and_is_over),
        HUB_TEST(of_two_words_at_once_one_counts_and_the_other_hears_how_it_stands),
        HUB_TEST(what_is_sent_back_while_it_is_released_goes_one_way_alone),
        HUB_TEST(the_same_word_once_more_writes_nothing_more),
        HUB_TEST(a_word_that_a_worker_found_wrong_is_refused_as_it_says_also_where_nothing_was_found),
        HUB_TEST(a_unit_that_policy_names_no_more_sends_nothing_back),
        HUB_TEST(a_word_under_way_is_written_before_the_hub_stops_and_the_next_is_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
