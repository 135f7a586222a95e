// SPDX-License-Identifier: Apache-2.0
// What reading a private key leaves in memory: nothing outside the heap that is locked and wiped.
#include "certs/keyfile.h"
#include "tests/unit/memory_search.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE 24u // bytes of the file's text that tell it

static char folder[] = "/tmp/amana-keyfile-XXXXXX", key_path[64], secret_path[64];

static int folder_make(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(key_path, sizeof key_path, "%s/hub.key", folder);
    snprintf(secret_path, sizeof secret_path, "%s/secret", folder);
    return CRYPTO_secure_malloc_init(64 * 1024, 16) == 0 ? -1 : 0;
}

static int folder_remove(void **state)
{
    remove(key_path);
    remove(secret_path);
    return rmdir(folder);
}

// In a process of its own, so that this one has never seen it: the file, and the masked 32 bytes of the key.
static void key_write(const struct keyfile_passphrase *passphrase)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        EVP_PKEY *key = keyfile_generate();
        uint8_t secret[32] = {0};
        BIGNUM *number = NULL;
        remove(key_path);
        bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
                    BN_bn2binpad(number, secret, 32) == 32;
        for (size_t i = 0; i < sizeof secret; i++)
            secret[i] ^= MEMORY_MASK;
        good = good && keyfile_write(key_path, key, passphrase, NULL) == AM_OK &&
               certs_write_file(secret_path, (struct am_bytes){secret, sizeof secret}, 0600, NULL) == AM_OK;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static struct am_bytes read_masked(const char *path)
{
    struct am_bytes bytes;
    assert_int_equal(certs_read_file(path, 4096, NULL, &bytes), AM_OK);
    return bytes;
}

// A piece of the second line of the file, masked, by way of a process of its own.
static void text_masked(uint8_t ret_piece[PIECE])
{
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct am_bytes file = read_masked(key_path);
        const char *line = strchr((const char *)file.data, '\n');
        for (size_t i = 0; i < PIECE; i++)
            ret_piece[i] = (uint8_t)(line[1 + i + 36] ^ MEMORY_MASK);
        _exit(write(ends[1], ret_piece, PIECE) == PIECE ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(read(ends[0], ret_piece, PIECE), PIECE);
    close(ends[0]);
    close(ends[1]);
}

static void a_key_that_was_read_lies_in_the_secure_heap_alone(void **state)
{
    struct am_detail detail = {0};
    struct am_bytes secret;
    uint8_t piece[PIECE];
    EVP_PKEY *key;

    key_write(NULL);
    secret = read_masked(secret_path);
    text_masked(piece);
    assert_int_equal(keyfile_read(key_path, NULL, &detail, &key), AM_OK);
    assert_int_equal(memory_places(secret.data, secret.len), 0);
    assert_int_equal(memory_places(piece, sizeof piece), 0);
    EVP_PKEY_free(key);
    free((void *)secret.data);
}

static int phrase_get(void *user, char *buffer, size_t size)
{
    memcpy(buffer, user, strlen(user));
    return (int)strlen(user);
}

static void an_encrypted_key_leaves_nothing_outside_the_secure_heap_either(void **state)
{
    static const struct keyfile_passphrase RIGHT = {phrase_get, (char *)"a lorry at Moyale"},
                                           WRONG = {phrase_get, (char *)"a lorry at Busia"};
    struct am_detail detail = {0};
    struct am_bytes secret;
    char command[256];
    EVP_PKEY *key;

    key_write(&RIGHT);
    secret = read_masked(secret_path);
    assert_int_equal(keyfile_read(key_path, NULL, &detail, &key), AM_DENIED);
    assert_int_equal(keyfile_read(key_path, &WRONG, &detail, &key), AM_CRYPTO);
    assert_int_equal(keyfile_read(key_path, &RIGHT, &detail, &key), AM_OK);
    assert_int_equal(memory_places(secret.data, secret.len), 0);
    EVP_PKEY_free(key);
    free((void *)secret.data);
    // Another program's choice of algorithms, and a key without its public half.
    snprintf(
        command, sizeof command,
        "openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -v2 aes-128-cbc -passout 'pass:a lorry at Moyale' "
        "-out %s && chmod 600 %s",
        key_path, key_path);
    assert_int_equal(system(command), 0);
    assert_int_equal(keyfile_read(key_path, &WRONG, &detail, &key), AM_CRYPTO);
    assert_int_equal(keyfile_read(key_path, &RIGHT, &detail, &key), AM_OK);
    EVP_PKEY_free(key);
}

// What others write: without the public key (RFC 5915 lets them), or cut off.
static void a_key_of_another_shape_is_read_or_refused_as_before(void **state)
{
    struct am_detail detail = {0};
    char command[512];
    EVP_PKEY *key;

    key_write(NULL);
    snprintf(command, sizeof command, "openssl pkey -in %s -out %s.ec -traditional && chmod 600 %s.ec && mv %s.ec %s",
             key_path, key_path, key_path, key_path, key_path);
    assert_int_equal(system(command), 0);
    assert_int_equal(keyfile_read(key_path, NULL, &detail, &key), AM_OK);
    EVP_PKEY_free(key);
    key_write(NULL);
    for (off_t len = 0; len < 241; len += 13) {
        key_write(NULL);
        assert_int_equal(truncate(key_path, len), 0);
        assert_int_equal(keyfile_read(key_path, NULL, &detail, &key), AM_INVALID);
    }
}

// A search that finds nothing anywhere would pass too.
static void the_search_finds_what_lies_in_plain_memory(void **state)
{
    struct am_bytes secret;
    uint8_t *plain = malloc(32);

    key_write(NULL);
    secret = read_masked(secret_path);
    for (size_t i = 0; i < 32; i++)
        plain[i] = secret.data[i] ^ MEMORY_MASK;
    assert_true(memory_places(secret.data, secret.len) >= 1);
    OPENSSL_cleanse(plain, 32);
    assert_int_equal(memory_places(secret.data, secret.len), 0);
    free(plain);
    free((void *)secret.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_lies_in_plain_memory),
        cmocka_unit_test(a_key_that_was_read_lies_in_the_secure_heap_alone),
        cmocka_unit_test(an_encrypted_key_leaves_nothing_outside_the_secure_heap_either),
        cmocka_unit_test(a_key_of_another_shape_is_read_or_refused_as_before),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
