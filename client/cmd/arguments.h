// SPDX-License-Identifier: Apache-2.0
// What is wrong with the words of a command line before a verb looks at what they mean: text that is no UTF-8, which
// would be as good as not said; and an option said twice, of which the last alone would count. One thread.
#pragma once

#include <argp.h>
#include <stdbool.h>

// In an argp_option's flags, of which argp looks at its own alone: it may be said more than once.
#define OPTION_REPEATS 0x10000

#define ARGUMENTS_COMPLAINT 160

// Whether something is, and what, in one sentence without a full stop. A word that names a file which is there may have
// any bytes. What is none of the argp's options is left to argp.
bool arguments_wrong(const struct argp *argp, int argc, char **argv, char ret_complaint[ARGUMENTS_COMPLAINT]);

// Whether a text says nothing: NULL, or spaces alone.
bool arguments_blank(const char *text);
