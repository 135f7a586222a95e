// SPDX-License-Identifier: Apache-2.0
// `amanad init`: the log and its key, GENESIS and the first members.
#include "server/init.h"

#include "certs/clock.h"
#include "certs/keyfile.h"
#include "certs/members.h"
#include "certs/roster.h"
#include "proto/log/leaf.h"
#include "server/hub/hub.h"
#include "server/hub_row.h"
#include "server/init_journal.h"
#include "server/net/roster_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct init {
    const struct config *config;
    char folder[CONFIG_PATH + 8]; // DATA.new
    struct sandbox_users users;
    struct trust *trust;
    struct members members;
    uint8_t registrars[INIT_REGISTRARS][32];
    size_t n_registrars;
    struct roster **rosters; // as many as there are members, NULL for one without
    struct roster_rows *rows;
    struct hub_roster *hub_rosters;
    const Amana__V1__RosterRecord **records;
    size_t n_rosters;
    uint64_t now_ns;
    char log_key[TRUST_LOG_KEY + 1];
};

// --- What it is given
static enum am_err registrar_read(struct init *init, const char *path, struct am_detail *detail)
{
    const struct trust_country *countries;
    size_t n = trust_countries(init->trust, &countries);
    STACK_OF(X509) *stack;
    uint8_t *digest = init->registrars[init->n_registrars];
    bool known = false, good;

    TRY(certs_read_pem(path, detail, &stack));
    good = sk_X509_num(stack) == 1 && certs_digest(sk_X509_value(stack, 0), digest);
    sk_X509_pop_free(stack, X509_free);
    if (!good)
        return am_fail(AM_INVALID, detail, path, "must hold one certificate, a registrar's");
    for (size_t i = 0; i < n; i++)
        known |= trust_is_registrar(init->trust, countries[i].code, digest);
    if (!known)
        return am_fail(AM_CONFIG, detail, path,
                       "trust.conf names it as no country's registrar: add its SHA-256 to "
                       "registrars there (amana-ca show -D), or give another");
    init->n_registrars++;
    return AM_OK;
}

static enum am_err member_roster_read(struct init *init, size_t member, struct am_detail *detail)
{
    const char *path = init->members.rosters[member], *unit = init->members.records[member]->unit;
    struct roster *roster;
    size_t n = init->n_rosters;

    if (path[0] == '\0')
        return AM_OK;
    TRY(roster_load(path, init->trust, init->now_ns, detail, &roster));
    init->rosters[init->n_rosters++] = roster;
    if (strcmp(roster->unit, unit) != 0)
        return am_fail(AM_CONFIG, detail, path, "is the roster of %s, not of %s", roster->unit, unit);
    TRY(roster_rows_init(roster, &init->rows[n]));
    init->hub_rosters[n] = init->rows[n].hub;
    init->records[n] = &init->rows[n].record;
    return AM_OK;
}

static enum am_err rosters_read(struct init *init, struct am_detail *detail)
{
    size_t n = init->members.count;

    init->rosters = calloc(n, sizeof *init->rosters);
    init->rows = calloc(n, sizeof *init->rows);
    init->hub_rosters = calloc(n, sizeof *init->hub_rosters);
    init->records = calloc(n, sizeof *init->records);
    if (init->rosters == NULL || init->rows == NULL || init->hub_rosters == NULL || init->records == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(member_roster_read(init, i, detail));
    return AM_OK;
}

static enum am_err input_read(struct init *init, char *const *registrars, size_t n_registrars, const char *members,
                              struct am_detail *detail)
{
    init->now_ns = clock_utc();
    TRY(sandbox_users(init->config->user, init->config->signer_user, detail, &init->users));
    TRY(trust_load(init->config->trust, NULL, detail, &init->trust));
    TRY(hub_row_check(init->config, init->trust, NULL, detail));
    TRY(members_load(members, init->trust, detail, &init->members));
    TRY(members_read_statements(&init->members, init->trust, init->now_ns, detail));
    for (size_t i = 0; i < n_registrars; i++)
        TRY(registrar_read(init, registrars[i], detail));
    return rosters_read(init, detail);
}

// --- What it makes
static enum am_err folder_make(struct init *init, struct am_detail *detail)
{
    const char *data = init->config->data;

