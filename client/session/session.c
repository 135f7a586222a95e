// SPDX-License-Identifier: Apache-2.0
// Opening a client: settings, anchors, store, keys; and its link.
#include "client/session/session.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/clock.h"
#include "certs/trust_seen.h"
#include "client/session/history.h"
#include "client/session/lists.h"
#include "proto/codec/timestamp.h"
#include "proto/failpoint.h"
#include "proto/model/policy.h"
#include "proto/model/reason.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_NS (10ull * NS_PER_S)

static const char *const KEY_NAMES[CERT_USES] = {
    [CERT_USE_AUTH] = "auth",
    [CERT_USE_SEAL] = "seal",
    [CERT_USE_SIGN_DEVICE] = "sign",
    [CERT_USE_SIGN_OFFICER] = "officer",
};

uint64_t session_now(const struct session *session)
{
    return clock_utc() + (uint64_t)session->clock_ns;
}

static enum am_err open_trust(struct session *session, struct am_detail *detail)
{
    char path[PATH_MAX];
    TRY(settings_path(&session->settings, "trust", path));
    TRY(trust_load(path, NULL, detail, &session->trust));
    trust_crls_tolerate(session->trust, LIMIT_CRL_STALE_NS);
    session->hub = trust_hub(session->trust, session->settings.value[SETTING_HUB]);
    if (session->hub == NULL)
        return am_fail(AM_CONFIG, detail, "hub", "\"%s\" is not in %s/trust.conf", session->settings.value[SETTING_HUB],
                       path);
    if (session->hub->log_key[0] == '\0')
        return am_fail(AM_CONFIG, detail, "trust.conf",
                       "hub \"%s\" has no log-key yet: `amanad init` prints it; ask for the newest trust.conf",
                       session->hub->name);
    TRY(log_verifier_parse(session->hub->log_key, detail, &session->log));
    if (strcmp(session->log.origin, session->hub->origin) != 0)
        return am_fail(AM_CONFIG, detail, "trust.conf", "the log-key of hub \"%s\" is of %.100s, its origin is %.100s",
                       session->hub->name, session->log.origin, session->hub->origin);
    return AM_OK;
}

static enum am_err compare_crls(struct session *session, const struct trust *trust, bool put, struct am_detail *detail,
                                bool *ret_more)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_bytes before = {0}, now;
    arena_init(&arena, 2 * TRUST_SEEN_MAX);
    enum am_err err = store_value_get(session->store, "crls", &arena, &before);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    TRY(trust_seen_take(trust, before, "trust/crls", detail, &now));
    *ret_more = now.len != before.len || memcmp(now.data, before.data, now.len) != 0;
    err = put && *ret_more ? store_value_put(session->store, "crls", now) : AM_OK;
    free((void *)now.data);
    return err;
}

// No CRL goes back, not even over the end of a command, nor by what another one remembers meanwhile.
static enum am_err check_crls(struct session *session, const struct trust *trust, struct am_detail *detail)
{
    bool more;
    TRY(compare_crls(session, trust, false, detail, &more));
    if (!more)
        return AM_OK;
    TRY(store_together(session->store));
    enum am_err err = compare_crls(session, trust, true, detail, &more);
    enum am_err written = store_apart(session->store);
    return err != AM_OK ? err : written;
}

static enum am_err open_crls(struct session *session, struct am_detail *detail)
{
    enum am_err err = check_crls(session, session->trust, detail);
    if (err != AM_ROLLBACK)
        return err;
    // Another command may have kept a newer list since these were read.
    log_verifier_clear(&session->log);
    trust_unref(session->trust);
    session->trust = NULL;
    TRY(open_trust(session, detail));
    return check_crls(session, session->trust, detail);
}

enum am_err session_trust(struct session *session, struct trust *trust, struct am_detail *detail)
{
    struct trust *before = session->trust;
    const struct trust_hub *hub = trust_hub(trust, session->hub->name);
    if (hub == NULL || memcmp(trust_digest(trust), trust_digest(before), 32) != 0) {
        trust_unref(trust);
        return AM_OK;
    }
    enum am_err err = check_crls(session, trust, detail);
    if (err != AM_OK) {
        trust_unref(trust);
        return err;
    }
    trust_crls_tolerate(trust, LIMIT_CRL_STALE_NS);
    session->trust = trust;
    session->hub = hub;
    if (session->opened_by == NULL)
        session->opened_by = before; // a draft may have words of it
    else
        trust_unref(before);
    return AM_OK;
}

