#include "handlers/kinesis/channel_delivery.h"

#include "handlers/common/arn.h"
#include "handlers/kinesis/channel.h"
#include "handlers/kinesis/channel_key.h"
#include "handlers/kinesis/channel_pack.h"
#include "handlers/logs/logs.h"
#include "handlers/s3/s3.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/base/utf8.h"
#include "server/config.h"

#include <stdatomic.h>

enum {
    OBJECT_BYTES = 32 * 1024 * 1024, /* an object is full when its records have so many */
    TEXT_MAX = 128 * 1024 * 1024,    /* the last record, and lines in base64, come on top */
    PAGE_RECORDS = 10000,
    PAGE_BYTES = 2 * 1024 * 1024,
    JSON_DEPTH = 1000,
    SECOND_MS = 1000,
    RETRY_MS = 60 * SECOND_MS,
    GIVE_UP_MS = 3600 * SECOND_MS,
    TEST_CLOCK_LOOK_MS = 50, /* tests move the clock: it is looked at often then */
    CLOCK_LOOK_MS = 10000,   /* the machine's clock may be set */
};

static const char no_content[] = "";

/* One delivery of one channel, up to what the stream had when it began. */
struct delivery {
    struct kinesis *k;
    const struct kinesis_channel *channel;
    const struct kinesis_S3DestinationDescription *to;
    struct kinesis_hold *hold;
    struct kinesis_shard_list shards;
    int64_t *next; /* by the shards' index */
    int64_t *end;
    struct arena *arena; /* of the channel */
    struct arena page;
    struct strbuf body;
    struct strbuf dead; /* lines for the dead-letter queue */
    size_t dead_count;
    int64_t expired; /* so many numbers left the stream before they could be delivered */
    bool give_up;    /* all records are for the dead-letter queue */
    bool stuck;      /* what was done could not be noted */
    int64_t failing_ms;
};

/* --- the log --- */

static void write_log(const struct delivery *d, const char *bucket_arn, const char *code,
                      const char *message)
{
    const struct kinesis_channel *c = d->channel;
    const struct kinesis_ChannelLoggingConfiguration *logging = channel_stored_logging(c, d->arena);
    const struct scope scope = {.account = c->account, .region = c->region};
    struct strbuf text = STRBUF_INIT(64 * 1024);
    struct logs_event event = {.time_ms = clock_now_ms(&d->k->app->clock)};
    struct jw j;

    if (!logging || !VALUE_OR(logging->CloudWatchLogs->Enabled, false))
        return;
    jw_init(&j, &text);
    jw_begin_object(&j);
    jw_member_string(
        &j, "channelARN",
        arn_make(d->arena, "kinesis", c->region, c->account, "channel/%s", c->resource));
    jw_member_string(&j, "destination", bucket_arn);
    jw_member_string(&j, "message", message);
    jw_member_string(&j, "errorCode", code);
    jw_end_object(&j);
    event.text = text.data;
    event.len = text.len;
    if (logs_append(d->k->app, scope, logging->CloudWatchLogs->LogGroupName,
                    logging->CloudWatchLogs->LogStreamName, &event, 1) != STORE_OK)
        log_warn("channel %s: its log could not be written", c->name);
    strbuf_release(&text);
}

/* --- records --- */

/* AWS: its dead letters have stream, shard, sequence number and the error; the record is there,
 * too, so that nothing is lost when it leaves the stream. */
static void add_dead(struct delivery *d, const struct kinesis_shard *shard,
                     const struct kinesis_record *r, const char *code, const char *message)
{
    const struct kinesis_channel *c = d->channel;
    struct jw j;

    jw_init(&j, &d->dead);
    jw_begin_object(&j);
    jw_member_string(&j, "streamARN",
                     arn_make(&d->page, "kinesis", c->region, c->account, "stream/%s", c->stream));
    jw_member_string(&j, "shardId", kinesis_shard_id(&d->page, shard->index));
    jw_member_string(&j, "sequenceNumber",
                     kinesis_sequence_text(&d->page, shard, r->number, r->at_ms));
    jw_member_string(&j, "partitionKey", r->key);
    jw_member_int(&j, "approximateArrivalTimestamp", r->at_ms);
    jw_member_string(&j, "errorCode", code);
    jw_member_string(&j, "errorMessage", message);
    jw_key(&j, "rawData");
    jw_base64(&j, r->data.data, r->data.len);
    jw_end_object(&j);
    strbuf_add_char(&d->dead, '\n');
    d->dead_count++;
}

