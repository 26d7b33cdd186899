#include "handlers/sqs/live.h"

#include "handlers/common/arn.h"
#include "handlers/sqs/timer.h"
#include "server/service.h"

#include <stdatomic.h>

struct sqs *sqs_of(struct app *app)
{
    return service_state(app, &sqs_service);
}

/* --- state --- */

void *sqs_state_open(struct app *app)
{
    struct sqs *q = x_calloc(1, sizeof(*q));

    q->app = app;
    q->store = sqs_store_open(app->store);
    pthread_mutex_init(&q->change, NULL);
    pthread_mutex_init(&q->control, NULL);
    pthread_mutex_init(&q->lock, NULL);
    q->timer = sqs_timer_new(q);
    if (store_has(app->store, "sqs"))
        sqs_timer_trim(q->timer);
    return q;
}

void sqs_state_close(void *state)
{
    struct sqs *q = state;

    for (size_t i = 0; i < SQS_QUEUE_BUCKETS; i++) {
        while (q->buckets[i]) {
            struct sqs_queue *queue = q->buckets[i];
            q->buckets[i] = queue->next;
            sqs_queue_release(queue);
        }
    }
    sqs_timer_free(q->timer);
    sqs_store_close(q->store);
    pthread_mutex_destroy(&q->change);
    pthread_mutex_destroy(&q->control);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

enum store_status sqs_secret(struct sqs *q, const uint8_t **out_secret)
{
    enum store_status rc = STORE_OK;

    if (!atomic_load(&q->have_secret)) {
        pthread_mutex_lock(&q->control);
        if (!atomic_load(&q->have_secret))
            rc = sqs_store_secret(q->store, q->secret);
        if (rc == STORE_OK)
            atomic_store(&q->have_secret, true);
        pthread_mutex_unlock(&q->control);
    }
    *out_secret = q->secret;
    return rc;
}

/* --- the table --- */

static struct sqs_queue **bucket_of(struct sqs *q, const char *account, const char *name)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (const char *p = account; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    return &q->buckets[(h ^ h >> 16) % SQS_QUEUE_BUCKETS];
}

static struct sqs_queue *find(struct sqs *q, const struct scope *scope, const char *name)
{
    struct sqs_queue *queue;

    pthread_mutex_lock(&q->lock);
    for (queue = *bucket_of(q, scope->account, name); queue; queue = queue->next) {
        if (str_eq(queue->name, name) && str_eq(queue->region, scope->region) &&
            str_eq(queue->account, scope->account))
            break;
    }
    if (queue)
        atomic_fetch_add(&queue->holders, 1);
    pthread_mutex_unlock(&q->lock);
    return queue;
}

static void add(struct sqs *q, struct sqs_queue *queue)
{
    struct sqs_queue **bucket = bucket_of(q, queue->account, queue->name);

    pthread_mutex_lock(&q->lock);
    queue->next = *bucket;
    *bucket = queue;
    pthread_mutex_unlock(&q->lock);
}

static void take_out(struct sqs *q, struct sqs_queue *queue)
{
    struct sqs_queue **link = bucket_of(q, queue->account, queue->name);

    pthread_mutex_lock(&q->lock);
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    pthread_mutex_unlock(&q->lock);
    sqs_queue_release(queue);
}

/* All queues, each held; to be freed. */
static struct sqs_queue **hold_all(struct sqs *q, size_t *out_count)
{
    struct sqs_queue **held = NULL;
    size_t count = 0, capacity = 0;

    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < SQS_QUEUE_BUCKETS; i++) {
        for (struct sqs_queue *queue = q->buckets[i]; queue; queue = queue->next) {
            if (count == capacity) {
                capacity = MAX(capacity * 2, (size_t)64);
                held = x_reallocarray(held, capacity, sizeof(struct sqs_queue *));
            }
            atomic_fetch_add(&queue->holders, 1);
            held[count++] = queue;
        }
    }
    pthread_mutex_unlock(&q->lock);
    *out_count = count;
    return held;
}

void sqs_each_queue(struct sqs *q, void (*each)(struct sqs *q, struct sqs_queue *queue))
{
    size_t count;
    AUTO_FREE struct sqs_queue **held = hold_all(q, &count);

    for (size_t i = 0; i < count; i++) {
        each(q, held[i]);
        sqs_queue_release(held[i]);
    }
}

/* --- settings --- */

