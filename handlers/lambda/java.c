/*
 * A bootstrap in Java has to be compiled. The first function that wants a JVM has that JVM do it:
 * it runs Prepare.java, which leaves a jar and an archive of loaded classes, by which later starts
 * take a fraction of the time. They are kept in the data directory, in a folder that is named by
 * what they depend on, so that another JVM or other sources make another. An archive is good only
 * for the path that it was made at: so they are made as functions see them, in a view like theirs.
 *
 * For runtime java21 a JVM 21 where Debian installs it is taken before JAVA_HOME and PATH, which
 * are what runs all others.
 */
#include "handlers/lambda/java.h"

#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

#include "handlers/lambda/interpreter.h"
#include "handlers/lambda/process.h"
#include "server/base/digest.h"
#include "server/base/embed.h"
#include "server/base/log.h"

EMBED(handlers_lambda_runtime_java_Bean_java);
EMBED(handlers_lambda_runtime_java_Bootstrap_java);
EMBED(handlers_lambda_runtime_java_Events_java);
EMBED(handlers_lambda_runtime_java_Fault_java);
EMBED(handlers_lambda_runtime_java_Handler_java);
EMBED(handlers_lambda_runtime_java_Json_java);
EMBED(handlers_lambda_runtime_java_Logger_java);
EMBED(handlers_lambda_runtime_java_Prepare_java);
EMBED(handlers_lambda_runtime_java_Reader_java);
EMBED(handlers_lambda_runtime_java_Rehearsal_java);
EMBED(handlers_lambda_runtime_java_RuntimeClient_java);
EMBED(handlers_lambda_runtime_java_Shape_java);
EMBED(handlers_lambda_runtime_java_Surroundings_java);
EMBED(handlers_lambda_runtime_java_Times_java);
EMBED(handlers_lambda_runtime_java_Writer_java);

#define SOURCE(name)                                                                               \
    {                                                                                              \
#name ".java", embed_handlers_lambda_runtime_java_##name##_java,                           \
            embed_handlers_lambda_runtime_java_##name##_java_end                                   \
    }

enum {
    BUILDS_MAX = 16,
    PREPARE_TIMEOUT_MS = 120000,
    OLDEST = 11, /* that compiles the bootstrap */
};

static const struct source {
    const char *name;
    const char *text;
    const char *end;
} sources[] = {
    SOURCE(Bean),         SOURCE(Bootstrap), SOURCE(Events),        SOURCE(Fault),
    SOURCE(Handler),      SOURCE(Json),      SOURCE(Logger),        SOURCE(Prepare),
    SOURCE(Reader),       SOURCE(Rehearsal), SOURCE(RuntimeClient), SOURCE(Shape),
    SOURCE(Surroundings), SOURCE(Times),     SOURCE(Writer),
};

/* A bootstrap for one JVM. */
struct build {
    char *folder; /* its name below runtime_dir */
    bool ready;
    bool archived;
    int64_t tried_ms;
};

struct java {
    char *runtime_dir;
    pthread_mutex_t lock;
    /* under lock: */
    struct build builds[BUILDS_MAX];
    size_t count;
};

struct java *java_new(const char *runtime_dir)
{
    struct java *j = x_calloc(1, sizeof(*j));

    j->runtime_dir = x_strdup(runtime_dir);
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

void java_free(struct java *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < j->count; i++)
        free(j->builds[i].folder);
    pthread_mutex_destroy(&j->lock);
    free(j->runtime_dir);
    free(j);
}

/* --- finding --- */

/* To be freed; NULL when there is none. */
static char *find_version(int version)
{
    AUTO_FREE char *pattern = x_asprintf("/usr/lib/jvm/java-%d-*/bin/java", version);
    glob_t found = {0};
    char *path = NULL;

    if (version >= OLDEST && glob(pattern, 0, NULL, &found) == 0)
        path = realpath(found.gl_pathv[0], NULL);
    globfree(&found);
    return path;
}

/* The JVM to use for a runtime, to be freed; NULL when there is none. */
static char *find_jvm(const char *runtime)
{
    const char *home = getenv("JAVA_HOME");
    char *path = find_version((int)strtol(runtime + strlen("java"), NULL, 10));

    if (!path && home) {
        AUTO_FREE char *at_home = x_asprintf("%s/bin/java", home);
        path = access(at_home, X_OK) == 0 ? realpath(at_home, NULL) : NULL;
    }
    if (!path) {
        AUTO_FREE char *on_path = interpreter_on_path("java");
        path = on_path ? realpath(on_path, NULL) : NULL;
    }
    return path;
}

