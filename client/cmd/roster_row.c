// SPDX-License-Identifier: Apache-2.0
// Making and giving rosters from a registrar's desk.
#include "client/cmd/roster_row.h"

#include "amana/v1/message.pb-c.h"
#include "certs/cms.h"
#include "certs/keyfile.h"
#include "client/session/directory.h"
#include "client/session/history.h"
#include "proto/codec/timestamp.h"

#include <stdlib.h>
#include <string.h>

#define CERTIFICATES (3 * LIMIT_DEVICES + LIMIT_OFFICERS)
#define DAYS_NS      (30 * NS_PER_DAY)

// --- Made
// The rows of a roster as its message has them; what they say stays the roster's.
struct rows {
    Amana__V1__Roster message;
    Google__Protobuf__Timestamp from, until;
    Amana__V1__RosterDevice devices[LIMIT_DEVICES], *device_list[LIMIT_DEVICES];
    Amana__V1__RosterOfficer officers[LIMIT_OFFICERS], *officer_list[LIMIT_OFFICERS];
};

static ProtobufCBinaryData digest_of(struct certificate *certificate)
{
    return (ProtobufCBinaryData){sizeof certificate->digest, certificate->digest};
}

static void rows_fill(struct rows *rows, struct roster *roster)
{
    for (size_t i = 0; i < roster->devices_count; i++) {
        struct roster_device *from = &roster->devices[i];
        Amana__V1__RosterDevice *row = rows->device_list[i] = &rows->devices[i];
        amana__v1__roster_device__init(row);
        row->uri = from->identity.uri;
        row->auth = digest_of(&from->auth), row->seal = digest_of(&from->seal), row->sign = digest_of(&from->sign);
    }
    for (size_t i = 0; i < roster->officers_count; i++) {
        struct roster_officer *from = &roster->officers[i];
        Amana__V1__RosterOfficer *row = rows->officer_list[i] = &rows->officers[i];
        amana__v1__roster_officer__init(row);
        row->uri = from->identity.uri;
        row->sign = digest_of(&from->sign);
        row->supervisor = from->supervisor;
    }
    rows->message.devices = rows->device_list, rows->message.n_devices = roster->devices_count;
    rows->message.officers = rows->officer_list, rows->message.n_officers = roster->officers_count;
}

static void rows_init(struct rows *rows, const struct session *session, struct roster *newest)
{
    amana__v1__roster__init(&rows->message);
    timestamp_from_ns(session_now(session) - LIMIT_CLOCK_AHEAD_NS, &rows->from);
    timestamp_from_ns(session_now(session) + DAYS_NS, &rows->until);
    rows->message.unit = newest->unit;
    rows->message.number = newest->number + 1;
    rows->message.previous = (ProtobufCBinaryData){sizeof newest->digest, newest->digest};
    rows->message.not_before = &rows->from;
    rows->message.not_after = &rows->until;
}

static enum am_err rows_sign(struct session *session, const struct rows *rows, struct am_detail *detail,
                             struct am_bytes *ret_cms)
{
    const struct certificate *certificate;
    EVP_PKEY *key;
    uint8_t *packed;
    size_t len;
    TRY(session_key(session, CERT_USE_SIGN_OFFICER, detail, &certificate, &key));
    TRY(codec_encode_alloc(&rows->message.base, &packed, &len));
    enum am_err err = cms_sign_embedded((struct am_bytes){packed, len}, certificate->x509, key, detail, ret_cms);
    free(packed);
    return err;
}

static enum am_err certificates_of(const struct roster *roster, struct am_bytes ret_list[CERTIFICATES],
                                   size_t *ret_count)
{
    *ret_count = roster_certificates(roster, ret_list);
    return *ret_count == 3 * roster->devices_count + roster->officers_count ? AM_OK : AM_NOMEM;
}

enum am_err roster_row_next(struct session *session, struct roster *newest, bool empty, struct am_detail *detail,
                            struct roster **ret_roster)
{
    struct am_bytes list[CERTIFICATES], cms = {0};
    size_t count = 0;
    struct rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return AM_NOMEM;
    rows_init(rows, session, newest);
    if (!empty)
        rows_fill(rows, newest);
    enum am_err err = rows_sign(session, rows, detail, &cms);
    if (err == AM_OK && !empty)
        err = certificates_of(newest, list, &count);
    if (err == AM_OK)
        err = roster_from_wire(cms, list, count, session->trust, session_now(session), detail, ret_roster);
    roster_certificates_free(list, count);
    free((void *)cms.data);
    free(rows);
    return err;
}

