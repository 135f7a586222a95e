// SPDX-License-Identifier: Apache-2.0
// The rules about papers: documents, warrants, photographs.
#include "proto/body/rule.h"
#include "proto/body/shape.h"

#include <string.h>

#define PHOTO (512u * 1024)

// --- Documents
static const Amana__V1__Document *document(const struct body_at *at)
{
    return (const Amana__V1__Document *)(const void *)at->message;
}

IS(document_says)
{
    return document(at)->number[0] != '\0' || document(at)->remark[0] != '\0';
}
IS(has_number)
{
    return document(at)->number[0] != '\0';
}
IS(has_check_digit)
{
    return document(at)->check_digit[0] != '\0';
}

IS(check_digit_agrees)
{
    char digit = shape_check_digit(document(at)->number);
    return digit != '\0' && document(at)->check_digit[0] == digit && document(at)->check_digit[1] == '\0';
}

IS(document_is_other)
{
    return document(at)->type == AMANA__V1__DOCUMENT__TYPE__OTHER;
}
IS(document_has_remark)
{
    return document(at)->remark[0] != '\0';
}

IS(warrant_is_past)
{
    int64_t first, last;
    const Amana__V1__Warrant *warrant = (const Amana__V1__Warrant *)(const void *)at->message;
    return warrant->date == NULL || !shape_date_days(warrant->date->date, &first, &last) ||
           first <= (int64_t)(at->written_ns / NS_PER_DAY);
}

static const Amana__V1__Photograph *photograph(const struct body_at *at)
{
    return (const Amana__V1__Photograph *)(const void *)at->message;
}

static bool photograph_known(const char *type)
{
    return strcmp(type, "image/jpeg") == 0 || strcmp(type, "image/png") == 0;
}

IS(photograph_is_its_type)
{
    static const uint8_t JPEG[] = {0xff, 0xd8, 0xff}, PNG[] = {0x89, 'P', 'N', 'G'};
    const ProtobufCBinaryData *data = &photograph(at)->data;
    bool jpeg = strcmp(photograph(at)->media_type, "image/jpeg") == 0;
    size_t len = jpeg ? sizeof JPEG : sizeof PNG;
    return data->len >= len && memcmp(data->data, jpeg ? JPEG : PNG, len) == 0;
}

IS(photograph_fits)
{
    return photograph(at)->data.len <= PHOTO;
}

const struct body_rule BODY_RULES_PAPER[] = {
    {"document.type", .type = TYPE(document), .field = "type", .must = rule_filled,
     .allowed = "must be one of PASSPORT, NATIONAL_ID, REFUGEE_CARD, LAISSEZ_PASSER, BIRTH_CERTIFICATE, OTHER"},
    {"document.says", .type = TYPE(document), .field = "number", .must = document_says,
     .allowed = "needs the number, or a remark that tells the document from others"},
    {"document.number", .type = TYPE(document), .field = "number", .text = shape_document_number,
     .allowed = "capitals, digits, <, -, / and spaces, at most 40"},
    {"document.issuer", .type = TYPE(document), .field = "issuer", .text = shape_issuer,
     .allowed = "ISO 3166-1: two small letters (ke) or three capitals (KEN)"},
    {"document.check-number", .type = TYPE(document), .field = "check_digit", .when = has_check_digit,
     .must = has_number, .allowed = "is of a number, which is not there"},
    {"document.check-digit", .type = TYPE(document), .field = "check_digit", .when = has_check_digit,
     .must = check_digit_agrees, .allowed = "is not that of the number (ICAO 9303-3 4.9): one of the two is mistyped"},
    {"document.other", .type = TYPE(document), .field = "remark", .when = document_is_other,
     .must = document_has_remark, .allowed = "says which document, where the type is OTHER"},
    {"warrant.number", .type = TYPE(warrant), .field = "number", .must = rule_filled, .role = true,
     .allowed = "the court's or prosecutor's file"},
    {"warrant.issuer", .type = TYPE(warrant), .field = "issuer", .must = rule_filled, .role = true,
     .allowed = "which court or prosecutor"},
    {"warrant.date", .type = TYPE(warrant), .field = "date", .must = rule_filled, .role = true,
     .allowed = "the day of issue"},
    {"warrant.offence", .type = TYPE(warrant), .field = "offence", .must = rule_filled, .role = true,
     .allowed = "what for"},
    {"warrant.country", .type = TYPE(warrant), .field = "country", .text = shape_country,
     .allowed = "ISO 3166-1 in small letters: ke"},
    {"warrant.past", .type = TYPE(warrant), .field = "date", .must = warrant_is_past,
     .allowed = "must not lie in the future"},
    {"photograph.media-type", .type = TYPE(photograph), .field = "media_type", .text = photograph_known,
     .allowed = "image/jpeg or image/png"},
    {"photograph.typed", .type = TYPE(photograph), .field = "media_type", .must = rule_filled,
     .allowed = "image/jpeg or image/png"},
    {"photograph.data", .type = TYPE(photograph), .field = "data", .must = photograph_is_its_type,
     .allowed = "the file in base64, of the type that media_type says"},
    {"photograph.fits", .type = TYPE(photograph), .field = "data", .must = photograph_fits,
     .allowed = "at most 512 KiB: make it smaller"},
};
const size_t BODY_RULES_PAPER_COUNT = AM_LEN(BODY_RULES_PAPER);
