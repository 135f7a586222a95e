// SPDX-License-Identifier: Apache-2.0
// What a client finds in its store about a message, where the clock of who answered is behind: ids go by it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "amana/v1/audit.pb-c.h"
#include "client/cmd/answers.h"
#include "client/session/evidence.h"
#include "proto/log/leaf.h"
#include "proto/model/kind.h"
#include "tests/unit/client_env.h"

#define ALERT  "0199b2d4-7c3e-7abc-8def-0123456789ab"
#define UPDATE "0199b2d4-7000-7abc-8def-000000000001"
#define ACK    "0199b2d4-6fff-7abc-8def-000000000002" // an hour before all of them, by its id

struct story {
    bool crossed; // what comes from here on
    struct client_env env;
    struct session *session;
    uint64_t seq;
};

static int begin(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    *state = story;
    client_env_init(&story->env);
    story->seq = 10;
    return 0;
}

static int end(void **state)
{
    struct story *story = *state;
    session_close(story->session);
    client_env_clear(&story->env);
    free(story);
    return 0;
}

// Keeps a message as the next entry of the log; `to` is the id of what it answers, whose digest is there, and whose
// life it moves unless the story says that what comes has crossed.
static void keep_with(struct story *story, enum store_box box, unsigned kind, const char *id, const char *from,
                      const char *to, uint8_t digest[LOG_HASH_SIZE], unsigned outcome)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__SubmittedEntry submitted = AMANA__V1__SUBMITTED_ENTRY__INIT;
    Amana__V1__Move move = AMANA__V1__MOVE__INIT, *moves[] = {&move};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    char officer[80];
    uint8_t *packed, *packed_content;
    size_t len, content_len;

    sender.unit = (char *)from;
    snprintf(officer, sizeof officer, "amana://%s/officer/o-1", from);
    header.id = (char *)id;
    header.kind = (Amana__V1__Kind__Code)kind;
    header.sender = &sender;
    header.officer = officer;
    header.case_ref = (char *)ENV_CASE;
    header.outcome = (Amana__V1__Outcome__Code)outcome;
    if (to != NULL) {
        pointer.id = (char *)to;
        pointer.header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, digest};
        header.in_reply_to = &pointer;
    }
    assert_int_equal(codec_encode_alloc(&header.base, &packed, &len), AM_OK);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    content.submitted = &submitted;
    move.recipient = (char *)from;
    submitted.moves = moves;
    submitted.n_moves = to != NULL && !story->crossed;
    submitted.crossed = story->crossed;
    assert_int_equal(codec_encode_alloc(&content.base, &packed_content, &content_len), AM_OK);
    message.header = (ProtobufCBinaryData){len, packed};
    kept.message = &message;
    entry.index = entry.time = story->seq++;
    entry.content = (ProtobufCBinaryData){content_len, packed_content};
    kept.entry = &entry;
    assert_int_equal(store_put(story->session->store, box, id, &kept), AM_OK);
    if (to == NULL)
        assert_int_equal(log_sha256((struct am_bytes){packed, len}, digest), AM_OK);
    free(packed);
    free(packed_content);
}

static void keep(struct story *story, enum store_box box, unsigned kind, const char *id, const char *from,
                 const char *to, uint8_t digest[LOG_HASH_SIZE])
{
    keep_with(story, box, kind, id, from, to, digest, 0);
}

// Whatever a hub has let through: only its unit ends or renews an alert, and a supervisor of its agency ends one that
// was not released.
static void an_alert_is_ended_and_renewed_by_its_own_unit_and_taken_back_by_its_agency_alone(void **state)
{
    static const struct {
        unsigned kind, outcome;
        const char *from;
        bool counts;
    } ROWS[] = {
        {KIND(UPDATE), 0, ENV_POST, false},
        {KIND(UPDATE), 0, ENV_POLICE, true},
        {KIND(CANCEL), OUTCOME(RESOLVED), "ke/dci/headquarters", false},
        {KIND(CANCEL), OUTCOME(SENT_IN_ERROR), "ke/kra/malaba", false},
        {KIND(CANCEL), OUTCOME(SENT_IN_ERROR), ENV_POST, false},
        {KIND(CANCEL), OUTCOME(SENT_IN_ERROR), "ke/dci/headquarters", true},
        {KIND(CANCEL), OUTCOME(RESOLVED), ENV_POLICE, true},
    };
    struct story *story = *state;
    uint8_t digest[LOG_HASH_SIZE];
    struct answers answers;
    story->session = client_env_open(&story->env, ENV_POST, 0);
    keep(story, STORE_INBOX, KIND(ALERT), ALERT, ENV_POLICE, NULL, digest);
    for (size_t i = 0; i < AM_LEN(ROWS); i++) {
        keep_with(story, STORE_INBOX, ROWS[i].kind, UPDATE, ROWS[i].from, ALERT, digest, ROWS[i].outcome);
        assert_int_equal(answers_find(story->session, ALERT, &answers), AM_OK);
        bool counts = ROWS[i].kind == KIND(UPDATE) ? strcmp(answers.newest, UPDATE) == 0 : answers.cancel[0] != '\0';
        assert_int_equal(counts, ROWS[i].counts);
    }
}

