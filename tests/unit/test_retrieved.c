// SPDX-License-Identifier: Apache-2.0
// Statements of retrieval: by whom, by which roster, about which messages; and what the clock is said to have done.
#include "client/session/notice.h"
#include "client/session/retrieved.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/cms.h"
#include "proto/log/leaf.h"
#include "tests/unit/client_env.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID     "0199b2d4-0000-7000-8000-000000000001"
#define SENT   40u // entry of the one message that was sent
#define SEQ    50u // entry of the statement
#define DEVICE "amana://" ENV_POST "/device/d1"

static struct client_env env;
static struct session *session;
static struct arena arena;
static struct am_detail detail;
static uint8_t header_digest[32];

static int begin_all(void **state)
{
    client_env_init(&env);
    return 0;
}

static int end_all(void **state)
{
    client_env_clear(&env);
    return 0;
}

// The police have sent one message to the post, as entry SENT.
static int begin(void **state)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Recipient recipient = AMANA__V1__RECIPIENT__INIT, *recipients[] = {&recipient};
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    struct am_bytes bytes;
    arena_init(&arena, 1024u * 1024);
    detail = (struct am_detail){0};
    session = client_env_open(&env, ENV_POLICE, 0);
    recipient.unit = (char *)ENV_POST;
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    sender.unit = (char *)ENV_POLICE;
    header.id = (char *)ID;
    header.sender = &sender;
    header.recipients = recipients;
    header.n_recipients = 1;
    assert_int_equal(codec_encode(&header.base, &arena, &bytes), AM_OK);
    assert_int_equal(log_sha256(bytes, header_digest), AM_OK);
    message.header = codec_binary(bytes);
    entry.index = SENT;
    kept.message = &message;
    kept.entry = &entry;
    assert_int_equal(store_put(session->store, STORE_SENT, ID, &kept), AM_OK);
    return 0;
}

static int end(void **state)
{
    session_close(session);
    arena_clear(&arena);
    return 0;
}

static void say(Amana__V1__Retrieved *statement, Amana__V1__RetrievedMessage *named)
{
    static Amana__V1__RetrievedMessage *list[1];
    amana__v1__retrieved__init(statement);
    amana__v1__retrieved_message__init(named);
    named->seq = SENT;
    named->header_digest = (ProtobufCBinaryData){32, header_digest};
    list[0] = named;
    statement->context = (char *)RETRIEVED_CONTEXT;
    statement->origin = (char *)ENV_ORIGIN;
    statement->device = (char *)DEVICE;
    statement->messages = list;
    statement->n_messages = 1;
}

// The entry of a statement that the device of `unit` signed.
static Amana__V1__RetrievedEntry sign(const char *unit, const Amana__V1__Retrieved *statement)
{
    Amana__V1__RetrievedEntry entry = AMANA__V1__RETRIEVED_ENTRY__INIT;
    struct session *signer = client_env_open(&env, unit, 0);
    const struct certificate *certificate;
    EVP_PKEY *key;
    struct am_bytes bytes, der;
    assert_int_equal(codec_encode(&statement->base, &arena, &bytes), AM_OK);
    assert_int_equal(session_key(signer, CERT_USE_SIGN_DEVICE, &detail, &certificate, &key), AM_OK);
    assert_int_equal(cms_sign(bytes, certificate->x509, key, &detail, &der), AM_OK);
    entry.device = (char *)DEVICE;
    entry.statement = codec_binary(bytes);
    entry.signature = (ProtobufCBinaryData){der.len, arena_copy(&arena, der.data, der.len)};
    free((void *)der.data);
    session_close(signer);
    return entry;
}

static enum am_err check(const Amana__V1__RetrievedEntry *entry, struct retrieved *ret)
{
    return retrieved_check(session, SEQ, entry, &arena, &detail, ret);
}

static void a_statement_of_the_device_about_what_was_sent_holds(void **state)
{
    Amana__V1__Retrieved statement;
    Amana__V1__RetrievedMessage named;
    struct retrieved retrieved;
    say(&statement, &named);
    Amana__V1__RetrievedEntry entry = sign(ENV_POST, &statement);
    assert_int_equal(check(&entry, &retrieved), AM_OK);
    assert_true(retrieved.checked);
    assert_int_equal(retrieved_compare(session, SEQ, retrieved.statement, &detail), AM_OK);
}

static void a_statement_that_another_device_signed_is_none(void **state)
{
    Amana__V1__Retrieved statement;
    Amana__V1__RetrievedMessage named;
    struct retrieved retrieved;
    say(&statement, &named);
    Amana__V1__RetrievedEntry entry = sign(ENV_MOWSA, &statement);
    assert_int_equal(check(&entry, &retrieved), AM_SIGNATURE);
    entry = sign(ENV_POST, &statement);
    entry.statement.data[entry.statement.len - 1] ^= 1;
    assert_int_not_equal(check(&entry, &retrieved), AM_OK);
}

static void a_statement_about_another_log_purpose_or_device_is_about_something_else(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        Amana__V1__Retrieved statement;
        Amana__V1__RetrievedMessage named;
        struct retrieved retrieved;
        say(&statement, &named);
        if (i == 0)
            statement.origin = (char *)"ke.amana.example/log";
        else if (i == 1)
            statement.context = (char *)"amana-retrieved-v2";
        else if (i == 2)
            statement.device = (char *)"amana://" ENV_POST "/device/d2";
        else
            statement.n_messages = 0;
        Amana__V1__RetrievedEntry entry = sign(ENV_POST, &statement);
        assert_int_equal(check(&entry, &retrieved), AM_PROOF);
    }
}

