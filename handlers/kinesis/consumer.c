/*
 * Consumers with fan-out of their own: RegisterStreamConsumer and its relatives. A consumer is
 * ACTIVE as soon as it has been registered.
 */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/kinesis/channel.h"
#include "handlers/kinesis/commitment.h"
#include "handlers/kinesis/fanout.h"
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/name.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/queue.h"

enum {
    CONSUMERS_MAX = 20,
    CONSUMERS_MAX_ADVANTAGE = 50, /* of on-demand streams of accounts with the commitment */
    LIST_CONSUMERS = 100,         /* AWS: who asks for more gets these */
};

static const char list_consumers_kind[] = "kinesis ListStreamConsumers";
static const char status_active[] = "ACTIVE";

static char *arn_of(struct request *req, const struct kinesis_hold *hold,
                    const struct kinesis_consumer *consumer)
{
    return arn_make(&req->arena, "kinesis", hold->region, hold->account,
                    "stream/%s/consumer/%s:%" PRId64, hold->stream->name, consumer->name,
                    consumer->created_ms / 1000);
}

static struct kinesis_Consumer describe(struct request *req, const struct kinesis_hold *hold,
                                        const struct kinesis_consumer *consumer)
{
    return (struct kinesis_Consumer){
        .ConsumerName = consumer->name,
        .ConsumerARN = arn_of(req, hold, consumer),
        .ConsumerStatus = status_active,
        .ConsumerCreationTimestamp = SOME_TIME(consumer->created_ms),
    };
}

/* --- which consumer --- */

static int not_found(struct request *req, const char *consumer, const char *account)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException, "Consumer %s, account %s not found.",
                    consumer, account);
}

static int find(struct request *req, const struct kinesis_hold *hold, const char *name,
                struct kinesis_consumer *out)
{
    enum store_status rc =
        kinesis_consumer_find(kinesis_of(req->app)->store, hold->stream, name, &req->arena, out);

    if (rc == STORE_NOT_FOUND)
        return not_found(req, name, hold->account);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int kinesis_use_consumer(struct request *req, const char *arn, const char *id,
                         struct kinesis_hold **out_hold, struct kinesis_consumer *out)
{
    struct kinesis_arn named;

    if (id)
        return aws_fail_unsupported(req, "StreamId");
    if (!kinesis_arn_read(&req->arena, arn, &named) || !named.consumer)
        return aws_fail(req, &kinesis_InvalidArgumentException, "Invalid ConsumerARN: %s", arn);
    const struct kinesis_name stream = {.scope = named.scope, .stream = named.stream};
    if (kinesis_use(req, &stream, out_hold) || find(req, *out_hold, named.consumer, out))
        return -1;
    /* One of the same name that was registered at another time is another one. */
    if (out->created_ms / 1000 != strtoll(named.created_s, NULL, 10))
        return not_found(req, arn, (*out_hold)->account);
    return 0;
}

int kinesis_use_target(struct request *req, const char *arn, const char *id,
                       struct kinesis_target *out)
{
    struct kinesis_consumer consumer;
    struct kinesis_channel channel;
    struct kinesis_queue queue;

