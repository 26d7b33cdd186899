/*
 * Content files.
 *
 *   <data>/<name>/tmp/<id>       being written
 *   <data>/<name>/ab/<id>        whole; ab are the first two characters of the id
 *
 * A blob changes its name once, by rename(), when all its bytes are in it. So a name outside tmp/
 * is a whole blob, and all that is in tmp/ when the folder is opened was left by a crash.
 */
#include "storage/blob.h"

#include "server/base/digest.h"
#include "server/base/io.h"
#include "server/base/log.h"
#include "server/base/nameless.h"
#include "storage/storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

struct blob_dir {
    char *path;
    bool sync;
};

struct blob_writer {
    struct blob_dir *dir;
    int fd;
    bool failed; /* logged */
    int64_t size;
    char id[BLOB_ID_LEN + 1];
    char *temporary;
};

/* True for what blob_commit hands out: an id from a damaged row must not become a path. */
static bool id_valid(const char *id)
{
    return strlen(id) == BLOB_ID_LEN && strspn(id, "0123456789abcdef") == BLOB_ID_LEN;
}

static char *folder_of(const struct blob_dir *dir, const char *id)
{
    return x_asprintf("%s/%.2s", dir->path, id);
}

static char *path_of(const struct blob_dir *dir, const char *id)
{
    return x_asprintf("%s/%.2s/%s", dir->path, id, id);
}

static char *provisional_path(const struct blob_dir *dir, const char *id)
{
    return x_asprintf("%s/tmp/%s", dir->path, id);
}

/* Settles what counts. The rest is removed by the caller. */
static void settle_counted(struct blob_dir *dir, const char *tmp,
                           bool (*counts)(void *context, const char *id), void *context)
{
    DIR *d = opendir(tmp);

    if (!d)
        return;
    for (struct dirent *e;
         (e = readdir(d));) /* NOLINT(concurrency-mt-unsafe): a stream of its own */
        if (id_valid(e->d_name) && counts(context, e->d_name))
            blob_settle(dir, e->d_name);
    closedir(d);
}

static struct blob_dir *open_dir(struct store_root *root, const char *name,
                                 bool (*counts)(void *context, const char *id), void *context)
{
    AUTO_FREE char *path = x_asprintf("%s/%s", root->directory, name);
    AUTO_FREE char *tmp = x_asprintf("%s/tmp", path);
    struct blob_dir *dir;

    if ((mkdir(path, 0700) && errno != EEXIST) || (mkdir(tmp, 0700) && errno != EEXIST)) {
        log_error("cannot create %s: %m", tmp);
        return NULL;
    }
    dir = x_calloc(1, sizeof(*dir));
    dir->path = TAKE(path);
    dir->sync = root->durability_full && !root->temporary;
    if (counts)
        settle_counted(dir, tmp, counts, context);
    if (store_remove_below(tmp, NULL))
        return dir;
    blob_close(dir);
    return NULL;
}

struct blob_dir *blob_open(struct store_root *root, const char *name)
{
    return open_dir(root, name, NULL, NULL);
}

struct blob_dir *blob_open_counted(struct store_root *root, const char *name,
                                   bool (*counts)(void *context, const char *id), void *context)
{
    return open_dir(root, name, counts, context);
}

void blob_close(struct blob_dir *dir)
{
    if (!dir)
        return;
    free(dir->path);
    free(dir);
}

enum store_status blob_begin(struct blob_dir *dir, struct blob_writer **out_writer)
{
    struct blob_writer *w = x_calloc(1, sizeof(*w));

    w->dir = dir;
    random_text(w->id, BLOB_ID_LEN, "0123456789abcdef");
    w->temporary = x_asprintf("%s/tmp/%s", dir->path, w->id);
    w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (w->fd < 0) {
        log_error("cannot create %s: %m", w->temporary);
        free(w->temporary);
        free(w);
        return STORE_FAILED;
    }
    *out_writer = w;
    return STORE_OK;
}

enum store_status blob_write(struct blob_writer *w, const void *data, size_t len)
{
    if (!w->failed && !io_write(w->fd, data, len, IO_FOREVER)) {
        log_error("cannot write %s: %m", w->temporary);
        w->failed = true;
    }
    w->size += (int64_t)len;
    return w->failed ? STORE_FAILED : STORE_OK;
}

static bool sync_path(const char *path, int flags)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

    return fd >= 0 && fsync(fd) == 0;
}

