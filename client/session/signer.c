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

// The officer's row on the newest roster of the unit that is kept; NULL: there is none, or no roster.
static const struct roster_officer *officer_kept(struct session *session, const char *unit, const char *officer,
                                                 struct roster **ret_roster)
{
    struct am_detail detail = {0};
    *ret_roster = NULL;
    return directory_kept(session, unit, &detail, ret_roster) == AM_OK ? roster_officer_by_uri(*ret_roster, officer)
                                                                       : NULL;
}

// Was it signed with the certificate of that row?
static bool signed_with(const struct cms_signature *signature, const struct roster_officer *row)
{
    uint8_t digest[CERTIFICATE_DIGEST];
    for (size_t i = 0; i < signature->count; i++)
        if (certs_sha256(signature->certificates[i].data, signature->certificates[i].len, digest) &&
            memcmp(digest, row->sign.digest, sizeof digest) == 0)
            return true;
    return false;
}

static void look(struct session *session, const Amana__V1__Kept *kept, X509 *x509, bool removed, struct signer *signer)
{
    struct trust_revocation revocation;
    if (trust_revocation(session->trust, x509, &revocation)) {
        uint64_t at = kept->entry != NULL ? kept->entry->time : clock_utc();
        say_revoked(&revocation, trust_revocation_spoils(&revocation, at), signer);
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
    struct roster *roster;
    *ret_signer = (struct signer){0};
    if (kept->signer[0] != '\0') {
        ret_signer->state = SIGNER_REVOKED;
        snprintf(ret_signer->words, sizeof ret_signer->words, "%s", kept->signer);
        return;
    }
    if (cms_profile_signature(codec_bytes(kept->message->signature), CMS_DETACHED_FORM, NULL, &signature) != AM_OK)
        return;
    const struct roster_officer *row = officer_kept(session, header->sender->unit, header->officer, &roster);
    if (row != NULL && signed_with(&signature, row)) {
        look(session, kept, row->sign.x509, false, ret_signer);
    } else {
        X509 *x509 = certificate_of(&signature, header->officer);
        if (x509 != NULL)
            look(session, kept, x509, roster != NULL, ret_signer);
        X509_free(x509);
    }
    roster_unref(roster);
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
