// SPDX-License-Identifier: Apache-2.0
// The kit of signer_kit.h.
#include "tests/unit/signer_kit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

uint8_t leaves[LEAVES][LOG_HASH_SIZE];
char folder[64];
struct log_verifier verifier;

const uint8_t (*leaves_from(unsigned at))[LOG_HASH_SIZE]
{
    return (const uint8_t(*)[LOG_HASH_SIZE])(leaves + at);
}

void root_of(unsigned size, uint8_t ret_root[LOG_HASH_SIZE])
{
    struct merkle_range range;
    merkle_range_init(&range);
    for (unsigned i = 0; i < size; i++)
        assert_int_equal(AM_OK, merkle_range_append(&range, leaves[i], NULL, NULL));
    assert_int_equal(AM_OK, merkle_range_root(&range, ret_root));
}

int plant(void **state)
{
    for (unsigned i = 0; i < LEAVES; i++)
        memcpy(leaves[i], &i, sizeof i);
    return 0;
}

int make_folder(void **state)
{
    char vkey[LOG_VKEY_MAX];
    strcpy(folder, "/tmp/amana-signer.XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(AM_OK, signer_init(folder, ORIGIN, vkey, NULL));
    assert_int_equal(AM_OK, log_verifier_parse(vkey, NULL, &verifier));
    return 0;
}

const char *file(const char *name)
{
    static char path[SIGNER_PATH_MAX];
    assert_int_equal(AM_OK, signer_path(folder, name, path));
    return path;
}

int remove_folder(void **state)
{
    log_verifier_clear(&verifier);
    unlink(file("log.key"));
    unlink(file("log.pub"));
    unlink(file("record"));
    return rmdir(folder);
}

struct signer *start(void)
{
    const struct signer_config config = {.folder = folder, .origin = ORIGIN, .shares_user = true};
    struct am_detail detail = {0};
    struct signer *signer;
    if (signer_start(&config, &detail, &signer) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    return signer;
}

enum am_err give_run(void *user, uint64_t from, uint64_t to, void *feed)
{
    for (uint64_t at = from; at < to; at += 700)
        TRY(signer_feed_give(feed, leaves_from((unsigned)at), to - at < 700 ? to - at : 700));
    return AM_OK;
}

enum signer_judgement judge_root(struct signer *signer, unsigned size, const uint8_t root[LOG_HASH_SIZE],
                                 uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    enum signer_judgement judgement = SIGNER_JUDGEMENTS;
    assert_int_equal(AM_OK, signer_open(signer, size, root, give_run, NULL, &judgement, ret_signature));
    return judgement;
}

enum signer_judgement judge(struct signer *signer, unsigned size, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(size, root);
    return judge_root(signer, size, root, ret_signature);
}

enum am_err sign_as(struct signer *signer, unsigned from, size_t n, uint64_t size, const uint8_t *root,
                    uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    TRY(signer_prepare(signer, leaves_from(from), n, size, root));
    return signer_sign(signer, size, root, ret_signature);
}

enum am_err sign(struct signer *signer, unsigned from, unsigned to, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    uint8_t root[LOG_HASH_SIZE];
    root_of(to, root);
    return sign_as(signer, from, to - from, to, root, ret_signature);
}

void holds(unsigned size, const uint8_t signature[LOG_SIGNATURE_SIZE])
{
    struct log_checkpoint checkpoint = {.size = size};
    root_of(size, checkpoint.root);
    memcpy(checkpoint.signature, signature, LOG_SIGNATURE_SIZE);
    assert_int_equal(AM_OK, log_checkpoint_verify(&verifier, &checkpoint));
}

void recorded(unsigned expected)
{
    uint64_t size;
    uint8_t root[LOG_HASH_SIZE], own[LOG_HASH_SIZE];
    assert_int_equal(AM_OK, signer_record(folder, &size, root));
    assert_int_equal(expected, size);
    root_of(expected, own);
    assert_memory_equal(own, root, sizeof root);
}
