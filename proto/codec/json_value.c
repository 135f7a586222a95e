// SPDX-License-Identifier: Apache-2.0
// One JSON value into one protobuf field: ranges, names of codes, base64, times.
#include "proto/codec/base64.h"
#include "proto/codec/json_in.h"
#include "proto/codec/nearest.h"
#include "proto/codec/timestamp.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64u
#define EXACT_MAX  9007199254740992.0 // 2^53: beyond it a double has gaps

static const struct {
    const char *expected; // as said to a person
    int64_t min;
    uint64_t max;
} TYPES[] = {
    [PROTOBUF_C_TYPE_INT32] = {"a whole number", INT32_MIN, INT32_MAX},
    [PROTOBUF_C_TYPE_SINT32] = {"a whole number", INT32_MIN, INT32_MAX},
    [PROTOBUF_C_TYPE_SFIXED32] = {"a whole number", INT32_MIN, INT32_MAX},
    [PROTOBUF_C_TYPE_INT64] = {"a whole number", INT64_MIN, INT64_MAX},
    [PROTOBUF_C_TYPE_SINT64] = {"a whole number", INT64_MIN, INT64_MAX},
    [PROTOBUF_C_TYPE_SFIXED64] = {"a whole number", INT64_MIN, INT64_MAX},
    [PROTOBUF_C_TYPE_UINT32] = {"a whole number", 0, UINT32_MAX},
    [PROTOBUF_C_TYPE_FIXED32] = {"a whole number", 0, UINT32_MAX},
    [PROTOBUF_C_TYPE_UINT64] = {"a whole number", 0, UINT64_MAX},
    [PROTOBUF_C_TYPE_FIXED64] = {"a whole number", 0, UINT64_MAX},
    [PROTOBUF_C_TYPE_FLOAT] = {"a number", 0, 0},
    [PROTOBUF_C_TYPE_DOUBLE] = {"a number", 0, 0},
    [PROTOBUF_C_TYPE_BOOL] = {"true or false", 0, 0},
    [PROTOBUF_C_TYPE_ENUM] = {"the name of a code", INT32_MIN, INT32_MAX},
    [PROTOBUF_C_TYPE_STRING] = {"a text in quotes", 0, 0},
    [PROTOBUF_C_TYPE_BYTES] = {"base64 in quotes", 0, 0},
    [PROTOBUF_C_TYPE_MESSAGE] = {"an object in { }", 0, 0},
};

static const ProtobufCFieldDescriptor *current(const struct json_reader *reader)
{
    return reader->levels[reader->depth - 1].field;
}

static int fail_type(struct json_reader *reader)
{
    const ProtobufCFieldDescriptor *field = current(reader);
    bool time = field->descriptor == &google__protobuf__timestamp__descriptor;
    return json_fail(reader, AM_INVALID, NULL, "must be %s",
                     time ? "a time in quotes, for example \"2026-11-24T14:07:25+03:00\""
                          : TYPES[field->type].expected);
}

static int fail_range(struct json_reader *reader)
{
    ProtobufCType type = current(reader)->type;
    return json_fail(reader, AM_INVALID, NULL, "must be a whole number from %lld to %llu", (long long)TYPES[type].min,
                     (unsigned long long)TYPES[type].max);
}

static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

// strtod with a point whatever the user's language is. False where the whole text isn't a finite number.
static bool to_double(const char *text, double *ret_value)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_locale);
    char *end;
    double value = c_locale == (locale_t)0 ? strtod(text, &end) : strtod_l(text, &end, c_locale);
    *ret_value = value;
    return end != text && *end == '\0' && isfinite(value);
}

// A JSON number (RFC 8259 §6) as far as strtod and strtoull would take more: signs, spaces, zeros in front, hex.
static bool number_shaped(const char *text)
{
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    return digits[strspn(digits, "0123456789.eE+-")] == '\0';
}

struct integer {
    bool negative;
    int64_t low;   // the value where negative
    uint64_t high; // the value otherwise
};

