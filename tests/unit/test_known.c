// SPDX-License-Identifier: Apache-2.0
// Persons found again by the index: how little is opened, and what is left of it once a body is gone.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "certs/cms.h"
#include "client/session/compose.h"
#include "client/session/known.h"
#include "client/session/outbox.h"
#include "client/session/seal.h"
#include "client/session/shield.h"
#include "client/session/store_index.h"
#include "client/session/store_rows.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <string.h>

#define ROOM     (16u * 1024 * 1024)
#define MESSAGES 10000u

// --- How often a body is opened
enum am_err __real_cms_open(struct am_bytes der, const struct certificate *own, EVP_PKEY *key, struct am_detail *detail,
                            struct am_bytes *ret_plain);
enum am_err __wrap_cms_open(struct am_bytes der, const struct certificate *own, EVP_PKEY *key, struct am_detail *detail,
                            struct am_bytes *ret_plain);
static unsigned opened_count;

enum am_err __wrap_cms_open(struct am_bytes der, const struct certificate *own, EVP_PKEY *key, struct am_detail *detail,
                            struct am_bytes *ret_plain)
{
    opened_count++;
    return __real_cms_open(der, own, key, detail, ret_plain);
}

// --- A desk and its messages
static struct client_env env;
static struct session *police;
static struct arena arena;

static int begin(void **state)
{
    client_env_init(&env);
    return 0;
}

static int end(void **state)
{
    client_env_clear(&env);
    return 0;
}

static int begin_one(void **state)
{
    police = client_env_open(&env, ENV_POLICE, 5);
    mdb_env_set_flags(police->store->env, MDB_NOSYNC, 1);
    arena_init(&arena, ROOM);
    return 0;
}

static int end_one(void **state)
{
    session_close(police);
    arena_wipe(&arena);
    return 0;
}

#define HAWI                                                                                                           \
    "\"names\":[{\"type\":\"GIVEN\",\"text\":\"Hawi\"},{\"type\":\"FATHER\",\"text\":\"Tolosa\"}],"                    \
    "\"birth\":{\"date\":\"1990-05-01\"},\"documents\":[{\"type\":\"PASSPORT\",\"number\":\"EP1234567\",\"issuer\":"   \
    "\"et\"}]"

static Amana__V1__Draft *note(const char *case_ref, const char *flags, const char *person)
{
    char text[2048];
    struct am_detail detail = {0};
    ProtobufCMessage *draft;
    int len = snprintf(
        text, sizeof text,
        "{\"kind\":\"NOTE\",\"status\":\"ACTUAL\",\"case_ref\":\"%s\",\"urgency\":\"U3\",\"recipients\":[{\"unit\":"
        "\"" ENV_CHILD "\",\"part\":\"ACTION\"}],\"handling\":[\"H0\"],\"classification\":\"RESTRICTED\",\"purpose\":"
        "\"INVESTIGATION\","
        "\"legal_basis\":\"PALERMO_PROTOCOL\",\"language\":\"en\",\"release\":\"DEFERRED\",\"flags\":{\"child\":false,%"
        "s},"
        "\"note\":{\"title\":\"One\",\"text\":\"x\",\"persons\":[{\"label\":\"p1\",\"roles\":[\"MISSING\"],%s}]}}",
        case_ref, flags, person);
    struct am_bytes bytes = {(const uint8_t *)text, (size_t)len};
    if (json_to_message(&amana__v1__draft__descriptor, bytes, &arena, &detail, &draft) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return (Amana__V1__Draft *)draft;
}

static Amana__V1__Person *const *persons_of(const char *person, size_t *ret_n)
{
    Amana__V1__Draft *draft = note("ke/dci/2026/1", "\"protection\":\"NO\"", person);
    *ret_n = draft->note->n_persons;
    return draft->note->persons;
}

// A message of which nothing but its persons is real: it can't be opened.
static void keep_other(unsigned number, const char *person)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Body body = AMANA__V1__BODY__INIT;
    Amana__V1__Note said = AMANA__V1__NOTE__INIT;
    struct am_bytes bytes;
    char id[STORE_ID], case_ref[32];
    snprintf(id, sizeof id, "0199%04x-%04x-7abc-8def-0000%08x", number >> 16, number & 0xffff, number);
    snprintf(case_ref, sizeof case_ref, "ke/dci/2025/%06u", number);
    header.id = id;
    header.case_ref = case_ref;
    said.persons = (Amana__V1__Person **)persons_of(person, &said.n_persons);
    body.kind_case = AMANA__V1__BODY__KIND_NOTE;
    body.note = &said;
    assert_int_equal(codec_encode(&header.base, &arena, &bytes), AM_OK);
    message.header = codec_binary(bytes);
    message.sealed_body = (ProtobufCBinaryData){4, (uint8_t *)"none"};
    kept.message = &message;
    assert_int_equal(known_fill(police, &body, &arena, &kept), AM_OK);
    assert_int_equal(store_put(police->store, STORE_INBOX, id, &kept), AM_OK);
}

