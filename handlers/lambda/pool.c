/*
 * The pool is one list under one lock. Taking a sandbox means marking it busy; it is started,
 * used and ended without the lock.
 *
 * A watcher, a background task started with the first sandbox, looks after them: while some are
 * busy it measures memory and counts processes several times a second; it ends those that were idle
 * for long, and removes code that is no longer used.
 */
#include "handlers/lambda/pool.h"

#include <sys/prctl.h>

#include "handlers/lambda/keeper.h"
#include "handlers/lambda/tree.h"
#include "handlers/lambda/usage.h"
#include "server/background.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/waitq.h"

enum { IDLE_MAX_MS = 5 * 60 * 1000, WATCH_BUSY_MS = 200, WATCH_IDLE_MS = 5000, LINGER_TICKS = 25 };

struct discarded {
    struct discarded *next;
    char id[BLOB_ID_LEN + 1];
};

/* The code of a sandbox that is not in the list yet. */
struct starting {
    struct starting *next;
    const char *code_id;
};

struct pool {
    struct app *app;
    struct code *code;
    struct programs *programs;
    struct views *views;
    struct log_writer *writer;
    struct waitq *changed;             /* wakes the watcher */
    char owner[PROCESS_OWNER_LEN + 1]; /* of its processes */
    char *tmp_root;
    pthread_mutex_t lock;
    pthread_cond_t released;
    /* under lock: */
    struct sandbox *sandboxes; /* the most recently used first */
    struct starting *starting;
    size_t count; /* of those in the list and those being started */
    size_t busy;
    bool alert; /* the watcher looks often already */
    bool closing;
    struct background_task *watcher;
    struct keeper keeper;
    struct discarded *discarded;
};

struct pool *pool_new(struct app *app, struct code *code)
{
    struct pool *p = x_calloc(1, sizeof(*p));
    const char *directory = store_directory(app->store);
    AUTO_FREE char *runtime = x_asprintf("%s/lambda-runtime", directory);
    AUTO_FREE char *view = x_asprintf("%s/lambda-view", directory);

    p->app = app;
    p->code = code;
    p->programs = programs_new(runtime);
    p->views = views_new(view);
    p->tmp_root = x_asprintf("%s/lambda-tmp", directory);
    process_owner(directory, p->owner);
    if (access(runtime, F_OK) == 0) { /* functions have run here */
        process_kill_leftovers(p->owner);
        tree_remove(p->tmp_root);
    }
    p->writer = log_writer_new(app);
    p->changed = waitq_new();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->released, NULL);
    return p;
}

/* --- the list; the caller holds the lock --- */

static void unlink_sandbox(struct pool *p, struct sandbox *s)
{
    struct sandbox **at = &p->sandboxes;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->next = NULL;
}

static void push(struct pool *p, struct sandbox *s)
{
    s->next = p->sandboxes;
    p->sandboxes = s;
}

static bool runs(const struct sandbox *s, const struct lambda_function *f)
{
    return str_eq(s->function, f->name) && str_eq(s->account, f->account) &&
           str_eq(s->region, f->region);
}

static bool runs_version(const struct sandbox *s, const struct lambda_function *f)
{
    return s->version == f->version && runs(s, f);
}

static struct sandbox *find_idle(struct pool *p, const struct lambda_function *f)
{
    struct sandbox *found = NULL;

    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (s->busy || s->retired || !runs_version(s, f) || !str_eq(s->revision, f->revision) ||
            sandbox_is_dead(s))
            continue;
        if (s->provisioned)
            return s;
        if (!found)
            found = s;
    }
    return found;
}

/* What is used up of the function's reserved concurrency. AWS: what is provisioned is, too, busy or
 * not. */
static size_t count_taken(const struct pool *p, const struct lambda_function *f)
{
    size_t n = 0;

    for (const struct sandbox *s = p->sandboxes; s; s = s->next)
        n += (s->busy || s->provisioned) && runs(s, f);
    return n;
}

/* The idle sandbox that was used least recently: the last of the list. */
static struct sandbox *find_oldest_idle(struct pool *p)
{
    struct sandbox *found = NULL;

    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (!s->busy && !s->provisioned)
            found = s;
    }
    return found;
}

/* --- ending --- */

/* Takes all sandboxes out that `ends` names, under the lock. */
static struct sandbox *
take_ended(struct pool *p, bool (*ends)(const struct sandbox *, const void *), const void *context)
{
    struct sandbox *taken = NULL;

    for (struct sandbox *s = p->sandboxes, *next; s; s = next) {
        next = s->next;
        if (s->busy || !ends(s, context))
            continue;
        unlink_sandbox(p, s);
        p->count--;
        s->next = taken;
        taken = s;
    }
    return taken;
}