static bool is_json(struct bytes data, struct arena *a)
{
    struct jr r;

    jr_init(&r, data.data, data.len, a, JSON_DEPTH);
    return jr_skip(&r, NULL) && jr_finish(&r);
}

/* AWS: records follow one another as they are; nothing is put between them. */
static void add_record(struct delivery *d, const struct kinesis_shard *shard,
                       const struct kinesis_record *r)
{
    const char *format = d->channel->format;

    if (d->give_up)
        add_dead(d, shard, r, "S3.DeliveryFailed",
                 "The bucket of the destination did not take the record.");
    else if (str_eq(format, "JSON") && !is_json(r->data, &d->page))
        add_dead(d, shard, r, "InvalidRecord", "The record is not valid JSON.");
    else if (str_eq(format, "STRING") && !utf8_valid((const char *)r->data.data, r->data.len))
        add_dead(d, shard, r, "InvalidRecord", "The record is not valid UTF-8.");
    else
        strbuf_add(&d->body, r->data.data, r->data.len);
}

/* One page of a shard. */
static enum store_status read_page(struct delivery *d, const struct kinesis_shard *shard,
                                   int64_t *next)
{
    const struct kinesis_read_limits limits = {
        .records = PAGE_RECORDS,
        .bytes = PAGE_BYTES,
        .not_before = kinesis_not_before(d->hold->stream, clock_now_ms(&d->k->app->clock)),
    };
    struct kinesis_batch batch;
    enum store_status rc = kinesis_store_read(d->k->store, shard, *next, &limits, &d->page, &batch);
    int64_t first = batch.count ? batch.records[0].number : d->end[shard->index];

    if (rc != STORE_OK)
        return rc;
    d->expired += first - MAX(*next, 1);
    for (size_t i = 0; i < batch.count; i++)
        add_record(d, shard, &batch.records[i]);
    /* Where nothing is found up to the newest, all of it has left the stream. */
    *next = batch.count ? batch.next : MAX(batch.next, d->end[shard->index]);
    return STORE_OK;
}

static bool is_full(const struct delivery *d)
{
    return d->body.len + d->dead.len >= OBJECT_BYTES;
}

/* What the next object is made of. Shards lie behind their parents in the list. */
static enum store_status fill(struct delivery *d)
{
    enum store_status rc = STORE_OK;

    strbuf_clear(&d->body);
    strbuf_clear(&d->dead);
    d->dead_count = 0;
    d->expired = 0;
    for (size_t i = 0; rc == STORE_OK && i < d->shards.count; i++) {
        const struct kinesis_shard *shard = d->shards.items[i];
        int64_t *next = &d->next[shard->index];

        while (rc == STORE_OK && *next < d->end[shard->index] && !is_full(d)) {
            rc = read_page(d, shard, next);
            arena_reset(&d->page);
        }
    }
    return d->body.overflow || d->dead.overflow ? STORE_FAILED : rc;
}

/* --- objects --- */

static enum store_status put(struct delivery *d, const struct s3_object_in *object,
                             const char *template, const char *extension)
{
    struct strbuf key = STRBUF_INIT(4096);
    const struct channel_key values = {
        .channel_name = d->channel->name,
        .channel_id = d->channel->resource,
        .stream_name = d->channel->stream,
        .extension = extension,
        .at_ms = clock_now_ms(&d->k->app->clock),
    };
    struct s3_object_in in = *object;
    char suffix[CHANNEL_KEY_SUFFIX_MAX] = "-";
    enum store_status rc;

    uuid_v4(suffix + 1);
    channel_key_write(template, &values, suffix, &key);
    strbuf_add_char(&key, '\0');
    in.key = key.data;
    in.content_type = "application/octet-stream";
    in.kms_key = d->channel->key_id;
    rc = s3_put(d->k->app, d->channel->account, &in, NULL);
    strbuf_release(&key);
    return rc;
}

