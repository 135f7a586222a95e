// SPDX-License-Identifier: Apache-2.0
// Files that a verb writes into a folder.
#include "client/cmd/file_out.h"

#include "client/cmd/json_line.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum am_err file_out_folder(const char *folder, unsigned mode, struct am_detail *detail)
{
    if (mkdir(folder, mode) != 0 && errno != EEXIST)
        return am_fail(AM_FULL, detail, folder, "can't be made: %s", strerror(errno));
    return AM_OK;
}

enum am_err file_out(const struct command *command, const char *folder, const char *name, struct am_bytes bytes,
                     struct am_detail *detail)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return am_fail(AM_TOO_LARGE, detail, folder, "this path is too long");
    enum am_err err = certs_write_file(path, bytes, 0644, detail);
    if (err != AM_OK)
        return err == AM_IO ? AM_FULL : err;
    if (command->json)
        return json_line_print(json_pack("{s:s}", "file", path), stdout) == 0 ? AM_OK : AM_IO;
    printf("%s\n", path);
    return AM_OK;
}
