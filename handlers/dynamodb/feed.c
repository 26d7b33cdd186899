/* See feed.h: a hash table under one lock. */
#include "handlers/dynamodb/feed.h"

#include <pthread.h>

enum { BUCKETS = 64 };

struct ddb_feed {
    struct ddb_feeds *feeds;
    struct ddb_feed *next; /* in its bucket; the lock */
    int64_t table_id;
    unsigned holders; /* the lock */
    struct waitq *arrivals;
};

struct ddb_feeds {
    pthread_mutex_t lock;
    struct waitq *any;
    struct ddb_feed *buckets[BUCKETS];
};

struct ddb_feeds *ddb_feeds_new(void)
{
    struct ddb_feeds *feeds = x_calloc(1, sizeof(*feeds));

    pthread_mutex_init(&feeds->lock, NULL);
    feeds->any = waitq_new();
    return feeds;
}

void ddb_feeds_free(struct ddb_feeds *feeds)
{
    waitq_free(feeds->any);
    pthread_mutex_destroy(&feeds->lock);
    free(feeds);
}

static struct ddb_feed **bucket_of(struct ddb_feeds *feeds, int64_t table_id)
{
    return &feeds->buckets[(uint64_t)table_id % BUCKETS];
}

struct ddb_feed *ddb_feed_hold(struct ddb_feeds *feeds, int64_t table_id)
{
    struct ddb_feed *f;

    pthread_mutex_lock(&feeds->lock);
    for (f = *bucket_of(feeds, table_id); f != NULL && f->table_id != table_id; f = f->next)
        ;
    if (f == NULL) {
        f = x_calloc(1, sizeof(*f));
        f->feeds = feeds;
        f->table_id = table_id;
        f->arrivals = waitq_new();
        f->next = *bucket_of(feeds, table_id);
        *bucket_of(feeds, table_id) = f;
    }
    f->holders++;
    pthread_mutex_unlock(&feeds->lock);
    return f;
}

void ddb_feed_release(struct ddb_feed *feed)
{
    if (feed == NULL)
        return;
    struct ddb_feeds *feeds = feed->feeds;

    pthread_mutex_lock(&feeds->lock);
    bool last = --feed->holders == 0;
    struct ddb_feed **link = bucket_of(feeds, feed->table_id);
    while (last && *link != feed)
        link = &(*link)->next;
    if (last)
        *link = feed->next;
    pthread_mutex_unlock(&feeds->lock);
    if (!last)
        return;
    waitq_free(feed->arrivals);
    free(feed);
}

void ddb_feed_wake(struct ddb_feed *feed)
{
    if (feed == NULL)
        return;
    waitq_wake(feed->arrivals);
    waitq_wake(feed->feeds->any);
}

struct waitq *ddb_feed_waitq(struct ddb_feed *feed)
{
    return feed->arrivals;
}

struct waitq *ddb_feeds_waitq(struct ddb_feeds *feeds)
{
    return feeds->any;
}
