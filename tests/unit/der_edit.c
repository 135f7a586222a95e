// SPDX-License-Identifier: Apache-2.0
// A small editor of DER for tests.
#include "tests/unit/der_edit.h"

#include "certs/der.h"

#include <stdlib.h>

struct buffer {
    uint8_t *data;
    size_t len;
};

static void append(struct buffer *buffer, const void *data, size_t len)
{
    buffer->data = realloc(buffer->data, buffer->len + len + 1);
    if (buffer->data == NULL)
        abort();
    if (len > 0)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

static void append_header(struct buffer *buffer, uint8_t tag, size_t len)
{
    uint8_t header[6] = {tag};
    size_t n = 1;
    if (len < 128) {
        header[n++] = (uint8_t)len;
    } else {
        unsigned octets = len < 256 ? 1 : len < 65536 ? 2 : 3;
        header[n++] = (uint8_t)(0x80 | octets);
        while (octets-- > 0)
            header[n++] = (uint8_t)(len >> (8 * octets));
    }
    append(buffer, header, n);
}

static bool next_element(struct der *der, struct am_bytes *content, struct am_bytes *whole)
{
    return der->at < der->end && der_get_whole(der, *der->at, content, whole);
}

static bool rebuild(struct am_bytes whole, const int *path, enum der_edit edit, struct am_bytes with,
                    struct buffer *out);

static void apply(struct am_bytes whole, struct am_bytes content, enum der_edit edit, struct am_bytes with,
                  struct buffer *out)
{
    switch (edit) {
    case DER_REPLACE: append(out, with.data, with.len); break;
    case DER_INSERT_BEFORE:
        append(out, with.data, with.len);
        append(out, whole.data, whole.len);
        break;
    case DER_APPEND_INSIDE:
        append_header(out, whole.data[0], content.len + with.len);
        append(out, content.data, content.len);
        append(out, with.data, with.len);
        break;
    case DER_TWICE:
        append(out, whole.data, whole.len);
        append(out, whole.data, whole.len);
        break;
    case DER_DELETE: break;
    }
}

static bool rebuild(struct am_bytes whole, const int *path, enum der_edit edit, struct am_bytes with,
                    struct buffer *out)
{
    struct der der = der_of(whole);
    struct am_bytes content, element;
    if (!next_element(&der, &content, &element))
        return false;
    if (path[0] < 0) {
        apply(whole, content, edit, with, out);
        return true;
    }
    struct buffer inside = {0};
    bool done = false;
    der = der_of(content);
    for (int i = 0; next_element(&der, &content, &element); i++) {
        if (i == path[0])
            done = rebuild(element, path + 1, edit, with, &inside);
        else
            append(&inside, element.data, element.len);
    }
    append_header(out, whole.data[0], inside.len);
    append(out, inside.data, inside.len);
    free(inside.data);
    return done;
}

struct am_bytes der_edit(struct am_bytes der, const int *path, enum der_edit edit, struct am_bytes with)
{
    struct buffer out = {0};
    if (!rebuild(der, path, edit, with, &out)) {
        free(out.data);
        return (struct am_bytes){0};
    }
    return (struct am_bytes){out.data, out.len};
}

struct am_bytes der_find(struct am_bytes der, const int *path)
{
    struct der inside = der_of(der);
    struct am_bytes content, whole;
    if (!next_element(&inside, &content, &whole))
        return (struct am_bytes){0};
    if (path[0] < 0)
        return whole;
    inside = der_of(content);
    for (int i = 0; next_element(&inside, &content, &whole); i++) {
        if (i == path[0])
            return der_find(whole, path + 1);
    }
    return (struct am_bytes){0};
}
