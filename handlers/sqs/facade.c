/* SQS for other services: see sqs.h. */
#include "handlers/sqs/sqs.h"

#include "handlers/iam/iam.h"
#include "handlers/sqs/attributes.h"
#include "handlers/sqs/engine.h"
#include "handlers/sqs/timer.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

/* AWS: what a service of AWS sends has its id for a sender. */
static const char service_sender[] = "AIDAIT2UOQQY3AUEKVGXU";

bool sqs_exists(struct app *app, const char *queue_arn)
{
    struct sqs_queue *queue;

    if (sqs_queue_hold_arn(sqs_of(app), queue_arn, &queue) != STORE_OK)
        return false;
    sqs_queue_release(queue);
    return true;
}

/* --- who may send --- */

static bool lets_in(struct app *app, struct sqs_queue *queue, const struct iam_service *by)
{
    struct arena a;

    if (iam_is_trusted(app, by->source_account, queue->account))
        return true;
    arena_init(&a);
    const struct iam_resource resource = sqs_queue_resource(queue, &a);
    bool allowed = iam_service_may_use(app, by, &resource, "SQS:SendMessage");
    arena_release(&a);
    return allowed;
}

enum sqs_check sqs_check(struct app *app, const char *queue_arn, const struct iam_service *by)
{
    struct sqs_queue *queue;

    if (sqs_queue_hold_arn(sqs_of(app), queue_arn, &queue) != STORE_OK)
        return SQS_NO_QUEUE;
    bool allowed = lets_in(app, queue, by);
    sqs_queue_release(queue);
    return allowed ? SQS_OK : SQS_NOT_ALLOWED;
}

/* --- sending --- */

static void set_dedup_id(const struct sqs_outgoing *m, struct arena *a, struct sqs_content *c)
{
    uint8_t digest[SHA256_LEN];
    char *text;

    c->dedup_id = m->dedup_id;
    if (c->dedup_id)
        return;
    text = arena_alloc(a, 2 * SHA256_LEN + 1);
    sha256(m->body.data, m->body.len, digest);
    hex_encode(digest, SHA256_LEN, text);
    c->dedup_id = text;
}

static enum store_status compose(const struct sqs_queue *queue, const struct sqs_rules *rules,
                                 const struct sqs_outgoing *m, struct arena *a,
                                 struct sqs_sending *out)
{
    size_t size = m->body.len + sqs_attributes_size(m->attributes, m->attribute_count);
    struct sqs_attribute *sorted =
        m->attribute_count > 0
            ? arena_memdup(a, m->attributes, m->attribute_count * sizeof(m->attributes[0]))
            : NULL;

    if (size > (size_t)rules->size_max || m->attribute_count > SQS_ATTRIBUTES_MAX)
        return STORE_CONFLICT;
    if (queue->fifo && (!m->group_id || (!m->dedup_id && !rules->content_dedup)))
        return STORE_CONFLICT;
    *out =
        (struct sqs_sending){.delay_s = queue->fifo ? -1 : m->delay_s,
                             .content = {
                                 .sender = m->sender_id ? m->sender_id : service_sender,
                                 .group_id = m->group_id,
                                 .trace = m->trace_header,
                                 .attributes = sqs_attributes_pack(a, sorted, m->attribute_count),
                                 .body = arena_strndup(a, (const char *)m->body.data, m->body.len),
                             }};
    if (queue->fifo)
        set_dedup_id(m, a, &out->content);
    return STORE_OK;
}

static enum store_status compose_all(struct app *app, struct sqs_queue *queue,
                                     const struct sqs_outgoing *messages, size_t count,
                                     struct arena *a, struct sqs_sending *out)
{
    const struct sqs_rules rules = sqs_queue_rules(queue, a);
    enum store_status rc = STORE_OK;

    assert(count <= SQS_BATCH_MAX);
    for (size_t i = 0; rc == STORE_OK && i < count; i++) {
        if (messages[i].by && !lets_in(app, queue, messages[i].by))
            rc = STORE_CONFLICT;
        else
            rc = compose(queue, &rules, &messages[i], a, &out[i]);
    }
    return rc;
}

