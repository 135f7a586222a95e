// SPDX-License-Identifier: Apache-2.0
// The disk side of `amanad init`: the log's key, the empty journal, its first entries.
#include "server/init_journal.h"

#include "server/exit_status.h"
#include "server/journal_open.h"

#include <bsd/string.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum am_err init_journal_key(const struct config *config, const char *folder, struct am_detail *detail, char *ret_key,
                             size_t size)
{
    char signer[CONFIG_PATH + 1], key[LOG_VKEY_MAX];

    TRY(signer_folder(folder, detail, signer));
    TRY(signer_init(signer, config->origin, key, detail));
    if (strlcpy(ret_key, key, size) >= size)
        return am_fail(AM_CONFIG, detail, "origin", "is too long");
    return AM_OK;
}

// --- One append after the other: each is waited for
struct turn {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    enum journal_result result;
};

static void append_done(void *user, struct journal_append *append, const struct journal_outcome *outcome)
{
    struct turn *turn = user;

    free((void *)outcome->receipt.data);
    pthread_mutex_lock(&turn->lock);
    turn->result = outcome->result;
    turn->done = true;
    pthread_cond_signal(&turn->over);
    pthread_mutex_unlock(&turn->lock);
}

static void batch_done(void *user)
{
}

static void journal_died(void *user, enum am_err err, const char *what)
{
    report(REPORT_ERROR, "died", "what=\"%s\" reason=\"%s\" do=\"%s\"", what, am_err_text(err), exit_died_do(err));
    _exit(exit_died(err));
}

static enum am_err append_wait(struct store *store, struct turn *turn, struct journal_append *append,
                               struct am_detail *detail)
{
    turn->done = false;
    TRY(store_submit(store, append));
    pthread_mutex_lock(&turn->lock);
    while (!turn->done)
        pthread_cond_wait(&turn->over, &turn->lock);
    pthread_mutex_unlock(&turn->lock);
    if (turn->result == JOURNAL_FULL)
        return am_fail(AM_FULL, detail, "data", "there is no room for the first entries: make map-size larger");
    return turn->result == JOURNAL_DONE ? AM_OK : am_fail(AM_CONFLICT, detail, "members", "an entry was not taken");
}

static enum am_err appends_write(const struct config *config, const char *folder, struct signer *signer,
                                 struct journal_append *const *appends, size_t n, struct am_detail *detail)
{
    struct turn turn = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    const struct store_callbacks callbacks = {append_done, batch_done, journal_died, &turn};
    const struct store_options options = {.folder = folder, .map_size = config->map_size, .origin = config->origin};
    struct journal_open journal = {0};
    enum am_err err;

    TRY(store_create(&options, detail));
    err = journal_open(config, folder, signer, &callbacks, detail, &journal);
    if (err == AM_OK && !journal.may_append)
        err = am_fail(AM_CORRUPT, detail, folder, "%s", journal.why);
    for (size_t i = 0; i < n && err == AM_OK; i++)
        err = append_wait(journal.store, &turn, appends[i], detail);
    if (journal.may_append)
        store_drain(journal.store);
    store_close(journal.store);
    return err;
}

enum am_err init_journal_write(const struct config *config, const char *folder, struct journal_append *const *appends,
                               size_t n, struct am_detail *detail)
{
    // What is made now belongs to us still; init_journal_own gives it away.
    const struct sandbox_users as_we_are = {{geteuid(), getegid()}, {geteuid(), getegid()}};
    struct signer *signer;
    enum am_err err;

    TRY(signer_begin(config, folder, &as_we_are, detail, &signer));
    err = appends_write(config, folder, signer, appends, n, detail);
    signer_stop(signer);
    return err;
}

// --- Giving it to its users
static struct sandbox_user give_to;

static int give(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    return lchown(path, give_to.uid, give_to.gid);
}

static enum am_err folder_give(const char *folder, const struct sandbox_user *user, struct am_detail *detail)
{
    give_to = *user;
    if (nftw(folder, give, 16, FTW_PHYS) != 0)
        return am_fail(AM_DENIED, detail, folder, "can't be given to user %u: %s", user->uid, strerror(errno));
    return AM_OK;
}

enum am_err init_journal_own(const struct sandbox_users *users, const char *folder, struct am_detail *detail)
{
    char signer[CONFIG_PATH + 1];

    TRY(signer_folder(folder, detail, signer));
    if (geteuid() != 0)
        return AM_OK;
    TRY(folder_give(folder, &users->hub, detail));
    return folder_give(signer, &users->signer, detail);
}
