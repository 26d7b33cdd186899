#include "handlers/lambda/tree.h"

#include <ftw.h>

#include "server/base/log.h"

enum { DESCRIPTORS_MAX = 16 };

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

void tree_remove(const char *path)
{
    if (nftw(path, remove_entry, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 &&
        errno != ENOENT)
        log_error("cannot remove %s: %s", path, strerror(errno));
}
