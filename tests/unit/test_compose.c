// SPDX-License-Identifier: Apache-2.0
// From a draft to a sealed, signed message, off line; and back in each recipient's hands, with everything that must not
// be believed.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "certs/clock.h"
#include "certs/cms.h"
#include "client/session/compose.h"
#include "client/session/seal.h"
#include "proto/body/check.h"
#include "proto/codec/timestamp.h"
#include "proto/log/leaf.h"
#include "proto/model/header_check.h"
#include "tests/unit/client_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM    (16u * 1024 * 1024)
#define HOUR_NS (3600ull * NS_PER_S)

static struct client_env env;
static struct session *police, *post, *child, *mowsa;
static struct arena arena;

static int begin(void **state)
{
    client_env_init(&env);
    police = client_env_open(&env, ENV_POLICE, 5);
    post = client_env_open(&env, ENV_POST, 5);
    child = client_env_open(&env, ENV_CHILD, 5);
    mowsa = client_env_open(&env, ENV_MOWSA, 0);
    return 0;
}

static int end(void **state)
{
    session_close(police);
    session_close(post);
    session_close(child);
    session_close(mowsa);
    client_env_clear(&env);
    return 0;
}

static int begin_one(void **state)
{
    arena_init(&arena, ROOM);
    return 0;
}

static int end_one(void **state)
{
    arena_wipe(&arena);
    return 0;
}

static Amana__V1__Message *composed(struct session *session, const struct compose *compose)
{
    struct am_detail detail = {0};
    enum reason reason;
    Amana__V1__Message *message = NULL;
    enum am_err err = compose_message(session, compose, &arena, &detail, &reason, &message);
    if (err != AM_OK)
        fail_msg("%s: %s: %s", am_err_text(err), detail.field, detail.text);
    return message;
}

static Amana__V1__Message *alert(void)
{
    struct compose compose = {.draft = client_env_draft(&arena)};
    return composed(police, &compose);
}

// What compose_check says of a changed draft.
static enum reason judged(Amana__V1__Draft *draft, struct am_detail *detail)
{
    struct compose compose = {.draft = draft};
    *detail = (struct am_detail){0};
    return compose_check(police, &compose, detail);
}

static void the_alert_of_the_story_is_opened_by_each_recipient_and_by_the_sender(void **state)
{
    struct session *readers[] = {police, post, child, mowsa};
    Amana__V1__Message *message = alert();
    for (size_t i = 0; i < AM_LEN(readers); i++) {
        struct opened opened;
        struct am_detail detail = {0};
        enum am_err err = seal_open(readers[i], message, &arena, &detail, &opened);
        if (err != AM_OK)
            fail_msg("%s: %s", detail.field, detail.text);
        assert_null(opened.fault);
        assert_int_equal(opened.rule, REASON_NONE);
        assert_true(opened.flags->child);
        assert_int_equal(opened.header->kind, KIND(ALERT));
        assert_int_equal(body_alert(opened.body)->persons[0]->count, 14);
        assert_true(opened.flags->child);
    }
}

static void the_envelope_is_whole_and_names_what_was_used(void **state)
{
    Amana__V1__Message *message = alert();
    struct am_detail detail = {0};
    Amana__V1__Header *header;
    uint8_t digest[32];
    struct header_context context = {0};
    assert_int_equal(seal_header(message, &arena, &detail, &header), AM_OK);
    if (header_check(header, &context, &detail) != REASON_NONE)
        fail_msg("%s: %s", detail.field, detail.text);
    assert_string_equal(header->sender->unit, ENV_POLICE);
    assert_int_equal(header->sender->roster, 1);
    assert_string_equal(header->officer, "amana://" ENV_POLICE "/officer/o-1");
    for (size_t i = 0; i < header->n_recipients; i++)
        assert_int_equal(header->recipients[i]->roster, 1);
    assert_int_equal(header->log_seen->size, 5);
    assert_string_equal(header->log_seen->origin, ENV_ORIGIN);
    assert_int_equal(log_sha256(codec_bytes(message->sealed_body), digest), AM_OK);
    assert_memory_equal(header->body_digest.data, digest, 32);
    assert_int_equal(header->body_size, message->sealed_body.len);
    assert_int_equal(log_sha256(codec_bytes(message->flags), digest), AM_OK);
    assert_memory_equal(header->flags_digest.data, digest, 32);
}

