#include "handlers/kinesis/live.h"

#include "handlers/kinesis/channel_delivery.h"
#include "handlers/kinesis/fanout.h"
#include "handlers/kinesis/name.h"
#include "handlers/kinesis/throttle.h"
#include "server/background.h"
#include "server/base/fiber.h"
#include "server/base/log.h"
#include "server/service.h"

#include <stdatomic.h>

enum {
    TRIM_PAUSE_MS = 5000,
    TRIM_BREATH_MS = 2, /* between two steps, for those who write */
};

struct kinesis *kinesis_of(struct app *app)
{
    return service_state(app, &kinesis_service);
}

/* --- trimming --- */

static void trim(struct background_task *task, void *context)
{
    struct kinesis *k = context;
    bool more = false;

    while (!background_sleep_ms(task, more ? TRIM_BREATH_MS : TRIM_PAUSE_MS)) {
        if (kinesis_store_trim(k->store, clock_now_ms(&k->app->clock), &more) != STORE_OK)
            more = false;
    }
}

/* Under control. Reading hides what is too old in any case; without a thread the file only grows.
 */
static void start_trimming(struct kinesis *k)
{
    if (!k->trimming)
        k->trimming = background_run(k->app->background, "kinesis-trim", trim, k);
}

/* --- state --- */

void *kinesis_state_open(struct app *app)
{
    struct kinesis *k = x_calloc(1, sizeof(*k));

    k->app = app;
    k->store = kinesis_store_open(app->store);
    pthread_mutex_init(&k->control, NULL);
    pthread_mutex_init(&k->lock, NULL);
    k->channels = waitq_new();
    if (store_has(app->store, "kinesis"))
        start_trimming(k);
    return k;
}

void kinesis_state_start(void *state)
{
    struct kinesis *k = state;

    if (store_has(k->app->store, "kinesis"))
        kinesis_channels_wake(k);
}

void kinesis_state_close(void *state)
{
    struct kinesis *k = state;

    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        while (k->buckets[i]) {
            struct kinesis_hold *hold = k->buckets[i];
            k->buckets[i] = hold->next;
            kinesis_release(hold);
        }
    }
    kinesis_store_close(k->store);
    waitq_free(k->channels);
    pthread_mutex_destroy(&k->control);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* --- the table --- */

static struct kinesis_hold **bucket_of(struct kinesis *k, const char *account, const char *name)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (const char *p = account; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    return &k->buckets[(h ^ h >> 16) % LIVE_BUCKETS];
}

static struct kinesis_hold *find(struct kinesis *k, const struct scope *scope, const char *name)
{
    struct kinesis_hold *hold;

    pthread_mutex_lock(&k->lock);
    for (hold = *bucket_of(k, scope->account, name); hold; hold = hold->next) {
        if (str_eq(hold->stream->name, name) && str_eq(hold->region, scope->region) &&
            str_eq(hold->account, scope->account))
            break;
    }
    if (hold)
        atomic_fetch_add(&hold->holders, 1);
    pthread_mutex_unlock(&k->lock);
    return hold;
}

static void add(struct kinesis *k, struct kinesis_hold *hold)
{
    struct kinesis_hold **bucket = bucket_of(k, hold->account, hold->stream->name);

    pthread_mutex_lock(&k->lock);
    hold->next = *bucket;
    *bucket = hold;
    pthread_mutex_unlock(&k->lock);
}

static void take_out(struct kinesis *k, struct kinesis_hold *hold)
{
    struct kinesis_hold **link = bucket_of(k, hold->account, hold->stream->name);

    pthread_mutex_lock(&k->lock);
    while (*link && *link != hold)
        link = &(*link)->next;
    assert(*link);
    *link = hold->next;
    pthread_mutex_unlock(&k->lock);
    kinesis_release(hold);
}

/* Under control: so nobody else loads the same stream. The table and the caller hold it. */
static enum store_status load(struct kinesis *k, const struct scope *scope, const char *name,
                              struct kinesis_hold **out_hold)
{
    struct kinesis_stream *stream;
    struct kinesis_hold *hold;
    enum store_status rc = kinesis_store_load(k->store, scope, name, &stream);

