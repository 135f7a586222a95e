// SPDX-License-Identifier: Apache-2.0
// Texts of the errors, and the one way to fill a detail.
#include "proto/model/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MEMBER(name, text) [AM_##name] = text,
static const char *const TEXTS[AM_ERR_COUNT] = {AM_ERRORS(TEXT_MEMBER)};

const char *am_err_text(enum am_err err)
{
    return (unsigned)err < AM_ERR_COUNT ? TEXTS[err] : "unknown error";
}

enum am_err am_fail(enum am_err err, struct am_detail *detail, const char *field, const char *format, ...)
{
    if (detail == NULL)
        return err;
    va_list args;
    va_start(args, format);
    vsnprintf(detail->text, sizeof detail->text, format, args);
    va_end(args);
    snprintf(detail->field, sizeof detail->field, "%s", field == NULL ? "" : field);
    detail->line = 0;
    return err;
}