    if (strstr(arn, ":channel/")) {
        if (id)
            return aws_fail_unsupported(req, "StreamId");
        if (kinesis_use_channel(req, arn, &out->hold, &channel))
            return -1;
        out->resource = (struct kinesis_resource){KINESIS_CHANNEL, channel.id};
        return 0;
    }
    if (strstr(arn, ":queue/")) {
        if (id)
            return aws_fail_unsupported(req, "StreamId");
        if (kinesis_use_queue(req, arn, &out->hold, &queue))
            return -1;
        out->resource = (struct kinesis_resource){KINESIS_QUEUE, queue.id};
        return 0;
    }
    if (strstr(arn, "/consumer/")) {
        if (kinesis_use_consumer(req, arn, id, &out->hold, &consumer))
            return -1;
        out->resource = (struct kinesis_resource){KINESIS_CONSUMER, consumer.id};
        return 0;
    }
    if (kinesis_use_named(req, NULL, arn, id, &out->hold))
        return -1;
    out->resource = (struct kinesis_resource){KINESIS_STREAM, out->hold->stream->id};
    return 0;
}

/* By ARN, or by name and the stream's ARN; all three may be given where they agree. */
static int use_either(struct request *req, const char *consumer_arn, const char *stream_arn,
                      const char *name, const char *id, struct kinesis_hold **out_hold,
                      struct kinesis_consumer *out)
{
    if (!consumer_arn && (!stream_arn || !name))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Either ConsumerARN or both StreamARN and ConsumerName must be provided.");
    if (!consumer_arn)
        return kinesis_use_named(req, NULL, stream_arn, id, out_hold) ||
                       find(req, *out_hold, name, out)
                   ? -1
                   : 0;
    if (kinesis_use_consumer(req, consumer_arn, id, out_hold, out))
        return -1;
    if ((stream_arn && !str_eq(stream_arn, kinesis_stream_arn(req, *out_hold))) ||
        (name && !str_eq(name, out->name)))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "StreamARN and ConsumerName must be those of ConsumerARN %s.",
                        consumer_arn);
    return 0;
}

/* --- how many --- */

int kinesis_consumer_limit(struct request *req, const struct kinesis_hold *hold, int64_t *out_max)
{
    const struct scope scope = {.account = hold->account, .region = hold->region};
    bool committed = false;

    if (hold->stream->mode == KINESIS_ON_DEMAND && kinesis_committed(req, &scope, &committed))
        return -1;
    *out_max = committed ? CONSUMERS_MAX_ADVANTAGE : CONSUMERS_MAX;
    return 0;
}

int kinesis_fail_consumers(struct request *req, const struct kinesis_hold *hold, int64_t max)
{
    return aws_fail(req, &kinesis_LimitExceededException,
                    "Stream %s under account %s already has %" PRId64
                    " consumers, which is the limit.",
                    hold->stream->name, hold->account, max);
}

/* --- the operations --- */

int kinesis_register_stream_consumer(struct request *req,
                                     const struct kinesis_RegisterStreamConsumerInput *in,
                                     struct kinesis_RegisterStreamConsumerOutput *out)
{
    struct kinesis_consumer consumer = {.name = in->ConsumerName,
                                        .created_ms = clock_now_ms(&req->app->clock)};
    const char *tags = NULL;
    struct kinesis_hold *hold;
    enum store_status rc;
    int64_t max;

    if (kinesis_use_named(req, NULL, in->StreamARN, in->StreamId, &hold) ||
        kinesis_new_tags(req, hold->stream->name, &in->Tags, &tags) ||
        kinesis_consumer_limit(req, hold, &max))
        return -1;
    rc = kinesis_consumer_add(kinesis_of(req->app)->store, hold->stream, consumer.name,
                              consumer.created_ms, tags, max);
    if (rc == STORE_EXISTS)
        return aws_fail(req, &kinesis_ResourceInUseException,
                        "Consumer %s under stream %s already exists for account %s.", consumer.name,
                        hold->stream->name, hold->account);
    if (rc == STORE_LIMIT)
        return kinesis_fail_consumers(req, hold, max);
    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    out->Consumer = ARENA_NEW(&req->arena, struct kinesis_Consumer);
    *out->Consumer = describe(req, hold, &consumer);
    return 0;
}

int kinesis_describe_stream_consumer(struct request *req,
                                     const struct kinesis_DescribeStreamConsumerInput *in,
                                     struct kinesis_DescribeStreamConsumerOutput *out)
{
    struct kinesis_ConsumerDescription *d =
        ARENA_NEW(&req->arena, struct kinesis_ConsumerDescription);
    struct kinesis_consumer consumer;
    struct kinesis_hold *hold;