static void free_all(struct sandbox *list)
{
    for (struct sandbox *s = list, *next; s; s = next) {
        next = s->next;
        sandbox_free(s);
    }
}

static bool is_retired(const struct sandbox *s, const void *context)
{
    (void)context;
    return s->retired;
}

void pool_retire(struct pool *p, const struct lambda_function *f, const char *keep)
{
    pthread_mutex_lock(&p->lock);
    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (!runs(s, f) || ((keep || f->version) && s->version != f->version) ||
            (keep && str_eq(s->revision, keep)))
            continue;
        s->retired = true;
        if (!keep && s->busy)
            sandbox_kill(s, KILL_RETIRED);
    }
    struct sandbox *ended = take_ended(p, is_retired, NULL);
    pthread_mutex_unlock(&p->lock);
    free_all(ended);
}

static bool uses_code(const struct pool *p, const char *id)
{
    for (const struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (str_eq(s->code_id, id))
            return true;
    }
    for (const struct starting *s = p->starting; s; s = s->next) {
        if (str_eq(s->code_id, id))
            return true;
    }
    return false;
}

static void remove_unused_code(struct pool *p)
{
    struct discarded *unused = NULL;

    pthread_mutex_lock(&p->lock);
    for (struct discarded **at = &p->discarded; *at;) {
        struct discarded *d = *at;

        if (uses_code(p, d->id)) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        code_set_aside(p->code, d->id); /* no sandbox shall find half of it */
        d->next = unused;
        unused = d;
    }
    pthread_mutex_unlock(&p->lock);
    for (struct discarded *d = unused, *next; d; d = next) {
        next = d->next;
        code_remove(p->code, d->id);
        free(d);
    }
}

void pool_discard_code(struct pool *p, const char *code_id)
{
    struct discarded *d = x_calloc(1, sizeof(*d));

    snprintf(d->id, sizeof(d->id), "%s", code_id);
    pthread_mutex_lock(&p->lock);
    d->next = p->discarded;
    p->discarded = d;
    pthread_mutex_unlock(&p->lock);
    remove_unused_code(p);
}

/* --- the watcher --- */

/* The busy sandboxes, as they are now. The caller frees the array. */
static struct usage *list_busy(struct pool *p, size_t *out_count)
{
    struct usage *items;
    size_t n = 0;

    pthread_mutex_lock(&p->lock);
    items = x_calloc(p->busy + 1, sizeof(*items));
    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (s->busy && n < p->busy) {
            items[n].pid = sandbox_pid(s);
            memcpy(items[n++].mark, s->mark, sizeof(s->mark));
        }
    }
    pthread_mutex_unlock(&p->lock);
    *out_count = n;
    return items;
}

static void judge(struct sandbox *s, const struct usage *used)
{
    int64_t limit = (int64_t)s->memory_mb * 1024 * 1024;

    if (used->memory > atomic_load(&s->peak_memory))
        atomic_store(&s->peak_memory, used->memory);
    if (used->memory > limit)
        sandbox_kill(s, KILL_MEMORY);
    else if (used->processes > USAGE_PROCESSES_MAX)
        sandbox_kill(s, KILL_PROCESSES);
}

