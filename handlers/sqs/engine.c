/*
 * Sending, and giving back or deleting what was received; take.c has receiving, move.c moving.
 *
 * A thread may wait for an entry that is busy with another one's write, but only while it has made
 * none busy itself: so nobody waits in a circle.
 */
#include "handlers/sqs/engine.h"

#include "handlers/sqs/timer.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

#include <stdatomic.h>

enum { PURGE_PAUSE_MS = 60 * 1000 };

void sqs_sequence_text(int64_t number, char out[SQS_SEQUENCE_TEXT])
{
    snprintf(out, SQS_SEQUENCE_TEXT, "1%019" PRId64, 8849496460000000000 + number * 256);
}

void sqs_uuid_text(const uint8_t id[SQS_MESSAGE_ID_LEN], char out[SQS_UUID_TEXT])
{
    char hex[2 * SQS_MESSAGE_ID_LEN + 1];

    hex_encode(id, SQS_MESSAGE_ID_LEN, hex);
    snprintf(out, SQS_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

void sqs_new_id(uint8_t id[SQS_MESSAGE_ID_LEN])
{
    random_bytes(id, SQS_MESSAGE_ID_LEN);
    id[6] = (id[6] & 0x0f) | 0x40; /* a version 4 UUID */
    id[8] = (id[8] & 0x3f) | 0x80;
}

/* --- sending --- */

struct sending {
    struct sqs_queue *queue;
    struct sqs_sending *items;
    size_t count;
    int64_t now_ms;
    uint8_t keys[SQS_BATCH_MAX][SQS_DEDUP_KEY_LEN];
    struct sqs_put puts[SQS_BATCH_MAX];
    size_t put_count;
};

/* Waits until nobody is writing a message of the same keys. */
static void wait_for_pending(struct sending *s)
{
    for (size_t i = 0; s->queue->fifo && i < s->count;) {
        const struct sqs_sent *sent = sqs_dedup_find(&s->queue->dedup, s->keys[i], s->now_ms);

        if (sent && sent->pending) {
            pthread_cond_wait(&s->queue->settled, &s->queue->lock);
            i = 0;
        } else {
            i++;
        }
    }
}

static void note_sent(struct sending *s, const uint8_t *key, const struct sqs_put *put)
{
    struct sqs_sent sent = {.number = put->number, .sent_ms = s->now_ms, .pending = true};

    memcpy(sent.key, key, sizeof(sent.key));
    memcpy(sent.id, put->content.id, sizeof(sent.id));
    sqs_dedup_add(&s->queue->dedup, &sent);
}

static void prepare_one(struct sending *s, size_t i)
{
    struct sqs_queue *queue = s->queue;
    struct sqs_sending *item = &s->items[i];
    const struct sqs_sent *sent =
        queue->fifo ? sqs_dedup_find(&queue->dedup, s->keys[i], s->now_ms) : NULL;
    int delay_s = item->delay_s < 0 ? queue->rules.delay_s : item->delay_s;
    struct sqs_put *put;

    item->duplicate = sent != NULL;
    if (sent) {
        item->number = sent->number;
        memcpy(item->content.id, sent->id, sizeof(sent->id));
        return;
    }
    item->content.sent_ms = s->now_ms;
    sqs_new_id(item->content.id);
    item->number = sqs_index_add(queue->index, s->now_ms, item->content.group_id)->number;
    put = &s->puts[s->put_count++];
    *put = (struct sqs_put){
        .number = item->number,
        .visible_ms = s->now_ms + (int64_t)delay_s * 1000,
        .content = item->content,
        .dedup_key = queue->fifo ? s->keys[i] : NULL,
    };
    if (queue->fifo)
        note_sent(s, s->keys[i], put);
}

static void settle_one(struct sending *s, const struct sqs_put *put, bool written)
{
    struct sqs_queue *queue = s->queue;
    struct sqs_entry *e = sqs_index_find(queue->index, put->number);
    bool delayed = put->visible_ms > s->now_ms;

    if (e && written)
        sqs_index_settle(queue->index, e, delayed ? SQS_DELAYED : SQS_READY, put->visible_ms);
    else if (e)
        sqs_index_remove(queue->index, e);
    if (put->dedup_key) {
        struct sqs_sent *sent = sqs_dedup_find(&queue->dedup, put->dedup_key, s->now_ms);

        if (sent && written)
            sent->pending = false;
        else if (sent)
            sqs_dedup_remove(&queue->dedup, sent);
    }
}

/* Wakes who waits for messages, and tells the timer what comes later. Without the lock. */
static void announce(struct sqs *q, struct sqs_queue *queue, bool ready, int64_t next_ms)
{
    if (ready)
        waitq_wake(queue->arrivals);
    if (next_ms != INT64_MAX)
        sqs_timer_expect(q->timer, queue, next_ms);
}

/* Makes entries of what is to be written: they are busy. */
static void prepare(struct sending *s)
{
    struct sqs_queue *queue = s->queue;

    assert(s->count <= SQS_BATCH_MAX);
    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; queue->fifo && i < s->count; i++)
        sqs_dedup_key(queue->rules.dedup_by_group ? s->items[i].content.group_id : NULL,
                      s->items[i].content.dedup_id, s->keys[i]);
    wait_for_pending(s);
    for (size_t i = 0; i < s->count; i++)
        prepare_one(s, i);
    pthread_mutex_unlock(&queue->lock);
}

/* After the write: others may see them, or they never were. */
static void settle(struct sqs *q, struct sending *s, bool written)
{
    struct sqs_queue *queue = s->queue;
    int64_t next_ms = INT64_MAX;
    bool ready = false;

    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < s->put_count; i++) {
        settle_one(s, &s->puts[i], written);
        if (s->puts[i].visible_ms > s->now_ms)
            next_ms = MIN(next_ms, s->puts[i].visible_ms);
        else
            ready = true;
    }
    if (queue->fifo)
        pthread_cond_broadcast(&queue->settled);
    pthread_mutex_unlock(&queue->lock);
    if (written)
        announce(q, queue, ready, next_ms);
}

