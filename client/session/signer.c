// SPDX-License-Identifier: Apache-2.0
// The officer who signed, since.
#include "client/session/signer.h"

#include "certs/clock.h"
#include "certs/cms.h"
#include "client/session/directory.h"
#include "proto/codec/timestamp.h"

#include <stdio.h>
#include <string.h>

static const char *const REASONS[] = {[1] = "the key was compromised",
                                      [2] = "the authority was compromised",
                                      [3] = "another post",
                                      [4] = "superseded",
                                      [5] = "left",
                                      [6] = "on hold"};

static void say_revoked(const struct trust_revocation *revocation, bool before, struct signer *signer)
{
    char time[TIMESTAMP_TEXT];
    size_t reason = (size_t)revocation->reason;
    bool known = revocation->reason > 0 && reason < AM_LEN(REASONS);
    timestamp_print_ns(revocation->time_ns, time);
    signer->state = before ? SIGNER_REVOKED : SIGNER_REVOKED_SINCE;
    snprintf(signer->words, sizeof signer->words, "the officer's certificate was revoked %s%s%s, %s the hub took this",
             time, known ? ": " : "", known ? REASONS[reason] : "", before ? "before" : "after");
}

// Parses the certificate of this officer that stands in the signature.
static X509 *certificate_of(const struct cms_signature *signature, const char *officer)
{
    for (size_t i = 0; i < signature->count; i++) {
        const uint8_t *at = signature->certificates[i].data;
        X509 *x509 = d2i_X509(NULL, &at, (long)signature->certificates[i].len);
        struct certificate certificate = {0};
        bool ours = x509 != NULL && certificate_init(&certificate, x509, NULL) == AM_OK &&
                    strcmp(certificate.identity.uri, officer) == 0;
        certificate_clear(&certificate);
        if (ours)
            return x509;
        X509_free(x509);
    }
    return NULL;
}

// The certificate of that digest, if it was signed with it.
static const struct am_bytes *signed_with(const struct cms_signature *signature,
                                          const uint8_t wanted[CERTIFICATE_DIGEST])
{
    uint8_t digest[CERTIFICATE_DIGEST];
    for (size_t i = 0; i < signature->count; i++)
        if (certs_sha256(signature->certificates[i].data, signature->certificates[i].len, digest) &&
            memcmp(digest, wanted, sizeof digest) == 0)
            return &signature->certificates[i];
    return NULL;
}

static void say(const Amana__V1__Kept *kept, const struct trust_revocation *revocation, bool removed,
                struct signer *signer)
{
    if (revocation != NULL) {
        uint64_t at = kept->entry != NULL ? kept->entry->time : clock_utc();
        say_revoked(revocation, trust_revocation_spoils(revocation, at), signer);
    } else if (removed) {
        signer->state = SIGNER_REMOVED;
        snprintf(signer->words, sizeof signer->words,
                 "by an officer since removed from the roster of the unit, or with another certificate now");
    }
}

void signer_look(struct session *session, const Amana__V1__Kept *kept, const Amana__V1__Header *header,
                 struct signer *ret_signer)
{
    struct cms_signature signature;
    struct trust_revocation revocation;
    uint8_t digest[CERTIFICATE_DIGEST];
    bool there = false, revoked = false;
    *ret_signer = (struct signer){0};
    if (kept->signer[0] != '\0') {
        ret_signer->state = SIGNER_REVOKED;
        snprintf(ret_signer->words, sizeof ret_signer->words, "%s", kept->signer);
        return;
    }
    if (cms_profile_signature(codec_bytes(kept->message->signature), CMS_DETACHED_FORM, NULL, &signature) != AM_OK)
        return;
    bool roster = directory_officer(session, header->sender->unit, header->officer, &there, digest) == AM_OK;
    const struct am_bytes *certificate = there ? signed_with(&signature, digest) : NULL;
    bool removed = roster && certificate == NULL;
    if (certificate != NULL &&
        trust_revocation_der(session->trust, *certificate, &revoked, &revocation) == AM_OK) { // that of the roster
        say(kept, revoked ? &revocation : NULL, removed, ret_signer);
        return;
    }
    X509 *x509 = certificate_of(&signature, header->officer);
    if (x509 == NULL)
        return;
    revoked = trust_revocation(session->trust, x509, &revocation);
    say(kept, revoked ? &revocation : NULL, removed, ret_signer);
    X509_free(x509);
}

const char *signer_state_name(enum signer_state state)
{
    switch (state) {
    case SIGNER_GOOD: return NULL;
    case SIGNER_REMOVED: return "REMOVED";
    case SIGNER_REVOKED_SINCE: return "REVOKED_SINCE";
    case SIGNER_REVOKED: return "REVOKED";
    }
    return NULL;
}