enum am_err session_open(const struct settings *settings, unsigned needed, const struct keyfile_passphrase *passphrase,
                         const bool *interrupted, struct am_detail *detail, struct session **ret_session)
{
    char path[PATH_MAX];
    TRY(settings_require(settings, needed, detail));
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return AM_NOMEM;
    session->settings = *settings;
    session->passphrase = passphrase;
    session->interrupted = interrupted;
    settings_device(settings, session->device);
    settings_officer(settings, session->officer);
    enum am_err err = open_trust(session, detail);
    FAILPOINT_HOLD("trust-read");
    if (err == AM_OK)
        err = settings_path(settings, "store", path);
    if (err == AM_OK)
        err = store_open(path, detail, &session->store);
    if (err == AM_OK)
        err = open_crls(session, detail);
    if (err == AM_OK)
        err = history_load(session, detail);
    if (err != AM_OK) {
        session_close(session);
        return err;
    }
    *ret_session = session;
    return AM_OK;
}

void session_disconnect(struct session *session)
{
    link_close(session->link);
    session->link = NULL;
    memset(session->asked, 0, sizeof session->asked);
}

void session_close(struct session *session)
{
    if (session == NULL)
        return;
    session_disconnect(session);
    for (unsigned i = 0; i < CERT_USES; i++) {
        if (session->certificates[i] != NULL)
            certificate_clear(session->certificates[i]);
        free(session->certificates[i]);
        EVP_PKEY_free(session->keys[i]);
    }
    for (unsigned i = 0; i < SESSION_READ; i++)
        roster_unref(session->read[i]);
    policy_free(session->policy);
    store_close(session->store);
    log_verifier_clear(&session->log);
    trust_unref(session->trust);
    trust_unref(session->opened_by);
    free(session);
}

// --- Keys
static enum am_err read_certificate(struct session *session, enum cert_use use, const char *path,
                                    struct am_detail *detail)
{
    const char *wanted = use == CERT_USE_SIGN_OFFICER ? session->officer : session->device;
    STACK_OF(X509) *stack;
    if (access(path, F_OK) != 0)
        return am_fail(AM_NOT_FOUND, detail, path,
                       "there is no certificate yet: have `amana-ca issue` made from the .csr beside it");
    TRY(certs_read_pem(path, detail, &stack));
    struct certificate *certificate = calloc(1, sizeof *certificate);
    enum am_err err = certificate == NULL ? AM_NOMEM : certificate_init(certificate, sk_X509_value(stack, 0), detail);
    certs_free_pem(stack);
    if (err == AM_OK && (certificate->use != use || strcmp(certificate->identity.uri, wanted) != 0)) {
        err = am_fail(AM_CERTIFICATE, detail, path, "it is \"%s\" of %s; here it must be \"%s\" of %s",
                      cert_use_text(certificate->use), certificate->identity.uri, cert_use_text(use), wanted);
        certificate_clear(certificate);
    }
    if (err != AM_OK) {
        free(certificate);
        return err;
    }
    session->certificates[use] = certificate;
    return AM_OK;
}

enum am_err session_key(struct session *session, enum cert_use use, struct am_detail *detail,
                        const struct certificate **ret_certificate, EVP_PKEY **ret_key)
{
    char name[64], path[PATH_MAX];
    if (session->certificates[use] == NULL) {
        snprintf(name, sizeof name, "keys/%s.pem", KEY_NAMES[use]);
        TRY(settings_path(&session->settings, name, path));
        TRY(read_certificate(session, use, path, detail));
    }
    if (session->keys[use] == NULL && ret_key != NULL) {
        snprintf(name, sizeof name, "keys/%s.key", KEY_NAMES[use]);
        TRY(settings_path(&session->settings, name, path));
        TRY(keyfile_read(path, session->passphrase, detail, &session->keys[use]));
        if (EVP_PKEY_eq(session->keys[use], session->certificates[use]->key) != 1)
            return am_fail(AM_CERTIFICATE, detail, path, "this is not the key of the certificate beside it");
    }
    *ret_certificate = session->certificates[use];
    if (ret_key != NULL)
        *ret_key = session->keys[use];
    return AM_OK;
}

