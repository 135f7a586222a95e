// SPDX-License-Identifier: Apache-2.0
// Entries of the log as a timeline for people, or as JSON Lines. One thread.
#pragma once

#include "amana/v1/audit.pb-c.h"
#include "proto/model/error.h"

#include <stdio.h>

// One entry. content NULL: withheld or erased; header NULL where there is none; fault (NULL: none) what is wrong.
void timeline_print(const Amana__V1__ReplayItem *item, const Amana__V1__EntryContent *content,
                    const Amana__V1__Header *header, const char *fault, FILE *out);
int timeline_json(const Amana__V1__ReplayItem *item, const Amana__V1__EntryContent *content,
                  const Amana__V1__Header *header, const char *fault, FILE *out);
