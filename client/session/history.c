// SPDX-License-Identifier: Apache-2.0
// Checkpoints compared and tied by consistency proofs; entries proved; alarms kept.
#include "client/session/history.h"

#include "certs/clock.h"
#include "proto/codec/codec.h"
#include "proto/codec/timestamp.h"

#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_NAME "log"

void history_to_message(const struct log_checkpoint *checkpoint, const char *origin, Amana__V1__Checkpoint *ret)
{
    amana__v1__checkpoint__init(ret);
    ret->origin = (char *)origin;
    ret->size = checkpoint->size;
    ret->root = (ProtobufCBinaryData){sizeof checkpoint->root, (uint8_t *)checkpoint->root};
    ret->signature = (ProtobufCBinaryData){sizeof checkpoint->signature, (uint8_t *)checkpoint->signature};
}

static enum am_err read_signed(struct session *session, const Amana__V1__Checkpoint *message, struct am_detail *detail,
                               struct log_checkpoint *ret)
{
    if (strcmp(message->origin, session->hub->origin) != 0)
        return am_fail(AM_SIGNATURE, detail, "checkpoint", "it is of another log (\"%.100s\") than %s", message->origin,
                       session->hub->origin);
    if (log_checkpoint_read(message, session->hub->origin, ret) != AM_OK || ret->size == 0)
        return am_fail(AM_PROTO, detail, "checkpoint", "it isn't one: size, root of 32 bytes, signature of 68");
    if (log_checkpoint_verify(&session->log, ret) != AM_OK)
        return am_fail(AM_SIGNATURE, detail, "checkpoint", "of size %llu isn't signed by the log's key in trust.conf",
                       (unsigned long long)ret->size);
    return AM_OK;
}

enum am_err history_load(struct session *session, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Checkpoint *kept;
    arena_init(&arena, 64u * 1024);
    enum am_err err = store_checkpoint_get(session->store, LOG_NAME, &arena, &kept);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    if (strcmp(kept->origin, session->hub->origin) != 0)
        return am_fail(AM_CONFIG, detail, "hub", "this store has seen the log %s, trust.conf names %s", kept->origin,
                       session->hub->origin);
    if (log_checkpoint_read(kept, session->hub->origin, &session->seen) != AM_OK)
        return am_fail(AM_CORRUPT, detail, "store", "the checkpoint kept in it can't be read");
    session->has_seen = true;
    return AM_OK;
}

static enum am_err keep_newest(struct session *session, const struct log_checkpoint *checkpoint)
{
    Amana__V1__Checkpoint message;
    history_to_message(checkpoint, session->hub->origin, &message);
    TRY(store_checkpoint_put(session->store, LOG_NAME, &message));
    session->seen = *checkpoint;
    session->has_seen = true;
    return AM_OK;
}

// --- Alarms
static void print_checkpoint(FILE *file, const char *what, const char *origin, const struct log_checkpoint *checkpoint)
{
    char note[LOG_NOTE_MAX];
    if (checkpoint == NULL)
        return;
    (void)log_note_print(origin, checkpoint, note);
    fprintf(file, "\n%s:\n%s", what, note);
}

void history_alarm(struct session *session, const char *what, const struct log_checkpoint *ours,
                   const struct log_checkpoint *shown)
{
    char folder[PATH_MAX], path[PATH_MAX + 64], time[TIMESTAMP_TEXT];
    if (session->alarmed)
        return;
    session->alarmed = true;
    if (settings_path(&session->settings, "store/alarms", folder) != AM_OK ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST))
        return;
    timestamp_print_ns(clock_utc(), time);
    snprintf(path, sizeof path, "%s/%s.txt", folder, time);
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        return;
    fprintf(file, "%s\nhub %s at %s\n", what, session->hub->name, session->settings.value[SETTING_ADDRESS]);
    print_checkpoint(file, "verified before", session->hub->origin, ours);
    print_checkpoint(file, "shown now", session->hub->origin, shown);
    fclose(file);
}

unsigned history_alarms(const struct session *session, char ret_newest[PATH_MAX])
{
    char folder[PATH_MAX];
    struct dirent **names = NULL;
    unsigned count = 0;
    ret_newest[0] = '\0';
    if (settings_path(&session->settings, "store/alarms", folder) != AM_OK)
        return 0;
    int found = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.') {
            snprintf(ret_newest, PATH_MAX, "%.3800s/%s", folder, names[i]->d_name);
            count++;
        }
        free(names[i]);
    }
    free(names);
    return count;
}

static enum am_err raise(struct session *session, enum am_err err, const struct log_checkpoint *shown,
                         struct am_detail *detail, const char *text)
{
    history_alarm(session, text, &session->seen, shown);
    return am_fail(err, detail, "ALARM",
                   "%s (verified before: size %llu, shown now: size %llu); both checkpoints are "
                   "kept in store/alarms: tell the auditor, by another channel",
                   text, (unsigned long long)session->seen.size, (unsigned long long)shown->size);
}

// --- Consistency
static bool same_tree(const struct log_checkpoint *a, const struct log_checkpoint *b)
{
    return a->size == b->size && memcmp(a->root, b->root, sizeof a->root) == 0;
}