static void what_is_kept_for_less_than_72_hours_is_in_force_as_long_as_it_is_kept(void **state)
{
    Google__Protobuf__Timestamp kept = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Amana__V1__Draft *draft = client_env_draft(&arena);
    struct compose compose = {.draft = draft};
    Amana__V1__Header *header;
    timestamp_from_ns(clock_utc() + 24 * HOUR_NS, &kept);
    draft->retain_until = &kept;
    assert_int_equal(seal_header(composed(police, &compose), &arena, NULL, &header), AM_OK);
    assert_int_equal(header_time_or_0(header->valid_until), header_time_or_0(&kept));
}

static void what_is_left_out_of_a_draft_is_filled_in(void **state)
{
    Amana__V1__Header *header;
    assert_int_equal(seal_header(alert(), &arena, NULL, &header), AM_OK);
    uint64_t written = header_time_or_0(header->written_at);
    assert_int_equal(header_time_or_0(header->valid_until) - written, 72 * HOUR_NS);
    assert_int_equal(header_time_or_0(header->retain_until) - written, 365 * 24 * HOUR_NS);
    assert_int_equal(header->release, AMANA__V1__RELEASE__CODE__NOT_NEEDED);
    assert_int_equal(written % 1000000, 0);
}

static void the_signature_is_the_officers_over_exactly_these_bytes(void **state)
{
    Amana__V1__Message *message = alert();
    struct cms_signature signature;
    const struct certificate *officer;
    assert_int_equal(session_key(police, CERT_USE_SIGN_OFFICER, NULL, &officer, NULL), AM_OK);
    assert_int_equal(cms_profile_signature(codec_bytes(message->signature), CMS_DETACHED_FORM, NULL, &signature),
                     AM_OK);
    assert_int_equal(signature.count, 1);
    assert_int_equal(cms_verify_bare(&signature, codec_bytes(message->header), officer, NULL), AM_OK);
    message->header.data[message->header.len / 2] ^= 1;
    assert_int_equal(cms_verify_bare(&signature, codec_bytes(message->header), officer, NULL), AM_SIGNATURE);
}

static void it_is_sealed_to_every_device_addressed_and_to_no_other(void **state)
{
    Amana__V1__Message *message = alert();
    struct session *readers[] = {police, post, child, mowsa};
    const struct certificate *certificates[AM_LEN(readers)];
    static struct cms_seal seal;
    for (size_t i = 0; i < AM_LEN(readers); i++)
        assert_int_equal(session_key(readers[i], CERT_USE_SEAL, NULL, &certificates[i], NULL), AM_OK);
    assert_int_equal(cms_profile_seal(codec_bytes(message->sealed_body), NULL, &seal), AM_OK);
    assert_int_equal(cms_seal_matches(&seal, certificates, AM_LEN(readers), NULL), CMS_MATCH_EXACT);
}

static void bodies_are_padded_to_sizes_that_say_little(void **state)
{
    assert_int_equal(compose_padded(0), 2048);
    assert_int_equal(compose_padded(2048), 2048);
    assert_int_equal(compose_padded(2049), 2176);
    assert_int_equal(compose_padded(9000), 9216);
    for (size_t len = 1; len < 70000; len += 13) {
        size_t padded = compose_padded(len);
        assert_true(padded >= len && padded >= 2048);
        assert_true(len <= 2048 || padded - len <= len * 12 / 100); // Padmé: at most 12 % more
        assert_int_equal(compose_padded(padded), padded);
    }
    // Any length of text ends on such a size once the padding field itself is in.
    Amana__V1__Draft *draft = client_env_draft(&arena);
    char text[4096];
    for (unsigned len = 0; len < 300; len++) {
        struct compose compose = {.draft = draft};
        struct am_bytes plain;
        const struct certificate *certificate;
        EVP_PKEY *key;
        memset(text, 'x', len + 1000);
        text[len + 1000] = '\0';
        draft->alert->summary = text;
        Amana__V1__Message *message = composed(police, &compose);
        assert_int_equal(session_key(post, CERT_USE_SEAL, NULL, &certificate, &key), AM_OK);
        assert_int_equal(cms_open(codec_bytes(message->sealed_body), certificate, key, NULL, &plain), AM_OK);
        assert_int_equal(compose_padded(plain.len), plain.len);
        cms_plain_free(&plain);
        arena_reset(&arena);
        draft = client_env_draft(&arena);
        len += 6;
    }
}

