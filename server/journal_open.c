// SPDX-License-Identifier: Apache-2.0
// Opening the journal: what LMDB holds against what the signer has signed.
#include "server/journal_open.h"

#include "amana/v1/audit.pb-c.h"
#include "proto/codec/codec.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GENESIS_ARENA (256u * 1024)

enum am_err signer_folder(const char *data, struct am_detail *detail, char ret_folder[CONFIG_PATH + 1])
{
    int len = snprintf(ret_folder, CONFIG_PATH + 1, "%s/signer", data);

    return len > 0 && len <= (int)CONFIG_PATH ? AM_OK : am_fail(AM_CONFIG, detail, "data", "the path is too long");
}

enum am_err signer_begin(const struct config *config, const char *data, const struct sandbox_users *users,
                         struct am_detail *detail, struct signer **ret_signer)
{
    char folder[CONFIG_PATH + 1];
    const struct signer_config signer = {.folder = folder,
                                         .origin = config->origin,
                                         .drop = users->signer.uid != geteuid(),
                                         .shares_user = users->signer.uid == users->hub.uid,
                                         .uid = users->signer.uid,
                                         .gid = users->signer.gid};

    TRY(signer_folder(data, detail, folder));
    return signer_start(&signer, detail, ret_signer);
}

// --- The leaf hashes that the signer hasn't seen, from the store to the signer in runs that it takes
static enum am_err feed_run(void *feed, const uint8_t (*hashes)[LOG_HASH_SIZE], size_t n)
{
    for (size_t at = 0; at < n; at += SIGNER_BATCH)
        TRY(signer_feed_give(feed, hashes + at, n - at < SIGNER_BATCH ? n - at : SIGNER_BATCH));
    return AM_OK;
}

static enum am_err feed_range(void *user, uint64_t from, uint64_t to, void *feed)
{
    return store_leaf_hashes(user, from, to, feed_run, feed);
}

static enum am_err journal_judge(struct store *store, struct signer *signer, struct am_detail *detail,
                                 enum signer_judgement *ret_judgement, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    enum am_err err;

    store_root(store, root);
    err = signer_open(signer, store_size(store), root, feed_range, store, ret_judgement, ret_signature);
    return err == AM_OK ? AM_OK : am_fail(err, detail, "signer", "it doesn't answer: %s", am_err_text(err));
}

// --- The key that signs must be that of this log: a receipt under another would be worth nothing to anybody
static enum am_err genesis_key(struct store *store, struct arena *arena, const char **ret_key)
{
    Amana__V1__EntryContent *content = NULL;
    struct store_view *view;
    struct store_entry entry;
    enum am_err err;

    TRY(store_view_begin(store, &view));
    err = store_entry(view, 0, &entry);
    if (err == AM_OK)
        err = codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, entry.content, arena, NULL,
                           (ProtobufCMessage **)&content);
    store_view_end(view);
    if (err == AM_OK && content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_GENESIS)
        err = AM_CORRUPT;
    if (err == AM_OK)
        *ret_key = content->genesis->log_key;
    return err;
}

static enum am_err key_check(const struct config *config, struct store *store,
                             const uint8_t signature[LOG_SIGNATURE_SIZE], struct am_detail *detail,
                             char ret_key[LOG_VKEY_MAX])
{
    struct arena AM_CLEANUP(arena_clear) arena;
    struct log_checkpoint checkpoint = {.size = store_size(store)};
    struct log_verifier verifier = {0};
    const char *key;
    enum am_err err;

    arena_init(&arena, GENESIS_ARENA);
    err = genesis_key(store, &arena, &key);
    if (err == AM_OK)
        err = log_verifier_parse(key, NULL, &verifier);
    if (err != AM_OK)
        return am_fail(err, detail, config->data, "the first entry of the log, GENESIS, can't be read");
    store_root(store, checkpoint.root);
    memcpy(checkpoint.signature, signature, sizeof checkpoint.signature);
    err = log_checkpoint_verify(&verifier, &checkpoint);
    if (err == AM_SIGNATURE)
        err = am_fail(AM_CONFIG, detail, config->data,
                      "signer/log.key is not the key of this log; put back the one whose verifier key is %s", key);
    else if (err == AM_OK)
        strlcpy(ret_key, key, LOG_VKEY_MAX);
    log_verifier_clear(&verifier);
    return err;
}

enum am_err journal_open(const struct config *config, const char *data, struct signer *signer,
                         const struct store_callbacks *callbacks, struct am_detail *detail,
                         struct journal_open *ret_open)
{
    const struct store_options options = {.folder = data, .map_size = config->map_size, .origin = config->origin};
    const struct store_signer sign = {.prepare = signer_prepare, .sign = signer_sign, .user = signer};
    uint8_t signature[LOG_SIGNATURE_SIZE];
    enum signer_judgement judgement;
    enum am_err err;

    err = store_open(&options, detail, &ret_open->store);
    if (err == AM_NOT_FOUND)
        return am_fail(AM_NOT_FOUND, detail, data, "there is no log here: make it with `amanad init`");
    TRY(err);
    TRY(journal_judge(ret_open->store, signer, detail, &judgement, signature));
    ret_open->may_append = judgement == SIGNER_SAME || judgement == SIGNER_EXTENDED;
    if (ret_open->may_append) {
        TRY(store_start(ret_open->store, &sign, callbacks, signature));
        return store_size(ret_open->store) > 0
                   ? key_check(config, ret_open->store, signature, detail, ret_open->log_key)
                   : AM_OK;
    }
    ret_open->why = signer_judgement_text(judgement);
    return AM_OK;
}
