// SPDX-License-Identifier: Apache-2.0
// The oversight's certificate comes from the trust list; a message says by its point whether it was sealed to one.
#include "client/session/oversight.h"

#include "certs/cms.h"
#include "proto/codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The recipients of a seal that keeps to the profile; to be freed.
static enum am_err seal_read(struct am_bytes sealed, struct am_detail *detail, struct cms_seal **ret_seal)
{
    struct cms_seal *seal = malloc(sizeof *seal);
    if (seal == NULL)
        return AM_NOMEM;
    enum am_err err = cms_profile_seal(sealed, detail, seal);
    if (err != AM_OK)
        free(seal);
    else
        *ret_seal = seal;
    return err;
}

enum am_err oversight_fill(const struct certificate *certificate, struct am_bytes sealed, struct arena *arena,
                           Amana__V1__Header *header)
{
    struct cms_seal *seal;
    header->oversight_point = (ProtobufCBinaryData){0, NULL};
    if (certificate == NULL)
        return AM_OK;
    TRY(seal_read(sealed, NULL, &seal));
    const uint8_t *point = cms_seal_point(seal, certificate);
    free(seal);
    if (point == NULL)
        return AM_SEAL;
    uint8_t *copy = arena_copy(arena, point, CMS_POINT);
    if (copy == NULL)
        return arena_error(arena);
    header->oversight_point = (ProtobufCBinaryData){CMS_POINT, copy};
    return AM_OK;
}

enum am_err oversight_recall(const struct session *session, const Amana__V1__Header *header, struct arena *arena,
                             struct am_detail *detail, ProtobufCBinaryData *ret_crl)
{
    struct am_bytes crl;
    *ret_crl = (ProtobufCBinaryData){0, NULL};
    if (header->oversight_point.len != 0 || header->sender == NULL)
        return AM_OK;
    enum am_err err = trust_oversight_recall(session->trust, header->sender->unit, &crl);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    if (err == AM_TOO_LARGE)
        return am_fail(
            err, detail, "oversight_point",
            "the oversight is revoked, which the hub's list doesn't say, and this desk's has more than the %u "
            "bytes that a message may bring along: have the hub's operator put the newest list into the "
            "hub's trust/crls and send HUP",
            LIMIT_RECALL);
    TRY(err);
    *ret_crl = (ProtobufCBinaryData){crl.len, arena_copy(arena, crl.data, crl.len)};
    free((void *)crl.data);
    return ret_crl->data != NULL ? AM_OK : arena_error(arena);
}

static bool says_point(const Amana__V1__Header *header, const uint8_t *point)
{
    return header->oversight_point.len == CMS_POINT && memcmp(header->oversight_point.data, point, CMS_POINT) == 0;
}

bool oversight_changed(struct session *session, const Amana__V1__Message *message, const Amana__V1__Header *header)
{
    const struct certificate *certificate =
        header->sender != NULL ? trust_oversight_of(session->trust, header->sender->unit) : NULL;
    struct cms_seal *seal;
    if (certificate == NULL || header->oversight_point.len == 0)
        return (certificate == NULL) != (header->oversight_point.len == 0);
    if (seal_read(codec_bytes(message->sealed_body), NULL, &seal) != AM_OK)
        return true;
    const uint8_t *point = cms_seal_point(seal, certificate);
    bool same = point != NULL && says_point(header, point);
    free(seal);
    return !same;
}

static enum am_err wrong(struct am_detail *detail, const char *text)
{
    return am_fail(AM_INVALID, detail, "oversight_point", "%s", text);
}

static const struct cms_recipient *by_point(const struct cms_seal *seal, const Amana__V1__Header *header, size_t *ret_n)
{
    const struct cms_recipient *found = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < seal->count; i++) {
        if (!says_point(header, seal->recipients[i].point))
            continue;
        found = &seal->recipients[i];
        ++*ret_n;
    }
    return found;
}

static bool issued_by_units_ca(const struct session *session, const char *unit, const struct cms_recipient *recipient)
{
    char code[ADDRESS_COUNTRY_MAX + 1];
    const unsigned char *name;
    size_t len;
    address_country(unit, code);
    const struct trust_country *country = trust_country(session->trust, code);
    const X509 *ca = country != NULL ? trust_ca(session->trust, country->units_ca) : NULL;
    return ca != NULL && X509_NAME_get0_der(X509_get_subject_name(ca), &name, &len) == 1 &&
           recipient->issuer.len == len && memcmp(recipient->issuer.data, name, len) == 0;
}

// Of those that the trust list knows for the sender's country, by whichever the body is sealed to; NULL: none.
static const struct certificate *known_in(const struct session *session, const struct cms_seal *seal, const char *unit,
                                          const uint8_t **ret_point)
{
    const struct certificate *all;
    size_t n = trust_oversights(session->trust, &all);
    for (size_t i = 0; i < n; i++) {
        *ret_point = address_in_country(unit, all[i].identity.country) ? cms_seal_point(seal, &all[i]) : NULL;
        if (*ret_point != NULL)
            return &all[i];
    }
    return NULL;
}

