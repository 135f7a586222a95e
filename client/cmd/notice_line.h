// SPDX-License-Identifier: Apache-2.0
// What entries of the clock say, in words: for the inbox and for a replay. One thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "client/cmd/print.h"

// What a person reads first ("overdue", "in time", "not fetched"), and how it looks. NULL: no entry of the clock.
const char *notice_label(const Amana__V1__EntryContent *content, enum print_style *ret_style);

// The sentence, as the hub wrote it: made harmless by print_text where it goes to a screen. `time_ns` is the entry's.
void notice_words(const Amana__V1__EntryContent *content, uint64_t time_ns, FILE *out);
