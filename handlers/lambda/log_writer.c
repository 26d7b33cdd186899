/*
 * One thread that takes queued batches in order and appends them to their streams. It is started
 * by the first batch. It is no background task, because it has to outlive those: what they logged
 * last is written when the service closes.
 */
#include "handlers/lambda/log_writer.h"

#include "handlers/logs/logs.h"
#include "server/base/log.h"
#include "server/base/thread.h"

enum { QUEUED_MAX = 16 * 1024 * 1024, BATCH_MAX = 16 * 1024 * 1024 };

struct log_writer {
    struct app *app;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    /* under lock: */
    struct log_batch *first;
    struct log_batch *last;
    size_t queued; /* bytes */
    bool started;
    bool closing;
};

struct log_batch *log_batch_new(const char *account, const char *region, const char *group,
                                const char *stream)
{
    struct log_batch *b = x_calloc(1, sizeof(*b));

    b->account = x_strdup(account);
    b->region = x_strdup(region);
    b->group = x_strdup(group);
    b->stream = x_strdup(stream);
    strbuf_init(&b->text, BATCH_MAX);
    return b;
}

void log_batch_add(struct log_batch *b, int64_t time_ms, const char *text, size_t len)
{
    size_t offset = b->text.len;

    strbuf_add(&b->text, text, len);
    if (b->text.overflow)
        return;
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 16;
        b->lines = x_reallocarray(b->lines, b->room, sizeof(*b->lines));
    }
    b->lines[b->count++] = (struct log_line){.time_ms = time_ms, .offset = offset, .len = len};
}

void log_batch_free(struct log_batch *b)
{
    if (!b)
        return;
    free(b->account);
    free(b->region);
    free(b->group);
    free(b->stream);
    free(b->lines);
    strbuf_release(&b->text);
    free(b);
}

static void store(struct log_writer *w, const struct log_batch *b)
{
    struct scope scope = {.account = b->account, .region = b->region};
    struct logs_event *events = x_calloc(b->count, sizeof(*events));

    for (size_t i = 0; i < b->count; i++) {
        events[i] = (struct logs_event){.time_ms = b->lines[i].time_ms,
                                        .text = b->text.data + b->lines[i].offset,
                                        .len = b->lines[i].len};
    }
    enum store_status rc = logs_append(w->app, scope, b->group, b->stream, events, b->count);
    if (rc != STORE_OK)
        log_warn("log lines of %s are lost (%d)", b->group, (int)rc);
    free(events);
}

static void *run(void *context)
{
    struct log_writer *w = context;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct log_batch *b = w->first;

        if (!b) {
            if (w->closing)
                break;
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        w->first = b->next;
        w->queued -= b->text.len;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        if (b->count)
            store(w, b);
        log_batch_free(b);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct log_writer *log_writer_new(struct app *app)
{
    struct log_writer *w = x_calloc(1, sizeof(*w));

    w->app = app;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    return w;
}

void log_writer_free(struct log_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void log_writer_put(struct log_writer *w, struct log_batch *batch)
{
    pthread_mutex_lock(&w->lock);
    while (w->queued > QUEUED_MAX)
        pthread_cond_wait(&w->changed, &w->lock);
    if (!w->started && thread_start(&w->thread, "lambda-logs", run, w) != 0) {
        pthread_mutex_unlock(&w->lock);
        log_error("no thread for log lines: those of %s are lost", batch->group);
        log_batch_free(batch);
        return;
    }
    w->started = true;
    if (w->first)
        w->last->next = batch;
    else
        w->first = batch;
    w->last = batch;
    w->queued += batch->text.len;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}