enum store_status sqs_put(struct sqs *q, struct sqs_queue *queue, struct sqs_sending *items,
                          size_t count)
{
    struct sending s = {
        .queue = queue, .items = items, .count = count, .now_ms = clock_now_ms(&q->app->clock)};
    enum store_status rc;

    prepare(&s);
    if (s.put_count == 0)
        return sqs_queue_gone(queue) ? STORE_NOT_FOUND : STORE_OK;
    rc = sqs_store_put(q->store, &queue->ref, s.puts, s.put_count);
    settle(q, &s, rc == STORE_OK);
    return rc;
}

void sqs_put_all(struct sqs *q, struct sqs_parcel *parcels, size_t count, struct arena *a)
{
    struct sqs_put_batch *batches = ARENA_ARRAY(a, struct sqs_put_batch, count);
    struct sending *sendings = ARENA_ARRAY(a, struct sending, count);
    int64_t now_ms = clock_now_ms(&q->app->clock);
    enum store_status rc;

    for (size_t i = 0; i < count; i++) {
        struct sending *s = &sendings[i];

        assert(!parcels[i].queue->fifo); /* or they would wait while they make others wait */
        s->queue = parcels[i].queue;
        s->items = parcels[i].items;
        s->count = parcels[i].count;
        s->now_ms = now_ms;
        prepare(s);
        batches[i] = (struct sqs_put_batch){
            .queue = &s->queue->ref, .items = s->puts, .count = s->put_count};
    }
    rc = sqs_store_put_all(q->store, batches, count);
    for (size_t i = 0; i < count; i++) {
        settle(q, &sendings[i], rc == STORE_OK && !batches[i].gone);
        parcels[i].status = rc == STORE_OK && batches[i].gone ? STORE_NOT_FOUND : rc;
    }
}

