/* PutRecord, PutRecords. */
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"
#include "handlers/kinesis/throttle.h"

enum {
    PUT_BYTES_MAX = 5 * 1024 * 1024,
    PUT_BYTES_MAX_LARGE = 10 * 1024 * 1024, /* for streams that take records of more than 1 MiB */
    LARGE_RECORD = 1024 * 1024,
};

/* `number` counts the records of PutRecords from 1; 0: the only one of PutRecord. */
static int check_data(struct request *req, const struct kinesis_stream *stream, size_t number,
                      struct bytes data)
{
    size_t max = (size_t)stream->record_max;

    if (data.len <= max)
        return 0;
    return aws_fail(req, &kinesis_ValidationException,
                    "1 validation error detected: Value "
                    "'java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]' at '%s' failed to "
                    "satisfy constraint: Member must have length less than or equal to %zu",
                    data.len, data.len,
                    number ? arena_printf(&req->arena, "records.%zu.member.data", number) : "data",
                    max);
}

/* `size` is that of the data and the partition key. */
static int check_size(struct request *req, const struct kinesis_stream *stream, size_t size)
{
    if (size <= (size_t)stream->record_max)
        return 0;
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Size of data and partition key (%zu bytes) exceeds the record size limit "
                    "of %d bytes.",
                    size, stream->record_max);
}

/* Where only the key says which shard a record goes to, it has to be there. */
static int check_key(struct request *req, bool spread, size_t number, const char *key)
{
    if (key || spread)
        return 0;
    return aws_fail(req, &kinesis_ValidationException,
                    "1 validation error detected: Value null at '%s' failed to satisfy constraint: "
                    "Member must not be null",
                    number ? arena_printf(&req->arena, "records.%zu.member.partitionKey", number)
                           : "partitionKey");
}

/* AWS: of a stream that spreads its records, keys and hash keys are ignored. The caller holds the
 * shape. */
static int route(struct request *req, struct kinesis_stream *stream, bool spread, const char *key,
                 const char *explicit_hash, struct kinesis_shard **out_shard)
{
    uint8_t hash[KINESIS_HASH_LEN];

    if (spread) {
        *out_shard = kinesis_stream_next_shard(stream);
        return 0;
    }
    if (explicit_hash && !kinesis_hash_parse(explicit_hash, hash))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, "
                        "2^128-1]. Specified value was %s",
                        explicit_hash);
    *out_shard =
        explicit_hash ? kinesis_hash_route(stream, hash) : kinesis_hash_route_key(stream, key);
    /* The open shards of a stream cover all hash keys. */
    return *out_shard ? 0 : aws_fail_internal(req);
}

/* What comes after it does so by itself, if it is a number that we gave. */
static int check_ordering(struct request *req, const char *text, const struct kinesis_hold *hold,
                          const struct kinesis_shard *shard)
{
    struct kinesis_sequence seq;
    bool ours;

    if (!text)
        return 0;
    ours = kinesis_sequence_parse(text, &seq) && seq.at_s <= clock_now_ms(&req->app->clock) / 1000;
    if (ours && seq.version == 2 && seq.shard == shard->index &&
        seq.shard_created_s == shard->created_ms / 1000)
        ours = seq.number < shard->next;
    if (ours)
        return 0;
    return aws_fail(
        req, &kinesis_InvalidArgumentException,
        "ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account "
        "%s is invalid.",
        text, hold->stream->name, hold->account);
}

static int append(struct request *req, struct kinesis_hold *hold, struct kinesis_append *items,
                  size_t count)
{
    enum store_status rc = kinesis_store_append(kinesis_of(req->app)->store, hold->stream, items,
                                                count, clock_now_ms(&req->app->clock));

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

/* One that has no key is stored with an empty one. */
static const char *key_or_none(const char *key)
{
    return key ? key : "";
}

static size_t size_of(const struct kinesis_append *item)
{
    return item->data.len + strlen(item->key);
}

/* --- PutRecord --- */

/* The caller holds the stream's shape. */
static int put_one(struct request *req, const struct kinesis_PutRecordInput *in, bool spread,
                   struct kinesis_hold *hold, struct kinesis_append *item)
{
    if (route(req, hold->stream, spread, item->key, in->ExplicitHashKey, &item->shard) ||
        check_ordering(req, in->SequenceNumberForOrdering, hold, item->shard) ||
        kinesis_check_dry(req, in->DryRun))
        return -1;
    if (!kinesis_throttle_put(hold, item->shard, size_of(item)))
        return aws_fail(req, &kinesis_ProvisionedThroughputExceededException, "%s",
                        kinesis_rate_exceeded(&req->arena, hold, item->shard));
    return append(req, hold, item, 1);
}

int kinesis_put_record(struct request *req, const struct kinesis_PutRecordInput *in,
                       struct kinesis_PutRecordOutput *out)
{
    struct kinesis_append item = {.key = key_or_none(in->PartitionKey), .data = in->Data};
    struct kinesis_hold *hold;
    bool spread;
    int rc;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    spread = hold->stream->spread;
    if (check_key(req, spread, 0, in->PartitionKey) || check_data(req, hold->stream, 0, in->Data) ||
        check_size(req, hold->stream, size_of(&item)))
        return -1;
    if (spread && in->SequenceNumberForOrdering)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "SequenceNumberForOrdering is not supported for streams that use the AUTO "
                        "record distribution strategy.");
    kinesis_shape_hold(hold->stream);
    rc = put_one(req, in, spread, hold, &item);
    kinesis_shape_release(hold->stream);
    if (rc)
        return rc;
    waitq_wake(hold->arrivals);
    out->ShardId = kinesis_shard_id(&req->arena, item.shard->index);
    out->SequenceNumber = kinesis_sequence_text(&req->arena, item.shard, item.number, item.at_ms);
    out->EncryptionType = kinesis_encryption_name(hold->stream);
    return 0;
}

