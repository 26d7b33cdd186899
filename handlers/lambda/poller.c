/*
 * Each mapping has a supervisor, a background task that starts one more task per shard and ends
 * them when the mapping changes. A shard that came out of a resharding is read after its parents.
 * What is common to the tasks between two changes is a generation.
 */
#include "handlers/lambda/poller.h"

#include <sys/eventfd.h>

#include "handlers/lambda/queue_poller.h"
#include "handlers/lambda/shard.h"
#include "server/background.h"
#include "server/waitq.h"

enum { LOOK_AGAIN_MS = 1000, LIST_PAGE = 100 };

struct poller {
    struct poller *next;
    struct pollers *owner;
    struct waitq *changed;
    char uuid[37];
    char *account;
    char *region;
    int cancel_fd; /* of the present generation, -1 for none; the owner's lock */
};

struct pollers {
    struct lambda *lambda;
    pthread_mutex_t lock;
    struct poller *first; /* under lock */
};

enum shard_state { SHARD_NEW, SHARD_RUNNING, SHARD_ENDED, SHARD_BROKEN };

struct generation {
    struct lambda *lambda;
    const struct lambda_mapping *mapping;
    struct stream_source *source; /* NULL: the source is a queue */
    int cancel_fd;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    /* under lock: */
    uint8_t *states; /* enum shard_state */
    size_t count;
    size_t running;
};

struct shard_job {
    struct generation *generation;
    size_t shard;
};

/* --- shards --- */

static void run_shard(struct background_task *task, void *context)
{
    struct shard_job job = *(struct shard_job *)context;
    struct generation *g = job.generation;
    const struct shard_work work = {.lambda = g->lambda,
                                    .mapping = g->mapping,
                                    .source = g->source,
                                    .shard = job.shard,
                                    .cancel_fd = g->cancel_fd,
                                    .stop_fd = background_stop_fd(task)};

    free(context);
    bool ended = shard_read(&work);
    pthread_mutex_lock(&g->lock);
    /* What broke is tried again, after a while. */
    g->states[job.shard] = ended ? SHARD_ENDED : SHARD_BROKEN;
    g->running--;
    pthread_cond_broadcast(&g->ended);
    pthread_mutex_unlock(&g->lock);
}

/* The caller holds the lock. */
static bool has_ended(const struct generation *g, int parent)
{
    return parent < 0 || ((size_t)parent < g->count && g->states[parent] == SHARD_ENDED);
}

static void run_queue(struct background_task *task, void *context)
{
    struct shard_job job = *(struct shard_job *)context;
    struct generation *g = job.generation;
    const struct queue_work work = {.lambda = g->lambda,
                                    .mapping = g->mapping,
                                    .cancel_fd = g->cancel_fd,
                                    .stop_fd = background_stop_fd(task)};

    free(context);
    queue_poll(&work);
    pthread_mutex_lock(&g->lock);
    g->states[job.shard] = SHARD_BROKEN;
    g->running--;
    pthread_cond_broadcast(&g->ended);
    pthread_mutex_unlock(&g->lock);
}

/* A queue counts as one shard. */
static void start_shard(struct generation *g, size_t shard)
{
    struct shard_job *job = x_calloc(1, sizeof(*job));

    *job = (struct shard_job){.generation = g, .shard = shard};
    pthread_mutex_lock(&g->lock);
    g->states[shard] = SHARD_RUNNING;
    g->running++;
    pthread_mutex_unlock(&g->lock);
    if (background_run(g->lambda->app->background, g->source ? "lambda-shard" : "lambda-queue",
                       g->source ? run_shard : run_queue, job))
        return;
    free(job);
    pthread_mutex_lock(&g->lock);
    g->states[shard] = SHARD_BROKEN;
    g->running--;
    pthread_mutex_unlock(&g->lock);
}

static void grow(struct generation *g, size_t count)
{
    pthread_mutex_lock(&g->lock);
    if (count > g->count) {
        g->states = x_reallocarray(g->states, count, 1);
        memset(g->states + g->count, SHARD_NEW, count - g->count);
        g->count = count;
    }
    pthread_mutex_unlock(&g->lock);
}

static void start_queue(struct generation *g)
{
    grow(g, 1);
    pthread_mutex_lock(&g->lock);
    bool ready = g->states[0] != SHARD_RUNNING;
    pthread_mutex_unlock(&g->lock);
    if (ready)
        start_shard(g, 0);
}

static void start_shards(struct generation *g)
{
    grow(g, stream_source_shards(g->source));
    for (size_t i = 0; i < g->count; i++) {
        int parent, adjacent;

        stream_source_parents(g->source, i, &parent, &adjacent);
        pthread_mutex_lock(&g->lock);
        bool ready = (g->states[i] == SHARD_NEW || g->states[i] == SHARD_BROKEN) &&
                     has_ended(g, parent) && has_ended(g, adjacent);
        pthread_mutex_unlock(&g->lock);
        if (ready)
            start_shard(g, i);
    }
}

/* --- a mapping --- */

/* From now on pollers_changed() cancels this generation. False when the mapping has changed since
 * the ticket. */
static bool publish(struct poller *p, const struct generation *g, uint64_t ticket)
{
    pthread_mutex_lock(&p->owner->lock);
    p->cancel_fd = g->cancel_fd;
    bool current = waitq_ticket(p->changed) == ticket;
    pthread_mutex_unlock(&p->owner->lock);
    return current && g->cancel_fd >= 0;
}

