// SPDX-License-Identifier: Apache-2.0
// Receipts and proofs of the journal against a tree worked out anew, many writers at once, and views while it is
// written.
#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"
#include "server/store/internal.h"
#include "store_kit.h"

// cmocka wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// --- RFC 9162 §2.1 word for word
struct naive {
    uint8_t (*leaves)[32];
    size_t n;
};

static enum am_err naive_learn(void *user, const uint8_t (*hashes)[32], size_t n)
{
    struct naive *naive = user;
    naive->leaves = realloc(naive->leaves, (naive->n + n) * 32);
    memcpy(naive->leaves + naive->n, hashes, n * 32);
    naive->n += n;
    return AM_OK;
}

static size_t split(size_t n)
{
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static void naive_root(const uint8_t (*leaves)[32], size_t n, uint8_t *hash)
{
    uint8_t left[32], right[32];
    if (n == 1) {
        memcpy(hash, leaves[0], 32);
        return;
    }
    naive_root(leaves, split(n), left);
    naive_root(leaves + split(n), n - split(n), right);
    assert_int_equal(merkle_node(left, right, hash), AM_OK);
}

static void naive_path(const uint8_t (*leaves)[32], size_t n, size_t index, struct merkle_path *path)
{
    if (n == 1)
        return;
    size_t k = split(n);
    if (index < k) {
        naive_path(leaves, k, index, path);
        naive_root(leaves + k, n - k, path->hashes[path->len++]);
    } else {
        naive_path(leaves + k, n - k, index - k, path);
        naive_root(leaves, k, path->hashes[path->len++]);
    }
}

static void naive_subproof(const uint8_t (*leaves)[32], size_t n, size_t m, bool whole, struct merkle_path *path)
{
    if (m == n) {
        if (!whole)
            naive_root(leaves, n, path->hashes[path->len++]);
        return;
    }
    size_t k = split(n);
    if (m <= k) {
        naive_subproof(leaves, k, m, whole, path);
        naive_root(leaves + k, n - k, path->hashes[path->len++]);
    } else {
        naive_subproof(leaves + k, n - k, m - k, false, path);
        naive_root(leaves, k, path->hashes[path->len++]);
    }
}

static void assert_path(const struct merkle_path *path, const struct merkle_path *wanted)
{
    assert_int_equal(path->len, wanted->len);
    assert_memory_equal(path->hashes, wanted->hashes, path->len * 32);
}

static void check_size(struct store_view *view, const struct naive *naive, size_t size, size_t step)
{
    const uint8_t(*leaves)[32] = (const uint8_t(*)[32])naive->leaves;
    struct merkle_path path, wanted;
    for (size_t index = 0; index < size; index += index + step < size || index == size - 1 ? step : size - 1 - index) {
        wanted.len = 0;
        naive_path(leaves, size, index, &wanted);
        assert_int_equal(store_inclusion(view, index, size, &path), AM_OK);
        assert_path(&path, &wanted);
        wanted.len = 0;
        naive_subproof(leaves, size, index + 1, true, &wanted);
        assert_int_equal(store_consistency(view, index + 1, size, &path), AM_OK);
        assert_path(&path, &wanted);
    }
    assert_int_equal(store_inclusion(view, size, size, &path), AM_INVALID);
}

static void check_checkpoint(struct store_view *view, const struct naive *naive, size_t size)
{
    struct log_checkpoint checkpoint;
    uint8_t root[32], signature[68];
    assert_int_equal(store_checkpoint_at(view, size, &checkpoint), AM_OK);
    naive_root((const uint8_t(*)[32])naive->leaves, size, root);
    assert_memory_equal(checkpoint.root, root, 32);
    kit_signature(size, root, signature);
    assert_memory_equal(checkpoint.signature, signature, 68);
}

// Verified as a client does: content, commitment, leaf, path.
static uint64_t check_receipt(struct am_bytes receipt)
{
    struct arena arena;
    Amana__V1__ProvedEntry *entry;
    uint8_t leaf[LOG_LEAF_SIZE], hash[32], path[MERKLE_PATH][32], signature[68];
    arena_init(&arena, ARENA_FOR(receipt.len));
    assert_int_equal(codec_decode(&amana__v1__proved_entry__descriptor, CODEC_STRICT, receipt, &arena, NULL,
                                  (ProtobufCMessage **)&entry),
                     AM_OK);
    struct log_leaf parts = {(uint8_t)entry->version, (uint8_t)entry->class_, entry->time, entry->erase_after, {0}};
    assert_int_equal(entry->salt.len, 16);
    assert_int_equal(log_commit(entry->salt.data, codec_bytes(entry->content), parts.commitment), AM_OK);
    log_leaf_pack(&parts, leaf);
    assert_int_equal(log_leaf_hash(leaf, hash), AM_OK);
    for (size_t i = 0; i < entry->n_path; i++)
        memcpy(path[i], entry->path[i].data, 32);
    assert_int_equal(merkle_verify_inclusion(entry->index, entry->checkpoint->size, hash, (const uint8_t(*)[32])path,
                                             entry->n_path, entry->checkpoint->root.data),
                     AM_OK);
    kit_signature(entry->checkpoint->size, entry->checkpoint->root.data, signature);
    assert_memory_equal(entry->checkpoint->signature.data, signature, 68);
    assert_string_equal(entry->checkpoint->origin, KIT_ORIGIN);
    uint64_t index = entry->index;
    arena_clear(&arena);
    return index;
}

static void assert_receipts_again(struct kit *kit)
{
    struct store_view *view;
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    for (size_t i = 0; i < kit->n_done; i++) {
        uint8_t *bytes;
        size_t len;
        if (kit->done[i].outcome.receipt.len == 0)
            continue;
        assert_int_equal(store_receipt(view, kit->done[i].outcome.seq, &bytes, &len), AM_OK);
        assert_int_equal(len, kit->done[i].outcome.receipt.len);
        assert_memory_equal(bytes, kit->done[i].outcome.receipt.data, len);
        free(bytes);
    }
    store_view_end(view);
}

// --- Tests
static void proofs_and_checkpoints_of_every_size_to_300_are_those_of_the_rfc(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct naive naive = {NULL, 0};
    struct store_view *view;
    struct log_checkpoint checkpoint;
    kit_alarm(&alarm, 1, 1, 10);
    for (unsigned i = 0; i < 300; i++)
        check_receipt(kit_append(kit, &alarm.append).receipt);
    assert_int_equal(store_leaf_hashes(kit->store, 0, 300, naive_learn, &naive), AM_OK);
    assert_int_equal(naive.n, 300);
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    for (size_t size = 1; size <= 300; size++) {
        check_size(view, &naive, size, size < 40 ? 1 : 17);
        check_checkpoint(view, &naive, size);
        assert_int_equal(store_checkpoint_after(view, size - 1, &checkpoint), AM_OK);
        assert_int_equal(checkpoint.size, size);
    }
    assert_int_equal(store_checkpoint_at(view, 301, &checkpoint), AM_NOT_FOUND);
    assert_int_equal(store_checkpoint_after(view, 300, &checkpoint), AM_NOT_FOUND);
    store_view_end(view);
    assert_receipts_again(kit);
    kit_close(kit);
    kit_open(kit);
    assert_receipts_again(kit); // after the reopening, and with one batch more
    kit_append(kit, &alarm.append);
    assert_receipts_again(kit);
    free(naive.leaves);
    kit_alarm_clear(&alarm);
}

static void a_tree_of_65537_leaves_is_right_at_the_borders_of_its_tiles(void **state)
{
    struct kit *kit = *state;
    const size_t sizes[] = {255, 256, 257, 511, 512, 513, 65279, 65280, 65535, 65536, 65537};
    struct kit_alarm four, one;
    struct naive naive = {NULL, 0};
    struct store_view *view;
    kit_alarm(&four, 1, 4, 10);
    kit_alarm(&one, 1, 1, 10);
    for (unsigned i = 0; i < 65532 / 4; i++)
        kit_submit(kit, &four.append);
    kit_wait(kit, 65532 / 4);
    for (unsigned i = 0; i < 5; i++)
        kit_append(kit, &one.append);
    for (size_t i = 0; i < kit->n_done; i++)
        assert_int_equal(check_receipt(kit->done[i].outcome.receipt), kit->done[i].outcome.seq);
    assert_int_equal(store_leaf_hashes(kit->store, 0, 65537, naive_learn, &naive), AM_OK);
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    for (size_t i = 0; i < AM_LEN(sizes); i++)
        check_size(view, &naive, sizes[i], sizes[i] < 1000 ? 31 : 9973);
    check_checkpoint(view, &naive, 65537);
    check_checkpoint(view, &naive, 65536);
    store_view_end(view);
    kit_close(kit);
    kit_open(kit); // the signer's own range is learnt again, and the edge is loaded
    check_receipt(kit_append(kit, &one.append).receipt);
    assert_receipts_again(kit);
    free(naive.leaves);
    kit_alarm_clear(&four);
    kit_alarm_clear(&one);
}

static void what_is_proved_now_is_proved_against_the_newest_checkpoint(void **state)
{
    struct kit *kit = *state;
    struct kit_message m;
    struct kit_alarm alarm;
    struct store_view *view;
    uint8_t *bytes;
    size_t len;
    kit_message(&m, 1, 1, 10);
    kit_alarm(&alarm, 1, 3, 10);
    struct am_bytes original = kit_append(kit, &m.append).receipt;
    kit_append(kit, &alarm.append);
    assert_int_equal(store_view_begin(kit->store, &view), AM_OK);
    assert_int_equal(store_proved_now(view, 0, &bytes, &len), AM_OK);
    assert_int_equal(check_receipt((struct am_bytes){bytes, len}), 0);
    assert_true(len > original.len); // the path is longer
    free(bytes);
    assert_int_equal(store_proved_now(view, 4, &bytes, &len), AM_NOT_FOUND);
    store_view_end(view);
    kit_message_clear(&m);
    kit_alarm_clear(&alarm);
}

// --- Many at once
#define WRITERS 6
#define EACH    150

struct crowd {
    struct kit *kit;
    unsigned number;
    struct kit_message *messages;
    atomic_bool stop;
};

static void *writer_main(void *user)
{
    struct crowd *crowd = user;
    for (unsigned i = 0; i < EACH; i++) {
        kit_message(&crowd->messages[i], crowd->number * EACH + i, 1 + i % 3, 100 + i);
        while (store_submit(crowd->kit->store, &crowd->messages[i].append) == AM_BUSY)
            sched_yield();
    }
    return NULL;
}

static void *reader_main(void *user)
{
    struct crowd *crowd = user;
    struct store_view *view;
    uint64_t last = 0;
    uintptr_t faults = store_view_begin(crowd->kit->store, &view) != AM_OK;
    while (faults == 0 && !crowd->stop) {
        struct log_checkpoint checkpoint;
        struct store_entry entry;
        uint8_t root[32];
        uint64_t size = store_view_size(view);
        store_view_checkpoint(view, &checkpoint);
        faults += size < last || checkpoint.size != size || size > store_signed_size(crowd->kit->store);
        faults += size > 0 && store_entry(view, size - 1, &entry) != AM_OK;
        // Not even the rows beyond the bound are in the snapshot.
        uint64_t rows = 0;
        faults += table_count(view->txn, TABLE_ENTRY, &rows) != AM_OK || rows != size;
        faults += merkle_root(tree_read, &view->txn, size, root) != AM_OK || memcmp(root, checkpoint.root, 32) != 0;
        last = size;
        faults += store_view_renew(view) != AM_OK;
    }
    store_view_end(view);
    return (void *)faults;
}

static void many_writers_get_true_receipts_and_readers_see_only_what_is_signed(void **state)
{
    struct kit *kit = *state;
    struct crowd crowds[WRITERS], watching = {.kit = kit};
    pthread_t writers[WRITERS], readers[2];
    bool *seen = calloc(WRITERS * EACH, sizeof *seen);
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&readers[i], NULL, reader_main, &watching);
    for (unsigned i = 0; i < WRITERS; i++) {
        crowds[i] = (struct crowd){.kit = kit, .number = i, .messages = calloc(EACH, sizeof(struct kit_message))};
        pthread_create(&writers[i], NULL, writer_main, &crowds[i]);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    kit_wait(kit, WRITERS * EACH);
    watching.stop = true;
    for (unsigned i = 0; i < 2; i++) {
        void *faults;
        pthread_join(readers[i], &faults);
        assert_null(faults);
    }
    for (size_t i = 0; i < kit->n_done; i++) {
        const struct journal_outcome *outcome = &kit->done[i].outcome;
        assert_int_equal(outcome->result, JOURNAL_DONE);
        assert_int_equal(check_receipt(outcome->receipt), outcome->seq);
        assert_false(seen[outcome->seq]);
        seen[outcome->seq] = true;
    }
    assert_receipts_again(kit);
    pthread_mutex_lock(&kit->lock); // the last batch may still be on its way out
    size_t batches = kit->batches;
    pthread_mutex_unlock(&kit->lock);
    assert_true(batches < WRITERS * EACH); // they shared commits
    for (unsigned i = 0; i < WRITERS; i++) {
        for (unsigned j = 0; j < EACH; j++)
            kit_message_clear(&crowds[i].messages[j]);
        free(crowds[i].messages);
    }
    free(seen);
}

struct waiting {
    struct kit *kit;
    struct store_view *view;
    enum am_err err;
    bool released; // when the view came
};

static void *view_main(void *user)
{
    struct waiting *waiting = user;
    waiting->err = store_view_begin(waiting->kit->store, &waiting->view);
    pthread_mutex_lock(&waiting->kit->lock);
    waiting->released = !waiting->kit->hold_sign;
    pthread_mutex_unlock(&waiting->kit->lock);
    return NULL;
}

static void wait_for_readers(struct kit *kit, unsigned n)
{
    MDB_envinfo info;
    do {
        sched_yield();
        mdb_env_info(kit->store->tables.env, &info);
    } while (info.me_numreaders < n);
}

static void a_view_begun_between_commit_and_signature_waits_for_the_signature(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct store_view *before;
    struct waiting waiting = {.kit = kit};
    pthread_t thread;
    kit_alarm(&alarm, 1, 1, 10);
    kit_append(kit, &alarm.append);
    assert_int_equal(store_view_begin(kit->store, &before), AM_OK);
    kit->hold_sign = true;
    kit_submit(kit, &alarm.append);
    kit_wait_held(kit); // committed, not signed
    assert_int_equal(store_signed_size(kit->store), 1);
    assert_int_equal(store_view_size(before), 1);
    pthread_create(&thread, NULL, view_main, &waiting);
    wait_for_readers(kit, 2); // it has its snapshot
    kit_release(kit);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.err, AM_OK);
    assert_true(waiting.released);
    assert_int_equal(store_view_size(waiting.view), 2);
    assert_int_equal(store_view_size(before), 1);
    store_view_end(waiting.view);
    store_view_end(before);
    kit_wait(kit, 2); // the keeper still reads the append for its receipt
    kit_alarm_clear(&alarm);
}

