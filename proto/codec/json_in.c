// SPDX-License-Identifier: Apache-2.0
// yajl's events into a message, guided by its descriptor: a wrong field is known while its line still is.
#include "proto/codec/json_in.h"

#include "proto/codec/field.h"
#include "proto/codec/nearest.h"
#include "proto/codec/timestamp.h"
#include "proto/model/limits.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Where yajl is: behind the token of the present event.
static size_t offset_now(const struct json_reader *reader)
{
    return reader->finishing ? reader->text.len : yajl_get_bytes_consumed(reader->yajl);
}

static unsigned line_now(struct json_reader *reader)
{
    size_t offset = offset_now(reader);
    const uint8_t *text = reader->text.data;
    for (; reader->line_offset < offset && reader->line_offset < reader->text.len; reader->line_offset++)
        reader->line += text[reader->line_offset] == '\n';
    return reader->line;
}

// The path of the value being read, or of `key` in the message being read.
static void path_now(const struct json_reader *reader, const char *key, char *path, size_t size)
{
    size_t len = 0;
    path[0] = '\0';
    for (unsigned i = 0; i < reader->depth && len < size; i++) {
        const struct json_level *level = &reader->levels[i];
        bool last = i + 1 == reader->depth;
        const char *name = last && key != NULL ? key : level->field == NULL ? NULL : level->field->name;
        if (name == NULL)
            break;
        len += (size_t)snprintf(path + len, size - len, "%s%s", len > 0 ? "." : "", name);
        if (level->in_array && len < size)
            len += (size_t)snprintf(path + len, size - len, "[%zu]", level->count > 0 ? level->count - 1 : 0);
    }
}

int json_fail(struct json_reader *reader, enum am_err err, const char *key, const char *format, ...)
{
    char path[sizeof((struct am_detail *)0)->field], text[sizeof((struct am_detail *)0)->text];
    path_now(reader, key, path, sizeof path);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reader->err = am_fail(err, reader->detail, path, "%s", text);
    if (reader->detail != NULL)
        reader->detail->line = line_now(reader);
    return 0;
}

int json_fail_memory(struct json_reader *reader)
{
    if (arena_error(reader->arena) == AM_TOO_LARGE)
        return json_fail(reader, AM_TOO_LARGE, NULL, "the text needs more than %zu bytes of memory",
                         reader->arena->limit);
    return json_fail(reader, AM_NOMEM, NULL, "out of memory");
}

// Room for one more element of the array being read; NULL after json_fail.
static void *next_element(struct json_reader *reader, struct json_level *level)
{
    void **array = (void **)((char *)level->message + level->field->offset);
    size_t *quantifier = (size_t *)((char *)level->message + level->field->quantifier_offset);
    size_t size = field_size(level->field->type), index = level->count++;
    if (index >= CODEC_REPEATED) {
        json_fail(reader, AM_TOO_LARGE, NULL, "more than %u elements", CODEC_REPEATED);
        return NULL;
    }
    if (index == level->capacity) {
        size_t capacity = index == 0 ? 4 : index * 2;
        void *larger = arena_array(reader->arena, capacity, size);
        if (larger == NULL) {
            json_fail_memory(reader);
            return NULL;
        }
        if (index > 0)
            memcpy(larger, *array, index * size);
        *array = larger;
        level->capacity = capacity;
    }
    *quantifier = index + 1;
    return (char *)*array + index * size;
}

// Where the value that begins now belongs; NULL after json_fail.
static void *begin_value(struct json_reader *reader)
{
    if (reader->depth == 0) {
        json_fail(reader, AM_INVALID, NULL, "must begin with {");
        return NULL;
    }
    struct json_level *level = &reader->levels[reader->depth - 1];
    const ProtobufCFieldDescriptor *field = level->field;
    if (level->in_array)
        return next_element(reader, level);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        json_fail(reader, AM_INVALID, NULL, "must be a list in [ ]");
        return NULL;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        *(uint32_t *)((char *)level->message + field->quantifier_offset) = field->id;
    return (char *)level->message + field->offset;
}

static int on_null(void *context)
{
    struct json_reader *reader = context;
    if (reader->depth > 0 && !reader->levels[reader->depth - 1].in_array)
        return 1;
    if (begin_value(reader) == NULL)
        return 0;
    return json_fail(reader, AM_INVALID, NULL, "null has no place in a list");
}

static int on_boolean(void *context, int value)
{
    void *slot = begin_value(context);
    return slot == NULL ? 0 : json_store_boolean(context, slot, value != 0);
}

