/*
 * Finding an interpreter means asking it: a name on PATH may be a shim that starts something else,
 * or nothing. So each candidate is started once and tells its own real path, which is remembered.
 * `python3.11` is tried before `python3` for runtime python3.11, so that a machine with many
 * versions runs the one that was asked for.
 */
#include "handlers/lambda/interpreter.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "handlers/lambda/process.h"
#include "server/base/embed.h"
#include "server/base/log.h"

EMBED(handlers_lambda_runtime_bootstrap_py);
EMBED(handlers_lambda_runtime_bootstrap_cjs);
EMBED(handlers_lambda_runtime_bootstrap_rb);

enum { PROBE_TIMEOUT_MS = 10000, INTERPRETERS_MAX = 32 };

struct interpreter {
    char *name; /* as it was looked for: python3.11 */
    char *path; /* NULL: not there */
    int64_t looked_ms;
};

struct interpreters {
    char *runtime_dir;
    pthread_mutex_t lock;
    /* under lock: */
    struct interpreter items[INTERPRETERS_MAX];
    size_t count;
    bool bootstraps_written;
};

struct interpreters *interpreters_new(const char *runtime_dir)
{
    struct interpreters *is = x_calloc(1, sizeof(*is));

    is->runtime_dir = x_strdup(runtime_dir);
    pthread_mutex_init(&is->lock, NULL);
    return is;
}

void interpreters_free(struct interpreters *is)
{
    if (!is)
        return;
    for (size_t i = 0; i < is->count; i++) {
        free(is->items[i].name);
        free(is->items[i].path);
    }
    pthread_mutex_destroy(&is->lock);
    free(is->runtime_dir);
    free(is);
}

bool interpreter_write_file(const char *dir, const char *name, const char *text, size_t len)
{
    AUTO_FREE char *path = x_asprintf("%s/%s", dir, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd >= 0 && write(fd, text, len) == (ssize_t)len)
        return true;
    log_error("cannot write %s: %s", path, strerror(errno));
    return false;
}

bool interpreter_make_folder(const char *dir)
{
    if (mkdir(dir, 0755) == 0 || errno == EEXIST)
        return true;
    log_error("cannot create %s: %s", dir, strerror(errno));
    return false;
}

bool interpreters_ready(struct interpreters *is)
{
    const char *dir = is->runtime_dir;

    pthread_mutex_lock(&is->lock);
    if (!is->bootstraps_written)
        is->bootstraps_written =
            interpreter_make_folder(dir) &&
            interpreter_write_file(dir, "bootstrap.py", embed_handlers_lambda_runtime_bootstrap_py,
                                   EMBED_LEN(handlers_lambda_runtime_bootstrap_py)) &&
            interpreter_write_file(dir, "bootstrap.cjs",
                                   embed_handlers_lambda_runtime_bootstrap_cjs,
                                   EMBED_LEN(handlers_lambda_runtime_bootstrap_cjs)) &&
            interpreter_write_file(dir, "bootstrap.rb", embed_handlers_lambda_runtime_bootstrap_rb,
                                   EMBED_LEN(handlers_lambda_runtime_bootstrap_rb));
    bool ready = is->bootstraps_written;
    pthread_mutex_unlock(&is->lock);
    return ready;
}

char *interpreter_on_path(const char *name)
{
    const char *at = getenv("PATH");

    for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at;) {
        size_t len = strcspn(at, ":");
        char *path = x_asprintf("%.*s/%s", (int)len, at, name);

        if (len && path[0] == '/' && access(path, X_OK) == 0)
            return path;
        free(path);
        at += len + (at[len] == ':');
    }
    return NULL;
}

static char *ask_real_path(const char *name, enum runtime_kind kind)
{
    AUTO_FREE char *found = interpreter_on_path(name);
    static char *const questions[][2] = {
        [RUNTIME_PYTHON] = {"-c", "import sys; print(sys.executable)"},
        [RUNTIME_NODE] = {"-p", "process.execPath"},
        [RUNTIME_RUBY] = {"-e", "puts RbConfig.ruby"},
    };
    char *argv[] = {found, questions[kind][0], questions[kind][1], NULL};
    struct process_options options = {.argv = argv, .environment = environ, .directory = "/"};

    return found ? process_first_line(&options, PROBE_TIMEOUT_MS) : NULL;
}

/* NULL when there is none. The caller holds the lock. */
static const char *find_interpreter(struct interpreters *is, const char *name,
                                    enum runtime_kind kind)
{
    struct interpreter *it = is->items;
    int64_t now = clock_monotonic_ms();

    while (it < is->items + is->count && !str_eq(it->name, name))
        it++;
    if (it == is->items + INTERPRETERS_MAX)
        return NULL;
    if (it == is->items + is->count) {
        it->name = x_strdup(name);
        is->count++;
    } else if (it->path || now - it->looked_ms < LOOK_AGAIN_MS) {
        return it->path;
    }
    it->looked_ms = now;
    it->path = ask_real_path(name, kind);
    if (it->path)
        log_info("functions that ask for %s run with %s", name, it->path);
    return it->path;
}

const char *interpreters_find(struct interpreters *is, enum runtime_kind kind, const char *runtime,
                              struct arena *a, const char **out_problem)
{
    static const char *const names[] = {
        [RUNTIME_PYTHON] = "python3", [RUNTIME_NODE] = "node", [RUNTIME_RUBY] = "ruby"};
    const char *path = NULL;

    pthread_mutex_lock(&is->lock);
    if (str_starts(runtime, "python3.") || kind == RUNTIME_RUBY)
        path = find_interpreter(is, runtime, kind);
    if (!path)
        path = find_interpreter(is, names[kind], kind);
    pthread_mutex_unlock(&is->lock);
    if (path)
        return path;
    *out_problem = arena_printf(a,
                                "This machine cannot run %s: there is no %s on the PATH of the "
                                "server",
                                runtime, names[kind]);
    return NULL;
}
