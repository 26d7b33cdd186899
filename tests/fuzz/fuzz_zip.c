/*
 * Any bytes as a deployment package: nothing may crash, hang, or be written outside the folder.
 */
#include "handlers/lambda/zip.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

/* A folder whose only content is the folder to unpack into. */
static char *make_folder(void)
{
    static char path[64];

    snprintf(path, sizeof(path), "/tmp/cadabra-fuzz-zip-XXXXXX");
    if (!mkdtemp(path))
        abort();
    AUTO_FREE char *inside = x_asprintf("%s/in", path);
    if (mkdir(inside, 0755) < 0)
        abort();
    return path;
}

/* How many names there are below path, "in" excluded. */
static int outside_count;

static int count_outside(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)path;
    (void)st;
    (void)kind;
    outside_count += where->level == 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct zip_limits limits = {.bytes = 1 << 20, .entries = 64};
    char *folder = make_folder();
    AUTO_FREE char *inside = x_asprintf("%s/in", folder);
    char problem[256];

    AUTO_CLOSE int dir = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    zip_unpack((struct bytes){.data = data, .len = size}, dir, &limits, problem, sizeof(problem));
    outside_count = 0;
    nftw(folder, count_outside, 16, FTW_PHYS);
    if (outside_count != 1)
        abort();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