static void end_generation(struct poller *p, struct generation *g)
{
    pthread_mutex_lock(&p->owner->lock);
    p->cancel_fd = -1;
    pthread_mutex_unlock(&p->owner->lock);
    if (g->cancel_fd >= 0)
        eventfd_write(g->cancel_fd, 1);
    pthread_mutex_lock(&g->lock);
    while (g->running)
        pthread_cond_wait(&g->ended, &g->lock);
    pthread_mutex_unlock(&g->lock);
    stream_source_release(g->source);
    if (g->cancel_fd >= 0)
        close(g->cancel_fd);
    free(g->states);
    pthread_cond_destroy(&g->ended);
    pthread_mutex_destroy(&g->lock);
}

/* Starts what is not running, again and again, until the settings change or the stream is gone. */
static void keep_running(struct poller *p, struct generation *g, uint64_t ticket, int stop_fd)
{
    enum wait_result result = WAIT_TIMEOUT;

    while (result == WAIT_TIMEOUT && (!g->source || !stream_source_gone(g->source))) {
        if (g->source)
            start_shards(g);
        else
            start_queue(g);
        result = waitq_wait(p->changed, ticket, LOOK_AGAIN_MS, -1, stop_fd);
    }
}

/* Reads the source under these settings until they change. */
static void run_mapping(struct poller *p, const struct lambda_mapping *m, uint64_t ticket,
                        int stop_fd)
{
    struct lambda *l = p->owner->lambda;
    struct generation g = {.lambda = l, .mapping = m};
    bool queue = strstr(m->source_arn, ":sqs:") != NULL;

    if (!queue && stream_source_hold(l->app, m->source_arn, &g.source) != STORE_OK) {
        waitq_wait(p->changed, ticket, LOOK_AGAIN_MS, -1, stop_fd);
        return;
    }
    g.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&g.lock, NULL);
    pthread_cond_init(&g.ended, NULL);
    if (publish(p, &g, ticket))
        keep_running(p, &g, ticket, stop_fd);
    else if (g.cancel_fd < 0)
        waitq_wait(p->changed, ticket, LOOK_AGAIN_MS, -1, stop_fd);
    end_generation(p, &g);
}

static void release(struct poller *p)
{
    waitq_free(p->changed);
    free(p->account);
    free(p->region);
    free(p);
}

static void forget(struct poller *p)
{
    struct pollers *owner = p->owner;
    struct poller **at = &owner->first;

    pthread_mutex_lock(&owner->lock);
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    pthread_mutex_unlock(&owner->lock);
    release(p);
}

static void supervise(struct background_task *task, void *context)
{
    struct poller *p = context;
    struct scope scope = {.account = p->account, .region = p->region};
    int stop_fd = background_stop_fd(task);
    bool there = lambda_wait_for_server(p->owner->lambda, task);

    while (there && !background_stopping(task)) {
        uint64_t ticket = waitq_ticket(p->changed);
        struct lambda_mapping m;
        struct arena a;

        arena_init(&a);
        enum store_status rc =
            lambda_store_mapping_find(p->owner->lambda->store, scope, p->uuid, &a, &m);
        there = rc != STORE_NOT_FOUND;
        if (!rc && m.enabled)
            run_mapping(p, &m, ticket, stop_fd);
        else if (there)
            waitq_wait(p->changed, ticket, rc ? LOOK_AGAIN_MS : INT32_MAX, -1, stop_fd);
        arena_release(&a);
    }
    forget(p);
}

/* --- all of them --- */

void pollers_changed(struct pollers *ps, const char *uuid, const char *account, const char *region)
{
    struct poller *p;

    pthread_mutex_lock(&ps->lock);
    for (p = ps->first; p && !str_eq(p->uuid, uuid); p = p->next)
        ;
    if (p) {
        waitq_wake(p->changed);
        if (p->cancel_fd >= 0)
            eventfd_write(p->cancel_fd, 1);
        pthread_mutex_unlock(&ps->lock);
        return;
    }
    p = x_calloc(1, sizeof(*p));
    p->owner = ps;
    p->changed = waitq_new();
    p->cancel_fd = -1;
    snprintf(p->uuid, sizeof(p->uuid), "%s", uuid);
    p->account = x_strdup(account);
    p->region = x_strdup(region);
    p->next = ps->first;
    ps->first = p;
    pthread_mutex_unlock(&ps->lock);
    if (!background_run(ps->lambda->app->background, "lambda-mapping", supervise, p))
        forget(p);
}

struct pollers *pollers_new(struct lambda *l)
{
    struct pollers *ps = x_calloc(1, sizeof(*ps));
    const struct lambda_mapping_filter everybody = {0};
    struct lambda_mapping *mappings;
    char after[37] = "";
    size_t count;
    struct arena a;

    ps->lambda = l;
    pthread_mutex_init(&ps->lock, NULL);
    arena_init(&a);
    while (lambda_store_mapping_list(l->store, &everybody, after, LIST_PAGE, &a, &mappings,
                                     &count) == STORE_OK &&
           count) {
        for (size_t i = 0; i < count; i++)
            pollers_changed(ps, mappings[i].uuid, mappings[i].account, mappings[i].region);
        snprintf(after, sizeof(after), "%s", mappings[count - 1].uuid);
        arena_reset(&a);
    }
    arena_release(&a);
    return ps;
}

void pollers_free(struct pollers *ps)
{
    if (!ps)
        return;
    for (struct poller *poller = ps->first, *next; poller; poller = next) {
        next = poller->next;
        release(poller);
    }
    pthread_mutex_destroy(&ps->lock);
    free(ps);
}