static enum store_status put_body(struct delivery *d)
{
    const struct kinesis_S3StorageConfiguration *to = d->to->StorageConfiguration;

    if (d->body.len == 0)
        return STORE_OK;
    if (!channel_pack(to->CompressionType, &d->body))
        return STORE_FAILED;
    const struct s3_object_in object = {
        .bucket = channel_bucket(to->BucketARN),
        .body = {(const uint8_t *)d->body.data, d->body.len},
        .content_encoding = channel_pack_encoding(to->CompressionType),
        .storage_class = to->StorageClass,
        .expected_owner = to->ExpectedBucketOwner,
    };
    return put(d, &object, to->OutputKeyTemplate, channel_pack_extension(to->CompressionType));
}

/* AWS: how the objects behind the prefix are called is not documented. */
static enum store_status put_dead(struct delivery *d)
{
    const struct kinesis_DeadLetterQueueS3Configuration *to = d->to->DeadLetterQueueS3Configuration;
    const struct s3_object_in object = {
        .bucket = channel_bucket(to->BucketARN),
        .body = {(const uint8_t *)(d->dead.len ? d->dead.data : no_content), d->dead.len},
        .expected_owner = to->ExpectedBucketOwner,
    };

    if (d->dead.len == 0)
        return STORE_OK;
    return put(d, &object,
               arena_printf(d->arena,
                            "%s!{yyyy}/!{MM}/!{dd}/!{HH}/!{channel-name}-!{channel-id}-!{yyyy}-"
                            "!{MM}-!{dd}-!{HH}-!{mm}!{extension:.json}",
                            to->ErrorOutputPrefix),
               no_content);
}

static const char *reason(enum store_status rc)
{
    switch (rc) {
    case STORE_NOT_FOUND:
        return "S3.NoSuchBucket";
    case STORE_CONFLICT:
        return "S3.AccessDenied";
    default:
        return "InternalError";
    }
}

/* --- one delivery --- */

/* After the commit. */
static void tell(const struct delivery *d)
{
    if (d->dead_count)
        write_log(d, d->to->DeadLetterQueueS3Configuration->BucketARN,
                  d->give_up ? "S3.DeliveryFailed" : "InvalidRecord",
                  arena_printf(d->arena, "%zu records were written to the dead-letter queue.",
                               d->dead_count));
    if (d->expired > 0)
        write_log(d, d->to->StorageConfiguration->BucketARN, "RecordsExpired",
                  arena_printf(d->arena,
                               "%" PRId64 " records left the stream before they could be "
                               "delivered.",
                               d->expired));
}

/* The destination has refused since then; 0: it has not. False: that is all for now. */
static bool postpone(struct delivery *d, enum store_status rc, const char *bucket_arn,
                     int64_t failing_ms)
{
    int64_t now = clock_now_ms(&d->k->app->clock);

    write_log(d, bucket_arn, reason(rc), "The records could not be delivered. It is tried again.");
    d->stuck = kinesis_channel_postpone(d->k->store, d->channel->id, failing_ms, now + RETRY_MS) !=
               STORE_OK;
    if (d->stuck)
        log_warn("channel %s: that its delivery failed could not be noted", d->channel->name);
    return false;
}

/* Whether the bucket is there for the records; what it refuses is mostly seen here. */
static enum store_status ask_destination(const struct delivery *d)
{
    const struct kinesis_S3StorageConfiguration *to = d->to->StorageConfiguration;
    struct s3_place place;
    enum store_status rc =
        s3_bucket_place(d->k->app, channel_bucket(to->BucketARN), d->arena, &place);

