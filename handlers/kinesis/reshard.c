/*
 * SplitShard, MergeShards, UpdateShardCount.
 *
 * What is checked stays true until the shards are made, because both happen under `control`. A
 * resharding is done when its answer is there; AWS's takes half a minute, during which the stream
 * is UPDATING.
 */
#include "handlers/kinesis/reshard.h"

#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/reshape.h"

enum { STREAM_SHARDS_MAX = 10000 };

/* Under control. */
static int make_shards(struct request *req, struct kinesis_hold *hold,
                       const struct kinesis_new_shard *shards, size_t count)
{
    enum store_status rc = kinesis_store_reshard(kinesis_of(req->app)->store, hold->stream, shards,
                                                 count, clock_now_ms(&req->app->clock));

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    if (rc != STORE_OK)
        return aws_fail_internal(req);
    waitq_wake(hold->arrivals); /* readers at the end of a parent */
    return 0;
}

/* AWS: a name that no shard can have is told before a stream that is missing. */
static int check_shard_id(struct request *req, const struct kinesis_name *name,
                          const char *shard_id)
{
    int32_t index;

    if (kinesis_shard_index(shard_id, &index))
        return 0;
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "Could not find shard %s in stream %s under account %s.", shard_id,
                    name->stream, name->scope.account);
}

/* A shard that the request names; NULL after saying that there is none. */
static struct kinesis_shard *find(struct request *req, struct kinesis_hold *hold,
                                  const char *shard_id)
{
    struct kinesis_shard *shard = NULL;
    int32_t index;

    if (kinesis_shard_index(shard_id, &index)) {
        shard = kinesis_stream_shard(hold->stream, index);
        shard_id = kinesis_shard_id(&req->arena, index);
    }
    if (!shard)
        kinesis_fail_no_shard(req, hold, shard_id);
    return shard;
}

static int check_open(struct request *req, const struct kinesis_hold *hold,
                      const struct kinesis_shard *shard)
{
    if (!shard->closed_ms)
        return 0;
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Shard %s in stream %s under account %s has already been merged or split, and "
                    "thus is not eligible for merging or splitting.",
                    kinesis_shard_id(&req->arena, shard->index), hold->stream->name, hold->account);
}

static int check_more(struct request *req, const struct kinesis_hold *hold, size_t more)
{
    const struct scope scope = {.account = hold->account, .region = hold->region};

    return kinesis_check_shard_limit(req, &scope, more);
}

/* --- SplitShard --- */

static int check_new_start(struct request *req, const struct kinesis_hold *hold,
                           const struct kinesis_shard *shard, const char *text,
                           unsigned __int128 *out_at)
{
    unsigned __int128 start = kinesis_hash_load(shard->range.start);
    unsigned __int128 end = kinesis_hash_load(shard->range.end);
    struct kinesis_HashKeyRange *range = kinesis_hash_key_range(&req->arena, &shard->range);
    uint8_t hash[KINESIS_HASH_LEN];

    if (kinesis_hash_parse(text, hash)) {
        *out_at = kinesis_hash_load(hash);
        if (*out_at > start && *out_at - start > 1 && *out_at < end)
            return 0;
    }
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under "
                    "account %s is not both greater than one plus the shard's StartingHashKey %s "
                    "and less than the shard's EndingHashKey %s.",
                    text, kinesis_shard_id(&req->arena, shard->index), hold->stream->name,
                    hold->account, range->StartingHashKey, range->EndingHashKey);
}

/* Under control. */
static int split(struct request *req, const struct kinesis_SplitShardInput *in,
                 struct kinesis_hold *hold)
{
    struct kinesis_new_shard children[2];
    const struct kinesis_shard *shard = find(req, hold, in->ShardToSplit);
    unsigned __int128 at = 0;

    if (!shard || check_more(req, hold, 1) ||
        check_new_start(req, hold, shard, in->NewStartingHashKey, &at) ||
        check_open(req, hold, shard))
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        children[i] = (struct kinesis_new_shard){
            .parent = shard->index, .adjacent_parent = -1, .range = shard->range};
    kinesis_hash_save(at - 1, children[0].range.end);
    kinesis_hash_save(at, children[1].range.start);
    return make_shards(req, hold, children, ARRAY_LEN(children));
}

int kinesis_split_shard(struct request *req, const struct kinesis_SplitShardInput *in,
                        struct kinesis_SplitShardOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    struct kinesis_name name;
    struct kinesis_hold *hold;
    int rc;

    (void)out;
    if (kinesis_named(req, in->StreamName, in->StreamARN, in->StreamId, &name) ||
        check_shard_id(req, &name, in->ShardToSplit) || kinesis_use(req, &name, &hold))
        return -1;
    if (hold->stream->mode == KINESIS_ON_DEMAND)
        return kinesis_fail_on_demand(req, hold);
    pthread_mutex_lock(&k->control);
    rc = split(req, in, hold);
    pthread_mutex_unlock(&k->control);
    return rc;
}

