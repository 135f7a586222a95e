// SPDX-License-Identifier: Apache-2.0
// Private keys decoded without a copy outside OpenSSL's secure heap. Inside certs/ only. Any thread.
#pragma once

#include "proto/model/error.h"

#include <openssl/x509.h>

// The key of a file as keyfile_write makes it: PKCS#8 PEM, P-256 with its public key. `pem` has a NUL after its end and
// lies in the secure heap. NULL for any other text, which OpenSSL's own decoders may know.
EVP_PKEY *keyfile_plain(struct am_bytes pem);

// The outside of a file that is encrypted, to be freed with X509_SIG_free; NULL for any other text.
X509_SIG *keyfile_encrypted(struct am_bytes pem);
// What is inside; NULL where the passphrase doesn't open it.
EVP_PKEY *keyfile_decrypt(const X509_SIG *sealed, const char *passphrase, int passphrase_len);