    return rc == STORE_OK && !str_eq(place.account, to->ExpectedBucketOwner) ? STORE_CONFLICT : rc;
}

/* What the bucket has refused for an hour is for the dead-letter queue. */
static enum store_status prepare(struct delivery *d)
{
    size_t size = d->shards.count * sizeof(*d->next);
    int64_t *before = arena_memdup(d->arena, d->next, size);
    enum store_status rc = fill(d);

    if (rc != STORE_OK || d->body.len == 0)
        return rc;
    rc = ask_destination(d);
    if (rc == STORE_OK || !d->failing_ms ||
        clock_now_ms(&d->k->app->clock) - d->failing_ms < GIVE_UP_MS)
        return rc;
    memcpy(d->next, before, size);
    d->give_up = true;
    return fill(d);
}

/* What was delivered is not read again. A destination that has been given up stays so until it
 * takes an object. */
static bool advance(struct delivery *d)
{
    enum store_status rc = kinesis_channel_advance(d->k->store, d->channel->id, d->next,
                                                   d->shards.count, d->give_up ? d->failing_ms : 0);

    if (rc == STORE_OK)
        return true;
    if (rc != STORE_NOT_FOUND)
        log_warn("channel %s: that its records were delivered could not be noted",
                 d->channel->name);
    d->stuck = true;
    return false;
}

/* One object. The dead letters come first: if they are refused, the good records of the same
 * object shall not be written again and again. */
static bool deliver_object(struct delivery *d)
{
    const char *bucket_arn = d->to->StorageConfiguration->BucketARN;
    int64_t since = d->failing_ms ? d->failing_ms : clock_now_ms(&d->k->app->clock);
    enum store_status rc = prepare(d);

    if (rc != STORE_OK)
        return postpone(d, rc, bucket_arn, since);
    rc = put_dead(d);
    if (rc != STORE_OK)
        return postpone(d, rc, d->to->DeadLetterQueueS3Configuration->BucketARN, d->failing_ms);
    rc = put_body(d);
    if (rc != STORE_OK)
        return postpone(d, rc, bucket_arn, since);
    if (!advance(d))
        return false;
    tell(d);
    if (!d->give_up)
        d->failing_ms = 0;
    d->give_up = false;
    return true;
}

static bool is_done(const struct delivery *d)
{
    for (size_t i = 0; i < d->shards.count; i++)
        if (d->next[i] < d->end[i])
            return false;
    return true;
}

/* How long to wait before the next look. */
static int64_t deliver(struct delivery *d, struct background_task *task)
{
    d->end = ARENA_ARRAY(d->arena, int64_t, d->shards.count);
    d->to = channel_destination(d->channel, d->arena);
    if (!d->to || kinesis_newest_places(d->k->store, &d->shards, d->end) != STORE_OK) {
        log_warn("channel %s: it could not be read", d->channel->name);
        return RETRY_MS;
    }
    strbuf_init(&d->body, TEXT_MAX);
    strbuf_init(&d->dead, TEXT_MAX);
    arena_init(&d->page);
    while (!background_stopping(task) && !is_done(d) && deliver_object(d))
        ;
    arena_release(&d->page);
    strbuf_release(&d->body);
    strbuf_release(&d->dead);
    return d->stuck ? RETRY_MS : SECOND_MS;
}

/* --- all channels --- */

enum store_status kinesis_newest_places(struct kinesis_store *store,
                                        const struct kinesis_shard_list *shards, int64_t *next)
{
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < shards->count; i++)
        rc = kinesis_store_latest(store, shards->items[i], &next[shards->items[i]->index]);
    return rc;
}

