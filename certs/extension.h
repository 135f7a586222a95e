// SPDX-License-Identifier: Apache-2.0
// What requests and the authorities that answer them share: names and extensions of one use. Inside certs/ only.
// Any thread.
#pragma once

#include "certs/certificate.h"

#include <openssl/x509v3.h>

// Lower-case DNS name of at least two labels.
bool certs_dns_valid(const char *name);

// Whether the name (a URI, or a DNS name for CERT_USE_HUB_SERVER) may have a certificate of this use. AM_INVALID.
AM_MUST_USE enum am_err certs_name_check(enum cert_use use, const char *name, struct am_detail *detail);

// Adds one extension, written as in OpenSSL's configuration, to *stack (made if NULL).
bool certs_add_extension(STACK_OF(X509_EXTENSION) **stack, X509V3_CTX *context, int nid, const char *value);

// Adds keyUsage, extendedKeyUsage and subjectAltName of a use. The name was checked.
bool certs_use_extensions(STACK_OF(X509_EXTENSION) **stack, X509V3_CTX *context, enum cert_use use, const char *name);

// The subject: O only, the unit in words. NULL: out of memory. Freed with X509_NAME_free.
X509_NAME *certs_subject(enum cert_use use, const char *name);

#define CERTS_NAME 256u // bytes of a URI or DNS name with its NUL

// What a request asks for, read from its extensions as a certificate's are read. AM_CERTIFICATE or AM_INVALID.
AM_MUST_USE enum am_err certs_request_use(X509_REQ *request, struct am_detail *detail, enum cert_use *ret_use,
                                          char ret_name[CERTS_NAME]);
