// SPDX-License-Identifier: Apache-2.0
// A submission of ODK from any bytes: no crash, no leak, no answer lost; what is refused says why.
#include "client/cmd/odk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct odk_submission submission;
    struct am_detail detail = {0};
    struct odk_outcome outcome;
    struct arena arena;
    arena_init(&arena, 4 * 1024 * 1024);
    enum am_err err = odk_read((struct am_bytes){data, size}, &arena, &detail, &submission);
    if (err != AM_OK && detail.text[0] == '\0')
        abort();
    if (err == AM_OK) {
        json_t *draft = odk_draft(&submission, "ke/dci", "2026-11-28", &outcome);
        if (draft == NULL || outcome.n_unknown > submission.n)
            abort();
        json_decref(draft);
    }
    arena_clear(&arena);
    return 0;
}
