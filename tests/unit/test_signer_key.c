// SPDX-License-Identifier: Apache-2.0
// What reading the log's key leaves in memory: nothing outside the heap that is locked and wiped.
#include "server/signer/signer_folder.h"
#include "tests/unit/memory_search.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE 24u // bytes of the file's text, past what every key begins with

static char folder[] = "/tmp/amana-signer-key-XXXXXX";

// What only another process has seen plainly, masked.
struct secret {
    uint8_t key[32], text[PIECE];
};

static bool secret_read(struct secret *ret_secret)
{
    char path[64], line[128];
    size_t len = sizeof ret_secret->key;
    EVP_PKEY *key;
    snprintf(path, sizeof path, "%s/log.key", folder);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof line, file) == NULL || fgets(line, sizeof line, file) == NULL ||
        signer_key_load(folder, NULL, &key) != AM_OK || EVP_PKEY_get_raw_private_key(key, ret_secret->key, &len) != 1)
        return false;
    memcpy(ret_secret->text, line + 24, PIECE);
    for (size_t i = 0; i < sizeof ret_secret->key; i++)
        ret_secret->key[i] ^= MEMORY_MASK;
    for (size_t i = 0; i < PIECE; i++)
        ret_secret->text[i] ^= MEMORY_MASK;
    return true;
}

static void secret_of(bool make, struct secret *ret_secret)
{
    char vkey[LOG_VKEY_MAX];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        bool good = (!make || signer_init(folder, "igad.amana.example/log", vkey, NULL) == AM_OK) &&
                    secret_read(ret_secret) &&
                    write(ends[1], ret_secret, sizeof *ret_secret) == (ssize_t)sizeof *ret_secret;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], ret_secret, sizeof *ret_secret), sizeof *ret_secret);
    close(ends[0]);
    close(ends[1]);
}

static void the_logs_key_lies_in_the_secure_heap_alone_once_it_was_read(void **state)
{
    struct am_detail detail = {0};
    struct secret secret;
    EVP_PKEY *key;
    secret_of(true, &secret);
    assert_int_equal(signer_key_load(folder, &detail, &key), AM_OK);
    assert_int_equal(memory_places(secret.key, sizeof secret.key), 0);
    assert_int_equal(memory_places(secret.text, sizeof secret.text), 0);
    EVP_PKEY_free(key);
}

static void the_search_would_find_the_key_elsewhere(void **state)
{
    struct secret secret;
    secret_of(false, &secret);
    uint8_t *plain = malloc(sizeof secret.key);
    for (size_t i = 0; i < sizeof secret.key; i++)
        plain[i] = secret.key[i] ^ MEMORY_MASK;
    assert_true(memory_places(secret.key, sizeof secret.key) >= 1);
    OPENSSL_cleanse(plain, sizeof secret.key);
    free(plain);
}

static int begin(void **state)
{
    return mkdtemp(folder) != NULL && CRYPTO_secure_malloc_init(64 * 1024, 16) != 0 ? 0 : -1;
}

static int end(void **state)
{
    static const char *const NAMES[] = {"log.key", "log.pub", "record"};
    for (size_t i = 0; i < AM_LEN(NAMES); i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_logs_key_lies_in_the_secure_heap_alone_once_it_was_read),
        cmocka_unit_test(the_search_would_find_the_key_elsewhere),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
