// SPDX-License-Identifier: Apache-2.0
// A replay of a log that was made here: what holds is verified, and each thing that was changed is named.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "amana/v1/relay.pb-c.h"
#include "certs/cms.h"
#include "client/session/compose.h"
#include "client/session/replay.h"
#include "client/session/retrieved.h"
#include "proto/log/leaf.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES   21u
#define SUBMITTED 4u // the entry that is a message

struct entry {
    struct log_leaf leaf;
    uint8_t packed[LOG_LEAF_SIZE], hash[LOG_HASH_SIZE], salt[LOG_SALT_SIZE];
    uint8_t *content;
    size_t len;
};

static struct client_env env;
static struct session *auditor; // any unit's: what is looked at here needs no role
static struct entry entries[ENTRIES];
static Amana__V1__Message *message;
static struct arena arena;

// --- The log
static enum am_err subtree(void *user, unsigned level, uint64_t index, uint8_t ret_hash[LOG_HASH_SIZE])
{
    uint8_t left[LOG_HASH_SIZE], right[LOG_HASH_SIZE];
    if (level == 0) {
        memcpy(ret_hash, entries[index].hash, LOG_HASH_SIZE);
        return AM_OK;
    }
    TRY(subtree(user, level - 1, index * 2, left));
    TRY(subtree(user, level - 1, index * 2 + 1, right));
    return merkle_node(left, right, ret_hash);
}

static void add_entry(unsigned seq, Amana__V1__EntryContent *content, uint8_t class)
{
    struct entry *entry = &entries[seq];
    assert_int_equal(codec_encode_alloc(&content->base, &entry->content, &entry->len), AM_OK);
    memset(entry->salt, (int)seq, sizeof entry->salt);
    entry->leaf = (struct log_leaf){LOG_LEAF_VERSION, class, (1000 + seq) * NS_PER_S, class == 1 ? 30000 : 0, {0}};
    assert_int_equal(log_commit(entry->salt, (struct am_bytes){entry->content, entry->len}, entry->leaf.commitment),
                     AM_OK);
    log_leaf_pack(&entry->leaf, entry->packed);
    assert_int_equal(log_leaf_hash(entry->packed, entry->hash), AM_OK);
}

static void add_alarm(unsigned seq)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__AlarmEntry alarm = AMANA__V1__ALARM_ENTRY__INIT;
    char detail[32];
    snprintf(detail, sizeof detail, "number %u", seq);
    alarm.what = (char *)"a test";
    alarm.detail = detail;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ALARM;
    content.alarm = &alarm;
    add_entry(seq, &content, 0);
}

static void add_message(unsigned seq)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__SubmittedEntry submitted = AMANA__V1__SUBMITTED_ENTRY__INIT;
    struct session *police = client_env_open(&env, ENV_POLICE, 5);
    struct compose compose = {.draft = client_env_draft(&arena)};
    struct am_detail detail = {0};
    uint8_t header[32], signature[32];
    enum reason reason;
    assert_int_equal(compose_message(police, &compose, &arena, &detail, &reason, &message), AM_OK);
    assert_int_equal(log_sha256(codec_bytes(message->header), header), AM_OK);
    assert_int_equal(log_sha256(codec_bytes(message->signature), signature), AM_OK);
    submitted.id = (char *)"0199b2d4-7c3e-7abc-8def-0123456789ab";
    submitted.device = (char *)"amana://" ENV_POLICE "/device/d1";
    submitted.header_digest = (ProtobufCBinaryData){32, header};
    submitted.signature_digest = (ProtobufCBinaryData){32, signature};
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    content.submitted = &submitted;
    add_entry(seq, &content, 1);
    session_close(police);
}

