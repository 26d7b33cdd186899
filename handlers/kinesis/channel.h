/* What the operations of channels, and their delivery, share. */
#ifndef CADABRA_KINESIS_CHANNEL_H
#define CADABRA_KINESIS_CHANNEL_H

#include "handlers/kinesis/operations.h"
#include "storage/kinesis_channel_store.h"

/* By its ARN; its stream is held until the request ends. 0 or a failed request. */
int kinesis_use_channel(struct request *req, const char *arn, struct kinesis_hold **out_hold,
                        struct kinesis_channel *out);

/* --- channel_settings.c --- */

/* What CreateChannel asks for, checked and with AWS's defaults, as a channel is described. 0 or a
 * failed request. */
int channel_read_destination(struct request *req, const struct kinesis_CreateChannelInput *in,
                             const struct kinesis_channel *channel,
                             struct kinesis_S3DestinationDescription *out);
/* What is wrong with the buckets, in the arena; NULL: nothing. */
const char *channel_bucket_problem(struct request *req,
                                   const struct kinesis_S3DestinationDescription *to);
int channel_check_freshness(struct request *req, int32_t seconds);
/* Which log is written, for a channel that has `before`. */
struct kinesis_ChannelLoggingConfiguration *
channel_logging(struct arena *a, const struct kinesis_channel *channel,
                const struct kinesis_CloudWatchLogs *before,
                const struct kinesis_CloudWatchLogs *change);

/* Of a channel that is stored; NULL when it is not what was written. */
struct kinesis_S3DestinationDescription *channel_destination(const struct kinesis_channel *channel,
                                                             struct arena *a);
struct kinesis_ChannelLoggingConfiguration *
channel_stored_logging(const struct kinesis_channel *channel, struct arena *a);
char *channel_destination_json(struct arena *a, const struct kinesis_S3DestinationDescription *to);
char *channel_logging_json(struct arena *a,
                           const struct kinesis_ChannelLoggingConfiguration *logging);
/* The name in a bucket's ARN, which the model has checked. */
const char *channel_bucket(const char *arn);

#endif
