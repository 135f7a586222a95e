// SPDX-License-Identifier: Apache-2.0
// Rosters: signature by the profile, rows checked against their certificates, look-ups.
#include "certs/roster.h"

#include "amana/v1/message.pb-c.h"
#include "certs/keyfile.h"
#include "certs/registrar.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATES_MAX (3 * LIMIT_DEVICES + LIMIT_OFFICERS)

struct roster *roster_ref(struct roster *roster)
{
    atomic_fetch_add(&roster->references, 1);
    return roster;
}

void roster_unref(struct roster *roster)
{
    if (roster == NULL || atomic_fetch_sub(&roster->references, 1) > 1)
        return;
    for (size_t i = 0; i < roster->devices_count; i++) {
        certificate_clear(&roster->devices[i].auth);
        certificate_clear(&roster->devices[i].seal);
        certificate_clear(&roster->devices[i].sign);
    }
    for (size_t i = 0; i < roster->officers_count; i++)
        certificate_clear(&roster->officers[i].sign);
    certificate_clear(&roster->registrar);
    free(roster->devices);
    free(roster->officers);
    free((void *)roster->file.data);
    free(roster);
}

// The certificates that came along, by digest.
struct bag {
    size_t count;
    const struct am_bytes *der;
    uint8_t (*digests)[CERTIFICATE_DIGEST];
    bool *used;
};

static enum am_err bag_init(struct bag *bag, const struct am_bytes *certificates, size_t count,
                            struct am_detail *detail)
{
    if (count > CERTIFICATES_MAX)
        return am_fail(AM_TOO_LARGE, detail, "certificates", "%zu of them, allowed are %u", count, CERTIFICATES_MAX);
    *bag = (struct bag){.count = count,
                        .der = certificates,
                        .digests = calloc(count + 1, CERTIFICATE_DIGEST),
                        .used = calloc(count + 1, sizeof(bool))};
    if (bag->digests == NULL || bag->used == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (!certs_sha256(certificates[i].data, certificates[i].len, bag->digests[i]))
            return AM_NOMEM;
    }
    return AM_OK;
}

static void bag_clear(struct bag *bag)
{
    free(bag->digests);
    free(bag->used);
}

// Takes the certificate of that digest out of the bag: it must be this identity's, for this use, and not taken before.
static enum am_err take(struct bag *bag, ProtobufCBinaryData digest, const char *uri, enum cert_use use,
                        struct am_detail *detail, struct certificate *certificate)
{
    size_t at = 0;
    if (digest.len != CERTIFICATE_DIGEST)
        return am_fail(AM_INVALID, detail, uri, "the digest of its \"%s\" certificate must have 32 bytes",
                       cert_use_text(use));
    while (at < bag->count && memcmp(bag->digests[at], digest.data, CERTIFICATE_DIGEST) != 0)
        at++;
    if (at == bag->count)
        return am_fail(AM_NOT_FOUND, detail, uri, "its \"%s\" certificate did not come with the roster",
                       cert_use_text(use));
    if (bag->used[at])
        return am_fail(AM_INVALID, detail, uri, "its \"%s\" certificate stands in the roster twice",
                       cert_use_text(use));
    bag->used[at] = true;
    TRY(certificate_init_der(certificate, bag->der[at], detail));
    if (certificate->use == use && strcmp(certificate->identity.uri, uri) == 0)
        return AM_OK;
    return am_fail(AM_CERTIFICATE, detail, uri, "the certificate named as its \"%s\" is for \"%s\" of %s",
                   cert_use_text(use), cert_use_text(certificate->use), certificate->identity.uri);
}

static enum am_err row_identity(const struct roster *roster, const char *uri, enum identity_kind kind,
                                struct am_detail *detail, struct identity *identity)
{
    TRY(identity_parse(uri, strlen(uri), detail, identity));
    if (identity->kind == kind && strcmp(identity->unit, roster->unit) == 0)
        return AM_OK;
    return am_fail(AM_INVALID, detail, "uri", "%s is no %s of %s", uri, identity_kind_text(kind), roster->unit);
}

