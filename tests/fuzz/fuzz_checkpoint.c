// SPDX-License-Identifier: Apache-2.0
// Verifier keys, checkpoints and tlog-proofs of any bytes: refused, or read into what is written again as the same
// bytes. Half of the signatures that a mutation breaks are made anew, so that what lies behind them is reached.
#include "proto/log/proved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN "fuzz.example/log"

static EVP_PKEY *key;
static struct log_verifier verifier;

static void prepare(void)
{
    uint8_t seed[32] = {1};
    char vkey[LOG_VKEY_MAX];
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    if (key == NULL || log_vkey_text(ORIGIN, key, vkey) != AM_OK || log_verifier_parse(vkey, NULL, &verifier) != AM_OK)
        abort();
}

static void try_vkey(const uint8_t *data, size_t size)
{
    struct log_verifier read;
    struct am_detail detail = {0};
    char again[LOG_VKEY_MAX], *text = malloc(size + 1);
    if (text == NULL)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (log_verifier_parse(text, &detail, &read) == AM_OK) {
        if (log_vkey_text(read.origin, read.pkey, again) != AM_OK || strcmp(again, text) != 0)
            abort(); // there is one way to write a key
        log_verifier_clear(&read);
    } else if (detail.text[0] == '\0') {
        abort();
    }
    free(text);
}

// A note that is believed begins with the text that its parts give.
static void try_note(const uint8_t *data, size_t size)
{
    struct log_checkpoint checkpoint;
    char text[LOG_NOTE_MAX];
    if (log_note_open((struct am_bytes){data, size}, &verifier, &checkpoint) != AM_OK)
        return;
    size_t len = log_checkpoint_text(ORIGIN, &checkpoint, text);
    if (size <= len || memcmp(text, data, len) != 0 || log_checkpoint_verify(&verifier, &checkpoint) != AM_OK)
        abort();
}

static void try_proof(const uint8_t *data, size_t size)
{
    struct log_checkpoint checkpoint;
    uint8_t leaf[LOG_LEAF_SIZE];
    struct log_leaf parts;
    uint64_t index;
    if (log_proof_check((const char *)data, size, &verifier, &index, leaf, &checkpoint) != AM_OK)
        return;
    if (index >= checkpoint.size || log_leaf_parse((struct am_bytes){leaf, sizeof leaf}, &parts) != AM_OK)
        abort();
}

// Puts the right signature line behind whatever text comes before the last empty line.
static void try_signed(const uint8_t *data, size_t size)
{
    size_t end = size;
    while (end >= 2 && !(data[end - 1] == '\n' && data[end - 2] == '\n'))
        end--;
    if (end < 2)
        return;
    size_t begin = end - 1; // of the checkpoint: behind the empty line before, in a proof
    while (begin >= 2 && !(data[begin - 1] == '\n' && data[begin - 2] == '\n'))
        begin--;
    if (begin < 2)
        begin = 0;
    struct log_checkpoint checkpoint = {.size = 0};
    char line[LOG_NOTE_MAX], *note = malloc(end + LOG_NOTE_MAX);
    size_t signature = 64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (note == NULL || context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, checkpoint.signature + 4, &signature, data + begin, end - 1 - begin) != 1)
        abort();
    EVP_MD_CTX_free(context);
    memcpy(checkpoint.signature, verifier.hash, 4);
    size_t len = log_note_print(ORIGIN, &checkpoint, line);
    const char *dash = strstr(line, "\n\n") + 2;
    memcpy(note, data, end);
    memcpy(note + end, dash, len - (size_t)(dash - line));
    size_t whole = end + len - (size_t)(dash - line);
    try_note((const uint8_t *)note, whole);
    try_proof((const uint8_t *)note, whole);
    free(note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (key == NULL)
        prepare();
    try_vkey(data, size);
    try_note(data, size);
    try_proof(data, size);
    try_signed(data, size);
    return 0;
}
