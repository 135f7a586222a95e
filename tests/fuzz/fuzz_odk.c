// SPDX-License-Identifier: Apache-2.0
// A submission of ODK from any bytes: no crash, no leak, no answer lost; what is refused says why.
#include "client/cmd/odk.h"
#include "tests/fuzz/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(odk_read, data, size);
    return 0;
}
