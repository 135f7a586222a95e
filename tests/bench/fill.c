// SPDX-License-Identifier: Apache-2.0
// Entries by the program's own journal and signer, in batches as the hub writes them.
#include "fill.h"

#include "amana/v1/audit.pb-c.h"
#include "amana/v1/code.pb-c.h"
#include "certs/clock.h"
#include "child.h"
#include "figures.h"
#include "proto/codec/codec.h"
#include "proto/model/kind.h"
#include "proto/model/life.h"
#include "server/signer/signer.h"
#include "server/store/store.h"

#include <endian.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN  "igad.amana.example/log" // of tests/setup
#define BATCH   LIMIT_BATCH_ENTRIES
#define WINDOW  (8u * BATCH) // appends under way
#define LOOKUPS 1000u

#define ALARM_BYTES   1024u // that the journal has to have room for
#define MESSAGE_BYTES 6144u

static struct am_detail detail;
static sem_t room;

// --- The journal, open for writing
struct journal_open {
    struct signer *signer;
    struct store *store;
};

static void on_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    if (outcome->result != JOURNAL_DONE) {
        fprintf(stderr, "an append ended with %d\n", outcome->result);
        exit(EXIT_FAILURE);
    }
    free((void *)outcome->receipt.data);
    sem_post(&room);
}

static void on_batch(void *user)
{
}

static void on_died(void *user, enum am_err err, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, am_err_text(err));
    exit(EXIT_FAILURE);
}

static enum am_err nothing_new(void *user, uint64_t from, uint64_t to, void *feed)
{
    return AM_CONFLICT; // the signer has seen all that `amanad init` wrote
}

static void journal_begin(const char *world, uint64_t bytes, struct journal_open *ret_open)
{
    char data[PATH_MAX - 16], folder[PATH_MAX];
    uint8_t root[LOG_HASH_SIZE], signature[LOG_SIGNATURE_SIZE];
    enum signer_judgement judgement;
    snprintf(data, sizeof data, "%s/data", world);
    snprintf(folder, sizeof folder, "%s/signer", data);
    const struct signer_config config = {.folder = folder, .origin = ORIGIN};
    const struct store_options options = {
        .folder = data, .map_size = CHILD_MAP + bytes, .origin = ORIGIN, .queue = WINDOW};
    struct journal_open open;
    MUST(signer_start(&config, &detail, &open.signer));
    MUST(store_open(&options, &detail, &open.store));
    store_root(open.store, root);
    MUST(signer_open(open.signer, store_size(open.store), root, nothing_new, NULL, &judgement, signature));
    const struct store_signer sign = {.prepare = signer_prepare, .sign = signer_sign, .user = open.signer};
    const struct store_callbacks callbacks = {on_done, on_batch, on_died, NULL};
    MUST(store_start(open.store, &sign, &callbacks, signature));
    sem_init(&room, 0, WINDOW);
    *ret_open = open;
}

static void journal_end(struct journal_open *open)
{
    store_close(open->store);
    signer_stop(open->signer);
    sem_destroy(&room);
}

// The bytes are the caller's.
static struct am_bytes packed(const Amana__V1__EntryContent *content)
{
    uint8_t *bytes;
    size_t len;
    MUST(codec_encode_alloc(&content->base, &bytes, &len));
    return (struct am_bytes){bytes, len};
}

// --- Alarms: entries of no message
static struct am_bytes alarm_content(void)
{
    Amana__V1__AlarmEntry alarm = AMANA__V1__ALARM_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    alarm.what = (char *)"BENCH";
    alarm.detail = (char *)"one of very many entries, which are made to see how long a start takes among them";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ALARM;
    content.alarm = &alarm;
    return packed(&content);
}

void fill_alarms(const char *world, unsigned long entries)
{
    static struct journal_entry rows[BATCH];
    size_t n = (entries + BATCH - 1) / BATCH;
    struct journal_append *appends = calloc(n, sizeof *appends);
    struct am_bytes content = alarm_content();
    struct journal_open open;
    journal_begin(world, (uint64_t)entries * ALARM_BYTES, &open);
    double from = figures_now_ms();
    for (size_t i = 0; i < BATCH; i++)
        rows[i] =
            (struct journal_entry){.kind = AMANA__V1__ENTRY_KIND__CODE__ALARM, .content = content, .of = JOURNAL_NONE};
    for (size_t i = 0; i < n; i++) {
        appends[i] = (struct journal_append){.time_ns = clock_utc(),
                                             .entries = rows,
                                             .n_entries = entries - i * BATCH < BATCH ? entries - i * BATCH : BATCH};
        sem_wait(&room);
        MUST(store_submit(open.store, &appends[i]));
    }
    store_drain(open.store);
    printf("entries in the log          %10llu   written in %.1f s\n", (unsigned long long)store_size(open.store),
           (figures_now_ms() - from) / 1e3);
    journal_end(&open);
    free(appends);
    free((void *)content.data);
}

// --- Messages: each an alert of a case, retrieved and acknowledged by nobody yet, its mailbox rows long gone
#define UNITS 4u
static const char *const PARTIES[UNITS] = {"ke/dci/transnational", "et/ics/moyale", "ke/dcs/child-protection",
                                           "et/mowsa/protection"};

// One append with all that it points at.
struct slot {
    struct journal_append append;
    struct journal_entry entry;
    struct journal_message message;
    struct journal_life life;
    struct journal_chain chain;
    struct journal_delivery deliveries[UNITS - 1];
    char id[37], case_ref[32];
    uint8_t content[512];
};

