/*
 * See crew.h. A job is put into a queue; `idle` threads wait for it. A new thread is made only when
 * more jobs wait than threads, so a job never waits for another one to end. A thread that ends
 * leaves its handle behind, and the next caller joins it.
 */
#include "server/net/crew.h"

#include "server/base/log.h"
#include "server/base/thread.h"

#include <time.h>

enum { IDLE_SECONDS = 10, NAME_MAX_LEN = 16 };

struct job {
    struct job *next;
    void (*run)(void *context);
    void *context;
};

struct ended {
    struct ended *next;
    pthread_t thread;
};

struct crew {
    char name[NAME_MAX_LEN];
    unsigned thread_max;
    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t work;
    pthread_cond_t less;
    struct job *first;
    struct job **last;
    unsigned waiting; /* jobs in the queue */
    unsigned idle;    /* threads that wait for one */
    unsigned threads;
    bool closing;
    struct ended *ended;
};

struct crew *crew_new(const char *name, unsigned thread_max)
{
    struct crew *crew = x_calloc(1, sizeof(*crew));
    pthread_condattr_t monotonic;

    snprintf(crew->name, sizeof(crew->name), "%s", name);
    crew->thread_max = thread_max;
    crew->last = &crew->first;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&crew->less, NULL);
    return crew;
}

/* Waits for a job; NULL when the thread shall end. Called and left with the lock held. */
static struct job *next_job(struct crew *crew)
{
    struct timespec until;
    struct job *job;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    crew->idle++;
    while (!crew->first && !crew->closing && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&crew->work, &crew->lock, &until);
    crew->idle--;
    job = crew->first;
    if (!job)
        return NULL;
    crew->first = job->next;
    if (!crew->first)
        crew->last = &crew->first;
    crew->waiting--;
    return job;
}

static void *crew_thread(void *context)
{
    struct crew *crew = context;
    struct ended *ended = x_malloc(sizeof(*ended));
    struct job *job;

    pthread_mutex_lock(&crew->lock);
    while ((job = next_job(crew))) {
        pthread_mutex_unlock(&crew->lock);
        job->run(job->context);
        free(job);
        pthread_mutex_lock(&crew->lock);
    }
    ended->thread = pthread_self();
    ended->next = crew->ended;
    crew->ended = ended;
    crew->threads--;
    pthread_cond_broadcast(&crew->less);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static void join_all(struct ended *list)
{
    while (list) {
        struct ended *next = list->next;

        pthread_join(list->thread, NULL);
        free(list);
        list = next;
    }
}

/* With the lock held: makes sure that somebody will take the job that was queued last. */
static bool find_hands(struct crew *crew)
{
    pthread_t thread;
    int error;

    if (crew->idle >= crew->waiting) {
        pthread_cond_signal(&crew->work);
        return true;
    }
    if (crew->threads >= crew->thread_max)
        return false;
    error = thread_start(&thread, crew->name, crew_thread, crew);
    if (error) {
        log_warn("no thread for %s: %s", crew->name, strerror(error));
        return false;
    }
    crew->threads++;
    return true;
}

bool crew_run(struct crew *crew, void (*run)(void *context), void *context)
{
    struct job *job = x_malloc(sizeof(*job));
    struct job **place;
    struct ended *ended;
    bool found;

    *job = (struct job){.run = run, .context = context};
    pthread_mutex_lock(&crew->lock);
    place = crew->last;
    *place = job;
    crew->last = &job->next;
    crew->waiting++;
    found = find_hands(crew);
    if (!found) {
        *place = NULL;
        crew->last = place;
        crew->waiting--;
    }
    ended = TAKE(crew->ended);
    pthread_mutex_unlock(&crew->lock);
    join_all(ended);
    if (!found)
        free(job);
    return found;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->closing = true;
    pthread_cond_broadcast(&crew->work);
    while (crew->threads > 0)
        pthread_cond_wait(&crew->less, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    join_all(crew->ended);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->less);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}
