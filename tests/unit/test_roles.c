// SPDX-License-Identifier: Apache-2.0
// Who becomes a suspect, judged by what a reader has seen of the case.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/compose.h"
#include "client/session/roles.h"
#include "client/session/seal.h"
#include "proto/codec/codec.h"
#include "proto/codec/json.h"
#include "proto/log/leaf.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <string.h>

#define ROOM  (16u * 1024 * 1024)
#define LINES 4u
#define PAPER "\"documents\":[{\"type\":\"PASSPORT\",\"number\":\"KE1234567\",\"issuer\":\"ke\"}]"
#define ALONE (-1)

// A message: by whom, what it answers (a line, or ALONE), and about whom.
struct line {
    const char *unit;
    int to;
    const char *label, *role; // role "X>Y": a CORRECTION of the role
    const char *more;         // of the person, in JSON
    const char *flaw;         // why it was rejected when it came
    bool waited;              // for its second person, and was sent behind the line after it
};
#define POLICE(to, label, role)                                                                                        \
    {                                                                                                                  \
        ENV_POLICE, to, label, role, "\"sex\":\"MALE\"", ""                                                            \
    }
#define MOWSA(to, label, role)                                                                                         \
    {                                                                                                                  \
        ENV_MOWSA, to, label, role, "\"sex\":\"MALE\"", ""                                                             \
    }
#define CHILD(to, label, role)                                                                                         \
    {                                                                                                                  \
        ENV_CHILD, to, label, role, "\"sex\":\"MALE\"", ""                                                             \
    }

// The last line of each is judged.
static const struct {
    const char *what;
    struct line lines[LINES];
    bool broken;
} STORIES[] = {
    {"a victim of the same sender", {POLICE(ALONE, "p1", "VICTIM"), POLICE(ALONE, "p1", "SUSPECT")}, true},
    {"a presumed victim", {POLICE(ALONE, "p1", "PRESUMED_VICTIM"), POLICE(ALONE, "p1", "SUSPECT")}, true},
    {"a smuggled migrant", {POLICE(ALONE, "p1", "SMUGGLED_MIGRANT"), POLICE(ALONE, "p1", "SUSPECT")}, true},
    {"a missing person", {POLICE(ALONE, "p1", "MISSING"), POLICE(ALONE, "p1", "SUSPECT")}, true},
    {"a missing person, in another unit's answer", {POLICE(ALONE, "p1", "MISSING"), MOWSA(0, "p1", "SUSPECT")}, true},
    {"a missing person, by a correction with a supervisor",
     {POLICE(ALONE, "p1", "MISSING"), POLICE(0, "p1", "MISSING>SUSPECT"), MOWSA(0, "p1", "SUSPECT")},
     false},
    {"a witness", {POLICE(ALONE, "p1", "WITNESS"), POLICE(ALONE, "p1", "SUSPECT")}, false},
    {"a victim and a witness since",
     {POLICE(ALONE, "p1", "VICTIM"), POLICE(ALONE, "p1", "WITNESS"), POLICE(ALONE, "p1", "SUSPECT")},
     true},
    {"another label", {POLICE(ALONE, "p1", "VICTIM"), POLICE(ALONE, "p2", "SUSPECT")}, false},
    {"another unit's label in a matter of its own",
     {POLICE(ALONE, "p1", "VICTIM"), MOWSA(ALONE, "p1", "SUSPECT")},
     false},
    {"another unit's label in its answer", {POLICE(ALONE, "p1", "VICTIM"), MOWSA(0, "p1", "SUSPECT")}, true},
    {"another unit's label in an answer to the same",
     {POLICE(ALONE, "", "WITNESS"), POLICE(0, "p1", "VICTIM"), MOWSA(0, "p1", "SUSPECT")},
     true},
    {"the same passport, whatever the label",
     {{ENV_POLICE, ALONE, "p1", "VICTIM", PAPER, ""}, {ENV_MOWSA, ALONE, "b", "SUSPECT", PAPER, ""}},
     true},
    {"still the suspect of before", {POLICE(ALONE, "p1", "SUSPECT"), POLICE(ALONE, "p1", "SUSPECT")}, false},
    {"contested by another, not entered by it",
     {POLICE(ALONE, "p1", "SUSPECT"), MOWSA(0, "p1", "VICTIM"), POLICE(0, "p1", "SUSPECT")},
     false},
    {"freed by the one who said so",
     {POLICE(ALONE, "p1", "SUSPECT"), POLICE(0, "p1", "VICTIM"), POLICE(0, "p1", "SUSPECT")},
     true},
    {"freed by a correction",
     {POLICE(ALONE, "p1", "SUSPECT"), POLICE(0, "p1", "SUSPECT>VICTIM"), MOWSA(0, "p1", "SUSPECT")},
     true},
    {"freed by a correction of its country's office",
     {POLICE(ALONE, "p1", "SUSPECT"), CHILD(0, "p1", "SUSPECT>VICTIM"), POLICE(0, "p1", "SUSPECT")},
     true},
    {"a correction by a unit of its country that is no office",
     {CHILD(ALONE, "p1", "SUSPECT"), POLICE(0, "p1", "SUSPECT>VICTIM"), CHILD(0, "p1", "SUSPECT")},
     false},
    {"another country's correction of it",
     {POLICE(ALONE, "p1", "SUSPECT"), MOWSA(0, "p1", "SUSPECT"), MOWSA(0, "p1", "SUSPECT>VICTIM"),
      POLICE(0, "p1", "SUSPECT")},
     false},
    {"made a suspect by a correction",
     {POLICE(ALONE, "p1", "VICTIM"), POLICE(0, "p1", "VICTIM>SUSPECT"), MOWSA(0, "p1", "SUSPECT")},
     false},
    {"a correction with a supervisor", {POLICE(ALONE, "p1", "VICTIM"), POLICE(0, "p1", "VICTIM>SUSPECT")}, false},
    {"what waited while another said victim",
     {{ENV_POLICE, ALONE, "p1", "SUSPECT", PAPER, "", true},
      {ENV_MOWSA, ALONE, "b", "VICTIM", PAPER, ""},
      {ENV_POLICE, ALONE, "p1", "SUSPECT", PAPER, ""}},
     true},
    {"what was rejected says nothing",
     {{ENV_POLICE, ALONE, "p1", "VICTIM", "\"sex\":\"MALE\"", "ROLE_RULE"}, POLICE(ALONE, "p1", "SUSPECT")},
     false},
};

