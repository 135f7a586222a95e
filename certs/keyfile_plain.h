// SPDX-License-Identifier: Apache-2.0
// An unencrypted private key decoded without a copy outside OpenSSL's secure heap. Inside certs/ only.
#pragma once

#include "proto/model/error.h"

#include <openssl/evp.h>

// The key of a file as keyfile_write makes it: PKCS#8 PEM, P-256 with its public key. `pem` has a NUL after its end and
// lies in the secure heap. NULL for any other text, which OpenSSL's own decoders may know.
EVP_PKEY *keyfile_plain(struct am_bytes pem);