static enum am_err read_device(struct roster *roster, const Amana__V1__RosterDevice *row, struct bag *bag,
                               struct am_detail *detail)
{
    struct roster_device *device = &roster->devices[roster->devices_count];
    if (roster_device_by_uri(roster, row->uri) != NULL)
        return am_fail(AM_INVALID, detail, "devices", "%s stands in the roster twice", row->uri);
    roster->devices_count++; // so that a failure below frees what is in it already
    TRY(row_identity(roster, row->uri, IDENTITY_DEVICE, detail, &device->identity));
    TRY(take(bag, row->auth, row->uri, CERT_USE_AUTH, detail, &device->auth));
    TRY(take(bag, row->seal, row->uri, CERT_USE_SEAL, detail, &device->seal));
    return take(bag, row->sign, row->uri, CERT_USE_SIGN_DEVICE, detail, &device->sign);
}

static enum am_err read_officer(struct roster *roster, const Amana__V1__RosterOfficer *row, struct bag *bag,
                                struct am_detail *detail)
{
    struct roster_officer *officer = &roster->officers[roster->officers_count];
    if (roster_officer_by_uri(roster, row->uri) != NULL)
        return am_fail(AM_INVALID, detail, "officers", "%s stands in the roster twice", row->uri);
    roster->officers_count++;
    officer->supervisor = row->supervisor;
    TRY(row_identity(roster, row->uri, IDENTITY_OFFICER, detail, &officer->identity));
    return take(bag, row->sign, row->uri, CERT_USE_SIGN_OFFICER, detail, &officer->sign);
}

static enum am_err read_time(const Google__Protobuf__Timestamp *time, const char *field, struct am_detail *detail,
                             uint64_t *ret_ns)
{
    if (time == NULL || time->seconds < 0 || time->seconds > (int64_t)(UINT64_MAX / NS_PER_S / 2) || time->nanos < 0 ||
        time->nanos >= (int32_t)NS_PER_S)
        return am_fail(AM_INVALID, detail, field, "the roster needs a time since 1970 here");
    *ret_ns = (uint64_t)time->seconds * NS_PER_S + (uint64_t)time->nanos;
    return AM_OK;
}

static enum am_err read_head(struct roster *roster, const Amana__V1__Roster *message, struct am_detail *detail)
{
    TRY(address_check(message->unit, detail));
    memcpy(roster->unit, message->unit, strlen(message->unit) + 1);
    address_country(roster->unit, roster->country);
    roster->number = message->number;
    TRY(read_time(message->not_before, "not_before", detail, &roster->not_before));
    TRY(read_time(message->not_after, "not_after", detail, &roster->not_after));
    if (roster->number == 0 || roster->not_after <= roster->not_before)
        return am_fail(AM_INVALID, detail, "number", "numbers begin with 1, and not_after lies after not_before");
    if (message->previous.len != (roster->number == 1 ? 0 : sizeof roster->previous))
        return am_fail(AM_INVALID, detail, "previous", "number 1 has none, each later one 32 bytes");
    if (message->previous.len > 0)
        memcpy(roster->previous, message->previous.data, sizeof roster->previous);
    if (message->n_devices > LIMIT_DEVICES || message->n_officers > LIMIT_OFFICERS)
        return am_fail(AM_TOO_LARGE, detail, "devices", "%zu devices and %zu officers, allowed are %u and %u",
                       message->n_devices, message->n_officers, LIMIT_DEVICES, LIMIT_OFFICERS);
    return AM_OK;
}

