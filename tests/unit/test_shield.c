// SPDX-License-Identifier: Apache-2.0
// What a client knows of a case's flags (rule 4): who raises them, who takes them back, and whom they keep out.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/compose.h"
#include "client/session/seal.h"
#include "client/session/shield.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/log/leaf.h"
#include "proto/model/country.h"
#include "proto/model/kind.h"
#include "tests/unit/client_env.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define ROOM  (16u * 1024 * 1024)
#define LINES 4u
#define ALONE (-1)
#define YES   "\"protection\":\"YES\",\"never_tell\":[\"so\"]"
#define MAYBE "\"protection\":\"UNKNOWN\",\"never_tell\":[\"so\"]"
#define HERE  "\"protection\":\"UNKNOWN\",\"never_tell\":[\"et\"]"
#define OWNER "\"protection\":\"UNKNOWN\",\"never_tell\":[\"ke\"]"
#define NO    "\"protection\":\"NO\""

struct line {
    const char *unit;
    int to; // the line that it answers
    const char *flags;
    bool returned; // by its second person: it was never sent
    bool played;   // an EXERCISE
};

static const struct {
    const char *what;
    struct line lines[LINES];
    Amana__V1__Protection__Code so; // 0: free
} STORIES[] = {
    {"said once", {{ENV_POLICE, ALONE, YES}}, AMANA__V1__PROTECTION__CODE__YES},
    {"unknown, then known", {{ENV_POLICE, ALONE, MAYBE}, {ENV_POLICE, ALONE, YES}}, AMANA__V1__PROTECTION__CODE__YES},
    {"known, then unknown", {{ENV_POLICE, ALONE, YES}, {ENV_POLICE, ALONE, MAYBE}}, AMANA__V1__PROTECTION__CODE__YES},
    {"taken back by who protects and has seen it", {{ENV_POLICE, ALONE, YES}, {ENV_CHILD, 0, NO}}, 0},
    {"said anew since",
     {{ENV_POLICE, ALONE, YES}, {ENV_CHILD, 0, NO}, {ENV_POLICE, ALONE, MAYBE}},
     AMANA__V1__PROTECTION__CODE__UNKNOWN},
    {"taken back by nobody else", {{ENV_POLICE, ALONE, YES}, {ENV_POST, 0, NO}}, AMANA__V1__PROTECTION__CODE__YES},
    {"who protects has not seen it",
     {{ENV_POLICE, ALONE, NO}, {ENV_POLICE, ALONE, YES}, {ENV_CHILD, 0, NO}},
     AMANA__V1__PROTECTION__CODE__YES},
    {"taken back in words that were sent back",
     {{ENV_POLICE, ALONE, YES}, {ENV_CHILD, 0, NO, true}},
     AMANA__V1__PROTECTION__CODE__YES},
    {"taken back in an exercise",
     {{ENV_POLICE, ALONE, YES, .played = true}, {ENV_CHILD, 0, NO, .played = true}},
     AMANA__V1__PROTECTION__CODE__YES},
    {"said in words that were sent back", {{ENV_POLICE, ALONE, YES, true}}, AMANA__V1__PROTECTION__CODE__YES},
    {"the protection unit of the state itself",
     {{ENV_POLICE, ALONE, HERE}, {ENV_MOWSA, 0, NO}},
     AMANA__V1__PROTECTION__CODE__UNKNOWN},
    {"the state of the case, by its own units", {{ENV_POLICE, ALONE, OWNER}}, AMANA__V1__PROTECTION__CODE__UNKNOWN},
    {"the state of the case, by others", {{ENV_POST, ALONE, OWNER}}, AMANA__V1__PROTECTION__CODE__UNKNOWN},
};

static struct client_env env;
static struct session *writers[ENV_UNITS];
static const char *const UNITS[] = {ENV_POLICE, ENV_CHILD, ENV_POST, ENV_MOWSA};
static struct arena arena;

static int begin(void **state)
{
    client_env_init(&env);
    for (size_t i = 0; i < ENV_UNITS; i++)
        writers[i] = client_env_open(&env, UNITS[i], 5);
    return 0;
}