static void told_first(struct kit *kit)
{
    pthread_mutex_lock(&kit->store->gate);
    kit->let_go_early = kit->store->dead;
    pthread_mutex_unlock(&kit->store->gate);
}

static void a_view_that_waits_is_let_go_when_the_signer_fails_and_the_program_knows(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct store_view *before;
    struct waiting waiting = {.kit = kit};
    pthread_t thread;
    kit_alarm(&alarm, 1, 1, 10);
    kit_append(kit, &alarm.append);
    assert_int_equal(store_view_begin(kit->store, &before), AM_OK);
    kit->hold_sign = true;
    kit->sign_error = AM_UNAVAILABLE;
    kit->on_died = told_first;
    kit_submit(kit, &alarm.append);
    kit_wait_held(kit);
    pthread_create(&thread, NULL, view_main, &waiting);
    wait_for_readers(kit, 2);
    kit_release(kit);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.err, AM_READ_ONLY);
    kit_wait(kit, 2);
    assert_true(kit->died);
    assert_false(kit->let_go_early);
    assert_int_equal(kit->died_of, AM_UNAVAILABLE);
    assert_string_equal(kit->died_why, "the signer refused or ended");
    assert_int_equal(kit->n_done, 1); // the outcome of the second is nobody's to say
    assert_int_equal(store_submit(kit->store, &alarm.append), AM_READ_ONLY);
    store_view_end(before);
    // What was committed is signed at the next start.
    kit_close(kit);
    kit->sign_error = AM_OK;
    kit_open(kit);
    assert_int_equal(store_signed_size(kit->store), 2);
    kit_alarm_clear(&alarm);
}

