// SPDX-License-Identifier: Apache-2.0
// completion: what bash, zsh and fish need to complete verbs and options, from the tables that parse them.
#include "client/cmd/command.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIXES 32u // first words that others follow

struct completion_input {
    struct command command;
    const char *shell;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct completion_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->shell, "one shell only");
    case ARGP_KEY_END:
        if (input->shell == NULL || (strcmp(input->shell, "bash") != 0 && strcmp(input->shell, "zsh") != 0 &&
                                     strcmp(input->shell, "fish") != 0))
            argp_error(state, "needs a shell: bash, zsh or fish");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// --- The options of a verb: its own parser's, told by a process that ends there
typedef void (*option_take)(const char *verb, char *name, bool value, char *doc);

static void lines_take(FILE *in, const char *verb, option_take take)
{
    char *line = NULL, *rest;
    size_t size = 0;
    while (getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        rest = line;
        char *name = strsep(&rest, "\t"), *value = strsep(&rest, "\t");
        if (value != NULL)
            take(verb, name, value[0] == '=', rest != NULL ? rest : value);
    }
    free(line);
}

static void verb_list(const struct verb *verb, int to)
{
    char name[64];
    char *args[] = {name, NULL};
    snprintf(name, sizeof name, "amana %s", verb->name);
    command_options_out = fdopen(to, "w");
    if (command_options_out != NULL)
        (void)verb->run(1, args);
    _exit(EX_OSERR);
}

static int options_of(const struct verb *verb, option_take take)
{
    int ends[2], status = 0;
    fflush(stdout);
    if (pipe(ends) != 0)
        return EX_OSERR;
    pid_t child = fork();
    if (child == 0)
        verb_list(verb, ends[1]);
    close(ends[1]);
    FILE *in = child > 0 ? fdopen(ends[0], "r") : NULL;
    if (in == NULL)
        close(ends[0]);
    else
        lines_take(in, verb->name, take);
    if (in != NULL)
        fclose(in);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return in != NULL && status == 0 ? 0 : EX_OSERR;
}

// --- What has further words behind it: "permit", "admin grant"
static size_t prefixes(char ret_list[PREFIXES][64])
{
    size_t n_verbs, n = 0;
    const struct verb *verbs = verbs_all(&n_verbs);
    for (size_t i = 0; i < n_verbs; i++)
        for (const char *space = strchr(verbs[i].name, ' '); space != NULL; space = strchr(space + 1, ' ')) {
            char prefix[64];
            bool there = false;
            snprintf(prefix, sizeof prefix, "%.*s", (int)(space - verbs[i].name), verbs[i].name);
            for (size_t j = 0; j < n && !there; j++)
                there = strcmp(ret_list[j], prefix) == 0;
            if (!there && n < PREFIXES)
                strlcpy(ret_list[n++], prefix, 64);
        }
    return n;
}

// --- bash and zsh: two functions that say what may follow, and the few lines that ask them
static void option_bare(const char *verb, char *name, bool value, char *doc)
{
    (void)verb;
    (void)value;
    (void)doc;
    printf(" --%s", name);
}

static int tables_print(void)
{
    char list[PREFIXES][64], words[VERB_NEXT];
    size_t n_verbs, n = prefixes(list);
    const struct verb *verbs = verbs_all(&n_verbs);
    int code = 0;
    verbs_next("", " ", words);
    printf("_amana_next() {\n  case \"$1\" in\n  '') echo 'help %s' ;;\n", words);
    for (size_t i = 0; i < n; i++) {
        verbs_next(list[i], " ", words);
        printf("  '%s') echo '%s' ;;\n", list[i], words);
    }
    printf("  esac\n}\n_amana_options() {\n  case \"$1\" in\n");
    for (size_t i = 0; i < n_verbs && code == 0; i++) {
        printf("  '%s') echo '--help", verbs[i].name);
        code = options_of(&verbs[i], option_bare);
        printf("' ;;\n");
    }
    printf("  esac\n}\n"
           "# The verb that the words so far make: as many as still begin one, after the options before it.\n"
           "_amana_verb() {\n"
           "  local verb='' word\n"
           "  for word in \"$@\"; do\n"
           "    case \"$word\" in -*) continue ;; help) continue ;; esac\n"
           "    case \" $(_amana_next \"$verb\") \" in\n"
           "    *\" $word \"*) verb=\"${verb:+$verb }$word\" ;;\n"
           "    *) [ -z \"$verb\" ] || break ;; # an option's value\n"
           "    esac\n"
           "  done\n"
           "  echo \"$verb\"\n"
           "}\n");
    return code;
}

