/* The operations, and what they share. */
#ifndef CADABRA_FIREHOSE_OPERATIONS_H
#define CADABRA_FIREHOSE_OPERATIONS_H

#include <firehose.h> /* generated from the model */

#include "handlers/firehose/state.h"
#include "server/aws_error.h"
#include "server/service.h"

#define FIREHOSE_DIRECT_PUT "DirectPut"
#define FIREHOSE_FROM_KINESIS "KinesisStreamAsSource"

/* The stream of that name; 0, or "Firehose x under account y not found." */
int firehose_find(struct request *req, const char *name, struct firehose_stream *out);
/* -1 after saying that. */
int firehose_fail_missing(struct request *req, const char *name);
const char *firehose_arn(struct arena *a, const struct firehose_stream *stream);

/* Tags as JSON, checked; *out_json is left alone when there are none. */
int firehose_new_tags(struct request *req,
                      const struct firehose_TagDeliveryStreamInputTagList *tags,
                      const char **out_json);
/* What encryption a stream gets; checked. NULL in *out_json when `in` is NULL. */
int firehose_new_encryption(struct request *req,
                            const struct firehose_DeliveryStreamEncryptionConfigurationInput *in,
                            const char **out_json);

#define FIREHOSE_OPERATION(name, function)                                                         \
    int function(struct request *req, const struct firehose_##name##Input *in,                     \
                 struct firehose_##name##Output *out)

FIREHOSE_OPERATION(CreateDeliveryStream, firehose_create);
FIREHOSE_OPERATION(DeleteDeliveryStream, firehose_delete);
FIREHOSE_OPERATION(DescribeDeliveryStream, firehose_describe);
FIREHOSE_OPERATION(ListDeliveryStreams, firehose_list);
FIREHOSE_OPERATION(ListTagsForDeliveryStream, firehose_list_tags);
FIREHOSE_OPERATION(PutRecord, firehose_put_record);
FIREHOSE_OPERATION(PutRecordBatch, firehose_put_record_batch);
FIREHOSE_OPERATION(StartDeliveryStreamEncryption, firehose_start_encryption);
FIREHOSE_OPERATION(StopDeliveryStreamEncryption, firehose_stop_encryption);
FIREHOSE_OPERATION(TagDeliveryStream, firehose_tag);
FIREHOSE_OPERATION(UntagDeliveryStream, firehose_untag);
FIREHOSE_OPERATION(UpdateDestination, firehose_update_destination);

#endif
