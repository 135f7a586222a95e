// SPDX-License-Identifier: Apache-2.0
// Chain and CRLs by OpenSSL, then our own rules, in that order (recipes.md, TLS server); and the cache of verdicts.
#include "certs/check.h"

#include "certs/trust_internal.h"
#include "proto/codec/timestamp.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Our keys begin with a SHA-256, whose first bytes are as good a hash as any.
#define HASH_FUNCTION(key, length, hash) memcpy(&(hash), (key), sizeof(hash))
#define HASH_NONFATAL_OOM                1 // else uthash ends the process where memory is short
#include <uthash.h>
#include <utlist.h>

#define CHAIN_LENGTH  3 // end entity, issuing CA, root
#define SECURITY_BITS 2 // OpenSSL's level: 112 bits at least

// What OpenSSL calls the use in its chain check; NULL where it has no word for ours.
static const char *const PURPOSES[CERT_USES] = {[CERT_USE_AUTH] = "ssl_client", [CERT_USE_HUB_SERVER] = "ssl_server"};

// The span of time in which a verdict holds, UTC ns.
struct span {
    uint64_t from, until;
};

static enum am_err err_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_REVOKED: return AM_REVOKED;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID: return AM_EXPIRED;
    case X509_V_ERR_OUT_OF_MEM: return AM_NOMEM;
    default: return AM_CERTIFICATE;
    }
}

// What to do about it; the time is the machine's, but of what was signed the one at which it came into the log.
static void explain_time(X509_STORE_CTX *context, int code, char ret_text[160])
{
    char when[TIMESTAMP_TEXT];
    const char *other = code == X509_V_ERR_CERT_HAS_EXPIRED  ? ", or have it issued anew"
                        : code == X509_V_ERR_CRL_HAS_EXPIRED ? ", or put its newer revocation list into trust/crls"
                                                             : "";
    ret_text[0] = '\0';
    if (err_of(code) != AM_EXPIRED)
        return;
    time_t seconds = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
    timestamp_print_ns(seconds > 0 ? (uint64_t)seconds * NS_PER_S : 0, when);
    snprintf(ret_text, 160, ": it was judged at %s; set the clock right where that is wrong%s", when, other);
}

static enum am_err explain(X509_STORE_CTX *context, struct am_detail *detail)
{
    int code = X509_STORE_CTX_get_error(context);
    X509 *at = X509_STORE_CTX_get_current_cert(context);
    char name[96] = "?", time[160];
    if (at != NULL)
        X509_NAME_oneline(X509_get_subject_name(at), name, sizeof name);
    for (char *c = name; *c != '\0'; c++) // a peer chose these bytes
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    explain_time(context, code, time);
    return am_fail(err_of(code), detail, "certificate", "%s (at %s, %d above the end entity)%s",
                   X509_verify_cert_error_string(code), name, X509_STORE_CTX_get_error_depth(context), time);
}

// The issuing CA must be the identity's own country's, of the right one of its two.
static enum am_err check_country(const struct trust *trust, X509 *ca, enum cert_use use,
                                 const struct identity *identity, struct am_detail *detail)
{
    uint8_t digest[CERTIFICATE_DIGEST];
    if (!certs_digest(ca, digest))
        return AM_NOMEM;
    for (size_t i = 0; i < trust->countries_count; i++) {
        const struct trust_country *country = &trust->countries[i];
        bool hubs = use == CERT_USE_HUB_SERVER;
        if (memcmp(hubs ? country->hubs_ca : country->units_ca, digest, sizeof digest) != 0)
            continue;
        if (hubs || strcmp(country->code, identity->country) == 0)
            return AM_OK;
        return am_fail(AM_CERTIFICATE, detail, "subjectAltName", "the CA of \"%s\" may not issue %s", country->code,
                       identity->uri);
    }
    return am_fail(AM_CERTIFICATE, detail, "issuer", "no country in trust.conf has its issuer as its %s",
                   use == CERT_USE_HUB_SERVER ? "hubs-ca" : "units-ca");
}

static void narrow(struct span *span, uint64_t from, uint64_t until)
{
    span->from = from > span->from ? from : span->from;
    span->until = until < span->until ? until : span->until;
}

static struct span span_of(const struct trust *trust, STACK_OF(X509) *chain)
{
    struct span span = {0, UINT64_MAX};
    for (int i = 0; i < sk_X509_num(chain); i++) {
        const X509 *x509 = sk_X509_value(chain, i);
        const struct trust_crl *crl = trust_crl_of(trust, x509);
        narrow(&span, certs_time_ns(X509_get0_notBefore(x509)), certs_time_ns(X509_get0_notAfter(x509)));
        if (crl != NULL)
            narrow(&span, crl->this_update, crl->next_update + trust->crl_tolerance_ns);
    }
    return span;
}

static enum am_err own_rules(const struct trust *trust, X509 *x509, enum cert_use use, STACK_OF(X509) *chain,
                             struct am_detail *detail, struct identity *ret_identity)
{
    enum cert_use found;
    TRY(certificate_use(x509, detail, &found, ret_identity));
    if (found != use)
        return am_fail(AM_CERTIFICATE, detail, "keyUsage", "this is a certificate for \"%s\", not for \"%s\"",
                       cert_use_text(found), cert_use_text(use));
    if (sk_X509_num(chain) != CHAIN_LENGTH)
        return am_fail(AM_CERTIFICATE, detail, "issuer", "it must be issued by a country's CA under a root");
    return check_country(trust, sk_X509_value(chain, 1), use, ret_identity, detail);
}

struct tolerance {
    const struct trust *trust;
    uint64_t now_ns;
};

