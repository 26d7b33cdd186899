/* The operations, and what they share. */
#ifndef CADABRA_KINESIS_OPERATIONS_H
#define CADABRA_KINESIS_OPERATIONS_H

#include "handlers/kinesis/live.h"
#include "server/aws_error.h"
#include <kinesis.h> /* generated from the model */

/* Which stream a request speaks of. */
struct kinesis_name {
    struct scope scope;
    const char *stream;
};

/* From StreamName, StreamARN or both; StreamId is refused. 0 or a failed request. */
int kinesis_named(struct request *req, const char *name, const char *arn, const char *id,
                  struct kinesis_name *out);
/* The stream, held until the request ends. STORE_NOT_FOUND, too, for one of another region: an
 * endpoint knows the streams of its own. */
enum store_status kinesis_find(struct request *req, const struct kinesis_name *name,
                               struct kinesis_hold **out_hold);
/* The same: 0, or "Stream x under account y not found." */
int kinesis_use(struct request *req, const struct kinesis_name *name,
                struct kinesis_hold **out_hold);
/* The request means a stream of that name that was made at another time. */
bool kinesis_is_another(struct maybe_time created, const struct kinesis_stream *stream);
/* Both of the above. */
int kinesis_use_named(struct request *req, const char *name, const char *arn, const char *id,
                      struct kinesis_hold **out_hold);

/* What has tags and a policy: a stream, or a consumer, a queue or a channel of it. */
struct kinesis_target {
    struct kinesis_hold *hold;
    struct kinesis_resource resource;
};

/* By its ARN; the stream is held until the request ends. 0 or a failed request. */
int kinesis_use_target(struct request *req, const char *arn, const char *id,
                       struct kinesis_target *out);
/* The same for consumers alone. */
int kinesis_use_consumer(struct request *req, const char *arn, const char *id,
                         struct kinesis_hold **out_hold, struct kinesis_consumer *out);

/* -1 after saying that there is no such shard: AWS's words when it is not only looked for. */
int kinesis_fail_no_shard(struct request *req, const struct kinesis_hold *hold,
                          const char *shard_id);
/* -1 after saying that this is not for streams in on-demand mode. */
int kinesis_fail_on_demand(struct request *req, const struct kinesis_hold *hold);
/* -1 after saying that the request would succeed, where only that was asked; else 0. */
int kinesis_check_dry(struct request *req, struct maybe_bool dry);
/* -1 after saying that the stream is not found: it was deleted while the request held it. */
int kinesis_fail_gone(struct request *req, const struct kinesis_hold *hold);
/* Tags of a new stream as JSON; *out_json is left alone when there are none. */
int kinesis_new_tags(struct request *req, const char *stream, const struct kinesis_TagMap *tags,
                     const char **out_json);

/* --- lists, consumers --- */

/* The NextToken of a list by names, and the name that it stands for. `kind` as in page_token.h; a
 * token is good for five minutes. The latter: 0 or a failed request. */
const char *kinesis_token_make(struct request *req, const char *kind, const char *last);
int kinesis_token_read(struct request *req, const char *token, const char *kind,
                       const char **out_after);
/* The stream that a list is asked to keep to: *out_name. False: there is no such stream, and
 * nothing to list. */
bool kinesis_filter_stream(struct request *req, const char *arn, struct maybe_time created,
                           const char **out_name);
/* How many consumers and queues the stream may have. 0 or a failed request. */
int kinesis_consumer_limit(struct request *req, const struct kinesis_hold *hold, int64_t *out_max);
/* -1 after saying that it has as many. */
int kinesis_fail_consumers(struct request *req, const struct kinesis_hold *hold, int64_t max);

/* --- settings.c --- */

/* 0 or a failed request, as for all that follow. */
int kinesis_settings(struct request *req, const struct kinesis_hold *hold,
                     struct kinesis_settings *out);
/* Such a throughput may be asked for, for a stream in that mode. */
int kinesis_check_warm(struct request *req, const struct scope *scope, bool on_demand,
                       int32_t mibps);
struct kinesis_WarmThroughputObject *kinesis_warm(struct arena *a, int32_t mibps);
/* NULL: the default. *out_spread: the new stream's records go to shards by turns. */
int kinesis_read_distribution(struct request *req, const char *strategy, bool on_demand,
                              bool *out_spread);
