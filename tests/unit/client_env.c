// SPDX-License-Identifier: Apache-2.0
// Makes clients for tests.
#include "tests/unit/client_env.h"

#include "amana/v1/directory.pb-c.h"
#include "amana/v1/draft.pb-c.h"
#include "certs/cms.h"
#include "certs/member_statement.h"
#include "client/session/store_roster.h"
#include "must.h"
#include "proto/codec/base64.h"
#include "proto/codec/json.h"
#include "proto/log/leaf.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const UNITS[ENV_UNITS] = {ENV_POLICE, ENV_CHILD, ENV_POST, ENV_MOWSA};
static const struct {
    enum cert_use use;
    const char *file, *name;
} MEMBERS[] = {
    {CERT_USE_AUTH, "auth", "device/d1"},
    {CERT_USE_SEAL, "seal", "device/d1"},
    {CERT_USE_SIGN_DEVICE, "sign", "device/d1"},
    {CERT_USE_SIGN_OFFICER, "officer", "officer/o-1"},
};
#define N_MEMBERS AM_LEN(MEMBERS)

// --- Units: keys on disk, roster in memory
static void issue_members(struct client_env *env, unsigned unit, X509 *ret_members[N_MEMBERS])
{
    char country[ADDRESS_COUNTRY_MAX + 1], uri[LIMIT_URI + 1], name[64];
    address_country(UNITS[unit], country);
    snprintf(name, sizeof name, "keys-%u", unit);
    MUST(mkdir(pki_path(&env->pki, name), 0700) == 0);
    for (unsigned i = 0; i < N_MEMBERS; i++) {
        EVP_PKEY *key;
        snprintf(uri, sizeof uri, "amana://%s/%s", UNITS[unit], MEMBERS[i].name);
        ret_members[i] = pki_issue(&env->pki, country, MEMBERS[i].use, uri, &key);
        snprintf(name, sizeof name, "keys-%u/%s.key", unit, MEMBERS[i].file);
        MUST(keyfile_write(pki_path(&env->pki, name), key, NULL, NULL) == AM_OK);
        snprintf(name, sizeof name, "keys-%u/%s.pem", unit, MEMBERS[i].file);
        pki_write_certificate(&env->pki, name, ret_members[i]);
        EVP_PKEY_free(key);
    }
}

static struct am_bytes sign_roster(struct client_env *env, unsigned unit, const uint8_t digests[N_MEMBERS][32])
{
    char device_uri[LIMIT_URI + 1], officer_uri[LIMIT_URI + 1], country[ADDRESS_COUNTRY_MAX + 1];
    Amana__V1__Roster roster = AMANA__V1__ROSTER__INIT;
    Amana__V1__RosterDevice device = AMANA__V1__ROSTER_DEVICE__INIT, *devices[] = {&device};
    Amana__V1__RosterOfficer officer = AMANA__V1__ROSTER_OFFICER__INIT, *officers[] = {&officer};
    Google__Protobuf__Timestamp from = GOOGLE__PROTOBUF__TIMESTAMP__INIT, until = from;
    struct am_bytes cms;
    uint8_t content[4096];
    address_country(UNITS[unit], country);
    struct pki_country *authority = pki_country(&env->pki, country);
    snprintf(device_uri, sizeof device_uri, "amana://%s/device/d1", UNITS[unit]);
    snprintf(officer_uri, sizeof officer_uri, "amana://%s/officer/o-1", UNITS[unit]);
    from.seconds = PKI_NOW - 60;
    until.seconds = PKI_NOW + 30 * PKI_DAY;
    device.uri = device_uri;
    device.auth = (ProtobufCBinaryData){32, (uint8_t *)digests[0]};
    device.seal = (ProtobufCBinaryData){32, (uint8_t *)digests[1]};
    device.sign = (ProtobufCBinaryData){32, (uint8_t *)digests[2]};
    officer.uri = officer_uri;
    officer.sign = (ProtobufCBinaryData){32, (uint8_t *)digests[3]};
    roster.unit = (char *)UNITS[unit];
    roster.number = 1;
    roster.not_before = &from;
    roster.not_after = &until;
    roster.n_devices = roster.n_officers = 1;
    roster.devices = devices;
    roster.officers = officers;
    MUST(amana__v1__roster__get_packed_size(&roster) <= sizeof content);
    struct am_bytes packed = {content, amana__v1__roster__pack(&roster, content)};
    MUST(cms_sign_embedded(packed, authority->registrar, authority->registrar_key, NULL, &cms) == AM_OK);
    return cms;
}

