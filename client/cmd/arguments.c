// SPDX-License-Identifier: Apache-2.0
// The words of a command line as they stand.
#include "client/cmd/arguments.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

struct looking {
    const struct argp *argp;
    uint64_t seen; // of the verb's own options, in their order
    char *complaint;
};

static bool is_text(const char *word)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)word;
    utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(word), n = 0;
    for (utf8proc_int32_t c; left > 0; at += n, left -= n)
        if ((n = utf8proc_iterate(at, left, &c)) <= 0)
            return false;
    return true;
}

static bool text_wrong(const struct looking *looking, const char *option, const char *word)
{
    if (is_text(word) || access(word, F_OK) == 0)
        return false;
    snprintf(looking->complaint, ARGUMENTS_COMPLAINT,
             "%.40s%s\"%.40s\" is not UTF-8 text: type it anew, on a terminal that is set to UTF-8", option,
             option[0] != '\0' ? ": " : "", word);
    return true;
}

// --- Which option a word is
static const struct argp_option *by_key(const struct argp *argp, int key)
{
    for (const struct argp_option *option = argp->options; option != NULL && option->name != NULL; option++)
        if (option->key == key)
            return option;
    for (const struct argp_child *child = argp->children; child != NULL && child->argp != NULL; child++) {
        const struct argp_option *option = by_key(child->argp, key);
        if (option != NULL)
            return option;
    }
    return NULL;
}

// By its whole name, or a beginning of one alone.
struct named {
    const struct argp_option *option;
    unsigned fit;
    bool whole;
};

static void by_name(const struct argp *argp, const char *name, size_t len, struct named *found)
{
    for (const struct argp_option *option = argp->options; option != NULL && option->name != NULL; option++) {
        if (found->whole || strncmp(option->name, name, len) != 0)
            continue;
        found->option = option;
        found->fit++;
        found->whole = option->name[len] == '\0';
    }
    for (const struct argp_child *child = argp->children; child != NULL && child->argp != NULL; child++)
        by_name(child->argp, name, len, found);
}

// --- Twice
static bool said_twice(struct looking *looking, const struct argp_option *option)
{
    ptrdiff_t place = -1;
    for (ptrdiff_t i = 0; i < 64 && looking->argp->options != NULL && looking->argp->options[i].name != NULL; i++)
        if (option == &looking->argp->options[i])
            place = i;
    if (place < 0 || option->arg == NULL || (option->flags & OPTION_REPEATS) != 0)
        return false; // of those that every verb has the last counts
    bool again = (looking->seen & UINT64_C(1) << place) != 0;
    looking->seen |= UINT64_C(1) << place;
    if (again)
        snprintf(looking->complaint, ARGUMENTS_COMPLAINT, "--%s is there twice: say it once", option->name);
    return again;
}

// The option of a word, and whether the next word is its value.
static const struct argp_option *option_of(const struct looking *looking, const char *word, bool *ret_takes_next)
{
    struct named found = {0};
    bool is_long = word[1] == '-';
    if (is_long)
        by_name(looking->argp, word + 2, strcspn(word + 2, "="), &found);
    else
        found.option = by_key(looking->argp, word[1]);
    const struct argp_option *option = !is_long || found.whole || found.fit == 1 ? found.option : NULL;
    *ret_takes_next = option != NULL && option->arg != NULL && (is_long ? strchr(word, '=') == NULL : word[2] == '\0');
    return option;
}

bool arguments_wrong(const struct argp *argp, int argc, char **argv, char ret_complaint[ARGUMENTS_COMPLAINT])
{
    struct looking looking = {.argp = argp, .complaint = ret_complaint};
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = strchr(word, '=');
        bool takes_next = false, is_option = options && word[0] == '-' && word[1] != '\0';
        const struct argp_option *option = is_option ? option_of(&looking, word, &takes_next) : NULL;
        options &= strcmp(word, "--") != 0;
        if (text_wrong(&looking, "", is_option && value != NULL ? value + 1 : word) ||
            (option != NULL && said_twice(&looking, option)))
            return true;
        if (takes_next && i + 1 < argc && text_wrong(&looking, word, argv[++i]))
            return true;
    }
    return false;
}

bool arguments_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\n\r")] == '\0';
}
