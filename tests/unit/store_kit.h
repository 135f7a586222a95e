// SPDX-License-Identifier: Apache-2.0
// A journal in a folder of its own, a signer that is a hash, and messages with everything that a hub writes of them.
#pragma once

#include "proto/codec/arena.h"
#include "server/store/store.h"

#include <pthread.h>

#define KIT_ORIGIN "ke.amana.example/log"

struct kit_done {
    struct journal_append *append;
    struct journal_outcome outcome; // its receipt is the kit's until kit_forget
};

struct kit {
    char folder[64];
    struct store *store;
    struct store_options options;
    // Set before a batch: what the signer does.
    enum am_err sign_error;
    bool hold_sign; // waits until let go by kit_release
    unsigned signatures;
    struct merkle_range signed_range, prepared; // the signer's own
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct kit_done *done;
    size_t n_done, room, batches;
    bool holding, died, let_go_early;
    void (*on_died)(struct kit *kit); // before it is noted
    enum am_err died_of;
    const char *died_why;
};

void kit_signature(uint64_t size, const uint8_t root[32], uint8_t ret_signature[68]);
void kit_make(struct kit *kit, uint64_t map_size, uint64_t reserve); // folder, create, open, start
void kit_open(struct kit *kit);                                      // open and start
void kit_close(struct kit *kit);                                     // the store; the folder stays
void kit_clear(struct kit *kit);                                     // both

// Submits and waits; the outcome's receipt is freed by kit_forget.
struct journal_outcome kit_append(struct kit *kit, struct journal_append *append);
void kit_submit(struct kit *kit, struct journal_append *append); // again while the queue is full
void kit_wait(struct kit *kit, size_t n);                        // until n are done
void kit_wait_held(struct kit *kit);                             // until the signer is held
void kit_release(struct kit *kit);
void kit_forget(struct kit *kit);

int kit_setup(void **state); // struct kit, with room for what a test writes
int kit_teardown(void **state);

void kit_view(struct kit *kit, struct store_view **ret_view);
size_t kit_index_count(struct store_view *view, enum store_index index, const void *key, size_t len);
// These and no other bytes: for tests, which have cmocka.
#define ASSERT_BYTES(got, wanted, n)                                                                                   \
    do {                                                                                                               \
        struct am_bytes got_ = (got);                                                                                  \
        assert_int_equal(got_.len, n);                                                                                 \
        assert_memory_equal(got_.data, wanted, n);                                                                     \
    } while (0)

// One message from ke/dci/duty to n recipients, as a hub would append it. Everything lies in the struct.
struct kit_message {
    struct journal_append append;
    struct journal_entry entry;
    struct journal_message message;
    struct journal_recipient recipients[4];
    struct journal_mail mail[4];
    struct journal_life lives[4];
    struct journal_delivery deliveries[4];
    const char *parties[5];
    char id[37], case_ref[64];
    uint8_t header[512], signature[1024], flags[64], body[4096];
    uint8_t *content;
    size_t body_size;
};
void kit_message(struct kit_message *message, unsigned number, size_t n_recipients, size_t body_size);
void kit_message_clear(struct kit_message *message);
struct store_pointer kit_find(struct store_view *view, const struct kit_message *message); // seq JOURNAL_NONE: no

// An entry of the hub's own: ALARM with a text of `size` bytes.
struct kit_alarm {
    struct journal_append append;
    struct journal_entry entries[4];
    uint8_t *contents[4];
};
void kit_alarm(struct kit_alarm *alarm, unsigned number, size_t n_entries, size_t size);
void kit_alarm_clear(struct kit_alarm *alarm);

// A test's fixture: messages of cases, one after the other, and an arena to read them in.
#define KIT_CASE   "ke/dci/2026/004211"
#define KIT_POST   "et/ics/moyale" // of the state that a case is kept from
#define KIT_DESK   "amana://et/ics/moyale/device/d1"
#define KIT_BUSIA  "ug/upf/busia"
#define KIT_ABROAD "amana://ug/upf/busia/device/d1"
enum kit_to { KIT_TO_POST = 1, KIT_TO_BUSIA = 2 };
struct kit_cases {
    struct kit kit;
    struct arena arena;
    struct kit_message *messages;
    unsigned n; // of them
};
int kit_cases_setup(void **state); // struct kit_cases, with room for a few looks' worth of messages
int kit_cases_teardown(void **state);
// The next one; it is the caller's to append. to: one of them or both.
struct kit_message *kit_cases_message(struct kit_cases *cases, const char *case_ref, const char *from, unsigned to,
                                      size_t body_size);
// Appends it: with it the case is kept from the post's state.
void kit_cases_shield(struct kit_cases *cases, struct kit_message *said);
