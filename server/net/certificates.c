// SPDX-License-Identifier: Apache-2.0
// What ends and what is revoked, to the log, to the journal and to the file of gauges.
#include "server/net/certificates.h"

#include "certs/clock.h"
#include "certs/keyfile.h"
#include "proto/codec/timestamp.h"
#include "proto/failpoint.h"
#include "server/net/internal.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_NS NS_PER_DAY
#define GAUGE    "amanad_certificate_not_after_seconds"

// --- Which there are
struct row {
    const char *of, *use; // "ke", "oversight"
    const X509 *x509;
    const char *todo;
};

#define TODO_OWN       "issue another, pin it in trust.conf, and send HUP"
#define TODO_AUTHORITY "its body makes another and puts it into cas.pem or roots.pem of every trust/"
#define TODO_OVERSIGHT                                                                                                 \
    "it is sealed to all the same: have the country's registrar name another in trust.conf of every trust/"

typedef void (*row_each)(void *user, const struct row *row);

static void each_country(const struct trust *trust, const struct trust_country *country, row_each each, void *user)
{
    const struct certificate *oversight = trust_oversight(trust, country->code);
    const struct row rows[] = {
        {country->code, "units-ca", trust_ca(trust, country->units_ca), TODO_AUTHORITY},
        {country->code, "hubs-ca", trust_ca(trust, country->hubs_ca), TODO_AUTHORITY},
        {country->code, "oversight", oversight != NULL ? oversight->x509 : NULL, TODO_OVERSIGHT},
    };

    for (size_t i = 0; i < AM_LEN(rows); i++)
        if (rows[i].x509 != NULL)
            each(user, &rows[i]);
}

static void each_certificate(const struct net *net, row_each each, void *user)
{
    const struct trust *trust = registry_trust(net->registry);
    const uint8_t(*roots)[CERTIFICATE_DIGEST];
    const struct trust_country *countries;
    size_t n_roots = trust_roots(trust, &roots), n = trust_countries(trust, &countries);

    each(user, &(struct row){net->options.hub_name, "hub", tls_certificate(net->tls), TODO_OWN});
    for (size_t i = 0; i < n_roots; i++) {
        char of[32];
        snprintf(of, sizeof of, "root %zu", i + 1);
        each(user, &(struct row){of, "root", trust_ca(trust, roots[i]), TODO_AUTHORITY});
    }
    for (size_t i = 0; i < n; i++)
        each_country(trust, &countries[i], each, user);
}

// --- The log
static void warn(void *user, const struct row *row)
{
    const uint64_t now = *(const uint64_t *)user, ends = certs_not_after(row->x509);
    char when[TIMESTAMP_TEXT];

    if (!certs_ends_soon(row->x509, now))
        return;
    timestamp_print_ns(ends, when);
    report(ends > now ? REPORT_WARNING : REPORT_ERROR, "certificate",
           "of=\"%s\" use=%s ends=%s reason=\"%s\" do=\"%s\"", row->of, row->use, when,
           ends > now ? "it ends within 14 days" : "it has ended", row->todo);
}

// Whoever has the list refuses it; who connected before goes on.
static void warn_revoked(const struct net *net)
{
    struct trust_revocation revocation;

    if (trust_revocation(registry_trust(net->registry), tls_certificate(net->tls), &revocation))
        report(REPORT_ERROR, "certificate",
               "of=\"%s\" use=hub reason=\"it is revoked: no desk that has the list connects\" do=\"" TODO_OWN "\"",
               net->options.hub_name);
}

// --- The gauges
struct gauges {
    struct job job;
    struct net *net;
    char *text;
    size_t size;
    FILE *out;
    enum am_err err;
    struct am_detail detail;
};

static void gauge(void *user, const struct row *row)
{
    const struct gauges *gauges = user;

    fprintf(gauges->out, GAUGE "{of=\"%s\",use=\"%s\"} %llu\n", row->of, row->use,
            (unsigned long long)(certs_not_after(row->x509) / NS_PER_S));
}

static void gauges_run(struct job *job, struct worker *worker)
{
    struct gauges *gauges = (struct gauges *)job;

    gauges->err =
        certs_write_file(gauges->net->options.metrics, (struct am_bytes){(const uint8_t *)gauges->text, gauges->size},
                         0644, &gauges->detail);
}

static void gauges_done(struct job *job)
{
    struct gauges *gauges = (struct gauges *)job;

    if (gauges->err != AM_OK)
        report(REPORT_WARNING, "metrics", "file=%s reason=\"%s\"", gauges->net->options.metrics,
               gauges->detail.text[0] ? gauges->detail.text : am_err_text(gauges->err));
    gauges->net->certificates_job = false;
    free(gauges->text);
    free(gauges);
}

