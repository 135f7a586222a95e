// SPDX-License-Identifier: Apache-2.0
// What a second person sends: Park, Release and SendBack as bytes, then the signature on it with some bytes changed.
// Only a supervisor of the roster who isn't the author releases, and never with another header than was signed.
//   which signature u8 · what it is taken for u8 · n(changes) u8 · (what u8, where u16, byte u8)… · a request
#include "amana/v1/relay.pb-c.h"
#include "certs/release.h"
#include "proto/codec/codec.h"
#include "proto/model/header_check.h"
#include "tests/unit/pki.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNIT          "ke/dci/transnational"
#define OFFICER(name) "amana://" UNIT "/officer/" name

enum { AUTHOR, SUPERVISOR, CLERK, PEOPLE };
enum { RELEASES, DEFERRED, RETURNED, OTHER_HEADER, MODES };
static const char *const URIS[PEOPLE] = {OFFICER("author"), OFFICER("supervisor"), OFFICER("clerk")};
static const struct {
    unsigned first, second; // PEOPLE: nobody
} SIGNERS[] = {
    {AUTHOR, SUPERVISOR}, {AUTHOR, PEOPLE}, {SUPERVISOR, PEOPLE}, {CLERK, PEOPLE}, {AUTHOR, CLERK}, {CLERK, SUPERVISOR},
};

static struct roster_officer officers[PEOPLE];
static struct roster roster = {.unit = UNIT, .number = 7, .officers_count = PEOPLE, .officers = officers};
static struct am_bytes signatures[AM_LEN(SIGNERS)];
static const struct am_bytes HEADER = {(const uint8_t *)"a header", 8}, OTHER = {(const uint8_t *)"another!", 8};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void prepare(void)
{
    static struct pki pki;
    X509 *certificates[PEOPLE];
    EVP_PKEY *keys[PEOPLE];
    pki_init(&pki);
    for (size_t i = 0; i < PEOPLE; i++) {
        certificates[i] = pki_issue(&pki, "ke", CERT_USE_SIGN_OFFICER, URIS[i], &keys[i]);
        must(certificate_init(&officers[i].sign, certificates[i], NULL) == AM_OK);
        must(identity_parse(URIS[i], strlen(URIS[i]), NULL, &officers[i].identity) == AM_OK);
        officers[i].supervisor = i != CLERK;
    }
    for (size_t i = 0; i < AM_LEN(SIGNERS); i++) {
        struct am_bytes one;
        must(cms_sign(HEADER, certificates[SIGNERS[i].first], keys[SIGNERS[i].first], NULL, &one) == AM_OK);
        signatures[i] = one;
        if (SIGNERS[i].second == PEOPLE)
            continue;
        must(cms_sign_also(one, certificates[SIGNERS[i].second], keys[SIGNERS[i].second], NULL, &signatures[i]) ==
             AM_OK);
        free((void *)one.data);
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        X509_free(certificates[i]);
        EVP_PKEY_free(keys[i]);
    }
    pki_clear(&pki);
}

static struct am_bytes changed(struct am_bytes from, const uint8_t *changes, size_t n)
{
    uint8_t *bytes = malloc(from.len);
    size_t len = from.len;
    must(bytes != NULL);
    memcpy(bytes, from.data, len);
    for (; n > 0 && len > 0; n--, changes += 4) {
        size_t at = ((size_t)changes[1] << 8 | changes[2]) % len;
        switch (changes[0] % 3) {
        case 0: bytes[at] = changes[3]; break;
        case 1: len = at; break;
        default: memmove(bytes + at, bytes + at + 1, --len - at);
        }
    }
    return (struct am_bytes){bytes, len};
}

static enum am_err judge(struct am_bytes der, unsigned mode, struct am_detail *detail,
                         const struct roster_officer **ret_supervisor)
{
    struct cms_signature signature;
    if (mode == RETURNED)
        return release_check_returned(HEADER, der, &roster, URIS[SUPERVISOR], detail, ret_supervisor);
    TRY(cms_profile_signature(der, CMS_DETACHED_FORM, detail, &signature));
    return release_check(&signature, mode == OTHER_HEADER ? OTHER : HEADER, &officers[AUTHOR], &roster,
                         mode == DEFERRED, detail, ret_supervisor);
}

static void try_signature(size_t which, unsigned mode, const uint8_t *changes, size_t n)
{
    const struct roster_officer *supervisor = NULL;
    struct am_detail detail = {0};
    bool alone = mode == DEFERRED || mode == RETURNED;
    bool good = mode != OTHER_HEADER && (alone ? SIGNERS[which].first == SUPERVISOR
                                               : SIGNERS[which].first == AUTHOR && SIGNERS[which].second == SUPERVISOR);
    struct am_bytes der = changed(signatures[which], changes, n);
    enum am_err err = judge(der, mode, &detail, &supervisor);
    must(err == AM_OK ? supervisor == &officers[SUPERVISOR] : detail.text[0] != '\0');
    must(err != AM_OK || good);           // nobody else's
    must(n > 0 || !good || err == AM_OK); // theirs
    free((void *)der.data);
    ERR_clear_error();
}

// As the hub takes them.
static void try_request(struct am_bytes bytes)
{
    static const ProtobufCMessageDescriptor *const TYPES[] = {&amana__v1__message__descriptor,
                                                              &amana__v1__release_request__descriptor,
                                                              &amana__v1__send_back_request__descriptor};
    struct arena arena;
    struct am_detail detail = {0};
    ProtobufCMessage *request, *inner;
    if (bytes.len == 0)
        return;
    arena_init(&arena, 1u << 20);
    size_t type = bytes.data[0] % AM_LEN(TYPES);
    if (codec_decode(TYPES[type], CODEC_LENIENT, (struct am_bytes){bytes.data + 1, bytes.len - 1}, &arena, NULL,
                     &request) == AM_OK) {
        if (type == 0 &&
            codec_decode(&amana__v1__header__descriptor, CODEC_STRICT,
                         codec_bytes(((Amana__V1__Message *)request)->header), &arena, NULL, &inner) == AM_OK)
            must(header_check((Amana__V1__Header *)inner, &(struct header_context){0}, &detail) == REASON_NONE ||
                 detail.text[0] != '\0');
        if (type == 2 && codec_decode(&amana__v1__returned__descriptor, CODEC_STRICT,
                                      codec_bytes(((Amana__V1__SendBackRequest *)request)->statement), &arena, NULL,
                                      &inner) == AM_OK) {
            const Amana__V1__Returned *returned = (const Amana__V1__Returned *)inner;
            const struct roster_officer *supervisor;
            must(release_check_returned(codec_bytes(((Amana__V1__SendBackRequest *)request)->statement),
                                        codec_bytes(((Amana__V1__SendBackRequest *)request)->signature), &roster,
                                        returned->officer, &detail, &supervisor) != AM_OK);
        }
    }
    arena_clear(&arena);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (officers[AUTHOR].sign.key == NULL)
        prepare();
    if (size < 3)
        return 0;
    size_t n = data[2] < (size - 3) / 4 ? data[2] : (size - 3) / 4;
    try_signature(data[0] % AM_LEN(SIGNERS), data[1] % MODES, data + 3, n);
    try_request((struct am_bytes){data + 3 + 4 * n, size - 3 - 4 * n});
    return 0;
}
