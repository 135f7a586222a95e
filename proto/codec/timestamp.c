// SPDX-License-Identifier: Apache-2.0
// Times between protobuf, nanoseconds and RFC 3339; the calendar is the C library's (timegm, gmtime_r).
#include "proto/codec/timestamp.h"

#include "proto/model/limits.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_MIN (-62135596800ll) // 0001-01-01T00:00:00Z
#define SECONDS_MAX 253402300799ll   // 9999-12-31T23:59:59Z
#define TIME_RULE   "RFC 3339 with an offset, for example 2026-11-24T14:07:25+03:00 or 2026-11-24T11:07:25Z"

enum am_err timestamp_to_ns(const Google__Protobuf__Timestamp *time, uint64_t *ret_ns)
{
    if (time == NULL || time->seconds < 0 || time->nanos < 0 || time->nanos >= (int32_t)NS_PER_S)
        return AM_INVALID;
    uint64_t ns;
    if (__builtin_mul_overflow((uint64_t)time->seconds, (uint64_t)NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (uint64_t)time->nanos, &ns))
        return AM_INVALID;
    *ret_ns = ns;
    return AM_OK;
}

void timestamp_from_ns(uint64_t ns, Google__Protobuf__Timestamp *ret_time)
{
    google__protobuf__timestamp__init(ret_time);
    ret_time->seconds = (int64_t)(ns / NS_PER_S);
    ret_time->nanos = (int32_t)(ns % NS_PER_S);
}

// What is left of the text.
struct cursor {
    const char *at, *end;
};

static bool take_digits(struct cursor *cursor, unsigned count, int *ret_value)
{
    int value = 0;
    for (unsigned i = 0; i < count; i++, cursor->at++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9')
            return false;
        value = value * 10 + (*cursor->at - '0');
    }
    *ret_value = value;
    return true;
}

static bool take_char(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

// Up to nine digits behind the point, if there is one.
static bool take_fraction(struct cursor *cursor, int32_t *ret_nanos)
{
    int32_t nanos = 0;
    if (take_char(cursor, '.')) {
        int digit;
        unsigned digits = 0;
        while (digits < 9 && take_digits(cursor, 1, &digit)) {
            nanos = nanos * 10 + digit;
            digits++;
        }
        if (digits == 0)
            return false;
        for (; digits < 9; digits++)
            nanos *= 10;
    }
    *ret_nanos = nanos;
    return true;
}

static bool take_offset(struct cursor *cursor, int *ret_seconds)
{
    *ret_seconds = 0;
    if (take_char(cursor, 'Z'))
        return true;
    int hours, minutes, sign = take_char(cursor, '-') ? -1 : 1;
    if (sign > 0 && !take_char(cursor, '+'))
        return false;
    if (!take_digits(cursor, 2, &hours) || !take_char(cursor, ':') || !take_digits(cursor, 2, &minutes))
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool take_date_time(struct cursor *cursor, struct tm *tm)
{
    return take_digits(cursor, 4, &tm->tm_year) && take_char(cursor, '-') && take_digits(cursor, 2, &tm->tm_mon) &&
           take_char(cursor, '-') && take_digits(cursor, 2, &tm->tm_mday) && take_char(cursor, 'T') &&
           take_digits(cursor, 2, &tm->tm_hour) && take_char(cursor, ':') && take_digits(cursor, 2, &tm->tm_min) &&
           take_char(cursor, ':') && take_digits(cursor, 2, &tm->tm_sec);
}

// timegm takes the 30th of February for the 2nd of March; a date that exists comes back as it was.
static bool calendar_seconds(struct tm tm, int64_t *ret_seconds)
{
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    struct tm same = tm;
    time_t seconds = timegm(&same);
    *ret_seconds = seconds;
    return same.tm_year == tm.tm_year && same.tm_mon == tm.tm_mon && same.tm_mday == tm.tm_mday &&
           same.tm_hour == tm.tm_hour && same.tm_min == tm.tm_min && same.tm_sec == tm.tm_sec;
}

enum am_err timestamp_parse(const char *text, size_t len, struct am_detail *detail,
                            Google__Protobuf__Timestamp *ret_time)
{
    struct cursor cursor = {text, text + len};
    struct tm tm = {0};
    int32_t nanos;
    int offset;
    int64_t seconds;
    if (!take_date_time(&cursor, &tm) || !take_fraction(&cursor, &nanos) || !take_offset(&cursor, &offset) ||
        cursor.at != cursor.end)
        return am_fail(AM_INVALID, detail, "", "not a time: " TIME_RULE);
    if (tm.tm_sec == 60)
        return am_fail(AM_INVALID, detail, "", "a leap second can't be written here: take :59 or the next :00");
    if (!calendar_seconds(tm, &seconds))
        return am_fail(AM_INVALID, detail, "", "there is no such day or hour in the calendar");
    seconds -= offset;
    if (tm.tm_year == 0 || seconds < SECONDS_MIN || seconds > SECONDS_MAX)
        return am_fail(AM_INVALID, detail, "", "the year is not within 0001 to 9999");
    google__protobuf__timestamp__init(ret_time);
    ret_time->seconds = seconds;
    ret_time->nanos = nanos;
    return AM_OK;
}

static void print_fraction(int32_t nanos, char text[12])
{
    if (nanos == 0)
        text[0] = '\0';
    else if (nanos % 1000000 == 0)
        snprintf(text, 12, ".%03d", nanos / 1000000);
    else if (nanos % 1000 == 0)
        snprintf(text, 12, ".%06d", nanos / 1000);
    else
        snprintf(text, 12, ".%09d", nanos);
}

enum am_err timestamp_print(const Google__Protobuf__Timestamp *time, char ret_text[TIMESTAMP_TEXT])
{
    if (time == NULL || time->seconds < SECONDS_MIN || time->seconds > SECONDS_MAX || time->nanos < 0 ||
        time->nanos >= (int32_t)NS_PER_S)
        return AM_INVALID;
    time_t seconds = time->seconds;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL)
        return AM_INVALID;
    char fraction[12];
    print_fraction(time->nanos, fraction);
    snprintf(ret_text, TIMESTAMP_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u%.10sZ", (unsigned)(tm.tm_year + 1900) % 10000u,
             (unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
             (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u, fraction);
    return AM_OK;
}

void timestamp_print_ns(uint64_t ns, char ret_text[TIMESTAMP_TEXT])
{
    Google__Protobuf__Timestamp time;
    timestamp_from_ns(ns, &time);
    if (timestamp_print(&time, ret_text) != AM_OK) // can't be: uint64 ends in 2554
        ret_text[0] = '\0';
}