// One that this desk wrote: in its outbox.
static const char *keep_real(const char *case_ref, const char *person, bool indexed)
{
    static char id[STORE_ID];
    struct am_detail detail = {0};
    enum reason reason;
    Amana__V1__Message *message;
    Amana__V1__Header *header;
    Amana__V1__Draft *draft = note(case_ref, "\"protection\":\"YES\",\"never_tell\":[\"et\"]", person);
    draft->urgency = AMANA__V1__URGENCY__CODE__U1;
    draft->urgency_reason = AMANA__V1__URGENCY_REASON__CODE__LIFE_AT_RISK;
    struct compose compose = {.draft = draft};
    if (compose_message(police, &compose, &arena, &detail, &reason, &message) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    assert_int_equal(seal_header(message, &arena, &detail, &header), AM_OK);
    snprintf(id, sizeof id, "%s", header->id);
    if (indexed) {
        assert_int_equal(outbox_add(police, id, message), AM_OK);
    } else {
        Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
        kept.message = message;
        assert_int_equal(store_put(police->store, STORE_OUTBOX, id, &kept), AM_OK);
    }
    return id;
}

static size_t rows(void)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t count = 0;
    assert_int_equal(store_cursor_open(police->store, TABLE_PERSON, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        count++;
    store_cursor_close(cursor);
    return count;
}

static struct shield shield_of(const char *person)
{
    struct shield shield = {0};
    size_t n;
    Amana__V1__Person *const *list = persons_of(person, &n);
    const struct known_persons persons = {list, n};
    assert_int_equal(shield_of_persons(police, "ke/dci/2026/1", &persons, &shield), AM_OK);
    return shield;
}

static void fill(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char person[512];
        // Of three of them each is one's namesake in part, or shares the year, and none is who is looked for.
        static const char *const FATHERS[] = {"Tolosa", "Bekele", "Omar"};
        static const unsigned YEARS[] = {1991, 1990, 1990};
        snprintf(person, sizeof person,
                 "\"names\":[{\"type\":\"GIVEN\",\"text\":\"Hawi\"},{\"type\":\"FATHER\",\"text\":\"%s\"}],\"birth\":{"
                 "\"date\":"
                 "\"%u-05-01\"},\"documents\":[{\"type\":\"PASSPORT\",\"number\":\"EP%07u\",\"issuer\":\"et\"}]",
                 FATHERS[i % 3], YEARS[i % 3], i);
        keep_other(i, person);
        if (i % 1000 == 999) {
            arena_wipe(&arena);
            arena_init(&arena, ROOM);
        }
    }
}

// --- Tests
static void of_ten_thousand_messages_those_are_opened_that_match_and_those_of_their_cases(void **state)
{
    fill(0, MESSAGES);
    keep_real("ke/dci/2026/2", HAWI, true);
    keep_real("ke/dci/2026/2", HAWI, true); // of the same case: looked at once
    keep_real("ke/dci/2026/3", "\"age\":{\"from\":30,\"to\":40},\"description\":\"A man.\"", true);
    opened_count = 0;
    struct shield shield = shield_of(HAWI);
    assert_int_equal(shield.n, 1);
    assert_string_equal(shield.states[0].country, "et");
    assert_string_equal(shield.states[0].case_ref, "ke/dci/2026/2");
    assert_int_equal(opened_count, 1 + 2);
    opened_count = 0;
    assert_int_equal(shield_of("\"names\":[{\"type\":\"GIVEN\",\"text\":\"Nobody\"}],\"birth\":{\"date\":\"1990\"}").n,
                     0);
    assert_int_equal(opened_count, 0);
}

static void who_is_named_with_more_or_fewer_parts_is_found_and_who_has_another_name_is_not(void **state)
{
    static const struct {
        const char *person;
        bool found;
    } ROWS[] = {
        {"\"names\":[{\"type\":\"GIVEN\",\"text\":\"HAWI\"}],\"birth\":{\"date\":\"1990\"}", true},
        {"\"names\":[{\"type\":\"FATHER\",\"text\":\"Tolosa\"},{\"type\":\"GIVEN\",\"text\":\"Hawi\"},"
         "{\"type\":\"FAMILY\",\"text\":\"Jira\"}],\"birth\":{\"date\":\"1990-05\"}",
         true},
        {"\"names\":[{\"type\":\"GIVEN\",\"text\":\"Hawi\"},{\"type\":\"FAMILY\",\"text\":\"Jira\"}],\"birth\":{"
         "\"date\":\"1990\"}",
         false},
        {"\"names\":[{\"type\":\"GIVEN\",\"text\":\"Hawi\"}],\"birth\":{\"date\":\"1990-06\"}", false},
        {"\"documents\":[{\"type\":\"PASSPORT\",\"number\":\"ep 1234567\",\"issuer\":\"et\"}]", true},
        {"\"documents\":[{\"type\":\"PASSPORT\",\"number\":\"EP1234567\",\"issuer\":\"ke\"}]", false},
    };
    keep_real("ke/dci/2026/2", HAWI, true);
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if ((shield_of(ROWS[i].person).n == 1) != ROWS[i].found)
            fail_msg("%s", ROWS[i].person);
}

static void an_erased_body_leaves_no_row_and_one_that_moves_takes_its_rows_along(void **state)
{
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Kept *kept;
    const char *id = keep_real("ke/dci/2026/2", HAWI, true);
    assert_int_equal(rows(), 3);
    assert_int_equal(store_get(police->store, STORE_OUTBOX, id, &arena, &kept), AM_OK);
    kept->entry = &entry;
    assert_int_equal(store_move(police->store, STORE_OUTBOX, STORE_SENT, id, kept), AM_OK);
    assert_int_equal(rows(), 3);
    assert_int_equal(shield_of(HAWI).n, 1);
    kept->message->sealed_body = (ProtobufCBinaryData){0, NULL};
    assert_int_equal(store_put(police->store, STORE_SENT, id, kept), AM_OK);
    assert_int_equal(rows(), 0);
    assert_int_equal(store_get(police->store, STORE_SENT, id, &arena, &kept), AM_OK);
    assert_int_equal(kept->n_persons, 0);
}

static void what_was_kept_before_there_was_an_index_is_found_and_read_once_for_it(void **state)
{
    keep_real("ke/dci/2026/2", HAWI, false);
    assert_int_equal(
        store_value_put(police->store, "person-index", (struct am_bytes){(const uint8_t *)"another key", 11}), AM_OK);
    assert_int_equal(rows(), 0);
    assert_int_equal(shield_of(HAWI).n, 1);
    assert_int_equal(rows(), 3);
    opened_count = 0;
    assert_int_equal(shield_of("\"names\":[{\"type\":\"GIVEN\",\"text\":\"Nobody\"}],\"birth\":{\"date\":\"1990\"}").n,
                     0);
    assert_int_equal(opened_count, 0);
}

static void two_desks_have_no_digest_in_common(void **state)
{
    Amana__V1__Kept ours = AMANA__V1__KEPT__INIT, theirs = AMANA__V1__KEPT__INIT;
    Amana__V1__Body body = AMANA__V1__BODY__INIT;
    Amana__V1__Note said = AMANA__V1__NOTE__INIT;
    struct session *other = client_env_open(&env, ENV_CHILD, 5);
    said.persons = (Amana__V1__Person **)persons_of(HAWI, &said.n_persons);
    body.kind_case = AMANA__V1__BODY__KIND_NOTE;
    body.note = &said;
    assert_int_equal(known_fill(police, &body, &arena, &ours), AM_OK);
    assert_int_equal(known_fill(other, &body, &arena, &theirs), AM_OK);
    session_close(other);
    assert_int_equal(ours.n_persons, 3);
    assert_int_equal(theirs.n_persons, 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            assert_memory_not_equal(ours.persons[i].data, theirs.persons[j].data, STORE_PERSON_DIGEST);
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin_one, end_one)
    const struct CMUnitTest tests[] = {
        ONE(of_ten_thousand_messages_those_are_opened_that_match_and_those_of_their_cases),
        ONE(who_is_named_with_more_or_fewer_parts_is_found_and_who_has_another_name_is_not),
        ONE(an_erased_body_leaves_no_row_and_one_that_moves_takes_its_rows_along),
        ONE(what_was_kept_before_there_was_an_index_is_found_and_read_once_for_it),
        ONE(two_desks_have_no_digest_in_common),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
