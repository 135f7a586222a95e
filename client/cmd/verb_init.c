// SPDX-License-Identifier: Apache-2.0
// init: keys, certificate requests, configuration and folders; and what to do next.
#include "certs/keyfile.h"
#include "client/cmd/command.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct init_input {
    struct command command;
    bool passphrase;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct init_input *input = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'P': input->passphrase = true; return 0;
    case ARGP_KEY_ARG: argp_error(state, "takes no argument"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static enum am_err make_folders(char *path, struct am_detail *detail)
{
    for (char *slash = path + 1;; slash++) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (slash != NULL)
            *slash = '/';
        if (!made)
            return am_fail(AM_FULL, detail, path, "can't be made: %s", strerror(errno));
        if (slash == NULL)
            return AM_OK;
    }
}

static enum am_err make_folder(const struct settings *settings, const char *name, struct am_detail *detail)
{
    char path[PATH_MAX];
    TRY(settings_path(settings, name, path));
    return make_folders(path, detail);
}

static enum am_err make_key(const struct settings *settings, enum cert_use use, const char *stem, const char *name,
                            const struct keyfile_passphrase *passphrase, struct am_detail *detail)
{
    char key_path[PATH_MAX], request_path[PATH_MAX], part[64];
    X509_REQ *request = NULL;
    snprintf(part, sizeof part, "keys/%s.key", stem);
    TRY(settings_path(settings, part, key_path));
    snprintf(part, sizeof part, "keys/%s.csr", stem);
    TRY(settings_path(settings, part, request_path));
    EVP_PKEY *key = keyfile_generate();
    enum am_err err = key == NULL ? AM_CRYPTO : keyfile_request(key, use, name, detail, &request);
    if (err == AM_OK)
        err = keyfile_write(key_path, key, passphrase, detail);
    if (err == AM_OK)
        err = keyfile_write_request(request_path, request, detail);
    if (err == AM_OK)
        printf("%s\n", request_path);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return err;
}

static enum am_err make_keys(struct init_input *input, struct am_detail *detail)
{
    const struct settings *settings = &input->command.settings;
    char device[LIMIT_URI + 1], officer[LIMIT_URI + 1];
    settings_device(settings, device);
    settings_officer(settings, officer);
    TRY(make_key(settings, CERT_USE_AUTH, "auth", device, NULL, detail));
    TRY(make_key(settings, CERT_USE_SEAL, "seal", device, NULL, detail));
    TRY(make_key(settings, CERT_USE_SIGN_DEVICE, "sign", device, NULL, detail));
    return make_key(settings, CERT_USE_SIGN_OFFICER, "officer", officer,
                    input->passphrase ? &input->command.reader : NULL, detail);
}

static enum am_err write_conf(const struct settings *settings, struct am_detail *detail)
{
    char text[SETTINGS * (SETTING_MAX + 256)], folder[PATH_MAX];
    size_t len = 0;
    const char *slash = strrchr(settings->file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - settings->file) : 1,
             slash != NULL ? settings->file : ".");
    if (folder[0] != '\0')
        TRY(make_folders(folder, detail));
    for (unsigned i = 0; i < SETTINGS; i++) {
        const char *value = settings->value[i];
        if (i == SETTING_DATA && strcmp(value, folder) == 0)
            value = "."; // moves with the folder
        len += (size_t)snprintf(text + len, sizeof text - len, "# %s\n%s = \"%s\"\n", setting_words((enum setting)i),
                                setting_key((enum setting)i), value);
    }
    return certs_write_file(settings->file, (struct am_bytes){(uint8_t *)text, len}, 0600, detail);
}

static enum am_err init(struct init_input *input, struct am_detail *detail)
{
    struct settings *settings = &input->command.settings;
    TRY(settings_load(&input->command.flags, detail, settings));
    TRY(settings_require(settings, SETTINGS_ALL, detail));
    if (access(settings->file, F_OK) == 0)
        return am_fail(AM_EXISTS, detail, settings->file, "is there already; nothing was changed");
    TRY(make_folder(settings, "keys", detail));
    TRY(make_folder(settings, "trust", detail));
    TRY(make_folder(settings, "store", detail));
    TRY(make_keys(input, detail));
    TRY(write_conf(settings, detail));
    printf("%s\n", settings->file);
    return AM_OK;
}

static void print_next(const struct settings *settings)
{
    const char *data = settings->value[SETTING_DATA];
    printf("\nNext:\n"
           "  1. have the four requests granted by your country's authority, each certificate beside its request:\n"
           "       amana-ca issue -d AUTHORITY %s/keys/{auth,seal,sign,officer}.csr\n"
           "  2. have the registrar put the four certificates on the unit's roster (`amana-ca roster`),\n"
           "  3. put trust.conf, roots.pem, cas.pem and crls/ into %s/trust,\n"
           "  4. `amana -c %s status` says whether all is well.\n",
           data, data, settings->file);
}

int verb_init(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"passphrase", 'P', NULL, 0, "encrypt the officer's key with a passphrase", 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Makes this client's keys and requests for certificates, its folders and its "
                                     "configuration (FOLDER/amana.conf with -d FOLDER, else in ~/.config/amana).",
                                     command_children,
                                     NULL,
                                     NULL};
    struct init_input input = {0};
    struct am_detail detail = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    enum am_err err = init(&input, &detail);
    if (err == AM_OK && !input.command.json)
        print_next(&input.command.settings);
    command_clear(&input.command);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}
