// SPDX-License-Identifier: Apache-2.0
// HUP, the side of the files.
#include "server/reloader.h"

#include "server/crls_seen.h"
#include "server/hub_row.h"
#include "server/net/workers.h"
#include "server/policy_file.h"
#include "server/rosters.h"

#include <stdlib.h>
#include <string.h>

static void roster_fault(const char *path, enum am_err err, const struct am_detail *detail)
{
    report(REPORT_ERROR, "roster", "file=%s reason=\"%s\"", path, detail->text[0] ? detail->text : am_err_text(err));
}

struct reload {
    struct job job;
    struct reloader *reloader;
    struct trust *before, *trust;
    uint64_t now_ns; // as the hub believes it: the machine's clock may be doubted
    struct policy *policy;
    enum am_err trust_err, rosters_err, policy_err;
    struct am_detail trust_detail, rosters_detail, policy_detail;
    struct rosters rosters;
};

// By which the rosters are judged.
static struct trust *roster_trust(const struct reload *reload)
{
    return reload->trust != NULL ? reload->trust : reload->before;
}

static void rosters_run(struct job *job, struct worker *worker)
{
    struct reload *reload = (struct reload *)job;

    reload->rosters_err = rosters_load(reload->reloader->config->rosters, roster_trust(reload), reload->now_ns,
                                       roster_fault, &reload->rosters_detail, &reload->rosters);
}

static void reload_run(struct job *job, struct worker *worker)
{
    struct reload *reload = (struct reload *)job;
    const struct config *config = reload->reloader->config;

    reload->trust_err = trust_load(config->trust, reload->before, &reload->trust_detail, &reload->trust);
    if (reload->trust_err == AM_OK)
        reload->trust_err = hub_row_check(config, reload->trust, reload->reloader->log_key, &reload->trust_detail);
    if (reload->trust_err == AM_OK)
        reload->trust_err = crls_seen_take(reload->reloader->crls, reload->trust, true, &reload->trust_detail);
    if (reload->trust_err == AM_OK)
        trust_crls_tolerate(reload->trust, LIMIT_CRL_STALE_NS);
    if (reload->trust_err != AM_OK) {
        trust_unref(reload->trust);
        reload->trust = NULL;
    }
    reload->policy_err = policy_load(config->policy, &reload->policy_detail, &reload->policy);
    rosters_run(job, worker);
}

static void rosters_report(const struct reload *reload)
{
    if (reload->rosters_err != AM_OK)
        report(REPORT_ERROR, "reload", "reason=\"%s\"",
               reload->rosters_detail.text[0] ? reload->rosters_detail.text : am_err_text(reload->rosters_err));
}

static void reload_report(const struct reload *reload)
{
    if (reload->trust_err != AM_OK)
        report(REPORT_ERROR, "reload", "file=%s line=%u reason=\"%s\" do=\"the running trust is kept\"",
               reload->trust_detail.field, reload->trust_detail.line,
               reload->trust_detail.text[0] ? reload->trust_detail.text : am_err_text(reload->trust_err));
    if (reload->policy_err != AM_OK)
        report(REPORT_ERROR, "reload", "file=%s line=%u reason=\"%s\" do=\"the running policy is kept\"",
               reload->policy_detail.field, reload->policy_detail.line,
               reload->policy_detail.text[0] ? reload->policy_detail.text : am_err_text(reload->policy_err));
    rosters_report(reload);
}

static size_t count_faults(const struct reload *reload)
{
    return (size_t)(reload->trust_err != AM_OK) + (reload->policy_err != AM_OK) + (reload->rosters_err != AM_OK);
}

static void rosters_take(const struct reload *reload)
{
    const struct net_rosters rosters = {reload->rosters.list, reload->rosters.count, roster_trust(reload)};

    net_rosters_take(reload->reloader->net, &rosters);
}

static void reload_end(struct reload *reload)
{
    struct reloader *reloader = reload->reloader;

    rosters_clear(&reload->rosters);
    trust_unref(reload->trust);
    trust_unref(reload->before);
    free(reload);
    reloader->running = false;
    if (reloader->again)
        reloader_start(reloader);
}

static void rosters_done(struct job *job)
{
    struct reload *reload = (struct reload *)job;

    rosters_report(reload);
    rosters_take(reload);
    report(REPORT_NOTICE, "rosters", "read=%zu faults=%zu", reload->rosters.count,
           reload->rosters.faults + (reload->rosters_err != AM_OK));
    reload_end(reload);
}

static void reload_done(struct job *job)
{
    struct reload *reload = (struct reload *)job;
    struct reloader *reloader = reload->reloader;
    struct am_detail detail = {0};
    bool changed = reload->trust != NULL && memcmp(trust_state(reload->trust), trust_state(reloader->trust), 32) != 0;
    enum am_err err;

    reload_report(reload);
    err = net_reload(reloader->net, changed ? reload->trust : NULL, &detail);
    if (err != AM_OK) {
        report(REPORT_ERROR, "reload", "file=%s reason=\"%s\" do=\"what runs is kept\"", detail.field,
               detail.text[0] ? detail.text : am_err_text(err));
    } else {
        rosters_take(reload);
        if (changed) {
            trust_unref(reloader->trust);
            reloader->trust = trust_ref(reload->trust);
        }
    }
    if (reload->policy_err == AM_OK)
        net_policy_set(reloader->net, reload->policy);
    bool kept = reload->trust_err != AM_OK || (changed && err != AM_OK);
    report(REPORT_NOTICE, "reloaded", "trust=%s rosters=%zu faults=%zu",
           kept      ? "kept"
           : changed ? "new"
                     : "same",
           reload->rosters.count, reload->rosters.faults + count_faults(reload) + (err != AM_OK));
    reload_end(reload);
}

static void begin(struct reloader *reloader, void (*run)(struct job *job, struct worker *worker),
                  void (*done)(struct job *job))
{
    struct reload *reload = calloc(1, sizeof *reload);

    if (reload == NULL) {
        report(REPORT_ERROR, "reload", "reason=\"out of memory\"");
        return;
    }
    reloader->running = true;
    reload->reloader = reloader;
    reload->before = trust_ref(reloader->trust);
    reload->now_ns = net_utc(reloader->net);
    reload->job = (struct job){.run = run, .done = done};
    net_run(reloader->net, &reload->job);
}

void reloader_rosters(struct reloader *reloader)
{
    begin(reloader, rosters_run, rosters_done);
}

void reloader_start(struct reloader *reloader)
{
    reloader->again = reloader->running;
    if (!reloader->running)
        begin(reloader, reload_run, reload_done);
}
