// SPDX-License-Identifier: Apache-2.0
// A statement about a member of any bytes.
#include "certs/member_statement.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct am_detail detail;
    struct member_statement *statement;

    if (member_statement_parse((struct am_bytes){data, size}, &detail, &statement) == AM_OK)
        member_statement_free(statement);
    ERR_clear_error();
    return 0;
}
