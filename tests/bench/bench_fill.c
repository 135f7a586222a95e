// SPDX-License-Identifier: Apache-2.0
// Makes a world's log large: bench_fill WORLD MESSAGES CASES.
#include "fill.h"
#include "server/signer/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--signer") == 0)
        return signer_main(argc, argv);
    if (argc != 4 || strtoul(argv[2], NULL, 10) == 0 || strtoul(argv[3], NULL, 10) == 0) {
        fprintf(stderr, "usage: bench_fill WORLD MESSAGES CASES\n");
        return 64;
    }
    fill_messages(argv[1], (unsigned)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
    return 0;
}
