/* See fanout.h. Places are kept when a subscription ends, since the time of taking them counts. */
#include "handlers/kinesis/fanout.h"

enum { TAKE_AGAIN_MS = 5000 };

struct place {
    struct place *next;
    int64_t consumer;
    int32_t shard;
    int64_t taken_ms;
    uint64_t ticket;
};

struct kinesis_fanout {
    pthread_mutex_t lock;
    struct place *places; /* guarded by lock, like the rest */
    uint64_t tickets;
};

struct kinesis_fanout *kinesis_fanout_new(void)
{
    struct kinesis_fanout *f = x_calloc(1, sizeof(*f));

    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void kinesis_fanout_free(struct kinesis_fanout *f)
{
    if (!f)
        return;
    for (struct place *p = f->places, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* With the lock held. */
static struct place *find(struct kinesis_fanout *f, int64_t consumer, int32_t shard)
{
    struct place *p = f->places;

    while (p && (p->consumer != consumer || p->shard != shard))
        p = p->next;
    return p;
}

/* False when it was taken a moment ago. */
static bool take(struct kinesis_hold *hold, int64_t consumer, int32_t shard, int64_t now_ms,
                 uint64_t *out_ticket)
{
    struct kinesis_fanout *f = hold->fanout;
    struct place *p;
    bool taken;

    pthread_mutex_lock(&f->lock);
    p = find(f, consumer, shard);
    taken = !p || now_ms - p->taken_ms >= TAKE_AGAIN_MS;
    if (!p) {
        p = x_calloc(1, sizeof(*p));
        *p = (struct place){.next = f->places, .consumer = consumer, .shard = shard};
        f->places = p;
    }
    if (taken) {
        p->taken_ms = now_ms;
        *out_ticket = p->ticket = ++f->tickets;
    }
    pthread_mutex_unlock(&f->lock);
    if (taken)
        waitq_wake(hold->arrivals);
    return taken;
}

/* DeregisterStreamConsumer removes the consumer and then its places. So one that is looked up after
 * its place was taken, and is there, will have this place removed when it goes. */
enum store_status kinesis_fanout_take(struct kinesis_store *store, struct kinesis_hold *hold,
                                      const struct kinesis_consumer *consumer, int32_t shard,
                                      int64_t now_ms, struct arena *a, uint64_t *out_ticket)
{
    struct kinesis_consumer again;
    enum store_status rc;

    if (!take(hold, consumer->id, shard, now_ms, out_ticket))
        return STORE_CONFLICT;
    rc = kinesis_consumer_find(store, hold->stream, consumer->name, a, &again);
    if (rc == STORE_OK && again.id != consumer->id)
        rc = STORE_NOT_FOUND;
    if (rc == STORE_NOT_FOUND)
        kinesis_fanout_remove(hold, consumer->id);
    return rc;
}

enum kinesis_fanout_state kinesis_fanout_look(struct kinesis_hold *hold, int64_t consumer,
                                              int32_t shard, uint64_t ticket)
{
    struct kinesis_fanout *f = hold->fanout;
    enum kinesis_fanout_state state = KINESIS_FANOUT_GONE;
    const struct place *p;

    pthread_mutex_lock(&f->lock);
    p = find(f, consumer, shard);
    if (p)
        state = p->ticket == ticket ? KINESIS_FANOUT_MINE : KINESIS_FANOUT_TAKEN;
    pthread_mutex_unlock(&f->lock);
    return state;
}

void kinesis_fanout_remove(struct kinesis_hold *hold, int64_t consumer)
{
    struct kinesis_fanout *f = hold->fanout;

    pthread_mutex_lock(&f->lock);
    for (struct place **at = &f->places; *at;) {
        struct place *p = *at;
        if (p->consumer == consumer) {
            *at = p->next;
            free(p);
        } else {
            at = &p->next;
        }
    }
    pthread_mutex_unlock(&f->lock);
    waitq_wake(hold->arrivals);
}