static int on_number(void *context, const char *text, size_t len)
{
    void *slot = begin_value(context);
    return slot == NULL ? 0 : json_store_number(context, slot, text, len);
}

// yajl makes '?' of half a surrogate pair and nonsense of a wrong one: look at the string as it was written. Where yajl
// points into the text there was no escape. The opening quote is the last one with no backslash before it.
static bool escapes_valid(const struct json_reader *reader, const uint8_t *decoded)
{
    const uint8_t *text = reader->text.data;
    if ((decoded >= text && decoded < text + reader->text.len) || reader->finishing)
        return true;
    size_t end = offset_now(reader) - 1, begin = end;
    while (begin > 0 && !(text[begin - 1] == '"' && (begin < 2 || text[begin - 2] != '\\')))
        begin--;
    return json_escapes_paired(text + begin, text + end);
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
    struct json_reader *reader = context;
    void *slot = begin_value(context);
    if (slot == NULL)
        return 0;
    if (!escapes_valid(reader, text))
        return json_fail(reader, AM_INVALID, NULL, "a \\u escape is half of a pair");
    return json_store_string(reader, slot, (const char *)text, len);
}

static struct json_level *push(struct json_reader *reader, const ProtobufCMessageDescriptor *type)
{
    assert(type->n_fields <= JSON_FIELDS_MAX);
    ProtobufCMessage *message = arena_alloc(reader->arena, type->sizeof_message);
    if (message == NULL) {
        json_fail_memory(reader);
        return NULL;
    }
    protobuf_c_message_init(type, message);
    struct json_level *level = &reader->levels[reader->depth++];
    *level = (struct json_level){.message = message};
    return level;
}

static int on_start_map(void *context)
{
    struct json_reader *reader = context;
    if (reader->depth == 0) {
        struct json_level *top = push(reader, reader->type);
        if (top != NULL)
            reader->message = top->message;
        return top != NULL;
    }
    ProtobufCMessage **slot = begin_value(reader);
    if (slot == NULL)
        return 0;
    const ProtobufCFieldDescriptor *field = reader->levels[reader->depth - 1].field;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->descriptor == &google__protobuf__timestamp__descriptor)
        return json_fail(reader, AM_INVALID, NULL, "must be a single value, not an object in { }");
    if (reader->depth == CODEC_DEPTH)
        return json_fail(reader, AM_INVALID, NULL, "more than %u objects within each other", CODEC_DEPTH);
    struct json_level *level = push(reader, field->descriptor);
    if (level != NULL)
        *slot = level->message;
    return level != NULL;
}

static int on_end_map(void *context)
{
    struct json_reader *reader = context;
    reader->depth--;
    return 1;
}

static int on_start_array(void *context)
{
    struct json_reader *reader = context;
    struct json_level *level = reader->depth == 0 ? NULL : &reader->levels[reader->depth - 1];
    if (level == NULL)
        return json_fail(reader, AM_INVALID, NULL, "must begin with {");
    if (level->field->label != PROTOBUF_C_LABEL_REPEATED)
        return json_fail(reader, AM_INVALID, NULL, "must be a single value, not a list in [ ]");
    if (level->in_array) {
        level->count++;
        return json_fail(reader, AM_INVALID, NULL, "a list within a list has no meaning here");
    }
    level->in_array = true;
    level->count = level->capacity = 0;
    return 1;
}

static int on_end_array(void *context)
{
    struct json_reader *reader = context;
    reader->levels[reader->depth - 1].in_array = false;
    return 1;
}

// proto3 JSON's second name of a field: case_ref is caseRef too.
static bool camel_equal(const char *name, const char *key, size_t len)
{
    size_t i = 0;
    for (; *name != '\0'; name++) {
        char c = *name;
        if (c == '_' && name[1] != '\0') {
            name++;
            c = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        }
        if (i == len || key[i++] != c)
            return false;
    }
    return i == len;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type, const char *key, size_t len)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *name = type->fields[i].name;
        if ((strlen(name) == len && memcmp(name, key, len) == 0) || camel_equal(name, key, len))
            return &type->fields[i];
    }
    return NULL;
}

static int fail_key(struct json_reader *reader, const ProtobufCMessageDescriptor *type, const char *key, size_t len)
{
    struct nearest nearest = {.word = key, .len = len};
    char list[180] = "", shown[JSON_SHOWN];
    size_t used = 0;
    bool full = false;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *name = type->fields[i].name;
        nearest_offer(&nearest, name);
        if (full)
            continue;
        full = used + strlen(name) + 8 >= sizeof list;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                 full ? "\xe2\x80\xa6" : name);
    }
    json_show(key, len, shown);
    if (nearest.best != NULL)
        return json_fail(reader, AM_INVALID, shown, "no such key; did you mean \"%s\"? known here: %s", nearest.best,
                         list);
    return json_fail(reader, AM_INVALID, shown, "no such key; known here: %s", list);
}

