/* Receiving: choosing in the index, what was received too often, and attempts that are repeated. */
#include "handlers/sqs/engine.h"
#include "handlers/sqs/timer.h"
#include "server/base/log.h"

struct taking {
    struct sqs_queue *queue;
    const struct sqs_wish *wish;
    int64_t now_ms;
    int64_t until_ms;
    struct arena *arena;
    struct sqs_take *items;
    size_t count;
    bool repeated;                         /* an earlier attempt's */
    struct sqs_moving dead[SQS_BATCH_MAX]; /* received too often */
    size_t dead_count;
    char dead_letters[200]; /* where those go */
};

/* --- an attempt that is repeated --- */

static bool still_held(const struct sqs_queue *queue, const struct sqs_attempt *attempt)
{
    for (size_t i = 0; i < attempt->count; i++) {
        const struct sqs_entry *e = sqs_index_find(queue->index, attempt->numbers[i]);

        if (!e || e->state != SQS_IN_FLIGHT || e->received != attempt->received[i])
            return false;
    }
    return attempt->count > 0;
}

/* The same messages under the same handles, hidden anew. False: it is a new attempt. */
static bool repeat(struct taking *t)
{
    struct sqs_queue *queue = t->queue;
    const struct sqs_attempt *attempt;

    if (!queue->fifo || !t->wish->attempt_id)
        return false;
    attempt = sqs_attempts_find(&queue->attempts, t->wish->attempt_id, t->now_ms);
    if (!attempt || !still_held(queue, attempt))
        return false;
    for (size_t i = 0; i < attempt->count; i++) {
        struct sqs_entry *e = sqs_index_find(queue->index, attempt->numbers[i]);

        sqs_index_claim(queue->index, e);
        t->items[t->count++] = (struct sqs_take){
            .number = e->number, .visible_ms = t->until_ms, .received = e->received};
    }
    t->repeated = true;
    return true;
}

static void note_attempt(struct taking *t)
{
    struct sqs_attempt attempt = {
        .id = (char *)t->wish->attempt_id, .at_ms = t->now_ms, .count = t->count};

    if (!t->queue->fifo || !t->wish->attempt_id || t->count == 0)
        return;
    for (size_t i = 0; i < t->count; i++) {
        attempt.numbers[i] = t->items[i].number;
        attempt.received[i] = t->items[i].received;
    }
    sqs_attempts_note(&t->queue->attempts, &attempt);
}

/* --- choosing --- */

static void choose(struct taking *t)
{
    struct sqs_queue *queue = t->queue;
    const struct sqs_rules *rules = &queue->rules;
    struct sqs_entry *found[SQS_BATCH_MAX];
    int64_t oldest_ms = t->now_ms - (int64_t)rules->retention_s * 1000;
    size_t count = sqs_index_take(queue->index, t->wish->max, oldest_ms, found);

    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = found[i];

        if (rules->dead_letters && e->received - e->carried > rules->max_receives) {
            t->dead[t->dead_count++] = (struct sqs_moving){
                .number = e->number,
                /* AWS: only a FIFO queue's dead letters are sent anew. */
                .sent_ms = queue->fifo ? t->now_ms : e->sent_ms,
                .received = e->received - 1,
                .group = sqs_entry_group(e, t->arena),
                .source = queue->arn,
            };
            continue;
        }
        t->items[t->count++] = (struct sqs_take){
            .number = e->number, .visible_ms = t->until_ms, .received = e->received};
    }
    if (t->dead_count > 0)
        snprintf(t->dead_letters, sizeof(t->dead_letters), "%s", rules->dead_letters);
}

/* STORE_LIMIT: too many are in flight already. */
static enum store_status choose_locked(struct taking *t)
{
    struct sqs_queue *queue = t->queue;
    int visibility_s =
        t->wish->visibility_s < 0 ? queue->rules.visibility_s : t->wish->visibility_s;