static void draining_does_all_that_is_queued_and_takes_no_more(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    struct store_health health;
    kit_alarm(&alarm, 1, 1, 10);
    for (unsigned i = 0; i < 500; i++)
        kit_submit(kit, &alarm.append);
    store_drain(kit->store);
    assert_int_equal(kit->n_done, 500);
    assert_int_equal(store_signed_size(kit->store), 500);
    assert_int_equal(store_submit(kit->store, &alarm.append), AM_READ_ONLY);
    store_health(kit->store, &health);
    assert_false(health.may_append);
    assert_int_equal(health.queued, 0);
    kit_alarm_clear(&alarm);
}

#define PATIENT (3600 * NS_PER_S) // longer than any test

static void kit_patience(struct kit *kit, uint64_t patience_ns)
{
    kit_close(kit);
    kit->options.patience_ns = patience_ns;
    kit_open(kit);
}

// Saves from a peer who sees to it that something is always being checked: nothing of others would be written.
static void what_waits_for_others_is_taken_after_a_moment_though_they_never_come(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    store_expect(kit->store, 100);
    for (unsigned i = 1; i <= 3; i++) {
        kit_submit(kit, &alarm.append);
        kit_wait(kit, i);
        store_expect(kit->store, 100 + i); // and more come
    }
    kit_alarm_clear(&alarm);
}

