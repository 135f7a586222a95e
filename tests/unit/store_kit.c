// SPDX-License-Identifier: Apache-2.0
// A journal in a folder of its own, and messages to put into it.
#include "store_kit.h"

#include "amana/v1/audit.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "must.h"
#include "proto/codec/codec.h"
#include "proto/model/limits.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kit_signature(uint64_t size, const uint8_t root[32], uint8_t ret_signature[68])
{
    uint8_t bytes[40], hash[32];
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, root, 32);
    MUST(log_sha256((struct am_bytes){bytes, sizeof bytes}, hash) == AM_OK);
    for (size_t i = 0; i < 68; i++)
        ret_signature[i] = hash[i % 32];
}

static enum am_err kit_prepare(void *user, const uint8_t (*leaf_hashes)[32], size_t n, uint64_t size,
                               const uint8_t root[32])
{
    struct kit *kit = user;
    uint8_t made[32];
    kit->prepared = kit->signed_range;
    for (size_t i = 0; i < n; i++)
        MUST(merkle_range_append(&kit->prepared, leaf_hashes[i], NULL, NULL) == AM_OK);
    MUST(merkle_range_root(&kit->prepared, made) == AM_OK);
    MUST(kit->prepared.size == size && memcmp(made, root, 32) == 0);
    return AM_OK;
}

static enum am_err kit_sign(void *user, uint64_t size, const uint8_t root[32], uint8_t ret_signature[68])
{
    struct kit *kit = user;
    uint8_t made[32];
    pthread_mutex_lock(&kit->lock);
    while (kit->hold_sign) {
        kit->holding = true;
        pthread_cond_broadcast(&kit->cond);
        pthread_cond_wait(&kit->cond, &kit->lock);
    }
    kit->holding = false;
    enum am_err err = kit->sign_error;
    kit->signatures++;
    pthread_mutex_unlock(&kit->lock);
    kit->signed_range = kit->prepared;
    MUST(merkle_range_root(&kit->signed_range, made) == AM_OK);
    MUST(kit->signed_range.size == size && memcmp(made, root, 32) == 0);
    kit_signature(size, root, ret_signature);
    return err;
}

static void kit_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    struct kit *kit = user;
    pthread_mutex_lock(&kit->lock);
    if (kit->n_done == kit->room) {
        kit->room = kit->room * 2 + 64;
        kit->done = realloc(kit->done, kit->room * sizeof *kit->done);
        MUST(kit->done != NULL);
    }
    kit->done[kit->n_done++] = (struct kit_done){append, *outcome};
    pthread_cond_broadcast(&kit->cond);
    pthread_mutex_unlock(&kit->lock);
}

static void kit_batch_done(void *user)
{
    struct kit *kit = user;
    pthread_mutex_lock(&kit->lock);
    kit->batches++;
    pthread_cond_broadcast(&kit->cond);
    pthread_mutex_unlock(&kit->lock);
}

static void kit_died(void *user, enum am_err err, const char *what)
{
    struct kit *kit = user;
    if (kit->on_died != NULL)
        kit->on_died(kit);
    pthread_mutex_lock(&kit->lock);
    kit->died = true;
    kit->died_of = err;
    kit->died_why = what;
    pthread_cond_broadcast(&kit->cond);
    pthread_mutex_unlock(&kit->lock);
}

static enum am_err kit_learn(void *user, const uint8_t (*hashes)[32], size_t n)
{
    struct kit *kit = user;
    for (size_t i = 0; i < n; i++)
        TRY(merkle_range_append(&kit->signed_range, hashes[i], NULL, NULL));
    return AM_OK;
}

void kit_open(struct kit *kit)
{
    struct am_detail detail = {.text = ""};
    uint8_t root[32], signature[68];
    const struct store_signer signer = {kit_prepare, kit_sign, kit};
    const struct store_callbacks callbacks = {kit_done, kit_batch_done, kit_died, kit};
    enum am_err err = store_open(&kit->options, &detail, &kit->store);
    if (err != AM_OK)
        fprintf(stderr, "%s: %s\n", am_err_text(err), detail.text);
    MUST(err == AM_OK);
    merkle_range_init(&kit->signed_range);
    MUST(store_leaf_hashes(kit->store, 0, store_size(kit->store), kit_learn, kit) == AM_OK);
    store_root(kit->store, root);
    kit_signature(store_size(kit->store), root, signature);
    MUST(store_start(kit->store, &signer, &callbacks, signature) == AM_OK);
}