static enum am_err recipients_check(const struct session *session, const struct cms_seal *seal,
                                    const Amana__V1__Header *header, struct am_detail *detail)
{
    const uint8_t *point;
    size_t n;
    if (known_in(session, seal, header->sender->unit, &point) != NULL && !says_point(header, point))
        return wrong(detail, "the body is sealed to the oversight of its country, and the header has not its point");
    if (header->oversight_point.len == 0)
        return AM_OK;
    const struct cms_recipient *recipient = by_point(seal, header, &n);
    if (n != 1)
        return wrong(detail, "the header's point for an oversight is that of none, or several, of whom the body is "
                             "sealed to");
    if (!issued_by_units_ca(session, header->sender->unit, recipient))
        return wrong(detail, "what the header calls the oversight of the sender's country is not of that country");
    return AM_OK;
}

enum am_err oversight_check(const struct session *session, const Amana__V1__Message *message,
                            const Amana__V1__Header *header, struct am_detail *detail)
{
    struct cms_seal *seal;
    const struct certificate *all;
    bool none = header->oversight_point.len == 0 && trust_oversights(session->trust, &all) == 0;
    if (none || message->sealed_body.len == 0)
        return AM_OK;
    TRY(seal_read(codec_bytes(message->sealed_body), detail, &seal));
    enum am_err err = recipients_check(session, seal, header, detail);
    free(seal);
    return err;
}

// --- What it is called
static enum oversight judge(const struct session *session, const struct cms_seal *seal, const Amana__V1__Header *header)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    const uint8_t *point;
    size_t n;
    const struct certificate *known = known_in(session, seal, header->sender->unit, &point);
    (void)by_point(seal, header, &n);
    if (known == NULL || n != 1 || !says_point(header, point))
        return OVERSIGHT_UNKNOWN;
    address_country(header->sender->unit, country);
    const struct certificate *named = trust_oversight_named(session->trust, country);
    struct trust_revocation revocation;
    if (trust_revocation(session->trust, known->x509, &revocation))
        return OVERSIGHT_REVOKED;
    return known == named ? OVERSIGHT_NAMED : OVERSIGHT_FORMER;
}

enum oversight oversight_of(const struct session *session, const Amana__V1__Message *message,
                            const Amana__V1__Header *header)
{
    struct cms_seal *seal;
    if (header->oversight_point.len == 0 || header->sender == NULL || message->sealed_body.len == 0 ||
        seal_read(codec_bytes(message->sealed_body), NULL, &seal) != AM_OK)
        return OVERSIGHT_NONE;
    enum oversight found = judge(session, seal, header);
    free(seal);
    return found;
}

const char *oversight_name(enum oversight oversight)
{
    static const char *const names[] = {"NONE", "NAMED", "FORMER", "REVOKED", "UNKNOWN"};
    return names[oversight];
}

static void words(const char *before, const char *unit, const char *after, char ret_text[OVERSIGHT_TEXT])
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    snprintf(ret_text, OVERSIGHT_TEXT, "%s oversight of %s%s", before, country, after);
}

#define AFTER_NAMED " can open it, by two persons together"

void oversight_words_of(const struct session *session, const Amana__V1__Message *message,
                        const Amana__V1__Header *header, char ret_text[OVERSIGHT_TEXT])
{
    static const struct {
        const char *before, *after;
    } texts[] = {
        [OVERSIGHT_NAMED] = {"the", AFTER_NAMED},
        [OVERSIGHT_FORMER] = {"a former", " can open it, which that country names no more"},
        [OVERSIGHT_REVOKED] = {"who has the key of a revoked", " can open it"},
        [OVERSIGHT_UNKNOWN] = {"somebody can open it whom the sender calls the",
                               " and this desk's trust/ does not know: have the newest from your registrar; of one "
                               "who isn't in that either tell the auditor"},
    };
    enum oversight found = oversight_of(session, message, header);
    ret_text[0] = '\0';
    if (found != OVERSIGHT_NONE)
        words(texts[found].before, header->sender->unit, texts[found].after, ret_text);
}

bool oversight_revoked(const struct session *session, const char *unit)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    const struct trust_country *row = trust_country(session->trust, country);
    return row != NULL && row->oversight_revoked;
}

void oversight_words(const struct session *session, const char *unit, char ret_text[OVERSIGHT_TEXT])
{
    ret_text[0] = '\0';
    if (oversight_revoked(session, unit))
        words("the", unit,
              " is revoked: what is sent is sealed to none until its registrar names another in trust.conf", ret_text);
    else if (trust_oversight_of(session->trust, unit) != NULL)
        words("the", unit, AFTER_NAMED, ret_text);
}
