/* ListShards, GetShardIterator. */
#include "handlers/common/page_token.h"
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/operations.h"

enum { LIST_SHARDS = 1000 }; /* AWS: who asks for more gets these */

static const char list_shards_kind[] = "kinesis ListShards";

/* --- ListShards --- */

enum filter_kind {
    FILTER_NONE,
    FILTER_AFTER_SHARD_ID,
    FILTER_AT_TRIM_HORIZON,
    FILTER_FROM_TRIM_HORIZON,
    FILTER_AT_LATEST,
    FILTER_AT_TIMESTAMP,
    FILTER_FROM_TIMESTAMP,
};

/* What is listed; a page token carries it, so that the next page is of the same list. */
struct listing {
    enum filter_kind filter;
    int64_t at_ms;      /* for the filters by time */
    int32_t after;      /* index */
    int64_t not_before; /* shards that closed earlier have left the stream */
};

/* A shard opens when its parents close; those of a new stream have always been open. */
static bool is_open_at(struct kinesis_shard_list shards, const struct kinesis_shard *shard,
                       int64_t ms)
{
    return (shard->parent < 0 || shards.items[shard->parent]->closed_ms <= ms) &&
           (shard->closed_ms == 0 || shard->closed_ms > ms);
}

static bool listed(const struct listing *l, struct kinesis_shard_list shards,
                   const struct kinesis_shard *shard)
{
    if (shard->index <= l->after || kinesis_expired(shard, l->not_before))
        return false;
    switch (l->filter) {
    case FILTER_AT_LATEST:
        return shard->closed_ms == 0;
    case FILTER_AT_TRIM_HORIZON:
    case FILTER_AT_TIMESTAMP:
        return is_open_at(shards, shard, l->at_ms);
    case FILTER_FROM_TRIM_HORIZON:
    case FILTER_FROM_TIMESTAMP:
        return shard->closed_ms == 0 || shard->closed_ms >= l->at_ms;
    case FILTER_NONE:
    case FILTER_AFTER_SHARD_ID:
        break;
    }
    return true;
}

static enum filter_kind filter_named(const char *type)
{
    static const char *const names[] = {
        [FILTER_AFTER_SHARD_ID] = "AFTER_SHARD_ID",
        [FILTER_AT_TRIM_HORIZON] = "AT_TRIM_HORIZON",
        [FILTER_FROM_TRIM_HORIZON] = "FROM_TRIM_HORIZON",
        [FILTER_AT_LATEST] = "AT_LATEST",
        [FILTER_AT_TIMESTAMP] = "AT_TIMESTAMP",
        [FILTER_FROM_TIMESTAMP] = "FROM_TIMESTAMP",
    };

    for (size_t i = FILTER_AFTER_SHARD_ID; i < ARRAY_LEN(names); i++) {
        if (str_eq(type, names[i]))
            return (enum filter_kind)i;
    }
    return FILTER_NONE;
}

static int bad_argument(struct request *req, const char *text)
{
    return aws_fail(req, &kinesis_InvalidArgumentException, "%s", text);
}

static int read_filter(struct request *req, const struct kinesis_ShardFilter *filter,
                       const struct kinesis_stream *stream, struct listing *out)
{
    out->filter = filter_named(filter->Type);
    if (out->filter == FILTER_AFTER_SHARD_ID) {
        if (!filter->ShardId || !kinesis_shard_index(filter->ShardId, &out->after))
            return bad_argument(req,
                                "ShardId must be provided for ShardFilter type AFTER_SHARD_ID.");
    } else if (filter->ShardId) {
        return bad_argument(req, "ShardId is only allowed for ShardFilter type AFTER_SHARD_ID.");
    }
    if (out->filter == FILTER_AT_TIMESTAMP || out->filter == FILTER_FROM_TIMESTAMP) {
        if (!filter->Timestamp.set)
            return bad_argument(req, "Timestamp must be provided for ShardFilter types AT_TIMESTAMP"
                                     " and FROM_TIMESTAMP.");
        out->at_ms = filter->Timestamp.ms;
    } else if (filter->Timestamp.set) {
        return bad_argument(req, "Timestamp is only allowed for ShardFilter types AT_TIMESTAMP and"
                                 " FROM_TIMESTAMP.");
    } else {
        out->at_ms = kinesis_not_before(stream, clock_now_ms(&req->app->clock));
    }
    return 0;
}

/* made ms / filter / its time / last index / account / region / stream */
static const char *token_make(struct request *req, const struct listing *l,
                              const struct kinesis_hold *hold)
{
    const char *position = arena_printf(&req->arena, "%" PRId64 "/%d/%" PRId64 "/%" PRId32 "/%s",
                                        clock_now_ms(&req->app->clock), (int)l->filter, l->at_ms,
                                        l->after, kinesis_stream_arn(req, hold));

    return page_token_make(&req->arena, list_shards_kind, position);
}

static int token_read(struct request *req, const char *token, struct listing *out,
                      const char **out_arn)
{
    const char *position = page_token_read(&req->arena, list_shards_kind, token);
    int64_t made_ms;
    int filter;
    int length;
    int64_t now = clock_now_ms(&req->app->clock);

    /* The token is one that we wrote. NOLINTNEXTLINE(cert-err34-c) */
    if (!position || sscanf(position, "%" SCNd64 "/%d/%" SCNd64 "/%" SCNd32 "/%n", &made_ms,
                            &filter, &out->at_ms, &out->after, &length) != 4)
        return bad_argument(req, "NextToken is invalid.");
    if (now - made_ms > KINESIS_ITERATOR_LIFE_MS)
        return aws_fail(req, &kinesis_ExpiredNextTokenException, "NextToken has expired.");
    out->filter = (enum filter_kind)filter;
    *out_arn = position + length;
    return 0;
}