static void a_device_on_no_roster_that_is_kept_is_not_judged_without_a_link(void **state)
{
    Amana__V1__Retrieved statement;
    Amana__V1__RetrievedMessage named;
    struct retrieved retrieved;
    say(&statement, &named);
    statement.device = (char *)"amana://" ENV_POST "/device/d2";
    Amana__V1__RetrievedEntry entry = sign(ENV_POST, &statement);
    entry.device = statement.device;
    assert_int_equal(check(&entry, &retrieved), AM_OK);
    assert_false(retrieved.checked);
    assert_non_null(strstr(detail.text, "roster 1"));
}

static void a_statement_that_names_another_message_than_was_sent_is_false(void **state)
{
    Amana__V1__Retrieved statement;
    Amana__V1__RetrievedMessage named;
    uint8_t other[32] = {1};
    say(&statement, &named);
    assert_int_equal(retrieved_compare(session, SEQ, &statement, &detail), AM_OK);
    named.header_digest.data = other;
    assert_int_equal(retrieved_compare(session, SEQ, &statement, &detail), AM_PROOF);
    assert_non_null(strstr(detail.text, "another message"));
    named.seq = SENT + 1; // nothing of this unit: nothing to compare it with
    assert_int_equal(retrieved_compare(session, SEQ, &statement, &detail), AM_OK);
    named.seq = SEQ;
    assert_int_equal(retrieved_compare(session, SEQ, &statement, &detail), AM_PROOF);
}

static void a_statement_of_a_unit_that_the_message_was_not_sent_to_is_false(void **state)
{
    Amana__V1__Retrieved statement;
    Amana__V1__RetrievedMessage named;
    say(&statement, &named);
    statement.device = (char *)"amana://" ENV_MOWSA "/device/d1";
    assert_int_equal(retrieved_compare(session, SEQ, &statement, &detail), AM_PROOF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
// --- Deadlines
struct clock_said {
    Amana__V1__DeadlineEntry deadline;
    Amana__V1__DeadlineClock clock, *clocks[1];
    Amana__V1__Pointer message, by;
    Amana__V1__EntryContent content;
    Amana__V1__ProvedEntry entry;
};

static void said_init(struct clock_said *said, bool met)
{
    amana__v1__deadline_entry__init(&said->deadline);
    amana__v1__deadline_clock__init(&said->clock);
    amana__v1__pointer__init(&said->message);
    amana__v1__pointer__init(&said->by);
    amana__v1__entry_content__init(&said->content);
    amana__v1__proved_entry__init(&said->entry);
    said->message.id = (char *)ID;
    said->message.header_digest = codec_binary((struct am_bytes){header_digest, sizeof header_digest});
    said->clock.what = AMANA__V1__DEADLINE_OF__CODE__ACK;
    said->clock.due = 1000;
    said->clocks[0] = &said->clock;
    said->deadline.message = &said->message;
    said->deadline.recipient = (char *)ENV_POST;
    said->deadline.clocks = said->clocks;
    said->deadline.n_clocks = 1;
    said->deadline.met_by = met ? &said->by : NULL;
    said->content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE;
    said->content.deadline = &said->deadline;
}

static enum am_err said_check(struct clock_said *said, uint64_t time)
{
    said->entry.time = time;
    return notice_check(session, &said->entry, &said->content, &detail);
}

static void nothing_has_passed_before_it_was_due(void **state)
{
    struct clock_said said;
    said_init(&said, false);
    assert_int_equal(said_check(&said, 1000), AM_OK);
    assert_int_equal(said_check(&said, 999), AM_PROOF);
}

static void a_second_person_is_rung_up_before_the_time_is_over(void **state)
{
    struct clock_said said;
    said_init(&said, false);
    said.clock.what = AMANA__V1__DEADLINE_OF__CODE__RELEASE;
    assert_int_equal(said_check(&said, 999), AM_OK);
}

static void whether_an_answer_was_late_is_what_the_log_s_times_say(void **state)
{
    struct clock_said said;
    said_init(&said, true);
    assert_int_equal(said_check(&said, 1000), AM_OK);
    assert_int_equal(said_check(&said, 1001), AM_PROOF);
    said.clock.late = true;
    assert_int_equal(said_check(&said, 1001), AM_OK);
    assert_int_equal(said_check(&said, 1000), AM_PROOF);
}

static void a_deadline_of_other_bytes_than_were_sent_does_not_hold(void **state)
{
    struct clock_said said;
    uint8_t other[32] = {1};
    said_init(&said, false);
    said.message.header_digest = codec_binary((struct am_bytes){other, sizeof other});
    assert_int_equal(said_check(&said, 1000), AM_PROOF);
    said.message.id = (char *)"0199b2d4-0000-7000-8000-000000000009"; // not here: nothing to compare it with
    assert_int_equal(said_check(&said, 1000), AM_OK);
    said.deadline.message = NULL;
    assert_int_equal(said_check(&said, 1000), AM_PROOF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_statement_of_the_device_about_what_was_sent_holds),
        TEST(a_statement_that_another_device_signed_is_none),
        TEST(a_statement_about_another_log_purpose_or_device_is_about_something_else),
        TEST(a_device_on_no_roster_that_is_kept_is_not_judged_without_a_link),
        TEST(a_statement_that_names_another_message_than_was_sent_is_false),
        TEST(a_statement_of_a_unit_that_the_message_was_not_sent_to_is_false),
        TEST(nothing_has_passed_before_it_was_due),
        TEST(a_second_person_is_rung_up_before_the_time_is_over),
        TEST(whether_an_answer_was_late_is_what_the_log_s_times_say),
        TEST(a_deadline_of_other_bytes_than_were_sent_does_not_hold),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
