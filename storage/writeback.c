#include "storage/writeback.h"

#include "server/base/thread.h"

#include <fcntl.h>

enum { WAITING_MAX = 64 };

struct writeback {
    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t news;
    pthread_t thread;
    bool running;
    bool stopping;
    struct writeback_job waiting[WAITING_MAX]; /* a ring */
    size_t first;
    size_t count;
};

static void close_files(const struct writeback_job *job)
{
    if (job->fd >= 0)
        close(job->fd);
    if (job->spent_fd >= 0)
        close(job->spent_fd);
}

/* False when there is nothing to do any more. */
static bool next_job(struct writeback *w, struct writeback_job *out)
{
    bool found;

    pthread_mutex_lock(&w->lock);
    while (w->count == 0 && !w->stopping)
        pthread_cond_wait(&w->news, &w->lock);
    found = w->count > 0;
    if (found) {
        *out = w->waiting[w->first];
        w->first = (w->first + 1) % WAITING_MAX;
        w->count--;
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

static void *run(void *context)
{
    struct writeback *w = context;
    struct writeback_job job;

    while (next_job(w, &job)) {
        sync_file_range(job.fd, job.from, job.len, SYNC_FILE_RANGE_WRITE);
        if (job.spent_fd >= 0)
            posix_fadvise(job.spent_fd, job.from, job.len, POSIX_FADV_DONTNEED);
        close_files(&job);
    }
    return NULL;
}

struct writeback *writeback_new(void)
{
    struct writeback *w = x_calloc(1, sizeof(*w));

    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->news, NULL);
    return w;
}

void writeback_free(struct writeback *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->news);
    pthread_mutex_unlock(&w->lock);
    if (w->running)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->news);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* With the lock held. */
static bool is_running(struct writeback *w)
{
    if (!w->running)
        w->running = thread_start(&w->thread, "writeback", run, w) == 0;
    return w->running;
}

void writeback_send(struct writeback *w, const struct writeback_job *job)
{
    bool taken;

    pthread_mutex_lock(&w->lock);
    taken = job->fd >= 0 && w->count < WAITING_MAX && is_running(w);
    if (taken) {
        w->waiting[(w->first + w->count) % WAITING_MAX] = *job;
        w->count++;
        pthread_cond_signal(&w->news);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken)
        close_files(job);
}