void kit_make(struct kit *kit, uint64_t map_size, uint64_t reserve)
{
    struct am_detail detail = {.text = ""};
    const char *base = getenv("TMPDIR");
    memset(kit, 0, sizeof *kit);
    snprintf(kit->folder, sizeof kit->folder, "%s/amana-store-XXXXXX",
             base != NULL && strlen(base) < 40 ? base : "/tmp");
    MUST(mkdtemp(kit->folder) != NULL);
    pthread_mutex_init(&kit->lock, NULL);
    pthread_cond_init(&kit->cond, NULL);
    kit->options =
        (struct store_options){.folder = kit->folder, .map_size = map_size, .reserve = reserve, .origin = KIT_ORIGIN};
    MUST(store_create(&kit->options, &detail) == AM_OK);
    kit_open(kit);
}

void kit_close(struct kit *kit)
{
    store_close(kit->store);
    kit->store = NULL;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    return remove(path);
}

void kit_clear(struct kit *kit)
{
    kit_close(kit);
    kit_forget(kit);
    free(kit->done);
    nftw(kit->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&kit->lock);
    pthread_cond_destroy(&kit->cond);
}

void kit_submit(struct kit *kit, struct journal_append *append)
{
    enum am_err err;
    while ((err = store_submit(kit->store, append)) == AM_BUSY) {
        pthread_mutex_lock(&kit->lock);
        size_t batches = kit->batches;
        struct store_health health;
        store_health(kit->store, &health);
        while (health.queued > 0 && batches == kit->batches)
            pthread_cond_wait(&kit->cond, &kit->lock);
        pthread_mutex_unlock(&kit->lock);
    }
    MUST(err == AM_OK);
}

void kit_wait(struct kit *kit, size_t n)
{
    pthread_mutex_lock(&kit->lock);
    while (kit->n_done < n && !kit->died)
        pthread_cond_wait(&kit->cond, &kit->lock);
    pthread_mutex_unlock(&kit->lock);
}

void kit_wait_held(struct kit *kit)
{
    pthread_mutex_lock(&kit->lock);
    while (!kit->holding)
        pthread_cond_wait(&kit->cond, &kit->lock);
    pthread_mutex_unlock(&kit->lock);
}

void kit_release(struct kit *kit)
{
    pthread_mutex_lock(&kit->lock);
    kit->hold_sign = false;
    pthread_cond_broadcast(&kit->cond);
    pthread_mutex_unlock(&kit->lock);
}

struct journal_outcome kit_append(struct kit *kit, struct journal_append *append)
{
    size_t before = kit->n_done;
    kit_submit(kit, append);
    kit_wait(kit, before + 1);
    MUST(kit->n_done == before + 1);
    return kit->done[before].outcome;
}

void kit_forget(struct kit *kit)
{
    for (size_t i = 0; i < kit->n_done; i++)
        free((void *)kit->done[i].outcome.receipt.data);
    kit->n_done = 0;
}

int kit_setup(void **state)
{
    struct kit *kit = calloc(1, sizeof *kit);
    MUST(kit != NULL);
    kit_make(kit, 256ull << 20, 1 << 20);
    *state = kit;
    return 0;
}

int kit_teardown(void **state)
{
    kit_clear(*state);
    free(*state);
    return 0;
}

void kit_view(struct kit *kit, struct store_view **ret_view)
{
    MUST(store_view_begin(kit->store, ret_view) == AM_OK);
}

size_t kit_index_count(struct store_view *view, enum store_index index, const void *key, size_t len)
{
    size_t n = 0;
    for (uint64_t seq = 0; store_index_next(view, index, (struct am_bytes){key, len}, &seq) == AM_OK; seq++)
        n++;
    return n;
}

// --- Messages
static const char *const UNITS[] = {"ke/dci/duty", "ke/cpc/nairobi", "et/ics/moyale", "ug/upf/busia", "tz/tpf/namanga"};
static const char *const DEVICES[] = {"amana://ke/dci/duty/desk-1", "amana://ke/cpc/nairobi/desk-1",
                                      "amana://et/ics/moyale/desk-1", "amana://ug/upf/busia/desk-1",
                                      "amana://tz/tpf/namanga/desk-1"};

static void fill(uint8_t *bytes, size_t size, unsigned number)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
    if (size >= sizeof number)
        memcpy(bytes, &number, sizeof number);
}

static struct am_bytes pack(Amana__V1__EntryContent *content, uint8_t **ret_bytes)
{
    size_t len;
    MUST(codec_encode_alloc(&content->base, ret_bytes, &len) == AM_OK);
    return (struct am_bytes){*ret_bytes, len};
}

