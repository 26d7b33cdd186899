/*
 * A view is a list of mounts, made in the parent, where memory may be allocated, and carried out in
 * the child, which may only call the kernel.
 *
 * /var/task and /var/runtime need not exist on the machine, and nothing is made outside of the data
 * directory: a folder there stands in for /var. All that is in /var is bound into it, then the
 * package and the runtime, and then it is bound over /var. /tmp is made in the same way from a
 * tmpfs. The data directory may itself lie in /var or in /tmp.
 */
#include "handlers/lambda/view.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "server/base/log.h"

/* Where layers are seen when /opt cannot be taken. */
#define LAYERS_BESIDE "/var/layers"

enum { BOUND = MS_BIND | MS_REC, OWN_MOUNTS = 8, ID_MAP_MAX = 64 };

/* Paths that are not absolute are below the folder of views. */
struct view_mount {
    const char *source;
    const char *target;
    const char *options; /* NULL: source is bound; else a tmpfs with these options */
    bool make;           /* the target is a folder to be made first */
};

struct view {
    const char *directory;
    const struct view_mount *mounts;
    size_t count;
    const char *uid_map;
    const char *gid_map;
};

struct views {
    char *directory;
    pthread_mutex_t lock;
    /* under lock until it is tried, constant from then on: */
    enum { UNTRIED, WORKS, REFUSED } state;
    struct arena arena;
    struct view_mount *var; /* what is in /var */
    size_t var_count;
    char uid_map[ID_MAP_MAX];
    char gid_map[ID_MAP_MAX];
};

struct views *views_new(const char *directory)
{
    struct views *v = x_calloc(1, sizeof(*v));

    v->directory = x_strdup(directory);
    pthread_mutex_init(&v->lock, NULL);
    arena_init(&v->arena);
    snprintf(v->uid_map, sizeof(v->uid_map), "%u %u 1", geteuid(), geteuid());
    snprintf(v->gid_map, sizeof(v->gid_map), "%u %u 1", getegid(), getegid());
    return v;
}

void views_free(struct views *v)
{
    if (!v)
        return;
    arena_release(&v->arena);
    pthread_mutex_destroy(&v->lock);
    free(v->directory);
    free(v);
}

/* --- in the child --- */

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return errno;
    int problem = write(fd, text, strlen(text)) < 0 ? errno : 0;
    close(fd);
    return problem;
}

static int leave_namespaces(const struct view *view)
{
    if (unshare(CLONE_NEWNS) == 0)
        return 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return errno;
    int problem = write_text("/proc/self/setgroups", "deny");
    problem = problem ? problem : write_text("/proc/self/uid_map", view->uid_map);
    return problem ? problem : write_text("/proc/self/gid_map", view->gid_map);
}

static int carry_out(const struct view_mount *m)
{
    if (m->make && mkdir(m->target, 0755) < 0 && errno != EEXIST)
        return errno;
    if (m->options)
        return mount("tmpfs", m->target, "tmpfs", MS_NOSUID | MS_NODEV, m->options) < 0 ? errno : 0;
    return mount(m->source, m->target, NULL, BOUND, NULL) < 0 ? errno : 0;
}