static void watch_busy(struct pool *p)
{
    size_t count;
    AUTO_FREE struct usage *items = list_busy(p, &count);

    if (!count)
        return;
    usage_measure(items, count);
    pthread_mutex_lock(&p->lock);
    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        for (size_t i = 0; i < count; i++) {
            if (s->busy && str_eq(s->mark, items[i].mark))
                judge(s, &items[i]);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

static bool is_expired(const struct sandbox *s, const void *context)
{
    const int64_t *now = context;

    return s->retired || (!s->provisioned && *now - s->idle_since_ms > IDLE_MAX_MS) ||
           sandbox_is_dead(s);
}

static void watch_idle(struct pool *p)
{
    int64_t now = clock_monotonic_ms();

    pthread_mutex_lock(&p->lock);
    struct sandbox *ended = take_ended(p, is_expired, &now);
    pthread_mutex_unlock(&p->lock);
    free_all(ended);
    remove_unused_code(p);
}

/* How long to sleep; counts the ticks since something was busy. */
static int64_t next_tick(struct pool *p, int *quiet)
{
    pthread_mutex_lock(&p->lock);
    *quiet = p->busy ? 0 : *quiet + 1;
    p->alert = *quiet <= LINGER_TICKS;
    int64_t ms = p->alert ? WATCH_BUSY_MS : WATCH_IDLE_MS;
    if (!p->alert && !p->count && !p->discarded)
        ms = INT32_MAX;
    pthread_mutex_unlock(&p->lock);
    return ms;
}

static void watch(struct background_task *task, void *context)
{
    struct pool *p = context;
    int64_t idle_looked_ms = clock_monotonic_ms();
    int quiet = 0;

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(p->changed);

        watch_busy(p);
        if (clock_monotonic_ms() - idle_looked_ms >= WATCH_IDLE_MS) {
            watch_idle(p);
            idle_looked_ms = clock_monotonic_ms();
        }
        waitq_wait(p->changed, ticket, next_tick(p, &quiet), -1, background_stop_fd(task));
    }
}

/* --- running --- */

/* Marks an idle sandbox busy, or makes room for a new one: then *out is NULL. *out_evicted is to be
 * freed. The caller holds the lock. */
static enum pool_status reserve(struct pool *p, const struct lambda_function *f,
                                struct sandbox **out, struct sandbox **out_evicted)
{
    *out_evicted = NULL;
    struct sandbox *s = find_idle(p, f);
    if (f->reserved >= 0 && !(s && s->provisioned) && count_taken(p, f) >= (size_t)f->reserved)
        return POOL_RESERVED;
    if (s) {
        s->busy = true;
        unlink_sandbox(p, s);
        push(p, s);
    } else if (p->count >= POOL_SANDBOXES_MAX) {
        *out_evicted = find_oldest_idle(p);
        if (!*out_evicted)
            return POOL_THROTTLED;
        unlink_sandbox(p, *out_evicted);
    } else {
        p->count++;
    }
    p->busy++;
    *out = s;
    return POOL_RAN;
}

static void wake_watcher(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool asleep = !p->alert;
    p->alert = true;
    if (!p->watcher && !p->closing) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        keeper_start(&p->keeper, p->owner);
        p->watcher = background_start(p->app->background, "lambda-watch", watch, p);
    }
    pthread_mutex_unlock(&p->lock);
    if (asleep)
        waitq_wake(p->changed);
}

static void leave_starting(struct pool *p, const struct starting *s)
{
    struct starting **at = &p->starting;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

/* A new sandbox, in the list and busy; else the reservation is undone, and *out_problem says what
 * is wrong with the function, if it is its fault. */
static enum pool_status start(struct pool *p, const struct lambda_function *f, bool provisioned,
                              struct arena *a, struct sandbox **out, const char **out_problem)
{
    struct starting self = {.code_id = f->code_id};
    struct sandbox *s = NULL;
    const struct sandbox_parts parts = {.app = p->app,
                                        .code = p->code,
                                        .programs = p->programs,
                                        .views = p->views,
                                        .writer = p->writer,
                                        .owner = p->owner,
                                        .tmp_root = p->tmp_root};

    *out_problem = NULL;
    pthread_mutex_lock(&p->lock);
    self.next = p->starting;
    p->starting = &self;
    pthread_mutex_unlock(&p->lock);
    bool there = f->hot_path || code_exists(p->code, f->code_id);
    if (there)
        s = sandbox_start(&parts, f, provisioned, a, out_problem);
    pthread_mutex_lock(&p->lock);
    leave_starting(p, &self);
    if (s) {
        s->busy = true;
        push(p, s);
    } else {
        p->count--;
        p->busy--;
    }
    pthread_mutex_unlock(&p->lock);
    *out = s;
    if (s || *out_problem)
        return POOL_RAN;
    return there ? POOL_FAILED : POOL_OUTDATED;
}

static void give_back(struct pool *p, struct sandbox *s, enum sandbox_end end)
{
    pthread_mutex_lock(&p->lock);
    s->busy = false;
    s->idle_since_ms = clock_monotonic_ms();
    p->busy--;
    bool ends = end != SANDBOX_REUSABLE || s->retired || p->closing;
    if (ends) {
        unlink_sandbox(p, s);
        p->count--;
    }
    pthread_mutex_unlock(&p->lock);
    if (ends)
        sandbox_free(s);
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->released);
    pthread_mutex_unlock(&p->lock);
}

/* A function that cannot be started on this machine fails as AWS lets one fail whose runtime is
 * broken. */
static void report_no_program(struct invocation *in, const char *problem)
{
    struct jw w;

    in->function_error = true;
    snprintf(in->error_type, sizeof(in->error_type), "Runtime.InvalidEntrypoint");
    strbuf_init(&in->response, RUNTIME_RESPONSE_MAX);
    jw_init(&w, &in->response);
    jw_begin_object(&w);
    jw_member_string(&w, "errorType", in->error_type);
    AUTO_FREE char *message = x_asprintf("RequestId: %s Error: %s", in->request_id, problem);
    jw_member_string(&w, "errorMessage", message);
    jw_end_object(&w);
}

