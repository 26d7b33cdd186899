/*
 * The service's state: its store, and one object for each stream that is in use.
 *
 * All puts to a stream go through its one object, because that holds the numbers that come next. It
 * is made when the stream is first used and kept until the stream is deleted; then those who still
 * hold it find it gone.
 *
 * Locks: `control` is held while a stream is loaded, made or deleted, so that these follow one
 * another; `lock` guards the table for a few instructions. `control` is taken first.
 */
#ifndef CADABRA_KINESIS_LIVE_H
#define CADABRA_KINESIS_LIVE_H

#include "handlers/kinesis/kinesis.h"
#include "storage/kinesis_store.h"

#include <pthread.h>

enum { LIVE_BUCKETS = 256 };

struct kinesis_fanout;
struct kinesis_throttle;

struct kinesis_hold {
    char account[16];
    char region[40];
    struct kinesis_stream *stream;
    struct waitq *arrivals;
    struct kinesis_throttle *throttle; /* NULL: no limits */
    struct kinesis_fanout *fanout;
    _Atomic unsigned holders;
    struct kinesis_hold *next; /* in its bucket; guarded by kinesis.lock */
};

struct kinesis {
    struct app *app;
    struct kinesis_store *store;
    pthread_mutex_t control;
    pthread_mutex_t lock;
    struct kinesis_hold *buckets[LIVE_BUCKETS]; /* guarded by lock */
    bool trimming;                              /* the task has been started; guarded by control */
    _Atomic bool have_secret;
    uint8_t secret[KINESIS_SECRET_LEN]; /* written before have_secret, under control */
    struct waitq *channels;             /* woken when a channel is made or changed */
    _Atomic bool delivering;            /* the task of the channels has been started */
};

void *kinesis_state_open(struct app *app);
void kinesis_state_close(void *state);
void kinesis_state_start(void *state);

/* Makes the stream; STORE_EXISTS as the store says. */
enum store_status kinesis_make(struct kinesis *k, const struct scope *scope,
                               const struct kinesis_new_stream *stream);
/* Deletes the stream that is held; the hold stays the caller's. */
enum store_status kinesis_delete(struct kinesis *k, struct kinesis_hold *hold);
/* The key that signs iterators. */
enum store_status kinesis_secret(struct kinesis *k, const uint8_t **out_secret);

#endif