/* Makes the directory's entries as durable as the file's bytes. */
static bool sync_folder(const char *path)
{
    return sync_path(path, O_DIRECTORY);
}

static bool move_into_place(struct blob_writer *w)
{
    AUTO_FREE char *folder = folder_of(w->dir, w->id);
    AUTO_FREE char *path = path_of(w->dir, w->id);
    bool made = mkdir(folder, 0700) == 0;

    if (!made && errno != EEXIST)
        return false;
    if (w->dir->sync && fsync(w->fd))
        return false;
    if (rename(w->temporary, path))
        return false;
    return !w->dir->sync || (sync_folder(folder) && (!made || sync_folder(w->dir->path)));
}

static enum store_status end_writer(struct blob_writer *w, char *out_id, int64_t *out_size)
{
    if (w->failed) {
        blob_abort(w);
        return STORE_FAILED;
    }
    memcpy(out_id, w->id, sizeof(w->id));
    *out_size = w->size;
    close(w->fd);
    free(w->temporary);
    free(w);
    return STORE_OK;
}

enum store_status blob_commit(struct blob_writer *w, char *out_id, int64_t *out_size)
{
    if (!w->failed && !move_into_place(w)) {
        log_error("cannot keep %s: %m", w->temporary);
        w->failed = true;
    }
    return end_writer(w, out_id, out_size);
}

enum store_status blob_provisional(struct blob_writer *w, char *out_id, int64_t *out_size)
{
    AUTO_FREE char *tmp = x_asprintf("%s/tmp", w->dir->path);

    if (!w->failed && w->dir->sync && (fsync(w->fd) || !sync_folder(tmp))) {
        log_error("cannot keep %s: %m", w->temporary);
        w->failed = true;
    }
    return end_writer(w, out_id, out_size);
}

enum store_status blob_link(struct blob_dir *dir, int fd, char *out_id)
{
    random_text(out_id, BLOB_ID_LEN, "0123456789abcdef");
    AUTO_FREE char *path = provisional_path(dir, out_id);
    AUTO_FREE char *tmp = x_asprintf("%s/tmp", dir->path);
    if (!nameless_link(fd, path) || (dir->sync && !(sync_path(path, 0) && sync_folder(tmp)))) {
        log_error("cannot keep %s: %m", path);
        return STORE_FAILED;
    }
    return STORE_OK;
}

/* What fails here is made good at the next start; until then blob_read() finds the file where it
 * is. */
void blob_settle(struct blob_dir *dir, const char *id)
{
    AUTO_FREE char *from = provisional_path(dir, id);
    AUTO_FREE char *to = path_of(dir, id);

    if (rename(from, to) == 0)
        return;
    if (errno == ENOENT) {
        AUTO_FREE char *folder = folder_of(dir, id);

        if ((mkdir(folder, 0700) == 0 || errno == EEXIST) && rename(from, to) == 0)
            return;
    }
    log_error("cannot move %s into place: %m", from);
}

void blob_abort(struct blob_writer *w)
{
    if (!w)
        return;
    if (unlink(w->temporary) && errno != ENOENT)
        log_error("cannot remove %s: %m", w->temporary);
    close(w->fd);
    free(w->temporary);
    free(w);
}

enum store_status blob_read(struct blob_dir *dir, const char *id, int *out_fd, int64_t *out_size)
{
    struct stat st;

    if (!id_valid(id))
        return STORE_NOT_FOUND;
    AUTO_FREE char *path = path_of(dir, id);
    AUTO_FREE char *provisional = provisional_path(dir, id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        fd = open(provisional, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) /* it settled between the two */
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return STORE_NOT_FOUND;
    if (fd < 0 || fstat(fd, &st)) {
        log_error("cannot read %s: %m", path);
        if (fd >= 0)
            close(fd);
        return STORE_FAILED;
    }
    *out_size = st.st_size;
    *out_fd = fd;
    return STORE_OK;
}

enum store_status blob_remove(struct blob_dir *dir, const char *id)
{
    if (!id_valid(id))
        return STORE_NOT_FOUND;
    AUTO_FREE char *path = path_of(dir, id);
    AUTO_FREE char *provisional = provisional_path(dir, id);
    if (unlink(path) == 0 || (errno == ENOENT && unlink(provisional) == 0))
        return STORE_OK;
    if (errno == ENOENT)
        return STORE_NOT_FOUND;
    log_error("cannot remove %s: %m", path);
    return STORE_FAILED;
}
