// SPDX-License-Identifier: Apache-2.0
// Named values of HTCDS 2.0, answers of its survey form (odk.h) or records of a file (htcds_file.h), as the draft of an
// alert. Nothing is guessed: what isn't understood is named, with what is allowed. Pure; any thread.
#pragma once

#include "proto/codec/arena.h"
#include "proto/model/limits.h"

#include <jansson.h>
#include <stdbool.h>

#define HTCDS_STANDARD "HTCDS 2.0"

struct htcds_value {
    const char *name;  // "prs_Gender"; of a form with the groups that it stands in
    const char *value; // never empty
    unsigned line;     // 1-based; 0: not known, as in JSON
};

struct htcds_record {
    const char *kind; // "Person"; of a form ""
    unsigned line;
    size_t n; // of the values, which stand one record after the other
};

// Strings and arrays of the reader's arena.
struct htcds_values {
    bool form; // answers of one form about one person; several to one question have spaces between them, else ';'
    const char *version;  // of the form or the standard; "" where it doesn't say
    const char *instance; // of a form, "uuid:…"; ""
    const char *case_ref; // of a file; ""
    size_t n_records, n;
    struct htcds_record *records;
    struct htcds_value *values;
};

#define HTCDS_FAULTS 64u // that are listed
#define HTCDS_NOTES  256u

struct htcds_fault {
    const struct htcds_value *value; // NULL: the record itself is of no kind that there is
    size_t record;                   // its place in the file, from 0
    const char *allowed;             // a clause: "allowed: Feminine, Masculine"
    size_t more;                     // other records with this name, where no record of the kind has such a field
};

// What became of the values.
struct htcds_outcome {
    size_t n_faults; // of which HTCDS_FAULTS at most are listed
    struct htcds_fault faults[HTCDS_FAULTS];
    size_t n_notes, n_unnoted; // what a person must know or say, a line each
    const char *notes[HTCDS_NOTES];
};

// The draft as JSON of `amana send`, but for what only a person knows. now_ns: for ages. NULL: the arena's limit, or
// out of memory. *ret_outcome lives as long as the arena and the values.
json_t *htcds_draft(const struct htcds_values *values, const char *agency, uint64_t now_ns, struct arena *arena,
                    struct htcds_outcome *ret_outcome);
