// SPDX-License-Identifier: Apache-2.0
// An error's details on the wire: what was meant reaches the client, and nothing else is taken for it.
#include "google/rpc/status.pb-c.h"
#include "proto/codec/codec.h"
#include "proto/codec/status_details.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) ((struct am_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})
#define ROOM           (1024u * 1024)

static void an_error_reaches_the_client_as_it_was_meant(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    struct rpc_error error, back;
    rpc_error_set(&error, RPC_RESOURCE_EXHAUSTED, "QUOTA", "too many requests");
    rpc_error_add_violation(&error, "recipients[2].unit", "not an address");
    rpc_error_add_metadata(&error, "unit", "%s", "ke/dci/transnational");
    error.retry_delay_ns = 1500000000;
    rpc_error_set_quota(&error, "amana://ke/dci/transnational/device/d1", "at most 50 a second");
    struct am_bytes bytes;
    assert_int_equal(AM_OK, status_details_pack(&error, &arena, &bytes));
    assert_int_equal(AM_OK, status_details_parse(bytes, &arena, &back));
    assert_int_equal(RPC_RESOURCE_EXHAUSTED, back.status);
    assert_string_equal("QUOTA", back.reason);
    assert_string_equal("too many requests", back.text);
    assert_int_equal(1, back.violation_count);
    assert_string_equal("recipients[2].unit", back.violations[0].field);
    assert_string_equal("not an address", back.violations[0].text);
    assert_string_equal("ke/dci/transnational", rpc_error_metadata(&back, "unit"));
    assert_null(rpc_error_metadata(&back, "other"));
    assert_true(back.retry_delay_ns == 1500000000);
    assert_string_equal("amana://ke/dci/transnational/device/d1", back.quota.subject);
    assert_string_equal("at most 50 a second", back.quota.text);
    arena_clear(&arena);
}

static void an_error_without_details_has_none(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    struct rpc_error error, back;
    rpc_error_set(&error, RPC_NOT_FOUND, NULL, NULL);
    struct am_bytes bytes;
    assert_int_equal(AM_OK, status_details_pack(&error, &arena, &bytes));
    assert_int_equal(2, bytes.len);
    assert_int_equal(AM_OK, status_details_parse(bytes, &arena, &back));
    assert_int_equal(RPC_NOT_FOUND, back.status);
    assert_string_equal("", back.reason);
    assert_int_equal(AM_OK, status_details_parse(BYTES("\x08\x63"), &arena, &back));
    assert_int_equal(RPC_UNKNOWN, back.status);
    assert_int_equal(AM_PROTO, status_details_parse(BYTES("\x08"), &arena, &back));
    arena_clear(&arena);
}

// Another service behind the same name, a proxy say: its reasons are not ours.
static void a_reason_of_another_domain_is_not_taken(void **state)
{
    struct arena arena;
    arena_init(&arena, ROOM);
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = (char *)"REVOKED", info.domain = (char *)"example.net";
    struct am_bytes bytes;
    assert_int_equal(AM_OK, codec_encode(&info.base, &arena, &bytes));
    Google__Protobuf__Any details[2] = {GOOGLE__PROTOBUF__ANY__INIT, GOOGLE__PROTOBUF__ANY__INIT};
    Google__Protobuf__Any *pointers[2] = {&details[0], &details[1]};
    details[0].type_url = (char *)"type.googleapis.com/google.rpc.Unheard";
    details[0].value = codec_binary(BYTES("\xff"));
    details[1].type_url = (char *)"type.googleapis.com/google.rpc.ErrorInfo";
    details[1].value = codec_binary(bytes);
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = RPC_PERMISSION_DENIED, status.n_details = 2, status.details = pointers;
    assert_int_equal(AM_OK, codec_encode(&status.base, &arena, &bytes));
    struct rpc_error back;
    assert_int_equal(AM_OK, status_details_parse(bytes, &arena, &back));
    assert_int_equal(RPC_PERMISSION_DENIED, back.status);
    assert_string_equal("", back.reason);
    arena_clear(&arena);
}

static void long_texts_are_cut_between_characters(void **state)
{
    char text[700];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "é", 3);
    struct rpc_error error;
    rpc_error_set(&error, RPC_INTERNAL, "INTERNAL", text);
    assert_int_equal(510, strlen(error.text));
    assert_true(codec_text_valid(error.text, strlen(error.text)));
    for (unsigned i = 0; i < 20; i++) {
        rpc_error_add_violation(&error, "f", text);
        rpc_error_add_metadata(&error, text, "%s", text);
    }
    assert_int_equal(RPC_ERROR_VIOLATIONS, error.violation_count);
    assert_int_equal(RPC_ERROR_METADATA, error.metadata_count);
    assert_true(codec_text_valid(error.metadata[7].value, strlen(error.metadata[7].value)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_reaches_the_client_as_it_was_meant),
        cmocka_unit_test(an_error_without_details_has_none),
        cmocka_unit_test(a_reason_of_another_domain_is_not_taken),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