// Saves from large messages of one behind which a small one of another waits anew for each.
static void what_a_batch_had_no_room_for_waits_for_nobody_any_more(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    kit_patience(kit, PATIENT);
    kit->hold_sign = true;
    kit_submit(kit, &alarm.append);
    kit_wait_held(kit);
    store_expect(kit->store, 100);
    for (unsigned i = 0; i < LIMIT_BATCH_ENTRIES + 1; i++)
        kit_submit(kit, &alarm.append);
    kit_release(kit);
    kit_wait(kit, LIMIT_BATCH_ENTRIES + 2);
    assert_int_equal(kit->signatures, 3);
    kit_alarm_clear(&alarm);
}

// Saves from a sync and a signature for every few of the messages that come together.
static void many_that_are_about_to_come_share_a_batch_and_nothing_waits_for_what_does_not_come(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    kit_patience(kit, PATIENT);
    store_expect(kit->store, 100);
    for (unsigned i = 0; i < 60; i++) {
        kit_submit(kit, &alarm.append);
        sched_yield(); // a keeper that doesn't wait has time to begin
    }
    store_expect(kit->store, 60); // the others were refused
    kit_wait(kit, 60);
    assert_int_equal(kit->signatures, 1);
    store_expect(kit->store, 3);
    kit_append(kit, &alarm.append);
    store_expect(kit->store, 100);
    for (unsigned i = 0; i < 3; i++)
        kit_submit(kit, &alarm.append);
    store_drain(kit->store);
    assert_int_equal(kit->n_done, 64);
    kit_alarm_clear(&alarm);
}

