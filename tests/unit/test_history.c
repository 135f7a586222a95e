// SPDX-License-Identifier: Apache-2.0
// The hub's log as a client has seen it, off line: what must be believed, what is an alarm and what is neither.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/session/history.h"
#include "proto/log/leaf.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t ROOT[32] = {7}; // what client_env_open has verified
static const uint8_t OTHER[32] = {8};

static struct client_env env;

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

static void as_message(const struct log_checkpoint *checkpoint, Amana__V1__Checkpoint *ret)
{
    history_to_message(checkpoint, ENV_ORIGIN, ret);
}

// The text of the newest alarm, "" for none.
static void read_alarm(const struct session *session, char *ret_text, size_t size)
{
    char path[PATH_MAX];
    ret_text[0] = '\0';
    if (history_alarms(session, path) == 0)
        return;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void the_first_checkpoint_of_the_logs_key_is_kept(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 0);
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 3, ROOT, NULL);
    struct am_detail detail = {0};
    Amana__V1__Checkpoint message;
    as_message(&checkpoint, &message);
    assert_false(session->has_seen);
    assert_int_equal(history_compare(session, &message, &detail), AM_OK);
    assert_true(session->has_seen && session->seen.size == 3);
    session->has_seen = false;
    assert_int_equal(history_load(session, &detail), AM_OK);
    assert_true(session->has_seen && session->seen.size == 3);
    session_close(session);
}

static void the_same_checkpoint_again_is_nothing_new(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 5);
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 5, ROOT, NULL);
    char newest[PATH_MAX];
    Amana__V1__Checkpoint message;
    as_message(&checkpoint, &message);
    assert_int_equal(history_compare(session, &message, NULL), AM_OK);
    assert_int_equal(history_tie(session, &message, NULL), AM_OK);
    assert_int_equal(history_alarms(session, newest), 0);
    session_close(session);
}

static void a_smaller_log_is_a_rollback_with_both_checkpoints_kept(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 5);
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 4, OTHER, NULL);
    char alarm[4096], note[LOG_NOTE_MAX];
    struct am_detail detail = {0};
    Amana__V1__Checkpoint message;
    as_message(&checkpoint, &message);
    assert_int_equal(history_compare(session, &message, &detail), AM_ROLLBACK);
    assert_string_not_equal(detail.text, "");
    read_alarm(session, alarm, sizeof alarm);
    (void)log_note_print(ENV_ORIGIN, &checkpoint, note);
    assert_non_null(strstr(alarm, note));
    (void)log_note_print(ENV_ORIGIN, &session->seen, note);
    assert_non_null(strstr(alarm, note));
    assert_int_equal(session->seen.size, 5);
    session_close(session);
}

static void two_roots_of_one_size_are_a_fork(void **state)
{
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 5, OTHER, NULL);
    Amana__V1__Checkpoint message;
    as_message(&checkpoint, &message);
    for (unsigned i = 0; i < 2; i++) {
        struct session *session = client_env_open(&env, ENV_POST, 5);
        char newest[PATH_MAX];
        enum am_err err = i == 0 ? history_compare(session, &message, NULL) : history_tie(session, &message, NULL);
        assert_int_equal(err, AM_FORK);
        assert_int_equal(history_alarms(session, newest), 1);
        assert_memory_equal(session->seen.root, ROOT, 32);
        session_close(session);
    }
}

static void what_the_log_did_not_sign_is_no_fork(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 5);
    EVP_PKEY *stranger = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 5, OTHER, stranger);
    char newest[PATH_MAX];
    struct am_detail detail = {0};
    Amana__V1__Checkpoint message;
    as_message(&checkpoint, &message);
    assert_int_equal(history_compare(session, &message, &detail), AM_SIGNATURE);
    checkpoint = client_env_checkpoint(&env, 5, ROOT, NULL);
    checkpoint.signature[40] ^= 4;
    as_message(&checkpoint, &message);
    assert_int_equal(history_tie(session, &message, &detail), AM_SIGNATURE);
    checkpoint = client_env_checkpoint(&env, 5, ROOT, NULL);
    as_message(&checkpoint, &message);
    message.origin = (char *)"ke.amana.example/log";
    assert_int_equal(history_tie(session, &message, &detail), AM_SIGNATURE);
    message.origin = (char *)ENV_ORIGIN;
    message.root.len = 31;
    assert_int_equal(history_tie(session, &message, &detail), AM_PROTO);
    assert_int_equal(history_alarms(session, newest), 0);
    EVP_PKEY_free(stranger);
    session_close(session);
}

