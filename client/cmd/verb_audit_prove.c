// SPDX-License-Identifier: Apache-2.0
// audit prove: each entry of a message as a .tlog-proof file: from the hub for an auditor, from the store for a unit.
#include "client/cmd/arguments.h"
#include "client/cmd/file_out.h"
#include "client/session/history.h"
#include "client/session/notice.h"
#include "client/session/replay.h"
#include "client/session/store_notice.h"
#include "proto/codec/codec.h"
#include "proto/log/leaf.h"

#include <stdlib.h>
#include <string.h>

struct prove_input {
    struct command command;
    const char *id, *folder, *reason;
    unsigned written;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct prove_input *input = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &input->command; return 0;
    case 'o': input->folder = arg; return 0;
    case 'r': input->reason = arg; return 0;
    case ARGP_KEY_ARG: return command_one_argument(state, arg, &input->id, "one ID only");
    case ARGP_KEY_END:
        if (input->id == NULL)
            argp_error(state, "needs the ID of a message");
        if (input->reason != NULL && (arguments_blank(input->reason) || strlen(input->reason) > 500))
            argp_error(state, "--reason: why, in words, at most 500 bytes; it stands in the log");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

// NNN.tlog-proof, and beside it what its leaf commits to: NNN.content, NNN.salt.
static enum am_err write_part(struct prove_input *input, uint64_t seq, const char *ending, struct am_bytes bytes,
                              struct am_detail *detail)
{
    char name[48];
    snprintf(name, sizeof name, "%06llu.%s", (unsigned long long)seq, ending);
    return file_out(&input->command, input->folder, name, bytes, detail);
}

static enum am_err write_entry(struct prove_input *input, const Amana__V1__ProvedEntry *entry, struct am_detail *detail)
{
    char *text = NULL;
    TRY(log_proof_text(entry, &text));
    enum am_err err =
        write_part(input, entry->index, "tlog-proof", (struct am_bytes){(const uint8_t *)text, strlen(text)}, detail);
    free(text);
    if (err == AM_OK)
        err = write_part(input, entry->index, "content", codec_bytes(entry->content), detail);
    if (err == AM_OK)
        err = write_part(input, entry->index, "salt", codec_bytes(entry->salt), detail);
    if (err == AM_OK)
        input->written++;
    return err;
}

// --- From the hub, as an auditor
static enum am_err take_item(struct prove_input *input, struct replay_check *check, const Amana__V1__ReplayItem *item,
                             struct arena *arena, struct am_detail *detail)
{
    Amana__V1__EntryContent *content;
    Amana__V1__Header *header;
    Amana__V1__Checkpoint checkpoint;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    struct log_leaf leaf;
    TRY(replay_take(check, item, arena, detail, &content, &header));
    if (content == NULL)
        return AM_OK;
    TRY(log_leaf_parse(codec_bytes(item->leaf), &leaf));
    history_to_message(&check->checkpoint, input->command.session->hub->origin, &checkpoint);
    entry.content = item->opened->content;
    entry.salt = item->opened->salt;
    entry.version = leaf.version;
    entry.class_ = leaf.class;
    entry.time = leaf.time_ns;
    entry.erase_after = leaf.erase_after;
    entry.index = item->seq;
    entry.n_path = item->n_path;
    entry.path = item->path;
    entry.checkpoint = &checkpoint;
    return write_entry(input, &entry, detail);
}

static enum am_err from_hub(struct prove_input *input, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    struct replay_check *check = calloc(1, sizeof *check);
    Amana__V1__ReplayRequest request = AMANA__V1__REPLAY_REQUEST__INIT;
    Amana__V1__ReplayItem *item;
    struct link_call *call;
    if (check == NULL)
        return AM_NOMEM;
    arena_init(&arena, 4u * 1024 * 1024);
    replay_check_init(check, input->command.session, true, NULL);
    request.reason = (char *)input->reason;
    request.message = (char *)input->id;
    enum am_err err = link_call_begin(input->command.session->link, "/amana.v1.Audit/Replay", &request.base, 0, &call);
    if (err == AM_OK) {
        while ((err = link_call_next(call, &amana__v1__replay_item__descriptor, &arena, detail,
                                     (ProtobufCMessage **)&item)) == AM_OK &&
               (err = take_item(input, check, item, &arena, detail)) == AM_OK)
            arena_reset(&arena);
        if (err == AM_NOT_FOUND)
            err = link_call_error(call)->status == RPC_OK ? AM_OK : session_refused(link_call_error(call), detail);
        link_call_end(call);
    }
    free(check);
    return err;
}

// --- From the store, as a unit
// Its release may stand before its own entry: all that came are looked at.
static enum am_err write_notices(struct prove_input *input, const Amana__V1__Kept *kept, struct am_detail *detail)
{
    uint8_t digest[LOG_HASH_SIZE];
    TRY(log_sha256(codec_bytes(kept->message->header), digest));
    for (uint64_t at = 0;; at++) {
        struct arena AM_CLEANUP(arena_clear) arena = {0};
        Amana__V1__KeptNotice *notice;
        Amana__V1__EntryContent *content;
        arena_init(&arena, 8u * 1024 * 1024);
        enum am_err err = store_notice_next(input->command.session->store, &at, &arena, &notice);
        if (err != AM_OK)
            return err == AM_NOT_FOUND ? AM_OK : err;
        TRY(codec_decode(&amana__v1__entry_content__descriptor, CODEC_STRICT, codec_bytes(notice->entry->content),
                         &arena, detail, (ProtobufCMessage **)&content));
        if (notice->fault[0] == '\0' && notice_names(content, kept->entry->index, digest))
            TRY(write_entry(input, notice->entry, detail));
    }
}

static enum am_err from_store(struct prove_input *input, enum store_box box, const char *id, struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_VERB);
    TRY(store_get(input->command.session->store, box, id, &arena, &kept));
    if (kept->entry == NULL)
        return am_fail(AM_NOT_FOUND, detail, id, "the log has not taken it yet");
    TRY(write_entry(input, kept->entry, detail));
    return write_notices(input, kept, detail);
}