static enum am_err proof_asked(struct session *session, uint64_t from, uint64_t to, struct arena *arena,
                               struct am_detail *detail, Amana__V1__ConsistencyProofResponse **ret_response)
{
    Amana__V1__ConsistencyProofRequest request = AMANA__V1__CONSISTENCY_PROOF_REQUEST__INIT;
    request.old_size = from;
    request.new_size = to;
    return session_call(session, "/amana.v1.Audit/ConsistencyProof", &request.base,
                        &amana__v1__consistency_proof_response__descriptor, arena, detail,
                        (ProtobufCMessage **)ret_response);
}

static enum am_err copy_path(const ProtobufCBinaryData *path, size_t len, uint8_t (*ret_hashes)[LOG_HASH_SIZE])
{
    if (len > MERKLE_PATH)
        return AM_PROOF;
    for (size_t i = 0; i < len; i++) {
        if (path[i].len != LOG_HASH_SIZE)
            return AM_PROOF;
        memcpy(ret_hashes[i], path[i].data, LOG_HASH_SIZE);
    }
    return AM_OK;
}

// Proves that `new` continues `old`. AM_PROOF without an alarm: that is for the caller to say.
static enum am_err prove_growth(struct session *session, const struct log_checkpoint *old,
                                const struct log_checkpoint *new, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__ConsistencyProofResponse *response;
    uint8_t path[MERKLE_PATH][LOG_HASH_SIZE];
    arena_init(&arena, 256u * 1024);
    enum am_err err = proof_asked(session, old->size, new->size, &arena, detail, &response);
    // A hub that says that there is no such proof has told; one that failed, or isn't there, has not.
    if (err == AM_INVALID || err == AM_NOT_FOUND || err == AM_DENIED)
        return AM_PROOF;
    TRY(err);
    TRY(copy_path(response->path, response->n_path, path));
    return merkle_verify_consistency(old->size, new->size, old->root, new->root, (const uint8_t(*)[LOG_HASH_SIZE])path,
                                     response->n_path);
}

enum am_err history_compare(struct session *session, const Amana__V1__Checkpoint *message, struct am_detail *detail)
{
    struct log_checkpoint shown;
    TRY(read_signed(session, message, detail, &shown));
    if (!session->has_seen)
        return keep_newest(session, &shown);
    if (shown.size < session->seen.size)
        return raise(session, AM_ROLLBACK, &shown, detail, "the hub's log is shorter than it was: a rollback");
    if (same_tree(&shown, &session->seen))
        return AM_OK;
    if (shown.size == session->seen.size)
        return raise(session, AM_FORK, &shown, detail, "the log signed two histories of one size: a fork");
    enum am_err err = prove_growth(session, &session->seen, &shown, detail);
    if (err == AM_PROOF)
        return raise(session, AM_FORK, &shown, detail,
                     "the hub can't prove that its log continues the one seen before: a fork");
    TRY(err);
    return keep_newest(session, &shown);
}

static void remember(struct session *session, const struct log_checkpoint *checkpoint)
{
    session->tied[session->tied_count++ % SESSION_TIED] = *checkpoint;
}

static bool is_tied(const struct session *session, const struct log_checkpoint *checkpoint)
{
    unsigned count = session->tied_count < SESSION_TIED ? session->tied_count : SESSION_TIED;
    for (unsigned i = 0; i < count; i++)
        if (same_tree(&session->tied[i], checkpoint))
            return true;
    return same_tree(&session->seen, checkpoint);
}

enum am_err history_tie(struct session *session, const Amana__V1__Checkpoint *message, struct am_detail *detail)
{
    struct log_checkpoint shown;
    TRY(read_signed(session, message, detail, &shown));
    if (!session->has_seen || shown.size > session->seen.size)
        return history_compare(session, message, detail);
    if (is_tied(session, &shown))
        return AM_OK;
    if (shown.size == session->seen.size)
        return raise(session, AM_FORK, &shown, detail, "the log signed two histories of one size: a fork");
    enum am_err err = prove_growth(session, &shown, &session->seen, detail);
    if (err == AM_PROOF)
        return raise(session, AM_FORK, &shown, detail,
                     "a checkpoint of this log isn't the beginning of the one verified here: a fork");
    TRY(err);
    remember(session, &shown);
    return AM_OK;
}

// --- Entries
enum am_err history_entry(struct session *session, const Amana__V1__ProvedEntry *entry, struct arena *arena,
                          struct am_detail *detail, Amana__V1__EntryContent **ret_content)
{
    enum am_err held = log_proved_check(entry, &session->log, NULL, NULL, detail);
    if (held == AM_PROOF || held == AM_PROTO) {
        history_alarm(session, detail->text, session->has_seen ? &session->seen : NULL, NULL);
        return AM_PROOF;
    }
    TRY(held);
    TRY(history_tie(session, entry->checkpoint, detail));
    enum am_err err = codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(entry->content),
                                   arena, detail, (ProtobufCMessage **)ret_content);
    return err == AM_OK || err == AM_NOMEM ? err : AM_PROOF;
}
