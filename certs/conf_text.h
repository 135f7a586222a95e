// SPDX-License-Identifier: Apache-2.0
// Reading a file in libconfuse's form so that each mistake names its file, line and what is allowed.
#pragma once

#include "proto/model/error.h"

#include <confuse.h>

struct conf_validator {
    const char *option; // "limits|memory"
    cfg_validate_callback_t check;
};

// What every table of options ends with: libconfuse takes a text that ends inside a section or a comment, this tells.
#define CONF_SENTINEL "end-of-file"
#define CONF_END()    CFG_BOOL(CONF_SENTINEL, cfg_false, CFGF_NODEFAULT), CFG_END()

// Parses text (of the file `path`, which is only named) and hands the values to `copy`, which may call cfg_error and
// return AM_CONFIG. On AM_CONFIG *detail (may be NULL) has the file as its field, the line, and a sentence. Any thread.
AM_MUST_USE enum am_err conf_read(struct am_bytes text, const char *path, cfg_opt_t *options,
                                  const struct conf_validator *validators, size_t n_validators,
                                  enum am_err (*copy)(cfg_t *cfg, void *user), void *user, struct am_detail *detail);

// What conf_read was given as `user`, for a validator.
void *conf_user(void);

// The value that a validator is asked about.
const char *conf_last(cfg_opt_t *opt);
