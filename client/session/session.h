// SPDX-License-Identifier: Apache-2.0
// A client at work: its settings, anchors, keys and store, and its link to the hub once there is one. One thread.
#pragma once

#include "certs/roster.h"
#include "client/session/link.h"
#include "client/session/settings.h"
#include "client/session/store.h"
#include "proto/log/proved.h"

struct policy;

#define SESSION_TIED  32u
#define SESSION_ASKED 32u
#define SESSION_READ  8u

// The hub's newest roster of a unit was asked for when its log had that size.
struct session_asked {
    char unit[LIMIT_ADDRESS + 1];
    uint64_t size;
};

// Whether a unit can be sent anything, as far as was verified here; until something new is kept of it.
struct session_gone {
    char unit[LIMIT_ADDRESS + 1];
    bool gone;
};

// What a roster that is kept says of an officer.
struct session_officer {
    uint8_t roster[32]; // SHA-256 of its file
    char uri[LIMIT_URI + 1];
    bool there;
    uint8_t digest[CERTIFICATE_DIGEST]; // of the certificate that is signed with
};

struct session {
    struct settings settings;
    char device[LIMIT_URI + 1], officer[LIMIT_URI + 1];
    struct trust *trust;
    const struct trust_hub *hub;
    struct log_verifier log; // the key of the hub's log
    struct store *store;
    const struct keyfile_passphrase *passphrase; // of the officer's key; NULL: none
    const bool *interrupted;

    struct link *link;        // NULL: offline
    struct am_detail offline; // why
    int64_t clock_ns;         // to be added to this machine's clock for written_at

    struct certificate *certificates[CERT_USES]; // this client's own, as they are first asked for
    EVP_PKEY *keys[CERT_USES];

    bool has_seen; // newest verified checkpoint of the hub's log, the same as in the store
    struct log_checkpoint seen;
    struct log_checkpoint tied[SESSION_TIED]; // others that a proof has tied to it
    unsigned tied_count;
    struct session_asked asked[SESSION_ASKED]; // since it connected
    unsigned asked_count;
    struct session_gone gone[SESSION_ASKED];
    unsigned gone_count;
    struct roster *read[SESSION_READ]; // rosters that were read from the store: to parse one is dear
    unsigned read_count;
    struct session_officer officers[SESSION_READ]; // that were read without the rest of their rosters
    unsigned officers_count;
    struct policy *policy; // policy.h
    bool policy_read, policy_known;
    char successor[LIMIT_ADDRESS + 1];  // of this unit, which is closed; ""
    char protection[LIMIT_ADDRESS + 1]; // directory_protection
    struct trust *opened_by;            // what was in force before a newer list came; NULL: none did
    enum am_err lists_err; // why newer revocation lists of the hub were not taken; AM_OK: they were, or none came
    struct am_detail lists_detail;
    bool recalls;          // the hub's revocation list is older than this desk's: what is sent brings it along
    char judged[STORE_ID]; // the message that was written and judged last, by what is known now
    bool alarmed;          // an alarm was raised: what follows in this session follows from it
};

// Opens the store and reads trust/; no link yet. needed: settings that must be there (SETTING_BIT). passphrase and
// interrupted outlive the session and may be NULL. AM_CONFIG and errors of trust_load and store_open.
AM_MUST_USE enum am_err session_open(const struct settings *settings, unsigned needed,
                                     const struct keyfile_passphrase *passphrase, const bool *interrupted,
                                     struct am_detail *detail, struct session **ret_session);
void session_close(struct session *session); // NULL is fine

// Connects, takes the hub's time, compares its log with what was verified last, and takes newer revocation lists
// (lists.h); by these the hub itself is judged from the next connection on. AM_UNAVAILABLE: no link (also in
// session->offline). AM_FORK, AM_ROLLBACK, AM_PROOF: an alarm was raised and the link is closed again. AM_CERTIFICATE
// and the like: the hub, or this client, isn't who it should be.
AM_MUST_USE enum am_err session_connect(struct session *session, struct am_detail *detail);
void session_disconnect(struct session *session);

// Goes by this trust, the caller's reference, from now on: that of session_open with newer revocation lists. Where
// trust.conf is another by now nothing changes, and the next session goes by it. Errors of trust_seen_take and of the
// store: it goes by what it went by.
AM_MUST_USE enum am_err session_trust(struct session *session, struct trust *trust, struct am_detail *detail);

// One of this client's own certificates with its key: DATA/keys/{auth,seal,sign,officer}.{pem,key}. The name in the
// certificate must be the settings' own. Owned by the session. AM_NOT_FOUND (no certificate yet: what to do),
// AM_CERTIFICATE, errors of keyfile_read.
AM_MUST_USE enum am_err session_key(struct session *session, enum cert_use use, struct am_detail *detail,
                                    const struct certificate **ret_certificate, EVP_PKEY **ret_key);

// UTC ns: this machine's clock, corrected by the hub's for what is written.
uint64_t session_now(const struct session *session);

// One call, one answer, as link_unary; a refusal comes as an error of session_refused with its words.
AM_MUST_USE enum am_err session_call(struct session *session, const char *path, const ProtobufCMessage *request,
                                     const ProtobufCMessageDescriptor *type, struct arena *arena,
                                     struct am_detail *detail, ProtobufCMessage **ret_message);

// A refusal of the hub as an error with its words: field of the first violation, reason and text.
// AM_DENIED for what policy refuses, AM_INVALID for a bad field, AM_UNAVAILABLE for what may be tried again, AM_PROTO.
enum am_err session_refused(const struct rpc_error *error, struct am_detail *detail);