static void an_answer_of_this_unit_counts_whatever_its_clock_said(void **state)
{
    struct story *story = *state;
    uint8_t digest[LOG_HASH_SIZE];
    struct answers answers;
    story->session = client_env_open(&story->env, ENV_POST, 0);
    keep(story, STORE_INBOX, KIND(ALERT), ALERT, ENV_POLICE, NULL, digest);
    keep(story, STORE_SENT, KIND(ACK), ACK, ENV_POST, ALERT, digest);
    assert_int_equal(answers_find(story->session, ALERT, &answers), AM_OK);
    assert_true(answers.acknowledged);
    assert_string_equal(answers.officer, "amana://" ENV_POST "/officer/o-1");
}

static void an_answer_that_crossed_is_no_acknowledgement(void **state)
{
    struct story *story = *state;
    uint8_t digest[LOG_HASH_SIZE];
    struct answers answers;
    story->session = client_env_open(&story->env, ENV_POST, 0);
    keep(story, STORE_INBOX, KIND(ALERT), ALERT, ENV_POLICE, NULL, digest);
    story->crossed = true;
    keep(story, STORE_SENT, KIND(ACK), ACK, ENV_POST, ALERT, digest);
    assert_int_equal(answers_find(story->session, ALERT, &answers), AM_OK);
    assert_false(answers.acknowledged);
}

static void the_newest_version_is_the_last_in_the_log_whatever_its_sender_s_clock_said(void **state)
{
    struct story *story = *state;
    uint8_t digest[LOG_HASH_SIZE];
    struct answers answers;
    story->session = client_env_open(&story->env, ENV_POST, 0);
    keep(story, STORE_INBOX, KIND(ALERT), ALERT, ENV_POLICE, NULL, digest);
    keep(story, STORE_INBOX, KIND(UPDATE), UPDATE, ENV_POLICE, ALERT, digest);
    assert_int_equal(answers_find(story->session, ALERT, &answers), AM_OK);
    assert_string_equal(answers.newest, UPDATE);
}

static void an_officer_s_answer_is_evidence_whatever_its_clock_said_for_each_version(void **state)
{
    static const char *const IDS[] = {ALERT, UPDATE};
    struct story *story = *state;
    uint8_t digest[LOG_HASH_SIZE];
    story->session = client_env_open(&story->env, ENV_POLICE, 0);
    keep(story, STORE_SENT, KIND(ALERT), ALERT, ENV_POLICE, NULL, digest);
    keep(story, STORE_INBOX, KIND(ACK), ACK, ENV_POST, ALERT, digest);
    keep(story, STORE_SENT, KIND(UPDATE), UPDATE, ENV_POLICE, ALERT, digest);
    for (size_t i = 0; i < AM_LEN(IDS); i++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        struct evidence evidence;
        Amana__V1__Kept *kept;
        arena_init(&arena, 1024u * 1024);
        assert_int_equal(store_get(story->session->store, STORE_SENT, IDS[i], &arena, &kept), AM_OK);
        assert_int_equal(evidence_find(story->session, kept, &arena, &evidence), AM_OK);
        assert_true(evidence_answered(&evidence, ENV_POST, "amana://" ENV_POST "/officer/o-1", 11, false));
    }
}

// The longest address, and all that may be said of one message at once: the last word stands there too.
static void nothing_that_is_said_of_a_message_s_state_is_cut(void **state)
{
    static const char UNIT[] = "ab/a23456789012345678901234567890a/b23456789012345678901234567890b";
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__UnitRoster releasing = AMANA__V1__UNIT_ROSTER__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ParkedEntry parked = AMANA__V1__PARKED_ENTRY__INIT;
    struct answers answers = {.root = KIND(REQUEST),
                              .acknowledged = true,
                              .review = true,
                              .confirm = true,
                              .held_until = 1,
                              .newest = ALERT,
                              .shown = ALERT,
                              .contest = UPDATE,
                              .held_by = ACK,
                              .officer = "amana://ke/dci/a/officer/a12345678901234567890123456789a"};
    char said[ANSWERS_STATE];
    (void)state;
    releasing.unit = (char *)UNIT;
    header.id = (char *)ALERT;
    header.sender = header.releasing = &releasing;
    header.officer = answers.officer;
    header.release = AMANA__V1__RELEASE__CODE__REQUIRED;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_PARKED;
    content.parked = &parked;
    assert_int_equal(codec_encode_alloc(&header.base, &message.header.data, &message.header.len), AM_OK);
    assert_int_equal(codec_encode_alloc(&content.base, &entry.content.data, &entry.content.len), AM_OK);
    kept.message = &message;
    kept.entry = &entry;
    answers_state_of(&kept, &answers, ALERT, true, said);
    assert_non_null(strstr(said, UNIT));
    assert_non_null(strstr(said, "; CONTESTED by "));
    assert_non_null(strstr(said, "by a12345678901234567890123456789a"));
    assert_non_null(strstr(said, "`amana erase " ALERT " --ground CODE`; kept for a court until 1970-01-01"));
    free(message.header.data);
    free(entry.content.data);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        STORY(an_alert_is_ended_and_renewed_by_its_own_unit_and_taken_back_by_its_agency_alone),
        STORY(an_answer_of_this_unit_counts_whatever_its_clock_said),
        STORY(an_answer_that_crossed_is_no_acknowledgement),
        STORY(the_newest_version_is_the_last_in_the_log_whatever_its_sender_s_clock_said),
        STORY(an_officer_s_answer_is_evidence_whatever_its_clock_said_for_each_version),
        cmocka_unit_test(nothing_that_is_said_of_a_message_s_state_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
