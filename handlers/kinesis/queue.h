/* What the operations of queues share. */
#ifndef CADABRA_KINESIS_QUEUE_H
#define CADABRA_KINESIS_QUEUE_H

#include "handlers/kinesis/operations.h"
#include "storage/kinesis_queue_store.h"

/* By its ARN; its stream is held until the request ends. 0 or a failed request. */
int kinesis_use_queue(struct request *req, const char *arn, struct kinesis_hold **out_hold,
                      struct kinesis_queue *out);
/* -1 after saying that there is no such queue. */
int kinesis_fail_no_queue(struct request *req, const char *arn);
/* -1 after saying that this cannot be done to a stream that has queues, or channels. */
int kinesis_fail_in_use(struct request *req, const struct kinesis_hold *hold);

#endif
