/*
 * See background.h. A task is in the list from its start until its handle is given up: by
 * background_stop(), or for work without a handle as soon as somebody comes by after its end.
 * Threads are joined by whoever gives the task up.
 */
#include "server/background.h"

#include "server/base/log.h"
#include "server/base/thread.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

struct background_task {
    struct background *owner;
    void (*run)(struct background_task *task, void *context);
    void *context;
    int stop_fd;
    atomic_bool stopping;
    pthread_t thread;

    struct background_task *next; /* these: the owner's lock */
    bool has_handle;
    bool ended;
    bool joined;
};

struct background {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct background_task *tasks;
    unsigned running;
    unsigned stopping; /* background_stop_all() calls under way */
};

struct background *background_new(void)
{
    struct background *b = x_calloc(1, sizeof(*b));

    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->ended, NULL);
    return b;
}

static void *task_thread(void *context)
{
    struct background_task *task = context;
    struct background *b = task->owner;

    task->run(task, task->context);
    pthread_mutex_lock(&b->lock);
    task->ended = true;
    b->running--;
    pthread_cond_broadcast(&b->ended);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* With the lock held; the task has ended, so its thread needs the lock no more. */
static void join(struct background_task *task)
{
    if (!task->joined)
        pthread_join(task->thread, NULL);
    task->joined = true;
}

static void free_task(struct background_task *task)
{
    close(task->stop_fd);
    free(task);
}

/* With the lock held: gives up what has ended and has no handle, or all that has ended. */
static void reap(struct background *b, bool with_handles)
{
    for (struct background_task **at = &b->tasks; *at;) {
        struct background_task *task = *at;

        if (!task->ended || (task->has_handle && !with_handles)) {
            at = &task->next;
            continue;
        }
        *at = task->next;
        join(task);
        free_task(task);
    }
}

/* With the lock held: starts the thread and takes the task into the list. */
static int launch(struct background *b, struct background_task *task, const char *name)
{
    int error;

    if (b->stopping > 0)
        return ECANCELED;
    error = thread_start(&task->thread, name, task_thread, task);
    if (error)
        return error;
    task->next = b->tasks;
    b->tasks = task;
    b->running++;
    return 0;
}

static struct background_task *start(struct background *b, const char *name,
                                     void (*run)(struct background_task *task, void *context),
                                     void *context, bool has_handle)
{
    struct background_task *task = x_calloc(1, sizeof(*task));
    int error = 0;

    *task = (struct background_task){
        .owner = b, .run = run, .context = context, .has_handle = has_handle};
    task->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (task->stop_fd < 0)
        error = errno;
    pthread_mutex_lock(&b->lock);
    reap(b, false);
    if (!error)
        error = launch(b, task, name);
    pthread_mutex_unlock(&b->lock);
    if (!error)
        return task;
    log_warn("background task %s not started: %s", name, strerror(error));
    if (task->stop_fd >= 0)
        close(task->stop_fd);
    free(task);
    return NULL;
}

struct background_task *background_start(struct background *b, const char *name,
                                         void (*run)(struct background_task *task, void *context),
                                         void *context)
{
    return start(b, name, run, context, true);
}

bool background_run(struct background *b, const char *name,
                    void (*run)(struct background_task *task, void *context), void *context)
{
    return start(b, name, run, context, false) != NULL;
}

static void ask_to_stop(struct background_task *task)
{
    atomic_store(&task->stopping, true);
    eventfd_write(task->stop_fd, 1);
}

void background_stop(struct background_task *task)
{
    struct background *b;
    struct background_task **at;

    if (!task)
        return;
    b = task->owner;
    pthread_mutex_lock(&b->lock);
    ask_to_stop(task);
    while (!task->ended)
        pthread_cond_wait(&b->ended, &b->lock);
    for (at = &b->tasks; *at != task;)
        at = &(*at)->next;
    *at = task->next;
    join(task);
    pthread_mutex_unlock(&b->lock);
    free_task(task);
}

void background_stop_all(struct background *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopping++;
    for (struct background_task *task = b->tasks; task; task = task->next)
        ask_to_stop(task);
    while (b->running > 0)
        pthread_cond_wait(&b->ended, &b->lock);
    for (struct background_task *task = b->tasks; task; task = task->next)
        join(task);
    reap(b, false);
    b->stopping--;
    pthread_mutex_unlock(&b->lock);
}

void background_free(struct background *b)
{
    if (!b)
        return;
    background_stop_all(b);
    reap(b, true);
    pthread_cond_destroy(&b->ended);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

bool background_stopping(const struct background_task *task)
{
    return atomic_load(&task->stopping);
}

int background_stop_fd(const struct background_task *task)
{
    return task->stop_fd;
}

bool background_sleep_ms(struct background_task *task, int64_t ms)
{
    struct pollfd p = {.fd = task->stop_fd, .events = POLLIN};

    poll(&p, 1, (int)MIN(MAX(ms, (int64_t)0), (int64_t)INT32_MAX));
    return background_stopping(task);
}