static int check_oneof(struct json_reader *reader, const struct json_level *level)
{
    const ProtobufCFieldDescriptor *field = level->field;
    uint32_t taken = *(const uint32_t *)((const char *)level->message + field->quantifier_offset);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 || taken == 0)
        return 1;
    const ProtobufCFieldDescriptor *other = protobuf_c_message_descriptor_get_field(level->message->descriptor, taken);
    return json_fail(reader, AM_INVALID, NULL, "only one may be there, and there is \"%s\" too", other->name);
}

static int on_map_key(void *context, const unsigned char *key, size_t len)
{
    struct json_reader *reader = context;
    struct json_level *level = &reader->levels[reader->depth - 1];
    const ProtobufCMessageDescriptor *type = level->message->descriptor;
    const ProtobufCFieldDescriptor *field = find_field(type, (const char *)key, len);
    if (field == NULL)
        return fail_key(reader, type, (const char *)key, len);
    level->field = field;
    size_t index = (size_t)(field - type->fields);
    if ((level->seen[index / 64] >> index % 64 & 1) != 0)
        return json_fail(reader, AM_INVALID, NULL, "is there twice");
    level->seen[index / 64] |= UINT64_C(1) << index % 64;
    return check_oneof(reader, level);
}

static const yajl_callbacks CALLBACKS = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_map_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

// yajl's memory, each piece with its size before it.
struct piece {
    size_t size;
    _Alignas(16) char data[];
};

static void *yajl_take(void *context, size_t size)
{
    struct json_reader *reader = context;
    struct piece *piece = size > reader->scratch.limit ? NULL : arena_alloc(&reader->scratch, sizeof *piece + size);
    if (piece == NULL)
        longjmp(reader->no_memory, 1);
    piece->size = size;
    return piece->data;
}

static void yajl_give(void *context, void *pointer)
{
}

static void *yajl_grow(void *context, void *pointer, size_t size)
{
    void *data = yajl_take(context, size);
    if (pointer != NULL) {
        size_t old = ((struct piece *)((char *)pointer - offsetof(struct piece, data)))->size;
        memcpy(data, pointer, old < size ? old : size);
    }
    return data;
}

static void fail_syntax(struct json_reader *reader)
{
    char text[128];
    snprintf(text, sizeof text, "%s", (const char *)yajl_get_error(reader->yajl, 0, NULL, 0));
    text[strcspn(text, "\n")] = '\0';
    const char *colon = strstr(text, ": ");
    reader->depth = 0;
    json_fail(reader, AM_INVALID, NULL, "not JSON: %s", colon == NULL ? text : colon + 2);
}

static void run(struct json_reader *reader)
{
    yajl_alloc_funcs memory = {yajl_take, yajl_grow, yajl_give, reader};
    if (setjmp(reader->no_memory) != 0) {
        reader->err = am_fail(AM_NOMEM, reader->detail, "", "out of memory");
        return;
    }
    reader->yajl = yajl_alloc(&CALLBACKS, &memory, reader);
    yajl_config(reader->yajl, yajl_allow_comments, 1);
    yajl_status status = yajl_parse(reader->yajl, reader->text.data, reader->text.len);
    if (status == yajl_status_ok) {
        reader->finishing = true;
        status = yajl_complete_parse(reader->yajl);
    }
    if (status == yajl_status_error)
        fail_syntax(reader);
}

enum am_err json_to_message(const ProtobufCMessageDescriptor *type, struct am_bytes text, struct arena *arena,
                            struct am_detail *detail, ProtobufCMessage **ret_message)
{
    if (text.len > LIMIT_DRAFT)
        return am_fail(AM_TOO_LARGE, detail, "", "longer than %u bytes", LIMIT_DRAFT);
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = (struct am_bytes){text.data + 3, text.len - 3};
    struct json_reader reader = {.type = type, .text = text, .arena = arena, .detail = detail, .line = 1};
    arena_init(&reader.scratch, text.len * 8 + 64u * 1024);
    run(&reader);
    if (reader.err == AM_OK && reader.message == NULL)
        json_fail(&reader, AM_INVALID, NULL, "must begin with {");
    arena_wipe(&reader.scratch);
    if (reader.err == AM_OK)
        *ret_message = reader.message;
    return reader.err;
}
