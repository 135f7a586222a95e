// SPDX-License-Identifier: Apache-2.0
// How long `amana case` takes at a desk whose store is large: bench_case WORLD BUILD [MESSAGES]. Ten real messages of
// one case come through a real hub; the others, ten to a case, each with the notice that it was retrieved, are put
// beside them. Prints; judges nothing.
#include "amana/v1/audit.pb-c.h"
#include "amana/v1/relay.pb-c.h"
#include "child.h"
#include "client/session/store_notice.h"
#include "client/session/store_rows.h"
#include "figures.h"
#include "proto/codec/codec.h"
#include "proto/model/kind.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESK     "post"
#define CASE     "ke/dci/2026/004211" // of tests/bench/alert.json
#define MESSAGES 1000000u
#define CASE_OF  10u
#define ROUNDS   21u

static struct am_detail detail;

// What it prints is thrown away; what it complains about is not. The CPU that it took, ms.
static double run(const char *const argv[])
{
    struct rusage used;
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        if (nothing >= 0 && dup2(nothing, STDOUT_FILENO) >= 0)
            execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid > 0 && wait4(pid, &status, 0, &used) == pid && status == 0)
        return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
    fprintf(stderr, "%s ended with %d\n", argv[0], status);
    exit(EXIT_FAILURE);
}

// --- The ten that are looked for
static void receive_case(const char *world, const char *build, const char *amana)
{
    char bench[PATH_MAX], desk[PATH_MAX];
    struct child child;
    MUST(child_start(world, build, &detail, &child));
    snprintf(bench, sizeof bench, "%s/tests/bench_hub", build);
    snprintf(desk, sizeof desk, "%s/" DESK, world);
    const char *const send[] = {bench, world, "--send", "10", "--address", child.address, NULL};
    const char *const inbox[] = {amana, "-d", desk, "inbox", NULL};
    setenv("AMANA_ADDRESS", child.address, 1);
    (void)run(send);
    (void)run(inbox);
    child_stop(&child);
}

// --- The others
static void put(struct store *store, unsigned number, uint64_t seq)
{
    Amana__V1__Kept kept = AMANA__V1__KEPT__INIT;
    Amana__V1__Message message = AMANA__V1__MESSAGE__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__Header header = AMANA__V1__HEADER__INIT;
    Amana__V1__UnitRoster sender = AMANA__V1__UNIT_ROSTER__INIT;
    static uint8_t bytes[2400]; // signature, sealed body and flags; proof
    char id[STORE_ID], case_ref[32];
    uint8_t *packed;
    size_t len;
    snprintf(id, sizeof id, "0199%04x-%04x-7abc-8def-0000%08x", number >> 16, number & 0xffff, number);
    snprintf(case_ref, sizeof case_ref, "ke/dci/2025/%06u", number / CASE_OF);
    sender.unit = (char *)"ke/dci/transnational";
    header.id = id;
    header.kind = (Amana__V1__Kind__Code)KIND(ALERT);
    header.case_ref = case_ref;
    header.sender = &sender;
    MUST(codec_encode_alloc(&header.base, &packed, &len));
    message.header = (ProtobufCBinaryData){len, packed};
    message.sealed_body = (ProtobufCBinaryData){1600, bytes};
    entry.content = (ProtobufCBinaryData){800, bytes};
    entry.index = seq;
    kept.message = &message;
    kept.entry = &entry;
    MUST(store_put(store, STORE_INBOX, id, &kept));
    free(packed);
}

// That a device of its recipient has it, as it comes to the desk of who sent it: the notice of the entry behind it.
static void put_retrieval(struct store *store, uint64_t seq)
{
    Amana__V1__RetrievedMessage named = AMANA__V1__RETRIEVED_MESSAGE__INIT, *list[] = {&named};
    Amana__V1__Retrieved statement = AMANA__V1__RETRIEVED__INIT;
    Amana__V1__RetrievedEntry retrieved = AMANA__V1__RETRIEVED_ENTRY__INIT;
    Amana__V1__EntryContent content = AMANA__V1__ENTRY_CONTENT__INIT;
    Amana__V1__ProvedEntry entry = AMANA__V1__PROVED_ENTRY__INIT;
    Amana__V1__KeptNotice notice = AMANA__V1__KEPT_NOTICE__INIT;
    static uint8_t signature[800];
    uint8_t *said, *packed;
    size_t len;
    named.seq = seq;
    statement.messages = list;
    statement.n_messages = 1;
    MUST(codec_encode_alloc(&statement.base, &said, &len));
    retrieved.statement = (ProtobufCBinaryData){len, said};
    retrieved.signature = (ProtobufCBinaryData){sizeof signature, signature};
    retrieved.device = (char *)"amana://et/ics/moyale/device/d1";
    content.kind_case = AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED;
    content.retrieved = &retrieved;
    MUST(codec_encode_alloc(&content.base, &packed, &len));
    entry.content = (ProtobufCBinaryData){len, packed};
    entry.index = seq + 1;
    notice.entry = &entry;
    MUST(store_notice_put(store, seq + 1, &notice));
    free(said);
    free(packed);
}

static void store_fill(const char *world, unsigned messages)
{
    char folder[PATH_MAX];
    struct store *store;
    double from = figures_now_ms();
    snprintf(folder, sizeof folder, "%s/" DESK "/store", world);
    MUST(store_open(folder, &detail, &store));
    mdb_env_set_flags(store->env, MDB_NOSYNC, 1); // a crash here costs nobody anything
    for (unsigned i = 0; i < messages; i++) {
        put(store, i, 1000000000ull + 2 * i);
        put_retrieval(store, 1000000000ull + 2 * i);
    }
    mdb_env_sync(store->env, 1);
    store_close(store);
    printf("%u messages in %u cases put into the store in %.1f s\n", messages, messages / CASE_OF,
           (figures_now_ms() - from) / 1e3);
}

// --- The figures
static void timed(const char *what, const char *const argv[])
{
    double ms[ROUNDS], cpu[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        double from = figures_now_ms();
        cpu[i] = run(argv);
        ms[i] = figures_now_ms() - from;
    }
    figures_sort(ms, ROUNDS);
    figures_sort(cpu, ROUNDS);
    printf("%-42s %8.1f ms  (%.1f to %.1f)   CPU %.1f ms (%.1f to %.1f)\n", what, ms[ROUNDS / 2], ms[0], ms[ROUNDS - 1],
           cpu[ROUNDS / 2], cpu[0], cpu[ROUNDS - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char amana[PATH_MAX], desk[PATH_MAX];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_case WORLD BUILD [MESSAGES]\n");
        return 64;
    }
    snprintf(amana, sizeof amana, "%s/client/cmd/amana", argv[2]);
    snprintf(desk, sizeof desk, "%s/" DESK, argv[1]);
    const char *const version[] = {amana, "--version", NULL};
    const char *const look[] = {amana, "-d", desk, "case", CASE, NULL};
    receive_case(argv[1], argv[2], amana);
    timed("amana --version: the program's own start", version);
    timed("amana case, ten messages and no others", look);
    store_fill(argv[1], argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : MESSAGES);
    timed("amana case, the same among the others", look);
    return 0;
}