static enum am_err read_rows(struct roster *roster, const Amana__V1__Roster *message, struct bag *bag,
                             struct am_detail *detail)
{
    roster->devices = calloc(message->n_devices + 1, sizeof *roster->devices);
    roster->officers = calloc(message->n_officers + 1, sizeof *roster->officers);
    if (roster->devices == NULL || roster->officers == NULL)
        return AM_NOMEM;
    for (size_t i = 0; i < message->n_devices; i++)
        TRY(read_device(roster, message->devices[i], bag, detail));
    for (size_t i = 0; i < message->n_officers; i++)
        TRY(read_officer(roster, message->officers[i], bag, detail));
    for (size_t i = 0; i < bag->count; i++) {
        if (!bag->used[i])
            return am_fail(AM_INVALID, detail, "certificates", "one came along that the roster doesn't name");
    }
    return AM_OK;
}

// The bytes must be those that packing gives: no unknown or repeated fields, no NUL inside a text, one order.
static bool is_canonical(const Amana__V1__Roster *message, struct am_bytes content)
{
    size_t len = amana__v1__roster__get_packed_size(message);
    uint8_t *packed = len == content.len && message->base.n_unknown_fields == 0 ? malloc(len + 1) : NULL;
    bool same =
        packed != NULL && amana__v1__roster__pack(message, packed) == len && memcmp(packed, content.data, len) == 0;
    for (size_t i = 0; same && i < message->n_devices; i++)
        same = message->devices[i]->base.n_unknown_fields == 0;
    for (size_t i = 0; same && i < message->n_officers; i++)
        same = message->officers[i]->base.n_unknown_fields == 0;
    free(packed);
    return same;
}

static enum am_err read_content(struct roster *roster, struct am_bytes content, const struct am_bytes *certificates,
                                size_t count, struct am_detail *detail)
{
    struct bag bag = {0};
    Amana__V1__Roster *message = amana__v1__roster__unpack(NULL, content.len, content.data);
    if (message == NULL)
        return am_fail(AM_INVALID, detail, "roster", "what is signed is no Roster");
    enum am_err err = is_canonical(message, content)
                          ? read_head(roster, message, detail)
                          : am_fail(AM_INVALID, detail, "roster", "what is signed has unknown or repeated fields");
    if (err == AM_OK)
        err = bag_init(&bag, certificates, count, detail);
    if (err == AM_OK)
        err = read_rows(roster, message, &bag, detail);
    bag_clear(&bag);
    amana__v1__roster__free_unpacked(message, NULL);
    return err;
}

static enum am_err read_signed(struct roster *roster, struct am_bytes cms, struct am_detail *detail,
                               struct am_bytes *ret_content)
{
    struct registrar_signed opened;
    TRY(registrar_open(cms, LIMIT_ROSTER, "roster", detail, &opened));
    roster->file = opened.file;
    roster->registrar = opened.registrar;
    memcpy(roster->digest, opened.digest, sizeof roster->digest);
    *ret_content = opened.content;
    return AM_OK;
}

enum am_err roster_parse(struct am_bytes cms, const struct am_bytes *certificates, size_t count,
                         struct am_detail *detail, struct roster **ret_roster)
{
    struct am_bytes content;
    struct roster *roster = calloc(1, sizeof *roster);
    if (roster == NULL)
        return AM_NOMEM;
    atomic_init(&roster->references, 1);
    enum am_err err = read_signed(roster, cms, detail, &content);
    if (err == AM_OK)
        err = read_content(roster, content, certificates, count, detail);
    if (err == AM_OK)
        *ret_roster = roster;
    else
        roster_unref(roster);
    return err;
}

static enum am_err find_officer(struct am_bytes content, const char *unit, const char *officer,
                                struct am_detail *detail, bool *ret_there, uint8_t ret_digest[CERTIFICATE_DIGEST])
{
    Amana__V1__Roster *message = amana__v1__roster__unpack(NULL, content.len, content.data);
    bool good = message != NULL && is_canonical(message, content) && strcmp(message->unit, unit) == 0, there = false;
    for (size_t i = 0; good && i < message->n_officers && !there; i++) {
        const Amana__V1__RosterOfficer *row = message->officers[i];
        there = strcmp(row->uri, officer) == 0;
        good = !there || row->sign.len == CERTIFICATE_DIGEST;
        if (there && good)
            memcpy(ret_digest, row->sign.data, CERTIFICATE_DIGEST);
    }
    if (message != NULL)
        amana__v1__roster__free_unpacked(message, NULL);
    if (!good)
        return am_fail(AM_INVALID, detail, unit, "what is signed is no roster of it");
    *ret_there = there;
    return AM_OK;
}

