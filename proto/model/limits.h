// SPDX-License-Identifier: Apache-2.0
// Every limit of the protocol and of a hub in one place, with its unit and where it comes from.
#pragma once

#include <stdint.h>

// Sizes in bytes (domain.md, Limits; wire.md, Rules).
#define LIMIT_HEADER           (16u * 1024)
#define LIMIT_BODY_PLAIN       (1024u * 1024) // padded plaintext
#define LIMIT_SEALED_KEYS      529u           // recipients of one seal
#define LIMIT_SEALED_KEY_BYTES 512u           // what one recipient may add to a seal
#define LIMIT_MESSAGE          (1024u * 1024 + 16u * 1024 + 128u * 1024)
#define LIMIT_RECALL           (64u * 1024)   // revocation list that a message brings with it
#define LIMIT_LISTS            (1024u * 1024) // revocation lists in one answer of a hub
#define LIMIT_SIGNATURE        (16u * 1024)
#define LIMIT_FLAGS            4096u
#define LIMIT_STATEMENT        (64u * 1024)
#define LIMIT_CERTIFICATE      4096u
#define LIMIT_MEMBER_STATEMENT (8u * 1024)  // a registrar's statement about a member, its CMS file
#define LIMIT_ROSTER           (64u * 1024) // the roster's CMS file
#define LIMIT_CONFIG           (1024u * 1024)
#define LIMIT_DRAFT            (4u * 1024 * 1024) // a draft's JSON text

// What is imported: a case in the fields of HTCDS as JSON or CSV, and a submission of its survey form.
#define LIMIT_HTCDS_FILE    (4u * 1024 * 1024)
#define LIMIT_HTCDS_RECORDS 4096u // lines of a CSV
#define LIMIT_HTCDS_COLUMNS 256u  // fields of one record
#define LIMIT_HTCDS_VALUES  (32u * 1024)
#define LIMIT_HTCDS_VALUE   (64u * 1024) // bytes of one value
#define LIMIT_HTCDS_NAME    120u         // of a field's name, with the NUL
#define LIMIT_ODK_BYTES     (1024u * 1024)
#define LIMIT_ODK_FIELDS    256u
#define LIMIT_ODK_DEPTH     8u
#define LIMIT_ODK_VALUE     4096u // bytes of one answer

// Counts.
#define LIMIT_RECIPIENTS     64u
#define LIMIT_REFERENCES     32u
#define LIMIT_DEVICES        8u   // of one unit
#define LIMIT_OFFICERS       256u // of one unit
#define LIMIT_ATTACHMENTS    32u
#define LIMIT_ADDRESS        95u   // "a/b/c", each part at most 31
#define LIMIT_URI            160u  // "amana://…"
#define LIMIT_PENDING        256u  // messages that wait for one unit to release them
#define LIMIT_UNACKNOWLEDGED 64u   // messages out to one device (architecture.md, Delivery)
#define LIMIT_BATCH_ENTRIES  1024u // one LMDB commit
#define LIMIT_BATCH_BYTES    (4u * 1024 * 1024)
#define LIMIT_CASE_READS     1024u // of a case, read for one look at what is left or withheld of it (rule 4)

// A connection (security.md, Limits).
#define LIMIT_HEADER_LIST        (16u * 1024)
#define LIMIT_STREAMS            128u
#define LIMIT_RESETS             100u // in LIMIT_RESETS_NS
#define LIMIT_RESETS_NS          (10ull * 1000000000)
#define LIMIT_CONTINUATIONS      8u
#define LIMIT_STREAM_WINDOW      (16u * 1024) // until the length prefix is in
#define LIMIT_CONNECTION_WINDOW  (4u * 1024 * 1024)
#define LIMIT_CONNECTION_MEMORY  (5u * 1024 * 1024)
#define LIMIT_HANDSHAKE_NS       (5ull * 1000000000)
#define LIMIT_FIRST_REQUEST_NS   (10ull * 1000000000)
#define LIMIT_KEEPALIVE_NS       (60ull * 1000000000)
#define LIMIT_PING_INTERVAL_NS   (10ull * 1000000000)
#define LIMIT_HANDSHAKES_PER_S   20u // per address
#define LIMIT_HANDSHAKES_OPEN    200u
#define LIMIT_HANDSHAKES_ADDRESS 50u                  // of these, per address
#define LIMIT_CONNECTIONS        4096u                // idle, they are half of LIMIT_MEMORY
#define LIMIT_CONNECTION_BASE    (32u * 1024)         // what TLS and our own structs of one take, however idle
#define LIMIT_CONNECTIONS_EACH   32u                  // per identity
#define LIMIT_MEMORY             (256u * 1024 * 1024) // connections, requests and answers in all
#define LIMIT_MEMORY_WORK        60u                  // % of it past which nothing new is begun
#define LIMIT_MEMORY_HELD        80u                  // % of it past which the connection that holds most is ended
#define LIMIT_MEMORY_SHORT_NS    (10ull * 1000000000) // of being past the first, after which it is ended too
#define LIMIT_MEMORY_SHARE       4u                   // one identity has so much of it at most: a fourth
#define LIMIT_REQUESTS_PER_S     100u                 // per identity
#define LIMIT_IN_FLIGHT          64u                  // per identity
#define LIMIT_URGENT_EACH        4u                   // of these, U1 and U2 that go before what isn't urgent
#define LIMIT_URGENT_ROW         8u                   // urgent ones checked one after the other while others wait
#define LIMIT_RUN_BYTES          (64u * 1024)         // of messages that a worker takes on together
#define LIMIT_AHEAD_BYTES        LIMIT_BATCH_BYTES    // of what isn't urgent, decided and not yet written
#define LIMIT_REPLAYS            8u                   // per identity

// Time in nanoseconds.
#define NS_PER_S              1000000000ull
#define NS_PER_MINUTE         (60 * NS_PER_S)
#define NS_PER_HOUR           (60 * NS_PER_MINUTE)
#define NS_PER_DAY            (24 * NS_PER_HOUR)
#define LIMIT_BATCH_WAIT_NS   (NS_PER_S / 50)      // what is decided waits for what is still being checked
#define LIMIT_RELEASE_NS      NS_PER_DAY           // a parked message lapses (domain.md, Release)
#define LIMIT_LAPSES_NS       (30 * NS_PER_DAY)    // two lapsed within it: no DEFERRED until it is over
#define LIMIT_DEFERRED_NS     (30 * NS_PER_MINUTE) // a DEFERRED one is to be signed (rule 5)
#define LIMIT_CRL_SOON_NS     (12 * NS_PER_HOUR)   // before its nextUpdate that a CRL is told of
#define LIMIT_CRL_STALE_NS    (7 * NS_PER_DAY)     // past nextUpdate, for U1 and U2 (security.md, Revocation)
#define LIMIT_CRL_STALE_SENDS 10u                  // of one unit in an hour, past the grace
#define LIMIT_CLOCK_AHEAD_NS  (5 * NS_PER_MINUTE)  // clocks differ by as much: written_at and what is signed
#define LIMIT_TOO_OLD_NS      (30 * NS_PER_DAY)    // the horizon of duplicates (audit.md)
