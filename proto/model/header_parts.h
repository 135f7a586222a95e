// SPDX-License-Identifier: Apache-2.0
// The parts of header_check that look into a field's grammar. For header_check.c alone. Pure; any thread.
#pragma once

#include "proto/model/header_check.h"

struct header_checking {
    const Amana__V1__Header *header;
    const struct header_context *context;
    struct am_detail *detail;
    const struct kind *kind;
};

// Fills the detail and returns FIELD_INVALID, or KIND_UNSUPPORTED.
__attribute__((format(printf, 3, 4))) enum reason header_refuse(const struct header_checking *check, const char *field,
                                                                const char *format, ...);
// … of a list's element: "recipients[2].unit".
enum reason header_refuse_at(const struct header_checking *check, const char *list, size_t index, const char *member,
                             const char *text);
enum reason header_unserved(const struct header_checking *check, const char *field, const char *text);

// id, case_ref, sender, device, officer, agreement_ref, language.
enum reason header_check_names(const struct header_checking *check);
enum reason header_check_recipients(const struct header_checking *check);
// in_reply_to, supersedes, references.
enum reason header_check_pointers(const struct header_checking *check);
enum reason header_check_digests(const struct header_checking *check);
enum reason header_check_seen(const struct header_checking *check);
// Every time's range, their order, and the ceiling of retention.
enum reason header_check_times(const struct header_checking *check);
