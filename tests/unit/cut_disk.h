// SPDX-License-Identifier: Apache-2.0
// A disk that is sure of nothing but what was synced: of each file of a journal every page is as it was when last
// synced, or as it is now, by chance.
#pragma once

#include "tests/unit/store_kit.h"

#define MAP   (32ull << 20)
#define PAGE  4096u
#define FILES 2 // data.mdb, redo

// A test's fixture: a kit that is watched, and a folder for what another machine finds.
struct power {
    struct kit kit;
    char cut[80];
};
int setup(void **state);
int teardown(void **state);
void append_some(struct kit *kit, unsigned first, unsigned n, size_t body);

// From now on it is known what is durable. The kit is closed: all of it is.
void watch(const char *folder);
void watch_end(void);

// What another machine finds of the kit's journal if the power fails now: all of it, or one file. `torn`: of the redo
// file a page may be as old as the sync before the last.
void cut_power(struct kit *kit, bool torn, const char *to);
void cut_file(size_t file, bool torn, const char *from, const char *to);
void path_to(const char *folder, const char *name, char path[256]);

// Its size, after the start that it had; and it is sound.
uint64_t found(const char *folder, uint8_t ret_root[32]);
void assert_whole(struct power *power);
void assert_fault(struct power *power, const char *what); // what fsck says

// Syncs
extern unsigned syncs_left;    // until one fails; 0: none does
extern unsigned hold_left;     // until one waits for hold_end; 0: none does
void hold_wait(void);          // until one does
void hold_end(unsigned count); // of those behind it the count-th fails
unsigned sync_times(size_t file);
extern bool shared; // the redo file was synced by two threads with one descriptor, since:
void shared_watch(void);