// A CRL past its nextUpdate is still judged by for a while: what it says of revoked certificates holds all the same.
static int tolerate(int good, X509_STORE_CTX *context)
{
    const struct tolerance *tolerance = X509_STORE_CTX_get_app_data(context);
    const X509_CRL *crl = X509_STORE_CTX_get0_current_crl(context);
    if (good || X509_STORE_CTX_get_error(context) != X509_V_ERR_CRL_HAS_EXPIRED || crl == NULL)
        return good;
    if (tolerance->now_ns > certs_time_ns(X509_CRL_get0_nextUpdate(crl)) + tolerance->trust->crl_tolerance_ns)
        return 0;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static void set_parameters(X509_STORE_CTX *context, enum cert_use use, uint64_t now_ns)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)(now_ns / NS_PER_S));
    X509_VERIFY_PARAM_set_depth(param, CHAIN_LENGTH - 2);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_BITS);
    if (PURPOSES[use] != NULL)
        X509_STORE_CTX_set_default(context, PURPOSES[use]);
}

static enum am_err check(const struct trust *trust, X509 *x509, enum cert_use use, uint64_t now_ns,
                         struct am_detail *detail, struct identity *ret_identity, struct span *ret_span)
{
    struct identity identity = {0};
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (context == NULL || X509_STORE_CTX_init(context, trust->store, x509, NULL) != 1) {
        X509_STORE_CTX_free(context);
        return AM_NOMEM;
    }
    struct tolerance tolerance = {trust, now_ns};
    set_parameters(context, use, now_ns);
    X509_STORE_CTX_set_app_data(context, &tolerance);
    X509_STORE_CTX_set_verify_cb(context, tolerate);
    enum am_err err = X509_verify_cert(context) == 1
                          ? own_rules(trust, x509, use, X509_STORE_CTX_get0_chain(context), detail, &identity)
                          : explain(context, detail);
    if (err == AM_OK && ret_span != NULL)
        *ret_span = span_of(trust, X509_STORE_CTX_get0_chain(context));
    if (err == AM_OK && ret_identity != NULL)
        *ret_identity = identity;
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return err;
}

enum am_err certs_check(const struct trust *trust, X509 *x509, enum cert_use use, uint64_t now_ns,
                        struct am_detail *detail, struct identity *ret_identity)
{
    return check(trust, x509, use, now_ns, detail, ret_identity, NULL);
}

struct verdict {
    uint8_t key[CERTIFICATE_DIGEST + 1]; // digest and use
    uint64_t epoch;
    struct span span;
    UT_hash_handle hh;
    struct verdict *prev, *next; // in the order of last use
};

struct cert_cache {
    pthread_mutex_t lock;
    size_t entries;
    struct verdict *verdicts; // by key
    struct verdict *order;    // the one unused for longest first
};

struct cert_cache *cert_cache_new(size_t entries)
{
    struct cert_cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL) {
        pthread_mutex_init(&cache->lock, NULL);
        cache->entries = entries > 0 ? entries : 1;
    }
    return cache;
}

static void forget(struct cert_cache *cache, struct verdict *verdict)
{
    HASH_DEL(cache->verdicts, verdict);
    DL_DELETE(cache->order, verdict);
    free(verdict);
}

void cert_cache_free(struct cert_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->order != NULL)
        forget(cache, cache->order);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static bool remembered(struct cert_cache *cache, const uint8_t key[CERTIFICATE_DIGEST + 1], uint64_t epoch,
                       uint64_t now_ns)
{
    struct verdict *verdict;
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->verdicts, key, CERTIFICATE_DIGEST + 1, verdict);
    bool good =
        verdict != NULL && verdict->epoch == epoch && now_ns >= verdict->span.from && now_ns <= verdict->span.until;
    if (good) {
        DL_DELETE(cache->order, verdict);
        DL_APPEND(cache->order, verdict);
    }
    pthread_mutex_unlock(&cache->lock);
    return good;
}

static void remember(struct cert_cache *cache, const uint8_t key[CERTIFICATE_DIGEST + 1], uint64_t epoch,
                     struct span span)
{
    struct verdict *made = malloc(sizeof *made), *old;
    if (made == NULL)
        return; // only slower next time
    *made = (struct verdict){.epoch = epoch, .span = span};
    memcpy(made->key, key, sizeof made->key);
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->verdicts, key, sizeof made->key, old);
    if (old == NULL && HASH_COUNT(cache->verdicts) >= cache->entries)
        old = cache->order;
    if (old != NULL)
        forget(cache, old);
    HASH_ADD(hh, cache->verdicts, key, sizeof made->key, made);
    if (made->hh.tbl != NULL)
        DL_APPEND(cache->order, made);
    else
        free(made);
    pthread_mutex_unlock(&cache->lock);
}

enum am_err cert_cache_check(struct cert_cache *cache, const struct trust *trust, const struct certificate *certificate,
                             enum cert_use use, uint64_t now_ns, struct am_detail *detail)
{
    uint8_t key[CERTIFICATE_DIGEST + 1];
    struct span span;
    memcpy(key, certificate->digest, CERTIFICATE_DIGEST);
    key[CERTIFICATE_DIGEST] = (uint8_t)use;
    if (remembered(cache, key, trust->epoch, now_ns))
        return AM_OK;
    TRY(check(trust, certificate->x509, use, now_ns, detail, NULL, &span));
    remember(cache, key, trust->epoch, span);
    return AM_OK;
}

uint64_t certs_not_after(const X509 *x509)
{
    return certs_time_ns(X509_get0_notAfter(x509));
}

bool certs_ends_soon(const X509 *x509, uint64_t now_ns)
{
    return certs_not_after(x509) < now_ns + CERTS_SOON_NS;
}