static enum am_err make_folder(struct prove_input *input, struct am_detail *detail)
{
    static char folder[64];
    if (input->folder == NULL) {
        snprintf(folder, sizeof folder, "proofs-%.36s", input->id);
        input->folder = folder;
    }
    return file_out_folder(input->folder, 0755, detail);
}

static int as_auditor(struct prove_input *input)
{
    struct am_detail detail = {0};
    enum am_err err = AM_OK;
    uint8_t bytes[16];
    if (message_id_check(input->id, bytes, NULL) != AM_OK)
        err = am_fail(AM_INVALID, &detail, input->id, "must be the whole ID of a message: the hub looks for no less");
    int code = err == AM_OK ? command_connect(&input->command) : command_fail(err, &detail);
    if (code != 0)
        return code;
    err = make_folder(input, &detail);
    if (err == AM_OK)
        err = from_hub(input, &detail);
    if (err == AM_OK && input->written == 0)
        err = am_fail(AM_NOT_FOUND, &detail, input->id, "no entry of it that may be shown");
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

static int as_unit(struct prove_input *input)
{
    struct am_detail detail = {0};
    enum store_box box;
    char id[STORE_ID];
    enum am_err err = store_find(input->command.session->store, BOX(SENT) | BOX(INBOX), input->id, &detail, &box, id);
    if (err == AM_NOT_FOUND)
        (void)am_fail(err, &detail, input->id,
                      "no message here has an id that begins so; an auditor asks the hub: --reason TEXT and the whole "
                      "ID, and the reason stands in the log");
    if (err == AM_OK)
        err = make_folder(input, &detail);
    if (err == AM_OK)
        err = from_store(input, box, id, &detail);
    return err == AM_OK ? 0 : command_fail(err, &detail);
}

int verb_audit_prove(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"output", 'o', "FOLDER", 0, "write there (default: proofs-ID)", 0},
        {"reason", 'r', "TEXT", 0, "an auditor's: ask the hub, with this reason in the log", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        "ID",
        "Writes each entry of a message as NNN.tlog-proof (C2SP; its extra line is the "
        "leaf), with content and salt beside it: SHA-256(salt, content) is the leaf's end.",
        command_children,
        NULL,
        NULL};
    struct prove_input input = {0};
    command_init(&input.command);
    command_parse(&argp, argc, argv, &input);
    int code = command_open(&input.command, SETTINGS_ALL);
    if (code == 0)
        code = input.reason != NULL ? as_auditor(&input) : as_unit(&input);
    code = command_end(&input.command, code);
    command_clear(&input.command);
    return code;
}