/* How long there is nothing to do for it; what is due is delivered, and it is looked at again. */
static int64_t look_at_stream(struct delivery *d, struct background_task *task)
{
    const struct kinesis_channel *c = d->channel;
    int64_t now = clock_now_ms(&d->k->app->clock);
    int64_t at_ms;
    enum store_status rc;

    d->shards = kinesis_stream_shards(d->hold->stream, d->arena);
    d->next = ARENA_ARRAY(d->arena, int64_t, d->shards.count);
    rc = kinesis_channel_places(d->k->store, c->id, d->next, d->shards.count);
    if (rc == STORE_OK)
        rc = kinesis_channel_oldest(d->k->store, &d->shards, d->next, &at_ms);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return RETRY_MS;
    if (rc == STORE_OK) {
        int64_t due_ms = MAX(at_ms + (int64_t)c->freshness_s * SECOND_MS, c->retry_ms);
        return due_ms > now ? due_ms - now : deliver(d, task);
    }
    /* What comes from now on has its time; what has left the stream meanwhile is told. */
    return MAX(deliver(d, task), (int64_t)c->freshness_s * SECOND_MS);
}

static int64_t look_at(struct kinesis *k, const struct kinesis_channel *channel,
                       struct background_task *task)
{
    const struct scope scope = {.account = channel->account, .region = channel->region};
    struct delivery d = {.k = k, .channel = channel, .failing_ms = channel->failing_ms};
    int64_t wait_ms = RETRY_MS;
    struct arena a;

    if (kinesis_hold(k, &scope, channel->stream, &d.hold) != STORE_OK)
        return wait_ms;
    arena_init(&a);
    d.arena = &a;
    /* Else it is another stream by now, and the channel about to go. */
    if (d.hold->stream->created_ms == channel->stream_created_ms)
        wait_ms = look_at_stream(&d, task);
    arena_release(&a);
    kinesis_release(d.hold);
    return wait_ms;
}

/* How long there is nothing to do; negative: there are no channels. Each is read when it is its
 * turn: those before it may have taken long. */
static int64_t look(struct kinesis *k, struct background_task *task)
{
    struct kinesis_channel *channel;
    int64_t wait_ms = -1;
    int64_t after = 0;
    size_t count;
    struct arena a;

    arena_init(&a);
    do {
        arena_reset(&a);
        if (kinesis_channel_active(k->store, after, 1, &a, &channel, &count) != STORE_OK) {
            count = 0;
            wait_ms = RETRY_MS;
        }
        if (count > 0) {
            int64_t other_ms = look_at(k, channel, task);
            wait_ms = wait_ms < 0 ? other_ms : MIN(wait_ms, other_ms);
            after = channel->id;
        }
    } while (count > 0 && !background_stopping(task));
    arena_release(&a);
    return wait_ms;
}

static bool has_channels(struct kinesis *k)
{
    struct kinesis_channel *channel;
    size_t count;
    struct arena a;

    arena_init(&a);
    if (kinesis_channel_active(k->store, 0, 1, &a, &channel, &count) != STORE_OK)
        count = 1; /* nobody knows */
    arena_release(&a);
    return count > 0;
}

/* Whether there is nothing to do for this task. A channel that is made meanwhile finds no task and
 * starts one, or is seen here. */
static bool leave(struct kinesis *k)
{
    bool expected = false;

    atomic_store(&k->delivering, false);
    return !has_channels(k) || !atomic_compare_exchange_strong(&k->delivering, &expected, true);
}

static void run(struct background_task *task, void *context)
{
    struct kinesis *k = context;
    int64_t most_ms = k->app->config->test_clock ? TEST_CLOCK_LOOK_MS : CLOCK_LOOK_MS;

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(k->channels);
        int64_t wait_ms = look(k, task);

        if (wait_ms >= 0)
            waitq_wait(k->channels, ticket, MIN(wait_ms, most_ms), -1, background_stop_fd(task));
        else if (!background_stopping(task) && leave(k))
            return;
    }
}

void kinesis_channels_wake(struct kinesis *k)
{
    bool expected = false;

    if (atomic_compare_exchange_strong(&k->delivering, &expected, true) &&
        !background_run(k->app->background, "kinesis-channels", run, k))
        atomic_store(&k->delivering, false);
    waitq_wake(k->channels);
}
