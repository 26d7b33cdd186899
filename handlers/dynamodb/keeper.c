/* See keeper.h. A wake that comes while the thread is about to end starts a new one. */
#include "handlers/dynamodb/keeper.h"

#include <pthread.h>

#include "handlers/dynamodb/counts.h"
#include "handlers/dynamodb/expiry.h"
#include "handlers/dynamodb/job.h"
#include "server/background.h"
#include "server/base/log.h"
#include "storage/dynamodb_backup_store.h"
#include "storage/dynamodb_log_store.h"

enum {
    PAUSE_MS = 1000, /* while time alone may bring work */
    BREATH_MS = 2,   /* between two steps, for those who write */
    COUNTS_MAX = 64,
};

struct ddb_keeper {
    struct ddb *ddb;
    pthread_mutex_t lock;
    struct waitq *wakes;
    bool running;                 /* lock */
    int64_t to_count[COUNTS_MAX]; /* lock: ids of tables */
    size_t count_waiting;         /* lock */
};

struct ddb_keeper *ddb_keeper_new(struct ddb *d)
{
    struct ddb_keeper *k = x_calloc(1, sizeof(*k));

    k->ddb = d;
    k->wakes = waitq_new();
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void ddb_keeper_free(struct ddb_keeper *k)
{
    waitq_free(k->wakes);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static bool is_stopping(const void *task)
{
    return background_stopping(task);
}

static void purge(struct background_task *task, struct ddb_keeper *k)
{
    if (ddb_store_purge_lost(ddb_store_in(k->ddb), is_stopping, task) == STORE_FAILED)
        log_warn("rows of deleted tables could not be removed");
}

/* True when the log may have something to trim later. */
static bool trim(struct background_task *task, struct ddb_keeper *k)
{
    bool more = false;
    bool empty = true;

    do {
        int64_t now_ms = clock_now_ms(&ddb_app(k->ddb)->clock);
        if (ddb_log_trim(ddb_store_in(k->ddb), now_ms, &more, &empty) != STORE_OK)
            return true;
    } while (more && !background_sleep_ms(task, BREATH_MS));
    return !empty;
}

static void count_tables(struct background_task *task, struct ddb_keeper *k)
{
    int64_t id;

    do {
        pthread_mutex_lock(&k->lock);
        id = k->count_waiting > 0 ? k->to_count[k->count_waiting - 1] : 0;
        pthread_mutex_unlock(&k->lock);
        if (id == 0)
            return;
        ddb_counts_renew(k->ddb, id, is_stopping, task);
        /* Only now, so that nobody asks for the same count while it is being made. */
        pthread_mutex_lock(&k->lock);
        size_t at = 0;
        while (k->to_count[at] != id)
            at++;
        k->to_count[at] = k->to_count[--k->count_waiting];
        pthread_mutex_unlock(&k->lock);
    } while (!background_stopping(task));
}

/* Jobs and expiry until there is nothing to do now. True when time alone will bring more. */
static bool work(struct background_task *task, struct ddb_keeper *k)
{
    bool expiring = false;
    bool backups = false;
    bool more;

    do {
        more = ddb_jobs_step(k->ddb, is_stopping, task);
        more |= ddb_expire_some(k->ddb, &expiring);
    } while (more && !background_sleep_ms(task, BREATH_MS));
    if (ddb_backups_expire(ddb_store_in(k->ddb), clock_now_ms(&ddb_app(k->ddb)->clock), &backups) !=
        STORE_OK)
        log_warn("expired backups could not be removed");
    return expiring || backups;
}

/* Under the lock, so that no wake falls between the last look and the end. */
static bool may_end(struct ddb_keeper *k, uint64_t ticket)
{
    pthread_mutex_lock(&k->lock);
    bool ends = waitq_ticket(k->wakes) == ticket;
    if (ends)
        k->running = false;
    pthread_mutex_unlock(&k->lock);
    return ends;
}

static void run(struct background_task *task, void *context)
{
    struct ddb_keeper *k = context;
    uint64_t looked = 0; /* the wakes that have been answered by looking for what was deleted */

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(k->wakes);
        if (ticket != looked)
            purge(task, k);
        looked = ticket;
        bool waits = work(task, k);
        count_tables(task, k);
        waits |= trim(task, k);
        if (!waits && may_end(k, ticket))
            return;
        waitq_wait(k->wakes, ticket, PAUSE_MS, -1, background_stop_fd(task));
    }
    pthread_mutex_lock(&k->lock);
    k->running = false;
    pthread_mutex_unlock(&k->lock);
}

void ddb_keeper_wake(struct ddb *d)
{
    struct ddb_keeper *k = ddb_keeper_in(d);

    pthread_mutex_lock(&k->lock);
    waitq_wake(k->wakes);
    if (!k->running)
        k->running = background_run(ddb_app(d)->background, "ddb-keeper", run, k);
    pthread_mutex_unlock(&k->lock);
}

void ddb_keeper_count(struct ddb *d, int64_t table_id)
{
    struct ddb_keeper *k = ddb_keeper_in(d);

    pthread_mutex_lock(&k->lock);
    bool known = k->count_waiting == COUNTS_MAX;
    for (size_t i = 0; i < k->count_waiting; i++)
        known |= k->to_count[i] == table_id;
    if (!known)
        k->to_count[k->count_waiting++] = table_id;
    pthread_mutex_unlock(&k->lock);
    if (!known)
        ddb_keeper_wake(d);
}