static struct client_env env;
static struct session *police, *mowsa, *child;
static struct arena arena;

static int begin(void **state)
{
    client_env_init(&env);
    police = client_env_open(&env, ENV_POLICE, 5);
    mowsa = client_env_open(&env, ENV_MOWSA, 5);
    child = client_env_open(&env, ENV_CHILD, 5);
    return 0;
}

static int end(void **state)
{
    session_close(police);
    session_close(mowsa);
    session_close(child);
    client_env_clear(&env);
    return 0;
}

static Amana__V1__Draft *draft_of(const struct line *line, bool to_child)
{
    char text[2048], said[768];
    struct am_detail detail = {0};
    ProtobufCMessage *draft;
    const char *turn = strchr(line->role, '>');
    if (turn != NULL)
        snprintf(
            said, sizeof said,
            "\"correction\":{\"reason\":\"x\",\"roles\":[{\"person\":\"%s\",\"was\":[\"%.*s\"],\"now\":[\"%s\"]}]}",
            line->label, (int)(turn - line->role), line->role, turn + 1);
    else
        snprintf(said, sizeof said,
                 "\"note\":{\"title\":\"One\",\"text\":\"x\",\"persons\":[{\"label\":\"%s\",\"roles\":[\"%s\"],\"age\":"
                 "{\"from\":"
                 "30,\"to\":40},\"description\":\"A scar.\",%s}]}",
                 line->label, line->role, line->more);
    int len = snprintf(
        text, sizeof text,
        "{\"kind\":\"%s\",\"status\":\"ACTUAL\",\"case_ref\":\"" ENV_CASE "\",\"urgency\":\"U1\",\"urgency_reason\":"
        "\"LIFE_AT_RISK\",\"recipients\":[{\"unit\":\"" ENV_POST "\",\"part\":\"ACTION\"}%s],\"handling\":[\"H0\"],"
        "\"classification\":\"RESTRICTED\",\"purpose\":\"INVESTIGATION\",\"legal_basis\":\"PALERMO_PROTOCOL\","
        "\"language\":\"en\",\"release\":\"REQUIRED\",\"flags\":{\"child\":false,\"protection\":\"NO\"},%s}",
        turn != NULL ? "CORRECTION" : "NOTE",
        turn == NULL                          ? ""
        : strcmp(line->unit, ENV_POLICE) != 0 ? ",{\"unit\":\"" ENV_POLICE "\",\"part\":\"ACTION\"}"
        : to_child                            ? ",{\"unit\":\"" ENV_CHILD "\",\"part\":\"ACTION\"}"
                                              : "",
        said);
    struct am_bytes bytes = {(const uint8_t *)text, (size_t)len};
    if (json_to_message(&amana__v1__draft__descriptor, bytes, &arena, &detail, &draft) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return (Amana__V1__Draft *)draft;
}

static Amana__V1__Message *write_line(const struct line *line, const struct opened *to, Amana__V1__Pointer *pointer)
{
    struct session *session = strcmp(line->unit, ENV_POLICE) == 0  ? police
                              : strcmp(line->unit, ENV_MOWSA) == 0 ? mowsa
                                                                   : child;
    struct am_detail detail = {0};
    Amana__V1__Draft *draft = draft_of(line, to != NULL && strcmp(to->header->sender->unit, ENV_CHILD) == 0);
    struct compose compose = {.draft = draft};
    enum reason reason;
    Amana__V1__Message *message;
    if (to != NULL) {
        compose.in_reply_to = pointer;
        compose.root = compose.newest = to->header;
        draft->retain_until = to->header->retain_until;
    }
    if (compose_message(session, &compose, &arena, &detail, &reason, &message) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return message;
}

static void tell(size_t story)
{
    const struct line *lines = STORIES[story].lines;
    struct session *post = client_env_open(&env, ENV_POST, 5);
    struct opened opened[LINES];
    Amana__V1__Pointer pointers[LINES];
    uint8_t digests[LINES][LOG_HASH_SIZE];
    struct am_detail detail = {0};
    Amana__V1__Kept rows[LINES];
    Amana__V1__ProvedEntry entries[LINES];
    arena_init(&arena, ROOM);
    client_env_say(&env, post, ENV_CHILD, "dpo");
    for (size_t i = 0; i < LINES && lines[i].unit != NULL; i++) {
        int to = lines[i].to;
        bool last = i + 1 == LINES || lines[i + 1].unit == NULL;
        amana__v1__kept__init(&rows[i]);
        amana__v1__proved_entry__init(&entries[i]);
        rows[i].message = write_line(&lines[i], to != ALONE ? &opened[to] : NULL, to != ALONE ? &pointers[to] : NULL);
        rows[i].entry = &entries[i];
        rows[i].fault = (char *)lines[i].flaw;
        entries[i].index = i;
        assert_int_equal(seal_open(post, rows[i].message, &arena, &detail, &opened[i]), AM_OK);
        amana__v1__pointer__init(&pointers[i]);
        pointers[i].id = opened[i].header->id;
        assert_int_equal(log_sha256(codec_bytes(rows[i].message->header), digests[i]), AM_OK);
        pointers[i].header_digest = (ProtobufCBinaryData){LOG_HASH_SIZE, digests[i]};
        enum am_err err = roles_judge(post, opened[i].header, opened[i].body, &detail);
        if (last && err != (STORIES[story].broken ? AM_INVALID : AM_OK))
            fail_msg("%s: %s", STORIES[story].what, am_err_text(err));
        if (last && err == AM_INVALID)
            assert_string_equal(detail.field, "note.persons[0].roles");
        assert_int_equal(store_put(post->store, STORE_INBOX, opened[i].header->id, &rows[i]), AM_OK);
        if (i == 0 || !lines[i - 1].waited)
            continue;
        entries[i - 1].index = LINES + i;
        assert_int_equal(store_put(post->store, STORE_INBOX, opened[i - 1].header->id, &rows[i - 1]), AM_OK);
    }
    arena_wipe(&arena);
    session_close(post);
}

static void nobody_becomes_a_suspect_but_by_a_correction_as_far_as_the_reader_has_seen_the_case(void **state)
{
    for (size_t i = 0; i < AM_LEN(STORIES); i++)
        tell(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_becomes_a_suspect_but_by_a_correction_as_far_as_the_reader_has_seen_the_case),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