    // An empty folder that somebody has prepared is fine: rename takes its place.
    if (rmdir(data) != 0 && errno != ENOENT)
        return am_fail(AM_EXISTS, detail, data, "%s",
                       errno == ENOTEMPTY || errno == EEXIST ? "holds something already: a log is made once and never "
                                                               "over another; name a new folder as data"
                                                             : strerror(errno));
    snprintf(init->folder, sizeof init->folder, "%s.new", data);
    if (mkdir(init->folder, 0700) != 0)
        return am_fail(errno == EEXIST ? AM_EXISTS : AM_IO, detail, init->folder, "%s",
                       errno == EEXIST ? "is left from an init that was interrupted: remove it and begin again"
                                       : strerror(errno));
    return AM_OK;
}

static enum am_err entries_make(struct init *init, struct journal_append ***ret_appends, size_t *ret_n)
{
    const struct config *config = init->config;
    const struct hub_config hub = {.origin = config->origin, .hub = config->hub_uri, .version = AMANA_VERSION};
    struct hub_genesis genesis = {
        .log_key = init->log_key,
        .registrars = (const uint8_t(*)[32])init->registrars,
        .n_registrars = init->n_registrars,
        .members = (const Amana__V1__MemberRecord *const *)init->members.records,
        .n_members = init->members.count,
        .rosters = init->hub_rosters,
        .roster_records = init->records,
        .n_rosters = init->n_rosters,
        .sha256 = log_sha256,
    };

    genesis.n_roots = trust_roots(init->trust, &genesis.roots);
    memcpy(genesis.trust_digest, trust_digest(init->trust), 32);
    return hub_genesis(&hub, &genesis, init->now_ns, ret_appends, ret_n);
}

static enum am_err entries_write(struct init *init, struct am_detail *detail)
{
    struct journal_append **appends = NULL;
    size_t n = 0;
    enum am_err err = entries_make(init, &appends, &n);

    if (err == AM_OK)
        err = init_journal_write(init->config, init->folder, appends, n, detail);
    for (size_t i = 0; i < n; i++)
        hub_append_free(appends[i]);
    free(appends);
    return err;
}

static enum am_err folder_publish(struct init *init, struct am_detail *detail)
{
    char copy[CONFIG_PATH + 1];
    int parent;

    TRY(init_journal_own(&init->users, init->folder, detail));
    if (rename(init->folder, init->config->data) != 0)
        return am_fail(AM_IO, detail, init->config->data, "%s", strerror(errno));
    strcpy(copy, init->config->data);
    parent = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0 || fsync(parent) != 0)
        (void)am_fail(AM_IO, detail, init->config->data, "%s", strerror(errno));
    if (parent >= 0)
        close(parent);
    return detail->text[0] != '\0' ? AM_IO : AM_OK;
}

static void init_clear(struct init *init)
{
    for (size_t i = 0; i < init->n_rosters; i++) {
        roster_rows_clear(&init->rows[i]);
        roster_unref(init->rosters[i]);
    }
    free(init->rosters);
    free(init->rows);
    free(init->hub_rosters);
    free(init->records);
    members_clear(&init->members);
    trust_unref(init->trust);
}

static enum am_err init_all(struct init *init, char *const *registrars, size_t n_registrars, const char *members,
                            struct am_detail *detail)
{
    TRY(input_read(init, registrars, n_registrars, members, detail));
    TRY(folder_make(init, detail));
    TRY(init_journal_key(init->config, init->folder, detail, init->log_key, sizeof init->log_key));
    TRY(entries_write(init, detail));
    return folder_publish(init, detail);
}

enum am_err init_run(const struct config *config, char *const *registrars, size_t n_registrars, const char *members,
                     struct am_detail *detail)
{
    struct init init = {.config = config};
    enum am_err err = init_all(&init, registrars, n_registrars, members, detail);

    if (err == AM_OK) {
        printf("%s\n", init.log_key);
        fprintf(stderr,
                "The log of %s is in %s, with %zu members. Put the line above into trust.conf of hub and clients:\n"
                "  log-key = \"%s\"\n",
                config->origin, config->data, init.members.count, init.log_key);
    }
    init_clear(&init);
    return err;
}
