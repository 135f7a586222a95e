// SPDX-License-Identifier: Apache-2.0
// show: one message on the screen, or its parts as files that stock openssl checks.
#include "client/cmd/answers.h"
#include "client/cmd/file_out.h"
#include "client/cmd/json_line.h"
#include "client/cmd/screen.h"
#include "client/session/seal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct show_input {
    struct command command;
    const char *id, *folder;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct show_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'x': input->folder = arg; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of a message; its beginning is enough");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err append_file(const char *path, struct arena *arena, struct am_detail *detail, struct am_bytes *all)
{
    struct am_bytes file;
    TRY(certs_read_file(path, LIMIT_CONFIG, detail, &file));
    uint8_t *joined = arena_alloc(arena, all->len + file.len + 1);
    if (joined != NULL) {
        memcpy(joined, all->data != NULL ? all->data : joined, all->len);
        memcpy(joined + all->len, file.data, file.len);
        *all = (struct am_bytes){joined, all->len + file.len};
    }
    free((void *)file.data);
    return joined != NULL ? AM_OK : arena_error(arena);
}

static enum am_err append_crls(const struct settings *settings, struct arena *arena, struct am_detail *detail,
                               struct am_bytes *all)
{
    char folder[PATH_MAX], path[PATH_MAX + 256];
    struct dirent **names = NULL;
    TRY(settings_path(settings, "trust/crls", folder));
    int count = scandir(folder, &names, NULL, alphasort);
    enum am_err err = count < 0 ? am_fail(AM_IO, detail, folder, "can't be read: %s", strerror(errno)) : AM_OK;
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(names[i]->d_name, '.');
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (err == AM_OK && dot != NULL && (strcmp(dot, ".crl") == 0 || strcmp(dot, ".pem") == 0))
            err = append_file(path, arena, detail, all);
        free(names[i]);
    }
    free(names);
    return err;
}

static enum am_err write_parts(const struct command *command, const Amana__V1__Kept *kept, const char *folder,
                               struct arena *arena, struct am_detail *detail)
{
    const struct settings *settings = &command->session->settings;
    char path[PATH_MAX];
    struct am_bytes pem = {0};
    TRY(file_out_folder(folder, 0700, detail));
    TRY(file_out(command, folder, "header.bin", codec_bytes(kept->message->header), detail));
    if (kept->message->sealed_body.len > 0)
        TRY(file_out(command, folder, "body.cms", codec_bytes(kept->message->sealed_body), detail));
    else
        command_say("body.cms is left out: the content was erased%s%s",
                    kept->erased_by[0] != '\0' ? " on the word of " : "", kept->erased_by);
    TRY(file_out(command, folder, "signature.p7s", codec_bytes(kept->message->signature), detail));
    TRY(settings_path(settings, "trust/roots.pem", path));
    TRY(append_file(path, arena, detail, &pem));
    TRY(settings_path(settings, "trust/cas.pem", path));
    TRY(append_file(path, arena, detail, &pem));
    TRY(append_crls(settings, arena, detail, &pem));
    return file_out(command, folder, "roots+cas+crls.pem", pem, detail);
}

static int show(struct show_input *input)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct am_detail detail = {0};
    struct answers answers;
    Amana__V1__Kept *kept;
    enum store_box box;
    char id[STORE_ID], state[ANSWERS_STATE] = "";
    int code = command_open(&input->command, SETTINGS_ALL);
    if (code == 0)
        code = command_find(&input->command, BOXES_ALL, input->id, &box, id);
    if (code != 0)
        return code;
    arena_init(&arena, ARENA_VERB);
    struct session *session = input->command.session;
    enum am_err err = store_get(session->store, box, id, &arena, &kept);
    if (err == AM_OK && input->folder != NULL) {
        err = write_parts(&input->command, kept, input->folder, &arena, &detail);
        if (err == AM_OK && !input->command.json)
            printf("\ncd %s && openssl cms -verify -binary -cades -content header.bin -inform DER -in signature.p7s "
                   "-CAfile roots+cas+crls.pem -crl_check_all -purpose any -out /dev/null\n",
                   input->folder);
        return err == AM_OK ? 0 : command_fail(err, &detail);
    }
    if (err == AM_OK)
        err = answers_find(session, id, &answers);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (box == STORE_OUTBOX)
        outbox_state(kept, state);
    else
        answers_state_of(kept, &answers, id, false, state);
    if (input->command.json)
        return json_line_kept(session, kept, state, stdout);
    err = screen_show(session, kept, state, &answers, stdout);
    return err == AM_OK ? 0 : EX_VERIFY;
}

int verb_show(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"export", 'x', "FOLDER", 0, "write header.bin, body.cms, signature.p7s and roots+cas+crls.pem there", 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "ID",
                                     "Shows one message: what to do and what not first, then who must answer by when, "
                                     "then the rest.",
                                     command_children,
                                     NULL,
                                     NULL};
    struct show_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = show(&input);
    command_clear(&input.command);
    return code;
}