static void digest(const uint8_t *bytes, size_t len, uint8_t ret_hash[32])
{
    MUST(log_sha256((struct am_bytes){bytes, len}, ret_hash) == AM_OK);
}

static void content_fill(struct kit_message *m)
{
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__SubmittedEntry entry = AMANA__V1__SUBMITTED_ENTRY__INIT;
    uint8_t flags[32], body[32], signature[32];
    digest(m->header, sizeof m->header, m->message.header_digest);
    digest(m->flags, sizeof m->flags, flags);
    digest(m->body, m->body_size, body);
    digest(m->signature, sizeof m->signature, signature);
    entry.id = m->id;
    entry.device = (char *)DEVICES[0];
    entry.header_digest = (ProtobufCBinaryData){32, m->message.header_digest};
    entry.flags_digest = (ProtobufCBinaryData){32, flags};
    entry.body_digest = (ProtobufCBinaryData){32, body};
    entry.signature_digest = (ProtobufCBinaryData){32, signature};
    entry.header_size = sizeof m->header;
    entry.body_size = (uint32_t)m->body_size;
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_SUBMITTED;
    content.submitted = &entry;
    m->entry.content = pack(&content, &m->content);
}

void kit_message(struct kit_message *m, unsigned number, size_t n_recipients, size_t body_size)
{
    memset(m, 0, sizeof *m);
    m->body_size = body_size;
    snprintf(m->id, sizeof m->id, "018f3b2c-%04x-7000-8000-%012x", number & 0xffff, number);
    snprintf(m->case_ref, sizeof m->case_ref, "ke/dci/2026/%06u", number / 4);
    fill(m->header, sizeof m->header, number);
    fill(m->signature, sizeof m->signature, number + 1);
    fill(m->flags, sizeof m->flags, number + 2);
    fill(m->body, body_size, number + 3);
    m->message = (struct journal_message){.id = m->id,
                                          .device = DEVICES[0],
                                          .originator = UNITS[0],
                                          .header = {m->header, sizeof m->header},
                                          .signature = {m->signature, sizeof m->signature},
                                          .flags = {m->flags, sizeof m->flags},
                                          .body = {m->body, body_size},
                                          .root = JOURNAL_SELF,
                                          .kind = 1,
                                          .urgency = 2,
                                          .case_ref = m->case_ref,
                                          .recipients = m->recipients,
                                          .n_recipients = n_recipients};
    m->parties[0] = UNITS[0];
    for (size_t i = 0; i < n_recipients; i++) {
        const char *unit = UNITS[1 + i];
        m->parties[1 + i] = unit;
        m->recipients[i] = (struct journal_recipient){unit, 1};
        m->mail[i] = (struct journal_mail){DEVICES[1 + i], 2, JOURNAL_SELF, JOURNAL_MAIL_MESSAGE};
        m->lives[i] = (struct journal_life){.root = JOURNAL_SELF,
                                            .recipient = unit,
                                            .state = 1,
                                            .state_at = 1000 + number,
                                            .clock_seq = JOURNAL_SELF,
                                            .ack_due = 5000,
                                            .answer_due = 6000,
                                            .officer = ""};
        m->deliveries[i] = (struct journal_delivery){
            .seq = JOURNAL_SELF, .recipient = unit, .state = 2, .delivered_at = 1000 + number};
    }
    m->entry = (struct journal_entry){.kind = AMANA__V1__ENTRY_KIND__CODE__SUBMITTED,
                                      .class = JOURNAL_CLASS_MESSAGE,
                                      .erase_after = 21000,
                                      .of = JOURNAL_SELF,
                                      .case_ref = m->case_ref,
                                      .parties = m->parties,
                                      .n_parties = n_recipients + 1};
    content_fill(m);
    m->append = (struct journal_append){.time_ns = 1000000 + number,
                                        .entries = &m->entry,
                                        .n_entries = 1,
                                        .message = &m->message,
                                        .mail = m->mail,
                                        .n_mail = n_recipients,
                                        .lives = m->lives,
                                        .n_lives = n_recipients,
                                        .deliveries = m->deliveries,
                                        .n_deliveries = n_recipients};
}

struct store_pointer kit_find(struct store_view *view, const struct kit_message *message)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT;
    struct store_pointer found = {.seq = JOURNAL_NONE};
    pointer.id = (char *)message->id;
    pointer.header_digest = (ProtobufCBinaryData){32, (uint8_t *)message->message.header_digest};
    enum am_err err = store_find_pointer(view, &pointer, &found);
    MUST(err == AM_OK || err == AM_NOT_FOUND);
    return found;
}

