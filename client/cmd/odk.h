// SPDX-License-Identifier: Apache-2.0
// A submission of ODK or Kobo made with the HTCDS survey form, as it comes from their servers (OpenRosa XML), and the
// draft of an alert that it gives. Nothing is guessed: what isn't understood is named. Pure; any thread.
#pragma once

#include "proto/codec/arena.h"

#include <jansson.h>
#include <stdbool.h>

#define ODK_BYTES   (1024u * 1024) // of a submission
#define ODK_FIELDS  256u
#define ODK_DEPTH   8u
#define ODK_VALUE   4096u // bytes of one answer
#define ODK_NAME    120u
#define ODK_VERSION "vSmt4GQA3C9uBMLPEVfgND" // of the form that this program knows

struct odk_field {
    char name[ODK_NAME]; // with the groups that it stands in: "person/prs_First_Name"
    const char *value;   // without space around it, never empty
    unsigned line;
};

struct odk_submission {
    char version[ODK_NAME];  // of the form; "" where it doesn't say
    char instance[ODK_NAME]; // "uuid:…"; ""
    size_t n;
    struct odk_field fields[ODK_FIELDS];
};

// Reads it into the arena. No document type, entity or other file is looked at. AM_INVALID with line; AM_TOO_LARGE.
AM_MUST_USE enum am_err odk_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                                 struct odk_submission *ret_submission);

// What became of the fields.
struct odk_outcome {
    size_t n_unknown; // names or values that the form of ODK_VERSION doesn't have
    const struct odk_field *unknown[ODK_FIELDS];
    bool no_consent; // con_Consent says FALSE
    bool left_out;   // a case worker's name, which goes nowhere
    bool undecided;  // no role follows from the status: a person must say
};

// The draft as JSON of `amana send`, but for what only a person knows (case, recipients, title, protection). today: UTC
// "YYYY-MM-DD", for ages. NULL: out of memory.
json_t *odk_draft(const struct odk_submission *submission, const char *agency, const char *today,
                  struct odk_outcome *ret_outcome);