/* --- what was received --- */

/* The entry that the receipt is good for; NULL, with the outcome, when there is none. */
static struct sqs_entry *find_received(struct sqs_queue *queue, const struct sqs_receipt *receipt,
                                       enum sqs_outcome *outcome)
{
    struct sqs_entry *e = sqs_index_find(queue->index, receipt->number);

    if (!e || e->state == SQS_OLD) {
        *outcome = SQS_NOT_THERE;
        return NULL;
    }
    /* AWS: in a standard queue each handle that was ever given for a message stays good. */
    if (queue->fifo ? e->received != receipt->received : e->received < receipt->received) {
        *outcome = SQS_EXPIRED;
        return NULL;
    }
    *outcome = SQS_DONE;
    return e;
}

/* Waits until none of these messages is being written by another thread. */
static void wait_for_busy(struct sqs_queue *queue, const struct sqs_receipt *receipts, size_t count)
{
    for (size_t i = 0; i < count;) {
        const struct sqs_entry *e = sqs_index_find(queue->index, receipts[i].number);

        if (e && e->state == SQS_BUSY) {
            pthread_cond_wait(&queue->settled, &queue->lock);
            i = 0;
        } else {
            i++;
        }
    }
}

/* Claims what can be deleted; a handle that is given twice counts once. */
static size_t claim_for_drop(struct sqs_queue *queue, const struct sqs_receipt *receipts,
                             size_t count, enum sqs_outcome outcomes[], int64_t numbers[])
{
    size_t claimed = 0;

    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = find_received(queue, &receipts[i], &outcomes[i]);

        if (!e || e->state == SQS_BUSY)
            continue;
        /* AWS: a standard queue lets a receiver delete a message whose time is over. */
        if (queue->fifo && e->state != SQS_IN_FLIGHT) {
            outcomes[i] = SQS_EXPIRED;
            continue;
        }
        sqs_index_claim(queue->index, e);
        numbers[claimed++] = e->number;
    }
    return claimed;
}

enum store_status sqs_drop(struct sqs *q, struct sqs_queue *queue,
                           const struct sqs_receipt *receipts, size_t count,
                           enum sqs_outcome outcomes[])
{
    int64_t now_ms = clock_now_ms(&q->app->clock);
    int64_t numbers[SQS_BATCH_MAX];
    enum store_status rc = STORE_OK;
    size_t claimed;
    bool ready;

    assert(count <= SQS_BATCH_MAX);
    pthread_mutex_lock(&queue->lock);
    wait_for_busy(queue, receipts, count);
    sqs_index_advance(queue->index, now_ms);
    claimed = claim_for_drop(queue, receipts, count, outcomes, numbers);
    pthread_mutex_unlock(&queue->lock);
    if (claimed == 0)
        return STORE_OK;
    rc = sqs_store_remove(q->store, &queue->ref, numbers, claimed);
    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < claimed; i++) {
        struct sqs_entry *e = sqs_index_find(queue->index, numbers[i]);

        if (e && rc == STORE_OK)
            sqs_index_remove(queue->index, e);
        else if (e) /* in flight, or ready if its time is over */
            sqs_index_settle(queue->index, e, SQS_IN_FLIGHT, e->visible_ms);
    }
    ready = queue->fifo && sqs_index_ready(queue->index);
    pthread_cond_broadcast(&queue->settled);
    pthread_mutex_unlock(&queue->lock);
    announce(q, queue, ready, INT64_MAX);
    return rc;
}

struct hiding {
    int64_t numbers[SQS_BATCH_MAX];
    int64_t visible_ms[SQS_BATCH_MAX];
    enum sqs_entry_state was[SQS_BATCH_MAX];
    size_t count;
};