/* --- PutRecords --- */

/* Everything that can refuse the request as a whole. */
static int check_records(struct request *req, const struct kinesis_stream *stream, bool spread,
                         const struct kinesis_PutRecordsRequestEntryList *records)
{
    size_t max = stream->record_max > LARGE_RECORD ? PUT_BYTES_MAX_LARGE : PUT_BYTES_MAX;
    size_t largest = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < records->count; i++) {
        const struct kinesis_PutRecordsRequestEntry *r = &records->items[i];
        size_t size = r->Data.len + strlen(key_or_none(r->PartitionKey));

        if (check_key(req, spread, i + 1, r->PartitionKey) ||
            check_data(req, stream, i + 1, r->Data))
            return -1;
        largest = MAX(largest, size);
        bytes += size;
    }
    if (bytes > max)
        return aws_fail(req, &kinesis_InvalidArgumentException, "Records size exceeds %zu MB limit",
                        max >> 20);
    return check_size(req, stream, largest);
}

/* The records of a request as they are put; those that their shard has no room for now stay out. */
struct put_batch {
    bool spread;
    struct kinesis_append *items;
    size_t count;
    size_t *places; /* items[i] is the record places[i] of the request */
};

/* The caller holds the stream's shape. */
static int put_many(struct request *req, const struct kinesis_PutRecordsInput *in,
                    struct kinesis_hold *hold, struct put_batch *batch,
                    struct kinesis_PutRecordsResultEntry *results)
{
    bool dry = VALUE_OR(in->DryRun, false);

    for (size_t i = 0; i < in->Records.count; i++) {
        const struct kinesis_PutRecordsRequestEntry *r = &in->Records.items[i];
        struct kinesis_append *item = &batch->items[batch->count];
        *item = (struct kinesis_append){.key = key_or_none(r->PartitionKey), .data = r->Data};
        if (route(req, hold->stream, batch->spread, item->key, r->ExplicitHashKey, &item->shard))
            return -1;
        if (dry || kinesis_throttle_put(hold, item->shard, size_of(item))) {
            batch->places[batch->count++] = i;
            continue;
        }
        results[i].ErrorCode = "ProvisionedThroughputExceededException";
        results[i].ErrorMessage = kinesis_rate_exceeded(&req->arena, hold, item->shard);
    }
    if (kinesis_check_dry(req, in->DryRun))
        return -1;
    return batch->count ? append(req, hold, batch->items, batch->count) : 0;
}

int kinesis_put_records(struct request *req, const struct kinesis_PutRecordsInput *in,
                        struct kinesis_PutRecordsOutput *out)
{
    size_t count = in->Records.count;
    struct put_batch batch = {.items = ARENA_ARRAY(&req->arena, struct kinesis_append, count),
                              .places = ARENA_ARRAY(&req->arena, size_t, count)};
    struct kinesis_hold *hold;
    int rc;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold))
        return -1;
    batch.spread = hold->stream->spread;
    if (check_records(req, hold->stream, batch.spread, &in->Records))
        return -1;
    out->Records.items = ARENA_ARRAY(&req->arena, struct kinesis_PutRecordsResultEntry, count);
    out->Records.count = count;
    kinesis_shape_hold(hold->stream);
    rc = put_many(req, in, hold, &batch, out->Records.items);
    kinesis_shape_release(hold->stream);
    if (rc)
        return rc;
    if (batch.count)
        waitq_wake(hold->arrivals);
    for (size_t i = 0; i < batch.count; i++) {
        const struct kinesis_append *item = &batch.items[i];
        struct kinesis_PutRecordsResultEntry *r = &out->Records.items[batch.places[i]];
        r->ShardId = kinesis_shard_id(&req->arena, item->shard->index);
        r->SequenceNumber =
            kinesis_sequence_text(&req->arena, item->shard, item->number, item->at_ms);
    }
    out->FailedRecordCount = SOME_INT((int32_t)(count - batch.count));
    out->EncryptionType = kinesis_encryption_name(hold->stream);
    return 0;
}
