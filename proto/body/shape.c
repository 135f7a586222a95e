// SPDX-License-Identifier: Apache-2.0
// Shapes of single texts.
#include "proto/body/shape.h"

#include "proto/model/address.h"
#include "proto/model/country.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// The alpha-3 codes of the states of proto/model/country.c, in the same order: those of passports (ICAO 9303-3 §5).
static const char THREES[] =
    "ANDAREAFGATGAIAALBARMAGOATAARGASMAUTAUSABWALAAZEBIHBRBBGDBELBFABGRBHRBDIBENBLMBMUBRNBOLBESBRABHSBTNBVTBWABLRBLZCAN"
    "CCKCODCAFCOGCHECIVCOKCHLCMRCHNCOLCRICUBCPVCUWCXRCYPCZEDEUDJIDNKDMADOMDZAECUESTEGYESHERIESPETHFINFJIFLKFSMFROFRAGAB"
    "GBRGRDGEOGUFGGYGHAGIBGRLGMBGINGLPGNQGRCSGSGTMGUMGNBGUYHKGHMDHNDHRVHTIHUNIDNIRLISRIMNINDIOTIRQIRNISLITAJEYJAMJORJPN"
    "KENKGZKHMKIRCOMKNAPRKKORKWTCYMKAZLAOLBNLCALIELKALBRLSOLTULUXLVALBYMARMCOMDAMNEMAFMDGMHLMKDMLIMMRMNGMACMNPMTQMRTMSR"
    "MLTMUSMDVMWIMEXMYSMOZNAMNCLNERNFKNGANICNLDNORNPLNRUNIUNZLOMNPANPERPYFPNGPHLPAKPOLSPMPCNPRIPSEPRTPLWPRYQATREUROUSRB"
    "RUSRWASAUSLBSYCSDNSWESGPSHNSVNSJMSVKSLESMRSENSOMSURSSDSTPSLVSXMSYRSWZTCATCDATFTGOTHATJKTKLTLSTKMTUNTONTURTTOTUVTWN"
    "TZAUKRUGAUMIUSAURYUZBVATVCTVENVGBVIRVNMVUTWLFWSMYEMMYTZAFZMBZWE";

static bool all(const char *text, int (*is)(int))
{
    for (; *text != '\0'; text++)
        if (!is((unsigned char)*text))
            return false;
    return true;
}

static bool digits(const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max && all(text, isdigit);
}

bool shape_line(const char *text)
{
    size_t letters = 0;
    for (const char *c = text; *c != '\0'; c++)
        letters += ((unsigned char)*c & 0xc0) != 0x80; // what goes on with one in UTF-8 is none
    return letters <= 160 && strchr(text, '\n') == NULL;
}

bool shape_country(const char *text)
{
    return country_index(text) < COUNTRIES;
}

bool shape_issuer(const char *text)
{
    return shape_country(text) || (strlen(text) == 3 && all(text, isupper));
}

void shape_issuer_state(const char *issuer, char ret_state[3])
{
    ret_state[0] = '\0';
    if (shape_country(issuer))
        memcpy(ret_state, issuer, 3);
    if (strlen(issuer) != 3)
        return;
    for (size_t i = 0; i < COUNTRIES; i++)
        if (memcmp(THREES + 3 * i, issuer, 3) == 0)
            country_at(i, ret_state);
}

bool shape_citizenship(const char *text)
{
    return shape_country(text) || strcmp(text, "stateless") == 0 || strcmp(text, "unknown") == 0;
}

bool shape_language(const char *text)
{
    size_t len = strlen(text);
    return (len == 2 || len == 3) && all(text, islower);
}

bool shape_telephone(const char *text)
{
    return text[0] == '+' && text[1] != '0' && digits(text + 1, 7, 15);
}

bool shape_email(const char *text)
{
    const char *at = strchr(text, '@');
    return at != NULL && at > text && strchr(at + 1, '@') == NULL && strchr(at + 1, '.') != NULL &&
           strlen(text) <= 254 && strpbrk(text, " \t\n<>,;") == NULL;
}

