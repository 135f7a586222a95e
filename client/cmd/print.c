// SPDX-License-Identifier: Apache-2.0
// Times in local zone with offset, colour only on a terminal, text made harmless.
#include "client/cmd/print.h"

#include "proto/codec/plain.h"
#include "proto/codec/timestamp.h"
#include "proto/model/limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static bool in_utc, in_colour;
static unsigned columns; // of the terminal; 0: none, lines are as long as they are

void print_setup(bool utc)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
    bool plain = (no != NULL && no[0] != '\0') || (kind != NULL && strcmp(kind, "dumb") == 0);
    in_utc = utc;
    in_colour = isatty(STDOUT_FILENO) == 1 && !plain;
    struct winsize window = {0};
    columns = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

static char *next_buffer(void)
{
    static char buffers[8][48];
    static unsigned turn;
    return buffers[turn++ % 8];
}

const char *print_ns(uint64_t ns)
{
    char *text = next_buffer(), offset[8];
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    if (ns == 0)
        return "-";
    if (in_utc) {
        gmtime_r(&seconds, &tm);
        strftime(text, 48, "%Y-%m-%d %H:%M:%SZ", &tm);
        return text;
    }
    localtime_r(&seconds, &tm);
    size_t len = strftime(text, 40, "%Y-%m-%d %H:%M:%S ", &tm);
    strftime(offset, sizeof offset, "%z", &tm);
    snprintf(text + len, 48 - len, "%.3s:%.2s", offset, offset + 3);
    return text;
}

const char *print_time(const Google__Protobuf__Timestamp *time)
{
    uint64_t ns;
    return time != NULL && timestamp_to_ns(time, &ns) == AM_OK ? print_ns(ns) : "-";
}

const char *print_until(uint64_t due_ns, uint64_t now_ns)
{
    char *text = next_buffer();
    if (due_ns == 0)
        return "";
    bool late = due_ns < now_ns;
    uint64_t minutes = (late ? now_ns - due_ns : due_ns - now_ns) / NS_PER_MINUTE;
    const char *word = late ? "late by" : "in";
    if (minutes < 120)
        snprintf(text, 48, "%s %llu min", word, (unsigned long long)minutes);
    else if (minutes < 48 * 60)
        snprintf(text, 48, "%s %llu h", word, (unsigned long long)minutes / 60);
    else
        snprintf(text, 48, "%s %llu days", word, (unsigned long long)minutes / 1440);
    return text;
}

const char *print_on(enum print_style style)
{
    static const char *const codes[] = {"", "\033[1m", "\033[1;31m", "\033[33m", "\033[32m", "\033[2m"};
    return in_colour ? codes[style] : "";
}

const char *print_off(void)
{
    return in_colour ? "\033[0m" : "";
}

// Columns of the word that begins here.
static unsigned word_width(const char *text)
{
    unsigned width, sum = 0;
    const char *shown;
    size_t len;
    while (*text != '\0' && *text != ' ' && *text != '\n') {
        text += plain_take(text, &shown, &len, &width);
        sum += width;
    }
    return sum;
}

void print_text(FILE *out, const char *text, unsigned indent)
{
    const char *shown;
    unsigned width, column = indent;
    size_t len;
    while (*text != '\0') {
        char c = *text;
        text += plain_take(text, &shown, &len, &width);
        bool full = c == ' ' && columns > indent + 20 && column + 1 + word_width(text) > columns;
        if (indent > 0 && (c == '\n' || full)) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            continue;
        }
        fwrite(shown, 1, len, out);
        column += width;
    }
}

#define BRIEF 160u // letters, as many as a title has

void print_brief(FILE *out, const char *text)
{
    const char *shown;
    unsigned width;
    size_t len;
    for (unsigned i = 0; *text != '\0'; i++) {
        if (i == BRIEF) {
            fputs("…", out);
            return;
        }
        text += plain_take(text, &shown, &len, &width);
        fwrite(shown, 1, len, out);
    }
}

const char *print_officer(const char *uri)
{
    const char *slash = strrchr(uri, '/');
    return slash != NULL ? slash + 1 : uri;
}

const char *print_identity(const char *uri)
{
    static const char SCHEME[] = "amana://";
    return strncmp(uri, SCHEME, sizeof SCHEME - 1) == 0 ? uri + sizeof SCHEME - 1 : uri;
}

void print_code(FILE *out, const char *name, bool upper)
{
    for (const char *c = name != NULL ? name : "?"; *c != '\0'; c++)
        fputc(*c == '_' ? ' ' : upper ? *c : tolower((unsigned char)*c), out);
}
