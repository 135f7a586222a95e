// SPDX-License-Identifier: Apache-2.0
// What an officer sees: first what to do, persons last, every field that says something, and nothing that could move
// the cursor.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/cmd/print.h"
#include "client/cmd/screen.h"
#include "client/cmd/timeline.h"
#include "client/session/compose.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct client_env env;
static struct session *police, *post;
static struct arena arena;

static int begin(void **state)
{
    setenv("TZ", "Africa/Nairobi", 1);
    print_setup(false);
    client_env_init(&env);
    police = client_env_open(&env, ENV_POLICE, 5);
    post = client_env_open(&env, ENV_POST, 5);
    arena_init(&arena, 16u * 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    session_close(police);
    session_close(post);
    client_env_clear(&env);
    arena_wipe(&arena);
    return 0;
}

// The screen of a draft once it has come to the post; malloc'ed.
static char *shown(Amana__V1__Draft *draft, bool line)
{
    struct compose compose = {.draft = draft};
    struct am_detail detail = {0};
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    enum reason reason;
    char *text = NULL;
    size_t len;
    if (compose_message(police, &compose, &arena, &detail, &reason, &kept.message) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    if (line)
        screen_line(post, "0199b2d4-7c3e-7abc-8def-0123456789ab", &kept, "to be acknowledged", out);
    else
        assert_int_equal(screen_show(post, &kept, "to be acknowledged", NULL, out), AM_OK);
    fclose(out);
    if (text == NULL)
        abort();
    return text;
}

static void has(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        return;
    print_error("%s\n", text);
    fail_msg("the screen lacks \"%s\"", words);
}

static void what_to_do_stands_first_and_persons_last(void **state)
{
    char *text = shown(client_env_draft(&arena), false);
    assert_ptr_equal(strstr(text, "STOP AND SEARCH"), text);
    const char *order[] = {"Stop at the barrier", "must ack", "Seen leaving Marsabit", "KDA 417Q", "presumed victim"};
    const char *at = text;
    for (size_t i = 0; i < AM_LEN(order); i++) {
        const char *next = strstr(at, order[i]);
        if (next == NULL)
            fail_msg("\"%s\" is missing or out of order:\n%s", order[i], text);
        at = next;
    }
    free(text);
}

static void nothing_of_the_story_is_left_out(void **state)
{
    static const char *const words[] = {
        "about 14",
        "age 8 to 15",
        "water and food",
        "interpreter for Oromo",
        "parents are being",
        "Interim care",
        "documents not held",
        "promise of school and work",
        "child labour",
        "servitude",
        "possible",
        "police",
        "Driver, red cap",
        "transporter",
        "Left rear lamp broken",
        "white cab, blue tarpaulin",
        "northern exit",
        "border crossing",
        "Dehydration likely",
        "+254200000417",
        "Duty desk",
        ENV_CASE,
        "RESTRICTED",
        "et/ics/moyale",
        ENV_CHILD,
        ENV_MOWSA,
        "transportation",
        "take into protection",
        "discreet check",
        "not in court without permission",
        "source B · information I2",
        "to be acknowledged",
        "2026-11-24 12:40:00 +03:00",
    };
    char *text = shown(client_env_draft(&arena), false);
    for (size_t i = 0; i < AM_LEN(words); i++)
        has(text, words[i]);
    free(text);
}

static void plain(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if ((*c < 0x20 && *c != '\n') || *c == 0x7f)
            fail_msg("control character %02x:\n%s", *c, text);
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strstr(text, "\xc2\x9b"));
}

static void a_text_can_not_move_the_cursor_or_turn_the_line(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    draft->alert->title = (char *)"lorry\x1b[2J\r\xe2\x80\xae"
                                  "kcab\x07\xc2\x9b"
                                  "1m";
    draft->alert->vehicles[0]->colour = (char *)"white\x1b]0;x\x07";
    draft->alert->persons[0]->description = (char *)"line\n\x1b[31mred";
    for (unsigned line = 0; line < 2; line++) {
        char *text = shown(draft, line == 1);
        plain(text);
        free(text);
    }
}

static void a_hub_s_words_in_an_entry_can_not_either(void **state)
{
    static char seize[] = "seized\x1b[2J\r\xe2\x80\xae\x07\xc2\x9b"
                          "1m";
    Amana__V1__MemberEntry member = AMANA__V1__MEMBER_ENTRY__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    Amana__V1__AccessEntry access = AMANA__V1__ACCESS_ENTRY__INIT;
    Amana__V1__RejectedEntry rejected = AMANA__V1__REJECTED_ENTRY__INIT;
    Amana__V1__ReplayItem item = AMANA__V1__REPLAY_ITEM__INIT;
    Amana__V1__EntryContent entries[3];
    member.said = &said;
    member.unit = said.role = access.identity = access.query = access.reason = seize;
    rejected.reason = rejected.identity = seize;
    for (size_t i = 0; i < AM_LEN(entries); i++)
        amana__v1__entry_content__init(&entries[i]);
    entries[0].kind_case = AMANA__V1__ENTRY_CONTENT__KIND_MEMBER;
    entries[0].member = &member;
    entries[1].kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ACCESS;
    entries[1].access = &access;
    entries[2].kind_case = AMANA__V1__ENTRY_CONTENT__KIND_REJECTED;
    entries[2].rejected = &rejected;
    for (size_t i = 0; i < AM_LEN(entries); i++) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        timeline_print(&item, &entries[i], NULL, seize, out);
        fclose(out);
        has(text, "seized");
        plain(text);
        free(text);
    }
}

static void an_exercise_says_so_before_anything_else(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    draft->status = AMANA__V1__STATUS__CODE__EXERCISE;
    char *text = shown(draft, false);
    assert_ptr_equal(strstr(text, "EXERCISE"), text);
    free(text);
    text = shown(draft, true);
    has(text, "EXERCISE");
    free(text);
}

static void a_list_line_has_id_urgency_sender_and_title(void **state)
{
    char *text = shown(client_env_draft(&arena), true);
    has(text, "U1");
    has(text, "ALERT");
    has(text, ENV_POLICE);
    has(text, "White Isuzu lorry");
    has(text, "to be acknowledged");
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_to_do_stands_first_and_persons_last),
        cmocka_unit_test(nothing_of_the_story_is_left_out),
        cmocka_unit_test(a_text_can_not_move_the_cursor_or_turn_the_line),
        cmocka_unit_test(a_hub_s_words_in_an_entry_can_not_either),
        cmocka_unit_test(an_exercise_says_so_before_anything_else),
        cmocka_unit_test(a_list_line_has_id_urgency_sender_and_title),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