static int begin_listing(struct request *req, const struct kinesis_ListShardsInput *in,
                         struct listing *l, struct kinesis_hold **out_hold)
{
    const char *arn = NULL;

    if (in->NextToken) {
        if (in->StreamName || in->StreamARN)
            return bad_argument(req, "NextToken and StreamName cannot be provided together.");
        if (in->ExclusiveStartShardId || in->StreamCreationTimestamp.set || in->ShardFilter)
            return bad_argument(req, "NextToken cannot be provided together with "
                                     "ExclusiveStartShardId, StreamCreationTimestamp or "
                                     "ShardFilter.");
        return token_read(req, in->NextToken, l, &arn) ||
                       kinesis_use_named(req, NULL, arn, in->StreamId, out_hold)
                   ? -1
                   : 0;
    }
    if (!in->StreamName && !in->StreamARN)
        return bad_argument(req, "Either NextToken or StreamName should be provided.");
    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, out_hold))
        return -1;
    if (in->ExclusiveStartShardId && !kinesis_shard_index(in->ExclusiveStartShardId, &l->after))
        return bad_argument(req, "ExclusiveStartShardId is invalid.");
    return in->ShardFilter ? read_filter(req, in->ShardFilter, (*out_hold)->stream, l) : 0;
}

/* Clients send the time as they read it, which may have lost its fraction. */
bool kinesis_is_another(struct maybe_time created, const struct kinesis_stream *stream)
{
    return created.set && created.ms / 1000 != stream->created_ms / 1000;
}

int kinesis_list_shards(struct request *req, const struct kinesis_ListShardsInput *in,
                        struct kinesis_ListShardsOutput *out)
{
    struct listing l = {.after = -1};
    size_t limit = (size_t)MIN(VALUE_OR(in->MaxResults, LIST_SHARDS), LIST_SHARDS);
    struct kinesis_shard_list shards;
    struct kinesis_stream *stream;
    struct kinesis_hold *hold;

    if (begin_listing(req, in, &l, &hold))
        return -1;
    stream = hold->stream;
    if (kinesis_is_another(in->StreamCreationTimestamp, stream))
        return kinesis_fail_gone(req, hold);
    l.not_before = kinesis_not_before(stream, clock_now_ms(&req->app->clock));
    shards = kinesis_stream_shards(stream, &req->arena);
    out->Shards.items = ARENA_ARRAY(&req->arena, struct kinesis_Shard, MIN(limit, shards.count));
    for (size_t i = 0; i < shards.count; i++) {
        if (!listed(&l, shards, shards.items[i]))
            continue;
        if (out->Shards.count == limit) {
            out->NextToken = token_make(req, &l, hold);
            break;
        }
        kinesis_shard_describe(&req->arena, shards.items[i],
                               &out->Shards.items[out->Shards.count++]);
        l.after = shards.items[i]->index;
    }
    return 0;
}

/* --- GetShardIterator --- */

/* AWS: a stream that is missing is told as a shard that is. */
static int no_shard(struct request *req, const struct kinesis_name *name, int32_t index)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "Shard %s in stream %s under account %s does not exist",
                    kinesis_shard_id(&req->arena, index), name->stream, name->scope.account);
}

int kinesis_get_shard_iterator(struct request *req, const struct kinesis_GetShardIteratorInput *in,
                               struct kinesis_GetShardIteratorOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    struct kinesis_iterator it = {.made_ms = clock_now_ms(&req->app->clock)};
    const struct kinesis_starting start = {.operation = "GetShardIterator",
                                           .type = in->ShardIteratorType,
                                           .sequence_number = in->StartingSequenceNumber,
                                           .timestamp = in->Timestamp};
    const struct kinesis_shard *shard;
    struct kinesis_name name;
    struct kinesis_hold *hold;
    enum store_status rc;
    const uint8_t *secret;

    if (kinesis_named(req, in->StreamName, in->StreamARN, in->StreamId, &name))
        return -1;
    if (!kinesis_shard_index(in->ShardId, &it.index))
        return aws_fail(req, &kinesis_ResourceNotFoundException,
                        "Could not find shard %s in stream %s under account %s.", in->ShardId,
                        name.stream, name.scope.account);
    rc = kinesis_find(req, &name, &hold);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc == STORE_NOT_FOUND)
        return no_shard(req, &name, it.index);
    shard = kinesis_stream_shard(hold->stream, it.index);
    if (!shard)
        return no_shard(req, &name, it.index);
    if (kinesis_starting_number(req, &start, hold, shard, &it.next) ||
        kinesis_check_dry(req, in->DryRun))
        return -1;
    if (kinesis_secret(k, &secret) != STORE_OK)
        return aws_fail_internal(req);
    it.shard = shard->id;
    snprintf(it.stream, sizeof(it.stream), "%s", name.stream);
    out->ShardIterator = kinesis_iterator_format(&it, secret, &req->arena);
    return 0;
}
