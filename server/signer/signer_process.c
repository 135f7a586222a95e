// SPDX-License-Identifier: Apache-2.0
// The signer's process: one loop over requests, with the key and the range that nobody else can touch.
#include "server/failpoint.h"
#include "server/signer/sandbox.h"
#include "server/signer/signer_folder.h"
#include "server/signer/wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SOCKET 3

struct process {
    const char *origin;
    EVP_PKEY *key;
    bool has_record;
    struct signer_state state;
    struct merkle_range extended; // the record's range and what SIGNER_ASK_MORE brought
    bool judged;                  // the log fits: batches may be signed
    bool unsynced;
};

static enum am_err take_hashes(struct merkle_range *range, uint32_t n)
{
    uint8_t hashes[SIGNER_BATCH][LOG_HASH_SIZE];
    if (n > SIGNER_BATCH)
        return AM_PROTO;
    TRY(signer_read(SOCKET, hashes, (size_t)n * LOG_HASH_SIZE));
    for (uint32_t i = 0; i < n; i++)
        TRY(merkle_range_append(range, hashes[i], NULL, NULL));
    return AM_OK;
}

// Records the range, then signs its root: in this order, so that no crash leaves a signature that isn't remembered.
static enum am_err record_and_sign(struct process *process, const struct merkle_range *range,
                                   struct signer_answer *answer)
{
    struct log_checkpoint checkpoint = {.size = range->size};
    TRY(merkle_range_root(range, checkpoint.root));
    FAILPOINT("signer-before-record");
    if (range->size != process->state.range.size) {
        TRY(signer_state_write(&process->state, range));
        process->unsynced = true;
    }
    FAILPOINT("signer-after-record");
    TRY(log_checkpoint_sign(process->origin, process->key, &checkpoint));
    answer->says = SIGNER_SAYS_DONE;
    answer->size = range->size;
    memcpy(answer->signature, checkpoint.signature, sizeof answer->signature);
    return AM_OK;
}

static enum am_err judge(struct process *process, const struct signer_request *request, struct signer_answer *answer)
{
    enum signer_judgement judgement =
        signer_judge(process->has_record ? &process->state : NULL, request->size, request->root, &process->extended);
    answer->judgement = judgement;
    answer->says = SIGNER_SAYS_REFUSED;
    if (judgement != SIGNER_SAME && judgement != SIGNER_EXTENDED)
        return AM_OK;
    struct merkle_range range = judgement == SIGNER_SAME ? process->state.range : process->extended;
    process->judged = true;
    return record_and_sign(process, &range, answer);
}

static enum am_err sign_batch(struct process *process, const struct signer_request *request,
                              struct signer_answer *answer)
{
    struct merkle_range range = process->state.range;
    uint8_t root[LOG_HASH_SIZE];
    TRY(take_hashes(&range, request->n));
    TRY(merkle_range_root(&range, root));
    answer->says = SIGNER_SAYS_REFUSED;
    // Only a batch that grows the tree that we know, to the root that we work out ourselves.
    if (!process->judged || request->n == 0 || range.size != request->size ||
        memcmp(root, request->root, sizeof root) != 0)
        return AM_OK;
    return record_and_sign(process, &range, answer);
}

static enum am_err answer_request(struct process *process, const struct signer_request *request,
                                  struct signer_answer *answer)
{
    switch (request->ask) {
    case SIGNER_ASK_READY:
        answer->says = process->has_record ? SIGNER_SAYS_DONE : SIGNER_SAYS_NONE;
        answer->size = process->has_record ? process->state.range.size : 0;
        process->extended = process->state.range;
        return AM_OK;
    case SIGNER_ASK_JUDGE: return judge(process, request, answer);
    case SIGNER_ASK_SIGN: return sign_batch(process, request, answer);
    default: return AM_PROTO;
    }
}

// The record is synced behind the answer, and before the next request is looked at.
static enum am_err sync_record(struct process *process)
{
    if (!process->unsynced)
        return AM_OK;
    process->unsynced = false;
    return signer_state_sync(&process->state);
}

static enum am_err serve(struct process *process)
{
    struct signer_request request;
    while (signer_read(SOCKET, &request, sizeof request) == AM_OK) {
        struct signer_answer answer;
        memset(&answer, 0, sizeof answer);
        if (request.ask == SIGNER_ASK_MORE) {
            TRY(take_hashes(&process->extended, request.n));
            continue;
        }
        TRY(answer_request(process, &request, &answer));
        FAILPOINT("signer-before-answer");
        TRY(signer_write(SOCKET, &answer, sizeof answer));
        FAILPOINT("signer-after-answer");
        TRY(sync_record(process));
    }
    return AM_OK; // the hub has ended
}

static void protect(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "amanad: signer");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The hub stops us by closing the socket, when its last batch is signed.
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static enum am_err prepare(struct process *process, char **argv, struct am_detail *detail)
{
    char path[SIGNER_PATH_MAX];
    process->origin = argv[3];
    TRY(signer_key_load(argv[2], detail, &process->key));
    if (mlockall(MCL_CURRENT) != 0)
        fprintf(stderr, "signer: memory can't be locked; the key may reach swap (raise `ulimit -l`)\n");
    TRY(signer_path(argv[2], "record", path));
    enum am_err err = signer_state_open(path, 1, &process->state);
    if (err == AM_BUSY)
        return am_fail(err, detail, "record", "%.200s is in use by another amanad", path);
    if (err != AM_OK && err != AM_NOT_FOUND)
        return am_fail(err, detail, "record", "%.200s can't be read", path);
    process->has_record = err == AM_OK;
    if (!process->has_record)
        merkle_range_init(&process->state.range);
    return signer_sandbox((uid_t)strtol(argv[4], NULL, 10), (gid_t)strtol(argv[5], NULL, 10), detail);
}

int signer_main(int argc, char **argv)
{
    struct process process = {.state = {.fd = -1}};
    struct am_detail detail = {0};
    if (argc != 6) {
        fprintf(stderr, "amanad --signer is started by amanad itself\n");
        return 64;
    }
    protect();
    enum am_err err = prepare(&process, argv, &detail);
    if (err == AM_OK)
        err = serve(&process);
    if (err != AM_OK)
        fprintf(stderr, "signer: %s: %s\n", detail.field[0] ? detail.field : "request",
                detail.text[0] ? detail.text : am_err_text(err));
    EVP_PKEY_free(process.key);
    signer_state_close(&process.state);
    return err == AM_OK ? 0 : 71;
}