// A statement of the post's device about nothing that matters here, signed by the device of `signer`.
static void add_retrieved(unsigned seq, const char *signer)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__RetrievedEntry retrieved = AMANA__V1__RETRIEVED_ENTRY__INIT;
    Amana__V1__Retrieved statement = AMANA__V1__RETRIEVED__INIT;
    Amana__V1__RetrievedMessage named = AMANA__V1__RETRIEVED_MESSAGE__INIT, *list[] = {&named};
    struct session *device = client_env_open(&env, signer, 0);
    struct am_detail detail = {0};
    const struct certificate *certificate;
    EVP_PKEY *key;
    struct am_bytes bytes, der;
    statement.context = (char *)RETRIEVED_CONTEXT;
    statement.origin = (char *)ENV_ORIGIN;
    statement.device = (char *)"amana://" ENV_POST "/device/d1";
    statement.messages = list;
    statement.n_messages = 1;
    assert_int_equal(codec_encode(&statement.base, &arena, &bytes), AM_OK);
    assert_int_equal(session_key(device, CERT_USE_SIGN_DEVICE, &detail, &certificate, &key), AM_OK);
    assert_int_equal(cms_sign(bytes, certificate->x509, key, &detail, &der), AM_OK);
    retrieved.device = statement.device;
    retrieved.statement = codec_binary(bytes);
    retrieved.signature = codec_binary(der);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &retrieved;
    free(entries[seq].content);
    add_entry(seq, &content, 1);
    free((void *)der.data);
    session_close(device);
}

static int begin(void **state)
{
    arena_init(&arena, 32u * 1024 * 1024);
    client_env_init(&env);
    auditor = client_env_open(&env, ENV_MOWSA, 0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (i == SUBMITTED)
            add_message(i);
        else
            add_alarm(i);
    }
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        free(entries[i].content);
    session_close(auditor);
    client_env_clear(&env);
    arena_wipe(&arena);
    return 0;
}

// --- Items as a hub sends them
static struct log_checkpoint signed_at(uint64_t size)
{
    uint8_t root[LOG_HASH_SIZE];
    assert_int_equal(merkle_root(subtree, NULL, size, root), AM_OK);
    return client_env_checkpoint(&env, size, root, NULL);
}

static Amana__V1__Checkpoint *as_message(const struct log_checkpoint *checkpoint)
{
    Amana__V1__Checkpoint *copy = arena_alloc(&arena, sizeof *copy);
    struct log_checkpoint *bytes = arena_copy(&arena, checkpoint, sizeof *checkpoint);
    amana__v1__checkpoint__init(copy);
    copy->origin = (char *)ENV_ORIGIN;
    copy->size = checkpoint->size;
    copy->root = (ProtobufCBinaryData){32, bytes->root};
    copy->signature = (ProtobufCBinaryData){68, bytes->signature};
    return copy;
}

static Amana__V1__ReplayItem *item_of(unsigned seq, const struct log_checkpoint *checkpoint, bool path)
{
    Amana__V1__ReplayItem *item = arena_alloc(&arena, sizeof *item);
    Amana__V1__Opened *opened = arena_alloc(&arena, sizeof *opened);
    struct merkle_path proof;
    amana__v1__replay_item__init(item);
    amana__v1__opened__init(opened);
    item->seq = seq;
    item->leaf = (ProtobufCBinaryData){LOG_LEAF_SIZE, arena_copy(&arena, entries[seq].packed, LOG_LEAF_SIZE)};
    item->shown_case = AMANA__V1__REPLAY_ITEM__SHOWN_OPENED;
    item->opened = opened;
    opened->salt = (ProtobufCBinaryData){LOG_SALT_SIZE, arena_copy(&arena, entries[seq].salt, LOG_SALT_SIZE)};
    opened->content =
        (ProtobufCBinaryData){entries[seq].len, arena_copy(&arena, entries[seq].content, entries[seq].len)};
    if (seq == SUBMITTED) {
        opened->header = message->header;
        opened->signature = message->signature;
    }
    if (!path)
        return item;
    item->checkpoint = as_message(checkpoint);
    assert_int_equal(merkle_inclusion(subtree, NULL, seq, checkpoint->size, &proof), AM_OK);
    item->n_path = proof.len;
    item->path = arena_array(&arena, proof.len, sizeof *item->path);
    for (unsigned i = 0; i < proof.len; i++)
        item->path[i] = (ProtobufCBinaryData){LOG_HASH_SIZE, arena_copy(&arena, proof.hashes[i], LOG_HASH_SIZE)};
    return item;
}