/* --- MergeShards --- */

static int check_adjacent(struct request *req, const struct kinesis_hold *hold,
                          const struct kinesis_shard *low, const struct kinesis_shard *high)
{
    unsigned __int128 end = kinesis_hash_load(low->range.end);

    if (end + 1 && end + 1 == kinesis_hash_load(high->range.start))
        return 0;
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Shards %s and %s in stream %s under account %s are not an adjacent pair of "
                    "shards eligible for merging",
                    kinesis_shard_id(&req->arena, low->index),
                    kinesis_shard_id(&req->arena, high->index), hold->stream->name, hold->account);
}

/* Under control. */
static int merge(struct request *req, const struct kinesis_MergeShardsInput *in,
                 struct kinesis_hold *hold)
{
    const struct kinesis_shard *low = find(req, hold, in->ShardToMerge);
    const struct kinesis_shard *high = low ? find(req, hold, in->AdjacentShardToMerge) : NULL;
    struct kinesis_new_shard child;

    if (!low || !high || check_adjacent(req, hold, low, high) || check_open(req, hold, low) ||
        check_open(req, hold, high))
        return -1;
    child = (struct kinesis_new_shard){
        .parent = low->index, .adjacent_parent = high->index, .range = low->range};
    memcpy(child.range.end, high->range.end, sizeof(child.range.end));
    return make_shards(req, hold, &child, 1);
}

int kinesis_merge_shards(struct request *req, const struct kinesis_MergeShardsInput *in,
                         struct kinesis_MergeShardsOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    struct kinesis_name name;
    struct kinesis_hold *hold;
    int rc;

    (void)out;
    if (kinesis_named(req, in->StreamName, in->StreamARN, in->StreamId, &name) ||
        check_shard_id(req, &name, in->ShardToMerge) ||
        check_shard_id(req, &name, in->AdjacentShardToMerge) || kinesis_use(req, &name, &hold))
        return -1;
    if (hold->stream->mode == KINESIS_ON_DEMAND)
        return kinesis_fail_on_demand(req, hold);
    pthread_mutex_lock(&k->control);
    rc = merge(req, in, hold);
    pthread_mutex_unlock(&k->control);
    return rc;
}

/* --- UpdateShardCount --- */

static int check_target(struct request *req, const struct kinesis_hold *hold, size_t open,
                        size_t target)
{
    if (target > STREAM_SHARDS_MAX)
        return aws_fail(req, &kinesis_LimitExceededException,
                        "Target shard count or number of open shards cannot be greater than %d. "
                        "Current open shard count: %zu, Target shard count: %zu",
                        STREAM_SHARDS_MAX, open, target);
    if (target > 2 * open)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "UpdateShardCount cannot scale up over double your current open shard "
                        "count. Current open shard count: %zu Target shard count: %zu",
                        open, target);
    if (2 * target < open)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "UpdateShardCount cannot scale down below half your current open shard "
                        "count. Current open shard count: %zu Target shard count: %zu",
                        open, target);
    return target > open ? check_more(req, hold, target - open) : 0;
}

int kinesis_reshard_uniform(struct request *req, struct kinesis_hold *hold, size_t target)
{
    struct kinesis_shard_list open = kinesis_stream_open_shards(hold->stream, &req->arena);
    size_t next = kinesis_stream_shard_count(hold->stream);
    struct kinesis_reshape plan = kinesis_reshape_uniform(open, (int32_t)next, target, &req->arena);

    return plan.count ? make_shards(req, hold, plan.shards, plan.count) : 0;
}

int kinesis_update_shard_count(struct request *req, const struct kinesis_UpdateShardCountInput *in,
                               struct kinesis_UpdateShardCountOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    size_t target = (size_t)in->TargetShardCount.value;
    struct kinesis_hold *hold;
    size_t open;
    int rc;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    if (hold->stream->mode == KINESIS_ON_DEMAND)
        return kinesis_fail_on_demand(req, hold);
    pthread_mutex_lock(&k->control);
    open = kinesis_stream_open_shards(hold->stream, &req->arena).count;
    rc = check_target(req, hold, open, target);
    if (rc == 0)
        rc = kinesis_reshard_uniform(req, hold, target);
    pthread_mutex_unlock(&k->control);
    if (rc)
        return rc;
    out->StreamName = hold->stream->name;
    out->StreamARN = kinesis_stream_arn(req, hold);
    out->CurrentShardCount = SOME_INT((int32_t)open);
    out->TargetShardCount = in->TargetShardCount;
    return 0;
}
