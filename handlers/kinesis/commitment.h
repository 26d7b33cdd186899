/* The account's commitment to a minimum of throughput, as other operations need it. */
#ifndef CADABRA_KINESIS_COMMITMENT_H
#define CADABRA_KINESIS_COMMITMENT_H

#include "handlers/kinesis/live.h"
#include "server/net/request.h"

/* Whether the account is committed now. 0 or a failed request. */
int kinesis_committed(struct request *req, const struct scope *scope, bool *out_committed);

#endif