bool shape_locode(const char *text)
{
    if (strlen(text) != 5 || !isupper((unsigned char)text[0]) || !isupper((unsigned char)text[1]))
        return false;
    return strspn(text + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ23456789") == 3;
}

bool shape_label(const char *text)
{
    return address_part_valid(text, strlen(text));
}

// Basic Latin to Latin Extended-B, the combining marks, Latin Extended Additional, general punctuation.
bool shape_latin(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool two = *at >= 0xc3 && *at <= 0xcd,
             three = (at[0] == 0xe1 && at[1] >= 0xb8) || (at[0] == 0xe2 && at[1] == 0x80);
        if (*at >= 0x80 && !two && !three)
            return false;
        at += two ? 1 : three ? 2 : 0;
    }
    return true;
}

bool shape_document_number(const char *text)
{
    return strlen(text) <= 40 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<-/ ") == strlen(text);
}

bool shape_industry(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'U' && text[1] == '\0';
}

bool shape_imo(const char *text)
{
    unsigned sum = 0;
    if (!digits(text, 7, 7))
        return false;
    for (unsigned i = 0; i < 6; i++)
        sum += (unsigned)(text[i] - '0') * (7 - i);
    return sum % 10 == (unsigned)(text[6] - '0');
}

bool shape_mmsi(const char *text)
{
    return digits(text, 9, 9);
}

bool shape_imei(const char *text)
{
    unsigned sum = 0;
    if (!digits(text, 15, 15))
        return false;
    for (unsigned i = 0; i < 15; i++) {
        unsigned digit = (unsigned)(text[i] - '0') * (i % 2 == 0 ? 1 : 2);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

bool shape_imsi(const char *text)
{
    return digits(text, 14, 15);
}

bool shape_web(const char *text)
{
    size_t len = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
    return len != 0 && text[len] != '\0' && strpbrk(text, " \n\t") == NULL;
}

bool shape_media_type(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash != NULL && slash > text && slash[1] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.+-/") == strlen(text) && strchr(slash + 1, '/') == NULL;
}

bool shape_file_name(const char *text)
{
    return strlen(text) <= 255 && strchr(text, '/') == NULL && strchr(text, '\\') == NULL && text[0] != '.';
}

bool shape_path(const char *text)
{
    return islower((unsigned char)text[0]) && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.[]") == strlen(text);
}

bool shape_unit(const char *text)
{
    struct am_detail detail;
    return address_check(text, &detail) == AM_OK;
}

// Days since 1970-01-01 of a date in the Gregorian calendar (H. Hinnant, days_from_civil).
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (int64_t)((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1);
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : DAYS[month - 1];
}

bool shape_date_days(const char *text, int64_t *ret_first, int64_t *ret_last)
{
    static const char FORM[] = "0000-00-00";
    size_t len = strlen(text);
    unsigned year, month = 0, day = 0;
    if (len != 4 && len != 7 && len != 10)
        return false;
    for (size_t i = 0; i < len; i++)
        if (FORM[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    int got = sscanf(text, "%4u-%2u-%2u", &year, &month, &day);
    if (year < 1800 || (got >= 2 && (month < 1 || month > 12)) ||
        (got == 3 && (day < 1 || day > month_days(year, month))))
        return false;
    unsigned last_month = got >= 2 ? month : 12;
    *ret_first = days_of(year, got >= 2 ? month : 1, got == 3 ? day : 1);
    *ret_last = days_of(year, last_month, got == 3 ? day : month_days(year, last_month));
    return true;
}

bool shape_date(const char *text)
{
    int64_t first, last;
    return shape_date_days(text, &first, &last);
}

char shape_check_digit(const char *number)
{
    static const unsigned WEIGHTS[] = {7, 3, 1};
    unsigned sum = 0, i = 0;
    for (; number[i] != '\0'; i++) {
        char c = number[i];
        if (c != '<' && !isdigit((unsigned char)c) && !isupper((unsigned char)c))
            return '\0';
        unsigned value = c == '<' ? 0 : isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
        sum += value * WEIGHTS[i % 3];
    }
    return (char)('0' + sum % 10);
}