static int print_bash(void)
{
    printf("# Completion of amana for bash, made by `amana completion bash`.\n");
    int code = tables_print();
    printf("_amana() {\n"
           "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" verb next\n"
           "  verb=\"$(_amana_verb \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\"\n"
           "  next=\"$(_amana_next \"$verb\")\"\n"
           "  if [[ \"$cur\" == -* ]]; then\n"
           "    COMPREPLY=($(compgen -W \"$(_amana_options \"$verb\")\" -- \"$cur\"))\n"
           "  elif [[ -n \"$next\" ]]; then\n"
           "    COMPREPLY=($(compgen -W \"$next\" -- \"$cur\"))\n"
           "  else\n"
           "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
           "  fi\n"
           "}\n"
           "complete -o filenames -F _amana amana\n");
    return code;
}

static int print_zsh(void)
{
    printf("#compdef amana\n# Completion of amana for zsh, made by `amana completion zsh`.\n");
    int code = tables_print();
    printf("_amana() {\n"
           "  local verb next\n"
           "  verb=\"$(_amana_verb \"${(@)words[2,CURRENT-1]}\")\"\n"
           "  next=\"$(_amana_next \"$verb\")\"\n"
           "  if [[ \"$words[CURRENT]\" == -* ]]; then\n"
           "    compadd -- ${=\"$(_amana_options \"$verb\")\"}\n"
           "  elif [[ -n \"$next\" ]]; then\n"
           "    compadd -- ${=next}\n"
           "  else\n"
           "    _files\n"
           "  fi\n"
           "}\n"
           "_amana \"$@\"\n");
    return code;
}

// --- fish
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void option_fish(const char *verb, char *name, bool value, char *doc)
{
    printf("complete -c amana -n '__amana_is \"%s\"' -l %s%s -d ", verb, name, value ? " -r" : "");
    print_quoted(doc);
    putchar('\n');
}

static int print_fish(void)
{
    size_t n_verbs;
    const struct verb *verbs = verbs_all(&n_verbs);
    int code = 0;
    char first[VERB_NEXT];
    verbs_next("", " ", first);
    printf("# Completion of amana for fish, made by `amana completion fish`.\n"
           "# The words from the verb on: options and their values before it left out.\n"
           "function __amana_words\n"
           "  set -l words (string match -v -- '-*' (commandline -opc)[2..])\n"
           "  while set -q words[1]; and not contains -- $words[1] %s\n"
           "    set -e words[1]\n"
           "  end\n"
           "  echo \"$words\"\n"
           "end\n"
           "function __amana_is\n"
           "  set -l words (__amana_words)\n"
           "  test \"$words\" = \"$argv[1]\"; or string match -q -- \"$argv[1] *\" \"$words\"\n"
           "end\n"
           "function __amana_at\n"
           "  set -l words (__amana_words)\n"
           "  test \"$words\" = \"$argv[1]\"\n"
           "end\n",
           first);
    for (size_t i = 0; i < n_verbs && code == 0; i++) {
        const char *last = strrchr(verbs[i].name, ' ');
        int before = last != NULL ? (int)(last - verbs[i].name) : 0;
        printf("complete -c amana -f -n '__amana_at \"%.*s\"' -a '%s' -d ", before, verbs[i].name,
               last != NULL ? last + 1 : verbs[i].name);
        print_quoted(verbs[i].summary);
        putchar('\n');
        code = options_of(&verbs[i], option_fish);
    }
    char list[PREFIXES][64];
    size_t n = prefixes(list);
    for (size_t i = 0; i < n; i++) {
        const char *last = strrchr(list[i], ' ');
        printf("complete -c amana -f -n '__amana_at \"%.*s\"' -a '%s'\n", last != NULL ? (int)(last - list[i]) : 0,
               list[i], last != NULL ? last + 1 : list[i]);
    }
    return code;
}

int verb_completion(int argc, char **argv)
{
    static const struct argp argp = {NULL,
                                     parse,
                                     "bash|zsh|fish",
                                     "Prints what completes verbs and options in a shell, made from the tables that "
                                     "parse them.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct completion_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = strcmp(input.shell, "bash") == 0  ? print_bash()
               : strcmp(input.shell, "zsh") == 0 ? print_zsh()
                                                 : print_fish();
    command_clear(&input.command);
    return code;
}