/* One that is idle, or a new one. *out stays NULL when there is none, or when the machine cannot
 * run the function, which the invocation then says. */
static enum pool_status take_sandbox(struct pool *p, const struct lambda_function *f,
                                     struct invocation *in, struct sandbox **out)
{
    struct sandbox *evicted;
    struct arena a;
    const char *problem;

    *out = NULL;
    pthread_mutex_lock(&p->lock);
    enum pool_status status = p->closing ? POOL_THROTTLED : reserve(p, f, out, &evicted);
    pthread_mutex_unlock(&p->lock);
    if (status != POOL_RAN)
        return status;
    if (evicted)
        sandbox_free(evicted);
    wake_watcher(p);
    if (!*out) {
        arena_init(&a);
        status = start(p, f, false, &a, out, &problem);
        if (problem)
            report_no_program(in, problem);
        arena_release(&a);
    }
    return status;
}

enum pool_status pool_run(struct pool *p, const struct lambda_function *f, struct invocation *in)
{
    enum sandbox_end end;

    do {
        struct sandbox *s;
        enum pool_status status = take_sandbox(p, f, in, &s);

        if (!s)
            return status;
        end = sandbox_run(s, in);
        give_back(p, s, end);
    } while (end == SANDBOX_GONE);
    return POOL_RAN;
}

/* --- provisioned --- */

size_t pool_provisioned(struct pool *p, const struct lambda_function *f)
{
    size_t n = 0;

    pthread_mutex_lock(&p->lock);
    for (const struct sandbox *s = p->sandboxes; s; s = s->next)
        n +=
            s->provisioned && !s->retired && runs_version(s, f) && str_eq(s->revision, f->revision);
    pthread_mutex_unlock(&p->lock);
    return n;
}

void pool_unprovision(struct pool *p, const struct lambda_function *f, size_t keep)
{
    pthread_mutex_lock(&p->lock);
    for (struct sandbox *s = p->sandboxes; s; s = s->next) {
        if (!s->provisioned || !runs_version(s, f))
            continue;
        if (keep)
            keep--;
        else
            s->provisioned = false;
    }
    pthread_mutex_unlock(&p->lock);
}

enum pool_status pool_provision(struct pool *p, const struct lambda_function *f, int stop_fd)
{
    struct sandbox *s = NULL, *evicted = NULL;
    const char *problem;
    struct arena a;

    pthread_mutex_lock(&p->lock);
    enum pool_status status = POOL_THROTTLED;
    if (!p->closing && p->count >= POOL_SANDBOXES_MAX && (evicted = find_oldest_idle(p)) != NULL) {
        unlink_sandbox(p, evicted);
        p->count--;
    }
    if (!p->closing && p->count < POOL_SANDBOXES_MAX) {
        status = POOL_RAN;
        p->count++;
        p->busy++;
    }
    pthread_mutex_unlock(&p->lock);
    if (evicted)
        sandbox_free(evicted);
    if (status != POOL_RAN)
        return status;
    wake_watcher(p);
    arena_init(&a);
    status = start(p, f, true, &a, &s, &problem);
    arena_release(&a);
    if (!s)
        return problem ? POOL_FAILED : status;
    enum sandbox_end end = sandbox_warm(s, stop_fd);
    give_back(p, s, end);
    return end == SANDBOX_REUSABLE ? POOL_RAN : POOL_FAILED;
}

static bool every_one(const struct sandbox *s, const void *context)
{
    (void)s;
    (void)context;
    return true;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    struct background_task *watcher = TAKE(p->watcher);
    pthread_mutex_unlock(&p->lock);
    if (watcher)
        background_stop(watcher);
    pthread_mutex_lock(&p->lock);
    for (struct sandbox *s = p->sandboxes; s; s = s->next)
        sandbox_kill(s, KILL_RETIRED);
    while (p->busy)
        pthread_cond_wait(&p->released, &p->lock);
    struct sandbox *ended = take_ended(p, every_one, NULL);
    pthread_mutex_unlock(&p->lock);
    free_all(ended);
    remove_unused_code(p);
    log_writer_free(p->writer);
    keeper_stop(&p->keeper);
    programs_free(p->programs);
    views_free(p->views);
    free(p->tmp_root);
    waitq_free(p->changed);
    pthread_cond_destroy(&p->released);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
