// SPDX-License-Identifier: Apache-2.0
// Whom this program trusts: the folder trust/ with trust.conf, roots.pem, cas.pem, crls/ and, where a country names an
// oversight, oversight.pem (security.md, Trust list).
//
// trust.conf (libconfuse; the same bytes at hub and client; digests are the SHA-256 of the DER in hex):
//   country "ke" {
//     units-ca = "9f…"              # issues devices, officers and the hub's client certificate
//     hubs-ca  = "02…"              # issues the hubs' server certificates
//     registrars = {"77…"}          # the officers' certificates that may sign this country's rosters
//     protection-unit = "ke/dcs/child-protection"
//     oversight = "5a…"             # whatever its units send is sealed to this certificate of oversight.pem too
//   }
//   hub "igad/hub" {
//     dns = "hub.igad.amana.example"
//     certificate = "5c…"           # its server certificate
//     origin = "igad.amana.example/log"
//     log-key = "igad.amana.example/log+1a2b3c4d+AQ…"  # C2SP verifier key
//     countries = {"igad", "ke", "et"}                  # whose units connect to it
//   }
// Only `country` needs all but registrars, protection-unit and oversight; only `hub` all but log-key (until `amanad
// init` has printed it). roots.pem, cas.pem, oversight.pem: certificates; crls/: one or more PEM CRLs per file named
// *.crl or *.pem. What oversight.pem holds and no country names is sealed to by nobody: former ones, by which readers
// know what was sealed to them.
#pragma once

#include "certs/certificate.h"

#include <stdbool.h>

#define TRUST_COUNTRIES  64u // limits of one trust.conf
#define TRUST_HUBS       64u
#define TRUST_REGISTRARS 16u                   // of one country
#define TRUST_OVERSIGHT  (2 * TRUST_COUNTRIES) // certificates of oversight.pem
#define TRUST_DNS        253u
#define TRUST_ORIGIN     255u
#define TRUST_LOG_KEY    511u

struct trust_country {
    char code[ADDRESS_COUNTRY_MAX + 1];
    uint8_t units_ca[CERTIFICATE_DIGEST], hubs_ca[CERTIFICATE_DIGEST];
    size_t registrars_count;
    uint8_t registrars[TRUST_REGISTRARS][CERTIFICATE_DIGEST];
    char protection_unit[LIMIT_ADDRESS + 1]; // "" where the country has named none
    bool has_oversight;
    uint8_t oversight[CERTIFICATE_DIGEST];
    bool oversight_revoked;  // by the list in force
    unsigned oversight_line; // of trust.conf
};

struct trust_hub {
    char name[LIMIT_ADDRESS + 1]; // "igad/hub"
    char dns[TRUST_DNS + 1];
    uint8_t certificate[CERTIFICATE_DIGEST];
    char origin[TRUST_ORIGIN + 1];
    char log_key[TRUST_LOG_KEY + 1]; // "" until the log exists
    size_t countries_count;
    char countries[TRUST_COUNTRIES][ADDRESS_COUNTRY_MAX + 1];
};

struct trust; // immutable once loaded; any number of threads; counted references

// Reads and checks the folder. previous (may be NULL): what was in force; a CRL of an issuer with a lower CRLNumber
// than there, or whose CRL has gone, is AM_ROLLBACK. Errors: AM_NOT_FOUND, AM_IO (a file can't be read), AM_CONFIG
// (with file in detail->field, line, and what is allowed), AM_INVALID (a PEM file), AM_CERTIFICATE (a CA that isn't
// what trust.conf says, or isn't signed by a root; an oversight that isn't its country's). On success *ret_trust has
// one reference.
AM_MUST_USE enum am_err trust_load(const char *folder, const struct trust *previous, struct am_detail *detail,
                                   struct trust **ret_trust);
struct trust *trust_ref(struct trust *trust);
void trust_unref(struct trust *trust); // NULL is fine

// NULL where trust.conf has no such row. They live as long as trust.
const struct trust_country *trust_country(const struct trust *trust, const char *code);
const struct trust_hub *trust_hub(const struct trust *trust, const char *name);
size_t trust_countries(const struct trust *trust, const struct trust_country **ret_first);
size_t trust_hubs(const struct trust *trust, const struct trust_hub **ret_first);

// The country's protection unit, NULL where there is none or no such country.
const char *trust_protection_unit(const struct trust *trust, const char *code);
// That of the unit's country.
const char *trust_protection_of(const struct trust *trust, const char *unit);
// Whether this unit is that of a country, its own or another: it may be an international body's.
bool trust_is_protection(const struct trust *trust, const char *unit);
// The certificate that the country has named for its oversight and that what its units send is sealed to; NULL where it
// has named none, or the list in force has revoked it. One that has ended is still sealed to: its end stops nobody, and
// its key opens as before.
const struct certificate *trust_oversight(const struct trust *trust, const char *code);
// That of the unit's country.
const struct certificate *trust_oversight_of(const struct trust *trust, const char *unit);
// Whether this revocation list (DER, at most LIMIT_RECALL), whoever brings it, takes back what trust_oversight_of says:
// signed by the units CA of the unit's country, of a higher number than the one in force here. A revocation is the CA's
// own word, and for good. Changes nothing.
bool trust_oversight_recalled(const struct trust *trust, const char *unit, struct am_bytes crl);
// The list in force that revokes the certificate which the unit's country names, to bring along; *ret_crl is malloc'ed.
// AM_NOT_FOUND: none does. AM_TOO_LARGE.
AM_MUST_USE enum am_err trust_oversight_recall(const struct trust *trust, const char *unit, struct am_bytes *ret_crl);
// The certificate that is named, revoked or not; NULL: none is.
const struct certificate *trust_oversight_named(const struct trust *trust, const char *code);
// All that oversight.pem holds, of any country, named or no more: each is of the country that its identity says.
size_t trust_oversights(const struct trust *trust, const struct certificate **ret_first);
bool trust_is_registrar(const struct trust *trust, const char *code, const uint8_t digest[CERTIFICATE_DIGEST]);

