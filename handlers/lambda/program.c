/*
 * A command is put together of the interpreter (interpreter.h, java.h), flags as AWS has them, and
 * the bootstrap; an environment of what the machine, the layers, the function and AWS set, each
 * over the one before.
 */
#include "handlers/lambda/program.h"

#include "handlers/common/tags.h"
#include "handlers/lambda/interpreter.h"
#include "handlers/lambda/java.h"
#include "handlers/lambda/process.h"

enum { ENVIRONMENT_ROOM = 64, COMMAND_ROOM = 16 };

const char runtime_names[] =
    "[nodejs20.x, provided.al2023, python3.14, python3.12, python3.13, java25, nodejs22.x, "
    "nodejs24.x, java17, nodejs16.x, dotnet8, python3.10, java11, python3.11, dotnet6, java21, "
    "nodejs18.x, provided.al2, ruby3.3, ruby3.4, java8.al2, ruby3.2, python3.8, python3.9, "
    "dotnet10]";

struct programs {
    char *runtime_dir;
    struct interpreters *interpreters;
    struct java *java;
};

enum runtime_kind runtime_kind_of(const char *runtime)
{
    static const struct {
        const char *prefix;
        enum runtime_kind kind;
    } families[] = {
        {"python2.7", RUNTIME_PYTHON},  {"python3.", RUNTIME_PYTHON}, {"nodejs", RUNTIME_NODE},
        {"provided", RUNTIME_PROVIDED}, {"java", RUNTIME_JAVA},       {"ruby", RUNTIME_RUBY},
        {"dotnet", RUNTIME_UNBUILT},    {"go1.x", RUNTIME_UNBUILT},
    };

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        if (str_starts(runtime, families[i].prefix))
            return families[i].kind;
    }
    return RUNTIME_UNKNOWN;
}

struct programs *programs_new(const char *runtime_dir)
{
    struct programs *p = x_calloc(1, sizeof(*p));

    p->runtime_dir = x_strdup(runtime_dir);
    p->interpreters = interpreters_new(runtime_dir);
    p->java = java_new(runtime_dir);
    return p;
}

void programs_free(struct programs *p)
{
    if (!p)
        return;
    interpreters_free(p->interpreters);
    java_free(p->java);
    free(p->runtime_dir);
    free(p);
}

/* --- the environment --- */

struct environment {
    struct arena *arena;
    char **items;
    size_t count;
    size_t room;
};

/* Sets a variable; the last to set it wins. */
static void set(struct environment *e, const char *name, const char *value)
{
    size_t len = strlen(name);
    size_t i = 0;

    while (i < e->count && !(strncmp(e->items[i], name, len) == 0 && e->items[i][len] == '='))
        i++;
    if (i == e->count && e->count + 1 < e->room)
        e->count++;
    if (i < e->count)
        e->items[i] = arena_printf(e->arena, "%s=%s", name, value);
}

static void set_inherited(struct environment *e, const char *name)
{
    const char *value = getenv(name);

    if (value)
        set(e, name, value);
}

