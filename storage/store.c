/*
 * The data directory: made where it is missing, locked while it is open.
 *
 * The lock is flock() on <directory>/lock, so it ends with the process that holds it, however it
 * ends. The file holds that process's id for the problem text. With --memory the directory is one
 * of our own on a tmpfs where there is one; those that a killed server left behind are removed by
 * the next --memory start.
 */
#include "storage/storage.h"

#include "server/base/log.h"
#include "server/base/nameless.h"
#include "storage/writeback.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

static const char lock_name[] = "lock";
static const char temporary_prefix[] = "cadabra-memory-";
enum {
    STALE_AFTER_S = 60, /* a younger directory may not have been locked yet by its maker */
    LOCK_TRIES = 20,
    LOCK_PAUSE_US = 50 * 1000,
};

/* --- removing --- */

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    if (remove(path) == 0 || errno == ENOENT)
        return 0;
    log_error("cannot remove %s: %m", path);
    return -1;
}

static bool remove_tree(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT)
        return true;
    log_error("cannot remove what is below %s", path);
    return false;
}

bool store_remove_below(const char *directory, const char *keep)
{
    DIR *d = opendir(directory);
    struct dirent *entry;
    bool ok = true;

    if (!d) {
        log_error("cannot list %s: %m", directory);
        return false;
    }
    /* Only this thread reads this DIR. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((entry = readdir(d))) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
            (keep && str_eq(entry->d_name, keep)))
            continue;
        AUTO_FREE char *path = x_asprintf("%s/%s", directory, entry->d_name);
        ok = remove_tree(path) && ok;
    }
    closedir(d);
    return ok;
}

/* --- making and locking --- */

/* mkdir -p, for us alone. */
static bool make_directory(const char *path)
{
    AUTO_FREE char *part = x_strdup(path);

    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

static void describe_holder(int fd, const char *directory, char *out_problem, size_t size)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? (size_t)n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    snprintf(out_problem, size, "the data directory %s is in use by another server (process %s)",
             directory, *pid ? pid : "unknown");
}

/* A server that was killed while it started a program may live on for a moment in the child that
 * had not yet come to its exec, and with it the lock. */
static bool lock_soon(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!flock(fd, LOCK_EX | LOCK_NB))
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        usleep(LOCK_PAUSE_US);
    }
    return !flock(fd, LOCK_EX | LOCK_NB);
}

static int take_lock(const char *directory, char *out_problem, size_t size)
{
    AUTO_FREE char *path = x_asprintf("%s/%s", directory, lock_name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        snprintf(out_problem, size, "cannot open %s: %s", path, strerrordesc_np(errno));
        return -1;
    }
    if (!lock_soon(fd)) {
        if (errno == EWOULDBLOCK)
            describe_holder(fd, directory, out_problem, size);
        else
            snprintf(out_problem, size, "cannot lock %s: %s", path, strerrordesc_np(errno));
        close(fd);
        return -1;
    }
    if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        snprintf(out_problem, size, "cannot write %s: %s", path, strerrordesc_np(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* --- --memory --- */

static const char *temporary_base(void)
{
    struct stat st;
    const char *base = getenv("TMPDIR"); /* read at start only. NOLINT(concurrency-mt-unsafe) */

    if (stat("/dev/shm", &st) == 0 && S_ISDIR(st.st_mode) && access("/dev/shm", W_OK | X_OK) == 0)
        return "/dev/shm";
    return base && *base == '/' ? base : "/tmp";
}

static void remove_if_stale(const char *path)
{
    AUTO_FREE char *lock_path = x_asprintf("%s/%s", path, lock_name);
    struct stat st;

    if (lstat(path, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
        time(NULL) - st.st_mtime < STALE_AFTER_S)
        return;
    AUTO_CLOSE int fd = open(lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB))
        return; /* its server lives */
    if (remove_tree(path))
        log_info("removed %s, left behind by a server that was killed", path);
}

static void remove_stale(const char *base)
{
    DIR *d = opendir(base);
    struct dirent *entry;

    if (!d)
        return;
    /* Only this thread reads this DIR. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((entry = readdir(d))) {
        if (!str_starts(entry->d_name, temporary_prefix))
            continue;
        AUTO_FREE char *path = x_asprintf("%s/%s", base, entry->d_name);
        remove_if_stale(path);
    }
    closedir(d);
}

static char *make_temporary(char *out_problem, size_t size)
{
    const char *base = temporary_base();
    AUTO_FREE char *path = x_asprintf("%s/%sXXXXXX", base, temporary_prefix);

    remove_stale(base);
    if (!mkdtemp(path)) {
        snprintf(out_problem, size, "cannot make a temporary directory in %s: %s", base,
                 strerrordesc_np(errno));
        return NULL;
    }
    return TAKE(path);
}

/* --- open and close --- */

static char *make_persistent(const char *directory, char *out_problem, size_t size)
{
    AUTO_FREE char *path = x_strdup(directory);

    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    if (*path && make_directory(path))
        return TAKE(path);
    snprintf(out_problem, size, "cannot create the data directory %s: %s", directory,
             *path ? strerrordesc_np(errno) : "the name is empty");
    return NULL;
}

struct store_root *store_open(const struct store_options *options, char *out_problem,
                              size_t problem_size)
{
    bool temporary = !options->directory;
    AUTO_FREE char *directory =
        temporary ? make_temporary(out_problem, problem_size)
                  : make_persistent(options->directory, out_problem, problem_size);
    struct store_root *root;
    int fd;

    if (!directory)
        return NULL;
    fd = take_lock(directory, out_problem, problem_size);
    if (fd < 0) {
        if (temporary)
            remove_tree(directory);
        return NULL;
    }
    nameless_sweep(directory);
    root = x_calloc(1, sizeof(*root));
    root->directory = TAKE(directory);
    root->lock_fd = fd;
    root->temporary = temporary;
    root->durability_full = options->durability_full;
    root->writeback = writeback_new();
    return root;
}

void store_close(struct store_root *root)
{
    if (!root)
        return;
    writeback_free(root->writeback);
    if (root->temporary)
        remove_tree(root->directory);
    close(root->lock_fd);
    free(root->directory);
    free(root);
}

enum store_status store_empty(struct store_root *root)
{
    return store_remove_below(root->directory, lock_name) ? STORE_OK : STORE_FAILED;
}

const char *store_directory(const struct store_root *root)
{
    return root->directory;
}

bool store_has(const struct store_root *root, const char *name)
{
    AUTO_FREE char *path = x_asprintf("%s/%s.db", root->directory, name);

    return access(path, F_OK) == 0;
}