// SHA-256 of trust.conf's bytes, and the bytes (for the TRUST entry).
const uint8_t *trust_digest(const struct trust *trust);
struct am_bytes trust_bytes(const struct trust *trust);
// SHA-256 over trust.conf, roots.pem, cas.pem, oversight.pem and the CRLs in force: equal means that nothing changed.
const uint8_t *trust_state(const struct trust *trust);
// Digests of the roots, in the file's order (for GENESIS).
size_t trust_roots(const struct trust *trust, const uint8_t (**ret_digests)[CERTIFICATE_DIGEST]);
// Unlike for each trust loaded in this process: caches of verdicts compare it.
uint64_t trust_epoch(const struct trust *trust);
// When the first of the CRLs in force goes stale, UTC ns. From then on, and what is tolerated, its issuer's
// certificates are AM_EXPIRED.
uint64_t trust_crls_expire(const struct trust *trust);
#define TRUST_LISTS (2 * TRUST_COUNTRIES + 8u)
// The CRLs in force, of each root and CA that has one.
struct trust_list {
    char issuer[65]; // the O of its name
    uint64_t until;  // nextUpdate, UTC ns
};
size_t trust_lists(const struct trust *trust, struct trust_list ret_lists[TRUST_LISTS]);

// --- Lists that travel from a hub to a desk
struct trust_list_number {
    uint8_t issuer[CERTIFICATE_DIGEST]; // of the certificate of a root or CA
    uint64_t number;                    // CRLNumber; 0: there is no list of it
};
// Of each root and CA the number of the list in force.
size_t trust_list_numbers(const struct trust *trust, struct trust_list_number ret_numbers[TRUST_LISTS]);
// The list in force of that issuer (DER, malloc'ed), where it has a higher number. AM_NOT_FOUND.
AM_MUST_USE enum am_err trust_list_newer(const struct trust *trust, const struct trust_list_number *than,
                                         struct am_bytes *ret_der);
// One that somebody gave, as it was judged by what is trusted here.
struct trust_list_came {
    struct trust_list_number of;
    char name[65];       // the O of its issuer
    bool begun;          // its thisUpdate lies not ahead of the clock
    struct am_bytes pem; // freed by trust_list_clear
};
// Of DER, and nothing behind it. AM_INVALID: no list, of none of the roots and CAs, or part of one; AM_ROLLBACK: no
// newer one than the one in force; AM_TOO_LARGE: trust_load would not read it.
AM_MUST_USE enum am_err trust_list_read(const struct trust *trust, struct am_bytes der, uint64_t now_ns,
                                        struct am_detail *detail, struct trust_list_came *ret_came);
void trust_list_clear(struct trust_list_came *came);
// Puts them into FOLDER/crls, each where the one in force there is older, and loads the folder. Any number of
// processes. AM_IO, and as trust_load, with `trust` as what was in force.
AM_MUST_USE enum am_err trust_lists_keep(const char *folder, const struct trust *trust,
                                         const struct trust_list_came *came, size_t n, struct am_detail *detail,
                                         struct trust **ret_trust);
// How long past its nextUpdate a CRL is still judged by: a national outage must not stop a rescue. 0 where nothing is
// said. Only before the trust is shared.
void trust_crls_tolerate(struct trust *trust, uint64_t ns);
// What the CRL in force says of a certificate. `reason` as RFC 5280 §5.3.1 numbers it, 0 for none given.
struct trust_revocation {
    uint64_t time_ns, invalid_ns; // revoked at; its key was somebody else's from then on, 0 for not said
    int reason;
};
bool trust_revocation(const struct trust *trust, const X509 *x509, struct trust_revocation *ret_revocation);
// The same of a certificate in DER that is known already: parsing it as X509 is dear, and its issuer and serial number
// are all that is asked for. AM_INVALID where they can't be read.
AM_MUST_USE enum am_err trust_revocation_der(const struct trust *trust, struct am_bytes certificate, bool *ret_revoked,
                                             struct trust_revocation *ret_revocation);
// Whether what was signed at a time by such a certificate is spoilt (audit.md, Evidence bundle): it was revoked by
// then, or its key may have been stolen by then.
bool trust_revocation_spoils(const struct trust_revocation *revocation, uint64_t signed_ns);

// For how long the list that would tell of this certificate, or of its CA, has been stale; 0: it isn't.
uint64_t trust_crls_stale(const struct trust *trust, const X509 *x509, uint64_t now_ns);

// The store of roots, issuing CAs and CRLs with CRL_CHECK | CRL_CHECK_ALL | X509_STRICT. Not a reference.
X509_STORE *trust_store(const struct trust *trust);
// The CA certificate of that digest, or NULL. Not a reference.
X509 *trust_ca(const struct trust *trust, const uint8_t digest[CERTIFICATE_DIGEST]);