struct outcome {
    struct replay_check check;
    enum am_err err; // of the first item that isn't AM_OK
    struct am_detail detail;
    enum replay_verdict verdict;
};

// A full replay of the first `size` entries with one item changed by `change` (NULL: none).
static struct outcome replay(uint64_t size, const struct log_checkpoint *last,
                             void (*change)(Amana__V1__ReplayItem *item), unsigned changed)
{
    struct outcome outcome = {0};
    struct log_checkpoint checkpoint = signed_at(size);
    replay_check_init(&outcome.check, auditor, false, last);
    for (unsigned seq = 0; seq < size; seq++) {
        struct am_detail detail = {0};
        Amana__V1__EntryContent *content;
        Amana__V1__Header *header;
        Amana__V1__ReplayItem *item = item_of(seq, &checkpoint, false);
        if (seq == 0)
            item->checkpoint = as_message(&checkpoint);
        if (change != NULL && seq == changed)
            change(item);
        enum am_err err = replay_take(&outcome.check, item, &arena, &detail, &content, &header);
        if (err == AM_OK)
            continue;
        if (outcome.err == AM_OK) {
            outcome.err = err;
            outcome.detail = detail;
        }
        if (err != AM_CORRUPT)
            return outcome;
    }
    struct am_detail words = {0};
    outcome.verdict = replay_end(&outcome.check, &words);
    return outcome;
}

static void every_entry_of_a_log_that_holds_is_verified(void **state)
{
    for (uint64_t size = 1; size <= ENTRIES; size++) {
        struct outcome outcome = replay(size, NULL, NULL, 0);
        if (outcome.err != AM_OK)
            fail_msg("%s: %s", outcome.detail.field, outcome.detail.text);
        assert_int_equal(outcome.verdict, REPLAY_GOOD);
        assert_int_equal(outcome.check.entries, size);
        assert_int_equal(outcome.check.opened, size);
        assert_int_equal(outcome.check.signed_good, size > SUBMITTED ? 1 : 0);
    }
}

static void flip_content(Amana__V1__ReplayItem *item)
{
    item->opened->content.data[item->opened->content.len - 1] ^= 1;
}
static void flip_salt(Amana__V1__ReplayItem *item)
{
    item->opened->salt.data[3] ^= 0x80;
}
static void cut_salt(Amana__V1__ReplayItem *item)
{
    item->opened->salt.len = 15;
}
static void show_nothing(Amana__V1__ReplayItem *item)
{
    item->shown_case = AMANA__V1__REPLAY_ITEM__SHOWN__NOT_SET;
}
static void claim_erased(Amana__V1__ReplayItem *item)
{
    item->shown_case = AMANA__V1__REPLAY_ITEM__SHOWN_ERASED_BY;
    item->erased_by = 3;
}
static void flip_header(Amana__V1__ReplayItem *item)
{
    item->opened->header.data = arena_copy(&arena, item->opened->header.data, item->opened->header.len);
    item->opened->header.data[20] ^= 1;
}
static void flip_signature(Amana__V1__ReplayItem *item)
{
    item->opened->signature.data = arena_copy(&arena, item->opened->signature.data, item->opened->signature.len);
    item->opened->signature.data[item->opened->signature.len - 1] ^= 1;
}

static void a_changed_entry_is_named_and_the_others_go_on(void **state)
{
    static const struct {
        void (*change)(Amana__V1__ReplayItem *item);
        unsigned seq;
    } rows[] = {{flip_content, 0},
                {flip_content, 7},
                {flip_content, ENTRIES - 1},
                {flip_salt, 9},
                {cut_salt, 2},
                {show_nothing, 11},
                {claim_erased, 12},
                {claim_erased, SUBMITTED},
                {flip_header, SUBMITTED},
                {flip_signature, SUBMITTED},
                {flip_content, SUBMITTED}};
    for (size_t i = 0; i < AM_LEN(rows); i++) {
        struct outcome outcome = replay(ENTRIES, NULL, rows[i].change, rows[i].seq);
        char field[40];
        snprintf(field, sizeof field, "entry %u", rows[i].seq);
        assert_int_equal(outcome.err, AM_CORRUPT);
        assert_string_equal(outcome.detail.field, field);
        assert_int_equal(outcome.verdict, REPLAY_DAMAGED);
        assert_int_equal(outcome.check.damaged, 1);
        assert_int_equal(outcome.check.first_damaged, rows[i].seq);
        assert_int_equal(outcome.check.entries, ENTRIES);
    }
}