void kit_message_clear(struct kit_message *m)
{
    free(m->content);
    m->content = NULL;
}

void kit_alarm(struct kit_alarm *alarm, unsigned number, size_t n_entries, size_t size)
{
    memset(alarm, 0, sizeof *alarm);
    char *text = malloc(size + 1);
    MUST(text != NULL && n_entries <= 4);
    for (size_t i = 0; i < n_entries; i++) {
        Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
        Amana__V1__AlarmEntry entry = AMANA__V1__ALARM_ENTRY__INIT;
        memset(text, 'a' + (int)(number % 26), size);
        text[size] = 0;
        entry.what = (char *)"TEST";
        entry.detail = text;
        content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_ALARM;
        content.alarm = &entry;
        alarm->entries[i] = (struct journal_entry){.kind = AMANA__V1__ENTRY_KIND__CODE__ALARM,
                                                   .class = JOURNAL_CLASS_HUB,
                                                   .content = pack(&content, &alarm->contents[i]),
                                                   .of = JOURNAL_NONE};
    }
    free(text);
    alarm->append =
        (struct journal_append){.time_ns = 1000000 + number, .entries = alarm->entries, .n_entries = n_entries};
}

void kit_alarm_clear(struct kit_alarm *alarm)
{
    for (size_t i = 0; i < 4; i++)
        free(alarm->contents[i]);
}

// --- Cases
#define CASES_ROOM (4 * LIMIT_CASE_READS)

int kit_cases_setup(void **state)
{
    struct kit_cases *cases = calloc(1, sizeof *cases);
    MUST(cases != NULL);
    kit_make(&cases->kit, 256ull << 20, 1 << 20);
    arena_init(&cases->arena, 4u * 1024 * 1024);
    cases->messages = calloc(CASES_ROOM, sizeof *cases->messages);
    MUST(cases->messages != NULL);
    *state = cases;
    return 0;
}

int kit_cases_teardown(void **state)
{
    struct kit_cases *cases = *state;
    for (unsigned i = 0; i < cases->n; i++)
        kit_message_clear(&cases->messages[i]);
    free(cases->messages);
    arena_clear(&cases->arena);
    kit_clear(&cases->kit);
    free(cases);
    return 0;
}

// One that can be read.
static void header_fill(struct kit_message *message)
{
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    uint8_t *bytes;
    size_t len;
    sender.unit = (char *)message->message.originator;
    header.sender = &sender;
    header.id = message->id;
    header.case_ref = (char *)message->message.case_ref;
    MUST(codec_encode_alloc(&header.base, &bytes, &len) == AM_OK);
    MUST(len <= sizeof message->header);
    memcpy(message->header, bytes, len);
    message->message.header.len = len;
    free(bytes);
}

struct kit_message *kit_cases_message(struct kit_cases *cases, const char *case_ref, const char *from, unsigned to,
                                      size_t body_size)
{
    static const struct {
        unsigned to;
        const char *unit, *device;
    } ROWS[] = {{KIT_TO_POST, KIT_POST, KIT_DESK}, {KIT_TO_BUSIA, KIT_BUSIA, KIT_ABROAD}};
    MUST(cases->n < CASES_ROOM);
    struct kit_message *message = &cases->messages[cases->n++];
    kit_message(message, cases->n, (to & KIT_TO_POST ? 1u : 0) + (to & KIT_TO_BUSIA ? 1u : 0), body_size);
    message->message.originator = message->parties[0] = from;
    message->message.case_ref = message->entry.case_ref = case_ref;
    for (size_t i = 0, n = 0; i < AM_LEN(ROWS); i++) {
        if ((to & ROWS[i].to) == 0)
            continue;
        message->recipients[n].unit = message->parties[1 + n] = ROWS[i].unit;
        message->lives[n].recipient = message->deliveries[n].recipient = ROWS[i].unit;
        message->mail[n++].device = ROWS[i].device;
    }
    header_fill(message);
    return message;
}

void kit_cases_shield(struct kit_cases *cases, struct kit_message *said)
{
    struct journal_shield_state states[] = {{.country = "et", .seq = JOURNAL_SELF}};
    struct journal_shield row = {.case_ref = said->entry.case_ref, .n = 1, .states = states};
    states[0].protection = AMANA__V1__PROTECTION__CODE__YES;
    said->append.shield = &row;
    kit_wait(&cases->kit, cases->n - 1);
    MUST(kit_append(&cases->kit, &said->append).result == JOURNAL_DONE);
}
