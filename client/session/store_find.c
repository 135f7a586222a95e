// SPDX-License-Identifier: Apache-2.0
// Messages by the beginning of an id, and an id as short as a screen may have it.
#include "client/session/store.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

// Collects the ids of one box that begin so.
static enum am_err find_in(struct store *store, enum store_box box, const char *beginning, struct am_detail *detail,
                           unsigned *found, enum store_box *ret_box, char ret_id[STORE_ID])
{
    char at[STORE_ID] = "", id[STORE_ID];
    size_t len = strlen(beginning);
    enum am_err err;
    if (len > 1) // those after all that is shorter by one, as the next one is asked for after a key
        snprintf(at, sizeof at, "%.*s", (int)len - 1, beginning);
    while ((err = store_next(store, box, at, id)) == AM_OK) {
        strlcpy(at, id, sizeof at);
        if (strncmp(id, beginning, len) > 0)
            break;
        if (strncmp(id, beginning, len) != 0 || (*found > 0 && strcmp(id, ret_id) == 0))
            continue;
        if (*found < 4 && detail != NULL) {
            strlcat(detail->text, *found > 0 ? ", " : "", sizeof detail->text);
            strlcat(detail->text, id, sizeof detail->text);
        }
        (*found)++;
        strlcpy(ret_id, id, STORE_ID);
        *ret_box = box;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

enum am_err store_find(struct store *store, unsigned boxes, const char *beginning, struct am_detail *detail,
                       enum store_box *ret_box, char ret_id[STORE_ID])
{
    struct am_detail local = {0};
    char id[STORE_ID] = "";
    unsigned found = 0;
    if (beginning[0] == '\0') // would be that of any
        return am_fail(AM_USAGE, detail, "",
                       "an ID is needed, or its beginning: `amana inbox` and `amana sent` show them");
    for (unsigned box = 0; box < STORE_BOXES; box++)
        if ((boxes & 1u << box) != 0)
            TRY(find_in(store, (enum store_box)box, beginning, &local, &found, ret_box, id));
    if (found == 0)
        return am_fail(AM_NOT_FOUND, detail, beginning,
                       (boxes & 1u << STORE_INBOX) == 0
                           ? "no message that was written here has an id that begins so: `amana sent` shows them"
                           : "no message here has an id that begins so: `amana inbox` and `amana sent` show them");
    if (found > 1)
        return am_fail(AM_CONFLICT, detail, beginning, "%u ids begin so (%.200s): write more of it", found, local.text);
    strlcpy(ret_id, id, STORE_ID);
    return AM_OK;
}

// The rows of messages that share an id differ in the digit of the UUID's version: 7, and 8 where it was made here.
#define VERSION_AT 14

void store_short(struct store *store, const char *id, char ret_short[STORE_ID])
{
    char made[STORE_ID], next[STORE_ID];
    bool shared = strlen(id) > VERSION_AT && id[VERSION_AT] == '8';
    snprintf(made, sizeof made, "%.13s-8", id);
    for (unsigned box = 0; box < STORE_BOXES && !shared; box++)
        shared = store_next(store, (enum store_box)box, made, next) == AM_OK && strncmp(next, made, strlen(made)) == 0;
    snprintf(ret_short, STORE_ID, "%.*s", shared ? 18 : 13, id);
}