// --- Entries
// A log of one entry: its leaf hash is its root.
struct lone {
    Amana__V1__ProvedEntry entry;
    Amana__V1__Checkpoint checkpoint;
    struct log_checkpoint bytes;
    uint8_t salt[LOG_SALT_SIZE], content[64];
};

static void lone_init(struct lone *lone)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__StopEntry stop = AMANA__V1__STOP_ENTRY__INIT;
    struct log_leaf leaf = {LOG_LEAF_VERSION, 0, 77, 0, {0}};
    uint8_t packed[LOG_LEAF_SIZE], root[32];
    stop.reason = (char *)"signal";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_STOP;
    content.stop = &stop;
    memset(lone->salt, 9, sizeof lone->salt);
    amana__v1__proved_entry__init(&lone->entry);
    lone->entry.content = (ProtobufCBinaryData){amana__v1__entry_content__pack(&content, lone->content), lone->content};
    lone->entry.salt = (ProtobufCBinaryData){sizeof lone->salt, lone->salt};
    lone->entry.version = 1;
    lone->entry.time = 77;
    assert_int_equal(log_commit(lone->salt, codec_bytes(lone->entry.content), leaf.commitment), AM_OK);
    log_leaf_pack(&leaf, packed);
    assert_int_equal(log_leaf_hash(packed, root), AM_OK);
    lone->bytes = client_env_checkpoint(&env, 1, root, NULL);
    as_message(&lone->bytes, &lone->checkpoint);
    lone->entry.checkpoint = &lone->checkpoint;
}

static void an_entry_is_believed_with_its_proof(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 0);
    struct lone lone;
    struct arena arena;
    struct am_detail detail = {0};
    Amana__V1__EntryContent *content;
    lone_init(&lone);
    arena_init(&arena, 65536);
    assert_int_equal(history_entry(session, &lone.entry, &arena, &detail, &content), AM_OK);
    assert_int_equal(content->kind_case, AMANA__V1__ENTRY_CONTENT__KIND_STOP);
    assert_string_equal(content->stop->reason, "signal");
    assert_int_equal(session->seen.size, 1);
    arena_clear(&arena);
    session_close(session);
}

static void any_change_of_an_entry_breaks_its_proof(void **state)
{
    for (unsigned i = 0; i < 10; i++) {
        struct session *session = client_env_open(&env, ENV_POST, 0);
        struct lone lone;
        struct arena arena;
        struct am_detail detail = {0};
        Amana__V1__EntryContent *content;
        ProtobufCBinaryData path = {32, (uint8_t *)ROOT};
        lone_init(&lone);
        arena_init(&arena, 65536);
        switch (i) {
        case 0: lone.content[4] ^= 1; break;
        case 1: lone.salt[0] ^= 1; break;
        case 2: lone.entry.time++; break;
        case 3: lone.entry.class_ = 1; break;
        case 4: lone.entry.erase_after = 1; break;
        case 5: lone.entry.index = 1; break;
        case 6: lone.entry.version = 257; break;
        case 7: lone.entry.salt.len = 15; break;
        case 8: lone.entry.checkpoint = NULL; break;
        default:
            lone.entry.n_path = 1;
            lone.entry.path = &path;
            break;
        }
        assert_int_equal(history_entry(session, &lone.entry, &arena, &detail, &content), AM_PROOF);
        assert_false(session->has_seen);
        arena_clear(&arena);
        session_close(session);
    }
}

static void a_store_of_another_log_is_not_gone_on_with(void **state)
{
    struct session *session = client_env_open(&env, ENV_POST, 0);
    struct log_checkpoint checkpoint = client_env_checkpoint(&env, 3, ROOT, NULL);
    struct am_detail detail = {0};
    Amana__V1__Checkpoint message;
    history_to_message(&checkpoint, "ke.amana.example/log", &message);
    assert_int_equal(store_checkpoint_put(session->store, "log", &message), AM_OK);
    assert_int_equal(history_load(session, &detail), AM_CONFIG);
    session_close(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_checkpoint_of_the_logs_key_is_kept),
        cmocka_unit_test(the_same_checkpoint_again_is_nothing_new),
        cmocka_unit_test(a_smaller_log_is_a_rollback_with_both_checkpoints_kept),
        cmocka_unit_test(two_roots_of_one_size_are_a_fork),
        cmocka_unit_test(what_the_log_did_not_sign_is_no_fork),
        cmocka_unit_test(an_entry_is_believed_with_its_proof),
        cmocka_unit_test(any_change_of_an_entry_breaks_its_proof),
        cmocka_unit_test(a_store_of_another_log_is_not_gone_on_with),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