const char *java_find(const char *runtime, struct arena *a, const char **out_problem)
{
    AUTO_FREE char *path = find_jvm(runtime);

    if (path)
        return arena_strdup(a, path);
    *out_problem = arena_printf(a,
                                "This machine cannot run %s: there is no java on the PATH of the "
                                "server, nor below JAVA_HOME (Debian's package is "
                                "default-jre-headless)",
                                runtime);
    return NULL;
}

/* --- preparing --- */

/* Where the bootstrap for a JVM is made: named by the JVM, the place, and our sources. */
static char *folder_of(const char *jvm, const char *seen)
{
    struct stat st = {0};
    uint32_t sum = 0;

    stat(jvm, &st);
    AUTO_FREE char *about = x_asprintf("%s %" PRId64 " %s", jvm, (int64_t)st.st_mtime, seen);
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        sum = sum * 31 + crc32_of(sources[i].text, (size_t)(sources[i].end - sources[i].text));
    return x_asprintf("java-%08x%08x", sum, crc32_of(about, strlen(about)));
}

static bool write_sources(const char *folder)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (!interpreter_write_file(folder, sources[i].name, sources[i].text,
                                    (size_t)(sources[i].end - sources[i].text)))
            return false;
    }
    return true;
}

/* folder: as it is seen. */
static bool compile(const char *jvm, const char *folder, const struct view *view)
{
    AUTO_FREE char *program = x_strdup(jvm);
    AUTO_FREE char *source = x_asprintf("%s/Prepare.java", folder);
    AUTO_FREE char *at = x_strdup(folder);
    char *argv[] = {program, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", source, at, NULL};
    char *environment[] = {"LANG=C.UTF-8", NULL};
    struct process_options options = {
        .argv = argv, .environment = environment, .directory = folder, .view = view};
    int64_t started = clock_monotonic_ms();
    AUTO_FREE char *answer = process_first_line(&options, PREPARE_TIMEOUT_MS);

    if (!answer || !str_eq(answer, "ready"))
        return false;
    log_info("%s has compiled the bootstrap for Java functions in %" PRId64 " ms", jvm,
             clock_monotonic_ms() - started);
    return true;
}

/* The caller holds the lock. */
static void prepare(struct java *j, struct build *b, const char *jvm, const char *seen,
                    const struct view *view)
{
    AUTO_FREE char *folder = x_asprintf("%s/%s", j->runtime_dir, b->folder);
    AUTO_FREE char *inside = x_asprintf("%s/%s", seen, b->folder);
    AUTO_FREE char *jar = x_asprintf("%s/bootstrap.jar", folder);
    AUTO_FREE char *archive = x_asprintf("%s/bootstrap.jsa", folder);

    b->tried_ms = clock_monotonic_ms();
    if (access(jar, R_OK) < 0 &&
        !(interpreter_make_folder(folder) && write_sources(folder) && compile(jvm, inside, view)))
        return;
    b->ready = true;
    b->archived = access(archive, R_OK) == 0;
}

/* NULL when there are too many. The caller holds the lock. */
static struct build *find_build(struct java *j, const char *folder)
{
    for (size_t i = 0; i < j->count; i++) {
        if (str_eq(j->builds[i].folder, folder))
            return &j->builds[i];
    }
    if (j->count == BUILDS_MAX)
        return NULL;
    j->builds[j->count].folder = x_strdup(folder);
    return &j->builds[j->count++];
}

bool java_prepare(struct java *j, const char *jvm, const char *seen, const struct view *view,
                  struct arena *a, struct java_bootstrap *out, const char **out_problem)
{
    AUTO_FREE char *folder = folder_of(jvm, seen);

    pthread_mutex_lock(&j->lock);
    struct build *b = find_build(j, folder);
    if (b && !b->ready && (!b->tried_ms || clock_monotonic_ms() - b->tried_ms > LOOK_AGAIN_MS))
        prepare(j, b, jvm, seen, view);
    bool ready = b && b->ready;
    bool archived = ready && b->archived;
    pthread_mutex_unlock(&j->lock);
    if (!ready) {
        *out_problem = arena_printf(a,
                                    "%s does not compile the bootstrap: it must be of version %d "
                                    "or later and have the module jdk.compiler (Debian's package "
                                    "is default-jre-headless)",
                                    jvm, OLDEST);
        return false;
    }
    out->jar = arena_printf(a, "%s/%s/bootstrap.jar", seen, folder);
    out->archive = archived ? arena_printf(a, "%s/%s/bootstrap.jsa", seen, folder) : NULL;
    return true;
}