    if (rc != STORE_OK)
        return rc;
    hold = x_calloc(1, sizeof(*hold));
    snprintf(hold->account, sizeof(hold->account), "%s", scope->account);
    snprintf(hold->region, sizeof(hold->region), "%s", scope->region);
    hold->stream = stream;
    hold->arrivals = waitq_new();
    hold->throttle = kinesis_throttle_new(k->app);
    hold->fanout = kinesis_fanout_new();
    hold->holders = 2;
    add(k, hold);
    *out_hold = hold;
    return STORE_OK;
}

enum store_status kinesis_hold(struct kinesis *k, const struct scope *scope, const char *name,
                               struct kinesis_hold **out_hold)
{
    struct kinesis_hold *hold = find(k, scope, name);
    enum store_status rc = STORE_OK;

    if (!hold) {
        fiber_mutex_lock(&k->control);
        hold = find(k, scope, name);
        if (!hold)
            rc = load(k, scope, name, &hold);
        pthread_mutex_unlock(&k->control);
    }
    if (rc == STORE_OK)
        *out_hold = hold;
    return rc;
}

/* The consumer that the ARN names is registered. */
static enum store_status check_consumer(struct kinesis *k, const struct kinesis_hold *hold,
                                        const struct kinesis_arn *arn, struct arena *a)
{
    struct kinesis_consumer consumer;
    enum store_status rc =
        kinesis_consumer_find(k->store, hold->stream, arn->consumer, a, &consumer);

    if (rc == STORE_OK && consumer.created_ms / 1000 != strtoll(arn->created_s, NULL, 10))
        return STORE_NOT_FOUND;
    return rc;
}

enum store_status kinesis_hold_arn(struct kinesis *k, const char *stream_arn,
                                   struct kinesis_hold **out_hold)
{
    enum store_status rc = STORE_NOT_FOUND;
    struct kinesis_hold *hold = NULL;
    struct kinesis_arn arn;
    struct arena a;

    arena_init(&a);
    if (kinesis_arn_read(&a, stream_arn, &arn))
        rc = kinesis_hold(k, &arn.scope, arn.stream, &hold);
    if (rc == STORE_OK && arn.consumer)
        rc = check_consumer(k, hold, &arn, &a);
    arena_release(&a);
    if (rc == STORE_OK)
        *out_hold = hold;
    else
        kinesis_release(hold);
    return rc;
}

void kinesis_release(struct kinesis_hold *hold)
{
    if (!hold || atomic_fetch_sub(&hold->holders, 1) > 1)
        return;
    waitq_free(hold->arrivals);
    kinesis_throttle_free(hold->throttle);
    kinesis_fanout_free(hold->fanout);
    kinesis_stream_free(hold->stream);
    free(hold);
}

/* --- making and deleting --- */

enum store_status kinesis_make(struct kinesis *k, const struct scope *scope,
                               const struct kinesis_new_stream *stream)
{
    enum store_status rc;

    pthread_mutex_lock(&k->control);
    rc = kinesis_store_create(k->store, scope, stream);
    if (rc == STORE_OK)
        start_trimming(k);
    pthread_mutex_unlock(&k->control);
    return rc;
}

enum store_status kinesis_delete(struct kinesis *k, struct kinesis_hold *hold)
{
    enum store_status rc;

    pthread_mutex_lock(&k->control);
    rc = kinesis_store_delete(k->store, hold->stream);
    if (rc == STORE_OK) {
        waitq_wake(hold->arrivals);
        take_out(k, hold);
    }
    pthread_mutex_unlock(&k->control);
    return rc;
}

enum store_status kinesis_secret(struct kinesis *k, const uint8_t **out_secret)
{
    enum store_status rc = STORE_OK;

    if (!atomic_load(&k->have_secret)) {
        pthread_mutex_lock(&k->control);
        if (!atomic_load(&k->have_secret))
            rc = kinesis_store_secret(k->store, k->secret);
        atomic_store(&k->have_secret, rc == STORE_OK);
        pthread_mutex_unlock(&k->control);
    }
    *out_secret = k->secret;
    return rc;
}