int view_enter(const struct view *view)
{
    int problem = leave_namespaces(view);

    /* What the machine mounts or unmounts from now on is seen here, and not the other way round. */
    if (!problem && mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        problem = errno;
    /* From here its folders are found even when what is above them has been covered. */
    if (!problem && chdir(view->directory) < 0)
        problem = errno;
    for (size_t i = 0; !problem && i < view->count; i++)
        problem = carry_out(&view->mounts[i]);
    return problem;
}

/* --- making the list --- */

static bool lies_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

const char *view_layers(const struct view_wish *wish)
{
    return wish->program && lies_in(wish->program, "/opt") ? LAYERS_BESIDE : "/opt";
}

/* /tmp/tools/bin/python: /tmp/tools has to stay. */
static void keep(const char *program, struct arena *a, struct view_mount *mounts, size_t *count)
{
    if (!lies_in(program, "/tmp"))
        return;
    const char *name = program + strlen("/tmp/");
    int len = (int)strcspn(name, "/");
    if (!name[len])
        return; /* a program that lies there alone */
    mounts[(*count)++] = (struct view_mount){.source = arena_printf(a, "/tmp/%.*s", len, name),
                                             .target = arena_printf(a, "tmp/%.*s", len, name),
                                             .make = true};
}

static void keep_program(const char *program, struct arena *a, struct view_mount *mounts,
                         size_t *count)
{
    AUTO_FREE char *real = realpath(program, NULL);

    keep(program, a, mounts, count);
    if (real)
        keep(real, a, mounts, count);
}

static const struct view *plan(struct views *v, const struct view_wish *wish, struct arena *a)
{
    struct view *view = ARENA_NEW(a, struct view);
    struct view_mount *mounts = ARENA_ARRAY(a, struct view_mount, v->var_count + OWN_MOUNTS);
    size_t n = v->var_count;

    if (n)
        memcpy(mounts, v->var, n * sizeof(*mounts));
    mounts[n++] = (struct view_mount){wish->task, "var/task"};
    mounts[n++] = (struct view_mount){wish->runtime, "var/runtime"};
    if (wish->layers && str_eq(view_layers(wish), LAYERS_BESIDE))
        mounts[n++] = (struct view_mount){wish->layers, "var/layers"};
    else if (wish->layers)
        mounts[n++] = (struct view_mount){wish->layers, "/opt"};
    mounts[n++] =
        (struct view_mount){.target = "tmp", .options = arena_printf(a, "size=%dm", wish->tmp_mb)};
    if (wish->program)
        keep_program(wish->program, a, mounts, &n);
    mounts[n++] = (struct view_mount){"var", "/var"};
    mounts[n++] = (struct view_mount){"tmp", "/tmp"};
    *view = (struct view){.directory = v->directory,
                          .mounts = mounts,
                          .count = n,
                          .uid_map = v->uid_map,
                          .gid_map = v->gid_map};
    return view;
}

/* --- whether it works here --- */

static bool make_folder(struct views *v, const char *name)
{
    AUTO_FREE char *path = x_asprintf("%s%s", v->directory, name);

    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    log_error("cannot create %s: %s", path, strerror(errno));
    return false;
}

static int is_entry(const struct dirent *d)
{
    return !str_eq(d->d_name, ".") && !str_eq(d->d_name, "..") && !str_eq(d->d_name, "task") &&
           !str_eq(d->d_name, "runtime") && !str_eq(d->d_name, "layers");
}

/* Folders are bound, symbolic links are made anew; files do not belong into /var itself. */
static void stand_in(struct views *v, const char *name)
{
    const char *source = arena_printf(&v->arena, "/var/%s", name);
    const char *target = arena_printf(&v->arena, "var/%s", name);
    AUTO_FREE char *path = x_asprintf("%s/%s", v->directory, target);
    char link[4096];
    struct stat st;

    if (lstat(source, &st) < 0)
        return;
    if (S_ISLNK(st.st_mode)) {
        ssize_t len = readlink(source, link, sizeof(link) - 1);

        link[MAX(len, 0)] = 0;
        if (symlink(link, path) < 0 && errno != EEXIST)
            log_error("cannot create %s: %s", path, strerror(errno));
    } else if (S_ISDIR(st.st_mode) && (mkdir(path, 0755) == 0 || errno == EEXIST)) {
        v->var[v->var_count++] = (struct view_mount){source, target};
    }
}

static bool make_folders(struct views *v)
{
    struct dirent **names;

    if (!make_folder(v, "") || !make_folder(v, "/tmp") || !make_folder(v, "/var") ||
        !make_folder(v, VIEW_TASK) || !make_folder(v, VIEW_RUNTIME) ||
        !make_folder(v, LAYERS_BESIDE))
        return false;
    int count = scandir("/var", &names, is_entry, alphasort);
    v->var = ARENA_ARRAY(&v->arena, struct view_mount, (size_t)MAX(count, 0));
    for (int i = 0; i < count; i++) {
        stand_in(v, names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return true;
}

/* Enters a view in a child; 0 or the errno. */
static int try_out(const struct view *view)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(view_enter(view));
    if (pid < 0)
        return errno;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

/* The caller holds the lock. */
static void try(struct views *v)
{
    const struct view_wish wish = {.task = v->directory, .runtime = v->directory, .tmp_mb = 1};
    struct arena a;

    v->state = REFUSED;
    if (!make_folders(v))
        return;
    arena_init(&a);
    int problem = try_out(plan(v, &wish, &a));
    arena_release(&a);
    if (problem)
        log_info("functions share the machine's /tmp, with TMPDIR a folder of their own, and do "
                 "not see /var/task and /opt: this machine allows no mount namespace (%s)",
                 strerror(problem));
    else
        v->state = WORKS;
}

const struct view *views_make(struct views *v, const struct view_wish *wish, struct arena *a)
{
    pthread_mutex_lock(&v->lock);
    if (v->state == UNTRIED)
        try(v);
    bool works = v->state == WORKS;
    pthread_mutex_unlock(&v->lock);
    return works ? plan(v, wish, a) : NULL;
}
