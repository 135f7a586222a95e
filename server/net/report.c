// SPDX-License-Identifier: Apache-2.0
// The hub's log for people: one event, one line, on stderr.
#include "server/net/report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE 1024

static atomic_int level_shown = REPORT_INFO;
static atomic_int for_journal;

static const struct {
    const char *word;
    int priority; // of syslog
} LEVELS[] = {
    [REPORT_ERROR] = {"error", 3}, [REPORT_WARNING] = {"warning", 4}, [REPORT_NOTICE] = {"notice", 5},
    [REPORT_INFO] = {"info", 6},   [REPORT_DEBUG] = {"debug", 7},
};

void report_start(enum report_level level, int journal)
{
    atomic_store(&level_shown, (int)level);
    atomic_store(&for_journal, journal);
}

int report_level_parse(const char *word)
{
    for (int i = 0; i < (int)(sizeof(LEVELS) / sizeof(LEVELS[0])); i++)
        if (strcmp(LEVELS[i].word, word) == 0)
            return i;
    return -1;
}

// --- A line
struct line {
    char text[LINE + 8]; // room for how a cut one ends
    size_t len;
    const char *end; // of a cut one, after which nothing is added: no half of an escape stands there
    bool quoted;
};

static void line_add(struct line *line, const char *text, size_t len)
{
    if (line->end == NULL && len > LINE - line->len)
        line->end = line->quoted ? "...\"" : "...";
    if (line->end != NULL)
        return;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

// Between quotes; so that what comes from outside can end neither its value nor the line.
static void line_escape(struct line *line, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        char escaped[8];
        int len = snprintf(escaped, sizeof escaped,
                           c == '"' || c == '\\'  ? "\\%c"
                           : c == '\n'            ? "\\n"
                           : c >= ' ' && c <= '~' ? "%c"
                                                  : "\\x%02x",
                           c);
        line_add(line, escaped, (size_t)len);
    }
}

static bool is_bare(const char *value)
{
    if (*value == '\0')
        return false;
    for (; *value != '\0'; value++)
        if (*value <= ' ' || *value > '~' || *value == '"' || *value == '\\' || *value == '=')
            return false;
    return true;
}

static void line_value(struct line *line, const char *value)
{
    bool quote = !line->quoted && !is_bare(value);
    if (quote) {
        line_add(line, "\"", 1);
        line->quoted = true;
    }
    line_escape(line, value);
    if (quote) {
        line_add(line, "\"", 1);
        line->quoted = false;
    }
}

// What `report` takes, so that no value gets into a line but by line_value. The next of `args` goes with it.
struct conversion {
    const char *name;
    void (*print)(struct line *line, va_list *args);
};

static void print_number(struct line *line, const char *sign, unsigned long long number)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%s%llu", sign, number);
    line_add(line, text, (size_t)len);
}

static void print_signed(struct line *line, long long number)
{
    print_number(line, number < 0 ? "-" : "", number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number);
}

static void print_s(struct line *line, va_list *args)
{
    line_value(line, va_arg(*args, const char *));
}

static void print_d(struct line *line, va_list *args)
{
    print_signed(line, va_arg(*args, int));
}

static void print_lld(struct line *line, va_list *args)
{
    print_signed(line, va_arg(*args, long long));
}

static void print_u(struct line *line, va_list *args)
{
    print_number(line, "", va_arg(*args, unsigned));
}

static void print_llu(struct line *line, va_list *args)
{
    print_number(line, "", va_arg(*args, unsigned long long));
}

static void print_zu(struct line *line, va_list *args)
{
    print_number(line, "", va_arg(*args, size_t));
}

static const struct conversion CONVERSIONS[] = {
    {"s", print_s}, {"d", print_d}, {"lld", print_lld}, {"u", print_u}, {"llu", print_llu}, {"zu", print_zu},
};

static const struct conversion *conversion_find(const char *format)
{
    for (size_t i = 0; i < sizeof(CONVERSIONS) / sizeof(CONVERSIONS[0]); i++)
        if (strncmp(CONVERSIONS[i].name, format, strlen(CONVERSIONS[i].name)) == 0)
            return &CONVERSIONS[i];
    return NULL;
}

static void line_print(struct line *line, const char *format, va_list *args)
{
    while (*format != '\0') {
        size_t plain = strcspn(format, "%\"");
        line_add(line, format, plain);
        format += plain;
        if (*format == '"') {
            line_add(line, format++, 1);
            line->quoted = !line->quoted;
        } else if (*format == '%') {
            const struct conversion *conversion = conversion_find(format + 1);
            assert(conversion != NULL);
            conversion->print(line, args);
            format += 1 + strlen(conversion->name);
        }
    }
}

static void line_write(enum report_level level, const char *event, unsigned untold, const char *format, va_list *args)
{
    struct line line = {0};

    if ((int)level > atomic_load(&level_shown))
        return;
    if (atomic_load(&for_journal))
        line.len = (size_t)snprintf(line.text, 8, "<%d>", LEVELS[level].priority);
    line_add(&line, event, strlen(event));
    line_add(&line, " ", 1);
    if (untold > 0) {
        line_add(&line, "untold=", 7);
        print_number(&line, "", untold);
        line_add(&line, " ", 1);
    }
    line_print(&line, format, args);
    if (line.end != NULL) {
        memcpy(line.text + line.len, line.end, strlen(line.end));
        line.len += strlen(line.end);
    }
    line.text[line.len++] = '\n';
    // A log that can't be written is no reason to stop.
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written;
}

void report(enum report_level level, const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_write(level, event, 0, format, &args);
    va_end(args);
}

#define KIND_NS 1000000000ull // between two lines of a kind

static bool kind_due(const struct report_kind *kind, uint64_t now_ns)
{
    return kind->told_ns == 0 || now_ns - kind->told_ns >= KIND_NS;
}

void report_some(struct report_kind *kind, uint64_t now_ns, enum report_level level, const char *event,
                 const char *format, ...)
{
    va_list args;

    if (!kind_due(kind, now_ns)) {
        kind->untold++;
        return;
    }
    va_start(args, format);
    line_write(level, event, kind->untold, format, &args);
    va_end(args);
    *kind = (struct report_kind){.told_ns = now_ns};
}

unsigned report_untold(struct report_kind *kind, uint64_t now_ns)
{
    unsigned untold = kind->untold;

    if (untold == 0 || !kind_due(kind, now_ns))
        return 0;
    *kind = (struct report_kind){.told_ns = now_ns};
    return untold;
}