// --- The link
static enum am_err dial(struct session *session, struct am_detail *detail)
{
    char certificate[PATH_MAX], key[PATH_MAX];
    struct tls_context *tls;
    TRY(settings_path(&session->settings, "keys/auth.pem", certificate));
    TRY(settings_path(&session->settings, "keys/auth.key", key));
    const struct certificate *own;
    TRY(session_key(session, CERT_USE_AUTH, detail, &own, NULL));
    struct tls_client_config config = {.certificate_file = certificate,
                                       .key_file = key,
                                       .hub = session->hub->name,
                                       .passphrase = session->passphrase,
                                       .trust = session->trust};
    TRY(tls_client_new(&config, detail, &tls));
    struct link_config link = {session->settings.value[SETTING_ADDRESS], session->hub->dns, tls, CONNECT_NS,
                               session->interrupted};
    enum am_err err = link_open(&link, detail, &session->link);
    tls_context_unref(tls);
    return err;
}

// First words on every connection: the hub's time, its newest checkpoint against ours, and its newer revocation lists.
static enum am_err greet(struct session *session, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__StatusRequest request = AMANA__V1__STATUS_REQUEST__INIT;
    Amana__V1__StatusResponse *response;
    uint64_t hub_time;
    arena_init(&arena, 4u * 1024 * 1024);
    TRY(lists_ask(session, &arena, &request));
    TRY(session_call(session, "/amana.v1.Relay/Status", &request.base, &amana__v1__status_response__descriptor, &arena,
                     detail, (ProtobufCMessage **)&response));
    if (response->checkpoint == NULL)
        return am_fail(AM_PROTO, detail, "checkpoint", "the hub shows no checkpoint of its log");
    if (timestamp_to_ns(response->hub_time, &hub_time) == AM_OK)
        session->clock_ns = (int64_t)(hub_time - clock_utc());
    TRY(history_compare(session, response->checkpoint, detail));
    return lists_take(session, response);
}

enum am_err session_connect(struct session *session, struct am_detail *detail)
{
    struct am_detail local = {0};
    if (link_alive(session->link))
        return AM_OK;
    session_disconnect(session);
    enum am_err err = dial(session, &local);
    if (err == AM_OK)
        err = greet(session, &local);
    if (err != AM_OK) {
        session_disconnect(session);
        session->offline = local;
        if (detail != NULL)
            *detail = local;
    }
    return err;
}

enum am_err session_call(struct session *session, const char *path, const ProtobufCMessage *request,
                         const ProtobufCMessageDescriptor *type, struct arena *arena, struct am_detail *detail,
                         ProtobufCMessage **ret_message)
{
    struct rpc_error error;
    enum am_err err = link_unary(session->link, path, request, type, arena, &error, ret_message);
    return err == AM_DENIED || err == AM_UNAVAILABLE ? session_refused(&error, detail) : err;
}

enum am_err session_refused(const struct rpc_error *error, struct am_detail *detail)
{
    const char *field = error->violation_count > 0 ? error->violations[0].field : "";
    enum am_err err = AM_PROTO;
    switch (error->status) {
    case RPC_PERMISSION_DENIED:
    case RPC_UNAUTHENTICATED:
    case RPC_FAILED_PRECONDITION:
    case RPC_ALREADY_EXISTS:
    case RPC_UNIMPLEMENTED: err = AM_DENIED; break;
    case RPC_INVALID_ARGUMENT: err = AM_INVALID; break;
    case RPC_NOT_FOUND: err = AM_NOT_FOUND; break;
    case RPC_UNAVAILABLE:
    case RPC_DEADLINE_EXCEEDED:
    case RPC_ABORTED:
    case RPC_CANCELLED: err = AM_UNAVAILABLE; break;
    case RPC_RESOURCE_EXHAUSTED: err = AM_BUSY; break;
    default: break;
    }
    // What is said of a field, or of a quota, says what would do; Status.message repeats it behind the field's name.
    const char *text = error->violation_count > 0     ? error->violations[0].text
                       : error->quota.text[0] != '\0' ? error->quota.text
                                                      : error->text;
    return am_fail(err, detail, field, "%.270s (%s)", text,
                   error->reason[0] != '\0' ? error->reason : rpc_status_name(error->status));
}