static int end(void **state)
{
    for (size_t i = 0; i < ENV_UNITS; i++)
        session_close(writers[i]);
    client_env_clear(&env);
    return 0;
}

static Amana__V1__Message *write_line(const struct line *line, const struct opened *to, Amana__V1__Pointer *pointer)
{
    char text[4096];
    struct am_detail detail = {0};
    enum reason reason;
    ProtobufCMessage *read;
    Amana__V1__Message *message;
    size_t writer = 0;
    while (strcmp(UNITS[writer], line->unit) != 0)
        writer++;
    const char *unit = strcmp(line->unit, ENV_POLICE) == 0 ? ENV_CHILD : ENV_POLICE;
    int len =
        snprintf(text, sizeof text,
                 "{\"kind\":\"NOTE\",\"status\":\"%s\",\"case_ref\":\"" ENV_CASE
                 "\",\"urgency\":\"U1\",\"urgency_reason\":\"LIFE_AT_RISK\",\"recipients\":[{"
                 "\"unit\":\"%s\",\"part\":\"ACTION\"},{\"unit\":\"%s\",\"part\":\"COPY\"}],\"handling\":[\"H0\"],"
                 "\"classification\":\"RESTRICTED\",\"purpose\":\"INVESTIGATION\",\"legal_basis\":\"PALERMO_PROTOCOL\","
                 "\"language\":\"en\",\"release\":\"%s\",\"flags\":{\"child\":false,%s},\"note\":{\"title\":\"One\","
                 "\"text\":\"x\"}}",
                 line->played ? "EXERCISE" : "ACTUAL", unit, strcmp(line->unit, ENV_MOWSA) == 0 ? ENV_CHILD : ENV_MOWSA,
                 line->returned ? "REQUIRED" : "NOT_NEEDED", line->flags);
    struct am_bytes bytes = {(const uint8_t *)text, (size_t)len};
    if (json_to_message(&amana__v1__draft__descriptor, bytes, &arena, &detail, &read) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    Amana__V1__Draft *draft = (Amana__V1__Draft *)read;
    struct compose compose = {.draft = draft};
    if (to != NULL) {
        compose.in_reply_to = pointer;
        compose.root = compose.newest = to->header;
        draft->retain_until = to->header->retain_until;
    }
    if (compose_message(writers[writer], &compose, &arena, &detail, &reason, &message) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return message;
}

static void park(Amana__V1__Kept *kept)
{
    Amana__V1__ParkedEntry parked = AMANA__V1__PARKED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    struct am_bytes bytes;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_PARKED;
    content.parked = &parked;
    assert_int_equal(codec_encode(&content.base, &arena, &bytes), AM_OK);
    kept->entry->content = codec_binary(bytes);
    kept->release = (char *)"RETURNED";
}

static void tell(size_t story)
{
    const struct line *lines = STORIES[story].lines;
    bool here = strcmp(lines[0].flags, HERE) == 0; // of the state where the usual reader is
    struct session *reader = client_env_open(&env, here ? ENV_CHILD : ENV_MOWSA, 5);
    struct opened opened[LINES];
    Amana__V1__Pointer pointers[LINES];
    uint8_t digests[LINES][LOG_HASH_SIZE];
    struct am_detail detail = {0};
    struct shield shield;
    arena_init(&arena, ROOM);
    for (size_t i = 0; i < LINES && lines[i].unit != NULL; i++) {
        int to = lines[i].to;
        Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
        Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
        kept.message = write_line(&lines[i], to != ALONE ? &opened[to] : NULL, to != ALONE ? &pointers[to] : NULL);
        kept.entry = &entry;
        entry.index = i;
        if (lines[i].returned)
            park(&kept);
        assert_int_equal(seal_open(reader, kept.message, &arena, &detail, &opened[i]), AM_OK);
        amana__v1__pointer__init(&pointers[i]);
        pointers[i].id = opened[i].header->id;
        assert_int_equal(log_sha256(codec_bytes(kept.message->header), digests[i]), AM_OK);
        pointers[i].header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, digests[i]};
        assert_int_equal(store_put(reader->store, STORE_INBOX, opened[i].header->id, &kept), AM_OK);
    }
    assert_int_equal(shield_of_case(reader, ENV_CASE, &shield), AM_OK);
    bool owner = strcmp(lines[0].flags, OWNER) == 0;
    const struct shield_state *so = shield_lists(&shield, here ? ENV_POST : owner ? ENV_POLICE : "so/police/desk");
    if ((so != NULL ? so->protection : 0) != STORIES[story].so)
        fail_msg("%s", STORIES[story].what);
    assert_false(shield.own);
    arena_wipe(&arena);
    session_close(reader);
}

static void a_case_keeps_what_was_said_until_who_protects_and_has_seen_it_takes_it_back(void **state)
{
    for (size_t i = 0; i < AM_LEN(STORIES); i++)
        tell(i);
}

// As the hub does (test_hub_harm): a case may have more of them than anybody names at once.
static void a_case_is_kept_from_every_state_that_was_named_however_many(void **state)
{
    struct session *reader = client_env_open(&env, ENV_CHILD, 5);
    char flags[2][2048], code[3];
    struct shield shield;
    size_t named = 0;
    arena_init(&arena, ROOM);
    for (size_t half = 0; half < AM_LEN(flags); half++)
        strlcpy(flags[half], "\"protection\":\"YES\",\"never_tell\":[", sizeof flags[half]);
    for (size_t i = 0; i < COUNTRIES; i++) {
        country_at(i, code);
        if (strcmp(code, "ke") == 0 || strcmp(code, "et") == 0) // they are written to
            continue;
        char *text = flags[i % 2];
        snprintf(text + strlen(text), sizeof flags[0] - strlen(text), "%s\"%s\"",
                 text[strlen(text) - 1] == '[' ? "" : ",", code);
        named++;
    }
    for (size_t i = 0; i < AM_LEN(flags); i++) {
        strlcat(flags[i], "]", sizeof flags[i]);
        const struct line line = {ENV_POLICE, ALONE, flags[i], false, false};
        Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
        Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
        struct am_detail detail = {0};
        struct opened opened;
        kept.message = write_line(&line, NULL, NULL);
        kept.entry = &entry;
        entry.index = i;
        assert_int_equal(seal_open(reader, kept.message, &arena, &detail, &opened), AM_OK);
        assert_int_equal(store_put(reader->store, STORE_INBOX, opened.header->id, &kept), AM_OK);
    }
    assert_int_equal(shield_of_case(reader, ENV_CASE, &shield), AM_OK);
    assert_int_equal(shield.n, named);
    arena_wipe(&arena);
    session_close(reader);
}

static void a_listed_state_gets_three_answers_to_what_it_asked_itself_and_nothing_else(void **state)
{
    struct shield shield = {.n = 1, .states = {{.country = "et", .protection = AMANA__V1__PROTECTION__CODE__YES}}};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__Pointer answered = AMANA__V1__POINTER__INIT;
    header.in_reply_to = &answered;
    header.kind = (Amana__V1__Kind__Code)KIND(ACK);
    assert_false(shield_keeps(&shield, &header, ENV_POST, ENV_POST));
    assert_false(shield_keeps(&shield, &header, ENV_POST, ENV_MOWSA)); // of the same state
    assert_true(shield_keeps(&shield, &header, ENV_POST, ENV_POLICE));
    assert_true(shield_keeps(&shield, &header, ENV_POST, NULL));
    assert_false(shield_keeps(&shield, &header, ENV_CHILD, NULL));
    header.kind = (Amana__V1__Kind__Code)KIND(NOTE);
    assert_true(shield_keeps(&shield, &header, ENV_POST, ENV_POST));
    shield.own = true; // it is as if nobody had said anything
    assert_false(shield_keeps(&shield, &header, ENV_POST, ENV_POST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_keeps_what_was_said_until_who_protects_and_has_seen_it_takes_it_back),
        cmocka_unit_test(a_case_is_kept_from_every_state_that_was_named_however_many),
        cmocka_unit_test(a_listed_state_gets_three_answers_to_what_it_asked_itself_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
