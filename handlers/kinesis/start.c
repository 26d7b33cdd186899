/* Where reading begins: what GetShardIterator and SubscribeToShard ask for, as a place in a shard.
 */
#include "handlers/kinesis/operations.h"
#include "handlers/kinesis/sequence.h"

static int bad_combination(struct request *req, const struct kinesis_starting *start)
{
    return aws_fail(req, &kinesis_InvalidArgumentException,
                    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
                    "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no "
                    "StartingSequenceNumber. Request specified %s and %s StartingSequenceNumber.",
                    start->type, start->sequence_number ? "also a" : "no");
}

static int from_sequence(struct request *req, const struct kinesis_starting *start,
                         const struct kinesis_hold *hold, const struct kinesis_shard *shard,
                         int64_t *out_next)
{
    const char *text = start->sequence_number;
    const char *id = kinesis_shard_id(&req->arena, shard->index);
    struct kinesis_sequence seq;

    if (!kinesis_sequence_parse(text, &seq))
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "StartingSequenceNumber %s used in %s on shard %s in stream "
                        "%s under account %s is invalid.",
                        text, start->operation, id, hold->stream->name, hold->account);
    if (seq.shard != shard->index)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Invalid StartingSequenceNumber. It encodes %s, while it was used in a "
                        "call to a shard with %s",
                        kinesis_shard_id(&req->arena, (int32_t)seq.shard), id);
    if (seq.version != 2 || seq.shard_created_s != shard->created_ms / 1000) {
        if (seq.version == 0) /* AWS: so it does, for numbers of the old form */
            return aws_fail(req, &aws_InternalFailure, "%s", "");
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "StartingSequenceNumber %s used in %s on shard %s in stream "
                        "%s under account %s is invalid because it did not come from this stream.",
                        text, start->operation, id, hold->stream->name, hold->account);
    }
    *out_next = MIN(seq.number, INT64_MAX - 1);
    if (str_eq(start->type, "AFTER_SEQUENCE_NUMBER"))
        ++*out_next;
    return 0;
}

static int from_timestamp(struct request *req, struct maybe_time timestamp,
                          const struct kinesis_shard *shard, int64_t *out_next)
{
    int64_t now = clock_now_ms(&req->app->clock);

    if (!timestamp.set)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "Must specify timestampInMillis parameter for iterator of type "
                        "AT_TIMESTAMP. Current request has no timestamp parameter.");
    if (timestamp.ms > now)
        return aws_fail(req, &kinesis_InvalidArgumentException,
                        "The timestampInMillis parameter cannot be greater than the "
                        "currentTimestampInMillis. timestampInMillis: %" PRId64
                        ", currentTimestampInMillis: %" PRId64,
                        timestamp.ms, now);
    if (kinesis_store_number_at(kinesis_of(req->app)->store, shard, timestamp.ms, out_next) !=
        STORE_OK)
        return aws_fail_internal(req);
    return 0;
}

int kinesis_starting_number(struct request *req, const struct kinesis_starting *start,
                            const struct kinesis_hold *hold, const struct kinesis_shard *shard,
                            int64_t *out_next)
{
    bool at_number =
        str_eq(start->type, "AT_SEQUENCE_NUMBER") || str_eq(start->type, "AFTER_SEQUENCE_NUMBER");

    if (at_number != (start->sequence_number != NULL))
        return bad_combination(req, start);
    if (at_number)
        return from_sequence(req, start, hold, shard, out_next);
    if (str_eq(start->type, "AT_TIMESTAMP"))
        return from_timestamp(req, start->timestamp, shard, out_next);
    if (str_eq(start->type, "TRIM_HORIZON")) {
        *out_next = 0;
        return 0;
    }
    if (kinesis_store_latest(kinesis_of(req->app)->store, shard, out_next) != STORE_OK)
        return aws_fail_internal(req);
    return 0;
}
