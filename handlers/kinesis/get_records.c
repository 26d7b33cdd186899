/* GetRecords, and how records and the successors of a closed shard are told. */
#include "handlers/common/arn.h"
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"
#include "handlers/kinesis/throttle.h"

#include <time.h>

enum { GET_RECORDS_MAX = 10000, GET_BYTES_MAX = 10 * 1024 * 1024 };

struct kinesis_RecordList kinesis_records(struct arena *a, const struct kinesis_stream *stream,
                                          const struct kinesis_shard *shard,
                                          const struct kinesis_batch *batch)
{
    struct kinesis_RecordList list = {
        .items = ARENA_ARRAY(a, struct kinesis_Record, batch->count),
        .count = batch->count,
    };

    for (size_t i = 0; i < batch->count; i++) {
        const struct kinesis_record *r = &batch->records[i];
        list.items[i] = (struct kinesis_Record){
            .SequenceNumber = kinesis_sequence_text(a, shard, r->number, r->at_ms),
            .ApproximateArrivalTimestamp = SOME_TIME(r->at_ms),
            .Data = r->data,
            .PartitionKey = r->key[0] ? r->key : NULL, /* none was given */
            .EncryptionType = kinesis_encryption_name(stream),
        };
    }
    return list;
}

static struct kinesis_ShardIdList parents_of(struct arena *a, const struct kinesis_shard *shard)
{
    struct kinesis_ShardIdList list = {.items = ARENA_ARRAY(a, const char *, 2)};

    list.items[list.count++] = kinesis_shard_id(a, shard->parent);
    if (shard->adjacent_parent >= 0)
        list.items[list.count++] = kinesis_shard_id(a, shard->adjacent_parent);
    return list;
}

struct kinesis_ChildShardList kinesis_child_shards(struct arena *a, struct kinesis_stream *stream,
                                                   int32_t parent)
{
    struct kinesis_shard_list shards = kinesis_stream_shards(stream, a);
    struct kinesis_ChildShardList list = {.items = ARENA_ARRAY(a, struct kinesis_ChildShard, 2)};

    for (size_t i = (size_t)parent + 1; i < shards.count && list.count < 2; i++) {
        const struct kinesis_shard *child = shards.items[i];
        if (child->parent != parent && child->adjacent_parent != parent)
            continue;
        list.items[list.count++] = (struct kinesis_ChildShard){
            .ShardId = kinesis_shard_id(a, child->index),
            .ParentShards = parents_of(a, child),
            .HashKeyRange = kinesis_hash_key_range(a, &child->range),
        };
    }
    return list;
}

/* AWS: Thu Jan 22 01:22:02 UTC 2015 */
static const char *utc_text(struct arena *a, int64_t ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t s = (time_t)(ms / 1000);
    struct tm t;

    gmtime_r(&s, &t);
    return arena_printf(a, "%s %s %02d %02d:%02d:%02d UTC %d", days[t.tm_wday], months[t.tm_mon],
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, t.tm_year + 1900);
}

/* AWS: it may stand in quotes, as those do that were cut out of JSON. */
static const char *unquoted(struct arena *a, const char *text)
{
    size_t len = strlen(text);
    bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';

    return quoted ? arena_strndup(a, text + 1, len - 2) : text;
}

static int read_iterator(struct request *req, const struct kinesis_GetRecordsInput *in, int64_t now,
                         struct kinesis_iterator *it)
{
    const uint8_t *secret;

    if (kinesis_secret(kinesis_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    if (!kinesis_iterator_parse(unquoted(&req->arena, in->ShardIterator), secret, &req->arena, it))
        return aws_fail(req, &kinesis_InvalidArgumentException, "Invalid ShardIterator.");
    if (now - it->made_ms > KINESIS_ITERATOR_LIFE_MS)
        return aws_fail(req, &kinesis_ExpiredIteratorException,
                        "Iterator expired. The iterator was created at time %s while right now it "
                        "is %s which is further in the future than the tolerated delay of %d "
                        "milliseconds.",
                        utc_text(&req->arena, it->made_ms), utc_text(&req->arena, now),
                        KINESIS_ITERATOR_LIFE_MS);
    return 0;
}

/* The stream and the shard that the iterator was made for; one of the same name does not do. */
static int find_shard(struct request *req, const struct kinesis_GetRecordsInput *in,
                      const struct kinesis_iterator *it, struct kinesis_hold **out_hold,
                      const struct kinesis_shard **out_shard)
{
    struct kinesis_name name = {
        .scope = {.account = req->account, .region = req->region},
        .stream = it->stream,
    };
    struct kinesis_hold *hold;
    enum store_status rc;

    if ((in->StreamARN || in->StreamId) &&
        kinesis_named(req, it->stream, in->StreamARN, in->StreamId, &name))
        return -1;
    rc = kinesis_find(req, &name, &hold);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc == STORE_OK) {
        *out_hold = hold;
        *out_shard = kinesis_stream_shard(hold->stream, it->index);
        if (*out_shard && (*out_shard)->id == it->shard)
            return 0;
    }
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "Shard %s in stream %s under account %s does not exist",
                    kinesis_shard_id(&req->arena, it->index), name.stream, name.scope.account);
}

int kinesis_get_records(struct request *req, const struct kinesis_GetRecordsInput *in,
                        struct kinesis_GetRecordsOutput *out)
{
    struct kinesis *k = kinesis_of(req->app);
    int64_t now = clock_now_ms(&req->app->clock);
    struct kinesis_read_limits limits = {
        .records = (size_t)VALUE_OR(in->Limit, GET_RECORDS_MAX),
        .bytes = GET_BYTES_MAX,
    };
    const struct kinesis_shard *shard = NULL;
    struct kinesis_iterator it;
    struct kinesis_hold *hold = NULL;
    struct kinesis_batch batch;

    if (read_iterator(req, in, now, &it) || find_shard(req, in, &it, &hold, &shard) ||
        kinesis_check_dry(req, in->DryRun))
        return -1;
    if (!kinesis_throttle_get(hold, shard))
        return aws_fail(req, &kinesis_ProvisionedThroughputExceededException, "%s",
                        kinesis_rate_exceeded(&req->arena, hold, shard));
    limits.not_before = kinesis_not_before(hold->stream, now);
    if (kinesis_store_read(k->store, shard, it.next, &limits, &req->arena, &batch) != STORE_OK)
        return aws_fail_internal(req);
    out->Records = kinesis_records(&req->arena, hold->stream, shard, &batch);
    kinesis_throttle_got(hold, shard, &batch);
    out->MillisBehindLatest = SOME_LONG(kinesis_behind_ms(shard, &batch, now));
    it.next = batch.next;
    it.made_ms = now;
    if (kinesis_at_end(shard, batch.next))
        out->ChildShards = kinesis_child_shards(&req->arena, hold->stream, shard->index);
    else
        out->NextShardIterator = kinesis_iterator_format(&it, k->secret, &req->arena);
    return 0;
}
