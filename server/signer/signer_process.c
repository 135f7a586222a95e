// SPDX-License-Identifier: Apache-2.0
// The signer's process: one loop over requests, with the key and the range that nobody else can touch.
#include "proto/failpoint.h"
#include "server/signer/process.h"
#include "server/signer/sandbox.h"
#include "server/signer/signer_folder.h"
#include "server/signer/wire.h"

#include <bsd/unistd.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#define SOCKET      3
#define SECURE_HEAP (64 * 1024) // bytes, locked: the key and what is read of its file

// The batch that is being committed. Its signature is given to nobody before the record holds its range.
struct prepared {
    enum signer_refusal refusal; // or SIGNER_REFUSED_NOT
    struct merkle_range range;
    struct log_checkpoint checkpoint; // signed
};

struct process {
    char *folder, *origin;
    uid_t uid;
    gid_t gid;
    EVP_PKEY *key;
    bool has_record;
    struct signer_state state;
    struct merkle_range extended; // the tree last signed and what SIGNER_ASK_MORE brought
    bool judged;                  // the log fits: batches may be signed
    bool unsynced;                // the record was written since the last sync
    struct prepared prepared;
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

// --- What is refused is said on stderr: a hub that asks for it was taken over, or its disk was changed.
static void refuse(const struct process *process, const struct signer_request *request, enum signer_refusal refusal,
                   struct signer_answer *answer)
{
    static const char *const WHY[SIGNER_REFUSALS] = {
        [SIGNER_REFUSED_JUDGEMENT] = "the log is not the one that was signed",
        [SIGNER_REFUSED_UNPREPARED] = "a batch that was not handed over before",
        [SIGNER_REFUSED_UNJUDGED] = "a batch before the log was found to be the one that was signed",
        [SIGNER_REFUSED_EMPTY] = "a batch without entries",
        [SIGNER_REFUSED_SIZE] = "not the size that the batch leads to",
        [SIGNER_REFUSED_ROOT] = "not the root that the batch leads to",
    };
    answer->says = SIGNER_SAYS_REFUSED;
    answer->refusal = refusal;
    fprintf(stderr, "signer-refused reason=\"%s\" size=%llu signed=%llu\n",
            refusal == SIGNER_REFUSED_JUDGEMENT ? signer_judgement_text(answer->judgement) : WHY[refusal],
            (unsigned long long)request->size, (unsigned long long)process->state.range.size);
}

static enum am_err sign_range(const struct process *process, const struct merkle_range *range,
                              struct log_checkpoint *ret_checkpoint)
{
    struct log_checkpoint checkpoint = {.size = range->size};
    TRY(merkle_range_root(range, checkpoint.root));
    TRY(log_checkpoint_sign(process->origin, process->key, &checkpoint));
    *ret_checkpoint = checkpoint;
    return AM_OK;
}

// Records the range, then gives the signature of its root: in this order, so that no crash leaves a signature that
// somebody has and isn't remembered.
static enum am_err record_and_give(struct process *process, const struct merkle_range *range,
                                   const struct log_checkpoint *checkpoint, struct signer_answer *answer)
{
    FAILPOINT("signer-before-record");
    if (range->size != process->state.range.size) {
        TRY(signer_state_write(&process->state, range));
        process->unsynced = true;
    }
    // Nothing that was handed over before may branch off from here.
    process->extended = process->state.range;
    process->prepared.refusal = SIGNER_REFUSED_UNPREPARED;
    FAILPOINT("signer-after-record");
    answer->says = SIGNER_SAYS_DONE;
    answer->size = range->size;
    memcpy(answer->signature, checkpoint->signature, sizeof answer->signature);
    return AM_OK;
}

static enum am_err judge(struct process *process, const struct signer_request *request, struct signer_answer *answer)
{
    enum signer_judgement judgement =
        signer_judge(process->has_record ? &process->state : NULL, request->size, request->root, &process->extended);
    answer->judgement = judgement;
    process->judged = judgement == SIGNER_SAME || judgement == SIGNER_EXTENDED;
    if (!process->judged) {
        refuse(process, request, SIGNER_REFUSED_JUDGEMENT, answer);
        return AM_OK;
    }
    struct merkle_range range = judgement == SIGNER_SAME ? process->state.range : process->extended;
    struct log_checkpoint checkpoint;
    TRY(sign_range(process, &range, &checkpoint));
    return record_and_give(process, &range, &checkpoint, answer);
}

// Only a batch that grows the tree that we know, to the root that we work out ourselves.
static enum am_err prepare_batch(struct process *process, const struct signer_request *request)
{
    struct prepared *prepared = &process->prepared;
    uint8_t root[LOG_HASH_SIZE];
    prepared->range = process->state.range;
    TRY(take_hashes(&prepared->range, request->n));
    TRY(merkle_range_root(&prepared->range, root));
    prepared->refusal = !process->judged                                ? SIGNER_REFUSED_UNJUDGED
                        : request->n == 0                               ? SIGNER_REFUSED_EMPTY
                        : prepared->range.size != request->size         ? SIGNER_REFUSED_SIZE
                        : memcmp(root, request->root, sizeof root) != 0 ? SIGNER_REFUSED_ROOT
                                                                        : SIGNER_REFUSED_NOT;
    return prepared->refusal == SIGNER_REFUSED_NOT ? sign_range(process, &prepared->range, &prepared->checkpoint)
                                                   : AM_OK;
}

static enum am_err sign_batch(struct process *process, const struct signer_request *request,
                              struct signer_answer *answer)
{
    const struct prepared *prepared = &process->prepared;
    const struct log_checkpoint *checkpoint = &prepared->checkpoint;
    enum signer_refusal refusal = prepared->refusal;
    if (refusal == SIGNER_REFUSED_NOT && checkpoint->size != request->size)
        refusal = SIGNER_REFUSED_SIZE;
    if (refusal == SIGNER_REFUSED_NOT && memcmp(checkpoint->root, request->root, sizeof request->root) != 0)
        refusal = SIGNER_REFUSED_ROOT;
    if (refusal == SIGNER_REFUSED_NOT)
        return record_and_give(process, &prepared->range, checkpoint, answer);
    refuse(process, request, refusal, answer);
    return AM_OK;
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

// Behind the answer, and before the next request is looked at.
static enum am_err sync_record(struct process *process)
{
    if (!process->unsynced)
        return AM_OK;
    TRY(signer_state_sync(&process->state));
    process->unsynced = false;
    FAILPOINT("signer-after-sync");
    return AM_OK;
}

static enum am_err serve(struct process *process)
{
    struct signer_request request;
    while (signer_read(SOCKET, &request, sizeof request) == AM_OK) {
        struct signer_answer answer;
        memset(&answer, 0, sizeof answer);
        if (request.ask == SIGNER_ASK_MORE || request.ask == SIGNER_ASK_PREPARE) {
            TRY(request.ask == SIGNER_ASK_MORE ? take_hashes(&process->extended, request.n)
                                               : prepare_batch(process, &request));
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

// --- Starting
static enum am_err protect(struct am_detail *detail)
{
    static const int LEFT_TO_THE_HUB[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    process_no_core();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return am_fail(AM_DENIED, detail, "signer", "no_new_privs can't be set");
    // The hub stops us by closing the socket, when its last batch is signed.
    for (size_t i = 0; i < AM_LEN(LEFT_TO_THE_HUB); i++)
        signal(LEFT_TO_THE_HUB[i], SIG_IGN);
    if (CRYPTO_secure_malloc_init(SECURE_HEAP, 16) != 1)
        fprintf(stderr, "signer-memory what=\"can't be locked: the key may reach swap\" do=\"raise ulimit -l\"\n");
    return AM_OK;
}

static enum am_err open_record(struct process *process, struct am_detail *detail)
{
    char path[SIGNER_PATH_MAX];
    TRY(signer_path(process->folder, "record", path));
    enum am_err err = signer_state_open(path, SIGNER_WRITE, &process->state);
    if (err == AM_BUSY)
        return am_fail(err, detail, "record", "%.200s is in use by another amanad", path);
    process->has_record = err == AM_OK;
    if (err != AM_OK && err != AM_NOT_FOUND)
        return am_fail(err, detail, "record", "%.200s can't be read", path);
    if (!process->has_record)
        merkle_range_init(&process->state.range);
    return AM_OK;
}

static enum am_err prepare(struct process *process, struct am_detail *detail)
{
    TRY(protect(detail));
    TRY(signer_key_load(process->folder, detail, &process->key));
    TRY(open_record(process, detail));
    return signer_sandbox(process->uid, process->gid, detail);
}

// What is said on the command line is taken off it: the title is for people.
static enum am_err take_arguments(struct process *process, int argc, char **argv)
{
    process->folder = strdup(argv[2]);
    process->origin = strdup(argv[3]);
    process->uid = (uid_t)strtol(argv[4], NULL, 10);
    process->gid = (gid_t)strtol(argv[5], NULL, 10);
    setproctitle_init(argc, argv, environ);
    setproctitle("-amanad: signer");
    (void)prctl(PR_SET_NAME, "amanad: signer");
    return process->folder != NULL && process->origin != NULL ? AM_OK : AM_NOMEM;
}

int signer_main(int argc, char **argv)
{
    struct process process = {.state = {.fd = -1}, .prepared = {.refusal = SIGNER_REFUSED_UNPREPARED}};
    struct am_detail detail = {0};
    if (argc != SIGNER_ARGUMENTS) {
        fprintf(stderr, "amanad --signer is started by amanad itself\n");
        return EX_USAGE;
    }
    enum am_err err = take_arguments(&process, argc, argv);
    if (err == AM_OK)
        err = prepare(&process, &detail);
    if (err == AM_OK)
        err = serve(&process);
    if (err != AM_OK)
        fprintf(stderr, "signer-ended what=%s reason=\"%s\"\n", detail.field[0] != '\0' ? detail.field : "request",
                detail.text[0] != '\0' ? detail.text : am_err_text(err));
    EVP_PKEY_free(process.key);
    signer_state_close(&process.state);
    free(process.folder);
    free(process.origin);
    return err == AM_OK                     ? EX_OK
           : err == AM_BUSY                 ? EX_TEMPFAIL
           : err == AM_IO || err == AM_FULL ? EX_IOERR
                                            : EX_SOFTWARE;
}