static void claim_for_hide(struct sqs_queue *queue, const struct sqs_receipt *receipt,
                           int visibility_s, int64_t now_ms, struct hiding *h,
                           enum sqs_outcome *outcome)
{
    struct sqs_entry *e = find_received(queue, receipt, outcome);
    int64_t until_ms = now_ms + (int64_t)visibility_s * 1000;
    enum sqs_entry_state was;

    if (!e || e->state == SQS_BUSY)
        return;
    /* AWS: a standard queue lets a receiver hide a message again whose time is over. */
    if (queue->fifo && e->state != SQS_IN_FLIGHT) {
        *outcome = SQS_NOT_IN_FLIGHT;
        return;
    }
    if (e->taken_ms && until_ms - e->taken_ms > (int64_t)SQS_VISIBILITY_MAX_S * 1000) {
        *outcome = SQS_TOO_LONG;
        return;
    }
    was = e->state;
    sqs_index_claim(queue->index, e);
    h->was[h->count] = was;
    h->numbers[h->count] = e->number;
    h->visible_ms[h->count++] = until_ms;
}

/* After the write: hidden anew, or ready, or as it was when the write failed. */
static void settle_hidden(struct sqs_queue *queue, const struct hiding *h, int64_t now_ms,
                          bool written)
{
    for (size_t i = 0; i < h->count; i++) {
        struct sqs_entry *e = sqs_index_find(queue->index, h->numbers[i]);
        int64_t until_ms = h->visible_ms[i];

        if (e && written)
            sqs_index_settle(queue->index, e, until_ms > now_ms ? SQS_IN_FLIGHT : SQS_READY,
                             until_ms);
        else if (e)
            sqs_index_settle(queue->index, e, h->was[i], e->visible_ms);
    }
}

enum store_status sqs_hide(struct sqs *q, struct sqs_queue *queue,
                           const struct sqs_receipt *receipts, const int visibility_s[],
                           size_t count, enum sqs_outcome outcomes[])
{
    int64_t now_ms = clock_now_ms(&q->app->clock);
    struct hiding h = {.count = 0};
    enum store_status rc;
    int64_t next_ms;
    bool ready;

    assert(count <= SQS_BATCH_MAX);
    pthread_mutex_lock(&queue->lock);
    wait_for_busy(queue, receipts, count);
    sqs_index_advance(queue->index, now_ms);
    for (size_t i = 0; i < count; i++)
        claim_for_hide(queue, &receipts[i], visibility_s[i], now_ms, &h, &outcomes[i]);
    pthread_mutex_unlock(&queue->lock);
    if (h.count == 0)
        return STORE_OK;
    rc = sqs_store_hide(q->store, &queue->ref, h.numbers, h.visible_ms, h.count);
    pthread_mutex_lock(&queue->lock);
    settle_hidden(queue, &h, now_ms, rc == STORE_OK);
    ready = sqs_index_ready(queue->index);
    next_ms = sqs_index_next_ms(queue->index);
    pthread_cond_broadcast(&queue->settled);
    pthread_mutex_unlock(&queue->lock);
    announce(q, queue, ready, next_ms);
    return rc;
}

enum store_status sqs_purge(struct sqs *q, struct sqs_queue *queue)
{
    int64_t now_ms = clock_now_ms(&q->app->clock);
    enum store_status rc;
    int64_t old_ms;
    int64_t number;

    pthread_mutex_lock(&queue->lock);
    old_ms = queue->purged_ms;
    if (old_ms && now_ms - old_ms < PURGE_PAUSE_MS) {
        pthread_mutex_unlock(&queue->lock);
        return STORE_CONFLICT;
    }
    queue->purged_ms = now_ms;
    number = sqs_index_clear(queue->index);
    sqs_dedup_forget_settled(&queue->dedup);
    pthread_cond_broadcast(&queue->settled);
    pthread_mutex_unlock(&queue->lock);
    rc = sqs_store_purge(q->store, &queue->ref, number);
    sqs_timer_trim(q->timer);
    return rc;
}