static bool to_integer(const char *text, struct integer *ret_value)
{
    char *end;
    errno = 0;
    if (strpbrk(text, ".eE") != NULL) {
        double value;
        if (!to_double(text, &value) || fabs(value) > EXACT_MAX || value != (double)(int64_t)value)
            return false;
        *ret_value = (struct integer){value < 0, (int64_t)value, value < 0 ? 0 : (uint64_t)value};
        return true;
    }
    *ret_value = (struct integer){.negative = text[0] == '-'};
    if (ret_value->negative)
        ret_value->low = strtoll(text, &end, 10);
    else
        ret_value->high = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static int store_integer(struct json_reader *reader, void *slot, const char *text)
{
    ProtobufCType type = current(reader)->type;
    struct integer value;
    if (!to_integer(text, &value) || (value.negative ? value.low < TYPES[type].min : value.high > TYPES[type].max))
        return fail_range(reader);
    uint64_t bits = value.negative ? (uint64_t)value.low : value.high;
    if (TYPES[type].max <= UINT32_MAX)
        *(uint32_t *)slot = (uint32_t)bits;
    else
        *(uint64_t *)slot = bits;
    return 1;
}

static int store_double(struct json_reader *reader, void *slot, double value)
{
    if (current(reader)->type == PROTOBUF_C_TYPE_DOUBLE) {
        *(double *)slot = value;
        return 1;
    }
    if (isfinite(value) && fabs(value) > (double)FLT_MAX)
        return json_fail(reader, AM_INVALID, NULL, "the number is too large");
    *(float *)slot = (float)value;
    return 1;
}

static int fail_code(struct json_reader *reader, const char *text, size_t len)
{
    const ProtobufCEnumDescriptor *type = current(reader)->descriptor;
    struct nearest nearest = {.word = text, .len = len};
    for (unsigned i = 0; i < type->n_value_names; i++)
        nearest_offer(&nearest, type->values_by_name[i].name);
    char shown[JSON_SHOWN], list[180];
    json_show(text, len, shown);
    codec_enum_list(type, list, sizeof list);
    if (nearest.best != NULL)
        return json_fail(reader, AM_INVALID, NULL, "\"%s\" is no code of this list; did you mean %s? allowed: %s",
                         shown, nearest.best, list);
    return json_fail(reader, AM_INVALID, NULL, "\"%s\" is no code of this list; allowed: %s", shown, list);
}

static int store_code(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    const ProtobufCEnumDescriptor *type = current(reader)->descriptor;
    char name[64];
    int value;
    if (len >= sizeof name)
        return fail_code(reader, text, len);
    memcpy(name, text, len);
    name[len] = '\0';
    if (codec_enum_value(type, name, &value) != AM_OK)
        return fail_code(reader, text, len);
    *(int *)slot = value;
    return 1;
}

int json_store_boolean(struct json_reader *reader, void *slot, bool value)
{
    if (current(reader)->type != PROTOBUF_C_TYPE_BOOL)
        return fail_type(reader);
    *(protobuf_c_boolean *)slot = value;
    return 1;
}

// Numbers in quotes too: what a program that knows only doubles writes for 64 bits.
static int store_numeric(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    char number[NUMBER_MAX];
    if (len >= sizeof number || memchr(text, '\0', len) != NULL)
        return fail_type(reader);
    memcpy(number, text, len);
    number[len] = '\0';
    if (!number_shaped(number))
        return fail_type(reader);
    ProtobufCType type = current(reader)->type;
    if (type != PROTOBUF_C_TYPE_DOUBLE && type != PROTOBUF_C_TYPE_FLOAT)
        return store_integer(reader, slot, number);
    double value;
    if (!to_double(number, &value))
        return json_fail(reader, AM_INVALID, NULL, "must be a number that is not too large");
    return store_double(reader, slot, value);
}

int json_store_number(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    const ProtobufCFieldDescriptor *field = current(reader);
    if (field->type >= PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BOOL)
        return fail_type(reader);
    if (!store_numeric(reader, slot, text, len))
        return 0;
    if (field->type == PROTOBUF_C_TYPE_ENUM && codec_enum_name(field->descriptor, *(int *)slot) == NULL)
        return fail_code(reader, text, len);
    return 1;
}

static int store_text(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    if (!codec_text_valid(text, len))
        return json_fail(reader, AM_INVALID, NULL, "is not UTF-8 text without NUL");
    char *copy = arena_copy(reader->arena, text, len);
    if (copy == NULL)
        return json_fail_memory(reader);
    *(char **)slot = copy;
    return 1;
}

static int store_bytes(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    uint8_t *data = arena_alloc(reader->arena, BASE64_DECODED(len));
    if (data == NULL)
        return json_fail_memory(reader);
    size_t decoded;
    if (base64_decode(text, len, data, &decoded) != AM_OK)
        return json_fail(reader, AM_INVALID, NULL, "is not base64 (RFC 4648)");
    *(ProtobufCBinaryData *)slot = (ProtobufCBinaryData){decoded, decoded == 0 ? NULL : data};
    return 1;
}

static int store_time(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    struct am_detail wrong;
    Google__Protobuf__Timestamp *time = arena_alloc(reader->arena, sizeof *time);
    if (time == NULL)
        return json_fail_memory(reader);
    if (timestamp_parse(text, len, &wrong, time) != AM_OK)
        return json_fail(reader, AM_INVALID, NULL, "%s", wrong.text);
    *(Google__Protobuf__Timestamp **)slot = time;
    return 1;
}

static int store_numeric_text(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    static const struct {
        const char *name;
        double value;
    } NAMES[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    ProtobufCType type = current(reader)->type;
    for (size_t i = 0; i < AM_LEN(NAMES); i++)
        if ((type == PROTOBUF_C_TYPE_DOUBLE || type == PROTOBUF_C_TYPE_FLOAT) && strlen(NAMES[i].name) == len &&
            memcmp(NAMES[i].name, text, len) == 0)
            return store_double(reader, slot, NAMES[i].value);
    return store_numeric(reader, slot, text, len);
}

int json_store_string(struct json_reader *reader, void *slot, const char *text, size_t len)
{
    const ProtobufCFieldDescriptor *field = current(reader);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return store_text(reader, slot, text, len);
    case PROTOBUF_C_TYPE_BYTES: return store_bytes(reader, slot, text, len);
    case PROTOBUF_C_TYPE_ENUM: return store_code(reader, slot, text, len);
    case PROTOBUF_C_TYPE_BOOL: return fail_type(reader);
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field->descriptor == &google__protobuf__timestamp__descriptor)
            return store_time(reader, slot, text, len);
        return fail_type(reader);
    default: return store_numeric_text(reader, slot, text, len);
    }
}
