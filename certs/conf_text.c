// SPDX-License-Identifier: Apache-2.0
// Reading a file in libconfuse's form so that each mistake names its file, line and what is allowed.
#include "certs/conf_text.h"

#include "proto/codec/nearest.h"

#include <bsd/string.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libconfuse's lexer has one state for the process, and its error function no argument of ours.
static pthread_mutex_t parser = PTHREAD_MUTEX_INITIALIZER;
static struct am_detail *parser_detail;
static const char *parser_path;
static const struct conf_validator *parser_validators;
static size_t parser_n_validators;
static void *parser_user;

static void append(const char *text)
{
    (void)strlcat(parser_detail->text, text, sizeof parser_detail->text);
}

// libconfuse says what is wrong alone: what was meant, and what there is.
static void suggest_option(const cfg_t *cfg, const char *name)
{
    struct nearest nearest = {.word = name, .len = strlen(name)};
    char room[NEAREST_CLAUSE];

    for (const cfg_opt_t *opt = cfg->opts; opt->name != NULL; opt++)
        if (strcmp(opt->name, CONF_SENTINEL) != 0)
            nearest_offer(&nearest, opt->name);
    append(nearest_clause(&nearest, room));
    append(nearest.best != NULL ? " there are " : "; there are ");
    for (const cfg_opt_t *opt = cfg->opts; opt->name != NULL; opt++) {
        if (strcmp(opt->name, CONF_SENTINEL) == 0)
            continue;
        append(opt == cfg->opts ? "" : ", ");
        append(opt->name);
    }
}

__attribute__((format(printf, 2, 0))) static void keep_error(cfg_t *cfg, const char *format, va_list args)
{
    if (parser_detail->text[0] != '\0') // the first error is the one to mend
        return;
    va_list again;
    va_copy(again, args);
    vsnprintf(parser_detail->text, sizeof parser_detail->text, format, args);
    if (cfg != NULL && strcmp(format, "no such option '%s'") == 0)
        suggest_option(cfg, va_arg(again, const char *));
    else if (strstr(format, "integer value for option") != NULL)
        append("; write a whole number");
    va_end(again);
    snprintf(parser_detail->field, sizeof parser_detail->field, "%s", parser_path);
    parser_detail->line = cfg == NULL ? 0 : (unsigned)cfg->line;
}

const char *conf_last(cfg_opt_t *opt)
{
    return cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
}

void *conf_user(void)
{
    return parser_user;
}

static unsigned line_at(struct am_bytes text, size_t place)
{
    unsigned line = 1;

    for (size_t i = 0; i < place; i++)
        line += text.data[i] == '\n';
    return line;
}

static enum am_err check_text(struct am_bytes text, const char *path, struct am_detail *detail)
{
    const uint8_t *nul = text.len > 0 ? memchr(text.data, '\0', text.len) : NULL;
    const uint8_t *variable = text.len > 0 ? memmem(text.data, text.len, "${", 2) : NULL;
    enum am_err err;

    if (nul == NULL && variable == NULL)
        return AM_OK;
    err = am_fail(AM_CONFIG, detail, path,
                  nul != NULL ? "a NUL byte: this is not a text file"
                              : "environment variables (${...}) are not allowed here; write the value itself");
    if (detail != NULL)
        detail->line = line_at(text, (size_t)((nul != NULL ? nul : variable) - text.data));
    return err;
}

// --- One value each: libconfuse takes the last of several, and says nothing
#define VALUE_SEEN  ((cfg_flag_t)1 << 29) // bits of ours among its flags
#define VALUE_ENDED ((cfg_flag_t)1 << 30)

// "unit|grant|kinds" is `kinds` of the section `grant`.
static bool is_named(const char *option, const cfg_t *cfg, const cfg_opt_t *opt)
{
    const char *bar = strrchr(option, '|'), *section = bar;
    size_t len = strlen(cfg->name);

    if (bar == NULL)
        return strcmp(option, opt->name) == 0 && strcmp(cfg->name, "root") == 0;
    while (section > option && section[-1] != '|')
        section--;
    return strcmp(bar + 1, opt->name) == 0 && (size_t)(bar - section) == len && memcmp(section, cfg->name, len) == 0;
}