static void set_function(struct environment *e, const struct lambda_function *f,
                         const struct program_place *place)
{
    struct arena *a = e->arena;

    set(e, "_HANDLER", f->handler);
    set(e, "AWS_LAMBDA_FUNCTION_NAME", f->name);
    set(e, "AWS_LAMBDA_FUNCTION_VERSION",
        f->version ? arena_printf(a, "%" PRId64, f->version) : "$LATEST");
    set(e, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", arena_printf(a, "%d", f->memory_mb));
    set(e, "AWS_LAMBDA_LOG_GROUP_NAME", place->log_group);
    set(e, "AWS_LAMBDA_LOG_STREAM_NAME", place->log_stream);
    set(e, "AWS_LAMBDA_INITIALIZATION_TYPE",
        place->provisioned ? "provisioned-concurrency" : "on-demand");
    if (f->log_format && str_eq(f->log_format, "JSON")) {
        set(e, "AWS_LAMBDA_LOG_FORMAT", "JSON");
        set(e, "AWS_LAMBDA_LOG_LEVEL", f->app_log_level ? f->app_log_level : "INFO");
    }
    set(e, "AWS_LAMBDA_RUNTIME_API", arena_printf(a, "127.0.0.1:%u", place->runtime_api_port));
    set(e, "AWS_EXECUTION_ENV", arena_printf(a, "AWS_Lambda_%s", f->runtime));
    set(e, "AWS_REGION", f->region);
    set(e, "AWS_DEFAULT_REGION", f->region);
    /* A 12-digit key is an account: the function's own calls land where the function lives. */
    set(e, "AWS_ACCESS_KEY_ID", f->account);
    set(e, "AWS_SECRET_ACCESS_KEY", "test");
    set(e, "AWS_SESSION_TOKEN", "test");
    set(e, "AWS_ENDPOINT_URL", arena_printf(a, "http://127.0.0.1:%u", place->server_port));
    set(e, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    set(e, "AWS_EC2_METADATA_DISABLED", "true");
    set(e, PROCESS_MARK, place->mark);
}

/* Puts `first` before what the variable holds already. */
static void set_before(struct environment *e, const char *name, const char *first)
{
    size_t len = strlen(name);
    const char *present = NULL;

    for (size_t i = 0; i < e->count; i++) {
        if (strncmp(e->items[i], name, len) == 0 && e->items[i][len] == '=')
            present = e->items[i] + len + 1;
    }
    set(e, name, present && *present ? arena_printf(e->arena, "%s:%s", first, present) : first);
}

/* Where AWS's runtimes look in /opt.
 * https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html */
static void set_layers(struct environment *e, const struct lambda_function *f, const char *opt)
{
    struct arena *a = e->arena;

    switch (runtime_kind_of(f->runtime)) {
    case RUNTIME_PYTHON:
        set_before(
            e, "PYTHONPATH",
            arena_printf(a, "%s/python:%s/python/lib/%s/site-packages", opt, opt, f->runtime));
        break;
    case RUNTIME_NODE: {
        const char *major = f->runtime + strlen("nodejs");

        set_before(e, "NODE_PATH",
                   arena_printf(a, "%s/nodejs/node_modules:%s/nodejs/node%.*s/node_modules", opt,
                                opt, (int)strcspn(major, "."), major));
        break;
    }
    case RUNTIME_RUBY:
        set_before(e, "RUBYLIB", arena_printf(a, "%s/ruby/lib", opt));
        set_before(e, "GEM_PATH",
                   arena_printf(a, "%s/ruby/gems/%s.0", opt, f->runtime + strlen("ruby")));
        break;
    default:
        break;
    }
    set_before(e, "PATH", arena_printf(a, "%s/bin", opt));
    set_before(e, "LD_LIBRARY_PATH", arena_printf(a, "%s/lib", opt));
    /* Where /opt itself belongs to the machine, this tells where the layers are. */
    set(e, "LAMBDA_LAYERS_ROOT", opt);
}

/* Libraries that the user of this machine has installed take the place of those that AWS puts
 * beside its runtimes (boto3 above all). program is the interpreter's path. */
static void set_libraries(struct environment *e, const char *root, const char *program,
                          enum runtime_kind kind)
{
    struct arena *a = e->arena;
    const char *home = getenv("HOME");

    if (kind == RUNTIME_PYTHON && home)
        set(e, "PYTHONUSERBASE", arena_printf(a, "%s/.local", home));
    if (kind == RUNTIME_NODE) {
        const char *bin = strrchr(program, '/');

        set(e, "NODE_PATH",
            arena_printf(a, "%s/node_modules:%.*s/../lib/node_modules:/usr/share/nodejs", root,
                         (int)(bin - program), program));
    }
}

/* Paths as the function sees them. */
struct seen {
    const char *task;
    const char *runtime;
    const char *layers;  /* NULL: none */
    const char *tmp_dir; /* NULL: /tmp is its own */
};

static void set_place(struct environment *e, const struct seen *seen)
{
    const char *root = seen->task;

    set_inherited(e, "PATH");
    if (seen->tmp_dir)
        set(e, "TMPDIR", seen->tmp_dir);
    set_inherited(e, "LD_LIBRARY_PATH");
    set(e, "LANG", "C.UTF-8");
    set(e, "TZ", ":UTC");
    set(e, "HOME", "/tmp");
    set(e, "PWD", root);
    set(e, "LAMBDA_TASK_ROOT", root);
    set(e, "LAMBDA_RUNTIME_DIR", seen->runtime);
}

static char **make_environment(const struct lambda_function *f, const struct program_place *place,
                               const struct seen *seen, const char *program, struct arena *a)
{
    struct tag_list own = tags_from_json(a, f->environment);
    struct environment e = {.arena = a, .room = ENVIRONMENT_ROOM + own.count};

    e.items = ARENA_ARRAY(a, char *, e.room);
    set_place(&e, seen);
    set_libraries(&e, seen->task, program, runtime_kind_of(f->runtime));
    if (seen->layers)
        set_layers(&e, f, seen->layers);
    /* TZ, LANG, PATH and the like may be the function's; what names it may not. */
    for (size_t i = 0; i < own.count; i++)
        set(&e, own.items[i].key, own.items[i].value);
    set_function(&e, f, place);
    e.items[e.count] = NULL;
    return e.items;
}

/* --- the command --- */

/* The path of the bootstrap, which a package or a layer holds. */
static const char *find_provided(const struct program_place *place, const struct seen *seen,
                                 struct arena *a, const char **out_problem)
{
    if (access(arena_printf(a, "%s/bootstrap", place->task_root), X_OK) == 0)
        return arena_printf(a, "%s/bootstrap", seen->task);
    if (place->layers_root &&
        access(arena_printf(a, "%s/bootstrap", place->layers_root), X_OK) == 0)
        return arena_printf(a, "%s/bootstrap", seen->layers);
    *out_problem = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
    return NULL;
}

static void command(const struct lambda_function *f, const char *path, const char *runtime_dir,
                    struct arena *a, char **argv)
{
    size_t n = 0;

    argv[n++] = arena_strdup(a, path);
    switch (runtime_kind_of(f->runtime)) {
    case RUNTIME_PROVIDED:
        break;
    case RUNTIME_PYTHON:
        argv[n++] = "-u";
        argv[n++] = arena_printf(a, "%s/bootstrap.py", runtime_dir);
        break;
    case RUNTIME_RUBY:
        argv[n++] = arena_printf(a, "%s/bootstrap.rb", runtime_dir);
        break;
    default:
        /* AWS: the same share of the memory. */
        argv[n++] = arena_printf(a, "--max-old-space-size=%d", f->memory_mb * 90 / 100);
        argv[n++] = arena_printf(a, "--max-semi-space-size=%d", MAX(f->memory_mb * 5 / 100, 1));
        argv[n++] = arena_printf(a, "%s/bootstrap.cjs", runtime_dir);
        break;
    }
}

/* The function's own options for its JVM: what they say is not said again. */
static const char *own_java_options(const struct lambda_function *f, struct arena *a)
{
    struct tag_list own = tags_from_json(a, f->environment);

    for (size_t i = 0; i < own.count; i++) {
        if (str_eq(own.items[i].key, "JAVA_TOOL_OPTIONS"))
            return own.items[i].value;
    }
    return "";
}

static void command_java(const struct lambda_function *f, const char *path,
                         const struct java_bootstrap *java, struct arena *a, char **argv)
{
    const char *own = own_java_options(f, a);
    size_t n = 0;

    argv[n++] = arena_strdup(a, path);
    if (!strstr(own, "GC"))
        argv[n++] = "-XX:+UseSerialGC";
    if (!strstr(own, "Tiered"))
        argv[n++] = "-XX:TieredStopAtLevel=1";
    if (!strstr(own, "-Xmx") && !strstr(own, "MaxHeapSize") && !strstr(own, "MaxRAM"))
        /* AWS: the same share of the memory. */
        argv[n++] = arena_printf(a, "-Xmx%dk", f->memory_mb * 1024 / 100 * 85);
    argv[n++] = "-XX:-UsePerfData";
    argv[n++] = "-Xshare:auto";
    if (java->archive)
        argv[n++] = arena_printf(a, "-XX:SharedArchiveFile=%s", java->archive);
    argv[n++] = "-Djava.net.preferIPv4Stack=true";
    argv[n++] = "-cp";
    argv[n++] = arena_strdup(a, java->jar);
    argv[n++] = "cadabra.lambda.Bootstrap";
}

/* The interpreter's path; NULL for a function that brings its own program, and, with *out_problem
 * set, when there is none. */
static const char *find_interpreted(struct programs *p, const struct lambda_function *f,
                                    struct arena *a, const char **out_problem)
{
    enum runtime_kind kind = runtime_kind_of(f->runtime);

    if (!interpreters_ready(p->interpreters)) {
        *out_problem = arena_printf(a,
                                    "This machine cannot run %s: there is no place for runtimes in "
                                    "the data directory",
                                    f->runtime);
        return NULL;
    }
    if (kind == RUNTIME_PROVIDED)
        return NULL;
    if (kind == RUNTIME_JAVA)
        return java_find(f->runtime, a, out_problem);
    return interpreters_find(p->interpreters, kind, f->runtime, a, out_problem);
}

/* A path of AWS's, as the function sees it. */
static const char *seen_path(struct arena *a, const char *path, const struct seen *seen)
{
    if (str_starts(path, "/opt/") && seen->layers)
        return arena_printf(a, "%s%s", seen->layers, path + strlen("/opt"));
    if (str_starts(path, "/var/task/"))
        return arena_printf(a, "%s%s", seen->task, path + strlen("/var/task"));
    return path;
}

/* AWS: a script of the function's that starts the runtime, whose command it gets as arguments. */
static void wrap(const struct lambda_function *f, const struct seen *seen, struct arena *a,
                 struct program *p)
{
    struct tag_list own = tags_from_json(a, f->environment);
    size_t count = 0;

    while (p->argv[count])
        count++;
    for (size_t i = 0; i < own.count; i++) {
        if (!str_eq(own.items[i].key, "AWS_LAMBDA_EXEC_WRAPPER"))
            continue;
        char **argv = ARENA_ARRAY(a, char *, count + 2);
        argv[0] = arena_strdup(a, seen_path(a, own.items[i].value, seen));
        memcpy(argv + 1, p->argv, count * sizeof(*argv));
        p->argv = argv;
        return;
    }
}

/* Chooses the function's view, and so how it sees what it needs. */
static struct seen look_from_inside(struct programs *p, const struct lambda_function *f,
                                    const struct program_place *place, const char *interpreter,
                                    struct arena *a, struct program *out)
{
    const struct view_wish wish = {.task = place->task_root,
                                   .runtime = p->runtime_dir,
                                   .layers = place->layers_root,
                                   .program = interpreter,
                                   .tmp_mb = f->ephemeral_mb};
    struct seen seen = {.task = place->task_root,
                        .runtime = p->runtime_dir,
                        .layers = place->layers_root,
                        .tmp_dir = place->tmp_dir};

    out->view = views_make(place->views, &wish, a);
    if (out->view)
        seen = (struct seen){.task = VIEW_TASK,
                             .runtime = VIEW_RUNTIME,
                             .layers = place->layers_root ? view_layers(&wish) : NULL};
    out->directory = seen.task;
    out->layers = seen.layers;
    return seen;
}

bool programs_find(struct programs *p, const struct lambda_function *f,
                   const struct program_place *place, struct arena *a, struct program *out,
                   const char **out_problem)
{
    bool is_java = runtime_kind_of(f->runtime) == RUNTIME_JAVA;
    struct java_bootstrap java;

    *out_problem = NULL;
    const char *path = find_interpreted(p, f, a, out_problem);
    if (*out_problem)
        return false;
    struct seen seen = look_from_inside(p, f, place, path, a, out);
    bool own = !path;
    if (own)
        path = find_provided(place, &seen, a, out_problem);
    if (!path ||
        (is_java && !java_prepare(p->java, path, seen.runtime, out->view, a, &java, out_problem)))
        return false;
    out->argv = ARENA_ARRAY(a, char *, COMMAND_ROOM);
    if (is_java)
        command_java(f, path, &java, a, out->argv);
    else
        command(f, path, seen.runtime, a, out->argv);
    out->environment = make_environment(f, place, &seen, path, a);
    if (!own)
        wrap(f, &seen, a, out);
    return true;
}
