// SPDX-License-Identifier: Apache-2.0
// The signer: a process of its own that holds the log key and its own compact range of the tree. Given a batch's leaf
// hashes it works out the root itself, records it and signs; it never signs two roots for one size, nor a smaller size.
#pragma once

#include "proto/log/checkpoint.h"
#include "server/signer/signer_state.h"

#include <stdbool.h>
#include <sys/types.h>

#define SIGNER_BATCH 1024u // leaf hashes in one request

// In FOLDER/: log.key (PKCS#8 PEM, 0600), log.pub (verifier key), record.
struct signer_config {
    const char *folder; // the signer's own, closed to everybody else
    const char *origin;
    bool drop; // change to uid and gid after the key is read (started as root)
    uid_t uid;
    gid_t gid;
    bool shares_user; // with the hub: only told
};
struct signer;

// Makes key and first record of an empty log in `folder` (made, 0700). AM_EXISTS where there is a key.
AM_MUST_USE enum am_err signer_init(const char *folder, const char *origin, char ret_vkey[LOG_VKEY_MAX],
                                    struct am_detail *detail);

// Reads the record for fsck. AM_NOT_FOUND where there is none that holds.
AM_MUST_USE enum am_err signer_record(const char *folder, uint64_t *ret_size, uint8_t ret_root[LOG_HASH_SIZE]);

// Forks and executes this program anew as "--signer"; call it before there is a thread or a socket. AM_CONFIG with the
// reason where key or record can't be used (a missing record is not one: signer_open says so).
AM_MUST_USE enum am_err signer_start(const struct signer_config *config, struct am_detail *detail,
                                     struct signer **ret_signer);
void signer_stop(struct signer *signer); // closes the socket and waits for its end; NULL is fine
pid_t signer_pid(const struct signer *signer);
// Has it ended (`wait`: waits until it has), and because its record could not be written? Any thread.
bool signer_ended(const struct signer *signer, bool wait, bool *ret_disk);
bool signer_shares_user(const struct signer *signer);

// Has the log judged: (size, root) of LMDB, and the leaf hashes [from, to) that the signer hasn't seen: `give` hands
// them in runs to signer_feed_give with its `feed`. The signature is set for SIGNER_SAME and SIGNER_EXTENDED.
// AM_UNAVAILABLE: the signer has ended; or what `give` returned, after which the program must end.
AM_MUST_USE enum am_err signer_feed_give(void *feed, const uint8_t (*hashes)[LOG_HASH_SIZE], size_t n);
AM_MUST_USE enum am_err signer_open(struct signer *signer, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                                    enum am_err (*give)(void *user, uint64_t from, uint64_t to, void *feed), void *user,
                                    enum signer_judgement *ret_judgement, uint8_t ret_signature[LOG_SIGNATURE_SIZE]);

// Signs a batch in two steps (struct store_signer), so that the signer works while the batch is committed. The first
// hands it over: `n` ≤ SIGNER_BATCH leaf hashes that lead from the last signed size to (size, root); it waits for
// nothing, and the next one replaces it. The second, once (size, root) is durable, has it recorded and gets the
// signature, which the signer keeps to itself until then. Keeper's thread. AM_UNAVAILABLE: the signer has
// ended; AM_DENIED: it refused. After either the program must end.
AM_MUST_USE enum am_err signer_prepare(void *signer, const uint8_t (*leaf_hashes)[LOG_HASH_SIZE], size_t n,
                                       uint64_t size, const uint8_t root[LOG_HASH_SIZE]);
AM_MUST_USE enum am_err signer_sign(void *signer, uint64_t size, const uint8_t root[LOG_HASH_SIZE],
                                    uint8_t ret_signature[LOG_SIGNATURE_SIZE]);

// The process itself; main calls it first, when argv[1] is "--signer". Returns an exit status.
int signer_main(int argc, char **argv);