// Its MEMBER entry as it stands in the log, with what its country's registrar signed.
static ProtobufCBinaryData member_content(struct client_env *env, unsigned unit, const char *role)
{
    Amana__V1__MemberRecord record = AMANA__V1__MEMBER_RECORD__INIT;
    Amana__V1__Member said = AMANA__V1__MEMBER__INIT;
    Amana__V1__MemberEntry entry = AMANA__V1__MEMBER_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    char country[ADDRESS_COUNTRY_MAX + 1];
    struct am_bytes cms;
    ProtobufCBinaryData packed;
    address_country(UNITS[unit], country);
    const struct pki_country *authority = pki_country(&env->pki, country);
    said.role = (char *)role;
    record.unit = (char *)UNITS[unit];
    record.revision = 1;
    record.said = &said;
    MUST(member_statement_sign(&record, PKI_NOW_NS, authority->registrar, authority->registrar_key, NULL, &cms) ==
         AM_OK);
    entry.unit = record.unit;
    entry.revision = 1;
    entry.said = &said;
    entry.statement = codec_binary(cms);
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_MEMBER;
    content.member = &entry;
    MUST(codec_encode_alloc(&content.base, &packed.data, &packed.len) == AM_OK);
    free((void *)cms.data);
    return packed;
}

static void make_unit(struct client_env *env, unsigned unit)
{
    X509 *members[N_MEMBERS];
    uint8_t digests[N_MEMBERS][32];
    ProtobufCBinaryData ders[N_MEMBERS];
    Amana__V1__LookupResponse lookup = AMANA__V1__LOOKUP_RESPONSE__INIT;
    issue_members(env, unit, members);
    for (unsigned i = 0; i < N_MEMBERS; i++) {
        ders[i].data = NULL;
        int len = i2d_X509(members[i], &ders[i].data);
        MUST(len > 0 && certs_digest(members[i], digests[i]));
        ders[i].len = (size_t)len;
    }
    struct am_bytes cms = sign_roster(env, unit, (const uint8_t(*)[32])digests);
    lookup.roster = codec_binary(cms);
    Amana__V1__ProvedEntry member = AMANA__V1__PROVED_ENTRY__INIT;
    bool protects = strcmp(UNITS[unit], ENV_CHILD) == 0 || strcmp(UNITS[unit], ENV_MOWSA) == 0;
    member.content = member_content(env, unit, protects ? "protection" : "unit");
    lookup.member = &member;
    lookup.n_certificates = N_MEMBERS;
    lookup.certificates = ders;
    uint8_t *packed;
    MUST(codec_encode_alloc(&lookup.base, &packed, &env->lookups[unit].len) == AM_OK);
    env->lookups[unit].data = packed;
    free(member.content.data);
    free((void *)cms.data);
    for (unsigned i = 0; i < N_MEMBERS; i++) {
        OPENSSL_free(ders[i].data);
        X509_free(members[i]);
    }
}

// --- The log
// C2SP signed-note: origin, first four bytes of SHA-256(origin ‖ "\n" ‖ 0x01 ‖ key), base64(0x01 ‖ key).
static void key_parts(EVP_PKEY *key, uint8_t ret_hash[4], uint8_t ret_bytes[33])
{
    uint8_t named[128], digest[32];
    size_t len = 32, name = strlen(ENV_ORIGIN);
    ret_bytes[0] = 1;
    MUST(EVP_PKEY_get_raw_public_key(key, ret_bytes + 1, &len) == 1 && len == 32);
    memcpy(named, ENV_ORIGIN "\n", name + 1);
    memcpy(named + name + 1, ret_bytes, 33);
    MUST(log_sha256((struct am_bytes){named, name + 34}, digest) == AM_OK);
    memcpy(ret_hash, digest, 4);
}

static EVP_PKEY *make_log_key(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    MUST(key != NULL);
    return key;
}