static struct sqs_rules rules_of(const struct sqs_settings *s, struct arena *a)
{
    const char *scope = sqs_setting_value(s, SQS_DEDUPLICATION_SCOPE);
    struct sqs_redrive redrive = {0};
    struct sqs_rules rules = {
        .visibility_s = sqs_setting_number(s, SQS_VISIBILITY_TIMEOUT),
        .size_max = sqs_setting_number(s, SQS_MAXIMUM_MESSAGE_SIZE),
        .retention_s = sqs_setting_number(s, SQS_RETENTION_PERIOD),
        .delay_s = sqs_setting_number(s, SQS_DELAY_SECONDS),
        .wait_s = sqs_setting_number(s, SQS_WAIT_TIME),
        .content_dedup = sqs_setting_number(s, SQS_CONTENT_DEDUPLICATION) != 0,
        .dedup_by_group = scope && str_eq(scope, "messageGroup"),
    };

    if (sqs_redrive_parse(a, s->text[SQS_REDRIVE_POLICY], &redrive) && redrive.target_arn) {
        rules.dead_letters = redrive.target_arn;
        rules.max_receives = redrive.max_receives;
    }
    return rules;
}

/* Under the queue's lock, or before anybody knows the queue. */
static void adopt_settings(struct sqs_queue *queue, const char *json, int64_t modified_ms)
{
    arena_reset(&queue->settings_arena);
    queue->settings = sqs_settings_from_json(&queue->settings_arena, json);
    queue->rules = rules_of(&queue->settings, &queue->settings_arena);
    queue->modified_ms = modified_ms;
}

struct sqs_settings sqs_queue_settings(struct sqs_queue *queue, struct arena *a)
{
    struct sqs_settings copy = {0};

    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < SQS_SETTINGS; i++) {
        if (queue->settings.text[i])
            copy.text[i] = arena_strdup(a, queue->settings.text[i]);
    }
    pthread_mutex_unlock(&queue->lock);
    return copy;
}

struct sqs_rules sqs_queue_rules(struct sqs_queue *queue, struct arena *a)
{
    struct sqs_rules copy;

    pthread_mutex_lock(&queue->lock);
    copy = queue->rules;
    if (copy.dead_letters)
        copy.dead_letters = arena_strdup(a, copy.dead_letters);
    pthread_mutex_unlock(&queue->lock);
    return copy;
}

struct iam_resource sqs_queue_resource(struct sqs_queue *queue, struct arena *a)
{
    struct iam_resource resource = {.account = queue->account, .arn = queue->arn};

    pthread_mutex_lock(&queue->lock);
    if (queue->settings.text[SQS_POLICY])
        resource.policy = arena_strdup(a, queue->settings.text[SQS_POLICY]);
    pthread_mutex_unlock(&queue->lock);
    return resource;
}

enum store_status sqs_queue_change(struct sqs *q, struct sqs_queue *queue,
                                   int (*change)(struct arena *a, struct sqs_settings *settings,
                                                 const void *context),
                                   const void *context, struct arena *a, bool *out_refused)
{
    enum store_status rc = STORE_OK;
    struct sqs_settings settings;

    pthread_mutex_lock(&q->change);
    settings = sqs_queue_settings(queue, a);
    *out_refused = change(a, &settings, context) != 0;
    if (!*out_refused) {
        const char *json = sqs_settings_to_json(a, &settings);
        int64_t now = clock_now_ms(&q->app->clock);

        rc = sqs_store_set(q->store, &queue->ref, json, now);
        if (rc == STORE_OK) {
            pthread_mutex_lock(&queue->lock);
            adopt_settings(queue, json, now);
            pthread_mutex_unlock(&queue->lock);
        }
    }
    pthread_mutex_unlock(&q->change);
    return rc;
}

enum store_status sqs_queue_change_tags(struct sqs *q, struct sqs_queue *queue,
                                        const char *(*change)(struct arena *a, const char *json,
                                                              const void *context),
                                        const void *context, struct arena *a)
{
    const char *json = NULL;
    enum store_status rc;

    pthread_mutex_lock(&q->change);
    rc = sqs_store_tags(q->store, &queue->ref, a, &json);
    if (rc == STORE_OK) {
        json = change(a, json, context);
        rc = json ? sqs_store_set_tags(q->store, &queue->ref, json) : STORE_LIMIT;
    }
    pthread_mutex_unlock(&q->change);
    return rc;
}

/* --- loading --- */

struct loading {
    struct sqs_queue *queue;
    int64_t now_ms;
};

static void load_message(void *context, const struct sqs_state_row *row)
{
    const struct loading *l = context;
    const struct sqs_entry like = {
        .number = row->number,
        .sent_ms = row->sent_ms,
        .visible_ms = row->visible_ms,
        .received = row->received,
        .carried = row->carried,
    };

    sqs_index_load(l->queue->index, &like, row->group_id, l->now_ms);
}