static struct journal_recipient recipients[UNITS - 1];
static const char *parties[UNITS];
static uint8_t header[700], signature[900], sealed[600], flags[20];

static void case_name(char ret_ref[32], unsigned number)
{
    snprintf(ret_ref, 32, "ke/dci/2026/%06u", number);
}

static void slot_fill(struct slot *slot, unsigned number, unsigned cases)
{
    uint64_t digest = htobe64(number * 0x9e3779b97f4a7c15u); // scattered as digests are
    memset(slot, 0, sizeof *slot);
    case_name(slot->case_ref, number % cases);
    snprintf(slot->id, sizeof slot->id, "0199%04x-%04x-7abc-8def-0000%08x", number >> 16, number & 0xffff, number);
    memcpy(slot->content, &digest, sizeof digest);
    slot->message = (struct journal_message){.id = slot->id,
                                             .device = "amana://ke/dci/transnational/device/d1",
                                             .originator = PARTIES[0],
                                             .header = {header, sizeof header},
                                             .signature = {signature, sizeof signature},
                                             .body = {sealed, sizeof sealed},
                                             .flags = {flags, sizeof flags},
                                             .root = JOURNAL_SELF,
                                             .kind = KIND(ALERT),
                                             .urgency = 3,
                                             .case_ref = slot->case_ref,
                                             .recipients = recipients,
                                             .n_recipients = UNITS - 1};
    memcpy(slot->message.header_digest, &digest, sizeof digest);
    memcpy(slot->message.header_digest + 8, &number, sizeof number);
    slot->entry = (struct journal_entry){.kind = AMANA__V1__ENTRY_KIND__CODE__SUBMITTED,
                                         .class = JOURNAL_CLASS_MESSAGE,
                                         .content = {slot->content, sizeof slot->content},
                                         .of = JOURNAL_SELF,
                                         .case_ref = slot->case_ref,
                                         .parties = parties,
                                         .n_parties = UNITS};
    slot->life = (struct journal_life){
        .root = JOURNAL_SELF, .recipient = PARTIES[1], .state = LIFE(OPEN), .clock_seq = JOURNAL_SELF, .officer = ""};
    slot->chain =
        (struct journal_chain){.root = JOURNAL_SELF, .newest = JOURNAL_SELF, .clock = JOURNAL_SELF, .urgency = 3};
    for (unsigned i = 0; i < UNITS - 1; i++)
        slot->deliveries[i] = (struct journal_delivery){
            .seq = JOURNAL_SELF, .recipient = PARTIES[i + 1], .state = AMANA__V1__DELIVERY_STATE__CODE__RETRIEVED};
    slot->append = (struct journal_append){.time_ns = clock_utc(),
                                           .entries = &slot->entry,
                                           .n_entries = 1,
                                           .message = &slot->message,
                                           .lives = &slot->life,
                                           .n_lives = 1,
                                           .chain = &slot->chain,
                                           .deliveries = slot->deliveries,
                                           .n_deliveries = UNITS - 1};
}

// Each entry of a case, read as a filtered replay reads it.
static void look_up(struct store *store, unsigned cases)
{
    double *us = calloc(LOOKUPS, sizeof *us);
    struct store_view *view;
    size_t found = 0;
    MUST(store_view_begin(store, &view));
    for (unsigned i = 0; i < LOOKUPS; i++) {
        char ref[32];
        double from = figures_now_ms();
        case_name(ref, i * 7919u % cases);
        for (uint64_t seq = 0;; seq++, found++) {
            struct store_entry entry;
            enum am_err err =
                store_index_next(view, STORE_INDEX_CASE, (struct am_bytes){(const uint8_t *)ref, strlen(ref)}, &seq);
            if (err == AM_NOT_FOUND)
                break;
            MUST(err);
            MUST(store_entry(view, seq, &entry));
        }
        us[i] = (figures_now_ms() - from) * 1e3;
    }
    store_view_end(view);
    figures_sort(us, LOOKUPS);
    printf("a case of %.0f messages in the journal: %.1f us (p99 %.1f)\n", (double)found / LOOKUPS, us[LOOKUPS / 2],
           us[LOOKUPS * 99 / 100]);
    free(us);
}

void fill_messages(const char *world, unsigned messages, unsigned cases)
{
    struct slot *slots = calloc(WINDOW, sizeof *slots);
    struct journal_open open;
    for (unsigned i = 0; i < UNITS; i++) {
        parties[i] = PARTIES[i];
        if (i > 0)
            recipients[i - 1] = (struct journal_recipient){PARTIES[i], AMANA__V1__PART__CODE__ACTION};
    }
    journal_begin(world, (uint64_t)messages * MESSAGE_BYTES, &open);
    double from = figures_now_ms();
    for (unsigned i = 0; i < messages; i++) {
        struct slot *slot = &slots[i % WINDOW]; // appends come back in their order
        sem_wait(&room);
        slot_fill(slot, i, cases);
        MUST(store_submit(open.store, &slot->append));
    }
    for (unsigned i = 0; i < WINDOW; i++)
        sem_wait(&room);
    printf("%u messages in %u cases: written in %.1f s\n", messages, cases, (figures_now_ms() - from) / 1e3);
    look_up(open.store, cases);
    journal_end(&open);
    free(slots);
}
