// SPDX-License-Identifier: Apache-2.0
// How the rows of the table take a value: each says whether it understood it. Of htcds_fields.c alone. One thread.
#pragma once

#include "client/cmd/htcds_fields.h"

#define HTCDS_TAKERS(X)                                                                                                \
    X(htcds_take_code)                                                                                                 \
    X(htcds_take_codes)                                                                                                \
    X(htcds_take_words)                                                                                                \
    X(htcds_take_code_words)                                                                                           \
    X(htcds_take_look)                                                                                                 \
    X(htcds_take_known)                                                                                                \
    X(htcds_take_case_status)                                                                                          \
    X(htcds_take_worker)                                                                                               \
    X(htcds_take_text)                                                                                                 \
    X(htcds_take_label)                                                                                                \
    X(htcds_take_language)                                                                                             \
    X(htcds_take_boolean)                                                                                              \
    X(htcds_take_consent)                                                                                              \
    X(htcds_take_comment)                                                                                              \
    X(htcds_take_name)                                                                                                 \
    X(htcds_take_birth)                                                                                                \
    X(htcds_take_gender)                                                                                               \
    X(htcds_take_citizenships)                                                                                         \
    X(htcds_take_country)                                                                                              \
    X(htcds_take_way)                                                                                                  \
    X(htcds_take_document)                                                                                             \
    X(htcds_take_street)                                                                                               \
    X(htcds_take_home_country)                                                                                         \
    X(htcds_take_status)                                                                                               \
    X(htcds_take_industry)                                                                                             \
    X(htcds_take_age)                                                                                                  \
    X(htcds_take_site)                                                                                                 \
    X(htcds_take_day)                                                                                                  \
    X(htcds_take_degrees)                                                                                              \
    X(htcds_take_desk)                                                                                                 \
    X(htcds_take_owner)
#define HTCDS_TAKER(name) bool name(struct htcds_drafting *d, const struct htcds_row *row, const char *value);
HTCDS_TAKERS(HTCDS_TAKER)
