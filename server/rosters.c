// SPDX-License-Identifier: Apache-2.0
// The rosters that an operator was given: every *.roster of a folder.
#include "server/rosters.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROSTERS_MAX 65536u // files in the folder

static bool name_is_roster(const char *name)
{
    size_t len = strlen(name);

    return len > 7 && name[0] != '.' && strcmp(name + len - 7, ".roster") == 0;
}

static enum am_err roster_take(struct rosters *rosters, struct roster *roster)
{
    struct roster **list = reallocarray(rosters->list, rosters->count + 1, sizeof *list);

    if (list == NULL) {
        roster_unref(roster);
        return AM_NOMEM;
    }
    rosters->list = list;
    rosters->list[rosters->count++] = roster;
    return AM_OK;
}

static enum am_err folder_walk(DIR *dir, const char *folder, const struct trust *trust, uint64_t now_ns,
                               void (*fault)(const char *path, enum am_err err, const struct am_detail *detail),
                               struct rosters *rosters)
{
    const struct dirent *entry;

    while ((entry = readdir(dir)) != NULL && rosters->count < ROSTERS_MAX) {
        struct am_detail detail = {0};
        struct roster *roster;
        char path[4096 + 256];
        enum am_err err;
        if (!name_is_roster(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        err = roster_load(path, trust, now_ns, &detail, &roster);
        if (err == AM_OK) {
            TRY(roster_take(rosters, roster));
            continue;
        }
        rosters->faults++;
        fault(path, err, &detail);
    }
    return AM_OK;
}

// By unit and number, so that a file of number 2 comes before that of number 3.
static int roster_order(const void *a, const void *b)
{
    const struct roster *one = *(struct roster *const *)a, *other = *(struct roster *const *)b;
    int order = strcmp(one->unit, other->unit);

    if (order != 0)
        return order;
    return one->number < other->number ? -1 : one->number > other->number;
}

enum am_err rosters_load(const char *folder, const struct trust *trust, uint64_t now_ns,
                         void (*fault)(const char *path, enum am_err err, const struct am_detail *detail),
                         struct am_detail *detail, struct rosters *ret_rosters)
{
    DIR *dir = opendir(folder);
    enum am_err err;

    *ret_rosters = (struct rosters){0};
    if (dir == NULL)
        return am_fail(AM_IO, detail, folder, "the folder of rosters can't be read: %s", strerror(errno));
    err = folder_walk(dir, folder, trust, now_ns, fault, ret_rosters);
    closedir(dir);
    if (ret_rosters->count > 1)
        qsort(ret_rosters->list, ret_rosters->count, sizeof *ret_rosters->list, roster_order);
    return err;
}

void rosters_clear(struct rosters *rosters)
{
    for (size_t i = 0; i < rosters->count; i++)
        roster_unref(rosters->list[i]);
    free(rosters->list);
    *rosters = (struct rosters){0};
}
