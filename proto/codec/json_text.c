// SPDX-License-Identifier: Apache-2.0
// Texts of a JSON file: escapes as written, and what of them may be shown on a terminal.
#include "proto/codec/json_in.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

void json_show(const void *text, size_t len, char ret_shown[JSON_SHOWN])
{
    const uint8_t *at = text;
    size_t out = 0;
    while (len > 0 && out + 4 < JSON_SHOWN - 3) {
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t used = utf8proc_iterate(at, (utf8proc_ssize_t)len, &codepoint);
        utf8proc_category_t category = used > 0 ? utf8proc_category(codepoint) : UTF8PROC_CATEGORY_CC;
        if (used <= 0)
            used = 1;
        if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL ||
            category == UTF8PROC_CATEGORY_ZP) {
            ret_shown[out++] = '?';
        } else {
            memcpy(ret_shown + out, at, (size_t)used);
            out += (size_t)used;
        }
        at += used;
        len -= (size_t)used;
    }
    snprintf(ret_shown + out, JSON_SHOWN - out, "%s", len > 0 ? "\xe2\x80\xa6" : "");
}

static bool hex_unit(const uint8_t *at, unsigned *ret_unit)
{
    unsigned unit = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (!isxdigit(at[i]))
            return false;
        unit = unit << 4 | (unsigned)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    *ret_unit = unit;
    return true;
}

bool json_escapes_paired(const uint8_t *at, const uint8_t *end)
{
    bool high = false;
    while (at < end) {
        unsigned unit = 0;
        size_t used = 1;
        if (*at == '\\' && end - at >= 6 && at[1] == 'u' && hex_unit(at + 2, &unit))
            used = 6;
        else if (*at == '\\')
            used = 2;
        bool low = (unit & 0xfc00) == 0xdc00;
        if (low != high)
            return false;
        high = (unit & 0xfc00) == 0xd800;
        at += used;
    }
    return !high;
}