static void gauges_push(struct net *net)
{
    struct gauges *gauges = calloc(1, sizeof *gauges);

    if (gauges == NULL || net->options.metrics == NULL) {
        free(gauges);
        return;
    }
    gauges->out = open_memstream(&gauges->text, &gauges->size);
    if (gauges->out == NULL) {
        free(gauges);
        return;
    }
    fputs("# HELP " GAUGE " When the certificate ends, seconds since 1970.\n# TYPE " GAUGE " gauge\n", gauges->out);
    each_certificate(net, gauge, gauges);
    gauges->net = net;
    gauges->job = (struct job){.run = gauges_run, .done = gauges_done};
    if (fclose(gauges->out) == 0) {
        net->certificates_job = true;
        workers_push(net->workers, &gauges->job);
        return;
    }
    free(gauges->text);
    free(gauges);
}

// --- What is revoked
static enum am_err revoked_tell(struct net *net)
{
    char text[32 + TRUST_COUNTRIES * (ADDRESS_COUNTRY_MAX + 3)] = "";
    const struct trust_country *countries;
    size_t n = trust_countries(registry_trust(net->registry), &countries);

    for (size_t i = 0; i < n; i++) {
        if (!countries[i].oversight_revoked)
            continue;
        strlcat(text, text[0] != '\0' ? ", " : "sealed to no oversight: ", sizeof text);
        strlcat(text, countries[i].code, sizeof text);
    }
    struct hub_event event = {.kind = HUB_EVENT_ALARM, .alarm = {.what = "OVERSIGHT_REVOKED", .text = text}};
    if (text[0] != '\0' && FAILPOINT_ERROR("revoked-entry"))
        return AM_NOMEM;
    if (text[0] != '\0')
        TRY(net_step(net, &event));
    net->revoked_untold = false;
    return AM_OK;
}

enum am_err certificates_changed(struct net *net)
{
    const struct trust_country *countries;
    size_t n = trust_countries(registry_trust(net->registry), &countries);

    net->certificates_said_ns = 0;
    net->revoked_untold = true;
    memset(&net->recall, 0, sizeof net->recall);
    for (size_t i = 0; i < n; i++)
        if (countries[i].oversight_revoked)
            report(REPORT_ERROR, "oversight",
                   "country=%s reason=\"its certificate is revoked: what the country's units send is sealed to no "
                   "oversight\" do=\"have its registrar name another, or none, in trust.conf\"",
                   countries[i].code);
    return revoked_tell(net);
}

void certificates_recalled(struct net *net, const char *unit)
{
    const struct trust_country *countries;
    size_t n = trust_countries(registry_trust(net->registry), &countries);

    for (size_t i = 0; i < n; i++)
        if (address_in_country(unit, countries[i].code) && !net->recall.told[i])
            net->recall.any = net->recall.came[i] = true;
}

static void recall_tell(struct net *net, size_t at, const char *code)
{
    struct hub_event event = {.kind = HUB_EVENT_ALARM, .alarm = {.what = "OVERSIGHT_RECALLED", .text = code}};

    if (!net->recall.came[at] || net->recall.told[at])
        return;
    if (FAILPOINT_ERROR("recall-entry") || net_step(net, &event) != AM_OK) {
        net->recall.any = true; // the next second tries again
        return;
    }
    net->recall.told[at] = true;
    report(
        REPORT_ERROR, "oversight",
        "country=%s reason=\"its units bring a newer revocation list than this hub has: its oversight is revoked, and "
        "what they send is sealed to none\" " CRL_DO,
        code);
}

static void recalls_tell(struct net *net)
{
    const struct trust_country *countries;
    size_t n = net->recall.any ? trust_countries(registry_trust(net->registry), &countries) : 0;

    net->recall.any = false;
    for (size_t i = 0; i < n; i++)
        recall_tell(net, i, countries[i].code);
}

void certificates_watch(struct net *net)
{
    uint64_t second = clock_monotonic(), now = net_utc(net);

    if (net->revoked_untold)
        (void)!revoked_tell(net); // else at the next tick
    recalls_tell(net);
    if (net->certificates_job)
        return;
    if (net->certificates_said_ns != 0 && second < net->certificates_said_ns + AGAIN_NS)
        return;
    net->certificates_said_ns = second;
    each_certificate(net, warn, &now);
    warn_revoked(net);
    gauges_push(net);
}