static void ids_are_uuids_of_version_7_in_order_of_time(void **state)
{
    char first[37], second[37];
    assert_int_equal(compose_id(1795518445123ull * 1000000, first), AM_OK);
    assert_int_equal(compose_id(1795518445124ull * 1000000, second), AM_OK);
    assert_int_equal(message_id_check(first, NULL, NULL), AM_OK);
    assert_true(strcmp(first, second) < 0);
    assert_int_equal(strncmp(first, "01a20d3d-3643", 13), 0);
}

static void without_a_verified_checkpoint_nothing_can_be_written(void **state)
{
    struct session *fresh = client_env_open(&env, ENV_POLICE, 0);
    struct compose compose = {.draft = client_env_draft(&arena)};
    struct am_detail detail = {0};
    enum reason reason;
    Amana__V1__Message *message;
    assert_int_equal(compose_message(fresh, &compose, &arena, &detail, &reason, &message), AM_NOT_FOUND);
    assert_string_equal(detail.field, "log_seen");
    session_close(fresh);
}

static void a_roster_never_verified_is_named_where_there_is_no_link(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    struct compose compose = {.draft = draft};
    struct am_detail detail = {0};
    enum reason reason;
    Amana__V1__Message *message;
    draft->recipients[0]->unit = (char *)"ug/upf/malaba";
    assert_int_equal(compose_message(police, &compose, &arena, &detail, &reason, &message), AM_NOT_FOUND);
    assert_int_equal(reason, REASON_NONE);
    assert_string_equal(detail.field, "ug/upf/malaba");
}

// --- Refused before anything is sealed
static void refused(Amana__V1__Draft *draft, enum reason reason, const char *field)
{
    struct am_detail detail;
    assert_string_equal(reason_name(judged(draft, &detail)), reason_name(reason));
    assert_string_equal(detail.field, field);
    assert_string_not_equal(detail.text, "");
}

static void a_child_needs_the_protection_unit_of_the_senders_country(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    struct am_detail detail;
    assert_int_equal(judged(draft, &detail), REASON_NONE);
    draft->recipients[1] = draft->recipients[2];
    draft->n_recipients = 2;
    assert_int_equal(judged(draft, &detail), REASON_CHILD_NEEDS_PROTECTION_UNIT);
    assert_non_null(strstr(detail.text, ENV_CHILD));
}

static void a_child_in_the_body_must_be_flagged(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    draft->flags->child = false;
    refused(draft, REASON_FIELD_INVALID, "flags.child");
}

static void the_question_about_protection_must_be_answered(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    draft->flags->protection = AMANA__V1__PROTECTION__CODE__UNSPECIFIED;
    refused(draft, REASON_PROTECTION_UNANSWERED, "flags.protection");
    draft->flags->protection = AMANA__V1__PROTECTION__CODE__YES;
    refused(draft, REASON_FIELD_INVALID, "flags.never_tell");
}

static void what_needs_a_second_person_is_not_sent_without(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    struct am_detail detail;
    draft->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__PERSON;
    refused(draft, REASON_RELEASE_REQUIRED, "release");
    draft->subject_kind = AMANA__V1__SUBJECT_KIND__CODE__GROUP;
    refused(draft, REASON_RELEASE_REQUIRED, "release");
    draft->release = AMANA__V1__RELEASE__CODE__UNSPECIFIED; // left out, it is asked for where it is needed
    assert_int_equal(judged(draft, &detail), REASON_NONE);
    draft = client_env_draft(&arena);
    draft->classification = AMANA__V1__CLASSIFICATION__CODE__CONFIDENTIAL;
    refused(draft, REASON_RELEASE_REQUIRED, "release");
    draft->release = AMANA__V1__RELEASE__CODE__DEFERRED;
    assert_int_equal(judged(draft, &detail), REASON_NONE);
}

static void an_identified_person_is_not_sent_without_release(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    Amana__V1__NamePart name = AMANA__V1__NAME_PART__INIT, *names[] = {&name};
    name.type = AMANA__V1__NAME_PART__TYPE__GIVEN;
    name.text = (char *)"Asha";
    draft->alert->persons[1]->n_names = 1;
    draft->alert->persons[1]->names = names;
    refused(draft, REASON_RELEASE_REQUIRED, "alert.persons[1]");
}