    t->until_ms = t->now_ms + (int64_t)visibility_s * 1000;
    sqs_index_advance(queue->index, t->now_ms);
    if (repeat(t))
        return STORE_OK;
    if (sqs_index_count(queue->index, SQS_IN_FLIGHT) >= SQS_IN_FLIGHT_MAX)
        return STORE_LIMIT;
    choose(t);
    note_attempt(t);
    return STORE_OK;
}

/* --- settling --- */

static void settle_taken(struct taking *t, bool written)
{
    struct sqs_queue *queue = t->queue;
    enum sqs_entry_state state = t->until_ms > t->now_ms ? SQS_IN_FLIGHT : SQS_READY;

    for (size_t i = 0; i < t->count; i++) {
        struct sqs_entry *e = sqs_index_find(queue->index, t->items[i].number);

        if (!e)
            continue; /* purged meanwhile */
        if (!written && t->repeated) {
            sqs_index_settle(queue->index, e, SQS_IN_FLIGHT, e->visible_ms);
        } else if (written) {
            e->taken_ms = t->now_ms;
            sqs_index_settle(queue->index, e, state, t->until_ms);
        } else {
            sqs_index_untake(queue->index, e);
        }
    }
    pthread_cond_broadcast(&queue->settled);
}

static void give_back_dead(struct taking *t)
{
    pthread_mutex_lock(&t->queue->lock);
    for (size_t i = 0; i < t->dead_count; i++) {
        struct sqs_entry *e = sqs_index_find(t->queue->index, t->dead[i].number);

        if (e) {
            t->items[t->count++] = (struct sqs_take){
                .number = e->number, .visible_ms = t->until_ms, .received = e->received};
        }
    }
    pthread_mutex_unlock(&t->queue->lock);
}

/* What was received too often goes to the dead-letter queue; where that is gone it is received once
 * more. */
static void bury(struct sqs *q, struct taking *t)
{
    struct sqs_queue *grave;
    enum store_status rc;

    if (t->dead_count == 0)
        return;
    rc = sqs_queue_hold_arn(q, t->dead_letters, &grave);
    if (rc == STORE_OK) {
        rc = sqs_transfer(q, t->queue, grave, t->dead, t->dead_count);
        sqs_queue_release(grave);
    }
    if (rc == STORE_OK)
        return;
    log_debug("%s: the dead-letter queue %s takes nothing", t->queue->arn, t->dead_letters);
    give_back_dead(t);
}

/* Drops what was purged between choosing and reading. */
static size_t keep_read(struct sqs_take *items, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (items[i].content.body)
            items[kept++] = items[i];
    }
    return kept;
}

enum store_status sqs_take(struct sqs *q, struct sqs_queue *queue, const struct sqs_wish *wish,
                           struct arena *a, struct sqs_take out[SQS_BATCH_MAX], size_t *out_count)
{
    struct taking t;
    enum store_status rc;

    *out_count = 0;
    do {
        t = (struct taking){.queue = queue,
                            .wish = wish,
                            .now_ms = clock_now_ms(&q->app->clock),
                            .arena = a,
                            .items = out};
        pthread_mutex_lock(&queue->lock);
        rc = choose_locked(&t);
        pthread_mutex_unlock(&queue->lock);
        if (rc != STORE_OK)
            return rc;
        bury(q, &t);
    } while (t.count == 0 && t.dead_count > 0);
    if (t.count == 0)
        return STORE_OK;
    rc = sqs_store_take(q->store, &queue->ref, out, t.count, t.now_ms, a);
    pthread_mutex_lock(&queue->lock);
    settle_taken(&t, rc == STORE_OK);
    pthread_mutex_unlock(&queue->lock);
    if (rc == STORE_OK) {
        *out_count = keep_read(out, t.count);
        if (t.until_ms > t.now_ms)
            sqs_timer_expect(q->timer, queue, t.until_ms);
    }
    return rc;
}