enum store_status sqs_send(struct app *app, const char *queue_arn,
                           const struct sqs_outgoing *messages, size_t count)
{
    struct sqs *q = sqs_of(app);
    struct sqs_sending items[SQS_BATCH_MAX];
    struct sqs_queue *queue;
    struct arena a;
    enum store_status rc = sqs_queue_hold_arn(q, queue_arn, &queue);

    if (rc != STORE_OK)
        return rc;
    arena_init(&a);
    rc = compose_all(app, queue, messages, count, &a, items);
    if (rc == STORE_OK)
        rc = sqs_put(q, queue, items, count);
    arena_release(&a);
    sqs_queue_release(queue);
    return rc;
}

/* Makes a parcel of the letter; false when there is nothing to send, or it was sent by itself. */
static bool pack(struct sqs *q, struct sqs_letter *letter, struct arena *a,
                 struct sqs_parcel *out_parcel)
{
    struct sqs_sending *items = ARENA_ARRAY(a, struct sqs_sending, letter->count);
    struct sqs_queue *queue;

    letter->status = sqs_queue_hold_arn(q, letter->queue_arn, &queue);
    if (letter->status != STORE_OK)
        return false;
    letter->status = compose_all(q->app, queue, letter->messages, letter->count, a, items);
    if (letter->status == STORE_OK && !queue->fifo) {
        *out_parcel = (struct sqs_parcel){.queue = queue, .items = items, .count = letter->count};
        return true;
    }
    if (letter->status == STORE_OK)
        letter->status = sqs_put(q, queue, items, letter->count);
    sqs_queue_release(queue);
    return false;
}

void sqs_send_all(struct app *app, struct sqs_letter *letters, size_t count)
{
    struct sqs *q = sqs_of(app);
    struct sqs_parcel parcels[SQS_LETTERS_MAX];
    struct sqs_letter *packed[SQS_LETTERS_MAX];
    size_t parcel_count = 0;
    struct arena a;

    assert(count <= SQS_LETTERS_MAX);
    arena_init(&a);
    for (size_t i = 0; i < count; i++) {
        if (pack(q, &letters[i], &a, &parcels[parcel_count]))
            packed[parcel_count++] = &letters[i];
    }
    if (parcel_count > 0)
        sqs_put_all(q, parcels, parcel_count, &a);
    for (size_t i = 0; i < parcel_count; i++) {
        packed[i]->status = parcels[i].status;
        sqs_queue_release(parcels[i].queue);
    }
    arena_release(&a);
}

/* --- receiving --- */

static char *md5_of(struct arena *a, const void *data, size_t len)
{
    char *text = arena_alloc(a, SQS_MD5_TEXT);

    sqs_md5_text(data, len, text);
    return text;
}

static void show(const struct sqs_queue *queue, const uint8_t *secret, const struct sqs_take *item,
                 struct arena *a, struct sqs_incoming *out)
{
    const struct sqs_content *c = &item->content;
    const struct sqs_receipt receipt = {
        .queue = queue->ref.id, .number = item->number, .received = item->received};
    char *id = arena_alloc(a, SQS_UUID_TEXT);
    char *sequence = arena_alloc(a, SQS_SEQUENCE_TEXT);
    struct sqs_attribute *attributes;

    sqs_uuid_text(c->id, id);
    sqs_sequence_text(item->number, sequence);
    *out = (struct sqs_incoming){
        .message_id = id,
        .receipt_handle = sqs_receipt_make(a, secret, &receipt),
        .body = c->body,
        .md5_of_body = md5_of(a, c->body, strlen(c->body)),
        .attribute_count = sqs_attributes_unpack(c->attributes, a, &attributes),
        .sent_ms = c->sent_ms,
        .first_received_ms = item->first_ms,
        .receive_count = item->received,
        .sender_id = c->sender ? c->sender : service_sender,
        .sequence_number = queue->fifo ? sequence : NULL,
        .group_id = c->group_id,
        .dedup_id = c->dedup_id,
        .trace_header = c->trace,
        .dead_letter_source = c->source,
    };
    out->attributes = attributes;
    if (out->attribute_count > 0)
        out->md5_of_attributes = md5_of(a, c->attributes.data, c->attributes.len);
}

enum store_status sqs_receive(struct app *app, const char *queue_arn, int max, int visibility_s,
                              struct arena *a, struct sqs_received *out)
{
    struct sqs *q = sqs_of(app);
    const struct sqs_wish wish = {.max = (size_t)max, .visibility_s = visibility_s};
    struct sqs_take items[SQS_BATCH_MAX];
    const uint8_t *secret;
    struct sqs_queue *queue;
    size_t count = 0;
    enum store_status rc = sqs_queue_hold_arn(q, queue_arn, &queue);

