/* Moving messages from one queue to another. */
#include "handlers/sqs/engine.h"
#include "server/base/digest.h"

/* Makes room in the other queue: busy entries, in the order of the messages. */
static void reserve(struct sqs_queue *to, const struct sqs_moving *items, size_t count,
                    int64_t numbers[])
{
    pthread_mutex_lock(&to->lock);
    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = sqs_index_add(to->index, items[i].sent_ms, items[i].group);

        e->received = e->carried = items[i].received;
        numbers[i] = e->number;
    }
    pthread_mutex_unlock(&to->lock);
}

static void settle_moved(struct sqs_queue *to, const int64_t numbers[], size_t count,
                         int64_t now_ms, bool written)
{
    pthread_mutex_lock(&to->lock);
    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = sqs_index_find(to->index, numbers[i]);

        if (e && written)
            sqs_index_settle(to->index, e, SQS_READY, now_ms);
        else if (e)
            sqs_index_remove(to->index, e);
    }
    pthread_mutex_unlock(&to->lock);
    if (written)
        waitq_wake(to->arrivals);
}

static void remove_moved(struct sqs_queue *from, const struct sqs_moving *items, size_t count)
{
    bool ready;

    pthread_mutex_lock(&from->lock);
    for (size_t i = 0; i < count; i++) {
        struct sqs_entry *e = sqs_index_find(from->index, items[i].number);

        if (e)
            sqs_index_remove(from->index, e);
    }
    ready = from->fifo && sqs_index_ready(from->index);
    pthread_cond_broadcast(&from->settled);
    pthread_mutex_unlock(&from->lock);
    if (ready)
        waitq_wake(from->arrivals);
}

enum store_status sqs_transfer(struct sqs *q, struct sqs_queue *from, struct sqs_queue *to,
                               const struct sqs_moving *items, size_t count)
{
    int64_t now_ms = clock_now_ms(&q->app->clock);
    struct sqs_move moves[SQS_BATCH_MAX];
    uint8_t ids[SQS_BATCH_MAX][SQS_MESSAGE_ID_LEN];
    int64_t numbers[SQS_BATCH_MAX];
    enum store_status rc;

    assert(count <= SQS_BATCH_MAX);
    reserve(to, items, count, numbers);
    for (size_t i = 0; i < count; i++) {
        sqs_new_id(ids[i]);
        moves[i] = (struct sqs_move){
            .from_number = items[i].number,
            .to_number = numbers[i],
            .visible_ms = now_ms,
            .sent_ms = items[i].sent_ms,
            .received = items[i].received,
            .new_id = items[i].new_id ? ids[i] : NULL,
            .source = items[i].source,
        };
    }
    rc = sqs_store_move(q->store, &from->ref, &to->ref, moves, count);
    settle_moved(to, numbers, count, now_ms, rc == STORE_OK);
    if (rc == STORE_OK)
        remove_moved(from, items, count);
    return rc;
}