static void a_statement_of_retrieval_is_checked_and_a_false_one_is_named(void **state)
{
    const unsigned seq = SUBMITTED + 1;
    add_retrieved(seq, ENV_POST);
    struct outcome good = replay(ENTRIES, NULL, NULL, 0);
    assert_int_equal(good.verdict, REPLAY_GOOD);
    assert_int_equal(good.check.retrieved_good, 1);
    add_retrieved(seq, ENV_CHILD);
    struct outcome bad = replay(ENTRIES, NULL, NULL, 0);
    assert_int_equal(bad.err, AM_CORRUPT);
    assert_int_equal(bad.verdict, REPLAY_DAMAGED);
    assert_int_equal(bad.check.damaged, 1);
    assert_int_equal(bad.check.first_damaged, seq);
    free(entries[seq].content);
    add_alarm(seq);
}

static void flip_leaf(Amana__V1__ReplayItem *item)
{
    item->leaf.data[9] ^= 1; // its time
}
static void cut_leaf(Amana__V1__ReplayItem *item)
{
    item->leaf.len--;
}
static void later(Amana__V1__ReplayItem *item)
{
    item->seq++;
}
static void foreign_key(Amana__V1__ReplayItem *item)
{
    item->checkpoint->signature.data[20] ^= 1;
}
static void other_log(Amana__V1__ReplayItem *item)
{
    item->checkpoint->origin = (char *)"ke.amana.example/log";
}

static void a_changed_leaf_or_order_or_checkpoint_ends_it(void **state)
{
    assert_int_equal(replay(ENTRIES, NULL, flip_leaf, 6).verdict, REPLAY_BROKEN);
    assert_int_equal(replay(ENTRIES, NULL, cut_leaf, 6).err, AM_PROOF);
    assert_int_equal(replay(ENTRIES, NULL, later, 6).err, AM_PROOF);
    assert_int_equal(replay(ENTRIES, NULL, foreign_key, 0).err, AM_SIGNATURE);
    assert_int_not_equal(replay(ENTRIES, NULL, other_log, 0).err, AM_OK);
}

static void a_replay_that_stops_early_is_not_complete(void **state)
{
    struct replay_check check;
    struct log_checkpoint checkpoint = signed_at(ENTRIES);
    struct am_detail detail = {0};
    replay_check_init(&check, auditor, false, NULL);
    for (unsigned seq = 0; seq + 1 < ENTRIES; seq++) {
        Amana__V1__EntryContent *content;
        Amana__V1__Header *header;
        Amana__V1__ReplayItem *item = item_of(seq, &checkpoint, false);
        item->checkpoint = seq == 0 ? as_message(&checkpoint) : NULL;
        assert_int_equal(replay_take(&check, item, &arena, &detail, &content, &header), AM_OK);
    }
    assert_int_equal(replay_end(&check, &detail), REPLAY_BROKEN);
}

