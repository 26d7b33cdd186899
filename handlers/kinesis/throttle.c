/*
 * Buckets that fill with the time of the monotonic clock and hold what a second gives. A record
 * that is larger than a bucket is taken when the bucket is full, and leaves a debt: AWS calls that
 * burst capacity.
 */
#include "handlers/kinesis/throttle.h"

#include "server/base/clock.h"
#include "server/config.h"

enum {
    PUT_BYTES_S = 1024 * 1024,
    PUT_RECORDS_S = 1000,
    GET_CALLS_S = 5,
    GET_BYTES_S = 2 * 1024 * 1024,
};

struct bucket {
    double level;
    int64_t filled_us;
};

struct meter {
    struct bucket put_bytes;
    struct bucket put_records;
    struct bucket get_calls;
    int64_t get_again_us; /* what was read last has been paid for */
};

struct kinesis_throttle {
    pthread_mutex_t lock;
    struct meter *meters; /* by the shards' index; guarded by lock */
    size_t count;
};

struct kinesis_throttle *kinesis_throttle_new(struct app *app)
{
    struct kinesis_throttle *t;

    if (!app->config->kinesis_limits)
        return NULL;
    t = x_calloc(1, sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void kinesis_throttle_free(struct kinesis_throttle *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t->meters);
    free(t);
}

/* Locks. */
static struct meter *meter_of(struct kinesis_throttle *t, const struct kinesis_shard *shard)
{
    size_t index = (size_t)shard->index;

    pthread_mutex_lock(&t->lock);
    if (index >= t->count) {
        t->meters = x_reallocarray(t->meters, index + 1, sizeof(t->meters[0]));
        memset(t->meters + t->count, 0, (index + 1 - t->count) * sizeof(t->meters[0]));
        t->count = index + 1;
    }
    return &t->meters[index];
}

static void fill(struct bucket *b, double per_second, int64_t now_us)
{
    double gained = (double)(now_us - b->filled_us) * per_second / 1e6;

    b->level = b->filled_us ? MIN(per_second, b->level + gained) : per_second;
    b->filled_us = now_us;
}

static bool has(const struct bucket *b, double amount, double per_second)
{
    return amount <= b->level || (amount > per_second && b->level >= per_second);
}

bool kinesis_throttle_put(struct kinesis_hold *hold, const struct kinesis_shard *shard,
                          size_t bytes)
{
    struct meter *m;
    int64_t now_us;
    bool fits;

    if (!hold->throttle)
        return true;
    now_us = clock_monotonic_us();
    m = meter_of(hold->throttle, shard);
    fill(&m->put_bytes, PUT_BYTES_S, now_us);
    fill(&m->put_records, PUT_RECORDS_S, now_us);
    fits = has(&m->put_bytes, (double)bytes, PUT_BYTES_S) && has(&m->put_records, 1, PUT_RECORDS_S);
    if (fits) {
        m->put_bytes.level -= (double)bytes;
        m->put_records.level -= 1;
    }
    pthread_mutex_unlock(&hold->throttle->lock);
    return fits;
}

bool kinesis_throttle_get(struct kinesis_hold *hold, const struct kinesis_shard *shard)
{
    struct meter *m;
    int64_t now_us;
    bool fits;

    if (!hold->throttle)
        return true;
    now_us = clock_monotonic_us();
    m = meter_of(hold->throttle, shard);
    fill(&m->get_calls, GET_CALLS_S, now_us);
    fits = now_us >= m->get_again_us && has(&m->get_calls, 1, GET_CALLS_S);
    if (fits)
        m->get_calls.level -= 1;
    pthread_mutex_unlock(&hold->throttle->lock);
    return fits;
}

void kinesis_throttle_got(struct kinesis_hold *hold, const struct kinesis_shard *shard,
                          const struct kinesis_batch *batch)
{
    int64_t bytes = 0;
    struct meter *m;
    int64_t now_us;

    if (!hold->throttle)
        return;
    now_us = clock_monotonic_us();
    for (size_t i = 0; i < batch->count; i++)
        bytes += (int64_t)batch->records[i].data.len;
    m = meter_of(hold->throttle, shard);
    m->get_again_us = MAX(now_us, m->get_again_us) + bytes * 1000000 / GET_BYTES_S;
    pthread_mutex_unlock(&hold->throttle->lock);
}

const char *kinesis_rate_exceeded(struct arena *a, const struct kinesis_hold *hold,
                                  const struct kinesis_shard *shard)
{
    return arena_printf(a,
                        "Rate exceeded for shard shardId-%012" PRId32 " in stream %s under "
                        "account %s.",
                        shard->index, hold->stream->name, hold->account);
}
