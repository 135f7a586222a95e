// SPDX-License-Identifier: Apache-2.0
// The hub's end: starting the signer and asking it.
#include "server/signer/signer.h"

#include "server/signer/wire.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

struct signer {
    pid_t pid;
    int fd;
    bool shares_user;
    struct { // one write a request: the signer is woken once
        struct signer_request request;
        uint8_t leaves[SIGNER_BATCH][LOG_HASH_SIZE];
    } out;
};

_Static_assert(offsetof(struct signer, out.leaves) == offsetof(struct signer, out) + sizeof(struct signer_request),
               "leaves follow the request without a gap");

// In the child: the socket becomes descriptor 3, everything else is closed.
static void become_signer(int fd, const struct signer_config *config)
{
    char uid[16], gid[16];
    snprintf(uid, sizeof uid, "%ld", config->drop ? (long)config->uid : -1L);
    snprintf(gid, sizeof gid, "%ld", config->drop ? (long)config->gid : -1L);
    if (fd != 3 && dup2(fd, 3) != 3)
        _exit(71);
    fcntl(3, F_SETFD, 0);
    close_range(4, ~0u, 0);
    execl("/proc/self/exe", "amanad", "--signer", config->folder, config->origin, uid, gid, (char *)NULL);
    _exit(71);
}

// Sends a request with n leaf hashes, at most SIGNER_BATCH. root may be NULL.
static enum am_err send_request(struct signer *signer, enum signer_ask ask, const uint8_t (*leaves)[LOG_HASH_SIZE],
                                size_t n, uint64_t size, const uint8_t *root)
{
    memset(&signer->out.request, 0, sizeof signer->out.request);
    signer->out.request.ask = ask;
    signer->out.request.n = (uint32_t)n;
    signer->out.request.size = size;
    if (root != NULL)
        memcpy(signer->out.request.root, root, LOG_HASH_SIZE);
    if (n > 0)
        memcpy(signer->out.leaves, leaves, n * LOG_HASH_SIZE);
    return signer_write(signer->fd, &signer->out, sizeof signer->out.request + n * LOG_HASH_SIZE);
}

static enum am_err ask_ready(struct signer *signer, struct am_detail *detail, struct signer_answer *ret_answer)
{
    if (send_request(signer, SIGNER_ASK_READY, NULL, 0, 0, NULL) != AM_OK ||
        signer_read(signer->fd, ret_answer, sizeof *ret_answer) != AM_OK)
        return am_fail(AM_CONFIG, detail, "signer", "it did not start; its line above says why");
    return AM_OK;
}

// Of one that did not start: whose fault it was, by its status.
static enum am_err start_failed(struct signer *signer, enum am_err err)
{
    int status = 0;
    close(signer->fd);
    if (signer->pid > 0 && waitpid(signer->pid, &status, 0) == signer->pid && WIFEXITED(status))
        err = WEXITSTATUS(status) == EX_TEMPFAIL ? AM_BUSY : WEXITSTATUS(status) == EX_IOERR ? AM_IO : err;
    free(signer);
    return err;
}

enum am_err signer_start(const struct signer_config *config, struct am_detail *detail, struct signer **ret_signer)
{
    int pair[2];
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL)
        return AM_NOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        free(signer);
        return AM_IO;
    }
    signer->pid = fork();
    if (signer->pid == 0)
        become_signer(pair[1], config);
    close(pair[1]);
    signer->fd = pair[0];
    signer->shares_user = config->shares_user;
    struct signer_answer answer;
    enum am_err err = signer->pid < 0 ? AM_IO : ask_ready(signer, detail, &answer);
    if (err != AM_OK)
        return start_failed(signer, err);
    *ret_signer = signer;
    return AM_OK;
}

void signer_stop(struct signer *signer)
{
    if (signer == NULL)
        return;
    close(signer->fd);
    if (signer->pid > 0)
        waitpid(signer->pid, NULL, 0);
    free(signer);
}

pid_t signer_pid(const struct signer *signer)
{
    return signer->pid;
}

bool signer_ended(const struct signer *signer, bool wait, bool *ret_disk)
{
    siginfo_t end = {.si_pid = 0};
    // It stays to be looked at by another thread, and by signer_stop.
    if (waitid(P_PID, (id_t)signer->pid, &end, WEXITED | WNOWAIT | (wait ? 0 : WNOHANG)) != 0 || end.si_pid == 0)
        return false;
    *ret_disk = end.si_code == CLD_EXITED && end.si_status == EX_IOERR;
    return true;
}

bool signer_shares_user(const struct signer *signer)
{
    return signer->shares_user;
}

enum am_err signer_feed_give(void *feed, const uint8_t (*hashes)[LOG_HASH_SIZE], size_t n)
{
    for (size_t at = 0; at < n; at += SIGNER_BATCH)
        TRY(send_request(feed, SIGNER_ASK_MORE, hashes + at, n - at < SIGNER_BATCH ? n - at : SIGNER_BATCH, 0, NULL));
    return AM_OK;
}

enum am_err signer_open(struct signer *signer, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                        enum am_err (*give)(void *user, uint64_t from, uint64_t to, void *feed), void *user,
                        enum signer_judgement *ret_judgement, uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    struct signer_answer answer;
    TRY(ask_ready(signer, NULL, &answer));
    if (answer.says == SIGNER_SAYS_DONE && answer.size < size)
        TRY(give(user, answer.size, size, signer));
    TRY(send_request(signer, SIGNER_ASK_JUDGE, NULL, 0, size, root));
    TRY(signer_read(signer->fd, &answer, sizeof answer));
    if (answer.judgement >= SIGNER_JUDGEMENTS)
        return AM_PROTO;
    *ret_judgement = (enum signer_judgement)answer.judgement;
    if (answer.says == SIGNER_SAYS_DONE)
        memcpy(ret_signature, answer.signature, LOG_SIGNATURE_SIZE);
    return AM_OK;
}

enum am_err signer_prepare(void *user, const uint8_t (*leaf_hashes)[LOG_HASH_SIZE], size_t n, uint64_t size,
                           const uint8_t root[LOG_HASH_SIZE])
{
    return n > SIGNER_BATCH ? AM_TOO_LARGE : send_request(user, SIGNER_ASK_PREPARE, leaf_hashes, n, size, root);
}

enum am_err signer_sign(void *user, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                        uint8_t ret_signature[LOG_SIGNATURE_SIZE])
{
    struct signer *signer = user;
    struct signer_answer answer;
    TRY(send_request(signer, SIGNER_ASK_SIGN, NULL, 0, size, root));
    TRY(signer_read(signer->fd, &answer, sizeof answer));
    if (answer.says != SIGNER_SAYS_DONE)
        return AM_DENIED; // the signer has said why
    memcpy(ret_signature, answer.signature, LOG_SIGNATURE_SIZE);
    return AM_OK;
}