enum am_err roster_officer_row(struct am_bytes cms, const char *unit, const char *officer, struct am_detail *detail,
                               bool *ret_there, uint8_t ret_digest[CERTIFICATE_DIGEST])
{
    struct registrar_signed opened;
    TRY(registrar_open(cms, LIMIT_ROSTER, "roster", detail, &opened));
    enum am_err err = find_officer(opened.content, unit, officer, detail, ret_there, ret_digest);
    registrar_clear(&opened);
    return err;
}

enum am_err roster_check(const struct roster *roster, const struct trust *trust, uint64_t now_ns,
                         struct am_detail *detail)
{
    return registrar_check(&roster->registrar, roster->unit, "roster", trust, now_ns, detail);
}

enum am_err roster_from_wire(struct am_bytes cms, const struct am_bytes *certificates, size_t count,
                             const struct trust *trust, uint64_t now_ns, struct am_detail *detail,
                             struct roster **ret_roster)
{
    struct roster *roster;
    TRY(roster_parse(cms, certificates, count, detail, &roster));
    enum am_err err = roster_check(roster, trust, now_ns, detail);
    if (err == AM_OK)
        *ret_roster = roster;
    else
        roster_unref(roster);
    return err;
}

static enum am_err parse_with(struct am_bytes cms, STACK_OF(X509) *stack, struct am_detail *detail,
                              struct roster **ret_roster)
{
    struct am_bytes list[CERTIFICATES_MAX];
    size_t count = 0;
    if (sk_X509_num(stack) > (int)CERTIFICATES_MAX)
        return am_fail(AM_TOO_LARGE, detail, "certificates", "%d of them, allowed are %u", sk_X509_num(stack),
                       CERTIFICATES_MAX);
    enum am_err err = AM_OK;
    for (; err == AM_OK && count < (size_t)sk_X509_num(stack); count++) {
        uint8_t *der = NULL;
        int len = i2d_X509(sk_X509_value(stack, (int)count), &der);
        err = len > 0 ? AM_OK : AM_NOMEM;
        list[count] = (struct am_bytes){der, len > 0 ? (size_t)len : 0};
    }
    if (err == AM_OK)
        err = roster_parse(cms, list, count, detail, ret_roster);
    roster_certificates_free(list, count);
    return err;
}

enum am_err roster_read(const char *path, struct am_detail *detail, struct roster **ret_roster)
{
    static const char suffix[] = ".roster";
    char pem[PATH_MAX];
    struct am_bytes cms;
    STACK_OF(X509) *stack;
    size_t len = strlen(path), stem = len - (sizeof suffix - 1);
    if (len < sizeof suffix || len >= sizeof pem || strcmp(path + stem, suffix) != 0)
        return am_fail(AM_INVALID, detail, path, "a roster file is named UNIT.roster, with UNIT.pem beside it");
    snprintf(pem, sizeof pem, "%.*s.pem", (int)stem, path);
    TRY(certs_read_file(path, LIMIT_ROSTER, detail, &cms));
    enum am_err err = certs_read_pem(pem, detail, &stack);
    if (err == AM_OK) {
        err = parse_with(cms, stack, detail, ret_roster);
        certs_free_pem(stack);
    } else if (err != AM_NOMEM && roster_parse(cms, NULL, 0, NULL, ret_roster) == AM_OK) {
        err = AM_OK;
    }
    free((void *)cms.data);
    return err;
}

