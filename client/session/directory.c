// SPDX-License-Identifier: Apache-2.0
// Lookup, verification and keeping of rosters. What is said of the units that they are of: directory_member.c.
#include "client/session/directory_internal.h"

#include "amana/v1/directory.pb-c.h"
#include "certs/clock.h"
#include "client/session/history.h"
#include "client/session/store_roster.h"
#include "proto/model/address.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATES (3u * LIMIT_DEVICES + LIMIT_OFFICERS)
#define LOOK_BACK    256u // rosters that directory_at goes back through

// A roster and the seq of its ROSTER entry.
struct listed {
    struct roster *roster;
    uint64_t seq;
};

static uint64_t entry_of(const Amana__V1__LookupResponse *response)
{
    return response->entry != NULL ? response->entry->index : 0;
}

static enum am_err build(struct session *session, const Amana__V1__LookupResponse *response, const char *unit,
                         bool check, struct am_detail *detail, struct listed *ret_listed)
{
    struct am_bytes list[CERTIFICATES];
    struct roster *roster;
    if (response->n_certificates > CERTIFICATES)
        return am_fail(AM_TOO_LARGE, detail, unit, "its roster comes with too many certificates");
    for (size_t i = 0; i < response->n_certificates; i++)
        list[i] = codec_bytes(response->certificates[i]);
    struct am_bytes cms = codec_bytes(response->roster);
    TRY(check ? roster_from_wire(cms, list, response->n_certificates, session->trust, clock_utc(), detail, &roster)
              : roster_parse(cms, list, response->n_certificates, detail, &roster));
    if (strcmp(roster->unit, unit) != 0) {
        enum am_err err = am_fail(AM_PROOF, detail, unit, "the hub gave the roster of %s", roster->unit);
        roster_unref(roster);
        return err;
    }
    *ret_listed = (struct listed){roster, entry_of(response)};
    return AM_OK;
}

// The same bytes, parsed in this session already.
static struct roster *read_before(const struct session *session, struct am_bytes cms)
{
    for (unsigned i = 0; i < SESSION_READ; i++) {
        struct roster *roster = session->read[i];
        if (roster != NULL && roster->file.len == cms.len && memcmp(roster->file.data, cms.data, cms.len) == 0)
            return roster;
    }
    return NULL;
}

static void remember_read(struct session *session, struct roster *roster)
{
    struct roster **at = &session->read[session->read_count++ % SESSION_READ];
    roster_unref(*at);
    *at = roster_ref(roster);
}

static enum am_err listed_kept(struct session *session, const Amana__V1__LookupResponse *response, const char *unit,
                               struct am_detail *detail, struct listed *ret_listed)
{
    if (response->roster.len == 0) // keep_none
        return AM_NOT_FOUND;
    struct roster *before = read_before(session, codec_bytes(response->roster));
    if (before != NULL && strcmp(before->unit, unit) == 0) {
        *ret_listed = (struct listed){roster_ref(before), entry_of(response)};
        return AM_OK;
    }
    TRY(build(session, response, unit, false, detail, ret_listed)); // it was checked when it came
    remember_read(session, ret_listed->roster);
    return AM_OK;
}

static enum am_err from_store(struct session *session, const char *unit, uint64_t number, struct am_detail *detail,
                              struct listed *ret_listed)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *response;
    arena_init(&arena, LOOKUP_BYTES);
    TRY(directory_row(session, unit, number, &arena, &response));
    return listed_kept(session, response, unit, detail, ret_listed);
}

