// SPDX-License-Identifier: Apache-2.0
// The grammar of addresses, case references and message ids.
#include "proto/model/address.h"

#include <string.h>

#define UNIT_RULE "country/agency/unit, each part a-z, 0-9 and '-' (not first), 1 to 31 characters"
#define CASE_RULE "country/agency/year/number, for example ke/dci/2026/004211"
#define ID_RULE   "a UUID version 7 in lower case, for example 01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d11"

static bool lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool address_part_valid(const char *s, size_t len)
{
    if (len == 0 || len > ADDRESS_COUNTRY_MAX || !lower_or_digit(s[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!lower_or_digit(s[i]) && s[i] != '-')
            return false;
    return true;
}

// Checks the leading `count` parts; *rest points behind the slash after them, or to the end.
static bool parts_valid(const char *s, unsigned count, const char **rest)
{
    for (unsigned i = 0; i < count; i++) {
        size_t len = strcspn(s, "/");
        if (!address_part_valid(s, len) || (i + 1 < count && s[len] != '/'))
            return false;
        s += len;
        if (i + 1 < count)
            s++;
    }
    *rest = s;
    return true;
}

enum am_err address_check(const char *unit, struct am_detail *detail)
{
    const char *rest;
    if (!parts_valid(unit, 3, &rest) || *rest != '\0')
        return am_fail(AM_INVALID, detail, "", "\"%.100s\" is not a unit's address: " UNIT_RULE, unit);
    return AM_OK;
}

static void copy_until_slash(const char *from, unsigned slashes, char *to, size_t size)
{
    size_t len = 0;
    for (; from[len] != '\0' && len + 1 < size; len++)
        if (from[len] == '/' && --slashes == 0)
            break;
    memcpy(to, from, len);
    to[len] = '\0';
}

void address_country(const char *unit, char ret_country[ADDRESS_COUNTRY_MAX + 1])
{
    copy_until_slash(unit, 1, ret_country, ADDRESS_COUNTRY_MAX + 1);
}

bool address_in_country(const char *unit, const char *country)
{
    char own[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, own);
    return strcmp(own, country) == 0;
}

bool address_same_country(const char *unit, const char *other)
{
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(other, country);
    return address_in_country(unit, country);
}

void address_agency(const char *unit, char ret_agency[LIMIT_ADDRESS + 1])
{
    copy_until_slash(unit, 2, ret_agency, LIMIT_ADDRESS + 1);
}

bool address_same_agency(const char *unit, const char *other)
{
    char own[LIMIT_ADDRESS + 1], agency[LIMIT_ADDRESS + 1];
    address_agency(unit, own);
    address_agency(other, agency);
    return strcmp(own, agency) == 0;
}

enum am_err case_ref_check(const char *case_ref, struct am_detail *detail)
{
    const char *rest;
    bool good = parts_valid(case_ref, 2, &rest) && *rest == '/';
    if (good) {
        rest++;
        size_t year = strspn(rest, "0123456789");
        good = year == 4 && rest[4] == '/';
        if (good) {
            size_t number = strspn(rest + 5, "0123456789");
            good = number >= 1 && number <= 9 && rest[5 + number] == '\0';
        }
    }
    if (!good)
        return am_fail(AM_INVALID, detail, "", "\"%.100s\" is not a case reference: " CASE_RULE, case_ref);
    return AM_OK;
}

#define ID_TEXT 36u
#define NO_HEX  0x80u

// Without a branch on the value: it is random, and six ids are read for each message.
static unsigned hex_value(char c)
{
    static const uint8_t VALUES[256] = {['0'] = 0x10, 0x11, 0x12,         0x13, 0x14, 0x15, 0x16, 0x17,
                                        0x18,         0x19, ['a'] = 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
    unsigned value = VALUES[(uint8_t)c];
    return value == 0 ? NO_HEX : value & 0xf;
}

enum am_err message_id_check(const char *id, uint8_t ret_bytes[16], struct am_detail *detail)
{
    static const uint8_t AT[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    uint8_t bytes[16];
    bool good = strnlen(id, ID_TEXT + 1) == ID_TEXT;
    unsigned seen = 0;
    for (size_t i = 0; i < sizeof bytes && good; i++) {
        unsigned high = hex_value(id[AT[i]]), low = hex_value(id[AT[i] + 1]);
        seen |= high | low;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    good = good && (seen & NO_HEX) == 0 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' &&
           bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2;
    if (!good)
        return am_fail(AM_INVALID, detail, "", "\"%.60s\" is not a message id: " ID_RULE, id);
    if (ret_bytes != NULL)
        memcpy(ret_bytes, bytes, 16);
    return AM_OK;
}

bool address_pattern_valid(const char *party)
{
    unsigned parts = 0;

    for (const char *at = party;; at++) {
        size_t len = strcspn(at, "/");
        if (!(len == 1 && at[0] == '*') && !address_part_valid(at, len))
            return false;
        parts++;
        at += len;
        if (*at == '\0')
            return parts == 3;
    }
}

bool address_matches(const char *pattern, const char *unit)
{
    while (*pattern != '\0' && *unit != '\0') {
        size_t part = strcspn(pattern, "/"), of = strcspn(unit, "/");
        bool any = part == 1 && pattern[0] == '*';
        if (!any && (part != of || memcmp(pattern, unit, part) != 0))
            return false;
        if (pattern[part] != unit[of])
            return false;
        pattern += part + (pattern[part] != '\0');
        unit += of + (unit[of] != '\0');
    }
    return *pattern == *unit;
}