    assert(max >= 1 && max <= SQS_BATCH_MAX);
    *out = (struct sqs_received){0};
    if (rc != STORE_OK)
        return rc;
    rc = sqs_secret(q, &secret);
    if (rc == STORE_OK)
        rc = sqs_take(q, queue, &wish, a, items, &count);
    if (rc == STORE_LIMIT)
        rc = STORE_OK; /* too many in flight: nothing for now */
    if (rc == STORE_OK && count > 0) {
        out->items = ARENA_ARRAY(a, struct sqs_incoming, count);
        out->count = count;
        for (size_t i = 0; i < count; i++)
            show(queue, secret, &items[i], a, &out->items[i]);
    }
    sqs_queue_release(queue);
    return rc;
}

/* --- receipt handles --- */

/* Those of this queue, at most SQS_BATCH_MAX; moves *at behind the last one that was read. */
static size_t read_receipts(const struct sqs_queue *queue, const uint8_t *secret,
                            const char *const *handles, size_t count, size_t *at,
                            struct sqs_receipt out[SQS_BATCH_MAX])
{
    size_t good = 0;

    for (; *at < count && good < SQS_BATCH_MAX; (*at)++) {
        if (sqs_receipt_read(handles[*at], secret, &out[good]) && out[good].queue == queue->ref.id)
            good++;
    }
    return good;
}

/* visibility_s < 0: remove them. */
static enum store_status change(struct app *app, const char *queue_arn, const char *const *handles,
                                size_t count, int visibility_s)
{
    struct sqs *q = sqs_of(app);
    struct sqs_receipt receipts[SQS_BATCH_MAX];
    enum sqs_outcome outcomes[SQS_BATCH_MAX];
    int seconds[SQS_BATCH_MAX];
    const uint8_t *secret;
    struct sqs_queue *queue;
    enum store_status rc = sqs_queue_hold_arn(q, queue_arn, &queue);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; i < SQS_BATCH_MAX; i++)
        seconds[i] = visibility_s;
    rc = sqs_secret(q, &secret);
    for (size_t at = 0; rc == STORE_OK && at < count;) {
        size_t good = read_receipts(queue, secret, handles, count, &at, receipts);

        rc = visibility_s < 0 ? sqs_drop(q, queue, receipts, good, outcomes)
                              : sqs_hide(q, queue, receipts, seconds, good, outcomes);
    }
    sqs_queue_release(queue);
    return rc;
}

enum store_status sqs_remove(struct app *app, const char *queue_arn,
                             const char *const *receipt_handles, size_t count)
{
    return change(app, queue_arn, receipt_handles, count, -1);
}

enum store_status sqs_change_visibility(struct app *app, const char *queue_arn,
                                        const char *const *receipt_handles, size_t count,
                                        int visibility_s)
{
    return change(app, queue_arn, receipt_handles, count, visibility_s);
}

/* --- holding --- */

struct sqs_hold {
    struct sqs *sqs;
    struct sqs_queue *queue;
};

enum store_status sqs_hold(struct app *app, const char *queue_arn, struct sqs_hold **out_hold)
{
    struct sqs *q = sqs_of(app);
    struct sqs_queue *queue;
    enum store_status rc = sqs_queue_hold_arn(q, queue_arn, &queue);

    if (rc != STORE_OK)
        return rc;
    *out_hold = x_calloc(1, sizeof(**out_hold));
    **out_hold = (struct sqs_hold){.sqs = q, .queue = queue};
    sqs_timer_watch(q->timer, queue);
    return STORE_OK;
}

void sqs_release(struct sqs_hold *hold)
{
    if (!hold)
        return;
    sqs_timer_unwatch(hold->sqs->timer, hold->queue);
    sqs_queue_release(hold->queue);
    free(hold);
}

bool sqs_gone(const struct sqs_hold *hold)
{
    return sqs_queue_gone(hold->queue);
}

struct waitq *sqs_waitq(struct sqs_hold *hold)
{
    return hold->queue->arrivals;
}

int sqs_visibility_s(struct sqs_hold *hold)
{
    int seconds;

    pthread_mutex_lock(&hold->queue->lock);
    seconds = hold->queue->rules.visibility_s;
    pthread_mutex_unlock(&hold->queue->lock);
    return seconds;
}

bool sqs_is_fifo(const struct sqs_hold *hold)
{
    return hold->queue->fifo;
}