// The log must say that this roster was made known: its ROSTER entry names unit, number and digest.
static enum am_err check_entry(struct session *session, const Amana__V1__LookupResponse *response,
                               const struct roster *roster, struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    if (response->entry == NULL)
        return am_fail(AM_PROOF, detail, roster->unit, "its roster comes without proof of its entry in the log");
    TRY(history_entry(session, response->entry, arena, detail, &content));
    const Amana__V1__RosterEntry *entry = content->roster;
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_ROSTER || strcmp(entry->unit, roster->unit) != 0 ||
        entry->number != roster->number || entry->digest.len != sizeof roster->digest ||
        memcmp(entry->digest.data, roster->digest, sizeof roster->digest) != 0 ||
        entry->removed == roster_in_force(roster))
        return am_fail(AM_PROOF, detail, roster->unit, "the entry in the log is not that of this roster");
    return AM_OK;
}

// Whether it may follow what is kept. A registrar's own rollback is as much an alarm as the hub's.
static enum am_err check_order(struct session *session, const struct roster *roster, bool newest,
                               struct am_detail *detail)
{
    struct listed kept;
    enum am_err err = from_store(session, roster->unit, newest ? 0 : roster->number, NULL, &kept);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    err = roster_follows(kept.roster, roster, detail);
    roster_unref(kept.roster);
    if (err == AM_EXISTS) {
        *detail = (struct am_detail){0}; // the same once more is no fault
        return AM_OK;
    }
    if (err == AM_ROLLBACK || err == AM_CONFLICT)
        history_alarm(session, detail->text, NULL, NULL);
    return err;
}

// --- Asked, and kept
// The hub has said what is the newest roster of a unit, of a log of that size: entries below need no second question.
static struct session_asked *asked_about(struct session *session, const char *unit)
{
    for (unsigned i = 0; i < SESSION_ASKED; i++)
        if (strcmp(session->asked[i].unit, unit) == 0)
            return &session->asked[i];
    return NULL;
}

static void remember(struct session *session, const char *unit, uint64_t size)
{
    struct session_asked *asked = asked_about(session, unit);
    if (asked == NULL)
        asked = &session->asked[session->asked_count++ % SESSION_ASKED];
    strlcpy(asked->unit, unit, sizeof asked->unit);
    asked->size = size;
}

static struct session_gone *gone_before(struct session *session, const char *unit)
{
    for (unsigned i = 0; i < SESSION_ASKED; i++)
        if (strcmp(session->gone[i].unit, unit) == 0)
            return &session->gone[i];
    return NULL;
}

static enum am_err keep(struct session *session, const char *unit, uint64_t number, struct am_bytes bytes)
{
    struct session_gone *known = gone_before(session, unit);
    if (known != NULL)
        known->unit[0] = '\0';
    return store_roster_put(session->store, unit, number, bytes);
}

// That the hub never had a roster of a protection unit is kept as number 0, an empty row: a member no more. It gives
// way to any roster, and one that was verified here is not denied by it.
static enum am_err keep_none(struct session *session, const char *unit)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *kept;
    arena_init(&arena, LOOKUP_BYTES);
    if (!trust_is_protection(session->trust, unit))
        return AM_OK;
    enum am_err err = directory_row(session, unit, 0, &arena, &kept);
    if (err != AM_NOT_FOUND)
        return err;
    return keep(session, unit, 0, (struct am_bytes){(const uint8_t *)"", 0});
}

static enum am_err ask(struct session *session, const char *unit, uint64_t number, const Amana__V1__Pointer *about,
                       struct arena *arena, struct am_detail *detail, Amana__V1__LookupResponse **ret_response)
{
    Amana__V1__LookupRequest request = AMANA__V1__LOOKUP_REQUEST__INIT;
    struct rpc_error error;
    request.unit = (char *)unit;
    request.number = number;
    request.about = (Amana__V1__Pointer *)about;
    enum am_err err =
        link_unary(session->link, "/amana.v1.Directory/Lookup", &request.base, &amana__v1__lookup_response__descriptor,
                   arena, &error, (ProtobufCMessage **)ret_response);
    if (err != AM_DENIED && err != AM_UNAVAILABLE)
        return err;
    err = session_refused(&error, detail);
    if (err == AM_NOT_FOUND && number == 0) {
        TRY(keep_none(session, unit));
        return am_fail(AM_DENIED, detail, unit, "has no roster at this hub: nothing can be sent to it, leave it out");
    }
    return am_fail(err, detail, unit, "the hub gives no roster of it: %.200s", error.text);
}

