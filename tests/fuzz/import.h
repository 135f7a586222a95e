// SPDX-License-Identifier: Apache-2.0
// What holds for each way to read what is imported: a refusal has a reason, and what isn't refused is a draft whose
// fields and codes there are.
#pragma once

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/htcds_draft.h"
#include "proto/codec/json.h"

#include <stdlib.h>
#include <string.h>

static inline void fuzz_draft(json_t *draft)
{
    struct arena arena;
    struct am_detail detail = {0};
    ProtobufCMessage *message;
    char *text = json_dumps(draft, 0);
    if (text == NULL)
        abort();
    arena_init(&arena, 64 * 1024 * 1024);
    if (strlen(text) <= LIMIT_DRAFT &&
        json_to_message(&amana__v1__draft__descriptor, (struct am_bytes){(const uint8_t *)text, strlen(text)}, &arena,
                        &detail, &message) == AM_INVALID)
        abort();
    arena_clear(&arena);
    free(text);
}

static inline void fuzz_import(enum am_err (*read)(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                                                   struct htcds_values *ret_values),
                               const uint8_t *data, size_t size)
{
    struct htcds_values values;
    struct htcds_outcome outcome;
    struct am_detail detail = {0};
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    enum am_err err = read((struct am_bytes){data, size}, &arena, &detail, &values);
    if (err != AM_OK && detail.text[0] == '\0')
        abort();
    if (err == AM_OK) {
        json_t *draft = htcds_draft(&values, "ke/dci", 1795000000ull * NS_PER_S, &arena, &outcome);
        if (draft == NULL || outcome.n_faults > values.n + values.n_records)
            abort();
        if (outcome.n_faults == 0)
            fuzz_draft(draft);
        json_decref(draft);
    }
    arena_clear(&arena);
}