// It is called for each value, and once more where a list ends.
static bool is_second(cfg_opt_t *opt)
{
    cfg_flag_t said = (opt->flags & CFGF_LIST) != 0 ? VALUE_ENDED : VALUE_SEEN;
    bool second = opt->type != CFGT_SEC && opt->nvalues == 1 && (opt->flags & said) != 0;

    opt->flags |= (opt->flags & VALUE_SEEN) != 0 || opt->nvalues > 1 ? VALUE_SEEN | VALUE_ENDED : VALUE_SEEN;
    return second;
}

static int check_once(cfg_t *cfg, cfg_opt_t *opt)
{
    if (is_second(opt)) {
        cfg_error(cfg, "%s: is given twice; write it once", opt->name);
        return -1;
    }
    for (size_t i = 0; i < parser_n_validators; i++)
        if (is_named(parser_validators[i].option, cfg, opt))
            return parser_validators[i].check(cfg, opt);
    return 0;
}

// --- Comments: libconfuse counts the lines of one wrongly (three for a '#', tried with 3.3), so it is shown none
static char *quoted_end(char *at)
{
    char quote = *at++;

    while (*at != '\0' && *at != quote)
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return *at == quote ? at + 1 : at;
}

// One past the comment that begins at `at`; `at` itself where none does.
static char *comment_end(char *at, bool within_word)
{
    if (*at == '#' || (!within_word && at[0] == '/' && at[1] == '/'))
        return at + strcspn(at, "\n");
    if (within_word || at[0] != '/' || at[1] != '*')
        return at;
    char *end = strstr(at + 2, "*/");
    return end != NULL ? end + 2 : at; // one that isn't closed is libconfuse's to tell
}

static void comments_blank(char *text)
{
    bool within_word = false;

    for (char *at = text; *at != '\0';) {
        char *end = comment_end(at, within_word);
        within_word = end == at && strchr(" \t\r\n\"'(){}=,+", *at) == NULL;
        if (end == at && (*at == '"' || *at == '\'')) {
            at = quoted_end(at);
        } else if (end == at) {
            at++;
        } else {
            for (; at < end; at++)
                if (*at != '\n')
                    *at = ' ';
        }
    }
}

static enum am_err parse_whole(cfg_t *cfg, struct am_bytes text)
{
    char *copy = NULL;
    int result;

    if (asprintf(&copy, "%.*s\n" CONF_SENTINEL "=true\n", (int)text.len, (const char *)text.data) < 0)
        return AM_NOMEM;
    comments_blank(copy);
    result = cfg_parse_buf(cfg, copy);
    free(copy);
    if (result == CFG_SUCCESS && cfg_size(cfg, CONF_SENTINEL) == 1)
        return AM_OK;
    if (result == CFG_SUCCESS || strstr(parser_detail->text, "'" CONF_SENTINEL "'") != NULL) {
        parser_detail->text[0] = '\0';
        cfg_error(cfg, "the file ends inside a section, a text or a comment: a closing }, \" or */ is missing");
        parser_detail->line = line_at(text, text.len);
    }
    return AM_CONFIG;
}

enum am_err conf_read(struct am_bytes text, const char *path, cfg_opt_t *options,
                      const struct conf_validator *validators, size_t n_validators,
                      enum am_err (*copy)(cfg_t *cfg, void *user), void *user, struct am_detail *detail)
{
    struct am_detail local = {0};
    enum am_err err;
    cfg_t *cfg;

    TRY(check_text(text, path, detail));
    pthread_mutex_lock(&parser);
    parser_detail = &local;
    parser_path = path;
    parser_validators = validators;
    parser_n_validators = n_validators;
    parser_user = user;
    cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL) {
        err = AM_NOMEM;
    } else {
        cfg_set_error_function(cfg, keep_error);
        for (size_t i = 0; i < n_validators; i++)
            cfg_set_validate_func(cfg, validators[i].option, check_once);
        err = parse_whole(cfg, text);
        if (err == AM_OK)
            err = copy(cfg, user);
        if (err == AM_CONFIG && local.text[0] == '\0') // libconfuse has no words for an option without a name
            cfg_error(cfg, "this line can't be read; write `name = \"value\"` or `section \"name\" {`");
        cfg_free(cfg);
    }
    pthread_mutex_unlock(&parser);
    if (err == AM_CONFIG && detail != NULL)
        *detail = local;
    return err;
}
