// SPDX-License-Identifier: Apache-2.0
// The hub's clock: steps, doubt, confirmation.
#include "server/net/hub_clock.h"

#include "certs/keyfile.h"
#include "proto/model/limits.h"

#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX      128u
#define STEP_SHOWN_NS ((int64_t)NS_PER_S / 2) // less is slewing
#define JUMP_NS       ((int64_t)NS_PER_HOUR)
#define SAVE_NS       ((int64_t)NS_PER_MINUTE)

static int64_t offset_of(uint64_t utc, uint64_t since_boot)
{
    return (int64_t)(utc - since_boot);
}

static bool within(int64_t difference, int64_t span)
{
    return difference > -span && difference < span;
}

static bool same_boot(const struct hub_clock_mark *a, const struct hub_clock_mark *b)
{
    return a->boot[0] != '\0' && strcmp(a->boot, b->boot) == 0;
}

void hub_clock_init(struct hub_clock *clock, const struct hub_clock_mark *saved, const char *boot, uint64_t utc,
                    uint64_t since_boot)
{
    *clock = (struct hub_clock){.saved = *saved, .believed = {.offset = offset_of(utc, since_boot)}};
    strlcpy(clock->believed.boot, boot, sizeof clock->believed.boot);
    if (same_boot(saved, &clock->believed))
        clock->believed.offset = saved->offset;
}

enum hub_clock_news hub_clock_look(struct hub_clock *clock, uint64_t utc, uint64_t since_boot, int64_t *ret_step)
{
    int64_t step = offset_of(utc, since_boot) - clock->believed.offset;
    bool ahead = step > JUMP_NS, doubted = clock->doubted;

    *ret_step = step;
    clock->doubted = ahead;
    if (ahead)
        return doubted ? HUB_CLOCK_SAME : HUB_CLOCK_DOUBTED;
    clock->believed.offset += step;
    if (within(step, STEP_SHOWN_NS))
        *ret_step = 0;
    if (doubted)
        return HUB_CLOCK_RETURNED;
    return *ret_step == 0 ? HUB_CLOCK_SAME : HUB_CLOCK_STEPPED;
}

bool hub_clock_jumped(struct hub_clock *clock, uint64_t utc, uint64_t since_boot, int64_t *ret_ahead)
{
    *ret_ahead = offset_of(utc, since_boot) - clock->believed.offset;
    if (clock->doubted || *ret_ahead <= JUMP_NS)
        return false;
    clock->doubted = true;
    return true;
}

bool hub_clock_confirmed(struct hub_clock *clock, const struct hub_clock_mark *saved, uint64_t utc, uint64_t since_boot,
                         int64_t *ret_step)
{
    int64_t offset = offset_of(utc, since_boot);

    if (!clock->doubted || !same_boot(saved, &clock->believed) || !within(saved->offset - offset, JUMP_NS))
        return false;
    *ret_step = offset - clock->believed.offset;
    clock->saved = *saved;
    clock->believed.offset = offset;
    clock->doubted = false;
    return true;
}

uint64_t hub_clock_now(const struct hub_clock *clock, uint64_t utc, uint64_t since_boot)
{
    return clock->doubted ? since_boot + (uint64_t)clock->believed.offset : utc;
}

bool hub_clock_unsaved(const struct hub_clock *clock)
{
    return clock->believed.boot[0] != '\0' && !clock->doubted &&
           (!same_boot(&clock->saved, &clock->believed) ||
            !within(clock->saved.offset - clock->believed.offset, SAVE_NS));
}

// --- The file
void hub_clock_boot(char ret_boot[HUB_CLOCK_BOOT])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL || fgets(ret_boot, HUB_CLOCK_BOOT, file) == NULL || strlen(ret_boot) != HUB_CLOCK_BOOT - 1)
        ret_boot[0] = '\0';
    if (file != NULL)
        fclose(file);
}

enum am_err hub_clock_read(const char *path, struct am_detail *detail, struct hub_clock_mark *ret_mark)
{
    struct hub_clock_mark mark = {0};
    struct am_detail why = {0};
    struct am_bytes text;
    int end = 0;
    enum am_err err = certs_read_file(path, FILE_MAX, &why, &text);

    *ret_mark = (struct hub_clock_mark){0};
    if (err == AM_NOT_FOUND || err == AM_TOO_LARGE)
        return AM_OK;
    if (err != AM_OK) {
        *detail = why;
        return err;
    }
    if (sscanf((const char *)text.data, "%36[-0-9a-f] %" SCNd64 "%n", mark.boot, &mark.offset, &end) == 2 &&
        strlen(mark.boot) == HUB_CLOCK_BOOT - 1 && text.len == (size_t)end + 1 && text.data[end] == '\n')
        *ret_mark = mark;
    free((void *)text.data);
    return AM_OK;
}

enum am_err hub_clock_write(const char *path, const struct hub_clock_mark *mark, struct am_detail *detail)
{
    char text[FILE_MAX];
    int len = snprintf(text, sizeof text, "%s %" PRId64 "\n", mark->boot, mark->offset);

    return certs_write_file(path, (struct am_bytes){(const uint8_t *)text, (size_t)len}, 0644, detail);
}