/* NULL for a provisioned stream, which has none. */
const char *kinesis_distribution_name(const struct kinesis_stream *stream);
/* The shard-level metrics that are on. */
struct kinesis_MetricsNameList kinesis_metrics(struct arena *a, uint32_t bits);

enum { KINESIS_SHARD_LIMIT = 20000 }; /* AWS: the quota of the large regions */

/* That many more shards are allowed. 0, or a failed request. */
int kinesis_check_shard_limit(struct request *req, const struct scope *scope, size_t more);
/* The number in a shard's name. AWS takes 0, shard-0 and x-00000000000 alike. */
bool kinesis_shard_index(const char *shard_id, int32_t *out_index);
/* shardId-000000000000 */
const char *kinesis_shard_id(struct arena *a, int32_t index);
/* The sequence number of a record, as a text in the arena. */
const char *kinesis_sequence_text(struct arena *a, const struct kinesis_shard *shard,
                                  int64_t number, int64_t at_ms);
/* "KMS", or NULL for a stream that is not encrypted. */
const char *kinesis_encryption_name(const struct kinesis_stream *stream);
struct kinesis_HashKeyRange *kinesis_hash_key_range(struct arena *a,
                                                    const struct kinesis_hash_range *range);
/* What was read, as GetRecords and SubscribeToShard give it. */
struct kinesis_RecordList kinesis_records(struct arena *a, const struct kinesis_stream *stream,
                                          const struct kinesis_shard *shard,
                                          const struct kinesis_batch *batch);
/* The shards that took over from a closed one. */
struct kinesis_ChildShardList kinesis_child_shards(struct arena *a, struct kinesis_stream *stream,
                                                   int32_t parent);
/* As it is described. */
void kinesis_shard_describe(struct arena *a, const struct kinesis_shard *shard,
                            struct kinesis_Shard *out);
const char *kinesis_mode_name(enum kinesis_mode mode);
char *kinesis_stream_arn(struct request *req, const struct kinesis_hold *hold);
/* Where reading is to begin. */
struct kinesis_starting {
    const char *operation; /* for messages */
    const char *type;      /* a ShardIteratorType */
    const char *sequence_number;
    struct maybe_time timestamp;
};

/* The number of the first record to read. 0 or a failed request. */
int kinesis_starting_number(struct request *req, const struct kinesis_starting *start,
                            const struct kinesis_hold *hold, const struct kinesis_shard *shard,
                            int64_t *out_next);
/* Records that came earlier have left the stream. */
int64_t kinesis_not_before(const struct kinesis_stream *stream, int64_t now_ms);
/* The shard has closed and nothing that it took is left: it is not told of any more. */
bool kinesis_expired(const struct kinesis_shard *shard, int64_t not_before);
/* How far what was read is behind the newest record of the shard. */
int64_t kinesis_behind_ms(const struct kinesis_shard *shard, const struct kinesis_batch *batch,
                          int64_t now_ms);
/* The shard is closed and has no record from `next` on. */
bool kinesis_at_end(const struct kinesis_shard *shard, int64_t next);