// What the hub answered, verified and kept.
static enum am_err take(struct session *session, const char *unit, uint64_t number, struct arena *arena,
                        Amana__V1__LookupResponse *response, struct am_detail *detail, struct listed *ret_listed)
{
    struct listed listed;
    enum am_err err = AM_OK;
    TRY(build(session, response, unit, true, detail, &listed));
    struct roster *roster = listed.roster;
    if (number != 0 && roster->number != number)
        err = am_fail(AM_PROOF, detail, unit, "the hub gave another number than asked for");
    if (err == AM_OK)
        err = check_entry(session, response, roster, arena, detail);
    if (err == AM_OK)
        err = check_order(session, roster, number == 0, detail);
    if (err == AM_OK)
        err = directory_take_member(session, unit, number, arena, response, detail);
    struct am_bytes bytes;
    if (err == AM_OK)
        err = codec_encode(&response->base, arena, &bytes);
    if (err == AM_OK)
        err = keep(session, unit, roster->number, bytes);
    if (err != AM_OK) {
        roster_unref(roster);
        return err;
    }
    if (number == 0)
        remember(session, unit, response->entry->checkpoint->size);
    *ret_listed = listed;
    return AM_OK;
}

static enum am_err fetch(struct session *session, const char *unit, uint64_t number, const Amana__V1__Pointer *about,
                         struct am_detail *detail, struct listed *ret_listed)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *response;
    arena_init(&arena, LOOKUP_BYTES);
    TRY(ask(session, unit, number, about, &arena, detail, &response));
    return take(session, unit, number, &arena, response, detail, ret_listed);
}

static enum am_err newest(struct session *session, const char *unit, const Amana__V1__Pointer *about,
                          struct am_detail *detail, struct listed *ret_listed)
{
    if (link_alive(session->link)) {
        enum am_err err = fetch(session, unit, 0, about, detail, ret_listed);
        if (err != AM_UNAVAILABLE)
            return err;
    }
    enum am_err err = from_store(session, unit, 0, detail, ret_listed);
    if (err == AM_NOT_FOUND)
        return am_fail(err, detail, unit, "no roster of it was ever verified here, and there is no link to ask for it");
    return err;
}

static enum am_err numbered(struct session *session, const char *unit, uint64_t number, const Amana__V1__Pointer *about,
                            struct am_detail *detail, struct listed *ret_listed)
{
    enum am_err err = from_store(session, unit, number, detail, ret_listed);
    if (err != AM_NOT_FOUND)
        return err;
    if (!link_alive(session->link))
        return am_fail(AM_NOT_FOUND, detail, unit, "roster %llu of it is not kept here", (unsigned long long)number);
    return fetch(session, unit, number, about, detail, ret_listed);
}

static enum am_err give(enum am_err err, const struct listed *listed, struct roster **ret_roster)
{
    if (err == AM_OK)
        *ret_roster = listed->roster;
    return err;
}

enum am_err directory_newest(struct session *session, const char *unit, const Amana__V1__Pointer *about,
                             struct am_detail *detail, struct roster **ret_roster)
{
    struct listed listed;
    enum am_err err = newest(session, unit, about, detail, &listed);
    return give(err, &listed, ret_roster);
}

