// SPDX-License-Identifier: Apache-2.0
// The line of a field in any text: the first line of the input is the field's path, the rest a draft. It is a line of
// that text, or none.
#include "client/cmd/draft_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_lines(struct am_bytes text)
{
    unsigned lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    char path[160]; // as am_detail has it
    if (end == NULL)
        return 0;
    snprintf(path, sizeof path, "%.*s", (int)(end - data), (const char *)data);
    struct am_bytes text = {end + 1, size - (size_t)(end + 1 - data)};
    if (draft_line(text, path) > count_lines(text))
        abort();
    return 0;
}
