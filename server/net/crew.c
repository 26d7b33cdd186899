/*
 * See crew.h. Idle workers form a stack, and a job goes to the one that became idle last: so after
 * a burst the others get no work any more, time out and end. A worker that ends leaves its handle
 * behind, and the next caller joins it.
 */
#include "server/net/crew.h"

#include "server/base/log.h"
#include "server/base/thread.h"

#include <time.h>

enum { IDLE_SECONDS = 10, NAME_SIZE = 16 };

struct worker {
    struct worker *next; /* in crew->idle or crew->ended */
    struct crew *crew;
    pthread_t thread;
    pthread_cond_t work;
    void (*run)(void *context); /* NULL: idle */
    void *context;
};

struct crew {
    char name[NAME_SIZE];
    unsigned thread_max;
    pthread_mutex_t lock; /* all that follows, and the workers */
    pthread_cond_t less;
    struct worker *idle;
    struct worker *ended;
    unsigned threads;
    bool closing;
};

struct crew *crew_new(const char *name, unsigned thread_max)
{
    struct crew *crew = x_calloc(1, sizeof(*crew));

    snprintf(crew->name, sizeof(crew->name), "%s", name);
    crew->thread_max = thread_max;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->less, NULL);
    return crew;
}

static void leave_idle(struct crew *crew, const struct worker *w)
{
    for (struct worker **at = &crew->idle; *at; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            return;
        }
    }
}

/* With the lock held: waits for a job. False when the worker shall end. */
static bool wait_for_job(struct worker *w)
{
    struct crew *crew = w->crew;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    w->run = NULL;
    w->next = crew->idle;
    crew->idle = w;
    while (!w->run && !crew->closing && rc == 0)
        rc = pthread_cond_timedwait(&w->work, &crew->lock, &until);
    if (w->run)
        return true;
    leave_idle(crew, w);
    return false;
}

static void *worker_thread(void *context)
{
    struct worker *w = context;
    struct crew *crew = w->crew;
    bool goes_on = true;

    while (goes_on) {
        w->run(w->context);
        pthread_mutex_lock(&crew->lock);
        goes_on = wait_for_job(w);
        if (!goes_on) {
            w->next = crew->ended;
            crew->ended = w;
            crew->threads--;
            pthread_cond_signal(&crew->less);
        }
        pthread_mutex_unlock(&crew->lock);
    }
    return NULL;
}

static void join_all(struct worker *list)
{
    while (list) {
        struct worker *next = list->next;

        pthread_join(list->thread, NULL);
        pthread_cond_destroy(&list->work);
        free(list);
        list = next;
    }
}

/* With the lock held. */
static bool add_worker(struct crew *crew, void (*run)(void *context), void *context)
{
    struct worker *w;
    pthread_condattr_t monotonic;
    int error;

    if (crew->threads >= crew->thread_max)
        return false;
    w = x_calloc(1, sizeof(*w));
    w->crew = crew;
    w->run = run;
    w->context = context;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    error = thread_start(&w->thread, crew->name, worker_thread, w);
    if (!error) {
        crew->threads++;
        return true;
    }
    log_warn("no thread for %s: %s", crew->name, strerror(error));
    pthread_cond_destroy(&w->work);
    free(w);
    return false;
}

bool crew_run(struct crew *crew, void (*run)(void *context), void *context)
{
    struct worker *w, *ended;
    bool found = true;

    pthread_mutex_lock(&crew->lock);
    w = crew->idle;
    if (w) {
        crew->idle = w->next;
        w->run = run;
        w->context = context;
        pthread_cond_signal(&w->work);
    } else {
        found = add_worker(crew, run, context);
    }
    ended = TAKE(crew->ended);
    pthread_mutex_unlock(&crew->lock);
    join_all(ended);
    return found;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->closing = true;
    for (struct worker *w = crew->idle; w; w = w->next)
        pthread_cond_signal(&w->work);
    while (crew->threads > 0)
        pthread_cond_wait(&crew->less, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    join_all(crew->ended);
    pthread_cond_destroy(&crew->less);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}
