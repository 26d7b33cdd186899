/* Resharding as a part of other operations. */
#ifndef CADABRA_KINESIS_RESHARD_H
#define CADABRA_KINESIS_RESHARD_H

#include "handlers/kinesis/live.h"
#include "server/net/request.h"

/* Gives the stream that many open shards of equal size. The caller holds `control`. 0, or a failed
 * request. */
int kinesis_reshard_uniform(struct request *req, struct kinesis_hold *hold, size_t target);

#endif
