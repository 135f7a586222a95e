// SPDX-License-Identifier: Apache-2.0
// Decoding from outside: every clause refused once with its path, memory bounded, every allocation failing once.
#include "amana/v1/audit.pb-c.h"
#include "amana/v1/body.pb-c.h"
#include "amana/v1/draft.pb-c.h"
#include "amana/v1/message.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"
#include "tests/unit/failing_malloc.h"
#include "tests/unit/random_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define WIRE(literal)                                                                                                  \
    {                                                                                                                  \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                                \
    }
#define BYTES(literal) ((struct am_bytes)WIRE(literal))
#define HEADER         &amana__v1__header__descriptor
#define ROOM           (1024u * 1024)

// What a decode of each clause must say. `lenient` AM_OK: passes there.
static const struct clause {
    const char *name;
    const ProtobufCMessageDescriptor *type;
    struct am_bytes bytes;
    enum am_err strict, lenient;
    const char *path;
} CLAUSES[] = {
    {"unknown field", HEADER, WIRE("\x0a\x01x\xf8\x06\x01"), AM_INVALID, AM_OK, "111"},
    {"unknown nested field", HEADER, WIRE("\x6a\x00\x6a\x02\x50\x01"), AM_INVALID, AM_OK, "recipients[1].10"},
    {"unknown bytes field", HEADER, WIRE("\xfa\x06\x03xyz"), AM_INVALID, AM_OK, "111"},
    {"unknown group", HEADER, WIRE("\xfb\x06"), AM_INVALID, AM_PROTO, "111"},
    {"unknown cut short", HEADER, WIRE("\xfa\x06\x05xyz"), AM_INVALID, AM_PROTO, "111"},
    {"singular string twice", HEADER, WIRE("\x0a\x01x\x0a\x01y"), AM_INVALID, AM_INVALID, "id"},
    {"singular number twice", HEADER, WIRE("\x10\x01\x10\x01"), AM_INVALID, AM_INVALID, "kind"},
    {"singular message twice", HEADER, WIRE("\x4a\x00\x4a\x00"), AM_INVALID, AM_INVALID, "sender"},
    {"nested singular twice", HEADER, WIRE("\x6a\x06\x0a\x01x\x0a\x01y"), AM_INVALID, AM_INVALID, "recipients[0].unit"},
    {"two of a oneof", &amana__v1__delivery__descriptor, WIRE("\x0a\x00\x12\x00"), AM_INVALID, AM_INVALID, "notice"},
    {"wrong wire type", HEADER, WIRE("\x08\x01"), AM_PROTO, AM_PROTO, "id"},
    {"wrong wire type of a number", HEADER, WIRE("\x15\x01\x00\x00\x00"), AM_PROTO, AM_PROTO, "kind"},
    {"wire type 6", HEADER, WIRE("\x0e"), AM_PROTO, AM_PROTO, "id"},
    {"field number 0", HEADER, WIRE("\x02\x00"), AM_PROTO, AM_PROTO, ""},
    {"field number too large", HEADER, WIRE("\x80\x80\x80\x80\x10"), AM_PROTO, AM_PROTO, ""},
    {"nested field number 0", HEADER, WIRE("\x6a\x01\x00"), AM_PROTO, AM_PROTO, "recipients[0]"},
    {"text that is not UTF-8", HEADER, WIRE("\x0a\x02\xc3\x28"), AM_INVALID, AM_INVALID, "id"},
    {"overlong UTF-8", HEADER, WIRE("\x0a\x02\xc0\xaf"), AM_INVALID, AM_INVALID, "id"},
    {"a surrogate in UTF-8", HEADER, WIRE("\x0a\x03\xed\xa0\x80"), AM_INVALID, AM_INVALID, "id"},
    {"UTF-8 cut short", HEADER,
     WIRE("\x0a\x0a"
          "12345678\xe2\x82"),
     AM_INVALID, AM_INVALID, "id"},
    {"above U+10FFFF", HEADER, WIRE("\x0a\x04\xf4\x90\x80\x80"), AM_INVALID, AM_INVALID, "id"},
    {"a NUL within an address", HEADER, WIRE("\x6a\x09\x0a\x07ke/a\0er"), AM_INVALID, AM_INVALID, "recipients[0].unit"},
    {"a NUL behind eight letters", HEADER,
     WIRE("\x0a\x0b"
          "12345678\0er"),
     AM_INVALID, AM_INVALID, "id"},
    {"a NUL among eight letters", HEADER,
     WIRE("\x0a\x09"
          "1234\0"
          "5678"),
     AM_INVALID, AM_INVALID, "id"},
    {"overlong number", HEADER, WIRE("\x10\x81\x00"), AM_PROTO, AM_OK, "kind"},
    {"overlong tag", HEADER, WIRE("\x90\x00\x01"), AM_PROTO, AM_OK, ""},
    {"overlong length", HEADER, WIRE("\x0a\x81\x00x"), AM_PROTO, AM_OK, "id"},
    {"number of 11 bytes", HEADER, WIRE("\x10\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), AM_PROTO, AM_PROTO,
     "kind"},
    {"number above 64 bits", HEADER, WIRE("\xb8\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), AM_PROTO, AM_PROTO,
     "body_size"},
    {"uint32 above its range", HEADER, WIRE("\x18\x80\x80\x80\x80\x10"), AM_PROTO, AM_PROTO, "schema_version"},
    {"enum above its range", HEADER, WIRE("\x10\x80\x80\x80\x80\x08"), AM_PROTO, AM_PROTO, "kind"},
    {"enum below its range, 1 in its lower half", HEADER, WIRE("\x10\x81\x80\x80\x80\xf0\xff\xff\xff\xff\x01"),
     AM_PROTO, AM_PROTO, "kind"},
    {"bool of 2", &amana__v1__flags__descriptor, WIRE("\x10\x02"), AM_PROTO, AM_PROTO, "child"},
    {"unknown code", HEADER, WIRE("\x10\x63"), AM_INVALID, AM_OK, "kind"},
    {"unknown nested code", HEADER, WIRE("\x6a\x00\x6a\x02\x18\x09"), AM_INVALID, AM_OK, "recipients[1].part"},
    {"unknown packed code", HEADER, WIRE("\xca\x01\x02\x01\x09"), AM_INVALID, AM_OK, "handling[1]"},
    {"negative code", HEADER, WIRE("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), AM_INVALID, AM_OK, "kind"},
    {"cut short in a tag", HEADER, WIRE("\x80"), AM_PROTO, AM_PROTO, ""},
    {"cut short in a number", HEADER, WIRE("\x10\x81"), AM_PROTO, AM_PROTO, "kind"},
    {"cut short behind a tag", HEADER, WIRE("\x10"), AM_PROTO, AM_PROTO, "kind"},
    {"cut short in a text", HEADER, WIRE("\x0a\x05xyz"), AM_PROTO, AM_PROTO, "id"},
    {"one byte short", HEADER, WIRE("\x0a\x04xyz"), AM_PROTO, AM_PROTO, "id"},
    {"nested one byte short", HEADER, WIRE("\x6a\x05\x0a\x04xyz"), AM_PROTO, AM_PROTO, "recipients[0].unit"},
    {"length above all memory", HEADER, WIRE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xyz"), AM_PROTO, AM_PROTO,
     "id"},
    {"nested longer than its parent", HEADER, WIRE("\x6a\x03\x0a\x05xyz__"), AM_PROTO, AM_PROTO, "recipients[0].unit"},
    {"cut short in a fixed64", &amana__v1__proved_entry__descriptor, WIRE("\x29\x01\x02"), AM_PROTO, AM_PROTO, "time"},
    {"packed number cut short", HEADER, WIRE("\xca\x01\x02\x01\x81"), AM_PROTO, AM_PROTO, "handling[1]"},
    {"packed longer than the message", HEADER, WIRE("\xca\x01\x09\x01"), AM_PROTO, AM_PROTO, "handling[0]"},
};

static void check_clause(const struct clause *clause, enum codec_mode mode, enum am_err expected)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    struct am_detail detail = {0};
    ProtobufCMessage *message = NULL;
    enum am_err err = codec_decode(clause->type, mode, clause->bytes, &arena, &detail, &message);
    if (err != expected || (err != AM_OK && strcmp(detail.field, clause->path) != 0))
        fail_msg("%s: %d instead of %d, field \"%s\", %s", clause->name, err, expected, detail.field, detail.text);
    if (err == AM_OK)
        assert_int_equal(0, message->n_unknown_fields);
    else
        assert_null(message);
    assert_int_equal(expected, codec_decode(clause->type, mode, clause->bytes, &arena, NULL, &message));
    arena_clear(&arena);
}

static void every_clause_is_refused_with_its_path(void **state)
{
    for (size_t i = 0; i < AM_LEN(CLAUSES); i++) {
        check_clause(&CLAUSES[i], CODEC_STRICT, CLAUSES[i].strict);
        check_clause(&CLAUSES[i], CODEC_LENIENT, CLAUSES[i].lenient);
    }
}

static void packed_and_unpacked_elements_mean_the_same(void **state)
{
    static const struct am_bytes FORMS[] = {
        WIRE("\xca\x01\x03\x01\x02\x03"),
        WIRE("\xc8\x01\x01\xc8\x01\x02\xc8\x01\x03"),
        WIRE("\xc8\x01\x01\xca\x01\x02\x02\x03"),
        WIRE("\xca\x01\x00\xca\x01\x01\x01\xca\x01\x02\x02\x03"),
    };
    for (size_t i = 0; i < AM_LEN(FORMS); i++) {
        struct arena arena;
        arena_init(&arena, ROOM);
        Amana__V1__Header *header;
        assert_int_equal(AM_OK,
                         codec_decode(HEADER, CODEC_STRICT, FORMS[i], &arena, NULL, (ProtobufCMessage **)&header));
        assert_int_equal(3, header->n_handling);
        for (int k = 0; k < 3; k++)
            assert_int_equal(k + 1, header->handling[k]);
        arena_clear(&arena);
    }
}

static void absent_fields_are_empty_not_null(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    Amana__V1__Header *header;
    assert_int_equal(AM_OK, codec_decode(HEADER, CODEC_STRICT, (struct am_bytes){NULL, 0}, &arena, NULL,
                                         (ProtobufCMessage **)&header));
    assert_string_equal("", header->id);
    assert_null(header->sender);
    assert_int_equal(0, header->n_recipients);
    assert_int_equal(0, header->flags_digest.len);
    arena_clear(&arena);
}

static void a_lenient_decode_does_not_pass_on_unknown_fields(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    ProtobufCMessage *message;
    struct am_bytes again, bytes = BYTES("\x0a\x01x\x6a\x05\x0a\x01y\x50\x01\x4a\x05\x0a\x01z\x50\x01\xf8\x06\x01");
    assert_int_equal(AM_OK, codec_decode(HEADER, CODEC_LENIENT, bytes, &arena, NULL, &message));
    assert_int_equal(AM_OK, codec_encode(message, &arena, &again));
    struct am_bytes known = BYTES("\x0a\x01x\x4a\x03\x0a\x01z\x6a\x03\x0a\x01y");
    assert_int_equal(known.len, again.len);
    assert_memory_equal(known.data, again.data, known.len);
    bytes = BYTES("\x0a\x07\x18\x05\x0a\x03\xf8\x06\x01");
    known = BYTES("\x0a\x04\x0a\x00\x18\x05");
    assert_int_equal(AM_OK,
                     codec_decode(&amana__v1__delivery__descriptor, CODEC_LENIENT, bytes, &arena, NULL, &message));
    assert_int_equal(AM_OK, codec_encode(message, &arena, &again));
    assert_int_equal(known.len, again.len);
    assert_memory_equal(known.data, again.data, known.len);
    arena_clear(&arena);
}

static void more_elements_than_allowed_are_refused(void **state)
{
    static uint8_t packed[CODEC_REPEATED + 1 + 4] = {0x12, 0x81, 0x40};
    _Static_assert(CODEC_REPEATED == 8192, "the length above is 8193 as a varint");
    struct arena arena;
    arena_init(&arena, ROOM);
    struct am_detail detail;
    ProtobufCMessage *message;
    const ProtobufCMessageDescriptor *type = &amana__v1__acknowledge_request__descriptor;
    struct am_bytes bytes = {packed, 3 + CODEC_REPEATED + 1};
    assert_int_equal(AM_INVALID, codec_decode(type, CODEC_STRICT, bytes, &arena, &detail, &message));
    assert_string_equal("notices[8192]", detail.field);
    packed[1] = 0x80;
    bytes.len--;
    assert_int_equal(AM_OK, codec_decode(type, CODEC_STRICT, bytes, &arena, &detail, &message));
    assert_int_equal(CODEC_REPEATED, ((Amana__V1__AcknowledgeRequest *)message)->n_notices);
    arena_clear(&arena);
}

// A type that contains itself: none of ours does, a descriptor of somebody's may.
static void nesting_ends_at_its_limit(void **state)
{
    static ProtobufCMessageDescriptor type;
    static ProtobufCFieldDescriptor field;
    type = amana__v1__receipt_request__descriptor;
    field = type.fields[0];
    field.descriptor = &type;
    type.fields = &field;
    uint8_t bytes[2 * CODEC_DEPTH];
    for (unsigned i = 0; i < CODEC_DEPTH; i++) {
        bytes[2 * i] = 0x0a;
        bytes[2 * i + 1] = (uint8_t)(sizeof bytes - 2 * i - 2);
    }
    struct arena arena;
    arena_init(&arena, ROOM);
    ProtobufCMessage *message;
    assert_int_equal(AM_OK, codec_decode(&type, CODEC_STRICT, (struct am_bytes){bytes + 2, sizeof bytes - 2}, &arena,
                                         NULL, &message));
    assert_int_equal(AM_INVALID,
                     codec_decode(&type, CODEC_STRICT, (struct am_bytes){bytes, sizeof bytes}, &arena, NULL, &message));
    arena_clear(&arena);
}

static const ProtobufCMessageDescriptor *const TYPES[] = {
    HEADER,
    &amana__v1__body__descriptor,
    &amana__v1__draft__descriptor,
    &amana__v1__delivery__descriptor,
    &amana__v1__entry_content__descriptor,
    &amana__v1__status_response__descriptor,
    &amana__v1__roster__descriptor,
    &amana__v1__retrieved__descriptor,
    &google__rpc__status__descriptor,
};

static void random_messages_survive_encoding_and_decoding(void **state)
{
    struct random_source source = random_seeded(__func__);
    struct arena arena, bounded;
    arena_init(&arena, 64u * ROOM);
    for (unsigned round = 0; round < 2000; round++) {
        const ProtobufCMessageDescriptor *type = TYPES[round % AM_LEN(TYPES)];
        ProtobufCMessage *message = random_message(&source, type, &arena), *back;
        struct am_bytes bytes, again;
        struct am_detail detail;
        assert_non_null(message);
        assert_int_equal(AM_OK, codec_encode(message, &arena, &bytes));
        arena_init(&bounded, ARENA_FOR(bytes.len));
        if (codec_decode(type, CODEC_STRICT, bytes, &bounded, &detail, &back) != AM_OK)
            fail_msg("%s: %s: %s", type->name, detail.field, detail.text);
        assert_int_equal(AM_OK, codec_encode(back, &arena, &again));
        assert_int_equal(bytes.len, again.len);
        assert_memory_equal(bytes.data, again.data, bytes.len);
        arena_clear(&bounded);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

// Some header of about the usual size, encoded into `arena`.
static struct am_bytes usual_header(struct arena *arena)
{
    uint8_t digest[65] = {1, 2, 3};
    Google__Protobuf__Timestamp time;
    timestamp_from_ns(1795518445123456789ull, &time);
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    sender.unit = (char *)"ke/dci/transnational", sender.roster = 7;
    Amana__V1__Recipient recipients[4], *pointers[4];
    for (unsigned i = 0; i < 4; i++) {
        amana__v1__recipient__init(pointers[i] = &recipients[i]);
        recipients[i].unit = (char *)"et/ics/moyale";
        recipients[i].roster = 12, recipients[i].part = 1;
    }
    Amana__V1__LogSeen seen = AMANA__V1__LOG_SEEN__INIT;
    seen.origin = (char *)"log.igad.amana.example/2026", seen.size = 123456;
    seen.root = (ProtobufCBinaryData){32, digest}, seen.signature = (ProtobufCBinaryData){64, digest};
    Amana__V1__Handling__Code handling[2] = {1, 3};
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    header.id = (char *)"01936f3a-7c4e-7d2b-8a51-9f0c2e6b7d11", header.kind = 1, header.schema_version = 1;
    header.status = 1, header.case_ref = (char *)"ke/dci/2026/004211", header.sender = &sender;
    header.device = (char *)"amana://ke/dci/transnational/device/d2";
    header.officer = (char *)"amana://ke/dci/transnational/officer/kdci-0417";
    header.releasing = &sender, header.n_recipients = 4, header.recipients = pointers;
    header.written_at = header.valid_until = header.retain_until = &time;
    header.urgency = 1, header.urgency_reason = 1, header.n_handling = 2, header.handling = handling;
    header.purpose = 1, header.legal_basis = 1, header.language = (char *)"en", header.log_seen = &seen;
    header.flags_digest = header.body_digest = header.body_commitment = (ProtobufCBinaryData){32, digest};
    header.oversight_point = (ProtobufCBinaryData){65, digest}, header.body_size = 4096;
    struct am_bytes bytes;
    assert_int_equal(AM_OK, codec_encode(&header.base, arena, &bytes));
    return bytes;
}

static void an_arena_that_is_too_small_is_said_so(void **state)
{
    struct arena source, arena;
    arena_init(&source, ROOM);
    struct am_bytes bytes = usual_header(&source);
    ProtobufCMessage *message = NULL;
    unsigned refused = 0;
    for (size_t limit = 0; message == NULL; limit += 16, refused++) {
        arena_init(&arena, limit);
        struct am_detail detail;
        enum am_err err = codec_decode(HEADER, CODEC_STRICT, bytes, &arena, &detail, &message);
        assert_int_equal(message == NULL ? AM_TOO_LARGE : AM_OK, err);
        arena_clear(&arena);
    }
    assert_true(refused > 20);
    arena_clear(&source);
}

static void a_decode_survives_each_failing_allocation(void **state)
{
    struct random_source random = random_seeded(__func__);
    struct arena source, arena;
    arena_init(&source, 64u * ROOM);
    arena_init(&arena, 64u * ROOM);
    for (unsigned round = 0; round < 200; round++) {
        const ProtobufCMessageDescriptor *type = TYPES[round % AM_LEN(TYPES)];
        struct am_bytes bytes;
        assert_int_equal(AM_OK, codec_encode(random_message(&random, type, &source), &source, &bytes));
        for (unsigned at = 1;; at++) {
            ProtobufCMessage *message;
            fail_malloc_at = at;
            enum am_err err = codec_decode(type, CODEC_STRICT, bytes, &arena, NULL, &message);
            bool over = fail_malloc_at > 0;
            fail_malloc_at = 0;
            arena_clear(&arena);
            assert_int_equal(over ? AM_OK : AM_NOMEM, err);
            if (over)
                break;
        }
        arena_reset(&source);
    }
    uint8_t *data;
    size_t len;
    Amana__V1__Flags flags = AMANA__V1__FLAGS__INIT;
    fail_malloc_at = 1;
    assert_int_equal(AM_NOMEM, codec_encode_alloc(&flags.base, &data, &len));
    assert_int_equal(AM_OK, codec_encode_alloc(&flags.base, &data, &len));
    assert_int_equal(0, len);
    free(data);
    arena_clear(&source);
}

static void a_header_is_decoded_in_microseconds(void **state)
{
    struct arena source, arena;
    arena_init(&source, ROOM);
    arena_init(&arena, ROOM);
    struct am_bytes bytes = usual_header(&source);
    enum { ROUNDS = 20000 };
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned i = 0; i < ROUNDS; i++) {
        ProtobufCMessage *message;
        assert_int_equal(AM_OK, codec_decode(HEADER, CODEC_STRICT, bytes, &arena, NULL, &message));
        arena_reset(&arena);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    printf("a header of %zu bytes: %.2f us a decode\n", bytes.len, ns / ROUNDS / 1000); // a figure, not a verdict
    arena_clear(&source);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clause_is_refused_with_its_path),
        cmocka_unit_test(packed_and_unpacked_elements_mean_the_same),
        cmocka_unit_test(absent_fields_are_empty_not_null),
        cmocka_unit_test(a_lenient_decode_does_not_pass_on_unknown_fields),
        cmocka_unit_test(more_elements_than_allowed_are_refused),
        cmocka_unit_test(nesting_ends_at_its_limit),
        cmocka_unit_test(random_messages_survive_encoding_and_decoding),
        cmocka_unit_test(an_arena_that_is_too_small_is_said_so),
        cmocka_unit_test(a_decode_survives_each_failing_allocation),
        cmocka_unit_test(a_header_is_decoded_in_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
