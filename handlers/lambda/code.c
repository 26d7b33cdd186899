/*
 * An archive becomes a package in three steps: unpacked into a folder with a name that starts with
 * "new-", written as a blob, and the folder renamed to the blob's id. The function's row, written
 * after that, makes it count; whatever a crash leaves before is stale and removed at the next
 * start.
 */
#include "handlers/lambda/code.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "handlers/lambda/tree.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"

#define NEW_PREFIX "new-"

struct code {
    struct store_root *root;
    char *directory;
    pthread_mutex_t lock;
    struct blob_dir *blobs; /* under lock until it is set: opened by the first use */
};

struct code *code_open(struct store_root *root)
{
    struct code *c = x_calloc(1, sizeof(*c));

    c->root = root;
    c->directory = x_asprintf("%s/lambda-code", store_directory(root));
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void code_close(struct code *c)
{
    if (!c)
        return;
    if (c->blobs)
        blob_close(c->blobs);
    pthread_mutex_destroy(&c->lock);
    free(c->directory);
    free(c);
}

static struct blob_dir *blobs_of(struct code *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->blobs)
        c->blobs = blob_open(c->root, "lambda");
    struct blob_dir *blobs = c->blobs;
    pthread_mutex_unlock(&c->lock);
    return blobs;
}

static bool keep_archive(struct code *c, struct bytes archive, char *out_id)
{
    struct blob_dir *blobs = blobs_of(c);
    struct blob_writer *w;
    int64_t size;

    if (!blobs || blob_begin(blobs, &w) != STORE_OK)
        return false;
    if (blob_write(w, archive.data, archive.len) != STORE_OK) {
        blob_abort(w);
        return false;
    }
    return blob_commit(w, out_id, &size) == STORE_OK;
}

/* Unpacks into a new folder, whose path goes to *out_path (to be freed); it is removed again unless
 * the verdict is ZIP_FINE. */
static enum zip_verdict unpack(struct code *c, struct bytes archive, char **out_path)
{
    const struct zip_limits limits = {.bytes = CODE_UNZIPPED_MAX, .entries = CODE_ENTRIES_MAX};
    char unique[17];
    char problem[512] = "";

    random_text(unique, sizeof(unique) - 1, "0123456789abcdef");
    AUTO_FREE char *path = x_asprintf("%s/" NEW_PREFIX "%s", c->directory, unique);
    mkdir(c->directory, 0755);
    if (mkdir(path, 0755) < 0) {
        log_error("cannot create %s: %s", path, strerror(errno));
        return ZIP_FAILED;
    }
    AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum zip_verdict verdict =
        dir < 0 ? ZIP_FAILED : zip_unpack(archive, dir, &limits, problem, sizeof(problem));
    if (verdict == ZIP_MALFORMED)
        log_info("a deployment package was refused: %s", problem);
    if (verdict != ZIP_FINE) {
        tree_remove(path);
        return verdict;
    }
    *out_path = TAKE(path);
    return ZIP_FINE;
}

static void describe(struct bytes archive, struct arena *a, struct code_package *out)
{
    uint8_t digest[SHA256_LEN];
    char *text = arena_alloc(a, BASE64_LEN(SHA256_LEN) + 1);

    sha256(archive.data, archive.len, digest);
    base64_encode(digest, sizeof(digest), text);
    out->sha256 = text;
    out->size = (int64_t)archive.len;
}

enum zip_verdict code_add(struct code *c, struct bytes archive, struct arena *a,
                          struct code_package *out)
{
    AUTO_FREE char *path = NULL;
    enum zip_verdict verdict = unpack(c, archive, &path);

    if (verdict != ZIP_FINE)
        return verdict;
    if (!keep_archive(c, archive, out->id)) {
        tree_remove(path);
        return ZIP_FAILED;
    }
    char *final = code_path(c, out->id, a);
    if (rename(path, final) < 0) {
        log_error("cannot rename %s: %s", path, strerror(errno));
        tree_remove(path);
        code_remove(c, out->id);
        return ZIP_FAILED;
    }
    describe(archive, a, out);
    return ZIP_FINE;
}

enum zip_verdict code_check(struct code *c, struct bytes archive, struct arena *a,
                            struct code_package *out)
{
    AUTO_FREE char *path = NULL;
    enum zip_verdict verdict = unpack(c, archive, &path);

    if (verdict != ZIP_FINE)
        return verdict;
    tree_remove(path);
    describe(archive, a, out);
    return ZIP_FINE;
}

char *code_path(const struct code *c, const char *id, struct arena *a)
{
    return arena_printf(a, "%s/%s", c->directory, id);
}

enum store_status code_archive(struct code *c, const char *id, int *out_fd, int64_t *out_size)
{
    struct blob_dir *blobs = blobs_of(c);