    if (use_either(req, in->ConsumerARN, in->StreamARN, in->ConsumerName, in->StreamId, &hold,
                   &consumer))
        return -1;
    d->ConsumerName = consumer.name;
    d->ConsumerARN = arn_of(req, hold, &consumer);
    d->ConsumerStatus = status_active;
    d->ConsumerCreationTimestamp = SOME_TIME(consumer.created_ms);
    d->StreamARN = kinesis_stream_arn(req, hold);
    out->ConsumerDescription = d;
    return 0;
}

int kinesis_deregister_stream_consumer(struct request *req,
                                       const struct kinesis_DeregisterStreamConsumerInput *in,
                                       struct kinesis_DeregisterStreamConsumerOutput *out)
{
    struct kinesis_consumer consumer;
    struct kinesis_hold *hold;
    enum store_status rc;

    (void)out;
    if (use_either(req, in->ConsumerARN, in->StreamARN, in->ConsumerName, in->StreamId, &hold,
                   &consumer))
        return -1;
    rc = kinesis_consumer_remove(kinesis_of(req->app)->store, consumer.id);
    if (rc == STORE_NOT_FOUND)
        return not_found(req, consumer.name, hold->account);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    kinesis_fanout_remove(hold, consumer.id);
    return 0;
}

/* made ms / last name: the token of a list that is read for longer than five minutes is refused. */
int kinesis_token_read(struct request *req, const char *token, const char *kind,
                       const char **out_after)
{
    char *position = page_token_read(&req->arena, kind, token);
    char *slash = position ? strchr(position, '/') : NULL;

    if (!slash)
        return aws_fail(req, &kinesis_InvalidArgumentException, "NextToken is invalid.");
    *slash = '\0';
    if (clock_now_ms(&req->app->clock) - strtoll(position, NULL, 10) > KINESIS_ITERATOR_LIFE_MS)
        return aws_fail(req, &kinesis_ExpiredNextTokenException, "NextToken has expired.");
    *out_after = slash + 1;
    return 0;
}

const char *kinesis_token_make(struct request *req, const char *kind, const char *last)
{
    return page_token_make(
        &req->arena, kind,
        arena_printf(&req->arena, "%" PRId64 "/%s", clock_now_ms(&req->app->clock), last));
}

int kinesis_list_stream_consumers(struct request *req,
                                  const struct kinesis_ListStreamConsumersInput *in,
                                  struct kinesis_ListStreamConsumersOutput *out)
{
    size_t limit = (size_t)MIN(VALUE_OR(in->MaxResults, LIST_CONSUMERS), LIST_CONSUMERS);
    struct kinesis_consumer *items;
    const char *after = NULL;
    struct kinesis_hold *hold;
    const char *kind;
    size_t count;

    if (kinesis_use_named(req, NULL, in->StreamARN, in->StreamId, &hold))
        return -1;
    kind = arena_printf(&req->arena, "%s %" PRId64, list_consumers_kind, hold->stream->id);
    if (in->NextToken && in->StreamCreationTimestamp.set)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "NextToken and StreamCreationTimestamp cannot be provided together.");
    if (in->NextToken && kinesis_token_read(req, in->NextToken, kind, &after))
        return -1;
    if (kinesis_is_another(in->StreamCreationTimestamp, hold->stream))
        return kinesis_fail_gone(req, hold);
    if (kinesis_consumer_list(kinesis_of(req->app)->store, hold->stream, after, limit + 1,
                              &req->arena, &items, &count) != STORE_OK)
        return aws_fail_internal(req);
    out->Consumers.count = MIN(count, limit);
    out->Consumers.items = ARENA_ARRAY(&req->arena, struct kinesis_Consumer, out->Consumers.count);
    for (size_t i = 0; i < out->Consumers.count; i++)
        out->Consumers.items[i] = describe(req, hold, &items[i]);
    if (count > limit)
        out->NextToken = kinesis_token_make(req, kind, items[limit - 1].name);
    return 0;
}