enum am_err directory_shown(struct session *session, const char *unit, struct am_detail *detail,
                            struct roster **ret_roster)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *response;
    struct listed listed;
    arena_init(&arena, LOOKUP_BYTES);
    TRY(ask(session, unit, 0, NULL, &arena, detail, &response));
    enum am_err err = take(session, unit, 0, &arena, response, detail, &listed);
    if (err != AM_DENIED && err != AM_CERTIFICATE && err != AM_REVOKED && err != AM_EXPIRED)
        return give(err, &listed, ret_roster);
    *detail = (struct am_detail){0};
    TRY(build(session, response, unit, false, detail, &listed));
    err = check_entry(session, response, listed.roster, &arena, detail);
    if (err == AM_OK)
        err = check_order(session, listed.roster, true, detail);
    if (err != AM_OK)
        roster_unref(listed.roster);
    return give(err, &listed, ret_roster);
}

enum am_err directory_number(struct session *session, const char *unit, uint64_t number,
                             const Amana__V1__Pointer *about, struct am_detail *detail, struct roster **ret_roster)
{
    struct listed listed;
    enum am_err err = numbered(session, unit, number, about, detail, &listed);
    return give(err, &listed, ret_roster);
}

// The newest that there may have been at that entry: what is kept will do where it came later, or the hub was asked.
static enum am_err newest_at(struct session *session, const char *unit, uint64_t seq, const Amana__V1__Pointer *about,
                             struct am_detail *detail, struct listed *ret_listed)
{
    const struct session_asked *asked = asked_about(session, unit);
    enum am_err err = from_store(session, unit, 0, detail, ret_listed);
    if (err == AM_OK && (ret_listed->seq > seq || (asked != NULL && seq < asked->size)))
        return AM_OK;
    if (err == AM_OK)
        roster_unref(ret_listed->roster);
    return err == AM_OK || err == AM_NOT_FOUND ? newest(session, unit, about, detail, ret_listed) : err;
}

enum am_err directory_at(struct session *session, const char *unit, uint64_t seq, const Amana__V1__Pointer *about,
                         struct am_detail *detail, struct roster **ret_roster)
{
    struct listed listed;
    TRY(newest_at(session, unit, seq, about, detail, &listed));
    for (unsigned i = 0; listed.seq > seq; i++) {
        uint64_t number = listed.roster->number;
        enum am_err err = AM_NOT_FOUND;
        roster_unref(listed.roster);
        while (err == AM_NOT_FOUND && --number > 0 && i < LOOK_BACK) { // a registrar may leave out a number
            err = numbered(session, unit, number, about, detail, &listed);
            i += err == AM_NOT_FOUND;
        }
        if (err == AM_NOT_FOUND)
            return am_fail(err, detail, unit, "no roster of it from before entry %llu", (unsigned long long)seq);
        TRY(err);
    }
    *ret_roster = listed.roster;
    return AM_OK;
}

enum am_err directory_kept(struct session *session, const char *unit, struct am_detail *detail,
                           struct roster **ret_roster)
{
    struct listed listed;
    enum am_err err = from_store(session, unit, 0, detail, &listed);
    return give(err, &listed, ret_roster);
}

static const struct session_officer *officer_before(const struct session *session, const uint8_t roster[32],
                                                    const char *uri)
{
    for (unsigned i = 0; i < SESSION_READ; i++)
        if (memcmp(session->officers[i].roster, roster, 32) == 0 && strcmp(session->officers[i].uri, uri) == 0)
            return &session->officers[i];
    return NULL;
}

static enum am_err officer_read(struct session *session, struct am_bytes cms, const char *unit, const char *uri,
                                const struct session_officer **ret_officer)
{
    struct am_detail detail = {0};
    struct session_officer officer = {.there = false};
    if (!certs_sha256(cms.data, cms.len, officer.roster))
        return AM_NOMEM;
    *ret_officer = officer_before(session, officer.roster, uri);
    if (*ret_officer != NULL)
        return AM_OK;
    if (strlcpy(officer.uri, uri, sizeof officer.uri) >= sizeof officer.uri)
        return AM_INVALID;
    TRY(roster_officer_row(cms, unit, uri, &detail, &officer.there, officer.digest));
    struct session_officer *at = &session->officers[session->officers_count++ % SESSION_READ];
    *at = officer;
    *ret_officer = at;
    return AM_OK;
}