#define KINESIS_OPERATION(name, function)                                                          \
    int function(struct request *req, const struct kinesis_##name##Input *in,                      \
                 struct kinesis_##name##Output *out)

KINESIS_OPERATION(AcknowledgeDeadLetterQueueRecords, kinesis_acknowledge_dead_letters);
KINESIS_OPERATION(AcknowledgeQueueRecords, kinesis_acknowledge_records);
KINESIS_OPERATION(AddTagsToStream, kinesis_add_tags_to_stream);
KINESIS_OPERATION(CreateChannel, kinesis_create_channel);
KINESIS_OPERATION(CreateQueue, kinesis_create_queue);
KINESIS_OPERATION(CreateStream, kinesis_create_stream);
KINESIS_OPERATION(DecreaseStreamRetentionPeriod, kinesis_decrease_retention);
KINESIS_OPERATION(DeleteChannel, kinesis_delete_channel);
KINESIS_OPERATION(DeleteQueue, kinesis_delete_queue);
KINESIS_OPERATION(DeleteResourcePolicy, kinesis_delete_resource_policy);
KINESIS_OPERATION(DeleteStream, kinesis_delete_stream);
KINESIS_OPERATION(DeregisterStreamConsumer, kinesis_deregister_stream_consumer);
KINESIS_OPERATION(DescribeAccountSettings, kinesis_describe_account_settings);
KINESIS_OPERATION(DescribeChannel, kinesis_describe_channel);
KINESIS_OPERATION(DescribeLimits, kinesis_describe_limits);
KINESIS_OPERATION(DescribeQueue, kinesis_describe_queue);
KINESIS_OPERATION(DescribeStream, kinesis_describe_stream);
KINESIS_OPERATION(DescribeStreamConsumer, kinesis_describe_stream_consumer);
KINESIS_OPERATION(DescribeStreamSummary, kinesis_describe_stream_summary);
KINESIS_OPERATION(GetRecords, kinesis_get_records);
KINESIS_OPERATION(GetResourcePolicy, kinesis_get_resource_policy);
KINESIS_OPERATION(GetShardIterator, kinesis_get_shard_iterator);
KINESIS_OPERATION(IncreaseStreamRetentionPeriod, kinesis_increase_retention);
KINESIS_OPERATION(ListChannels, kinesis_list_channels);
KINESIS_OPERATION(ListQueues, kinesis_list_queues);
KINESIS_OPERATION(ListShards, kinesis_list_shards);
KINESIS_OPERATION(ListStreamConsumers, kinesis_list_stream_consumers);
KINESIS_OPERATION(ListStreams, kinesis_list_streams);
KINESIS_OPERATION(ListTagsForResource, kinesis_list_tags_for_resource);
KINESIS_OPERATION(ListTagsForStream, kinesis_list_tags_for_stream);
KINESIS_OPERATION(MergeShards, kinesis_merge_shards);
KINESIS_OPERATION(PutRecord, kinesis_put_record);
KINESIS_OPERATION(PutRecords, kinesis_put_records);
KINESIS_OPERATION(PutResourcePolicy, kinesis_put_resource_policy);
KINESIS_OPERATION(ReceiveDeadLetterQueueRecords, kinesis_receive_dead_letters);
KINESIS_OPERATION(ReceiveQueueRecords, kinesis_receive_queue_records);
KINESIS_OPERATION(RegisterStreamConsumer, kinesis_register_stream_consumer);
KINESIS_OPERATION(RemoveTagsFromStream, kinesis_remove_tags_from_stream);
KINESIS_OPERATION(RestoreDeadLetterQueueRecords, kinesis_restore_dead_letters);
KINESIS_OPERATION(SplitShard, kinesis_split_shard);
KINESIS_OPERATION(StartStreamEncryption, kinesis_start_encryption);
KINESIS_OPERATION(StopStreamEncryption, kinesis_stop_encryption);
KINESIS_OPERATION(SubscribeToShard, kinesis_subscribe_to_shard);
KINESIS_OPERATION(TagResource, kinesis_tag_resource);
KINESIS_OPERATION(UntagResource, kinesis_untag_resource);
KINESIS_OPERATION(UpdateAccountSettings, kinesis_update_account_settings);
KINESIS_OPERATION(UpdateChannel, kinesis_update_channel);
KINESIS_OPERATION(UpdateDeadLetterQueueRecordsVisibility, kinesis_update_dead_letter_visibility);
KINESIS_OPERATION(UpdateMaxRecordSize, kinesis_update_max_record_size);
KINESIS_OPERATION(UpdateQueue, kinesis_update_queue);
KINESIS_OPERATION(UpdateQueueRecordsVisibility, kinesis_update_visibility);
KINESIS_OPERATION(UpdateShardCount, kinesis_update_shard_count);
KINESIS_OPERATION(UpdateStreamMode, kinesis_update_stream_mode);
KINESIS_OPERATION(UpdateStreamRecordDistributionStrategy, kinesis_update_distribution);
KINESIS_OPERATION(UpdateStreamWarmThroughput, kinesis_update_warm_throughput);
/* These two answer with the same structure. */
int kinesis_enable_monitoring(struct request *req,
                              const struct kinesis_EnableEnhancedMonitoringInput *in,
                              struct kinesis_EnhancedMonitoringOutput *out);
int kinesis_disable_monitoring(struct request *req,
                               const struct kinesis_DisableEnhancedMonitoringInput *in,
                               struct kinesis_EnhancedMonitoringOutput *out);

#endif