static void withheld_entries_are_verified_as_leaves_and_counted(void **state)
{
    struct replay_check check;
    struct log_checkpoint checkpoint = signed_at(ENTRIES);
    struct am_detail detail = {0};
    replay_check_init(&check, auditor, false, NULL);
    for (unsigned seq = 0; seq < ENTRIES; seq++) {
        Amana__V1__EntryContent *content;
        Amana__V1__Header *header;
        Amana__V1__ReplayItem *item = item_of(seq, &checkpoint, false);
        item->checkpoint = seq == 0 ? as_message(&checkpoint) : NULL;
        if (seq % 2 == 1) {
            item->shown_case = AMANA__V1__REPLAY_ITEM__SHOWN_WITHHELD;
            item->withheld = true;
        }
        assert_int_equal(replay_take(&check, item, &arena, &detail, &content, &header), AM_OK);
        assert_true((content == NULL) == (seq % 2 == 1));
    }
    assert_int_equal(replay_end(&check, &detail), REPLAY_GOOD);
    assert_int_equal(check.withheld, ENTRIES / 2);
}

static void it_goes_through_the_last_replay_or_says_fork_or_rollback(void **state)
{
    struct log_checkpoint last = signed_at(13);
    struct outcome outcome = replay(ENTRIES, &last, NULL, 0);
    assert_int_equal(outcome.verdict, REPLAY_GOOD);
    assert_true(outcome.check.last_met);
    last.root[0] ^= 1;
    outcome = replay(ENTRIES, &last, NULL, 0);
    assert_int_equal(outcome.err, AM_PROOF);
    last = signed_at(ENTRIES);
    outcome = replay(13, &last, NULL, 0);
    assert_int_equal(outcome.verdict, REPLAY_BROKEN);
}

static void a_filtered_replay_proves_each_entry_by_itself(void **state)
{
    struct log_checkpoint checkpoint = signed_at(ENTRIES);
    for (unsigned changed = 0; changed < 3; changed++) {
        struct replay_check check;
        struct am_detail detail = {0};
        Amana__V1__EntryContent *content;
        Amana__V1__Header *header;
        replay_check_init(&check, auditor, true, NULL);
        for (unsigned seq = 1; seq < ENTRIES; seq += 3) {
            Amana__V1__ReplayItem *item = item_of(seq, &checkpoint, true);
            bool bad = changed > 0 && seq == 7;
            if (bad && changed == 1)
                item->path[1].data[0] ^= 1;
            if (bad && changed == 2)
                item->seq = 6;
            assert_int_equal(replay_take(&check, item, &arena, &detail, &content, &header), bad ? AM_CORRUPT : AM_OK);
        }
        assert_int_equal(replay_end(&check, &detail), changed > 0 ? REPLAY_DAMAGED : REPLAY_GOOD);
    }
}

static void nothing_is_erased_on_the_hubs_word_alone_even_past_its_day(void **state)
{
    struct log_checkpoint checkpoint;
    struct entry kept = entries[10];
    Amana__V1__EntryContent *content;
    Amana__V1__Header *header;
    struct replay_check check;
    struct am_detail detail = {0};
    entries[10].leaf.class = 1;
    entries[10].leaf.erase_after = 20000; // in 2024
    log_leaf_pack(&entries[10].leaf, entries[10].packed);
    assert_int_equal(log_leaf_hash(entries[10].packed, entries[10].hash), AM_OK);
    checkpoint = signed_at(ENTRIES);
    Amana__V1__ReplayItem *item = item_of(10, &checkpoint, true);
    claim_erased(item);
    replay_check_init(&check, auditor, true, NULL);
    assert_int_equal(replay_take(&check, item, &arena, &detail, &content, &header), AM_CORRUPT);
    assert_int_equal(check.erased, 1);
    entries[10] = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_of_a_log_that_holds_is_verified),
        cmocka_unit_test(a_changed_entry_is_named_and_the_others_go_on),
        cmocka_unit_test(a_statement_of_retrieval_is_checked_and_a_false_one_is_named),
        cmocka_unit_test(a_changed_leaf_or_order_or_checkpoint_ends_it),
        cmocka_unit_test(a_replay_that_stops_early_is_not_complete),
        cmocka_unit_test(withheld_entries_are_verified_as_leaves_and_counted),
        cmocka_unit_test(it_goes_through_the_last_replay_or_says_fork_or_rollback),
        cmocka_unit_test(a_filtered_replay_proves_each_entry_by_itself),
        cmocka_unit_test(nothing_is_erased_on_the_hubs_word_alone_even_past_its_day),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