struct log_checkpoint client_env_checkpoint(const struct client_env *env, uint64_t size, const uint8_t root[32],
                                            EVP_PKEY *other)
{
    struct log_checkpoint checkpoint = {.size = size};
    char base64[BASE64_ENCODED(32)], text[512];
    uint8_t bytes[33];
    EVP_PKEY *key = other != NULL ? other : env->log_key;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = 64;
    memcpy(checkpoint.root, root, 32);
    base64_encode(root, 32, base64);
    int text_len = snprintf(text, sizeof text, ENV_ORIGIN "\n%llu\n%s\n", (unsigned long long)size, base64);
    key_parts(key, checkpoint.signature, bytes);
    MUST(context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    MUST(EVP_DigestSign(context, checkpoint.signature + 4, &len, (const uint8_t *)text, (size_t)text_len) == 1);
    EVP_MD_CTX_free(context);
    return checkpoint;
}

static void write_trust(struct client_env *env)
{
    char extra[1024], key[BASE64_ENCODED(33)];
    uint8_t hash[4], bytes[33], digest[32];
    char hex[65];
    X509 *server = pki_issue(&env->pki, "igad", CERT_USE_HUB_SERVER, "hub.igad.amana.example", NULL);
    MUST(certs_digest(server, digest));
    certs_digest_hex(digest, hex);
    X509_free(server);
    key_parts(env->log_key, hash, bytes);
    base64_encode(bytes, sizeof bytes, key);
    snprintf(extra, sizeof extra,
             "hub \"igad/hub\" {\n  dns = \"hub.igad.amana.example\"\n  certificate = \"%s\"\n  origin = \"" ENV_ORIGIN
             "\"\n  log-key = \"" ENV_ORIGIN "+%02x%02x%02x%02x+%s\"\n  countries = {\"igad\", \"ke\", \"et\"}\n}\n",
             hex, hash[0], hash[1], hash[2], hash[3], key);
    pki_write_trust(&env->pki, extra);
}

void client_env_init(struct client_env *env)
{
    memset(env, 0, sizeof *env);
    pki_init(&env->pki);
    env->log_key = make_log_key();
    write_trust(env);
    for (unsigned i = 0; i < ENV_UNITS; i++)
        make_unit(env, i);
}

void client_env_clear(struct client_env *env)
{
    for (unsigned i = 0; i < ENV_UNITS; i++)
        free((void *)env->lookups[i].data);
    EVP_PKEY_free(env->log_key);
    pki_clear(&env->pki);
}

// --- Clients
static unsigned unit_number(const char *unit)
{
    for (unsigned i = 0; i < ENV_UNITS; i++)
        if (strcmp(UNITS[i], unit) == 0)
            return i;
    abort();
}

static void fill_store(const struct client_env *env, const char *store_path, uint64_t seen)
{
    struct store *store;
    Amana__V1__Checkpoint message = AMANA__V1__CHECKPOINT__INIT;
    static const uint8_t root[32] = {7};
    MUST(store_open(store_path, NULL, &store) == AM_OK);
    for (unsigned i = 0; i < ENV_UNITS; i++)
        MUST(store_roster_put(store, UNITS[i], 1, env->lookups[i]) == AM_OK);
    if (seen > 0) {
        struct log_checkpoint checkpoint = client_env_checkpoint(env, seen, root, NULL);
        message.origin = (char *)ENV_ORIGIN;
        message.size = seen;
        message.root = (ProtobufCBinaryData){32, checkpoint.root};
        message.signature = (ProtobufCBinaryData){68, checkpoint.signature};
        MUST(store_checkpoint_put(store, "log", &message) == AM_OK);
    }
    store_close(store);
}

struct session *client_env_open(struct client_env *env, const char *unit, uint64_t seen)
{
    struct settings settings = {0};
    struct session *session;
    struct am_detail detail = {0};
    char folder[64], path[PATH_MAX], target[PATH_MAX];
    snprintf(folder, sizeof folder, "client-%u", env->clients++);
    snprintf(settings.value[SETTING_DATA], SETTING_MAX, "%s", pki_path(&env->pki, folder));
    strlcpy(settings.value[SETTING_UNIT], unit, SETTING_MAX);
    strlcpy(settings.value[SETTING_DEVICE], "d1", SETTING_MAX);
    strlcpy(settings.value[SETTING_OFFICER], "o-1", SETTING_MAX);
    strlcpy(settings.value[SETTING_HUB], "igad/hub", SETTING_MAX);
    strlcpy(settings.value[SETTING_ADDRESS], "127.0.0.1:9", SETTING_MAX);
    MUST(mkdir(settings.value[SETTING_DATA], 0700) == 0);
    snprintf(path, sizeof path, "%s/trust", settings.value[SETTING_DATA]);
    MUST(symlink("../trust", path) == 0);
    snprintf(path, sizeof path, "%s/keys", settings.value[SETTING_DATA]);
    snprintf(target, sizeof target, "../keys-%u", unit_number(unit));
    MUST(symlink(target, path) == 0);
    snprintf(path, sizeof path, "%s/store", settings.value[SETTING_DATA]);
    MUST(mkdir(path, 0700) == 0);
    fill_store(env, path, seen);
    if (session_open(&settings, SETTINGS_ALL, NULL, NULL, &detail, &session) != AM_OK) {
        fprintf(stderr, "%s: %s\n", detail.field, detail.text);
        abort();
    }
    return session;
}

Amana__V1__Draft *client_env_draft(struct arena *arena)
{
    struct am_bytes text;
    struct am_detail detail = {0};
    ProtobufCMessage *draft;
    MUST(certs_read_file("tests/data/alert-moyale.json", LIMIT_DRAFT, &detail, &text) == AM_OK);
    MUST(json_to_message(&amana__v1__draft__descriptor, text, arena, &detail, &draft) == AM_OK);
    free((void *)text.data);
    return (Amana__V1__Draft *)draft;
}

void client_env_say(struct client_env *env, struct session *session, const char *unit, const char *role)
{
    struct arena arena;
    Amana__V1__LookupResponse *lookup;
    unsigned at = 0;
    while (strcmp(UNITS[at], unit) != 0)
        at++;
    arena_init(&arena, 1u << 20);
    MUST(codec_decode(&amana__v1__lookup_response__descriptor, CODEC_LENIENT, env->lookups[at], &arena, NULL,
                      (ProtobufCMessage **)&lookup) == AM_OK);
    struct am_bytes packed;
    ProtobufCBinaryData content = member_content(env, at, role);
    lookup->member->content = content;
    MUST(codec_encode(&lookup->base, &arena, &packed) == AM_OK &&
         store_roster_put(session->store, unit, 1, packed) == AM_OK);
    free(content.data);
    arena_clear(&arena);
}