// --- Given
static enum am_err check_entry(struct session *session, const Amana__V1__ProvedEntry *entry,
                               const struct roster *roster, struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    TRY(history_entry(session, entry, arena, detail, &content));
    const Amana__V1__RosterEntry *said = content->roster;
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_ROSTER && strcmp(said->unit, roster->unit) == 0 &&
        said->number == roster->number && said->digest.len == sizeof roster->digest &&
        memcmp(said->digest.data, roster->digest, sizeof roster->digest) == 0 &&
        said->removed == !roster_in_force(roster))
        return AM_OK;
    return am_fail(AM_PROOF, detail, roster->unit, "the entry that the hub shows is not that of this roster");
}

enum am_err roster_row_give(struct session *session, const struct roster *roster, struct arena *arena,
                            struct am_detail *detail, Amana__V1__ProvedEntry **ret_entry)
{
    struct am_bytes der[CERTIFICATES];
    ProtobufCBinaryData list[CERTIFICATES];
    Amana__V1__AddRosterRequest request = AMANA__V1__ADD_ROSTER_REQUEST__INIT;
    size_t count;
    TRY(certificates_of(roster, der, &count));
    for (size_t i = 0; i < count; i++)
        list[i] = codec_binary(der[i]);
    request.roster = codec_binary(roster->file);
    request.certificates = list;
    request.n_certificates = count;
    enum am_err err = session_call(session, "/amana.v1.Admin/AddRoster", &request.base,
                                   &amana__v1__proved_entry__descriptor, arena, detail, (ProtobufCMessage **)ret_entry);
    roster_certificates_free(der, count);
    return err == AM_OK ? check_entry(session, *ret_entry, roster, arena, detail) : err;
}

// --- Written
static bool push(STACK_OF(X509) *stack, const struct certificate *certificate)
{
    return sk_X509_push(stack, certificate->x509) > 0;
}

static enum am_err pem_write(const char *path, const struct roster *roster, struct am_detail *detail)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    bool good = stack != NULL;
    for (size_t i = 0; good && i < roster->devices_count; i++) {
        const struct roster_device *device = &roster->devices[i];
        good = push(stack, &device->auth) && push(stack, &device->seal) && push(stack, &device->sign);
    }
    for (size_t i = 0; good && i < roster->officers_count; i++)
        good = push(stack, &roster->officers[i].sign);
    enum am_err err = !good                     ? AM_NOMEM
                      : sk_X509_num(stack) == 0 ? certs_write_file(path, (struct am_bytes){0}, 0644, detail)
                                                : certs_write_pem(path, stack, detail);
    sk_X509_free(stack);
    return err;
}

enum am_err roster_row_write(const char *folder, const struct roster *roster, struct am_detail *detail)
{
    char path[PATH_MAX], pem[PATH_MAX];
    TRY(roster_paths(folder, roster->unit, detail, path, pem));
    TRY(pem_write(pem, roster, detail)); // first: a reader that finds the new roster finds them too
    return certs_write_file(path, roster->file, 0644, detail);
}

// --- Of a country
static bool is_of_country(const struct session *session, const char *unit)
{
    const char *own = session->settings.value[SETTING_UNIT];
    return address_same_country(unit, own) && strcmp(unit, own) != 0;
}

bool roster_row_falls(const struct session *session, const struct roster *roster, struct standing *ret_standing)
{
    standing_of(session, &roster->registrar, roster->unit, "roster", ret_standing);
    return is_of_country(session, roster->unit) && standing_falls(ret_standing);
}

// The hub is asked for what this desk has not verified yet.
static enum am_err newest(struct session *session, const char *unit, uint64_t number, struct roster **ret_roster)
{
    struct am_detail detail = {0};
    struct roster *kept;
    if (number != 0 && directory_kept(session, unit, &detail, &kept) == AM_OK) {
        if (kept->number == number) {
            *ret_roster = kept;
            return AM_OK;
        }
        roster_unref(kept);
    }
    return directory_shown(session, unit, &detail, ret_roster);
}

unsigned roster_rows_ending(struct session *session, const Amana__V1__MembersResponse *response)
{
    unsigned n = 0;
    for (size_t i = 0; i < response->n_members && i < response->n_rosters; i++) {
        const Amana__V1__MemberRecord *member = response->members[i];
        struct standing standing;
        struct roster *roster;
        if (!is_of_country(session, member->unit) || member->said == NULL || member->said->role[0] == '\0' ||
            newest(session, member->unit, response->rosters[i], &roster) != AM_OK)
            continue;
        n += roster_row_falls(session, roster, &standing);
        roster_unref(roster);
    }
    return n;
}
