// SPDX-License-Identifier: Apache-2.0
// `amanad fsck`: every entry of a log against its tree and the signer's record.
#include "server/fsck.h"

#include "proto/model/limits.h"
#include "server/exit_status.h"
#include "server/journal_open.h"
#include "server/store/store.h"

#include <stdio.h>
#include <stdlib.h>

static void fault_print(void *user, uint64_t seq, const char *what)
{
    size_t *faults = user;

    ++*faults;
    if (seq == UINT64_MAX)
        printf("the log: %s\n", what);
    else
        printf("entry %llu: %s\n", (unsigned long long)seq, what);
}

int fsck_run(const char *folder)
{
    struct am_detail detail = {0};
    uint8_t root[32] = {0};
    uint64_t size = 0, record = 0;
    size_t faults = 0;
    char signer[CONFIG_PATH + 1];
    enum am_err err, record_err = signer_folder(folder, &detail, signer);

    if (record_err == AM_OK)
        record_err = signer_record(signer, &record, root);
    if (record_err != AM_OK) {
        printf("the signer's record: %s\n", am_err_text(record_err));
        faults++;
    }
    err = store_fsck(folder, record_err == AM_OK ? record : 0, root, fault_print, &faults, &size, &detail);
    if (err != AM_OK && err != AM_CORRUPT) {
        fprintf(stderr, "amanad: %s: %s\n", detail.field[0] ? detail.field : folder,
                detail.text[0] ? detail.text : am_err_text(err));
        return exit_status(err);
    }
    printf("%s: %llu entries, %zu fault%s\n", folder, (unsigned long long)size, faults, faults == 1 ? "" : "s");
    return faults == 0 && err == AM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
