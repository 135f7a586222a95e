// SPDX-License-Identifier: Apache-2.0
// The oversight's certificate comes from the trust list; a message says by its point whether it was sealed to one.
#include "client/session/oversight.h"

#include "certs/check.h"
#include "certs/clock.h"
#include "certs/cms.h"
#include "proto/codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum am_err oversight_for(struct session *session, const char *unit, struct am_detail *detail,
                          const struct certificate **ret_certificate)
{
    const struct certificate *certificate = trust_oversight_of(session->trust, unit);
    struct am_detail why = {0};
    enum am_err err = certificate == NULL
                          ? AM_OK
                          : certs_check(session->trust, certificate->x509, CERT_USE_OVERSIGHT, clock_utc(), &why, NULL);
    if (err != AM_OK)
        return am_fail(err, detail, certificate->identity.uri,
                       "its certificate can't be sealed to (%.120s): have the registrar name another in trust.conf, or "
                       "none, and give trust/ to every desk",
                       why.text);
    *ret_certificate = certificate;
    return AM_OK;
}

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

static enum am_err recipients_check(const struct session *session, const struct cms_seal *seal,
                                    const Amana__V1__Header *header, struct am_detail *detail)
{
    const struct certificate *named = trust_oversight_of(session->trust, header->sender->unit);
    const uint8_t *point = named != NULL ? cms_seal_point(seal, named) : NULL;
    size_t n;
    if (point != NULL && !says_point(header, point))
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
    bool none = header->oversight_point.len == 0 && trust_oversight_of(session->trust, header->sender->unit) == NULL;
    if (none || message->sealed_body.len == 0)
        return AM_OK;
    TRY(seal_read(codec_bytes(message->sealed_body), detail, &seal));
    enum am_err err = recipients_check(session, seal, header, detail);
    free(seal);
    return err;
}

static void words(const char *unit, char ret_text[OVERSIGHT_TEXT])
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    snprintf(ret_text, OVERSIGHT_TEXT, "the oversight of %s can open it, by two persons together", country);
}

void oversight_words(const struct session *session, const char *unit, char ret_text[OVERSIGHT_TEXT])
{
    ret_text[0] = '\0';
    if (trust_oversight_of(session->trust, unit) != NULL)
        words(unit, ret_text);
}

void oversight_words_of(const Amana__V1__Header *header, char ret_text[OVERSIGHT_TEXT])
{
    ret_text[0] = '\0';
    if (header->oversight_point.len != 0 && header->sender != NULL)
        words(header->sender->unit, ret_text);
}