enum am_err roster_paths(const char *folder, const char *unit, struct am_detail *detail, char ret_roster[PATH_MAX],
                         char ret_pem[PATH_MAX])
{
    TRY(registrar_path(folder, unit, ".pem", detail, ret_pem));
    return registrar_path(folder, unit, ".roster", detail, ret_roster);
}

bool roster_in_force(const struct roster *roster)
{
    return roster->devices_count > 0;
}

enum am_err roster_load(const char *path, const struct trust *trust, uint64_t now_ns, struct am_detail *detail,
                        struct roster **ret_roster)
{
    struct roster *roster;
    TRY(roster_read(path, detail, &roster));
    enum am_err err = roster_check(roster, trust, now_ns, detail);
    if (err == AM_OK)
        *ret_roster = roster;
    else
        roster_unref(roster);
    return err;
}

enum am_err roster_follows(const struct roster *current, const struct roster *next, struct am_detail *detail)
{
    if (current == NULL)
        return AM_OK;
    if (strcmp(current->unit, next->unit) != 0)
        return am_fail(AM_CONFLICT, detail, "unit", "%s is not %s", next->unit, current->unit);
    if (next->number < current->number)
        return am_fail(AM_ROLLBACK, detail, next->unit, "roster %llu is older than %llu, which is in force",
                       (unsigned long long)next->number, (unsigned long long)current->number);
    if (next->number == current->number) {
        bool same = memcmp(next->digest, current->digest, sizeof next->digest) == 0;
        return am_fail(same ? AM_EXISTS : AM_CONFLICT, detail, next->unit, "roster %llu is in force already%s",
                       (unsigned long long)next->number, same ? "" : ", with another content");
    }
    if (next->number == current->number + 1 && memcmp(next->previous, current->digest, sizeof next->previous) != 0)
        return am_fail(AM_CONFLICT, detail, next->unit, "roster %llu doesn't follow the one in force",
                       (unsigned long long)next->number);
    return AM_OK;
}

const struct roster_device *roster_device_by_auth(const struct roster *roster, const uint8_t digest[32])
{
    for (size_t i = 0; i < roster->devices_count; i++) {
        if (memcmp(roster->devices[i].auth.digest, digest, CERTIFICATE_DIGEST) == 0)
            return &roster->devices[i];
    }
    return NULL;
}

const struct roster_device *roster_device_by_uri(const struct roster *roster, const char *uri)
{
    for (size_t i = 0; i < roster->devices_count; i++) {
        if (strcmp(roster->devices[i].identity.uri, uri) == 0)
            return &roster->devices[i];
    }
    return NULL;
}

const struct roster_officer *roster_officer_by_uri(const struct roster *roster, const char *uri)
{
    for (size_t i = 0; i < roster->officers_count; i++) {
        if (strcmp(roster->officers[i].identity.uri, uri) == 0)
            return &roster->officers[i];
    }
    return NULL;
}

static bool add_der(const struct certificate *certificate, struct am_bytes *list, size_t *count)
{
    uint8_t *der = NULL;
    int len = i2d_X509(certificate->x509, &der);
    if (len <= 0)
        return false;
    list[(*count)++] = (struct am_bytes){der, (size_t)len};
    return true;
}

size_t roster_certificates(const struct roster *roster, struct am_bytes *ret_list)
{
    size_t count = 0;
    bool good = true;
    for (size_t i = 0; good && i < roster->devices_count; i++)
        good = add_der(&roster->devices[i].auth, ret_list, &count) &&
               add_der(&roster->devices[i].seal, ret_list, &count) &&
               add_der(&roster->devices[i].sign, ret_list, &count);
    for (size_t i = 0; good && i < roster->officers_count; i++)
        good = add_der(&roster->officers[i].sign, ret_list, &count);
    if (good)
        return count;
    roster_certificates_free(ret_list, count);
    return 0;
}

void roster_certificates_free(struct am_bytes *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        OPENSSL_free((void *)list[i].data);
}