enum am_err directory_officer(struct session *session, const char *unit, const char *officer, bool *ret_there,
                              uint8_t ret_digest[CERTIFICATE_DIGEST])
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *row;
    const struct session_officer *read;
    arena_init(&arena, LOOKUP_BYTES);
    TRY(directory_row(session, unit, 0, &arena, &row));
    if (row->roster.len == 0) // keep_none
        return AM_NOT_FOUND;
    TRY(officer_read(session, codec_bytes(row->roster), unit, officer, &read));
    *ret_there = read->there;
    if (read->there)
        memcpy(ret_digest, read->digest, CERTIFICATE_DIGEST);
    return AM_OK;
}

enum am_err directory_units(struct session *session, struct arena *arena, struct am_detail *detail,
                            Amana__V1__UnitsResponse **ret_response)
{
    Amana__V1__UnitsRequest request = AMANA__V1__UNITS_REQUEST__INIT;
    TRY(session_call(session, "/amana.v1.Directory/Units", &request.base, &amana__v1__units_response__descriptor, arena,
                     detail, (ProtobufCMessage **)ret_response));
    for (size_t i = 0; i < (*ret_response)->n_units; i++)
        if (address_check((*ret_response)->units[i]->unit, detail) != AM_OK || (*ret_response)->units[i]->said == NULL)
            return AM_PROTO;
    return AM_OK;
}

// --- What was last verified of a unit
static bool is_gone(struct session *session, const char *unit)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__LookupResponse *row;
    Amana__V1__MemberEntry *member;
    struct listed kept;
    arena_init(&arena, LOOKUP_BYTES);
    if (directory_row(session, unit, 0, &arena, &row) != AM_OK)
        return false;
    if (row->roster.len == 0 || (directory_member_of(row, &arena, &member) == AM_OK && member->said->role[0] == '\0'))
        return true;
    if (listed_kept(session, row, unit, NULL, &kept) != AM_OK)
        return false;
    bool in_force = roster_in_force(kept.roster);
    roster_unref(kept.roster);
    return !in_force;
}

bool directory_gone(struct session *session, const char *unit)
{
    struct session_gone *known = gone_before(session, unit);
    if (known == NULL) {
        known = &session->gone[session->gone_count++ % SESSION_ASKED];
        known->gone = is_gone(session, unit);
        strlcpy(known->unit, unit, sizeof known->unit);
    }
    return known->gone;
}

void directory_look(struct session *session, const char *unit)
{
    struct am_detail detail = {0};
    struct listed listed;
    enum am_err err = from_store(session, unit, 0, &detail, &listed);
    if (err == AM_NOT_FOUND && asked_about(session, unit) == NULL && link_alive(session->link)) {
        remember(session, unit, 0);
        err = fetch(session, unit, 0, NULL, &detail, &listed);
    }
    if (err == AM_OK)
        roster_unref(listed.roster);
}

// Who is in the place of the unit that the trust list names; NULL: nobody.
static const char *in_its_place(struct session *session, const char *named)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Member *said;
    arena_init(&arena, LOOKUP_BYTES);
    if (named == NULL || directory_gone(session, named))
        return NULL;
    if (directory_member(session, named, &arena, &said) != AM_OK || said->successor[0] == '\0')
        return named;
    strlcpy(session->protection, said->successor, sizeof session->protection);
    return session->protection;
}

const char *directory_protection(struct session *session, const char *country)
{
    return in_its_place(session, trust_protection_unit(session->trust, country));
}

const char *directory_protection_of(struct session *session, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    return directory_protection(session, country);
}

const char *directory_protection_there(struct session *session, const char *named)
{
    const char *now = in_its_place(session, named);
    return now != NULL && strcmp(now, named) == 0 ? named : NULL;
}
