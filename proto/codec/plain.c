// SPDX-License-Identifier: Apache-2.0
// Other people's text on a terminal.
#include "proto/codec/plain.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

// Format characters turn text around or hide it; a sender must not be able to.
static bool harmful(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_CC ||
           (category == UTF8PROC_CATEGORY_CF && c != 0x200c && c != 0x200d); // joiners: scripts need them
}

size_t plain_take(const char *text, const char **ret_shown, size_t *ret_len, unsigned *ret_width)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)text, -1, &c);
    bool blank = n == 1 && (c == '\n' || c == '\t' || c == ' ');
    bool bad = n <= 0 || (!blank && harmful(c));
    *ret_shown = bad ? "\xef\xbf\xbd" : blank ? " " : text;
    *ret_len = bad ? 3 : blank ? 1 : (size_t)n;
    *ret_width = bad || blank ? 1 : (unsigned)utf8proc_charwidth(c);
    return n > 0 ? (size_t)n : 1;
}

void plain_print(FILE *out, const char *text)
{
    const char *shown;
    unsigned width;
    size_t len;
    while (*text != '\0') {
        text += plain_take(text, &shown, &len, &width);
        fwrite(shown, 1, len, out);
    }
}

void plain_fault(FILE *out, const char *program, const char *field, enum am_err err, const struct am_detail *detail)
{
    fprintf(out, "%s: ", program);
    if (detail->field[0] != '\0')
        field = detail->field;
    plain_print(out, field);
    if (detail->field[0] != '\0' && detail->line != 0)
        fprintf(out, ":%u", detail->line);
    fputs(field[0] != '\0' ? ": " : "", out);
    plain_print(out, detail->text[0] != '\0' ? detail->text : am_err_text(err));
    fputc('\n', out);
}

void plain_json(FILE *out, const char *json)
{
    utf8proc_int32_t c;
    while (*json != '\0') {
        utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)json, -1, &c);
        size_t len = n > 0 ? (size_t)n : 1;
        if (n <= 0 || !harmful(c))
            fwrite(json, 1, len, out);
        else if (c > 0xffff)
            fprintf(out, "\\u%04x\\u%04x", 0xd7c0u + ((unsigned)c >> 10), 0xdc00u + ((unsigned)c & 0x3ff));
        else
            fprintf(out, "\\u%04x", (unsigned)c);
        json += len;
    }
}
