/*
 * Hot reload: the code of a function is a folder of the machine, whose owner edits it. What the
 * folder holds is part of the function's revision, so a change ends its sandboxes as an update
 * does. The folder is looked at when the function is run.
 */
#include "handlers/lambda/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { FILES_MAX = 20000, DEPTH_MAX = 32 };

struct look {
    uint64_t hash;
    int files;
};

static void mix(struct look *look, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++)
        look->hash = (look->hash ^ bytes[i]) * UINT64_C(1099511628211); /* FNV-1a */
}

/* What functions and editors write themselves, and what is large and never edited. */
static bool is_skipped(const char *name)
{
    return name[0] == '.' || str_eq(name, "__pycache__") || str_eq(name, "node_modules");
}

static void look_at(struct look *look, int parent, const char *name, int depth);

static void look_into(struct look *look, int fd, int depth) // NOLINT(misc-no-recursion): bounded
{
    DIR *dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;

    if (!dir) {
        close(fd);
        return;
    }
    for (struct dirent *d; (d = readdir(dir)) && look->files < FILES_MAX;) {
        if (!is_skipped(d->d_name))
            look_at(look, fd, d->d_name, depth);
    }
    closedir(dir);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX
static void look_at(struct look *look, int parent, const char *name, int depth)
{
    struct look one = {.hash = UINT64_C(14695981039346656037)};
    struct stat st;

    if (fstatat(parent, name, &st, 0) < 0)
        return;
    look->files++;
    mix(&one, name, strlen(name));
    if (S_ISDIR(st.st_mode)) {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        one.files = look->files;
        if (fd >= 0)
            look_into(&one, fd, depth + 1);
        look->files = one.files;
    } else {
        mix(&one, &st.st_ino, sizeof(st.st_ino));
        mix(&one, &st.st_size, sizeof(st.st_size));
        mix(&one, &st.st_mtim, sizeof(st.st_mtim));
    }
    look->hash += one.hash; /* whatever the order of the entries */
}

static void renew(struct lambda *l, struct lambda_function *f, char revision[64])
{
    struct look look = {0};
    int fd = open(f->hot_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        look_into(&look, fd, 0);
    snprintf(revision, 64, "%.36s-%016" PRIx64, f->revision, look.hash);
    f->revision = revision;
    pool_retire(l->pool, f, revision);
}

enum pool_status lambda_run(struct lambda *l, struct lambda_function *f, struct invocation *in)
{
    char revision[64];
    const char *kept = f->revision;

    if (f->hot_path)
        renew(l, f, revision);
    enum pool_status status = pool_run(l->pool, f, in);
    f->revision = kept;
    return status;
}