    return blobs ? blob_read(blobs, id, out_fd, out_size) : STORE_FAILED;
}

bool code_exists(const struct code *c, const char *id)
{
    AUTO_FREE char *path = x_asprintf("%s/%s", c->directory, id);

    return access(path, X_OK) == 0;
}

void code_set_aside(struct code *c, const char *id)
{
    AUTO_FREE char *path = x_asprintf("%s/%s", c->directory, id);
    AUTO_FREE char *aside = x_asprintf("%s/" NEW_PREFIX "%s", c->directory, id);

    if (rename(path, aside) < 0 && errno != ENOENT)
        log_error("cannot rename %s: %s", path, strerror(errno));
}

void code_remove(struct code *c, const char *id)
{
    AUTO_FREE char *aside = x_asprintf("%s/" NEW_PREFIX "%s", c->directory, id);
    struct blob_dir *blobs = blobs_of(c);

    code_set_aside(c, id);
    tree_remove(aside);
    if (blobs)
        blob_remove(blobs, id);
}

/* --- layers --- */

enum { MERGE_DEPTH_MAX = 100 };

static bool merge_entry(int from, int to, const char *name, int depth);

/* Links all that is in one folder into another; what is there already gives way to it. */
static bool merge_folder(int from, int to, int depth) // NOLINT(misc-no-recursion): bounded
{
    DIR *dir = depth < MERGE_DEPTH_MAX ? fdopendir(from) : NULL;
    bool done = true;

    if (!dir) {
        close(from);
        return false;
    }
    for (struct dirent *d; done && (d = readdir(dir));) {
        if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
            done = merge_entry(from, to, d->d_name, depth);
    }
    closedir(dir);
    return done;
}

static bool merge_link(int from, int to, const char *name)
{
    char target[4096];
    ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

    if (len < 0)
        return false;
    target[len] = 0;
    unlinkat(to, name, 0);
    return symlinkat(target, to, name) == 0;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by MERGE_DEPTH_MAX
static bool merge_entry(int from, int to, const char *name, int depth)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (S_ISLNK(st.st_mode))
        return merge_link(from, to, name);
    if (!S_ISDIR(st.st_mode)) {
        unlinkat(to, name, 0);
        return linkat(from, name, to, name, 0) == 0;
    }
    if (mkdirat(to, name, 0755) < 0 && errno != EEXIST)
        return false;
    int inner_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_CLOSE int inner_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner_from < 0)
        return false;
    if (inner_to < 0) {
        close(inner_from);
        return false;
    }
    return merge_folder(inner_from, inner_to, depth + 1);
}

static bool merge(const struct code *c, const char *const *ids, size_t count, const char *path)
{
    AUTO_CLOSE int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; to >= 0 && i < count; i++) {
        AUTO_FREE char *layer = x_asprintf("%s/%s", c->directory, ids[i]);
        int from = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (from < 0 || !merge_folder(from, to, 0)) {
            log_error("cannot put layer %s into %s: %s", layer, path, strerror(errno));
            return false;
        }
    }
    return to >= 0;
}

char *code_layers_path(struct code *c, const char *const *ids, size_t count, struct arena *a)
{
    uint8_t digest[SHA256_LEN];
    char name[BLOB_ID_LEN + 1];
    char unique[17];
    const char *all = "";

    for (size_t i = 0; i < count; i++)
        all = arena_printf(a, "%s %s", all, ids[i]);
    sha256(all, strlen(all), digest);
    hex_encode(digest, BLOB_ID_LEN / 2, name);
    char *path = arena_printf(a, "%s/opt-%s", c->directory, name);
    if (access(path, X_OK) == 0)
        return path;
    random_text(unique, sizeof(unique) - 1, "0123456789abcdef");
    char *fresh = arena_printf(a, "%s/" NEW_PREFIX "%s", c->directory, unique);
    mkdir(c->directory, 0755);
    if (mkdir(fresh, 0755) < 0 || !merge(c, ids, count, fresh)) {
        tree_remove(fresh);
        return NULL;
    }
    if (rename(fresh, path) < 0) {
        tree_remove(fresh); /* another one was quicker */
        return access(path, X_OK) == 0 ? path : NULL;
    }
    return path;
}

static int compare_ids(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

void code_remove_stale(struct code *c, const char *const *used, size_t used_count)
{
    DIR *dir = opendir(c->directory);

    if (!dir)
        return;
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        if (used_count && bsearch(d->d_name, used, used_count, sizeof(*used), compare_ids))
            continue;
        if (str_starts(d->d_name, NEW_PREFIX)) {
            AUTO_FREE char *path = x_asprintf("%s/%s", c->directory, d->d_name);

            tree_remove(path);
        } else {
            code_remove(c, d->d_name);
        }
    }
    closedir(dir);
}
