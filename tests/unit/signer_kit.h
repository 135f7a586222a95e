// SPDX-License-Identifier: Apache-2.0
// A log of so many leaves, the signer's folder beside it, and a signer as a process that is asked about them.
#pragma once

#include "server/signer/signer_folder.h"

#define ORIGIN "igad.amana.example/log"
#define LEAVES 4000u

extern uint8_t leaves[LEAVES][LOG_HASH_SIZE];
extern char folder[64];
extern struct log_verifier verifier; // of the key in the folder

int plant(void **state); // the leaves, once
int make_folder(void **state);
int remove_folder(void **state);
const char *file(const char *name); // its path in the folder
struct signer *start(void);

const uint8_t (*leaves_from(unsigned at))[LOG_HASH_SIZE];
void root_of(unsigned size, uint8_t ret_root[LOG_HASH_SIZE]);
enum am_err give_run(void *user, uint64_t from, uint64_t to, void *feed);
enum signer_judgement judge_root(struct signer *signer, unsigned size, const uint8_t root[LOG_HASH_SIZE],
                                 uint8_t ret_signature[LOG_SIGNATURE_SIZE]);
enum signer_judgement judge(struct signer *signer, unsigned size, uint8_t ret_signature[LOG_SIGNATURE_SIZE]);
enum am_err sign_as(struct signer *signer, unsigned from, size_t n, uint64_t size, const uint8_t *root,
                    uint8_t ret_signature[LOG_SIGNATURE_SIZE]);
enum am_err sign(struct signer *signer, unsigned from, unsigned to, uint8_t ret_signature[LOG_SIGNATURE_SIZE]);

void holds(unsigned size, const uint8_t signature[LOG_SIGNATURE_SIZE]); // for the log of that size
void recorded(unsigned expected);                                       // the size that the record has

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