static void a_victim_is_never_a_suspect_and_only_a_suspect_is_detained(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    Amana__V1__PersonRole__Code both[] = {AMANA__V1__PERSON_ROLE__CODE__PRESUMED_VICTIM,
                                          AMANA__V1__PERSON_ROLE__CODE__SUSPECT};
    draft->alert->persons[0]->roles = both;
    draft->alert->persons[0]->n_roles = 2;
    refused(draft, REASON_FIELD_INVALID, "alert.persons[0].roles");
    draft = client_env_draft(&arena);
    draft->alert->persons[0]->actions[0] = AMANA__V1__ACTION__CODE__DETAIN;
    refused(draft, REASON_FIELD_INVALID, "alert.persons[0].actions");
}

static void a_body_of_another_kind_is_refused(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    Amana__V1__Ack ack = AMANA__V1__ACK__INIT;
    draft->body_case = AMANA__V1__DRAFT__BODY_ACK;
    draft->ack = &ack;
    refused(draft, REASON_FIELD_INVALID, "alert");
}

// --- What a recipient must not believe
// The message with its body and header changed by a sender who signs what he likes; only opening is looked at.
struct forged {
    Amana__V1__Header *header;
    Amana__V1__Body *body;
    Amana__V1__Message message;
};

static struct forged forge_begin(void)
{
    struct forged forged;
    struct opened opened;
    assert_int_equal(seal_open(post, alert(), &arena, NULL, &opened), AM_OK);
    forged.header = opened.header;
    forged.body = opened.body;
    amana__v1__message__init(&forged.message);
    return forged;
}

static void set_digest(ProtobufCBinaryData *field, struct am_bytes bytes)
{
    uint8_t *digest = arena_alloc(&arena, 32);
    assert_int_equal(log_sha256(bytes, digest), AM_OK);
    *field = (ProtobufCBinaryData){32, digest};
}

static enum am_err forge_open(struct forged *forged, bool commit, struct opened *ret_opened)
{
    struct am_bytes plain, header, sealed;
    const struct certificate *certificate;
    assert_int_equal(codec_encode(&forged->body->base, &arena, &plain), AM_OK);
    assert_int_equal(session_key(post, CERT_USE_SEAL, NULL, &certificate, NULL), AM_OK);
    assert_int_equal(cms_seal(plain, &certificate->x509, 1, NULL, &sealed), AM_OK);
    if (commit)
        set_digest(&forged->header->body_commitment, plain);
    assert_int_equal(codec_encode(&forged->header->base, &arena, &header), AM_OK);
    forged->message.header = codec_binary(header);
    forged->message.sealed_body = (ProtobufCBinaryData){sealed.len, arena_copy(&arena, sealed.data, sealed.len)};
    free((void *)sealed.data);
    return seal_open(post, &forged->message, &arena, NULL, ret_opened);
}

static void a_forged_message_that_changes_nothing_opens(void **state)
{
    struct forged forged = forge_begin();
    struct opened opened;
    assert_int_equal(forge_open(&forged, true, &opened), AM_OK);
    assert_null(opened.fault);
}

static void another_text_than_the_header_commits_to_is_refused(void **state)
{
    struct forged forged = forge_begin();
    struct opened opened;
    forged.body->alert->title = (char *)"another text";
    assert_int_equal(forge_open(&forged, false, &opened), AM_INVALID);
    assert_string_equal(opened.fault, "COMMITMENT");
}

static void a_body_lifted_into_another_envelope_is_refused(void **state)
{
    for (unsigned i = 0; i < 6; i++) {
        struct forged forged = forge_begin();
        struct opened opened;
        Amana__V1__Header *header = forged.header;
        switch (i) {
        case 0: header->id[35] = header->id[35] == '0' ? '1' : '0'; break;
        case 1: header->officer = (char *)"amana://" ENV_POLICE "/officer/o-2"; break;
        case 2: header->case_ref = (char *)"ke/dci/2026/004212"; break;
        case 3: header->recipients[1]->unit = (char *)"ug/upf/malaba"; break;
        case 4: header->n_recipients--; break;
        default: header->written_at->seconds++; break;
        }
        assert_int_equal(forge_open(&forged, true, &opened), AM_INVALID);
        assert_string_equal(opened.fault, "BINDING");
    }
}

