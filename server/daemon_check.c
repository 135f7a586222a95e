// SPDX-License-Identifier: Apache-2.0
// `amanad --check`: all that start would need, tried without changing anything.
#include "certs/check.h"
#include "certs/clock.h"
#include "certs/members.h"
#include "certs/tls.h"
#include "proto/codec/plain.h"
#include "proto/codec/timestamp.h"
#include "server/crls_seen.h"
#include "server/daemon.h"
#include "server/hub_row.h"
#include "server/policy_file.h"
#include "server/rosters.h"
#include "server/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum am_err admit_nobody(void *user, const struct identity *identity, const uint8_t digest[CERTIFICATE_DIGEST],
                                struct am_detail *detail, X509 **ret_cached)
{
    return AM_DENIED;
}

static void roster_fault(const char *path, enum am_err err, const struct am_detail *detail)
{
    struct am_detail told = *detail;

    told.field[0] = '\0'; // the file is what to look at
    plain_fault(stderr, "amanad", path, err, &told);
}

static enum am_err users_check(const struct config *config, struct am_detail *detail)
{
    struct sandbox_users users;

    TRY(sandbox_users_known(config->user, config->signer_user, detail));
    return sandbox_users(config->user, config->signer_user, detail, &users);
}

static enum am_err check_with(const struct config *config, struct trust *trust, struct am_detail *detail)
{
    struct tls_server_config server = {.certificate_file = config->certificate,
                                       .key_file = config->key,
                                       .hub = config->hub,
                                       .trust = trust,
                                       .admission = {.admit = admit_nobody}};
    struct rosters rosters = {0};
    struct tls_context *tls;
    enum am_err err;

    TRY(hub_row_check(config, trust, NULL, detail));
    TRY(users_check(config, detail));
    TRY(tls_server_new(&server, detail, &tls));
    tls_context_unref(tls);
    err = rosters_load(config->rosters, trust, clock_utc(), roster_fault, detail, &rosters);
    if (err == AM_OK && rosters.faults > 0)
        err = am_fail(AM_CONFIG, detail, config->rosters, "%zu of the rosters are not good", rosters.faults);
    if (err == AM_OK)
        printf("configuration, trust, certificate and key are good; %zu rosters; data in %s%s\n", rosters.count,
               config->data, access(config->data, F_OK) == 0 ? "" : " (not made yet: amanad init)");
    rosters_clear(&rosters);
    return err;
}

enum am_err daemon_check_policy(const char *path, struct am_detail *detail)
{
    struct policy *policy;
    size_t retention = 0, changes = 0;
    char digest[65];

    TRY(policy_load(path, detail, &policy));
    for (size_t i = 0; i < AM_LEN(policy->retention_days); i++)
        retention += policy->retention_days[i] != 0;
    for (size_t i = 0; i < AM_LEN(policy->purpose_changes); i++)
        changes += policy->purpose_changes[i] != 0;
    certs_digest_hex(policy->digest, digest);
    printf("%s is good; rows: ceiling %zu, retention %zu, quota %zu, default %zu, release %zu, supervisors %zu, "
           "purpose-change %zu, protection-also-to %zu, h2-also-to %zu; SHA-256 %s\n",
           path, policy->n_ceilings, retention, policy->n_quotas, policy->n_defaults, policy->n_releases,
           policy->n_supervisors, changes, policy->n_protects, policy->n_onward, digest);
    policy_free(policy);
    return AM_OK;
}

// What a stale list means by now, where there is one.
static void crls_tell(const struct config *config, const struct trust *trust)
{
    char stale[TIMESTAMP_TEXT], refused[TIMESTAMP_TEXT], last[TIMESTAMP_TEXT];
    uint64_t from = trust_crls_expire(trust);

    if (clock_utc() <= from)
        return;
    timestamp_print_ns(from, stale);
    timestamp_print_ns(from + config->crl_grace_hours * NS_PER_HOUR, refused);
    timestamp_print_ns(from + LIMIT_CRL_STALE_NS, last);
    printf(
        "a revocation list is stale since %s: of its units U3 and U4 are taken until %s, U1 and U2 until %s; put the "
        "newest lists into %s/crls\n",
        stale, refused, last, config->trust);
}

// A revoked one is sealed to by nobody; one that has ended still is, while its country should see to another.
static void oversights_tell(const struct trust *trust)
{
    const struct trust_country *countries;
    size_t n = trust_countries(trust, &countries);

    for (size_t i = 0; i < n; i++) {
        const struct certificate *oversight = trust_oversight(trust, countries[i].code);
        if (countries[i].oversight_revoked)
            printf("the certificate of amana://%s/oversight is revoked: what the country's units send is sealed to no "
                   "oversight; have its registrar name another, or none, in trust.conf\n",
                   countries[i].code);
        else if (oversight != NULL && certs_ends_soon(oversight->x509, clock_utc()))
            printf("the certificate of %s ends within 14 days or has ended: it is sealed to all the same; have its "
                   "registrar name another in trust.conf\n",
                   oversight->identity.uri);
    }
}

static enum am_err members_check(const char *path, const struct trust *trust, struct am_detail *detail)
{
    struct members members;
    enum am_err err = members_load(path, trust, detail, &members);

    if (err == AM_OK)
        err = members_read_statements(&members, trust, clock_utc(), detail);

    if (err == AM_OK)
        printf("%s is good: %zu members\n", path, members.count);
    members_clear(&members);
    return err;
}

enum am_err daemon_check(const struct config *config, const char *members, struct am_detail *detail)
{
    char crls[CONFIG_PATH + 32];
    struct trust *trust;
    enum am_err err;

    if (config->policy[0] != '\0')
        TRY(daemon_check_policy(config->policy, detail));
    snprintf(crls, sizeof crls, "%s/" DAEMON_OWN "/" DAEMON_CRLS, config->data);
    TRY(trust_load(config->trust, NULL, detail, &trust));
    err = crls_seen_take(crls, trust, false, detail);
    trust_crls_tolerate(trust, LIMIT_CRL_STALE_NS);
    if (err == AM_OK)
        err = check_with(config, trust, detail);
    if (err == AM_OK && members != NULL)
        err = members_check(members, trust, detail);
    if (err == AM_OK) {
        crls_tell(config, trust);
        oversights_tell(trust);
    }
    trust_unref(trust);
    return err;
}
