/*
 * The service's state: its store, and one object for each queue that is in use.
 *
 * A queue is loaded when it is first used and kept until it is deleted; then those who still hold
 * it find it gone. All that happens to its messages goes through its one object, which knows where
 * each of them is.
 *
 * Locks: `change` is held while settings or tags are changed, `control` while a queue is loaded,
 * made or deleted, so that these follow one another; `lock` guards the table of queues for a few
 * instructions; a queue's own lock guards what stands below it. Taken in this order, never two
 * queues' locks at once, and none but the first two across a write to the store.
 */
#ifndef CADABRA_SQS_LIVE_H
#define CADABRA_SQS_LIVE_H

#include "handlers/iam/iam.h"
#include "handlers/sqs/attempts.h"
#include "handlers/sqs/dedup.h"
#include "handlers/sqs/index.h"
#include "handlers/sqs/settings.h"
#include "handlers/sqs/sqs.h"
#include "storage/sqs_store.h"

#include <pthread.h>

enum { SQS_QUEUE_BUCKETS = 256 };

struct sqs_timer;

/* What receiving and sending look at, as numbers. */
struct sqs_rules {
    int32_t visibility_s;
    int32_t size_max;
    int32_t retention_s;
    int32_t delay_s;
    int32_t wait_s;
    bool content_dedup;
    bool dedup_by_group;
    int32_t max_receives;     /* 0: no dead-letter queue */
    const char *dead_letters; /* its ARN */
};

struct sqs_queue {
    /* Never changed. */
    char account[16];
    char region[40];
    char name[81];
    char arn[200];
    bool fifo;
    int64_t created_ms;

    struct sqs_queue_ref ref;
    struct waitq *arrivals; /* woken when something may have become ready */
    _Atomic unsigned holders;
    struct sqs_queue *next; /* in its bucket; guarded by sqs.lock */

    pthread_mutex_t lock;
    pthread_cond_t settled; /* an entry or a deduplication is not busy any more */
    /* Guarded by lock: */
    struct arena settings_arena;
    struct sqs_settings settings;
    struct sqs_rules rules;
    int64_t modified_ms;
    int64_t purged_ms; /* when last; 0: not since the queue was loaded */
    struct sqs_index *index;
    struct sqs_dedup dedup;
    struct sqs_attempts attempts;

    /* Changed under the timer's lock. */
    _Atomic unsigned watchers; /* who wait for messages: the timer looks after the queue */
    struct sqs_queue *next_watched;
};

struct sqs {
    struct app *app;
    struct sqs_store *store;
    struct sqs_timer *timer;
    pthread_mutex_t change;
    pthread_mutex_t control;
    pthread_mutex_t lock;
    struct sqs_queue *buckets[SQS_QUEUE_BUCKETS]; /* guarded by lock */
    _Atomic bool have_secret;
    uint8_t secret[SQS_SECRET_LEN]; /* written before have_secret, under control */
};

struct sqs *sqs_of(struct app *app);
void *sqs_state_open(struct app *app);
void sqs_state_close(void *state);

/* STORE_NOT_FOUND: no such queue in that account and region. */
enum store_status sqs_queue_hold(struct sqs *q, const struct scope *scope, const char *name,
                                 struct sqs_queue **out_queue);
enum store_status sqs_queue_hold_arn(struct sqs *q, const char *arn, struct sqs_queue **out_queue);
void sqs_queue_release(struct sqs_queue *queue);
bool sqs_queue_gone(const struct sqs_queue *queue);

/* Makes a queue; STORE_EXISTS as the store says. */
enum store_status sqs_queue_make(struct sqs *q, const struct scope *scope,
                                 const struct sqs_new_queue *queue);
enum store_status sqs_queue_delete(struct sqs *q, struct sqs_queue *queue);
/* Writes what change() makes of the settings. Where it answers -1, *out_refused is set and nothing
 * is written. */
enum store_status sqs_queue_change(struct sqs *q, struct sqs_queue *queue,
                                   int (*change)(struct arena *a, struct sqs_settings *settings,
                                                 const void *context),
                                   const void *context, struct arena *a, bool *out_refused);
/* Writes what change() makes of the tags. STORE_LIMIT: it answered NULL. */
enum store_status sqs_queue_change_tags(struct sqs *q, struct sqs_queue *queue,
                                        const char *(*change)(struct arena *a, const char *json,
                                                              const void *context),
                                        const void *context, struct arena *a);
/* Copies of the settings, and of the rules, for whoever looks at them without the lock. */
struct sqs_settings sqs_queue_settings(struct sqs_queue *queue, struct arena *a);
struct sqs_rules sqs_queue_rules(struct sqs_queue *queue, struct arena *a);
/* The queue as policies see it; its policy is a copy. */
struct iam_resource sqs_queue_resource(struct sqs_queue *queue, struct arena *a);
/* The key that signs receipt handles. */
enum store_status sqs_secret(struct sqs *q, const uint8_t **out_secret);
/* Calls each() with every queue that is in use, none of the locks held. */
void sqs_each_queue(struct sqs *q, void (*each)(struct sqs *q, struct sqs_queue *queue));

#endif
