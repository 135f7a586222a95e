// SPDX-License-Identifier: Apache-2.0
// One algorithm for the program, one context for each thread.
#include "proto/log/hash.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts;
static bool has_contexts;
static EVP_MD *sha256;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void prepare(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    has_contexts = pthread_key_create(&contexts, free_context) == 0;
}

// This thread's; NULL where there is no memory.
static EVP_MD_CTX *own_context(void)
{
    pthread_once(&once, prepare);
    if (sha256 == NULL || !has_contexts)
        return NULL;
    EVP_MD_CTX *context = pthread_getspecific(contexts);
    if (context != NULL)
        return context;
    context = EVP_MD_CTX_new();
    if (context != NULL && pthread_setspecific(contexts, context) != 0) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

enum am_err log_hash(const struct am_bytes *parts, size_t n, uint8_t ret_hash[LOG_HASH_SIZE])
{
    EVP_MD_CTX *context = own_context();
    bool good = context != NULL && EVP_DigestInit_ex2(context, sha256, NULL) == 1;
    for (size_t i = 0; i < n && good; i++)
        good = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    return good && EVP_DigestFinal_ex(context, ret_hash, NULL) == 1 ? AM_OK : AM_CRYPTO;
}