static void other_flags_than_the_hub_was_given_are_refused(void **state)
{
    struct forged forged = forge_begin();
    struct opened opened;
    set_digest(&forged.header->flags_digest, (struct am_bytes){(const uint8_t *)"other", 5});
    assert_int_equal(forge_open(&forged, true, &opened), AM_INVALID);
    assert_string_equal(opened.fault, "BINDING");
}

static void a_reader_refuses_what_breaks_a_rule_that_only_it_can_see(void **state)
{
    struct forged forged = forge_begin();
    struct opened opened;
    Amana__V1__NamePart name = AMANA__V1__NAME_PART__INIT, *names[] = {&name};
    name.type = AMANA__V1__NAME_PART__TYPE__GIVEN;
    name.text = (char *)"Asha";
    forged.body->alert->persons[1]->n_names = 1;
    forged.body->alert->persons[1]->names = names;
    assert_int_equal(forge_open(&forged, true, &opened), AM_INVALID);
    assert_string_equal(opened.fault, "ROLE_RULE");
}

static void a_seal_for_somebody_else_says_so(void **state)
{
    Amana__V1__Draft *draft = client_env_draft(&arena);
    struct compose compose = {.draft = draft};
    struct opened opened;
    draft->n_recipients = 2; // without et/mowsa/protection
    Amana__V1__Message *message = composed(police, &compose);
    assert_int_equal(seal_open(mowsa, message, &arena, NULL, &opened), AM_SEAL);
    assert_string_equal(opened.fault, "CANNOT_OPEN");
    assert_non_null(opened.header);
}

// --- Sealed anew
static void a_message_sealed_anew_keeps_its_id_and_time_and_text(void **state)
{
    Amana__V1__Message *first = alert(), *second;
    struct am_detail detail = {0};
    struct opened before, after;
    assert_int_equal(compose_again(police, first, &arena, &detail, &second), AM_OK);
    assert_int_equal(seal_open(post, first, &arena, &detail, &before), AM_OK);
    assert_int_equal(seal_open(post, second, &arena, &detail, &after), AM_OK);
    assert_string_equal(before.header->id, after.header->id);
    assert_int_equal(header_time_or_0(before.header->written_at), header_time_or_0(after.header->written_at));
    assert_string_equal(before.body->alert->summary, after.body->alert->summary);
    assert_memory_not_equal(before.body->nonce.data, after.body->nonce.data, 32);
    assert_memory_not_equal(before.header->body_commitment.data, after.header->body_commitment.data, 32);
    assert_int_equal(before.flags->child, after.flags->child);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_one, end_one)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_alert_of_the_story_is_opened_by_each_recipient_and_by_the_sender),
        TEST(the_envelope_is_whole_and_names_what_was_used),
        TEST(what_is_kept_for_less_than_72_hours_is_in_force_as_long_as_it_is_kept),
        TEST(what_is_left_out_of_a_draft_is_filled_in),
        TEST(the_signature_is_the_officers_over_exactly_these_bytes),
        TEST(it_is_sealed_to_every_device_addressed_and_to_no_other),
        TEST(bodies_are_padded_to_sizes_that_say_little),
        TEST(ids_are_uuids_of_version_7_in_order_of_time),
        TEST(without_a_verified_checkpoint_nothing_can_be_written),
        TEST(a_roster_never_verified_is_named_where_there_is_no_link),
        TEST(a_child_needs_the_protection_unit_of_the_senders_country),
        TEST(a_child_in_the_body_must_be_flagged),
        TEST(the_question_about_protection_must_be_answered),
        TEST(what_needs_a_second_person_is_not_sent_without),
        TEST(an_identified_person_is_not_sent_without_release),
        TEST(a_victim_is_never_a_suspect_and_only_a_suspect_is_detained),
        TEST(a_body_of_another_kind_is_refused),
        TEST(a_forged_message_that_changes_nothing_opens),
        TEST(another_text_than_the_header_commits_to_is_refused),
        TEST(a_body_lifted_into_another_envelope_is_refused),
        TEST(other_flags_than_the_hub_was_given_are_refused),
        TEST(a_reader_refuses_what_breaks_a_rule_that_only_it_can_see),
        TEST(a_seal_for_somebody_else_says_so),
        TEST(a_message_sealed_anew_keeps_its_id_and_time_and_text),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
