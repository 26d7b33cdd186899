/* PutRecord, PutRecords, GetRecords. */
#include "handlers/common/arn.h"
#include "handlers/kinesis/hash.h"
#include "handlers/kinesis/iterator.h"
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"

#include <time.h>

enum {
    GET_RECORDS_MAX = 10000,
    GET_BYTES_MAX = 10 * 1024 * 1024,
    PUT_BYTES_MAX = 5 * 1024 * 1024,
    PUT_BYTES_MAX_LARGE = 10 * 1024 * 1024, /* for streams that take records of more than 1 MiB */
    LARGE_RECORD = 1024 * 1024,
};

/* --- putting --- */

/* `where` names the record in messages: "data", "records.1.member.data". */
static int check_size(struct request *req, const struct kinesis_stream *stream, const char *where,
                      struct bytes data, const char *key)
{
    size_t max = (size_t)stream->record_max;

    if (data.len > max)
        return aws_fail(req, &kinesis_ValidationException,
                        "1 validation error detected: Value "
                        "'java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]' at '%s' failed to "
                        "satisfy constraint: Member must have length less than or equal to %zu",
                        data.len, data.len, where, max);
    if (data.len + strlen(key) > max)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Size of data and partition key (%zu bytes) exceeds the record size limit "
                        "of %zu bytes.",
                        data.len + strlen(key), max);
    return 0;
}

static int route(struct request *req, const struct kinesis_stream *stream, const char *key,
                 const char *explicit_hash, struct kinesis_shard **out_shard)
{
    uint8_t hash[KINESIS_HASH_LEN];

    if (!explicit_hash)
        kinesis_hash_of_key(key, hash);
    else if (!kinesis_hash_parse(explicit_hash, hash))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, "
                        "2^128-1]. Specified value was %s",
                        explicit_hash);
    *out_shard = kinesis_hash_route(stream, hash);
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

    if (rc == STORE_OK) {
        waitq_wake(hold->arrivals);
        return 0;
    }
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &kinesis_ResourceNotFoundException,
                        "Stream %s under account %s not found.", hold->stream->name, hold->account);
    return aws_fail_internal(req);
}

static const char *sequence_of(struct arena *a, const struct kinesis_shard *shard, int64_t number,
                               int64_t at_ms)
{
    char *text = arena_alloc(a, KINESIS_SEQUENCE_MAX);

    kinesis_sequence_of(shard, number, at_ms, text);
    return text;
}

int kinesis_put_record(struct request *req, const struct kinesis_PutRecordInput *in,
                       struct kinesis_PutRecordOutput *out)
{
    struct kinesis_append item = {.key = in->PartitionKey, .data = in->Data};
    struct kinesis_hold *hold;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        check_size(req, hold->stream, "data", in->Data, in->PartitionKey) ||
        route(req, hold->stream, in->PartitionKey, in->ExplicitHashKey, &item.shard) ||
        check_ordering(req, in->SequenceNumberForOrdering, hold, item.shard) ||
        append(req, hold, &item, 1))
        return -1;
    out->ShardId = kinesis_shard_id(&req->arena, item.shard->index);
    out->SequenceNumber = sequence_of(&req->arena, item.shard, item.number, item.at_ms);
    return 0;
}

static int prepare(struct request *req, const struct kinesis_stream *stream,
                   const struct kinesis_PutRecordsRequestEntryList *records,
                   struct kinesis_append *items)
{
    size_t max = stream->record_max > LARGE_RECORD ? PUT_BYTES_MAX_LARGE : PUT_BYTES_MAX;
    size_t bytes = 0;

    for (size_t i = 0; i < records->count; i++) {
        const struct kinesis_PutRecordsRequestEntry *r = &records->items[i];
        char where[48];
        snprintf(where, sizeof(where), "records.%zu.member.data", i + 1);
        if (check_size(req, stream, where, r->Data, r->PartitionKey) ||
            route(req, stream, r->PartitionKey, r->ExplicitHashKey, &items[i].shard))
            return -1;
        items[i].key = r->PartitionKey;
        items[i].data = r->Data;
        bytes += r->Data.len + strlen(r->PartitionKey);
    }
    if (bytes > max)
        return aws_fail(req, &kinesis_InvalidArgumentException, "Records size exceeds %zu MB limit",
                        max >> 20);
    return 0;
}

int kinesis_put_records(struct request *req, const struct kinesis_PutRecordsInput *in,
                        struct kinesis_PutRecordsOutput *out)
{
    size_t count = in->Records.count;
    struct kinesis_append *items = ARENA_ARRAY(&req->arena, struct kinesis_append, count);
    struct kinesis_hold *hold;

    if (kinesis_use_named(req, in->StreamName, in->StreamARN, in->StreamId, &hold) ||
        prepare(req, hold->stream, &in->Records, items) || append(req, hold, items, count))
        return -1;
    out->FailedRecordCount = SOME_INT(0);
    out->Records.items = ARENA_ARRAY(&req->arena, struct kinesis_PutRecordsResultEntry, count);
    out->Records.count = count;
    for (size_t i = 0; i < count; i++) {
        struct kinesis_PutRecordsResultEntry *r = &out->Records.items[i];
        r->ShardId = kinesis_shard_id(&req->arena, items[i].shard->index);
        r->SequenceNumber =
            sequence_of(&req->arena, items[i].shard, items[i].number, items[i].at_ms);
    }
    return 0;
}

/* --- getting --- */

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

static int read_iterator(struct request *req, const struct kinesis_GetRecordsInput *in, int64_t now,
                         struct kinesis_iterator *it)
{
    const uint8_t *secret;

    if (kinesis_secret(kinesis_of(req->app), &secret) != STORE_OK)
        return aws_fail_internal(req);
    if (!kinesis_iterator_parse(in->ShardIterator, secret, &req->arena, it))
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
    rc = kinesis_hold(kinesis_of(req->app), &name.scope, name.stream, &hold);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc == STORE_OK) {
        arena_defer(&req->arena, kinesis_release_later, hold);
        if (it->index < (int64_t)hold->stream->shard_count &&
            hold->stream->shards[it->index].id == it->shard) {
            *out_hold = hold;
            *out_shard = &hold->stream->shards[it->index];
            return 0;
        }
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

    if (read_iterator(req, in, now, &it) || find_shard(req, in, &it, &hold, &shard))
        return -1;
    limits.not_before = kinesis_not_before(hold->stream, now);
    if (kinesis_store_read(k->store, shard, it.next, &limits, &req->arena, &batch) != STORE_OK)
        return aws_fail_internal(req);
    out->Records.items = ARENA_ARRAY(&req->arena, struct kinesis_Record, batch.count);
    out->Records.count = batch.count;
    for (size_t i = 0; i < batch.count; i++) {
        const struct kinesis_record *r = &batch.records[i];
        out->Records.items[i] = (struct kinesis_Record){
            .SequenceNumber = sequence_of(&req->arena, shard, r->number, r->at_ms),
            .ApproximateArrivalTimestamp = SOME_TIME(r->at_ms),
            .Data = r->data,
            .PartitionKey = r->key,
        };
    }
    out->MillisBehindLatest = SOME_LONG(kinesis_behind_ms(shard, &batch, now));
    it.next = batch.next;
    it.made_ms = now;
    if (!kinesis_at_end(shard, batch.next))
        out->NextShardIterator = kinesis_iterator_format(&it, k->secret, &req->arena);
    return 0;
}
