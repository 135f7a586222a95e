// SPDX-License-Identifier: Apache-2.0
// Opening the journal: what LMDB holds against what the signer has signed.
#include "server/journal_open.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    if (ret_open->may_append)
        return store_start(ret_open->store, &sign, callbacks, signature);
    ret_open->why = signer_judgement_text(judgement);
    return AM_OK;
}
