// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz harness over every file of a folder and over seeded mutations of each, where libFuzzer is not linked in.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUTATIONS 2000

static uint64_t state;

static uint32_t next_random(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33);
}

// Copies the input into memory of exactly its size, so that a sanitizer sees a read past its end.
static void run_once(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t size)
{
    unsigned changes = 1 + next_random() % 4;
    for (unsigned i = 0; i < changes && size > 0; i++) {
        size_t at = next_random() % size;
        switch (next_random() % 4) {
        case 0: data[at] ^= (uint8_t)(1u << (next_random() % 8)); break;
        case 1: data[at] = (uint8_t)next_random(); break;
        case 2: size = at; break;
        default: memmove(data + at, data + at + 1, size - at - 1); size--;
        }
    }
    return size;
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    static uint8_t original[1 << 20], changed[1 << 20];
    size_t size = fread(original, 1, sizeof original, file);
    fclose(file);
    run_once(original, size);
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(changed, original, size);
        run_once(changed, mutate(changed, size));
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *seed = getenv("AMANA_SEED");
    state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("seed %llu (AMANA_SEED repeats it)\n", (unsigned long long)state);
    run_once((const uint8_t *)"", 0);
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] != '.' && run_file(path) == 0)
                files++;
        }
        closedir(dir);
    }
    printf("%d files, %d mutations each\n", files, MUTATIONS);
    return files > 0 ? 0 : 1;
}