// Saves from a keeper that waits for what nobody can hand it.
static void a_full_queue_is_taken_whatever_is_about_to_come(void **state)
{
    struct kit *kit = *state;
    struct kit_alarm alarm;
    kit_alarm(&alarm, 1, 1, 10);
    kit->options.queue = 4;
    kit_patience(kit, PATIENT);
    store_expect(kit->store, 100);
    for (unsigned i = 0; i < 4; i++)
        kit_submit(kit, &alarm.append);
    kit_wait(kit, 4);
    assert_int_equal(store_signed_size(kit->store), 4);
    kit_alarm_clear(&alarm);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(proofs_and_checkpoints_of_every_size_to_300_are_those_of_the_rfc),
        TEST(a_tree_of_65537_leaves_is_right_at_the_borders_of_its_tiles),
        TEST(what_is_proved_now_is_proved_against_the_newest_checkpoint),
        TEST(many_writers_get_true_receipts_and_readers_see_only_what_is_signed),
        TEST(a_view_begun_between_commit_and_signature_waits_for_the_signature),
        TEST(a_view_that_waits_is_let_go_when_the_signer_fails_and_the_program_knows),
        TEST(what_waits_for_others_is_taken_after_a_moment_though_they_never_come),
        TEST(what_a_batch_had_no_room_for_waits_for_nobody_any_more),
        TEST(many_that_are_about_to_come_share_a_batch_and_nothing_waits_for_what_does_not_come),
        TEST(a_full_queue_is_taken_whatever_is_about_to_come),
        TEST(draining_does_all_that_is_queued_and_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
