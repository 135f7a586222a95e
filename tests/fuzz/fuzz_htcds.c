// SPDX-License-Identifier: Apache-2.0
// A case in the fields of HTCDS, as JSON or CSV, from any bytes: no crash, no leak; what is refused says why.
#include "client/cmd/htcds_file.h"
#include "tests/fuzz/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(htcds_read, data, size);
    return 0;
}