static void load_sent(void *context, const struct sqs_dedup_row *row)
{
    const struct loading *l = context;
    struct sqs_sent sent = {.number = row->number, .sent_ms = row->sent_ms};

    memcpy(sent.key, row->key, sizeof(sent.key));
    memcpy(sent.id, row->id, sizeof(sent.id));
    /* A row whose time was over may stand there still, with a newer one of the same key. */
    if (row->sent_ms > l->now_ms - SQS_DEDUP_MS &&
        !sqs_dedup_find(&l->queue->dedup, sent.key, l->now_ms))
        sqs_dedup_add(&l->queue->dedup, &sent);
    else
        l->queue->dedup.forgotten = MAX(l->queue->dedup.forgotten, row->number);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && str_eq(text + len - end_len, end);
}

static struct sqs_queue *new_queue(const struct scope *scope, const struct sqs_queue_row *row)
{
    struct sqs_queue *queue = x_calloc(1, sizeof(*queue));

    snprintf(queue->account, sizeof(queue->account), "%s", scope->account);
    snprintf(queue->region, sizeof(queue->region), "%s", scope->region);
    snprintf(queue->name, sizeof(queue->name), "%s", row->name);
    snprintf(queue->arn, sizeof(queue->arn), "arn:%s:sqs:%s:%s:%s", arn_partition(scope->region),
             scope->region, scope->account, row->name);
    queue->fifo = ends_with(row->name, ".fifo");
    queue->created_ms = row->created_ms;
    queue->ref.id = row->id;
    queue->ref.reserved = row->next;
    queue->arrivals = waitq_new();
    queue->holders = 1;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->settled, NULL);
    arena_init(&queue->settings_arena);
    adopt_settings(queue, row->settings, row->modified_ms);
    queue->index = sqs_index_new(queue->fifo, row->next);
    return queue;
}

/* Under control: so nobody else loads the same queue. The table and the caller hold it. */
static enum store_status load(struct sqs *q, const struct scope *scope, const char *name,
                              struct sqs_queue **out_queue)
{
    struct sqs_queue_row row;
    struct loading l = {.now_ms = clock_now_ms(&q->app->clock)};
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = sqs_store_find(q->store, scope, name, &a, &row);
    if (rc == STORE_OK) {
        l.queue = new_queue(scope, &row);
        rc = sqs_store_load(q->store, &row, load_message, load_sent, &l);
        if (rc == STORE_OK) {
            l.queue->holders = 2;
            add(q, l.queue);
            *out_queue = l.queue;
        } else {
            sqs_queue_release(l.queue);
        }
    }
    arena_release(&a);
    return rc;
}

enum store_status sqs_queue_hold(struct sqs *q, const struct scope *scope, const char *name,
                                 struct sqs_queue **out_queue)
{
    struct sqs_queue *queue = find(q, scope, name);
    enum store_status rc = STORE_OK;

    if (!queue) {
        pthread_mutex_lock(&q->control);
        queue = find(q, scope, name);
        if (!queue)
            rc = load(q, scope, name, &queue);
        pthread_mutex_unlock(&q->control);
    }
    if (rc == STORE_OK)
        *out_queue = queue;
    return rc;
}

enum store_status sqs_queue_hold_arn(struct sqs *q, const char *arn, struct sqs_queue **out_queue)
{
    enum store_status rc = STORE_NOT_FOUND;
    struct arena a;
    struct arn parts;

    arena_init(&a);
    if (arn_parse(&a, arn, &parts) && str_eq(parts.service, "sqs")) {
        const struct scope scope = {.account = parts.account, .region = parts.region};
        rc = sqs_queue_hold(q, &scope, parts.resource, out_queue);
    }
    arena_release(&a);
    return rc;
}

void sqs_queue_release(struct sqs_queue *queue)
{
    if (!queue || atomic_fetch_sub(&queue->holders, 1) > 1)
        return;
    assert(queue->watchers == 0);
    sqs_index_free(queue->index);
    sqs_dedup_release(&queue->dedup);
    sqs_attempts_release(&queue->attempts);
    arena_release(&queue->settings_arena);
    waitq_free(queue->arrivals);
    pthread_cond_destroy(&queue->settled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

bool sqs_queue_gone(const struct sqs_queue *queue)
{
    return atomic_load(&queue->ref.gone);
}

/* --- making and deleting --- */

enum store_status sqs_queue_make(struct sqs *q, const struct scope *scope,
                                 const struct sqs_new_queue *queue)
{
    enum store_status rc;

    pthread_mutex_lock(&q->control);
    rc = sqs_store_create(q->store, scope, queue);
    pthread_mutex_unlock(&q->control);
    return rc;
}

enum store_status sqs_queue_delete(struct sqs *q, struct sqs_queue *queue)
{
    enum store_status rc;

    pthread_mutex_lock(&q->control);
    rc = sqs_store_delete(q->store, &queue->ref);
    if (rc == STORE_OK) {
        waitq_wake(queue->arrivals);
        take_out(q, queue);
    }
    pthread_mutex_unlock(&q->control);
    if (rc == STORE_OK)
        sqs_timer_trim(q->timer);
    return rc;
}
