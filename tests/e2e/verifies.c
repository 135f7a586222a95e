// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD for amanad: a line on stderr for each chain that the loop's thread verifies, "verifies on=loop"; and one
// for the first of a worker, so that a test sees that it is there.
#include <dlfcn.h>
#include <openssl/x509_vfy.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static void say(const char *line)
{
    ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written;
}

int X509_verify_cert(X509_STORE_CTX *context)
{
    static int (*_Atomic real)(X509_STORE_CTX *);
    static atomic_bool worker;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "X509_verify_cert");
    if (gettid() == getpid())
        say("verifies on=loop\n");
    else if (!atomic_exchange(&worker, true))
        say("verifies on=worker\n");
    return real(context);
}
